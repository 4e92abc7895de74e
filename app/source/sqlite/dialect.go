package sqlite

import (
	"fmt"
	"strings"

	"assay/app/frame"
	"assay/app/source"
)

type dialect struct{}

var _ source.Dialect = dialect{}

func (dialect) Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (dialect) Placeholder(n int, _ frame.Kind) string { return fmt.Sprintf("?%d", n) }

// Trunc gives the texts that the engine's own functions give, as dates and times are texts here.
func (dialect) Trunc(x string, grain source.Grain, _ frame.Kind) string {
	switch grain {
	case source.Minute:
		return "strftime('%Y-%m-%d %H:%M:00', " + x + ")"
	case source.Hour:
		return "strftime('%Y-%m-%d %H:00:00', " + x + ")"
	case source.Week:
		// Six days back and on to the next Monday, which is the day itself on a Monday.
		return "date(" + x + ", '-6 days', 'weekday 1')"
	case source.Month:
		return "date(" + x + ", 'start of month')"
	case source.Quarter:
		return "date(" + x + ", 'start of month', '-' || ((strftime('%m', " + x + ") - 1) % 3) || ' months')"
	case source.Year:
		return "date(" + x + ", 'start of year')"
	default:
		return "date(" + x + ")"
	}
}

// Bin divides as floats, because the division of integers would round towards nought before floor sees it.
func (dialect) Bin(x, width string) string {
	return "(floor(CAST(" + x + " AS REAL) / " + width + ") * " + width + ")"
}

func (dialect) Float(x string) string { return "CAST(" + x + " AS REAL)" }

func (dialect) Sum(x string) string { return "sum(" + x + ")" }

func (dialect) Median(string) (string, bool) { return "", false }

func (dialect) Order(x string, desc bool) []string {
	if desc {
		return []string{x + " DESC NULLS LAST"}
	}
	return []string{x + " ASC NULLS LAST"}
}

func (dialect) Contains(x, p string) string { return "(" + x + ` LIKE ` + p + ` ESCAPE '\')` }

func (d dialect) StartsWith(x, p string) string { return d.Contains(x, p) }

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (dialect) Pattern(value string, anywhere bool) string {
	value = likeEscaper.Replace(value) + "%"
	if anywhere {
		value = "%" + value
	}
	return value
}

// Compare brings times to one spelling: a space rather than T, seconds always
// there, and no end of noughts behind them, so that the order of the texts is
// the order of the times down to the last digit of a second.
func (dialect) Compare(x, p string, kind frame.Kind) (left, right string) {
	switch kind {
	case frame.Date:
		return "date(" + x + ")", "date(" + p + ")"
	case frame.Time:
		return comparable(x), comparable(p)
	}
	return x, p
}

// comparable appends to the seconds, which the engine tells only to the
// millisecond, whatever digits the text has after the dot.
func comparable(x string) string {
	return "datetime(" + x + ") || rtrim(substr(" + x + ", 20, 10), '.0Z')"
}
