package document

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
)

// told answers every live part with what it was asked.
type told struct{}

func (told) Live(l *Live) []Block {
	return []Block{Figure{Title: l.Question, Number: &Number{Value: "1"}, Span: l.Span}}
}

func (told) Claim(c *Claim) Inline {
	return Inline{Text: fmt.Sprintf("<%s %+v %s %s>", c.Question, c.At, c.Column, c.Format), Ref: &Ref{}}
}

func (told) Parameter(name string) Inline { return Inline{Text: "$" + name} }

func TestMarkdownBecomesBlocks(t *testing.T) {
	text := func(s string) []Inline { return []Inline{{Text: s}} }
	tests := []struct {
		name, markdown string
		want           []Block
	}{
		{"headings", "# One\n\n### Two\n\n# One", []Block{Heading{1, "s-one", text("One")}, Heading{2, "s-two", text("Two")}, Heading{1, "s-one-2", text("One")}}},
		{"dress", "a **b *c*** ~~d~~ `e` f\\\ng", []Block{Paragraph{[]Inline{{Text: "a "}, {Text: "b ", Strong: true}, {Text: "c", Strong: true, Slant: true}, {Text: " "}, {Text: "d", Struck: true}, {Text: " "}, {Text: "e", Code: true}, {Text: " f"}, {Break: true}, {Text: "g"}}}}},
		{"lists", "3. a\n4. b\n   - c", []Block{List{Ordered: true, Start: 3, Items: [][]Block{{Paragraph{text("a")}}, {Paragraph{text("b")}, List{Items: [][]Block{{Paragraph{text("c")}}}}}}}}},
		{"quote, code and rule", "> q\n\n```go\nx < y\n```\n\n---\n\n    indented\n", []Block{Quote{Blocks: []Block{Paragraph{text("q")}}}, Code{"go", "x < y\n"}, Rule{}, Code{"", "indented\n"}}},
		{"table", "| a | n |\n| - | -: |\n| x | 1 |\n| y |\n", []Block{Grid{Table{Label: "Table 1", Columns: []Column{{Name: "a"}, {Name: "n", Numeric: true}}, Rows: [][]Value{{{Text: "x"}, {Text: "1"}}, {{Text: "y"}, {}}}}}}},
		{"HTML is text", "<script>alert(1)</script>\n\na <b onclick=x>b</b> &lt; &copy; \\<", []Block{Paragraph{text("<script>alert(1)</script>")}, Paragraph{text("a <b onclick=x>b</b> < © <")}}},
		{"an image is its words", "![a **cat**](https://evil.example/x.png)", []Block{Paragraph{[]Inline{{Text: "a ", Slant: true}, {Text: "cat", Slant: true, Strong: true}}}}},
		{"links", "[a](https://x.example/?q=1) [b](/questions/1) [c](#One) [d](mailto:a@b.example) <https://y.example>", []Block{Paragraph{[]Inline{{Text: "a", URL: "https://x.example/?q=1"}, {Text: " "}, {Text: "b", URL: "/questions/1"}, {Text: " "}, {Text: "c", URL: "#s-one"}, {Text: " "}, {Text: "d", URL: "mailto:a@b.example"}, {Text: " "}, {Text: "https://y.example", URL: "https://y.example"}}}}},
		{"escaped braces", "\\{{value}} `{{value}}`", []Block{Paragraph{[]Inline{{Text: "{{value}} "}, {Text: "{{value}}", Code: true}}}}},
		{"live", "```chart\nquestion: Revenue\n```", []Block{Figure{ID: "figure-1", Title: "Revenue", Number: &Number{Value: "1"}, Span: 12}}},
		{"side by side", "```number\nquestion: a\nwidth: half\n```\n```number\nquestion: b\nwidth: half\n```\n```number\nquestion: c\nwidth: third\n```", []Block{
			Row{[]Cell{{6, []Block{Figure{ID: "figure-1", Title: "a", Number: &Number{Value: "1"}, Span: 6}}}, {6, []Block{Figure{ID: "figure-2", Title: "b", Number: &Number{Value: "1"}, Span: 6}}}}},
			Row{[]Cell{{4, []Block{Figure{ID: "figure-3", Title: "c", Number: &Number{Value: "1"}, Span: 4}}}}}}},
		{"finding", "```finding\ntitle: Up\nIt is {{parameter x}}.\n```", []Block{Quote{Finding: true, Blocks: []Block{Paragraph{[]Inline{{Text: "Up", Strong: true}}}, Paragraph{[]Inline{{Text: "It is "}, {Text: "$x"}, {Text: "."}}}}}}},
		{"toc and page", "```toc\n```\n\n```page-break\n```", []Block{Contents{}, PageBreak{}}},
		{"figures", "a {{value \"Q 1\" row=last-1 column=n format=short}}, {{value question=q where 'my column'=\"a b\"}}", []Block{Paragraph{[]Inline{{Text: "a "}, {Text: "<Q 1 {Last:true Offset:1 Column: Value:} n short>", Ref: &Ref{}}, {Text: ", "}, {Text: "<q {Last:false Offset:0 Column:my column Value:a b}  >", Ref: &Ref{}}}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse(tt.markdown)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, s.Blocks(told{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinksThatLeadNowhere(t *testing.T) {
	for _, to := range []string{"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java&#x0A;script:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", `/\evil.example`, `\\evil.example`, "https://user:pass@evil.example", "http:evil", "file:///etc/passwd", "&#106;avascript:alert(1)", "ftp://x.example"} {
		s, err := Parse("[words](<" + to + ">)")
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range s.Blocks(told{}) {
			for _, i := range b.(Paragraph).Text {
				if i.URL != "" {
					t.Errorf("%s may be followed as %s", to, i.URL)
				}
			}
		}
	}
}

func TestLinesThatCannotBeRead(t *testing.T) {
	for _, tt := range []struct{ markdown, want string }{
		{"a\n\n```chart\ntitle: x\n```", "Line 3: say which question"},
		{"```chart\nquestion: x", "Line 1: this block is not closed"},
		{"```chart\nquestion: x\ncolour: red\n```", `Line 3: a block of kind chart has no "colour"`},
		{"```chart\nquestion: x\nwhere: status\n```", "Line 3: a condition is"},
		{"```chart\nquestion: x\nchart: {kind\n```", "Line 3: the settings of the chart are no JSON"},
		{"```table\nquestion: x\nrows: 0\n```", "Line 3: rows is a number"},
		{"```number\nquestion: x\nrow: middle\n```", "Line 3: a row is first"},
		{"```number\nquestion: x\nwidth: huge\n```", "Line 3: width is full"},
		{"```toc\nx: y\n```", "Line 2: a block of kind toc has no lines"},
		{"```finding\ntitle: x\n\nbad {{value row=1}}\n```", "Line 4: say which question the figure comes from"},
		{"one\ntwo {{sum x}}", "Line 2: there is no {{sum}}"},
		{"one\ntwo {{value x", "Line 2: this figure is not closed"},
		{"{{value x row=0}}", "Line 1: a row is"},
		{"{{value x format=roman}}", "Line 1: there is no format roman"},
		{"{{value x y}}", "Line 1: this figure has a word too many: y"},
		{"{{value x where}}", "Line 1: where needs a column"},
		{"{{value x colour=red}}", "Line 1: a figure has no colour"},
		{"{{parameter}}", "Line 1: say which parameter"},
		{strings.Repeat(">", 100) + " a", "Line 1: quotes and lists"},
		{"\xff", "not valid UTF-8"},
		{strings.Repeat("a", MostBytes+1), "larger than 400 KiB"},
		{strings.Repeat("{{value x}} ", 2001), "more than 2000 figures"},
	} {
		_, err := Parse(tt.markdown)
		if got := fault.FieldsOf(err)["text"]; !strings.Contains(got, tt.want) {
			t.Errorf("%.60q: %q does not say %q", tt.markdown, got, tt.want)
		}
	}
}

// TestHostileTextsEnd: what is large, deep or broken is read or refused in a moment.
func TestHostileTextsEnd(t *testing.T) {
	large := 350 << 10
	for name, piece := range map[string]string{
		"brackets": "[", "stars": "*", "nested links": "[a](", "backquotes": "` ``", "underscores": "_a", "braces": "{{", "images": "![", "pipes": "|", "rows": "|a|b|\n|-|-|\n", "quotes": "> ", "lists": "- ", "deeper lists": " - a\n",
		"tildes": "~~a", "entities": "&#x41;", "references": "[a]: x\n", "fences": "```chart\n", "angle": "<a ", "lines": "a\n", "paragraphs": "a\n\n", "headings": "# a\n", "stars and lines": "*a\n", "brackets and lines": "[a\n", "claims": "{{value \"", "escapes": `\`, "links": "<http://", "tables": "|a\n|-\n",
	} {
		started := time.Now()
		s, _ := Parse(strings.Repeat(piece, large/len(piece)))
		if s != nil {
			s.Blocks(told{})
		}
		if took := time.Since(started); took > 30*time.Second { // a busy machine is patient, and what is quadratic takes longer
			t.Errorf("%s take %s", name, took)
		} else if took > time.Second {
			t.Logf("%s take %s", name, took)
		}
	}
}

func TestConditions(t *testing.T) {
	for text, want := range map[string]Condition{
		"status = paid":               {"status", "eq", []string{"paid"}},
		`"order date" >= 2026-01-01`:  {"order date", "gte", []string{"2026-01-01"}},
		"orders.status is not 'a b'":  {"orders.status", "ne", []string{"a b"}},
		"status in a, \"b\", c":       {"status", "in", []string{"a", "b", "c"}},
		"status not in (a, b)":        {"status", "not_in", []string{"a", "b"}},
		"placed_on last 30 days":      {"placed_on", "last", []string{"30", "day"}},
		"placed_on in the last month": {"placed_on", "last", []string{"1", "month"}},
		"total between 1 and 2":       {"total", "between", []string{"1", "2"}},
		"note is empty":               {"note", "is_null", nil},
		"note is not empty":           {"note", "not_null", nil},
		"name starts with A":          {"name", "starts_with", []string{"A"}},
		"name contains = sign":        {"name", "contains", []string{"= sign"}},
		"region={{region}}":           {"region", "eq", []string{"{{region}}"}},
		"status":                      {}, "": {}, "a = ": {}, "a between 1": {}, "a isnt b": {}, "a last": {}, "note is empty x": {},
	} {
		got, ok := condition(text)
		if want.Column == "" {
			if ok {
				t.Errorf("%q is read as %+v", text, got)
			}
		} else if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestRefsNameEachQuestionAndParameter(t *testing.T) {
	s, err := Parse("{{value a where b={{x}}}} {{parameter y}}\n\n```chart\nquestion: c\nparameters:\n  p: {{z}}\nwhere: q = {{w}}\n```\n\n```finding\n{{value d}}\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range s.Refs().Claims {
		got = append(got, c.Question)
	}
	for _, l := range s.Refs().Lives {
		got = append(got, l.Question)
	}
	for _, n := range s.Refs().Names {
		got = append(got, n.Name)
	}
	if diff := cmp.Diff([]string{"a", "d", "c", "x", "y", "z", "w"}, got); diff != "" {
		t.Error(diff)
	}
	if got := Fill("a {{x}} {{ parameter y }} {{none}}", map[string]string{"x": "1", "y": "2"}); got != "a 1 2 " {
		t.Errorf("filled: %q", got)
	}
}

var sample = &Document{Title: "T", Subtitle: "S", Language: "en", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Facts: []Fact{{"Source", "Shop"}}, URL: "/reports/1", Contents: true, Theme: "plain", Blocks: []Block{
	Heading{1, "s-a", []Inline{{Text: "A "}, {Text: "1.5", Ref: &Ref{"q", 2, "c", "1.50", false}}}},
	Paragraph{[]Inline{{Text: "[none]", Ref: &Ref{Failed: true}}, {Break: true}, {Text: "x", URL: "/y", Strong: true}}},
	List{Ordered: true, Start: 3, Items: [][]Block{{Paragraph{[]Inline{{Text: "i"}}}, List{Items: [][]Block{{Paragraph{[]Inline{{Text: "j"}}}}}}}}},
	Quote{Finding: true, Blocks: []Block{Paragraph{[]Inline{{Text: "7", Ref: &Ref{}}}}}},
	Code{"go", "x\n"}, Rule{}, PageBreak{}, Contents{},
	Row{[]Cell{{6, []Block{Figure{ID: "f", Title: "N", Number: &Number{"8", "l", "+1", "up"}}}}, {6, []Block{Figure{ID: "g", Note: "No rows."}}}}},
	Grid{Table{Columns: []Column{{Name: "n", Numeric: true}}, Rows: [][]Value{{{Text: "9"}}}}},
	Figure{ID: "h", Title: "D", Drawing: &Drawing{SVG: []byte("<svg \xff/>"), Narrow: []byte("<svg/>"), Width: 2, Height: 1, Description: "Rises", OptionURL: "/o"}, Data: &Table{}, Notes: []string{"cut"}, Caption: "c", At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Span: 6},
	Figure{ID: "k", Failure: &Failure{"F", "m", "h", "p"}},
	Figure{ID: "t", Table: &Table{Columns: []Column{{Name: "a"}, {Name: "n", Unit: "€", Numeric: true}}, Rows: [][]Value{{{Text: "x"}, {Text: "10"}}, {{Null: true}, {Text: "11"}}}, More: "more"}},
}}

func TestDocumentsAreKeptWhole(t *testing.T) {
	text, err := json.Marshal(sample)
	if err != nil {
		t.Fatal(err)
	}
	var got Document
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample, &got); diff != "" {
		t.Errorf("(-kept +read):\n%s", diff)
	}
	if err := json.Unmarshal([]byte(`{"Blocks":[{"kind":"script","is":{}}]}`), &got); err == nil {
		t.Error("a kind that there is not was read")
	}
	for name := range kinds {
		if !strings.Contains(string(text), `"kind":"`+name+`"`) {
			t.Errorf("the sample has no %s, so that it is not tested", name)
		}
	}
}

func TestTextAndNumbers(t *testing.T) {
	if diff := cmp.Diff([]string{"1.5", "7", "8", "+1", "9", "10", "11"}, Numbers(sample)); diff != "" {
		t.Error(diff)
	}
	want := "T\nS\nSource: Shop\n\nA 1.5\n\n[none]\nx\n\n3. i\n   - j\n\n  7\n\nx\n\nN\n8, l, +1\nNo rows.\n\nn\n9\n\nD\nRises\ncut\nc\n\nF: m\n\na\tn (€)\nx\t10\n\t11\nmore\n\n/reports/1\n"
	if diff := cmp.Diff(want, Text(sample)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Entry{{1, "s-a", "A 1.5"}}, Outline(sample)); diff != "" {
		t.Error(diff)
	}
}
