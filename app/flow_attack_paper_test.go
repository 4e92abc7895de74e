package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"
	"github.com/xuri/excelize/v2"

	"assay/app/mail/mailtest"
	"assay/app/pdf/pdftest"
)

// hostileWords do harm in one place or another where they are not taken as words.
var hostileWords = []string{evil, `</svg></text><script>window.__xss=1</script>`, "]]>", "[x](javascript:alert(1))", "javascript:alert(1)", "__proto__", "constructor", "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1+1",
	"one\r\nBcc: eve@evil.example", "\u202Egpj.exe", "../../etc/passwd", "{{7*7}}${7*7}", "<!channel> <http://evil.example|here>", "%0d%0aSet-Cookie: a=b", strings.Repeat("long ", 2000)}

// hostileTable is a table whose columns and values are such words.
func hostileTable() string {
	var b strings.Builder
	b.WriteString("CREATE TABLE words (word text, kind text, \"__proto__\" integer, \"=1+1\" integer, \"</script><svg onload=1>\" integer);\n")
	for i, w := range hostileWords {
		fmt.Fprintf(&b, "INSERT INTO words VALUES ('%s', '%s', %d, 1, 2);\n", strings.ReplaceAll(w, "'", "''"), strings.ReplaceAll(hostileWords[(i+5)%len(hostileWords)], "'", "''"), i+1)
	}
	return b.String()
}

// unsafe is what a page, a mail or a drawing has only where words became markup.
const unsafe = `script:not([src^="/static/"]):not([type="application/json"]), iframe, object, embed, img[src=x], svg [onload], [onerror], [onclick], foreignObject, a[href^="javascript" i], form[action^="javascript" i], main b, meta[http-equiv="set-cookie"]`

// unhurt expects that a page's words stayed words.
func (v *visitor) unhurt() *visitor {
	v.t.Helper()
	if v.doc == nil {
		return v
	}
	if found := v.doc.Find(unsafe); found.Length() > 0 {
		text, _ := goquery.OuterHtml(found.First())
		v.t.Errorf("%s has %d elements that words became, first %.200s", v.at, found.Length(), text)
	}
	return v
}

// offered returns the name of the file that an answer offers, and expects one that
// is safe on every system and a header of one line.
func (v *visitor) offered() string {
	v.t.Helper()
	_, p, err := mime.ParseMediaType(v.header.Get("Content-Disposition"))
	name := p["filename"]
	if err != nil || name == "" {
		v.t.Errorf("%s offers no file: %q", v.at, v.header.Get("Content-Disposition"))
	}
	safeName(v.t, name)
	if v.header.Get("Set-Cookie") != "" && strings.Contains(v.header.Get("Set-Cookie"), "a=b") {
		v.t.Errorf("%s sets a cookie that a name asked for", v.at)
	}
	return name
}

func safeName(t testing.TB, name string) {
	t.Helper()
	bad := func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`/\:*?"<>|`, r)
	}
	if len(name) > 300 || strings.ContainsFunc(name, bad) || strings.HasPrefix(name, ".") || strings.Contains(name, "..") {
		t.Errorf("a file is called %.100q", name)
	}
}

// inert expects of a PDF file that nothing in it runs, and that every link leads
// to a page or a mailbox.
func inert(t testing.TB, file []byte) *pdftest.File {
	t.Helper()
	f := pdftest.Read(t, file)
	for _, key := range []string{"OpenAction", "AA", "Names", "AcroForm"} {
		if !f.Root().Key(key).IsNull() {
			t.Errorf("the file has a %s", key)
		}
	}
	for i := range f.Reader.NumPage() {
		page := f.Reader.Page(i + 1).V
		if !page.Key("AA").IsNull() {
			t.Error("a page acts by itself")
		}
		for k := range page.Key("Annots").Len() {
			a := page.Key("Annots").Index(k)
			to := a.Key("A")
			if a.Key("Subtype").Name() != "Link" || !to.IsNull() && to.Key("S").Name() != "URI" {
				t.Errorf("the file has a %s with a %s", a.Key("Subtype").Name(), to.Key("S").Name())
			}
			if uri := to.Key("URI").Text(); uri != "" && !strings.HasPrefix(uri, "http://") && !strings.HasPrefix(uri, "https://") && !strings.HasPrefix(uri, "mailto:") {
				t.Errorf("the file leads to %s", uri)
			}
		}
	}
	return f
}

