package pdf

import (
	"crypto/sha256"
	"fmt"
	"strconv"

	"assay/app/svg"
)

// form is a drawing in the file, in its own coordinates; a drawing that stands
// in a document twice is written once.
type form struct {
	object     ref
	wide, high float64
}

// opacity is that of fills and of strokes, in percent.
type opacity struct{ fill, stroke uint8 }

// form writes a drawing. Hash names the drawing that the page shows, so that
// both can be told to be the same.
func (d *maker) form(drawing []byte, hash string) (*form, error) {
	key := sha256.Sum256(append([]byte(hash), drawing...))
	if f, ok := d.forms[key]; ok {
		return f, nil
	}
	parsed, err := svg.Parse(drawing)
	if err != nil {
		return nil, err
	}
	f := &form{object: d.out.reserve(), wide: parsed.Width, high: parsed.Height}
	p := pen{d: d, state: state{opacity: opacity{100, 100}}}
	// SVG counts downwards.
	p.b = append(p.b, "1 0 0 -1 0 "...)
	p.numbers(f.high)
	p.b = append(p.b, "cm 4 M\n"...)
	for _, s := range parsed.Shapes {
		p.shape(s)
	}
	p.within(nil)
	d.out.stream(f.object, fmt.Sprintf("/Type /XObject /Subtype /Form /FormType 1 /BBox [0 0 %s %s] /Resources <</Font %s /ExtGState %s>> /AssaySVG (%s)",
		number(f.wide), number(f.high), d.fontsObject, d.statesObject, hash), p.b)
	d.forms[key] = f
	return f, nil
}

// pen writes a drawing's operators.
type pen struct {
	d       *maker
	b       []byte
	clip    *svg.Clip
	clipped bool
	outside state // what holds again where the clip ends
	state
}

// state is what need not be set again.
type state struct {
	fill, stroke    colour
	filled, stroked bool
	opacity         opacity
	width           float64
	widthSet        bool
	cap, join       svg.Ending
	dash            bool
	font            string
	fontSize        float64
}

func (p *pen) numbers(v ...float64) {
	for _, n := range v {
		p.b = append(appendNumber(p.b, n), ' ')
	}
}

func (p *pen) path(s svg.Path) {
	i := 0
	for _, op := range s.Ops {
		switch op {
		case svg.Move:
			p.numbers(s.Points[i].X, s.Points[i].Y)
			p.b = append(p.b, "m\n"...)
			i++
		case svg.Line:
			p.numbers(s.Points[i].X, s.Points[i].Y)
			p.b = append(p.b, "l\n"...)
			i++
		case svg.Curve:
			for _, q := range s.Points[i : i+3] {
				p.numbers(q.X, q.Y)
			}
			p.b = append(p.b, "c\n"...)
			i += 3
		case svg.Close:
			p.b = append(p.b, "h\n"...)
		}
	}
}

// within sets what bounds the shapes that follow.
func (p *pen) within(c *svg.Clip) {
	if c == p.clip {
		return
	}
	if p.clipped {
		p.b = append(p.b, "Q\n"...)
		p.state, p.clipped = p.outside, false
	}
	p.clip = c
	if c == nil {
		return
	}
	p.b = append(p.b, "q\n"...)
	p.outside, p.clipped = p.state, true
	for ; c != nil; c = c.Outer {
		p.path(c.Path)
		if len(c.Path.Ops) == 0 {
			p.b = append(p.b, "0 0 0 0 re "...) // nothing is seen through it
		}
		p.b = append(p.b, "W n\n"...)
	}
}

func (p *pen) opaque(fill, stroke svg.Paint) {
	now := opacity{uint8(fill.Opacity*100 + 0.5), uint8(stroke.Opacity*100 + 0.5)}
	if !fill.Seen() {
		now.fill = now.stroke
	}
	if !stroke.Seen() {
		now.stroke = now.fill
	}
	if p.opacity == now {
		return
	}
	n, ok := p.d.opacities[now]
	if !ok {
		n = len(p.d.opacities)
		p.d.opacities[now] = n
	}
	p.b = fmt.Appendf(p.b, "/G%d gs\n", n)
	p.opacity = now
}

