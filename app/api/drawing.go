package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/query"
)

const typeSVG = "image/svg+xml"

// The size of a drawing that asks for no other, in CSS pixels.
const (
	usualWidth  = 860
	usualHeight = 400
)

// questionChart draws the capped answer of a saved question.
func (a *api) questionChart(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
	if a.Charts == nil {
		return nil, errNoCharts
	}
	q, err := a.question(ctx, account.Look, in.ID)
	if err != nil {
		return nil, err
	}
	r := from(ctx)
	width, height := usualWidth, usualHeight
	values, err := fromAddress(r.http, q, map[string]*int{"width": &width, "height": &height})
	if err != nil {
		return nil, err
	}
	settings, err := chartOf(&q.Body)
	if err != nil {
		return nil, err
	}
	if settings == nil {
		settings = &chart.Settings{}
	}
	if settings.Title == "" {
		settings.Title = q.Name
	}
	result, err := a.Runner.Frame(ctx, ofSaved(q, query.Request{Person: r.person, Connection: q.ConnectionID, Parameters: values}))
	if err != nil {
		return nil, err
	}
	if result.Frame.Rows() == 0 {
		return nil, fault.New(fault.Invalid, "The question has no rows, so there is nothing to draw")
	}
	theme := chart.Light()
	theme.Titled = true
	d, err := chart.Option(result.Frame, *settings, theme)
	if err != nil {
		return nil, err
	}
	if !d.Drawn() {
		return nil, fault.New(fault.Invalid, "This question is shown as a table, which has no drawing")
	}
	svg, err := a.Charts.SVG(ctx, d, width, height)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("X-Query-Id", result.ID)
		hc.SetHeader("Content-Type", typeSVG+"; charset=utf-8")
		hc.SetStatus(http.StatusOK)
		hc.BodyWriter().Write(svg)
	}}, nil
}
