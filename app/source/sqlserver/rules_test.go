package sqlserver

import (
	"context"
	_ "embed"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sqlc-dev/teesql/ast"
	"github.com/sqlc-dev/teesql/parser"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sqlserver/tsqllint"
)

//go:embed testdata/bypass.sql
var bypassCorpus string

// limit returns the reading of a table of which the rules leave the rows of one condition.
func limit(schema, table, list, condition string) source.Reading {
	var d dialect
	return source.Reading{Table: source.Name{Schema: schema, Name: table},
		Select: d.Fence(list, "FROM "+d.Quote(schema)+"."+d.Quote(table)+" WHERE ("+condition+")")}
}

func europe() string { return "[region] = " + dialect{}.Literal("EU", frame.Text) }

// shop is what the person who asks may see, by the tables' names in capitals.
var shop = map[string]source.Reading{
	"DBO.ORDERS": limit("dbo", "orders", "[id], [region], [customer_id], [total], CAST(NULL AS nvarchar(100)) AS [email], "+
		dialect{}.Literal("***", frame.Text)+" AS [note], [code], [placed_at]", europe()),
	"DBO.CUSTOMERS":     limit("dbo", "customers", "[id], [name], [region], CAST(NULL AS nvarchar(100)) AS [email]", europe()),
	"DBO.EMPLOYEES":     limit("dbo", "employees", "[id], [name], [manager_id], [region], NULL AS [salary]", europe()),
	"DBO.ORDER DETAILS": limit("dbo", "Order Details", "[order_id], [product_id], [unit price], [quantity]", "[quantity] < 100"),
	"DBO.SELECT":        limit("dbo", "select", "[id], [from]", "[id] < 100"),
	"DBO.PRODUCTS":      {Table: source.Name{Schema: "dbo", Name: "products"}},
	"DBO.ŻÓŁW 🐢":        {Table: source.Name{Schema: "dbo", Name: "żółw 🐢"}},
	"SALES.ORDERS":      {Table: source.Name{Schema: "sales", Name: "orders"}},
}

func shopTables(n source.Name) (source.Reading, error) {
	if n.Schema == "" {
		n.Schema = "dbo"
	}
	if reading, ok := shop[strings.ToUpper(n.Schema+"."+n.Name)]; ok {
		return reading, nil
	}
	if strings.EqualFold(n.Name, "order_totals") {
		return source.Reading{}, source.Refuse(0, "%s is a view over tables with rules", n.Name)
	}
	return source.Reading{}, errors.New("no such table: HIDDEN")
}

func shopPolicy() source.Policy {
	return source.Policy{Tables: shopTables, Functions: []string{"dbo.secret_total", "dbo.all_orders"}, Routines: []string{"dbo.value", "dbo.nodes", "dbo.secret_total", "dbo.all_orders"}}
}

type bypassLine struct{ want, name, sql string }

func bypassLines(t *testing.T) []bypassLine {
	t.Helper()
	head := regexp.MustCompile(`(?m)^-- (same|refused|safe): (.+)\n`)
	at := head.FindAllStringSubmatchIndex(bypassCorpus, -1)
	var list []bypassLine
	for i, m := range at {
		end := len(bypassCorpus)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		list = append(list, bypassLine{bypassCorpus[m[2]:m[3]], bypassCorpus[m[4]:m[5]], strings.TrimSpace(bypassCorpus[m[1]:end])})
	}
	if len(list) < 200 {
		t.Fatalf("the corpus has %d statements", len(list))
	}
	return list
}

