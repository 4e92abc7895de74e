package sqlserver

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/source"
)

func TestGuardRefusesAttacks(t *testing.T) {
	for _, sql := range attacks {
		c, err := New().Guard(sql, source.Policy{})
		if err == nil {
			t.Errorf("passed: %q\n  sent: %q", sql, c.SQL)
			continue
		}
		if f := source.AsFailure(err); f == nil || f.Message == "" || f.Code != source.Refused && f.Code != source.DatabaseError {
			t.Errorf("%q: the refusal is %v", sql, err)
		}
	}
	if len(attacks) < 60 || len(reads) < 60 {
		t.Errorf("%d attacks and %d reads are too few", len(attacks), len(reads))
	}
}

func TestGuardPassesReads(t *testing.T) {
	for _, sql := range reads {
		c, err := New().Guard(sql, source.Policy{})
		if err != nil {
			f := source.AsFailure(err)
			t.Errorf("%q\n  %v at %d (%v)", sql, err, f.Position, f.Err)
			continue
		}
		again, err := New().Guard(c.SQL, source.Policy{})
		if err != nil || again.SQL != c.SQL {
			t.Errorf("%q\n  sent  %q\n  again %q (%v)", sql, c.SQL, again.SQL, err)
		}
	}
}

func TestGuardSends(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"select 1;", "select 1"},
		{"  SELECT/**/a,b  FROM\n\n t -- x", "SELECT a, b FROM\n\nt"},
		{"select a /* one\ntwo */ from t", "select a\nfrom t"},
		{"select 'a' --b\n,n'c'", "select 'a'\n, N'c'"},
		{"select a-/**/-1 from t", "select a - - 1 from t"},
		{"select type from t", "select [type] from t"},
		{"select cast(a as time) at time zone 'UTC' from t", "select cast(a as [time]) at time zone 'UTC' from t"},
		{"select a from t where b > /* x */ = .5", "select a from t where b >= 0.5"},
	} {
		c, err := New().Guard(tt.sql, source.Policy{})
		if err != nil {
			t.Errorf("%q: %v", tt.sql, err)
			continue
		}
		if c.SQL != tt.want {
			t.Errorf("%q\n got %q\nwant %q", tt.sql, c.SQL, tt.want)
		}
	}
}

func TestGuardSaysWhyAndWhere(t *testing.T) {
	for _, tt := range []struct {
		sql      string
		code     source.Code
		message  string
		position int
	}{
		{"DELETE FROM t", source.Refused, "DELETE is not allowed: questions can only read", 1},
		{"SELECT 'żółw' DROP TABLE t", source.Refused, "DROP is not allowed: questions can only read. If it is a name, put it in [brackets]", 15},
		{"SELECT * FROM t WHERE dbo.evil(a) = 1", source.Refused, "The function dbo.evil is not on the list of functions that only read. An administrator can allow it", 23},
		{"SELECT * FROM sys.sql_logins", source.Refused, "The system view sys.sql_logins is not available to questions", 15},
		{"SELECT 'ż', * FROM other.dbo.t", source.Refused, "other.dbo.t names a table of the database other: a question reads the database of its connection, with names of one or two parts", 20},
		{"SELECT a, FROM t", source.DatabaseError, "Incorrect syntax near 'FROM'", 11},
		{"SELECT 'ż🐢', a FROM t WHERE WHERE", source.DatabaseError, "Incorrect syntax near 'WHERE'", 29},
		{"SELECT a FROM t LIMIT 5", source.DatabaseError, "", 0},
		{"", source.Refused, "There is no statement. Write a SELECT, such as SELECT TOP 10 * FROM a table", 0},
	} {
		_, err := New().Guard(tt.sql, source.Policy{})
		f := source.AsFailure(err)
		if f == nil {
			t.Errorf("%q passed", tt.sql)
			continue
		}
		if f.Code != tt.code || tt.message != "" && f.Message != tt.message || tt.position != 0 && f.Position != tt.position {
			t.Errorf("%q: %s at %d: %s", tt.sql, f.Code, f.Position, f.Message)
		}
	}
}

