package postgres

import (
	"strconv"
	"strings"

	"assay/app/frame"
	"assay/app/source"
)

type dialect struct{}

func (dialect) Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Placeholder needs no cast: every argument is bound with a type of its own.
func (dialect) Placeholder(n int, _ frame.Kind) string { return "$" + strconv.Itoa(n) }

func (dialect) Trunc(x string, grain source.Grain, kind frame.Kind) string {
	if kind == frame.Date {
		// date_trunc would read a date as a time with zone, which has no midnight on some days of some zones.
		x = "CAST(" + x + " AS timestamp)"
	}
	truncated := "date_trunc('" + string(grain) + "', " + x + ")"
	if grain == source.Minute || grain == source.Hour {
		return "CAST(" + truncated + " AS timestamp)"
	}
	return "CAST(" + truncated + " AS date)"
}

func (dialect) Bin(x, width string) string {
	return "(floor(CAST(" + x + " AS numeric) / " + width + ") * " + width + ")"
}

func (dialect) Float(x string) string { return "CAST(" + x + " AS double precision)" }

func (dialect) Sum(x string) string { return "sum(" + x + ")" }

func (dialect) Median(x string) (string, bool) {
	return "percentile_cont(0.5) WITHIN GROUP (ORDER BY " + x + ")", true
}

func (dialect) Order(x string, desc bool) []string {
	if desc {
		return []string{x + " DESC NULLS LAST"}
	}
	return []string{x + " ASC NULLS LAST"}
}

func (dialect) Contains(x, p string) string { return "(CAST(" + x + " AS text) ILIKE " + p + ")" }

func (dialect) StartsWith(x, p string) string { return "(CAST(" + x + " AS text) ILIKE " + p + ")" }

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (dialect) Pattern(value string, anywhere bool) string {
	pattern := likeEscapes.Replace(value) + "%"
	if anywhere {
		pattern = "%" + pattern
	}
	return pattern
}

func (dialect) Compare(x, p string, _ frame.Kind) (left, right string) { return x, p }
