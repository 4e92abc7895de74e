package mysql

import (
	"fmt"
	"strings"

	"github.com/sqlc-dev/marino/ast"
	"github.com/sqlc-dev/marino/format"

	"assay/app/source"
)

// maxDepth bounds the recursion over a tree; a chain of operators is as deep as it is long.
const maxDepth = 10_000

// printer writes a statement from its tree. It is the allow-list at the same
// time: only node types, clauses and functions that it knows how to write can
// reach a database, and everything else is refused with the first reason kept.
type printer struct {
	out       strings.Builder
	err       error
	depth     int
	src       *rewritten
	functions map[string]bool // beyond the built-in ones, lower case
	routines  map[string]bool // the database's own functions, lower case without schema
	rules     *rules          // nil where every table is read as it is
	tables    []source.Name
	ctes      []withQuery // in scope
	param     int         // where in the statement the last placeholder was, from 1
	root      ast.Node    // the statement
	sources   sources     // of the statement, once somebody asked
	describes bool        // a table is being described, not read
}

func (p *printer) refuse(at int, format string, args ...any) {
	if p.err == nil {
		p.err = source.Refuse(at, format, args...)
	}
}

// refuseWord refuses, pointing at the first place where the words stand in the statement.
func (p *printer) refuseWord(word, format string, args ...any) {
	p.refuse(p.src.find(word), format, args...)
}

// unknown refuses a part that the printer was not written for.
func (p *printer) unknown(n any) {
	p.refuse(0, "The statement holds a part that is not on the list of those that only read (%s)",
		strings.TrimPrefix(fmt.Sprintf("%T", n), "*ast."))
}

func (p *printer) write(parts ...string) {
	for _, s := range parts {
		p.out.WriteString(s)
	}
}

// enter counts a level of recursion and reports whether to go on; leave ends it.
func (p *printer) enter() bool {
	p.depth++
	if p.depth > maxDepth {
		p.refuse(0, "The statement is nested too deeply")
	}
	return p.err == nil
}

func (p *printer) leave() { p.depth-- }

// restore has the parser's own printer write a leaf.
func (p *printer) restore(n interface {
	Restore(*format.RestoreCtx) error
}) {
	const flags = format.RestoreStringSingleQuotes | format.RestoreStringEscapeBackslash |
		format.RestoreKeyWordUppercase | format.RestoreNameBackQuotes | format.RestoreStringWithoutDefaultCharset
	if err := n.Restore(format.NewRestoreCtx(flags, &p.out)); err != nil {
		p.unknown(n)
	}
}

func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func (p *printer) name(name string) {
	if name == "" || strings.ContainsRune(name, 0) {
		p.refuse(0, "A name in the statement is empty or cannot be printed")
	}
	p.write(quoteName(name))
}

func (p *printer) names(list []ast.CIStr) {
	p.write("(")
	for i, n := range list {
		p.comma(i)
		p.name(n.O)
	}
	p.write(")")
}

func (p *printer) comma(i int) {
	if i > 0 {
		p.write(", ")
	}
}

// systemSchemas act or hold secrets: accounts, running statements, the server's insides.
var systemSchemas = words("mysql sys performance_schema metrics_schema inspection_schema lightning_task_info ndbinfo")

// catalogTables are the tables of information_schema that describe data rather than the server.
var catalogTables = words(`
schemata tables columns key_column_usage table_constraints referential_constraints statistics views
check_constraints partitions character_sets collations collation_character_set_applicability
table_constraints_extensions columns_extensions tables_extensions st_geometry_columns
st_spatial_reference_systems geometry_columns spatial_ref_sys keywords engines view_table_usage
column_statistics periods sequences`)

// relation checks and records a table's name as written.
func (p *printer) relation(schema, name string) {
	s, n := strings.ToLower(schema), strings.ToLower(name)
	switch {
	case systemSchemas[s]:
		p.refuseWord(schema, "The schema %s belongs to the server and is not open to questions", schema)
	case s == "information_schema" && !catalogTables[n]:
		p.refuseWord(name, "The table information_schema.%s is not on the list of those that describe data", name)
	}
	if s == "" {
		for _, c := range p.ctes {
			if c.name.L == n && !c.inside {
				return
			}
		}
	}
	p.tables = append(p.tables, source.Name{Schema: schema, Name: name})
}

