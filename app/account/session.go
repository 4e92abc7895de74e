package account

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Session ends after SessionIdle without a request and after SessionLife in any case.
const (
	SessionIdle = 12 * time.Hour
	SessionLife = 7 * 24 * time.Hour
	// seenEvery is how often a session's last use is written down.
	seenEvery = 5 * time.Minute
)

// Session is a browser's state on the server; the browser holds only its id.
type Session struct {
	PersonID  string    `bun:"person_id"`
	Data      []byte    `bun:"data"`
	CreatedAt time.Time `bun:"created_at"`
	SeenAt    time.Time `bun:"seen_at"`
	ExpiresAt time.Time `bun:"expires_at"`
}

// Session returns the session with the id a browser sent; an unknown or ended one is NotFound.
func (s *Store) Session(ctx context.Context, id string) (session *Session, err error) {
	defer fault.Wrap(&err, "account.Session")
	session = new(Session)
	hash := vault.Hash(id)
	err = s.db.Read().NewRaw("SELECT person_id, data, created_at, seen_at, expires_at FROM sessions WHERE id_hash = ?", hash).Scan(ctx, session)
	if err != nil {
		return nil, store.Missing(err, "session")
	}
	now := s.now()
	if now.After(session.ExpiresAt) || now.Sub(session.SeenAt) > SessionIdle {
		return nil, fault.New(fault.NotFound, "There is no such session")
	}
	if now.Sub(session.SeenAt) > seenEvery {
		err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewRaw("UPDATE sessions SET seen_at = ? WHERE id_hash = ?", now, hash).Exec(ctx)
			return err
		})
	}
	return session, err
}

// SaveSession writes a session; an empty id makes a new one and returns its id.
func (s *Store) SaveSession(ctx context.Context, id, personID string, data []byte) (_ string, err error) {
	defer fault.Wrap(&err, "account.SaveSession")
	fresh := id == ""
	if fresh {
		id = rand.Text() + rand.Text()
	}
	now := s.now()
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if fresh {
			if _, err := tx.NewRaw("DELETE FROM sessions WHERE expires_at < ?", now).Exec(ctx); err != nil {
				return err
			}
			_, err := tx.NewRaw("INSERT INTO sessions (id_hash, person_id, data, created_at, seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
				vault.Hash(id), personID, data, now, now, now.Add(SessionLife)).Exec(ctx)
			return err
		}
		res, err := tx.NewRaw("UPDATE sessions SET person_id = ?, data = ?, seen_at = ? WHERE id_hash = ?", personID, data, now, vault.Hash(id)).Exec(ctx)
		return store.Changed(res, err, "session")
	})
	return id, err
}

// EndSession ends the session with the id; an unknown one is no error.
func (s *Store) EndSession(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "account.EndSession")
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("DELETE FROM sessions WHERE id_hash = ?", vault.Hash(id)).Exec(ctx)
		return err
	})
}
