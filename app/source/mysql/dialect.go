package mysql

import (
	"strings"

	"assay/app/frame"
	"assay/app/source"
)

// Dialect spells SQL for MySQL and MariaDB.
type Dialect struct{}

// Quote returns an identifier in backticks.
func (Dialect) Quote(name string) string { return quoteName(name) }

// Placeholder returns a question mark, cast where the text of a day or time must not be compared as text.
func (Dialect) Placeholder(_ int, kind frame.Kind) string {
	switch kind {
	case frame.Date:
		return "CAST(? AS DATE)"
	case frame.Time:
		return "CAST(? AS DATETIME(6))"
	default:
		return "?"
	}
}

// Trunc returns the start of x's period; weeks start on Monday.
func (Dialect) Trunc(x string, grain source.Grain, _ frame.Kind) string {
	switch grain {
	case source.Minute:
		return "CAST(DATE_FORMAT(" + x + ", '%Y-%m-%d %H:%i:00') AS DATETIME)"
	case source.Hour:
		return "CAST(DATE_FORMAT(" + x + ", '%Y-%m-%d %H:00:00') AS DATETIME)"
	case source.Week:
		return "DATE_SUB(DATE(" + x + "), INTERVAL WEEKDAY(" + x + ") DAY)"
	case source.Month:
		return "DATE_SUB(DATE(" + x + "), INTERVAL (DAYOFMONTH(" + x + ") - 1) DAY)"
	case source.Quarter:
		return "DATE_ADD(MAKEDATE(YEAR(" + x + "), 1), INTERVAL (QUARTER(" + x + ") - 1) QUARTER)"
	case source.Year:
		return "MAKEDATE(YEAR(" + x + "), 1)"
	default:
		return "DATE(" + x + ")"
	}
}

// Bin returns the lower bound of x's bin. It takes remainders, because a
// division here is rounded to four digits: 299999 / 100000 is 3.0000.
func (Dialect) Bin(x, width string) string {
	return "((" + x + ") - MOD(MOD((" + x + "), " + width + ") + " + width + ", " + width + "))"
}

// Float returns x as a double, in the one spelling that all versions know.
func (Dialect) Float(x string) string { return "((" + x + ") + 0E0)" }

// Sum returns the sum of x; of integers it is a decimal of 65 digits.
func (Dialect) Sum(x string) string { return "SUM(" + x + ")" }

// Median returns false: MariaDB has one over windows alone, MySQL none.
func (Dialect) Median(string) (string, bool) { return "", false }

// Order returns the terms of ORDER BY for x, nulls last; descending they are last anyway.
func (Dialect) Order(x string, desc bool) []string {
	if desc {
		return []string{x + " DESC"}
	}
	return []string{x + " IS NULL", x}
}

// Contains returns a condition on text x and a pattern p.
func (Dialect) Contains(x, p string) string {
	return "(LOWER(" + x + ") LIKE LOWER(" + p + ") ESCAPE '!')"
}

// StartsWith returns a condition on text x and a pattern p.
func (d Dialect) StartsWith(x, p string) string { return d.Contains(x, p) }

var likeEscapes = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// Pattern returns the value to bind for Contains or StartsWith.
func (Dialect) Pattern(value string, anywhere bool) string {
	p := likeEscapes.Replace(value) + "%"
	if anywhere {
		p = "%" + p
	}
	return p
}

// Compare returns x and p as they are.
func (Dialect) Compare(x, p string, _ frame.Kind) (left, right string) { return x, p }
