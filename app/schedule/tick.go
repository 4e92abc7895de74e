package schedule

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"assay/app/store"
)

// lateAfter is from when on a run counts as missed and not as on time.
const lateAfter = 3 * time.Minute

// tick sees to whatever is due and returns how long it is until the next time.
// Several processes may do so at once on one store: each slot of an item is
// taken by whoever moves the item on to its next.
func (w *Works) tick(ctx context.Context) (next time.Duration, err error) {
	if err := w.settle(ctx); err != nil {
		return w.poll, err
	}
	now := w.now()
	var due []Standing
	if err := w.Store.Read().NewSelect().Model(&due).Where("next_at <= ? AND NOT paused AND stopped = ''", now).Order("next_at").Limit(500).Scan(ctx); err != nil {
		return w.poll, err
	}
	for i := range due {
		if err := w.begin(ctx, &due[i], now); err != nil {
			return w.poll, err
		}
	}
	if err := w.takeOver(ctx); err != nil {
		return w.poll, err
	}
	return w.ahead(ctx)
}

// settle works out the next time of items that are new or were saved since.
func (w *Works) settle(ctx context.Context) error {
	var items []struct {
		ID        string    `bun:"id"`
		Kind      string    `bun:"kind"`
		Version   int       `bun:"version"`
		Body      string    `bun:"body"`
		UpdatedAt time.Time `bun:"updated_at"`
	}
	err := w.Store.Read().NewRaw(`SELECT s.id, s.kind, s.version, s.body, s.updated_at FROM saved AS s LEFT JOIN due AS d ON d.item_id = s.id
		WHERE s.kind IN (?, ?) AND (d.item_id IS NULL OR d.version <> s.version)`, KindSchedule, KindAlert).Scan(ctx, &items)
	if err != nil {
		return err
	}
	now := w.now()
	for _, i := range items {
		var body struct {
			When When `json:"when"`
		}
		if err := json.Unmarshal([]byte(i.Body), &body); err != nil {
			return err
		}
		// From when it was saved, lest a time between then and now be forgotten.
		from := i.UpdatedAt
		if earliest := now.Add(-lateAfter); from.Before(earliest) {
			from = earliest
		} else if from.After(now) { // by another machine's clock
			from = now
		}
		s := &Standing{ItemID: i.ID, Version: i.Version, NextAt: nextOf(body.When, from), UpdatedAt: now}
		err := w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			// The item may be gone by now; a row for it would be refused.
			var there int
			if err := tx.NewRaw("SELECT count(*) FROM saved WHERE id = ? AND version = ?", i.ID, i.Version).Scan(ctx, &there); err != nil || there == 0 {
				return err
			}
			_, err := tx.NewInsert().Model(s).On("CONFLICT (item_id) DO UPDATE").
				Set("version = EXCLUDED.version, next_at = EXCLUDED.next_at, stopped = '', state = '', progress = '', updated_at = EXCLUDED.updated_at").
				Where("due.version <> EXCLUDED.version").Exec(ctx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func nextOf(when When, after time.Time) *time.Time {
	next := when.Next(after)
	if next.IsZero() {
		return nil
	}
	return &next
}

// begin makes a run for the latest of the item's times that have come, and moves
// the item on. Times that passed while nothing ran are one run and not many.
func (w *Works) begin(ctx context.Context, d *Standing, now time.Time) error {
	kind, when, err := w.when(ctx, d.ItemID)
	if err != nil || kind == "" {
		return err
	}
	slot, skipped := *d.NextAt, 0
	if far := now.Add(-48 * time.Hour); slot.Before(far) {
		if near := when.Next(far); !near.IsZero() && !near.After(now) {
			slot, skipped = near, 1
		}
	}
	for next := when.Next(slot); !next.IsZero() && !next.After(now); next = when.Next(next) {
		slot, skipped = next, skipped+1
	}
	cause := OnTime
	if skipped > 0 || now.Sub(slot) > lateAfter {
		cause = Missed
	}
	r := &Run{ID: store.NewID(), Kind: kind, ItemID: d.ItemID, Slot: slot.UTC(), Cause: cause, State: RunWaiting, LeaseUntil: ptr(now.Add(w.patience())), CreatedAt: now}
	made := false
	err = w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*Standing)(nil)).Set("next_at = ?", nextOf(when, now)).Set("updated_at = ?", now).
			Where("item_id = ? AND version = ? AND next_at = ? AND NOT paused", d.ItemID, d.Version, d.NextAt).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // another process was first, or it was changed
		}
		var open int
		if err := tx.NewRaw("SELECT count(*) FROM runs WHERE item_id = ? AND state IN (?, ?)", d.ItemID, RunWaiting, RunRunning).Scan(ctx, &open); err != nil {
			return err
		}
		if open > 0 {
			r.State, r.EndedAt, r.LeaseUntil, r.Message = RunSkipped, &now, nil, "The run before this one had not ended"
		}
		res, err = tx.NewInsert().Model(r).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		made = n > 0 && r.State == RunWaiting
		return err
	})
	if err == nil && made {
		err = w.call(ctx, runJob{Run: r.ID}, 0)
	}
	return err
}

