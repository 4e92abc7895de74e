package chart

import (
	"math"
	"strconv"
)

// Value is what a column of the result has in the rows behind a mark.
type Value struct {
	Column string
	// Text is the exact value as the result has it; Null says that there is none.
	Text string
	Null bool
}

// markCell ties a mark of a drawing, by its series and its number in it, to the
// row and column of the drawing's table that say the same.
type markCell struct{ Series, Index, Row, Column int }

// behind returns the value that a row has in a column.
func (p *plan) behind(row int, c *column) *Value {
	v, ok := p.frame.Cell(row, c.index)
	return &Value{Column: p.frame.Columns[c.index].Name, Text: string(v), Null: !ok}
}

// tie ties the marks of a drawing to its table: each series to a column, each of
// its values to a row; values that are no number leave no mark.
func (b *builder) tie(m *matrix) {
	for s := range m.series {
		for i := range min(len(m.places), dataRows) {
			if !math.IsNaN(m.series[s].values[i]) {
				b.marks = append(b.marks, markCell{s, i, i, s + 1})
			}
		}
	}
}

// markNames names the marks as a drawing's data-m attribute does: "row.column" of the table.
func markNames(list []markCell) map[[2]int]string {
	out := make(map[[2]int]string, len(list))
	for _, c := range list {
		out[[2]int{c.Series, c.Index}] = strconv.Itoa(c.Row) + "." + strconv.Itoa(c.Column)
	}
	return out
}

// mark returns the name of the mark that an element belongs to, "" for none.
func (w *svgWriter) mark(a map[string]string) string {
	if a["ecmeta_ssr_type"] != "chart" || len(w.f.marks) == 0 {
		return ""
	}
	series, err := strconv.Atoi(a["ecmeta_series_index"])
	if err != nil {
		return ""
	}
	index, err := strconv.Atoi(a["ecmeta_data_index"])
	if err != nil {
		return ""
	}
	return w.f.marks[[2]int{series, index}]
}
