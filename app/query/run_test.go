package query

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

var usual = Limits{Timeout: 60 * time.Second, Rows: 100, Bytes: 1 << 20, Concurrency: 2}

// slow is a read that passes the guard of each engine and would take minutes.
var slow = map[string]string{
	"postgres": "select count(*) as slow_one from generate_series(1, 100000000000) as g",
	"mysql":    "select count(*) as slow_one from information_schema.columns a, information_schema.columns b, information_schema.columns c, information_schema.columns d",
}

func servers(t *testing.T) map[string]*sourcetest.Server {
	return map[string]*sourcetest.Server{"postgres": sourcetest.Postgres(t), "mysql": sourcetest.MariaDB(t)}
}

// alive asks the server itself how many statements with the word run.
func alive(t *testing.T, r *room, admin, kind string) int {
	t.Helper()
	text := map[string]string{
		"postgres": "select count(*) from pg_stat_activity where state = 'active' and query like '%slow_one%' and pid <> pg_backend_pid()",
		"mysql":    "select count(*) from information_schema.processlist where info like '%slow_one%' and id <> connection_id()",
	}[kind]
	db, err := r.pools.Open(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	// Past the guard on purpose: people may not look at other people's statements.
	rows, err := db.DB.Query(t.Context(), source.Statement{SQL: text})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	f, err := frame.Read(t.Context(), rows, 1, 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := f.Float(0, 0)
	return int(n)
}

func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > limit {
			t.Fatalf("after %s: %s", limit, what)
		}
	}
}

// TestWhoeverLeavesEndsTheQueryInTheDatabase leaves in three ways and looks at
// the server's own list of what runs.
func TestWhoeverLeavesEndsTheQueryInTheDatabase(t *testing.T) {
	for kind, server := range servers(t) {
		t.Run(kind, func(t *testing.T) {
			r := newRoom(t, usual)
			admin, reader := server.NewDatabase(t, "create table t (id int)")
			watch, id := r.connect(t, "watch", admin), r.connect(t, "asked", reader)
			ways := map[string]func(cancel context.CancelFunc){
				"the request ends": func(cancel context.CancelFunc) { cancel() },
				"somebody cancels it by its id": func(context.CancelFunc) {
					r.mu.Lock()
					var one string
					for k := range r.live {
						one = k
					}
					r.mu.Unlock()
					if err := r.Cancel(r.person, one); err != nil {
						t.Error(err)
					}
				},
			}
			for name, leave := range ways {
				t.Run(name, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					done := make(chan error, 1)
					go func() {
						_, err := r.Frame(ctx, Request{Person: r.person, Connection: id, SQL: slow[kind]})
						done <- err
					}()
					within(t, 20*time.Second, "the query does not run", func() bool { return alive(t, r, watch, kind) == 1 })
					left := time.Now()
					leave(cancel)
					err := <-done
					if f := source.AsFailure(err); f == nil || f.Code != source.Cancelled {
						t.Errorf("got %v, want cancelled", err)
					}
					within(t, 5*time.Second, "the query still runs in the database", func() bool { return alive(t, r, watch, kind) == 0 })
					t.Logf("gone from %s after %s", kind, time.Since(left).Round(time.Millisecond))
				})
			}
			t.Run("its time is up", func(t *testing.T) {
				_, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: slow[kind], Timeout: 700 * time.Millisecond})
				if f := source.AsFailure(err); f == nil || f.Code != source.DeadlineExceeded {
					t.Errorf("got %v, want deadline exceeded", err)
				}
				within(t, 5*time.Second, "the query still runs in the database", func() bool { return alive(t, r, watch, kind) == 0 })
			})
		})
	}
}

