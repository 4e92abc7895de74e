package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	reader "github.com/ledongthuc/pdf"

	"assay/app/document"
)

func TestEveryWordIsReadInOrder(t *testing.T) {
	p := read(t, report(t))
	words := []string{
		"Quarterly sales", "What changed", "Source", "Sample company", "Time zone", "Europe/Berlin", "Online", "https://assay.example.com/reports/12",
		"Contents", "Summary", "Regions", "By channel", "Appendix",
		"Summary", "Revenue reached 1,284,300, 12.4% more. The method (https://example.com/method?a=1&b=2) and regions are told below crossly slanting in net_amount; do not click.",
		"Revenue", "€1,284,300", "▲ 12.4% more", "Orders", "18,402", "shipped", "North drives the growth.",
		"By month", "Net of returns", "The last month is not whole.", "Sample company, 120 rows",
		"Regions", "By channel", "Orders", "5.2k", "Share", "Web 25.1%", "9.", "Ninth.", "10.", "Tenth.", "•", "Within.",
		"Rows", "Month", "Revenue EUR", "Orders",
	}
	for _, row := range months(90).Rows {
		for _, v := range row {
			words = append(words, v.Text)
		}
	}
	words = append(words, "Ninety rows", "Stock", "The database refused", "There is no column turns", "line 3", "Try turn_rate",
		"Nothing", "There are no rows for these filters.", "select region", "from orders", "We counted twice.",
		"Appendix", "Small", "Key", "Value", "A", "1", "B", "null", "cut here…", "7", "3 of 9 rows.")
	p.inOrder(words...)
	for i, page := range p.Pages {
		if want := fmt.Sprintf("Page %d of %d", i+1, len(p.Pages)); !strings.Contains(page.Aside, want) || !strings.Contains(page.Aside, "24 November 2026, 09:30 CET") {
			t.Errorf("page %d: %q lacks %q or the date", i+1, page.Aside, want)
		}
		if head := strings.Contains(page.Aside, "Quarterly sales"); head != (i > 0) {
			t.Errorf("page %d: running head %v", i+1, head)
		}
	}
}

func TestStructure(t *testing.T) {
	p := read(t, report(t))
	root := p.Reader.Trailer().Key("Root")
	if !root.Key("MarkInfo").Key("Marked").Bool() || root.Key("Lang").Text() != "en-GB" || !root.Key("ViewerPreferences").Key("DisplayDocTitle").Bool() {
		t.Errorf("catalog %v", root)
	}
	if got := p.Reader.Trailer().Key("Info").Key("Title").Text(); got != "Quarterly sales" {
		t.Errorf("title %q", got)
	}
	if got := p.Reader.Trailer().Key("Info").Key("CreationDate").Text(); got != "D:20261124093000+01'00'" {
		t.Errorf("made %q", got)
	}
	count := map[string]int{}
	for _, kind := range []string{"H1", "H2", "H3", "Table", "TH", "TR", "TD", "Figure", "L", "LI", "Lbl", "BlockQuote", "TOC", "TOCI", "Title"} {
		count[kind] = len(p.Tree.All(kind))
	}
	want := map[string]int{"H1": 2, "H2": 1, "H3": 1, "Table": 2, "TH": 5, "TR": 95, "TD": 276, "Figure": 3, "L": 2, "LI": 3, "Lbl": 3, "BlockQuote": 1, "TOC": 1, "TOCI": 4, "Title": 1}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	for _, h := range p.Tree.All("TH") {
		if h.Value.Key("A").Key("Scope").Name() != "Column" {
			t.Errorf("head %q has no scope", h.Words)
		}
	}
	var alts []string
	for _, f := range p.Tree.All("Figure") {
		alts = append(alts, f.Alt)
		if f.Value.Key("A").Key("BBox").Len() != 4 {
			t.Errorf("%s: no box", f.Alt)
		}
	}
	if diff := cmp.Diff([]string{"What line-series shows.", "What bar shows.", "What pie shows."}, alts); diff != "" {
		t.Error(diff)
	}
	var titles func(o reader.Outline) string
	titles = func(o reader.Outline) string {
		s := o.Title
		for _, k := range o.Child {
			s += "(" + titles(k) + ")"
		}
		return s
	}
	if got := titles(p.Reader.Outline()); got != "(Summary)(Regions(By channel(Appendix)))" {
		t.Errorf("bookmarks %s", got)
	}
	p.parents(t)
}

// parents checks that the way back from each mark and link leads to a tag that owns it.
func (p *proof) parents(t *testing.T) {
	t.Helper()
	nums := p.Reader.Trailer().Key("Root").Key("StructTreeRoot").Key("ParentTree").Key("Nums")
	lists := map[int64]reader.Value{}
	for i := 0; i < nums.Len(); i += 2 {
		lists[nums.Index(i).Int64()] = nums.Index(i + 1)
	}
	for i, page := range p.Pages {
		list := lists[int64(i)]
		for mark := range page.Marks {
			if list.Index(int(mark)).Key("Type").Name() != "StructElem" {
				t.Errorf("page %d: mark %d leads to no tag", i+1, mark)
			}
		}
		annots := p.Reader.Page(i + 1).V.Key("Annots")
		for k := range annots.Len() {
			if owner := lists[annots.Index(k).Key("StructParent").Int64()]; owner.Key("S").Name() != "Link" {
				t.Errorf("page %d: a link leads to %v", i+1, owner)
			}
		}
	}
}

