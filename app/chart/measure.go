package chart

import (
	"fmt"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// ruler measures single characters of the faces the reader sees, so that the
// space ECharts leaves for a label is the space the label takes.
type ruler struct {
	mu    sync.Mutex
	buf   sfnt.Buffer
	faces map[int]*sfnt.Font
	known map[glyph]float64
}

type glyph struct {
	r      rune
	weight int
}

func newRuler(fonts map[int][]byte) (*ruler, error) {
	r := &ruler{faces: map[int]*sfnt.Font{}, known: map[glyph]float64{}}
	for weight, data := range fonts {
		f, err := sfnt.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("font of weight %d: %w", weight, err)
		}
		r.faces[weight] = f
	}
	return r, nil
}

// advance returns the width of a character in thousandths of the font size.
func (r *ruler) advance(c rune, weight int) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := glyph{c, weight}
	if w, ok := r.known[g]; ok {
		return w
	}
	w := r.look(c, weight)
	// Data decides which characters are asked for, so the memory is bounded.
	if len(r.known) < 4096 {
		r.known[g] = w
	}
	return w
}

func (r *ruler) look(c rune, weight int) float64 {
	face := r.faces[weight]
	if face == nil {
		face = r.faces[400]
	}
	if face != nil {
		if i, err := face.GlyphIndex(&r.buf, c); err == nil && i != 0 {
			if a, err := face.GlyphAdvance(&r.buf, i, fixed.I(1000), font.HintingNone); err == nil {
				return float64(a) / 64
			}
		}
	}
	return fallbackAdvance(c)
}

// fallbackAdvance is for characters outside the measured face, which the
// reader's system draws with a face of its own.
func fallbackAdvance(c rune) float64 {
	switch {
	case c < 0x20, c >= 0x300 && c <= 0x36f, c >= 0x200b && c <= 0x200f, c == 0x2060, c == 0xfeff, c >= 0xfe00 && c <= 0xfe0f:
		return 0
	case c >= 0x1100 && c <= 0x115f, c >= 0x2e80 && c <= 0xd7ff, c >= 0xf900 && c <= 0xfaff, c >= 0xfe30 && c <= 0xfe6f, c >= 0xff00 && c <= 0xff60, c >= 0x1f000:
		return 1000
	}
	return 560
}

// width returns the width of a text in pixels.
func (r *ruler) width(text string, size float64, weight int) float64 {
	sum := 0.0
	for _, c := range text {
		sum += r.advance(c, weight)
	}
	return sum * size / 1000
}
