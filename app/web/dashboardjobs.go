package web

import (
	"context"
	"sync"
	"time"

	"assay/app/dashboard"
	"assay/app/fault"
)

// boardJobs make cards: several at a time for each person, each with an end of
// its own. A card that nobody looks at any more is ended.
type boardJobs struct {
	mu    sync.Mutex
	jobs  map[string]*boardJob
	slots map[string]chan struct{} // by person
}

const (
	boardSlots   = 6                // cards made at once for one person
	boardFailed  = 30 * time.Second // how long a failure is shown before the card is asked anew
	boardUnasked = 20 * time.Second // how long nobody looks before a card is ended
)

// boardJob is a card on its way.
type boardJob struct {
	started time.Time
	cancel  context.CancelFunc
	done    chan struct{}
	made    *dashboard.Made
	ended   time.Time
	seen    time.Time
	// left says that nobody looked any more, so that the card is asked anew for whoever comes.
	left bool
}

// failed reports whether the card's question has no answer; done must be closed.
func (j *boardJob) failed() bool {
	return j.made.Answer != nil && j.made.Answer.Err != nil
}

// start returns the job with the name, beginning it where there is none; anew
// says that one that has failed is begun again.
func (x *boardJobs) start(ctx context.Context, person, name string, anew bool, work func(ctx context.Context) *dashboard.Made) *boardJob {
	name = person + " " + name
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.jobs == nil {
		x.jobs, x.slots = map[string]*boardJob{}, map[string]chan struct{}{}
	}
	now := time.Now()
	for key, old := range x.jobs {
		if !old.ended.IsZero() && now.Sub(old.ended) > boardFailed {
			delete(x.jobs, key)
		}
	}
	if j := x.jobs[name]; j != nil && (j.ended.IsZero() || !anew) {
		j.seen = now
		return j
	}
	slots := x.slots[person]
	if slots == nil {
		slots = make(chan struct{}, boardSlots)
		x.slots[person] = slots
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	j := &boardJob{started: now, cancel: cancel, done: make(chan struct{}), seen: now}
	x.jobs[name] = j
	go func() {
		defer cancel()
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
		}
		made := work(ctx)
		x.mu.Lock()
		defer x.mu.Unlock()
		j.made, j.ended = made, time.Now()
		if (!j.failed() || j.left) && x.jobs[name] == j {
			delete(x.jobs, name) // an answer is kept elsewhere
		}
		close(j.done)
	}()
	go x.watch(j)
	return j
}

func (x *boardJobs) watch(j *boardJob) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-j.done:
			return
		case <-tick.C:
			x.mu.Lock()
			if time.Since(j.seen) > boardUnasked {
				j.left = true
				j.cancel()
			}
			x.mu.Unlock()
		}
	}
}

// stop ends a person's card.
func (x *boardJobs) stop(person, name string) error {
	x.mu.Lock()
	j := x.jobs[person+" "+name]
	x.mu.Unlock()
	if j == nil {
		return fault.New(fault.NotFound, "This card is not being asked any more. Reload the dashboard to see it.")
	}
	j.cancel()
	<-j.done
	return nil
}
