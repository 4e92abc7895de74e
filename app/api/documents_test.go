package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay/app/account"
)

// document fetches the OpenAPI document.
func (h *house) document() map[string]any {
	h.t.Helper()
	return ok[map[string]any](h.t, h.call("", "GET", "/openapi.json", nil), 200)
}

// operations calls f with each operation of the document.
func operations(doc map[string]any, f func(method, path string, op map[string]any)) {
	for path, item := range doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			f(strings.ToUpper(method), path, op.(map[string]any))
		}
	}
}

func TestDocumentCoversTheContract(t *testing.T) {
	h := newHouse(t)
	have := map[string]bool{}
	operations(h.document(), func(method, path string, _ map[string]any) { have[method+" "+path] = true })
	for _, want := range []string{
		"POST auth/token", "POST auth/refresh", "POST auth/revoke", "GET me",
		"GET users", "POST users", "GET users/{id}", "PATCH users/{id}",
		"GET tokens", "POST tokens", "DELETE tokens/{id}",
		"GET connections", "POST connections", "GET connections/{id}", "PUT connections/{id}", "PATCH connections/{id}", "DELETE connections/{id}",
		"POST connections/{id}/test", "GET connections/{id}/schema",
		"POST query", "GET queries/{id}", "DELETE queries/{id}",
		"GET questions", "POST questions", "GET questions/{id}", "PUT questions/{id}", "PATCH questions/{id}", "DELETE questions/{id}",
		"GET questions/{id}/versions", "POST questions/{id}/versions/{version}/restore", "POST questions/{id}/run", "GET questions/{id}/data", "GET questions/{id}/chart.svg",
		"GET folders", "DELETE users/{id}", "PUT users/{id}", "GET tokens/{id}", "PATCH tokens/{id}",
		"GET groups", "POST groups", "GET groups/{id}", "PUT groups/{id}", "PATCH groups/{id}", "DELETE groups/{id}",
		"GET roles", "POST roles", "GET roles/{id}", "PUT roles/{id}", "PATCH roles/{id}", "DELETE roles/{id}",
		"GET rules", "POST rules", "GET rules/{id}", "PUT rules/{id}", "PATCH rules/{id}", "DELETE rules/{id}",
		"GET grants", "POST grants", "GET grants/{id}", "DELETE grants/{id}", "POST explain", "GET audit", "GET audit/{seq}", "POST audit/verify",
		"GET questions/{id}/versions/{version}", "POST connections/{id}/changed",
		"GET shares", "POST shares", "GET shares/{id}", "DELETE shares/{id}", "GET shares/{id}/visits",
		"POST dashboards/{id}/run", "GET dashboards/{id}/document", "POST reports/{id}/run", "GET reports/{id}/document", "POST alerts/{id}/silence",
		"POST schedules/{id}/run", "GET schedules/{id}/runs", "POST schedules/{id}/pause", "POST schedules/{id}/resume",
		"POST alerts/{id}/run", "GET alerts/{id}/runs", "POST alerts/{id}/pause", "POST alerts/{id}/resume",
		"GET dashboards", "POST dashboards", "GET dashboards/{id}", "PUT dashboards/{id}", "PATCH dashboards/{id}", "DELETE dashboards/{id}", "GET dashboards/{id}/versions",
		"GET reports", "POST reports", "GET reports/{id}", "PUT reports/{id}", "PATCH reports/{id}", "DELETE reports/{id}", "GET reports/{id}/versions",
		"GET schedules", "POST schedules", "GET schedules/{id}", "PUT schedules/{id}", "PATCH schedules/{id}", "DELETE schedules/{id}", "GET schedules/{id}/versions",
		"GET alerts", "POST alerts", "GET alerts/{id}", "PUT alerts/{id}", "PATCH alerts/{id}", "DELETE alerts/{id}", "GET alerts/{id}/versions",
	} {
		method, path, _ := strings.Cut(want, " ")
		if !have[method+" /api/v1/"+path] {
			t.Errorf("the document lacks %s", want)
		}
	}
}

