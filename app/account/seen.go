package account

import (
	"context"
	"time"

	"assay/app/fault"
)

// LastSeen returns when each person with a session or token was last there, by
// id, as of their sessions and tokens that have not ended.
func (s *Store) LastSeen(ctx context.Context) (seen map[string]time.Time, err error) {
	defer fault.Wrap(&err, "account.LastSeen")
	seen = map[string]time.Time{}
	for _, statement := range []string{
		"SELECT person_id, seen_at AS at FROM sessions WHERE person_id <> ''",
		"SELECT person_id, last_used_at AS at FROM tokens WHERE last_used_at IS NOT NULL",
	} {
		var rows []struct {
			PersonID string    `bun:"person_id"`
			At       time.Time `bun:"at"`
		}
		if err := s.db.Read().NewRaw(statement).Scan(ctx, &rows); err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.At.After(seen[r.PersonID]) {
				seen[r.PersonID] = r.At
			}
		}
	}
	return seen, nil
}

// Sizes returns how many members each group has, by id; one without members is left out.
func (s *Store) Sizes(ctx context.Context) (sizes map[string]int, err error) {
	defer fault.Wrap(&err, "account.Sizes")
	var rows []struct {
		GroupID string `bun:"group_id"`
		N       int    `bun:"n"`
	}
	if err := s.db.Read().NewRaw("SELECT group_id, count(*) AS n FROM members GROUP BY group_id").Scan(ctx, &rows); err != nil {
		return nil, err
	}
	sizes = map[string]int{}
	for _, r := range rows {
		sizes[r.GroupID] = r.N
	}
	return sizes, nil
}
