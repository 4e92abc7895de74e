package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"assay/app/account"
)

// TestActionsAreDocumented fails when the enumerations in the inputs miss an action.
func TestActionsAreDocumented(t *testing.T) {
	h := newHouse(t)
	var want []any
	for _, a := range account.Actions {
		want = append(want, string(a.Action))
	}
	schemas := h.document()["components"].(map[string]any)["schemas"].(map[string]any)
	for schema, member := range map[string]string{"TokenInput": "scopes", "RoleInput": "actions", "RolePatch": "actions"} {
		items := schemas[schema].(map[string]any)["properties"].(map[string]any)[member].(map[string]any)["items"].(map[string]any)
		if diff := cmp.Diff(want, items["enum"]); diff != "" {
			t.Errorf("%s.%s: %s", schema, member, diff)
		}
	}
	if diff := cmp.Diff(want, schemas["ExplainInput"].(map[string]any)["properties"].(map[string]any)["action"].(map[string]any)["enum"]); diff != "" {
		t.Error(diff)
	}
}

func TestGroupsRulesAndReasons(t *testing.T) {
	h := newHouse(t)
	viewer := h.people[account.Viewer].ID
	g := ok[Group](t, h.as(account.Admin, "POST", "/groups", object{"name": "North"}), 201)
	refused(t, h.as(account.Admin, "POST", "/groups", object{"name": "North"}), 409, "conflict")
	if r := h.as(account.Admin, "PUT", "/groups/"+g.ID+"/members", object{"people": []string{viewer}}); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	refused(t, h.as(account.Admin, "POST", "/groups/"+g.ID+"/members", object{"people": []string{"nobody"}}), 422, "invalid", "body.people")
	refused(t, h.as(account.Admin, "PATCH", "/users/"+viewer, object{"groups": []string{"none"}}), 422, "invalid", "body.groups")
	u := ok[User](t, h.as(account.Admin, "PATCH", "/users/"+viewer, object{"attributes": object{"region": []string{"north"}}}), 200)
	if diff := cmp.Diff([]named{{g.ID, "North"}}, u.Groups); diff != "" || u.Attributes["region"][0] != "north" {
		t.Errorf("%s %+v", diff, u)
	}
	if m := ok[me](t, h.as(account.Viewer, "GET", "/me", nil), 200); m.Groups[0].Name != "North" || m.Attributes["region"][0] != "north" || m.RoleName != "viewer" || m.Scopes != nil {
		t.Errorf("got %+v", m)
	}
	found := ok[page[User]](t, h.as(account.Admin, "GET", "/users?group="+g.ID, nil), 200).Items
	if len(found) != 1 || found[0].ID != viewer {
		t.Errorf("the group has %+v", found)
	}

	rule := ok[Rule](t, h.as(account.Admin, "POST", "/rules", object{"connection": h.orders, "subject": object{"kind": "group", "id": g.ID}, "table": "regions",
		"filter": object{"column": "name", "op": "eq", "value": object{"attribute": "region"}}, "masks": []any{object{"column": "id", "how": "empty"}}, "note": "by region"}), 201)
	count := object{"connection": h.orders, "spec": object{"table": "regions"}}
	if r := ok[result](t, h.as(account.Viewer, "POST", "/query", count), 200); len(r.Rows) != 1 || r.Rows[0][0] != nil || r.Rows[0][1] != "north" {
		t.Errorf("under the rule: %v", r.Rows)
	}
	refused(t, h.as(account.Admin, "POST", "/rules", object{"connection": "none", "subject": object{"kind": "everyone"}, "table": "regions"}), 422, "invalid", "body.connection")
	refused(t, h.as(account.Admin, "PATCH", "/rules/"+rule.ID, object{"masks": []any{object{"column": "nothing", "how": "empty"}}}), 422, "invalid", "body.masks[0]")
	refused(t, h.as(account.Admin, "PATCH", "/rules/"+rule.ID, object{"subject": object{"kind": "group", "id": "none"}}), 422, "invalid", "body.subject")

	why := ok[explained](t, h.as(account.Admin, "POST", "/explain", object{"person": viewer, "action": "ask_sql", "connection": h.orders, "table": "regions"}), 200)
	if why.Allowed || len(why.Steps) == 0 || !strings.Contains(why.Why, "viewer") || !strings.Contains(strings.Join(why.Sees, " "), "north") {
		t.Errorf("got %+v", why)
	}
	for member, body := range map[string]object{
		"person":     {"person": "nobody", "action": "look"},
		"folder":     {"person": viewer, "action": "look", "folder": "none"},
		"connection": {"person": viewer, "action": "look", "table": "regions"},
	} {
		refused(t, h.as(account.Admin, "POST", "/explain", body), 422, "invalid", "body."+member)
	}
	refused(t, h.as(account.Admin, "POST", "/explain", object{"person": viewer, "action": "fly"}), 422, "invalid", "body.action")
	refused(t, h.as(account.Admin, "DELETE", "/groups/"+g.ID, nil), 409, "conflict")

	grant := object{"subject": object{"kind": "group", "id": g.ID}, "object": object{"kind": "connection", "id": h.orders}, "level": "ask"}
	first := ok[Grant](t, h.as(account.Admin, "POST", "/grants", grant), 201)
	grant["level"] = "results"
	if second := ok[Grant](t, h.as(account.Admin, "POST", "/grants", grant), 201); second.ID != first.ID || second.Level != "results" {
		t.Errorf("setting it again: %+v", second)
	}
	grant["level"] = "view"
	refused(t, h.as(account.Admin, "POST", "/grants", grant), 422, "invalid", "body.level")
	refused(t, h.as(account.Admin, "POST", "/grants", object{"subject": object{"kind": "person", "id": "x"}, "object": object{"kind": "schema", "id": "x"}, "level": "read"}), 422, "invalid", "body.object.id", "body.object.schema", "body.subject")
	if list := ok[page[Grant]](t, h.as(account.Admin, "GET", "/grants?subject_kind=group", nil), 200).Items; len(list) != 1 {
		t.Errorf("granted to groups: %+v", list)
	}
}

