package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/report"
	"assay/views"
)

// firstText is what a new report begins with.
const firstText = `# What happened

`

// spareParameters are the empty lines for parameters in the form.
const spareParameters = 2

var parameterKinds = []string{"text", "number", "date", "list"}

func (x *reports) fresh(c echo.Context) error {
	r := &report.Report{Body: report.Body{Text: firstText}}
	page, err := x.form(c, r, "/reports", "/reports")
	if err != nil {
		return err
	}
	page.Chrome.Title = "Write a report"
	return respond(c, http.StatusOK, views.ReportFormPage(page))
}

func (x *reports) edit(c echo.Context) error {
	r, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	page, err := x.form(c, r, "/reports/"+r.ID, "/reports/"+r.ID)
	if err != nil {
		return err
	}
	page.Folder = x.folder(c, r.FolderID)
	if page.Preview, err = x.read(c, r); err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.ReportFormPage(page))
}

// form is where a report is written.
func (x *reports) form(c echo.Context, r *report.Report, action, back string) (views.ReportForm, error) {
	page := views.ReportForm{Chrome: chrome(c, "Write a report", "reports"), Action: action, PreviewURL: action + "/preview", Back: back,
		Name: r.Name, Subtitle: r.Body.Subtitle, Description: r.Description, Folders: folders(c, x.questions), Text: r.Body.Text, Contents: r.Body.Contents}
	page.Chrome.Wide = true
	if r.ID != "" {
		page.Chrome.Title = "Change " + r.Name
		page.Version = strconv.Itoa(r.Version)
	}
	for _, t := range report.Themes {
		page.Theme = append(page.Theme, views.Choice{Value: t, Label: strings.ToUpper(t[:1]) + t[1:], Selected: t == r.Body.Theme})
	}
	if r.Body.MaxAge > 0 {
		page.MaxAge = strconv.Itoa(r.Body.MaxAge)
	}
	for i := range len(r.Body.Parameters) + spareParameters {
		var p report.Parameter
		if i < len(r.Body.Parameters) {
			p = r.Body.Parameters[i]
		}
		line := views.ReportParameterLine{Index: strconv.Itoa(i), Name: p.Name, Label: p.Label, Default: p.Default, Values: strings.Join(p.Values, ", ")}
		for _, k := range parameterKinds {
			line.Kinds = append(line.Kinds, views.Choice{Value: k, Label: k, Selected: k == p.Kind})
		}
		page.Parameters = append(page.Parameters, line)
	}
	list, err := x.questions.List(c.Request().Context(), query.Find{For: person(c)})
	if err != nil {
		return page, err
	}
	named := map[string]int{}
	for _, q := range list {
		named[q.Name]++
	}
	for _, q := range list {
		value := q.Name
		if named[q.Name] > 1 || value != strings.TrimSpace(value) || strings.ContainsAny(value, "\"“”'\n") {
			value = q.ID
		}
		page.Questions = append(page.Questions, views.Choice{Value: value, Label: q.Name, Selected: value == c.FormValue("insert")})
	}
	return page, nil
}

// fill takes a report from the form as it stands.
func (x *reports) fill(c echo.Context, r *report.Report) error {
	r.Name, r.Description = c.FormValue("name"), c.FormValue("description")
	b := report.Body{Text: strings.ReplaceAll(c.FormValue("text"), "\r\n", "\n"), Subtitle: c.FormValue("subtitle"), Theme: c.FormValue("theme"), Contents: c.FormValue("contents") != ""}
	var wrong error
	if age := strings.TrimSpace(c.FormValue("max_age")); age != "" {
		n, err := strconv.Atoi(age)
		if err != nil {
			wrong = fault.Field("max_age", "Write a number of seconds")
		}
		b.MaxAge = n
	}
	for i := range 20 + spareParameters {
		at := fmt.Sprintf("parameter.%d.", i)
		p := report.Parameter{Name: strings.TrimSpace(c.FormValue(at + "name")), Label: c.FormValue(at + "label"), Kind: c.FormValue(at + "kind"), Default: c.FormValue(at + "default")}
		if p.Name == "" && p.Label == "" && p.Default == "" {
			continue
		}
		for v := range strings.SplitSeq(c.FormValue(at+"values"), ",") {
			if v = strings.TrimSpace(v); v != "" && !slices.Contains(p.Values, v) {
				p.Values = append(p.Values, v)
			}
		}
		b.Parameters = append(b.Parameters, p)
	}
	r.Body = b
	return wrong
}

