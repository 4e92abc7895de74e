package sqlite

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"assay/app/source"

	"github.com/sqlc-dev/meyer/ast"
	"github.com/sqlc-dev/meyer/lexer"
	"github.com/sqlc-dev/meyer/parser"
	"github.com/sqlc-dev/meyer/token"
)

const (
	maxText    = 256 << 10
	maxNesting = 200  // of parentheses and CASE
	maxTree    = 2000 // levels of the parsed tree, which a chain of operators makes too
)

// Guard lets pass one SELECT, VALUES or set operation, with or without WITH,
// or EXPLAIN of one. The policy's functions and routines are not consulted: a
// SQLite file brings no functions of its own, and every built-in that only reads
// is on the list.
func (*Driver) Guard(sql string, policy source.Policy) (checked source.Checked, err error) {
	defer func() {
		if r := recover(); r != nil {
			checked, err = source.Checked{}, &source.Failure{Code: source.Refused, Message: "The statement could not be read", Err: fmt.Errorf("guard: %v", r)}
		}
	}()
	if f := checkText(sql); f != nil {
		return source.Checked{}, f
	}
	stmts, err := parser.ParseString(sql)
	if err != nil {
		return source.Checked{}, syntaxError(sql, err)
	}
	switch len(stmts) {
	case 0:
		return source.Checked{}, source.Refuse(0, "There is no statement: write a SELECT")
	case 1:
	default:
		return source.Checked{}, source.Refuse(position(sql, stmts[1].Pos()), "One statement at a time: a second one begins here")
	}
	w := &walker{sql: sql, ruled: policy.Tables != nil}
	if f := w.statement(stmts[0]); f != nil {
		return source.Checked{}, f
	}
	if w.ruled {
		return w.rule(stmts[0], policy.Tables)
	}
	printed, f := printStatement(stmts[0])
	if f != nil {
		return source.Checked{}, f
	}
	return source.Checked{SQL: printed, Explain: explaining(stmts[0]), Tables: w.tables()}, nil
}

func explaining(s ast.Stmt) bool {
	_, explain := s.(*ast.ExplainStmt)
	return explain
}

func printStatement(s ast.Stmt) (string, *source.Failure) {
	printed := strings.TrimRight(ast.String(s), "; ")
	if len(printed) > maxStatement-1 {
		return "", errTooLong
	}
	return printed, nil
}

var errTooLong = source.Refuse(0, "The statement is too long")

// checkText refuses what must not even reach the parser.
func checkText(sql string) *source.Failure {
	switch {
	case len(sql) > maxText:
		return source.Refuse(0, "The statement is longer than %d KiB", maxText>>10)
	case !utf8.ValidString(sql):
		return source.Refuse(0, "The statement is not valid UTF-8 text")
	case strings.IndexByte(sql, 0) >= 0:
		return source.Refuse(position(sql, strings.IndexByte(sql, 0)), "The statement holds a null character")
	}
	depth := 0
	for _, t := range lexer.Lex(sql) {
		switch t.Kind {
		case token.LP, token.CASE:
			depth++
		case token.RP, token.END:
			depth--
		}
		if depth > maxNesting {
			return source.Refuse(position(sql, t.Pos), "The statement is nested more than %d levels deep", maxNesting)
		}
	}
	return nil
}

func syntaxError(sql string, err error) *source.Failure {
	f := &source.Failure{Code: source.DatabaseError, Message: err.Error(), State: "SQLITE_ERROR", Err: err}
	if e, ok := errors.AsType[*parser.Error](err); ok {
		f.Message = e.Message
		f.Position = position(sql, e.Offset)
	}
	return f
}

// position turns an offset in bytes into a count of characters from 1; 0 where it is out of range.
func position(sql string, offset int) int {
	if offset < 0 || offset > len(sql) {
		return 0
	}
	return utf8.RuneCountInString(sql[:offset]) + 1
}

