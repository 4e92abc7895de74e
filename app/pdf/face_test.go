package pdf

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/gomono"

	"assay/static"
)

// drawn returns the outlines of a glyph, those of its parts in their place.
func drawn(t *testing.T, outline func(uint16) []byte, g uint16, depth int) []byte {
	if depth > 8 {
		t.Fatal("a glyph is part of itself")
	}
	out := bytes.Clone(outline(g))
	var parted []byte
	for at := range parts(out) {
		parted = append(parted, drawn(t, outline, binary.BigEndian.Uint16(out[at:]), depth+1)...)
		out[at], out[at+1] = 0, 0
	}
	return bytes.TrimRight(append(bytes.TrimRight(out, "\x00"), parted...), "\x00")
}

func TestEmbeddedGlyphsAreTheFaces(t *testing.T) {
	for name, ttf := range map[string][]byte{"text": static.FontTTF(400), "mono": gomono.TTF} {
		f, err := newFace("F1", ttf)
		if err != nil {
			t.Fatal(err)
		}
		f.show(nil, "Äpfel, Öl & Übermut; ïàéçñŽőИЙ ½ 0123456789 .,:'\"", 10, "")
		var glyphs []uint16
		for _, u := range f.uses {
			glyphs = append(glyphs, uint16(u.glyph))
		}
		small, err := subset(ttf, glyphs)
		if err != nil {
			t.Fatal(err)
		}
		if len(small) > len(ttf)/3 {
			t.Errorf("%s: %d of %d bytes are kept", name, len(small), len(ttf))
		}
		was, err := readTables(ttf)
		if err != nil {
			t.Fatal(err)
		}
		now, err := readTables(small)
		if err != nil {
			t.Fatal(err)
		}
		composed := 0
		before, after := outlines(was), outlines(now)
		full := int(binary.BigEndian.Uint16(was["hhea"][34:]))
		for i, g := range glyphs {
			for range parts(before(g)) {
				composed++
			}
			if a, b := drawn(t, before, g, 0), drawn(t, after, uint16(i+1), 0); !bytes.Equal(a, b) {
				t.Errorf("%s: %q is drawn otherwise", name, f.uses[i].char)
			}
			if a, b := measure(was["hmtx"], full, int(g)), now["hmtx"][4*(i+1):4*(i+1)+4]; !bytes.Equal(a, b) {
				t.Errorf("%s: %q is measured otherwise", name, f.uses[i].char)
			}
			// The left bearing is the least x of the outline, which shifts the glyph where it is wrong.
			if o := before(g); len(o) > 4 && !bytes.Equal(o[2:4], now["hmtx"][4*(i+1)+2:4*(i+1)+4]) {
				t.Errorf("%s: %q stands to the left or right of its place", name, f.uses[i].char)
			}
		}
		if name == "text" && composed == 0 {
			t.Error("no glyph is composed, so the test proves too little")
		}
	}
}

func TestFallbackFaces(t *testing.T) {
	o := options()
	const words = "box ╬ end"
	has := func(o Options) bool {
		p := open(t, write(t, made(para(words)), o))
		s := p.Look(0)
		if !strings.Contains(bare(joined(s)), bare(words)) {
			t.Errorf("%q is read as %q", words, joined(s))
		}
		return p.Reader.Page(1).V.Key("Resources").Key("Font").Key("F4").Key("Subtype").Name() == "Type0"
	}
	if has(o) {
		t.Error("a fallback face is there without having been given")
	}
	o.Fonts.Fallback = [][]byte{gomono.TTF}
	if !has(o) {
		t.Error("the fallback face is not used")
	}
	for name, broken := range map[string][]byte{"empty": {}, "cut": static.FontTTF(400)[:5000], "words": []byte("no font at all")} {
		o.Fonts.Fallback = [][]byte{broken}
		if err := Write(&bytes.Buffer{}, made(), o); err == nil {
			t.Errorf("%s: a broken face was taken", name)
		}
	}
}

func TestLines(t *testing.T) {
	f, err := newFace("F1", static.FontTTF(400))
	if err != nil {
		t.Fatal(err)
	}
	bold, err := newFace("F2", static.FontTTF(600))
	if err != nil {
		t.Fatal(err)
	}
	l, b := look{face: f, size: 10}, look{face: bold, size: 10}
	for _, c := range []struct {
		spans []span
		width float64
		want  string
	}{
		{[]span{{words: "one two three", look: l}}, 1000, "one two three"},
		{[]span{{words: "one two three", look: l}}, 40, "one two|three"},
		{[]span{{words: "  one   two  ", look: l}}, 1000, "one two"},
		{[]span{{words: "one", look: l, stop: true}, {words: "two", look: l}}, 1000, "one|two"},
		{[]span{{words: "one ", look: l}, {words: "two", look: b}, {words: ", three", look: l}}, 40, "one two,|three"},
		{[]span{{words: "un", look: l}, {words: "break", look: b}, {words: "able words", look: l}}, 60, "unbreakable|words"},
		{[]span{{words: "well-known and/or 3-4", look: l}}, 30, "well-|known|and/or|3-4"},
		{[]span{{words: "-5 - 7", look: l}}, 1000, "-5 - 7"},
		{[]span{{words: "abcdefghijkl", look: l}}, 20, "abc|defg|hijkl"},
		{[]span{{words: "10\u00a0000 €", look: l}}, 30, "10\u00a0000|€"},
		{[]span{{words: "漢字漢字。漢字", look: l}}, 20, "漢字漢|字。漢|字"},
		{[]span{{words: "", look: l}}, 20, ""},
	} {
		var got []string
		for _, ln := range set(c.spans, c.width) {
			var s strings.Builder
			for _, seg := range ln.segs {
				s.WriteString(seg.words)
			}
			got = append(got, s.String())
			if ln.width > c.width+0.01 {
				t.Errorf("%q: a line of %.1f in %.1f", s.String(), ln.width, c.width)
			}
		}
		if all := strings.Join(got, "|"); all != c.want {
			t.Errorf("%v in %g: %q, want %q", c.spans[0].words, c.width, all, c.want)
		}
	}
}
