// Package source is the way to THEIR databases: the contract that every driver
// keeps, the stored connections, what is in a database, and running one
// guarded, read-only statement.
package source

import (
	"context"
	"net"
	"time"

	"assay/app/frame"
)

// Driver knows one kind of database. Everything it does offline (guarding a
// statement, spelling SQL) needs no connection.
type Driver interface {
	// Kind returns "postgres", "mysql", "sqlserver" or "sqlite".
	Kind() string
	// Dialect returns how this kind spells what the query compiler needs.
	Dialect() Dialect
	// Guard parses sql by the dialect's own grammar, refuses all but one
	// statement that provably only reads, and returns it printed from the
	// parsed tree. A refusal or a syntax error is a *Failure with the code
	// Refused or DatabaseError and, where known, the position in sql.
	Guard(sql string, policy Policy) (Checked, error)
	// Open returns a pool for the configuration without connecting yet.
	Open(c Config) (DB, error)
}

// DB is an open pool of connections to one database. All methods may be called
// from several goroutines, end soon after ctx does, and return a *Failure for
// whatever the database or the way to it did wrong.
type DB interface {
	// Probe connects and tells what a person should know before trusting the connection.
	Probe(ctx context.Context) (Probe, error)
	// Catalog reads schemas, tables, columns, keys, comments and row estimates
	// from the database's own catalog and statistics; it scans no table.
	Catalog(ctx context.Context) (*Catalog, error)
	// Query runs one checked statement in a read-only session that is always
	// rolled back. Ending ctx, or closing the rows early, ends the statement in
	// the database too, not only here.
	Query(ctx context.Context, s Statement) (frame.Rows, error)
	// Close ends the pool; running statements are cancelled.
	Close() error
}

// Policy says what a guard lets pass beside its own rules, and what a person
// sees of each table; with the zero value every table is read as it is.
type Policy struct {
	// Functions names functions beyond the built-in allow-list that an
	// administrator has vouched for, lower case, "schema.name" or "name".
	Functions []string
	// Tables, where set, is asked for every table the statement names (the names
	// of its own WITH queries apart) and says what stands in its place. Its error
	// is the reason why the statement is refused. A guard that is given it
	// refuses whatever could read a table past it: names of another database,
	// system tables, a WITH query that has the name of a table, samples,
	// partitions and history of a limited table, and, once a limited table is
	// read, EXPLAIN.
	Tables func(Name) (Reading, error)
	// Routines names the database's own functions, "schema.name" as the catalog
	// spells them: names that a column may not be asked for in field notation.
	Routines []string
	// Code names what else runs the database's own code (Catalog.Code): where
	// Tables is set, a statement that could run it is refused.
	Code OwnCode
}

// Reading is how a table is read.
type Reading struct {
	// Table is the table's full name, as it is written in place of the one given.
	Table Name
	// Select, where not empty, is a SELECT over the table in the engine's SQL,
	// written by this product and not by the person who asks: it stands in the
	// table's place as a derived table under the name by which the statement
	// knows the table. It ends in a fence (Dialect.Fence), so that no condition of
	// the statement is evaluated on rows it does not return.
	Select string
}

// Checked is a statement that a guard let pass.
type Checked struct {
	// SQL is the statement printed from its parsed tree: what is sent.
	SQL string
	// Explain says that the statement asks for a plan rather than rows.
	Explain bool
	// Tables names what the statement reads, as far as its text tells.
	Tables []Name
}

// Name is a table's name as written; Schema is empty where the statement gave none.
type Name struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// Statement is one question for a database.
type Statement struct {
	// SQL has passed the guard. Placeholders are spelled as Dialect.Placeholder does.
	SQL string
	// Args are bound to the placeholders in order, never pasted into the text.
	Args []Arg
	// Explain asks for the statement's plan instead of its rows.
	Explain bool
	// Timeout is set on the server where it has such a setting; 0 means none.
	Timeout time.Duration
	// Only, where not nil, names every table that the statement may read: those
	// that the guard told of (Checked.Tables) under rules. A driver that can ask the
	// engine what a statement reads refuses one that reads anything else; the others
	// pay no heed to it.
	Only []Name
	// Tag is the query's id; drivers show it to the database's administrator where the engine has a place for it.
	Tag string
}