func TestRulesCorpus(t *testing.T) {
	passed := 0
	for _, l := range bypassLines(t) {
		c, err := New().Guard(l.sql, shopPolicy())
		switch {
		case err != nil && strings.Contains(err.Error(), "HIDDEN"):
			t.Errorf("%s: the refusal tells what the policy did not mean to: %v", l.name, err)
		case err == nil && l.want == "refused":
			t.Errorf("%s passed:\n%s", l.name, c.SQL)
		case err != nil && l.want == "same":
			t.Errorf("%s: %v (%v)", l.name, err, source.AsFailure(err).Err)
		case err != nil && l.want == "refused" && source.AsFailure(err).Code != source.Refused:
			t.Errorf("%s: %v", l.name, err)
		case err == nil:
			passed++
			for _, wrong := range strangers(t, c.SQL) {
				t.Errorf("%s reads %s:\n%s", l.name, wrong, c.SQL)
			}
			again, err := New().Guard(c.SQL, source.Policy{})
			if err != nil || again.SQL != c.SQL {
				t.Errorf("%s is sent as\n%s\nand read again as\n%s\n%v", l.name, c.SQL, again.SQL, err)
			}
			if before := tsqllint.Lint(l.sql); len(before) == 0 {
				for _, found := range tsqllint.Lint(c.SQL) {
					t.Errorf("%s: %s\n%s", l.name, found, c.SQL)
				}
			}
		}
	}
	if passed < 100 {
		t.Errorf("only %d statements passed", passed)
	}
}

// strangers returns the tables that a printed statement reads without being let:
// it knows nothing of how the guard rewrites, but cuts out what stands for the
// limited tables and looks at what is left.
func strangers(t *testing.T, sql string) []string {
	t.Helper()
	for _, r := range shop {
		if r.Select == "" {
			continue
		}
		none := strings.Replace(r.Select, fence, "0", 1)
		sql = strings.ReplaceAll(sql, "("+r.Select+" UNION ALL "+none+")", "(SELECT 1 AS [cut])")
		sql = strings.ReplaceAll(sql, "("+r.Select+")", "(SELECT 1 AS [cut])")
	}
	quantified := regexp.MustCompile(`([<>=] )(ALL|ANY) \(`) // which the parser does not know
	script, err := parser.Parse(context.Background(), strings.NewReader(quantified.ReplaceAllString(sql, "$1(")))
	if err != nil {
		return []string{err.Error()}
	}
	stmt := script.Batches[0].Statements[0].(*ast.SelectStatement)
	var wrong []string
	see := func(root any, with []string) {
		for _, f := range find[*ast.SchemaObjectFunctionTableReference](reflect.ValueOf(root)) {
			wrong = append(wrong, f.SchemaObject.BaseIdentifier.Value)
		}
		for _, n := range find[*ast.NamedTableReference](reflect.ValueOf(root)) {
			o := n.SchemaObject
			var parts []string
			for _, id := range o.Identifiers {
				parts = append(parts, id.Value)
			}
			whole := strings.Join(parts, ".")
			reading, known := shop[strings.ToUpper(whole)]
			switch {
			case len(parts) == 1 && slices.Contains(with, whole):
			case len(parts) == 2 && known && reading.Select == "" && reading.Table == (source.Name{Schema: parts[0], Name: parts[1]}):
			default:
				wrong = append(wrong, whole)
			}
		}
	}
	var with []string
	if w := stmt.WithCtesAndXmlNamespaces; w != nil {
		for _, cte := range w.CommonTableExpressions {
			seen := with
			if b, ok := cte.QueryExpression.(*ast.BinaryQueryExpression); ok && b.All && b.BinaryQueryExpressionType == "Union" {
				see(b.FirstQueryExpression, with)
				see(b.SecondQueryExpression, append(slices.Clone(with), cte.ExpressionName.Value))
			} else {
				see(cte.QueryExpression, seen)
			}
			with = append(with, cte.ExpressionName.Value)
		}
	}
	see(stmt.QueryExpression, with)
	return wrong
}

// find returns all nodes of one kind in the tree.
func find[T any](v reflect.Value) []T {
	var list []T
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			return find[T](v.Elem())
		}
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if n, ok := v.Interface().(T); ok {
			list = append(list, n)
		}
		return append(list, find[T](v.Elem())...)
	case reflect.Slice:
		for i := range v.Len() {
			list = append(list, find[T](v.Index(i))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				list = append(list, find[T](v.Field(i))...)
			}
		}
	}
	return list
}

