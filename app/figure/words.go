package figure

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"assay/app/document"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/source"
)

// Spoken is a column's name as people say it: without its table, with spaces.
func Spoken(name string) string {
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '.')+1:], "_", " ")
}

// Failure says in words why a question has no answer; positions are told in the
// lines of what was asked.
func Failure(err error, asked string) *document.Failure {
	f := source.AsFailure(err)
	if f == nil {
		var said []string
		for _, message := range fault.FieldsOf(err) {
			said = append(said, message)
		}
		message := fault.MessageOf(err)
		if len(said) > 1 {
			message = strings.Join(said, ". ")
		}
		return &document.Failure{Title: "The question needs another look", Message: message}
	}
	titles := map[source.Code]string{
		source.Refused: "This statement was not sent", source.OverBudget: "Over budget", source.DeadlineExceeded: "Out of time",
		source.Cancelled: "Cancelled", source.DatabaseError: "The database could not answer", source.Unreachable: "The database could not be reached",
	}
	v := &document.Failure{Title: titles[f.Code], Message: f.Message, Hint: f.Hint}
	if f.Position > 0 && asked != "" {
		line, column := lineColumn(asked, f.Position)
		v.Position = fmt.Sprintf("Line %d, column %d", line, column)
	}
	return v
}

func lineColumn(text string, position int) (line, column int) {
	line, column = 1, 1
	for i, r := range []rune(text) {
		if i+1 >= position {
			break
		}
		if r == '\n' {
			line, column = line+1, 1
		} else {
			column++
		}
	}
	return line, column
}

// Narrowed says in words which rows an answer is of: what is filtered, and the
// values that a written question was given.
func Narrowed(spec *query.Spec, given map[string]string, narrow []query.Filter) []string {
	var parts, said []string
	if spec != nil {
		for _, f := range []*query.Filter{spec.Filters, spec.Having} {
			if text := conditions(f, true); text != "" {
				said = append(said, text)
			}
		}
	}
	for i := range narrow {
		if text := conditions(&narrow[i], len(narrow) == 1 && len(said) == 0); text != "" {
			said = append(said, text)
		}
	}
	if len(said) > 0 {
		parts = append(parts, "where "+strings.Join(said, " and "))
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		parts = append(parts, Spoken(name)+" = "+brief(given[name]))
	}
	return parts
}

// conditions says a filter in words; outer says that no brackets are needed around it.
func conditions(f *query.Filter, outer bool) string {
	if f == nil {
		return ""
	}
	list, between := f.And, " and "
	if f.Or != nil {
		list, between = f.Or, " or "
	}
	if f.And == nil && f.Or == nil {
		if f.Column == "" {
			return ""
		}
		how, value := OpWords[f.Op], brief(ValueText(f))
		switch {
		case f.Op == query.Between:
			how = "from" // 1 to 2
		case f.Op == query.Last && value != "" && !strings.HasPrefix(value, "1 ") && !strings.HasSuffix(value, "s"):
			value += "s"
		}
		return strings.TrimSpace(Spoken(f.Column) + " " + how + " " + value)
	}
	var said []string
	for i := range list {
		if text := conditions(&list[i], len(list) == 1); text != "" {
			said = append(said, text)
		}
	}
	if text := strings.Join(said, between); outer || len(said) < 2 {
		return text
	}
	return "(" + strings.Join(said, between) + ")"
}

// brief cuts a value to what a caption has room for.
func brief(text string) string {
	const most = 80
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// OpWords are the operators as people read them.
var OpWords = map[query.Op]string{query.Eq: "is", query.Ne: "is not", query.Lt: "<", query.Lte: "≤", query.Gt: ">", query.Gte: "≥", query.In: "is one of",
	query.NotIn: "is none of", query.Contains: "contains", query.StartsWith: "starts with", query.IsNull: "is empty", query.NotNull: "is not empty",
	query.Between: "between", query.Last: "in the last"}

// ValueText is a filter's value as a person types it: ends joined by "to", members by commas.
func ValueText(f *query.Filter) string {
	var list []json.RawMessage
	if json.Unmarshal(f.Value, &list) == nil && len(f.Value) > 0 && f.Value[0] == '[' {
		parts := make([]string, len(list))
		for i, raw := range list {
			parts[i] = ScalarText(raw)
		}
		if f.Op == query.Between {
			return strings.Join(parts, " to ")
		}
		return strings.Join(parts, ", ")
	}
	var period struct {
		N    int    `json:"n"`
		Unit string `json:"unit"`
	}
	if f.Op == query.Last && json.Unmarshal(f.Value, &period) == nil && period.N > 0 {
		return strconv.Itoa(period.N) + " " + period.Unit
	}
	return ScalarText(f.Value)
}

// ScalarText is a JSON string, number or truth as text; null is empty.
func ScalarText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	if string(raw) == "null" {
		return ""
	}
	return string(raw)
}