// place puts the report into the folder that the form names.
func (x *reports) place(c echo.Context, r *report.Report) (err error) {
	r.FolderID = ""
	name := strings.TrimSpace(c.FormValue("folder"))
	if name == "" || strings.TrimSpace(r.Name) == "" {
		return nil
	}
	if r.FolderID, err = x.questions.EnsureFolder(c.Request().Context(), name); err != nil {
		return err
	}
	// A new folder is granted to everyone, which counts from now on.
	p, err := x.people.Active(c.Request().Context(), person(c).ID)
	if err != nil {
		return err
	}
	c.Set(personKey, p)
	return nil
}

// insertion is a live block or figure of a question, ready to be changed.
func insertion(kind, question string) string {
	switch kind {
	case "insert-value":
		return `{{value "` + question + `" row=last}}`
	case "insert-table":
		return "```table\nquestion: " + question + "\nrows: 10\n```"
	case "insert-number":
		return "```number\nquestion: " + question + "\n```"
	}
	return "```chart\nquestion: " + question + "\n```"
}

// drafting answers the buttons of the form that save nothing; it is false for the others.
func (x *reports) drafting(c echo.Context, r *report.Report, action, back string) (bool, error) {
	do := c.FormValue("do")
	inserted := strings.HasPrefix(do, "insert-")
	if do != "preview" && !inserted {
		return false, nil
	}
	x.fill(c, r)
	if question := c.FormValue("insert"); inserted && question != "" {
		r.Body.Text = strings.TrimLeft(strings.TrimRight(r.Body.Text, "\n")+"\n\n"+insertion(do, question)+"\n", "\n")
	}
	page, err := x.form(c, r, action, back)
	if err != nil {
		return true, err
	}
	page.Folder, page.Version = c.FormValue("folder"), c.FormValue("version")
	if page.Preview, err = x.read(c, r); err != nil {
		return true, err
	}
	return true, respond(c, http.StatusOK, views.ReportFormPage(page))
}

func (x *reports) create(c echo.Context) error {
	r := new(report.Report)
	if drafted, err := x.drafting(c, r, "/reports", "/reports"); drafted {
		return err
	}
	err := x.fill(c, r)
	if err == nil {
		err = r.Body.Check()
	}
	if err == nil {
		err = x.place(c, r)
	}
	if err == nil {
		err = x.reports.Create(c.Request().Context(), r, person(c))
	}
	if err != nil {
		return x.again(c, r, "/reports", "/reports", err)
	}
	return done(c, "/reports/"+r.ID, "The report is saved. Its address stays the same.")
}

func (x *reports) update(c echo.Context) error {
	r, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	at := "/reports/" + r.ID
	if drafted, err := x.drafting(c, r, at, at); drafted {
		return err
	}
	if n, err := strconv.Atoi(c.FormValue("version")); err == nil {
		r.Version = n
	}
	err = x.fill(c, r)
	if err == nil {
		err = r.Body.Check()
	}
	if err == nil {
		err = x.place(c, r)
	}
	if err == nil {
		err = x.reports.Update(c.Request().Context(), r, person(c))
	}
	if fault.Is(err, fault.Conflict) {
		return x.conflict(c, r)
	}
	if err != nil {
		return x.again(c, r, at, at, err)
	}
	return done(c, at, "Version "+strconv.Itoa(r.Version)+" is saved.")
}

// again shows the form with what is wrong with it.
func (x *reports) again(c echo.Context, r *report.Report, action, back string, err error) error {
	status, problem, wrong, ok := told(err)
	if !ok || fault.Is(err, fault.Denied) {
		return err
	}
	page, err := x.form(c, r, action, back)
	if err != nil {
		return err
	}
	page.Folder, page.Version, page.Errors, page.Problem = c.FormValue("folder"), c.FormValue("version"), wrong, problem
	for i := range page.Parameters {
		for field, message := range wrong {
			if strings.HasPrefix(field, fmt.Sprintf("parameters[%d]", i)) {
				page.Parameters[i].Error = message
			}
		}
	}
	if page.Preview, err = x.read(c, r); err != nil {
		return err
	}
	return respond(c, status, views.ReportFormPage(page))
}

