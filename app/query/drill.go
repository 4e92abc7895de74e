package query

import (
	"encoding/json"
	"slices"
	"strings"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
)

// Mark is what somebody pointed at in a question's drawing: a value, in its
// canonical text (see package frame), or null, of a column of the result.
type Mark struct {
	Column string
	Value  string
	Null   bool
}

// drillSpec returns the question for the rows behind marks of a saved question's
// drawing, whose result has the columns. Of a built question it asks the same
// tables with the same filters; of a written one, whose groups nobody can undo,
// the rows of its result. Marks of measures narrow nothing; one that names no
// column of the result is a fault in the field marks.
func drillSpec(q *Question, marks []Mark, columns []frame.Column, engine string) (*Spec, error) {
	if q.Body.Spec == nil {
		s := &Spec{Question: q.ID}
		filters, err := markFilters(marks, columns)
		if err != nil {
			return nil, err
		}
		s.Filters = allOf(nil, filters)
		return s, nil
	}
	asked := q.Body.Spec
	s := &Spec{Table: asked.Table, Question: asked.Question, Joins: asked.Joins}
	names := asked.Names()
	plain := len(asked.Dimensions)+len(asked.Measures) == 0
	var filters []Filter
	for _, m := range marks {
		i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, m.Column) })
		switch {
		case i >= len(asked.Dimensions):
			continue // a measure
		case i >= 0:
			f, err := asked.Dimensions[i].marked(m, columns, engine)
			if err != nil {
				return nil, err
			}
			filters = append(filters, *f)
		case plain:
			f, err := markFilters([]Mark{m}, columns)
			if err != nil {
				return nil, err
			}
			f[0].Column = asked.columnNamed(m.Column)
			filters = append(filters, f[0])
		default:
			return nil, fault.Field("marks", "There is no column %s in this question's result", m.Column)
		}
	}
	if plain {
		s.Columns = asked.Columns
	}
	s.Filters = allOf(asked.Filters, filters)
	return s, nil
}

// columnNamed returns the column that stands under a name in the result of plain rows.
func (s *Spec) columnNamed(name string) string {
	given := names{}
	for _, c := range s.Columns {
		if strings.EqualFold(given.pick("", c[strings.LastIndexByte(c, '.')+1:]), name) {
			return c
		}
	}
	return name
}

// marked returns the condition that a mark of the dimension means.
func (d Dimension) marked(m Mark, columns []frame.Column, engine string) (*Filter, error) {
	if m.Null {
		return &Filter{Column: d.Column, Op: IsNull}, nil
	}
	kind := frame.Text
	if i := columnNamed(columns, m.Column); i >= 0 {
		kind = columns[i].Kind
	}
	if d.Bin != "" {
		kind = frame.Number
	}
	if kind == frame.JSON || kind == frame.Binary {
		return nil, fault.Field("marks", "%s holds %s, whose values are not compared", m.Column, kind)
	}
	f, err := d.condition(&Filter{Column: m.Column, Op: Eq, Value: markValue(kind, m.Value)}, engine)
	if err != nil {
		for _, reason := range fault.FieldsOf(err) {
			return nil, fault.Field("marks", "%s", reason)
		}
	}
	return f, err
}

// markFilters returns conditions on the columns of a result.
func markFilters(marks []Mark, columns []frame.Column) ([]Filter, error) {
	for _, m := range marks {
		i := columnNamed(columns, m.Column)
		if i < 0 {
			return nil, fault.Field("marks", "There is no column %s in this question's result", m.Column)
		}
		if k := columns[i].Kind; !m.Null && (k == frame.JSON || k == frame.Binary) {
			return nil, fault.Field("marks", "%s holds %s, whose values are not compared", m.Column, k)
		}
	}
	return NarrowBy(columns, marks), nil
}

// NarrowBy returns the conditions (Request.Narrow) that marks mean for questions
// that have the same columns: numbers and truth values typed, the rest as text.
func NarrowBy(columns []frame.Column, marks []Mark) []Filter {
	var list []Filter
	for _, m := range marks {
		name, kind := m.Column, frame.Text
		if i := columnNamed(columns, m.Column); i >= 0 {
			name, kind = columns[i].Name, columns[i].Kind
		}
		if m.Null {
			list = append(list, Filter{Column: name, Op: IsNull})
			continue
		}
		list = append(list, Filter{Column: name, Op: Eq, Value: markValue(kind, m.Value)})
	}
	return list
}

// columnNamed returns the place of a column, -1 where there is none.
func columnNamed(columns []frame.Column, name string) int {
	i := slices.IndexFunc(columns, func(c frame.Column) bool { return c.Name == name })
	if i < 0 {
		i = slices.IndexFunc(columns, func(c frame.Column) bool { return strings.EqualFold(c.Name, name) })
	}
	return i
}

// markValue spells a canonical value as JSON.
func markValue(kind frame.Kind, text string) json.RawMessage {
	if json.Valid([]byte(text)) && (kind == frame.Number && source.IsNumber(text) || kind == frame.Bool && (text == "true" || text == "false")) {
		return json.RawMessage(text)
	}
	value, err := json.Marshal(text)
	if err != nil {
		return json.RawMessage(`""`)
	}
	return value
}

// allOf joins a question's own filters with further ones.
func allOf(own *Filter, further []Filter) *Filter {
	all := further
	if own != nil && !empty([]Filter{*own}) {
		all = append([]Filter{*own}, further...)
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return &all[0]
	}
	return &Filter{And: all}
}
