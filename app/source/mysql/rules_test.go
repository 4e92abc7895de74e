package mysql

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

//go:embed testdata/bypass.sql
var bypasses string

// hostile holds what a literal must spell so that it is nothing else.
const hostile = "O'Brien \\' OR 1=1 -- \\\\ \n\r\x00\x1a\"`/*%_ żółw 🐢"

// limitedTables are the tables of the exercise that rules limit, with what they show.
var limitedTables = map[string][2]string{
	"orders":          {"`id`, `parent_id`, `region`, `customer_id`, `product_id`, `total`, `ordered`, `doc`, NULL AS `email`, " + text("masked") + " AS `note`", "`region` = " + text("EU")},
	"customers":       {"`id`, `name`, `region`, `email`", "`region` = " + text("EU")},
	"parts":           {"`region`, `amount`", "`shop`.`parts`.`region` IN (" + text("EU") + ", " + text(hostile) + ")"},
	"prices":          {"`id`, `price`", "`price` < " + Dialect{}.Literal("1000", frame.Number)},
	"select":          {"`from`, `order by`", "`from` <= " + Dialect{}.Literal("2024-06-30", frame.Date)},
	"odd `name'\"":    {"`a b`", "`a b` <> " + text("HIDDEN")},
	"bestellungen_ä☎": {"`größe`", "`größe` = " + Dialect{}.Literal("2024-06-30T12:00:00.5", frame.Time)},
	"MixedCase":       {"`Amount`", "`Amount` < 10"},
	"hostile":         {"`id`, `word`", "`word` = " + text(hostile)},
}

func text(s string) string { return Dialect{}.Literal(s, frame.Text) }

// ruledPolicy limits the tables of the schema shop.
func ruledPolicy() source.Policy {
	return source.Policy{
		Functions: []string{"leak", "shop.leak"},
		Routines:  []string{"shop.leak", "shop.bin_to_uuid"},
		Tables: func(n source.Name) (source.Reading, error) {
			full := source.Name{Schema: "shop", Name: n.Name}
			if n.Schema != "" && n.Schema != "shop" {
				return source.Reading{}, source.Refuse(0, "The database %s is not part of this connection", n.Schema)
			}
			if l, ok := limitedTables[n.Name]; ok {
				return source.Reading{Table: full, Select: Dialect{}.Fence(l[0], "FROM "+quoteName("shop")+"."+quoteName(n.Name)+" WHERE ("+l[1]+")")}, nil
			}
			if n.Name == "products" {
				return source.Reading{Table: full}, nil
			}
			return source.Reading{}, errors.New("no right to read " + n.Name)
		},
	}
}

