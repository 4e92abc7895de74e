package query

import (
	"strings"
	"testing"
	"time"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/mysql"
	"assay/app/source/postgres"
	"assay/app/source/sqlite"
	"assay/app/source/sqlserver"
)

// shop is a catalog in which every kind of join occurs: orders lead to customers
// (many to one), lines lead to orders, tickets lead to customers.
func shop() *source.Catalog {
	num := func(name string, key bool) source.Column {
		return source.Column{Name: name, Type: "integer", Kind: frame.Number, PrimaryKey: key}
	}
	c := &source.Catalog{Tables: []source.Table{
		{Name: "customers", Kind: "table", Columns: []source.Column{num("id", true), {Name: "city", Kind: frame.Text}, {Name: "credit", Type: "numeric(10,2)", Kind: frame.Number}}},
		{Name: "orders", Kind: "table", Columns: []source.Column{num("id", true), num("customer_id", false), {Name: "ordered_at", Kind: frame.Time}, {Name: "day", Kind: frame.Date},
			{Name: "fee", Type: "numeric(10,2)", Kind: frame.Number}, {Name: "paid", Kind: frame.Bool}, {Name: "note", Kind: frame.Text}, {Name: "doc", Kind: frame.JSON}},
			ForeignKeys: []source.ForeignKey{{Columns: []string{"customer_id"}, Table: "customers", References: []string{"id"}}}},
		{Name: "lines", Kind: "table", Columns: []source.Column{num("id", true), num("order_id", false), num("quantity", false), {Name: "weight", Type: "double precision", Kind: frame.Number}},
			ForeignKeys: []source.ForeignKey{{Columns: []string{"order_id"}, Table: "orders", References: []string{"id"}}}},
		{Name: "tickets", Kind: "table", Columns: []source.Column{num("id", true), num("customer_id", false)},
			ForeignKeys: []source.ForeignKey{{Columns: []string{"customer_id"}, Table: "customers", References: []string{"id"}}}},
		{Name: "keyless", Kind: "view", Columns: []source.Column{num("customer_id", false), num("points", false)},
			ForeignKeys: []source.ForeignKey{{Columns: []string{"customer_id"}, Table: "customers", References: []string{"id"}}}},
	}}
	c.Link()
	return c
}

var allDrivers = []source.Driver{postgres.New(), mysql.New(), sqlserver.New(), sqlite.New()}

