package svg

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"assay/app/fault"
)

// Fonts are the faces of a drawing's words, as TrueType.
type Fonts struct{ Regular, Semibold []byte }

// PNG paints a drawing on white, width pixels wide, its height in proportion.
// Width is held between 16 and 4096, and the picture to 4096 pixels in height.
// Faults are those of Parse.
func PNG(svg []byte, width int, fonts Fonts) ([]byte, error) {
	d, err := Parse(svg)
	if err != nil {
		return nil, err
	}
	const most = 4096
	width = min(max(width, 16), most)
	scale := float64(width) / d.Width
	if d.Height*scale > most {
		scale = most / d.Height
		width = max(1, int(d.Width*scale))
	}
	height := max(1, int(math.Ceil(d.Height*scale-1e-6)))
	p := &painter{out: image.NewRGBA(image.Rect(0, 0, width, height)), m: Matrix{scale, 0, 0, scale, 0, 0}, masks: map[*Clip]*image.Alpha{}}
	for i := range p.out.Pix {
		p.out.Pix[i] = 0xff
	}
	for i, ttf := range [][]byte{fonts.Regular, fonts.Semibold} {
		if len(ttf) == 0 {
			continue
		}
		if p.fonts[i], err = sfnt.Parse(ttf); err != nil {
			return nil, fault.Because(fault.Internal, err, "The face for words in drawings cannot be read")
		}
	}
	for _, s := range d.Shapes {
		p.shape(s)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p.out); err != nil {
		return nil, fault.Because(fault.Internal, err, "The picture cannot be written")
	}
	return b.Bytes(), nil
}

type painter struct {
	out    *image.RGBA
	m      Matrix
	fonts  [2]*sfnt.Font
	buf    sfnt.Buffer
	raster vector.Rasterizer
	masks  map[*Clip]*image.Alpha
}

func (p *painter) shape(s Shape) {
	if s.Text != nil {
		p.text(s)
		return
	}
	path := Path{s.Path.Ops, append([]Point(nil), s.Path.Points...)}
	path.through(p.m)
	if s.Fill.Seen() {
		var polygons [][]Point
		for _, f := range flatten(path) {
			polygons = append(polygons, f.points)
		}
		p.fill(polygons, s.EvenOdd, s.Fill, s.Clip)
	}
	if s.Stroke.Seen() {
		k := p.m.scale()
		st := s.Stroke
		st.Width *= k
		st.DashOffset *= k
		st.Dash = nil
		for _, d := range s.Stroke.Dash {
			st.Dash = append(st.Dash, d*k)
		}
		if st.Width < 1 { // a thinner line is a paler one
			st.Opacity *= st.Width
			st.Width = 1
		}
		p.fill(outline(path, st), false, st.Paint, s.Clip)
	}
}

// fill paints polygons. Where even-odd filling is asked for, which charts do
// not do, polygons within others are left out by turning them round.
func (p *painter) fill(polygons [][]Point, evenOdd bool, c Paint, clip *Clip) {
	low, high := Point{math.Inf(1), math.Inf(1)}, Point{math.Inf(-1), math.Inf(-1)}
	for _, g := range polygons {
		for _, q := range g {
			low = Point{min(low.X, q.X), min(low.Y, q.Y)}
			high = Point{max(high.X, q.X), max(high.Y, q.Y)}
		}
	}
	if !(low.X <= high.X) {
		return
	}
	size := p.out.Bounds().Size()
	hold := func(v float64, most int) int { return int(min(max(v, 0), float64(most))) }
	box := image.Rect(hold(math.Floor(low.X), size.X), hold(math.Floor(low.Y), size.Y), hold(math.Ceil(high.X), size.X), hold(math.Ceil(high.Y), size.Y))
	if box.Empty() {
		return
	}
	mask := p.mask(polygons, box, evenOdd)
	if clip != nil {
		p.clip(mask, box, clip)
	}
	a := uint32(min(max(c.Opacity, 0), 1)*255 + 0.5)
	col := [3]uint32{uint32(c.R), uint32(c.G), uint32(c.B)}
	for y := range box.Dy() {
		row := p.out.Pix[p.out.PixOffset(box.Min.X, box.Min.Y+y):]
		for x, m := range mask.Pix[y*mask.Stride : y*mask.Stride+box.Dx()] {
			if m == 0 {
				continue
			}
			k := uint32(m) * a
			for i, v := range col {
				old := uint32(row[x*4+i])
				row[x*4+i] = uint8((v*k + old*(255*255-k) + 255*127) / (255 * 255))
			}
		}
	}
}

