package demo

import (
	"math/bits"
	"math/rand/v2"
)

// mille is a factor in thousandths. All of the generator counts in whole
// numbers: floating point may round differently from one processor to the next.
type mille = int64

// times scales x by factors, each in thousandths.
func times(x int64, factors ...mille) int64 {
	for _, f := range factors {
		x = x * f / 1000
	}
	return x
}

// dice draws whole numbers from a seeded PCG. It reduces the raw words itself,
// since only those are promised to stay the same from one Go release to the next.
type dice struct{ pcg *rand.PCG }

// newDice returns an independent stream; streams keep a change in one part of
// the company from reshuffling all others.
func newDice(stream uint64) *dice { return &dice{rand.NewPCG(0x4f6e64656c7175, stream)} }

// below returns a number from 0 to n-1.
func (d *dice) below(n int64) int64 {
	hi, _ := bits.Mul64(d.pcg.Uint64(), uint64(n))
	return int64(hi)
}

// between returns a number from lo to hi, both included.
func (d *dice) between(lo, hi int64) int64 { return lo + d.below(hi-lo+1) }

// chance reports true in p of a thousand cases.
func (d *dice) chance(p mille) bool { return d.below(1000) < p }

// arrivals returns how many of many unlikely things happened, where thousandths/1000 are expected.
func (d *dice) arrivals(thousandths int64) int {
	if thousandths <= 0 {
		return 0
	}
	trials := 3*(thousandths/1000) + 15
	n := 0
	for range trials {
		if d.below(trials*1000) < thousandths {
			n++
		}
	}
	return n
}

// pick returns an index with a probability proportional to its weight.
func (d *dice) pick(weights []int64) int {
	var total int64
	for _, w := range weights {
		total += w
	}
	at := d.below(total)
	for i, w := range weights {
		if at < w {
			return i
		}
		at -= w
	}
	return len(weights) - 1
}

// pickCumulated is pick over running sums, of which the last must not be 0.
func (d *dice) pickCumulated(sums []int64) int {
	at := d.below(sums[len(sums)-1])
	lo, hi := 0, len(sums)-1
	for lo < hi {
		mid := (lo + hi) / 2
		if sums[mid] > at {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// either returns a where first holds, else b.
func either[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}
