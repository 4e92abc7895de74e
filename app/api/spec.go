package api

import (
	"encoding/json"
	"errors"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"assay/app/query"
	"assay/app/source"
)

// spec is a question as the builder asks it, in a body.
type spec struct{ value query.Spec }

// query returns the question; nil where there is none.
func (s *spec) query() *query.Spec {
	if s == nil {
		return nil
	}
	return &s.value
}

// UnmarshalJSON reads the question.
func (s *spec) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &s.value) }

// MarshalJSON writes the question.
func (s spec) MarshalJSON() ([]byte, error) { return json.Marshal(s.value) }

// Schema documents the question: what its Go types cannot say is added.
func (spec) Schema(r huma.Registry) *huma.Schema {
	ref := r.Schema(reflect.TypeFor[query.Spec](), true, "")
	all := r.Map()
	property := func(owner, name string) *huma.Schema { return all[owner].Properties[name] }
	all["Dimension"].Properties["bin"] = &huma.Schema{Type: huma.TypeNumber, Description: "The width of the bins"}
	property("Filter", "value").Description = "What the column is compared with: a value, two for between, a list for in and not_in, {n, unit} or \"30 days\" for last"
	choose(property("Measure", "fn"), query.Fns)
	choose(property("Dimension", "grain"), source.Grains)
	choose(property("Filter", "op"), query.Ops)
	choose(property("Join", "kind"), []string{"left", "inner"})
	all["Join"].Required = []string{"table"}
	for _, name := range []string{"Dimension", "Filter", "Measure", "Join"} {
		all[name].PrecomputeMessages()
	}
	return ref
}

// filter is a condition on a table's rows, in a body.
type filter struct{ value query.Filter }

func (f *filter) query() *query.Filter {
	if f == nil {
		return nil
	}
	return &f.value
}

// UnmarshalJSON reads the condition.
func (f *filter) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &f.value) }

// MarshalJSON writes the condition.
func (f filter) MarshalJSON() ([]byte, error) { return json.Marshal(f.value) }

// Schema documents the condition as that of a question.
func (filter) Schema(r huma.Registry) *huma.Schema {
	spec{}.Schema(r)
	return r.Schema(reflect.TypeFor[query.Filter](), true, "")
}

func choose[T ~string](s *huma.Schema, values []T) {
	s.Enum = nil
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
}

// scalar is a parameter's value: a text, a number or a boolean; null is no value.
type scalar struct {
	text string
	null bool
}

// UnmarshalJSON reads a value and keeps a number's digits as they are.
func (s *scalar) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) == 0:
		return errors.New("a value is missing")
	case b[0] == '"':
		return json.Unmarshal(b, &s.text)
	case b[0] == '{' || b[0] == '[':
		return errors.New("a parameter is a text, a number or a boolean")
	case string(b) == "null":
		s.null = true
	default:
		s.text = string(b)
	}
	return nil
}

// MarshalJSON writes the value as a text.
func (s scalar) MarshalJSON() ([]byte, error) {
	if s.null {
		return []byte("null"), nil
	}
	return json.Marshal(s.text)
}

// Schema documents a value.
func (scalar) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeString, Nullable: true}, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean}}}
}
