package web

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/schedule"
	"assay/views"
)

// alertConditions are the conditions as the form names them: of a change, its
// direction is one.
var alertConditions = []views.Choice{{Value: "below", Label: "falls below"}, {Value: "above", Label: "rises above"}, {Value: "outside", Label: "leaves"},
	{Value: "rise", Label: "rises by more than"}, {Value: "fall", Label: "falls by more than"}, {Value: "anomaly", Label: "changes unusually, by more than"}, {Value: "rows", Label: "there are more than"}}

var alertRows = []views.Choice{{Value: "last", Label: "the last row"}, {Value: "first", Label: "the first row"}, {Value: "any", Label: "any row"}, {Value: "all", Label: "all rows"}}

var reminders = []views.Choice{{Value: "0", Label: "never"}, {Value: "1", Label: "every hour"}, {Value: "4", Label: "every 4 hours"}, {Value: "24", Label: "every day"}, {Value: "168", Label: "every week"}}

// alertDraft is an alert as its form has it; numbers stand as they were typed.
type alertDraft struct {
	*schedule.Alert
	to                                          *recipients
	folder, owner                               string
	condition, value, upper, back, times, clear string
	wrong                                       fault.Fields // of what was typed
	done                                        string
	try                                         bool
}

func numberText(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// alertDraftOf spells an alert for its form.
func alertDraftOf(a *schedule.Alert) *alertDraft {
	b := &a.Body
	d := &alertDraft{Alert: a, to: recipientsOf(b.To), condition: b.Condition, value: numberText(b.Value), upper: numberText(b.Upper), clear: numberText(b.Clear),
		back: strconv.Itoa(max(b.Back, 1)), times: strconv.Itoa(max(b.For, 1))}
	switch b.Condition {
	case "change":
		if d.condition = "rise"; b.Value != nil && *b.Value < 0 {
			d.condition, d.value, d.clear = "fall", strings.TrimPrefix(d.value, "-"), strings.TrimPrefix(d.clear, "-")
		}
	case "anomaly":
		d.value = cmp.Or(d.value, "3.5")
	case "rows":
		d.value = cmp.Or(d.value, "0")
	}
	return d
}

// readNumber reads a number that was typed; none is nil.
func (d *alertDraft) readNumber(field, text string) *float64 {
	text = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '\u202f' {
			return -1
		}
		return r
	}, strings.Replace(strings.TrimSpace(text), "−", "-", 1))
	if text == "" {
		return nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		d.wrong.Add(field, "Write a number such as 1000 or 12.5")
		return nil
	}
	return &x
}

