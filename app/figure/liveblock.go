package figure

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"assay/app/chart"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
)

// Live implements document.Resolver.
func (x *telling) Live(l *document.Live) []document.Block {
	if l.Kind == "parameters" {
		return x.parameters(l)
	}
	made := slices.Clone(x.figures[l])
	for _, b := range made {
		if f, ok := b.(document.Figure); ok && f.Failure != nil {
			x.told.Failed++
		}
	}
	return made
}

func (x *telling) parameters(l *document.Live) []document.Block {
	if len(x.text.Given) == 0 {
		return nil
	}
	t := document.Table{Label: "Parameters", Columns: []document.Column{{Name: "Parameter"}, {Name: "Value"}}}
	for _, g := range x.text.Given {
		value := g.Value
		if value == "" {
			value = "any"
		}
		t.Rows = append(t.Rows, []document.Value{{Text: g.label()}, {Text: value}})
	}
	if l.Title != "" {
		t.Label = l.Title
	}
	return []document.Block{document.Grid{Table: t}}
}

func (g Given) label() string {
	if g.Label != "" {
		return g.Label
	}
	return Spoken(g.Name)
}

// Parameter implements document.Resolver.
func (x *telling) Parameter(name string) document.Inline {
	for _, g := range x.text.Given {
		if g.Name == name && g.Value != "" {
			return document.Inline{Text: g.Value}
		} else if g.Name == name {
			return document.Inline{Text: "any " + g.label()}
		}
	}
	x.told.Failed++
	return document.Inline{Text: "[There is no parameter " + brief(name) + "]", Ref: &document.Ref{Failed: true}}
}

// live makes the figure of a block.
func (x *telling) live(l *document.Live) []document.Block {
	fail := func(err error) []document.Block {
		if x.text.View.Anonymous {
			return []document.Block{document.Figure{Title: l.Title, Span: l.Span, Failure: unsaid()}}
		}
		title := l.Title
		if title == "" {
			title = l.Question
		}
		return []document.Block{document.Figure{Title: title, Span: l.Span, Failure: Failure(err, "")}}
	}
	q, err := x.question(l.Question)
	if err != nil {
		return fail(err)
	}
	a, err := x.ask(q, l.Parameters, l.Where)
	if err != nil {
		return fail(err)
	}
	a.Title, a.Rows = l.Title, l.Rows
	a.Size = Page
	if l.Span < 12 {
		a.Size = Card
	}
	if a.Settings, err = settingsOf(l, q); err != nil {
		return fail(err)
	}
	if l.Claim != nil {
		a.Settings = &chart.Settings{Kind: chart.Table}
	}
	made := x.texts.Figures.Make(x.ctx, a)
	f := made.Figure
	f.Span, f.URL = l.Span, x.address(q, a.Parameters)
	if f.Failure != nil && x.text.View.Anonymous {
		f.Failure = unsaid()
	}
	if f.Failure == nil && f.Note == "" {
		switch {
		case l.Claim != nil:
			f = x.number(l, q, f)
		case l.Kind == "table":
			err = columns(f.Table, l.Columns)
		case f.Drawing != nil && len(a.Narrow) == 0 && !x.text.View.Anonymous:
			more := []string{}
			if l.Chart != "" {
				text, _ := json.Marshal(a.Settings)
				more = append(more, "chart", string(text))
			}
			f.Drawing.OptionURL = strings.Replace(strings.TrimPrefix(x.address(q, a.Parameters, more...), x.text.View.Base), "/questions/"+q.ID, "/questions/"+q.ID+".option", 1)
		}
		if err != nil {
			return fail(err)
		}
	}
	if l.Caption != "" {
		f.Caption = strings.TrimSuffix(l.Caption+" · "+f.Caption, " · ")
	}
	return []document.Block{f}
}

// unsaid is what a reader without an account learns of a failure: a database's
// words, and those of a question's author, are not for them.
func unsaid() *document.Failure {
	return &document.Failure{Title: "Not available", Message: "This part of the report has no answer at the moment."}
}

// settingsOf returns how a block wants its answer drawn, nil for as the question says.
func settingsOf(l *document.Live, q *query.Question) (*chart.Settings, error) {
	own := Settings(q.Body.Chart)
	kept := chart.Settings{Unit: own.Unit, Label: own.Label, Goal: own.Goal, GoalLabel: own.GoalLabel}
	switch {
	case l.Kind == "table":
		kept.Kind = chart.Table
	case l.Kind == "number":
		kept.Kind, kept.Y, kept.Compare = chart.Number, own.Y, own.Compare
	case l.Chart == "":
		return nil, nil
	case strings.HasPrefix(l.Chart, "{"):
		if json.Unmarshal([]byte(l.Chart), &kept) != nil {
			return nil, fault.New(fault.Invalid, "The settings of the chart cannot be read")
		}
	default:
		kept.Kind = chart.Kind(strings.ToLower(l.Chart))
	}
	if !slices.ContainsFunc(chart.Kinds(), func(k chart.KindInfo) bool { return k.Kind == kept.Kind }) && kept.Kind != chart.Auto {
		return nil, fault.New(fault.Invalid, "There is no kind of chart “%s”; there are %s", brief(string(kept.Kind)), strings.Join(KindNames(), ", "))
	}
	return &kept, nil
}

