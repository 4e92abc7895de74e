package mysql

import (
	"strings"

	"github.com/sqlc-dev/marino/ast"
	"github.com/sqlc-dev/marino/format"
	"github.com/sqlc-dev/marino/types"
)

// callExpr prints calls of functions and what looks like them.
func (p *printer) callExpr(n ast.ExprNode) {
	switch n := n.(type) {
	case *ast.FuncCallExpr:
		p.call(n)
	case *ast.AggregateFuncExpr:
		p.aggregate(n)
	case *ast.WindowFuncExpr:
		p.windowCall(n)
	case *ast.FuncCastExpr:
		p.cast(n)
	case *ast.JSONValueExpr:
		p.write("JSON_VALUE(")
		p.expr(n.Doc)
		p.write(", ")
		p.expr(n.Path)
		if n.Returning != nil {
			p.write(" RETURNING ")
			p.castType(n.Returning, true)
		}
		p.onResponse(n.OnEmpty, " ON EMPTY")
		p.onResponse(n.OnError, " ON ERROR")
		p.write(")")
	case *ast.TimeUnitExpr:
		p.unit(n.Unit)
	case *ast.GetFormatSelectorExpr:
		p.write(n.Selector.String())
	case *ast.TrimDirectionExpr:
		p.write(n.Direction.String())
	case *ast.ValuesExpr:
		p.refuseWord("VALUES", "VALUES(column) only means something in an INSERT")
	case *ast.TableNameExpr:
		p.refuse(0, "A table cannot stand here")
	default:
		p.unknown(n)
	}
}

func (p *printer) unit(u ast.TimeUnitType) {
	if u.String() == "" {
		p.refuse(0, "The unit of an interval is not known")
	}
	p.write(u.String())
}

// call prints a function call; the parser has spellings of its own for some.
func (p *printer) call(n *ast.FuncCallExpr) {
	name := n.FnName.L
	switch name {
	case ast.DateLiteral, ast.TimeLiteral, ast.TimestampLiteral:
		p.write(map[string]string{ast.DateLiteral: "DATE ", ast.TimeLiteral: "TIME ", ast.TimestampLiteral: "TIMESTAMP "}[name])
		p.arguments(n, 1)
		return
	case ast.JSONMemberOf:
		if len(n.Args) == 2 {
			p.expr(n.Args[0])
			p.write(" MEMBER OF ")
			p.list("(", n.Args[1:])
			return
		}
	case ast.InsertFunc:
		name = "insert"
	case ast.CharFunc:
		p.charCall(n)
		return
	}
	if !p.callee(n.Schema.O, name, n.FnName.O, len(n.Args)) {
		return
	}
	switch name {
	case "convert":
		charset, ok := stringValue(n, 1)
		if !ok || len(n.Args) != 2 {
			p.unknown(n)
			return
		}
		p.expr(n.Args[0])
		p.write(" USING ")
		p.plain(charset)
	case "adddate", "subdate", "date_add", "date_sub":
		if len(n.Args) != 3 {
			p.unknown(n)
			return
		}
		p.expr(n.Args[0])
		p.write(", INTERVAL ")
		p.expr(n.Args[1])
		p.write(" ")
		p.expr(n.Args[2])
	case "extract":
		p.between(n, " FROM ")
	case "position":
		p.between(n, " IN ")
	case "trim":
		p.trim(n)
	case "weight_string":
		p.weightString(n)
	default:
		p.list("", n.Args)
		return
	}
	p.write(")")
}

func (p *printer) arguments(n *ast.FuncCallExpr, count int) {
	if len(n.Args) != count {
		p.unknown(n)
		return
	}
	for _, a := range n.Args {
		p.expr(a)
	}
}

func (p *printer) between(n *ast.FuncCallExpr, word string) {
	if len(n.Args) != 2 {
		p.unknown(n)
		return
	}
	p.expr(n.Args[0])
	p.write(word)
	p.expr(n.Args[1])
}

// callee checks that a function may be called and prints its name with the opening parenthesis.
func (p *printer) callee(schema, name, written string, args int) bool {
	full := name
	if schema != "" {
		full = strings.ToLower(schema) + "." + name
	}
	switch {
	case schema == "" && p.routines[name]:
		p.refuse(p.src.findCall(written), "The function %s is the database's own, and could be called in place of the server's", full)
		return false
	case p.rules != nil && (p.functions[full] || name == "found_rows" || name == "row_count"):
		p.refuse(p.src.findCall(written), "The function %s is not open where rules limit what is seen: it could tell about hidden rows", full)
		return false
	case schema == "" && safeFunctions[name]:
		p.write(strings.ToUpper(name), "(")
		return true
	case schema == "" && safeWithoutArguments[name] && args == 0:
		p.write(strings.ToUpper(name), "(")
		return true
	case schema == "" && p.functions[name]:
		p.name(written)
	case schema != "" && p.functions[full]:
		p.name(schema)
		p.write(".")
		p.name(written)
	default:
		p.refuse(p.src.findCall(written), "The function %s is not on the list of functions that only read", full)
		return false
	}
	p.write("(")
	return true
}

