package svg

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"

	"assay/app/fault"
)

// What a drawing may have: bytes, elements within elements, units of width or
// height, and shapes with their steps.
const (
	largest  = 8 << 20
	deepest  = 64
	widest   = 20000
	mostOps  = 1 << 19
	mostText = 1 << 16
)

// Parse reads a drawing. A drawing that is broken, larger than 8 MiB or beyond
// any use in its depth, size or detail is an Invalid fault.
func Parse(svg []byte) (*Drawing, error) {
	if len(svg) > largest {
		return nil, fault.New(fault.Invalid, "The drawing is too large: it has %d MiB, and at most %d are read", len(svg)>>20, largest>>20)
	}
	r := &reader{clips: map[string]Path{}, gradients: map[string]colour{}}
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.Because(fault.Invalid, err, "The drawing cannot be read")
		}
		switch t := t.(type) {
		case xml.StartElement:
			err = r.start(t)
		case xml.EndElement:
			err = r.end(t.Name.Local)
		case xml.CharData:
			r.words(t)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(r.open) != 0 || r.out == nil {
		return nil, fault.New(fault.Invalid, "The drawing is cut short")
	}
	r.resolve()
	return r.out, nil
}

type reader struct {
	out       *Drawing
	open      []element
	ops       int
	word      strings.Builder
	clips     map[string]Path
	gradients map[string]colour
	servers   []paintLater
}

type element struct {
	name     string
	style    style
	unseen   bool   // in defs, or below an element that is not read
	clip     string // the id of the clip path being read
	gradient string
	stops    []colour
}

// paintLater is a shape whose gradient may be defined behind it.
type paintLater struct {
	shape int
	style style
}

var errMismatch = fault.New(fault.Invalid, "The drawing cannot be read: its elements do not match")

func (r *reader) start(e xml.StartElement) error {
	if len(r.open) >= deepest {
		return fault.New(fault.Invalid, "The drawing has elements more than %d deep", deepest)
	}
	name := e.Name.Local
	a := attributes(e)
	if len(r.open) == 0 {
		if r.out != nil || name != "svg" {
			return fault.New(fault.Invalid, "This is no drawing: it begins with %q", name)
		}
		return r.root(a)
	}
	up := &r.open[len(r.open)-1]
	el := element{name: name, style: up.style.with(a), unseen: up.unseen, clip: up.clip}
	if ref, ok := strings.CutPrefix(a["clip-path"], "url(#"); ok {
		if p, ok := r.clips[strings.TrimSuffix(ref, ")")]; ok {
			c := &Clip{Path: Path{p.Ops, append([]Point(nil), p.Points...)}, Outer: up.style.clip}
			c.Path.through(el.style.matrix)
			el.style.clip = c
		}
	}
	switch name {
	case "path", "rect", "circle", "ellipse", "line", "polyline", "polygon":
		if err := r.shape(name, a, el); err != nil {
			return err
		}
		el.unseen = true
	case "text":
		x, y := 0.0, 0.0
		length(a, "x", &x)
		length(a, "y", &y)
		el.style.matrix = el.style.matrix.times(Matrix{1, 0, 0, 1, x, y + el.style.drop()})
		r.word.Reset()
	case "tspan", "title", "desc", "g", "svg", "a":
		if name == "title" || name == "desc" {
			r.word.Reset()
		}
	case "clipPath":
		el.clip, el.unseen = a["id"], true
		r.clips[el.clip] = Path{} // an empty one lets nothing be seen
	case "defs":
		el.unseen = true
	case "linearGradient", "radialGradient":
		el.gradient, el.unseen = a["id"], true
	case "stop":
		if up.gradient != "" && len(up.stops) < 64 {
			c := parseColour(a["stop-color"], colour{alpha: 1}, el.style.ink)
			o := 1.0
			fraction(a, "stop-opacity", &o)
			c.alpha *= o
			up.stops = append(up.stops, c)
		}
	default:
		el.unseen, el.clip = true, ""
	}
	r.open = append(r.open, el)
	return nil
}

func (r *reader) root(a map[string]string) error {
	w, h := math.NaN(), math.NaN()
	length(a, "width", &w)
	length(a, "height", &h)
	s := initial().with(a)
	if v := numbers(a["viewBox"]); len(v) == 4 {
		w, h = v[2], v[3]
		s.matrix = s.matrix.times(Matrix{1, 0, 0, 1, -v[0], -v[1]})
	}
	if !(w > 0 && h > 0 && w <= widest && h <= widest) {
		return fault.New(fault.Invalid, "The drawing has no usable size")
	}
	r.out = &Drawing{Width: w, Height: h}
	r.open = append(r.open, element{name: "svg", style: s})
	return nil
}

func (r *reader) end(name string) error {
	n := len(r.open) - 1
	if n < 0 || r.open[n].name != name {
		return errMismatch
	}
	el := r.open[n]
	r.open = r.open[:n]
	switch name {
	case "title", "desc":
		if n == 1 && name == "title" {
			r.out.Title = oneLine(r.word.String())
		} else if n == 1 {
			r.out.About = oneLine(r.word.String())
		}
		r.word.Reset()
	case "text":
		return r.writing(el)
	case "linearGradient", "radialGradient":
		if el.gradient != "" {
			r.gradients[el.gradient] = mean(el.stops)
		}
	}
	return nil
}

func (r *reader) words(t xml.CharData) {
	if len(r.open) == 0 || r.word.Len() > mostText {
		return
	}
	switch r.open[len(r.open)-1].name {
	case "text", "tspan", "title", "desc":
		r.word.Write(t)
	}
}

