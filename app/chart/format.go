package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// writer spells numbers and times for people, as formatters.js does.
type writer struct {
	code string
	language
}

func writerFor(locale string) writer {
	code, _, _ := strings.Cut(strings.ToLower(locale), "-")
	if l, ok := languages[code]; ok {
		return writer{code, l}
	}
	return writer{"en", languages["en"]}
}

// style is how the values of a column are spelled.
type style struct {
	name   string // of the named format in full
	unit   string
	digits int // places after the point, or -1 for as few as say the value
}

var signs = map[string]string{
	"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CNY": "¥", "INR": "₹", "KRW": "₩",
	"€": "€", "$": "$", "£": "£", "¥": "¥", "₹": "₹", "₩": "₩", "US$": "US$",
	"CHF": "CHF ", "SEK": "SEK ", "NOK": "NOK ", "DKK": "DKK ", "PLN": "PLN ", "CAD": "CAD ", "AUD": "AUD ",
}

// styleOf returns the style of a column's values by its unit.
func (w writer) styleOf(c column) style {
	s := style{name: "thousands", digits: -1}
	switch unit := c.unit; {
	case unit == "":
	case unit == "%" || unit == "percent":
		s.unit = "%"
	case unit == "ratio":
		s.name = "percent"
	case unit == "bytes":
		s.name = "bytes"
	case unit == "seconds":
		s.name = "duration"
	case signs[unit] != "":
		if !c.whole {
			s.digits = 2
		}
		if w.behind {
			s.unit = " " + strings.TrimSpace(signs[unit])
		} else {
			s.unit = "^" + signs[unit]
		}
	default:
		s.unit = " " + unit
	}
	return s
}

// full and short return the named format for a value and for an axis.
func (w writer) full(s style) string { return w.named(s.name, s.digits, s.unit) }

func (w writer) short(s style) string {
	if s.name == "thousands" {
		return w.named("compact", -1, s.unit)
	}
	return w.named(s.name, s.digits, s.unit)
}

func (w writer) named(name string, digits int, unit string) string {
	b := "$fmt:" + name
	if w.code != "en" {
		b += "@" + w.code
	}
	if digits < 0 && unit == "" {
		return b
	}
	b += ":"
	if digits >= 0 {
		b += strconv.Itoa(digits)
	}
	if unit != "" {
		b += ":" + unit
	}
	return b
}

// number writes a value in full.
func (w writer) number(v float64, s style) string { return w.spell(v, s.name, s.digits, s.unit) }

// compact writes a value in about three digits.
func (w writer) compact(v float64, s style) string {
	if s.name == "thousands" {
		return w.spell(v, "compact", -1, s.unit)
	}
	return w.number(v, s)
}

func (w writer) spell(v float64, name string, digits int, unit string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	size := math.Abs(v)
	var body string
	switch name {
	case "percent":
		body = w.fixed(size*100, digits, 1) + "%"
	case "compact":
		body = w.scaled(size, digits, 1000, w.steps[:])
	case "bytes":
		body = w.scaled(size, digits, 1024, []string{" B", " KiB", " MiB", " GiB", " TiB"})
	case "duration":
		body = clock(size)
	case "number":
		body = w.fixed(size, digits, 6)
	default:
		body = w.fixed(size, digits, 2)
		if size < 1 {
			body = w.fixed(size, digits, 4)
		}
	}
	sign := ""
	if v < 0 && strings.ContainsAny(body, "123456789") {
		sign = "\u2212"
	}
	if before, ok := strings.CutPrefix(unit, "^"); ok {
		return sign + before + body
	}
	return sign + body + unit
}

func (w writer) fixed(size float64, digits, most int) string {
	if size >= 1e21 {
		return strconv.FormatFloat(size, 'g', -1, 64)
	}
	places := digits
	if places < 0 {
		places = most
	}
	text := toFixed(size, places)
	if digits < 0 && strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	whole, part, _ := strings.Cut(text, ".")
	var b strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(w.group)
		}
		b.WriteRune(c)
	}
	if part != "" {
		b.WriteString(w.point)
		b.WriteString(part)
	}
	return b.String()
}

// toFixed rounds a half up, as JavaScript does and strconv does not.
func toFixed(size float64, places int) string {
	if scaled := size * math.Pow10(places); scaled < 1<<52 && scaled-math.Floor(scaled) == 0.5 && math.FMA(size, math.Pow10(places), -scaled) == 0 {
		size = math.Nextafter(size, math.Inf(1))
	}
	return strconv.FormatFloat(size, 'f', places, 64)
}

func (w writer) scaled(size float64, digits int, base float64, steps []string) string {
	places := max(digits, 0)
	if digits < 0 {
		places = 1
	}
	i := 0
	for i < len(steps)-1 {
		rounded, _ := strconv.ParseFloat(toFixed(size, places), 64)
		if rounded < base {
			break
		}
		size /= base
		i++
	}
	return w.fixed(size, digits, places3(size, i)) + steps[i]
}

// places3 keeps about three digits.
func places3(size float64, step int) int {
	switch {
	case step == 0 && size < 1:
		return 4
	case size < 10:
		return 2
	}
	return 1
}

func clock(size float64) string {
	if size >= 1e21 {
		return strconv.FormatFloat(size, 'e', -1, 64)
	} else if size >= 1e12 {
		return strconv.FormatFloat(size, 'f', -1, 64)
	}
	whole := int64(math.Floor(size + 0.5))
	if h := whole / 3600; h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, whole/60%60, whole%60)
	}
	return fmt.Sprintf("%d:%02d", whole/60, whole%60)
}

// time writes a time as coarsely as its grain allows.
func (w writer) time(t time.Time, g grain) string {
	month := w.months[t.Month()-1]
	switch g {
	case byYear:
		return strconv.Itoa(t.Year())
	case byQuarter:
		return fmt.Sprintf("Q%d %d", (t.Month()-1)/3+1, t.Year())
	case byMonth:
		return month + " " + strconv.Itoa(t.Year())
	case byDay, byWeek:
		return fmt.Sprintf("%d %s %d", t.Day(), month, t.Year())
	case byHour, byMinute:
		return fmt.Sprintf("%d %s %d %02d:%02d", t.Day(), month, t.Year(), t.Hour(), t.Minute())
	}
	return fmt.Sprintf("%d %s %d %02d:%02d:%02d", t.Day(), month, t.Year(), t.Hour(), t.Minute(), t.Second())
}

// timeFormat returns the named format for values of a grain.
func (w writer) timeFormat(g grain) string {
	name := map[grain]string{byYear: "year", byQuarter: "quarter", byMonth: "month", byWeek: "date", byDay: "date"}[g]
	if name == "" {
		name = "datetime"
	}
	return w.named(name, -1, "")
}

// grouped writes a count with thousands separators.
func grouped(n int) string {
	return writer{"en", languages["en"]}.fixed(float64(n), 0, 0)
}
