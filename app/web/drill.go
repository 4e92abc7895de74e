package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/dashboard"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// marksOf reads from an address what somebody pointed at: m.COLUMN is a value,
// me.COLUMN the empty text and mn.COLUMN none.
func marksOf(v url.Values) (list []query.Mark) {
	for key := range v {
		if column, ok := strings.CutPrefix(key, "m."); ok && column != "" {
			list = append(list, query.Mark{Column: column, Value: v.Get(key)})
		} else if column, ok := strings.CutPrefix(key, "me."); ok && column != "" {
			list = append(list, query.Mark{Column: column})
		} else if column, ok := strings.CutPrefix(key, "mn."); ok && column != "" {
			list = append(list, query.Mark{Column: column, Null: true})
		}
	}
	slices.SortFunc(list, func(a, b query.Mark) int { return strings.Compare(a.Column, b.Column) })
	return list
}

// markSaid is a mark's value for people.
func markSaid(m query.Mark) string {
	switch {
	case m.Null:
		return "no value"
	case m.Value == "":
		return "empty"
	}
	return strings.TrimSuffix(m.Value, "T00:00:00")
}

// only narrows a dashboard to what somebody pointed at: by the filter that reaches
// the column in this card, or else by a condition of its own.
func (x *dashboards) only(c echo.Context) error {
	b, card, err := x.oneCard(c)
	if err != nil {
		return err
	}
	marks := marksOf(c.QueryParams())
	if column := c.QueryParam("column"); column != "" {
		marks = slices.DeleteFunc(marks, func(m query.Mark) bool { return m.Column != column })
	}
	if len(marks) == 0 {
		return fault.New(fault.Invalid, "This mark stands for no value")
	}
	made, _ := x.maker.Asked(c.Request().Context(), b.Dashboard, card, b.view)
	if made.Question == nil {
		return fault.New(fault.NotFound, "The question of this card is not there any more")
	}
	for _, m := range marks {
		column, value := behindMark(made.Question, m)
		set := false
		for i := range b.Body.Filters {
			f := &b.Body.Filters[i]
			if !m.Null && m.Value != "" && takes(f, card.ID, column, m.Column) {
				b.values[f.ID], set = value, true
				if _, problems := b.Body.Values(b.Body.Address(b.values), time.Now().UTC()); problems[f.ID] != "" {
					delete(b.values, f.ID)
					set = false
				}
				if set {
					break
				}
			}
		}
		if !set {
			for _, null := range []bool{true, false} {
				delete(b.values, dashboard.Free(column, null))
			}
			b.values[dashboard.Free(column, m.Null)] = value
			if m.Null {
				b.values[dashboard.Free(column, true)] = "1"
			}
		}
	}
	b.query = b.Body.Address(b.values)
	return redirect(c, b.at(""))
}

// takes reports whether a filter reaches the column in the card.
func takes(f *dashboard.Filter, card, column, name string) bool {
	return slices.ContainsFunc(f.Targets, func(t dashboard.Target) bool {
		return t.Card == card && (same(t.Column, column) || same(t.Column, name) || same(t.Parameter, name))
	})
}

// same compares columns, with or without their tables.
func same(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	bare := func(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }
	return strings.EqualFold(a, b) || (!strings.Contains(a, ".") || !strings.Contains(b, ".")) && strings.EqualFold(bare(a), bare(b))
}

// behindMark returns the column and the value that a mark means: of a built
// question's period all of its days.
func behindMark(q *query.Question, m query.Mark) (column, value string) {
	s := q.Body.Spec
	if s == nil || m.Null || m.Value == "" {
		return specColumn(s, m.Column), m.Value
	}
	i := slices.IndexFunc(s.Names()[:len(s.Dimensions)], func(n string) bool { return strings.EqualFold(n, m.Column) })
	if i < 0 {
		return m.Column, m.Value
	}
	d := s.Dimensions[i]
	if d.Grain == "" || d.Bin != "" || len(m.Value) < 10 {
		return d.Column, m.Value
	}
	return d.Column, dashboard.Period(m.Value[:10], string(d.Grain))
}

func specColumn(s *query.Spec, name string) string {
	if s == nil {
		return name
	}
	for i, n := range s.Names()[:len(s.Dimensions)] {
		if strings.EqualFold(n, name) {
			return s.Dimensions[i].Column
		}
	}
	return name
}

// rows lists the rows behind a mark of a card.
func (x *dashboards) rows(c echo.Context) error {
	b, card, err := x.oneCard(c)
	if err != nil {
		return err
	}
	made, _ := x.maker.Asked(c.Request().Context(), b.Dashboard, card, b.view)
	if made.Question == nil || made.Answer != nil {
		if made.Answer != nil && made.Answer.Failure != nil {
			return fault.New(fault.NotFound, "%s", made.Answer.Failure.Message)
		}
		return fault.New(fault.NotFound, "The question of this card is not there any more")
	}
	page := views.Rows{Back: b.at(""), BackName: b.Name, URL: made.Address("")}
	marks := marksOf(c.QueryParams())
	for _, m := range marks {
		one := views.RowsMark{Label: figure.Spoken(m.Column), Value: markSaid(m)}
		to := url.Values{"column": {m.Column}}
		for key := range c.QueryParams() {
			if isMark(key) {
				to.Set(key, c.QueryParam(key))
			}
		}
		pairs := []string{}
		for key := range to {
			pairs = append(pairs, key, to.Get(key))
		}
		one.OnlyURL = b.at("/cards/"+url.PathEscape(card.ID)+"/only", pairs...)
		page.Marks = append(page.Marks, one)
	}
	if page.Name = card.Title; page.Name == "" {
		page.Name = made.Question.Name
	}
	page.Chrome = boardChrome(c, "Rows behind "+page.Name)
	rows := behindMarks{connections: x.connections, runner: x.runner, charts: x.maker.Figures.Charts, queries: x.queries}
	return rows.show(c, page, query.Request{Person: person(c), Saved: made.Question, Parameters: merged(made.Question.Body.Parameters, made.Parameters), Narrow: made.Narrow}, marks)
}