// walker visits every field of every node, and refuses what it does not know.
type walker struct {
	sql   string
	depth int
	// ruled says that rules may limit tables: system tables are refused, and
	// every word is spelled so that it cannot be read in two ways.
	ruled bool
	// grafts are the texts that rules have put in place of tables, not walked into.
	grafts map[string]bool

	withs []map[string]bool // the names of the WITH queries around the node that is visited
	found found
}

func (w *walker) refuse(n ast.Node, format string, args ...any) *source.Failure {
	return source.Refuse(position(w.sql, n.Pos()), format, args...)
}

// statementNames says what a statement other than a read is called.
var statementNames = map[reflect.Type]string{
	reflect.TypeFor[*ast.InsertStmt]():             "INSERT",
	reflect.TypeFor[*ast.UpdateStmt]():             "UPDATE",
	reflect.TypeFor[*ast.DeleteStmt]():             "DELETE",
	reflect.TypeFor[*ast.CreateTableStmt]():        "CREATE TABLE",
	reflect.TypeFor[*ast.CreateIndexStmt]():        "CREATE INDEX",
	reflect.TypeFor[*ast.CreateViewStmt]():         "CREATE VIEW",
	reflect.TypeFor[*ast.CreateTriggerStmt]():      "CREATE TRIGGER",
	reflect.TypeFor[*ast.CreateVirtualTableStmt](): "CREATE VIRTUAL TABLE",
	reflect.TypeFor[*ast.AlterTableStmt]():         "ALTER TABLE",
	reflect.TypeFor[*ast.AttachStmt]():             "ATTACH",
	reflect.TypeFor[*ast.DetachStmt]():             "DETACH",
	reflect.TypeFor[*ast.PragmaStmt]():             "PRAGMA",
	reflect.TypeFor[*ast.VacuumStmt]():             "VACUUM",
	reflect.TypeFor[*ast.AnalyzeStmt]():            "ANALYZE",
	reflect.TypeFor[*ast.ReindexStmt]():            "REINDEX",
	reflect.TypeFor[*ast.BeginStmt]():              "BEGIN",
	reflect.TypeFor[*ast.CommitStmt]():             "COMMIT",
	reflect.TypeFor[*ast.RollbackStmt]():           "ROLLBACK",
	reflect.TypeFor[*ast.SavepointStmt]():          "SAVEPOINT",
	reflect.TypeFor[*ast.ReleaseStmt]():            "RELEASE",
}

func (w *walker) statement(s ast.Stmt) *source.Failure {
	switch s := s.(type) {
	case *ast.SelectStmt:
		return w.node(reflect.ValueOf(s))
	case *ast.ExplainStmt:
		return w.statement(s.Stmt)
	}
	name, ok := statementNames[reflect.TypeOf(s)]
	if !ok {
		name, _, _ = strings.Cut(strings.TrimSpace(w.sql[s.Pos():]), " ")
		name = strings.ToUpper(name)
	}
	return w.refuse(s, "%s is not allowed: questions can only read", name)
}

// plain lists the nodes of a read that need no look of their own.
var plain = map[reflect.Type]bool{
	reflect.TypeFor[ast.SelectQuery]():   true,
	reflect.TypeFor[ast.ValuesClause]():  true,
	reflect.TypeFor[ast.CompoundOp]():    true,
	reflect.TypeFor[ast.ResultColumn]():  true,
	reflect.TypeFor[ast.JoinOperator]():  true,
	reflect.TypeFor[ast.OrderingTerm]():  true,
	reflect.TypeFor[ast.Limit]():         true,
	reflect.TypeFor[ast.With]():          true,
	reflect.TypeFor[ast.CTE]():           true,
	reflect.TypeFor[ast.FrameBound]():    true,
	reflect.TypeFor[ast.WindowDef]():     true,
	reflect.TypeFor[ast.Ident]():         true,
	reflect.TypeFor[ast.QualifiedRef]():  true,
	reflect.TypeFor[ast.Star]():          true,
	reflect.TypeFor[ast.Literal]():       true,
	reflect.TypeFor[ast.BinaryExpr]():    true,
	reflect.TypeFor[ast.UnaryExpr]():     true,
	reflect.TypeFor[ast.ParenExpr]():     true,
	reflect.TypeFor[ast.IsExpr]():        true,
	reflect.TypeFor[ast.NullCheckExpr](): true,
	reflect.TypeFor[ast.BetweenExpr]():   true,
	reflect.TypeFor[ast.CaseExpr]():      true,
	reflect.TypeFor[ast.CaseWhen]():      true,
	reflect.TypeFor[ast.CastExpr]():      true,
	reflect.TypeFor[ast.CollateExpr]():   true,
	reflect.TypeFor[ast.ExistsExpr]():    true,
	reflect.TypeFor[ast.SubqueryExpr]():  true,
	reflect.TypeFor[ast.VectorExpr]():    true,
	reflect.TypeFor[ast.TypeName]():      true,
	reflect.TypeFor[ast.QualifiedName](): true,
}

