package share

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Store keeps links and who opened them.
type Store struct {
	db      *store.Store
	vault   *vault.Vault
	log     *audit.Log
	people  *account.Store
	objects Objects
	now     func() time.Time

	throttle *account.Throttle
	// passwords bounds the wrong ones of a link, wherever they come from.
	passwords *buckets
}

// Rooms are what a Store stands on.
type Rooms struct {
	Store    *store.Store
	Vault    *vault.Vault
	Log      *audit.Log
	People   *account.Store
	Throttle *account.Throttle
	Objects  Objects
}

// NewStore returns the links of a store; what changes about them, and each time
// one is opened, is recorded in the log.
func NewStore(r Rooms) *Store {
	return &Store{db: r.Store, vault: r.Vault, log: r.Log, people: r.People, objects: r.Objects,
		now: func() time.Time { return time.Now().UTC() }, throttle: r.Throttle, passwords: newBuckets(wrongPasswords, passwordPause)}
}

// Object returns what a person may share; where they may not it is a Denied or
// NotFound fault that says why.
func (s *Store) Object(ctx context.Context, kind Kind, id string, by *account.Person) (o *Object, err error) {
	defer fault.Wrap(&err, "share.Object(%s, %s)", kind, id)
	if o, err = s.objects.Find(ctx, kind, id); err != nil {
		return nil, err
	}
	return o, o.mayShare(by)
}

// Bounds of a link's password, in characters. What it guards is the link, which
// cannot be guessed itself.
const (
	shortestPassword = 6
	longestPassword  = 256
)

// tokenBytes is how many random bytes a token has.
const tokenBytes = 32

// tokenLength is how many characters a token has.
var tokenLength = base64.RawURLEncoding.EncodedLen(tokenBytes)

// Create makes a link to the object that s names and gives it an id; a password
// of "" means none. The token it returns is the last part of the link's address,
// and cannot be read again.
func (s *Store) Create(ctx context.Context, one *Share, password string, by *account.Person) (token string, err error) {
	defer fault.Wrap(&err, "share.Create(%s, %s)", one.Kind, one.ObjectID)
	o, err := s.Object(ctx, one.Kind, one.ObjectID, by)
	if err != nil {
		return "", err
	}
	one.ID, one.CreatedBy, one.CreatedAt, one.HasPassword = store.NewID(), by.ID, s.now(), password != ""
	one.RevokedAt, one.LastOpenedAt, one.Opened = nil, nil, 0
	one.subject = s.people.Freeze(by)
	if err := one.check(o, one.CreatedAt, by); err != nil {
		return "", err
	}
	one.password = ""
	if password != "" {
		if n := utf8.RuneCountInString(password); n < shortestPassword || n > longestPassword {
			return "", fault.Field("password", "A link's password has %d to %d characters", shortestPassword, longestPassword)
		}
		if one.password, err = s.people.HashPassword(ctx, password); err != nil {
			return "", err
		}
	}
	random := make([]byte, tokenBytes)
	rand.Read(random)
	token = base64.RawURLEncoding.EncodeToString(random)
	settings, err := json.Marshal(one.Settings)
	if err != nil {
		return "", err
	}
	subject, err := json.Marshal(one.subject)
	if err != nil {
		return "", err
	}
	r := &row{ID: one.ID, TokenHash: vault.Hash(token), Kind: one.Kind, ObjectID: one.ObjectID, Name: one.Name, PasswordHash: one.password,
		Settings: string(settings), Subject: string(subject), CreatedBy: by.ID, CreatedAt: one.CreatedAt, ExpiresAt: one.ExpiresAt}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if one.Settings.Snapshot != "" {
			var n int
			if err := tx.NewRaw("SELECT count(*) FROM snapshots WHERE id = ? AND item_id = ?", one.Settings.Snapshot, one.ObjectID).Scan(ctx, &n); err != nil {
				return err
			}
			if n == 0 {
				return fault.Field("snapshot", "The report has no such snapshot")
			}
		}
		if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "share.create", Object: one.object(), Detail: one.detail()})
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// detail is what the record says of a link.
func (s *Share) detail() map[string]any {
	return map[string]any{"kind": string(s.Kind), "object": s.ObjectID, "expires_at": s.ExpiresAt.UTC().Format(time.RFC3339),
		"protected": s.HasPassword, "fixed": s.Settings.Fixed, "free": s.Settings.Free, "origins": s.Settings.Origins, "download": s.Settings.Download}
}

