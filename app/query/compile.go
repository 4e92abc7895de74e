package query

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
)

// Compiled is a spec in a dialect's SQL, with its values apart.
type Compiled struct {
	SQL  string
	Args []source.Arg
	// Outputs describes the result's columns in order; none where all of a table's columns are asked.
	Outputs []Output
}

// Output is a column of a compiled question.
type Output struct {
	Name    string
	Measure bool
	// Digits is frame.Column.Digits of the column.
	Digits int
	// Kind is what the column holds where the compiler knows better than a driver; Other where it does not.
	Kind frame.Kind
}

// meanDigits is how many significant digits of a mean are told: more would
// differ between engines that add up in another order.
const meanDigits = 12

// Compile spells a checked spec for a kind of database; now is the present time
// in the connection's zone, for relative dates.
func Compile(s *Spec, catalog *source.Catalog, kind string, d source.Dialect, now time.Time) (*Compiled, error) {
	if s.Question != "" {
		return nil, fault.Field("spec.question", "The result of a saved question is asked through the runner")
	}
	c := &compiler{spec: s, kind: kind, binder: binder{dialect: d, now: now}}
	return c.compile(catalog, nil)
}

// compile spells the compiler's spec over the catalog's tables or, where there is
// one, over the result of a question.
func (c *compiler) compile(catalog *source.Catalog, in *inner) (_ *Compiled, err error) {
	if c.scope, err = newScope(catalog, c.binder.dialect, c.spec, in); err != nil {
		return nil, err
	}
	c.bun = bunFor(c.kind)
	if err := c.resolve(); err != nil {
		return nil, err
	}
	q, err := c.question()
	if err != nil {
		return nil, err
	}
	text, err := q.AppendQuery(c.bun.QueryGen(), nil)
	if err != nil {
		return nil, err
	}
	return &Compiled{SQL: c.around(string(text)), Args: c.args, Outputs: c.outputs}, nil
}

type compiler struct {
	*scope
	binder
	spec   *Spec
	kind   string
	bun    *bun.DB
	narrow []Filter
	// inside says that the text stands in another's FROM: without a limit its order
	// means nothing there and is left to the text around it, in order.
	inside bool
	order  []orderTerm
	// written is the question asked, as it was last spelled.
	written    *embedded
	dimensions []dimension
	measures   []measure
	outputs    []Output
	names      names
}

type dimension struct {
	sql    string // over the joined tables
	name   string
	column column
}

type measure struct {
	fn     Fn
	name   string
	column *column // nil for a count of rows
	kind   frame.Kind
	// table whose rows are measured; deduplicated says that joins multiply them.
	table        int
	deduplicated bool
}

func (c *compiler) resolve() error {
	c.names = names{}
	for i, d := range c.spec.Dimensions {
		col, err := c.column(fmt.Sprintf("spec.dimensions[%d].column", i), d.Column)
		if err != nil {
			return err
		}
		dim := dimension{sql: c.sql(col), column: col}
		out := Output{Kind: frame.Other}
		switch {
		case d.Grain != "":
			if col.Kind != frame.Date && col.Kind != frame.Time {
				return fault.Field(fmt.Sprintf("spec.dimensions[%d].grain", i), "%s holds %s; only dates have a grain", col.Name, col.Kind)
			}
			if col.Kind == frame.Date && (d.Grain == source.Minute || d.Grain == source.Hour) {
				return fault.Field(fmt.Sprintf("spec.dimensions[%d].grain", i), "%s holds days; its finest grain is day", col.Name)
			}
			dim.sql = c.scope.dialect.Trunc(dim.sql, d.Grain, col.Kind)
			if out.Kind = frame.Date; d.Grain == source.Minute || d.Grain == source.Hour {
				out.Kind = frame.Time
			}
		case d.Bin != "":
			if col.Kind != frame.Number {
				return fault.Field(fmt.Sprintf("spec.dimensions[%d].bin", i), "%s holds %s; only numbers have bins", col.Name, col.Kind)
			}
			if c.kind == "mysql" && approximate(col.Type) {
				dim.sql = "CAST(" + dim.sql + " AS DECIMAL(65,15))" // remainders of binary fractions would make bins of their own
			}
			dim.sql = c.scope.dialect.Bin(dim.sql, string(d.Bin))
			out.Kind, out.Digits = frame.Number, meanDigits
		}
		dim.name = c.names.pick(d.As, d.plainName(col.Name))
		out.Name = dim.name
		c.dimensions, c.outputs = append(c.dimensions, dim), append(c.outputs, out)
	}
	for i, m := range c.spec.Measures {
		one, out, err := c.measure(m, fmt.Sprintf("spec.measures[%d]", i))
		if err != nil {
			return err
		}
		c.measures, c.outputs = append(c.measures, one), append(c.outputs, out)
	}
	return nil
}

