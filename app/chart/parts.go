package chart

import (
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

// How many parts of a whole can be told apart.
const (
	pieCap    = 8
	funnelCap = 12
	tileCap   = 60
)

// sorted puts the places in falling order, what was summed up last.
func (m *matrix) sorted() {
	m.order(func(a, b int) int {
		switch {
		case m.places[a].rest != m.places[b].rest:
			if m.places[a].rest {
				return 1
			}
			return -1
		case m.total(a) > m.total(b):
			return -1
		case m.total(a) < m.total(b):
			return 1
		}
		return 0
	})
}

// pie draws a ring, the largest part first from twelve o'clock.
func (b *builder) pie() {
	m := b.collect()
	b.arrange(m, pieCap)
	m.sorted()
	b.sayMatrix(m, b.placeLabel())
	b.matrixTable(m, b.placeLabel())
	s := b.words.styleOf(*m.series[0].column)
	whole := m.sum()
	c := charts.NewPie()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.Tooltip.ValueFormatter = types.FuncStr(b.words.full(s))
	b.table.Head = append(b.table.Head, Head{Name: "Share", Numeric: true})
	var data []any
	for i, pl := range m.places {
		v := m.series[0].values[i]
		share := b.words.spell(v/whole, "percent", -1, "")
		if i < len(b.table.Rows) {
			b.table.Rows[i] = append(b.table.Rows[i], share)
		}
		if math.IsNaN(v) || v == 0 {
			continue
		}
		b.marks = append(b.marks, markCell{0, len(data), i, 1})
		data = append(data, opts.PieData{Name: pl.label, Value: v,
			ItemStyle: &opts.ItemStyle{Color: b.theme.series(i, len(m.places), pl.rest || len(m.places) > 8 && i >= 7)},
			Label:     &opts.Label{Formatter: brief(pl.label, 24) + " " + share}})
	}
	ss := charts.SingleSeries{Name: m.series[0].name, Type: "pie", Data: data,
		Radius: []string{"44%", "74%"}, Center: []string{"50%", "50%"},
		ItemStyle: &opts.ItemStyle{BorderColor: b.theme.Surface, BorderWidth: 1.5},
		Label:     &opts.Label{Show: opts.Bool(true), Color: b.theme.Text, FontSize: textSize},
		LabelLine: &opts.LabelLine{Show: opts.Bool(true), Length2: 8, LineStyle: &opts.LineStyle{Color: b.theme.Axis, Width: 1}}}
	c.MultiSeries = append(c.MultiSeries, ss)
	b.set(map[string]any{"series": map[string]any{"avoidLabelOverlap": true, "minShowLabelAngle": 4, "label": map[string]any{"overflow": "truncate", "edgeDistance": 4, "bleedMargin": 4}, "labelLine": map[string]any{"length": 10}}})
	b.small(map[string]any{"series": []any{map[string]any{"radius": []string{"32%", "58%"}, "label": map[string]any{"width": 96}, "labelLine": map[string]any{"length": 6, "length2": 4}}}})
}

// sum adds up all values.
func (m *matrix) sum() float64 {
	sum := 0.0
	for _, s := range m.series {
		sum += s.total()
	}
	return sum
}

// brief cuts a text to so many characters.
func brief(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}

// funnel draws the stages of a process as bars in the middle, each with what is left of the first.
func (b *builder) funnel() {
	m := b.collect()
	b.arrange(m, funnelCap)
	b.sayMatrix(m, b.placeLabel())
	b.matrixTable(m, b.placeLabel())
	s := b.words.styleOf(*m.series[0].column)
	values := m.series[0].values
	b.table.Head = append(b.table.Head, Head{Name: "Of the first", Numeric: true})
	labels := make([]string, len(m.places))
	before, bars := make([]any, len(values)), make([]any, len(values))
	first, most, room := values[0], 0.0, 0.0
	for _, v := range values {
		if v > most {
			most = v
		}
	}
	for i, pl := range m.places {
		v := values[i]
		labels[i] = pl.label
		share := ""
		if first > 0 {
			share = b.words.spell(v/first, "percent", -1, "")
		}
		if i < len(b.table.Rows) {
			b.table.Rows[i] = append(b.table.Rows[i], share)
		}
		if math.IsNaN(v) {
			continue
		}
		text := b.words.compact(v, s)
		if i > 0 && share != "" {
			text += " · " + share
		}
		room = max(room, roughWidth(text))
		b.marks = append(b.marks, markCell{1, i, i, 1})
		before[i] = map[string]any{"value": (most - v) / 2, "tooltip": map[string]any{"show": false}}
		bars[i] = map[string]any{"value": v, "label": map[string]any{"formatter": text}}
	}
	c := charts.NewBar()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.Tooltip.ValueFormatter = types.FuncStr(b.words.full(s))
	// What is not there before a bar stands in the stack as well, unseen, and puts it in the middle.
	c.MultiSeries = append(c.MultiSeries,
		charts.SingleSeries{Name: "before", Type: "bar", Stack: "stage", Data: before, ItemStyle: &opts.ItemStyle{Color: "transparent"}},
		charts.SingleSeries{Name: m.series[0].name, Type: "bar", Stack: "stage", Data: bars, ItemStyle: &opts.ItemStyle{Color: b.theme.Palette[0]},
			Label: &opts.Label{Show: opts.Bool(true), Position: "right", Color: b.theme.Text, FontSize: textSize}})
	for i := range c.MultiSeries {
		c.MultiSeries[i].BarCategoryGap = "16%"
		c.MultiSeries[i].BarMaxWidth = "64"
	}
	c.XAxisList = []opts.XAxis{{Type: "value", Show: opts.Bool(false), Min: 0, Max: most}}
	c.YAxisList = []opts.YAxis{b.placeY(labels)}
	c.YAxisList[0].AxisLine = &opts.AxisLine{Show: opts.Bool(false)}
	b.set(map[string]any{"yAxis": map[string]any{"axisTick": map[string]any{"show": false}, "axisLabel": map[string]any{"interval": 0, "width": 200, "overflow": "truncate", "color": b.theme.Text}}})
	b.small(map[string]any{"yAxis": map[string]any{"axisLabel": map[string]any{"width": 110}}})
	b.grid(&c.BaseConfiguration, emptyHead, room+12)
}

// gauge draws one number on an arc from nought to the goal, or to a round number above it.
func (b *builder) gauge() {
	y := b.ys[0]
	s := b.words.styleOf(*y)
	v, ok := b.value(0, y)
	if !ok {
		b.err = noNumber(y)
		return
	}
	top := roundUp(math.Abs(v))
	switch {
	case b.settings.Goal != nil && *b.settings.Goal > 0 && !math.IsInf(*b.settings.Goal, 0):
		top = *b.settings.Goal
	case y.unit == "%" && math.Abs(v) <= 100:
		top = 100
	case y.unit == "ratio" && math.Abs(v) <= 1:
		top = 1
	}
	b.title = y.label
	b.say("Gauge of " + y.label + ": " + b.words.number(v, s) + " of " + b.words.number(top, s) + ".")
	b.table = b.rowsTable(y)
	c := charts.NewGauge()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{Name: y.label, Type: "gauge", StartAngle: 205, EndAngle: -25,
		Center: []string{"50%", "60%"}, Radius: "98%"})
	low := math.Min(0, v)
	b.set(map[string]any{"series": map[string]any{
		"min": low, "max": top, "splitNumber": 1,
		"data":      []any{map[string]any{"value": v, "name": ""}},
		"axisLine":  map[string]any{"lineStyle": map[string]any{"width": 16, "color": []any{[]any{1, faint(b.theme.rest(), 0.22)}}}},
		"progress":  map[string]any{"show": true, "width": 16, "overlap": false, "itemStyle": map[string]any{"color": b.theme.Palette[0]}},
		"pointer":   map[string]any{"show": false},
		"axisTick":  map[string]any{"show": false},
		"splitLine": map[string]any{"show": false},
		"axisLabel": map[string]any{"show": true, "distance": -2, "color": b.theme.Muted, "fontSize": textSize, "formatter": b.words.short(s)},
		"title":     map[string]any{"show": false},
		"detail": map[string]any{"show": true, "offsetCenter": []any{0, "-6%"}, "fontSize": 30, "fontWeight": 600, "color": b.theme.Text,
			"formatter": b.words.short(s), "valueAnimation": false},
	}})
	b.small(map[string]any{"series": []any{map[string]any{"detail": map[string]any{"fontSize": 24}}}})
}

// roundUp returns the next of 1, 2, 5 and 10 times a power of ten.
func roundUp(v float64) float64 {
	if v == 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*unit >= v {
			return f * unit
		}
	}
	return 10 * unit
}
