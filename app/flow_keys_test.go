package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// sealedRows returns every sealed value of a store, to see whether anything was touched.
func sealedRows(t *testing.T, dir string) string {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "assay.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var all bytes.Buffer
	for _, q := range []string{"SELECT id, secret FROM connections ORDER BY id", "SELECT id, sealed FROM keys ORDER BY id"} {
		rows, err := db.Query(q)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id string
			var value []byte
			if err := rows.Scan(&id, &value); err != nil {
				t.Fatal(err)
			}
			all.WriteString(id + "=" + base64.StdEncoding.EncodeToString(value) + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return all.String()
}

func randomKey() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// TestWrongMasterKey starts with a key that opens nothing: people can sign in and
// are told what does not work, nothing is changed, and the right key finds all as it was.
func TestWrongMasterKey(t *testing.T) {
	dir, key := t.TempDir(), randomKey()
	settings := func(key string) []string {
		return []string{"ASSAY_DATA_DIR=" + dir, "ASSAY_MASTER_KEY=" + key}
	}
	file := liteFile(t, shop())
	var connection, before string
	t.Run("right key", func(t *testing.T) {
		h := start(t, "serve", settings(key)...)
		connection = visit(t, h).setUp(h).connect("Shop", "sqlite://"+file)
	})
	before = sealedRows(t, dir)
	if !strings.Contains(before, strings.TrimPrefix(connection, "/connections/")) {
		t.Fatalf("the store holds %s", before)
	}
	t.Run("wrong key", func(t *testing.T) {
		h := start(t, "serve", settings(randomKey())...)
		v := visit(t, h).signIn("ada@example.com")
		v.look("/").expect(http.StatusOK)
		v.look("/explore?connection=" + strings.TrimPrefix(connection, "/connections/") + "&table=orders")
		if v.status >= 500 && v.status != http.StatusServiceUnavailable {
			t.Errorf("a connection that cannot be opened answers %d", v.status)
		}
		if !strings.Contains(v.words("main"), "master key") {
			t.Errorf("the page does not say what is wrong: %s", v.words("main"))
		}
		if log := h.log.String(); !strings.Contains(log, "cannot be opened") || !strings.Contains(log, "Shop") {
			t.Errorf("the log does not name the connection:\n%s", log)
		}
	})
	if after := sealedRows(t, dir); after != before {
		t.Errorf("the wrong key changed what is sealed:\n%s\n%s", before, after)
	}
	t.Run("right key again", func(t *testing.T) {
		h := start(t, "serve", settings(key)...)
		v := visit(t, h).signIn("ada@example.com")
		v.look("/explore?connection=" + strings.TrimPrefix(connection, "/connections/") + "&table=orders").expect(http.StatusOK)
		if strings.Contains(v.words("main"), "master key") {
			t.Error("the right key does not open the connection")
		}
	})
	t.Run("record", func(t *testing.T) {
		var out, errs bytes.Buffer
		err := run(context.Background(), []string{"audit", "verify"}, settings(key), nil, &out, &errs)
		// What was recorded without the key has no seal, which is told.
		if err == nil || !strings.Contains(err.Error(), "seal") {
			t.Errorf("verify: %v %s", err, &out)
		}
	})
}
