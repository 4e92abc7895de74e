package web

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"assay/app/document"
)

const evilName = `"'><img src=x onerror=alert(1)><script>alert(1)</script>`

func TestMailHoldsEveryFigureAndNothingFromElsewhere(t *testing.T) {
	drawing := &document.Drawing{SVG: []byte("<svg/>"), Width: 860, Height: 400, Description: "Rises " + evilName}
	d := &document.Document{Title: evilName, Subtitle: evilName, At: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), URL: "https://assay.example.com/reports/1", Facts: []document.Fact{{Name: "Source", Text: evilName}},
		Blocks: []document.Block{
			document.Heading{Level: 1, ID: "s-a", Text: []document.Inline{{Text: "What happened"}}},
			document.Paragraph{Text: []document.Inline{{Text: "Revenue was "}, {Text: "€1,234.50", URL: "https://assay.example.com/questions/1?row=1#marked", Ref: &document.Ref{Question: "1", Column: "revenue"}}, {Text: ", "}, {Text: "[no row]", Ref: &document.Ref{Failed: true}}, {Text: evilName, URL: "javascript:alert(1)"}}},
			document.Quote{Finding: true, Blocks: []document.Block{document.Paragraph{Text: []document.Inline{{Text: evilName, Strong: true}}}}},
			document.List{Ordered: true, Start: 2, Items: [][]document.Block{{document.Paragraph{Text: []document.Inline{{Text: "second"}}}}}},
			document.Row{Cells: []document.Cell{{Span: 6, Blocks: []document.Block{document.Figure{ID: "figure-1", Title: "Orders", Number: &document.Number{Value: "2,506", Label: "orders", Delta: "+12%", Direction: "up"}}}}}},
			document.Figure{ID: "figure-2", Title: "By month", Drawing: drawing, Data: &document.Table{Columns: []document.Column{{Name: "month"}, {Name: "revenue", Numeric: true}}, Rows: [][]document.Value{{{Text: "March"}, {Text: "99.5"}}}}, Caption: "Shop · as of today"},
			document.Figure{ID: "figure-3", Title: evilName, Table: &document.Table{Columns: []document.Column{{Name: evilName, Numeric: true}}, Rows: [][]document.Value{{{Text: "42"}}, {{Null: true}}}}},
			document.Figure{ID: "figure-4", Failure: &document.Failure{Title: "Out of time", Message: evilName}},
			document.Code{Text: evilName}, document.Rule{}, document.PageBreak{}, document.Contents{},
		}}
	for name, cids := range map[string]map[string]string{"with pictures": {drawing.Hash(): "abc@assay"}, "without": nil} {
		text, err := MailHTML(d, cids)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Join(strings.Fields(doc.Text()), " ")
		for _, number := range append(document.Numbers(d), "99.5", "2.", "second", "Out of time", "Shop · as of today", "Made 2026-03-01 08:00 UTC") {
			if !strings.Contains(said, number) {
				t.Errorf("%s: the mail does not say %s", name, number)
			}
		}
		if n := doc.Find("script, svg, link, style, iframe, form").Length(); n > 0 {
			t.Errorf("%s: %d elements that no mail may have", name, n)
		}
		doc.Find("img").Each(func(_ int, s *goquery.Selection) {
			if src := s.AttrOr("src", ""); src != "cid:abc@assay" || !strings.HasPrefix(s.AttrOr("alt", ""), "Rises") || s.AttrOr("height", "") != "297" {
				html, _ := goquery.OuterHtml(s)
				t.Errorf("%s: the picture %s", name, html)
			}
		})
		if pictures := doc.Find("img").Length(); pictures != len(cids) {
			t.Errorf("%s: %d pictures, want %d", name, pictures, len(cids))
		}
		doc.Find("a").Each(func(_ int, s *goquery.Selection) {
			if to := s.AttrOr("href", ""); !strings.HasPrefix(to, "https://assay.example.com/") {
				t.Errorf("%s: a link leads to %s", name, to)
			}
		})
		if len(cids) == 0 && !strings.Contains(said, "Rises") {
			t.Error("without its picture the drawing is not told in words")
		}
		if at := os.Getenv("ASSAY_TEST_KEEP"); at != "" {
			if err := os.WriteFile(at+"/mail "+name+".html", []byte(text), 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}