// TestDocumentIsSound checks what OpenAPI 3.1 asks of a document's structure.
func TestDocumentIsSound(t *testing.T) {
	h := newHouse(t)
	raw := h.call("", "GET", "/openapi.json", nil)
	doc := ok[map[string]any](t, raw, 200)
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi is %v", doc["openapi"])
	}
	for _, bad := range []string{"example.com", "localhost", "$schema", "ErrorModel", "ErrorDetail"} {
		if strings.Contains(raw.body, bad) {
			t.Errorf("the document holds %q", bad)
		}
	}
	ids := map[string]bool{}
	operations(doc, func(method, path string, op map[string]any) {
		id, _ := op["operationId"].(string)
		if id == "" || ids[id] {
			t.Errorf("%s %s has the id %q", method, path, id)
		}
		ids[id] = true
		if op["summary"] == nil {
			t.Errorf("%s has no summary", id)
		}
		var inPath []string
		for _, p := range anys(op["parameters"]) {
			p := p.(map[string]any)
			if p["in"] == "path" {
				inPath = append(inPath, p["name"].(string))
				if p["required"] != true {
					t.Errorf("%s: a parameter of the path is required", id)
				}
			}
			if p["schema"] == nil {
				t.Errorf("%s: %v has no schema", id, p["name"])
			}
		}
		var want []string
		for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
			want = append(want, m[1])
		}
		slices.Sort(inPath)
		slices.Sort(want)
		if !slices.Equal(inPath, want) {
			t.Errorf("%s declares %v of %s", id, inPath, path)
		}
		success := false
		for status, response := range op["responses"].(map[string]any) {
			success = success || strings.HasPrefix(status, "2")
			if response.(map[string]any)["description"] == "" {
				t.Errorf("%s %s has no description", id, status)
			}
		}
		if !success || op["responses"].(map[string]any)["default"] == nil {
			t.Errorf("%s needs a success and a default", id)
		}
	})
	walk("", doc, func(where string, v map[string]any) {
		ref, ok := v["$ref"].(string)
		if !ok {
			return
		}
		var at any = doc
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			at = at.(map[string]any)[part]
			if at == nil {
				t.Errorf("%s: %s leads nowhere", where, ref)
				return
			}
		}
	})
	yaml := h.call("", "GET", "/openapi.yaml", nil)
	if yaml.status != 200 || !strings.Contains(yaml.body, "openapi: 3.1.0") && !strings.Contains(yaml.body, `openapi: "3.1.0"`) {
		t.Errorf("YAML: %d %.200s", yaml.status, yaml.body)
	}
}

func anys(v any) []any {
	l, _ := v.([]any)
	return l
}

func walk(where string, v any, f func(string, map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		f(where, v)
		for k, inner := range v {
			walk(where+"/"+k, inner, f)
		}
	case []any:
		for i, inner := range v {
			walk(fmt.Sprint(where, "/", i), inner, f)
		}
	}
}

// TestEveryCallNeedsAToken visits every documented call signed out.
func TestEveryCallNeedsAToken(t *testing.T) {
	h := newHouse(t)
	public := map[string]bool{"createAccessToken": true, "refreshAccessToken": true, "revokeToken": true}
	visited := 0
	operations(h.document(), func(method, path string, op map[string]any) {
		security, declared := op["security"].([]any)
		if public[op["operationId"].(string)] {
			if !declared || len(security) != 0 {
				t.Errorf("%s needs no token and should say so", path)
			}
			return
		}
		if declared {
			t.Errorf("%s declares a security of its own", path)
		}
		for _, token := range []string{"", "assay_wrong", "e30.e30.e30"} {
			r := h.call(token, method, strings.NewReplacer("{id}", h.orders, "{version}", "1").Replace(path), `{"broken`)
			refused(t, r, 401, "sign_in")
			if r.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s: WWW-Authenticate is %q", method, path, r.header.Get("WWW-Authenticate"))
			}
		}
		visited++
	})
	if visited < 25 {
		t.Errorf("only %d calls were visited", visited)
	}
}

