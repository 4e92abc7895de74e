package vault_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/app/fault"
	"assay/app/vault"
)

func writeKey(t *testing.T, dir, name string, key vault.Key) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(base64.StdEncoding.EncodeToString(key[:])+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// keyFiles returns the names of the key files in dir.
func keyFiles(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "master.key*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return strings.Join(found, " ")
}

func TestMasterKeyFileIsReplacedBesideARunningServer(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			again, dir := engine(t), t.TempDir()
			old, path, _, err := vault.LoadKey(dir)
			if err != nil {
				t.Fatal(err)
			}
			s := again()
			server, command := openVault(t, s, old, vault.Folder(dir)), vault.Hurry(openVault(t, again(), old, vault.Folder(dir)))
			fill(t, s, server, 2)
			for range 3 {
				made, err := command.RotateMaster(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				// The server knows nothing of the new file until it looks.
				if _, err := server.Seal([]byte("x"), "y"); err != nil {
					t.Error("the running server seals no more:", err)
				}
				mustRotate(t, command)
				check(t, s, server, 2)
				present, _, _, err := vault.LoadKey(dir)
				if err != nil || present != made || present == old {
					t.Fatalf("the file holds %v, want %v and not %v: %v", present, made, old, err)
				}
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || keyFiles(t, dir) != "master.key" {
					t.Errorf("%v, files %s", info.Mode(), keyFiles(t, dir))
				}
				if openVault(t, s, old).Closed() == nil {
					t.Error("the old key still opens the store")
				}
				old = present
			}
			after := openVault(t, s, old, vault.Folder(dir))
			if err := after.Closed(); err != nil {
				t.Error(err)
			}
			check(t, s, after, 2)
		})
	}
}

func TestMasterKeyReplacementCutShort(t *testing.T) {
	old, next, stray := newKey(t), newKey(t), newKey(t)
	for name, c := range map[string]struct {
		sealedBy vault.Key
		files    map[string]vault.Key
		after    string
	}{
		"before the keyset was sealed":       {old, map[string]vault.Key{"master.key": old, "master.key.new": stray}, "master.key master.key.new"},
		"before the file took its place":     {next, map[string]vault.Key{"master.key": old, "master.key.new": next}, "master.key"},
		"with the old file already gone":     {next, map[string]vault.Key{"master.key.new": next}, "master.key.new"},
		"after the file had taken its place": {next, map[string]vault.Key{"master.key": next}, "master.key"},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := newStore(t), t.TempDir()
			fill(t, s, openVault(t, s, c.sealedBy), 1)
			for file, key := range c.files {
				writeKey(t, dir, file, key)
			}
			key, _, made, err := vault.LoadKey(dir)
			if err != nil || made {
				t.Fatal(made, err)
			}
			v := openVault(t, s, key, vault.Folder(dir))
			if err := v.Closed(); err != nil {
				t.Fatal(err)
			}
			check(t, s, v, 1)
			if got := keyFiles(t, dir); got != c.after {
				t.Errorf("files %q, want %q", got, c.after)
			}
			if _, ok := c.files["master.key"]; !ok {
				return
			}
			made2, err := v.RotateMaster(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if present, _, _, err := vault.LoadKey(dir); err != nil || present != made2 || keyFiles(t, dir) != "master.key" {
				t.Errorf("%v, files %s", err, keyFiles(t, dir))
			}
			check(t, s, openVault(t, s, made2, vault.Folder(dir)), 1)
		})
	}
}

func TestReplacementThatCannotBeWrittenChangesNothing(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	key, _, _, err := vault.LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	v := openVault(t, s, key, vault.Folder(dir))
	fill(t, s, v, 1)
	before := string(snapshot(t, s))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := v.RotateMaster(t.Context()); err == nil {
		t.Error("a key was made in a folder that is gone")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	writeKey(t, dir, "master.key", newKey(t))
	if _, err := v.RotateMaster(t.Context()); !fault.Is(err, fault.Conflict) {
		t.Errorf("another key lies in the file: %v", err)
	}
	if after := string(snapshot(t, s)); after != before {
		t.Error("the store changed")
	}
	check(t, s, v, 1)
}

func TestMasterKeyOfASettingIsReplacedByTheSetting(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			again, old, next := engine(t), newKey(t), newKey(t)
			s := again()
			running := openVault(t, s, old)
			fill(t, s, running, 2)
			if _, err := running.RotateMaster(t.Context()); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.MessageOf(err), "ASSAY_MASTER_KEY_PREVIOUS") {
				t.Errorf("RotateMaster: %v", err)
			}
			fresh := openVault(t, again(), next, vault.Previous(old))
			if err := fresh.Closed(); err != nil {
				t.Fatal(err)
			}
			check(t, s, fresh, 2)
			// A server that has not been started anew yet works on.
			if b, err := running.Seal([]byte("x"), "y"); err != nil {
				t.Error("a running server seals no more:", err)
			} else if _, err := fresh.Open(b, "y"); err != nil {
				t.Error(err)
			}
			if err := openVault(t, s, next).Closed(); err != nil {
				t.Error("without the previous key:", err)
			}
			if openVault(t, s, old).Closed() == nil {
				t.Error("the old key still opens the store")
			}
			// After a rotation it cannot know the new key, and must not seal with one that goes away.
			mustRotate(t, vault.Hurry(fresh))
			if _, err := running.Seal([]byte("x"), "y"); !fault.Is(err, fault.Unavailable) {
				t.Errorf("a server with an outdated master key seals: %v", err)
			}
			if err := running.Closed(); err == nil {
				t.Error("and does not say that it is closed")
			}
		})
	}
}
