package vault_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

func newStore(t *testing.T) *store.Store { return openStore(t, "", t.TempDir()) }

func TestSealedValueOpensOnlyInItsPlace(t *testing.T) {
	s, key := newStore(t), newKey(t)
	v := openVault(t, s, key)
	place := vault.Place("connections", "a", "secret")
	sealed, err := v.Seal([]byte("hunter2"), place)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("hunter2")) {
		t.Fatal("the sealed value shows the secret")
	}
	again := openVault(t, s, key)
	if got, err := again.Open(sealed, place); err != nil || string(got) != "hunter2" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	if _, err := v.Open(sealed, vault.Place("connections", "b", "secret")); err == nil {
		t.Error("a blob copied to another row opened")
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := v.Open(changed, place); err == nil {
			t.Fatalf("a value with byte %d flipped opened", i)
		}
	}
	for n := range sealed {
		if _, err := v.Open(sealed[:n], place); err == nil {
			t.Fatalf("the first %d of %d bytes opened", n, len(sealed))
		}
	}
	if _, err := v.Open(append(bytes.Clone(sealed), 0), place); err == nil {
		t.Error("a longer value opened")
	}
}

func TestSwappedValuesDoNotOpen(t *testing.T) {
	s := newStore(t)
	v := openVault(t, s, newKey(t))
	a, _ := v.Seal([]byte("of a"), vault.Place("connections", "a", "secret"))
	b, _ := v.Seal([]byte("of b"), vault.Place("connections", "b", "secret"))
	for place, sealed := range map[string][]byte{
		vault.Place("connections", "a", "secret"): b,
		vault.Place("connections", "b", "secret"): a,
		vault.Place("providers", "a", "secret"):   a,
		vault.Place("connections", "a", "other"):  a,
		"":                                        a,
	} {
		if value, err := v.Open(sealed, place); err == nil {
			t.Errorf("%q opens in %q", value, place)
		}
	}
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	const value = "correct-zebra-9741"
	s, key := newStore(t), newKey(t)
	v := openVault(t, s, key)
	place := vault.Place("connections", "a", "secret")
	sealed, err := v.Seal([]byte(value), place)
	if err != nil {
		t.Fatal(err)
	}
	closed := openVault(t, s, newKey(t))
	_, inPlace := v.Open(sealed, "elsewhere")
	_, torn := v.Open(sealed[:len(sealed)-1], place)
	_, clear := v.Open([]byte(value), place)
	_, open := closed.Open(sealed, place)
	_, seal := closed.Seal([]byte(value), place)
	_, needed := closed.Key(t.Context(), "jwt")
	_, weak := vault.ParseKey(value)
	for name, err := range map[string]error{"another place": inPlace, "torn": torn, "not sealed": clear, "closed, Open": open, "closed, Seal": seal, "closed, Key": needed, "ParseKey": weak} {
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, text := range []string{err.Error(), fault.MessageOf(err)} {
			if strings.Contains(text, value) || strings.Contains(text, string(sealed)) || strings.Contains(text, string(key[:])) {
				t.Errorf("%s: %q", name, text)
			}
		}
	}
	for _, text := range []string{key.String(), key.GoString()} {
		if strings.Contains(text, string(key[:])) || len(text) > 20 {
			t.Errorf("a master key prints as %q", text)
		}
	}
}

func TestWrongMasterKeyClosesTheVaultAndChangesNothing(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			again := engine(t)
			s := again()
			right := newKey(t)
			v := openVault(t, s, right)
			fill(t, s, v, 2)
			jwt, err := v.Key(t.Context(), "jwt")
			if err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, s)

			wrong := openVault(t, again(), newKey(t))
			if err := wrong.Closed(); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.MessageOf(err), "ASSAY_MASTER_KEY") {
				t.Errorf("it is closed because of %v", err)
			}
			sealed := values(t, s, "connections")[0]
			_, open := wrong.Open(sealed.Value, vault.Place("connections", sealed.ID, "secret"))
			_, seal := wrong.Seal([]byte("x"), "y")
			_, known := wrong.Key(t.Context(), "jwt")
			_, unknown := wrong.Key(t.Context(), "other")
			_, rotate := wrong.Rotate(t.Context())
			_, master := wrong.RotateMaster(t.Context())
			for call, err := range map[string]error{"Open": open, "Seal": seal, "Key": known, "Key of a new purpose": unknown, "Rotate": rotate, "RotateMaster": master} {
				if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.MessageOf(err), "master key does not open") {
					t.Errorf("%s: %v", call, err)
				}
			}
			if d := cmp.Diff(string(before), string(snapshot(t, s))); d != "" {
				t.Errorf("the store changed (-before +after):\n%s", d)
			}

			later := openVault(t, again(), right)
			if err := later.Closed(); err != nil {
				t.Error("with the right key it is closed:", err)
			}
			check(t, s, later, 2)
			if key, err := later.Key(t.Context(), "jwt"); err != nil || key != jwt {
				t.Error("the signing key changed", err)
			}
		})
	}
}

