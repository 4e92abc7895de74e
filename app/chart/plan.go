package chart

import (
	"slices"
	"strings"

	"assay/app/fault"
	"assay/app/frame"
)

// plan is a chart about to be made: which column plays which part.
type plan struct {
	frame    *frame.Frame
	settings Settings
	theme    Theme
	words    writer
	kind     Kind
	cols     []column
	x        *column
	ys       []*column
	series   *column
	size     *column
	notes    []string
}

func (p *plan) note(s string) {
	if !slices.Contains(p.notes, s) {
		p.notes = append(p.notes, s)
	}
}

// makePlan gives every column its part, by the settings first and by its shape
// for what they leave open. Its error is a fault of kind Invalid that says what
// the kind needs, what the result has, and what would fit.
func makePlan(f *frame.Frame, s Settings, t Theme) (*plan, error) {
	if s.Kind == "auto" {
		s.Kind = Auto
	}
	if s.Kind == Auto {
		s = fill(s, Choose(f))
	}
	if _, ok := info(s.Kind); !ok {
		return nil, fault.Field("kind", "There is no chart of the kind %q", string(s.Kind))
	}
	p := &plan{frame: f, settings: s, theme: t, words: writerFor(s.Locale), kind: s.Kind, cols: profile(f, s)}
	if err := p.named(); err != nil {
		return nil, err
	}
	if p.kind == Table || p.kind == Pivot {
		return p, nil
	}
	p.assign()
	if problem := p.lacks(); problem != "" {
		return nil, fault.New(fault.Invalid, "%s", problem)
	}
	if f.Truncated {
		p.note("Drawn from the first " + grouped(f.Rows()) + " rows.")
	}
	return p, nil
}

// fill takes from the choice what the settings leave open.
func fill(s, choice Settings) Settings {
	s.Kind = choice.Kind
	if s.X == "" && len(s.Y) == 0 && s.Series == "" {
		s.X, s.Y, s.Series = choice.X, choice.Y, choice.Series
	}
	return s
}

// named finds the columns that the settings name.
func (p *plan) named() error {
	var wrong fault.Fields
	find := func(field, name string) *column {
		if name == "" {
			return nil
		}
		i := p.frame.Index(name)
		if i < 0 {
			wrong.Add(field, "This result has no column %q", name)
			return nil
		}
		return &p.cols[i]
	}
	p.x = find("x", p.settings.X)
	p.series = find("series", p.settings.Series)
	p.size = find("size", p.settings.Size)
	for _, y := range p.settings.Y {
		c := find("y", y)
		if c == nil {
			continue
		}
		if p.frame.Columns[c.index].Kind != frame.Number {
			wrong.Add("y", "%q holds no numbers", y)
			continue
		}
		c.role = measure
		if !slices.Contains(p.ys, c) {
			p.ys = append(p.ys, c)
		}
	}
	if p.size != nil && p.frame.Columns[p.size.index].Kind != frame.Number {
		wrong.Add("size", "%q holds no numbers", p.settings.Size)
	}
	return wrong.Err()
}

