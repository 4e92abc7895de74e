package sqlite

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"assay/app/frame"
	"assay/app/source"
)

func TestLike(t *testing.T) {
	never := func() bool { return false }
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"%", "", true}, {"%", "abc", true}, {"_", "", false}, {"_", "🐢", true}, {"__", "ż", false},
		{"abc", "ABC", true}, {"abc", "abcd", false}, {"a%", "abc", true}, {"%c", "abc", true}, {"%b%", "abc", true}, {"%b", "abc", false},
		{"a%c%e", "abcde", true}, {"a%c%e", "abcdef", false}, {"%%%a%%%", "xax", true}, {"%ab", "aab", true}, {"%aab", "aaab", true}, {"a_c", "abc", true},
		{"ärger", "ÄRGER", true}, {"ŻÓŁ%", "żółw", true}, {"%ł_", "żółw", true}, {"straße", "STRASSE", false},
		{`50!%%`, "50% off", true}, {`50!%%`, "500", false}, {`!_x`, "_x", true}, {`!_x`, "ax", false}, {`!!`, "!", true}, {`a!`, "a", false},
	} {
		if got := newLike(tt.pattern, '!').match([]byte(tt.text), never); got != tt.want {
			t.Errorf("%q like %q: got %v", tt.text, tt.pattern, got)
		}
	}
	if newLike("%"+strings.Repeat("a%", 400)+"b", noEscape).match([]byte(strings.Repeat("a", 1<<20)), func() bool { return true }) {
		t.Error("a stopped match says yes")
	}
}

func TestOwnFunctions(t *testing.T) {
	db := openFile(t, write(t, "CREATE TABLE t (v)"))
	const from = " FROM (SELECT column1 AS v FROM (VALUES "
	for _, tt := range []struct{ sql, want string }{
		{"SELECT NULL LIKE 'a', 'a' LIKE NULL, x'61' LIKE 'a', 12 LIKE '1%', 'a' LIKE 'A' ESCAPE NULL", null + "|" + null + "|0|1|" + null},
		{"SELECT 'abc' REGEXP '^a.c$', 'abc' REGEXP 'B', NULL REGEXP 'a'", "1|0|" + null},
		{"SELECT sum(v), typeof(sum(v))" + from + "(1), (2), (NULL)))", "3|integer"},
		{"SELECT sum(v), typeof(sum(v))" + from + "(1), (2.5)))", "3.5|real"},
		{"SELECT sum(v), typeof(sum(v))" + from + "(9223372036854775807), (1)))", "9223372036854780000|real"},
		{"SELECT sum(v), typeof(sum(v))" + from + "(9223372036854775807), (1), (-1)))", "9223372036854775807|integer"},
		{"SELECT sum(v)" + from + "(-9223372036854775808), (-9223372036854775808)))", "-18446744073709600000"},
		{"SELECT sum(v)" + from + "(1e16), (1), (1), (-1e16)))", "2"},
		{"SELECT sum(v)" + from + "('1'), ('2.5'), ('x')))", "3.5"},
		{"SELECT sum(v)" + from + "(9e999), (1)))", "Infinity"},
		{"SELECT sum(v)" + from + "(NULL)))", null},
		{"SELECT sum(DISTINCT v), sum(v) FILTER (WHERE v > 1)" + from + "(1), (1), (2)))", "3|2"},
		{"SELECT group_concat(s) FROM (SELECT sum(v) OVER (ORDER BY v ROWS 1 PRECEDING) AS s" + from + "(1), (2), (3), (9223372036854775807))))", "1,3,5,9.2233720368547758e+18"},
		{"SELECT group_concat(coalesce(s, 'none')) FROM (SELECT sum(v) OVER (ORDER BY v ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS s" + from + "(1), (2.5), (3))))", "none,1,3.5"},
	} {
		f, err := run(t.Context(), db, source.Statement{SQL: tt.sql})
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		if got := strings.Join(texts(f), "|"); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.sql, got, tt.want)
		}
	}
	for _, sql := range []string{"SELECT 'a' LIKE 'a' ESCAPE 'ab'", "SELECT 'a' REGEXP '('", "SELECT 'a' LIKE '" + strings.Repeat("a", 2000) + "'", "SELECT sum(1, 2)"} {
		if _, err := run(t.Context(), db, source.Statement{SQL: sql}); source.AsFailure(err) == nil {
			t.Errorf("%s: got %v", sql, err)
		}
	}
}

