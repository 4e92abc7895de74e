package frame

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestKindNames(t *testing.T) {
	for k := Other; k <= Binary; k++ {
		text, err := json.Marshal(k)
		var back Kind
		if err != nil || json.Unmarshal(text, &back) != nil || back != k {
			t.Errorf("%d became %s and %d (%v)", k, text, back, err)
		}
	}
	var k Kind
	if err := k.UnmarshalText([]byte("blob")); err == nil {
		t.Error("blob is a kind")
	}
	if got := Kind(99).String(); got != "kind(99)" {
		t.Errorf("got %s", got)
	}
}

// cells returns what a batch holds, with "NULL" for nulls.
func cells(b *Batch) (rows [][]string) {
	for r := range b.Rows() {
		var row []string
		for c := range b.Width() {
			v, ok := b.Cell(r, c)
			if !ok {
				v = []byte("NULL")
			}
			row = append(row, string(v))
		}
		rows = append(rows, row)
	}
	return rows
}

func TestBatch(t *testing.T) {
	var b Batch
	if b.Rows() != 0 || b.Full() {
		t.Error("an empty batch has rows")
	}
	b.Reset(3)
	b.AppendNull()
	b.Append([]byte("a"))
	b.AppendString("")
	b.AppendFunc(func(arena []byte) []byte { return append(arena, "func"...) })
	b.AppendNull()
	b.AppendNull()
	b.AppendString("third")
	if diff := cmp.Diff([][]string{{"NULL", "a", ""}, {"func", "NULL", "NULL"}}, cells(&b)); diff != "" {
		t.Error(diff)
	}
	b.AppendNull()
	b.AppendString("row")
	if b.Rows() != 3 || b.Bytes() != len("afuncthirdrow") {
		t.Errorf("%d rows, %d bytes", b.Rows(), b.Bytes())
	}
	b.Truncate(5)
	b.Truncate(2)
	if diff := cmp.Diff([][]string{{"NULL", "a", ""}, {"func", "NULL", "NULL"}}, cells(&b)); diff != "" {
		t.Error(diff)
	}
	if b.Bytes() != len("afunc") {
		t.Errorf("%d bytes after truncation", b.Bytes())
	}
	b.AppendString("x")
	b.AppendString("y")
	b.AppendString("z")
	if diff := cmp.Diff([]string{"x", "y", "z"}, cells(&b)[2]); diff != "" {
		t.Error(diff)
	}
	b.Truncate(0)
	if b.Rows() != 0 || b.Bytes() != 0 {
		t.Error("truncated to nothing, something is left")
	}
	v, _ := func() ([]byte, bool) { b.AppendString("ab"); b.AppendString("cd"); b.AppendNull(); return b.Cell(0, 0) }()
	_ = append(v, 'X')
	if next, _ := b.Cell(0, 1); string(next) != "cd" {
		t.Errorf("appending to a cell changed the next one to %q", next)
	}
}

func TestBatchFullAndReset(t *testing.T) {
	var b Batch
	b.Reset(1)
	for range 1 << 14 {
		if b.Full() {
			t.Fatal("full too early")
		}
		b.AppendNull()
	}
	if !b.Full() {
		t.Error("not full of cells")
	}
	b.Reset(2)
	if b.Full() || b.Rows() != 0 || b.Width() != 2 {
		t.Error("a reset batch is not empty")
	}
	b.AppendString(strings.Repeat("x", TargetBatchBytes))
	if !b.Full() {
		t.Error("not full of bytes")
	}
	b.AppendString(strings.Repeat("x", 10*TargetBatchBytes))
	if b.Reset(1); cap(b.arena) > 8*TargetBatchBytes {
		t.Errorf("%d bytes are held on to", cap(b.arena))
	}
}

func TestFrame(t *testing.T) {
	f := New(Column{Name: "a", Kind: Text}, Column{Name: "b", Kind: Number})
	f.Append(ptr("x"), nil)
	f.AppendTexts("y", "2")
	if f.Rows() != 2 || f.Bytes() != 3 || f.Index("b") != 1 || f.Index("B") != -1 {
		t.Errorf("%d rows, %d bytes, b at %d, B at %d", f.Rows(), f.Bytes(), f.Index("b"), f.Index("B"))
	}
	if diff := cmp.Diff([][]string{{"x", "NULL"}, {"y", "2"}}, cells(&f.cells)); diff != "" {
		t.Error(diff)
	}
}

