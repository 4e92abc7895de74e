package pdf

import "strconv"

// colour is red, green and blue.
type colour struct{ r, g, b uint8 }

func hex(s string) colour {
	n, _ := strconv.ParseUint(s, 16, 32) // constants of this file alone
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}
}

var white = colour{255, 255, 255}

// theme is a look on paper: measures in points.
type theme struct {
	top, bottom, side          float64 // margins
	title, body, small, tiny   float64 // sizes of type
	code, table                float64
	heading                    [4]float64
	number                     float64
	leading                    float64 // line height over size
	gap                        float64 // between blocks
	gutter                     float64 // between cells of a row
	pad                        float64 // above and below the words in a table's row
	text, muted, line, strong  colour
	accent, tint, bad, badTint colour
	sunken                     colour
	titleRule                  bool
}

const millimetre = 72 / 25.4

// themes are close relatives of static/css/tokens.css and print.css.
var themes = map[string]theme{
	"report": {
		top: 18 * millimetre, bottom: 20 * millimetre, side: 16 * millimetre,
		title: 22, body: 10.5, small: 9, tiny: 8, code: 8.5, table: 9, heading: [4]float64{16, 13, 11.5, 10.5}, number: 24,
		leading: 1.42, gap: 8, gutter: 6 * millimetre, pad: 3,
		text: hex("1b1f23"), muted: hex("59616b"), line: hex("e4e2dd"), strong: hex("bbb8b0"),
		accent: hex("1f5f8b"), tint: hex("e8f0f6"), bad: hex("a8281e"), badTint: hex("fbeae8"), sunken: hex("f5f4f1"),
		titleRule: true,
	},
	"plain": {
		top: 20 * millimetre, bottom: 20 * millimetre, side: 20 * millimetre,
		title: 20, body: 10.5, small: 9, tiny: 8, code: 8.5, table: 9, heading: [4]float64{15, 12.5, 11, 10.5}, number: 22,
		leading: 1.42, gap: 8, gutter: 6 * millimetre, pad: 3,
		text: hex("000000"), muted: hex("4d4d4d"), line: hex("d9d9d9"), strong: hex("8c8c8c"),
		accent: hex("000000"), tint: hex("ffffff"), bad: hex("000000"), badTint: hex("ffffff"), sunken: hex("ffffff"),
	},
	"compact": {
		top: 14 * millimetre, bottom: 15 * millimetre, side: 13 * millimetre,
		title: 17, body: 9, small: 8, tiny: 7.5, code: 7.5, table: 8, heading: [4]float64{13, 11, 10, 9}, number: 19,
		leading: 1.34, gap: 5.5, gutter: 4.5 * millimetre, pad: 2,
		text: hex("1b1f23"), muted: hex("59616b"), line: hex("e4e2dd"), strong: hex("bbb8b0"),
		accent: hex("1f5f8b"), tint: hex("e8f0f6"), bad: hex("a8281e"), badTint: hex("fbeae8"), sunken: hex("f5f4f1"),
		titleRule: true,
	},
}
