package postgres

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/source"
)

func TestGuardRefusesAttacks(t *testing.T) {
	for _, sql := range attacks {
		checked, err := New().Guard(sql, source.Policy{})
		if err == nil {
			t.Errorf("passed: %s\nas %s", sql, checked.SQL)
			continue
		}
		f := source.AsFailure(err)
		if f == nil || f.Message == "" || f.Code != source.Refused && f.Code != source.DatabaseError {
			t.Errorf("%s: %v", sql, err)
		}
		if checked.SQL != "" {
			t.Errorf("%s: refused and yet printed", sql)
		}
	}
}

func TestGuardLetsReadsPass(t *testing.T) {
	for _, sql := range slices.Concat(reads, newerReads) {
		checked, err := New().Guard(sql, source.Policy{})
		if err != nil {
			t.Errorf("%s\n%v (cause %v)", sql, err, source.AsFailure(err).Err)
			continue
		}
		again, err := New().Guard(checked.SQL, source.Policy{})
		if err != nil || again.SQL != checked.SQL {
			t.Errorf("%s\nprints as %s\nthen as  %s (%v)", sql, checked.SQL, again.SQL, err)
		}
		if strings.Contains(checked.SQL, "/*") || strings.Contains(strings.ReplaceAll(checked.SQL, "; --'", ""), "--") {
			t.Errorf("a comment was sent: %s", checked.SQL)
		}
	}
}

func TestGuardSaysWhatIsWrong(t *testing.T) {
	tests := []struct {
		sql, message string
		code         source.Code
		position     int
	}{
		{"DELETE FROM t", "DELETE is not allowed: questions can only read", source.Refused, 1},
		{"  create table x()", "CREATE is not allowed: questions can only read", source.Refused, 3},
		{"SELECT 'ż', pg_sleep(1)", "The function pg_sleep is not on the list of functions that only read", source.Refused, 13},
		{"SELECT 1; SELECT 'ż'; SELECT 3", "Only one statement at a time is allowed, and here are 3", source.Refused, 11},
		{"", "There is no statement to run: write a SELECT", source.Refused, 0},
		{"SELECT * FROM pg_authid", "pg_authid is not on the list of system tables that may be read", source.Refused, 15},
		{"SELECT 'ż🐢' FROM WHERE", "syntax error at or near \"WHERE\"", source.DatabaseError, 18},
		{"SELECT (1", "syntax error at end of input", source.DatabaseError, 10},
		{"SELECT a FROM t FOR UPDATE", "FOR UPDATE and FOR SHARE lock rows and are not allowed", source.Refused, 0},
		{"WITH x AS (DELETE FROM t RETURNING 1) SELECT 1", "DELETE is not allowed: questions can only read", source.Refused, 6},
		{"SHOW data_directory", "SHOW data_directory is not on the list of settings that may be shown", source.Refused, 0},
		{"SELECT repeat('x', 2000000)", "repeat may make at most 1000000 characters", source.Refused, 8},
		{"SELECT format('%1000000000s', 'x')", "format may make at most 1000000 characters", source.Refused, 8},
		{"SELECT format('%2$*1$s', 1000000000, 'x')", "format may make at most 1000000 characters", source.Refused, 8},
		{"SELECT format('%1$-99999999s', 'x')", "format may make at most 1000000 characters", source.Refused, 8},
		{"SELECT array_fill(1, ARRAY[10000, 10000])", "array_fill may make at most 1000000 elements", source.Refused, 8},
	}
	for _, tt := range tests {
		_, err := New().Guard(tt.sql, source.Policy{})
		f := source.AsFailure(err)
		if f == nil {
			t.Errorf("%s passed (%v)", tt.sql, err)
			continue
		}
		if f.Message != tt.message || f.Code != tt.code || tt.position != 0 && f.Position != tt.position {
			t.Errorf("%s\ngot  %s: %s at %d\nwant %s: %s at %d", tt.sql, f.Code, f.Message, f.Position, tt.code, tt.message, tt.position)
		}
		if f.Code == source.DatabaseError && f.State != "42601" {
			t.Errorf("%s has state %q", tt.sql, f.State)
		}
	}
}

