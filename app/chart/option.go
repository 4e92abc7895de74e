package chart

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// base is the part of a go-echarts chart that is safe to use: its checked option.
// Everything else of it writes pages with inline scripts.
type base interface {
	Validate()
	JSON() map[string]any
}

// Type sizes and distances, in pixels.
const (
	textSize  = 12
	narrowMax = 480 // up to which a drawing counts as narrow
	legendRow = 20
)

// common sets what every chart shares.
func (b *builder) common(c *charts.BaseConfiguration) {
	c.Colors = b.theme.Palette[:]
	c.Animation = opts.Bool(false)
	c.Legend = opts.Legend{Show: opts.Bool(false)}
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}
	c.Title = opts.Title{Show: opts.Bool(false)}
	b.set(map[string]any{
		"useUTC":    true,
		"textStyle": map[string]any{"fontFamily": b.theme.Font, "fontSize": textSize, "color": b.theme.Text},
		"tooltip":   map[string]any{"renderMode": "richText", "confine": true},
		"toolbox":   nil,
	})
}

// set lays values over the option that go-echarts has no field for.
func (b *builder) set(patch map[string]any) { b.patch = merge(b.patch, patch) }

// small lays values over the option for a narrow drawing.
func (b *builder) small(patch map[string]any) { b.narrow = merge(b.narrow, patch) }

// option writes the chart as JSON.
func (b *builder) option() (json.RawMessage, error) {
	b.base.Validate()
	// A round trip turns the library's structs into maps that can be merged.
	raw, err := json.Marshal(b.base.JSON())
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	tree = merge(tree, b.patch)
	if b.narrow != nil {
		tree["media"] = []any{map[string]any{"query": map[string]any{"maxWidth": narrowMax}, "option": b.narrow}}
	}
	return json.Marshal(strip(tree))
}

// merge lays over onto under: maps by key, lists of maps by position, nil removes.
func merge(under, over map[string]any) map[string]any {
	if under == nil {
		under = map[string]any{}
	}
	for k, v := range over {
		switch v := v.(type) {
		case map[string]any:
			if u, ok := under[k].(map[string]any); ok {
				under[k] = merge(u, v)
				continue
			}
			if list, ok := under[k].([]any); ok && len(list) > 0 {
				// A single value for a list is for each of it.
				for i := range list {
					if u, ok := list[i].(map[string]any); ok {
						list[i] = merge(u, v)
					}
				}
				continue
			}
			under[k] = merge(nil, v)
		case nil:
			delete(under, k)
		default:
			under[k] = v
		}
	}
	return under
}

// strip drops nulls from objects; in lists they are gaps and stay.
func strip(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x == nil {
				delete(v, k)
				continue
			}
			v[k] = strip(x)
		}
	case []any:
		for i := range v {
			v[i] = strip(v[i])
		}
	}
	return v
}

// withLegend names the series at the top left and leaves the rows it takes free.
func (b *builder) withLegend(c *charts.BaseConfiguration, names []string, swatch string) {
	if len(names) < 2 {
		return
	}
	b.legend = names
	c.Legend = opts.Legend{
		Show: opts.Bool(true), Left: "0", Top: "0", Padding: 0, ItemWidth: 12, ItemHeight: 8, Icon: swatch, Data: names,
		TextStyle: &opts.TextStyle{Color: b.theme.Muted, FontSize: textSize},
	}
	b.set(map[string]any{"legend": map[string]any{"itemGap": 14, "padding": 0, "itemStyle": map[string]any{"borderWidth": 0}, "lineStyle": map[string]any{"width": 3}}})
	const longest = 22
	if n := longestOf(names); n > longest {
		b.set(map[string]any{"legend": map[string]any{"textStyle": map[string]any{"width": 150, "overflow": "truncate"}}})
	}
	b.small(map[string]any{"legend": map[string]any{"itemGap": 10}})
}

// legendHeight estimates the height of the legend at a width.
func (b *builder) legendHeight(width float64) float64 {
	if len(b.legend) == 0 {
		return 0
	}
	rows, x := 1.0, 0.0
	for _, n := range b.legend {
		w := 12 + 5 + min(roughWidth(n), 150) + 14
		if x > 0 && x+w > width {
			rows++
			x = 0
		}
		x += w
	}
	return rows*legendRow + 4
}