// free returns the columns of a role that have no part yet.
func (p *plan) free(roles ...role) []*column {
	var out []*column
	for _, r := range roles {
		for i := range p.cols {
			c := &p.cols[i]
			if c.role == r && c != p.x && c != p.series && c != p.size && !slices.Contains(p.ys, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// assign hands out the parts that are still open.
func (p *plan) assign() {
	dims := []role{temporal, category, ordinal}
	words := []role{category, ordinal, temporal}
	switch p.kind {
	case Line, Area, Bar, HBar, Stacked, Stacked100, Waterfall:
		order := dims
		if p.kind == HBar {
			order = words
		}
		p.takeX(order)
		p.takeY(8)
		if len(p.ys) == 1 && p.kind != Waterfall {
			p.takeSeries(words)
		}
		if len(p.ys) > 1 {
			p.series = nil
		}
	case Pie, Funnel:
		p.takeX(words)
		if p.x == nil && p.frame.Rows() == 1 {
			p.takeY(12)
			return
		}
		p.takeY(1)
	case Treemap:
		p.takeX(words)
		p.takeY(1)
		p.takeSeries(words)
	case Heatmap:
		p.takeX(dims)
		p.takeSeries(words)
		p.takeY(1)
	case Sankey:
		p.takeX(words)
		p.takeSeries(words)
		p.takeY(1)
	case Scatter:
		p.assignScatter()
	case Histogram, Gauge:
		p.takeY(1)
	case BoxPlot:
		if p.x == nil && p.series != nil {
			p.x, p.series = p.series, nil
		}
		p.takeX(words)
		p.takeY(1)
	case Number:
		p.takeX([]role{temporal, ordinal, category})
		p.takeY(1)
	}
}

func (p *plan) assignScatter() {
	if p.x == nil {
		if free := p.free(measure); len(free)+len(p.ys) >= 2 {
			p.x = free[0]
		} else if times := p.free(temporal, ordinal); len(times) > 0 {
			p.x = times[0]
		}
	}
	p.takeY(1)
	if p.series == nil {
		for _, c := range p.free(category) {
			if c.distinct <= 8 && c.distinct < p.frame.Rows() {
				p.series = c
				break
			}
		}
	}
}

func (p *plan) takeX(roles []role) {
	if p.x != nil {
		return
	}
	if free := p.free(roles...); len(free) > 0 {
		p.x = free[0]
	}
}

func (p *plan) takeSeries(roles []role) {
	if p.series != nil {
		return
	}
	if free := p.free(roles...); len(free) > 0 {
		p.series = free[0]
	}
}

// takeY takes numbers up to most, unless the settings name them.
func (p *plan) takeY(most int) {
	if len(p.ys) == 0 {
		p.ys = p.free(measure)
	}
	if len(p.ys) > most {
		p.ys = p.ys[:most]
	}
}

// lacks says in a sentence or two why the result does not fit, or "".
func (p *plan) lacks() string {
	s := shapeOf(p.frame, p.cols)
	i, _ := info(p.kind)
	enough := true
	switch p.kind {
	case Line, Area, Bar, HBar:
		enough = len(p.ys) > 0 && (p.x != nil || p.transposed())
	case Stacked, Stacked100:
		enough = len(p.ys) > 1 && p.x != nil || len(p.ys) == 1 && p.x != nil && p.series != nil
	case Pie, Funnel:
		enough = len(p.ys) > 0 && (p.x != nil || p.transposed())
	case Waterfall, Treemap, Scatter:
		enough = len(p.ys) > 0 && p.x != nil
	case Heatmap, Sankey:
		enough = len(p.ys) > 0 && p.x != nil && p.series != nil
	case Histogram, BoxPlot:
		enough = len(p.ys) > 0 && s.rows > 1
	case Number:
		enough = len(p.ys) > 0 && s.rows > 0
	case Gauge:
		enough = len(p.ys) > 0 && s.rows == 1
	}
	if s.rows == 0 {
		return "There is nothing to draw: the result has no rows."
	}
	if enough {
		return p.unfitValues(i)
	}
	has := s.sentence()
	if (p.kind == Gauge || p.kind == Histogram || p.kind == BoxPlot) && len(p.ys) > 0 {
		has = count(s.rows, "row", "rows")
	}
	text := i.article + " " + i.noun + " needs " + i.Needs + "; this result has " + has + "."
	if would := Choose(p.frame).Kind; would != p.kind {
		w, _ := info(would)
		text += " " + w.article + " " + w.noun + " would fit."
	}
	return text
}

// unfitValues looks at what parts of a whole demand: none below zero, some above.
func (p *plan) unfitValues(i KindInfo) string {
	switch p.kind {
	case Pie, Treemap, Funnel, Sankey:
	default:
		return ""
	}
	positive := false
	for r := range p.frame.Rows() {
		for _, y := range p.ys {
			v, ok := p.frame.Float(r, y.index)
			if ok && v < 0 {
				return i.article + " " + i.noun + " shows parts of a whole, and " + y.label + " has values below zero. A bar chart would fit."
			}
			positive = positive || ok && v > 0
		}
	}
	if !positive {
		return i.article + " " + i.noun + " needs values above zero, and " + strings.ToLower(p.ys[0].label) + " has none."
	}
	return ""
}

// transposed reports a single row of several numbers, whose columns are the categories.
func (p *plan) transposed() bool {
	return p.x == nil && p.series == nil && p.frame.Rows() == 1 && len(p.ys) > 1
}

// Fit returns nil where a result can be shown as the settings say, and else a
// fault of kind Invalid that says why not and what would fit.
func Fit(f *frame.Frame, s Settings) error {
	_, err := makePlan(f, s, Light())
	return err
}
