package source

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// secret is a password that must be found nowhere.
const secret = "correct-zebra-9741"

// newConnections returns an empty store of connections, the store under it and its directory.
func newConnections(t *testing.T, drivers Drivers) (*Store, *store.Store, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, _, _, err := vault.LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	return NewStore(s, v, drivers, audit.Open(s, v)), s, dir
}

func shop(name string) *Connection {
	c := pg("db.example.com", 5432, "shop", "reader", secret).with("search_path", "sales")
	c.TLS = TLS{Mode: TLSVerifyFull, CA: "ca", Cert: "cert", Key: "key-" + secret}
	return &Connection{Name: name, Config: c, CreatedBy: "ada"}
}

func mustCreate(t *testing.T, s *Store, c *Connection) *Connection {
	t.Helper()
	if err := s.Create(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConnectionsAreKept(t *testing.T) {
	s, _, _ := newConnections(t, NewDrivers(&fakeDriver{}))
	made := mustCreate(t, s, shop("  Shop "))
	mustCreate(t, s, shop("Another"))
	got, err := s.Get(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := shop("Shop").Config
	want.Password, want.TLS.Key = "", ""
	if d := cmp.Diff(want, got.Config); d != "" {
		t.Errorf("Get (-want +got):\n%s", d)
	}
	if got.Name != "Shop" || got.Kind != "postgres" || got.Version != 1 || got.CreatedBy != "ada" || got.CreatedAt.IsZero() {
		t.Errorf("Get returned %+v", got)
	}
	full, err := s.get(t.Context(), made.ID, true)
	if err != nil || full.Config.Password != secret || full.Config.TLS.Key != "key-"+secret {
		t.Errorf("the stored secrets do not come back: %v", err)
	}
	list, err := s.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "Another" || list[1].Name != "Shop" {
		t.Fatalf("List: %v, %v", list, err)
	}
	for _, c := range list {
		if c.Config.Password != "" || c.Config.TLS.Key != "" || c.Config.Host != "db.example.com" {
			t.Errorf("List shows %+v", c.Config)
		}
	}
	if err := s.Create(t.Context(), shop("Shop")); !fault.Is(err, fault.Conflict) || strings.Contains(err.Error(), secret) {
		t.Errorf("a second connection of the name: %v", err)
	}
	if err := s.Delete(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Get":    func() error { _, err := s.Get(t.Context(), made.ID); return err }(),
		"Delete": s.Delete(t.Context(), made.ID),
		"Update": s.Update(t.Context(), made),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s of a removed connection: %v", name, err)
		}
	}
}

func TestConnectionProblemsAreToldTogether(t *testing.T) {
	s, _, _ := newConnections(t, NewDrivers(&fakeDriver{}, &fakeDriver{kind: "sqlite"}))
	for _, c := range []struct {
		connection Connection
		fields     []string
	}{
		{Connection{}, []string{"kind", "name"}},
		{Connection{Name: strings.Repeat("ł", 101), Config: Config{Kind: "postgres", Port: 70000, TimeZone: "Nowhere/Else"}}, []string{"host", "name", "port", "time_zone"}},
		{Connection{Name: "x", Config: Config{Kind: "oracle", Host: "h"}}, []string{"kind"}},
		{Connection{Name: "x", Config: Config{Kind: "sqlite"}}, []string{"path"}},
		{Connection{Name: "x", Config: Config{Kind: "postgres", Host: "h", Port: -1}}, []string{"port"}},
		{Connection{Name: strings.Repeat("ł", 100), Config: Config{Kind: "postgres", Host: "h", TimeZone: "Europe/Berlin"}}, nil},
	} {
		err := s.Create(t.Context(), &c.connection)
		var got []string
		for f := range fault.FieldsOf(err) {
			got = append(got, f)
		}
		if d := cmp.Diff(c.fields, got, cmpopts.SortSlices(strings.Compare)); d != "" {
			t.Errorf("%+v (-want +got):\n%s", c.connection, d)
		}
	}
}

func TestUpdateKeepsSecretsAndCounts(t *testing.T) {
	s, _, _ := newConnections(t, NewDrivers(&fakeDriver{}))
	made := mustCreate(t, s, shop("Shop"))
	c, err := s.Get(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	c.Name, c.Config.Database, c.CreatedBy = "Store", "store", "mallory"
	if err := s.Update(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	full, err := s.get(t.Context(), made.ID, true)
	if err != nil || full.Name != "Store" || full.Version != 2 || full.CreatedBy != "ada" || full.Config.Database != "store" ||
		full.Config.Password != secret || full.Config.TLS.Key != "key-"+secret {
		t.Errorf("after the update: %+v, %v", full, err)
	}
	moved, _ := s.Get(t.Context(), made.ID)
	moved.Config.Host = "evil.example.com"
	if err := s.Update(t.Context(), moved); fault.FieldsOf(err)["password"] == "" {
		t.Errorf("a stored password went to another host: %v", err)
	}
	moved.Config.Password, moved.Config.TLS.Cert = "another-one", ""
	if err := s.Update(t.Context(), moved); err != nil {
		t.Errorf("a new host with a new password: %v", err)
	}
	other := mustCreate(t, s, shop("Other"))
	other.Name = "Store"
	if err := s.Update(t.Context(), other); !fault.Is(err, fault.Conflict) {
		t.Errorf("a name taken by another: %v", err)
	}
}

func TestKeepSecrets(t *testing.T) {
	stored := shop("x").Config
	change := func(f func(*Config)) Config {
		c := stored
		c.Password, c.TLS.Key = "", ""
		f(&c)
		return c
	}
	for name, c := range map[string]struct {
		changed       Config
		stored        Config
		password, key string
		refused       bool
	}{
		"nothing":                  {change(func(*Config) {}), stored, secret, stored.TLS.Key, false},
		"host's case":              {change(func(c *Config) { c.Host = "DB.Example.com" }), stored, secret, stored.TLS.Key, false},
		"database":                 {change(func(c *Config) { c.Database = "other" }), stored, secret, stored.TLS.Key, false},
		"encryption":               {change(func(c *Config) { c.TLS.Mode = TLSDisable }), stored, "", "", true},
		"certificate authority":    {change(func(c *Config) { c.TLS.CA = "other" }), stored, "", "", true},
		"named instance":           {change(func(c *Config) { c.Options = map[string]string{"instance": "OTHER"} }), stored, "", "", true},
		"host":                     {change(func(c *Config) { c.Host = "evil.example.com" }), stored, "", "", true},
		"port":                     {change(func(c *Config) { c.Port = 6432 }), stored, "", "", true},
		"user":                     {change(func(c *Config) { c.User = "root" }), stored, "", "", true},
		"kind":                     {change(func(c *Config) { c.Kind = "mysql" }), stored, "", "", true},
		"host, only password":      {change(func(c *Config) { c.Host, c.Password = "h2", "new" }), stored, "new", "", true},
		"host, only key":           {change(func(c *Config) { c.Host, c.TLS.Key = "h2", "new" }), stored, "", "new", true},
		"host with both":           {change(func(c *Config) { c.Host, c.Password, c.TLS.Key = "h2", "new", "newer" }), stored, "new", "newer", false},
		"password":                 {change(func(c *Config) { c.Password = "new" }), stored, "new", stored.TLS.Key, false},
		"no certificate":           {change(func(c *Config) { c.TLS.Cert = "" }), stored, secret, "", false},
		"host, nothing was stored": {change(func(c *Config) { c.Host = "h2" }), pg("h", 5432, "", "", ""), "", "", false},
	} {
		got := c.changed
		err := KeepSecrets(&got, c.stored)
		if (err != nil) != c.refused || got.Password != c.password || got.TLS.Key != c.key {
			t.Errorf("%s: password %q, key %q, %v", name, got.Password, got.TLS.Key, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error %q holds the password", name, err)
		}
	}
}

func TestPasswordIsNowhereInTheFiles(t *testing.T) {
	s, _, dir := newConnections(t, NewDrivers(&fakeDriver{}))
	made := mustCreate(t, s, shop("Shop"))
	again, _ := s.Get(t.Context(), made.ID)
	again.Config.Database = "store"
	if err := s.Update(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	held := false
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		held = held || bytes.Contains(b, []byte("db.example.com"))
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s holds the password", filepath.Base(f))
		}
	}
	if !held {
		t.Errorf("none of the files %v holds the connection at all", files)
	}
}

func TestSecretDoesNotOpenInAnotherRow(t *testing.T) {
	s, db, _ := newConnections(t, NewDrivers(&fakeDriver{}))
	victim, mine := mustCreate(t, s, shop("Victim")), shop("Mine")
	mine.Config.Host = "evil.example.com"
	mustCreate(t, s, mine)
	sealed := func(id string) (b []byte) {
		t.Helper()
		if err := db.Read().NewRaw("SELECT secret FROM connections WHERE id = ?", id).Scan(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	put := func(id string, secret []byte) {
		t.Helper()
		err := db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewRaw("UPDATE connections SET secret = ? WHERE id = ?", secret, id).Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	own := sealed(mine.ID)
	put(mine.ID, sealed(victim.ID))
	c, err := s.get(t.Context(), mine.ID, true)
	if !fault.Is(err, fault.Unavailable) || c.Config.Password != "" || strings.Contains(err.Error(), secret) {
		t.Errorf("a secret copied from another row: %v", err)
	}
	own[len(own)-1] ^= 1
	put(mine.ID, own)
	if _, err := s.get(t.Context(), mine.ID, true); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a changed byte: %v", err)
	}
	own[len(own)-1] ^= 1
	put(mine.ID, own)
	if c, err := s.get(t.Context(), mine.ID, true); err != nil || c.Config.Password != secret {
		t.Errorf("its own secret back in place: %v", err)
	}
}

func TestDeleteMindsQuestions(t *testing.T) {
	s, db, _ := newConnections(t, NewDrivers(&fakeDriver{}))
	made := mustCreate(t, s, shop("Shop"))
	err := db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO questions (id, name, connection_id, body, version, created_by, created_at, updated_at)
			VALUES ('q', 'Sales', ?, '{}', 1, 'ada', ?, ?)`, made.ID, made.CreatedAt, made.CreatedAt).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), made.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("a connection in use: %v", err)
	}
	if _, err := s.Get(t.Context(), made.ID); err != nil {
		t.Errorf("it is gone all the same: %v", err)
	}
}
