package chart

import (
	"encoding/json"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"assay/app/frame"
)

// Drawing is a chart ready to be drawn, by the server or in a browser.
type Drawing struct {
	Kind Kind
	// Option is the ECharts option; nil for a number, a table and a pivot table.
	Option json.RawMessage
	// Title and Subtitle are those of the settings, or a title made of the columns' names.
	Title, Subtitle string
	// Description says in words what is drawn, for those who do not see it: the
	// kind, the axes, the range, the highest and the lowest.
	Description string
	// Table holds what is drawn, as text for people; nil for a table and a pivot table.
	Table *Data
	// Dropped says in sentences what of the result is not drawn, or is summed up; empty where all is.
	Dropped string
	// Number is set for the kind Number.
	Number *Figure
	// ID, where set, begins the ids in the drawing; set it where one page may
	// hold the same drawing twice.
	ID    string
	theme Theme
	marks []markCell
}

// Drawn reports whether the drawing has a picture.
func (d Drawing) Drawn() bool { return d.Kind == Number && d.Number != nil || len(d.Option) > 0 }

// Data is a small table of text.
type Data struct {
	Head []Head
	Rows [][]string
	// Behind holds for each row the value that the first axis' column has in it, nil
	// where there is not exactly one; it may be shorter than Rows.
	Behind []*Value
	// More is how many rows are not in Rows.
	More int
}

// Head heads a column of a Data.
type Head struct {
	Name string
	// Numeric says that the column's values are numbers, to be set to the right.
	Numeric bool
	// Behind is the value that a column of the result has in this column's numbers, nil for none.
	Behind *Value
}

// dataRows bounds the table beside a chart.
const dataRows = 500

// Option turns a result into a drawing. Its error is that of Fit.
func Option(f *frame.Frame, s Settings, t Theme) (Drawing, error) {
	p, err := makePlan(f, s, t)
	if err != nil {
		return Drawing{}, err
	}
	d := Drawing{Kind: p.kind, Title: clean(s.Title), Subtitle: clean(s.Subtitle), theme: t}
	if p.kind == Table || p.kind == Pivot {
		return d, nil
	}
	b := builder{plan: p}
	switch p.kind {
	case Line, Area:
		b.line()
	case Bar, HBar, Stacked, Stacked100:
		b.bar()
	case Pie:
		b.pie()
	case Funnel:
		b.funnel()
	case Scatter:
		b.scatter()
	case Heatmap:
		b.heatmap()
	case Histogram:
		b.histogram()
	case Waterfall:
		b.waterfall()
	case BoxPlot:
		b.boxplot()
	case Gauge:
		b.gauge()
	case Treemap:
		b.treemap()
	case Sankey:
		b.sankey()
	case Number:
		b.figure()
	}
	if b.err != nil {
		return Drawing{}, b.err
	}
	if d.Title == "" {
		d.Title = b.title
	}
	if b.base != nil {
		if t.Titled {
			b.titled(d.Title, d.Subtitle)
		}
		if d.Option, err = b.option(); err != nil {
			return Drawing{}, err
		}
	}
	d.Number, d.marks = b.number, b.marks
	d.Description = strings.Join(b.said, " ")
	d.Table = b.table
	d.Dropped = strings.Join(p.notes, " ")
	return d, nil
}

// builder makes one drawing out of a plan.
type builder struct {
	*plan
	base   base
	patch  map[string]any
	narrow map[string]any // laid over the option where there is little room
	legend []string
	title  string
	said   []string
	table  *Data
	number *Figure
	marks  []markCell
	err    error
}

// matrixTable writes a matrix as the table beside the chart.
func (b *builder) matrixTable(m *matrix, first string) {
	t := &Data{Head: []Head{{Name: first}}}
	styles := make([]style, len(m.series))
	for i, s := range m.series {
		t.Head = append(t.Head, Head{Name: s.name, Numeric: true, Behind: s.behind})
		styles[i] = b.words.styleOf(*s.column)
	}
	for at, pl := range m.places {
		if at == dataRows {
			t.More = len(m.places) - at
			break
		}
		row := []string{strings.TrimSpace(pl.label)}
		for i, s := range m.series {
			row = append(row, b.words.number(s.values[at], styles[i]))
		}
		t.Rows, t.Behind = append(t.Rows, row), append(t.Behind, pl.behind)
	}
	b.table = t
}

// sayMatrix describes a matrix in words.
func (b *builder) sayMatrix(m *matrix, by string) {
	i, _ := info(b.kind)
	what := b.ys[0].label
	if b.series == nil && len(b.ys) > 1 {
		var all []string
		for _, y := range b.ys {
			all = append(all, y.label)
		}
		what = join(all)
	}
	text := capital(i.noun) + " of " + what
	b.title = capital(what)
	if by != "" {
		text += " by " + by
		b.title += " by " + lower(by)
	}
	if b.series != nil {
		text += ", " + count(len(m.series), "series", "series") + " by " + b.series.label
		b.title += " and " + lower(b.series.label)
	}
	b.say(text + ".")
	if n := len(m.places); n > 1 && m.timed {
		b.say("From " + m.places[0].label + " to " + m.places[n-1].label + ".")
	}
	type point struct {
		v     float64
		where string
		c     *column
	}
	low, high := point{v: math.Inf(1)}, point{v: math.Inf(-1)}
	for _, s := range m.series {
		for at, v := range s.values {
			where := m.places[at].label
			if len(m.series) > 1 {
				where += ", " + s.name
			}
			if v < low.v {
				low = point{v, where, s.column}
			}
			if v > high.v {
				high = point{v, where, s.column}
			}
		}
	}
	if high.c != nil {
		b.say("Highest " + b.words.number(high.v, b.words.styleOf(*high.c)) + " at " + high.where +
			", lowest " + b.words.number(low.v, b.words.styleOf(*low.c)) + " at " + low.where + ".")
	}
}

func (b *builder) say(sentence string) { b.said = append(b.said, sentence) }

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// lower writes a label inside a sentence; what is spelled in capitals stays.
func lower(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}
