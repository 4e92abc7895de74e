package account

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Lives of the tokens a program holds.
const (
	AccessLife  = 15 * time.Minute
	RefreshLife = 30 * 24 * time.Hour
	// TokenLife is the longest an API token lives.
	TokenLife = 365 * 24 * time.Hour
)

// The kinds of tokens in the store.
const (
	kindAPI     = "api"
	kindRefresh = "refresh"
)

// tokenPrefix lets secret scanners recognise our API tokens.
const tokenPrefix = "assay_"

// Token is an API token as it is listed: its secret was shown once and is not kept.
type Token struct {
	ID       string
	PersonID string
	Name     string
	// Scopes are what the token may be used for, as far as its person may do it; none mean everything.
	Scopes     []Action
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt *time.Time
}

// NewToken is what an API token is made from.
type NewToken struct {
	Name   string
	Scopes []Action      // none: all that the person may do
	Life   time.Duration // 0: TokenLife
	By     string        // the id of who makes it
}

func (n *NewToken) check() error {
	var problems fault.Fields
	if n.Name = strings.TrimSpace(n.Name); n.Name == "" || utf8.RuneCountInString(n.Name) > 100 {
		problems.Add("name", "Give the token a name of at most 100 characters")
	}
	for _, a := range n.Scopes {
		if !a.Known() {
			problems.Add("scopes", "There is no scope named %q", a)
		}
	}
	if n.Life == 0 {
		n.Life = TokenLife
	}
	if n.Life < time.Minute || n.Life > TokenLife+time.Hour {
		problems.Add("expires_at", "A token lives for a minute at least and a year at most")
	}
	slices.Sort(n.Scopes)
	n.Scopes = slices.Compact(n.Scopes)
	return problems.Err()
}

type tokenRow struct {
	ID         string     `bun:"id"`
	PersonID   string     `bun:"person_id"`
	Name       string     `bun:"name"`
	Scopes     string     `bun:"scopes"`
	CreatedAt  time.Time  `bun:"created_at"`
	ExpiresAt  time.Time  `bun:"expires_at"`
	LastUsedAt *time.Time `bun:"last_used_at"`
}

const tokenColumns = "id, person_id, name, scopes, created_at, expires_at, last_used_at"

func (r *tokenRow) token() Token {
	t := Token{ID: r.ID, PersonID: r.PersonID, Name: r.Name, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, LastUsedAt: r.LastUsedAt}
	for _, scope := range strings.Fields(r.Scopes) {
		t.Scopes = append(t.Scopes, Action(scope))
	}
	return t
}

func (s *Store) insertToken(ctx context.Context, tx bun.Tx, personID, kind string, n NewToken) (id, secret string, err error) {
	id = store.NewID()
	secret = tokenPrefix + strings.ToLower(rand.Text()+rand.Text())
	scopes := make([]string, len(n.Scopes))
	for i, a := range n.Scopes {
		scopes[i] = string(a)
	}
	now := s.now()
	_, err = tx.NewRaw("INSERT INTO tokens (id, person_id, name, kind, secret_hash, scopes, created_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		id, personID, n.Name, kind, vault.Hash(secret), strings.Join(scopes, " "), n.By, now, now.Add(n.Life)).Exec(ctx)
	return id, secret, err
}

// CreateToken makes an API token for a person and returns it with its secret, which is shown this once.
func (s *Store) CreateToken(ctx context.Context, personID string, n NewToken) (t Token, secret string, err error) {
	defer fault.Wrap(&err, "account.CreateToken(%s)", personID)
	if err := n.check(); err != nil {
		return t, "", err
	}
	p, err := s.Get(ctx, personID)
	if err != nil {
		return t, "", err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		var id string
		if id, secret, err = s.insertToken(ctx, tx, personID, kindAPI, n); err != nil {
			return err
		}
		var row tokenRow
		if err := tx.NewRaw("SELECT "+tokenColumns+" FROM tokens WHERE id = ?", id).Scan(ctx, &row); err != nil {
			return err
		}
		t = row.token()
		return s.log.Append(ctx, tx, audit.Event{Action: "token.create", Object: audit.Object{Kind: "token", ID: id, Name: n.Name},
			Detail: map[string]any{"person": p.ID, "email": p.Email, "scopes": n.Scopes, "expires_at": t.ExpiresAt}})
	})
	return t, secret, err
}

// Tokens lists a person's API tokens, the newest first.
func (s *Store) Tokens(ctx context.Context, personID string) (list []Token, err error) {
	defer fault.Wrap(&err, "account.Tokens(%s)", personID)
	var rows []tokenRow
	err = s.db.Read().NewRaw("SELECT "+tokenColumns+" FROM tokens WHERE person_id = ? AND kind = ? ORDER BY created_at DESC, id", personID, kindAPI).Scan(ctx, &rows)
	for i := range rows {
		list = append(list, rows[i].token())
	}
	return list, err
}

