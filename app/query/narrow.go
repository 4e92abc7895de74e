package query

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
)

// checkNarrow reports what is wrong with conditions by themselves, in the field narrow.
func checkNarrow(list []Filter) error {
	var problems fault.Fields
	left := mostFilters
	for i := range list {
		list[i].check(&problems, "narrow", deepest, &left)
	}
	if left < 0 {
		problems.Add("narrow", "A question is narrowed by at most %d conditions", mostFilters)
	}
	return aboutNarrow(problems.Err())
}

// empty reports whether no condition says anything.
func empty(list []Filter) bool {
	return !slices.ContainsFunc(list, func(f Filter) bool {
		return f.Column != "" || !empty(f.And) || !empty(f.Or)
	})
}

// aboutNarrow puts what is wrong with a condition to the field that it came in.
func aboutNarrow(err error) error {
	fields := fault.FieldsOf(err)
	if len(fields) == 0 {
		return err
	}
	return fault.Field("narrow", "%s", fields[slices.Min(slices.Collect(maps.Keys(fields)))])
}

// narrowWritten spells a written question within one that has conditions on its result.
func (r *Runner) narrowWritten(ctx context.Context, req Request, p *prepared, a asking) error {
	if req.Explain {
		return fault.Field("narrow", "A plan is of the whole question; ask for it without conditions")
	}
	plain := req
	plain.Narrow = nil
	columns, err := r.columnsFor(ctx, plain, a)
	if err != nil {
		return err
	}
	if err := distinct(columns, a.opened.Driver.Kind(), "narrow"); err != nil {
		return err
	}
	in := &inner{table: tableFrom("result", columns), alias: "narrowed", spell: r.spellWritten(req.SQL, req.Parameters, columns, a)}
	c := &compiler{spec: &Spec{}, kind: a.opened.Driver.Kind(), narrow: req.Narrow, binder: r.binder(a.opened)}
	compiled, err := c.compile(nil, in)
	if err != nil {
		return aboutNarrow(err)
	}
	p.text, p.statement.Args, p.within = compiled.SQL, compiled.Args, c.written
	return nil
}

// narrowed spells the conditions beside the question's own.
func (c *compiler) narrowed() (string, error) {
	if len(c.narrow) == 0 {
		return "", nil
	}
	all, err := c.ofColumns(&Filter{And: c.narrow})
	if err != nil {
		return "", aboutNarrow(err)
	}
	where, err := c.where(all, "narrow", func(field, name string) (target, error) {
		col, err := c.column(field, name)
		if err != nil {
			return target{}, err
		}
		return target{sql: c.sql(col), kind: kindFor(col.Kind, all, name), name: col.Name}, nil
	})
	return where, aboutNarrow(err)
}

// kindFor takes a column whose kind nobody knows for what it is compared with.
func kindFor(kind frame.Kind, f *Filter, name string) frame.Kind {
	if kind == frame.Other && numeric(f, name) {
		return frame.Number
	}
	return kind
}

func numeric(f *Filter, name string) bool {
	if f.Column == name && f.Op != Contains && f.Op != StartsWith {
		var value any
		d := json.NewDecoder(bytes.NewReader(f.Value))
		d.UseNumber()
		if d.Decode(&value) == nil {
			switch v := value.(type) {
			case json.Number:
				return true
			case []any:
				return len(v) > 0 && !slices.ContainsFunc(v, func(x any) bool { _, is := x.(json.Number); return !is })
			}
		}
	}
	is := func(f Filter) bool { return numeric(&f, name) }
	return slices.ContainsFunc(f.And, is) || slices.ContainsFunc(f.Or, is)
}

// ofColumns puts conditions on columns in place of those on dimensions.
func (c *compiler) ofColumns(f *Filter) (*Filter, error) {
	out := *f
	for _, list := range []*[]Filter{&out.And, &out.Or} {
		if *list == nil {
			continue
		}
		filled := make([]Filter, len(*list))
		for i := range *list {
			one, err := c.ofColumns(&(*list)[i])
			if err != nil {
				return nil, err
			}
			filled[i] = *one
		}
		*list = filled
	}
	if f.Column == "" {
		return &out, nil
	}
	i := slices.IndexFunc(c.dimensions, func(d dimension) bool { return strings.EqualFold(d.name, f.Column) })
	if i < 0 {
		return &out, nil
	}
	return c.spec.Dimensions[i].condition(f, c.kind)
}

