package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"assay/app/vault"
	"assay/config"
)

// keys runs assay keys beside whatever else has the data directory open.
func keys(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	err := keysCommand(t.Context(), call{args: args, env: env, out: &out, errors: &errs})
	return out.String(), err
}

func TestKeysAreRotatedBesideARunningServer(t *testing.T) {
	dir := t.TempDir()
	settings := []string{"ASSAY_DATA_DIR=" + dir, "ASSAY_ADMIN_EMAIL=admin@example.com", "ASSAY_ADMIN_PASSWORD=three quiet herons"}
	h := start(t, "serve", settings...)
	p := newProgram(t, h)
	var made struct {
		ID string `json:"id"`
	}
	p.call(t, http.MethodPost, "/api/v1/connections", map[string]any{"name": "Shop", "kind": "sqlite", "path": liteFile(t, shop())}, &made)
	before, _, _, err := vault.LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}

	out, err := keys(t, settings, "rotate", "--master")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	after, _, _, err := vault.LoadKey(dir)
	if err != nil || after == before {
		t.Errorf("the master key is the same: %v", err)
	}
	for _, want := range []string{
		"new master key, " + after.Name() + `\.`, `Key [0-9a-f]{8} is new`, `connections\.secret: 1 read, 1 sealed anew, 0 already new, 0 failed`,
		`keys\.sealed: [1-9]\d* read, [1-9]\d* sealed anew`, `people\.totp: no values`, `providers\.secret: no values`, `All values open\. No key was removed`, `Live, the oldest first: keys [0-9a-f]{8}, [0-9a-f]{8}\.`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "master.key.*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	// The server that runs opens and seals with the keys it did not start with.
	var answer struct {
		Rows [][]any `json:"rows"`
	}
	ask := func(p *program, connection string) {
		t.Helper()
		answer.Rows = nil
		p.call(t, http.MethodPost, "/api/v1/query", map[string]any{"connection": connection, "sql": "select count(*) from orders"}, &answer)
		if len(answer.Rows) != 1 || fmt.Sprint(answer.Rows[0][0]) != "120" {
			t.Errorf("the answer is %v", answer.Rows)
		}
	}
	ask(p, made.ID)
	first := made.ID
	p.call(t, http.MethodPost, "/api/v1/connections", map[string]any{"name": "Shop again", "kind": "sqlite", "path": liteFile(t, shop())}, &made)
	ask(p, made.ID)
	// A server that starts now needs nothing but the new file.
	other := newProgram(t, start(t, "serve", settings...))
	ask(other, first)
	ask(other, made.ID)
}

