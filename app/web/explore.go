package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
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
	return con, spec, readSettings(c.QueryParam("chart")), nil
}

// readSettings reads a drawing's settings from an address; what it cannot read counts as none.
func readSettings(text string) (s chart.Settings) {
	if text != "" && json.Unmarshal([]byte(text), &s) != nil {
		return chart.Settings{Kind: chart.Kind(text)}
	}
	return s
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
	if table := v.Get("table"); table != "" && v.Get("was_connection") == v.Get("connection") {
		spec := readForm(v, v.Get("do"))
		if v.Get("was") != table {
			spec.Measures = []query.Measure{{Fn: query.Count}}
		}
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
	page.Connection = con.ID
	x.form(&page, catalog, spec)
	if spec == nil {
		return respond(c, http.StatusOK, views.ExplorePage(page))
	}
	asked := prune(spec)
	values := c.QueryParams()
	p := &presenter{charts: x.charts, locale: locale(c), source: con.Name, zone: con.Config.TimeZone, title: title(asked), settings: settings, spec: asked, table: true,
		link:      func(k chart.Kind) string { return with("/explore", values, "chart", kindOnly(settings, k)) },
		download:  func(extension string) string { return with("/explore."+extension, values) },
		optionURL: with("/explore.option", values)}
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
		page.SQL = compiled.SQL
		if page.Chrome.CanAskSQL {
			page.SQLURL = x.continueURL(c, con.ID, compiled)
		}
	}
	if account.May(person(c), account.Save, account.OnConnection(con.ID)).Allowed {
		page.Save = &views.SaveForm{Connection: con.ID, Spec: string(body), Chart: writeSettings(settings), Name: page.Title, Folders: folders(c, x.questions)}
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
	return "/sql?" + address.Encode()
}

// folders returns the names of folders, for a list to pick from.
func folders(c echo.Context, s *query.Store) []string {
	list, err := s.Folders(c.Request().Context())
	if err != nil {
		return nil
	}
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = f.Name
	}
	return names
}

// title says in words what a spec asks.
func title(s *query.Spec) string {
	words := func(name string) string {
		return strings.ReplaceAll(name[strings.LastIndexByte(name, '.')+1:], "_", " ")
	}
	var what []string
	for _, m := range s.Measures {
		switch {
		case m.As != "":
			what = append(what, words(m.As))
		case m.Fn == query.Count && m.Column == "":
			what = append(what, "count of "+words(s.Table))
		default:
			what = append(what, map[query.Fn]string{query.Count: "count of", query.CountDistinct: "distinct", query.Sum: "total", query.Avg: "average",
				query.Min: "least", query.Max: "greatest", query.Median: "median"}[m.Fn]+" "+words(m.Column))
		}
	}
	if len(what) == 0 {
		what = []string{words(s.Table)}
	}
	text := strings.Join(what, ", ")
	var by []string
	for _, d := range s.Dimensions {
		if d.Grain != "" {
			by = append(by, string(d.Grain))
		} else {
			by = append(by, words(d.Column))
		}
	}
	if len(by) > 0 {
		text += " by " + strings.Join(by, " and ")
	}
	if first, size := utf8.DecodeRuneInString(text); first != utf8.RuneError {
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	return text
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
	b := &builderForm{catalog: catalog, spec: spec}
	page.Table = spec.Table
	b.fill(page)
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
		p := &presenter{charts: x.charts, locale: locale(c), source: con.Name, zone: con.Config.TimeZone, title: name, settings: settings, spec: spec}
		return sendFile(c, x.runner, p, query.Request{Person: person(c), Connection: con.ID, Spec: spec}, extension, name)
	}
}