func TestGuardTables(t *testing.T) {
	c, err := New().Guard("WITH c AS (SELECT * FROM [sales].[order lines]) SELECT * FROM c JOIN people ON 1 = 1 WHERE EXISTS (SELECT 1 FROM dbo.people)", source.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	want := []source.Name{{Schema: "sales", Name: "order lines"}, {Name: "people"}, {Schema: "dbo", Name: "people"}}
	less := func(a, b source.Name) bool { return a.Schema+"."+a.Name < b.Schema+"."+b.Name }
	sortNames(c.Tables, less)
	sortNames(want, less)
	if d := cmp.Diff(want, c.Tables); d != "" {
		t.Error(d)
	}
}

func sortNames(n []source.Name, less func(a, b source.Name) bool) {
	for i := range n {
		for j := i; j > 0 && less(n[j], n[j-1]); j-- {
			n[j], n[j-1] = n[j-1], n[j]
		}
	}
}

func TestGuardPolicy(t *testing.T) {
	p := source.Policy{Functions: []string{"dbo.net_price", "sales.lines_of"}}
	for _, sql := range []string{
		"select dbo.net_price(a) from t",
		"select [DBO].[Net_Price](a) from t",
		"select * from sales.lines_of(1) as l",
		"select * from t cross apply sales.lines_of(t.id) as l",
	} {
		if _, err := New().Guard(sql, p); err != nil {
			t.Errorf("%q: %v", sql, err)
		}
		if _, err := New().Guard(sql, source.Policy{}); err == nil {
			t.Errorf("%q passed without the policy", sql)
		}
	}
	if _, err := New().Guard("select net_price(a), other.net_price(a) from t", p); err == nil {
		t.Error("a function of another schema passed")
	}
}

// The guard must end soon whatever the depth, and never exhaust the stack.
func TestGuardDeep(t *testing.T) {
	for name, sql := range map[string]string{
		"parentheses": "SELECT " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000),
		"queries":     "SELECT * FROM " + strings.Repeat("(SELECT * FROM ", 10_000) + "t" + strings.Repeat(") x", 10_000),
		"cases":       "SELECT " + strings.Repeat("CASE WHEN 1=1 THEN ", 8_000) + "1" + strings.Repeat(" END", 8_000),
		"not":         "SELECT 1 WHERE " + strings.Repeat("NOT ", 60_000) + "1=1",
		"minus":       "SELECT " + strings.Repeat("- ", 100_000) + "1",
		"comments":    "SELECT 1 " + strings.Repeat("/*", 100_000) + strings.Repeat("*/", 20_000),
		"long":        strings.Repeat("x", maxText+1),
	} {
		start := time.Now()
		if _, err := New().Guard(sql, source.Policy{}); err == nil {
			t.Errorf("%s passed", name)
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%s took %s", name, d)
		}
	}
	for name, sql := range map[string]string{
		"sum":    "SELECT 1" + strings.Repeat(" + 1", 20_000),
		"or":     "SELECT 1 WHERE 1=1" + strings.Repeat(" OR 1=1", 15_000),
		"in":     "SELECT 1 WHERE 1 IN (1" + strings.Repeat(",1", 50_000) + ")",
		"union":  "SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", 5_000),
		"nested": "SELECT 1 WHERE " + strings.Repeat("(", maxDepth-1) + "1=1" + strings.Repeat(")", maxDepth-1),
	} {
		start := time.Now()
		// Whether such a statement passes does not matter, only that the guard answers.
		_, _ = New().Guard(sql, source.Policy{})
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%s took %s", name, d)
		}
	}
}

type line struct {
	ID, Dialect, SQL string
}

// corpus reads the T-SQL lines of a shared corpus, or skips where it is not at hand.
func corpus(t testing.TB, file string) []line {
	t.Helper()
	dir := os.Getenv("ASSAY_SHARED")
	if dir == "" {
		root, err := filepath.Abs(".")
		for err == nil {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			if root == filepath.Dir(root) {
				break
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared")
	}
	f, err := os.Open(filepath.Join(dir, "data", "guard", file))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("skipped: the corpus %s is not at hand (set ASSAY_SHARED to the folder that holds data/guard)", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []line
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var l line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Dialect == "tsql" {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		t.Fatalf("%s holds no T-SQL", file)
	}
	return lines
}

func TestGuardCorpusAttacks(t *testing.T) {
	for _, l := range corpus(t, "attacks.jsonl") {
		if c, err := New().Guard(l.SQL, source.Policy{}); err == nil {
			t.Errorf("%s passed: %q", l.ID, c.SQL)
		}
	}
}

func TestGuardCorpusReads(t *testing.T) {
	lines := corpus(t, "benign.jsonl")
	refused := 0
	for _, l := range lines {
		if _, err := New().Guard(l.SQL, source.Policy{}); err != nil {
			refused++
			t.Logf("%s: %v\n%s", l.ID, err, l.SQL)
		}
	}
	if float64(refused) > 0.005*float64(len(lines)) {
		t.Errorf("%d of %d reads were refused", refused, len(lines))
	}
}

// FuzzGuard holds that what passes prints to itself and that no statement
// keyword is left in it outside of quotes.
func FuzzGuard(f *testing.F) {
	for _, sql := range attacks {
		f.Add(sql)
	}
	for _, sql := range reads {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		c, err := New().Guard(sql, source.Policy{})
		if err != nil {
			if source.AsFailure(err) == nil {
				t.Fatalf("%q: the refusal is no failure: %v", sql, err)
			}
			return
		}
		again, err := New().Guard(c.SQL, source.Policy{})
		if err != nil {
			t.Fatalf("%q passed as %q, which is refused: %v", sql, c.SQL, err)
		}
		if again.SQL != c.SQL {
			t.Fatalf("%q is sent as %q, that as %q", sql, c.SQL, again.SQL)
		}
		for _, word := range outsideQuotes(c.SQL) {
			if actingWords[word] || word == "INTO" {
				t.Fatalf("%q holds %s: %q", sql, word, c.SQL)
			}
		}
	})
}

// outsideQuotes returns the plain words of a text without comments, in
// capitals; it is written apart from the lexer on purpose.
func outsideQuotes(sql string) []string {
	var words []string
	word := ""
	var closing rune
	text := []rune(sql + " ")
	for i := 0; i < len(text); i++ {
		r := text[i]
		if closing != 0 {
			if r == closing && text[i+1] == closing {
				i++
			} else if r == closing {
				closing = 0
			}
			continue
		}
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r >= '0' && r <= '9' || r == '@' || r == '#' || r == '$' || r > 127 {
			word += string(r)
			continue
		}
		if word != "" {
			words = append(words, strings.ToUpper(word))
			word = ""
		}
		switch r {
		case '\'', '"':
			closing = r
		case '[':
			closing = ']'
		}
	}
	return words
}
