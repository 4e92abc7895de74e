package pdf

import (
	"fmt"
	"strings"
	"testing"

	"assay/app/document"
	"assay/app/pdf/pdftest"
)

func TestTableHeadStandsOnEachPage(t *testing.T) {
	p := read(t, made(document.Figure{Title: "Rows", Table: months(200)}))
	if len(p.Pages) < 4 {
		t.Fatalf("%d pages", len(p.Pages))
	}
	for i, page := range p.Pages[1:] {
		if !strings.Contains(page.Aside, "MonthRevenue EUROrders") {
			t.Errorf("page %d has no head: %q", i+2, page.Aside)
		}
	}
	if strings.Contains(p.Pages[0].Aside, "Month") {
		t.Error("the first head is an artifact")
	}
	if n := len(p.Tree.All("TH")); n != 3 {
		t.Errorf("%d heads are read aloud, want 3", n)
	}
}

func TestWhatBelongsTogetherStaysTogether(t *testing.T) {
	turned := false
	for lines := 1; lines < 60; lines += 3 {
		var blocks []document.Block
		for range lines {
			blocks = append(blocks, para("One line."))
		}
		blocks = append(blocks, heading(2, "Heading"),
			document.Figure{Title: "Title", Subtitle: "Subtitle", Drawing: drawing(t, "bar"), Notes: []string{"Note"}, Caption: "Caption"},
			heading(2, "Second"), para(strings.Repeat("Words that fill a line and more. ", 12)),
			heading(2, "Third"), document.Figure{Title: "Rows", Table: months(30), Caption: "Below"})
		p := read(t, made(blocks...))
		at := map[string]int{}
		for _, kind := range []string{"H2", "P", "Figure"} {
			for _, f := range p.Tree.All(kind) {
				at[bare(f.Words)] = f.Page
				if kind == "Figure" {
					at["drawing"] = f.Page
				}
			}
		}
		for _, pair := range [][2]string{{"Heading", "Title"}, {"Title", "Subtitle"}, {"Title", "drawing"}, {"Title", "Note"}, {"Title", "Caption"}, {"Third", "Rows"}} {
			if at[pair[0]] != at[pair[1]] {
				t.Errorf("%d lines: %s on page %d, %s on page %d", lines, pair[0], at[pair[0]]+1, pair[1], at[pair[1]]+1)
			}
		}
		second := p.Tree.All("H2")[1].Page
		words := strings.Count(joined(p.Pages[second]), "Wordsthatfill")
		if words < 2 && words > 0 {
			t.Errorf("%d lines: only %d sentences below a heading", lines, words)
		}
		rows := p.Tree.All("TR")
		if rows[1].Page != rows[0].Page || at["Rows"] != rows[1].Page {
			t.Errorf("%d lines: head on page %d, first row on %d, title on %d", lines, rows[0].Page, rows[1].Page, at["Rows"])
		}
		if last := rows[len(rows)-1].Page; at["Below"] != last || rows[len(rows)-2].Page != last {
			t.Errorf("%d lines: the last row is on page %d, the one before on %d, its caption on %d", lines, last, rows[len(rows)-2].Page, at["Below"])
		}
		turned = turned || at["Heading"] == 1
	}
	if !turned {
		t.Error("the figure never came onto the second page, so the test proves nothing")
	}
}

func joined(s pdftest.Page) string {
	var b strings.Builder
	for i := range int64(len(s.Marks)) {
		b.WriteString(bare(s.Marks[i]))
	}
	return b.String()
}

func TestCellsStandSideBySide(t *testing.T) {
	cell := func(span int, s string) document.Cell {
		return document.Cell{Span: span, Blocks: []document.Block{para(s)}}
	}
	p := read(t, made(document.Row{Cells: []document.Cell{cell(3, "one"), cell(3, "two"), cell(6, "three"), cell(12, "four")}}))
	at := p.Pages[0].At
	if at["one"][1] != at["two"][1] || at["two"][1] != at["three"][1] || at["four"][1] >= at["one"][1] {
		t.Errorf("places %v", at)
	}
	left := at["one"][0]
	if !(left < at["two"][0] && at["two"][0] < at["three"][0] && at["four"][0] == left) {
		t.Errorf("places %v", at)
	}
	if quarter, half := at["two"][0]-left, at["three"][0]-left; half < 1.99*quarter || half > 2.01*quarter || half < 255 || half > 266 {
		t.Errorf("three twelfths are %.1f, six are %.1f", quarter, half)
	}
	// Figures that want to be narrow share a line as well.
	fig := func(s string) document.Block {
		return document.Figure{Title: s, Span: 6, Number: &document.Number{Value: s + "!"}}
	}
	p = read(t, made(fig("a"), fig("b"), fig("c")))
	at = p.Pages[0].At
	if at["a!"][1] != at["b!"][1] || at["c!"][1] >= at["a!"][1] || at["c!"][0] != at["a!"][0] {
		t.Errorf("places %v", at)
	}
}

