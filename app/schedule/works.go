package schedule

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/mail"
	"assay/app/query"
	"assay/app/saved"
	"assay/app/source"
	"assay/app/store"
)

// Deps is what the works stand on.
type Deps struct {
	Store     *store.Store
	Audit     *audit.Log
	Log       *slog.Logger
	People    *account.Store
	Runner    *query.Runner
	Questions *query.Store
	Channels  *Channels
	// Mail sends mails; nil where no mail server is set up.
	Mail *mail.Sender
	// MailDomains are the domains that mails to addresses without an account may
	// go to; none for all.
	MailDomains []string
	// Dial connects to webhooks; it refuses what must not be reached. Nil refuses
	// loopback and private networks.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// BaseURL is where people reach this server, without a slash at its end.
	BaseURL string
	Make    Make
	// Now tells the time; nil for the clock.
	Now func() time.Time
}

// Make makes what is delivered.
type Make struct {
	// Render makes the document of a schedule as a person may see it, its
	// drawings made; of one that refreshes it asks anew and keeps the answers.
	Render func(ctx context.Context, as *account.Person, b Body) (*document.Document, error)
	// HTML makes a mail of a document; images holds, by the hash of a drawing, the
	// Content-ID of the drawing as PNG. Nil sends plain text alone.
	HTML func(d *document.Document, images map[string]string) (string, error)
	// PDF writes the document on pages.
	PDF func(w io.Writer, d *document.Document) error
	// PNG paints a drawing so many pixels wide.
	PNG func(svg []byte, width int) ([]byte, error)
	// Rows returns the tables that a dashboard or a report shows, as a person may
	// see them, in reading order.
	Rows func(ctx context.Context, as *account.Person, b Body) ([]Table, error)
	// Explore returns the address at which the person looks into a question, "" for none.
	Explore func(as *account.Person, q *query.Question, values map[string]string) string
}

// Table is the rows behind a card or a block.
type Table struct {
	Title string
	Frame *frame.Frame // nil where there is no answer
	At    time.Time    // when the database was asked
}

// Works does what schedules and alerts say, when they say it.
type Works struct {
	Deps
	Schedules *Schedules
	Alerts    *Alerts

	// lease is how long a run or a delivery belongs to who works on it without a
	// sign of life.
	lease      time.Duration
	poll       time.Duration
	jobTimeout time.Duration
	postTime   time.Duration
	// backoff is how long is waited after each try that failed; retries are for runs.
	backoff, retries []time.Duration
	// fetch is how often the queue looks for jobs of other processes and for those put off.
	fetch time.Duration

	wake  chan struct{}
	packs packs

	mu      sync.Mutex
	queue   *queue
	working bool // the queue works
	started bool
	live    map[string]context.CancelFunc // runs under way here, by id
	ended   chan struct{}
	stop    context.CancelFunc
}

// New returns the works; they rest until Start.
func New(d Deps) *Works {
	w := &Works{Deps: d, Schedules: saved.NewStore[Body](d.Store, d.Audit, KindSchedule), Alerts: saved.NewStore[AlertBody](d.Store, d.Audit, KindAlert),
		lease: 90 * time.Second, poll: time.Minute, jobTimeout: 15 * time.Minute, postTime: usualPatience, fetch: 5 * time.Second,
		backoff: []time.Duration{time.Minute, 5 * time.Minute, 25 * time.Minute, 2 * time.Hour, 6 * time.Hour},
		retries: []time.Duration{time.Minute, 5 * time.Minute},
		wake:    make(chan struct{}, 1), live: map[string]context.CancelFunc{}}
	w.MailDomains = nil
	for _, domain := range d.MailDomains {
		w.MailDomains = append(w.MailDomains, strings.ToLower(strings.TrimPrefix(domain, "@")))
	}
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.Dial == nil {
		w.Dial = source.Reach{}.Dial
	}
	return w
}

// now is the time to the microsecond, which is what both stores keep.
func (w *Works) now() time.Time { return w.Now().UTC().Truncate(time.Microsecond) }

// Start begins to work and returns at once. Where nothing is saved to run on
// time, it does nothing but look once a minute whether there is.
func (w *Works) Start(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started {
		return
	}
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	w.started, w.ended = true, make(chan struct{})
	go w.keep(ctx)
}

// Stop ends the work: what is under way has ten seconds to end, and what is left
// of it is taken up at the next start.
func (w *Works) Stop() {
	w.mu.Lock()
	if !w.started {
		w.mu.Unlock()
		return
	}
	w.started = false
	w.stop()
	ended := w.ended
	w.mu.Unlock()
	<-ended
}

// Wake has the works look at once at what is due.
func (w *Works) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// keep looks at what is due, again and again.
func (w *Works) keep(ctx context.Context) {
	defer close(w.ended)
	if w.Mail != nil {
		defer w.Mail.Rest()
	}
	defer w.rest()
	cleaned := time.Time{}
	for {
		next, err := w.tick(ctx)
		if err != nil && ctx.Err() == nil {
			w.Log.Error("schedules could not be looked at", "err", err)
		}
		if now := w.now(); err == nil && now.Sub(cleaned).Abs() > time.Hour {
			if cleaned = now; ctx.Err() == nil {
				w.clean(ctx)
			}
		}
		timer := time.NewTimer(min(max(next, 10*time.Millisecond), w.poll))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-w.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// call has the queue come to a run or a delivery; it is opened, and where the
// works have started set to work, when it is first needed.
func (w *Works) call(ctx context.Context, job interface{ Kind() string }, after time.Duration) error {
	q, err := w.open(ctx)
	if err != nil {
		return err
	}
	return q.add(ctx, job, after)
}

func (w *Works) open(ctx context.Context) (*queue, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.queue == nil {
		q, err := openQueue(ctx, w)
		if err != nil {
			return nil, err
		}
		w.queue = q
	}
	if w.started && !w.working {
		if err := w.queue.client.Start(context.WithoutCancel(ctx)); err != nil {
			return nil, err
		}
		w.working = true
	}
	return w.queue, nil
}

// rest stops the queue until it is needed again.
func (w *Works) rest() {
	w.mu.Lock()
	q, working := w.queue, w.working
	w.queue, w.working = nil, false
	w.mu.Unlock()
	if !working {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := q.client.Stop(ctx); err != nil {
		w.Log.Error("the queue did not stop", "err", err)
	}
}

// owner returns as whom an item runs: who saved its present version, while they
// have an account and may still save there; stop says why nobody.
func (w *Works) owner(ctx context.Context, savedBy, folder string) (p *account.Person, stop string, err error) {
	p, err = w.People.Get(ctx, savedBy)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, "Whoever saved it has no account any more; save it again to run it as you", nil
	case err != nil:
		return nil, "", err
	case p.Disabled:
		return nil, "The account of " + p.Email + ", who saved it, is disabled; save it again to run it as you", nil
	case !account.May(p, account.Save, account.InFolder(folder)).Allowed:
		return nil, p.Email + ", who saved it, may not save in this folder any more; save it again to run it as you", nil
	}
	return p, "", nil
}
