package pdf

import (
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/bidi"

	"assay/app/fault"
)

// face is a font and what of it has been used. Each pair of a glyph and the
// character it stands for gets a code of its own, so that what a reader copies
// or searches is the character, also where two share a glyph or one has none.
type face struct {
	name   string // of the resource
	raw    []byte
	font   *sfnt.Font
	buf    sfnt.Buffer
	units  float64
	glyphs map[rune]glyph
	kerns  map[[2]sfnt.GlyphIndex]float64
	codes  map[use]uint16
	uses   []use // by code, from 1
	widths map[string]float64
	object ref
	// others are asked for the characters this face lacks.
	others []*face
}

type use struct {
	glyph sfnt.GlyphIndex
	char  rune
}

// glyph is how one character is shown: by which face, how wide in ems.
type glyph struct {
	face    *face
	index   sfnt.GlyphIndex
	advance float64
	unseen  bool // a character that only steers its neighbours
}

func newFace(name string, ttf []byte) (*face, error) {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, fault.Because(fault.Internal, err, "The face %s for the document cannot be read", name)
	}
	fc := &face{
		name: name, raw: ttf, font: f, units: float64(f.UnitsPerEm()),
		glyphs: map[rune]glyph{}, kerns: map[[2]sfnt.GlyphIndex]float64{}, codes: map[use]uint16{}, widths: map[string]float64{},
	}
	if _, err := readTables(ttf); err != nil {
		return nil, fault.Because(fault.Internal, err, "The face %s for the document is of a kind that cannot be embedded", name)
	}
	return fc, nil
}

func (f *face) own(r rune) (glyph, bool) {
	i, err := f.font.GlyphIndex(&f.buf, r)
	if err != nil || i == 0 {
		return glyph{}, false
	}
	a, err := f.font.GlyphAdvance(&f.buf, i, fixed.Int26_6(f.units)<<6, font.HintingNone)
	if err != nil {
		return glyph{}, false
	}
	return glyph{face: f, index: i, advance: float64(a) / 64 / f.units}, true
}

// boxes stand for a character that no face has; what they mean stays with them.
var boxes = []rune{'□', '▯', '?'}

func (f *face) glyph(r rune) glyph {
	if g, ok := f.glyphs[r]; ok {
		return g
	}
	g, ok := f.own(r)
	for i := 0; !ok && i < len(f.others); i++ {
		g, ok = f.others[i].own(r)
	}
	if !ok && steering(r) {
		g, ok = glyph{face: f, unseen: true}, true
	}
	for i := 0; !ok && i < len(boxes); i++ {
		g, ok = f.own(boxes[i])
	}
	if !ok {
		g = glyph{face: f, advance: 0.5}
	}
	f.glyphs[r] = g
	return g
}

// steering reports characters without a form of their own: joiners, marks of
// direction, variation selectors, and combining marks where no face has them.
func steering(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me) || r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0000 && r <= 0xe0fff || r >= 0x1f3fb && r <= 0x1f3ff
}

func (f *face) kern(a, b sfnt.GlyphIndex) float64 {
	key := [2]sfnt.GlyphIndex{a, b}
	k, ok := f.kerns[key]
	if !ok {
		if v, err := f.font.Kern(&f.buf, a, b, fixed.Int26_6(f.units)<<6, font.HintingNone); err == nil {
			k = float64(v) / 64 / f.units
		}
		f.kerns[key] = k
	}
	return k
}

func (f *face) code(g sfnt.GlyphIndex, r rune) uint16 {
	u := use{g, r}
	c, ok := f.codes[u]
	if !ok && len(f.uses) < 65000 {
		f.uses = append(f.uses, u)
		c = uint16(len(f.uses))
		f.codes[u] = c
	}
	return c
}

// width returns how wide words are, in ems.
func (f *face) width(s string) float64 {
	if w, ok := f.widths[s]; ok {
		return w
	}
	w := 0.0
	var before glyph
	for _, r := range s {
		g := f.glyph(r)
		if g.unseen {
			continue
		}
		if before.face == g.face && before.face != nil {
			w += g.face.kern(before.index, g.index)
		}
		w += g.advance
		before = g
	}
	if len(f.widths) > 1<<15 {
		clear(f.widths)
	}
	f.widths[s] = w
	return w
}

// visual brings words into the order in which they stand from left to right.
func visual(s string) string {
	rightToLeft := false
	for _, r := range s {
		if r >= 0x590 && r <= 0x8ff || r >= 0xfb1d && r <= 0xfefc || r >= 0x10800 && r <= 0x10fff {
			rightToLeft = true
			break
		}
	}
	if !rightToLeft {
		return s
	}
	var p bidi.Paragraph
	if n, err := p.SetString(s, bidi.DefaultDirection(bidi.LeftToRight)); err != nil || n != len(s) {
		return s
	}
	order, err := p.Order()
	if err != nil {
		return s
	}
	var b strings.Builder
	for i := range order.NumRuns() {
		run := order.Run(i)
		if run.Direction() == bidi.RightToLeft {
			b.WriteString(bidi.ReverseString(run.String()))
		} else {
			b.WriteString(run.String())
		}
	}
	return b.String()
}

const hexDigits = "0123456789ABCDEF"

// show writes the operators that show words, changing faces where needed, and
// returns the name of the face that is set then.
func (f *face) show(b []byte, s string, size float64, set string) ([]byte, string) {
	var now *face
	var before sfnt.GlyphIndex
	open := false
	end := func() {
		if now != nil {
			if open {
				b = append(b, '>')
			}
			b = append(b, "]TJ\n"...)
			now, open = nil, false
		}
	}
	for _, r := range visual(s) {
		g := f.glyph(r)
		if g.unseen {
			continue
		}
		if g.face != now {
			end()
			if set != g.face.name {
				set = g.face.name
				b = append(append(b, '/'), set...)
				b = append(appendNumber(append(b, ' '), size), " Tf "...)
			}
			b = append(b, '[')
			now, before = g.face, 0
		}
		if before != 0 {
			if k := now.kern(before, g.index); k != 0 {
				if open {
					b = append(b, '>')
					open = false
				}
				b = appendNumber(b, -1000*k)
			}
		}
		if !open {
			b = append(b, '<')
			open = true
		}
		c := now.code(g.index, r)
		b = append(b, hexDigits[c>>12], hexDigits[c>>8&15], hexDigits[c>>4&15], hexDigits[c&15])
		before = g.index
	}
	end()
	return b, set
}
