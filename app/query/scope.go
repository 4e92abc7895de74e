package query

import (
	"fmt"
	"slices"
	"strings"

	"assay/app/fault"
	"assay/app/source"
)

// scope is the tables of a question and how rows of one multiply those of another.
type scope struct {
	catalog *source.Catalog
	dialect source.Dialect
	tables  []scopeTable // the asked table first
}

type scopeTable struct {
	table *source.Table
	alias string
	// parent is the table this one was joined to, -1 for the asked one.
	parent int
	inner  bool
	on     []onPair
	// from is the question whose result this is, in place of a table.
	from *inner
	// one says that a row of the parent meets at most one row here; back the same the other way round.
	one, back bool
}

type onPair struct{ left, right string } // columns of the parent and of the joined table

// column is a resolved column of a scope.
type column struct {
	table int
	*source.Column
}

func newScope(c *source.Catalog, d source.Dialect, s *Spec, in *inner) (*scope, error) {
	sc := &scope{catalog: c, dialect: d}
	if in != nil {
		sc.tables = []scopeTable{{table: in.table, alias: in.alias, parent: -1, from: in}}
		return sc, nil
	}
	base, ok := c.Find(s.Table)
	if !ok {
		return nil, sc.unknownTable("spec.table", s.Table)
	}
	sc.tables = []scopeTable{{table: base, alias: base.Name, parent: -1}}
	for i, j := range s.Joins {
		if err := sc.join(i, j); err != nil {
			return nil, err
		}
	}
	return sc, nil
}

func (sc *scope) unknownTable(field, name string) error {
	var near []string
	for _, t := range sc.catalog.Tables {
		if closeTo(t.Name, name) {
			near = append(near, t.Name)
		}
	}
	if len(near) > 0 {
		return fault.Field(field, "There is no table %s; did you mean %s?", name, strings.Join(near[:min(3, len(near))], " or "))
	}
	return fault.Field(field, "There is no table %s in this connection", name)
}

// closeTo reports whether two names differ only in case, underscores or one being part of the other.
func closeTo(a, b string) bool {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	a, b = plain(a), plain(b[strings.LastIndexByte(b, '.')+1:])
	return b != "" && (strings.Contains(a, b) || strings.Contains(b, a))
}

func (sc *scope) join(i int, j Join) error {
	field := fmt.Sprintf("spec.joins[%d]", i)
	t, ok := sc.catalog.Find(j.Table)
	if !ok {
		return sc.unknownTable(field+".table", j.Table)
	}
	if slices.ContainsFunc(sc.tables, func(s scopeTable) bool { return s.table == t }) {
		return fault.Field(field+".table", "The table %s is part of the question already", t.Name)
	}
	st := scopeTable{table: t, alias: t.Name, parent: -1, inner: j.Kind == "inner"}
	if slices.ContainsFunc(sc.tables, func(s scopeTable) bool { return strings.EqualFold(s.alias, t.Name) }) {
		st.alias = t.Schema + "_" + t.Name
	}
	on := j.On
	if len(on) == 0 {
		on = sc.foreignKey(t)
	}
	if len(on) == 0 {
		return fault.Field(field+".on", "No foreign key leads to %s; name the columns to join on", t.Name)
	}
	for _, pair := range on {
		left, err := sc.column(field+".on", pair[0])
		if err != nil {
			return err
		}
		name := pair[1][strings.LastIndexByte(pair[1], '.')+1:]
		right, ok := t.Column(name)
		if !ok {
			return fault.Field(field+".on", "The table %s has no column %s", t.Name, name)
		}
		if st.parent >= 0 && st.parent != left.table {
			return fault.Field(field+".on", "A join goes from one table to one other")
		}
		st.parent = left.table
		st.on = append(st.on, onPair{left.Name, right.Name})
	}
	var lefts, rights []string
	for _, p := range st.on {
		lefts, rights = append(lefts, p.left), append(rights, p.right)
	}
	st.one = coversKey(t, rights)
	st.back = coversKey(sc.tables[st.parent].table, lefts)
	sc.tables = append(sc.tables, st)
	return nil
}

