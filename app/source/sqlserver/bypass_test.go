package sqlserver

import (
	"crypto/rand"
	"regexp"
	"strings"
	"testing"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

// TestBypass asks every statement of the corpus of a database with all rows,
// under rules, and of its twin with only the rows and values that the rules leave.
func TestBypass(t *testing.T) {
	admin := administrator(t)
	watch := open(t, admin)
	corpus := bypassCorpus
	about, err := watch.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(about.Server, "Babelfish") {
		t.Logf("checked against %s %s, which is not SQL Server: what TOP fences there says nothing about SQL Server's optimizer", about.Server, about.Version)
		for name, why := range babelfishFails {
			t.Logf("not checked there: %s, as %s", name, why)
			corpus = regexp.MustCompile(`(?m)^-- (same|safe): `+name+`\n.*\n`).ReplaceAllString(corpus, "")
		}
	}
	full, visible := twin(t, admin, true), twin(t, admin, false)
	sourcetest.Bypass{
		Driver: New(), Full: open(t, full), Visible: open(t, visible),
		Policy: shopPolicy(), Corpus: corpus, Least: 200,
	}.Run(t)
	t.Run("literals", func(t *testing.T) { literalsRead(t, open(t, full)) })
}

// babelfishFails are statements that break Babelfish for PostgreSQL 4.4 and not SQL Server.
var babelfishFails = map[string]string{
	"pivot": "its server process ends on a PIVOT",
}

// twin makes a database with the shop's tables, either with all rows or with
// those that the rules leave, masked as the rules mask them.
func twin(t *testing.T, admin source.Config, hidden bool) source.Config {
	t.Helper()
	name := "assay_rows_" + strings.ToLower(rand.Text()[:8])
	script(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { script(t, admin, "DROP DATABASE "+name) })
	own := admin
	own.Database = name
	batches := []string{
		"CREATE TABLE orders (id int NOT NULL PRIMARY KEY, region nvarchar(20), customer_id int, total int, email nvarchar(100), note nvarchar(100), code nvarchar(100), placed_at datetime2(3))",
		"CREATE INDEX ix_orders_total ON orders (total)",
		"CREATE TABLE customers (id int NOT NULL PRIMARY KEY, name nvarchar(100), region nvarchar(20), email nvarchar(100))",
		"CREATE TABLE employees (id int NOT NULL PRIMARY KEY, name nvarchar(100), manager_id int, region nvarchar(20), salary int)",
		"CREATE TABLE products (id int NOT NULL PRIMARY KEY, name nvarchar(100), price decimal(12, 2))",
		"CREATE TABLE [Order Details] (order_id int, product_id int, [unit price] decimal(12, 2), quantity int)",
		"CREATE TABLE [select] (id int, [from] nvarchar(100))",
		"CREATE TABLE [żółw 🐢] (nazwa nvarchar(100))",
		"CREATE TABLE salaries (id int, amount int, note nvarchar(100))",
		"CREATE SCHEMA sales",
		"CREATE TABLE sales.orders (id int, label nvarchar(100))",
		"CREATE VIEW order_totals AS SELECT region, SUM(total) AS total, MAX(note) AS note FROM orders GROUP BY region",
		"CREATE FUNCTION dbo.secret_total(@a int) RETURNS decimal(12, 2) AS BEGIN RETURN (SELECT SUM(total) FROM dbo.orders) END",
		`INSERT INTO customers VALUES (1, N'Ärger', N'EU', NULL), (2, N'Björk', N'EU', NULL), (3, N'O''Neil', N'EU', NULL)`,
		"INSERT INTO employees VALUES (1, N'Ada', NULL, N'EU', NULL), (2, N'Bob', 1, N'EU', NULL), (3, N'Cid', 2, N'EU', NULL), (4, N'Dan', 1, N'EU', NULL)",
		"INSERT INTO products VALUES (1, N'One', 9.5), (2, N'Two', 20), (3, N'Three', 0.5), (4, N'Four', 100), (5, N'Five', 55)",
		"INSERT INTO [Order Details] VALUES (1, 1, 9.5, 2), (1, 2, 20, 1), (2, 3, 0.5, 99), (3, 1, 9, 4)",
		"INSERT INTO [select] VALUES (1, N'a'), (2, NULL)",
		"INSERT INTO [żółw 🐢] VALUES (N'x')",
		"INSERT INTO sales.orders VALUES (1, N'first'), (2, N'second'), (9, N'ninth')",
	}
	mail, note := "NULL", "N'***'"
	if hidden {
		mail, note = "N'HIDDEN@example.com'", "N'HIDDEN'"
	}
	masked := strings.NewReplacer("MAIL", mail, "NOTE", note)
	batches = append(batches, masked.Replace(`INSERT INTO orders VALUES
 (1, N'EU', 1, 10, MAIL, NOTE, N'11', '2024-01-05T10:00:00'), (2, N'EU', 1, 25, MAIL, NOTE, N'12', '2024-01-31T23:59:59'),
 (3, N'EU', 2, 99, MAIL, NOTE, N'13', '2024-02-01T00:00:00'), (4, N'EU', 2, 5, MAIL, NOTE, N'14', '2024-02-29T12:00:00'),
 (5, N'EU', 3, 25, MAIL, NOTE, N'15', '2024-03-01T00:00:00'), (6, N'EU', NULL, 1, MAIL, NOTE, N'16', NULL)`))
	if hidden {
		batches = append(batches,
			"UPDATE customers SET email = N'HIDDEN@example.com'",
			"UPDATE employees SET salary = 1000000",
			"INSERT INTO customers VALUES (4, N'HIDDEN', N'US', N'HIDDEN'), (5, N'HIDDEN', NULL, N'HIDDEN')",
			"INSERT INTO employees VALUES (5, N'HIDDEN', 1, N'US', 2000000), (6, N'HIDDEN', 5, N'EU', 3000000)",
			"UPDATE employees SET name = N'Eve' WHERE id = 6",
			`INSERT INTO orders VALUES (7, N'US', 1, 666, N'HIDDEN', N'HIDDEN', N'HIDDEN7', '2024-01-07'), (8, N'US', 4, 7000000, N'HIDDEN', N'HIDDEN', N'<HIDDEN', '2024-01-08'),
 (9, NULL, 2, 8000000, N'HIDDEN', N'HIDDEN', N'HIDDEN9', NULL), (10, N'US', 1, 10, NULL, N'***', N'HIDDEN', '2024-01-05T10:00:00')`,
			"INSERT INTO [Order Details] VALUES (7, 1, 9000000, 100), (8, 1, 9000000, NULL)",
			"INSERT INTO [select] VALUES (100, N'HIDDEN'), (NULL, N'HIDDEN')",
			"INSERT INTO salaries VALUES (1, 5000000, N'HIDDEN'), (2, 6000000, N'HIDDEN')",
		)
	} else {
		// Whom nobody manages that may be seen is no part of the tree; the rules leave the row all the same.
		batches = append(batches, "INSERT INTO employees VALUES (6, N'Eve', 5, N'EU', NULL)")
	}
	script(t, own, batches...)
	return own
}

// literalsRead holds that a literal is the text it was made of, whatever its characters.
func literalsRead(t *testing.T, db source.DB) {
	for _, text := range hostile {
		if strings.ContainsAny(text, "\x00\\") || !strings.EqualFold(strings.ToValidUTF8(text, ""), text) {
			continue // TestLiteral says what becomes of these
		}
		for _, sql := range []string{
			"SELECT CAST(" + dialect{}.Literal(text, frame.Text) + " AS nvarchar(max)) AS a",
			dialect{}.Fence("id", "FROM dbo.products WHERE name = "+dialect{}.Literal(text, frame.Text)),
		} {
			rows, err := db.Query(t.Context(), source.Statement{SQL: sql})
			if err != nil {
				t.Errorf("%q: %v", text, err)
				continue
			}
			f, err := frame.Read(t.Context(), rows, 10, 1<<20)
			rows.Close()
			if err != nil {
				t.Errorf("%q: %v", text, err)
				continue
			}
			for r := range f.Rows() {
				if v, _ := f.Cell(r, 0); f.Columns[0].Name == "a" && string(v) != text || f.Columns[0].Name == "id" {
					t.Errorf("%q was read as %q by %s", text, v, sql)
				}
			}
		}
	}
}
