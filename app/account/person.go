// Package account knows people: who they are, how they sign in, and what they
// may do to what, and why.
package account

import (
	"context"
	"net/mail"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Role is what a person may do in general.
type Role string

// The roles out of the box.
const (
	Admin   Role = "admin"
	Analyst Role = "analyst"
	Viewer  Role = "viewer"
)

// Roles lists the roles, the mightiest first.
var Roles = []Role{Admin, Analyst, Viewer}

// Person is somebody who can sign in.
type Person struct {
	bun.BaseModel `bun:"table:people,alias:person"`

	ID           string    `bun:"id,pk"`
	Email        string    `bun:"email"` // lower case
	Name         string    `bun:"name"`
	Role         Role      `bun:"role"`
	PasswordHash string    `bun:"password_hash"` // argon2id in PHC form; empty where the person has no password
	Disabled     bool      `bun:"disabled"`
	CreatedAt    time.Time `bun:"created_at"`
	UpdatedAt    time.Time `bun:"updated_at"`
}

// Store keeps people, their sessions, links and tokens.
type Store struct {
	db     *store.Store
	vault  *vault.Vault
	hasher *hasher
	now    func() time.Time

	signing sync.Mutex
	signs   *signer
	proven  proven
}

// NewStore returns the people of a store.
func NewStore(s *store.Store, v *vault.Vault) *Store {
	return &Store{db: s, vault: v, hasher: newHasher(), now: func() time.Time { return time.Now().UTC() }}
}

// NewPerson is what a person is made from.
type NewPerson struct {
	Email    string
	Name     string // empty: taken from the address
	Role     Role
	Password string // empty: the person signs in by a link first
}

func (n *NewPerson) check() error {
	var problems fault.Fields
	n.Email = strings.ToLower(strings.TrimSpace(n.Email))
	if a, err := mail.ParseAddress(n.Email); err != nil || a.Address != n.Email || len(n.Email) > 254 {
		problems.Add("email", "This is not an e-mail address")
	}
	if n.Name = strings.TrimSpace(n.Name); n.Name == "" {
		n.Name, _, _ = strings.Cut(n.Email, "@")
	}
	if utf8.RuneCountInString(n.Name) > 200 {
		problems.Add("name", "A name has at most 200 characters")
	}
	switch n.Role {
	case Admin, Analyst, Viewer:
	default:
		problems.Add("role", "A role is admin, analyst or viewer")
	}
	if n.Password != "" {
		if problem := passwordProblem(n.Password, n.Email); problem != "" {
			problems.Add("password", "%s", problem)
		}
	}
	return problems.Err()
}

// Create makes a person; a known address is a Conflict.
func (s *Store) Create(ctx context.Context, n NewPerson) (p *Person, err error) {
	defer fault.Wrap(&err, "account.Create")
	if err := n.check(); err != nil {
		return nil, err
	}
	p = &Person{ID: store.NewID(), Email: n.Email, Name: n.Name, Role: n.Role, CreatedAt: s.now(), UpdatedAt: s.now()}
	if n.Password != "" {
		if p.PasswordHash, err = s.hasher.hash(ctx, n.Password); err != nil {
			return nil, err
		}
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(p).Exec(ctx)
		return store.Duplicate(err, "There is already a person with the address %s", n.Email)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Get returns a person by id.
func (s *Store) Get(ctx context.Context, id string) (p *Person, err error) {
	defer fault.Wrap(&err, "account.Get(%s)", id)
	p = new(Person)
	err = s.db.Read().NewSelect().Model(p).Where("id = ?", id).Scan(ctx)
	return p, store.Missing(err, "person")
}

// ByEmail returns a person by address.
func (s *Store) ByEmail(ctx context.Context, email string) (p *Person, err error) {
	defer fault.Wrap(&err, "account.ByEmail")
	p = new(Person)
	err = s.db.Read().NewSelect().Model(p).Where("email = ?", strings.ToLower(strings.TrimSpace(email))).Scan(ctx)
	return p, store.Missing(err, "person")
}

// List returns all people by name.
func (s *Store) List(ctx context.Context) (list []Person, err error) {
	defer fault.Wrap(&err, "account.List")
	err = s.db.Read().NewSelect().Model(&list).Order("name", "id").Scan(ctx)
	return list, err
}

// Update changes a person's name, role and whether they are disabled. A
// disabled person's sessions and tokens end at once. The last administrator
// stays one.
func (s *Store) Update(ctx context.Context, p *Person) (err error) {
	defer fault.Wrap(&err, "account.Update(%s)", p.ID)
	defer s.proven.forget()
	n := NewPerson{Email: p.Email, Name: p.Name, Role: p.Role}
	if err := n.check(); err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if p.Role != Admin || p.Disabled {
			others, err := tx.NewSelect().Model((*Person)(nil)).Where("role = ? AND NOT disabled AND id <> ?", Admin, p.ID).Count(ctx)
			if err != nil {
				return err
			}
			if others == 0 {
				return fault.New(fault.Conflict, "The last administrator must stay one")
			}
		}
		p.Name, p.UpdatedAt = n.Name, s.now()
		res, err := tx.NewUpdate().Model(p).Column("name", "role", "disabled", "updated_at").WherePK().Exec(ctx)
		if err := store.Changed(res, err, "person"); err != nil || !p.Disabled {
			return err
		}
		return endEverything(ctx, tx, p.ID)
	})
}

// SetPassword gives a person a new password and ends their sessions and tokens.
func (s *Store) SetPassword(ctx context.Context, id, password string) (err error) {
	defer fault.Wrap(&err, "account.SetPassword(%s)", id)
	defer s.proven.forget()
	p, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if problem := passwordProblem(password, p.Email); problem != "" {
		return fault.Field("password", "%s", problem)
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*Person)(nil)).Set("password_hash = ?, updated_at = ?", hash, s.now()).Where("id = ?", id).Exec(ctx)
		if err := store.Changed(res, err, "person"); err != nil {
			return err
		}
		return endEverything(ctx, tx, id)
	})
}

func endEverything(ctx context.Context, tx bun.Tx, personID string) error {
	for _, table := range []string{"sessions", "tokens", "links"} {
		if _, err := tx.NewRaw("DELETE FROM ? WHERE person_id = ?", bun.Ident(table), personID).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Any reports whether there is anybody yet.
func (s *Store) Any(ctx context.Context) (_ bool, err error) {
	defer fault.Wrap(&err, "account.Any")
	return s.db.Read().NewSelect().Model((*Person)(nil)).Exists(ctx)
}
