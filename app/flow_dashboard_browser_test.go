package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestDashboardInABrowser(t *testing.T) {
	browser := chromium(t)
	script := axe(t)
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", "sqlite://"+liteFile(t, shop()))
	at := salesBoard(v, connection)
	b := open(t, browser, h)
	b.signIn(v)
	ready := `!document.querySelector('#board [aria-busy]') && document.querySelectorAll('#board article').length === 4`
	b.goTo(at)
	b.holds(ready)

	t.Log("a mark's menu, and the dashboard narrowed to the mark")
	b.holds(`document.querySelector('#card-months.is-clickable')`)
	press := func(selector string) {
		t.Helper()
		b.run(`{const m = document.querySelector('` + selector + `'), r = m.getBoundingClientRect(); m.dispatchEvent(new MouseEvent('click', {bubbles: true, clientX: r.x + r.width / 2, clientY: r.y + r.height / 2}))}`)
		b.holds(`document.querySelector('.mark-menu:popover-open a')`)
	}
	press(`#card-months .only-wide [data-m="1.1"]`)
	if got := b.value(`document.querySelector('.mark-menu').innerText`); !strings.Contains(got, "Feb 2024") || !strings.Contains(got, "See its rows") {
		t.Errorf("the mark's menu says %q", got)
	}
	b.run(`window.leaving = true; [...document.querySelectorAll('.mark-menu a')].find((a) => a.textContent.startsWith('Only')).click()`)
	b.arrive("Sales")
	b.holds(ready)
	if got := b.value(`new URLSearchParams(location.search).get('f.when')`); got != "2024-02-01 to 2024-02-29" {
		t.Errorf("the mark leads to %s", b.value("location.href"))
	}
	b.holds(`document.querySelectorAll('#card-months .chart-data tbody tr').length === 1`)

	t.Log("a filter swaps the cards alone")
	b.goTo(at)
	b.holds(ready)
	b.run(`window.stayed = true; document.querySelector('.board-many').open = true; document.querySelector('.board-many input[value=open]').click()`)
	b.holds(`location.search.includes('f.status=open') && window.stayed`)
	b.holds(ready + ` && document.querySelector('#card-states .chart-data tbody').rows.length === 1`)
	if got := b.value(`document.querySelector('.board-many summary').innerText`); got != "open" {
		t.Errorf("the list says %q", got)
	}
	b.run(`history.back()`)
	b.holds(`!location.search.includes('f.status')`)

	t.Log("from a mark to its rows")
	b.goTo(at)
	b.holds(ready + ` && document.querySelector('#card-countries.is-clickable')`)
	press(`#card-countries .only-wide [data-m="0.1"]`)
	b.run(`window.leaving = true; [...document.querySelectorAll('.mark-menu a')].find((a) => a.textContent === 'See its rows').click()`)
	b.arrive("Rows behind Revenue by country")
	b.sound()

	t.Log("arranged by keyboard")
	b.goTo(at + "/edit")
	b.holds(`document.querySelector('.edit-flat')`)
	b.run(`document.querySelector('#edit-months .edit-name').focus()`)
	b.do(chromedp.KeyEvent(kb.ArrowRight))
	b.holds(`document.querySelector('#edit-said').textContent.includes('column 7, row 1')`)
	b.do(chromedp.KeyEvent(kb.ArrowDown, chromedp.KeyModifiers(8)))
	b.holds(`document.querySelector('#edit-said').textContent.includes('5 high')`)

	t.Log("and by dragging")
	b.run(`{
		const n = document.querySelector('#edit-words .edit-name'), r = n.getBoundingClientRect()
		n.setPointerCapture = () => {}
		const send = (type, x, y) => n.dispatchEvent(new PointerEvent(type, {bubbles: true, pointerId: 1, button: 0, clientX: x, clientY: y}))
		send('pointerdown', r.x + 5, r.y + 5)
		send('pointermove', r.x + 5, r.y - 2000)
		send('pointerup', r.x + 5, r.y - 2000)
	}`)
	b.holds(`document.querySelector('#edit-words [data-place=y]').value === '1'`)
	b.press("button[value=save]", "Sales")
	b.holds(`document.querySelector('.notice-ok').textContent.includes('is saved')`)
	b.goTo(at + "/versions")
	b.holds(`document.querySelector('main').textContent.includes('moved')`)
	b.sound()

	t.Log("looked at by axe")
	for _, width := range []int64{1440, 390} {
		b.size(width, 900)
		for _, path := range []string{at, at + "?x.country=AT&f.when=nonsense", at + "/edit", at + "/filters/new", at + "/versions", at + "/settings", at + "/print", "/dashboards", at + "/cards/months/rows?m.month=2024-02-01"} {
			b.goTo(path)
			b.holds(`!document.querySelector('#board [aria-busy]')`)
			b.run(script)
			for _, scheme := range []string{"light", "dark"} {
				b.scheme(scheme)
				b.accessible(path+" "+scheme, scheme == "dark")
			}
		}
	}
	b.sound()
}
