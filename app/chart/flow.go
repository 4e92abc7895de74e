package chart

import (
	"math"
	"slices"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"

	"assay/app/fault"
)

// treemap draws a tile for each category, as large as its number, in groups
// where there is a second category.
func (b *builder) treemap() {
	m := b.collect()
	grouped2 := b.series != nil
	if grouped2 {
		b.mergeSeries(m)
	}
	b.arrange(m, tileCap)
	if !grouped2 {
		m.sorted()
	}
	b.sayMatrix(m, b.placeLabel())
	b.matrixTable(m, b.placeLabel())
	s := b.words.styleOf(*m.series[0].column)
	whole := m.sum()
	tile := func(name string, v float64, colour string) map[string]any {
		share := b.words.spell(v/whole, "percent", -1, "")
		words := map[string]any{"formatter": brief(name, 30)}
		switch part := v / whole; {
		case part < 0.015:
			words["show"] = false
		case part >= 0.04:
			words["formatter"] = brief(name, 30) + "\n" + b.words.compact(v, s) + " · " + share
		}
		return map[string]any{"name": name, "value": v, "itemStyle": map[string]any{"color": colour}, "label": words}
	}
	// ECharts counts the tiles with their groups, after the root.
	var data []any
	node := 0
	mark := func(row, column int) {
		if node++; row < dataRows && column > 0 {
			b.marks = append(b.marks, markCell{0, node, row, column})
		}
	}
	if grouped2 {
		// The first category makes the groups; its tiles are the second's.
		for i, pl := range m.places {
			colour := b.theme.series(i, len(m.places), pl.rest)
			var tiles []any
			if m.total(i) > 0 {
				mark(i, 0)
			}
			for k, series := range m.series {
				if v := series.values[i]; v > 0 {
					mark(i, k+1)
					tiles = append(tiles, tile(series.name, v, colour))
				}
			}
			if len(tiles) > 0 {
				data = append(data, map[string]any{"name": pl.label, "value": m.total(i), "children": tiles, "itemStyle": map[string]any{"borderColor": colour, "color": colour}})
			}
		}
	} else {
		for i, pl := range m.places {
			if v := m.series[0].values[i]; v > 0 {
				colour := b.theme.Palette[0]
				if pl.rest {
					colour = b.theme.rest()
				}
				mark(i, 1)
				data = append(data, tile(pl.label, v, colour))
			}
		}
	}
	c := charts.NewTreeMap()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.Tooltip.ValueFormatter = types.FuncStr(b.words.full(s))
	c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{Name: b.ys[0].label, Type: "treemap", Data: data,
		Left: "0", Right: "0", Top: "0", Bottom: "0", Roam: opts.Bool(false),
		Label: &opts.Label{Show: opts.Bool(true), Color: b.theme.Surface, FontSize: textSize, Position: "insideTopLeft"}})
	patch := map[string]any{"nodeClick": false, "breadcrumb": map[string]any{"show": false}, "visibleMin": 60, "childrenVisibleMin": 20,
		"label":     map[string]any{"overflow": "truncate", "lineHeight": 16, "padding": []any{2, 4}},
		"itemStyle": map[string]any{"borderColor": b.theme.Surface, "borderWidth": 0, "gapWidth": 2}}
	if grouped2 {
		patch["upperLabel"] = map[string]any{"show": true, "height": 20, "color": b.theme.Surface, "fontSize": textSize, "fontWeight": 600, "textBorderWidth": 0}
		patch["levels"] = []any{
			map[string]any{"itemStyle": map[string]any{"gapWidth": 6, "borderWidth": 0}, "upperLabel": map[string]any{"show": false}},
			map[string]any{"itemStyle": map[string]any{"gapWidth": 1, "borderWidth": 0, "borderColor": b.theme.Surface}, "upperLabel": map[string]any{"show": true}},
		}
	}
	b.set(map[string]any{"series": patch})
}

// linkCap is how many links a flow shows.
const linkCap = 60

type link struct {
	from, to string
	value    float64
}

