package sqlserver

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/frame"
	"assay/app/source"
)

func open(t *testing.T, c source.Config) source.DB {
	t.Helper()
	d, err := New().Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// readAll reads a result to its end as texts; a null is "∅".
func readAll(t *testing.T, ctx context.Context, d source.DB, s source.Statement) ([]frame.Column, [][]string, []int) {
	t.Helper()
	r, err := d.Query(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all [][]string
	var sizes []int
	var b frame.Batch
	for {
		if err := r.Next(ctx, &b); err == io.EOF {
			return r.Columns(), all, sizes
		} else if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, b.Rows())
		for i := range b.Rows() {
			row := make([]string, b.Width())
			for j := range row {
				if v, ok := b.Cell(i, j); ok {
					row[j] = string(v)
				} else {
					row[j] = "∅"
				}
			}
			all = append(all, row)
		}
	}
}

func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %s: not %s", limit, what)
		}
	}
}

// plain answers the session's own batches and hands statements to f.
func plainly(f func(sql string, w *tokens, stop <-chan struct{})) func(string, *tokens, <-chan struct{}) {
	return func(sql string, w *tokens, stop <-chan struct{}) {
		if strings.HasPrefix(sql, "SET ") || strings.HasPrefix(sql, "IF @@TRANCOUNT") {
			return
		}
		f(sql, w, stop)
	}
}

