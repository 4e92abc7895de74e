package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"

	"assay/app/frame"
	"assay/app/source"

	lib "modernc.org/sqlite/lib"
)

// A result's first rows are read before its columns are told, because only the
// values say what an expression's kind is; they are also its first batch.
const firstRows = 100

// Query runs one checked statement. A statement that is not read-only by the
// engine's own judgement is refused before it starts.
func (p *pool) Query(ctx context.Context, s source.Statement) (frame.Rows, error) {
	ctx, cancel := context.WithCancel(ctx)
	if s.Timeout > 0 {
		timed, cancelTimed := context.WithTimeout(ctx, s.Timeout)
		end := cancel
		ctx, cancel = timed, func() { cancelTimed(); end() }
	}
	c, err := p.acquire(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	r := &rows{pool: p, conn: c, ctx: ctx, cancel: cancel, sql: s.SQL}
	r.watch(ctx)
	r.watch(p.ended)
	if err := r.begin(s); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// rows is a statement that runs.
type rows struct {
	pool    *pool
	conn    idleConn
	stmt    *statement
	ctx     context.Context
	cancel  context.CancelFunc
	sql     string // what positions in errors count in
	columns []frame.Column
	decode  []decoder
	first   [][]value // rows read ahead, copied
	done    bool      // no rows beyond the first ones

	mu     sync.Mutex // orders interrupting and giving the connection back
	closed bool
	stops  []func() bool
}

// watch ends the statement when ctx does.
func (r *rows) watch(ctx context.Context) {
	r.stops = append(r.stops, context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.closed {
			r.conn.interrupt()
		}
	}))
}

func (r *rows) begin(s source.Statement) (err error) {
	defer r.survive(&err)()
	sql := s.SQL
	if s.Explain && !explains(sql) {
		sql, r.sql = "EXPLAIN QUERY PLAN "+sql, ""
	}
	if err := r.conn.confine(s); err != nil {
		return r.failure(err)
	}
	if r.stmt, err = r.conn.prepareQuoted(sql); err != nil {
		return r.failure(err)
	}
	if !r.stmt.readOnly() {
		return errWrites
	}
	if err := r.stmt.bind(s.Args); err != nil {
		return r.failure(err)
	}
	if err := r.readAhead(); err != nil {
		return r.failure(err)
	}
	r.describe()
	return nil
}

// explains reports whether a printed statement asks for its plan by itself.
func explains(sql string) bool {
	return len(sql) >= 8 && strings.EqualFold(sql[:8], "EXPLAIN ")
}

// readAhead reads and copies the first rows, no more than a batch of them.
func (r *rows) readAhead() error {
	n, size := 0, 0
	for len(r.first) < firstRows && size < frame.TargetBatchBytes {
		more, err := r.stmt.step()
		if err != nil {
			return err
		}
		if !more {
			r.done = true
			return nil
		}
		if r.first == nil {
			// Only now: a statement compiled for a schema that has changed since is
			// compiled anew by its first step, and may have other columns.
			n = r.stmt.columns()
		}
		row := make([]value, n)
		for i := range row {
			row[i] = r.stmt.value(i)
			row[i].bytes = append([]byte(nil), row[i].bytes...)
			size += len(row[i].bytes) + 8
		}
		r.first = append(r.first, row)
	}
	return nil
}

// describe decides the columns' kinds from what they are declared as and the first values.
func (r *rows) describe() {
	values := make([]value, len(r.first))
	var guesses []frame.Kind
	guessed := false
	for i := range r.stmt.columns() {
		for j, row := range r.first {
			values[j] = row[i]
		}
		col := resultColumn(r.stmt.declared(i), values)
		if col.Kind == frame.Other {
			if !guessed {
				guesses, guessed = expressionKinds(r.sql, r.stmt.columns()), true
			}
			if guesses != nil {
				col.Kind = guesses[i]
			}
		}
		col.Name = r.stmt.name(i)
		r.columns = append(r.columns, col)
		r.decode = append(r.decode, decoderFor(col.Kind))
	}
}

func (r *rows) Columns() []frame.Column { return r.columns }

// Next fills the batch; the first one holds what was read ahead.
func (r *rows) Next(ctx context.Context, b *frame.Batch) (err error) {
	defer r.survive(&err)()
	b.Reset(len(r.columns))
	if r.first != nil {
		for _, row := range r.first {
			for i := range row {
				r.decode[i](b, row[i])
			}
		}
		r.first = nil
		return nil
	}
	if r.done {
		return io.EOF
	}
	if r.stmt == nil {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return source.AsFailure(err)
	}
	if ctx.Done() != r.ctx.Done() {
		stop := context.AfterFunc(ctx, r.cancel)
		defer stop()
	}
	for !b.Full() {
		more, err := r.stmt.step()
		if err != nil {
			r.done = true
			if ctx.Err() != nil {
				return source.AsFailure(ctx.Err())
			}
			return r.failure(err)
		}
		if !more {
			r.done = true
			break
		}
		for i, decode := range r.decode {
			decode(b, r.stmt.value(i))
		}
	}
	if b.Rows() == 0 {
		return io.EOF
	}
	return nil
}

// failure says why the statement ended: because it was told to, or the engine's own reason.
func (r *rows) failure(err error) error {
	if e, ok := errors.AsType[*engineError](err); ok && e.code&0xff == lib.SQLITE_INTERRUPT || r.conn.stop.Load() {
		if r.ctx.Err() != nil {
			return source.AsFailure(r.ctx.Err())
		}
		return errClosed
	}
	if e, ok := errors.AsType[*engineError](err); ok && e.code&0xff == lib.SQLITE_AUTH && r.conn.wall != nil {
		return &source.Failure{
			Code: source.Refused, Message: "The statement would read more than the tables it names, and rules say what may be seen",
			Hint: "If the schema has just changed, ask again after its catalog has been read anew.", Err: e,
		}
	}
	return failure(err, r.pool.path, r.sql)
}

// survive turns a fault inside the library, which a damaged or hostile file
// could provoke, into a failure; the connection is then left alone for good.
func (r *rows) survive(err *error) func() {
	faults := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(faults)
		if v := recover(); v != nil {
			r.done, r.stmt, r.conn.lost = true, nil, true
			*err = &source.Failure{
				Code: source.DatabaseError, Message: "The database engine failed while it read the file",
				Hint: "The file is probably damaged: run PRAGMA integrity_check on it with the sqlite3 program.", Err: fmt.Errorf("panic: %v", v),
			}
		}
	}
}

// Close ends the statement wherever it is and gives its connection back.
func (r *rows) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	r.mu.Unlock()
	for _, stop := range r.stops {
		stop()
	}
	r.cancel()
	if r.stmt != nil {
		r.stmt.finalize()
		r.stmt = nil
	}
	if !r.conn.lost {
		r.conn.open()
	}
	r.first, r.done = nil, true
	r.pool.release(r.conn)
	return nil
}
