package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/account"
	"assay/app/query"
)

// keepQuestion saves a question.
func (h *house) keepQuestion(name string, body query.Body) string {
	h.t.Helper()
	q := &query.Question{Name: name, ConnectionID: h.orders, Body: body}
	if err := h.api.Questions.Create(h.t.Context(), q, h.people[account.Admin]); err != nil {
		h.t.Fatal(err)
	}
	return q.ID
}

// TestSavedThings goes through the calls that all kinds have, with the least bodies.
func TestSavedThings(t *testing.T) {
	h := newHouse(t)
	h.shared = h.keepQuestion("shared", query.Body{SQL: "SELECT count(*) AS n FROM orders"})
	for kind, least := range leastBodies(h) {
		t.Run(kind, func(t *testing.T) {
			at := "/" + kind + "s"
			made := h.as(account.Analyst, "POST", at, least)
			first := ok[object](t, made, 201)
			id := first["id"].(string)
			if made.header.Get("Location") != "/api/v1"+at+"/"+id || first["version"] != 1.0 || first["created_by"] != h.people[account.Analyst].ID {
				t.Errorf("made %s at %s", made.body, made.header.Get("Location"))
			}
			for name, value := range least {
				if name != "cards" && name != "when" && marshal(t, first[name]) != marshal(t, value) {
					t.Errorf("%s is %v, was given %v", name, first[name], value)
				}
			}
			if got := ok[object](t, h.as(account.Viewer, "GET", at+"/"+id, nil), 200); !cmp.Equal(first, got) {
				t.Error(cmp.Diff(first, got))
			}
			changed := ok[object](t, h.as(account.Analyst, "PATCH", at+"/"+id, object{"description": "why", "version": 1}), 200)
			if changed["version"] != 2.0 || changed["description"] != "why" || changed["name"] != first["name"] {
				t.Errorf("changed to %v", changed)
			}
			for _, member := range []string{"cards", "body", "when", "do", "question", "condition", "value"} {
				if !cmp.Equal(first[member], changed[member]) {
					t.Errorf("a change of something else changed %s from %v to %v", member, first[member], changed[member])
				}
			}
			p := refused(t, h.as(account.Admin, "PATCH", at+"/"+id, object{"name": "late", "version": 1}), 409, "conflict")
			if p.Version != 2 {
				t.Errorf("the conflict names version %d", p.Version)
			}
			least["name"], least["version"] = "replaced", 1
			if p := refused(t, h.as(account.Admin, "PUT", at+"/"+id, least), 409, "conflict"); p.Version != 2 {
				t.Errorf("the conflict names version %d", p.Version)
			}
			delete(least, "version")
			if owner, has := changed["owner"]; has && owner != h.people[account.Analyst].ID {
				t.Errorf("whoever made it is not its owner but %v", owner)
			}
			replaced := ok[object](t, h.as(account.Admin, "PUT", at+"/"+id, least), 200)
			if owner, has := replaced["owner"]; has != (kind == "schedule" || kind == "alert") || has && owner != h.people[account.Admin].ID {
				t.Errorf("whoever changed it last is not its owner but %v", owner)
			}
			if replaced["version"] != 3.0 || replaced["description"] != "" || replaced["name"] != "replaced" {
				t.Errorf("replaced by %v", replaced)
			}
			versions := ok[page[object]](t, h.as(account.Viewer, "GET", at+"/"+id+"/versions?limit=2", nil), 200)
			if len(versions.Items) != 2 || versions.NextCursor == nil || versions.Items[0]["version"] != 3.0 {
				t.Errorf("the versions are %v", versions)
			}
			if one := ok[object](t, h.as(account.Viewer, "GET", at+"/"+id+"/versions/2", nil), 200); one["description"] != "why" {
				t.Errorf("version 2 is %v", one)
			}
			restored := ok[object](t, h.as(account.Analyst, "POST", at+"/"+id+"/versions/2/restore", nil), 200)
			if restored["version"] != 4.0 || restored["description"] != "why" || restored["name"] != first["name"] {
				t.Errorf("restored as %v", restored)
			}
			refused(t, h.as(account.Viewer, "GET", at+"/"+id+"/versions/99", nil), 404, "not_found")
			refused(t, h.as(account.Analyst, "POST", at, object{"name": "x"}), 422, "invalid", required(kind)...)
			refused(t, h.as(account.Analyst, "PATCH", at+"/"+id, object{"unknown": 1}), 422, "invalid", "body.unknown")
			refused(t, h.as(account.Analyst, "PATCH", at+"/"+id, object{"folder": "nowhere"}), 422, "invalid", "body.folder")
			refused(t, h.as(account.Analyst, "PATCH", at+"/"+id, object{"owner": "x", "id": "x"}), 422, "invalid", "body.id", "body.owner")
			refused(t, h.as(account.Viewer, "PATCH", at+"/"+id, object{"name": "x"}), 403, "denied")
			refused(t, h.as(account.Viewer, "DELETE", at+"/"+id, nil), 403, "denied")
			if r := h.as(account.Analyst, "DELETE", at+"/"+id, nil); r.status != 204 {
				t.Errorf("removed with %d %s", r.status, r.body)
			}
			refused(t, h.as(account.Analyst, "GET", at+"/"+id, nil), 404, "not_found")
		})
	}
}

