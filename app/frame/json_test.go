package frame

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"assay/app/fault"

	"github.com/google/go-cmp/cmp"
)

func TestAppendJSON(t *testing.T) {
	num := Column{Kind: Number}
	float := Column{Kind: Number, Type: "double precision"}
	digits := func(n int) Column { return Column{Kind: Number, Digits: n} }
	tests := []struct {
		c        Column
		in, want string
	}{
		{num, "0", "0"},
		{num, "-0", "0"},
		{num, "-0.00", "0"},
		{num, "0.00", "0"},
		{num, "5", "5"},
		{num, "-12", "-12"},
		{num, "5.00", "5"},
		{num, "2328.60", "2328.6"},
		{num, "100", "100"},
		{num, "100.0", "100"},
		{num, "0.10", "0.1"},
		{num, ".5", "0.5"},
		{num, "5.", "5"},
		{num, "+7", "7"},
		{num, "007", "7"},
		{num, "0.000001", "0.000001"},
		{num, "0.0000001", "1e-7"},
		{num, "0.00000010", "1e-7"},
		{num, "0.00012345678901234", "0.00012345678901234"},
		{num, "-0.000000123", "-1.23e-7"},
		{num, "9007199254740991", "9007199254740991"},
		{num, "9007199254740992", "9007199254740992"},
		{num, "-9007199254740992", "-9007199254740992"},
		{num, "9007199254740993", `"9007199254740993"`},
		{num, "-9007199254740993", `"-9007199254740993"`},
		{num, "9007199254740992.00", "9007199254740992"},
		{num, "9000000000000000", "9000000000000000"},
		{num, "10000000000000000", `"10000000000000000"`},
		{num, "1000000000000000000000000000000", `"1000000000000000000000000000000"`},
		{num, "123456789012345.00", "123456789012345"},
		{num, "12345678901234.5", "12345678901234.5"},
		{num, "123456789012345.6", `"123456789012345.6"`},
		{num, "12345678901234567.8900", `"12345678901234567.89"`},
		{num, "-0.12345678901234567890", `"-0.1234567890123456789"`},
		{num, "0.1234567890123450000000", "0.123456789012345"},
		{num, "1e+30", "1e+30"},
		{num, "1E30", "1e+30"},
		{num, "1.50e3", "1500"},
		{num, "1e-07", "1e-7"},
		{num, "12.5e-9", "1.25e-8"},
		{num, "1e21", "1e+21"},
		{num, "1e20", "100000000000000000000"},
		{num, "1e400", `"1e+400"`},
		{num, "1e-400", `"1e-400"`},
		{num, "NaN", `"NaN"`},
		{num, "Infinity", `"Infinity"`},
		{num, "-Infinity", `"-Infinity"`},
		{num, "", `""`},
		{num, "abc", `"abc"`},
		{num, "1.2.3", `"1.2.3"`},
		{num, "1e", `"1e"`},
		{num, "-", `"-"`},
		{num, "1 ", `"1 "`},
		{num, "1\n", `"1\n"`},
		{num, "0x10", `"0x10"`},

		{float, "0.30000000000000004", "0.30000000000000004"},
		{float, "100000000000000000000", "100000000000000000000"},
		{float, "1.7976931348623157e+308", "1.7976931348623157e+308"},
		{float, "5e-324", "5e-324"},
		{float, "0.30000000000000005", `"0.30000000000000005"`}, // no float64 prints so

		{digits(3), "12345", "12300"},
		{digits(3), "1.005", "1.01"}, // 1.005 as a float64 lies below and would become 1
		{digits(3), "-1.005", "-1.01"},
		{digits(3), "1.0049999", "1"},
		{digits(3), "999.5", "1000"},
		{digits(3), "0.00012350", "0.000124"},
		{digits(2), "99999999999999999999", "100000000000000000000"},
		{digits(12), "12.345678901234567890123", "12.3456789012"},
		{digits(12), "7", "7"},
		{digits(12), "NaN", `"NaN"`},
		{digits(20), "1.23456789012345678901", `"1.234567890123456789"`},
		{digits(15), "0.333333333333333333", "0.333333333333333"},

		{Column{Kind: Bool}, "true", "true"},
		{Column{Kind: Bool}, "false", "false"},
		{Column{Kind: Bool}, "t", `"t"`},
		{Column{Kind: Date}, "2024-01-31", `"2024-01-31"`},
		{Column{Kind: Time}, "2024-01-31T23:59:00+02:00", `"2024-01-31T23:59:00+02:00"`},
		{Column{Kind: Text}, "", `""`},
		{Column{Kind: Text}, `a "quoted" \ one`, `"a \"quoted\" \\ one"`},
		{Column{Kind: Text}, "tab\tline\r\nnul\x00 esc\x1b del\x7f", `"tab\tline\r\nnul\u0000 esc\u001b del` + "\x7f" + `"`},
		{Column{Kind: Text}, "<a href=x>&amp;</a>", `"<a href=x>&amp;</a>"`},
		{Column{Kind: Text}, "Grüße, 世界 🎉", `"Grüße, 世界 🎉"`},
		{Column{Kind: Text}, "sep\u2028and\u2029", `"sep\u2028and\u2029"`},
		{Column{Kind: Text}, "bad\xff\xc3(utf\xed\xa0\x80", `"bad��(utf���"`},
		{Column{Kind: Text}, "\ufffd", `"` + "\ufffd" + `"`},
		{Column{Kind: Other}, "(1,2)", `"(1,2)"`},
		{Column{Kind: JSON}, `{"n": 12345678901234567890.10, "a": [1, 2]}`, `{"n": 12345678901234567890.10, "a": [1, 2]}`},
		{Column{Kind: JSON}, `{"n": `, `"{\"n\": "`},
		{Column{Kind: JSON}, "\"\xff\"", "\"\\\"\uFFFD\\\"\""},
		{Column{Kind: JSON}, "", `""`},
		{Column{Kind: Binary}, "\x00\xff\x10", `"AP8Q"`},
	}
	for _, tt := range tests {
		if got := string(AppendJSON([]byte("x"), tt.c, []byte(tt.in), true)); got != "x"+tt.want {
			t.Errorf("%s %q with %d digits: got %s, want %s", tt.c.Kind, tt.in, tt.c.Digits, got[1:], tt.want)
		}
		if !json.Valid([]byte(tt.want)) {
			t.Errorf("the test wants %s, which is not JSON", tt.want)
		}
	}
	for k := Other; k <= Binary; k++ {
		if got := string(AppendJSON(nil, Column{Kind: k}, nil, false)); got != "null" {
			t.Errorf("null of kind %s: got %s", k, got)
		}
	}
}

