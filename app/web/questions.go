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
	"assay/app/figure"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// questions is the saved questions.
type questions struct {
	questions   *query.Store
	connections *source.Store
	runner      *query.Runner
	charts      *chart.Drawer
	people      *account.Store
	queries     *queries
	figures     *figure.Maker
	pdf         writePDF
	base        string
}

func (x *questions) routes(g *echo.Group) {
	g.GET("/questions", may(account.Look, x.list))
	g.POST("/questions", may(account.Save, x.create))
	g.GET("/questions/:id", may(account.Look, x.show))
	g.GET("/questions/:id/print", may(account.Look, x.print))
	g.GET("/questions/:id/rows", may(account.Ask, x.rows))
	g.GET("/questions/:id/edit", may(account.Save, x.edit))
	g.POST("/questions/:id", may(account.Save, x.update))
	g.POST("/questions/:id/delete", may(account.Save, x.remove))
	g.GET("/questions/:id/versions", may(account.Look, x.versions))
	g.POST("/questions/:id/restore", may(account.Save, x.restore))
}

func (x *questions) list(c echo.Context) error {
	ctx := c.Request().Context()
	list, err := x.questions.List(ctx, query.Find{Text: c.QueryParam("q"), For: person(c)})
	if err != nil {
		return err
	}
	folderList, err := x.questions.Folders(ctx)
	if err != nil {
		return err
	}
	page := views.Questions{Chrome: chrome(c, "Questions", "questions"), Find: c.QueryParam("q"), Total: len(list)}
	add := func(name, id string) {
		f := views.QuestionFolder{Name: name}
		for _, q := range list {
			if q.FolderID == id {
				f.Items = append(f.Items, views.QuestionItem{Name: q.Name, Description: q.Description, URL: "/questions/" + q.ID, Meta: "changed " + q.UpdatedAt.UTC().Format("2006-01-02")})
			}
		}
		if len(f.Items) > 0 {
			page.Folders = append(page.Folders, f)
		}
	}
	for _, f := range folderList {
		add(f.Name, f.ID)
	}
	add("No folder", "")
	return respond(c, http.StatusOK, views.QuestionsPage(page))
}

// get returns a saved question to which the person may do the action.
func (x *questions) get(c echo.Context, action account.Action, id string) (*query.Question, error) {
	q, err := x.questions.Get(c.Request().Context(), id)
	if err != nil {
		return nil, err
	}
	return q, q.Check(person(c), action)
}

// asked is a saved question with the values it is asked with here and now.
type asked struct {
	*query.Question
	connection *source.Connection
	presenter  *presenter
	given      map[string]string
	fields     []views.Parameter
	request    query.Request
	// complete says that no parameter lacks a value.
	complete bool
}

// ask reads a question's values and drawing from the address.
func (x *questions) ask(c echo.Context, id string) (*asked, error) {
	q, err := x.get(c, account.Look, id)
	if err != nil {
		return nil, err
	}
	con, err := x.connections.Get(c.Request().Context(), q.ConnectionID)
	if err != nil {
		return nil, err
	}
	v := c.QueryParams()
	a := &asked{Question: q, connection: con, given: parameters(v), presenter: newPresenter(x.charts, locale(c), con)}
	for name, value := range q.Body.Parameters {
		if _, ok := a.given[name]; !ok {
			a.given[name] = value
		}
	}
	fields, values, complete := parameterFields(q.Body.SQL, a.given, nil)
	from := ""
	if q.Body.Spec != nil {
		// What cannot be asked any more is told by the answer.
		if chain, err := x.runner.Chain(c.Request().Context(), person(c), q.ConnectionID, q.Body.Spec); err == nil && len(chain) > 0 {
			fields, values, complete = innerParameters(chain, a.given, nil)
			from = chain[0].Name
		}
	}
	a.fields, a.complete = fields, complete || len(fields) == 0
	a.request = query.Request{Person: person(c), Saved: q, Parameters: values}
	if text := v.Get("narrow"); text != "" { // by the filters of a dashboard from which the reader came
		if err := json.Unmarshal([]byte(text), &a.request.Narrow); err != nil {
			return nil, fault.Field("narrow", "What the question is narrowed by cannot be read; the address may not have been copied whole")
		}
	}
	p := a.presenter
	p.asked, p.title, p.settings, p.spec, p.given, p.narrow = q.Body.SQL, q.Name, questionSettings(q), q.Body.Spec, values, a.request.Narrow
	p.from = from
	if text := v.Get("chart"); text != "" {
		p.settings = figure.Settings([]byte(text))
	}
	v = maps.Clone(v)
	v.Del("row") // of the figure from which the reader came
	v.Del("column")
	p.at("/questions/"+q.ID, v)
	return a, nil
}

