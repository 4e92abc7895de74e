package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/api"
	"assay/app/web"
)

// public is what anybody may open; opened maps every other page to what a
// person must be allowed to do. A new page belongs in here.
var (
	public = []string{"/login", "/login/code", "/setup", "/enter", "/invite", "/reset", "/auth/:provider", "/auth/:provider/callback", "/auth/:provider/metadata", "/healthz", "/readyz", "/favicon.ico", "/static/*", "/*", "/openapi.json", "/openapi.yaml", "/api/docs", "/r/:token", "/r/:token/embed", "/r/:token/cards/:card", "/r/:token/paper.css"}
	opened = map[string]account.Action{
		"/":                                              account.Look,
		"/cards/:id":                                     account.Look,
		"POST /cards/:id/cancel":                         account.Look,
		"/connections":                                   account.SeeConnections,
		"/connections/new":                               account.EditConnections,
		"/connections/:id":                               account.SeeConnections,
		"/connections/:id/edit":                          account.EditConnections,
		"/connections/:id/schema":                        account.AskSQL,
		"/connections/:id/tables/:name":                  account.SeeConnections,
		"/explore":                                       account.Ask,
		"/explore/edit":                                  account.Ask,
		"/explore/rows":                                  account.Ask,
		"/explore.csv":                                   account.Ask,
		"/explore.xlsx":                                  account.Ask,
		"/explore.json":                                  account.Ask,
		"/explore.svg":                                   account.Ask,
		"/explore.option":                                account.Ask,
		"/sql":                                           account.AskSQL,
		"/sql/rows":                                      account.AskSQL,
		"/sql.csv":                                       account.AskSQL,
		"/sql.xlsx":                                      account.AskSQL,
		"/sql.json":                                      account.AskSQL,
		"/sql.svg":                                       account.AskSQL,
		"/sql.option":                                    account.AskSQL,
		"/questions":                                     account.Look,
		"/questions/:id":                                 account.Look,
		"/questions/:id/print":                           account.Look,
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
