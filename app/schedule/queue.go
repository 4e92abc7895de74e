package schedule

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"assay/app/store"
)

// runJob asks for one run, deliverJob for one delivery. A job is a call and no
// more: what there is to do, and whether it was done, stands in our rows, so that
// a job which comes twice does nothing the second time and one that is lost is
// made again.
type runJob struct {
	Run string `json:"run"`
}

type deliverJob struct {
	Delivery string `json:"delivery"`
}

// Kind names the job.
func (runJob) Kind() string { return "assay_run" }

// Kind names the job.
func (deliverJob) Kind() string { return "assay_delivery" }

// The queues: deliveries do not wait behind slow questions.
const (
	runQueue     = "assay_runs"
	deliverQueue = "assay_deliveries"
)

// InsertOpts puts the job into its queue.
func (runJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: runQueue, MaxAttempts: 3}
}

// InsertOpts puts the job into its queue.
func (deliverJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: deliverQueue, MaxAttempts: 3}
}

type runWorker struct {
	river.WorkerDefaults[runJob]
	w *Works
}

// Work does the run.
func (r *runWorker) Work(ctx context.Context, job *river.Job[runJob]) error {
	return again(r.w.perform(ctx, job.Args.Run))
}

type deliverWorker struct {
	river.WorkerDefaults[deliverJob]
	w *Works
}

// Work does the delivery.
func (d *deliverWorker) Work(ctx context.Context, job *river.Job[deliverJob]) error {
	return again(d.w.deliver(ctx, job.Args.Delivery))
}

// again has the job come back after a while, where there is one.
func again(after time.Duration, err error) error {
	if err == nil && after > 0 {
		return river.JobSnooze(after)
	}
	return err
}

// queue is River on our store.
type queue struct {
	client *river.Client[*sql.Tx]
}

// openQueue brings River's tables up to date and returns its queue, which works
// once it is started.
func openQueue(ctx context.Context, w *Works) (*queue, error) {
	driver, err := migrateQueue(ctx, w.Store, w.Log)
	if err != nil {
		return nil, err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &runWorker{w: w})
	river.AddWorker(workers, &deliverWorker{w: w})
	client, err := river.NewClient(driver, &river.Config{
		Queues:            map[string]river.QueueConfig{runQueue: {MaxWorkers: 2}, deliverQueue: {MaxWorkers: 4}},
		Workers:           workers,
		Logger:            slog.New(quieter{w.Log.Handler()}),
		FetchCooldown:     10 * time.Millisecond,
		FetchPollInterval: w.fetch, // jobs made here are fetched at once
		PollOnly:          true,
		JobTimeout:        w.jobTimeout,
		SoftStopTimeout:   10 * time.Second,
		// What a process that died worked on is taken over by the leases of our
		// rows; this only clears away its jobs.
		RescueStuckJobsAfter:        w.jobTimeout + 30*time.Minute,
		CompletedJobRetentionPeriod: 10 * time.Minute,
		CancelledJobRetentionPeriod: time.Hour,
		DiscardedJobRetentionPeriod: 24 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	return &queue{client: client}, nil
}

// deaf is a driver that is not told of new jobs by the store: on SQLite that
// would be a question every 50 ms over the one connection that writes. Without it
// River tells itself of the jobs that this process makes, and no other makes any.
type deaf struct{ riverdriver.Driver[*sql.Tx] }

// SupportsListener says that it is not told.
func (deaf) SupportsListener() bool { return false }

// queueLock is the advisory lock under which River's tables are made: "river" in ASCII.
const queueLock = 0x7269766572

// Migrate brings the queue's tables in a store up to date, which otherwise is
// done when the queue is first needed.
func Migrate(ctx context.Context, s *store.Store, log *slog.Logger) error {
	_, err := migrateQueue(ctx, s, log)
	return err
}

// migrateQueue makes River's tables, one transaction a step, and returns the
// driver for them. Processes that start at once on PostgreSQL do it one after
// another; on SQLite there is seldom a second one, which then finds the tables
// when it looks again.
func migrateQueue(ctx context.Context, s *store.Store, log *slog.Logger) (driver riverdriver.Driver[*sql.Tx], err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("tables of the queue: %w", err)
		}
	}()
	db, postgres := s.SQL()
	driver = deaf{riversqlite.New(db)}
	if postgres {
		driver = riverdatabasesql.New(db)
	}
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(quieter{log.Handler()})})
	if err != nil {
		return nil, err
	}
	migrate := func() error {
		_, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	}
	if !postgres {
		if migrate() != nil {
			err = migrate()
		}
		return driver, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(queueLock)); err != nil {
		return nil, err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(queueLock))
	return driver, migrate()
}

// add calls for a run or a delivery. It must not be called inside a transaction.
func (q *queue) add(ctx context.Context, args river.JobArgs, after time.Duration) error {
	var opts *river.InsertOpts
	if after > 0 {
		opts = &river.InsertOpts{ScheduledAt: time.Now().Add(after)}
	}
	_, err := q.client.Insert(ctx, args, opts)
	return err
}

// quieter passes on what River has to say from warnings on.
type quieter struct{ slog.Handler }

// Enabled reports whether the level is passed on.
func (q quieter) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

// WithAttrs returns the handler with attributes.
func (q quieter) WithAttrs(list []slog.Attr) slog.Handler { return quieter{q.Handler.WithAttrs(list)} }

// WithGroup returns the handler with a group.
func (q quieter) WithGroup(name string) slog.Handler { return quieter{q.Handler.WithGroup(name)} }
