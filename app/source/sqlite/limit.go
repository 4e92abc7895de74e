package sqlite

import (
	"encoding/hex"
	"strings"

	"assay/app/frame"
	"assay/app/source"
)

// Literal writes numbers and truth values bare, bytes as such, and everything
// else as text, which the engine reads as the type of the column it is compared
// with. A backslash means nothing to SQLite; a null character, which no
// statement may hold, is put in by a function.
func (dialect) Literal(text string, kind frame.Kind) string {
	switch {
	case kind == frame.Number && source.IsNumber(text):
		if strings.HasPrefix(text, "-") {
			return "(" + text + ")" // two signs in a row begin a comment
		}
		return text
	case kind == frame.Bool && text == "true":
		return "1"
	case kind == frame.Bool && text == "false":
		return "0"
	case kind == frame.Binary:
		return "x'" + hex.EncodeToString([]byte(text)) + "'"
	}
	parts := strings.Split(text, "\x00")
	for i, part := range parts {
		parts[i] = quoted('\'', part)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, " || char(0) || ") + ")"
}

// Fence: a subquery with OFFSET is never flattened into the query around it,
// and one with LIMIT is given none of its conditions, whatever the statement
// says of likelihoods, indexes or materializing. A LIMIT below nought is none.
func (dialect) Fence(list, rest string) string {
	return "SELECT " + list + " " + rest + " LIMIT -1 OFFSET 0"
}

// Null takes the type of whatever it meets.
func (dialect) Null(string) string { return "NULL" }