// coversKey reports whether the columns include the table's whole primary key, so that they name at most one row.
func coversKey(t *source.Table, columns []string) bool {
	key := t.PrimaryKey()
	for _, k := range key {
		if !slices.Contains(columns, k) {
			return false
		}
	}
	return len(key) > 0
}

// foreignKey returns the pairs of columns of the first foreign key between the tables so far and t.
func (sc *scope) foreignKey(t *source.Table) [][2]string {
	same := func(schema, name string, t *source.Table) bool {
		return strings.EqualFold(name, t.Name) && (schema == "" || strings.EqualFold(schema, t.Schema))
	}
	for _, s := range sc.tables {
		for _, fk := range s.table.ForeignKeys {
			if same(fk.Schema, fk.Table, t) {
				return pairs(s.table, fk.Columns, fk.References)
			}
		}
		for _, fk := range t.ForeignKeys {
			if same(fk.Schema, fk.Table, s.table) {
				return pairs(s.table, fk.References, fk.Columns)
			}
		}
	}
	return nil
}

func pairs(left *source.Table, lefts, rights []string) [][2]string {
	var list [][2]string
	for i := range lefts {
		list = append(list, [2]string{left.Name + "." + lefts[i], rights[i]})
	}
	return list
}

// column resolves "column", "table.column" or "schema.table.column".
func (sc *scope) column(field, name string) (column, error) {
	for i, st := range sc.tables {
		for _, prefix := range []string{st.table.Name + ".", st.table.Schema + "." + st.table.Name + ".", st.alias + "."} {
			if rest, ok := cutPrefixFold(name, prefix); ok {
				if c, ok := st.table.Column(rest); ok {
					return column{i, c}, nil
				}
			}
		}
	}
	var found []column
	for i, st := range sc.tables {
		if c, ok := st.table.Column(name); ok {
			found = append(found, column{i, c})
		}
	}
	switch {
	case len(found) == 1, len(found) > 1 && found[0].table == 0:
		return found[0], nil
	case len(found) > 1:
		return column{}, fault.Field(field, "The column %s is in several tables; write table.%s", name, name)
	}
	var near []string
	for _, st := range sc.tables {
		for _, c := range st.table.Columns {
			if closeTo(c.Name, name) {
				near = append(near, c.Name)
			}
		}
	}
	if len(near) > 0 {
		return column{}, fault.Field(field, "There is no column %s; did you mean %s?", name, strings.Join(near[:min(3, len(near))], " or "))
	}
	if sc.tables[0].from != nil {
		return column{}, fault.Field(field, "There is no column %s in the result of the question ‘%s’; it may have been changed since", name, sc.tables[0].table.Name)
	}
	return column{}, fault.Field(field, "There is no column %s in this question's tables", name)
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return "", false
}

// sql returns the column as it is written in SQL.
func (sc *scope) sql(c column) string {
	return sc.dialect.Quote(sc.tables[c.table].alias) + "." + sc.dialect.Quote(c.Name)
}

// fanned reports whether a row of the table can stand in several joined rows:
// whether, walking the joins away from it, some step leads from one row to many.
func (sc *scope) fanned(table int) bool {
	for i := 1; i < len(sc.tables); i++ {
		st := sc.tables[i]
		if sc.below(table, i) {
			if !st.back { // the walk goes from the joined table up to its parent
				return true
			}
		} else if !st.one {
			return true
		}
	}
	return false
}

// below reports whether the table is the joined table i or was joined, directly or not, to it.
func (sc *scope) below(table, i int) bool {
	for ; table >= 0; table = sc.tables[table].parent {
		if table == i {
			return true
		}
	}
	return false
}
