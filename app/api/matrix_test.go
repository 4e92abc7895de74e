package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/query"
	"assay/app/report"
	"assay/app/schedule"
	"assay/app/share"
	"assay/app/source"
)

// caller is somebody who tries every operation.
type caller struct {
	name, token string
	may         []account.Action
	out         bool // signed out or as good as
	admin       bool
	limited     bool // a service, or a token with scopes
}

// matrix makes what the operations are tried on.
type matrix struct {
	*house
	n       int
	byQuery map[string]string // a query's id by caller
}

func (m *matrix) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *matrix) person(kind account.Kind, role account.Role) *account.Person {
	m.t.Helper()
	m.n++
	p, err := m.api.People.Create(m.t.Context(), account.NewPerson{Kind: kind, Email: fmt.Sprintf("p%d@example.com", m.n), Role: role})
	m.must(err)
	return p
}

func (m *matrix) hide(connection string) {
	list, err := m.api.People.Grants(m.t.Context(), account.OnConnection(connection))
	m.must(err)
	for _, g := range list {
		m.must(m.api.People.DeleteGrant(m.t.Context(), g.ID))
	}
}

// made returns the id of a new object of the kind, and of what lies in it: one
// that the caller may reach, or one that they should not.
func (m *matrix) made(c caller, kind string, reachable bool) (id, inner string) {
	m.t.Helper()
	ctx := m.t.Context()
	m.n++
	name := fmt.Sprint(kind, " ", m.n)
	role := account.Role(m.peopleRole)
	if !reachable {
		role = account.Admin
	}
	switch kind {
	case "token":
		owner := ""
		if !reachable {
			owner = m.person(account.Human, account.Viewer).ID
		} else {
			p, _, err := m.api.People.Bearer(ctx, c.token)
			m.must(err)
			owner = p.ID
		}
		t, _, err := m.api.People.CreateToken(ctx, owner, account.NewToken{Name: name})
		m.must(err)
		return t.ID, ""
	case "user":
		p := m.person(account.Human, role)
		_, err := m.api.People.StartSession(ctx, account.Session{PersonID: p.ID, Data: []byte("{}")})
		m.must(err)
		list, err := m.api.People.Sessions(ctx, p.ID)
		m.must(err)
		return p.ID, list[0].ID
	case "service":
		p := m.person(account.Service, role)
		t, _, err := m.api.People.CreateToken(ctx, p.ID, account.NewToken{Name: name})
		m.must(err)
		return p.ID, t.ID
	case "group":
		g := &account.Group{Name: name}
		m.must(m.api.People.CreateGroup(ctx, g))
		p := m.person(account.Human, account.Role(m.peopleRole))
		m.must(m.api.People.SetMembers(ctx, g.ID, []string{p.ID}))
		return g.ID, p.ID
	case "role":
		r := &account.RoleDef{Name: name, Actions: []account.Action{account.EditRights}}
		m.must(m.api.People.CreateRole(ctx, r))
		return string(r.ID), ""
	case "grant":
		g, err := m.api.People.SetGrant(ctx, account.Subject{Kind: account.ToPerson, ID: m.people[account.Viewer].ID}, account.OnConnection(m.orders), account.Results)
		m.must(err)
		return g.ID, ""
	case "rule":
		r := &query.Rule{ConnectionID: m.orders, SubjectKind: account.Everyone, Table: "regions"}
		m.must(m.api.Rules.Create(ctx, r, ""))
		m.t.Cleanup(func() { _ = m.api.Rules.Delete(ctx, r.ID) })
		return r.ID, ""
	case "record":
		return "1", ""
	case "connection", "question":
		id := m.connect(name, source.Config{Kind: "sqlite", Path: m.beside})
		if kind == "question" {
			q := &query.Question{Name: name, ConnectionID: id, Body: query.Body{Spec: &query.Spec{Table: "regions"}}}
			m.must(m.api.Questions.Create(ctx, q, m.people[account.Admin]))
			inner = "1"
			defer func(connection string) {
				if !reachable {
					m.hide(connection)
				}
			}(id)
			return q.ID, inner
		}
		if !reachable {
			m.hide(id)
		}
		return id, ""
	case "dashboard":
		return m.savedThing(reachable, name, func(folder string, by *account.Person) (string, error) {
			d := &dashboard.Dashboard{Name: name, FolderID: folder}
			d.Body.Cards = []dashboard.Card{{Kind: dashboard.Text, Text: "Hello"}}
			err := m.api.Dashboards.Create(ctx, d, by)
			return d.ID, err
		})
	case "report":
		return m.savedThing(reachable, name, func(folder string, by *account.Person) (string, error) {
			r := &report.Report{Name: name, FolderID: folder}
			r.Body.Text = "# Hello"
			err := m.api.Reports.Create(ctx, r, by)
			return r.ID, err
		})
	case "schedule":
		return m.savedThing(reachable, name, func(folder string, by *account.Person) (string, error) {
			s := &schedule.Schedule{Name: name, FolderID: folder}
			s.Body = schedule.Body{When: schedule.When{Every: "day", At: "07:30"}, Do: "refresh", Question: m.shared}
			err := m.api.Schedules.Create(ctx, s, by)
			return s.ID, err
		})
	case "alert":
		return m.savedThing(reachable, name, func(folder string, by *account.Person) (string, error) {
			one, s := 1.0, &schedule.Alert{Name: name, FolderID: folder}
			s.Body = schedule.AlertBody{When: schedule.When{Every: "day", At: "07:30"}, Question: m.shared, Condition: "above", Value: &one, To: []schedule.Target{{Kind: "person", ID: m.people[account.Viewer].ID}}}
			err := m.api.Alerts.Create(ctx, s, by)
			return s.ID, err
		})
	case "share":
		by := m.people[account.Admin]
		if reachable {
			p, _, err := m.api.People.Bearer(ctx, c.token)
			m.must(err)
			by = p
		}
		// Nobody but its maker and those who may change the question know of the link.
		q, _ := m.made(c, "hidden question", false)
		one := &share.Share{Kind: share.Question, ObjectID: q}
		if reachable {
			one.ObjectID = m.shared
		}
		_, err := m.api.Shares.Create(ctx, one, "", by)
		m.must(err)
		return one.ID, "1"
	case "hidden question":
		folder := m.folder(name, false)
		q := &query.Question{Name: name, FolderID: folder, ConnectionID: m.orders, Body: query.Body{Spec: &query.Spec{Table: "regions"}}}
		m.must(m.api.Questions.Create(ctx, q, m.people[account.Admin]))
		return q.ID, "1"
	case "query":
		token := m.tokens[account.Admin]
		if reachable {
			token = c.token
		}
		if m.byQuery[token] == "" {
			r := m.call(token, "POST", "/api/v1/questions/"+m.shared+"/run", object{})
			if r.status != 200 {
				m.t.Fatalf("%s asks the shared question: %d %s", c.name, r.status, r.body)
			}
			m.byQuery[token] = r.header.Get("X-Query-Id")
		}
		return m.byQuery[token], ""
	}
	m.t.Fatalf("nothing is made for %q", kind)
	return "", ""
}

