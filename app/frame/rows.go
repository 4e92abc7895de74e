package frame

import (
	"context"
	"errors"
	"io"
)

// Rows is a result being read: the only way from a database to a writer, a
// frame or a chart. It is used by one goroutine.
type Rows interface {
	// Columns returns the result's columns; they are known before the first row.
	Columns() []Column
	// Next resets the batch and fills it with the next rows; io.EOF after the last.
	Next(ctx context.Context, b *Batch) error
	// Close ends the query in the database, read to the end or not.
	Close() error
}

// Frame is a whole result held in memory, at most as many rows and bytes as its reader allowed.
type Frame struct {
	Columns []Column
	// Truncated says that the result had more rows than were kept.
	Truncated bool
	cells     Batch
}

// New returns an empty frame with the columns.
func New(columns ...Column) *Frame {
	f := &Frame{Columns: columns}
	f.cells.Reset(len(columns))
	return f
}

// Rows returns the number of rows.
func (f *Frame) Rows() int { return f.cells.Rows() }

// Bytes returns how many bytes the values take.
func (f *Frame) Bytes() int { return f.cells.Bytes() }

// Cell returns a value in canonical form and whether it is not null; the bytes must not be changed.
func (f *Frame) Cell(row, col int) ([]byte, bool) { return f.cells.Cell(row, col) }

// Append adds a row; a nil value is null, any other is its canonical text. It
// takes a value for each column; missing ones are null, further ones left out.
func (f *Frame) Append(values ...*string) {
	for i := range f.Columns {
		var v *string
		if i < len(values) {
			v = values[i]
		}
		if v == nil {
			f.cells.AppendNull()
		} else {
			f.cells.AppendString(*v)
		}
	}
}

// AppendTexts is Append for values none of which is null.
func (f *Frame) AppendTexts(values ...string) {
	row := make([]*string, len(values))
	for i := range values {
		row[i] = &values[i]
	}
	f.Append(row...)
}

// Index returns the position of the column with the name, or -1.
func (f *Frame) Index(name string) int {
	for i, c := range f.Columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// Read keeps the rows up to maxRows and, but for the last of them, maxBytes,
// and sets Truncated where there were more. It does not close the rows.
func Read(ctx context.Context, rows Rows, maxRows, maxBytes int) (*Frame, error) {
	f := New(rows.Columns()...)
	maxBytes = min(maxBytes, maxArena)
	var b Batch
	for {
		if err := rows.Next(ctx, &b); err != nil {
			if errors.Is(err, io.EOF) {
				return f, nil
			}
			return f, err
		}
		for r := range b.Rows() {
			if f.Rows() >= maxRows || f.Bytes() >= maxBytes {
				f.Truncated = true
				return f, nil
			}
			f.cells.appendRow(&b, r)
		}
	}
}

// Reader returns the frame as rows, so that what is held can go through the same writers as what streams.
func (f *Frame) Reader() Rows { return &frameRows{f: f} }

type frameRows struct {
	f    *Frame
	next int
}

// Columns returns the frame's columns.
func (r *frameRows) Columns() []Column { return r.f.Columns }

// Next fills the batch with the rows that follow; io.EOF after the last.
func (r *frameRows) Next(ctx context.Context, b *Batch) error {
	b.Reset(len(r.f.Columns))
	if r.next >= r.f.Rows() {
		return io.EOF
	}
	for r.next < r.f.Rows() && !b.Full() {
		b.appendRow(&r.f.cells, r.next)
		r.next++
	}
	return ctx.Err()
}

// Close does nothing: the frame stays.
func (r *frameRows) Close() error { return nil }
