package source

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/app/frame"
)

// fakeDriver opens databases that answer from memory and counts what is asked of them.
type fakeDriver struct {
	kind string
	// openErr, probeErr and catalogErr are what goes wrong.
	openErr, probeErr, catalogErr error
	// hold, where set, keeps a reading of the catalog until it is closed.
	hold chan struct{}

	mu     sync.Mutex
	opened []Config
	reads  atomic.Int32
	// closed gets one value a closed database.
	closed chan struct{}
}

func (d *fakeDriver) Kind() string {
	if d.kind == "" {
		return "postgres"
	}
	return d.kind
}

func (*fakeDriver) Dialect() Dialect { return nil }

func (*fakeDriver) Guard(string, Policy) (Checked, error) {
	return Checked{}, Refuse(0, "This driver answers no statement")
}

func (d *fakeDriver) Open(c Config) (DB, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened = append(d.opened, c)
	if d.openErr != nil {
		return nil, d.openErr
	}
	return &fakeDB{d}, nil
}

// configs returns the configurations that were opened.
func (d *fakeDriver) configs() []Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.opened
}

type fakeDB struct{ d *fakeDriver }

func (f *fakeDB) Probe(context.Context) (Probe, error) {
	if f.d.probeErr != nil {
		return Probe{OK: true, Server: "PostgreSQL"}, f.d.probeErr
	}
	return Probe{OK: true, Server: "PostgreSQL", Version: "17.1"}, nil
}

func (f *fakeDB) Catalog(ctx context.Context) (*Catalog, error) {
	n := f.d.reads.Add(1)
	if f.d.hold != nil {
		select {
		case <-f.d.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if f.d.catalogErr != nil {
		return nil, f.d.catalogErr
	}
	rows := int64(n)
	return &Catalog{Tables: []Table{{Schema: "public", Name: "orders", Kind: "table", RowEstimate: &rows}}, ReadAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, nil
}

func (*fakeDB) Query(context.Context, Statement) (frame.Rows, error) {
	return nil, Refuse(0, "This driver answers no statement")
}

func (f *fakeDB) Close() error {
	if f.d.closed != nil {
		f.d.closed <- struct{}{}
	}
	return nil
}

func noDial(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("nothing is dialled here")
}

// until waits for ok with a deadline.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never happened: %s", what)
		}
	}
}

func newPools(t *testing.T, d *fakeDriver) (*Pools, *Store, *Connection) {
	t.Helper()
	s, _, _ := newConnections(t, NewDrivers(d))
	p := NewPools(s, noDial, Own{})
	t.Cleanup(p.Close)
	return p, s, mustCreate(t, s, shop("Shop"))
}

