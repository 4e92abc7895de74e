package schedule

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/query"
)

// watch does an alert's run: it asks, judges and tells where there is something
// to tell.
func (w *Works) watch(ctx context.Context, r *Run) result {
	item, err := w.Alerts.Get(ctx, r.ItemID)
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
	b := &item.Body
	if ends := w.stands(ctx, about{Question: b.Question}, KindAlert, owner); ends != nil {
		return *ends
	}
	f, reading, err := w.read(acting(ctx, owner), owner, b)
	if err != nil {
		out := failed(fault.Is(err, fault.Invalid) || fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound), err)
		out.actor = owner
		return out
	}
	standing, err := w.Standing(ctx, item.ID)
	if err != nil {
		return failed(false, err)
	}
	var p progress
	if standing.Progress != "" {
		if err := json.Unmarshal([]byte(standing.Progress), &p); err != nil {
			return failed(true, err)
		}
	}
	now := w.now()
	silent := standing.SilentUntil != nil && now.Before(*standing.SilentUntil)
	before, since := standing.State, p.Since
	state, event := p.step(b, before, reading, now, silent)
	if !p.Since.IsZero() {
		since = p.Since
	}
	text, err := json.Marshal(p)
	if err != nil {
		return failed(true, err)
	}
	f.Event, f.State, f.Since = event, state, since
	out := result{actor: owner, facts: f, message: summary(state, before, event, reading, silent)}
	out.also = func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE due SET state = ?, progress = ?, updated_at = ? WHERE item_id = ?", state, string(text), now, item.ID).Exec(ctx)
		return err
	}
	if event != "" {
		out.to = b.To
		out.event = audit.Event{Action: "alert." + event, Object: audit.Object{Kind: KindAlert, ID: item.ID},
			Detail: map[string]any{"run": r.ID, "state": state}}
	}
	return out
}

// summary says in a line what a run of an alert found, without the figure: who
// may look after the alert need not see the rows that its owner sees.
func summary(state, before, event string, r Reading, silent bool) string {
	switch {
	case event != "":
		return "The alert is " + alertWords[event]
	case state == stateFiring && silent:
		return "The alert is raised, and silent"
	case state == stateFiring:
		return "The alert is still raised"
	case before == stateFiring:
		return "The alert is over"
	case r.Met:
		return "The condition holds; it has to hold for more runs"
	}
	return "The condition does not hold"
}

// Found returns what a run of an alert read, for a person who sees the same rows
// as the owner of the alert; for anybody else, and where it read nothing, false.
func (w *Works) Found(ctx context.Context, r *Run, by *account.Person) (Reading, bool) {
	var f facts
	if r.Facts == "" || json.Unmarshal([]byte(r.Facts), &f) != nil {
		return Reading{}, false
	}
	q, err := w.question(ctx, by, f.Question)
	if err != nil {
		return Reading{}, false
	}
	view, err := w.Runner.View(ctx, by, q.ConnectionID)
	return f.Reading, err == nil && view == f.View
}

// read asks an alert's question as a person and judges its answer.
func (w *Works) read(ctx context.Context, p *account.Person, b *AlertBody) (*facts, Reading, error) {
	q, err := w.question(ctx, p, b.Question)
	if err != nil {
		return nil, Reading{}, err
	}
	view, err := w.Runner.View(ctx, p, q.ConnectionID)
	if err != nil {
		return nil, Reading{}, err
	}
	answer, err := w.Runner.Frame(ctx, query.Request{Person: p, Saved: q, Parameters: parameters(q, b.Values), Fresh: true})
	if err != nil {
		return nil, Reading{}, err
	}
	reading, err := b.Read(answer.Frame)
	if err != nil {
		return nil, Reading{}, err
	}
	return &facts{Reading: reading, At: answer.At, Question: q.ID, Name: q.Name, View: view}, reading, nil
}

// Tried is what an alert would make of its question now.
type Tried struct {
	Reading
	// Says is the whole in a sentence.
	Says string
	At   time.Time
}

// Try judges an alert that need not be saved, as the person who asks; nobody is told.
func (w *Works) Try(ctx context.Context, b AlertBody, by *account.Person) (t Tried, err error) {
	defer fault.Wrap(&err, "schedule.Try")
	var problems fault.Fields
	b.checkCondition(&problems)
	if err := problems.Err(); err != nil {
		return t, err
	}
	f, reading, err := w.read(ctx, by, &b)
	if err != nil {
		return t, err
	}
	says := reading.Words + ". The alert would not be raised."
	if reading.Met {
		says = reading.Words + ". The alert would be raised."
		if b.For > 1 {
			says = fmt.Sprintf("%s. The alert would be raised where that held for %d runs in a row.", reading.Words, b.For)
		}
	}
	return Tried{Reading: reading, Says: says, At: f.At}, nil
}