func TestRowHigherThanAPageBreaks(t *testing.T) {
	var left, right []document.Block
	for i := range 90 {
		left = append(left, para(fmt.Sprintf("L%03d", i)))
	}
	for i := range 20 {
		right = append(right, para(fmt.Sprintf("R%03d", i)))
	}
	right = append(right, document.Figure{Title: "Table", Table: months(80)})
	p := read(t, made(para("before"), document.Row{Cells: []document.Cell{{Span: 6, Blocks: left}, {Span: 6, Blocks: right}}}, para("after")))
	var words []string
	for i := range 90 {
		words = append(words, fmt.Sprintf("L%03d", i))
	}
	for i := range 20 {
		words = append(words, fmt.Sprintf("R%03d", i))
	}
	for i := range 80 {
		words = append(words, fmt.Sprintf("M%04d", i))
	}
	p.inOrder(append(words, "after")...)
	if !strings.Contains(p.Pages[2].Aside, "Month") {
		t.Error("the table's head does not stand again in the cell on the next page")
	}
	p.inside(t)
}

// inside fails where words stand beyond the margins.
func (p *proof) inside(t *testing.T) {
	t.Helper()
	for i, page := range p.Pages {
		for words, at := range page.At {
			if at[1] < 50 || at[1] > 830 || at[0] < 20 || at[0] > 580 {
				t.Errorf("page %d: %q stands at %.0f %.0f", i+1, words, at[0], at[1])
			}
		}
	}
}

func TestCellHigherThanAPageBreaks(t *testing.T) {
	var long strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&long, "w%04d ", i)
	}
	table := months(3)
	table.Rows[1][0].Text = long.String()
	table.Columns[0].Whole = false
	p := read(t, made(document.Grid{Table: *table}))
	p.inOrder("M0000", "w0000 w0001", "w0700 w0701", "w1499", "M0002")
	if len(p.Pages) < 2 {
		t.Error("one page holds it all, so the test proves nothing")
	}
	p.inside(t)
}

func TestTableOfManyColumns(t *testing.T) {
	wide := func(n int) *document.Table {
		t := &document.Table{}
		for i := range n {
			t.Columns = append(t.Columns, document.Column{Name: fmt.Sprintf("col%02d", i), Numeric: true})
		}
		for r := range 3 {
			var row []string
			for i := range n {
				row = append(row, fmt.Sprint(1000*r+i))
			}
			t.Rows = append(t.Rows, cells(row...))
		}
		return t
	}
	p := read(t, made(document.Figure{Table: wide(14)}))
	if strings.Contains(p.Tree.Words, "not printed") || !strings.Contains(p.Tree.Words, "col13") {
		t.Errorf("14 columns: %s", p.Tree.Words)
	}
	p = read(t, made(document.Figure{Table: wide(60)}))
	if !strings.Contains(p.Tree.Words, "of 60 columns fit on the page; not printed: col") {
		t.Errorf("60 columns: %s", p.Tree.Words)
	}
	p.inside(t)
	if n := len(p.Tree.All("TH")); n < 10 || n > 30 {
		t.Errorf("%d columns are printed", n)
	}
}

func TestNumbersStandUnderEachOther(t *testing.T) {
	p := read(t, made(document.Grid{Table: document.Table{
		Columns: []document.Column{{Name: "Name"}, {Name: "Value", Numeric: true}},
		Rows:    [][]document.Value{cells("a", "1"), cells("b", "22"), cells("c", "333")},
	}}))
	at := p.Pages[0].At
	a, b, c := at["1"][0], at["22"][0], at["333"][0]
	if !(a > b && b > c) || (a-b)-(b-c) > 0.02 || (a-b)-(b-c) < -0.02 {
		t.Errorf("numbers begin at %.2f, %.2f, %.2f: not flush right with digits of one width", a, b, c)
	}
}
