package query

import (
	"encoding/json"
	"strings"
	"testing"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
)

func filters(t *testing.T, text string) []Filter {
	t.Helper()
	var list []Filter
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// odd is a column's name that ends every kind of quotes.
const odd = "a\"b`c]d; --e"

// TestNarrowedWrittenQuestions puts conditions on results of written SQL in three real engines.
func TestNarrowedWrittenQuestions(t *testing.T) {
	r := newRoom(t, usual)
	quoted := map[string]string{"postgres": `"a""b` + "`" + `c]d; --e"`, "sqlite": `"a""b` + "`" + `c]d; --e"`, "mysql": "`a\"b``c]d; --e`"}
	for engine, id := range shops(t, r) {
		for name, tt := range map[string]struct {
			sql, narrow, want string
			parameters        map[string]string
		}{
			"a condition":             {sql: "select id, region from orders order by id", narrow: `[{"column": "region", "op": "eq", "value": "EU"}]`, want: "1 EU;2 EU;"},
			"two conditions":          {sql: "select id, region from orders order by id", narrow: `[{"column": "region", "op": "eq", "value": "EU"}, {"column": "id", "op": "gt", "value": 1}]`, want: "2 EU;"},
			"either":                  {sql: "select id, region from orders order by id", narrow: `[{"or": [{"column": "region", "op": "eq", "value": "US"}, {"column": "id", "op": "in", "value": [1, 4]}]}]`, want: "1 EU;3 US;4 it's;"},
			"a value with a quote":    {sql: "select id, region from orders", narrow: `[{"column": "region", "op": "eq", "value": "it's"}]`, want: "4 it's;"},
			"a value that attacks":    {sql: "select id from orders", narrow: `[{"column": "id", "op": "gt", "value": 0}, {"or": [{"column": "id", "op": "lt", "value": 0}]}]`, want: ""},
			"text that attacks":       {sql: "select id, region from orders", narrow: `[{"column": "region", "op": "eq", "value": "' or '1'='1"}]`, want: ""},
			"an order kept":           {sql: "select id, region from orders order by id desc", narrow: `[{"column": "id", "op": "gte", "value": 2}]`, want: "4 it's;3 US;2 EU;"},
			"an order by place":       {sql: "select region, id from orders order by 2 desc", narrow: `[{"column": "id", "op": "gte", "value": 2}]`, want: "it's 4;US 3;EU 2;"},
			"an order by its column":  {sql: "select o.id as n from orders as o order by o.id desc", narrow: `[{"column": "n", "op": "lt", "value": 4}]`, want: "3;2;1;"},
			"an order by what is not": {sql: "select region from orders order by id * -1", narrow: `[{"column": "region", "op": "ne", "value": "US"}]`, want: "it's;EU;EU;"},
			"an order of groups":      {sql: "select region, count(*) as n from orders group by region order by count(*) desc, region", narrow: `[{"column": "region", "op": "in", "value": ["EU", "US"]}]`, want: "EU 2;US 1;"},
			"a limit inside":          {sql: "select id from orders order by id desc limit 3", narrow: `[{"column": "id", "op": "lt", "value": 4}]`, want: "3;2;"},
			"with":                    {sql: "with o as (select * from orders where id < 4) select region, sum(id) as s from o group by region order by s, region", narrow: `[{"column": "s", "op": "gte", "value": "3"}]`, want: "EU 3;US 3;"},
			"a union":                 {sql: "select id, region from orders where id = 1 union all select id, name from products order by 2", narrow: `[{"column": "id", "op": "eq", "value": 1}]`, want: "1 EU;1 Tea;"},
			"a comment at the end":    {sql: "select id from orders where id < 3 order by id -- the end", narrow: `[{"column": "id", "op": "gt", "value": 1}]`, want: "2;"},
			"parameters": {sql: "select id, {{label:text}} as label from orders where id > {{least:number=0}} order by id", parameters: map[string]string{"label": "x'y", "least": "2"},
				narrow: `[{"column": "label", "op": "eq", "value": "x'y"}, {"column": "id", "op": "between", "value": [1, 3]}]`, want: "3 x'y;"},
			"a null":            {sql: "select o.id, p.name from orders o left join products p on p.id = o.id order by o.id", narrow: `[{"column": "name", "op": "is_null"}]`, want: "3 null;4 null;"},
			"a day":             {sql: "select id, placed from orders", narrow: `[{"column": "placed", "op": "gte", "value": "2024-01-04"}]`, want: "4 2024-01-04;"},
			"odd names":         {sql: "select id as " + quoted[engine] + ", region from orders", narrow: `[{"column": ` + mustJSON(odd) + `, "op": "eq", "value": 3}]`, want: "3 US;"},
			"an empty one":      {sql: "select id from products order by id", narrow: `[{}]`, want: "1;2;"},
			"a computed number": {sql: "select id * 2 as double_id from orders", narrow: `[{"column": "double_id", "op": "eq", "value": "6"}]`, want: "6;"},
		} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				req := Request{Person: r.person, Connection: id, SQL: tt.sql, Parameters: tt.parameters, Narrow: filters(t, tt.narrow)}
				got, err := r.Frame(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				if cells(got.Frame) != tt.want && cells(got.Frame) != strings.ReplaceAll(tt.want, ";", " 00:00:00;") {
					t.Errorf("%q, want %q\n%s", cells(got.Frame), tt.want, got.SQL)
				}
				req.Limit = Uncapped
				if streamed := stream(t, r, req); streamed != cells(got.Frame) {
					t.Errorf("streamed %q, held %q", streamed, cells(got.Frame))
				}
			})
		}
		for name, tt := range map[string]struct{ sql, narrow, field, why string }{
			"an unknown column":     {"select id from orders", `[{"column": "region", "op": "eq", "value": "EU"}]`, "narrow", "region"},
			"a column that attacks": {"select id from orders", `[{"column": "id\" = 1 or 1 = 1 --", "op": "eq", "value": 1}]`, "narrow", "no column"},
			"a function":            {"select id from orders", `[{"column": "sum(id)", "op": "eq", "value": 1}]`, "narrow", "no column"},
			"two of a name":         {"select o.id, p.id from orders o, products p", `[{"column": "id", "op": "eq", "value": 1}]`, "narrow", "several columns named id"},
			"a value of no number":  {"select id from orders", `[{"column": "id", "op": "eq", "value": "1 or 1=1"}]`, "narrow", "not a number"},
			"an unknown operator":   {"select id from orders", `[{"column": "id", "op": "= 1 or id", "value": 1}]`, "narrow", "not an operator"},
		} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				_, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: tt.sql, Narrow: filters(t, tt.narrow)})
				if why := fault.FieldsOf(err)[tt.field]; !strings.Contains(why, tt.why) {
					t.Errorf("%v, want the field %s to say %q", err, tt.field, tt.why)
				}
			})
		}
		t.Run(engine+"/an error's place", func(t *testing.T) {
			asked := "select id, region\nfrom orders where nonesuch = 1"
			_, plain := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: asked})
			_, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: asked, Narrow: filters(t, `[{"column": "id", "op": "eq", "value": 1}]`)})
			f, want := source.AsFailure(err), source.AsFailure(plain)
			if f == nil || want == nil || f.Code != source.DatabaseError || f.Position != 0 && f.Position != want.Position {
				t.Errorf("%+v, want what is told without conditions: %+v", f, want)
			}
		})
		t.Run(engine+"/a plan", func(t *testing.T) {
			_, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, SQL: "explain select id from orders", Narrow: filters(t, `[{"column": "id", "op": "eq", "value": 1}]`)})
			if f := source.AsFailure(err); f == nil || f.Code != source.Refused {
				t.Errorf("%v, want a refusal", err)
			}
		})
	}
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func stream(t *testing.T, r *room, req Request) string {
	t.Helper()
	a, err := r.Open(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	return cells(hold(t, a))
}

func TestNarrowedBuiltQuestions(t *testing.T) {
	r := newRoom(t, usual)
	for engine, id := range shops(t, r) {
		for name, tt := range map[string]struct{ spec, narrow, want string }{
			"a column":          {`{"table": "orders", "measures": [{"fn": "count"}]}`, `[{"column": "region", "op": "eq", "value": "EU"}]`, "2;"},
			"beside a filter":   {`{"table": "orders", "measures": [{"fn": "count"}], "filters": {"or": [{"column": "id", "op": "eq", "value": 1}, {"column": "id", "op": "eq", "value": 3}]}}`, `[{"column": "orders.region", "op": "eq", "value": "EU"}]`, "1;"},
			"a dimension":       {`{"table": "orders", "dimensions": [{"column": "region", "as": "where"}], "measures": [{"fn": "count"}]}`, `[{"column": "WHERE", "op": "in", "value": ["US", "EU"]}]`, "EU 2;US 1;"},
			"a period":          {`{"table": "orders", "dimensions": [{"column": "placed", "grain": "month"}], "measures": [{"fn": "count"}]}`, `[{"column": "placed_month", "op": "eq", "value": "2024-01-01"}]`, "2024-01-01 4;"},
			"another period":    {`{"table": "orders", "dimensions": [{"column": "placed", "grain": "month"}], "measures": [{"fn": "count"}]}`, `[{"column": "placed_month", "op": "gt", "value": "2024-01-01"}]`, ""},
			"a day of a period": {`{"table": "orders", "dimensions": [{"column": "placed", "grain": "month"}], "measures": [{"fn": "count"}]}`, `[{"column": "placed", "op": "eq", "value": "2024-01-02"}]`, "2024-01-01 1;"},
			"a bin":             {`{"table": "orders", "dimensions": [{"column": "id", "bin": 2}], "measures": [{"fn": "count"}]}`, `[{"column": "id_bin", "op": "eq", "value": "2"}]`, "2 2;"},
			"bins but one":      {`{"table": "orders", "dimensions": [{"column": "id", "bin": 2}], "measures": [{"fn": "count"}]}`, `[{"column": "id_bin", "op": "not_in", "value": [2]}]`, "0 1;4 1;"},
		} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				got, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, Spec: parse(t, tt.spec), Narrow: filters(t, tt.narrow)})
				if err != nil {
					t.Fatal(err)
				}
				if cells(got.Frame) != tt.want {
					t.Errorf("%q, want %q\n%s", cells(got.Frame), tt.want, got.SQL)
				}
			})
		}
		_, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, Spec: parse(t, `{"table": "orders"}`), Narrow: filters(t, `[{"column": "orders.nonesuch", "op": "eq", "value": 1}]`)})
		if fault.FieldsOf(err)["narrow"] == "" {
			t.Errorf("%s: %v, want the field narrow", engine, err)
		}
	}
}

