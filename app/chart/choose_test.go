package chart

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/app/frame"
)

// many repeats a row n times with each "#" replaced by the row's number.
func many(n int, cols []frame.Column, cells ...string) *frame.Frame {
	f := frame.New(cols...)
	for i := range n {
		row := make([]string, len(cells))
		for c, s := range cells {
			row[c] = strings.ReplaceAll(s, "#", fmt.Sprint(i))
		}
		f.AppendTexts(row...)
	}
	return f
}

// cross makes a row for every pair.
func cross(a, b int, cols []frame.Column) *frame.Frame {
	f := frame.New(cols...)
	for i := range a {
		for k := range b {
			f.AppendTexts(fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", k), fmt.Sprint(i*k+1))
		}
	}
	return f
}

func TestChoose(t *testing.T) {
	byMonth := frame.New(columns("month:d", "region:t", "sales:n")...)
	for _, m := range months(12) {
		for _, r := range []string{"N", "S"} {
			byMonth.AppendTexts(m, r, "1")
		}
	}
	for _, c := range []struct {
		name  string
		frame *frame.Frame
		want  Settings
	}{
		{"one number", rows(columns("n:n"), []string{"5"}), Settings{Kind: Number, Y: []string{"n"}}},
		{"no rows", rows(columns("n:n")), Settings{Kind: Table}},
		{"no numbers", many(3, columns("a:t"), "x#"), Settings{Kind: Table}},
		{"time", many(9, columns("day:d", "n:n", "m:n"), "2024-01-0#", "#", "1"), Settings{Kind: Line, X: "day", Y: []string{"n", "m"}}},
		{"times as text", many(9, columns("month:t", "n:n"), "202#-01", "#"), Settings{Kind: Line, X: "month", Y: []string{"n"}}},
		{"time and category", byMonth, Settings{Kind: Line, X: "month", Y: []string{"sales"}, Series: "region"}},
		{"years as numbers", many(9, columns("year:n", "n:n"), "201#", "#5"), Settings{Kind: Line, X: "year", Y: []string{"n"}}},
		{"category", many(4, columns("a:t", "n:n"), "x#", "#"), Settings{Kind: Bar, X: "a", Y: []string{"n"}}},
		{"many categories", many(12, columns("a:t", "n:n"), "x#", "#"), Settings{Kind: HBar, X: "a", Y: []string{"n"}}},
		{"long names", many(4, columns("a:t", "n:n"), "a rather long name #", "#"), Settings{Kind: HBar, X: "a", Y: []string{"n"}}},
		{"key", many(5, columns("customer_id:n", "total:n"), "1#", "#.5"), Settings{Kind: Bar, X: "customer_id", Y: []string{"total"}}},
		{"two categories", cross(4, 3, columns("a:t", "b:t", "sales:n")), Settings{Kind: Stacked, X: "a", Y: []string{"sales"}, Series: "b"}},
		{"not to be summed", cross(4, 3, columns("a:t", "b:t", "avg_price:n")), Settings{Kind: Bar, X: "a", Y: []string{"avg_price"}, Series: "b"}},
		{"many pairs", cross(7, 9, columns("a:t", "b:t", "sales:n")), Settings{Kind: Heatmap, X: "b", Y: []string{"sales"}, Series: "a"}},
		{"two numbers", many(30, columns("a:n", "b:n"), "#.5", "#"), Settings{Kind: Scatter, X: "a", Y: []string{"b"}}},
		{"one column", many(30, columns("a:n"), "#.5"), Settings{Kind: Histogram, Y: []string{"a"}}},
		{"raw values", many(40, columns("a:t", "n:n"), "same", "#.5"), Settings{Kind: BoxPlot, X: "a", Y: []string{"n"}}},
		{"documents", many(4, columns("a:j", "n:n", "m:n", "o:n"), "{}", "1", "2", "3"), Settings{Kind: Table}},
	} {
		got := Explain(c.frame)
		if d := cmp.Diff(c.want, got.Settings); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		if got.Reason == "" || !strings.HasSuffix(got.Reason, ".") {
			t.Errorf("%s: reason %q", c.name, got.Reason)
		}
		if got.Settings.Kind != Table {
			if err := Fit(c.frame, got.Settings); err != nil {
				t.Errorf("%s: chosen but does not fit: %v", c.name, err)
			}
		}
	}
}

func TestFitSaysWhy(t *testing.T) {
	two := many(30, columns("a:n", "b:n"), "#.5", "#")
	parts := many(4, columns("a:t", "n:n"), "x#", "-#")
	for _, c := range []struct {
		frame    *frame.Frame
		settings Settings
		want     string
	}{
		{two, Settings{Kind: Pie}, "A pie needs one category and one number; this result has two numbers and no category. A scatter chart would fit."},
		{parts, Settings{Kind: Scatter}, "A scatter chart needs two numbers; this result has one category and one number. A column chart would fit."},
		{parts, Settings{Kind: Pie}, "A pie shows parts of a whole, and N has values below zero. A bar chart would fit."},
		{many(3, columns("a:t"), "x#"), Settings{Kind: Bar}, "A column chart needs a category or time and one or more numbers; this result has one category and no number. A table would fit."},
		{rows(columns("a:t", "n:n")), Settings{Kind: Bar}, "There is nothing to draw: the result has no rows."},
		{parts, Settings{Kind: Gauge}, "A gauge needs one number in one row; this result has four rows. A column chart would fit."},
		{parts, Settings{Kind: "cake"}, `There is no chart of the kind "cake"`},
		{parts, Settings{Kind: Bar, X: "gone"}, `This result has no column "gone"`},
		{parts, Settings{Kind: Bar, Y: []string{"a"}}, `"a" holds no numbers`},
	} {
		err := Fit(c.frame, c.settings)
		if !fault.Is(err, fault.Invalid) || fault.MessageOf(err) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.settings.Kind, fault.MessageOf(err), c.want)
		}
	}
	for _, k := range []Kind{Table, Pivot, "auto", Auto, Histogram} {
		if err := Fit(two, Settings{Kind: k}); err != nil {
			t.Errorf("%q: %v", k, err)
		}
	}
}

