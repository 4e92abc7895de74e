package postgres

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pgquery "github.com/sqlc-dev/oliphant"
	"github.com/sqlc-dev/oliphant/ast"

	"assay/app/source"
)

// few is a policy of a limited, a mixed-case limited and a free table.
func few() source.Policy {
	t, mixed, free := source.Name{Schema: "s", Name: "t"}, source.Name{Schema: "s", Name: "T x"}, source.Name{Schema: "s", Name: "free"}
	m := map[source.Name]source.Reading{
		{Name: "t"}:    {Table: t, Select: `SELECT "a", NULL::text AS "b" FROM "s"."t" WHERE ("a" = 'x') OFFSET 0`},
		mixed:          {Table: mixed, Select: `SELECT "A b" FROM "s"."T x" AS r WHERE EXISTS (SELECT 1 FROM "s"."free" f WHERE f.id = "A b") OFFSET 0`},
		{Name: "free"}: {Table: free}, free: {Table: free},
		{Name: "other"}:  {Table: free},
		{Name: "open"}:   {Table: source.Name{Schema: "s", Name: "open"}, Select: `SELECT * FROM open`},
		{Name: "marked"}: {Table: source.Name{Schema: "s", Name: "marked"}, Select: `SELECT * FROM s.marked WHERE a = $1`},
		{Name: "zero"}:   {Table: source.Name{Schema: "s", Name: "zero"}, Select: "SELECT * FROM s.zero WHERE a = 'x\x00'"},
		{Name: "acts"}:   {Table: source.Name{Schema: "s", Name: "acts"}, Select: "DELETE FROM s.acts"},
		{Name: "bare"}:   {Table: source.Name{Name: "bare"}},
		{Name: "stats"}:  {Table: source.Name{Schema: "pg_catalog", Name: "stats"}},
	}
	m[t] = m[source.Name{Name: "t"}]
	return source.Policy{
		Functions: []string{"geo.area", "round"},
		Routines:  []string{"public.lower", "my.schema.Odd.Name", "public.round"},
		Tables: func(n source.Name) (source.Reading, error) {
			if r, ok := m[n]; ok {
				return r, nil
			}
			if n.Name == "later" {
				return source.Reading{}, &source.Failure{Code: source.Unreachable, Message: "No catalog"}
			}
			return source.Reading{}, errors.New("unknown")
		},
	}
}