// TestEverythingEndsInTime gives each way to be slow half a second.
func TestEverythingEndsInTime(t *testing.T) {
	db := openFile(t, write(t, "CREATE TABLE t (v); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i FROM n"))
	const big = "replace(hex(zeroblob(1000000)), '0', 'aaaaaaaa')" // 16 million letters
	for name, sql := range map[string]string{
		"endless recursion":        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
		"endless rows, none shown": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x < 0",
		"endless rows":             "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n",
		"late in the stream":       "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x < 1000",
		"aggregate":                "SELECT sum(a.v * b.v * c.v) FROM t a, t b, t c",
		"sort":                     "SELECT a.v FROM t a, t b, t c ORDER BY a.v * b.v * c.v LIMIT 1",
		"group":                    "SELECT a.v || b.v || c.v, count(*) FROM t a, t b, t c GROUP BY 1 LIMIT 1",
		"like":                     "SELECT " + big + " LIKE '%" + strings.Repeat("a%", 400) + "b'",
		"like many":                "SELECT count(*) FROM t a, t b WHERE " + big + " LIKE '%" + strings.Repeat("_a%", 200) + "b' || a.v || b.v",
		"glob":                     "SELECT count(*) FROM t a, t b WHERE substr(" + big + ", 1, 100000) GLOB '*" + strings.Repeat("a*", 100) + "b' || a.v || b.v",
		"long text":                "SELECT count(*) FROM t a, t b, t c WHERE instr(" + big + ", 'b' || a.v)",
		"window":                   "SELECT sum(a.v) OVER (ORDER BY a.v * b.v) FROM t a, t b, t c LIMIT 1",
		"json":                     "SELECT json_group_array(a.v) FROM t a, t b, t c",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New().Guard(sql, source.Policy{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			begun := time.Now()
			rows, err := db.Query(ctx, source.Statement{SQL: c.SQL})
			if err == nil {
				err = drain(ctx, rows)
			}
			took := time.Since(begun)
			f := source.AsFailure(err)
			if f == nil && took > time.Second || // an answer may come with its deadline
				f != nil && f.Code != source.DeadlineExceeded && !strings.Contains(f.Message, "too big") {
				t.Errorf("got %v", err)
			}
			if took > 2500*time.Millisecond {
				t.Errorf("ended after %s", took)
			}
		})
	}
}

func TestFailuresAreReadable(t *testing.T) {
	db := openFile(t, write(t, canary))
	for _, tt := range []struct {
		sql, want string
		position  int
		code      source.Code
	}{
		{"SELECT 'ż', nosuch FROM canary", "no such column: nosuch", 13, source.DatabaseError},
		{"SELECT * FROM nosuch", "no such table: nosuch", 0, source.DatabaseError},
		{"SELECT nosuch(1)", "no such function: nosuch", 0, source.DatabaseError},
		{"SELECT 'ż' 1", `near "1": syntax error`, 12, source.DatabaseError},
		{"DELETE FROM canary", "authorized", 0, source.Refused},
		{"SELECT 1; SELECT 2", "One statement", 0, source.Refused},
		{"SELECT json_extract('{', '$')", "malformed JSON", 0, source.DatabaseError},
	} {
		_, err := run(t.Context(), db, source.Statement{SQL: tt.sql})
		f := source.AsFailure(err)
		if f == nil || f.Code != tt.code || !strings.Contains(f.Message, tt.want) || tt.position != 0 && f.Position != tt.position {
			t.Errorf("%s: got %+v", tt.sql, f)
		}
	}
	if _, err := run(t.Context(), db, source.Statement{SQL: "SELECT ?1", Args: nil}); !strings.Contains(fmt.Sprint(err), "1 parameters, but 0 values") {
		t.Errorf("a missing value: %v", err)
	}
}

func drain(ctx context.Context, rows frame.Rows) error {
	defer rows.Close()
	var b frame.Batch
	for {
		if err := rows.Next(ctx, &b); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}
