package postgres

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

// one returns the single value of a query in a session of an administrator.
func one(t *testing.T, conn *pgconn.PgConn, sql string) (string, error) {
	t.Helper()
	results, err := conn.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		return "", err
	}
	last := results[len(results)-1]
	if len(last.Rows) != 1 || len(last.Rows[0]) != 1 {
		t.Fatalf("%s gives %d rows", sql, len(last.Rows))
	}
	return string(last.Rows[0][0]), nil
}

// A literal is what was given, however hostile, whether or not a session reads
// backslashes as escapes, and also once the guard has printed it.
func TestLiteral(t *testing.T) {
	texts := []string{"", "EU", "it's", "''", "'", `\`, `\'`, `\\'; DROP TABLE x; --`, `E'a'`, "a\nb\r\t", "$$x$$", "$1", "/* */ --", `"quoted"`,
		"ż🐢", "\u202e\u200b\ufeff", "`", "'||pg_sleep(9)||'", `\x41\u0041\101`, "U&'\\0041'", "true", "1; SELECT 2", strings.Repeat("'\\", 500)}
	admin, _ := sourcetest.Postgres(t).NewDatabase(t, "")
	withAdmin(t, admin, func(conn *pgconn.PgConn) {
		for _, conforming := range []string{"on", "off"} {
			for _, text := range texts {
				sql := "SELECT " + dialect{}.Literal(text, frame.Text) + "::text"
				got, err := one(t, conn, "SET standard_conforming_strings = "+conforming+"; SET escape_string_warning = off; "+sql)
				if err != nil || got != text {
					t.Errorf("%q is read as %q (%v)", text, got, err)
				}
				checked, err := New().Guard(sql, source.Policy{})
				if err != nil {
					t.Errorf("%q: %v", text, err)
				} else if got, err := one(t, conn, checked.SQL); err != nil || got != text {
					t.Errorf("%q is read as %q once printed (%v)", text, got, err)
				}
			}
		}
		if got, err := one(t, conn, "SELECT 1 -"+dialect{}.Literal("-2.5e1", frame.Number)+" + 0"); err != nil || got != "26" && got != "26.0" {
			t.Errorf("a negative number: %s (%v)", got, err)
		}
	})
	for _, tt := range []struct {
		text string
		kind frame.Kind
		want string
	}{
		{"12.50", frame.Number, "12.50"}, {"-1", frame.Number, "(-1)"}, {"1e5", frame.Number, "1e5"},
		{"NaN", frame.Number, "'NaN'"}, {"1 OR 1=1", frame.Number, "'1 OR 1=1'"}, {"", frame.Number, "''"}, {"0x1F", frame.Number, "'0x1F'"},
		{"true", frame.Bool, "TRUE"}, {"false", frame.Bool, "FALSE"}, {"TRUE OR", frame.Bool, "'TRUE OR'"},
		{"2024-01-31", frame.Date, "'2024-01-31'"}, {"5", frame.Text, "'5'"}, {`{"a": "\n"}`, frame.JSON, `E'{"a": "\\n"}'`},
	} {
		if got := (dialect{}).Literal(tt.text, tt.kind); got != tt.want {
			t.Errorf("%q of kind %s: %s, want %s", tt.text, tt.kind, got, tt.want)
		}
	}
	// What no text of the engine can hold is refused rather than cut.
	for _, text := range []string{"a\x00", "\x00' OR true --", "\xff"} {
		d := dialect{}
		rule := d.Fence("a", "FROM s.t WHERE a = "+d.Literal(text, frame.Text))
		policy := source.Policy{Tables: func(source.Name) (source.Reading, error) {
			return source.Reading{Table: source.Name{Schema: "s", Name: "t"}, Select: rule}, nil
		}}
		if checked, err := New().Guard("SELECT * FROM t", policy); err == nil {
			t.Errorf("%q passed as %q (valid %v)", text, checked.SQL, utf8.ValidString(checked.SQL))
		}
	}
}

// No condition around a fence meets a row that it does not return, neither
// when the statement runs nor when its cost is estimated.
func TestFence(t *testing.T) {
	admin, _ := sourcetest.Postgres(t).NewDatabase(t, `
CREATE TABLE t (id int PRIMARY KEY, region text, note text, n int, j jsonb);
INSERT INTO t SELECT i, CASE WHEN i % 2 = 0 THEN 'EU' ELSE 'US' END, CASE WHEN i % 2 = 0 THEN '7' ELSE 'HIDDEN' || i % 3 END, i % 2, '{}' FROM generate_series(1, 2000) i;
CREATE TABLE p (id int); INSERT INTO p SELECT generate_series(1, 2000);
CREATE INDEX ON t (note text_pattern_ops); CREATE INDEX ON t (region); CREATE STATISTICS pairs ON region, note FROM t;
ANALYZE;`)
	rest := `FROM "public"."t" WHERE ("region" = 'EU')`
	list := `"id", "region", "note", "n", "j"`
	fenced := "(" + dialect{}.Fence(list, rest) + ") AS o"
	// Each counts the thousand rows of the EU or none, and fails on any other row.
	conditions := []string{
		"SELECT count(*) FROM %s WHERE 1 / (1 - n) = 1",
		"SELECT count(*) FROM %s WHERE note::int = 7",
		"SELECT count(*) FROM %s WHERE 1 / (1 - n) = 1 AND id > 0 AND region = 'EU'",
		"SELECT count(*) FROM %s JOIN p ON p.id = o.id / (1 - n)",
		"SELECT count(*) FROM p WHERE EXISTS (SELECT 1 FROM %s WHERE o.id = p.id AND 1 / (1 - n) = 1)",
		"SELECT count(*) FROM p LEFT JOIN %s ON o.id = p.id AND note::int = 7 WHERE o.id IS NOT NULL",
		"SELECT count(*) FROM (SELECT * FROM %s WHERE note::int = 7 ORDER BY id LIMIT 5000) x",
		"SELECT count(*) FROM p, LATERAL (SELECT * FROM %s WHERE o.id = p.id AND note::int = 7) x",
		"SELECT count(*) FILTER (WHERE 1 / (1 - n) = 1) FROM %s",
		"SELECT count(*) FROM %s WHERE note LIKE 'HIDDEN%%\\'",
		"SELECT count(*) FROM %s WHERE note ILIKE 'hidden%%\\'",
		"SELECT count(*) FROM %s WHERE NOT note NOT LIKE 'HIDDEN%%\\'",
		"SELECT count(*) FROM %s WHERE region = 'EU' AND note LIKE 'HIDDEN%%\\'",
		"SELECT count(*) FROM (SELECT * FROM %s) x WHERE note LIKE 'HIDDEN%%\\'",
		"SELECT count(*) FROM p WHERE id IN (SELECT id FROM %s WHERE note LIKE 'HIDDEN%%\\')",
		"WITH w AS (SELECT DISTINCT note FROM %s) SELECT count(*) FROM w WHERE note LIKE 'HIDDEN%%\\'",
	}
	switches := []string{
		"", "SET enable_seqscan = off", "SET enable_indexscan = off; SET enable_bitmapscan = off", "SET enable_hashjoin = off; SET enable_mergejoin = off",
		"SET enable_nestloop = off", "SET from_collapse_limit = 1; SET join_collapse_limit = 1", "SET geqo_threshold = 2", "SET constraint_exclusion = on",
		"SET max_parallel_workers_per_gather = 4; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')",
		"SET jit = on; SET jit_above_cost = 0", "SET plan_cache_mode = force_generic_plan", "SET default_statistics_target = 10000; SET cursor_tuple_fraction = 0.01",
	}
	withAdmin(t, admin, func(conn *pgconn.PgConn) {
		unfenced := 0
		for _, condition := range conditions {
			condition = strings.ReplaceAll(condition, "%%", "%")
			if _, err := one(t, conn, strings.Replace(condition, "%s", "(SELECT "+list+" "+rest+") AS o", 1)); err != nil {
				unfenced++
			}
			for _, s := range switches {
				got, err := one(t, conn, "RESET ALL; "+s+"; "+strings.Replace(condition, "%s", fenced, 1))
				if err != nil || got != "1000" && got != "0" {
					t.Errorf("%s with %q: %s (%v)", condition, s, got, err)
				}
			}
		}
		// Without the fence the exercise must notice, or it shows nothing.
		if unfenced < len(conditions)/3 {
			t.Errorf("only %d of %d conditions fail without a fence", unfenced, len(conditions))
		}
		if _, err := one(t, conn, "RESET ALL; SELECT count(*) FROM (SELECT "+list+" "+rest+" OFFSET 0) AS o WHERE note LIKE 'HIDDEN%\\'"); err == nil {
			t.Error("OFFSET alone keeps estimates from the statistics now; the fence could be simpler")
		}
	})
}

// A rule's column that the table has no longer means nothing else.
func TestRuleOfColumnThatIsGone(t *testing.T) {
	_, reader := sourcetest.Postgres(t).NewDatabase(t, `CREATE TABLE t (id int, area text); INSERT INTO t VALUES (1, 'HIDDEN');`)
	policy := source.Policy{Tables: func(source.Name) (source.Reading, error) {
		return source.Reading{Table: source.Name{Schema: "public", Name: "t"}, Select: dialect{}.Fence(`"id"`, `FROM "public"."t" WHERE ("region" = 'EU')`)}, nil
	}}
	checked, err := New().Guard("SELECT (SELECT max(id) FROM t) FROM (SELECT 'EU'::text AS region) AS around", policy)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := open(t, reader).Query(t.Context(), source.Statement{SQL: checked.SQL})
	if err == nil {
		rows.Close()
		t.Errorf("the rule took its column from the statement around it: %s", checked.SQL)
	}
}
