package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/mail"
	"assay/app/store"
)

// deliver sees to a delivery that is pending; whoever comes second does nothing.
// Where it is to be tried again it returns after how long.
func (w *Works) deliver(ctx context.Context, id string) (after time.Duration, err error) {
	d, err := w.claimDelivery(ctx, id)
	if err != nil || d == nil {
		return 0, err
	}
	held, done := w.hold(ctx, "deliveries", d.ID, d.Lease)
	defer done()
	s := &sending{w: w, d: d}
	end := ending{state: DeliveryDead, message: fmt.Sprintf("Assay stopped while this was sent, again and again; given up after %d tries", d.Attempt-1)}
	if d.Attempt <= len(w.backoff)+mostClaims {
		end = s.attempt(held)
	}
	if end.state == "" && held.Err() != nil && !end.uncertain {
		if errors.Is(context.Cause(held), errLost) {
			return 0, nil
		}
		return 0, w.releaseDelivery(context.WithoutCancel(ctx), d)
	}
	return w.endDelivery(context.WithoutCancel(ctx), s, end)
}

// ending is how a try ended.
type ending struct {
	// state is the delivery's new one, "" where another try is worth it.
	state   string
	message string
	// uncertain says that it may have arrived after all.
	uncertain bool
}

func (w *Works) claimDelivery(ctx context.Context, id string) (*Delivery, error) {
	now, lease := w.now(), store.NewID()
	var list []Delivery
	err := w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		return tx.NewRaw(`UPDATE deliveries SET lease = ?, lease_until = ?, attempt = attempt + 1, next_at = NULL, updated_at = ?
			WHERE id = ? AND state = 'pending' AND lease = '' RETURNING *`, lease, now.Add(w.lease), now, id).Scan(ctx, &list)
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func (w *Works) releaseDelivery(ctx context.Context, d *Delivery) error {
	return w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE deliveries SET state = 'pending', lease = '', lease_until = ?, attempt = attempt - 1 WHERE id = ? AND lease = ?", w.now(), d.ID, d.Lease).Exec(ctx)
		return err
	})
}

// sending is one try of a delivery.
type sending struct {
	w     *Works
	d     *Delivery
	run   *Run
	item  *subject
	owner *account.Person
}

// subject is the schedule or alert that a run belongs to.
type subject struct {
	kind, id, name, folder string
	version                int
	when                   When
	note                   string
	schedule               *Body
	alert                  *AlertBody
}

func (w *Works) subject(ctx context.Context, kind, id string) (*subject, error) {
	if kind == KindAlert {
		i, err := w.Alerts.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		return &subject{kind: kind, id: i.ID, name: i.Name, folder: i.FolderID, version: i.Version, when: i.Body.When, note: i.Body.Note, alert: &i.Body}, nil
	}
	i, err := w.Schedules.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return &subject{kind: kind, id: i.ID, name: i.Name, folder: i.FolderID, version: i.Version, when: i.Body.When, note: i.Body.Note, schedule: &i.Body}, nil
}

// attempt tries to deliver.
func (s *sending) attempt(ctx context.Context) ending {
	w := s.w
	var err error
	if s.run, err = w.run(ctx, s.d.RunID); err != nil {
		return ending{message: told(err)}
	}
	if s.item, err = w.subject(ctx, s.run.Kind, s.run.ItemID); err != nil {
		return ending{message: told(err)}
	}
	owner, stop, err := w.ownerOf(ctx, s.item.id, s.item.version, s.item.folder)
	switch {
	case err != nil:
		return ending{message: told(err)}
	case stop != "":
		return ending{state: DeliveryFailed, message: stop}
	}
	s.owner = owner
	ctx = acting(ctx, owner)
	switch t := s.d.Target(); t.Kind {
	case ToPerson:
		return s.toPerson(ctx, t)
	case ToMail:
		if account.Check(owner, account.Share) != nil {
			return ending{state: DeliveryFailed, message: owner.Email + ", who saved it, may not share with people without an account here any more"}
		}
		if len(w.MailDomains) > 0 && !slices.Contains(w.MailDomains, mail.Domain(t.Address)) {
			return ending{state: DeliveryFailed, message: "Mails may not go to addresses at " + mail.Domain(t.Address) + " without an account here"}
		}
		return s.byMail(ctx, t.Address, "", owner)
	default:
		return s.toChannel(ctx, t)
	}
}

func (s *sending) toPerson(ctx context.Context, t Target) ending {
	p, err := s.w.People.Get(ctx, t.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return ending{state: DeliveryFailed, message: "This person has no account any more"}
	case err != nil:
		return ending{message: told(err)}
	case p.Disabled:
		return ending{state: DeliverySkipped, message: "The account is disabled"}
	case p.Kind == account.Service:
		return ending{state: DeliveryFailed, message: "A service gets no mail"}
	}
	return s.byMail(ctx, p.Email, p.Name, p)
}

