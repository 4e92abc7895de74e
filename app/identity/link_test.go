package identity

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
)

// addPerson puts a person into the store, as the accounts would.
func addPerson(t *testing.T, s *Store, id string) {
	t.Helper()
	err := s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("INSERT INTO people (id, email, name, role, created_at, updated_at) VALUES (?, ?, ?, 'viewer', ?, ?)", id, id+"@example.com", id, time.Now(), time.Now()).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, s *Store, i Identity, person string) error {
	return s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { return s.Link(ctx, tx, i, person) })
}

func TestIdentitiesAreRecognisedByIssuerAndSubjectAlone(t *testing.T) {
	s := newIdentities(t, nil)
	addPerson(t, s, "admin")
	addPerson(t, s, "eve")
	known := Identity{ProviderID: "p", Issuer: "https://a.example.com", Subject: "1", Email: "admin@example.com", EmailVerified: true, Claims: map[string]any{"groups": []any{"x"}}}
	if err := link(t, s, known, "admin"); err != nil {
		t.Fatal(err)
	}
	if id, err := s.Find(t.Context(), known); err != nil || id != "admin" {
		t.Errorf("%q %v", id, err)
	}
	for name, other := range map[string]Identity{
		"another subject with the address": {ProviderID: "p", Issuer: known.Issuer, Subject: "2", Email: known.Email, EmailVerified: true},
		"another issuer":                   {ProviderID: "p", Issuer: "https://b.example.com", Subject: "1", Email: known.Email},
		"another provider":                 {ProviderID: "q", Issuer: known.Issuer, Subject: "1", Email: known.Email},
		"issuer and subject shifted":       {ProviderID: "p", Issuer: "https://a.example.com 1", Subject: ""},
		"blank in front of the subject":    {ProviderID: "p", Issuer: known.Issuer, Subject: " 1"},
		"wildcard":                         {ProviderID: "p", Issuer: known.Issuer, Subject: "%"},
	} {
		if id, err := s.Find(t.Context(), other); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %q %v", name, id, err)
		}
	}
	if err := link(t, s, known, "eve"); !fault.Is(err, fault.Conflict) {
		t.Errorf("linked to a second person: %v", err)
	}
	for _, bad := range []Identity{{}, {ProviderID: "p", Issuer: "https://a.example.com"}, {ProviderID: "p", Subject: "1"}, {ProviderID: "p", Issuer: "a b", Subject: "1"}} {
		if err := link(t, s, bad, "eve"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestIdentitiesOfAPerson(t *testing.T) {
	s := newIdentities(t, nil)
	addPerson(t, s, "ada")
	p := create(t, s, Provider{Kind: OIDC, Issuer: "https://a.example.com", ClientID: "x"})
	i := Identity{ProviderID: p.ID, Issuer: p.Issuer, Subject: "1 with a blank", Email: "old@example.com", Claims: map[string]any{"a": "b"}}
	if err := link(t, s, i, "ada"); err != nil {
		t.Fatal(err)
	}
	now := s.now()
	s.now = func() time.Time { return now.Add(time.Hour) }
	i.Email, i.Claims = "new@example.com", map[string]any{"groups": []any{"x"}}
	if err := link(t, s, i, "ada"); err != nil {
		t.Fatal("linked again: ", err)
	}
	list, err := s.OfPerson(t.Context(), "ada")
	if err != nil || len(list) != 1 || list[0].Email != "new@example.com" || list[0].Claims["groups"] == nil || !list[0].SeenAt.After(list[0].CreatedAt) || list[0].Subject != i.Subject || list[0].Key() != i.Key() {
		t.Fatalf("%+v %v", list, err)
	}
	i.Claims = map[string]any{"big": strings.Repeat("x", mostClaims)}
	err = s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { return s.Seen(ctx, tx, i) })
	if list, _ = s.OfProvider(t.Context(), p.ID); err != nil || len(list) != 1 || len(list[0].Claims) != 0 {
		t.Errorf("%+v %v", list, err)
	}
	unlink := func(person string) error {
		return s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			return s.Unlink(ctx, tx, person, p.ID, i.Key())
		})
	}
	if err := unlink("eve"); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := unlink("ada"); err != nil {
		t.Error(err)
	}
	if _, err := s.Find(t.Context(), i); !fault.Is(err, fault.NotFound) {
		t.Errorf("still found: %v", err)
	}
	if err := link(t, s, i, "ada"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if list, err := s.OfPerson(t.Context(), "ada"); err != nil || len(list) != 0 {
		t.Errorf("the identities outlive the provider: %+v %v", list, err)
	}

	var actions []string
	records, _, err := s.log.List(t.Context(), audit.Filter{})
	for _, r := range records {
		actions = append(actions, r.Action)
	}
	if diff := cmp.Diff([]string{"provider.delete", "identity.link", "identity.unlink", "identity.link", "provider.create"}, actions); err != nil || diff != "" {
		t.Error("what was recorded: ", err, diff)
	}
}