// conflict shows the form to somebody who saved second: with what the other one
// saved, and with both changes put together where they do not touch.
func (x *reports) conflict(c echo.Context, mine *report.Report) error {
	ctx := c.Request().Context()
	theirs, err := x.get(c, account.Save, mine.ID)
	if err != nil {
		return err
	}
	latest, err := x.reports.GetVersion(ctx, mine.ID, theirs.Version)
	if err != nil {
		return err
	}
	conflict := &views.ReportConflict{By: x.who(ctx, latest.SavedBy), When: moment(latest.SavedAt) + " UTC", Version: strconv.Itoa(theirs.Version)}
	if base, err := x.reports.GetVersion(ctx, mine.ID, mine.Version); err == nil {
		var merged string
		if merged, conflict.Merged = report.Merge(base.Body.Text, mine.Body.Text, theirs.Body.Text); conflict.Merged {
			mine.Body.Text = merged
			takeOver(&mine.Body, base.Body, theirs.Body)
			if mine.Name == base.Name {
				mine.Name = theirs.Name
			}
		}
	}
	conflict.Changes = changeView(report.Diff(theirs.Body, mine.Body))
	mine.Version = theirs.Version
	at := "/reports/" + mine.ID
	page, err := x.form(c, mine, at, at)
	if err != nil {
		return err
	}
	page.Folder, page.Conflict = c.FormValue("folder"), conflict
	if page.Preview, err = x.read(c, mine); err != nil {
		return err
	}
	return respond(c, http.StatusConflict, views.ReportFormPage(page))
}

// takeOver gives a body what the other one changed beside the text and it did not.
func takeOver(mine *report.Body, base, theirs report.Body) {
	if mine.Subtitle == base.Subtitle {
		mine.Subtitle = theirs.Subtitle
	}
	if mine.Theme == base.Theme {
		mine.Theme = theirs.Theme
	}
	if mine.Contents == base.Contents {
		mine.Contents = theirs.Contents
	}
	if mine.MaxAge == base.MaxAge {
		mine.MaxAge = theirs.MaxAge
	}
	if slices.EqualFunc(mine.Parameters, base.Parameters, func(a, b report.Parameter) bool {
		return a.Name == b.Name && a.Label == b.Label && a.Kind == b.Kind && a.Default == b.Default && slices.Equal(a.Values, b.Values)
	}) {
		mine.Parameters = theirs.Parameters
	}
}

// read makes the preview of a report as it stands in the form.
func (x *reports) read(c echo.Context, r *report.Report) (*views.ReportPreview, error) {
	p := new(views.ReportPreview)
	draft := *r
	if err := draft.Body.Check(); err != nil {
		fields := fault.FieldsOf(err)
		if text := fields["text"]; text != "" {
			p.Problems = append(p.Problems, text)
		}
	}
	if src, _ := document.Parse(draft.Body.Text); src == nil {
		return p, nil
	}
	if strings.TrimSpace(draft.Body.Text) == "" {
		p.Note = "What you write on the left reads here as others will read it."
		return p, nil
	}
	v := x.view(c)
	v.Values = nil
	made, err := x.maker.Make(c.Request().Context(), &draft, v)
	if err != nil {
		return nil, err
	}
	d := documentView(made.Document)
	p.Document = &d
	return p, nil
}

// previewNew and preview answer with how a text reads.
func (x *reports) previewNew(c echo.Context) error {
	r := new(report.Report)
	x.fill(c, r)
	p, err := x.read(c, r)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.ReportPreviewPane(*p))
}

func (x *reports) preview(c echo.Context) error {
	r, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	x.fill(c, r)
	p, err := x.read(c, r)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.ReportPreviewPane(*p))
}

func changeView(list []report.Change) []views.ChangeLine {
	out := make([]views.ChangeLine, len(list))
	for i, ch := range list {
		out[i] = views.ChangeLine{Kind: ch.Kind}
		if ch.Line > 0 {
			out[i].Line = strconv.Itoa(ch.Line)
		}
		if ch.Kind == "gap" {
			out[i].Note = strconv.Itoa(ch.Count) + " lines are the same"
			if ch.Count == 1 {
				out[i].Note = "1 line is the same"
			}
		}
		for _, w := range ch.Words {
			out[i].Parts = append(out[i].Parts, views.ChangePart(w))
		}
	}
	return out
}
