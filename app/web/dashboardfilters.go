package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

const (
	valuesPatience = 600 * time.Millisecond // how long a page waits for the values of its lists
	valuesShown    = 200
)

// offered are the values of a list, and whether there are more.
type offered struct {
	values []string
	more   bool
}

// offer reads the values that a filter offers.
func (x *dashboards) offer(ctx context.Context, p *account.Person, f *dashboard.Filter, search string) (o offered, err error) {
	if f.From == nil || len(f.Values) > 0 {
		for _, v := range f.Values {
			if strings.Contains(strings.ToLower(v), strings.ToLower(search)) {
				o.values = append(o.values, v)
			}
		}
		if len(o.values) > valuesShown {
			o.values, o.more = o.values[:valuesShown], true
		}
		return o, nil
	}
	o.values, o.more, err = x.runner.Values(ctx, p, f.From.Connection, f.From.Table, f.From.Column, search, valuesShown)
	return o, err
}

// filterViews are the controls above the cards. Values that are not there in
// time are typed in place of chosen.
func (x *dashboards) filterViews(c echo.Context, b *board) (list []views.DashboardFilter) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), valuesPatience)
	defer cancel()
	lists := make([]offered, len(b.Body.Filters))
	var work sync.WaitGroup
	for i := range b.Body.Filters {
		f := &b.Body.Filters[i]
		if f.Kind == dashboard.List {
			work.Go(func() {
				// Where the values may not be seen or cannot be read, one is typed.
				lists[i], _ = x.offer(ctx, b.view.Person, f, "")
			})
		}
	}
	work.Wait()
	for i := range b.Body.Filters {
		list = append(list, x.filterView(b, &b.Body.Filters[i], lists[i]))
	}
	return list
}

func (x *dashboards) filterView(b *board, f *dashboard.Filter, o offered) views.DashboardFilter {
	value := b.values[f.ID]
	v := views.DashboardFilter{ID: "filter-" + f.ID, Name: "f." + f.ID, Label: f.Label, Kind: string(f.Kind), Value: value, Problem: b.problems[f.ID], Many: f.Many}
	switch f.Kind {
	case dashboard.DateRange:
		v.Suggestions = dashboard.Days
	case dashboard.Number:
		v.From, v.To = ends(value)
	case dashboard.Toggle:
		v.Choices = choices(f.Said(value), "", "Either", "yes", "Yes", "no", "No")
		if value == "" {
			v.Choices = choices("", "", "Either", "yes", "Yes", "no", "No")
		}
	case dashboard.List:
		x.listView(b, f, o, &v)
	}
	return v
}

// listView fills in what a list offers: what is chosen first.
func (x *dashboards) listView(b *board, f *dashboard.Filter, o offered, v *views.DashboardFilter) {
	chosen := dashboard.Split(b.values[f.ID])
	v.More = o.more
	if v.Many {
		for _, one := range chosen {
			v.Choices = append(v.Choices, views.Choice{Value: one, Label: one, Selected: true})
		}
		for _, one := range o.values {
			if !slices.Contains(chosen, one) {
				v.Choices = append(v.Choices, views.Choice{Value: one, Label: one})
			}
		}
		if v.Summary = "Any"; len(chosen) == 1 {
			v.Summary = chosen[0]
		} else if len(chosen) > 1 {
			v.Summary = strconv.Itoa(len(chosen)) + " chosen"
		}
		if o.more || len(o.values) > 12 {
			v.SearchURL = "/dashboards/" + b.ID + "/values/" + url.PathEscape(f.ID)
		}
		if len(o.values) == 0 {
			v.More = true
		}
		return
	}
	if len(o.values) == 0 || o.more {
		return
	}
	none := ""
	if f.Default != "" {
		none = "-"
	}
	v.Choices = []views.Choice{{Value: none, Label: "Any", Selected: len(chosen) == 0}}
	for _, one := range o.values {
		v.Choices = append(v.Choices, views.Choice{Value: one, Label: one, Selected: slices.Contains(chosen, one)})
	}
	if len(chosen) > 0 && !slices.Contains(o.values, chosen[0]) {
		v.Choices = append(v.Choices, views.Choice{Value: chosen[0], Label: chosen[0], Selected: true})
	}
}

// ends are the ends of a range of numbers as two fields show them.
func ends(value string) (from, to string) {
	if a, b, ok := strings.Cut(value, " to "); ok {
		return a, b
	}
	if rest, ok := strings.CutPrefix(value, ">="); ok {
		return strings.TrimSpace(rest), ""
	}
	if rest, ok := strings.CutPrefix(value, "<="); ok {
		return "", strings.TrimSpace(rest)
	}
	return value, value
}