// Token returns one of a person's API tokens.
func (s *Store) Token(ctx context.Context, personID, id string) (t Token, err error) {
	defer fault.Wrap(&err, "account.Token(%s)", id)
	var row tokenRow
	err = s.db.Read().NewRaw("SELECT "+tokenColumns+" FROM tokens WHERE id = ? AND person_id = ? AND kind = ?", id, personID, kindAPI).Scan(ctx, &row)
	return row.token(), store.Missing(err, "token")
}

// RenameToken changes the name of one of a person's API tokens.
func (s *Store) RenameToken(ctx context.Context, personID, id, name string) (err error) {
	defer fault.Wrap(&err, "account.RenameToken(%s)", id)
	n := NewToken{Name: name}
	if err := n.check(); err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("UPDATE tokens SET name = ? WHERE id = ? AND person_id = ? AND kind = ?", n.Name, id, personID, kindAPI).Exec(ctx)
		if err := store.Changed(res, err, "token"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "token.update", Object: audit.Object{Kind: "token", ID: id, Name: n.Name}})
	})
}

// DeleteToken ends one of a person's API tokens.
func (s *Store) DeleteToken(ctx context.Context, personID, id string) (err error) {
	defer fault.Wrap(&err, "account.DeleteToken(%s)", id)
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		o := audit.Object{Kind: "token", ID: id}
		err := tx.NewRaw("DELETE FROM tokens WHERE id = ? AND person_id = ? AND kind = ? RETURNING name", id, personID, kindAPI).Scan(ctx, &o.Name)
		if err != nil {
			return store.Missing(err, "token")
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "token.delete", Object: o, Detail: map[string]any{"person": personID}})
	})
}

// Revoke ends the API or refresh token with the secret; an unknown one is no error.
func (s *Store) Revoke(ctx context.Context, secret string) (err error) {
	defer fault.Wrap(&err, "account.Revoke")
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		o, person := audit.Object{Kind: "token"}, ""
		err := tx.NewRaw("DELETE FROM tokens WHERE secret_hash = ? RETURNING id, name, person_id", vault.Hash(secret)).Scan(ctx, &o.ID, &o.Name, &person)
		if missing := store.Missing(err, "token"); err != nil && missing != err {
			return nil
		}
		if err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "token.delete", Object: o, Detail: map[string]any{"person": person}})
	})
}

// Bearer returns the person for whom a program speaks: by an API token or an
// access token. via names which: "token" or "access".
func (s *Store) Bearer(ctx context.Context, token string) (p *Person, via string, err error) {
	defer fault.Wrap(&err, "account.Bearer")
	if len(token) > 4096 {
		return nil, "", errBearer(nil)
	}
	if strings.HasPrefix(token, tokenPrefix) {
		p, err = s.bearerAPI(ctx, token)
		return p, "token", err
	}
	p, err = s.bearerAccess(ctx, token)
	return p, "access", err
}

func errBearer(cause error) error {
	return fault.Because(fault.SignIn, cause, "The token is not valid or has expired")
}

func (s *Store) bearerAPI(ctx context.Context, secret string) (*Person, error) {
	var row tokenRow
	err := s.db.Read().NewRaw("SELECT "+tokenColumns+" FROM tokens WHERE secret_hash = ? AND kind = ? AND expires_at > ?",
		vault.Hash(secret), kindAPI, s.now()).Scan(ctx, &row)
	if missing := store.Missing(err, "token"); missing != err {
		return nil, errBearer(err)
	}
	if err != nil {
		return nil, err
	}
	if now := s.now(); row.LastUsedAt == nil || now.Sub(*row.LastUsedAt) > seenEvery {
		err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewRaw("UPDATE tokens SET last_used_at = ? WHERE id = ?", now, row.ID).Exec(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	p, err := s.Active(ctx, row.PersonID)
	if err != nil {
		return nil, err
	}
	token := row.token()
	p = p.narrowed(token.Scopes)
	p.through = &token
	return p, nil
}

// Active returns a person who may act, as they are now or were a moment ago: known and not disabled.
func (s *Store) Active(ctx context.Context, id string) (*Person, error) {
	s.look()
	if p, ok := s.proven.person(id, s.now()); ok {
		return p, nil
	}
	changes := s.proven.changed()
	p, err := s.Get(ctx, id)
	if fault.Is(err, fault.NotFound) || (err == nil && p.Disabled) {
		return nil, errBearer(err)
	}
	if err == nil {
		s.proven.keep(p, s.now(), changes)
	}
	return p, err
}
