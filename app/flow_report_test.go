package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	printing "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"assay/app/account"
)

// ask saves a written question and returns its id.
func (v *visitor) ask(connection, name, sql string) string {
	v.t.Helper()
	v.post("/questions", url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "name": {name}, "sql": {sql}, "chart": {`{"unit":{"total":"EUR"}}`}}).expect(http.StatusOK)
	return strings.TrimPrefix(v.at.Path, "/questions/")
}

// writeReport saves a report and returns its address.
func (v *visitor) writeReport(values fields) string {
	v.t.Helper()
	v.open("/reports/new").submit("#report-form", "do=save", values).expect(http.StatusOK)
	return v.at.Path
}

const salesText = `# Sales

The best state is {{value "By state" row=first column=status}} with {{value "By state" row=first column=total}}; paid orders came to {{value "By state" where status=paid column=total format=whole}}.

` + "```chart\nquestion: By state\ntitle: Totals\ncaption: Net\n```\n\n```table\nquestion: By state\ncolumns: status, total\n```\n\n```number\nquestion: By state\nrow: last\ncolumn: n\nwidth: half\n```\n\n```number\nquestion: At least\ncolumn: n\nwidth: half\n```\n" + `
## Trouble

None: {{value "By state" row=99 column=total}}, {{value "By state" row=1 column=nothing}}, {{value "No such question" column=x}}, {{value Twice column=n}}.

` + "```table\nquestion: Broken\n```\n\n<b>bold</b> [evil](javascript:alert(1)) for {{parameter least}}.\n"

const byState = "select status, count(*) as n, round(sum(total), 2) as total from orders group by 1 order by 3 desc"

