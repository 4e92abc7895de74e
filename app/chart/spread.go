package chart

import (
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"assay/app/fault"
)

func noNumber(c *column) error {
	return fault.New(fault.Invalid, "There is nothing to draw: %s holds no finite number.", c.label)
}

// values returns the finite numbers of a column.
func (b *builder) values(c *column) []float64 {
	var out []float64
	empty := 0
	for r := range b.frame.Rows() {
		if v, ok := b.value(r, c); ok {
			out = append(out, v)
		} else {
			empty++
		}
	}
	if empty > 0 {
		b.note(count(empty, "row", "rows") + " without a number left out.")
	}
	return out
}

// histogram draws how many rows fall into each of a run of intervals.
func (b *builder) histogram() {
	y := b.ys[0]
	values := b.values(y)
	if len(values) == 0 {
		b.err = noNumber(y)
		return
	}
	s := b.words.styleOf(*y)
	h := binned(values)
	t := &Data{Head: []Head{{Name: "From", Numeric: true}, {Name: "To", Numeric: true}, {Name: "Rows", Numeric: true}}}
	labels := make([]string, len(h.counts))
	data := make([]any, len(h.counts))
	top := 0
	for i, n := range h.counts {
		from, to := h.start+float64(i)*h.width, h.start+float64(i+1)*h.width
		labels[i] = b.words.compact(from, s)
		data[i] = n
		t.Rows = append(t.Rows, []string{b.words.number(from, s), b.words.number(to, s), grouped(n)})
		if n > h.counts[top] {
			top = i
		}
	}
	b.table = t
	d := describe(values)
	b.title = "Spread of " + lower(y.label)
	b.say("Histogram of " + y.label + ": " + count(len(values), "value", "values") + " in " + count(len(h.counts), "interval", "intervals") + " of " + b.words.number(h.width, s) + ".")
	b.say("Median " + b.words.number(d.median, s) + ", middle half from " + b.words.number(d.q1, s) + " to " + b.words.number(d.q3, s) + ".")
	b.say("Most rows, " + grouped(h.counts[top]) + ", from " + t.Rows[top][0] + " to " + t.Rows[top][1] + ".")

	c := charts.NewBar()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.Tooltip.Trigger = "axis"
	b.binAxis(c, labels, h, y, s)
	c.YAxisList = []opts.YAxis{b.valueY(style{name: "thousands", digits: -1})}
	c.YAxisList[0].MinInterval = 1
	c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{Name: "Rows", Type: "bar", Data: data, BarCategoryGap: "4%",
		ItemStyle: &opts.ItemStyle{Color: b.theme.Palette[0]}})
	b.grid(&c.BaseConfiguration, b.axisName(&c.BaseConfiguration, "Rows"), 8)
	c.GridList[0].Bottom = "22"
	b.narrowAxes()
}

// binAxis lays a scale of the values themselves under the bars, so that the
// edges of the intervals are named where they are.
func (b *builder) binAxis(c *charts.Bar, labels []string, h bins, y *column, s style) {
	bars := b.placeX(labels)
	bars.AxisLabel = &opts.AxisLabel{Show: opts.Bool(false)}
	scale := b.valueX(s)
	scale.Position = "bottom"
	scale.SplitLine = hiddenLine()
	scale.AxisTick = &opts.AxisTick{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: b.theme.Axis}}
	scale.Name, scale.NameLocation, scale.NameGap = y.label, "middle", 28
	end := h.start + h.width*float64(len(h.counts))
	if h.width == 0 {
		bars.AxisLabel = b.axisLabel("")
		scale.Show = opts.Bool(false)
		end = h.start + 1
	}
	scale.Min, scale.Max = h.start, end
	c.XAxisList = []opts.XAxis{bars, scale}
	c.SetXAxis(labels)
	every := func(most int) float64 { return h.width * float64((len(h.counts)+most-1)/most) }
	words := map[string]any{"color": b.theme.Muted, "fontSize": textSize}
	b.set(map[string]any{"xAxis": map[string]any{"nameTextStyle": words}})
	if h.width > 0 {
		b.set(map[string]any{"xAxis": map[string]any{"interval": every(12), "axisLabel": map[string]any{"showMaxLabel": math.Mod(end-h.start, every(12)) == 0}}})
		b.small(map[string]any{"xAxis": []any{map[string]any{}, map[string]any{"interval": every(5)}}})
	}
}

