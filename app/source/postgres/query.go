package postgres

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"assay/app/frame"
	"assay/app/source"
)

const (
	// firstRows is the size of the first batch, so that something can be shown early.
	firstRows = 100
	// drainFor and drainBytes bound what is read to the end, rather than
	// cancelled, when rows are closed early: cancelling costs the connection.
	drainFor   = 10 * time.Millisecond
	drainBytes = 256 << 10
	// staleWithin is how soon a connection that died while idle tells so.
	staleWithin = time.Second
	planPrefix  = "EXPLAIN "
)

// Query runs one checked statement in a read-only transaction that is rolled
// back in the same round trip as it is begun.
func (db *database) Query(ctx context.Context, s source.Statement) (frame.Rows, error) {
	sql, shift := s.SQL, 0
	if s.Explain && !strings.HasPrefix(strings.ToUpper(sql), "EXPLAIN") {
		sql, shift = planPrefix+sql, len(planPrefix)
	}
	for _, loose := range []bool{true, false} {
		values, oids, err := bind(s.Args, loose)
		if err != nil {
			return nil, err
		}
		r := &rows{db: db, sql: sql, shift: shift, asked: ctx}
		err = r.start(ctx, s, values, oids)
		if err == nil {
			return r, nil
		}
		// A text whose type the server was to find out from its place had no place that tells.
		if f := source.AsFailure(err); loose && f != nil && hasText(s.Args) && (f.State == "42P18" || f.State == "42725" || f.State == "42804") {
			continue
		}
		return nil, err
	}
	return nil, source.Refuse(0, "The statement could not be sent")
}

// rows is a result being read.
type rows struct {
	db    *database
	sql   string
	shift int
	asked context.Context

	ctx      context.Context
	cancel   context.CancelFunc
	unwatch  func() bool
	conn     *pgconn.PgConn
	pipe     *pgconn.Pipeline
	result   *pgconn.ResultReader
	columns  []frame.Column
	decoders []decoder
	begun    bool // a batch has been handed over
	done     bool // the connection has been given back
	err      error
}

// start sends everything and reads up to the result's columns.
func (r *rows) start(ctx context.Context, s source.Statement, values [][]byte, oids []uint32) error {
	for attempt := 0; ; attempt++ {
		conn, known, reused, err := r.db.acquire(ctx, attempt > 0)
		if err != nil {
			return err
		}
		begun := time.Now()
		err = r.send(ctx, conn, known, s, values, oids)
		if err == nil {
			return nil
		}
		if reused && attempt == 0 && time.Since(begun) < staleWithin && stale(err) && ctx.Err() == nil && r.db.ctx.Err() == nil {
			continue
		}
		return r.failure(err)
	}
}

// stale reports whether an error may only say that the server ended the
// connection while it lay idle; then a read can be sent again.
func stale(err error) bool {
	e, said := errors.AsType[*pgconn.PgError](err)
	return !said || strings.HasPrefix(e.Code, "57P") || strings.HasPrefix(e.Code, "08")
}

func (r *rows) send(ctx context.Context, conn *pgconn.PgConn, known *server, s source.Statement, values [][]byte, oids []uint32) error {
	r.conn = conn
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.unwatch = context.AfterFunc(r.db.ctx, r.cancel)
	r.done = false
	r.pipe = conn.StartPipeline(r.ctx)
	r.pipe.SendQueryParams("BEGIN READ ONLY", nil, nil, nil, nil)
	settings, args := r.db.settings(ctx, known, s)
	r.pipe.SendQueryParams(settings, args, nil, nil, nil)
	r.pipe.SendQueryParams(r.sql, values, oids, nil, nil)
	r.pipe.SendPipelineSync()
	r.pipe.SendQueryParams("ROLLBACK", nil, nil, nil, nil)
	err := r.pipe.Sync()
	for range 2 {
		if err == nil {
			err = r.pass()
		}
	}
	if err == nil {
		var got any
		if got, err = r.pipe.GetResults(); err == nil {
			result, ok := got.(*pgconn.ResultReader)
			if !ok {
				err = fmt.Errorf("unexpected answer %T", got)
			}
			r.result = result
		}
	}
	if err != nil {
		r.finish()
		return err
	}
	r.columns, r.decoders = r.db.describe(r.ctx, r.result.FieldDescriptions())
	return nil
}

// pass reads over the answer to a statement of ours.
func (r *rows) pass() error {
	got, err := r.pipe.GetResults()
	if err != nil {
		return err
	}
	result, ok := got.(*pgconn.ResultReader)
	if !ok {
		return fmt.Errorf("unexpected answer %T", got)
	}
	_, err = result.Close()
	return err
}

// settings returns the statement that pins the transaction's settings. Being
// the first read, it also takes the snapshot after which the transaction can
// no longer be made to write.
func (db *database) settings(ctx context.Context, known *server, s source.Statement) (string, [][]byte) {
	var sql strings.Builder
	var args [][]byte
	add := func(name, value string) {
		if len(args) == 0 {
			sql.WriteString("SELECT ")
		} else {
			sql.WriteString(", ")
		}
		args = append(args, []byte(value))
		sql.WriteString("pg_catalog.set_config('" + name + "', $" + strconv.Itoa(len(args)) + ", true)")
	}
	name := db.name
	if s.Tag != "" {
		name += ":" + s.Tag
	}
	add("application_name", name)
	if limit := serverLimit(ctx, known, s.Timeout); limit > 0 {
		add("statement_timeout", strconv.FormatInt(max(1, limit.Milliseconds()), 10))
	}
	for _, p := range known.everyTime {
		add(p.name, p.value)
	}
	return sql.String(), args
}

