package postgres

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

// canary is a table whose rows nothing may change.
const canary = `CREATE TABLE canary (id int PRIMARY KEY, v int NOT NULL, note text);
INSERT INTO canary SELECT i, i % 3, 'n' || i FROM generate_series(1, 9) i;
CREATE TABLE t (id int, a int, b int, name text, data jsonb, ts timestamp);
INSERT INTO t VALUES (1, 1, 1, 'x', '{}', now());
CREATE SEQUENCE t_id_seq;
CREATE SEQUENCE s;
ANALYZE;`

// state tells, from a session of its own, everything that an attack could have left.
func state(t testing.TB, admin source.Config) [][]string {
	t.Helper()
	var rows [][]string
	withAdmin(t, admin, func(c *pgconn.PgConn) {
		for _, sql := range []string{
			"SELECT * FROM canary ORDER BY id",
			"SELECT * FROM t ORDER BY id",
			"SELECT last_value, is_called FROM s UNION ALL SELECT last_value, is_called FROM t_id_seq",
			"SELECT count(*), sum(relnatts) FROM pg_class WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg_toast%' OR nspname LIKE 'pg_temp%')",
			"SELECT rolname, rolsuper, rolconfig FROM pg_roles WHERE rolname NOT LIKE 't%' ORDER BY 1",
			"SELECT count(*) FROM pg_proc", "SELECT count(*) FROM pg_extension", "SELECT count(*) FROM pg_replication_slots",
			"SELECT count(*) FROM pg_prepared_xacts", "SELECT count(*) FROM pg_largeobject_metadata", "SELECT count(*) FROM pg_db_role_setting",
			"SELECT count(*) FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf'",
			"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
			"SELECT count(*) FROM pg_collation",
		} {
			result := c.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
			if result.Err != nil {
				t.Fatalf("%s: %v", sql, result.Err)
			}
			for _, r := range result.Rows {
				line := []string{sql}
				for _, v := range r {
					line = append(line, string(v))
				}
				rows = append(rows, line)
			}
		}
	})
	return rows
}

func open(t testing.TB, c source.Config) *database {
	t.Helper()
	db, err := New().Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db.(*database)
}

// Everything that passes the guard runs as a superuser and changes nothing.
func TestPassedStatementsChangeNothing(t *testing.T) {
	admin, _ := sourcetest.Postgres(t).NewDatabase(t, canary)
	db := open(t, admin)
	before := state(t, admin)
	run := func(sql string, mustWork bool) {
		checked, err := New().Guard(sql, source.Policy{})
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		rows, err := db.Query(ctx, source.Statement{SQL: checked.SQL, Timeout: 5 * time.Second})
		if err == nil {
			_, err = drainAll(ctx, rows)
		}
		if err != nil && mustWork {
			t.Errorf("%s\n%v", checked.SQL, err)
		}
	}
	for _, sql := range reads {
		run(sql, true)
	}
	for _, sql := range slices.Concat(attacks, newerReads) {
		run(sql, false)
	}
	if diff := cmp.Diff(before, state(t, admin)); diff != "" {
		t.Errorf("something changed (-before +after)\n%s", diff)
	}
	f := ask(t, admin, "SELECT current_setting('default_transaction_read_only'), current_setting('standard_conforming_strings'), current_setting('transaction_read_only'), current_setting('intervalstyle')")
	if diff := cmp.Diff([][]string{{"on", "on", "on", "iso_8601"}}, cells(f)); diff != "" {
		t.Errorf("the session's settings (-want +got)\n%s", diff)
	}
}

// Should the guard ever fail, the running side holds: attacks sent as they are
// change nothing with a login that may only read, and the session stays clean.
func TestAttacksPastTheGuardChangeNothing(t *testing.T) {
	admin, reader := sourcetest.Postgres(t).NewDatabase(t, canary)
	reader.MaxConns = 2
	db := open(t, reader)
	before := state(t, admin)
	all := slices.Clone(attacks)
	t.Run("corpus", func(t *testing.T) {
		for _, l := range corpus(t, "attacks") {
			all = append(all, l.SQL)
		}
	})
	for _, sql := range all {
		// Locks of sessions and prepared transactions outlive a rollback: those only the guard stops.
		if strings.Contains(sql, "advisory") || strings.Contains(sql, "PREPARE TRANSACTION") || strings.Contains(sql, "\x00") {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		rows, err := db.Query(ctx, source.Statement{SQL: sql, Timeout: 100 * time.Millisecond})
		if err == nil {
			_, err = drainAll(ctx, rows)
		}
		cancel()
		if err != nil && source.AsFailure(err) == nil {
			t.Errorf("%s: %v is not a failure", sql, err)
		}
	}
	if diff := cmp.Diff(before, state(t, admin)); diff != "" {
		t.Errorf("something changed (-before +after)\n%s", diff)
	}
	f, err := db.all(t.Context(), "SELECT current_setting('transaction_read_only'), current_setting('standard_conforming_strings'), count(*) FROM canary")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"on", "on", "9"}}, cells(f)); diff != "" {
		t.Errorf("the session afterwards (-want +got)\n%s", diff)
	}
}

