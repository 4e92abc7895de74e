package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// invited lets somebody choose a password with the link that a page shows, and returns their visitor.
func (v *visitor) invited(t *testing.T, h *house) *visitor {
	t.Helper()
	link := strings.TrimSpace(v.doc.Find("#link").Text())
	if !strings.HasPrefix(link, h.base+"/") {
		t.Fatalf("%s shows the link %q", v.at, link)
	}
	guest := visit(t, h)
	guest.open(link).submit("main form", "", fields{"password": password}).expect(http.StatusOK)
	return guest
}

// invite makes a person with a role and lets them in; it returns their page and their visitor.
func (v *visitor) invite(t *testing.T, h *house, email, name, role string, more fields) (string, *visitor) {
	t.Helper()
	values := fields{"email": email, "name": name, "role": role}
	for k, value := range more {
		values[k] = value
	}
	v.open("/admin/users/new").submit("main form", "", values).expect(http.StatusOK).says("h1", name)
	to, _ := v.doc.Find("main form.form").First().Attr("action")
	return to, v.invited(t, h)
}

func TestAdminPeople(t *testing.T) {
	h := start(t, "serve")
	ada := visit(t, h).setUp(h)
	me := strings.TrimPrefix(ada.open("/admin/users").doc.Find("tbody th a").First().AttrOr("href", ""), "/admin/users/")

	t.Log("groups, an invitation, a first sign-in")
	ada.open("/admin/groups").says(".empty", "No groups yet").follow(".empty a", "Make a group")
	ada.submit("main form", "", fields{"name": ""}).expect(http.StatusUnprocessableEntity).says(".field-error", "1 to 200 characters")
	ada.submit("main form", "", fields{"name": "Sales", "description": "Those who sell"}).expect(http.StatusOK).says("h1", "Sales").says("main", "Nobody yet")
	group := ada.at.Path
	ada.open("/admin/users/new").submit("main form", "", fields{"email": "nonsense", "name": "Bo"}).expect(http.StatusUnprocessableEntity).says(".field-error", "not an e-mail address")
	if got := ada.doc.Find("#name").AttrOr("value", ""); got != "Bo" {
		t.Errorf("after a mistake the form has forgotten the name: %q", got)
	}
	bo, guest := ada.invite(t, h, "bo@example.com", "Bo", "analyst", fields{"group": strings.TrimPrefix(group, "/admin/groups/")})
	guest.open("/").says("h1", "Home")
	if strings.Contains(ada.open(bo).body, "/invite?token") {
		t.Error("the invitation is shown a second time")
	}
	ada.says("main", "bo@example.com", "Sessions")
	ada.open(group).says("main", "Bo", "bo@example.com")
	ada.open("/admin/users?q=sales").says("tbody", "Bo")
	if ada.open("/admin/users?kind=service").says(".empty", "Nobody found"); ada.doc.Find("tbody").Length() != 0 {
		t.Error("there are services")
	}

	t.Log("attributes, a wrong line, an address that is taken")
	ada.open(bo).submit("main form.form", "", fields{"attributes": "region = North, South\nnonsense"}).expect(http.StatusUnprocessableEntity).says(".field-error", "nonsense")
	ada.open(bo).submit("main form.form", "", fields{"attributes": "region = North, South"}).expect(http.StatusOK).says("[role=status]", "Saved")
	if got := strings.TrimSpace(ada.doc.Find("#attributes").Text()); got != "region = North, South" {
		t.Errorf("the attributes became %q", got)
	}
	ada.submit("main form.form", "", fields{"email": "ada@example.com"}).expect(http.StatusConflict).says("[role=alert]", "already a person")

	t.Log("the last administrator stays one, and is told so in the form")
	for _, tt := range []struct {
		name string
		do   func()
	}{
		{"demoted", func() {
			ada.open("/admin/users/"+me).submit("main form.form", "", fields{"role": "viewer"})
		}},
		{"disabled", func() {
			ada.open("/admin/users/"+me).submit("form[action$='/disable']", "", nil)
		}},
		{"deleted", func() {
			ada.open("/admin/users/"+me+"/delete").submit("main form", "", nil)
		}},
	} {
		tt.do()
		ada.expect(http.StatusConflict).says("[role=alert]", "The last administrator must stay one")
		if ada.doc.Find("main form").Length() == 0 {
			t.Errorf("%s: the fault is not in the form", tt.name)
		}
	}

	t.Log("a reset link, the end of a session, disabled and enabled")
	ada.open(bo).submit("form[action$='/link']", "", nil).says("#link", "/reset?token=")
	guest = ada.invited(t, h)
	ada.open(bo).submit("main table form[action*='/sessions/']", "", nil).says("[role=status]", "has ended")
	guest.open("/account").says("h1", "Sign in")
	ada.open(bo).submit("form[action$='/disable']", "", nil).says("main", "disabled")
	guest.open("/login").submit("form", "", fields{"email": "bo@example.com", "password": password}).expect(http.StatusUnprocessableEntity)
	ada.submit("form[action$='/enable']", "", nil).expect(http.StatusOK)
	guest.signIn("bo@example.com").says("h1", "Home")
	ada.open(group).submit("form[action*='/members/']", "", nil).says("main", "Nobody yet")
	ada.submit("form[action$='/members']", "", fields{"person": strings.TrimPrefix(bo, "/admin/users/")}).says("main", "bo@example.com")

	t.Log("a service and its token")
	ada.open("/admin/users/new?kind=service").submit("main form", "", fields{"name": "Nightly", "role": "viewer"}).expect(http.StatusOK).says("h1", "Nightly").says("main", "can do nothing")
	service := ada.at.Path
	ada.submit("form[action$='/tokens']", "", fields{"name": "", "days": "30"}).expect(http.StatusUnprocessableEntity).says("#tokens .field-error", "Give the token a name")
	ada.submit("form[action$='/tokens']", "", fields{"name": "CI", "days": "30", "scope": "look"}).expect(http.StatusOK)
	secret := strings.TrimSpace(ada.doc.Find("#secret").Text())
	bearer := func() int {
		r, _ := http.NewRequest(http.MethodGet, h.base+"/api/v1/questions", nil)
		r.Header.Set("Authorization", "Bearer "+secret)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := bearer(); got != http.StatusOK {
		t.Errorf("the service's token answers %d", got)
	}
	if strings.Contains(ada.open(service).body, secret) {
		t.Error("the token is shown a second time")
	}
	ada.submit("form[action*='/tokens/']", "", nil).says("main", "can do nothing")
	if got := bearer(); got != http.StatusUnauthorized {
		t.Errorf("an ended token answers %d", got)
	}
	visit(t, h).open("/login").submit("form", "", fields{"email": "nightly@service.invalid", "password": password}).expect(http.StatusUnprocessableEntity)

	t.Log("deleting asks first")
	ada.open(bo).follow("main a", "Delete …").says("main", "cannot be brought back", "What they saved stays")
	ada.submit("main form", "", nil).says("[role=status]", "Bo was deleted")
	ada.look(bo).expect(http.StatusNotFound)
	guest.open("/account").says("h1", "Sign in")
	ada.open(group+"/delete").says("main", "no members").submit("main form", "", nil).says("h1", "Groups")
	ada.tryLinks(bo, group, service)
}

// Whoever may only look after people must not get more rights by it.
func TestRightsAreNotTakenByAdministeringPeople(t *testing.T) {
	h := start(t, "serve")
	ada := visit(t, h).setUp(h)
	me := ada.open("/admin/users").doc.Find("tbody th a").First().AttrOr("href", "")
	ada.post("/admin/roles", url.Values{"name": {"Keeper"}, "right": {"look", "edit_people"}}).expect(http.StatusOK).says("thead", "Keeper")
	role := strings.TrimPrefix(ada.doc.Find("thead a").Last().AttrOr("href", ""), "/admin/roles/")
	own, keeper := ada.invite(t, h, "kim@example.com", "Kim", role, nil)
	_, viewer := ada.invite(t, h, "vic@example.com", "Vic", "viewer", nil)

	if viewer.open("/"); strings.Contains(viewer.words(".rail"), "Administration") {
		t.Error("a viewer sees the administration")
	}
	viewer.look("/admin").expect(http.StatusForbidden)
	keeper.open("/admin").says("h1", "People")
	if got := keeper.words(".rail-sub"); strings.Contains(got, "Roles") || strings.Contains(got, "Audit") || !strings.Contains(got, "Groups") {
		t.Errorf("a keeper of people is offered %q", got)
	}
	offered := keeper.open("/admin/users/new").words("#role option")
	if strings.Contains(offered, "admin") || strings.Contains(offered, "analyst") || !strings.Contains(offered, "Keeper") {
		t.Errorf("a keeper of people may give the roles %q", offered)
	}
	keeper.open(me).says(".notice", "Only administrators")
	everything := url.Values{"name": {"All"}, "description": {""}, "right": {"edit_people", "edit_rights"}}
	for _, tt := range []struct {
		name, to string
		values   url.Values
		status   int
	}{
		{"invites an administrator", "/admin/users", url.Values{"email": {"x@example.com"}, "role": {"admin"}}, 422},
		{"invites an analyst", "/admin/users", url.Values{"email": {"x@example.com"}, "role": {"analyst"}}, 422},
		{"makes themselves an administrator", own, url.Values{"name": {"Kim"}, "email": {"kim@example.com"}, "role": {"admin"}}, 422},
		{"makes a mighty service", "/admin/users", url.Values{"kind": {"service"}, "name": {"x"}, "role": {"admin"}}, 422},
		{"resets an administrator", me + "/link", nil, 403},
		{"takes an administrator's second factor", me + "/factor/delete", nil, 403},
		{"changes an administrator's address", me, url.Values{"name": {"Ada"}, "email": {"kim2@example.com"}, "role": {"admin"}}, 403},
		{"disables an administrator", me + "/disable", nil, 403},
		{"deletes an administrator", me + "/delete", nil, 403},
		{"makes a role", "/admin/roles", everything, 403},
	} {
		if keeper.post(tt.to, tt.values); keeper.status != tt.status {
			t.Errorf("%s: %d, want %d: %s", tt.name, keeper.status, tt.status, keeper.words("main"))
		}
	}
	if got := keeper.open("/admin/users").words("tbody"); strings.Contains(got, "x@example.com") || strings.Count(got, "admin") != 1 {
		t.Errorf("after the attacks there are %s", got)
	}

	t.Log("roles: what is wrong is told, one in use stays")
	ada.open("/admin/roles/new").submit("main form", "", fields{"name": "admin"}).expect(http.StatusUnprocessableEntity).says(".field-error", "from the start")
	ada.open("/admin/roles/"+role+"/delete").submit("main form", "", nil).expect(http.StatusConflict).says("[role=alert]", "people have this role")
	ada.look("/admin/roles/viewer").expect(http.StatusNotFound)
	ada.open("/admin/roles/"+role).submit("main form", "", fields{"name": "Keeper of people"}).says("thead", "Keeper of people")
}

func TestAdminAccess(t *testing.T) {
	h := start(t, "serve")
	ada := visit(t, h).setUp(h)
	connection := ada.connect("Shop", "sqlite://"+liteFile(t, shop()))
	id := strings.TrimPrefix(connection, "/connections/")
	ada.open("/admin/groups/new").submit("main form", "", fields{"name": "Sales"})
	group := strings.TrimPrefix(ada.at.Path, "/admin/groups/")
	page, bo := ada.invite(t, h, "bo@example.com", "Bo", "analyst", nil)
	person := strings.TrimPrefix(page, "/admin/users/")
	explain := "/admin/access/explain?" + url.Values{"person": {person}, "action": {"ask"}, "connection": {id}, "table": {"orders"}}.Encode()

	bo.open(connection)
	ada.open("/admin/access").says("main", "Shop", "Everyone", "ask in SQL", "No folder").follow("main a", "Shop")
	ada.submit("form[action*='/grants/']", "", nil).says("main", "Nobody but administrators")
	bo.look(connection).expect(http.StatusNotFound)
	ada.open(explain).says("main h2", "Bo may not ask questions by clicking on Shop, table orders").says("ol", "The role analyst includes", "Nobody granted a right to this connection")
	ada.open("/admin/access/connections/"+id).submit("main form.form-row", "", fields{"subject": "group:" + group, "level": "ask"}).says("tbody", "The group Sales", "ask by clicking")
	bo.look(connection).expect(http.StatusNotFound)
	ada.open("/admin/groups/"+group).says("main", "Shop", "ask by clicking").submit("form[action$='/members']", "", fields{"person": person})
	bo.open(connection)
	bo.look("/sql?connection=" + id + "&sql=select+1")
	if bo.status == http.StatusOK && !strings.Contains(bo.body, "level sql") {
		t.Errorf("a right to ask by clicking lets one ask in SQL: %s", bo.words("main"))
	}
	ada.open(explain).says("main h2", "Bo may ask questions by clicking").says("ol", "The group Sales has the level ask").says("main", "All rows and columns are seen")
	ada.open(explain+"x").says(".field-error", "no table ordersx")

	t.Log("what cannot be given is told at the field, and folders are alike")
	ada.post("/admin/access/connections/"+id, url.Values{"subject": {"group:none"}, "level": {"sql"}}).expect(http.StatusUnprocessableEntity).says(".field-error", "no such group")
	ada.post("/admin/access/connections/"+id, url.Values{"subject": {"everyone"}, "level": {"edit"}}).expect(http.StatusUnprocessableEntity).says(".field-error", "levels")
	ada.open("/admin/access/folders/none").submit("main form.form-row", "", fields{"subject": "person:" + person, "level": "view"}).says("tbody", "Bo", "view")
	ada.open(page).says("main", "No folder", "view")
	ada.look("/admin/access/folders/nothing").expect(http.StatusNotFound)
}

func TestAdminRules(t *testing.T) {
	h := start(t, "serve")
	ada := visit(t, h).setUp(h)
	ada.open("/admin/rules").says(".empty", "No connection yet")
	connection := ada.connect("Shop", "sqlite://"+liteFile(t, shop()))
	id := strings.TrimPrefix(connection, "/connections/")
	page, bo := ada.invite(t, h, "bo@example.com", "Bo", "analyst", nil)
	person := strings.TrimPrefix(page, "/admin/users/")
	count := func() string {
		bo.open("/sql?" + url.Values{"connection": {id}, "sql": {"select count(*) as n, max(name) as m from customers"}}.Encode())
		return bo.words("#result tbody") + bo.words("#result .notice")
	}
	if got := count(); !strings.Contains(got, "5") {
		t.Fatalf("before any rule: %s", got)
	}

	t.Log("a rule, written without scripts")
	ada.open("/admin/rules").says(".empty", "No rules here").follow(".empty a", "Write a rule")
	ada.submit("main form:has(input[type=hidden])", "", fields{"table": "customers"}).says("h1", "Write a rule").says("main", "Without a condition: all rows")
	ada.submit("main form", "do=save", fields{"subject": "person:" + person, "f.0.value": "AT"}).expect(http.StatusUnprocessableEntity).says(".field-error", "Choose the column")
	ada.submit("main form", "do=save", fields{"f.0.column": "id", "f.0.value": "many"}).expect(http.StatusUnprocessableEntity).says(".field-error", "is not a number")
	ada.submit("main form", "do=add", fields{"f.0.column": "country", "f.0.op": "in", "f.0.from": "attribute", "f.0.value": "region"}).expect(http.StatusOK)
	if n := ada.doc.Find(".rule-line").Length(); n != 2 {
		t.Fatalf("after another condition was wanted there are %d", n)
	}
	ada.submit("main form", "do=remove-f.1", nil).expect(http.StatusOK)
	ada.submit("main form", "do=try", fields{"as": person, "m.1.on": "1", "m.1.how": "redact"}).expect(http.StatusOK).says(".notice-bad", "Nothing of this table can be read", "no value for the attribute region")
	ada.submit("main form", "do=save", nil).expect(http.StatusOK).says("h2", "customers").says("tbody", "Bo", "Rows where country is one of the person's attribute region", "name (dots)")
	if got := count(); strings.Contains(got, "5") || !strings.Contains(got, "attribute region") {
		t.Errorf("without the attribute the rule lets through %s", got)
	}
	ada.open(page).submit("main form.form", "", fields{"attributes": "region = AT, CH"})
	if got := count(); !strings.Contains(got, "2") || !strings.Contains(got, "•••") {
		t.Errorf("under the rule: %s", got)
	}

	t.Log("change, try, explain")
	ada.open("/admin/rules?connection="+id).follow("main a", "Change")
	rule := ada.at.Path
	ada.submit("main form", "do=try", fields{"as": person, "f.0.from": "value", "f.0.value": "AT"}).expect(http.StatusOK).says(".notice pre", "SELECT", "'AT'", "•••").says(".notice li", "Bo")
	if got := count(); !strings.Contains(got, "2") {
		t.Errorf("trying a rule changed it: %s", got)
	}
	ada.open("/admin/access/explain?"+url.Values{"person": {person}, "action": {"ask"}, "connection": {id}, "table": {"customers"}}.Encode()).says(".notice pre", "'CH'").says(".notice", "The rule for Bo")

	t.Log("what is gone is told at save time, at its line")
	form := url.Values{"connection": {id}, "table": {"customers"}, "subject": {"everyone"}, "joint": {"any"}, "do": {"save"},
		"f.0.column": {"name"}, "f.0.op": {"eq"}, "f.0.value": {"x"}, "f.3.column": {"gone"}, "f.3.op": {"eq"}, "f.3.value": {"x"}, "m.0.column": {"lost"}, "m.0.on": {"1"}, "m.0.how": {"empty"}}
	ada.post("/admin/rules", form).expect(http.StatusUnprocessableEntity).says(".field-error", "no column lost").says("select option[selected]", "gone (no longer there)").says(".mask-line", "no longer there")
	form.Del("m.0.on")
	ada.post("/admin/rules", form).expect(http.StatusUnprocessableEntity)
	if at := ada.doc.Find("#f\\.1-error").Text(); !strings.Contains(at, "no column gone") {
		t.Errorf("the missing column is told at %q", at)
	}
	form.Set("table", "nothing")
	ada.post("/admin/rules", form).expect(http.StatusUnprocessableEntity).says("[role=alert]", "no table nothing")
	form = url.Values{"connection": {id}, "table": {"customers"}, "subject": {"group:none"}, "do": {"save"}}
	if ada.post("/admin/rules", form); ada.status != http.StatusUnprocessableEntity && ada.status != http.StatusNotFound {
		t.Errorf("a rule for nobody answers %d: %s", ada.status, ada.words("main"))
	}

	t.Log("a condition of groups within groups is kept as text")
	nested := `{"and":[{"or":[{"column":"country","op":"eq","value":"AT"},{"column":"country","op":"is_null"}]},{"column":"id","op":"lt","value":3}]}`
	ada.post(rule, url.Values{"connection": {id}, "table": {"customers"}, "subject": {"person:" + person}, "do": {"save"}, "filter": {nested}}).expect(http.StatusOK).says("tbody", "Rows where (country is “AT” or country is empty) and id < “3”")
	ada.open(rule).submit("main form", "do=save", fields{"filter": "{"}).expect(http.StatusUnprocessableEntity).says(".field-error", "cannot be read")
	ada.open(rule).submit("main form", "do=save", nil).says("tbody", "(country is “AT” or country is empty)")

	t.Log("deleting the last rule says what it means")
	ada.follow("main a", "Delete …").says("main", "It is the last rule of customers", "sees all its rows and columns again")
	ada.submit("main form", "", nil).says(".empty", "No rules here")
	if got := count(); !strings.Contains(got, "5") {
		t.Errorf("after the rule is gone: %s", got)
	}
}

func TestAdminAuditRecord(t *testing.T) {
	h := start(t, "serve")
	ada := visit(t, h).setUp(h)
	connection := ada.connect("Shop", "sqlite://"+liteFile(t, shop()))
	id := strings.TrimPrefix(connection, "/connections/")
	ada.look("/sql?" + url.Values{"connection": {id}, "sql": {"delete from orders where id = 7"}}.Encode())
	visit(t, h).open("/login").submit("form", "", fields{"email": "eve@example.com", "password": "guess guess guess"})

	ada.open("/admin/audit").says("tbody", "connection.create", "connection Shop", "session.start", "refused", "delete from orders")
	ada.submit("form[role=search]", "", fields{"action": "query.", "outcome": "refused", "connection": id}).says("tbody", "query.run")
	if n := ada.doc.Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d refused questions are listed, want one", n)
	}
	ada.follow("tbody a", strings.TrimSpace(ada.doc.Find("tbody a").First().Text())).says("pre", "delete from orders where id = 7").says("main", "ada@example.com", "refused", "127.0.0.1", "Shop")
	if hashes := regexp.MustCompile(`\b[0-9a-f]{64}\b`).FindAllString(ada.words("dd"), -1); len(hashes) != 3 {
		t.Errorf("the record's page shows %d of hash, hash before and seal", len(hashes))
	}
	ada.follow(".page-actions a", "The one before").says("h1", "Record")
	ada.open("/admin/audit?q=eve%40example.com&since=2024-01-01").says("tbody", "person eve@example.com", "refused")
	ada.open("/admin/audit?until=2020-01-01").says(".empty", "Nothing found")
	ada.look("/admin/audit?since=soon").expect(http.StatusUnprocessableEntity).says(".field-error", "2024-01-31")
	ada.look("/admin/audit?q=" + strings.Repeat("x", 600)).expect(http.StatusUnprocessableEntity)
	for _, path := range []string{"/admin/audit/0", "/admin/audit/-1", "/admin/audit/999999", "/admin/audit/x"} {
		ada.look(path).expect(http.StatusNotFound)
	}
	ada.look("/admin/audit.jsonl?since=soon").expect(http.StatusUnprocessableEntity)

	t.Log("export with the same filter, recorded itself")
	ada.open("/admin/audit?action=connection.").follow("main a", "Export (JSONL)")
	lines := bufio.NewScanner(strings.NewReader(ada.body))
	n := 0
	for ; lines.Scan(); n++ {
		var line struct {
			Action string `json:"action"`
			Hash   string `json:"hash"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || !strings.HasPrefix(line.Action, "connection.") || len(line.Hash) != 64 {
			t.Errorf("line %d of the export is %s (%v)", n+1, lines.Text(), err)
		}
	}
	if n == 0 || !strings.Contains(ada.header.Get("Content-Disposition"), ".jsonl") {
		t.Errorf("%d lines as %q", n, ada.header.Get("Content-Disposition"))
	}
	ada.open("/admin/audit").says("tbody", "audit.export")

	t.Log("the chain is verified")
	ada.submit("form[action='/admin/audit/verify']", "", nil).expect(http.StatusOK).says(".notice-ok", "The record holds", "each unchanged and in its place")
	ada.open("/admin/audit?action=audit.verify").says("tbody", "audit.verify")

	t.Log("pages by number, newest first")
	for range 60 {
		ada.look("/admin/audit.jsonl?until=2020-01-01").expect(http.StatusOK)
	}
	first := ada.open("/admin/audit").words(".pager-range")
	ada.follow(".pager a", "Older")
	if second := ada.words(".pager-range"); second == first {
		t.Errorf("the page after %q is %q", first, second)
	}
	ada.follow(".pager a", "Newest").says(".pager-range", first)
}

func TestAdminSettingsHoldNoSecrets(t *testing.T) {
	h := start(t, "serve", "ASSAY_LLM_API_KEY=sk-very-secret", "ASSAY_LLM_PROVIDER=openai")
	ada := visit(t, h).setUp(h)
	ada.open("/admin/settings").says("main", "SQLite", "ASSAY_LLM_API_KEY", "********", "openai", "0 of 1 people have one", "assay keys rotate", "assay audit verify")
	if strings.Contains(ada.body, "very-secret") {
		t.Error("the settings' page shows a secret")
	}
}

func TestAdministrationLooksRight(t *testing.T) {
	h := start(t, "serve")
	ada := visit(t, h).setUp(h)
	id := strings.TrimPrefix(ada.connect("Shop", "sqlite://"+liteFile(t, shop())), "/connections/")
	ada.open("/admin/groups/new").submit("main form", "", fields{"name": "Sales", "description": "Those who sell"})
	group := ada.at.Path
	person, _ := ada.invite(t, h, "bo@example.com", "Bo", "analyst", fields{"group": strings.TrimPrefix(group, "/admin/groups/")})
	bo := strings.TrimPrefix(person, "/admin/users/")
	ada.open("/admin/users/new?kind=service").submit("main form", "", fields{"name": "Nightly", "role": "viewer"})
	service := ada.at.Path
	ada.submit("form[action$='/tokens']", "", fields{"name": "CI", "days": "30", "scope": "look"})
	ada.open("/admin/rules/new?connection="+id+"&table=customers").submit("main form", "do=save", fields{"subject": "person:" + bo, "f.0.column": "country", "f.0.value": "AT", "m.1.on": "1", "m.1.how": "redact", "note": "Only Austria"})
	ada.follow("main a", "Change")
	rule := ada.at.Path
	ada.look("/sql?" + url.Values{"connection": {id}, "sql": {"delete from orders"}}.Encode())
	b := open(t, chromium(t), h)
	b.signIn(ada)
	look(b, axe(t), []page{{"people", "/admin/users"}, {"invite", "/admin/users/new"}, {"person", person}, {"service", service}, {"delete", person + "/delete"}, {"groups", "/admin/groups"}, {"group", group},
		{"roles", "/admin/roles"}, {"role", "/admin/roles/new"}, {"access", "/admin/access"}, {"access to a connection", "/admin/access/connections/" + id}, {"access to a folder", "/admin/access/folders/none"},
		{"explain", "/admin/access/explain?" + url.Values{"person": {bo}, "action": {"ask"}, "connection": {id}, "table": {"customers"}}.Encode()},
		{"rules", "/admin/rules"}, {"new rule", "/admin/rules/new?connection=" + id}, {"rule", rule}, {"audit", "/admin/audit"}, {"record", "/admin/audit/5"}, {"settings", "/admin/settings"}})

	t.Run("a rule on a phone", func(t *testing.T) {
		b.t = t
		b.size(390, 844)
		b.goTo(rule)
		b.run(`window.leaving = true`)
		b.do(chromedp.Click(`main button[value=try]`, chromedp.ByQuery))
		b.arrive("Change a rule")
		b.holds(`document.querySelector('.notice pre').textContent.includes('AT')`)
		b.run(axe(t))
		b.accessible("a tried rule", false)
		b.sound()
	})
}
