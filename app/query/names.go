package query

import (
	"fmt"
	"strings"
)

// names are the names of a result's columns given so far, lower case: engines
// do not all tell apart what differs in case alone.
type names map[string]bool

// pick gives a column the wanted name, or the other where none is wanted, with
// a number behind it where the name is taken.
func (n names) pick(wanted, otherwise string) string {
	if wanted = strings.TrimSpace(wanted); wanted == "" {
		wanted = otherwise
	}
	name := wanted
	for i := 2; n[strings.ToLower(name)]; i++ {
		name = fmt.Sprintf("%s_%d", wanted, i)
	}
	n[strings.ToLower(name)] = true
	return name
}

// plainName is a dimension's name where the question gives none; column is its column's.
func (d Dimension) plainName(column string) string {
	switch {
	case d.Grain != "":
		return column + "_" + string(d.Grain)
	case d.Bin != "":
		return column + "_bin"
	}
	return column
}

// plainName is a measure's name where the question gives none; column is its column's, "" for rows.
func (m Measure) plainName(column string) string {
	if column == "" {
		return "count"
	}
	return string(m.Fn) + "_" + column
}

// Names returns the names of the result's columns as the compiler gives them,
// dimensions first, for a question whose columns are spelled as in the catalog.
func (s *Spec) Names() []string {
	given := names{}
	bare := func(column string) string { return column[strings.LastIndexByte(column, '.')+1:] }
	var list []string
	for _, d := range s.Dimensions {
		list = append(list, given.pick(d.As, d.plainName(bare(d.Column))))
	}
	for _, m := range s.Measures {
		list = append(list, given.pick(m.As, m.plainName(bare(m.Column))))
	}
	return list
}
