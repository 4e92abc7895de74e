package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/api"
	"assay/app/web"
	"assay/static"
)

// public is what anybody may open; opened maps every other page to what a
// person must be allowed to do. A new page belongs in here.
var (
	public = []string{"/login", "/login/code", "/setup", "/enter", "/invite", "/reset", "/auth/:provider", "/auth/:provider/callback", "/auth/:provider/metadata", "/healthz", "/readyz", "/favicon.ico", "/static/*", "/*", "/openapi.json", "/openapi.yaml", "/api/docs", "/r/:token", "/r/:token/embed", "/r/:token/cards/:card"}
	opened = map[string]account.Action{
		"/":                                              account.Look,
		"/cards/:id":                                     account.Look,
		"/connections":                                   account.SeeConnections,
		"/connections/new":                               account.EditConnections,
		"/connections/:id":                               account.SeeConnections,
		"/connections/:id/edit":                          account.EditConnections,
		"/connections/:id/schema":                        account.AskSQL,
		"/connections/:id/tables/:name":                  account.SeeConnections,
		"/explore":                                       account.Ask,
		"/explore/edit":                                  account.Ask,
		"/explore.csv":                                   account.Ask,
		"/explore.xlsx":                                  account.Ask,
		"/explore.json":                                  account.Ask,
		"/explore.svg":                                   account.Ask,
		"/explore.option":                                account.Ask,
		"/sql":                                           account.AskSQL,
		"/sql.csv":                                       account.AskSQL,
		"/sql.xlsx":                                      account.AskSQL,
		"/sql.json":                                      account.AskSQL,
		"/sql.svg":                                       account.AskSQL,
		"/sql.option":                                    account.AskSQL,
		"/questions":                                     account.Look,
		"/questions/:id":                                 account.Look,
		"/questions/:id/edit":                            account.Save,
		"/questions/:id/versions":                        account.Look,
		"/questions/:id/share":                           account.Share,
		"/dashboards":                                    account.Look,
		"/dashboards/new":                                account.Save,
		"/dashboards/add":                                account.Save,
		"/dashboards/:id":                                account.Look,
		"/dashboards/:id/print":                          account.Look,
		"/dashboards/:id/cards/:card":                    account.Look,
		"/dashboards/:id/cards/:card/only":               account.Look,
		"/dashboards/:id/cards/:card/rows":               account.Ask,
		"/dashboards/:id/values/:filter":                 account.Look,
		"/dashboards/:id/edit":                           account.Save,
		"/dashboards/:id/settings":                       account.Save,
		"/dashboards/:id/filters":                        account.Save,
		"/dashboards/:id/filters/:filter":                account.Save,
		"/dashboards/:id/versions":                       account.Look,
		"POST /dashboards":                               account.Save,
		"POST /dashboards/add":                           account.Save,
		"POST /dashboards/:id":                           account.Save,
		"POST /dashboards/:id/edit":                      account.Save,
		"POST /dashboards/:id/delete":                    account.Save,
		"POST /dashboards/:id/restore":                   account.Save,
		"POST /dashboards/:id/filters/:filter":           account.Save,
		"POST /dashboards/:id/cards/:card/cancel":        account.Look,
		"/questions/:id/rows":                            account.Ask,
		"/dashboards/:id/share":                          account.Share,
		"/reports/:id/share":                             account.Share,
		"/shares":                                        account.Share,
		"/shares/:id":                                    account.Share,
		"POST /questions/:id/share":                      account.Share,
		"POST /dashboards/:id/share":                     account.Share,
		"POST /reports/:id/share":                        account.Share,
		"POST /shares/:id/revoke":                        account.Share,
		"/reports":                                       account.Look,
		"/reports/new":                                   account.Save,
		"/reports/:id":                                   account.Look,
		"/reports/:id/edit":                              account.Save,
		"/reports/:id/print":                             account.Look,
		"/reports/:id/versions":                          account.Look,
		"/reports/:id/snapshots":                         account.Look,
		"/reports/:id/snapshots/:snapshot":               account.Look,
		"/reports/:id/snapshots/:snapshot/print":         account.Look,
		"/paper.css":                                     account.Look,
		"POST /reports":                                  account.Save,
		"POST /reports/preview":                          account.Save,
		"POST /reports/:id":                              account.Save,
		"POST /reports/:id/preview":                      account.Save,
		"POST /reports/:id/delete":                       account.Save,
		"POST /reports/:id/restore":                      account.Save,
		"POST /reports/:id/snapshots":                    account.Save,
		"POST /reports/:id/snapshots/:snapshot/delete":   account.Look,
		"/schedules":                                     account.Look,
		"/schedules/new":                                 account.Save,
		"POST /schedules":                                account.Save,
		"/schedules/:id":                                 account.Look,
		"/schedules/:id/runs":                            account.Look,
		"/schedules/:id/versions":                        account.Look,
		"/schedules/:id/edit":                            account.Save,
		"/schedules/:id/delete":                          account.Save,
		"POST /schedules/:id":                            account.Save,
		"POST /schedules/:id/run":                        account.Save,
		"POST /schedules/:id/pause":                      account.Save,
		"POST /schedules/:id/resume":                     account.Save,
		"POST /schedules/:id/cancel/:run":                account.Save,
		"POST /schedules/:id/deliveries/:delivery":       account.Save,
		"POST /schedules/:id/restore":                    account.Save,
		"POST /schedules/:id/delete":                     account.Save,
		"/alerts":                                        account.Look,
		"/alerts/new":                                    account.Save,
		"POST /alerts":                                   account.Save,
		"/alerts/:id":                                    account.Look,
		"/alerts/:id/runs":                               account.Look,
		"/alerts/:id/versions":                           account.Look,
		"/alerts/:id/edit":                               account.Save,
		"/alerts/:id/delete":                             account.Save,
		"POST /alerts/:id":                               account.Save,
		"POST /alerts/:id/run":                           account.Save,
		"POST /alerts/:id/pause":                         account.Save,
		"POST /alerts/:id/resume":                        account.Save,
		"POST /alerts/:id/cancel/:run":                   account.Save,
		"POST /alerts/:id/deliveries/:delivery":          account.Save,
		"POST /alerts/:id/restore":                       account.Save,
		"POST /alerts/:id/delete":                        account.Save,
		"/schedules/times":                               account.Save,
		"POST /alerts/preview":                           account.Save,
		"POST /alerts/:id/silence":                       account.Save,
		"/admin/channels":                                account.EditSettings,
		"/admin/channels/new":                            account.EditSettings,
		"/admin/channels/:id":                            account.EditSettings,
		"/admin/channels/:id/delete":                     account.EditSettings,
		"POST /admin/channels":                           account.EditSettings,
		"POST /admin/channels/:id":                       account.EditSettings,
		"POST /admin/channels/:id/test":                  account.EditSettings,
		"POST /admin/channels/:id/secret":                account.EditSettings,
		"POST /admin/channels/:id/delete":                account.EditSettings,
		"POST /admin/settings/mail":                      account.EditSettings,
		"/queries/:id":                                   account.Look,
		"/queries/:id/result":                            account.Look,
		"/account":                                       account.Look,
		"/account/factor":                                account.Look,
		"/account/tokens/:token":                         account.Look,
		"/admin/providers":                               account.EditPeople,
		"/admin/providers/new":                           account.EditPeople,
		"/admin/providers/:id":                           account.EditPeople,
		"/admin/providers/:id/delete":                    account.EditPeople,
		"/admin/providers/:id/try":                       account.EditPeople,
		"POST /admin/providers":                          account.EditPeople,
		"POST /admin/providers/:id":                      account.EditPeople,
		"POST /admin/providers/:id/enable":               account.EditPeople,
		"POST /admin/providers/:id/disable":              account.EditPeople,
		"POST /admin/providers/:id/delete":               account.EditPeople,
		"POST /admin/providers/:id/try":                  account.EditPeople,
		"POST /account":                                  account.Look,
		"POST /account/factor":                           account.Look,
		"POST /account/factor/delete":                    account.Look,
		"POST /account/identities":                       account.Look,
		"POST /account/identities/delete":                account.Look,
		"POST /account/prove":                            account.Look,
		"POST /account/prove/provider":                   account.Look,
		"POST /account/sessions/delete":                  account.Look,
		"POST /account/sessions/:session/delete":         account.Look,
		"POST /account/tokens/:token":                    account.Look,
		"/guide":                                         account.Look,
		"/admin":                                         account.EditPeople,
		"/admin/users":                                   account.EditPeople,
		"/admin/users/new":                               account.EditPeople,
		"/admin/users/:id":                               account.EditPeople,
		"/admin/users/:id/delete":                        account.EditPeople,
		"/admin/groups":                                  account.EditPeople,
		"/admin/groups/new":                              account.EditPeople,
		"/admin/groups/:id":                              account.EditPeople,
		"/admin/groups/:id/delete":                       account.EditPeople,
		"/admin/roles":                                   account.EditRights,
		"/admin/roles/new":                               account.EditRights,
		"/admin/roles/:id":                               account.EditRights,
		"/admin/roles/:id/delete":                        account.EditRights,
		"/admin/access":                                  account.EditRights,
		"/admin/access/explain":                          account.EditRights,
		"/admin/access/connections/:id":                  account.EditRights,
		"/admin/access/folders/:id":                      account.EditRights,
		"/admin/rules":                                   account.EditRights,
		"/admin/rules/new":                               account.EditRights,
		"/admin/rules/:id":                               account.EditRights,
		"/admin/rules/:id/delete":                        account.EditRights,
		"/admin/audit":                                   account.SeeAudit,
		"/admin/audit.jsonl":                             account.SeeAudit,
		"/admin/audit/:seq":                              account.SeeAudit,
		"/admin/settings":                                account.EditSettings,
		"POST /admin/users":                              account.EditPeople,
		"POST /admin/users/:id":                          account.EditPeople,
		"POST /admin/users/:id/disable":                  account.EditPeople,
		"POST /admin/users/:id/enable":                   account.EditPeople,
		"POST /admin/users/:id/end":                      account.EditPeople,
		"POST /admin/users/:id/link":                     account.EditPeople,
		"POST /admin/users/:id/factor/delete":            account.EditPeople,
		"POST /admin/users/:id/sessions/:session/delete": account.EditPeople,
		"POST /admin/users/:id/tokens":                   account.EditPeople,
		"POST /admin/users/:id/tokens/:token/delete":     account.EditPeople,
		"POST /admin/users/:id/delete":                   account.EditPeople,
		"POST /admin/groups":                             account.EditPeople,
		"POST /admin/groups/:id":                         account.EditPeople,
		"POST /admin/groups/:id/members":                 account.EditPeople,
		"POST /admin/groups/:id/members/:person/delete":  account.EditPeople,
		"POST /admin/groups/:id/delete":                  account.EditPeople,
		"POST /admin/roles":                              account.EditRights,
		"POST /admin/roles/:id":                          account.EditRights,
		"POST /admin/roles/:id/delete":                   account.EditRights,
		"POST /admin/access/connections/:id":             account.EditRights,
		"POST /admin/access/connections/:id/grants/:grant/delete": account.EditRights,
		"POST /admin/access/folders/:id":                          account.EditRights,
		"POST /admin/access/folders/:id/grants/:grant/delete":     account.EditRights,
		"POST /admin/rules":                                       account.EditRights,
		"POST /admin/rules/:id":                                   account.EditRights,
		"POST /admin/rules/:id/delete":                            account.EditRights,
		"POST /admin/audit/verify":                                account.SeeAudit,
		"POST /connections":                                       account.EditConnections,
		"POST /connections/:id":                                   account.EditConnections,
		"POST /connections/:id/delete":                            account.EditConnections,
		"POST /connections/:id/test":                              account.SeeConnections,
		"POST /connections/:id/refresh":                           account.SeeConnections,
		"POST /sql":                                               account.AskSQL,
		"POST /questions":                                         account.Save,
		"POST /questions/:id":                                     account.Save,
		"POST /questions/:id/delete":                              account.Save,
		"POST /questions/:id/restore":                             account.Save,
		"POST /queries/:id/cancel":                                account.Look,
		"POST /account/password":                                  account.Look,
		"POST /account/tokens":                                    account.Look,
		"POST /account/tokens/:token/delete":                      account.Look,
	}
)

