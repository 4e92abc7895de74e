package sqlserver

import (
	"encoding/hex"
	"strings"

	"github.com/golang-sql/civil"

	"assay/app/frame"
	"assay/app/source"
)

// Literal writes numbers bare, times and dates as casts that no language
// setting reads otherwise, bytes in hex, and the rest as Unicode text. What
// cannot stand inside of quotes is joined to the text; bytes that are no UTF-8
// become U+FFFD.
func (dialect) Literal(text string, kind frame.Kind) string {
	switch kind {
	case frame.Number:
		if source.IsNumber(text) {
			return numberLiteral(text)
		}
	case frame.Bool:
		switch text {
		case "true":
			return "1"
		case "false":
			return "0"
		}
	case frame.Date:
		if d, err := civil.ParseDate(text); err == nil && d.Year >= 1 && d.Year <= 9999 {
			return "CAST(" + textLiteral(text) + " AS date)"
		}
	case frame.Time:
		if t, ok := frame.ParseTime(text); ok && t.Year() >= 1 && t.Year() <= 9999 {
			// datetime2 takes no more than seven digits of a second.
			if zoned(text) {
				return "CAST(" + textLiteral(t.Format("2006-01-02T15:04:05.9999999Z07:00")) + " AS datetimeoffset(7))"
			}
			return "CAST(" + textLiteral(t.Format("2006-01-02T15:04:05.9999999")) + " AS datetime2(7))"
		}
	case frame.Binary:
		return "0x" + hex.EncodeToString([]byte(text))
	}
	return textLiteral(text)
}

// numberLiteral puts a sign into parentheses, as two of them would begin a
// comment, and makes a float of what has more digits than a decimal.
func numberLiteral(text string) string {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if len(strings.TrimLeft(whole, "0"))+len(fraction) > 38 && !strings.ContainsAny(text, "eE") {
		text += "E0"
	}
	if strings.HasPrefix(text, "-") {
		return "(" + text + ")"
	}
	return text
}

// textLiteral returns text in quotes. A backslash before a line end would
// disappear together with it, so the text is cut between them; a statement
// cannot hold U+0000, so that is written as a call.
func textLiteral(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	var b strings.Builder
	b.WriteString("N'")
	pieces := 1
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == 0:
			b.WriteString("' + NCHAR(0) + N'")
			pieces++
			continue
		case c == '\'':
			b.WriteByte('\'')
		}
		b.WriteByte(c)
		if c == '\\' && i+1 < len(text) && (text[i+1] == '\n' || text[i+1] == '\r') {
			b.WriteString("' + N'")
			pieces++
		}
	}
	b.WriteByte('\'')
	if pieces > 1 {
		return "(" + b.String() + ")"
	}
	return b.String()
}

// fence is the greatest number of rows that TOP takes.
const fence = "9223372036854775807"

// Fence asks for the first 2^63-1 rows. What is documented is that a SELECT
// gives the answer it would give if WHERE came before TOP and the outer query
// after both; SQL Server does not document when it evaluates a condition that
// can fail. That its optimizer moves no condition of the outer query below a
// TOP, and does not see through one of this size as it does through TOP 100
// PERCENT, is known of it and used widely, but neither documented nor measured
// here. One gap is known: where a condition on a unique key leaves one row at
// most, it may leave TOP out.
func (dialect) Fence(list, rest string) string {
	return "SELECT TOP (" + fence + ") " + list + " " + rest
}

// fenced reports whether the SELECT that starts the tokens was made by Fence.
func fenced(tokens []token) bool {
	return len(tokens) > 4 && tokens[0].is("SELECT") && tokens[1].is("TOP") && tokens[2].op("(") && tokens[3].text == fence && tokens[4].op(")")
}

// readsLimited reports whether a checked statement reads a limited table.
func readsLimited(sql string) bool {
	tokens, err := lex(sql)
	if err != nil {
		return true
	}
	for i := range tokens {
		if fenced(tokens[i:]) {
			return true
		}
	}
	return false
}

// Null is cast: a bare one would be of no type until something is done with it.
func (dialect) Null(typ string) string {
	if typ == "" {
		return "NULL"
	}
	return "CAST(NULL AS " + typ + ")"
}
