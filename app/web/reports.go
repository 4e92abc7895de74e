package web

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/document"
	"assay/app/figure"
	"assay/app/query"
	"assay/app/report"
	"assay/app/saved"
	"assay/views"
)

// reports is the saved reports: read, written, printed and frozen.
type reports struct {
	reports   *report.Store
	maker     *report.Maker
	snapshots *report.Snapshots
	questions *query.Store
	people    *account.Store
	pdf       func(io.Writer, *document.Document) error
	base      string
}

func (x *reports) routes(g *echo.Group) {
	g.GET("/reports", may(account.Look, x.list))
	g.GET("/reports/new", may(account.Save, x.fresh))
	g.POST("/reports", may(account.Save, x.create))
	g.POST("/reports/preview", may(account.Save, x.previewNew))
	g.GET("/reports/:id", may(account.Look, x.show))
	g.GET("/reports/:id/edit", may(account.Save, x.edit))
	g.POST("/reports/:id", may(account.Save, x.update))
	g.POST("/reports/:id/preview", may(account.Save, x.preview))
	g.POST("/reports/:id/delete", may(account.Save, x.remove))
	g.GET("/reports/:id/print", may(account.Look, x.print))
	g.GET("/paper.css", may(account.Look, running))
	g.GET("/reports/:id/versions", may(account.Look, x.versions))
	g.POST("/reports/:id/restore", may(account.Save, x.restore))
	g.GET("/reports/:id/snapshots", may(account.Look, x.shots))
	g.POST("/reports/:id/snapshots", may(account.Save, x.freeze))
	g.GET("/reports/:id/snapshots/:snapshot", may(account.Look, x.shot))
	g.GET("/reports/:id/snapshots/:snapshot/print", may(account.Look, x.printShot))
	g.POST("/reports/:id/snapshots/:snapshot/delete", may(account.Look, x.removeShot))
}

