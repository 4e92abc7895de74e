package source

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// keepFile writes a secret into the folder set aside, whole at any moment.
func keepFile(t *testing.T, dir, name, value string) {
	t.Helper()
	draft := filepath.Join(dir, "."+name)
	if err := os.WriteFile(draft, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(draft, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// withReferences returns a store whose connections may refer to files in a folder.
func withReferences(t *testing.T, d *fakeDriver) (s *Store, under *store.Store, folder string) {
	t.Helper()
	s, under, _ = newConnections(t, NewDrivers(d))
	folder = t.TempDir()
	keepFile(t, folder, "shop", secret)
	return s.WithReferences(vault.NewReferences(vault.Sources{Folder: folder, Env: map[string]string{"ASSAY_SECRET_SHOP": secret}})), under, folder
}

func referring(name, ref string) *Connection {
	c := pg("db.example.com", 5432, "shop", "reader", "")
	c.PasswordRef = ref
	return &Connection{Name: name, Config: c, CreatedBy: "ada"}
}

func TestReferenceIsShownAndItsValueIsNot(t *testing.T) {
	s, db, _ := withReferences(t, &fakeDriver{})
	made := mustCreate(t, s, referring("Shop", " file:shop "))
	if made.Reference != "file:shop" {
		t.Errorf("the new connection shows %q", made.Reference)
	}
	got, err := s.Get(t.Context(), made.ID)
	if err != nil || got.Reference != "file:shop" || got.Config.PasswordRef != "" || got.Config.Password != "" {
		t.Errorf("Get: %+v, %v", got, err)
	}
	list, err := s.List(t.Context())
	if err != nil || list[0].Reference != "file:shop" || list[0].Config.PasswordRef != "" {
		t.Errorf("List: %+v, %v", list, err)
	}
	var config string
	if err := db.Read().NewRaw("SELECT config FROM connections").Scan(t.Context(), &config); err != nil || !strings.Contains(config, `"password_ref":"file:shop"`) || strings.Contains(config, secret) {
		t.Errorf("%s, %v", config, err)
	}
	for ref, password := range map[string]string{"file:shop": "x", "file:../shop": "", "env:HOME": "", "vault:secret/data/assay/a#b": "", secret: ""} {
		c := referring("Other", ref)
		c.Config.Password = password
		err := s.Create(t.Context(), c)
		if !fault.Is(err, fault.Invalid) || fault.FieldsOf(err)["password_ref"] == "" || strings.Contains(err.Error(), secret) {
			t.Errorf("%s with the password %q: %v", ref, password, err)
		}
	}
	none, _, _ := newConnections(t, NewDrivers(&fakeDriver{}))
	if err := none.Create(t.Context(), referring("Shop", "file:shop")); fault.FieldsOf(err)["password_ref"] == "" {
		t.Errorf("where nothing was set aside: %v", err)
	}
}

func TestReferenceGoesToAnotherHostOnlyWhenGivenAgain(t *testing.T) {
	s, _, _ := withReferences(t, &fakeDriver{})
	made := mustCreate(t, s, referring("Shop", "file:shop"))
	read := func() *Connection {
		t.Helper()
		c, err := s.Get(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := read()
	c.Config.Database = "store"
	if err := s.Update(t.Context(), c); err != nil || c.Reference != "file:shop" || read().Reference != "file:shop" {
		t.Errorf("another database: %+v, %v", c, err)
	}
	c = read()
	c.Config.Host = "evil.example.com"
	if err := s.Update(t.Context(), c); fault.FieldsOf(err)["password_ref"] == "" || read().Config.Host != "db.example.com" {
		t.Errorf("the reference went to another host: %v", err)
	}
	c.Config.PasswordRef = "file:shop"
	if err := s.Update(t.Context(), c); err != nil || read().Config.Host != "evil.example.com" || read().Reference != "file:shop" {
		t.Errorf("given again: %v", err)
	}
	c = read()
	c.Config.Password = "stored from now on"
	if err := s.Update(t.Context(), c); err != nil || read().Reference != "" {
		t.Errorf("a password in its place: %v", err)
	}
	c = read()
	c.Config.PasswordRef = "env:ASSAY_SECRET_SHOP"
	if err := s.Update(t.Context(), c); err != nil || read().Reference != "env:ASSAY_SECRET_SHOP" {
		t.Errorf("a reference in its place: %v", err)
	}
	full, err := s.get(t.Context(), made.ID, true)
	if err != nil || full.Config.Password != "" {
		t.Errorf("the password that the reference replaced is still kept: %v", err)
	}
}

func TestKeepSecretsOfReferences(t *testing.T) {
	stored := referring("x", "file:shop").Config
	for name, c := range map[string]struct {
		change                func(*Config)
		password, ref, refuse string
	}{
		"nothing":                {func(*Config) {}, "", "file:shop", ""},
		"host":                   {func(c *Config) { c.Host = "h2" }, "", "", "password_ref"},
		"port":                   {func(c *Config) { c.Port = 1 }, "", "", "password_ref"},
		"user":                   {func(c *Config) { c.User = "root" }, "", "", "password_ref"},
		"encryption":             {func(c *Config) { c.TLS.Mode = TLSDisable }, "", "", "password_ref"},
		"host and reference":     {func(c *Config) { c.Host, c.PasswordRef = "h2", "file:other" }, "", "file:other", ""},
		"host and password":      {func(c *Config) { c.Host, c.Password = "h2", "new" }, "new", "", ""},
		"another reference":      {func(c *Config) { c.PasswordRef = "file:other" }, "", "file:other", ""},
		"a password instead":     {func(c *Config) { c.Password = "new" }, "new", "", ""},
		"the host in capitals":   {func(c *Config) { c.Host = "DB.EXAMPLE.COM" }, "", "file:shop", ""},
		"the reference, however": {func(c *Config) { c.PasswordRef = "file:shop" }, "", "file:shop", ""},
	} {
		got := stored
		got.PasswordRef = ""
		c.change(&got)
		err := KeepSecrets(&got, stored)
		if (err == nil) != (c.refuse == "") || c.refuse != "" && fault.FieldsOf(err)[c.refuse] == "" || got.Password != c.password || got.PasswordRef != c.ref {
			t.Errorf("%s: password %q, reference %q, %v", name, got.Password, got.PasswordRef, err)
		}
	}
}

func TestPoolFollowsReferences(t *testing.T) {
	d := &fakeDriver{closed: make(chan struct{}, 10)}
	s, _, folder := withReferences(t, d)
	p := NewPools(s, noDial, Own{})
	t.Cleanup(p.Close)
	made := mustCreate(t, s, referring("Shop", "file:shop"))
	// again makes the pools look at the store, as they do by themselves after a second.
	again := func() (Opened, error) {
		t.Helper()
		p.mu.Lock()
		for _, o := range p.open {
			o.checked = time.Time{}
		}
		p.mu.Unlock()
		return p.Open(t.Context(), made.ID)
	}
	first, err := again()
	if err != nil || d.configs()[0].Password != secret {
		t.Fatalf("the driver got %+v, %v", d.configs(), err)
	}
	if c := first.Connection; c.Config.Password != "" || c.Config.PasswordRef != "" || c.Reference != "file:shop" {
		t.Errorf("the opened connection shows %+v", c.Config)
	}
	if now, err := again(); err != nil || now.DB != first.DB {
		t.Errorf("an unchanged password: %v, opened %d times", err, len(d.configs()))
	}
	keepFile(t, folder, "shop", "changed")
	second, err := again()
	if err != nil || second.DB == first.DB || len(d.configs()) != 2 || d.configs()[1].Password != "changed" {
		t.Fatalf("a changed password: %v, opened %d times", err, len(d.configs()))
	}
	until(t, "the old database is closed", func() bool { return len(d.closed) == 1 })

	// Where it cannot be read any more, what is open stays open.
	if err := os.Remove(filepath.Join(folder, "shop")); err != nil {
		t.Fatal(err)
	}
	if now, err := again(); err != nil || now.DB != second.DB {
		t.Errorf("a reference that leads nowhere any more: %v", err)
	}
	p.Forget(made.ID)
	_, err = again()
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.MessageOf(err), "file:shop") || AsFailure(err) != nil {
		t.Errorf("opened anew: %v", err)
	}
	probe, err := p.TestStored(t.Context(), made.ID)
	if err != nil || probe.OK || !strings.Contains(probe.Problem, "no such file") {
		t.Errorf("tested: %+v, %v", probe, err)
	}
	keepFile(t, folder, "shop", "back")
	if _, err := again(); err != nil || d.configs()[2].Password != "back" {
		t.Errorf("back again: %v", err)
	}

	// A change of the connection is followed at once.
	c, err := s.Get(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	c.Config.PasswordRef = "env:ASSAY_SECRET_SHOP"
	if err := s.Update(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if now, err := p.Open(t.Context(), made.ID); err != nil || now.Connection.Reference != "env:ASSAY_SECRET_SHOP" || d.configs()[3].Password != secret {
		t.Errorf("another reference: %v", err)
	}
	if probe, err := p.TestStored(t.Context(), made.ID); err != nil || !probe.OK || d.configs()[4].Password != secret {
		t.Errorf("tested: %+v, %v", probe, err)
	}
	both := referring("x", "file:shop").Config
	both.Password = secret
	if probe := p.Test(t.Context(), both); probe.OK || !strings.Contains(probe.Problem, "not both") {
		t.Errorf("both: %+v", probe)
	}
}

func TestClosedVaultNamesWhatDoesNotOpen(t *testing.T) {
	s, db, _ := newConnections(t, NewDrivers(&fakeDriver{}))
	mustCreate(t, s, shop("Shop"))
	other := mustCreate(t, s, shop("Another"))
	if names, err := s.Unopened(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("with the right key: %v, %v", names, err)
	}
	key, _, _, err := vault.LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), db, key)
	if err != nil {
		t.Fatal(err)
	}
	closed := NewStore(db, v, NewDrivers(&fakeDriver{}), audit.Open(db, v))
	names, err := closed.Unopened(t.Context())
	if d := cmp.Diff([]string{"Another", "Shop"}, names); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	p := NewPools(closed, noDial, Own{})
	t.Cleanup(p.Close)
	_, open := p.Open(t.Context(), other.ID)
	_, test := p.TestStored(t.Context(), other.ID)
	create := closed.Create(t.Context(), shop("New"))
	changed, err := closed.Get(t.Context(), other.ID)
	if err != nil {
		t.Fatal("the connection is not shown:", err)
	}
	update := closed.Update(t.Context(), changed)
	changed.Config.Password, changed.Config.TLS.Key = "new", "new"
	replace := closed.Update(t.Context(), changed)
	for call, err := range map[string]error{"Open": open, "TestStored": test, "Create": create, "Update": update, "Update with new secrets": replace} {
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.MessageOf(err), "master key") {
			t.Errorf("%s: %v", call, err)
		}
	}
	if full, err := s.get(t.Context(), other.ID, true); err != nil || full.Config.Password != secret || full.Version != 1 {
		t.Errorf("with the right key again: %v", err)
	}
}

func TestDamagedSecretIsEnteredAgain(t *testing.T) {
	s, db, _ := newConnections(t, NewDrivers(&fakeDriver{}))
	made := mustCreate(t, s, shop("Shop"))
	mustCreate(t, s, shop("Whole"))
	err := db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE connections SET secret = ? WHERE id = ?", bytes.Repeat([]byte("x"), 60), made.ID).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if names, err := s.Unopened(t.Context()); err != nil || len(names) != 1 || names[0] != "Shop" {
		t.Errorf("%v, %v", names, err)
	}
	c, err := s.Get(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	c.Config.Password = "entered again"
	if err := s.Update(t.Context(), c); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without the client key, which is lost too: %v", err)
	}
	c.Config.TLS.Key = "that too"
	if err := s.Update(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	full, err := s.get(t.Context(), made.ID, true)
	if err != nil || full.Config.Password != "entered again" || full.Config.TLS.Key != "that too" {
		t.Errorf("%+v, %v", full, err)
	}
}
