package schedule

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/fault"
)

// about names what a schedule or an alert is about.
type about struct {
	Dashboard string `json:"dashboard"`
	Report    string `json:"report"`
	Question  string `json:"question"`
}

func (b *Body) about() about { return about{b.Dashboard, b.Report, b.Question} }

// named returns the kind and the id.
func (a about) named() (kind, id string) {
	switch {
	case a.Dashboard != "":
		return "dashboard", a.Dashboard
	case a.Report != "":
		return "report", a.Report
	}
	return "question", a.Question
}

// goneWords say why an item runs no more whose dashboard, report or question was deleted.
func goneWords(kind, item string) string {
	if item == KindAlert {
		return "The question that it watches was deleted; delete the alert too, or have it watch another one"
	}
	return "The " + kind + " that it is about was deleted; delete the schedule too, or make one for another " + kind
}

// Gone returns what is to be done in the transaction that removes a dashboard, a
// report or a question, as the kind says: the schedules and alerts that are
// about it run no more, and say why.
func Gone(kind string) func(ctx context.Context, tx bun.Tx, id string) error {
	return func(ctx context.Context, tx bun.Tx, id string) error {
		var items []struct {
			ID   string `bun:"id"`
			Kind string `bun:"kind"`
			Body string `bun:"body"`
		}
		if err := tx.NewRaw("SELECT id, kind, body FROM saved WHERE kind IN (?, ?)", KindSchedule, KindAlert).Scan(ctx, &items); err != nil {
			return err
		}
		for _, i := range items {
			var a about
			if err := json.Unmarshal([]byte(i.Body), &a); err != nil {
				return err
			}
			if its, of := a.named(); its != kind || of != id {
				continue
			}
			// What has no row yet stops at its first run.
			if _, err := tx.NewRaw("UPDATE due SET stopped = ?, updated_at = ? WHERE item_id = ? AND stopped = ''", goneWords(kind, i.Kind), time.Now().UTC(), i.ID).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// gone reports whether a dashboard, a report or a question is not there any more.
func (w *Works) gone(ctx context.Context, kind, id string) (bool, error) {
	q := w.Store.Read().NewRaw("SELECT count(*) FROM saved WHERE id = ? AND kind = ?", id, kind)
	if kind == "question" {
		q = w.Store.Read().NewRaw("SELECT count(*) FROM questions WHERE id = ?", id)
	}
	var n int
	err := q.Scan(ctx, &n)
	return n == 0, err
}

// stands tells whether what a run is about is still there and its owner may still
// see it; where not, it returns how the run ends.
func (w *Works) stands(ctx context.Context, a about, item string, owner *account.Person) *result {
	kind, id := a.named()
	switch gone, err := w.gone(ctx, kind, id); {
	case err != nil:
		out := failed(false, err)
		return &out
	case gone:
		why := goneWords(kind, item)
		return &result{err: fault.New(fault.NotFound, "%s", why), final: true, stop: why, actor: owner}
	}
	err := w.mayLook(ctx, kind, id, owner)
	if err == nil {
		return nil
	}
	out := failed(false, err)
	if fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound) {
		out = failed(true, fault.Because(fault.Denied, err, "%s, who saved it, may not see the %s any more; save it again to run it as you", owner.Email, kind))
	}
	out.actor = owner
	return &out
}
