package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"

	"assay/app/frame"
	"assay/app/source"
)

// database is an open pool.
type database struct {
	config source.Config
	pool   *sql.DB
	spare  *sql.DB         // for killing statements, outside the pool that they keep busy
	ctx    context.Context // ends when the pool is closed
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running map[*rows]bool
	kills   sync.WaitGroup
}

var errClosed = &source.Failure{Code: source.Unreachable, Message: "The connection has been closed"}

// Close ends the pool; running statements are cancelled.
func (db *database) Close() error {
	db.mu.Lock()
	db.closed = true
	running := slices.Collect(maps.Keys(db.running))
	db.mu.Unlock()
	db.cancel()
	var group sync.WaitGroup
	for _, r := range running {
		group.Go(r.interrupt)
	}
	group.Wait()
	err := db.pool.Close()
	db.kills.Wait()
	return errors.Join(err, db.spare.Close())
}

// enter notes a result that Close has to end, unless the pool is closed already.
func (db *database) enter(r *rows) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if !db.closed {
		db.running[r] = true
	}
	return !db.closed
}

func (db *database) leave(r *rows) {
	db.mu.Lock()
	defer db.mu.Unlock()
	delete(db.running, r)
}

const (
	// killTimeout bounds how long ending a statement in the database may take.
	killTimeout = 3 * time.Second
	// killGrace is how long a statement gets to end by itself once the database
	// was told, before its connection is cut.
	killGrace = 150 * time.Millisecond
	// firstRows is the size of the first batch, so that it is there early.
	firstRows = 100
)

// kill ends what runs on the connection with the id; the channel is closed when
// the database was told.
func (db *database) kill(id uint64) <-chan struct{} {
	done := make(chan struct{})
	db.kills.Go(func() {
		defer close(done)
		db.tell(id)
	})
	return done
}

func (db *database) tell(id uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
	defer cancel()
	// Whatever the answer, the connection is dropped: an unknown id has ended by itself.
	_, _ = db.spare.ExecContext(ctx, "KILL QUERY "+strconv.FormatUint(id, 10))
}

// Query runs one checked statement.
func (db *database) Query(ctx context.Context, s source.Statement) (frame.Rows, error) {
	switch {
	case db.ctx.Err() != nil:
		return nil, errClosed
	case ctx.Err() != nil:
		return nil, source.AsFailure(ctx.Err())
	}
	args, err := bind(s.Args)
	if err != nil {
		return nil, err
	}
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, db.connectFailure(ctx, err)
	}
	r := &rows{db: db, conn: conn, sql: s.SQL, asked: ctx}
	if err := conn.Raw(func(c any) error { r.session = c.(*session); return nil }); err != nil {
		conn.Close()
		return nil, db.connectFailure(ctx, err)
	}
	// The statement's own context is ended only after the database was told: the
	// driver answers an ended context by leaving, while the statement runs on.
	r.ctx, r.cut = context.WithCancel(context.WithoutCancel(ctx))
	if s.Timeout > 0 {
		// What the server does not end by itself is ended from here, a little later.
		var cancel context.CancelFunc
		r.asked, cancel = context.WithTimeout(ctx, s.Timeout+200*time.Millisecond)
		r.stops = append(r.stops, func() bool { cancel(); return true })
	}
	r.stops = append([]func() bool{context.AfterFunc(r.asked, r.interrupt)}, r.stops...)
	if !db.enter(r) {
		r.Close()
		return nil, errClosed
	}
	if err := r.begin(s, args); err != nil {
		f := r.failure(err)
		r.Close()
		return nil, f
	}
	return r, nil
}

// limit returns the server's time limit for a statement: its own or the
// context's, whichever is sooner, the latter rounded up so that the setting seldom changes.
func limit(ctx context.Context, s source.Statement) time.Duration {
	d := s.Timeout
	if end, ok := ctx.Deadline(); ok {
		if left := time.Until(end).Truncate(time.Second) + time.Second; d == 0 || left < d {
			d = left
		}
	}
	return d
}

// rows is a result being read. Its connection goes back to the pool only when
// nobody has asked to end it.
type rows struct {
	db      *database
	conn    *sql.Conn
	session *session
	sql     string
	asked   context.Context // whose end ends the statement
	ctx     context.Context // the statement's own
	cut     context.CancelFunc
	stops   []func() bool
	killed  atomic.Bool

	rows    *sql.Rows
	columns []frame.Column
	decode  []decoder
	cells   []sql.RawBytes
	dest    []any
	batches int
	ended   bool
	closed  bool
}

