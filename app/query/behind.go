package query

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/app/frame"
	"assay/app/source"
)

// Behind is the rows behind marks of an answer.
type Behind struct {
	// Request asks for the rows; its Spec, where it has one, can be changed further.
	Request
	// Notes say in sentences where the rows are more than the marks stand for.
	Notes []string
}

// behindAge is how old an answer may be whose groups say which rows are behind it.
const behindAge = time.Minute

// Behind returns what to ask for the rows behind marks of a request's answer,
// with the request's conditions. Where the answer leaves groups out, so do the
// rows; where joins repeat the rows that are measured, each stands there once. Of
// a written question they are the rows of its result. A mark that names no column
// of the result is a fault in the field marks.
func (r *Runner) Behind(ctx context.Context, req Request, marks []Mark) (*Behind, error) {
	req.settle()
	columns, err := r.Describe(ctx, req)
	if err != nil {
		return nil, err
	}
	out := &Behind{Request: Request{Person: req.Person, Connection: req.Connection, Parameters: req.Parameters, Timeout: req.Timeout}}
	asked := req.Saved
	if asked == nil {
		asked = &Question{ConnectionID: req.Connection, Body: Body{SQL: req.SQL, Spec: req.Spec}}
	}
	narrow := slices.DeleteFunc(slices.Clone(req.Narrow), func(f Filter) bool { return empty([]Filter{f}) })
	s := req.Spec
	switch plain := s != nil && len(s.Dimensions)+len(s.Measures) == 0; {
	case s == nil && req.Saved == nil:
		filters, err := markFilters(marks, columns)
		if err != nil {
			return nil, err
		}
		out.SQL, out.Narrow = req.SQL, append(narrow, filters...)
		return out, nil
	case plain && s.Limit > 0 && req.Saved != nil && len(narrow) == 0:
		// Its limit decides which rows there are, so they are those of its result.
		asked = &Question{ID: req.Saved.ID, ConnectionID: req.Connection}
	case plain && s.Limit > 0:
		out.Notes = append(out.Notes, "The question's limit does not hold here: these are all rows that match.")
	}
	opened, err := r.pools.Open(ctx, req.Connection)
	if err != nil {
		return nil, err
	}
	engine := opened.Driver.Kind()
	if out.Spec, err = drillSpec(asked, marks, columns, engine); err != nil {
		return nil, err
	}
	for _, f := range narrow {
		if asked.Body.Spec != nil {
			on, err := s.ofColumns(&f, engine)
			if err != nil {
				return nil, err
			}
			f = *on
		}
		out.Spec.Filters = allOf(out.Spec.Filters, []Filter{f})
	}
	if asked.Body.Spec == nil {
		return out, nil
	}
	if err := r.sameGroups(ctx, req, marks, engine, out); err != nil {
		return nil, err
	}
	return out, r.measuredRows(ctx, req, opened.Driver.Dialect(), out)
}

// ofColumns puts conditions on columns in place of those on the spec's dimensions.
func (s *Spec) ofColumns(f *Filter, engine string) (*Filter, error) {
	out := *f
	for _, list := range []*[]Filter{&out.And, &out.Or} {
		if *list == nil {
			continue
		}
		filled := make([]Filter, len(*list))
		for i := range *list {
			one, err := s.ofColumns(&(*list)[i], engine)
			if err != nil {
				return nil, err
			}
			filled[i] = *one
		}
		*list = filled
	}
	if f.Column != "" {
		if i := slices.IndexFunc(s.Names()[:len(s.Dimensions)], func(n string) bool { return strings.EqualFold(n, f.Column) }); i >= 0 {
			return s.Dimensions[i].condition(f, engine)
		}
	}
	return &out, nil
}