func TestAudit(t *testing.T) {
	h := newHouse(t)
	for i := range 5 {
		ok[Group](t, h.as(account.Admin, "POST", "/groups", object{"name": fmt.Sprint("group ", i)}), 201)
	}
	var seqs []int64
	cursor := ""
	for range 5 {
		p := ok[page[auditRecord]](t, h.as(account.Admin, "GET", "/audit?action=group.&limit=2"+cursor, nil), 200)
		for _, r := range p.Items {
			seqs = append(seqs, r.Seq)
			if r.Action != "group.create" || r.ActorID != h.people[account.Admin].ID || r.Via != "token" || r.Request != "request1" || r.Hash == "" {
				t.Errorf("got %+v", r)
			}
		}
		if p.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *p.NextCursor
	}
	if len(seqs) != 5 || !slices.IsSortedFunc(seqs, func(a, b int64) int { return int(b - a) }) {
		t.Errorf("the pages hold %v", seqs)
	}
	for filter, want := range map[string]int{
		"q=group+3": 1, "object_kind=group": 5, "actor=nobody": 0, "action=group.delete": 0, "outcome=done&action=group.": 5,
		"since=" + time.Now().Add(time.Hour).UTC().Format(time.RFC3339):               0,
		"action=group.&until=" + time.Now().Add(time.Hour).UTC().Format(time.RFC3339): 5,
		"connection=" + h.orders: 1,
	} {
		if got := ok[page[auditRecord]](t, h.as(account.Admin, "GET", "/audit?"+filter, nil), 200).Items; len(got) != want {
			t.Errorf("%s: %d records, want %d", filter, len(got), want)
		}
	}
	refused(t, h.as(account.Admin, "GET", "/audit?since=yesterday", nil), 422, "invalid", "query.since")
	refused(t, h.as(account.Admin, "GET", "/audit?cursor=x", nil), 422, "invalid", "query.cursor")
	refused(t, h.as(account.Admin, "GET", "/audit/999999", nil), 404, "not_found")
	refused(t, h.as(account.Admin, "GET", "/audit", nil, "Accept", "text/csv"), 406, "not_acceptable")

	r := h.as(account.Admin, "GET", "/audit?action=group.", nil, "Accept", typeNDJSON)
	lines := strings.Split(strings.TrimSpace(r.body), "\n")
	if r.status != 200 || r.header.Get("Content-Type") != typeNDJSON || len(lines) != 5 {
		t.Fatalf("%d %v %s", r.status, r.header, r.body)
	}
	var first auditRecord
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first.Seq != seqs[4] || first.Prev == "" {
		t.Errorf("the copy begins with %s: %v", lines[0], err)
	}
	if got := ok[page[auditRecord]](t, h.as(account.Admin, "GET", "/audit?action=audit.export", nil), 200).Items; len(got) != 1 || got[0].Detail["action"] != "group." {
		t.Errorf("the copy is recorded as %+v", got)
	}
	v := ok[auditVerdict](t, h.as(account.Admin, "POST", "/audit/verify", nil), 200)
	if !v.OK || v.Count == 0 || v.Sentence == "" {
		t.Errorf("got %+v", v)
	}
	h.api.verifying.Lock()
	refused(t, h.as(account.Admin, "POST", "/audit/verify", nil), 429, "too_many")
	h.api.verifying.Unlock()
}