// show answers a question at its address, and with a suffix its file.
func (x *questions) show(c echo.Context) error {
	if id, extension, ok := strings.Cut(c.Param("id"), "."); ok {
		return x.file(c, id, extension)
	}
	a, err := x.ask(c, c.Param("id"))
	if err != nil {
		return err
	}
	page := views.Question{Chrome: chrome(c, a.Name, "questions"), ID: a.ID, Name: a.Name, Description: a.Description, Connection: a.connection.Name,
		Folder: x.folder(c, a.FolderID), Version: strconv.Itoa(a.Version), SavedAt: a.UpdatedAt.UTC().Format("2006-01-02 15:04 UTC"), SavedBy: x.who(c, a.CreatedBy),
		Parameters: a.fields, Actions: x.actions(c, a)}
	if len(a.request.Narrow) > 0 {
		page.Narrowed = strings.Join(figure.Narrowed(nil, nil, a.request.Narrow), ", ")
		page.WholeURL = with("/questions/"+a.ID, c.QueryParams(), "narrow", "")
	}
	if held(c.QueryParams()) {
		page.AskURL = with("/questions/"+a.ID, c.QueryParams(), "run", "")
	} else if a.complete {
		result, err := x.queries.answer(c, a.request, a.presenter.pane(c))
		if err != nil {
			return err
		}
		showCell(&result, c.QueryParam("row"), c.QueryParam("column"))
		page.Result = &result
	}
	return respond(c, http.StatusOK, views.QuestionPage(page))
}

// actions are what the person may do with the question.
func (x *questions) actions(c echo.Context, q *asked) views.Actions {
	at, p := "/questions/"+q.ID, person(c)
	a := views.Actions{PrintURL: with(at+"/print", c.QueryParams(), "run", ""), VersionsURL: at + "/versions"}
	asks := account.May(p, account.Ask, account.OnConnection(q.ConnectionID)).Allowed
	if asks {
		a.EditURL, a.EditLabel = openURL(q.Question, q.given, views.Chrome{CanAskSQL: account.May(p, account.AskSQL, account.OnConnection(q.ConnectionID)).Allowed})
	}
	if asks && q.complete {
		a.First = append(a.First, views.Link{Label: "Rows behind it", URL: with(at+"/rows", c.QueryParams(), "chart", "")})
		a.First = append(a.First, views.Link{Label: "Ask about its result", URL: furtherURL(q.Question, parameters(c.QueryParams()))})
	}
	if x.pdf != nil {
		a.PDFURL = with(at+".pdf", c.QueryParams(), "run", "")
	}
	if account.May(p, account.Save).Allowed {
		a.First = append(a.First, views.Link{Label: "Add to a dashboard", URL: "/dashboards/add?question=" + q.ID})
		a.ScheduleURL, a.AlertURL = "/schedules/new?question="+q.ID, "/alerts/new?question="+q.ID
	}
	if q.Check(p, account.Save) == nil {
		a.Further = []views.Link{{Label: "Name and folder", URL: at + "/edit"}}
		a.RemoveURL, a.RemoveAsk = at+"/delete", "Remove this question and all its versions?"
		if account.May(p, account.Share).Allowed {
			a.ShareURL = at + "/share"
		}
	}
	return a
}

// showCell shows the cell that a figure of a report came from: row counts from 1.
func showCell(r *views.Result, row, column string) {
	n, err := strconv.Atoi(row)
	if err != nil || r.Table == nil {
		return
	}
	at := slices.IndexFunc(r.Table.Columns, func(c views.TableColumn) bool { return c.Name == column })
	if n < 1 || n > len(r.Table.Rows) {
		r.Notes = append(r.Notes, "Row "+strconv.Itoa(n)+" is not among those listed.")
		return
	}
	r.Table.Mark = &views.Mark{Row: n - 1, Column: at}
}

