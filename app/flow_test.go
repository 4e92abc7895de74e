package main

import (
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"assay/app/source"
	"assay/app/source/sourcetest"
)

// shop is a small database in SQL that every server understands: 120 orders of
// 5 customers, the worth of order n being n.
func shop() string {
	var b strings.Builder
	b.WriteString("CREATE TABLE customers (id integer PRIMARY KEY, name varchar(40) NOT NULL, country varchar(2));\n")
	for i, c := range []string{"AT", "CH", "DE", "DE", "FR"} {
		fmt.Fprintf(&b, "INSERT INTO customers VALUES (%d, 'Customer %d', '%s');\n", i+1, i+1, c)
	}
	b.WriteString("CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, placed_on date NOT NULL, total numeric(10,2) NOT NULL, status varchar(10), FOREIGN KEY (customer_id) REFERENCES customers (id));\n")
	for i := 1; i <= 120; i++ {
		status := "'paid'"
		if i%4 == 0 {
			status = "'open'"
		}
		fmt.Fprintf(&b, "INSERT INTO orders VALUES (%d, %d, '2024-%02d-%02d', %d.00, %s);\n", i, i%5+1, (i-1)/10+1, (i-1)%10*2+1, i, status)
	}
	return b.String()
}

// connectionURL spells a configuration the way people have it at hand.
func connectionURL(c source.Config) string {
	scheme, options := c.Kind, ""
	if c.Kind == "postgres" {
		options = "?sslmode=disable"
	} else {
		options = "?tls=false"
	}
	u := url.URL{Scheme: scheme, User: url.UserPassword(c.User, c.Password), Host: fmt.Sprintf("%s:%d", c.Host, c.Port), Path: "/" + c.Database}
	return u.String() + options
}

// liteFile makes a SQLite file that holds the script.
func liteFile(t testing.TB, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(script); err != nil {
		t.Fatal(err)
	}
	return path
}

// connect adds a connection by its URL and returns its path.
func (v *visitor) connect(name, address string) string {
	v.t.Helper()
	v.open("/connections/new").submit("main form", "do=save", fields{"url": address, "name": name}).expect(http.StatusOK).says("h1", name)
	return v.at.Path
}

