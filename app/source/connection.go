package source

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Connection is a stored way to one database. Its secrets are sealed and are
// never part of what is shown.
type Connection struct {
	bun.BaseModel `bun:"table:connections,alias:connection"`

	ID   string `bun:"id,pk"`
	Name string `bun:"name"`
	Kind string `bun:"kind"`
	// Private says, of a new connection, that it is granted to who makes it alone.
	Private bool `bun:"-"`
	// Config holds everything but the secrets once read through Store.
	Config Config `bun:"-"`
	// Reference is where the password is kept where that is not in our store, to be
	// shown. What goes into a change is Config.PasswordRef, which is empty once read:
	// a reference given again is one that somebody means for the new host.
	Reference string `bun:"-"`
	// Version counts the changes to the configuration; open pools and caches belong to one version.
	Version   int       `bun:"version"`
	Sample    bool      `bun:"sample"`
	CreatedBy string    `bun:"created_by"`
	CreatedAt time.Time `bun:"created_at"`
	UpdatedAt time.Time `bun:"updated_at"`

	ConfigJSON string `bun:"config" json:"-"`
	Secret     []byte `bun:"secret" json:"-"`
}

// secrets are the parts of a configuration that are sealed.
type secrets struct {
	Password string `json:"password"`
	TLSKey   string `json:"tls_key"`
}

// Store keeps connections and what was last read of their catalogs.
type Store struct {
	db         *store.Store
	vault      *vault.Vault
	drivers    Drivers
	references *vault.References
	log        *audit.Log
	now        func() time.Time
	// changes counts what was changed or removed by this process.
	changes atomic.Int64
}

// NewStore returns the connections of a store; only kinds with a driver can be saved.
func NewStore(s *store.Store, v *vault.Vault, drivers Drivers, log *audit.Log) *Store {
	return &Store{db: s, vault: v, drivers: drivers, log: log, now: func() time.Time { return time.Now().UTC() }}
}

// WithReferences lets connections refer to passwords that are kept elsewhere;
// without it none can.
func (s *Store) WithReferences(r *vault.References) *Store {
	s.references = r
	return s
}

func (s *Store) check(c *Connection) error {
	var problems fault.Fields
	c.Name = strings.TrimSpace(c.Name)
	if n := utf8.RuneCountInString(c.Name); n == 0 {
		problems.Add("name", "Give the connection a name")
	} else if n > 100 {
		problems.Add("name", "A name has at most 100 characters")
	}
	if _, ok := s.drivers[c.Config.Kind]; !ok {
		problems.Add("kind", "The kind is one of postgres, mysql, sqlserver and sqlite")
	}
	if c.Config.Kind == "sqlite" {
		if c.Config.Path == "" {
			problems.Add("path", "Name the database file")
		}
	} else if c.Config.Kind != "" {
		if c.Config.Host == "" {
			problems.Add("host", "Name the host")
		}
		if c.Config.Port < 0 || c.Config.Port > 65535 {
			problems.Add("port", "A port is a number up to 65535")
		}
	}
	c.Config.PasswordRef = strings.TrimSpace(c.Config.PasswordRef)
	if ref := c.Config.PasswordRef; ref != "" {
		if c.Config.Password != "" {
			problems.Add("password_ref", "Give a password or a reference to one, not both")
		} else if err := s.references.Check(ref); err != nil {
			problems.Add("password_ref", "%s", fault.MessageOf(err))
		}
	}
	if z := c.Config.TimeZone; z != "" {
		if _, err := time.LoadLocation(z); err != nil {
			problems.Add("time_zone", "%q is not a time zone such as Europe/Berlin", z)
		}
	}
	return problems.Err()
}

// seal fills in the columns of a row that the transaction writes.
func (s *Store) seal(ctx context.Context, tx bun.Tx, c *Connection) error {
	body, err := json.Marshal(c.Config)
	if err != nil {
		return err
	}
	secret, err := json.Marshal(secrets{Password: c.Config.Password, TLSKey: c.Config.TLS.Key})
	if err != nil {
		return err
	}
	c.ConfigJSON, c.Kind, c.Reference = string(body), c.Config.Kind, c.Config.PasswordRef
	c.Secret, err = s.vault.SealIn(ctx, tx, secret, vault.Place("connections", c.ID, "secret"))
	return err
}

// open fills in the configuration of a row; withSecrets also unseals.
func (s *Store) open(c *Connection, withSecrets bool) error {
	if err := json.Unmarshal([]byte(c.ConfigJSON), &c.Config); err != nil {
		return err
	}
	c.Reference = c.Config.PasswordRef
	if !withSecrets {
		c.Config.PasswordRef = ""
		return nil
	}
	plain, err := s.vault.Open(c.Secret, vault.Place("connections", c.ID, "secret"))
	if fault.Is(err, fault.Unavailable) {
		return err // the vault is closed, and says what helps
	}
	if err != nil {
		return fault.Because(fault.Unavailable, err, "The stored password of this connection cannot be read; enter it again")
	}
	var secret secrets
	if err := json.Unmarshal(plain, &secret); err != nil {
		return err
	}
	c.Config.Password, c.Config.TLS.Key = secret.Password, secret.TLSKey
	return nil
}

