package query

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/source"
)

// prepared is a question that passed every check and can be sent.
type prepared struct {
	opened    source.Opened
	limits    limits
	statement source.Statement
	text      string // before its guard printed it
	asked     string // the text for which positions are told
	outputs   []Output
	view      string // names what the person sees, see Runner.View
	tables    []source.Name
	limited   bool   // a table is read in part
	shown     string // the statement as people may see it: without what rules put into it
	version   string // of the connection's data, "" where it cannot be told
	explains  bool
	// within is the asked text as it stands in the text that was sent, where that says more.
	within *embedded
	// relied names what is remembered of questions' columns and was relied on.
	relied []descriptionKey
}

// place turns a position in the statement that was sent into one in the text that was asked; 0 where there is none.
func (p *prepared) place(position int) int {
	if p.within == nil {
		if p.asked == p.shown {
			return position
		}
		return source.MapPosition(p.asked, p.shown, position)
	}
	position = source.MapPosition(p.text, p.shown, position)
	for _, part := range []string{p.within.with, p.within.body} {
		here, there := strings.Index(p.text, part), strings.Index(p.within.printed, part)
		if part == "" || here < 0 || there < 0 {
			continue
		}
		from := utf8.RuneCountInString(p.text[:here])
		if position > from && position <= from+utf8.RuneCountInString(part) {
			return source.MapPosition(p.asked, p.within.printed, position-from+utf8.RuneCountInString(p.within.printed[:there]))
		}
	}
	return 0
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
	case req.looks:
		return account.Check(p, account.Look, account.OnConnection(req.Connection))
	case req.Spec == nil:
		return account.Check(p, account.AskSQL, account.OnConnection(req.Connection))
	}
	return account.Check(p, account.Ask, account.OnConnection(req.Connection))
}

// prepare checks rights, compiles or binds, and guards. What does not fit the
// columns of another question as they are remembered is tried with those it has now.
func (r *Runner) prepare(ctx context.Context, req Request) (*prepared, error) {
	p := &prepared{}
	err := r.prepareOnce(ctx, req, p)
	if len(p.relied) > 0 && !req.anew && len(fault.FieldsOf(err)) > 0 {
		req.anew, p = true, &prepared{}
		err = r.prepareOnce(ctx, req, p)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (r *Runner) prepareOnce(ctx context.Context, req Request, p *prepared) error {
	if err := req.check(req.Person); err != nil {
		return err
	}
	if (req.Spec == nil) == (req.SQL == "") {
		return fault.Field("sql", "Ask either in SQL or by clicking")
	}
	if err := checkNarrow(req.Narrow); err != nil {
		return err
	}
	person, err := r.shaped(ctx, req.Person, req.Saved)
	if err != nil {
		return err
	}
	if err := r.lends(ctx, person, req.Connection); err != nil {
		return err
	}
	opened, err := r.pools.Open(ctx, req.Connection)
	if err != nil {
		return err
	}
	limits, err := r.rules.limits(ctx, req.Person, opened)
	if err != nil {
		return err
	}
	p.opened, p.limits, p.asked, p.view = opened, limits, req.SQL, viewOf(opened, limits)
	p.version = r.versions.of(ctx, r.store.db, req.Connection, r.now())
	a := asking{person: req.Person, opened: opened, limits: limits, parameters: req.Parameters, narrow: req.Narrow, depth: req.depth, anew: req.anew, relied: &p.relied}
	if req.Spec != nil {
		if a.saved = req.saved; req.Saved != nil && req.saved == nil {
			a.saved, a.parameters = req.Saved.ownValues(req.Parameters)
		}
		compiled, err := r.compile(ctx, req.Spec, a)
		if err != nil {
			return err
		}
		p.text, p.statement.Args, p.outputs, p.asked = compiled.SQL, compiled.Args, compiled.Outputs, compiled.SQL
	} else if p.text, p.statement.Args, err = bindParameters(req.SQL, req.Parameters, opened.Driver.Dialect()); err != nil {
		return err
	}
	checked, err := r.guarded.check(opened.Driver, p.text, limits)
	if err != nil {
		if f := source.AsFailure(err); f != nil && p.text != req.SQL && req.Spec == nil {
			f.Position = source.MapPosition(req.SQL, p.text, f.Position)
		}
		return err
	}
	if req.Spec == nil && !empty(req.Narrow) {
		if err := r.narrowWritten(ctx, req, p, a); err != nil {
			return err
		}
		if checked, err = r.guarded.check(opened.Driver, p.text, limits); err != nil {
			if f := source.AsFailure(err); f != nil {
				f.Position = 0
			}
			return err
		}
	}
	if checked.limited && req.Explain {
		return source.Refuse(0, "A plan would tell of rows that a rule hides from you")
	}
	p.statement.SQL, p.statement.Explain, p.explains = checked.SQL, req.Explain, checked.Explain
	if limits.policy.Tables != nil {
		p.statement.Only = append([]source.Name{}, checked.Tables...)
	}
	p.tables, p.limited, p.shown = checked.Tables, checked.limited, checked.SQL
	if p.limited {
		plain, err := r.guarded.check(opened.Driver, p.text, unlimited(limits))
		if err != nil {
			return err
		}
		p.shown = plain.SQL
	}
	return nil
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
// that the person may know of. A question that it stands on is asked with the
// values that are saved with it.
func (r *Runner) Compile(ctx context.Context, p *account.Person, connection string, s *Spec) (*Compiled, error) {
	return r.CompileFor(ctx, Request{Person: p, Connection: connection, Spec: s})
}

func (r *Runner) compile(ctx context.Context, s *Spec, a asking) (*Compiled, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	in, err := r.inner(ctx, s, a)
	if err != nil {
		return nil, err
	}
	catalog, err := r.catalogFor(ctx, s, a)
	if err != nil {
		return nil, err
	}
	c := &compiler{spec: s, kind: a.opened.Driver.Kind(), narrow: a.narrow, binder: r.binder(a.opened)}
	return c.compile(catalog, in)
}

// binder returns a binder at the present time of the connection.
func (r *Runner) binder(opened source.Opened) binder {
	now := r.now().UTC()
	if zone := opened.Connection.Config.TimeZone; zone != "" {
		if loc, err := time.LoadLocation(zone); err == nil {
			now = now.In(loc)
		}
	}
	return binder{dialect: opened.Driver.Dialect(), now: now}
}

// catalogFor returns the tables that a spec can ask; nil where it asks the result of a question.
func (r *Runner) catalogFor(ctx context.Context, s *Spec, a asking) (*source.Catalog, error) {
	if s.Question != "" {
		return nil, nil
	}
	return r.rules.catalog(ctx, a.opened.Connection.ID, a.limits)
}