// Arg is a typed value for a placeholder, as canonical text of its kind (see package frame).
type Arg struct {
	Kind frame.Kind `json:"kind"`
	Text string     `json:"text"`
	Null bool       `json:"null,omitempty"`
}

// Config is everything needed to reach a database.
type Config struct {
	Kind     string `json:"kind"`
	Host     string `json:"host,omitempty"`
	Port     int    `json:"port,omitempty"`
	Database string `json:"database,omitempty"`
	User     string `json:"user,omitempty"`
	Password string `json:"-"`
	// PasswordRef says where the password is kept instead of in our store:
	// "env:NAME", "file:NAME" or "vault:PATH#FIELD" (see vault.References). Like a
	// password it is empty in what Store returns and kept by an Update that gives
	// neither; Connection.Reference shows it.
	PasswordRef string `json:"password_ref,omitempty"`
	// Path is the file of a sqlite database.
	Path string `json:"path,omitempty"`
	TLS  TLS    `json:"tls"`
	// TimeZone is the IANA zone in which the session reads and shows times; "" keeps the server's.
	TimeZone string `json:"time_zone,omitempty"`
	// Options are the further settings of the driver that it lists as safe; an unknown one is refused by Open.
	Options map[string]string `json:"options,omitempty"`
	// MaxConns bounds the pool; 0 means 8.
	MaxConns int `json:"max_conns,omitempty"`
	// Dial, where set, opens every network connection of the driver (it refuses addresses that must not be reached).
	Dial func(ctx context.Context, network, address string) (net.Conn, error) `json:"-"`
}

// TLSMode says how a connection is encrypted and whom it trusts.
type TLSMode string

// The modes, from none to full verification. Prefer encrypts where the server can and says so in the probe.
const (
	TLSDefault    TLSMode = "" // VerifyFull for remote hosts, Prefer for loopback
	TLSDisable    TLSMode = "disable"
	TLSPrefer     TLSMode = "prefer"
	TLSRequire    TLSMode = "require" // encrypted, the server's name not verified
	TLSVerifyCA   TLSMode = "verify-ca"
	TLSVerifyFull TLSMode = "verify-full"
)

// TLS holds the mode and, as PEM text, never as paths, the certificates.
type TLS struct {
	Mode       TLSMode `json:"mode,omitempty"`
	CA         string  `json:"ca,omitempty"`
	Cert       string  `json:"cert,omitempty"`
	Key        string  `json:"-"`
	ServerName string  `json:"server_name,omitempty"`
}

// Probe is what a test of a connection found.
type Probe struct {
	OK      bool   `json:"ok"`
	Server  string `json:"server"`  // the product, such as "PostgreSQL" or "MariaDB"
	Version string `json:"version"` // such as "15.18"
	TLS     string `json:"tls"`     // the protocol version, such as "TLS 1.3", or "" for none
	// CanWrite says whether the login may change data; nil where that could not be told.
	CanWrite *bool  `json:"can_write"`
	TimeZone string `json:"time_zone"`
	// LatencyMS is the time of one round trip on an open connection, in milliseconds.
	LatencyMS float64 `json:"latency_ms"`
	// Problem says in a sentence what is wrong and what helps; empty where OK.
	Problem string `json:"problem"`
	// Warnings are about rights and settings that work but should not be so.
	Warnings []string `json:"warnings,omitempty"`
	// Remedy is SQL an administrator can run to give this product a login that can only read.
	Remedy string `json:"remedy,omitempty"`
}

// Drivers holds one driver a kind.
type Drivers map[string]Driver

// NewDrivers returns the drivers by their kinds.
func NewDrivers(list ...Driver) Drivers {
	m := make(Drivers, len(list))
	for _, d := range list {
		m[d.Kind()] = d
	}
	return m
}
