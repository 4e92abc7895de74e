package share

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/report"
	"assay/app/source"
	"assay/app/source/sqlite"
	"assay/app/store"
	"assay/app/vault"
)

// room is a store of links with what it stands on, and a question to share.
type room struct {
	*Store
	t          *testing.T
	people     *account.Store
	questions  *query.Store
	log        *audit.Log
	root, ada  *account.Person
	question   string
	connection string
	clock      time.Time
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{t: t, clock: time.Now().UTC()}
	db, err := store.Open(t.Context(), "", t.TempDir())
	r.must(err)
	t.Cleanup(func() { db.Close() })
	key, _, _, err := vault.LoadKey(t.TempDir())
	r.must(err)
	v, err := vault.Open(t.Context(), db, key)
	r.must(err)
	r.log = audit.Open(db, v)
	r.people, r.questions = account.NewStore(db, v, r.log), query.NewStore(db, r.log)
	throttle, err := account.NewThrottle(t.Context(), db)
	r.must(err)
	r.root, err = r.people.Create(t.Context(), account.NewPerson{Email: "root@example.com", Role: account.Admin})
	r.must(err)
	r.ada, err = r.people.Create(t.Context(), account.NewPerson{Email: "ada@example.com", Role: account.Analyst, Attributes: map[string][]string{"region": {"north"}}})
	r.must(err)
	con := &source.Connection{Name: "Shop", Config: source.Config{Kind: "sqlite", Path: filepath.Join(t.TempDir(), "shop.db")}, CreatedBy: r.root.ID}
	r.must(source.NewStore(db, v, source.NewDrivers(sqlite.New()), r.log).Create(t.Context(), con))
	r.connection = con.ID
	r.ada, err = r.people.Get(t.Context(), r.ada.ID) // who has a right to the connection by now
	r.must(err)
	q := &query.Question{Name: "Orders", ConnectionID: con.ID, Body: query.Body{SQL: "select * from orders where region = {{region}} and year = {{year:number}}", Parameters: map[string]string{"region": "north"}}}
	r.must(r.questions.Create(t.Context(), q, r.ada))
	r.question = q.ID
	r.Store = NewStore(Rooms{Store: db, Vault: v, Log: r.log, People: r.people, Throttle: throttle,
		Objects: Objects{Questions: r.questions, Dashboards: dashboard.NewStore(db, r.log), Reports: report.NewStore(db, r.log)}})
	r.now = func() time.Time { return r.clock }
	return r
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// share makes a link of Ada's to the question.
func (r *room) share(s Settings, password string) (*Share, string) {
	r.t.Helper()
	one := &Share{Kind: Question, ObjectID: r.question, Settings: s}
	token, err := r.Create(r.t.Context(), one, password, r.ada)
	r.must(err)
	return one, token
}

func TestOpen(t *testing.T) {
	r := newRoom(t)
	one, token := r.share(Settings{Fixed: map[string]string{"region": "north"}, Free: []string{"year"}}, "")
	if len(token) != 43 || !Token(token) {
		t.Fatalf("the token %q has fewer than 256 bits or is spelled differently", token)
	}
	o, err := r.Open(t.Context(), token)
	r.must(err)
	if o.ID != one.ID || o.Name != "Orders" || o.Person.ID != r.ada.ID || o.Object.Name != "Orders" {
		t.Errorf("got %+v", o)
	}
	if account.May(o.Person, account.AskSQL).Allowed || !account.May(o.Person, account.Look).Allowed {
		t.Error("a visitor does more than look")
	}
	if life := one.ExpiresAt.Sub(one.CreatedAt); life < DefaultLife-time.Second || life > DefaultLife {
		t.Errorf("a link lives %s unless something is said", life)
	}
	again, _ := r.Get(t.Context(), one.ID, r.ada)
	if diff := cmp.Diff(one.Settings, again.Settings); diff != "" {
		t.Error(diff)
	}
	_, other := r.share(Settings{}, "")
	if other == token {
		t.Error("two links have one token")
	}
}

// TestAttackClosedLinksLookTheSame: whatever the reason, it is one answer.
func TestAttackClosedLinksLookTheSame(t *testing.T) {
	tests := map[string]func(r *room, one *Share, token string) string{
		"another last character": func(_ *room, _ *Share, token string) string {
			return token[:42] + map[bool]string{true: "B", false: "A"}[token[42] == 'A']
		},
		"another first character": func(_ *room, _ *Share, token string) string {
			return map[bool]string{true: "B", false: "A"}[token[0] == 'A'] + token[1:]
		},
		"other case":       func(_ *room, _ *Share, token string) string { return strings.ToLower(token) },
		"literal":          func(*room, *Share, string) string { return ":token" },
		"braces":           func(*room, *Share, string) string { return "{token}" },
		"empty":            func(*room, *Share, string) string { return "" },
		"zero":             func(*room, *Share, string) string { return "0" },
		"the link's id":    func(_ *room, one *Share, _ string) string { return one.ID },
		"the hash":         func(_ *room, _ *Share, token string) string { return vault.Hash(token) },
		"a pattern":        func(*room, *Share, string) string { return strings.Repeat("%", 43) },
		"very long":        func(*room, *Share, string) string { return strings.Repeat("A", 1<<16) },
		"longer by a line": func(_ *room, _ *Share, token string) string { return token + "\n" },
		"expired": func(r *room, one *Share, token string) string {
			r.clock = one.ExpiresAt
			return token
		},
		"revoked": func(r *room, one *Share, token string) string {
			r.must(r.Revoke(r.t.Context(), one.ID, r.ada))
			return token
		},
		"object removed": func(r *room, _ *Share, token string) string {
			r.must(r.questions.Delete(r.t.Context(), r.question))
			return token
		},
		"object removed, as told": func(r *room, one *Share, token string) string {
			r.must(r.db.Write(r.t.Context(), func(ctx context.Context, tx bun.Tx) error { return r.Gone(Question)(ctx, tx, r.question) }))
			return token
		},
		"maker disabled": func(r *room, _ *Share, token string) string {
			r.ada.Disabled = true
			r.must(r.people.Update(r.t.Context(), r.ada))
			return token
		},
		"maker gone": func(r *room, _ *Share, token string) string {
			r.must(r.people.Delete(r.t.Context(), r.ada.ID))
			return token
		},
		"maker demoted": func(r *room, _ *Share, token string) string {
			r.ada.Role = account.Viewer
			r.must(r.people.Update(r.t.Context(), r.ada))
			return token
		},
		"maker in another region": func(r *room, _ *Share, token string) string {
			r.ada.Attributes = map[string][]string{"region": {"south"}}
			r.must(r.people.Update(r.t.Context(), r.ada))
			return token
		},
		"connection taken": func(r *room, _ *Share, token string) string {
			grants, err := r.people.Grants(r.t.Context(), account.OnConnection(r.connection))
			r.must(err)
			for _, g := range grants {
				r.must(r.people.DeleteGrant(r.t.Context(), g.ID))
			}
			return token
		},
		"folder taken": func(r *room, _ *Share, token string) string {
			grants, err := r.people.Grants(r.t.Context(), account.InFolder(""))
			r.must(err)
			for _, g := range grants {
				r.must(r.people.DeleteGrant(r.t.Context(), g.ID))
			}
			return token
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			one, token := r.share(Settings{}, "")
			_, err := r.Open(t.Context(), token)
			r.must(err)
			_, err = r.Open(t.Context(), change(r, one, token))
			if !fault.Is(err, fault.NotFound) || fault.MessageOf(err) != fault.MessageOf(gone(nil)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatMayBeShared(t *testing.T) {
	r := newRoom(t)
	tests := []struct {
		name  string
		share Share
		by    func() *account.Person
		field string // that is wrong; "" where the kind below is
		kind  fault.Kind
	}{
		{"as a viewer", Share{}, func() *account.Person {
			p, err := r.people.Create(t.Context(), account.NewPerson{Email: "v@example.com", Role: account.Viewer})
			r.must(err)
			return p
		}, "", fault.Denied},
		{"without the right to share", Share{}, func() *account.Person {
			role := &account.RoleDef{Name: "keeper", Actions: []account.Action{account.Look, account.Save}}
			r.must(r.people.CreateRole(t.Context(), role))
			p, err := r.people.Create(t.Context(), account.NewPerson{Email: "k@example.com", Role: role.ID})
			r.must(err)
			return p
		}, "", fault.Denied},
		{"nothing", Share{ObjectID: "none"}, nil, "", fault.NotFound},
		{"a person", Share{Kind: "person"}, nil, "kind", fault.Invalid},
		{"for more than a year", Share{ExpiresAt: r.clock.Add(LongestLife + time.Hour)}, nil, "expires_at", fault.Invalid},
		{"until before now", Share{ExpiresAt: r.clock.Add(-time.Minute)}, nil, "expires_at", fault.Invalid},
		{"a parameter it has not", Share{Settings: Settings{Free: []string{"tenant"}}}, nil, "parameters", fault.Invalid},
		{"a fixed one it has not", Share{Settings: Settings{Fixed: map[string]string{"tenant": "1"}}}, nil, "parameters", fault.Invalid},
		{"fixed and free", Share{Settings: Settings{Fixed: map[string]string{"year": "1"}, Free: []string{"year"}}}, nil, "parameters", fault.Invalid},
		{"in every frame", Share{Settings: Settings{Origins: []string{"*"}}}, nil, "origins", fault.Invalid},
		{"a snapshot of a question", Share{Settings: Settings{Snapshot: "x"}}, nil, "snapshot", fault.Invalid},
		{"a long name", Share{Name: strings.Repeat("n", 201)}, nil, "name", fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			one, by := tt.share, r.ada
			if one.Kind == "" {
				one.Kind = Question
			}
			if one.ObjectID == "" {
				one.ObjectID = r.question
			}
			if tt.by != nil {
				by = tt.by()
			}
			_, err := r.Create(t.Context(), &one, "", by)
			if !fault.Is(err, tt.kind) || tt.field != "" && fault.FieldsOf(err)[tt.field] == "" {
				t.Errorf("got %v %v", err, fault.FieldsOf(err))
			}
		})
	}
	long := &Share{Kind: Question, ObjectID: r.question, ExpiresAt: r.clock.Add(3 * LongestLife)}
	if _, err := r.Create(t.Context(), long, "", r.root); err != nil {
		t.Errorf("an administrator's long link: %v", err)
	}
	list, err := r.List(t.Context(), Find{})
	r.must(err)
	if len(list) != 1 {
		t.Errorf("%d links were made, want 1", len(list))
	}
}

func TestOrigin(t *testing.T) {
	for text, want := range map[string]string{
		"https://Intranet.Example.com":        "https://intranet.example.com",
		"https://intranet.example.com/":       "https://intranet.example.com",
		"https://intranet.example.com:443":    "https://intranet.example.com",
		"http://localhost:3000":               "http://localhost:3000",
		"https://[2001:DB8::1]:8443":          "https://[2001:db8::1]:8443",
		"https://10.0.0.1":                    "https://10.0.0.1",
		"https://*.example.com":               "",
		"*":                                   "",
		"https:":                              "",
		"https://":                            "",
		"intranet.example.com":                "",
		"javascript:alert(1)":                 "",
		"data:text/html,x":                    "",
		"https://a.example;script-src *":      "",
		"https://a.example https://b.ex":      "",
		"https://a.example,https://b.ex":      "",
		"https://a.example'self'":             "",
		"https://user@a.example":              "",
		"https://a.example/path":              "",
		"https://a.example?x":                 "",
		"https://a.example?":                  "",
		"https://a.example#x":                 "",
		"https://a.example:99999999":          "",
		"https://a.example:":                  "",
		"https://a.example\r\nX-Evil: 1":      "",
		"https://a_b.example":                 "",
		"https://-a.example":                  "",
		"https://[fe80::1%25eth0]":            "",
		"https://[::1;]":                      "",
		"https://" + strings.Repeat("a", 300): "",
	} {
		got, ok := Origin(text)
		if got != want || ok != (want != "") {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

// TestAttackParametersOutsideTheList: what is fixed stays, what is not offered is refused.
func TestAttackParametersOutsideTheList(t *testing.T) {
	s := &Share{Settings: Settings{Fixed: map[string]string{"tenant": "1"}, Free: []string{"year"}}}
	tests := []struct {
		name  string
		asked map[string]string
		want  map[string]string // nil where it is refused
	}{
		{"nothing", nil, map[string]string{"tenant": "1"}},
		{"a free one", map[string]string{"year": "2020"}, map[string]string{"tenant": "1", "year": "2020"}},
		{"a fixed one", map[string]string{"tenant": "2"}, nil},
		{"a fixed one as it is", map[string]string{"tenant": "1"}, nil},
		{"another one", map[string]string{"region": "x"}, nil},
		{"in capitals", map[string]string{"TENANT": "2"}, nil},
		{"with a space", map[string]string{"tenant ": "2"}, nil},
		{"both", map[string]string{"year": "2020", "tenant": "2"}, nil},
		{"very long", map[string]string{"year": strings.Repeat("1", 2000)}, nil},
	}
	for _, tt := range tests {
		got, err := s.Values(tt.asked)
		if tt.want == nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", tt.name, err, diff)
		}
	}
	if s.Settings.Fixed["year"] != "" {
		t.Error("a visitor's value stays in the link")
	}
}

// TestAttackFixedValuesAreLost: a link whose fixed value no longer reaches what it
// was for ends, and says to its maker why.
func TestAttackFixedValuesAreLost(t *testing.T) {
	r := newRoom(t)
	one := &Share{Kind: Question, ObjectID: r.question, Settings: Settings{Fixed: map[string]string{"region": "north"}, Free: []string{"year"}}}
	token, err := r.Create(t.Context(), one, "", r.ada)
	r.must(err)
	_, err = r.Open(t.Context(), token)
	r.must(err)
	for _, sql := range []string{"select * from orders where area = {{area}}", "select * from orders"} {
		q, err := r.questions.Get(t.Context(), r.question)
		r.must(err)
		q.Body = query.Body{SQL: sql}
		r.must(r.questions.Update(t.Context(), q, r.ada))
		if _, err := r.Open(t.Context(), token); !fault.Is(err, fault.NotFound) {
			t.Errorf("of %q the link shows all: %v", sql, err)
		}
		if _, err := r.Check(t.Context(), one); !strings.Contains(fault.MessageOf(err), "no parameter \"region\" any more") {
			t.Errorf("its maker is told %q", fault.MessageOf(err))
		}
		if err := r.Still(t.Context(), one); !fault.Is(err, fault.NotFound) {
			t.Errorf("what is being shown goes on: %v", err)
		}
	}
	listed := &Object{Parameters: []Parameter{{Name: "region", Values: []string{"south"}}}}
	for kind, lost := range map[Kind]bool{Report: true, Dashboard: false} {
		s := &Share{Kind: kind, Settings: one.Settings}
		if got := s.lost(listed) != ""; got != lost {
			t.Errorf("a %s's list without the value: lost is %v", kind, got)
		}
	}
}

func TestAttackPasswordsAreGuessed(t *testing.T) {
	r := newRoom(t)
	one, _ := r.share(Settings{}, "open sesame")
	ask := func(password, from string) error { return r.CheckPassword(t.Context(), one, password, from) }
	r.must(ask("open sesame", "10.0.0.1"))
	wrong := 0
	for i := range 20 {
		err := ask(fmt.Sprint("guess ", i), "10.0.0.2")
		if fault.Is(err, fault.SignIn) {
			wrong++
		} else if !fault.Is(err, fault.TooMany) {
			t.Fatal(err)
		}
	}
	if wrong > 6 {
		t.Errorf("one address tried %d passwords at once", wrong)
	}
	if err := ask("open sesame", "10.0.0.2"); !fault.Is(err, fault.TooMany) {
		t.Errorf("the right one after many wrong ones: %v", err)
	}
	if err := ask("open sesame", "10.0.0.1"); err != nil {
		t.Errorf("a reader elsewhere: %v", err)
	}
	var failures sync.Map
	var work sync.WaitGroup
	for i := range 60 { // from many addresses at once
		work.Go(func() {
			if fault.Is(ask("guess", fmt.Sprint("10.1.0.", i)), fault.SignIn) {
				failures.Store(i, true)
			}
		})
	}
	work.Wait()
	n := 0
	failures.Range(func(any, any) bool { n++; return true })
	if n > wrongPasswords {
		t.Errorf("%d passwords were tried from everywhere at once, want at most %d", n, wrongPasswords)
	}
}

func TestPasswordsBounds(t *testing.T) {
	r := newRoom(t)
	for _, password := range []string{"short", strings.Repeat("x", 257)} {
		_, err := r.Create(t.Context(), &Share{Kind: Question, ObjectID: r.question}, password, r.ada)
		if fault.FieldsOf(err)["password"] == "" {
			t.Errorf("a password of %d: %v", len(password), err)
		}
	}
}

func TestProof(t *testing.T) {
	r := newRoom(t)
	one, _ := r.share(Settings{}, "open sesame")
	other, _ := r.share(Settings{}, "open sesame")
	bare, _ := r.share(Settings{}, "")
	proof, err := r.Prove(t.Context(), one)
	r.must(err)
	if !r.Proven(t.Context(), one, proof) || !r.Proven(t.Context(), bare, "") {
		t.Error("a good proof does not count")
	}
	longer := proof[:10] + map[bool]string{true: "B", false: "A"}[proof[10] == 'A'] + proof[11:]
	for name, wrong := range map[string]string{"none": "", "changed": longer, "cut": proof[:20], "not base64": "?" + proof[1:]} {
		if r.Proven(t.Context(), one, wrong) {
			t.Errorf("a proof that is %s counts", name)
		}
	}
	if r.Proven(t.Context(), other, proof) {
		t.Error("the proof of one link counts for another")
	}
	r.clock = r.clock.Add(ProofLife)
	if r.Proven(t.Context(), one, proof) {
		t.Error("an old proof counts")
	}
}

func TestWhoKnowsOfALink(t *testing.T) {
	r := newRoom(t)
	one, _ := r.share(Settings{}, "")
	bea, err := r.people.Create(t.Context(), account.NewPerson{Email: "bea@example.com", Role: account.Analyst})
	r.must(err)
	viewer, err := r.people.Create(t.Context(), account.NewPerson{Email: "cy@example.com", Role: account.Viewer})
	r.must(err)
	for name, tt := range map[string]struct {
		who  *account.Person
		want bool
	}{"the maker": {r.ada, true}, "an administrator": {r.root, true}, "who may change the question": {bea, true}, "a viewer": {viewer, false}, "nobody": {nil, false}} {
		_, err := r.Get(t.Context(), one.ID, tt.who)
		list, listErr := r.List(t.Context(), Find{For: tt.who})
		if tt.who == nil {
			list = nil
		}
		if listErr != nil || (err == nil) != tt.want || (len(list) == 1) != tt.want {
			t.Errorf("%s: %v, %d in the list, %v", name, err, len(list), listErr)
		}
		if !tt.want && !fault.Is(r.Revoke(t.Context(), one.ID, tt.who), fault.NotFound) {
			t.Errorf("%s ended the link", name)
		}
	}
	for i := range 5 {
		r.clock = r.clock.Add(time.Second)
		_, err := r.Create(t.Context(), &Share{Kind: Question, ObjectID: r.question, Name: fmt.Sprint(i)}, "", r.ada)
		r.must(err)
	}
	var names []string
	after := ""
	for {
		list, err := r.List(t.Context(), Find{By: r.ada.ID, Kind: Question, Object: r.question, After: after, Limit: 2, For: r.ada})
		r.must(err)
		for _, s := range list {
			names, after = append(names, s.Name), s.ID
		}
		if len(list) < 2 {
			break
		}
	}
	if diff := cmp.Diff([]string{"4", "3", "2", "1", "0", "Orders"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestVisitsAreBounded(t *testing.T) {
	r := newRoom(t)
	one, token := r.share(Settings{}, "")
	r.must(r.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for i := range mostVisits + 20 {
			at := r.clock.Add(-time.Duration(i+1) * time.Hour)
			if i >= mostVisits {
				at = r.clock.Add(-visitLife - time.Hour)
			}
			if _, err := tx.NewInsert().Model(&visitRow{ID: store.NewID(), ShareID: one.ID, At: at, Outcome: Opened}).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
	r.must(r.Visit(t.Context(), one, Visit{Address: "10.0.0.1", Agent: strings.Repeat("a", 1000), Outcome: "csv"}))
	list, err := r.Visits(t.Context(), one.ID, 10_000)
	r.must(err)
	if len(list) > mostVisits || list[0].Outcome != "csv" || len(list[0].Agent) > mostAgent {
		t.Errorf("%d visits are kept, the last %+v", len(list), list[0])
	}
	for _, outcome := range []string{Opened, Embedded, WrongPassword} {
		r.must(r.Visit(t.Context(), one, Visit{Address: "10.0.0.1", Outcome: outcome}))
	}
	got, err := r.Get(t.Context(), one.ID, r.ada)
	r.must(err)
	if got.Opened != 2 || got.LastOpenedAt == nil {
		t.Errorf("opened %d times at %v, want twice", got.Opened, got.LastOpenedAt)
	}
	r.must(r.Revoke(t.Context(), one.ID, r.ada))
	var said strings.Builder
	r.must(r.log.Export(t.Context(), audit.Filter{}, &said))
	for _, action := range []string{"share.create", "share.open", "share.export", "share.revoke"} {
		if !strings.Contains(said.String(), action) {
			t.Errorf("%s is not recorded", action)
		}
	}
	if strings.Contains(said.String(), token) || strings.Contains(said.String(), vault.Hash(token)) {
		t.Error("the record tells the token")
	}
}

// TestAttackGuessesAreThrottled: an address that guesses has to wait, others do not.
func TestAttackGuessesAreThrottled(t *testing.T) {
	g := NewGate()
	now := time.Now()
	g.wrong.now = func() time.Time { return now }
	through := 0
	for i := range 10_000 {
		if g.Admit("10.0.0.1") == nil {
			through++
			g.Wrong("10.0.0.1", fmt.Sprint("guess ", i))
		}
	}
	if through != wrongTokens {
		t.Errorf("%d guesses came through, want %d", through, wrongTokens)
	}
	if err := g.Admit("10.0.0.2"); err != nil {
		t.Errorf("another address: %v", err)
	}
	if err := g.Admit("::ffff:10.0.0.1"); !fault.Is(err, fault.TooMany) {
		t.Errorf("the same address in the other spelling: %v", err)
	}
	now = now.Add(wrongPause)
	if err := g.Admit("10.0.0.1"); err != nil {
		t.Errorf("after a pause: %v", err)
	}
	for i := range 100 { // one network of IPv6 is one guesser
		g.Wrong(fmt.Sprintf("2001:db8::%x", i), fmt.Sprint("guess ", i))
	}
	if g.Admit("2001:db8::ffff") == nil || g.Admit("2001:db8:1::1") != nil {
		t.Error("an IPv6 network is not counted as one")
	}
}

// TestAnEndedLinkIsNoGuess: a page that shows a link which has ended, opened by a
// whole office, keeps nobody from the links that work.
func TestAnEndedLinkIsNoGuess(t *testing.T) {
	g := NewGate()
	for range 1000 {
		if err := g.Admit("10.0.0.1"); err != nil {
			t.Fatal(err)
		}
		g.Wrong("10.0.0.1", "ended")
	}
}

func TestGateBoundsLooks(t *testing.T) {
	g := NewGate()
	now := time.Now()
	for _, b := range []*buckets{g.views, g.links, g.parts, g.linkParts} {
		b.now = func() time.Time { return now }
	}
	n := 0
	for g.Look("10.0.0.1", "a", false) == nil {
		n++
	}
	if n != viewsByOne {
		t.Errorf("one address looked %d times", n)
	}
	if err := g.Look("10.0.0.2", "a", false); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	n = 0
	for i := 0; g.Look(fmt.Sprintf("10.1.%d.%d", i/250, i%250), "b", false) == nil; i++ {
		n++
	}
	if n != viewsOfLink {
		t.Errorf("one link was looked at %d times", n)
	}
	if err := g.Look("10.0.0.2", "c", false); err != nil {
		t.Errorf("another link: %v", err)
	}
}

func TestSeats(t *testing.T) {
	g := NewGate()
	var leave []func()
	for range linkSeats {
		f, err := g.Seat(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, f)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Seat(gone, "a"); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a place beyond those there are: %v", err)
	}
	if f, err := g.Seat(t.Context(), "b"); err != nil {
		t.Errorf("another link: %v", err)
	} else {
		f()
	}
	for _, f := range leave {
		f()
		f() // twice does no harm
	}
	if len(g.byShare) != 0 || len(g.seats) != 0 {
		t.Errorf("%d links and %d places are still taken", len(g.byShare), len(g.seats))
	}
}
