package api

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/account"
	"assay/app/frame"
)

func (h *house) ask(format string, body object) reply {
	h.t.Helper()
	var headers []string
	if format != "" {
		headers = []string{"Accept", format}
	}
	return h.as(account.Analyst, "POST", "/query", body, headers...)
}

func TestQueryAnswersJSON(t *testing.T) {
	h := newHouse(t)
	r := h.ask("", object{"connection": h.orders, "sql": "SELECT id, note, amount, paid FROM orders WHERE id < 4 ORDER BY id"})
	got := ok[map[string]any](t, r, 200)
	if got["id"] != r.header.Get("X-Query-Id") || got["id"] == "" || got["cached"] != false || got["elapsed_ms"] == nil {
		t.Errorf("got %s", r.body)
	}
	if sql, _ := got["sql"].(string); !strings.Contains(sql, "orders") {
		t.Errorf("sql is %q", sql)
	}
	for _, name := range []string{"id", "cached", "elapsed_ms", "sql", "at"} {
		delete(got, name)
	}
	want := map[string]any{
		"columns": []any{
			object{"name": "id", "type": "integer", "kind": "number"}, object{"name": "note", "type": "text", "kind": "text"},
			object{"name": "amount", "type": "decimal(10,2)", "kind": "number"}, object{"name": "paid", "type": "boolean", "kind": "bool"},
		},
		"rows":      []any{[]any{1.0, "note 1", 1.25, true}, []any{2.0, nil, 2.5, false}, []any{3.0, `a "quoted", line`, 3.75, true}},
		"row_count": 3.0, "truncated": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.header.Get("Content-Type") != "application/json" || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %v", r.header)
	}
}

// TestAnswersAreAsDocumented holds the streamed answer against the document's schema.
func TestAnswersAreAsDocumented(t *testing.T) {
	h := newHouse(t)
	doc := h.document()
	properties := doc["components"].(map[string]any)["schemas"].(map[string]any)["Result"].(map[string]any)["properties"].(map[string]any)
	got := ok[map[string]any](t, h.ask("", object{"connection": h.orders, "sql": "SELECT 1"}), 200)
	for name := range got {
		if properties[name] == nil {
			t.Errorf("%s is not documented", name)
		}
	}
	for name := range properties {
		if _, there := got[name]; !there && name != "error" {
			t.Errorf("%s is documented and not sent", name)
		}
	}
}

func TestLimits(t *testing.T) {
	h := newHouse(t)
	tests := []struct {
		format    string
		limit     int
		rows      int
		truncated bool
	}{
		{typeJSON, 0, 10_000, true}, {typeJSON, 5, 5, true}, {typeJSON, orderRows, orderRows, false}, {typeJSON, orderRows - 1, orderRows - 1, true},
		{typeCSV, 0, orderRows, false}, {typeCSV, 7, 7, true}, {typeNDJSON, 0, orderRows, false}, {typeNDJSON, 7, 7, true},
	}
	for _, tt := range tests {
		body := object{"connection": h.orders, "sql": "SELECT * FROM orders ORDER BY id"}
		if tt.limit > 0 {
			body["limit"] = tt.limit
		}
		r := h.ask(tt.format, body)
		if r.status != 200 || r.err != nil {
			t.Fatalf("%+v: %d %v %.200s", tt, r.status, r.err, r.body)
		}
		switch tt.format {
		case typeJSON:
			got := ok[result](t, r, 200)
			if int(got.RowCount) != tt.rows || len(got.Rows) != tt.rows || got.Truncated != tt.truncated {
				t.Errorf("%+v: %d rows, truncated %v", tt, got.RowCount, got.Truncated)
			}
		case typeCSV:
			records, err := csv.NewReader(strings.NewReader(r.body)).ReadAll()
			if err != nil || len(records) != tt.rows+1 {
				t.Errorf("%+v: %d records, %v", tt, len(records), err)
			}
			if r.header.Get("Content-Type") != "text/csv; charset=utf-8" || r.header.Get("Content-Disposition") != "attachment; filename=result.csv" {
				t.Errorf("%v", r.header)
			}
		case typeNDJSON:
			n := 0
			for lines := bufio.NewScanner(strings.NewReader(r.body)); lines.Scan(); n++ {
				if !json.Valid(lines.Bytes()) {
					t.Fatalf("%s", lines.Text())
				}
			}
			if n != tt.rows {
				t.Errorf("%+v: %d lines", tt, n)
			}
		}
	}
	refused(t, h.ask("", object{"connection": h.orders, "sql": "SELECT 1", "limit": 0}), 422, "invalid", "body.limit")
	refused(t, h.ask("", object{"connection": h.orders, "sql": "SELECT 1", "limit": 1.5}), 422, "invalid", "body.limit")
}

