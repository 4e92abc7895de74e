package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// explore is the builder. Its whole state is in the address: connection, spec and chart.
type explore struct {
	connections *source.Store
	pools       *source.Pools
	rules       *query.Rules
	runner      *query.Runner
	questions   *query.Store
	charts      *chart.Drawer
	queries     *queries
}

func (x *explore) routes(g *echo.Group) {
	g.GET("/explore", may(account.Ask, x.show))
	g.GET("/explore/edit", may(account.Ask, x.edit))
	g.GET("/explore/rows", may(account.Ask, x.rows))
	for _, extension := range extensions {
		g.GET("/explore."+extension, may(account.Ask, x.file(extension)))
	}
}

func exploreURL(connection, table string) string {
	spec, _ := json.Marshal(query.Spec{Table: table, Measures: []query.Measure{{Fn: query.Count}}})
	return "/explore?" + url.Values{"connection": {connection}, "spec": {string(spec)}}.Encode()
}

var tableOnly = chart.Settings{Kind: chart.Table}

func writeSettings(s chart.Settings) string {
	body, err := json.Marshal(s)
	if err != nil || string(body) == "{}" {
		return ""
	}
	return string(body)
}

// edit takes the form's state to the address that stands for it.
func (x *explore) edit(c echo.Context) error {
	v := c.QueryParams()
	values := url.Values{"connection": {v.Get("connection")}}
	for _, name := range []string{"question", "version"} {
		if v.Get(name) != "" {
			values.Set(name, v.Get(name))
		}
	}
	if table := v.Get("table"); table != "" && v.Get("was_connection") == v.Get("connection") {
		spec := readForm(v, v.Get("do"))
		if v.Get("was") != table {
			spec.Measures = []query.Measure{{Fn: query.Count}}
		} else if limit := strings.TrimSpace(v.Get("limit")); limit != "" && limit != strconv.Itoa(spec.Limit) {
			values.Set("limit", limit) // what cannot be read is shown again with what is wrong
		}
		if spec.Question != "" && v.Get("was") == table {
			for name, value := range x.kept(c, v.Get("connection"), spec, parameters(v)) {
				values.Set("p."+name, value)
			}
		}
		x.stepped(c, v, spec, parameters(values))
		dropStale(spec)
		body, err := json.Marshal(spec)
		if err != nil {
			return err
		}
		values.Set("spec", string(body))
	}
	if s := v.Get("chart"); s != "" && v.Get("was") == v.Get("table") {
		values.Set("chart", s)
	}
	return redirect(c, "/explore?"+values.Encode())
}

// stepped gives dimensions whose column was just chosen a step that suits it:
// times by the month, everything else by its values.
func (x *explore) stepped(c echo.Context, v url.Values, spec *query.Spec, given map[string]string) {
	chosen := func(d query.Dimension) bool {
		for _, i := range indexes(v, "d.") {
			if v.Get("d."+i+".column") == d.Column && v.Get("d."+i+".was") == d.Column {
				return false
			}
		}
		return true
	}
	if !slices.ContainsFunc(spec.Dimensions, chosen) || account.Check(person(c), account.Ask, account.OnConnection(v.Get("connection"))) != nil {
		return
	}
	ctx := c.Request().Context()
	con, err := x.connections.Get(ctx, v.Get("connection"))
	if err != nil {
		return // the page that follows says why
	}
	catalog, err := x.rules.Catalog(ctx, person(c), con.ID)
	if err != nil {
		return
	}
	b := &built{connection: con, spec: spec, complete: true}
	if spec.Question != "" {
		if b.chain, b.problem = x.runner.Chain(ctx, person(c), con.ID, spec); b.problem != nil {
			return
		}
		b.fields, b.values, b.complete = innerParameters(b.chain, given, nil)
	}
	columns := x.columns(c, b, catalog)
	for i := range spec.Dimensions {
		d := &spec.Dimensions[i]
		if !chosen(*d) {
			continue
		}
		d.Grain, d.Bin = "", ""
		if kind := kindIn(columns, d.Column); kind == frame.Time || kind == frame.Date {
			d.Grain = source.Month
		}
	}
}

func (x *explore) show(c echo.Context) error {
	b, err := x.ask(c)
	if err != nil {
		return err
	}
	page := views.Explore{Chrome: chrome(c, "Explore", "explore"), ChartJSON: writeSettings(b.settings)}
	page.Chrome.Wide = true
	list, err := x.connections.List(c.Request().Context())
	if err != nil {
		return err
	}
	con := b.connection
	list = query.Reachable(person(c), account.Ask, list)
	for _, one := range list {
		page.Connections = append(page.Connections, views.Choice{Value: one.ID, Label: one.Name, Selected: con != nil && con.ID == one.ID})
	}
	if con == nil {
		if len(list) == 1 {
			return redirect(c, "/explore?connection="+list[0].ID)
		}
		return respond(c, http.StatusOK, views.ExplorePage(page))
	}
	catalog, err := x.rules.Catalog(c.Request().Context(), person(c), con.ID)
	if err != nil {
		if !isContent(err) {
			return err
		}
		page.Result = &views.Result{Failure: (&presenter{}).failure(err)}
		return respond(c, http.StatusOK, views.ExplorePage(page))
	}
	page.Connection, page.Opened = con.ID, changing(c, x.questions, c.QueryParams())
	if err := x.form(c, &page, catalog, b); err != nil {
		return err
	}
	if text := c.QueryParam("limit"); text != "" {
		page.Limit, page.LimitError = text, "A limit is a whole number, or empty for none"
	}
	switch page.Parameters = b.fields; {
	case b.spec == nil:
	case held(c.QueryParams()):
		page.Held, page.Title = true, b.title()
	case b.problem != nil:
		page.Title, page.Result, page.Parameters = b.title(), b.failure(b.problem), b.fields
	case b.unasked() != "":
		page.Title, page.Waiting = b.title(), b.unasked()
	default:
		if err := x.answer(c, &page, b); err != nil {
			return err
		}
	}
	return respond(c, http.StatusOK, views.ExplorePage(page))
}

