package identitytest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// StartCertified runs oidc-provider of npm, which is certified and demands PKCE,
// until the test ends. settings are the client_id, client_secret, redirect_uris
// and post_logout_redirect_uris of the one client. Its login form has the fields
// "login" and "password" and lets anybody in; a second form asks for consent.
func StartCertified(t testing.TB, settings map[string]any) (issuer string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("node is missing; this test needs Node.js 20 or newer with npm")
	}
	_, here, _, _ := runtime.Caller(0)
	from := filepath.Join(filepath.Dir(here), "..", "testdata", "op")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.ReadFile(filepath.Join(from, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(cache, "assay-test", "op-"+hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(filepath.Join(dir, "installed")); err != nil {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
			b, err := os.ReadFile(filepath.Join(from, name))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
		if err := os.WriteFile(filepath.Join(dir, "installed"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := os.ReadFile(filepath.Join(from, "server.mjs"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "server.mjs"), server, 0o600)
	}
	input, err2 := json.Marshal(settings)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	var failures bytes.Buffer
	cmd := exec.Command("node", "server.mjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, bytes.NewReader(input), &failures
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line := make(chan string, 1)
	go func() {
		scanner := bufio.NewScanner(stdout)
		for scanner.Scan() {
			if strings.HasPrefix(scanner.Text(), "{") {
				line <- scanner.Text()
			}
		}
		close(line)
	}()
	select {
	case text := <-line:
		var started struct{ Issuer string }
		if err := json.Unmarshal([]byte(text), &started); err != nil {
			t.Fatal(err, text, failures.String())
		}
		return started.Issuer
	case <-time.After(30 * time.Second):
		t.Fatal("the provider does not start: ", failures.String())
	}
	return ""
}
