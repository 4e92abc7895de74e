package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"assay/app/account"
	"assay/app/query"
)

// team is people with custom roles, and what they try to win.
type team struct {
	*house
	n int
}

func (m *team) role(actions ...account.Action) account.Role {
	m.t.Helper()
	m.n++
	r := &account.RoleDef{Name: fmt.Sprint("role ", m.n), Actions: actions}
	if err := m.api.People.CreateRole(m.t.Context(), r); err != nil {
		m.t.Fatal(err)
	}
	return r.ID
}

func (m *team) join(kind account.Kind, role account.Role, attributes map[string][]string) (*account.Person, string) {
	m.t.Helper()
	m.n++
	p, err := m.api.People.Create(m.t.Context(), account.NewPerson{Kind: kind, Email: fmt.Sprintf("m%d@example.com", m.n), Role: role, Attributes: attributes})
	if err != nil {
		m.t.Fatal(err)
	}
	return p, m.token(p)
}

func (m *team) token(p *account.Person, scopes ...account.Action) string {
	m.t.Helper()
	_, secret, err := m.api.People.CreateToken(m.t.Context(), p.ID, account.NewToken{Name: "team", Scopes: scopes})
	if err != nil {
		m.t.Fatal(err)
	}
	return secret
}

// TestNobodyRisesAbove is the attack of winning rights by way of another account,
// a role, a group, a grant or a token.
func TestNobodyRisesAbove(t *testing.T) {
	m := &team{house: newHouse(t)}
	ctx := t.Context()
	people := m.role(account.Look, account.Ask, account.SeeConnections, account.EditPeople)
	rights := m.role(account.Look, account.EditRights)
	hr, hrToken := m.join(account.Human, people, map[string][]string{"region": {"north"}})
	_, keeperToken := m.join(account.Human, rights, nil)
	robot, robotToken := m.join(account.Service, people, nil)
	admin, viewer, analyst := m.people[account.Admin], m.people[account.Viewer], m.people[account.Analyst]
	special, _ := m.join(account.Human, account.Viewer, nil)
	south, _ := m.join(account.Human, account.Viewer, map[string][]string{"region": {"south"}})
	adminService, _ := m.join(account.Service, account.Admin, nil)
	viewerService, _ := m.join(account.Service, account.Viewer, nil)
	group := func(name string) string {
		g := &account.Group{Name: name}
		if err := m.api.People.CreateGroup(ctx, g); err != nil {
			t.Fatal(err)
		}
		return g.ID
	}
	finance, ruled, harmless := group("Finance"), group("Ruled"), group("Choir")
	for _, to := range []account.Subject{{Kind: account.ToGroup, ID: finance}, {Kind: account.ToPerson, ID: special.ID}} {
		if _, err := m.api.People.SetGrant(ctx, to, account.OnConnection(m.orders), account.SQLLevel); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.api.Rules.Create(ctx, &query.Rule{ConnectionID: m.orders, SubjectKind: account.ToGroup, SubjectID: ruled, Table: "regions"}, ""); err != nil {
		t.Fatal(err)
	}
	scopedAdmin := m.token(admin, account.EditPeople, account.Look)
	scopedViewer := m.token(viewer, account.Look)
	wide := string(m.role(account.Look, account.AskSQL))

	for _, tt := range []struct {
		name, token, line string
		body              any
		status            int
	}{
		{"make an administrator", hrToken, "POST /users", object{"email": "x1@example.com", "role": "admin"}, 403},
		{"make an analyst, who asks in SQL", hrToken, "POST /users", object{"email": "x2@example.com", "role": "analyst"}, 403},
		{"make somebody with another region", hrToken, "POST /users", object{"email": "x3@example.com", "role": "viewer", "attributes": object{"region": []string{"south"}}}, 403},
		{"make somebody of Finance", hrToken, "POST /users", object{"email": "x4@example.com", "role": "viewer", "groups": []string{finance}}, 403},
		{"make a viewer", hrToken, "POST /users", object{"email": "x5@example.com", "role": "viewer", "groups": []string{harmless}, "attributes": object{"region": []string{"north"}}}, 201},
		{"become an administrator", hrToken, "PATCH /users/" + hr.ID, object{"role": "admin"}, 403},
		{"take another region", hrToken, "PATCH /users/" + hr.ID, object{"attributes": object{"region": []string{"north", "south"}}}, 403},
		{"join Finance", hrToken, "PATCH /users/" + hr.ID, object{"groups": []string{finance}}, 403},
		{"join the group of a rule", hrToken, "POST /groups/" + ruled + "/members", object{"people": []string{hr.ID}}, 403},
		{"join a group of nothing", hrToken, "POST /groups/" + harmless + "/members", object{"people": []string{hr.ID}}, 204},
		{"take an administrator's password", hrToken, "PATCH /users/" + admin.ID, object{"password": goodPassword}, 403},
		{"take an administrator's address", hrToken, "PATCH /users/" + admin.ID, object{"email": "mine@example.com"}, 403},
		{"lower an administrator", hrToken, "PATCH /users/" + admin.ID, object{"role": "viewer"}, 403},
		{"disable an administrator", hrToken, "PATCH /users/" + admin.ID, object{"disabled": true}, 403},
		{"reset an administrator", hrToken, "POST /users/" + admin.ID + "/reset", nil, 403},
		{"invite an administrator", hrToken, "POST /users/" + admin.ID + "/invite", nil, 403},
		{"end an administrator", hrToken, "POST /users/" + admin.ID + "/end", nil, 403},
		{"remove an administrator", hrToken, "DELETE /users/" + admin.ID, nil, 403},
		{"reset an analyst", hrToken, "POST /users/" + analyst.ID + "/reset", nil, 403},
		{"reset somebody with a grant of their own", hrToken, "POST /users/" + special.ID + "/reset", nil, 403},
		{"reset somebody of another region", hrToken, "POST /users/" + south.ID + "/reset", nil, 403},
		{"reset a viewer", hrToken, "POST /users/" + viewer.ID + "/reset", nil, 201},
		{"a token of an administrator's service", hrToken, "POST /users/" + adminService.ID + "/tokens", object{"name": "x"}, 403},
		{"a token of a viewer's service", hrToken, "POST /users/" + viewerService.ID + "/tokens", object{"name": "x"}, 201},
		{"a token of another person", hrToken, "POST /users/" + viewer.ID + "/tokens", object{"name": "x"}, 409},
		{"remove Finance", hrToken, "DELETE /groups/" + finance, nil, 403},
		{"make a role", hrToken, "POST /roles", object{"name": "x", "actions": []string{"look"}}, 403},
		{"grant", hrToken, "POST /grants", object{"subject": object{"kind": "person", "id": hr.ID}, "object": object{"kind": "connection", "id": m.orders}, "level": "sql"}, 403},

		{"make a mighty role", keeperToken, "POST /roles", object{"name": "mighty", "actions": []string{"look", "edit_people"}}, 403},
		{"widen a role", keeperToken, "PATCH /roles/" + string(rights), object{"actions": []string{"look", "edit_rights", "edit_settings"}}, 403},
		{"change a wider role", keeperToken, "PATCH /roles/" + wide, object{"actions": []string{"look"}}, 403},
		{"change a built-in role", keeperToken, "PATCH /roles/viewer", object{"description": "x"}, 403},
		{"grant SQL, which they do not ask", keeperToken, "POST /grants", object{"subject": object{"kind": "everyone"}, "object": object{"kind": "connection", "id": m.orders}, "level": "sql"}, 403},
		{"grant results", keeperToken, "POST /grants", object{"subject": object{"kind": "group", "id": harmless}, "object": object{"kind": "connection", "id": m.orders}, "level": "results"}, 201},
		{"touch people", keeperToken, "PATCH /users/" + viewer.ID, object{"name": "x"}, 403},

		{"by a scoped token, make an administrator", scopedAdmin, "POST /users", object{"email": "y1@example.com", "role": "admin"}, 403},
		{"by a scoped token, make a viewer, who asks", scopedAdmin, "POST /users", object{"email": "y2@example.com", "role": "viewer"}, 403},
		{"by a scoped token, change its person", scopedAdmin, "PATCH /users/" + admin.ID, object{"password": goodPassword}, 403},
		{"by a scoped token, a link for its person", scopedAdmin, "POST /users/" + admin.ID + "/reset", nil, 403},
		{"by a scoped token, a token for more", scopedAdmin, "POST /tokens", object{"name": "x", "scopes": []string{"look", "edit_rights"}}, 403},
		{"by a scoped token, a token without scopes", scopedAdmin, "POST /tokens", object{"name": "x"}, 201},
		{"by a scoped token, a token", scopedViewer, "POST /tokens", object{"name": "x", "scopes": []string{"look"}}, 403},
		{"by a scoped token, end a token", scopedViewer, "DELETE /tokens/none", nil, 403},
		{"by a service, a token for itself", robotToken, "POST /tokens", object{"name": "x"}, 201},
		{"by a service, an administrator", robotToken, "PATCH /users/" + robot.ID, object{"role": "admin"}, 403},
		{"by a service without the right, a token for itself", m.token(viewerService), "POST /tokens", object{"name": "x"}, 403},
	} {
		method, path, _ := strings.Cut(tt.line, " ")
		r := m.call(tt.token, method, "/api/v1"+path, tt.body)
		if r.status != tt.status {
			t.Errorf("%s: %d, want %d: %s", tt.name, r.status, tt.status, r.body)
		}
	}

	// What a scoped token makes without naming scopes has its own.
	made := ok[newToken](t, m.call(scopedAdmin, "POST", "/api/v1/tokens", object{"name": "x"}), 201)
	who := ok[me](t, m.call(made.Secret, "GET", "/api/v1/me", nil), 200)
	if fmt.Sprint(who.Scopes) != "[edit_people look]" || fmt.Sprint(who.Permissions) != "[look edit_people]" || who.Via != "token" {
		t.Errorf("the new token has %+v", who)
	}
	// And nothing that a token makes outlives it.
	_, short, err := m.api.People.CreateToken(ctx, admin.ID, account.NewToken{Name: "short", Life: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	made = ok[newToken](t, m.call(short, "POST", "/api/v1/tokens", object{"name": "x"}), 201)
	if left := time.Until(made.ExpiresAt); left > time.Hour {
		t.Errorf("a token of an hour made one of %s", left)
	}
	refused(t, m.call(short, "POST", "/api/v1/tokens", object{"name": "x", "expires_at": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)}), 422, "invalid", "body.expires_at")

	// A right that was lost is lost to the token that was made with it.
	if _, err := m.api.People.RoleDef(ctx, people); err != nil {
		t.Fatal(err)
	}
	if r := m.as(account.Admin, "PATCH", "/roles/"+string(people), object{"actions": []string{"look"}}); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	refused(t, m.call(hrToken, "GET", "/api/v1/users", nil), 403, "denied")
	refused(t, m.call(robotToken, "POST", "/api/v1/tokens", object{"name": "x"}), 403, "denied")
}