func (x *questions) file(c echo.Context, id, extension string) error {
	if extension == "pdf" && x.pdf != nil {
		return x.paper(c, id)
	}
	if !slices.Contains(extensions, extension) {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	a, err := x.ask(c, id)
	if err != nil {
		return err
	}
	return sendFile(c, x.runner, a.presenter, a.request, extension, a.Name)
}

func questionSettings(q *query.Question) chart.Settings { return figure.Settings(q.Body.Chart) }

// openURL is where a question is changed, by clicking or, by those who may write it, in SQL.
func openURL(q *query.Question, given map[string]string, chrome views.Chrome) (to, label string) {
	v := url.Values{"connection": {q.ConnectionID}, "question": {q.ID}, "version": {strconv.Itoa(q.Version)}}
	if len(q.Body.Chart) > 0 {
		v.Set("chart", string(q.Body.Chart))
	}
	for name, value := range given {
		v.Set("p."+name, value)
	}
	if q.Body.Spec != nil {
		body, _ := json.Marshal(q.Body.Spec)
		v.Set("spec", string(body))
		return "/explore?" + v.Encode(), "Open in the builder"
	}
	if !chrome.CanAskSQL {
		return "", ""
	}
	v.Set("sql", q.Body.SQL)
	return "/sql?" + v.Encode(), "Open in SQL"
}

// furtherURL is the builder with the question in place of a table.
func furtherURL(q *query.Question, given map[string]string) string {
	body, _ := json.Marshal(query.Spec{Question: q.ID})
	v := url.Values{"connection": {q.ConnectionID}, "spec": {string(body)}}
	for name, value := range given {
		v.Set("p."+name, value)
	}
	return "/explore?" + v.Encode()
}

// who returns a person's name, or a neutral word where the person is gone.
func (x *questions) who(c echo.Context, id string) string {
	p, err := x.people.Get(c.Request().Context(), id)
	if err != nil {
		return "Assay"
	}
	return p.Name
}

func (x *questions) folder(c echo.Context, id string) string {
	list, err := x.questions.Folders(c.Request().Context())
	if err != nil {
		return ""
	}
	for _, f := range list {
		if f.ID == id {
			return f.Name
		}
	}
	return ""
}

func (x *questions) remove(c echo.Context) error {
	if _, err := x.get(c, account.Save, c.Param("id")); err != nil {
		return err
	}
	if err := x.questions.Delete(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	if err := flash(c, "The question is removed."); err != nil {
		return err
	}
	return redirect(c, "/questions")
}

func (x *questions) versions(c echo.Context) error {
	ctx := c.Request().Context()
	q, err := x.get(c, account.Look, c.Param("id"))
	if err != nil {
		return err
	}
	list, err := x.questions.Versions(ctx, q.ID)
	if err != nil {
		return err
	}
	page := views.QuestionVersions{Chrome: chrome(c, "Versions of "+q.Name, "questions"), ID: q.ID, Name: q.Name, CanSave: q.Check(person(c), account.Save) == nil}
	for _, v := range list {
		text := v.Body.SQL
		if v.Body.Spec != nil {
			body, _ := json.MarshalIndent(v.Body.Spec, "", "  ")
			text = string(body)
		}
		page.Items = append(page.Items, views.VersionItem{Version: strconv.Itoa(v.Version), When: v.SavedAt.UTC().Format("2006-01-02 15:04 UTC"), By: x.who(c, v.SavedBy), Name: v.Name, Text: text, Current: v.Version == q.Version})
	}
	return respond(c, http.StatusOK, views.QuestionVersionsPage(page))
}

func (x *questions) restore(c echo.Context) error {
	n, err := strconv.Atoi(c.FormValue("version"))
	if err != nil {
		return fault.Field("version", "Choose a version")
	}
	if _, err := x.get(c, account.Save, c.Param("id")); err != nil {
		return err
	}
	if _, err := x.questions.Restore(c.Request().Context(), c.Param("id"), n, person(c)); err != nil {
		return err
	}
	if err := flash(c, "Version "+strconv.Itoa(n)+" is the newest again."); err != nil {
		return err
	}
	return redirect(c, "/questions/"+c.Param("id"))
}
