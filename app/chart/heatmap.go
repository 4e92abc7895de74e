package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

// How many columns and rows a heat map has, and up to how many cells the values are written in.
const (
	heatColumns = 60
	heatRows    = 30
	heatWords   = 130
	heatSteps   = 5
)

// heatmap draws a tile for each pair of categories, the darker the larger.
func (b *builder) heatmap() {
	m := b.collect()
	b.arrange(m, heatColumns)
	m.complete(b.words, 2*heatColumns)
	if len(m.places) > heatColumns {
		b.note("Showing the last " + grouped(heatColumns) + " of " + grouped(len(m.places)) + " columns.")
		m.reorder(upTo(len(m.places))[len(m.places)-heatColumns:])
	}
	b.heatOrder(m)
	if len(m.series) > heatRows {
		b.note("Showing the first " + grouped(heatRows) + " of " + grouped(len(m.series)) + " rows.")
		m.series = m.series[:heatRows]
	}
	b.sayMatrix(m, b.placeLabel())
	b.matrixTable(m, b.placeLabel())
	s := b.words.styleOf(*b.ys[0])
	low, high := math.Inf(1), math.Inf(-1)
	var data []any
	for y, series := range m.series {
		for x, v := range series.values {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
				b.marks = append(b.marks, markCell{0, len(data), x, y + 1})
				data = append(data, []any{x, y, v})
			}
		}
	}
	if len(data) == 0 {
		b.err = noNumber(b.ys[0])
		return
	}
	c := charts.NewHeatMap()
	b.base = c
	b.common(&c.BaseConfiguration)
	labels := make([]string, len(m.places))
	for i, pl := range m.places {
		labels[i] = pl.label
	}
	x := b.placeX(labels)
	x.AxisLine = &opts.AxisLine{Show: opts.Bool(false)}
	c.XAxisList = []opts.XAxis{x}
	y := b.placeY(seriesNames(m))
	y.AxisLine = &opts.AxisLine{Show: opts.Bool(false)}
	c.YAxisList = []opts.YAxis{y}
	b.set(map[string]any{"yAxis": map[string]any{"axisTick": map[string]any{"show": false}, "axisLabel": map[string]any{"width": 150, "overflow": "truncate"}}})
	b.small(map[string]any{"yAxis": map[string]any{"axisLabel": map[string]any{"width": 80}}})
	pieces, names := b.pieces(low, high, s)
	if len(data) <= heatWords && b.settings.Labels != "off" || b.settings.Labels == "on" {
		// Words turn light on the darkest step alone.
		dark := lastEdge(low, high)
		for i, d := range data {
			colour := b.theme.Text
			if v := d.([]any)[2].(float64); v >= dark && low < high {
				colour = b.theme.Surface
			}
			data[i] = map[string]any{"value": d, "label": map[string]any{"color": colour}}
		}
	}
	ss := charts.SingleSeries{Name: b.ys[0].label, Type: "heatmap", Data: data,
		ItemStyle: &opts.ItemStyle{BorderColor: b.theme.Surface, BorderWidth: 1}}
	if len(data) <= heatWords && b.settings.Labels != "off" || b.settings.Labels == "on" {
		ss.Label = &opts.Label{Show: opts.Bool(true), FontSize: 11, Formatter: b.words.short(s)}
		ss.LabelLayout = &opts.LabelLayout{HideOverlap: opts.Bool(true)}
		// Tiles of a narrow drawing have no room for words.
		if len(m.places) > 6 {
			b.small(map[string]any{"series": []any{map[string]any{"label": map[string]any{"show": false}}}})
		}
	}
	c.Tooltip.ValueFormatter = types.FuncStr(b.words.full(s))
	c.MultiSeries = append(c.MultiSeries, ss)
	b.set(map[string]any{"visualMap": []any{map[string]any{"type": "piecewise", "show": true, "pieces": pieces, "orient": "horizontal", "left": 0, "top": 0, "padding": 0,
		"itemWidth": 14, "itemHeight": 10, "itemGap": 12, "itemSymbol": "rect", "textGap": 5, "selectedMode": false, "dimension": 2, "seriesIndex": 0, "hoverLink": false,
		"textStyle": map[string]any{"color": b.theme.Muted, "fontSize": textSize}}}})
	b.legend = names
	b.grid(&c.BaseConfiguration, emptyHead, 4)
	b.legend = nil
	if !m.timed {
		b.fitLabels(labels)
	}
}

// edges cuts a range into about heatSteps intervals of a round width.
func edges(low, high float64) []float64 {
	width := round((high - low) / heatSteps)
	start := math.Floor(low/width) * width
	out := []float64{start}
	for i := 1; out[len(out)-1] < high; i++ {
		out = append(out, start+float64(i)*width)
	}
	return out
}

func lastEdge(low, high float64) float64 {
	if low == high {
		return high
	}
	e := edges(low, high)
	return e[len(e)-2]
}

// heatOrder puts the rows of a heat map in the order of their names where that is an order.
func (b *builder) heatOrder(m *matrix) {
	if b.series == nil || b.series.role != ordinal && b.series.role != temporal && b.settings.SortBy != "name" {
		return
	}
	rows := &matrix{}
	byName := map[string]seriesData{}
	for _, s := range m.series {
		rows.places = append(rows.places, place{label: s.name})
		byName[s.name] = s
	}
	if b.series.role == ordinal {
		rows.byOrder()
	} else {
		rows.order(func(a, c int) int {
			if rows.places[a].label < rows.places[c].label {
				return -1
			}
			return 1
		})
	}
	for i, pl := range rows.places {
		m.series[i] = byName[pl.label]
	}
}

// faint returns a colour let through by so much. ECharts draws the swatches of a
// legend with a colour's own opacity only.
func faint(hex string, opacity float64) string {
	v, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil {
		return hex
	}
	return fmt.Sprintf("rgba(%d,%d,%d,%s)", v>>16, v>>8&255, v&255, short(opacity))
}

// pieces cuts the range of a heat map into steps of one colour, from faint to full.
func (b *builder) pieces(low, high float64, s style) (pieces []any, names []string) {
	if low == high {
		name := b.words.compact(low, s)
		return []any{map[string]any{"min": low, "max": high, "label": name, "color": faint(b.theme.Palette[0], 0.5)}}, []string{name}
	}
	edges := edges(low, high)
	steps := len(edges) - 1
	for i := range steps {
		name := b.words.compact(edges[i], s) + "–" + b.words.compact(edges[i+1], s)
		opacity := 1.0
		if steps > 1 {
			opacity = 0.1 + 0.9*float64(i)/float64(steps-1)
		}
		piece := map[string]any{"gte": edges[i], "lt": edges[i+1], "label": name, "color": faint(b.theme.Palette[0], opacity)}
		if i == steps-1 {
			delete(piece, "lt")
			piece["lte"] = edges[i+1]
		}
		pieces = append(pieces, piece)
		names = append(names, name)
	}
	return pieces, names
}
