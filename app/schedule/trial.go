package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/mail"
	"assay/app/store"
)

// Trial sends the person by mail what a schedule, which need not be saved, would
// send them, and returns once the mail server took it; nobody else gets anything.
func (w *Works) Trial(ctx context.Context, i *Schedule, by *account.Person) (err error) {
	defer fault.Wrap(&err, "schedule.Trial")
	if err := i.Body.Check(); err != nil {
		return err
	}
	for _, what := range []struct{ kind, id string }{{"dashboard", i.Body.Dashboard}, {"report", i.Body.Report}, {"question", i.Body.Question}} {
		if what.id != "" {
			if err := w.mayLook(ctx, what.kind, what.id, by); err != nil {
				return err
			}
		}
	}
	body := i.Body
	body.Do = Deliver
	s := &sending{w: w, owner: by, item: &subject{kind: KindSchedule, id: i.ID, name: i.Name, when: body.When, note: body.Note, schedule: &body}}
	return s.trial(ctx, by, &Run{})
}

// TrialAlert sends the person by mail what an alert, which need not be saved,
// would tell them if it were raised by the answer of now.
func (w *Works) TrialAlert(ctx context.Context, i *Alert, by *account.Person) (err error) {
	defer fault.Wrap(&err, "schedule.TrialAlert")
	if err := i.Body.Check(); err != nil {
		return err
	}
	f, _, err := w.read(ctx, by, &i.Body)
	if err != nil {
		return err
	}
	f.Event, f.State = eventFired, stateFiring
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	s := &sending{w: w, owner: by, item: &subject{kind: KindAlert, id: i.ID, name: i.Name, when: i.Body.When, note: i.Body.Note, alert: &i.Body}}
	return s.trial(ctx, by, &Run{Facts: string(text)})
}

// trial makes what a run would send and mails it to one person.
func (s *sending) trial(ctx context.Context, by *account.Person, r *Run) error {
	w := s.w
	if w.Mail == nil {
		return fault.New(fault.Invalid, "No mail server is set up; an administrator can name one with ASSAY_SMTP_HOST")
	}
	s.run, s.d = r, &Delivery{ID: store.NewID(), Key: Target{Kind: ToPerson, ID: by.ID}.key(), Name: by.Name}
	p, end := s.makeParcel(ctx, by)
	if p == nil {
		return fault.New(fault.Invalid, "%s", end.message)
	}
	m := mail.Message{ID: s.d.ID, To: by.Email, Name: by.Name, Subject: "Test: " + p.subject, Date: w.now(), Text: p.text, HTML: p.html, Inline: p.inline, Attached: p.attached}
	err := w.Mail.Send(ctx, m)
	e := audit.Event{Action: s.item.kind + ".test", Object: audit.Object{Kind: s.item.kind, ID: s.item.id, Name: s.item.name}}
	if f, ok := errors.AsType[*mail.Failure](err); ok {
		w.Log.Warn("a test was not sent", "err", err)
		e.Outcome, err = audit.Failed, fault.New(fault.Invalid, "%s", f.Message)
	}
	if written := w.Audit.Write(ctx, e); written != nil {
		return written
	}
	return err
}

// Latest returns the last run of each schedule and alert, by its id, without deliveries.
func (w *Works) Latest(ctx context.Context) (all map[string]Run, err error) {
	defer fault.Wrap(&err, "schedule.Latest")
	var list []Run
	numbered := w.Store.Read().NewSelect().Model((*Run)(nil)).ExcludeColumn("log", "facts").ColumnExpr("row_number() OVER (PARTITION BY item_id ORDER BY created_at DESC, id DESC) AS place")
	err = w.Store.Read().NewSelect().With("placed", numbered).Model(&list).ModelTableExpr("placed AS run").
		ExcludeColumn("log", "facts").Where("place = 1").Scan(ctx)
	all = make(map[string]Run, len(list))
	for _, r := range list {
		all[r.ItemID] = r
	}
	return all, err
}

// Since is when the condition of an alert that is raised began to hold; the zero
// time where it is not.
func (s *Standing) Since() time.Time {
	var p progress
	if s.State != stateFiring || json.Unmarshal([]byte(s.Progress), &p) != nil {
		return time.Time{}
	}
	return p.Since
}
