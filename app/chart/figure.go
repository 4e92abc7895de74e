package chart

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// Figure is a single number with what it is compared to.
type Figure struct {
	Label string
	Value float64
	// Text is the value in full, Short in about three digits.
	Text, Short string
	// When says which time or row the value is of; empty for a single row.
	When string
	// Compared says whether Before, Delta and Change hold something.
	Compared bool
	Before   float64
	// Delta is Value less Before as text with its sign, Change the same in
	// percent of Before; Change is empty where Before is zero.
	Delta, Change string
	// Against names what it is compared to: a time, a column, or "Goal".
	Against string
	// Direction is 1 where the value is above Before, -1 below, and 0 for equal.
	Direction int
	// Trail holds the values up to this one, oldest first, for a small line; at most 60.
	Trail []float64
}

// trailCap is how many earlier values a figure shows.
const trailCap = 60

// figure takes the number, or the last of a run of numbers with the one before it.
func (b *builder) figure() {
	y := b.ys[0]
	s := b.words.styleOf(*y)
	g := &Figure{Label: y.label}
	var before float64
	var ok, compared bool
	if b.frame.Rows() == 1 || b.x == nil {
		g.Value, ok = b.value(0, y)
		if c := b.compareColumn(y); c != nil {
			before, compared = b.value(0, c)
			g.Against = c.label
		}
		if b.frame.Rows() > 1 {
			b.note("Showing the first of " + grouped(b.frame.Rows()) + " rows.")
		}
	} else {
		m := b.collect()
		values := m.series[0].values
		last := len(values) - 1
		for last >= 0 && math.IsNaN(values[last]) {
			last--
		}
		if last >= 0 {
			g.Value, ok = values[last], true
			g.When = m.places[last].label
			for _, v := range values[max(0, last+1-trailCap) : last+1] {
				if finite(v) {
					g.Trail = append(g.Trail, v)
				}
			}
		}
		if last > 0 && finite(values[last-1]) {
			before, compared = values[last-1], true
			g.Against = m.places[last-1].label
		}
	}
	if !ok {
		b.err = noNumber(y)
		return
	}
	if !compared && b.settings.Goal != nil && finite(*b.settings.Goal) {
		before, compared, g.Against = *b.settings.Goal, true, "Goal"
		if b.settings.GoalLabel != "" {
			g.Against = clean(b.settings.GoalLabel)
		}
	}
	g.Text, g.Short = b.words.number(g.Value, s), b.words.compact(g.Value, s)
	b.title = y.label
	text := y.label + ": " + g.Text
	if g.When != "" {
		text += " in " + g.When
	}
	if compared {
		b.compare(g, before, s)
		text += ", " + g.Delta
		if g.Change != "" {
			text += " (" + g.Change + ")"
		}
		text += " against " + g.Against
	}
	b.say(text + ".")
	b.number = g
	b.table = b.rowsTable(b.x, y)
}

func (b *builder) compareColumn(y *column) *column {
	if i := b.frame.Index(b.settings.Compare); b.settings.Compare != "" && i >= 0 {
		return &b.cols[i]
	}
	return nil
}

func (b *builder) compare(g *Figure, before float64, s style) {
	g.Compared, g.Before = true, before
	delta := g.Value - before
	g.Delta = b.words.compact(delta, s)
	if points, ok := strings.CutSuffix(g.Delta, "%"); ok {
		g.Delta = points + " points" // of a percentage; 3.3% is 0.9 points above 2.4%, and 38% above it
	}
	if delta > 0 {
		g.Direction = 1
		g.Delta = "+" + g.Delta
	} else if delta < 0 {
		g.Direction = -1
	}
	if before != 0 {
		g.Change = b.words.spell(delta/math.Abs(before), "percent", -1, "")
		if delta > 0 {
			g.Change = "+" + g.Change
		}
	}
}

// drawNumber draws a figure: the number as large as it fits, and below it the
// comparison and the way there.
func drawNumber(g Drawing, f frameOf, r *ruler) ([]byte, error) {
	n := g.Number
	w := &svgWriter{f: f, classes: newClasses(f.theme), ids: map[string]string{}}
	w.root()
	wide, high := float64(f.width), float64(f.height)
	text := n.Text
	size := math.Min(high*0.34, 72)
	if r.width(text, size, 600) > wide-16 {
		text = n.Short
	}
	for size > 14 && r.width(text, size, 600) > wide-16 {
		size--
	}
	y := high*0.5 + size*0.2
	if len(n.Trail) > 2 {
		y = high*0.42 + size*0.2
	}
	small := math.Max(12, math.Min(16, size*0.32))
	head := n.Label
	if n.When != "" {
		head += ", " + n.When
	}
	w.words(8, y-size-small*0.5, small, 400, f.theme.Muted, fit(r, head, small, wide-16))
	w.words(8, y, size, 600, f.theme.Text, text)
	if n.Compared {
		line := n.Delta
		if n.Change != "" {
			line = n.Change + " (" + n.Delta + ")"
		}
		arrow := map[int]string{1: "▲ ", -1: "▼ ", 0: ""}[n.Direction]
		w.words(8, y+small*1.8, small, 400, f.theme.Text, fit(r, arrow+line+" against "+n.Against, small, wide-16))
	}
	if len(n.Trail) > 2 {
		w.trail(n.Trail, 8, y+small*3, wide-16, high-8-(y+small*3))
	}
	w.out.WriteString("</svg>")
	return w.out.Bytes(), nil
}

// fit cuts a text to a width.
func fit(r *ruler, s string, size, width float64) string {
	if r.width(s, size, 400) <= width {
		return s
	}
	letters := []rune(s)
	for len(letters) > 1 && r.width(string(letters)+"…", size, 400) > width {
		letters = letters[:len(letters)-1]
	}
	return string(letters) + "…"
}

func (w *svgWriter) words(x, y, size float64, weight int, colour, s string) {
	a := map[string]string{"x": short(x), "y": short(y), "font-size": short(size), "fill": colour}
	if weight != 400 {
		a["font-weight"] = strconv.Itoa(weight)
	}
	w.out.WriteString("<text")
	w.attributes("text", a)
	w.out.WriteByte('>')
	escape(&w.out, s)
	w.out.WriteString("</text>")
}

// trail draws a small line through values, in a box.
func (w *svgWriter) trail(values []float64, x, y, width, height float64) {
	if height < 8 {
		return
	}
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	if low == high {
		high++
	}
	var d bytes.Buffer
	for i, v := range values {
		d.WriteString(map[bool]string{true: "M", false: "L"}[i == 0])
		d.WriteString(short(x + width*float64(i)/float64(len(values)-1)))
		d.WriteByte(' ')
		d.WriteString(short(y + height*(1-(v-low)/(high-low))))
	}
	w.out.WriteString("<path")
	w.attributes("path", map[string]string{"d": d.String(), "fill": "none", "stroke": w.f.theme.Palette[0], "stroke-width": "1.5", "stroke-linejoin": "round"})
	w.out.WriteString("/>")
}