func TestReportFlow(t *testing.T) {
	h := start(t, "serve")
	ada := visit(t, h).setUp(h)
	connection := ada.connect("Shop", "sqlite://"+liteFile(t, shop()))
	state := ada.ask(connection, "By state", byState)
	ada.ask(connection, "At least", "select count(*) as n from orders where total >= {{least:number=0}}")
	ada.ask(connection, "Broken", "select no_such_column from orders")
	ada.ask(connection, "Twice", "select 1 as n")
	ada.ask(connection, "Twice", "select 2 as n")

	t.Log("an empty list teaches, a wrong text is told by its lines, nothing is lost")
	ada.open("/reports").says("main", "Write what the figures mean").follow("main a", "Write a report")
	ada.submit("#report-form", "do=save", fields{"name": "Sales", "text": "one\n{{sum x}}"}).expect(http.StatusUnprocessableEntity).says("#text-error", "Line 2", "{{sum}}")
	if got := ada.value("text"); got != "one\n{{sum x}}" {
		t.Errorf("the text became %q", got)
	}
	ada.submit("#report-form", "do=insert-chart", fields{"text": "one", "insert": "By state"}).expect(http.StatusOK).says("#preview", "one", "By state")
	if got, want := ada.value("text"), "one\n\n```chart\nquestion: By state\n```\n"; got != want {
		t.Errorf("inserted: %q, want %q", got, want)
	}
	ada.submit("#report-form", "do=preview", fields{"text": salesText, "parameter.0.name": "least", "parameter.0.kind": "number", "parameter.0.default": "10"}).expect(http.StatusOK).says("#preview", "Totals", "No such row")

	ada.submit("#report-form", "do=save", fields{"name": "Sales", "subtitle": "By state", "folder": "Board"}).expect(http.StatusOK).says("h1", "Sales").says(".crumbs", "Board")
	report := ada.at.Path

	t.Log("every figure is the cell that it names")
	cells := map[string][]string{}
	ada.open("/questions/" + state)
	ada.doc.Find(".result table.data tbody tr").Each(func(_ int, s *goquery.Selection) {
		row := s.Find("td").Map(func(_ int, c *goquery.Selection) string { return strings.TrimSpace(c.Text()) })
		cells[row[0]] = row
	})
	if len(cells) < 2 {
		t.Fatalf("the question has the rows %q", cells)
	}
	ada.open(report)
	first := ada.doc.Find(".doc p a.claim").First().Text()
	second := ada.doc.Find(".doc p a.claim").Eq(1).Text()
	if want := "€" + cells[first][2]; second != want {
		t.Errorf("the report says %q of %s, the question %q", second, first, want)
	}
	if got, want := ada.words(".doc-number .bignumber-value"), fmt.Sprint(cells[last(ada)][1]); !strings.HasPrefix(got, want+" | ") {
		t.Errorf("the number is %q, the last row has %q", got, want)
	}
	ada.says(".claim-failed", "No such row", "No such column: nothing; there are status, n, total", "no question “No such question”", "2 questions are called “Twice”")
	ada.says(".doc", "<b>bold</b> evil for 10", "no_such_column").says(".doc .caption", "Net · Shop").says(".doc-figure-title", "Totals")
	ada.says(".doc-facts", "Shop", "least 10").says(".toc", "Trouble")
	if n := ada.doc.Find(".doc a[href^=javascript], .doc b, .doc script").Length(); n > 0 {
		t.Errorf("%d elements of the text became elements of the page", n)
	}
	before := ada.words(".doc-number .bignumber-value")
	ada.open(report+"?p.least=1000000").says(".doc", "for 1000000").says(".doc-facts", "least 1000000")
	if after := ada.words(".doc-number .bignumber-value"); after == before {
		t.Error("the parameter did not reach the question")
	}
	ada.open(report).follow(".doc a.claim", second).says("tr.is-marked td.is-evidence", strings.TrimPrefix(second, "€"))

	t.Log("print has captions and no rail")
	ada.open(report+"/print").says("h1", "Sales").says(".doc .caption", "Net · Shop · as of")
	if n := ada.doc.Find(".rail, nav[aria-label=Main]").Length(); n > 0 {
		t.Error("the page for paper has a rail")
	}
	if got := ada.words(".doc p .claim"); !strings.Contains(got, second) {
		t.Errorf("on paper it says %q, on the page %q", got, second)
	}
	style, _ := ada.doc.Find("body > link[rel=stylesheet]").Attr("href")
	ada.open(style)
	if !strings.Contains(ada.body, `content: "Sales"`) {
		t.Errorf("the running head: %s", ada.body)
	}
	ada.open("/paper.css?title=" + url.QueryEscape("\"; } body { display: none } é\n\\"))
	if strings.Count(ada.body, `"`) != 2 || strings.Count(ada.body, "{") != 2 || strings.Contains(ada.body, "\n") {
		t.Errorf("a title ends its string: %s", ada.body)
	}

	t.Log("versions are compared and brought back")
	ada.open(report+"/edit").submit("#report-form", "do=save", fields{"text": strings.Replace(salesText, "The best state", "The leading state", 1)}).says("[role=status]", "Version 2")
	ada.open(report+"/versions").says(".diff del", "best").says(".diff ins", "leading").says("h2", "From version 1 to version 2")
	ada.open(report+"/versions?from=2&to=2").says("main", "say the same")
	ada.look(report + "/versions?from=9&to=1").expect(http.StatusNotFound)
	ada.open(report+"/versions").submit("form[action$='/restore']", "", nil).says("[role=status]", "Version 1 is the newest again").says(".doc", "The best state")

	t.Log("the second to save sees the difference")
	h.command(t, password+"\n", "user", "create", "--email", "grace@example.com", "--name", "Grace", "--role", "analyst")
	grace := visit(t, h).signIn("grace@example.com")
	grace.open(report + "/edit")
	ada.open(report+"/edit").submit("#report-form", "do=save", fields{"text": strings.Replace(salesText, "# Sales", "# Sales of the year", 1)}).expect(http.StatusOK)
	grace.submit("#report-form", "do=save", fields{"text": strings.Replace(salesText, "## Trouble", "## Questions", 1)}).expect(http.StatusConflict).says("[role=alert]", "Ada saved version 4", "do not touch").says(".diff", "Questions")
	if got := grace.value("text"); !strings.Contains(got, "# Sales of the year") || !strings.Contains(got, "## Questions") {
		t.Errorf("the two changes were not put together: %q", got)
	}
	grace.submit("#report-form", "do=save", nil).expect(http.StatusOK).says("[role=status]", "Version 5").says(".doc h2", "Sales of the year").says(".doc h3", "Questions")
	grace.open(report + "/edit")
	ada.open(report+"/edit").submit("#report-form", "do=save", fields{"text": "mine"}).expect(http.StatusOK)
	grace.submit("#report-form", "do=save", fields{"text": "yours"}).expect(http.StatusConflict).says("[role=alert]", "same lines").says(".diff", "mine", "yours")
	if got := grace.value("text"); got != "yours" {
		t.Errorf("what Grace wrote became %q", got)
	}

	t.Log("a viewer reads and does not write")
	h.command(t, password+"\n", "user", "create", "--email", "vera@example.com", "--name", "Vera", "--role", "viewer")
	vera := visit(t, h).signIn("vera@example.com")
	vera.open(report).says("h1", "Sales")
	if vera.doc.Find(".page-actions a").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.Text() == "Edit" }).Length() > 0 {
		t.Error("a viewer is offered to edit")
	}
	vera.look(report + "/edit").expect(http.StatusForbidden)
	vera.post(report, url.Values{"text": {"x"}, "name": {"x"}, "version": {"6"}}, "Sec-Fetch-Site", "same-origin").expect(http.StatusForbidden)
	vera.open(report + "/versions")
	vera.post(report+"/delete", nil, "Sec-Fetch-Site", "same-origin").expect(http.StatusForbidden)

	t.Log("removed it is gone")
	ada.open(report).submit("form[action$='/delete']", "", nil).says("[role=status]", "removed")
	ada.look(report).expect(http.StatusNotFound)
}

