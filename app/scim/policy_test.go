package scim

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
)

// TestLocalPeopleAreLeftAlone is the attack of a directory that takes over
// somebody whom it did not make.
func TestLocalPeopleAreLeftAlone(t *testing.T) {
	h := newHouse(t)
	bo := h.person("bo@example.com", account.Viewer, "Bo Peep")
	cy := h.person("cy@example.com", account.Viewer, "Cy")
	cy.ManagedBy = "google" // an identity provider's
	if err := h.people.Update(t.Context(), cy); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*account.Person{h.ada, bo, cy} {
		at := "/Users/" + p.ID
		for _, name := range []string{p.Email, strings.ToUpper(p.Email)} {
			refused(t, h.as("POST", "/Users", object{"userName": name, "password": "three loud herons"}), 409, uniqueness)
			refused(t, h.as("POST", "/Users", object{"userName": "someone", "emails": []any{object{"value": name}}}), 409, uniqueness)
		}
		for _, s := range []object{
			step("replace", "active", false), step("replace", "password", "three loud herons"), step("replace", "userName", "mine@example.com"), step("replace", "emails", []any{object{"value": "mine@example.com"}}),
			step("replace", `emails[type eq "work"].value`, "mine@example.com"), step("replace", "displayName", "Mine"), step("replace", "name.familyName", "Mine"), step("replace", "roles", []any{object{"value": "analyst"}}),
			step("add", urnEnterprise+":department", "Sales"), step("replace", "", object{"externalId": "x", "active": "False"}), step("replace", "", object{urnUser: object{"active": false}}), step("add", urnUser+":active", "False"),
		} {
			refused(t, h.as("PATCH", at, patch(s)), 403, "")
		}
		refused(t, h.as("PUT", at, object{"userName": p.Email, "active": false}), 403, "")
		refused(t, h.as("DELETE", at, nil), 403, "")

		// They can be read, and linked; what was read can be sent back.
		o := ok(t, h.as("GET", at, nil), 200)
		o["externalId"] = "link-" + p.ID
		if o = ok(t, h.as("PUT", at, o), 200); o["externalId"] != "link-"+p.ID {
			t.Errorf("not linked: %v", o)
		}
		ok(t, h.as("PATCH", at, patch(step("replace", "externalId", "again"), step("replace", "active", "True"))), 200)
		got, err := h.people.Get(t.Context(), p.ID)
		if err != nil || got.ExternalID != "again" || got.Name != p.Name || got.Email != p.Email || got.Role != p.Role || got.Disabled || got.ManagedBy != p.ManagedBy || got.UserName+got.GivenName+got.FamilyName+got.FullName != "" || len(got.Attributes) > 0 {
			t.Errorf("%s became %+v: %v", p.Email, got, err)
		}
	}
	list, _, err := h.log.List(t.Context(), audit.Filter{Outcome: audit.Refused, ObjectID: bo.ID})
	if err != nil || len(list) != 14 || list[0].Actor.Via != "scim" {
		t.Errorf("%d refusals are on record: %v", len(list), err)
	}
	service, err := h.people.Create(t.Context(), account.NewPerson{Name: "Nightly", Kind: account.Service, Role: account.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, h.as("GET", "/Users/"+service.ID, nil), 404, "")
	refused(t, h.as("DELETE", "/Users/"+service.ID, nil), 404, "")
	if o := ok(t, h.as("GET", "/Users?"+spelled(`filter=displayName eq "Nightly"`), nil), 200); o["totalResults"] != 0.0 {
		t.Errorf("a service is listed: %v", o)
	}
}

// TestLocalGroupsAreLeftAlone is the attack of joining a group that has rights.
func TestLocalGroupsAreLeftAlone(t *testing.T) {
	h := newHouse(t)
	id := h.made("bo@example.com")
	g := &account.Group{Name: "Finance"}
	if err := h.people.CreateGroup(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	if err := h.people.SetMembers(t.Context(), g.ID, []string{h.ada.ID}); err != nil {
		t.Fatal(err)
	}
	at := "/Groups/" + g.ID
	refused(t, h.as("POST", "/Groups", object{"displayName": "Finance", "members": []any{object{"value": id}}}), 409, uniqueness)
	for _, s := range []object{step("add", "members", []any{object{"value": id}}), step("replace", "members", []any{object{"value": id}}), step("remove", "members", nil), step("remove", `members[value eq "`+h.ada.ID+`"]`, nil), step("replace", "displayName", "Mine")} {
		refused(t, h.as("PATCH", at, patch(s)), 403, "")
	}
	refused(t, h.as("PUT", at, object{"displayName": "Finance"}), 403, "")
	refused(t, h.as("DELETE", at, nil), 403, "")
	refused(t, h.as("PATCH", "/Users/"+id, patch(step("add", "groups", []any{object{"value": g.ID}}))), 400, mutability)
	ok(t, h.as("PATCH", at, patch(step("replace", "externalId", "finance"), step("add", "members", []any{object{"value": h.ada.ID}}))), 204)
	members, err := h.people.Members(t.Context(), g.ID)
	if err != nil || len(members) != 1 || members[0].ID != h.ada.ID {
		t.Errorf("the members became %v: %v", members, err)
	}
}

// TestEscalation is the attack of a directory whose token may edit people, and no more than that.
func TestEscalation(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	keeper := &account.RoleDef{Name: "Keeper", Actions: []account.Action{account.EditPeople}}
	auditor := &account.RoleDef{Name: "Auditor", Actions: []account.Action{account.Look, account.SeeAudit}}
	for _, r := range []*account.RoleDef{keeper, auditor} {
		if err := h.people.CreateRole(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	clerk := h.person("clerk@example.com", keeper.ID, "")
	token := h.tokenOf(clerk)
	as := func(method, path string, body any) answer { return h.call(token, method, path, body) }
	with := func(role string) object {
		return object{"userName": "eve@example.com", "roles": []any{object{"value": role}}}
	}
	for _, role := range []string{"admin", "ADMIN", "Auditor", string(auditor.ID), `{"value":"admin"}`} {
		refused(t, as("POST", "/Users", with(role)), 403, "")
	}
	eve := ok(t, as("POST", "/Users", with("Analyst")), 201)["id"].(string)
	ok(t, as("PATCH", "/Users/"+eve, patch(step("replace", "roles", []any{object{"value": "keeper"}}))), 200)
	for _, s := range []object{step("replace", "roles", []any{object{"value": "admin"}}), step("add", "", object{"roles": "admin"}), step("replace", `roles[primary eq "True"].value`, "admin"), step("add", `roles[value eq "x"].value`, "admin"), step("replace", "roles", []any{object{"value": "viewer"}, object{"value": "admin", "primary": true}})} {
		refused(t, as("PATCH", "/Users/"+eve, patch(s)), 403, "")
	}
	refused(t, as("PUT", "/Users/"+eve, with("admin")), 403, "")

	// An administrator whom an administrator's directory made is out of its reach, too.
	boss := h.made("boss@example.com", "roles", []any{object{"value": "admin"}})
	for _, s := range []object{step("replace", "password", "three loud herons"), step("replace", "emails", "eve2@example.com"), step("replace", "active", false), step("remove", "roles", nil)} {
		refused(t, as("PATCH", "/Users/"+boss, patch(step("replace", "displayName", "Boss"), s)), 403, "")
	}
	refused(t, as("DELETE", "/Users/"+boss, nil), 403, "")
	ok(t, h.as("PATCH", "/Users/"+boss, patch(step("replace", "displayName", "Boss"))), 200)
	if p, err := h.people.Get(ctx, eve); err != nil || p.Role != keeper.ID {
		t.Errorf("eve became %s: %v", p.Role, err)
	}
	// With the scope alone an administrator's token is enough.
	ok(t, h.call(h.tokenOf(h.ada, account.EditPeople), "PATCH", "/Users/"+eve, patch(step("replace", "roles", "auditor"))), 200)
}

// TestTheLastAdministratorStays is the attack of locking everybody out, by the
// token of a service and by that of the person concerned.
func TestTheLastAdministratorStays(t *testing.T) {
	h := newHouse(t)
	boss := h.made("boss@example.com", "roles", []any{"admin"})
	service, err := h.people.Create(t.Context(), account.NewPerson{Name: "Directory", Kind: account.Service, Role: account.Admin})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.people.Delete(t.Context(), h.ada.ID); err != nil {
		t.Fatal(err)
	}
	at := "/Users/" + boss
	token, own := h.tokenOf(service), h.tokenOf(&account.Person{ID: boss})
	before := ok(t, h.call(token, "GET", at, nil), 200)
	for _, c := range []struct {
		method     string
		body       any
		status     int
		ownsStatus int
	}{
		{"DELETE", nil, 409, 403},
		{"PATCH", patch(step("replace", "active", "False")), 409, 403},
		{"PATCH", patch(step("replace", "displayName", "x"), step("replace", "roles", []any{object{"value": "viewer"}})), 409, 409},
		{"PATCH", patch(step("remove", "roles", nil)), 409, 409},
		{"PUT", object{"userName": "boss@example.com", "active": false, "password": "three loud herons"}, 409, 403},
	} {
		refused(t, h.call(token, c.method, at, c.body), c.status, "")
		refused(t, h.call(own, c.method, at, c.body), c.ownsStatus, "")
	}
	after := ok(t, h.call(token, "GET", at, nil), 200)
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("something changed (-before +after):\n%s", d)
	}
	ok(t, h.call(own, "GET", at, nil), 200) // and the person's token goes on
	list, _, err := h.log.List(t.Context(), audit.Filter{Outcome: audit.Refused, ObjectID: boss})
	if err != nil || len(list) != 10 {
		t.Errorf("%d refusals are on record: %v", len(list), err)
	}
}

// TestUserNamesAreNobodyElses is the attack of a second person of the same name.
func TestUserNamesAreNobodyElses(t *testing.T) {
	h := newHouse(t)
	bo := h.made("Bo.Peep", "emails", []any{object{"value": "Bo@Example.com", "primary": true}})
	for _, other := range []object{{"userName": "BO.PEEP", "emails": "x@example.com"}, {"userName": "bo.peep ", "emails": "x@example.com"}, {"userName": "bo@example.com"}, {"userName": "x", "emails": "BO@example.com"}} {
		refused(t, h.as("POST", "/Users", other), 409, uniqueness)
	}
	cy := h.made("cy@example.com", "emails", "cy.dee@example.com")
	refused(t, h.as("PATCH", "/Users/"+cy, patch(step("replace", "userName", "bo.PEEP"))), 409, uniqueness)
	refused(t, h.as("PATCH", "/Users/"+cy, patch(step("replace", "emails", "bo@example.com"))), 409, uniqueness)
	refused(t, h.as("PUT", "/Users/"+cy, object{"userName": "Bo.Peep", "emails": "cy@example.com"}), 409, uniqueness)
	ok(t, h.as("PATCH", "/Users/"+bo, patch(step("replace", "userName", "BO.Peep"))), 200)

	statuses := make(chan int, 8)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			statuses <- h.as("POST", "/Users", object{"userName": "Di", "emails": "di@example.com"}).status
		})
	}
	all.Wait()
	close(statuses)
	count := map[int]int{}
	for s := range statuses {
		count[s]++
	}
	if count[201] != 1 || count[409] != 7 {
		t.Errorf("eight at once: %v", count)
	}
	refused(t, h.as("POST", "/Groups", object{"displayName": strings.Repeat("x", 240)}), 400, invalidValue)
	ok(t, h.as("POST", "/Groups", object{"displayName": "Sales"}), 201)
	refused(t, h.as("POST", "/Groups", object{"displayName": "Sales"}), 409, uniqueness)
}

