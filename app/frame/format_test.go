package frame

import (
	"math"
	"strings"
	"testing"
	"testing/quick"
)

func TestFormatterText(t *testing.T) {
	const nb, nn = "\u00a0", "\u202f"
	en, de, fr := MatchLocale("en"), MatchLocale("de"), MatchLocale("fr")
	money := Column{Name: "total", Type: "numeric(12,2)", Kind: Number}
	num := Column{Name: "x", Kind: Number}
	tests := []struct {
		l        Locale
		c        Column
		in, want string
	}{
		{en, num, "0", "0"},
		{en, num, "-0.00", "0"},
		{en, num, "999", "999"},
		{en, num, "1000", "1,000"},
		{en, num, "-1234567.5", "-1,234,567.5"},
		{en, num, "12.50", "12.5"},
		{en, num, "12345678901234567890", "12,345,678,901,234,567,890"},
		{en, num, "2.6666666666666667", "2.666667"},
		{en, num, "1999.9999999", "2,000"},
		{en, num, "0.30000000000000004", "0.3"},
		{en, num, "0.00012345678", "0.000123457"},
		{en, num, "1.5e+30", "1.5e+30"},
		{en, num, "1.5e+3", "1,500"},
		{en, num, "1e-9", "1e-9"},
		{en, num, "NaN", "NaN"},
		{en, num, "-Infinity", "-Infinity"},
		{en, num, "n/a", "n/a"},
		{en, Column{Name: "x", Kind: Number, Digits: 3}, "12345.678", "12,300"},
		{en, money, "1234.5", "1,234.50"},
		{en, money, "1234", "1,234.00"},
		{en, money, "-0.10", "-0.10"},
		{en, money, "0.005", "0.01"},
		{en, money, "0.004", "0.00"},
		{en, money, "2328.6000000001", "2,328.60"},
		{en, money, "1e+3", "1,000"},
		{en, Column{Name: "n", Type: "bigint", Kind: Number}, "1234567", "1,234,567"},
		{en, Column{Name: "customer_id", Kind: Number}, "1234567", "1234567"},
		{en, Column{Name: "zip", Kind: Number}, "01234", "01234"},
		{en, Column{Name: "order_id", Kind: Number}, "12345.0", "12345"},
		{en, Column{Name: "year", Kind: Number}, "2024", "2024"},
		{en, Column{Name: "year", Kind: Number}, "20240", "20,240"},
		{de, money, "1234567.5", "1.234.567,50"},
		{de, num, "0.5", "0,5"},
		{de, num, "1.5e+30", "1,5e+30"},
		{fr, money, "1234567.5", "1" + nn + "234" + nn + "567,50"},
		{MatchLocale("sv-SE"), num, "12345.6", "12" + nb + "345,6"},
		{MatchLocale("es"), num, "1234", "1234"},
		{MatchLocale("es"), num, "12345", "12.345"},
		{MatchLocale("de-CH"), num, "12345.6", "12’345.6"},
		{MatchLocale("en-IN"), num, "123456789.5", "12,34,56,789.5"},
		{MatchLocale("en-IN"), num, "1234", "1,234"},
		{en, Column{Kind: Date}, "2024-01-31", "2024-01-31"},
		{en, Column{Kind: Time}, "2024-01-31T23:59:00", "2024-01-31 23:59"},
		{en, Column{Kind: Time}, "2024-01-31T00:00:00+02:00", "2024-01-31 00:00"},
		{en, Column{Kind: Time}, "2024-01-31T23:59:07Z", "2024-01-31 23:59:07"},
		{en, Column{Kind: Time}, "2024-01-31T23:59:00.25Z", "2024-01-31 23:59:00.25"},
		{en, Column{Kind: Time}, "2024-01-31T23:59:07.000001", "2024-01-31 23:59:07"},
		{en, Column{Kind: Time}, "infinity", "infinity"},
		{en, Column{Kind: Bool}, "true", "true"},
		{en, Column{Kind: JSON}, "{\"a\": [1,\n 2]}", `{"a":[1,2]}`},
		{en, Column{Kind: JSON}, "{ broken", "{ broken"},
		{en, Column{Kind: Binary}, "x", "1 byte"},
		{de, Column{Kind: Binary}, strings.Repeat("x", 1200), "1.200 bytes"},
		{en, Column{Kind: Text}, "twelve runes", "twelve runes"},
		{en, Column{Kind: Text}, "bad\xff", "bad\uFFFD"},
	}
	for _, tt := range tests {
		if got := (Formatter{Locale: tt.l}).Text(tt.c, []byte(tt.in), true); got != tt.want {
			t.Errorf("%s %s %q: got %q, want %q", tt.l, tt.c.Kind, tt.in, got, tt.want)
		}
	}
	if got := (Formatter{}).Text(money, nil, false); got != "" {
		t.Errorf("a null reads %q", got)
	}
}

