package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"assay/app/frame"
	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

func (e *exercise) probe(t *testing.T) {
	p, err := e.reader.Probe(t.Context())
	if err != nil {
		t.Fatal(explain(err))
	}
	if !p.OK || p.Problem != "" || p.Server == "" || p.Version == "" || p.LatencyMS <= 0 {
		t.Errorf("probe of the reader: %+v", p)
	}
	if p.CanWrite != nil && *p.CanWrite {
		t.Error("the reader is said to be able to write")
	}
	if e.embedded() {
		return // a file that is always opened read-only has no logins to tell apart
	}
	admin, err := e.open(t, e.Admin).Probe(t.Context())
	if err != nil {
		t.Fatal(explain(err))
	}
	if admin.CanWrite == nil || !*admin.CanWrite {
		t.Errorf("the admin is not said to be able to write: %+v", admin)
	}
	if len(admin.Warnings) == 0 || admin.Remedy == "" {
		t.Errorf("no warning or remedy for an admin login: %+v", admin)
	}
}

// embedded reports whether the engine runs in this process, without network and logins.
func (e *exercise) embedded() bool { return e.Reader.Host == "" }

func (e *exercise) unreachable(t *testing.T) {
	if e.embedded() {
		t.Log("an embedded engine has no network and no passwords")
		return
	}
	const secret = "not-the-right-word-7319"
	for _, tt := range []struct {
		name   string
		change func(c *source.Config)
		codes  []source.Code
	}{
		{"wrong password", func(c *source.Config) { c.Password = secret }, []source.Code{source.Unreachable}},
		{"unknown user", func(c *source.Config) { c.User, c.Password = "nobody_here", secret }, []source.Code{source.Unreachable}},
		{"refused port", func(c *source.Config) { c.Port, c.Password = 1, secret }, []source.Code{source.Unreachable}},
		{"unknown host", func(c *source.Config) { c.Host, c.Password = "no-such-host.invalid", secret }, []source.Code{source.Unreachable}},
		{"unknown database", func(c *source.Config) { c.Database = "no_such_database" }, []source.Code{source.Unreachable, source.DatabaseError}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.lacks(t)
			c := e.Reader
			tt.change(&c)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			db := e.open(t, c)
			_, err := read(ctx, db, source.Statement{SQL: "SELECT 1"})
			f := wantFailure(t, err, tt.codes...)
			if strings.Contains(f.Message+f.Hint+fmt.Sprint(f.Err), secret) {
				t.Errorf("the failure repeats the password: %s", explain(f))
			}
			p, err := db.Probe(ctx)
			if p.OK || p.Problem == "" && err == nil {
				t.Errorf("the probe found nothing wrong: %+v", p)
			}
			if strings.Contains(p.Problem, secret) {
				t.Errorf("the probe repeats the password: %s", p.Problem)
			}
		})
	}
}

func (e *exercise) errorsAndPositions(t *testing.T) {
	for _, tt := range []struct {
		name, sql, at string
		required      bool // engines tell where a syntax error is, but not all where a name is
	}{
		{"syntax error", "SELECT 'ż🐢', `id` FROM `albums` WHERE WHERE", "WHERE", true},
		{"unknown column", "SELECT 'ż🐢', nosuch FROM `albums`", "nosuch", false},
		{"unknown table", "SELECT 'ż🐢' FROM nosuch_table", "nosuch_table", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.lacks(t)
			sql := e.quoted(tt.sql)
			checked, err := e.Driver.Guard(sql, source.Policy{})
			if err == nil {
				sql = checked.SQL
				_, err = read(t.Context(), e.reader, source.Statement{SQL: sql})
			}
			f := wantFailure(t, err, source.DatabaseError)
			want := utf8.RuneCountInString(sql[:strings.LastIndex(sql, tt.at)]) + 1
			if f.Position != want && (tt.required || f.Position != 0) {
				t.Errorf("position %d, want %d in %s: %s", f.Position, want, sql, explain(f))
			}
			if tt.at != "WHERE" && !strings.Contains(f.Message, tt.at) {
				t.Errorf("the message does not name it: %s", explain(f))
			}
		})
	}
	t.Run("while running", func(t *testing.T) {
		e.lacks(t)
		_, err := e.try(t, e.reader, "SELECT `id` FROM `albums` WHERE (SELECT COUNT(*) FROM `nosuch_two`) = 1")
		wantFailure(t, err, source.DatabaseError)
	})
}