func TestMainFlowWithoutScripts(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h)

	t.Log("set up, leave, come back")
	v.open("/login").says("main", "Nobody has an account here yet")
	v.setUp(h)
	v.says("main", "Connect a database")
	v.submit(".rail-foot form", "", nil).says("h1", "Sign in")
	v.submit("form", "", fields{"email": "ada@example.com", "password": "not this one at all"}).expect(http.StatusUnprocessableEntity).says("[role=alert]", "not")
	if v.doc.Find("#email").AttrOr("value", "") != "ada@example.com" {
		t.Error("a wrong password makes people type their address again")
	}
	v.submit("form", "", fields{"password": password}).expect(http.StatusOK).says("h1", "Home")

	t.Log("connect")
	_, reader := sourcetest.Postgres(t).NewDatabase(t, shop())
	v.open("/connections").says("main", "No connections yet").follow("main a", "Add a connection")
	v.submit("main form", "do=test", fields{"url": connectionURL(reader), "name": "Shop"}).expect(http.StatusOK)
	v.says("[role=status]", "The database answers", "PostgreSQL", "May this login writeno", "UTC")
	v.submit("main form", "do=save", nil).expect(http.StatusOK).says("h1", "Shop").says("[role=status]", "is saved")
	postgres := v.at.Path
	if strings.Contains(v.body, reader.Password) {
		t.Error("the connection's page shows the password")
	}
	v.says("main table", "customers", "orders")
	v.submit("main form[action$=test]", "", nil).expect(http.StatusOK).says("[role=status]", "The database answers")
	v.open(postgres + "/edit")
	if strings.Contains(v.body, reader.Password) {
		t.Error("the connection's form shows the password")
	}
	v.submit("main form", "do=save", fields{"name": "Shop on PostgreSQL"}).expect(http.StatusOK).says("h1", "Shop on PostgreSQL").says("main table", "orders")

	_, maria := sourcetest.MariaDB(t).NewDatabase(t, shop())
	others := []string{v.connect("Shop on MariaDB", connectionURL(maria)), v.connect("Shop on SQLite", "sqlite://"+liteFile(t, shop()))}
	for _, path := range others {
		v.open(path).says("main table", "customers", "orders")
		v.open(path+"/tables/orders?rows=1").says("#result", "50 rows")
		v.open(path+"/tables/orders").follow("main a", "Explore").says("#result", "120")
		v.submit(".builder-form", "", fields{"dimension": "placed_on"})
		v.submit(".builder-form", "", fields{"d.0.step": "quarter"}).expect(http.StatusOK).says("#result", "2024-01-01", "30", "4 rows")
	}
	v.open("/connections").says("main", "Shop on PostgreSQL", "Shop on MariaDB", "Shop on SQLite")
	v.open("/connections/new").submit("main form", "do=save", fields{"url": "mongodb://db.example.com/x"}).expect(http.StatusUnprocessableEntity).says(".field-error", "MongoDB")

	t.Log("look at tables")
	v.open(postgres+"?q=ord").says("main table", "orders")
	if strings.Contains(v.words("main table"), "customers") {
		t.Error("finding a table lists the others too")
	}
	v.follow("main a", "orders").says("main", "placed_on", "numeric", "customers.id")
	v.follow("main a", "Show 50 rows").says("#result", "50 rows")
	if n := v.doc.Find("#result table.data tbody tr").Length(); n != 50 {
		t.Errorf("%d rows are shown, want 50", n)
	}
	v.follow("main a", "customers.id").says("main", "Tables that lead here orders")

	t.Log("explore")
	v.open("/explore").submit(".builder-form", "", fields{"connection": strings.TrimPrefix(postgres, "/connections/")})
	v.submit(".builder-form", "", fields{"table": "orders"}).expect(http.StatusOK).says("#result", "120").says("h1", "Count of orders")
	v.submit(".builder-form", "do=add-m", nil)
	v.submit(".builder-form", "", fields{"m.1.fn": "sum", "m.1.column": "total"}).says("#result", "7,260")
	v.submit(".builder-form", "do=remove-m.0", nil).says("h1", "Total total")
	v.submit(".builder-form", "", fields{"dimension": "placed_on"})
	v.submit(".builder-form", "", fields{"d.0.step": "month"}).expect(http.StatusOK).says("#result", "12 rows", "SQL that ran")
	if n := v.doc.Find("#result .chart-drawing svg").Length(); n != 2 {
		t.Errorf("%d drawings of a total by month, want a wide and a narrow one", n)
	}
	v.submit(".builder-form", "", fields{"filter": "status"})
	v.submit(".builder-form", "", fields{"f.0.op": "eq", "f.0.value": "open"}).says("#result", "2024-12-01", "348")
	v.submit(".builder-form", "", fields{"join": "customers"}).says("#result", "12 rows")
	v.submit(".builder-form", "", fields{"dimension": "customers.country"}).expect(http.StatusOK).says("#result", "AT")
	v.submit(".builder-form", "do=remove-d.0", nil).says("#result", "4 rows")
	v.submit(".builder-form", "", fields{"order": "sum_total"}).says("#result", "4 rows")
	v.submit(".builder-form", "", fields{"having": "sum_total"})
	v.submit(".builder-form", "", fields{"h.0.op": "gt", "h.0.value": "100"}).expect(http.StatusOK)
	v.submit(".builder-form", "", fields{"limit": "2"}).expect(http.StatusOK).says("#result", "2 rows")
	if got := firstColumn(v); got[0] != "DE" || len(got) != 2 {
		t.Errorf("the two best countries are %q, want DE first", got)
	}
	if !strings.Contains(v.at.RawQuery, "spec=") {
		t.Errorf("the question is not in the address: %s", v.at)
	}
	built := v.at.String()
	v.submit(".builder-form", "", fields{"m.0.fn": "avg"}).expect(http.StatusOK).says("#result", "FR")
	if v.doc.Find("[name='o.0.by']").Length() != 0 || v.doc.Find("[name='h.0.column']").Length() != 0 {
		t.Error("after another measure was chosen the old one is still sorted and filtered by")
	}
	v.open(built)

	t.Log("save the built question")
	v.submit("form[action='/questions']", "", fields{"name": "Best countries", "folder": "Sales", "description": "By open orders"}).expect(http.StatusOK)
	v.says("h1", "Best countries").says("#result", "DE").says("[role=status]", "saved")

	t.Log("go on in SQL")
	v.open(built).follow("main a", "Continue in SQL").says("#result", "DE", "2 rows")
	editor := v.at.String()
	ask := func(text string, more fields) *visitor {
		t.Helper()
		values := fields{"sql": text}
		for k, x := range more {
			values[k] = x
		}
		return v.submit("main form[action='/sql']", "do=run", values).expect(http.StatusOK)
	}
	ask("SELECT status, count(*) AS n\nFROM orders\nWHERE total >= {{least:number}}\nGROUP BY status ORDER BY n DESC", nil).says("main", "least")
	v.submit("main form[action='/sql']", "do=run", fields{"p.least": "61"}).expect(http.StatusOK).says("#result", "paid", "45", "open", "15")
	v.submit("main form[action='/sql']", "do=run", fields{"p.least": "many"}).expect(http.StatusOK).says("main", "many")
	v.submit("main form[action='/sql']", "do=run", fields{"p.least": "61"}).expect(http.StatusOK)
	withParameter := v.at.String()
	v.submit("main form[action='/sql']", "do=explain", nil).expect(http.StatusOK).says("#result", "orders")
	v.open(editor)
	ask("SELECT id,\n  totl FROM orders", nil).says("[role=alert]", "totl", "Line 2, column 3")
	if v.doc.Find("textarea[data-error-position='14']").Length() != 1 {
		t.Errorf("the editor is not told where the error is: %s", v.words("textarea"))
	}
	ask("SELECT id FORM orders WHERE", nil).says("[role=alert]", "syntax error", "Line 1")
	ask("DELETE FROM orders", nil).says("[role=alert]", "was not sent")
	ask("SELECT 1; DROP TABLE orders", nil).says("[role=alert]", "was not sent")
	ask("SELECT pg_sleep(100)", nil).says("[role=alert]", "was not sent", "pg_sleep")

	t.Log("draw it in another way, save, open, take away")
	v.open(withParameter)
	v.follow("#result .result-kinds a", "Pie").says("#result", "paid")
	v.follow("#result .result-kinds a", "Bars")
	v.submit("form[action='/questions']", "", fields{"name": "Orders by state", "folder": "Sales"}).expect(http.StatusOK).says("h1", "Orders by state")
	question := v.at.Path
	if v.doc.Find("#result .chart-drawing svg").Length() == 0 {
		v.says("main", "least")
		v.submit("main form.form-row", "", fields{"p.least": "61"}).expect(http.StatusOK)
	}
	v.says("#result .result-kinds summary", "Bars").says("#result", "45")
	t.Run("files", func(t *testing.T) { files(t, v, question) })

	t.Log("versions, change, remove")
	v.open(question).follow("main .menu a", "Name and folder").says("h1", "Change Orders by state")
	v.submit("main form.main-narrow", "", fields{"name": "Orders by status", "folder": "Operations"}).expect(http.StatusOK).says("h1", "Orders by status").says(".crumbs", "Operations")
	v.follow("main .menu a", "Versions").says("main", "Version 1", "Version 2", "current", "least:number")
	v.submit("main form", "", nil).expect(http.StatusOK).says("h1", "Orders by state").says("[role=status]", "Version 1")
	v.open("/questions").says("main", "Orders by state", "Best countries", "Sales")
	v.open("/questions?q=countries").says("main", "Best countries")
	v.open("/").says("main", "Orders by state", "Best countries")
	v.open("/account").submit("main form[action='/account/tokens']", "", fields{"name": "nightly"}).expect(http.StatusOK).says("#secret", "a").says("main", "nightly")
	v.open("/guide")
	v.open(question).submit("main .menu form", "", nil).expect(http.StatusOK).says("[role=status]", "removed").says("h1", "Questions")
	v.look(question).expect(http.StatusNotFound).says("h1", "Page not found")
	v.open(others[1]).submit("main .menu form", "", nil).expect(http.StatusOK).says("h1", "Connections")
	if strings.Contains(v.words("main ul"), "SQLite") {
		t.Error("a removed connection is still listed")
	}
	v.tryLinks(strings.TrimPrefix(question, "/questions/"), strings.TrimPrefix(others[1], "/connections/"))
}

