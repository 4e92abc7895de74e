package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	printing "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	reader "github.com/ledongthuc/pdf"

	"assay/app/pdf/pdftest"
)

// paper prints the page in the tab as the browser does, and returns its words
// without spaces.
func (b *tab) paper() string {
	b.t.Helper()
	var file []byte
	b.holds(`document.readyState === 'complete'`)
	b.do(emulation.SetScriptExecutionDisabled(false)) // it prints nothing without; the page is not loaded anew
	b.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		file, _, err = printing.PrintToPDF().WithPreferCSSPageSize(true).WithPrintBackground(true).Do(ctx)
		return err
	}))
	r, err := reader.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		b.t.Fatal(err)
	}
	plain, err := r.GetPlainText()
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		b.t.Fatal(err)
	}
	return bareWords(string(text))
}

// TestWorkOfAMorning is one analyst's way through everything, in a browser: a
// dashboard made, arranged by keyboard, filtered and drilled into, a report
// written, shared, scheduled and printed; each page is looked at by axe on the way.
func TestWorkOfAMorning(t *testing.T) {
	browser, script := chromium(t), axe(t)
	h, demo, post := sampleHouse(t)
	_, v := demo.invite(t, h, "grace@example.com", "Grace", "analyst", nil)
	b := open(t, browser, h)
	b.signIn(v)
	looked := func(name string) {
		t.Helper()
		b.holds(`!document.querySelector('[aria-busy=true]')`)
		b.run(script)
		b.accessible(name, false)
		b.sound()
	}
	leave := func(run, title string) {
		t.Helper()
		b.run("window.leaving = true; " + run)
		b.arrive(title)
	}

	t.Log("arrange, by keyboard")
	b.goTo("/dashboards/new")
	b.enter("#name", "Monday")
	b.press("main form .btn-primary", "Arrange Monday")
	for _, name := range []string{"Revenue by month", "Refund rate by month"} {
		b.enter("#find", name)
		b.press("button[value=find]", "Arrange Monday")
		leave(`[...document.querySelectorAll('.edit-found button')].find((n) => n.textContent.trim() === `+quoteJS(name)+`).click()`, "Arrange Monday")
		b.holds(`[...document.querySelectorAll('.edit-name')].some((n) => n.textContent === ` + quoteJS(name) + `)`)
	}
	b.run(`[...document.querySelectorAll('.edit-name')].find((n) => n.textContent === 'Refund rate by month').focus()`)
	before := b.value(`document.querySelector('#edit-said').textContent`)
	b.do(chromedp.KeyEvent(kb.ArrowDown, chromedp.KeyModifiers(8)))
	b.holds(`document.querySelector('#edit-said').textContent.includes(' high') && document.querySelector('#edit-said').textContent !== ` + quoteJS(before))
	b.do(chromedp.KeyEvent(kb.ArrowLeft, chromedp.KeyModifiers(8)))
	b.holds(`document.querySelector('#edit-said').textContent.includes('5 wide') || document.querySelector('#edit-said').textContent.includes('wide')`)
	size := b.value(`(() => { const c = document.activeElement.closest('.edit-card'); return ['w', 'h'].map((k) => c.querySelector('[data-place=' + k + ']').value).join(' by ') })()`)
	looked("arranging")
	b.press("button[value=save]", "Monday")
	board := b.value("location.pathname")
	looked("the dashboard")
	b.goTo(board + "/edit")
	if got := b.value(`(() => { const c = [...document.querySelectorAll('.edit-card')].find((n) => n.querySelector('.edit-name').textContent === 'Refund rate by month'); return ['w', 'h'].map((k) => c.querySelector('[data-place=' + k + ']').value).join(' by ') })()`); got != size {
		t.Errorf("the card was saved %s, arranged %s", got, size)
	}

	t.Log("filter")
	b.goTo(board + "/filters/new")
	b.enter("#label", "Period")
	b.run(`document.querySelector('#kind').value = 'date'`)
	looked("a new filter")
	b.run(`document.querySelector('main form:has(#label)').requestSubmit()`)
	b.holds(`document.querySelector('.notice-ok')?.textContent.includes('reaches')`)
	// Orders have several dates: which one counts is the analyst's to say.
	b.run(`{const s = [...document.querySelectorAll('select[name^="target."]')].find((n) => [...n.options].some((o) => /^c:(orders.)?ordered_at$/.test(o.value))); s.value = [...s.options].find((o) => /^c:(orders.)?ordered_at$/.test(o.value)).value; window.leaving = true; s.form.requestSubmit()}`)
	b.holds(`!window.leaving && document.querySelector('.notice-ok')?.textContent.includes('reaches 2 cards')`)
	b.goTo(board)
	months := `[...document.querySelectorAll('#board article')].find((n) => n.textContent.includes('Revenue by month'))`
	ready := `document.querySelectorAll('#board article').length === 2 && !document.querySelector('#board [aria-busy]') && ` + months + `.querySelector('.chart-data tbody')`
	b.holds(ready + ` && ` + months + `.querySelector('.chart-data tbody').rows.length === 36`)
	b.run(`window.stayed = true`)
	b.do(chromedp.SendKeys(`form.board-filters input[name^="f."]`, "2025\r", chromedp.ByQuery))
	b.holds(`location.search.includes('2025') && ` + ready + ` && ` + months + `.querySelector('.chart-data tbody').rows.length === 12`)
	looked("a narrowed dashboard")

	t.Log("drill")
	leave(months+`.querySelector('.chart-data tbody tr:last-child td:nth-child(2) a').click()`, "Rows behind Revenue by month")
	b.holds(`document.querySelector('.rows-marks').textContent.includes('2025-12-01') && document.querySelector('#result tbody tr')`)
	looked("the rows behind a mark")

	t.Log("write")
	b = open(t, browser, h) // a tab has its own time
	b.goTo("/reports/new")
	b.enter("#name", "Monday's report")
	b.run(`document.querySelector('#insert').value = 'Revenue by month'`)
	b.do(chromedp.Click(`button[value=insert-chart]`, chromedp.ByQuery))
	b.holds("document.querySelector('#text').value.includes('question: Revenue by month')")
	b.do(chromedp.SendKeys("#text", "\n\nThe last month stands at {{value \"Revenue by month\" row=last column=revenue}}.", chromedp.ByQuery))
	b.holds(`document.querySelector('#preview .chart-drawing svg') && document.querySelector('#preview .claim')`)
	looked("writing")
	b.press(`button[value=save]`, "Monday's report")
	report := b.value("location.pathname")
	claim := b.value(`document.querySelector('.doc a.claim').textContent`)
	if claim != "€196,136.86" {
		t.Errorf("the report says %q", claim)
	}
	looked("the report")

	t.Log("share")
	b = open(t, browser, h) // a tab has its own time
	b.goTo(report + "/share")
	b.run(`document.querySelector('[name=download]').checked = true`)
	looked("sharing")
	b.press("main form .btn-primary", "The link is made")
	link := b.value(`document.querySelector('#link').textContent`)
	looked("the link")
	to, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	guest := visit(t, h)
	guest.open(to.Path).says("h1", "Monday's report").says(".doc .claim", claim)
	b.goTo(to.Path)
	looked("the shared report")

	t.Log("schedule")
	b.goTo("/schedules/new?report=" + strings.TrimPrefix(report, "/reports/"))
	b.enter("#mails", "board@example.com")
	b.run(`document.querySelector('[name=attach][value=pdf]').checked = true`)
	looked("scheduling")
	b.press(".schedule-form .btn-primary", "Monday's report")
	b.run(`window.leaving = true; document.querySelector("form[action$='/run'] button").click()`)
	b.holds(`!window.leaving && document.querySelector('.run .badge')?.textContent === 'done'`)
	looked("the schedule")
	if n, _ := got(post, "board@example.com"); n != 1 {
		t.Errorf("%d mails arrived", n)
	}

	t.Log("print")
	b = open(t, browser, h) // a tab has its own time
	b.goTo(report)
	leave(`document.querySelector('a[href$="/print"]').click()`, "Monday's report")
	looked("the page for paper")
	if got := b.paper(); !strings.Contains(got, "Thelastmonthstandsat"+claim) {
		t.Errorf("the printed report says %.500q", got)
	}
	v.open(b.value(`document.querySelector('.paper-bar a[href*=".pdf"]').getAttribute('href')`))
	if words := bareWords(pdftest.Read(t, []byte(v.body)).Tree.Words); !strings.Contains(words, "Thelastmonthstandsat"+claim) {
		t.Errorf("the PDF says %.500q", words)
	}
	b.goTo(board + "/print")
	looked("the dashboard for paper")

	t.Log("on a phone")
	b.size(390, 844)
	for _, path := range []string{board, report, report + "/print", to.Path, report + "/share"} {
		b.goTo(path)
		looked(path + " on a phone")
	}
}

