package sqlite

import (
	"strings"
	"testing"

	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

// TestWallLetsPassWhatRulesDo asks every statement of the corpus with the wall and without.
func TestWallLetsPassWhatRulesDo(t *testing.T) {
	db := openFile(t, write(t, bypassFull))
	policy := source.Policy{Tables: resolveBeside(t, db)}
	answered := 0
	for _, block := range strings.Split(bypassCorpus, "\n-- ")[1:] {
		name, sql, _ := strings.Cut(block, "\n")
		checked, err := New().Guard(sql, policy)
		if err != nil {
			continue
		}
		free, err := run(t.Context(), db, source.Statement{SQL: checked.SQL})
		if err != nil {
			continue
		}
		answered++
		walled, err := run(t.Context(), db, source.Statement{SQL: checked.SQL, Only: append([]source.Name{}, checked.Tables...)})
		if err != nil {
			t.Errorf("%s: %v\nsent: %s", name, err, checked.SQL)
			continue
		}
		if diff := cmp.Diff(texts(free), texts(walled)); diff != "" && !strings.Contains(strings.ToLower(sql), "random") {
			t.Errorf("%s (-without +with)\n%s", name, diff)
		}
	}
	if answered < 100 {
		t.Errorf("%d statements were answered", answered)
	}
}

func TestWallRefusesWhatIsNotNamed(t *testing.T) {
	path := write(t, bypassFull)
	db := openFile(t, path)
	only := func(names ...string) (list []source.Name) {
		for _, n := range names {
			list = append(list, source.Name{Name: n})
		}
		return list
	}
	for _, tt := range []struct {
		sql  string
		only []source.Name
		ok   bool
	}{
		{`SELECT name FROM "main"."products"`, only("Products"), true},
		{`SELECT count(*) FROM json_each('[1]'), "main"."products"`, only("products"), true},
		{`SELECT body FROM docs WHERE docs MATCH 'fox'`, only("docs"), true},
		{`SELECT name FROM product_names`, only("product_names"), true},
		{`SELECT id FROM places WHERE x1 > 5`, only("places"), true},
		{`SELECT name FROM cheap`, only("cheap"), true},
		{`SELECT term FROM memos_words`, only("memos_words"), true},
		{`SELECT email FROM orders`, only("products"), false},
		{`SELECT count(*) FROM orders`, only("products"), false},
		{`SELECT rowid FROM orders`, only("products"), false},
		{`SELECT name FROM products WHERE EXISTS (SELECT 1 FROM orders)`, only("products"), false},
		{`SELECT name FROM cheap`, only("products"), false},
		{`SELECT email FROM orders_view`, only("orders"), false},
		{`WITH orders AS (SELECT 1) SELECT count(*) FROM "main"."orders"`, only("products"), false},
		{`WITH orders AS (SELECT 1) SELECT count(*) FROM orders`, only("products"), true},
		{`SELECT body FROM memos`, only("docs"), false},
		{`SELECT c0 FROM memos_content`, only("docs"), false},
		{`SELECT note FROM orders_search`, only("docs"), false},
		{`SELECT sql FROM sqlite_schema`, only("docs"), false},
		{`SELECT name FROM pragma_table_info('orders')`, only("docs"), false},
		{`SELECT 1`, []source.Name{}, true},
		{`SELECT total FROM orders`, []source.Name{}, false},
	} {
		// Without a wall first, so that what the engine keeps for the connection is there.
		if _, err := run(t.Context(), db, source.Statement{SQL: tt.sql}); err != nil {
			t.Fatalf("%s: %v", tt.sql, err)
		}
		_, err := run(t.Context(), db, source.Statement{SQL: tt.sql, Only: tt.only})
		if f := source.AsFailure(err); tt.ok && err != nil || !tt.ok && (f == nil || f.Code != source.Refused || strings.Contains(f.Message, "HIDDEN")) {
			t.Errorf("%s, only %v: %v", tt.sql, tt.only, err)
		}
		if _, err := run(t.Context(), db, source.Statement{SQL: tt.sql}); err != nil {
			t.Errorf("%s: the wall stays: %v", tt.sql, err)
		}
	}
}

// TestWallSeesThroughKeptStatements replaces what a search keeps its texts in by a view.
func TestWallSeesThroughKeptStatements(t *testing.T) {
	path := write(t, bypassFull)
	db := openFile(t, path)
	const sql = "SELECT body FROM docs"
	if _, err := run(t.Context(), db, source.Statement{SQL: sql}); err != nil {
		t.Fatal(err)
	}
	rewrite(t, path, `DROP TABLE docs_content; CREATE VIEW docs_content AS SELECT id AS rowid, id, email AS c0 FROM orders;`)
	if f, err := run(t.Context(), db, source.Statement{SQL: sql}); err != nil || !strings.Contains(strings.Join(texts(f), " "), "HIDDEN") {
		t.Fatalf("the search does not read the view: %v", err)
	}
	_, err := run(t.Context(), db, source.Statement{SQL: sql, Only: []source.Name{{Name: "docs"}}})
	if f := source.AsFailure(err); f == nil {
		t.Errorf("got %v", err)
	}
	c, err := db.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if table, ok := c.Find("docs"); !ok || table.Kind != "virtual table" {
		t.Errorf("the catalog tells of %+v", table)
	}
}

// TestSchemaChangesBeforeAStatement changes the file behind an open connection,
// which finds out in the first step of the statement after.
func TestSchemaChangesBeforeAStatement(t *testing.T) {
	for _, tt := range []struct{ change, want string }{
		{"ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'new'; ALTER TABLE t ADD COLUMN d", "a,b,c,d: 1 x new ∅ 2 y new ∅"},
		{"ALTER TABLE t DROP COLUMN b", "a: 1 2"},
		{"ALTER TABLE t RENAME COLUMN b TO other", "a,other: 1 x 2 y"},
		{"DROP TABLE t; CREATE VIEW t AS SELECT 7 AS p, 8 AS q, 'z' AS r", "p,q,r: 7 8 z"},
		{"ALTER TABLE t ADD COLUMN c; DELETE FROM t", "a,b,c: "},
	} {
		path := write(t, "CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y')")
		db := openFile(t, path)
		if _, err := run(t.Context(), db, source.Statement{SQL: "SELECT * FROM t"}); err != nil {
			t.Fatal(err)
		}
		rewrite(t, path, tt.change)
		f, err := run(t.Context(), db, source.Statement{SQL: "SELECT * FROM t"})
		if err != nil {
			t.Errorf("%s: %v", tt.change, err)
			continue
		}
		var names []string
		for _, c := range f.Columns {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, ",") + ": " + strings.Join(texts(f), " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.change, got, tt.want)
		}
	}
}
