package query

import (
	"cmp"
	"slices"

	"assay/app/account"
)

// Live returns the states of the questions that have not ended, the oldest
// first: a person's own, and everybody's for an administrator.
func (r *Runner) Live(p *account.Person) []State {
	r.mu.Lock()
	ids := make([]string, 0, len(r.live))
	for id := range r.live {
		ids = append(ids, id)
	}
	r.mu.Unlock()
	list := make([]State, 0, len(ids))
	for _, id := range ids {
		if s, err := r.State(p, id); err == nil {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b State) int { return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID)) })
	return list
}
