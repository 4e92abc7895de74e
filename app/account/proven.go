package account

import (
	"sync"
	"time"

	"assay/app/vault"
)

// proven remembers access tokens whose signature was verified, until they
// expire, and for a moment who acted: a program sends the same token with every
// request. What another process changes about a person counts within that
// moment, what this one changes at once.
type proven struct {
	mu     sync.Mutex
	tokens map[string]provenToken // by hash
	people map[string]provenPerson
	rights *allRights
	until  time.Time // the rights are trusted
	// changes counts what was forgotten, so that what was read before is not kept after.
	changes int
}

type provenPerson struct {
	person Person
	until  time.Time
}

// provenFor is the moment for which a person is not read again.
const provenFor = time.Second

func (p *proven) person(id string, now time.Time) (*Person, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.people[id]
	if !ok || !now.Before(one.until) {
		return nil, false
	}
	person := one.person
	return &person, true
}

func (p *proven) keep(person *Person, now time.Time, changes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changes != changes {
		return
	}
	if p.people == nil || len(p.people) >= mostProven {
		p.people = map[string]provenPerson{}
	}
	p.people[person.ID] = provenPerson{*person, now.Add(provenFor)}
}

// forget makes the next request read people anew.
func (p *proven) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.people, p.rights = nil, nil
	p.changes++
}

func (p *proven) changed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changes
}

func (p *proven) allRights(now time.Time) (*allRights, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rights, p.rights != nil && now.Before(p.until)
}

func (p *proven) keepRights(known *allRights, now time.Time, changes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changes == changes {
		p.rights, p.until = known, now.Add(provenFor)
	}
}

type provenToken struct {
	person string
	issued time.Time
	until  time.Time
}

// mostProven bounds the tokens remembered; a full memory is emptied.
const mostProven = 10_000

func (p *proven) get(token string, now time.Time) (t provenToken, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, ok = p.tokens[vault.Hash(token)]
	return t, ok && now.Before(t.until)
}

func (p *proven) put(token string, t provenToken) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tokens == nil || len(p.tokens) >= mostProven {
		p.tokens = map[string]provenToken{}
	}
	p.tokens[vault.Hash(token)] = t
}
