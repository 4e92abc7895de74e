package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/saved"
	"assay/app/source"
	"assay/app/store"
)

// perform does a run that is waiting; whoever comes second does nothing. Where
// it is to be tried again it returns after how long.
func (w *Works) perform(ctx context.Context, id string) (after time.Duration, err error) {
	r, err := w.claim(ctx, id)
	if err != nil || r == nil {
		return 0, err
	}
	ctx, done := w.hold(ctx, "runs", r.ID, r.Lease)
	defer done()
	var outcome result
	if r.Attempt > mostClaims {
		outcome = failed(true, fault.New(fault.Unavailable, "Assay stopped %d times while this ran; it is not tried again", mostClaims))
	} else if r.Kind == KindAlert {
		outcome = w.watch(ctx, r)
	} else {
		outcome = w.work(ctx, r)
	}
	if outcome.err != nil && ctx.Err() != nil {
		if errors.Is(context.Cause(ctx), errLost) {
			return 0, nil // cancelled, or taken over: what became of it is written
		}
		// We are being stopped: the next process takes it up.
		return 0, w.release(context.WithoutCancel(ctx), r)
	}
	ctx = context.WithoutCancel(ctx)
	if outcome.err != nil && !outcome.final && r.Attempt <= len(w.retries) {
		return w.retry(ctx, r, outcome)
	}
	return 0, w.finish(ctx, r, outcome)
}

// result is what came of a run.
type result struct {
	err   error
	final bool // another try would end the same
	// stop says why the item runs no more.
	stop  string
	state string // RunDone where not set
	// message and lines say it in words.
	message string
	lines   []string
	// to are those it is delivered to, and facts what they are told, of an alert.
	to    []Target
	facts *facts
	// also is done in the transaction that ends the run.
	also  func(ctx context.Context, tx bun.Tx) error
	actor *account.Person
	event audit.Event
}

func failed(final bool, err error) result { return result{err: err, final: final} }

// claim makes the run ours, or returns nil where it is not to be had.
func (w *Works) claim(ctx context.Context, id string) (*Run, error) {
	now, lease := w.now(), store.NewID()
	var list []Run
	err := w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		return tx.NewRaw(`UPDATE runs SET state = 'running', lease = ?, lease_until = ?, attempt = attempt + 1, started_at = COALESCE(started_at, ?)
			WHERE id = ? AND state = 'waiting' AND lease = '' RETURNING *`, lease, now.Add(w.lease), now, id).Scan(ctx, &list)
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// patience is how long somebody who was called may take to come: calls are kept
// by the queue, so that only one made by a process that died at once is lost.
func (w *Works) patience() time.Duration { return 10 * w.lease }

// mostClaims is how often a run is begun that each time ends with its process.
const mostClaims = 6

var errLost = errors.New("somebody else has it")

// hold keeps a lease while the work goes on; the context ends where it is lost.
func (w *Works) hold(ctx context.Context, table, id, lease string) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w.mu.Lock()
	w.live[id] = func() { cancel(errLost) }
	w.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		beat := time.NewTicker(w.lease / 3)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
			}
			var kept int64
			err := w.Store.WriteQuick(ctx, func(ctx context.Context, tx bun.Tx) error {
				res, err := tx.NewRaw("UPDATE ? SET lease_until = ? WHERE id = ? AND lease = ?", bun.Ident(table), w.now().Add(w.lease), id, lease).Exec(ctx)
				if err != nil {
					return err
				}
				kept, err = res.RowsAffected()
				return err
			})
			if err == nil && kept == 0 {
				cancel(errLost)
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-ended
		w.mu.Lock()
		delete(w.live, id)
		w.mu.Unlock()
	}
}

// release gives a run back that is not to be ended here.
func (w *Works) release(ctx context.Context, r *Run) error {
	return w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE runs SET state = 'waiting', lease = '', lease_until = ?, attempt = attempt - 1 WHERE id = ? AND lease = ?", w.now(), r.ID, r.Lease).Exec(ctx)
		return err
	})
}