// TestSecondFactorOverHTTP is the attack of going round the second factor by the API.
func TestSecondFactorOverHTTP(t *testing.T) {
	h := newHouse(t)
	p, err := h.api.People.Create(t.Context(), account.NewPerson{Email: "ada@example.com", Role: account.Viewer, Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	f, err := h.api.People.NewFactor(p)
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(f.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	recovery, err := h.api.People.SetFactor(t.Context(), p.ID, f.Secret, code)
	if err != nil {
		t.Fatal(err)
	}
	body := object{"email": "ada@example.com", "password": goodPassword}
	refused(t, h.call("", "POST", "/api/v1/auth/token", body), 401, "sign_in")
	for _, wrong := range []string{"000000", code, "none"} {
		body["code"] = wrong
		refused(t, h.call("", "POST", "/api/v1/auth/token", body), 401, "sign_in")
	}
	body["code"] = recovery[0]
	g := ok[accessGrant](t, h.call("", "POST", "/api/v1/auth/token", body), 200)
	ok[me](t, h.call(g.AccessToken, "GET", "/api/v1/me", nil), 200)
	refused(t, h.call("", "POST", "/api/v1/auth/token", body), 401, "sign_in")
}

func TestPasswordsThatAreKeptElsewhere(t *testing.T) {
	h := newHouse(t)
	made := ok[newConnection](t, h.as(account.Admin, "POST", "/connections", object{"name": "shop", "kind": "postgres", "host": "db.internal", "user": "reader", "password_ref": "env:ASSAY_SECRET_SHOP"}), 201)
	at := "/connections/" + made.ID
	if got := ok[Connection](t, h.as(account.Admin, "GET", at, nil), 200); got.PasswordRef != "env:ASSAY_SECRET_SHOP" {
		t.Errorf("got %+v", got)
	}
	if got := ok[Connection](t, h.as(account.Analyst, "GET", at, nil), 200); got.PasswordRef != "" {
		t.Errorf("an analyst is told %+v", got)
	}
	if got := ok[newConnection](t, h.as(account.Admin, "PATCH", at, object{"name": "shop two"}), 200); got.PasswordRef != "env:ASSAY_SECRET_SHOP" {
		t.Errorf("after a change of the name: %+v", got)
	}
	refused(t, h.as(account.Admin, "PATCH", at, object{"host": "evil.example"}), 422, "invalid", "body.password_ref")
	refused(t, h.as(account.Admin, "PATCH", at, object{"password_ref": "env:PATH"}), 422, "invalid", "body.password_ref")
	refused(t, h.as(account.Admin, "PATCH", at, object{"password_ref": "env:ASSAY_SECRET_SHOP", "password": "both"}), 422, "invalid", "body.password_ref")
	if got := ok[newConnection](t, h.as(account.Admin, "PATCH", at, object{"password": hidden}), 200); got.PasswordRef != "" {
		t.Errorf("after a password: %+v", got)
	}
}

func TestServices(t *testing.T) {
	h := newHouse(t)
	s := ok[newUser](t, h.as(account.Admin, "POST", "/users", object{"kind": "service", "name": "Nightly export", "role": "viewer"}), 201)
	if s.Kind != "service" || s.SignInLink != "" || s.Email != "nightly-export@service.invalid" {
		t.Errorf("got %+v", s)
	}
	at := "/users/" + s.ID
	refused(t, h.as(account.Admin, "POST", at+"/reset", nil), 409, "conflict")
	refused(t, h.as(account.Admin, "PATCH", at, object{"password": goodPassword}), 422, "invalid", "body.password")
	refused(t, h.as(account.Admin, "PUT", at, object{"kind": "person", "email": "x@example.com", "role": "viewer"}), 422, "invalid", "body.kind")
	made := ok[newToken](t, h.as(account.Admin, "POST", at+"/tokens", object{"name": "nightly", "scopes": []string{"look"}, "expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}), 201)
	if m := ok[me](t, h.call(made.Secret, "GET", "/api/v1/me", nil), 200); m.Kind != "service" || fmt.Sprint(m.Scopes, m.Permissions) != "[look] [look]" {
		t.Errorf("got %+v", m)
	}
	if got := ok[Token](t, h.as(account.Admin, "GET", at+"/tokens/"+made.ID, nil), 200); got.LastUsedAt == nil || time.Until(got.ExpiresAt) > time.Hour {
		t.Errorf("got %+v", got)
	}
	for _, expires := range []time.Time{time.Now().Add(-time.Hour), time.Now().AddDate(2, 0, 0)} {
		refused(t, h.as(account.Admin, "POST", at+"/tokens", object{"name": "x", "expires_at": expires.UTC().Format(time.RFC3339)}), 422, "invalid", "body.expires_at")
	}
	refused(t, h.as(account.Admin, "POST", at+"/tokens", object{"name": "x", "scopes": []string{"fly"}}), 422, "invalid", "body.scopes[0]")
	if r := h.as(account.Admin, "DELETE", at+"/tokens/"+made.ID, nil); r.status != 204 {
		t.Errorf("%d %s", r.status, r.body)
	}
	refused(t, h.call(made.Secret, "GET", "/api/v1/me", nil), 401, "sign_in")
}