// A superuser's session refuses, past the guard, to leave the transaction or make it write.
func TestTransactionCannotBeLeft(t *testing.T) {
	admin, _ := sourcetest.Postgres(t).NewDatabase(t, canary)
	admin.MaxConns = 1
	db := open(t, admin)
	before := state(t, admin)
	for _, tt := range []struct{ sql, state string }{
		{"SELECT 1; COMMIT; DELETE FROM canary", "42601"},
		{"SET TRANSACTION READ WRITE", "25001"},
		{"SELECT set_config('transaction_read_only', 'off', false)", "25001"},
		{"DELETE FROM canary", "25006"},
		{"CREATE TABLE made (a int)", "25006"},
		{"WITH x AS (DELETE FROM canary RETURNING 1) SELECT * FROM x", "25006"},
		{"SELECT nextval('s')", "25006"},
		{"VACUUM canary", "25001"},
	} {
		rows, err := db.Query(t.Context(), source.Statement{SQL: tt.sql})
		if err == nil {
			_, err = drainAll(t.Context(), rows)
		}
		if f := source.AsFailure(err); f == nil || f.State != tt.state {
			t.Errorf("%s: %v, want state %s", tt.sql, err, tt.state)
		}
	}
	for _, sql := range []string{"COMMIT", "ROLLBACK", "SET standard_conforming_strings = off", "SET ROLE pg_monitor", "LISTEN x", "PREPARE p AS SELECT 1"} {
		if rows, err := db.Query(t.Context(), source.Statement{SQL: sql}); err == nil {
			drainAll(t.Context(), rows)
		}
	}
	if diff := cmp.Diff(before, state(t, admin)); diff != "" {
		t.Errorf("something changed (-before +after)\n%s", diff)
	}
	f, err := db.all(t.Context(), "SELECT current_setting('transaction_read_only'), current_setting('standard_conforming_strings'), current_user, (SELECT count(*) FROM pg_listening_channels())")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"on", "on", "admin", "0"}}, cells(f)); diff != "" {
		t.Errorf("the session afterwards (-want +got)\n%s", diff)
	}
}

func TestStreamKeepsMemoryConstant(t *testing.T) {
	db := open(t, sourcetest.Postgres(t).Config("postgres"))
	rows, err := db.Query(t.Context(), source.Statement{SQL: "SELECT i, i::text || ' of many' FROM generate_series(1, 2000000) i"})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b frame.Batch
	var first, peak, total uint64
	for n := 0; ; n++ {
		if err := rows.Next(t.Context(), &b); err != nil {
			break
		}
		if n == 0 && b.Rows() > firstRows {
			t.Errorf("the first batch has %d rows", b.Rows())
		}
		total += uint64(b.Rows())
		if n%50 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if n == 0 {
				first = m.Sys
			}
			peak = max(peak, m.Sys)
		}
	}
	if total != 2_000_000 {
		t.Errorf("%d rows", total)
	}
	if grown := int64(peak) - int64(first); grown > 24<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
}

// What the server ended while it lay idle is replaced without anyone noticing.
func TestPoolSurvivesARestartedBackend(t *testing.T) {
	admin, reader := sourcetest.Postgres(t).NewDatabase(t, canary)
	db := open(t, reader)
	for range 3 {
		if _, err := db.all(t.Context(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
		withAdmin(t, admin, func(c *pgconn.PgConn) {
			c.ExecParams(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [][]byte{[]byte(reader.User)}, nil, nil, nil).Read()
		})
		end := time.Now().Add(5 * time.Second)
		for sessions(t, admin, reader.User) > 0 && time.Now().Before(end) {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func sessions(t testing.TB, admin source.Config, user string) int {
	n := 0
	withAdmin(t, admin, func(c *pgconn.PgConn) {
		result := c.ExecParams(t.Context(), "SELECT 1 FROM pg_stat_activity WHERE usename = $1", [][]byte{[]byte(user)}, nil, nil, nil).Read()
		if result.Err != nil {
			t.Fatal(result.Err)
		}
		n = len(result.Rows)
	})
	return n
}

func TestSmallRestIsReadSoThatTheConnectionStays(t *testing.T) {
	admin, reader := sourcetest.Postgres(t).NewDatabase(t, canary)
	db := open(t, reader)
	pid := func() string {
		f, err := db.all(t.Context(), "SELECT pg_backend_pid()")
		if err != nil {
			t.Fatal(err)
		}
		return cells(f)[0][0]
	}
	before := pid()
	rows, err := db.Query(t.Context(), source.Statement{SQL: "SELECT i FROM generate_series(1, 500) i"})
	if err != nil {
		t.Fatal(err)
	}
	var b frame.Batch
	if err := rows.Next(t.Context(), &b); err != nil || b.Rows() != firstRows {
		t.Fatalf("%d rows, %v", b.Rows(), err)
	}
	rows.Close()
	if err := rows.Next(t.Context(), &b); source.AsFailure(err) == nil {
		t.Errorf("Next after Close: %v", err)
	}
	if n := sessions(t, admin, reader.User); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
	if after := pid(); after != before {
		t.Error("the connection was not kept")
	}
}

func TestTagAndTimeoutReachTheServer(t *testing.T) {
	db := open(t, sourcetest.Postgres(t).Config("postgres"))
	rows, err := db.Query(t.Context(), source.Statement{Tag: "q123", Timeout: 7 * time.Second, SQL: "SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('lock_timeout')"})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	f, err := frame.Read(t.Context(), rows, 10, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"assay:q123", "7s", "3s"}}, cells(f)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// cells returns a frame's values as text, nulls as "null".
func cells(f *frame.Frame) [][]string {
	rows := make([][]string, f.Rows())
	for r := range rows {
		for c := range f.Columns {
			v, ok := f.Cell(r, c)
			if !ok {
				v = []byte("null")
			}
			rows[r] = append(rows[r], string(v))
		}
	}
	return rows
}