// get returns a link whoever asks.
func (s *Store) get(ctx context.Context, where string, value any) (*Share, error) {
	r := new(row)
	if err := s.db.Read().NewSelect().Model(r).Where(where, value).Scan(ctx); err != nil {
		return nil, store.Missing(err, "link")
	}
	return r.share()
}

// Get returns a link that the person may know of: their own, any for an
// administrator, and those to what they may change. Others are NotFound.
func (s *Store) Get(ctx context.Context, id string, by *account.Person) (one *Share, err error) {
	defer fault.Wrap(&err, "share.Get(%s)", id)
	if one, err = s.get(ctx, "id = ?", id); err != nil {
		return nil, err
	}
	if !s.knows(ctx, one, by) {
		return nil, fault.New(fault.NotFound, "There is no such link")
	}
	return one, nil
}

// knows reports whether a person may know of a link, and end it.
func (s *Store) knows(ctx context.Context, one *Share, by *account.Person) bool {
	if account.Check(by, account.Share) != nil {
		return false
	}
	if by.ID == one.CreatedBy || by.Role == account.Admin {
		return true
	}
	o, err := s.objects.Find(ctx, one.Kind, one.ObjectID)
	return err == nil && account.Check(by, account.Save, account.InFolder(o.Folder)) == nil
}

// Find narrows a list of links.
type Find struct {
	// Kind and Object, where set, leave the links to one object; By those of one person.
	Kind   Kind
	Object string
	By     string
	// After is the id of the last link of the page before; Limit is the page's size, 0 for all.
	After string
	Limit int
	// For, where set, leaves out what this person may not know of.
	For *account.Person
}

// List returns links, the newest first.
func (s *Store) List(ctx context.Context, f Find) (list []Share, err error) {
	defer fault.Wrap(&err, "share.List")
	return store.Fill(f.After, f.Limit, func(after string) ([]Share, error) {
		f.After = after
		return s.some(ctx, f)
	}, func(one *Share) string { return one.ID }, func(one *Share) bool { return f.For == nil || s.knows(ctx, one, f.For) })
}

// some returns the next links, whoever may know of them.
func (s *Store) some(ctx context.Context, f Find) ([]Share, error) {
	var rows []row
	q := s.db.Read().NewSelect().Model(&rows).Order("created_at DESC", "id DESC")
	if f.Kind != "" {
		q.Where("kind = ?", f.Kind)
	}
	if f.Object != "" {
		q.Where("object_id = ?", f.Object)
	}
	if f.By != "" {
		q.Where("created_by = ?", f.By)
	}
	if f.After != "" {
		q.Where("(created_at, id) < (SELECT created_at, id FROM shares WHERE id = ?)", f.After)
	}
	if f.Limit > 0 {
		q.Limit(int64(f.Limit))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	list := make([]Share, len(rows))
	for i := range rows {
		one, err := rows[i].share()
		if err != nil {
			return nil, err
		}
		list[i] = *one
	}
	return list, nil
}

// Revoke ends a link; whoever may know of it may end it. One that was ended stays so.
func (s *Store) Revoke(ctx context.Context, id string, by *account.Person) (err error) {
	defer fault.Wrap(&err, "share.Revoke(%s)", id)
	one, err := s.Get(ctx, id, by)
	if err != nil || one.RevokedAt != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("UPDATE shares SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", s.now(), id).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return nil // somebody else was quicker
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "share.revoke", Object: one.object(), Detail: one.detail()})
	})
}

// Gone returns what is to be done in the transaction that removes an object of
// the kind: its links end.
func (s *Store) Gone(kind Kind) func(ctx context.Context, tx bun.Tx, id string) error {
	return func(ctx context.Context, tx bun.Tx, id string) error {
		_, err := tx.NewRaw("UPDATE shares SET revoked_at = ? WHERE kind = ? AND object_id = ? AND revoked_at IS NULL", s.now(), kind, id).Exec(ctx)
		return err
	}
}
