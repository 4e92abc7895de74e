package postgres

import (
	"strings"

	"assay/app/frame"
	"assay/app/source"
)

// Literal writes numbers and truth values bare and everything else as text, which
// the engine reads as the type it is compared with.
func (dialect) Literal(text string, kind frame.Kind) string {
	switch {
	case kind == frame.Number && source.IsNumber(text):
		return text
	case kind == frame.Bool && text == "true":
		return "TRUE"
	case kind == frame.Bool && text == "false":
		return "FALSE"
	}
	return `'` + strings.ReplaceAll(text, `'`, `''`) + `'`
}

// Fence: a subquery with OFFSET is planned on its own.
func (dialect) Fence(list, rest string) string {
	return "SELECT " + list + " " + rest + " OFFSET 0"
}