// answer asks the question for its page.
func (x *explore) answer(c echo.Context, page *views.Explore, b *built) error {
	p := x.presenter(c, b)
	p.at("/explore", c.QueryParams())
	show := p.pane(c)
	result, err := x.queries.answer(c, b.request(person(c)), func(r *query.Result, err error) views.Result {
		if err != nil {
			return *b.failure(err)
		}
		return show(r, nil)
	})
	if err != nil {
		return err
	}
	page.Result, page.Parameters = &result, b.fields
	x.saving(c, page, b)
	return nil
}

// kindOnly returns the settings with another kind, as they stand in an address.
func kindOnly(s chart.Settings, k chart.Kind) string {
	return writeSettings(chart.Settings{Kind: k, Title: s.Title, Subtitle: s.Subtitle, Unit: s.Unit, Goal: s.Goal})
}

// saving fills in what the page needs to save the question or go on in SQL.
func (x *explore) saving(c echo.Context, page *views.Explore, b *built) {
	request := b.request(person(c))
	body, err := json.Marshal(request.Spec)
	if err != nil {
		return
	}
	page.Title = b.title()
	if page.Chrome.CanAskSQL {
		if compiled, err := x.runner.CompileFor(c.Request().Context(), request); err == nil {
			page.SQLURL = x.continueURL(c, b.connection.ID, compiled)
		}
	}
	if page.Result.Failure == nil && account.May(person(c), account.Save, account.OnConnection(b.connection.ID)).Allowed {
		page.Save = &views.SaveForm{Body: views.QuestionBody{Connection: b.connection.ID, Spec: string(body), Chart: writeSettings(b.settings), Parameters: givenFields(b.given)},
			Name: page.Title, Folders: folders(c, x.questions), Opened: page.Opened}
	}
}

// continueURL is the address at which somebody goes on in SQL.
func (x *explore) continueURL(c echo.Context, connection string, compiled *query.Compiled) string {
	opened, err := x.pools.Open(c.Request().Context(), connection)
	if err != nil {
		return ""
	}
	text, values := compiled.Written(opened.Driver.Dialect())
	address := url.Values{"connection": {connection}, "sql": {text}}
	for name, value := range values {
		address.Set("p."+name, value)
	}
	for _, name := range []string{"question", "version"} {
		if value := c.QueryParam(name); value != "" {
			address.Set(name, value)
		}
	}
	return "/sql?" + address.Encode()
}

// form fills in the builder from the catalog and the question.
func (x *explore) form(c echo.Context, page *views.Explore, catalog *source.Catalog, b *built) error {
	if err := x.sources(c, page, catalog, b); err != nil || b.spec == nil {
		return err
	}
	page.Source = sourceValue(b.spec.Table, b.spec.Question)
	newBuilderForm(catalog, b.spec, x.columns(c, b, catalog)).fill(page)
	return nil
}

func sameTable(catalog *source.Catalog, name string, t *source.Table) bool {
	found, ok := catalog.Find(name)
	return ok && found == t
}

// file answers with the question's rows or drawing as a file.
func (x *explore) file(extension string) echo.HandlerFunc {
	return func(c echo.Context) error {
		b, err := x.ask(c)
		if err != nil {
			return err
		}
		if b.spec == nil {
			return fault.New(fault.Invalid, "The address names no question")
		}
		p := x.presenter(c, b)
		return sendFile(c, x.runner, p, b.request(person(c)), extension, p.title)
	}
}

// rows lists the rows behind a mark of the answer.
func (x *explore) rows(c echo.Context) error {
	b, err := x.ask(c)
	if err != nil {
		return err
	}
	if b.spec == nil {
		return fault.New(fault.Invalid, "The address names no question")
	}
	v := maps.Clone(c.QueryParams())
	maps.DeleteFunc(v, func(key string, _ []string) bool { return isMark(key) })
	page := views.Rows{Name: b.title(), URL: with("/explore", v), Back: "/explore?connection=" + b.connection.ID, BackName: "Explore"}
	rows := behindMarks{connections: x.connections, runner: x.runner, charts: x.charts, queries: x.queries}
	return rows.show(c, page, b.request(person(c)), marksOf(c.QueryParams()))
}