// KindNames lists the kinds of charts as they are written.
func KindNames() (names []string) {
	for _, k := range chart.Kinds() {
		names = append(names, string(k.Kind))
	}
	return names
}

// columns leaves a table those columns that are named, in their order.
func columns(t *document.Table, names []string) error {
	if t == nil || len(names) == 0 {
		return nil
	}
	var order []int
	for _, name := range names {
		i := slices.IndexFunc(t.Columns, func(c document.Column) bool { return strings.EqualFold(c.Name, name) })
		if i < 0 {
			return noColumn(name, t.Columns)
		}
		order = append(order, i)
	}
	pick := func(row []document.Value) []document.Value {
		out := make([]document.Value, len(order))
		for at, i := range order {
			out[at] = row[i]
		}
		return out
	}
	head := make([]document.Column, len(order))
	for at, i := range order {
		head[at] = t.Columns[i]
	}
	for r := range t.Rows {
		t.Rows[r] = pick(t.Rows[r])
	}
	if t.Over != nil {
		over := make([][]document.Mark, len(order))
		for at, i := range order {
			over[at] = t.Over[i]
		}
		t.Over = over
	}
	t.Columns = head
	return nil
}

func noColumn(name string, has []document.Column) error {
	var names []string
	for _, c := range has {
		names = append(names, c.Name)
	}
	return fault.New(fault.Invalid, "No such column: %s; there are %s", brief(name), brief(strings.Join(names, ", ")))
}

// number shows one cell as a figure of its own.
func (x *telling) number(l *document.Live, q *query.Question, f document.Figure) document.Figure {
	got := x.claim(l.Claim)
	f.Table = nil
	if got.Ref.Failed {
		f.Failure = &document.Failure{Title: "The question needs another look", Message: strings.Trim(got.Text, "[]")}
		return f
	}
	f.Number = &document.Number{Value: got.Text, Label: l.Label}
	if l.Label == "" {
		f.Number.Label = Spoken(got.Ref.Column)
	}
	if got.URL != "" {
		f.URL = got.URL
	}
	return f
}

// Claim implements document.Resolver.
func (x *telling) Claim(c *document.Claim) document.Inline {
	got := x.claim(c)
	if got.Ref.Failed {
		x.told.Failed++
	}
	return got
}

// cell asks for a claim's answer.
func (x *telling) cell(c *document.Claim) (q *query.Question, a Ask, r *query.Result, err error) {
	if q, err = x.question(c.Question); err != nil {
		return
	}
	if a, err = x.ask(q, c.Parameters, nil); err != nil {
		return
	}
	values := maps.Clone(q.Body.Parameters)
	if values == nil {
		values = map[string]string{}
	}
	maps.Copy(values, a.Parameters)
	missing, err := unfilled(q.Body.SQL, values)
	if err == nil && len(missing) > 0 {
		err = fault.New(fault.Invalid, "The question asks for values first: %s", strings.Join(missing, ", "))
	}
	if err != nil {
		return
	}
	r, err = x.frame(x.ctx, query.Request{Person: a.Person, Saved: q, Parameters: values, Timeout: a.Timeout, MaxAge: a.MaxAge})
	return
}

func (x *telling) claim(c *document.Claim) document.Inline {
	failed := func(format string, args ...any) document.Inline {
		if x.text.View.Anonymous {
			return document.Inline{Text: "[not available]", Ref: &document.Ref{Failed: true}}
		}
		return document.Inline{Text: "[" + fmt.Sprintf(format, args...) + "]", Ref: &document.Ref{Failed: true}}
	}
	q, a, r, err := x.cell(c)
	if err != nil {
		f := Failure(err, "")
		return failed("%s", f.Message)
	}
	row, col, problem := locate(c, r.Frame, x.values, frame.Formatter{Locale: x.text.View.Locale})
	if problem != "" {
		return failed("%s", problem)
	}
	column := r.Frame.Columns[col]
	value, ok := r.Frame.Cell(row, col)
	text := spell(r.Frame, row, col, c.Format, Settings(q.Body.Chart).Unit[column.Name], x.text.View.Locale)
	if !ok {
		text = "no value"
	}
	return document.Inline{Text: text, URL: x.address(q, a.Parameters, "row", strconv.Itoa(row+1), "column", column.Name),
		Ref: &document.Ref{Question: q.ID, Row: row, Column: column.Name, Value: string(value)}}
}
