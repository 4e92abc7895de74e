package figure

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"assay/app/document"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
)

// Rows are those behind a figure, for files that go with a text or a dashboard.
type Rows struct {
	Title string
	// Frame is nil where the question was not answered, and Err says why; nobody
	// may change it.
	Frame *frame.Frame
	At    time.Time // when the database was asked
	Err   error
}

// Rows returns the rows behind the live blocks of a text, in its order, asked as
// the blocks ask. Of a block that shows a cell, or some columns, it returns those
// alone.
func (t *Texts) Rows(ctx context.Context, text Text) (list []Rows, err error) {
	x := &telling{texts: t, text: text, ctx: ctx, values: map[string]string{}, answers: map[string]*answered{}}
	for _, g := range text.Given {
		x.values[g.Name] = g.Value
	}
	refs := text.Source.Refs()
	if !slices.ContainsFunc(refs.Lives, asks) {
		return nil, nil
	}
	if err := x.find(refs); err != nil {
		return nil, err
	}
	for _, l := range refs.Lives {
		if !asks(l) {
			continue
		}
		one := x.rows(l)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

func asks(l *document.Live) bool { return l.Question != "" && l.Problem == "" }

func (x *telling) rows(l *document.Live) Rows {
	out := Rows{Title: l.Title}
	if out.Title == "" {
		out.Title = l.Question
	}
	q, err := x.question(l.Question)
	if err != nil {
		out.Err = err
		return out
	}
	if l.Title == "" {
		out.Title = q.Name
	}
	a, err := x.ask(q, l.Parameters, l.Where)
	if err != nil {
		out.Err = err
		return out
	}
	values := maps.Clone(q.Body.Parameters)
	if values == nil {
		values = map[string]string{}
	}
	maps.Copy(values, a.Parameters)
	r, err := x.frame(x.ctx, query.Request{Person: a.Person, Saved: q, Parameters: values, Narrow: a.Narrow, Timeout: a.Timeout, MaxAge: a.MaxAge})
	if err != nil {
		out.Err = err
		return out
	}
	out.Frame, out.At = r.Frame, r.At
	switch {
	case l.Claim != nil:
		row, col, problem := locate(l.Claim, r.Frame, x.values, frame.Formatter{Locale: x.text.View.Locale})
		if problem != "" {
			out.Frame, out.Err = nil, fault.New(fault.Invalid, "%s", problem)
			return out
		}
		out.Frame = part(r.Frame, []int{col}, row, row+1)
	case l.Kind == "table" && len(l.Columns) > 0:
		var cols []int
		for _, name := range l.Columns {
			if i := slices.IndexFunc(r.Frame.Columns, func(c frame.Column) bool { return strings.EqualFold(c.Name, name) }); i >= 0 {
				cols = append(cols, i)
			}
		}
		out.Frame = part(r.Frame, cols, 0, r.Frame.Rows())
	}
	return out
}

// part returns some columns of the rows from one up to another.
func part(f *frame.Frame, cols []int, from, to int) *frame.Frame {
	columns := make([]frame.Column, len(cols))
	for at, i := range cols {
		columns[at] = f.Columns[i]
	}
	out := frame.New(columns...)
	out.Truncated = f.Truncated
	for row := from; row < to; row++ {
		values := make([]*string, len(cols))
		for at, i := range cols {
			if v, ok := f.Cell(row, i); ok {
				text := string(v)
				values[at] = &text
			}
		}
		out.Append(values...)
	}
	return out
}
