package sqlserver

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
		return "1"
	case kind == frame.Bool && text == "false":
		return "0"
	}
	return `N'` + strings.ReplaceAll(text, `'`, `''`) + `'`
}

// Fence: conditions are not moved into a derived table with TOP.
func (dialect) Fence(list, rest string) string {
	return "SELECT TOP (9223372036854775807) " + list + " " + rest
}
