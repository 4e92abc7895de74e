package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
)

// binder collects values in the order in which their placeholders appear in the text.
type binder struct {
	dialect source.Dialect
	now     time.Time // in the connection's zone
	args    []source.Arg
	// constant writes values into the text, each as a constant that cannot be anything else.
	constant bool
}

func (b *binder) bind(kind frame.Kind, text string) string {
	if b.constant {
		return b.dialect.Literal(text, kind)
	}
	b.args = append(b.args, source.Arg{Kind: kind, Text: text})
	return b.dialect.Placeholder(len(b.args), kind)
}

// target is what a condition is about: an expression, its kind and its name for messages.
type target struct {
	sql  string
	kind frame.Kind
	name string
}

// where spells a filter; resolve turns a column's name into its expression. An
// empty filter gives "".
func (b *binder) where(f *Filter, path string, resolve func(field, name string) (target, error)) (string, error) {
	switch {
	case f == nil:
		return "", nil
	case f.And != nil:
		return b.group(f.And, " AND ", path+".and", resolve)
	case f.Or != nil:
		return b.group(f.Or, " OR ", path+".or", resolve)
	case f.Column == "":
		return "", nil
	}
	t, err := resolve(path+".column", f.Column)
	if err != nil {
		return "", err
	}
	return b.condition(t, f, path)
}