func stringValue(n *ast.FuncCallExpr, i int) (string, bool) {
	if i >= len(n.Args) {
		return "", false
	}
	v, ok := n.Args[i].(*ast.ValueExprBase)
	if !ok || v.Kind() != ast.KindString {
		return "", false
	}
	return v.GetString(), true
}

func (p *printer) charCall(n *ast.FuncCallExpr) {
	last := len(n.Args) - 1
	if last < 1 {
		p.unknown(n)
		return
	}
	p.write("CHAR(")
	for i, a := range n.Args[:last] {
		p.comma(i)
		p.expr(a)
	}
	if charset, ok := stringValue(n, last); ok {
		p.write(" USING ")
		p.plain(charset)
	}
	p.write(")")
}

func (p *printer) trim(n *ast.FuncCallExpr) {
	switch len(n.Args) {
	case 1:
		p.expr(n.Args[0])
		return
	case 2:
	case 3:
		p.expr(n.Args[2])
		p.write(" ")
	default:
		p.unknown(n)
		return
	}
	if v, ok := n.Args[1].(*ast.ValueExprBase); !ok || v.Kind() != ast.KindNull {
		p.expr(n.Args[1])
		p.write(" ")
	}
	p.write("FROM ")
	p.expr(n.Args[0])
}

func (p *printer) weightString(n *ast.FuncCallExpr) {
	switch len(n.Args) {
	case 1:
		p.expr(n.Args[0])
	case 3:
		as, ok := stringValue(n, 1)
		if !ok || as != "CHAR" && as != "BINARY" {
			p.unknown(n)
			return
		}
		p.expr(n.Args[0])
		p.write(" AS ", as, "(")
		p.expr(n.Args[2])
		p.write(")")
	default:
		p.unknown(n)
	}
}

func (p *printer) aggregate(n *ast.AggregateFuncExpr) {
	name := strings.ToLower(n.F)
	if !safeAggregates[name] || p.routines[name] {
		p.refuse(p.src.findCall(n.F), "The function %s is not on the list of functions that only read", name)
		return
	}
	p.write(strings.ToUpper(name), "(", either(n.Distinct, "DISTINCT ", ""))
	args := n.Args
	if name == "group_concat" {
		p.groupConcat(n)
		return
	}
	if n.Order != nil {
		p.unknown(n)
		return
	}
	if countsRows(name, n.Distinct, args) {
		p.write("*)")
		return
	}
	p.list("", args)
}

// countsRows recognises COUNT(*), which the parser holds as COUNT(1).
func countsRows(name string, distinct bool, args []ast.ExprNode) bool {
	if name != "count" || distinct || len(args) != 1 {
		return false
	}
	v, ok := args[0].(*ast.ValueExprBase)
	return ok && v.Kind() == ast.KindInt64 && v.GetInt64() == 1
}

func (p *printer) groupConcat(n *ast.AggregateFuncExpr) {
	last := len(n.Args) - 1
	if last < 1 {
		p.unknown(n)
		return
	}
	for i, a := range n.Args[:last] {
		p.comma(i)
		p.expr(a)
	}
	if n.Order != nil {
		p.write(" ORDER BY ")
		p.byItems(n.Order.Items)
	}
	separator, ok := n.Args[last].(*ast.ValueExprBase)
	if !ok {
		p.unknown(n)
		return
	}
	text, limit := p.src.limitOf(separator.GetString())
	p.write(" SEPARATOR ")
	p.text(text)
	if limit != "" {
		p.write(" LIMIT ", limit)
	}
	p.write(")")
}

