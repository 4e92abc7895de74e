package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
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
}

func (x *questions) routes(g *echo.Group) {
	g.GET("/questions", may(account.Look, x.list))
	g.POST("/questions", may(account.Save, x.create))
	g.GET("/questions/:id", may(account.Look, x.show))
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

func (x *questions) create(c echo.Context) error {
	ctx := c.Request().Context()
	q := &query.Question{Name: c.FormValue("name"), Description: c.FormValue("description"), ConnectionID: c.FormValue("connection")}
	q.Body.SQL = strings.ReplaceAll(c.FormValue("sql"), "\r\n", "\n")
	if text := c.FormValue("spec"); text != "" {
		spec, err := query.ParseSpec([]byte(text))
		if err != nil {
			return err
		}
		q.Body.Spec = spec
	}
	if s := readSettings(c.FormValue("chart")); writeSettings(s) != "" {
		q.Body.Chart = json.RawMessage(writeSettings(s))
	}
	var err error
	if name := c.FormValue("folder"); strings.TrimSpace(name) != "" {
		if q.FolderID, err = x.questions.EnsureFolder(ctx, name); err != nil {
			return err
		}
	}
	if err := q.Check(person(c), account.Save); err != nil {
		return err
	}
	if err := x.questions.Create(ctx, q, person(c).ID); err != nil {
		return err
	}
	if err := flash(c, "The question is saved. Its address stays the same."); err != nil {
		return err
	}
	return redirect(c, "/questions/"+q.ID)
}

// get returns a saved question to which the person may do the action.
func (x *questions) get(c echo.Context, action account.Action, id string) (*query.Question, error) {
	q, err := x.questions.Get(c.Request().Context(), id)
	if err != nil {
		return nil, err
	}
	return q, q.Check(person(c), action)
}

// show answers a question at its address, and with a suffix its file.
func (x *questions) show(c echo.Context) error {
	id, extension, _ := strings.Cut(c.Param("id"), ".")
	ctx := c.Request().Context()
	q, err := x.get(c, account.Look, id)
	if err != nil {
		return err
	}
	con, err := x.connections.Get(ctx, q.ConnectionID)
	if err != nil {
		return err
	}
	v := c.QueryParams()
	settings := questionSettings(q)
	if text := v.Get("chart"); text != "" {
		settings = readSettings(text)
	}
	given := parameters(v)
	for name, value := range q.Body.Parameters {
		if _, ok := given[name]; !ok {
			given[name] = value
		}
	}
	fields, values, complete := parameterFields(q.Body.SQL, given, nil)
	base := "/questions/" + q.ID
	p := &presenter{charts: x.charts, locale: locale(c), asked: q.Body.SQL, source: con.Name, zone: con.Config.TimeZone, title: q.Name, settings: settings, spec: q.Body.Spec, table: true,
		link:      func(k chart.Kind) string { return with(base, v, "chart", kindOnly(settings, k)) },
		download:  func(extension string) string { return with(base+"."+extension, v) },
		optionURL: with(base+".option", v)}
	req := query.Request{Person: person(c), Saved: q, Parameters: values}
	if extension != "" {
		for _, known := range extensions {
			if known == extension {
				return sendFile(c, x.runner, p, req, extension, q.Name)
			}
		}
		return echo.NewHTTPError(http.StatusNotFound)
	}
	page := views.Question{Chrome: chrome(c, q.Name, "questions"), ID: q.ID, Name: q.Name, Description: q.Description, Connection: con.Name,
		Folder: x.folder(c, q.FolderID), Version: strconv.Itoa(q.Version), SavedAt: q.UpdatedAt.UTC().Format("2006-01-02 15:04 UTC"), SavedBy: x.who(c, q.CreatedBy),
		Parameters: fields, CanSave: q.Check(person(c), account.Save) == nil}
	page.OpenURL, page.OpenLabel = openURL(q, given, page.Chrome)
	if complete || len(fields) == 0 {
		result, err := x.queries.answer(c, req, p.pane(c))
		if err != nil {
			return err
		}
		page.Result = &result
	}
	return respond(c, http.StatusOK, views.QuestionPage(page))
}

func questionSettings(q *query.Question) chart.Settings { return readSettings(string(q.Body.Chart)) }

func openURL(q *query.Question, given map[string]string, chrome views.Chrome) (to, label string) {
	v := url.Values{"connection": {q.ConnectionID}}
	if len(q.Body.Chart) > 0 {
		v.Set("chart", string(q.Body.Chart))
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
	for name, value := range given {
		v.Set("p."+name, value)
	}
	return "/sql?" + v.Encode(), "Open in SQL"
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

func (x *questions) edit(c echo.Context) error {
	q, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.QuestionFormPage(views.QuestionForm{Chrome: chrome(c, "Change "+q.Name, "questions"), ID: q.ID, Version: strconv.Itoa(q.Version),
		Name: q.Name, Description: q.Description, Folder: x.folder(c, q.FolderID), Folders: folders(c, x.questions)}))
}

func (x *questions) update(c echo.Context) error {
	ctx := c.Request().Context()
	q, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	q.Name, q.Description, q.FolderID = c.FormValue("name"), c.FormValue("description"), ""
	if n, err := strconv.Atoi(c.FormValue("version")); err == nil {
		q.Version = n
	}
	if name := strings.TrimSpace(c.FormValue("folder")); name != "" {
		if q.FolderID, err = x.questions.EnsureFolder(ctx, name); err != nil {
			return err
		}
	}
	if err := q.Check(person(c), account.Save); err != nil { // the folder it goes to
		return err
	}
	err = x.questions.Update(ctx, q, person(c).ID)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		page := views.QuestionForm{Chrome: chrome(c, "Change "+q.Name, "questions"), ID: q.ID, Version: c.FormValue("version"), Name: q.Name, Description: q.Description,
			Folder: c.FormValue("folder"), Folders: folders(c, x.questions), Errors: fault.FieldsOf(err)}
		if len(page.Errors) == 0 {
			page.Problem = fault.MessageOf(err)
		}
		return respond(c, statuses[fault.KindOf(err)], views.QuestionFormPage(page))
	}
	if err != nil {
		return err
	}
	return redirect(c, "/questions/"+q.ID)
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
	if _, err := x.questions.Restore(c.Request().Context(), c.Param("id"), n, person(c).ID); err != nil {
		return err
	}
	if err := flash(c, "Version "+strconv.Itoa(n)+" is the newest again."); err != nil {
		return err
	}
	return redirect(c, "/questions/"+c.Param("id"))
}