// refusedWrite sends writes as the most powerful login past the guard: the
// running side alone must keep the data.
func (e *exercise) refusedWrite(t *testing.T) {
	admin := e.open(t, e.Admin)
	state := func() [][]string {
		return texts(e.query(t, "SELECT `id`, `title`, (SELECT COUNT(*) FROM `artists`) AS `n`, (SELECT COUNT(*) FROM `nothing`) AS `m` FROM `albums` ORDER BY `id`"))
	}
	before := state()
	for _, sql := range []string{
		"DELETE FROM `albums`",
		"UPDATE `albums` SET `title` = 'x'",
		"INSERT INTO `nothing` (`id`, `label`) VALUES (1, 'x')",
		"DROP TABLE `nothing`",
		"CREATE TABLE `evil` (`id` integer)",
		"CREATE VIEW `evil_view` AS SELECT 1 AS `a`",
		"ALTER TABLE `nothing` ADD `extra` integer",
	} {
		t.Run(sql, func(t *testing.T) {
			e.lacks(t)
			_, err := e.Driver.Guard(e.quoted(sql), source.Policy{})
			wantFailure(t, err, source.Refused)
			if _, err := read(t.Context(), admin, source.Statement{SQL: e.quoted(sql)}); err == nil && e.Driver.Kind() != "sqlserver" {
				t.Error("the database let it pass") // SQL Server has no read-only session, there only the rollback holds
			}
			if diff := cmp.Diff(before, state()); diff != "" {
				t.Errorf("the data changed (-before +after)\n%s", diff)
			}
		})
	}
	for _, name := range []string{"evil", "evil_view"} {
		if _, err := e.try(t, e.reader, "SELECT * FROM `"+name+"`"); err == nil {
			t.Errorf("%s exists", name)
		}
	}
}

// slow returns the slow statement and what Active is to be asked for.
func (e *exercise) slow(t *testing.T) (s source.Statement, tag string) {
	t.Helper()
	e.tags++
	tag = fmt.Sprintf("assay_exercise_%d_%d", time.Now().UnixNano(), e.tags)
	checked, err := e.Driver.Guard(strings.ReplaceAll(e.SlowSQL, "{tag}", tag), source.Policy{})
	if err != nil {
		t.Fatalf("the slow read does not pass: %s", explain(err))
	}
	if !strings.Contains(e.SlowSQL, "{tag}") {
		return source.Statement{SQL: checked.SQL, Tag: tag}, checked.SQL
	}
	return source.Statement{SQL: checked.SQL, Tag: tag}, tag
}

func (e *exercise) wantGone(t *testing.T, tag string) {
	t.Helper()
	if e.Active == nil {
		if e.Clear != nil {
			e.Clear(t)
		}
		return
	}
	if !eventually(2*time.Second, func() bool { return e.Active(tag) == 0 }) {
		t.Errorf("%d statements still run on the server 2 s later", e.Active(tag))
	}
}

func (e *exercise) deadline(t *testing.T) {
	t.Run("of the context", func(t *testing.T) {
		e.lacks(t)
		s, tag := e.slow(t)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		begun := time.Now()
		_, err := drain(ctx, e.reader, s)
		wantFailure(t, err, source.DeadlineExceeded)
		if took := time.Since(begun); took > 2500*time.Millisecond {
			t.Errorf("took %s", took)
		}
		e.wantGone(t, tag)
	})
	t.Run("of the statement", func(t *testing.T) {
		e.lacks(t)
		s, tag := e.slow(t)
		s.Timeout = 500 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		begun := time.Now()
		_, err := drain(ctx, e.reader, s)
		if !e.Has["server_timeout"] && ctx.Err() != nil {
			return // only the context ends a statement on this engine
		}
		wantFailure(t, err, source.DeadlineExceeded)
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("took %s", took)
		}
		e.wantGone(t, tag)
	})
	t.Run("long past", func(t *testing.T) {
		e.lacks(t)
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		_, err := drain(ctx, e.reader, source.Statement{SQL: "SELECT 1"})
		wantFailure(t, err, source.DeadlineExceeded)
	})
}

