package sqlite

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/app/frame"
	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

// canary is the file that no attack may change.
const canary = `
	CREATE TABLE canary (id INTEGER PRIMARY KEY, name TEXT, city TEXT, amount DECIMAL(10,2), at DATETIME, doc JSON, raw BLOB);
	INSERT INTO canary VALUES
		(1, 'one', 'Oslo', 1.5, '2024-01-31 10:00:00', '{"a":[1,2]}', x'00'),
		(2, 'two', 'Bergen', 2.5, '2024-02-29 11:30:00', '{"b":2}', NULL),
		(3, NULL, 'Oslo', -3, '2024-03-31', NULL, NULL);
	CREATE TABLE "order" ("group" INTEGER, "select" TEXT);
	CREATE TABLE towns_seen (n INTEGER);
	CREATE VIEW towns AS SELECT city, count(*) AS n, sum(amount) AS total FROM canary GROUP BY city;
	CREATE VIRTUAL TABLE words USING fts5(body);
	INSERT INTO words VALUES ('the quick brown fox'), ('a lazy dog');
	CREATE VIRTUAL TABLE boxes USING rtree(id, x1, x2);
	INSERT INTO boxes VALUES (1, 0, 10), (2, 20, 30);
	CREATE TRIGGER canary_insert AFTER INSERT ON canary BEGIN DELETE FROM canary; END;`

