// Package sqlserver is the driver for Microsoft SQL Server, Azure SQL and what
// speaks their protocol.
package sqlserver

import (
	"assay/app/source"
)

// Driver knows SQL Server.
type Driver struct{}

var _ source.Driver = (*Driver)(nil)

// New returns the driver.
func New() *Driver { return &Driver{} }

// Kind returns "sqlserver".
func (*Driver) Kind() string { return "sqlserver" }

// Dialect returns T-SQL as SQL Server 2016 and later run it.
func (*Driver) Dialect() source.Dialect { return dialect{} }
