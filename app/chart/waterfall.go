package chart

import (
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

const waterfallCap = 24

// The layers of a waterfall: what lies unseen below a bar, then rises, falls
// and totals, each apart above and below nought, since ECharts stacks the signs apart.
const (
	unseenLayer = iota
	riseAbove
	riseBelow
	fallAbove
	fallBelow
	totalLayer
	layers
)

// waterfall draws how steps lead from nought to a total: each bar begins where
// the one before it ended.
func (b *builder) waterfall() {
	m := b.collect()
	m.series = m.series[:1]
	b.arrange(m, waterfallCap)
	b.thinPlaces(m)
	b.sayMatrix(m, b.placeLabel())
	b.matrixTable(m, b.placeLabel())
	s := b.words.styleOf(*m.series[0].column)
	n := len(m.places)
	labels := make([]string, n+1)
	var data [layers][]any
	for i := range data {
		data[i] = make([]any, n+1)
	}
	sum := 0.0
	for i, pl := range m.places {
		labels[i] = pl.label
		v := m.series[0].values[i]
		if math.IsNaN(v) {
			continue
		}
		b.step(&data, i, sum, sum+v, n, s)
		if i < dataRows {
			for layer := riseAbove; layer < totalLayer; layer++ {
				if data[layer][i] != nil {
					b.marks = append(b.marks, markCell{layer, i, i, 1})
				}
			}
		}
		sum += v
	}
	labels[n] = freeName("Total", placeNames(m))
	position := "top"
	if sum < 0 {
		position = "bottom"
	}
	data[totalLayer][n] = b.barOf(sum, b.words.compact(sum, s), position, n)
	b.table.Rows = append(b.table.Rows, []string{"Total", b.words.number(sum, s)})
	b.say("Total " + b.words.number(sum, s) + ".")

	c := charts.NewBar()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.Tooltip.ValueFormatter = types.FuncStr(b.words.full(s))
	colours := [layers]string{"transparent", b.theme.Palette[0], b.theme.Palette[0], b.theme.Palette[1], b.theme.Palette[1], b.theme.rest()}
	seriesNames := [layers]string{"", "Rise", "Rise below", "Fall", "Fall below", "Total"}
	for i := range data {
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{Name: seriesNames[i], Type: "bar", Stack: "all", Data: data[i],
			BarMaxWidth: "56", BarCategoryGap: "24%", ItemStyle: &opts.ItemStyle{Color: colours[i]},
			LabelLayout: &opts.LabelLayout{HideOverlap: opts.Bool(true)}})
	}
	b.layUpright(c, labels, s, m)
	if m.timed {
		b.fitLabels(labels)
	}
	b.narrowAxes()
}

// step places the bar of one step.
func (b *builder) step(data *[layers][]any, i int, from, to float64, n int, s style) {
	low, high := math.Min(from, to), math.Max(from, to)
	above, below := riseAbove, riseBelow
	text := "+" + b.words.compact(to-from, s)
	if to < from {
		above, below = fallAbove, fallBelow
		text = b.words.compact(to-from, s)
	}
	switch {
	case low >= 0:
		data[unseenLayer][i] = low
		data[above][i] = b.barOf(high-low, text, "top", n)
	case high <= 0:
		data[unseenLayer][i] = high
		data[below][i] = b.barOf(low-high, text, "bottom", n)
	default:
		data[above][i] = b.barOf(high, text, "top", n)
		data[below][i] = low
	}
}

// barOf is a bar with its step written at its end where there is room.
func (b *builder) barOf(v float64, text, position string, n int) any {
	if b.settings.Labels == "off" || b.settings.Labels == "" && n > 14 {
		return v
	}
	return opts.BarData{Value: v, Label: &opts.Label{Show: opts.Bool(true), Position: position, Formatter: text, Color: b.theme.Text, FontSize: textSize}}
}