// when returns an item's kind and times; "" where it is gone.
func (w *Works) when(ctx context.Context, id string) (kind string, when When, err error) {
	var row struct {
		Kind string `bun:"kind"`
		Body string `bun:"body"`
	}
	if err := w.Store.Read().NewRaw("SELECT kind, body FROM saved WHERE id = ?", id).Scan(ctx, &row); err != nil {
		if store.Missing(err, "schedule") != err {
			err = nil
		}
		return "", When{}, err
	}
	var body struct {
		When When `json:"when"`
	}
	err = json.Unmarshal([]byte(row.Body), &body)
	return row.Kind, body.When, err
}

// takeOver takes up what a process left that died or lost its store: whose lease
// has run out.
func (w *Works) takeOver(ctx context.Context) error {
	now := w.now()
	var stale int
	err := w.Store.Read().NewRaw(`SELECT (SELECT count(*) FROM runs WHERE state IN ('waiting', 'running', 'delivering') AND lease_until < ?) +
		(SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending') AND lease_until < ?)`, now, now).Scan(ctx, &stale)
	if err != nil || stale == 0 {
		return err
	}
	var runs, deliveries, delivering []string
	err = w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		until := now.Add(w.patience())
		if err := tx.NewRaw(`UPDATE runs SET state = 'waiting', lease = '', lease_until = ? WHERE state IN ('waiting', 'running') AND lease_until < ? RETURNING id`, until, now).Scan(ctx, &runs); err != nil {
			return err
		}
		// Slack knows no ids of messages: what may have arrived is not sent twice.
		_, err := tx.NewRaw(`UPDATE deliveries SET state = ?, lease = '', lease_until = NULL, next_at = NULL, updated_at = ?,
			message = 'Assay stopped while Slack was being told; whether the message arrived cannot be known'
			WHERE state = 'sending' AND lease_until < ? AND target LIKE 'slack:%'`, DeliveryUnknown, now, now).Exec(ctx)
		if err != nil {
			return err
		}
		var doubtful []struct {
			RunID string `bun:"run_id"`
			Name  string `bun:"name"`
		}
		if err := tx.NewRaw(`SELECT run_id, name FROM deliveries WHERE state = 'sending' AND lease_until < ?`, now).Scan(ctx, &doubtful); err != nil {
			return err
		}
		for _, d := range doubtful {
			if err := w.note(ctx, tx, d.RunID, "The sending to "+d.Name+" was interrupted and is done again under the same message id, by which a mailbox or a webhook tells a copy from a second message"); err != nil {
				return err
			}
		}
		if err := tx.NewRaw(`UPDATE deliveries SET state = 'pending', lease = '', lease_until = ?, updated_at = ? WHERE state IN ('pending', 'sending') AND lease_until < ? RETURNING id`, until, now, now).Scan(ctx, &deliveries); err != nil {
			return err
		}
		return tx.NewRaw(`UPDATE runs SET lease_until = ? WHERE state = 'delivering' AND lease_until < ? RETURNING id`, until, now).Scan(ctx, &delivering)
	})
	if err != nil {
		return err
	}
	for _, id := range delivering {
		if err := w.conclude(ctx, id); err != nil {
			return err
		}
	}
	for _, id := range runs {
		if err := w.call(ctx, runJob{Run: id}, 0); err != nil {
			return err
		}
	}
	for _, id := range deliveries {
		if err := w.call(ctx, deliverJob{Delivery: id}, 0); err != nil {
			return err
		}
	}
	return nil
}

// ahead returns how long it is until something is due or a lease runs out; the
// queue works while there is anything of either kind, and rests otherwise.
func (w *Works) ahead(ctx context.Context) (time.Duration, error) {
	var at struct {
		Due, Run, Delivery *time.Time
	}
	for dest, query := range map[**time.Time]string{
		&at.Due:      "SELECT next_at FROM due WHERE next_at IS NOT NULL AND NOT paused AND stopped = '' ORDER BY next_at LIMIT 1",
		&at.Run:      "SELECT lease_until FROM runs WHERE state IN ('waiting', 'running', 'delivering') AND lease_until IS NOT NULL ORDER BY lease_until LIMIT 1",
		&at.Delivery: "SELECT lease_until FROM deliveries WHERE state IN ('pending', 'sending') AND lease_until IS NOT NULL ORDER BY lease_until LIMIT 1",
	} {
		var found []time.Time
		if err := w.Store.Read().NewRaw(query).Scan(ctx, &found); err != nil {
			return w.poll, err
		}
		if len(found) > 0 {
			*dest = &found[0]
		}
	}
	if at.Due == nil && at.Run == nil && at.Delivery == nil {
		w.rest()
		return w.poll, nil
	}
	if _, err := w.open(ctx); err != nil {
		return w.poll, err
	}
	now, next := w.now(), w.poll
	for _, t := range []*time.Time{at.Due, at.Run, at.Delivery} {
		if t != nil {
			next = min(next, t.Sub(now))
		}
	}
	return max(next, 0), nil
}

// How long runs are kept.
const (
	keptRuns = 200
	keptDays = 90
)

// clean removes runs that ended long ago, and of each item all but the latest.
func (w *Works) clean(ctx context.Context) {
	err := w.Store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`DELETE FROM runs WHERE ended_at IS NOT NULL AND (created_at < ? OR id IN (
			SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY item_id ORDER BY created_at DESC, id DESC) AS place FROM runs) AS placed WHERE place > ?))`,
			w.now().AddDate(0, 0, -keptDays), keptRuns).Exec(ctx)
		return err
	})
	if err != nil && ctx.Err() == nil {
		w.Log.Error("old runs could not be removed", "err", err)
	}
}