func TestGuardAppliesRules(t *testing.T) {
	const limited = "(SELECT t.a, NULL::text AS b FROM s.t WHERE t.a = 'x' OFFSET 0)"
	const mixed = `(SELECT r."A b" FROM s."T x" r WHERE EXISTS (SELECT 1 FROM s.free f WHERE f.id = "A b") OFFSET 0)`
	name := func(n string) source.Name { return source.Name{Schema: "s", Name: n} }
	tests := []struct {
		sql, printed string
		tables       []source.Name
	}{
		{"SELECT a FROM t", "SELECT a FROM " + limited + " t", []source.Name{name("t")}},
		{"TABLE s.t", "SELECT * FROM " + limited + " t", []source.Name{name("t")}},
		{"SELECT x.c FROM t AS x(c, d)", "SELECT x.c FROM " + limited + " x(c, d)", []source.Name{name("t")}},
		{"SELECT s.t.a, s.t.* FROM s.t", "SELECT t.a, t.* FROM " + limited + " t", []source.Name{name("t")}},
		{"SELECT s.t.a FROM t y", "SELECT s.t.a FROM " + limited + " y", []source.Name{name("t")}},
		{"SELECT free.id, s.free.id FROM free", "SELECT free.id, s.free.id FROM s.free", []source.Name{name("free")}},
		{"SELECT other.id FROM other", "SELECT other.id FROM s.free other", []source.Name{name("free")}},
		{`SELECT * FROM s."T x", t`, `SELECT * FROM ` + mixed + ` "T x", ` + limited + ` t`, []source.Name{name("T x"), name("t")}},
		{"SELECT (SELECT max(b) FROM t) FROM free f JOIN t ON f.id = t.a", "SELECT (SELECT max(b) FROM " + limited + " t) FROM s.free f JOIN " + limited + " t ON f.id = t.a", []source.Name{name("t"), name("free")}},
		{"WITH w AS (SELECT * FROM t) SELECT * FROM w, unknown.w", "", nil},
		{"WITH w AS (SELECT * FROM t) SELECT * FROM w UNION TABLE free", "WITH w AS (SELECT * FROM " + limited + " t) SELECT * FROM w UNION SELECT * FROM s.free", []source.Name{name("t"), name("free")}},
		{"WITH RECURSIVE w AS (SELECT * FROM v), v AS (SELECT a FROM t) TABLE w", "WITH RECURSIVE w AS (SELECT * FROM v), v AS (SELECT a FROM " + limited + " t) SELECT * FROM w", []source.Name{name("t")}},
		{"SELECT lower(a), pg_catalog.lower(b), round(1) FROM t", "SELECT pg_catalog.lower(a), pg_catalog.lower(b), pg_catalog.round(1) FROM " + limited + " t", []source.Name{name("t")}},
		{"EXPLAIN TABLE free", "EXPLAIN SELECT * FROM s.free", []source.Name{name("free")}},
		{"SELECT ctid FROM free TABLESAMPLE SYSTEM (5)", "SELECT ctid FROM s.free TABLESAMPLE system(5)", []source.Name{name("free")}},
	}
	for _, tt := range tests {
		got, err := New().Guard(tt.sql, few())
		if tt.printed == "" {
			if err == nil {
				t.Errorf("%s passed as %s", tt.sql, got.SQL)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		got.Explain = false
		if diff := cmp.Diff(source.Checked{SQL: tt.printed, Tables: tt.tables}, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.sql, diff)
		}
	}
}

func TestGuardSaysWhyRulesRefuse(t *testing.T) {
	tests := []struct {
		sql, message string
		position     int
	}{
		{"SELECT 'ż' FROM nowhere", "The table nowhere cannot be read", 17},
		{"SELECT 1 FROM later", "No catalog", 15},
		{"SELECT 1 FROM free, bare", "The table bare cannot be read", 21},
		{"SELECT 1 FROM stats", "The table stats cannot be read", 15},
		{"SELECT 1 FROM open", "The rule that limits what is seen of open could not be applied", 15},
		{"SELECT 1 FROM marked", "The rule that limits what is seen of marked could not be applied", 15},
		{"SELECT 1 FROM zero", "The rule that limits what is seen of zero could not be applied", 15},
		{"SELECT 1 FROM acts", "The rule that limits what is seen of acts could not be applied", 15},
		{"SELECT 1 FROM pg_stats", "pg_stats is a system table, and those cannot be read where rules limit what is seen", 15},
		{"SELECT 1 FROM ONLY t", "ONLY cannot be asked of t, of which rules limit what is seen", 20},
		{"SELECT 1 FROM t TABLESAMPLE SYSTEM (1)", "t cannot be sampled, since rules limit what is seen of it", 15},
		{"SELECT 1 FROM (SELECT ctid FROM t) x", "A system column such as ctid cannot be read where rules limit what is seen", 23},
		{"  EXPLAIN TABLE t", "A plan tells of rows that rules hide, so EXPLAIN is not allowed for the tables of this statement", 3},
		{"SELECT 1 WHERE EXISTS (WITH t AS (SELECT 1) TABLE t)", "The WITH query t has the name of a table; where rules limit what is seen, it needs another", 29},
		{`WITH "T" AS (SELECT 1) TABLE "T"`, "The WITH query T has the name of a table; where rules limit what is seen, it needs another", 6},
		{`WITH "t X" AS (SELECT 1) SELECT 1 FROM s."T x"`, "The WITH query t X has the name of a table; where rules limit what is seen, it needs another", 6},
		{"SELECT geo.area(a) FROM free", "The function geo.area could read past the rules that limit what is seen", 8},
		{"SELECT pg_relation_size('t')", "The function pg_relation_size tells of the system catalog, which cannot be read where rules limit what is seen", 8},
		{"SELECT 1::regclass", "The type regclass tells of the system catalog, which cannot be read where rules limit what is seen", 11},
		{"SELECT s.t.a FROM s.t, free AS t", "It is not clear which table s.t means here", 8},
		{"SELECT f.lower FROM free f", "lower is also a function of this database, which this way of writing could call", 8},
		{`SELECT (f.a)."Odd.Name" FROM free f`, "Odd.Name is also a function of this database, which this way of writing could call", 8},
		{"SELECT 1 FROM t" + strings.Repeat(", t", maxGrafts), "Tables of which rules limit what is seen may be named at most 200 times", 15 + 3*maxGrafts},
	}
	for _, tt := range tests {
		checked, err := New().Guard(tt.sql, few())
		f := source.AsFailure(err)
		if f == nil {
			t.Errorf("%s passed as %s", tt.sql, checked.SQL)
			continue
		}
		if f.Message != tt.message || f.Position != tt.position {
			t.Errorf("%s\ngot  %s at %d (cause %v)\nwant %s at %d", tt.sql, f.Message, f.Position, f.Err, tt.message, tt.position)
		}
	}
}

// Without rules for tables, the names of the database's own functions are
// still refused where a column is asked for, and kept from standing in for
// PostgreSQL's own.
func TestGuardKnowsRoutines(t *testing.T) {
	policy := source.Policy{Routines: []string{"public.peek", "public.upper", "public.round"}, Functions: []string{"round"}}
	for sql, want := range map[string]string{
		"SELECT o.peek FROM orders o":                         "",
		"SELECT (o).peek FROM orders o":                       "",
		"SELECT (o.a).peek FROM orders o":                     "",
		"SELECT public.orders.peek FROM orders":               "",
		"SELECT (SELECT x).peek FROM unnest('{a}'::text[]) x": "",
		"SELECT (x).upper FROM orders x":                      "",
		"SELECT 1 FROM a JOIN b ON a.peek = b.id":             "",
		"SELECT peek FROM orders o":                           "SELECT peek FROM orders o",
		"SELECT o.total FROM orders o":                        "SELECT o.total FROM orders o",
		"SELECT 1 AS peek, upper(o), round(1) FROM peek o":    "SELECT 1 AS peek, pg_catalog.upper(o), round(1) FROM peek o",
		"SELECT count(*), upper(a) OVER () FROM t":            "SELECT count(*), pg_catalog.upper(a) OVER () FROM t",
	} {
		got, err := New().Guard(sql, policy)
		if got.SQL != want || (err == nil) != (want != "") {
			t.Errorf("%s\ngives %s (%v)\nwant  %s", sql, got.SQL, err, want)
		}
	}
}

// What the last look refuses, whatever the walk before it did.
func TestVerify(t *testing.T) {
	parse := func(sql string) *ast.Node {
		result, err := pgquery.Parse(sql)
		if err != nil {
			t.Fatal(err)
		}
		return result.Stmts[0].Stmt
	}
	const rule = "SELECT a FROM s.t WHERE a = 1 OFFSET 0"
	w := walker{rules: newRules()}
	w.rules.selects[rule] = parse(rule)
	w.rules.places = []place{{reading: source.Reading{Table: source.Name{Schema: "s", Name: "free"}}}}
	for sql, want := range map[string]bool{
		"SELECT 1 FROM s.free, (" + rule + ") t":                                       true,
		"WITH w AS (SELECT * FROM (" + rule + ") t) SELECT * FROM w":                   true,
		"WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a":       true,
		"WITH w AS (SELECT 1) SELECT (WITH v AS (SELECT * FROM w) SELECT 1 FROM v, w)": true,
		"SELECT 1 FROM free":      false,
		"SELECT 1 FROM s.t":       false,
		"SELECT 1 FROM db.s.free": false,
		"SELECT 1 FROM (SELECT a FROM s.t WHERE a = 2 OFFSET 0) t":                  false,
		"SELECT 1 FROM (SELECT a FROM s.t WHERE a = 1) t":                           false,
		"SELECT (" + rule + ")":                                                     false,
		"WITH s AS (SELECT 1) SELECT * FROM s.t":                                    false,
		"WITH w AS (SELECT * FROM w) SELECT * FROM w":                               false,
		"WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a":              false,
		"SELECT (WITH w AS (SELECT 1) SELECT 1 FROM w), (SELECT 1 FROM w)":          false,
		"(WITH w AS (SELECT 1) SELECT 1 FROM w) UNION SELECT 1 FROM w":              false,
		"SELECT 1 FROM s.free WHERE EXISTS (SELECT 1 ORDER BY (SELECT 1 FROM s.t))": false,
		"SELECT 1 FROM generate_series(1, (SELECT count(*) FROM s.t))":              false,
	} {
		result, err := pgquery.Parse(sql)
		if err != nil {
			if want {
				t.Errorf("%s: %v", sql, err)
			}
			continue
		}
		if err := w.verify(result.Stmts[0].Stmt); (err == nil) != want {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func BenchmarkGuardWithRules(b *testing.B) {
	sql, policy := "SELECT f.id, sum(t.a) FROM free f JOIN t ON t.a = f.id WHERE f.id IN (SELECT a FROM t WHERE b IS NULL) GROUP BY f.id", few()
	for b.Loop() {
		if _, err := New().Guard(sql, policy); err != nil {
			b.Fatal(err)
		}
	}
}