// tables is the schema of both databases; what stands in {braces} is only in the full one.
const tables = "" +
	"CREATE TABLE orders (id int PRIMARY KEY, parent_id int, region varchar(40), customer_id int, product_id int, total int, ordered date, doc json, email varchar(90) DEFAULT 'HIDDEN', note varchar(90) DEFAULT 'HIDDEN', KEY by_region (region), FULLTEXT KEY (note));\n" +
	"CREATE TABLE customers (id int PRIMARY KEY, name varchar(40), region varchar(40), email varchar(90));\n" +
	"CREATE TABLE products (id int PRIMARY KEY, name varchar(40), price int, KEY by_price (price));\n" +
	"CREATE TABLE parts (region varchar(90), amount int) PARTITION BY LIST COLUMNS (region) (PARTITION p_eu VALUES IN ('EU'), PARTITION p_other DEFAULT);\n" +
	"CREATE TABLE prices (id int PRIMARY KEY, price int) WITH SYSTEM VERSIONING;\n" +
	"CREATE TABLE `select` (`from` date, `order by` varchar(40));\n" +
	"CREATE TABLE `odd ``name'\"` (`a b` varchar(40));\n" +
	"CREATE TABLE `bestellungen_ä☎` (`größe` datetime(6));\n" +
	"CREATE TABLE `MixedCase` (Amount int);\n" +
	"CREATE TABLE hostile (id int, word varchar(200));\n" +
	"CREATE TABLE secrets (id int, note varchar(90));\n" +
	"CREATE TABLE `Orders` (id int, note varchar(90));\n" +
	"CREATE VIEW order_view AS SELECT * FROM orders;\n" +
	"CREATE FUNCTION leak() RETURNS text READS SQL DATA RETURN (SELECT GROUP_CONCAT(note) FROM orders);\n" +
	"CREATE FUNCTION bin_to_uuid(x text) RETURNS text READS SQL DATA RETURN (SELECT GROUP_CONCAT(note) FROM orders);\n" +
	"INSERT INTO customers VALUES (1, 'Ärger', 'EU', 'a@example.com'), (2, 'O''Neil', 'EU', NULL){, (3, 'HIDDEN', 'HIDDEN (', 'HIDDEN@example.com'), (4, 'HIDDEN', NULL, NULL)};\n" +
	"INSERT INTO products VALUES (1, 'Pen', 2), (2, 'Ink', 30), (3, 'Pad', 4);\n" +
	"INSERT INTO parts VALUES ('EU', 1), ('EU', 2){, ('HIDDEN', 1000)};\n" +
	"INSERT INTO prices VALUES (1, 10), (2, 20){, (3, 5000)};\n" +
	"INSERT INTO `select` VALUES ('2024-06-30', 'a'), ('2024-01-01', 'b'){, ('2024-07-01', 'HIDDEN')};\n" +
	"INSERT INTO `odd ``name'\"` VALUES ('a'), ('b'){, ('HIDDEN')};\n" +
	"INSERT INTO `bestellungen_ä☎` VALUES ('2024-06-30 12:00:00.5'){, ('2024-06-30 12:00:00')};\n" +
	"INSERT INTO `MixedCase` VALUES (1), (2){, (3000)};\n"

// filled returns the schema with its rows, all of them or the visible ones.
func filled(all bool) string {
	s := tables
	if !all {
		for strings.Contains(s, "{") {
			before, rest, _ := strings.Cut(s, "{")
			_, after, _ := strings.Cut(rest, "}")
			s = before + after
		}
	}
	s = strings.NewReplacer("{", "", "}", "").Replace(s)
	email, note := "'HIDDEN@example.com'", "'HIDDEN note'"
	if !all {
		email, note = "NULL", "'masked'"
	}
	s += fmt.Sprintf(`INSERT INTO orders VALUES
(1, NULL, 'EU', 1, 1, 10, '2024-01-31', '{"tag": "a"}', %[1]s, %[2]s), (2, 1, 'EU', 1, 2, 20, '2024-02-01', '{"tag": "b"}', %[1]s, %[2]s),
(3, 2, 'EU', 2, 1, 30, '2024-02-02', NULL, %[1]s, %[2]s), (4, NULL, 'EU', 3, NULL, 2, '2024-03-01', '{}', %[1]s, %[2]s);
INSERT INTO hostile VALUES (1, %[3]s);
`, email, note, text(hostile))
	if all {
		s += `INSERT INTO orders VALUES (5, NULL, 'HIDDEN (', 1, 3, 100000, '2024-01-31', '{"tag": "HIDDEN"}', 'HIDDEN', 'HIDDEN'), (6, 1, NULL, 3, 3, 100000, '2024-03-31', '{"tag": "HIDDEN"}', 'HIDDEN', 'HIDDEN');
INSERT INTO hostile VALUES (2, 'HIDDEN'), (3, '');
INSERT INTO secrets VALUES (1, 'HIDDEN');
INSERT INTO ` + "`Orders`" + ` VALUES (1, 'HIDDEN');
UPDATE prices SET price = 10 WHERE id = 1;
DELETE FROM prices WHERE id = 3;
INSERT INTO prices VALUES (4, 7000);
`
	}
	return s
}

// asShop is a database in which the schema shop means its own.
type asShop struct {
	source.DB
	name string
}

func (db asShop) Query(ctx context.Context, s source.Statement) (frame.Rows, error) {
	s.SQL = strings.ReplaceAll(s.SQL, "`shop`", quoteName(db.name))
	return db.DB.Query(ctx, s)
}

func TestBypass(t *testing.T) {
	server := sourcetest.MariaDB(t)
	full, _ := server.NewDatabase(t, filled(true))
	visible, _ := server.NewDatabase(t, filled(false))
	sourcetest.Bypass{
		Driver: New(), Policy: ruledPolicy(), Corpus: bypasses, Least: 200,
		Full:    asShop{open(t, full), full.Database},
		Visible: asShop{open(t, visible), visible.Database},
	}.Run(t)
}

