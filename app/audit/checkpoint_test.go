package audit

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func lines(tb testing.TB, dir string) []string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

func TestKeepWritesCheckpointsAndTellsOfOneADay(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	l.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	later := func(d time.Duration) { mu.Lock(); clock = clock.Add(d); mu.Unlock() }
	var said bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	ticks, ended := make(chan time.Time), make(chan struct{})
	fill(t, l, 1, 3)
	go func() {
		defer close(ended)
		l.keepAt(ctx, slog.New(slog.NewTextHandler(&said, nil)), ticks)
	}()
	tick := func() { ticks <- clock } // it is taken once the round before is over
	tick()
	tick()
	if n := len(lines(t, dir)); n != 1 {
		t.Errorf("%d lines while nothing was recorded, want 1", n)
	}
	fill(t, l, 4, 5)
	later(time.Minute)
	tick()
	tick()
	later(25 * time.Hour)
	fill(t, l, 6, 6)
	tick()
	tick()
	fill(t, l, 7, 9)
	stop()
	<-ended
	got := lines(t, dir)
	if len(got) != 4 || !strings.HasPrefix(got[0], "3 ") || !strings.HasPrefix(got[3], "9 ") {
		t.Errorf("lines %q", got)
	}
	if n := strings.Count(said.String(), "audit checkpoint"); n != 2 {
		t.Errorf("told %d times: %s", n, said.String())
	}
	if info, err := os.Stat(filepath.Join(dir, checkpointFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if v := verdict(t, l); !v.OK || v.Checkpoints != 4 || v.CheckpointSeq != 9 {
		t.Error(v)
	}
}

func TestKeepTellsWhenTheEndIsNotOurs(t *testing.T) {
	dir, end := whole(t, 0)
	l := open(t, dir)
	before := len(lines(t, dir))
	i := intrude(t, dir)
	run := func() string {
		var said bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		ticks, ended := make(chan time.Time), make(chan struct{})
		go func() { defer close(ended); l.keepAt(ctx, slog.New(slog.NewTextHandler(&said, nil)), ticks) }()
		ticks <- time.Time{}
		ticks <- time.Time{}
		stop()
		<-ended
		return said.String()
	}
	i.do("UPDATE audit_head SET seq = seq + 1")
	if said := run(); strings.Count(said, "assay audit verify") != 1 {
		t.Errorf("said %q, want one line that says what helps", said)
	}
	i.do("UPDATE audit_head SET seq = ?", end)
	if said := run(); strings.Contains(said, "verify") {
		t.Errorf("said %q about a whole record", said)
	}
	i.do("UPDATE audit_head SET seq = 0, hash = '', seal = ''")
	if said := run(); strings.Count(said, "assay audit verify") != 1 {
		t.Errorf("said %q about a record that went back", said)
	}
	if n := len(lines(t, dir)); n > before+1 {
		t.Errorf("%d lines, had %d: an end that is not ours was written down", n, before)
	}
}

// TestCheckpointFileSurvivesACrash leaves half a line and adds others after it.
func TestCheckpointFileSurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	fill(t, l, 1, 10)
	if err := l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, checkpointFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for half := 1; half < len(whole); half += 7 {
		if err := os.WriteFile(path, append(bytes.Clone(whole), whole[:half]...), 0o600); err != nil {
			t.Fatal(err)
		}
		if v := verdict(t, l); !v.OK || v.TornLines != 1 || v.Checkpoints != 1 {
			t.Fatalf("half a line of %d bytes at the end: %s", half, v)
		}
		again := open(t, dir)
		if err := again.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		if v := verdict(t, l); !v.OK || v.Checkpoints != 2 || v.TornLines != 1 {
			t.Fatalf("half a line of %d bytes in the middle: %s", half, v)
		}
	}
}

// TestManyCheckpointsAreReadInBoundedMemory has more lines than are remembered.
func TestManyCheckpointsAreReadInBoundedMemory(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	fill(t, l, 1, 5)
	r, err := l.Get(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	s := newSealer(l.key.Load())
	var b strings.Builder
	const many = 3 * rememberedCheckpoints
	for n := range many {
		c := checkpoint{int64(n + 100), strings.Repeat("0", 64), time.UnixMicro(int64(n)).UTC()}
		if n == many/2 {
			c.seq, c.hash = 5, r.Hash
		}
		fmt.Fprintln(&b, strings.Join(append(c.parts(), s.seal(checkpointLabel, c.parts()...)), " "))
	}
	b.WriteString(strings.Repeat("x", 5000) + "\n")
	if err := os.WriteFile(filepath.Join(dir, checkpointFile), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := readCheckpoints(dir, s)
	if err != nil || c.valid != many || c.last.seq != many+99 || len(c.seen) > rememberedCheckpoints || len(c.seen) < rememberedCheckpoints/4 || c.torn != 1 {
		t.Errorf("%d valid, %d remembered, %d torn, last %d, %v", c.valid, len(c.seen), c.torn, c.last.seq, err)
	}
	if v := verdict(t, l); of(v) != (found{Cut, InRecord, 6, many + 99}) {
		t.Error(v)
	}
}
