package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a page of a real browser, and what went wrong in it.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu       sync.Mutex
	problems []string
}

// chromium starts a browser that ends with the test.
func chromium(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("ASSAY_TEST_NO_BROWSER") != "" {
		t.Skip("ASSAY_TEST_NO_BROWSER is set: what people see in a browser is not tested")
	}
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		t.Fatal("no Chromium on this machine; install it, or set ASSAY_TEST_NO_BROWSER to do without")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience))
	for _, name := range []string{"disable-quic", "disable-component-update", "disable-background-networking", "disable-sync", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	// It logs every event that its protocol is too old to know.
	ctx, stop = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(stop)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// open makes a tab that writes down violations of the policy, thrown errors and
// errors on the console.
func open(t *testing.T, browser context.Context, h *house) *tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(browser)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx, base: h.base}
	chromedp.ListenTarget(ctx, func(event any) {
		text := ""
		switch e := event.(type) {
		case *cdplog.EventEntryAdded:
			if e.Entry.Level == cdplog.LevelError {
				text = fmt.Sprint(e.Entry.Source, ": ", e.Entry.Text, " ", e.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			text = e.ExceptionDetails.Error()
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError {
				for _, a := range e.Args {
					text += string(a.Value) + a.Description + " "
				}
			}
		}
		if text != "" {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.problems = append(b.problems, text)
		}
	})
	b.do(cdplog.Enable())
	b.size(1440, 900)
	return b
}

func (b *tab) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) size(width, height int64) {
	b.t.Helper()
	b.do(emulation.SetDeviceMetricsOverride(width, height, 1, width < 600))
}

func (b *tab) scheme(name string) {
	b.t.Helper()
	b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// holds waits until an expression is true in the page.
func (b *tab) holds(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		// Asked one by one: a poll in the page would end with a page that is left.
		var there bool
		err := chromedp.Run(b.ctx, chromedp.Evaluate("!!("+expression+")", &there))
		if there {
			return
		}
		if time.Now().After(deadline) || b.ctx.Err() != nil {
			b.t.Fatalf("waited for %s at %s: %v\n%.600s", expression, b.value("location.href"), err, b.value(`document.querySelector('main')?.innerText`))
		}
		time.Sleep(30 * time.Millisecond)
	}
}

func (b *tab) value(expression string) string {
	b.t.Helper()
	var got string
	b.do(chromedp.Evaluate("String("+expression+")", &got))
	return got
}

func (b *tab) run(script string) {
	b.t.Helper()
	b.do(chromedp.Evaluate(script+`;1`, nil))
}

// goTo opens an address of the house and waits for its scripts.
func (b *tab) goTo(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
	b.holds(`document.readyState === 'complete' && (document.documentElement.classList.contains('js') || !document.querySelector('script[src]'))`)
}

// press clicks what a selector finds and waits until the page it leads to says something in its title.
func (b *tab) press(selector, title string) {
	b.t.Helper()
	b.run(`window.leaving = true`)
	b.do(chromedp.Click(selector, chromedp.ByQuery))
	b.arrive(title)
}

func (b *tab) arrive(title string) {
	b.t.Helper()
	b.holds(fmt.Sprintf(`!window.leaving && document.readyState === 'complete' && document.querySelector('h1')?.textContent.includes(%s)`, quoteJS(title)))
}

// choose picks from a list as a person does, and waits for the page that follows.
func (b *tab) choose(name, value, title string) {
	b.t.Helper()
	b.run(fmt.Sprintf(`(() => { window.leaving = true; const s = document.querySelector('[name="%s"]'); s.focus(); s.value = %s; s.dispatchEvent(new Event('change', {bubbles: true})) })()`, name, quoteJS(value)))
	b.arrive(title)
}

func (b *tab) enter(selector, text string) {
	b.t.Helper()
	b.run(fmt.Sprintf(`document.querySelector(%s).value = ''`, quoteJS(selector)))
	b.do(chromedp.SendKeys(selector, text, chromedp.ByQuery))
}

func quoteJS(s string) string {
	out, _ := json.Marshal(s)
	return string(out)
}

// sound expects that nothing went wrong in the tab so far.
func (b *tab) sound() {
	b.t.Helper()
	if got := b.value("window.__xss"); got != "undefined" {
		b.t.Errorf("%s: a name became a script", b.value("location.href"))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(b.problems)
	for _, p := range slices.Compact(b.problems) {
		b.t.Errorf("the browser complains: %s", p)
	}
	b.problems = nil
}

// signIn takes a visitor's session over into the browser.
func (b *tab) signIn(v *visitor) {
	b.t.Helper()
	b.do(network.SetCookie("assay_session", v.cookie()).WithURL(b.base).WithHTTPOnly(true))
}

// accessible runs axe, whole or for the colours alone, and tries for sideways scrolling.
func (b *tab) accessible(name string, coloursOnly bool) {
	b.t.Helper()
	options := "{}"
	if coloursOnly {
		options = `{runOnly: ['color-contrast']}`
	}
	b.run(`delete window.axeReport; axe.run(document, ` + options + `).then((r) => { window.axeReport = JSON.stringify(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ') + ' ' + n.failureSummary.replace(/\s+/g, ' ')).join(' | '))) }, (e) => { window.axeReport = JSON.stringify([String(e)]) })`)
	b.holds(`window.axeReport`)
	var found []string
	if err := json.Unmarshal([]byte(b.value(`window.axeReport`)), &found); err != nil {
		b.t.Fatal(err)
	}
	for _, f := range found {
		b.t.Errorf("%s: %.700s", name, f)
	}
	if b.value(`document.documentElement.scrollWidth > innerWidth`) != "false" {
		b.t.Errorf("%s scrolls sideways: %s", name, b.value(`[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.table-wrap, pre, .editor')).slice(0, 4).map((e) => e.tagName + '.' + e.className).join(' ')`))
	}
}

func axe(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile("../static/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe-core is missing; `task deps` fetches it: %v", err)
	}
	return string(script)
}
