package svg

import (
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/colornames"
)

// style is what an element's children inherit, and where they stand.
type style struct {
	fill, stroke               colour
	fillOpacity, strokeOpacity float64
	opacity                    float64 // of this element and all around it
	width                      float64
	cap, join                  Ending
	dash                       []float64
	dashOffset                 float64
	size, anchor               float64
	semibold, slant            bool
	baseline                   string
	evenOdd, hidden            bool
	ink                        colour // what currentColor means
	matrix                     Matrix
	clip                       *Clip
}

// colour is a paint before its opacity, or the id of a gradient.
type colour struct {
	none    bool
	r, g, b uint8
	alpha   float64
	server  string
}

// ink is the light theme's colour of words.
var ink = colour{r: 0x1b, g: 0x1f, b: 0x23, alpha: 1}

func initial() style {
	return style{
		fill: colour{alpha: 1}, stroke: colour{none: true}, fillOpacity: 1, strokeOpacity: 1, opacity: 1,
		width: 1, size: 12, ink: ink, matrix: identity,
	}
}

// with returns the style of an element with the attributes inside one with the style s.
func (s style) with(a map[string]string) style {
	if v, ok := a["color"]; ok {
		s.ink = parseColour(v, s.ink, s.ink)
	}
	if v, ok := a["fill"]; ok {
		s.fill = parseColour(v, s.fill, s.ink)
	}
	if v, ok := a["stroke"]; ok {
		s.stroke = parseColour(v, s.stroke, s.ink)
	}
	fraction(a, "fill-opacity", &s.fillOpacity)
	fraction(a, "stroke-opacity", &s.strokeOpacity)
	own := 1.0
	fraction(a, "opacity", &own)
	s.opacity *= own
	length(a, "stroke-width", &s.width)
	length(a, "stroke-dashoffset", &s.dashOffset)
	length(a, "font-size", &s.size)
	s.width, s.size = max(s.width, 0), max(s.size, 0)
	switch a["stroke-linecap"] {
	case "butt":
		s.cap = Plain
	case "round":
		s.cap = Round
	case "square":
		s.cap = Square
	}
	switch a["stroke-linejoin"] {
	case "miter":
		s.join = Plain
	case "round":
		s.join = Round
	case "bevel":
		s.join = Bevel
	}
	if v, ok := a["stroke-dasharray"]; ok {
		s.dash = dashes(v)
	}
	switch a["text-anchor"] {
	case "start":
		s.anchor = 0
	case "middle":
		s.anchor = 0.5
	case "end":
		s.anchor = 1
	}
	if v, ok := a["font-weight"]; ok {
		n, err := strconv.Atoi(v)
		s.semibold = v == "bold" || v == "bolder" || err == nil && n >= 550
	}
	if v, ok := a["font-style"]; ok {
		s.slant = v == "italic" || v == "oblique"
	}
	if v, ok := a["dominant-baseline"]; ok {
		s.baseline = v
	}
	if v := a["fill-rule"]; v != "" {
		s.evenOdd = v == "evenodd"
	}
	if a["display"] == "none" || a["visibility"] == "hidden" {
		s.hidden = true
	}
	if v, ok := a["transform"]; ok {
		m := s.matrix.times(parseTransform(v))
		if m.finite() {
			s.matrix = m
		} else {
			s.hidden = true
		}
	}
	return s
}

// drop is how far below the named line of the words their baseline lies, in units.
func (s style) drop() float64 {
	switch s.baseline {
	case "central", "middle":
		return 0.335 * s.size // half the height of a digit in the text face
	case "text-before-edge", "hanging":
		return 0.8 * s.size
	case "text-after-edge":
		return -0.2 * s.size
	}
	return 0
}

func dashes(v string) []float64 {
	d := numbers(v)
	sum := 0.0
	for _, n := range d {
		if n < 0 {
			return nil
		}
		sum += n
	}
	if sum < 1e-3 || len(d) > 16 {
		return nil
	}
	return d
}

func fraction(a map[string]string, name string, to *float64) {
	v, ok := a[name]
	if !ok {
		return
	}
	scale := 1.0
	if p, percent := strings.CutSuffix(strings.TrimSpace(v), "%"); percent {
		v, scale = p, 0.01
	}
	if n, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && !math.IsNaN(n) {
		*to = min(max(n*scale, 0), 1)
	}
}