// TestNarrowingShowsNothingThatRulesHide asks in every new way as somebody who sees a part.
func TestNarrowingShowsNothingThatRulesHide(t *testing.T) {
	r := newRoom(t, usual)
	for engine, id := range shops(t, r) {
		t.Run(engine, func(t *testing.T) {
			r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, byRegion)
			admin := r.join(t, engine+"-admin@example.com", account.Admin, nil)
			eu := r.join(t, engine+"-eu@example.com", account.Analyst, map[string][]string{"region": {"EU"}})
			q := &Question{Name: "Orders", ConnectionID: id, Body: Body{SQL: "select id, region, email from orders order by id"}}
			if err := r.store.Create(t.Context(), q, admin); err != nil {
				t.Fatal(err)
			}
			over := &Spec{Question: q.ID, Measures: []Measure{{Fn: Count}}}
			for name, tt := range map[string]struct {
				req  Request
				want string
			}{
				"written":               {Request{Connection: id, SQL: q.Body.SQL, Narrow: filters(t, `[{"column": "id", "op": "gt", "value": 1}]`)}, "2 EU null;"},
				"written, looking past": {Request{Connection: id, SQL: q.Body.SQL, Narrow: filters(t, `[{"column": "region", "op": "ne", "value": "EU"}]`)}, ""},
				"written, by a mask":    {Request{Connection: id, SQL: q.Body.SQL, Narrow: filters(t, `[{"column": "email", "op": "contains", "value": "a"}]`)}, ""},
				"saved":                 {Request{Saved: q, Narrow: filters(t, `[{"column": "id", "op": "gt", "value": 1}]`)}, "2 EU null;"},
				"over a question":       {Request{Connection: id, Spec: over}, "2;"},
				"over one, narrowed":    {Request{Connection: id, Spec: over, Narrow: filters(t, `[{"column": "region", "op": "eq", "value": "US"}]`)}, "0;"},
			} {
				tt.req.Person = eu
				got, err := r.Frame(t.Context(), tt.req)
				if err != nil || cells(got.Frame) != tt.want {
					t.Errorf("%s: %v %v, want %q", name, got, err, tt.want)
				}
				if err == nil && strings.Contains(got.SQL, "@example.com") {
					t.Errorf("%s: the statement shown holds the rule: %s", name, got.SQL)
				}
			}
			columns, err := r.Describe(t.Context(), Request{Person: eu, Connection: id, SQL: "select * from totals"})
			if f := source.AsFailure(err); f == nil || f.Code != source.Refused {
				t.Errorf("the columns of a view that may show more: %v %v", columns, err)
			}
		})
	}
}

// hold reads an answer to its end.
func hold(t *testing.T, a *Answer) *frame.Frame {
	t.Helper()
	f, err := frame.Read(t.Context(), a, 1000, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