// visitPage goes to an address in a tab whose pages run no scripts.
func (b *tab) visitPage(path string) {
	b.t.Helper()
	b.do(chromedp.ActionFunc(func(ctx context.Context) error { // which does not wait for a page that soon comes again
		_, _, _, _, err := printing.Navigate(b.base + path).Do(ctx)
		return err
	}))
	b.holds(`location.href.endsWith(` + quoteJS(path) + `)`)
	b.plain()
}

// plain expects a page that ran no script.
func (b *tab) plain() {
	b.t.Helper()
	b.holds(`document.querySelector('main')`)
	if b.value(`document.documentElement.classList.contains('js')`) != "false" {
		b.t.Fatal("the page runs scripts")
	}
}

// click presses what a selector finds, with the mouse, and waits for a page whose
// address holds the words.
func (b *tab) click(selector, address string) {
	b.t.Helper()
	b.do(chromedp.ScrollIntoView(selector, chromedp.ByQuery), chromedp.Click(selector, chromedp.ByQuery))
	b.holds(fmt.Sprintf(`document.querySelector('main') && location.href.includes(%s)`, quoteJS(address)))
}

// text waits for what a selector finds and returns its words.
func (b *tab) text(selector string) string {
	b.t.Helper()
	b.holds(fmt.Sprintf(`document.querySelector(%s)?.innerText`, quoteJS(selector)))
	return b.value(fmt.Sprintf(`document.querySelector(%s).innerText`, quoteJS(selector)))
}