// sameGroups keeps out the rows of groups that the answer does not have, by its
// limit or its filters on measures.
func (r *Runner) sameGroups(ctx context.Context, req Request, marks []Mark, engine string, out *Behind) error {
	s := req.Spec
	names := s.Names()[:len(s.Dimensions)]
	var open []int
	for i, name := range names {
		if !slices.ContainsFunc(marks, func(m Mark) bool { return strings.EqualFold(m.Column, name) }) {
			open = append(open, i)
		}
	}
	chosen := s.Limit > 0 || s.Having != nil && !empty([]Filter{*s.Having})
	if len(open) == 0 || !chosen {
		return nil
	}
	again := req
	again.MaxAge = behindAge
	answer, err := r.Frame(ctx, again)
	if err != nil {
		return err
	}
	f := answer.Frame
	if s.Having == nil && f.Rows() < s.Limit && !f.Truncated {
		return nil
	}
	var groups []Filter
	seen := map[string]bool{}
	for row := range f.Rows() {
		if !marked(f, row, marks, names, engine) {
			continue
		}
		var parts []Filter
		for _, i := range open {
			v, ok := f.Cell(row, i)
			part, err := s.Dimensions[i].marked(Mark{Column: f.Columns[i].Name, Value: string(v), Null: !ok}, f.Columns, engine)
			if err != nil {
				return err
			}
			parts = append(parts, *part)
		}
		group := *allOf(nil, parts)
		if text, _ := json.Marshal(group); !seen[string(text)] {
			seen[string(text)], groups = true, append(groups, group)
		}
	}
	only := Filter{Or: groups}
	with := *out.Spec
	with.Filters = allOf(out.Spec.Filters, []Filter{only})
	if len(groups) == 0 || f.Truncated || with.Check() != nil {
		out.Notes = append(out.Notes, "The question leaves groups out, by its limit or its filters on measures; rows of those are among these.")
		return nil
	}
	if len(groups) == 1 {
		with.Filters = allOf(out.Spec.Filters, groups)
	}
	out.Spec = &with
	return nil
}

// marked reports whether a row of an answer has the marks' values.
func marked(f *frame.Frame, row int, marks []Mark, dimensions []string, engine string) bool {
	for _, m := range marks {
		i := slices.IndexFunc(dimensions, func(n string) bool { return strings.EqualFold(n, m.Column) })
		if i < 0 || i >= len(f.Columns) {
			continue
		}
		if v, ok := f.Cell(row, i); ok == m.Null || ok && !sameText(string(v), m.Value, engine) {
			return false
		}
	}
	return true
}

// sameText compares values as the engine's usual order of texts does.
func sameText(a, b, engine string) bool {
	if engine == "mysql" || engine == "sqlserver" {
		return strings.EqualFold(strings.TrimRight(a, " "), strings.TrimRight(b, " "))
	}
	return a == b
}

// measuredRows makes a joined question's rows those of the table that is
// measured, each once.
func (r *Runner) measuredRows(ctx context.Context, req Request, dialect source.Dialect, out *Behind) error {
	s := req.Spec
	if len(s.Joins) == 0 || len(s.Measures) == 0 {
		return nil
	}
	catalog, err := r.rules.Catalog(ctx, req.Person, req.Connection)
	if err != nil {
		return err
	}
	sc, err := newScope(catalog, dialect, s, nil)
	if err != nil {
		return err
	}
	at := -1
	for i, m := range s.Measures {
		table := 0
		if m.Column != "" {
			col, err := sc.column(fmt.Sprintf("spec.measures[%d].column", i), m.Column)
			if err != nil {
				return err
			}
			table = col.table
		}
		if at >= 0 && at != table {
			out.Spec.Columns = sc.columnNames()
			out.Notes = append(out.Notes, "The question measures several tables; where its joins repeat a table's rows they stand here again and again, though each is counted once.")
			return nil
		}
		at = table
	}
	t := sc.tables[at].table
	var names []string
	whole := true
	for _, c := range t.Columns {
		names = append(names, t.Name+"."+c.Name)
		whole = whole && c.Kind != frame.JSON && c.Kind != frame.Binary
	}
	key := t.PrimaryKey()
	if at > 0 && len(key) > 0 {
		// A row without a match has nothing to measure.
		out.Spec.Filters = allOf(out.Spec.Filters, []Filter{{Column: t.Name + "." + key[0], Op: NotNull}})
	}
	if !sc.fanned(at) {
		if at > 0 || slices.ContainsFunc(s.Dimensions, func(d Dimension) bool { return strings.Contains(d.Column, ".") }) {
			for _, d := range s.Dimensions {
				if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, d.Column) }) && strings.Contains(d.Column, ".") {
					names = append(names, d.Column)
				}
			}
			out.Spec.Columns = names[:min(len(names), mostOutputs)]
		}
		return nil
	}
	if !whole || len(names) > mostOutputs || len(key) == 0 {
		out.Spec.Columns = names[:min(len(names), mostOutputs)]
		out.Notes = append(out.Notes, fmt.Sprintf("The question's joins repeat rows of %s, which it counts once.", t.Name))
		return nil
	}
	for _, name := range names {
		out.Spec.Dimensions = append(out.Spec.Dimensions, Dimension{Column: name})
	}
	return nil
}

// columnNames names the columns of all tables, as many as a question can ask.
func (sc *scope) columnNames() (names []string) {
	for _, st := range sc.tables {
		for _, c := range st.table.Columns {
			names = append(names, st.table.Name+"."+c.Name)
		}
	}
	return names[:min(len(names), mostOutputs)]
}
