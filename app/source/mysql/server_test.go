package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

// open opens a pool that ends with the test.
func open(t *testing.T, c source.Config) source.DB {
	t.Helper()
	db, err := New().Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// texts guards and runs a statement and returns its headings and rows.
func texts(t *testing.T, db source.DB, statement string, args ...source.Arg) ([]frame.Column, [][]string, error) {
	t.Helper()
	checked, err := New().Guard(statement, source.Policy{})
	if err != nil {
		return nil, nil, err
	}
	return rawTexts(t, db, source.Statement{SQL: checked.SQL, Args: args, Timeout: 20 * time.Second})
}

func rawTexts(t *testing.T, db source.DB, s source.Statement) ([]frame.Column, [][]string, error) {
	t.Helper()
	rows, err := db.Query(t.Context(), s)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	f, err := frame.Read(t.Context(), rows, 10_000, 1<<24)
	if err != nil {
		return nil, nil, err
	}
	all := make([][]string, f.Rows())
	for r := range all {
		for c := range f.Columns {
			v, ok := f.Cell(r, c)
			if !ok {
				v = []byte("NULL")
			}
			all[r] = append(all[r], string(v))
		}
	}
	return f.Columns, all, nil
}

const sample = `
CREATE TABLE t (a int PRIMARY KEY, b int, c varchar(20), d date, x double, j json, p point);
INSERT INTO t VALUES (1, 10, 'one', '2024-01-31', 1.5, '{"k": [1, 2]}', POINT(1, 2)), (2, -7, 'Two', '2024-02-29', 0.1, '{"k": []}', POINT(0, 0)),
  (3, NULL, 'it''s', '2024-12-30', -2, NULL, NULL), (4, 10, 'four\\', NULL, NULL, '[]', NULL);
CREATE TABLE u (a int, n int, KEY i (n)); INSERT INTO u VALUES (1, 5), (1, 6), (3, 7);
CREATE TABLE canary (a int); INSERT INTO canary VALUES (42);
CREATE FUNCTION meddle() RETURNS int MODIFIES SQL DATA BEGIN UPDATE canary SET a = 0; RETURN 1; END;
CREATE PROCEDURE wreck() BEGIN COMMIT; UPDATE canary SET a = 0; COMMIT; END;
CREATE SEQUENCE s;
CREATE VIEW meddling AS SELECT meddle() AS m;
CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 1);
`

// TestPrintedMeansTheSame runs reads as they were written and as they are
// printed on the server: rows and headings must be the same.
func TestPrintedMeansTheSame(t *testing.T) {
	server := sourcetest.MariaDB(t)
	admin, _ := server.NewDatabase(t, sample)
	db := open(t, admin)
	ran := 0
	for _, statement := range []string{
		"SELECT COUNT(*), count(b), SUM(b)/COUNT(*), AVG(x) FROM t",
		"SELECT a+1, a*2-b % 3, -a, - -a, NOT a, !a, ~a & 255, a DIV 2, 7 MOD a, MOD(a+3, 2*2), a ^ 1, a << 2 FROM t ORDER BY a",
		"SELECT 'x', \"y\", 'it''s', 'a\\\\b', 'a' 'b', 'tab\\t', '\\%', N'n', x'41', _utf8'é' FROM t",
		"SELECT 0x41, 0x41 + 0",
		"SELECT 1.50, .5, 1e3, 12345678901234567890123, 1/3, 10/3*3, 5 DIV 2, 1e-9",
		"SELECT c LIKE '%o%', c LIKE 'four\\\\\\\\', c REGEXP '^t', c SOUNDS LIKE 'won', c IN ('one', 'two'), c BETWEEN 'a' AND 'p' FROM t ORDER BY a",
		"SELECT a = 1 = 1, (a = 1) = 0, a <=> NULL, a IS NULL, b IS NOT UNKNOWN, a XOR 1, a && b, a || 0 FROM t ORDER BY a",
		"SELECT d + INTERVAL 1 MONTH, DATE_SUB(d, INTERVAL a DAY), DATEDIFF('2025-01-01', d), DATE_FORMAT(d, '%Y-%m'), EXTRACT(YEAR FROM d), LAST_DAY(d), d - INTERVAL a+1 DAY FROM t ORDER BY a",
		"SELECT TIMESTAMPDIFF(DAY, d, '2025-01-01'), ADDDATE(d, 5), STR_TO_DATE('31.12.2024', '%d.%m.%Y'), {d '2024-01-01'}, TIME'10:00:00' FROM t ORDER BY a",
		"SELECT CAST(x AS DECIMAL(10,2)), CAST(x AS SIGNED), CAST(a AS CHAR(2)), CONVERT(c USING latin1), CONVERT(c, CHAR(2)), BINARY c, c COLLATE utf8mb4_bin = 'ONE', CAST(a AS INT), CAST(c AS VARCHAR(2)) FROM t ORDER BY a",
		"SELECT t.a, u.n FROM t LEFT JOIN u ON u.a = t.a ORDER BY t.a, u.n",
		"SELECT * FROM t NATURAL JOIN u ORDER BY n",
		"SELECT * FROM t JOIN u USING (a) ORDER BY n",
		"SELECT t.a, v.n, w.n FROM t, u v LEFT JOIN u w ON v.n = w.n + 1 WHERE t.a = v.a ORDER BY 1, 2, 3",
		"SELECT x.a FROM (t x JOIN u y ON x.a = y.a) LEFT JOIN (u z, t q) ON z.a = x.a AND q.a = z.a ORDER BY x.a, y.n, z.n",
		"SELECT a, (SELECT MAX(n) FROM u WHERE u.a = t.a) FROM t ORDER BY a",
		"SELECT a FROM t WHERE (a, b) IN (SELECT 1, 10) OR EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND n > 6) ORDER BY a",
		"SELECT a FROM t WHERE b > ANY (SELECT n FROM u) OR a >= ALL (SELECT a FROM t) ORDER BY a",
		"SELECT b, COUNT(*) FROM t GROUP BY b WITH ROLLUP",
		"SELECT b, SUM(a) FROM t GROUP BY b HAVING SUM(a) > 1 ORDER BY b IS NULL, b DESC LIMIT 1, 2",
		"SELECT a, ROW_NUMBER() OVER (ORDER BY b DESC, a), SUM(a) OVER w, LAG(a, 1) OVER w, FIRST_VALUE(a) OVER (ORDER BY a ROWS 1 PRECEDING) FROM t WINDOW w AS (ORDER BY a) ORDER BY a",
		"SELECT a, MEDIAN(x) OVER (PARTITION BY b), PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a DESC) OVER (PARTITION BY b) FROM t ORDER BY a",
		"SELECT GROUP_CONCAT(DISTINCT c ORDER BY a DESC SEPARATOR '; '), GROUP_CONCAT(c ORDER BY a LIMIT 2), GROUP_CONCAT(a, c ORDER BY a SEPARATOR '' LIMIT 1, 2) FROM t",
		"SELECT JSON_ARRAYAGG(a), JSON_OBJECTAGG(a, b), STD(a), VARIANCE(a), BIT_OR(a) FROM t",
		"SELECT JSON_EXTRACT(j, '$.k[0]'), JSON_VALUE(j, '$.k'), JSON_LENGTH(j), JSON_CONTAINS(j, '1', '$.k') FROM t ORDER BY a",
		"SELECT * FROM JSON_TABLE('[{\"v\": 1}, {\"v\": null}, {}]', '$[*]' COLUMNS (n FOR ORDINALITY, v INT PATH '$.v' DEFAULT '7' ON EMPTY, e INT EXISTS PATH '$.v', NESTED PATH '$.z[*]' COLUMNS (z VARCHAR(5) PATH '$'))) j",
		"WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n, n*n FROM r",
		"WITH q AS (SELECT a, MAX(b) FROM t GROUP BY a) SELECT * FROM q ORDER BY a",
		"SELECT * FROM (SELECT a, COUNT(*) FROM u GROUP BY a) s ORDER BY a",
		"(SELECT 1, 2) UNION ALL (SELECT 3, 4) ORDER BY 1 DESC LIMIT 1",
		"SELECT a FROM t EXCEPT SELECT a FROM u INTERSECT SELECT 3",
		"VALUES (1, 'a'), (2, 'b')",
		"SELECT * FROM (VALUES (1), (2)) v",
		"SELECT a FROM t ORDER BY a OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY",
		"SELECT CASE a WHEN 1 THEN 'x' ELSE 'y' END, CASE WHEN b IS NULL THEN 0 ELSE b END, IF(a > 2, 1, 0), NULLIF(a, 1), COALESCE(b, -1), IFNULL(b, 0) FROM t ORDER BY a",
		"SELECT TRIM(LEADING 'x' FROM 'xxa'), TRIM('  a '), SUBSTRING('abcdef' FROM 2 FOR 3), SUBSTRING('abc', -2), POSITION('b' IN 'abc'), INSERT('Quadratic', 3, 4, 'What'), CHAR(77, 121, 83 USING utf8mb4), REPLACE('a', 'a', 'b'), LEFT('abc', 2), FORMAT(1234.5, 1)",
		"SELECT ST_AsText(p), ST_X(p), ST_Distance(p, POINT(0, 0)), ST_AsText(LINESTRING(p, POINT(1, 1))) FROM t WHERE p IS NOT NULL ORDER BY a",
		"SELECT INTERVAL(3, 1, 5), FIELD('b', 'a', 'b'), ELT(2, 'a', 'b'), GREATEST(1, 2), LEAST(1, 2), CONV(255, 10, 16), INET_ATON('1.2.3.4'), CRC32('a'), MD5('a')",
		"SELECT DISTINCT b FROM t USE INDEX () WHERE a IN (1, 2, 4) ORDER BY b",
		"SELECT n FROM u FORCE INDEX FOR ORDER BY (i) ORDER BY n",
		"SELECT 1 AS rank, a AS 'b c', a \"d\" FROM t ORDER BY a LIMIT 1",
		"SELECT 1 /* two */ + 2",
		"SELECT 1--1",
		"SHOW COLUMNS FROM t",
		"DESCRIBE t b",
	} {
		checked, err := New().Guard(statement, source.Policy{})
		if err != nil {
			t.Errorf("%s\n%v", statement, err)
			continue
		}
		columns, want, err := rawTexts(t, db, source.Statement{SQL: statement})
		if err != nil {
			t.Errorf("as written: %s\n%v", statement, err)
			continue
		}
		gotColumns, got, err := rawTexts(t, db, source.Statement{SQL: checked.SQL})
		if err != nil {
			t.Errorf("as printed: %s\n%v", checked.SQL, err)
			continue
		}
		names := func(columns []frame.Column) (list []string) {
			for _, c := range columns {
				list = append(list, c.Name+" "+c.Kind.String())
			}
			return list
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s (-written +printed)\n%s", statement, checked.SQL, diff)
		}
		if diff := cmp.Diff(names(columns), names(gotColumns)); diff != "" {
			t.Errorf("%s\n%s headings (-written +printed)\n%s", statement, checked.SQL, diff)
		}
		ran++
	}
	t.Logf("%d statements", ran)
}

// serverState is what an attack could change: data, objects, logins, settings.
func serverState(t *testing.T, watch *sql.DB, database string) string {
	t.Helper()
	var all []string
	for _, q := range []string{
		"SELECT CONCAT_WS('|', TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE) FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ('information_schema') ORDER BY 1",
		"SELECT a FROM `" + database + "`.canary",
		"SELECT CONCAT_WS('|', id, total) FROM `" + database + "`.orders",
		"SELECT CONCAT_WS('|', User, Host, Priv) FROM mysql.global_priv ORDER BY 1",
		"SELECT CONCAT_WS('|', ROUTINE_SCHEMA, ROUTINE_NAME) FROM information_schema.ROUTINES ORDER BY 1",
		"SELECT CONCAT_WS('|', EVENT_SCHEMA, EVENT_NAME) FROM information_schema.EVENTS ORDER BY 1",
		"SELECT CONCAT_WS('|', TRIGGER_SCHEMA, TRIGGER_NAME) FROM information_schema.TRIGGERS ORDER BY 1",
		"SELECT CONCAT_WS('=', VARIABLE_NAME, VARIABLE_VALUE) FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME NOT LIKE '%GTID%' AND VARIABLE_NAME NOT LIKE '%LSN%' ORDER BY 1",
		"SELECT CONCAT_WS('|', PLUGIN_NAME, PLUGIN_STATUS) FROM information_schema.PLUGINS ORDER BY 1",
		"SELECT next_not_cached_value FROM `" + database + "`.s",
	} {
		rows, err := watch.Query(q)
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		for rows.Next() {
			var v sql.NullString
			if err := rows.Scan(&v); err != nil {
				t.Fatal(err)
			}
			all = append(all, v.String)
		}
		rows.Close()
	}
	return strings.Join(all, "\n")
}

// TestAttacksOnTheServer sends every attack line past the guard as the server's
// administrator through the running side: what the guard would let pass must
// change nothing at all, and what it refuses must still not change the data.
func TestAttacksOnTheServer(t *testing.T) {
	server := sourcetest.MariaDB(t)
	admin, _ := server.NewDatabase(t, sample)
	watch := adminDB(t, server)
	db := open(t, admin)
	lines := append([]string{}, attacks...)
	for _, l := range corpus(t, "attacks") {
		lines = append(lines, l.SQL)
	}
	before := serverState(t, watch, admin.Database)
	passed := 0
	for _, line := range lines {
		checked, err := New().Guard(line, source.Policy{})
		if err != nil {
			continue
		}
		passed++
		_, _, _ = rawTexts(t, db, source.Statement{SQL: checked.SQL, Timeout: 2 * time.Second})
		if diff := cmp.Diff(before, serverState(t, watch, admin.Database)); diff != "" {
			t.Fatalf("%s\nchanged the server (-before +after)\n%s", checked.SQL, diff)
		}
	}
	t.Logf("%d of %d attacks pass the guard and change nothing", passed, len(lines))
	// Past the guard, the read-only session alone: data and objects stay. What only
	// the guard stops (SET GLOBAL, files, a procedure that commits) is not sent.
	for _, statement := range []string{
		"DELETE FROM canary", "TRUNCATE canary", "DROP TABLE canary", "CREATE TABLE evil (a int)", "CREATE TABLE evil SELECT * FROM canary",
		"ALTER TABLE canary ADD b int", "CREATE USER evil", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM canary", "GRANT ALL ON *.* TO evil",
		"SELECT meddle()", "SELECT * FROM meddling", "INSERT INTO canary VALUES (1)", "RENAME TABLE canary TO gone", "SELECT NEXT VALUE FOR s",
		"SELECT 1; DELETE FROM canary", "CREATE INDEX i ON canary (a)", "REPLACE INTO orders VALUES (1, 9)",
	} {
		if _, _, err := rawTexts(t, db, source.Statement{SQL: statement, Timeout: 2 * time.Second}); err == nil {
			t.Errorf("%s was answered", statement)
		}
		if diff := cmp.Diff(before, serverState(t, watch, admin.Database)); diff != "" {
			t.Fatalf("%s\nchanged the server (-before +after)\n%s", statement, diff)
		}
	}
}

// TestSessionStays sends what would change a pooled session and looks at what the next question sees.
func TestSessionStays(t *testing.T) {
	server := sourcetest.MariaDB(t)
	admin, _ := server.NewDatabase(t, sample)
	admin.MaxConns, admin.TimeZone = 1, "+02:00"
	db := open(t, admin)
	const look = "SELECT @@sql_mode, @@time_zone, @@session.tx_read_only, @@character_set_client, @@lock_wait_timeout, @@autocommit"
	want := []string{sqlMode, "+02:00", "1", "utf8mb4", "3", "1"}
	_, rows, err := rawTexts(t, db, source.Statement{SQL: look})
	if err != nil {
		t.Fatal(err)
	}
	sorted := func(row []string) string { return fmt.Sprint(len(strings.Split(row[0], ",")), row[1:]) }
	if sorted(rows[0]) != sorted(want) {
		t.Errorf("pinned %v, want %v", rows[0], want)
	}
	for _, mode := range strings.Split(sqlMode, ",") {
		if !strings.Contains(rows[0][0], mode) {
			t.Errorf("sql_mode %s lacks %s", rows[0][0], mode)
		}
	}
	columns, rows, err := texts(t, db, "SELECT FROM_UNIXTIME(0) AS epoch")
	if err != nil || rows[0][0] != "1970-01-01T02:00:00" || columns[0].Kind != frame.Time {
		t.Errorf("%v %v %v", columns, rows, err)
	}
}

// TestKillQuery cancels and looks at the server's own list.
func TestKillQuery(t *testing.T) {
	server := sourcetest.MariaDB(t)
	admin, reader := server.NewDatabase(t, sample)
	_ = admin
	watch := adminDB(t, server)
	reader.MaxConns = 1 // the pool is busy: the kill must not need it
	db := open(t, reader)
	for round := range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		tag := fmt.Sprintf("kill-%d", round)
		done := make(chan error, 1)
		go func() {
			rows, err := db.Query(ctx, source.Statement{SQL: "SELECT SLEEP(60)", Tag: tag})
			if err == nil {
				var b frame.Batch
				err = rows.Next(ctx, &b)
				rows.Close()
			}
			done <- err
		}()
		waitUntil(t, func() bool { return active(t, watch, tag) == 1 })
		begun := time.Now()
		cancel()
		err := <-done
		if f := source.AsFailure(err); f == nil || f.Code != source.Cancelled {
			t.Errorf("%v", err)
		}
		waitUntil(t, func() bool { return active(t, watch, tag) == 0 })
		if took := time.Since(begun); took > time.Second {
			t.Errorf("round %d: gone after %s", round, took)
		}
		if _, rows, err := texts(t, db, "SELECT 1 AS a"); err != nil || rows[0][0] != "1" {
			t.Errorf("afterwards: %v %v", rows, err)
		}
	}
}

func waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("did not happen within 5 s")
		}
	}
}

// TestServerLimit shows that the server's own limit ends a statement when nothing else does.
func TestServerLimit(t *testing.T) {
	server := sourcetest.MariaDB(t)
	_, reader := server.NewDatabase(t, sample)
	db := open(t, reader).(*database)
	conn, ctx, done, err := db.connection(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	var s *session
	if err := conn.Raw(func(c any) error { s = c.(*session); return s.setLimit(ctx, 300*time.Millisecond) }); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	_, err = conn.ExecContext(ctx, "SELECT SLEEP(30)")
	f := source.AsFailure(failure(err, ""))
	if f == nil || f.Code != source.DeadlineExceeded || time.Since(begun) > 2*time.Second {
		t.Errorf("%v after %s", err, time.Since(begun))
	}
}

// TestServerGone ends the connection from the server's side while rows are being read.
func TestServerGone(t *testing.T) {
	server := sourcetest.MariaDB(t)
	_, reader := server.NewDatabase(t, sample)
	watch := adminDB(t, server)
	db := open(t, reader)
	rows, err := db.Query(t.Context(), source.Statement{SQL: "SELECT REPEAT(a.column_name, 1000), SLEEP(0.01) FROM information_schema.columns a, information_schema.columns b", Tag: "gone"})
	if err != nil {
		t.Fatal(err)
	}
	var id int64
	if err := watch.QueryRow("SELECT ID FROM information_schema.processlist WHERE INFO LIKE '/* assay gone */%'").Scan(&id); err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Exec(fmt.Sprintf("KILL %d", id)); err != nil {
		t.Fatal(err)
	}
	var b frame.Batch
	for err == nil {
		err = rows.Next(t.Context(), &b)
	}
	if f := source.AsFailure(err); f == nil || f.Code != source.Unreachable && f.Code != source.Cancelled {
		t.Errorf("%v", err)
	}
	rows.Close()
	if _, got, err := texts(t, db, "SELECT 1 AS a"); err != nil || got[0][0] != "1" {
		t.Errorf("afterwards: %v %v", got, err)
	}
}

// TestStreamsInConstantMemory reads about 120 MB.
func TestStreamsInConstantMemory(t *testing.T) {
	server := sourcetest.MariaDB(t)
	_, reader := server.NewDatabase(t, sample)
	db := open(t, reader)
	checked, err := New().Guard("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 1000) SELECT a.n, REPEAT('x', 100) FROM r a CROSS JOIN r b", source.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begun := time.Now()
	rows, err := db.Query(t.Context(), source.Statement{SQL: checked.SQL})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b frame.Batch
	n, most := 0, uint64(0)
	var first time.Duration
	for batches := 0; ; batches++ {
		err := rows.Next(t.Context(), &b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if batches == 0 {
			first = time.Since(begun)
		}
		n += b.Rows()
		if batches%50 == 0 {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
		}
	}
	if n != 1_000_000 {
		t.Errorf("%d rows", n)
	}
	if grown := int64(most) - int64(before.HeapInuse); grown > 16<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	t.Logf("%d rows in %s, the first after %s", n, time.Since(begun), first)
}

func TestCatalogDetails(t *testing.T) {
	server := sourcetest.MariaDB(t)
	admin, reader := server.NewDatabase(t, `
CREATE TABLE parent (x int, y int, PRIMARY KEY (y, x)) COMMENT 'Both';
CREATE TABLE child (id int PRIMARY KEY, px int, py int, doc json, flag tinyint(1), small tinyint, bits bit(4), yes bit(1), kind enum('A','b'), z year, u int unsigned, t time, s datetime(3),
  FOREIGN KEY (py, px) REFERENCES parent (y, x));
CREATE TABLE parts (a int) PARTITION BY HASH (a) PARTITIONS 2;
CREATE SEQUENCE numbers;
CREATE TABLE merged (a int) ENGINE=MERGE UNION=();
CREATE FUNCTION bin_to_uuid(x text) RETURNS text RETURN x; CREATE FUNCTION other() RETURNS text RETURN 'x'; CREATE PROCEDURE upper() SELECT 1;
CREATE VIEW v AS SELECT * FROM child;`)
	c, err := open(t, reader).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, table := range c.Tables {
		names = append(names, table.Name+" "+table.Kind)
	}
	if diff := cmp.Diff([]string{"child table", "merged view", "parent table", "parts partitioned table", "v view"}, names); diff != "" {
		t.Errorf("tables (-want +got)\n%s", diff)
	}
	child, _ := c.Find("child")
	want := []source.ForeignKey{{Columns: []string{"py", "px"}, Schema: reader.Database, Table: "parent", References: []string{"y", "x"}}}
	if diff := cmp.Diff(want, child.ForeignKeys); diff != "" {
		t.Errorf("foreign keys (-want +got)\n%s", diff)
	}
	var columns []string
	for _, col := range child.Columns {
		columns = append(columns, col.Name+" "+col.Type+" "+col.Kind.String())
	}
	if diff := cmp.Diff([]string{"id int(11) number", "px int(11) number", "py int(11) number", "doc json json", "flag tinyint(1) bool", "small tinyint(4) number",
		"bits bit(4) number", "yes bit(1) bool", "kind enum text", "z year(4) number", "u int(10) unsigned number", "t time other", "s datetime(3) time"}, columns); diff != "" {
		t.Errorf("columns (-want +got)\n%s", diff)
	}
	if all, err := open(t, admin).Catalog(t.Context()); err != nil || !cmp.Equal(all.Routines, []string{admin.Database + ".bin_to_uuid"}) || c.Routines != nil {
		t.Errorf("routines %v and, for a login that may call none, %v (%v)", all.Routines, c.Routines, err)
	}
	everything := reader
	everything.Database = ""
	c, err = open(t, everything).Catalog(t.Context())
	if err != nil || c.DefaultSchema != "" || len(c.Tables) != 5 || c.Tables[0].Schema != reader.Database {
		t.Errorf("without a database: %+v %v", c, err)
	}
}

func TestValuesOfEveryType(t *testing.T) {
	server := sourcetest.MariaDB(t)
	_, reader := server.NewDatabase(t, `
SET SESSION sql_mode = '';
CREATE TABLE v (a tinyint(1), b tinyint, c bit(1), d bit(12), e year, f time(3), g datetime, h timestamp(6) NULL, i enum('x','y'), j set('p','q'),
  k float, l decimal(20,10), m int(5) unsigned zerofill, n binary(3), o mediumblob, p date, q bigint unsigned, r char(5), s geometry, z datetime);
INSERT INTO v VALUES (1, 5, b'1', b'101010101010', 2024, '-12:30:00.5', '2024-01-02 03:04:05', '2024-01-02 03:04:05.120000', 'y', 'p,q',
  0.1, 1.5, 42, 'ab', 'bin', '2024-02-29', 18446744073709551615, 'r', POINT(1, 2), '0000-00-00 00:00:00');`)
	db := open(t, reader)
	want := []string{"true bool tinyint(1)", "5 number tinyint", "true bool bit(1)", "2730 number bit(12)", "2024 number year", "-12:30:00.500 other time(3)",
		"2024-01-02T03:04:05 time datetime", "2024-01-02T03:04:05.12 time timestamp(6)", "y text enum", "p,q text set", "0.1 number float",
		"1.5000000000 number decimal(20,10)", "42 number int unsigned", "ab\x00 binary binary", "bin binary blob", "2024-02-29 date date",
		"18446744073709551615 number bigint unsigned", "r text char", "0000-00-00 00:00:00 time datetime"}
	for _, where := range []string{"", " WHERE b = ?"} { // the text protocol and the binary one
		var args []source.Arg
		if where != "" {
			args = []source.Arg{{Kind: frame.Number, Text: "5"}}
		}
		columns, rows, err := texts(t, db, "SELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, z FROM v"+where, args...)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, c := range columns {
			got = append(got, rows[0][i]+" "+c.Kind.String()+" "+c.Type)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", where, diff)
		}
	}
}