// required are the inputs that a body with nothing but a name lacks.
func required(kind string) []string {
	return map[string][]string{"dashboard": {"body.cards"}, "report": {"body.body"}, "schedule": {"body.do", "body.when"}, "alert": {"body.condition", "body.question", "body.to", "body.when"}}[kind]
}

func TestListsOfSavedThings(t *testing.T) {
	h := newHouse(t)
	hidden := ok[object](t, h.as(account.Admin, "POST", "/folders", object{"name": "hidden"}), 201)["id"].(string)
	open := ok[object](t, h.as(account.Admin, "POST", "/folders", object{"name": "open"}), 201)["id"].(string)
	for i := range 9 {
		folder := []string{"", hidden, open}[i%3]
		ok[object](t, h.as(account.Admin, "POST", "/reports", object{"name": fmt.Sprintf("Report %d %s", i, []string{"100%", "x_y"}[i%2]), "body": "x", "folder": folder}), 201)
	}
	grants, err := h.api.People.Grants(t.Context(), account.InFolder(hidden))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range grants {
		if err := h.api.People.DeleteGrant(t.Context(), g.ID); err != nil {
			t.Fatal(err)
		}
	}
	names := func(role account.Role, query string) (all []string) {
		for cursor := ""; ; {
			r := ok[page[object]](t, h.as(role, "GET", "/reports?limit=2"+query+"&cursor="+cursor, nil), 200)
			for _, one := range r.Items {
				all = append(all, strings.Fields(one["name"].(string))[1])
			}
			if r.NextCursor == nil {
				return all
			}
			cursor = *r.NextCursor
		}
	}
	for _, test := range []struct {
		role        account.Role
		query, want string
	}{
		{account.Admin, "", "0 1 2 3 4 5 6 7 8"},
		{account.Viewer, "", "0 2 3 5 6 8"},
		{account.Viewer, "&folder=" + open, "2 5 8"},
		{account.Viewer, "&folder=" + hidden, ""},
		{account.Admin, "&q=100%25", "0 2 4 6 8"},
		{account.Admin, "&q=X_Y", "1 3 5 7"},
		{account.Viewer, "&q=nothing", ""},
	} {
		if got := strings.Join(names(test.role, test.query), " "); got != test.want {
			t.Errorf("%s sees %s with %s, want %s", test.role, got, test.query, test.want)
		}
	}
}

func TestDashboardOverTheAPI(t *testing.T) {
	h := newHouse(t)
	good := h.keepQuestion("Orders by region", query.Body{SQL: "SELECT region_id, count(*) AS orders FROM orders GROUP BY 1 ORDER BY 1"})
	bad := h.keepQuestion("Broken", query.Body{SQL: "SELECT nothing FROM orders"})
	refused(t, h.as(account.Analyst, "POST", "/dashboards", object{"name": "x", "cards": []object{{"question": good}, {"question": "unknown1"}}}), 422, "invalid", "body.cards[1].question")
	made := ok[object](t, h.as(account.Analyst, "POST", "/dashboards", object{"name": "Monday", "cards": []object{{"question": good}, {"question": bad}, {"text": "**Hello**"}}}), 201)
	at := "/dashboards/" + made["id"].(string)
	ran := ok[object](t, h.as(account.Viewer, "POST", at+"/run", object{"max_age": 600}), 200)
	cards := ran["cards"].([]any)
	if len(cards) != 3 {
		t.Fatalf("the cards are %v", cards)
	}
	first, second, third := cards[0].(object), cards[1].(object), cards[2].(object)
	if marshal(t, first["rows"]) != "[[1,12500],[2,12500]]" || first["row_count"] != 2.0 || first["title"] != "Orders by region" || first["at"] == nil || first["error"] != nil {
		t.Errorf("the first card is %v", first)
	}
	if e, _ := second["error"].(object); e == nil || e["code"] != "database_error" || !strings.Contains(e["message"].(string), "nothing") || second["rows"] != nil {
		t.Errorf("the broken card is %v", second)
	}
	if b, _ := third["blocks"].([]any); len(b) != 1 || marshal(t, b[0]) != `{"text":[{"strong":true,"text":"Hello"}],"type":"paragraph"}` {
		t.Errorf("the card of text is %v", third)
	}
	cut := ok[object](t, h.as(account.Viewer, "POST", at+"/run", object{"limit": 1}), 200)["cards"].([]any)[0].(object)
	if cut["truncated"] != true || cut["row_count"] != 1.0 {
		t.Errorf("cut to one row it is %v", cut)
	}
	refused(t, h.as(account.Viewer, "POST", at+"/run", object{"parameters": object{"region": "north"}}), 422, "invalid", "body.parameters.region")
	refused(t, h.as(account.Viewer, "POST", at+"/run", object{"time_zone": "Europe/Nowhere"}), 422, "invalid", "body.time_zone")
	// A card whose question is gone leaves what else is changed alone.
	if r := h.as(account.Admin, "DELETE", "/questions/"+bad, nil); r.status != 204 {
		t.Fatal(r.body)
	}
	ok[object](t, h.as(account.Analyst, "PATCH", at, object{"name": "Tuesday"}), 200)
	cards = ok[object](t, h.as(account.Viewer, "POST", at+"/run", nil), 200)["cards"].([]any)
	if e, _ := cards[1].(object)["error"].(object); e == nil || e["message"] == "" {
		t.Errorf("the card whose question is gone is %v", cards[1])
	}
	documents(t, h, at+"/document", "Tuesday", "12,500")
}

