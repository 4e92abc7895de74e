package sqlite

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/app/frame"
	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

func TestPathsThatAreNoFile(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	rewrite(t, good, "CREATE TABLE t (v); INSERT INTO t VALUES (1)")
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut.db")
	if whole, err := os.ReadFile(good); err != nil || os.WriteFile(cut, whole[:4096], 0o600) != nil {
		t.Fatal(err)
	}
	before, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, want string }{
		{"", "names no file"},
		{":memory:", "plain path"},
		{"file:" + good, "plain path"},
		{"FILE:" + good + "?mode=rwc", "plain path"},
		{"file::memory:?cache=shared", "plain path"},
		{good + "\x00.db", "plain path"},
		{good + "?mode=rwc", "There is no file"},
		{good + "?mode=memory&cache=shared", "There is no file"},
		{good + "#x", "There is no file"},
		{filepath.Join(dir, "missing.db"), "There is no file"},
		{dir, "is a folder"},
		{os.DevNull, "not a regular file"},
		{"/dev/zero", "not a regular file"},
		{text, "not a SQLite database"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			db, err := New().Open(source.Config{Kind: "sqlite", Path: tt.path})
			if err == nil {
				defer db.Close()
				_, err = run(t.Context(), db, source.Statement{SQL: "SELECT * FROM t"})
				p, perr := db.Probe(t.Context())
				if perr != nil || p.OK || !strings.Contains(p.Problem, tt.want) {
					t.Errorf("the probe says %+v (%v)", p, perr)
				}
			}
			f := source.AsFailure(err)
			if f == nil || f.Code != source.Unreachable || !strings.Contains(f.Message, tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if f != nil && len(tt.path) > 10 && strings.Contains(f.Message, dir+"/") {
				t.Errorf("the message tells the whole path: %s", f.Message)
			}
		})
	}
	t.Run("cut short", func(t *testing.T) {
		_, err := run(t.Context(), openFile(t, cut), source.Statement{SQL: "SELECT * FROM t"})
		if f := source.AsFailure(err); f == nil {
			t.Errorf("got %v", err)
		}
	})
	after, err := os.ReadDir(dir)
	if err != nil || len(after) != len(before) {
		t.Errorf("%d files became %d (%v)", len(before), len(after), err)
	}
}

func TestOddFileNames(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain.db")
	rewrite(t, plain, "CREATE TABLE t (v); INSERT INTO t VALUES (7)")
	content, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"with space.db", "a?mode=rwc.db", "a#b.db", "100%41.db", "żółw 🐢.db", "quote'.db", "-dash.db"} {
		for _, immutable := range []string{"false", "true"} {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, content, 0o400); err != nil && !os.IsPermission(err) {
				t.Fatal(err)
			}
			db, err := New().Open(source.Config{Path: path, Options: map[string]string{"immutable": immutable}})
			if err != nil {
				t.Fatal(err)
			}
			f, err := run(t.Context(), db, source.Statement{SQL: "SELECT v FROM t"})
			if err != nil || texts(f)[0] != "7" {
				t.Errorf("%s, immutable %s: %v", name, immutable, err)
			}
			db.Close()
		}
	}
}

func TestUnknownOptions(t *testing.T) {
	for _, options := range []map[string]string{{"mode": "rwc"}, {"_pragma": "query_only(0)"}, {"immutable": "1;x"}, {"vfs": "memdb"}} {
		if _, err := New().Open(source.Config{Path: "x.db", Options: options}); source.AsFailure(err) == nil {
			t.Errorf("%v: got %v", options, err)
		}
	}
	if _, err := New().Open(source.Config{Kind: "postgres", Path: "x.db"}); source.AsFailure(err) == nil {
		t.Errorf("another kind: got %v", err)
	}
}

func TestSymbolicLinkIsFollowedToAFile(t *testing.T) {
	path := write(t, "CREATE TABLE t (v); INSERT INTO t VALUES (7)")
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if f, err := run(t.Context(), openFile(t, link), source.Statement{SQL: "SELECT v FROM t"}); err != nil || texts(f)[0] != "7" {
		t.Errorf("got %v", err)
	}
}

