package content

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// TestStrangeTexts writes each as a value, in a list, as a key and deep below, and
// reads it again, with this package's reader and as others would.
func TestStrangeTexts(t *testing.T) {
	for _, text := range append(slices.Clone(strange), "", " ", "\n", "\n\n", "a\n", "a\n\n", "\na", " a\nb", "a\n b", "a\n\tb", "a \nb", "a\n\nb\n", "x\n ", "\t", "a\r\nb\r\n", "a\u0085b", "# x\ny", "- a\n- b", "---\nx", "...\n") {
		through(t, text)
	}
}

func FuzzEmit(f *testing.F) {
	for _, text := range strange {
		f.Add(text + "\n" + text)
		f.Add("a\n " + text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return
		}
		through(t, text)
	})
}

func through(t *testing.T, text string) {
	t.Helper()
	type deep struct {
		Value string                `json:"value"`
		List  []string              `json:"list"`
		Map   map[string]string     `json:"map"`
		Deep  []map[string][]string `json:"deep"`
		Raw   json.RawMessage       `json:"raw"`
	}
	quoted, err := json.Marshal(map[string]any{"x": []string{text}})
	if err != nil {
		t.Fatal(err)
	}
	in := deep{text, []string{text, "after"}, map[string]string{text: text, "other": text}, []map[string][]string{{"a": {text}, "b": {"x", text}}}, quoted}
	out, err := emit(in)
	if err != nil {
		t.Fatal(err)
	}
	var got deep
	r := &reading{path: "x"}
	r.parse(out, &got)
	if len(r.problems) > 0 {
		t.Fatalf("%q: %v\n%s", text, r.problems, out)
	}
	var raw any
	if err := json.Unmarshal(got.Raw, &raw); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(map[string]any{"x": []any{text}}), raw); diff != "" {
		t.Fatalf("%q: %s\n%s", text, diff, out)
	}
	in.Raw, got.Raw = nil, nil
	if diff := cmp.Diff(in, got); diff != "" {
		t.Fatalf("%q: %s\n%s", text, diff, out)
	}
	var loose struct {
		Value any
		Map   map[any]any
	}
	if err := yaml.Unmarshal(out, &loose); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if loose.Value != any(text) || loose.Map[text] != any(text) {
		t.Fatalf("%q is read by others as %#v and %#v\n%s", text, loose.Value, loose.Map, out)
	}
	for i, line := range strings.Split(string(out), "\n") {
		if strings.TrimRight(line, " \t") != line {
			t.Fatalf("%q: line %d ends in a space: %q", text, i+1, line)
		}
	}
}

func TestEmitReads(t *testing.T) {
	out, err := emit(map[string]any{"zebra": 1, "id": "x", "name": "No: really", "sql": "SELECT 1\n  FROM t\n", "odd": "a \n  b", "empty": map[string]any{}, "none": nil,
		"list": []any{[]any{1, 2}, map[string]any{"b": true, "a": []any{}}, "no"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `name: "No: really"
id: x
empty: {}
list:
  -
    - 1
    - 2
  - a: []
    b: true
  - "no"
none: null
odd: "a \n\
  \  b"
sql: |
  SELECT 1
    FROM t
zebra: 1
`
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Error(diff)
	}
}

func TestKeys(t *testing.T) {
	for name, want := range map[string]string{"Revenue by month": "revenue-by-month", "Umsätze / Größe": "umsatze-grosse", "日本": "", "  --A--  ": "a", "../../etc/passwd": "etc-passwd", "C:\\x": "c-x",
		strings.Repeat("long ", 40): "long-long-long-long-long-long-long-long-long-long-long-long"} {
		if got := keyOf(name); got != want {
			t.Errorf("keyOf(%q) is %q, want %q", name, got, want)
		}
	}
	type object struct{ id, name string }
	list := []object{{"aaaaaaaaaaaa1", "Same"}, {"bbbbbbbbbbbb2", "same!"}, {"aaaaaaaaaaaa3", "SAME"}, {"cccccccccccc4", "CON"}, {"dddddddddddd5", "日本"}, {"eeeeeeeeeeee6", "Other"}}
	got := newKeys("object", list, func(o *object) (string, string) { return o.id, o.name }).ofID
	want := map[string]string{"aaaaaaaaaaaa1": "same-aaaaaaaa", "bbbbbbbbbbbb2": "same-bbbbbbbb", "aaaaaaaaaaaa3": "same-aaaaaaaaaaaa3", "cccccccccccc4": "con-cccccccc", "dddddddddddd5": "dddddddd", "eeeeeeeeeeee6": "other"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDifference puts differences together again.
func TestDifference(t *testing.T) {
	texts := []string{"", "a\n", "a\nb\nc\n", "b\nc\nd\n", "a\nx\nb\ny\nc\n", "a", strings.Repeat("x\n", 30) + "y\n" + strings.Repeat("z\n", 30), strings.Repeat("x\n", 31) + strings.Repeat("z\n", 29) + "end", strings.Repeat("1\n2\n3\n", 900)}
	for i, a := range texts {
		for j, b := range texts {
			var from, to strings.Builder
			for _, e := range compare(lines([]byte(a)), lines([]byte(b))) {
				if e.sign != '+' {
					from.WriteString(e.line)
				}
				if e.sign != '-' {
					to.WriteString(e.line)
				}
			}
			if from.String() != a || to.String() != b {
				t.Errorf("the difference of %d and %d does not give them back", i, j)
			}
			if (unified("a", "b", []byte(a), []byte(b)) == "") != (a == b) {
				t.Errorf("the difference of %d and %d is another one", i, j)
			}
		}
	}
	many := func(change map[int]string) string {
		var b strings.Builder
		for i := range 30 {
			if line, ok := change[i]; ok {
				b.WriteString(line)
			} else {
				fmt.Fprintf(&b, "%d\n", i)
			}
		}
		return b.String()
	}
	before, after := many(nil), many(map[int]string{2: "two\n", 9: "", 25: "25\nmore\n"})
	want := "--- a\n+++ b\n@@ -1,13 +1,12 @@\n 0\n 1\n-2\n+two\n 3\n 4\n 5\n 6\n 7\n 8\n-9\n 10\n 11\n 12\n@@ -24,6 +23,7 @@\n 23\n 24\n 25\n+more\n 26\n 27\n 28\n"
	if diff := cmp.Diff(want, unified("a", "b", []byte(before), []byte(after))); diff != "" {
		t.Error(diff)
	}
}