func (w *Works) retry(ctx context.Context, r *Run, o result) (time.Duration, error) {
	after := w.retries[r.Attempt-1]
	why := told(o.err)
	err := w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("UPDATE runs SET state = 'waiting', lease = '', lease_until = ?, message = ? WHERE id = ? AND lease = ?", w.now().Add(after+w.patience()), why, r.ID, r.Lease).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return w.note(ctx, tx, r.ID, fmt.Sprintf("%s; it is tried again in %s", why, spoken(after)))
	})
	return after, err
}

// finish writes what came of a run: that it ended, or to whom it is delivered.
func (w *Works) finish(ctx context.Context, r *Run, o result) error {
	now := w.now()
	state, message := o.state, o.message
	switch {
	case o.err != nil:
		state, message = RunFailed, told(o.err)
	case len(o.to) > 0:
		state = RunDelivering
	case state == "":
		state = RunDone
	}
	var made []Delivery
	err := w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		ended := &now
		if state == RunDelivering {
			ended = nil
		}
		facts := ""
		if o.facts != nil {
			text, err := json.Marshal(o.facts)
			if err != nil {
				return err
			}
			facts = string(text)
		}
		res, err := tx.NewRaw("UPDATE runs SET state = ?, ended_at = ?, message = ?, facts = ?, lease = '', lease_until = ? WHERE id = ? AND lease = ?",
			state, ended, message, facts, now.Add(w.patience()), r.ID, r.Lease).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // cancelled or taken over meanwhile
		}
		if err := w.note(ctx, tx, r.ID, append(o.lines, message)...); err != nil {
			return err
		}
		for _, t := range o.to {
			d := Delivery{ID: store.NewID(), RunID: r.ID, Key: t.key(), Name: w.nameOf(ctx, tx, t), State: DeliveryPending, LeaseUntil: ptr(now.Add(w.patience())), CreatedAt: now, UpdatedAt: now}
			if _, err := tx.NewInsert().Model(&d).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
				return err
			}
			made = append(made, d)
		}
		if o.stop != "" {
			if _, err := tx.NewRaw("UPDATE due SET stopped = ?, updated_at = ? WHERE item_id = ?", o.stop, now, r.ItemID).Exec(ctx); err != nil {
				return err
			}
		}
		if o.also != nil {
			if err := o.also(ctx, tx); err != nil {
				return err
			}
		}
		return w.recordRun(ctx, tx, r, o, state, message)
	})
	if err != nil {
		return err
	}
	for _, d := range made {
		if err := w.call(ctx, deliverJob{Delivery: d.ID}, 0); err != nil {
			return err
		}
	}
	return nil
}

// recordRun puts the run into the record of who did what, as done by its owner.
func (w *Works) recordRun(ctx context.Context, tx bun.Tx, r *Run, o result, state, message string) error {
	e := audit.Event{Action: r.Kind + ".run", Object: audit.Object{Kind: r.Kind, ID: r.ItemID}, Detail: map[string]any{"run": r.ID, "cause": r.Cause, "state": state}}
	if o.event.Action != "" {
		e = o.event
	}
	if state == RunFailed {
		e.Outcome = audit.Failed
		e.Detail["message"] = message
	}
	if err := tx.NewRaw("SELECT name FROM saved WHERE id = ?", r.ItemID).Scan(ctx, &e.Object.Name); err != nil {
		return err
	}
	return w.Audit.Append(acting(ctx, o.actor), tx, e)
}

// acting returns a context in which the works act for a person.
func acting(ctx context.Context, p *account.Person) context.Context {
	if p == nil {
		return ctx
	}
	return audit.As(ctx, audit.Actor{ID: p.ID, Name: p.Email, Via: "schedule"})
}

// nameOf is what people know a target by.
func (w *Works) nameOf(ctx context.Context, tx bun.Tx, t Target) string {
	name := ""
	switch t.Kind {
	case ToMail:
		return t.Address
	case ToPerson:
		_ = tx.NewRaw("SELECT email FROM people WHERE id = ?", t.ID).Scan(ctx, &name)
	default:
		_ = tx.NewRaw("SELECT name FROM channels WHERE id = ?", t.ID).Scan(ctx, &name)
	}
	if name == "" {
		return "somebody who is gone"
	}
	return name
}