// Every place within a word that is scanned at once must be looked at.
func TestJSONStringSpecialsAnywhere(t *testing.T) {
	for length := range 20 {
		for at := range length {
			for c := range 256 {
				in := bytes.Repeat([]byte("x"), length)
				in[at] = byte(c)
				var got string
				if err := json.Unmarshal(appendJSONString(nil, in), &got); err != nil {
					t.Fatalf("%q: %v", in, err)
				}
				if want := string([]rune(string(in))); got != want {
					t.Fatalf("%q became %q", in, got)
				}
			}
		}
	}
}

func TestWriteJSON(t *testing.T) {
	f := New(
		Column{Name: "n", Type: "numeric(10,2)", Kind: Number},
		Column{Name: `"t"`, Type: "text", Kind: Text},
	)
	f.AppendTexts("2328.60", "a")
	f.Append(nil, ptr("b"))
	var out strings.Builder
	s, err := JSONWriter{
		Head: func(o *Object) { o.Text("id", `q"1`) },
		Tail: func(o *Object, s Summary) {
			o.Text("sql", "select 1")
			o.Int("elapsed_ms", 12)
			o.Bool("cached", s.Rows == 0)
			o.Value("more", map[string]int{"a": 1})
			o.Value("odd", math.NaN())
		},
	}.Write(context.Background(), &out, f.Reader())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"q\"1","columns":[{"name":"n","type":"numeric(10,2)","kind":"number"},{"name":"\"t\"","type":"text","kind":"text"}],` +
		`"rows":[[2328.6,"a"],` + "\n" + `[null,"b"]],"row_count":2,"truncated":false,` +
		`"sql":"select 1","elapsed_ms":12,"cached":false,"more":{"a":1},"odd":null}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if want := (Summary{Rows: 2, Bytes: int64(out.Len())}); s != want {
		t.Errorf("summary %+v, want %+v", s, want)
	}
}

