package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestValuesStayOneSafeLine(t *testing.T) {
	forged := "eve\r\n{\"seq\":9,\"actor\":\"admin\"}\x1b[2K\x1b[1A\x00\x7f\u0085\u2028\u202eevil\x9b31m"
	l := open(t, t.TempDir())
	e := Event{Action: forged, Object: Object{forged, forged, forged}, Connection: forged, Outcome: forged, Detail: map[string]any{forged: forged, "list": []string{forged}}}
	if err := l.Write(As(t.Context(), Actor{forged, forged, forged, forged, forged}), e); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := l.Export(t.Context(), Filter{}, &b); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	if strings.Count(out, "\n") != 1 || !strings.HasSuffix(out, "\n") || !utf8.ValidString(out) {
		t.Errorf("the copy is not one line: %q", out)
	}
	for _, r := range strings.TrimSuffix(out, "\n") {
		if unicode.IsControl(r) || r == 0x2028 || r == 0x202e {
			t.Errorf("%U is in the copy", r)
		}
	}
	var one map[string]any
	if err := json.Unmarshal(b.Bytes(), &one); err != nil {
		t.Fatal(err)
	}
	for name, v := range one {
		if s, ok := v.(string); ok && strings.ContainsAny(s, "\r\n\x1b\x00\x7f") {
			t.Errorf("%s is %q", name, s)
		}
	}
	if want := "eve␍␊{\"seq\":9,\"actor\":\"admin\"}␛[2K␛[1A␀␡���evil�31m"; one["actor"] != want {
		t.Errorf("actor is %q, want %q", one["actor"], want)
	}
	wantWhole(t, l, 1)
}

func TestHugeValuesAreCut(t *testing.T) {
	long := strings.Repeat("ä", 1<<20)
	many := map[string]any{}
	for n := range 20_000 {
		many[fmt.Sprintf("name%05d", n)] = n
	}
	deep := any("end")
	for range 500 {
		deep = map[string]any{"a": deep}
	}
	for name, d := range map[string]map[string]any{
		"one text": {"sql": long, "n": 1}, "texts": {"a": []string{long, long}, "b": strings.Repeat("b", 20<<10), "c": strings.Repeat("\"", 20<<10)},
		"names": many, "a long name": {long: 1}, "names within": {"x": many}, "depth": {"deep": deep, "sql": long},
	} {
		raw := detail(d)
		var back map[string]any
		if err := json.Unmarshal(raw, &back); err != nil || len(raw) > maxDetail {
			t.Errorf("%s: %d bytes, %v", name, len(raw), err)
		}
		if !strings.Contains(string(raw), "cut") || !utf8.Valid(raw) {
			t.Errorf("%s has no mark that it was cut: %.200s", name, raw)
		}
	}
	if got := string(detail(map[string]any{"sql": strings.Repeat("x", 30<<10)})); len(got) != 30<<10+len(`{"sql":""}`) {
		t.Errorf("a text that fits was cut to %d bytes", len(got))
	}
	for _, s := range []string{long, strings.Repeat("\n", 4096), strings.Repeat("x", maxText+1)} {
		got := text(s)
		if len(got) > maxText || len(got) < maxText-8 || !utf8.ValidString(got) || !strings.HasSuffix(got, fmt.Sprintf("… (cut from %d bytes)", len(s))) {
			t.Errorf("cut to %d bytes, ends %q", len(got), got[len(got)-40:])
		}
	}
	if s := strings.Repeat("x", maxText); text(s) != s {
		t.Error("a text that fits was cut")
	}
	l := open(t, t.TempDir())
	if err := l.Write(As(t.Context(), Actor{ID: long, Name: long}), Event{Action: long, Object: Object{long, long, long}, Detail: map[string]any{"sql": long}}); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, l, 1)
}

func TestDetailHasOneSpellingAndNoSecrets(t *testing.T) {
	type inner struct {
		Host     string
		Password string
		Nested   []map[string]any
	}
	cases := []struct {
		name string
		give map[string]any
		want string
	}{
		{"nothing", nil, `{}`},
		{"sorted and plain", map[string]any{"b": 1, "a": "<&>", "c": []int{1, 2}, "d": nil, "e": true}, `{"a":"<&>","b":1,"c":[1,2],"d":null,"e":true}`},
		{"numbers", map[string]any{"a": 1.0, "b": 1e21, "c": 1e-7, "d": json.Number("1.50"), "e": uint64(math.MaxUint64), "f": int64(math.MinInt64)},
			`{"a":1,"b":1e+21,"c":1e-7,"d":1.5,"e":18446744073709552000,"f":-9223372036854775808}`},
		{"lines of a statement", map[string]any{"sql": "select 1\n\tfrom t\r"}, `{"sql":"select 1\n\tfrom t␍"}`},
		{"times, errors and structs", map[string]any{"at": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "err": errors.New("no")}, `{"at":"2026-01-02T03:04:05Z","err":"no"}`},
		{"what JSON cannot hold", map[string]any{"f": func() {}, "n": math.NaN(), "ok": 1},
			`{"f":"(a value of type func() that JSON cannot hold)","n":"(a value of type float64 that JSON cannot hold)","ok":1}`},
		{"secrets", map[string]any{"password": "x", "newPassword": "x", "client_secret": "x", "API-Key": "x", "apikey": "x", "key": "x", "Token": "x", "access_token": "x",
			"Authorization": "x", "secret_id": "x", "pwd": "x", "PrivateKey": []byte("x"), "secrets": map[string]any{"a": "x"}, "tokens": []string{"x"}},
			`{"API-Key":"R","Authorization":"R","PrivateKey":"R","Token":"R","access_token":"R","apikey":"R","client_secret":"R","key":"R","newPassword":"R","password":"R","pwd":"R","secret_id":"R","secrets":"R","tokens":"R"}`},
		{"secrets within", map[string]any{"config": inner{Host: "h", Password: "x", Nested: []map[string]any{{"token": "x", "ok": "y"}}}},
			`{"config":{"Host":"h","Nested":[{"ok":"y","token":"R"}],"Password":"R"}}`},
		{"not secret", map[string]any{"monkey": "a", "keyboard": "b", "token_id": "c", "key_id": "d", "password_changed": true, "password": "", "field_names": []string{"e"}, "tokens_used": 7},
			`{"field_names":["e"],"key_id":"d","keyboard":"b","monkey":"a","password":"","password_changed":true,"token_id":"c","tokens_used":7}`},
	}
	for _, c := range cases {
		got := string(detail(c.give))
		if diff := cmp.Diff(strings.ReplaceAll(c.want, `"R"`, `"`+redacted+`"`), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		var parsed map[string]any
		if err := json.Unmarshal([]byte(got), &parsed); err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(strings.NewReader(got))
		d.UseNumber()
		parsed = nil
		if err := d.Decode(&parsed); err != nil {
			t.Fatal(err)
		}
		if again := string(detail(parsed)); again != got {
			t.Errorf("%s: a second time it is spelled %s", c.name, again)
		}
	}
}