func TestFormatterCutsLongText(t *testing.T) {
	tests := []struct {
		max      int
		in, want string
		cut      bool
	}{
		{5, "hello", "hello", false},
		{5, "hello!", "hello…", true},
		{5, "Grüße", "Grüße", false},
		{5, "Grüßen", "Grüße…", true},
		{5, "well done", "well…", true},
		{2, "\xff\xff\xff", "\uFFFD…", true},
		{0, strings.Repeat("x", 5000), strings.Repeat("x", 5000), false},
	}
	for _, tt := range tests {
		f := Formatter{MaxRunes: tt.max}.Column(Column{Kind: Text})
		if got, cut := f.Append(nil, []byte(tt.in), true); string(got) != tt.want || cut != tt.cut {
			t.Errorf("%q to %d: %q, %v", tt.in, tt.max, got, cut)
		}
	}
	f := Formatter{MaxRunes: 2}.Column(Column{Kind: Number})
	if got, cut := f.Append(nil, []byte("1234567"), true); string(got) != "1,234,567" || cut {
		t.Errorf("a number was cut to %q", got)
	}
}

func TestFormatterFloats(t *testing.T) {
	f, de := Formatter{}, Formatter{Locale: MatchLocale("de")}
	tests := []struct{ what, got, want string }{
		{"compact", f.Compact(0), "0"},
		{"compact", f.Compact(12), "12"},
		{"compact", f.Compact(950), "950"},
		{"compact", f.Compact(12.345), "12.3"},
		{"compact", f.Compact(0.12345), "0.123"},
		{"compact", f.Compact(999.6), "1k"},
		{"compact", f.Compact(1234), "1.2k"},
		{"compact", f.Compact(12345), "12.3k"},
		{"compact", f.Compact(123456), "123k"},
		{"compact", f.Compact(999_499), "999k"},
		{"compact", f.Compact(999_500), "1M"},
		{"compact", f.Compact(-3.4e6), "-3.4M"},
		{"compact", f.Compact(5.6e9), "5.6bn"},
		{"compact", f.Compact(7.8e12), "7.8tn"},
		{"compact", f.Compact(1.2345e16), "12,300tn"},
		{"compact", f.Compact(math.NaN()), "–"},
		{"compact", f.Compact(math.Inf(-1)), "–"},
		{"compact", de.Compact(1234), "1,2k"},
		{"percent", f.Percent(0.1234), "12.3%"},
		{"percent", f.Percent(0.07), "7%"}, // 0.07*100 is 7.000000000000001
		{"percent", f.Percent(1), "100%"},
		{"percent", f.Percent(0.00512), "0.51%"},
		{"percent", f.Percent(0.9996), "100%"},
		{"percent", f.Percent(-12.5), "-1,250%"},
		{"percent", f.Percent(0), "0%"},
		{"percent", de.Percent(0.125), "12,5\u00a0%"},
		{"percent", Formatter{Locale: MatchLocale("tr")}.Percent(0.5), "%50"},
		{"delta", f.Delta(1234), "+1.2k"},
		{"delta", f.Delta(-1234), "-1.2k"},
		{"delta", f.Delta(0), "0"},
		{"delta", f.Delta(math.Inf(1)), "–"},
		{"delta percent", f.DeltaPercent(0.1234), "+12.3%"},
		{"number", f.Number(1234.565, 2), "1,234.57"}, // as a float64 it lies below
		{"number", f.Number(1234.5, 0), "1,235"},
		{"number", f.Number(0.5, 0), "1"},
		{"number", f.Number(-0.4, 0), "0"},
		{"number", f.Number(0.001, 2), "0"},
		{"number", f.Number(12, 2), "12"},
		{"number", f.Number(math.NaN(), 2), "–"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, tt.got, tt.want)
		}
	}
	// However large or small, a compact number is short.
	short := func(x float64) bool { return len(f.Compact(math.Mod(x, 1e15))) <= len("-0.000123") }
	if err := quick.Check(short, nil); err != nil {
		t.Error(err)
	}
}