func TestWriteJSONWithoutRowsOrMembers(t *testing.T) {
	var out strings.Builder
	if _, err := (JSONWriter{}).Write(context.Background(), &out, New().Reader()); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), `{"columns":[],"rows":[],"row_count":0,"truncated":false}`+"\n"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestWriteJSONFailure(t *testing.T) {
	one := New(Column{Name: "a", Kind: Text})
	one.AppendTexts("x")
	broken := errors.New("the server closed the connection")
	tests := []struct {
		name    string
		rows    *failing
		failure func(error) (string, string)
		want    map[string]any
	}{
		{"before the first row", &failing{f: New(Column{Name: "a"}), err: broken}, nil, nil},
		{"later, no fault", &failing{f: one, err: broken}, nil, map[string]any{"code": "internal", "message": "Something went wrong on our side"}},
		{"later, a fault", &failing{f: one, err: fault.New(fault.Unavailable, "Gone")}, nil, map[string]any{"code": "unavailable", "message": "Gone"}},
		{"later, told by the caller", &failing{f: one, err: broken},
			func(err error) (string, string) { return "database_error", err.Error() },
			map[string]any{"code": "database_error", "message": broken.Error()}},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		s, err := JSONWriter{Failure: tt.failure}.Write(context.Background(), &out, tt.rows)
		if !errors.Is(err, tt.rows.err) {
			t.Errorf("%s: error %v", tt.name, err)
		}
		if tt.want == nil {
			if out.Len() != 0 || s.Bytes != 0 {
				t.Errorf("%s: %q was written", tt.name, out.String())
			}
			continue
		}
		var doc map[string]any
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
			t.Errorf("%s: %v in %s", tt.name, err, out.String())
		}
		if diff := cmp.Diff(tt.want, doc["error"]); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if doc["row_count"] != 1.0 || len(doc["rows"].([]any)) != 1 {
			t.Errorf("%s: the row that came is missing: %s", tt.name, out.String())
		}
	}
}

func TestWritersStopWhereTheReaderIsGone(t *testing.T) {
	gone := errors.New("broken pipe")
	for name, write := range writers {
		rows := &repeated{f: orders(100), rows: 1_000_000}
		w := &closing{left: 300 << 10, err: gone}
		if _, err := write(w, rows); !errors.Is(err, gone) {
			t.Errorf("%s: error %v", name, err)
		}
		if rows.rows < 500_000 {
			t.Errorf("%s: went on reading, %d rows left", name, rows.rows)
		}
	}
}

type closing struct {
	left int
	err  error
}

func (c *closing) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		return 0, c.err
	}
	return len(p), nil
}

var writers = map[string]func(w io.Writer, rows Rows) (Summary, error){
	"json": func(w io.Writer, rows Rows) (Summary, error) {
		return JSONWriter{}.Write(context.Background(), w, rows)
	},
	"ndjson": func(w io.Writer, rows Rows) (Summary, error) {
		return WriteNDJSON(context.Background(), w, rows)
	},
	"csv": func(w io.Writer, rows Rows) (Summary, error) {
		return CSVWriter{}.Write(context.Background(), w, rows)
	},
}

