package web

import (
	"strings"

	"assay/app/query"
	"assay/views"
)

// plan shows how a database would answer: lines of text where it says so in
// one column, else its table.
func (p *presenter) plan(r *query.Result, err error) views.Result {
	if err != nil {
		return views.Result{Failure: p.failure(err)}
	}
	v := views.Result{Caption: p.caption(r)}
	if len(r.Frame.Columns) != 1 {
		v.Table = p.rows(r.Frame)
		return v
	}
	var lines []string
	for row := range r.Frame.Rows() {
		text, _ := r.Frame.Cell(row, 0)
		lines = append(lines, string(text))
	}
	v.Plan = strings.Join(lines, "\n")
	return v
}
