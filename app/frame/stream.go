package frame

import (
	"context"
	"errors"
	"io"
	"sync"
)

// Summary says what a writer wrote.
type Summary struct {
	// Rows counts the rows written.
	Rows int64
	// Bytes counts the bytes written. Where it is 0, nothing has gone out yet
	// and a failure can still be answered with a status of its own.
	Bytes int64
	// Truncated says that the result had more rows than were read.
	Truncated bool
}

// flushBytes is how much a writer gathers before it writes; keepBytes is the
// largest buffer it keeps after a cell that was larger than that.
const (
	flushBytes = 64 << 10
	keepBytes  = 1 << 20
)

// buffer is what a writer works in; small answers are many, so it is used again.
type buffer struct {
	batch Batch
	bytes []byte
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// encoder turns a result into the bytes of one format. Each method appends to
// b and returns it.
type encoder interface {
	// begin is called with the first batch, which row is given next; it is empty where there are no rows.
	begin(b []byte, first *Batch) []byte
	row(b []byte, batch *Batch, row int) []byte
	// end is called once, after the last row or after what kept the rest from coming.
	end(b []byte, s Summary, cause error) []byte
}

// encode reads the first batch before it writes anything, so that a query that
// fails at once leaves w untouched, then holds one batch and one buffer.
func encode(ctx context.Context, w io.Writer, rows Rows, e encoder) (Summary, error) {
	var s Summary
	held := buffers.Get().(*buffer)
	batch, buf := &held.batch, held.bytes[:0]
	defer func() {
		batch.Reset(0)
		if cap(buf) <= keepBytes {
			held.bytes = buf
			buffers.Put(held)
		}
	}()
	flush := func() error {
		n, err := w.Write(buf)
		s.Bytes += int64(n)
		if buf = buf[:0]; cap(buf) > keepBytes {
			buf = nil
		}
		return err
	}
	err := rows.Next(ctx, batch)
	if err != nil && !errors.Is(err, io.EOF) {
		return s, err
	}
	buf = e.begin(buf, batch)
	for err == nil {
		for r := range batch.Rows() {
			if buf = e.row(buf, batch, r); len(buf) >= flushBytes {
				if err := flush(); err != nil {
					return s, err
				}
			}
		}
		s.Rows += int64(batch.Rows())
		if len(buf) > 0 {
			if err := flush(); err != nil {
				return s, err
			}
		}
		err = rows.Next(ctx, batch)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	s.Truncated = truncated(rows)
	buf = e.end(buf, s, err)
	if len(buf) > 0 {
		if werr := flush(); werr != nil {
			return s, werr
		}
	}
	return s, err
}

// Limit returns the rows up to max of them. What it returns tells a writer
// whether there were more, which then shows as Summary.Truncated.
func Limit(rows Rows, max int64) Rows { return &limited{Rows: rows, left: max} }

type limited struct {
	Rows
	left int64
	cut  bool
}

// Next fills the batch with the rows that follow, up to the limit.
func (l *limited) Next(ctx context.Context, b *Batch) error {
	if l.cut {
		b.Reset(len(l.Columns()))
		return io.EOF
	}
	if err := l.Rows.Next(ctx, b); err != nil {
		return err
	}
	if n := int64(b.Rows()); n <= l.left {
		l.left -= n
		return nil
	}
	l.cut = true
	b.Truncate(int(l.left))
	if b.Rows() == 0 {
		return io.EOF
	}
	return nil
}

// Truncated reports whether rows were left out, here or before.
func (l *limited) Truncated() bool { return l.cut || truncated(l.Rows) }

// Truncated lets what is read from a cut frame say so to a writer.
func (r *frameRows) Truncated() bool { return r.f.Truncated }

func truncated(rows Rows) bool {
	t, ok := rows.(interface{ Truncated() bool })
	return ok && t.Truncated()
}
