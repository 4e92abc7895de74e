package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
)

func TestRetentionLeavesASealedSummary(t *testing.T) {
	engines(t, func(t *testing.T, at, dir string) {
		l := openOn(t, at, dir)
		clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		l.now = func() time.Time { clock = clock.Add(time.Second); return clock }
		for n := 1; n <= 30; n++ { // record n at second n
			fill(t, l, n, n)
		}
		gone, err := l.Get(t.Context(), 12)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := l.Seal(t.Context(), time.Date(2026, 1, 1, 0, 0, 13, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		if sum.From != 1 || sum.To != 12 || sum.Count != 12 || sum.Hash != gone.Hash || !sum.Last.Equal(gone.At) || sum.First.Second() != 1 {
			t.Errorf("%+v", sum)
		}
		if diff := cmp.Diff(map[string]int64{"question.run": 4, "connection.create": 4, "session.start": 4}, sum.Actions); diff != "" {
			t.Error(diff)
		}
		var actors int64
		for name, n := range sum.Actors {
			actors += n
			if !strings.HasSuffix(name, "@example.com") {
				t.Errorf("actor %q", name)
			}
		}
		if actors != 12 {
			t.Errorf("the actors did %d things, want 12", actors)
		}
		v := verdict(t, l)
		if !v.OK || v.From != 13 || v.To != 31 || v.Retired != 12 {
			t.Errorf("%+v", v)
		}
		r, err := l.Get(t.Context(), 31)
		if err != nil || r.Action != "audit.seal" || !strings.Contains(string(r.Detail), `"to":12`) {
			t.Errorf("%+v, %v", r, err)
		}
		first, err := l.Get(t.Context(), 13)
		if err != nil || first.Prev != gone.Hash {
			t.Errorf("the record before 13 is said to be %q, want %q (%v)", first.Prev, gone.Hash, err)
		}
		if _, err := l.Get(t.Context(), 12); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want not found", err)
		}
		// Again from there, all of it, and once more with nothing to do.
		if sum, err := l.Seal(t.Context(), clock.Add(time.Hour)); err != nil || sum.From != 13 || sum.To != 31 {
			t.Errorf("%+v, %v", sum, err)
		}
		if sum, err := l.Seal(t.Context(), time.Date(2026, 1, 1, 0, 0, 13, 0, time.UTC)); err != nil || sum.Count != 0 {
			t.Errorf("%+v, %v", sum, err)
		}
		if v := verdict(t, l); !v.OK || v.Retired != 31 || v.Count != 1 {
			t.Error(v)
		}
		list, err := l.Summaries(t.Context(), 0, 0)
		if err != nil || len(list) != 2 || list[1].Actions["audit.seal"] != 1 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestDamagedSummaryIsFound(t *testing.T) {
	dir, end := whole(t, retired)
	l := open(t, dir)
	clock := time.Date(2026, 1, 1, 0, 0, 20, 0, time.UTC)
	l.now = func() time.Time { clock = clock.Add(time.Minute); return clock }
	second, err := l.Seal(t.Context(), clock)
	if err != nil || second.Count == 0 {
		t.Fatalf("%+v, %v", second, err)
	}
	end++
	if v := verdict(t, l); !v.OK || v.To != end {
		t.Fatal(v)
	}
	i := intrude(t, dir)
	for _, column := range strings.Split(summaryColumns, ", ") {
		var before any
		if err := i.db.QueryRow("SELECT "+column+" FROM audit_seals WHERE from_seq = ?", second.From).Scan(&before); err != nil {
			t.Fatal(err)
		}
		var after any
		switch v := before.(type) {
		case int64:
			after = v + 1
		case string:
			after = v[:len(v)-1] + string(v[len(v)-1]^1)
		}
		i.do("UPDATE audit_seals SET "+column+" = ? WHERE from_seq = ?", after, second.From)
		want := found{Changed, InSummary, second.From, second.From}
		if v := verdict(t, l); of(v) != want {
			t.Errorf("%s: %s", column, v)
		}
		if column == "from_seq" {
			i.do("UPDATE audit_seals SET from_seq = ? WHERE from_seq = ?", before, after)
		} else {
			i.do("UPDATE audit_seals SET "+column+" = ? WHERE from_seq = ?", before, second.From)
		}
	}
	if v := verdict(t, l); !v.OK {
		t.Fatal(v)
	}
	i.do("CREATE TABLE set_aside AS SELECT * FROM audit_seals")
	for statement, want := range map[string]found{
		"DELETE FROM audit_seals WHERE from_seq = 1": {Removed, InSummary, 1, second.From - 1},
		"DELETE FROM audit_seals WHERE from_seq > 1": {Removed, InSummary, second.From, second.To},
	} {
		i.do(statement)
		if v := verdict(t, l); of(v) != want {
			t.Errorf("%s: %+v %s", statement, of(v), v)
		}
		i.do("DELETE FROM audit_seals")
		i.do("INSERT INTO audit_seals SELECT * FROM set_aside")
	}
	// What was removed does not come back unnoticed.
	r := i.record(end)
	r.Seq = 5
	i.put(r)
	if v := verdict(t, l); of(v) != (found{Inserted, InRecord, 5, 5}) {
		t.Error(v)
	}
}

func TestRetentionLeavesADamagedRecordAlone(t *testing.T) {
	dir, end := whole(t, 0)
	l := open(t, dir)
	i := intrude(t, dir)
	i.do("UPDATE audit SET actor = 'nobody' WHERE seq = 20")
	if _, err := l.Seal(t.Context(), time.Now()); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "20") {
		t.Errorf("got %v, want a conflict that names record 20", err)
	}
	var n int64
	if err := i.db.QueryRow("SELECT count(*) FROM audit").Scan(&n); err != nil || n != end {
		t.Errorf("%d records are left, want %d (%v)", n, end, err)
	}
}
