package sqlite

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"assay/app/frame"
)

// declaredKind returns the kind of a column by its declared type; Other where
// the type says nothing.
func declaredKind(declared string) frame.Kind {
	t := strings.ToUpper(declared)
	if i := strings.IndexByte(t, '('); i >= 0 {
		t = t[:i]
	}
	t = strings.TrimSpace(t)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(t, p) {
				return true
			}
		}
		return false
	}
	switch {
	case t == "":
		return frame.Other
	case has("BOOL") || t == "BIT":
		return frame.Bool
	case has("DATETIME", "TIMESTAMP"):
		return frame.Time
	case t == "DATE":
		return frame.Date
	case t == "JSON" || t == "JSONB":
		return frame.JSON
	case has("INTERVAL"):
		return frame.Text
	case has("INT", "SERIAL"):
		return frame.Number
	case has("CHAR", "CLOB", "TEXT", "STRING", "UUID", "GUID", "ENUM") || t == "TIME":
		return frame.Text
	case has("BLOB", "BINARY", "BYTEA", "IMAGE"):
		return frame.Binary
	case has("REAL", "FLOA", "DOUB", "DEC", "NUM", "MONEY", "CURRENCY"):
		return frame.Number
	}
	return frame.Other
}

// resultColumn decides what a result's column is from what it is declared as
// and its first values, because any value can stand in any column.
func resultColumn(declared string, values []value) frame.Column {
	col := frame.Column{Type: strings.ToLower(declared), Kind: declaredKind(declared)}
	seen := look(values)
	switch col.Kind {
	case frame.Other:
		kind, name := seen.kind()
		col.Kind = kind
		if col.Type == "" {
			col.Type = name
		}
	case frame.Date, frame.Time:
		switch {
		case seen.total == 0:
		case seen.numbers() == seen.total: // seconds since 1970 or days since Julian day 0: only their reader knows
			col.Kind = frame.Number
		case seen.text > 0 && seen.dates+seen.times == 0:
			col.Kind = frame.Text
		case col.Kind == frame.Date && seen.late > 0:
			col.Kind = frame.Time
		}
	}
	return col
}

// census counts the values of a column by what they look like.
type census struct {
	total, integers, floats, text, blobs int
	dates, times, late                   int // of the texts: days alone, with a time of day, with one other than midnight
}

func look(values []value) (c census) {
	for _, v := range values {
		switch v.class {
		case nullValue:
			continue
		case integerValue:
			c.integers++
		case floatValue:
			c.floats++
		case blobValue:
			c.blobs++
		case textValue:
			c.text++
			if m, ok := parseMoment(v.bytes); ok {
				switch {
				case !m.hasTime:
					c.dates++
				case m.midnight():
					c.times++
				default:
					c.times++
					c.late++
				}
			}
		}
		c.total++
	}
	return c
}

func (c census) numbers() int { return c.integers + c.floats }

// kind returns the kind of an undeclared column and the engine's name for its values.
func (c census) kind() (frame.Kind, string) {
	switch {
	case c.total == 0:
		return frame.Other, ""
	case c.integers == c.total:
		return frame.Number, "integer"
	case c.numbers() == c.total:
		return frame.Number, "real"
	case c.blobs == c.total:
		return frame.Binary, "blob"
	case c.times+c.dates == c.total && c.times > 0:
		return frame.Time, "text"
	case c.dates == c.total:
		return frame.Date, "text"
	}
	return frame.Text, "text"
}

// decoder appends one value in the canonical form of its column's kind. A
// value that does not fit the kind is kept as the text it is.
type decoder func(b *frame.Batch, v value)

func decoderFor(kind frame.Kind) decoder {
	switch kind {
	case frame.Bool:
		return decodeBool
	case frame.Date:
		return decodeDate
	case frame.Time:
		return decodeTime
	case frame.Binary:
		return decodeBinary
	}
	return decodePlain
}

func decodePlain(b *frame.Batch, v value) {
	switch v.class {
	case nullValue:
		b.AppendNull()
	case integerValue:
		b.AppendFunc(func(to []byte) []byte { return strconv.AppendInt(to, v.integer, 10) })
	case floatValue:
		b.AppendFunc(func(to []byte) []byte { return appendFloat(to, v.float) })
	case textValue:
		appendText(b, v.bytes)
	case blobValue:
		if utf8.Valid(v.bytes) {
			b.Append(v.bytes)
			return
		}
		b.AppendFunc(func(to []byte) []byte {
			to = append(to, "0x"...)
			return hex.AppendEncode(to, v.bytes)
		})
	}
}

// appendText keeps text as it is, but for bytes that are not UTF-8, which SQLite does not mind.
func appendText(b *frame.Batch, text []byte) {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	b.Append(text)
}

func decodeBool(b *frame.Batch, v value) {
	switch {
	case v.class == integerValue && v.integer == 0:
		b.AppendString("false")
	case v.class == integerValue:
		b.AppendString("true")
	case v.class == textValue && (bytes.EqualFold(v.bytes, []byte("true")) || bytes.EqualFold(v.bytes, []byte("t"))):
		b.AppendString("true")
	case v.class == textValue && (bytes.EqualFold(v.bytes, []byte("false")) || bytes.EqualFold(v.bytes, []byte("f"))):
		b.AppendString("false")
	default:
		decodePlain(b, v)
	}
}

func decodeDate(b *frame.Batch, v value) {
	if v.class == textValue {
		if m, ok := parseMoment(v.bytes); ok && m.midnight() {
			b.Append(v.bytes[:10])
			return
		}
	}
	decodePlain(b, v)
}

func decodeTime(b *frame.Batch, v value) {
	if v.class == textValue {
		if m, ok := parseMoment(v.bytes); ok {
			b.AppendFunc(func(to []byte) []byte { return m.append(to, v.bytes) })
			return
		}
	}
	decodePlain(b, v)
}

func decodeBinary(b *frame.Batch, v value) {
	switch v.class {
	case blobValue, textValue:
		b.Append(v.bytes)
	default:
		decodePlain(b, v)
	}
}

// floatDigits is how many significant digits of a float are shown: as many as
// any decimal keeps on its way through one, so that a sum of prices kept as
// floats reads 2328.6 rather than 2328.5999999999995.
const floatDigits = 15

func appendFloat(to []byte, x float64) []byte {
	var short [32]byte
	shortest := strconv.AppendFloat(short[:0], x, 'e', -1, 64)
	digits := 0
	for _, d := range shortest {
		if d == 'e' {
			break
		}
		if d >= '0' && d <= '9' {
			digits++
		}
	}
	if digits > floatDigits {
		if rounded, err := strconv.ParseFloat(string(strconv.AppendFloat(short[:0], x, 'e', floatDigits-1, 64)), 64); err == nil {
			x = rounded
		}
	}
	return frame.AppendFloat(to, x)
}
