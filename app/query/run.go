package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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

	guarded verdicts
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
	return &Runner{pools: r.Pools, store: r.Questions, rules: r.Rules, people: r.People, log: r.Log, limits: l, now: time.Now, queues: map[string]*queue{}, live: map[string]*running{}}
}

// prepared is a question that passed every check and can be sent.
type prepared struct {
	opened    source.Opened
	statement source.Statement
	asked     string // the text for which positions are told
	outputs   []Output
	view      string // names what the person sees, see Runner.View
	tables    []source.Name
	limited   bool   // a table is read in part
	shown     string // the statement as people may see it: without what rules put into it
}

// settle fills in what a saved question asks.
func (req *Request) settle() {
	if q := req.Saved; q != nil {
		req.Connection, req.SQL, req.Spec = q.ConnectionID, q.Body.SQL, q.Body.Spec
	}
}

// check decides whether the person may ask.
func (req *Request) check(p *account.Person) error {
	switch {
	case req.Saved != nil:
		return account.Check(p, account.Look, account.InFolder(req.Saved.FolderID), account.OnConnection(req.Connection))
	case req.Spec == nil:
		return account.Check(p, account.AskSQL, account.OnConnection(req.Connection))
	}
	return account.Check(p, account.Ask, account.OnConnection(req.Connection))
}

// prepare checks rights, compiles or binds, and guards.
func (r *Runner) prepare(ctx context.Context, req Request) (*prepared, error) {
	if err := req.check(req.Person); err != nil {
		return nil, err
	}
	if (req.Spec == nil) == (req.SQL == "") {
		return nil, fault.Field("sql", "Ask either in SQL or by clicking")
	}
	opened, err := r.pools.Open(ctx, req.Connection)
	if err != nil {
		return nil, err
	}
	limits, err := r.rules.limits(ctx, req.Person, opened)
	if err != nil {
		return nil, err
	}
	p := &prepared{opened: opened, asked: req.SQL, view: viewOf(opened, limits)}
	var text string
	if req.Spec != nil {
		compiled, err := r.compile(ctx, opened, limits, req.Spec)
		if err != nil {
			return nil, err
		}
		text, p.statement.Args, p.outputs, p.asked = compiled.SQL, compiled.Args, compiled.Outputs, compiled.SQL
	} else if text, p.statement.Args, err = bindParameters(req.SQL, req.Parameters, opened.Driver.Dialect()); err != nil {
		return nil, err
	}
	checked, err := r.guarded.check(opened.Driver, text, limits)
	if err != nil {
		if f := source.AsFailure(err); f != nil && text != req.SQL && req.Spec == nil {
			f.Position = source.MapPosition(req.SQL, text, f.Position)
		}
		return nil, err
	}
	if checked.limited && req.Explain {
		return nil, source.Refuse(0, "A plan would tell of rows that a rule hides from you")
	}
	p.statement.SQL, p.statement.Explain = checked.SQL, req.Explain
	if limits.policy.Tables != nil {
		p.statement.Only = append([]source.Name{}, checked.Tables...)
	}
	p.tables, p.limited, p.shown = checked.Tables, checked.limited, checked.SQL
	if p.limited {
		plain, err := r.guarded.check(opened.Driver, text, unlimited(limits))
		if err != nil {
			return nil, err
		}
		p.shown = plain.SQL
	}
	return p, nil
}

// unlimited is the same without the rules, under which nothing is ever sent.
func unlimited(l limits) limits { return limits{policy: source.Policy{Routines: l.policy.Routines}} }

// View names what the person sees of a connection as it is now: an answer for
// one person may be shown to another one only where both have the same. It is
// never empty without an error.
func (r *Runner) View(ctx context.Context, p *account.Person, connection string) (string, error) {
	opened, err := r.pools.Open(ctx, connection)
	if err != nil {
		return "", err
	}
	l, err := r.rules.limits(ctx, p, opened)
	if err != nil {
		return "", err
	}
	return viewOf(opened, l), nil
}

func viewOf(opened source.Opened, l limits) string {
	return fmt.Sprintf("%s %d %s", opened.Connection.ID, opened.Connection.Version, cmp.Or(l.print, "all"))
}

// Compile spells a spec for its connection without running it, over the tables
// that the person may know of.
func (r *Runner) Compile(ctx context.Context, p *account.Person, connection string, s *Spec) (*Compiled, error) {
	opened, err := r.pools.Open(ctx, connection)
	if err != nil {
		return nil, err
	}
	l, err := r.rules.limits(ctx, p, opened)
	if err != nil {
		return nil, err
	}
	return r.compile(ctx, opened, l, s)
}

func (r *Runner) compile(ctx context.Context, opened source.Opened, l limits, s *Spec) (*Compiled, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	catalog, err := r.rules.catalog(ctx, opened.Connection.ID, l)
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
	limited bool
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
	err = explainFailure(a.run, err, a.asked, a.SQL, a.limited)
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
func explainFailure(run *running, err error, asked, sent string, limited bool) error {
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
	if limited && out.Code == source.DatabaseError {
		if out.Position = 0; syntaxStates[out.State] {
			out.Message, out.Hint = "The database could not read the statement with the rules for you in it", "Writing it in another way may help."
		}
		return &out
	}
	if out.Position > 0 && asked != sent && out.Code == source.DatabaseError {
		out.Position = source.MapPosition(asked, sent, out.Position)
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
		if req.Spec == nil && req.Saved == nil && req.Person != nil {
			r.store.note(run, req, r.now().Sub(started))
		}
	}
	defer func() {
		if err != nil {
			err = explainFailure(run, err, p.asked, p.shown, p.limited)
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
	return &Answer{ID: run.ID, SQL: p.shown, columns: describe(rows.Columns(), p.outputs), rows: rows, asked: p.asked, limited: p.limited,
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
	// Cached says that the answer was kept from before; At is when the database gave it.
	Cached bool
	At     time.Time
}

// Frame asks the question and holds its answer up to the limits, which
// Frame.Truncated tells. The same question asked at once by people with the
// same rights runs once. Who asked what, and what became of it, is recorded
// before the answer is given.
func (r *Runner) Frame(ctx context.Context, req Request) (*Result, error) {
	req.settle()
	if req.Limit <= 0 || req.Limit > r.limits.Rows {
		req.Limit = r.limits.Rows
	}
	p, err := r.prepare(ctx, req)
	if err != nil {
		return nil, r.recordRefusal(ctx, req, err)
	}
	started := r.now()
	result, err := r.shared.do(ctx, flightKey(req, p), func(ctx context.Context) (*Result, error) {
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
		return &Result{ID: a.ID, SQL: a.SQL, Frame: f, Elapsed: a.Elapsed(), At: r.now().UTC()}, nil
	})
	end := ended{err: err, elapsed: r.now().Sub(started)}
	if err == nil {
		end.id, end.rows, end.shared = result.ID, result.Frame.Rows(), result.Shared
	}
	if err == nil {
		// Somebody else may have asked it first, and rights may have gone meanwhile.
		end.err = r.stillSees(ctx, req, p)
	}
	if err := r.recordEnd(ctx, req, p, end); err != nil {
		return nil, err
	}
	return result, nil
}

// stillSees returns nil where the person may still ask what was asked and sees
// the same of it as when it was.
func (r *Runner) stillSees(ctx context.Context, req Request, asked *prepared) error {
	p, err := r.people.Active(ctx, req.Person.ID)
	if err != nil {
		return err
	}
	if err := req.check(p); err != nil {
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
