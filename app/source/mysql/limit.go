package mysql

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"assay/app/frame"
	"assay/app/source"
)

// Literal returns a constant of the kind. Text that is no value of the kind
// becomes NULL, because the servers would read it as 0 or as no day at all and
// compare with that; NULL equals nothing.
func (Dialect) Literal(text string, kind frame.Kind) string {
	switch kind {
	case frame.Number:
		if source.IsNumber(text) {
			return text
		}
		return "NULL"
	case frame.Bool:
		switch text {
		case "true":
			return "TRUE"
		case "false":
			return "FALSE"
		}
		return "NULL"
	case frame.Date, frame.Time:
		t, ok := frame.ParseTime(text)
		switch {
		case !ok:
			return "NULL"
		case kind == frame.Date:
			return t.Format("DATE '2006-01-02'")
		}
		return t.Format("TIMESTAMP '2006-01-02 15:04:05.999999'")
	case frame.Binary:
		return fmt.Sprintf("x'%x'", text)
	}
	// What the guard does not let stand in a text is spelled by its bytes; those
	// that are no UTF-8 the servers refuse then.
	if strings.Contains(text, mark) || !utf8.ValidString(text) {
		return fmt.Sprintf("_utf8mb4 x'%x'", text)
	}
	return "'" + escapes.Replace(text) + "'"
}

// Fence ends the SELECT in a LIMIT that no table reaches. The servers neither
// merge a derived table with a LIMIT into the query around it nor give it that
// query's conditions, whatever their optimizers' switches say, since either
// could change which rows the LIMIT counts.
func (Dialect) Fence(list, rest string) string {
	return "SELECT " + list + " " + rest + " LIMIT 18446744073709551615"
}

// Null takes the type of whatever it meets.
func (Dialect) Null(string) string { return "NULL" }
