package web

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/report"
	"assay/views"
)

// print is the report alone, for paper.
func (x *reports) print(c echo.Context) error {
	r, err := x.get(c, account.Look, c.Param("id"))
	if err != nil {
		return err
	}
	v := x.view(c)
	v.Base = online(c, x.base)
	made, err := x.maker.Make(c.Request().Context(), r, v)
	if err != nil {
		return err
	}
	return x.paper(c, made.Document, "/reports/"+r.ID, "/reports/"+r.ID+".pdf")
}

func (x *reports) paper(c echo.Context, d *document.Document, back, pdf string) error {
	values := chosen(c.QueryParams())
	page := views.Print{Document: documentView(d), Back: with(back, values), Running: runningURL(d.Title)}
	if x.pdf != nil {
		page.PDF = with(pdf, values)
	}
	return respond(c, http.StatusOK, views.PrintPage(page))
}

// runningURL is the address of the running head of a document.
func runningURL(title string) string {
	return "/paper.css?" + url.Values{"title": {title}}.Encode()
}

// running is the running head of a document, whose title whoever asks brings along.
func running(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "private, max-age=3600")
	return c.Blob(http.StatusOK, "text/css; charset=utf-8", runningHead(c.QueryParam("title")))
}

// file is the report as PDF.
func (x *reports) file(c echo.Context, id string) error {
	if x.pdf == nil {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	r, err := x.get(c, account.Look, id)
	if err != nil {
		return err
	}
	v := x.view(c)
	v.Base = online(c, x.base)
	made, err := x.maker.Make(c.Request().Context(), r, v)
	if err != nil {
		return err
	}
	return x.send(c, made.Document, r.Name)
}

func (x *reports) send(c echo.Context, d *document.Document, name string) error {
	var b bytes.Buffer
	if err := x.pdf(&b, d); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": frame.FileName(name) + ".pdf"}))
	return c.Blob(http.StatusOK, "application/pdf", b.Bytes())
}

func (x *reports) shots(c echo.Context) error { return x.shotList(c, http.StatusOK, "") }

// shotList lists the report's snapshots that the person may see.
func (x *reports) shotList(c echo.Context, status int, problem string) error {
	ctx := c.Request().Context()
	r, err := x.get(c, account.Look, c.Param("id"))
	if err != nil {
		return err
	}
	list, err := x.snapshots.List(ctx, r, person(c))
	if err != nil {
		return err
	}
	page := views.ReportSnapshots{Chrome: chrome(c, "Snapshots of "+r.Name, "reports"), ID: r.ID, Name: r.Name, CanSave: r.Check(person(c), account.Save) == nil, Error: problem}
	given := parameters(c.QueryParams())
	var shown []string
	for _, p := range parameterView(&r.Body, report.Values(&r.Body, given)) {
		if p.Value != "" {
			page.Query = append(page.Query, views.Choice{Value: "p." + p.Name, Label: p.Value})
			shown = append(shown, p.Label+" "+p.Value)
		}
	}
	if len(shown) > 0 {
		page.Shown = "Made for " + strings.Join(shown, ", ") + "."
	}
	for _, s := range list {
		item := views.SnapshotItem{Name: s.Name, URL: "/reports/" + r.ID + "/snapshots/" + s.ID, Given: s.Given, Meta: "made by " + x.who(ctx, s.CreatedBy) + ", " + moment(s.CreatedAt) + " UTC"}
		if page.CanSave || s.CreatedBy == person(c).ID {
			item.Delete = item.URL + "/delete"
		}
		page.Items = append(page.Items, item)
	}
	return respond(c, status, views.ReportSnapshotsPage(page))
}

func (x *reports) freeze(c echo.Context) error {
	r, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	v := x.view(c)
	v.Values, v.Base = parameters(form), online(c, x.base)
	shot, err := x.snapshots.Freeze(c.Request().Context(), r, v, c.FormValue("name"), c.FormValue("given") != "", person(c))
	if fields := fault.FieldsOf(err); fields["name"] != "" {
		return x.shotList(c, http.StatusUnprocessableEntity, fields["name"])
	}
	if err != nil {
		return err
	}
	return done(c, "/reports/"+r.ID+"/snapshots/"+shot.ID, "The snapshot is kept.")
}

// frozen returns the snapshot that the address names and what it says.
func (x *reports) frozen(c echo.Context, id string) (*report.Report, *report.Snapshot, *document.Document, error) {
	r, err := x.get(c, account.Look, c.Param("id"))
	if err != nil {
		return nil, nil, nil, err
	}
	shot, d, err := x.snapshots.Get(c.Request().Context(), r, id, person(c))
	return r, shot, d, err
}

func (x *reports) shot(c echo.Context) error {
	id, pdf := strings.CutSuffix(c.Param("snapshot"), ".pdf")
	if pdf && x.pdf == nil {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	r, shot, d, err := x.frozen(c, id)
	if err != nil {
		return err
	}
	if pdf {
		return x.send(c, d, r.Name+" "+shot.Name)
	}
	page := views.Report{Chrome: chrome(c, d.Title+", "+shot.Name, "reports"), ID: r.ID, Folder: x.folder(c, r.FolderID), Document: documentView(d), Actions: x.shotActions(c, r, shot),
		Snapshot: "The snapshot “" + shot.Name + "”, made by " + x.who(c.Request().Context(), shot.CreatedBy) + " on " + moment(shot.CreatedAt) + " UTC."}
	return respond(c, http.StatusOK, views.ReportPage(page))
}

func (x *reports) printShot(c echo.Context) error {
	r, shot, d, err := x.frozen(c, c.Param("snapshot"))
	if err != nil {
		return err
	}
	at := "/reports/" + r.ID + "/snapshots/" + shot.ID
	return x.paper(c, d, at, at+".pdf")
}

func (x *reports) removeShot(c echo.Context) error {
	r, err := x.get(c, account.Look, c.Param("id"))
	if err != nil {
		return err
	}
	if err := x.snapshots.Delete(c.Request().Context(), r, c.Param("snapshot"), person(c)); err != nil {
		return err
	}
	return done(c, "/reports/"+r.ID+"/snapshots", "The snapshot is removed.")
}
