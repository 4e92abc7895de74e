package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestAttackLinksLoseTheirFilter: a value that a link fixes keeps its visitors from
// the rest. Where what it fixes is gone, the link ends rather than showing all.
func TestAttackLinksLoseTheirFilter(t *testing.T) {
	h, ada, connection, question := shareHouse(t)
	rows := ada.saveSQL(connection, "Customers", "select country, min(name) as first from customers group by 1")
	board := ada.board("By country", map[string]any{
		"cards":   []map[string]any{{"id": "rows", "question": rows, "w": 6, "h": 4}},
		"filters": []map[string]any{{"id": "country", "label": "Country", "kind": "list", "targets": []map[string]any{{"card": "rows", "column": "country"}}}}})
	onBoard := ada.share(board, fields{"fixed.country": "AT"})
	onQuestion := ada.share("/questions/"+question, fields{"fixed.status": "open", "fixed.least": "0"})
	report := ada.writeReport(fields{"name": "Of a state", "text": "```table\nquestion: " + question + "\nparameters: status: {{state}}\n```\n",
		"parameter.0.name": "state", "parameter.0.kind": "list", "parameter.0.values": "open, paid", "parameter.0.default": "paid"})
	onReport := ada.share(report, fields{"fixed.state": "open"})
	ada.open(report+"/share").submit("main form.form", "", fields{"fixed.state": "lost"}).expect(http.StatusUnprocessableEntity)
	guest := visit(t, h)
	guest.open(onBoard).says("main", "Customer 1")
	if strings.Contains(guest.body, "Customer 2") {
		t.Fatal("the fixed filter does not reach the card")
	}
	guest.open(onQuestion).says("main", "30")
	guest.open(onReport).says("main", "30")

	t.Log("the filter is removed, the parameter renamed")
	ada.post(board+"/filters/country", url.Values{"do": {"remove"}}).expect(http.StatusOK)
	guest.look(onBoard).expect(http.StatusNotFound)
	guest.look(onBoard + "/cards/rows").expect(http.StatusNotFound)
	ada.post("/questions/"+question, url.Values{"version": {"1"}, "connection": {connection}, "sql": {strings.Replace(yearSQL, "{{status:", "{{state:", 1)}}).expect(http.StatusOK)
	guest.look(onQuestion).expect(http.StatusNotFound)
	guest.look(onQuestion + ".csv").expect(http.StatusNotFound)
	ada.open("/shares").says("tbody", "stopped")

	t.Log("a report's list loses the value, in place of which it would show its own")
	ada.open(report+"/edit").submit("#report-form", "do=save", fields{"parameter.0.values": "paid"}).expect(http.StatusOK)
	guest.look(onReport).expect(http.StatusNotFound)
}

// TestAttackSnapshotLinksOutliveRights: a link to a snapshot shows what its maker
// saw only as long as they may see that.
func TestAttackSnapshotLinksOutliveRights(t *testing.T) {
	h, ada, connection, _ := shareHouse(t)
	page, bo := ada.invite(t, h, "bo@example.com", "Bo", "analyst", nil)
	person := strings.TrimPrefix(page, "/admin/users/")
	bo.saveSQL(connection, "Countries", "select country, count(*) as n from customers group by 1")
	report := bo.writeReport(fields{"name": "Where they live", "text": "```table\nquestion: Countries\n```\n"})
	frozen := func(values fields) string {
		bo.open(report+"/snapshots").submit("main form", "", values).expect(http.StatusOK)
		return bo.at.Path[strings.LastIndex(bo.at.Path, "/")+1:]
	}
	own := bo.share(report, fields{"snapshot": frozen(fields{"name": "Own"})})
	given := bo.share(report, fields{"snapshot": frozen(fields{"name": "Given", "given": "yes"})})
	guest := visit(t, h)
	guest.open(own).says("main", "FR")
	guest.open(given).says("main", "FR")

	t.Log("a rule hides from its maker what the snapshot holds")
	ada.post("/admin/rules", url.Values{"connection": {connection}, "table": {"customers"}, "subject": {"person:" + person}, "do": {"save"},
		"filter": {`{"column":"country","op":"eq","value":"AT"}`}}).expect(http.StatusOK)
	guest.look(own).expect(http.StatusNotFound)
	guest.look(given).expect(http.StatusOK)
	narrow := bo.share(report, fields{"snapshot": frozen(fields{"name": "Narrow"})})
	guest.open(narrow).says("main", "AT")

	t.Log("no right to the connection any more")
	h.withoutConnection(t, connection)
	for _, link := range []string{own, given, narrow} {
		eventually(t, "the link to end", func() bool { return guest.look(link).status == http.StatusNotFound })
	}
}

// withoutConnection takes from everybody the rights to a connection.
func (h *house) withoutConnection(t *testing.T, connection string) {
	t.Helper()
	db := h.shelf(t)
	alter(t, db, "DELETE FROM grants WHERE object_id = ?", connection)
	forgetProofs(t, db)
}

// TestAttackReadersAreLockedOut: who guesses links keeps nobody from theirs, not
// even those with whom they share an address, as all do behind a proxy.
func TestAttackReadersAreLockedOut(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	link := ada.share("/questions/"+question, nil)
	guest := visit(t, h).still()
	for i := range 60 {
		guest.look(fmt.Sprintf("/r/%043d", i))
	}
	guest.expect(http.StatusTooManyRequests)
	guest.look(link).expect(http.StatusOK)
}

// TestAttackLinksEndedMeanwhile: of a link that is ended while its answer is made,
// nothing is shown.
func TestAttackLinksEndedMeanwhile(t *testing.T) {
	h, ada, connection, _ := shareHouse(t)
	endless := ada.saveSQL(connection, "Endless", "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) as n from c")
	link := ada.share("/questions/"+endless, nil)
	answer := make(chan int, 1)
	go func() {
		res, err := http.Get(h.base + link)
		if err != nil {
			answer <- 0
			return
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		answer <- res.StatusCode
	}()
	eventually(t, "the visitor's question to run", func() bool { return strings.Contains(ada.open("/admin/audit").body, "Endless") })
	ada.open("/shares").submit("main table form", "", nil)
	ended := time.Now()
	select {
	case status := <-answer:
		if status != http.StatusNotFound {
			t.Errorf("the visitor got %d", status)
		}
	case <-time.After(10 * time.Second):
		t.Error("the visitor's question runs on")
	}
	if took := time.Since(ended); took > 8*time.Second {
		t.Errorf("it ended after %s", took)
	}
}

// TestAttackCardsInFrames: the cards of a dashboard in another site's frame are
// those of the link, at addresses that answer.
func TestAttackCardsInFrames(t *testing.T) {
	h, ada, connection, question := shareHouse(t)
	endless := ada.saveSQL(connection, "Endless", "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) as n from c")
	board := ada.board("Framed", map[string]any{"cards": []map[string]any{{"id": "state", "question": question, "w": 6, "h": 4}, {"id": "slow", "question": endless, "w": 6, "h": 4, "x": 6}}})
	link := ada.share(board, fields{"origins": "https://intranet.example.com"})
	guest := visit(t, h)
	guest.open(link + "/embed")
	to := guest.doc.Find("#place-slow").AttrOr("hx-get", "")
	if to != link+"/cards/slow" {
		t.Errorf("the slow card is to be had at %q", to)
	}
	guest.look(strings.Replace(to, "slow", "state", 1)).expect(http.StatusOK)
}
