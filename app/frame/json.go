package frame

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf8"

	"assay/app/fault"
)

// JSONWriter writes a result in the shape of the API:
//
//	{HEAD, "columns": [{"name", "type", "kind"}], "rows": [[…]], "row_count": n, "truncated": bool, TAIL}
//
// All its fields may be nil.
type JSONWriter struct {
	// Head adds the members before "columns".
	Head func(o *Object)
	// Tail adds the last members; it is called after the last row.
	Tail func(o *Object, s Summary)
	// Failure says what the member "error" tells about what kept further rows
	// from coming; without it, the fault's kind and message.
	Failure func(err error) (code, message string)
}

// Write streams the rows to w in constant memory. An error of the first batch
// is returned before anything is written; a later one ends the document with a
// member "error": {"code", "message"} and is returned too. It does not close
// the rows.
func (j JSONWriter) Write(ctx context.Context, w io.Writer, rows Rows) (Summary, error) {
	return encode(ctx, w, rows, &jsonEncoder{JSONWriter: j, columns: rows.Columns()})
}

type jsonEncoder struct {
	JSONWriter
	columns []Column
	some    bool
}

func (e *jsonEncoder) begin(b []byte, _ *Batch) []byte {
	o := Object{b: append(b, '{')}
	if e.Head != nil {
		e.Head(&o)
	}
	o.name("columns")
	b = append(o.b, '[')
	for i, c := range e.columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":`...)
		b = appendJSONString(b, []byte(c.Name))
		b = append(b, `,"type":`...)
		b = appendJSONString(b, []byte(c.Type))
		b = append(b, `,"kind":"`...)
		b = append(b, c.Kind.String()...)
		b = append(b, `"}`...)
	}
	return append(b, `],"rows":[`...)
}

func (e *jsonEncoder) row(b []byte, batch *Batch, row int) []byte {
	if e.some {
		b = append(b, ',', '\n')
	}
	e.some = true
	b = append(b, '[')
	for i := range e.columns {
		if i > 0 {
			b = append(b, ',')
		}
		v, ok := batch.Cell(row, i)
		b = appendJSON(b, &e.columns[i], v, ok)
	}
	return append(b, ']')
}

func (e *jsonEncoder) end(b []byte, s Summary, cause error) []byte {
	o := Object{b: append(b, ']')}
	o.Int("row_count", s.Rows)
	o.Bool("truncated", s.Truncated)
	if e.Tail != nil {
		e.Tail(&o, s)
	}
	if cause != nil {
		code, message := string(fault.KindOf(cause)), fault.MessageOf(cause)
		if e.Failure != nil {
			code, message = e.Failure(cause)
		}
		o.name("error")
		o.b = append(o.b, '{')
		o.Text("code", code)
		o.Text("message", message)
		o.b = append(o.b, '}')
	}
	return append(o.b, '}', '\n')
}

// Object takes the members of a JSON object in their order.
type Object struct{ b []byte }

func (o *Object) name(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(appendJSONString(o.b, []byte(name)), ':')
}

// Text adds a string.
func (o *Object) Text(name, value string) {
	o.name(name)
	o.b = appendJSONString(o.b, []byte(value))
}

// Int adds a whole number.
func (o *Object) Int(name string, n int64) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

// Bool adds true or false.
func (o *Object) Bool(name string, v bool) {
	o.name(name)
	o.b = strconv.AppendBool(o.b, v)
}

// Value adds what encoding/json makes of v, or null where it can make nothing of it.
func (o *Object) Value(name string, v any) {
	o.name(name)
	doc, err := json.Marshal(v)
	if err != nil {
		doc = []byte("null")
	}
	o.b = append(o.b, doc...)
}

// AppendJSON appends a cell as JSON: null, true and false, a number where a
// float64 holds it (whole numbers within ±2^53, others of at most 15
// significant digits or the very digits of a float) and otherwise a string
// with its exact digits, a document as it stands, bytes in base64, and
// everything else as a string. Trailing zeros of a fraction are dropped, so
// that all databases agree.
func AppendJSON(b []byte, c Column, value []byte, ok bool) []byte {
	return appendJSON(b, &c, value, ok)
}

func appendJSON(b []byte, c *Column, v []byte, ok bool) []byte {
	if !ok {
		return append(b, "null"...)
	}
	switch c.Kind {
	case Number:
		if n, ok := plainNumber(v); ok && (c.Digits <= 0 || c.Digits >= 15) {
			return append(b, v[:n]...)
		}
		return appendJSONNumber(b, c, v)
	case Bool:
		if s := string(v); s == "true" || s == "false" {
			return append(b, v...)
		}
	case JSON:
		if json.Valid(v) && utf8.Valid(v) {
			return append(b, v...)
		}
	case Binary:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v)
		return append(b, '"')
	}
	return appendJSONString(b, v)
}

func appendJSONNumber(b []byte, c *Column, v []byte) []byte {
	d, ok := parseDecimal(v)
	if !ok {
		return appendJSONString(b, v)
	}
	s, few := d.significant(c.Digits)
	exact := c.Digits <= 0 && !d.hasExp && !c.floating()
	var fits bool
	switch {
	case !few:
	case exact && len(d.frac) == 0:
		fits = s.safe()
	case exact:
		fits = s.n <= 15
	default:
		fits = s.survives()
	}
	if fits {
		return s.append(b)
	}
	b = append(b, '"')
	if c.Digits > 0 && few {
		return append(s.append(b), '"')
	}
	return append(d.append(b), '"')
}

const (
	swarLow  = 0x0101010101010101
	swarHigh = 0x8080808080808080
)

// plainJSON returns how many of the first bytes of v stand for themselves in a
// JSON string: ASCII but for control characters, the quote and the backslash.
func plainJSON(v []byte) int {
	i := 0
	for ; len(v)-i >= 8; i += 8 {
		// A byte's high bit is set where it is below 0x20, is " or \, or is not ASCII;
		// a borrow can only mark bytes after one that is marked for good.
		x := binary.LittleEndian.Uint64(v[i:])
		quote := (x ^ '"'*swarLow) - swarLow
		slash := (x ^ '\\'*swarLow) - swarLow
		if (x|(x-0x20*swarLow)|quote|slash)&swarHigh != 0 {
			break
		}
	}
	for i < len(v) && jsonPlain[v[i]] {
		i++
	}
	return i
}

var jsonPlain = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendJSONString appends v as a JSON string; what is not UTF-8 becomes U+FFFD.
func appendJSONString(b, v []byte) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for {
		n := plainJSON(v)
		b = append(b, v[:n]...)
		if v = v[n:]; len(v) == 0 {
			return append(b, '"')
		}
		if v[0] >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(v)
			switch {
			case r == utf8.RuneError && n == 1:
				b = append(b, "\uFFFD"...)
			case r == '\u2028' || r == '\u2029':
				b = append(b, `\u202`...)
				b = append(b, hex[r&0xf])
			default:
				b = append(b, v[:n]...)
			}
			v = v[n:]
			continue
		}
		switch c := v[0]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
		v = v[1:]
	}
}

// onOneLine blanks the line breaks of a document that has just been appended
// from start on: in valid JSON they only stand between its parts.
func onOneLine(b []byte, start int) {
	for doc := b[start:]; ; {
		i := bytes.IndexAny(doc, "\r\n")
		if i < 0 {
			return
		}
		doc[i] = ' '
		doc = doc[i+1:]
	}
}