// condition turns a condition on the dimension into one on its column: a period
// or a bin stands for all that falls into it, as the engine sees it.
func (d Dimension) condition(f *Filter, engine string) (*Filter, error) {
	out := *f
	out.Column = d.Column
	if d.Grain == "" && d.Bin == "" {
		return &out, nil
	}
	one := func(raw json.RawMessage) (span, error) {
		text, ok := plainText(raw)
		if !ok {
			return span{}, fault.Field("narrow", "Give a value for %s", f.Column)
		}
		return d.span(text, engine)
	}
	on := func(op Op, value json.RawMessage) Filter { return Filter{Column: d.Column, Op: op, Value: value} }
	within := func(raw json.RawMessage) (Filter, error) {
		s, err := one(raw)
		return Filter{And: []Filter{on(s.low, s.from), on(s.high, s.to)}}, err
	}
	outside := func(raw json.RawMessage) (Filter, error) {
		s, err := one(raw)
		return Filter{Or: []Filter{on(beyond[s.low], s.from), on(beyond[s.high], s.to)}}, err
	}
	switch f.Op {
	case Eq:
		in, err := within(f.Value)
		return &in, err
	case Ne:
		not, err := outside(f.Value)
		return &not, err
	case In, NotIn, Between:
		var list []json.RawMessage
		if err := json.Unmarshal(f.Value, &list); err != nil || len(list) == 0 || len(list) > mostFilters {
			return nil, fault.Field("narrow", "Give a list of 1 to %d values for %s", mostFilters, f.Column)
		}
		if f.Op == Between {
			if len(list) != 2 {
				return nil, fault.Field("narrow", "Give the two ends as a list")
			}
			first, err := one(list[0])
			if err != nil {
				return nil, err
			}
			last, err := one(list[1])
			return &Filter{And: []Filter{on(first.low, first.from), on(last.high, last.to)}}, err
		}
		parts := make([]Filter, len(list))
		for i, raw := range list {
			part, err := within(raw)
			if f.Op == NotIn {
				part, err = outside(raw)
			}
			if err != nil {
				return nil, err
			}
			parts[i] = part
		}
		if f.Op == NotIn {
			return &Filter{And: parts}, nil
		}
		return &Filter{Or: parts}, nil
	case Gt, Lte, Gte, Lt:
		s, err := one(f.Value)
		switch f.Op {
		case Gt:
			out.Op, out.Value = beyond[s.high], s.to
		case Lte:
			out.Op, out.Value = s.high, s.to
		case Gte:
			out.Op, out.Value = s.low, s.from
		default:
			out.Op, out.Value = beyond[s.low], s.from
		}
		return &out, err
	}
	return &out, nil
}

// span is what falls into a period or a bin: low and high compare with where it
// starts and where the next one does.
type span struct {
	low, high Op
	from, to  json.RawMessage
}

// beyond are the comparisons that hold where others do not.
var beyond = map[Op]Op{Gte: Lt, Gt: Lte, Lt: Gte, Lte: Gt}

// span returns the period or bin that starts with the value.
func (d Dimension) span(text, engine string) (span, error) {
	s := span{low: Gte, high: Lt}
	if d.Bin != "" {
		start, ok := new(big.Rat).SetString(text)
		width, fine := new(big.Rat).SetString(string(d.Bin))
		if !ok || !fine || !source.IsNumber(text) {
			return s, fault.Field("narrow", "%q is not a number", clip(text))
		}
		digits := max(decimals(text), decimals(string(d.Bin)))
		next := new(big.Rat).Add(start, width)
		s.from, s.to = json.RawMessage(start.FloatString(digits)), json.RawMessage(next.FloatString(digits))
		if engine == "sqlite" {
			// It divides binary fractions, by which 0.3 is the last of the tenth that starts with 0.2.
			if roundedDown(start, width) {
				s.low = Gt
			}
			if roundedDown(next, width) {
				s.high = Lte
			}
		}
		return s, nil
	}
	value, err := ParseValue(frame.Time, text)
	if err != nil {
		return s, fault.Field("narrow", "%s", fault.MessageOf(err))
	}
	at, ok := frame.ParseTime(value.Text)
	if !ok {
		return s, fault.Field("narrow", "%q is not the start of a %s", clip(text), d.Grain)
	}
	start := startOf(at, d.Grain)
	layout := time.DateOnly
	if d.Grain == source.Minute || d.Grain == source.Hour {
		layout = "2006-01-02T15:04:05"
	}
	spell := func(t time.Time) json.RawMessage { return json.RawMessage(fmt.Sprintf("%q", t.Format(layout))) }
	s.from, s.to = spell(start), spell(shift(start, d.Grain, 1))
	return s, nil
}

// roundedDown reports whether a bin's bound, divided by the width in binary
// fractions, is less than the whole number that it should be.
func roundedDown(bound, width *big.Rat) bool {
	x, _ := bound.Float64()
	w, _ := width.Float64()
	exact, _ := new(big.Rat).Quo(bound, width).Float64()
	return math.Floor(x/w) < math.Round(exact)
}

// decimals returns how many digits follow the point of a plain number.
func decimals(text string) int {
	if r, ok := new(big.Rat).SetString(text); ok && strings.ContainsAny(text, "eE") {
		text = strings.TrimRight(r.FloatString(40), "0")
	}
	_, fraction, _ := strings.Cut(text, ".")
	return len(fraction)
}