func length(a map[string]string, name string, to *float64) {
	v, ok := a[name]
	if !ok {
		return
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(v), "px"), 64)
	if err == nil && math.Abs(n) <= furthest {
		*to = n
	}
}

// parseColour reads a colour; where it cannot, the inherited one stays.
func parseColour(v string, inherited, current colour) colour {
	v = strings.ToLower(strings.TrimSpace(v))
	switch v {
	case "", "inherit":
		return inherited
	case "none", "transparent":
		return colour{none: true}
	case "currentcolor":
		return current
	}
	if hex, ok := strings.CutPrefix(v, "#"); ok {
		return parseHex(hex, inherited)
	}
	if c, ok := colornames.Map[v]; ok {
		return colour{r: c.R, g: c.G, b: c.B, alpha: 1}
	}
	name, inner, ok := strings.Cut(v, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed {
		return inherited
	}
	switch name {
	case "url":
		return colour{server: strings.TrimPrefix(strings.Trim(inner, `'" `), "#")}
	case "light-dark":
		return parseColour(cutList(inner), inherited, current)
	case "var":
		if _, otherwise, ok := strings.Cut(inner, ","); ok {
			return parseColour(otherwise, inherited, current)
		}
		return current
	case "rgb", "rgba":
		p := strings.FieldsFunc(inner, func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
		if len(p) < 3 {
			return inherited
		}
		c := colour{alpha: 1}
		for i, to := range []*uint8{&c.r, &c.g, &c.b} {
			n, err := strconv.ParseFloat(strings.TrimSuffix(p[i], "%"), 64)
			if err != nil || math.IsNaN(n) {
				return inherited
			}
			if strings.HasSuffix(p[i], "%") {
				n *= 2.55
			}
			*to = uint8(min(max(n, 0), 255) + 0.5)
		}
		if len(p) > 3 {
			fraction(map[string]string{"a": p[3]}, "a", &c.alpha)
		}
		return c
	}
	return inherited
}

// cutList returns what stands before the first comma that is outside of brackets.
func cutList(s string) string {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				return s[:i]
			}
		}
	}
	return s
}

func parseHex(h string, inherited colour) colour {
	if len(h) == 3 || len(h) == 4 {
		long := make([]byte, 0, 8)
		for i := range len(h) {
			long = append(long, h[i], h[i])
		}
		h = string(long)
	}
	if len(h) == 6 {
		h += "ff"
	}
	n, err := strconv.ParseUint(h, 16, 32)
	if err != nil || len(h) != 8 {
		return inherited
	}
	return colour{r: uint8(n >> 24), g: uint8(n >> 16), b: uint8(n >> 8), alpha: float64(uint8(n)) / 255}
}

// parseTransform reads a list of transforms; one that cannot be read counts for nothing.
func parseTransform(s string) Matrix {
	m := identity
	for range 16 {
		name, rest, ok := strings.Cut(s, "(")
		if !ok {
			break
		}
		inner, after, ok := strings.Cut(rest, ")")
		if !ok {
			break
		}
		s = after
		v := numbers(inner)
		at := func(i int, otherwise float64) float64 {
			if i < len(v) {
				return v[i]
			}
			return otherwise
		}
		switch strings.Trim(name, " ,\t\n\r") {
		case "translate":
			m = m.times(Matrix{1, 0, 0, 1, at(0, 0), at(1, 0)})
		case "scale":
			x := at(0, 1)
			m = m.times(Matrix{x, 0, 0, at(1, x), 0, 0})
		case "rotate":
			sin, cos := math.Sincos(at(0, 0) * math.Pi / 180)
			x, y := at(1, 0), at(2, 0)
			m = m.times(Matrix{1, 0, 0, 1, x, y}).times(Matrix{cos, sin, -sin, cos, 0, 0}).times(Matrix{1, 0, 0, 1, -x, -y})
		case "skewX":
			m = m.times(Matrix{1, 0, math.Tan(at(0, 0) * math.Pi / 180), 1, 0, 0})
		case "skewY":
			m = m.times(Matrix{1, math.Tan(at(0, 0) * math.Pi / 180), 0, 1, 0, 0})
		case "matrix":
			if len(v) == 6 {
				m = m.times(Matrix{v[0], v[1], v[2], v[3], v[4], v[5]})
			}
		}
	}
	return m
}