func (e *exercise) cancel(t *testing.T) {
	s, tag := e.slow(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := drain(ctx, e.reader, s)
		done <- err
	}()
	if e.Active != nil {
		if !eventually(10*time.Second, func() bool { return e.Active(tag) > 0 }) {
			t.Error("the slow statement never showed on the server")
		}
	} else {
		select {
		case err := <-done:
			t.Fatalf("the slow statement ended by itself: %v", err)
		case <-time.After(300 * time.Millisecond):
		}
	}
	cancelled := time.Now()
	cancel()
	select {
	case err := <-done:
		wantFailure(t, err, source.Cancelled)
	case <-time.After(10 * time.Second):
		t.Fatal("still running 10 s after it was cancelled")
	}
	if took := time.Since(cancelled); took > time.Second {
		t.Errorf("took %s to come back", took)
	}
	e.wantGone(t, tag)
}

// longRead returns about ten million rows on every engine, the first of them at once.
func (e *exercise) longRead(t *testing.T, joins int) source.Statement {
	t.Helper()
	sql := "SELECT a0.`id`, a1.`title` FROM `albums` a0"
	for i := 1; i < joins; i++ {
		sql += fmt.Sprintf(" CROSS JOIN `albums` a%d", i)
	}
	checked, err := e.Driver.Guard(e.quoted(sql), source.Policy{})
	if err != nil {
		t.Fatal(explain(err))
	}
	return source.Statement{SQL: checked.SQL}
}

func (e *exercise) stream(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := drain(ctx, e.reader, e.longRead(t, 7))
	if err != nil || n != 78125 {
		t.Errorf("%d rows, want 78125 (%v)", n, err)
	}
}

func (e *exercise) earlyClose(t *testing.T) {
	s := e.longRead(t, 10)
	begun := time.Now()
	rows, err := e.reader.Query(t.Context(), s)
	if err != nil {
		t.Fatal(explain(err))
	}
	var b frame.Batch
	if err := rows.Next(t.Context(), &b); err != nil || b.Rows() == 0 {
		t.Fatalf("first batch: %d rows, %v", b.Rows(), err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("the first of ten million rows came after %s", took)
	}
	begun = time.Now()
	if err := rows.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if took := time.Since(begun); took > 300*time.Millisecond {
		t.Errorf("Close took %s", took)
	}
	if err := rows.Close(); err != nil {
		t.Errorf("closing once more: %v", err)
	}
	e.wantGone(t, s.SQL)
	e.usable(t)
}

func (e *exercise) parallel(t *testing.T) {
	d := e.Driver.Dialect()
	checked, err := e.Driver.Guard(e.quoted("SELECT `title` FROM `albums` WHERE `id` = "+escape(d.Placeholder(1, frame.Number))), source.Policy{})
	if err != nil {
		t.Fatal(explain(err))
	}
	titles := []string{"One", "Two", "Three", "Four", `50% off_\`}
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 20 {
				n := (worker + i) % 5
				f, err := read(t.Context(), e.reader, source.Statement{SQL: checked.SQL, Args: []source.Arg{{Kind: frame.Number, Text: fmt.Sprint(n + 1)}}})
				if err != nil {
					t.Error(explain(err))
					return
				}
				if v, _ := f.Cell(0, 0); f.Rows() != 1 || string(v) != titles[n] {
					t.Errorf("got %q, want %q", v, titles[n])
				}
			}
		})
	}
	group.Wait()
}

func (e *exercise) closePool(t *testing.T) {
	db, err := e.Driver.Open(e.Reader)
	if err != nil {
		t.Fatal(explain(err))
	}
	s, tag := e.slow(t)
	done := make(chan error, 1)
	go func() {
		_, err := drain(context.Background(), db, s)
		done <- err
	}()
	if e.Active != nil {
		eventually(10*time.Second, func() bool { return e.Active(tag) > 0 })
	} else {
		<-time.After(200 * time.Millisecond)
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	select {
	case err := <-done:
		if err == nil || errors.Is(err, io.EOF) {
			t.Error("the statement came to an end although its pool was closed")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the statement runs on after its pool was closed")
	}
	e.wantGone(t, tag)
	if _, err := drain(t.Context(), db, source.Statement{SQL: "SELECT 1"}); err == nil {
		t.Error("a closed pool answers")
	}
}

func (e *exercise) usable(t *testing.T) {
	f := e.query(t, "SELECT COUNT(*) FROM `albums`")
	if diff := cmp.Diff([]string{"5"}, column(f, 0)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