func TestWritersAllocateNothingPerCell(t *testing.T) {
	few, many := orders(2_000), orders(20_000)
	for name, write := range writers {
		cost := func(f *Frame) float64 {
			return testing.AllocsPerRun(3, func() {
				if _, err := write(io.Discard, &whole{f: f}); err != nil {
					t.Fatal(err)
				}
			})
		}
		if a, b := cost(few), cost(many); b > a+50 {
			t.Errorf("%s: %v allocations for 2,000 rows, %v for 20,000", name, a, b)
		}
	}
}

func TestWriteNDJSON(t *testing.T) {
	f := New(
		Column{Name: "a", Kind: Number}, Column{Name: "a", Kind: Text}, Column{Name: "a_2", Kind: Text},
		Column{Name: "", Kind: Text}, Column{Name: "doc", Kind: JSON}, Column{Name: "a", Kind: Bool},
	)
	f.Append(ptr("1.50"), nil, ptr("x\ny"), ptr("q"), ptr("{\r\n \"k\": \"v\\n\"\n}"), ptr("true"))
	f.Append(ptr("2"), ptr("z"), ptr(""), nil, nil, nil)
	var out strings.Builder
	s, err := WriteNDJSON(context.Background(), &out, f.Reader())
	if err != nil || s.Rows != 2 {
		t.Fatal(s, err)
	}
	want := `{"a":1.5,"a_3":null,"a_2":"x\ny","column_4":"q","doc":{   "k": "v\n" },"a_4":true}` + "\n" +
		`{"a":2,"a_3":"z","a_2":"","column_4":null,"doc":null,"a_4":null}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestLimit(t *testing.T) {
	tests := []struct {
		rows, max int
		want      Summary
	}{
		{40_000, 50_000, Summary{Rows: 40_000}},
		{40_000, 40_000, Summary{Rows: 40_000}},
		{40_000, 39_999, Summary{Rows: 39_999, Truncated: true}},
		{40_000, 1, Summary{Rows: 1, Truncated: true}},
		{40_000, 0, Summary{Truncated: true}},
		{0, 0, Summary{}},
	}
	for _, tt := range tests {
		s, err := CSVWriter{}.Write(context.Background(), io.Discard, Limit(&repeated{f: orders(10), rows: tt.rows}, int64(tt.max)))
		if s.Bytes = 0; err != nil || s != tt.want {
			t.Errorf("%d rows up to %d: %+v, %v", tt.rows, tt.max, s, err)
		}
	}
	cut := orders(3)
	cut.Truncated = true
	if s, _ := (CSVWriter{}).Write(context.Background(), io.Discard, Limit(cut.Reader(), 10)); !s.Truncated {
		t.Error("a cut frame passes for a whole result")
	}
}

func FuzzJSONText(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\\x00\u2028\xff", "Grüße, 世界"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, k := range []Kind{Text, JSON, Bool, Time, Number} {
			doc := AppendJSON(nil, Column{Kind: k}, []byte(s), true)
			var got any
			d := json.NewDecoder(bytes.NewReader(doc))
			d.UseNumber()
			if err := d.Decode(&got); err != nil {
				t.Fatalf("%s %q: %v in %s", k, s, err, doc)
			}
			if k == Text && got != string([]rune(s)) {
				t.Fatalf("%q became %q", s, got)
			}
		}
	})
}

func FuzzJSONNumber(f *testing.F) {
	for _, s := range []string{"0", "-12.50", "1e+30", "0.1234567890123456789", "9007199254740993", "1e-07", "00.00e5"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(12))
	}
	f.Fuzz(func(t *testing.T, s string, digits uint8) {
		doc := AppendJSON(nil, Column{Kind: Number, Digits: int(digits % 18)}, []byte(s), true)
		if !json.Valid(doc) {
			t.Fatalf("%q became %s", s, doc)
		}
		if doc[0] == '"' || digits%18 != 0 {
			return
		}
		got, err := strconv.ParseFloat(string(doc), 64)
		if err != nil {
			t.Fatalf("%q became %s: %v", s, doc, err)
		}
		want, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil || got != want {
			t.Fatalf("%q became %s: %v, not %v (%v)", s, doc, got, want, err)
		}
	})
}
