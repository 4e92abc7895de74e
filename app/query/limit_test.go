package query

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

const shopScript = `
	create table orders (id int primary key, region varchar(10) not null, customer int, total decimal(10,2), email varchar(50), placed date);
	create table products (id int primary key, name varchar(20));
	create view totals as select region, sum(total) as total from orders group by region;
	insert into orders values (1, 'EU', 1, 10.00, 'a@example.com', '2024-01-01'), (2, 'EU', 2, 20.50, 'b@example.com', '2024-01-02'),
		(3, 'US', 1, 777777.00, 'secret@example.com', '2024-01-03'), (4, 'it''s', 3, 888888.00, 'secret2@example.com', '2024-01-04');
	insert into products values (1, 'Tea'), (2, 'Cup');`

// shops makes the shop in three engines and returns the connections' ids.
func shops(t *testing.T, r *room) map[string]string {
	t.Helper()
	_, pg := sourcetest.Postgres(t).NewDatabase(t, shopScript)
	_, maria := sourcetest.MariaDB(t).NewDatabase(t, shopScript)
	return map[string]string{"postgres": r.connect(t, "pg", pg), "mysql": r.connect(t, "maria", maria), "sqlite": r.connect(t, "lite", sqliteShop(t))}
}

// sqliteShop makes the shop in a file.
func sqliteShop(t *testing.T) source.Config { return sqliteFile(t, shopScript) }

// sqliteFile makes a database of a script in a file.
func sqliteFile(t *testing.T, script string) source.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(script); err != nil {
		t.Fatal(err)
	}
	return source.Config{Kind: "sqlite", Path: file}
}