// folder makes a folder, which is granted to everyone or to nobody.
func (m *matrix) folder(name string, reachable bool) string {
	m.t.Helper()
	id, err := m.api.Questions.EnsureFolder(m.t.Context(), name)
	m.must(err)
	if reachable {
		return id
	}
	list, err := m.api.People.Grants(m.t.Context(), account.InFolder(id))
	m.must(err)
	for _, g := range list {
		m.must(m.api.People.DeleteGrant(m.t.Context(), g.ID))
	}
	return id
}

// savedThing makes something in a folder of its own.
func (m *matrix) savedThing(reachable bool, name string, make func(folder string, by *account.Person) (string, error)) (id, inner string) {
	m.t.Helper()
	id, err := make(m.folder(name, reachable), m.people[account.Admin])
	m.must(err)
	return id, "1"
}

func (m *matrix) callers() []caller {
	ctx := m.t.Context()
	list := []caller{
		{name: "signed out", out: true},
		{name: "a wrong token", token: "assay_wrong", out: true},
	}
	token := func(p *account.Person, scopes ...account.Action) string {
		_, secret, err := m.api.People.CreateToken(ctx, p.ID, account.NewToken{Name: "matrix", Scopes: scopes})
		m.must(err)
		return secret
	}
	for _, role := range account.Roles {
		def, err := m.api.People.RoleDef(ctx, role)
		m.must(err)
		list = append(list, caller{name: string(role), token: m.tokens[role], may: def.Actions, admin: role == account.Admin})
	}
	for _, one := range account.Actions {
		r := &account.RoleDef{Name: "only " + string(one.Action), Actions: []account.Action{one.Action}}
		m.must(m.api.People.CreateRole(ctx, r))
		list = append(list, caller{name: r.Name, token: token(m.person(account.Human, r.ID)), may: r.Actions})
	}
	analyst, err := m.api.People.RoleDef(ctx, account.Analyst)
	m.must(err)
	list = append(list, caller{name: "a service", token: token(m.person(account.Service, account.Analyst)), may: analyst.Actions, limited: true})
	for _, scope := range []account.Action{account.Look, account.EditPeople} {
		list = append(list, caller{name: "an administrator's token for " + string(scope), token: token(m.people[account.Admin], scope), may: []account.Action{scope}, admin: true, limited: true})
	}
	gone := m.person(account.Human, account.Admin)
	disabled := caller{name: "disabled", token: token(gone), out: true}
	gone.Disabled = true
	m.must(m.api.People.Update(ctx, gone))
	return append(list, disabled)
}