func firstColumn(v *visitor) []string {
	return v.doc.Find("#result > .table-wrap table.data tbody td:first-child").Map(func(_ int, s *goquery.Selection) string { return strings.TrimSpace(s.Text()) })
}

// files takes a saved question away in every form its address has.
func files(t *testing.T, v *visitor, question string) {
	at := v.at.String()
	defer v.open(at)
	query := "?" + v.at.RawQuery
	v.open(question + ".csv" + query)
	if got := v.header.Get("Content-Disposition"); !strings.Contains(got, "attachment") || !strings.Contains(got, ".csv") {
		t.Errorf("Content-Disposition of the CSV: %q", got)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(v.body, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"status", "n"}, {"paid", "45"}, {"open", "15"}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("CSV (-want +got):\n%s", diff)
	}
	v.open(question + ".xlsx" + query)
	book, err := excelize.OpenReader(strings.NewReader(v.body))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if rows, err = book.GetRows(book.GetSheetName(0)); err != nil || !strings.Contains(fmt.Sprint(rows), "[paid 45] [open 15]") {
		t.Errorf("XLSX: %v %v", rows, err)
	}
	v.open(question + ".json" + query)
	var answer struct {
		Columns []struct{ Name string }
		Rows    [][]any
	}
	if err := json.Unmarshal([]byte(v.body), &answer); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]any{{"paid", 45.0}, {"open", 15.0}}, answer.Rows); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	v.open(question + ".svg" + query)
	if !strings.HasPrefix(v.body, "<svg ") || v.header.Get("Content-Type") != "image/svg+xml; charset=utf-8" || strings.Contains(v.body, "<script") {
		t.Errorf("SVG: %s %.80q", v.header.Get("Content-Type"), v.body)
	}
	v.look(question + ".pdfx" + query).expect(http.StatusNotFound)
}