// boxCap is how many boxes stand side by side, and beyondCap how many single values of each are drawn.
const (
	boxCap    = 24
	beyondCap = 60
)

// boxplot draws the five numbers of each category, and single values beyond the whiskers.
func (b *builder) boxplot() {
	y := b.ys[0]
	s := b.words.styleOf(*y)
	var order []string
	groups := map[string][]float64{}
	for r := range b.frame.Rows() {
		v, ok := b.value(r, y)
		if !ok {
			continue
		}
		name := y.label
		if b.x != nil {
			name = b.labelAt(r, b.x)
		}
		if _, ok := groups[name]; !ok {
			order = append(order, name)
		}
		groups[name] = append(groups[name], v)
	}
	if len(order) == 0 {
		b.err = noNumber(y)
		return
	}
	if b.x != nil && b.x.role == ordinal {
		m := &matrix{}
		for _, n := range order {
			m.places = append(m.places, place{label: n})
		}
		m.byOrder()
		for i, pl := range m.places {
			order[i] = pl.label
		}
	}
	limit := boxCap
	if b.settings.Limit > 0 {
		limit = b.settings.Limit
	}
	if len(order) > limit {
		b.note("Showing the first " + grouped(limit) + " of " + grouped(len(order)) + " categories.")
		order = order[:limit]
	}
	t := &Data{Head: []Head{{Name: b.placeLabel()}, {Name: "Rows", Numeric: true}, {Name: "Low", Numeric: true}, {Name: "Quarter", Numeric: true}, {Name: "Median", Numeric: true}, {Name: "Three quarters", Numeric: true}, {Name: "High", Numeric: true}, {Name: "Beyond", Numeric: true}}}
	boxes := make([]any, len(order))
	var dots []any
	low, high := 0, 0
	all := make([]fiveNumbers, len(order))
	for i, name := range order {
		d := describe(groups[name])
		all[i] = d
		boxes[i] = []float64{d.low, d.q1, d.median, d.q3, d.high}
		for _, k := range systematic(len(d.beyond), beyondCap) {
			dots = append(dots, []any{i, d.beyond[k]})
		}
		if len(d.beyond) > beyondCap {
			b.note("Some of the single values beyond the whiskers are not drawn.")
		}
		t.Rows = append(t.Rows, []string{name, grouped(d.count), b.words.number(d.low, s), b.words.number(d.q1, s), b.words.number(d.median, s), b.words.number(d.q3, s), b.words.number(d.high, s), grouped(len(d.beyond))})
		if d.median > all[high].median {
			high = i
		}
		if d.median < all[low].median {
			low = i
		}
	}
	b.table = t
	b.title = "Spread of " + lower(y.label)
	text := "Box plot of " + y.label
	if b.x != nil {
		b.title += " by " + lower(b.x.label)
		text += " by " + b.x.label
	}
	b.say(text + ".")
	b.say("Highest median " + b.words.number(all[high].median, s) + " at " + order[high] + ", lowest " + b.words.number(all[low].median, s) + " at " + order[low] + ".")

	c := charts.NewBoxPlot()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.XAxisList = []opts.XAxis{b.placeX(order)}
	c.SetXAxis(order)
	c.YAxisList = []opts.YAxis{b.valueY(s)}
	c.YAxisList[0].Scale = opts.Bool(true)
	c.MultiSeries = append(c.MultiSeries,
		charts.SingleSeries{Name: y.label, Type: "boxplot", Data: boxes, ItemStyle: &opts.ItemStyle{Color: b.theme.Surface, BorderColor: b.theme.Palette[0], BorderWidth: 1.5}},
		charts.SingleSeries{Name: "Beyond", Type: "scatter", Data: dots, Symbol: "circle", SymbolSize: 4, ItemStyle: &opts.ItemStyle{Color: b.theme.Palette[0], Opacity: opts.Float(0.5)}})
	b.set(map[string]any{"series": map[string]any{"boxWidth": []any{6, 44}}})
	b.fitLabels(order)
	b.grid(&c.BaseConfiguration, b.axisName(&c.BaseConfiguration, y.label), 8)
	b.narrowAxes()
}
