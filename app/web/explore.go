package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/figure"
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
	for _, extension := range extensions {
		g.GET("/explore."+extension, may(account.Ask, x.file(extension)))
	}
}

func exploreURL(connection, table string) string {
	spec, _ := json.Marshal(query.Spec{Table: table, Measures: []query.Measure{{Fn: query.Count}}})
	return "/explore?" + url.Values{"connection": {connection}, "spec": {string(spec)}}.Encode()
}

var tableOnly = chart.Settings{Kind: chart.Table}

// ask reads the request's question from the address.
func (x *explore) ask(c echo.Context) (con *source.Connection, spec *query.Spec, settings chart.Settings, err error) {
	id := c.QueryParam("connection")
	if id == "" {
		return nil, nil, settings, nil
	}
	if err := account.Check(person(c), account.Ask, account.OnConnection(id)); err != nil {
		return nil, nil, settings, err
	}
	if con, err = x.connections.Get(c.Request().Context(), id); err != nil {
		return nil, nil, settings, err
	}
	if text := c.QueryParam("spec"); text != "" {
		if spec, err = query.ParseSpec([]byte(text)); err != nil && spec == nil {
			return nil, nil, settings, err
		}
		if spec.Table == "" {
			spec = nil
		}
	} else if table := c.QueryParam("table"); table != "" {
		spec = &query.Spec{Table: table, Measures: []query.Measure{{Fn: query.Count}}}
	}
	return con, spec, figure.Settings([]byte(c.QueryParam("chart"))), nil
}

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
		x.stepped(c, v, spec)
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
func (x *explore) stepped(c echo.Context, v url.Values, spec *query.Spec) {
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
	catalog, err := x.rules.Catalog(c.Request().Context(), person(c), v.Get("connection"))
	if err != nil {
		return // the page that follows says why
	}
	b := newBuilderForm(catalog, spec)
	for i := range spec.Dimensions {
		d := &spec.Dimensions[i]
		if !chosen(*d) {
			continue
		}
		d.Grain, d.Bin = "", ""
		if kind := b.kind(d.Column); kind == frame.Time || kind == frame.Date {
			d.Grain = source.Month
		}
	}
}

func (x *explore) show(c echo.Context) error {
	con, spec, settings, err := x.ask(c)
	if err != nil {
		return err
	}
	page := views.Explore{Chrome: chrome(c, "Explore", "explore"), ChartJSON: writeSettings(settings)}
	page.Chrome.Wide = true
	list, err := x.connections.List(c.Request().Context())
	if err != nil {
		return err
	}
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
	x.form(&page, catalog, spec)
	if text := c.QueryParam("limit"); text != "" {
		page.Limit, page.LimitError = text, "A limit is a whole number, or empty for none"
	}
	if spec == nil || held(c.QueryParams()) {
		if page.Held = spec != nil; page.Held {
			page.Title = title(prune(spec))
		}
		return respond(c, http.StatusOK, views.ExplorePage(page))
	}
	asked := prune(spec)
	p := newPresenter(x.charts, locale(c), con)
	p.title, p.settings, p.spec = title(asked), settings, asked
	p.at("/explore", c.QueryParams())
	result, err := x.queries.answer(c, query.Request{Person: person(c), Connection: con.ID, Spec: asked}, p.pane(c))
	if err != nil {
		return err
	}
	page.Result = &result
	x.saving(c, &page, con, asked, settings)
	return respond(c, http.StatusOK, views.ExplorePage(page))
}

// kindOnly returns the settings with another kind, as they stand in an address.
func kindOnly(s chart.Settings, k chart.Kind) string {
	return writeSettings(chart.Settings{Kind: k, Title: s.Title, Subtitle: s.Subtitle, Unit: s.Unit, Goal: s.Goal})
}

// saving fills in what the page needs to save the question or go on in SQL.
func (x *explore) saving(c echo.Context, page *views.Explore, con *source.Connection, spec *query.Spec, settings chart.Settings) {
	body, err := json.Marshal(spec)
	if err != nil {
		return
	}
	page.Title = title(spec)
	if compiled, err := x.runner.Compile(c.Request().Context(), person(c), con.ID, spec); err == nil {
		if page.Chrome.CanAskSQL {
			page.SQLURL = x.continueURL(c, con.ID, compiled)
		}
	}
	if page.Result.Failure == nil && account.May(person(c), account.Save, account.OnConnection(con.ID)).Allowed {
		page.Save = &views.SaveForm{Body: views.QuestionBody{Connection: con.ID, Spec: string(body), Chart: writeSettings(settings)}, Name: page.Title, Folders: folders(c, x.questions), Opened: page.Opened}
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
func (x *explore) form(page *views.Explore, catalog *source.Catalog, spec *query.Spec) {
	for i := range catalog.Tables {
		name := tableName(catalog, &catalog.Tables[i])
		page.Tables = append(page.Tables, views.Choice{Value: name, Label: name, Selected: spec != nil && sameTable(catalog, spec.Table, &catalog.Tables[i])})
	}
	if spec == nil {
		return
	}
	page.Table = spec.Table
	newBuilderForm(catalog, spec).fill(page)
}

func sameTable(catalog *source.Catalog, name string, t *source.Table) bool {
	found, ok := catalog.Find(name)
	return ok && found == t
}

// file answers with the question's rows or drawing as a file.
func (x *explore) file(extension string) echo.HandlerFunc {
	return func(c echo.Context) error {
		con, spec, settings, err := x.ask(c)
		if err != nil {
			return err
		}
		if con == nil || spec == nil {
			return fault.New(fault.Invalid, "The address names no question")
		}
		spec = prune(spec)
		name := title(spec)
		p := newPresenter(x.charts, locale(c), con)
		p.title, p.settings, p.spec = name, settings, spec
		return sendFile(c, x.runner, p, query.Request{Person: person(c), Connection: con.ID, Spec: spec}, extension, name)
	}
}