var attacks = []string{
	"DELETE FROM canary",
	"delete/**/from canary where 1=1",
	"UPDATE canary SET name = 'x'",
	"UPDATE OR REPLACE canary SET id = 1",
	"INSERT INTO canary (id) VALUES (9)",
	"INSERT INTO canary DEFAULT VALUES",
	"INSERT INTO canary (id) VALUES (9) RETURNING id",
	"INSERT INTO canary (id) SELECT 9",
	"REPLACE INTO canary (id) VALUES (1)",
	"WITH x AS (SELECT 1) DELETE FROM canary",
	"WITH x AS (SELECT 9 AS a) INSERT INTO canary (id) SELECT a FROM x",
	"WITH RECURSIVE x(a) AS (SELECT 1) UPDATE canary SET name = 'x' FROM x RETURNING *",
	"DROP TABLE canary",
	"DROP TABLE IF EXISTS main.canary",
	"DROP VIEW towns",
	"DROP TRIGGER canary_insert",
	"CREATE TABLE evil (a)",
	"CREATE TEMP TABLE evil (a)",
	"CREATE TABLE evil AS SELECT * FROM canary",
	"CREATE TEMPORARY VIEW v AS SELECT 1",
	"CREATE VIEW evil AS SELECT 1",
	"CREATE INDEX evil ON canary (name)",
	"CREATE TRIGGER evil AFTER INSERT ON canary BEGIN SELECT 1; END",
	"CREATE VIRTUAL TABLE evil USING fts5(a)",
	"CREATE VIRTUAL TABLE temp.evil USING fts5vocab('main', 'words', 'row')",
	"CREATE VIRTUAL TABLE evil USING rtree(id, a, b)",
	"ALTER TABLE canary RENAME TO gone",
	"ALTER TABLE canary ADD COLUMN evil",
	"ALTER TABLE canary DROP COLUMN name",
	"ATTACH 'evil.db' AS evil",
	"ATTACH DATABASE 'file:evil.db?mode=rwc' AS evil",
	"ATTACH ':memory:' AS evil",
	"DETACH main",
	"VACUUM",
	"VACUUM INTO 'evil.db'",
	"VACUUM main INTO 'evil.db'",
	"REINDEX",
	"ANALYZE",
	"ANALYZE canary",
	"PRAGMA query_only = 0",
	"PRAGMA query_only(0)",
	"PRAGMA main.user_version = 7",
	"PRAGMA writable_schema = ON",
	"PRAGMA journal_mode = WAL",
	"PRAGMA temp_store_directory = '/tmp'",
	"PRAGMA trusted_schema = 1",
	"PRAGMA wal_checkpoint(TRUNCATE)",
	"PRAGMA optimize",
	"PRAGMA table_info(canary)",
	"PRAGMA schema_version = 1",
	"PRAGMA key = 'x'",
	"BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a",
	"EXPLAIN DELETE FROM canary",
	"EXPLAIN QUERY PLAN DROP TABLE canary",
	"EXPLAIN ATTACH 'evil.db' AS evil",
	"SELECT 1; DELETE FROM canary",
	"SELECT 1; SELECT 2",
	"SELECT 1 /* ; */ ; /* x */ VACUUM",
	"SELECT 1 --\n; DROP TABLE canary",
	";;DELETE FROM canary",
	"SELECT load_extension('evil')",
	"SELECT load_extension('evil', 'init')",
	`SELECT "load_extension"('evil')`,
	"SELECT [LOAD_EXTENSION]('evil')",
	"SELECT writefile('evil.txt', 'x')",
	"SELECT readfile('/etc/passwd')",
	"SELECT edit('x')",
	"SELECT fts3_tokenizer('simple')",
	"SELECT fts3_tokenizer('simple', x'4141414141414141')",
	"SELECT sqlite_log(1, 'x')",
	"SELECT sqlite_offset(id) FROM canary",
	"SELECT sqlite_compileoption_get(1)",
	"SELECT geopoly_debug(1)",
	"SELECT rtreecheck('boxes')",
	"SELECT zeroblob(100000000)",
	"SELECT randomblob(1 << 30)",
	"SELECT randomblob(id * 1000000000) FROM canary",
	"SELECT hex(zeroblob(?1))",
	"SELECT * FROM sqlite_dbpage",
	"SELECT data FROM sqlite_dbpage('main')",
	"SELECT * FROM dbstat",
	"SELECT * FROM main.dbstat",
	"SELECT * FROM sqlite_temp_master",
	"SELECT * FROM temp.canary",
	"SELECT * FROM evil.canary",
	"SELECT * FROM pragma_query_only(0)",
	"SELECT * FROM pragma_journal_mode('wal')",
	"SELECT * FROM pragma_database_list",
	"SELECT * FROM pragma_compile_options",
	"SELECT * FROM pragma_user_version",
	"SELECT 1 WHERE 1 IN pragma_database_list",
	"SELECT 1 WHERE 1 IN load_extension('evil')",
	"SELECT * FROM fsdir('/')",
	"SELECT * FROM csv('x')",
	"SELECT (SELECT load_extension('evil')) FROM canary",
	"SELECT id FROM canary ORDER BY load_extension('evil')",
	"SELECT id FROM canary GROUP BY load_extension('evil')",
	"SELECT id FROM canary LIMIT load_extension('evil')",
	"SELECT count(*) FILTER (WHERE load_extension('evil')) FROM canary",
	"SELECT sum(id) OVER (PARTITION BY load_extension('evil')) FROM canary",
	"SELECT sum(id) OVER w FROM canary WINDOW w AS (ORDER BY load_extension('evil'))",
	"SELECT group_concat(id ORDER BY load_extension('evil')) FROM canary",
	"SELECT CASE WHEN 1 THEN load_extension('evil') END",
	"VALUES (load_extension('evil'))",
	"WITH x AS (SELECT load_extension('evil')) SELECT 1",
	"SELECT * FROM canary JOIN canary b ON load_extension('evil')",
	"SELECT * FROM json_each(load_extension('evil'))",
	"SELECT RAISE(ABORT, 'x')",
	"SELECT :name", "SELECT @name", "SELECT $name",
	"SELECT 1\x00; DROP TABLE canary",
	"SELECT '\xff'",
	"", "   ", ";", "-- nothing", "/* nothing */",
	"SELEC 1", "SELECT FROM", "SELECT 'open", "SELECT 1 /", "COPY canary TO 'x'", "LOAD x", ".shell ls", "SHOW TABLES", "SET x = 1", "CALL f()", "DO 1", "GRANT ALL",
}

