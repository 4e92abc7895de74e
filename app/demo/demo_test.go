package demo

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"assay/app/fault"

	"github.com/google/go-cmp/cmp"
)

// contents is the hash of all rows that generatorVersion 1 writes.
const contents = "9e5105af30d699e428741e0d6e34b0c28039d6391c12423f8bfc91880d48587c"

var allTables = []string{"customers", "products", "shops", "campaigns", "orders", "order_lines", "support_tickets"}

// sample is the database that the tests of what is in it share.
var sample string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "demo")
	if err == nil {
		sample = filepath.Join(dir, "sample.db")
		err = Build(context.Background(), sample)
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func open(t *testing.T, path, options string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, options))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func number(t *testing.T, db *sql.DB, query string) float64 {
	t.Helper()
	var n float64
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// hash reads every row of every table in the order of the ids.
func hash(t *testing.T, db *sql.DB) string {
	t.Helper()
	sum := sha256.New()
	for _, table := range allTables {
		rows, err := db.Query("SELECT * FROM " + table + " ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		names, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(sum, table, names)
		cells := make([]sql.NullString, len(names))
		targets := make([]any, len(names))
		for i := range cells {
			targets[i] = &cells[i]
		}
		for rows.Next() {
			if err := rows.Scan(targets...); err != nil {
				t.Fatal(err)
			}
			for _, c := range cells {
				fmt.Fprintf(sum, "%t%q,", c.Valid, c.String)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// TestSameRowsEverywhere builds over an outdated file, at a path that must not be read as options.
func TestSameRowsEverywhere(t *testing.T) {
	second := filepath.Join(t.TempDir(), "with ? and # and %41.db")
	outdated := open(t, second, "")
	if _, err := outdated.Exec(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 7; CREATE TABLE customers (id INTEGER)", applicationID)); err != nil {
		t.Fatal(err)
	}
	if err := outdated.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Build(context.Background(), second); err != nil {
		t.Fatal(err)
	}
	one, two := hash(t, open(t, sample, "mode=ro")), hash(t, open(t, second, "mode=ro"))
	if one != two {
		t.Errorf("two builds differ: %s and %s", one, two)
	}
	if one != contents {
		t.Errorf("the rows hash to %s, not %s: where that is meant, raise generatorVersion with it", one, contents)
	}
}

func TestFileIsWholeAndAlone(t *testing.T) {
	entries, err := os.ReadDir(filepath.Dir(sample))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("the folder holds %v, want the database alone", entries)
	}
	info, err := os.Stat(sample)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 40<<20 {
		t.Errorf("the file has %d bytes, want at most 40 MiB", info.Size())
	}
	db := open(t, sample, "mode=ro")
	var mode, check string
	if err := db.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "delete" {
		t.Errorf("journal_mode is %q (%v), want delete", mode, err)
	}
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&check); err != nil || check != "ok" {
		t.Errorf("integrity_check says %q (%v)", check, err)
	}
	if n := number(t, db, "PRAGMA user_version"); n != Version {
		t.Errorf("user_version is %v, want %d", n, Version)
	}
	for _, table := range allTables {
		estimate := number(t, db, "SELECT CAST(max(stat) AS INTEGER) FROM sqlite_stat1 WHERE tbl = '"+table+"'")
		if rows := number(t, db, "SELECT count(*) FROM "+table); rows != estimate {
			t.Errorf("%s: the estimate says %v rows, there are %v", table, estimate, rows)
		}
	}
}

func TestCurrentFileStays(t *testing.T) {
	before, err := os.Stat(sample)
	if err != nil {
		t.Fatal(err)
	}
	if err := Build(context.Background(), sample); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(sample)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || before.ModTime() != after.ModTime() {
		t.Error("a current file was written again")
	}
}

func TestOtherFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte("not a database, but worth keeping"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.db")
	if _, err := open(t, other, "").Exec("CREATE TABLE mine (id INTEGER)"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, other, dir} {
		before, _ := os.ReadFile(path)
		if err := Build(context.Background(), path); !fault.Is(err, fault.Conflict) {
			t.Errorf("Build(%s) = %v, want a conflict", filepath.Base(path), err)
		}
		if after, _ := os.ReadFile(path); string(before) != string(after) {
			t.Errorf("Build changed %s", filepath.Base(path))
		}
	}
	if err := Build(context.Background(), filepath.Join(dir, "missing", "sample.db")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a missing folder gives %v, want unavailable", err)
	}
}

func TestCancelLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Build(ctx, filepath.Join(dir, "sample.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("Build = %v, want context.Canceled", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("a cancelled build left %v", entries)
	}
}

func TestRowsFitTogether(t *testing.T) {
	db := open(t, sample, "mode=ro")
	rows, err := db.Query("PRAGMA foreign_key_check")
	if err != nil {
		t.Fatal(err)
	}
	if rows.Next() {
		t.Error("a foreign key leads nowhere")
	}
	_ = rows.Close()

	for _, c := range []struct {
		name, query string
		want        Range
	}{
		{"order lines", "SELECT count(*) FROM order_lines", Range{200000, 300000}},
		{"orders", "SELECT count(*) FROM orders", Range{80000, 110000}},
		{"orders without lines", "SELECT count(*) FROM orders WHERE id NOT IN (SELECT order_id FROM order_lines)", Range{}},
		{"totals off by a cent or more", `
SELECT count(*) FROM order_lines
WHERE (quantity * CAST(round(unit_price * 100) AS INTEGER) * (100 - CAST(round(discount * 100) AS INTEGER)) + 50) / 100
      <> CAST(round(line_total * 100) AS INTEGER)`, Range{}},
		{"discounted lines", "SELECT avg(discount > 0) FROM order_lines", Range{0.05, 0.3}},
		{"prices that do not end in .95", "SELECT count(*) FROM order_lines WHERE CAST(round(unit_price * 100) AS INTEGER) % 100 <> 95", Range{}},
		{"products sold below cost", "SELECT count(*) FROM products WHERE unit_cost >= list_price", Range{}},
		{"orders outside the three years", "SELECT count(*) FROM orders WHERE ordered_at < '2023-10-01' OR ordered_at >= '2026-10-01'", Range{}},
		{"days of trade", "SELECT count(DISTINCT date(ordered_at)) FROM orders", Range{1096, 1096}},
		{"orders not in order of time", "SELECT count(*) FROM orders a JOIN orders b ON b.id = a.id + 1 WHERE b.ordered_at < a.ordered_at", Range{}},
		{"orders before signup", "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE date(o.ordered_at) < c.signup_date", Range{}},
		{"orders in shops not open", "SELECT count(*) FROM orders o JOIN shops s ON s.id = o.shop_id WHERE date(o.ordered_at) < s.opened_on OR date(o.ordered_at) > s.closed_on", Range{}},
		{"lines of products not sold", "SELECT count(*) FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id WHERE date(o.ordered_at) < p.launched_on OR date(o.ordered_at) > p.discontinued_on", Range{}},
		{"product twice in an order", "SELECT count(*) - count(DISTINCT order_id * 1000 + product_id) FROM order_lines", Range{}},
		{"tickets before their order", "SELECT count(*) FROM support_tickets t JOIN orders o ON o.id = t.order_id WHERE t.opened_at < o.ordered_at OR t.customer_id <> o.customer_id", Range{}},
		{"tickets closed before opened", "SELECT count(*) FROM support_tickets WHERE closed_at < opened_at OR closed_at >= '2026-10-01'", Range{}},
		{"tickets still open", "SELECT count(*) FROM support_tickets WHERE closed_at IS NULL", Range{10, 200}},
		{"marks on open tickets", "SELECT count(*) FROM support_tickets WHERE closed_at IS NULL AND satisfaction IS NOT NULL", Range{}},
		{"addresses that might reach someone", "SELECT count(*) FROM customers WHERE email NOT LIKE '%_@example.com' OR email GLOB '*[^a-z0-9.@]*'", Range{}},
		{"addresses used twice", "SELECT count(*) - count(DISTINCT email) FROM customers", Range{}},
		{"share of orders of the best fifth of customers", `
SELECT 1.0 * sum(n) FILTER (WHERE place <= 0.2) / sum(n)
FROM (SELECT count(*) AS n, percent_rank() OVER (ORDER BY count(*) DESC) AS place FROM orders GROUP BY customer_id)`, Range{0.5, 0.7}},
		{"share of lines of the best fifth of products", `
SELECT 1.0 * sum(n) FILTER (WHERE place <= 0.2) / sum(n)
FROM (SELECT count(*) AS n, percent_rank() OVER (ORDER BY count(*) DESC) AS place FROM order_lines GROUP BY product_id)`, Range{0.4, 0.7}},
		{"growth of revenue over two years", `
SELECT sum(line_total) FILTER (WHERE ordered_at >= '2025-10-01') / sum(line_total) FILTER (WHERE ordered_at < '2024-10-01')
FROM order_lines l JOIN orders o ON o.id = l.order_id`, Range{1.15, 1.23}},
		{"revenue that monthly_revenue misses", `
SELECT abs((SELECT sum(revenue) FROM monthly_revenue) - (SELECT sum(line_total) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.status NOT IN ('refunded', 'cancelled')))`, Range{0, 0.5}},
	} {
		if got := number(t, db, c.query); !c.want.Has(got) {
			t.Errorf("%s: %v, want %v to %v", c.name, got, c.want.Least, c.want.Most)
		}
	}
}

func TestTypesAreDeclared(t *testing.T) {
	db := open(t, sample, "mode=ro")
	rows, err := db.Query("SELECT DISTINCT c.type FROM sqlite_schema s, pragma_table_info(s.name) c WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	want := []string{"BOOLEAN", "DATE", "DECIMAL(10,2)", "DECIMAL(4,2)", "INTEGER", "TEXT", "TIMESTAMP"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("declared types (-want +got):\n%s", diff)
	}
}
