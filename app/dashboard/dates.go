package dashboard

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"assay/app/fault"
)

// Range is a span of times on the clock on the wall, written as UTC so that no
// day lacks its midnight. From is the first moment in it, To the first after it;
// a zero time means no end there.
type Range struct {
	From, To time.Time
	// Hours says that the ends are moments and not days.
	Hours bool
}

// Days are words for ranges, to choose from.
var Days = []string{"today", "yesterday", "last 7 days", "last 30 days", "last 90 days", "last 12 months",
	"this week", "this month", "this quarter", "this year", "previous month", "previous quarter", "previous year", "year to date"}

var (
	relative  = regexp.MustCompile(`^(last|past|previous|next) (\d{1,5}) (minute|hour|day|week|month|quarter|year)s?$`)
	single    = regexp.MustCompile(`^(this|current|last|past|previous|next) (hour|day|week|month|quarter|year)$`)
	toDate    = regexp.MustCompile(`^(week|month|quarter|year) to date$`)
	quarterly = regexp.MustCompile(`^(?:(\d{4})[- ]?q([1-4])|q([1-4])[- ]?(\d{4}))$`)
	ends      = regexp.MustCompile(`^(.+?)(?: to | until | – |\.\.)(.+)$`)
	openEnd   = regexp.MustCompile(`^(since|from|after|until|up to|before|on) (.+)$`)
	spaces    = regexp.MustCompile(`\s+`)
)

// ParseRange reads what a person means by words such as "last 30 days", "this
// month", "2026-01-01 to 2026-03-31", "since 2026-02-01" or "2026-Q1", as of now
// and in now's zone; "" is every time. "last 30 days" ends with the present day,
// "previous 30 days" with the day before it.
func ParseRange(text string, now time.Time) (Range, error) {
	t := strings.ToLower(strings.TrimSpace(spaces.ReplaceAllString(text, " ")))
	switch t {
	case "", "all", "all time", "any time":
		return Range{}, nil
	case "now", "today":
		return period(now, "day", 0, 1), nil
	case "yesterday":
		return period(now, "day", -1, 1), nil
	case "tomorrow":
		return period(now, "day", 1, 1), nil
	case "ytd", "qtd", "mtd", "wtd":
		t = map[byte]string{'y': "year", 'q': "quarter", 'm': "month", 'w': "week"}[t[0]] + " to date"
	}
	if m := relative.FindStringSubmatch(t); m != nil {
		n, _ := strconv.Atoi(m[2])
		if n == 0 {
			return Range{}, fault.New(fault.Invalid, "%q is no time at all", text)
		}
		switch m[1] {
		case "last":
			return period(now, m[3], 1-n, n), nil
		case "next":
			return period(now, m[3], 1, n), nil
		}
		return period(now, m[3], -n, n), nil
	}
	if m := single.FindStringSubmatch(t); m != nil {
		return period(now, m[2], map[string]int{"last": -1, "past": -1, "previous": -1, "next": 1}[m[1]], 1), nil
	}
	if m := toDate.FindStringSubmatch(t); m != nil {
		r := period(now, m[1], 0, 1)
		r.To = period(now, "day", 0, 1).To
		return r, nil
	}
	if r, ok := calendar(t); ok {
		return r, nil
	}
	if m := openEnd.FindStringSubmatch(t); m != nil {
		r, err := ParseRange(m[2], now)
		if err != nil || r == (Range{}) {
			return Range{}, unreadable(text)
		}
		switch m[1] {
		case "since", "from":
			r.To = time.Time{}
		case "after":
			r.From, r.To = r.To, time.Time{}
		case "until", "up to":
			r.From = time.Time{}
		case "before":
			r.To, r.From = r.From, time.Time{}
		}
		return r, nil
	}
	if m := ends.FindStringSubmatch(t); m != nil && !ends.MatchString(m[2]) {
		from, err1 := ParseRange(m[1], now)
		to, err2 := ParseRange(m[2], now)
		if err1 != nil || err2 != nil || from == (Range{}) || to == (Range{}) {
			return Range{}, unreadable(text)
		}
		r := Range{From: from.From, To: to.To, Hours: from.Hours || to.Hours}
		if !r.To.IsZero() && !r.From.Before(r.To) {
			return Range{}, fault.New(fault.Invalid, "%q ends before it begins", text)
		}
		return r, nil
	}
	return Range{}, unreadable(text)
}

