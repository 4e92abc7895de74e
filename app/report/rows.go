package report

import (
	"context"
	"time"

	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
)

// Rows returns the rows behind the report's blocks, in its order, asked as the
// report asks them.
func (m *Maker) Rows(ctx context.Context, r *Report, v figure.View) (list []figure.Rows, err error) {
	defer fault.Wrap(&err, "report.Rows(%s)", r.ID)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	src, err := document.Parse(r.Body.Text)
	if src == nil {
		return nil, err
	}
	texts := &figure.Texts{Figures: m.Figures, Questions: m.Questions}
	return texts.Rows(ctx, figure.Text{Source: src, View: v, Given: r.Body.given(v.Values), MaxAge: time.Duration(r.Body.MaxAge) * time.Second})
}
