package query

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
)

// ruleFilter spells a rule's condition over the columns of its table, with
// constants in place of parameters; values returns what an attribute that is
// compared with a column stands for.
func ruleFilter(body *RuleBody, t *source.Table, d source.Dialect, now time.Time, values func(attribute, column string, op Op) []string) (string, error) {
	f, err := withAttributes(body.Filter, values)
	if err != nil {
		return "", err
	}
	b := binder{dialect: d, now: now, constant: true}
	return b.where(f, "filter", func(field, name string) (target, error) {
		c, ok := t.Column(name[strings.LastIndexByte(name, '.')+1:])
		if !ok {
			return target{}, fault.Field(field, "The table %s has no column %s", t.Name, name)
		}
		return target{sql: columnOf(t, d, c.Name), kind: c.Kind, name: c.Name}, nil
	})
}

// plainReason is the first sentence of what is wrong with a rule.
func plainReason(err error) string {
	for _, reason := range fault.FieldsOf(err) {
		return reason
	}
	return fault.MessageOf(err)
}

// attributeRef is a value that stands for what the person has.
type attributeRef struct {
	Attribute string `json:"attribute"`
}

// withAttributes returns the filter with the person's values in place of the
// attributes it names. A person without a value is told so, since a filter
// without one would mean something else.
func withAttributes(f *Filter, lookup func(attribute, column string, op Op) []string) (*Filter, error) {
	if f == nil {
		return nil, nil
	}
	out := *f
	fill := func(list []Filter) ([]Filter, error) {
		if list == nil {
			return nil, nil
		}
		filled := make([]Filter, len(list))
		for i := range list {
			one, err := withAttributes(&list[i], lookup)
			if err != nil {
				return nil, err
			}
			filled[i] = *one
		}
		return filled, nil
	}
	var err error
	if out.And, err = fill(f.And); err != nil {
		return nil, err
	}
	if out.Or, err = fill(f.Or); err != nil {
		return nil, err
	}
	raw := bytes.TrimSpace(f.Value)
	if len(raw) == 0 || raw[0] != '{' || f.Op == Last {
		return &out, nil
	}
	var ref attributeRef
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&ref); err != nil || ref.Attribute == "" {
		return nil, fault.Field("filter", "A value is plain or names an attribute, as in {\"attribute\": \"region\"}")
	}
	values := lookup(ref.Attribute, f.Column, f.Op)
	if len(values) == 0 {
		return nil, fault.Field("filter", "your account has no value for the attribute %s", ref.Attribute)
	}
	texts := make([]json.RawMessage, len(values))
	for i, v := range values {
		if texts[i], err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	switch {
	case f.Op == In || f.Op == NotIn:
		out.Value, err = json.Marshal(texts)
	case len(texts) == 1:
		out.Value = texts[0]
	case f.Op == Eq, f.Op == Ne:
		out.Op = map[Op]Op{Eq: In, Ne: NotIn}[f.Op]
		out.Value, err = json.Marshal(texts)
	default:
		return nil, fault.Field("filter", "the attribute %s has several values, and %s takes one", ref.Attribute, f.Op)
	}
	return &out, err
}

// anybody gives every attribute a value that its column's kind reads, so that a
// rule can be tried before anybody asks.
func anybody(t *source.Table) func(attribute, column string, op Op) []string {
	return func(_, column string, _ Op) []string {
		if c, ok := t.Column(column[strings.LastIndexByte(column, '.')+1:]); ok && (c.Kind == frame.Date || c.Kind == frame.Time) {
			return []string{"2000-01-31"}
		}
		return []string{"1"}
	}
}
