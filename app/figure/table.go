package figure

import (
	"fmt"
	"strings"

	"assay/app/chart"
	"assay/app/document"
	"assay/app/frame"
)

// ShownRows is how many rows a page lists; downloads have all of them.
const ShownRows = 500

// ShownRunes is where a long text is cut on a page.
const ShownRunes = 200

func (s Shape) formatter() frame.Formatter {
	return frame.Formatter{Locale: s.Locale, MaxRunes: ShownRunes}
}

// Rows lists the first rows of an answer, at most so many, 0 for ShownRows.
func (s Shape) Rows(f *frame.Frame, most int) *document.Table {
	if most <= 0 || most > ShownRows {
		most = ShownRows
	}
	t := &document.Table{Label: "Rows of the result"}
	formats := make([]frame.ColumnFormatter, len(f.Columns))
	for i, c := range f.Columns {
		formats[i] = s.formatter().Column(c)
		formats[i].Even(f, i, most)
		t.Columns = append(t.Columns, document.Column{Name: c.Name, Unit: unitWord(c.Name, s.Settings.Unit[c.Name]), Type: c.Type, Numeric: c.Kind == frame.Number, Whole: c.Kind == frame.Date || c.Kind == frame.Time})
	}
	n := min(f.Rows(), most)
	var b []byte
	by := s.groups(f)
	for r := range n {
		cells := make([]document.Value, len(f.Columns))
		for i := range f.Columns {
			value, ok := f.Cell(r, i)
			var cut bool
			b, cut = formats[i].Append(b[:0], value, ok)
			cells[i] = document.Value{Text: string(b), Null: !ok, Cut: cut}
		}
		t.Rows, t.Behind = append(t.Rows, cells), append(t.Behind, behind(f, r, by))
	}
	if f.Rows() > n {
		count := func(n int) string { return s.formatter().Number(float64(n), 0) }
		t.More = fmt.Sprintf("%s of %s rows are listed here.", count(n), count(f.Rows()))
	}
	return t
}

// unitWord is how a column's head names a unit, "" where its name does already.
func unitWord(column, unit string) string {
	switch {
	case unit == "ratio" || strings.EqualFold(Spoken(column), unit):
		return ""
	case unit == "percent":
		return "%"
	}
	return unit
}

func dataTable(d *chart.Data) *document.Table {
	t := &document.Table{Label: "Data of the chart"}
	for _, h := range d.Head {
		t.Columns = append(t.Columns, document.Column{Name: h.Name, Numeric: h.Numeric})
		t.Over = append(t.Over, marks(h.Behind))
	}
	t.Behind = make([][]document.Mark, len(d.Rows))
	for i, v := range d.Behind {
		t.Behind[i] = marks(v)
	}
	for _, row := range d.Rows {
		cells := make([]document.Value, len(row))
		for i, text := range row {
			cells[i] = document.Value{Text: text}
		}
		t.Rows = append(t.Rows, cells)
	}
	if d.More > 0 {
		t.More = fmt.Sprintf("%d more are not listed.", d.More)
	}
	return t
}