// roughWidth estimates a text's width; the drawing itself measures it.
func roughWidth(s string) float64 {
	w := 0.0
	for _, r := range s {
		if a := fallbackAdvance(r); a >= 1000 || a == 0 {
			w += a * textSize / 1000
		} else {
			w += 5.9
		}
	}
	return w
}

func longestOf(names []string) int {
	n := 0
	for _, s := range names {
		n = max(n, len([]rune(s)))
	}
	return n
}

// grid places the axes below a head of names or a legend.
func (b *builder) grid(c *charts.BaseConfiguration, head, right float64) {
	wide, slim := head, head
	if h := b.legendHeight(640); h > 0 {
		wide = h + 8
		slim = b.legendHeight(346) + 8
	}
	c.GridList = []opts.Grid{{Left: "2", Right: px(right), Top: px(wide), Bottom: "4", ContainLabel: opts.Bool(true)}}
	b.small(map[string]any{"grid": map[string]any{"top": slim}})
}

// Heads: the space above the axes for a name, and where nothing stands there.
const (
	nameHead  = 26
	emptyHead = 10
)

// axisName writes the measure's name above the axis where no title tells it.
func (b *builder) axisName(c *charts.BaseConfiguration, name string) float64 {
	if name == "" || len(b.legend) > 0 || b.theme.Titled {
		return emptyHead
	}
	c.Title = opts.Title{Show: opts.Bool(true), Title: name, Left: "0", Top: "0", TitleStyle: &opts.TextStyle{Color: b.theme.Muted, FontSize: textSize, FontWeight: "normal"}}
	b.set(map[string]any{"title": map[string]any{"padding": 0}})
	return nameHead
}

// titled writes title and subtitle above everything else.
func (b *builder) titled(title, subtitle string) {
	shift := 26.0
	t := map[string]any{"show": true, "text": title, "left": 0, "top": 0, "padding": 0, "itemGap": 4,
		"textStyle": map[string]any{"fontSize": 16, "fontWeight": 600, "color": b.theme.Text, "width": 700, "overflow": "truncate"}}
	if subtitle != "" {
		t["subtext"] = subtitle
		t["subtextStyle"] = map[string]any{"fontSize": 13, "color": b.theme.Muted}
		shift += 22
	}
	b.set(map[string]any{"title": t})
	if scales, ok := b.patch["visualMap"].([]any); ok {
		scales[0].(map[string]any)["top"] = shift
	}
	switch b.kind {
	case Pie:
		b.set(map[string]any{"series": map[string]any{"center": []string{"50%", "57%"}, "radius": []string{"38%", "64%"}}})
	case Gauge:
		b.set(map[string]any{"series": map[string]any{"center": []string{"50%", "68%"}, "radius": "92%"}})
	}
	for _, k := range []string{"grid", "legend"} {
		for _, tree := range []map[string]any{b.patch, b.narrow} {
			if m, ok := tree[k].(map[string]any); ok {
				if top, ok := m["top"].(float64); ok {
					m["top"] = top + shift
				}
			}
		}
	}
	b.shift(shift)
}

// shift moves down what go-echarts placed at the top.
func (b *builder) shift(by float64) {
	moved := func(s string) string {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return s
		}
		return px(v + by)
	}
	c := configuration(b.base)
	if c == nil {
		return
	}
	c.Legend.Top = moved(c.Legend.Top)
	for i := range c.GridList {
		c.GridList[i].Top = moved(c.GridList[i].Top)
	}
	for i := range c.MultiSeries {
		c.MultiSeries[i].Top = moved(c.MultiSeries[i].Top)
	}
}

// configuration returns the part that go-echarts' charts have in common.
func configuration(c base) *charts.BaseConfiguration {
	switch c := c.(type) {
	case *charts.Line:
		return &c.BaseConfiguration
	case *charts.Bar:
		return &c.BaseConfiguration
	case *charts.Scatter:
		return &c.BaseConfiguration
	case *charts.HeatMap:
		return &c.BaseConfiguration
	case *charts.BoxPlot:
		return &c.BaseConfiguration
	case *charts.Pie:
		return &c.BaseConfiguration
	case *charts.Funnel:
		return &c.BaseConfiguration
	case *charts.Gauge:
		return &c.BaseConfiguration
	case *charts.TreeMap:
		return &c.BaseConfiguration
	case *charts.Sankey:
		return &c.BaseConfiguration
	}
	return nil
}

func px(v float64) string { return short(v) }
