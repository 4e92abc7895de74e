package mysql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sqlc-dev/marino/ast"
	"github.com/sqlc-dev/marino/mysql"
	"github.com/sqlc-dev/marino/opcode"
)

var binaryOperators = map[opcode.Op]string{
	opcode.LogicAnd: " AND ", opcode.LogicOr: " OR ", opcode.LogicXor: " XOR ",
	opcode.GE: " >= ", opcode.LE: " <= ", opcode.EQ: " = ", opcode.NE: " <> ", opcode.LT: " < ", opcode.GT: " > ",
	opcode.NullEQ: " <=> ", opcode.Plus: " + ", opcode.Minus: " - ", opcode.Mul: " * ", opcode.Div: " / ",
	opcode.IntDiv: " DIV ", opcode.Mod: " % ", opcode.And: " & ", opcode.Or: " | ", opcode.Xor: " ^ ",
	opcode.LeftShift: " << ", opcode.RightShift: " >> ",
}

var unaryOperators = map[opcode.Op]string{
	opcode.Not: "NOT ", opcode.Not2: "!", opcode.BitNeg: "~", opcode.Minus: "-", opcode.Plus: "+",
}

// expr prints an expression.
func (p *printer) expr(n ast.ExprNode) {
	if !p.enter() {
		return
	}
	defer p.leave()
	switch n := n.(type) {
	case *ast.ValueExprBase:
		p.literal(n)
	case *ast.ParamMarkerExprBase:
		p.placeholder(n)
	case *ast.ColumnNameExpr:
		p.columnName(n.Name)
	case *ast.ParenthesesExpr:
		p.write("(")
		p.expr(n.Expr)
		p.write(")")
	case *ast.BinaryOperationExpr:
		p.binary(n)
	case *ast.UnaryOperationExpr:
		p.unary(n)
	case *ast.IsNullExpr:
		p.expr(n.Expr)
		p.write(either(n.Not, " IS NOT NULL", " IS NULL"))
	case *ast.IsTruthExpr:
		p.expr(n.Expr)
		p.write(" IS ", either(n.Not, "NOT ", ""), either(n.True != 0, "TRUE", "FALSE"))
	case *ast.BetweenExpr:
		p.expr(n.Expr)
		p.write(either(n.Not, " NOT", ""), " BETWEEN ")
		p.expr(n.Left)
		p.write(" AND ")
		p.expr(n.Right)
	case *ast.PatternInExpr:
		p.expr(n.Expr)
		p.write(either(n.Not, " NOT", ""), " IN ")
		if n.Sel != nil {
			p.expr(n.Sel)
		} else {
			p.list("(", n.List)
		}
	case *ast.PatternLikeOrIlikeExpr:
		p.like(n)
	case *ast.PatternRegexpExpr:
		p.expr(n.Expr)
		p.write(either(n.Not, " NOT", ""), " REGEXP ")
		p.expr(n.Pattern)
	case *ast.CaseExpr:
		p.caseExpr(n)
	case *ast.RowExpr:
		p.list("ROW(", n.Values)
	case *ast.SubqueryExpr:
		p.write("(")
		p.query(n.Query, false)
		p.write(")")
	case *ast.ExistsSubqueryExpr:
		p.write(either(n.Not, "NOT ", ""), "EXISTS ")
		p.expr(n.Sel)
	case *ast.CompareSubqueryExpr:
		p.expr(n.L)
		op, ok := binaryOperators[n.Op]
		if !ok {
			p.unknown(n)
		}
		p.write(op, either(n.All, "ALL ", "ANY "))
		p.expr(n.R)
	case *ast.SetCollationExpr:
		p.expr(n.Expr)
		p.write(" COLLATE ")
		p.plain(n.Collate)
	case *ast.MatchAgainst:
		p.match(n)
	case *ast.DefaultExpr:
		switch {
		case n.Name == nil:
			p.unknown(n)
			return
		case p.rules != nil:
			p.refuseWord("DEFAULT", "DEFAULT(column) is not open where rules limit what is seen: it tells about the table, not its rows")
			return
		}
		p.write("DEFAULT(")
		p.columnName(n.Name)
		p.write(")")
	case *ast.VariableExpr:
		p.variable(n)
	case *ast.PositionExpr:
		if n.P != nil {
			p.expr(n.P)
		} else {
			p.write(strconv.Itoa(n.N))
		}
	default:
		p.callExpr(n)
	}
}

