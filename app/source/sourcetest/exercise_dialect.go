package sourcetest

import (
	"strings"
	"testing"

	"assay/app/frame"
	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

func (e *exercise) trunc(t *testing.T) {
	released := map[source.Grain][]string{
		source.Minute:  {"2024-01-31T00:00:00", "2024-02-29T00:00:00", "2024-12-30T00:00:00", null, "2025-01-01T00:00:00"},
		source.Hour:    {"2024-01-31T00:00:00", "2024-02-29T00:00:00", "2024-12-30T00:00:00", null, "2025-01-01T00:00:00"},
		source.Day:     {"2024-01-31", "2024-02-29", "2024-12-30", null, "2025-01-01"},
		source.Week:    {"2024-01-29", "2024-02-26", "2024-12-30", null, "2024-12-30"},
		source.Month:   {"2024-01-01", "2024-02-01", "2024-12-01", null, "2025-01-01"},
		source.Quarter: {"2024-01-01", "2024-01-01", "2024-10-01", null, "2025-01-01"},
		source.Year:    {"2024-01-01", "2024-01-01", "2024-01-01", null, "2025-01-01"},
	}
	recorded := map[source.Grain][]string{
		source.Minute: {"2024-01-31T23:59:00", "2024-02-29T00:00:00", "2024-12-30T12:30:00", null, "2025-01-01T07:00:00"},
		source.Hour:   {"2024-01-31T23:00:00", "2024-02-29T00:00:00", "2024-12-30T12:00:00", null, "2025-01-01T07:00:00"},
	}
	d := e.Driver.Dialect()
	for _, grain := range source.Grains {
		for _, col := range []struct {
			name string
			kind frame.Kind
		}{{"released", frame.Date}, {"recorded_at", frame.Time}} {
			want, kind := released[grain], frame.Date
			if grain == source.Minute || grain == source.Hour {
				kind = frame.Time
				if col.kind == frame.Time {
					want = recorded[grain]
				}
			}
			t.Run(string(grain)+" of "+col.name, func(t *testing.T) {
				e.lacks(t)
				x := escape(d.Trunc(e.q(col.name), grain, col.kind))
				f := e.query(t, "SELECT `id`, "+x+" AS `v` FROM `albums` ORDER BY `id`")
				if diff := cmp.Diff(want, column(f, 1)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", x, diff)
				}
				if f.Columns[1].Kind != kind {
					t.Errorf("kind %s, want %s", f.Columns[1].Kind, kind)
				}
				f = e.query(t, "SELECT "+x+" AS `v`, COUNT(*) AS `n` FROM `albums` WHERE `id` = 3 GROUP BY "+x)
				if diff := cmp.Diff([][]string{{want[2], "1"}}, texts(f)); diff != "" {
					t.Errorf("grouped (-want +got)\n%s", diff)
				}
			})
		}
	}
}

func (e *exercise) numbers(t *testing.T) {
	d := e.Driver.Dialect()
	price, id, large := e.q("price"), e.q("id"), e.q("big")
	tests := []struct {
		name, expr, where string
		want              []string
	}{
		{"bin", d.Bin(price, "2.5"), "`id` < 6 ORDER BY `id`", []string{"7.5", "0", "1234567.5", null, "5"}},
		{"bin under one", d.Bin(price, "0.25"), "`id` < 6 ORDER BY `id`", []string{"9.75", "0", "1234567.75", null, "5"}},
		{"bin of integers", d.Bin(id, "2"), "`id` < 6 ORDER BY `id`", []string{"0", "2", "2", "4", "4"}},
		{"bin below nought", d.Bin("("+id+" - 4)", "2"), "`id` < 6 ORDER BY `id`", []string{"-4", "-2", "-2", "0", "0"}},
		{"bin inside a sum", "1 + " + d.Bin(id, "2"), "`id` = 5", []string{"5"}},
		{"float average", "AVG(" + d.Float(id) + ")", "`id` < 3", []string{"1.5"}},
		{"float division", d.Float(id) + " / 2", "`id` = 5", []string{"2.5"}},
		{"sum of decimals", d.Sum(price), "`id` < 6", []string{"1234582.94"}},
		{"sum of integers", d.Sum(id), "`id` < 6", []string{"15"}},
		{"sum of large integers", d.Sum(large), "`id` IN (2, 3)", []string{"-9214364837600034815"}},
		{"sum of nothing", d.Sum(price), "`id` > 99", []string{null}},
		{"sum of nulls", d.Sum(price), "`id` = 4", []string{null}},
	}
	if m, ok := d.Median(price); ok {
		tests = append(tests, struct {
			name, expr, where string
			want              []string
		}{"median", m, "`id` < 6", []string{"7.475"}})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e.lacks(t)
			f := e.query(t, "SELECT "+escape(tt.expr)+" AS `v` FROM `albums` WHERE "+tt.where)
			if diff := cmp.Diff(tt.want, column(f, 0), byNumber); diff != "" {
				t.Errorf("%s (-want +got)\n%s", tt.expr, diff)
			}
			if f.Columns[0].Kind != frame.Number && tt.want[0] != null {
				t.Errorf("kind %s", f.Columns[0].Kind)
			}
		})
	}
	t.Run("sum beyond 64 bits", func(t *testing.T) {
		e.lacks(t)
		f := e.query(t, "SELECT "+escape(d.Sum(large))+" AS `v` FROM `albums` WHERE `id` IN (1, 3)")
		if got, ok := f.Float(0, 0); !ok || got < 9.2323792361094e18 || got > 9.2323792361096e18 {
			t.Errorf("got %v, want about 9232379236109516800", column(f, 0))
		}
	})
}

