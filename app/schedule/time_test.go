package schedule

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/app/mail/mailtest"
)

// advance moves the clock to each time at which something is due, up to the end,
// and waits until what is due has been done.
func (h *house) advance(t *testing.T, c *clock, end time.Time) {
	t.Helper()
	for {
		all, err := h.Standings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		next := end
		for _, s := range all {
			if s.NextAt != nil && s.NextAt.Before(next) && !s.Paused {
				next = *s.NextAt
			}
		}
		c.set(next)
		if next.Equal(end) {
			return
		}
		if _, err := h.tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.quiet(t)
	}
}

// slots lists the times of an item's runs, the earliest first, in a zone.
func (h *house) slots(t *testing.T, id, zone, form string) (list []string) {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := h.Runs(t.Context(), id, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range slices.Backward(runs) {
		if r.State != RunDone || r.Cause != OnTime {
			t.Errorf("%s: %s %s %s", r.Slot, r.State, r.Cause, r.Message)
		}
		list = append(list, r.Slot.In(loc).Format(form))
	}
	return list
}

// TestAWeekAcrossTheChangeOfTheClocks runs a week of schedules in spring and one in
// autumn, by a clock that is set by hand.
func TestAWeekAcrossTheChangeOfTheClocks(t *testing.T) {
	const form = "Mon 02 15:04 MST"
	for name, c := range map[string]struct {
		from                  string
		night, morning, board []string
		hours                 int
	}{
		"spring": {"2026-03-26T00:00:00+01:00",
			[]string{"Thu 26 02:30 CET", "Fri 27 02:30 CET", "Sat 28 02:30 CET", "Sun 29 03:00 CEST", "Mon 30 02:30 CEST", "Tue 31 02:30 CEST", "Wed 01 02:30 CEST"},
			[]string{"Thu 26 07:30 CET", "Fri 27 07:30 CET", "Sat 28 07:30 CET", "Sun 29 07:30 CEST", "Mon 30 07:30 CEST", "Tue 31 07:30 CEST", "Wed 01 07:30 CEST"},
			[]string{"Mon 30 08:00 CEST"}, 7*24 - 1},
		"autumn": {"2026-10-22T00:00:00+02:00",
			[]string{"Thu 22 02:30 CEST", "Fri 23 02:30 CEST", "Sat 24 02:30 CEST", "Sun 25 02:30 CEST", "Mon 26 02:30 CET", "Tue 27 02:30 CET", "Wed 28 02:30 CET"},
			[]string{"Thu 22 07:30 CEST", "Fri 23 07:30 CEST", "Sat 24 07:30 CEST", "Sun 25 07:30 CET", "Mon 26 07:30 CET", "Tue 27 07:30 CET", "Wed 28 07:30 CET"},
			[]string{"Mon 26 08:00 CET"}, 7*24 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			from, err := time.Parse(time.RFC3339, c.from)
			if err != nil {
				t.Fatal(err)
			}
			clock, set := standing(from.Add(-time.Minute))
			server := mailtest.New(t, nil)
			h := newHouse(t, "", through(server.Host, server.Port), set)
			q := h.ask(t, "Amounts", "select sum(amount) as amount from sales")
			plan := func(w When, b Body) string {
				b.When, b.Question = w, q
				b.When.Zone = "Europe/Berlin"
				return h.plan(t, b)
			}
			to := []Target{{Kind: ToMail, Address: "x@example.org"}}
			night := plan(When{Every: "day", At: "02:30"}, Body{To: to})
			morning := plan(When{Every: "day", At: "07:30"}, Body{To: to})
			board := plan(When{Every: "week", At: "08:00", Weekdays: []string{"mon"}}, Body{To: to})
			hourly := plan(When{Every: "hour", At: "00:15"}, Body{Do: Refresh})
			h.Start(t.Context())
			end := from.AddDate(0, 0, 7)
			loc, _ := time.LoadLocation("Europe/Berlin")
			h.advance(t, clock, time.Date(end.Year(), end.Month(), end.Day(), 0, 0, 0, 0, loc))
			for id, want := range map[string][]string{night: c.night, morning: c.morning, board: c.board} {
				if d := cmp.Diff(want, h.slots(t, id, "Europe/Berlin", form)); d != "" {
					t.Error(d)
				}
			}
			if got := h.slots(t, hourly, "UTC", "2006-01-02T15:04"); len(got) != c.hours || len(slices.Compact(got)) != c.hours {
				t.Errorf("%d hours, want %d", len(got), c.hours)
			}
			if n, want := len(server.Accepted()), len(c.night)+len(c.morning)+len(c.board); n != want {
				t.Errorf("%d mails, want %d", n, want)
			}
		})
	}
}

