package chart

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// placeText writes a text's place as x and y of its baseline, which every
// reader of SVG understands alike.
func placeText(a map[string]string) {
	size := number(a["font-size"], 12)
	x, y := number(a["x"], 0), number(a["y"], 0)
	switch a["dominant-baseline"] {
	case "central", "middle":
		y += 0.335 * size // half the height of a digit in the interface's face
	case "text-before-edge", "hanging":
		y += 0.8 * size
	case "text-after-edge":
		y -= 0.2 * size
	}
	delete(a, "dominant-baseline")
	if tx, ty, ok := translation(a["transform"]); ok {
		x += tx
		y += ty
		delete(a, "transform")
	}
	a["x"], a["y"] = short(x), short(y)
}

// translation reads "translate(x y)" and the same as a matrix.
func translation(transform string) (x, y float64, ok bool) {
	f := arguments(transform, "translate")
	if len(f) == 2 {
		return f[0], f[1], true
	}
	return 0, 0, false
}

func arguments(transform, name string) []float64 {
	inner, ok := strings.CutPrefix(transform, name+"(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed {
		return nil
	}
	var out []float64
	for _, p := range strings.FieldsFunc(inner, func(r rune) bool { return r == ' ' || r == ',' }) {
		v, err := strconv.ParseFloat(p, 64)
		if err != nil {
			return nil
		}
		out = append(out, v)
	}
	return out
}

// unitCircle is how ECharts writes a round symbol, scaled by a matrix.
const unitCircle = "M1 0A1 1 0 1 1 1 -0.1A1 1 0 0 1 1 0"

// asCircle turns a round symbol into the attributes of a circle.
func asCircle(a map[string]string) bool {
	m := arguments(a["transform"], "matrix")
	if a["d"] != unitCircle || len(m) != 6 || m[0] != m[3] || m[1] != 0 || m[2] != 0 {
		return false
	}
	a["r"], a["cx"], a["cy"] = short(m[0]), short(m[4]), short(m[5])
	if s, ok := a["stroke-width"]; ok {
		a["stroke-width"] = short(number(s, 1) * m[0])
	}
	delete(a, "d")
	delete(a, "transform")
	return true
}

func number(s string, otherwise float64) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return otherwise
	}
	return v
}

// short writes a coordinate with two decimals at most.
func short(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

// escape writes words or an attribute's value into XML.
func escape(out *bytes.Buffer, s string) {
	for _, r := range s {
		switch r {
		case '&':
			out.WriteString("&amp;")
		case '<':
			out.WriteString("&lt;")
		case '>':
			out.WriteString("&gt;")
		case '"':
			out.WriteString("&quot;")
		default:
			out.WriteRune(r)
		}
	}
}

// clean makes a text from data fit for a drawing: valid UTF-8, on one line,
// without the characters that XML forbids or that turn the direction of what follows.
func clean(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return apart(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			b.WriteByte(' ')
		case r < 0x20 || r >= 0x7f && r < 0xa0:
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff:
		case r == 0xfffe || r == 0xffff || r == utf8.RuneError:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return apart(b.String())
}

// apart puts an unseen character into the one name that, as a key of a plain
// object, is no key: scripts in browsers would change the parent of every object.
func apart(s string) string { return strings.ReplaceAll(s, "__proto__", "__proto\u2060__") }
