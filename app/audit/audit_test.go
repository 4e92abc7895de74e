package audit

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"assay/app/store"
	"assay/app/vault"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("ASSAY_TEST_AUDIT_DIR"); dir != "" {
		child(os.Getenv("ASSAY_TEST_AUDIT_URL"), dir)
		return
	}
	Main(m)
}

// The servers for tests stand on this package, so what needs them is put in
// from outside it.
var (
	Main        func(m *testing.M)
	PostgresURL func(tb testing.TB) string // of an empty database
)

var testKey = vault.Key([]byte("0123456789abcdefghijklmnopqrstuv"))

// openAt opens the record in a folder, or in PostgreSQL with its checkpoints in the folder.
func openAt(ctx context.Context, at, dir string) (*Log, *store.Store, error) {
	s, err := store.Open(ctx, at, dir)
	if err != nil {
		return nil, nil, err
	}
	v, err := vault.Open(ctx, s, testKey)
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return Open(s, v).In(dir), s, nil
}

func open(tb testing.TB, dir string) *Log {
	tb.Helper()
	l, s, err := openAt(tb.Context(), "", dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return l
}

// engines runs a test on both engines; it is given the URL of an empty store,
// empty for SQLite, and a folder.
func engines(t *testing.T, f func(t *testing.T, at, dir string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, "", t.TempDir()) })
	t.Run("postgres", func(t *testing.T) { f(t, PostgresURL(t), t.TempDir()) })
}

