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

// TestAttackMailsInPlaceOfLinks: who may not give a link to people without an
// account mails them nothing either, nor goes on to once the right is taken.
func TestAttackMailsInPlaceOfLinks(t *testing.T) {
	server := mailtest.New(t, nil)
	h := newHouse(t, "", through(server.Host, server.Port))
	role := &account.RoleDef{Name: "Keeper", Actions: []account.Action{account.Look, account.Ask, account.AskSQL, account.Save, account.SeeConnections}}
	if err := h.People.CreateRole(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	kit, nora := h.person(t, "kit@example.com", account.Role(role.ID)), h.person(t, "nora@example.com", account.Analyst)
	q := h.ask(t, "Amounts", "select sum(amount) as amount from sales")
	made := func(to ...Target) *Schedule {
		return &Schedule{Name: "Out", Body: Body{When: When{Every: "day"}, Question: q, To: to}}
	}
	out := Target{Kind: ToMail, Address: "out@example.org"}
	if err := h.Save(t.Context(), made(Target{Kind: ToPerson, ID: nora.ID}, out), kit); err == nil || !strings.Contains(err.Error(), "need the right to share") {
		t.Errorf("who may not share mails it: %v", err)
	}
	if err := h.Save(t.Context(), made(Target{Kind: ToPerson, ID: nora.ID}), kit); err != nil {
		t.Errorf("who may not share mails nobody: %v", err)
	}
	s := made(out)
	if err := h.Save(t.Context(), s, nora); err != nil {
		t.Fatal(err)
	}
	nora.Role = account.Role(role.ID)
	if err := h.People.Update(t.Context(), nora); err != nil {
		t.Fatal(err)
	}
	if got := states(h.runIt(t, s.ID)); got["out@example.org"] != DeliveryFailed || len(server.Accepted()) != 0 {
		t.Errorf("the delivery ended %v, %d mails went out", got, len(server.Accepted()))
	}
}
