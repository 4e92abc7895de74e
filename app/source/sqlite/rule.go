package sqlite

import (
	"errors"
	"fmt"
	"slices"

	"assay/app/source"

	"github.com/sqlc-dev/meyer/ast"
	"github.com/sqlc-dev/meyer/parser"
)

// reference is a place where a table is named.
type reference struct {
	name *ast.QualifiedName
	from *ast.TableRef // in FROM
	in   *ast.InExpr   // after IN
	call bool          // with arguments, as a function
	with bool          // of a WITH query, not a table
}

// found is what a statement says that rules must know.
type found struct {
	references []reference
	with       []*ast.CTE
	bare       []*ast.Ident        // columns without their table's name, and names of other things
	columns    []*ast.QualifiedRef // columns with it
	parts      []*ast.TableRef     // joins, or one table, in parentheses
	calls      []*ast.FuncCall
	results    []*ast.ResultColumn // that are called after their text
	marks      int                 // parameters
	names      map[string]bool     // all names of whatever kind
}

func (f *found) note(n ast.Node) {
	switch n := n.(type) {
	case *ast.CTE:
		f.with = append(f.with, n)
	case *ast.QualifiedRef:
		f.columns = append(f.columns, n)
	case *ast.FuncCall:
		f.calls = append(f.calls, n)
	case *ast.ResultColumn:
		if n.Alias == nil {
			f.results = append(f.results, n)
		}
	case *ast.BindParam:
		f.marks++
	case *ast.TableRef:
		if len(n.List) > 0 {
			f.parts = append(f.parts, n)
		}
	case *ast.Ident:
		if f.names == nil {
			f.names = map[string]bool{}
		}
		f.names[folded(n.Name)] = true
	}
}

// reading is what a policy answered for a name.
type reading struct {
	err   error
	table source.Name
	graft *graft // nil for a table that is read as it is
}

// ruler puts what rules leave of tables in the tables' places.
type ruler struct {
	*walker
	ask      func(source.Name) (source.Reading, error)
	readings map[string]reading  // by the table's name as written
	limited  map[string][]*graft // by the folded names under which the statement knows them
	whole    map[string]bool     // tables that are read as they are, as printed
	texts    map[string]bool     // of grafts
	tables   []source.Name       // what is read, in order
	seen     map[source.Name]bool
	size     int
}

// rule puts the policy's readings in place of the tables of a statement that
// has passed the walker, prints it, and checks on the printed text that nothing
// else is read.
func (w *walker) rule(s ast.Stmt, ask func(source.Name) (source.Reading, error)) (source.Checked, error) {
	r := &ruler{
		walker: w, ask: ask, readings: map[string]reading{}, limited: map[string][]*graft{},
		whole: map[string]bool{}, texts: map[string]bool{}, seen: map[source.Name]bool{},
	}
	for _, step := range []func() *source.Failure{r.shadows, r.nameResults, r.replace, r.columnNames, r.functions} {
		if f := step(); f != nil {
			return source.Checked{}, f
		}
	}
	explain := explaining(s)
	if explain && len(r.texts) > 0 {
		return source.Checked{}, w.refuse(s, "A plan is not shown of a table that rules limit, because it tells of the rows they hide")
	}
	if r.size > maxStatement {
		return source.Checked{}, errTooLong
	}
	printed, f := printStatement(s)
	if f != nil {
		return source.Checked{}, f
	}
	if err := r.verify(printed); err != nil {
		return source.Checked{}, &source.Failure{Code: source.Refused, Message: "The statement could not be read for certain, and rules say what may be seen", Hint: "Write it in a plainer way.", Err: err}
	}
	return source.Checked{SQL: printed, Explain: explain, Tables: r.tables}, nil
}

// reading asks the policy for a name, once. The schema's name is left out: there is only main.
func (r *ruler) reading(name string) reading {
	known, ok := r.readings[name]
	if ok {
		return known
	}
	answer, err := r.ask(source.Name{Name: name})
	known = reading{err: err, table: answer.Table}
	if err == nil {
		known.err = mainTable(answer.Table)
	}
	if known.err == nil && answer.Select != "" {
		known.graft, known.err = newGraft(answer, r.found.names)
	}
	r.readings[name] = known
	return known
}

