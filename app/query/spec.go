// Package query is a question: built by clicking (Spec) or written in SQL, with
// typed parameters, compiled for the dialect with Bun, and run through the one
// door to the customers' databases.
package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"assay/app/fault"
	"assay/app/source"
)

// Spec is the builder's question. Columns are written "column", or
// "table.column" where a join makes it necessary.
type Spec struct {
	// Table is the table asked, as "name" or "schema.name"; Question is the saved
	// question, by its id, whose result is asked instead. Exactly one is set.
	Table    string `json:"table,omitempty"`
	Question string `json:"question,omitempty"`
	Joins    []Join `json:"joins,omitempty"`
	// Columns picks plain columns of a question without measures and dimensions; none means all of Table.
	Columns    []string    `json:"columns,omitempty"`
	Measures   []Measure   `json:"measures,omitempty"`
	Dimensions []Dimension `json:"dimensions,omitempty"`
	Filters    *Filter     `json:"filters,omitempty"`
	// Having filters on measures, by their names in the result.
	Having *Filter `json:"having,omitempty"`
	Order  []Order `json:"order,omitempty"`
	// Limit is the most rows wanted; 0 leaves it to the runner.
	Limit int `json:"limit,omitempty"`
}

// Join adds a table along pairs of columns.
type Join struct {
	Table string      `json:"table"`
	On    [][2]string `json:"on"`
	// Kind is "left" (the default: rows without a match stay) or "inner".
	Kind string `json:"kind,omitempty"`
}

// Fn is an aggregate function.
type Fn string

// The aggregates.
const (
	Count         Fn = "count"
	CountDistinct Fn = "count_distinct"
	Sum           Fn = "sum"
	Avg           Fn = "avg"
	Min           Fn = "min"
	Max           Fn = "max"
	Median        Fn = "median"
)

// Fns lists the aggregates.
var Fns = []Fn{Count, CountDistinct, Sum, Avg, Min, Max, Median}

// Measure is an aggregate over a column; only Count may go without a column.
type Measure struct {
	Fn     Fn     `json:"fn"`
	Column string `json:"column,omitempty"`
	As     string `json:"as,omitempty"`
}

// Dimension groups by a column: by its values, by periods (Grain) or by bins of a width (Bin).
type Dimension struct {
	Column string       `json:"column"`
	Grain  source.Grain `json:"grain,omitempty"`
	Bin    json.Number  `json:"bin,omitempty"`
	As     string       `json:"as,omitempty"`
}

// Op compares a column with a value.
type Op string

// The operators. Last means the present period and the n-1 before it: "30 days" or {"n": 30, "unit": "day"}.
const (
	Eq         Op = "eq"
	Ne         Op = "ne"
	Lt         Op = "lt"
	Lte        Op = "lte"
	Gt         Op = "gt"
	Gte        Op = "gte"
	In         Op = "in"
	NotIn      Op = "not_in"
	Contains   Op = "contains"
	StartsWith Op = "starts_with"
	IsNull     Op = "is_null"
	NotNull    Op = "not_null"
	Between    Op = "between"
	Last       Op = "last"
)

// Ops lists the operators.
var Ops = []Op{Eq, Ne, Lt, Lte, Gt, Gte, In, NotIn, Contains, StartsWith, IsNull, NotNull, Between, Last}

// Filter is a condition, or several joined by And or by Or; exactly one of the three is set.
type Filter struct {
	And    []Filter        `json:"and,omitempty"`
	Or     []Filter        `json:"or,omitempty"`
	Column string          `json:"column,omitempty"`
	Op     Op              `json:"op,omitempty"`
	Value  json.RawMessage `json:"value,omitempty"`
}

// Order sorts by a column of the result, by its name.
type Order struct {
	By   string `json:"by"`
	Desc bool   `json:"desc,omitempty"`
}

// Bounds of a spec: a question beyond them is no question a person asked.
const (
	mostJoins   = 12
	mostOutputs = 60
	mostFilters = 200
	deepest     = 8
	mostInList  = 1000
)

// ParseSpec reads a spec from JSON and refuses members it does not know.
func ParseSpec(body []byte) (*Spec, error) {
	s := new(Spec)
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(s); err != nil {
		return nil, fault.Because(fault.Invalid, err, "The question cannot be read: %s", unread(err))
	}
	return s, s.Check()
}

