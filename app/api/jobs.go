package api

import (
	"context"
	"net/http"
	"time"

	"assay/app/account"
	"assay/app/schedule"
)

// Jobs is what the API needs of whatever runs schedules and alerts: what each of
// the others is given is the kind, "schedule" or "alert", and the id of one
// that the caller may change.
type Jobs struct {
	// Save and SaveAlert save a schedule or an alert, new where it has no version,
	// and set the clock for it; it runs as who saved it.
	Save      func(ctx context.Context, i *schedule.Schedule, by *account.Person) error
	SaveAlert func(ctx context.Context, i *schedule.Alert, by *account.Person) error
	// Run runs one now and returns the run's id.
	Run func(ctx context.Context, kind, id string, by *account.Person) (run string, err error)
	// Runs returns the runs after one, the latest first; a limit of 0 means all.
	Runs func(ctx context.Context, kind, id, after string, limit int) ([]Run, error)
	// Standing tells how one stands.
	Standing func(ctx context.Context, kind, id string) (Standing, error)
	// Pause stops one from running on time, or, where not on, lets it again.
	Pause func(ctx context.Context, kind, id string, on bool, by *account.Person) error
	// Silence keeps an alert from telling anybody until a time; the zero time ends it.
	Silence func(ctx context.Context, id string, until time.Time, by *account.Person) error
}

// Run is one run of a schedule or an alert.
type Run struct {
	ID         string     `json:"id"`
	Cause      string     `json:"cause" doc:"Why it ran: on time, after a time that was missed, or because somebody wanted it"`
	State      string     `json:"state" doc:"How it stands"`
	For        time.Time  `json:"for" doc:"The time for which it ran"`
	Attempt    int        `json:"attempt" doc:"Counts the tries"`
	StartedAt  *time.Time `json:"started_at" doc:"When it began; null while it waits"`
	EndedAt    *time.Time `json:"ended_at" doc:"When it ended; null before"`
	Message    string     `json:"message"`
	Log        string     `json:"log" doc:"What it did, line by line"`
	Deliveries []Delivery `json:"deliveries" nullable:"false" doc:"What became of each recipient"`
}

// Delivery is what became of one recipient of a run.
type Delivery struct {
	To      string     `json:"to" doc:"Who it is for"`
	State   string     `json:"state" doc:"How it stands"`
	Attempt int        `json:"attempt" doc:"Counts the tries"`
	Message string     `json:"message"`
	SentAt  *time.Time `json:"sent_at" doc:"When it was sent; null before"`
}

// Standing is how a schedule or an alert stands.
type Standing struct {
	Paused      bool       `json:"paused" doc:"Whether it does not run on time"`
	Stopped     string     `json:"stopped" doc:"Why it runs no more, empty where it does"`
	State       string     `json:"state" doc:"Of an alert, whether it is raised"`
	NextAt      *time.Time `json:"next_at" doc:"When it runs next; null for never"`
	SilentUntil *time.Time `json:"silent_until" doc:"Until when an alert tells nobody; null where it does"`
}

// started is the answer to a run that began.
type started struct {
	Run string `json:"run" doc:"The run's id"`
}

type silenceInput struct {
	ByID
	Body struct {
		Until *time.Time `json:"until,omitempty" doc:"Until when; without it the alert tells again"`
	} `nameHint:"SilenceInput"`
}

// running registers the calls of what runs on time.
func running[B any, P bodyOf[B]](k *keeping[B, P]) {
	a, n, one, path, save := k.api, capital(k.noun), article(k.noun), "/"+k.plural+"/{id}", account.Save
	jobs := a.Jobs
	may := func(ctx context.Context, id string) error {
		_, err := k.item(ctx, save, id)
		return err
	}
	add(a, operation{id: "run" + n, method: http.MethodPost, path: path + "/run", tag: k.plural, action: save, status: http.StatusAccepted, summary: "Run " + one + " now",
		detail: "It answers before the run ends; the list of runs tells what became of it."},
		func(ctx context.Context, in *ByID) (*body[started], error) {
			if err := may(ctx, in.ID); err != nil {
				return nil, err
			}
			id, err := jobs.Run(ctx, k.noun, in.ID, from(ctx).person)
			if err != nil {
				return nil, err
			}
			return &body[started]{started{id}}, nil
		})
	add(a, operation{id: "list" + n + "Runs", method: http.MethodGet, path: path + "/runs", tag: k.plural, action: save, summary: "List the runs of " + one + ", the latest first"},
		func(ctx context.Context, in *versionsInput) (*body[page[Run]], error) {
			if err := may(ctx, in.ID); err != nil {
				return nil, err
			}
			list, err := jobs.Runs(ctx, k.noun, in.ID, in.Cursor, in.Limit+1)
			if err != nil {
				return nil, err
			}
			return pageOf(list, in.Paging, func(r Run) string { return r.ID }), nil
		})
	add(a, operation{id: "get" + n + "State", method: http.MethodGet, path: path + "/state", tag: k.plural, action: account.Look, summary: "Tell how " + one + " stands"},
		func(ctx context.Context, in *ByID) (*body[Standing], error) {
			if _, err := k.item(ctx, account.Look, in.ID); err != nil {
				return nil, err
			}
			s, err := jobs.Standing(ctx, k.noun, in.ID)
			if err != nil {
				return nil, err
			}
			return &body[Standing]{s}, nil
		})
	pause := func(on bool) func(ctx context.Context, in *ByID) (*nothing, error) {
		return func(ctx context.Context, in *ByID) (*nothing, error) {
			if err := may(ctx, in.ID); err != nil {
				return nil, err
			}
			return nil, jobs.Pause(ctx, k.noun, in.ID, on, from(ctx).person)
		}
	}
	add(a, operation{id: "pause" + n, method: http.MethodPost, path: path + "/pause", tag: k.plural, action: save, status: http.StatusNoContent, summary: "Keep " + one + " from running on time"}, pause(true))
	add(a, operation{id: "resume" + n, method: http.MethodPost, path: path + "/resume", tag: k.plural, action: save, status: http.StatusNoContent, summary: "Let " + one + " run on time again"}, pause(false))
	if k.noun != "alert" {
		return
	}
	add(a, operation{id: "silenceAlert", method: http.MethodPost, path: path + "/silence", tag: k.plural, action: save, status: http.StatusNoContent, summary: "Keep an alert from telling anybody for a while"},
		func(ctx context.Context, in *silenceInput) (*nothing, error) {
			if err := may(ctx, in.ID); err != nil {
				return nil, err
			}
			until := time.Time{}
			if in.Body.Until != nil {
				until = *in.Body.Until
			}
			return nil, jobs.Silence(ctx, in.ID, until, from(ctx).person)
		})
}