// calls are what channels were sent.
type calls struct {
	mu   sync.Mutex
	sent map[string][]byte // by path
}

func (c *calls) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.sent[r.URL.Path] = body
	}
}

// TestAttackHostileWordsInEveryMedium lets words of a database and of people go
// through pages, links, prints, files, mails, channels and the exported content.
func TestAttackHostileWordsInEveryMedium(t *testing.T) {
	channels := &calls{sent: map[string][]byte{}}
	hook := httptest.NewServer(channels)
	defer hook.Close()
	post := mailtest.New(t, nil)
	h := start(t, "serve", "ASSAY_MAIL_FROM=Assay <assay@example.com>", "ASSAY_SMTP_HOST="+post.Host, fmt.Sprint("ASSAY_SMTP_PORT=", post.Port), "ASSAY_SMTP_TLS=none", "ASSAY_MAIL_DOMAINS=example.com")
	v := visit(t, h).setUp(h)
	connection := v.connect(evil, "sqlite://"+liteFile(t, hostileTable()))

	t.Log("names that are too long or have lines are refused or kept in one line")
	for _, w := range hostileWords {
		v.post("/questions", url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "name": {w}, "sql": {"select 1 as n"}})
		switch v.status {
		case http.StatusUnprocessableEntity:
			v.unhurt()
		case http.StatusOK:
			v.unhurt()
			v.look(v.at.Path + ".csv").offered()
		default:
			t.Errorf("a question called %.40q: %d", w, v.status)
		}
	}
	const name = `=1+1 ../../</svg>]]><script>window.__xss=1</script> __proto__`
	all := v.save(connection, name, `select word, kind, "__proto__", "=1+1", "</script><svg onload=1>" from words order by 3`, "", `{"kind":"table"}`)
	drawnID := v.save(connection, "Drawn "+name, `select word, "__proto__" from words order by 2`, "", `{"kind":"bar","title":"</svg><script>window.__xss=1</script>"}`)
	series := v.save(connection, "Series "+name, `select word, kind, "__proto__" as n from words`, "", `{"kind":"stacked"}`)

	text := "# " + evil + "\n\n"
	for _, w := range hostileWords[:len(hostileWords)-1] {
		text += "* " + strings.ReplaceAll(strings.Join(strings.Fields(w), " "), "{{", `\{{`) + "\n"
	}
	words := text
	text += "\n<script>window.__xss=1</script> [a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) ![d](http://evil.example/pixel.png) <b>e</b> {{value " + drawnID + " row=1 column=word}}\n\n"
	for _, q := range []string{"```chart\nquestion: " + drawnID, "```chart\nquestion: " + series, "```table\nquestion: " + all} {
		text += q + "\ntitle: " + name + "\ncaption: " + evil + "\n```\n\n"
	}
	report := v.writeReport(fields{"name": name, "subtitle": evil, "text": text})
	board := v.board(name, map[string]any{"cards": []card{
		{"id": "a", "question": drawnID, "title": evil, "w": 6, "h": 5}, {"id": "b", "question": series, "x": 6, "w": 6, "h": 5},
		{"id": "c", "question": all, "y": 5, "w": 6, "h": 5}, {"id": "d", "kind": "text", "text": words, "x": 6, "y": 5, "w": 6, "h": 5}}})

	t.Log("pages and files")
	v.open(report).unhurt().open(report + "/print").unhurt()
	v.complete(board + "?all=1&x.word=" + url.QueryEscape(evil)).unhurt()
	v.complete(board + "?all=1").unhurt()
	v.open(board + "/print").unhurt()
	for _, at := range []string{report, board} {
		v.open(at + ".pdf").offered()
		file := inert(t, []byte(v.body))
		if words := bareWords(file.Tree.Words); !strings.Contains(words, "window.__xss=1") || !strings.Contains(words, "]]>") {
			t.Errorf("the words are missing in the file of %s", at)
		}
	}
	for _, id := range []string{drawnID, series} {
		v.open("/questions/" + id + ".svg")
		for d := xml.NewDecoder(strings.NewReader(v.body)); ; {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("the drawing is no XML: %v", err)
			}
			if e, ok := token.(xml.StartElement); ok {
				if slices.Contains([]string{"script", "foreignObject", "image", "use", "a"}, e.Name.Local) || slices.ContainsFunc(e.Attr, func(a xml.Attr) bool { return strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" }) {
					t.Errorf("the drawing has %v", e)
				}
			}
		}
	}

	t.Log("tables for programs that calculate")
	v.open("/questions/" + all + ".csv").offered()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(v.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != len(hostileWords)+1 {
		t.Fatalf("the CSV has %d rows: %v", len(rows), err)
	}
	number := regexp.MustCompile(`^-?[0-9.]+$`)
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) && !number.MatchString(cell) {
				t.Errorf("a cell of the CSV is a formula: %.40q", cell)
			}
		}
	}
	v.open("/questions/" + all + ".xlsx").offered()
	book, err := excelize.OpenReader(strings.NewReader(v.body))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	found := 0
	for _, sheet := range book.GetSheetList() {
		cells, err := book.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for r, row := range cells {
			for c, value := range row {
				at, _ := excelize.CoordinatesToCellName(c+1, r+1)
				if f, err := book.GetCellFormula(sheet, at); f != "" || err != nil {
					t.Errorf("%s is the formula %q: %v", at, f, err)
				}
				if value == "=1+1" {
					found++
				}
			}
		}
	}
	if found < 2 {
		t.Errorf("%d cells hold the word =1+1", found)
	}

	t.Log("links")
	guest := visit(t, h)
	for _, object := range []string{report, board, "/questions/" + all} {
		link := v.share(object, fields{"name": evil, "download": "on"})
		guest.open(link).unhurt()
		guest.open(link + ".pdf").offered()
		inert(t, []byte(guest.body))
	}

	t.Log("mails and channels")
	v.open("/admin/channels/new").submit("main form", "", fields{"name": evil, "kind": "webhook", "url": hook.URL + "/hook"}).expect(http.StatusOK).unhurt()
	v.open("/admin/channels/new").submit("main form", "", fields{"name": "Slack", "kind": "slack", "url": hook.URL + "/slack"}).expect(http.StatusOK)
	v.open("/schedules/new?report=" + strings.TrimPrefix(report, "/reports/"))
	form := v.controls(v.doc.Find(".schedule-form"))
	form.Set("subject", name+"\r\nBcc: eve@evil.example")
	form.Set("name", name+"\r\nX-Evil: yes")
	form.Set("note", evil+"\r\n.\r\n"+hostileWords[16])
	form.Set("mails", "boss@example.com")
	form.Set("attach", "pdf")
	form.Set("do", "save")
	v.doc.Find("[aria-label=Channels] input").Each(func(_ int, s *goquery.Selection) { form.Add(s.AttrOr("name", ""), s.AttrOr("value", "")) })
	v.post("/schedules", form, "Sec-Fetch-Site", "same-origin")
	if v.status == http.StatusUnprocessableEntity { // a line break is refused: without it
		form.Set("subject", name)
		form.Set("name", name)
		v.post("/schedules", form, "Sec-Fetch-Site", "same-origin")
	}
	at := v.expect(http.StatusOK).unhurt().at.Path
	v.submit("form[action$='/run']", "", nil).expect(http.StatusOK)
	eventually(t, "the run to end", func() bool { return v.open(at).doc.Find(".run .badge").First().Text() == "done" })
	v.unhurt()
	list := post.Accepted()
	for _, a := range list {
		if a.To != "boss@example.com" && a.To != "ada@example.com" {
			t.Errorf("a mail went to %s", a.To)
		}
		head, _, _ := strings.Cut(string(a.Raw), "\r\n\r\n")
		for _, line := range strings.Split(head, "\r\n") {
			field, _, ok := strings.Cut(line, ":")
			if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") && (!ok || slices.Contains([]string{"bcc", "x-evil"}, strings.ToLower(field))) {
				t.Errorf("the mail's head has the line %q", line)
			}
		}
		if strings.Count(strings.ToLower("\r\n"+head), "\r\nsubject:") != 1 {
			t.Errorf("the mail's head is %q", head)
		}
		for _, p := range partsOf(t, a) {
			if p.name != "" {
				safeName(t, p.name)
			}
			switch p.kind {
			case "application/pdf":
				inert(t, p.body)
			case "text/html":
				doc, err := goquery.NewDocumentFromReader(bytes.NewReader(p.body))
				if err != nil {
					t.Fatal(err)
				}
				if n := doc.Find("script, iframe, object, embed, form, link, svg, [onerror], [onload], a[href^='javascript' i], a[href^='data' i]").Length(); n > 0 {
					t.Errorf("the mail holds %d elements that words became", n)
				}
				doc.Find("img").Each(func(_ int, s *goquery.Selection) {
					if !strings.HasPrefix(s.AttrOr("src", ""), "cid:") {
						t.Errorf("the mail fetches %s", s.AttrOr("src", ""))
					}
				})
			}
		}
	}
	if n, _ := got(post, "boss@example.com"); n != 1 {
		t.Errorf("%d mails came", n)
	}
	channels.mu.Lock()
	defer channels.mu.Unlock()
	var told struct{ Title, Text string }
	if err := json.Unmarshal(channels.sent["/hook"], &told); err != nil || told.Title != name || !strings.Contains(told.Text, "window.__xss=1") {
		t.Errorf("the webhook got %.300q: %v", channels.sent["/hook"], err)
	}
	var slack struct {
		Text   string
		Blocks []struct{ Text struct{ Type, Text string } }
	}
	if err := json.Unmarshal(channels.sent["/slack"], &slack); err != nil || len(slack.Blocks) < 3 {
		t.Errorf("Slack got %.300q: %v", channels.sent["/slack"], err)
	}
	for _, b := range slack.Blocks {
		if b.Text.Type == "mrkdwn" && strings.ContainsAny(b.Text.Text, "<>") || strings.Contains(slack.Text, "<") {
			t.Errorf("Slack would take %.200q for its own signs", b.Text.Text)
		}
	}

	t.Log("the content as files")
	out := filepath.Join(t.TempDir(), "work")
	h.command(t, "", "export", out)
	plain := regexp.MustCompile(`^([a-z0-9_.-]+/)*[a-z0-9][a-z0-9_.-]*$`)
	files := textsIn(t, out)
	for file := range files {
		if !plain.MatchString(file) || strings.Contains(file, "..") || len(file) > 200 {
			t.Errorf("the content has the file %.100q", file)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(out)); err != nil || len(entries) != 1 || len(files) < 6 {
		t.Errorf("beside the content there are %d files: %v", len(entries), err)
	}
	if said := h.command(t, "", "apply", out, "--dry-run"); !strings.Contains(said, "nothing to change") {
		t.Errorf("the content, applied as it is, would change: %.500s", said)
	}

	t.Log("in a browser, drawn by its own script")
	b := open(t, chromium(t), h)
	b.signIn(v)
	for _, path := range []string{report, report + "/print", board, board + "/edit", at, "/questions/" + drawnID, "/questions/" + series, "/questions/" + all + "/versions"} {
		b.goTo(path)
		b.holds(`!document.querySelector('#board [aria-busy]')`)
		if got := b.value(`document.querySelectorAll('img[src=x], main script, main b, a[href^="javascript" i]').length`); got != "0" {
			t.Errorf("%s has %s elements that words became", path, got)
		}
	}
	b.goTo("/questions/" + series)
	b.do(chromedp.Click("[data-action=interactive]", chromedp.ByQuery))
	b.holds(`document.querySelector('.chart-live svg, .chart-live canvas')`)
	if got := b.value(`Object.keys(Object.prototype).length + ' ' + typeof ({}).n`); got != "0 undefined" {
		t.Errorf("every object has got something: %s", got)
	}
	b.sound()
}