func TestWorkbook(t *testing.T) {
	h := newHouse(t)
	r := h.ask(typeXLSX, object{"connection": h.orders, "sql": "SELECT id FROM orders"})
	if r.status != 200 || r.header.Get("Content-Type") != typeXLSX {
		t.Fatalf("%d %v", r.status, r.header)
	}
	if _, err := zip.NewReader(strings.NewReader(r.body), int64(len(r.body))); err != nil {
		t.Error(err)
	}
}

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]string{
		"": typeJSON, "*/*": typeJSON, "application/json": typeJSON, "text/csv": typeCSV, "TEXT/CSV": typeCSV, "text/*": typeCSV,
		"application/*": typeJSON, "text/html, */*;q=0.1": typeJSON, "text/csv;q=0.5, application/x-ndjson": typeNDJSON,
		"application/json;q=0, */*": typeCSV, "*/*, text/csv;q=0.2": typeJSON, "text/html": "", "application/json;q=0": "",
		typeXLSX: typeXLSX, "text/csv; header=present": typeCSV, ",;,": "", "application/json;q=much": "",
	} {
		if got := negotiate(accept); got != want {
			t.Errorf("%q: got %q, want %q", accept, got, want)
		}
	}
	h := newHouse(t)
	refused(t, h.ask("image/png", object{"connection": h.orders, "sql": "SELECT 1"}), 406, "not_acceptable")
}

func TestFailures(t *testing.T) {
	h := newHouse(t)
	sql := func(text string) object { return object{"connection": h.orders, "sql": text} }
	for _, format := range formats {
		refused(t, h.ask(format, sql("DELETE FROM orders")), 422, "statement_refused")
		p := refused(t, h.ask(format, sql("SELECT nope FROM orders")), 422, "database_error")
		if p.Position != 8 || !strings.Contains(p.Detail, "nope") {
			t.Errorf("got %+v", p)
		}
		refused(t, h.ask(format, object{"connection": "unknown", "sql": "SELECT 1"}), 404, "not_found")

		h.scripted(breakDown)
		r := h.ask(format, object{"connection": h.stuck, "sql": "SELECT 1"})
		if p := refused(t, r, 422, "database_error"); p.State != "22012" {
			t.Errorf("got %+v", p)
		}
		if r.header.Get("Content-Disposition") != "" {
			t.Errorf("a problem is no file: %v", r.header)
		}
		h.scripted(hang)
		refused(t, h.ask(format, object{"connection": h.stuck, "sql": "SELECT 1", "timeout_ms": 20}), 504, "deadline_exceeded")
	}
	refused(t, h.ask("", object{"connection": h.orders}), 422, "invalid", "body.sql")
	refused(t, h.ask("", object{"connection": h.orders, "sql": "SELECT 1", "spec": object{"table": "orders"}}), 422, "invalid", "body.sql")
	refused(t, h.ask("", object{"connection": h.orders, "sql": "SELECT 1", "limits": 5}), 422, "invalid", "body.limits")
	p := refused(t, h.as(account.Viewer, "GET", "/connections/"+h.stuck+"/schema", nil), 502, "unreachable")
	if p.Hint != "Start it." {
		t.Errorf("got %+v", p)
	}
}

func TestParameters(t *testing.T) {
	h := newHouse(t)
	ask := func(parameters any) reply {
		return h.ask("", object{"connection": h.orders, "sql": "SELECT id FROM orders WHERE id <= {{most:number}} AND note <> {{note:text=x}} AND paid = {{paid:bool}} ORDER BY id", "parameters": parameters})
	}
	got := ok[result](t, ask(object{"most": 5, "paid": true}), 200)
	if diff := cmp.Diff([][]any{{1.0}, {3.0}, {5.0}}, got.Rows); diff != "" {
		t.Error(diff)
	}
	if got := ok[result](t, ask(object{"most": "5", "paid": "true", "note": "note 5"}), 200); len(got.Rows) != 2 {
		t.Errorf("values as texts: %v", got.Rows)
	}
	refused(t, ask(object{"most": 5}), 422, "invalid", "body.parameters.paid")
	refused(t, ask(object{"most": "many", "paid": true}), 422, "invalid", "body.parameters.most")
	refused(t, ask(object{"most": nil, "paid": true, "other": 1}), 422, "invalid", "body.parameters.most", "body.parameters.other")
	refused(t, ask(object{"most": []any{1}, "paid": true}), 422, "invalid", "body.parameters.most")
	refused(t, ask([]any{1}), 422, "invalid", "body.parameters")
}

