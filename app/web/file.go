package web

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"assay/app/chart"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
)

// extensions are the forms in which a question's address gives its answer.
var extensions = []string{"csv", "xlsx", "json", "svg", "option"}

const (
	typeCSV  = "text/csv; charset=utf-8"
	typeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	typeJSON = "application/json; charset=utf-8"
	typeSVG  = "image/svg+xml; charset=utf-8"
)

// exportTimeout bounds a download, which may take longer than a page.
const exportTimeout = 10 * time.Minute

// sendFile asks a question and streams its answer; a drawing is made of the capped answer.
func sendFile(c echo.Context, runner *query.Runner, p *presenter, req query.Request, extension, name string) error {
	ctx := c.Request().Context()
	if extension == "svg" || extension == "option" {
		return sendDrawing(c, runner, p, req, extension, name)
	}
	req.Limit, req.Timeout = query.Uncapped, exportTimeout
	answer, err := runner.Open(ctx, req)
	if err != nil {
		return err
	}
	defer answer.Close()
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	attach := func(contentType string) {
		h.Set(echo.HeaderContentType, contentType)
		h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": frame.FileName(name) + "." + extension}))
	}
	var summary frame.Summary
	switch extension {
	case "csv":
		attach(typeCSV)
		summary, err = frame.CSVWriter{}.Write(ctx, c.Response(), answer)
	case "xlsx":
		attach(typeXLSX)
		summary, err = frame.XLSXWriter{Sheet: name, Caption: strings.Join(append([]string{name}, p.narrowed()...), " · "), Source: p.source, Time: time.Now().UTC()}.Write(ctx, c.Response(), answer)
	default:
		h.Set(echo.HeaderContentType, typeJSON)
		summary, err = frame.JSONWriter{
			Head: func(o *frame.Object) { o.Text("id", answer.ID) },
			Tail: func(o *frame.Object, _ frame.Summary) {
				o.Text("sql", answer.SQL)
				o.Int("elapsed_ms", answer.Elapsed().Milliseconds())
				o.Bool("cached", false)
			},
			Failure: failureCode,
		}.Write(ctx, c.Response(), answer)
	}
	if err != nil && summary.Bytes > 0 {
		// Half a file must not pass for a whole one: the connection breaks.
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		h.Del(echo.HeaderContentDisposition)
	}
	return err
}

func failureCode(err error) (code, message string) {
	if f := source.AsFailure(err); f != nil {
		return string(f.Code), f.Message
	}
	return string(fault.KindOf(err)), fault.MessageOf(err)
}

func sendDrawing(c echo.Context, runner *query.Runner, p *presenter, req query.Request, extension, name string) error {
	ctx := c.Request().Context()
	r, err := runner.Frame(ctx, req)
	if err != nil {
		return err
	}
	if r.Frame.Rows() == 0 {
		return fault.New(fault.Invalid, "The question has no rows, so there is nothing to draw")
	}
	d, err := chart.Option(r.Frame, p.effective(r.Frame), chart.Light())
	if err != nil {
		return err
	}
	if !d.Drawn() {
		return fault.New(fault.Invalid, "This question is shown as a table, which has no drawing")
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	if extension == "option" {
		return c.Blob(http.StatusOK, typeJSON, d.Option)
	}
	ctx, cancel := context.WithTimeout(ctx, figure.DrawTimeout)
	defer cancel()
	svg, err := p.charts.SVG(ctx, d, figure.Page.Width, figure.Page.Height)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, mime.FormatMediaType("inline", map[string]string{"filename": frame.FileName(name) + ".svg"}))
	return c.Blob(http.StatusOK, typeSVG, svg)
}

// locale is how the reader's browser wants numbers spelled.
func locale(c echo.Context) frame.Locale {
	tags, _, err := language.ParseAcceptLanguage(c.Request().Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return frame.MatchLocale("en")
	}
	wanted := make([]string, 0, 4)
	for _, t := range tags[:min(4, len(tags))] {
		wanted = append(wanted, t.String())
	}
	return frame.MatchLocale(wanted...)
}