func TestLimitsAreStated(t *testing.T) {
	r := newRoom(t, usual)
	_, reader := sourcetest.Postgres(t).NewDatabase(t, "")
	id := r.connect(t, "pg", reader)
	ask := func(sql string, limit int) *Result {
		t.Helper()
		result, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: sql, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	tests := []struct {
		sql       string
		limit     int
		rows      int
		truncated bool
	}{
		{"select generate_series(1, 10) as n", 10, 10, false},
		{"select generate_series(1, 11) as n", 10, 10, true},
		{"select generate_series(1, 100) as n", 0, 100, false},
		{"select generate_series(1, 101) as n", 0, 100, true},
		{"select generate_series(1, 100000) as n", 5000, 100, true},
		{"select 1 where false", 10, 0, false},
		{"select repeat('x', 600000) from generate_series(1, 10)", 0, 2, true},
	}
	for _, tt := range tests {
		got := ask(tt.sql, tt.limit)
		if got.Frame.Rows() != tt.rows || got.Frame.Truncated != tt.truncated {
			t.Errorf("%s, limit %d: %d rows, truncated %v; want %d, %v", tt.sql, tt.limit, got.Frame.Rows(), got.Frame.Truncated, tt.rows, tt.truncated)
		}
	}
}

func TestStreamIsUncappedAndCounted(t *testing.T) {
	r := newRoom(t, usual)
	_, reader := sourcetest.Postgres(t).NewDatabase(t, "")
	id := r.connect(t, "pg", reader)
	a, err := r.Open(t.Context(), Request{Person: r.person, Connection: id, SQL: "select generate_series(1, 50000) as n", Limit: Uncapped})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var b frame.Batch
	rows := 0
	for {
		err := a.Next(t.Context(), &b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows += b.Rows()
	}
	if rows != 50_000 || a.Count() != rows || a.Truncated() {
		t.Errorf("%d rows, counted %d, truncated %v", rows, a.Count(), a.Truncated())
	}
	if s, err := r.State(r.person, a.ID); err != nil || s.Rows != rows || s.State != "running" {
		t.Errorf("%+v %v", s, err)
	}
	a.Close()
	if s, err := r.State(r.person, a.ID); err != nil || s.State != "done" {
		t.Errorf("after closing: %+v %v", s, err)
	}
	if _, err := r.State(&account.Person{ID: "other", Role: account.Analyst}, a.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another person sees the query: %v", err)
	}
}

func TestPositionsPointIntoTheAskedText(t *testing.T) {
	r := newRoom(t, usual)
	_, reader := sourcetest.Postgres(t).NewDatabase(t, "create table t (id int)")
	id := r.connect(t, "pg", reader)
	for name, tt := range map[string]struct{ sql, at string }{
		"syntax":                   {"select id\nfrom t\nwhre id = 1", "id = 1"},
		"unknown column":           {"-- a comment\nselect   id, missing from t", "missing"},
		"behind a parameter":       {"select id from t where id > {{least:number=1}} and nowhere = 2", "nowhere"},
		"the second of two tokens": {"select 'missing' as a, missing from t", "missing from"},
	} {
		_, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: tt.sql})
		f := source.AsFailure(err)
		if f == nil || f.Code != source.DatabaseError {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := len([]rune(tt.sql[:strings.LastIndex(tt.sql, tt.at)])) + 1; f.Position != want {
			t.Errorf("%s: position %d, want %d: %s", name, f.Position, want, f.Message)
		}
	}
}

func TestRightsAreAskedAtTheDoor(t *testing.T) {
	r := newRoom(t, usual)
	id := r.connect(t, "lite", source.Config{Kind: "sqlite", Path: t.TempDir() + "/none.db"})
	viewer := &account.Person{ID: "v", Role: account.Viewer}
	for name, req := range map[string]Request{
		"a viewer in SQL": {Person: viewer, Connection: id, SQL: "select 1"},
		"a stranger":      {Connection: id, SQL: "select 1"},
		"disabled":        {Person: &account.Person{ID: "d", Role: account.Admin, Disabled: true}, Connection: id, Spec: &Spec{Table: "t"}},
	} {
		if _, err := r.Frame(t.Context(), req); !fault.Is(err, fault.Denied) && !fault.Is(err, fault.SignIn) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParameters(t *testing.T) {
	r := newRoom(t, usual)
	_, reader := sourcetest.Postgres(t).NewDatabase(t, "create table t (id int, name text, at date); insert into t values (1, 'a', '2024-01-31'), (2, 'it''s; drop table t --', '2024-02-01')")
	id := r.connect(t, "pg", reader)
	ask := func(sql string, values map[string]string) (*Result, error) {
		return r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: sql, Parameters: values})
	}
	got, err := ask("select id from t where name = {{name}} and at >= {{from:date=2024-01-01}} and id < {{top:number}} -- {{comment}}", map[string]string{"name": "it's; drop table t --", "top": "10"})
	if err != nil || got.Frame.Rows() != 1 {
		t.Fatal(got, err)
	}
	if strings.Contains(got.SQL, "drop") {
		t.Error("a value stands in the text that was sent:", got.SQL)
	}
	for name, tt := range map[string]struct {
		sql    string
		values map[string]string
		field  string
	}{
		"missing":       {"select {{a:number}}", nil, "parameters.a"},
		"not a number":  {"select {{a:number}}", map[string]string{"a": "1 or 1=1"}, "parameters.a"},
		"not a date":    {"select {{a:date}}", map[string]string{"a": "31.1.2024"}, "parameters.a"},
		"unknown":       {"select {{a}}", map[string]string{"a": "x", "b": "y"}, "parameters.b"},
		"in quotes":     {"select '{{a}}'", map[string]string{"a": "x"}, "sql"},
		"of no type":    {"select {{a:money}}", nil, "sql"},
		"not a name":    {"select {{a b}}", nil, "sql"},
		"as identifier": {"select * from {{a}}", map[string]string{"a": "t"}, ""},
	} {
		_, err := ask(tt.sql, tt.values)
		if tt.field == "" {
			if source.AsFailure(err) == nil {
				t.Errorf("%s: %v, want the grammar's refusal", name, err)
			}
		} else if fault.FieldsOf(err)[tt.field] == "" {
			t.Errorf("%s: %v %v, want a problem with %s", name, err, fault.FieldsOf(err), tt.field)
		}
	}
}

func TestContinuingInSQLGivesTheSameRows(t *testing.T) {
	r := newRoom(t, usual)
	_, reader := sourcetest.Postgres(t).NewDatabase(t, "create table t (id int primary key, name text, at date); insert into t values (1, 'a{b}', '2024-01-31'), (2, ' it''s', '2024-02-01')")
	id := r.connect(t, "pg", reader)
	spec := parse(t, `{"table": "t", "columns": ["id"], "filters": {"or": [{"column": "name", "op": "eq", "value": "a{b}"}, {"column": "name", "op": "eq", "value": " it's"}, {"and": [{"column": "at", "op": "gt", "value": "2024-01-01"}, {"column": "id", "op": "lt", "value": 2}]}]}}`)
	built, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := r.Compile(t.Context(), r.person, id, spec)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := r.pools.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	text, values := compiled.Written(opened.Driver.Dialect())
	written, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: text, Parameters: values})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if built.Frame.Rows() != 2 || written.Frame.Rows() != 2 {
		t.Errorf("%d rows built, %d written\n%s", built.Frame.Rows(), written.Frame.Rows(), text)
	}
}

