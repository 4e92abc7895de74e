package api

import (
	"encoding/csv"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/account"
)

func (h *house) save(body object) question {
	h.t.Helper()
	return ok[question](h.t, h.as(account.Analyst, "POST", "/questions", body), 201)
}

func TestQuestions(t *testing.T) {
	h := newHouse(t)
	f := ok[folder](t, h.as(account.Analyst, "POST", "/folders", object{"name": "Sales"}), 201)
	if again := ok[folder](t, h.as(account.Analyst, "POST", "/folders", object{"name": "Sales"}), 201); again.ID != f.ID {
		t.Errorf("got %+v and %+v", f, again)
	}
	made := h.as(account.Analyst, "POST", "/questions", object{"name": "Paid", "description": "By day", "folder": f.ID, "connection": h.orders,
		"sql": "SELECT count(*) FROM orders WHERE id < {{most:number}}", "parameters": object{"most": 10}, "chart": object{"kind": "number"}})
	q := ok[question](t, made, 201)
	if made.header.Get("Location") != "/api/v1/questions/"+q.ID || q.Version != 1 || q.Folder != f.ID || q.CreatedBy != h.people[account.Analyst].ID || q.Chart.Kind != "number" {
		t.Errorf("got %s", made.body)
	}
	path := "/questions/" + q.ID
	if diff := cmp.Diff(made.body, h.as(account.Viewer, "GET", path, nil).body); diff != "" {
		t.Error(diff)
	}

	patched := ok[question](t, h.as(account.Analyst, "PATCH", path, object{"name": "Paid orders"}), 200)
	if patched.Version != 2 || patched.Name != "Paid orders" || patched.SQL != q.SQL || patched.Description != "By day" {
		t.Errorf("got %+v", patched)
	}
	built := ok[object](t, h.as(account.Analyst, "PUT", path, object{"name": "Built", "connection": h.orders, "spec": object{"table": "orders", "measures": []any{object{"fn": "count"}}}, "version": 2}), 200)
	if built["version"] != 3.0 || built["sql"] != nil || built["chart"] != nil || built["spec"].(map[string]any)["table"] != "orders" || built["description"] != "" {
		t.Errorf("got %v", built)
	}
	refused(t, h.as(account.Analyst, "PATCH", path, object{"name": "Late", "version": 2}), 409, "conflict")

	versions := ok[page[version]](t, h.as(account.Viewer, "GET", path+"/versions?limit=2", nil), 200)
	if len(versions.Items) != 2 || versions.Items[0].Version != 3 || versions.Items[1].Name != "Paid orders" || versions.NextCursor == nil {
		t.Errorf("got %+v", versions)
	}
	older := ok[page[version]](t, h.as(account.Viewer, "GET", path+"/versions?limit=2&cursor="+*versions.NextCursor, nil), 200)
	if len(older.Items) != 1 || older.Items[0].Version != 1 || older.NextCursor != nil {
		t.Errorf("got %+v", older)
	}
	restored := ok[question](t, h.as(account.Analyst, "POST", path+"/versions/1/restore", nil), 200)
	if restored.Version != 4 || restored.Name != "Paid" || restored.SQL != q.SQL {
		t.Errorf("got %+v", restored)
	}
	refused(t, h.as(account.Analyst, "POST", path+"/versions/99/restore", nil), 404, "not_found")
	refused(t, h.as(account.Analyst, "POST", path+"/versions/x/restore", nil), 422, "invalid", "path.version")

	if r := h.as(account.Analyst, "DELETE", path, nil); r.status != 204 || r.body != "" {
		t.Errorf("%d %s", r.status, r.body)
	}
	for _, end := range []string{"", "/versions", "/data", "/chart.svg"} {
		refused(t, h.as(account.Analyst, "GET", path+end, nil), 404, "not_found")
	}
	refused(t, h.as(account.Analyst, "POST", "/questions", object{"name": "x", "connection": "nowhere", "sql": "SELECT 1"}), 422, "invalid", "body.connection")
	refused(t, h.as(account.Analyst, "POST", "/questions", object{"name": "x", "connection": h.orders, "folder": "nowhere", "sql": "SELECT 1"}), 422, "invalid", "body.folder")
	refused(t, h.as(account.Analyst, "POST", "/questions", object{"name": "x", "connection": h.orders}), 422, "invalid", "body.sql")
	refused(t, h.as(account.Analyst, "POST", "/questions", object{"name": "x", "connection": h.orders, "sql": "SELECT 1", "chart": object{"type": "bar"}}), 422, "invalid", "body.chart.type")
}

