package web

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assay/app/chart"
	"assay/app/fault"
	"assay/app/frame"
	"assay/views"
)

// Sizes of drawings, in CSS pixels.
const (
	wideWidth, wideHeight     = 860, 400
	cardWidth, cardHeight     = 560, 310
	narrowWidth, narrowHeight = 380, 270
)

// drawTimeout bounds one drawing.
const drawTimeout = 10 * time.Second

// draw returns the drawing of a frame, nil where a table says it all, or the
// reason why the settings do not fit.
func (p *presenter) draw(ctx context.Context, f *frame.Frame) (*views.Chart, error) {
	s := p.effective(f)
	if s.Kind == chart.Table {
		return nil, nil
	}
	d, err := chart.Option(f, s, chart.Light())
	if err != nil {
		return nil, err
	}
	c := &views.Chart{Title: d.Title, Subtitle: d.Subtitle, OptionURL: p.optionURL}
	switch {
	case s.Kind == chart.Pivot:
		if c.Pivot = pivot(f, s, p.formatter()); c.Pivot == nil {
			return nil, fault.New(fault.Invalid, "A pivot table needs two categories and one number")
		}
		return c, nil
	case d.Number != nil:
		c.Number = number(d.Number)
		return c, nil
	}
	ctx, cancel := context.WithTimeout(ctx, drawTimeout)
	defer cancel()
	width, height := wideWidth, wideHeight
	if p.card {
		width, height = cardWidth, cardHeight
	}
	svg, err := p.charts.SVG(ctx, d, width, height)
	if err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	c.Wide = classed(svg, "only-wide")
	d.ID += "n"
	if svg, err = p.charts.SVG(ctx, d, narrowWidth, narrowHeight); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	c.Narrow = classed(svg, "only-narrow")
	if d.Dropped != "" {
		c.Subtitle = d.Dropped
	}
	if d.Table != nil && !p.card {
		c.Data = dataTable(d.Table)
	}
	return c, nil
}

func number(f *chart.Figure) *views.Number {
	n := &views.Number{Value: f.Text, Label: f.Label}
	if f.When != "" {
		n.Label += ", " + f.When
	}
	if f.Compared {
		n.Delta = f.Delta
		if f.Change != "" {
			n.Delta += " (" + f.Change + ")"
		}
		if f.Against != "" {
			n.Delta += " against " + f.Against
		}
		n.Direction = map[int]string{1: "up", -1: "down"}[f.Direction]
		if n.Direction == "" {
			n.Direction = "flat"
		}
	}
	return n
}

// classed adds a class to a drawing's root element, which begins with "<svg ".
func classed(svg []byte, class string) string {
	if len(svg) < 5 {
		return string(svg)
	}
	return `<svg class="` + class + `" ` + string(svg[5:])
}

func dataTable(d *chart.Data) *views.Table {
	t := &views.Table{Label: "Data of the chart"}
	for _, h := range d.Head {
		t.Columns = append(t.Columns, views.TableColumn{Name: h.Name, Numeric: h.Numeric})
	}
	for _, row := range d.Rows {
		cells := make([]views.Cell, len(row))
		for i, text := range row {
			cells[i] = views.Cell{Text: text}
		}
		t.Rows = append(t.Rows, cells)
	}
	if d.More > 0 {
		t.More = fmt.Sprintf("%d more are not listed.", d.More)
	}
	return t
}

// pivotColumns bounds the columns of a pivot table.
const pivotColumns = 60

// pivotParts are the columns of a pivot table: those that the settings name; for
// the rest two that hold no numbers, or else the first two, and a number.
func pivotParts(f *frame.Frame, s chart.Settings) (row, across, value int, ok bool) {
	var taken []int
	take := func(name string, fits func(frame.Kind) bool) int {
		at := -1
		if name != "" {
			at = f.Index(name)
		}
		for _, choosy := range []bool{true, false} {
			for i, c := range f.Columns {
				if at < 0 && !slices.Contains(taken, i) && (fits(c.Kind) || !choosy) {
					at = i
				}
			}
		}
		taken = append(taken, at)
		return at
	}
	number := func(k frame.Kind) bool { return k == frame.Number }
	words := func(k frame.Kind) bool { return k != frame.Number }
	if len(s.Y) > 0 {
		value = take(s.Y[0], number)
		row, across = take(s.X, words), take(s.Series, words)
	} else {
		row, across = take(s.X, words), take(s.Series, words)
		value = take("", number)
	}
	return row, across, value, row >= 0 && across >= 0 && value >= 0 && row != across && row != value && across != value
}

// pivot lays a result of two categories and a number out as rows and columns,
// nil where it has no three columns. A cell without a value stays empty; where
// several rows meet in one cell the last is shown, as grouping by both
// categories leaves one.
func pivot(f *frame.Frame, s chart.Settings, format frame.Formatter) *views.Table {
	row, across, value, ok := pivotParts(f, s)
	if !ok {
		return nil
	}
	t := &views.Table{Label: "Pivot table", Columns: []views.TableColumn{{Name: f.Columns[row].Name}}}
	values := format.Column(f.Columns[value])
	values.Even(f, value, shownRows)
	rows, columns := map[string]int{}, map[string]int{}
	dropped := 0
	for r := range f.Rows() {
		words := func(c int) string {
			v, ok := f.Cell(r, c)
			if !ok {
				return "(none)"
			}
			return format.Text(f.Columns[c], v, ok)
		}
		name := words(across)
		col, ok := columns[name]
		if !ok {
			if len(columns) == pivotColumns {
				dropped++
				continue
			}
			col = len(t.Columns)
			columns[name] = col
			t.Columns = append(t.Columns, views.TableColumn{Name: name, Numeric: f.Columns[value].Kind == frame.Number})
		}
		key := words(row)
		at, ok := rows[key]
		if !ok {
			if len(t.Rows) == shownRows {
				dropped++
				continue
			}
			at = len(t.Rows)
			rows[key] = at
			t.Rows = append(t.Rows, []views.Cell{{Text: key}})
		}
		for len(t.Rows[at]) <= col {
			t.Rows[at] = append(t.Rows[at], views.Cell{})
		}
		v, ok := f.Cell(r, value)
		text, _ := values.Append(nil, v, ok)
		t.Rows[at][col] = views.Cell{Text: string(text), Null: !ok}
	}
	for i := range t.Rows {
		for len(t.Rows[i]) < len(t.Columns) {
			t.Rows[i] = append(t.Rows[i], views.Cell{})
		}
	}
	if dropped > 0 {
		t.More = fmt.Sprintf("%d values beyond %d rows and %d columns are not shown.", dropped, shownRows, pivotColumns)
	}
	return t
}