// unknownToGrammar is what the grammar that others wrote does not know.
var unknownToGrammar = regexp.MustCompile(`GROUPING SETS|TOP \(SELECT|FROM \(orders`)

// ruledStatements are statements as they are sent where rules limit tables,
// with little in what stands for these, as the grammar is slow.
func ruledStatements(t *testing.T) []string {
	t.Helper()
	short := source.Policy{Tables: func(n source.Name) (source.Reading, error) {
		r, err := shopTables(n)
		if r.Select != "" {
			r = limit(r.Table.Schema, r.Table.Name, "[id], N'***' AS [note]", "[id] = 1")
		}
		return r, err
	}}
	var list []string
	for _, l := range bypassLines(t) {
		if l.want != "same" || unknownToGrammar.MatchString(l.sql) {
			continue
		}
		c, err := New().Guard(l.sql, short)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c.SQL)
	}
	return list
}

// The proof must notice whatever the rewriting could get wrong.
func TestRulesProof(t *testing.T) {
	const sql = "WITH a AS (SELECT id FROM orders), b AS (SELECT id FROM a) SELECT b.id FROM b, products AS p, orders AS o WHERE o.id IN (SELECT 1)"
	for _, tt := range []struct{ from, to string }{
		{"", ""},
		{"FROM " + ordersGraft + " AS [orders]", "FROM [dbo].[orders] AS [orders]"},
		{", " + ordersGraft + " AS o", ", [dbo].[orders] AS o"},
		{ordersGraft + " AS o", strings.Replace(ordersGraft, fence, "5", 1) + " AS o"},
		{ordersGraft + " AS o", "(" + ordersGraft[1:len(ordersGraft)-1] + " OR 1 = 1) AS o"},
		{"[dbo].[products] AS p", "[dbo].[salaries] AS p"},
		{"[dbo].[products] AS p", "[hr].[products] AS p"},
		{"[dbo].[products] AS p", "products AS p"},
		{"[dbo].[products] AS p", "[dbo].[products] AS p, salaries"},
		{"[dbo].[products] AS p", "[dbo].[products] AS p CROSS JOIN [dbo].[products] AS q"},
		{"FROM a)", "FROM b)"},
		{"FROM a)", "FROM c)"},
		{"FROM a)", "FROM [dbo].[a])"},
		{"FROM b,", "FROM a,"},
		{"FROM b,", "FROM"},
		{"WITH a AS", "WITH c AS"},
		{"(SELECT 1)", "(SELECT 1 FROM b)"},
		{"(SELECT 1)", "(SELECT 1 FROM [dbo].[salaries])"},
	} {
		tokens, err := readTokens(sql)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkTokens(sql, tokens, shopPolicy()); err != nil {
			t.Fatal(err)
		}
		stmt, p, err := parse(sql, tokens)
		if err != nil {
			t.Fatal(err)
		}
		w := newWalker(shopPolicy(), sql, p)
		r := newRules(w, tokens, p, stmt)
		w.rules, w.named = r, r.table
		if err := w.statement(stmt); err != nil {
			t.Fatal(err)
		}
		want, err := r.rewrite()
		if err != nil {
			t.Fatal(err)
		}
		sent := emit(want)
		if !strings.Contains(sent, tt.from) {
			t.Fatalf("%s is not in\n%s", tt.from, sent)
		}
		changed := strings.Replace(sent, tt.from, tt.to, 1)
		if err := r.prove(changed, want); (err == nil) != (changed == sent) {
			t.Errorf("%s for %s: %v", tt.to, tt.from, err)
		}
		// Also where the tokens were meant to be those.
		meant, err := readTokens(changed)
		if err != nil {
			t.Fatal(err)
		}
		err = r.prove(changed, meant)
		// A changed graft is seen by the tokens alone, and a WITH query for another one before it is no leak.
		tokensOnly := strings.Contains(tt.to, "OR 1 = 1") || tt.to == "FROM a,"
		if (err == nil) != (changed == sent || tokensOnly) {
			t.Errorf("%s for %s, meant: %v", tt.to, tt.from, err)
		}
	}
}