const (
	ordersPlace    = "(SELECT `id`, `parent_id`, `region`, `customer_id`, `product_id`, `total`, `ordered`, `doc`, NULL AS `email`, 'masked' AS `note` FROM `shop`.`orders` WHERE (`region` = 'EU') LIMIT 18446744073709551615)"
	customersPlace = "(SELECT `id`, `name`, `region`, `email` FROM `shop`.`customers` WHERE (`region` = 'EU') LIMIT 18446744073709551615)"
)

func TestRulesPrint(t *testing.T) {
	for _, tt := range []struct {
		sql, want string
		tables    string // names read, in order
	}{
		{"SELECT id FROM orders", "SELECT `id` FROM ORDERS AS `orders`", "orders"},
		{"SELECT o.id FROM shop.orders o USE INDEX (i)", "SELECT `o`.`id` FROM ORDERS AS `o`", "orders"},
		{"SELECT shop.orders.id, shop.products.id, orders.* FROM shop.orders, shop.products",
			"SELECT `orders`.`id`, `products`.`id`, `orders`.* FROM ORDERS AS `orders` CROSS JOIN `shop`.`products`", "orders products"},
		{"SELECT other.orders.id, shop.nothing.id FROM orders", "SELECT `other`.`orders`.`id`, `shop`.`nothing`.`id` FROM ORDERS AS `orders`", "orders"},
		{"SELECT shop.orders.id FROM orders, customers AS orders", "SELECT `shop`.`orders`.`id` FROM ORDERS AS `orders` CROSS JOIN CUSTOMERS AS `orders`", "orders customers"},
		{"SELECT id FROM products p USE INDEX (i)", "SELECT `id` FROM `shop`.`products` AS `p` USE INDEX (`i`)", "products"},
		{"TABLE orders ORDER BY id LIMIT 2", "SELECT * FROM ORDERS AS `orders` ORDER BY `id` LIMIT 2", "orders"},
		{"SELECT 1 AS a WHERE 1 IN (TABLE customers)", "SELECT 1 AS `a` FROM DUAL WHERE 1 IN (SELECT * FROM CUSTOMERS AS `customers`)", "customers"},
		{"SELECT c.id, l.n FROM customers c, LATERAL (SELECT COUNT(*) AS n FROM orders WHERE customer_id = c.id) l",
			"SELECT `c`.`id`, `l`.`n` FROM CUSTOMERS AS `c` CROSS JOIN LATERAL (SELECT COUNT(*) AS `n` FROM ORDERS AS `orders` WHERE `customer_id` = `c`.`id`) AS `l`", "customers orders"},
		{"SELECT 1 AS a FROM (orders JOIN (customers))", "SELECT 1 AS `a` FROM ORDERS AS `orders` CROSS JOIN CUSTOMERS AS `customers`", "orders customers"},
		{"WITH Secrets AS (SELECT 1 AS a FROM orders) SELECT secrets.a FROM secrets", "WITH `Secrets #1` AS (SELECT 1 AS `a` FROM ORDERS AS `orders`) SELECT `secrets`.`a` FROM `Secrets #1` AS `secrets`", "orders"},
		{"SELECT /*+ MERGE(o) DERIVED_CONDITION_PUSHDOWN(o) */ id FROM orders o", "SELECT `id` FROM ORDERS AS `o`", "orders"},
		{"SELECT (SELECT MAX(id) FROM orders)", "SELECT (SELECT MAX(`id`) FROM ORDERS AS `orders`) AS `(SELECT MAX(id) FROM orders)`", "orders"},
		{"SELECT (SELECT id FROM orders WHERE note = '" + strings.Repeat("x", 300) + "') FROM products",
			"SELECT (SELECT `id` FROM ORDERS AS `orders` WHERE `note` = '" + strings.Repeat("x", 300) + "') AS `(SELECT id FROM orders WHERE note = '" + strings.Repeat("x", 23) + "` FROM `shop`.`products`", "orders products"},
		{"SELECT - -(SELECT 1 FROM orders), ?", "SELECT - -(SELECT 1 FROM ORDERS AS `orders`) AS `- -(SELECT 1 FROM orders)`, ? AS `?`", "orders"},
		{"EXPLAIN SELECT id FROM products", "EXPLAIN SELECT `id` FROM `shop`.`products`", "products"},
		{"DESCRIBE products", "SHOW COLUMNS FROM `shop`.`products`", "products"},
	} {
		c, err := New().Guard(tt.sql, ruledPolicy())
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		if diff := cmp.Diff(strings.NewReplacer("ORDERS", ordersPlace, "CUSTOMERS", customersPlace).Replace(tt.want), c.SQL); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.sql, diff)
		}
		var read []string
		for _, n := range c.Tables {
			read = append(read, n.Name)
			if n.Schema != "shop" {
				t.Errorf("%s reads %v", tt.sql, n)
			}
		}
		if diff := cmp.Diff(tt.tables, strings.Join(read, " ")); diff != "" {
			t.Errorf("%s reads (-want +got)\n%s", tt.sql, diff)
		}
	}
}