func (r *reader) writing(el element) error {
	words := oneLine(r.word.String())
	r.word.Reset()
	if el.unseen || el.style.hidden || words == "" || el.style.size == 0 {
		return nil
	}
	r.ops += 1 + len(words)/8
	s := el.style
	return r.add(Shape{
		Clip: s.clip,
		Text: &Text{Words: words, Matrix: s.matrix, Size: s.size, Anchor: s.anchor, Semibold: s.semibold, Slant: s.slant},
	}, s)
}

func (r *reader) shape(name string, a map[string]string, el element) error {
	var v [8]float64
	for i, k := range [...]string{"x", "y", "width", "height", "cx", "cy", "r", "rx"} {
		length(a, k, &v[i])
	}
	var p Path
	switch name {
	case "path":
		p = parsePath(a["d"])
	case "rect":
		ry := v[7]
		length(a, "ry", &ry)
		if _, ok := a["rx"]; !ok {
			v[7] = ry
		}
		p = box(v[0], v[1], v[2], v[3], v[7], ry)
	case "circle":
		p = oval(v[4], v[5], v[6], v[6])
	case "ellipse":
		ry := 0.0
		length(a, "ry", &ry)
		p = oval(v[4], v[5], v[7], ry)
	case "line":
		for i, k := range [...]string{"x1", "y1", "x2", "y2"} {
			v[i] = 0
			length(a, k, &v[i])
		}
		p.move(Point{v[0], v[1]})
		p.line(Point{v[2], v[3]})
	default:
		n := numbers(a["points"])
		for i := 0; i+1 < len(n); i += 2 {
			if i == 0 {
				p.move(Point{n[0], n[1]})
			} else {
				p.line(Point{n[i], n[i+1]})
			}
		}
		if name == "polygon" && len(p.Ops) > 0 {
			p.close()
		}
	}
	r.ops += 4 + len(p.Ops)
	if el.clip != "" {
		q := r.clips[el.clip]
		p.through(el.style.matrix)
		r.clips[el.clip] = Path{append(q.Ops, p.Ops...), append(q.Points, p.Points...)}
		return r.enough()
	}
	if el.unseen || el.style.hidden || len(p.Points) == 0 {
		return r.enough()
	}
	s := el.style
	k := s.matrix.scale()
	p.through(s.matrix)
	shape := Shape{Path: p, EvenOdd: s.evenOdd, Clip: s.clip, Stroke: Stroke{Width: s.width * k, Cap: s.cap, Join: s.join, DashOffset: s.dashOffset * k}}
	for _, d := range s.dash {
		shape.Stroke.Dash = append(shape.Stroke.Dash, d*k)
	}
	if name == "line" {
		s.fill = colour{none: true}
	}
	return r.add(shape, s)
}

// add keeps a shape unless it leaves no mark.
func (r *reader) add(shape Shape, s style) error {
	shape.Fill = s.fill.paint(s.fillOpacity * s.opacity)
	if shape.Text == nil && s.width > 0 {
		shape.Stroke.Paint = s.stroke.paint(s.strokeOpacity * s.opacity)
	}
	if shape.Fill.Seen() || shape.Stroke.Seen() || s.fill.server != "" || s.stroke.server != "" {
		if s.fill.server != "" || s.stroke.server != "" {
			r.servers = append(r.servers, paintLater{len(r.out.Shapes), s})
		}
		r.out.Shapes = append(r.out.Shapes, shape)
	}
	return r.enough()
}

func (r *reader) enough() error {
	if r.ops > mostOps {
		return fault.New(fault.Invalid, "The drawing has too many details to print")
	}
	return nil
}

// resolve gives shapes painted with a gradient its mean colour, which on paper
// says as much as the gradient does.
func (r *reader) resolve() {
	for _, l := range r.servers {
		shape, s := &r.out.Shapes[l.shape], l.style
		if s.fill.server != "" {
			shape.Fill = r.gradients[s.fill.server].paint(s.fillOpacity * s.opacity)
		}
		if s.stroke.server != "" && shape.Text == nil && s.width > 0 {
			shape.Stroke.Paint = r.gradients[s.stroke.server].paint(s.strokeOpacity * s.opacity)
		}
	}
}

func (c colour) paint(opacity float64) Paint {
	if c.none || c.server != "" {
		return Paint{}
	}
	return Paint{c.r, c.g, c.b, c.alpha * opacity}
}

func mean(stops []colour) colour {
	var r, g, b, a float64
	for _, s := range stops {
		if s.none {
			continue
		}
		r += float64(s.r) * s.alpha
		g += float64(s.g) * s.alpha
		b += float64(s.b) * s.alpha
		a += s.alpha
	}
	if a == 0 {
		return colour{none: true}
	}
	return colour{r: uint8(r / a), g: uint8(g / a), b: uint8(b / a), alpha: a / float64(len(stops))}
}

// attributes returns an element's attributes, those of its style included.
func attributes(e xml.StartElement) map[string]string {
	a := make(map[string]string, len(e.Attr))
	for _, at := range e.Attr {
		if at.Name.Space == "" && at.Name.Local != "style" {
			a[at.Name.Local] = at.Value
		}
	}
	for _, at := range e.Attr {
		if at.Name.Space != "" || at.Name.Local != "style" {
			continue
		}
		for declaration := range strings.SplitSeq(at.Value, ";") {
			if k, v, ok := strings.Cut(declaration, ":"); ok {
				a[strings.TrimSpace(k)] = strings.TrimSpace(v)
			}
		}
	}
	return a
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