// query prints a SELECT, VALUES or TABLE statement or a set operation; named
// says that its columns' names matter to whoever reads it.
func (p *printer) query(n ast.Node, named bool) {
	if !p.enter() {
		return
	}
	defer p.leave()
	switch n := n.(type) {
	case *ast.SelectStmt:
		p.selectStmt(n, named)
	case *ast.SetOprStmt:
		scope := len(p.ctes)
		p.with(n.With)
		if n.IsInBraces {
			p.write("(")
		}
		p.setList(n.SelectList, named)
		p.orderLimit(n.OrderBy, n.Limit)
		if n.IsInBraces {
			p.write(")")
		}
		p.ctes = p.ctes[:scope]
	default:
		p.unknown(n)
	}
}

func (p *printer) setList(n *ast.SetOprSelectList, named bool) {
	if !p.enter() {
		return
	}
	defer p.leave()
	scope := len(p.ctes)
	p.with(n.With)
	for i, s := range n.Selects {
		switch s := s.(type) {
		case *ast.SelectStmt:
			p.setOperator(i, s.AfterSetOperator)
			p.selectStmt(s, named && i == 0)
		case *ast.SetOprSelectList:
			p.setOperator(i, s.AfterSetOperator)
			p.write("(")
			p.setList(s, named && i == 0)
			p.write(")")
		default:
			p.unknown(s)
		}
	}
	p.orderLimit(n.OrderBy, n.Limit)
	p.ctes = p.ctes[:scope]
}

func (p *printer) setOperator(i int, op *ast.SetOprType) {
	if i == 0 {
		return
	}
	if op == nil || op.String() == "" {
		p.unknown(op)
		return
	}
	p.write(" ", op.String(), " ")
}

// withQuery is a common table expression whose name is in scope.
type withQuery struct {
	name    ast.CIStr
	printed string // the name as it is printed
	inside  bool   // it is being printed and not recursive: in itself its name means something else
}

// with prints the common table expressions and brings their names into scope.
func (p *printer) with(n *ast.WithClause) {
	if n == nil {
		return
	}
	p.write("WITH ")
	if n.IsRecursive {
		p.write("RECURSIVE ")
	}
	for i, c := range n.CTEs {
		p.comma(i)
		q := p.declare(c.Name)
		p.name(q.printed)
		if len(c.ColNameList) > 0 {
			p.names(c.ColNameList)
		}
		p.ctes = append(p.ctes, q)
		p.ctes[len(p.ctes)-1].inside = !n.IsRecursive
		p.write(" AS (")
		p.query(c.Query.Query, len(c.ColNameList) == 0)
		p.write(")")
		p.ctes[len(p.ctes)-1].inside = false
	}
	p.write(" ")
}

func (p *printer) selectStmt(n *ast.SelectStmt, named bool) {
	if !p.enter() {
		return
	}
	defer p.leave()
	switch {
	case n.LockInfo != nil && n.LockInfo.LockType != ast.SelectLockNone || len(n.MoreLockInfos) > 0:
		p.refuse(p.src.findLock(), "Locking rows is not allowed: questions can only read")
		return
	case n.SelectIntoOpt != nil:
		p.refuseWord("INTO", "INTO is not allowed: questions can only read")
		return
	case n.AsViewSchema:
		p.unknown(n)
		return
	}
	scope := len(p.ctes)
	defer func() { p.ctes = p.ctes[:scope] }()
	if n.WithBeforeBraces {
		p.with(n.With)
	}
	if n.IsInBraces {
		p.write("(")
		defer p.write(")")
	}
	if !n.WithBeforeBraces {
		p.with(n.With)
	}
	switch n.Kind {
	case ast.SelectStmtKindSelect:
		p.selectBody(n, named)
	case ast.SelectStmtKindTable:
		p.write(either(p.rules != nil, "SELECT * FROM ", "TABLE "))
		p.from(n.From)
	case ast.SelectStmtKindValues:
		p.write("VALUES ")
		for i, row := range n.Lists {
			p.comma(i)
			if !p.src.bareValues {
				p.write("ROW")
			}
			p.list("(", row.Values)
		}
	default:
		p.unknown(n)
	}
	p.orderLimit(n.OrderBy, n.Limit)
}

func (p *printer) selectBody(n *ast.SelectStmt, named bool) {
	p.write("SELECT ")
	p.options(n)
	if n.Fields == nil {
		p.unknown(n)
		return
	}
	for i, f := range n.Fields.Fields {
		p.comma(i)
		p.field(f, named)
	}
	switch {
	case n.From != nil:
		p.write(" FROM ")
		p.from(n.From)
	case n.Where != nil:
		p.write(" FROM DUAL")
	}
	if n.Where != nil {
		p.write(" WHERE ")
		p.expr(n.Where)
	}
	if n.GroupBy != nil {
		p.write(" GROUP BY ")
		p.byItems(n.GroupBy.Items)
		if n.GroupBy.Rollup {
			p.write(" WITH ROLLUP")
		}
	}
	if n.Having != nil {
		p.write(" HAVING ")
		p.expr(n.Having.Expr)
	}
	for i := range n.WindowSpecs {
		if i == 0 {
			p.write(" WINDOW ")
		} else {
			p.write(", ")
		}
		p.window(&n.WindowSpecs[i])
	}
}