// documents asks for a document in each of its formats.
func documents(t *testing.T, h *house, at, title, figure string) {
	t.Helper()
	doc := h.as(account.Viewer, "GET", at, nil)
	if got := ok[object](t, doc, 200); got["title"] != title || !strings.Contains(doc.body, figure) || got["at"] == nil {
		t.Errorf("the document is %s", doc.body)
	}
	printed := h.as(account.Viewer, "GET", at, nil, "Accept", "application/pdf")
	if printed.status != 200 || printed.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(printed.body, "%PDF-1.7 "+title) ||
		!strings.Contains(printed.header.Get("Content-Disposition"), title+".pdf") {
		t.Errorf("printed it is %d %v %.100s", printed.status, printed.header, printed.body)
	}
	text := h.as(account.Viewer, "GET", at, nil, "Accept", "text/markdown")
	if text.status != 200 || !strings.HasPrefix(text.body, "# "+title+"\n") || !strings.Contains(text.body, figure) {
		t.Errorf("as text it is %d %s", text.status, text.body)
	}
	refused(t, h.as(account.Viewer, "GET", at, nil, "Accept", "image/png"), 406, "not_acceptable")
	refused(t, h.as(account.Viewer, "GET", at+"?nobody=1", nil), 422, "invalid", "query.nobody")
	refused(t, h.as(account.Viewer, "GET", at+"?max_age=soon", nil), 422, "invalid", "query.max_age")
}

func TestReportOverTheAPI(t *testing.T) {
	h := newHouse(t)
	h.keepQuestion("Orders by region", query.Body{SQL: "SELECT region_id, count(*) AS orders FROM orders GROUP BY 1 ORDER BY 1"})
	text := "# Orders\n\nThe first region had {{value question=\"Orders by region\" column=orders row=1}} orders.\n\n```table\nquestion: Orders by region\n```\n"
	made := ok[object](t, h.as(account.Analyst, "POST", "/reports", object{"name": "Monthly", "body": text, "contents": true}), 201)
	if made["body"] != text || made["text"] != nil || made["contents"] != true {
		t.Errorf("made %v", made)
	}
	refused(t, h.as(account.Analyst, "POST", "/reports", object{"name": "x", "body": "{{value}}\n"}), 422, "invalid", "body.body")
	at := "/reports/" + made["id"].(string)
	ran := h.as(account.Viewer, "POST", at+"/run", object{})
	if got := ok[object](t, ran, 200); got["title"] != "Monthly" || !strings.Contains(ran.body, `"column":"orders"`) || !strings.Contains(ran.body, `"value":"12500"`) {
		t.Errorf("the report says %s", ran.body)
	}
	documents(t, h, at+"/document", "Monthly", "12,500")
}

