package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"assay/app/account"
	"assay/app/identity/identitytest"
)

// abroad fills in the login form of the test provider once it is shown, and waits
// for one of our pages.
func (b *tab) abroad(username, title string) {
	b.t.Helper()
	b.holds(`document.readyState === 'complete' && document.querySelector('input[name=username]') && !document.querySelector('.rail, .bare-box')`)
	b.enter("input[name=username]", username)
	b.enter("input[name=password]", identitytest.Password)
	b.do(chromedp.Click("[type=submit]", chromedp.ByQuery))
	// After a form of another site the tab counts as hidden, and a hidden page may never be complete.
	b.holds(fmt.Sprintf(`location.origin === %s && document.documentElement.classList.contains('js') && document.querySelector('h1')?.textContent.includes(%s)`, quoteJS(b.base), quoteJS(title)))
	b.do(cdppage.BringToFront())
}

// away presses what leads to a provider.
func (b *tab) away(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(selector, chromedp.ByQuery))
}

// soundHere is sound but for the provider's own missing icon.
func (b *tab) soundHere() {
	b.t.Helper()
	b.mu.Lock()
	b.problems = slices.DeleteFunc(b.problems, func(p string) bool { return strings.HasSuffix(p, "/favicon.ico") && !strings.Contains(p, b.base) })
	b.mu.Unlock()
	b.sound()
}

func TestSignInThroughAProviderInABrowser(t *testing.T) {
	op, idp := identitytest.StartOP(t), identitytest.StartIdP(t)
	h := start(t, "serve")
	admin := visit(t, h).setUp(h)
	id := admin.addProvider("oidc", throughOP(op))
	grace := identitytest.Person{Subject: "77", Username: "grace", Email: "grace@example.com", EmailVerified: true, FirstName: "Grace", LastName: "Hopper", Groups: []string{"analysts"}}
	op.Add(grace)
	b := open(t, chromium(t), h)

	b.goTo("/login?next=%2Fquestions")
	b.away(`main a[href^="/auth/` + id + `"]`)
	b.abroad("grace", "Questions")
	b.goTo("/account")
	b.press(".rail > .rail-foot form button", "You are signed out")
	b.away("main .btn-primary") // ends the provider's session too, which leads back
	b.holds(`location.pathname === '/login' && location.origin === ` + quoteJS(b.base))
	b.soundHere()

	// A form that ends at the provider would be stopped by the content policy.
	b.signIn(admin)
	b.goTo("/account")
	b.away(`form[action="/account/identities"] button`)
	b.abroad("ada", "Ada")
	b.holds(`document.querySelector('#identities')?.textContent.includes('ada@example.com')`)
	b.soundHere()

	t.Run("SAML from another site", func(t *testing.T) {
		b.t = t
		saml := admin.addProvider("saml", fields{"name": "Acme SAML", "metadata_xml": idp.MetadataXML, "just_in_time": "1", "trust_email": "1", "default_role": "viewer"})
		idp.Add(identitytest.Person{Subject: "m-1", Username: "mary", Email: "mary@example.com", FirstName: "Mary", LastName: "Shelley"})
		// By this name we are another site than the provider, so that no cookie comes with its form.
		away := *h
		away.base = strings.Replace(h.base, "127.0.0.1", "localhost", 1)
		v := visit(t, &away)
		v.look("/auth/" + saml + "/metadata")
		idp.Know(t, []byte(v.body))
		for _, scripts := range []bool{true, false} {
			b.base = away.base
			b.do(network.ClearBrowserCookies())
			b.goTo("/login")
			b.away(`main a[href^="/auth/` + saml + `"]`)
			b.holds(`document.querySelector('input[name=username]')`)
			if !scripts {
				b.do(network.SetBlockedURLs().WithURLPatterns([]*network.BlockPattern{{URLPattern: away.base + "/static/js/*", Block: true}}))
				b.enter("input[name=username]", "mary")
				b.enter("input[name=password]", identitytest.Password)
				b.do(chromedp.Click("[type=submit]", chromedp.ByQuery))
				b.holds(`document.querySelector('h1')?.textContent === 'Signing in'`)
				b.do(chromedp.Click("main .btn-primary", chromedp.ByQuery))
				b.holds(`document.querySelector('h1')?.textContent === 'Home'`)
				b.do(network.SetBlockedURLs())
				b.mu.Lock()
				b.problems = nil // what was blocked
				b.mu.Unlock()
				continue
			}
			b.abroad("mary", "Home")
			b.goTo("/account")
			b.holds(`document.querySelector('.page-lead').textContent.includes('mary@example.com')`)
			b.soundHere()
		}
	})
}

func TestSignInPagesLookRight(t *testing.T) {
	op := identitytest.StartOP(t)
	h := start(t, "serve")
	db, script := h.shelf(t), axe(t)
	v := visit(t, h).setUp(h)
	id := v.addProvider("oidc", throughOP(op))
	h.command(t, "", "user", "create", "--email", "bob@example.com", "--name", "Bob", "--role", "viewer")
	b := open(t, chromium(t), h)
	b.goTo("/login")
	look(b, script, []page{{"login with a provider", "/login"}, {"invitation", h.link(t, db, account.Invite, "bob@example.com")}, {"a used link", "/reset?token=x"}})

	// Pages that say no are pages too; the browser's console calls them errors.
	odd := func(name, path string) {
		t.Helper()
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1440, 390} {
				b.size(width, 900)
				b.scheme(scheme)
				b.goTo(path)
				b.run(script)
				b.accessible(fmt.Sprintf("%s at %d, %s", name, width, scheme), false)
			}
		}
		b.mu.Lock()
		b.problems = nil
		b.mu.Unlock()
	}
	odd("refused", "/auth/"+id+"/callback?code=x&state=y")

	v.open("/account").submit("form[action='/account/tokens']", "", fields{"name": "nightly", "for": "some", "scope": "look"})
	claims := "?" + url.Values{"claims": {`{"sub":"1","email":"x@example.com","groups":["analysts"]}`}}.Encode()
	pages := []page{{"own account", "/account"}, {"token", v.doc.Find("#tokens tbody a").AttrOr("href", "")}, {"second factor", "/account/factor"}, {"providers", "/admin/providers"}, {"kinds", "/admin/providers/new"},
		{"provider", "/admin/providers/" + id}, {"new provider", "/admin/providers/new?kind=saml"}, {"try", "/admin/providers/" + id + "/try" + claims}, {"delete", "/admin/providers/" + id + "/delete"}}
	b.signIn(v)
	look(b, script, pages)

	b.size(1440, 900)
	b.scheme("light")
	b.goTo("/account/factor")
	secret := b.value(`document.querySelector('input[name=secret]').value`)
	b.holds(`document.querySelector('img.qr').naturalWidth > 100`)
	b.enter("#code", code(t, secret, 0))
	b.press("form .btn-primary", "Recovery codes")
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		b.run(script)
		b.accessible("recovery codes, "+scheme, false)
	}
	recovery := b.value(`document.querySelector('.recovery code').textContent`)
	b.sound()
	look(b, script, []page{{"second factor that is set up", "/account/factor"}})
	forgetProofs(t, db)
	odd("proof", "/account/factor?again")
	b.do(network.ClearBrowserCookies())
	b.size(1440, 900)
	b.goTo("/login")
	b.enter("#email", "ada@example.com")
	b.enter("#password", password)
	b.press("form .btn-primary", "One more step")
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		b.run(script)
		b.accessible("code, "+scheme, false)
	}
	b.enter("#code", recovery)
	b.press("form .btn-primary", "Home")
	b.sound()
}