// byMail sends what the viewer may see to an address.
func (s *sending) byMail(ctx context.Context, to, name string, viewer *account.Person) ending {
	w := s.w
	if w.Mail == nil {
		return ending{state: DeliveryFailed, message: "No mail server is set up; an administrator can name one with ASSAY_SMTP_HOST"}
	}
	p, end := s.parcel(ctx, viewer)
	if p == nil {
		return end
	}
	m := mail.Message{ID: s.d.ID, To: to, Name: name, Subject: p.subject, Date: w.now(), Text: p.text, HTML: p.html, Inline: p.inline, Attached: p.attached}
	if s.owner.Kind == account.Human {
		m.ReplyTo = s.owner.Email
	}
	if err := s.mark(ctx); err != nil {
		return ending{message: told(err)}
	}
	err := w.Mail.Send(ctx, m)
	if err == nil {
		return ending{state: DeliverySent, message: "Sent to " + to}
	}
	f, ok := errors.AsType[*mail.Failure](err)
	if !ok {
		return ending{message: told(err)}
	}
	w.Log.Warn("a mail was not sent", "delivery", s.d.ID, "err", err)
	if f.Permanent {
		return ending{state: DeliveryFailed, message: f.Message}
	}
	return ending{message: f.Message, uncertain: f.Uncertain}
}

// mark writes that from now on it may arrive.
func (s *sending) mark(ctx context.Context) error {
	return s.w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := s.w.now()
		res, err := tx.NewRaw("UPDATE deliveries SET state = 'sending', lease_until = ?, updated_at = ? WHERE id = ? AND lease = ?", now.Add(s.w.lease), now, s.d.ID, s.d.Lease).Exec(ctx)
		return store.Changed(res, err, "delivery")
	})
}

// endDelivery writes how a try ended, and where it was the run's last one ends the run.
func (w *Works) endDelivery(ctx context.Context, s *sending, end ending) (after time.Duration, err error) {
	d, now := s.d, w.now()
	var next, lease *time.Time
	line := end.message
	if end.state == "" {
		if end.state = DeliveryDead; d.Attempt <= len(w.backoff) {
			end.state, after = DeliveryPending, w.backoff[d.Attempt-1]
			next, lease = ptr(now.Add(after)), ptr(now.Add(after+w.patience()))
			line += "; it is tried again in " + spoken(after)
		} else {
			line += fmt.Sprintf("; given up after %d tries", d.Attempt)
			if end.uncertain {
				end.state = DeliveryUnknown
			}
		}
	}
	var sent *time.Time
	if end.state == DeliverySent {
		sent = &now
	}
	ours := false
	err = w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw(`UPDATE deliveries SET state = ?, message = ?, sent_at = ?, next_at = ?, lease = '', lease_until = ?, updated_at = ? WHERE id = ? AND lease = ?`,
			end.state, end.message, sent, next, lease, now, d.ID, d.Lease).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		ours = true
		if end.state != DeliverySent {
			line = d.Name + ": " + line
		}
		if err := w.note(ctx, tx, d.RunID, line); err != nil {
			return err
		}
		if next != nil {
			return nil
		}
		return w.recordDelivery(ctx, tx, s, end)
	})
	if err != nil || !ours || next != nil {
		return after, err
	}
	return 0, w.conclude(ctx, d.RunID)
}

func (w *Works) recordDelivery(ctx context.Context, tx bun.Tx, s *sending, end ending) error {
	e := audit.Event{Action: "delivery." + end.state, Object: audit.Object{Kind: "delivery", ID: s.d.ID, Name: s.d.Name},
		Detail: map[string]any{"run": s.d.RunID, "target": s.d.Key, "attempt": s.d.Attempt}}
	if s.item != nil {
		e.Detail[s.item.kind] = s.item.id
	}
	switch end.state {
	case DeliverySent, DeliverySkipped, DeliveryCancelled:
	default:
		e.Outcome = audit.Failed
		e.Detail["message"] = end.message
	}
	return w.Audit.Append(acting(ctx, s.owner), tx, e)
}

// conclude ends a run whose deliveries have all ended.
func (w *Works) conclude(ctx context.Context, run string) error {
	now := w.now()
	err := w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		// The row is locked first, so that of two last deliveries one sees the other.
		res, err := tx.NewRaw("UPDATE runs SET lease_until = ? WHERE id = ? AND state = 'delivering'", now.Add(w.patience()), run).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		var states []string
		if err := tx.NewRaw("SELECT state FROM deliveries WHERE run_id = ?", run).Scan(ctx, &states); err != nil {
			return err
		}
		state, message, open := concluded(states)
		if open {
			return nil
		}
		if _, err := tx.NewRaw("UPDATE runs SET state = ?, message = ?, ended_at = ?, lease_until = NULL WHERE id = ?", state, message, now, run).Exec(ctx); err != nil {
			return err
		}
		return w.note(ctx, tx, run, message)
	})
	if err == nil {
		w.Wake() // leases changed: sleep as long as there is nothing to do
	}
	return err
}

// concluded says what the states of all deliveries make of their run.
func concluded(states []string) (state, message string, open bool) {
	n := map[string]int{}
	for _, s := range states {
		n[s]++
	}
	sent, skipped := n[DeliverySent], n[DeliverySkipped]
	bad := n[DeliveryFailed] + n[DeliveryDead] + n[DeliveryUnknown] + n[DeliveryCancelled]
	open = sent+skipped+bad < len(states)
	message = "Delivered to " + recipients(sent)
	if skipped > 0 {
		message += fmt.Sprintf("; %d left out", skipped)
	}
	if bad > 0 {
		message += fmt.Sprintf("; %d not reached", bad)
	}
	switch {
	case bad == 0:
		return RunDone, message, open
	case sent > 0:
		return RunPartly, message, open
	}
	return RunFailed, message, open
}