func (c *compiler) measure(m Measure, field string) (measure, Output, error) {
	one := measure{fn: m.Fn}
	out := Output{Measure: true, Kind: frame.Number}
	if m.Column == "" {
		one.name = c.names.pick(m.As, m.plainName(""))
	} else {
		col, err := c.column(field+".column", m.Column)
		if err != nil {
			return one, out, err
		}
		one.column, one.table, one.kind = &col, col.table, col.Kind
		one.name = c.names.pick(m.As, m.plainName(col.Name))
		switch m.Fn {
		case Sum, Avg, Median:
			if col.Kind != frame.Number {
				return one, out, fault.Field(field+".column", "%s holds %s; %s needs numbers", col.Name, col.Kind, m.Fn)
			}
			if m.Fn != Sum || approximate(col.Type) {
				out.Digits = meanDigits
			}
		case Min, Max:
			if out.Kind = col.Kind; col.Kind == frame.Text || col.Kind == frame.Other {
				out.Kind = frame.Other
			}
			if col.Kind == frame.JSON || col.Kind == frame.Binary || col.Kind == frame.Bool {
				return one, out, fault.Field(field+".column", "%s holds %s, which has no order", col.Name, col.Kind)
			}
		case CountDistinct:
			if col.Kind == frame.JSON || col.Kind == frame.Binary {
				return one, out, fault.Field(field+".column", "%s holds %s, whose values are not compared", col.Name, col.Kind)
			}
		}
	}
	out.Name = one.name
	switch m.Fn {
	case Count, Sum, Avg, Median: // a repeated row would count again
		one.deduplicated = c.fanned(one.table)
	}
	if one.deduplicated {
		t := c.tables[one.table].table
		if len(t.PrimaryKey()) == 0 {
			return one, out, fault.Field(field, "The joins repeat rows of %s, and without a primary key they cannot be counted once; ask about it without the join", t.Name)
		}
	}
	return one, out, nil
}

// approximate reports whether a column's type keeps binary fractions, whose sums depend on the order of adding.
func approximate(typ string) bool {
	for _, word := range []string{"double", "float", "real"} {
		if strings.Contains(strings.ToLower(typ), word) {
			return true
		}
	}
	return false
}

func safe(sql string) (string, bun.Safe) { return "?", bun.Safe(sql) }

// from starts a select over the joined tables with the question's filters.
func (c *compiler) from() (_ *bun.SelectQuery, err error) {
	q := c.bun.NewSelect()
	for i, st := range c.tables {
		name := c.scope.dialect.Quote(st.table.Name)
		if st.table.Schema != "" {
			name = c.scope.dialect.Quote(st.table.Schema) + "." + name
		}
		if st.alias != st.table.Name || st.table.Schema != "" {
			name += " AS " + c.scope.dialect.Quote(st.alias)
		}
		if i == 0 {
			if st.from != nil {
				if name, err = c.innerText(st.from); err != nil {
					return nil, err
				}
			}
			q.TableExpr(safe(name))
			continue
		}
		var on []string
		for _, p := range st.on {
			on = append(on, c.scope.dialect.Quote(c.tables[st.parent].alias)+"."+c.scope.dialect.Quote(p.left)+" = "+
				c.scope.dialect.Quote(st.alias)+"."+c.scope.dialect.Quote(p.right))
		}
		word := "LEFT JOIN "
		if st.inner {
			word = "JOIN "
		}
		q.Join(safe(word + name + " ON " + strings.Join(on, " AND ")))
	}
	where, err := c.where(c.spec.Filters, "spec.filters", func(field, name string) (target, error) {
		col, err := c.column(field, name)
		if err != nil {
			return target{}, err
		}
		return target{sql: c.sql(col), kind: col.Kind, name: col.Name}, nil
	})
	if err != nil {
		return nil, err
	}
	if where != "" {
		q.Where(safe(where))
	}
	if where, err = c.narrowed(); err != nil {
		return nil, err
	}
	if where != "" {
		q.Where(safe(where))
	}
	return q, nil
}

func (c *compiler) question() (*bun.SelectQuery, error) {
	switch {
	case len(c.dimensions)+len(c.measures) == 0:
		return c.plainRows()
	case c.together():
		return c.grouped()
	default:
		return c.nested()
	}
}

// together reports whether all measures can be taken in one pass over the joined rows.
func (c *compiler) together() bool {
	for _, m := range c.measures {
		if m.deduplicated {
			return false
		}
		if m.fn == Median {
			if _, ok := c.scope.dialect.Median(""); !ok {
				return false
			}
		}
	}
	return true
}