// placeholder prints a placeholder. They are bound in their order, which must be as written.
func (p *printer) placeholder(n *ast.ParamMarkerExprBase) {
	at := p.src.asked(n.Offset) + 1
	if at <= p.param {
		p.refuse(position(p.src.sql, at-1), "The parameters here would change their order; write date + INTERVAL … rather than INTERVAL … + date, and LIMIT … OFFSET …")
	}
	p.param = at
	p.write("?")
}

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func (p *printer) list(open string, list []ast.ExprNode) {
	p.write(open)
	for i, e := range list {
		p.comma(i)
		p.expr(e)
	}
	p.write(")")
}

// plain prints a name that stands without quotes: a collation, a character set.
func (p *printer) plain(name string) {
	if name == "" || strings.Trim(name, plainNames) != "" {
		p.refuse(0, "The name %q of a collation or character set is not known", name)
	}
	p.write(name)
}

func (p *printer) columnName(n *ast.ColumnName) {
	if n == nil {
		p.unknown(n)
		return
	}
	p.qualifier(n.Schema, n.Table)
	p.name(n.Name.O)
}

// qualifier prints what stands before a column's name or a star.
func (p *printer) qualifier(schema, table ast.CIStr) {
	if p.qualifies(schema, table) {
		p.name(schema.O)
		p.write(".")
	}
	if table.O != "" {
		p.name(table.O)
		p.write(".")
	}
}

// binary prints an operation of two operands. Operands of % that are operations
// themselves get parentheses, because MOD(a + b, c) has become an operator without them.
func (p *printer) binary(n *ast.BinaryOperationExpr) {
	op, ok := binaryOperators[n.Op]
	if !ok {
		p.unknown(n)
		return
	}
	side := func(e ast.ExprNode) {
		switch e.(type) {
		case *ast.ValueExprBase, *ast.ParamMarkerExprBase, *ast.ColumnNameExpr, *ast.ParenthesesExpr,
			*ast.FuncCallExpr, *ast.AggregateFuncExpr, *ast.SubqueryExpr, *ast.FuncCastExpr, *ast.WindowFuncExpr, *ast.CaseExpr:
			p.expr(e)
		default:
			if n.Op != opcode.Mod {
				p.expr(e)
				return
			}
			p.write("(")
			p.expr(e)
			p.write(")")
		}
	}
	side(n.L)
	p.write(op)
	side(n.R)
}

func (p *printer) unary(n *ast.UnaryOperationExpr) {
	op, ok := unaryOperators[n.Op]
	if !ok {
		p.unknown(n)
		return
	}
	p.write(op)
	start := p.out.Len()
	p.expr(n.V)
	if printed := p.out.String()[start:]; strings.HasPrefix(printed, "-") {
		rest := p.out.String()[:start]
		p.out.Reset()
		p.write(rest, " ", printed)
	}
}

func (p *printer) like(n *ast.PatternLikeOrIlikeExpr) {
	if !n.IsLike {
		p.refuseWord("ILIKE", "ILIKE is not known to MySQL and MariaDB: LIKE does not mind case where the collation does not")
		return
	}
	p.expr(n.Expr)
	p.write(either(n.Not, " NOT", ""), " LIKE ")
	p.expr(n.Pattern)
	if n.EscapeExplicit && n.Escape != '\\' {
		p.write(" ESCAPE ")
		if n.Escape == 0 {
			p.text("")
		} else {
			p.text(string(rune(n.Escape)))
		}
	}
}

