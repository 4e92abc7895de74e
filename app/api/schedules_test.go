package api

import (
	"testing"
	"time"

	"assay/app/account"
	"assay/app/query"
	"assay/app/schedule"
)

// TestTimedThingsAreSavedByTheWorks holds that what a program saves is checked
// and timed as what people save on pages.
func TestTimedThingsAreSavedByTheWorks(t *testing.T) {
	h := newHouse(t)
	h.shared = h.keepQuestion("Shared", query.Body{SQL: "SELECT count(*) AS n FROM orders"})
	next := func(id string) *time.Time {
		t.Helper()
		s, err := h.works.Standing(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return s.NextAt
	}
	for kind, least := range leastBodies(h) {
		if kind != "schedule" && kind != "alert" {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			at := "/" + kind + "s"
			id := ok[object](t, h.as(account.Analyst, "POST", at, least), 201)["id"].(string)
			first := next(id)
			if first == nil || !first.After(time.Now()) || first.Format("15:04") != "07:30" {
				t.Fatalf("after it was made it runs next at %v", first)
			}
			ok[object](t, h.as(account.Analyst, "PATCH", at+"/"+id, object{"when": object{"every": "day", "at": "18:45"}}), 200)
			if got := next(id); got == nil || got.Format("15:04") != "18:45" {
				t.Errorf("after a change it runs next at %v", got)
			}
			ok[object](t, h.as(account.Admin, "POST", at+"/"+id+"/versions/1/restore", nil), 200)
			if got := next(id); got == nil || got.Format("15:04") != "07:30" {
				t.Errorf("brought back it runs next at %v", got)
			}
			with := func(change object) object {
				out := object{}
				for k, v := range least {
					out[k] = v
				}
				out["name"] = "other"
				for k, v := range change {
					out[k] = v
				}
				return out
			}
			to := func(target object) object { return object{"do": "deliver", "to": []object{target}} }
			if kind == "alert" {
				to = func(target object) object { return object{"to": []object{target}} }
			}
			for name, c := range map[string]struct {
				change object
				field  string
			}{
				"an unknown question":    {object{"question": "unknown1"}, "body.question"},
				"an unknown person":      {to(object{"kind": "person", "id": "unknown1"}), "body.to"},
				"an unknown channel":     {to(object{"kind": "slack", "id": "unknown1"}), "body.to"},
				"no address":             {to(object{"kind": "mail", "address": "nobody"}), "body.to"},
				"a time that never is":   {object{"when": object{"every": "cron", "cron": "0 0 30 2 *"}}, "body.when.cron"},
				"a zone that is not one": {object{"when": object{"every": "day", "zone": "Europe/Atlantis"}}, "body.when.zone"},
			} {
				t.Run(name, func(t *testing.T) {
					refused(t, h.as(account.Analyst, "POST", at, with(c.change)), 422, "invalid", c.field)
					refused(t, h.as(account.Analyst, "PUT", at+"/"+id, with(c.change)), 422, "invalid", c.field)
				})
			}
		})
	}
	// A version that names somebody who is gone is not brought back unseen.
	p, err := h.api.People.Create(t.Context(), account.NewPerson{Email: "gone@example.com", Role: account.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	body := leastBodies(h)["alert"]
	body["to"] = []object{{"kind": "person", "id": p.ID}}
	id := ok[object](t, h.as(account.Analyst, "POST", "/alerts", body), 201)["id"].(string)
	ok[object](t, h.as(account.Analyst, "PATCH", "/alerts/"+id, object{"to": []object{{"kind": "person", "id": h.people[account.Admin].ID}}}), 200)
	if err := h.api.People.Delete(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, h.as(account.Analyst, "POST", "/alerts/"+id+"/versions/1/restore", nil), 422, "invalid", "body.to")
	if list, err := h.works.Alerts.Versions(t.Context(), id); err != nil || len(list) != 2 {
		t.Errorf("%d versions %v", len(list), err)
	}
	// Questions that the caller may not see are not delivered to them.
	hidden := ok[object](t, h.as(account.Admin, "POST", "/folders", object{"name": "hidden"}), 201)["id"].(string)
	grants, err := h.api.People.Grants(t.Context(), account.InFolder(hidden))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range grants {
		if err := h.api.People.DeleteGrant(t.Context(), g.ID); err != nil {
			t.Fatal(err)
		}
	}
	q := &query.Question{Name: "Hidden", ConnectionID: h.orders, FolderID: hidden, Body: query.Body{SQL: "SELECT 1 AS n"}}
	if err := h.api.Questions.Create(t.Context(), q, h.people[account.Admin]); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"question", "dashboard", "report"} {
		body := object{"name": "x", "when": object{"every": "day"}, "do": schedule.Refresh, what: q.ID}
		refused(t, h.as(account.Analyst, "POST", "/schedules", body), 422, "invalid", "body."+what)
	}
}