const (
	ordersGraft = "(SELECT TOP (9223372036854775807) [id], [region], [customer_id], [total], CAST(NULL AS nvarchar(100)) AS [email], N'***' AS [note], [code], [placed_at]" +
		" FROM [dbo].[orders] WHERE ([region] = N'EU'))"
	customersGraft = "(SELECT TOP (9223372036854775807) [id], [name], [region], CAST(NULL AS nvarchar(100)) AS [email] FROM [dbo].[customers] WHERE ([region] = N'EU'))"
	employeesGraft = "(SELECT TOP (9223372036854775807) [id], [name], [manager_id], [region], NULL AS [salary] FROM [dbo].[employees] WHERE ([region] = N'EU'))"
	nobodyGraft    = "(SELECT TOP (9223372036854775807) [id], [name], [manager_id], [region], NULL AS [salary] FROM [dbo].[employees] WHERE ([region] = N'EU')" +
		" UNION ALL SELECT TOP (0) [id], [name], [manager_id], [region], NULL AS [salary] FROM [dbo].[employees] WHERE ([region] = N'EU'))"
	detailsGraft = "(SELECT TOP (9223372036854775807) [order_id], [product_id], [unit price], [quantity] FROM [dbo].[Order Details] WHERE ([quantity] < 100))"
)

