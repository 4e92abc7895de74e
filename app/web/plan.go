package web

import (
	"strings"

	"assay/app/frame"
	"assay/app/query"
	"assay/views"
)

// plan shows how a database would answer: lines of text where it says so in
// lines or steps, else its table.
func (p *presenter) plan(r *query.Result, err error) views.Result {
	if err != nil {
		return views.Result{Failure: p.failure(err)}
	}
	v := views.Result{Caption: p.caption(r)}
	switch detail := r.Frame.Index("detail"); {
	case detail >= 0 && r.Frame.Index("id") == 0 && r.Frame.Index("parent") == 1:
		v.Plan = tree(r.Frame, detail)
	case len(r.Frame.Columns) == 1:
		v.Plan = lines(r.Frame)
	default:
		v.Table = p.rows(r.Frame)
	}
	return v
}

func lines(f *frame.Frame) string {
	var lines []string
	for row := range f.Rows() {
		text, _ := f.Cell(row, 0)
		lines = append(lines, string(text))
	}
	return strings.Join(lines, "\n")
}

// tree writes steps that name the step they belong to, each further in than that.
func tree(f *frame.Frame, detail int) string {
	depth := map[string]int{}
	var b strings.Builder
	for row := range f.Rows() {
		id, _ := f.Cell(row, 0)
		parent, _ := f.Cell(row, 1)
		text, _ := f.Cell(row, detail)
		deep := 0
		if above, ok := depth[string(parent)]; ok {
			deep = above + 1
		}
		depth[string(id)] = deep
		b.WriteString(strings.Repeat("  ", deep))
		b.Write(text)
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}