var (
	nodeType = reflect.TypeFor[ast.Node]()
	spanType = reflect.TypeFor[ast.Span]()
)

// node checks a node, given as a pointer, and everything under it.
func (w *walker) node(v reflect.Value) *source.Failure {
	w.depth++
	defer func() { w.depth-- }()
	n := v.Interface().(ast.Node)
	if w.depth > maxTree {
		return w.refuse(n, "The statement is nested too deeply here")
	}
	if w.ruled {
		w.found.note(n)
	}
	var f *source.Failure
	switch n := n.(type) {
	case *ast.SelectStmt:
		if n.With != nil {
			w.withs = append(w.withs, withNames(n.With))
			defer func() { w.withs = w.withs[:len(w.withs)-1] }()
		}
	case *ast.FuncCall:
		f = w.call(n)
	case *ast.TableRef:
		if n.Select != nil && w.grafts[w.text(n.Select)] {
			outside := *n
			outside.Select = nil
			return w.fields(reflect.ValueOf(&outside).Elem())
		}
		if n.Name != nil {
			f = w.table(reference{name: n.Name, from: n, call: n.HasArgs})
		}
	case *ast.LikeExpr:
		if strings.EqualFold(n.Op.Raw, "MATCH") && !short(n.Y) {
			f = w.refuse(n, "What to search for has to be a short constant after MATCH")
		}
	case *ast.InExpr:
		if n.Table != nil {
			f = w.table(reference{name: n.Table, in: n, call: n.HasArgs})
		}
	case *ast.BindParam:
		if n.Kind != ast.ParamAnon && n.Kind != ast.ParamNumber {
			f = w.refuse(n, "The parameter %s is not allowed: write parameters as ?1, ?2", n.Raw)
		}
	default:
		if !plain[v.Type().Elem()] {
			f = w.refuse(n, "%s is not allowed: questions can only read", strings.TrimSuffix(v.Type().Elem().Name(), "Expr"))
		}
	}
	if f == nil && w.ruled && !canonical(n) {
		f = w.refuse(n, "The statement could not be read here")
	}
	if f != nil {
		return f
	}
	return w.fields(v.Elem())
}

// fields visits all fields of a struct, whatever they are called.
func (w *walker) fields(v reflect.Value) *source.Failure {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if v.Kind() == reflect.Interface {
			if i, ok := v.Interface().(*ast.Ident); ok && w.ruled {
				w.found.bare = append(w.found.bare, i)
			}
			return w.fields(v.Elem())
		}
		if v.Type().Implements(nodeType) {
			return w.node(v)
		}
		return w.fields(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			e := v.Index(i)
			if e.Kind() == reflect.Struct && e.Addr().Type().Implements(nodeType) {
				e = e.Addr()
			}
			if f := w.fields(e); f != nil {
				return f
			}
		}
	case reflect.Struct:
		if v.Type() == spanType {
			return nil
		}
		for i := range v.NumField() {
			if f := w.fields(v.Field(i)); f != nil {
				return f
			}
		}
	case reflect.String, reflect.Bool, reflect.Int, reflect.Uint8:
	default:
		return source.Refuse(0, "The statement could not be read: unknown %s", v.Type())
	}
	return nil
}

