package main

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"assay/static"
)

func TestHeadersOnEveryAnswer(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).still()
	large := url.Values{"email": {strings.Repeat("a", 2<<20)}}
	tests := []struct {
		name   string
		ask    func()
		status int
	}{
		{"page", func() { v.look("/login") }, 200},
		{"redirect", func() { v.look("/questions") }, 303},
		{"missing page", func() { v.look("/nothing") }, 404},
		{"style sheet", func() { v.look(static.Path("css/app.css")) }, 200},
		{"missing file", func() { v.look("/static/none.js") }, 404},
		{"health", func() { v.look("/healthz") }, 200},
		{"API signed out", func() { v.look("/api/v1/me") }, 401},
		{"OpenAPI", func() { v.look("/openapi.json") }, 200},
		{"reference", func() { v.look("/api/docs") }, 200},
		{"wrong method", func() { v.post("/guide", nil) }, 404},
		{"set-up with a wrong link", func() { v.look("/setup?token=WRONG") }, 404},
		{"form from another site", func() { v.post("/login", nil, "Sec-Fetch-Site", "cross-site") }, 403},
		{"form from a sister site", func() { v.post("/login", nil, "Sec-Fetch-Site", "same-site") }, 403},
		{"form from another origin", func() { v.post("/login", nil, "Origin", "https://evil.example") }, 403},
		{"sign-out from another site", func() { v.post("/logout", nil, "Sec-Fetch-Site", "cross-site") }, 403},
		{"API call from another site", func() { v.post("/api/v1/auth/token", nil, "Sec-Fetch-Site", "cross-site") }, 403},
		{"too large", func() { v.post("/login", large) }, 413},
		{"too large, in pieces", func() { v.pieces("/login", "application/x-www-form-urlencoded", large.Encode()) }, 413},
		{"too large for the API", func() { v.pieces("/api/v1/auth/token", "application/json", `{"email":"`+large.Get("email")+`"}`) }, 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.ask()
			if v.status != tt.status {
				t.Errorf("status %d, want %d: %s", v.status, tt.status, v.words("main"))
			}
			safe(t, v.header)
		})
	}
	for _, host := range []string{"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "169.254.169.254", "[::2]", ""} {
		t.Run("host "+host, func(t *testing.T) {
			r, _ := http.NewRequest(http.MethodGet, h.base+"/login", nil)
			r.Host = host
			want := http.StatusMisdirectedRequest
			if host == "" {
				want = http.StatusOK // the client fills in the right one
			}
			if v.do(r); v.status != want {
				t.Errorf("status %d, want %d", v.status, want)
			}
			safe(t, v.header)
		})
	}
	if v.look("/login").header.Get("Set-Cookie") != "" {
		t.Error("somebody who merely looks gets a cookie")
	}
}

// pieces sends a body whose length is not told in advance.
func (v *visitor) pieces(to, kind, body string) {
	v.t.Helper()
	r, err := http.NewRequest(http.MethodPost, v.resolve(to).String(), io.MultiReader(bytes.NewReader([]byte(body))))
	if err != nil {
		v.t.Fatal(err)
	}
	r.ContentLength = -1
	r.Header.Set("Content-Type", kind)
	v.do(r)
}