func TestSameQuestionAtOnceRunsOnce(t *testing.T) {
	r := newRoom(t, Limits{Timeout: time.Minute, Rows: 100, Bytes: 1 << 20, Concurrency: 1})
	_, reader := sourcetest.Postgres(t).NewDatabase(t, "")
	id := r.connect(t, "pg", reader)
	var wg sync.WaitGroup
	ids := make([]string, 6)
	for i := range ids {
		wg.Go(func() {
			got, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: "select count(*) from generate_series(1, 3000000) as g"})
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = got.ID
		})
	}
	wg.Wait()
	distinct := map[string]bool{}
	for _, one := range ids {
		distinct[one] = true
	}
	if len(distinct) == len(ids) {
		t.Errorf("six people asked the same at once and it ran %d times", len(distinct))
	}
}

func TestQueueIsFair(t *testing.T) {
	q := newQueue(1)
	hold, err := q.take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 8)
	var wg sync.WaitGroup
	wait := func(person, label string, length int) {
		wg.Go(func() {
			release, err := q.take(t.Context(), person)
			if err != nil {
				t.Error(err)
				return
			}
			order <- label
			release()
		})
		within(t, 5*time.Second, "nobody waits", func() bool { return q.waitingNow() == length })
	}
	wait("a", "a1", 1)
	wait("a", "a2", 2)
	wait("a", "a3", 3)
	wait("b", "b1", 4)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { _, err := q.take(ctx, "c"); gone <- err }()
	within(t, 5*time.Second, "c does not wait", func() bool { return q.waitingNow() == 5 })
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	hold()
	wg.Wait()
	close(order)
	var got []string
	for label := range order {
		got = append(got, label)
	}
	if s := strings.Join(got, " "); s != "a1 b1 a2 a3" {
		t.Errorf("served %s, want each person in turn", s)
	}
	if q.free != 1 || q.length != 0 || len(q.waiting) != 0 || len(q.turn) != 0 {
		t.Errorf("the queue does not come to rest: %+v", q)
	}
}
