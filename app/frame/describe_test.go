package frame

import (
	"math/big"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStats(t *testing.T) {
	tests := []struct {
		name   string
		kind   Kind
		values []*string
		want   Stats
	}{
		{"nothing", Number, nil, Stats{}},
		{"only nulls", Number, []*string{nil, nil}, Stats{Count: 2, Nulls: 2}},
		{"numbers", Number, []*string{ptr("10"), ptr("9"), nil, ptr("-1.50"), ptr("-1.5"), ptr("9.00")}, Stats{Count: 6, Nulls: 1, Min: "-1.50", Max: "10", Distinct: 3}},
		{"digits beyond a float", Number, []*string{ptr("9007199254740993"), ptr("9007199254740992"), ptr("9007199254740994")},
			Stats{Count: 3, Min: "9007199254740992", Max: "9007199254740994", Distinct: 3}},
		{"infinities", Number, []*string{ptr("NaN"), ptr("Infinity"), ptr("1e+300"), ptr("-Infinity")}, Stats{Count: 4, Min: "-Infinity", Max: "Infinity", Distinct: 4}},
		{"only NaN", Number, []*string{ptr("NaN")}, Stats{Count: 1, Distinct: 1}},
		{"times in zones", Time, []*string{ptr("2024-01-01T10:00:00+02:00"), ptr("2024-01-01T09:00:00Z"), ptr("never")},
			Stats{Count: 3, Min: "2024-01-01T10:00:00+02:00", Max: "2024-01-01T09:00:00Z", Distinct: 3}},
		{"texts", Text, []*string{ptr("b"), ptr(""), ptr("a"), ptr("b")}, Stats{Count: 4, Min: "", Max: "b", Distinct: 3}},
		{"documents", JSON, []*string{ptr("{}"), ptr("[]")}, Stats{Count: 2, Distinct: 2}},
	}
	for _, tt := range tests {
		f := New(Column{Kind: tt.kind})
		for _, v := range tt.values {
			f.Append(v)
		}
		if diff := cmp.Diff(tt.want, f.Stats(0)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	f := New(Column{Kind: Number})
	for i := range MaxDistinct + 5 {
		f.AppendTexts(strconv.Itoa(i))
	}
	if s := f.Stats(0); s.Distinct != MaxDistinct || !s.Many || s.Max != strconv.Itoa(MaxDistinct+4) {
		t.Errorf("many values: %+v", s)
	}
}

func FuzzCompareNumbers(f *testing.F) {
	for _, p := range [][2]string{{"1", "-1"}, {"0.001", "1e-3"}, {"10", "9"}, {"-0", "0.0"}, {"123.45", "123.450"}, {"1e5", "99999.9"}, {"-2", "-10"}} {
		f.Add(p[0], p[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, ok := parseDecimal([]byte(a))
		y, ok2 := parseDecimal([]byte(b))
		if !ok || !ok2 || x.exp > 500 || x.exp < -500 || y.exp > 500 || y.exp < -500 {
			return
		}
		p, ok := new(big.Rat).SetString(a)
		q, ok2 := new(big.Rat).SetString(b)
		if !ok || !ok2 {
			t.Fatalf("%q and %q are no numbers to big.Rat", a, b)
		}
		if got := x.compare(&y); got != p.Cmp(q) {
			t.Errorf("%q and %q: %d", a, b, got)
		}
	})
}

// Rounding must be that of exact arithmetic, half away from zero.
func FuzzRound(f *testing.F) {
	for _, s := range []string{"1.005", "-0.5", "999.95", "0.00012345", "12345678901234567890.5", "9.5e10"} {
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, s string, n uint8) {
		decimals := int(n % 8)
		d, ok := parseDecimal([]byte(s))
		if !ok || d.exp > 20 || d.exp < -20 || len(s) > 60 {
			return
		}
		got, ok := d.decimals(decimals)
		if !ok {
			return
		}
		exact, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("%q is no number to big.Rat", s)
		}
		if _, _, point := d.trim(); point+decimals > maxDigits {
			return
		}
		shown, ok := new(big.Rat).SetString(string(got.append(nil)))
		if want, _ := new(big.Rat).SetString(exact.FloatString(decimals)); !ok || shown.Cmp(want) != 0 {
			t.Errorf("%q to %d decimals: %s, want %s", s, decimals, shown.FloatString(decimals), exact.FloatString(decimals))
		}
	})
}
