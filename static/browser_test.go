package static

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The policy every page lives under.
const policy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'"

const watch = `window.violations = [];
document.addEventListener('securitypolicyviolation', (e) => violations.push(e.effectiveDirective + ' ' + e.sample + ' ' + e.sourceFile));
window.addEventListener('error', (e) => violations.push(e.message));
window.addEventListener('unhandledrejection', (e) => violations.push(String(e.reason)));`

const option = `{"color": ["#1f6fa8"], "xAxis": {"type": "category", "data": ["Jan", "Feb"]},
"yAxis": {"type": "value", "axisLabel": {"formatter": "$fmt:compact"}}, "tooltip": {"valueFormatter": "$fmt:thousands"},
"series": [{"type": "bar", "name": "<img src=x onerror=violations.push(1)>", "data": [120000, 1500000]}]}`

// browser starts a browser on the page of parts and returns its context.
func browser(t *testing.T, theme string, width, height int) context.Context {
	t.Helper()
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		t.Skip("no Chromium on this machine: the front end's behaviour is not tested")
	}
	page := template.Must(template.New("parts.html").Funcs(template.FuncMap{"path": Path, "sum": Integrity}).ParseFiles("testdata/parts.html"))
	mux := http.NewServeMux()
	mux.Handle(Prefix, Handler())
	text := func(kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Security-Policy", policy)
			_, _ = w.Write([]byte(body))
		}
	}
	mux.Handle("/watch.js", text("text/javascript", watch))
	mux.Handle("/option.json", text("application/json", option))
	mux.Handle("/schema.json", text("application/json", `{"tables": [{"schema": "public", "name": "orders", "columns": [{"name": "total", "type": "numeric"}]}]}`))
	mux.HandleFunc("/run", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = w.Write([]byte("<!doctype html><p id=ran>" + template.HTMLEscapeString(r.FormValue("sql"))))
	})
	mux.HandleFunc("/sql", text("text/html", "<!doctype html><title>SQL</title><p id=arrived>Here"))
	mux.HandleFunc("/parts", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		if err := page.Execute(w, map[string]string{"Theme": theme}); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(found), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	// It logs every event that its protocol is too old to know.
	ctx, stop = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(stop)
	do(t, ctx, chromedp.EmulateViewport(int64(width), int64(height)), chromedp.Navigate(server.URL+"/parts"), chromedp.Poll(`document.documentElement.classList.contains('js')`, nil))
	return ctx
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// holds waits until an expression is true in the page.
func holds(expression string) chromedp.Action {
	return chromedp.Poll(expression, nil, chromedp.WithPollingTimeout(15*time.Second))
}

func value(t *testing.T, ctx context.Context, expression string) string {
	t.Helper()
	var got string
	do(t, ctx, chromedp.Evaluate("String("+expression+")", &got))
	return got
}

func noViolations(t *testing.T, ctx context.Context) {
	t.Helper()
	if got := value(t, ctx, `violations.join('\n')`); got != "" {
		t.Errorf("the page broke its content policy or threw:\n%s", got)
	}
}

func TestEditor(t *testing.T) {
	ctx := browser(t, "", 1280, 900)
	const content = `document.querySelector('.editor-live').shadowRoot.querySelector('.cm-content')`
	do(t, ctx,
		holds(`!!document.querySelector('.editor-live')?.shadowRoot.querySelector('.cm-lintRange-error')`),
		chromedp.Evaluate(content+`.focus()`, nil),
		chromedp.KeyEvent("q"),
		holds(`document.querySelector('#sql').value.includes('select qtotl') && location.pathname === '/parts'`),
		chromedp.KeyEvent(kb.Backspace),
		holds(`document.querySelector('#sql').value.includes('select totl')`),
		chromedp.Click("#format"),
		holds(`document.querySelector('#sql').value.includes('\n  totl')`),
	)
	if got := value(t, ctx, `getComputedStyle(`+content+`.querySelector('.cm-line span')).color !== getComputedStyle(`+content+`).color`); got != "true" {
		t.Error("keywords are not coloured: the editor's styles did not come through")
	}
	if got := value(t, ctx, `getComputedStyle(`+content+`).fontFamily`); !strings.Contains(got, "monospace") {
		t.Errorf("the editor's face is %q", got)
	}
	if got := value(t, ctx, content+`.getAttribute('aria-label')`); got != "SQL" {
		t.Errorf("the editor is named %q to screen readers, want SQL", got)
	}
	do(t, ctx,
		chromedp.Evaluate(content+`.focus()`, nil),
		chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(2)),
		holds(`document.querySelector('iframe').contentDocument?.querySelector('#ran')?.textContent.includes('totl')`),
	)
	noViolations(t, ctx)
}

