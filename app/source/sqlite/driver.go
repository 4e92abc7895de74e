// Package sqlite reads SQLite files: strictly, through a connection that can
// do nothing else.
//
// It runs on the pure-Go translation of the SQLite library (modernc.org/sqlite/lib)
// by the library's own interface rather than through database/sql, because
// three things are not to be had there: opening with the read-only flag and no
// URI, stopping a statement between two rows, and where in the text an error is.
//
// Five walls stand between a statement and the file, each enough by itself
// against writing: the guard prints a statement anew that it has understood to
// be a read; the file is opened read-only; the connection is query_only and
// defensive, and may attach nothing; the engine's authorizer allows nothing but
// reading while a statement is compiled; and a compiled statement that is not
// read-only by the engine's own judgement is never started.
package sqlite

import (
	"assay/app/source"
)

// Driver reads SQLite files.
type Driver struct{}

var _ source.Driver = (*Driver)(nil)

// New returns the driver.
func New() *Driver { return &Driver{} }

// Kind returns "sqlite".
func (*Driver) Kind() string { return "sqlite" }

// Dialect returns how SQLite spells what the query compiler needs.
func (*Driver) Dialect() source.Dialect { return dialect{} }