func TestGuardTells(t *testing.T) {
	tests := []struct {
		sql, printed string
		explain      bool
		tables       []source.Name
	}{
		{"select  A.x from  Sales.\"Orders\" a, b -- c", `SELECT a.x FROM sales."Orders" a, b`, false, []source.Name{{Schema: "sales", Name: "Orders"}, {Name: "b"}}},
		{"with t as (select * from u) select * from t, u", "WITH t AS (SELECT * FROM u) SELECT * FROM t, u", false, []source.Name{{Name: "u"}}},
		// A name is a WITH query only where it is in scope.
		{"SELECT (WITH s AS (SELECT 1) SELECT 1 FROM s), (SELECT 1 FROM s)", "SELECT (WITH s AS (SELECT 1) SELECT 1 FROM s), (SELECT 1 FROM s)", false, []source.Name{{Name: "s"}}},
		{"WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b", "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b", false, []source.Name{{Name: "b"}}},
		{"WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b", "WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b", false, nil},
		{"WITH a AS (SELECT 1) SELECT * FROM public.a", "WITH a AS (SELECT 1) SELECT * FROM public.a", false, []source.Name{{Schema: "public", Name: "a"}}},
		{"EXPLAIN TABLE t", "EXPLAIN SELECT * FROM t", true, []source.Name{{Name: "t"}}},
		{"SELECT repeat('x', n) FROM t", "SELECT repeat('x', LEAST(n, 1000000)) FROM t", false, []source.Name{{Name: "t"}}},
	}
	for _, tt := range tests {
		got, err := New().Guard(tt.sql, source.Policy{})
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		if diff := cmp.Diff(source.Checked{SQL: tt.printed, Explain: tt.explain, Tables: tt.tables}, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.sql, diff)
		}
	}
}

