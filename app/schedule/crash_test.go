package schedule

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"assay/app/mail/mailtest"
)

// workUntilKilled is the other process of TestKilledWhileDelivering: it works on
// the store in the folder until it is killed.
func workUntilKilled(dir string) {
	port, err := strconv.Atoi(os.Getenv("ASSAY_TEST_SMTP"))
	if err != nil {
		panic(err)
	}
	h, err := openHouse(context.Background(), os.Getenv("ASSAY_TEST_STORE"), dir, through("127.0.0.1", port))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	h.lease, h.poll = 600*time.Millisecond, 100*time.Millisecond
	h.Start(context.Background())
	select {}
}

// process is another one that works on the store.
type process struct {
	cmd  *exec.Cmd
	dead chan struct{}
}

func launch(t *testing.T, dir, at string, port int) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0], "-test.run=^$"), dead: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "ASSAY_TEST_SCHEDULE="+dir, "ASSAY_TEST_STORE="+at, "ASSAY_TEST_SMTP="+strconv.Itoa(port))
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.dead)
		p.cmd.Wait()
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends the process with SIGKILL and waits until it is gone.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.dead
}

// TestKilledWhileDelivering kills the process at each step of a delivery and
// lets another one take over. Up to the server's 250 nothing is lost and nothing
// doubled. Between that answer and our own commit no sender can tell whether the
// message was taken; there the copy has the same Message-ID.
func TestKilledWhileDelivering(t *testing.T) {
	for _, storeName := range []string{"sqlite", "postgres"} {
		for _, c := range []struct {
			step  string
			exact bool // one message, whatever happens
		}{{"connect", true}, {"MAIL", true}, {"RCPT", true}, {"DATA", true}, {"end", true}, {"taken", false}} {
			t.Run(storeName+" "+c.step, func(t *testing.T) {
				t.Parallel()
				at := ""
				if storeName == "postgres" {
					at = postgresStore(t)
				}
				begun, first := make(chan struct{}), (*process)(nil)
				var once sync.Once
				strike := func() (struck bool) {
					once.Do(func() { <-begun; first.kill(); struck = true })
					return struck
				}
				server := mailtest.New(t, func(s *mailtest.Server) {
					s.Reply = func(step, _ string) string {
						if step == c.step && strike() {
							return mailtest.Drop
						}
						return ""
					}
					s.Taken = func(mailtest.Accepted) {
						if c.step == "taken" {
							strike()
						}
					}
				})
				dir := t.TempDir()
				h, err := openHouse(t.Context(), at, dir, through(server.Host, server.Port))
				if err != nil {
					t.Fatal(err)
				}
				defer h.close()
				q := h.ask(t, "Amounts", "select 42 as amount")
				id := h.plan(t, Body{Question: q, To: []Target{{Kind: ToMail, Address: "x@example.org"}}})
				run, err := h.RunNow(t.Context(), id, h.admin)
				if err != nil {
					t.Fatal(err)
				}
				h.rest() // this process only looks on
				first = launch(t, dir, at, server.Port)
				close(begun)
				select {
				case <-first.dead:
				case <-time.After(40 * time.Second):
					t.Fatal("it did not come so far")
				}
				launch(t, dir, at, server.Port)
				r := h.ends(t, run)
				got := server.Accepted()
				ids := map[string]bool{}
				for _, a := range got {
					ids[a.ID] = true
				}
				if r.State != RunDone || states(r)["x@example.org"] != DeliverySent || len(ids) != 1 || c.exact && len(got) != 1 || len(got) > 2 {
					told, _ := json.MarshalIndent(states(r), "", " ")
					t.Errorf("%s %s, %d messages with %d ids\n%s", r.State, told, len(got), len(ids), r.Log)
				}
				t.Logf("%d messages were taken, with %d ids", len(got), len(ids))
			})
		}
	}
}

// TestTwoReplicas has two processes' worth of works on one PostgreSQL store:
// each slot runs once, and each mail goes out once.
func TestTwoReplicas(t *testing.T) {
	server := mailtest.New(t, nil)
	start := time.Date(2026, 5, 4, 0, 0, 30, 0, time.UTC)
	clock, set := standing(start)
	at := postgresStore(t)
	dir := t.TempDir()
	var both []*house
	for range 2 {
		h, err := openHouse(t.Context(), at, dir, through(server.Host, server.Port), set)
		if err != nil {
			t.Fatal(err)
		}
		defer h.close()
		both = append(both, h)
	}
	h := both[0]
	q := h.ask(t, "Amounts", "select 42 as amount")
	id := h.plan(t, Body{When: When{Every: "cron", Cron: "* * * * *"}, Question: q, To: []Target{{Kind: ToMail, Address: "x@example.org"}}})
	for _, h := range both {
		h.Start(t.Context())
	}
	const minutes = 20
	for i := 1; i <= minutes; i++ {
		clock.set(start.Add(time.Duration(i) * time.Minute))
		var wg sync.WaitGroup
		for _, h := range both {
			wg.Go(func() {
				if _, err := h.tick(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		h.quiet(t)
	}
	runs, err := h.Runs(t.Context(), id, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	slots := map[time.Time]int{}
	for _, r := range runs {
		slots[r.Slot.UTC()]++
		if r.State != RunDone || r.Cause != OnTime {
			t.Errorf("%s %s %s\n%s", r.Slot, r.State, r.Cause, r.Log)
		}
	}
	if len(runs) != minutes || len(slots) != minutes || len(server.Accepted()) != minutes {
		t.Errorf("%d runs for %d slots, %d mails, want %d", len(runs), len(slots), len(server.Accepted()), minutes)
	}
}
