package frame

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Formatter writes values for people to read.
type Formatter struct {
	Locale Locale
	// MaxRunes is where longer texts are cut; 0 cuts none.
	MaxRunes int
}

// Text returns a cell for a person: numbers with separators, but not in columns
// of keys, codes and years; times as 2024-01-31 23:59 with seconds only where
// there are any; documents without spaces; bytes counted. A null is empty. A
// text that was cut ends with an ellipsis.
func (f Formatter) Text(c Column, value []byte, ok bool) string {
	cells := f.Column(c)
	b, _ := cells.Append(nil, value, ok)
	return string(b)
}

// Column returns a formatter of one column's cells, which looks at the column only once.
func (f Formatter) Column(c Column) ColumnFormatter {
	scale, fixed := c.scale()
	return ColumnFormatter{Formatter: f, column: c, role: c.role(), scale: scale, fixed: fixed}
}

// ColumnFormatter writes the cells of one column.
type ColumnFormatter struct {
	Formatter
	column Column
	role   role
	scale  int
	fixed  bool // the database's type fixes the scale
	even   int  // decimals that every number has at least
}

// Even makes numbers that stand under one another line up: where the type does
// not fix how many decimals they have, all have as many as the one with most
// among the first so many rows, at most six.
func (f *ColumnFormatter) Even(cells *Frame, col, rows int) {
	f.even = 0
	if f.column.Kind != Number || f.fixed || f.role == label || f.column.Digits > 0 {
		return
	}
	var buf [80]byte
	for r := range min(rows, cells.Rows()) {
		v, ok := cells.Cell(r, col)
		if !ok {
			continue
		}
		d, ok := parseDecimal(v)
		if !ok {
			continue
		}
		text, ok := f.shown(buf[:0], &d)
		if !ok {
			text = d.append(buf[:0])
		}
		if bytes.IndexByte(text, 'e') >= 0 {
			continue
		}
		if _, frac, found := bytes.Cut(text, []byte(".")); found {
			f.even = max(f.even, min(len(frac), shownDecimals))
		}
	}
}

// Append appends a cell as Formatter.Text has it; cut says that something is missing.
func (f *ColumnFormatter) Append(b, v []byte, ok bool) (out []byte, cut bool) {
	if !ok {
		return b, false
	}
	switch f.column.Kind {
	case Number:
		if out, ok := f.number(b, v); ok {
			return out, false
		}
	case Date, Time:
		if m, ok := parseMoment(v); ok {
			return appendMoment(b, v, &m), false
		}
	case Binary:
		b = f.Locale.appendPlain(b, strconv.AppendInt(nil, int64(len(v)), 10), true, 0)
		if len(v) == 1 {
			return append(b, " byte"...), false
		}
		return append(b, " bytes"...), false
	case JSON:
		var doc bytes.Buffer
		if json.Compact(&doc, v) == nil {
			v = doc.Bytes()
		}
	}
	return f.text(b, v)
}

// text appends a text up to the limit.
func (f *ColumnFormatter) text(b, v []byte) ([]byte, bool) {
	cut := false
	if f.MaxRunes > 0 && len(v) > f.MaxRunes {
		at := 0
		for n := 0; at < len(v); n++ {
			if n == f.MaxRunes {
				v, cut = bytes.TrimRight(v[:at], " \t\r\n"), true
				break
			}
			_, size := utf8.DecodeRune(v[at:])
			at += size
		}
	}
	if utf8.Valid(v) {
		b = append(b, v...)
	} else {
		b = append(b, bytes.ToValidUTF8(v, []byte("\uFFFD"))...)
	}
	if cut {
		b = append(b, "…"...)
	}
	return b, cut
}

// Decimals shown where neither the database nor the column fixes how many: six
// after a whole number, and six significant digits below 1.
const shownDecimals = 6

func (f *ColumnFormatter) number(b, v []byte) ([]byte, bool) {
	d, ok := parseDecimal(v)
	if !ok {
		return b, false
	}
	if f.role == label && len(d.frac) == 0 && !d.hasExp {
		digits, _, _ := bytes.Cut(v, []byte("."))
		return append(b, digits...), true // with leading zeros, which belong to a code
	}
	decimals := 0
	if f.fixed && !d.hasExp {
		decimals = f.scale
	}
	var buf [80]byte
	plain, ok := f.shown(buf[:0], &d)
	if !ok {
		plain = d.append(buf[:0])
	}
	if f.even > 0 && bytes.IndexByte(plain, 'e') < 0 {
		decimals = f.even
	}
	grouped := f.role == amount || f.role == year && len(d.whole) > 4
	return f.Locale.appendPlain(b, plain, grouped, decimals), true
}

