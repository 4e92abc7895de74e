package query

import (
	"context"
	"slices"
	"strings"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/source"
)

// Sight is what a person sees of a table.
type Sight struct {
	// Words say it in a sentence; SQL is what then stands in the table's place,
	// empty where the whole table is seen or none of it.
	Words string
	SQL   string
	// Refused says that nothing of the table can be read.
	Refused bool
	// Rules are those of the table that cover the person.
	Rules []Rule
}

// Try works out what a person would see of a table if the draft were saved, in
// place of the rule with its id where it has one; without a draft it is what
// they see now. A draft that could not be saved is told as Create tells it.
func (s *Rules) Try(ctx context.Context, p *account.Person, connection string, name source.Name, draft *Rule) (sight Sight, err error) {
	defer fault.Wrap(&err, "query.Rules.Try(%s)", connection)
	if draft != nil {
		if err := s.check(ctx, draft); err != nil {
			return sight, err
		}
		name = source.Name{Schema: draft.Schema, Name: draft.Table}
	}
	opened, err := s.pools.Open(ctx, connection)
	if err != nil {
		return sight, err
	}
	catalog, err := s.pools.Catalog(ctx, connection)
	if err != nil {
		return sight, err
	}
	rules, err := s.List(ctx, connection)
	if err != nil {
		return sight, err
	}
	if draft != nil {
		rules = append(slices.DeleteFunc(rules, func(r Rule) bool { return r.ID == draft.ID }), *draft)
	}
	if p.Role == account.Admin {
		return Sight{Words: "Administrators see every row and column, whatever the rules say."}, nil
	}
	v := &view{person: p, connection: opened, catalog: catalog, rules: rules, bySchema: p.LimitedToSchemas(connection), now: s.now(), readings: map[source.Name]reading{}}
	if t, ok := findTable(catalog, name); ok {
		sight.Rules = slices.DeleteFunc(v.of(t), func(r Rule) bool { return !p.In(r.Subject()) })
	}
	read, err := v.read(name)
	if f := source.AsFailure(err); f != nil {
		sight.Refused, sight.Words = true, "Nothing of this table can be read. They are told: “"+strings.TrimSuffix(f.Message, ".")+".”"
		return sight, nil
	}
	if err != nil {
		return sight, err
	}
	if read.Select == "" {
		sight.Words = "All rows and columns are seen."
		return sight, nil
	}
	sight.Words, sight.SQL = "In the table's place stands what the rules leave of it, in every question, however it is asked.", read.Select
	return sight, nil
}
