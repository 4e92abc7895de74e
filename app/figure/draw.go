package figure

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"assay/app/chart"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
)

// Size is that of a drawing in CSS pixels, and of its form for small screens.
type Size struct{ Width, Height, NarrowWidth, NarrowHeight int }

// The usual sizes: of a page's own drawing, and of a card.
var (
	Page = Size{860, 400, 380, 270}
	Card = Size{560, 310, 380, 270}
)

// DrawTimeout bounds one drawing.
const DrawTimeout = 10 * time.Second

// Shape is how an answer is shown.
type Shape struct {
	Title string
	// Settings are the drawing's; the zero value leaves it to the answer.
	Settings chart.Settings
	// Spec, where the question was built by clicking, tells which numbers may be summed up.
	Spec   *query.Spec
	Locale frame.Locale
	// Size is the drawing's; the zero value is Page.
	Size Size
}

// Settings reads a drawing's settings, or the name of a kind alone; what cannot
// be read, and a kind that there is not, counts as none.
func Settings(text []byte) (s chart.Settings) {
	if len(text) > 0 && json.Unmarshal(text, &s) != nil {
		s = chart.Settings{Kind: chart.Kind(text)}
	}
	if !slices.ContainsFunc(chart.Kinds(), func(k chart.KindInfo) bool { return k.Kind == s.Kind }) {
		s.Kind = chart.Auto
	}
	return s
}

// Effective returns the settings with a kind that is decided.
func (s Shape) Effective(f *frame.Frame) chart.Settings {
	e := s.Settings
	if e.Kind == chart.Auto {
		chosen := chart.Choose(f)
		chosen.Title, chosen.Subtitle, chosen.Goal, chosen.Unit = e.Title, e.Subtitle, e.Goal, e.Unit
		e = chosen
	}
	if e.Title == "" {
		e.Title = s.Title
	}
	e.Locale = s.Locale.String()
	if s.Spec != nil {
		e.Additive = additive(s.Spec)
	}
	return e
}

// additive tells for each measure whether its values may be summed up: totals
// and counts may, averages, medians, extremes and distinct counts may not.
func additive(s *query.Spec) map[string]bool {
	may := map[string]bool{}
	for i, name := range s.Names()[len(s.Dimensions):] {
		fn := s.Measures[i].Fn
		may[name] = fn == query.Count || fn == query.Sum
	}
	return may
}

// Draw puts the answer's drawing, number or pivot table into the figure, and
// nothing where a plain table says it all. Its error says why the settings do not
// fit, or that the drawing failed.
func (s Shape) Draw(ctx context.Context, charts *chart.Drawer, f *frame.Frame, out *document.Figure) error {
	e := s.Effective(f)
	if e.Kind == chart.Table {
		return nil
	}
	d, err := chart.Option(f, e, chart.Light())
	if err != nil {
		return err
	}
	out.Subtitle = d.Subtitle
	switch {
	case e.Kind == chart.Pivot:
		if out.Table = pivot(f, e, s.formatter()); out.Table == nil {
			return fault.New(fault.Invalid, "A pivot table needs two categories and one number")
		}
		return nil
	case d.Number != nil:
		out.Number = number(d.Number)
		return nil
	}
	size := s.Size
	if size == (Size{}) {
		size = Page
	}
	ctx, cancel := context.WithTimeout(ctx, DrawTimeout)
	defer cancel()
	drawing := &document.Drawing{Width: size.Width, Height: size.Height, Description: d.Description}
	if drawing.SVG, err = charts.SVG(ctx, d, size.Width, size.Height); err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	if size.NarrowWidth > 0 {
		d.ID += "n"
		if drawing.Narrow, err = charts.SVG(ctx, d, size.NarrowWidth, size.NarrowHeight); err != nil {
			return fmt.Errorf("draw: %w", err)
		}
	}
	if d.Dropped != "" {
		out.Subtitle = d.Dropped
	}
	out.Drawing = drawing
	if d.Table != nil {
		out.Data = dataTable(d.Table)
	}
	return nil
}

func number(f *chart.Figure) *document.Number {
	n := &document.Number{Value: f.Text, Label: f.Label}
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
