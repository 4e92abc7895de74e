package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
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

// written is the place for questions written in SQL. What fits into an address
// is in the address.
type written struct {
	connections *source.Store
	runner      *query.Runner
	questions   *query.Store
	charts      *chart.Drawer
	queries     *queries
}

func (x *written) routes(g *echo.Group) {
	g.GET("/sql", may(account.AskSQL, x.show))
	g.POST("/sql", may(account.AskSQL, x.run))
	g.GET("/sql/rows", may(account.AskSQL, x.rows))
	for _, extension := range extensions {
		g.GET("/sql."+extension, may(account.AskSQL, x.file(extension)))
	}
}

// longestAddress is how long an address may get before the answer is given
// without one of its own.
const longestAddress = 6000

// run takes the form to the address that stands for it.
func (x *written) run(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	values := url.Values{}
	kept := []string{"connection", "sql", "chart", "question", "version"}
	for k, v := range form {
		if len(v) > 0 && v[0] != "" && (slices.Contains(kept, k) || strings.HasPrefix(k, "p.")) {
			values.Set(k, strings.ReplaceAll(v[0], "\r\n", "\n"))
		}
	}
	if form.Get("do") == "explain" {
		values.Set("explain", "1")
	}
	if to := "/sql?" + values.Encode(); len(to) <= longestAddress {
		return redirect(c, to)
	}
	return x.page(c, values, true)
}

// ours reports whether the request came from our own pages, a bookmark or an
// address typed in, rather than by a link on another site.
func ours(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return true
	}
	return false
}

func (x *written) show(c echo.Context) error {
	return x.page(c, c.QueryParams(), ours(c.Request()) && !held(c.QueryParams()))
}

// parameters returns the values given for a written question's parameters.
func parameters(v url.Values) map[string]string {
	given := map[string]string{}
	for k, list := range v {
		if name, ok := strings.CutPrefix(k, "p."); ok && len(list) > 0 {
			given[name] = list[0]
		}
	}
	return given
}

// parameterFields lists the fields of a text's parameters, and the values of
// those that the text has.
func parameterFields(sql string, given map[string]string, problems map[string]string) (fields []views.Parameter, values map[string]string, complete bool) {
	list, err := query.Parameters(sql)
	values, complete = map[string]string{}, err == nil
	for _, p := range list {
		value, ok := given[p.Name]
		if !ok && p.HasDefault {
			value, ok = p.Default, true
		}
		if ok && (value != "" || p.Kind == frame.Text) {
			values[p.Name] = value
		} else {
			complete = false
		}
		field := views.Parameter{Name: p.Name, Kind: p.Kind.String(), Type: "text", Value: value, Error: problems["parameters."+p.Name]}
		switch p.Kind {
		case frame.Date:
			field.Type = "date"
		case frame.Number:
			field.Hint = "A number"
		case frame.Time:
			field.Hint = "Such as 2024-01-31 12:00"
		case frame.Bool:
			field.Hint = "true or false"
		}
		fields = append(fields, field)
	}
	return fields, values, complete
}

func (x *written) page(c echo.Context, v url.Values, run bool) error {
	page := views.SQL{Chrome: chrome(c, "SQL", "sql"), Text: v.Get("sql"), ChartJSON: v.Get("chart")}
	page.Chrome.Wide = true
	list, err := x.connections.List(c.Request().Context())
	if err != nil {
		return err
	}
	list = query.Reachable(person(c), account.AskSQL, list)
	var con *source.Connection
	for i := range list {
		if list[i].ID == v.Get("connection") || v.Get("connection") == "" && i == 0 {
			con = &list[i]
		}
	}
	if con == nil {
		if v.Get("connection") != "" {
			return fault.New(fault.NotFound, "There is no such connection")
		}
		return respond(c, http.StatusOK, views.SQLPage(page))
	}
	for _, one := range list {
		page.Connections = append(page.Connections, views.Choice{Value: one.ID, Label: one.Name, Selected: one.ID == con.ID})
	}
	page.Connection, page.Dialect = con.ID, con.Kind
	page.Opened = changing(c, x.questions, v)
	fields, values, complete := parameterFields(page.Text, parameters(v), nil)
	page.Parameters = fields
	switch {
	case strings.TrimSpace(page.Text) == "":
	case held(v):
		page.Waiting = "This question was stopped. Press Run to ask it again."
	case !run:
		page.Waiting = "This question came by a link from another site. Read it, then press Run."
	case !complete && len(fields) > 0:
		page.Waiting = "Fill in " + missing(fields, values) + ", then press Run."
	default:
		if err := x.answer(c, &page, v, con, values); err != nil {
			return err
		}
	}
	page.History = x.history(c, con.ID)
	return respond(c, http.StatusOK, views.SQLPage(page))
}