// TestEveryOperationAsEverybody is the matrix of who may do what to what.
func TestEveryOperationAsEverybody(t *testing.T) {
	h := newHouse(t)
	h.beside = ordersFile(t) // a database that no rule is for
	m := &matrix{house: h, byQuery: map[string]string{}}
	role := &account.RoleDef{Name: "people only", Actions: []account.Action{account.EditPeople}}
	m.must(h.api.People.CreateRole(t.Context(), role))
	h.peopleRole = string(role.ID)
	shared := &query.Question{Name: "shared", ConnectionID: h.orders, Body: query.Body{Spec: &query.Spec{Table: "regions"}}}
	m.must(h.api.Questions.Create(t.Context(), shared, h.people[account.Admin]))
	h.shared = shared.ID

	table := classes(h)
	callers := m.callers()
	succeeded, seen := map[string]bool{}, map[string]bool{}
	cells, began := 0, time.Now()
	operations(h.document(), func(method, path string, op map[string]any) {
		id := op["operationId"].(string)
		c, known := table[id]
		if !known {
			t.Errorf("%s is in no class: say in classes who may do it", id)
			return
		}
		seen[id] = true
		if strings.Contains(path, "{") == (c.kind == "") || id == "runQuery" && c.kind == "" {
			if id != "runQuery" {
				t.Errorf("%s has the object kind %q", id, c.kind)
			}
		}
		call := func(who caller, object, inner string) reply {
			cells++
			m.n++
			at := strings.NewReplacer("{id}", object, "{seq}", object, "{version}", inner, "{session}", inner, "{token}", inner, "{person}", inner).Replace(path)
			var body any
			if c.body != nil {
				text := marshal(t, c.body)
				body = strings.NewReplacer("NEW", fmt.Sprint(m.n), `"ID"`, `"`+object+`"`).Replace(text)
			}
			r := h.call(who.token, method, at, body)
			if r.status >= 500 {
				t.Errorf("%s as %s: %d %s", id, who.name, r.status, r.body)
			}
			if r.status/100 == 2 {
				succeeded[id] = true
			}
			return r
		}
		expect := func(who caller, object string, r reply, want int) {
			t.Helper()
			if want == 0 && (r.status/100 == 2 || r.status == 409 || r.status == 422) || r.status == want {
				return
			}
			t.Errorf("%s as %s to %s: %d, want %d: %s", id, who.name, object, r.status, want, r.body)
		}
		for _, who := range callers {
			if c.public {
				call(who, "", "")
				continue
			}
			refusal := 0
			switch {
			case who.out:
				refusal = http.StatusUnauthorized
			case c.action != "" && !slices.Contains(who.may, c.action), c.gives != "" && !slices.Contains(who.may, c.gives), c.and != "" && !slices.Contains(who.may, c.and),
				c.tokens && who.limited && !slices.Contains(who.may, account.EditPeople):
				refusal = http.StatusForbidden
			}
			if c.kind == "" {
				expect(who, "nothing", call(who, "", ""), refusal)
				continue
			}
			if refusal == http.StatusUnauthorized || c.action != "" && !slices.Contains(who.may, c.action) || c.tokens && refusal != 0 {
				// Whether the object is there makes no difference to them.
				a, b := call(who, "unknown1", "1"), call(who, h.orders, "1")
				expect(who, "anything", a, refusal)
				if a.status != b.status || a.body != b.body {
					t.Errorf("%s as %s tells an object from none: %s, %s", id, who.name, a.body, b.body)
				}
				continue
			}
			if c.kind == "query" && !slices.Contains(who.may, account.Look) {
				continue
			}
			if c.kind == "share" && !(slices.Contains(who.may, account.Look) && slices.Contains(who.may, account.Save)) {
				continue // they have none of their own
			}
			own, inner := m.made(who, c.kind, true)
			expect(who, "what they reach", call(who, own, inner), refusal)
			unknownID := "unknown1"
			if c.kind == "record" {
				unknownID = "999999999"
			}
			unknown := call(who, unknownID, inner)
			wantUnknown := http.StatusNotFound
			if id == "runQuery" && who.admin && !c.granted {
				wantUnknown = 0
			}
			expect(who, "an unknown id", unknown, wantUnknown)
			switch {
			case c.granted, c.kind == "token":
				foreign, inner := m.made(who, c.kind, false)
				r := call(who, foreign, inner)
				if who.admin && c.granted {
					expect(who, "what was granted to nobody", r, 0)
				} else if expect(who, "what is another's", r, http.StatusNotFound); r.body != unknown.body {
					t.Errorf("%s as %s tells another's object from none: %s, %s", id, who.name, r.body, unknown.body)
				}
			case c.manages:
				mighty, inner := m.made(who, c.kind, false)
				want := http.StatusForbidden
				if who.admin && !who.limited {
					want = 0
				}
				expect(who, "an administrator", call(who, mighty, inner), want)
			}
		}
	})
	for id := range table {
		if !seen[id] {
			t.Errorf("%s is classified and not there", id)
		} else if !succeeded[id] && id != "createAccessToken" && id != "refreshAccessToken" {
			t.Errorf("%s succeeded for nobody, so it proves nothing", id)
		}
	}
	t.Logf("%d calls in %s", cells, time.Since(began).Round(time.Millisecond))
}

