// Package mysql reaches MySQL and MariaDB databases, and those that speak their
// protocol: TiDB, Vitess, Aurora.
package mysql

import "assay/app/source"

// Driver knows MySQL and MariaDB.
type Driver struct{}

// New returns the driver.
func New() *Driver { return &Driver{} }

// Kind returns "mysql".
func (*Driver) Kind() string { return "mysql" }

// Dialect returns how MySQL and MariaDB spell what the query compiler needs.
func (*Driver) Dialect() source.Dialect { return Dialect{} }