func TestRulesSayWhy(t *testing.T) {
	for _, tt := range []struct {
		sql, message string
		position     int
	}{
		{"SELECT 'ä🐢', secrets.id FROM orders, secrets", "The table secrets cannot be read here", 38},
		{"SELECT * FROM `other` . orders", "The database other is not part of this connection", 15},
		{"SELECT id FROM orders JOIN `parts` PARTITION (p)", "Partitions of parts cannot be read: rules limit what is seen of it", 28},
		{"SELECT id FROM prices FOR SYSTEM_TIME AS OF NOW()", "The history of prices cannot be read: rules limit what is seen of it", 16},
		{"WITH orders AS (SELECT 1) SELECT 1", "The WITH query orders has the name of a table: give it another name", 6},
		{"EXPLAIN SELECT id FROM orders", "A plan is not shown here: it tells about rows that rules hide", 1},
		{"DESCRIBE orders", "The table orders is not described here: rules limit what is seen of it", 10},
		{"SELECT leak()", "The function leak is not open where rules limit what is seen: it could tell about hidden rows", 0},
		{"SELECT a FROM information_schema.tables", "The tables of information_schema are not open where rules limit what is seen: they tell about all rows", 15},
	} {
		_, err := New().Guard(tt.sql, ruledPolicy())
		f := source.AsFailure(err)
		if f == nil {
			t.Errorf("%q passed", tt.sql)
			continue
		}
		if f.Message != tt.message && !strings.Contains(tt.message, "leak") || f.Position != tt.position && tt.position != 0 || f.Code != source.Refused {
			t.Errorf("%q: %q at %d (%s), want %q at %d", tt.sql, f.Message, f.Position, f.Code, tt.message, tt.position)
		}
	}
}

// TestRulesMistakes gives what a policy must not, each for the table t.
func TestRulesMistakes(t *testing.T) {
	for name, reading := range map[string]source.Reading{
		"no table":        {},
		"no schema":       {Table: source.Name{Name: "t"}},
		"no fence":        {Table: source.Name{Schema: "s", Name: "t"}, Select: "SELECT `a` FROM `s`.`t`"},
		"no select":       {Table: source.Name{Schema: "s", Name: "t"}, Select: "TABLE `s`.`t` LIMIT 1"},
		"a union":         {Table: source.Name{Schema: "s", Name: "t"}, Select: "SELECT 1 UNION SELECT 2 LIMIT 1"},
		"two statements":  {Table: source.Name{Schema: "s", Name: "t"}, Select: "SELECT 1 LIMIT 1; SELECT 2"},
		"an open text":    {Table: source.Name{Schema: "s", Name: "t"}, Select: "SELECT 'HIDDEN LIMIT 1"},
		"a parameter":     {Table: source.Name{Schema: "s", Name: "t"}, Select: "SELECT `a` FROM `s`.`t` WHERE `a` = ? LIMIT 1"},
		"a plan":          {Table: source.Name{Schema: "s", Name: "t"}, Select: "EXPLAIN SELECT `a` FROM `s`.`t` LIMIT 1"},
		"a bad function":  {Table: source.Name{Schema: "s", Name: "t"}, Select: "SELECT SLEEP(1) FROM `s`.`t` LIMIT 1"},
		"parentheses off": {Table: source.Name{Schema: "s", Name: "t"}, Select: "SELECT 1) AS x, (SELECT `a` FROM `s`.`t` LIMIT 1"},
	} {
		c, err := New().Guard("SELECT a FROM t", source.Policy{Tables: func(source.Name) (source.Reading, error) { return reading, nil }})
		f := source.AsFailure(err)
		if f == nil || f.Code != source.Refused || strings.Contains(f.Error()+f.Hint, sourcetest.Hidden) {
			t.Errorf("%s: %v, printed %q", name, err, c.SQL)
		}
	}
}

