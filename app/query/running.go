package query

import (
	"context"
	"sync/atomic"
	"time"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/source"
)

// The states of a question.
const (
	stateQueued    = "queued"
	stateRunning   = "running"
	stateDone      = "done"
	stateFailed    = "failed"
	stateCancelled = "cancelled"
)

// running is a question that was asked, until some time after its end.
type running struct {
	ID         string
	person     string
	connection string
	started    time.Time
	ctx        context.Context
	cancel     context.CancelFunc
	cancelled  atomic.Bool
	rows       atomic.Int64
	state      atomic.Value // string
	failure    atomic.Pointer[source.Failure]
	ended      atomic.Pointer[time.Time]
	// request and asked are what its rights are checked with again while it runs.
	request Request
	asked   *prepared
}

func (q *running) fail(err error) {
	state := stateFailed
	if f := source.AsFailure(err); f != nil {
		q.failure.Store(f)
		if f.Code == source.Cancelled {
			state = stateCancelled
		}
	}
	q.state.Store(state)
}

// State is what can be told of a question by its id.
type State struct {
	ID         string
	Connection string
	State      string // queued, running, done, failed or cancelled
	Rows       int
	Started    time.Time
	Elapsed    time.Duration
	Failure    *source.Failure
}

// keptStates is how many ended questions' states are remembered.
const keptStates = 1000

func (r *Runner) start(ctx context.Context, cancel context.CancelFunc, req Request, p *prepared) *running {
	run := &running{ID: newQueryID(), person: req.Person.ID, connection: req.Connection, started: r.now(), ctx: ctx, cancel: cancel, request: req, asked: p}
	run.state.Store(stateQueued)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live[run.ID] = run
	return run
}

func (r *Runner) end(run *running, err error) {
	now := r.now()
	if !run.ended.CompareAndSwap(nil, &now) {
		return
	}
	if state := run.state.Load(); err == nil && (state == stateRunning || state == stateQueued) {
		run.state.Store(stateDone)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.live, run.ID)
	if len(r.ended) >= keptStates {
		r.ended = append(r.ended[:0], r.ended[len(r.ended)-keptStates+1:]...)
	}
	r.ended = append(r.ended, run)
}

// find returns a question that this person asked, or any for an administrator.
func (r *Runner) find(p *account.Person, id string) (*running, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	run := r.live[id]
	for i := len(r.ended) - 1; run == nil && i >= 0; i-- {
		if r.ended[i].ID == id {
			run = r.ended[i]
		}
	}
	if run == nil || p == nil || (run.person != p.ID && p.Role != account.Admin) {
		return nil, fault.New(fault.NotFound, "There is no such query")
	}
	return run, nil
}

// State tells how a question stands; only who asked it and administrators may know.
func (r *Runner) State(p *account.Person, id string) (State, error) {
	run, err := r.find(p, id)
	if err != nil {
		return State{}, err
	}
	s := State{ID: run.ID, Connection: run.connection, State: run.state.Load().(string), Rows: int(run.rows.Load()), Started: run.started, Failure: run.failure.Load()}
	if end := run.ended.Load(); end != nil {
		s.Elapsed = end.Sub(run.started)
	} else {
		s.Elapsed = r.now().Sub(run.started)
	}
	return s, nil
}

// Cancel ends a question here and in the database; one that has ended already stays as it is.
func (r *Runner) Cancel(p *account.Person, id string) error {
	run, err := r.find(p, id)
	if err != nil {
		return err
	}
	run.stop()
	return nil
}

func (q *running) stop() {
	if q.ended.Load() == nil {
		q.cancelled.Store(true)
		q.cancel()
	}
}

// watchEvery is how often the rights behind running questions are looked at again.
const watchEvery = time.Second

// Watch ends, until ctx does, the questions of people who may no longer ask
// them: who was disabled, lost a role or a right, or is under other rules now.
func (r *Runner) Watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.mu.Lock()
		live := make([]*running, 0, len(r.live))
		for _, run := range r.live {
			live = append(live, run)
		}
		r.mu.Unlock()
		for _, run := range live {
			if !r.stillMay(ctx, run) {
				run.stop()
			}
		}
	}
}

// stillMay reports whether the person may still ask what is running; where that
// cannot be found out now, they may until it can.
func (r *Runner) stillMay(ctx context.Context, run *running) bool {
	err := r.stillSees(ctx, run.request, run.asked)
	switch fault.KindOf(err) {
	case fault.SignIn, fault.Denied, fault.NotFound, fault.Conflict:
		return false
	}
	return true
}

// Load tells how many questions run and how many wait.
func (r *Runner) Load() (live, waiting int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.queues {
		waiting += q.waitingNow()
	}
	return len(r.live) - waiting, waiting
}