func TestLinks(t *testing.T) {
	p := read(t, report(t))
	var got []string
	for i := range p.Pages {
		annots := p.Reader.Page(i + 1).V.Key("Annots")
		for k := range annots.Len() {
			a := annots.Index(k)
			if uri := a.Key("A").Key("URI").Text(); uri != "" {
				got = append(got, uri)
			} else if dest := a.Key("Dest"); dest.Len() == 5 {
				got = append(got, fmt.Sprintf("page %d", dest.Index(0).Key("StructParents").Int64()+1))
			} else {
				got = append(got, "nowhere")
			}
		}
	}
	all := strings.Join(got, "|")
	for _, want := range []string{"https://assay.example.com/reports/12", "https://assay.example.com/questions/1", "https://example.com/method?a=1&b=2", "https://assay.example.com/drill"} {
		if !strings.Contains(all, want) {
			t.Errorf("no link to %s in %s", want, all)
		}
	}
	if strings.Contains(all, "javascript") || strings.Contains(all, "nowhere") {
		t.Errorf("links %s", all)
	}
	for _, h := range p.Tree.All("H1") {
		if h.Words == "Regions" && !strings.Contains(all, fmt.Sprintf("page %d", h.Page+1)) {
			t.Errorf("no link to page %d, where Regions stands: %s", h.Page+1, all)
		}
	}
}

func TestContentsTellThePage(t *testing.T) {
	var blocks []document.Block
	for i := range 40 {
		blocks = append(blocks, heading(1+i%3, fmt.Sprintf("Chapter %c%c", 'A'+i/26, 'A'+i%26)))
		for range i % 7 {
			blocks = append(blocks, para(strings.Repeat("Some words that fill the page. ", 30)))
		}
	}
	blocks = append([]document.Block{para("Before."), document.Contents{}}, blocks...)
	d := made(blocks...)
	d.Contents = true
	p := read(t, d)
	if n := len(p.Tree.All("TOC")); n != 1 {
		t.Fatalf("%d tables of contents", n)
	}
	page := map[string]int{}
	for _, kind := range []string{"H1", "H2", "H3"} {
		for _, h := range p.Tree.All(kind) {
			page[h.Words] = h.Page + 1
		}
	}
	items := p.Tree.All("TOCI")
	if len(items) != 40 {
		t.Errorf("%d entries", len(items))
	}
	for _, e := range items {
		name := e.Words[:len("Chapter AA")]
		if want := fmt.Sprintf("%s%d", name, page[name]); e.Words != want {
			t.Errorf("entry %q, want %q", e.Words, want)
		}
	}
}

func TestSameDocumentSameBytes(t *testing.T) {
	a, b := write(t, report(t), options()), write(t, report(t), options())
	if !bytes.Equal(a, b) {
		t.Error("two files of one document differ")
	}
	other := report(t)
	other.Blocks = other.Blocks[1:]
	if bytes.Equal(a, write(t, other, options())) {
		t.Error("two documents are one file, so the test proves nothing")
	}
}

func TestDrawingIsThatOfThePage(t *testing.T) {
	d := report(t)
	p := read(t, d)
	got := map[string]bool{}
	for _, page := range p.Pages {
		for _, f := range page.Drawings {
			got[f] = true
		}
	}
	want := map[string]bool{}
	for _, name := range []string{"line-series", "bar", "pie"} {
		want[drawing(t, name).Hash()] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPaper(t *testing.T) {
	for _, c := range []struct {
		paper     Paper
		landscape bool
		want      string
	}{{"", false, "595.28 841.89"}, {A4, true, "841.89 595.28"}, {Letter, false, "612 792"}, {Letter, true, "792 612"}} {
		o := options()
		o.Paper, o.Landscape = c.paper, c.landscape
		for theme := range themes {
			d := report(t)
			d.Theme = theme
			p := open(t, write(t, d, o))
			box := p.Reader.Page(1).V.Key("MediaBox")
			if got := fmt.Sprintf("%v %v", box.Index(2), box.Index(3)); got != c.want {
				t.Errorf("%s %v: %s, want %s", c.paper, c.landscape, got, c.want)
			}
		}
	}
	o := options()
	o.Paper = "a5"
	if err := Write(&bytes.Buffer{}, made(), o); err == nil {
		t.Error("unknown paper was taken")
	}
	if err := Write(&bytes.Buffer{}, nil, options()); err == nil {
		t.Error("no document was printed")
	}
	if err := Write(&bytes.Buffer{}, made(), Options{}); err == nil {
		t.Error("a document was printed without fonts")
	}
}

func TestThemesDiffer(t *testing.T) {
	seen := map[string]string{}
	for theme := range themes {
		d := report(t)
		d.Theme = theme
		file := string(write(t, d, options()))
		if other, ok := seen[file]; ok {
			t.Errorf("%s looks like %s", theme, other)
		}
		seen[file] = theme
	}
}

func BenchmarkReport(b *testing.B) {
	d := report(b)
	for range 12 {
		d.Blocks = append(d.Blocks, document.Figure{Title: "One more", Drawing: drawing(b, "bar")}, para(strings.Repeat("Words. ", 200)))
	}
	o := options()
	b.ReportAllocs()
	for b.Loop() {
		write(b, d, o)
	}
}

func TestNumbersOfDrawingsAreAChoice(t *testing.T) {
	d := made(document.Figure{Title: "Orders", Drawing: drawing(t, "bar"), Data: months(3), Caption: "below"})
	p := read(t, d)
	if n := len(p.Tree.All("Table")); n != 0 {
		t.Errorf("%d tables without having been asked for", n)
	}
	o := options()
	o.Data = true
	q := open(t, write(t, d, o))
	if s := joined(q.Look(0)); !strings.Contains(s, "M00023,014.5026") {
		t.Errorf("the numbers are missing in %s", s)
	}
}
