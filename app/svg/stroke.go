package svg

import "math"

// flat is a path as polygons.
type flat struct {
	points []Point
	closed bool
}

// flatten turns a path into polygons that keep to its curves within a tenth of a unit.
func flatten(p Path) []flat {
	var out []flat
	var now flat
	done := func() {
		if len(now.points) > 0 {
			out = append(out, now)
		}
		now = flat{}
	}
	i := 0
	for _, op := range p.Ops {
		switch op {
		case Move:
			done()
			now.points = append(now.points, p.Points[i])
			i++
		case Line:
			now.points = append(now.points, p.Points[i])
			i++
		case Curve:
			from := now.points[len(now.points)-1]
			a, b, to := p.Points[i], p.Points[i+1], p.Points[i+2]
			i += 3
			long := gap(from, a) + gap(a, b) + gap(b, to)
			n := min(max(2, int(math.Sqrt(long)*1.5)), 64)
			for k := 1; k <= n; k++ {
				t := float64(k) / float64(n)
				u := 1 - t
				now.points = append(now.points, Point{
					u*u*u*from.X + 3*u*u*t*a.X + 3*u*t*t*b.X + t*t*t*to.X,
					u*u*u*from.Y + 3*u*u*t*a.Y + 3*u*t*t*b.Y + t*t*t*to.Y,
				})
			}
		case Close:
			now.closed = true
			done()
		}
	}
	done()
	return out
}

func gap(a, b Point) float64 { return math.Hypot(b.X-a.X, b.Y-a.Y) }

// dashed cuts lines into dashes; a line of too many dashes to be seen stays whole.
func dashed(lines []flat, dash []float64, offset float64) []flat {
	sum := 0.0
	for _, d := range dash {
		sum += d
	}
	if sum <= 0 {
		return lines
	}
	if len(dash)%2 == 1 {
		dash = append(append([]float64(nil), dash...), dash...)
		sum *= 2
	}
	var out []flat
	for _, l := range lines {
		points := l.points
		if l.closed {
			points = append(append([]Point(nil), points...), points[0])
		}
		long := 0.0
		for i := 1; i < len(points); i++ {
			long += gap(points[i-1], points[i])
		}
		if long/sum > 4000 {
			out = append(out, l)
			continue
		}
		at, left := 0, math.Mod(math.Mod(offset, sum)+sum, sum)
		for left >= dash[at] {
			left -= dash[at]
			at = (at + 1) % len(dash)
		}
		left = dash[at] - left
		now := []Point{points[0]}
		for i := 1; i < len(points); i++ {
			from, to := points[i-1], points[i]
			d := gap(from, to)
			done := 0.0
			for d-done > left {
				done += left
				p := Point{from.X + (to.X-from.X)*done/d, from.Y + (to.Y-from.Y)*done/d}
				if at%2 == 0 {
					out = append(out, flat{points: append(now, p)})
				}
				now = []Point{p}
				at = (at + 1) % len(dash)
				left = max(dash[at], 1e-6*sum)
			}
			left -= d - done
			now = append(now, to)
		}
		if at%2 == 0 && len(now) > 1 {
			out = append(out, flat{points: now})
		}
	}
	return out
}

// outline returns the polygons that together cover a stroke, all turning the same way.
func outline(p Path, s Stroke) [][]Point {
	lines := flatten(p)
	if len(s.Dash) > 0 {
		lines = dashed(lines, s.Dash, s.DashOffset)
	}
	o := outliner{half: s.Width / 2}
	for _, l := range lines {
		points := l.points[:0:0]
		for i, q := range l.points {
			if i == 0 || gap(points[len(points)-1], q) > 1e-6 {
				points = append(points, q)
			}
		}
		if l.closed && len(points) > 1 && gap(points[0], points[len(points)-1]) <= 1e-6 {
			points = points[:len(points)-1]
		}
		o.line(points, l.closed && len(points) > 2, s)
	}
	return o.out
}

