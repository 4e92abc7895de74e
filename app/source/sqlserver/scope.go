package sqlserver

import (
	"slices"

	"github.com/sqlc-dev/teesql/ast"

	"assay/app/source"
)

// scope is what the FROM clause of one SELECT lets columns be named by.
type scope struct{ items []item }

type item struct {
	name, schema string
	table        *ast.NamedTableReference
	alias        bool
}

func scopeOf(q *ast.QuerySpecification) *scope {
	s := &scope{}
	if q.FromClause != nil {
		for _, ref := range q.FromClause.TableReferences {
			s.add(ref)
		}
	}
	return s
}

func (s *scope) add(ref ast.TableReference) {
	var alias *ast.Identifier
	switch ref := ref.(type) {
	case *ast.QualifiedJoin:
		s.add(ref.FirstTableReference)
		s.add(ref.SecondTableReference)
	case *ast.UnqualifiedJoin:
		s.add(ref.FirstTableReference)
		s.add(ref.SecondTableReference)
	case *ast.JoinParenthesisTableReference:
		s.add(ref.Join)
	case *ast.NamedTableReference:
		if ref.Alias != nil {
			s.items = append(s.items, item{name: ref.Alias.Value, table: ref, alias: true})
		} else if o := ref.SchemaObject; o != nil {
			s.items = append(s.items, item{name: name(o.BaseIdentifier), schema: name(o.SchemaIdentifier), table: ref})
		}
	case *ast.QueryDerivedTable:
		alias = ref.Alias
	case *ast.InlineDerivedTable:
		alias = ref.Alias
	case *ast.SchemaObjectFunctionTableReference:
		alias = ref.Alias
	case *ast.GlobalFunctionTableReference:
		alias = ref.Alias
	case *ast.OpenJsonTableReference:
		alias = ref.Alias
	case *ast.FullTextTableReference:
		alias = ref.Alias
	case *ast.PivotedTableReference:
		alias = ref.Alias
	case *ast.UnpivotedTableReference:
		alias = ref.Alias
	}
	if alias != nil {
		s.items = append(s.items, item{name: alias.Value, alias: true})
	}
}

// qualified is a column's name with what stands before it.
type qualified struct {
	// before are the parts that name a table.
	before []*ast.Identifier
	scopes []*scope
	// call says that a method of the column is called, as in o.doc.value(…).
	call bool
}

// qualified notes a name of several parts of which the last ones name a column.
func (r *rules) qualified(m *ast.MultiPartIdentifier, columns int, call bool) {
	if m == nil || len(m.Identifiers) <= columns || !call && len(m.Identifiers) != columns+2 {
		return // a column of a table by its bare name, or one through another database, which nothing here has
	}
	r.columns = append(r.columns, qualified{before: m.Identifiers[:len(m.Identifiers)-columns], scopes: slices.Clone(r.scopes), call: call})
}

// shorten returns the tokens to leave out so that schema.table.column means the
// column of what stands in the table's place.
func (r *rules) shorten() ([]edit, error) {
	var edits []edit
	for _, q := range r.columns {
		last := q.before[len(q.before)-1]
		found, err := r.meant(q)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		from, to := r.token(q.before[0].Frag()), r.token(last.Frag())
		if from < 0 || to < from {
			return nil, source.Refuse(r.at(last.Frag()), "The name of this column was not understood. Give the table an alias")
		}
		edits = append(edits, edit{from: from, to: to, before: true})
	}
	return edits, nil
}

// meant reports whether a column is named by the schema of a table that stands under a bare name now.
func (r *rules) meant(q qualified) (bool, error) {
	last := q.before[len(q.before)-1]
	table, schema := last.Value, ""
	if len(q.before) > 1 {
		schema = q.before[len(q.before)-2].Value
	}
	if len(q.before) > 2 {
		return false, source.Refuse(r.at(last.Frag()), "A column is named by its table and the schema at most")
	}
	others := 0
	for i := len(q.scopes) - 1; i >= 0; i-- {
		var hit *place
		for _, it := range q.scopes[i].items {
			if !sameName(it.name, table) {
				continue
			}
			p := r.of[it.table]
			if len(q.before) == 1 {
				return false, nil
			}
			if it.alias || p == nil || p.with != nil || !sameName(schema, it.schema) && !sameName(schema, p.table.Schema) {
				others++
				continue
			}
			if hit != nil {
				others++
			}
			hit = p
		}
		switch {
		case hit == nil:
		case !hit.renamed():
			return false, nil
		case others > 0:
			return false, source.Refuse(r.at(last.Frag()), "More than one table is called %s here. Give each an alias", clip(table))
		default:
			return true, nil
		}
	}
	if q.call {
		// Nothing tells such a name from that of a function, which could read tables past their rules.
		return false, source.Refuse(r.at(last.Frag()), "There is no table %s whose column could be meant here", clip(table))
	}
	return false, nil
}

// renamed reports whether what stands in the table's place is known by an alias
// where the statement gave none.
func (p *place) renamed() bool {
	return p.with == nil && p.node != nil && p.node.Alias == nil && (p.graft != nil || p.shown || p.table.Name != p.written)
}
