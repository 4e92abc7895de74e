package browser

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ledongthuc/pdf"

	"assay/app/fault"
)

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no Chromium; `task test:tools` installs one")
	return ""
}

func TestPagesArePrintedWithTheirFilesAndNothingElse(t *testing.T) {
	var out bytes.Buffer
	err := New(chromium(t)).Print(t.Context(), &out, Page{
		HTML: []byte(`<!doctype html><html lang="en"><head><title>Review</title><link rel="stylesheet" href="css/page.css"></head>
			<h1>Review</h1><p class="hidden">unstyled</p><p id="x">1,234.50</p><script>document.getElementById('x').textContent = 'scripted'</script>
			<object data="../profile/Local State" type="text/plain"></object>`),
		Files: map[string][]byte{"css/page.css": []byte(".hidden { display: none }")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, out.Bytes()); got != "Review 1,234.50" {
		t.Errorf("the text is %q", got)
	}
	if !bytes.Contains(out.Bytes(), []byte("/StructTreeRoot")) || !bytes.Contains(out.Bytes(), []byte("/Outlines")) {
		t.Error("the document has no tags or no bookmarks")
	}
}

// TestAttackPagesReachNothing prints a page that somebody wrote into: it loads
// nothing from a server of this machine, and no picture or frame from its disk.
func TestAttackPagesReachNothing(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		t.Logf("the page asked for %s", r.URL)
	}))
	defer server.Close()
	secret := filepath.Join(t.TempDir(), "secret.svg")
	if err := os.WriteFile(secret, []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"><text y="20">secret</text></svg>`), 0o600); err != nil {
		t.Fatal(err)
	}
	page := strings.NewReplacer("SERVER", server.URL, "SECRET", "file://"+secret).Replace(`<!doctype html><html lang="en"><head><title>x</title>
		<link rel="stylesheet" href="SERVER/sheet"><style>@import "SERVER/import"; body { background: url(SERVER/background) }</style></head><p>here</p>
		<img src="SERVER/image"><img src="SECRET"><iframe src="SERVER/frame"></iframe><iframe src="SECRET"></iframe><object data="SECRET"></object>
		<video src="SERVER/video" autoplay></video><svg><image href="SECRET" width="200" height="40"/><image href="SERVER/drawing"/></svg>`)
	var out bytes.Buffer
	if err := New(chromium(t)).Print(t.Context(), &out, Page{HTML: []byte(page)}); err != nil {
		t.Fatal(err)
	}
	if got := text(t, out.Bytes()); got != "here" {
		t.Errorf("the text is %q", got)
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("%d requests reached a server", n)
	}
}

// text is the text of a PDF.
func text(t *testing.T, file []byte) string {
	t.Helper()
	r, err := pdf.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := r.GetPlainText()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if _, err := io.Copy(&text, plain); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

func TestNamesOutsideThePageAreRefused(t *testing.T) {
	for _, name := range []string{"../out", "/etc/x", "a/../../b"} {
		err := New("unused").Print(t.Context(), new(bytes.Buffer), Page{HTML: []byte("<head>"), Files: map[string][]byte{name: nil}})
		if err == nil || !strings.Contains(err.Error(), "is no name of a page's file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABrowserThatHangsIsEnded(t *testing.T) {
	sleep := filepath.Join(t.TempDir(), "browser")
	if err := os.WriteFile(sleep, []byte("#!/bin/sh\nsleep 60 & wait\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := New(sleep).Print(ctx, new(bytes.Buffer), Page{HTML: []byte("<head>")})
	if !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestAMissingBrowserIsSaid(t *testing.T) {
	if err := New("/no/such/browser").Print(t.Context(), new(bytes.Buffer), Page{HTML: []byte("<head>")}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}