// told is an error in words for people.
func told(err error) string {
	if f := source.AsFailure(err); f != nil {
		return f.Message
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "It took too long"
	}
	return fault.MessageOf(err)
}

// spoken says a duration in words.
func spoken(d time.Duration) string {
	switch {
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d >= time.Minute:
		return "a minute"
	}
	return "a moment"
}

// work does a schedule's run.
func (w *Works) work(ctx context.Context, r *Run) result {
	item, err := w.Schedules.Get(ctx, r.ItemID)
	if err != nil {
		return failed(fault.Is(err, fault.NotFound), err)
	}
	owner, stop, err := w.ownerOf(ctx, item.ID, item.Version, item.FolderID)
	if err != nil {
		return failed(false, err)
	}
	if stop != "" {
		return result{err: fault.New(fault.Denied, "%s", stop), final: true, stop: stop}
	}
	if ends := w.stands(ctx, item.Body.about(), KindSchedule, owner); ends != nil {
		return *ends
	}
	if item.Body.Do == Deliver {
		return result{to: item.Body.To, actor: owner, lines: []string{fmt.Sprintf("Runs as %s, to %s", owner.Email, recipients(len(item.Body.To)))}}
	}
	d, err := w.Make.Render(acting(ctx, owner), owner, item.Body)
	if err != nil {
		out := failed(fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied), err)
		out.actor = owner
		return out
	}
	all, bad, why := figuresOf(d)
	out := result{actor: owner, message: fmt.Sprintf("Refreshed %s", counted(all-bad, "1 answer", "%d answers"))}
	if bad > 0 {
		out.message += fmt.Sprintf("; %s: %s", counted(bad, "1 failed", "%d failed"), why)
		if out.state = RunPartly; bad == all {
			out.err = fault.New(fault.Unavailable, "No question could be answered: %s", why)
		}
	}
	return out
}

func recipients(n int) string { return counted(n, "1 recipient", "%d recipients") }

func counted(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}

// figuresOf counts a document's figures and those that failed, and says why the first one did.
func figuresOf(d *document.Document) (all, bad int, why string) {
	for _, f := range document.Figures(d) {
		all++
		if f.Failure != nil {
			if bad++; why == "" {
				why = f.Failure.Title
				if f.Failure.Message != "" {
					why = f.Failure.Message
				}
			}
		}
	}
	return all, bad, why
}

// emptyDocument reports whether the document has figures, none of which failed
// and none of which has anything to show.
func emptyDocument(d *document.Document) bool {
	list := document.Figures(d)
	for _, f := range list {
		if f.Note == "" || f.Drawing != nil || f.Table != nil || f.Number != nil || f.Failure != nil {
			return false
		}
	}
	return len(list) > 0
}

// ownerOf returns as whom a version of an item runs, their rights lent to its
// recipients since they saved it; stop says why nobody.
func (w *Works) ownerOf(ctx context.Context, id string, version int, folder string) (p *account.Person, stop string, err error) {
	by, at, err := saved.Saver(ctx, w.Store.Read(), &saved.Items, id, version)
	if err != nil {
		return nil, "", err
	}
	if p, stop, err = w.owner(ctx, by, folder); p != nil {
		p = p.Lend(at)
	}
	return p, stop, err
}

// question returns a question that the person may look at, with all that it
// stands on: whoever may not ask it is not told what it answered somebody else.
func (w *Works) question(ctx context.Context, p *account.Person, id string) (*query.Question, error) {
	q, err := w.Questions.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := q.Check(p, account.Look); err != nil {
		return q, err
	}
	if _, err := w.Runner.Chain(ctx, p, q.ConnectionID, q.Body.Spec); err != nil {
		return q, fault.Because(fault.Denied, err, "%s", fault.MessageOf(err))
	}
	return q, nil
}