func TestWhatIsDropped(t *testing.T) {
	over := many(1204, columns("sku:t", "sold:n"), "sku #", "#")
	rated := many(100, columns("sku:t", "avg_rating:n"), "sku #", "#")
	series := frame.New(columns("month:d", "shop:t", "sold:n")...)
	for _, m := range months(6) {
		for s := range 20 {
			series.AppendTexts(m, fmt.Sprintf("shop %d", s), "3")
		}
	}
	odd := rows(columns("a:t", "n:n"), []string{"x", "1"}, []string{"y", "NaN"}, []string{"z", "\x00"}, []string{"w", "-Infinity"})
	cut := many(5, columns("a:t", "n:n"), "x#", "1")
	cut.Truncated = true
	for _, c := range []struct {
		name     string
		frame    *frame.Frame
		settings Settings
		want     string
	}{
		{"categories", over, Settings{Kind: Bar, Limit: 30}, "Showing 29 of 1,204 categories; the rest are summed as Other."},
		{"averages", rated, Settings{Kind: HBar}, "Showing 20 of 100 categories; the rest are not shown."},
		{"series", series, Settings{Kind: Line}, "Showing 7 of 20 series; the rest are summed as Other."},
		{"no numbers", odd, Settings{Kind: Bar}, "Values that are not finite numbers are left out."},
		{"truncated", cut, Settings{Kind: Bar}, "Drawn from the first 5 rows."},
		{"doubled", many(6, columns("a:t", "n:n"), "same", "1"), Settings{Kind: Bar}, "Where several rows share a place, their values are added up."},
		{"everything", many(5, columns("a:t", "n:n"), "x#", "1"), Settings{Kind: Bar}, ""},
	} {
		d, err := Option(c.frame, c.settings, Light())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if d.Dropped != c.want {
			t.Errorf("%s: %q, want %q", c.name, d.Dropped, c.want)
		}
	}
	d, err := Option(over, Settings{Kind: Bar, Limit: 30}, Light())
	if err != nil {
		t.Fatal(err)
	}
	last := d.Table.Rows[len(d.Table.Rows)-1]
	if len(d.Table.Rows) != 30 || last[0] != "Other" || last[1] != "689,725" {
		t.Errorf("%d rows, the last %v", len(d.Table.Rows), last)
	}
}

// seriesOf reads the series of an option.
func seriesOf(t *testing.T, d Drawing) []struct {
	Name string
	Data []any
} {
	t.Helper()
	var o struct {
		Series []struct {
			Name string
			Data []any
		}
	}
	if err := json.Unmarshal(d.Option, &o); err != nil {
		t.Fatal(err)
	}
	return o.Series
}

