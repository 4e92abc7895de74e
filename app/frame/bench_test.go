package frame

import (
	"context"
	"io"
	"testing"
)

const benchRows = 50_000

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

func benchmarkWriter(b *testing.B, write func(w io.Writer, rows Rows) error) {
	f := orders(benchRows)
	var size counter
	if err := write(&size, f.Reader()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size.n)
	b.ReportAllocs()
	for b.Loop() {
		if err := write(io.Discard, &whole{f: f}); err != nil {
			b.Fatal(err)
		}
	}
}

// whole hands over a frame's cells as one batch, so that only the writer's work is timed.
type whole struct {
	f    *Frame
	done bool
}

func (r *whole) Columns() []Column { return r.f.Columns }

func (r *whole) Next(_ context.Context, b *Batch) error {
	if r.done {
		return io.EOF
	}
	r.done = true
	*b = r.f.cells
	return nil
}

func (r *whole) Close() error { return nil }

func BenchmarkJSON(b *testing.B) {
	benchmarkWriter(b, func(w io.Writer, rows Rows) error {
		_, err := JSONWriter{}.Write(context.Background(), w, rows)
		return err
	})
}

func BenchmarkNDJSON(b *testing.B) {
	benchmarkWriter(b, func(w io.Writer, rows Rows) error {
		_, err := WriteNDJSON(context.Background(), w, rows)
		return err
	})
}

func BenchmarkCSV(b *testing.B) {
	benchmarkWriter(b, func(w io.Writer, rows Rows) error {
		_, err := CSVWriter{}.Write(context.Background(), w, rows)
		return err
	})
}

func BenchmarkBatchCopy(b *testing.B) {
	f := orders(benchRows)
	for b.Loop() {
		var batch Batch
		for rows := f.Reader(); rows.Next(context.Background(), &batch) == nil; {
		}
	}
}