// values answers a search in what a list offers.
func (x *dashboards) values(c echo.Context) error {
	b, err := x.board(c, c.Param("id"))
	if err != nil {
		return err
	}
	f := filterOf(&b.Body, c.Param("filter"))
	if f == nil || f.Kind != dashboard.List {
		return fault.New(fault.NotFound, "There is no such list on this dashboard")
	}
	o, err := x.offer(c.Request().Context(), b.view.Person, f, c.QueryParam("q"))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.DashboardValues(x.filterView(b, f, o)))
}

func filterOf(b *dashboard.Body, id string) *dashboard.Filter {
	for i := range b.Filters {
		if b.Filters[i].ID == id {
			return &b.Filters[i]
		}
	}
	return nil
}

var filterKindWords = map[dashboard.FilterKind]string{dashboard.DateRange: "Date or range", dashboard.List: "List of values", dashboard.Search: "Search in a text", dashboard.Number: "Number or range", dashboard.Toggle: "Yes or no"}

func (x *dashboards) filters(c echo.Context) error {
	d, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	page := views.DashboardFilters{Chrome: boardChrome(c, "Filters of "+d.Name), ID: d.ID, Name: d.Name}
	name := x.name(c)
	for _, f := range d.Body.Filters {
		one := views.DashboardFilterItem{Label: f.Label, URL: "/dashboards/" + d.ID + "/filters/" + url.PathEscape(f.ID), Kind: filterKindWords[f.Kind], Reaches: "Reaches no card."}
		var said []string
		for _, t := range f.Targets {
			if card := d.Body.Card(t.Card); card != nil {
				said = append(said, strings.Trim(name(card), "“”")+" by "+t.Column+t.Parameter)
			}
		}
		if len(said) > 0 {
			one.Reaches = "Reaches " + strings.Join(said, ", ") + "."
		}
		page.Items = append(page.Items, one)
	}
	return respond(c, http.StatusOK, views.DashboardFiltersPage(page))
}

// fields are what of each card's question a filter can set.
func (x *dashboards) fields(c echo.Context, d *dashboard.Dashboard) (list []dashboard.Fields, problems map[string]string) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 10*time.Second)
	defer cancel()
	problems = map[string]string{}
	catalogs := map[string]*source.Catalog{}
	for _, card := range d.Body.Reading() {
		if card.Kind != dashboard.Question {
			continue
		}
		f := dashboard.Fields{Card: card.ID}
		q, err := x.questions.Get(ctx, card.Question)
		if err == nil {
			err = q.Check(person(c), account.Look)
		}
		if err == nil {
			if s := q.Body.Spec; s != nil && s.Question == "" {
				catalog := catalogs[q.ConnectionID]
				if catalog == nil {
					catalog, err = x.rules.Catalog(ctx, person(c), q.ConnectionID)
				}
				if err == nil {
					catalogs[q.ConnectionID] = catalog
					f.Columns = specColumns(catalog, s)
				}
			} else {
				if s == nil {
					f.Parameters, _ = query.Parameters(q.Body.SQL)
				}
				f.Columns, err = x.runner.Describe(ctx, query.Request{Person: person(c), Saved: q, Parameters: q.Body.Parameters})
			}
		}
		if err != nil {
			problems[card.ID] = "Its columns cannot be read now."
			if isContent(err) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
				problems[card.ID] = "Its columns cannot be read: " + fault.MessageOf(err)
			}
		}
		list = append(list, f)
	}
	return list, problems
}

// specColumns are the columns of the tables that a built question asks.
func specColumns(catalog *source.Catalog, s *query.Spec) (list []frame.Column) {
	tables := []string{s.Table}
	for _, j := range s.Joins {
		tables = append(tables, j.Table)
	}
	for _, name := range tables {
		t, ok := catalog.Find(name)
		if !ok {
			continue
		}
		for _, col := range t.Columns {
			spelled := col.Name
			if len(tables) > 1 {
				spelled = t.Name + "." + col.Name
			}
			list = append(list, frame.Column{Name: spelled, Kind: col.Kind})
		}
	}
	return list
}

func (x *dashboards) filter(c echo.Context) error {
	d, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	f := &dashboard.Filter{Kind: dashboard.DateRange}
	if id := c.Param("filter"); id != "new" {
		if f = filterOf(&d.Body, id); f == nil {
			return fault.New(fault.NotFound, "There is no such filter on this dashboard")
		}
	}
	return respond(c, http.StatusOK, views.DashboardFilterFormPage(x.filterForm(c, d, f)))
}