// Unopened returns the names of the connections whose secrets do not open: all
// where the master key is wrong, else those that were damaged.
func (s *Store) Unopened(ctx context.Context) (names []string, err error) {
	defer fault.Wrap(&err, "source.Unopened")
	var list []Connection
	if err := s.db.Read().NewSelect().Model(&list).Column("id", "name", "config", "secret").Order("name").Scan(ctx); err != nil {
		return nil, err
	}
	for i := range list {
		if s.open(&list[i], true) != nil {
			names = append(names, list[i].Name)
		}
	}
	return names, nil
}

// event is what is recorded of a change to a connection: where it leads, never how it gets in.
func (c *Connection) event(action string) audit.Event {
	detail := map[string]any{"kind": c.Config.Kind, "host": c.Config.Host, "port": c.Config.Port, "database": c.Config.Database, "user": c.Config.User}
	if c.Config.Kind == "sqlite" {
		detail = map[string]any{"kind": c.Config.Kind, "path": c.Config.Path}
	}
	return audit.Event{Action: action, Connection: c.ID, Object: audit.Object{Kind: "connection", ID: c.ID, Name: c.Name}, Detail: detail}
}

// Create saves a new connection and gives it an id. Everyone, or where it is
// Private who makes it, is granted it, as far as their roles go, until that is changed.
func (s *Store) Create(ctx context.Context, c *Connection) (err error) {
	defer fault.Wrap(&err, "source.Create")
	defer s.db.Granted()
	if err := s.check(c); err != nil {
		return err
	}
	c.ID, c.Version, c.CreatedAt, c.UpdatedAt = store.NewID(), 1, s.now(), s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.seal(ctx, tx, c); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(c).Exec(ctx); err != nil {
			return store.Duplicate(err, "There is already a connection named %q", c.Name)
		}
		kind, subject := "everyone", ""
		if c.Private {
			kind, subject = "person", c.CreatedBy
		}
		_, err := tx.NewRaw(`INSERT INTO grants (id, subject_kind, subject_id, object_kind, object_id, level, created_at)
			VALUES (?, ?, ?, 'connection', ?, 'sql', ?)`, store.NewID(), kind, subject, c.ID, c.CreatedAt).Exec(ctx)
		if err != nil {
			return err
		}
		return s.log.Append(ctx, tx, c.event("connection.create"))
	})
}

// Get returns a connection without its secrets.
func (s *Store) Get(ctx context.Context, id string) (c *Connection, err error) {
	defer fault.Wrap(&err, "source.Get(%s)", id)
	return s.get(ctx, id, false)
}

func (s *Store) get(ctx context.Context, id string, withSecrets bool) (*Connection, error) {
	c := new(Connection)
	if err := s.db.Read().NewSelect().Model(c).Where("id = ?", id).Scan(ctx); err != nil {
		return nil, store.Missing(err, "connection")
	}
	return c, s.open(c, withSecrets)
}

// List returns all connections by name, without their secrets.
func (s *Store) List(ctx context.Context) (list []Connection, err error) {
	defer fault.Wrap(&err, "source.List")
	if err := s.db.Read().NewSelect().Model(&list).Order("name").Scan(ctx); err != nil {
		return nil, err
	}
	for i := range list {
		if err := s.open(&list[i], false); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Update saves a changed connection; an empty password or TLS key keeps the stored one
// only while it still goes to the same host, so that nobody can have a stored
// password sent elsewhere. Version, where not 0, names the version that was
// changed; where that is no longer the last it is a Conflict.
func (s *Store) Update(ctx context.Context, c *Connection) (err error) {
	defer fault.Wrap(&err, "source.Update(%s)", c.ID)
	defer s.changes.Add(1)
	if err := s.check(c); err != nil {
		return err
	}
	old, err := s.before(ctx, c.ID, c.Config)
	if err != nil {
		return err
	}
	if c.Version != 0 && c.Version != old.Version {
		return fault.New(fault.Conflict, "Somebody changed this connection in the meantime; load it again")
	}
	if err := KeepSecrets(&c.Config, old.Config); err != nil {
		return err
	}
	c.Version, c.Sample, c.CreatedBy, c.CreatedAt, c.UpdatedAt = old.Version+1, old.Sample, old.CreatedBy, old.CreatedAt, s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.seal(ctx, tx, c); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(c).WherePK().Where("version = ?", old.Version).Exec(ctx)
		if err := store.Duplicate(err, "There is already a connection named %q", c.Name); err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return fault.New(fault.Conflict, "Somebody changed this connection in the meantime; load it again")
		}
		if _, err = tx.NewRaw("DELETE FROM catalogs WHERE connection_id = ?", c.ID).Exec(ctx); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, c.event("connection.update"))
	})
}