func TestKeysRotateSaysWhatDoesNotOpen(t *testing.T) {
	dir := t.TempDir()
	settings := []string{"ASSAY_DATA_DIR=" + dir, "ASSAY_ADMIN_EMAIL=admin@example.com", "ASSAY_ADMIN_PASSWORD=three quiet herons"}
	p := newProgram(t, start(t, "serve", settings...))
	var made struct {
		ID string `json:"id"`
	}
	p.call(t, http.MethodPost, "/api/v1/connections", map[string]any{"name": "Shop", "kind": "sqlite", "path": liteFile(t, shop())}, &made)
	db, err := sql.Open("sqlite", filepath.Join(dir, "assay.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA busy_timeout = 10000; UPDATE connections SET secret = substr(secret, 1, 20)"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		out, err := keys(t, settings, "rotate")
		if err == nil || !strings.Contains(err.Error(), "do not open: 1") {
			t.Errorf("the command ends with %v", err)
		}
		if !strings.Contains(out, "connections.secret: 1 read, 0 sealed anew, 0 already new, 1 failed") || !strings.Contains(out, made.ID+" does not open") || strings.Contains(out, "All values open") {
			t.Errorf("it prints:\n%s", out)
		}
	}
}

func TestServerStartsWithAWrongMasterKey(t *testing.T) {
	dir := "ASSAY_DATA_DIR=" + t.TempDir()
	right, wrong := "ASSAY_MASTER_KEY="+masterKeyText(t), "ASSAY_MASTER_KEY="+masterKeyText(t)
	settings := []string{dir, "ASSAY_ADMIN_EMAIL=admin@example.com", "ASSAY_ADMIN_PASSWORD=three quiet herons"}
	p := newProgram(t, start(t, "serve", append(settings, right)...))
	var made struct {
		ID string `json:"id"`
	}
	p.call(t, http.MethodPost, "/api/v1/connections", map[string]any{"name": "Shop", "kind": "sqlite", "path": liteFile(t, shop())}, &made)

	mute := start(t, "serve", append(settings, wrong)...)
	v := visit(t, mute)
	v.open("/login").submit("form", "", fields{"email": "admin@example.com", "password": "three quiet herons"})
	v.open("/connections").expect(http.StatusOK).says("main", "Shop")
	if !strings.Contains(mute.log.String(), "Shop") {
		t.Errorf("the log does not name the connection that cannot be opened:\n%s", mute.log)
	}
	v.open("/connections/" + made.ID)
	if !strings.Contains(v.body, "master key") {
		t.Error("the connection's page does not say what is wrong")
	}

	again := newProgram(t, start(t, "serve", append(settings, right)...))
	var probe struct {
		OK bool `json:"ok"`
	}
	again.call(t, http.MethodPost, "/api/v1/connections/"+made.ID+"/test", nil, &probe)
	if !probe.OK {
		t.Error("with the right key the connection does not open any more")
	}
}

func TestKeysCommandRefuses(t *testing.T) {
	dir := "ASSAY_DATA_DIR=" + t.TempDir()
	right, wrong := "ASSAY_MASTER_KEY="+masterKeyText(t), "ASSAY_MASTER_KEY="+masterKeyText(t)
	if out, err := keys(t, []string{dir, right}, "rotate"); err != nil || !strings.Contains(out, "is new and seals") {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, c := range map[string]struct {
		env, args []string
		problem   string
	}{
		"no verb":              {[]string{dir, right}, nil, "usage"},
		"another verb":         {[]string{dir, right}, []string{"list"}, "usage"},
		"further words":        {[]string{dir, right}, []string{"rotate", "now"}, `"now" is not understood`},
		"unknown setting":      {[]string{dir, right, "ASSAY_NO_SUCH=1"}, []string{"rotate"}, "not a setting"},
		"wrong key":            {[]string{dir, wrong}, []string{"rotate"}, "master key does not open"},
		"key of a setting":     {[]string{dir, right}, []string{"rotate", "--master"}, "ASSAY_MASTER_KEY_PREVIOUS"},
		"damaged previous key": {[]string{dir, right, "ASSAY_MASTER_KEY_PREVIOUS=x"}, []string{"rotate"}, "ASSAY_MASTER_KEY_PREVIOUS must be"},
	} {
		out, err := keys(t, c.env, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.problem) || out != "" {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestSettingsOfSecretsReachTheVault(t *testing.T) {
	env := []string{"ASSAY_SECRET_SHOP=sesame", "ASSAY_VAULT_ADDR=https://vault.example.com", "ASSAY_VAULT_TOKEN=t", "ASSAY_VAULT_PREFIX=kv/assay", "ASSAY_SECRETS_DIR=" + t.TempDir()}
	cfg, _, _, err := config.Load(nil, env, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	r := references(cfg)
	if got, err := r.Resolve(context.Background(), "env:ASSAY_SECRET_SHOP"); err != nil || got != "sesame" {
		t.Errorf("%q, %v", got, err)
	}
	for ref, fine := range map[string]bool{"file:shop": true, "vault:kv/assay/shop#password": true, "vault:secret/data/assay/shop#password": false} {
		if err := r.Check(ref); (err == nil) != fine {
			t.Errorf("%s: %v", ref, err)
		}
	}
}