func (p *painter) mask(polygons [][]Point, box image.Rectangle, evenOdd bool) *image.Alpha {
	w, h := box.Dx(), box.Dy()
	out := image.NewAlpha(image.Rect(0, 0, w, h))
	r := &p.raster
	one := func(g []Point) {
		if len(g) < 2 {
			return
		}
		// What lies far outside only costs time; pulled to the edge it fills the same pixels.
		at := func(q Point) (float32, float32) {
			return float32(min(max(q.X-float64(box.Min.X), -8), float64(w+8))), float32(min(max(q.Y-float64(box.Min.Y), -8), float64(h+8)))
		}
		r.MoveTo(at(g[0]))
		for _, q := range g[1:] {
			r.LineTo(at(q))
		}
		r.ClosePath()
	}
	if !evenOdd {
		r.Reset(w, h)
		for _, g := range polygons {
			one(g)
		}
		r.Draw(out, out.Bounds(), image.NewUniform(color.Alpha{255}), image.Point{})
		return out
	}
	layer := image.NewAlpha(out.Bounds())
	for _, g := range polygons {
		clear(layer.Pix)
		r.Reset(w, h)
		one(g)
		r.Draw(layer, layer.Bounds(), image.NewUniform(color.Alpha{255}), image.Point{})
		for i, a := range layer.Pix {
			b := out.Pix[i]
			out.Pix[i] = uint8((uint32(a)*uint32(255-b) + uint32(b)*uint32(255-a)) / 255)
		}
	}
	return out
}

func (p *painter) clip(mask *image.Alpha, box image.Rectangle, clip *Clip) {
	for c := clip; c != nil; c = c.Outer {
		whole := p.masks[c]
		if whole == nil {
			path := Path{c.Path.Ops, append([]Point(nil), c.Path.Points...)}
			path.through(p.m)
			var polygons [][]Point
			for _, f := range flatten(path) {
				polygons = append(polygons, f.points)
			}
			whole = p.mask(polygons, p.out.Bounds(), false)
			if len(p.masks) >= 16 {
				clear(p.masks)
			}
			p.masks[c] = whole
		}
		for y := range box.Dy() {
			from := whole.Pix[whole.PixOffset(box.Min.X, box.Min.Y+y):]
			row := mask.Pix[y*mask.Stride:]
			for x := range box.Dx() {
				row[x] = uint8(uint32(row[x]) * uint32(from[x]) / 255)
			}
		}
	}
}

// text paints words from the outlines of their glyphs. A character the face
// lacks is the face's own sign for that.
func (p *painter) text(s Shape) {
	t := s.Text
	f := p.fonts[0]
	if t.Semibold && p.fonts[1] != nil {
		f = p.fonts[1]
	}
	if f == nil {
		return
	}
	units := fixed.Int26_6(f.UnitsPerEm()) << 6
	k := t.Size / float64(f.UnitsPerEm())
	type placed struct {
		glyph sfnt.GlyphIndex
		x     float64
	}
	var glyphs []placed
	x, before := 0.0, sfnt.GlyphIndex(0)
	for _, c := range t.Words {
		g, err := f.GlyphIndex(&p.buf, c)
		if err != nil {
			continue
		}
		if before != 0 {
			if kern, err := f.Kern(&p.buf, before, g, units, font.HintingNone); err == nil {
				x += float64(kern) / 64 * k
			}
		}
		glyphs = append(glyphs, placed{g, x})
		if adv, err := f.GlyphAdvance(&p.buf, g, units, font.HintingNone); err == nil {
			x += float64(adv) / 64 * k
		}
		before = g
	}
	m := p.m.times(t.Matrix).times(Matrix{1, 0, 0, 1, -x * t.Anchor, 0})
	if t.Slant {
		m = m.times(Matrix{1, 0, -0.2, 1, 0, 0})
	}
	var polygons [][]Point
	for _, g := range glyphs {
		segments, err := f.LoadGlyph(&p.buf, g.glyph, units, nil)
		if err != nil {
			continue
		}
		var path Path
		at := func(q fixed.Point26_6) Point {
			return m.Apply(Point{g.x + float64(q.X)/64*k, float64(q.Y) / 64 * k})
		}
		for _, seg := range segments {
			switch seg.Op {
			case sfnt.SegmentOpMoveTo:
				path.move(at(seg.Args[0]))
			case sfnt.SegmentOpLineTo:
				path.line(at(seg.Args[0]))
			case sfnt.SegmentOpQuadTo:
				from, q, to := path.Points[len(path.Points)-1], at(seg.Args[0]), at(seg.Args[1])
				path.curve(Point{from.X + 2*(q.X-from.X)/3, from.Y + 2*(q.Y-from.Y)/3}, Point{to.X + 2*(q.X-to.X)/3, to.Y + 2*(q.Y-to.Y)/3}, to)
			case sfnt.SegmentOpCubeTo:
				path.curve(at(seg.Args[0]), at(seg.Args[1]), at(seg.Args[2]))
			}
		}
		for _, o := range flatten(path) {
			polygons = append(polygons, o.points)
		}
	}
	p.fill(polygons, false, s.Fill, s.Clip)
}
