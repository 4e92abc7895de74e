package sqlite

import (
	"math"
	"math/bits"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// sum adds integers in 128 bits, which no table is long enough to overflow,
// and everything else as floats with Neumaier's compensation (A. Neumaier,
// Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen, 1974).
type sum struct {
	count  int64 // of values that are not null
	floats int64 // of those that are no integers
	high   int64 // the integers' sum
	low    uint64
	float  float64
	lost   float64 // what rounding has taken from float
}

func (s *sum) addInteger(n int64) {
	var carry uint64
	s.low, carry = bits.Add64(s.low, uint64(n), 0)
	s.high += n>>63 + int64(carry)
}

func (s *sum) subtractInteger(n int64) {
	var borrow uint64
	s.low, borrow = bits.Sub64(s.low, uint64(n), 0)
	s.high -= n>>63 + int64(borrow)
}

func (s *sum) addFloat(x float64) {
	t := s.float + x
	if math.Abs(s.float) >= math.Abs(x) {
		s.lost += s.float - t + x
	} else {
		s.lost += x - t + s.float
	}
	s.float = t
}

// integer returns the sum where it is one of integers that fits.
func (s *sum) integer() (int64, bool) {
	return int64(s.low), s.floats == 0 && s.high == int64(s.low)>>63
}

func (s *sum) total() float64 {
	x := s.float
	if !math.IsInf(x, 0) && !math.IsNaN(x) {
		x += s.lost
	}
	// float64(high)·2⁶⁴ and low are rounded apart, so take the sign out first.
	high, low, sign := uint64(s.high), s.low, 1.0
	if s.high < 0 {
		var carry uint64
		low, carry = bits.Add64(^low, 1, 0)
		high, sign = ^high+carry, -1
	}
	return x + sign*(float64(high)*(1<<64)+float64(low))
}

// state returns the running sum of this group or window; nil for one without values.
func (c call) state(size int32) *sum {
	p := lib.Xsqlite3_aggregate_context(c.tls, c.ctx, size)
	if p == 0 {
		return nil
	}
	return (*sum)(pointer(p))
}

const sumSize = int32(unsafe.Sizeof(sum{}))

func sumStep(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) {
	c := call{tls, ctx, argv}
	s := c.state(sumSize)
	if s == nil {
		return
	}
	switch lib.Xsqlite3_value_numeric_type(tls, c.argument(0)) {
	case lib.SQLITE_NULL:
	case lib.SQLITE_INTEGER:
		s.count++
		s.addInteger(lib.Xsqlite3_value_int64(tls, c.argument(0)))
	default:
		s.count++
		s.floats++
		s.addFloat(lib.Xsqlite3_value_double(tls, c.argument(0)))
	}
}

func sumInverse(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) {
	c := call{tls, ctx, argv}
	s := c.state(sumSize)
	if s == nil {
		return
	}
	switch lib.Xsqlite3_value_numeric_type(tls, c.argument(0)) {
	case lib.SQLITE_NULL:
	case lib.SQLITE_INTEGER:
		s.count--
		s.subtractInteger(lib.Xsqlite3_value_int64(tls, c.argument(0)))
	default:
		s.count--
		s.floats--
		s.addFloat(-lib.Xsqlite3_value_double(tls, c.argument(0)))
	}
}

func sumFinal(tls *libc.TLS, ctx uintptr) { sumResult(call{tls: tls, ctx: ctx}, 0) }

func sumValue(tls *libc.TLS, ctx uintptr) { sumResult(call{tls: tls, ctx: ctx}, sumSize) }

func sumResult(c call, size int32) {
	s := c.state(size)
	if s == nil || s.count == 0 {
		lib.Xsqlite3_result_null(c.tls, c.ctx)
		return
	}
	if n, ok := s.integer(); ok {
		lib.Xsqlite3_result_int64(c.tls, c.ctx, n)
		return
	}
	lib.Xsqlite3_result_double(c.tls, c.ctx, s.total())
}