func unreadable(text string) error {
	if r := []rune(text); len(r) > 40 {
		text = string(r[:40]) + "…"
	}
	return fault.New(fault.Invalid, "%q is no date or range; write it as last 30 days, this month, 2026-01-01 to 2026-03-31 or since 2026-02-01", text)
}

// calendar reads a day, month, quarter, year or moment.
func calendar(t string) (Range, bool) {
	for _, l := range []struct{ layout, unit string }{{"2006-01-02", "day"}, {"2006-01", "month"}, {"2006", "year"}} {
		if at, err := time.Parse(l.layout, t); err == nil {
			return Range{From: at, To: shift(at, l.unit, 1)}, true
		}
	}
	if m := quarterly.FindStringSubmatch(t); m != nil {
		year, _ := strconv.Atoi(m[1] + m[4])
		quarter, _ := strconv.Atoi(m[2] + m[3])
		at := time.Date(year, time.Month(quarter*3-2), 1, 0, 0, 0, 0, time.UTC)
		return Range{From: at, To: shift(at, "quarter", 1)}, true
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02t15:04", "2006-01-02 15:04:05", "2006-01-02t15:04:05"} {
		if at, err := time.Parse(layout, t); err == nil {
			step := time.Minute
			if strings.HasSuffix(layout, "05") {
				step = time.Second
			}
			return Range{From: at, To: at.Add(step), Hours: true}, true
		}
	}
	return Range{}, false
}

// wall returns what a clock on the wall shows at a moment, as UTC.
func wall(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// period returns n units from the one that is so many after the present one.
func period(now time.Time, unit string, after, n int) Range {
	if unit == "minute" || unit == "hour" {
		start, step := now.Truncate(time.Minute), time.Minute
		if unit == "hour" {
			// A zone may be off by half an hour, so the clock's own minutes are taken away.
			start, step = start.Add(-time.Duration(start.Minute())*time.Minute), time.Hour
		}
		start = start.Add(time.Duration(after) * step)
		return Range{From: wall(start), To: wall(start.Add(time.Duration(n) * step)), Hours: true}
	}
	y, m, d := now.Date()
	switch unit {
	case "week":
		d -= (int(now.Weekday()) + 6) % 7
	case "month":
		d = 1
	case "quarter":
		m, d = m-(m-1)%3, 1
	case "year":
		m, d = 1, 1
	}
	from := shift(time.Date(y, m, d, 0, 0, 0, 0, time.UTC), unit, after)
	return Range{From: from, To: shift(from, unit, n)}
}

// shift moves the start of a unit of the calendar by so many of them.
func shift(t time.Time, unit string, n int) time.Time {
	y, m, d := t.Date()
	switch unit {
	case "week":
		d += 7 * n
	case "month":
		m += time.Month(n)
	case "quarter":
		m += time.Month(3 * n)
	case "year":
		y += n
	default:
		d += n
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// text spells an end as databases compare it: on the clock of its zone.
func (r Range) text(t time.Time) string {
	if r.Hours {
		return t.Format("2006-01-02T15:04:05")
	}
	return t.Format(time.DateOnly)
}

// last is the last day, or the first moment after, that the range has.
func (r Range) last() time.Time {
	if r.Hours {
		return r.To
	}
	return shift(r.To, "day", -1)
}

// String says the range as it can be typed again.
func (r Range) String() string {
	switch {
	case r.From.IsZero() && r.To.IsZero():
		return ""
	case r.To.IsZero():
		return "since " + r.text(r.From)
	case r.From.IsZero():
		return "until " + r.text(r.last())
	}
	first, last := r.text(r.From), r.text(r.last())
	if first == last {
		return first
	}
	return first + " to " + last
}

// Period says the period of the grain (day, week, month, quarter or year) that
// begins on a day, as a range can be typed; a finer grain's is the day.
func Period(day, grain string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	switch grain {
	case "week", "month", "quarter", "year":
	default:
		grain = "day"
	}
	return Range{From: at, To: shift(at, grain, 1)}.String()
}