// TestReadingWithoutScriptsInABrowser: reading, filtering, drilling, sharing and
// printing need no script.
func TestReadingWithoutScriptsInABrowser(t *testing.T) {
	browser := chromium(t)
	h, v, _ := sampleHouse(t)
	b := open(t, browser, h)
	b.signIn(v)
	b.do(emulation.SetScriptExecutionDisabled(true))
	board, report := v.named("/dashboards", "Trading overview"), v.named("/reports", "Monthly review")

	t.Log("read")
	// Each card is asked once before: on a busy machine all of them together take
	// longer than a test waits.
	for _, id := range []string{"revenue", "orders", "basket", "refunds", "months", "categories", "products", "countries", "hours"} {
		eventually(t, "the card "+id, func() bool { return v.open(board+"/cards/"+id).doc.Find("[aria-busy]").Length() == 0 })
	}
	b.visitPage(board)
	cards := `document.querySelectorAll('#board article:not([aria-busy])').length`
	b.holds(cards + ` === 10`)
	if got := b.value(`[...document.querySelectorAll('#board .chart-drawing')].filter((n) => [...n.querySelectorAll('svg')].some((s) => s.getBoundingClientRect().height > 80)).length`); got != "5" {
		t.Errorf("%s drawings are seen", got)
	}
	if got := b.text("#card-revenue .bignumber-value"); got != "€196,136.86" {
		t.Errorf("revenue is %s", got)
	}
	if got := b.value(`[...document.querySelectorAll('.needs-js')].filter((n) => n.getBoundingClientRect().height > 0).length`); got != "0" {
		t.Errorf("%s things are shown that need a script", got)
	}

	t.Log("filter")
	b.do(chromedp.SendKeys(`form.board-filters [name="f.period"]`, "2025", chromedp.ByQuery))
	b.do(chromedp.Click(`form.board-filters [name="f.period"]`, chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
	b.holds(`location.search.includes('f.period=2025')`)
	b.plain()
	b.holds(cards + ` === 10 && document.querySelector('#card-months .chart-data tbody').rows.length === 12`)

	t.Log("drill")
	b.do(chromedp.Click(`#card-months .chart-data summary`, chromedp.ByQuery))
	b.click(`#card-months .chart-data tbody tr:last-child td:nth-child(2) a`, "/rows")
	b.holds(`document.querySelector('h1').innerText.includes('Rows behind Revenue by month') && document.querySelector('#result tbody tr')`)

	t.Log("the report, and where a figure comes from")
	b.visitPage(report)
	const basket = ".doc p a.claim:nth-of-type(3)"
	claim := b.text(basket)
	b.click(basket, "#marked")
	if got := b.text("tr.is-marked td.is-evidence"); got != strings.TrimPrefix(claim, "€") {
		t.Errorf("the report says %s, the marked cell %s", claim, got)
	}
	b.visitPage(report + "?p.month=2026-08-01")
	if got := b.text(basket); got == claim {
		t.Errorf("another month says %s too", got)
	}

	t.Log("share")
	b.visitPage(report + "/share")
	b.click(`main form .btn-primary`, "/share")
	b.holds(`document.querySelector('#link')`)
	to, err := url.Parse(b.text("#link"))
	if err != nil {
		t.Fatal(err)
	}
	b.visitPage(to.Path)
	if got := b.text(".doc p .claim:nth-of-type(3)"); got != claim {
		t.Errorf("the shared page says %s", got)
	}

	t.Log("print")
	b.visitPage(report + "/print")
	if got := b.paper(); !strings.Contains(got, "Anorderwasworth"+claim+"onaverage") {
		t.Errorf("the printed report says %.500q", got)
	}
	b.do(emulation.SetScriptExecutionDisabled(true))
	b.visitPage(board + "/print")
	if got := b.paper(); !strings.Contains(got, "€196,136.86") {
		t.Errorf("the printed dashboard says %.500q", got)
	}
	b.sound()
}