func TestRulesSend(t *testing.T) {
	for _, tt := range []struct {
		sql, want string
		tables    []source.Name
	}{
		{"SELECT id FROM orders", "SELECT id FROM " + ordersGraft + " AS [orders]", []source.Name{{Schema: "dbo", Name: "orders"}}},
		{"SELECT o.id FROM dbo.Orders o", "SELECT o.id FROM " + ordersGraft + " o", nil},
		{"SELECT O.id FROM [dbo].\"ORDERS\" AS O", "SELECT O.id FROM " + ordersGraft + " AS O", nil},
		{"SELECT Orders.id FROM Orders", "SELECT Orders.id FROM " + ordersGraft + " AS [Orders]", nil},
		{"SELECT * FROM products", "SELECT * FROM [dbo].[products]", []source.Name{{Schema: "dbo", Name: "products"}}},
		{"SELECT PRODUCTS.id FROM PRODUCTS", "SELECT PRODUCTS.id FROM [dbo].[products] AS [PRODUCTS]", nil},
		{"SELECT p.id FROM PRODUCTS p", "SELECT p.id FROM [dbo].[products] p", nil},
		{"SELECT dbo.Products.id FROM dbo.Products", "SELECT Products.id FROM [dbo].[products] AS [Products]", nil},
		{"SELECT dbo.products.id FROM products", "SELECT dbo.products.id FROM [dbo].[products]", nil},
		{"SELECT SUM(dbo.orders.total), dbo.orders.* FROM dbo.orders WHERE dbo . orders.id = 1", "SELECT SUM(orders.total), orders.* FROM " + ordersGraft + " AS [orders] WHERE orders.id = 1", nil},
		{"SELECT id FROM orders (NOLOCK) WHERE id > 1", "SELECT id FROM " + ordersGraft + " AS [orders] WHERE id > 1", nil},
		{"SELECT id FROM orders o WITH (NOLOCK, INDEX(ix)), products WITH (NOLOCK)", "SELECT id FROM " + ordersGraft + " o, [dbo].[products] WITH (NOLOCK)", nil},
		{"SELECT id FROM orders AS o (NOLOCK)", "SELECT id FROM " + ordersGraft + " AS o", nil},
		{"SELECT a.id FROM orders a, orders b", "SELECT a.id FROM " + ordersGraft + " a, " + ordersGraft + " b", []source.Name{{Schema: "dbo", Name: "orders"}}},
		{"SELECT 1 FROM customers AS orders JOIN orders AS customers ON 1 = 1", "SELECT 1 FROM " + customersGraft + " AS orders JOIN " + ordersGraft + " AS customers ON 1 = 1", nil},
		{"SELECT (SELECT COUNT(*) FROM [order details])", "SELECT (SELECT COUNT(*) FROM " + detailsGraft + " AS [order details])", []source.Name{{Schema: "dbo", Name: "Order Details"}}},
		{"SELECT * FROM orders PIVOT (SUM(total) FOR region IN ([EU])) AS p", "SELECT * FROM " + ordersGraft + " AS [orders] PIVOT (SUM(total) FOR region IN ([EU])) AS p", nil},
		{"SELECT * FROM orders AS o UNPIVOT (v FOR k IN (region)) AS u", "SELECT * FROM " + ordersGraft + " AS o UNPIVOT (v FOR k IN (region)) AS u", nil},
		{"WITH a AS (SELECT id FROM orders) SELECT A.id FROM A", "WITH a AS (SELECT id FROM " + ordersGraft + " AS [orders]) SELECT A.id FROM [a]", []source.Name{{Schema: "dbo", Name: "orders"}}},
		{"WITH t AS (SELECT id FROM employees UNION ALL SELECT e.id FROM employees e JOIN t ON e.manager_id = t.id) SELECT id FROM t",
			"WITH t AS (SELECT id FROM " + employeesGraft + " AS [employees] UNION ALL SELECT e.id FROM " + nobodyGraft + " e JOIN t ON e.manager_id = t.id) SELECT id FROM t", nil},
		{"SELECT TOP (1) id\nFROM\n  dbo\n.orders\n-- a comment\nORDER BY id", "SELECT TOP (1) id\nFROM\n\n" + ordersGraft + " AS [orders]\n\nORDER BY id", nil},
		{"SELECT * FROM products FOR SYSTEM_TIME AS OF '2020-01-01' AS p TABLESAMPLE (10 PERCENT)", "SELECT * FROM [dbo].[products] FOR SYSTEM_TIME AS OF '2020-01-01' AS p TABLESAMPLE (10 PERCENT)", nil},
		{"SELECT * FROM products FOR SYSTEM_TIME ALL", "SELECT * FROM [dbo].[products] FOR SYSTEM_TIME ALL", nil},
		{"SELECT * FROM products, sales.orders FOR XML AUTO", "SELECT * FROM [dbo].[products] AS [products], [sales].[orders] FOR XML AUTO", nil},
		{"SELECT k.[KEY] FROM CONTAINSTABLE(products, name, 'x') AS k", "SELECT k.[KEY] FROM CONTAINSTABLE([dbo].[products], name, 'x') AS k", nil},
		{"SELECT n.x.value('@a', 'int') FROM customers AS c CROSS APPLY c.doc.nodes('/a') AS n (x)", "SELECT n.x.value('@a', 'int') FROM " + customersGraft + " AS c CROSS APPLY c.doc.nodes('/a') AS n (x)", nil},
		{"WITH XMLNAMESPACES ('urn:x' AS n), a AS (SELECT id FROM products) SELECT A.id FROM A", "WITH XMLNAMESPACES ('urn:x' AS n), a AS (SELECT id FROM [dbo].[products]) SELECT A.id FROM [a]", nil},
		{"SELECT STUFF((SELECT ',' + name FROM products FOR XML PATH(''), TYPE).value('.', 'nvarchar(max)'), 1, 1, '')", "SELECT STUFF((SELECT ',' + name FROM [dbo].[products] FOR XML PATH(''), TYPE).value('.', 'nvarchar(max)'), 1, 1, '')", nil},
		{"SELECT p.id FROM products AS p INNER MERGE JOIN orders AS o ON o.id = p.id", "SELECT p.id FROM [dbo].[products] AS p INNER MERGE JOIN " + ordersGraft + " AS o ON o.id = p.id", nil},
		{"SELECT c.id FROM customers AS c OUTER APPLY (SELECT TOP (1) * FROM orders WHERE customer_id = c.id ORDER BY id) AS o", "SELECT c.id FROM " + customersGraft + " AS c OUTER APPLY (SELECT TOP (1) * FROM " + ordersGraft + " AS [orders] WHERE customer_id = c.id ORDER BY id) AS o", nil},
		{"SELECT dbo.customers.doc.value('/a', 'int') FROM dbo.customers", "SELECT customers.doc.value('/a', 'int') FROM " + customersGraft + " AS [customers]", nil},
	} {
		c, err := New().Guard(tt.sql, shopPolicy())
		if err != nil {
			t.Errorf("%s\n%v (%v)", tt.sql, err, source.AsFailure(err).Err)
			continue
		}
		if d := cmp.Diff(tt.want, c.SQL); d != "" {
			t.Errorf("%s\n%s", tt.sql, d)
		}
		if d := cmp.Diff(tt.tables, c.Tables); tt.tables != nil && d != "" {
			t.Errorf("%s\n%s", tt.sql, d)
		}
	}
}

