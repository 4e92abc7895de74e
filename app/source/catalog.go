package source

import (
	"slices"
	"strings"
	"time"

	"assay/app/frame"
)

// Catalog is what a database says is in it.
type Catalog struct {
	Tables []Table   `json:"tables"`
	ReadAt time.Time `json:"read_at"`
	// DefaultSchema is the schema whose tables need no schema in SQL; empty where the engine has none.
	DefaultSchema string `json:"default_schema,omitempty"`
	// Routines names the database's own functions as "schema.name", where one could be called without its being seen in a statement's text.
	Routines []string `json:"routines,omitempty"`
	// Code names what else runs the database's own code.
	Code OwnCode `json:"code,omitzero"`
}

// OwnCode names what runs code of the database's own functions although a statement
// names no function; the zero value is of an engine that has nothing of the kind.
type OwnCode struct {
	// Operators are the names of operators that do, whatever they are applied to.
	Operators []string `json:"operators,omitempty" doc:"Operators that run code of the database's own"`
	// Targets are the names of the engine's own types to which a cast of the database's own leads.
	Targets []string `json:"targets,omitempty" doc:"The engine's own types to which a cast of the database's own leads"`
	// Types are the database's own types known to run none, and Rows its tables
	// whose rows' types are such, as "schema.name".
	Types []string `json:"types,omitempty" doc:"The database's own types known to run no code of its own"`
	Rows  []string `json:"rows,omitempty" doc:"Tables the types of whose rows are known to run no code of the database's own"`
	// Unseen says, in words such as "the cast from text to integer", what no statement's text shows.
	Unseen []string `json:"unseen,omitempty" doc:"What runs code of the database's own without showing in a statement"`
}

// Table is a table, view or anything else that can be read like one.
type Table struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Kind   string `json:"kind"` // "table", "view", "materialized view", "foreign table", "partitioned table", "virtual table"
	// RowEstimate comes from statistics; nil where the engine has none.
	RowEstimate *int64       `json:"row_estimate"`
	Comment     string       `json:"comment"`
	Columns     []Column     `json:"columns"`
	ForeignKeys []ForeignKey `json:"foreign_keys,omitempty"`
	// Parents names the tables whose rows include this one's: what it is a partition of or inherits from.
	Parents []Name `json:"parents,omitempty"`
}

// Column is a column of a table, in the table's order.
type Column struct {
	Name       string     `json:"name"`
	Type       string     `json:"type"` // the engine's own spelling, lower case, with length and precision
	Kind       frame.Kind `json:"kind"`
	Nullable   bool       `json:"nullable"`
	PrimaryKey bool       `json:"primary_key"`
	// References is the other end where a foreign key of this one column exists.
	References *Reference `json:"references"`
	Comment    string     `json:"comment,omitempty"`
}

// Reference is the other end of a foreign key's column.
type Reference struct {
	Schema string `json:"schema"`
	Table  string `json:"table"`
	Column string `json:"column"`
}

// ForeignKey points from columns of its table to as many columns of another.
type ForeignKey struct {
	Columns    []string `json:"columns"`
	Schema     string   `json:"schema"`
	Table      string   `json:"table"`
	References []string `json:"references"`
}

// Find returns the table named "schema.name" or "name" (then one of the
// default schema first); letters' case counts only where it must.
func (c *Catalog) Find(name string) (*Table, bool) {
	byName := func(same func(a, b string) bool) *Table {
		var found *Table
		for i := range c.Tables {
			t := &c.Tables[i]
			switch {
			case t.Schema != "" && same(t.Schema+"."+t.Name, name):
				return t
			case same(t.Name, name) && (found == nil || t.Schema == c.DefaultSchema):
				found = t
			}
		}
		return found
	}
	t := byName(func(a, b string) bool { return a == b })
	if t == nil {
		t = byName(strings.EqualFold)
	}
	return t, t != nil
}

// Column returns the table's column with the name; letters' case counts only where it must.
func (t *Table) Column(name string) (*Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		i = slices.IndexFunc(t.Columns, func(c Column) bool { return strings.EqualFold(c.Name, name) })
	}
	if i < 0 {
		return nil, false
	}
	return &t.Columns[i], true
}

// PrimaryKey returns the names of the primary key's columns, none where there is no key.
func (t *Table) PrimaryKey() []string {
	var names []string
	for _, c := range t.Columns {
		if c.PrimaryKey {
			names = append(names, c.Name)
		}
	}
	return names
}

// Link fills in each column's References from the foreign keys of one column; drivers call it last.
func (c *Catalog) Link() {
	for i := range c.Tables {
		t := &c.Tables[i]
		for _, fk := range t.ForeignKeys {
			if len(fk.Columns) != 1 || len(fk.References) != 1 {
				continue
			}
			if col, ok := t.Column(fk.Columns[0]); ok && col.References == nil {
				col.References = &Reference{Schema: fk.Schema, Table: fk.Table, Column: fk.References[0]}
			}
		}
	}
}
