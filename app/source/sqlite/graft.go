package sqlite

import (
	"errors"
	"fmt"
	"reflect"

	"assay/app/source"

	"github.com/sqlc-dev/meyer/ast"
	"github.com/sqlc-dev/meyer/parser"
)

// graft is the SELECT that stands in a table's place.
type graft struct {
	tree    *ast.SelectStmt
	text    string          // as printed
	columns map[string]bool // folded names of its columns, as far as its text tells
}

// newGraft parses a rule's SELECT, says of its tables that they are those of
// the file, and of its columns that they are its table's, which keeps the names
// of the statement around it out of it. The names are all that the statement has.
func newGraft(answer source.Reading, names map[string]bool) (*graft, error) {
	stmts, err := parser.ParseString(answer.Select)
	if err != nil {
		return nil, fmt.Errorf("the rule of %s: %w", answer.Table.Name, err)
	}
	w := &walker{sql: answer.Select, ruled: true}
	var tree *ast.SelectStmt
	if len(stmts) == 1 {
		tree, _ = stmts[0].(*ast.SelectStmt)
	}
	if tree == nil {
		return nil, fmt.Errorf("the rule of %s is no SELECT", answer.Table.Name)
	}
	if f := w.statement(tree); f != nil {
		return nil, fmt.Errorf("the rule of %s: %w", answer.Table.Name, errors.New(f.Message))
	}
	q, ok := tree.Cores[0].(*ast.SelectQuery)
	if !ok || len(tree.Cores) != 1 || tree.With != nil || q.Limit == nil || q.Limit.Offset == nil {
		return nil, fmt.Errorf("the rule of %s does not end in a fence", answer.Table.Name)
	}
	if w.found.marks > 0 {
		return nil, fmt.Errorf("the rule of %s has a parameter", answer.Table.Name)
	}
	for _, t := range w.found.references {
		if !t.call && !t.with {
			t.name.Schema = quotedName("main")
		}
	}
	g := &graft{tree: tree, columns: map[string]bool{}}
	for _, c := range q.Columns {
		switch e := c.Expr.(type) {
		case *ast.Ident:
			g.columns[folded(e.Name)] = true
		case *ast.QualifiedRef:
			g.columns[folded(e.Parts[len(e.Parts)-1].Name)] = true
		}
		if c.Alias != nil {
			g.columns[folded(c.Alias.Name)] = true
		}
	}
	if len(w.found.references) == 1 && len(q.From) == 1 && q.From[0].Name != nil && q.From[0].Alias == nil && len(w.found.columns) == 0 {
		alias := "t"
		for names[folded(alias)] {
			alias += "_"
		}
		q.From[0].Alias, q.From[0].HasAs = quotedName(alias), true
		qualify(reflect.ValueOf(q), q.From[0].Alias)
	}
	g.text = ast.String(tree)
	return g, nil
}

var exprType = reflect.TypeFor[ast.Expr]()

// qualify puts a table's name before every column under v that has none.
func qualify(v reflect.Value, table *ast.Ident) {
	switch v.Kind() {
	case reflect.Interface:
		if i, ok := v.Interface().(*ast.Ident); ok && v.Type() == exprType {
			if i.Quote != ast.QuoteNone || folded(i.Name) != "true" && folded(i.Name) != "false" {
				v.Set(reflect.ValueOf(&ast.QualifiedRef{Parts: []*ast.Ident{table, i}}))
			}
			return
		}
		fallthrough
	case reflect.Pointer:
		if !v.IsNil() {
			qualify(v.Elem(), table)
		}
	case reflect.Slice:
		for i := range v.Len() {
			qualify(v.Index(i), table)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			qualify(v.Field(i), table)
		}
	}
}
