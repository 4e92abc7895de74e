package query

import (
	"context"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
)

// Asked is a written question that a person asked.
type Asked struct {
	bun.BaseModel `bun:"table:history,alias:asked"`

	ID           string    `bun:"id,pk"`
	PersonID     string    `bun:"person_id"`
	ConnectionID string    `bun:"connection_id"`
	SQL          string    `bun:"sql"`
	State        string    `bun:"state"`
	RowCount     int       `bun:"row_count"`
	ElapsedMS    int       `bun:"elapsed_ms"`
	AskedAt      time.Time `bun:"asked_at"`
}

// keptHistory is how many written questions of a person are remembered.
const keptHistory = 500

// note queues a question to be written down after its end. It is off the
// question's way: a history that cannot keep up loses entries, never answers.
func (s *Store) note(run *running, req Request, elapsed time.Duration) {
	if len(req.SQL) > 64<<10 {
		return
	}
	asked := &Asked{ID: run.ID, PersonID: req.Person.ID, ConnectionID: req.Connection, SQL: req.SQL, State: run.state.Load().(string),
		RowCount: int(run.rows.Load()), ElapsedMS: int(elapsed.Milliseconds()), AskedAt: run.started.UTC()}
	select {
	case s.notes <- asked:
	default:
	}
}

// historyPause is how long questions are gathered before they are written down together.
const historyPause = time.Second

// KeepHistory writes down what was asked, a batch at a time, until ctx ends.
func (s *Store) KeepHistory(ctx context.Context) {
	for {
		var batch []*Asked
		select {
		case first := <-s.notes:
			batch = append(batch, first)
		case <-ctx.Done():
			return
		}
		wait := time.NewTimer(historyPause)
		for more := true; more && len(batch) < cap(s.notes)/2; {
			select {
			case next := <-s.notes:
				batch = append(batch, next)
			case <-wait.C:
				more = false
			case <-ctx.Done():
				more = false
			}
		}
		wait.Stop()
		if err := s.writeHistory(context.WithoutCancel(ctx), batch); err != nil {
			slog.Warn("history not written", "err", err)
		}
	}
}

func (s *Store) writeHistory(ctx context.Context, batch []*Asked) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&batch).Exec(ctx); err != nil {
			return err
		}
		people := map[string]bool{}
		for _, a := range batch {
			people[a.PersonID] = true
		}
		for id := range people {
			if _, err := tx.NewRaw(`DELETE FROM history WHERE person_id = ? AND asked_at <
				(SELECT asked_at FROM history WHERE person_id = ? ORDER BY asked_at DESC LIMIT 1 OFFSET ?)`, id, id, keptHistory).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// History returns the latest written questions of a person, on one connection or ("") on all.
func (s *Store) History(ctx context.Context, personID, connection string, limit int) (list []Asked, err error) {
	defer fault.Wrap(&err, "query.History(%s)", personID)
	q := s.db.Read().NewSelect().Model(&list).Where("person_id = ?", personID).Order("asked_at DESC", "id").Limit(int64(limit))
	if connection != "" {
		q.Where("connection_id = ?", connection)
	}
	return list, q.Scan(ctx)
}
