package chart

import (
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

// axisLabel is how axes write.
func (b *builder) axisLabel(formatter string) *opts.AxisLabel {
	return &opts.AxisLabel{Show: opts.Bool(true), Color: b.theme.Muted, FontSize: textSize, Formatter: types.FuncStr(formatter), HideOverlap: opts.Bool(true), Margin: 8}
}

func (b *builder) hairline() *opts.SplitLine {
	return &opts.SplitLine{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: b.theme.Grid, Width: 1}}
}

func hiddenLine() *opts.SplitLine { return &opts.SplitLine{Show: opts.Bool(false)} }

// valueX and valueY are axes of numbers: a grid and no line of their own.
func (b *builder) valueX(s style) opts.XAxis {
	return opts.XAxis{Type: "value", SplitLine: b.hairline(), AxisLine: &opts.AxisLine{Show: opts.Bool(false)}, AxisTick: &opts.AxisTick{Show: opts.Bool(false)}, AxisLabel: b.axisLabel(b.words.short(s)), SplitNumber: 5}
}

func (b *builder) valueY(s style) opts.YAxis {
	return opts.YAxis{Type: "value", SplitLine: b.hairline(), AxisLine: &opts.AxisLine{Show: opts.Bool(false)}, AxisLabel: b.axisLabel(b.words.short(s)), SplitNumber: 4}
}

// placeX is an axis of categories: a line that the values stand on.
func (b *builder) placeX(labels []string) opts.XAxis {
	l := b.axisLabel("")
	return opts.XAxis{Type: "category", Data: labels, SplitLine: hiddenLine(), AxisLine: b.baseline(), AxisTick: &opts.AxisTick{Show: opts.Bool(false)}, AxisLabel: l}
}

func (b *builder) placeY(labels []string) opts.YAxis {
	return opts.YAxis{Type: "category", Data: labels, Inverse: opts.Bool(true), SplitLine: hiddenLine(), AxisLine: b.baseline(), AxisLabel: b.axisLabel("")}
}

func (b *builder) baseline() *opts.AxisLine {
	return &opts.AxisLine{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: b.theme.Axis, Width: 1}}
}

// timeX is an axis of time.
func (b *builder) timeX(g grain) opts.XAxis {
	x := opts.XAxis{Type: "time", SplitLine: hiddenLine(), AxisLine: b.baseline(),
		AxisTick:  &opts.AxisTick{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: b.theme.Axis}},
		AxisLabel: b.axisLabel(b.words.named("tick", -1, "")), SplitNumber: 8}
	const day = 24 * 3600 * 1000
	switch g {
	case byYear:
		x.MinInterval = 365 * day
	case byQuarter, byMonth:
		x.MinInterval = 28 * day
	case byWeek, byDay:
		x.MinInterval = day
	}
	b.small(map[string]any{"xAxis": map[string]any{"splitNumber": 4}})
	return x
}

// narrowAxes thins the ticks where there is little room.
func (b *builder) narrowAxes() {
	b.set(map[string]any{"yAxis": map[string]any{"axisTick": map[string]any{"show": false}}})
	b.small(map[string]any{"yAxis": map[string]any{"splitNumber": 3}})
}

// goal adds the settings' goal to the last series as a line across.
func (b *builder) goal(c *charts.BaseConfiguration, lying bool, s style) {
	if b.settings.Goal == nil || len(c.MultiSeries) == 0 {
		return
	}
	name := clean(b.settings.GoalLabel)
	if name == "" {
		name = "Goal"
	}
	axis := "yAxis"
	if lying {
		axis = "xAxis"
	}
	v := *b.settings.Goal
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	text := brief(name, 16) + " " + b.words.compact(v, s)
	position := "end"
	if lying {
		position = "insideEndTop"
	} else if len(c.GridList) > 0 {
		c.GridList[0].Right = px(roughWidth(text) + 12)
	}
	last := &c.MultiSeries[len(c.MultiSeries)-1]
	last.MarkLines = &opts.MarkLines{
		Data: []any{map[string]any{axis: v, "name": text}},
		MarkLineStyle: opts.MarkLineStyle{
			Symbol:    []string{"none", "none"},
			LineStyle: &opts.LineStyle{Color: b.theme.Axis, Width: 1.5, Type: "dashed"},
			Label:     &opts.Label{Show: opts.Bool(true), Position: position, Color: b.theme.Text, FontSize: textSize, Formatter: "{b}"},
		},
	}
	b.say(name + " " + b.words.number(v, s) + ".")
}
