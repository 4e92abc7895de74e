package account

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"assay/app/audit"
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

// Session is a browser's state on the server; the browser holds only its secret.
type Session struct {
	// ID names the session in lists; it is not the secret that the browser holds.
	ID       string `bun:"id"`
	PersonID string `bun:"person_id"`
	Data     []byte `bun:"data"`
	// Via is how the person signed in: "password", "link" or an identity provider's id.
	Via       string    `bun:"via"`
	Address   string    `bun:"address"` // the network address it was last used from
	Agent     string    `bun:"agent"`   // what the browser says it is
	CreatedAt time.Time `bun:"created_at"`
	SeenAt    time.Time `bun:"seen_at"`
	ExpiresAt time.Time `bun:"expires_at"`
	// ProvenAt is when the person last proved who they are.
	ProvenAt *time.Time `bun:"proven_at"`
}

const sessionColumns = "id, person_id, data, via, address, agent, created_at, seen_at, expires_at, proven_at"

// Session returns the session with the secret a browser sent; an unknown or ended one is NotFound.
func (s *Store) Session(ctx context.Context, secret string) (session *Session, err error) {
	defer fault.Wrap(&err, "account.Session")
	session = new(Session)
	hash := vault.Hash(secret)
	err = s.db.Read().NewRaw("SELECT "+sessionColumns+" FROM sessions WHERE id_hash = ?", hash).Scan(ctx, session)
	if err != nil {
		return nil, store.Missing(err, "session")
	}
	now := s.now()
	if now.After(session.ExpiresAt) || now.Sub(session.SeenAt) > SessionIdle {
		return nil, fault.New(fault.NotFound, "There is no such session")
	}
	if now.Sub(session.SeenAt) > seenEvery {
		err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewRaw("UPDATE sessions SET seen_at = ?, address = ? WHERE id_hash = ?", now, audit.ActorOf(ctx).Address, hash).Exec(ctx)
			return err
		})
	}
	return session, err
}

// StartSession makes a session and returns the secret for the browser. What it
// needs of session is PersonID (empty for one of nobody), Data, Via and Agent.
func (s *Store) StartSession(ctx context.Context, session Session) (secret string, err error) {
	defer fault.Wrap(&err, "account.StartSession")
	secret = rand.Text() + rand.Text()
	now := s.now()
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("DELETE FROM sessions WHERE expires_at < ?", now).Exec(ctx); err != nil {
			return err
		}
		id, address := store.NewID(), audit.ActorOf(ctx).Address
		if _, err := tx.NewRaw("INSERT INTO sessions (id_hash, id, person_id, data, via, address, agent, created_at, seen_at, expires_at, proven_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			vault.Hash(secret), id, session.PersonID, session.Data, session.Via, address, clip(session.Agent, 300), now, now, now.Add(SessionLife), now).Exec(ctx); err != nil {
			return err
		}
		if session.PersonID == "" {
			return nil
		}
		o := audit.Object{Kind: "person", ID: session.PersonID}
		if err := tx.NewRaw("SELECT email FROM people WHERE id = ?", session.PersonID).Scan(ctx, &o.Name); err != nil {
			return store.Missing(err, "person")
		}
		actor := audit.ActorOf(ctx)
		actor.ID, actor.Name, actor.Via = session.PersonID, o.Name, "session"
		return s.log.Append(audit.As(ctx, actor), tx, audit.Event{Action: "session.start", Object: o, Detail: map[string]any{"via": session.Via, "session": id}})
	})
	return secret, err
}

// SaveSession writes what a session holds.
func (s *Store) SaveSession(ctx context.Context, secret string, data []byte) (err error) {
	defer fault.Wrap(&err, "account.SaveSession")
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("UPDATE sessions SET data = ?, seen_at = ? WHERE id_hash = ?", data, s.now(), vault.Hash(secret)).Exec(ctx)
		return store.Changed(res, err, "session")
	})
}

// RenewSession notes that the person of the session has just proved who they are
// again, and gives the session another secret, which it returns: one that was
// known before means nothing after.
func (s *Store) RenewSession(ctx context.Context, secret string) (fresh string, err error) {
	defer fault.Wrap(&err, "account.RenewSession")
	fresh = rand.Text() + rand.Text()
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		o, id := audit.Object{Kind: "person"}, ""
		err := tx.NewRaw("UPDATE sessions SET id_hash = ?, proven_at = ?, seen_at = ? WHERE id_hash = ? RETURNING person_id, id", vault.Hash(fresh), s.now(), s.now(), vault.Hash(secret)).Scan(ctx, &o.ID, &id)
		if err != nil {
			return store.Missing(err, "session")
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "session.prove", Object: o, Detail: map[string]any{"session": id}})
	})
	return fresh, err
}

// Sessions returns a person's sessions, the last used first.
func (s *Store) Sessions(ctx context.Context, personID string) (list []Session, err error) {
	defer fault.Wrap(&err, "account.Sessions(%s)", personID)
	err = s.db.Read().NewRaw("SELECT "+sessionColumns+" FROM sessions WHERE person_id = ? AND expires_at > ? AND seen_at > ? ORDER BY seen_at DESC, id",
		personID, s.now(), s.now().Add(-SessionIdle)).Scan(ctx, &list)
	return list, err
}

// DeleteSession ends one of a person's sessions by its id.
func (s *Store) DeleteSession(ctx context.Context, personID, id string) (err error) {
	defer fault.Wrap(&err, "account.DeleteSession(%s)", id)
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("DELETE FROM sessions WHERE person_id = ? AND id = ?", personID, id).Exec(ctx)
		if err := store.Changed(res, err, "session"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "session.end", Object: audit.Object{Kind: "person", ID: personID}, Detail: map[string]any{"session": id}})
	})
}

// EndSession ends the session with the secret; an unknown one is no error.
func (s *Store) EndSession(ctx context.Context, secret string) (err error) {
	defer fault.Wrap(&err, "account.EndSession")
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		o, id := audit.Object{Kind: "person"}, ""
		err := tx.NewRaw("DELETE FROM sessions WHERE id_hash = ? RETURNING person_id, id", vault.Hash(secret)).Scan(ctx, &o.ID, &id)
		if missing := store.Missing(err, "session"); err != nil && missing != err || err == nil && o.ID == "" {
			return nil
		}
		if err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "session.end", Object: o, Detail: map[string]any{"session": id}})
	})
}

// clip shortens a text to at most n bytes at a character's end.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}
