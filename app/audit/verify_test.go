package audit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"
)

const (
	size    = 40 // records of the damaged stores
	retired = 12 // of them, those that retention removed in the second store
)

// whole makes a closed store with size records, of which retention removed
// some, and a checkpoint at the end.
func whole(tb testing.TB, removed int) (dir string, end int64) {
	tb.Helper()
	dir = filepath.Join(tb.TempDir(), "data")
	l, s, err := openAt(tb.Context(), "", dir)
	if err != nil {
		tb.Fatal(err)
	}
	clock := time.Date(2026, 1, 1, 0, 0, 0, 123456789, time.UTC)
	l.now = func() time.Time { clock = clock.Add(time.Second); return clock }
	fill(tb, l, 1, removed)
	if removed > 0 {
		if sum, err := l.Seal(tb.Context(), clock.Add(time.Minute)); err != nil || sum.Count != int64(removed) {
			tb.Fatalf("sealed %d, %v", sum.Count, err)
		}
	}
	for n := removed + 1; n <= size; n++ {
		fill(tb, l, n, n)
		if n%10 == 0 {
			if err := l.Checkpoint(tb.Context()); err != nil {
				tb.Fatal(err)
			}
		}
	}
	v := verdict(tb, l)
	if !v.OK {
		tb.Fatal(v)
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return dir, v.To
}

type found struct {
	Kind      Kind
	Part      Part
	Seq, Last int64
}

func of(v Verdict) found { return found{v.Kind, v.Part, v.Seq, v.Last} }

// TestEveryColumnOfARecordIsWatched changes a bit of every byte of every column.
func TestEveryColumnOfARecordIsWatched(t *testing.T) {
	dir, end := whole(t, 0)
	l := open(t, dir)
	i := intrude(t, dir)
	changes := 0
	for _, seq := range []int64{1, 17, end} {
		for _, column := range strings.Split(columns, ", ") {
			if column == "seq" {
				continue
			}
			var before any
			if err := i.db.QueryRow("SELECT "+column+" FROM audit WHERE seq = ?", seq).Scan(&before); err != nil {
				t.Fatal(err)
			}
			var after []any
			switch v := before.(type) {
			case int64:
				for bit := range 63 {
					after = append(after, v^1<<bit)
				}
			case string:
				for at := range v {
					b := []byte(v)
					b[at] ^= 1 << (at % 7)
					after = append(after, string(b))
				}
				after = append(after, v+" ")
				if v != "" {
					after = append(after, v[1:])
				}
			}
			for _, value := range after {
				i.do("UPDATE audit SET "+column+" = ? WHERE seq = ?", value, seq)
				want := found{Changed, InRecord, seq, seq}
				if v := verdict(t, l); of(v) != want {
					t.Errorf("%s of %d from %v to %v: %s", column, seq, before, value, v)
				}
				changes++
			}
			i.do("UPDATE audit SET "+column+" = ? WHERE seq = ?", before, seq)
		}
	}
	if v := verdict(t, l); !v.OK || changes < 900 {
		t.Errorf("after %d changes and back: %s", changes, v)
	}
}

func TestDamageIsFoundAndLocated(t *testing.T) {
	type damage struct {
		name string
		do   func(i intruder, end int64)
		want found
	}
	cases := []damage{
		{"delete one", func(i intruder, _ int64) { i.do("DELETE FROM audit WHERE seq = 20") }, found{Removed, InRecord, 20, 20}},
		{"delete three", func(i intruder, _ int64) { i.do("DELETE FROM audit WHERE seq BETWEEN 20 AND 22") }, found{Removed, InRecord, 20, 22}},
		{"delete one and close the gap", func(i intruder, _ int64) {
			i.do("DELETE FROM audit WHERE seq = 20")
			i.shift(21, -1)
		}, found{Removed, InRecord, 20, 20}},
		{"delete three, close the gap and make the head fit", func(i intruder, end int64) {
			i.do("DELETE FROM audit WHERE seq BETWEEN 20 AND 22")
			i.shift(23, -3)
			i.do("UPDATE audit_head SET seq = ?", end-3)
		}, found{Removed, InRecord, 20, 22}},
		{"swap neighbours", func(i intruder, _ int64) {
			i.do("UPDATE audit SET seq = CASE seq WHEN 20 THEN -21 ELSE -20 END WHERE seq IN (20, 21)")
			i.do("UPDATE audit SET seq = -seq WHERE seq < 0")
		}, found{Reordered, InRecord, 20, 21}},
		{"swap two far apart", func(i intruder, _ int64) {
			i.do("UPDATE audit SET seq = CASE seq WHEN 18 THEN -33 ELSE -18 END WHERE seq IN (18, 33)")
			i.do("UPDATE audit SET seq = -seq WHERE seq < 0")
		}, found{Reordered, InRecord, 18, 33}},
		{"move one down", func(i intruder, _ int64) {
			i.do("UPDATE audit SET seq = -1000 WHERE seq = 20")
			i.do("UPDATE audit SET seq = -seq WHERE seq BETWEEN 21 AND 25")
			i.do("UPDATE audit SET seq = -seq - 1 WHERE seq BETWEEN -25 AND -21")
			i.do("UPDATE audit SET seq = 25 WHERE seq = -1000")
		}, found{Reordered, InRecord, 20, 25}},
		{"insert one in the middle", func(i intruder, _ int64) {
			r := i.record(20)
			i.shift(20, 1)
			r.Actor.Name = "somebody else"
			i.put(r)
		}, found{Inserted, InRecord, 20, 20}},
		{"insert one with a hash that fits", func(i intruder, _ int64) {
			r, before := i.record(20), i.record(19)
			i.shift(20, 1)
			r.Actor.Name = "somebody else"
			r.Hash = r.digest(&encoding{}, before.Hash, 20)
			i.put(r)
		}, found{Inserted, InRecord, 20, 20}},
		{"copy one of ours into the middle", func(i intruder, _ int64) {
			r := i.record(25)
			i.shift(20, 1)
			r.Seq = 20
			i.put(r)
		}, found{Inserted, InRecord, 20, 20}},
		{"insert at the end", func(i intruder, end int64) {
			r := i.record(end)
			r.Seq, r.Hash = end+1, r.digest(&encoding{}, r.Hash, end+1)
			i.put(r)
		}, found{Inserted, InRecord, -1, -1}},
		{"insert far beyond the end", func(i intruder, end int64) {
			r := i.record(end)
			r.Seq = end + 100
			i.put(r)
		}, found{Inserted, InRecord, -100, -100}},
		{"insert at the end and make the head fit", func(i intruder, end int64) {
			r := i.record(end)
			r.Seq, r.Hash = end+1, r.digest(&encoding{}, r.Hash, end+1)
			i.put(r)
			i.do("UPDATE audit_head SET seq = ?, hash = ?", r.Seq, r.Hash)
		}, found{Inserted, InRecord, -1, -1}},
		{"insert before the beginning", func(i intruder, _ int64) {
			r := i.record(20)
			r.Seq = 0
			i.put(r)
		}, found{Inserted, InRecord, 0, 0}},
		{"a place is changed", func(i intruder, _ int64) { i.do("UPDATE audit SET seq = seq + 4096 WHERE seq = 20") }, found{Removed, InRecord, 20, 20}},
		{"change one and every hash after it", func(i intruder, _ int64) {
			i.do("UPDATE audit SET actor = 'somebody else' WHERE seq = 20")
			i.rehash(20, keepSeal)
		}, found{Changed, InRecord, 20, 20}},
		{"change one and take every seal after it away", func(i intruder, _ int64) {
			i.do("UPDATE audit SET actor = 'somebody else' WHERE seq = 33")
			i.rehash(33, noSeal)
		}, found{Changed, InRecord, 33, -1}},
		{"take one seal away", func(i intruder, _ int64) { i.do("UPDATE audit SET seal = '' WHERE seq = 20") }, found{Unsealed, InRecord, 20, 20}},
		{"cut the last ten", func(i intruder, end int64) { i.do("DELETE FROM audit WHERE seq > ?", end-10) }, found{Cut, InRecord, 9, 0}},
		{"cut the last ten and make the head fit", func(i intruder, end int64) {
			i.do("DELETE FROM audit WHERE seq > ?", end-10)
			i.do("UPDATE audit_head SET seq = ?, hash = (SELECT hash FROM audit WHERE seq = ?)", end-10, end-10)
		}, found{Cut, InRecord, 9, 0}},
		{"cut all and begin anew", func(i intruder, _ int64) {
			i.do("DELETE FROM audit")
			i.do("DELETE FROM audit_seals")
			i.do("UPDATE audit_head SET seq = 0, hash = '', sealed_to = 0, seal = ''")
		}, found{Cut, InRecord, 1, 0}},
		{"set the head back", func(i intruder, end int64) { i.do("UPDATE audit_head SET seq = ?", end-3) }, found{Changed, InHead, 0, 0}},
		{"set the head forward", func(i intruder, end int64) { i.do("UPDATE audit_head SET seq = ?", end+3) }, found{Changed, InHead, 0, 0}},
		{"change the head's hash", func(i intruder, _ int64) {
			i.do("UPDATE audit_head SET hash = CASE substr(hash, 1, 1) WHEN 'a' THEN 'b' ELSE 'a' END || substr(hash, 2)")
		}, found{Changed, InHead, 0, 0}},
		{"change the head's seal", func(i intruder, _ int64) {
			i.do("UPDATE audit_head SET seal = CASE substr(seal, 1, 1) WHEN 'a' THEN 'b' ELSE 'a' END || substr(seal, 2)")
		}, found{Changed, InHead, 0, 0}},
		{"take the head's seal away", func(i intruder, _ int64) { i.do("UPDATE audit_head SET seal = ''") }, found{Changed, InHead, 0, 0}},
		{"say that more was retired", func(i intruder, _ int64) { i.do("UPDATE audit_head SET sealed_to = 15") }, found{Changed, InHead, 0, 0}},
		{"begin the head anew", func(i intruder, _ int64) {
			i.do("UPDATE audit_head SET seq = 0, hash = '', sealed_to = 0, seal = ''")
		}, found{Changed, InHead, 0, 0}},
		{"remove the head", func(i intruder, _ int64) { i.do("DELETE FROM audit_head") }, found{Removed, InHead, 1, 1}},
		{"change a checkpoint", func(i intruder, _ int64) {
			i.editCheckpoints(func(lines []string) []string {
				lines[2] = strings.Replace(lines[2], " 2026-", " 2025-", 1)
				return lines
			})
		}, found{Changed, InCheckpoint, 30, 30}},
	}
	for _, removed := range []int{0, retired} {
		dir, end := whole(t, removed)
		for _, c := range cases {
			if removed > 0 && c.name == "change a checkpoint" {
				continue // its lines are others there
			}
			t.Run(fmt.Sprintf("%s after %d", c.name, removed), func(t *testing.T) {
				to := copyDir(t, dir)
				i := intrude(t, to)
				c.do(i, end)
				_ = i.db.Close()
				want := c.want
				switch {
				case c.name == "cut all and begin anew":
					want.Last = end
				case want.Kind == Cut:
					want.Seq, want.Last = end-want.Seq, end
				case want.Seq == 33 && want.Last < 0:
					want.Last = 40
					if removed > 0 {
						want.Last = 41 // of the first checkpoint from there on
					}
				case want.Part == InHead && want.Seq == 0:
					want.Seq, want.Last = end, end
				case want.Kind == Inserted && want.Seq < 0:
					want.Seq, want.Last = end-want.Seq, end-want.Seq
				}
				v := verdict(t, open(t, to))
				if diff := cmp.Diff(want, of(v)); diff != "" || v.OK {
					t.Errorf("(-want +got)\n%s%s", diff, v)
				}
				if !strings.Contains(v.String(), strconv.FormatInt(v.Seq, 10)) {
					t.Errorf("%q does not name record %d", v, v.Seq)
				}
			})
		}
	}
}

// TestOldCopyIsFound puts an old store, which holds in itself, under newer checkpoints.
func TestOldCopyIsFound(t *testing.T) {
	dir, end := whole(t, 0)
	old := copyDir(t, dir)
	l := open(t, dir)
	fill(t, l, 41, 60)
	if err := l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if err != nil {
		t.Fatal(err)
	}
	if v := verdict(t, open(t, old)); !v.OK {
		t.Fatal(v)
	}
	if err := os.WriteFile(filepath.Join(old, checkpointFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if v := verdict(t, open(t, old)); of(v) != (found{Cut, InRecord, end + 1, 60}) {
		t.Error(v)
	}
	// And what is then written in the place of the missing is found as well.
	again := open(t, old)
	fill(t, again, 100, 130)
	if v := verdict(t, again); of(v) != (found{Changed, InCheckpoint, 60, 60}) {
		t.Error(v)
	}
}

// TestRecordsWithoutAKey writes while the vault is closed: nothing is lost, and it is told.
func TestRecordsWithoutAKey(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	fill(t, l, 1, 10)
	closed := Open(l.db, nil).In(dir)
	fill(t, closed, 11, 15)
	if v := verdict(t, closed); v.OK || v.Kind != Unchecked || v.Count != 15 || v.UnsealedCount != 5 {
		// Without a key the range is known all the same, and comes first.
		if of(v) != (found{Unsealed, InRecord, 11, 15}) {
			t.Error(v)
		}
	}
	if v := verdict(t, l); of(v) != (found{Unsealed, InRecord, 11, 15}) || v.Count != 15 {
		t.Error(v)
	}
	fill(t, l, 16, 20)
	fill(t, closed, 21, 21)
	fill(t, l, 22, 22)
	v := verdict(t, l)
	if diff := cmp.Diff([]Range{{11, 15}, {21, 21}}, v.Unsealed); diff != "" || of(v) != (found{Unsealed, InRecord, 11, 15}) || v.UnsealedCount != 6 {
		t.Errorf("%s %s", diff, v)
	}
	if _, err := closed.Seal(t.Context(), time.Now()); err == nil {
		t.Error("records were retired without a key to seal their summary")
	}
	sum, err := l.Seal(t.Context(), time.Now().Add(time.Hour))
	if err != nil || sum.Count != 22 || sum.Unsealed != 6 {
		t.Errorf("%+v, %v", sum, err)
	}
	wantWhole(t, l, 1)
	if v := verdict(t, closed); v.Kind != Unchecked || v.OK || v.Reason == "" {
		t.Error(v)
	}
}

func TestVerifyBesideWriters(t *testing.T) {
	engines(t, func(t *testing.T, at, dir string) {
		l := openOn(t, at, dir)
		other := openOn(t, at, dir)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for n := range 60 {
				if err := other.Write(context.Background(), event(n)); err != nil {
					t.Error(err)
				}
				if n%10 == 9 {
					if err := other.Checkpoint(context.Background()); err != nil {
						t.Error(err)
					}
				}
				if n == 30 {
					if _, err := other.Seal(context.Background(), time.Now().Add(-time.Millisecond)); err != nil {
						t.Error(err)
					}
				}
			}
		}()
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			if v := verdict(t, l); !v.OK {
				t.Fatal(v)
			}
		}
	})
}

// TestDamageOnPostgreSQL repeats the main cases there.
func TestDamageOnPostgreSQL(t *testing.T) {
	at, dir := PostgresURL(t), t.TempDir()
	l := openOn(t, at, dir)
	fill(t, l, 1, 30)
	if err := l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, l, 30)
	do := func(statements ...string) {
		t.Helper()
		err := l.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			for _, s := range statements {
				if _, err := tx.ExecContext(ctx, s); err != nil {
					return fmt.Errorf("%s: %w", s, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	do("ALTER TABLE audit DISABLE TRIGGER ALL", "ALTER TABLE audit_head DISABLE TRIGGER ALL")
	do("CREATE TABLE set_aside AS SELECT * FROM audit", "CREATE TABLE saved_head AS SELECT * FROM audit_head")
	for _, c := range []struct {
		statement string
		want      found
	}{
		{"UPDATE audit SET detail = replace(detail, 'select', 'delete') WHERE seq = 14", found{Changed, InRecord, 14, 14}},
		{"UPDATE audit SET at = at + 1 WHERE seq = 14", found{Changed, InRecord, 14, 14}},
		{"DELETE FROM audit WHERE seq = 14", found{Removed, InRecord, 14, 14}},
		{"DELETE FROM audit WHERE seq > 20", found{Cut, InRecord, 21, 30}},
		{"UPDATE audit_head SET hash = 'x'", found{Changed, InHead, 30, 30}},
	} {
		do(c.statement)
		if v := verdict(t, l); of(v) != c.want {
			t.Errorf("%s: %s", c.statement, v)
		}
		do("DELETE FROM audit", "INSERT INTO audit SELECT * FROM set_aside", "DELETE FROM audit_head", "INSERT INTO audit_head SELECT * FROM saved_head")
	}
	wantWhole(t, l, 30)
}
