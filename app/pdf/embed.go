package pdf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// readTables finds the tables of a TrueType font with outlines of its own kind.
func readTables(ttf []byte) (map[string][]byte, error) {
	if len(ttf) < 12 {
		return nil, errors.New("cut short")
	}
	n := int(binary.BigEndian.Uint16(ttf[4:]))
	out := map[string][]byte{}
	for i := range n {
		e := 12 + 16*i
		if e+16 > len(ttf) {
			return nil, errors.New("cut short")
		}
		at, long := int64(binary.BigEndian.Uint32(ttf[e+8:])), int64(binary.BigEndian.Uint32(ttf[e+12:]))
		if at+long > int64(len(ttf)) {
			return nil, errors.New("cut short")
		}
		out[string(ttf[e:e+4])] = ttf[at : at+long]
	}
	for name, least := range map[string]int{"glyf": 0, "loca": 4, "head": 54, "hhea": 36, "maxp": 6, "hmtx": 4} {
		if t, ok := out[name]; !ok || len(t) < least {
			return nil, errors.New("no table " + name)
		}
	}
	return out, nil
}

// subset returns a font whose glyphs are .notdef and then, by their place,
// those of the list; parts of composed glyphs follow behind them.
func subset(ttf []byte, glyphs []uint16) ([]byte, error) {
	t, err := readTables(ttf)
	if err != nil {
		return nil, err
	}
	outline := outlines(t)
	order := append([]uint16{0}, glyphs...)
	place := map[uint16]uint16{}
	for i, g := range slices.Backward(order) {
		place[g] = uint16(i)
	}
	var glyf []byte
	var loca []byte
	for i := 0; i < len(order); i++ {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		g := slices.Clone(outline(order[i]))
		for at := range parts(g) {
			old := binary.BigEndian.Uint16(g[at:])
			now, ok := place[old]
			if !ok {
				if len(order) > 65000 {
					return nil, errors.New("too many glyphs")
				}
				now = uint16(len(order))
				order = append(order, old)
				place[old] = now
			}
			binary.BigEndian.PutUint16(g[at:], now)
		}
		glyf = append(glyf, g...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))

	measures := int(binary.BigEndian.Uint16(t["hhea"][34:]))
	var hmtx []byte
	for _, g := range order {
		hmtx = append(hmtx, measure(t["hmtx"], measures, int(g))...)
	}
	head, hhea, maxp := slices.Clone(t["head"]), slices.Clone(t["hhea"]), slices.Clone(t["maxp"])
	binary.BigEndian.PutUint32(head[8:], 0)
	binary.BigEndian.PutUint16(head[50:], 1)
	binary.BigEndian.PutUint16(hhea[34:], uint16(len(order)))
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(order)))
	tables := map[string][]byte{"glyf": glyf, "loca": loca, "hmtx": hmtx, "head": head, "hhea": hhea, "maxp": maxp}
	for _, name := range []string{"cvt ", "fpgm", "prep"} {
		if b, ok := t[name]; ok {
			tables[name] = b
		}
	}
	return joinTables(tables), nil
}

// measure returns a glyph's advance and left bearing; fonts of one width leave
// the advances of most glyphs out.
func measure(hmtx []byte, full, g int) []byte {
	advance, bearing := 4*min(g, full-1), 4*g+2
	if g >= full {
		bearing = 4*full + 2*(g-full)
	}
	if advance < 0 || advance+2 > len(hmtx) || bearing+2 > len(hmtx) {
		return make([]byte, 4)
	}
	return []byte{hmtx[advance], hmtx[advance+1], hmtx[bearing], hmtx[bearing+1]}
}

