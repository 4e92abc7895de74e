package api

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/app/account"
)

// TestGeneratedClient makes a client from the served document with a generator
// that others use, builds it and lets it go once through every resource. The
// program is in testdata/client, a module of its own, which also holds the
// document against the rules of OpenAPI.
func TestGeneratedClient(t *testing.T) {
	if testing.Short() {
		t.Skip("generating and building a client takes a while")
	}
	h := newHouse(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/client")); err != nil {
		t.Fatal(err)
	}
	document := filepath.Join(dir, "openapi.json")
	if err := os.WriteFile(document, []byte(h.call("", "GET", "/openapi.json", nil).body), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
		cmd.WaitDelay = 5 * time.Second
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %.60s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	}
	run("go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "main", "-o", "client.gen.go", document)
	run("go", "build", "-o", "client.exe", ".")
	run(filepath.Join(dir, "client.exe"), document, h.server.URL, h.tokens[account.Admin], h.file)

	// Every operation was called: the program names each with the method that was generated for it.
	program, err := os.ReadFile("testdata/client/main.go")
	if err != nil {
		t.Fatal(err)
	}
	operations(h.document(), func(_, _ string, op map[string]any) {
		id := op["operationId"].(string)
		if name := strings.ToUpper(id[:1]) + id[1:] + "WithResponse("; !strings.Contains(string(program), name) {
			t.Errorf("the program does not call %s", id)
		}
	})
}