func TestGuardPolicyAddsFunctions(t *testing.T) {
	policy := source.Policy{Functions: []string{"st_area", "geo.area"}}
	for sql, want := range map[string]bool{
		"SELECT st_area(x) FROM t": true, "SELECT ST_Area(x) FROM t": true, "SELECT geo.area(x) FROM t": true,
		"SELECT area2(x) FROM t": false, "SELECT evil.st_area(x) FROM t": false, "SELECT \"ST_Area\"(x) FROM t": false,
	} {
		if _, err := New().Guard(sql, policy); (err == nil) != want {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// Text that would exhaust a stack must be refused quickly, not end the process.
func TestGuardBoundsNesting(t *testing.T) {
	n := 100_000
	for name, sql := range map[string]string{
		"parentheses":   "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"open only":     "SELECT " + strings.Repeat("(", 2*n),
		"sums":          "SELECT 1" + strings.Repeat("+1", n),
		"minuses":       "SELECT " + strings.Repeat("- ", n) + "1",
		"not":           "SELECT " + strings.Repeat("NOT ", n/2) + "true",
		"case":          "SELECT " + strings.Repeat("CASE WHEN ", n/5) + "1" + strings.Repeat(" THEN 1 END", n/10),
		"unions":        "SELECT 1" + strings.Repeat(" UNION SELECT 1", n/8),
		"casts":         "SELECT 1" + strings.Repeat("::int", n/3),
		"subscripts":    "SELECT a" + strings.Repeat("[1]", n/2),
		"joins":         "SELECT 1 FROM a" + strings.Repeat(" CROSS JOIN a", n/8),
		"calls":         "SELECT " + strings.Repeat("abs(", n/2) + "1" + strings.Repeat(")", n/2),
		"queries":       "SELECT " + strings.Repeat("(SELECT ", n/5) + "1" + strings.Repeat(")", n/5),
		"arrays":        "SELECT ARRAY" + strings.Repeat("[", n) + "1" + strings.Repeat("]", n),
		"with":          strings.Repeat("WITH a AS (", n/8) + "SELECT 1" + strings.Repeat(") SELECT 1", n/10),
		"collations":    "SELECT 1" + strings.Repeat(" COLLATE c", n/8),
		"time zones":    "SELECT now()" + strings.Repeat(" AT TIME ZONE 'UTC'", n/10),
		"too long":      "SELECT '" + strings.Repeat("x", maxText) + "'",
		"open comments": "SELECT 1 " + strings.Repeat("/*", n),
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			if checked, err := New().Guard(sql, source.Policy{}); err == nil {
				t.Errorf("passed as %d bytes", len(checked.SQL))
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
	for name, sql := range map[string]string{
		"a long list":   "SELECT 1 WHERE 1 IN (" + strings.Repeat("1, ", 20_000) + "1)",
		"long or":       "SELECT 1 WHERE 1 = 0" + strings.Repeat(" OR 1 = 1", 5000),
		"a long sum":    "SELECT 1" + strings.Repeat(" + 1", 1000),
		"many unions":   "SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", 500),
		"text brackets": "SELECT '" + strings.Repeat("(", 10_000) + "'",
		"deep brackets": "SELECT " + strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New().Guard(sql, source.Policy{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func FuzzGuard(f *testing.F) {
	for _, sql := range slices.Concat(attacks, reads, newerReads) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		checked, err := New().Guard(sql, source.Policy{})
		if err != nil {
			if source.AsFailure(err) == nil {
				t.Errorf("%q: %v is not a failure", sql, err)
			}
			return
		}
		again, err := New().Guard(checked.SQL, source.Policy{})
		if err != nil || again.SQL != checked.SQL {
			t.Errorf("%q\nprints as %q\nthen as  %q (%v)", sql, checked.SQL, again.SQL, err)
		}
		words := strings.Fields(strings.ToUpper(strings.TrimLeft(checked.SQL, "( ")))
		if len(words) == 0 || !slices.Contains([]string{"SELECT", "SELECT;", "VALUES", "WITH", "EXPLAIN", "SHOW", "TABLE"}, words[0]) {
			t.Errorf("%q prints as %q", sql, checked.SQL)
		}
	})
}

// line is one statement of the shared corpora.
type line struct {
	Dialect, ID, SQL, Note string
	Class                  string `json:"cls"`
}

// corpus returns the PostgreSQL lines of a shared corpus, which lies beside the
// repository or where ASSAY_SHARED says.
func corpus(t testing.TB, name string) []line {
	t.Helper()
	shared := os.Getenv("ASSAY_SHARED")
	if shared == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			if filepath.Dir(dir) == dir {
				t.Fatal("no go.mod above the tests")
			}
			dir = filepath.Dir(dir)
		}
		shared = filepath.Join(dir, "..", "shared")
	}
	file, err := os.Open(filepath.Join(shared, "data", "guard", name+".jsonl"))
	if err != nil {
		t.Skipf("skipped: the shared corpus is not here (%v); set ASSAY_SHARED to the folder that holds data/guard", err)
	}
	defer file.Close()
	var lines []line
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Dialect == "postgres" {
			lines = append(lines, l)
		}
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	if len(lines) == 0 {
		t.Fatalf("the corpus %s has no lines for postgres", name)
	}
	return lines
}

func TestGuardAttackCorpus(t *testing.T) {
	for _, l := range corpus(t, "attacks") {
		if checked, err := New().Guard(l.SQL, source.Policy{}); err == nil {
			t.Errorf("%s (%s) passed: %s\nas %s", l.ID, l.Class, l.SQL, checked.SQL)
		}
	}
}

func TestGuardBenignCorpus(t *testing.T) {
	lines, refused := corpus(t, "benign"), 0
	for _, l := range lines {
		checked, err := New().Guard(l.SQL, source.Policy{})
		if err != nil {
			refused++
			t.Logf("%s: %v (cause %v)\n%s", l.ID, err, source.AsFailure(err).Err, l.SQL)
			continue
		}
		again, err := New().Guard(checked.SQL, source.Policy{})
		if err != nil || again.SQL != checked.SQL {
			t.Errorf("%s does not print to itself: %v\n%s\n%s", l.ID, err, checked.SQL, again.SQL)
		}
	}
	if limit := len(lines) * 5 / 1000; refused > limit {
		t.Errorf("%d of %d reads are refused, want at most %d", refused, len(lines), limit)
	}
}

func BenchmarkGuard(b *testing.B) {
	sql := reads[18]
	for b.Loop() {
		if _, err := New().Guard(sql, source.Policy{}); err != nil {
			b.Fatal(err)
		}
	}
}
