package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// TestAttackCrossSiteRequests is the matrix of where a request may come from.
func TestAttackCrossSiteRequests(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h).still()
	ask := func(method, to, kind, site, origin string) int {
		body := "name=made-by-another-site"
		switch kind {
		case "multipart/form-data; boundary=x":
			body = "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nmade-by-another-site\r\n--x--\r\n"
		case "application/json":
			body = `{"name": "made-by-another-site"}`
		}
		r, err := http.NewRequest(method, h.base+to, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Content-Type": kind, "Sec-Fetch-Site": site, "Origin": origin} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		v.do(r)
		return v.status
	}
	host := strings.TrimPrefix(h.base, "http://")
	name, port, _ := net.SplitHostPort(host)
	origins := map[string]bool{"": true, h.base: true, "null": false, "https://evil.example": false, "http://evil." + host: false, "http://" + host + ".evil.example": false,
		"http://" + name: false, "http://" + name + ":1" + port: false, "file://": false, "http://user@evil.example": false}
	for _, site := range []string{"", "same-origin", "none", "same-site", "cross-site", "same-origin, cross-site", "unheard-of"} {
		for origin, ours := range origins {
			for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/json", ""} {
				good := site == "same-origin" || site == "none" || site == "" && ours
				if got := ask(http.MethodPost, "/account/tokens", kind, site, origin); good == (got == http.StatusForbidden) {
					t.Errorf("POST from %q, origin %q, as %q answers %d", site, origin, kind, got)
				}
			}
		}
	}
	t.Run("every route", func(t *testing.T) {
		tried := 0
		for _, r := range allRoutes() {
			if r.method == http.MethodGet || r.method == http.MethodHead || r.path == "/auth/:provider/callback" {
				continue // a provider's answer comes from the provider's site and is bound to a cookie
			}
			to := strings.NewReplacer(":id", "x", ":name", "x", ":token", "x", ":version", "1", ":person", "x", "*", "x").Replace(r.path)
			for _, site := range []string{"cross-site", "same-site"} {
				tried++
				if got := ask(r.method, to, "application/x-www-form-urlencoded", site, "https://evil.example"); got != http.StatusForbidden {
					t.Errorf("%s %s from %s answers %d", r.method, to, site, got)
				}
			}
			if got := ask(r.method, to, "text/plain", "", "null"); got != http.StatusForbidden {
				t.Errorf("%s %s from nowhere answers %d", r.method, to, got)
			}
		}
		if tried < 60 {
			t.Errorf("only %d requests were tried", tried)
		}
	})
	t.Run("methods in disguise", func(t *testing.T) {
		for _, to := range []string{"/account/tokens?_method=POST&name=x", "/account/tokens?name=x"} {
			r, _ := http.NewRequest(http.MethodGet, h.base+to, nil)
			r.Header.Set("X-HTTP-Method-Override", http.MethodPost)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			if v.do(r); v.status == http.StatusOK || v.status == http.StatusSeeOther {
				t.Errorf("GET %s answers %d", to, v.status)
			}
		}
	})
	t.Run("no other origin reads", func(t *testing.T) {
		for _, path := range []string{"/", "/login", "/api/v1/me", "/openapi.json", "/healthz"} {
			for _, origin := range []string{"null", "https://evil.example", h.base + ".evil.example"} {
				r, _ := http.NewRequest(http.MethodGet, h.base+path, nil)
				r.Header.Set("Origin", origin)
				v.do(r)
				for name := range v.header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("GET %s tells %s the header %s", path, origin, name)
					}
				}
			}
		}
	})
}

type route struct{ method, path string }

// allRoutes lists the routes of the pages and of the API.
func allRoutes() (list []route) {
	for _, r := range routes() {
		if r.Method == strings.ToUpper(r.Method) && !strings.HasPrefix(r.Method, "ECHO") && r.Method != "echo_route_not_found" {
			list = append(list, route{r.Method, r.Path})
		}
	}
	return list
}

