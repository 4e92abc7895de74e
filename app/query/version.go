package query

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
)

// dataVersions remembers for a moment how often the data of connections is known
// to have changed, which every process reads from our store.
type dataVersions struct {
	mu      sync.Mutex
	changes int
	known   map[string]dataVersion // by connection
}

type dataVersion struct {
	version string
	until   time.Time
}

// versionTrust is how long a version is used before the store is asked again
// whether another process changed it; our own changes count at once.
const versionTrust = time.Second

// of returns the version of a connection's data; "" where it cannot be read,
// when no kept answer can be trusted.
func (v *dataVersions) of(ctx context.Context, db *store.Store, connection string, now time.Time) string {
	v.mu.Lock()
	known, ok := v.known[connection]
	changes := v.changes
	v.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.version
	}
	var n int
	err := db.Read().NewRaw("SELECT version FROM data_versions WHERE connection_id = ?", connection).Scan(ctx, &n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return ""
	}
	version := strconv.Itoa(n)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.changes == changes {
		if v.known == nil || len(v.known) >= 1000 {
			v.known = map[string]dataVersion{}
		}
		v.known[connection] = dataVersion{version, now.Add(versionTrust)}
	}
	return version
}

func (v *dataVersions) changed() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.changes++
	v.known = nil
}

// Changed says that a connection's data changed, as after a load: no answer from
// before is given again, by this process at once and by others within a second.
func (r *Runner) Changed(ctx context.Context, connection string) (err error) {
	defer fault.Wrap(&err, "query.Changed(%s)", connection)
	defer r.versions.changed()
	err = r.store.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := known(ctx, tx, "connections", connection, "connection"); err != nil {
			return err
		}
		if _, err := tx.NewRaw(`INSERT INTO data_versions (connection_id, version, changed_at) VALUES (?, 1, ?)
			ON CONFLICT (connection_id) DO UPDATE SET version = data_versions.version + 1, changed_at = EXCLUDED.changed_at`, connection, r.now().UTC()).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewRaw("DELETE FROM answers WHERE connection_id = ?", connection).Exec(ctx)
		return err
	})
	if err == nil {
		r.kept.forget(connection)
	}
	return err
}

// Refresh is Changed for whoever has no context to give.
func (r *Runner) Refresh(connection string) error {
	ctx, cancel := context.WithTimeout(context.Background(), recordPatience)
	defer cancel()
	return r.Changed(ctx, connection)
}
