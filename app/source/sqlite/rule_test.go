package sqlite

import (
	"errors"
	"strings"
	"testing"

	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

// smallTables is a policy with one limited and two free tables.
func smallTables() map[string]source.Reading {
	return map[string]source.Reading{
		"orders":      limitedTo(`"id", NULL AS "email"`, `FROM "orders" WHERE ("region" = 'EU')`),
		"products":    {},
		"Order Lines": {},
	}
}

const smallGraft = `(SELECT "t"."id", NULL AS "email" FROM "main"."orders" AS "t" WHERE ("t"."region" = 'EU') LIMIT - 1 OFFSET 0)`

func TestGuardPutsRulesInTheTablesPlaces(t *testing.T) {
	policy := source.Policy{Tables: resolve(smallTables())}
	for _, tt := range []struct{ asked, want string }{
		{`SELECT * FROM orders`, `SELECT * FROM ` + smallGraft + ` AS "orders"`},
		{`select Id from main.ORDERS o`, `SELECT Id FROM ` + smallGraft + ` AS o`},
		{`SELECT main.orders.id FROM orders INDEXED BY x, products NOT INDEXED`, `SELECT orders.id FROM ` + smallGraft + ` AS "orders", "main"."products" NOT INDEXED`},
		{`SELECT main.products.id FROM main.products`, `SELECT main.products.id FROM "main"."products"`},
		{"SELECT 1 FROM `order lines` JOIN [Order Lines] AS b USING (id)", `SELECT 1 FROM "main"."Order Lines" JOIN "main"."Order Lines" AS b USING ( id)`},
		{`SELECT 1 IN products, 1 IN 'orders'`, `SELECT 1 IN "main"."products" AS "1 IN products", 1 IN (SELECT * FROM ` + smallGraft + ` AS "orders") AS "1 IN 'orders'"`},
		{`SELECT t.id FROM orders t`, strings.ReplaceAll(`SELECT t.id FROM `+smallGraft+` AS t`, `"t"`, `"t_"`)},
		{`SELECT T_ FROM orders "t"`, strings.ReplaceAll(`SELECT T_ FROM `+smallGraft+` AS `, `"t"`, `"t__"`) + `"t"`},
		{`WITH a AS (SELECT * FROM b), b AS (SELECT * FROM orders) SELECT * FROM a, products`, `WITH a AS (SELECT * FROM b), b AS (SELECT * FROM ` + smallGraft + ` AS "orders") SELECT * FROM a, "main"."products"`},
		{`SELECT * FROM products, (orders AS o)`, `SELECT * FROM "main"."products", (` + smallGraft + ` AS o) AS o`},
		{`SELECT * FROM orders over`, `SELECT * FROM ` + smallGraft + ` AS over`},
		{"SELECT * FROM \"\u212a\" JOIN \"ſ\"", `SELECT * FROM "main"."K" AS "` + "\u212a" + `" JOIN "main"."s" AS "ſ"`},
		{`SELECT 'a''b', x'0F', 1_000.5e-3, [a]]]`, ``},
		{`SELECT [a b], "c""d", 'e' FROM products -- the end`, `SELECT [a b], "c""d", 'e' FROM "main"."products"`},
		{`EXPLAIN QUERY PLAN SELECT 1 FROM products`, `EXPLAIN QUERY PLAN SELECT 1 FROM "main"."products"`},
		{`SELECT value FROM json_each('[1]')`, `SELECT value FROM json_each( '[1]')`},
	} {
		tables := smallTables()
		tables["K"], tables["s"] = source.Reading{}, source.Reading{}
		policy.Tables = resolve(tables)
		c, err := New().Guard(tt.asked, policy)
		if (err != nil) != (tt.want == "") {
			t.Errorf("%s: %v", tt.asked, err)
			continue
		}
		if squeeze(c.SQL) != squeeze(tt.want) {
			t.Errorf("%s (-want +got)\n%s", tt.asked, cmp.Diff(tt.want, c.SQL))
		}
	}
}

// squeeze leaves out the space that the printer puts behind some parentheses.
func squeeze(sql string) string { return strings.ReplaceAll(sql, "( ", "(") }

func TestGuardNamesTablesAsTheCatalogDoes(t *testing.T) {
	policy := source.Policy{Tables: resolve(smallTables())}
	c, err := New().Guard(`WITH x AS (SELECT 1) SELECT * FROM x, ORDERS a, main.orders b, "order lines" WHERE 1 IN Products`, policy)
	if err != nil {
		t.Fatal(err)
	}
	want := []source.Name{{Name: "orders"}, {Name: "Order Lines"}, {Name: "products"}}
	if diff := cmp.Diff(want, c.Tables); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestGuardWithRulesSaysWhatAndWhere(t *testing.T) {
	tables := smallTables()
	policy := source.Policy{Tables: func(n source.Name) (source.Reading, error) {
		if n.Name == "secrets" {
			return source.Reading{}, &source.Failure{Code: source.Refused, Message: "You may not read secrets", Hint: "Ask its owner.", Position: 99}
		}
		return resolve(tables)(n)
	}}
	for _, tt := range []struct {
		sql  string
		want source.Failure
	}{
		{"SELECT 'ż' FROM secrets", source.Failure{Message: "You may not read secrets", Hint: "Ask its owner.", Position: 17}},
		{"SELECT 1 FROM (SELECT 'ż' IN main.nowhere)", source.Failure{Message: "The table nowhere is not there, or may not be read", Position: 30}},
		{"SELECT 1 FROM products, sqlite_schema", source.Failure{Message: "sqlite_schema tells about all tables and is not allowed where rules say what may be seen", Position: 25}},
		{"WITH a AS (SELECT 1), Orders AS (SELECT 2) SELECT 3", source.Failure{Message: "A WITH query may not have the name of the table Orders: give it another name", Position: 23}},
		{"EXPLAIN SELECT * FROM orders", source.Failure{Message: "A plan is not shown of a table that rules limit, because it tells of the rows they hide", Position: 1}},
		{"SELECT id, o.RowId FROM orders o", source.Failure{Message: "A table that rules limit has no RowId: use the column of its key", Position: 14}},
		{"SELECT 1, bm25(a) FROM orders", source.Failure{Message: "The function bm25 cannot be used together with a table that rules limit", Position: 11}},
		{"SELECT * FROM temp.orders", source.Failure{Message: "There is no schema temp: a SQLite connection has one, called main", Position: 15}},
		{"SELECT :x FROM orders", source.Failure{Message: "The parameter :x is not allowed: write parameters as ?1, ?2", Position: 8}},
	} {
		_, err := New().Guard(tt.sql, policy)
		f := source.AsFailure(err)
		if f == nil {
			t.Errorf("%q passes", tt.sql)
			continue
		}
		got := *f
		got.Err, tt.want.Code = nil, source.Refused
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", tt.sql, diff)
		}
	}
}

// TestGuardRefusesRulesThatAreNone shows that a rule that is not what it should
// be keeps the table closed instead of open.
func TestGuardRefusesRulesThatAreNone(t *testing.T) {
	for name, reading := range map[string]source.Reading{
		"no name":            {},
		"a system table":     {Table: source.Name{Name: "sqlite_schema"}},
		"another schema":     {Table: source.Name{Schema: "temp", Name: "orders"}},
		"no SQL":             {Table: source.Name{Name: "orders"}, Select: "SELECT FROM"},
		"no SELECT":          {Table: source.Name{Name: "orders"}, Select: "DELETE FROM orders LIMIT -1 OFFSET 0"},
		"two statements":     {Table: source.Name{Name: "orders"}, Select: "SELECT 1 LIMIT -1 OFFSET 0; SELECT 1"},
		"no fence":           {Table: source.Name{Name: "orders"}, Select: "SELECT * FROM orders"},
		"half a fence":       {Table: source.Name{Name: "orders"}, Select: "SELECT * FROM orders LIMIT -1"},
		"a set":              {Table: source.Name{Name: "orders"}, Select: "SELECT * FROM orders UNION SELECT * FROM orders LIMIT -1 OFFSET 0"},
		"WITH":               {Table: source.Name{Name: "orders"}, Select: "WITH orders AS (SELECT 1) SELECT * FROM orders LIMIT -1 OFFSET 0"},
		"a function":         {Table: source.Name{Name: "orders"}, Select: "SELECT load_extension('x') FROM orders LIMIT -1 OFFSET 0"},
		"a parameter":        {Table: source.Name{Name: "orders"}, Select: "SELECT :x FROM orders LIMIT -1 OFFSET 0"},
		"a marked parameter": {Table: source.Name{Name: "orders"}, Select: "SELECT ?1 FROM orders LIMIT -1 OFFSET 0"},
		"a schema":           {Table: source.Name{Name: "orders"}, Select: "SELECT * FROM temp.orders LIMIT -1 OFFSET 0"},
	} {
		c, err := New().Guard("SELECT * FROM orders", source.Policy{Tables: func(source.Name) (source.Reading, error) { return reading, nil }})
		if f := source.AsFailure(err); f == nil || f.Code != source.Refused || f.Message != "The table orders is not there, or may not be read" || f.Err == nil {
			t.Errorf("%s: %v, %q", name, err, c.SQL)
		}
	}
}

// TestRulesLeaveFreeTablesAlone asks what passes without rules under rules that limit nothing.
func TestRulesLeaveFreeTablesAlone(t *testing.T) {
	db := openFile(t, write(t, canary))
	policy := source.Policy{Tables: func(n source.Name) (source.Reading, error) {
		if n.Name == "a" || n.Name == "b" || n.Name == "c" || n.Name == "n" || n.Name == "x" {
			return source.Reading{}, errors.New("no such table")
		}
		return source.Reading{Table: n}, nil
	}}
	for _, sql := range reads {
		plain, err := New().Guard(sql, source.Policy{})
		if err != nil {
			t.Fatal(err)
		}
		ruled, err := New().Guard(sql, policy)
		if strings.Contains(sql, "sqlite_") || strings.Contains(sql, "pragma_") || strings.Contains(sql, "json_each") || strings.Contains(sql, "json_tree") {
			continue // refused, as all of these names are tables to this policy
		}
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if strings.Contains(sql, "?") || ruled.Explain || strings.Contains(sql, "'now'") {
			continue
		}
		want, wantErr := run(t.Context(), db, source.Statement{SQL: plain.SQL})
		got, gotErr := run(t.Context(), db, source.Statement{SQL: ruled.SQL})
		if (wantErr == nil) != (gotErr == nil) {
			t.Errorf("%s: %v, without rules %v", sql, gotErr, wantErr)
		} else if wantErr == nil && !cmp.Equal(texts(want), texts(got)) {
			t.Errorf("%s (-want +got)\n%s", sql, cmp.Diff(texts(want), texts(got)))
		} else if wantErr == nil && !cmp.Equal(want.Columns, got.Columns) {
			t.Errorf("%s (-want +got)\n%s", sql, cmp.Diff(want.Columns, got.Columns))
		}
	}
}

// TestRulesAreNotToldByColumns shows that a column is called what it is called
// without rules, and not after the rule in it.
func TestRulesAreNotToldByColumns(t *testing.T) {
	db := openFile(t, write(t, bypassFull))
	for _, sql := range []string{
		`SELECT *, o.total, main.orders.id FROM orders, orders o`,
		`SELECT (SELECT count(*) FROM orders), id IN limited_ids, 1 + (SELECT 1 WHERE id IN (SELECT id FROM "orders")) FROM orders`,
		`SELECT * FROM (SELECT (SELECT max(id) FROM orders)), (WITH a AS (SELECT max((SELECT 1 FROM orders)) FROM products) SELECT * FROM a)`,
		`SELECT EXISTS (SELECT 1 FROM orders) UNION SELECT (SELECT total FROM orders) n`,
		`VALUES ((SELECT count(*) FROM orders))`,
	} {
		plain, err := New().Guard(sql, source.Policy{})
		if err != nil {
			t.Fatal(err)
		}
		ruled, err := New().Guard(sql, source.Policy{Tables: resolve(bypassTables())})
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		var names [2][]string
		for i, text := range []string{plain.SQL, ruled.SQL} {
			f, err := run(t.Context(), db, source.Statement{SQL: text})
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			for _, c := range f.Columns {
				names[i] = append(names[i], c.Name)
			}
		}
		if diff := cmp.Diff(names[0], names[1]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", sql, diff)
		}
	}
}

// TestRuleOnAColumnThatIsGone shows that the names around a rule cannot stand in
// for a column that its table has no more.
func TestRuleOnAColumnThatIsGone(t *testing.T) {
	db := openFile(t, write(t, `CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1); CREATE TABLE products (id INTEGER, region TEXT); INSERT INTO products VALUES (1, 'EU')`))
	policy := source.Policy{Tables: resolve(smallTables())}
	for _, sql := range []string{
		"SELECT (SELECT count(*) FROM orders) FROM products",
		"SELECT (SELECT count(*) FROM orders) FROM products AS t",
		"SELECT (SELECT count(*) FROM orders) FROM (SELECT 'EU' AS region) AS t, products AS t_",
		`SELECT 1 IN (SELECT id FROM orders) FROM products AS "main"`,
	} {
		c, err := New().Guard(sql, policy)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		_, err = run(t.Context(), db, source.Statement{SQL: c.SQL})
		if err == nil || !strings.Contains(err.Error(), "no such column: t") {
			t.Errorf("%s: %v\nsent: %s", sql, err, c.SQL)
		}
	}
}

func TestRulesStayWithinTheLongestStatement(t *testing.T) {
	policy := source.Policy{Tables: func(n source.Name) (source.Reading, error) {
		if n.Name != "orders" {
			return source.Reading{}, errors.New("no such table")
		}
		r := limitedTo("id", "FROM orders WHERE ("+strings.Repeat("id = 1 OR ", 400)+"id = 2)")
		r.Table = n
		return r, nil
	}}
	c, err := New().Guard("SELECT 1 FROM orders"+strings.Repeat(",orders", 30_000), policy)
	if f := source.AsFailure(err); f == nil || f.Message != errTooLong.Message {
		t.Errorf("%d characters pass: %v", len(c.SQL), err)
	}
}
