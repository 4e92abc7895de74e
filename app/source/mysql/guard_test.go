package mysql

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/source"
)

// corpus returns the lines of a shared corpus for these servers, nil where it is not at hand.
func corpus(t testing.TB, name string) (lines []corpusLine) {
	t.Helper()
	dir := os.Getenv("ASSAY_SHARED")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			if root == filepath.Dir(root) {
				t.Fatal("no go.mod above the test")
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared")
	}
	f, err := os.Open(filepath.Join(dir, "data", "guard", name+".jsonl"))
	if err != nil {
		return nil
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var l corpusLine
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Dialect == "mysql" {
			lines = append(lines, l)
		}
	}
	return lines
}

type corpusLine struct{ Dialect, SQL, ID string }

// harmless are corpus attacks that pass because they only read here: the pinned
// sql_mode settles how they are read, and what is sent reads the same under any.
var harmless = map[string]bool{"mysql-111": true}

func TestCorpusAttacks(t *testing.T) {
	lines := corpus(t, "attacks")
	if lines == nil {
		t.Skip("the shared corpus of attacks is not here (set ASSAY_SHARED)")
	}
	for _, l := range lines {
		c, err := New().Guard(l.SQL, source.Policy{})
		if err == nil && !harmless[l.ID] {
			t.Errorf("%s passed: %s\nas %s", l.ID, l.SQL, c.SQL)
		}
	}
}

func TestCorpusReads(t *testing.T) {
	lines := corpus(t, "benign")
	if lines == nil {
		t.Skip("the shared corpus of reads is not here (set ASSAY_SHARED)")
	}
	refused := 0
	for _, l := range lines {
		if _, err := New().Guard(l.SQL, source.Policy{}); err != nil {
			refused++
			t.Logf("%s refused: %s\n%v", l.ID, l.SQL, err)
		}
	}
	if refused*1000 > len(lines)*5 {
		t.Errorf("%d of %d reads refused", refused, len(lines))
	}
}

func TestGuardRefuses(t *testing.T) {
	for _, sql := range attacks {
		c, err := New().Guard(sql, source.Policy{})
		if err == nil {
			t.Errorf("%q passed as %s", sql, c.SQL)
			continue
		}
		f := source.AsFailure(err)
		if f == nil || f.Message == "" || c.SQL != "" {
			t.Errorf("%q: %v, checked %+v", sql, err, c)
		}
	}
}

func TestGuardPrints(t *testing.T) {
	for _, tt := range printed {
		c, err := New().Guard(tt.sql, source.Policy{})
		if err != nil {
			t.Errorf("%s\n%v", tt.sql, err)
			continue
		}
		if diff := cmp.Diff(tt.want, c.SQL); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.sql, diff)
		}
	}
}

func TestGuardAccepts(t *testing.T) {
	for _, sql := range reads {
		if _, err := New().Guard(sql, source.Policy{}); err != nil {
			t.Errorf("%s\n%v", sql, err)
		}
	}
}

func TestGuardSaysWhy(t *testing.T) {
	for _, tt := range []struct {
		sql, message string
		position     int
		code         source.Code
	}{
		{"  DELETE FROM t", "DELETE is not allowed: questions can only read", 3, source.Refused},
		{"WITH a AS (SELECT 1) DELETE FROM t", "DELETE is not allowed: questions can only read", 1, source.Refused},
		{"SELECT 'ä🐢', SLEEP(5)", "The function sleep is not on the list of functions that only read", 14, source.Refused},
		{"SELECT 1; SELECT 2", "Only one statement is allowed at a time", 9, source.Refused},
		{"SELECT a FROM t FOR UPDATE", "Locking rows is not allowed: questions can only read", 17, source.Refused},
		{"SELECT a\nINTO @x FROM t", "INTO is not allowed: questions can only read", 10, source.Refused},
		{"SELECT @x", "User variables are not allowed: a question can hold parameters instead", 8, source.Refused},
		{"SELECT * FROM mysql.user", "The schema mysql belongs to the server and is not open to questions", 15, source.Refused},
		{"", "There is no statement", 0, source.Refused},
		{"-- nothing\n;", "There is no statement", 0, source.Refused},
		{"SELECT 'ä🐢' FROM WHERE", "You have an error in your SQL syntax near 'WHERE'", 18, source.DatabaseError},
		{"SELECT a FROM /* why */ t GROUP 1 /* not */", "You have an error in your SQL syntax near '1 /* not */'", 33, source.DatabaseError},
		{"SELECT 1 +", "You have an error in your SQL syntax at its end", 11, source.DatabaseError},
	} {
		_, err := New().Guard(tt.sql, source.Policy{})
		f := source.AsFailure(err)
		if f == nil {
			t.Errorf("%q passed", tt.sql)
			continue
		}
		if f.Message != tt.message || f.Position != tt.position || f.Code != tt.code {
			t.Errorf("%q: %s at %d (%s)", tt.sql, f.Message, f.Position, f.Code)
		}
	}
}

