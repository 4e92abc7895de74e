package web

import (
	"context"

	"assay/app/document"
	"assay/app/frame"
	"assay/views"
)

// draw returns the drawing of a frame, nil where a table says it all, or the
// reason why the settings do not fit.
func (p *presenter) draw(ctx context.Context, f *frame.Frame) (*views.Chart, error) {
	var drawn document.Figure
	if err := p.shape().Draw(ctx, p.charts, f, &drawn); err != nil {
		return nil, err
	}
	if drawn.Drawing == nil && drawn.Number == nil && drawn.Table == nil {
		return nil, nil
	}
	drawn.Title = p.effective(f).Title
	drawn.Data, drawn.Table = p.linked(drawn.Data), p.linked(drawn.Table)
	c := chartView(&drawn)
	c.OptionURL = p.optionURL
	if p.card {
		c.Data = nil
	}
	return c, nil
}

// chartView is a figure's drawing, number or pivot table as a page shows it.
func chartView(f *document.Figure) *views.Chart {
	c := &views.Chart{Title: f.Title, Subtitle: f.Subtitle, Number: numberView(f.Number, ""), Pivot: tableView(f.Table), Data: tableView(f.Data)}
	if d := f.Drawing; d != nil {
		c.OptionURL = d.OptionURL
		c.Wide = string(d.SVG)
		if len(d.Narrow) > 0 {
			c.Wide, c.Narrow = classed(d.SVG, "only-wide"), classed(d.Narrow, "only-narrow")
		}
	}
	return c
}

// numberView is a figure below a title that may say its label already.
func numberView(n *document.Number, title string) *views.Number {
	if n == nil {
		return nil
	}
	v := views.Number(*n)
	v.Label = n.Under(title)
	return &v
}

func failureView(f *document.Failure) *views.Failure {
	if f == nil {
		return nil
	}
	v := views.Failure(*f)
	return &v
}

func tableView(t *document.Table) *views.Table {
	if t == nil {
		return nil
	}
	v := &views.Table{Label: t.Label, More: t.More, Columns: make([]views.TableColumn, len(t.Columns)), Rows: make([][]views.Cell, len(t.Rows))}
	for i, c := range t.Columns {
		v.Columns[i] = views.TableColumn(c)
	}
	for r, row := range t.Rows {
		v.Rows[r] = make([]views.Cell, len(row))
		for i, cell := range row {
			v.Rows[r][i] = views.Cell(cell)
		}
	}
	return v
}

// classed adds a class to a drawing's root element, which begins with "<svg ".
func classed(svg []byte, class string) string {
	if len(svg) < 5 {
		return string(svg)
	}
	return `<svg class="` + class + `" ` + string(svg[5:])
}
