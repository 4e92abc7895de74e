package account

import (
	"context"

	"github.com/uptrace/bun"

	"assay/app/fault"
)

// CreateWith makes a person as Create does, without a password, and does what
// also does to them in the same transaction: both are done or neither is.
func (s *Store) CreateWith(ctx context.Context, n NewPerson, also func(ctx context.Context, tx bun.Tx, personID string) error) (p *Person, err error) {
	defer fault.Wrap(&err, "account.CreateWith")
	n.Password = ""
	if err := s.check(ctx, &n); err != nil {
		return nil, err
	}
	p = n.person(s.now())
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.insert(ctx, tx, p); err != nil {
			return err
		}
		if err := s.joinGroups(ctx, tx, p.ID, n.Groups); err != nil {
			return err
		}
		return also(ctx, tx, p.ID)
	})
	if err != nil {
		return nil, err
	}
	s.touched()
	return p, s.withRights(ctx, p)
}