func (d *alertDraft) readCount(field, text, problem string) int {
	if strings.TrimSpace(text) == "" {
		return 1
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 || n > 1000 {
		d.wrong.Add(field, "%s", problem)
		return 1
	}
	return n
}

// readCondition takes the condition from the form.
func (d *alertDraft) readCondition(v url.Values) {
	b := &d.Body
	d.condition, d.value, d.upper, d.back, d.times, d.clear = v.Get("condition"), v.Get("value"), v.Get("upper"), v.Get("back"), v.Get("for"), v.Get("clear")
	b.Column, b.Rows, b.Condition = v.Get("column"), v.Get("rows"), d.condition
	b.Value = d.readNumber("value", d.value)
	if d.condition == "outside" {
		b.Upper = d.readNumber("upper", d.upper)
	}
	if d.condition != "rows" && d.condition != "anomaly" {
		b.Clear = d.readNumber("clear", d.clear)
	}
	b.For = d.readCount("for", d.times, "It has to hold for 1 to 1,000 runs in a row")
	switch d.condition {
	case "rise", "fall":
		b.Condition = "change"
		b.Back = d.readCount("back", d.back, "It compares with 1 to 1,000 rows before")
		if b.Value != nil && *b.Value < 0 {
			d.wrong.Add("value", "Write how many percent without a sign; whether it rises or falls stands before")
		} else if d.condition == "fall" {
			if b.Value != nil && *b.Value == 0 {
				d.wrong.Add("value", "Write how many percent it falls at the least, such as 10")
			}
			for _, bound := range []*float64{b.Value, b.Clear} {
				if bound != nil {
					*bound = -*bound
				}
			}
		}
	case "anomaly":
		b.Back = d.readCount("back", d.back, "It compares with 1 to 1,000 rows before")
	}
}

func (x *alerts) new(c echo.Context) error {
	id := c.QueryParam("question")
	if id == "" {
		return x.pick(c, views.PickWhat{Chrome: chrome(c, "New alert", "schedules"), Action: "/alerts/new", Say: "Which question shall be watched?", Empty: "Save a question first; then its figures can be watched."}, "question")
	}
	q, err := x.question(c, id)
	if err != nil {
		return err
	}
	a := &schedule.Alert{Name: q.Name, Body: schedule.AlertBody{Question: id, When: firstWhen(c, "day"), Rows: "last", Condition: "below", For: 1, To: []schedule.Target{{Kind: schedule.ToPerson, ID: person(c).ID}}}}
	return x.form(c, http.StatusOK, alertDraftOf(a), nil)
}

// question returns the question that is watched, as far as the person may see it.
func (x *alerts) question(c echo.Context, id string) (*query.Question, error) {
	q, err := x.questions.Get(c.Request().Context(), id)
	if err != nil {
		return nil, err
	}
	return q, q.Check(person(c), account.Look)
}

// previewAge is how old the answer may be on which a condition is tried.
const previewAge = 10 * time.Minute

// previewTime bounds how long a form waits for an answer.
const previewTime = 10 * time.Second

// answer asks the question as the alert would, but takes a recent answer.
func (x *alerts) answer(ctx context.Context, p *account.Person, q *query.Question, values map[string]string) (*query.Result, error) {
	given := map[string]string{}
	for name, value := range q.Body.Parameters {
		given[name] = value
	}
	for name, value := range values {
		given[name] = value
	}
	_, given, _ = parameterFields(q.Body.SQL, given, nil)
	return x.runner.Frame(ctx, query.Request{Person: p, Saved: q, Parameters: given, MaxAge: previewAge, Timeout: previewTime})
}

// figures are the columns that can be watched.
func figureChoices(f *frame.Frame, chosen string) (list []views.Choice) {
	found := chosen == ""
	if f != nil {
		for _, col := range f.Columns {
			if col.Kind == frame.Number {
				list = append(list, views.Choice{Value: col.Name, Label: col.Name, Selected: col.Name == chosen || chosen == "" && col.Amount()})
				found = found || col.Name == chosen
			}
		}
	}
	if !found {
		list = append(list, views.Choice{Value: chosen, Label: chosen + " (not there now)", Selected: true})
	}
	if len(list) == 0 {
		list = []views.Choice{{Label: "its figure", Selected: true}}
	}
	return list
}

// form shows the form of an alert; wrong is what kept it from being saved.
func (x *alerts) form(c echo.Context, status int, d *alertDraft, wrong error) error {
	ctx, b := c.Request().Context(), &d.Body
	page := views.AlertForm{Chrome: chrome(c, "New alert", "schedules"), Action: "/alerts", Back: "/schedules", QuestionID: b.Question, Question: "is gone, or not for you to see",
		Rows: slices.Clone(alertRows), Conditions: slices.Clone(alertConditions), Value: d.value, Upper: d.upper, Back0: cmp.Or(d.back, "1"), For: cmp.Or(d.times, "1"), Clear: d.clear, Again: slices.Clone(reminders),
		Note: b.Note, Name: d.Name, Describe: d.Description, Folder: d.folder, Folders: folders(c, x.questions), Done: d.done, OtherURL: "/alerts/new"}
	mark(page.Rows, func(value string) bool { return value == b.Rows })
	mark(page.Conditions, func(value string) bool { return value == d.condition })
	again := strconv.Itoa(b.Again)
	if !slices.ContainsFunc(reminders, func(one views.Choice) bool { return one.Value == again }) {
		page.Again = append(page.Again, views.Choice{Value: again, Label: "every " + again + " hours"})
	}
	mark(page.Again, func(value string) bool { return value == again })
	if d.ID != "" {
		page.Chrome.Title, page.Action, page.Back, page.Version, page.OtherURL = "Change "+d.Name, "/alerts/"+d.ID, "/alerts/"+d.ID, strconv.Itoa(d.Version), ""
		page.Takeover = x.takeover(c, d.owner, "alert")
	}
	var fields map[string]string
	if wrong != nil {
		var ok bool
		status, page.Problem, fields, ok = told(wrong)
		if !ok || fault.Is(wrong, fault.Denied) {
			return wrong
		}
	}
	page.Errors = whenFields(fields)
	if len(d.to.wrong) == 0 && page.Errors["to"] != "" {
		d.to.wrong["to"] = page.Errors["to"]
	}
	if wrong != nil && page.Problem == "" {
		page.Problem = unplaced(page.Errors, alertControls)
	}
	page.When = whenView(c, b.When, onlyWhen(page.Errors))
	about, err := x.subjectOf(ctx, person(c), &schedule.Body{Question: b.Question, Values: b.Values})
	if err != nil {
		return err
	}
	if about.known {
		page.Question, page.Values = about.name, about.values
	}
	if page.To, err = x.recipientsView(c, d.to, "People get the figure as they themselves may see it. Mail addresses and channels get what you may see."); err != nil {
		return err
	}
	page.Columns = figureChoices(nil, b.Column)
	if about.known {
		page.Preview, page.Columns = x.look(c, d)
	}
	return respond(c, status, views.AlertFormPage(page))
}

var alertControls = []string{"every", "at", "minute", "weekdays", "day", "cron", "zone", "to", "person", "mails", "column", "condition", "value", "upper", "back", "for", "clear", "again", "note", "name", "folder", "description", "values"}

// look asks the question and says what the condition makes of its answer.
func (x *alerts) look(c echo.Context, d *alertDraft) (p views.AlertPreview, columns []views.Choice) {
	ctx := c.Request().Context()
	columns = figureChoices(nil, d.Body.Column)
	q, err := x.question(c, d.Body.Question)
	if err != nil {
		p.Problem = fault.MessageOf(err)
		return p, columns
	}
	r, err := x.answer(ctx, person(c), q, d.Body.Values)
	if err != nil {
		p.Problem = "The question could not be asked: " + failureText(err)
		return p, columns
	}
	columns = figureChoices(r.Frame, d.Body.Column)
	if d.try {
		x.judge(&p, d, r.Frame)
	}
	con, err := x.connections.Get(ctx, q.ConnectionID)
	if err != nil {
		return p, columns
	}
	shape := newPresenter(x.charts, locale(c), con)
	shape.title, shape.settings, shape.spec, shape.card = q.Name, questionSettings(q), q.Body.Spec, true
	if bound := d.Body.Value; bound != nil && (d.condition == "above" || d.condition == "below") {
		shape.settings = shape.effective(r.Frame)
		shape.settings.Goal, shape.settings.GoalLabel = bound, "Bound"
	}
	p.Caption = shape.caption(r)
	if drawn, err := shape.draw(ctx, r.Frame); err == nil && drawn != nil && shape.effective(r.Frame).Kind != chart.Table {
		drawn.Title, drawn.OptionURL = "", ""
		p.Chart = drawn
	} else if r.Frame.Rows() > 0 {
		p.Table = shape.rows(r.Frame)
	}
	return p, columns
}

// judge says what the condition makes of an answer.
func (x *alerts) judge(p *views.AlertPreview, d *alertDraft, f *frame.Frame) {
	probe := d.Body
	if len(d.wrong) == 0 {
		d.wrong = conditionProblems(probe)
	}
	for _, name := range []string{"condition", "column", "rows", "value", "upper", "back", "for", "clear"} {
		if d.wrong[name] != "" {
			p.Problem = d.wrong[name] + "."
			return
		}
	}
	settled := probe
	settled.To, settled.When = []schedule.Target{{Kind: schedule.ToPerson, ID: "any"}}, schedule.When{Every: "day"}
	if err := settled.Check(); err != nil {
		p.Problem = fault.MessageOf(err)
		return
	}
	r, err := settled.Read(f)
	if err != nil {
		p.Problem = fault.MessageOf(err) + ". While that is so it cannot fire."
		return
	}
	p.Tried, p.Fires, p.Word, p.Say = true, r.Met, "It would not fire now.", r.Words+"."
	if r.Met {
		p.Word = "It would fire now."
		if probe.For > 1 {
			p.Word = "The condition holds now; it would fire after " + counted(probe.For, "run", "runs") + " in a row."
		}
	}
}

// conditionProblems tells what is wrong with a condition, by field.
func conditionProblems(b schedule.AlertBody) fault.Fields {
	b.To, b.When = []schedule.Target{{Kind: schedule.ToPerson, ID: "any"}}, schedule.When{Every: "day"}
	wrong := fault.Fields(fault.FieldsOf(b.Check()))
	if b.Condition == "change" && b.Value != nil && *b.Value <= -100 {
		wrong.Add("value", "A figure that stays above zero falls by less than 100 %%; such a condition is never met")
	}
	if b.Condition == "rows" && b.Value != nil && *b.Value < 0 {
		wrong.Add("value", "There are never fewer than no rows; write 0 or more")
	}
	return wrong
}

// read takes an alert from its form into d.
func (x *alerts) read(c echo.Context, d *alertDraft) error {
	ctx, v := c.Request().Context(), c.Request().PostForm
	was := d.Body.Question
	d.Body = schedule.AlertBody{When: readWhen(v), Question: v.Get("question"), Note: v.Get("note")}
	if d.ID != "" {
		d.Body.Question = was
	}
	d.Body.Again, _ = strconv.Atoi(v.Get("again"))
	d.readCondition(v)
	var err error
	if d.to, err = x.readRecipients(ctx, v); err != nil {
		return err
	}
	d.Body.To = d.to.list
	about, err := x.subjectOf(ctx, person(c), &schedule.Body{Question: d.Body.Question})
	if err != nil {
		return err
	}
	d.Body.Values = about.readValues(v)
	d.Name, d.Description, d.folder, d.Version = v.Get("name"), v.Get("description"), v.Get("folder"), versionOf(c, d.Version)
	return nil
}

// checked tells what is wrong with a draft, and whether its condition can be
// judged on the answer of now.
func (x *alerts) checked(c echo.Context, d *alertDraft) error {
	q, err := x.question(c, d.Body.Question)
	if err != nil {
		return fault.New(fault.Invalid, "The question is gone, or not for you to see")
	}
	var problems fault.Fields
	for name, problem := range d.wrong {
		problems.Add(name, "%s", problem)
	}
	for name, problem := range d.to.wrong {
		problems.Add(name, "%s", problem)
	}
	draft := d.Body
	for name, problem := range fault.FieldsOf(draft.Check()) {
		if name != "to" || len(d.to.wrong) == 0 {
			problems.Add(name, "%s", problem)
		}
	}
	for name, problem := range conditionProblems(d.Body) {
		problems.Add(name, "%s", problem)
	}
	if strings.TrimSpace(d.Name) == "" {
		problems.Add("name", "Give the alert a name")
	}
	if len(problems) > 0 {
		return problems.Err()
	}
	r, err := x.answer(c.Request().Context(), person(c), q, d.Body.Values)
	if err != nil {
		return nil // the database does not answer now; a run says so
	}
	if _, err := draft.Read(r.Frame); len(fault.FieldsOf(err)) > 0 {
		return err // no such column, which no row will mend
	}
	return nil
}

// preview answers with what the condition of a form says now.
func (x *alerts) preview(c echo.Context) error {
	if _, err := c.FormParams(); err != nil {
		return err
	}
	d := &alertDraft{Alert: new(schedule.Alert), try: true}
	if err := x.read(c, d); err != nil {
		return err
	}
	p, _ := x.look(c, d)
	return respond(c, http.StatusOK, views.AlertPreviewPanel(p))
}

func (x *alerts) create(c echo.Context) error {
	return x.save(c, &alertDraft{Alert: new(schedule.Alert)}, "It is saved, and looks next on time.")
}

func (x *alerts) update(c echo.Context) error {
	a, err := x.get(c, account.Save)
	if err != nil {
		return err
	}
	return x.save(c, &alertDraft{Alert: a, owner: alertThing(a).owner}, "Saved.")
}

func (x *alerts) save(c echo.Context, d *alertDraft, say string) error {
	ctx := c.Request().Context()
	if _, err := c.FormParams(); err != nil {
		return err
	}
	if err := x.read(c, d); err != nil {
		return err
	}
	var err error
	switch do := c.FormValue("do"); {
	case do == "preview":
		d.try = true
		return x.form(c, http.StatusOK, d, nil)
	case do == "add", strings.HasPrefix(do, "remove-"):
		return x.form(c, http.StatusOK, d, nil)
	case do == "test":
		if err = x.checked(c, d); err == nil {
			err = x.works.TrialAlert(ctx, d.Alert, person(c))
		}
		if err == nil {
			d.done = "A test was sent to " + person(c).Email + ". Nothing is saved yet."
		}
		return x.form(c, http.StatusOK, d, err)
	}
	if err = x.checked(c, d); err == nil {
		d.FolderID, err = folderNamed(c, x.questions, x.people, d.Name)
	}
	if err == nil {
		err = x.works.SaveAlert(ctx, d.Alert, person(c))
	}
	if err != nil {
		return x.form(c, http.StatusUnprocessableEntity, d, err)
	}
	return done(c, "/alerts/"+d.ID, say)
}

func (x *alerts) edit(c echo.Context) error {
	a, err := x.get(c, account.Save)
	if err != nil {
		return err
	}
	names, err := x.names(c.Request().Context(), person(c))
	if err != nil {
		return err
	}
	d := alertDraftOf(a)
	d.folder, d.owner, d.try = names.folder(a.FolderID), alertThing(a).owner, true
	return x.form(c, http.StatusOK, d, nil)
}
