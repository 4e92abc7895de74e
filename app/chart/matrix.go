package chart

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strconv"
	"time"
)

// matrix is a result as a chart needs it: places along the first axis, and for
// each series a value at every place. NaN is no value.
type matrix struct {
	places []place
	series []seriesData
	// timed says that places are times.
	timed bool
	grain grain
}

type place struct {
	label string
	at    time.Time
	rest  bool // what was summed up as Other
	// behind is the value of the first axis' column, nil where several are behind it or none.
	behind *Value
}

type seriesData struct {
	name   string
	values []float64
	column *column
	rest   bool
	// behind is the value of the column that makes the series, nil for a measure.
	behind *Value
}

const (
	emptyLabel = "(empty)"
	noLabel    = "(none)"
	otherLabel = "Other"
)

// seriesCap is how many series a chart tells apart, the rest included.
const seriesCap = 8

// labelAt returns a cell as the name of a category.
func (p *plan) labelAt(row int, c *column) string {
	v, ok := p.frame.Cell(row, c.index)
	if !ok {
		return noLabel
	}
	s := string(v)
	switch {
	case c.role == temporal:
		if t, ok := readTime(s); ok {
			return p.words.time(t, c.grain)
		}
	case s == "true" || s == "false":
		if c.longest <= len("false") && c.distinct <= 2 {
			return map[string]string{"true": "Yes", "false": "No"}[s]
		}
	}
	if s = clean(s); s == "" {
		return emptyLabel
	}
	return s
}

// collect reads the rows into a matrix. Several rows for one place and series
// are added up, or averaged where adding makes no sense; a note says so.
func (p *plan) collect() *matrix {
	if p.transposed() {
		return p.collectRow()
	}
	m := &matrix{}
	m.timed = p.x.role == temporal
	m.grain = p.x.grain
	placeOf := map[string]int{}
	seriesOf := map[string]int{}
	if p.series == nil {
		for _, y := range p.ys {
			m.series = append(m.series, seriesData{name: y.label, column: y})
		}
	}
	type cell struct{ place, series int }
	sums := map[cell]float64{}
	counts := map[cell]int{}
	double := false
	timeless := 0
	for r := range p.frame.Rows() {
		k := p.labelAt(r, p.x)
		var at time.Time
		if m.timed {
			t, ok := timeAt(p.frame, r, p.x.index)
			if !ok {
				timeless++
				continue
			}
			at = t
			k = strconv.FormatInt(t.UnixNano(), 36)
		}
		pi, ok := placeOf[k]
		if !ok {
			pi = len(m.places)
			placeOf[k] = pi
			m.places = append(m.places, place{label: k, at: at, behind: p.behind(r, p.x)})
		}
		for yi, y := range p.ys {
			si := yi
			if p.series != nil {
				name := p.labelAt(r, p.series)
				if si, ok = seriesOf[name]; !ok {
					si = len(m.series)
					seriesOf[name] = si
					m.series = append(m.series, seriesData{name: name, column: y, behind: p.behind(r, p.series)})
				}
			}
			v, ok := p.value(r, y)
			if !ok {
				continue
			}
			c := cell{pi, si}
			sums[c] += v
			counts[c]++
			double = double || counts[c] > 1
		}
	}
	if timeless > 0 {
		p.note(count(timeless, "row", "rows") + " without a time left out.")
	}
	for si := range m.series {
		m.series[si].values = blank(len(m.places))
	}
	for c, v := range sums {
		if !m.series[c.series].column.additive {
			v /= float64(counts[c])
		}
		m.series[c.series].values[c.place] = v
	}
	if double {
		if p.ys[0].additive {
			p.note("Where several rows share a place, their values are added up.")
		} else {
			p.note("Where several rows share a place, their values are averaged.")
		}
	}
	if m.timed {
		m.byTime(p.words)
	} else if p.x.role == ordinal {
		m.byOrder()
	}
	return m
}

// collectRow makes a category of each column of a single row.
func (p *plan) collectRow() *matrix {
	m := &matrix{series: []seriesData{{name: "Value", column: p.ys[0]}}}
	for _, y := range p.ys {
		v, ok := p.value(0, y)
		if !ok {
			v = math.NaN()
		}
		m.places = append(m.places, place{label: y.label})
		m.series[0].values = append(m.series[0].values, v)
	}
	return m
}

// value reads a number, and notes what had to be left out.
func (p *plan) value(row int, c *column) (float64, bool) {
	v, ok := p.frame.Float(row, c.index)
	if !ok {
		if _, there := p.frame.Cell(row, c.index); there {
			p.note("Values that are not finite numbers are left out.")
		}
	}
	return v, ok
}

