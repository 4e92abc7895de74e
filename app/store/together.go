package store

import (
	"context"

	"github.com/uptrace/bun"
)

// Together runs f with a store in which all that is read and written is one
// transaction: it is committed when f returns nil and rolled back otherwise. What
// f does with the store itself waits for the transaction's end, forever on
// SQLite, so f uses the one it is given alone.
func (s *Store) Together(ctx context.Context, f func(ctx context.Context, in *Store) error) error {
	err := s.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		return f(ctx, &Store{write: s.write, read: s.read, postgres: s.postgres, path: s.path, within: &tx})
	})
	if err == nil {
		s.Granted()
	}
	return err
}