func (b *binder) group(list []Filter, joint, path string, resolve func(field, name string) (target, error)) (string, error) {
	var parts []string
	for i := range list {
		part, err := b.where(&list[i], fmt.Sprintf("%s[%d]", path, i), resolve)
		if err != nil {
			return "", err
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	switch len(parts) {
	case 0:
		return "", nil
	case 1:
		return parts[0], nil
	}
	return "(" + strings.Join(parts, joint) + ")", nil
}

var comparisons = map[Op]string{Eq: "=", Ne: "<>", Lt: "<", Lte: "<=", Gt: ">", Gte: ">="}

func (b *binder) condition(t target, f *Filter, path string) (string, error) {
	field := path + ".value"
	switch f.Op {
	case IsNull:
		return t.sql + " IS NULL", nil
	case NotNull:
		return t.sql + " IS NOT NULL", nil
	}
	if t.kind == frame.JSON || t.kind == frame.Binary {
		return "", fault.Field(path+".op", "The column %s holds %s: it can only be tested for being empty", t.name, t.kind)
	}
	switch f.Op {
	case Eq, Ne, Lt, Lte, Gt, Gte:
		v, err := value(field, t, f.Value)
		if err != nil {
			return "", err
		}
		return b.compare(t, f.Op, v)
	case In, NotIn:
		var list []json.RawMessage
		if err := json.Unmarshal(f.Value, &list); err != nil || len(list) == 0 || len(list) > mostInList {
			return "", fault.Field(field, "Give a list of 1 to %d values", mostInList)
		}
		return b.inList(t, f.Op, list, field)
	case Contains, StartsWith:
		if t.kind != frame.Text && t.kind != frame.Other {
			return "", fault.Field(path+".op", "%s asks about text, but %s holds %s", f.Op, t.name, t.kind)
		}
		var text string
		if err := json.Unmarshal(f.Value, &text); err != nil || text == "" {
			return "", fault.Field(field, "Give the text to look for")
		}
		p := b.bind(frame.Text, b.dialect.Pattern(text, f.Op == Contains))
		if f.Op == Contains {
			return b.dialect.Contains(t.sql, p), nil
		}
		return b.dialect.StartsWith(t.sql, p), nil
	case Between:
		var ends []json.RawMessage
		if err := json.Unmarshal(f.Value, &ends); err != nil || len(ends) != 2 {
			return "", fault.Field(field, "Give the two ends as a list")
		}
		low, err := value(field, t, ends[0])
		if err != nil {
			return "", err
		}
		high, err := value(field, t, ends[1])
		if err != nil {
			return "", err
		}
		left, err := b.compare(t, Gte, low)
		if err != nil {
			return "", err
		}
		right, err := b.compare(t, Lte, high)
		return "(" + left + " AND " + right + ")", err
	case Last:
		return b.last(t, f.Value, path)
	}
	return "", fault.Field(path+".op", "%q is not an operator", f.Op)
}

// compare spells a comparison. A day compared with a time column means the whole
// day: "at most the 31st" takes in its last second.
func (b *binder) compare(t target, op Op, v constant) (string, error) {
	if t.kind == frame.Time && v.kind == frame.Date {
		day, _ := frame.ParseTime(v.text)
		start, next := v.text, day.AddDate(0, 0, 1).Format(time.DateOnly)
		switch op {
		case Lt, Gte:
			return b.plain(t, op, constant{frame.Time, start + "T00:00:00"}), nil
		case Lte:
			return b.plain(t, Lt, constant{frame.Time, next + "T00:00:00"}), nil
		case Gt:
			return b.plain(t, Gte, constant{frame.Time, next + "T00:00:00"}), nil
		case Eq, Ne:
			from := b.plain(t, Gte, constant{frame.Time, start + "T00:00:00"})
			to := b.plain(t, Lt, constant{frame.Time, next + "T00:00:00"})
			if op == Eq {
				return "(" + from + " AND " + to + ")", nil
			}
			return "(NOT (" + from + " AND " + to + "))", nil
		}
	}
	return b.plain(t, op, v), nil
}

func (b *binder) plain(t target, op Op, v constant) string {
	left, right := b.dialect.Compare(t.sql, b.bind(v.kind, v.text), v.kind)
	return left + " " + comparisons[op] + " " + right
}

func (b *binder) inList(t target, op Op, list []json.RawMessage, field string) (string, error) {
	var lefts, rights []string
	for i, raw := range list {
		v, err := value(fmt.Sprintf("%s[%d]", field, i), t, raw)
		if err != nil {
			return "", err
		}
		if t.kind == frame.Time && v.kind == frame.Date {
			v = constant{frame.Time, v.text + "T00:00:00"}
		}
		left, right := b.dialect.Compare(t.sql, b.bind(v.kind, v.text), v.kind)
		lefts, rights = append(lefts, left), append(rights, right)
	}
	word := " IN ("
	if op == NotIn {
		word = " NOT IN ("
	}
	return lefts[0] + word + strings.Join(rights, ", ") + ")", nil
}

// last spells "the present period and the n-1 before it".
func (b *binder) last(t target, raw json.RawMessage, path string) (string, error) {
	if t.kind != frame.Date && t.kind != frame.Time {
		return "", fault.Field(path+".op", "last asks about dates, but %s holds %s", t.name, t.kind)
	}
	n, unit, ok := parsePeriod(raw)
	if !ok {
		return "", fault.Field(path+".value", "Give a period such as \"30 days\"")
	}
	start := startOf(b.now, unit)
	from, to := shift(start, unit, 1-n), shift(start, unit, 1)
	spell := func(x time.Time) constant {
		if t.kind == frame.Date {
			return constant{frame.Date, x.Format(time.DateOnly)}
		}
		return constant{frame.Time, x.Format("2006-01-02T15:04:05")}
	}
	return "(" + b.plain(t, Gte, spell(from)) + " AND " + b.plain(t, Lt, spell(to)) + ")", nil
}

func parsePeriod(raw json.RawMessage) (n int, unit source.Grain, ok bool) {
	var period struct {
		N    int    `json:"n"`
		Unit string `json:"unit"`
	}
	if json.Unmarshal(raw, &period) != nil {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return 0, "", false
		}
		number, word, found := strings.Cut(strings.TrimSpace(text), " ")
		if !found {
			number, word = "1", number
		}
		var err error
		if period.N, err = strconv.Atoi(number); err != nil {
			return 0, "", false
		}
		period.Unit = word
	}
	unit = source.Grain(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(period.Unit)), "s"))
	for _, g := range source.Grains {
		if g == unit {
			return period.N, unit, period.N > 0 && period.N <= 100_000
		}
	}
	return 0, "", false
}

