package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	pgquery "github.com/sqlc-dev/oliphant"
	"github.com/sqlc-dev/oliphant/ast"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"assay/app/source"
)

// rewrite puts into the tree what the policy says of each table, once all of
// the statement is known to only read.
func (w *walker) rewrite() *source.Failure {
	if w.rules == nil {
		return nil
	}
	limited := slices.ContainsFunc(w.rules.places, func(p place) bool { return p.tree != nil })
	w.depth = 1 // a position of 0 is one from here on
	for _, s := range w.rules.with {
		for name, a := range w.rules.asked {
			if a.err == nil && (strings.EqualFold(name.Name, s.name) || strings.EqualFold(a.reading.Table.Name, s.name)) {
				return w.refuseShadow(s.name, s.at)
			}
		}
	}
	if limited && w.explain {
		return source.Refuse(w.start(), "A plan tells of rows that rules hide, so EXPLAIN is not allowed for the tables of this statement")
	}
	if c := w.rules.system; limited && c != nil {
		return w.refuse(c.at, "A system column such as %s cannot be read where rules limit what is seen", names(c.ref.GetFields())[len(c.ref.GetFields())-1])
	}
	for _, c := range w.rules.long {
		if refusal := w.shorten(c); refusal != nil {
			return refusal
		}
	}
	for _, p := range w.rules.places {
		p.put()
	}
	return nil
}

// shorten takes the schema from a column of a limited table, whose derived
// table has none.
func (w *walker) shorten(c columnAt) *source.Failure {
	parts := names(c.ref.GetFields())
	if len(parts) > 3 {
		return w.refuse(c.at, "A column's name of four parts is not allowed where rules limit what is seen")
	}
	known := w.rules.limited[parts[1]]
	if !slices.Contains(known, source.Name{Schema: parts[0], Name: parts[1]}) {
		return nil
	}
	if len(known) > 1 || w.rules.others[parts[1]] {
		refusal := w.refuse(c.at, "It is not clear which table %s.%s means here", parts[0], parts[1])
		refusal.Hint = "Give each table a name of its own with AS."
		return refusal
	}
	c.ref.Fields = c.ref.Fields[1:]
	return nil
}

// put writes what stands in the table's place.
func (p place) put() {
	r := p.node.GetRangeVar()
	alias := r.GetAlias()
	if p.tree == nil {
		if alias == nil && r.GetRelname() != p.reading.Table.Name {
			r.Alias = &ast.Alias{Aliasname: r.GetRelname()}
		}
		r.Schemaname, r.Relname = p.reading.Table.Schema, p.reading.Table.Name
		return
	}
	if alias == nil {
		alias = &ast.Alias{Aliasname: r.GetRelname()}
	}
	query := proto.Clone(p.tree).(*ast.Node)
	p.node.Node = &ast.Node_RangeSubselect{RangeSubselect: &ast.RangeSubselect{Subquery: query, Alias: alias}}
}

// rule returns the tree of a rule, checked like a statement of anyone's and
// with nothing left to the names around it.
func (w *walker) rule(reading source.Reading) (*ast.Node, error) {
	if tree, ok := w.rules.selects[reading.Select]; ok {
		return tree, nil
	}
	if len(reading.Select) > maxText || strings.IndexByte(reading.Select, 0) >= 0 || tooDeep(reading.Select) >= 0 {
		return nil, errors.New("the rule is too long, too deep or holds a zero byte")
	}
	result, err := pgquery.Parse(reading.Select)
	if err != nil {
		return nil, err
	}
	if len(result.Stmts) != 1 || result.Stmts[0].Stmt.GetSelectStmt() == nil {
		return nil, errors.New("the rule is not one SELECT")
	}
	tree := result.Stmts[0].Stmt
	inner := walker{sql: reading.Select, policy: source.Policy{Functions: w.policy.Functions}}
	if refusal := inner.statement(tree); refusal != nil {
		return nil, refusal
	}
	for _, t := range inner.tables {
		if t.Schema == "" {
			return nil, fmt.Errorf("the rule names %s without its schema", t.Name)
		}
	}
	if contains(tree.ProtoReflect(), "ParamRef") {
		return nil, errors.New("the rule has placeholders")
	}
	qualify(tree.GetSelectStmt())
	w.rules.selects[reading.Select] = tree
	return tree, nil
}

// qualify writes the table before the columns of a rule: a bare name that the
// table has no longer would mean a column of the query around it.
func qualify(s *ast.SelectStmt) {
	if s.GetLarg() != nil {
		qualify(s.GetLarg())
		qualify(s.GetRarg())
		return
	}
	if len(s.GetFromClause()) != 1 || s.GetFromClause()[0].GetRangeVar() == nil {
		return
	}
	r := s.GetFromClause()[0].GetRangeVar()
	name := r.GetAlias().GetAliasname()
	if name == "" {
		name = r.GetRelname()
	}
	for _, n := range s.GetTargetList() {
		qualifyColumns(n.ProtoReflect(), name)
	}
	if s.GetWhereClause() != nil {
		qualifyColumns(s.GetWhereClause().ProtoReflect(), name)
	}
}

func qualifyColumns(m protoreflect.Message, table string) {
	switch v := m.Interface().(type) {
	case *ast.SelectStmt:
		return // has a FROM of its own
	case *ast.ColumnRef:
		if len(v.GetFields()) == 1 && v.GetFields()[0].GetString_() != nil {
			v.Fields = append([]*ast.Node{word(table)}, v.Fields...)
		}
		return
	}
	below(m, func(m protoreflect.Message) bool {
		qualifyColumns(m, table)
		return true
	})
}

// word returns a name as a node.
func word(name string) *ast.Node {
	return &ast.Node{Node: &ast.Node_String_{String_: &ast.String{Sval: name}}}
}

// contains reports whether a tree has a node of a kind.
func contains(m protoreflect.Message, kind protoreflect.Name) (found bool) {
	if m.Descriptor().Name() == kind {
		return true
	}
	below(m, func(m protoreflect.Message) bool {
		found = contains(m, kind)
		return !found
	})
	return found
}

// below calls f for each message right below m until it returns false.
func below(m protoreflect.Message, f func(protoreflect.Message) bool) {
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case field.Message() == nil || field.IsMap():
		case field.IsList():
			for i := range v.List().Len() {
				if !f(v.List().Get(i).Message()) {
					return false
				}
			}
		default:
			return f(v.Message())
		}
		return true
	})
}
