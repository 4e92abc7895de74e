package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
	reader "github.com/ledongthuc/pdf"
	"golang.org/x/net/html"

	"assay/app/mail/mailtest"
	"assay/app/pdf/pdftest"
	"assay/app/svg"
	"assay/static"
)

// sampleHouse is the sample company's server with a mail server, and its administrator.
func sampleHouse(t *testing.T) (h *house, v *visitor, post *mailtest.Server) {
	t.Helper()
	post = mailtest.New(t, nil)
	h = start(t, "demo", "ASSAY_MAIL_FROM=Assay <assay@example.com>", "ASSAY_SMTP_HOST="+post.Host, "ASSAY_SMTP_PORT="+strconv.Itoa(post.Port), "ASSAY_SMTP_TLS=none", "ASSAY_MAIL_DOMAINS=example.com")
	v = visit(t, h)
	_, link, _ := strings.Cut(h.out.String(), "Open "+h.base)
	link, _, _ = strings.Cut(link, "\n")
	v.open(strings.TrimSpace(link)).submit("form", "", nil).says("h1", "Trading overview")
	return h, v, post
}

// named returns the address of what a list names so.
func (v *visitor) named(list, name string) string {
	v.t.Helper()
	v.open(list)
	to, ok := v.doc.Find(".list-title a, a.list-title").FilterFunction(func(_ int, s *goquery.Selection) bool { return strings.TrimSpace(s.Text()) == name }).First().Attr("href")
	if !ok {
		v.t.Fatalf("%s does not name %q", list, name)
	}
	return to
}

// whole opens a page until every drawing of it is made: one that takes too long on
// a busy machine is made at the next try.
func (v *visitor) whole(at string) *visitor {
	v.t.Helper()
	eventually(v.t, "the drawings of "+at, func() bool { return !v.open(at).failed(".doc") })
	return v
}

// file opens a PDF until every drawing in it is made.
func (v *visitor) file(at string) (f *pdftest.File) {
	v.t.Helper()
	eventually(v.t, "the drawings in "+at, func() bool {
		f = pdftest.Read(v.t, []byte(v.open(at).body))
		return !unmade.MatchString(f.Tree.Words)
	})
	return f
}

// unmade is what stands in place of a drawing that took too long.
var unmade = regexp.MustCompile(`Something\s*went\s*wrong|took\s*longer\s*than`)

// failed reports whether anything in a part of the page could not be made.
func (v *visitor) failed(selector string) bool {
	return v.doc.Find(selector+" .notice-bad").Length() > 0 || unmade.MatchString(v.words(selector))
}

// passage is a part of a document as it is read in one medium.
type passage struct {
	words string // lines and the words of a drawing apart
	small string // the same with the drawing for small screens
}

// broken are elements that end a line of words.
var broken = map[string]bool{"p": true, "td": true, "th": true, "tr": true, "li": true, "div": true, "h2": true, "br": true, "text": true, "span": true, "small": true, "dt": true, "dd": true, "figcaption": true, "header": true, "footer": true}

// shown returns the words of a part of a page that are seen, or printed; of a
// drawing those of its wide or its narrow form.
func shown(s *goquery.Selection, without string) string {
	var b strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
			return
		}
		one := goquery.NewDocumentFromNode(n)
		if n.Type == html.ElementNode && (one.Is("script, title, desc, metadata, style, button, .chart-data, .board-menu, .board-age, .visually-hidden, "+without) || n.Data == "svg" && !one.Is("[role=img]")) {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		if broken[n.Data] {
			b.WriteByte('\n')
		}
	}
	for _, n := range s.Nodes {
		walk(n)
	}
	return strings.TrimSpace(b.String())
}

func passageOf(s *goquery.Selection) passage {
	return passage{shown(s, ".only-narrow"), shown(s, ".only-wide")}
}

// onPage are a page's passages, in reading order.
func (v *visitor) onPage(selector string) (list []passage) {
	v.doc.Find(selector).Each(func(_ int, s *goquery.Selection) {
		if one := passageOf(s); one.words != "" {
			list = append(list, one)
		}
	})
	return list
}

