package schedule

import (
	"strings"
	"testing"

	"assay/app/account"
	"assay/app/mail/mailtest"
	"assay/app/query"
)

// TestAttackAlertsOnHiddenQuestions: a question stands on one that lies in a folder
// which was not granted. Whoever may not ask it for that reason is told nothing of
// what it answered the owner, neither by mail nor by the run.
func TestAttackAlertsOnHiddenQuestions(t *testing.T) {
	server := mailtest.New(t, nil)
	h := newHouse(t, "", through(server.Host, server.Port))
	vera := h.person(t, "vera@example.com", account.Viewer)
	folder := &query.Folder{Name: "Board only"}
	if err := h.Questions.CreateFolder(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	hidden := &query.Question{Name: "Hidden", FolderID: folder.ID, ConnectionID: h.connection, Body: query.Body{SQL: "select sum(amount) as amount from sales"}}
	if err := h.Questions.Create(t.Context(), hidden, h.admin); err != nil {
		t.Fatal(err)
	}
	open := &query.Question{Name: "Open", ConnectionID: h.connection, Body: query.Body{Spec: &query.Spec{Question: hidden.ID}}}
	if err := h.Questions.Create(t.Context(), open, h.admin); err != nil {
		t.Fatal(err)
	}
	a := &Alert{Name: "High", Body: AlertBody{When: When{Every: "hour"}, Question: open.ID, Condition: isAbove, Value: value(50),
		To: []Target{{Kind: ToPerson, ID: vera.ID}, {Kind: ToPerson, ID: h.admin.ID}}}}
	if err := h.SaveAlert(t.Context(), a, h.admin); err != nil {
		t.Fatal(err)
	}
	r := h.runIt(t, a.ID)
	if got := states(r); got["vera@example.com"] != DeliverySkipped || got["ada@example.com"] != DeliverySent {
		t.Errorf("the deliveries ended %v", got)
	}
	for _, m := range server.Accepted() {
		if m.To == "vera@example.com" && strings.Contains(string(m.Raw), "120") {
			t.Error("who may not see the question is mailed its answer")
		}
	}
	if _, ok := h.Found(t.Context(), r, vera); ok {
		t.Error("who may not see the question learns its answer from the run")
	}
	if err := h.SaveAlert(t.Context(), &Alert{Name: "Mine", Body: a.Body}, vera); err == nil {
		t.Error("who may not see the question watches it")
	}
}
