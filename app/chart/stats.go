package chart

import (
	"math"
	"slices"
)

// quantile returns the value below which the share q of sorted values lies, by
// linear interpolation between closest ranks (type 7 of Hyndman and Fan 1996).
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// fiveNumbers describes a spread: the ends of the whiskers, the quartiles and
// the median, and what lies beyond the whiskers, which reach to the last value
// within one and a half times the box (Tukey 1977).
type fiveNumbers struct {
	low, q1, median, q3, high float64
	beyond                    []float64
	count                     int
}

func describe(values []float64) fiveNumbers {
	s := slices.Clone(values)
	slices.Sort(s)
	f := fiveNumbers{q1: quantile(s, 0.25), median: quantile(s, 0.5), q3: quantile(s, 0.75), count: len(s)}
	reach := 1.5 * (f.q3 - f.q1)
	f.low, f.high = f.q1, f.q3
	for _, v := range s {
		if v >= f.q1-reach {
			f.low = min(v, f.q1)
			break
		}
	}
	for _, v := range slices.Backward(s) {
		if v <= f.q3+reach {
			f.high = max(v, f.q3)
			break
		}
	}
	for _, v := range s {
		if v < f.low || v > f.high {
			f.beyond = append(f.beyond, v)
		}
	}
	return f
}

// bins are intervals of one width, closed on the left, the last on both sides.
type bins struct {
	start, width float64
	counts       []int
}

const (
	fewestBins = 5
	mostBins   = 60
)

// binned sorts values into bins whose width follows Freedman and Diaconis
// (1981), 2·IQR·n^(-1/3), brought to a round number. Where the middle half of
// the values is one value, it follows Sturges' count instead.
func binned(values []float64) bins {
	s := slices.Clone(values)
	slices.Sort(s)
	low, high := s[0], s[len(s)-1]
	if low == high {
		return bins{start: low, width: 0, counts: []int{len(s)}}
	}
	n := float64(len(s))
	width := 2 * (quantile(s, 0.75) - quantile(s, 0.25)) / math.Cbrt(n)
	if width <= 0 || (high-low)/width > mostBins {
		width = (high - low) / math.Min(mostBins, math.Ceil(math.Log2(n))+1)
	}
	if (high-low)/width < fewestBins {
		width = (high - low) / fewestBins
	}
	whole := true
	for _, v := range s {
		whole = whole && v == math.Trunc(v)
	}
	if whole && width < 1 {
		width = 1
	}
	width = round(width)
	b := bins{start: math.Floor(low/width) * width, width: width}
	b.counts = make([]int, int(math.Floor((high-b.start)/width))+1)
	for _, v := range s {
		i := min(max(int((v-b.start)/width), 0), len(b.counts)-1)
		b.counts[i]++
	}
	return b
}

// round returns the nearest of 1, 2, 2.5 and 5 times a power of ten.
func round(width float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(width)))
	best := unit
	for _, f := range []float64{1, 2, 2.5, 5, 10} {
		if math.Abs(f*unit-width) < math.Abs(best-width) {
			best = f * unit
		}
	}
	return best
}
