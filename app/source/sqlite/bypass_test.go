package sqlite

import (
	_ "embed"
	"errors"
	"strings"
	"testing"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

//go:embed testdata/bypass.sql
var bypassCorpus string

// bypassSchema is the same in the database with all rows and in the one with
// only the visible ones.
const bypassSchema = `
	CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, region TEXT, customer_id INTEGER, total REAL, email TEXT, note TEXT, placed TEXT, doc TEXT, code TEXT, big INTEGER, salted BLOB);
	CREATE INDEX orders_total ON orders (total);
	CREATE INDEX orders_code ON orders (customer_id, code);
	CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, country TEXT, email TEXT);
	CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC);
	CREATE INDEX products_name ON products (name);
	INSERT INTO products VALUES (1, 'ash', 1.5), (2, 'birch', 2.5), (3, 'cedar', 100), (4, 'dogwood', 4), (5, 'elm', 5), (6, 'fir', 6);
	CREATE VIEW cheap AS SELECT id, name FROM products WHERE price < 50;
	CREATE TABLE "Order Lines" (id INTEGER, order_id INTEGER, "Unit Price" NUMERIC, comment TEXT);
	CREATE TABLE "select" ("from" INTEGER, "where" TEXT);
	CREATE TABLE "group" (id INTEGER, "order" TEXT);
	INSERT INTO "group" VALUES (1, 'ash'), (2, 'x');
	CREATE TABLE limited_ids (id INTEGER);
	CREATE TABLE staff (id INTEGER PRIMARY KEY, boss_id INTEGER, name TEXT, team TEXT, salary NUMERIC);
	CREATE TABLE kelvins (reading INTEGER);
	CREATE TABLE ledger (id INTEGER PRIMARY KEY, rowid TEXT);
	CREATE VIRTUAL TABLE docs USING fts5(body);
	INSERT INTO docs VALUES ('the quick fox'), ('1'), ('2'), ('3');
	CREATE VIRTUAL TABLE memos USING fts5(body, region);
	CREATE VIRTUAL TABLE memos_words USING fts5vocab(memos, row);
	CREATE VIRTUAL TABLE jsonb_tree USING fts5(body);
	CREATE VIRTUAL TABLE places USING rtree(id, x1, x2);
	INSERT INTO places VALUES (1, 0, 10), (2, 20, 30);
	CREATE VIRTUAL TABLE orders_search USING fts5(note, content='orders', content_rowid='id');
	CREATE VIEW orders_view AS SELECT * FROM orders;
	CREATE VIEW orders_emails AS SELECT email FROM orders;
	CREATE VIRTUAL TABLE shortened USING fts5(email, region, cont=orders, content_rowid=id);
	CREATE VIRTUAL TABLE shortest USING fts5(email, region, C = 'orders', content_rowid=id);
	CREATE VIRTUAL TABLE over_view USING fts5(region, email, content=orders_view, content_rowid=id);
	CREATE VIRTUAL TABLE over_search USING fts5(note, content=orders_search);
	CREATE VIRTUAL TABLE without_texts USING fts5(email, content='');
	CREATE VIRTUAL TABLE shortened_words USING fts5vocab(shortened, instance);
	CREATE VIRTUAL TABLE without_words USING "FTS5Vocab"('without_texts', 'row');
	CREATE VIRTUAL TABLE stat USING dbstat(main);
	CREATE VIRTUAL TABLE pages USING sqlite_dbpage(main);
	CREATE VIRTUAL TABLE product_names USING fts5(name, content = "products", content_rowid='id', tokenize='porter ascii', detail=full);
	INSERT INTO product_names (product_names) VALUES ('rebuild');
	CREATE TABLE jottings (id INTEGER PRIMARY KEY, body TEXT);
	INSERT INTO jottings VALUES (1, 'jotted');`

// bypassFull is what Full holds beside; what is hidden says so.
const bypassFull = bypassSchema + `
	INSERT INTO orders VALUES
		(1, 'EU', 1, 10.5, 'HIDDEN@one', 'HIDDEN one', '2024-01-05 10:00:00', '{"a": 1}', '$.a', 1, x'48494444454e'),
		(2, 'EU', 2, 20, 'HIDDEN@two', 'HIDDEN two', '2024-01-20 11:00:00', '{"a": 2, "b": [3]}', '$.b', -2, x'00'),
		(3, 'US', 1, 1000000, 'HIDDEN@us', 'HIDDEN us', '2024-01-02 11:00:00', 'HIDDEN is no json', 'HIDDEN( is no path', -9223372036854775808, NULL),
		(4, 'EU', 1, 30, NULL, NULL, '2024-02-02 12:00:00', '[]', '$', 3, NULL),
		(5, 'HIDDEN', 9, 2000000, 'HIDDEN', 'HIDDEN', 'HIDDEN', 'HIDDEN', '$.HIDDEN(', 9223372036854775807, NULL),
		(6, 'EU', 3, NULL, 'HIDDEN@six', 'HIDDEN six', '2024-02-03', '{}', '$.x', 4, NULL),
		(7, NULL, 2, 4000000, 'HIDDEN@none', 'HIDDEN none', NULL, 'HIDDEN', 'HIDDEN[', 9223372036854775807, NULL),
		(8, 'eu', 2, 8000000, 'HIDDEN@eu', 'HIDDEN eu', NULL, 'HIDDEN', 'HIDDEN[', 9223372036854775807, NULL);
	INSERT INTO customers VALUES (1, 'Aker', 'NO', 'HIDDEN@aker'), (2, 'Bonnier', 'SE', NULL), (3, 'HIDDEN Corp', 'US', 'HIDDEN@corp'), (4, 'Dyno', 'NO', 'd@d'), (9, 'HIDDEN Inc', NULL, 'HIDDEN');
	INSERT INTO "Order Lines" VALUES (1, 1, 2.5, 'HIDDEN'), (2, 2, 3.5, NULL), (3, 3, 1000000, 'HIDDEN'), (4, NULL, 2000000, 'HIDDEN');
	INSERT INTO "select" VALUES (1, 'one'), (9, 'HIDDEN'), (10, 'HIDDEN');
	INSERT INTO limited_ids VALUES (1), (2), (5), (6);
	INSERT INTO staff VALUES (1, NULL, 'Ada', 'A', 1000000), (2, 1, 'Bo', 'A', 2000000), (3, 1, 'HIDDEN', 'B', 3000000), (4, 3, 'Cy', 'A', 4000000), (5, 2, 'Di', 'A', 1);
	INSERT INTO kelvins VALUES (1), (1000000);
	INSERT INTO ledger VALUES (1, 'x'), (2, 'HIDDEN');
	INSERT INTO memos VALUES ('a memo', 'EU'), ('HIDDEN memo', 'US');
	INSERT INTO jsonb_tree VALUES ('HIDDEN');
	INSERT INTO orders_search (orders_search) VALUES ('rebuild');
	INSERT INTO shortened (shortened) VALUES ('rebuild');
	INSERT INTO shortest (shortest) VALUES ('rebuild');
	INSERT INTO without_texts (rowid, email) SELECT id, email FROM orders;
	CREATE VIEW rule_orders AS SELECT id, region, customer_id, total, NULL AS email, 'masked' AS note, placed, doc, code, big, NULL AS salted FROM orders WHERE region = 'EU';
	CREATE VIEW rule_customers AS SELECT id, name, country, NULL AS email FROM customers WHERE country IN ('NO', 'SE');
	ANALYZE;`

// bypassVisible is what the rules leave.
const bypassVisible = bypassSchema + `
	INSERT INTO orders VALUES
		(1, 'EU', 1, 10.5, NULL, 'masked', '2024-01-05 10:00:00', '{"a": 1}', '$.a', 1, NULL),
		(2, 'EU', 2, 20, NULL, 'masked', '2024-01-20 11:00:00', '{"a": 2, "b": [3]}', '$.b', -2, NULL),
		(4, 'EU', 1, 30, NULL, 'masked', '2024-02-02 12:00:00', '[]', '$', 3, NULL),
		(6, 'EU', 3, NULL, NULL, 'masked', '2024-02-03', '{}', '$.x', 4, NULL);
	INSERT INTO customers VALUES (1, 'Aker', 'NO', NULL), (2, 'Bonnier', 'SE', NULL), (4, 'Dyno', 'NO', NULL);
	INSERT INTO "Order Lines" VALUES (1, 1, 2.5, NULL), (2, 2, 3.5, NULL);
	INSERT INTO "select" VALUES (1, 'one');
	INSERT INTO limited_ids VALUES (1), (2);
	INSERT INTO staff VALUES (1, NULL, 'Ada', 'A', NULL), (2, 1, 'Bo', 'A', NULL), (4, 3, 'Cy', 'A', NULL), (5, 2, 'Di', 'A', NULL);
	INSERT INTO kelvins VALUES (1);
	INSERT INTO ledger VALUES (1, 'x');
	INSERT INTO memos VALUES ('a memo', 'EU');
	INSERT INTO orders_search (orders_search) VALUES ('rebuild');
	INSERT INTO shortened (shortened) VALUES ('rebuild');
	INSERT INTO shortest (shortest) VALUES ('rebuild');
	INSERT INTO without_texts (rowid, email) SELECT id, email FROM orders;
	ANALYZE;`

func limitedTo(list, rest string) source.Reading {
	return source.Reading{Select: dialect{}.Fence(list, rest)}
}

// bypassTables resolves names as a catalog does: it knows no schema and minds no case.
func bypassTables() map[string]source.Reading {
	text := func(s string) string { return dialect{}.Literal(s, frame.Text) }
	return map[string]source.Reading{
		"orders":      limitedTo(`"id", "region", "customer_id", "total", NULL AS "email", `+text("masked")+` AS "note", "placed", "doc", "code", "big", NULL AS "salted"`, `FROM "orders" WHERE ("region" = `+text("EU")+`)`),
		"customers":   limitedTo(`"id", "name", "country", NULL AS "email"`, `FROM "customers" WHERE ("country" IN (`+text("NO")+`, `+text("SE")+`))`),
		"Order Lines": limitedTo(`"id", "order_id", "Unit Price", NULL AS "comment"`, `FROM "Order Lines" WHERE ("Unit Price" < `+dialect{}.Literal("1000", frame.Number)+`)`),
		"select":      limitedTo(`"from", "where"`, `FROM "select" WHERE ("from" < 5)`),
		"limited_ids": limitedTo(`"id"`, `FROM "limited_ids" WHERE ("id" < 3)`),
		"staff":       limitedTo(`"id", "boss_id", "name", "team", NULL AS "salary"`, `FROM "staff" WHERE ("team" = 'A')`),
		"kelvins":     limitedTo(`"reading"`, `FROM "kelvins" WHERE ("reading" < 5)`),
		"ledger":      limitedTo(`"id", "rowid"`, `FROM "ledger" WHERE ("id" < 2)`),
		"memos":       limitedTo(`"body", "region"`, `FROM "memos" WHERE ("region" = 'EU')`),
		"products":    {}, "product_names": {}, "group": {}, "cheap": {}, "docs": {}, "places": {},
		"jsonb_tree": limitedTo(`"body"`, `FROM "jsonb_tree" WHERE ("body" = 'visible')`),
	}
}

func resolve(tables map[string]source.Reading) func(source.Name) (source.Reading, error) {
	return func(n source.Name) (source.Reading, error) {
		if n.Schema != "" && !strings.EqualFold(n.Schema, "main") {
			return source.Reading{}, errors.New("no such schema")
		}
		for name, r := range tables {
			if strings.EqualFold(name, n.Name) {
				r.Table = source.Name{Name: name}
				return r, nil
			}
		}
		if strings.EqualFold(n.Name, "orders_view") {
			return source.Reading{}, source.Refuse(0, "The view orders_view reads a table that rules limit")
		}
		return source.Reading{}, errors.New("no such table")
	}
}

// resolveBeside reads what has no rule as the catalog says it may be: whole, where
// it is a table and shares no rows with one that has a rule.
func resolveBeside(t testing.TB, db source.DB) func(source.Name) (source.Reading, error) {
	t.Helper()
	catalog, err := db.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ruled := bypassTables()
	known := resolve(ruled)
	return func(n source.Name) (source.Reading, error) {
		r, err := known(n)
		table, ok := catalog.Find(n.Name)
		if err == nil || !ok || table.Kind != "table" {
			return r, err
		}
		for _, p := range table.Parents {
			if ruled[p.Name].Select != "" {
				return r, err
			}
		}
		return source.Reading{Table: source.Name{Name: table.Name}}, nil
	}
}

func TestRulesCannotBeBypassed(t *testing.T) {
	full := openFile(t, write(t, bypassFull))
	sourcetest.Bypass{
		Driver: New(),
		Full:   full, Visible: openFile(t, write(t, bypassVisible)),
		Policy: source.Policy{Tables: resolveBeside(t, full)},
		Corpus: bypassCorpus, Least: 205,
	}.Run(t)
}