func (x *written) answer(c echo.Context, page *views.SQL, v url.Values, con *source.Connection, values map[string]string) error {
	p := x.presenter(c, con, v, values)
	req := query.Request{Person: person(c), Connection: con.ID, SQL: page.Text, Parameters: values, Explain: v.Get("explain") != ""}
	if req.Explain {
		p.settings, p.link, p.download, p.optionURL, p.rowsOf = tableOnly, nil, nil, "", nil
	}
	show := p.pane(c)
	if req.Explain {
		show = p.plan
	}
	result, err := x.queries.answer(c, req, func(r *query.Result, err error) views.Result {
		if f := source.AsFailure(err); f != nil {
			page.ErrorPosition, page.ErrorMessage = position(err), f.Message
		}
		for i := range page.Parameters {
			page.Parameters[i].Error = fault.FieldsOf(err)["parameters."+page.Parameters[i].Name]
		}
		return show(r, err)
	})
	if err != nil {
		return err
	}
	page.Result = &result
	if result.Failure == nil && !req.Explain && account.May(person(c), account.Save, account.OnConnection(con.ID)).Allowed {
		page.Save = &views.SaveForm{Body: views.QuestionBody{Connection: con.ID, SQL: page.Text, Chart: writeSettings(p.settings)}, Folders: folders(c, x.questions), Opened: page.Opened}
	}
	return nil
}

func (x *written) presenter(c echo.Context, con *source.Connection, v url.Values, given map[string]string) *presenter {
	p := newPresenter(x.charts, locale(c), con)
	p.asked, p.settings, p.given = v.Get("sql"), figure.Settings([]byte(v.Get("chart"))), given
	if len(v.Encode()) <= longestAddress {
		p.at("/sql", v)
	}
	return p
}

// missing lists the parameters that have no value yet, in words.
func missing(fields []views.Parameter, values map[string]string) string {
	var names []string
	for _, f := range fields {
		if _, ok := values[f.Name]; !ok {
			names = append(names, f.Name)
		}
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

// shownHistory is how many earlier questions the page lists.
const shownHistory = 20

func (x *written) history(c echo.Context, connection string) []views.Asked {
	list, err := x.questions.History(c.Request().Context(), person(c).ID, connection, shownHistory)
	if err != nil {
		return nil
	}
	var out []views.Asked
	for _, a := range list {
		text := strings.Join(strings.Fields(a.SQL), " ")
		if r := []rune(text); len(r) > 120 {
			text = string(r[:120]) + "…"
		}
		one := views.Asked{SQL: text, When: a.AskedAt.UTC().Format("2006-01-02 15:04"), URL: "/sql?" + url.Values{"connection": {connection}, "sql": {a.SQL}}.Encode()}
		if a.State == "done" {
			one.Note = frame.Formatter{}.Number(float64(a.RowCount), 0) + " rows"
		} else {
			one.Note, one.Bad = a.State, true
		}
		out = append(out, one)
	}
	return out
}

func (x *written) file(extension string) echo.HandlerFunc {
	return func(c echo.Context) error {
		v := c.QueryParams()
		if err := account.Check(person(c), account.AskSQL, account.OnConnection(v.Get("connection"))); err != nil {
			return err
		}
		con, err := x.connections.Get(c.Request().Context(), v.Get("connection"))
		if err != nil {
			return err
		}
		if !ours(c.Request()) {
			return fault.New(fault.Denied, "This download was asked by another site and was not run")
		}
		_, values, _ := parameterFields(v.Get("sql"), parameters(v), nil)
		req := query.Request{Person: person(c), Connection: con.ID, SQL: v.Get("sql"), Parameters: values}
		return sendFile(c, x.runner, x.presenter(c, con, v, values), req, extension, "result")
	}
}

// rows lists the rows of the result that are behind a mark of its drawing.
func (x *written) rows(c echo.Context) error {
	v := maps.Clone(c.QueryParams())
	if !ours(c.Request()) {
		return fault.New(fault.Denied, "These rows were asked for by another site and were not read")
	}
	if err := account.Check(person(c), account.AskSQL, account.OnConnection(v.Get("connection"))); err != nil {
		return err
	}
	if strings.TrimSpace(v.Get("sql")) == "" {
		return fault.New(fault.Invalid, "The address names no question")
	}
	_, values, _ := parameterFields(v.Get("sql"), parameters(v), nil)
	maps.DeleteFunc(v, func(key string, _ []string) bool { return isMark(key) })
	page := views.Rows{Name: "this result", URL: with("/sql", v), Back: "/sql?connection=" + url.QueryEscape(v.Get("connection")), BackName: "SQL"}
	rows := behindMarks{connections: x.connections, runner: x.runner, charts: x.charts, queries: x.queries}
	return rows.show(c, page, query.Request{Person: person(c), Connection: v.Get("connection"), SQL: v.Get("sql"), Parameters: values}, marksOf(c.QueryParams()))
}
