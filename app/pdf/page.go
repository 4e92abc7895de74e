package pdf

import "fmt"

// page is a sheet. Its body goes into the file as soon as it is full; what is
// known only at the end, such as the number of pages, is drawn beside it.
type page struct {
	object   ref
	content  []ref
	body     canvas
	late     canvas
	marks    []*tag // by mark
	annots   []ref
	drawings []ref
}

// annot is a link on a page, to an address or to a place in the document.
type annot struct {
	object         ref
	page           *page
	x0, y0, x1, y1 float64 // from the top
	url, place     string
	tag            *tag
	words          string
}

// place is a point that can be linked to.
type place struct {
	page *page
	y    float64
}

// canvas draws on a page, in points from its upper left corner. Whatever is
// drawn belongs to the tag that was set last, or is an artifact.
type canvas struct {
	page     *page
	high     float64
	b        []byte
	open     bool
	now      *tag
	fill     colour
	filled   bool
	stroke   colour
	stroked  bool
	font     string
	fontSize float64
}

// to makes what follows content of the tag; nil makes it an artifact.
func (c *canvas) to(t *tag) {
	if c.open && c.now == t {
		return
	}
	c.end()
	c.open, c.now = true, t
	if t == nil {
		c.b = append(c.b, "/Artifact BMC\n"...)
		return
	}
	mark := len(c.page.marks)
	c.page.marks = append(c.page.marks, t)
	t.kids = append(t.kids, kid{page: c.page, mark: mark})
	c.b = fmt.Appendf(c.b, "/%s <</MCID %d>>BDC\n", t.kind, mark)
}

// aside makes what follows an artifact of the page: a running head.
func (c *canvas) aside(kind string) {
	c.end()
	c.open, c.now = true, nil
	c.b = fmt.Appendf(c.b, "/Artifact <</Type /Pagination /Subtype /%s>>BDC\n", kind)
}

func (c *canvas) end() {
	if c.open {
		c.b = append(c.b, "EMC\n"...)
	}
	c.open, c.now = false, nil
}

func (c *canvas) numbers(v ...float64) {
	for _, n := range v {
		c.b = append(appendNumber(c.b, n), ' ')
	}
}

func (c *canvas) op(s string) { c.b = append(append(c.b, s...), '\n') }

func appendColour(b []byte, c colour) []byte {
	for _, v := range [...]uint8{c.r, c.g, c.b} {
		n := (int(v)*1000 + 127) / 255
		switch n {
		case 0:
			b = append(b, '0')
		case 1000:
			b = append(b, '1')
		default:
			b = append(b, '.', '0'+byte(n/100), '0'+byte(n/10%10), '0'+byte(n%10))
		}
		b = append(b, ' ')
	}
	return b
}

func (c *canvas) ink(k colour) {
	if !c.filled || c.fill != k {
		c.b = append(appendColour(c.b, k), "rg\n"...)
		c.fill, c.filled = k, true
	}
}

func (c *canvas) rect(x, y, w, h float64, k colour) {
	c.ink(k)
	c.numbers(x, c.high-y-h, w, h)
	c.op("re f")
}

func (c *canvas) rule(x0, y0, x1, y1, width float64, k colour) {
	if !c.stroked || c.stroke != k {
		c.b = append(appendColour(c.b, k), "RG\n"...)
		c.stroke, c.stroked = k, true
	}
	c.numbers(width)
	c.b = append(c.b, "w "...)
	c.numbers(x0, c.high-y0)
	c.b = append(c.b, "m "...)
	c.numbers(x1, c.high-y1)
	c.op("l S")
}

// words writes a run with its baseline at y.
func (c *canvas) words(f *face, s string, size, x, y float64, k colour, slant bool) {
	c.ink(k)
	c.b = append(c.b, "BT "...)
	if c.font != f.name || c.fontSize != size {
		c.b = append(append(c.b, '/'), f.name...)
		c.b = append(appendNumber(append(c.b, ' '), size), " Tf "...)
		c.font, c.fontSize = f.name, size
	}
	if slant {
		c.b = append(c.b, "1 0 .2 1 "...)
	} else {
		c.b = append(c.b, "1 0 0 1 "...)
	}
	c.numbers(x, c.high-y)
	c.b = append(c.b, "Tm "...)
	c.b, c.font = f.show(c.b, s, size, c.font)
	c.b = append(c.b, "ET\n"...)
}
