package chart

import (
	"strconv"
	"strings"
)

// classes gives each colour of a theme the class by which a page's style sheet
// can replace it:
//
//	a-c1 … a-c8   a fill in a palette colour
//	a-s1 … a-s8   a stroke in a palette colour
//	a-text        words that carry the message
//	a-muted       words of axes and legends
//	a-axis a-grid strokes of the axis and of the lines behind the marks
//	a-surface     a fill, or words on a filled mark, in the colour under the drawing
//	a-edge        a stroke in that colour, which keeps neighbouring marks apart
type classes struct {
	fill, stroke map[string]string
}

func newClasses(t Theme) classes {
	c := classes{fill: map[string]string{}, stroke: map[string]string{}}
	for i, p := range t.Palette {
		c.fill[colour(p)] = "a-c" + strconv.Itoa(i+1)
		c.stroke[colour(p)] = "a-s" + strconv.Itoa(i+1)
	}
	c.fill[colour(t.Text)] = "a-text"
	c.fill[colour(t.Muted)] = "a-muted"
	c.fill[colour(t.Surface)] = "a-surface"
	c.stroke[colour(t.Axis)] = "a-axis"
	c.stroke[colour(t.Grid)] = "a-grid"
	c.stroke[colour(t.Surface)] = "a-edge"
	return c
}

// colour brings the spellings of one colour together: lower-case hexadecimal digits.
func colour(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) == 4 && s[0] == '#' {
		return string([]byte{'#', s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	inner, ok := strings.CutPrefix(s, "rgb(")
	if !ok {
		return s
	}
	parts := strings.Split(strings.TrimSuffix(inner, ")"), ",")
	if len(parts) != 3 {
		return s
	}
	out := []byte{'#'}
	for _, p := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil || n < 0 || n > 255 {
			return s
		}
		const digits = "0123456789abcdef"
		out = append(out, digits[n>>4], digits[n&15])
	}
	return string(out)
}
