package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/document"
	"assay/app/figure"
	"assay/views"
)

// paperAge is how old an answer may be that is put on paper.
const paperAge = 10 * time.Minute

// document is a question with its answer, for paper.
func (x *questions) document(c echo.Context, a *asked) (*document.Document, error) {
	ctx := c.Request().Context()
	settings := a.presenter.settings
	answer := x.figures.Make(ctx, figure.Ask{Person: person(c), Question: a.Question, Parameters: a.request.Parameters, Narrow: a.request.Narrow, Settings: &settings, Locale: locale(c), MaxAge: paperAge})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d := &document.Document{Title: a.Name, Language: "en", At: time.Now().UTC().Truncate(time.Second),
		URL: online(c, x.base) + with("/questions/"+a.ID, c.QueryParams(), "run", "")}
	if a.Description != "" {
		d.Blocks = append(d.Blocks, document.Paragraph{Text: []document.Inline{{Text: a.Description}}})
	}
	answer.Figure.Title = "" // stands above already
	d.Blocks = append(d.Blocks, answer.Figure)
	return d, nil
}

// print is the question with its answer alone, for paper.
func (x *questions) print(c echo.Context) error {
	a, err := x.ask(c, c.Param("id"))
	if err != nil {
		return err
	}
	d, err := x.document(c, a)
	if err != nil {
		return err
	}
	page := views.Print{Document: documentView(d), Back: with("/questions/"+a.ID, c.QueryParams()), Running: runningURL(d.Title)}
	if x.pdf != nil {
		page.PDF = with("/questions/"+a.ID+".pdf", c.QueryParams())
	}
	return respond(c, http.StatusOK, views.PrintPage(page))
}

// paper is the question with its answer as PDF.
func (x *questions) paper(c echo.Context, id string) error {
	a, err := x.ask(c, id)
	if err != nil {
		return err
	}
	d, err := x.document(c, a)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return x.pdf.send(c, d)
}
