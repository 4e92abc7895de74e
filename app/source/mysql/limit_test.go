package mysql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

func TestLiteral(t *testing.T) {
	for _, tt := range []struct {
		text string
		kind frame.Kind
		want string
	}{
		{"EU", frame.Text, "'EU'"},
		{"", frame.Text, "''"},
		{"it's", frame.Text, "'it''s'"},
		{`\`, frame.Text, `'\\'`},
		{`\' OR 1=1 -- `, frame.Text, `'\\'' OR 1=1 -- '`},
		{"a\nb\x00c\rd\x1ae", frame.Text, `'a\nb\0c\rd\Ze'`},
		{"a\x01", frame.Text, "_utf8mb4 x'6101'"},
		{"\xff", frame.Text, "_utf8mb4 x'ff'"},
		{"1.5", frame.Number, "1.5"},
		{"-1e3", frame.Number, "-1e3"},
		{"1; DROP", frame.Number, "NULL"},
		{"", frame.Number, "NULL"},
		{"NaN", frame.Number, "NULL"},
		{"true", frame.Bool, "TRUE"},
		{"false", frame.Bool, "FALSE"},
		{"1", frame.Bool, "NULL"},
		{"2024-02-29", frame.Date, "DATE '2024-02-29'"},
		{"2024-02-30", frame.Date, "NULL"},
		{"2024-02-29T01:02:03.4500001", frame.Time, "TIMESTAMP '2024-02-29 01:02:03.45'"},
		{"yesterday", frame.Time, "NULL"},
		{"\x00\xff'", frame.Binary, "x'00ff27'"},
		{`{"a": "\n"}`, frame.JSON, `'{"a": "\\n"}'`},
		{"12:30", frame.Other, "'12:30'"},
	} {
		if got := (Dialect{}).Literal(tt.text, tt.kind); got != tt.want {
			t.Errorf("%q as %s is %s, want %s", tt.text, tt.kind, got, tt.want)
		}
	}
}

// TestLiteralOnTheServer sends literals past the guard and as the guard prints them.
func TestLiteralOnTheServer(t *testing.T) {
	server := sourcetest.MariaDB(t)
	admin, _ := server.NewDatabase(t, "CREATE TABLE t (c varchar(500), u varchar(500) COLLATE utf8mb4_unicode_ci, b varbinary(500))")
	db, watch := open(t, admin), adminDB(t, server)
	for _, s := range []string{"EU", "", "'", "''", `\`, `\\`, `\'`, `'\`, `\' OR 1=1 -- `, `%_\%\_`, hostile, "a\x01b", "\x01", "żółw 🐢 \u202e", "a\tb\bc", "`", `"`, "?", "/*! */", "x\u2028y", strings.Repeat(`\'`, 200)} {
		if _, err := watch.Exec("INSERT INTO "+quoteName(admin.Database)+".t VALUES (?, ?, ?)", s, s, s); err != nil {
			t.Fatal(err)
		}
		written := fmt.Sprintf("SELECT HEX(%[1]s) AS h, (SELECT COUNT(*) FROM t WHERE BINARY c = %[1]s AND u = %[1]s AND b = %[2]s) AS n",
			Dialect{}.Literal(s, frame.Text), Dialect{}.Literal(s, frame.Binary))
		checked, err := New().Guard(written, source.Policy{})
		if err != nil {
			t.Errorf("%s: %v", written, err)
			continue
		}
		for _, statement := range []string{written, checked.SQL} {
			_, rows, err := rawTexts(t, db, source.Statement{SQL: statement})
			if err != nil {
				t.Errorf("%s: %v", statement, err)
				continue
			}
			if diff := cmp.Diff([][]string{{fmt.Sprintf("%X", s), "1"}}, rows); diff != "" {
				t.Errorf("%s (-want +got)\n%s", statement, diff)
			}
		}
	}
	for literal, want := range map[string]string{
		Dialect{}.Literal("2024-06-30", frame.Date):                 "2024-06-30",
		Dialect{}.Literal("2024-06-30T12:00:00.5", frame.Time):      "2024-06-30T12:00:00.5",
		Dialect{}.Literal("-12345678901234567890.5", frame.Number):  "-12345678901234567890.5",
		Dialect{}.Literal("0.1", frame.Number) + " + 0.2":           "0.3",
		Dialect{}.Literal("abc", frame.Number) + " = 0 IS NULL":     "1",
		"DATE '2024-01-01' = " + Dialect{}.Literal("x", frame.Date): "NULL",
		Dialect{}.Literal("true", frame.Bool):                       "1",
		Dialect{}.Literal("false", frame.Bool):                      "0",
	} {
		_, rows, err := rawTexts(t, db, source.Statement{SQL: "SELECT " + literal + " AS a"})
		if err != nil || rows[0][0] != want {
			t.Errorf("%s is %v, want %s (%v)", literal, rows, want, err)
		}
	}
	if _, _, err := rawTexts(t, db, source.Statement{SQL: "SELECT " + Dialect{}.Literal("\xff", frame.Text)}); err == nil {
		t.Error("bytes that are no text were taken for one")
	}
}

// raising are queries that fail where they meet a hidden row; %s is the table.
var raising = []string{
	"SELECT d.id FROM %s AS d WHERE (SELECT 1 UNION SELECT IF(d.word LIKE 'HIDDEN%%', 2, 1)) = 1",
	"SELECT d.id, j.x FROM %s AS d, JSON_TABLE(d.word, '$' COLUMNS (x INT PATH '$.a' ERROR ON EMPTY)) AS j",
	"SELECT POW(d.n, 100) FROM %s AS d",
	"SELECT d.id FROM %s AS d WHERE EXP(d.n) > 0",
	"SELECT d.id FROM %s AS d WHERE d.n * 900000000000000000 > 0",
	"SELECT d.id, d.n FROM %s AS d HAVING EXP(d.n) > 0",
	"SELECT d.id FROM free AS f JOIN %s AS d ON d.id = f.id AND EXP(d.n) > 0",
	"SELECT d.id FROM free AS f JOIN %s AS d ON d.id = f.id WHERE COT(IF(d.n > 1000, 0, 1)) > 0",
	"SELECT d.id FROM free AS f LEFT JOIN %s AS d ON EXP(d.n) > 0 AND d.id = f.id WHERE d.id = f.id",
	"SELECT d.id FROM free AS f NATURAL JOIN %s AS d WHERE EXP(d.n) > 0",
	"SELECT f.id FROM free AS f WHERE f.id IN (SELECT d.id FROM %s AS d WHERE EXP(d.n) > 0)",
	"SELECT f.id FROM free AS f WHERE EXISTS (SELECT 1 FROM %s AS d WHERE d.id = f.id AND EXP(d.n) > 0)",
	"SELECT f.id FROM free AS f WHERE (SELECT MAX(EXP(d.n)) FROM %s AS d WHERE d.id = f.id) > 0",
	"SELECT f.id FROM free AS f WHERE (f.id, 1) IN (SELECT d.id, EXP(d.n) > 0 FROM %s AS d)",
	"SELECT g.id FROM (SELECT d.id, d.n, MAX(d.n) AS m FROM %s AS d GROUP BY d.id, d.n) AS g WHERE EXP(g.n) > 0 AND EXP(g.m) > 0",
	"SELECT g.id FROM (SELECT d.id, d.n FROM %s AS d) AS g WHERE EXP(g.n) > 0",
	"SELECT g.id FROM (SELECT DISTINCT d.id, d.n FROM %s AS d) AS g WHERE EXP(g.n) > 0",
	"SELECT g.id FROM (SELECT d.id, d.n FROM %s AS d UNION SELECT id, 1 FROM free) AS g WHERE EXP(g.n) > 0",
	"SELECT g.id FROM (SELECT d.id, d.n, ROW_NUMBER() OVER (PARTITION BY d.n) AS r FROM %s AS d) AS g WHERE EXP(g.n) > 0 AND g.r = 1",
	"WITH g AS (SELECT d.id, d.n FROM %s AS d) SELECT g.id FROM g JOIN g AS h USING (id) WHERE EXP(g.n) > 0 AND EXP(h.n) > 0",
	"SELECT d.id FROM %s AS d WHERE EXP(d.n) > 0 ORDER BY EXP(d.n) LIMIT 100",
	"SELECT d.id FROM %s AS d GROUP BY d.id, EXP(d.n)",
}

// optimizers are settings of the optimizer that could move conditions.
var optimizers = []string{
	"optimizer_switch = DEFAULT",
	"optimizer_switch = 'derived_merge=on,condition_pushdown_for_derived=on,condition_pushdown_for_subquery=on,condition_pushdown_from_having=on,split_materialized=on,derived_with_keys=on'",
	"optimizer_switch = 'derived_merge=off,derived_with_keys=off'",
	"optimizer_switch = 'derived_merge=on,materialization=off,semijoin=off,exists_to_in=off'",
	"optimizer_switch = 'in_to_exists=off,materialization=on'",
	"optimizer_switch = 'materialization=off,in_to_exists=on,semijoin=off'",
	"optimizer_switch = 'join_cache_hashed=off,mrr=on,mrr_sort_keys=on,engine_condition_pushdown=on,index_condition_pushdown=on,rowid_filter=on'",
	"join_cache_level = 8, optimizer_use_condition_selectivity = 5, eq_range_index_dive_limit = 0",
	"join_cache_level = 0, optimizer_search_depth = 1",
	"sql_select_limit = 100, in_predicate_conversion_threshold = 1",
}

// TestFenceHolds shows that conditions around the fence, and the errors they
// raise, meet only the rows that it returns, whatever the optimizer may do; and
// that the same conditions would fail without it, so that the proof proves something.
func TestFenceHolds(t *testing.T) {
	server := sourcetest.MariaDB(t)
	admin, _ := server.NewDatabase(t, `
CREATE TABLE free (id int PRIMARY KEY); INSERT INTO free VALUES (1), (2), (3), (4), (5);
CREATE TABLE limited (id int PRIMARY KEY, region varchar(10), n int, word varchar(40), KEY (n), KEY (region, n), KEY (word));
INSERT INTO limited VALUES (1, 'EU', 1, '{"a": 1}'), (2, 'EU', 2, '{"a": 2}'), (3, 'US', 100000, 'HIDDEN ('), (4, 'US', 200000, 'HIDDEN [');
CREATE TABLE shown SELECT * FROM limited WHERE region = 'EU';
ANALYZE TABLE limited PERSISTENT FOR ALL;`)
	watch := adminDB(t, server)
	conn, err := watch.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	run := func(statement string) (int, error) {
		rows, err := conn.QueryContext(t.Context(), statement)
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		n := 0
		for rows.Next() {
			n++
		}
		return n, rows.Err()
	}
	if _, err := run("USE " + quoteName(admin.Database)); err != nil {
		t.Fatal(err)
	}
	fenced := Dialect{}.Fence("`id`, `n`, `word`", "FROM `limited` WHERE (`region` = 'EU')")
	open := strings.TrimSuffix(fenced, " LIMIT 18446744073709551615")
	if open == fenced {
		t.Fatal("the fence is spelled otherwise")
	}
	broken := map[string]bool{}
	for _, setting := range optimizers {
		if _, err := run("SET SESSION " + setting); err != nil {
			t.Fatalf("%s: %v", setting, err)
		}
		for _, statement := range raising {
			got, err := run(fmt.Sprintf(statement, "("+fenced+")"))
			if err != nil {
				t.Errorf("%s\n%s\n%v", setting, fmt.Sprintf(statement, "("+fenced+")"), err)
			}
			if want, err := run(fmt.Sprintf(statement, "shown")); err != nil || got != want || want == 0 {
				t.Errorf("%s\n%s\n%d rows, want %d (%v)", setting, statement, got, want, err)
			}
			for _, without := range []string{"(" + open + ")", "(SELECT id, n, word FROM limited HAVING n < 3)"} {
				if _, err := run(fmt.Sprintf(statement, without)); err != nil {
					broken[statement] = true
				}
			}
			if _, err := run(fmt.Sprintf(statement, "limited")); err == nil {
				t.Errorf("%s\n%s\nraises nothing over the whole table", setting, statement)
			}
		}
	}
	t.Logf("%d of %d conditions fail on hidden rows where there is no fence", len(broken), len(raising))
	if len(broken) == 0 {
		t.Error("no condition fails without the fence: the proof proves nothing")
	}
}
