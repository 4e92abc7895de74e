package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/jackc/pgx/v5"

	"assay/app/source"
	"assay/app/source/sourcetest"
)

func TestMainFlowInABrowser(t *testing.T) {
	browser := chromium(t)
	h := start(t, "serve")
	admin, reader := sourcetest.Postgres(t).NewDatabase(t, shop())
	b := open(t, browser, h)

	b.goTo(h.setupLink(t))
	b.enter("#email", "ada@example.com")
	b.enter("#name", "Ada")
	b.enter("#password", password)
	b.press("form .btn-primary", "Home")
	b.press(".rail > .rail-foot form button", "Sign in")
	b.enter("#email", "ada@example.com")
	b.enter("#password", password)
	b.press("form .btn-primary", "Home")

	b.goTo("/connections/new")
	b.enter("#url", connectionURL(reader))
	b.enter("#name", "Shop")
	b.press("button[value=test]", "Add a connection")
	b.holds(`document.querySelector('[role=status]').textContent.includes('The database answers')`)
	b.press("button[value=save]", "Shop")
	connection := b.value("location.pathname")
	b.press(`main a[href$="/tables/orders"]`, "orders")
	b.press(".page-actions .btn-primary", "Count of orders")

	b.choose("dimension", "placed_on", "Count of orders")
	b.choose("d.0.step", "month", "by month")
	if got := b.value(`document.activeElement.name`); got != "d.0.step" {
		t.Errorf("after a change the focus is on %q, not where it was", got)
	}
	b.holds(`document.querySelector('#result .chart-drawing svg')`)
	b.do(chromedp.Click("#result [data-action=interactive]", chromedp.ByQuery))
	b.holds(`document.querySelector('#result .chart-live svg') && document.querySelector('#result .chart-drawing').hidden`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.holds(`!document.querySelector('#result .chart-live') && !document.querySelector('#result .chart-drawing').hidden`)
	b.do(chromedp.Click("#result .result-kinds summary", chromedp.ByQuery))
	b.run(`window.leaving = true; [...document.querySelectorAll('#result .menu-list a')].find((a) => a.textContent.trim() === 'Columns').click()`)
	b.arrive("by month")
	b.holds(`document.querySelector('.result-kinds summary').textContent.includes('Columns')`)

	b.do(chromedp.Click(".page-actions .menu > summary", chromedp.ByQuery))
	b.enter("#save-name", "Orders by month")
	b.press(".menu-form .btn-primary", "Orders by month")
	b.run(`fetch(location.pathname + '.csv').then((r) => r.text()).then((x) => { window.csv = x })`)
	b.holds(`window.csv?.trim().split('\n').length === 13`)
	b.sound()

	t.Run("editor", func(t *testing.T) {
		b.t = t
		b.goTo("/sql?connection=" + strings.TrimPrefix(connection, "/connections/"))
		b.holds(`document.querySelector('.editor-live')?.shadowRoot.querySelector('.cm-content')`)
		b.run(`document.querySelector('.editor-live').shadowRoot.querySelector('.cm-content').focus()`)
		b.do(chromedp.KeyEvent("select status, count(*) from orders group by 1"))
		b.run(`window.leaving = true`)
		b.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(2)))
		b.arrive("SQL")
		b.holds(`document.querySelector('#result')?.textContent.includes('paid')`)
		b.sound()
	})
	t.Run("long question", func(t *testing.T) { longQuestion(t, browser, b, h, connection, admin) })
}

// endless keeps PostgreSQL busy until it is told to stop.
const endless = " + count(*) as n from orders a, orders b, orders c, orders d, orders e, orders f"

