package figure

import (
	"assay/app/chart"
	"assay/app/document"
	"assay/app/frame"
)

// groups returns the columns of an answer whose values say what its numbers are
// of: a built question's dimensions, or else all that hold no numbers.
func (s Shape) groups(f *frame.Frame) (list []int) {
	if s.Spec != nil && len(s.Spec.Dimensions)+len(s.Spec.Measures) > 0 {
		for i := range min(len(s.Spec.Dimensions), len(f.Columns)) {
			list = append(list, i)
		}
		return list
	}
	for i, c := range f.Columns {
		switch c.Kind {
		case frame.Text, frame.Date, frame.Time, frame.Bool:
			list = append(list, i)
		}
	}
	return list
}

// behind returns what the columns have in a row.
func behind(f *frame.Frame, row int, columns []int) (list []document.Mark) {
	for _, c := range columns {
		v, ok := f.Cell(row, c)
		list = append(list, document.Mark{Column: f.Columns[c].Name, Value: string(v), Null: !ok})
	}
	return list
}

func marks(v *chart.Value) []document.Mark {
	if v == nil {
		return nil
	}
	return []document.Mark{{Column: v.Column, Value: v.Text, Null: v.Null}}
}