func (p *pen) shape(s svg.Shape) {
	p.within(s.Clip)
	p.opaque(s.Fill, s.Stroke.Paint)
	if k := (colour{s.Fill.R, s.Fill.G, s.Fill.B}); s.Fill.Seen() && (!p.filled || p.state.fill != k) {
		p.b = append(appendColour(p.b, k), "rg\n"...)
		p.state.fill, p.filled = k, true
	}
	if s.Text != nil {
		p.text(s.Text)
		return
	}
	if s.Stroke.Seen() {
		p.line(s.Stroke)
	}
	p.path(s.Path)
	op := "f"
	switch {
	case s.Fill.Seen() && s.Stroke.Seen():
		op = "B"
	case s.Stroke.Seen():
		op = "S"
	}
	p.b = append(p.b, op...)
	if s.EvenOdd && op != "S" {
		p.b = append(p.b, '*')
	}
	p.b = append(p.b, '\n')
}

func (p *pen) line(s svg.Stroke) {
	if k := (colour{s.R, s.G, s.B}); !p.stroked || p.state.stroke != k {
		p.b = append(appendColour(p.b, k), "RG\n"...)
		p.state.stroke, p.stroked = k, true
	}
	if !p.widthSet || p.width != s.Width {
		p.numbers(s.Width)
		p.b = append(p.b, "w\n"...)
		p.width, p.widthSet = s.Width, true
	}
	if p.cap != s.Cap {
		p.b = fmt.Appendf(p.b, "%d J\n", map[svg.Ending]int{svg.Round: 1, svg.Square: 2}[s.Cap])
		p.cap = s.Cap
	}
	if p.join != s.Join {
		p.b = fmt.Appendf(p.b, "%d j\n", map[svg.Ending]int{svg.Round: 1, svg.Bevel: 2}[s.Join])
		p.join = s.Join
	}
	if p.dash || len(s.Dash) > 0 {
		p.b = append(p.b, '[')
		p.numbers(s.Dash...)
		p.b = append(p.b, "] "...)
		p.numbers(s.DashOffset)
		p.b = append(p.b, "d\n"...)
		p.dash = len(s.Dash) > 0
	}
}

func (p *pen) text(t *svg.Text) {
	f := p.d.regular
	if t.Semibold {
		f = p.d.semibold
	}
	words := plain(t.Words)
	p.b = append(p.b, "BT "...)
	if p.font != f.name || p.fontSize != t.Size {
		p.b = append(append(p.b, '/'), f.name...)
		p.b = append(appendNumber(append(p.b, ' '), t.Size), " Tf "...)
		p.font, p.fontSize = f.name, t.Size
	}
	m := t.Matrix
	at := m.Apply(svg.Point{X: -f.width(words) * t.Size * t.Anchor})
	c, dd := -m.C, -m.D
	if t.Slant {
		c, dd = c+0.2*m.A, dd+0.2*m.B
	}
	for _, v := range [...]float64{m.A, m.B, c, dd} {
		p.b = append(strconv.AppendFloat(p.b, v, 'f', 5, 64), ' ')
	}
	p.numbers(at.X, at.Y)
	p.b = append(p.b, "Tm "...)
	p.b, p.font = f.show(p.b, words, t.Size, p.font)
	p.b = append(p.b, "ET\n"...)
}

// writeStates writes the opacities that drawings use.
func (d *maker) writeStates() {
	list := make([]opacity, len(d.opacities))
	for o, n := range d.opacities {
		list[n] = o
	}
	b := []byte("<<")
	for i, o := range list {
		b = fmt.Appendf(b, "/G%d <</Type /ExtGState /ca %s /CA %s>> ", i, number(float64(o.fill)/100), number(float64(o.stroke)/100))
	}
	d.out.put(d.statesObject, append(b, ">>"...))
}
