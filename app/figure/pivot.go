package figure

import (
	"fmt"
	"slices"

	"assay/app/chart"
	"assay/app/document"
	"assay/app/frame"
)

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
func pivot(f *frame.Frame, s chart.Settings, format frame.Formatter) *document.Table {
	row, across, value, ok := pivotParts(f, s)
	if !ok {
		return nil
	}
	t := &document.Table{Label: "Pivot table", Columns: []document.Column{{Name: f.Columns[row].Name}}, Over: [][]document.Mark{nil}}
	values := format.Column(f.Columns[value])
	values.Even(f, value, ShownRows)
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
			t.Columns = append(t.Columns, document.Column{Name: name, Numeric: f.Columns[value].Kind == frame.Number})
			t.Over = append(t.Over, behind(f, r, []int{across}))
		}
		key := words(row)
		at, ok := rows[key]
		if !ok {
			if len(t.Rows) == ShownRows {
				dropped++
				continue
			}
			at = len(t.Rows)
			rows[key] = at
			t.Rows, t.Behind = append(t.Rows, []document.Value{{Text: key}}), append(t.Behind, behind(f, r, []int{row}))
		}
		for len(t.Rows[at]) <= col {
			t.Rows[at] = append(t.Rows[at], document.Value{})
		}
		v, ok := f.Cell(r, value)
		text, _ := values.Append(nil, v, ok)
		t.Rows[at][col] = document.Value{Text: string(text), Null: !ok}
	}
	for i := range t.Rows {
		for len(t.Rows[i]) < len(t.Columns) {
			t.Rows[i] = append(t.Rows[i], document.Value{})
		}
	}
	if dropped > 0 {
		t.More = fmt.Sprintf("%d values beyond %d rows and %d columns are not shown.", dropped, ShownRows, pivotColumns)
	}
	return t
}