func openOn(tb testing.TB, at, dir string) *Log {
	tb.Helper()
	l, s, err := openAt(tb.Context(), at, dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return l
}

// fill writes records of many kinds, one transaction for a few of them.
func fill(tb testing.TB, l *Log, from, to int) {
	tb.Helper()
	for n := from; n <= to; {
		err := l.db.Write(tb.Context(), func(ctx context.Context, tx bun.Tx) error {
			for end := min(n+10, to+1); n < end; n++ {
				if err := l.Append(As(ctx, actor(n)), tx, event(n)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

func actor(n int) Actor {
	return Actor{ID: fmt.Sprintf("person%d", n%7), Name: fmt.Sprintf("p%d@example.com", n%7), Via: "session", Address: "10.0.0." + strconv.Itoa(n%250), Request: "r" + strconv.Itoa(n)}
}

func event(n int) Event {
	return Event{Action: []string{"question.run", "connection.create", "session.start"}[n%3], Object: Object{"question", "q" + strconv.Itoa(n%5), "Sales " + strconv.Itoa(n)},
		Connection: "c" + strconv.Itoa(n%2), Outcome: []string{Done, Done, Refused, Failed}[n%4], Detail: map[string]any{"n": n, "sql": "select " + strconv.Itoa(n)}}
}

func verdict(tb testing.TB, l *Log) Verdict {
	tb.Helper()
	v, err := l.Verify(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func wantWhole(tb testing.TB, l *Log, count int64) {
	tb.Helper()
	if v := verdict(tb, l); !v.OK || v.Count != count {
		tb.Fatalf("count %d, want %d; %s", v.Count, count, v)
	}
}

func TestManyWritersMakeOneDenseChain(t *testing.T) {
	engines(t, func(t *testing.T, at, dir string) {
		l := openOn(t, at, dir)
		other := openOn(t, at, dir) // as a second process is, with its own connections
		const writers = 500
		var wg sync.WaitGroup
		for n := range writers {
			wg.Go(func() {
				log := l
				if n%5 == 0 {
					log = other
				}
				ctx := As(context.Background(), actor(n))
				if n%50 == 7 {
					err := log.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return log.Append(ctx, tx, event(n)) })
					if err != nil {
						t.Error(err)
					}
					return
				}
				if err := log.Write(ctx, event(n)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		wantWhole(t, l, writers)
		seen := map[string]bool{}
		for before := int64(0); ; {
			page, next, err := l.List(t.Context(), Filter{Before: before, Limit: 500})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				seen[r.Actor.Request] = true
			}
			if before = next; next == 0 {
				break
			}
		}
		if len(seen) != writers {
			t.Errorf("%d different records are there, want %d", len(seen), writers)
		}
	})
}

func TestRolledBackAppendLeavesNoGap(t *testing.T) {
	engines(t, func(t *testing.T, at, dir string) {
		l := openOn(t, at, dir)
		stop := errors.New("the change failed")
		for n := range 20 {
			err := l.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.NewRaw("INSERT INTO folders (id, name, created_at) VALUES (?, ?, CURRENT_TIMESTAMP)", strconv.Itoa(n), strconv.Itoa(n)).Exec(ctx); err != nil {
					return err
				}
				for range n % 3 {
					if err := l.Append(ctx, tx, event(n)); err != nil {
						return err
					}
				}
				if n%2 == 1 {
					return stop
				}
				return nil
			})
			if n%2 == 1 && !errors.Is(err, stop) || n%2 == 0 && err != nil {
				t.Fatal(err)
			}
			if err := l.Write(t.Context(), event(n)); err != nil {
				t.Fatal(err)
			}
		}
		var folders int
		if err := l.db.Read().NewRaw("SELECT count(*) FROM folders").Scan(t.Context(), &folders); err != nil || folders != 10 {
			t.Errorf("%d changes were made, want 10 (%v)", folders, err)
		}
		wantWhole(t, l, 20+9) // n%3 of the even n: 0 2 1 0 2 1 0 2 1 0
	})
}

func TestWriteIsKeptThoughTheCallerLeft(t *testing.T) {
	l := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Write(As(ctx, actor(3)), event(3)); err != nil {
		t.Fatal(err)
	}
	r, err := l.Get(t.Context(), 1)
	if err != nil || r.Actor != actor(3) {
		t.Errorf("got %+v, %v", r.Actor, err)
	}
}

func TestTableRefusesChanges(t *testing.T) {
	engines(t, func(t *testing.T, at, dir string) {
		l := openOn(t, at, dir)
		fill(t, l, 1, 30)
		if _, err := l.Seal(t.Context(), l.now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		statements := []string{
			"UPDATE audit SET actor = 'nobody' WHERE seq = 3",
			"UPDATE audit SET seal = '' WHERE seq = 3",
			"DELETE FROM audit WHERE seq = 3",
			"DELETE FROM audit",
			"UPDATE audit_head SET seq = seq - 1",
			"UPDATE audit_head SET sealed_to = -1",
			"DELETE FROM audit_head",
			"INSERT INTO audit (" + columns + ") SELECT " + columns + " FROM audit WHERE seq = 3",
		}
		if at == "" {
			statements = append(statements, "REPLACE INTO audit ("+columns+") SELECT 3, at, actor_id, actor, via, address, request, action, object_kind, object_id, object_name, connection_id, outcome, detail, hash, seal FROM audit WHERE seq = 4",
				"UPDATE OR REPLACE audit SET seq = 3 WHERE seq = 4", "REPLACE INTO audit_head (id, seq, hash, sealed_to, seal) VALUES (1, 0, '', 0, '')")
		} else {
			statements = append(statements, "TRUNCATE audit", "TRUNCATE audit_head", "TRUNCATE audit_seals",
				"INSERT INTO audit ("+columns+") SELECT "+columns+" FROM audit WHERE seq = 3 ON CONFLICT (seq) DO UPDATE SET actor = 'nobody'")
		}
		for _, statement := range statements {
			err := l.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
				_, err := tx.ExecContext(ctx, statement)
				return err
			})
			if err == nil {
				t.Errorf("%s was carried out", statement)
			}
		}
		wantWhole(t, l, 30)
	})
}

func TestTwoEventsNeverHashAlike(t *testing.T) {
	pairs := []struct {
		name string
		a, b Record
	}{
		{"neighbours share text", Record{Action: "ab", Object: Object{Kind: "c"}}, Record{Action: "a", Object: Object{Kind: "bc"}}},
		{"text moves across an empty field", Record{Actor: Actor{Address: "x"}}, Record{Actor: Actor{Request: "x"}}},
		{"a field holds the spelling of two", Record{Action: "a", Object: Object{Kind: "b"}}, Record{Action: "a,1:b", Object: Object{}}},
		{"a length is forged", Record{Connection: "1:a", Outcome: ""}, Record{Connection: "", Outcome: "1:a"}},
		{"detail and outcome", Record{Outcome: "done{}", Detail: nil}, Record{Outcome: "done", Detail: []byte("{}")}},
		{"the place", Record{Seq: 1}, Record{Seq: 11}},
	}
	var e encoding
	for _, p := range pairs {
		if p.a.digest(&e, "", p.a.Seq) == p.b.digest(&e, "", p.b.Seq) {
			t.Errorf("%s: both have one hash", p.name)
		}
	}
	if a, b := (&Record{}), (&Record{}); a.digest(&e, "12", 3) == b.digest(&e, "1", 23) {
		t.Error("the hash before and the place run into each other")
	}
	// The spelling itself is a promise to those who verify copies.
	r := Record{At: time.UnixMicro(1_700_000_000_000_001), Actor: Actor{Name: "ä"}, Detail: []byte("{}")}
	r.digest(&e, "", 7)
	want := "13:assay audit 1,0:,1:7,27:2023-11-14T22:13:20.000001Z,0:,2:ä,0:,0:,0:,0:,0:,0:,0:,0:,0:,2:{},"
	if string(e.b) != want {
		t.Errorf("encoded as\n%s, want\n%s", e.b, want)
	}
}

// child writes until it is killed and prints the request of each record once it is kept.
func child(at, dir string) {
	l, s, err := openAt(context.Background(), at, dir)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	defer s.Close()
	var out sync.Mutex
	var wg sync.WaitGroup
	limit := time.Now().Add(20 * time.Second) // should nobody kill it
	for w := range 8 {
		wg.Go(func() {
			for n := 0; time.Now().Before(limit); n++ {
				request := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, n)
				ctx := As(context.Background(), Actor{Name: "child", Via: "command", Request: request})
				var err error
				if n%4 == 3 {
					err = s.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
						if _, err := tx.NewRaw("INSERT INTO folders (id, name, created_at) VALUES (?, ?, CURRENT_TIMESTAMP)", request, request).Exec(ctx); err != nil {
							return err
						}
						return l.Append(ctx, tx, Event{Action: "folder.create", Object: Object{Kind: "folder", ID: request}})
					})
				} else {
					err = l.Write(ctx, event(n))
				}
				out.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Println(request)
				}
				if w == 0 && n%50 == 10 {
					if err := l.Checkpoint(context.Background()); err != nil {
						fmt.Println("error", err)
					}
				}
				out.Unlock()
			}
		})
	}
	wg.Wait()
}

// has reports which requests are recorded.
func has(tb testing.TB, l *Log) map[string]bool {
	tb.Helper()
	var list []string
	if err := l.db.Read().NewRaw("SELECT request FROM audit").Scan(tb.Context(), &list); err != nil && !errors.Is(err, sql.ErrNoRows) {
		tb.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range list {
		seen[r] = true
	}
	return seen
}

// acknowledged returns the requests that a child said are kept; the last line may be half.
func acknowledged(tb testing.TB, out *bytes.Buffer) []string {
	tb.Helper()
	lines := strings.Split(out.String(), "\n")
	for _, line := range lines[:len(lines)-1] {
		if strings.HasPrefix(line, "error") {
			tb.Errorf("a child said: %s", line)
		}
	}
	return lines[:len(lines)-1]
}

func copyDir(tb testing.TB, from string) string {
	tb.Helper()
	to := tb.TempDir()
	if err := os.CopyFS(filepath.Join(to, "copy"), os.DirFS(from)); err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(to, "copy")
}
