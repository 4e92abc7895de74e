package query

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
)

// flights lets the same question, asked at once, run once. Unlike singleflight
// it ends the work when the last who waits for it has gone.
type flights struct {
	mu  sync.Mutex
	now map[[32]byte]*flight
}

type flight struct {
	waiting int
	cancel  context.CancelFunc
	done    chan struct{}
	result  *Result
	err     error
}

// flightKey names a question: what is sent, where, what is said of it, how much is
// kept, and what limits it.
func flightKey(req Request, p *prepared) [32]byte {
	body, _ := json.Marshal([]any{req.Connection, p.opened.Connection.Version, p.version, p.statement.SQL, p.statement.Args, p.outputs, p.shown, req.Explain, req.Limit, req.Timeout, p.view})
	return sha256.Sum256(body)
}

func (f *flights) do(ctx context.Context, key [32]byte, work func(ctx context.Context) (*Result, error)) (*Result, error) {
	f.mu.Lock()
	if f.now == nil {
		f.now = map[[32]byte]*flight{}
	}
	one, shared := f.now[key]
	if !shared {
		detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
		one = &flight{cancel: cancel, done: make(chan struct{})}
		f.now[key] = one
		go func() {
			defer cancel()
			one.result, one.err = work(detached)
			f.mu.Lock()
			if f.now[key] == one {
				delete(f.now, key)
			}
			f.mu.Unlock()
			close(one.done)
		}()
	}
	one.waiting++
	f.mu.Unlock()

	select {
	case <-one.done:
	case <-ctx.Done():
		f.mu.Lock()
		one.waiting--
		if one.waiting == 0 {
			one.cancel()
			if f.now[key] == one {
				delete(f.now, key) // whoever asks next starts anew
			}
		}
		f.mu.Unlock()
		return nil, ctx.Err()
	}
	if one.err != nil {
		return nil, one.err
	}
	result := *one.result
	result.Shared = shared
	return &result, nil
}