func (x *dashboards) filterForm(c echo.Context, d *dashboard.Dashboard, f *dashboard.Filter) views.DashboardFilterForm {
	id := c.Param("filter")
	page := views.DashboardFilterForm{Chrome: boardChrome(c, "New filter"), ID: d.ID, Name: d.Name, Action: "/dashboards/" + d.ID + "/filters/" + url.PathEscape(id), Version: strconv.Itoa(d.Version),
		New: id == "new", Label: f.Label, Default: f.Default, Many: f.Many, Values: strings.Join(f.Values, "\n")}
	if !page.New {
		page.Chrome.Title = "Filter " + f.Label
	}
	for _, k := range dashboard.FilterKinds {
		page.Kinds = append(page.Kinds, views.Choice{Value: string(k), Label: filterKindWords[k], Selected: k == f.Kind})
	}
	fields, problems := x.fields(c, d)
	x.sources(c, d, f, &page)
	name := x.name(c)
	for _, one := range fields {
		card := d.Body.Card(one.Card)
		t := views.FilterTarget{Card: one.Card, Name: strings.Trim(name(card), "“”"), Problem: problems[one.Card], Choices: []views.Choice{{Label: "Not reached"}}}
		var set []string
		for _, target := range f.Targets {
			if target.Card == one.Card {
				set = append(set, targetValue(target))
			}
		}
		if len(set) > 1 {
			// Both ends of a range, as two parameters take them.
			t.Choices = append(t.Choices, views.Choice{Value: strings.Join(set, "\n"), Label: "Parameters " + strings.Join(plainTargets(set), " and "), Selected: true})
		}
		for _, p := range one.Parameters {
			t.Choices = append(t.Choices, views.Choice{Value: "p:" + p.Name, Label: "Parameter " + p.Name, Selected: len(set) == 1 && set[0] == "p:"+p.Name})
		}
		for _, col := range one.Columns {
			t.Choices = append(t.Choices, views.Choice{Value: "c:" + col.Name, Label: col.Name, Selected: len(set) == 1 && set[0] == "c:"+col.Name})
		}
		if len(set) == 1 && !slices.ContainsFunc(t.Choices, func(c views.Choice) bool { return c.Selected }) {
			t.Choices = append(t.Choices, views.Choice{Value: set[0], Label: set[0][2:] + " (not there any more)", Selected: true})
		}
		page.Cards = append(page.Cards, t)
	}
	return page
}

func targetValue(t dashboard.Target) string {
	if t.Parameter != "" {
		return "p:" + t.Parameter
	}
	return "c:" + t.Column
}

func plainTargets(list []string) (out []string) {
	for _, s := range list {
		out = append(out, s[2:])
	}
	return out
}

// sources offers the tables of the cards' connections.
func (x *dashboards) sources(c echo.Context, d *dashboard.Dashboard, f *dashboard.Filter, page *views.DashboardFilterForm) {
	ctx := c.Request().Context()
	page.Sources = []views.Choice{{Label: "No table"}}
	if f.From != nil {
		page.Column = f.From.Column
	}
	var seen []string
	for _, card := range d.Body.Reading() {
		q, err := x.questions.Get(ctx, card.Question)
		if card.Kind != dashboard.Question || err != nil || slices.Contains(seen, q.ConnectionID) || q.Check(person(c), account.Look) != nil {
			continue
		}
		seen = append(seen, q.ConnectionID)
		con, err := x.connections.Get(ctx, q.ConnectionID)
		if err != nil {
			continue
		}
		catalog, err := x.rules.Catalog(ctx, person(c), q.ConnectionID)
		if err != nil {
			continue
		}
		for _, t := range catalog.Tables {
			label := t.Name
			if len(seen) > 1 {
				label = con.Name + ": " + label
			}
			page.Sources = append(page.Sources, views.Choice{Value: con.ID + " " + t.Name, Label: label, Selected: f.From != nil && f.From.Connection == con.ID && f.From.Table == t.Name})
		}
	}
	if f.From != nil && !slices.ContainsFunc(page.Sources, func(c views.Choice) bool { return c.Selected }) {
		page.Sources = append(page.Sources, views.Choice{Value: f.From.Connection + " " + f.From.Table, Label: f.From.Table, Selected: true})
	}
}