// unread says in words why a spec's JSON cannot be read.
func unread(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early, as where an address was not copied whole"
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("it is no JSON at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field == "" {
			return "it is no JSON object"
		}
		return fmt.Sprintf("%s cannot be of the JSON type %s", e.Field, e.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return "it has no part named " + name
	}
	return "one of its values is not what belongs there"
}

// Check reports what is wrong with the spec by itself, whatever the database holds.
func (s *Spec) Check() error {
	var problems fault.Fields
	s.checkBase(&problems)
	if len(s.Joins) > mostJoins {
		problems.Add("spec.joins", "A question joins at most %d tables", mostJoins)
	}
	if len(s.Measures)+len(s.Dimensions)+len(s.Columns) > mostOutputs {
		problems.Add("spec.measures", "A question has at most %d columns", mostOutputs)
	}
	for i, j := range s.Joins {
		if j.Table == "" {
			problems.Add(fmt.Sprintf("spec.joins[%d].table", i), "Choose a table to join")
		}
		if j.Kind != "" && j.Kind != "left" && j.Kind != "inner" {
			problems.Add(fmt.Sprintf("spec.joins[%d].kind", i), "A join is left or inner")
		}
	}
	for i, m := range s.Measures {
		if !slices.Contains(Fns, m.Fn) {
			problems.Add(fmt.Sprintf("spec.measures[%d].fn", i), "%q is not one of count, count_distinct, sum, avg, min, max and median", m.Fn)
		}
		if m.Column == "" && m.Fn != Count {
			problems.Add(fmt.Sprintf("spec.measures[%d].column", i), "Choose the column of %s", m.Fn)
		}
	}
	for i, d := range s.Dimensions {
		if d.Column == "" {
			problems.Add(fmt.Sprintf("spec.dimensions[%d].column", i), "Choose a column")
		}
		if d.Grain != "" && !slices.Contains(source.Grains, d.Grain) {
			problems.Add(fmt.Sprintf("spec.dimensions[%d].grain", i), "%q is not one of minute, hour, day, week, month, quarter and year", d.Grain)
		}
		if d.Grain != "" && d.Bin != "" {
			problems.Add(fmt.Sprintf("spec.dimensions[%d].bin", i), "A dimension has a grain or a bin, not both")
		}
		if d.Bin != "" && !positiveDecimal(string(d.Bin)) {
			problems.Add(fmt.Sprintf("spec.dimensions[%d].bin", i), "A bin is a positive number such as 10 or 0.5")
		}
	}
	left := mostFilters
	s.Filters.check(&problems, "spec.filters", deepest, &left)
	s.Having.check(&problems, "spec.having", deepest, &left)
	if left < 0 {
		problems.Add("spec.filters", "A question has at most %d filters", mostFilters)
	}
	if s.Limit < 0 {
		problems.Add("spec.limit", "A limit is 0 or more")
	}
	return problems.Err()
}

func (f *Filter) check(problems *fault.Fields, path string, depth int, left *int) {
	if f == nil {
		return
	}
	*left--
	groups := 0
	for name, list := range map[string][]Filter{"and": f.And, "or": f.Or} {
		if list == nil {
			continue
		}
		groups++
		if depth == 0 {
			problems.Add(path, "Filters are nested at most %d deep", deepest)
			return
		}
		for i := range list {
			list[i].check(problems, fmt.Sprintf("%s.%s[%d]", path, name, i), depth-1, left)
		}
	}
	switch {
	case groups == 0 && f.Column == "" && f.Op == "":
		return // an empty filter filters nothing
	case groups > 1, groups == 1 && f.Column != "":
		problems.Add(path, "A filter is a condition, or an and, or an or")
	case groups == 0 && f.Column == "":
		problems.Add(path+".column", "Choose a column to filter by")
	case groups == 0 && !slices.Contains(Ops, f.Op):
		problems.Add(path+".op", "%q is not an operator", f.Op)
	}
}

// positiveDecimal reports whether s is a plain decimal literal above zero that may stand in SQL as it is.
func positiveDecimal(s string) bool {
	if s == "" || len(s) > 20 {
		return false
	}
	nonzero, dots := false, 0
	for i, r := range s {
		switch {
		case r >= '1' && r <= '9':
			nonzero = true
		case r == '0':
		case r == '.' && i > 0 && i < len(s)-1:
			dots++
		default:
			return false
		}
	}
	return nonzero && dots <= 1
}
