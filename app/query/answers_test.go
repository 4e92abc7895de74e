package query

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

var keeping = Limits{Timeout: 60 * time.Second, Rows: 100, Bytes: 1 << 20, Concurrency: 2, Cache: 1 << 20}

// change changes a database behind everybody's back.
func change(t *testing.T, c source.Config, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", c.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// expect asks and compares the cells and whether the answer was kept from before.
func (r *room) expect(t *testing.T, what string, req Request, want string, cached bool) *Result {
	t.Helper()
	got, err := r.Frame(t.Context(), req)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if cells(got.Frame) != want || got.Cached != cached {
		t.Errorf("%s: %q, kept %v; want %q, %v", what, cells(got.Frame), got.Cached, want, cached)
	}
	return got
}

func TestKeptAnswers(t *testing.T) {
	r := newRoom(t, keeping)
	file := sqliteShop(t)
	id := r.connect(t, "lite", file)
	now := time.Now()
	r.now = func() time.Time { return now }
	hour := Request{Person: r.person, Connection: id, SQL: "select count(*) from orders", MaxAge: time.Hour}
	anew := hour
	anew.MaxAge = 0
	first := r.expect(t, "the first", hour, "4;", false)
	change(t, file, "delete from orders where id = 1")
	now = now.Add(time.Minute)
	second := r.expect(t, "the second", hour, "4;", true)
	if !second.At.Equal(first.At) || second.Frame != first.Frame || second.ID != first.ID {
		t.Errorf("the kept answer is of %s, not %s", second.At, first.At)
	}
	r.expect(t, "one that must be new", anew, "3;", false)
	r.expect(t, "the old one stays", hour, "4;", true)
	short := hour
	short.MaxAge = 30 * time.Second
	r.expect(t, "a younger one", short, "3;", false)
	r.expect(t, "it took the old one's place", hour, "3;", true)
	change(t, file, "delete from orders where id = 2")
	now = now.Add(time.Second)
	fresh := hour
	fresh.Fresh = true
	r.expect(t, "fresh", fresh, "2;", false)
	r.expect(t, "kept by fresh", hour, "2;", true)
	change(t, file, "delete from orders where id = 3")
	if err := r.Changed(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	r.expect(t, "after a load", hour, "1;", false)
	change(t, file, "delete from orders")
	if err := r.Refresh(id); err != nil {
		t.Fatal(err)
	}
	r.expect(t, "after another", hour, "0;", false)
	other := hour
	other.Limit = 7
	r.expect(t, "with another limit", other, "0;", false)
	other = hour
	other.SQL = "select count(*) from orders where region = {{r:text}}"
	other.Parameters = map[string]string{"r": "EU"}
	r.expect(t, "with a value", other, "0;", false)
	other.Parameters = map[string]string{"r": "US"}
	r.expect(t, "with another value", other, "0;", false)
	other.Parameters = map[string]string{"r": "EU"}
	r.expect(t, "with the first value", other, "0;", true)
	if err := r.Changed(t.Context(), "nonesuch"); err == nil {
		t.Error("a connection that there is none of changed")
	}
	if s := r.CacheStats(); s.Entries != 4 || s.Hits != 5 || s.Most != 1<<20 || s.Bytes < 4*1024 {
		t.Errorf("%+v", s)
	}
	// The record says which answers were kept ones.
	events, _, err := r.log.List(t.Context(), audit.Filter{Action: "query.run", Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, e := range events {
		if strings.Contains(string(e.Detail), `"cached":true`) {
			kept++
		}
	}
	if kept != 5 {
		t.Errorf("%d kept answers are recorded, want 5", kept)
	}
	c := mustConnection(t, r, id)
	c.Config.Path = sqliteShop(t).Path
	if err := r.connections.Update(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	r.expect(t, "with the connection changed", hour, "4;", false)
}

func mustConnection(t *testing.T, r *room, id string) *source.Connection {
	t.Helper()
	c, err := r.connections.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNothingIsKeptWithoutRoomForIt(t *testing.T) {
	r := newRoom(t, usual)
	id := r.connect(t, "lite", sqliteShop(t))
	req := Request{Person: r.person, Connection: id, SQL: "select 1", MaxAge: time.Hour}
	r.expect(t, "one", req, "1;", false)
	r.expect(t, "two", req, "1;", false)
	if s := r.CacheStats(); s != (CacheStats{}) {
		t.Errorf("%+v", s)
	}
}

// TestKeptAnswersAreBounded keeps more than fits and sees the least used ones go.
func TestKeptAnswersAreBounded(t *testing.T) {
	const most = 20 << 10
	a := newAnswers(most)
	result := func(n int) *Result {
		f := frame.New(frame.Column{Name: "x", Kind: frame.Text})
		f.AppendTexts(strings.Repeat("x", n))
		return &Result{Frame: f, At: time.Unix(1, 0)}
	}
	key := func(n int) answerKey { return answerKey{byte(n), byte(n >> 8)} }
	for i := range 1000 {
		a.put(key(i), "c", result(2<<10))
		a.get(key(0), time.Time{}) // which is therefore used all the time
		if a.bytes > most {
			t.Fatalf("%d bytes are kept, more than %d", a.bytes, most)
		}
	}
	if _, ok := a.get(key(0), time.Time{}); !ok {
		t.Error("the one that is always used went")
	}
	if _, ok := a.get(key(500), time.Time{}); ok {
		t.Error("one that nobody used stayed")
	}
	if _, ok := a.get(key(999), time.Time{}); !ok {
		t.Error("the last one went")
	}
	if a.put(key(2000), "c", result(most/2)) {
		t.Error("an answer was kept that takes half of the room")
	}
	if len(a.byKey) != a.used.Len() || a.used.Len() == 0 {
		t.Errorf("%d keys of %d answers", len(a.byKey), a.used.Len())
	}
	if a.forget("c"); a.bytes != 0 || a.used.Len() != 0 {
		t.Errorf("%d bytes are left of nothing", a.bytes)
	}
}

// TestKeptAnswersAreForThoseWhoSeeTheSame asks one question as people under different rules.
func TestKeptAnswersAreForThoseWhoSeeTheSame(t *testing.T) {
	r := newRoom(t, keeping)
	for engine, id := range shops(t, r) {
		t.Run(engine, func(t *testing.T) {
			person := func(name string, regions ...string) *account.Person {
				return r.join(t, engine+name+"@example.com", account.Analyst, map[string][]string{"region": regions})
			}
			eu, us := person("eu", "EU"), person("us", "US")
			as := func(p *account.Person) Request {
				return Request{Person: p, Connection: id, SQL: "select id, email from orders order by id", MaxAge: time.Hour}
			}
			all := "1 a@example.com;2 b@example.com;3 secret@example.com;4 secret2@example.com;"
			r.expect(t, "without rules", as(eu), all, false)
			r.expect(t, "another person without rules", as(us), all, true)
			rule := r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, byRegion)
			r.expect(t, "the first under a rule", as(eu), "1 null;2 null;", false)
			r.expect(t, "the other under the rule", as(us), "3 null;", false)
			r.expect(t, "the first again", as(eu), "1 null;2 null;", true)
			r.expect(t, "the other again", as(us), "3 null;", true)
			if _, err := r.pools.Refresh(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			r.expect(t, "with the same schema read again", as(eu), "1 null;2 null;", true)
			rule.Body.Masks = nil
			if err := r.rules.Update(t.Context(), rule); err != nil {
				t.Fatal(err)
			}
			r.expect(t, "the rule changed", as(us), "3 secret@example.com;", false)
			us.Attributes = map[string][]string{"region": {"EU"}}
			if err := r.people.Update(t.Context(), us); err != nil {
				t.Fatal(err)
			}
			us = r.again(t, us)
			r.expect(t, "the attribute changed", as(us), "1 a@example.com;2 b@example.com;", false)
			r.expect(t, "an administrator", as(r.person), all, true)
			// A token that may not ask in SQL gets nothing of what is kept for its person.
			_, secret, err := r.people.CreateToken(t.Context(), us.ID, account.NewToken{Name: "narrow", Scopes: []account.Action{account.Look}})
			if err != nil {
				t.Fatal(err)
			}
			narrow, _, err := r.people.Bearer(t.Context(), secret)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Frame(t.Context(), as(narrow)); fault.KindOf(err) != fault.Denied {
				t.Errorf("through a narrow token: %v", err)
			}
			us.Disabled = true
			if err := r.people.Update(t.Context(), us); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Frame(t.Context(), as(us)); err == nil {
				t.Error("somebody who was disabled got a kept answer")
			}
		})
	}
}

// replicas returns two rooms over one PostgreSQL store, and the question both ask.
func replicas(t *testing.T) (a, b *room, req Request, file source.Config) {
	t.Helper()
	c, _ := sourcetest.Postgres(t).NewDatabase(t, "")
	at := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: c.Host + ":" + strconv.Itoa(c.Port), Path: "/" + c.Database, RawQuery: "sslmode=disable"}
	dir := t.TempDir()
	a, b = newRoomAt(t, keeping, at.String(), dir), newRoomAt(t, keeping, at.String(), dir)
	file = sqliteShop(t)
	id := a.connect(t, "lite", file)
	return a, b, Request{Person: a.person, Connection: id, SQL: "select id, region, email from orders order by id", MaxAge: time.Hour}, file
}

func TestReplicasShareAnswers(t *testing.T) {
	a, b, req, file := replicas(t)
	want := "1 EU a@example.com;2 EU b@example.com;3 US secret@example.com;4 it's secret2@example.com;"
	first := a.expect(t, "the first", req, want, false)
	a.closing.Wait()
	change(t, file, "delete from orders")
	second := b.expect(t, "the other replica", req, want, true)
	if second.At.Sub(first.At).Abs() > time.Millisecond || second.SQL != first.SQL || second.Frame.Columns[0] != first.Frame.Columns[0] {
		t.Errorf("shared was %+v of %+v", second, first)
	}
	if s := b.CacheStats(); s.Entries != 1 || s.Hits != 1 {
		t.Errorf("the other replica has %+v", s)
	}
	if err := a.Changed(t.Context(), req.Connection); err != nil {
		t.Fatal(err)
	}
	a.expect(t, "after a load", req, "", false)
	within(t, 10*time.Second, "the other replica gives the answer from before a load", func() bool {
		got, err := b.Frame(t.Context(), req)
		return err == nil && got.Frame.Rows() == 0
	})
}

// TestWhatIsWrongWithASharedAnswerIsAMiss spoils what a killed or another process may leave.
func TestWhatIsWrongWithASharedAnswerIsAMiss(t *testing.T) {
	a, b, req, _ := replicas(t)
	want := "1 EU a@example.com;2 EU b@example.com;3 US secret@example.com;4 it's secret2@example.com;"
	a.expect(t, "the first", req, want, false)
	a.closing.Wait()
	var body []byte
	if err := a.store.db.Read().NewRaw("SELECT body FROM answers").Scan(t.Context(), &body); err != nil {
		t.Fatal(err)
	}
	spoilt := map[string][]byte{"nothing": {}, "no answer": []byte("hello"), "half": body[:len(body)/2], "without its end": body[:len(body)-1], "of another build": packed("answer 0 and so on"), "too much": packed(answerEncoding + "\xff\xff\xff\xff\x7f")}
	for i := 20; i < len(body); i += 37 {
		one := bytes.Clone(body)
		one[i] ^= 0x20
		spoilt[fmt.Sprint("a bit of byte ", i)] = one
	}
	for what, bad := range spoilt {
		if what == "nothing" {
			bad = []byte{0}
		}
		err := a.store.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewRaw("UPDATE answers SET body = ?", bad).Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		b.kept.forget(req.Connection)
		got, err := b.Frame(t.Context(), req)
		if err != nil || cells(got.Frame) != want {
			t.Errorf("%s: %v", what, err)
		}
		b.closing.Wait()
		b.kept.forget(req.Connection)
		a.kept.forget(req.Connection)
		again := req
		again.Fresh = true
		a.expect(t, "written again", again, want, false)
		a.closing.Wait()
	}
}

func packed(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.Bytes()
}

func TestSharedAnswersAreBounded(t *testing.T) {
	a, _, req, _ := replicas(t)
	a.kept.most = 40 << 10
	for i := range 60 {
		req.SQL = fmt.Sprintf("select hex(randomblob(1000)), %d", i)
		if _, err := a.Frame(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		a.closing.Wait()
		var size, count int
		if err := a.store.db.Read().NewRaw("SELECT coalesce(sum(size), 0), count(*) FROM answers").Scan(t.Context(), &size, &count); err != nil {
			t.Fatal(err)
		}
		if size > a.kept.most || count == 0 {
			t.Fatalf("after %d: %d answers of %d bytes are shared, with room for %d", i, count, size, a.kept.most)
		}
	}
}

func TestAnswersAreReadAsTheyWereWritten(t *testing.T) {
	f := frame.New(frame.Column{Name: "a", Type: "text", Kind: frame.Text}, frame.Column{Name: "b", Type: "float8", Kind: frame.Number, Digits: 12})
	f.AppendTexts("", "1.5")
	f.Append(nil, nil)
	f.AppendTexts("\x00\xffé", strings.Repeat("9", 5000))
	f.Truncated = true
	one := &Result{ID: "id", SQL: "select 1", Elapsed: time.Second, At: time.Date(2026, 11, 24, 1, 2, 3, 4, time.UTC), Frame: f}
	body, err := one.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeAnswer(body, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if cells(got.Frame) != cells(f) || !got.Frame.Truncated || !got.At.Equal(one.At) || got.Elapsed != one.Elapsed || got.SQL != one.SQL || got.ID != one.ID {
		t.Errorf("%+v %q", got, cells(got.Frame))
	}
	if diff := cmp.Diff(f.Columns, got.Frame.Columns); diff != "" {
		t.Error(diff)
	}
	if _, err := decodeAnswer(body, 1000); err == nil {
		t.Error("an answer was unpacked beyond its bound")
	}
}