var reads = []string{
	"SELECT count(*) FROM words WHERE words MATCH 'qui' || '*' AND body MATCH '\"lazy dog\" OR fox'",
	"SELECT json_patch(doc, '{\"x\": 1}'), json_patch('{}', doc), json_pretty('{}', '  '), unhex('41 42', ' ') FROM canary",
	"SELECT instr(city, 's'), replace(city, 'O', ''), trim(city, 'Oo'), ltrim(name), rtrim(name, 'e'), city GLOB '[A-O]*o', glob('*', city) FROM canary",
	"SELECT 1", "SELECT 1;", "  select 1 ; -- done", "/* first */ SELECT /* second */ 1 -- third",
	"SELECT 'DELETE FROM canary; DROP TABLE canary'",
	"SELECT '-- not a comment', '/* nor this */', 'it''s', '\\'",
	`SELECT "group", "select" FROM "order"`, "SELECT [group], `select` FROM [order]",
	"SELECT name AS \"delete\" FROM canary", "SELECT replace(name, 'o', '0') FROM canary",
	"VALUES (1, 'a'), (2, 'b')", "SELECT * FROM (VALUES (1), (2))",
	"SELECT * FROM canary", "SELECT main.canary.id FROM main.canary", "SELECT c.* FROM canary AS c",
	"SELECT * FROM towns ORDER BY total DESC NULLS LAST",
	"SELECT city, count(*), sum(amount), avg(amount), min(at), max(at), total(amount) FROM canary GROUP BY city HAVING count(*) > 0 ORDER BY 2 DESC, 1 LIMIT 10 OFFSET 0",
	"SELECT count(DISTINCT city), group_concat(DISTINCT city), string_agg(city, '|' ORDER BY city) FROM canary",
	"SELECT count(*) FILTER (WHERE city = 'Oslo') FROM canary",
	"SELECT city, sum(amount) OVER (PARTITION BY city ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE NO OTHERS) FROM canary",
	"SELECT row_number() OVER w, rank() OVER w, dense_rank() OVER w, ntile(4) OVER w, lag(id, 1, 0) OVER w, lead(id) OVER w, first_value(id) OVER w, last_value(id) OVER w, nth_value(id, 2) OVER w, percent_rank() OVER w, cume_dist() OVER w FROM canary WINDOW w AS (ORDER BY amount)",
	"SELECT sum(amount) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING), sum(amount) OVER (ORDER BY id GROUPS 1 PRECEDING) FROM canary",
	"WITH a AS (SELECT 1 AS x), b AS MATERIALIZED (SELECT x + 1 AS y FROM a), c AS NOT MATERIALIZED (SELECT 3 AS z) SELECT * FROM a, b, c",
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n",
	"WITH RECURSIVE n(i) AS (VALUES (1) UNION SELECT i + 1 FROM n LIMIT 5) SELECT * FROM n",
	"SELECT 1 UNION SELECT 2 UNION ALL SELECT 3 INTERSECT SELECT 3 EXCEPT SELECT 4 ORDER BY 1",
	"SELECT a.id, b.id FROM canary a JOIN canary b USING (id) LEFT JOIN canary c ON c.id = a.id AND c.city = 'Oslo'",
	"SELECT * FROM canary a CROSS JOIN canary b NATURAL JOIN canary c", "SELECT * FROM canary a RIGHT JOIN canary b ON a.id = b.id + 1", "SELECT * FROM canary a FULL OUTER JOIN canary b ON a.id = b.id + 1",
	"SELECT * FROM canary WHERE id IN (SELECT id FROM canary WHERE city = 'Oslo') AND EXISTS (SELECT 1 FROM canary) AND NOT EXISTS (SELECT 1 FROM canary WHERE id = 9)",
	"SELECT * FROM canary WHERE (id, city) IN (VALUES (1, 'Oslo'))", "SELECT * FROM canary WHERE (id, city) = (1, 'Oslo')", "SELECT (SELECT max(id) FROM canary) AS top",
	"SELECT * FROM canary WHERE name LIKE 'o%' ESCAPE '!' OR name GLOB 'o*' OR name NOT LIKE '%x%' OR name REGEXP '^o.e$'",
	"SELECT * FROM canary WHERE amount BETWEEN 1 AND 2 AND amount NOT BETWEEN 5 AND 6 AND name IS NOT NULL AND name NOTNULL AND doc ISNULL OR name NOT NULL",
	"SELECT id IS DISTINCT FROM 1, id IS NOT DISTINCT FROM 1, id IS NOT 1, id == 1, id != 1, id <> 1 FROM canary",
	"SELECT CASE city WHEN 'Oslo' THEN 1 ELSE 0 END, CASE WHEN amount > 0 THEN 'up' WHEN amount < 0 THEN 'down' END, iif(id > 1, 'a', 'b') FROM canary",
	"SELECT CAST(amount AS INTEGER), CAST(id AS VARCHAR(20)), CAST(id AS DECIMAL(10, 2)), CAST(id AS UNSIGNED BIG INT) FROM canary",
	"SELECT name COLLATE NOCASE FROM canary ORDER BY name COLLATE NOCASE DESC",
	"SELECT -1, +1, ~1, NOT 1, 1 << 2, 8 >> 1, 5 & 3, 5 | 3, 7 % 4, 'a' || 'b', 1.5e3, .5, 0xFF, 1_000, x'41'",
	"SELECT date('now'), time('now'), datetime('now', 'localtime', '+1 day'), julianday('2024-01-01'), unixepoch('2024-01-01'), strftime('%Y-%W', at), timediff('2024-02-01', '2024-01-01'), CURRENT_DATE, CURRENT_TIME, CURRENT_TIMESTAMP FROM canary",
	"SELECT date(at, 'start of month', '+1 month', '-1 day') FROM canary",
	"SELECT abs(-1), round(1.55, 1), ceil(1.2), floor(1.8), trunc(1.5), mod(5, 3), sqrt(2), pow(2, 3), power(2, 3), exp(1), ln(2), log(10), log10(100), log2(8), log(2, 8), pi(), degrees(1), radians(1), sin(1), cos(1), tan(1), asin(1), acos(1), atan(1), atan2(1, 2), sinh(1), cosh(1), tanh(1), sign(-2), min(1, 2), max(1, 2), random() IS NULL",
	"SELECT length('a'), octet_length('ä'), lower('A'), upper('a'), trim(' a '), ltrim('xa', 'x'), rtrim('ax', 'x'), substr('abc', 2), substring('abc', 1, 2), instr('abc', 'b'), char(65, 66), unicode('A'), hex('a'), unhex('61'), quote('a'), printf('%05d', 3), format('%.2f', 1.5), concat('a', 1), concat_ws('-', 'a', 'b'), soundex('a'), glob('a*', 'abc'), like('a%', 'abc'), typeof(1), coalesce(NULL, 1), ifnull(NULL, 1), nullif(1, 1), likely(1), zeroblob(10), length(randomblob(16))",
	"SELECT json_extract(doc, '$.a[0]'), doc -> '$.a', doc ->> 'b', json_type(doc), json_valid(doc), json_array(1, 2), json_object('a', 1), json_array_length(doc, '$.a'), json_set(doc, '$.c', 1), json_quote('a'), json_pretty(doc) FROM canary",
	"SELECT c.id, e.key, e.value FROM canary c, json_each(c.doc) AS e", "SELECT t.fullkey FROM canary c JOIN json_tree(c.doc, '$.a') t ON 1", "SELECT json_group_array(id), json_group_object(id, city) FROM canary",
	"SELECT name, sql FROM sqlite_schema WHERE type = 'table'", "SELECT name FROM sqlite_master", "SELECT name, type FROM pragma_table_info('canary')", "SELECT l.name, i.name FROM pragma_table_list AS l, pragma_table_xinfo(l.name) AS i WHERE l.name = 'canary'", "SELECT * FROM pragma_foreign_key_list('canary')",
	"SELECT body FROM words WHERE words MATCH 'fox'", "SELECT highlight(words, 0, '<', '>'), bm25(words), snippet(words, 0, '', '', '…', 3) FROM words WHERE words MATCH 'quick OR dog' ORDER BY rank",
	"SELECT id FROM boxes WHERE x1 >= 5 AND x2 <= 40",
	"EXPLAIN SELECT * FROM canary", "EXPLAIN QUERY PLAN SELECT * FROM canary WHERE id = 1",
	"SELECT ?1, ?2, ?1", "SELECT * FROM canary WHERE id = ? AND city = ?",
	"SELECT ALL id FROM canary", "SELECT DISTINCT city, amount > 0 FROM canary", "SELECT * FROM canary INDEXED BY sqlite_autoindex_x WHERE 0", "SELECT * FROM canary NOT INDEXED",
	"SELECT 1 WHERE 1 IN towns_seen", "SELECT 1 IN ()", "SELECT * FROM canary LIMIT 2, 1", "SELECT * FROM canary ORDER BY amount ASC NULLS FIRST",
	"SELECT * FROM canary WHERE city = \"Oslo\"", "SELECT 1 AS żółw, 2 AS \"🐢\"", "SELECT id FROM canary WHERE id=1--comment", "\ufeffSELECT 1",
	"SELECT max(id) FROM canary WHERE EXISTS (WITH x AS (SELECT 1) SELECT * FROM x)", "SELECT ((((((((((1))))))))))",
	"SELECT sqlite_version(), sum(id) + total_changes() FROM canary", "SELECT 'a' -- x\n 'b'", "SELECT * FROM (canary JOIN towns USING (city))",
}