// TestDeactivatingEndsEverything ends sessions and tokens at once.
func TestDeactivatingEndsEverything(t *testing.T) {
	h := newHouse(t)
	for name, leave := range map[string]func(id string) answer{
		"deactivated": func(id string) answer {
			return h.as("PATCH", "/Users/"+id, patch(step("Replace", "active", "False")))
		},
		"removed": func(id string) answer { return h.as("DELETE", "/Users/"+id, nil) },
		"new-password": func(id string) answer {
			return h.as("PATCH", "/Users/"+id, patch(step("replace", "password", "three loud herons")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			email := name + "@example.com"
			id := h.made(email, "password", goodPassword)
			p, err := h.people.SignIn(t.Context(), email, goodPassword)
			if err != nil || p.ID != id || p.ManagedBy != managed {
				t.Fatalf("a provisioned password does not let in: %v", err)
			}
			session, err := h.people.StartSession(t.Context(), account.Session{PersonID: id, Data: []byte("x")})
			if err != nil {
				t.Fatal(err)
			}
			token := h.tokenOf(p)
			if _, _, err := h.people.Bearer(t.Context(), token); err != nil {
				t.Fatal(err)
			}
			if a := leave(id); a.status >= 300 {
				t.Fatal(a.body)
			}
			if _, _, err := h.people.Bearer(t.Context(), token); !fault.Is(err, fault.SignIn) {
				t.Errorf("the token still works: %v", err)
			}
			if _, err := h.people.Session(t.Context(), session); err == nil {
				t.Error("the session goes on")
			}
			if _, err := h.people.SignIn(t.Context(), email, goodPassword); err == nil {
				t.Error("the password still lets in")
			}
		})
	}
}

// TestRowRulesKeepAPerson deactivates somebody who cannot be removed yet.
func TestRowRulesKeepAPerson(t *testing.T) {
	h := newHouse(t)
	id := h.made("bo@example.com")
	err := h.store.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		now := time.Now().UTC()
		if _, err := tx.NewRaw("INSERT INTO connections (id, name, kind, config, secret, version, created_by, created_at, updated_at) VALUES ('c', 'c', 'sqlite', '{}', '', 1, '', ?, ?)", now, now).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewRaw("INSERT INTO rules (id, connection_id, subject_kind, subject_id, schema_name, table_name, body, created_by, created_at, updated_at) VALUES ('r', 'c', 'person', ?, '', 't', '{}', '', ?, ?)", id, now, now).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a := h.as("DELETE", "/Users/"+id, nil)
	refused(t, a, 409, "")
	if !strings.Contains(a.body, "deactivated") {
		t.Errorf("the answer does not tell: %s", a.body)
	}
	if o := ok(t, h.as("GET", "/Users/"+id, nil), 200); o["active"] != false {
		t.Errorf("the person gets in: %v", o)
	}
}

func TestNamesFollow(t *testing.T) {
	h := newHouse(t)
	id := h.made("bo@example.com", "name", object{"givenName": "Bo", "familyName": "Peep"})
	at := "/Users/" + id
	show := func(a answer) string {
		o := ok(t, a, 200)
		n := o["name"].(object)
		given, _ := n["givenName"].(string)
		family, _ := n["familyName"].(string)
		return o["displayName"].(string) + "|" + n["formatted"].(string) + "|" + given + "|" + family
	}
	for _, c := range []struct {
		step object
		want string
	}{
		{step("replace", "name.familyName", "Beep"), "Bo Beep|Bo Beep|Bo|Beep"},
		{step("replace", "displayName", "Bobo"), "Bobo|Bo Beep|Bo|Beep"},
		{step("replace", "name", object{"givenName": "Bob"}), "Bobo|Bob Beep|Bob|Beep"},
		{step("replace", "name.formatted", "Sir Bob"), "Bobo|Sir Bob|Bob|Beep"},
		{step("remove", "displayName", nil), "Sir Bob|Sir Bob|Bob|Beep"},
		{step("replace", "name.givenName", "Al"), "Al Beep|Al Beep|Al|Beep"},
		{step("remove", "name.givenName", nil), "Beep|Beep||Beep"},
		{step("remove", "name", nil), "bo|bo|bo|bo"},
	} {
		if got := show(h.as("PATCH", at, patch(c.step))); got != c.want {
			t.Errorf("%v: got %s, want %s", c.step, got, c.want)
		}
	}
	// Without e-mails the address follows userName, with them it does not.
	o := ok(t, h.as("PATCH", at, patch(step("replace", "userName", "bob@example.com"))), 200)
	if got, _ := pick(o, "emails.0.value"); got != "bob@example.com" {
		t.Errorf("the address is %v", got)
	}
	ok(t, h.as("PATCH", at, patch(step("replace", "emails", []any{object{"value": "home@example.com", "type": "home"}, object{"value": "work@example.com", "type": "work"}}))), 200)
	o = ok(t, h.as("PATCH", at, patch(step("replace", "userName", "bob"))), 200)
	if got, _ := pick(o, "emails.0.value"); got != "work@example.com" {
		t.Errorf("the address is %v", got)
	}
	refused(t, h.as("PATCH", at, patch(step("remove", "emails", nil))), 400, invalidValue)
	p, err := h.people.Get(t.Context(), id)
	if err != nil || p.UserName != "bob" || p.Email != "work@example.com" {
		t.Errorf("kept: %+v %v", p, err)
	}
}

// TestStepsOfAPatchInOrder finds who comes and goes within one patch where they ended up.
func TestStepsOfAPatchInOrder(t *testing.T) {
	h := newHouse(t)
	bo, cy := object{"value": h.made("bo@example.com")}, object{"value": h.made("cy@example.com")}
	at := "/Groups/" + ok(t, h.as("POST", "/Groups", object{"displayName": "Sales", "members": []any{bo}}), 201)["id"].(string)
	one := func(o object) string { return `members[value eq "` + o["value"].(string) + `"]` }
	for _, c := range []struct {
		steps []object
		want  []any
	}{
		{[]object{step("remove", one(bo), nil), step("add", "members", bo)}, []any{bo["value"]}},
		{[]object{step("add", "members", []any{cy}), step("remove", one(cy), nil)}, []any{bo["value"]}},
		{[]object{step("replace", "members", []any{cy}), step("remove", "members", []any{cy}), step("add", "members", bo)}, []any{bo["value"]}},
		{[]object{step("add", "members", []any{cy}), step("remove", `members[type eq "User"]`, nil)}, nil},
		{[]object{step("add", "members", cy["value"]), step("remove", `members[display co "x"]`, nil)}, []any{cy["value"]}},
		{[]object{step("remove", `members[value eq "nobody"]`, nil), step("remove", "members", []any{object{"value": "nobody"}})}, []any{cy["value"]}},
		{[]object{step("add", "members", bo), step("replace", "members", []any{})}, nil},
	} {
		ok(t, h.as("PATCH", at, patch(c.steps...)), 204)
		var got []any
		for _, m := range ok(t, h.as("GET", at, nil), 200)["members"].([]any) {
			got = append(got, m.(object)["value"])
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%v (-want +got):\n%s", c.steps, d)
		}
	}
	refused(t, h.as("PATCH", at, patch(step("replace", one(bo)+".value", "x"))), 400, mutability)
	refused(t, h.as("PATCH", at, patch(step("add", one(bo), cy))), 400, invalidPath)
}