func TestMatchLocale(t *testing.T) {
	for wanted, want := range map[string]string{
		"": "en", "en-GB": "en-GB", "en-AU": "en-GB", "en-CA": "en-GB", "en-US,en;q=0.9": "en", "de": "de", "de-DE,de;q=0.9,en;q=0.8": "de", "de-AT": "de-AT", "de-CH": "de-CH",
		"fr-BE": "fr", "fr-CA": "fr-CA", "pt-BR": "pt", "pt-PT": "pt-PT", "es-AR;q=0.2, it;q=0.9": "it", "zh-Hans-CN": "zh", "nn": "nb",
		"xx": "en", "tlh, sv;q=0.1": "sv", "en-IN": "en-IN", "not a tag;;;": "en", "es-MX": "es-MX",
	} {
		if got := MatchLocale(wanted); got.String() != want {
			t.Errorf("%q: got %s, want %s", wanted, got, want)
		}
	}
	if got := MatchLocale("xx", "de"); got.String() != "de" {
		t.Errorf("the second wish: %s", got)
	}
	if got := Locale(200).String(); got != "en" {
		t.Errorf("a locale from nowhere: %s", got)
	}
}

func BenchmarkFormatter(b *testing.B) {
	f := orders(1000)
	columns := make([]ColumnFormatter, len(f.Columns))
	for i, c := range f.Columns {
		columns[i] = Formatter{MaxRunes: 80}.Column(c)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		for r := range f.Rows() {
			for c := range columns {
				v, ok := f.Cell(r, c)
				buf, _ = columns[c].Append(buf[:0], v, ok)
			}
		}
	}
}

func TestNumbersUnderOneAnotherLineUp(t *testing.T) {
	en := MatchLocale("en")
	for _, tt := range []struct {
		name   string
		column Column
		in     []string
		want   string
	}{
		{"floats", Column{Name: "revenue", Kind: Number}, []string{"155786.5", "146421.83", "7", "-0.1"}, "155,786.50 146,421.83 7.00 -0.10"},
		{"whole numbers", Column{Name: "n", Kind: Number}, []string{"1", "1200"}, "1 1,200"},
		{"no end", Column{Name: "mean", Kind: Number}, []string{"2.5", "3.3333333333333335"}, "2.500000 3.333333"},
		{"small ones", Column{Name: "x", Kind: Number}, []string{"0.00012345678", "12", "1e-9"}, "0.000123457 12.000000 1e-9"},
		{"fixed by the type", Column{Name: "total", Type: "numeric(12,2)", Kind: Number}, []string{"1.5", "2"}, "1.50 2.00"},
		{"keys", Column{Name: "order_id", Kind: Number}, []string{"1001", "2"}, "1001 2"},
		{"texts", Column{Name: "note", Kind: Text}, []string{"1.25", "2"}, "1.25 2"},
	} {
		f := New(tt.column)
		for _, v := range tt.in {
			f.AppendTexts(v)
		}
		f.Append(nil)
		cells := Formatter{Locale: en}.Column(tt.column)
		cells.Even(f, 0, f.Rows())
		var got []string
		for r := range len(tt.in) {
			v, ok := f.Cell(r, 0)
			b, _ := cells.Append(nil, v, ok)
			got = append(got, string(b))
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, text, tt.want)
		}
	}
}
