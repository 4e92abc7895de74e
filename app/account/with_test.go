package account

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
)

func TestSomebodyIsMadeWholeOrNotAtAll(t *testing.T) {
	s := newAccounts(t)
	n := NewPerson{Email: "grace@example.com", Role: Viewer, ManagedBy: "idp", Password: goodPassword}
	_, err := s.CreateWith(t.Context(), n, func(context.Context, bun.Tx, string) error { return errors.New("no") })
	if err == nil {
		t.Fatal("the second half failed, the whole did not")
	}
	if _, err := s.ByEmail(t.Context(), n.Email); !fault.Is(err, fault.NotFound) {
		t.Errorf("half a person is there: %v", err)
	}
	linked := ""
	p, err := s.CreateWith(t.Context(), n, func(_ context.Context, _ bun.Tx, id string) error { linked = id; return nil })
	if err != nil || linked != p.ID || p.PasswordHash != "" || p.ManagedBy != "idp" || len(p.Permissions()) == 0 {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := s.CreateWith(t.Context(), n, func(context.Context, bun.Tx, string) error { return nil }); !fault.Is(err, fault.Conflict) {
		t.Errorf("a known address: %v", err)
	}
}

func TestProofGivesTheSessionAnotherSecret(t *testing.T) {
	s := newAccounts(t)
	p := person(t, s, "ada@example.com", Analyst)
	now := time.Now().UTC()
	s.now = func() time.Time { return now }
	secret, err := s.StartSession(t.Context(), Session{PersonID: p.ID, Data: []byte(`{"a":"b"}`), Via: "password"})
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.Session(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	fresh, err := s.RenewSession(t.Context(), secret)
	if err != nil || fresh == secret {
		t.Fatal(fresh, err)
	}
	if _, err := s.Session(t.Context(), secret); !fault.Is(err, fault.NotFound) {
		t.Errorf("the secret from before still counts: %v", err)
	}
	after, err := s.Session(t.Context(), fresh)
	if err != nil || after.ID != before.ID || string(after.Data) != string(before.Data) || !after.ExpiresAt.Equal(before.ExpiresAt) || after.ProvenAt == nil || !after.ProvenAt.After(*before.ProvenAt) {
		t.Errorf("%+v %v, before %+v", after, err, before)
	}
	if _, err := s.RenewSession(t.Context(), secret); !fault.Is(err, fault.NotFound) {
		t.Errorf("renewed twice: %v", err)
	}
}

// TestClaimsLeaveOtherMembershipsAlone: who was put into a group by somebody here
// stays in it, whatever an identity provider says and then says no more.
func TestClaimsLeaveOtherMembershipsAlone(t *testing.T) {
	s := newAccounts(t)
	p := person(t, s, "ada@example.com", Analyst)
	g := &Group{Name: "Data"}
	if err := s.CreateGroup(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	if err := s.ChangeMembers(t.Context(), g.ID, []string{p.ID}, nil); err != nil {
		t.Fatal(err)
	}
	for _, claims := range [][]string{{"Data", "New"}, {"Data"}, {}} {
		if err := s.JoinManaged(t.Context(), "idp", p.ID, claims); err != nil {
			t.Fatal(err)
		}
		groups, err := s.GroupsOf(t.Context(), p.ID)
		if err != nil || len(groups) == 0 || groups[0].Name != "Data" || len(groups) != max(1, len(claims)) {
			t.Errorf("claims %v leave the groups %+v %v", claims, groups, err)
		}
	}
}