// TestRoles visits calls as each role: what a role does not include is denied
// before the body is looked at.
func TestRoles(t *testing.T) {
	h := newHouse(t)
	q := ok[question](t, h.as(account.Admin, "POST", "/questions", object{"name": "one", "connection": h.orders, "sql": "SELECT 1"}), 201)
	least := map[string]account.Role{
		"GET /me": account.Viewer, "GET /tokens": account.Viewer, "GET /connections": account.Viewer, "GET /connections/" + h.orders: account.Viewer,
		"GET /connections/" + h.orders + "/schema": account.Viewer, "POST /connections/" + h.orders + "/test": account.Viewer,
		"GET /queries": account.Viewer, "GET /questions": account.Viewer, "GET /questions/" + q.ID: account.Viewer, "GET /questions/" + q.ID + "/data": account.Viewer,
		"GET /questions/" + q.ID + "/versions": account.Viewer, "GET /folders": account.Viewer,
		"POST /questions": account.Analyst, "PUT /questions/" + q.ID: account.Analyst, "PATCH /questions/" + q.ID: account.Analyst, "POST /folders": account.Analyst,
		"POST /questions/" + q.ID + "/versions/9/restore": account.Analyst,
		"POST /connections": account.Admin, "PUT /connections/" + h.orders: account.Admin, "PATCH /connections/" + h.orders: account.Admin,
		"DELETE /connections/" + h.orders: account.Admin, "GET /users": account.Admin, "POST /users": account.Admin,
		"GET /users/" + h.people[account.Viewer].ID: account.Admin, "PATCH /users/" + h.people[account.Viewer].ID: account.Admin,
	}
	rank := map[account.Role]int{account.Viewer: 1, account.Analyst: 2, account.Admin: 3}
	for line, need := range least {
		method, path, _ := strings.Cut(line, " ")
		for _, role := range account.Roles {
			r := h.as(role, method, path, `{"unknown member": 1}`)
			denied := r.status == http.StatusForbidden
			if allowed := rank[role] >= rank[need]; allowed == denied || r.status >= 500 {
				t.Errorf("%s as %s: %d %s", line, role, r.status, r.body)
			}
			if denied {
				refused(t, r, 403, "denied")
			}
		}
	}
	for role, want := range map[account.Role]int{account.Viewer: 403, account.Analyst: 200, account.Admin: 200} {
		if r := h.as(role, "POST", "/query", object{"connection": h.orders, "sql": "SELECT 1"}); r.status != want {
			t.Errorf("SQL as %s: %d", role, r.status)
		}
		if r := h.as(role, "POST", "/query", object{"connection": h.orders, "spec": object{"table": "orders", "measures": []any{object{"fn": "count"}}}}); r.status != 200 {
			t.Errorf("a spec as %s: %d %s", role, r.status, r.body)
		}
	}
}