// onPaper are a file's passages: those that stand directly in the document,
// without its head, its contents and the kinds that are left out.
func onPaper(f *pdftest.File, without ...string) (list []string) {
	kids := f.Tree.Kids
	if i := slices.IndexFunc(kids, func(k *pdftest.Tag) bool { return k.Kind == "TOC" || k.Kind == "H1" }); i >= 0 {
		kids = kids[i:]
	}
	for _, k := range kids {
		if k.Kind != "TOC" && !slices.Contains(without, k.Kind) {
			list = append(list, k.Words)
		}
	}
	return list
}

// numeral is a number as people write it, with what belongs to it.
var numeral = regexp.MustCompile(`[-−+]?[€$£]?\d+(?:[.,:]\d+)*[kMB%]?`)

func numerals(words string) []string {
	list := numeral.FindAllString(words, -1)
	slices.Sort(list)
	return list
}

// signs are what a medium adds: an arrow before a difference that rises or falls.
var signs = strings.NewReplacer("▲", "", "▼", "")

func bareWords(s string) string { return strings.Join(strings.Fields(signs.Replace(s)), "") }

// differences compares passages of two media: their figures as multisets, and
// then every letter but spaces, as lines break elsewhere.
func differences(page []passage, paper []string) (list []string) {
	if len(page) != len(paper) {
		list = append(list, fmt.Sprintf("%d passages on the page, %d on paper", len(page), len(paper)))
	}
	for i := range min(len(page), len(paper)) {
		p := page[i].words
		if bareWords(page[i].small) == bareWords(paper[i]) {
			p = page[i].small
		}
		if diff := cmp.Diff(numerals(p), numerals(paper[i])); diff != "" {
			list = append(list, fmt.Sprintf("the figures of passage %d differ (-page +paper):\n%s", i+1, diff))
		}
		if a, b := bareWords(p), bareWords(paper[i]); a != b {
			list = append(list, fmt.Sprintf("passage %d is %.300q on the page, %.300q on paper", i+1, a, b))
		}
	}
	return list
}

// sameFigures expects that page and paper say the same, and that one digit more
// or less would have been noticed.
func sameFigures(t *testing.T, page []passage, paper []string, least int) {
	t.Helper()
	for _, d := range differences(page, paper) {
		t.Error(d)
	}
	all := 0
	for i, words := range paper {
		n := len(numerals(words))
		all += n
		at := strings.IndexAny(words, "0123456789")
		if at < 0 {
			continue
		}
		other := slices.Clone(paper)
		digit := byte('1')
		if words[at] == digit {
			digit = '2'
		}
		other[i] = words[:at] + string(digit) + words[at+1:]
		if len(differences(page, other)) == 0 {
			t.Errorf("another digit in passage %d goes unnoticed", i+1)
		}
	}
	if all < least {
		t.Errorf("%d figures were compared, want at least %d", all, least)
	}
	t.Logf("%d figures in %d passages are the same", all, len(paper))
}

// drawn returns the hashes of the drawings as they stand in a page's bytes. The
// page adds one class to the root of a drawing that has a form for small screens
// and changes no other byte of it.
func drawn(page string) (list []string) {
	for _, one := range regexp.MustCompile(`(?s)<svg (?:class="only-wide" )?xmlns=.*?</svg>`).FindAllString(page, -1) {
		sum := sha256.Sum256([]byte(strings.Replace(one, `<svg class="only-wide" `, "<svg ", 1)))
		list = append(list, hex.EncodeToString(sum[:]))
	}
	return list
}

// printed are the hashes of a file's drawings.
func printed(f *pdftest.File) (list []string) {
	for _, p := range f.Pages {
		list = append(list, p.Drawings...)
	}
	return list
}

const samplePassages = ".doc > :not(nav)"