func TestSharesOverTheAPI(t *testing.T) {
	h := newHouse(t)
	h.shared = h.keepQuestion("Shared", query.Body{SQL: "SELECT count(*) AS n FROM orders"})
	made := ok[object](t, h.as(account.Analyst, "POST", "/shares", object{"question": h.shared, "expires_at": time.Now().Add(time.Hour), "password": "knock knock"}), 201)
	at, url := "/shares/"+made["id"].(string), made["url"].(string)
	if !strings.Contains(url, "/r/") || len(url) < 30 || made["has_password"] != true || made["state"] != "open" {
		t.Errorf("made %v", made)
	}
	token := url[strings.LastIndex(url, "/")+1:]
	opening, err := h.api.Shares.Open(t.Context(), token)
	if err != nil || opening.ObjectID != h.shared {
		t.Errorf("the link opens %v, %v", opening, err)
	}
	for _, path := range []string{at, "/shares", "/shares?kind=question&object=" + h.shared} {
		r := h.as(account.Analyst, "GET", path, nil)
		if r.status != 200 || strings.Contains(r.body, token) || !strings.Contains(r.body, `"state":"open"`) {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if got := ok[page[object]](t, h.as(account.Analyst, "GET", at+"/visits", nil), 200); len(got.Items) != 0 {
		t.Errorf("nobody came, and %v", got)
	}
	refused(t, h.as(account.Analyst, "POST", "/shares", object{"question": h.shared, "report": "x"}), 422, "invalid", "body.question")
	refused(t, h.as(account.Analyst, "POST", "/shares", object{}), 422, "invalid", "body.question")
	refused(t, h.as(account.Analyst, "POST", "/shares", object{"dashboard": "unknown1"}), 422, "invalid", "body.dashboard")
	refused(t, h.as(account.Viewer, "POST", "/shares", object{"question": h.shared}), 403, "denied")
	if r := h.as(account.Analyst, "DELETE", at, nil); r.status != 204 {
		t.Errorf("revoked with %d %s", r.status, r.body)
	}
	if got := ok[object](t, h.as(account.Analyst, "GET", at, nil), 200); got["state"] != "revoked" || got["revoked_at"] == nil {
		t.Errorf("revoked it is %v", got)
	}
	if _, err := h.api.Shares.Open(t.Context(), token); err == nil {
		t.Error("a revoked link opens")
	}
}

func TestJobsOverTheAPI(t *testing.T) {
	h := newHouse(t)
	h.shared = h.keepQuestion("Shared", query.Body{SQL: "SELECT count(*) AS n FROM orders"})
	at := "/alerts/" + ok[object](t, h.as(account.Analyst, "POST", "/alerts", leastBodies(h)["alert"]), 201)["id"].(string)
	for range 3 {
		if got := ok[object](t, h.as(account.Analyst, "POST", at+"/run", nil), 202); got["run"] == "" {
			t.Errorf("started %v", got)
		}
	}
	runs := ok[page[Run]](t, h.as(account.Analyst, "GET", at+"/runs?limit=2", nil), 200)
	if len(runs.Items) != 2 || runs.NextCursor == nil || runs.Items[0].ID != "alert-run-3" {
		t.Errorf("the runs are %v", runs)
	}
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	for _, call := range []struct {
		path string
		body any
	}{{"/pause", nil}, {"/silence", object{"until": until}}} {
		if r := h.as(account.Analyst, "POST", at+call.path, call.body); r.status != 204 {
			t.Errorf("%s: %d %s", call.path, r.status, r.body)
		}
	}
	if got := ok[Standing](t, h.as(account.Viewer, "GET", at+"/state", nil), 200); !got.Paused || got.SilentUntil == nil || !got.SilentUntil.Equal(until) {
		t.Errorf("it stands %+v", got)
	}
	refused(t, h.as(account.Viewer, "POST", at+"/run", nil), 403, "denied")
}

func TestKeptAnswers(t *testing.T) {
	h := newHouse(t)
	q := h.keepQuestion("Count", query.Body{SQL: "SELECT count(*) AS n FROM orders"})
	get := func(query string) object {
		t.Helper()
		got := ok[object](t, h.as(account.Analyst, "GET", "/questions/"+q+"/data"+query, nil), 200)
		if got["at"] == nil || marshal(t, got["rows"]) != "[[25000]]" {
			t.Errorf("got %v", got)
		}
		return got
	}
	first := get("?max_age=600")
	if first["cached"] != false {
		t.Errorf("the first answer is %v", first)
	}
	if second := get("?max_age=600"); second["cached"] != true || second["at"] != first["at"] {
		t.Errorf("the second answer is %v, the first was %v", second, first)
	}
	if anew := get(""); anew["cached"] != false || anew["at"] == first["at"] {
		t.Errorf("asked anew it is %v", anew)
	}
	if r := h.as(account.Analyst, "POST", "/connections/"+h.orders+"/changed", nil); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if after := get("?max_age=600"); after["cached"] != false {
		t.Errorf("after the data changed it is %v", after)
	}
	refused(t, h.as(account.Viewer, "POST", "/connections/"+h.orders+"/changed", nil), 403, "denied")
}