func TestRulesSayWhyAndWhere(t *testing.T) {
	for _, tt := range []struct {
		sql, message string
		position     int
	}{
		{"SELECT 'ż', * FROM salaries", "The table salaries is not available", 20},
		{"SELECT * FROM dbo.order_totals", "order_totals is a view over tables with rules", 15},
		{"SELECT 1; ", "", 0},
		{"SELECT * FROM products, sys.tables", "The system view sys.tables is not available: it tells about tables past the rules on them", 25},
		{"SELECT * FROM information_schema.tables", "The system view information_schema.tables is not available: it tells about tables past the rules on them", 15},
		{"SELECT OBJECT_ID('x')", "The function OBJECT_ID is not available: it tells about tables past the rules on them", 8},
		{"SELECT dbo.secret_total(1)", "The function dbo.secret_total is not available: it may read tables past the rules on them", 8},
		{"WITH a AS (SELECT 1 AS i), products AS (SELECT 1 AS i) SELECT * FROM a", "The WITH query products has the name of a table. Give it another one", 28},
		{"SELECT * FROM orders TABLESAMPLE (10 ROWS)", "A sample of orders cannot be read: rules limit what is seen of the table", 15},
		{"SELECT * FROM dbo.orders FOR SYSTEM_TIME ALL", "The history of orders cannot be read: rules limit what is seen of the table", 15},
		{"SELECT 1 FROM FREETEXTTABLE(orders, *, 'x') AS k", "The full-text index of orders cannot be read: rules limit what is seen of the table", 29},
		{"SELECT dbo.orders.id FROM dbo.orders, customers AS orders", "More than one table is called orders here. Give each an alias", 12},
		{"SELECT * FROM ..products", "", -1},
		{"SELECT a.b.value('x', 'int') FROM products", "There is no table a whose column could be meant here", 8},
	} {
		_, err := New().Guard(tt.sql, shopPolicy())
		if tt.message == "" {
			if (err != nil) != (tt.position < 0) {
				t.Errorf("%s: %v", tt.sql, err)
			}
			continue
		}
		f := source.AsFailure(err)
		if f == nil || f.Code != source.Refused || f.Message != tt.message || f.Position != tt.position {
			t.Errorf("%s\n%+v", tt.sql, f)
		}
	}
}