// options prints what may stand between SELECT and the fields. Left out is what
// only changes the session or how the server buffers: SQL_CALC_FOUND_ROWS,
// SQL_BUFFER_RESULT, HIGH_PRIORITY; and, where rules limit what is seen, all
// hints, so that none can speak about what stands in a table's place.
func (p *printer) options(n *ast.SelectStmt) {
	var hints []*ast.TableOptimizerHint
	for _, h := range n.TableHints {
		if h.HintName.L == "max_execution_time" {
			continue
		}
		if !safeHints[h.HintName.L] {
			p.refuse(0, "The optimizer hint %s is not on the list of hints that only choose a plan", h.HintName.O)
		}
		hints = append(hints, h)
	}
	if p.rules != nil {
		hints = nil
	}
	for i, h := range hints {
		if i == 0 {
			p.write("/*+ ")
		} else {
			p.write(" ")
		}
		p.restore(h)
	}
	if len(hints) > 0 {
		p.write(" */ ")
	}
	if n.Distinct {
		p.write("DISTINCT ")
	}
	o := n.SelectStmtOpts
	if o == nil {
		return
	}
	if o.StraightJoin {
		p.write("STRAIGHT_JOIN ")
	}
	if o.SQLSmallResult {
		p.write("SQL_SMALL_RESULT ")
	}
	if o.SQLBigResult {
		p.write("SQL_BIG_RESULT ")
	}
	if !o.SQLCache {
		p.write("SQL_NO_CACHE ")
	}
}

// maxHeading bounds, in characters, a heading that is given as an alias.
const maxHeading = 200

// field prints one selected expression. Where its name matters, an expression
// without an alias gets its own text as one, so that printing keeps the headings
// that the server would have made from what was written.
func (p *printer) field(f *ast.SelectField, named bool) {
	if w := f.WildCard; w != nil {
		p.qualifier(w.Schema, w.Table)
		p.write("*")
		return
	}
	start, limited := p.out.Len(), p.limited()
	p.expr(f.Expr)
	printed := p.out.String()[start:]
	ruled := p.limited() > limited // what is printed then holds more than was written
	switch _, column := f.Expr.(*ast.ColumnNameExpr); {
	case f.AsName.O != "":
		p.write(" AS ")
		p.name(f.AsName.O)
	case column || !named || !ruled && !heading(printed):
	default:
		text := printed
		if v, ok := f.Expr.(*ast.ValueExprBase); ok && v.Kind() == ast.KindString && heading(v.GetString()) {
			text = v.GetString()
		} else if written := p.src.original(f.Offset, len(f.OriginalText())); heading(written) {
			text = written
		} else if ruled {
			text = cutHeading(written)
		}
		p.write(" AS ")
		p.name(text)
	}
}

// heading reports whether a text can be a column's alias on every server.
func heading(s string) bool {
	n := 0
	for _, r := range s {
		if n++; r < ' ' || r > 0xFFFF || r == 0xFFFD {
			return false
		}
	}
	return n > 0 && n <= maxHeading && strings.TrimSpace(s) == s
}

func (p *printer) byItems(items []*ast.ByItem) {
	for i, it := range items {
		p.comma(i)
		p.expr(it.Expr)
		if it.Desc {
			p.write(" DESC")
		}
	}
}

func (p *printer) orderLimit(o *ast.OrderByClause, l *ast.Limit) {
	if o != nil {
		p.write(" ORDER BY ")
		p.byItems(o.Items)
	}
	if l == nil {
		return
	}
	if l.Count == nil {
		p.unknown(l)
		return
	}
	p.write(" LIMIT ")
	count, ok1 := l.Count.(*ast.ParamMarkerExprBase)
	offset, ok2 := l.Offset.(*ast.ParamMarkerExprBase)
	if ok1 && ok2 && offset.Offset < count.Offset {
		p.expr(offset)
		p.write(", ")
		p.expr(count)
		return
	}
	p.expr(l.Count)
	if l.Offset != nil {
		p.write(" OFFSET ")
		p.expr(l.Offset)
	}
}
