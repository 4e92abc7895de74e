package chart

import (
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// largeFrom is from how many points on they are drawn as one shape, which is
// six times quicker and cannot be told from the others by eye.
const largeFrom = 600

type dot struct{ x, y, size float64 }

// scatter draws a point for each row.
func (b *builder) scatter() {
	y := b.ys[0]
	timed := b.x.role == temporal
	var nameOrder []string
	groups := map[string][]dot{}
	skipped := 0
	biggest := 0.0
	for r := range b.frame.Rows() {
		d := dot{}
		var okX bool
		if timed {
			t, ok := timeAt(b.frame, r, b.x.index)
			d.x, okX = float64(t.UnixMilli()), ok
		} else {
			d.x, okX = b.value(r, b.x)
		}
		v, okY := b.value(r, y)
		if !okX || !okY {
			skipped++
			continue
		}
		d.y = v
		if b.size != nil {
			if d.size, _ = b.value(r, b.size); d.size > biggest {
				biggest = d.size
			}
		}
		name := y.label
		if b.series != nil {
			name = b.labelAt(r, b.series)
		}
		if _, ok := groups[name]; !ok {
			nameOrder = append(nameOrder, name)
		}
		groups[name] = append(groups[name], d)
	}
	if skipped > 0 {
		b.note(count(skipped, "row", "rows") + " without both numbers left out.")
	}
	nameOrder = b.mergeDots(groups, nameOrder)
	total := 0
	for _, g := range groups {
		total += len(g)
	}
	c := charts.NewScatter()
	b.base = c
	b.common(&c.BaseConfiguration)
	for i, name := range nameOrder {
		dots := groups[name]
		keep := systematic(len(dots), max(pointCap/len(nameOrder), 250))
		if len(keep) < len(dots) {
			b.note("Showing " + grouped(len(keep)) + " of " + grouped(len(dots)) + " points, evenly picked.")
		}
		data := make([]any, 0, len(keep))
		for _, k := range keep {
			d := dots[k]
			if b.size == nil || biggest <= 0 {
				data = append(data, []float64{d.x, d.y})
				continue
			}
			data = append(data, map[string]any{"value": []float64{d.x, d.y}, "symbolSize": math.Round((4 + 24*math.Sqrt(max(d.size, 0)/biggest)) * 10 / 10)})
		}
		opacity := float32(0.7)
		if total > 300 {
			opacity = 0.45
		}
		ss := charts.SingleSeries{Name: name, Type: "scatter", Data: data, Symbol: "circle", SymbolSize: 7,
			ItemStyle: &opts.ItemStyle{Color: b.theme.series(i, len(nameOrder), false), Opacity: opts.Float(opacity)}}
		if total > 300 {
			ss.SymbolSize = 5
		}
		if len(keep) >= largeFrom && b.size == nil {
			ss.Large, ss.LargeThreshold, ss.SymbolSize = opts.Bool(true), largeFrom, 4
		}
		c.MultiSeries = append(c.MultiSeries, ss)
	}
	b.withLegend(&c.BaseConfiguration, nameOrder, "circle")
	b.scatterAxes(c, y, timed)
	b.sayDots(groups, nameOrder, y, timed)
}

// mergeDots keeps the largest groups; the others become one.
func (b *builder) mergeDots(groups map[string][]dot, names []string) []string {
	if len(names) <= seriesCap {
		return names
	}
	m := &matrix{}
	for _, n := range names {
		m.series = append(m.series, seriesData{name: n, values: []float64{float64(len(groups[n]))}, column: &column{additive: true}})
	}
	m.places = []place{{}}
	b.mergeSeries(m)
	kept := map[string]bool{}
	rest := m.series[len(m.series)-1].name
	for _, s := range m.series[:len(m.series)-1] {
		kept[s.name] = true
	}
	for _, n := range names {
		if !kept[n] {
			moved := groups[n]
			delete(groups, n)
			groups[rest] = append(groups[rest], moved...)
		}
	}
	return seriesNames(m)
}

func (b *builder) scatterAxes(c *charts.Scatter, y *column, timed bool) {
	var x opts.XAxis
	if timed {
		x = b.timeX(b.x.grain)
	} else {
		x = b.valueX(b.words.styleOf(*b.x))
		x.AxisLine = b.baseline()
		x.Scale = opts.Bool(true)
		x.Name, x.NameLocation, x.NameGap = b.x.label, "middle", 28
		b.set(map[string]any{"xAxis": map[string]any{"nameTextStyle": map[string]any{"color": b.theme.Muted, "fontSize": textSize}, "axisLine": map[string]any{"onZero": false}}})
	}
	c.XAxisList = []opts.XAxis{x}
	axis := b.valueY(b.words.styleOf(*y))
	axis.Scale = opts.Bool(true)
	c.YAxisList = []opts.YAxis{axis}
	head := b.axisName(&c.BaseConfiguration, y.label)
	b.grid(&c.BaseConfiguration, head, 16)
	if head == emptyHead {
		// The legend has taken the place above the axis.
		c.YAxisList[0].Name, c.YAxisList[0].NameLocation, c.YAxisList[0].NameGap = y.label, "middle", 40
		b.set(map[string]any{"yAxis": map[string]any{"nameTextStyle": map[string]any{"color": b.theme.Muted, "fontSize": textSize}}})
		c.GridList[0].Left = "30"
	}
	if !timed {
		// The space for labels does not count the axis' name.
		c.GridList[0].Bottom = "22"
	}
	b.goal(&c.BaseConfiguration, false, b.words.styleOf(*y))
	b.narrowAxes()
	b.small(map[string]any{"xAxis": map[string]any{"splitNumber": 4}})
}

func (b *builder) sayDots(groups map[string][]dot, names []string, y *column, timed bool) {
	i, _ := info(b.kind)
	b.title = y.label + " against " + lower(b.x.label)
	n := 0
	lowX, highX, lowY, highY := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, g := range groups {
		n += len(g)
		for _, d := range g {
			lowX, highX = min(lowX, d.x), max(highX, d.x)
			lowY, highY = min(lowY, d.y), max(highY, d.y)
		}
	}
	b.say(capital(i.noun) + " of " + y.label + " against " + b.x.label + ", " + count(n, "point", "points") + ".")
	if n == 0 {
		return
	}
	s := b.words.styleOf(*y)
	if !timed {
		sx := b.words.styleOf(*b.x)
		b.say(b.x.label + " from " + b.words.number(lowX, sx) + " to " + b.words.number(highX, sx) + ".")
	}
	b.say(y.label + " from " + b.words.number(lowY, s) + " to " + b.words.number(highY, s) + ".")
	b.table = b.rowsTable(b.x, y, b.series, b.size)
}

// rowsTable writes columns of the result as they are.
func (b *builder) rowsTable(cols ...*column) *Data {
	t := &Data{}
	var shown []*column
	for _, c := range cols {
		if c != nil {
			shown = append(shown, c)
			t.Head = append(t.Head, Head{Name: c.label, Numeric: c.role == measure})
		}
	}
	for r := range b.frame.Rows() {
		if r == dataRows {
			t.More = b.frame.Rows() - r
			break
		}
		row := make([]string, len(shown))
		for i, c := range shown {
			if c.role != measure {
				row[i] = b.labelAt(r, c)
			} else if v, ok := b.frame.Float(r, c.index); ok {
				row[i] = b.words.number(v, b.words.styleOf(*c))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
