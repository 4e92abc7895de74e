package query

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"assay/app/account"
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
	// Saved says that the question was saved, so that who may look may run it.
	Saved bool
	// Parameters holds the values of the written question's parameters as typed.
	Parameters map[string]string
	// Limit is the most rows wanted: 0 for the usual cap, Uncapped for all.
	Limit   int
	Timeout time.Duration
	// Explain asks for the database's plan instead of the rows.
	Explain bool
}

// Uncapped asks for every row; only what streams may ask so.
const Uncapped = -1

// Runner is the one door to the customers' databases: rights, guard, budget,
// queue, deadline and cancelling hold for everybody who asks through it.
type Runner struct {
	pools  *source.Pools
	store  *Store
	limits Limits
	now    func() time.Time

	mu     sync.Mutex
	queues map[string]*queue
	live   map[string]*running
	ended  []*running // the latest, oldest first
	shared flights

	guarded verdicts
}

// NewRunner returns the door to the pools' databases; written questions are noted in the store's history.
func NewRunner(p *source.Pools, s *Store, l Limits) *Runner {
	return &Runner{pools: p, store: s, limits: l, now: time.Now, queues: map[string]*queue{}, live: map[string]*running{}}
}

// prepared is a question that passed every check and can be sent.
type prepared struct {
	opened    source.Opened
	statement source.Statement
	asked     string // the text for which positions are told
	outputs   []Output
}

// prepare checks rights, compiles or binds, and guards.
func (r *Runner) prepare(ctx context.Context, req Request) (*prepared, error) {
	action := account.Ask
	switch {
	case req.Saved:
		action = account.Look
	case req.Spec == nil:
		action = account.AskSQL
	}
	if err := account.Check(req.Person, action, req.Connection); err != nil {
		return nil, err
	}
	if (req.Spec == nil) == (req.SQL == "") {
		return nil, fault.Field("sql", "Ask either in SQL or by clicking")
	}
	opened, err := r.pools.Open(ctx, req.Connection)
	if err != nil {
		return nil, err
	}
	p := &prepared{opened: opened, asked: req.SQL}
	var text string
	if req.Spec != nil {
		compiled, err := r.Compile(ctx, req.Connection, req.Spec)
		if err != nil {
			return nil, err
		}
		text, p.statement.Args, p.outputs, p.asked = compiled.SQL, compiled.Args, compiled.Outputs, compiled.SQL
	} else if text, p.statement.Args, err = bindParameters(req.SQL, req.Parameters, opened.Driver.Dialect()); err != nil {
		return nil, err
	}
	checked, err := r.guarded.check(opened.Driver, text)
	if err != nil {
		if f := source.AsFailure(err); f != nil && text != req.SQL && req.Spec == nil {
			f.Position = source.MapPosition(req.SQL, text, f.Position)
		}
		return nil, err
	}
	p.statement.SQL, p.statement.Explain = checked.SQL, req.Explain
	return p, nil
}

// Compile spells a spec for its connection without running it.
func (r *Runner) Compile(ctx context.Context, connection string, s *Spec) (*Compiled, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	catalog, err := r.pools.Catalog(ctx, connection)
	if err != nil {
		return nil, err
	}
	opened, err := r.pools.Open(ctx, connection)
	if err != nil {
		return nil, err
	}
	now := r.now().UTC()
	if zone := opened.Connection.Config.TimeZone; zone != "" {
		if loc, err := time.LoadLocation(zone); err == nil {
			now = now.In(loc)
		}
	}
	return Compile(s, catalog, opened.Driver.Kind(), opened.Driver.Dialect(), now)
}

// Answer is a running question whose rows are being read; it is frame.Rows and must be closed.
type Answer struct {
	ID  string
	SQL string // what was sent
	// Columns are the result's columns.
	columns []frame.Column
	rows    frame.Rows
	asked   string
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
	err = explainFailure(a.run, err, a.asked, a.SQL)
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
// and its position in the text that was asked.
func explainFailure(run *running, err error, asked, sent string) error {
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
	if out.Position > 0 && asked != sent && out.Code == source.DatabaseError {
		out.Position = source.MapPosition(asked, sent, out.Position)
	}
	return &out
}

// Open asks the question and returns its rows as they come. The answer ends
// with ctx, with its deadline, or when somebody cancels it by its id.
func (r *Runner) Open(ctx context.Context, req Request) (_ *Answer, err error) {
	p, err := r.prepare(ctx, req)
	if err != nil {
		return nil, err
	}
	return r.send(ctx, req, p)
}

func (r *Runner) send(ctx context.Context, req Request, p *prepared) (_ *Answer, err error) {
	timeout := req.Timeout
	if timeout <= 0 {
		timeout = r.limits.Timeout
	}
	timeout = min(timeout, longest*r.limits.Timeout)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	run := r.start(ctx, cancel, req)
	started := r.now()
	var release func()
	finish := func(err error) {
		cancel()
		if release != nil {
			release()
		}
		r.end(run, err)
		if req.Spec == nil && !req.Saved && req.Person != nil {
			r.store.note(run, req, r.now().Sub(started))
		}
	}
	defer func() {
		if err != nil {
			err = explainFailure(run, err, p.asked, p.statement.SQL)
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
	return &Answer{ID: run.ID, SQL: p.statement.SQL, columns: describe(rows.Columns(), p.outputs), rows: rows, asked: p.asked,
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

// Result is an answer held in memory, within the limits.
type Result struct {
	ID      string
	SQL     string
	Frame   *frame.Frame
	Elapsed time.Duration
	// Shared says that the same question was being answered already and both got one answer.
	Shared bool
}

// Frame asks the question and holds its answer up to the limits, which
// Frame.Truncated tells. The same question asked at once by people with the
// same rights runs once.
func (r *Runner) Frame(ctx context.Context, req Request) (*Result, error) {
	if req.Limit <= 0 || req.Limit > r.limits.Rows {
		req.Limit = r.limits.Rows
	}
	p, err := r.prepare(ctx, req)
	if err != nil {
		return nil, err
	}
	return r.shared.do(ctx, flightKey(req, p), func(ctx context.Context) (*Result, error) {
		a, err := r.send(ctx, req, p)
		if err != nil {
			return nil, err
		}
		defer a.Close()
		f, err := frame.Read(ctx, a, req.Limit, r.limits.Bytes)
		if err != nil {
			return nil, err
		}
		f.Truncated = f.Truncated || a.Truncated()
		return &Result{ID: a.ID, SQL: a.SQL, Frame: f, Elapsed: a.Elapsed()}, nil
	})
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
