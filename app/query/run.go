package query

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
	"assay/app/store"
)

// Limits bound what one question may take.
type Limits struct {
	Timeout     time.Duration // of a question that asks for no other
	Rows        int           // of an answer that is held
	Bytes       int           // of the values of an answer that is held
	Concurrency int           // questions at once on one connection
	// Cache is how many bytes of answers are kept to be given again, in memory and,
	// packed, in what replicas share; 0 keeps none.
	Cache int
}

// longest is how much longer than the usual a question may ask to run; exports do.
const longest = 10

// Request is a question on its way to a database.
type Request struct {
	Person     *account.Person
	Connection string
	// SQL is a written question, Spec one built by clicking; exactly one is set.
	SQL  string
	Spec *Spec
	// Saved is the saved question that is asked, with its own connection and text
	// in place of those above: who may look may ask it.
	Saved *Question
	// Parameters holds the values of the written question's parameters as typed.
	Parameters map[string]string
	// Limit is the most rows wanted: 0 for the usual cap, Uncapped for all.
	Limit   int
	Timeout time.Duration
	// Narrow holds conditions that rows have to meet beside the question's own:
	// on columns of a built question's tables, or of a written question's result.
	Narrow []Filter
	// MaxAge lets an answer be given that is at most so old; 0 asks anew.
	MaxAge time.Duration
	// Fresh asks anew, whatever MaxAge says, and keeps the answer in place of an older one.
	Fresh bool
	// Explain asks for the database's plan instead of the rows.
	Explain bool

	looks   bool              // asks for what whoever may look at the connection may have
	inquiry bool              // asks for columns and not for rows
	anew    bool              // relies on nothing that is remembered of columns
	depth   int               // of questions that stand on this one
	saved   map[string]string // with questions that stand on this one
}

// Uncapped asks for every row; only what streams may ask so.
const Uncapped = -1

// Runner is the one door to the customers' databases: rights, guard, budget,
// queue, deadline and cancelling hold for everybody who asks through it.
type Runner struct {
	pools  *source.Pools
	store  *Store
	rules  *Rules
	people *account.Store
	log    *audit.Log
	limits Limits
	now    func() time.Time

	mu     sync.Mutex
	queues map[string]*queue
	live   map[string]*running
	ended  []*running // the latest, oldest first
	shared flights

	guarded   verdicts
	described descriptions
	kept      *answers
	versions  dataVersions
	sharing   chan struct{} // one place for each answer that is being written for others
	// closing counts the records of ended answers that are still being written.
	closing sync.WaitGroup
}

// Rooms are what a Runner stands on.
type Rooms struct {
	Pools     *source.Pools
	Questions *Store
	Rules     *Rules
	People    *account.Store
	Log       *audit.Log
}

// NewRunner returns the door to the pools' databases; every question is
// recorded in the log, written ones are noted in their person's history.
func NewRunner(r Rooms, l Limits) *Runner {
	return &Runner{pools: r.Pools, store: r.Questions, rules: r.Rules, people: r.People, log: r.Log, limits: l, now: time.Now,
		queues: map[string]*queue{}, live: map[string]*running{}, kept: newAnswers(l.Cache), sharing: make(chan struct{}, mostSharing)}
}

// Answer is a running question whose rows are being read; it is frame.Rows and must be closed.
type Answer struct {
	ID  string
	SQL string // what was sent
	// Columns are the result's columns.
	columns []frame.Column
	rows    frame.Rows
	asked   *prepared
	run     *running
	finish  func(error)
	limit   int
	count   int
	more    bool
	started time.Time
	now     func() time.Time
}

// Columns returns the result's columns.
func (a *Answer) Columns() []frame.Column { return a.columns }

// Count returns how many rows have been read.
func (a *Answer) Count() int { return a.count }

// Truncated reports whether there were more rows than the limit; it is known after the last row.
func (a *Answer) Truncated() bool { return a.more }

// Elapsed returns the time since the question was asked.
func (a *Answer) Elapsed() time.Duration { return a.now().Sub(a.started) }

// Next fills the batch; see frame.Rows.
func (a *Answer) Next(ctx context.Context, b *frame.Batch) error {
	if a.limit >= 0 && a.count >= a.limit {
		if !a.more {
			err := a.rows.Next(ctx, b) // is there one more?
			if err == nil {
				a.more = b.Rows() > 0
			} else if !errors.Is(err, io.EOF) {
				return a.fail(err)
			}
			b.Reset(len(a.columns))
		}
		return io.EOF
	}
	if err := a.rows.Next(ctx, b); err != nil {
		if errors.Is(err, io.EOF) {
			return err
		}
		return a.fail(err)
	}
	if a.limit >= 0 && a.count+b.Rows() > a.limit {
		b.Truncate(a.limit - a.count)
		a.more = true
	}
	a.count += b.Rows()
	a.run.rows.Store(int64(a.count))
	return nil
}

// fail tells a failure in the words of the question that was asked.
func (a *Answer) fail(err error) error {
	err = explainFailure(a.run, err, a.asked)
	a.run.fail(err)
	return err
}

// Close ends the question in the database, read to the end or not.
func (a *Answer) Close() error {
	err := a.rows.Close()
	a.finish(nil)
	return err
}

