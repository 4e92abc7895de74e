package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/query"
)

// Asked is what a saved question asks and how its answer is drawn.
type Asked struct {
	SQL        string            `json:"sql,omitempty" maxLength:"262144" doc:"A question in the database's own SQL"`
	Spec       *spec             `json:"spec,omitempty" doc:"A question as the builder asks it, instead of sql"`
	Parameters map[string]scalar `json:"parameters,omitempty" doc:"Values that the question is asked with unless others are given"`
	Chart      *chart.Settings   `json:"chart,omitempty" doc:"How the answer is drawn; without it the answer's shape decides"`
}

func askedOf(b *query.Body) (Asked, error) {
	out := Asked{SQL: b.SQL}
	if b.Spec != nil {
		out.Spec = &spec{*b.Spec}
	}
	for name, text := range b.Parameters {
		if out.Parameters == nil {
			out.Parameters = map[string]scalar{}
		}
		out.Parameters[name] = scalar{text: text}
	}
	settings, err := chartOf(b)
	out.Chart = settings
	return out, err
}

// chartOf returns the settings of a question's drawing, nil where it has none.
func chartOf(b *query.Body) (*chart.Settings, error) {
	if len(b.Chart) == 0 || string(b.Chart) == "null" {
		return nil, nil
	}
	s := new(chart.Settings)
	return s, json.Unmarshal(b.Chart, s)
}

// apply changes a question to what is given; sql takes a spec's place and the other way round.
func (g Asked) apply(b *query.Body) (err error) {
	if g.SQL != "" || g.Spec != nil {
		b.SQL, b.Spec = g.SQL, g.Spec.query()
	}
	if g.Parameters != nil {
		b.Parameters = Ask{Parameters: g.Parameters}.request(nil, "").Parameters
	}
	if g.Chart != nil {
		b.Chart, err = json.Marshal(g.Chart)
	}
	return err
}

// question is a saved question.
type question struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Folder      string `json:"folder" doc:"The folder's id; empty for none"`
	Connection  string `json:"connection" doc:"The connection's id"`
	Asked
	Version   int       `json:"version" doc:"Counts the saves"`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func questionOf(q *query.Question) (question, error) {
	body, err := askedOf(&q.Body)
	return question{ID: q.ID, Name: q.Name, Description: q.Description, Folder: q.FolderID, Connection: q.ConnectionID, Asked: body,
		Version: q.Version, CreatedBy: q.CreatedBy, CreatedAt: utc(q.CreatedAt), UpdatedAt: utc(q.UpdatedAt)}, err
}