func (r *room) join(t *testing.T, email string, role account.Role, attributes map[string][]string) *account.Person {
	t.Helper()
	p, err := r.people.Create(t.Context(), account.NewPerson{Email: email, Role: role, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return r.again(t, p)
}

// again returns a person with the rights they have now.
func (r *room) again(t *testing.T, p *account.Person) *account.Person {
	t.Helper()
	p, err := r.people.Get(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (r *room) rule(t *testing.T, connection, table string, to account.Subject, body string) *Rule {
	t.Helper()
	rule := &Rule{ConnectionID: connection, SubjectKind: to.Kind, SubjectID: to.ID, Table: table}
	if err := json.Unmarshal([]byte(body), &rule.Body); err != nil {
		t.Fatal(err)
	}
	if err := r.rules.Create(t.Context(), rule, "p"); err != nil {
		t.Fatal(err)
	}
	return rule
}

func cells(f *frame.Frame) string {
	var b strings.Builder
	for row := range f.Rows() {
		for col := range f.Columns {
			if col > 0 {
				b.WriteByte(' ')
			}
			if v, ok := f.Cell(row, col); ok {
				b.Write(v)
			} else {
				b.WriteString("null")
			}
		}
		b.WriteByte(';')
	}
	return b.String()
}

const byRegion = `{"filter": {"column": "region", "op": "eq", "value": {"attribute": "region"}}, "masks": [{"column": "email", "how": "empty"}]}`

func TestRulesHoldForEveryKindOfQuestion(t *testing.T) {
	r := newRoom(t, usual)
	for engine, id := range shops(t, r) {
		t.Run(engine, func(t *testing.T) {
			r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, byRegion)
			eu := r.join(t, engine+"-eu@example.com", account.Analyst, map[string][]string{"region": {"EU"}})
			both := r.join(t, engine+"-both@example.com", account.Analyst, map[string][]string{"region": {"EU", "it's"}})
			none := r.join(t, engine+"-none@example.com", account.Analyst, nil)
			admin := r.join(t, engine+"-admin@example.com", account.Admin, nil)
			ask := func(p *account.Person, q string) (string, error) {
				req := Request{Person: p, Connection: id, SQL: q}
				if strings.HasPrefix(q, "{") {
					req.SQL, req.Spec = "", parse(t, q)
				}
				got, err := r.Frame(t.Context(), req)
				if err != nil {
					return "", err
				}
				return strings.ReplaceAll(cells(got.Frame), "30.50", "30.5"), nil // engines differ in the zeros they keep
			}
			for _, tt := range []struct {
				who       *account.Person
				ask, want string
			}{
				{admin, "select count(*) from orders", "4;"},
				{eu, "select count(*), sum(total), max(email) from orders", "2 30.5 null;"},
				{both, "select count(*), max(email) from orders", "3 null;"},
				{eu, `{"table": "orders", "measures": [{"fn": "sum", "column": "total", "as": "s"}]}`, "30.5;"},
				{eu, `{"table": "orders", "measures": [{"fn": "count", "as": "n"}], "filters": {"column": "region", "op": "ne", "value": "EU"}}`, "0;"},
				{eu, "with o as (select * from orders) select count(*) from o union all select count(*) from orders", "2;2;"},
				{eu, "select name from products order by id", "Tea;Cup;"},
				{none, "select name from products order by id", "Tea;Cup;"},
			} {
				if got, err := ask(tt.who, tt.ask); err != nil || got != tt.want {
					t.Errorf("%s as %s: %q %v, want %q", tt.ask, tt.who.Email, got, err, tt.want)
				}
			}
			for _, tt := range []struct {
				who      *account.Person
				ask, why string
			}{
				{none, "select count(*) from orders", "no value for the attribute region"},
				{eu, "select * from totals", "may show rows"},
				{eu, "select * from unheard_of", "not a table whose rules are known"},
			} {
				_, err := ask(tt.who, tt.ask)
				if f := source.AsFailure(err); f == nil || f.Code != source.Refused || !strings.Contains(f.Message, tt.why) {
					t.Errorf("%s as %s: %v, want a refusal with %q", tt.ask, tt.who.Email, err, tt.why)
				}
			}
			if _, err := r.Frame(t.Context(), Request{Person: eu, Connection: id, SQL: "select * from orders", Explain: true}); source.AsFailure(err) == nil || source.AsFailure(err).Code != source.Refused {
				t.Errorf("the plan of a limited table: %v", err)
			}
			a, err := r.Open(t.Context(), Request{Person: eu, Connection: id, SQL: "select id, email from orders order by id", Limit: Uncapped})
			if err != nil {
				t.Fatal(err)
			}
			streamed, err := frame.Read(t.Context(), a, 100, 1<<20)
			if err != nil || cells(streamed) != "1 null;2 null;" {
				t.Errorf("streamed: %q %v", cells(streamed), err)
			}
			a.Close()
			catalog, err := r.rules.Catalog(t.Context(), eu, id)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, table := range catalog.Tables {
				names = append(names, table.Name)
			}
			if slices.Sort(names); !slices.Equal(names, []string{"orders", "products"}) {
				t.Errorf("the tables shown are %v", names)
			}
			// A saved question runs under the rules of who looks at it.
			q := &Question{Name: "Orders", ConnectionID: id, Body: Body{SQL: "select count(*) from orders"}}
			if err := r.store.Create(t.Context(), q, admin); err != nil {
				t.Fatal(err)
			}
			viewer := r.join(t, engine+"-viewer@example.com", account.Viewer, map[string][]string{"region": {"US"}})
			got, err := r.Frame(t.Context(), Request{Person: viewer, Saved: q})
			if err != nil || cells(got.Frame) != "1;" {
				t.Errorf("a saved question: %v %v", got, err)
			}
		})
	}
	r.Close()
	v, err := r.log.Verify(t.Context())
	if err != nil || !v.OK {
		t.Errorf("the record: %+v %v", v, err)
	}
}

func TestRulesOfGroupsAndPeopleOpenMore(t *testing.T) {
	r := newRoom(t, usual)
	id := shops(t, r)["sqlite"]
	us, all := &account.Group{Name: "US"}, &account.Group{Name: "All"}
	for _, g := range []*account.Group{us, all} {
		if err := r.people.CreateGroup(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	a, b, c := r.join(t, "a@example.com", account.Analyst, nil), r.join(t, "b@example.com", account.Analyst, nil), r.join(t, "c@example.com", account.Analyst, nil)
	for g, people := range map[string][]string{us.ID: {a.ID, b.ID}, all.ID: {b.ID}} {
		if err := r.people.SetMembers(t.Context(), g, people); err != nil {
			t.Fatal(err)
		}
	}
	a, b = r.again(t, a), r.again(t, b)
	r.rule(t, id, "orders", account.Subject{Kind: account.ToGroup, ID: us.ID}, `{"filter": {"column": "region", "op": "eq", "value": "US"}, "masks": [{"column": "email", "how": "redact"}, {"column": "customer", "how": "empty"}]}`)
	count := func(p *account.Person) string {
		got, err := r.Frame(t.Context(), Request{Person: p, Connection: id, SQL: "select count(*), min(email), min(customer) from orders"})
		if err != nil {
			return err.Error()
		}
		return cells(got.Frame)
	}
	if got := count(a); got != "1 ••• null;" {
		t.Errorf("in the group: %s", got)
	}
	if got := count(c); !strings.Contains(got, "none of them covers you") {
		t.Errorf("in no group: %s", got)
	}
	open := r.rule(t, id, "orders", account.Subject{Kind: account.ToGroup, ID: all.ID}, `{"masks": [{"column": "customer", "how": "empty"}]}`)
	if got := count(b); got != "4 a@example.com null;" {
		t.Errorf("in both groups, one of which sees all: %s", got)
	}
	r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, `{"filter": {"column": "total", "op": "lt", "value": 1000}}`)
	if got := count(b); got != "2 a@example.com null;" {
		t.Errorf("with a rule for everyone: %s", got)
	}
	if got := count(a); got != "0 null null;" {
		t.Errorf("a row must pass both: %s", got)
	}
	if err := r.rules.Delete(t.Context(), open.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.people.DeleteGroup(t.Context(), us.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("a group that a rule is for was removed: %v", err)
	}
}

func TestNarrowTokensAskUnderRules(t *testing.T) {
	r := newRoom(t, usual)
	id := r.connect(t, "lite", sqliteShop(t))
	r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, byRegion)
	eu := r.join(t, "eu@example.com", account.Analyst, map[string][]string{"region": {"EU"}})
	_, secret, err := r.people.CreateToken(t.Context(), eu.ID, account.NewToken{Name: "narrow", Scopes: []account.Action{account.Look, account.AskSQL}})
	if err != nil {
		t.Fatal(err)
	}
	narrow, _, err := r.people.Bearer(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Frame(t.Context(), Request{Person: narrow, Connection: id, SQL: "select count(*) from orders"})
	if err != nil || cells(got.Frame) != "2;" {
		t.Errorf("%v, want 2 rows as for the whole account", err)
	}
}

func TestRulesAreCheckedWhenSaved(t *testing.T) {
	r := newRoom(t, usual)
	id := shops(t, r)["sqlite"]
	for body, field := range map[string]string{
		`{"filter": {"column": "missing", "op": "eq", "value": 1}}`:                             "filter.column",
		`{"filter": {"and": [{"column": "total", "op": "eq", "value": "many"}]}}`:               "filter.and[0].value",
		`{"filter": {"column": "total", "op": "eq", "value": {"attribute": ""}}}`:               "filter",
		`{"filter": {"column": "total", "op": "eq", "value": {"sql": "1 or 1=1"}}}`:             "filter",
		`{"masks": [{"column": "missing", "how": "empty"}]}`:                                    "masks[0]",
		`{"masks": [{"column": "total", "how": "redact"}]}`:                                     "masks[0]",
		`{"masks": [{"column": "email", "how": "blur"}]}`:                                       "masks[0]",
		`{"masks": [{"column": "email", "how": "empty"}, {"column": "EMAIL", "how": "empty"}]}`: "masks[1]",
	} {
		rule := &Rule{ConnectionID: id, SubjectKind: account.Everyone, Table: "orders"}
		if err := json.Unmarshal([]byte(body), &rule.Body); err != nil {
			t.Fatal(err)
		}
		if err := r.rules.Create(t.Context(), rule, "p"); fault.FieldsOf(err)[field] == "" {
			t.Errorf("%s: %v, want a problem with %s", body, err, field)
		}
	}
	for _, rule := range []*Rule{
		{ConnectionID: id, SubjectKind: account.Everyone, Table: "nowhere"},
		{ConnectionID: id, SubjectKind: account.ToGroup, SubjectID: "nobody", Table: "orders"},
		{ConnectionID: id, SubjectKind: "king", Table: "orders"},
	} {
		if err := r.rules.Create(t.Context(), rule, "p"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", rule, err)
		}
	}
	good := r.rule(t, id, "ORDERS", account.Subject{Kind: account.Everyone}, `{"filter": {"column": "PLACED", "op": "gte", "value": {"attribute": "since"}}}`)
	if good.Table != "orders" {
		t.Errorf("the table is saved as %s", good.Table)
	}
}

// TestAttributesCannotBeSQL gives attributes every spelling that tries to be more than a value.
func TestAttributesCannotBeSQL(t *testing.T) {
	r := newRoom(t, usual)
	for engine, id := range shops(t, r) {
		r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, byRegion)
		for i, value := range []string{"x' or '1'='1", `x\' or 1=1 -- `, "x') or (1=1", "x\x00y", "x' union select 1 -- ", `"`, "`", "]", "/*", "--", "$1", "?", "{{x}}", "\u2019 or 1=1", `\`, `'`, `\'`, "x\n' or 1=1"} {
			p := r.join(t, engine+string(rune('a'+i))+"@example.com", account.Analyst, map[string][]string{"region": {value}})
			got, err := r.Frame(t.Context(), Request{Person: p, Connection: id, SQL: "select count(*) from orders"})
			if err == nil && cells(got.Frame) != "0;" {
				t.Errorf("%s with %q sees %s", engine, value, cells(got.Frame))
			}
			if err != nil && value != "x\x00y" {
				t.Errorf("%s with %q: %v", engine, value, err)
			}
		}
	}
}

func TestSchemasCanBeGrantedAlone(t *testing.T) {
	r := newRoom(t, usual)
	_, pg := sourcetest.Postgres(t).NewDatabase(t, "create schema hr; create table hr.pay (n int); insert into hr.pay values (1); create table open_table (n int)")
	id := r.connect(t, "pg", pg)
	p := r.join(t, "a@example.com", account.Analyst, nil)
	ask := func(q string) error {
		_, err := r.Frame(t.Context(), Request{Person: r.again(t, p), Connection: id, SQL: q})
		return err
	}
	if err := ask("select * from hr.pay"); err != nil {
		t.Errorf("before schemas are granted: %v", err)
	}
	if _, err := r.people.SetGrant(t.Context(), account.Subject{Kind: account.Everyone}, account.OnSchema(id, "public"), account.Read); err != nil {
		t.Fatal(err)
	}
	if err := ask("select * from open_table"); err != nil {
		t.Errorf("the granted schema: %v", err)
	}
	for _, q := range []string{"select * from hr.pay", "select (select max(n) from hr.pay)", `select * from "hr"."pay"`, "with pay as (select 1) select * from hr.pay"} {
		if f := source.AsFailure(ask(q)); f == nil || f.Code != source.Refused {
			t.Errorf("%s: %v", q, f)
		}
	}
}

func TestRunningQuestionsEndWithTheRight(t *testing.T) {
	r := newRoom(t, usual)
	go r.Watch(t.Context())
	_, pg := sourcetest.Postgres(t).NewDatabase(t, "create table t (n int)")
	for name, take := range map[string]func(t *testing.T, p *account.Person, connection string) error{
		"disabled": func(t *testing.T, p *account.Person, _ string) error {
			p.Disabled = true
			return r.people.Update(t.Context(), p)
		},
		"demoted": func(t *testing.T, p *account.Person, _ string) error {
			p.Role = account.Viewer
			return r.people.Update(t.Context(), p)
		},
		"grant taken back": func(t *testing.T, _ *account.Person, connection string) error {
			list, err := r.people.Grants(t.Context(), account.OnConnection(connection))
			if err != nil {
				return err
			}
			return r.people.DeleteGrant(t.Context(), list[0].ID)
		},
		"a rule made": func(t *testing.T, _ *account.Person, connection string) error {
			return r.rules.Create(t.Context(), &Rule{ConnectionID: connection, SubjectKind: account.Everyone, Table: "t"}, "p")
		},
	} {
		t.Run(name, func(t *testing.T) {
			id := r.connect(t, name, pg)
			p := r.join(t, strings.ReplaceAll(name, " ", "-")+"@example.com", account.Analyst, nil)
			done := make(chan error, 1)
			go func() {
				_, err := r.Frame(t.Context(), Request{Person: p, Connection: id, SQL: "select count(*) from generate_series(1, 100000000000)", Timeout: 50 * time.Second})
				done <- err
			}()
			for len(r.Live(p)) == 0 {
				select {
				case err := <-done:
					t.Fatal("ended too early:", err)
				case <-time.After(10 * time.Millisecond):
				}
			}
			if err := take(t, r.again(t, p), id); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-done:
				if f := source.AsFailure(err); f == nil || f.Code != source.Cancelled {
					t.Errorf("ended with %v", err)
				}
			case <-time.After(5 * time.Second):
				t.Error("still runs after five seconds")
			}
		})
	}
}

// TestQuestionsAreRecorded looks at what the record holds of a question.
func TestQuestionsAreRecorded(t *testing.T) {
	r := newRoom(t, usual)
	id := shops(t, r)["sqlite"]
	p := r.join(t, "a@example.com", account.Analyst, nil)
	ctx := audit.As(t.Context(), audit.Actor{ID: p.ID, Name: p.Email, Via: "session", Address: "192.0.2.7", Request: "r1"})
	if _, err := r.Frame(ctx, Request{Person: p, Connection: id, SQL: "select /* why */ id from orders where total > {{least:number}}", Parameters: map[string]string{"least": "15"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Frame(ctx, Request{Person: p, Connection: id, SQL: "delete from orders"}); err == nil {
		t.Fatal("a delete was let through")
	}
	list, _, err := r.log.List(t.Context(), audit.Filter{Action: "query.run"})
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v %v", list, err)
	}
	detail := func(r audit.Record) (d struct {
		SQL, Verdict string
		Rows, MS     *int
	}) {
		if err := json.Unmarshal(r.Detail, &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	refused, ran := list[0], list[1]
	if d := detail(refused); refused.Outcome != audit.Refused || d.SQL != "delete from orders" || d.Verdict == "" {
		t.Errorf("the refusal: %+v", refused)
	}
	d := detail(ran)
	if ran.Outcome != audit.Done || ran.Actor.ID != p.ID || ran.Actor.Address != "192.0.2.7" || ran.Connection != id || d.Rows == nil || *d.Rows != 3 || d.MS == nil || d.Verdict != "passed" {
		t.Errorf("the answer: %+v %+v", ran, d)
	}
	if strings.Contains(d.SQL, "why") || !strings.Contains(d.SQL, "orders") {
		t.Errorf("the SQL is not as it was sent: %q", d.SQL)
	}
}