func (r *rows) begin(s source.Statement, args []any) (err error) {
	defer recovered(&err)
	if err := r.session.setLimit(r.ctx, limit(r.asked, s)); err != nil {
		return err
	}
	if _, err := r.conn.ExecContext(r.ctx, "START TRANSACTION READ ONLY"); err != nil {
		return err
	}
	text := s.SQL
	if s.Explain && !strings.HasPrefix(text, "EXPLAIN ") && !strings.HasPrefix(text, "ANALYZE ") {
		text = "EXPLAIN " + text
	}
	if tag := plainTag(s.Tag); tag != "" {
		text = "/* assay " + tag + " */ " + text
	}
	found, err := r.conn.QueryContext(r.ctx, text, args...)
	if err != nil {
		return err
	}
	r.rows = found
	r.columns, r.decode, err = columnsOf(found)
	r.cells = make([]sql.RawBytes, len(r.columns))
	r.dest = make([]any, len(r.columns))
	for i := range r.cells {
		r.dest[i] = &r.cells[i]
	}
	return err
}

// plainTag returns the tag as far as it may stand in a comment.
func plainTag(tag string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c < 0x80 && strings.ContainsRune(plainNames, c) {
			return c
		}
		return -1
	}, tag)
}

// interrupt ends the statement in the database, then cuts the connection.
func (r *rows) interrupt() {
	if r.killed.Swap(true) {
		return
	}
	select {
	case <-r.db.kill(r.session.id):
	case <-time.After(killGrace):
	case <-r.ctx.Done():
	}
	select {
	case <-r.ctx.Done():
	case <-time.After(killGrace):
	}
	r.cut()
}

// Columns returns the result's columns.
func (r *rows) Columns() []frame.Column { return r.columns }

// Next fills the batch with the next rows; io.EOF after the last.
func (r *rows) Next(ctx context.Context, b *frame.Batch) error {
	b.Reset(len(r.columns))
	if r.closed {
		return io.EOF
	}
	done, err := r.fill(ctx, b)
	switch {
	case err != nil:
		return err
	case done && b.Rows() == 0:
		r.ended = true
		return errors.Join(r.finish(), io.EOF)
	}
	return nil
}

// fill adds rows until the batch is large enough; done says that there are no more.
func (r *rows) fill(ctx context.Context, b *frame.Batch) (done bool, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			done, err = false, failure(fmt.Errorf("%w: %v", mysql.ErrMalformPkt, broken), r.sql)
		}
	}()
	if ctx.Err() != nil {
		return false, source.AsFailure(ctx.Err())
	}
	if ctx != r.asked {
		defer context.AfterFunc(ctx, r.interrupt)()
	}
	most := 0
	if r.batches == 0 {
		most = firstRows
	}
	r.batches++
	for !b.Full() && (most == 0 || b.Rows() < most) {
		if !r.rows.Next() {
			if err := r.rows.Err(); err != nil {
				return false, r.failureIn(ctx, err)
			}
			return true, nil
		}
		if err := r.rows.Scan(r.dest...); err != nil {
			return false, r.failureIn(ctx, err)
		}
		for i, v := range r.cells {
			if v == nil {
				b.AppendNull()
			} else {
				r.decode[i](b, v)
			}
		}
	}
	return false, nil
}

// Close ends the query in the database, read to the end or not.
func (r *rows) Close() error { return r.finish() }

// finish gives the connection back, or drops it where its state is uncertain.
func (r *rows) finish() error {
	if r.closed {
		return nil
	}
	r.closed = true
	defer r.db.leave(r)
	running := r.rows != nil && !r.ended && r.rows.Err() == nil
	stopped := true
	for _, stop := range r.stops {
		stopped = stop() && stopped
	}
	if running && !r.killed.Swap(true) {
		r.db.kill(r.session.id)
	}
	if r.killed.Load() || !stopped {
		r.drop()
		return nil
	}
	if r.rows != nil {
		r.rows.Close()
	}
	ctx, cancel := context.WithTimeout(r.ctx, killTimeout)
	defer cancel()
	if _, err := r.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		r.drop()
		return nil
	}
	r.cut()
	r.conn.Close()
	return nil
}

// drop cuts the connection and has the pool forget it.
func (r *rows) drop() {
	r.cut()
	if r.rows != nil {
		var ignored error
		func() { defer recovered(&ignored); r.rows.Close() }()
	}
	_ = r.conn.Raw(func(any) error { return driver.ErrBadConn })
	r.conn.Close()
}

// failureIn is failure for the context of one call.
func (r *rows) failureIn(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return source.AsFailure(ctx.Err())
	}
	return r.failure(err)
}

// failure says why the statement ended: first whoever asked it to.
func (r *rows) failure(err error) error {
	switch {
	case r.asked.Err() != nil:
		return source.AsFailure(r.asked.Err())
	case r.db.ctx.Err() != nil:
		return errClosed
	}
	return failure(err, r.sql)
}