func TestSpec(t *testing.T) {
	h := newHouse(t)
	text := `{"connection": "` + h.orders + `", "spec": {"table": "orders", "joins": [{"table": "regions", "on": [["region_id", "id"]]}],
		"measures": [{"fn": "count", "as": "n"}], "dimensions": [{"column": "regions.name"}, {"column": "amount", "bin": 20000}],
		"filters": {"and": [{"column": "id", "op": "between", "value": [1, 20000]}, {"or": [{"column": "paid", "op": "eq", "value": true}, {"column": "note", "op": "is_null"}]}]},
		"having": {"column": "n", "op": "gt", "value": 0}, "order": [{"by": "n", "desc": true}], "limit": 10}}`
	got := ok[result](t, h.as(account.Viewer, "POST", "/query", text), 200)
	if got.RowCount == 0 || got.Columns[2].Name != "n" {
		t.Errorf("got %+v", got)
	}
	for name, tt := range map[string]struct{ spec, location string }{
		"unknown table":     {`{"table": "nothing"}`, "body.spec.table"},
		"unknown column":    {`{"table": "orders", "measures": [{"fn": "sum", "column": "weight"}]}`, "body.spec.measures[0].column"},
		"unknown member":    {`{"table": "orders", "sql": "DROP"}`, "body.spec.sql"},
		"unknown aggregate": {`{"table": "orders", "measures": [{"fn": "evil"}]}`, "body.spec.measures[0].fn"},
		"unknown operator":  {`{"table": "orders", "filters": {"and": [{"column": "id", "op": "like"}]}}`, "body.spec.filters.and[0].op"},
		"a bin that is SQL": {`{"table": "orders", "dimensions": [{"column": "id", "bin": "1; DROP"}]}`, "body.spec.dimensions[0].bin"},
		"no table":          {`{}`, "body.spec.table"},
		"no spec":           {`7`, "body.spec"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, h.as(account.Viewer, "POST", "/query", `{"connection": "`+h.orders+`", "spec": `+tt.spec+`}`), 422, "invalid", tt.location)
		})
	}
}

func TestExplain(t *testing.T) {
	h := newHouse(t)
	got := ok[result](t, h.ask("", object{"connection": h.orders, "sql": "SELECT * FROM orders", "explain": true}), 200)
	if !strings.Contains(strings.ToUpper(string(mustJSON(t, got.Rows))), "SCAN") {
		t.Errorf("got %+v", got.Rows)
	}
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// open sends a query and returns as soon as the answer has begun.
func (h *house) open(ctx context.Context, format string) (*http.Response, error) {
	body := `{"connection": "` + h.stuck + `", "sql": "SELECT 1"}`
	req, err := http.NewRequestWithContext(ctx, "POST", h.server.URL+"/api/v1/query", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+h.tokens[account.Analyst])
	req.Header.Set("Accept", format)
	return h.server.Client().Do(req)
}

func ends(t *testing.T, ended chan struct{}) {
	t.Helper()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the query goes on in the database")
	}
}

// TestTheFirstBatchIsSentAtOnce reads an answer whose second batch never comes,
// looks at it from another call and cancels it.
func TestTheFirstBatchIsSentAtOnce(t *testing.T) {
	h := newHouse(t)
	for _, format := range []string{typeJSON, typeCSV, typeNDJSON} {
		ended := h.scripted(someRows(3), hang)
		res, err := h.open(t.Context(), format)
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 4)
		if _, err := io.ReadFull(res.Body, first); err != nil {
			t.Fatal(err)
		}
		id := res.Header.Get("X-Query-Id")
		path := "/queries/" + id
		s := ok[queryState](t, h.as(account.Analyst, "GET", path, nil), 200)
		if s.ID != id || s.State != "running" || s.RowCount != 3 || s.Connection != h.stuck || s.Error != nil {
			t.Errorf("%+v", s)
		}
		if live := ok[page[queryState]](t, h.as(account.Admin, "GET", "/queries", nil), 200).Items; len(live) != 1 || live[0].ID != id {
			t.Errorf("the administrator sees %+v", live)
		}
		if live := ok[page[queryState]](t, h.as(account.Viewer, "GET", "/queries", nil), 200).Items; len(live) != 0 {
			t.Errorf("another person sees %+v", live)
		}
		refused(t, h.as(account.Viewer, "GET", path, nil), 404, "not_found")
		refused(t, h.as(account.Viewer, "DELETE", path, nil), 404, "not_found")
		if r := h.as(account.Analyst, "DELETE", path, nil); r.status != 204 || r.body != "" {
			t.Errorf("cancel: %d %s", r.status, r.body)
		}
		ends(t, ended)
		rest := new(bytes.Buffer)
		rest.Write(first)
		_, err = rest.ReadFrom(res.Body)
		res.Body.Close()
		if format == typeJSON {
			var got result
			if err != nil || json.Unmarshal(rest.Bytes(), &got) != nil || got.Error == nil || got.Error.Code != "cancelled" || got.RowCount != 3 {
				t.Errorf("%v %s", err, rest)
			}
		} else if err == nil {
			t.Errorf("%s: half an answer passed for a whole one: %s", format, rest)
		}
		if s := ok[queryState](t, h.as(account.Analyst, "GET", path, nil), 200); s.State != "cancelled" || s.Error == nil || s.Error.Code != "cancelled" {
			t.Errorf("after the end: %+v", s)
		}
	}
}