func longQuestion(t *testing.T, browser context.Context, b *tab, h *house, connection string, admin source.Config) {
	b.t = t
	conn, err := pgx.Connect(t.Context(), connectionURL(admin))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	busy := func() (n int) {
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// The same question asked twice would run once.
	address := func(text string) string {
		return "/sql?" + url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "sql": {text}}.Encode()
	}

	// One is left by closing its tab …
	left := open(t, browser, h)
	left.goTo(address("select 1" + endless))
	left.holds(`document.querySelector('#result .spinner')`)
	if err := chromedp.Cancel(left.ctx); err != nil {
		t.Fatal(err)
	}
	closed := time.Now()

	// … and one cancelled while it is watched.
	b.goTo(address("select 2" + endless))
	b.holds(`/Running for [1-9]/.test(document.querySelector('#result').textContent)`)
	first := b.value(`document.querySelector('#result strong').textContent`)
	b.holds(`document.querySelector('#result strong').textContent !== ` + quoteJS(first))
	if n := busy(); n != 2 {
		t.Errorf("%d questions run in the database, want 2", n)
	}
	b.run(`document.querySelector('#result form button').click()`)
	pressed := time.Now()
	eventually(t, "the database to stop the cancelled question", func() bool { return busy() < 2 })
	if took := time.Since(pressed); took > 5*time.Second {
		t.Errorf("the database worked on for %s after the question was cancelled", took)
	}
	b.holds(`document.querySelector('#result')?.textContent.includes('Cancelled')`)
	b.sound()
	eventually(t, "the database to stop what nobody looks at", func() bool { return busy() == 0 })
	t.Logf("a closed tab's question ended after %s", time.Since(closed).Round(time.Second))
}

func TestHostileNamesInABrowser(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect(evil, "sqlite://"+liteFile(t, hostileScript()))
	id := strings.TrimPrefix(connection, "/connections/")
	b := open(t, chromium(t), h)
	b.signIn(v)
	for _, path := range []string{"/connections", connection, connection + "/tables/" + url.PathEscape(evil) + "?rows=1", connection + "/tables/wide?rows=1"} {
		b.goTo(path)
		b.sound()
	}
	if b.value(`document.documentElement.scrollWidth > innerWidth`) != "false" {
		t.Error("a table of 200 columns makes the page scroll sideways")
	}
	ask := "select " + quoted(evil) + " || n as " + quoted(evil) + ", n as " + quoted("n "+evil) + " from " + quoted(evil)
	for _, kind := range []string{"bar", "pie", "table", "treemap"} {
		b.goTo("/sql?" + url.Values{"connection": {id}, "sql": {ask}, "chart": {`{"kind":"` + kind + `"}`}}.Encode())
		b.holds(`document.querySelector('#result table')`)
		if kind != "table" {
			b.do(chromedp.Click("#result [data-action=interactive]", chromedp.ByQuery))
			b.holds(`document.querySelector('#result .chart-live svg')`)
			var at []float64
			b.do(chromedp.Evaluate(`(() => { const r = document.querySelector('.chart-live').getBoundingClientRect(); return [r.x + r.width * .6, r.y + r.height * .7] })()`, &at))
			b.do(chromedp.MouseEvent("mouseMoved", at[0], at[1]))
		}
		b.holds(`document.querySelector('.editor-live')`)
		b.sound()
	}
	b.run(`document.querySelector('.editor-live').shadowRoot.querySelector('.cm-content').focus()`)
	b.do(chromedp.KeyEvent(" \""))
	b.sound()
	if n := b.value(`document.querySelectorAll('img[src=x]').length`); n != "0" {
		t.Errorf("%s elements were made of names", n)
	}
}

