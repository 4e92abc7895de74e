package pdf

import (
	"embed"
	"fmt"
	"testing"

	"assay/app/document"
)

//go:embed testdata
var drawings embed.FS

func drawing(t testing.TB, name string) *document.Drawing {
	t.Helper()
	wide, err := drawings.ReadFile("testdata/" + name + ".svg")
	if err != nil {
		t.Fatal(err)
	}
	d := &document.Drawing{SVG: wide, Width: 760, Height: 380, Description: "What " + name + " shows."}
	if narrow, err := drawings.ReadFile("testdata/" + name + "-narrow.svg"); err == nil {
		d.Narrow = narrow
	}
	return d
}

// months is a table of so many rows with a name, an amount and a count.
func months(rows int) *document.Table {
	t := &document.Table{Columns: []document.Column{{Name: "Month", Whole: true}, {Name: "Revenue", Unit: "EUR", Numeric: true}, {Name: "Orders", Numeric: true}}}
	for i := range rows {
		t.Rows = append(t.Rows, cells(fmt.Sprintf("M%04d", i), fmt.Sprintf("%d,%03d.50", i+1, i*7%1000), fmt.Sprint(i*13)))
	}
	return t
}

// report is a document with everything in it.
func report(t testing.TB) *document.Document {
	d := made(
		heading(1, "Summary"),
		document.Paragraph{Text: []document.Inline{
			{Text: "Revenue reached "}, {Text: "1,284,300", Ref: &document.Ref{Question: "q", Column: "revenue"}, URL: "/questions/1"},
			{Text: ", "}, {Text: "12.4% more", Strong: true}, {Text: ". The "}, {Text: "method", URL: "https://example.com/method?a=1&b=2"},
			{Text: " and "}, {Text: "regions", URL: "#regions"}, {Text: " are told below"}, {Text: " crossly", Struck: true}, {Text: " slanting", Slant: true}, {Text: " in net_amount", Code: true},
			{Text: "; do not "}, {Text: "click", URL: "javascript:alert(1)"}, {Text: "."},
		}},
		document.Row{Cells: []document.Cell{
			{Span: 6, Blocks: []document.Block{document.Figure{Title: "Revenue", Number: &document.Number{Value: "€1,284,300", Delta: "12.4% more", Direction: "up"}}}},
			{Span: 6, Blocks: []document.Block{document.Figure{Title: "Orders", Number: &document.Number{Value: "18,402", Label: "shipped"}}}},
		}},
		document.Quote{Finding: true, Blocks: []document.Block{para("North drives the growth.")}},
		document.Figure{ID: "f1", Title: "By month", Subtitle: "Net of returns", Drawing: drawing(t, "line-series"), Notes: []string{"The last month is not whole."}, Caption: "Sample company, 120 rows"},
		heading(1, "Regions"),
		heading(2, "By channel"),
		document.Row{Cells: []document.Cell{
			{Span: 6, Blocks: []document.Block{document.Figure{Title: "Orders", Drawing: drawing(t, "bar")}}},
			{Span: 6, Blocks: []document.Block{document.Figure{Title: "Share", Drawing: drawing(t, "pie")}}},
		}},
		document.List{Ordered: true, Start: 9, Items: [][]document.Block{{para("Ninth.")}, {para("Tenth."), document.List{Items: [][]document.Block{{para("Within.")}}}}}},
		document.Figure{Title: "Rows", Table: months(90), Caption: "Ninety rows"},
		document.Figure{Title: "Stock", Failure: &document.Failure{Title: "The database refused", Message: "There is no column turns", Hint: "Try turn_rate", Position: "line 3"}},
		document.Figure{Title: "Nothing", Note: "There are no rows for these filters."},
		document.Code{Text: "select region\n\tfrom orders"},
		document.Quote{Blocks: []document.Block{para("We counted twice.")}},
		document.Rule{},
		document.PageBreak{},
		heading(3, "Appendix"),
		document.Grid{Table: document.Table{Label: "Small", Columns: []document.Column{{Name: "Key"}, {Name: "Value", Numeric: true}}, Rows: [][]document.Value{cells("A", "1"), {{Text: "B"}, {Null: true}}, {{Text: "cut here", Cut: true}, {Text: "7", URL: "/drill"}}}, More: "3 of 9 rows."}},
	)
	d.Subtitle, d.URL, d.Contents = "What changed", "/reports/12", true
	d.Facts = []document.Fact{{Name: "Source", Text: "Sample company"}, {Name: "Time zone", Text: "Europe/Berlin"}}
	return d
}
