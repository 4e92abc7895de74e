package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/app/frame"
	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

// Fixture is one engine prepared for the exercise. Its database holds the
// tables artists, albums, album_names (a view), "emoji 🎈 table", wide and
// nothing, spelled as the engine wants them.
type Fixture struct {
	Driver source.Driver
	// Reader is a login that may only SELECT, Admin one that may do everything.
	Reader, Admin source.Config
	// Active returns how many statements whose text holds the tag run on the
	// server now; nil for embedded engines.
	Active func(tag string) int
	// Clear, where Active is nil, ends the reader's statements that the server
	// runs on although they were given up, so that they do not slow what follows.
	Clear func(t *testing.T)
	// SlowSQL is a read that passes the guard and takes more than 30 s. Where
	// it holds {tag}, best inside a string literal, the exercise writes a unique
	// word there and asks Active for it; otherwise it asks for the text that the
	// guard printed.
	SlowSQL string
	// Has names what the engine can: timestamptz, json, binary, nan, comments,
	// schemas, estimates, server_timeout, unicode_case (Contains does not mind
	// the case of letters beyond ASCII).
	Has map[string]bool
	// Lacks says of a part of the exercise, or of one case as "part/case", why
	// this server cannot do it; it is skipped and the reason printed.
	Lacks map[string]string
}

// Exercise runs what every driver must do over the fixture's database.
func Exercise(t *testing.T, f Fixture) {
	e := &exercise{Fixture: f}
	goroutines := runtime.NumGoroutine()
	t.Run("whole", func(t *testing.T) {
		e.reader = e.open(t, f.Reader)
		for _, part := range []struct {
			name string
			run  func(t *testing.T)
		}{
			{"probe", e.probe},
			{"unreachable", e.unreachable},
			{"catalog", e.catalog},
			{"values", e.values},
			{"special values", e.specialValues},
			{"parameters", e.parameters},
			{"shapes", e.shapes},
			{"big cell", e.bigCell},
			{"errors", e.errorsAndPositions},
			{"plan", e.plan},
			{"trunc", e.trunc},
			{"numbers", e.numbers},
			{"order", e.order},
			{"patterns", e.patterns},
			{"compare", e.compare},
			{"stream", e.stream},
			{"parallel", e.parallel},
			{"refused write", e.refusedWrite},
			{"deadline", e.deadline},
			{"cancel", e.cancel},
			{"early close", e.earlyClose},
			{"close of the pool", e.closePool},
			{"still usable", e.usable},
		} {
			ok := t.Run(part.name, func(t *testing.T) {
				e.lacks(t)
				part.run(t)
			})
			if !ok && part.name == "probe" {
				t.FailNow() // nothing else can work without a connection
			}
		}
	})
	if !eventually(5*time.Second, func() bool { return runtime.NumGoroutine() <= goroutines+2 }) {
		buf := make([]byte, 64<<10)
		t.Errorf("%d goroutines before, %d after everything was closed\n%s", goroutines, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
	}
}

type exercise struct {
	Fixture
	reader source.DB
	tags   int
}

// lacks skips the running part or case where the server is known not to do it.
func (e *exercise) lacks(t *testing.T) {
	t.Helper()
	_, name, _ := strings.Cut(t.Name(), "/whole/")
	for what, why := range e.Lacks {
		if strings.ReplaceAll(what, " ", "_") == name {
			t.Skipf("SKIPPED: this server cannot: %s", why)
		}
	}
}

func (e *exercise) open(t *testing.T, c source.Config) source.DB {
	t.Helper()
	db, err := e.Driver.Open(c)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

// q quotes an identifier.
func (e *exercise) q(name string) string { return e.Driver.Dialect().Quote(name) }

// quoted replaces each `name` in sql with the dialect's spelling of the identifier.
func (e *exercise) quoted(sql string) string {
	parts := strings.Split(sql, "`")
	for i := 1; i < len(parts); i += 2 {
		parts[i] = e.q(parts[i])
	}
	return strings.ReplaceAll(strings.Join(parts, ""), "\x00", "`")
}

// query guards and runs sql, in which `name` is an identifier, as the reader.
func (e *exercise) query(t *testing.T, sql string, args ...source.Arg) *frame.Frame {
	t.Helper()
	f, err := e.try(t, e.reader, sql, args...)
	if err != nil {
		t.Fatalf("%s: %s", sql, explain(err))
	}
	return f
}

func (e *exercise) try(t *testing.T, db source.DB, sql string, args ...source.Arg) (*frame.Frame, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	checked, err := e.Driver.Guard(e.quoted(sql), source.Policy{})
	if err != nil {
		return nil, err
	}
	return read(ctx, db, source.Statement{SQL: checked.SQL, Args: args})
}

// read runs a statement and keeps all its rows.
func read(ctx context.Context, db source.DB, s source.Statement) (f *frame.Frame, err error) {
	rows, err := db.Query(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	return frame.Read(ctx, rows, 1<<20, 1<<28)
}

// drain reads a statement to its end, keeps nothing and returns the number of rows.
func drain(ctx context.Context, db source.DB, s source.Statement) (n int, err error) {
	rows, err := db.Query(ctx, s)
	if err != nil {
		return 0, err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	var b frame.Batch
	for {
		if err := rows.Next(ctx, &b); err != nil {
			if errors.Is(err, io.EOF) {
				return n, nil
			}
			return n, err
		}
		n += b.Rows()
	}
}

// explain shows all of a failure.
func explain(err error) string {
	if f := source.AsFailure(err); f != nil {
		return fmt.Sprintf("%s: %s (hint %q, position %d, state %q, cause %v)", f.Code, f.Message, f.Hint, f.Position, f.State, f.Err)
	}
	return fmt.Sprintf("%v (not a failure)", err)
}

// wantFailure fails the test unless err is a failure with one of the codes.
func wantFailure(t *testing.T, err error, codes ...source.Code) *source.Failure {
	t.Helper()
	f := source.AsFailure(err)
	if f == nil {
		t.Fatalf("got %v, want a failure %v", err, codes)
	}
	if !slices.Contains(codes, f.Code) {
		t.Fatalf("got %s, want %v", explain(err), codes)
	}
	return f
}

func eventually(limit time.Duration, ok func() bool) bool {
	end := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(5 * time.Millisecond)
	}
	return true
}

// null stands for a null in expected rows.
const null = "∅"

// texts returns a frame's rows as text, nulls as null.
func texts(f *frame.Frame) [][]string {
	rows := make([][]string, f.Rows())
	for r := range rows {
		for c := range f.Columns {
			v, ok := f.Cell(r, c)
			if !ok {
				v = []byte(null)
			}
			rows[r] = append(rows[r], string(v))
		}
	}
	return rows
}

// column returns one column's texts.
func column(f *frame.Frame, col int) []string {
	all := make([]string, 0, f.Rows())
	for _, r := range texts(f) {
		all = append(all, r[col])
	}
	return all
}

// sameNumber compares numbers by value, so that 0.10 is 0.1 and 1e+300 is 1e300.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, ok := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok && ok2 && x.Cmp(y) == 0
}

var byNumber = cmp.Comparer(sameNumber)

func kinds(f *frame.Frame) []string {
	var k []string
	for _, c := range f.Columns {
		k = append(k, c.Kind.String())
	}
	return k
}