// behindMarks lists the rows behind marks of an answer.
type behindMarks struct {
	connections *source.Store
	runner      *query.Runner
	charts      *chart.Drawer
	queries     *queries
}

// show lists the rows behind marks of what a request asks.
func (x behindMarks) show(c echo.Context, page views.Rows, req query.Request, marks []query.Mark) error {
	ctx := c.Request().Context()
	if req.Saved != nil {
		req.Connection = req.Saved.ConnectionID
	}
	if page.Chrome.Title == "" {
		page.Chrome = chrome(c, "Rows behind "+page.Name, "questions")
	}
	page.Chrome.Wide = true
	con, err := x.connections.Get(ctx, req.Connection)
	if err != nil {
		return err
	}
	if err := account.Check(person(c), account.Ask, account.OnConnection(con.ID)); err != nil {
		return err
	}
	if len(page.Marks) == 0 {
		for _, m := range marks {
			page.Marks = append(page.Marks, views.RowsMark{Label: figure.Spoken(m.Column), Value: markSaid(m)})
		}
	}
	behind, err := x.runner.Behind(ctx, req, marks)
	if err != nil {
		if !isContent(err) {
			return err
		}
		page.Result = &views.Result{Failure: (&presenter{}).failure(err)}
		return respond(c, http.StatusOK, views.RowsPage(page))
	}
	page.Notes = behind.Notes
	p := newPresenter(x.charts, locale(c), con)
	p.title, p.settings, p.spec, p.given, p.narrow = page.Name, tableOnly, behind.Spec, behind.Parameters, behind.Narrow
	if behind.Spec != nil {
		if body, err := json.Marshal(behind.Spec); err == nil {
			v := url.Values{"connection": {con.ID}, "spec": {string(body)}}
			for name, value := range behind.Parameters {
				v.Set("p."+name, value)
			}
			if page.OpenURL = "/explore?" + v.Encode(); len(page.OpenURL) > longestAddress {
				page.OpenURL = ""
			} else {
				p.download = func(extension string) string { return with("/explore."+extension, v) }
			}
		}
		if chain, err := x.runner.Chain(ctx, person(c), con.ID, behind.Spec); err == nil && len(chain) > 0 {
			p.from = chain[0].Name
		}
	}
	result, err := x.queries.answer(c, behind.Request, p.pane(c))
	if err != nil {
		return err
	}
	result.Kinds = nil
	page.Result = &result
	return respond(c, http.StatusOK, views.RowsPage(page))
}

// mostRowLinks bounds the numbers of one answer that lead to their rows.
const mostRowLinks = 5000

// linked gives the numbers of a table the addresses of the rows behind them.
func (p *presenter) linked(t *document.Table) *document.Table {
	if t == nil || p.rowsOf == nil || len(t.Behind) != len(t.Rows) {
		return t
	}
	out := *t
	out.Rows = slices.Clone(t.Rows)
	links := 0
	for r, row := range t.Rows {
		if links += len(row); links > mostRowLinks || len(t.Behind[r]) == 0 && len(t.Over) == 0 && !p.whole() {
			continue
		}
		row = slices.Clone(row)
		for i := range row {
			marks := t.Behind[r]
			if len(t.Over) > i {
				marks = append(slices.Clone(marks), t.Over[i]...)
			}
			if t.Columns[i].Numeric && row[i].Text != "" && !row[i].Null && (len(marks) > 0 || p.whole()) {
				row[i].URL = p.rowsOf(marks)
			}
		}
		out.Rows[r] = row
	}
	return &out
}

// whole reports whether the answer is of all rows together: a built question
// without dimensions.
func (p *presenter) whole() bool {
	return p.spec != nil && len(p.spec.Dimensions) == 0 && len(p.spec.Measures) > 0
}

// markPairs are the parameters of an address that say what somebody pointed at.
func markPairs(marks []document.Mark) (pairs []string) {
	for _, m := range marks {
		switch {
		case m.Null:
			pairs = append(pairs, "mn."+m.Column, "1")
		case m.Value == "":
			pairs = append(pairs, "me."+m.Column, "1")
		default:
			pairs = append(pairs, "m."+m.Column, m.Value)
		}
	}
	return pairs
}

func merged(own, given map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, own)
	maps.Copy(out, given)
	return out
}

// rows lists the rows behind a mark of a question's own drawing.
func (x *questions) rows(c echo.Context) error {
	a, err := x.ask(c, c.Param("id"))
	if err != nil {
		return err
	}
	v := maps.Clone(c.QueryParams())
	maps.DeleteFunc(v, func(key string, _ []string) bool { return isMark(key) })
	page := views.Rows{Name: a.Name, URL: with("/questions/"+a.ID, v)}
	rows := behindMarks{connections: x.connections, runner: x.runner, charts: x.charts, queries: x.queries}
	return rows.show(c, page, a.request, marksOf(c.QueryParams()))
}

// isMark reports whether a parameter of an address says what somebody pointed at.
func isMark(key string) bool {
	return strings.HasPrefix(key, "m.") || strings.HasPrefix(key, "me.") || strings.HasPrefix(key, "mn.")
}
