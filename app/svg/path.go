package svg

import (
	"math"
	"strconv"
)

// furthest bounds coordinates: beyond it lies nothing that a reader sees.
const furthest = 1e6

// scanner reads numbers out of path data, point lists and transforms.
type scanner struct {
	s  string
	at int
}

func (c *scanner) space() {
	for c.at < len(c.s) {
		switch c.s[c.at] {
		case ' ', ',', '\t', '\n', '\r':
			c.at++
		default:
			return
		}
	}
}

// number reads the next number, and reports whether there is a usable one.
func (c *scanner) number() (float64, bool) {
	c.space()
	begin, dot, digits := c.at, false, false
	i := c.at
	if i < len(c.s) && (c.s[i] == '-' || c.s[i] == '+') {
		i++
	}
	for ; i < len(c.s); i++ {
		b := c.s[i]
		if b >= '0' && b <= '9' {
			digits = true
		} else if b == '.' && !dot {
			dot = true
		} else {
			break
		}
	}
	if digits && i < len(c.s) && (c.s[i] == 'e' || c.s[i] == 'E') {
		j := i + 1
		if j < len(c.s) && (c.s[j] == '-' || c.s[j] == '+') {
			j++
		}
		if j < len(c.s) && c.s[j] >= '0' && c.s[j] <= '9' {
			for j < len(c.s) && c.s[j] >= '0' && c.s[j] <= '9' {
				j++
			}
			i = j
		}
	}
	if !digits {
		return 0, false
	}
	v, err := strconv.ParseFloat(c.s[begin:i], 64)
	if err != nil || math.Abs(v) > furthest {
		return 0, false
	}
	c.at = i
	return v, true
}

// flag reads a 0 or 1, which may stand without a space behind it.
func (c *scanner) flag() (bool, bool) {
	c.space()
	if c.at < len(c.s) && (c.s[c.at] == '0' || c.s[c.at] == '1') {
		c.at++
		return c.s[c.at-1] == '1', true
	}
	return false, false
}

func numbers(s string) []float64 {
	c := scanner{s: s}
	var out []float64
	for {
		v, ok := c.number()
		if !ok {
			return out
		}
		out = append(out, v)
	}
}

// parsePath reads path data up to its end or, as the standard asks, up to its first fault.
func parsePath(d string) Path {
	r := pathReader{c: scanner{s: d}}
	for {
		r.c.space()
		if r.c.at >= len(d) {
			return r.p
		}
		if b := d[r.c.at]; b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' {
			r.command = b
			r.c.at++
			if (b == 'z' || b == 'Z') && len(r.p.Ops) > 0 {
				r.p.close()
				r.now, r.smooth = r.begin, 0
				r.closed = true
				continue
			}
		} else if r.command == 'z' || r.command == 'Z' || r.command == 0 {
			return r.p
		}
		if !r.step() {
			return r.p
		}
	}
}

type pathReader struct {
	c          scanner
	p          Path
	command    byte
	now, begin Point
	control    Point // the last control point
	smooth     byte  // 'C' or 'Q' where the last step was such a curve
	closed     bool
}

// step reads the arguments of one command, and reports whether they were whole.
func (r *pathReader) step() bool {
	relative := r.command >= 'a'
	kind := r.command
	if relative {
		kind -= 'a' - 'A'
	}
	if kind != 'M' && len(r.p.Ops) == 0 {
		return false
	}
	if r.closed && kind != 'M' {
		r.p.move(r.begin)
	}
	r.closed = false
	ok := true
	next := func() float64 {
		v, fine := r.c.number()
		ok = ok && fine
		return v
	}
	point := func() Point {
		p := Point{next(), next()}
		if relative {
			p.X += r.now.X
			p.Y += r.now.Y
		}
		ok = ok && math.Abs(p.X) <= furthest && math.Abs(p.Y) <= furthest
		return p
	}
	smooth := byte(0)
	switch kind {
	case 'M':
		p := point()
		if !ok {
			return false
		}
		r.p.move(p)
		r.now, r.begin = p, p
		r.command = 'L' // what follows a move without a letter are lines
		if relative {
			r.command = 'l'
		}
	case 'L':
		p := point()
		if !ok {
			return false
		}
		r.p.line(p)
		r.now = p
	case 'H', 'V':
		p, v := r.now, next()
		switch {
		case kind == 'H' && relative:
			p.X += v
		case kind == 'H':
			p.X = v
		case relative:
			p.Y += v
		default:
			p.Y = v
		}
		if !ok || math.Abs(p.X) > furthest || math.Abs(p.Y) > furthest {
			return false
		}
		r.p.line(p)
		r.now = p
	case 'C', 'S':
		a := r.now
		if kind == 'C' {
			a = point()
		} else if r.smooth == 'C' {
			a = Point{2*r.now.X - r.control.X, 2*r.now.Y - r.control.Y}
		}
		b, p := point(), point()
		if !ok {
			return false
		}
		r.p.curve(a, b, p)
		r.now, r.control, smooth = p, b, 'C'
	case 'Q', 'T':
		q := r.now
		if kind == 'Q' {
			q = point()
		} else if r.smooth == 'Q' {
			q = Point{2*r.now.X - r.control.X, 2*r.now.Y - r.control.Y}
		}
		p := point()
		if !ok {
			return false
		}
		r.p.curve(Point{r.now.X + 2*(q.X-r.now.X)/3, r.now.Y + 2*(q.Y-r.now.Y)/3}, Point{p.X + 2*(q.X-p.X)/3, p.Y + 2*(q.Y-p.Y)/3}, p)
		r.now, r.control, smooth = p, q, 'Q'
	case 'A':
		rx, ry, turn := next(), next(), next()
		large, fine := r.c.flag()
		sweep, fine2 := r.c.flag()
		p := point()
		if !ok || !fine || !fine2 {
			return false
		}
		r.p.arc(r.now, p, rx, ry, turn*math.Pi/180, large, sweep)
		r.now = p
	default:
		return false
	}
	r.smooth = smooth
	return true
}