func TestGuardRefuses(t *testing.T) {
	for _, sql := range attacks {
		c, err := New().Guard(sql, source.Policy{Functions: []string{"load_extension", "main.load_extension"}})
		f := source.AsFailure(err)
		if f == nil {
			t.Errorf("%q passes as %q", sql, c.SQL)
			continue
		}
		if f.Message == "" || f.Code != source.Refused && f.Code != source.DatabaseError {
			t.Errorf("%q: %+v", sql, f)
		}
	}
}

func TestGuardSaysWhatAndWhere(t *testing.T) {
	for _, tt := range []struct {
		sql  string
		want source.Failure
	}{
		{"DELETE FROM canary", source.Failure{Code: source.Refused, Message: "DELETE is not allowed: questions can only read", Position: 1}},
		{"  VACUUM INTO 'x'", source.Failure{Code: source.Refused, Message: "VACUUM is not allowed: questions can only read", Position: 3}},
		{"EXPLAIN DROP TABLE a", source.Failure{Code: source.Refused, Message: "DROP is not allowed: questions can only read", Position: 9}},
		{"SELECT 'ż', load_extension('x')", source.Failure{Code: source.Refused, Message: "The function load_extension is not on the list of functions that only read", Position: 13}},
		{"SELECT 1; SELECT 2", source.Failure{Code: source.Refused, Message: "One statement at a time: a second one begins here", Position: 11}},
		{"SELECT * FROM sqlite_dbpage", source.Failure{Code: source.Refused, Message: "sqlite_dbpage shows the inside of the engine and is not allowed", Position: 15}},
		{"SELECT * FROM other.t", source.Failure{Code: source.Refused, Message: "There is no schema other: a SQLite connection has one, called main", Position: 15}},
		{"SELECT zeroblob(5000000)", source.Failure{Code: source.Refused, Message: "The function zeroblob is only allowed with a plain number up to 1000000", Position: 8}},
		{"SELECT RAISE(IGNORE)", source.Failure{Code: source.Refused, Message: "Raise is not allowed: questions can only read", Position: 8}},
		{"SELECT :x", source.Failure{Code: source.Refused, Message: "The parameter :x is not allowed: write parameters as ?1, ?2", Position: 8}},
		{"", source.Failure{Code: source.Refused, Message: "There is no statement: write a SELECT"}},
		{"SELECT 'ż' FROM WHERE", source.Failure{Code: source.DatabaseError, Message: `near "WHERE": syntax error`, Position: 17, State: "SQLITE_ERROR"}},
	} {
		_, err := New().Guard(tt.sql, source.Policy{})
		f := source.AsFailure(err)
		if f == nil {
			t.Errorf("%q passes", tt.sql)
			continue
		}
		got := *f
		got.Err = nil
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", tt.sql, diff)
		}
	}
}