// A rule that could not be what the product writes must refuse the statement, not be sent.
func TestRulesHoldGrafts(t *testing.T) {
	d := dialect{}
	orders := source.Name{Schema: "dbo", Name: "orders"}
	good := d.Fence("[id]", "FROM [dbo].[orders] WHERE ([a] = N'''')")
	for text, ok := range map[string]bool{
		good: true,
		d.Fence("[id]", "FROM [dbo].[orders] AS x WHERE EXISTS (SELECT 1 FROM [dbo].[members] AS m WHERE m.[id] = x.[id])"): true,
		"SELECT [id] FROM [dbo].[orders]":                             false,
		good + "; SELECT 1":                                           false,
		good + ") AS x, (SELECT 1 AS a":                               false,
		good + " UNION ALL " + good:                                   false,
		good + " OPTION (RECOMPILE)":                                  false,
		d.Fence("[id]", "FROM orders"):                                false,
		d.Fence("[id]", "FROM [dbo].[orders] WHERE [a] = @p1"):        false,
		d.Fence("[id]", "FROM [dbo].[orders] WHERE [a] = N'x"):        false,
		d.Fence("[id]", "FROM [dbo].[orders] /*"):                     false,
		d.Fence("[id]", "FROM [dbo].[orders] -- x"):                   true,
		"WITH a AS (SELECT 1 AS i) " + d.Fence("[i]", "FROM [x].[a]"): false,
		"DELETE FROM [dbo].[orders]":                                  false,
		" ":                                                           false,
	} {
		p := source.Policy{Tables: func(source.Name) (source.Reading, error) { return source.Reading{Table: orders, Select: text}, nil }}
		c, err := New().Guard("SELECT * FROM orders", p)
		if f := source.AsFailure(err); ok != (err == nil) || f != nil && (f.Code != source.Refused || !strings.Contains(f.Message, "could not be applied")) {
			t.Errorf("%s\n%s %v", text, c.SQL, err)
		}
	}
	for _, table := range []source.Name{{}, {Name: "orders"}, {Schema: "dbo"}} {
		p := source.Policy{Tables: func(source.Name) (source.Reading, error) { return source.Reading{Table: table}, nil }}
		if c, err := New().Guard("SELECT * FROM orders", p); err == nil {
			t.Errorf("%+v passed: %s", table, c.SQL)
		}
	}
}

// What the guard lets pass without rules it must pass with a policy that limits
// every table, but for what is closed there.
func TestRulesPassReads(t *testing.T) {
	all := source.Policy{Tables: func(n source.Name) (source.Reading, error) {
		if strings.EqualFold(n.Name, "a") || strings.EqualFold(n.Name, "b") || strings.EqualFold(n.Name, "n") || strings.EqualFold(n.Name, "x") {
			return source.Reading{}, errors.New("a WITH query of the corpus")
		}
		schema := n.Schema
		if schema == "" {
			schema = "dbo"
		}
		return limit(schema, n.Name, "[id]", "1 = 1"), nil
	}}
	closed := regexp.MustCompile(`(?i)system_time|tablesample|information_schema|sys\.|spt_values|containstable`)
	for _, sql := range reads {
		_, err := New().Guard(sql, all)
		if closed.MatchString(sql) != (err != nil) {
			t.Errorf("%s\n%v (%v)", sql, err, source.AsFailure(err))
		}
	}
	for _, sql := range attacks {
		if c, err := New().Guard(sql, all); err == nil {
			t.Errorf("passed: %s", c.SQL)
		}
	}
}

// The guard must end soon however many tables and columns are named.
func TestRulesLong(t *testing.T) {
	for name, sql := range map[string]string{
		"unions":  "SELECT id FROM orders" + strings.Repeat(" UNION ALL SELECT id FROM orders", 500),
		"free":    "SELECT id FROM products" + strings.Repeat(" UNION ALL SELECT id FROM products", 4_000),
		"refused": "SELECT id FROM products" + strings.Repeat(" UNION ALL SELECT id FROM salaries", 4_000),
		"columns": "SELECT 1" + strings.Repeat(", dbo.orders.id", 10_000) + " FROM dbo.orders",
		"joins":   "SELECT 1 FROM products" + strings.Repeat(" CROSS JOIN products", 5_000),
		"both":    "SELECT 1" + strings.Repeat(", dbo.orders.id", 5_000) + " FROM products" + strings.Repeat(", products", 5_000),
		"with":    "WITH a0 AS (SELECT 1 AS i)" + strings.Repeat(", a AS (SELECT 1 AS i)", 5_000) + " SELECT 1",
		"nested":  "SELECT * FROM " + strings.Repeat("(SELECT * FROM ", maxDepth-3) + "orders" + strings.Repeat(") x", maxDepth-3),
	} {
		start := time.Now()
		// Whether such a statement passes does not matter, only that the guard answers.
		_, err := New().Guard(sql, shopPolicy())
		if f := source.AsFailure(err); err != nil && (f == nil || f.Code != source.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%s took %s", name, d)
		}
		t.Log(name, time.Since(start), err)
	}
}
