package main

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/app/audit"
	"assay/app/store"
	"assay/app/vault"
)

func TestAuditVerifyCommand(t *testing.T) {
	dir := t.TempDir()
	verify := func(env ...string) (string, error) {
		var out bytes.Buffer
		err := auditCommand(t.Context(), call{args: []string{"verify", "--data-dir", dir}, env: env, out: &out, errors: &out})
		return out.String(), err
	}
	if _, err := verify(); err == nil || !strings.Contains(err.Error(), "no store") {
		t.Errorf("in an empty folder: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("looking left %v behind (%v)", entries, err)
	}

	// The store stays open, as it is beside a running server.
	s, err := store.Open(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := verify(); err == nil || !strings.Contains(err.Error(), "no master key") {
		t.Errorf("without a key: %v", err)
	}
	key, _, _, err := vault.LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	l := audit.Open(s, v).In(dir)
	if out, err := verify(); err != nil || !strings.Contains(out, "holds: it is empty") {
		t.Errorf("an empty record: %q, %v", out, err)
	}
	for range 9 {
		if err := l.Write(context.Background(), audit.Event{Action: "session.start"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(); err != nil || !strings.Contains(out, "records 1 to 9") || !strings.Contains(out, "saw record 9") {
		t.Errorf("a whole record: %q, %v", out, err)
	}
	if _, err := verify("ASSAY_MASTER_KEY=" + masterKeyText(t)); err == nil || !strings.Contains(err.Error(), "cannot be checked") {
		t.Errorf("with another master key: %v", err)
	}

	db, err := sql.Open("sqlite", filepath.Join(dir, "assay.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{"DROP TRIGGER audit_update", "UPDATE audit SET outcome = 'refused' WHERE seq = 5"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := verify(); err == nil || out != "" || !strings.Contains(err.Error(), "record 5 was changed") {
		t.Errorf("a changed record: %q, %v", out, err)
	}
	for _, args := range [][]string{nil, {"list"}, {"verify", "now"}} {
		if err := auditCommand(t.Context(), call{args: args, env: []string{"ASSAY_DATA_DIR=" + dir}, out: &bytes.Buffer{}, errors: &bytes.Buffer{}}); err == nil {
			t.Errorf("%q was understood", args)
		}
	}
}
