package postgres

import (
	"strings"

	"github.com/sqlc-dev/oliphant/ast"

	"assay/app/source"
)

// level is the FROM clause of a query, whose items that query and those within it see.
type level struct {
	from []*ast.Node
	// items holds what each name stands for: a call where it is that of a
	// function alone, nil for anything else; nil until asked for.
	items map[string]*ast.RangeFunction
}

// anyName stands for a function in FROM whose column's name is the engine's choice.
const anyName = ""

func (l *level) item(name string) (*ast.RangeFunction, bool) {
	if l.items == nil {
		l.items = map[string]*ast.RangeFunction{}
		for _, n := range l.from {
			l.add(n)
		}
	}
	f, ok := l.items[name]
	if !ok {
		f, ok = l.items[anyName]
	}
	return f, ok
}

func (l *level) add(n *ast.Node) {
	name, call := "", (*ast.RangeFunction)(nil)
	switch v := n.GetNode().(type) {
	case *ast.Node_RangeVar:
		if name = v.RangeVar.GetAlias().GetAliasname(); name == "" {
			name = v.RangeVar.GetRelname()
		}
	case *ast.Node_RangeSubselect:
		name = v.RangeSubselect.GetAlias().GetAliasname()
	case *ast.Node_RangeTableFunc:
		name = v.RangeTableFunc.GetAlias().GetAliasname()
	case *ast.Node_JsonTable:
		name = v.JsonTable.GetAlias().GetAliasname()
	case *ast.Node_RangeTableSample:
		l.add(v.RangeTableSample.GetRelation())
		return
	case *ast.Node_JoinExpr:
		l.add(v.JoinExpr.GetLarg())
		l.add(v.JoinExpr.GetRarg())
		name = v.JoinExpr.GetAlias().GetAliasname()
	case *ast.Node_RangeFunction:
		call = v.RangeFunction
		if name = call.GetAlias().GetAliasname(); name == "" {
			if name = calledName(onlyCall(call)); name == "" {
				l.items[anyName] = call
			}
		}
	}
	if name == "" {
		return
	}
	// Names that a join hides may come twice: the function is what matters.
	if call != nil || l.items[name] == nil {
		l.items[name] = call
	}
}

// onlyCall returns the expression of a function in FROM, nil where there are several.
func onlyCall(f *ast.RangeFunction) *ast.Node {
	if len(f.GetFunctions()) != 1 {
		return nil
	}
	items := f.GetFunctions()[0].GetList().GetItems()
	if len(items) == 0 {
		return nil
	}
	return items[0]
}

// calledName returns the name of the function that an expression calls, or "".
func calledName(n *ast.Node) string {
	parts := names(n.GetFuncCall().GetFuncname())
	if len(parts) == 0 {
		return ""
	}
	return parts[len(parts)-1]
}

// column checks t.name: where t has no column of that name, PostgreSQL calls
// the function of that name with t's whole row, which for a function in FROM
// that returns no rows is a plain value.
func (w *walker) column(c *ast.ColumnRef) *source.Failure {
	fields := c.GetFields()
	last := fields[len(fields)-1].GetString_()
	if len(fields) < 2 || last == nil {
		return nil
	}
	name := last.GetSval()
	if w.routine(name) {
		return w.refuseRoutine(name)
	}
	qualifier, nearest := fields[len(fields)-2].GetString_().GetSval(), true
	for i := len(w.levels) - 1; i >= 0; i-- {
		f, ok := w.levels[i].item(qualifier)
		if !ok {
			continue
		}
		// A nearer item of the name may be out of sight, behind a join's alias or for want of LATERAL.
		doubtful := acts(name) || w.tells(name) || nearest && !functions[name] && !maybeRow(onlyCall(f))
		if doubtful && onlyCall(f) != nil && !f.GetOrdinality() && !hasColumn(f, name) {
			return w.refuse(w.at, "The column %s could be a function that does more than read; name the columns of the function in FROM", name)
		}
		nearest = false
	}
	return nil
}

// hasColumn reports whether a function in FROM has a column of a name for certain.
func hasColumn(f *ast.RangeFunction, name string) bool {
	for _, n := range f.GetAlias().GetColnames() {
		if name == n.GetString_().GetSval() {
			return true
		}
	}
	definitions := f.GetColdeflist()
	for _, part := range f.GetFunctions()[0].GetList().GetItems()[1:] {
		definitions = append(definitions[:len(definitions):len(definitions)], part.GetList().GetItems()...)
	}
	for _, d := range definitions {
		if name == d.GetColumnDef().GetColname() {
			return true
		}
	}
	switch {
	case len(f.GetAlias().GetColnames()) > 0:
		return false // which then stand in place of the name
	case f.GetAlias() != nil:
		return name == f.GetAlias().GetAliasname()
	}
	return name == calledName(onlyCall(f))
}

// routine reports whether a name is that of one of the database's own functions.
func (w *walker) routine(name string) bool {
	if len(w.policy.Routines) == 0 {
		return false
	}
	if w.routines == nil {
		w.routines = make(map[string]bool, len(w.policy.Routines))
		for _, full := range w.policy.Routines {
			w.routines[full] = true
			// Either part of the full name may hold dots of its own.
			for rest, ok := full, true; ok; {
				if _, rest, ok = strings.Cut(rest, "."); ok {
					w.routines[rest] = true
				}
			}
		}
	}
	return w.routines[name]
}

func (w *walker) refuseRoutine(name string) *source.Failure {
	refusal := w.refuse(w.at, "%s is also a function of this database, which this way of writing could call", name)
	refusal.Hint = "If it is a column, write its name without the table's; where several tables have it, rename it in a subquery."
	return refusal
}