// version is how a question was saved once.
type version struct {
	Version     int    `json:"version"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Asked
	SavedBy string    `json:"saved_by"`
	SavedAt time.Time `json:"saved_at"`
}

// QuestionInput is what a question is saved from.
type QuestionInput struct {
	Name        string `json:"name" minLength:"1" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"5000"`
	Folder      string `json:"folder,omitempty" maxLength:"100" doc:"The folder's id"`
	Connection  string `json:"connection" minLength:"1" maxLength:"100" doc:"The connection's id"`
	Asked
}

type questionCreate struct{ Body QuestionInput }

type questionReplace struct {
	ByID
	Body struct {
		QuestionInput
		Version int `json:"version,omitempty" minimum:"1" doc:"The version this was made from; a later one is a conflict. Without it the last is replaced"`
	} `nameHint:"QuestionReplace"`
}

type questionPatch struct {
	ByID
	Body struct {
		Name        *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Description *string `json:"description,omitempty" maxLength:"5000"`
		Folder      *string `json:"folder,omitempty" maxLength:"100" doc:"The folder's id; empty for none"`
		Connection  *string `json:"connection,omitempty" minLength:"1" maxLength:"100" doc:"The connection's id"`
		Asked
		Version int `json:"version,omitempty" minimum:"1" doc:"The version this was made from; a later one is a conflict. Without it the last is changed"`
	} `nameHint:"QuestionPatch"`
}

type questionFind struct {
	Paging
	Folder     string `query:"folder" maxLength:"100" doc:"Only questions of the folder with this id"`
	Connection string `query:"connection" maxLength:"100" doc:"Only questions about the connection with this id"`
	Text       string `query:"q" maxLength:"200" doc:"Only questions with this text in the name or description"`
}

type versionsInput struct {
	ByID
	Paging
}

type restoreInput struct {
	ByID
	Version int `path:"version" minimum:"1"`
}

type runInput struct {
	ByID
	Body *Ask
}

func (a *api) questions() {
	const tag = "questions"
	look, save := account.Look, account.Save
	add(a, operation{id: "listQuestions", method: http.MethodGet, path: "/questions", tag: tag, action: look, summary: "List saved questions by name"}, a.listQuestions)
	add(a, operation{id: "createQuestion", method: http.MethodPost, path: "/questions", tag: tag, action: save, status: http.StatusCreated, summary: "Save a question"}, a.createQuestion)
	add(a, operation{id: "getQuestion", method: http.MethodGet, path: "/questions/{id}", tag: tag, action: look, summary: "Get a saved question"}, a.getQuestion)
	add(a, operation{id: "replaceQuestion", method: http.MethodPut, path: "/questions/{id}", tag: tag, action: save, summary: "Replace a saved question"}, a.replaceQuestion)
	add(a, operation{id: "updateQuestion", method: http.MethodPatch, path: "/questions/{id}", tag: tag, action: save, summary: "Change a saved question"}, a.updateQuestion)
	add(a, operation{id: "deleteQuestion", method: http.MethodDelete, path: "/questions/{id}", tag: tag, action: save, summary: "Remove a saved question and its versions"}, a.deleteQuestion)
	add(a, operation{id: "listQuestionVersions", method: http.MethodGet, path: "/questions/{id}/versions", tag: tag, action: look, summary: "List how a question was saved, the newest first"}, a.listVersions)
	add(a, operation{id: "getQuestionVersion", method: http.MethodGet, path: "/questions/{id}/versions/{version}", tag: tag, action: look, summary: "Get a question as it was saved once"}, a.getVersion)
	add(a, operation{id: "restoreQuestionVersion", method: http.MethodPost, path: "/questions/{id}/versions/{version}/restore", tag: tag, action: save, summary: "Save an earlier version as the newest"}, a.restoreVersion)
	add(a, operation{id: "runQuestion", method: http.MethodPost, path: "/questions/{id}/run", tag: tag, action: look, content: a.formats(), queued: true,
		summary: "Ask a saved question", detail: "Accept chooses the format."}, a.runQuestion)
	add(a, operation{id: "getQuestionData", method: http.MethodGet, path: "/questions/{id}/data", tag: tag, action: look, content: a.formats(), queued: true,
		summary: "Get the answer of a saved question", detail: "Accept chooses the format. Query members other than limit, timeout_ms and max_age are values of the question's parameters."}, a.questionData)
	add(a, operation{id: "getQuestionChart", method: http.MethodGet, path: "/questions/{id}/chart.svg", tag: tag, action: look,
		content: map[string]*huma.MediaType{typeSVG: {Schema: &huma.Schema{Type: "string"}}},
		summary: "Get the drawing of a saved question's answer", detail: "Query members other than width and height are values of the question's parameters."}, a.questionChart)
}

func (a *api) listQuestions(ctx context.Context, in *questionFind) (*body[page[question]], error) {
	list, err := a.Questions.List(ctx, query.Find{Folder: in.Folder, Connection: in.Connection, Text: in.Text, After: in.Cursor, Limit: in.Limit + 1, For: from(ctx).person})
	if err != nil {
		return nil, err
	}
	all := make([]question, len(list))
	for i := range list {
		if all[i], err = questionOf(&list[i]); err != nil {
			return nil, err
		}
	}
	return pageOf(all, in.Paging, func(q question) string { return q.ID }), nil
}

// question returns a saved question to which the caller may do the action. One
// that they may not know of answers as one that is not there.
func (a *api) question(ctx context.Context, action account.Action, id string) (*query.Question, error) {
	q, err := a.Questions.Get(ctx, id)
	if err == nil {
		err = q.Check(from(ctx).person, action)
	}
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Because(fault.NotFound, err, "There is no such question, or nobody granted you a right to it")
	}
	return q, err
}

// placed decides whether a person may save a question where it says.
func placed(p *account.Person, q *query.Question) error {
	var problems fault.Fields
	for _, place := range []struct {
		field string
		on    account.Object
	}{{"connection", account.OnConnection(q.ConnectionID)}, {"folder", account.InFolder(q.FolderID)}} {
		err := account.Check(p, account.Save, place.on)
		if fault.Is(err, fault.NotFound) {
			problems.Add(place.field, "%s", fault.MessageOf(err))
		} else if err != nil {
			return err
		}
	}
	return problems.Err()
}

func (a *api) createQuestion(ctx context.Context, in *questionCreate) (*created[question], error) {
	b := in.Body
	q := &query.Question{Name: b.Name, Description: b.Description, FolderID: b.Folder, ConnectionID: b.Connection}
	if err := b.apply(&q.Body); err != nil {
		return nil, err
	}
	if err := placed(from(ctx).person, q); err != nil {
		return nil, err
	}
	if err := a.Questions.Create(ctx, q, from(ctx).person); err != nil {
		return nil, err
	}
	out, err := questionOf(q)
	return &created[question]{Location: prefix + "/questions/" + q.ID, Body: out}, err
}

func (a *api) getQuestion(ctx context.Context, in *ByID) (*body[question], error) {
	q, err := a.question(ctx, account.Look, in.ID)
	if err != nil {
		return nil, err
	}
	out, err := questionOf(q)
	return &body[question]{out}, err
}

func (a *api) replaceQuestion(ctx context.Context, in *questionReplace) (*body[question], error) {
	q, err := a.question(ctx, account.Save, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	q.Name, q.Description, q.FolderID, q.ConnectionID, q.Body = b.Name, b.Description, b.Folder, b.Connection, query.Body{}
	return a.saveQuestion(ctx, q, b.Asked, b.Version)
}

func (a *api) updateQuestion(ctx context.Context, in *questionPatch) (*body[question], error) {
	q, err := a.question(ctx, account.Save, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	set(&q.Name, b.Name)
	set(&q.Description, b.Description)
	set(&q.FolderID, b.Folder)
	set(&q.ConnectionID, b.Connection)
	return a.saveQuestion(ctx, q, b.Asked, b.Version)
}

func (a *api) saveQuestion(ctx context.Context, q *query.Question, given Asked, from1 int) (*body[question], error) {
	if err := given.apply(&q.Body); err != nil {
		return nil, err
	}
	if from1 > 0 {
		q.Version = from1
	}
	if err := placed(from(ctx).person, q); err != nil {
		return nil, err
	}
	if err := a.Questions.Update(ctx, q, from(ctx).person); err != nil {
		if now, missing := a.Questions.Get(ctx, q.ID); fault.Is(err, fault.Conflict) && missing == nil {
			err = since(err, now.Version)
		}
		return nil, err
	}
	out, err := questionOf(q)
	return &body[question]{out}, err
}

func (a *api) deleteQuestion(ctx context.Context, in *ByID) (*nothing, error) {
	if _, err := a.question(ctx, account.Save, in.ID); err != nil {
		return nil, err
	}
	return nil, a.Questions.Delete(ctx, in.ID)
}

func (a *api) listVersions(ctx context.Context, in *versionsInput) (*body[page[version]], error) {
	if _, err := a.question(ctx, account.Look, in.ID); err != nil {
		return nil, err
	}
	list, err := a.Questions.Versions(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all := make([]version, len(list))
	for i := range list {
		if all[i], err = versionOf(&list[i]); err != nil {
			return nil, err
		}
	}
	return cut(all, in.Paging, func(v version) string { return strconv.Itoa(v.Version) })
}

func versionOf(v *query.Version) (version, error) {
	body, err := askedOf(&v.Body)
	return version{Version: v.Version, Name: v.Name, Description: v.Description, Asked: body, SavedBy: v.SavedBy, SavedAt: utc(v.SavedAt)}, err
}

func (a *api) getVersion(ctx context.Context, in *restoreInput) (*body[version], error) {
	if _, err := a.question(ctx, account.Look, in.ID); err != nil {
		return nil, err
	}
	list, err := a.Questions.Versions(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Version == in.Version {
			out, err := versionOf(&list[i])
			return &body[version]{out}, err
		}
	}
	return nil, fault.New(fault.NotFound, "There is no such version")
}

func (a *api) restoreVersion(ctx context.Context, in *restoreInput) (*body[question], error) {
	if _, err := a.question(ctx, account.Save, in.ID); err != nil {
		return nil, err
	}
	q, err := a.Questions.Restore(ctx, in.ID, in.Version, from(ctx).person)
	if err != nil {
		return nil, err
	}
	out, err := questionOf(q)
	return &body[question]{out}, err
}

func (a *api) runQuestion(ctx context.Context, in *runInput) (*huma.StreamResponse, error) {
	q, err := a.question(ctx, account.Look, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body == nil {
		in.Body = &Ask{}
	}
	req := in.Body.request(from(ctx).person, q.ConnectionID)
	return a.answer(ctx, ofSaved(q, req), q.Name)
}

// ofSaved asks a saved question; values that are not given are the saved ones.
func ofSaved(q *query.Question, req query.Request) query.Request {
	req.Saved = q
	values := map[string]string{}
	for name, text := range q.Body.Parameters {
		values[name] = text
	}
	for name, text := range req.Parameters {
		values[name] = text
	}
	req.Parameters = values
	return req
}

// fromAddress reads a saved question's parameters from the address; the names
// in own are settings of the call unless the question has such a parameter.
func fromAddress(r *http.Request, q *query.Question, own map[string]*int) (values map[string]string, err error) {
	has := map[string]bool{}
	if q.Body.SQL != "" {
		list, err := query.Parameters(q.Body.SQL)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			has[p.Name] = true
		}
	}
	var problems fault.Fields
	values = map[string]string{}
	for name, given := range r.URL.Query() {
		text := given[len(given)-1]
		target := own[name]
		switch {
		case has[name]:
			values[name] = text
		case target == nil:
			problems.Add("query."+name, "This question has no parameter %s", name)
		default:
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > 2_000_000_000 {
				problems.Add("query."+name, "This is a whole number above 0")
				continue
			}
			*target = n
		}
	}
	return values, problems.Err()
}

func (a *api) questionData(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
	q, err := a.question(ctx, account.Look, in.ID)
	if err != nil {
		return nil, err
	}
	r := from(ctx)
	var limit, timeout, age int
	values, err := fromAddress(r.http, q, map[string]*int{"limit": &limit, "timeout_ms": &timeout, "max_age": &age})
	if err != nil {
		return nil, err
	}
	req := Ask{Limit: limit, TimeoutMS: timeout, MaxAge: age}.request(r.person, q.ConnectionID)
	req.Parameters = values
	return a.answer(ctx, ofSaved(q, req), q.Name)
}
