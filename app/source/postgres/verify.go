package postgres

import (
	"fmt"
	"slices"

	"github.com/sqlc-dev/oliphant/ast"
	"google.golang.org/protobuf/reflect/protoreflect"

	"assay/app/source"
)

// verify makes certain that each table of the printed statement is a WITH
// query in scope, or a table that the policy does not limit under its full
// name, or stands inside a rule that is there word for word.
func (w *walker) verify(printed *ast.Node) error {
	if w.rules == nil {
		return nil
	}
	v := verifier{plain: map[source.Name]bool{}}
	for _, p := range w.rules.places {
		if p.tree == nil {
			v.plain[p.reading.Table] = true
		}
	}
	for _, tree := range w.rules.selects {
		v.rules = append(v.rules, tree)
	}
	return v.check(printed.ProtoReflect(), nil)
}

type verifier struct {
	plain map[source.Name]bool
	rules []*ast.Node
}

// check looks at a message and all below it, where the WITH queries named are in scope.
func (v verifier) check(m protoreflect.Message, with []string) (err error) {
	switch n := m.Interface().(type) {
	case *ast.RangeVar:
		name := source.Name{Schema: n.GetSchemaname(), Name: n.GetRelname()}
		if name.Schema == "" && slices.Contains(with, name.Name) || v.plain[name] && n.GetCatalogname() == "" {
			return nil
		}
		return fmt.Errorf("the table %s.%s is read past the policy", name.Schema, name.Name)
	case *ast.RangeSubselect:
		for _, rule := range v.rules {
			if different(rule.ProtoReflect(), n.GetSubquery().ProtoReflect()) == "" {
				return nil
			}
		}
	case *ast.SelectStmt:
		clause := n.GetWithClause()
		inner := slices.Clone(with)
		if clause.GetRecursive() {
			for _, c := range clause.GetCtes() {
				inner = append(inner, c.GetCommonTableExpr().GetCtename())
			}
		}
		for _, c := range clause.GetCtes() {
			if err := v.check(c.ProtoReflect(), inner); err != nil {
				return err
			}
			inner = append(inner, c.GetCommonTableExpr().GetCtename())
		}
		with = inner
	case *ast.WithClause:
		return nil // checked with its SELECT
	}
	below(m, func(m protoreflect.Message) bool {
		err = v.check(m, with)
		return err == nil
	})
	return err
}