// saveFilter makes, changes or removes a filter.
func (x *dashboards) saveFilter(c echo.Context) error {
	d, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(c.FormValue("version")); err == nil {
		d.Version = n
	}
	id, at := c.Param("filter"), "/dashboards/"+d.ID+"/filters"
	i := slices.IndexFunc(d.Body.Filters, func(f dashboard.Filter) bool { return f.ID == id })
	if i < 0 && id != "new" {
		return fault.New(fault.NotFound, "There is no such filter on this dashboard")
	}
	if c.FormValue("do") == "remove" && i >= 0 {
		d.Body.Filters = slices.Delete(d.Body.Filters, i, i+1)
		if err := x.dashboards.Update(c.Request().Context(), d, person(c)); err != nil {
			return err
		}
		return done(c, at, "The filter is removed.")
	}
	f, err := x.readFilter(c, d)
	if err != nil {
		return err
	}
	if i < 0 {
		if len(f.Targets) == 0 {
			f.Targets = x.suggest(c, d, &f)
		}
		d.Body.Filters = append(d.Body.Filters, f)
		i = len(d.Body.Filters) - 1
	} else {
		if f.ID = id; c.FormValue("do") == "suggest" {
			f.Targets = x.suggest(c, d, &f)
		}
		d.Body.Filters[i] = f
	}
	if err := x.dashboards.Update(c.Request().Context(), d, person(c)); err != nil {
		status, problem, fields, ok := told(err)
		if !ok || fault.Is(err, fault.Denied) {
			return err
		}
		page := x.filterForm(c, d, &d.Body.Filters[i])
		page.Problem, page.Errors, page.Version = problem, map[string]string{}, c.FormValue("version")
		for field, message := range fields {
			if name, ok := strings.CutPrefix(field, "filters["+strconv.Itoa(i)+"]."); ok && !strings.HasPrefix(name, "targets") {
				page.Errors[name] = message
			} else {
				page.Problem = message
			}
		}
		return respond(c, status, views.DashboardFilterFormPage(page))
	}
	text := "The filter reaches " + strconv.Itoa(len(f.Targets)) + " cards."
	if len(f.Targets) == 0 {
		text = "The filter is saved and reaches no card yet: choose by which column."
	} else if len(f.Targets) == 1 {
		text = "The filter reaches 1 card."
	}
	return done(c, "/dashboards/"+d.ID+"/filters/"+url.PathEscape(d.Body.Filters[i].ID), text)
}

// suggest finds what a filter reaches by its column's name, or by its label.
func (x *dashboards) suggest(c echo.Context, d *dashboard.Dashboard, f *dashboard.Filter) []dashboard.Target {
	fields, _ := x.fields(c, d)
	name := f.Label
	if f.From != nil {
		name = f.From.Column
	}
	for _, t := range f.Targets {
		if t.Column != "" {
			name = t.Column
		}
	}
	list := dashboard.Suggest(name, f.Kind, fields)
	if len(list) > 0 || f.Kind != dashboard.DateRange {
		return list
	}
	// Whatever a date filter is called, a card with one column of dates means that.
	for _, one := range fields {
		var dates []string
		for _, col := range one.Columns {
			if col.Kind == frame.Date || col.Kind == frame.Time {
				dates = append(dates, col.Name)
			}
		}
		if len(dates) == 1 {
			list = append(list, dashboard.Target{Card: one.Card, Column: dates[0]})
		}
	}
	return list
}

func (x *dashboards) readFilter(c echo.Context, d *dashboard.Dashboard) (f dashboard.Filter, err error) {
	form, err := c.FormParams()
	if err != nil {
		return f, err
	}
	lines := func(name string) (list []string) {
		for line := range strings.Lines(form.Get(name)) {
			if line = strings.TrimSpace(line); line != "" && !slices.Contains(list, line) {
				list = append(list, line)
			}
		}
		return list
	}
	f = dashboard.Filter{Label: form.Get("label"), Kind: dashboard.FilterKind(form.Get("kind")), Default: strings.Join(lines("default"), "\n"), Many: form.Get("many") != "", Values: lines("values")}
	if connection, table, ok := strings.Cut(form.Get("from"), " "); ok && strings.TrimSpace(form.Get("column")) != "" {
		f.From = &dashboard.From{Connection: connection, Table: table, Column: strings.TrimSpace(form.Get("column"))}
	}
	for _, card := range d.Body.Reading() {
		for value := range strings.SplitSeq(strings.ReplaceAll(form.Get("target."+card.ID), "\r\n", "\n"), "\n") {
			if name, ok := strings.CutPrefix(value, "c:"); ok {
				f.Targets = append(f.Targets, dashboard.Target{Card: card.ID, Column: name})
			} else if name, ok := strings.CutPrefix(value, "p:"); ok {
				f.Targets = append(f.Targets, dashboard.Target{Card: card.ID, Parameter: name})
			}
		}
	}
	return f, nil
}
