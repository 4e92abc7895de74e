package query

import (
	"context"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/saved"
)

// shaped returns the person for whom a saved question is asked: where they have
// lent their rights it may have been saved since by somebody else.
func (r *Runner) shaped(ctx context.Context, p *account.Person, q *Question) (*account.Person, error) {
	if q == nil || !p.Lent() {
		return p, nil
	}
	by, at, err := saved.Saver(ctx, r.store.db.Read(), questions, q.ID, q.Version)
	if err != nil {
		return nil, err
	}
	return p.ShapedBy(by, at), nil
}

// lends refuses to show others what a person sees of a connection where somebody
// has shaped it who could not see as much.
func (r *Runner) lends(ctx context.Context, p *account.Person, connection string) error {
	for _, id := range p.Shapers() {
		if id == "" {
			continue // whoever runs the server, by the command line
		}
		by, err := r.people.Active(ctx, id)
		if err == nil {
			err = account.Check(by, account.Look, account.OnConnection(connection))
		}
		sight := ""
		if err == nil {
			sight, err = r.Sight(ctx, by, connection)
		}
		switch kind := fault.KindOf(err); {
		case err == nil && sight == "":
		case err == nil, kind == fault.Denied, kind == fault.NotFound, kind == fault.SignIn:
			return fault.Because(fault.Denied, err, "It was changed since it was shared, by somebody who may not see all of these rows. Whoever shared it has to look at it and save it again.")
		default:
			return err
		}
	}
	return nil
}