// TestAttackOpenRedirects: wherever a parameter might say where to go, it stays here.
func TestAttackOpenRedirects(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h).still()
	stranger := visit(t, h).still()
	away := []string{"//evil.example", `/\evil.example`, "/%5cevil.example", "/%2fevil.example", "https:evil.example", "https://evil.example", "\t//evil.example", "javascript:alert(1)", "/%09/evil.example", "///evil.example", "/.//evil.example"}
	names := []string{"next", "return", "returnTo", "return_to", "redirect", "redirect_uri", "url", "to", "continue", "back", "RelayState", "state", "target"}
	here := func(what string, who *visitor) {
		t.Helper()
		to := who.header.Get("Location")
		u, err := url.Parse(to)
		if to != "" && (err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, `/\`)) {
			t.Errorf("%s leads to %q", what, to)
		}
		if refresh := who.header.Get("Refresh"); refresh != "" {
			t.Errorf("%s refreshes to %q", what, refresh)
		}
	}
	followed := 0
	for _, r := range allRoutes() {
		if strings.HasPrefix(r.path, "/api/") || r.method != http.MethodGet && r.method != http.MethodPost || r.path == "/logout" || strings.HasPrefix(r.path, "/auth/") {
			continue
		}
		to := strings.NewReplacer(":id", "x", ":name", "x", ":token", "x", ":provider", "x", "*", "").Replace(r.path)
		for _, evil := range away {
			values := url.Values{}
			for _, name := range names {
				values.Set(name, evil)
			}
			for _, who := range []*visitor{v, stranger} {
				if r.method == http.MethodGet {
					who.look(to + "?" + values.Encode())
				} else if r.path != "/account/tokens" && r.path != "/account/password" {
					who.post(to, values)
				}
				here(r.method+" "+to+" with "+evil, who)
				if who.header.Get("Location") != "" {
					followed++
				}
			}
		}
	}
	// A path that is not cleaned may itself become the place to go.
	for _, target := range []string{"//evil.example/", "//evil.example/%2f..", `/\evil.example/`, "/%5cevil.example", "//evil.example/login", "/static//evil.example/..", "//evil.example/questions", "/questions//evil.example"} {
		answer := raw(t, h, get(h, target))
		if _, rest, ok := strings.Cut(answer, "\r\nLocation: "); ok {
			to, _, _ := strings.Cut(rest, "\r\n")
			if !strings.HasPrefix(to, "/login?next=") {
				t.Errorf("%s leads to %q", target, to)
			}
		}
	}
	for _, to := range []string{"/login?next=%00//evil.example", "/questions?q=a%00b", "/questions/a%00b", "/sql?sql=%00"} {
		if v.look(to); v.status != http.StatusBadRequest && v.status != http.StatusNotFound || v.header.Get("Location") != "" {
			t.Errorf("GET %s answers %d", to, v.status)
		}
	}
	if v.post("/questions", url.Values{"name": {"a\x00b"}}); v.status != http.StatusBadRequest {
		t.Errorf("a form with the character 0 is answered %d", v.status)
	}
	if followed == 0 {
		t.Error("nothing led anywhere, so the test proves nothing")
	}
}

// behind runs a server that people reach as https://assay.example, through something that speaks TLS.
func behind(t *testing.T) *house {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	h := start(t, "serve", "ASSAY_ADDR="+at, "ASSAY_BASE_URL=https://assay.example")
	h.base = "http://" + at
	return h
}

// secureRequest asks as the proxy in front of such a server does.
func secureRequest(t *testing.T, h *house, method, path string, form url.Values, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(method, h.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "assay.example"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Transport: watch, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestAttackCookiesOverHTTPS(t *testing.T) {
	h := behind(t)
	link := strings.TrimPrefix(h.setupLink(t), "/setup?token=")
	made := secureRequest(t, h, "POST", "/setup", url.Values{"token": {link}, "email": {"ada@example.com"}, "name": {"Ada"}, "password": {password}})
	if made.StatusCode != http.StatusSeeOther {
		t.Fatalf("setting up answers %s", made.Status)
	}
	var session *http.Cookie
	for _, c := range made.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("the cookie %s", c.Raw)
		}
		session = c
	}
	if session == nil {
		t.Fatal("no cookie was set")
	}
	cookie := session.Name + "=" + session.Value
	for path, want := range map[string]int{"/": 200, "/login": 303, "/nothing": 404, "/static/none.css": 404, "/healthz": 200, "/api/v1/me": 401} {
		res := secureRequest(t, h, "GET", path, nil, "Cookie", cookie)
		if res.StatusCode != want {
			t.Errorf("GET %s answers %s", path, res.Status)
		}
		if got := res.Header.Get("Strict-Transport-Security"); got != "max-age=31536000; includeSubDomains" {
			t.Errorf("GET %s: Strict-Transport-Security is %q", path, got)
		}
		safe(t, res.Header)
	}
	// The name without the prefix, which a sister site could set, counts for nothing.
	if res := secureRequest(t, h, "GET", "/account", nil, "Cookie", "assay_session="+session.Value); res.StatusCode != http.StatusSeeOther {
		t.Errorf("a cookie without the prefix answers %s", res.Status)
	}
	for _, tt := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"page of ours", []string{"Origin", "https://assay.example"}, 422},
		{"page of ours, in newer browsers", []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://assay.example"}, 422},
		{"page of ours without encryption", []string{"Origin", "http://assay.example"}, 403},
		{"other port", []string{"Origin", "https://assay.example:8443"}, 403},
		{"sister site", []string{"Origin", "https://www.assay.example"}, 403},
	} {
		if res := secureRequest(t, h, "POST", "/account/tokens", url.Values{}, append(tt.headers, "Cookie", cookie)...); res.StatusCode != tt.want {
			t.Errorf("from a %s: %s, want %d", tt.name, res.Status, tt.want)
		}
	}
	for host, want := range map[string]int{"assay.example": 200, "ASSAY.example": 200, "assay.example:443": 200, "evil.example": 421, "assay.example.evil.example": 421, "evil.example:443": 421, "assay.example@evil.example": 421, "xassay.example": 421, "169.254.169.254": 421, "assay.example.": 421} {
		r, _ := http.NewRequest("GET", h.base+"/login", nil)
		r.Host = host
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("the host %q is answered %d, want %d", host, res.StatusCode, want)
		}
	}
	left := secureRequest(t, h, "POST", "/logout", nil, "Cookie", cookie, "Sec-Fetch-Site", "same-origin")
	if got := left.Header.Get("Clear-Site-Data"); left.StatusCode != http.StatusSeeOther || !strings.Contains(got, `"cache"`) || !strings.Contains(got, `"storage"`) {
		t.Errorf("signing out answers %s, Clear-Site-Data %q", left.Status, got)
	}
	for _, c := range left.Cookies() {
		if c.MaxAge >= 0 || c.Value != "" || !c.Secure || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("signing out sets %s", c.Raw)
		}
	}
	if res := secureRequest(t, h, "GET", "/account", nil, "Cookie", cookie); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the session still works after signing out: %s", res.Status)
	}
}

// templates are texts that an engine of templates would work out.
var templates = []string{"{{7777*7777}}", "${7777*7777}", "<%=7777*7777%>", "#{7777*7777}", "{{.}}", "{%7777*7777%}", "@(7777*7777)", "$(7777*7777)", "`7777*7777`", "{{html .}}"}

func TestAttackTemplatesInText(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", "sqlite://"+liteFile(t, shop()))
	id := strings.TrimPrefix(connection, "/connections/")
	shown := func(what, selector, text string) {
		t.Helper()
		if strings.Contains(strings.ReplaceAll(v.body, text, ""), "60481729") {
			t.Errorf("%s: %q was worked out", what, text)
		}
		got := v.words(selector)
		v.doc.Find("input, textarea").Each(func(_ int, s *goquery.Selection) { got += " " + s.AttrOr("value", s.Text()) })
		if !strings.Contains(got, text) {
			t.Errorf("%s: %q does not come back as it is, but %q", what, text, got)
		}
	}
	for i, text := range templates {
		v.open("/connections/new").submit("main form", "do=test", fields{"name": text, "host": text, "database": text, "user": text, "password": "a password of nobody"})
		shown("connection", "main", text)
		v.look("/sql?" + url.Values{"connection": {id}, "sql": {"select '" + strings.ReplaceAll(text, "'", "''") + "' as x"}}.Encode())
		if !strings.Contains(text, "{{") {
			v.expect(http.StatusOK)
			shown("SQL", "main", text)
		} else if v.status >= 500 || strings.Contains(strings.ReplaceAll(v.body, text, ""), "60481729") {
			t.Errorf("SQL with %q answers %d", text, v.status)
		}
		v.open(connection+"/tables/orders").follow("main a", "Explore")
		v.submit("form[action='/questions']", "", fields{"name": fmt.Sprint(i, text), "description": text}).expect(http.StatusOK)
		shown("question", "main", fmt.Sprint(i, text))
		v.open("/questions?q=" + url.QueryEscape(text))
		shown("search", "main", text)
	}
	stranger := visit(t, h)
	for _, text := range templates {
		stranger.post("/login", url.Values{"email": {text}, "password": {"wrong wrong wrong"}})
		if strings.Contains(strings.ReplaceAll(stranger.body, text, ""), "60481729") && !strings.Contains(text, "60481729") {
			t.Errorf("signing in as %q was worked out", text)
		}
	}
}

// TestAttackLogForging writes lines, colours and fields into whatever is logged.
func TestAttackLogForging(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			h := start(t, "serve", "ASSAY_LOG_FORMAT="+format, "ASSAY_ADMIN_EMAIL=ada@example.com", "ASSAY_ADMIN_PASSWORD="+password)
			v := visit(t, h).signIn("ada@example.com")
			forged := "x\r\ntime=2020-01-01T00:00:00Z level=ERROR msg=forged-line\r\n{\"level\":\"ERROR\",\"msg\":\"forged-line\"}\n\x1b[31mred\x1b[0m\u2028 a=\"b"
			v.post("/login", url.Values{"email": {forged}, "password": {forged}})
			v.open("/connections/new").submit("main form", "do=save", fields{"url": "sqlite://" + liteFile(t, shop()), "name": forged})
			v.look("/questions/" + url.PathEscape(forged))
			v.look("/sql?" + url.Values{"connection": {"none"}, "sql": {forged}}.Encode())
			h.command(t, password+"\n", "user", "create", "--email", "b@example.com", "--name", "B", "--role", "viewer")
			raw(t, h, get(h, "/nothing", "User-Agent: \x1b[31mforged-line", "Referer: forged-line", "X-Request-Id: forged-line"))
			raw(t, h, "GET /%0d%0aforged-line HTTP/1.1\r\nHost: evil\tforged-line\r\n\r\n")
			p := &program{house: h}
			p.request(t, t.Context(), http.MethodPost, "/api/v1/auth/token", "", map[string]string{"email": forged, "password": forged}).Body.Close()
			p.request(t, t.Context(), http.MethodGet, "/api/v1/connections/"+url.PathEscape(forged), "", nil).Body.Close()
			// Whatever of this is ever logged goes through the same log.
			newLog(h.log, format).Error("request failed", "path", forged, forged, forged, "err", errors.New(forged))
			lines := strings.Split(strings.TrimSuffix(h.log.String(), "\n"), "\n")
			for _, line := range lines {
				if strings.ContainsAny(line, "\x1b\r\u2028") {
					t.Errorf("the log holds control characters: %q", line)
				}
				if format == "json" {
					var one map[string]any
					if err := json.Unmarshal([]byte(line), &one); err != nil || one["msg"] == "forged-line" {
						t.Errorf("no line of ours: %q %v", line, err)
					}
				} else if !strings.HasPrefix(line, "time=2") || strings.HasPrefix(line, "time=2020") {
					t.Errorf("no line of ours: %q", line)
				}
			}
			if len(lines) < 2 {
				t.Errorf("only %d lines were logged", len(lines))
			}
		})
	}
}

// TestAttackNamesThatMatchMore: patterns and placeholders in the place of an id name nothing.
func TestAttackNamesThatMatchMore(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	v.connect("*", "sqlite://"+liteFile(t, shop()))
	v.connect("%", "sqlite://"+liteFile(t, shop()))
	words := strings.Fields(h.command(t, "", "token", "create", "--email", "ada@example.com", "--name", "all"))
	p := &program{house: h, token: words[len(words)-1]}
	for _, id := range []string{":id", "{id}", "*", "%25", "_", "%3Aid", "0", "null", "undefined", "-1", "..", "%2e%2e", "true", "%5B%5D", "%27%20OR%201=1%20--", "%22", "a%00", "none%2F..", "1;2", "%2A%2A"} {
		for _, prefix := range []string{"/questions/", "/connections/", "/queries/", "/cards/"} {
			answer := raw(t, h, get(h, prefix+id, "Cookie: assay_session="+v.cookie()))
			if got := statuses(answer); len(got) != 1 || got[0] != "404" {
				t.Errorf("GET %s%s answers %v", prefix, id, got)
			}
		}
		for _, prefix := range []string{"/api/v1/connections/", "/api/v1/questions/", "/api/v1/queries/", "/api/v1/users/"} {
			answer := raw(t, h, get(h, prefix+id, "Authorization: Bearer "+p.token))
			if got := statuses(answer); len(got) != 1 || got[0] != "404" {
				t.Errorf("GET %s%s answers %v: %s", prefix, id, got, answer[max(0, len(answer)-300):])
			}
		}
	}
	for filter, want := range map[string]int{"*": 0, "%": 0, "_": 0, "__": 0, "' OR 1=1 --": 0, "orders": 1} {
		v.open("/connections")
		connection := v.doc.Find(".list-title a").First().AttrOr("href", "")
		v.open(connection + "?q=" + url.QueryEscape(filter))
		if got := strings.Count(v.words("main table"), "orders"); (got > 0) != (want > 0) {
			t.Errorf("finding tables by %q finds orders %d times", filter, got)
		}
	}
}