// sankey draws flows from sources to targets.
func (b *builder) sankey() {
	y := b.ys[0]
	s := b.words.styleOf(*y)
	links := b.links(y)
	if len(links) == 0 {
		b.err = fault.New(fault.Invalid, "There is nothing to draw: no source has a value above zero for a target.")
		return
	}
	t := &Data{Head: []Head{{Name: b.x.label}, {Name: b.series.label}, {Name: y.label, Numeric: true}}}
	largest := links[0]
	for i, l := range links {
		if i < dataRows {
			t.Rows = append(t.Rows, []string{l.from, l.to, b.words.number(l.value, s)})
		}
		if l.value > largest.value {
			largest = l
		}
	}
	b.table = t
	b.title = y.label + " from " + lower(b.x.label) + " to " + lower(b.series.label)
	b.say("Flow of " + y.label + " from " + b.x.label + " to " + b.series.label + ", " + count(len(links), "link", "links") + ".")
	b.say("Largest " + b.words.number(largest.value, s) + " from " + largest.from + " to " + largest.to + ".")

	// A flow that runs in a circle cannot be laid out; then each name stands once on either side.
	sides := circular(links)
	id := func(name string, target bool) string {
		if sides && target {
			return "t:" + name
		}
		return "s:" + name
	}
	var nodes, edges []any
	index := map[string]int{}
	node := func(id, name string) {
		if _, ok := index[id]; !ok {
			index[id] = len(nodes)
			nodes = append(nodes, map[string]any{"id": id, "name": id, "label": map[string]any{"formatter": brief(name, 26)},
				"itemStyle": map[string]any{"color": b.theme.series(len(nodes)%7, 1, false)}})
		}
	}
	for _, l := range links {
		node(id(l.from, false), l.from)
		node(id(l.to, true), l.to)
		edges = append(edges, map[string]any{"source": id(l.from, false), "target": id(l.to, true), "value": l.value})
	}
	c := charts.NewSankey()
	b.base = c
	b.common(&c.BaseConfiguration)
	c.Tooltip.ValueFormatter = types.FuncStr(b.words.full(s))
	c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{Name: y.label, Type: "sankey", Data: nodes, Links: edges,
		Left: "2", Right: "140", Top: "8", Bottom: "8", NodeWidth: opts.Int(12), NodeGap: opts.Int(12), NodeAlign: "justify",
		Label:     &opts.Label{Show: opts.Bool(true), Color: b.theme.Text, FontSize: textSize, Position: "right"},
		LineStyle: &opts.LineStyle{Color: "source", Opacity: opts.Float(0.28), Curveness: 0.5}})
	b.set(map[string]any{"series": map[string]any{"draggable": false, "label": map[string]any{"overflow": "truncate", "width": 130}, "emphasis": map[string]any{"focus": "adjacency"}}})
	b.small(map[string]any{"series": []any{map[string]any{"right": 92, "label": map[string]any{"width": 86}}}})
}

// links adds up the flow between each source and target and keeps the largest.
func (b *builder) links(y *column) []link {
	var out []link
	at := map[[2]string]int{}
	for r := range b.frame.Rows() {
		v, ok := b.value(r, y)
		if !ok || v <= 0 {
			continue
		}
		from, to := b.labelAt(r, b.x), b.labelAt(r, b.series)
		k := [2]string{from, to}
		if i, ok := at[k]; ok {
			out[i].value += v
			continue
		}
		at[k] = len(out)
		out = append(out, link{from, to, v})
	}
	limit := linkCap
	if b.settings.Limit > 0 {
		limit = b.settings.Limit
	}
	if len(out) > limit {
		b.note("Showing the largest " + grouped(limit) + " of " + grouped(len(out)) + " links.")
		slices.SortStableFunc(out, func(a, c link) int {
			if a.value > c.value {
				return -1
			}
			if a.value < c.value {
				return 1
			}
			return strings.Compare(a.from+"\x00"+a.to, c.from+"\x00"+c.to)
		})
		out = out[:limit]
	}
	return out
}

// circular reports whether links lead from a name back to itself.
func circular(links []link) bool {
	next := map[string][]string{}
	for _, l := range links {
		next[l.from] = append(next[l.from], l.to)
	}
	const walking, done = 1, 2
	state := map[string]int{}
	var walk func(string) bool
	walk = func(n string) bool {
		switch state[n] {
		case walking:
			return true
		case done:
			return false
		}
		state[n] = walking
		for _, to := range next[n] {
			if walk(to) {
				return true
			}
		}
		state[n] = done
		return false
	}
	for _, l := range links {
		if walk(l.from) {
			return true
		}
	}
	return false
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