// plainRows asks for rows as they are.
func (c *compiler) plainRows() (*bun.SelectQuery, error) {
	var columns []column
	for i, name := range c.spec.Columns {
		col, err := c.column(fmt.Sprintf("spec.columns[%d]", i), name)
		if err != nil {
			return nil, err
		}
		columns = append(columns, col)
	}
	if len(columns) == 0 {
		for i := range c.tables[0].table.Columns {
			columns = append(columns, column{0, &c.tables[0].table.Columns[i]})
		}
	}
	terms := map[string]string{}
	list := make([]string, len(columns))
	for i, col := range columns {
		name := c.names.pick("", col.Name)
		list[i] = c.sql(col)
		terms[name] = c.sql(col)
		if name != col.Name {
			list[i] += " AS " + c.scope.dialect.Quote(name)
		}
		c.outputs = append(c.outputs, Output{Name: name, Kind: frame.Other})
	}
	q, err := c.from()
	if err != nil {
		return nil, err
	}
	for _, item := range list {
		q.ColumnExpr(safe(item))
	}
	if c.spec.Having != nil {
		return nil, fault.Field("spec.having", "A question without measures has nothing to filter after grouping")
	}
	return c.finish(q, terms, nil)
}

// aggregate spells a measure over the expression x of its column ("" for rows).
func (c *compiler) aggregate(fn Fn, x string) string {
	d := c.scope.dialect
	switch fn {
	case CountDistinct:
		return "COUNT(DISTINCT " + x + ")"
	case Sum:
		return d.Sum(x)
	case Avg:
		return "AVG(" + d.Float(x) + ")"
	case Min:
		return "MIN(" + x + ")"
	case Max:
		return "MAX(" + x + ")"
	case Median:
		sql, _ := d.Median(x)
		return sql
	}
	if x == "" {
		return "COUNT(*)"
	}
	return "COUNT(" + x + ")"
}

// grouped takes all measures in one pass.
func (c *compiler) grouped() (*bun.SelectQuery, error) {
	q, err := c.from()
	if err != nil {
		return nil, err
	}
	terms := map[string]string{}
	for _, d := range c.dimensions {
		q.ColumnExpr(safe(d.sql + " AS " + c.scope.dialect.Quote(d.name)))
		q.GroupExpr(safe(d.sql))
		terms[d.name] = d.sql
	}
	for _, m := range c.measures {
		x := ""
		if m.column != nil {
			x = c.sql(*m.column)
		}
		terms[m.name] = c.aggregate(m.fn, x)
		q.ColumnExpr(safe(terms[m.name] + " AS " + c.scope.dialect.Quote(m.name)))
	}
	return c.finishGroups(q, terms)
}

// finishGroups filters the groups by their measures, sorts and limits them.
func (c *compiler) finishGroups(q *bun.SelectQuery, terms map[string]string) (*bun.SelectQuery, error) {
	having, err := c.having(terms)
	if err != nil {
		return nil, err
	}
	if having != "" {
		q.Having(safe(having))
	}
	return c.finish(q, terms, c.dimensionNames())
}

func (c *compiler) dimensionNames() []string {
	var names []string
	for _, d := range c.dimensions {
		names = append(names, d.name)
	}
	return names
}

// having spells the filters on measures, named as in the result.
func (c *compiler) having(terms map[string]string) (string, error) {
	return c.where(c.spec.Having, "spec.having", func(field, name string) (target, error) {
		i := slices.IndexFunc(c.outputs, func(o Output) bool { return strings.EqualFold(o.Name, name) && o.Measure })
		if i < 0 {
			return target{}, fault.Field(field, "There is no measure %s in this question", name)
		}
		return target{sql: terms[c.outputs[i].Name], kind: c.outputs[i].Kind, name: name}, nil
	})
}

// finish sorts and limits. Names that the question does not sort by follow in
// order, so that the same question always gives the same rows in the same order.
func (c *compiler) finish(q *bun.SelectQuery, terms map[string]string, ties []string) (*bun.SelectQuery, error) {
	sorted := map[string]bool{}
	var order []string
	note := func(name string, desc bool) {
		c.order = append(c.order, orderTerm{name: name, spell: func(x string) []string { return c.scope.dialect.Order(x, desc) }})
	}
	for i, o := range c.spec.Order {
		name, ok := "", false
		for n := range terms {
			if strings.EqualFold(n, o.By) {
				name, ok = n, true
			}
		}
		if !ok {
			return nil, fault.Field(fmt.Sprintf("spec.order[%d].by", i), "There is no column %s in this question's result", o.By)
		}
		if !sorted[name] {
			order = append(order, c.scope.dialect.Order(terms[name], o.Desc)...)
			note(name, o.Desc)
			sorted[name] = true
		}
	}
	for _, name := range ties {
		if !sorted[name] {
			order = append(order, c.scope.dialect.Order(terms[name], false)...)
			note(name, false)
		}
	}
	if len(order) == 0 && len(c.dimensions)+len(c.measures) == 0 {
		order = c.innerOrder(terms)
	}
	if c.inside && c.spec.Limit == 0 {
		order = nil
	}
	if len(order) == 0 && c.spec.Limit > 0 && c.bun.Dialect().Name().String() == "mssql" {
		order = []string{"(SELECT NULL)"} // OFFSET … FETCH needs an ORDER BY
	}
	for _, term := range order {
		q.OrderExpr(safe(term))
	}
	if c.spec.Limit > 0 {
		q.Limit(int64(c.spec.Limit))
	}
	return q, nil
}
