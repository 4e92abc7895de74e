package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestAttackLinksAreRewritten: whoever may change what somebody with more rights
// has shared must not read through the link what they may not see.
func TestAttackLinksAreRewritten(t *testing.T) {
	h, ada, connection, _ := shareHouse(t)
	page, bo := ada.invite(t, h, "bo@example.com", "Bo", "analyst", nil)
	count := ada.saveSQL(connection, "How many", "select count(*) as n from customers")
	names := ada.saveSQL(connection, "All of them", "select country, count(*) as n from customers group by 1 order by 1")
	board := ada.board("Customers", map[string]any{"cards": []card{{"id": "n", "question": count, "w": 6, "h": 4}}})
	report := ada.writeReport(fields{"name": "Customers on paper", "text": "```table\nquestion: How many\n```\n"})
	onQuestion, onBoard, onReport := ada.share("/questions/"+count, nil), ada.share(board, nil), ada.share(report, nil)
	guest := visit(t, h)
	secrets := func(where string) {
		t.Helper()
		if strings.Contains(guest.body, "CH") || strings.Contains(guest.body, "DE") {
			t.Errorf("%s shows rows that Bo may not see:\n%s", where, guest.words("main"))
		}
	}
	rewrite := func(v *visitor, version, sql string) {
		t.Helper()
		v.post("/questions/"+count, url.Values{"version": {version}, "connection": {connection}, "sql": {sql}}).expect(http.StatusOK)
	}

	t.Log("Bo sees as much as Ada: what he changes is shown")
	guest.open(onQuestion).says("main", "5")
	rewrite(bo, "1", "select count(*) + 100 as n from customers")
	guest.open(onQuestion).says("main", "105")

	t.Log("Bo sees one country: what he changes is shown no more")
	ada.post("/admin/rules", url.Values{"connection": {connection}, "table": {"customers"}, "subject": {"person:" + strings.TrimPrefix(page, "/admin/users/")}, "do": {"save"},
		"filter": {`{"column": "country", "op": "eq", "value": "AT"}`}}).expect(http.StatusOK)
	rewrite(bo, "2", "select group_concat(country) as n from customers")
	for _, at := range []string{onQuestion, onBoard, onBoard + "/cards/n", onReport} {
		guest.look(at)
		secrets(at)
	}
	guest.open(onBoard+"/cards/n").says("body", "cannot be shown now")

	t.Log("Ada looks at it and saves it again")
	rewrite(ada, "3", "select count(*) as n from customers")
	guest.open(onQuestion).says("main", "5")

	t.Log("Bo puts another question of Ada's where hers was")
	bo.post(board+"/edit", url.Values{"version": {"2"}, "draft": {`{"cards": [{"id": "n", "question": "` + names + `", "w": 6, "h": 4}]}`}, "do": {"save"}}).expect(http.StatusOK)
	bo.open(report+"/edit").submit("#report-form", "do=save", fields{"text": "```table\nquestion: All of them\n```\n"}).expect(http.StatusOK)
	for _, at := range []string{onBoard, onBoard + "/cards/n", onReport, onReport + "/print", onReport + ".pdf"} {
		guest.look(at)
		secrets(at)
	}
	ada.open(board).says("main", "DE")
}
