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
	b.table.Head = append(b.table.Head, Head{"Share", true})
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
	c := charts.NewFunnel()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.Tooltip.ValueFormatter = types.FuncStr(b.words.full(s))
	b.table.Head = append(b.table.Head, Head{"Of the first", true})
	var data []any
	first := values[0]
	for i, pl := range m.places {
		v := values[i]
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
		text := brief(pl.label, 28) + "  " + b.words.compact(v, s)
		if i > 0 && share != "" {
			text += " · " + share
		}
		data = append(data, map[string]any{"name": pl.label, "value": v, "label": map[string]any{"formatter": text},
			"itemStyle": map[string]any{"color": faint(b.theme.Palette[0], 1-0.6*float64(i)/float64(max(len(values), 2)))}})
	}
	ss := charts.SingleSeries{Name: m.series[0].name, Type: "funnel", Data: data, Sort: "none",
		Left: "4", Right: "46%", Top: "6", Bottom: "6",
		Label:     &opts.Label{Show: opts.Bool(true), Position: "right", Color: b.theme.Text, FontSize: textSize},
		LabelLine: &opts.LabelLine{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: b.theme.Grid, Width: 1}},
		ItemStyle: &opts.ItemStyle{BorderColor: b.theme.Surface, BorderWidth: 1}}
	c.MultiSeries = append(c.MultiSeries, ss)
	b.set(map[string]any{"series": map[string]any{"gap": 2, "minSize": "1%", "labelLine": map[string]any{"length": 8}}})
	b.small(map[string]any{"series": []any{map[string]any{"right": "58%"}}})
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