// arc adds an elliptical arc as curves; the conversion is that of SVG 1.1, appendix F.6.
func (p *Path) arc(from, to Point, rx, ry, turn float64, large, sweep bool) {
	rx, ry = math.Abs(rx), math.Abs(ry)
	if from == to {
		return
	}
	if rx < 1e-9 || ry < 1e-9 {
		p.line(to)
		return
	}
	sin, cos := math.Sincos(turn)
	dx, dy := (from.X-to.X)/2, (from.Y-to.Y)/2
	x, y := cos*dx+sin*dy, -sin*dx+cos*dy
	if l := x*x/(rx*rx) + y*y/(ry*ry); l > 1 {
		rx *= math.Sqrt(l)
		ry *= math.Sqrt(l)
	}
	k := (rx*rx*ry*ry - rx*rx*y*y - ry*ry*x*x) / (rx*rx*y*y + ry*ry*x*x)
	k = math.Sqrt(max(k, 0))
	if large == sweep {
		k = -k
	}
	cx, cy := k*rx*y/ry, -k*ry*x/rx
	a := math.Atan2((y-cy)/ry, (x-cx)/rx)
	b := math.Atan2((-y-cy)/ry, (-x-cx)/rx)
	span := b - a
	if sweep && span < 0 {
		span += 2 * math.Pi
	} else if !sweep && span > 0 {
		span -= 2 * math.Pi
	}
	m := Matrix{cos * rx, sin * rx, -sin * ry, cos * ry, cos*cx - sin*cy + (from.X+to.X)/2, sin*cx + cos*cy + (from.Y+to.Y)/2}
	if math.IsNaN(span) || !m.finite() {
		p.line(to)
		return
	}
	n := max(1, int(math.Ceil(math.Abs(span)/(math.Pi/2)-1e-9)))
	each := span / float64(n)
	h := 4.0 / 3 * math.Tan(each/4)
	for i := range n {
		s0, c0 := math.Sincos(a + each*float64(i))
		s1, c1 := math.Sincos(a + each*float64(i+1))
		end := m.Apply(Point{c1, s1})
		if i == n-1 {
			end = to
		}
		p.curve(m.Apply(Point{c0 - h*s0, s0 + h*c0}), m.Apply(Point{c1 + h*s1, s1 - h*c1}), end)
	}
}

// oval returns an ellipse.
func oval(cx, cy, rx, ry float64) Path {
	var p Path
	if rx <= 0 || ry <= 0 {
		return p
	}
	const k = 0.5522847498
	at := func(x, y float64) Point { return Point{cx + x*rx, cy + y*ry} }
	p.move(at(1, 0))
	p.curve(at(1, k), at(k, 1), at(0, 1))
	p.curve(at(-k, 1), at(-1, k), at(-1, 0))
	p.curve(at(-1, -k), at(-k, -1), at(0, -1))
	p.curve(at(k, -1), at(1, -k), at(1, 0))
	p.close()
	return p
}

// box returns a rectangle, its corners rounded by up to half its sides.
func box(x, y, w, h, rx, ry float64) Path {
	var p Path
	if w <= 0 || h <= 0 {
		return p
	}
	rx, ry = min(max(rx, 0), w/2), min(max(ry, 0), h/2)
	if rx == 0 || ry == 0 {
		p.move(Point{x, y})
		p.line(Point{x + w, y})
		p.line(Point{x + w, y + h})
		p.line(Point{x, y + h})
		p.close()
		return p
	}
	p.move(Point{x + rx, y})
	p.line(Point{x + w - rx, y})
	p.arc(Point{x + w - rx, y}, Point{x + w, y + ry}, rx, ry, 0, false, true)
	p.line(Point{x + w, y + h - ry})
	p.arc(Point{x + w, y + h - ry}, Point{x + w - rx, y + h}, rx, ry, 0, false, true)
	p.line(Point{x + rx, y + h})
	p.arc(Point{x + rx, y + h}, Point{x, y + h - ry}, rx, ry, 0, false, true)
	p.line(Point{x, y + ry})
	p.arc(Point{x, y + ry}, Point{x + rx, y}, rx, ry, 0, false, true)
	p.close()
	return p
}
