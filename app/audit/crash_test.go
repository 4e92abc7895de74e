package audit

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// start runs the test binary as a child that writes to the store; stop kills it
// and returns what it said.
func start(t *testing.T, at, dir string) (stop func() []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := exec.Command(self)
	c.Env = append(os.Environ(), "ASSAY_TEST_AUDIT_DIR="+dir, "ASSAY_TEST_AUDIT_URL="+at)
	c.Stdout, c.Stderr = &out, os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return func() []string {
		if err := c.Process.Kill(); err != nil {
			t.Error(err)
		}
		if err := c.Wait(); err == nil {
			t.Error("the child ended by itself")
		}
		return acknowledged(t, &out)
	}
}

// TestKilledWritersLeaveAWholeRecord kills writers at any moment: what they said
// is kept is there, and the chain holds.
func TestKilledWritersLeaveAWholeRecord(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	dir := t.TempDir()
	l := open(t, dir)
	said := 0
	for round := range rounds {
		stop := start(t, "", dir)
		// A moment after the start, which takes about a tenth of a second.
		<-time.After(time.Duration(50+rand.IntN(300)) * time.Millisecond)
		kept := stop()
		seen := has(t, l)
		for _, request := range kept {
			if said++; !seen[request] {
				t.Errorf("round %d: %s was said to be kept and is not there", round, request)
			}
		}
		if v := verdict(t, l); !v.OK {
			t.Fatalf("round %d: %s", round, v)
		}
		var alone int
		if err := l.db.Read().NewRaw("SELECT count(*) FROM folders f WHERE NOT EXISTS (SELECT 1 FROM audit WHERE object_id = f.id)").Scan(t.Context(), &alone); err != nil || alone > 0 {
			t.Fatalf("round %d: %d changes have no record (%v)", round, alone, err)
		}
	}
	if said < 10*rounds {
		t.Errorf("only %d records were kept in %d rounds, which proves little", said, rounds)
	}
	t.Logf("%d records acknowledged in %d rounds, %s", said, rounds, verdict(t, l))
}

// TestProcessesShareOneChain lets two other processes write beside this one.
func TestProcessesShareOneChain(t *testing.T) {
	engines(t, func(t *testing.T, at, dir string) {
		l := openOn(t, at, dir)
		stops := []func() []string{start(t, at, dir), start(t, at, dir)}
		var wg sync.WaitGroup
		deadline := time.Now().Add(30 * time.Second)
		for w := range 4 {
			wg.Go(func() {
				// Until the others have written too, at least 25 each.
				for n := 0; n < 25 || time.Now().Before(deadline) && others(t, l) < 2; n++ {
					write := l.Write
					if n%2 == 1 {
						write = l.WriteQuick
					}
					if err := write(As(t.Context(), Actor{Name: "here", Via: "session"}), event(w*1000+n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var kept []string
		for _, stop := range stops {
			kept = append(kept, stop()...)
		}
		if n := others(t, l); n != 2 {
			t.Fatalf("%d other processes wrote, want 2", n)
		}
		seen := has(t, l)
		for _, request := range kept {
			if !seen[request] {
				t.Errorf("%s was said to be kept and is not there", request)
			}
		}
		if v := verdict(t, l); !v.OK {
			t.Fatal(v)
		}
	})
}

// others counts the processes that recorded something as a child.
func others(t *testing.T, l *Log) int {
	pids := map[string]bool{}
	for request := range has(t, l) {
		for i := range request {
			if request[i] == '-' {
				pids[request[:i]] = true
				break
			}
		}
	}
	return len(pids)
}
