package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAttackKeysThatAreTheSame: nothing that one installation knows opens another.
func TestAttackKeysThatAreTheSame(t *testing.T) {
	settings := []string{"ASSAY_ADMIN_EMAIL=admin@example.com", "ASSAY_ADMIN_PASSWORD=three quiet herons"}
	var houses []*house
	var keys [][]byte
	for range 2 {
		dir := t.TempDir()
		h := start(t, "serve", append(settings, "ASSAY_DATA_DIR="+dir)...)
		key, err := os.ReadFile(filepath.Join(dir, "master.key"))
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(dir, "master.key")); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read the key: %v %v", info.Mode(), err)
		}
		houses, keys = append(houses, h), append(keys, key)
	}
	if bytes.Equal(keys[0], keys[1]) || len(bytes.TrimSpace(keys[0])) < 43 {
		t.Error("two installations have one key, or it is short")
	}
	p := newProgram(t, houses[0])
	v := visit(t, houses[0])
	v.open("/login").submit("form", "", fields{"email": "admin@example.com", "password": "three quiet herons"}).expect(http.StatusOK)
	for i, want := range []int{http.StatusOK, http.StatusUnauthorized} {
		at := &program{house: houses[i], token: p.token}
		res := at.request(t, t.Context(), http.MethodGet, "/api/v1/me", "", nil)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("a token of the first installation is answered %s by number %d", res.Status, i)
		}
		page := raw(t, houses[i], get(houses[i], "/account", "Cookie: assay_session="+v.cookie()))
		if got := statuses(page)[0] == "200"; got != (want == http.StatusOK) {
			t.Errorf("a session of the first installation is answered %s by number %d", statuses(page), i)
		}
	}
	for _, words := range []string{"admin", "changeme", "password", "secret", "assay", "CHANGE_ME_TO_A_LONG_RANDOM_VALUE", "\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h"} {
		w := visit(t, houses[0])
		w.post("/login", map[string][]string{"email": {"admin"}, "password": {words}})
		if w.status == http.StatusOK && w.cookie() != "" {
			t.Errorf("signed in as admin with %q", words)
		}
		begun := time.Now()
		env := append([]string{"ASSAY_ADDR=127.0.0.1:0", "ASSAY_DATA_DIR=" + t.TempDir(), "ASSAY_MASTER_KEY=" + words}, settings...)
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		var out, errs bytes.Buffer
		err := run(ctx, []string{"serve"}, env, nil, &out, &errs)
		stop()
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), "key") || time.Since(begun) > 5*time.Second {
			t.Errorf("with the master key %q: %v after %s", words, err, time.Since(begun))
		}
		if err != nil && len(words) > 10 && strings.Contains(err.Error(), words) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}
