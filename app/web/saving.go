package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/query"
	"assay/views"
)

// changing returns the saved question that an address says is being changed, nil
// for none and where the person may not change it.
func changing(c echo.Context, s *query.Store, v url.Values) *views.Opened {
	n, err := strconv.Atoi(v.Get("version"))
	if err != nil || v.Get("question") == "" {
		return nil
	}
	q, err := s.Get(c.Request().Context(), v.Get("question"))
	if err != nil || q.Check(person(c), account.Save) != nil {
		return nil
	}
	return &views.Opened{ID: q.ID, Name: q.Name, Version: strconv.Itoa(n), Next: strconv.Itoa(n + 1)}
}

// readBody takes from a form what a question asks, and on which connection. A
// written question keeps the values of the parameters that it still has.
func readBody(c echo.Context, q *query.Question) error {
	had := q.Body.Parameters
	q.ConnectionID, q.Body = c.FormValue("connection"), query.Body{SQL: strings.ReplaceAll(c.FormValue("sql"), "\r\n", "\n")}
	if text := c.FormValue("spec"); text != "" {
		spec, err := query.ParseSpec([]byte(text))
		if err != nil {
			return err
		}
		q.Body.Spec = spec
		form, err := c.FormParams()
		if err != nil {
			return err
		}
		if given := parameters(form); spec.Question != "" && len(given) > 0 {
			q.Body.Parameters = given // of the written question below
		}
	}
	if s := writeSettings(figure.Settings([]byte(c.FormValue("chart")))); s != "" {
		q.Body.Chart = json.RawMessage(s)
	}
	list, err := query.Parameters(q.Body.SQL)
	if err != nil {
		return err
	}
	for _, p := range list {
		if value, ok := had[p.Name]; ok {
			if q.Body.Parameters == nil {
				q.Body.Parameters = map[string]string{}
			}
			q.Body.Parameters[p.Name] = value
		}
	}
	return nil
}

// readName takes from a form how a question is called and where it lies.
func (x *questions) readName(c echo.Context, q *query.Question) (err error) {
	q.Name, q.Description = c.FormValue("name"), c.FormValue("description")
	q.FolderID, err = folderNamed(c, x.questions, x.people, q.Name)
	return err
}

func (x *questions) create(c echo.Context) error {
	q := new(query.Question)
	err := readBody(c, q)
	if err == nil {
		err = x.readName(c, q)
	}
	if err == nil {
		err = q.Check(person(c), account.Save)
	}
	if err == nil {
		err = x.questions.Create(c.Request().Context(), q, person(c))
	}
	if err != nil {
		return x.again(c, views.QuestionForm{Chrome: chrome(c, "Save the question", "questions"), Action: "/questions"}, err)
	}
	return done(c, "/questions/"+q.ID, "The question is saved. Its address stays the same.")
}

// update saves a new version: of the name and place where the form has them, of
// what is asked where it has that.
func (x *questions) update(c echo.Context) error {
	q, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	at, name := "/questions/"+q.ID, q.Name
	if n, err := strconv.Atoi(c.FormValue("version")); err == nil {
		q.Version = n
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	body := form.Has("connection")
	if body {
		err = readBody(c, q)
	}
	if err == nil && form.Has("name") {
		err = x.readName(c, q)
	}
	if err == nil {
		err = q.Check(person(c), account.Save) // the folder and the connection it goes to
	}
	if err == nil {
		err = x.questions.Update(c.Request().Context(), q, person(c))
	}
	switch {
	case err != nil && body: // what was asked is not lost: it can be saved as another question
		page := views.QuestionForm{Chrome: chrome(c, "Save the question", "questions"), Action: "/questions", Back: at, Name: name}
		return x.again(c, page, err)
	case err != nil:
		return x.again(c, views.QuestionForm{Chrome: chrome(c, "Change "+name, "questions"), Action: at, Back: at, Version: c.FormValue("version")}, err)
	case body:
		return done(c, at, "Version "+strconv.Itoa(q.Version)+" is saved.")
	}
	return redirect(c, at)
}

// again shows the form of a question with what is wrong with it.
func (x *questions) again(c echo.Context, page views.QuestionForm, err error) error {
	status, problem, fields, ok := told(err)
	if !ok || fault.Is(err, fault.Denied) {
		return err
	}
	page.Problem, page.Errors = problem, fields
	page.Description, page.Folder, page.Folders = c.FormValue("description"), c.FormValue("folder"), folders(c, x.questions)
	if form, err := c.FormParams(); err == nil && form.Has("name") {
		page.Name = c.FormValue("name")
	}
	for field, message := range fields {
		if field != "name" && field != "folder" && field != "description" {
			page.Problem = message // of what is asked, for which this form has no field
		}
	}
	if c.FormValue("connection") != "" {
		page.Body = &views.QuestionBody{Connection: c.FormValue("connection"), Spec: c.FormValue("spec"), SQL: c.FormValue("sql"), Chart: c.FormValue("chart")}
		if form, err := c.FormParams(); err == nil {
			page.Body.Parameters = givenFields(parameters(form))
		}
	}
	return respond(c, status, views.QuestionFormPage(page))
}

func (x *questions) edit(c echo.Context) error {
	q, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	at := "/questions/" + q.ID
	return respond(c, http.StatusOK, views.QuestionFormPage(views.QuestionForm{Chrome: chrome(c, "Change "+q.Name, "questions"), Action: at, Back: at, Version: strconv.Itoa(q.Version),
		Name: q.Name, Description: q.Description, Folder: x.folder(c, q.FolderID), Folders: folders(c, x.questions)}))
}
