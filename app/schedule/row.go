package schedule

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"assay/app/store"
)

// The states of a run. A run is delivering until the last of its deliveries has ended.
const (
	RunWaiting    = "waiting"
	RunRunning    = "running"
	RunDelivering = "delivering"
	RunDone       = "done"
	RunPartly     = "partly" // some recipients got it, others did not
	RunFailed     = "failed"
	RunSkipped    = "skipped"
	RunCancelled  = "cancelled"
)

// Why a run began.
const (
	OnTime = "schedule"
	Missed = "missed" // nothing ran at its time: it runs once, later
	OnWish = "now"
)

// The states of a delivery.
const (
	DeliveryPending   = "pending"
	DeliverySending   = "sending"
	DeliverySent      = "sent"
	DeliverySkipped   = "skipped"   // the recipient may see nothing of it, or there is nothing
	DeliveryFailed    = "failed"    // refused for good
	DeliveryDead      = "dead"      // given up after the last try
	DeliveryUnknown   = "unknown"   // it may have arrived; another try could double it
	DeliveryCancelled = "cancelled" // the run was cancelled before
)

// Run is one run of a schedule or an alert.
type Run struct {
	bun.BaseModel `bun:"table:runs,alias:run"`

	ID     string    `bun:"id,pk"`
	Kind   string    `bun:"kind"` // KindSchedule or KindAlert
	ItemID string    `bun:"item_id"`
	Slot   time.Time `bun:"slot"` // the time for which it runs
	Cause  string    `bun:"cause"`
	By     string    `bun:"by_id"` // who wanted it, of a run OnWish
	State  string    `bun:"state"`
	// Attempt counts the tries.
	Attempt   int        `bun:"attempt"`
	StartedAt *time.Time `bun:"started_at"`
	EndedAt   *time.Time `bun:"ended_at"`
	Message   string     `bun:"message"`
	// Log is what it did, one line a step, each beginning with its time.
	Log       string    `bun:"log"`
	CreatedAt time.Time `bun:"created_at"`

	Deliveries []Delivery `bun:"-"`

	Facts      string     `bun:"facts" json:"-"`
	Lease      string     `bun:"lease" json:"-"`
	LeaseUntil *time.Time `bun:"lease_until" json:"-"`
}

// Took is how long the run took, up to now where it has not ended.
func (r *Run) Took(now time.Time) time.Duration {
	switch {
	case r.StartedAt == nil:
		return 0
	case r.EndedAt != nil:
		now = *r.EndedAt
	}
	return now.Sub(*r.StartedAt)
}

// Delivery is what became of one target of a run.
type Delivery struct {
	bun.BaseModel `bun:"table:deliveries,alias:delivery"`

	ID    string `bun:"id,pk"`
	RunID string `bun:"run_id"`
	// Key is the target's, Name what people know it by.
	Key   string `bun:"target"`
	Name  string `bun:"name"`
	State string `bun:"state"`
	// Attempt counts the tries; NextAt is when the next one comes, nil for none.
	Attempt   int        `bun:"attempt"`
	NextAt    *time.Time `bun:"next_at"`
	Message   string     `bun:"message"`
	SentAt    *time.Time `bun:"sent_at"`
	CreatedAt time.Time  `bun:"created_at"`
	UpdatedAt time.Time  `bun:"updated_at"`

	Lease      string     `bun:"lease" json:"-"`
	LeaseUntil *time.Time `bun:"lease_until" json:"-"`
}

// Target is where it goes.
func (d *Delivery) Target() Target { return targetOf(d.Key) }

// Standing is how a schedule or an alert stands.
type Standing struct {
	bun.BaseModel `bun:"table:due,alias:due"`

	ItemID string `bun:"item_id,pk"`
	// NextAt is when it runs next, nil for never.
	NextAt *time.Time `bun:"next_at"`
	Paused bool       `bun:"paused"`
	// Stopped says why it runs no more, "" where it does; saving it again starts it.
	Stopped string `bun:"stopped"`
	// State is, of an alert, ok, firing or "" before its first run.
	State       string     `bun:"state"`
	SilentUntil *time.Time `bun:"silent_until"`

	Version   int       `bun:"version"`
	Progress  string    `bun:"progress" json:"-"`
	UpdatedAt time.Time `bun:"updated_at" json:"-"`
}

// logTime is how times are spelled in logs of runs.
const logTime = "2006-01-02T15:04:05Z"

// mostLog bounds the log of a run in bytes.
const mostLog = 64 << 10

// note adds lines to the log of a run.
func (w *Works) note(ctx context.Context, tx bun.Tx, run string, lines ...string) error {
	text := ""
	for _, l := range lines {
		if l == "" {
			continue
		}
		text += w.now().Format(logTime) + " " + l + "\n"
	}
	_, err := tx.NewRaw("UPDATE runs SET log = log || ? WHERE id = ? AND length(log) < ?", text, run, mostLog).Exec(ctx)
	return err
}

func (w *Works) run(ctx context.Context, id string) (*Run, error) {
	r := new(Run)
	if err := w.Store.Read().NewSelect().Model(r).Where("id = ?", id).Scan(ctx); err != nil {
		return nil, store.Missing(err, "run")
	}
	return r, nil
}

func ptr[T any](v T) *T { return &v }
