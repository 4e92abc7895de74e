package frame

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"strings"
	"unicode/utf8"

	"assay/app/fault"
)

// CSVWriter writes a result as CSV by RFC 4180: a header, CRLF after each
// line, quotes only where they are needed, UTF-8. Nulls are empty and empty
// texts are "", as PostgreSQL's COPY has it (in a result of one column a null
// is "" too, since most readers skip an empty line). Numbers keep the digits
// of the database; times read 2006-01-02 15:04:05, with fraction and zone
// where there are any; bytes are \x and hexadecimal digits.
//
// By default a header or a text that a spreadsheet would take for a formula,
// because it begins with = + - @, a tab, a line break or one of ＝ ＋ － ＠, gets
// an apostrophe in front. Numbers, dates, times and booleans are left alone.
type CSVWriter struct {
	// Raw writes texts as they are, formulas too.
	Raw bool
	// BOM begins the file with a byte order mark, by which Excel knows UTF-8.
	BOM bool
	// NoHeader leaves out the header.
	NoHeader bool
	// Comma separates the fields: a comma (also where 0), a semicolon, a tab or a bar.
	Comma byte
}

// Write streams the rows to w in constant memory. An error of the first batch
// is returned before anything is written. A later one is returned with nothing
// appended, and whoever serves the file must break the connection, so that it
// does not pass for a whole one. It does not close the rows.
func (c CSVWriter) Write(ctx context.Context, w io.Writer, rows Rows) (Summary, error) {
	if c.Comma == 0 {
		c.Comma = ','
	}
	if strings.IndexByte(",;\t|", c.Comma) < 0 {
		return Summary{}, fault.Field("comma", "Fields can be separated by a comma, a semicolon, a tab or a bar")
	}
	e := &csvEncoder{CSVWriter: c, columns: rows.Columns()}
	for i := range e.special {
		e.special[i] = byte(i) == c.Comma || i == '"' || i == '\r' || i == '\n' || i >= utf8.RuneSelf
	}
	return encode(ctx, w, rows, e)
}

type csvEncoder struct {
	CSVWriter
	columns []Column
	special [256]bool // bytes that need a closer look
}

func (e *csvEncoder) begin(b []byte, _ *Batch) []byte {
	if e.BOM {
		b = append(b, "\uFEFF"...)
	}
	if e.NoHeader || len(e.columns) == 0 {
		return b
	}
	for i := range e.columns {
		if i > 0 {
			b = append(b, e.Comma)
		}
		b = e.text(b, []byte(e.columns[i].Name))
	}
	return append(b, '\r', '\n')
}

func (e *csvEncoder) end(b []byte, _ Summary, _ error) []byte { return b }

func (e *csvEncoder) row(b []byte, batch *Batch, row int) []byte {
	for i := range e.columns {
		if i > 0 {
			b = append(b, e.Comma)
		}
		v, ok := batch.Cell(row, i)
		switch {
		case ok:
			b = e.cell(b, &e.columns[i], v)
		case len(e.columns) == 1:
			b = append(b, '"', '"')
		}
	}
	return append(b, '\r', '\n')
}

func (e *csvEncoder) cell(b []byte, c *Column, v []byte) []byte {
	switch c.Kind {
	case Number:
		if c.Digits > 0 {
			if n, ok := appendRounded(b, c, v); ok {
				return n
			}
		}
		if isNumber(v) {
			return append(b, v...)
		}
	case Time:
		if isTime(v) {
			start := len(b)
			b = append(b, v...)
			if len(v) > 10 && v[10] == 'T' {
				b[start+10] = ' '
			}
			return b
		}
	case Date, Bool:
		if isTime(v) || string(v) == "true" || string(v) == "false" {
			return append(b, v...)
		}
	case Binary:
		b = append(b, '\\', 'x')
		return hex.AppendEncode(b, v)
	}
	return e.text(b, v)
}

// text appends a text, made safe and in quotes where that is needed.
func (e *csvEncoder) text(b, v []byte) []byte {
	if len(v) == 0 {
		return append(b, '"', '"')
	}
	safe := !e.Raw && formula(v)
	quote := false
	for i, c := range v {
		if !e.special[c] {
			continue
		}
		if c < utf8.RuneSelf {
			quote = true
		} else if !utf8.Valid(v[i:]) {
			v = bytes.ToValidUTF8(v, []byte("\uFFFD"))
			quote = bytes.ContainsAny(v, "\"\r\n") || bytes.IndexByte(v, e.Comma) >= 0
		} else {
			quote = quote || bytes.ContainsAny(v[i:], "\"\r\n") || bytes.IndexByte(v[i:], e.Comma) >= 0
		}
		if c >= utf8.RuneSelf {
			break
		}
	}
	if quote {
		b = append(b, '"')
	}
	if safe {
		b = append(b, '\'')
	}
	if !quote {
		return append(b, v...)
	}
	for {
		i := bytes.IndexByte(v, '"')
		if i < 0 {
			b = append(b, v...)
			return append(b, '"')
		}
		b = append(b, v[:i+1]...)
		b = append(b, '"')
		v = v[i+1:]
	}
}

// formula reports whether a spreadsheet would take the text for a formula.
func formula(v []byte) bool {
	if len(v) == 0 {
		return false
	}
	switch v[0] {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return true
	case 0xEF:
		r, _ := utf8.DecodeRune(v)
		return r == '＝' || r == '＋' || r == '－' || r == '＠'
	}
	return false
}

// isNumber reports whether v can only be read as a number: a database whose
// columns hold values of any type may put a text into a column of numbers.
func isNumber(v []byte) bool {
	if _, ok := plainNumber(v); ok {
		return true
	}
	if _, ok := parseDecimal(v); ok {
		return true
	}
	s := string(v)
	return s == "NaN" || s == "Infinity" || s == "-Infinity"
}

// isTime reports whether v has nothing but what dates and times are made of
// and begins with a digit.
func isTime(v []byte) bool {
	if len(v) == 0 || v[0]-'0' > 9 {
		return false
	}
	for _, c := range v {
		if !timeByte[c] {
			return false
		}
	}
	return true
}

var timeByte = func() (t [256]bool) {
	for _, c := range "0123456789:-+.TZ" {
		t[c] = true
	}
	return t
}()
