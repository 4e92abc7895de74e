package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/query"
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
			if strings.HasPrefix(key, "m.") || strings.HasPrefix(key, "me.") || strings.HasPrefix(key, "mn.") {
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
	page.Name = card.Title
	return x.drill(c, page, made, marks)
}

// drill lists the rows that a question has behind marks, narrowed as it was asked.
func (x *dashboards) drill(c echo.Context, page views.Rows, made *dashboard.Made, marks []query.Mark) error {
	ctx, q := c.Request().Context(), made.Question
	if page.Name == "" {
		page.Name = q.Name
	}
	page.Chrome = boardChrome(c, "Rows behind "+page.Name)
	page.Chrome.Wide = true
	con, err := x.connections.Get(ctx, q.ConnectionID)
	if err != nil {
		return err
	}
	if err := account.Check(person(c), account.Ask, account.OnConnection(con.ID)); err != nil {
		return err
	}
	fail := func(err error) error {
		if !isContent(err) {
			return err
		}
		page.Result = &views.Result{Failure: (&presenter{}).failure(err)}
		return respond(c, http.StatusOK, views.RowsPage(page))
	}
	columns, err := x.runner.Describe(ctx, query.Request{Person: person(c), Saved: q, Parameters: merged(q.Body.Parameters, made.Parameters)})
	if err != nil {
		return fail(err)
	}
	spec, err := query.DrillSpec(q, marks, columns)
	if err != nil {
		return fail(err)
	}
	all := slices.Clone(made.Narrow)
	for i := range all {
		all[i].Column = specColumn(q.Body.Spec, all[i].Column)
	}
	if spec.Filters != nil {
		all = append([]query.Filter{*spec.Filters}, all...)
	}
	if len(all) == 1 {
		spec.Filters = &all[0]
	} else if len(all) > 1 {
		spec.Filters = &query.Filter{And: all}
	}
	// The builder asks a written question with its own values, not with those given here.
	if body, err := json.Marshal(spec); err == nil && len(made.Parameters) == 0 {
		page.OpenURL = "/explore?" + url.Values{"connection": {con.ID}, "spec": {string(body)}}.Encode()
	}
	p := newPresenter(x.maker.Figures.Charts, locale(c), con)
	p.title, p.settings, p.spec = page.Name, tableOnly, spec
	result, err := x.queries.answer(c, query.Request{Person: person(c), Connection: con.ID, Spec: spec, Parameters: made.Parameters}, p.pane(c))
	if err != nil {
		return err
	}
	result.Kinds = nil
	page.Result = &result
	return respond(c, http.StatusOK, views.RowsPage(page))
}

func merged(own, given map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range own {
		out[k] = v
	}
	for k, v := range given {
		out[k] = v
	}
	return out
}

// rows lists the rows behind a mark of a question's own drawing.
func (x *questions) rows(c echo.Context) error {
	a, err := x.ask(c, c.Param("id"))
	if err != nil {
		return err
	}
	made := &dashboard.Made{Card: &dashboard.Card{}, Question: a.Question, Narrow: a.request.Narrow, Parameters: parameters(c.QueryParams())}
	page := views.Rows{URL: made.Address("")}
	marks := marksOf(c.QueryParams())
	for _, m := range marks {
		page.Marks = append(page.Marks, views.RowsMark{Label: figure.Spoken(m.Column), Value: markSaid(m)})
	}
	boards := &dashboards{connections: x.connections, runner: x.runner, queries: x.queries, maker: &dashboard.Maker{Figures: &figure.Maker{Charts: x.charts}}}
	return boards.drill(c, page, made, marks)
}
