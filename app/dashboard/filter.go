package dashboard

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
)

// Addresses carry a filter's value as f.ID, the ends of a number's range as
// f.ID.from and f.ID.to, and a condition that no filter has as x.COLUMN, or n.COLUMN for null.
const (
	inAddress  = "f."
	freeValue  = "x."
	freeNull   = "n."
	noneChosen = "-" // stands for no value where a filter has a default
)

// mostFree bounds the conditions of an address beside the filters.
const mostFree = 20

// between values of a list in one text; a value never holds a line's end.
const separator = "\n"

// Split returns the values of a list's text.
func Split(text string) (list []string) {
	for v := range strings.SplitSeq(text, separator) {
		if v != "" && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// Join makes one text of a list's values.
func Join(list []string) string { return strings.Join(Split(strings.Join(list, separator)), separator) }

// number reads a range of numbers: "10 to 20", ">= 10", "< 5", "7".
var number = regexp.MustCompile(`^(?:(-?[\d.]+(?:[eE][+-]?\d+)?)\s*(?:to|–|\.\.)\s*(-?[\d.]+(?:[eE][+-]?\d+)?)|(>=|<=|>|<|≥|≤|=)?\s*(-?[\d.]+(?:[eE][+-]?\d+)?))$`)

// read tells whether the filter understands a value.
func (f *Filter) read(value string, now time.Time) error {
	_, err := f.conditions("column", value, now)
	return err
}

// conditions returns what a value asks of a column; nothing where it asks nothing.
func (f *Filter) conditions(column, value string, now time.Time) ([]query.Filter, error) {
	if value = strings.TrimSpace(value); value == "" {
		return nil, nil
	}
	text := func(s string) json.RawMessage { body, _ := json.Marshal(s); return body }
	one := func(op query.Op, v json.RawMessage) []query.Filter {
		return []query.Filter{{Column: column, Op: op, Value: v}}
	}
	switch f.Kind {
	case DateRange:
		r, err := ParseRange(value, now)
		if err != nil {
			return nil, err
		}
		return r.conditions(column), nil
	case Search:
		return one(query.Contains, text(value)), nil
	case Number:
		m := number.FindStringSubmatch(value)
		if m == nil {
			return nil, fault.New(fault.Invalid, "%q is no number or range; write it as 10, 10 to 20, >= 10 or < 5", clip(value))
		}
		for _, n := range []string{m[1], m[2], m[4]} {
			if _, err := query.ParseValue(frame.Number, n); n != "" && err != nil {
				return nil, err
			}
		}
		if m[1] != "" {
			return append(one(query.Gte, text(m[1])), one(query.Lte, text(m[2]))...), nil
		}
		op := map[string]query.Op{"": query.Eq, "=": query.Eq, ">": query.Gt, "<": query.Lt, ">=": query.Gte, "≥": query.Gte, "<=": query.Lte, "≤": query.Lte}[m[3]]
		return one(op, text(m[4])), nil
	case Toggle:
		v, err := query.ParseValue(frame.Bool, value)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%q is neither yes nor no", clip(value))
		}
		return one(query.Eq, json.RawMessage(v.Text)), nil
	}
	list := Split(value)
	if !f.Many {
		list = list[:min(1, len(list))]
	}
	if len(list) > mostValues {
		return nil, fault.New(fault.Invalid, "Choose at most %d values", mostValues)
	}
	switch len(list) {
	case 0:
		return nil, nil
	case 1:
		return one(query.Eq, text(list[0])), nil
	}
	body, err := json.Marshal(list)
	return one(query.In, body), err
}

// conditions returns what a range asks of a column.
func (r Range) conditions(column string) (list []query.Filter) {
	text := func(t time.Time) json.RawMessage { body, _ := json.Marshal(r.text(t)); return body }
	if !r.From.IsZero() {
		list = append(list, query.Filter{Column: column, Op: query.Gte, Value: text(r.From)})
	}
	if !r.To.IsZero() {
		list = append(list, query.Filter{Column: column, Op: query.Lt, Value: text(r.To)})
	}
	return list
}

func clip(s string) string { return fault.Clip(s, 40) }

var (
	beginning = regexp.MustCompile(`(?i)(^|_)(from|start|since|after|begin|min|low|first)(_|$)`)
	ending    = regexp.MustCompile(`(?i)(^|_)(to|end|until|before|max|high|last)(_|$)`)
)

// parameter returns the text that a value gives a written question's parameter;
// of a range a parameter such as "from" or "start_date" takes the beginning, one
// such as "to" or "end_date" the end.
func (f *Filter) parameter(name, value string, now time.Time) (string, error) {
	if value = strings.TrimSpace(value); value == "" {
		return "", nil
	}
	switch f.Kind {
	case DateRange:
		r, err := ParseRange(value, now)
		if err != nil {
			return "", err
		}
		switch {
		case ending.MatchString(name) && !r.To.IsZero():
			return r.text(r.last()), nil
		case ending.MatchString(name):
			return "9999-12-31", nil
		case !r.From.IsZero():
			return r.text(r.From), nil
		}
		return "0001-01-01", nil
	case Number:
		list, err := f.conditions("", value, now)
		if err != nil || len(list) == 0 {
			return "", err
		}
		var text string
		at := 0
		if ending.MatchString(name) && !beginning.MatchString(name) {
			at = len(list) - 1
		}
		err = json.Unmarshal(list[at].Value, &text)
		return text, err
	case Toggle:
		v, err := query.ParseValue(frame.Bool, value)
		return v.Text, err
	case List:
		return strings.Join(Split(value), ","), nil
	}
	return value, nil
}

// Values returns the values of filters and of further conditions that an address
// gives, by the filters' ids and, as in the address, x.COLUMN and n.COLUMN; a
// filter that it does not name has its default. What cannot be read is told by
// the filter's id and left out.
func (b *Body) Values(given url.Values, now time.Time) (values, problems map[string]string) {
	values, problems = map[string]string{}, map[string]string{}
	for i := range b.Filters {
		f := &b.Filters[i]
		value := f.given(given)
		if err := f.read(value, now); err != nil {
			problems[f.ID] = fault.MessageOf(err)
			continue
		}
		if value != "" {
			values[f.ID] = value
		}
	}
	n := 0
	for name, list := range given {
		column, is := strings.CutPrefix(name, freeValue)
		if !is {
			column, is = strings.CutPrefix(name, freeNull)
		}
		if is && column != "" && len(list) > 0 && n < mostFree {
			values[name] = list[0]
			n++
		}
	}
	return values, problems
}

// given returns what an address gives a filter, or its default.
func (f *Filter) given(v url.Values) string {
	key := inAddress + f.ID
	if f.Kind == Number && (v.Has(key+".from") || v.Has(key+".to")) {
		from, to := strings.TrimSpace(v.Get(key+".from")), strings.TrimSpace(v.Get(key+".to"))
		switch {
		case from != "" && to != "":
			return from + " to " + to
		case from != "":
			return ">= " + from
		case to != "":
			return "<= " + to
		}
		return ""
	}
	list, named := v[key]
	if !named {
		return f.Default
	}
	list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return strings.TrimSpace(s) == "" || s == noneChosen })
	if f.Kind == List {
		return Join(list)
	}
	if len(list) == 0 {
		return ""
	}
	return strings.TrimSpace(list[0])
}

