package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
)

// migration is one step of the schema; its statements run in one transaction
// with the mark that says so. {time}, {blob} and {int} stand for the engine's types,
// {bytewise} for an order by bytes and {strict} for columns that hold their type
// alone. A statement that begins with {sqlite} or {postgres} is for that engine only.
type migration struct {
	name       string
	statements []string
}

func (m migration) checksum() string {
	sum := sha256.Sum256([]byte(strings.Join(m.statements, ";\n")))
	return hex.EncodeToString(sum[:8])
}

var engineTypes = map[bool]*strings.Replacer{
	true:  strings.NewReplacer("{time}", "TIMESTAMPTZ", "{blob}", "BYTEA", "{int}", "BIGINT", "{bytewise}", `COLLATE "C"`, "{strict}", ""),
	false: strings.NewReplacer("{time}", "TIMESTAMP", "{blob}", "BLOB", "{int}", "INTEGER", "{bytewise}", "COLLATE BINARY", "{strict}", "STRICT"),
}

// forEngine returns the statement as the engine reads it, and whether it is for that engine at all.
func forEngine(statement string, postgres bool) (string, bool) {
	for mark, is := range map[string]bool{"{postgres}": true, "{sqlite}": false} {
		if rest, ok := strings.CutPrefix(statement, mark); ok {
			return engineTypes[postgres].Replace(rest), is == postgres
		}
	}
	return engineTypes[postgres].Replace(statement), true
}

// lockKey is the advisory lock under which PostgreSQL stores migrate: "assay" in ASCII.
const lockKey = 0x6173736179

// migrate applies what is missing, one transaction a step, each under a lock
// that a second process waits for: SQLite's write lock (the writer begins every
// transaction immediately) or an advisory lock of PostgreSQL.
func (s *Store) migrate(ctx context.Context, list []migration) error {
	for {
		done := false
		err := s.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			if s.postgres {
				if _, err := tx.ExecContext(ctx, fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", lockKey)); err != nil {
					return err
				}
			}
			if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"); err != nil {
				return err
			}
			next, err := pending(ctx, tx, list)
			if err != nil || next == nil {
				done = next == nil
				return err
			}
			for _, statement := range next.statements {
				text, ours := forEngine(statement, s.postgres)
				if !ours {
					continue
				}
				if _, err := tx.ExecContext(ctx, text); err != nil {
					return fmt.Errorf("%s: %w", next.name, err)
				}
			}
			_, err = tx.NewRaw("INSERT INTO migrations (name, checksum) VALUES (?, ?)", next.name, next.checksum()).Exec(ctx)
			return err
		})
		if err != nil || done {
			return err
		}
	}
}

// pending returns the first step not yet applied, or nil.
func pending(ctx context.Context, tx bun.Tx, list []migration) (*migration, error) {
	var applied []struct{ Name, Checksum string }
	if err := tx.NewRaw("SELECT name, checksum FROM migrations").Scan(ctx, &applied); err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, a := range applied {
		sums[a.Name] = a.Checksum
	}
	var next *migration
	for i := range list {
		sum, ok := sums[list[i].name]
		switch {
		case !ok && next == nil:
			next = &list[i]
		case ok && sum != list[i].checksum():
			return nil, fmt.Errorf("%s was applied in another form; this store belongs to another build", list[i].name)
		}
		delete(sums, list[i].name)
	}
	for name := range sums {
		return nil, fmt.Errorf("the store has the step %s, which this version does not know: it was written by a newer version", name)
	}
	return next, nil
}
