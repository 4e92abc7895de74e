package query

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/source"
)

// Catalog returns what a person may know of a connection's database: the tables
// they can read, without what tells of rows that are hidden.
func (s *Rules) Catalog(ctx context.Context, p *account.Person, connection string) (_ *source.Catalog, err error) {
	defer fault.Wrap(&err, "query.Rules.Catalog(%s)", connection)
	opened, err := s.pools.Open(ctx, connection)
	if err != nil {
		return nil, err
	}
	l, err := s.limits(ctx, p, opened)
	if err != nil {
		return nil, err
	}
	return s.catalog(ctx, connection, l)
}

// catalog returns what can be known of a connection's database under the limits.
func (s *Rules) catalog(ctx context.Context, connection string, l limits) (*source.Catalog, error) {
	catalog, err := s.pools.Catalog(ctx, connection)
	if err != nil || l.policy.Tables == nil {
		return catalog, err
	}
	seen := visibleCatalog{*catalog}
	seen.Tables = nil
	for _, t := range catalog.Tables {
		r, err := l.policy.Tables(source.Name{Schema: t.Schema, Name: t.Name})
		if err != nil {
			continue
		}
		if r.Select != "" {
			t.RowEstimate = nil
		}
		seen.Tables = append(seen.Tables, t)
	}
	seen.Routines, seen.Code = nil, source.OwnCode{}
	for i := range seen.Tables {
		seen.Tables[i] = seen.within(seen.Tables[i])
	}
	return &seen.Catalog, nil
}

// visibleCatalog is a catalog of the tables that a person may know of.
type visibleCatalog struct{ source.Catalog }

// within returns a table without what leads to tables that are not in the catalog.
func (c *visibleCatalog) within(t source.Table) source.Table {
	there := func(schema, name string) bool {
		return slices.ContainsFunc(c.Tables, func(o source.Table) bool {
			return strings.EqualFold(o.Name, name) && (schema == "" || strings.EqualFold(o.Schema, schema))
		})
	}
	t.ForeignKeys = slices.DeleteFunc(slices.Clone(t.ForeignKeys), func(fk source.ForeignKey) bool { return !there(fk.Schema, fk.Table) })
	t.Parents = slices.DeleteFunc(slices.Clone(t.Parents), func(p source.Name) bool { return !there(p.Schema, p.Name) })
	t.Columns = slices.Clone(t.Columns)
	for i := range t.Columns {
		if r := t.Columns[i].References; r != nil && !there(r.Schema, r.Table) {
			t.Columns[i].References = nil
		}
	}
	return t
}

// Tell says in words what a person sees of a table and why.
func (s *Rules) Tell(ctx context.Context, p *account.Person, connection string, name source.Name) (words []string, err error) {
	defer fault.Wrap(&err, "query.Rules.Tell(%s)", connection)
	opened, err := s.pools.Open(ctx, connection)
	if err != nil {
		return nil, err
	}
	l, err := s.limits(ctx, p, opened)
	switch {
	case err != nil:
		return nil, err
	case p.Role == account.Admin:
		return []string{"Administrators see every row and column"}, nil
	case l.policy.Tables == nil:
		return []string{"No rule limits this connection: all rows and columns are seen"}, nil
	}
	r, err := l.policy.Tables(name)
	if f := source.AsFailure(err); f != nil {
		return []string{f.Message}, nil
	}
	if err != nil {
		return nil, err
	}
	if r.Select == "" {
		return []string{"No rule limits this table: all rows and columns are seen"}, nil
	}
	return []string{"Rules limit this table; in its place stands", fmt.Sprintf("(%s)", r.Select)}, nil
}
