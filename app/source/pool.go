package source

import (
	"context"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"assay/app/fault"
	"assay/app/vault"
)

// Pools opens the stored connections' databases on first use, keeps them open
// while they are used and closes them when their configuration changes.
type Pools struct {
	store   *Store
	drivers Drivers
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	own     Own

	mu       sync.Mutex
	open     map[string]*opened
	catalogs singleflight.Group
}

type opened struct {
	connection *Connection
	driver     Driver
	db         DB
	catalog    *Catalog
	// changes and checked say up to when the connection is known to be unchanged.
	changes int64
	checked time.Time
	// password is what a reference led to when that was last looked at.
	password string
	// retry is when a reference that could not be followed is looked at again.
	retry time.Time
}

// NewPools returns the pools of a store's connections. Every network connection
// goes through dial; what is our own is never opened.
func NewPools(s *Store, dial func(ctx context.Context, network, address string) (net.Conn, error), own Own) *Pools {
	return &Pools{store: s, drivers: s.drivers, dial: dial, own: own, open: map[string]*opened{}}
}

// Store returns the connections whose databases these are.
func (p *Pools) Store() *Store { return p.store }

// Opened is a database ready to be asked.
type Opened struct {
	Connection *Connection // without secrets
	Driver     Driver
	DB         DB
}

// Open returns the database of the connection with the id.
func (p *Pools) Open(ctx context.Context, id string) (_ Opened, err error) {
	defer fault.Wrap(&err, "source.Open(%s)", id)
	o, err := p.get(ctx, id)
	if err != nil {
		return Opened{}, err
	}
	return Opened{Connection: o.connection, Driver: o.driver, DB: o.db}, nil
}

// trusted is how long an open pool is used before the store is asked again
// whether another process changed its connection; our own changes count at once.
const trusted = time.Second

func (p *Pools) get(ctx context.Context, id string) (*opened, error) {
	changes := p.store.changes.Load()
	p.mu.Lock()
	if o := p.open[id]; o != nil && o.changes == changes && time.Since(o.checked) < trusted {
		p.mu.Unlock()
		return o, nil
	}
	p.mu.Unlock()
	for {
		c, err := p.store.get(ctx, id, false)
		if err != nil {
			return nil, err
		}
		password, fresh, err := p.resolve(ctx, c)
		if err != nil {
			return nil, err
		}
		if o, err := p.renew(ctx, c, changes, password, fresh); o != nil || err != nil {
			return o, err
		}
	}
}

