package main

import (
	"net/http"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// soundPage checks what every page owes its readers: one title, one main part,
// headings in order, names for all controls, nothing inline.
func soundPage(v *visitor) {
	v.t.Helper()
	fault := func(format string, args ...any) {
		v.t.Helper()
		v.t.Errorf("%s: "+format, append([]any{v.at}, args...)...)
	}
	doc := v.doc
	if doc.Find("html").AttrOr("lang", "") == "" || strings.TrimSpace(doc.Find("title").Text()) == "" {
		fault("no language or no title")
	}
	for _, one := range []string{"h1", "main"} {
		if n := doc.Find(one).Length(); n != 1 {
			fault("%d elements %s, want one", n, one)
		}
	}
	level := 0
	doc.Find("h1, h2, h3, h4, h5, h6").Each(func(_ int, s *goquery.Selection) {
		n := int(goquery.NodeName(s)[1] - '0')
		if n > level+1 {
			fault("the heading %q is of level %d after level %d", strings.TrimSpace(s.Text()), n, level)
		}
		if strings.TrimSpace(s.Text()) == "" {
			fault("an empty heading of level %d", n)
		}
		level = n
	})
	ids := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "")
		if ids[id] && s.ParentsFiltered("svg").Length() == 0 {
			fault("the id %q stands twice", id)
		}
		ids[id] = true
	})
	doc.Find("input, select, textarea").Each(func(_ int, s *goquery.Selection) {
		if s.AttrOr("type", "") == "hidden" || s.AttrOr("aria-hidden", "") == "true" {
			return
		}
		if s.AttrOr("aria-label", "") == "" && s.ParentsFiltered("label").Length() == 0 &&
			doc.Find("label").FilterFunction(func(_ int, l *goquery.Selection) bool {
				return l.AttrOr("for", "") == s.AttrOr("id", "?") && strings.TrimSpace(l.Text()) != ""
			}).Length() == 0 {
			fault("the control %q has no name for screen readers", s.AttrOr("name", ""))
		}
		if ref := s.AttrOr("aria-describedby", ""); ref != "" {
			for _, id := range strings.Fields(ref) {
				if !ids[id] {
					fault("the control %q is described by %q, which is not there", s.AttrOr("name", ""), id)
				}
			}
		}
	})
	doc.Find("a, button, summary").Each(func(_ int, s *goquery.Selection) {
		if strings.TrimSpace(s.Text()) == "" && s.AttrOr("aria-label", "") == "" {
			html, _ := goquery.OuterHtml(s)
			fault("a thing to press has no name: %s", html)
		}
	})
	doc.Find("img:not([alt]), table:not(:has(th))").Each(func(_ int, s *goquery.Selection) { fault("%s without words", goquery.NodeName(s)) })
	doc.Find("form").Each(func(_ int, s *goquery.Selection) {
		// Without an address of its own it goes to the page's, which after a form was sent may not be one to open.
		if s.AttrOr("action", "") == "" {
			fault("a form does not say where it goes")
		}
	})
	nothingInline(v, fault)
	v.gather()
}

// nothingInline finds what the content policy would block.
func nothingInline(v *visitor, fault func(string, ...any)) {
	v.t.Helper()
	v.doc.Find("*").Each(func(_ int, s *goquery.Selection) {
		node := s.Get(0)
		if node.Type != html.ElementNode {
			return
		}
		for _, a := range node.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") {
				fault("<%s> has the attribute %s", node.Data, a.Key)
			}
			if slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key) && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				fault("<%s> leads to a script", node.Data)
			}
		}
		switch node.Data {
		case "style":
			fault("an inline style element")
		case "script":
			if _, ok := s.Attr("src"); !ok && !strings.HasSuffix(s.AttrOr("type", ""), "json") {
				fault("an inline script")
			}
		}
	})
}

// gather keeps the page's links to our own pages, to be tried at the end.
func (v *visitor) gather() {
	v.doc.Find("a[href], link[href], script[src], use[href]").Each(func(_ int, s *goquery.Selection) {
		href := s.AttrOr("href", s.AttrOr("src", ""))
		if strings.HasPrefix(href, "#") {
			return
		}
		to := v.resolve(href)
		to.Fragment = ""
		if to.Host == v.at.Host {
			if _, known := v.links[to.String()]; !known {
				v.links[to.String()] = v.at.String()
			}
		}
	})
}

// tryLinks opens every link that was seen; gone lists pages that were removed since.
func (v *visitor) tryLinks(gone ...string) {
	v.t.Helper()
	seen := v.links
	v.links = map[string]string{}
	drawn := map[string]bool{}
	for to, from := range seen {
		if u := v.resolve(to); u.Query().Has("chart") {
			// Every kind of drawing once at each place is enough.
			key := u.Path + u.Query().Get("chart")
			if drawn[key] {
				continue
			}
			drawn[key] = true
		}
		if slices.ContainsFunc(gone, func(g string) bool { return strings.Contains(to, g) }) {
			continue
		}
		if v.look(to); v.status != http.StatusOK {
			v.t.Errorf("%s links to %s, which answers %d", from, to, v.status)
		}
	}
	if len(seen) < 20 {
		v.t.Errorf("only %d links were seen", len(seen))
	}
}