var monday = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func parse(t *testing.T, text string) *Spec {
	t.Helper()
	s, err := ParseSpec([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// specs is one question for each thing a spec can say.
var specs = map[string]string{
	"rows":            `{"table": "orders", "limit": 10}`,
	"rows of columns": `{"table": "orders", "columns": ["id", "fee"], "order": [{"by": "fee", "desc": true}]}`,
	"count":           `{"table": "orders", "measures": [{"fn": "count"}]}`,
	"every measure": `{"table": "orders", "measures": [{"fn": "count"}, {"fn": "count", "column": "note"}, {"fn": "count_distinct", "column": "customer_id"},
		{"fn": "sum", "column": "fee"}, {"fn": "avg", "column": "fee"}, {"fn": "min", "column": "day"}, {"fn": "max", "column": "fee"}, {"fn": "median", "column": "fee"}]}`,
	"minute":           `{"table": "orders", "dimensions": [{"column": "ordered_at", "grain": "minute"}], "measures": [{"fn": "count"}]}`,
	"hour":             `{"table": "orders", "dimensions": [{"column": "ordered_at", "grain": "hour"}], "measures": [{"fn": "count"}]}`,
	"day":              `{"table": "orders", "dimensions": [{"column": "ordered_at", "grain": "day"}], "measures": [{"fn": "count"}]}`,
	"week":             `{"table": "orders", "dimensions": [{"column": "day", "grain": "week"}], "measures": [{"fn": "count"}]}`,
	"month":            `{"table": "orders", "dimensions": [{"column": "day", "grain": "month"}], "measures": [{"fn": "sum", "column": "fee"}], "order": [{"by": "sum_fee", "desc": true}], "limit": 5}`,
	"quarter and year": `{"table": "orders", "dimensions": [{"column": "day", "grain": "quarter"}, {"column": "day", "grain": "year"}], "measures": [{"fn": "count"}]}`,
	"bins":             `{"table": "orders", "dimensions": [{"column": "fee", "bin": 2.5}], "measures": [{"fn": "count"}]}`,
	"nested filters": `{"table": "orders", "measures": [{"fn": "count"}], "filters": {"and": [{"column": "paid", "op": "eq", "value": true},
		{"or": [{"column": "fee", "op": "gt", "value": "1.50"}, {"and": [{"column": "note", "op": "contains", "value": "50%_[x]"}, {"column": "note", "op": "starts_with", "value": "it's"}]}]}]}}`,
	"every operator": `{"table": "orders", "measures": [{"fn": "count"}], "filters": {"or": [{"column": "id", "op": "in", "value": [1, 2]}, {"column": "id", "op": "not_in", "value": [3]},
		{"column": "note", "op": "is_null"}, {"column": "note", "op": "not_null"}, {"column": "fee", "op": "between", "value": [1, 2]}, {"column": "day", "op": "lte", "value": "2024-01-31"},
		{"column": "ordered_at", "op": "lte", "value": "2024-01-31"}, {"column": "ordered_at", "op": "eq", "value": "2024-01-31"}, {"column": "ordered_at", "op": "gte", "value": "2024-01-31T10:00:00"},
		{"column": "day", "op": "last", "value": "3 months"}, {"column": "ordered_at", "op": "last", "value": {"n": 2, "unit": "week"}}, {"column": "id", "op": "ne", "value": 9}, {"column": "id", "op": "lt", "value": 9}]}}`,
	"having":               `{"table": "orders", "dimensions": [{"column": "customer_id"}], "measures": [{"fn": "sum", "column": "fee", "as": "total"}], "having": {"column": "total", "op": "gt", "value": 10}}`,
	"join to one":          `{"table": "orders", "joins": [{"table": "customers"}], "dimensions": [{"column": "city"}], "measures": [{"fn": "sum", "column": "fee"}]}`,
	"join to many":         `{"table": "orders", "joins": [{"table": "lines"}], "dimensions": [{"column": "orders.customer_id"}], "measures": [{"fn": "sum", "column": "fee"}, {"fn": "sum", "column": "quantity"}, {"fn": "count"}]}`,
	"join both ways":       `{"table": "customers", "joins": [{"table": "orders"}, {"table": "tickets", "kind": "inner"}], "measures": [{"fn": "avg", "column": "credit"}, {"fn": "median", "column": "fee"}, {"fn": "count", "column": "tickets.id"}], "having": {"column": "count_id", "op": "gt", "value": 0}}`,
	"fanned with a filter": `{"table": "customers", "joins": [{"table": "orders"}], "dimensions": [{"column": "city"}], "measures": [{"fn": "sum", "column": "credit"}, {"fn": "sum", "column": "fee"}], "filters": {"column": "fee", "op": "gt", "value": 3}, "order": [{"by": "sum_fee", "desc": true}], "limit": 3}`,
	"names that collide":   `{"table": "orders", "joins": [{"table": "lines"}], "dimensions": [{"column": "orders.id"}, {"column": "lines.id"}], "measures": [{"fn": "count", "as": "id"}]}`,
}

// TestCompiledQuestionsPassTheirOwnGuard asks every spec of every dialect: what
// the compiler writes must be what the guard takes for a plain read.
func TestCompiledQuestionsPassTheirOwnGuard(t *testing.T) {
	for _, d := range allDrivers {
		for name, text := range specs {
			t.Run(d.Kind()+"/"+name, func(t *testing.T) {
				c, err := Compile(parse(t, text), shop(), d.Kind(), d.Dialect(), monday)
				if err != nil {
					t.Fatal(err)
				}
				checked, err := d.Guard(c.SQL, source.Policy{})
				if err != nil {
					t.Fatalf("%v\n%s", err, c.SQL)
				}
				if checked.SQL == "" {
					t.Error("the guard printed nothing")
				}
				again, err := Compile(parse(t, text), shop(), d.Kind(), d.Dialect(), monday)
				if err != nil || again.SQL != c.SQL {
					t.Error("the same question was compiled in two ways")
				}
			})
		}
	}
}

func TestFannedMeasuresAreTakenOnce(t *testing.T) {
	pg := postgres.New()
	compile := func(text string) string {
		c, err := Compile(parse(t, text), shop(), pg.Kind(), pg.Dialect(), monday)
		if err != nil {
			t.Fatal(err)
		}
		return c.SQL
	}
	for name, deduplicated := range map[string]bool{"join to one": false, "join to many": true, "join both ways": true, "fanned with a filter": true, "every measure": false} {
		if got := strings.Contains(compile(specs[name]), "SELECT DISTINCT"); got != deduplicated {
			t.Errorf("%s: rows deduplicated %v, want %v\n%s", name, got, deduplicated, compile(specs[name]))
		}
	}
	// Least and greatest do not mind repeated rows.
	if sql := compile(`{"table": "customers", "joins": [{"table": "orders"}], "measures": [{"fn": "max", "column": "credit"}]}`); strings.Contains(sql, "DISTINCT") {
		t.Error("a greatest value was deduplicated for nothing:", sql)
	}
}

func TestProblemsNameTheField(t *testing.T) {
	tests := map[string]struct{ spec, field, says string }{
		"unknown table":        {`{"table": "order"}`, "spec.table", "did you mean orders"},
		"unknown column":       {`{"table": "orders", "dimensions": [{"column": "fees"}]}`, "spec.dimensions[0].column", "did you mean fee"},
		"ambiguous column":     {`{"table": "customers", "joins": [{"table": "orders"}, {"table": "tickets"}], "dimensions": [{"column": "customer_id"}]}`, "spec.dimensions[0].column", "several tables"},
		"no path":              {`{"table": "customers", "joins": [{"table": "lines"}]}`, "spec.joins[0].on", "foreign key"},
		"sum of text":          {`{"table": "orders", "measures": [{"fn": "sum", "column": "note"}]}`, "spec.measures[0].column", "needs numbers"},
		"grain of text":        {`{"table": "orders", "dimensions": [{"column": "note", "grain": "day"}]}`, "spec.dimensions[0].grain", "only dates"},
		"hour of a day":        {`{"table": "orders", "dimensions": [{"column": "day", "grain": "hour"}]}`, "spec.dimensions[0].grain", "finest"},
		"text for a number":    {`{"table": "orders", "filters": {"column": "fee", "op": "gt", "value": "1; drop"}}`, "spec.filters.value", "not a number"},
		"number for a day":     {`{"table": "orders", "filters": {"column": "day", "op": "gt", "value": 12}}`, "spec.filters.value", "not a date"},
		"document compared":    {`{"table": "orders", "filters": {"column": "doc", "op": "eq", "value": "{}"}}`, "spec.filters.op", "being empty"},
		"unknown measure":      {`{"table": "orders", "measures": [{"fn": "count"}], "having": {"column": "total", "op": "gt", "value": 1}}`, "spec.having.column", "no measure"},
		"unknown order":        {`{"table": "orders", "measures": [{"fn": "count"}], "order": [{"by": "total"}]}`, "spec.order[0].by", "no column"},
		"fanned without a key": {`{"table": "keyless", "joins": [{"table": "customers"}, {"table": "orders"}], "measures": [{"fn": "sum", "column": "points"}]}`, "spec.measures[0]", "primary key"},
	}
	pg := postgres.New()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Compile(parse(t, tt.spec), shop(), pg.Kind(), pg.Dialect(), monday)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.FieldsOf(err)[tt.field], tt.says) {
				t.Errorf("got %v %v, want %q about %s", err, fault.FieldsOf(err), tt.says, tt.field)
			}
		})
	}
}

