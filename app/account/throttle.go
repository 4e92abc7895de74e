package account

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Throttle slows guessing down: after a few failures for a key (an address, a
// network) each further try waits longer, up to a quarter of an hour. It never
// locks a key for good, and a success clears it. It survives a restart.
type Throttle struct {
	db   *store.Store
	mu   sync.Mutex
	now  func() time.Time
	keys map[string]*failures // by hash
}

type failures struct {
	count int
	until time.Time
}

const (
	freeTries   = 5
	longestWait = 15 * time.Minute
	mostKeys    = 100_000
)

// NewThrottle returns a throttle that goes on where the one before ended.
func NewThrottle(ctx context.Context, db *store.Store) (*Throttle, error) {
	t := &Throttle{db: db, now: time.Now, keys: map[string]*failures{}}
	var rows []struct {
		KeyHash string    `bun:"key_hash"`
		Count   int       `bun:"count"`
		Until   time.Time `bun:"until"`
	}
	if err := db.Read().NewRaw("SELECT key_hash, count, until FROM throttle ORDER BY until DESC LIMIT ?", mostKeys).Scan(ctx, &rows); err != nil {
		return nil, err
	}
	for _, r := range rows {
		t.keys[r.KeyHash] = &failures{r.Count, r.Until}
	}
	return t, nil
}

func throttleKey(key string) string { return vault.Hash("throttle " + strings.ToLower(key)) }

// Allow returns a TooMany fault where one of the keys has to wait.
func (t *Throttle) Allow(keys ...string) error {
	if wait := t.Wait(keys...); wait > 0 {
		return fault.New(fault.TooMany, "Too many tries; wait %s and try again", wait.Round(time.Second)+time.Second)
	}
	return nil
}

// Wait returns how long the slowest of the keys has to wait before its next try; 0 where none has to.
func (t *Throttle) Wait(keys ...string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	var wait time.Duration
	for _, k := range keys {
		if f := t.keys[throttleKey(k)]; f != nil {
			wait = max(wait, f.until.Sub(t.now()))
		}
	}
	return wait
}

// Failed counts a failure for each key.
func (t *Throttle) Failed(keys ...string) {
	t.mu.Lock()
	now := t.now()
	if len(t.keys) >= mostKeys {
		for k, f := range t.keys {
			if now.After(f.until) {
				delete(t.keys, k)
			}
		}
	}
	changed := map[string]failures{}
	for _, k := range keys {
		k = throttleKey(k)
		f := t.keys[k]
		if f == nil {
			f = &failures{}
			t.keys[k] = f
		}
		f.count++
		f.until = now
		if over := f.count - freeTries; over >= 0 {
			f.until = now.Add(min(longestWait, time.Second<<min(over, 20)))
		}
		changed[k] = *f
	}
	t.mu.Unlock()
	t.write(func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("DELETE FROM throttle WHERE until < ?", now.Add(-forgotten).UTC()).Exec(ctx); err != nil {
			return err
		}
		for k, f := range changed {
			if _, err := tx.NewRaw(`INSERT INTO throttle (key_hash, count, until) VALUES (?, ?, ?)
				ON CONFLICT (key_hash) DO UPDATE SET count = excluded.count, until = excluded.until`, k, f.count, f.until.UTC()).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// Succeeded forgets the failures of the key.
func (t *Throttle) Succeeded(key string) {
	key = throttleKey(key)
	t.mu.Lock()
	known := t.keys[key] != nil
	delete(t.keys, key)
	t.mu.Unlock()
	if known {
		t.write(func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewRaw("DELETE FROM throttle WHERE key_hash = ?", key).Exec(ctx)
			return err
		})
	}
}

// forgotten is after how long without a failure a key is removed from the store.
const forgotten = 24 * time.Hour

// write keeps what changed for the next start. It holds in this process whether
// that succeeds or not, so a store that is busy makes nobody wait.
func (t *Throttle) write(change func(context.Context, bun.Tx) error) {
	if t.db == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := t.db.Write(ctx, change); err != nil {
		slog.Warn("failed tries not written", "err", err)
	}
}
