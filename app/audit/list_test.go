package audit

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
)

func TestListFiltersAndPages(t *testing.T) {
	engines(t, func(t *testing.T, at, dir string) {
		l := openOn(t, at, dir)
		clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		l.now = func() time.Time { clock = clock.Add(time.Second); return clock }
		for n := 1; n <= 24; n++ {
			fill(t, l, n, n)
		}
		if err := l.Write(As(t.Context(), Actor{ID: "ä", Name: "Änne 100%_\\ sure"}), Event{Action: "user.create", Object: Object{"user", "u", "O'Brien ?"}}); err != nil {
			t.Fatal(err)
		}
		every := func(keep func(n int) bool) (want []int64) {
			for n := 24; n > 0; n-- {
				if keep(n) {
					want = append(want, int64(n))
				}
			}
			return want
		}
		second := func(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC) }
		for _, c := range []struct {
			name   string
			filter Filter
			want   []int64
		}{
			{"all", Filter{}, append([]int64{25}, every(func(int) bool { return true })...)},
			{"actor", Filter{ActorID: "person3"}, every(func(n int) bool { return n%7 == 3 })},
			{"action", Filter{Action: "connection."}, every(func(n int) bool { return n%3 == 1 })},
			{"whole action", Filter{Action: "session.start"}, every(func(n int) bool { return n%3 == 2 })},
			{"no such action", Filter{Action: "ession"}, nil},
			{"outcome", Filter{Outcome: Refused}, every(func(n int) bool { return n%4 == 2 })},
			{"connection", Filter{Connection: "c1", Outcome: Done}, every(func(n int) bool { return n%2 == 1 && n%4 < 2 })},
			{"object", Filter{ObjectKind: "question", ObjectID: "q4"}, every(func(n int) bool { return n%5 == 4 })},
			{"time", Filter{Since: second(5), Until: second(9)}, []int64{8, 7, 6, 5}},
			{"before", Filter{Before: 4}, []int64{3, 2, 1}},
			{"text in actor", Filter{Text: "P3@EXAMPLE"}, every(func(n int) bool { return n%7 == 3 })},
			{"text in object", Filter{Text: "sales 17"}, []int64{17}},
			{"text in detail", Filter{Text: "select 19"}, []int64{19}},
			{"text of letters beyond ASCII", Filter{Text: "Änne"}, []int64{25}},
			{"signs that stand for others", Filter{Text: `100%_\ s`}, []int64{25}},
			{"no sign stands for others", Filter{Text: `1%0`}, nil},
			{"quotes", Filter{Text: "O'Brien ?"}, []int64{25}},
			{"an attack", Filter{Text: "' OR 1=1 --", ActorID: "' OR '1'='1", Action: "x' OR 1=1 --"}, nil},
		} {
			var got []int64
			for f, more := c.filter, true; more; more = f.Before != 0 {
				f.Limit = 7
				page, next, err := l.List(t.Context(), f)
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				for _, r := range page {
					got = append(got, r.Seq)
				}
				f.Before = next
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
		for _, f := range []Filter{{Limit: -1}, {Limit: MaxLimit + 1}, {Text: strings.Repeat("x", maxFilterText+1)}} {
			if _, _, err := l.List(t.Context(), f); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want a refusal", err)
			}
		}
		r, err := l.Get(t.Context(), 6)
		want := Record{Seq: 6, At: second(6), Actor: actor(6), Action: "question.run", Object: Object{"question", "q1", "Sales 6"}, Connection: "c0", Outcome: Refused,
			Detail: json.RawMessage(`{"n":6,"sql":"select 6"}`), Prev: r.Prev, Hash: r.Hash, Seal: r.Seal}
		if diff := cmp.Diff(want, r); diff != "" || err != nil || len(r.Prev) != 64 || len(r.Seal) != 64 {
			t.Errorf("%v %s", err, diff)
		}
		if _, err := l.Get(t.Context(), 26); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want not found", err)
		}
	})
}

// TestCopyCanBeVerifiedByOthers follows the words of Export alone.
func TestCopyCanBeVerifiedByOthers(t *testing.T) {
	engines(t, func(t *testing.T, at, dir string) {
		l := openOn(t, at, dir)
		fill(t, l, 1, 20)
		if _, err := l.Seal(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		fill(t, l, 22, 22+2*exportRecords)
		for _, c := range []struct {
			filter Filter
			want   int
		}{{Filter{}, 2 + 2*exportRecords}, {Filter{Action: "session."}, 134}} {
			var b bytes.Buffer
			if err := l.Export(t.Context(), c.filter, &b); err != nil {
				t.Fatal(err)
			}
			n, before := 0, ""
			lines := bufio.NewScanner(&b)
			for ; lines.Scan(); n++ {
				var r struct {
					Seq                                                           json.Number
					At, Actor, Via, Address, Request, Action, Outcome, Prev, Hash string
					ActorID                                                       string `json:"actor_id"`
					ObjectKind                                                    string `json:"object_kind"`
					ObjectID                                                      string `json:"object_id"`
					ObjectName                                                    string `json:"object_name"`
					Connection                                                    string `json:"connection_id"`
					Detail                                                        json.RawMessage
				}
				if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
					t.Fatal(err)
				}
				h := sha256.New()
				for _, part := range []string{"assay audit 1", r.Prev, r.Seq.String(), r.At, r.ActorID, r.Actor, r.Via, r.Address, r.Request, r.Action,
					r.ObjectKind, r.ObjectID, r.ObjectName, r.Connection, r.Outcome, string(r.Detail)} {
					fmt.Fprintf(h, "%d:%s,", len(part), part)
				}
				if sum := fmt.Sprintf("%x", h.Sum(nil)); sum != r.Hash {
					t.Fatalf("line %d has the hash %s, want %s", n, r.Hash, sum)
				}
				if c.filter == (Filter{}) && n > 0 && r.Prev != before {
					t.Fatalf("line %d does not follow the one before", n)
				}
				if r.Prev == "" {
					t.Fatalf("line %d has no hash before it", n)
				}
				before = r.Hash
			}
			if n != c.want {
				t.Errorf("%d lines, want %d", n, c.want)
			}
		}
		if err := l.Export(t.Context(), Filter{}, failing{}); err == nil {
			t.Error("a copy that cannot be written is no failure")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.Export(ctx, Filter{}, &bytes.Buffer{}); err == nil {
			t.Error("a copy that nobody waits for is no failure")
		}
	})
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("the receiver left") }