// TestPaperSaysWhatThePageSays: every figure of a report and of a dashboard is
// the same on its page, on its page for paper, and in its PDF; so is a shared one's.
func TestPaperSaysWhatThePageSays(t *testing.T) {
	h, v, _ := sampleHouse(t)

	t.Log("the report")
	at := v.named("/reports", "Monthly review")
	v.whole(at)
	page, drawings := v.onPage(samplePassages), drawn(v.body)
	facts := v.onPage(".doc-facts > div")
	v.whole(at + "/print")
	sheet, onPrint := v.onPage(samplePassages), drawn(v.body)
	if diff := cmp.Diff(page, sheet, cmp.AllowUnexported(passage{})); diff != "" {
		t.Errorf("the page for paper differs: %s", diff)
	}
	file := v.file(at + ".pdf")
	sameFigures(t, page, onPaper(file), 120)
	for _, f := range facts {
		if !slices.ContainsFunc(file.Tree.Kids, func(k *pdftest.Tag) bool { return bareWords(k.Words) == bareWords(f.words) }) {
			t.Errorf("the file does not say %q", f.words)
		}
	}
	if len(facts) < 3 {
		t.Errorf("the page says %d facts", len(facts))
	}

	t.Log("its drawings are one")
	if len(drawings) < 4 {
		t.Fatalf("the page has %d drawings", len(drawings))
	}
	if diff := cmp.Diff(drawings, onPrint); diff != "" {
		t.Errorf("the page for paper has others: %s", diff)
	}
	if diff := cmp.Diff(drawings, printed(file)); diff != "" {
		t.Errorf("the file has others: %s", diff)
	}

	t.Log("the shared report")
	link := v.share(at, fields{"download": "on"})
	guest := visit(t, h)
	guest.whole(link)
	shared, onShared := guest.onPage(samplePassages), drawn(guest.body)
	theirs := guest.file(link + ".pdf")
	sameFigures(t, shared, onPaper(theirs), 100)
	if diff := cmp.Diff(onShared, printed(theirs)); diff != "" || len(onShared) != len(drawings) {
		t.Errorf("the shared file has other drawings than its page: %s", diff)
	}
	if diff := cmp.Diff(drawings, onShared); diff != "" {
		t.Errorf("the shared page has other drawings: %s", diff)
	}

	t.Log("the dashboard, tab by tab")
	at = v.named("/dashboards", "Trading overview")
	var cards []passage
	drawings = nil
	for _, tab := range []string{"sales", "service"} {
		eventually(t, "the drawings of "+tab, func() bool { return !v.complete(at + "?all=1&tab=" + tab).failed("#board") })
		cards = append(cards, v.onPage("#board article")...)
		drawings = append(drawings, drawn(v.body)...)
	}
	file = v.file(at + ".pdf")
	sameFigures(t, cards, onPaper(file, "H1"), 120)
	if diff := cmp.Diff(drawings, printed(file)); diff != "" || len(drawings) < 9 {
		t.Errorf("the dashboard's file has other drawings than its pages: %s", diff)
	}
}