// Address returns how an address says the values: what is as a filter's default
// is not named, and nothing in place of a default is.
func (b *Body) Address(values map[string]string) url.Values {
	v := url.Values{}
	for i := range b.Filters {
		f := &b.Filters[i]
		switch value := values[f.ID]; {
		case value == f.Default:
		case value == "":
			v.Set(inAddress+f.ID, noneChosen)
		case f.Kind == List:
			v[inAddress+f.ID] = Split(value)
		default:
			v.Set(inAddress+f.ID, value)
		}
	}
	for name, value := range values {
		if strings.HasPrefix(name, freeValue) || strings.HasPrefix(name, freeNull) {
			v.Set(name, value)
		}
	}
	return v
}

// Condition is one of an address that no filter has.
type Condition struct {
	Key    string // as in the address
	Column string
	Value  string
	Null   bool
}

// Conditions returns the conditions among values that no filter has, by column.
func Conditions(values map[string]string) (list []Condition) {
	for key, value := range values {
		if column, ok := strings.CutPrefix(key, freeValue); ok {
			list = append(list, Condition{Key: key, Column: column, Value: value})
		} else if column, ok := strings.CutPrefix(key, freeNull); ok {
			list = append(list, Condition{Key: key, Column: column, Null: true})
		}
	}
	slices.SortFunc(list, func(a, b Condition) int { return strings.Compare(a.Key, b.Key) })
	return list
}