func (w *walker) call(n *ast.FuncCall) *source.Failure {
	name := n.Name.Name
	if !allowedFunction(name) {
		return w.refuse(n, "The function %s is not on the list of functions that only read", name)
	}
	if strings.EqualFold(name, "match") && (len(n.Args) == 0 || !short(n.Args[0])) {
		return w.refuse(n, "What to search for has to be a short constant in match")
	}
	if longSecond[strings.ToLower(name)] && len(n.Args) > 1 && !short(n.Args[1]) && (len(n.Args) > 2 || !strings.HasSuffix(strings.ToLower(name), "_patch") || !short(n.Args[0])) {
		return w.refuse(n, "The second text of %s has to be a short constant", name)
	}
	if _, sized := sizedFunctions[strings.ToLower(name)]; sized {
		size := -1
		if len(n.Args) == 1 {
			if l, ok := n.Args[0].(*ast.Literal); ok && l.Kind == ast.LitInteger {
				if v, err := strconv.Atoi(l.Value); err == nil {
					size = v
				}
			}
		}
		if size < 0 || size > maxMade {
			return w.refuse(n, "The function %s is only allowed with a plain number up to %d", name, maxMade)
		}
	}
	return nil
}

// longSecond names functions that go through all of their second text for each
// piece of the first, and cannot be interrupted.
var longSecond = map[string]bool{"unhex": true, "json_patch": true, "jsonb_patch": true, "json_pretty": true}

// short reports whether an expression is a constant, or a placeholder, of at most a thousand characters.
func short(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Literal:
		return len(e.Value) <= 1000
	case *ast.BindParam:
		return true
	case *ast.ParenExpr:
		return short(e.X)
	case *ast.BinaryExpr:
		return e.Op == ast.OpConcat && short(e.X) && short(e.Y)
	case *ast.UnaryExpr:
		return short(e.X)
	}
	return false
}

func (w *walker) table(r reference) *source.Failure {
	name := r.name.Name.Name
	if s := r.name.Schema; s != nil && !strings.EqualFold(s.Name, "main") {
		return w.refuse(r.name, "There is no schema %s: a SQLite connection has one, called main", s.Name)
	}
	if r.call && !allowedTableFunction(name) {
		return w.refuse(r.name, "The table function %s is not on the list of functions that only read", name)
	}
	if !r.call && !readable(name) {
		return w.refuse(r.name, "%s shows the inside of the engine and is not allowed", name)
	}
	if w.ruled && systemTable(name) {
		return w.refuse(r.name, "%s tells about all tables and is not allowed where rules say what may be seen", name)
	}
	r.with = !r.call && r.name.Schema == nil && w.inScope(name)
	w.found.references = append(w.found.references, r)
	return nil
}

// withNames returns the names of the queries, as the engine compares them.
func withNames(with *ast.With) map[string]bool {
	names := make(map[string]bool, len(with.CTEs))
	for _, c := range with.CTEs {
		names[folded(c.Name.Name)] = true
	}
	return names
}

// inScope reports whether a name is that of a WITH query here. In SQLite one is
// known in all of its statement: in itself, before it and after it.
func (w *walker) inScope(name string) bool {
	name = folded(name)
	return slices.ContainsFunc(w.withs, func(names map[string]bool) bool { return names[name] })
}

// tables returns what the statement reads, each name once, without its own WITH names.
func (w *walker) tables() []source.Name {
	var names []source.Name
	seen := map[source.Name]bool{}
	for _, r := range w.found.references {
		n := source.Name{Name: r.name.Name.Name}
		if r.name.Schema != nil {
			n.Schema = r.name.Schema.Name
		}
		if !r.with && !r.call && !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	return names
}

// text returns what the walked text says for a node.
func (w *walker) text(n ast.Node) string {
	if n.Pos() < 0 || n.Pos() > n.End() || n.End() > len(w.sql) {
		return ""
	}
	return w.sql[n.Pos():n.End()]
}
