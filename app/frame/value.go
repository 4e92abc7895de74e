package frame

import (
	"math"
	"strconv"
	"time"
)

// Float returns a cell as a float64; false for null, NaN, infinities and what is not a number.
func (f *Frame) Float(row, col int) (float64, bool) {
	v, ok := f.Cell(row, col)
	if !ok {
		return 0, false
	}
	x, err := strconv.ParseFloat(string(v), 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, false
	}
	return x, true
}

// Time returns a cell as a time; a value without a zone is read as UTC, a date
// as its midnight in UTC; false for null and what is no time.
func (f *Frame) Time(row, col int) (time.Time, bool) {
	v, ok := f.Cell(row, col)
	if !ok {
		return time.Time{}, false
	}
	return ParseTime(string(v))
}

var timeLayouts = [...]string{
	"2006-01-02T15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02",
}

// ParseTime reads a time or date in canonical form.
func ParseTime(s string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// AppendTime appends a time in canonical form; zoned says whether its offset means something.
func AppendTime(b []byte, t time.Time, zoned bool) []byte {
	if zoned {
		return t.AppendFormat(b, timeLayouts[0])
	}
	return t.AppendFormat(b, timeLayouts[1])
}

// AppendFloat appends a float in canonical form: the shortest digits that give
// the same float64 back, or NaN, Infinity, -Infinity.
func AppendFloat(b []byte, x float64) []byte {
	switch {
	case math.IsNaN(x):
		return append(b, "NaN"...)
	case math.IsInf(x, 1):
		return append(b, "Infinity"...)
	case math.IsInf(x, -1):
		return append(b, "-Infinity"...)
	case x == 0:
		return append(b, '0') // also for -0, which no reader wants to see
	}
	if a := math.Abs(x); a >= 1e21 || a < 1e-7 {
		return strconv.AppendFloat(b, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, x, 'f', -1, 64)
}