// TestRulesAreKeptToTheLetter has a table's rules change between the two readings.
func TestRulesAreKeptToTheLetter(t *testing.T) {
	c := &checks{rules: newRules(ruledPolicy())}
	checked, err := c.guard("SELECT id FROM orders JOIN products USING (id)")
	if err != nil {
		t.Fatal(err)
	}
	c.rules.again = true
	if again, err := c.guard(checked.SQL); err != nil || again.SQL != checked.SQL {
		t.Fatalf("%v\n%s", err, again.SQL)
	}
	for _, change := range [][2]string{
		{"`region` = 'EU'", "`region` = 'UX'"},
		{" LIMIT 18446744073709551615", ""},
		{"`shop`.`products`", "`shop`.`secrets` "},
		{"`shop`.`products`", "`products`       "},
		{"SELECT `id` FROM (", "SELECT  `id` , (SELECT 1 FROM `shop`.`products`) FROM ("},
		{" JOIN ", " JOIN `shop`.`orders` JOIN "},
		{ordersPlace, "`shop`.`orders`"},
	} {
		changed := strings.Replace(checked.SQL, change[0], change[1], 1)
		if changed == checked.SQL {
			t.Fatalf("%q is not in %s", change[0], checked.SQL)
		}
		if again, err := c.guard(changed); err == nil && again.SQL != checked.SQL {
			t.Errorf("%s passed", changed)
		}
	}
}

// TestRulesOverReads limits every table of the reads that must pass: what is
// then printed must read back.
func TestRulesOverReads(t *testing.T) {
	sqls := append([]string{}, reads...)
	for _, tt := range printed {
		sqls = append(sqls, tt.sql)
	}
	for _, l := range corpus(t, "benign") {
		sqls = append(sqls, l.SQL)
	}
	passed := 0
	for _, sql := range sqls {
		policy := source.Policy{Tables: func(n source.Name) (source.Reading, error) {
			return source.Reading{Table: source.Name{Schema: "s", Name: n.Name}, Select: Dialect{}.Fence("*", "FROM `s`."+quoteName(n.Name)+" WHERE (`a` = "+text("it's \\")+")")}, nil
		}}
		c, err := New().Guard(sql, policy)
		switch {
		case err == nil:
			passed++
			if n := strings.Count(c.SQL, "(SELECT * FROM `s`."); n < len(c.Tables) {
				t.Errorf("%s reads %d tables and limits %d: %s", sql, len(c.Tables), n, c.SQL)
			}
		case strings.Contains(err.Error(), "could not be"):
			t.Errorf("%s: %v (%v)", sql, err, errors.Unwrap(err))
		}
	}
	if passed*10 < len(sqls)*6 {
		t.Errorf("only %d of %d reads pass", passed, len(sqls))
	}
	t.Logf("%d of %d reads pass", passed, len(sqls))
}

// TestGuardRoutines refuses the names of allowed functions that the database has too.
func TestGuardRoutines(t *testing.T) {
	policy := source.Policy{Routines: []string{"shop.Bin_To_UUID", "shop.any_value", "shop.x.y"}}
	for sql, passes := range map[string]bool{
		"SELECT BIN_TO_UUID(a) FROM t":        false,
		"SELECT any_value(a) FROM t":          false,
		"SELECT ANY_VALUE(DISTINCT a) FROM t": false,
		"SELECT y(a) FROM t":                  false,
		"SELECT UPPER(a) FROM t":              true,
		"SELECT bin_to_uuid FROM t":           true,
	} {
		if _, err := New().Guard(sql, policy); (err == nil) != passes {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