func (p *printer) caseExpr(n *ast.CaseExpr) {
	p.write("CASE")
	if n.Value != nil {
		p.write(" ")
		p.expr(n.Value)
	}
	for _, w := range n.WhenClauses {
		p.write(" WHEN ")
		p.expr(w.Expr)
		p.write(" THEN ")
		p.expr(w.Result)
	}
	if n.ElseClause != nil {
		p.write(" ELSE ")
		p.expr(n.ElseClause)
	}
	p.write(" END")
}

func (p *printer) match(n *ast.MatchAgainst) {
	p.write("MATCH (")
	for i, c := range n.ColumnNames {
		p.comma(i)
		p.columnName(c)
	}
	p.write(") AGAINST (")
	p.expr(n.Against)
	switch {
	case n.Modifier.IsBooleanMode() && !n.Modifier.WithQueryExpansion():
		p.write(" IN BOOLEAN MODE")
	case n.Modifier.IsNaturalLanguageMode() && n.Modifier.WithQueryExpansion():
		p.write(" WITH QUERY EXPANSION")
	case n.Modifier.IsNaturalLanguageMode():
	default:
		p.unknown(n)
	}
	p.write(")")
}

// safeVariables are system variables that say how values are read and shown.
var safeVariables = words(`
version version_comment version_compile_os sql_mode time_zone system_time_zone collation_connection
collation_database collation_server character_set_connection character_set_client character_set_results
character_set_database character_set_server lower_case_table_names max_allowed_packet autocommit
group_concat_max_len lc_time_names div_precision_increment default_week_format tx_isolation
transaction_isolation max_execution_time max_statement_time sql_select_limit timestamp`)

func (p *printer) variable(n *ast.VariableExpr) {
	name := strings.ToLower(n.Name)
	switch {
	case !n.IsSystem:
		p.refuse(p.src.findVariable(), "User variables are not allowed: a question can hold parameters instead")
		return
	case n.Value != nil || !safeVariables[name]:
		p.refuse(p.src.findVariable(), "The variable @@%s is not on the list of those that may be read", n.Name)
		return
	}
	p.write("@@", either(n.IsGlobal, "GLOBAL.", ""), name)
}

// introducers are the character sets that may stand before a text.
var introducers = words("utf8 utf8mb3 utf8mb4 latin1 ascii binary")

func (p *printer) literal(n *ast.ValueExprBase) {
	switch n.Kind() {
	case ast.KindString:
		cs := strings.ToLower(n.Type.GetCharset())
		if cs != "" && cs != mysql.DefaultCharset {
			if !introducers[cs] {
				p.refuse(0, "The character set _%s before a text is not allowed", cs)
			}
			p.write("_", cs)
		}
		p.text(n.GetString())
	case ast.KindBinaryLiteral:
		p.binaryLiteral(n)
	case ast.KindNull, ast.KindInt64, ast.KindUint64, ast.KindFloat32, ast.KindFloat64, ast.KindMysqlDecimal:
		p.restore(n)
	default:
		p.unknown(n)
	}
}

// binaryLiteral prints x'41' and b'1'; MariaDB takes 0x41 for a number and x'41' for text.
func (p *printer) binaryLiteral(n *ast.ValueExprBase) {
	if cs := strings.ToLower(n.Type.GetCharset()); cs != "" && cs != "binary" {
		if !introducers[cs] {
			p.refuse(0, "The character set _%s before a text is not allowed", cs)
		}
		p.write("_", cs, " ")
	}
	switch hex := n.Type.GetFlag()&mysql.UnsignedFlag != 0; {
	case !hex:
		p.write(n.GetBinaryLiteral().ToBitLiteralString(true))
	case p.src.hexNumbers && len(n.GetBytes()) > 0:
		p.write("0x", fmt.Sprintf("%x", n.GetBytes()))
	default:
		p.write("x'", fmt.Sprintf("%x", n.GetBytes()), "'")
	}
}

var escapes = strings.NewReplacer(`\`, `\\`, `'`, `''`, "\x00", `\0`, "\x1a", `\Z`, "\n", `\n`, "\r", `\r`)

// text prints a text the way the pinned sql_mode reads it back.
func (p *printer) text(s string) { p.write("'", escapes.Replace(s), "'") }