// mainTable checks that a policy names a table that there can be.
func mainTable(n source.Name) error {
	if n.Name == "" || systemTable(n.Name) || !readable(n.Name) || n.Schema != "" && folded(n.Schema) != "main" {
		return fmt.Errorf("a rule reads %q.%q", n.Schema, n.Name)
	}
	return nil
}

// refusal says why a table is not read.
func (r *ruler) refusal(n *ast.QualifiedName, err error) *source.Failure {
	if f, ok := errors.AsType[*source.Failure](err); ok {
		told := *f
		told.Position = position(r.sql, n.Pos())
		return &told
	}
	f := r.refuse(n, "The table %s is not there, or may not be read", n.Name.Name)
	f.Err = err
	return f
}

// shadows refuses WITH queries and table functions with the name of a table.
func (r *ruler) shadows() *source.Failure {
	for _, c := range r.found.with {
		if r.reading(c.Name.Name).err == nil {
			return r.refuse(c.Name, "A WITH query may not have the name of the table %s: give it another name", c.Name.Name)
		}
	}
	for _, t := range r.found.references {
		if t.call && r.reading(t.name.Name.Name).err == nil {
			return r.refuse(t.name, "%s is a table and cannot be called as a function", t.name.Name.Name)
		}
	}
	return nil
}

// nameResults gives the columns that hold subqueries the names they would have
// without rules, as the engine calls a column after its text.
func (r *ruler) nameResults() *source.Failure {
	var places []int
	for _, t := range r.found.references {
		places = append(places, t.name.Pos())
	}
	slices.Sort(places)
	for _, c := range r.found.results {
		if i, _ := slices.BinarySearch(places, c.Pos()); i < len(places) && places[i] < c.End() {
			c.Alias, c.HasAs = quotedName(ast.String(c.Expr)), true
			r.size += len(c.Alias.Raw)
		}
		if r.size > maxStatement {
			return errTooLong
		}
	}
	return nil
}

// replace puts the policy's readings in the tables' places.
func (r *ruler) replace() *source.Failure {
	around := map[*ast.TableRef]*ast.TableRef{}
	for _, p := range r.found.parts {
		for _, t := range p.List {
			around[t] = p
		}
	}
	for _, t := range r.found.references {
		if t.with || t.call {
			continue
		}
		known := r.reading(t.name.Name.Name)
		if known.err != nil {
			return r.refusal(t.name, known.err)
		}
		if !r.seen[known.table] {
			r.seen[known.table] = true
			r.tables = append(r.tables, known.table)
		}
		written := t.name.Name.Name
		t.name.Schema, t.name.Name = quotedName("main"), quotedName(known.table.Name)
		switch {
		case known.graft != nil && t.in != nil:
			r.graftIn(t.in, known.graft, written)
		case known.graft != nil:
			r.graftFrom(t.from, known.graft, written)
			for p := around[t.from]; p != nil; p = around[p] {
				if p.Alias == nil && len(p.List) == 1 {
					// The engine forgets the name of a lone subquery in parentheses.
					p.Alias, p.HasAs = t.from.Alias, true
				}
				if p.Alias != nil {
					r.know(p.Alias.Name, known.graft)
				}
			}
		default:
			r.whole[known.table.Name] = true
			if t.from != nil && t.from.Alias == nil && folded(written) != folded(known.table.Name) {
				t.from.Alias, t.from.HasAs = quotedName(written), true
			}
		}
	}
	return nil
}

func (r *ruler) graftFrom(t *ast.TableRef, g *graft, written string) {
	if t.Alias == nil {
		t.Alias = quotedName(written)
	}
	// Behind a parenthesis some names, such as over, are only names after AS.
	t.HasAs = true
	t.Name, t.Select, t.IndexedBy, t.NotIndexed = nil, g.tree, nil, false
	r.use(t.Alias.Name, g)
}