// TestPDFIsReadByPrograms looks at the sample report's file as a reader aloud, a
// search and an archive do.
func TestPDFIsReadByPrograms(t *testing.T) {
	h, v, _ := sampleHouse(t)
	at := v.named("/reports", "Monthly review")
	v.whole(at)
	var headings, claims, described []string
	v.doc.Find(".doc h2").Each(func(_ int, s *goquery.Selection) { headings = append(headings, s.Text()) })
	v.doc.Find(".doc a.claim").Each(func(_ int, s *goquery.Selection) { claims = append(claims, h.base+s.AttrOr("href", "")) })
	v.doc.Find(".doc svg.only-wide").Each(func(_ int, s *goquery.Selection) {
		described = append(described, s.Find("desc").First().Text())
	})
	heads := v.doc.Find(".doc .doc-figure > .table-wrap th").Length()
	f := v.file(at + ".pdf")
	if got := v.header.Get("Content-Disposition"); got != "attachment; filename=Monthly-review.pdf" {
		t.Errorf("the file is offered as %s", got)
	}
	root := f.Root()

	t.Log("the catalog")
	if !root.Key("MarkInfo").Key("Marked").Bool() || root.Key("Lang").Text() != "en" || !root.Key("ViewerPreferences").Key("DisplayDocTitle").Bool() {
		t.Errorf("the catalog is %v", root)
	}
	if got := f.Reader.Trailer().Key("Info").Key("Title").Text(); got != "Monthly review" {
		t.Errorf("the title is %q", got)
	}

	t.Log("bookmarks and tags")
	var marks []string
	for _, o := range f.Reader.Outline().Child {
		marks = append(marks, o.Title)
	}
	if diff := cmp.Diff(headings, marks); diff != "" || len(marks) < 5 {
		t.Errorf("bookmarks (-headings +marks): %s", diff)
	}
	var levels, alts []string
	for _, k := range f.Tree.All("H1") {
		levels = append(levels, k.Words)
	}
	if diff := cmp.Diff(headings, levels); diff != "" {
		t.Errorf("headings: %s", diff)
	}
	for _, k := range f.Tree.All("Figure") {
		alts = append(alts, k.Alt)
	}
	if diff := cmp.Diff(described, alts); diff != "" || len(alts) < 4 {
		t.Errorf("what drawings are in words (-page +file): %s", diff)
	}
	columns := f.Tree.All("TH")
	if len(columns) != heads || heads < 8 {
		t.Errorf("%d heads of columns, the page has %d", len(columns), heads)
	}
	for _, th := range columns {
		if th.Value.Key("A").Key("Scope").Name() != "Column" {
			t.Errorf("the head %q has no scope", th.Words)
		}
	}
	for _, table := range f.Tree.All("Table") {
		rows := table.All("TR")
		for _, r := range rows {
			if n := len(r.All("TH")) + len(r.All("TD")); n != len(rows[0].All("TH")) {
				t.Errorf("a row of %q has %d cells under %d heads", table.Title, n, len(rows[0].All("TH")))
			}
		}
	}

	t.Log("links")
	var links []string
	for i := range f.Reader.NumPage() {
		annots := f.Reader.Page(i + 1).V.Key("Annots")
		for k := range annots.Len() {
			links = append(links, annots.Index(k).Key("A").Key("URI").Text())
		}
	}
	for _, c := range claims {
		if !slices.Contains(links, c) {
			t.Errorf("no link leads to %s", c)
		}
	}
	if len(claims) < 15 || !slices.Contains(links, h.base+at) {
		t.Errorf("%d claims; links %q", len(claims), links)
	}

	t.Log("lines and words, no pictures")
	seen := map[string]bool{}
	var look func(v reader.Value, depth int)
	look = func(resources reader.Value, depth int) {
		for _, name := range resources.Key("XObject").Keys() {
			x := resources.Key("XObject").Key(name)
			if x.Key("Subtype").Name() != "Form" {
				t.Errorf("%s is a %s", name, x.Key("Subtype").Name())
			}
			if depth < 3 {
				look(x.Key("Resources"), depth+1)
			}
		}
		for _, name := range resources.Key("Font").Keys() {
			font := resources.Key("Font").Key(name)
			seen[font.Key("BaseFont").Name()] = true
			file := font.Key("DescendantFonts").Index(0).Key("FontDescriptor").Key("FontFile2")
			if font.Key("ToUnicode").Kind() != reader.Stream || file.Kind() != reader.Stream {
				t.Errorf("the words in %s cannot be selected, or its letters are not in the file", font.Key("BaseFont").Name())
			}
		}
	}
	for i := range f.Reader.NumPage() {
		look(f.Reader.Page(i+1).V.Key("Resources"), 0)
	}
	if len(seen) < 2 {
		t.Errorf("fonts %v", seen)
	}
}

// part is a part of a mail.
type part struct {
	kind, id, name string
	body           []byte
}

