package frame

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"assay/app/fault"

	"github.com/google/go-cmp/cmp"
)

func writeCSV(t *testing.T, w CSVWriter, f *Frame) string {
	t.Helper()
	var out strings.Builder
	if _, err := w.Write(context.Background(), &out, f.Reader()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestCSVCells(t *testing.T) {
	tests := []struct {
		kind            Kind
		in, want, notes string
	}{
		{Text, "plain", "plain", ""},
		{Text, "", `""`, "an empty text is not a null"},
		{Text, "a,b", `"a,b"`, ""},
		{Text, `say "hi"`, `"say ""hi"""`, ""},
		{Text, "two\nlines", "\"two\nlines\"", ""},
		{Text, "two\rlines", "\"two\rlines\"", ""},
		{Text, " space ", " space ", "only what must be is quoted"},
		{Text, "a;b", "a;b", ""},
		{Text, "Grüße, 世界", `"Grüße, 世界"`, ""},
		{Text, "世界", "世界", ""},
		{Text, "bad\xff", "bad\uFFFD", ""},
		{Text, "bad\xff, \"x\"", "\"bad\uFFFD, \"\"x\"\"\"", ""},
		{Text, "=1+1", "'=1+1", ""},
		{Text, "+49 30", "'+49 30", ""},
		{Text, "-1", "'-1", "a text stays one"},
		{Text, "@SUM(A1)", "'@SUM(A1)", ""},
		{Text, "\tx", "'\tx", ""},
		{Text, "\rx", "\"'\rx\"", ""},
		{Text, "=A1,B1", `"'=A1,B1"`, ""},
		{Text, "＝1", "'＝1", ""},
		{Text, "＋1", "'＋1", ""},
		{Text, "－1", "'－1", ""},
		{Text, "＠x", "'＠x", ""},
		{Text, "Ａ", "Ａ", "another full-width letter"},
		{Text, "x=1", "x=1", ""},
		{Other, "-01:00:00", "'-01:00:00", ""},
		{JSON, `{"a": 1}`, `"{""a"": 1}"`, ""},
		{Number, "-5", "-5", ""},
		{Number, "-0.50", "-0.50", "digits stay"},
		{Number, "+5", "+5", ""},
		{Number, "-1.5e+300", "-1.5e+300", ""},
		{Number, "-Infinity", "-Infinity", ""},
		{Number, "12345678901234567890.123456789", "12345678901234567890.123456789", ""},
		{Number, "=1+1", "'=1+1", "a text in a column of numbers"},
		{Number, "-1+1", "'-1+1", ""},
		{Number, "1,5", `"1,5"`, ""},
		{Date, "2024-01-31", "2024-01-31", ""},
		{Date, "-infinity", "'-infinity", ""},
		{Time, "2024-01-31T23:59:00", "2024-01-31 23:59:00", ""},
		{Time, "2024-01-31T23:59:00.25+02:00", "2024-01-31 23:59:00.25+02:00", ""},
		{Time, "2024-01-31T23:59:00Z", "2024-01-31 23:59:00Z", ""},
		{Time, "=now()", "'=now()", ""},
		{Time, "12:30:00", "12:30:00", ""},
		{Bool, "true", "true", ""},
		{Bool, "=1", "'=1", ""},
		{Binary, "=\x00\xff", `\x3d00ff`, ""},
		{Binary, "", `\x`, ""},
	}
	for _, tt := range tests {
		f := New(Column{Name: "c", Kind: tt.kind})
		f.AppendTexts(tt.in)
		if got, want := writeCSV(t, CSVWriter{}, f), "c\r\n"+tt.want+"\r\n"; got != want {
			t.Errorf("%s %q: got %q, want %q %s", tt.kind, tt.in, got, want, tt.notes)
		}
	}
}

func TestCSVWriter(t *testing.T) {
	f := New(Column{Name: "=cmd", Kind: Text}, Column{Name: "a;b,c", Kind: Number, Digits: 3}, Column{Name: "t", Kind: Text})
	f.Append(ptr("@x"), ptr("1.23456"), nil)
	f.Append(nil, nil, ptr("u;v"))
	tests := []struct {
		name string
		w    CSVWriter
		want string
	}{
		{"default", CSVWriter{}, "'=cmd,\"a;b,c\",t\r\n'@x,1.23,\r\n,,u;v\r\n"},
		{"raw", CSVWriter{Raw: true}, "=cmd,\"a;b,c\",t\r\n@x,1.23,\r\n,,u;v\r\n"},
		{"for Excel", CSVWriter{BOM: true, Comma: ';'}, "\uFEFF'=cmd;\"a;b,c\";t\r\n'@x;1.23;\r\n;;\"u;v\"\r\n"},
		{"no header", CSVWriter{NoHeader: true}, "'@x,1.23,\r\n,,u;v\r\n"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, writeCSV(t, tt.w, f)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	if _, err := (CSVWriter{Comma: '"'}).Write(context.Background(), &bytes.Buffer{}, f.Reader()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a quote as the comma: %v", err)
	}
}

func TestCSVNullInASingleColumnIsARow(t *testing.T) {
	f := New(Column{Name: "c", Kind: Text})
	f.Append(nil)
	f.Append(ptr("x"))
	records, err := csv.NewReader(strings.NewReader(writeCSV(t, CSVWriter{}, f))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"c"}, {""}, {"x"}}, records); diff != "" {
		t.Error(diff)
	}
}

func TestCSVFailureAppendsNothing(t *testing.T) {
	f := New(Column{Name: "c", Kind: Text})
	f.AppendTexts("x")
	gone := errors.New("gone")
	var out strings.Builder
	s, err := CSVWriter{}.Write(context.Background(), &out, &failing{f: f, err: gone})
	if !errors.Is(err, gone) || out.String() != "c\r\nx\r\n" || s.Rows != 1 {
		t.Errorf("got %q, %+v, %v", out.String(), s, err)
	}
	out.Reset()
	if s, err := (CSVWriter{}).Write(context.Background(), &out, &failing{f: New(Column{Name: "c"}), err: gone}); !errors.Is(err, gone) || out.Len() != 0 || s.Bytes != 0 {
		t.Errorf("at once: got %q, %+v, %v", out.String(), s, err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("plain", "a,b", "=1", byte(0))
	f.Add("", "\"", "\r\n\xff", byte(1))
	f.Fuzz(func(t *testing.T, a, b, c string, comma byte) {
		fr := New(Column{Name: "a", Kind: Text}, Column{Name: "b", Kind: Number}, Column{Name: "c", Kind: Time})
		fr.AppendTexts(a, b, c)
		w := CSVWriter{Raw: true, Comma: ",;\t|"[comma%4]}
		r := csv.NewReader(strings.NewReader(writeCSV(t, w, fr)))
		r.Comma = rune(w.Comma)
		records, err := r.ReadAll()
		if err != nil || len(records) != 2 {
			t.Fatalf("%q, %q, %q: %d records, %v", a, b, c, len(records), err)
		}
		if isTime([]byte(c)) && len(c) > 10 && c[10] == 'T' {
			c = c[:10] + " " + c[11:]
		}
		for i, want := range []string{a, b, c} {
			want = strings.ReplaceAll(strings.ToValidUTF8(want, "\uFFFD"), "\r\n", "\n") // as encoding/csv reads it
			if records[1][i] != want {
				t.Fatalf("%q became %q", want, records[1][i])
			}
		}
		w.Raw = false
		r = csv.NewReader(strings.NewReader(writeCSV(t, w, fr)))
		r.Comma = rune(w.Comma)
		if records, err = r.ReadAll(); err != nil {
			t.Fatal(err)
		}
		for i, cell := range records[1] {
			if formula([]byte(cell)) && (i != 1 || !isNumber([]byte(cell))) {
				t.Fatalf("%q is a formula", cell)
			}
		}
	})
}
