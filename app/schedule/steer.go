package schedule

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
)

// may returns an item that the person may do something to.
func (w *Works) may(ctx context.Context, id string, by *account.Person, a account.Action) (*subject, error) {
	kind, _, err := w.when(ctx, id)
	if err != nil {
		return nil, err
	}
	if kind != KindSchedule && kind != KindAlert {
		return nil, fault.New(fault.NotFound, "There is no such schedule")
	}
	s, err := w.subject(ctx, kind, id)
	if err != nil {
		return nil, err
	}
	return s, account.Check(by, a, account.InFolder(s.folder))
}

func (s *subject) event(action string, detail map[string]any) audit.Event {
	return audit.Event{Action: s.kind + "." + action, Object: audit.Object{Kind: s.kind, ID: s.id, Name: s.name}, Detail: detail}
}

// Standing tells how a schedule or an alert stands; one that was just saved elsewhere
// may not have a next time yet.
func (w *Works) Standing(ctx context.Context, id string) (s *Standing, err error) {
	defer fault.Wrap(&err, "schedule.Standing(%s)", id)
	s = new(Standing)
	if err := w.Store.Read().NewSelect().Model(s).Where("item_id = ?", id).Scan(ctx); err != nil {
		if store.Missing(err, "schedule") != err {
			return &Standing{ItemID: id}, nil
		}
		return nil, err
	}
	return s, nil
}

// Standings tells how all schedules and alerts stand, by id.
func (w *Works) Standings(ctx context.Context) (all map[string]Standing, err error) {
	defer fault.Wrap(&err, "schedule.Standings")
	var list []Standing
	if err := w.Store.Read().NewSelect().Model(&list).Scan(ctx); err != nil {
		return nil, err
	}
	all = make(map[string]Standing, len(list))
	for _, s := range list {
		all[s.ItemID] = s
	}
	return all, nil
}

// RunNow has a schedule or an alert run at once, paused or not, and returns the run's id.
func (w *Works) RunNow(ctx context.Context, id string, by *account.Person) (run string, err error) {
	defer fault.Wrap(&err, "schedule.RunNow(%s)", id)
	s, err := w.may(ctx, id, by, account.Save)
	if err != nil {
		return "", err
	}
	now := w.now()
	r := &Run{ID: store.NewID(), Kind: s.kind, ItemID: id, Slot: now, Cause: OnWish, By: by.ID, State: RunWaiting, LeaseUntil: ptr(now.Add(w.patience())), CreatedAt: now}
	err = w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
			return err
		}
		return w.Audit.Append(ctx, tx, s.event("run_now", map[string]any{"run": r.ID}))
	})
	if err != nil {
		return "", err
	}
	defer w.Wake()
	return r.ID, w.call(ctx, runJob{Run: r.ID}, 0)
}

// Pause keeps a schedule or an alert from running on time.
func (w *Works) Pause(ctx context.Context, id string, by *account.Person) error {
	return w.pause(ctx, id, true, by)
}

// Resume lets it run on time again, from the next time on.
func (w *Works) Resume(ctx context.Context, id string, by *account.Person) error {
	return w.pause(ctx, id, false, by)
}

func (w *Works) pause(ctx context.Context, id string, on bool, by *account.Person) (err error) {
	defer fault.Wrap(&err, "schedule.Pause(%s, %v)", id, on)
	s, err := w.may(ctx, id, by, account.Save)
	if err != nil {
		return err
	}
	now, action, next := w.now(), "resume", nextOf(s.when, w.now())
	if on {
		action, next = "pause", nil
	}
	defer w.Wake()
	return w.change(ctx, s, s.event(action, nil), func(q *bun.UpdateQuery) {
		q.Set("paused = ?", on).Set("next_at = ?", next).Set("updated_at = ?", now)
	})
}

// Silence keeps an alert from telling anybody until a time; the zero time ends it.
func (w *Works) Silence(ctx context.Context, id string, until time.Time, by *account.Person) (err error) {
	defer fault.Wrap(&err, "schedule.Silence(%s)", id)
	s, err := w.may(ctx, id, by, account.Save)
	if err != nil {
		return err
	}
	if s.kind != KindAlert {
		return fault.New(fault.Invalid, "Only an alert can be silent; a schedule can be paused")
	}
	var at *time.Time
	detail := map[string]any{}
	if until.After(w.now()) {
		at = ptr(until.UTC().Truncate(time.Microsecond))
		detail["until"] = at.Format(time.RFC3339)
	}
	return w.change(ctx, s, s.event("silence", detail), func(q *bun.UpdateQuery) {
		q.Set("silent_until = ?", at).Set("updated_at = ?", w.now())
	})
}

// change changes how an item stands.
func (w *Works) change(ctx context.Context, s *subject, e audit.Event, set func(*bun.UpdateQuery)) error {
	if err := w.settle(ctx); err != nil { // there is a row to change from now on
		return err
	}
	return w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model((*Standing)(nil)).Where("item_id = ?", s.id)
		set(q)
		res, err := q.Exec(ctx)
		if err := store.Changed(res, err, s.kind); err != nil {
			return err
		}
		return w.Audit.Append(ctx, tx, e)
	})
}