// serverLimit returns the time limit to set on the server, 0 for none: the
// soonest of the statement's, the context's and the login's own.
func serverLimit(ctx context.Context, known *server, limit time.Duration) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		// A little later than the context, whose end is the better message.
		if left := time.Until(deadline) + 100*time.Millisecond; limit <= 0 || left < limit {
			limit = left
		}
	}
	if limit <= 0 {
		return 0
	}
	if known.inherited > 0 && known.inherited < limit {
		return 0
	}
	return limit
}

func (r *rows) Columns() []frame.Column { return r.columns }

// Next fills the batch; the first one is small so that it comes soon.
func (r *rows) Next(ctx context.Context, b *frame.Batch) error {
	b.Reset(len(r.columns))
	if r.err != nil {
		return r.err
	}
	if ctx != r.asked {
		defer context.AfterFunc(ctx, r.cancel)()
	}
	limit := 1 << 30
	if !r.begun {
		r.begun, limit = true, firstRows
	}
	n := 0
	for n < limit && !b.Full() {
		if !r.result.NextRow() {
			return r.end(ctx, n)
		}
		for i, v := range r.result.Values() {
			r.decoders[i].add(b, v)
		}
		n++
	}
	return nil
}

// end is called at the result's end, with the number of rows in the batch.
func (r *rows) end(ctx context.Context, n int) error {
	_, err := r.result.Close()
	r.finish()
	if err != nil {
		if ctx.Err() != nil {
			r.err = source.AsFailure(ctx.Err())
		} else {
			r.err = r.failure(err)
		}
		return r.err
	}
	r.err = io.EOF
	if n > 0 {
		return nil
	}
	return io.EOF
}

// finish reads what is left of the answers and gives the connection back,
// unless its state is uncertain.
func (r *rows) finish() {
	if r.done {
		return
	}
	r.done = true
	r.pipe.Close()
	r.unwatch()
	interrupted := r.ctx.Err() != nil
	r.cancel()
	if !interrupted && !r.conn.IsClosed() && !r.conn.IsBusy() && r.conn.TxStatus() == 'I' {
		r.db.pool.put(r.conn)
	} else {
		r.db.pool.drop(r.conn)
	}
}

// Close ends the statement on the server too, where rows are left.
func (r *rows) Close() error {
	if r.done {
		return nil
	}
	if r.err == nil {
		r.err = source.AsFailure(context.Canceled)
	}
	timer := time.AfterFunc(drainFor, r.cancel)
	defer timer.Stop()
	for read := 0; r.result.NextRow(); {
		for _, v := range r.result.Values() {
			read += len(v)
		}
		if read += 1; read > drainBytes {
			r.cancel()
			break
		}
	}
	r.finish()
	return nil
}

// failure says what went wrong with the statement.
func (r *rows) failure(err error) error {
	if r.db.ctx.Err() != nil {
		return errClosed()
	}
	if r.asked.Err() != nil {
		return source.AsFailure(r.asked.Err())
	}
	return statementFailure(err, r.shift)
}

// bind turns arguments into the protocol's values and types, the way literals
// would be read. A loose text has the type that its place asks for.
func bind(args []source.Arg, loose bool) (values [][]byte, oids []uint32, err error) {
	for i, a := range args {
		oid, text := uint32(0), a.Text
		switch a.Kind {
		case frame.Number:
			oid = numberType(text)
		case frame.Bool:
			oid = 16
		case frame.Date:
			oid = 1082
		case frame.Time:
			oid = 1114
			if zoned(text) {
				oid = 1184
			}
		case frame.JSON:
			oid = 3802
		case frame.Binary:
			oid, text = 17, `\x`+hex.EncodeToString([]byte(text))
		default:
			if !loose {
				oid = 25
			}
			if strings.Contains(text, "\x00") {
				return nil, nil, &source.Failure{Code: source.DatabaseError, Message: fmt.Sprintf("Argument %d holds a zero byte, which PostgreSQL cannot store in text", i+1), State: "22021"}
			}
		}
		oids = append(oids, oid)
		if a.Null {
			values = append(values, nil)
		} else {
			values = append(values, []byte(text))
		}
	}
	return values, oids, nil
}

func hasText(args []source.Arg) bool {
	for _, a := range args {
		if a.Kind == frame.Text || a.Kind == frame.Other {
			return true
		}
	}
	return false
}

// numberType returns the type that a literal of the number would have.
func numberType(text string) uint32 {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n >= -1<<31 && n < 1<<31 {
			return 23
		}
		return 20
	}
	switch text {
	case "NaN", "Infinity", "-Infinity":
		return 701
	}
	return 1700
}

// zoned reports whether a time ends in Z or an offset.
func zoned(text string) bool {
	_, clock, ok := strings.Cut(text, "T")
	return ok && strings.ContainsAny(clock, "Zz+-")
}