func TestGuardTells(t *testing.T) {
	c, err := New().Guard("EXPLAIN WITH c AS (SELECT * FROM a) SELECT * FROM c JOIN shop.b USING (id) WHERE x IN (SELECT y FROM `d e`)", source.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	want := []source.Name{{Name: "a"}, {Schema: "shop", Name: "b"}, {Name: "d e"}}
	if diff := cmp.Diff(want, c.Tables); diff != "" || !c.Explain {
		t.Errorf("explain %v (-want +got)\n%s", c.Explain, diff)
	}
}

func TestGuardPolicy(t *testing.T) {
	policy := source.Policy{Functions: []string{"shop.net_price", "vat"}}
	for sql, want := range map[string]string{
		"SELECT shop.net_price(a) AS n FROM t": "SELECT `shop`.`net_price`(`a`) AS `n` FROM `t`",
		"SELECT Vat(a) AS n FROM t":            "SELECT `Vat`(`a`) AS `n` FROM `t`",
		"SELECT net_price(a) AS n FROM t":      "",
		"SELECT other.vat(a) AS n FROM t":      "",
		"SELECT shop.upper(a) AS n FROM t":     "",
	} {
		c, err := New().Guard(sql, policy)
		if c.SQL != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", sql, c.SQL, err)
		}
	}
}

