package vault_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"assay/app/source/sourcetest"
	"assay/app/store"
	"assay/app/vault"
)

// engines are the stores on which locking differs. Each call of a value opens
// the same store once more, as another process would.
var engines = map[string]func(t *testing.T) func() *store.Store{
	"SQLite": func(t *testing.T) func() *store.Store {
		dir := t.TempDir()
		return func() *store.Store { return openStore(t, "", dir) }
	},
	"PostgreSQL": func(t *testing.T) func() *store.Store {
		c, _ := sourcetest.Postgres(t).NewDatabase(t, "create table unrelated (id int)")
		u := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: c.Host + ":" + strconv.Itoa(c.Port), Path: "/" + c.Database, RawQuery: "sslmode=disable"}
		return func() *store.Store { return openStore(t, u.String(), "") }
	},
}

func openStore(t *testing.T, at, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), at, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openVault(t *testing.T, s *store.Store, key vault.Key, options ...vault.Option) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), s, key, options...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newKey(t *testing.T) vault.Key {
	t.Helper()
	key, _, made, err := vault.LoadKey(t.TempDir())
	if err != nil || !made {
		t.Fatal(made, err)
	}
	return key
}

// inserts makes a row of each table with sealed values.
var inserts = map[string]string{
	"channels":    "INSERT INTO channels (id, name, kind, host, secret, created_by, created_at, updated_at) VALUES (?0, ?0, 'webhook', '', ?1, '', ?2, ?2)",
	"connections": "INSERT INTO connections (id, name, kind, config, secret, version, created_by, created_at, updated_at) VALUES (?0, ?0, 'postgres', '{}', ?1, 1, '', ?2, ?2)",
	"keys":        "INSERT INTO keys (id, purpose, sealed, created_at) VALUES (?0, '', ?1, ?2)",
	"people":      "INSERT INTO people (id, email, name, role, totp, created_at, updated_at) VALUES (?0, ?0, '', 'viewer', ?1, ?2, ?2)",
	"providers":   "INSERT INTO providers (id, kind, name, config, secret, created_at, updated_at) VALUES (?0, 'oidc', ?0, '{}', ?1, ?2, ?2)",
}

// columns says where each table has its sealed values.
var columns = map[string]string{"channels": "secret", "connections": "secret", "keys": "sealed", "people": "totp", "providers": "secret"}

func secretOf(table, id string) string { return "zebra-of-" + table + "-" + id }

// fill writes n sealed values into each table, and rows that have none.
func fill(t *testing.T, s *store.Store, v *vault.Vault, n int) {
	t.Helper()
	err := s.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for table, insert := range inserts {
			for i := range n {
				id := fmt.Sprintf("%s-%04d", table, i)
				sealed, err := v.SealIn(ctx, tx, []byte(secretOf(table, id)), vault.Place(table, id, columns[table]))
				if err != nil {
					return err
				}
				if _, err := tx.NewRaw(insert, id, sealed, time.Now().UTC()).Exec(ctx); err != nil {
					return err
				}
			}
		}
		if _, err := tx.NewRaw(inserts["people"], "without", nil, time.Now().UTC()).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewRaw(inserts["providers"], "without", []byte{}, time.Now().UTC()).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

type stored struct {
	ID    string `bun:"id"`
	Value []byte `bun:"value"`
}

// values returns what a table holds sealed.
func values(t *testing.T, s *store.Store, table string) (list []stored) {
	t.Helper()
	err := s.Read().NewRaw("SELECT id, ? AS value FROM ? WHERE id NOT IN ('vault', 'rotation', 'without', 'jwt') ORDER BY id", bun.Ident(columns[table]), bun.Ident(table)).Scan(t.Context(), &list)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// put replaces a sealed value past the vault.
func put(t *testing.T, s *store.Store, table, id string, value []byte) {
	t.Helper()
	err := s.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE ? SET ? = ? WHERE id = ?", bun.Ident(table), bun.Ident(columns[table]), value, id).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// check opens every value with the vault.
func check(t *testing.T, s *store.Store, v *vault.Vault, n int) {
	t.Helper()
	for table := range inserts {
		list := values(t, s, table)
		if len(list) != n {
			t.Errorf("%s has %d values, want %d", table, len(list), n)
		}
		for _, one := range list {
			got, err := v.Open(one.Value, vault.Place(table, one.ID, columns[table]))
			if err != nil || string(got) != secretOf(table, one.ID) {
				t.Errorf("%s %s opens as %q, %v", table, one.ID, got, err)
			}
		}
	}
}

// snapshot returns all that a store's tables of secrets hold.
func snapshot(t *testing.T, s *store.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, table := range []string{"channels", "connections", "keys", "people", "providers"} {
		var list []stored
		if err := s.Read().NewRaw("SELECT id, ? AS value FROM ? ORDER BY id", bun.Ident(columns[table]), bun.Ident(table)).Scan(t.Context(), &list); err != nil {
			t.Fatal(err)
		}
		for _, one := range list {
			fmt.Fprintf(&b, "%s %s %x\n", table, one.ID, one.Value)
		}
	}
	return b.Bytes()
}
