package query

import (
	"fmt"
	"strings"

	"github.com/uptrace/bun"
)

// Where joins repeat a table's rows, or the engine has no median, measures are
// taken over an inner select: one row for each row of the measured table within
// each group of dimensions, ranked where a median is asked. Measures of
// different tables are taken apart and joined on the dimensions.

// part is the measures that are taken from one inner select.
type part struct {
	table    int // whose rows are kept once; -1 for the joined rows as they are
	measures []measure
}

func (c *compiler) parts() []part {
	var parts []part
	for _, m := range c.measures {
		table := -1
		if m.deduplicated {
			table = m.table
		}
		i := 0
		for i < len(parts) && parts[i].table != table {
			i++
		}
		if i == len(parts) {
			parts = append(parts, part{table: table})
		}
		parts[i].measures = append(parts[i].measures, m)
	}
	return parts
}

func (c *compiler) nested() (*bun.SelectQuery, error) {
	d := c.scope.dialect
	parts := c.parts()
	if len(parts) == 1 {
		q, terms, err := c.part(parts[0])
		if err != nil {
			return nil, err
		}
		return c.finishGroups(q, terms)
	}

	outer := c.bun.NewSelect()
	terms := map[string]string{}
	alias := func(i int) string { return d.Quote(fmt.Sprintf("part_%d", i+1)) }
	for i, p := range parts {
		q, _, err := c.part(p)
		if err != nil {
			return nil, err
		}
		text, err := q.AppendQuery(c.bun.QueryGen(), nil)
		if err != nil {
			return nil, err
		}
		derived := "(" + string(text) + ") AS " + alias(i)
		if i == 0 {
			outer.TableExpr(safe(derived))
		} else if len(c.dimensions) == 0 {
			outer.Join(safe("CROSS JOIN " + derived))
		} else {
			var on []string
			for _, dim := range c.dimensions {
				a, b := alias(0)+"."+d.Quote(dim.name), alias(i)+"."+d.Quote(dim.name)
				on = append(on, "("+a+" = "+b+" OR ("+a+" IS NULL AND "+b+" IS NULL))")
			}
			outer.Join(safe("JOIN " + derived + " ON " + strings.Join(on, " AND ")))
		}
		for _, m := range p.measures {
			terms[m.name] = alias(i) + "." + d.Quote(m.name)
		}
	}
	for _, dim := range c.dimensions {
		terms[dim.name] = alias(0) + "." + d.Quote(dim.name)
	}
	for _, o := range c.outputs {
		outer.ColumnExpr(safe(terms[o.Name] + " AS " + d.Quote(o.Name)))
	}
	having, err := c.having(terms)
	if err != nil {
		return nil, err
	}
	if having != "" {
		outer.Where(safe(having))
	}
	return c.finish(outer, terms, c.dimensionNames())
}

// part spells the measures of one part, grouped by the dimensions; terms maps
// each output to its expression in that select.
func (c *compiler) part(p part) (q *bun.SelectQuery, terms map[string]string, err error) {
	d := c.scope.dialect
	rows, err := c.from()
	if err != nil {
		return nil, nil, err
	}
	inner := func(kind string, i int) string { return d.Quote(fmt.Sprintf("%s_%d", kind, i+1)) }
	for i, dim := range c.dimensions {
		rows.ColumnExpr(safe(dim.sql + " AS " + inner("d", i)))
	}
	if p.table >= 0 {
		rows.Distinct()
		for i, key := range c.tables[p.table].table.PrimaryKey() {
			rows.ColumnExpr(safe(d.Quote(c.tables[p.table].alias) + "." + d.Quote(key) + " AS " + inner("k", i)))
		}
	}
	for i, m := range p.measures {
		if m.column != nil {
			rows.ColumnExpr(safe(c.sql(*m.column) + " AS " + inner("m", i)))
		}
	}
	if p.table < 0 && len(c.dimensions) == 0 && !anyColumn(p.measures) {
		rows.ColumnExpr("1 AS one")
	}
	source, err := c.derived(rows, "rows_1")
	if err != nil {
		return nil, nil, err
	}
	if source, err = c.ranked(p, source, inner); err != nil {
		return nil, nil, err
	}

	q = c.bun.NewSelect().TableExpr(safe(source))
	terms = map[string]string{}
	for i, dim := range c.dimensions {
		terms[dim.name] = inner("d", i)
		q.ColumnExpr(safe(inner("d", i) + " AS " + d.Quote(dim.name)))
		q.GroupExpr(safe(inner("d", i)))
	}
	for i, m := range p.measures {
		x := ""
		switch {
		case m.column != nil:
			x = inner("m", i)
		case p.table >= 0: // rows of the table: a left join's missing row has no key
			x = inner("k", 0)
		}
		terms[m.name] = c.aggregate(m.fn, x)
		if m.fn == Median && terms[m.name] == "" {
			// Of n values the middle one, or the two in the middle, have the rank r with n ≤ 2r ≤ n+2.
			r, n := inner("r", i), inner("n", i)
			terms[m.name] = "AVG(CASE WHEN " + r + " * 2 BETWEEN " + n + " AND " + n + " + 2 THEN " + d.Float(x) + " END)"
		}
		q.ColumnExpr(safe(terms[m.name] + " AS " + d.Quote(m.name)))
	}
	return q, terms, nil
}

func anyColumn(list []measure) bool {
	for _, m := range list {
		if m.column != nil {
			return true
		}
	}
	return false
}

func (c *compiler) derived(q *bun.SelectQuery, name string) (string, error) {
	text, err := q.AppendQuery(c.bun.QueryGen(), nil)
	return "(" + string(text) + ") AS " + c.scope.dialect.Quote(name), err
}

// ranked adds rank and count of the values of each median that the engine has no aggregate for.
func (c *compiler) ranked(p part, source string, inner func(kind string, i int) string) (string, error) {
	d := c.scope.dialect
	var window []string
	for i := range c.dimensions {
		window = append(window, inner("d", i))
	}
	by := ""
	if len(window) > 0 {
		by = "PARTITION BY " + strings.Join(window, ", ")
	}
	var extra []string
	for i, m := range p.measures {
		if m.fn != Median {
			continue
		}
		if _, native := d.Median(""); native {
			continue
		}
		x := inner("m", i)
		extra = append(extra,
			"ROW_NUMBER() OVER ("+strings.TrimSpace(by+" ORDER BY CASE WHEN "+x+" IS NULL THEN 1 ELSE 0 END, "+x)+") AS "+inner("r", i),
			"COUNT("+x+") OVER ("+by+") AS "+inner("n", i))
	}
	if len(extra) == 0 {
		return source, nil
	}
	q := c.bun.NewSelect().TableExpr(safe(source)).ColumnExpr(safe(d.Quote("rows_1") + ".*"))
	for _, e := range extra {
		q.ColumnExpr(safe(e))
	}
	return c.derived(q, "rows_2")
}
