package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/mail"
	"assay/app/saved"
	"assay/app/schedule"
	"assay/views"
)

// scheduleDraft is a schedule as its form has it.
type scheduleDraft struct {
	*schedule.Schedule
	to       *recipients
	folder   string
	owner    string // of the one that is there
	doneText string
}

const recipientsHint = "People get what they themselves may see. Mail addresses and channels get what you may see."

func (x *schedules) new(c echo.Context) error {
	s := &schedule.Schedule{Body: schedule.Body{When: firstWhen(c, "week"), Do: schedule.Deliver, Dashboard: c.QueryParam("dashboard"), Report: c.QueryParam("report"), Question: c.QueryParam("question")}}
	if c.QueryParam("act") == schedule.Refresh {
		s.Body.Do, s.Body.When.Every = schedule.Refresh, "day"
	}
	if s.Body.Dashboard == "" && s.Body.Report == "" && s.Body.Question == "" {
		say := "What shall be sent or refreshed?"
		kinds := []string{"dashboard", "report", "question"}
		if s.Body.Do == schedule.Refresh {
			say = "What shall be refreshed?"
		}
		return x.pick(c, views.PickWhat{Chrome: chrome(c, "New schedule", "schedules"), Action: "/schedules/new", Say: say, Empty: "Save a question first; then it can be sent."}, kinds...)
	}
	about, err := x.subjectOf(c.Request().Context(), person(c), &s.Body)
	if err != nil {
		return err
	}
	if !about.known {
		return fault.New(fault.NotFound, "There is no such %s, or nobody granted you a right to it", about.kind)
	}
	s.Body.To = []schedule.Target{{Kind: schedule.ToPerson, ID: person(c).ID}}
	s.Name = about.name
	if s.Body.Do == schedule.Refresh {
		s.Name = "Refresh " + about.name
	}
	return x.form(c, http.StatusOK, &scheduleDraft{Schedule: s, to: recipientsOf(s.Body.To)}, about, nil)
}

// form shows the form of a schedule; wrong is what kept it from being saved.
func (x *schedules) form(c echo.Context, status int, d *scheduleDraft, about *subject, wrong error) error {
	b := &d.Body
	page := views.ScheduleForm{Chrome: chrome(c, "New schedule", "schedules"), Action: "/schedules", Back: "/schedules", Kind: about.kind, WhatID: about.id, What: about.name,
		Deliver: b.Do != schedule.Refresh, Name: d.Name, Describe: d.Description, Folder: d.folder, Folders: folders(c, x.questions),
		Values: about.values, ValuesSay: map[string]string{"dashboard": "Filters", "report": "Parameters", "question": "Parameters"}[about.kind],
		Subject: b.Subject, Note: b.Note, SkipEmpty: b.SkipEmpty, Done: d.doneText}
	if about.known {
		page.WhatURL = "/" + about.kind + "s/" + about.id
	}
	if d.ID != "" {
		page.Chrome.Title, page.Action, page.Back, page.Version = "Change "+d.Name, "/schedules/"+d.ID, "/schedules/"+d.ID, strconv.Itoa(d.Version)
		page.Takeover = x.takeover(c, d.owner, "schedule")
	} else {
		page.OtherURL = with("/schedules/new", url.Values{}, "act", c.QueryParam("act"))
	}
	var fields map[string]string
	if wrong != nil {
		var ok bool
		status, page.Problem, fields, ok = told(wrong)
		if !ok || fault.Is(wrong, fault.Denied) {
			return wrong
		}
		if fault.Is(wrong, fault.Conflict) {
			page.Problem += x.changedBy(c, d.ID)
		}
	}
	page.Errors = whenFields(fields)
	if len(d.to.wrong) > 0 {
		delete(page.Errors, "to")
	}
	if page.Errors["to"] != "" {
		d.to.wrong["to"] = page.Errors["to"]
	}
	if len(page.Errors)+len(d.to.wrong) > 0 && wrong != nil && page.Problem == "" {
		page.Problem = unplaced(page.Errors, scheduleControls)
	}
	page.When = whenView(c, b.When, onlyWhen(page.Errors))
	var err error
	if page.To, err = x.recipientsView(c, d.to, recipientsHint); err != nil {
		return err
	}
	for _, kind := range []string{"pdf", "csv", "xlsx"} {
		label := map[string]string{"pdf": "PDF", "csv": "CSV", "xlsx": "Excel"}[kind]
		page.Attach = append(page.Attach, views.Choice{Value: kind, Label: label, Selected: slices.Contains(b.Attach, kind)})
	}
	return respond(c, status, views.ScheduleFormPage(page))
}