func startOf(t time.Time, unit source.Grain) time.Time {
	y, m, d := t.Date()
	switch unit {
	case source.Minute:
		return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, t.Location())
	case source.Hour:
		return time.Date(y, m, d, t.Hour(), 0, 0, 0, t.Location())
	case source.Week:
		d -= (int(t.Weekday()) + 6) % 7
	case source.Month:
		d = 1
	case source.Quarter:
		m, d = m-(m-1)%3, 1
	case source.Year:
		m, d = 1, 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

func shift(t time.Time, unit source.Grain, n int) time.Time {
	switch unit {
	case source.Minute:
		return t.Add(time.Duration(n) * time.Minute)
	case source.Hour:
		return t.Add(time.Duration(n) * time.Hour)
	case source.Week:
		return t.AddDate(0, 0, 7*n)
	case source.Month:
		return t.AddDate(0, n, 0)
	case source.Quarter:
		return t.AddDate(0, 3*n, 0)
	case source.Year:
		return t.AddDate(n, 0, 0)
	}
	return t.AddDate(0, 0, n)
}

// constant is a typed value in canonical form.
type constant struct {
	kind frame.Kind
	text string
}

// value reads a JSON value as the kind its column has.
func value(field string, t target, raw json.RawMessage) (constant, error) {
	text, ok := plainText(raw)
	if !ok {
		return constant{}, fault.Field(field, "Give a value for %s", t.name)
	}
	c, err := ParseValue(t.kind, text)
	if err != nil {
		return constant{}, fault.Field(field, "%s: %s", t.name, fault.MessageOf(err))
	}
	return constant{c.Kind, c.Text}, nil
}

// plainText returns a JSON string, number or boolean as text.
func plainText(raw json.RawMessage) (string, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || bytes.Equal(raw, []byte("null")) {
		return "", false
	}
	if raw[0] != '"' {
		return string(raw), true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

var numberPattern = regexp.MustCompile(`^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$`)

// ParseValue reads what a person typed as a value of the kind, in canonical form.
// A day given for a time stays a Date.
func ParseValue(kind frame.Kind, text string) (source.Arg, error) {
	trimmed := strings.TrimSpace(text)
	switch kind {
	case frame.Number:
		n := strings.TrimPrefix(trimmed, "+")
		if !numberPattern.MatchString(n) || len(n) > 400 {
			return source.Arg{}, fault.New(fault.Invalid, "%q is not a number", clip(trimmed))
		}
		return source.Arg{Kind: frame.Number, Text: n}, nil
	case frame.Bool:
		switch strings.ToLower(trimmed) {
		case "true", "t", "yes", "1", "on":
			return source.Arg{Kind: frame.Bool, Text: "true"}, nil
		case "false", "f", "no", "0", "off":
			return source.Arg{Kind: frame.Bool, Text: "false"}, nil
		}
		return source.Arg{}, fault.New(fault.Invalid, "%q is neither true nor false", clip(trimmed))
	case frame.Date, frame.Time:
		if t, err := time.Parse(time.DateOnly, trimmed); err == nil {
			return source.Arg{Kind: frame.Date, Text: t.Format(time.DateOnly)}, nil
		}
		for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04"} {
			t, err := time.Parse(layout, strings.Replace(trimmed, " ", "T", 1))
			if err != nil {
				continue
			}
			if kind == frame.Date {
				return source.Arg{Kind: frame.Date, Text: t.Format(time.DateOnly)}, nil
			}
			return source.Arg{Kind: frame.Time, Text: string(frame.AppendTime(nil, t, strings.HasSuffix(layout, "Z07:00")))}, nil
		}
		return source.Arg{}, fault.New(fault.Invalid, "%q is not a date such as 2024-01-31", clip(trimmed))
	default:
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return source.Arg{}, fault.New(fault.Invalid, "The text holds characters that no database takes")
		}
		return source.Arg{Kind: frame.Text, Text: text}, nil
	}
}

func clip(s string) string { return fault.Clip(s, 40) }