// explainFailure gives a failure its cause (cancelled by a person, out of time)
// and its position in the text that was asked. Of a statement that rules changed
// a position means nothing, and a syntax error would quote the rules.
func explainFailure(run *running, err error, asked *prepared) error {
	f := source.AsFailure(err)
	if run.cancelled.Load() {
		f = source.AsFailure(context.Canceled)
	} else if f == nil && run.ctx.Err() != nil {
		f = source.AsFailure(context.Cause(run.ctx))
	}
	if f == nil {
		return err
	}
	out := *f
	if out.Code == source.Cancelled && errors.Is(run.ctx.Err(), context.DeadlineExceeded) {
		out = *source.AsFailure(context.DeadlineExceeded)
	}
	if asked.limited && out.Code == source.DatabaseError {
		if out.Position = 0; syntaxStates[out.State] {
			out.Message, out.Hint = "The database could not read the statement with the rules for you in it", "Writing it in another way may help."
		}
		return &out
	}
	if out.Position > 0 && out.Code == source.DatabaseError {
		out.Position = asked.place(out.Position)
	}
	return &out
}

// syntaxStates are the engines' codes of errors whose message quotes the statement.
var syntaxStates = map[string]bool{"42601": true, "1064": true, "42000": true}

// Open asks the question and returns its rows as they come. The answer ends
// with ctx, with its deadline, or when somebody cancels it by its id. That it was
// asked is recorded before the first row is given, how it ended when it is closed.
func (r *Runner) Open(ctx context.Context, req Request) (_ *Answer, err error) {
	req.settle()
	p, err := r.prepare(ctx, req)
	if err != nil {
		return nil, r.recordRefusal(ctx, req, err)
	}
	recorded := r.recordAsked(ctx, req, p)
	a, err := r.send(ctx, req, p)
	if failed := <-recorded; failed != nil {
		if a != nil {
			a.Close()
		}
		return nil, failed
	}
	if err != nil {
		return nil, r.recordEnd(ctx, req, p, ended{err: err})
	}
	finish := a.finish
	a.finish = func(err error) {
		finish(err)
		if f := a.run.failure.Load(); f != nil && f.Code == source.DatabaseError {
			r.described.forget(p.relied)
		}
		r.closing.Add(1)
		go func() {
			defer r.closing.Done()
			r.recordEnd(ctx, req, p, ended{id: a.ID, rows: a.Count(), elapsed: a.Elapsed(), streamed: true, state: a.run.state.Load().(string)})
		}()
	}
	return a, nil
}

func (r *Runner) send(ctx context.Context, req Request, p *prepared) (_ *Answer, err error) {
	timeout := req.Timeout
	if timeout <= 0 {
		timeout = r.limits.Timeout
	}
	timeout = min(timeout, longest*r.limits.Timeout)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	run := r.start(ctx, cancel, req, p)
	started := r.now()
	var release func()
	finish := func(err error) {
		cancel()
		if release != nil {
			release()
		}
		r.end(run, err)
		if req.Spec == nil && req.Saved == nil && !req.inquiry {
			r.store.note(run, req, r.now().Sub(started))
		}
	}
	defer func() {
		if err != nil {
			err = explainFailure(run, err, p)
			run.fail(err)
			finish(err)
		}
	}()
	if release, err = r.queue(req.Connection).take(ctx, req.Person.ID); err != nil {
		return nil, err
	}
	run.state.Store(stateRunning)
	p.statement.Timeout, p.statement.Tag = timeout, run.ID
	rows, err := p.opened.DB.Query(ctx, p.statement)
	if err != nil {
		return nil, err
	}
	limit := req.Limit
	if limit == 0 {
		limit = r.limits.Rows
	}
	return &Answer{ID: run.ID, SQL: p.shown, columns: describe(rows.Columns(), p.outputs), rows: rows, asked: p,
		run: run, finish: finish, limit: limit, started: started, now: r.now}, nil
}

// describe lays what the compiler knows over what the driver told.
func describe(columns []frame.Column, outputs []Output) []frame.Column {
	if len(outputs) != len(columns) {
		return columns
	}
	list := append([]frame.Column(nil), columns...)
	for i, o := range outputs {
		list[i].Digits = o.Digits
		if o.Kind != frame.Other {
			list[i].Kind = o.Kind
		}
	}
	return list
}

// stillSees returns nil where the person may still ask what was asked and sees
// the same of it as when it was.
func (r *Runner) stillSees(ctx context.Context, req Request, asked *prepared) error {
	p, err := r.people.Again(ctx, req.Person)
	if err != nil {
		return err
	}
	if err := req.check(p); err != nil {
		return err
	}
	if err := r.checkInner(ctx, p, req.Connection, req.Spec); err != nil {
		return err
	}
	now, err := r.View(ctx, p, req.Connection)
	if err == nil && now != asked.view {
		err = fault.New(fault.Conflict, "What you may see changed while this was asked; ask again")
	}
	return err
}

func (r *Runner) queue(connection string) *queue {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.queues[connection]
	if q == nil {
		q = newQueue(r.limits.Concurrency)
		r.queues[connection] = q
	}
	return q
}

func newQueryID() string { return store.NewID() }