// scheduleControls are the fields for which the form has a place.
var scheduleControls = []string{"every", "at", "minute", "weekdays", "day", "cron", "zone", "to", "attach", "subject", "note", "values", "name", "folder", "description"}

// unplaced is what is wrong with fields that a form has no place for.
func unplaced(wrong map[string]string, controls []string) string {
	for name, problem := range wrong {
		if !slices.Contains(controls, name) {
			return problem
		}
	}
	return ""
}

// onlyWhen are the problems of the part of a form that says when.
func onlyWhen(wrong map[string]string) map[string]string {
	var out map[string]string
	for _, name := range []string{"every", "at", "weekdays", "day", "cron", "zone"} {
		if wrong[name] != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = wrong[name]
		}
	}
	if out["at"] != "" {
		out["minute"] = "A minute is 0 to 59"
	}
	return out
}

// changedBy says who saved in the meantime, and what helps.
func (x *schedules) changedBy(c echo.Context, id string) string {
	list, err := x.works.Schedules.Versions(c.Request().Context(), id)
	if err != nil || len(list) == 0 {
		return ""
	}
	return fmt.Sprintf(": %s did, on %s UTC. Below is what you filled in; look at the versions, then open the form again to save.", x.who(c, list[0].SavedBy), moment(list[0].SavedAt))
}

func (x *timed) who(c echo.Context, id string) string {
	p, err := x.people.Get(c.Request().Context(), id)
	if err != nil {
		return "somebody"
	}
	return called(p)
}

// read takes a schedule from its form into d.
func (x *schedules) read(c echo.Context, d *scheduleDraft) (about *subject, err error) {
	ctx, v := c.Request().Context(), c.Request().PostForm
	kind, id, _ := strings.Cut(v.Get("what"), ":")
	b := schedule.Body{When: readWhen(v), Do: v.Get("act"), Attach: v["attach"], Subject: v.Get("subject"), Note: v.Get("note"), SkipEmpty: v.Get("skip_empty") != ""}
	switch kind {
	case "dashboard":
		b.Dashboard = id
	case "report":
		b.Report = id
	case "question":
		b.Question = id
	}
	if d.ID != "" { // what it is about stays
		b.Dashboard, b.Report, b.Question = d.Body.Dashboard, d.Body.Report, d.Body.Question
	}
	if d.to, err = x.readRecipients(ctx, v); err != nil {
		return nil, err
	}
	b.To = d.to.list
	if about, err = x.subjectOf(ctx, person(c), &b); err != nil {
		return nil, err
	}
	b.Values = about.readValues(v)
	if about, err = x.subjectOf(ctx, person(c), &b); err != nil {
		return nil, err
	}
	d.Body, d.Name, d.Description, d.folder = b, v.Get("name"), v.Get("description"), v.Get("folder")
	d.Version = versionOf(c, d.Version)
	return about, nil
}

// checked tells what is wrong with a draft.
func (d *scheduleDraft) checked(about *subject) error {
	if !about.known {
		return fault.New(fault.Invalid, "The %s %s", about.kind, about.name)
	}
	var problems fault.Fields
	if len(d.to.wrong) > 0 && d.Body.Do != schedule.Refresh {
		for name, problem := range d.to.wrong {
			problems.Add(name, "%s", problem)
		}
	}
	draft := d.Body
	for name, problem := range fault.FieldsOf(draft.Check()) {
		if name == "to" && len(d.to.wrong) > 0 {
			continue
		}
		problems.Add(name, "%s", problem)
	}
	if strings.TrimSpace(d.Name) == "" {
		problems.Add("name", "Give the schedule a name")
	}
	return problems.Err()
}