// TestGuardLimits sends what is large or deep; each must come back soon, and no stack may overflow.
func TestGuardLimits(t *testing.T) {
	const n = 100_000
	deep := map[string]string{
		"parentheses": "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"not":         "SELECT " + strings.Repeat("NOT ", n/2) + "1",
		"minus":       "SELECT " + strings.Repeat("- ", n) + "1",
		"mixed":       "SELECT " + strings.Repeat("NOT - ", n/4) + "1",
		"case":        "SELECT " + strings.Repeat("CASE ", n/4) + "1",
		"functions":   "SELECT " + strings.Repeat("ABS(", n/2) + "1" + strings.Repeat(")", n/2),
		"open":        strings.Repeat("(", n),
		"from":        "SELECT * FROM " + strings.Repeat("(", n) + "t",
		"too long":    "SELECT '" + strings.Repeat("x", maxStatement) + "'",
		"joins":       "SELECT * FROM t " + strings.Repeat("JOIN t ", n/4),
		"not equal":   "SELECT " + strings.Repeat("NOT a = ", n/4) + "1",
		"in":          "SELECT a " + strings.Repeat("IN (1) ", n/4),
		"when":        "SELECT CASE " + strings.Repeat("WHEN 1 THEN ", n/6) + "1 END",
		"binary":      "SELECT " + strings.Repeat("BINARY ", n/4) + "1",
		"with":        strings.Repeat("WITH a AS (SELECT 1) ", n/10) + "SELECT 1",
		"interval":    "SELECT " + strings.Repeat("INTERVAL 1 DAY + ", n/9) + "a",
		"between":     "SELECT " + strings.Repeat("a BETWEEN 1 AND ", n/9) + "1",
		"quotes":      "SELECT " + strings.Repeat("'a' ", n/2),
		"dots":        "SELECT a" + strings.Repeat(".a", n),
		"unions":      "SELECT 1" + strings.Repeat(" UNION SELECT 1", n/8),
		"collate":     "SELECT a" + strings.Repeat(" COLLATE utf8mb4_bin", n/12),
		"values":      "VALUES (1)" + strings.Repeat(",(1)", n/2),
		"median":      "SELECT 1" + strings.Repeat(",MEDIAN(a) OVER ()", n/10),
		"concat":      "SELECT 1" + strings.Repeat(",GROUP_CONCAT(a LIMIT 1)", n/12),
		"fields":      "SELECT 1" + strings.Repeat(",a+1", n/3),
		"plus":        "SELECT 1" + strings.Repeat("+1", n),
		"and":         "SELECT 1 FROM t WHERE a=1" + strings.Repeat(" AND a=1", n/5),
		"braces":      "SELECT " + strings.Repeat("{d ", n/2) + "1",
		"brackets":    "SELECT " + strings.Repeat("[", n),
		"hints":       "SELECT /*+ " + strings.Repeat("BKA(", n/3) + " */ 1",
		"exists":      "SELECT " + strings.Repeat("EXISTS ", n/4) + "(SELECT 1)",
		"row":         "SELECT " + strings.Repeat("ROW(1,", n/4) + "1",
		"at":          "SELECT " + strings.Repeat("@", n),
		"prior":       "SELECT " + strings.Repeat("~!+", n/2) + "1",
		"explain":     strings.Repeat("EXPLAIN ", n/8) + "SELECT 1",
		"commas":      "SELECT * FROM t" + strings.Repeat(",t", n),
		"dates":       "SELECT " + strings.Repeat("{d 'x' ", n/4) + "1",
		"derived":     "SELECT * FROM (SELECT 1) a" + strings.Repeat(",(SELECT 1) a", n/8),
		"using":       "SELECT * FROM t JOIN u USING (" + strings.Repeat("a,", n) + "a)",
	}
	for name, sql := range deep {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			c, err := New().Guard(sql, source.Policy{})
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("took %s for %d bytes (%v)", took, len(sql), err)
			}
			if err == nil && len(c.SQL) == 0 {
				t.Error("passed as nothing")
			}
		})
	}
	for _, sql := range []string{"SELECT '\xff'", "SELECT \x00 1", "SELECT `a\x00`", "SELECT '\x01'", "\xc3\x28"} {
		if _, err := New().Guard(sql, source.Policy{}); err == nil {
			t.Errorf("%q passed", sql)
		}
	}
	if _, err := New().Guard("SELECT "+strings.Repeat("(", 150)+"1"+strings.Repeat(")", 150), source.Policy{}); err != nil {
		t.Errorf("150 parentheses: %v", err)
	}
}

func FuzzGuard(f *testing.F) {
	for _, sql := range attacks {
		f.Add(sql)
	}
	for _, sql := range reads {
		f.Add(sql)
	}
	for _, tt := range printed {
		f.Add(tt.sql)
	}
	for _, name := range []string{"attacks", "benign"} {
		for _, l := range corpus(f, name) {
			f.Add(l.SQL)
		}
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
			t.Fatalf("%q prints as %q, that as %q (%v)", sql, c.SQL, again.SQL, err)
		}
		tokens, err := lex(c.SQL)
		if err != nil || len(tokens) == 0 {
			t.Fatalf("%q: %v", c.SQL, err)
		}
		if first := tokens[0]; !first.symbol("(") && !first.is("SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "ANALYZE") {
			t.Fatalf("%q begins with %s", c.SQL, first.text)
		}
		for i, tok := range tokens {
			switch {
			case tok.symbol(";"), tok.symbol(":="), tok.is("INTO"):
				t.Fatalf("%q holds %s", c.SQL, tok.text)
			case tok.is("UPDATE", "DELETE", "DROP", "CREATE", "ALTER", "GRANT", "SET", "CALL", "LOCK", "SLEEP", "LOAD_FILE") && !(tok.is("CREATE") && i == 1):
				t.Fatalf("%q holds the keyword %s", c.SQL, tok.text)
			}
		}
	})
}