// TestMissedTimesRunOnce stops for ten days and starts again.
func TestMissedTimesRunOnce(t *testing.T) {
	for name, at := range stores(t) {
		t.Run(name, func(t *testing.T) {
			start := time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC)
			clock, set := standing(start)
			h := newHouse(t, at, set)
			q := h.ask(t, "Amounts", "select 1 as one")
			daily := h.plan(t, Body{When: When{Every: "day", At: "07:00"}, Do: Refresh, Question: q})
			minutely := h.plan(t, Body{When: When{Every: "cron", Cron: "*/5 * * * *"}, Do: Refresh, Question: q})
			clock.set(start.AddDate(0, 0, 10))
			h.Start(t.Context())
			for id, want := range map[string]string{daily: "2026-06-10T07:00:00Z", minutely: "2026-06-11T06:00:00Z"} {
				within(t, 20*time.Second, "nothing was made up for", func() bool {
					runs, _ := h.Runs(t.Context(), id, "", 0)
					return len(runs) == 1 && runs[0].EndedAt != nil
				})
				runs, err := h.Runs(t.Context(), id, "", 0)
				if err != nil || len(runs) != 1 || runs[0].Cause != Missed || runs[0].Slot.UTC().Format(time.RFC3339) != want {
					t.Errorf("%v %+v, want one missed run for %s", err, runs, want)
				}
				s, err := h.Standing(t.Context(), id)
				if err != nil || !s.NextAt.After(clock.now()) {
					t.Errorf("%+v %v", s, err)
				}
			}
		})
	}
}

func TestPauseResumeAndNow(t *testing.T) {
	start := time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC)
	clock, set := standing(start)
	h := newHouse(t, "", set)
	id := h.plan(t, Body{When: When{Every: "hour"}, Do: Refresh, Question: h.ask(t, "Amounts", "select 1 as one")})
	h.Start(t.Context())
	if err := h.Pause(t.Context(), id, h.admin); err != nil {
		t.Fatal(err)
	}
	h.advance(t, clock, start.Add(5*time.Hour+30*time.Minute))
	if r := h.runIt(t, id); r.Cause != OnWish || r.By != h.admin.ID || r.State != RunDone {
		t.Errorf("%+v", r)
	}
	if err := h.Resume(t.Context(), id, h.admin); err != nil {
		t.Fatal(err)
	}
	h.advance(t, clock, start.Add(7*time.Hour+30*time.Minute))
	runs, err := h.Runs(t.Context(), id, "", 0)
	if err != nil || len(runs) != 3 || runs[0].Slot.UTC().Hour() != 13 || runs[1].Slot.UTC().Hour() != 12 {
		t.Errorf("%v, %d runs: what passed while it was paused is not made up for", err, len(runs))
	}
	page, err := h.Runs(t.Context(), id, runs[0].ID, 1)
	if err != nil || len(page) != 1 || page[0].ID != runs[1].ID {
		t.Errorf("%v %v", page, err)
	}
}

// TestCancelStopsTheQuestion cancels a run whose question takes minutes.
func TestCancelStopsTheQuestion(t *testing.T) {
	h := newHouse(t, "")
	slow := h.ask(t, "Slow", "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as c from n where i < 1000000000000")
	id := h.plan(t, Body{Do: Refresh, Question: slow})
	run, err := h.RunNow(t.Context(), id, h.admin)
	if err != nil {
		t.Fatal(err)
	}
	h.Start(t.Context())
	within(t, 10*time.Second, "the question does not run", func() bool { return len(h.Runner.Live(h.admin)) == 1 })
	if err := h.Cancel(t.Context(), run, h.admin); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "the question still runs", func() bool { return len(h.Runner.Live(h.admin)) == 0 })
	r, err := h.Run(t.Context(), run)
	if err != nil || r.State != RunCancelled || !strings.Contains(r.Log, "Cancelled by ada@example.com") {
		t.Errorf("%+v %v", r, err)
	}
	if err := h.Cancel(t.Context(), run, h.admin); !fault.Is(err, fault.Conflict) {
		t.Errorf("cancelled twice: %v", err)
	}
}

