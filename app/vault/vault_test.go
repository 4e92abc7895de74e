package vault

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/app/store"
)

func open(t *testing.T, s *store.Store, key Key) *Vault {
	t.Helper()
	v, err := Open(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSealedValueOpensOnlyInItsPlace(t *testing.T) {
	s := newStore(t)
	key, _, _, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v := open(t, s, key)
	place := Place("connections", "a", "secret")
	sealed, err := v.Seal([]byte("hunter2"), place)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("hunter2")) {
		t.Fatal("the sealed value shows the secret")
	}
	again := open(t, s, key)
	if got, err := again.Open(sealed, place); err != nil || string(got) != "hunter2" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	if _, err := v.Open(sealed, Place("connections", "b", "secret")); err == nil {
		t.Error("a blob copied to another row opened")
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := v.Open(changed, place); err == nil {
			t.Fatalf("a value with byte %d flipped opened", i)
		}
	}
}

func TestWrongMasterKeyIsAnError(t *testing.T) {
	s := newStore(t)
	first, _, _, _ := LoadKey(t.TempDir())
	second, _, _, _ := LoadKey(t.TempDir())
	open(t, s, first)
	if _, err := Open(t.Context(), s, second); err == nil || !strings.Contains(err.Error(), "master key") {
		t.Errorf("got %v, want an error about the master key", err)
	}
}

func TestLoadKeyMakesOneFileOf0600(t *testing.T) {
	dir := t.TempDir()
	first, path, made, err := LoadKey(dir)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v, want mode 0600", info.Mode(), err)
	}
	second, _, made, err := LoadKey(dir)
	if err != nil || made || first != second {
		t.Error("the second load did not read the same key", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "master.key.*")); len(left) > 0 {
		t.Error("left behind:", left)
	}
}

func TestWeakKeysAreRefused(t *testing.T) {
	for _, text := range []string{"", "secret", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", strings.Repeat("a", 32)} {
		if _, err := ParseKey(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestKeyForAPurposeIsStable(t *testing.T) {
	s := newStore(t)
	master, _, _, _ := LoadKey(t.TempDir())
	v := open(t, s, master)
	a, err := v.Key(t.Context(), "jwt")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := open(t, s, master).Key(t.Context(), "jwt")
	c, _ := v.Key(t.Context(), "other")
	if a != b || a == c {
		t.Error("keys must be stable for a purpose and differ between purposes")
	}
}
