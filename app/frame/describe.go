package frame

import (
	"bytes"
	"cmp"
	"strings"
)

// Stats describes the values of a column.
type Stats struct {
	// Count is the number of rows, Nulls how many of them have no value.
	Count, Nulls int
	// Min and Max are in canonical form; both are empty where no two values can
	// be ordered. NaN is passed over.
	Min, Max string
	// Distinct counts different values up to MaxDistinct; Many says that there are more.
	Distinct int
	Many     bool
}

// MaxDistinct is how many different values of a column are told apart.
const MaxDistinct = 10_000

// Stats describes the column at the position; numbers that differ only in
// trailing zeros are the same value.
func (f *Frame) Stats(col int) Stats {
	s := Stats{Count: f.Rows()}
	c := &f.Columns[col]
	seen := map[string]struct{}{}
	var low, high, key []byte
	for r := range f.Rows() {
		v, ok := f.Cell(r, col)
		if !ok {
			s.Nulls++
			continue
		}
		if ordered(c.Kind, v) {
			if low == nil || compare(c.Kind, v, low) < 0 {
				low = v
			}
			if high == nil || compare(c.Kind, v, high) > 0 {
				high = v
			}
		}
		if s.Many {
			continue
		}
		if key = append(key[:0], v...); c.Kind == Number {
			if d, ok := parseDecimal(v); ok {
				key = d.append(key[:0])
			}
		}
		if _, ok := seen[string(key)]; !ok {
			if s.Many = len(seen) == MaxDistinct; !s.Many {
				seen[string(key)] = struct{}{}
			}
		}
	}
	s.Min, s.Max, s.Distinct = string(low), string(high), len(seen)
	return s
}

// ordered reports whether a value has a place in the order of its kind.
func ordered(k Kind, v []byte) bool {
	switch k {
	case Number:
		_, ok := parseDecimal(v)
		return ok || infinity(v) != 0
	case Time, Date:
		_, ok := ParseTime(string(v))
		return ok
	case JSON, Binary:
		return false
	}
	return true
}

// compare orders two values that are ordered; texts are ordered by their bytes.
func compare(k Kind, a, b []byte) int {
	switch k {
	case Number:
		if x, y := infinity(a), infinity(b); x != 0 || y != 0 {
			return cmp.Compare(x, y)
		}
		x, _ := parseDecimal(a)
		y, _ := parseDecimal(b)
		return x.compare(&y)
	case Time, Date:
		x, _ := ParseTime(string(a))
		y, _ := ParseTime(string(b))
		return x.Compare(y)
	}
	return bytes.Compare(a, b)
}

func infinity(v []byte) int {
	switch string(v) {
	case "Infinity":
		return 1
	case "-Infinity":
		return -1
	}
	return 0
}

// compare orders two numbers by all their digits.
func (d *decimal) compare(e *decimal) int {
	x, y := d.sign(), e.sign()
	if x != y || x == 0 {
		return cmp.Compare(x, y)
	}
	dw, df, dp := d.trim()
	ew, ef, ep := e.trim()
	if dp != ep {
		if dp > ep {
			return x
		}
		return -x
	}
	a, b := string(dw)+string(df), string(ew)+string(ef)
	return x * strings.Compare(strings.TrimRight(a, "0"), strings.TrimRight(b, "0"))
}

func (d *decimal) sign() int {
	switch {
	case len(d.whole)+len(d.frac) == 0:
		return 0
	case d.neg:
		return -1
	}
	return 1
}
