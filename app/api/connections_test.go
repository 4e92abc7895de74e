package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/account"
)

func TestConnections(t *testing.T) {
	h := newHouse(t)
	made := h.as(account.Admin, "POST", "/connections", object{"name": "shop", "kind": "postgres", "host": "db.example.org", "port": 5433, "database": "shop",
		"user": "reader", "password": hidden, "time_zone": "Europe/Berlin", "options": object{"application_name": "assay"}, "tls": object{"mode": "require", "key": hidden}})
	c := ok[newConnection](t, made, 201)
	if made.header.Get("Location") != "/api/v1/connections/"+c.ID || c.Host != "db.example.org" || c.Port != 5433 || c.TLS.Mode != "require" || c.Notes == nil {
		t.Errorf("got %s", made.body)
	}
	path := "/connections/" + c.ID
	refused(t, h.as(account.Admin, "POST", "/connections", object{"name": "shop", "kind": "postgres", "host": "h"}), 409, "conflict")

	// Who may not change connections learns their names, not where they lead.
	for _, role := range []account.Role{account.Viewer, account.Analyst} {
		r := h.as(role, "GET", path, nil)
		if got := ok[Connection](t, r, 200); got.Name != "shop" || strings.Contains(r.body, "db.example.org") || strings.Contains(r.body, "reader") {
			t.Errorf("as %s: %s", role, r.body)
		}
	}
	list := ok[page[Connection]](t, h.as(account.Admin, "GET", "/connections?limit=2", nil), 200)
	if len(list.Items) != 2 || list.NextCursor == nil {
		t.Errorf("got %+v", list)
	}
	rest := ok[page[Connection]](t, h.as(account.Admin, "GET", "/connections?limit=2&cursor="+*list.NextCursor, nil), 200)
	if len(rest.Items) != 1 || rest.Items[0].Name != "stuck" || rest.NextCursor != nil {
		t.Errorf("got %+v", rest)
	}

	patched := ok[Connection](t, h.as(account.Admin, "PATCH", path, object{"database": "archive", "time_zone": ""}), 200)
	if patched.Database != "archive" || patched.Host != "db.example.org" || patched.TimeZone != "" || patched.Options["application_name"] != "assay" {
		t.Errorf("got %+v", patched)
	}
	replaced := ok[Connection](t, h.as(account.Admin, "PUT", path, object{"name": "shop 2", "kind": "postgres", "host": "db.example.org", "port": 5433, "user": "reader", "tls": object{"mode": "require"}}), 200)
	if replaced.Name != "shop 2" || replaced.Database != "" || replaced.Options != nil {
		t.Errorf("got %+v", replaced)
	}

	q := ok[question](t, h.as(account.Admin, "POST", "/questions", object{"name": "one", "connection": c.ID, "sql": "SELECT 1"}), 201)
	refused(t, h.as(account.Admin, "DELETE", path, nil), 409, "conflict")
	if r := h.as(account.Admin, "DELETE", "/questions/"+q.ID, nil); r.status != 204 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.as(account.Admin, "DELETE", path, nil); r.status != 204 || r.body != "" {
		t.Errorf("%d %s", r.status, r.body)
	}
	for _, method := range []string{"GET", "DELETE", "PATCH"} {
		refused(t, h.as(account.Admin, method, path, `{}`), 404, "not_found")
	}
	refused(t, h.as(account.Admin, "POST", path+"/test", nil), 404, "not_found")
	refused(t, h.as(account.Admin, "GET", path+"/schema", nil), 404, "not_found")
}

// TestAStoredPasswordGoesNowhereElse is the attack of pointing a connection at one's own host.
func TestAStoredPasswordGoesNowhereElse(t *testing.T) {
	h := newHouse(t)
	path := "/connections/" + h.stuck
	for _, change := range []object{{"host": "evil.example.org"}, {"port": 6666}, {"user": "other"}, {"tls": object{"mode": "disable"}}, {"url": "postgres://reader@evil.example.org/shop"}} {
		refused(t, h.as(account.Admin, "PATCH", path, change), 422, "invalid", "body.password")
	}
	if r := h.as(account.Admin, "PATCH", path, object{"host": "new.internal", "password": "another one"}); r.status != 200 {
		t.Errorf("with the password: %d %s", r.status, r.body)
	}
}

func TestConnectionByURL(t *testing.T) {
	h := newHouse(t)
	c := ok[newConnection](t, h.as(account.Admin, "POST", "/connections", object{"name": "by url", "url": "postgres://reader:" + hidden + "@db.example.org:5433/shop?sslmode=require", "time_zone": "UTC"}), 201)
	if c.Kind != "postgres" || c.Host != "db.example.org" || c.Port != 5433 || c.Database != "shop" || c.User != "reader" || c.TLS.Mode != "require" || c.TimeZone != "UTC" {
		t.Errorf("got %+v", c)
	}
}

func TestTestingAConnection(t *testing.T) {
	h := newHouse(t)
	good := ok[object](t, h.as(account.Admin, "POST", "/connections/"+h.orders+"/test", nil), 200)
	if good["ok"] != true || good["server"] != "SQLite" || good["version"] == "" || good["problem"] != "" {
		t.Errorf("got %v", good)
	}
	for _, name := range []string{"ok", "server", "version", "tls", "can_write", "time_zone", "latency_ms", "problem"} {
		if _, there := good[name]; !there {
			t.Errorf("the contract's %s is missing", name)
		}
	}
	bad := ok[object](t, h.as(account.Admin, "POST", "/connections/"+h.stuck+"/test", `{}`), 200)
	if bad["ok"] != false || bad["problem"] != "The server refused the connection" {
		t.Errorf("got %v", bad)
	}
}

func TestSchema(t *testing.T) {
	h := newHouse(t)
	for _, address := range []string{"/schema", "/schema?refresh=true", "/schema"} {
		got := ok[object](t, h.as(account.Viewer, "GET", "/connections/"+h.orders+address, nil), 200)
		tables := got["tables"].([]any)
		if len(tables) != 2 {
			t.Fatalf("got %v", got)
		}
		orders := tables[0].(map[string]any)
		for _, name := range []string{"schema", "name", "kind", "row_estimate", "comment", "columns"} {
			if _, there := orders[name]; !there {
				t.Errorf("the contract's %s is missing", name)
			}
		}
		want := object{"name": "region_id", "type": "integer", "kind": "number", "nullable": true, "primary_key": false,
			"references": object{"schema": orders["schema"], "table": "regions", "column": "id"}}
		if diff := cmp.Diff(want, orders["columns"].([]any)[1]); orders["name"] != "orders" || diff != "" {
			t.Errorf("%v\n%s", orders["name"], diff)
		}
	}
}