func (r *ruler) graftIn(n *ast.InExpr, g *graft, written string) {
	from := &ast.TableRef{Select: g.tree, Alias: quotedName(written), HasAs: true}
	n.Table, n.Select = nil, &ast.SelectStmt{Cores: []ast.SelectCore{&ast.SelectQuery{
		Columns: []*ast.ResultColumn{{Expr: &ast.Star{}}}, From: []*ast.TableRef{from},
	}}}
	r.use(written, g)
}

func (r *ruler) use(name string, g *graft) {
	r.know(name, g)
	r.texts[g.text] = true
	r.size += len(g.text)
}

// know notes a name under which a limited table is known.
func (r *ruler) know(name string, g *graft) {
	if grafts := r.limited[folded(name)]; !slices.Contains(grafts, g) {
		r.limited[folded(name)] = append(grafts, g)
	}
}

// columnNames shortens names that begin with the schema, which a derived table
// has not, and refuses the row's number, which would be looked for elsewhere.
func (r *ruler) columnNames() *source.Failure {
	for _, c := range r.found.columns {
		if n := len(c.Parts); n == 3 && folded(c.Parts[0].Name) == "main" && r.limited[folded(c.Parts[1].Name)] != nil {
			c.Parts = c.Parts[1:]
		}
		last := c.Parts[len(c.Parts)-1]
		for _, g := range r.limited[folded(c.Parts[len(c.Parts)-2].Name)] {
			if f := r.rowNumber(last, g); f != nil {
				return f
			}
		}
	}
	for _, name := range r.found.bare {
		if !isRowNumber(name.Name) {
			continue
		}
		for _, grafts := range r.limited {
			for _, g := range grafts {
				if f := r.rowNumber(name, g); f != nil {
					return f
				}
			}
		}
	}
	return nil
}

func (r *ruler) rowNumber(column *ast.Ident, g *graft) *source.Failure {
	if !isRowNumber(column.Name) || g.columns[folded(column.Name)] {
		return nil
	}
	return r.refuse(column, "A table that rules limit has no %s: use the column of its key", column.Name)
}

// isRowNumber reports whether a column's name means the row's number where no column has it.
func isRowNumber(name string) bool {
	name = folded(name)
	return name == "rowid" || name == "oid" || name == "_rowid_"
}

// functions refuses those of full-text search beside a limited table: they read
// what a search stands on, not what is selected from it.
func (r *ruler) functions() *source.Failure {
	if len(r.texts) == 0 {
		return nil
	}
	for _, c := range r.found.calls {
		if _, ok := searchFunctions[folded(c.Name.Name)]; ok {
			return r.refuse(c, "The function %s cannot be used together with a table that rules limit", c.Name.Name)
		}
	}
	return nil
}

// verify parses what is to be sent and checks that each table in it is a WITH
// query in scope, a table that may be read as it is, or stands in a graft.
func (r *ruler) verify(printed string) error {
	stmts, err := parser.ParseString(printed)
	if err != nil {
		return err
	}
	if len(stmts) != 1 {
		return fmt.Errorf("it is printed as %d statements", len(stmts))
	}
	w := &walker{sql: printed, ruled: true, grafts: r.texts}
	if f := w.statement(stmts[0]); f != nil {
		return f
	}
	if again, f := printStatement(stmts[0]); f != nil || again != printed {
		return fmt.Errorf("it is printed as %s and then as %s", printed, again)
	}
	for _, t := range w.found.references {
		if t.with || t.call {
			continue
		}
		if t.name.Schema == nil || t.name.Schema.Name != "main" || !r.whole[t.name.Name.Name] {
			return fmt.Errorf("it reads %s", w.text(t.name))
		}
	}
	return nil
}

func quotedName(name string) *ast.Ident {
	return &ast.Ident{Name: name, Raw: quoted('"', name), Quote: ast.QuoteDouble}
}
