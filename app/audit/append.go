package audit

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"assay/app/store"
)

// lockHead returns the end of the chain, which nobody else moves until the
// transaction ends: an update takes the write lock of SQLite and the row of
// PostgreSQL alike, and reads what was committed last.
func lockHead(ctx context.Context, tx bun.Tx) (h head, err error) {
	err = tx.NewRaw("UPDATE audit_head SET seq = seq WHERE id = 1 RETURNING "+headColumns).Scan(ctx, h.dest()...)
	return h, store.Missing(err, "head of the audit record")
}

// extend gives the records their places at the end of the chain.
func (l *Log) extend(ctx context.Context, tx bun.Tx, records []*Record) error {
	h, err := lockHead(ctx, tx)
	if err != nil {
		return err
	}
	var e encoding
	s := newSealer(l.key.Load())
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", strings.Count(columns, ",")+1), ", ") + ")"
	var statement strings.Builder
	statement.WriteString("INSERT INTO audit (" + columns + ") VALUES ")
	args := make([]any, 0, 16*len(records))
	at := l.now().UTC().Truncate(time.Microsecond)
	for i, r := range records {
		h.seq++
		r.Seq, r.At = h.seq, at
		r.Hash = r.digest(&e, h.hash, r.Seq)
		r.Seal = s.seal(recordLabel, r.Hash)
		h.hash = r.Hash
		if i > 0 {
			statement.WriteString(", ")
		}
		statement.WriteString(row)
		args = append(args, r.values()...)
	}
	if _, err := tx.NewRaw(statement.String(), args...).Exec(ctx); err != nil {
		return err
	}
	return moveHead(ctx, tx, s, h)
}

func moveHead(ctx context.Context, tx bun.Tx, s *sealer, h head) error {
	h.seal = s.seal(headLabel, h.parts()...)
	_, err := tx.NewRaw("UPDATE audit_head SET seq = ?, hash = ?, sealed_to = ?, seal = ? WHERE id = 1", h.seq, h.hash, h.sealedTo, h.seal).Exec(ctx)
	return err
}

// Limits of one shared transaction.
const (
	batchRecords = 256
	batchBytes   = 1 << 20
	batchTime    = 30 * time.Second
)

// queue holds the records that wait for the next shared transaction.
type queue struct {
	mu      sync.Mutex
	waiting []waiting
	writing bool // a goroutine empties the queue
}

type waiting struct {
	record *Record
	quick  bool // need not wait for the disk
	kept   chan error
}

func (q *queue) take() (batch []waiting) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := 0
	for n, w := range q.waiting {
		size += len(w.record.Detail) + len(w.record.Object.Name)
		if n == batchRecords || n > 0 && size > batchBytes {
			break
		}
		batch = append(batch, w)
	}
	q.waiting = q.waiting[len(batch):]
	if len(batch) == 0 {
		q.writing, q.waiting = false, nil
	}
	return batch
}

// write keeps a record together with those that others want kept while the
// transaction before is on its way to the disk.
func (l *Log) write(r *Record, quick bool) error {
	w := waiting{r, quick, make(chan error, 1)}
	l.queue.mu.Lock()
	l.queue.waiting = append(l.queue.waiting, w)
	start := !l.queue.writing
	l.queue.writing = true
	l.queue.mu.Unlock()
	if start {
		go l.empty()
	}
	return <-w.kept
}

// empty writes batch after batch until nobody waits.
func (l *Log) empty() {
	for batch := l.queue.take(); len(batch) > 0; batch = l.queue.take() {
		err := l.keep(batch)
		for _, w := range batch {
			w.kept <- err
		}
		// Who was just told may have more to say, which then goes with the next batch.
		runtime.Gosched()
	}
}

func (l *Log) keep(batch []waiting) error {
	ctx, cancel := context.WithTimeout(context.Background(), batchTime)
	defer cancel()
	_, _ = l.unlock(ctx) // without the key it is kept without a seal
	records := make([]*Record, len(batch))
	write := l.db.WriteQuick
	for i, w := range batch {
		records[i] = w.record
		if !w.quick {
			write = l.db.Write
		}
	}
	return write(ctx, func(ctx context.Context, tx bun.Tx) error { return l.extend(ctx, tx, records) })
}