func joinTables(tables map[string][]byte) []byte {
	var names []string
	for n := range tables {
		names = append(names, n)
	}
	slices.Sort(names)
	power, log := 1, 0
	for power*2 <= len(names) {
		power *= 2
		log++
	}
	out := []byte{0, 1, 0, 0}
	for _, v := range []int{len(names), power * 16, log, (len(names) - power) * 16} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	at := 12 + 16*len(names)
	for _, n := range names {
		out = append(out, n...)
		out = binary.BigEndian.AppendUint32(out, checksum(tables[n]))
		out = binary.BigEndian.AppendUint32(out, uint32(at))
		out = binary.BigEndian.AppendUint32(out, uint32(len(tables[n])))
		at += (len(tables[n]) + 3) &^ 3
	}
	for _, n := range names {
		out = append(out, tables[n]...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	binary.BigEndian.PutUint32(out[slices.Index(names, "head")*16+12+4:], checksum(tables["head"]))
	return out
}

func checksum(b []byte) uint32 {
	var sum uint32
	for len(b) >= 4 {
		sum += binary.BigEndian.Uint32(b)
		b = b[4:]
	}
	if len(b) > 0 {
		var last [4]byte
		copy(last[:], b)
		sum += binary.BigEndian.Uint32(last[:])
	}
	return sum
}

// outlines returns a function for the bytes of a glyph's outline.
func outlines(t map[string][]byte) func(uint16) []byte {
	glyf, loca := t["glyf"], t["loca"]
	long := binary.BigEndian.Uint16(t["head"][50:]) == 1
	return func(g uint16) []byte {
		var a, b int
		if long {
			if int(g)*4+8 > len(loca) {
				return nil
			}
			a, b = int(binary.BigEndian.Uint32(loca[int(g)*4:])), int(binary.BigEndian.Uint32(loca[int(g)*4+4:]))
		} else {
			if int(g)*2+4 > len(loca) {
				return nil
			}
			a, b = 2*int(binary.BigEndian.Uint16(loca[int(g)*2:])), 2*int(binary.BigEndian.Uint16(loca[int(g)*2+2:]))
		}
		if a >= b || b > len(glyf) {
			return nil
		}
		return glyf[a:b]
	}
}

// parts yields where in a composed glyph the numbers of its parts stand.
func parts(g []byte) func(func(int) bool) {
	return func(yield func(int) bool) {
		if len(g) < 10 || int16(binary.BigEndian.Uint16(g)) >= 0 {
			return
		}
		for at := 10; at+4 <= len(g); {
			flags := binary.BigEndian.Uint16(g[at:])
			if !yield(at + 2) {
				return
			}
			at += 6
			if flags&1 != 0 {
				at += 2
			}
			switch {
			case flags&8 != 0:
				at += 2
			case flags&0x40 != 0:
				at += 4
			case flags&0x80 != 0:
				at += 8
			}
			if flags&0x20 == 0 {
				return
			}
		}
	}
}

// write embeds what of the face was used.
func (f *face) write(out *file, tag string) error {
	glyphs := make([]uint16, len(f.uses))
	for i, u := range f.uses {
		glyphs[i] = uint16(u.glyph)
	}
	program, err := subset(f.raw, glyphs)
	if err != nil {
		return fmt.Errorf("embed the face %s: %w", f.name, err)
	}
	one := fixed.Int26_6(f.units) << 6
	metrics, err := f.font.Metrics(&f.buf, one, font.HintingNone)
	if err != nil {
		return fmt.Errorf("measure the face %s: %w", f.name, err)
	}
	box, err := f.font.Bounds(&f.buf, one, font.HintingNone)
	if err != nil {
		return fmt.Errorf("measure the face %s: %w", f.name, err)
	}
	em := func(v fixed.Int26_6) int { return int(float64(v) / 64 / f.units * 1000) }
	name := tag + "+" + postScriptName(f)
	descendant, descriptor, body, unicode := out.reserve(), out.reserve(), out.reserve(), out.reserve()
	out.putf(f.object, "<</Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%s] /ToUnicode %s>>", name, descendant, unicode)
	widths := []byte("[1 [")
	for _, u := range f.uses {
		a, err := f.font.GlyphAdvance(&f.buf, u.glyph, one, font.HintingNone)
		if err != nil {
			a = 0
		}
		widths = append(appendNumber(widths, float64(a)/64/f.units*1000), ' ')
	}
	widths = append(widths, "]]"...)
	out.putf(descendant, "<</Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /FontDescriptor %s /CIDToGIDMap /Identity /DW 500 /W %s>>", name, descriptor, widths)
	flags := 4
	if f.name == "F3" {
		flags |= 1
	}
	out.putf(descriptor, "<</Type /FontDescriptor /FontName /%s /Flags %d /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile2 %s>>",
		name, flags, em(box.Min.X), -em(box.Max.Y), em(box.Max.X), -em(box.Min.Y), em(metrics.Ascent), -em(metrics.Descent), em(metrics.CapHeight), body)
	out.stream(body, fmt.Sprintf("/Length1 %d", len(program)), program)
	out.stream(unicode, "", f.toUnicode())
	return nil
}

// toUnicode says which character each code means.
func (f *face) toUnicode() []byte {
	b := []byte("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for at := 0; at < len(f.uses); at += 100 {
		list := f.uses[at:min(at+100, len(f.uses))]
		b = fmt.Appendf(b, "%d beginbfchar\n", len(list))
		for i, u := range list {
			b = fmt.Appendf(b, "<%04X> <%s>\n", at+i+1, utf16Hex(string(u.char)))
		}
		b = append(b, "endbfchar\n"...)
	}
	return append(b, "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"...)
}

// postScriptName is the face's name as far as a file may hold it.
func postScriptName(f *face) string {
	s, err := f.font.Name(&f.buf, sfnt.NameIDPostScript)
	if err != nil {
		s = ""
	}
	var b []byte
	for i := range len(s) {
		if c := s[i]; c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' {
			b = append(b, c)
		}
	}
	if len(b) == 0 {
		return f.name
	}
	return string(b)
}
