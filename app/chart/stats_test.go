package chart

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDescribe(t *testing.T) {
	d := describe([]float64{7, 1, 2, 3, 4, 5, 6, 30})
	if d.q1 != 2.75 || d.median != 4.5 || d.q3 != 6.25 || d.low != 1 || d.high != 7 {
		t.Errorf("%+v", d)
	}
	if diff := cmp.Diff([]float64{30}, d.beyond); diff != "" {
		t.Error(diff)
	}
	if one := describe([]float64{4}); one.low != 4 || one.high != 4 || one.median != 4 {
		t.Errorf("%+v", one)
	}
}

func TestBinned(t *testing.T) {
	for name, values := range map[string][]float64{
		"even":     {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
		"constant": {3, 3, 3},
		"spike":    {1, 1, 1, 1, 1, 1, 1, 1, 1, 100},
		"negative": {-5, -4.5, -1, 0, 2, 7},
		"far":      {0, 1e12},
		"tiny":     {1e-9, 2e-9, 5e-9},
	} {
		b := binned(values)
		sum := 0
		for _, n := range b.counts {
			sum += n
		}
		if sum != len(values) || len(b.counts) > mostBins+2 {
			t.Errorf("%s: %d values in %d bins", name, sum, len(b.counts))
		}
		for _, v := range values {
			if v < b.start || b.width > 0 && v > b.start+b.width*float64(len(b.counts))*(1+1e-12) {
				t.Errorf("%s: %v outside %+v", name, v, b)
			}
		}
	}
	// n = 11 and IQR = 5 give 2·5/∛11 = 4.5, five bins at least, whole values: 2.
	if b := binned([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}); b.width != 2 || b.counts[0] != 2 {
		t.Errorf("%+v", b)
	}
}

func TestLTTB(t *testing.T) {
	n := 1000
	x, y := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	y[500] = 10
	y[700] = math.NaN()
	kept := lttb(x, y, 50)
	has := map[int]bool{}
	for i, k := range kept {
		has[k] = true
		if i > 0 && kept[i-1] >= k {
			t.Fatalf("not in order: %v", kept)
		}
	}
	if len(kept) != 50 || !has[0] || !has[999] || !has[500] || !has[700] {
		t.Errorf("kept %d: %v", len(kept), kept)
	}
	if got := lttb(x[:10], y[:10], 50); len(got) != 10 {
		t.Errorf("a short line lost points: %v", got)
	}
}

// TestFormatsAgree holds the script's formats against those of this package.
func TestFormatsAgree(t *testing.T) {
	if err := drawer.start(); err != nil {
		t.Fatal(err)
	}
	script := func(format string, value any) string {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		s, err := drawer.pool.call(context.Background(), "__format", format, string(raw), 1)
		if err != nil {
			t.Fatalf("%s of %v: %v", format, value, err)
		}
		return s
	}
	values := []float64{0, 1, -1, 0.5, 2.5, 0.005, 0.1234, 0.00004, 9.995, 12, 999, 999.96, 1000, 1250, -1234.5, 123456.789, 999999, 1e6, 1250000, 3.21e9, 7.5e12, 1e15, 1e21, 3725, 59.6}
	for _, locale := range []string{"", "de", "fr", "es", "de-CH", "xx"} {
		w := writerFor(locale)
		for _, name := range []string{"thousands", "number", "percent", "compact", "bytes", "duration"} {
			for _, digits := range []int{-1, 0, 2} {
				for _, unit := range []string{"", " €", "^$"} {
					f := w.named(name, digits, unit)
					for _, v := range values {
						if got, want := script(f, v), w.spell(v, name, digits, unit); got != want {
							t.Errorf("%s of %v: the script says %q, Go %q", f, v, got, want)
						}
					}
				}
			}
		}
		at := time.Date(2024, 3, 15, 14, 30, 0, 0, time.UTC)
		for _, g := range []grain{byYear, byQuarter, byMonth, byDay, byMinute} {
			if got, want := script(w.timeFormat(g), at.UnixMilli()), w.time(at, g); got != want {
				t.Errorf("%s: the script says %q, Go %q", w.timeFormat(g), got, want)
			}
		}
	}
	for _, c := range [][3]string{
		{"$fmt:thousands", "1234567.891", "1,234,567.89"}, {"$fmt:compact", "1250000", "1.25M"}, {"$fmt:compact::^€", "-12500", "−€12.5k"},
		{"$fmt:compact@de:: €", "2500000", "2,5 Mio. €"}, {"$fmt:percent", "0.1234", "12.3%"}, {"$fmt:bytes", "1536", "1.5 KiB"}, {"$fmt:duration", "3725", "1:02:05"},
		{"$fmt:tick", "1704067200000", "2024"}, {"$fmt:tick", "1706745600000", "Feb"}, {"$fmt:tick", "1708000200000", "12:30"}, {"$fmt:month", `"2024-02"`, "Feb 2024"},
		{"$fmt:date", `"2024-02-09"`, "9 Feb 2024"}, {"$fmt:datetime", `"2024-02-09 10:11"`, "9 Feb 2024 10:11"}, {"$fmt:thousands", `"none"`, "none"}, {"$fmt:date", `"soon"`, "soon"},
	} {
		if got := script(c[0], json.RawMessage(c[1])); got != c[2] {
			t.Errorf("%s of %s is %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

// TestThemeIsThePages compares the colours with those of the page's style sheet.
func TestThemeIsThePages(t *testing.T) {
	css, err := os.ReadFile("../../static/css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light := map[string]string{}
	for _, m := range regexp.MustCompile(`--chart-(\w+): light-dark\((#[0-9a-fA-F]+),`).FindAllStringSubmatch(string(css), -1) {
		light[m[1]] = colour(m[2])
	}
	l := Light()
	want := map[string]string{"text": l.Text, "muted": l.Muted, "axis": l.Axis, "grid": l.Grid, "surface": l.Surface}
	for i, p := range l.Palette {
		want[string(rune('1'+i))] = p
	}
	if diff := cmp.Diff(want, light); diff != "" {
		t.Errorf("the theme is not the page's: %s", diff)
	}
	seen := map[string]string{}
	for name, hex := range want {
		if seen[hex] != "" {
			t.Errorf("%s and %s share a colour, so a class cannot tell them apart", name, seen[hex])
		}
		seen[hex] = name
	}
	for i, p := range l.Palette {
		if c := contrast(p, l.Surface); c < 3 {
			t.Errorf("colour %d stands %.2f:1 against the page", i+1, c)
		}
	}
	for _, c := range []string{l.Text, l.Muted} {
		if contrast(c, l.Surface) < 4.5 {
			t.Errorf("words in %s are too faint", c)
		}
	}
	if !strings.HasPrefix(l.Font, "'Assay Sans'") {
		t.Errorf("face %s", l.Font)
	}
}

// contrast is the ratio of WCAG 2.2.
func contrast(a, b string) float64 {
	light := func(hex string) float64 {
		sum := 0.0
		for i, part := range []float64{0.2126, 0.7152, 0.0722} {
			var v float64
			for _, d := range hex[1+2*i : 3+2*i] {
				v = v*16 + float64(strings.IndexRune("0123456789abcdef", d))
			}
			if v /= 255; v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += part * v
		}
		return sum
	}
	x, y := light(a), light(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}
