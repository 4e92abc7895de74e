// Package svg puts the drawings that app/chart makes on surfaces that show no
// SVG: it reads one into shapes in plain coordinates, from which a page of
// paper is drawn, and paints one as a PNG.
//
// It reads the subset of SVG that such drawings use. Colours are those of the
// light theme, which stand in the drawing itself; classes, which a page's style
// sheet uses for the dark one, are left aside.
package svg

import "math"

// Drawing is what a drawing's shapes are, in the order they are painted.
// Coordinates run from 0 to Width and from 0 at the top down to Height.
type Drawing struct {
	Width, Height float64
	Title, About  string
	Shapes        []Shape
}

// Shape is an outline that is filled and stroked, or words.
type Shape struct {
	Path    Path
	EvenOdd bool
	Fill    Paint
	Stroke  Stroke
	// Clip bounds what is seen of the shape; nil for no bounds.
	Clip *Clip
	// Text is set for words, which have no Path and no Stroke.
	Text *Text
}

// Clip is an outline, the same pointer for all shapes within one group.
type Clip struct {
	Path Path
	// Outer is a further bound around this one, or nil.
	Outer *Clip
}

// Paint is a colour with its opacity from 0 to 1; 0 paints nothing.
type Paint struct {
	R, G, B uint8
	Opacity float64
}

// Seen reports whether the paint leaves a mark.
func (p Paint) Seen() bool { return p.Opacity > 0 }

// Stroke is a line along an outline, Width units wide; a Paint that is not
// seen means none.
type Stroke struct {
	Paint
	Width      float64
	Cap, Join  Ending
	Dash       []float64
	DashOffset float64
}

// Ending is the form of a line's ends or of its corners.
type Ending uint8

// The endings. Plain is a butt cap and a mitred join.
const (
	Plain Ending = iota
	Round
	Square
	Bevel
)

// Text is words on one line.
type Text struct {
	Words string
	// Matrix takes the point where the words are anchored, on their baseline, from 0,0 to its place.
	Matrix Matrix
	Size   float64
	// Anchor says which part of the words stands at that point: 0 their start, 0.5 their middle, 1 their end.
	Anchor          float64
	Semibold, Slant bool
}

// Point is a place in a drawing.
type Point struct{ X, Y float64 }

// Op is a step of a path.
type Op uint8

// The steps of a path, with the number of points each one takes: Move and Line
// one, Curve (a cubic Bézier) three, Close none.
const (
	Move Op = iota
	Line
	Curve
	Close
)

// Path is an outline of straight lines and curves.
type Path struct {
	Ops    []Op
	Points []Point
}

func (p *Path) move(to Point) {
	p.Ops = append(p.Ops, Move)
	p.Points = append(p.Points, to)
}

func (p *Path) line(to Point) {
	p.Ops = append(p.Ops, Line)
	p.Points = append(p.Points, to)
}

func (p *Path) curve(a, b, to Point) {
	p.Ops = append(p.Ops, Curve)
	p.Points = append(p.Points, a, b, to)
}

func (p *Path) close() { p.Ops = append(p.Ops, Close) }

func (p *Path) through(m Matrix) {
	if m == identity {
		return
	}
	for i, q := range p.Points {
		p.Points[i] = m.Apply(q)
	}
}

// Matrix takes x,y to A·x+C·y+E, B·x+D·y+F.
type Matrix struct{ A, B, C, D, E, F float64 }

var identity = Matrix{A: 1, D: 1}

// Apply returns where the matrix takes a point.
func (m Matrix) Apply(p Point) Point {
	return Point{m.A*p.X + m.C*p.Y + m.E, m.B*p.X + m.D*p.Y + m.F}
}

// times returns the matrix that applies n first and m then.
func (m Matrix) times(n Matrix) Matrix {
	return Matrix{
		m.A*n.A + m.C*n.B, m.B*n.A + m.D*n.B,
		m.A*n.C + m.C*n.D, m.B*n.C + m.D*n.D,
		m.A*n.E + m.C*n.F + m.E, m.B*n.E + m.D*n.F + m.F,
	}
}

// scale is by how much the matrix lengthens a line, on average over its directions.
func (m Matrix) scale() float64 { return math.Sqrt(math.Abs(m.A*m.D - m.B*m.C)) }

func (m Matrix) finite() bool {
	for _, v := range [...]float64{m.A, m.B, m.C, m.D, m.E, m.F} {
		if math.IsNaN(v) || math.Abs(v) > furthest {
			return false
		}
	}
	return true
}
