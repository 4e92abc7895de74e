package account

import (
	"context"
	"strings"
	"time"

	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// FindToken returns the API token with the secret, so that who has just made it learns its id.
func (s *Store) FindToken(ctx context.Context, secret string) (t Token, err error) {
	defer fault.Wrap(&err, "account.FindToken")
	err = s.db.Read().NewRaw("SELECT id, person_id, name, created_at, expires_at, last_used_at FROM tokens WHERE secret_hash = ? AND kind = ?",
		vault.Hash(secret), kindAPI).Scan(ctx, &t)
	return t, store.Missing(err, "token")
}

// Wait returns how long the slowest of the keys has to wait before its next try; 0 where none has to.
func (t *Throttle) Wait(keys ...string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	var wait time.Duration
	for _, k := range keys {
		if f := t.keys[strings.ToLower(k)]; f != nil {
			wait = max(wait, f.until.Sub(t.now()))
		}
	}
	return wait
}
