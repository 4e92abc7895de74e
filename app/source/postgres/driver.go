// Package postgres is the driver for PostgreSQL and the databases that speak
// its protocol and dialect.
package postgres

import "assay/app/source"

// Driver knows PostgreSQL.
type Driver struct{}

// New returns the driver.
func New() *Driver { return &Driver{} }

// Kind returns "postgres".
func (*Driver) Kind() string { return "postgres" }

// Dialect returns PostgreSQL's spellings.
func (*Driver) Dialect() source.Dialect { return dialect{} }
