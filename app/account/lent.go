package account

import (
	"slices"
	"time"
)

// loan says that somebody's rights show something to others.
type loan struct {
	since time.Time
	by    []string
}

// Lend returns the person as one in whose name things are made for others: for a
// link's visitors, for the recipients of a delivery. What they saw when they lent
// their rights they answer for. What others saved since counts only where those
// could see as much themselves, or whoever may change a text could read through
// the eyes of whoever shared it; the runner of questions sees to it.
func (p *Person) Lend(since time.Time) *Person {
	lent := *p
	lent.loan = &loan{since: since}
	return &lent
}

// ShapedBy returns the person with one more who saved what is made in their name,
// and when. It is the same person where that was before they lent their rights, or
// where they lent none.
func (p *Person) ShapedBy(id string, at time.Time) *Person {
	if p.loan == nil || id == p.ID || !at.After(p.loan.since) || slices.Contains(p.loan.by, id) {
		return p
	}
	shaped := *p
	shaped.loan = &loan{since: p.loan.since, by: append(slices.Clone(p.loan.by), id)}
	return &shaped
}

// Shapers returns the ids of those for whom the person does not answer: who saved
// what is made in their name after they lent their rights.
func (p *Person) Shapers() []string {
	if p.loan == nil {
		return nil
	}
	return p.loan.by
}

// Lent reports whether the person's rights show something to others.
func (p *Person) Lent() bool { return p.loan != nil }
