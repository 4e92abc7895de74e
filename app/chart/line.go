package chart

import (
	"math"
	"slices"
	"time"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

// line draws lines and areas.
func (b *builder) line() {
	m := b.collect()
	b.mergeSeries(m)
	if !m.timed && len(m.places) > pointCap {
		b.note("Showing the first " + grouped(pointCap) + " of " + grouped(len(m.places)) + " places.")
		m.reorder(upTo(pointCap))
	}
	m.complete(b.words, 5*pointCap)
	b.sayMatrix(m, b.placeLabel())
	b.matrixTable(m, b.placeLabel())
	if len(m.places) <= pointCap {
		b.tie(m)
	}
	s := b.words.styleOf(*m.series[0].column)
	stack := b.kind == Area && (b.settings.Stack || b.series != nil && b.ys[0].additive && b.settings.SortBy == "")

	if stack && m.fill() {
		b.note("Missing values count as zero in the stack.")
	}
	c := charts.NewLine()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.Tooltip.Trigger = "axis"
	c.Tooltip.ValueFormatter = types.FuncStr(b.words.full(s))
	thinned := false
	for i, series := range m.series {
		colour := b.theme.series(i, len(m.series), series.rest)
		data, thin := b.lineData(m, series, stack)
		thinned = thinned || thin
		ss := charts.SingleSeries{Name: series.name, Type: "line", Data: data,
			LineStyle: &opts.LineStyle{Color: colour, Width: 2},
			ItemStyle: &opts.ItemStyle{Color: colour}}
		alone := lonely(series.values)
		ss.ShowSymbol = opts.Bool(alone)
		if alone {
			// A value between two gaps has no line to show it.
			ss.Symbol, ss.SymbolSize = "circle", 5
		} else {
			ss.Symbol = "none"
		}
		if b.kind == Area {
			opacity := float32(0.16)
			if stack {
				ss.Stack = "all"
				opacity = 0.85
				ss.LineStyle = &opts.LineStyle{Color: b.theme.Surface, Width: 1}
			}
			ss.AreaStyle = &opts.AreaStyle{Color: colour, Opacity: opts.Float(opacity)}
		}
		c.MultiSeries = append(c.MultiSeries, ss)
	}
	if thinned {
		b.note("Long lines are drawn from " + grouped(pointCap) + " telling points each.")
	}
	if stack {
		b.set(map[string]any{"legend": map[string]any{"lineStyle": map[string]any{"width": 0}}})
	}
	icon := "path://M0 3h12v2H0z"
	if b.kind == Area {
		icon = "roundRect"
	}
	b.withLegend(&c.BaseConfiguration, seriesNames(m), icon)
	y := b.valueY(s)
	if b.kind == Line && b.settings.Goal == nil && far(m) {
		y.Scale = opts.Bool(true)
	}
	c.YAxisList = []opts.YAxis{y}
	if m.timed {
		c.XAxisList = []opts.XAxis{b.timeX(m.grain)}
		if m.grain == byQuarter {
			b.set(map[string]any{"tooltip": map[string]any{"axisPointer": map[string]any{"label": map[string]any{"formatter": b.words.timeFormat(byQuarter)}}}})
		}
	} else {
		labels := make([]string, len(m.places))
		for i, pl := range m.places {
			labels[i] = pl.label
		}
		c.XAxisList = []opts.XAxis{b.placeX(labels)}
		c.SetXAxis(labels)
		b.set(map[string]any{"xAxis": map[string]any{"boundaryGap": false}})
	}
	right := 18.0
	if m.timed {
		right = 30 // the last tick may stand at the very end, with half its words beyond
	}
	b.grid(&c.BaseConfiguration, b.axisName(&c.BaseConfiguration, b.measureName()), right)
	b.goal(&c.BaseConfiguration, false, s)
	b.narrowAxes()
}

// lineData writes a series' values, by time where there is one, thinned where
// there are more points than can be seen.
func (b *builder) lineData(m *matrix, s seriesData, stack bool) (data []any, thin bool) {
	keep := upTo(len(s.values))
	if len(s.values) > pointCap {
		if stack {
			// Stacked series must stand at the same places.
			keep = systematic(len(s.values), pointCap)
		} else {
			keep = lttb(positions(m), s.values, pointCap)
		}
		thin = true
	}
	data = make([]any, 0, len(keep))
	for _, i := range keep {
		var v any
		if !math.IsNaN(s.values[i]) {
			v = s.values[i]
		}
		if m.timed {
			v = []any{m.places[i].at.UnixMilli(), v}
		}
		data = append(data, v)
	}
	return data, thin
}

func positions(m *matrix) []float64 {
	out := make([]float64, len(m.places))
	for i, pl := range m.places {
		out[i] = float64(i)
		if m.timed {
			out[i] = float64(pl.at.Sub(m.places[0].at)) / float64(time.Second)
		}
	}
	return out
}

// fill puts zero where a series has no value, since a gap in one would tear all above it.
func (m *matrix) fill() (filled bool) {
	for _, s := range m.series {
		for i, v := range s.values {
			if math.IsNaN(v) {
				s.values[i], filled = 0, true
			}
		}
	}
	return filled
}

// lonely reports a value that has a gap, or the end, on either side.
func lonely(values []float64) bool {
	gap := func(i int) bool { return i < 0 || i >= len(values) || math.IsNaN(values[i]) }
	for i := range values {
		if !gap(i) && gap(i-1) && gap(i+1) {
			return true
		}
	}
	return false
}

// far reports values that vary little around a level far from zero, where an
// axis that begins at zero would show a flat line.
func far(m *matrix) bool {
	var all []float64
	for _, s := range m.series {
		for _, v := range s.values {
			if !math.IsNaN(v) {
				all = append(all, v)
			}
		}
	}
	if len(all) < 3 {
		return false
	}
	low, high := slices.Min(all), slices.Max(all)
	return low > 0 && high-low < 0.35*high || high < 0 && high-low < 0.35*-low
}