// shown appends the digits that are worth a person's time; false where they are too many to round.
func (f *ColumnFormatter) shown(b []byte, d *decimal) ([]byte, bool) {
	var s significant
	ok := false
	switch {
	case f.fixed && !d.hasExp:
		if len(d.frac) > f.scale {
			s, ok = d.decimals(f.scale) // a database that does not keep to the type it declares
		}
	case f.column.Digits > 0:
		s, ok = d.significant(f.column.Digits)
	case d.hasExp:
		s, ok = d.significant(15)
	case len(d.frac) > shownDecimals && len(d.whole) == 0:
		s, ok = d.significant(shownDecimals)
	case len(d.frac) > shownDecimals:
		s, ok = d.decimals(shownDecimals)
	}
	if !ok {
		return b, false
	}
	return s.append(b), true
}

func appendMoment(b, v []byte, m *moment) []byte {
	b = append(b, v[:10]...)
	if len(v) == 10 {
		return b
	}
	b = append(b, ' ')
	b = append(b, v[11:16]...)
	millis := m.nanos / 1e6
	if m.second == 0 && m.nanos == 0 {
		return b
	}
	b = append(b, v[16:19]...)
	if millis == 0 {
		return b
	}
	b = append(b, '.')
	for unit := 100; millis > 0; unit /= 10 {
		b = append(b, byte('0'+millis/unit))
		millis %= unit
	}
	return b
}

// Number returns x rounded half away from zero to at most so many decimals.
func (f Formatter) Number(x float64, decimals int) string {
	s, ok := roundFloat(x, 0, func(point int) int { return point + decimals })
	if !ok {
		return noNumber
	}
	var digits [80]byte
	return string(f.Locale.appendPlain(nil, s.append(digits[:0]), true, 0))
}

// Compact returns x in two or three digits and a unit: 950, 1.2k, 3.4M, 5.6bn, 7.8tn.
func (f Formatter) Compact(x float64) string {
	short := func(point int) int {
		if point > 0 && math.Abs(x) >= 1000 {
			point = (point-1)%3 + 1
		}
		if point == 1 && math.Abs(x) >= 1000 {
			return 2
		}
		return 3
	}
	s, ok := roundFloat(x, 0, short)
	if !ok {
		return noNumber
	}
	unit := 0
	for ; s.point > 3 && unit < len(compactUnits)-1; unit++ {
		s.point -= 3
	}
	var digits [80]byte
	return string(f.Locale.appendPlain(nil, s.append(digits[:0]), true, 0)) + compactUnits[unit]
}

var compactUnits = [...]string{"", "k", "M", "bn", "tn"}

// noNumber stands for NaN and infinities.
const noNumber = "–"

// Percent returns a share as a percentage, 0.1234 as 12.3%, with one decimal or, below 1%, two digits.
func (f Formatter) Percent(x float64) string {
	s, ok := roundFloat(x, 2, func(point int) int { return max(point+1, 2) })
	if !ok {
		return noNumber
	}
	var digits [80]byte
	number := f.Locale.appendPlain(nil, s.append(digits[:0]), true, 0)
	return strings.Replace(f.Locale.numerals().percent, "#", string(number), 1)
}

// Delta returns a difference as Compact does, with its sign.
func (f Formatter) Delta(x float64) string { return signed(f.Compact(x), x) }

// DeltaPercent returns a relative difference as Percent does, with its sign.
func (f Formatter) DeltaPercent(x float64) string { return signed(f.Percent(x), x) }

func signed(text string, x float64) string {
	if x > 0 && !math.IsInf(x, 0) {
		return "+" + text
	}
	return text
}

// roundFloat returns x times ten to the power of shift, rounded to as many
// significant digits as digits says for a number whose point stands there.
func roundFloat(x float64, shift int, digits func(point int) int) (s significant, ok bool) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return s, false
	}
	var text [32]byte
	d, ok := parseDecimal(strconv.AppendFloat(text[:0], x, 'e', -1, 64))
	if !ok {
		return s, false
	}
	d.exp += shift
	_, _, point := d.trim()
	return d.round(digits(point))
}