func (x *reports) list(c echo.Context) error {
	ctx := c.Request().Context()
	list, err := x.reports.List(ctx, saved.Find{Text: c.QueryParam("q"), For: person(c)})
	if err != nil {
		return err
	}
	folderList, err := x.questions.Folders(ctx)
	if err != nil {
		return err
	}
	page := views.Reports{Chrome: chrome(c, "Reports", "reports"), Find: c.QueryParam("q"), Total: len(list), CanSave: account.May(person(c), account.Save).Allowed}
	add := func(name, id string) {
		f := views.QuestionFolder{Name: name}
		for _, r := range list {
			if r.FolderID == id {
				about := r.Description
				if about == "" {
					about = r.Body.Subtitle
				}
				f.Items = append(f.Items, views.QuestionItem{Name: r.Name, Description: about, URL: "/reports/" + r.ID, Meta: "changed " + day(r.UpdatedAt)})
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
	return respond(c, http.StatusOK, views.ReportsPage(page))
}

// get returns a report to which the person may do the action.
func (x *reports) get(c echo.Context, action account.Action, id string) (*report.Report, error) {
	r, err := x.reports.Get(c.Request().Context(), id)
	if err != nil {
		return nil, err
	}
	return r, r.Check(person(c), action)
}

// view is for whom and with which values the address asks for a report.
func (x *reports) view(c echo.Context) figure.View {
	v := figure.View{Person: person(c), Values: parameters(c.QueryParams()), Locale: locale(c)}
	if c.QueryParam("fresh") != "" {
		v.MaxAge = -1
	}
	return v
}

// chosen returns the parameters that an address carries.
func chosen(v url.Values) url.Values {
	out := url.Values{}
	for k, list := range v {
		if strings.HasPrefix(k, "p.") {
			out[k] = list
		}
	}
	return out
}

func (x *reports) show(c echo.Context) error {
	if id, ok := strings.CutSuffix(c.Param("id"), ".pdf"); ok {
		return x.file(c, id)
	}
	r, err := x.get(c, account.Look, c.Param("id"))
	if err != nil {
		return err
	}
	made, err := x.maker.Make(c.Request().Context(), r, x.view(c))
	if err != nil {
		return err
	}
	page := views.Report{Chrome: chrome(c, r.Name, "reports"), ID: r.ID, Folder: x.folder(c, r.FolderID), Document: documentView(made.Document),
		Parameters: parameterView(&r.Body, made.Values), Actions: x.actions(c, r),
		Saved: "Version " + strconv.Itoa(r.Version) + ", saved on " + moment(r.UpdatedAt) + " UTC"}
	return respond(c, http.StatusOK, views.ReportPage(page))
}

// actions are what the person may do with the report.
func (x *reports) actions(c echo.Context, r *report.Report) views.Actions {
	at, values := "/reports/"+r.ID, chosen(c.QueryParams())
	a := views.Actions{FreshURL: with(at, values, "fresh", "1"), PrintURL: with(at+"/print", values), VersionsURL: at + "/versions",
		Further: []views.Link{{Label: "Snapshots", URL: with(at+"/snapshots", values)}}}
	if x.pdf != nil {
		a.PDFURL = with(at+".pdf", values)
	}
	if account.May(person(c), account.Save).Allowed {
		a.ScheduleURL = "/schedules/new?report=" + r.ID
	}
	if r.Check(person(c), account.Save) == nil {
		a.EditURL, a.RemoveURL, a.RemoveAsk = at+"/edit", at+"/delete", "Remove this report, its versions and its snapshots?"
		if account.May(person(c), account.Share).Allowed {
			a.ShareURL = at + "/share"
		}
	}
	return a
}

// shotActions are what the person may do with a snapshot.
func (x *reports) shotActions(c echo.Context, r *report.Report, shot *report.Snapshot) views.Actions {
	at := "/reports/" + r.ID + "/snapshots/" + shot.ID
	a := views.Actions{PrintURL: at + "/print", Further: []views.Link{{Label: "The report as it is now", URL: "/reports/" + r.ID}}}
	if x.pdf != nil {
		a.PDFURL = at + ".pdf"
	}
	saves := r.Check(person(c), account.Save) == nil
	if saves && account.May(person(c), account.Share).Allowed {
		a.ShareURL = with("/reports/"+r.ID+"/share", nil, "snapshot", shot.ID)
	}
	if saves || shot.CreatedBy == person(c).ID {
		a.RemoveURL, a.RemoveLabel, a.RemoveAsk = at+"/delete", "Remove this snapshot", "Remove this snapshot?"
	}
	return a
}

// parameterView is the form above a report.
func parameterView(b *report.Body, values map[string]string) (list []views.ReportParameter) {
	for _, p := range b.Parameters {
		f := views.ReportParameter{Name: p.Name, Label: p.Label, Type: "text", Value: values[p.Name]}
		if f.Label == "" {
			f.Label = figure.Spoken(p.Name)
		}
		switch p.Kind {
		case "date":
			f.Type = "date"
		case "number":
			f.Type = "text"
		case "list":
			if p.Default == "" {
				f.Choices = append(f.Choices, views.Choice{Label: "any"})
			}
			for _, v := range p.Values {
				f.Choices = append(f.Choices, views.Choice{Value: v, Label: v, Selected: v == f.Value})
			}
		}
		list = append(list, f)
	}
	return list
}

func (x *reports) folder(c echo.Context, id string) string {
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

// who returns a person's name, or a neutral word where the person is gone.
func (x *reports) who(ctx context.Context, id string) string {
	p, err := x.people.Get(ctx, id)
	if err != nil {
		return "Somebody"
	}
	return p.Name
}

func (x *reports) remove(c echo.Context) error {
	r, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	if err := x.reports.Delete(c.Request().Context(), r.ID, person(c)); err != nil {
		return err
	}
	return done(c, "/reports", "The report is removed.")
}