// last returns the status of the last row of the report's table.
func last(v *visitor) string {
	return strings.TrimSpace(v.doc.Find(".doc-figure > .table-wrap tbody tr").Last().Find("td").First().Text())
}

func TestSnapshotsKeepTheirFigures(t *testing.T) {
	h := start(t, "serve")
	ada := visit(t, h).setUp(h)
	file := liteFile(t, shop())
	connection := ada.connect("Shop", "sqlite://"+file)
	state := ada.ask(connection, "By state", byState)
	report := ada.writeReport(fields{"name": "Sales", "text": "Paid: {{value \"By state\" where status=paid column=n}}.\n\n```chart\nquestion: By state\n```\n"})
	live := ada.words(".doc p")
	ada.open(report+"/snapshots").says("main", "no snapshot")
	ada.submit("main form", "", fields{"name": "For the board"}).expect(http.StatusOK).says("[role=status]", "kept").says(".notice-info", "For the board")
	shot := ada.at.Path
	if ada.doc.Find(".doc svg").Length() == 0 || ada.doc.Find("[data-option-url]").Length() > 0 {
		t.Error("a snapshot has its drawing, and none that fetches newer figures")
	}
	ada.open("/questions/" + state)
	ada.post("/questions/"+state, url.Values{"version": {"1"}, "connection": {strings.TrimPrefix(connection, "/connections/")}, "sql": {"select 'paid' as status, -5 as n, 1 as total"}}).expect(http.StatusOK)
	ada.open(report).says(".doc p", "-5")
	ada.open(shot)
	if got := ada.words(".doc p:not(.caption, .doc-figure-title)"); !strings.HasPrefix(live, got) && !strings.HasPrefix(got, strings.Split(live, " | ")[0]) {
		t.Errorf("the snapshot says %q, it was %q", got, live)
	}
	ada.open(shot+"/print").says(".doc", strings.Split(live, " | ")[0])

	t.Log("who sees less of the connection does not see it, unless it was given")
	h.command(t, password+"\n", "user", "create", "--email", "vera@example.com", "--name", "Vera", "--role", "viewer")
	vera := visit(t, h).signIn("vera@example.com")
	vera.open(shot)
	ada.limitOrders(connection)
	vera.look(shot).expect(http.StatusForbidden)
	vera.look(shot + "/print").expect(http.StatusForbidden)
	vera.open(report+"/snapshots").says("main", "no snapshot that you may see")
	ada.open(report+"/snapshots").submit("main form", "", fields{"name": "Given", "given": "yes"}).expect(http.StatusOK)
	given := ada.at.Path
	vera.open(given).says(".notice-info", "Given")
	vera.post(given+"/delete", nil, "Sec-Fetch-Site", "same-origin").expect(http.StatusForbidden)
	other := ada.writeReport(fields{"name": "Other", "text": "x"})
	ada.look(other + "/snapshots/" + given[strings.LastIndex(given, "/")+1:]).expect(http.StatusNotFound)
	ada.open(given).submit("form[action$='/delete']", "", nil).says("[role=status]", "removed")
	ada.look(given).expect(http.StatusNotFound)
	ada.open("/admin/audit").says("main", "report.freeze")
}

