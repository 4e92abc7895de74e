package frame

import (
	"bytes"
	"strconv"
	"strings"
)

// decimal is the text of a number taken apart: whole has no leading zeros,
// frac no trailing ones, both point into the text.
type decimal struct {
	neg         bool
	whole, frac []byte
	exp         int
	hasExp      bool
}

// parseDecimal takes a number's text apart; false for NaN, infinities and what is no number.
func parseDecimal(v []byte) (d decimal, ok bool) {
	i := 0
	if i < len(v) && (v[i] == '-' || v[i] == '+') {
		d.neg = v[i] == '-'
		i++
	}
	start := i
	for i < len(v) && v[i]-'0' <= 9 {
		i++
	}
	d.whole = v[start:i]
	digits := i - start
	if i < len(v) && v[i] == '.' {
		i++
		start = i
		for i < len(v) && v[i]-'0' <= 9 {
			i++
		}
		d.frac = v[start:i]
		digits += i - start
	}
	if digits == 0 {
		return d, false
	}
	if i < len(v) && v[i]|0x20 == 'e' {
		n, err := strconv.Atoi(string(v[i+1:]))
		if err != nil || n > 1<<20 || n < -1<<20 {
			return d, false
		}
		d.exp, d.hasExp = n, true
		i = len(v)
	}
	d.whole = bytes.TrimLeft(d.whole, "0")
	for len(d.frac) > 0 && d.frac[len(d.frac)-1] == '0' {
		d.frac = d.frac[:len(d.frac)-1]
	}
	return d, i == len(v)
}

// append writes the number with all its digits, but for the zeros that parseDecimal left out.
func (d *decimal) append(b []byte) []byte {
	if d.neg && len(d.whole)+len(d.frac) > 0 {
		b = append(b, '-')
	}
	if len(d.whole) == 0 {
		b = append(b, '0')
	}
	b = append(b, d.whole...)
	if len(d.frac) > 0 {
		b = append(b, '.')
		b = append(b, d.frac...)
	}
	if d.hasExp {
		b = append(b, 'e')
		if d.exp >= 0 {
			b = append(b, '+')
		}
		b = strconv.AppendInt(b, int64(d.exp), 10)
	}
	return b
}

// significant holds the significant digits of a number, at most 17 or as many
// as it was rounded to: the value is 0.digits times ten to the power of point.
type significant struct {
	neg    bool
	n      int
	digits [maxDigits]byte
	point  int
}

// maxDigits bounds Column.Digits; a larger one does not round.
const maxDigits = 40

// trim returns the digits from the first one on that is not 0, and where the
// point stands: the value is 0.digits times ten to the power of it.
func (d *decimal) trim() (whole, frac []byte, point int) {
	whole, frac, point = d.whole, d.frac, len(d.whole)+d.exp
	for len(whole) == 0 && len(frac) > 0 && frac[0] == '0' {
		frac = frac[1:]
		point--
	}
	return whole, frac, point
}

// decimals returns the digits rounded half away from zero to at most n after
// the point; false where they are too many.
func (d *decimal) decimals(n int) (s significant, ok bool) {
	_, _, point := d.trim()
	return d.round(point + n)
}

// round is significant for a limit that may also be 0 (the number is rounded to
// the place before its first digit) or less (nothing is left).
func (d *decimal) round(limit int) (s significant, ok bool) {
	if limit > 0 {
		return d.significant(limit)
	}
	whole, frac, point := d.trim()
	first := byte('0')
	if len(whole) > 0 {
		first = whole[0]
	} else if len(frac) > 0 {
		first = frac[0]
	}
	if limit == 0 && first >= '5' {
		s = significant{neg: d.neg, n: 1, point: point + 1}
		s.digits[0] = '1'
	}
	return s, true
}

// significant returns the digits rounded half away from zero to limit of them
// where limit is above 0; false where they are more than 17 and not rounded.
func (d *decimal) significant(limit int) (s significant, ok bool) {
	whole, frac, point := d.trim()
	s.neg, s.point = d.neg, point
	if len(frac) == 0 {
		for len(whole) > 0 && whole[len(whole)-1] == '0' {
			whole = whole[:len(whole)-1]
		}
	}
	total := len(whole) + len(frac)
	at := func(i int) byte {
		if i < len(whole) {
			return whole[i]
		}
		return frac[i-len(whole)]
	}
	if limit <= 0 || limit > maxDigits {
		if total > 17 {
			return s, false
		}
		limit = total
	}
	s.n = copy(s.digits[:min(limit, total)], whole)
	s.n += copy(s.digits[s.n:min(limit, total)], frac)
	if total > limit && at(limit) >= '5' {
		i := s.n - 1
		for ; i >= 0 && s.digits[i] == '9'; i-- {
			s.digits[i] = '0'
		}
		if i >= 0 {
			s.digits[i]++
		} else {
			s.digits[0] = '1'
			s.point++
		}
	}
	for s.n > 0 && s.digits[s.n-1] == '0' {
		s.n--
	}
	if s.n == 0 {
		s = significant{}
	}
	return s, true
}

