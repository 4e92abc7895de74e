package pdf

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"assay/app/document"
	"assay/app/pdf/pdftest"
)

func TestHostileDocuments(t *testing.T) {
	deep := []document.Block{para("deepest")}
	for range 200 {
		deep = []document.Block{document.List{Items: [][]document.Block{deep}}}
	}
	rows := []document.Block{para("core")}
	for range 60 {
		rows = []document.Block{document.Row{Cells: []document.Cell{{Span: 1, Blocks: rows}}}}
	}
	words := "\x00\x01\x1b[31m\u202egnp.exe\u2066\ufeff \xff\xfe half \xed\xa0\x80 " + strings.Repeat("x", 3000) + " \U0001F6B2\u200d\ufe0f \u0301"
	for name, d := range map[string]*document.Document{
		"zero":    {},
		"nil row": made(document.Row{}, document.List{}, document.Quote{}, document.Code{}, document.Grid{}, document.Figure{}, document.Paragraph{}, document.Heading{}, document.Contents{}, document.PageBreak{}, document.PageBreak{}, nil),
		"deep":    made(deep...),
		"rows":    made(rows...),
		"spans":   made(document.Row{Cells: []document.Cell{{Span: -4, Blocks: []document.Block{para("a")}}, {Span: 900, Blocks: []document.Block{para("b")}}, {Span: math.MinInt}, {Span: math.MaxInt}}}),
		"words": {Title: words, Subtitle: words, Language: words, URL: words, Theme: words, Contents: true, Facts: []document.Fact{{Name: words, Text: words}, {}}, Blocks: []document.Block{
			document.Heading{Level: -5, ID: words, Text: text(words)}, document.Heading{Level: 99, ID: words, Text: text(words)}, para(words), document.Code{Text: words},
			document.Figure{ID: words, Title: words, Subtitle: words, URL: words, Caption: words, Notes: []string{words, ""}, Number: &document.Number{Value: words, Label: words, Delta: words, Direction: words}},
			document.Figure{Failure: &document.Failure{Title: words, Message: words, Hint: words, Position: words}},
			document.Figure{Failure: &document.Failure{}},
			document.List{Ordered: true, Start: math.MaxInt, Items: [][]document.Block{{para("a")}, {para("b")}, {}}},
			document.Grid{Table: document.Table{Columns: []document.Column{{Name: words, Numeric: true}, {Name: words, Unit: words}, {}}, Rows: [][]document.Value{cells(words, words, words, "more than there are columns"), cells(words), {}}}},
			document.Paragraph{Text: []document.Inline{{Text: words, URL: "http://[::1"}, {Text: "", URL: "https://example.com"}, {Text: words, URL: "https://example.com/" + words}}},
		}},
		"year": {Title: "Year", At: time.Date(12026, 1, 1, 0, 0, 0, 0, time.FixedZone("odd", 12345))},
	} {
		p := read(t, d)
		if len(p.Pages) < 1 {
			t.Errorf("%s: no page", name)
		}
		if name == "rows" || name == "deep" || name == "zero" {
			continue
		}
		p.inside(t)
	}
}

func TestBrokenDrawingLeavesANotice(t *testing.T) {
	for _, svg := range []string{"", "<svg", "no drawing", `<svg width="NaN" height="1"></svg>`, `<svg width="0" height="0"/>`, `<svg viewBox="0 0 1 1"><g></svg>`, strings.Repeat("<svg width='1' height='1'>", 200)} {
		p := read(t, made(para("before"), document.Figure{Title: "Broken", Drawing: &document.Drawing{SVG: []byte(svg), Narrow: []byte("<")}, Caption: "caption"}, para("after")))
		p.inOrder("before", "Broken", "The drawing cannot be printed", "caption", "after")
		if n := len(p.Tree.All("Figure")); n != 0 {
			t.Errorf("%.40q: %d figures", svg, n)
		}
	}
}

func TestDrawingsOfOddSizes(t *testing.T) {
	for _, size := range []string{`width="1" height="20000"`, `width="20000" height="1"`, `viewBox="-5 -5 3 3"`, `width="0.0001" height="0.0001"`} {
		p := read(t, made(document.Figure{Drawing: &document.Drawing{SVG: []byte(`<svg ` + size + `><text x="1" y="1">word</text></svg>`)}}, para("after")))
		p.inOrder("word", "after")
	}
}

func TestCharactersNoFaceHas(t *testing.T) {
	const words = "東京タワー (한국어) 中文 🚲 Ελλάδα Россия Ünïcödé ﬁ ½ −1 100 €"
	p := read(t, made(para(words), document.Grid{Table: document.Table{Columns: []document.Column{{Name: "שלום"}}, Rows: [][]document.Value{cells("漢字")}}}))
	p.inOrder(words, "漢字")
	// Right-to-left words stand from the right; readers turn them round again.
	if got := p.Tree.All("TH")[0].Words; got != "םולש" {
		t.Errorf("Hebrew is set as %q", got)
	}
}

func TestThreeHundredFigures(t *testing.T) {
	var blocks []document.Block
	for i := range 300 {
		name := []string{"bar", "line-series", "pie"}[i%3]
		d := *drawing(t, name)
		d.SVG = append([]byte(nil), d.SVG...)
		d.SVG = append(d.SVG, []byte(strings.Repeat(" ", i))...) // each one a drawing of its own
		blocks = append(blocks, document.Figure{Title: "Figure", Drawing: &d, Caption: "Caption"})
	}
	file := write(t, made(blocks...), options())
	p := open(t, file)
	if n := p.Reader.NumPage(); n != 150 {
		t.Errorf("%d pages, want two figures on each", n)
	}
	if n := bytes.Count(file, []byte("/AssaySVG")); n != 300 {
		t.Errorf("%d drawings in the file", n)
	}
}

func TestTenThousandRows(t *testing.T) {
	d := made(document.Figure{Title: "Rows", Table: months(10_000)})
	file := write(t, d, options())
	p := open(t, file)
	if n := p.Reader.NumPage(); n < 150 || n > 300 {
		t.Errorf("%d pages", n)
	}
	p.Pages = []pdftest.Page{p.Look(p.Reader.NumPage() - 1)}
	if !strings.Contains(joined(p.Pages[0]), "M9999") {
		t.Errorf("the last page ends in %q", joined(p.Pages[0]))
	}
	if len(file) > 4<<20 {
		t.Errorf("%d bytes", len(file))
	}
}

func TestDocumentBeyondAllPagesEnds(t *testing.T) {
	d := made(para("first"))
	for range mostPages + 50 {
		d.Blocks = append(d.Blocks, document.PageBreak{}, para("page"))
	}
	p := open(t, write(t, d, options()))
	if n := p.Reader.NumPage(); n != mostPages {
		t.Fatalf("%d pages", n)
	}
	if last := p.Look(mostPages - 1); !strings.Contains(last.Aside, "the rest is not printed") {
		t.Errorf("the last page says %q", last.Aside)
	}
}

type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, bytes.ErrTooLarge
	}
	return len(b), nil
}

func TestWriterThatFails(t *testing.T) {
	if err := Write(&full{3000}, report(t), options()); err == nil {
		t.Error("a full disk went unnoticed")
	}
}
