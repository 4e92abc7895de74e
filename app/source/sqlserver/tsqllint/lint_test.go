package tsqllint

import (
	"strings"
	"testing"
)

func TestLint(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"SELECT YEAR(d) AS y, COUNT(*) AS n FROM t GROUP BY YEAR(d) ORDER BY y", ""},
		{"SELECT a AS a, COUNT(*) AS n FROM t GROUP BY a", ""},
		{"SELECT s.a FROM (SELECT TOP (5) a FROM t ORDER BY a) AS s ORDER BY s.a", ""},
		{"SELECT * FROM (SELECT a FROM t ORDER BY a OFFSET 0 ROWS FETCH NEXT 5 ROWS ONLY) AS s", ""},
		{"WITH c (x) AS (SELECT COUNT(*) FROM t) SELECT x FROM c", ""},
		{"SELECT SUM(COUNT(*)) OVER (ORDER BY a) FROM t GROUP BY a", ""},
		{"SELECT [true] FROM t WHERE a = 1", ""},
		{"SELECT YEAR(d) AS y FROM t GROUP BY y", "name given in SELECT"},
		{"SELECT a, COUNT(*) FROM t GROUP BY 1", "is a position"},
		{"SELECT * FROM (SELECT a FROM t)", "alias"},
		{"SELECT * FROM (SELECT COUNT(*) FROM t) AS s", "has no name"},
		{"SELECT * FROM (SELECT a, b AS a FROM t) AS s", "two columns"},
		{"WITH c AS (SELECT COUNT(*) FROM t) SELECT * FROM c", "has no name"},
		{"SELECT * FROM (SELECT a FROM t ORDER BY a) AS s", "needs TOP or OFFSET"},
		{"SELECT a FROM t WHERE a IN (SELECT b FROM u ORDER BY b)", "needs TOP or OFFSET"},
		{"WITH c AS (SELECT a FROM t ORDER BY a) SELECT a FROM c", "needs TOP or OFFSET"},
		{"SELECT a FROM t WHERE b = TRUE", "TRUE is no value"},
		{"SELECT a || b FROM t", "joins text"},
		{"SELECT now()", "NOW does not exist"},
		{"SELECT date_trunc('month', d) FROM t", "DATE_TRUNC"},
		{"SELECT DATETRUNC(month, d) FROM t", "before SQL Server 2022"},
		{"SELECT STRING_AGG(DISTINCT a, ',') FROM t", "no DISTINCT"},
		{"SELECT SUM((SELECT 1)) FROM t", "aggregate a subquery"},
		{"SELECT SUM(COUNT(*)) FROM t GROUP BY a", "aggregate an aggregate"},
		{"SELECT a FROM t ORDER BY a, a DESC", "twice"},
		{"SELECT * FROM (VALUES (1)" + strings.Repeat(", (1)", 1000) + ") AS v (a)", "at most 1000"},
		{"SELECT a FROM t LIMIT 5", ""},
		{"SELECT value FROM GENERATE_SERIES(1, 5)", "2022"},
		{"SELECT a FROM t WHERE (a", "syntax"},
	} {
		if strings.Contains(tt.sql, "LIMIT") {
			if len(Lint(tt.sql)) == 0 {
				t.Errorf("%s: nothing found", tt.sql)
			}
			continue
		}
		got := strings.Join(Lint(tt.sql), "; ")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%.80s\n got %q\nwant %q", tt.sql, got, tt.want)
		}
	}
}
