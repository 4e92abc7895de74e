package account

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// errWrong is the one answer to every failed sign-in: it does not tell whether the address is known.
func errWrong() error {
	return fault.New(fault.SignIn, "The address or the password is not right")
}

// SignIn returns the person with the address and password; it takes as long for
// an address nobody has.
func (s *Store) SignIn(ctx context.Context, email, password string) (p *Person, err error) {
	defer fault.Wrap(&err, "account.SignIn")
	p, err = s.ByEmail(ctx, email)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	hash := ""
	if err == nil && !p.Disabled {
		hash = p.PasswordHash
	}
	ok, err := s.hasher.matches(ctx, password, hash)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errWrong()
	}
	return p, nil
}

// Purpose says what a one-time link does.
type Purpose string

// The purposes: Setup makes the first administrator, Enter signs a person in once.
const (
	Setup Purpose = "setup"
	Enter Purpose = "enter"
)

// LinkLife is how long a one-time link works.
const LinkLife = time.Hour

// NewLink makes a one-time token of the purpose; personID is empty for Setup,
// of which only the newest works.
func (s *Store) NewLink(ctx context.Context, purpose Purpose, personID string) (token string, err error) {
	defer fault.Wrap(&err, "account.NewLink(%s)", purpose)
	token = rand.Text()
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if purpose == Setup {
			if _, err := tx.NewRaw("DELETE FROM links WHERE purpose = ?", Setup).Exec(ctx); err != nil {
				return err
			}
		}
		_, err := tx.NewRaw("INSERT INTO links (token_hash, purpose, person_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
			vault.Hash(token), purpose, personID, s.now(), s.now().Add(LinkLife)).Exec(ctx)
		return err
	})
	return token, err
}

// useLink takes a link out of the store; of two that use it at once one succeeds.
func (s *Store) useLink(ctx context.Context, tx bun.Tx, token string, purpose Purpose) (personID string, err error) {
	err = tx.NewRaw("DELETE FROM links WHERE token_hash = ? AND purpose = ? AND expires_at > ? RETURNING person_id",
		vault.Hash(strings.TrimSpace(token)), purpose, s.now()).Scan(ctx, &personID)
	if missing := store.Missing(err, "link"); missing != err {
		return "", fault.New(fault.NotFound, "This link was used already or is too old")
	}
	return personID, err
}

// CheckLink reports whether a link still works, without using it.
func (s *Store) CheckLink(ctx context.Context, token string, purpose Purpose) (ok bool, err error) {
	defer fault.Wrap(&err, "account.CheckLink")
	var n int
	err = s.db.Read().NewRaw("SELECT count(*) FROM links WHERE token_hash = ? AND purpose = ? AND expires_at > ?",
		vault.Hash(strings.TrimSpace(token)), purpose, s.now()).Scan(ctx, &n)
	return n == 1, err
}

// UseEnterLink returns the person whom a sign-in link lets in, once.
func (s *Store) UseEnterLink(ctx context.Context, token string) (p *Person, err error) {
	defer fault.Wrap(&err, "account.UseEnterLink")
	var id string
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		id, err = s.useLink(ctx, tx, token, Enter)
		return err
	})
	if err != nil {
		return nil, err
	}
	p, err = s.Get(ctx, id)
	if err == nil && p.Disabled {
		return nil, errWrong()
	}
	return p, err
}

// SetUp makes the first administrator with a setup link; it does nothing once there is anybody.
func (s *Store) SetUp(ctx context.Context, token string, n NewPerson) (p *Person, err error) {
	defer fault.Wrap(&err, "account.SetUp")
	n.Role = Admin
	if n.Password == "" {
		return nil, fault.Field("password", "Choose a password")
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, n.Password)
	if err != nil {
		return nil, err
	}
	p = &Person{ID: store.NewID(), Email: n.Email, Name: n.Name, Role: Admin, PasswordHash: hash, CreatedAt: s.now(), UpdatedAt: s.now()}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := s.useLink(ctx, tx, token, Setup); err != nil {
			return err
		}
		if any, err := tx.NewSelect().Model((*Person)(nil)).Exists(ctx); err != nil || any {
			if err == nil {
				err = fault.New(fault.Conflict, "This installation is set up already")
			}
			return err
		}
		_, err := tx.NewInsert().Model(p).Exec(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}