func TestBodies(t *testing.T) {
	h := newHouse(t)
	tests := []struct {
		name, body string
		status     int
		code       string
		locations  []string
	}{
		{"empty", ``, 400, "malformed", nil},
		{"cut off", `{"name": "a`, 400, "malformed", []string{"body"}},
		{"two documents", `{} {}`, 400, "malformed", []string{"body"}},
		{"a list", `[]`, 422, "invalid", []string{"body"}},
		{"missing", `{}`, 422, "invalid", []string{"body.name"}},
		{"null", `{"name": null}`, 422, "invalid", []string{"body.name"}},
		{"another kind", `{"name": 7}`, 422, "invalid", []string{"body.name"}},
		{"unknown member", `{"name": "a", "blocklist": []}`, 422, "invalid", []string{"body.blocklist"}},
		{"unknown member inside", `{"name": "a", "tls": {"verify": false}}`, 422, "invalid", []string{"body.tls.verify"}},
		{"number out of range", `{"name": "a", "kind": "postgres", "host": "h", "port": 1e300}`, 422, "invalid", []string{"body.port"}},
		{"what the store finds", `{"name": "a", "kind": "postgres", "time_zone": "Mars"}`, 422, "invalid", []string{"body.host", "body.time_zone"}},
		{"unreadable url", `{"name": "a", "url": "what is this"}`, 422, "invalid", []string{"body.url"}},
		{"deep", `{"name":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, 400, "malformed", []string{"body"}},
		{"deep and open", strings.Repeat(`{"a":`, 100_000), 400, "malformed", []string{"body"}},
		{"many members", `{"name": "a"` + strings.Repeat(`,"x":1`, 100_000) + `}`, 400, "malformed", []string{"body"}},
		{"huge", `{"name": "` + strings.Repeat("a", 2<<20) + `"}`, 413, "too_large", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := h.as(account.Admin, "POST", "/connections", tt.body)
			refused(t, r, tt.status, tt.code, tt.locations...)
			if len(r.body) > 8<<10 {
				t.Errorf("the answer has %d bytes", len(r.body))
			}
		})
	}
	t.Run("many wrong members", func(t *testing.T) {
		wrong := map[string]int{}
		for i := range 5000 {
			wrong[fmt.Sprint("m", i)] = i
		}
		text, _ := json.Marshal(wrong)
		p := ok[problem](t, h.as(account.Admin, "POST", "/connections", string(text)), 422)
		if len(p.Errors) != mostFlaws {
			t.Errorf("%d inputs are told", len(p.Errors))
		}
	})
	t.Run("not JSON", func(t *testing.T) {
		refused(t, h.as(account.Admin, "POST", "/connections", "name=a", "Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported_type")
	})
	t.Run("a wrong password is not sent back", func(t *testing.T) {
		for _, body := range []string{
			`{"name": "a", "kind": "postgres", "host": 7, "password": "` + hidden + `"}`,
			`{"name": "a", "kind": "postgres", "password": ["` + hidden + `"]}`,
			`{"name": "a", "url": "postgres://u:` + hidden + `@[broken/db"}`,
			`{"name": "a", "password": "` + hidden + `"`,
		} {
			if r := h.as(account.Admin, "POST", "/connections", body); r.status/100 != 4 {
				t.Errorf("got %d", r.status)
			}
		}
	})
}

// TestTheRestOfABodyIsNoRequest is the attack of hiding a request in the end of
// a body that is too large to be read.
func TestTheRestOfABodyIsNoRequest(t *testing.T) {
	h := newHouse(t)
	within := "DELETE /api/v1/connections/" + h.stuck + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + h.tokens[account.Admin] + "\r\n\r\n"
	for _, size := range []int{1 << 20, 1<<20 - 10, 3 << 20} {
		conn, err := net.Dial("tcp", h.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		body := `{"name": "` + strings.Repeat("a", size-10) + within
		request := fmt.Sprintf("POST /api/v1/connections HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			h.tokens[account.Admin], len(body), body)
		go func() {
			conn.Write([]byte(request))
			conn.(*net.TCPConn).CloseWrite()
		}()
		answers, _ := io.ReadAll(conn)
		conn.Close()
		if n := strings.Count(string(answers), "HTTP/1.1 "); n != 1 || !strings.HasPrefix(string(answers), "HTTP/1.1 4") {
			t.Errorf("a body of %d bytes got %d answers: %s", len(body), n, answers)
		}
	}
	if r := h.as(account.Admin, "GET", "/connections/"+h.stuck, nil); r.status != 200 {
		t.Errorf("the hidden request was carried out: %d", r.status)
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	h := newHouse(t)
	refused(t, h.call("", "GET", "/api/v1/nothing", nil), 404, "not_found")
	refused(t, h.call("", "GET", "/api/v2/me", nil), 404, "not_found")
	r := h.as(account.Admin, "DELETE", "/connections/"+h.orders+"/test", nil)
	refused(t, r, 405, "method_not_allowed")
	if r.header.Get("Allow") != "POST" {
		t.Errorf("Allow is %q", r.header.Get("Allow"))
	}
	for _, path := range []string{"/docs", "/schemas/Connection.json", "/openapi-3.0.json"} {
		if r := h.call("", "GET", path, nil); r.status != 404 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

func TestReferencePage(t *testing.T) {
	h := newHouse(t)
	r := h.call("", "GET", "/api/docs", nil)
	if r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", r.status, r.header)
	}
	// The pages' content security policy lets nothing inline and nothing of other hosts through.
	for _, bad := range []string{"<script", "<style", "style=", "onclick", "http://", "https://", "javascript:"} {
		if strings.Contains(r.body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	operations(h.document(), func(method, path string, op map[string]any) {
		if !strings.Contains(r.body, "<code>"+method+" "+path+"</code>") {
			t.Errorf("the page lacks %s %s", method, path)
		}
	})
	for _, c := range codes {
		if !strings.Contains(r.body, `id="`+c.Code+`"`) {
			t.Errorf("the page lacks the code %s", c.Code)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(r.body, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(r.body, -1) {
		if !ids[m[1]] {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
	if !strings.Contains(r.body, `href="/static/app.css"`) {
		t.Error("the style sheet is not linked")
	}
}