func (p *printer) windowCall(n *ast.WindowFuncExpr) {
	name, args := strings.ToLower(n.Name), n.Args
	if len(args) > 0 {
		if v, ok := args[len(args)-1].(*ast.ValueExprBase); ok && v.Kind() == ast.KindString {
			if real, ok := p.src.ordered(v.GetString()); ok {
				p.orderedWindowCall(n, real)
				return
			}
		}
	}
	if !safeWindowFunctions[name] && !safeAggregates[name] {
		p.refuse(p.src.findCall(n.Name), "The function %s is not on the list of functions that only read", name)
		return
	}
	p.write(strings.ToUpper(name), "(", either(n.Distinct, "DISTINCT ", ""))
	if countsRows(name, n.Distinct, args) {
		p.write("*)")
	} else {
		p.list("", args)
	}
	p.write(either(n.FromLast, " FROM LAST", ""), either(n.IgnoreNull, " IGNORE NULLS", ""), " OVER ")
	p.window(&n.Spec)
}

// orderedWindowCall prints MEDIAN and the percentiles of MariaDB, which the
// parser reads in another spelling.
func (p *printer) orderedWindowCall(n *ast.WindowFuncExpr, name string) {
	if len(n.Args) != 3 || n.Spec.Frame != nil || n.Spec.OnlyAlias {
		p.unknown(n)
		return
	}
	p.write(name, "(")
	p.expr(n.Args[0])
	p.write(")")
	if name == "MEDIAN" {
		if n.Spec.OrderBy != nil {
			p.unknown(n)
		}
	} else {
		if n.Spec.OrderBy == nil {
			p.unknown(n)
			return
		}
		p.write(" WITHIN GROUP (ORDER BY ")
		p.byItems(n.Spec.OrderBy.Items)
		p.write(")")
	}
	p.write(" OVER (")
	if n.Spec.PartitionBy != nil {
		p.write("PARTITION BY ")
		p.byItems(n.Spec.PartitionBy.Items)
	}
	p.write(")")
}

func (p *printer) window(n *ast.WindowSpec) {
	if n.Name.O != "" {
		p.name(n.Name.O)
		if n.OnlyAlias {
			return
		}
		p.write(" AS ")
	}
	p.write("(")
	gap := ""
	if n.Ref.O != "" {
		p.name(n.Ref.O)
		gap = " "
	}
	if n.PartitionBy != nil {
		p.write(gap, "PARTITION BY ")
		p.byItems(n.PartitionBy.Items)
		gap = " "
	}
	if n.OrderBy != nil {
		p.write(gap, "ORDER BY ")
		p.byItems(n.OrderBy.Items)
		gap = " "
	}
	if f := n.Frame; f != nil {
		switch f.Type {
		case ast.Rows:
			p.write(gap, "ROWS BETWEEN ")
		case ast.Ranges:
			p.write(gap, "RANGE BETWEEN ")
		default:
			p.refuseWord("GROUPS", "Frames of GROUPS are not known to MySQL and MariaDB")
		}
		p.bound(&f.Extent.Start)
		p.write(" AND ")
		p.bound(&f.Extent.End)
	}
	p.write(")")
}

func (p *printer) bound(n *ast.FrameBound) {
	if n.Type == ast.CurrentRow {
		p.write("CURRENT ROW")
		return
	}
	switch {
	case n.UnBounded:
		p.write("UNBOUNDED")
	case n.Unit != ast.TimeUnitInvalid:
		p.write("INTERVAL ")
		p.expr(n.Expr)
		p.write(" ")
		p.unit(n.Unit)
	default:
		p.expr(n.Expr)
	}
	switch n.Type {
	case ast.Preceding:
		p.write(" PRECEDING")
	case ast.Following:
		p.write(" FOLLOWING")
	default:
		p.unknown(n)
	}
}

func (p *printer) cast(n *ast.FuncCastExpr) {
	if n.AtTimeZone != "" {
		p.refuseWord("ZONE", "AT TIME ZONE in CAST is not allowed here: CONVERT_TZ does the same")
		return
	}
	switch n.FunctionType {
	case ast.CastFunction:
		p.write("CAST(")
		p.expr(n.Expr)
		p.write(" AS ")
		p.castType(n.Tp, n.ExplicitCharSet)
		p.write(")")
	case ast.CastConvertFunction:
		p.write("CONVERT(")
		p.expr(n.Expr)
		p.write(", ")
		p.castType(n.Tp, n.ExplicitCharSet)
		p.write(")")
	case ast.CastBinaryOperator:
		p.write("BINARY ")
		p.expr(n.Expr)
	default:
		p.unknown(n)
	}
}

func (p *printer) castType(t *types.FieldType, charset bool) {
	if t == nil || strings.Trim(t.GetCharset(), plainNames) != "" {
		p.unknown(t)
		return
	}
	start := p.out.Len()
	t.RestoreAsCastType(format.NewRestoreCtx(format.DefaultRestoreFlags, &p.out), charset)
	if p.out.Len() == start {
		p.unknown(t)
	}
}