func (e *exercise) order(t *testing.T) {
	d := e.Driver.Dialect()
	for _, tt := range []struct {
		column string
		desc   bool
		want   []string
	}{
		{"price", false, []string{"2", "5", "1", "3", "4"}},
		{"price", true, []string{"3", "1", "5", "2", "4"}},
		{"recorded_at", false, []string{"1", "2", "3", "5", "4"}},
		{"recorded_at", true, []string{"5", "3", "2", "1", "4"}},
	} {
		terms := escape(strings.Join(d.Order(e.q(tt.column), tt.desc), ", "))
		f := e.query(t, "SELECT `id` FROM `albums` ORDER BY "+terms)
		if diff := cmp.Diff(tt.want, column(f, 0)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", terms, diff)
		}
	}
}

func (e *exercise) patterns(t *testing.T) {
	d := e.Driver.Dialect()
	tests := []struct {
		table, column, value string
		anywhere             bool
		want                 []string
	}{
		{"albums", "title", "off", true, []string{"5"}},
		{"albums", "title", "OFF", true, []string{"5"}},
		{"albums", "title", "o", true, []string{"1", "2", "4", "5"}},
		{"albums", "title", "%", true, []string{"5"}},
		{"albums", "title", "_", true, []string{"5"}},
		{"albums", "title", `\`, true, []string{"5"}},
		{"albums", "title", `_\`, true, []string{"5"}},
		{"albums", "title", `\_`, true, nil},
		{"albums", "title", "%off", true, nil},
		{"albums", "title", "[", true, nil},
		{"albums", "title", "t", false, []string{"2", "3"}},
		{"albums", "title", "TW", false, []string{"2"}},
		{"albums", "title", "w", false, nil},
		{"albums", "title", "50%", false, []string{"5"}},
		{"albums", "title", "5_", false, nil},
		{"albums", "title", "", false, []string{"1", "2", "3", "4", "5"}},
		{"artists", "name", "Ärg", false, []string{"1"}},
		{"artists", "name", "ółw", true, []string{"4"}},
		{"artists", "name", "'", true, []string{"5"}},
		{"artists", "name", `"X"`, true, []string{"5"}},
		{"artists", "name", "🐢", true, []string{"4"}},
	}
	if e.Has["unicode_case"] {
		tests = append(tests, []struct {
			table, column, value string
			anywhere             bool
			want                 []string
		}{
			{"artists", "name", "ärG", false, []string{"1"}},
			{"artists", "name", "CÉLINE", true, []string{"3"}},
			{"artists", "name", "ŻÓŁW", true, []string{"4"}},
		}...)
	}
	for _, tt := range tests {
		name, spell := "starts with ", d.StartsWith
		if tt.anywhere {
			name, spell = "contains ", d.Contains
		}
		t.Run(name+tt.value, func(t *testing.T) {
			e.lacks(t)
			condition := escape(spell(e.q(tt.column), d.Placeholder(1, frame.Text)))
			f := e.query(t, "SELECT `id` FROM `"+tt.table+"` WHERE "+condition+" ORDER BY `id`",
				source.Arg{Kind: frame.Text, Text: d.Pattern(tt.value, tt.anywhere)})
			if diff := cmp.Diff(tt.want, nilIfEmpty(column(f, 0))); diff != "" {
				t.Errorf("%s (-want +got)\n%s", condition, diff)
			}
		})
	}
}

func (e *exercise) compare(t *testing.T) {
	d := e.Driver.Dialect()
	for _, tt := range []struct {
		column, op, value string
		kind              frame.Kind
		want              []string
	}{
		{"recorded_at", "<=", "2024-01-31T23:59:59.123456", frame.Time, []string{"1"}},
		{"recorded_at", "<=", "2024-01-31T23:59:59", frame.Time, nil},
		{"recorded_at", ">", "2024-01-31T23:59:59", frame.Time, []string{"1", "2", "3", "5"}},
		{"recorded_at", "<", "2024-02-29T00:00:00", frame.Time, []string{"1"}},
		{"recorded_at", ">=", "2024-02-29T00:00:00", frame.Time, []string{"2", "3", "5"}},
		{"recorded_at", "=", "2024-12-30T12:30:00", frame.Time, []string{"3"}},
		{"recorded_at", "<>", "2024-12-30T12:30:00", frame.Time, []string{"1", "2", "5"}},
		{"recorded_at", ">", "2025-01-01T07:00:00.4", frame.Time, []string{"5"}},
		{"recorded_at", ">", "2025-01-01T07:00:00.6", frame.Time, nil},
		{"recorded_at", "=", "2025-01-01T07:00:00.5", frame.Time, []string{"5"}},
		{"released", "=", "2024-02-29", frame.Date, []string{"2"}},
		{"released", ">=", "2024-12-30", frame.Date, []string{"3", "5"}},
		{"released", "<", "2024-02-29", frame.Date, []string{"1"}},
		{"released", "<=", "2024-02-29", frame.Date, []string{"1", "2"}},
		{"price", ">", "9.94", frame.Number, []string{"1", "3"}},
		{"big", ">", "9007199254740992", frame.Number, []string{"1", "3"}},
	} {
		t.Run(tt.column+" "+tt.op+" "+tt.value, func(t *testing.T) {
			e.lacks(t)
			left, right := d.Compare(e.q(tt.column), d.Placeholder(1, tt.kind), tt.kind)
			condition := escape(left + " " + tt.op + " " + right)
			f := e.query(t, "SELECT `id` FROM `albums` WHERE "+condition+" ORDER BY `id`", source.Arg{Kind: tt.kind, Text: tt.value})
			if diff := cmp.Diff(tt.want, nilIfEmpty(column(f, 0))); diff != "" {
				t.Errorf("%s (-want +got)\n%s", condition, diff)
			}
		})
	}
}