// limitOrders hides orders from everyone by a rule.
func (v *visitor) limitOrders(connection string) {
	v.t.Helper()
	v.open("/admin/rules/new?connection=" + strings.TrimPrefix(connection, "/connections/") + "&table=orders")
	v.submit("main form", "do=save", fields{"f.0.column": "status", "f.0.value": "paid"}).expect(http.StatusOK)
}

// TestAttackReportsWithHostileNames: names and values of a database and of people stay text.
func TestAttackReportsWithHostileNames(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect(evil, "sqlite://"+liteFile(t, hostileScript()))
	id := v.ask(connection, evil, "select '"+strings.ReplaceAll(evil, "'", "''")+"' as "+quoted(evil)+", 1 as n")
	text := "# " + evil + "\n\n" + evil + " {{value " + id + " row=1 column=n}} {{value " + id + " row=1 where n=1}} {{parameter x}}\n\n"
	for _, kind := range []string{"chart", "table"} {
		text += "```" + kind + "\nquestion: " + id + "\ntitle: " + evil + "\ncaption: " + evil + "\n```\n\n"
	}
	text += "```finding\ntitle: " + evil + "\n\n" + evil + "\n```\n\n```table\nquestion: " + evil + "\n```\n"
	report := v.writeReport(fields{"name": evil, "subtitle": evil, "folder": "x", "text": text, "parameter.0.name": "x", "parameter.0.label": evil, "parameter.0.default": evil})
	v.open(report+"/snapshots").submit("main form", "", fields{"name": evil}).expect(http.StatusOK)
	shot := v.at.Path
	b := open(t, chromium(t), h)
	b.signIn(v)
	for _, path := range []string{report, report + "/edit", report + "/print", report + "/versions", report + "/snapshots", shot, shot + "/print", "/reports", report + "?p.x=" + url.QueryEscape(evil)} {
		b.goTo(path)
		if got := b.value(`document.querySelectorAll('img, main script, main b').length`); got != "0" {
			t.Errorf("%s has %s elements of the names", path, got)
		}
	}
	b.sound()
}