// Free returns the address's name of a condition on a column.
func Free(column string, null bool) string {
	if null {
		return freeNull + column
	}
	return freeValue + column
}

var days = regexp.MustCompile(`^\d{4}-\d\d-\d\d( to \d{4}-\d\d-\d\d)?$`)

func (c Condition) filters(now time.Time) []query.Filter {
	if c.Null {
		return []query.Filter{{Column: c.Column, Op: query.IsNull}}
	}
	if strings.Contains(c.Value, " to ") && days.MatchString(c.Value) {
		if r, err := ParseRange(c.Value, now); err == nil {
			return r.conditions(c.Column)
		}
	}
	body, _ := json.Marshal(c.Value)
	return []query.Filter{{Column: c.Column, Op: query.Eq, Value: body}}
}

// Applied is what the filters ask of one card.
type Applied struct {
	// Narrow are conditions by filters that name the card.
	Narrow []query.Filter
	// Free are conditions of the address, which the card need not have a column for.
	Free []query.Filter
	// Parameters are values for a written question's.
	Parameters map[string]string
}

// Apply returns what values ask of a card, as of now in the zone of its connection.
func (b *Body) Apply(c *Card, values map[string]string, now time.Time) (Applied, error) {
	a := Applied{Parameters: map[string]string{}}
	for name, value := range c.Parameters {
		a.Parameters[name] = value
	}
	for i := range b.Filters {
		f := &b.Filters[i]
		value := values[f.ID]
		if value == "" {
			continue
		}
		for _, t := range f.Targets {
			if t.Card != c.ID {
				continue
			}
			if t.Parameter != "" {
				text, err := f.parameter(t.Parameter, value, now)
				if err != nil {
					return a, fault.New(fault.Invalid, "%s: %s", f.Label, fault.MessageOf(err))
				}
				if _, fixed := c.Parameters[t.Parameter]; !fixed {
					a.Parameters[t.Parameter] = text
				}
				continue
			}
			list, err := f.conditions(t.Column, value, now)
			if err != nil {
				return a, fault.New(fault.Invalid, "%s: %s", f.Label, fault.MessageOf(err))
			}
			a.Narrow = append(a.Narrow, list...)
		}
	}
	for _, one := range Conditions(values) {
		a.Free = append(a.Free, one.filters(now)...)
	}
	return a, nil
}

// Said is a filter's value in words for a chip or a line of print.
func (f *Filter) Said(value string) string {
	switch f.Kind {
	case List:
		return strings.Join(Split(value), ", ")
	case Search:
		return "“" + value + "”"
	case Toggle:
		if v, err := query.ParseValue(frame.Bool, value); err == nil && v.Text == "true" {
			return "yes"
		}
		return "no"
	}
	return value
}

// Fields are what of a card's question a filter can set.
type Fields struct {
	Card       string
	Columns    []frame.Column
	Parameters []query.Parameter
}

// Suggest returns targets for a filter: in each card the column or parameter of
// that name, or of one that means the same; a parameter before a column.
func Suggest(name string, kind FilterKind, cards []Fields) (list []Target) {
	same := func(other string) bool { return plain(other) == plain(name) }
	for _, c := range cards {
		found := len(list)
		for _, p := range c.Parameters {
			stem := ending.ReplaceAllString(beginning.ReplaceAllString(p.Name, "_"), "_")
			if same(p.Name) || kind == DateRange && (same(stem) || strings.Trim(stem, "_") == "" || plain(stem) == "date") {
				list = append(list, Target{Card: c.Card, Parameter: p.Name})
			}
		}
		if len(list) > found {
			continue
		}
		for _, col := range c.Columns {
			if same(col.Name) && kind.takes(col.Kind) {
				list = append(list, Target{Card: c.Card, Column: col.Name})
				break
			}
		}
	}
	return list
}

// takes reports whether a filter can ask something of a column of the kind.
func (k FilterKind) takes(column frame.Kind) bool {
	switch {
	case column == frame.JSON || column == frame.Binary:
		return false
	case column == frame.Other:
		return true
	case k == DateRange:
		return column == frame.Date || column == frame.Time
	case k == Search:
		return column == frame.Text
	case k == Number:
		return column == frame.Number
	case k == Toggle:
		return column == frame.Bool
	}
	return true
}

// plain is a column's name without its table, case and signs.
func plain(name string) string {
	name = name[strings.LastIndexByte(name, '.')+1:]
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}
