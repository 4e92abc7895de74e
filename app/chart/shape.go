package chart

import (
	"regexp"
	"strings"
	"time"

	"assay/app/frame"
)

// role is what a column can be in a chart.
type role uint8

const (
	unfit    role = iota // documents, bytes
	measure              // numbers to be read off
	temporal             // times
	ordinal              // whole numbers that name things in order: a year, an hour, an id
	category             // words
)

// grain is the step in which a column of times moves.
type grain uint8

const (
	instant grain = iota
	byMinute
	byHour
	byDay
	byWeek
	byMonth
	byQuarter
	byYear
)

// column is what a chart needs to know of a column.
type column struct {
	index    int
	name     string // as the result calls it
	label    string // as people read it
	role     role
	grain    grain
	distinct int // counted up to distinctCap
	longest  int // characters in the longest value
	filled   int // cells that are not null
	unit     string
	additive bool
	whole    bool // every number is an integer
}

// Enough rows to tell a column's nature; enough values to tell few from many.
const (
	shapeRows   = 20000
	distinctCap = 5000
)

var (
	orderWords   = regexp.MustCompile(`(?i)(^|[_ ])(year|yr|quarter|month|week|weekday|dow|day|hour|minute|bin|bucket|decile|quartile|cohort|rank|step|age)([_ ]?(no|num|number|of[_ ]\w+))?$`)
	keyWords     = regexp.MustCompile(`(?i)((^|[_ ])(id|key|code|zip|postcode|nr|no)$)|[a-z]Id$`)
	notSummable  = regexp.MustCompile(`(?i)(^|[_ ])(avg|average|mean|median|min|max|minimum|maximum|rate|ratio|pct|percent|percentage|share|price|score|rating|temperature|temp|stddev|variance|p\d\d|per|distinct|unique|index|age|duration|margin)([_ ]|$)`)
	monthText    = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])$`)
	quarterText  = regexp.MustCompile(`^\d{4}[- ]?Q[1-4]$`)
	stampText    = regexp.MustCompile(`^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?$`)
	roundedWhole = regexp.MustCompile(`^-?\d{1,9}$`)
)

// profile looks at a result's columns, the settings' labels and units included.
func profile(f *frame.Frame, s Settings) []column {
	out := make([]column, len(f.Columns))
	for i, c := range f.Columns {
		col := column{index: i, name: c.Name, label: clean(s.Label[c.Name]), unit: clean(s.Unit[c.Name])}
		if col.label == "" {
			col.label = humane(clean(c.Name))
		}
		col.scan(f)
		additive, told := s.Additive[c.Name]
		if !told {
			additive = !notSummable.MatchString(c.Name) && col.unit != "%" && col.unit != "ratio"
		}
		col.additive = additive
		out[i] = col
	}
	demote(out)
	return out
}

// demote takes whole numbers for measures again where nothing else could be one.
func demote(cols []column) {
	for _, c := range cols {
		if c.role == measure {
			return
		}
	}
	for i := len(cols) - 1; i >= 0; i-- {
		if cols[i].role == ordinal {
			cols[i].role = measure
			return
		}
	}
}

func (c *column) scan(f *frame.Frame) {
	seen := map[string]struct{}{}
	c.whole = true
	stamps := 0
	for r := range min(f.Rows(), shapeRows) {
		v, ok := f.Cell(r, c.index)
		if !ok {
			continue
		}
		c.filled++
		c.longest = max(c.longest, len(v))
		if len(seen) < distinctCap {
			seen[string(v)] = struct{}{}
		}
		if c.whole && f.Columns[c.index].Kind == frame.Number && !roundedWhole.Match(v) {
			c.whole = false
		}
		if f.Columns[c.index].Kind == frame.Text && (monthText.Match(v) || quarterText.Match(v) || stampText.Match(v)) {
			stamps++
		}
	}
	c.distinct = len(seen)
	switch f.Columns[c.index].Kind {
	case frame.Number:
		c.role = measure
		if c.whole && c.filled > 0 && (orderWords.MatchString(c.name) || keyWords.MatchString(c.name)) {
			c.role = ordinal
		}
	case frame.Time, frame.Date:
		c.role = temporal
	case frame.Text:
		c.role = category
		// SQLite has no type for times, and queries often cut them down to text.
		if c.filled > 0 && stamps == c.filled {
			c.role = temporal
		}
	case frame.Bool, frame.Other:
		c.role = category
	}
	if c.role == temporal {
		c.grain = c.step(f)
	}
}

// step finds the coarsest grain that every value of a column of times keeps to.
func (c *column) step(f *frame.Frame) grain {
	years, quarters, months, days, hours, minutes := true, true, true, true, true, true
	var first time.Time
	weeks, n := true, 0
	for r := range min(f.Rows(), shapeRows) {
		t, ok := timeAt(f, r, c.index)
		if !ok {
			continue
		}
		if n == 0 {
			first = t
		}
		n++
		midnight := t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0
		minutes = minutes && t.Second() == 0 && t.Nanosecond() == 0
		hours = hours && minutes && t.Minute() == 0
		days = days && midnight
		weeks = weeks && midnight && t.Sub(first)%(7*24*time.Hour) == 0
		months = months && midnight && t.Day() == 1
		quarters = quarters && months && (t.Month()-1)%3 == 0
		years = years && quarters && t.Month() == 1
	}
	switch {
	case n == 0:
		return instant
	case years && (n > 1 || c.named("year")):
		return byYear
	case quarters && (n > 2 || c.named("quarter")):
		return byQuarter
	case months && (n > 1 || c.named("month")):
		return byMonth
	case weeks && (n > 3 || c.named("week")):
		return byWeek
	case days:
		return byDay
	case hours:
		return byHour
	case minutes:
		return byMinute
	}
	return instant
}

func (c *column) named(word string) bool { return strings.Contains(strings.ToLower(c.name), word) }

// timeAt reads a time by the clock on the wall where it was told, which is what
// the query grouped by; a zone's offset would move a day's midnight off the day.
func timeAt(f *frame.Frame, row, col int) (time.Time, bool) {
	v, ok := f.Cell(row, col)
	if !ok {
		return time.Time{}, false
	}
	return readTime(string(v))
}

func readTime(s string) (time.Time, bool) {
	t, ok := frame.ParseTime(s)
	switch {
	case ok:
	case monthText.MatchString(s):
		t, ok = frame.ParseTime(s + "-01")
	case quarterText.MatchString(s):
		t, ok = frame.ParseTime(s[:4] + "-01-01")
		t = t.AddDate(0, 3*int(s[len(s)-1]-'1'), 0)
	case stampText.MatchString(s):
		stamp := strings.Replace(s, " ", "T", 1)
		if len(stamp) == len("2006-01-02T15:04") {
			stamp += ":00"
		}
		t, ok = frame.ParseTime(stamp)
	}
	if !ok {
		return time.Time{}, false
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), true
}

// humane turns a column's name into words: "total_revenue" into "Total revenue".
func humane(name string) string {
	if strings.ContainsAny(name, " ()*") || strings.ToUpper(name) == name {
		return name
	}
	words := strings.TrimSpace(strings.ReplaceAll(name, "_", " "))
	if words == "" {
		return name
	}
	return capital(words)
}

// shape counts what a result has.
type shape struct {
	rows                                  int
	measures, times, ordinals, categories int
}

func shapeOf(f *frame.Frame, cols []column) shape {
	s := shape{rows: f.Rows()}
	for _, c := range cols {
		switch c.role {
		case measure:
			s.measures++
		case temporal:
			s.times++
		case ordinal:
			s.ordinals++
		case category:
			s.categories++
		}
	}
	return s
}

func (s shape) dims() int { return s.times + s.ordinals + s.categories }

// sentence says what the result has: "two numbers and no category".
func (s shape) sentence() string {
	if s.rows == 0 {
		return "no rows"
	}
	parts := []string{}
	if s.times > 0 {
		parts = append(parts, count(s.times, "time", "times"))
	}
	if n := s.categories + s.ordinals; n > 0 {
		parts = append(parts, count(n, "category", "categories"))
	}
	if s.measures > 0 {
		parts = append(parts, count(s.measures, "number", "numbers"))
	}
	if s.measures == 0 {
		parts = append(parts, "no number")
	} else if s.dims() == 0 {
		parts = append(parts, "no category")
	}
	return join(parts)
}

var smallNumbers = []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

func count(n int, one, many string) string {
	word := many
	if n == 1 {
		word = one
	}
	if n < len(smallNumbers) {
		return smallNumbers[n] + " " + word
	}
	return grouped(n) + " " + word
}

func join(parts []string) string {
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0]
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}
