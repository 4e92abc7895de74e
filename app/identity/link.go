package identity

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
)

// Link is an identity that belongs to a person.
type Link struct {
	ProviderID string
	Issuer     string
	Subject    string
	PersonID   string
	Email      string         // as the provider gave it last
	Claims     map[string]any // of the last sign-in, without tokens
	CreatedAt  time.Time
	SeenAt     time.Time
}

// Key is what the identity is recognised by, as Identity.Key.
func (l Link) Key() string { return l.Issuer + " " + l.Subject }

type linkRow struct {
	bun.BaseModel `bun:"table:identities,alias:identity"`

	ProviderID string    `bun:"provider_id,pk"`
	Subject    string    `bun:"subject,pk"` // the identity's key
	PersonID   string    `bun:"person_id"`
	Email      string    `bun:"email"`
	Claims     string    `bun:"claims"`
	CreatedAt  time.Time `bun:"created_at"`
	SeenAt     time.Time `bun:"seen_at"`
}

func (r linkRow) link() Link {
	l := Link{ProviderID: r.ProviderID, PersonID: r.PersonID, Email: r.Email, CreatedAt: r.CreatedAt, SeenAt: r.SeenAt, Claims: map[string]any{}}
	l.Issuer, l.Subject, _ = strings.Cut(r.Subject, " ")
	if json.Unmarshal([]byte(r.Claims), &l.Claims) != nil {
		l.Claims = map[string]any{}
	}
	return l
}

// mostClaims bounds what is kept of an identity's claims, in bytes.
const mostClaims = 64 << 10

// keptClaims returns the claims as they are stored; too many of them are left out.
func (i Identity) keptClaims() string {
	if b, err := json.Marshal(i.Claims); err == nil && len(b) <= mostClaims && i.Claims != nil {
		return string(b)
	}
	return "{}"
}

// Find returns the id of the person to whom the identity is linked, or NotFound.
// It goes by provider, issuer and subject; the address counts for nothing.
func (s *Store) Find(ctx context.Context, i Identity) (personID string, err error) {
	defer fault.Wrap(&err, "identity.Find(%s)", i.ProviderID)
	err = s.db.Read().NewRaw("SELECT person_id FROM identities WHERE provider_id = ? AND subject = ?", i.ProviderID, i.Key()).Scan(ctx, &personID)
	return personID, store.Missing(err, "linked identity")
}

// Link makes the identity the person's, in the caller's transaction. One that is
// another person's is a Conflict; one that is this person's already is refreshed.
func (s *Store) Link(ctx context.Context, tx bun.Tx, i Identity, personID string) (err error) {
	defer fault.Wrap(&err, "identity.Link(%s, %s)", i.ProviderID, personID)
	if i.ProviderID == "" || i.Issuer == "" || i.Subject == "" || strings.Contains(i.Issuer, " ") {
		return fault.New(fault.Invalid, "An identity needs a provider, an issuer and a subject")
	}
	var owner string
	err = tx.NewRaw("SELECT person_id FROM identities WHERE provider_id = ? AND subject = ?", i.ProviderID, i.Key()).Scan(ctx, &owner)
	switch missing := store.Missing(err, "linked identity"); {
	case err == nil && owner == personID:
		return s.seen(ctx, tx, i)
	case err == nil:
		return fault.New(fault.Conflict, "This identity belongs to another person already")
	case missing == err:
		return err
	}
	r := &linkRow{ProviderID: i.ProviderID, Subject: i.Key(), PersonID: personID, Email: i.Email, Claims: i.keptClaims(), CreatedAt: s.now(), SeenAt: s.now()}
	if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
		return store.Duplicate(err, "This identity belongs to another person already")
	}
	return s.log.Append(ctx, tx, audit.Event{Action: "identity.link", Object: audit.Object{Kind: "person", ID: personID, Name: i.Email},
		Detail: map[string]any{"provider": i.ProviderID, "issuer": i.Issuer, "subject": i.Subject}})
}

// Seen keeps the claims and the time of a sign-in, in the caller's transaction.
func (s *Store) Seen(ctx context.Context, tx bun.Tx, i Identity) (err error) {
	defer fault.Wrap(&err, "identity.Seen(%s)", i.ProviderID)
	return s.seen(ctx, tx, i)
}

func (s *Store) seen(ctx context.Context, tx bun.Tx, i Identity) error {
	res, err := tx.NewRaw("UPDATE identities SET email = ?, claims = ?, seen_at = ? WHERE provider_id = ? AND subject = ?",
		i.Email, i.keptClaims(), s.now(), i.ProviderID, i.Key()).Exec(ctx)
	return store.Changed(res, err, "linked identity")
}

// OfPerson returns a person's identities, the one used last first.
func (s *Store) OfPerson(ctx context.Context, personID string) (list []Link, err error) {
	defer fault.Wrap(&err, "identity.OfPerson(%s)", personID)
	return s.links(ctx, "person_id = ?", personID)
}

// OfProvider returns up to 200 identities of a provider, the one used last first,
// for trying its settings on.
func (s *Store) OfProvider(ctx context.Context, providerID string) (list []Link, err error) {
	defer fault.Wrap(&err, "identity.OfProvider(%s)", providerID)
	return s.links(ctx, "provider_id = ?", providerID)
}

func (s *Store) links(ctx context.Context, where, id string) (list []Link, err error) {
	var rows []linkRow
	err = s.db.Read().NewSelect().Model(&rows).Where(where, id).OrderExpr("seen_at DESC, provider_id, subject").Limit(200).Scan(ctx)
	for _, r := range rows {
		list = append(list, r.link())
	}
	return list, err
}

// Unlink takes an identity from a person, in the caller's transaction. key is
// what Link.Key says.
func (s *Store) Unlink(ctx context.Context, tx bun.Tx, personID, providerID, key string) (err error) {
	defer fault.Wrap(&err, "identity.Unlink(%s, %s)", providerID, personID)
	res, err := tx.NewRaw("DELETE FROM identities WHERE person_id = ? AND provider_id = ? AND subject = ?", personID, providerID, key).Exec(ctx)
	if err := store.Changed(res, err, "linked identity"); err != nil {
		return err
	}
	issuer, subject, _ := strings.Cut(key, " ")
	return s.log.Append(ctx, tx, audit.Event{Action: "identity.unlink", Object: audit.Object{Kind: "person", ID: personID},
		Detail: map[string]any{"provider": providerID, "issuer": issuer, "subject": subject}})
}