func TestFindingQuestions(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{"Cherries", "Apples", "Bananas", "Apricots"} {
		h.save(object{"name": name, "connection": h.orders, "sql": "SELECT 1"})
	}
	names := func(address string) (list []string, cursor string) {
		p := ok[page[question]](t, h.as(account.Viewer, "GET", "/questions"+address, nil), 200)
		for _, q := range p.Items {
			list = append(list, q.Name)
		}
		if p.NextCursor != nil {
			cursor = *p.NextCursor
		}
		return list, cursor
	}
	first, cursor := names("?limit=3")
	second, end := names("?limit=3&cursor=" + cursor)
	if diff := cmp.Diff([]string{"Apples", "Apricots", "Bananas", "Cherries"}, append(first, second...)); diff != "" || end != "" {
		t.Error(diff, end)
	}
	if found, _ := names("?q=AP"); len(found) != 2 {
		t.Errorf("got %v", found)
	}
	if found, _ := names("?connection=" + h.stuck); found != nil {
		t.Errorf("got %v", found)
	}
}

func TestQuestionData(t *testing.T) {
	h := newHouse(t)
	q := h.save(object{"name": "Früh & spät", "connection": h.orders, "sql": "SELECT id, note FROM orders WHERE id < {{most:number=4}} ORDER BY id", "parameters": object{"most": 3}})
	data := func(address, accept string) reply {
		return h.as(account.Viewer, "GET", "/questions/"+q.ID+"/data"+address, nil, "Accept", accept)
	}
	if got := ok[result](t, data("", "*/*"), 200); got.RowCount != 2 {
		t.Errorf("with the saved value: %d rows", got.RowCount)
	}
	if got := ok[result](t, data("?most=6&limit=4", typeJSON), 200); got.RowCount != 4 || !got.Truncated {
		t.Errorf("got %+v", got)
	}
	r := data("?most=100", typeCSV)
	if records, err := csv.NewReader(strings.NewReader(r.body)).ReadAll(); err != nil || len(records) != 100 {
		t.Errorf("%d records, %v", len(records), err)
	}
	if disposition := r.header.Get("Content-Disposition"); !strings.Contains(disposition, "filename*=utf-8''Fr%C3%BCh--sp%C3%A4t.csv") {
		t.Errorf("got %q", disposition)
	}
	refused(t, data("?most=many", typeJSON), 422, "invalid", "query.most")
	refused(t, data("?least=1", typeJSON), 422, "invalid", "query.least")
	refused(t, data("?limit=none", typeJSON), 422, "invalid", "query.limit")

	run := h.as(account.Viewer, "POST", "/questions/"+q.ID+"/run", object{"parameters": object{"most": 9}, "limit": 5}, "Accept", typeNDJSON)
	if run.status != 200 || strings.Count(run.body, "\n") != 5 {
		t.Errorf("%d %s", run.status, run.body)
	}
	if got := ok[result](t, h.as(account.Viewer, "POST", "/questions/"+q.ID+"/run", nil), 200); got.RowCount != 2 {
		t.Errorf("without a body: %+v", got)
	}

	// A parameter of the question goes before a setting of the call.
	own := h.save(object{"name": "own", "connection": h.orders, "sql": "SELECT id FROM orders WHERE id = {{limit:number}}"})
	if got := ok[result](t, h.as(account.Viewer, "GET", "/questions/"+own.ID+"/data?limit=77", nil), 200); len(got.Rows) != 1 || got.Rows[0][0] != 77.0 {
		t.Errorf("got %+v", got.Rows)
	}
}

func TestQuestionChart(t *testing.T) {
	h := newHouse(t)
	q := h.save(object{"name": "Orders by region", "connection": h.orders, "chart": object{"kind": "bar"},
		"spec": object{"table": "orders", "joins": []any{object{"table": "regions"}}, "measures": []any{object{"fn": "count"}}, "dimensions": []any{object{"column": "regions.name"}}}})
	r := h.as(account.Viewer, "GET", "/questions/"+q.ID+"/chart.svg?width=500&height=300", nil)
	if r.status != 200 || r.header.Get("Content-Type") != "image/svg+xml; charset=utf-8" || !strings.Contains(r.body, "Orders by region") || !strings.Contains(r.body, `width="500"`) {
		t.Fatalf("%d %v %.300s", r.status, r.header, r.body)
	}
	for d := xml.NewDecoder(strings.NewReader(r.body)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	table := h.save(object{"name": "Notes", "connection": h.orders, "sql": "SELECT note FROM orders LIMIT 3"})
	refused(t, h.as(account.Viewer, "GET", "/questions/"+table.ID+"/chart.svg", nil), 422, "invalid")
	none := h.save(object{"name": "None", "connection": h.orders, "sql": "SELECT id FROM orders WHERE id < 0"})
	refused(t, h.as(account.Viewer, "GET", "/questions/"+none.ID+"/chart.svg", nil), 422, "invalid")
	refused(t, h.as(account.Viewer, "GET", "/questions/"+q.ID+"/chart.svg?width=wide", nil), 422, "invalid", "query.width")
}
