package chart

import (
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

// How many categories a chart shows before it sums up the rest.
const (
	barCap     = 40
	hbarCap    = 20
	timeBarCap = 400
	labelledUp = 12 // columns that have room for their value
)

// bar draws columns, bars, and both stacked.
func (b *builder) bar() {
	m := b.collect()
	lying := b.kind == HBar
	limit := barCap
	if lying {
		limit = hbarCap
	}
	b.arrange(m, limit)
	b.mergeSeries(m)
	if !lying {
		m.complete(b.words, timeBarCap)
	}
	b.thinPlaces(m)
	b.sayMatrix(m, b.placeLabel())
	b.matrixTable(m, b.placeLabel())
	b.tie(m)
	s := b.words.styleOf(*m.series[0].column)
	axis := s
	stacked := b.kind == Stacked || b.kind == Stacked100
	drawn := m
	if b.kind == Stacked100 {
		drawn = m.shares()
		axis = style{name: "percent", digits: 0}
	}

	c := charts.NewBar()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.Tooltip.Trigger = "axis"
	c.Tooltip.ValueFormatter = types.FuncStr(b.words.full(axis))
	labels := make([]string, len(m.places))
	for i, pl := range m.places {
		labels[i] = pl.label
	}
	for i, series := range drawn.series {
		ss := charts.SingleSeries{Name: series.name, Type: "bar", Data: b.barData(drawn, series),
			ItemStyle: &opts.ItemStyle{Color: b.theme.series(i, len(m.series), series.rest)}}
		if stacked {
			ss.Stack = "all"
			ss.ItemStyle.BorderColor = b.theme.Surface
			ss.ItemStyle.BorderWidth = 0.5
		}
		ss.BarMaxWidth = "56"
		ss.BarCategoryGap = "28%"
		if len(m.series) > 1 && !stacked {
			ss.BarGap = "8%"
		}
		if len(labels) > 60 {
			ss.BarCategoryGap = "12%"
		}
		if b.labelled(m, stacked) {
			position := "top"
			if lying {
				position = "right"
			}
			ss.Label = &opts.Label{Show: opts.Bool(true), Position: position, Color: b.theme.Text, FontSize: textSize, Formatter: b.words.short(s)}
			ss.LabelLayout = &opts.LabelLayout{HideOverlap: opts.Bool(true)}
		}
		c.MultiSeries = append(c.MultiSeries, ss)
	}
	b.withLegend(&c.BaseConfiguration, seriesNames(m), "roundRect")
	if lying {
		b.layLying(c, labels, axis)
	} else {
		b.layUpright(c, labels, axis, m)
	}
	if b.kind != Stacked100 {
		b.goal(&c.BaseConfiguration, lying, s)
	}
	b.narrowAxes()
}

func (b *builder) layUpright(c *charts.Bar, labels []string, axis style, m *matrix) {
	x := b.placeX(labels)
	c.XAxisList = []opts.XAxis{x}
	c.SetXAxis(labels)
	y := b.valueY(axis)
	if b.kind == Stacked100 {
		y.Max = 1
		b.set(map[string]any{"yAxis": map[string]any{"interval": 0.25}})
	}
	c.YAxisList = []opts.YAxis{y}
	if !m.timed {
		b.fitLabels(labels)
	}
	right := 8.0
	if n := len(labels); m.timed && n > 0 {
		// The last label is as wide as many columns, and half of it stands beyond its own.
		right = max(right, roughWidth(labels[n-1])/2-480/float64(n)/2+4)
	}
	b.grid(&c.BaseConfiguration, b.axisName(&c.BaseConfiguration, b.measureName()), right)
}

func (b *builder) layLying(c *charts.Bar, labels []string, axis style) {
	c.XAxisList = []opts.XAxis{b.valueX(axis)}
	c.YAxisList = []opts.YAxis{b.placeY(labels)}
	b.set(map[string]any{"yAxis": map[string]any{"axisTick": map[string]any{"show": false},
		"axisLabel": map[string]any{"interval": 0, "width": 200, "overflow": "truncate"}}})
	b.small(map[string]any{"yAxis": map[string]any{"axisLabel": map[string]any{"width": 110}}, "xAxis": map[string]any{"splitNumber": 3}})
	right := 16.0
	if len(c.MultiSeries) > 0 && c.MultiSeries[0].Label != nil {
		// The values beside the bars say what the axis would.
		c.XAxisList[0].AxisLabel.Show = opts.Bool(false)
		c.XAxisList[0].SplitLine = hiddenLine()
		right = 52
	}
	b.grid(&c.BaseConfiguration, b.axisName(&c.BaseConfiguration, b.measureName()), right)
	if len(labels) > 12 {
		b.small(map[string]any{"yAxis": map[string]any{"axisLabel": map[string]any{"interval": "auto"}}})
	}
}

// fitLabels turns long names of upright columns where they would not all show.
func (b *builder) fitLabels(labels []string) {
	longest := 0.0
	for _, l := range labels {
		longest = max(longest, roughWidth(l))
	}
	n := float64(len(labels))
	turned := func(width, cut float64) map[string]any {
		switch {
		case n*(longest+8) <= width:
			return map[string]any{"interval": 0, "rotate": 0}
		case longest <= 32:
			return map[string]any{"interval": "auto", "rotate": 0}
		case n*16 > width:
			return map[string]any{"interval": "auto", "rotate": 45, "width": cut, "overflow": "truncate", "hideOverlap": true}
		}
		return map[string]any{"interval": 0, "rotate": 45, "width": cut, "overflow": "truncate", "hideOverlap": false}
	}
	b.set(map[string]any{"xAxis": map[string]any{"axisLabel": turned(660, 72)}})
	b.small(map[string]any{"xAxis": map[string]any{"axisLabel": turned(310, 54)}})
}

// barData writes the values of a series; what was summed up as Other is grey.
func (b *builder) barData(m *matrix, s seriesData) []any {
	out := make([]any, len(s.values))
	for i, v := range s.values {
		switch {
		case math.IsNaN(v):
		case m.places[i].rest && len(m.series) == 1:
			out[i] = opts.BarData{Value: v, ItemStyle: &opts.ItemStyle{Color: b.theme.rest()}}
		default:
			out[i] = v
		}
	}
	return out
}

// labelled says whether values are written beside the marks.
func (b *builder) labelled(m *matrix, stacked bool) bool {
	switch b.settings.Labels {
	case "on":
		return true
	case "off":
		return false
	}
	if stacked || len(m.series) > 1 {
		return false
	}
	if b.kind == HBar {
		return len(m.places) <= hbarCap
	}
	return len(m.places) <= labelledUp
}

// shares returns each value as its share of its place's total.
func (m *matrix) shares() *matrix {
	out := *m
	out.series = make([]seriesData, len(m.series))
	for i, s := range m.series {
		out.series[i] = s
		out.series[i].values = make([]float64, len(s.values))
		for at, v := range s.values {
			out.series[i].values[at] = v / m.whole(at)
		}
	}
	return &out
}

func (m *matrix) whole(at int) float64 {
	sum := 0.0
	for _, s := range m.series {
		if v := s.values[at]; !math.IsNaN(v) {
			sum += math.Abs(v)
		}
	}
	if sum == 0 {
		return math.NaN()
	}
	return sum
}

// thinPlaces keeps the columns over a long time to a number that can be told apart.
func (b *builder) thinPlaces(m *matrix) {
	if !m.timed || len(m.places) <= timeBarCap {
		return
	}
	b.note("Showing the last " + grouped(timeBarCap) + " of " + grouped(len(m.places)) + " times; a line shows them all.")
	order := upTo(len(m.places))
	m.reorder(order[len(order)-timeBarCap:])
}

func seriesNames(m *matrix) []string {
	out := make([]string, len(m.series))
	for i, s := range m.series {
		out[i] = s.name
	}
	return out
}

// placeLabel names the first axis.
func (b *builder) placeLabel() string {
	if b.x == nil {
		return "Measure"
	}
	return b.x.label
}

// measureName names the values where the chart shows one kind of them.
func (b *builder) measureName() string {
	if b.kind == Stacked100 {
		return "Share of " + lower(b.ys[0].label)
	}
	if len(b.ys) != 1 {
		return ""
	}
	return b.ys[0].label
}
