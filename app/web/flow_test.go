package web

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"assay/app/figure"
	"assay/app/query"
	"assay/app/source"
)

func TestHostsThatAreAnswered(t *testing.T) {
	local, public := Config{Local: true}, Config{BaseURL: "https://assay.example.com"}
	for _, tt := range []struct {
		cfg  Config
		host string
		want bool
	}{
		{local, "127.0.0.1:8080", true}, {local, "localhost", true}, {local, "LOCALHOST:1", true}, {local, "[::1]:8080", true},
		{local, "evil.example", false}, {local, "127.0.0.1.evil.example", false}, {local, "localhost.evil.example:80", false}, {local, "10.0.0.1", false}, {local, "", false},
		{public, "assay.example.com", true}, {public, "ASSAY.example.com:443", true}, {public, "assay.example.com.evil.example", false}, {public, "example.com", false}, {public, "127.0.0.1:8080", true},
		{Config{}, "anything.example", true},
	} {
		if got := hostAllowed(tt.cfg, tt.host); got != tt.want {
			t.Errorf("%+v answers for %q: %v, want %v", tt.cfg, tt.host, got, tt.want)
		}
	}
}

func TestNextStaysHere(t *testing.T) {
	for to, want := range map[string]string{
		"/questions?q=a%2Fb": "/questions?q=a%2Fb", "/": "/", "": "/", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example": "/", "/\r\nSet-Cookie: a=b": "/", "/%2Fevil.example": "/", "/login?next=/": "/",
	} {
		c := echo.New().NewContext(httptest.NewRequest("GET", "/login?next="+url.QueryEscape(to), nil), httptest.NewRecorder())
		if got := next(c); got != want {
			t.Errorf("next=%q leads to %q, want %q", to, got, want)
		}
	}
}

// What the form says of a question must be what the question says of the form.
func TestBuilderFormReadsBackValues(t *testing.T) {
	for _, tt := range []struct {
		op   query.Op
		text string
		want string
	}{
		{query.Eq, "open", `"open"`}, {query.Eq, "", ``}, {query.In, "a, b,c ,", `["a","b","c"]`}, {query.NotIn, "", `[]`}, {query.Between, "10 to 20", `["10","20"]`},
		{query.Between, "2024-01-01 to 2024-12-31", `["2024-01-01","2024-12-31"]`}, {query.Last, " 30 days ", `"30 days"`}, {query.IsNull, "left over", ``}, {query.Contains, `"'<`, `"\"'\u003c"`},
	} {
		got := readValue(tt.op, tt.text)
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", tt.op, tt.text, diff)
		}
		again := readValue(tt.op, figure.ValueText(&query.Filter{Op: tt.op, Value: got}))
		if diff := cmp.Diff(string(got), string(again)); diff != "" {
			t.Errorf("%s %q changes on its way through the form (-want +got):\n%s", tt.op, tt.text, diff)
		}
	}
}

func TestBuilderFormButtons(t *testing.T) {
	form := url.Values{"table": {"orders"}, "was": {"orders"}, "m.0.fn": {"count"}, "m.0.column": {""}, "m.1.fn": {"sum"}, "m.1.column": {"total"}, "d.0.column": {"placed_on"}, "d.0.step": {"month"},
		"f.0.column": {"status"}, "f.0.op": {"eq"}, "f.0.value": {"open"}, "o.0.by": {"count"}, "o.0.desc": {"1"}, "limit": {"-5"}}
	for _, tt := range []struct{ do, want string }{
		{"", `{"table":"orders","measures":[{"fn":"count"},{"fn":"sum","column":"total"}],"dimensions":[{"column":"placed_on","grain":"month"}],"filters":{"and":[{"column":"status","op":"eq","value":"open"}]},"order":[{"by":"count","desc":true}]}`},
		{"remove-m.0", `{"table":"orders","measures":[{"fn":"sum","column":"total"}],"dimensions":[{"column":"placed_on","grain":"month"}],"filters":{"and":[{"column":"status","op":"eq","value":"open"}]},"order":[{"by":"count","desc":true}]}`},
		{"remove-f.0", `{"table":"orders","measures":[{"fn":"count"},{"fn":"sum","column":"total"}],"dimensions":[{"column":"placed_on","grain":"month"}],"order":[{"by":"count","desc":true}]}`},
		{"remove-o.0", `{"table":"orders","measures":[{"fn":"count"},{"fn":"sum","column":"total"}],"dimensions":[{"column":"placed_on","grain":"month"}],"filters":{"and":[{"column":"status","op":"eq","value":"open"}]}}`},
	} {
		got, err := json.Marshal(readForm(form, tt.do))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.do, diff)
		}
	}
}

func TestTitlesOfQuestions(t *testing.T) {
	for table, want := range map[string]string{"orders": "Count of orders", "": "Count of ", "🦆": "Count of 🦆", "public.order_lines": "Count of order lines"} {
		if got := title(&query.Spec{Table: table, Measures: []query.Measure{{Fn: query.Count}}}, ""); got != want {
			t.Errorf("%q is titled %q, want %q", table, got, want)
		}
	}
	for table, want := range map[string]string{"ähren": "Ähren", "": "", "🦆": "🦆", "\xff": "\xff"} {
		if got := title(&query.Spec{Table: table}, ""); got != want {
			t.Errorf("%q is titled %q, want %q", table, got, want)
		}
	}
	count, month := []query.Measure{{Fn: query.Count, As: "orders"}}, []query.Dimension{{Column: "placed_on", Grain: source.Month}}
	for want, s := range map[string]*query.Spec{
		"Orders by month, from the question ‘Monthly revenue’": {Question: "q", Measures: count, Dimensions: month},
		"Count of rows, from the question ‘Monthly revenue’":   {Question: "q", Measures: []query.Measure{{Fn: query.Count}}},
		"Month, from the question ‘Monthly revenue’":           {Question: "q", Dimensions: month},
		"Rows, from the question ‘Monthly revenue’":            {Question: "q"},
	} {
		if got := title(s, "Monthly revenue"); got != want {
			t.Errorf("titled %q, want %q", got, want)
		}
	}
	if got := title(&query.Spec{Question: "q"}, ""); got != "Rows, from a question that is not there" {
		t.Errorf("titled %q", got)
	}
	if got := title(&query.Spec{Question: "q"}, strings.Repeat("ä", 200)); len([]rune(got)) > 120 {
		t.Errorf("titled %q", got)
	}
}

// Whatever a table is called, the list of sources means that table.
func TestSourcesAreToldApart(t *testing.T) {
	for _, s := range []query.Spec{{Table: "orders"}, {Question: "abc"}, {Table: "question:abc"}, {Table: "table:orders"}, {Table: "table:question:x"}} {
		value := sourceValue(s.Table, s.Question)
		if diff := cmp.Diff(&s, readSource(value)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", value, diff)
		}
	}
}

func TestBuilderFormKeepsPlainColumns(t *testing.T) {
	form := url.Values{"table": {"question:q"}, "was": {"question:q"}, "c.0": {"id"}, "c.1": {"total"}, "column": {"status"}}
	for do, want := range map[string]string{"": `{"question":"q","columns":["id","total","status"]}`, "remove-c.0": `{"question":"q","columns":["total","status"]}`, "add-m": `{"question":"q","measures":[{"fn":"count"}]}`} {
		if got, _ := json.Marshal(readForm(form, do)); string(got) != want {
			t.Errorf("%q: %s, want %s", do, got, want)
		}
	}
}
