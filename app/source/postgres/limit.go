package postgres

import (
	"strings"

	"assay/app/frame"
	"assay/app/source"
)

// Literal writes numbers and truth values bare (a negative number in brackets,
// so that no sign before it makes a comment) and everything else as text without
// a type, which the engine reads as the type it is compared with. A backslash
// makes it an escape string, which reads the same whatever
// standard_conforming_strings says. A zero byte stays: no text of the engine
// holds one, and the guard refuses a Select that does.
func (dialect) Literal(text string, kind frame.Kind) string {
	switch {
	case kind == frame.Number && source.IsNumber(text):
		if strings.HasPrefix(text, "-") {
			return "(" + text + ")"
		}
		return text
	case kind == frame.Bool && text == "true":
		return "TRUE"
	case kind == frame.Bool && text == "false":
		return "FALSE"
	}
	quoted := `'` + strings.ReplaceAll(text, `'`, `''`) + `'`
	if strings.Contains(text, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// Fence ends in OFFSET, over which the planner moves no condition in either
// direction, whatever its settings are. That alone would still let it estimate
// the outer conditions by evaluating them on the table's statistics, which hold
// values of hidden rows: a pattern such as 'a%\' then fails if one of them
// begins with an a. The statistics of a set operation are never looked at, so
// an empty copy of the query is added.
func (dialect) Fence(list, rest string) string {
	query := "SELECT " + list + " " + rest
	return query + " UNION ALL (" + query + " LIMIT 0) OFFSET 0"
}

// Null is cast: a bare one would be of no type until something is done with it.
func (dialect) Null(typ string) string {
	if typ == "" {
		return "NULL"
	}
	return "CAST(NULL AS " + typ + ")"
}
