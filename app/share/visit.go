package share

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
)

// Visit is one time that somebody came with a link.
type Visit struct {
	At      time.Time
	Address string
	Agent   string
	// Outcome is one of those below, or the extension of a file that was taken.
	Outcome string
}

// What became of a visit.
const (
	Opened        = "opened"
	Embedded      = "embedded"       // opened in another site's frame
	WrongPassword = "wrong password" // and not opened
)

// Bounds of what is kept of a link's visits.
const (
	mostVisits = 1000
	visitLife  = 90 * 24 * time.Hour
	tidyEvery  = 50
	mostAgent  = 300
)

type visitRow struct {
	bun.BaseModel `bun:"table:share_visits,alias:visit"`

	ID      string    `bun:"id,pk"`
	ShareID string    `bun:"share_id"`
	At      time.Time `bun:"at"`
	Address string    `bun:"address"`
	Agent   string    `bun:"agent"`
	Outcome string    `bun:"outcome"`
}

// Visit notes that somebody came with a link, for its maker and in the record.
func (s *Store) Visit(ctx context.Context, one *Share, v Visit) (err error) {
	defer fault.Wrap(&err, "share.Visit(%s)", one.ID)
	if len(v.Agent) > mostAgent {
		v.Agent = v.Agent[:mostAgent]
	}
	r := &visitRow{ID: store.NewID(), ShareID: one.ID, At: s.now(), Address: v.Address, Agent: strings.ToValidUTF8(v.Agent, ""), Outcome: v.Outcome}
	e := audit.Event{Action: "share.export", Object: one.object(), Detail: map[string]any{"kind": string(one.Kind), "object": one.ObjectID, "as": v.Outcome}}
	shown := v.Outcome == Opened || v.Outcome == Embedded
	switch {
	case shown:
		e.Action = "share.open"
	case v.Outcome == WrongPassword:
		e.Action, e.Outcome = "share.open", audit.Refused
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
			return err
		}
		if shown {
			if _, err := tx.NewRaw("UPDATE shares SET opened = opened + 1, last_opened_at = ? WHERE id = ?", r.At, one.ID).Exec(ctx); err != nil {
				return err
			}
		}
		if (one.Opened+1)%tidyEvery == 0 || !shown {
			if err := tidyVisits(ctx, tx, one.ID, r.At); err != nil {
				return err
			}
		}
		return s.log.Append(ctx, tx, e)
	})
}

// tidyVisits removes the visits of a link that are too old or too many.
func tidyVisits(ctx context.Context, tx bun.Tx, id string, now time.Time) error {
	_, err := tx.NewRaw(`DELETE FROM share_visits WHERE share_id = ? AND (at < ? OR id NOT IN
		(SELECT id FROM share_visits WHERE share_id = ? ORDER BY at DESC, id DESC LIMIT ?))`, id, now.Add(-visitLife), id, mostVisits).Exec(ctx)
	return err
}

// Visits returns the latest visits of a link, the newest first.
func (s *Store) Visits(ctx context.Context, id string, limit int) (list []Visit, err error) {
	defer fault.Wrap(&err, "share.Visits(%s)", id)
	var rows []visitRow
	if err := s.db.Read().NewSelect().Model(&rows).Where("share_id = ?", id).Order("at DESC", "id DESC").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, err
	}
	for _, r := range rows {
		list = append(list, Visit{At: r.At, Address: r.Address, Agent: r.Agent, Outcome: r.Outcome})
	}
	return list, nil
}
