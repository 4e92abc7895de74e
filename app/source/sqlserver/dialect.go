package sqlserver

import (
	"fmt"
	"strings"

	"assay/app/frame"
	"assay/app/source"
)

// dialect spells T-SQL without DATETRUNC, DATE_BUCKET and GREATEST, which need SQL Server 2022.
type dialect struct{}

func (dialect) Quote(name string) string {
	return "[" + strings.ReplaceAll(name, "]", "]]") + "]"
}

// Placeholder returns @pN; Query casts numbers to the precision of their value when it binds them.
func (dialect) Placeholder(n int, _ frame.Kind) string { return fmt.Sprintf("@p%d", n) }

const (
	// firstMonday is a Monday and the first day that date and datetime2 know, so that no day is counted backwards from it.
	firstMonday = "CAST('0001-01-01' AS date)"
	// firstYear begins a year, a quarter and a month, and is the first day that datetime knows.
	firstYear = "CAST('1753-01-01' AS date)"
)

func (dialect) Trunc(x string, grain source.Grain, kind frame.Kind) string {
	// DATEDIFF takes a datetimeoffset to UTC first; the cast to date keeps its own day.
	day := "CAST(" + x + " AS date)"
	if kind == frame.Date {
		// DATEPART refuses to read hours from a date.
		x = "CAST(" + x + " AS datetime2(0))"
	}
	midnight := "CAST(" + day + " AS datetime2(0))"
	switch grain {
	case source.Minute:
		// Counting minutes from a first day would overflow an int for the year 9999, a common "never".
		return fmt.Sprintf("DATEADD(minute, DATEPART(hour, %s) * 60 + DATEPART(minute, %s), %s)", x, x, midnight)
	case source.Hour:
		return fmt.Sprintf("DATEADD(hour, DATEPART(hour, %s), %s)", x, midnight)
	case source.Week:
		return fmt.Sprintf("DATEADD(day, -(DATEDIFF(day, %s, %s) %% 7), %s)", firstMonday, day, day)
	case source.Month, source.Quarter, source.Year:
		return fmt.Sprintf("DATEADD(%s, DATEDIFF(%s, %s, %s), %s)", grain, grain, firstYear, day, firstYear)
	}
	return day
}

// Bin divides decimals, not integers: integer division rounds negative values
// up. Adding a decimal zero turns integers into decimals and leaves decimals
// and floats as they are.
func (dialect) Bin(x, width string) string {
	w := decimalLiteral(width)
	return fmt.Sprintf("(FLOOR((%s + %s) / %s) * %s)", x, decimalZero, w, w)
}

func decimalLiteral(s string) string {
	p, scale := precision(s)
	return fmt.Sprintf("CAST(%s AS decimal(%d, %d))", s, p, scale)
}

// precision returns how many digits a decimal literal has and how many of them follow the point.
func precision(s string) (digits, scale int) {
	whole, fraction, _ := strings.Cut(strings.TrimLeft(s, "+-"), ".")
	whole = strings.TrimLeft(whole, "0")
	digits, scale = len(whole)+len(fraction), len(fraction)
	digits = max(digits, 1)
	if digits > 38 {
		scale = max(0, scale-(digits-38))
		digits = 38
	}
	return digits, scale
}

func (dialect) Float(x string) string { return "CAST(" + x + " AS float)" }

// decimalZero added to a value turns an int into decimal(11, 0), whose SUM is a
// decimal(38, 0) that cannot overflow in practice; a decimal keeps its scale,
// money keeps its four digits and a float stays a float. Multiplying by one
// instead would cost a decimal(38, 10) two of its digits.
const decimalZero = "CAST(0 AS decimal(1, 0))"

func (dialect) Sum(x string) string { return "SUM(" + x + " + " + decimalZero + ")" }

// Median returns false: PERCENTILE_CONT is a window function here, not an aggregate.
func (dialect) Median(string) (string, bool) { return "", false }

// Order needs a second term going up only, as SQL Server puts nulls below everything.
func (dialect) Order(x string, desc bool) []string {
	if desc {
		return []string{x + " DESC"}
	}
	return []string{"CASE WHEN " + x + " IS NULL THEN 1 ELSE 0 END", x + " ASC"}
}

func (dialect) Contains(x, p string) string {
	return "LOWER(" + x + ") LIKE LOWER(" + p + ") ESCAPE '!'"
}

func (d dialect) StartsWith(x, p string) string { return d.Contains(x, p) }

var likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_", "[", "![")

func (dialect) Pattern(value string, anywhere bool) string {
	value = likeEscaper.Replace(value) + "%"
	if anywhere {
		return "%" + value
	}
	return value
}

func (dialect) Compare(x, p string, _ frame.Kind) (left, right string) { return x, p }
