package sqlite

import (
	"errors"
	"fmt"
	"reflect"
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
// or EXPLAIN of one. The policy's functions are not consulted: a SQLite file
// brings no functions of its own, and every built-in that only reads is on the list.
func (*Driver) Guard(sql string, _ source.Policy) (checked source.Checked, err error) {
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
	w := &walker{sql: sql}
	if f := w.statement(stmts[0]); f != nil {
		return source.Checked{}, f
	}
	_, explain := stmts[0].(*ast.ExplainStmt)
	printed := strings.TrimRight(ast.String(stmts[0]), "; ")
	if len(printed) > maxStatement-1 {
		return source.Checked{}, source.Refuse(0, "The statement is too long")
	}
	return source.Checked{SQL: printed, Explain: explain, Tables: w.tables()}, nil
}

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
	read  []source.Name
	ctes  map[string]bool
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
	reflect.TypeFor[ast.SelectStmt]():    true,
	reflect.TypeFor[ast.SelectQuery]():   true,
	reflect.TypeFor[ast.ValuesClause]():  true,
	reflect.TypeFor[ast.CompoundOp]():    true,
	reflect.TypeFor[ast.ResultColumn]():  true,
	reflect.TypeFor[ast.JoinOperator]():  true,
	reflect.TypeFor[ast.OrderingTerm]():  true,
	reflect.TypeFor[ast.Limit]():         true,
	reflect.TypeFor[ast.With]():          true,
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
	var f *source.Failure
	switch n := n.(type) {
	case *ast.FuncCall:
		f = w.call(n)
	case *ast.TableRef:
		if n.Name != nil {
			f = w.table(n.Name, n.HasArgs)
		}
	case *ast.LikeExpr:
		if strings.EqualFold(n.Op.Raw, "MATCH") && !short(n.Y) {
			f = w.refuse(n, "What to search for has to be a short constant after MATCH")
		}
	case *ast.InExpr:
		if n.Table != nil {
			f = w.table(n.Table, n.HasArgs)
		}
	case *ast.CTE:
		if w.ctes == nil {
			w.ctes = map[string]bool{}
		}
		w.ctes[strings.ToLower(n.Name.Name)] = true
	case *ast.BindParam:
		if n.Kind != ast.ParamAnon && n.Kind != ast.ParamNumber {
			f = w.refuse(n, "The parameter %s is not allowed: write parameters as ?1, ?2", n.Raw)
		}
	default:
		if !plain[v.Type().Elem()] {
			f = w.refuse(n, "%s is not allowed: questions can only read", strings.TrimSuffix(v.Type().Elem().Name(), "Expr"))
		}
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

func (w *walker) table(n *ast.QualifiedName, call bool) *source.Failure {
	name, schema := n.Name.Name, ""
	if n.Schema != nil {
		schema = n.Schema.Name
		if !strings.EqualFold(schema, "main") {
			return w.refuse(n, "There is no schema %s: a SQLite connection has one, called main", schema)
		}
	}
	if call {
		if !allowedTableFunction(name) {
			return w.refuse(n, "The table function %s is not on the list of functions that only read", name)
		}
		return nil
	}
	if !readable(name) {
		return w.refuse(n, "%s shows the inside of the engine and is not allowed", name)
	}
	w.read = append(w.read, source.Name{Schema: schema, Name: name})
	return nil
}

// tables returns what the statement reads, each name once, without its own WITH names.
func (w *walker) tables() []source.Name {
	var names []source.Name
	seen := map[source.Name]bool{}
	for _, n := range w.read {
		if seen[n] || n.Schema == "" && w.ctes[strings.ToLower(n.Name)] {
			continue
		}
		seen[n] = true
		names = append(names, n)
	}
	return names
}
