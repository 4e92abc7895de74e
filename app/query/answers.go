package query

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"
)

// answers keeps results to give them again, the least recently used ones going
// first; what is kept is shared and never changed.
type answers struct {
	most int // bytes

	mu     sync.Mutex
	bytes  int
	used   *list.List // of *answer, the latest used first
	byKey  map[answerKey]*list.Element
	hits   int64
	misses int64
}

// answerKey names everything on which an answer depends.
type answerKey [32]byte

type answer struct {
	key        answerKey
	connection string
	result     *Result
	size       int
}

// largestShare is which part of the memory a single answer may take.
const largestShare = 4

func newAnswers(most int) *answers {
	if most <= 0 {
		return nil
	}
	return &answers{most: most, used: list.New(), byKey: map[answerKey]*list.Element{}}
}

// answerKey names the answer to a question; false where no answer may be kept or given again.
func (r *Runner) answerKey(req Request, p *prepared) (answerKey, bool) {
	if r.kept == nil || p.version == "" || req.Explain || p.explains || req.MaxAge <= 0 && !req.Fresh {
		return answerKey{}, false
	}
	body, err := json.Marshal([]any{answerEncoding, p.opened.Connection.ID, p.opened.Connection.Version, p.version, p.statement.SQL, p.statement.Args,
		p.outputs, p.shown, p.view, req.Limit, r.limits.Rows, r.limits.Bytes})
	return sha256.Sum256(body), err == nil
}

// keptAnswer returns an answer that is no older than maxAge, from this process's
// memory or from what the replicas share.
func (r *Runner) keptAnswer(ctx context.Context, key answerKey, maxAge time.Duration) (*Result, bool) {
	since := r.now().Add(-maxAge)
	result, ok := r.kept.get(key, since)
	if !ok {
		var connection string
		if result, connection, ok = r.sharedAnswer(ctx, key, since); ok {
			r.kept.put(key, connection, result)
		}
	}
	r.kept.count(ok)
	if !ok {
		return nil, false
	}
	given := *result
	given.Cached, given.Shared = true, false
	return &given, true
}

// keepAnswer keeps an answer, unless a newer one is kept.
func (r *Runner) keepAnswer(key answerKey, connection string, result *Result) {
	kept := *result
	kept.Shared = false
	if r.kept.put(key, connection, &kept) {
		r.shareAnswer(key, connection, &kept)
	}
}

func (a *answers) get(key answerKey, since time.Time) (*Result, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, ok := a.byKey[key]
	if !ok || e.Value.(*answer).result.At.Before(since) {
		return nil, false
	}
	a.used.MoveToFront(e)
	return e.Value.(*answer).result, true
}

func (a *answers) count(hit bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if hit {
		a.hits++
	} else {
		a.misses++
	}
}

// put keeps an answer and reports whether it did.
func (a *answers) put(key answerKey, connection string, result *Result) bool {
	one := &answer{key, connection, result, result.size()}
	if one.size > a.most/largestShare {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if e, ok := a.byKey[key]; ok {
		if !e.Value.(*answer).result.At.Before(result.At) {
			return false
		}
		a.drop(e)
	}
	a.byKey[key] = a.used.PushFront(one)
	for a.bytes += one.size; a.bytes > a.most; {
		a.drop(a.used.Back())
	}
	return true
}

func (a *answers) drop(e *list.Element) {
	one := a.used.Remove(e).(*answer)
	delete(a.byKey, one.key)
	a.bytes -= one.size
}

// forget drops what is kept of a connection.
func (a *answers) forget(connection string) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for e := a.used.Front(); e != nil; {
		next := e.Next()
		if e.Value.(*answer).connection == connection {
			a.drop(e)
		}
		e = next
	}
}

// size returns about how many bytes the answer takes in memory.
func (r *Result) size() int {
	const around, column, cell = 1 << 10, 64, 4
	n := around + len(r.SQL) + r.Frame.Bytes() + r.Frame.Rows()*len(r.Frame.Columns)*cell
	for _, c := range r.Frame.Columns {
		n += column + len(c.Name) + len(c.Type)
	}
	return n + n/4 // what grew holds more room than it fills
}

// CacheStats tells how the memory of answers does.
type CacheStats struct {
	Entries int
	Bytes   int // that the answers take
	Most    int // bytes that they may take; 0 where none are kept
	Hits    int64
	Misses  int64
}

// CacheStats tells how the memory of answers of this process does, since its start.
func (r *Runner) CacheStats() CacheStats {
	a := r.kept
	if a == nil {
		return CacheStats{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return CacheStats{Entries: a.used.Len(), Bytes: a.bytes, Most: a.most, Hits: a.hits, Misses: a.misses}
}
