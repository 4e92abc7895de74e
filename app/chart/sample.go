package chart

import "math"

// pointCap is how many points of a series are drawn; more cannot be told apart.
const pointCap = 2000

// lttb picks n of the points so that the line keeps its look: Largest Triangle
// Three Buckets, S. Steinarsson, Downsampling Time Series for Visual
// Representation (2013). It returns the indices kept, in order; x must not
// fall. A gap (NaN) is kept as the end of what goes before it.
func lttb(x, y []float64, n int) []int {
	if len(x) <= n || n < 3 {
		return upTo(len(x))
	}
	out := make([]int, 0, n)
	out = append(out, 0)
	width := float64(len(x)-2) / float64(n-2)
	last := 0
	for bucket := range n - 2 {
		from := int(math.Floor(float64(bucket)*width)) + 1
		to := min(int(math.Floor(float64(bucket+1)*width))+1, len(x)-1)
		end := min(int(math.Floor(float64(bucket+2)*width))+1, len(x))
		meanX, meanY := mean(x[to:end], y[to:end])
		best, area := from, -1.0
		for i := from; i < to; i++ {
			if math.IsNaN(y[i]) {
				// The gap must stay a gap.
				best = i
				break
			}
			a := math.Abs((x[last]-meanX)*(y[i]-y[last]) - (x[last]-x[i])*(meanY-y[last]))
			if math.IsNaN(a) {
				a = 0
			}
			if a > area {
				best, area = i, a
			}
		}
		out = append(out, best)
		last = best
	}
	return append(out, len(x)-1)
}

func mean(x, y []float64) (float64, float64) {
	var sumX, sumY float64
	n := 0
	for i := range x {
		if !math.IsNaN(y[i]) {
			sumX += x[i]
			sumY += y[i]
			n++
		}
	}
	if n == 0 {
		return math.NaN(), math.NaN()
	}
	return sumX / float64(n), sumY / float64(n)
}

// systematic picks n of count evenly, the first and the last included.
func systematic(count, n int) []int {
	if count <= n {
		return upTo(count)
	}
	out := make([]int, n)
	for i := range out {
		out[i] = i * (count - 1) / (n - 1)
	}
	return out
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