// TestStopGivesBackWhatIsUnderWay stops in the middle of a run and starts again.
func TestStopGivesBackWhatIsUnderWay(t *testing.T) {
	var hanging atomic.Bool
	hanging.Store(true)
	entered, leave := make(chan struct{}, 8), make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		if hanging.Load() {
			<-leave
		}
	}))
	defer web.Close()
	h := newHouse(t, "")
	h.lease = 2 * time.Second
	c := &Channel{Name: "hook", Kind: ToWebhook, URL: web.URL}
	if _, err := h.Channels.Create(t.Context(), c, h.admin); err != nil {
		t.Fatal(err)
	}
	h.backoff = []time.Duration{20 * time.Millisecond}
	id := h.plan(t, Body{Question: h.ask(t, "Amounts", "select 1 as one"), To: []Target{{Kind: ToWebhook, ID: c.ID}}})
	run, err := h.RunNow(t.Context(), id, h.admin)
	if err != nil {
		t.Fatal(err)
	}
	h.Start(t.Context())
	<-entered
	stopped := time.Now()
	go func() { hanging.Store(false); close(leave) }()
	h.Stop()
	if d := time.Since(stopped); d > 20*time.Second {
		t.Errorf("stopping took %s", d)
	}
	h.Start(t.Context())
	if r := h.ends(t, run); r.State != RunDone {
		t.Errorf("%s\n%s", r.State, r.Log)
	}
}

// TestNothingToDoIsNoWork holds that the queue rests where nothing is planned.
func TestNothingToDoIsNoWork(t *testing.T) {
	h := newHouse(t, "")
	h.Start(t.Context())
	if _, err := h.tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	tables := func() (n int) {
		if err := h.Store.Read().NewRaw("SELECT count(*) FROM sqlite_master WHERE name LIKE 'river%'").Scan(t.Context(), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	h.mu.Lock()
	open := h.queue != nil
	h.mu.Unlock()
	if open || tables() > 0 {
		t.Errorf("the queue is open (%v) with %d tables, though nothing is planned", open, tables())
	}
	id := h.plan(t, Body{Do: Refresh, Question: h.ask(t, "Amounts", "select 1 as one")})
	within(t, 10*time.Second, "the queue does not work", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.working })
	if err := h.Schedules.Delete(t.Context(), id, h.admin); err != nil {
		t.Fatal(err)
	}
	h.Wake()
	within(t, 20*time.Second, "the queue works on for nothing", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return !h.working })
}

// TestRunsAreCleaned keeps the latest runs of each item.
func TestRunsAreCleaned(t *testing.T) {
	for name, at := range stores(t) {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC)
			_, set := standing(now)
			h := newHouse(t, at, set)
			id := h.plan(t, Body{Do: Refresh, Question: h.ask(t, "Amounts", "select 1 as one")})
			for i := range keptRuns + 50 {
				when := now.Add(-time.Duration(i) * time.Hour)
				if i%10 == 0 {
					when = now.AddDate(0, 0, -keptDays-1).Add(-time.Duration(i) * time.Hour)
				}
				r := &Run{ID: fmt.Sprintf("r%04d", i), Kind: KindSchedule, ItemID: id, Slot: when, Cause: OnWish, State: RunDone, EndedAt: &when, CreatedAt: when}
				if err := h.insert(t, r); err != nil {
					t.Fatal(err)
				}
			}
			h.clean(t.Context())
			runs, err := h.Runs(t.Context(), id, "", 0)
			if err != nil || len(runs) != keptRuns || runs[len(runs)-1].CreatedAt.Before(now.AddDate(0, 0, -keptDays)) {
				t.Errorf("%d runs are kept: %v", len(runs), err)
			}
		})
	}
}