type outliner struct {
	half float64
	out  [][]Point
}

// add keeps a polygon, turned so that overlapping ones do not cancel each other out.
func (o *outliner) add(p ...Point) {
	area := 0.0
	for i, a := range p {
		b := p[(i+1)%len(p)]
		area += a.X*b.Y - b.X*a.Y
	}
	if area < 0 {
		for i, j := 0, len(p)-1; i < j; i, j = i+1, j-1 {
			p[i], p[j] = p[j], p[i]
		}
	}
	if area != 0 {
		o.out = append(o.out, p)
	}
}

func (o *outliner) disc(c Point) {
	n := min(max(8, int(4*math.Sqrt(o.half)*2)), 64)
	p := make([]Point, n)
	for i := range p {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		p[i] = Point{c.X + o.half*cos, c.Y + o.half*sin}
	}
	o.add(p...)
}

func (o *outliner) line(p []Point, closed bool, s Stroke) {
	if len(p) == 0 {
		return
	}
	if len(p) == 1 {
		switch s.Cap {
		case Round:
			o.disc(p[0])
		case Square:
			h := o.half
			o.add(Point{p[0].X - h, p[0].Y - h}, Point{p[0].X + h, p[0].Y - h}, Point{p[0].X + h, p[0].Y + h}, Point{p[0].X - h, p[0].Y + h})
		}
		return
	}
	n := len(p)
	segments := n - 1
	if closed {
		segments = n
	}
	for i := range segments {
		a, b := p[i], p[(i+1)%n]
		d := gap(a, b)
		ux, uy := (b.X-a.X)/d, (b.Y-a.Y)/d
		if s.Cap == Square && !closed {
			if i == 0 {
				a = Point{a.X - ux*o.half, a.Y - uy*o.half}
			}
			if i == segments-1 {
				b = Point{b.X + ux*o.half, b.Y + uy*o.half}
			}
		}
		nx, ny := -uy*o.half, ux*o.half
		o.add(Point{a.X + nx, a.Y + ny}, Point{b.X + nx, b.Y + ny}, Point{b.X - nx, b.Y - ny}, Point{a.X - nx, a.Y - ny})
		if i+1 < segments || closed {
			o.corner(p[i], p[(i+1)%n], p[(i+2)%n], s.Join)
		}
	}
	if s.Cap == Round && !closed {
		o.disc(p[0])
		o.disc(p[n-1])
	}
}

// corner fills the wedge between two segments that meet at b.
func (o *outliner) corner(a, b, c Point, join Ending) {
	if join == Round {
		if o.half > 0.6 {
			o.disc(b)
			return
		}
		join = Bevel // a hairline's round corner is not seen
	}
	d1, d2 := gap(a, b), gap(b, c)
	ux, uy, vx, vy := (b.X-a.X)/d1, (b.Y-a.Y)/d1, (c.X-b.X)/d2, (c.Y-b.Y)/d2
	turn := ux*vy - uy*vx
	if math.Abs(turn) < 1e-9 {
		return
	}
	side := -1.0
	if turn < 0 {
		side = 1
	}
	p := Point{b.X - uy*o.half*side, b.Y + ux*o.half*side}
	q := Point{b.X - vy*o.half*side, b.Y + vx*o.half*side}
	// The mitre is as long as 1/sin of half the angle; beyond 4 it is cut, as the standard has it.
	cos := -(ux*vx + uy*vy)
	if join == Plain && math.Sqrt((1-cos)/2) >= 0.25 {
		mx, my := (p.X+q.X)/2-b.X, (p.Y+q.Y)/2-b.Y
		if l := mx*mx + my*my; l > 1e-12 {
			k := o.half * o.half / l
			o.add(b, p, Point{b.X + mx*k, b.Y + my*k}, q)
			return
		}
	}
	o.add(b, p, q)
}