func TestReportsInABrowser(t *testing.T) {
	browser := chromium(t)
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", "sqlite://"+liteFile(t, shop()))
	v.ask(connection, "By state", byState)
	v.ask(connection, "At least", "select count(*) as n from orders where total >= {{least:number=0}}")
	v.ask(connection, "Broken", "select no_such_column from orders")
	b := open(t, browser, h)
	b.signIn(v)

	b.goTo("/reports/new")
	b.enter("#name", "Sales")
	b.run(`(() => { const s = document.querySelector('#insert'); s.value = 'By state'; const t = document.querySelector('#text'); t.value = 'Before\n\nAfter'; t.selectionStart = t.selectionEnd = 8 })()`)
	b.do(chromedp.Click(`button[value=insert-chart]`, chromedp.ByQuery))
	b.holds("document.querySelector('#text').value === 'Before\\n\\n```chart\\nquestion: By state\\n```\\n\\nAfter'")
	b.holds(`document.querySelector('#preview .chart-drawing svg') && document.querySelector('#preview').textContent.includes('After')`)
	b.do(chromedp.SendKeys("#text", " that", chromedp.ByQuery))
	b.holds(`document.querySelector('#preview').textContent.includes('that')`)
	b.run(`document.querySelector('#text').value = ` + quoteJS(salesText) + `; document.querySelector('#parameter-0-name').value = 'least'; document.querySelector('#parameter-0-default').value = '10'`)
	b.do(chromedp.Click(`button[value=preview]`, chromedp.ByQuery))
	b.holds(`document.querySelector('#preview').textContent.includes('Trouble')`)
	b.press(`button[value=save]`, "Sales")
	report := b.value("location.pathname")
	b.do(chromedp.Click(".doc [data-action=interactive]", chromedp.ByQuery))
	b.holds(`document.querySelector('.doc .chart-live svg')`)
	v.open(report+"/edit").submit("#report-form", "do=save", fields{"subtitle": "By state", "contents": "yes"}).expect(http.StatusOK)
	v.open(report+"/snapshots").submit("main form", "", fields{"name": "March"}).expect(http.StatusOK)
	shot := v.at.Path

	script := axe(t)
	for _, width := range []int64{1440, 390} {
		for _, scheme := range []string{"light", "dark"} {
			b.size(width, 900)
			b.scheme(scheme)
			for _, path := range []string{"/reports", "/reports/new", report, report + "/edit", report + "/versions", report + "/print", report + "/snapshots", shot} {
				b.goTo(path)
				b.run(script)
				b.accessible(fmt.Sprintf("%s at %d, %s", path, width, scheme), scheme == "dark")
			}
		}
	}
	b.sound()

	var paper []byte
	b.goTo(report + "/print")
	b.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		paper, _, err = printing.PrintToPDF().WithPreferCSSPageSize(true).WithPrintBackground(true).Do(ctx)
		return err
	}))
	if len(paper) < 1000 {
		t.Errorf("the printed report has %d bytes", len(paper))
	}
	if at := os.Getenv("ASSAY_TEST_KEEP"); at != "" {
		if err := os.WriteFile(at+"/report.pdf", paper, 0o600); err != nil {
			t.Error(err)
		}
	}
}

// TestReportsRightsFollowTheReader: a report shows each reader what they may see.
func TestReportsRightsFollowTheReader(t *testing.T) {
	h := start(t, "serve")
	ada := visit(t, h).setUp(h)
	connection := ada.connect("Shop", "sqlite://"+liteFile(t, shop()))
	ada.ask(connection, "States", "select count(distinct status) as n from orders")
	report := ada.writeReport(fields{"name": "Sales", "text": "There are {{value States}}."})
	all := ada.words(".doc a.claim")
	h.command(t, password+"\n", "user", "create", "--email", "vera@example.com", "--name", "Vera", "--role", string(account.Viewer))
	vera := visit(t, h).signIn("vera@example.com")
	if got := vera.open(report).words(".doc a.claim"); got != all {
		t.Errorf("the viewer reads %q, the administrator %q", got, all)
	}
	ada.limitOrders(connection)
	if got := vera.open(report).words(".doc a.claim"); got != "1" {
		t.Errorf("under a rule the viewer reads %q, want 1", got)
	}
	if got := ada.open(report).words(".doc a.claim"); got != all {
		t.Errorf("the administrator reads %q after somebody else did, want %q", got, all)
	}
}
