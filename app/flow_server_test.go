package main

import (
	"bytes"
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/app/source/sourcetest"
)

func TestMain(m *testing.M) {
	http.DefaultClient.Transport = watch
	sourcetest.Main(m)
}

// transcript is what a running command has written so far.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *transcript) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// house is a whole Assay that runs in this process on a port of its own.
type house struct {
	base     string // its address
	out, log *transcript
	env      []string
}

// patience is how long a test waits for something that a busy machine may delay.
const patience = 60 * time.Second

// eventually polls until what is looked for is there.
func eventually(tb testing.TB, what string, there func() bool) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for !there() {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %s for %s", patience, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

var addressLine = regexp.MustCompile(`Assay listens on (https?://\S+)`)

// start runs a command that serves, and stops it when the test ends.
func start(tb testing.TB, command string, settings ...string) *house {
	tb.Helper()
	h := &house{out: new(transcript), log: new(transcript)}
	h.env = append([]string{"ASSAY_ADDR=127.0.0.1:0", "ASSAY_DATA_DIR=" + tb.TempDir()}, settings...)
	tb.Cleanup(func() { silent(tb, h) })
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{command}, h.env, nil, h.out, h.log) }()
	tb.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil {
				tb.Errorf("%s: %v", command, err)
			}
		case <-time.After(patience):
			tb.Errorf("%s did not stop", command)
		}
	})
	eventually(tb, "the server to listen", func() bool {
		select {
		case err := <-ended:
			tb.Fatalf("%s: %v\n%s", command, err, h.log)
		default:
		}
		found := addressLine.FindStringSubmatch(h.out.String())
		if found != nil {
			h.base = found[1]
		}
		return found != nil
	})
	return h
}

var linkInLog = regexp.MustCompile(`link=\S*?(/setup\?token=\w+)`)

// setupLink returns the path of the one-time link that the server printed.
func (h *house) setupLink(tb testing.TB) string {
	tb.Helper()
	found := linkInLog.FindStringSubmatch(strings.ReplaceAll(h.log.String(), `"`, ""))
	if found == nil {
		tb.Fatalf("no set-up link was printed:\n%s", h.log)
	}
	return found[1]
}

// command runs a short command beside the server.
func (h *house) command(tb testing.TB, in string, args ...string) string {
	tb.Helper()
	var out, errs bytes.Buffer
	if err := run(context.Background(), args, h.env, strings.NewReader(in), &out, &errs); err != nil {
		tb.Fatalf("assay %s: %v\n%s", strings.Join(args, " "), err, &errs)
	}
	return out.String()
}
