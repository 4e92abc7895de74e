package web

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/app/query"
)

func TestStatementsAreLaidOut(t *testing.T) {
	for sql, want := range map[string]string{
		"":         "",
		"select 1": "select 1",
		"select a FROM t LEFT JOIN u ON t.a = u.a WHERE x = 'a FROM b' GROUP BY 1": "select a\nFROM t\nLEFT JOIN u ON t.a = u.a\nWHERE x = 'a FROM b'\nGROUP BY 1",
		"select (select max(a) from t where b) from u":                             "select (select max(a) from t where b)\nfrom u",
		`select "a from b" from [c where d] where e`:                               "select \"a from b\"\nfrom [c where d]\nwhere e",
		"select 1 -- from here":                                                    "select 1 -- from here",
		"select 1\nfrom t where a":                                                 "select 1\nfrom t where a",
	} {
		if diff := cmp.Diff(want, laidOut(sql)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", sql, diff)
		}
	}
}

func TestAttributesReadBack(t *testing.T) {
	got, err := readAttributes(" region = North,South \n\nteam=field")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"region": {"North", "South"}, "team": {"field"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("region = North, South\nteam = field\n", attributesText(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, wrong := range []string{"region", "= x", "region =", "a = 1\na = 2"} {
		if _, err := readAttributes(wrong); fault.FieldsOf(err)["attributes"] == "" {
			t.Errorf("%q is taken: %v", wrong, err)
		}
	}
}

func TestRulesInWordsAndLines(t *testing.T) {
	for _, tt := range []struct {
		name, body, words string
		lines             int // 0: only text can say it
	}{
		{"nothing", `{}`, "all rows", 1},
		{"one", `{"filter":{"column":"a","op":"eq","value":"x"}}`, "rows where a is “x”", 1},
		{"all", `{"filter":{"and":[{"column":"a","op":"in","value":["x","y"]},{"column":"b","op":"is_null"}]}}`, "rows where a is one of “x”, “y” and b is empty", 2},
		{"any", `{"filter":{"or":[{"column":"a","op":"between","value":["1","9"]},{"column":"b","op":"last","value":{"n":30,"unit":"day"}}]}}`, "rows where a between “1” and “9” or b in the last 30 day", 2},
		{"attribute", `{"filter":{"and":[{"column":"a","op":"eq","value":{"attribute":"region"}}]},"masks":[{"column":"c","how":"redact"},{"column":"d","how":"empty"}]}`, "rows where a is the person's attribute region; hidden: c (dots), d (empty)", 1},
		{"nested", `{"filter":{"and":[{"or":[{"column":"a","op":"eq","value":"x"},{"column":"b","op":"eq","value":"y"}]},{"column":"c","op":"not_null"}]}}`, "rows where (a is “x” or b is “y”) and c is not empty", 0},
	} {
		var r query.Rule
		if err := json.Unmarshal([]byte(tt.body), &r.Body); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.words, ruleWords(&r.Body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if d := newRuleDraft(&r); len(d.lines) != tt.lines || (d.text != "") != (tt.lines == 0) {
			t.Errorf("%s has %d lines and the text %q", tt.name, len(d.lines), d.text)
		}
	}
}

// What the form says must be the rule that was shown.
func TestRuleFormReadsBack(t *testing.T) {
	form := url.Values{"subject": {"group:g1"}, "joint": {"any"}, "note": {" why "}, "f.0.column": {"a"}, "f.0.op": {"eq"}, "f.0.from": {"attribute"}, "f.0.value": {" region "},
		"f.1.column": {""}, "f.1.op": {"eq"}, "f.2.column": {"b"}, "f.2.op": {"not_in"}, "f.2.value": {"x, y"}, "m.0.column": {"c"}, "m.0.on": {"1"}, "m.0.how": {"redact"}, "m.1.column": {"d"}, "m.1.how": {"empty"}}
	var r query.Rule
	d := readRule(&r, form, "save")
	want := query.RuleBody{Note: "why", Masks: []query.Mask{{Column: "c", How: query.Redact}}, Filter: &query.Filter{Or: []query.Filter{
		{Column: "a", Op: query.Eq, Value: json.RawMessage(`{"attribute":"region"}`)}, {Column: "b", Op: query.NotIn, Value: json.RawMessage(`["x","y"]`)}}}}
	if diff := cmp.Diff(want, r.Body); diff != "" || r.SubjectID != "g1" || len(d.problems) > 0 {
		t.Errorf("%+v %v (-want +got):\n%s", r.Subject(), d.problems, diff)
	}
	d.blame(&fault.Error{Kind: fault.Invalid, Fields: map[string]string{"filter.or[1].value": "second", "masks[0]": "hidden"}})
	if diff := cmp.Diff(map[string]string{"f.2": "second", "mask c": "hidden"}, d.problems); diff != "" {
		t.Errorf("what is wrong is told elsewhere (-want +got):\n%s", diff)
	}
	if d := readRule(&query.Rule{}, form, "remove-f.0"); len(d.lines) != 2 || d.lines[1].column != "b" {
		t.Errorf("after the first line was removed: %+v", d.lines)
	}
}