// routes lists the routes of a server, without running one.
func routes() []*echo.Route {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	e := web.New(web.Deps{Log: log})
	api.Mount(e, api.Deps{Log: log})
	return e.Routes()
}

func TestEveryRouteAsEverybody(t *testing.T) {
	h := start(t, "serve")
	admin := visit(t, h).setUp(h)
	connection := strings.TrimPrefix(admin.connect("Shop", "sqlite://"+liteFile(t, shop())), "/connections/")
	admin.open("/connections/"+connection+"/tables/orders").follow("main a", "Explore")
	admin.submit("form[action='/questions']", "", fields{"name": "Orders"}).expect(http.StatusOK)
	question := strings.TrimPrefix(admin.at.Path, "/questions/")
	people := map[account.Role]*visitor{account.Admin: admin}
	for _, role := range []account.Role{account.Analyst, account.Viewer} {
		email := string(role) + "@example.com"
		h.command(t, password+"\n", "user", "create", "--email", email, "--name", "One "+string(role), "--role", string(role))
		people[role] = visit(t, h).signIn(email)
	}
	for _, v := range people {
		v.still()
	}
	stranger := visit(t, h).still()
	address := func(path string) string {
		id := connection
		if strings.HasPrefix(path, "/questions/") || strings.HasPrefix(path, "/cards/") {
			id = question
		} else if strings.HasPrefix(path, "/queries/") {
			id = "none"
		}
		to := strings.NewReplacer(":id", id, ":name", "orders", ":token", "none").Replace(path)
		if strings.HasPrefix(path, "/explore") || strings.HasPrefix(path, "/sql") {
			to += "?connection=" + connection + "&table=orders&sql=select+1+as+n"
		}
		return to
	}
	ranks := map[account.Role]*account.Person{}
	for role := range people {
		ranks[role] = &account.Person{ID: "x", Role: role}
	}
	for _, r := range routes() {
		if r.Method != http.MethodGet && r.Method != http.MethodPost || strings.HasPrefix(r.Path, "/api/") && !slices.Contains(public, r.Path) || strings.HasPrefix(r.Path, "/mcp") {
			continue // the API's rights have tests of their own
		}
		key, to := r.Path, address(r.Path)
		if r.Method == http.MethodPost {
			key = "POST " + key
			if slices.Contains([]string{"/login", "/login/code", "/logout", "/setup", "/enter", "/invite", "/reset", "/auth/:provider/callback", "/r/:token", "/r/:token/embed"}, r.Path) {
				continue
			}
		} else if slices.Contains(public, r.Path) {
			if stranger.look(to); stranger.status >= 500 || strings.HasPrefix(stranger.header.Get("Location"), "/login") {
				t.Errorf("GET %s signed out: %d", to, stranger.status)
			}
			continue
		}
		ask := func(v *visitor) {
			if r.Method == http.MethodPost {
				v.post(to, url.Values{})
			} else {
				v.look(to)
			}
		}
		ask(stranger)
		login := stranger.status == http.StatusSeeOther && strings.HasPrefix(stranger.header.Get("Location"), "/login?next=%2F")
		if !login && stranger.status != http.StatusUnauthorized && stranger.status != http.StatusNotFound {
			t.Errorf("%s %s signed out: %d %s", r.Method, to, stranger.status, stranger.header.Get("Location"))
		}
		action, known := opened[key]
		if !known {
			t.Errorf("%s is in no table of rights", key)
			continue
		}
		for role, v := range people {
			allowed := account.May(ranks[role], action).Allowed
			if allowed && r.Method == http.MethodPost {
				continue // what is allowed is done in the other tests
			}
			ask(v)
			refused := v.status == http.StatusForbidden || v.status == http.StatusUnauthorized
			if allowed == refused || v.status >= 500 || strings.HasPrefix(v.header.Get("Location"), "/login") {
				t.Errorf("%s %s as %s: %d, allowed: %v", r.Method, to, role, v.status, allowed)
			}
		}
	}
	for _, path := range []string{"/nothing", "/questions/none", "/connections/none", "/connections/" + connection + "/tables/none", "/queries/none", "/cards/none", "/static/none.css", "/questions/" + question + "/none", "/.env", "/explore?connection=none", "/sql?connection=none"} {
		if admin.look(path); admin.status != http.StatusNotFound {
			t.Errorf("GET %s answers %d, want 404", path, admin.status)
		}
	}
	for _, path := range []string{"/explore?connection=" + connection + "&spec=", "/explore?connection=" + connection + "&spec=%7B%7D", "/explore?connection=" + connection + "&spec=%7B", "/explore?connection=" + connection + `&spec={"tab`, "/explore?connection=" + connection + "&table=orders&limit=abc", "/explore?connection=" + connection + "&table=orders&question=none&version=1", "/explore?connection=" + connection + `&spec={"table":"orders","limit":-1}`,
		"/explore?connection=" + connection + `&spec={"table":"no such"}`, "/explore?connection=" + connection + "&table=orders&chart=%7B%22kind%22%3A%22no%22%7D", "/sql?connection=" + connection + "&sql=%00", "/questions?q=%25%27%22", "/questions/" + question + "?chart=%7B"} {
		if admin.look(strings.ReplaceAll(path, " ", "+")); admin.status >= 500 {
			t.Errorf("GET %s answers %d", path, admin.status)
		}
	}
}

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