// TestGuardPasses also runs what passed, so that the list holds nothing the
// engine itself would not read, and the authorizer nothing it needs.
func TestGuardPasses(t *testing.T) {
	db := openFile(t, write(t, canary))
	for _, sql := range reads {
		c, err := New().Guard(sql, source.Policy{})
		if err != nil {
			t.Errorf("%q: %v", sql, err)
			continue
		}
		again, err := New().Guard(c.SQL, source.Policy{})
		if err != nil || again.SQL != c.SQL {
			t.Errorf("%q is printed as %q and then as %q (%v)", sql, c.SQL, again.SQL, err)
		}
		if strings.Contains(c.SQL, "comment") && !strings.Contains(sql, "'") {
			t.Errorf("%q keeps its comment: %q", sql, c.SQL)
		}
		args := make([]source.Arg, strings.Count(sql, "?")-strings.Count(sql, "?1, ?2, ?1"))
		for i := range args {
			args[i] = source.Arg{Kind: frame.Number, Text: "1"}
		}
		_, err = run(t.Context(), db, source.Statement{SQL: c.SQL, Args: args})
		if err != nil && !strings.Contains(err.Error(), "no such index") && !strings.Contains(err.Error(), "no query solution") {
			t.Errorf("%q does not run: %v", c.SQL, err)
		}
	}
}

