package identity

import (
	"context"

	"github.com/uptrace/bun"

	"assay/app/fault"
)

// SealPending returns a pending sign-in as a cookie's value; see Pending.Seal.
func (s *Store) SealPending(p Pending) (string, error) { return p.Seal(s.vault) }

// OpenPending reads what SealPending returned; anything else is a SignIn fault.
func (s *Store) OpenPending(value string) (Pending, error) { return OpenPending(s.vault, value) }

// Joining returns what links the identity to a person in the transaction that makes them.
func (s *Store) Joining(i Identity) func(ctx context.Context, tx bun.Tx, personID string) error {
	return func(ctx context.Context, tx bun.Tx, personID string) error { return s.Link(ctx, tx, i, personID) }
}

// Connect is Link in a transaction of its own.
func (s *Store) Connect(ctx context.Context, i Identity, personID string) (err error) {
	defer fault.Wrap(&err, "identity.Connect(%s)", personID)
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return s.Link(ctx, tx, i, personID) })
}

// Disconnect is Unlink in a transaction of its own.
func (s *Store) Disconnect(ctx context.Context, personID, providerID, key string) (err error) {
	defer fault.Wrap(&err, "identity.Disconnect(%s)", personID)
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return s.Unlink(ctx, tx, personID, providerID, key) })
}

// Saw is Seen in a transaction of its own.
func (s *Store) Saw(ctx context.Context, i Identity) (err error) {
	defer fault.Wrap(&err, "identity.Saw(%s)", i.ProviderID)
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return s.seen(ctx, tx, i) })
}
