package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
)

func TestWhatABodyMayNotSay(t *testing.T) {
	for _, tt := range []struct {
		name  string
		body  Body
		wrong []string
	}{
		{"nothing", Body{}, nil},
		{"all of it", Body{Text: "{{parameter region}}\n\n```chart\nquestion: a\nkind: bar\nwhere: r = {{region}}\n```", Subtitle: "s", Theme: "compact", MaxAge: 60, Parameters: []Parameter{{Name: "region", Values: []string{"North"}, Default: "North"}, {Name: "day", Kind: "date", Default: "2026-01-31"}, {Name: "n", Kind: "number", Default: "1.5"}}}, nil},
		{"text", Body{Text: "a\n\n{{nothing}}"}, []string{"text: Line 3"}},
		{"large", Body{Text: strings.Repeat("a", 1<<20)}, []string{"text: The text is larger"}},
		{"parameter that is not there", Body{Text: "a\n{{parameter region}}"}, []string{"text: Line 2: the report has no parameter region"}},
		{"kind that is not there", Body{Text: "```chart\nquestion: a\nkind: cake\n```"}, []string{"text: Line 1: there is no kind of chart “cake”"}},
		{"theme", Body{Theme: "neon"}, []string{"theme: The theme is one of"}},
		{"age", Body{MaxAge: -1}, []string{"max_age: "}},
		{"subtitle", Body{Subtitle: strings.Repeat("x", 301)}, []string{"subtitle: "}},
		{"parameters", Body{Parameters: []Parameter{{Name: "a b"}, {Name: "x"}, {Name: "x"}, {Name: "n", Kind: "number", Default: "NaN"}, {Name: "d", Kind: "date", Default: "tomorrow"}, {Name: "l", Kind: "list"}, {Name: "m", Values: []string{"a"}, Default: "b"}, {Name: "k", Kind: "colour"}}},
			[]string{"parameters[0].name: ", "parameters[2].name: ", "parameters[3].default: ", "parameters[4].default: ", "parameters[5].values: ", "parameters[6].default: ", "parameters[7].kind: "}},
		{"too many parameters", Body{Parameters: make([]Parameter, 21)}, []string{"parameters: "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := fault.FieldsOf(tt.body.Check())
			if len(got) != len(tt.wrong) {
				t.Errorf("wrong: %q, want %q", got, tt.wrong)
			}
			for _, w := range tt.wrong {
				field, message, _ := strings.Cut(w, ": ")
				if !strings.Contains(got[field], message) || got[field] == "" {
					t.Errorf("%s: %q does not say %q", field, got[field], message)
				}
			}
		})
	}
}

// spell writes a comparison down, with what is marked in brackets.
func spell(list []Change) string {
	var b strings.Builder
	for _, c := range list {
		b.WriteString(map[string]string{"same": "  ", "added": "+ ", "removed": "- ", "gap": "… "}[c.Kind])
		for _, w := range c.Words {
			if w.Marked {
				b.WriteString("[" + w.Text + "]")
			} else {
				b.WriteString(w.Text)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestDifferencesRead(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b Body
		want string
	}{
		{"the same", Body{Text: "a\nb\n"}, Body{Text: "a\nb"}, ""},
		{"a word", Body{Text: "one\nRevenue rose in March.\ntwo"}, Body{Text: "one\nRevenue fell in March.\ntwo"}, "  one\n- Revenue [rose] in March.\n+ Revenue [fell] in March.\n  two\n"},
		{"another line", Body{Text: "completely different"}, Body{Text: "unlike it"}, "- [completely different]\n+ [unlike it]\n"},
		{"added and removed", Body{Text: "a\nb\nc"}, Body{Text: "a\nc\nd"}, "  a\n- [b]\n  c\n+ [d]\n"},
		{"far away", Body{Text: "1\n2\n3\n4\n5\n6\n7\n8\n9"}, Body{Text: "1\n2\n3\n4\n5\n6\n7\n8\nnine"}, "… \n  6\n  7\n  8\n- [9]\n+ [nine]\n"},
		{"beside the text", Body{Text: "a"}, Body{Text: "a", Subtitle: "s", Theme: "plain", Contents: true, MaxAge: 5, Parameters: []Parameter{{Name: "p", Kind: "list", Values: []string{"x", "y"}}}}, "+ [Subtitle: s]\n+ [Theme: plain]\n+ [With a table of contents]\n+ [Answers at most 5 s old]\n+ [Parameter p, kind list, values x, y]\n  a\n"},
	} {
		if diff := cmp.Diff(tt.want, spell(Diff(tt.a, tt.b))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	long := Body{Text: strings.Repeat("line\n", 50_000) + "x"}
	other := Body{Text: "first\n" + strings.Repeat("other\n", 50_000) + "x"}
	if got := Diff(long, other); len(got) == 0 {
		t.Error("two long texts do not differ")
	}
}

func TestMerging(t *testing.T) {
	for _, tt := range []struct{ name, base, mine, theirs, want string }{
		{"apart", "a\nb\nc", "A\nb\nc", "a\nb\nC", "A\nb\nC"},
		{"the same", "a\nb", "a\nB", "a\nB", "a\nB"},
		{"only mine", "a", "a\nb", "a", "a\nb"},
		{"only theirs", "a", "a", "b\na", "b\na"},
		{"one line", "a", "b", "c", ""},
		{"removed and changed", "a\nb\nc", "a\nc", "a\nB\nc", ""},
		{"both removed", "a\nb\nc", "a\nc", "a\nc", "a\nc"},
		{"both ends", "a\nb", "x\na\nb", "a\nb\ny", "x\na\nb\ny"},
	} {
		got, ok := Merge(tt.base, tt.mine, tt.theirs)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q, %v, want %q", tt.name, got, ok, tt.want)
		}
	}
}