// partsOf returns a mail's parts, in their order and decoded.
func partsOf(t *testing.T, a mailtest.Accepted) (list []part) {
	t.Helper()
	m, err := a.Message()
	if err != nil {
		t.Fatal(err)
	}
	var open func(h textproto.MIMEHeader, body io.Reader)
	open = func(h textproto.MIMEHeader, body io.Reader) {
		kind, p, err := mime.ParseMediaType(h.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(kind, "multipart/") {
			for r := multipart.NewReader(body, p["boundary"]); ; {
				next, err := r.NextRawPart()
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				open(next.Header, next)
			}
		}
		switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		_, d, err := mime.ParseMediaType(h.Get("Content-Disposition"))
		if err != nil {
			d = nil
		}
		list = append(list, part{kind, strings.Trim(h.Get("Content-Id"), "<>"), d["filename"], text})
	}
	open(textproto.MIMEHeader(m.Header), m.Body)
	return list
}

// asOf is when a database answered, which two askings need not share.
var asOf = regexp.MustCompile(`as of [0-9: -]+UTC|as\s+of\s+[0-9: \n-]+UTC`)

// TestReportIsDelivered sends the sample report by a schedule made with the form,
// and reads what arrives: words, pictures, drawings and the PDF.
func TestReportIsDelivered(t *testing.T) {
	_, v, post := sampleHouse(t)
	report := v.named("/reports", "Monthly review")
	v.whole(report)
	page, drawings := v.onPage(samplePassages), drawn(v.body)
	var claims []string
	v.doc.Find(".doc a.claim").Each(func(_ int, s *goquery.Selection) { claims = append(claims, s.Text()) })
	if len(claims) < 15 {
		t.Fatalf("the page has %d claims", len(claims))
	}
	v.open("/schedules/new?report="+strings.TrimPrefix(report, "/reports/")).submit(".schedule-form", "do=save", fields{
		"every": "week", "at": "07:30", "zone": "UTC", "name": "Monday's review", "mails": "board@example.com", "attach": "pdf", "note": "For the board.", "subject": "Review of the month",
	}).expect(http.StatusOK).says("h1", "Monday's review")
	at := v.at.Path
	v.submit("form[action$='/run']", "", nil).expect(http.StatusOK)
	eventually(t, "the mail to arrive", func() bool {
		n, _ := got(post, "board@example.com")
		return n == 1 && v.open(at).doc.Find(".run .badge").First().Text() == "done"
	})
	list := post.Accepted()
	mail := list[slices.IndexFunc(list, func(a mailtest.Accepted) bool { return a.To == "board@example.com" })]
	message, err := mail.Message()
	if err != nil {
		t.Fatal(err)
	}
	if got := message.Header.Get("Subject"); got != "Review of the month" {
		t.Errorf("the subject is %q", got)
	}
	parts := partsOf(t, mail)
	of := func(kind string) (found []part) {
		for _, p := range parts {
			if p.kind == kind {
				found = append(found, p)
			}
		}
		return found
	}

	t.Log("words")
	if len(of("text/plain")) != 1 || len(of("text/html")) != 1 {
		t.Fatalf("the mail has %d parts", len(parts))
	}
	letter, err := goquery.NewDocumentFromReader(bytes.NewReader(of("text/html")[0].body))
	if err != nil {
		t.Fatal(err)
	}
	plain := string(of("text/plain")[0].body)
	for _, c := range claims {
		if !strings.Contains(plain, c) || !strings.Contains(letter.Text(), c) {
			t.Errorf("the mail does not say %s", c)
		}
	}
	if !strings.Contains(letter.Text(), "For the board.") {
		t.Error("the note is missing")
	}

	t.Log("pictures, and the drawings that they were painted from")
	pictures := map[string][]byte{}
	for _, p := range of("image/png") {
		pictures[p.id] = p.body
	}
	var hashes []string
	for _, p := range of("image/svg+xml") {
		sum := sha256.Sum256(p.body)
		hashes = append(hashes, hex.EncodeToString(sum[:]))
		painted, err := svg.PNG(p.body, 1200, svg.Fonts{Regular: static.FontTTF(400), Semibold: static.FontTTF(600)})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(painted, pictures[strings.TrimSuffix(p.id, ".svg@assay")+".png@assay"]) {
			t.Errorf("the picture beside %s is of another drawing", p.id)
		}
	}
	if diff := cmp.Diff(drawings, hashes); diff != "" {
		t.Errorf("the mail has other drawings than the page: %s", diff)
	}
	images := letter.Find("img")
	if images.Length() != len(drawings) {
		t.Errorf("the mail shows %d pictures of %d drawings", images.Length(), len(drawings))
	}
	images.Each(func(_ int, s *goquery.Selection) {
		if id, ok := strings.CutPrefix(s.AttrOr("src", ""), "cid:"); !ok || pictures[id] == nil || s.AttrOr("alt", "") == "" {
			t.Errorf("the picture %s is no part of the mail, or has no words", s.AttrOr("src", ""))
		}
	})
	if letter.Find("script, link, iframe, object, form").Length() > 0 || strings.Contains(string(of("text/html")[0].body), "url(") {
		t.Error("the mail fetches or runs something")
	}

	t.Log("the PDF")
	pdf := of("application/pdf")
	if len(pdf) != 1 || !strings.HasSuffix(pdf[0].name, ".pdf") {
		t.Fatalf("%d PDF files: %q", len(pdf), pdf)
	}
	file := pdftest.Read(t, pdf[0].body)
	paper := onPaper(file)
	for i := range paper {
		paper[i] = asOf.ReplaceAllString(paper[i], "")
	}
	for i := range page {
		page[i] = passage{asOf.ReplaceAllString(page[i].words, ""), asOf.ReplaceAllString(page[i].small, "")}
	}
	sameFigures(t, page, paper, 100)
	if diff := cmp.Diff(drawings, printed(file)); diff != "" {
		t.Errorf("the file has other drawings than the page: %s", diff)
	}
}