func TestPagesLookRight(t *testing.T) {
	h := start(t, "demo")
	browser := chromium(t)
	script := axe(t)
	v := visit(t, h)
	_, link, _ := strings.Cut(h.out.String(), "Open "+h.base)
	link, _, _ = strings.Cut(link, "\n")
	v.open(strings.TrimSpace(link)).submit("form", "", nil).says("h1", "Trading overview")
	v.open("/questions")
	question := v.doc.Find(".list-title a").First().AttrOr("href", "")
	v.open("/connections")
	connection := v.doc.Find(".list-title a").First().AttrOr("href", "")
	id := strings.TrimPrefix(connection, "/connections/")
	asked := func(sql string) string { return "/sql?" + url.Values{"connection": {id}, "sql": {sql}}.Encode() }
	built := "/explore?" + url.Values{"connection": {id}, "spec": {`{"table":"orders","joins":[{"table":"customers","on":[]}],"measures":[{"fn":"count"},{"fn":"sum","column":"orders.shipping_fee"}],` +
		`"dimensions":[{"column":"orders.ordered_at","grain":"quarter"}],"filters":{"and":[{"column":"orders.status","op":"ne","value":"cancelled"},{"or":[{"column":"customers.country","op":"eq","value":"Germany"},{"column":"customers.country","op":"is_null"}]}]},"order":[{"by":"count","desc":true}],"limit":100}`}}.Encode()
	b := open(t, browser, h)
	b.goTo("/login")
	signedOut := []page{{"login", "/login"}}
	pages := []page{{"home", "/"}, {"connections", "/connections"}, {"connection", connection}, {"connection form", "/connections/new"}, {"table", connection + "/tables/orders?rows=1"},
		{"explore, empty", "/explore"}, {"explore", built}, {"sql", asked("select country, count(*) as n from customers where signup_date > {{from:date=2024-01-01}} group by 1")}, {"sql with an error", asked("select\n  totl from orders")},
		{"wide table", asked("select * from orders o join customers c on c.id = o.customer_id limit 40")}, {"question", question}, {"versions", question + "/versions"}, {"question form", question + "/edit"}, {"questions", "/questions"},
		{"account", "/account"}, {"guide", "/guide"}, {"api docs", "/api/docs"}, {"not found", "/nothing"}}
	look(b, script, signedOut)
	b.signIn(v)
	look(b, script, pages)

	t.Run("phone", func(t *testing.T) {
		b.t = t
		b.size(390, 844)
		b.goTo(built)
		if b.value(`document.querySelector('.builder-fold').open`) != "false" {
			t.Error("on a phone the form stands before the answer")
		}
		b.do(chromedp.Click(".builder-fold > summary", chromedp.ByQuery))
		b.choose("d.0.step", "year", "by year")
		b.holds(`document.querySelector('.builder-fold').open && document.activeElement.name === 'd.0.step'`)
		for _, menu := range []string{".page-actions .menu", ".result-kinds .menu", ".result-kinds .menu:last-of-type"} {
			b.run(`document.querySelectorAll('details.menu').forEach((m) => { m.open = false }); document.querySelector('` + menu + `').open = true`)
			got := b.value(`(() => { const r = document.querySelector('` + menu + ` > .menu-list').getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth && document.documentElement.scrollWidth <= innerWidth })()`)
			if got != "true" {
				t.Errorf("the menu %s leaves the screen", menu)
			}
		}
		b.do(chromedp.Click(".rail-menu > summary", chromedp.ByQuery))
		if n := b.value(`[...document.querySelectorAll('.rail-link')].filter((a) => a.checkVisibility()).length`); n != b.value(`new Set([...document.querySelectorAll('.rail-link')].map((a) => a.href)).size`) {
			t.Errorf("the menu lists %s links", n)
		}
		b.sound()
	})
}

// page is an address to look at.
type page struct{ name, path string }

// look opens pages in both sizes and schemes; the colours depend on the scheme
// alone and the rest on the size, so that not all is looked at four times.
func look(b *tab, axe string, pages []page) {
	b.t.Helper()
	for _, p := range pages {
		for _, width := range []int64{1440, 390} {
			b.size(width, 900)
			b.scheme("light")
			b.goTo(p.path)
			// What is further down is asked for when it comes into sight.
			b.holds(`[...document.querySelectorAll('[aria-busy=true]')].every((n) => n.getBoundingClientRect().top > innerHeight) && (!document.querySelector('textarea[data-editor]') || document.querySelector('.editor-live'))`)
			if p.name != "not found" {
				b.sound()
			}
			b.run(axe)
			b.accessible(fmt.Sprintf("%s at %d, light", p.name, width), width == 1440)
			if width == 1440 {
				b.scheme("dark")
				b.accessible(p.name+" at 1440, dark", true)
			}
		}
	}
	b.mu.Lock()
	b.problems = nil // a missing page is an error on the console
	b.mu.Unlock()
}