// Runs returns the runs of a schedule or an alert with their deliveries, the
// latest first: those after the run with the id, "" for the first; a limit of 0
// means all that are kept.
func (w *Works) Runs(ctx context.Context, id, after string, limit int) (list []Run, err error) {
	defer fault.Wrap(&err, "schedule.Runs(%s)", id)
	q := w.Store.Read().NewSelect().Model(&list).Where("item_id = ?", id).Order("created_at DESC", "id DESC")
	if after != "" {
		q.Where("(created_at, id) < (SELECT created_at, id FROM runs WHERE id = ?)", after)
	}
	if limit > 0 {
		q.Limit(int64(limit))
	}
	if err := q.Scan(ctx); err != nil || len(list) == 0 {
		return nil, err
	}
	ids := make([]string, len(list))
	at := map[string]*Run{}
	for i := range list {
		ids[i], at[list[i].ID] = list[i].ID, &list[i]
	}
	var deliveries []Delivery
	if err := w.Store.Read().NewSelect().Model(&deliveries).Where("run_id IN (?)", bun.List(ids)).Order("name", "id").Scan(ctx); err != nil {
		return nil, err
	}
	for _, d := range deliveries {
		r := at[d.RunID]
		r.Deliveries = append(r.Deliveries, d)
	}
	return list, nil
}

// Run returns one run with its deliveries.
func (w *Works) Run(ctx context.Context, id string) (r *Run, err error) {
	defer fault.Wrap(&err, "schedule.Run(%s)", id)
	if r, err = w.run(ctx, id); err != nil {
		return nil, err
	}
	return r, w.Store.Read().NewSelect().Model(&r.Deliveries).Where("run_id = ?", id).Order("name", "id").Scan(ctx)
}

// Cancel ends a run: what is not yet delivered is not delivered any more.
func (w *Works) Cancel(ctx context.Context, run string, by *account.Person) (err error) {
	defer fault.Wrap(&err, "schedule.Cancel(%s)", run)
	r, err := w.run(ctx, run)
	if err != nil {
		return err
	}
	s, err := w.may(ctx, r.ItemID, by, account.Save)
	if err != nil {
		return err
	}
	now := w.now()
	var stopped []string
	err = w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("UPDATE runs SET state = ?, ended_at = ?, message = ?, lease = '', lease_until = NULL WHERE id = ? AND state IN ('waiting', 'running', 'delivering')",
			RunCancelled, now, "Cancelled by "+by.Email, run).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errorOr(err, fault.New(fault.Conflict, "The run has ended already"))
		}
		// What is being sent may have arrived: its try ends as it ends.
		err = tx.NewRaw("UPDATE deliveries SET state = ?, lease = '', lease_until = NULL, next_at = NULL, updated_at = ?, message = 'The run was cancelled' WHERE run_id = ? AND state = 'pending' RETURNING id",
			DeliveryCancelled, now, run).Scan(ctx, &stopped)
		if err != nil {
			return err
		}
		if err := w.note(ctx, tx, run, "Cancelled by "+by.Email); err != nil {
			return err
		}
		return w.Audit.Append(ctx, tx, s.event("cancel", map[string]any{"run": run}))
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range append(stopped, run) {
		if end := w.live[id]; end != nil {
			end()
		}
	}
	return nil
}

func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// Redeliver has a delivery that did not arrive tried again.
func (w *Works) Redeliver(ctx context.Context, delivery string, by *account.Person) (err error) {
	defer fault.Wrap(&err, "schedule.Redeliver(%s)", delivery)
	d := new(Delivery)
	if err := w.Store.Read().NewSelect().Model(d).Where("id = ?", delivery).Scan(ctx); err != nil {
		return store.Missing(err, "delivery")
	}
	r, err := w.run(ctx, d.RunID)
	if err != nil {
		return err
	}
	s, err := w.may(ctx, r.ItemID, by, account.Save)
	if err != nil {
		return err
	}
	now := w.now()
	err = w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw(`UPDATE deliveries SET state = 'pending', attempt = 0, lease = '', lease_until = ?, next_at = NULL, message = '', updated_at = ?
			WHERE id = ? AND state IN (?)`, now.Add(w.patience()), now, d.ID, bun.List([]string{DeliverySkipped, DeliveryFailed, DeliveryDead, DeliveryUnknown, DeliveryCancelled})).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errorOr(err, fault.New(fault.Conflict, "This delivery has arrived, or is under way"))
		}
		if _, err := tx.NewRaw("UPDATE runs SET state = 'delivering', ended_at = NULL, lease_until = ? WHERE id = ?", now.Add(w.patience()), r.ID).Exec(ctx); err != nil {
			return err
		}
		if err := w.note(ctx, tx, r.ID, d.Name+": tried again for "+by.Email); err != nil {
			return err
		}
		return w.Audit.Append(ctx, tx, s.event("redeliver", map[string]any{"run": r.ID, "delivery": d.ID, "target": d.Key}))
	})
	if err != nil {
		return err
	}
	defer w.Wake()
	return w.call(ctx, deliverJob{Delivery: d.ID}, 0)
}
