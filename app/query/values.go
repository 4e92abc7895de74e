package query

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/frame"
)

// Bounds of the values that are listed of a column.
const (
	usualValues = 100
	mostValues  = 1000
	// valuesAge is how old a list of values may be.
	valuesAge = 10 * time.Minute
)

// Values returns the distinct values of a table's column that hold the search
// ("" for all), sorted by the database and without null, in the text form that
// frames have; at most limit of them (0 for 100, no more than 1,000), and whether
// there are more. Whoever may look at the connection may have them, as far as
// its rules let them see the column; they may be ten minutes old. Of what is not
// text, the first 1,000 are searched.
func (r *Runner) Values(ctx context.Context, p *account.Person, connection, table, column, search string, limit int) (values []string, more bool, err error) {
	if limit <= 0 {
		limit = usualValues
	}
	limit = min(limit, mostValues, max(1, r.limits.Rows-1))
	if err := account.Check(p, account.Look, account.OnConnection(connection)); err != nil {
		return nil, false, err
	}
	catalog, err := r.rules.Catalog(ctx, p, connection)
	if err != nil {
		return nil, false, err
	}
	t, ok := catalog.Find(table)
	if !ok {
		return nil, false, fault.Field("table", "There is no table %s in this connection", table)
	}
	c, ok := t.Column(column)
	if !ok {
		return nil, false, fault.Field("column", "The table %s has no column %s", t.Name, column)
	}
	if c.Kind == frame.JSON || c.Kind == frame.Binary {
		return nil, false, fault.Field("column", "%s holds %s, whose values are not listed", c.Name, c.Kind)
	}
	name := "value"
	s := &Spec{Table: tableName(t.Schema, t.Name), Dimensions: []Dimension{{Column: c.Name, As: name}}, Order: []Order{{By: name}}, Limit: limit + 1}
	filters := []Filter{{Column: c.Name, Op: NotNull}}
	text := c.Kind == frame.Text
	if search != "" && text {
		looked, err := json.Marshal(search)
		if err != nil {
			return nil, false, err
		}
		filters = append(filters, Filter{Column: c.Name, Op: Contains, Value: looked})
	}
	if search != "" && !text {
		s.Limit = min(mostValues, r.limits.Rows) // engines spell numbers and times in ways of their own, so the search is ours
	}
	s.Filters = &Filter{And: filters}
	result, err := r.Frame(ctx, Request{Person: p, Connection: connection, Spec: s, MaxAge: valuesAge, looks: true})
	if err != nil {
		return nil, false, err
	}
	for row := range result.Frame.Rows() {
		if v, ok := result.Frame.Cell(row, 0); ok && (text || search == "" || strings.Contains(strings.ToLower(string(v)), strings.ToLower(search))) {
			values = append(values, string(v))
		}
	}
	more = len(values) > limit || result.Frame.Truncated || result.Frame.Rows() >= s.Limit
	return slices.Clip(values[:min(limit, len(values))]), more, nil
}

// tableName spells a table for a spec.
func tableName(schema, name string) string {
	if schema == "" {
		return name
	}
	return schema + "." + name
}