func TestSpecsThatCannotBeRead(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `{"table": 1}`, `{"table": "a", "tables": []}`, `{"table": ""}`, `{"table": "a", "measures": [{"fn": "drop"}]}`,
		`{"table": "a", "measures": [{"fn": "sum"}]}`, `{"table": "a", "dimensions": [{"column": "x", "bin": -1}]}`, `{"table": "a", "dimensions": [{"column": "x", "bin": 1e5}]}`,
		`{"table": "a", "dimensions": [{"column": "x", "grain": "day", "bin": 2}]}`, `{"table": "a", "filters": {"column": "x", "op": "like", "value": 1}}`,
		`{"table": "a", "filters": {"and": [], "or": []}}`, `{"table": "a", "limit": -1}`,
		`{"table": "a", "filters": ` + strings.Repeat(`{"and": [`, 12) + strings.Repeat(`]}`, 12) + `}`,
	} {
		if _, err := ParseSpec([]byte(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want invalid", text, err)
		}
	}
}

func TestUnreadableSpecsSayWhyInWords(t *testing.T) {
	for text, want := range map[string]string{
		`{"tab`:                        "ends too early",
		``:                             "ends too early",
		`[1]`:                          "no JSON object",
		`{"table": 1}`:                 "table cannot be of the JSON type number",
		`{"table": "a", "limit": "b"}`: "limit cannot be of the JSON type string",
		`{"table": "a", "tables": 1}`:  `no part named "tables"`,
		`{"table": "a",}`:              "no JSON at byte 15",
		`{"table": "a", "dimensions": [{"column": "x", "bin": "wide"}]}`: "not what belongs there",
	} {
		_, err := ParseSpec([]byte(text))
		if got := fault.MessageOf(err); !strings.Contains(got, want) || strings.Contains(got, "unexpected EOF") || strings.Contains(got, "Go ") {
			t.Errorf("%s: %q does not say %q", text, got, want)
		}
	}
}

