package chart

// Theme is the set of colours and the face that a drawing is made with. The
// page's style sheet lays its own colours over them by class (see class.go), so
// a drawing carries the light theme and still suits a dark page.
type Theme struct {
	// Palette colours series in order; the last is grey and stands for the rest.
	Palette [8]string
	// Text is for words that carry the message, Muted for axes and legends.
	Text, Muted string
	// Axis is for the line values stand on, Grid for the lines behind them.
	Axis, Grid string
	// Surface is what lies under the drawing, and words on filled marks.
	Surface string
	// Font is the CSS list of faces; the first is the one that is measured.
	Font string
	// Titled writes the title and subtitle into the drawing, for a file that stands alone.
	Titled bool
}

// Light returns the theme of drawings in pages, files, mail and print. The
// palette keeps apart under the common colour-vision deficiencies and stands at
// least 3:1 against white.
func Light() Theme {
	return Theme{
		Palette: [8]string{"#1f6fa8", "#d47420", "#1d5a3c", "#9883ea", "#8a6200", "#1f9db5", "#8f2e44", "#7c8288"},
		Text:    "#1b1f23",
		Muted:   "#5a626c",
		Axis:    "#8a8d91",
		Grid:    "#e6e4df",
		Surface: "#ffffff",
		Font:    "'Assay Sans', 'Source Sans 3', system-ui, sans-serif",
	}
}

// rest is the colour of what was summed up as Other, and of what is only context.
func (t Theme) rest() string { return t.Palette[len(t.Palette)-1] }

// series returns the colour of the n-th of count series.
func (t Theme) series(n, count int, isRest bool) string {
	if isRest {
		return t.rest()
	}
	if n >= len(t.Palette)-1 && count > len(t.Palette) {
		return t.rest()
	}
	return t.Palette[n%len(t.Palette)]
}
