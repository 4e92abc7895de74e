package query

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/source"
)

// customRole makes a person whose role is exactly the actions.
func (r *room) customRole(t *testing.T, email string, actions ...account.Action) *account.Person {
	t.Helper()
	role := &account.RoleDef{Name: email, Actions: actions}
	if err := r.people.CreateRole(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	return r.join(t, email, role.ID, nil)
}

func TestAttackSavingIsNoWayToAskSQL(t *testing.T) {
	r := newRoom(t, usual)
	id := shops(t, r)["sqlite"]
	saver := r.customRole(t, "saver@example.com", account.Look, account.Ask, account.SeeConnections, account.Save)
	written := &Question{Name: "W", ConnectionID: id, Body: Body{SQL: "select name, sql from sqlite_master"}}
	if err := r.store.Create(t.Context(), written, saver); !fault.Is(err, fault.Denied) {
		t.Errorf("saving SQL without the right to ask it: %v", err)
	}
	if err := r.store.Create(t.Context(), written, r.person); err != nil {
		t.Fatal(err)
	}
	changed := *written
	changed.Body.SQL = "select 42"
	if err := r.store.Update(t.Context(), &changed, saver); !fault.Is(err, fault.Denied) {
		t.Errorf("changing SQL: %v", err)
	}
	renamed := *written
	renamed.Name = "Renamed"
	if err := r.store.Update(t.Context(), &renamed, saver); err != nil {
		t.Errorf("renaming a question whose SQL stays: %v", err)
	}
	second := renamed
	second.Body.SQL = "select 1"
	if err := r.store.Update(t.Context(), &second, r.person); err != nil {
		t.Fatal(err)
	}
	if _, err := r.store.Restore(t.Context(), written.ID, 1, saver); !fault.Is(err, fault.Denied) {
		t.Errorf("bringing back other SQL: %v", err)
	}
	other := shops(t, newRoom(t, usual)) // ids that are nobody's here
	moved := second
	moved.ConnectionID = other["sqlite"]
	if err := r.store.Update(t.Context(), &moved, saver); err == nil {
		t.Error("SQL was moved to another connection")
	}
}

func TestAttackSharedFlightAfterARightIsGone(t *testing.T) {
	r := newRoom(t, usual)
	id := shops(t, r)["postgres"]
	eu := r.join(t, "eu@example.com", account.Analyst, map[string][]string{"region": {"EU"}})
	slow := "select email from orders, (select count(*) from generate_series(1, 12000000)) x"
	first := make(chan error, 1)
	go func() {
		_, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: slow})
		first <- err
	}()
	for len(r.Live(r.person)) == 0 {
		time.Sleep(time.Millisecond)
	}
	joined := make(chan error, 1)
	go func() {
		_, err := r.Frame(t.Context(), Request{Person: eu, Connection: id, SQL: slow})
		joined <- err
	}()
	time.Sleep(50 * time.Millisecond)
	r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, byRegion)
	if err := <-joined; err == nil {
		t.Error("an answer from before the rule was given to somebody whom it limits")
	}
	if err := <-first; err != nil {
		t.Errorf("the administrator's own question: %v", err)
	}
}

func TestAttackRulesAreNotToldByAnswers(t *testing.T) {
	r := newRoom(t, usual)
	for engine, id := range shops(t, r) {
		r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, `{"filter": {"column": "email", "op": "not_in", "value": ["secret@example.com", "secret2@example.com"]}}`)
		p := r.join(t, engine+"@example.com", account.Analyst, nil)
		got, err := r.Frame(t.Context(), Request{Person: p, Connection: id, SQL: "select count(*) from orders"})
		if err != nil || cells(got.Frame) != "2;" || strings.Contains(got.SQL, "secret") {
			t.Errorf("%s: %v %v", engine, got, err)
		}
		for _, q := range []string{"select count(*) from orders where region = 1/0 || 'x' and email::nothing", "select nothing from orders", "select count(*) from orders group by nowhere"} {
			if _, err := r.Frame(t.Context(), Request{Person: p, Connection: id, SQL: q}); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %s: %v", engine, q, err)
			}
		}
	}
}

func TestAttackMaskForEveryoneOpensNoRows(t *testing.T) {
	r := newRoom(t, usual)
	id := shops(t, r)["sqlite"]
	p := r.join(t, "outsider@example.com", account.Analyst, nil)
	g := &account.Group{Name: "US"}
	if err := r.people.CreateGroup(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	r.rule(t, id, "orders", account.Subject{Kind: account.ToGroup, ID: g.ID}, `{"filter": {"column": "region", "op": "eq", "value": "US"}}`)
	r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, `{"masks": [{"column": "email", "how": "empty"}]}`)
	if _, err := r.Frame(t.Context(), Request{Person: p, Connection: id, SQL: "select count(*) from orders"}); err == nil || !strings.Contains(err.Error(), "none of them covers you") {
		t.Errorf("got %v", err)
	}
}