func TestMissingKeysetIsNotReplaced(t *testing.T) {
	for table := range inserts {
		t.Run(table, func(t *testing.T) {
			s, key := newStore(t), newKey(t)
			v := openVault(t, s, key)
			fill(t, s, v, 1)
			err := s.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
				for other := range inserts {
					condition := "id = 'vault'"
					if other != table {
						condition = "1 = 1"
					} else if other != "keys" {
						continue
					}
					if _, err := tx.NewRaw("DELETE FROM ? WHERE "+condition, bun.Ident(other)).Exec(ctx); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			after := openVault(t, s, key)
			if err := after.Closed(); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.MessageOf(err), "missing") {
				t.Errorf("closed because of %v", err)
			}
			if _, err := after.Seal([]byte("x"), "y"); !fault.Is(err, fault.Unavailable) {
				t.Errorf("Seal: %v", err)
			}
			if _, err := v.Seal([]byte("x"), "y"); !fault.Is(err, fault.Unavailable) {
				t.Errorf("Seal of a vault that was open: %v", err)
			}
			var n int
			if err := s.Read().NewRaw("SELECT count(*) FROM keys WHERE id = 'vault'").Scan(t.Context(), &n); err != nil || n != 0 {
				t.Errorf("%d keysets, %v", n, err)
			}
		})
	}
}

func TestOpenedByManyAtOnceThereIsOneKeyset(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			again, key := engine(t), newKey(t)
			var stores []*store.Store
			for range 4 {
				stores = append(stores, again())
			}
			sealed := make(chan []byte, len(stores))
			for _, s := range stores {
				go func() {
					v, err := vault.Open(context.Background(), s, key)
					if err != nil {
						t.Error(err)
					}
					b, err := v.Seal([]byte("hunter2"), "here")
					if err != nil {
						t.Error(err)
					}
					sealed <- b
				}()
			}
			last := openVault(t, again(), key)
			for range stores {
				if got, err := last.Open(<-sealed, "here"); err != nil || string(got) != "hunter2" {
					t.Errorf("%q, %v", got, err)
				}
			}
			if n := len(vault.LiveKeys(last)); n != 1 {
				t.Errorf("%d keys", n)
			}
		})
	}
}

func TestEveryColumnOfBytesIsRegistered(t *testing.T) {
	s := newStore(t)
	var found []string
	err := s.Read().NewRaw("SELECT m.name || '.' || c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.type = 'BLOB' AND m.name NOT LIKE 'audit%'").Scan(t.Context(), &found)
	if err != nil {
		t.Fatal(err)
	}
	open := []string{"answers.body", "sessions.data", "snapshots.body"} // hold no secret of ours
	want := append(vault.SealedColumns(), open...)
	slices.Sort(found)
	slices.Sort(want)
	if d := cmp.Diff(want, found); d != "" {
		t.Errorf("a value sealed in a column that a rotation does not know is lost with its key (-known +found):\n%s", d)
	}
}

func TestLoadKeyMakesOneFileOf0600(t *testing.T) {
	dir := t.TempDir()
	first, path, made, err := vault.LoadKey(dir)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v, want mode 0600", info.Mode(), err)
	}
	second, _, made, err := vault.LoadKey(dir)
	if err != nil || made || first != second {
		t.Error("the second load did not read the same key", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "master.key.*")); len(left) > 0 {
		t.Error("left behind:", left)
	}
}

func TestWeakKeysAreRefused(t *testing.T) {
	for _, text := range []string{"", "secret", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", strings.Repeat("a", 32)} {
		if _, err := vault.ParseKey(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestKeyForAPurposeIsStable(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			again, master := engine(t), newKey(t)
			v := openVault(t, again(), master)
			a, err := v.Key(t.Context(), "jwt")
			if err != nil {
				t.Fatal(err)
			}
			b, _ := openVault(t, again(), master).Key(t.Context(), "jwt")
			c, _ := v.Key(t.Context(), "other")
			if a != b || a == c {
				t.Error("keys must be stable for a purpose and differ between purposes")
			}
			for _, reserved := range []string{"vault", "rotation"} {
				if _, err := v.Key(t.Context(), reserved); err == nil {
					t.Errorf("a key may be named %s", reserved)
				}
			}
			// Two that need a new key at once get the same one.
			keys := make(chan [32]byte)
			for range 4 {
				other := openVault(t, again(), master)
				go func() {
					key, err := other.Key(context.Background(), "at once")
					if err != nil {
						t.Error(err)
					}
					keys <- key
				}()
			}
			first := <-keys
			for range 3 {
				if key := <-keys; key != first {
					t.Error("two keys for one purpose")
				}
			}
		})
	}
}
