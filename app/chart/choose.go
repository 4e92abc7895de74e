package chart

import (
	"assay/app/frame"
)

// Choice is a kind picked for a result, with the reason.
type Choice struct {
	Settings Settings
	// Reason is a sentence for people: why this kind.
	Reason string
}

// Choose returns the settings that suit the shape of a result.
func Choose(f *frame.Frame) Settings { return Explain(f).Settings }

// Many is where a chart turns into another that holds more.
const (
	manyBars   = 8  // upright labels fit below so many columns
	longLabel  = 12 // characters that still fit below a column
	manyCells  = 40 // a heat map reads better than that many stacked parts
	manyValues = 20 // rows that make a distribution
)

// Explain returns the settings that suit the shape of a result, and why.
func Explain(f *frame.Frame) Choice {
	cols := profile(f, Settings{})
	s := shapeOf(f, cols)
	of := func(r role) []column {
		var out []column
		for _, c := range cols {
			if c.role == r {
				out = append(out, c)
			}
		}
		return out
	}
	ys := names(of(measure))
	switch {
	case s.rows == 0:
		return choice(Table, "The result has no rows.", "", nil, "")
	case s.measures == 0:
		return choice(Table, "The result has no numbers to draw.", "", nil, "")
	case s.rows == 1 && s.measures == 1 && s.dims() == 0:
		return choice(Number, "The result is a single number.", "", ys, "")
	case s.rows == 1:
		return choice(Table, "The result is a single row.", "", nil, "")
	}
	words := append(of(category), of(ordinal)...)
	if times := of(temporal); len(times) > 0 {
		return overTime(times[0], words, ys, s)
	}
	if len(words) == 0 {
		return onlyNumbers(ys, s)
	}
	return byCategory(f, words, ys, s)
}

func overTime(x column, words []column, ys []string, s shape) Choice {
	switch {
	case x.distinct < 2 && len(words) == 1 && len(ys) <= 4:
		return choice(Bar, "All rows share one time, so the categories are compared.", words[0].name, ys, "")
	case len(words) == 0 && len(ys) <= 8:
		return choice(Line, "A number over time.", x.name, ys, "")
	case len(words) == 1 && len(ys) > 0 && words[0].distinct > 1 && words[0].distinct <= 60 && words[0].distinct*x.distinct >= s.rows:
		// Of several numbers the first: lines for each of both would tell too much.
		return choice(Line, "A number over time, with a line for each "+words[0].label+".", x.name, ys[:1], words[0].name)
	}
	return choice(Table, "The result has more columns than one chart shows well.", "", nil, "")
}

func onlyNumbers(ys []string, s shape) Choice {
	switch {
	case len(ys) == 1 && s.rows >= manyValues:
		return choice(Histogram, "Many values of one number: how they are spread.", "", ys, "")
	case len(ys) == 2 && s.rows > 2:
		return choice(Scatter, "Two numbers: how one goes with the other.", ys[0], ys[1:], "")
	}
	return choice(Table, "Numbers without a category or time to set them against.", "", nil, "")
}

func byCategory(f *frame.Frame, words []column, ys []string, s shape) Choice {
	x := words[0]
	switch {
	case len(words) == 1 && len(ys) == 2 && s.rows > 2*manyValues && x.distinct == s.rows:
		return choice(Scatter, "Two numbers for each of many rows: how one goes with the other.", ys[0], ys[1:], "")
	case len(words) == 1 && len(ys) == 1 && s.rows >= manyValues && s.rows >= 3*x.distinct:
		return choice(BoxPlot, "Several values for each "+x.label+": how they are spread.", x.name, ys, "")
	case len(words) == 1 && x.role == ordinal && x.named("year") && x.distinct > 2 && len(ys) <= 8:
		return choice(Line, "A number over the years.", x.name, ys, "")
	case len(words) == 1 && len(ys) <= 4:
		if x.role != ordinal && (x.longest > longLabel || x.distinct > manyBars) {
			return choice(HBar, "A number by category; lying bars leave room for the names.", x.name, ys, "")
		}
		return choice(Bar, "A number by category.", x.name, ys, "")
	case len(words) == 2 && len(ys) == 1:
		return byTwo(f, words[0], words[1], ys)
	}
	return choice(Table, "The result has more columns than one chart shows well.", "", nil, "")
}

func byTwo(f *frame.Frame, a, b column, ys []string) Choice {
	// The category with more values goes along the axis, an order before names.
	if a.role != ordinal && (b.role == ordinal || b.distinct > a.distinct) {
		a, b = b, a
	}
	y := profile(f, Settings{})[f.Index(ys[0])]
	switch {
	case a.distinct*b.distinct >= manyCells && b.distinct > 5:
		return choice(Heatmap, "A number by two categories with many values each.", a.name, ys, b.name)
	case b.distinct > 8:
		return choice(Table, "Both categories have many values.", "", nil, "")
	case y.additive:
		return choice(Stacked, "A number by two categories.", a.name, ys, b.name)
	}
	return choice(Bar, "A number by two categories, side by side since it cannot be summed up.", a.name, ys, b.name)
}

func choice(k Kind, reason, x string, y []string, series string) Choice {
	return Choice{Settings{Kind: k, X: x, Y: y, Series: series}, reason}
}

func names(cols []column) []string {
	var out []string
	for _, c := range cols {
		out = append(out, c.name)
	}
	return out
}
