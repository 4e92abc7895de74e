package sqlserver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"assay/app/frame"
	"assay/app/source"
)

// Query runs one checked statement in a transaction that is always rolled back.
func (d *db) Query(ctx context.Context, st source.Statement) (frame.Rows, error) {
	run, cancel := context.WithCancel(ctx)
	if st.Timeout > 0 {
		cancel()
		run, cancel = context.WithTimeout(ctx, st.Timeout)
	}
	r, err := d.run(run, cancel, st)
	if err != nil {
		cancel()
		return nil, err
	}
	return r, nil
}

func (d *db) run(ctx context.Context, cancel context.CancelFunc, st source.Statement) (*rows, error) {
	if st.Explain && readsLimited(st.SQL) {
		return nil, source.Refuse(0, "The plan is not shown: rules limit what is seen of a table, and a plan tells about all of it")
	}
	sql, args, err := bind(st.SQL, st.Args)
	if err != nil {
		return nil, err
	}
	s, err := d.start(ctx, st.Tag)
	if err != nil {
		return nil, err
	}
	if st.Explain {
		if err := s.planOnly(ctx); err != nil {
			d.discard(s)
			return nil, located(st.SQL, failure(ended(ctx, err)))
		}
		sql, args = declared(sql, args), nil
	}
	stop := d.guillotine(ctx, s)
	src, err := s.query(ctx, sql, args)
	if err != nil {
		stopped := stop()
		f := located(st.SQL, failure(ended(ctx, err)))
		if stopped && ctx.Err() == nil && isServerError(err) && s.conn.IsValid() && !st.Explain {
			d.finish(s)
		} else {
			d.discard(s)
		}
		return nil, f
	}
	r := &rows{d: d, s: s, src: src, sql: st.SQL, ctx: ctx, cancel: cancel, stop: stop, explain: st.Explain}
	if err := r.describe(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// guillotine cuts the connection where the server has not confirmed the end of
// a cancelled statement within the grace. It returns a function that calls it
// off and says whether that was in time.
func (d *db) guillotine(ctx context.Context, s *session) func() bool {
	return context.AfterFunc(ctx, func() {
		d.background(func() {
			after, done := context.WithTimeout(context.Background(), grace)
			defer done()
			select {
			case <-after.Done():
			case <-s.gone:
			}
			s.raw.Close()
		})
	})
}

// rows is a result that is being read.
type rows struct {
	d       *db
	s       *session
	src     driver.Rows
	sql     string
	ctx     context.Context
	cancel  context.CancelFunc
	stop    func() bool
	explain bool

	columns  []frame.Column
	decoders []decoder
	values   []driver.Value
	scratch  []byte
	batches  int
	ended    bool // the whole answer has been read
	failed   error
	closed   bool
}

// firstRows is how many rows the first batch holds at most, so that a reader has something to show early.
const firstRows = 100

func (r *rows) describe() error {
	names := r.src.Columns()
	if len(names) == 0 {
		// The server sent no result: an error follows, or the statement had none.
		if err := r.src.Next(nil); err != nil && err != io.EOF {
			return located(r.sql, failure(ended(r.ctx, err)))
		}
		return &source.Failure{Code: source.DatabaseError, Message: "The statement returned no rows and no columns"}
	}
	about, ok := r.src.(describer)
	if !ok {
		return &source.Failure{Code: source.DatabaseError, Message: "The result could not be read"}
	}
	for i, name := range names {
		col := columnOf(about, i, name)
		base, _, _ := strings.Cut(col.Type, "(")
		r.columns = append(r.columns, col)
		r.decoders = append(r.decoders, decoderOf(base, r.d.zone))
	}
	r.values = make([]driver.Value, len(names))
	return nil
}

// Columns returns the result's columns.
func (r *rows) Columns() []frame.Column { return r.columns }

// Next fills the batch with the next rows.
func (r *rows) Next(ctx context.Context, b *frame.Batch) error {
	b.Reset(len(r.columns))
	switch {
	case r.failed != nil:
		return r.failed
	case r.ended:
		return io.EOF
	case r.closed:
		return errClosed
	}
	if ctx != r.ctx {
		defer context.AfterFunc(ctx, r.cancel)()
	}
	r.batches++
	for !b.Full() {
		if err := r.src.Next(r.values); err != nil {
			if err == io.EOF && !r.more() {
				r.ended = true
				if b.Rows() > 0 {
					return nil
				}
				return io.EOF
			}
			if err == io.EOF {
				err = errors.New("the statement returned more than one result")
			}
			if ctx.Err() != nil {
				err = ended(ctx, err)
			}
			r.failed = located(r.sql, failure(ended(r.ctx, err)))
			return r.failed
		}
		if err := r.row(b); err != nil {
			r.failed = err
			return err
		}
		if r.batches == 1 && b.Rows() >= firstRows {
			return nil
		}
	}
	return nil
}

func (r *rows) more() bool {
	set, ok := r.src.(driver.RowsNextResultSet)
	return ok && set.HasNextResultSet()
}

// maxCell is the largest cell in bytes: half of TEXTSIZE, as text takes two
// bytes a character on the way and can take one here.
const maxCell = 128 << 20

func (r *rows) row(b *frame.Batch) error {
	for i, v := range r.values {
		size := 0
		switch v := v.(type) {
		case nil:
			b.AppendNull()
			continue
		case string:
			if size = len(v); size < maxCell {
				b.AppendString(v)
			}
		default:
			r.scratch = r.decoders[i](r.scratch[:0], v)
			if size = len(r.scratch); size < maxCell {
				b.Append(r.scratch)
			}
		}
		if size >= maxCell {
			return &source.Failure{Code: source.OverBudget, Message: fmt.Sprintf("A value of the column %s is larger than %d MiB", r.columns[i].Name, maxCell>>20),
				Hint: "Cut it with LEFT or SUBSTRING."}
		}
	}
	if cap(r.scratch) > frame.TargetBatchBytes {
		r.scratch = nil
	}
	return nil
}

// Close ends the statement. Where rows are left, the server is told to stop in
// the background and the connection is not used again.
func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	if r.ended && r.failed == nil && !r.explain && r.stop() {
		r.cancel()
		r.src.Close()
		r.d.finish(r.s)
		return nil
	}
	r.cancel()
	r.d.background(func() {
		r.src.Close()
		r.d.discard(r.s)
	})
	return nil
}

// planOnly makes the connection answer statements with their plans and makes
// sure that it does: compatible servers take the setting and run them all the same.
func (s *session) planOnly(ctx context.Context) error {
	if err := s.exec(ctx, "SET SHOWPLAN_ALL ON"); err != nil {
		return err
	}
	src, err := s.query(ctx, "SELECT 1 AS planned", nil)
	if err != nil {
		return err
	}
	defer src.Close()
	names := src.Columns()
	values := make([]driver.Value, len(names))
	for err = src.Next(values); err == nil; err = src.Next(values) {
	}
	if err != io.EOF {
		return err
	}
	if len(names) == 0 || names[0] != "StmtText" {
		return &source.Failure{Code: source.DatabaseError, Message: "This server does not show plans"}
	}
	return nil
}

// declared puts variables of the arguments' types before a statement that is
// only planned: a plan needs types, not values, and cannot be had through sp_executesql.
func declared(sql string, args []driver.NamedValue) string {
	if len(args) == 0 {
		return sql
	}
	var list []string
	for _, a := range args {
		list = append(list, fmt.Sprintf("@p%d %s", a.Ordinal, declaration(a.Value)))
	}
	return "DECLARE " + strings.Join(list, ", ") + "; " + sql
}