// resolve follows a connection's reference to its password; fresh says that it
// was read. Where that fails, a database that is open stays open.
func (p *Pools) resolve(ctx context.Context, c *Connection) (password string, fresh bool, err error) {
	if c.Reference == "" {
		return "", false, nil
	}
	p.mu.Lock()
	o := p.open[c.ID]
	if o != nil && o.connection.Version < c.Version {
		o = nil
	}
	later := o != nil && time.Now().Before(o.retry)
	p.mu.Unlock()
	if later {
		return "", false, nil
	}
	if password, err = p.store.references.Resolve(ctx, c.Reference); err == nil {
		return password, true, nil
	}
	if o == nil || ctx.Err() != nil {
		return "", false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	o.retry = time.Now().Add(vault.ReferenceLife)
	return "", false, nil
}

// renew returns the database of a connection as it was just read, opened anew
// where it or the password it refers to changed; nil where it changed again.
func (p *Pools) renew(ctx context.Context, c *Connection, changes int64, password string, fresh bool) (*opened, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.open[c.ID]; o != nil {
		changed := o.connection.Version < c.Version // a row read a moment ago may be the older one
		moved := o.connection.Version == c.Version && fresh && o.password != password
		if !changed && !moved {
			o.changes, o.checked = changes, time.Now()
			return o, nil
		}
		delete(p.open, c.ID)
		go o.db.Close()
	}
	reference := c.Reference
	c, err := p.store.get(ctx, c.ID, true)
	if err != nil {
		return nil, err
	}
	if c.Reference != reference || reference != "" && !fresh {
		return nil, nil
	}
	config := c.Config
	config.Dial = p.dial
	if reference != "" {
		config.Password = password
	}
	driver, db, err := p.openConfig(config)
	if err != nil {
		return nil, err
	}
	c.Config.Password, c.Config.PasswordRef, c.Config.TLS.Key, c.Secret = "", "", "", nil
	o := &opened{connection: c, driver: driver, db: db, changes: changes, checked: time.Now(), password: password}
	p.open[c.ID] = o
	return o, nil
}

func (p *Pools) openConfig(config Config) (Driver, DB, error) {
	driver, ok := p.drivers[config.Kind]
	if !ok {
		return nil, nil, fault.Field("kind", "The kind is one of postgres, mysql, sqlserver and sqlite")
	}
	if p.own.file(config) {
		return nil, nil, errOwn
	}
	config.Dial = p.own.guard(config, config.Dial)
	db, err := driver.Open(config)
	return driver, db, err
}

// Test connects with a configuration that need not be stored and tells what it
// found; what goes wrong is the probe's Problem, not an error.
func (p *Pools) Test(ctx context.Context, config Config) (probe Probe) {
	config.Dial, config.MaxConns = p.dial, 2
	var err error
	if config.PasswordRef != "" {
		if config.Password != "" {
			err = fault.Field("password_ref", "Give a password or a reference to one, not both")
		} else {
			config.Password, err = p.store.references.Resolve(ctx, strings.TrimSpace(config.PasswordRef))
		}
	}
	var db DB
	if err == nil {
		_, db, err = p.openConfig(config)
	}
	if err == nil {
		defer db.Close()
		if probe, err = db.Probe(ctx); err == nil {
			return probe
		}
	}
	probe.OK = false
	if f := AsFailure(err); f != nil {
		probe.Problem = f.Message
		if f.Code == DeadlineExceeded {
			probe.Problem, f.Hint = "The server did not answer in time", "Check the host, the port and whether a firewall is in the way."
		}
		if f.Hint != "" {
			probe.Problem += ". " + f.Hint
		}
	} else {
		probe.Problem = fault.MessageOf(err)
	}
	return probe
}

// TestStored is Test for the connection with the id.
func (p *Pools) TestStored(ctx context.Context, id string) (Probe, error) {
	c, err := p.store.get(ctx, id, true)
	if err != nil {
		return Probe{}, err
	}
	return p.Test(ctx, c.Config), nil
}

// TestChanged is Test for a change to the connection with the id, before it is
// saved: secrets that it leaves empty are the stored ones where Update would keep
// them, and a Field fault where Update would refuse that.
func (p *Pools) TestChanged(ctx context.Context, id string, config Config) (_ Probe, err error) {
	defer fault.Wrap(&err, "source.TestChanged(%s)", id)
	old, err := p.store.before(ctx, id, config)
	if err != nil {
		return Probe{}, err
	}
	if err := KeepSecrets(&config, old.Config); err != nil {
		return Probe{}, err
	}
	return p.Test(ctx, config), nil
}

// Catalog returns what is in a connection's database as it was last read; it
// reads it where that never happened.
func (p *Pools) Catalog(ctx context.Context, id string) (_ *Catalog, err error) {
	defer fault.Wrap(&err, "source.Catalog(%s)", id)
	o, err := p.get(ctx, id)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	catalog := o.catalog
	p.mu.Unlock()
	if catalog != nil {
		return catalog, nil
	}
	if catalog, err = p.store.savedCatalog(ctx, o.connection); err != nil {
		return nil, err
	}
	if catalog == nil {
		return p.Refresh(ctx, id)
	}
	p.keep(o, catalog)
	return catalog, nil
}

// CatalogSince is Catalog, read anew where it was last read before the time.
func (p *Pools) CatalogSince(ctx context.Context, id string, since time.Time) (*Catalog, error) {
	catalog, err := p.Catalog(ctx, id)
	if err != nil || catalog.ReadAt.After(since) {
		return catalog, err
	}
	return p.Refresh(ctx, id)
}

// Known returns a connection's catalog where this process has read it already.
func (p *Pools) Known(id string) (*Catalog, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.open[id]; o != nil && o.catalog != nil {
		return o.catalog, true
	}
	return nil, false
}

// catalogTimeout bounds one reading of a catalog.
const catalogTimeout = 60 * time.Second

// Refresh reads a connection's catalog anew; those who ask at once share one reading.
func (p *Pools) Refresh(ctx context.Context, id string) (_ *Catalog, err error) {
	defer fault.Wrap(&err, "source.Refresh(%s)", id)
	read := p.catalogs.DoChan(id, func() (any, error) {
		// Detached from whoever came first: the others wait for the same reading.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), catalogTimeout)
		defer cancel()
		o, err := p.get(ctx, id)
		if err != nil {
			return nil, err
		}
		catalog, err := o.db.Catalog(ctx)
		if err != nil {
			return nil, err
		}
		if err := p.store.saveCatalog(ctx, o.connection, catalog); err != nil {
			return nil, err
		}
		p.keep(o, catalog)
		return catalog, nil
	})
	select {
	case r := <-read:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*Catalog), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *Pools) keep(o *opened, catalog *Catalog) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o.catalog = catalog
}

// Forget closes the database of a connection that was removed.
func (p *Pools) Forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.open[id]; o != nil {
		delete(p.open, id)
		go o.db.Close()
	}
}

// Close closes all databases.
func (p *Pools) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, o := range p.open {
		delete(p.open, id)
		o.db.Close()
	}
}