func TestCancelBeforeTheFirstRow(t *testing.T) {
	h := newHouse(t)
	ended := h.scripted(hang)
	answered := make(chan reply, 1)
	go func() { answered <- h.ask("", object{"connection": h.stuck, "sql": "SELECT 1"}) }()
	id := ""
	for deadline := time.Now().Add(10 * time.Second); id == ""; {
		if time.Now().After(deadline) {
			t.Fatal("the query is not listed")
		}
		for _, s := range ok[page[queryState]](t, h.as(account.Analyst, "GET", "/queries", nil), 200).Items {
			if s.State == "running" {
				id = s.ID
			}
		}
	}
	if r := h.as(account.Analyst, "DELETE", "/queries/"+id, nil); r.status != 204 {
		t.Errorf("%d %s", r.status, r.body)
	}
	refused(t, <-answered, 409, "cancelled")
	ends(t, ended)
}

func TestAClientThatGoesAwayEndsTheQuery(t *testing.T) {
	h := newHouse(t)
	for _, format := range formats {
		for _, steps := range [][]func(context.Context, *frame.Batch) error{{hang}, {someRows(3), hang}} {
			ctx, cancel := context.WithCancel(t.Context())
			ended := h.scripted(steps...)
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				if res, err := h.open(ctx, format); err == nil {
					<-ctx.Done()
					res.Body.Close()
				}
			}()
			for deadline := time.Now().Add(10 * time.Second); len(h.api.Runner.Live(h.people[account.Admin])) == 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the query does not begin")
				}
			}
			cancel()
			ends(t, ended)
			<-gone
		}
	}
}

func TestAFailureHalfWayBreaksTheFile(t *testing.T) {
	h := newHouse(t)
	for _, format := range formats {
		h.scripted(someRows(3), breakDown)
		r := h.ask(format, object{"connection": h.stuck, "sql": "SELECT 1"})
		switch {
		case format == typeJSON:
			got := ok[result](t, r, 200)
			if got.Error == nil || got.Error.Code != "database_error" || got.RowCount != 3 {
				t.Errorf("got %s", r.body)
			}
		case format == typeXLSX: // so few rows were still to be packed: nothing had gone out
			refused(t, r, 422, "database_error")
		case r.status != 200 || r.err == nil:
			t.Errorf("%s: half an answer passed for a whole one: %d %q", format, r.status, r.body)
		}
	}
	h.scripted(someRows(400_000), breakDown)
	if r := h.ask(typeXLSX, object{"connection": h.stuck, "sql": "SELECT 1"}); r.status != 200 || r.err == nil {
		t.Errorf("half a workbook passed for a whole one: %d %d bytes", r.status, len(r.body))
	}
	h.scripted()
	if r := h.ask(typeNDJSON, object{"connection": h.stuck, "sql": "SELECT 1"}); r.status != 200 || r.body != "" || r.err != nil {
		t.Errorf("no rows: %d %q %v", r.status, r.body, r.err)
	}
}

// deadlines records the read deadlines that are set on a connection.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

// TestReadDeadlinesEndWithTheBody: one that stayed would cut off every question
// that takes longer than its body may.
func TestReadDeadlinesEndWithTheBody(t *testing.T) {
	h := newHouse(t)
	for _, body := range []string{"", `{"connection": "` + h.orders + `", "sql": "SELECT 1"}`} {
		d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest("POST", "/api/v1/query", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+h.tokens[account.Analyst])
		h.server.Config.Handler.ServeHTTP(d, r)
		if len(d.set) == 0 || !d.set[len(d.set)-1].IsZero() {
			t.Errorf("the deadlines set are %v; the last must be none", d.set)
		}
		timed := false
		for _, at := range d.set {
			timed = timed || !at.IsZero()
		}
		if timed != (body != "") {
			t.Errorf("of the body %q the deadlines are %v", body, d.set)
		}
	}
}