func safe(t *testing.T, h http.Header) {
	t.Helper()
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} {
		if !slices.Contains(strings.Split(policy, "; "), want) {
			t.Errorf("the content policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || h.Get("X-Request-Id") == "" || h.Get("Server") != "" {
		t.Errorf("headers: %v", h)
	}
}

func TestSignInAttacks(t *testing.T) {
	h := start(t, "serve")
	link := h.setupLink(t)
	token := strings.TrimPrefix(link, "/setup?token=")

	t.Run("two set-ups at once", func(t *testing.T) {
		var wait sync.WaitGroup
		statuses := make([]int, 4)
		for i := range statuses {
			wait.Go(func() {
				res, err := http.PostForm(h.base+"/setup", url.Values{"token": {token}, "email": {"ada@example.com"}, "name": {"Ada"}, "password": {password}})
				if err != nil {
					t.Error(err)
					return
				}
				res.Body.Close()
				statuses[i] = res.StatusCode
				if res.Request.URL.Path == "/" || res.Request.URL.Path == "/login" { // sent on to the first page
					statuses[i] = http.StatusSeeOther
				}
			})
		}
		wait.Wait()
		slices.Sort(statuses)
		if want := []int{303, 404, 404, 404}; !slices.Equal(statuses, want) {
			t.Errorf("answers %v, want %v", statuses, want)
		}
	})
	t.Run("set-up link used again", func(t *testing.T) {
		v := visit(t, h)
		v.look(link).expect(http.StatusNotFound)
		v.post("/setup", url.Values{"token": {token}, "email": {"eve@example.com"}, "name": {"Eve"}, "password": {password}}).expect(http.StatusNotFound)
		if v.open("/login"); strings.Contains(v.words("main"), "Nobody has an account") {
			t.Error("the sign-in page still speaks of the set-up")
		}
	})
	t.Run("session fixation", func(t *testing.T) {
		v := visit(t, h)
		v.client.Jar.SetCookies(v.at, []*http.Cookie{{Name: "assay_session", Value: "CHOSENBYTHEATTACKER", Path: "/"}})
		v.signIn("ada@example.com").says("h1", "Home")
		first := v.cookie()
		if first == "" || first == "CHOSENBYTHEATTACKER" || len(first) < 26 {
			t.Fatalf("the session id after signing in is %q", first)
		}
		v.post("/login", url.Values{"email": {"ada@example.com"}, "password": {password}}).expect(http.StatusOK)
		if v.cookie() == first {
			t.Error("signing in again kept the session id")
		}
		old := visit(t, h)
		old.client.Jar.SetCookies(old.at, []*http.Cookie{{Name: "assay_session", Value: first, Path: "/"}})
		old.open("/").says("h1", "Sign in")
	})
	t.Run("session used after signing out", func(t *testing.T) {
		v := visit(t, h).signIn("ada@example.com")
		stolen := v.cookie()
		v.submit(".rail-foot form", "", nil).says("h1", "Sign in")
		thief := visit(t, h)
		thief.client.Jar.SetCookies(thief.at, []*http.Cookie{{Name: "assay_session", Value: stolen, Path: "/"}})
		thief.open("/account").says("h1", "Sign in")
	})
	t.Run("session used after the password was changed", func(t *testing.T) {
		v, other := visit(t, h).signIn("ada@example.com"), visit(t, h).signIn("ada@example.com")
		v.open("/account").submit("form[action='/account/password']", "", fields{"old": "wrong wrong wrong", "password": password}).expect(http.StatusUnprocessableEntity).says(".field-error", "not right")
		v.submit("form[action='/account/password']", "", fields{"old": password, "password": password + " more"}).expect(http.StatusOK).says("h1", "Ada")
		other.open("/account").says("h1", "Sign in")
		v.submit("form[action='/account/password']", "", fields{"old": password + " more", "password": password}).expect(http.StatusOK)
	})
	t.Run("cookie", func(t *testing.T) {
		v := visit(t, h).still()
		v.post("/login", url.Values{"email": {"ada@example.com"}, "password": {password}}).expect(http.StatusSeeOther)
		for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
			if got := v.header.Get("Set-Cookie"); !strings.Contains(got, want) {
				t.Errorf("the cookie %q lacks %s", got, want)
			}
		}
	})
	t.Run("open redirect", func(t *testing.T) {
		v := visit(t, h).still()
		for next, want := range map[string]string{"/questions": "/questions", "//evil.example": "/"} {
			v.post("/login", url.Values{"email": {"ada@example.com"}, "password": {password}, "next": {next}}).expect(http.StatusSeeOther)
			if got := v.header.Get("Location"); got != want {
				t.Errorf("signing in with next=%q leads to %q, want %q", next, got, want)
			}
		}
		for next, want := range map[string]string{
			"/questions": "/questions", "/explore?connection=x&spec=%7B%7D": "/explore?connection=x&spec=%7B%7D", "": "/", "questions": "/",
			"//evil.example": "/", "///evil.example": "/", "https://evil.example/": "/", "http:evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/", "/\t/evil.example": "/", "/\n/evil.example": "/",
			"javascript:alert(1)": "/", "data:text/html,x": "/", "/login": "/", "/login?next=/login": "/", "/%2Fevil.example": "/", "/%5Cevil.example": "/", "http://": "/", "/.//evil.example": "/", "/..//evil.example": "/",
		} {
			got := v.look("/login?next=" + url.QueryEscape(next)).expect(http.StatusSeeOther).header.Get("Location")
			if to, err := url.Parse(got); got != want && (err != nil || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(to.Path, "/") || strings.HasPrefix(got, "//") || want != "/") {
				t.Errorf("next=%q leads to %q, want %q", next, got, want)
			}
		}
	})
	t.Run("guessing", func(t *testing.T) {
		v := visit(t, h)
		for range 20 {
			v.post("/login", url.Values{"email": {"nobody@example.com"}, "password": {"wrong wrong wrong"}})
			if v.status == http.StatusTooManyRequests {
				v.says("[role=alert]", "wait")
				return
			}
		}
		t.Error("20 wrong passwords in a row are answered without a wait")
	})
}