func TestGapsAndMissingTimes(t *testing.T) {
	f := rows(columns("month:d", "n:n"), []string{"2024-01-01", "1"}, []string{"2024-02-01", "\x00"}, []string{"2024-05-01", "NaN"}, []string{"2024-06-01", "4"})
	d, err := Option(f, Settings{Kind: Bar}, Light())
	if err != nil {
		t.Fatal(err)
	}
	want := []any{1.0, nil, nil, nil, nil, 4.0}
	if diff := cmp.Diff(want, seriesOf(t, d)[0].Data); diff != "" {
		t.Error(diff)
	}
	if d, err = Option(f, Settings{Kind: Line}, Light()); err != nil {
		t.Fatal(err)
	}
	if data := seriesOf(t, d)[0].Data; len(data) != 6 || data[1].([]any)[1] != nil {
		t.Errorf("line: %v", data)
	}
	// The clock on the wall counts, not the moment in UTC.
	f = rows(columns("at:ts", "n:n"), []string{"2024-01-01T00:00:00+02:00", "1"}, []string{"2024-02-01T00:00:00+02:00", "2"})
	if d, err = Option(f, Settings{}, Light()); err != nil {
		t.Fatal(err)
	}
	if d.Table.Rows[0][0] != "Jan 2024" {
		t.Errorf("first month: %q", d.Table.Rows[0][0])
	}
}

func TestLongLinesAreThinned(t *testing.T) {
	f := frame.New(columns("at:n", "v:n")...)
	for i := range 20000 {
		v := "1"
		if i == 13577 {
			v = "99"
		}
		f.AppendTexts(fmt.Sprint(i), v)
	}
	d, err := Option(f, Settings{Kind: Scatter}, Light())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(seriesOf(t, d)[0].Data); n != pointCap || !strings.Contains(d.Dropped, "2,000 of 20,000") {
		t.Errorf("%d points, %q", n, d.Dropped)
	}
	times := frame.New(columns("at:ts", "v:n")...)
	for i := range 20000 {
		v := "1"
		if i == 13577 {
			v = "99"
		}
		times.AppendTexts(fmt.Sprintf("2024-%02d-%02dT%02d:%02d:%02d", 1+i/5000, 1+i/200%25, i/10%20, i%10, i%60), v)
	}
	if d, err = Option(times, Settings{Kind: Line}, Light()); err != nil {
		t.Fatal(err)
	}
	data := seriesOf(t, d)[0].Data
	peak := 0.0
	for _, p := range data {
		if v, ok := p.([]any)[1].(float64); ok {
			peak = max(peak, v)
		}
	}
	if len(data) > pointCap || peak != 99 {
		t.Errorf("%d points with a peak of %v, want at most %d and 99", len(data), peak, pointCap)
	}
}

func TestSettingsKeepTheirShape(t *testing.T) {
	raw, err := json.Marshal(Settings{})
	if err != nil || string(raw) != "{}" {
		t.Errorf("zero settings are %s, error %v", raw, err)
	}
	in := `{"kind":"bar","x":"a","y":["b"],"sort_by":"value","sort_ascending":true,"goal":5,"goal_label":"g","unit":{"b":"EUR"}}`
	var s Settings
	if err := json.Unmarshal([]byte(in), &s); err != nil {
		t.Fatal(err)
	}
	if s.Kind != Bar || !s.SortAscending || *s.Goal != 5 || s.Unit["b"] != "EUR" {
		t.Errorf("%+v", s)
	}
}

func TestNumberCompared(t *testing.T) {
	f := rows(columns("month:d", "n:n"), []string{"2024-01-01", "100"}, []string{"2024-02-01", "80"})
	d, err := Option(f, Settings{Kind: Number}, Light())
	if err != nil {
		t.Fatal(err)
	}
	n := d.Number
	got := []any{n.Value, n.Before, n.Delta, n.Change, n.Against, n.When, n.Direction}
	if diff := cmp.Diff([]any{80.0, 100.0, "−20", "−20%", "Jan 2024", "Feb 2024", -1}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPercentageCompared(t *testing.T) {
	f := rows(columns("month:d", "n:n"), []string{"2024-01-01", "0.024"}, []string{"2024-02-01", "0.033"})
	d, err := Option(f, Settings{Kind: Number, Unit: map[string]string{"n": "ratio"}}, Light())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"+0.9 points", "+37.5%"}, []string{d.Number.Delta, d.Number.Change}); diff != "" {
		t.Error(diff)
	}
}

func TestFlowInACircle(t *testing.T) {
	f := rows(columns("from:t", "to:t", "n:n"), []string{"a", "b", "3"}, []string{"b", "a", "2"}, []string{"a", "a", "1"})
	_, svg := draw(t, sample{"circle", f, Settings{Kind: Sankey}}, 500, 300)
	_, words := elements(t, svg)
	if diff := cmp.Diff(4, len(words)); diff != "" {
		t.Errorf("names on both sides: %v", words)
	}
}
