package query

import (
	"strings"
	"testing"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sqlserver"
)

// narrowText spells a written question with conditions, as the runner does.
func narrowText(t *testing.T, d source.Driver, sql string, columns []frame.Column, narrow string) (string, error) {
	t.Helper()
	r := &Runner{}
	a := asking{opened: source.Opened{Driver: d}}
	in := &inner{table: tableFrom("result", columns), alias: "narrowed", spell: r.spellWritten(sql, map[string]string{}, columns, a)}
	c := &compiler{spec: &Spec{}, kind: d.Kind(), narrow: filters(t, narrow), binder: binder{dialect: d.Dialect(), now: monday}}
	compiled, err := c.compile(nil, in)
	if err != nil {
		return "", err
	}
	checked, err := d.Guard(compiled.SQL, source.Policy{})
	if err != nil {
		t.Fatalf("the guard: %v\n%s", err, compiled.SQL)
	}
	if len(checked.SQL) == 0 {
		t.Error("the guard printed nothing")
	}
	return compiled.SQL, nil
}

// TestNarrowedTSQL holds what SQL Server is sent: it takes no WITH, no OPTION and
// no lone ORDER BY in a subquery.
func TestNarrowedTSQL(t *testing.T) {
	columns := []frame.Column{{Name: "id", Kind: frame.Number}, {Name: "region", Kind: frame.Text}}
	const where = " AS [narrowed] WHERE ([narrowed].[id] = @p1)"
	const head = "SELECT [narrowed].[id], [narrowed].[region] FROM ("
	for name, tt := range map[string]struct{ sql, want string }{
		"plain":              {"SELECT id, region FROM orders", head + "SELECT id, region FROM orders)" + where},
		"an order":           {"SELECT id, region FROM orders ORDER BY region DESC, 1", head + "SELECT id, region FROM orders)" + where + " ORDER BY [narrowed].[region] DESC, [narrowed].[id]"},
		"top":                {"SELECT TOP 3 id, region FROM orders ORDER BY id", head + "SELECT TOP 3 id, region FROM orders ORDER BY id)" + where + " ORDER BY [narrowed].[id]"},
		"top in parentheses": {"SELECT TOP (3) o.id AS id, region FROM orders AS o ORDER BY o.id", head + "SELECT TOP (3) o.id AS id, region FROM orders AS o ORDER BY o.id)" + where + " ORDER BY [narrowed].[id]"},
		"offset":             {"SELECT id, region FROM orders ORDER BY id OFFSET 2 ROWS FETCH NEXT 5 ROWS ONLY", head + "SELECT id, region FROM orders ORDER BY id OFFSET 2 ROWS FETCH NEXT 5 ROWS ONLY)" + where + " ORDER BY [narrowed].[id]"},
		"with":               {"WITH o (id, region) AS (SELECT id, region FROM orders), p AS (SELECT * FROM o) SELECT id, region FROM p ORDER BY id", "WITH o (id, region) AS (SELECT id, region FROM orders), p AS (SELECT * FROM o) " + head + "SELECT id, region FROM p)" + where + " ORDER BY [narrowed].[id]"},
		"an option":          {"SELECT id, region FROM orders ORDER BY id OPTION (MAXDOP 1)", head + "SELECT id, region FROM orders)" + where + " ORDER BY [narrowed].[id] OPTION (MAXDOP 1)"},
		"a union":            {"SELECT id, region FROM orders UNION ALL SELECT id, name FROM products ORDER BY id", head + "SELECT id, region FROM orders UNION ALL SELECT id, name FROM products)" + where + " ORDER BY [narrowed].[id]"},
		"a subquery's order": {"SELECT id, region FROM (SELECT TOP 5 * FROM orders ORDER BY total) AS x", head + "SELECT id, region FROM (SELECT TOP 5 * FROM orders ORDER BY total) AS x)" + where},
		"a name like a word": {"SELECT id, [order by] AS region FROM orders ORDER BY region", head + "SELECT id, [order by] AS region FROM orders)" + where + " ORDER BY [narrowed].[region]"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := narrowText(t, sqlserver.New(), tt.sql, columns, `[{"column": "id", "op": "eq", "value": 7}]`)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	for name, sql := range map[string]string{
		"an order by what is not in the result": "SELECT id, region FROM orders ORDER BY total",
		"rows as a text":                        "SELECT id, region FROM orders FOR JSON PATH",
	} {
		_, err := narrowText(t, sqlserver.New(), sql, columns, `[{"column": "id", "op": "eq", "value": 7}]`)
		if f := source.AsFailure(err); f == nil || f.Code != source.Refused {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
}

// TestOrderIsFoundOnlyWhereItIsTheResults cuts texts in which words only look like clauses.
func TestOrderIsFoundOnlyWhereItIsTheResults(t *testing.T) {
	columns := []frame.Column{{Name: "id"}, {Name: "Total"}}
	for _, tt := range []struct{ kind, sql, want string }{
		{"postgres", `SELECT id, "Total" FROM t ORDER BY "Total" DESC NULLS LAST, id`, "Total id"},
		{"postgres", `SELECT id, "Total" FROM t ORDER BY Total`, ""},
		{"postgres", `SELECT id, 'x) order by id' AS "Total" FROM t`, ""},
		{"postgres", `SELECT id, E'it\' order by id (' AS "Total" FROM t ORDER BY 1`, "id"},
		{"postgres", `SELECT id, row_number() OVER (ORDER BY x) AS "Total" FROM t`, ""},
		{"postgres", `SELECT * FROM a x JOIN b USING (id) ORDER BY x.id`, ""},
		{"postgres", `SELECT * FROM t x ORDER BY x.id`, "id"},
		{"mysql", "SELECT id, 'a\\' ORDER BY ' AS Total FROM t ORDER BY total", "Total"},
		{"mysql", "SELECT id, lower(x) AS Total FROM t ORDER BY LOWER(x) DESC LIMIT 3", "Total"},
		{"sqlite", `SELECT id, [order by] AS Total FROM t ORDER BY id + 1`, ""},
		{"sqlite", `SELECT id, a AS Total FROM t ORDER BY 3`, ""},
	} {
		e, err := embed(tt.kind, source.Checked{SQL: tt.sql})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.lift(columns); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, o := range e.order {
			names = append(names, o.name)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s: sorted by %q, want %q", tt.sql, got, tt.want)
		}
	}
}

// TestTSQLOverBuiltQuestions holds that an order inside is left out unless a limit needs it.
func TestTSQLOverBuiltQuestions(t *testing.T) {
	d := sqlserver.New()
	columns := []frame.Column{{Name: "city", Kind: frame.Text}, {Name: "n", Kind: frame.Number}}
	for name, tt := range map[string]struct{ below, spec, want string }{
		"rows": {`{"table": "customers", "dimensions": [{"column": "city"}], "measures": [{"fn": "count", "as": "n"}], "filters": {"column": "id", "op": "gt", "value": 1}}`,
			`{"question": "q", "filters": {"column": "n", "op": "gt", "value": 2}}`,
			"SELECT [question].[city], [question].[n] FROM (SELECT [customers].[city] AS [city], COUNT(*) AS [n] FROM [customers] WHERE ([customers].[id] > @p1) GROUP BY [customers].[city]) AS [question] WHERE ([question].[n] > @p2) ORDER BY CASE WHEN [question].[city] IS NULL THEN 1 ELSE 0 END, [question].[city] ASC"},
		"the first of a limited one": {`{"table": "customers", "dimensions": [{"column": "city"}], "measures": [{"fn": "count", "as": "n"}], "order": [{"by": "n", "desc": true}], "limit": 5}`,
			`{"question": "q", "measures": [{"fn": "sum", "column": "n"}]}`,
			"SELECT SUM([question].[n] + CAST(0 AS decimal(1, 0))) AS [sum_n] FROM (SELECT [customers].[city] AS [city], COUNT(*) AS [n] FROM [customers] GROUP BY [customers].[city] ORDER BY COUNT(*) DESC, CASE WHEN [customers].[city] IS NULL THEN 1 ELSE 0 END, [customers].[city] ASC OFFSET 0 ROWS FETCH NEXT 5 ROWS ONLY) AS [question]"},
	} {
		b := binder{dialect: d.Dialect(), now: monday}
		in := &inner{table: tableFrom("q", columns), alias: "question", spell: func(b *binder) (*embedded, error) {
			return (&compiler{spec: parse(t, tt.below), kind: d.Kind(), binder: *b, inside: true}).embedded(shop(), nil, b)
		}}
		compiled, err := (&compiler{spec: parse(t, tt.spec), kind: d.Kind(), binder: b}).compile(nil, in)
		if err != nil {
			t.Fatal(err)
		}
		if compiled.SQL != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, compiled.SQL, tt.want)
		}
		if _, err := d.Guard(compiled.SQL, source.Policy{}); err != nil {
			t.Errorf("%s: the guard: %v", name, err)
		}
	}
}
