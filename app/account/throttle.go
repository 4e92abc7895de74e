package account

import (
	"strings"
	"sync"
	"time"

	"assay/app/fault"
)

// Throttle slows guessing down: after a few failures for a key (an address, a
// network) each further try waits longer, up to a quarter of an hour. It never
// locks a key for good, and a success clears it.
type Throttle struct {
	mu   sync.Mutex
	now  func() time.Time
	keys map[string]*failures
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

// NewThrottle returns a throttle with no failures.
func NewThrottle() *Throttle { return &Throttle{now: time.Now, keys: map[string]*failures{}} }

// Allow returns a TooMany fault where one of the keys has to wait.
func (t *Throttle) Allow(keys ...string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var wait time.Duration
	for _, k := range keys {
		if f := t.keys[strings.ToLower(k)]; f != nil {
			wait = max(wait, f.until.Sub(t.now()))
		}
	}
	if wait > 0 {
		return fault.New(fault.TooMany, "Too many tries; wait %s and try again", wait.Round(time.Second)+time.Second)
	}
	return nil
}

// Failed counts a failure for each key.
func (t *Throttle) Failed(keys ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if len(t.keys) >= mostKeys {
		for k, f := range t.keys {
			if now.After(f.until) {
				delete(t.keys, k)
			}
		}
	}
	for _, k := range keys {
		k = strings.ToLower(k)
		f := t.keys[k]
		if f == nil {
			f = &failures{}
			t.keys[k] = f
		}
		f.count++
		if over := f.count - freeTries; over >= 0 {
			f.until = now.Add(min(longestWait, time.Second<<min(over, 20)))
		}
	}
}

// Succeeded forgets the failures of the key.
func (t *Throttle) Succeeded(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.keys, strings.ToLower(key))
}