func TestInteractiveChart(t *testing.T) {
	ctx := browser(t, "dark", 1280, 900)
	do(t, ctx,
		// The editor's arrival moves what is below it.
		holds(`!!document.querySelector('.editor-live')`),
		chromedp.ScrollIntoView("#chart"),
		chromedp.Click("#live"),
		holds(`document.querySelector('#chart .chart-live svg')?.textContent.includes('1.5M')`),
		holds(`document.querySelector('#chart .chart-drawing').hidden && document.activeElement.className === 'chart-live'`),
		holds(`!!document.querySelector('#chart .chart-live svg [fill="#4f9ad4"], #chart .chart-live svg [fill="rgb(79,154,212)"]')`),
	)
	var at []float64
	do(t, ctx, chromedp.Evaluate(`(() => { const b = document.querySelector('.chart-live').getBoundingClientRect(); return [b.x + b.width * .7, b.y + b.height * .6] })()`, &at))
	do(t, ctx,
		chromedp.MouseEvent("mouseMoved", at[0], at[1]),
		holds(`document.querySelector('.chart-live').textContent.includes('1,500,000')`),
	)
	if got := value(t, ctx, `document.querySelectorAll('.chart-live img').length`); got != "0" {
		t.Error("a series name became markup")
	}
	do(t, ctx,
		chromedp.KeyEvent(kb.Escape),
		holds(`!document.querySelector('.chart-live') && !document.querySelector('#chart .chart-drawing').hidden && document.activeElement.id === 'live'`),
	)
	noViolations(t, ctx)
}

func TestSmallHelp(t *testing.T) {
	ctx := browser(t, "", 1280, 900)
	do(t, ctx,
		chromedp.Click("#theme"),
		holds(`document.documentElement.dataset.theme === 'light' && document.cookie.includes('assay_theme=light')`),
		chromedp.Click("#theme"),
		holds(`document.documentElement.dataset.theme === 'dark' && getComputedStyle(document.body).backgroundColor === 'rgb(22, 25, 29)'`),
		chromedp.Click("#theme"),
		holds(`!('theme' in document.documentElement.dataset)`),
		chromedp.Click("#open"),
		holds(`document.querySelector('#dialog').open`),
		chromedp.Click("#dialog-cancel"),
		holds(`!document.querySelector('#dialog').open`),
		chromedp.Click("#menu > summary"),
		holds(`document.querySelector('#menu').open`),
		chromedp.KeyEvent(kb.ArrowDown),
		holds(`document.activeElement.id === 'first-item'`),
		chromedp.KeyEvent(kb.Escape),
		holds(`!document.querySelector('#menu').open`),
		chromedp.Click("#copy"),
		holds(`!!document.querySelector('.toasts[role=status] .toast')`),
		chromedp.Click(".toast-close"),
		holds(`!document.querySelector('.toast')`),
		chromedp.Evaluate(`document.querySelector('#host').focus()`, nil),
		chromedp.KeyEvent("gs"),
		holds(`document.querySelector('#host').value === 'gs'`),
		chromedp.Evaluate(`document.activeElement.blur()`, nil),
	)
	noViolations(t, ctx)
	do(t, ctx, chromedp.KeyEvent("gs"), chromedp.WaitVisible("#arrived"))
}

func TestNothingForAccessibilityChecksToFind(t *testing.T) {
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe-core is missing; `task deps` fetches it: %v", err)
	}
	ctx := browser(t, "light", 1440, 900)
	do(t, ctx, holds(`!!document.querySelector('.editor-live')`), chromedp.Evaluate(string(axe), nil))
	for _, tt := range []struct {
		theme         string
		width, height int64
	}{{"light", 1440, 900}, {"dark", 1440, 900}, {"light", 390, 844}, {"dark", 390, 844}} {
		t.Run(fmt.Sprint(tt.theme, tt.width), func(t *testing.T) {
			var report string
			do(t, ctx,
				chromedp.EmulateViewport(tt.width, tt.height),
				chromedp.Evaluate(`delete window.axeReport; document.documentElement.dataset.theme = '`+tt.theme+`'; scrollTo(0, 0)`, nil),
				chromedp.Evaluate(`axe.run().then((r) => { window.axeReport = JSON.stringify(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ') + ' ' + n.failureSummary.replace(/\s+/g, ' ')).join(' | '))) }), 1`, nil),
				holds(`!!window.axeReport`),
				chromedp.Evaluate(`window.axeReport`, &report),
			)
			var found []string
			if err := json.Unmarshal([]byte(report), &found); err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				t.Error(f)
			}
			if got := value(t, ctx, `document.documentElement.scrollWidth > innerWidth`); got != "false" {
				t.Errorf("the page scrolls sideways at %d pixels", tt.width)
			}
		})
	}
}