func TestPoolOpensOncePerVersion(t *testing.T) {
	d := &fakeDriver{closed: make(chan struct{}, 10)}
	p, s, c := newPools(t, d)
	first, err := p.Open(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Open(t.Context(), c.ID)
	if err != nil || again.DB != first.DB || len(d.configs()) != 1 {
		t.Fatalf("the second time: %v, opened %d times", err, len(d.configs()))
	}
	given := d.configs()[0]
	if given.Password != secret || given.TLS.Key != "key-"+secret || given.Dial == nil {
		t.Error("the driver got no secrets or no dialer")
	}
	if _, err := given.Dial(t.Context(), "tcp", "h:1"); err == nil || err.Error() != "nothing is dialled here" {
		t.Errorf("the driver got another dialer: %v", err)
	}
	if o := first.Connection; o.Config.Password != "" || o.Config.TLS.Key != "" || o.Secret != nil || o.Config.Dial != nil {
		t.Error("the opened connection shows secrets")
	}

	changed, err := s.Get(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	changed.Config.Database = "store"
	if err := s.Update(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	now, err := p.Open(t.Context(), c.ID)
	if err != nil || now.DB == first.DB || now.Connection.Version != 2 || len(d.configs()) != 2 || d.configs()[1].Database != "store" {
		t.Errorf("after a change: %+v, %v, opened %d times", now.Connection, err, len(d.configs()))
	}
	until(t, "the old database is closed", func() bool { return len(d.closed) == 1 })
	p.Forget(c.ID)
	until(t, "the forgotten database is closed", func() bool { return len(d.closed) == 2 })
	if _, err := p.Open(t.Context(), "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown connection: %v", err)
	}
}

func TestOpeningAtOnceOpensOnce(t *testing.T) {
	d := &fakeDriver{}
	p, _, c := newPools(t, d)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := p.Open(t.Context(), c.ID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(d.configs()); n != 1 {
		t.Errorf("opened %d times", n)
	}
}

func TestCatalogIsReadOnceAndKept(t *testing.T) {
	d := &fakeDriver{}
	p, s, c := newPools(t, d)
	first, err := p.Catalog(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Catalog(t.Context(), c.ID)
	if err != nil || again != first || d.reads.Load() != 1 {
		t.Errorf("the second time: %v, read %d times", err, d.reads.Load())
	}
	// Another process finds it in the store.
	other := NewPools(s, noDial, Own{})
	defer other.Close()
	saved, err := other.Catalog(t.Context(), c.ID)
	if d := cmp.Diff(first, saved); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if n := d.reads.Load(); n != 1 {
		t.Errorf("read %d times", n)
	}
	fresh, err := p.Refresh(t.Context(), c.ID)
	if err != nil || *fresh.Tables[0].RowEstimate != 2 {
		t.Errorf("Refresh: %+v, %v", fresh, err)
	}
	if kept, err := p.Catalog(t.Context(), c.ID); err != nil || kept != fresh {
		t.Errorf("after Refresh: %+v, %v", kept, err)
	}
	changed, _ := s.Get(t.Context(), c.ID)
	changed.Config.Database = "store"
	if err := s.Update(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if now, err := p.Catalog(t.Context(), c.ID); err != nil || *now.Tables[0].RowEstimate != 3 {
		t.Errorf("after a change of the connection: %+v, %v", now, err)
	}
}

func TestRefreshIsShared(t *testing.T) {
	d := &fakeDriver{hold: make(chan struct{})}
	p, _, c := newPools(t, d)
	impatient, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := p.Refresh(impatient, c.ID)
		gone <- err
	}()
	until(t, "the reading begins", func() bool { return d.reads.Load() == 1 })
	var all sync.WaitGroup
	var waiting, shared atomic.Int32
	for range 10 {
		all.Go(func() {
			waiting.Add(1)
			catalog, err := p.Refresh(t.Context(), c.ID)
			if err != nil {
				t.Error(err)
			} else if *catalog.Tables[0].RowEstimate == 1 {
				shared.Add(1)
			}
		})
	}
	until(t, "all of them ask", func() bool { return waiting.Load() == 10 })
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("whoever leaves gets %v", err)
	}
	close(d.hold)
	all.Wait()
	// A goroutine may be slow to get from saying that it asks to asking, but
	// most of them share the reading that one who left had begun.
	if shared.Load() == 0 || d.reads.Load() > 1+10-shared.Load() {
		t.Errorf("%d of 10 shared the first reading, and there were %d", shared.Load(), d.reads.Load())
	}
}

func TestCatalogFailuresAreNotKept(t *testing.T) {
	d := &fakeDriver{catalogErr: &Failure{Code: DatabaseError, Message: "permission denied"}}
	p, _, c := newPools(t, d)
	if _, err := p.Catalog(t.Context(), c.ID); AsFailure(err) == nil || AsFailure(err).Message != "permission denied" {
		t.Fatalf("the failure is %v", err)
	}
	d.catalogErr = nil
	if catalog, err := p.Catalog(t.Context(), c.ID); err != nil || len(catalog.Tables) != 1 {
		t.Errorf("after the failure: %v", err)
	}
}

func TestProblemsOfATestAreText(t *testing.T) {
	for name, c := range map[string]struct {
		driver  *fakeDriver
		kind    string
		problem string
	}{
		"fine":     {&fakeDriver{}, "postgres", ""},
		"settings": {&fakeDriver{openErr: &Failure{Code: Unreachable, Message: "The host is missing"}}, "postgres", "The host is missing"},
		"hint":     {&fakeDriver{probeErr: &Failure{Code: Unreachable, Message: "No answer", Hint: "Check the port."}}, "postgres", "No answer. Check the port."},
		"deadline": {&fakeDriver{probeErr: context.DeadlineExceeded}, "postgres", "The server did not answer in time. Check the host, the port and whether a firewall is in the way."},
		"internal": {&fakeDriver{probeErr: errors.New("reader:" + secret)}, "postgres", "Something went wrong on our side"},
		"kind":     {&fakeDriver{}, "oracle", "The kind is one of postgres, mysql, sqlserver and sqlite"},
	} {
		c.driver.closed = make(chan struct{}, 1)
		s, _, _ := newConnections(t, NewDrivers(c.driver))
		config := pg("h", 5432, "db", "u", secret)
		config.Kind = c.kind
		probe := NewPools(s, noDial, Own{}).Test(t.Context(), config)
		if probe.Problem != c.problem || probe.OK != (c.problem == "") || strings.Contains(probe.Problem, secret) {
			t.Errorf("%s: %+v", name, probe)
		}
		if opened := c.driver.configs(); len(opened) > 0 && (opened[0].Dial == nil || opened[0].Password != secret) {
			t.Errorf("%s: the driver got %+v", name, opened[0])
		}
		if c.driver.openErr == nil && c.kind == "postgres" && len(c.driver.closed) != 1 {
			t.Errorf("%s: the database stays open", name)
		}
	}
}

func TestStoredConnectionIsTestedWithItsPassword(t *testing.T) {
	d := &fakeDriver{}
	p, _, c := newPools(t, d)
	probe, err := p.TestStored(t.Context(), c.ID)
	if err != nil || !probe.OK || probe.Version != "17.1" || d.configs()[0].Password != secret {
		t.Errorf("%+v, %v", probe, err)
	}
	if _, err := p.TestStored(t.Context(), "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown connection: %v", err)
	}
}

// A test may use the stored password, but only where saving the same change
// would: else a test would be the way to have it sent to a server of one's own.
func TestChangedConnectionIsTestedWithItsPasswordOnlyWhereItBelongs(t *testing.T) {
	d := &fakeDriver{}
	p, s, c := newPools(t, d)
	stored, err := s.Get(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		field  string // with the problem, "" where the test runs
		want   string // the password that the server is given
	}{
		{"another database", func(c *Config) { c.Database = "other" }, "", secret},
		{"another password", func(c *Config) { c.Password = "new one" }, "", "new one"},
		{"another host", func(c *Config) { c.Host = "evil.example.com" }, "password", ""},
		{"another port", func(c *Config) { c.Port = 9 }, "password", ""},
		{"another user", func(c *Config) { c.User = "else" }, "password", ""},
		{"without encryption", func(c *Config) { c.TLS.Mode = "disable" }, "password", ""},
		{"another host with its password", func(c *Config) { c.Host, c.Password, c.TLS.Key = "db2.example.com", "its own", "its own key" }, "", "its own"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(d.configs())
			cfg := stored.Config
			tt.change(&cfg)
			probe, err := p.TestChanged(t.Context(), c.ID, cfg)
			opened := d.configs()[before:]
			if tt.field != "" {
				if fault.FieldsOf(err)[tt.field] == "" || len(opened) != 0 {
					t.Errorf("%v, %d databases opened", err, len(opened))
				}
				return
			}
			if err != nil || !probe.OK || len(opened) != 1 || opened[0].Password != tt.want {
				t.Errorf("%+v, %v, opened %d", probe, err, len(opened))
			}
		})
	}
	if _, err := p.TestChanged(t.Context(), "nobody", stored.Config); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown connection: %v", err)
	}
}

func TestCloseClosesAll(t *testing.T) {
	d := &fakeDriver{closed: make(chan struct{}, 10)}
	p, s, c := newPools(t, d)
	other := mustCreate(t, s, shop("Other"))
	for _, id := range []string{c.ID, other.ID} {
		if _, err := p.Open(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	p.Close()
	if len(d.closed) != 2 {
		t.Errorf("%d of 2 databases were closed", len(d.closed))
	}
}