// TestWriterBeside has another program write while the file is open here, and then put another in its place.
func TestWriterBeside(t *testing.T) {
	for _, mode := range []string{"DELETE", "WAL"} {
		t.Run(mode, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data.db")
			writer, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer writer.Close()
			writer.SetMaxOpenConns(1)
			do := func(script string) {
				t.Helper()
				if _, err := writer.Exec(script); err != nil {
					t.Fatal(err)
				}
			}
			do("PRAGMA journal_mode = " + mode + "; CREATE TABLE t (v); INSERT INTO t VALUES (1)")
			db := openFile(t, path)
			count := func() string {
				t.Helper()
				f, err := run(t.Context(), db, source.Statement{SQL: "SELECT count(*) FROM t"})
				if err != nil {
					t.Fatal(err)
				}
				return texts(f)[0]
			}
			if got := count(); got != "1" {
				t.Errorf("%s rows, want 1", got)
			}
			do("INSERT INTO t VALUES (2)")
			if got := count(); got != "2" {
				t.Errorf("%s rows after another was written, want 2", got)
			}
			do("ALTER TABLE t ADD COLUMN w")
			if f, err := run(t.Context(), db, source.Statement{SQL: "SELECT w FROM t"}); err != nil || f.Rows() != 2 {
				t.Errorf("a new column: %v", err)
			}
		})
	}
	t.Run("locked", func(t *testing.T) {
		path := write(t, "CREATE TABLE t (v)")
		writer, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer writer.Close()
		writer.SetMaxOpenConns(1)
		if _, err := writer.Exec("BEGIN EXCLUSIVE"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		begun := time.Now()
		_, err = run(ctx, openFile(t, path), source.Statement{SQL: "SELECT * FROM t"})
		if f := source.AsFailure(err); f == nil || f.Code != source.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("waited %s for a lock, past its deadline", took)
		}
	})
	t.Run("replaced", func(t *testing.T) {
		path := write(t, "CREATE TABLE t (v); INSERT INTO t VALUES ('old')")
		other := write(t, "CREATE TABLE t (v); INSERT INTO t VALUES ('new')")
		db := openFile(t, path)
		for _, want := range []string{"old", "new"} {
			f, err := run(t.Context(), db, source.Statement{SQL: "SELECT v FROM t"})
			if err != nil || texts(f)[0] != want {
				t.Errorf("want %s: %v", want, err)
			}
			if want == "old" {
				if err := os.Rename(other, path); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestPoolWaits(t *testing.T) {
	db, err := New().Open(source.Config{Path: write(t, canary), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	held, err := db.Query(t.Context(), source.Statement{SQL: "SELECT * FROM canary"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := run(ctx, db, source.Statement{SQL: "SELECT 1"}); source.AsFailure(err) == nil || source.AsFailure(err).Code != source.DeadlineExceeded {
		t.Errorf("got %v while the one connection is in use", err)
	}
	held.Close()
	if _, err := run(t.Context(), db, source.Statement{SQL: "SELECT 1"}); err != nil {
		t.Errorf("after it was given back: %v", err)
	}
}

func TestClosedRows(t *testing.T) {
	db := openFile(t, write(t, canary))
	rows, err := db.Query(t.Context(), source.Statement{SQL: "SELECT * FROM canary"})
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
	var b frame.Batch
	if err := rows.Next(t.Context(), &b); err == nil {
		t.Error("closed rows go on")
	}
}

func TestCatalog(t *testing.T) {
	path := write(t, `
		CREATE TABLE parent (a INTEGER, b TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID;
		CREATE TABLE "Child" (id INTEGER PRIMARY KEY, x INT, y TEXT, z INT REFERENCES later, gone INT REFERENCES missing(id),
			total REAL GENERATED ALWAYS AS (x * 2) STORED, twice AS (x * 2), loose, FOREIGN KEY (y, x) REFERENCES PARENT);
		CREATE TABLE later (key INTEGER PRIMARY KEY, t TEXT NOT NULL DEFAULT 'x') STRICT;
		CREATE VIEW good AS SELECT id, x + 1 AS n FROM Child;
		CREATE VIEW broken AS SELECT * FROM nowhere;
		CREATE VIRTUAL TABLE words USING fts5(body);
		CREATE INDEX part ON "Child"(x) WHERE x > 1;
		INSERT INTO "Child" (id, x) VALUES (1, 1), (2, 2), (3, 3);
		ANALYZE;`)
	c, err := openFile(t, path).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, table := range c.Tables {
		names = append(names, table.Kind+" "+table.Name)
	}
	if diff := cmp.Diff([]string{"table Child", "view good", "table later", "table parent", "table words"}, names); diff != "" {
		t.Errorf("tables (-want +got)\n%s", diff)
	}
	good, _ := c.Find("good")
	if good.Columns[0].Kind != frame.Number || good.Columns[1].Kind != frame.Number || good.Columns[1].Type != "" {
		t.Errorf("the view's columns: %+v", good.Columns)
	}
	child, _ := c.Find("child")
	want := []source.ForeignKey{
		{Columns: []string{"z"}, Table: "later", References: []string{"key"}},
		{Columns: []string{"y", "x"}, Table: "parent", References: []string{"b", "a"}},
	}
	if diff := cmp.Diff(want, child.ForeignKeys); diff != "" {
		t.Errorf("foreign keys (-want +got)\n%s", diff)
	}
	var columns []string
	for _, col := range child.Columns {
		columns = append(columns, col.Name+":"+col.Type+":"+col.Kind.String())
	}
	if diff := cmp.Diff([]string{"id:integer:number", "x:int:number", "y:text:text", "z:int:number", "gone:int:number", "total:real:number", "twice::other", "loose::other"}, columns); diff != "" {
		t.Errorf("columns (-want +got)\n%s", diff)
	}
	if child.RowEstimate == nil || *child.RowEstimate < 2 || *child.RowEstimate > 3 {
		t.Errorf("estimate %v", child.RowEstimate)
	}
	parent, _ := c.Find("parent")
	if diff := cmp.Diff([]string{"a", "b"}, parent.PrimaryKey()); diff != "" || parent.Columns[0].Nullable {
		t.Errorf("key of a table without row numbers: nullable %v %s", parent.Columns[0].Nullable, diff)
	}
	if parent.RowEstimate != nil {
		t.Errorf("an estimate of a table without statistics: %d", *parent.RowEstimate)
	}
}

func TestDoubleQuotedText(t *testing.T) {
	db := openFile(t, write(t, canary))
	for _, tt := range []struct {
		sql, want string // "" for an error
	}{
		{`SELECT count(*) FROM canary WHERE city = "Oslo"`, "2"},
		{`SELECT count(*) FROM canary WHERE city IN ("Oslo", "Bergen") AND name <> "it's"`, "2"},
		{`SELECT count(*) FROM canary WHERE city LIKE "os%" AND at BETWEEN "2024-01-01" AND "2024-02-01"`, "1"},
		{`SELECT count(*) FROM canary WHERE city = "city"`, "3"},
		{`SELECT "nosuch" FROM canary`, ""},
		{`SELECT count(*) FROM canary WHERE "nosuch" = 'Oslo'`, ""},
		{`SELECT count(*) FROM canary GROUP BY "nosuch"`, ""},
	} {
		f, err := run(t.Context(), db, source.Statement{SQL: tt.sql})
		if tt.want == "" {
			if fl := source.AsFailure(err); fl == nil || fl.Code != source.DatabaseError || fl.Hint == "" {
				t.Errorf("%s: got %v, want an error with a hint", tt.sql, err)
			}
			continue
		}
		if err != nil || texts(f)[0] != tt.want {
			t.Errorf("%s: %v", tt.sql, err)
		}
	}
}

// TestFaultInsideTheLibrary lets the library follow a wild address, as a bug met by a hostile file might.
func TestFaultInsideTheLibrary(t *testing.T) {
	db := openFile(t, write(t, canary))
	opened, err := db.Query(t.Context(), source.Statement{SQL: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"})
	if err != nil {
		t.Fatal(err)
	}
	r := opened.(*rows)
	r.stmt.p = 1 << 44
	var b frame.Batch
	for err == nil {
		err = r.Next(t.Context(), &b)
	}
	if f := source.AsFailure(err); f == nil || !strings.Contains(f.Message, "engine failed") {
		t.Errorf("got %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := run(t.Context(), db, source.Statement{SQL: "SELECT count(*) FROM canary"}); err != nil {
		t.Errorf("the pool is lost with it: %v", err)
	}
}