func blank(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

// reorder puts the places into the order of the indices given.
func (m *matrix) reorder(order []int) {
	places := make([]place, len(order))
	for to, from := range order {
		places[to] = m.places[from]
	}
	m.places = places
	for i := range m.series {
		values := make([]float64, len(order))
		for to, from := range order {
			values[to] = m.series[i].values[from]
		}
		m.series[i].values = values
	}
}

func (m *matrix) order(less func(a, b int) int) {
	order := make([]int, len(m.places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, less)
	m.reorder(order)
}

// byTime orders places by time and names them by the grain.
func (m *matrix) byTime(w writer) {
	m.order(func(a, b int) int { return m.places[a].at.Compare(m.places[b].at) })
	for i := range m.places {
		m.places[i].label = w.time(m.places[i].at, m.grain)
	}
}

func (m *matrix) byOrder() {
	m.order(func(a, b int) int {
		x, errX := strconv.ParseFloat(m.places[a].label, 64)
		y, errY := strconv.ParseFloat(m.places[b].label, 64)
		switch {
		case errX != nil && errY != nil:
			return 0
		case errX != nil:
			return 1
		case errY != nil:
			return -1
		}
		return cmp.Compare(x, y)
	})
}

// complete adds the periods that are missing between the first and the last, so
// that columns stand where their time is. It stops at most places.
func (m *matrix) complete(w writer, most int) {
	if !m.timed || len(m.places) < 2 || m.grain == instant || m.grain == byMinute {
		return
	}
	next := func(t time.Time) time.Time {
		switch m.grain {
		case byYear:
			return t.AddDate(1, 0, 0)
		case byQuarter:
			return t.AddDate(0, 3, 0)
		case byMonth:
			return t.AddDate(0, 1, 0)
		case byWeek:
			return t.AddDate(0, 0, 7)
		case byDay:
			return t.AddDate(0, 0, 1)
		}
		return t.Add(time.Hour)
	}
	var places []place
	var from []int
	i := 0
	for t := m.places[0].at; i < len(m.places); t = next(t) {
		if len(places) > most || m.places[i].at.Before(t) {
			return
		}
		if m.places[i].at.Equal(t) {
			places = append(places, m.places[i])
			from = append(from, i)
			i++
			continue
		}
		places = append(places, place{label: w.time(t, m.grain), at: t})
		from = append(from, -1)
	}
	m.places = places
	for s := range m.series {
		values := blank(len(places))
		for to, f := range from {
			if f >= 0 {
				values[to] = m.series[s].values[f]
			}
		}
		m.series[s].values = values
	}
}

func (m *matrix) total(place int) float64 {
	sum := 0.0
	for _, s := range m.series {
		if v := s.values[place]; !math.IsNaN(v) {
			sum += v
		}
	}
	return sum
}

func (s seriesData) total() float64 {
	sum := 0.0
	for _, v := range s.values {
		if !math.IsNaN(v) {
			sum += v
		}
	}
	return sum
}

// arrange orders categories as the settings ask and keeps at most limit of them.
func (p *plan) arrange(m *matrix, limit int) {
	if m.timed {
		return
	}
	if p.settings.Limit > 0 {
		limit = p.settings.Limit
	}
	if len(m.places) > limit {
		p.cut(m, limit)
		return
	}
	switch p.settings.SortBy {
	case "value":
		m.order(func(a, b int) int {
			c := cmp.Compare(m.total(b), m.total(a))
			if p.settings.SortAscending {
				return -c
			}
			return c
		})
	case "name":
		m.order(func(a, b int) int { return cmp.Compare(m.places[a].label, m.places[b].label) })
	}
}

// cut keeps the largest categories; the others become one where they can be summed up.
func (p *plan) cut(m *matrix, limit int) {
	total := len(m.places)
	m.order(func(a, b int) int { return cmp.Compare(math.Abs(m.total(b)), math.Abs(m.total(a))) })
	additive := true
	for _, s := range m.series {
		additive = additive && s.column.additive
	}
	keep := limit
	if additive {
		keep = limit - 1
	}
	keep = max(keep, 1)
	shown := "Showing " + grouped(keep) + " of " + grouped(total) + " categories; the rest are "
	for i := range m.series {
		s := &m.series[i]
		rest := math.NaN()
		for _, v := range s.values[keep:] {
			if !math.IsNaN(v) {
				if math.IsNaN(rest) {
					rest = 0
				}
				rest += v
			}
		}
		s.values = s.values[:keep:keep]
		if additive {
			s.values = append(s.values, rest)
		}
	}
	m.places = m.places[:keep:keep]
	if additive {
		m.places = append(m.places, place{label: freeName(otherLabel, placeNames(m)), rest: true})
		p.note(shown + "summed as Other.")
		return
	}
	p.note(shown + "not shown.")
}

func placeNames(m *matrix) map[string]bool {
	out := map[string]bool{}
	for _, pl := range m.places {
		out[pl.label] = true
	}
	return out
}

// freeName returns a name that is not taken yet.
func freeName(name string, taken map[string]bool) string {
	for taken[name] {
		name += " "
	}
	return name
}

// mergeSeries keeps the largest series; the others become one.
func (p *plan) mergeSeries(m *matrix) {
	if len(m.series) <= seriesCap {
		return
	}
	total := len(m.series)
	size := make([]float64, total)
	order := make([]int, total)
	for i, s := range m.series {
		order[i] = i
		size[i] = math.Abs(s.total())
	}
	sort.SliceStable(order, func(a, b int) bool { return size[order[a]] > size[order[b]] })
	additive := m.series[0].column.additive && p.series != nil
	keep := seriesCap
	if additive {
		keep--
	}
	kept := slices.Clone(order[:keep])
	slices.Sort(kept)
	out := make([]seriesData, 0, seriesCap)
	taken := map[string]bool{}
	for _, i := range kept {
		out = append(out, m.series[i])
		taken[m.series[i].name] = true
	}
	shown := "Showing " + grouped(keep) + " of " + grouped(total) + " series; the rest are "
	if !additive {
		m.series = out
		p.note(shown + "not shown.")
		return
	}
	rest := seriesData{name: freeName(otherLabel, taken), values: blank(len(m.places)), column: m.series[0].column, rest: true}
	for _, i := range order[keep:] {
		for at, v := range m.series[i].values {
			if math.IsNaN(v) {
				continue
			}
			if math.IsNaN(rest.values[at]) {
				rest.values[at] = 0
			}
			rest.values[at] += v
		}
	}
	m.series = append(out, rest)
	p.note(shown + "summed as Other.")
}