// drafting answers the buttons of the form that save nothing; it is false for the others.
func (x *schedules) drafting(c echo.Context, d *scheduleDraft, about *subject) (bool, error) {
	switch do := c.FormValue("do"); {
	case do == "preview", do == "add", strings.HasPrefix(do, "remove-"):
		_, wrong := whenProblems(d.Body.When)
		var problems fault.Fields
		for name, problem := range onlyWhen(wrong) {
			problems.Add(name, "%s", problem)
		}
		status := http.StatusOK
		if len(problems) > 0 && do == "preview" {
			return true, x.form(c, status, d, about, problems.Err())
		}
		return true, x.form(c, status, d, about, nil)
	case do == "test":
		err := d.checked(about)
		if err == nil {
			trial := *d.Schedule
			trial.Name = cmp.Or(strings.TrimSpace(d.Name), about.name)
			err = x.works.Trial(c.Request().Context(), &trial, person(c))
		}
		if err == nil {
			d.doneText = "A test was sent to " + person(c).Email + ". Nothing is saved yet."
		}
		return true, x.form(c, http.StatusOK, d, about, err)
	}
	return false, nil
}

func (x *schedules) create(c echo.Context) error {
	return x.save(c, &scheduleDraft{Schedule: new(schedule.Schedule)}, "It is saved, and runs next on time.")
}

func (x *schedules) update(c echo.Context) error {
	s, err := x.get(c, account.Save)
	if err != nil {
		return err
	}
	return x.save(c, &scheduleDraft{Schedule: s, owner: thingOf(s).owner}, "Saved.")
}

// save keeps what a form says.
func (x *schedules) save(c echo.Context, d *scheduleDraft, say string) error {
	ctx := c.Request().Context()
	if _, err := c.FormParams(); err != nil {
		return err
	}
	about, err := x.read(c, d)
	if err != nil {
		return err
	}
	if drafted, err := x.drafting(c, d, about); drafted {
		return err
	}
	err = d.checked(about)
	if err == nil {
		d.FolderID, err = folderNamed(c, x.questions, x.people, d.Name)
	}
	if err == nil {
		err = x.works.Save(ctx, d.Schedule, person(c))
	}
	if err != nil {
		return x.form(c, http.StatusUnprocessableEntity, d, about, err)
	}
	return done(c, "/schedules/"+d.ID, say)
}

func (x *schedules) edit(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := x.get(c, account.Save)
	if err != nil {
		return err
	}
	about, err := x.subjectOf(ctx, person(c), &s.Body)
	if err != nil {
		return err
	}
	names, err := x.names(ctx, person(c))
	if err != nil {
		return err
	}
	return x.form(c, http.StatusOK, &scheduleDraft{Schedule: s, to: recipientsOf(s.Body.To), folder: names.folder(s.FolderID), owner: thingOf(s).owner}, about, nil)
}

// checkAddress tells whether mails may go to an address without an account.
func (x *timed) checkAddress(text string) error {
	address, err := mail.Address(text)
	if err != nil {
		return err
	}
	if domains := x.works.MailDomains; len(domains) > 0 && !slices.Contains(domains, mail.Domain(address)) {
		return fault.New(fault.Invalid, "Mails may not go to %s: allowed without an account are addresses at %s", address, strings.Join(domains, ", "))
	}
	return nil
}

// versionFacts are what a version says, to be compared.
func (n *timedNames) versionFacts(v *saved.Version[schedule.Body]) []views.Fact {
	b := &v.Body
	return append([]views.Fact{fact("Does", map[string]string{schedule.Refresh: "refreshes", schedule.Deliver: "sends"}[b.Do]), fact("Runs", b.When.Words())},
		slices.DeleteFunc(n.facts("", "", "", b, ""), func(f views.Fact) bool { return f.Name == "Runs as" })...)
}

// factChanges are what differs between facts before and now.
func factChanges(before, now []views.Fact) (list []views.FactChange) {
	text := func(facts []views.Fact, name string) string {
		for _, f := range facts {
			if f.Name != name {
				continue
			}
			parts := make([]string, len(f.Lines))
			for i, l := range f.Lines {
				parts[i] = l.Label
			}
			return strings.Join(parts, ", ")
		}
		return ""
	}
	var seen []string
	for _, f := range slices.Concat(now, before) {
		if slices.Contains(seen, f.Name) {
			continue
		}
		seen = append(seen, f.Name)
		if was, is := text(before, f.Name), text(now, f.Name); was != is {
			list = append(list, views.FactChange{Name: f.Name, Was: was, Is: is})
		}
	}
	return list
}