func TestRead(t *testing.T) {
	ctx := context.Background()
	all := orders(30_000) // some batches
	tests := []struct {
		name               string
		maxRows, maxBytes  int
		rows               int
		truncated, byBytes bool
	}{
		{"all", math.MaxInt, math.MaxInt, 30_000, false, false},
		{"exactly as many as there are", 30_000, math.MaxInt, 30_000, false, false},
		{"fewer", 29_999, math.MaxInt, 29_999, true, false},
		{"none", 0, math.MaxInt, 0, true, false},
		{"bytes", math.MaxInt, 10_000, 0, true, true},
	}
	for _, tt := range tests {
		f, err := Read(ctx, all.Reader(), tt.maxRows, tt.maxBytes)
		if err != nil || f.Truncated != tt.truncated {
			t.Errorf("%s: truncated %v, %v", tt.name, f.Truncated, err)
		}
		if !tt.byBytes && f.Rows() != tt.rows {
			t.Errorf("%s: %d rows", tt.name, f.Rows())
		}
		if tt.byBytes && (f.Bytes() < tt.maxBytes || f.Bytes() > tt.maxBytes+200) {
			t.Errorf("%s: %d bytes", tt.name, f.Bytes())
		}
		if n := f.Rows(); n > 0 {
			want, got := all.cells, f.cells
			want.Truncate(n)
			if !bytes.Equal(got.arena, want.arena) || !cmp.Equal(got.ends, want.ends) {
				t.Errorf("%s: other cells than those read", tt.name)
			}
		}
	}
	gone := errors.New("gone")
	f, err := Read(ctx, &failing{f: orders(3), err: gone}, 10, math.MaxInt)
	if !errors.Is(err, gone) || f.Rows() != 3 {
		t.Errorf("after an error: %d rows, %v", f.Rows(), err)
	}
}

func TestReader(t *testing.T) {
	all := orders(30_000)
	rows := all.Reader()
	var b Batch
	read, batches := 0, 0
	for {
		err := rows.Next(context.Background(), &b)
		if err == io.EOF {
			break
		}
		if err != nil || b.Rows() == 0 {
			t.Fatalf("%d rows, %v", b.Rows(), err)
		}
		read += b.Rows()
		batches++
		if b.Bytes() > TargetBatchBytes+200 {
			t.Errorf("a batch of %d bytes", b.Bytes())
		}
	}
	if read != 30_000 || batches < 2 || rows.Close() != nil {
		t.Errorf("%d rows in %d batches", read, batches)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := all.Reader().Next(ctx, &b); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestFloat(t *testing.T) {
	f := New(Column{Kind: Number})
	for in, want := range map[string]float64{"1.5": 1.5, "-2": -2, "1e+3": 1000, "0.1": 0.1} {
		f.AppendTexts(in)
		if got, ok := f.Float(f.Rows()-1, 0); !ok || got != want {
			t.Errorf("%s: %v, %v", in, got, ok)
		}
	}
	for _, in := range []*string{nil, ptr("NaN"), ptr("Infinity"), ptr("-Infinity"), ptr("1e400"), ptr("x"), ptr("")} {
		f.Append(in)
		if got, ok := f.Float(f.Rows()-1, 0); ok {
			t.Errorf("%v reads %v", in, got)
		}
	}
}

func TestTimes(t *testing.T) {
	berlin := time.FixedZone("", 2*3600)
	tests := []struct {
		in   string
		want time.Time
	}{
		{"2024-01-31", time.Date(2024, 1, 31, 0, 0, 0, 0, time.UTC)},
		{"2024-01-31T10:20:30", time.Date(2024, 1, 31, 10, 20, 30, 0, time.UTC)},
		{"2024-01-31T10:20:30.25", time.Date(2024, 1, 31, 10, 20, 30, 250e6, time.UTC)},
		{"2024-01-31T10:20:30Z", time.Date(2024, 1, 31, 10, 20, 30, 0, time.UTC)},
		{"2024-01-31T10:20:30.000001+02:00", time.Date(2024, 1, 31, 10, 20, 30, 1000, berlin)},
	}
	f := New(Column{Kind: Time})
	for _, tt := range tests {
		f.AppendTexts(tt.in)
		got, ok := f.Time(f.Rows()-1, 0)
		if !ok || !got.Equal(tt.want) {
			t.Errorf("%s reads %v, %v", tt.in, got, ok)
		}
		if zoned := strings.ContainsAny(tt.in, "Z+"); len(tt.in) > 10 {
			if back := string(AppendTime(nil, tt.want, zoned)); back != tt.in {
				t.Errorf("%s became %s", tt.in, back)
			}
		}
	}
	for _, in := range []*string{nil, ptr(""), ptr("infinity"), ptr("2024-02-30"), ptr("12:30:00")} {
		f.Append(in)
		if got, ok := f.Time(f.Rows()-1, 0); ok {
			t.Errorf("%v reads %v", in, got)
		}
	}
}

func TestAppendFloat(t *testing.T) {
	for want, x := range map[string]float64{
		"0": math.Copysign(0, -1), "0.1": 0.1, "-12.5": -12.5, "100000000000000000000": 1e20, "1e+21": 1e21, "0.0000001": 1e-7, "1e-08": 1e-8,
		"0.30000000000000004": 0.30000000000000004, "NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1),
	} {
		if got := string(AppendFloat(nil, x)); got != want {
			t.Errorf("%v: got %s, want %s", x, got, want)
		}
	}
}
