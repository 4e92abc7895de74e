package account

import (
	"context"
	"crypto/rand"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// errWrong is the one answer to every failed sign-in: it does not tell whether the address is known.
func errWrong() error {
	return fault.New(fault.SignIn, "The address or the password is not right")
}

// SignIn returns the person with the address and password; it takes as long for
// an address nobody has. Whoever has a second factor has to prove it too (see
// CheckFactor) before they are signed in.
func (s *Store) SignIn(ctx context.Context, email, password string) (p *Person, err error) {
	defer fault.Wrap(&err, "account.SignIn")
	p, err = s.ByEmail(ctx, email)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	hash := ""
	if err == nil && !p.Disabled && p.Kind == Human {
		hash = p.PasswordHash
	}
	ok, err := s.hasher.matches(ctx, password, hash)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errors.Join(s.refused(ctx, "session.start", email, "address or password"), errWrong())
	}
	return p, nil
}

// refused records that somebody was not let in; what was typed for a name may be a
// password in the wrong box, so only what can be an address is kept.
func (s *Store) refused(ctx context.Context, action, email, reason string) error {
	name := strings.ToLower(strings.TrimSpace(email))
	if a, err := mail.ParseAddress(name); err != nil || a.Address != name {
		name = "something that is no address"
	}
	return s.log.Write(ctx, audit.Event{Action: action, Object: audit.Object{Kind: "person", Name: name}, Outcome: audit.Refused, Detail: map[string]any{"wrong": reason}})
}

// Purpose says what a one-time link does.
type Purpose string

// The purposes: Setup makes the first administrator, Enter signs a person in
// once, Invite lets a new person choose a password, Reset one who forgot theirs.
const (
	Setup  Purpose = "setup"
	Enter  Purpose = "enter"
	Invite Purpose = "invite"
	Reset  Purpose = "reset"
)

// LinkLife is how long a one-time link works; InviteLife how long an invitation does.
const (
	LinkLife   = time.Hour
	InviteLife = 7 * 24 * time.Hour
)

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
		if purpose == Reset || purpose == Invite {
			if _, err := tx.NewRaw("DELETE FROM links WHERE person_id = ? AND purpose IN (?, ?)", personID, Reset, Invite).Exec(ctx); err != nil {
				return err
			}
		}
		life := LinkLife
		if purpose == Invite {
			life = InviteLife
		}
		if _, err := tx.NewRaw("INSERT INTO links (token_hash, purpose, person_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
			vault.Hash(token), purpose, personID, s.now(), s.now().Add(life)).Exec(ctx); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "link.create", Object: audit.Object{Kind: "person", ID: personID}, Detail: map[string]any{"purpose": string(purpose)}})
	})
	return token, err
}

// useLink takes a link out of the store; of two that use it at once one succeeds.
func (s *Store) useLink(ctx context.Context, tx bun.Tx, token string, purpose Purpose) (personID string, err error) {
	err = tx.NewRaw("DELETE FROM links WHERE token_hash = ? AND purpose = ? AND expires_at > ? RETURNING person_id",
		vault.Hash(strings.TrimSpace(token)), purpose, s.now()).Scan(ctx, &personID)
	if missing := store.Missing(err, "link"); missing != err {
		return "", errLink()
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

// UsePasswordLink gives the person of an invitation or reset link the password
// they chose, once; their other sessions and tokens end. A second factor stays.
func (s *Store) UsePasswordLink(ctx context.Context, purpose Purpose, token, password string) (p *Person, err error) {
	defer fault.Wrap(&err, "account.UsePasswordLink(%s)", purpose)
	defer s.touched()
	var id string
	err = s.db.Read().NewRaw("SELECT person_id FROM links WHERE token_hash = ? AND purpose = ? AND expires_at > ?", vault.Hash(strings.TrimSpace(token)), purpose, s.now()).Scan(ctx, &id)
	if missing := store.Missing(err, "link"); missing != err {
		return nil, errLink()
	}
	if err != nil {
		return nil, err
	}
	if p, err = s.Get(ctx, id); err != nil {
		return nil, err
	}
	if p.Disabled || p.Kind != Human || p.ManagedBy != "" && purpose == Reset {
		return nil, errLink()
	}
	if problem := passwordProblem(password, p.Email); problem != "" {
		return nil, fault.Field("password", "%s", problem)
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := s.useLink(ctx, tx, token, purpose); err != nil {
			return err
		}
		if _, err := tx.NewRaw("UPDATE people SET password_hash = ?, updated_at = ? WHERE id = ?", hash, s.now(), id).Exec(ctx); err != nil {
			return err
		}
		if err := s.endEverything(ctx, tx, id); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "person.password", Object: p.object(), Detail: map[string]any{"by": string(purpose)}})
	})
	return p, err
}

func errLink() error { return fault.New(fault.NotFound, "This link was used already or is too old") }

// SetUp makes the first administrator with a setup link; it does nothing once there is anybody.
func (s *Store) SetUp(ctx context.Context, token string, n NewPerson) (p *Person, err error) {
	defer fault.Wrap(&err, "account.SetUp")
	n.Role = Admin
	if n.Password == "" {
		return nil, fault.Field("password", "Choose a password")
	}
	if err := s.check(ctx, &n); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, n.Password)
	if err != nil {
		return nil, err
	}
	p = n.person(s.now())
	p.PasswordHash = hash
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
		return s.insert(ctx, tx, p)
	})
	if err != nil {
		return nil, err
	}
	s.touched()
	return p, s.withRights(ctx, p)
}