// endless streams rows until it is stopped.
func endless(_ string, w *tokens, stop <-chan struct{}) {
	w.columns(column{"n", intType})
	for i := int64(0); ; i++ {
		w.row(bigint(i))
		if i%500 == 0 && !w.flush() {
			return
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

func TestQueryReadsValues(t *testing.T) {
	s := newFake(t, plainly(func(_ string, w *tokens, _ <-chan struct{}) {
		w.columns(column{"id", intType}, column{"name", nvarcharType}, column{"price", decimalType}, column{"active", bitType},
			column{"ratio", realType}, column{"guid", guidType}, column{"day", dateType}, column{"at", stampType}, column{"seen", offsetType})
		w.row(bigint(-9007199254740993), nvarchar("żółw 🐢"), []byte{5, 1, 0xE3, 3, 0, 0}, []byte{1, 1}, []byte{4, 0xCD, 0xCC, 0xCC, 0x3D},
			append([]byte{16}, 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF),
			[]byte{3, 0x5B, 0x95, 0x0A}, []byte{8, 1, 0, 0, 0, 0, 0x5B, 0x95, 0x0A}, []byte{10, 0, 0, 0, 0, 0, 0x5B, 0x95, 0x0A, 120, 0})
		w.row([]byte{0}, []byte{0xFF, 0xFF}, []byte{5, 0, 1, 0, 0, 0}, []byte{0}, []byte{0}, []byte{0}, []byte{0}, []byte{0}, []byte{0})
	})).start()
	d := open(t, s.config())
	cols, rows, _ := readAll(t, context.Background(), d, source.Statement{SQL: "SELECT 1", Tag: "q1"})
	wantCols := []frame.Column{
		{Name: "id", Type: "bigint", Kind: frame.Number}, {Name: "name", Type: "nvarchar(4000)", Kind: frame.Text},
		{Name: "price", Type: "decimal(10,2)", Kind: frame.Number}, {Name: "active", Type: "bit", Kind: frame.Bool},
		{Name: "ratio", Type: "real", Kind: frame.Number}, {Name: "guid", Type: "uniqueidentifier", Kind: frame.Text},
		{Name: "day", Type: "date", Kind: frame.Date}, {Name: "at", Type: "datetime2(7)", Kind: frame.Time},
		{Name: "seen", Type: "datetimeoffset(7)", Kind: frame.Time},
	}
	if diff := cmp.Diff(wantCols, cols); diff != "" {
		t.Error(diff)
	}
	want := [][]string{
		{"-9007199254740993", "żółw 🐢", "9.95", "true", "0.1", "00112233-4455-6677-8899-AABBCCDDEEFF", rowDay, rowDay + "T00:00:00.0000001", rowDay + "T02:00:00+02:00"},
		{"∅", "∅", "-0.01", "∅", "∅", "∅", "∅", "∅", "∅"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	batches, _, _ := s.seen()
	if len(batches) != 3 || !strings.HasPrefix(batches[0], pins) || !strings.HasSuffix(batches[0], "SET CONTEXT_INFO 0x7131; BEGIN TRANSACTION;") ||
		batches[1] != "SELECT 1" || batches[2] != rollback {
		t.Errorf("the server saw %q", batches)
	}
}

// rowDay is day 693595 from 0001-01-01.
var rowDay = time.Date(1, 1, 1+0x0A955B, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)

func TestQueryStreams(t *testing.T) {
	const n = 40_000
	s := newFake(t, plainly(func(_ string, w *tokens, _ <-chan struct{}) {
		w.columns(column{"n", intType})
		for i := range int64(n) {
			w.row(bigint(i))
			if i%500 == 0 {
				w.flush()
			}
		}
	})).start()
	d := open(t, s.config())
	_, rows, sizes := readAll(t, context.Background(), d, source.Statement{SQL: "SELECT n"})
	if len(rows) != n || rows[n-1][0] != fmt.Sprint(n-1) {
		t.Errorf("%d rows, the last %v", len(rows), rows[len(rows)-1])
	}
	if sizes[0] != firstRows || len(sizes) < 3 {
		t.Errorf("batches of %v rows", sizes)
	}
}

func TestPoolReusesAndReplaces(t *testing.T) {
	s := newFake(t, plainly(func(sql string, w *tokens, _ <-chan struct{}) {
		w.columns(column{"n", intType})
		w.row(bigint(1))
	})).start()
	d := open(t, s.config()).(*db)
	for range 3 {
		readAll(t, context.Background(), d, source.Statement{SQL: "SELECT 1"})
	}
	if s.connections() != 1 {
		t.Errorf("%d connections for three statements in a row", s.connections())
	}
	// A connection that died while it lay in the pool is replaced without the caller noticing.
	for one := range d.idle {
		one.raw.Close()
	}
	readAll(t, context.Background(), d, source.Statement{SQL: "SELECT 1"})
	if s.connections() != 2 {
		t.Errorf("%d connections after one died", s.connections())
	}
}

func TestPoolIsBounded(t *testing.T) {
	s := newFake(t, plainly(endless)).start()
	c := s.config()
	c.MaxConns = 2
	d := open(t, c)
	for range 2 {
		r, err := d.Query(context.Background(), source.Statement{SQL: "SELECT n"})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := d.Query(ctx, source.Statement{SQL: "SELECT n"})
	if f := source.AsFailure(err); f == nil || f.Code != source.DeadlineExceeded {
		t.Errorf("the third statement: %v", err)
	}
}

func TestEarlyCloseIsQuick(t *testing.T) {
	before := runtime.NumGoroutine()
	s := newFake(t, plainly(endless)).start()
	d := open(t, s.config())
	r, err := d.Query(context.Background(), source.Statement{SQL: "SELECT n"})
	if err != nil {
		t.Fatal(err)
	}
	var b frame.Batch
	if err := r.Next(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	r.Close()
	if took := time.Since(start); took > 300*time.Millisecond {
		t.Errorf("Close took %s", took)
	}
	within(t, 2*time.Second, "stopped on the server", func() bool { _, open, _ := s.seen(); return open == 0 })
	if _, _, attended := s.seen(); attended == 0 {
		t.Error("the server was not asked to stop")
	}
	// The pool goes on with a new connection.
	r, err = d.Query(context.Background(), source.Statement{SQL: "SELECT n"})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	d.Close()
	s.listen.Close()
	within(t, 5*time.Second, "without goroutines left", func() bool { return runtime.NumGoroutine() <= before+1 })
}

func TestCancelAndDeadline(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		waiting := func(_ string, w *tokens, stop <-chan struct{}) { <-stop }
		s := newFake(t, plainly(waiting))
		s.deaf = deaf
		s.start()
		d := open(t, s.config())

		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			for {
				if batches, _, _ := s.seen(); len(batches) >= 2 {
					cancel()
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		start := time.Now()
		_, err := d.Query(ctx, source.Statement{SQL: "SELECT slow"})
		if f := source.AsFailure(err); f == nil || f.Code != source.Cancelled {
			t.Errorf("deaf %v, cancel: %v", deaf, err)
		}
		if took := time.Since(start); took > 2500*time.Millisecond {
			t.Errorf("deaf %v: cancelling took %s", deaf, took)
		}
		_, err = d.Query(context.Background(), source.Statement{SQL: "SELECT slow", Timeout: 50 * time.Millisecond})
		if f := source.AsFailure(err); f == nil || f.Code != source.DeadlineExceeded {
			t.Errorf("deaf %v, deadline: %v", deaf, err)
		}
		within(t, 3*time.Second, "stopped on the server", func() bool { _, open, _ := s.seen(); return open == 0 })
	}
}

func TestCancelWhileReading(t *testing.T) {
	s := newFake(t, plainly(func(_ string, w *tokens, stop <-chan struct{}) {
		w.columns(column{"n", intType})
		for i := range int64(200) {
			w.row(bigint(i))
		}
		w.flush()
		<-stop
	})).start()
	d := open(t, s.config())
	r, err := d.Query(context.Background(), source.Statement{SQL: "SELECT n"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b frame.Batch
	if err := r.Next(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err = r.Next(ctx, &b)
	if f := source.AsFailure(err); f == nil || f.Code != source.DeadlineExceeded {
		t.Errorf("the second batch: %v", err)
	}
}

func TestServerErrors(t *testing.T) {
	s := newFake(t, plainly(func(sql string, w *tokens, _ <-chan struct{}) {
		if strings.Contains(sql, "late") {
			w.columns(column{"n", intType})
			w.row(bigint(1))
			w.fail(serverError{8134, 16, "Divide by zero error encountered.", 1})
			return
		}
		w.fail(serverError{207, 16, "Invalid column name 'nope'.", 1})
	})).start()
	d := open(t, s.config())
	_, err := d.Query(context.Background(), source.Statement{SQL: "SELECT a,\n nope FROM t"})
	f := source.AsFailure(err)
	if f == nil || f.Code != source.DatabaseError || f.State != "207" || f.Message != "Invalid column name 'nope'." || f.Position != 12 || f.Hint == "" {
		t.Errorf("%+v", f)
	}
	r, err := d.Query(context.Background(), source.Statement{SQL: "SELECT late"})
	if err != nil {
		t.Fatal(err)
	}
	var b frame.Batch
	if err = r.Next(context.Background(), &b); err == nil {
		err = r.Next(context.Background(), &b)
	}
	if f := source.AsFailure(err); f == nil || f.State != "8134" {
		t.Errorf("in the middle: %v", err)
	}
	r.Close()
	// The pool goes on after both.
	if _, err := d.Query(context.Background(), source.Statement{SQL: "SELECT again"}); source.AsFailure(err).State != "207" {
		t.Errorf("afterwards: %v", err)
	}
}

func TestQueryBindsAndPlans(t *testing.T) {
	s := newFake(t, plainly(func(_ string, w *tokens, _ <-chan struct{}) {
		w.columns(column{"StmtText", intType})
		w.row(bigint(1))
	})).start()
	d := open(t, s.config())
	args := []source.Arg{{Kind: frame.Number, Text: "9.955"}, {Kind: frame.Text, Text: "x'; DROP TABLE t --"}, {Kind: frame.Date, Null: true}}
	st := source.Statement{SQL: "SELECT * FROM t WHERE price > @p1 AND name = @p2 AND day = @p3 AND note = '@p1'", Args: args}
	readAll(t, context.Background(), d, st)
	st.Explain = true
	readAll(t, context.Background(), d, st)
	batches, _, _ := s.seen()
	all := strings.Join(batches, "\n")
	for _, want := range []string{
		"WHERE price > CAST(@p1 AS decimal(4, 3)) AND name = @p2 AND day = @p3 AND note = '@p1'",
		"@p1 nvarchar(5),@p2 nvarchar(19),@p3 date",
		"SET SHOWPLAN_ALL ON",
		"DECLARE @p1 nvarchar(4000), @p2 nvarchar(4000), @p3 date; SELECT * FROM t",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in\n%s", want, all)
		}
	}
}

// TestPlanIsNeverARun asks a server for a plan that takes the setting and runs the statement all the same.
func TestPlanIsNeverARun(t *testing.T) {
	s := newFake(t, plainly(func(_ string, w *tokens, _ <-chan struct{}) {
		w.columns(column{"n", intType})
		w.row(bigint(1))
	})).start()
	_, err := open(t, s.config()).Query(context.Background(), source.Statement{SQL: "SELECT costly", Explain: true})
	if f := source.AsFailure(err); f == nil || f.Code != source.DatabaseError || f.Message != "This server does not show plans" {
		t.Errorf("got %v", err)
	}
	batches, _, _ := s.seen()
	if all := strings.Join(batches, "\n"); strings.Contains(all, "costly") || !strings.Contains(all, "SET SHOWPLAN_ALL ON") {
		t.Errorf("the server saw %s", all)
	}
}
