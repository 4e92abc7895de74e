package query

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sqlserver"
)

func told(columns []frame.Column) string {
	var list []string
	for _, c := range columns {
		list = append(list, c.Name+":"+c.Kind.String())
	}
	return strings.Join(list, " ")
}

func TestDescribe(t *testing.T) {
	r := newRoom(t, usual)
	for engine, id := range shops(t, r) {
		for ask, want := range map[string]string{
			"select id, region, placed from orders order by id desc":                            "id:number region:text placed:date",
			"select id, region from orders where id > {{n:number}}":                             "id:number region:text",
			"with o as (select * from orders) select count(*) as n, sum(total) as s from o":     "n:number s:number",
			"select o.id, p.id from orders o, products p":                                       "id:number id:number",
			`{"table": "orders", "dimensions": [{"column": "placed", "grain": "month"}]}`:       "placed_month:date",
			`{"table": "orders", "columns": ["total"], "order": [{"by": "total"}], "limit": 1}`: "total:number",
		} {
			req := Request{Person: r.person, Connection: id, SQL: ask, Narrow: filters(t, `[{"column": "id", "op": "eq", "value": 1}]`)}
			if strings.Contains(ask, "{{") {
				req.Parameters = map[string]string{"n": "1"}
			}
			if strings.HasPrefix(ask, "{\"") {
				req.SQL, req.Spec = "", parse(t, ask)
			}
			for range 2 { // the second time from memory
				columns, err := r.Describe(t.Context(), req)
				if err != nil || told(columns) != want {
					t.Errorf("%s: %s is %q %v, want %q", engine, ask, told(columns), err, want)
				}
			}
		}
		_, err := r.Describe(t.Context(), Request{Person: r.person, Connection: id, SQL: "delete from orders"})
		if f := source.AsFailure(err); f == nil || f.Code != source.Refused {
			t.Errorf("%s: a write was described: %v", engine, err)
		}
	}
	if n := len(r.described.known); n != 18 {
		t.Errorf("%d questions are remembered, want 18", n)
	}
	for i := range 2 * keptDescriptions {
		r.described.put(descriptionKey{byte(i), byte(i >> 8)}, nil, time.Now())
	}
	if n := len(r.described.known); n > keptDescriptions {
		t.Errorf("%d questions are remembered", n)
	}
}

// TestColumnsThatAreRememberedAreNoRight describes as somebody who lost the right to ask.
func TestColumnsThatAreRememberedAreNoRight(t *testing.T) {
	r := newRoom(t, usual)
	id := r.connect(t, "lite", sqliteShop(t))
	req := Request{Person: r.join(t, "a@example.com", account.Analyst, nil), Connection: id, SQL: "select id from orders"}
	if _, err := r.Describe(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	req.Person = r.join(t, "v@example.com", account.Viewer, nil)
	if columns, err := r.Describe(t.Context(), req); fault.KindOf(err) != fault.Denied {
		t.Errorf("a viewer was told %v of written SQL: %v", columns, err)
	}
}

// TestChangedColumnsAreSeen changes a table whose columns are remembered.
func TestChangedColumnsAreSeen(t *testing.T) {
	r := newRoom(t, usual)
	file := sqliteShop(t)
	id := r.connect(t, "lite", file)
	saved := r.save(t, id, "Products", Body{SQL: "select * from products order by id"})
	for i, column := range []string{"name", "title", "label"} {
		if i > 0 {
			change(t, file, "alter table products rename column "+[]string{"name", "title"}[i-1]+" to "+column)
		}
		condition := fmt.Sprintf(`[{"column": %q, "op": "eq", "value": "Cup"}]`, column)
		if got, err := r.Frame(t.Context(), Request{Person: r.person, Saved: saved, Narrow: filters(t, condition)}); err != nil || cells(got.Frame) != "2 Cup;" {
			t.Errorf("narrowed by %s: %v", column, err)
		}
		if got, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, Spec: &Spec{Question: saved.ID, Columns: []string{column}, Limit: 1}}); err != nil || cells(got.Frame) != "Tea;" {
			t.Errorf("asked for %s: %v", column, err)
		}
	}
	// What relied on a column that is gone fails once.
	change(t, file, "alter table products rename column label to name")
	old := Request{Person: r.person, Saved: saved, Narrow: filters(t, `[{"column": "id", "op": "eq", "value": 2}]`)}
	_, _ = r.Frame(t.Context(), old)
	if got, err := r.Frame(t.Context(), old); err != nil || cells(got.Frame) != "2 Cup;" {
		t.Errorf("asked again: %v", err)
	}
}

// TestDescribingTSQL holds what SQL Server is asked for a question's columns.
func TestDescribingTSQL(t *testing.T) {
	r := &Runner{}
	for sql, want := range map[string]string{
		"SELECT a FROM t ORDER BY b":                                    "SELECT * FROM (SELECT a FROM t) AS [described] WHERE 1 = 0",
		"SELECT TOP 2 a FROM t ORDER BY b":                              "SELECT * FROM (SELECT TOP 2 a FROM t ORDER BY b) AS [described] WHERE 1 = 0",
		"WITH x AS (SELECT a FROM t) SELECT a FROM x OPTION (MAXDOP 1)": "WITH x AS (SELECT a FROM t) SELECT * FROM (SELECT a FROM x) AS [described] WHERE 1 = 0 OPTION (MAXDOP 1)",
	} {
		got, err := r.describing(&prepared{opened: source.Opened{Driver: sqlserver.New()}, shown: sql})
		if err != nil || got.statement.SQL != want {
			t.Errorf("%s is asked as %q %v, want %q", sql, got.statement.SQL, err, want)
		}
	}
}