func TestDaysComparedWithTimesMeanWholeDays(t *testing.T) {
	lite := sqlite.New()
	args := func(op, value string) []string {
		c, err := Compile(parse(t, `{"table": "orders", "filters": {"column": "ordered_at", "op": "`+op+`", "value": `+value+`}}`), shop(), lite.Kind(), lite.Dialect(), monday)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, a := range c.Args {
			list = append(list, a.Text)
		}
		return list
	}
	tests := []struct {
		op, value string
		want      string
	}{
		{"lte", `"2024-01-31"`, "2024-02-01T00:00:00"},
		{"gt", `"2024-12-31"`, "2025-01-01T00:00:00"},
		{"lt", `"2024-01-31"`, "2024-01-31T00:00:00"},
		{"eq", `"2024-02-29"`, "2024-02-29T00:00:00 2024-03-01T00:00:00"},
		{"between", `["2024-01-01", "2024-01-31"]`, "2024-01-01T00:00:00 2024-02-01T00:00:00"},
		{"last", `"1 week"`, "2026-11-23T00:00:00 2026-11-30T00:00:00"},
		{"last", `"3 months"`, "2026-09-01T00:00:00 2026-12-01T00:00:00"},
		{"last", `"quarter"`, "2026-10-01T00:00:00 2027-01-01T00:00:00"},
		{"gte", `"2024-01-31 10:00"`, "2024-01-31T10:00:00"},
	}
	for _, tt := range tests {
		if got := strings.Join(args(tt.op, tt.value), " "); got != tt.want {
			t.Errorf("%s %s: bound %s, want %s", tt.op, tt.value, got, tt.want)
		}
	}
}