// append writes the number in its one normal form: plain digits from 1e-6 up
// to below 1e21, beyond that one digit before the point and an exponent.
func (s *significant) append(b []byte) []byte {
	if s.n == 0 {
		return append(b, '0')
	}
	if s.neg {
		b = append(b, '-')
	}
	digits := s.digits[:s.n]
	switch {
	case s.point > 21 || s.point <= -6:
		b = append(b, digits[0])
		if s.n > 1 {
			b = append(b, '.')
			b = append(b, digits[1:]...)
		}
		b = append(b, 'e')
		if s.point > 0 {
			b = append(b, '+')
		}
		return strconv.AppendInt(b, int64(s.point-1), 10)
	case s.point <= 0:
		b = append(b, "0.000000"[:2-s.point]...)
		return append(b, digits...)
	case s.point < s.n:
		b = append(b, digits[:s.point]...)
		b = append(b, '.')
		return append(b, digits[s.point:]...)
	}
	b = append(b, digits...)
	for range s.point - s.n {
		b = append(b, '0')
	}
	return b
}

// survives reports whether a float64 gives the same digits back.
func (s *significant) survives() bool {
	if s.n <= 15 && s.point > -300 && s.point < 300 {
		return true
	}
	if s.n > 17 || s.point > 310 || s.point < -330 {
		return false
	}
	var in, out [32]byte
	t := append(in[:0], '.')
	t = append(t, s.digits[:s.n]...)
	t = append(t, 'e')
	t = strconv.AppendInt(t, int64(s.point), 10)
	x, err := strconv.ParseFloat(string(t), 64)
	if err != nil {
		return false
	}
	f := strconv.AppendFloat(out[:0], x, 'e', -1, 64)
	d, ok := parseDecimal(f)
	if !ok {
		return false
	}
	back, ok := d.significant(0)
	return ok && back.point == s.point && bytes.Equal(back.digits[:back.n], s.digits[:s.n])
}

// safe reports whether the number lies within ±2^53.
func (s *significant) safe() bool {
	return s.point <= 15 || s.point == 16 && string(s.digits[:s.n]) <= "9007199254740992"
}

// floating reports whether the database computes the column's values in binary
// floating point, so that all their digits are those of a float64.
func (c *Column) floating() bool {
	for _, p := range [...]string{"double", "float", "real", "binary_"} {
		if strings.HasPrefix(c.Type, p) {
			return true
		}
	}
	return false
}

// plainNumber returns how much of v is left without the trailing zeros of its
// fraction where v is a number in normal form of at most 15 digits.
func plainNumber(v []byte) (n int, ok bool) {
	if len(v) == 0 || len(v) > 17 {
		return 0, false
	}
	i := 0
	if v[0] == '-' {
		i = 1
	}
	start := i
	for i < len(v) && v[i]-'0' <= 9 {
		i++
	}
	whole := i - start
	if whole == 0 || whole > 15 || v[start] == '0' && (whole > 1 || start == 1) {
		return 0, false
	}
	if i == len(v) {
		return i, true
	}
	if v[i] != '.' || len(v)-start > 16 {
		return 0, false
	}
	point := i
	for i++; i < len(v); i++ {
		if v[i]-'0' > 9 {
			return 0, false
		}
	}
	if v[start] == '0' && len(v)-start > 8 && string(v[start+2:start+8]) == "000000" {
		return 0, false // below 1e-6, which has an exponent
	}
	for v[i-1] == '0' {
		i--
	}
	if i-1 == point {
		i--
	}
	return i, true
}

// appendRounded appends a number rounded to the digits of its column; false,
// with nothing appended, where it is no number or too long to round.
func appendRounded(b []byte, c *Column, v []byte) ([]byte, bool) {
	d, ok := parseDecimal(v)
	if !ok {
		return b, false
	}
	s, ok := d.significant(c.Digits)
	if !ok {
		return b, false
	}
	return s.append(b), true
}
