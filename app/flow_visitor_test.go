package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// visitor is a browser without scripts: it has cookies, follows links and fills
// in the forms that a page really has.
type visitor struct {
	t      testing.TB
	client *http.Client
	at     *url.URL
	status int
	header http.Header
	body   string
	doc    *goquery.Document
	// links are the pages' own links that were seen, and where.
	links map[string]string
}

func visit(t testing.TB, h *house) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(h.base)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, client: &http.Client{Jar: jar, Timeout: patience, Transport: watch}, at: at, links: map[string]string{}}
}

func (v *visitor) resolve(to string) *url.URL {
	v.t.Helper()
	u, err := v.at.Parse(to)
	if err != nil {
		v.t.Fatalf("address %q: %v", to, err)
	}
	return u
}

// do sends a request and reads the answer at the end of its redirects.
func (v *visitor) do(r *http.Request) {
	v.t.Helper()
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	v.at, v.status, v.header, v.body, v.doc = res.Request.URL, res.StatusCode, res.Header, string(body), nil
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		if v.doc, err = goquery.NewDocumentFromReader(strings.NewReader(v.body)); err != nil {
			v.t.Fatal(err)
		}
		if v.status == http.StatusOK && strings.HasPrefix(strings.ToLower(v.body), "<!doctype") {
			soundPage(v)
		}
	}
}

// open goes to an address and expects a page or file there.
func (v *visitor) open(to string) *visitor {
	v.t.Helper()
	v.look(to)
	return v.expect(http.StatusOK)
}

// look goes to an address, whatever it answers.
func (v *visitor) look(to string) *visitor {
	v.t.Helper()
	r, err := http.NewRequest(http.MethodGet, v.resolve(to).String(), nil)
	if err != nil {
		v.t.Fatal(err)
	}
	v.do(r)
	return v
}

func (v *visitor) expect(status int) *visitor {
	v.t.Helper()
	if v.status != status {
		v.t.Fatalf("%s answers %d, want %d:\n%s", v.at, v.status, status, v.words("main"))
	}
	return v
}

// words returns the text of what a selector finds, its spaces folded.
func (v *visitor) words(selector string) string {
	if v.doc == nil {
		return v.body[:min(len(v.body), 500)]
	}
	var parts []string
	v.doc.Find(selector).Each(func(_ int, s *goquery.Selection) {
		parts = append(parts, strings.Join(strings.Fields(s.Text()), " "))
	})
	return strings.Join(parts, " | ")
}

// says expects words in what a selector finds.
func (v *visitor) says(selector string, wanted ...string) *visitor {
	v.t.Helper()
	got := v.words(selector)
	for _, w := range wanted {
		if !strings.Contains(got, w) {
			v.t.Errorf("%s: %s does not say %q but %q", v.at, selector, w, got)
		}
	}
	return v
}

// follow goes where the one link with these words leads.
func (v *visitor) follow(selector, words string) *visitor {
	v.t.Helper()
	found := v.doc.Find(selector).FilterFunction(func(_ int, s *goquery.Selection) bool {
		return strings.Join(strings.Fields(s.Text()), " ") == words
	})
	to, ok := found.First().Attr("href")
	if !ok {
		v.t.Fatalf("%s has no link %q in %s, only %q", v.at, words, selector, v.words(selector))
	}
	return v.open(to)
}

// fields are values that a person enters, by the controls' names.
type fields map[string]string

// submit fills in a form that the page has and sends it with the button of that
// name and value, "" for none; it follows to where the answer leads.
func (v *visitor) submit(selector, button string, values fields) *visitor {
	v.t.Helper()
	form := v.doc.Find(selector).First()
	if form.Length() == 0 {
		v.t.Fatalf("%s has no form %s", v.at, selector)
	}
	data := v.controls(form)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v.enter(form, data, name, values[name])
	}
	if name, value, ok := strings.Cut(button, "="); ok {
		if form.Find(fmt.Sprintf(`button[name=%q][value=%q]`, name, value)).Length() == 0 {
			v.t.Fatalf("%s: the form %s has no button %s", v.at, selector, button)
		}
		data.Set(name, value)
	}
	to := v.resolve(form.AttrOr("action", v.at.RequestURI()))
	var r *http.Request
	var err error
	if strings.EqualFold(form.AttrOr("method", "get"), "post") {
		r, err = http.NewRequest(http.MethodPost, to.String(), strings.NewReader(data.Encode()))
		if err == nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	} else {
		to.RawQuery = data.Encode()
		r, err = http.NewRequest(http.MethodGet, to.String(), nil)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	v.do(r)
	return v
}

// controls returns what a browser would send of the form as it stands.
func (v *visitor) controls(form *goquery.Selection) url.Values {
	data := url.Values{}
	form.Find("input[name], select[name], textarea[name]").Each(func(_ int, s *goquery.Selection) {
		name := s.AttrOr("name", "")
		switch goquery.NodeName(s) {
		case "select":
			option := s.Find("option[selected]").First()
			if option.Length() == 0 {
				option = s.Find("option").First()
			}
			if option.Length() > 0 {
				data.Add(name, option.AttrOr("value", option.Text()))
			}
		case "textarea":
			data.Add(name, s.Text())
		default:
			kind := s.AttrOr("type", "text")
			_, checked := s.Attr("checked")
			if (kind == "checkbox" || kind == "radio") && !checked {
				return
			}
			data.Add(name, s.AttrOr("value", ""))
		}
	})
	return data
}

// enter puts a value into a control that is there and takes it.
func (v *visitor) enter(form *goquery.Selection, data url.Values, name, value string) {
	v.t.Helper()
	control := form.Find(fmt.Sprintf(`[name=%q]`, name)).First()
	if control.Length() == 0 {
		v.t.Fatalf("%s: the form has no control %q, only %q", v.at, name, slices.Sorted(maps.Keys(data)))
	}
	if goquery.NodeName(control) == "select" {
		offered := control.Find("option").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("value", s.Text()) })
		if !slices.Contains(offered, value) {
			v.t.Fatalf("%s: the list %q does not offer %q but %q", v.at, name, value, offered)
		}
	}
	if kind := control.AttrOr("type", ""); (kind == "checkbox" || kind == "radio") && value == "" {
		data.Del(name)
		return
	}
	data.Set(name, value)
}

// post sends a form that no page offers, as an attacker or a program would.
func (v *visitor) post(to string, values url.Values, header ...string) *visitor {
	v.t.Helper()
	r, err := http.NewRequest(http.MethodPost, v.resolve(to).String(), strings.NewReader(values.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	v.do(r)
	return v
}

// cookie returns the session's id as the browser holds it.
func (v *visitor) cookie() string {
	for _, c := range v.client.Jar.Cookies(v.at) {
		if c.Name == "assay_session" {
			return c.Value
		}
	}
	return ""
}

// still keeps redirects from being followed.
func (v *visitor) still() *visitor {
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return v
}

const password = "four words make sense"

// setUp makes the first administrator with the printed link.
func (v *visitor) setUp(h *house) *visitor {
	v.t.Helper()
	v.open(h.setupLink(v.t)).submit("form", "", fields{"email": "ada@example.com", "name": "Ada", "password": password})
	return v.expect(http.StatusOK).says("h1", "Home")
}

// signIn signs a person in by the form.
func (v *visitor) signIn(email string) *visitor {
	v.t.Helper()
	return v.open("/login").submit("form", "", fields{"email": email, "password": password}).expect(http.StatusOK)
}