// before returns the connection that is about to be changed, with its secrets.
func (s *Store) before(ctx context.Context, id string, changed Config) (*Connection, error) {
	old, err := s.get(ctx, id, true)
	if fault.Is(err, fault.Unavailable) && s.vault.Closed() == nil && entered(changed) {
		old, err = s.get(ctx, id, false) // what is damaged is replaced
	}
	return old, err
}

// entered reports whether a configuration brings all secrets it needs.
func entered(c Config) bool {
	return (c.Password != "" || c.PasswordRef != "") && (c.TLS.Cert == "" || c.TLS.Key != "")
}

// KeepSecrets fills empty secrets of a changed configuration from the stored
// one, and refuses that where they would go elsewhere or less protected. A
// reference to a password is treated as the password is.
func KeepSecrets(changed *Config, stored Config) error {
	if changed.TLS.Cert == "" {
		stored.TLS.Key = "" // whoever takes the certificate away means its key too
	}
	given := changed.Password != "" || changed.PasswordRef != ""
	password, reference := !given && stored.Password != "", !given && stored.PasswordRef != ""
	key := changed.TLS.Key == "" && stored.TLS.Key != ""
	elsewhere := changed.Kind != stored.Kind || !strings.EqualFold(changed.Host, stored.Host) || changed.Port != stored.Port || changed.User != stored.User ||
		changed.TLS.Mode != stored.TLS.Mode || changed.TLS.CA != stored.TLS.CA || changed.TLS.ServerName != stored.TLS.ServerName || changed.Options["instance"] != stored.Options["instance"]
	switch {
	case !password && !reference && !key:
		return nil
	case elsewhere && reference:
		return fault.Field("password_ref", "Give the reference to the password again: the host, the user or the encryption changed")
	case elsewhere && password:
		return fault.Field("password", "Enter the password again: the host, the user or the encryption changed")
	case elsewhere:
		return fault.Field("key", "Enter the client key again: the host, the user or the encryption changed")
	}
	if !given {
		changed.Password, changed.PasswordRef = stored.Password, stored.PasswordRef
	}
	if changed.TLS.Key == "" {
		changed.TLS.Key = stored.TLS.Key
	}
	return nil
}

// Delete removes a connection that no question uses.
func (s *Store) Delete(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "source.Delete(%s)", id)
	defer s.changes.Add(1)
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var n int
		if err := tx.NewRaw("SELECT count(*) FROM questions WHERE connection_id = ?", id).Scan(ctx, &n); err != nil {
			return err
		}
		if n > 0 {
			return fault.New(fault.Conflict, "%s; remove or move them first", counted(n, "A saved question uses this connection", "%d saved questions use this connection"))
		}
		if _, err := tx.NewRaw("DELETE FROM grants WHERE object_kind IN ('connection', 'schema') AND object_id = ?", id).Exec(ctx); err != nil {
			return err
		}
		c := &Connection{ID: id}
		if err := tx.NewRaw("DELETE FROM connections WHERE id = ? RETURNING name", id).Scan(ctx, &c.Name); err != nil {
			return store.Missing(err, "connection")
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "connection.delete", Connection: id, Object: audit.Object{Kind: "connection", ID: id, Name: c.Name}})
	})
}

// counted picks the words for one or for several.
func counted(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(several, n)
}

// savedCatalog returns what was last read of a connection's catalog at the version, or nil.
func (s *Store) savedCatalog(ctx context.Context, c *Connection) (*Catalog, error) {
	var body string
	err := s.db.Read().NewRaw("SELECT body FROM catalogs WHERE connection_id = ? AND version = ?", c.ID, c.Version).Scan(ctx, &body)
	if err != nil {
		if missing := store.Missing(err, "catalog"); missing != err {
			return nil, nil
		}
		return nil, err
	}
	catalog := new(Catalog)
	if err := json.Unmarshal([]byte(body), catalog); err != nil {
		return nil, nil // written by another version: read it again
	}
	return catalog, nil
}

func (s *Store) saveCatalog(ctx context.Context, c *Connection, catalog *Catalog) error {
	body, err := json.Marshal(catalog)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO catalogs (connection_id, version, body, read_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (connection_id) DO UPDATE SET version = excluded.version, body = excluded.body, read_at = excluded.read_at`,
			c.ID, c.Version, string(body), catalog.ReadAt).Exec(ctx)
		return err
	})
}
