package schedule

import (
	"context"
	"strings"
	"sync"
	"testing"

	"assay/app/account"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/mail/mailtest"
)

// TestWhatItIsAboutIsDeleted deletes questions from under schedules and alerts:
// they stop, say why, and nothing is sent.
func TestWhatItIsAboutIsDeleted(t *testing.T) {
	for name, at := range stores(t) {
		t.Run(name, func(t *testing.T) {
			server := mailtest.New(t, nil)
			h := newHouse(t, at, through(server.Host, server.Port))
			to := []Target{{Kind: ToPerson, ID: h.admin.ID}, {Kind: ToMail, Address: "x@example.org"}}
			for _, tied := range []bool{true, false} {
				h.Questions.Deleted(nil)
				if tied {
					h.Questions.Deleted(Gone("question"))
				}
				q, kept := h.ask(t, "Amounts", "select sum(amount) as amount from sales"), h.ask(t, "Others", "select 1 as one")
				delivers, refreshes, other := h.plan(t, Body{Question: q, To: to}), h.plan(t, Body{Question: q, Do: Refresh}), h.plan(t, Body{Question: kept, To: to})
				a := &Alert{Name: "High", Body: AlertBody{When: When{Every: "hour"}, Question: q, Condition: isAbove, Value: value(50), To: to}}
				if err := h.SaveAlert(t.Context(), a, h.admin); err != nil {
					t.Fatal(err)
				}
				if err := h.Questions.Delete(t.Context(), q); err != nil {
					t.Fatal(err)
				}
				for id, words := range map[string]string{delivers: "The question that it is about was deleted", refreshes: "The question that it is about was deleted", a.ID: "The question that it watches was deleted"} {
					stopped := func() string {
						s, err := h.Standing(t.Context(), id)
						if err != nil {
							t.Fatal(err)
						}
						return s.Stopped
					}
					if got := stopped(); strings.HasPrefix(got, words) != tied {
						t.Errorf("tied %t: after the deletion it says %q", tied, got)
					}
					if r := h.runIt(t, id); r.State != RunFailed || !strings.HasPrefix(r.Message, words) || len(r.Deliveries) > 0 {
						t.Errorf("tied %t: the run ended %s: %s", tied, r.State, r.Message)
					}
					if got := stopped(); !strings.HasPrefix(got, words) {
						t.Errorf("tied %t: after the run it says %q", tied, got)
					}
				}
				if n := len(server.Accepted()); n > 0 {
					t.Errorf("%d mails about nothing were sent", n)
				}
				if s, err := h.Standing(t.Context(), other); err != nil || s.Stopped != "" {
					t.Errorf("what is about another question stopped: %q %v", s.Stopped, err)
				}
			}
		})
	}
}

// TestDeletedWhileItIsDelivered deletes a question after its run began: who is
// not told gets no other reason than that.
func TestDeletedWhileItIsDelivered(t *testing.T) {
	server := mailtest.New(t, nil)
	var h *house
	var q string
	var once sync.Once
	h = newHouse(t, "", through(server.Host, server.Port), func(d *Deps) {
		d.Make.Render = func(ctx context.Context, as *account.Person, b Body) (*document.Document, error) {
			once.Do(func() {
				if err := h.Questions.Delete(ctx, q); err != nil {
					t.Error(err)
				}
			})
			return h.render(ctx, as, b)
		}
	})
	q = h.ask(t, "Amounts", "select sum(amount) as amount from sales")
	vera := h.person(t, "vera@example.com", account.Viewer)
	r := h.runIt(t, h.plan(t, Body{Question: q, To: []Target{{Kind: ToPerson, ID: vera.ID}, {Kind: ToMail, Address: "x@example.org"}}}))
	if got := states(r); r.State != RunFailed || got["vera@example.com"] != DeliveryFailed || got["x@example.org"] != DeliveryFailed || len(server.Accepted()) > 0 {
		t.Errorf("%s %v\n%s", r.State, got, r.Log)
	}
	if !strings.Contains(r.Log, "vera@example.com: The question was deleted") {
		t.Error(r.Log)
	}
}

// TestTheOwnerSeesItNoMore takes the owner's right to the question away.
func TestTheOwnerSeesItNoMore(t *testing.T) {
	server := mailtest.New(t, nil)
	h := newHouse(t, "", through(server.Host, server.Port))
	eve := h.person(t, "eve@example.com", account.Analyst)
	i := &Schedule{Name: "Mine", Body: Body{When: When{Every: "day"}, Question: h.ask(t, "Amounts", "select sum(amount) as amount from sales"), To: []Target{{Kind: ToPerson, ID: h.admin.ID}}}}
	if err := h.Save(t.Context(), i, eve); err != nil {
		t.Fatal(err)
	}
	grants, err := h.People.Grants(t.Context(), account.OnConnection(h.connection))
	if err != nil || len(grants) == 0 {
		t.Fatalf("%v %v", grants, err)
	}
	for _, g := range grants {
		if err := h.People.DeleteGrant(t.Context(), g.ID); err != nil {
			t.Fatal(err)
		}
	}
	r := h.runIt(t, i.ID)
	if r.State != RunFailed || !strings.Contains(r.Message, "eve@example.com, who saved it, may not see the question any more") || len(server.Accepted()) > 0 {
		t.Errorf("%s: %s\n%s", r.State, r.Message, r.Log)
	}
	if s, err := h.Standing(t.Context(), i.ID); err != nil || s.Stopped != "" {
		t.Errorf("it stopped for good, though rights come back: %q %v", s.Stopped, err)
	}
	if eve, err = h.People.Active(t.Context(), eve.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Restore(t.Context(), i.ID, 1, eve); !fault.Is(err, fault.Invalid) {
		t.Errorf("eve saves it again: %v", err)
	}
}