// TestAttacksOnTheEngine sends every attack past the guard: the walls behind it must hold alone.
func TestAttacksOnTheEngine(t *testing.T) {
	path := write(t, canary)
	t.Chdir(filepath.Dir(path))
	db := openFile(t, path)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range attacks {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		begun := time.Now()
		run(ctx, db, source.Statement{SQL: sql})
		cancel()
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%q ran for %s", sql, took)
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(before, after) {
			t.Fatalf("%q changed the file (%v)", sql, err)
		}
		files, err := os.ReadDir(".")
		if err != nil || len(files) != 1 {
			t.Fatalf("%q left files behind: %v (%v)", sql, files, err)
		}
		f, err := run(t.Context(), db, source.Statement{SQL: "SELECT (SELECT count(*) FROM canary), (SELECT group_concat(name) FROM pragma_table_list WHERE schema <> 'main' AND name NOT LIKE 'sqlite%')"})
		if err != nil || f.Rows() != 1 {
			t.Fatalf("after %q: %v", sql, err)
		}
		if n, ok := f.Float(0, 0); !ok || n != 3 {
			t.Fatalf("after %q there are %v rows", sql, n)
		}
		if v, ok := f.Cell(0, 1); ok {
			t.Fatalf("%q left %s on the connection", sql, v)
		}
	}
}

func TestGuardTables(t *testing.T) {
	c, err := New().Guard(`WITH x AS (SELECT 1) SELECT * FROM x, canary c, main."order", canary WHERE c.id IN towns AND EXISTS (SELECT 1 FROM json_each('[]'))`, source.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	want := []source.Name{{Name: "canary"}, {Schema: "main", Name: "order"}, {Name: "towns"}}
	if diff := cmp.Diff(want, c.Tables); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if c.Explain {
		t.Error("said to be an EXPLAIN")
	}
	if c, err := New().Guard("explain query plan select 1", source.Policy{}); err != nil || !c.Explain {
		t.Errorf("not said to be an EXPLAIN: %+v %v", c, err)
	}
}

func TestGuardLimits(t *testing.T) {
	for name, sql := range map[string]string{
		"parentheses":   "SELECT " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000),
		"unclosed":      "SELECT " + strings.Repeat("(", 100_000),
		"subqueries":    strings.Repeat("SELECT (", 5000) + "1" + strings.Repeat(")", 5000),
		"minus":         "SELECT " + strings.Repeat("- ", 100_000) + "1",
		"not":           "SELECT " + strings.Repeat("NOT ", 60_000) + "1",
		"case":          "SELECT " + strings.Repeat("CASE WHEN 1 THEN ", 10_000) + "1" + strings.Repeat(" END", 10_000),
		"sum of ones":   "SELECT 1" + strings.Repeat("+1", 100_000),
		"length":        "SELECT '" + strings.Repeat("x", 300<<10) + "'",
		"likes":         "SELECT 1" + strings.Repeat(" LIKE 1", 30_000),
		"joined tables": "SELECT 1 FROM " + strings.Repeat("(", 50_000) + "a",
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			c, err := New().Guard(sql, source.Policy{})
			if err == nil {
				t.Errorf("%d characters pass as %d", len(sql), len(c.SQL))
			}
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
	long := "SELECT * FROM canary WHERE id IN (" + strings.Repeat("1, ", 20_000) + "2) OR " + strings.Repeat("id = 1 OR ", 400) + "id = 2"
	c, err := New().Guard(long, source.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), openFile(t, write(t, canary)), source.Statement{SQL: c.SQL}); err != nil {
		t.Errorf("a long but flat statement does not run: %v", err)
	}
}

// FuzzGuard checks that what passes passes again unchanged and is a read.
func FuzzGuard(f *testing.F) {
	for _, sql := range append(append([]string{}, attacks...), reads...) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		c, err := New().Guard(sql, source.Policy{})
		if err != nil {
			if source.AsFailure(err) == nil {
				t.Fatalf("%q: %v is no failure", sql, err)
			}
			return
		}
		again, err := New().Guard(c.SQL, source.Policy{})
		if err != nil || again.SQL != c.SQL {
			t.Fatalf("%q is printed as %q and then as %q (%v)", sql, c.SQL, again.SQL, err)
		}
		first, _, _ := strings.Cut(strings.ToUpper(c.SQL), " ")
		switch strings.TrimRight(first, "(") {
		case "SELECT", "WITH", "VALUES", "EXPLAIN":
		default:
			t.Fatalf("%q passes as %q", sql, c.SQL)
		}
	})
}

func openFile(t testing.TB, path string) source.DB {
	t.Helper()
	db, err := New().Open(source.Config{Kind: "sqlite", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func run(ctx context.Context, db source.DB, s source.Statement) (*frame.Frame, error) {
	rows, err := db.Query(ctx, s)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return frame.Read(ctx, rows, 1<<20, 1<<28)
}