// TestIdsArePlainText is the attack of ids that mean more than one object.
func TestIdsArePlainText(t *testing.T) {
	h := newHouse(t)
	real := h.people[account.Viewer].ID
	table := classes(h)
	operations(h.document(), func(method, path string, op map[string]any) {
		c := table[op["operationId"].(string)]
		if method != http.MethodGet || !strings.Contains(path, "{") || c.kind == "record" {
			return
		}
		for _, id := range []string{"*", "%", "_", "..", ".", "//", "/", " ", "%2e%2e", strings.ToUpper(real), real + "/", real + "\x00", "' OR 1=1 --", "{id}", "null", "0", "-1", strings.Repeat("a", 101)} {
			at := path
			for _, name := range []string{"{id}", "{session}", "{token}", "{version}"} {
				at = strings.ReplaceAll(at, name, url.PathEscape(id))
			}
			if r := h.as(account.Admin, method, strings.TrimPrefix(at, "/api/v1"), nil); r.status != 404 && r.status != 422 && r.status != 405 {
				t.Errorf("%s %s: %d %.200s", method, at, r.status, r.body)
			}
		}
	})
	refused(t, h.as(account.Admin, "GET", "/users?group=a%00", nil), 422, "invalid", "query.*")
	refused(t, h.as(account.Admin, "POST", "/groups", `{"name": "a\u0000b"}`), 400, "malformed", "body")
	ok[Group](t, h.as(account.Admin, "POST", "/groups", `{"name": "a \\u0000 b"}`), 201)
	for _, at := range []string{"//api/v1/users", "/api//v1/users", "/api/v1//users", "/API/v1/users", "/api/v1/Users", "/api/v1/users/..", "/api/v1/x/../users", "/api/v1/%75sers/" + real, "/api/v1/users%2f" + real} {
		if r := h.call("", "GET", at, nil); r.status/100 == 2 {
			t.Errorf("%s signed out: %d %s", at, r.status, r.body)
		}
	}
}
