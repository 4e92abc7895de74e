package query

import (
	"context"
	"sync"

	"assay/app/fault"
)

// queue lets a fixed number of questions run at once on one connection and
// gives free places to waiting people in turn, so that one person's many
// questions do not hold up another's one.
type queue struct {
	mu      sync.Mutex
	free    int
	waiting map[string][]*place // by person
	turn    []string            // people who wait, the next first
	length  int
}

type place struct{ ready chan struct{} }

// mostWaiting is how many questions may wait on one connection.
const mostWaiting = 200

func newQueue(places int) *queue { return &queue{free: places, waiting: map[string][]*place{}} }

// take waits for a place; release gives it back.
func (q *queue) take(ctx context.Context, person string) (release func(), err error) {
	q.mu.Lock()
	if q.free > 0 && q.length == 0 {
		q.free--
		q.mu.Unlock()
		return sync.OnceFunc(q.release), nil
	}
	if q.length >= mostWaiting {
		q.mu.Unlock()
		return nil, fault.New(fault.TooMany, "Too many questions wait for this connection; try again in a moment")
	}
	p := &place{ready: make(chan struct{})}
	if len(q.waiting[person]) == 0 {
		q.turn = append(q.turn, person)
	}
	q.waiting[person] = append(q.waiting[person], p)
	q.length++
	q.mu.Unlock()

	select {
	case <-p.ready:
		return sync.OnceFunc(q.release), nil
	case <-ctx.Done():
		if q.leave(person, p) {
			return nil, ctx.Err()
		}
		// The place was given in the same moment: hand it on.
		q.release()
		return nil, ctx.Err()
	}
}

// leave takes p out of the queue; false where it has been served already.
func (q *queue) leave(person string, p *place) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, w := range q.waiting[person] {
		if w == p {
			q.waiting[person] = append(q.waiting[person][:i], q.waiting[person][i+1:]...)
			q.length--
			q.settle(person)
			return true
		}
	}
	return false
}

// settle takes a person who waits for nothing out of the turn.
func (q *queue) settle(person string) {
	if len(q.waiting[person]) > 0 {
		return
	}
	delete(q.waiting, person)
	for i, name := range q.turn {
		if name == person {
			q.turn = append(q.turn[:i], q.turn[i+1:]...)
			return
		}
	}
}

func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.length == 0 {
		q.free++
		return
	}
	person := q.turn[0]
	p := q.waiting[person][0]
	q.waiting[person] = q.waiting[person][1:]
	q.length--
	q.turn = append(q.turn[1:], person)
	q.settle(person)
	close(p.ready)
}

// waitingNow returns how many questions wait.
func (q *queue) waitingNow() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.length
}