// TestAttackStaleCatalog changes the database behind the catalog and lets the
// catalog's age pass.
func TestAttackStaleCatalog(t *testing.T) {
	for name, ddl := range map[string]string{
		"a free table becomes a view":            "drop table products; create view products as select * from orders",
		"the limited table takes a free name":    "drop table products; alter table orders rename to products",
		"the limited table takes a new name":     "alter table orders rename to orders_v2",
		"the masked column goes":                 "alter table orders rename column email to mail",
		"the column that the rule asks for goes": "alter table orders rename column region to area",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, usual)
			path := t.TempDir() + "/shop.db"
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(strings.Replace(shopScript, "create view totals as select region, sum(total) as total from orders group by region;", "", 1)); err != nil {
				t.Fatal(err)
			}
			id := r.connect(t, "lite", source.Config{Kind: "sqlite", Path: path})
			r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, byRegion)
			p := r.join(t, "eu@example.com", account.Analyst, map[string][]string{"region": {"EU"}})
			ask := func(q string) string {
				got, err := r.Frame(t.Context(), Request{Person: p, Connection: id, SQL: q})
				if err != nil {
					return err.Error()
				}
				return cells(got.Frame)
			}
			if got := ask("select count(*) from orders"); got != "2;" {
				t.Fatal(got)
			}
			if _, err := db.Exec(ddl); err != nil {
				t.Fatal(err)
			}
			later := time.Now().Add(freshness + time.Minute)
			r.rules.now = func() time.Time { return later }
			for _, q := range []string{"select * from orders", "select * from products", "select * from orders_v2", "select mail from orders", "select email from orders"} {
				if got := ask(q); strings.Contains(got, "secret") || strings.Contains(got, "777777") {
					t.Errorf("%s: %s", q, got)
				}
			}
		})
	}
}

func TestAttackPaddingDoesNotHideTheQuestion(t *testing.T) {
	r := newRoom(t, usual)
	id := shops(t, r)["sqlite"]
	q := "select 1 as n, o.email from (select '" + strings.Repeat("x", 40_000) + "' as p) q cross join orders o where o.email = {{who}}"
	if _, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: q, Parameters: map[string]string{"who": "secret@example.com"}}); err != nil {
		t.Fatal(err)
	}
	list, _, err := r.log.List(t.Context(), audit.Filter{Action: "query.run"})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	for _, want := range []string{`"orders"`, "sql_sha256", "o.email", "secret@example.com"} {
		if !strings.Contains(string(list[0].Detail), want) {
			t.Errorf("the record lacks %s: %s", want, list[0].Detail)
		}
	}
}

func TestAttackSecondWayToADatabaseWithRules(t *testing.T) {
	r := newRoom(t, usual)
	path := t.TempDir() + "/shop.db"
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(shopScript); err != nil {
		t.Fatal(err)
	}
	id := r.connect(t, "lite", source.Config{Kind: "sqlite", Path: path})
	keeper := r.customRole(t, "keeper@example.com", account.Look, account.Ask, account.SeeConnections, account.AskSQL, account.EditConnections)
	second := &source.Connection{Name: "second", CreatedBy: keeper.ID, Config: source.Config{Kind: "sqlite", Path: filepath.Dir(path) + "//shop.db"}}
	if err := r.rules.MayConnect(t.Context(), keeper, second); err != nil || !second.Private {
		t.Errorf("a second connection without rules: %v, private %v", err, second.Private)
	}
	if err := r.connections.Create(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	other := r.join(t, "other@example.com", account.Analyst, nil)
	if account.May(other, account.Ask, account.OnConnection(second.ID)).Allowed || !account.May(r.again(t, keeper), account.Ask, account.OnConnection(second.ID)).Allowed {
		t.Error("what somebody makes who may not grant rights is not theirs alone")
	}
	r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, byRegion)
	for _, p := range []string{path, filepath.Dir(path) + "/./shop.db"} {
		third := &source.Connection{Name: "third", Config: source.Config{Kind: "sqlite", Path: p}}
		if err := r.rules.MayConnect(t.Context(), keeper, third); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", p, err)
		}
		if err := r.rules.MayConnect(t.Context(), r.person, third); err != nil {
			t.Errorf("an administrator: %v", err)
		}
	}
}
