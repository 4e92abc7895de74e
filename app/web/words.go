package web

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"assay/app/query"
)

// spoken is a column's name as people say it: without its table, with spaces.
func spoken(name string) string {
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '.')+1:], "_", " ")
}

var fnWords = map[query.Fn]string{query.Count: "count of", query.CountDistinct: "distinct", query.Sum: "total", query.Avg: "average",
	query.Min: "least", query.Max: "greatest", query.Median: "median"}

// title says in words what a spec asks.
func title(s *query.Spec) string {
	var what []string
	for _, m := range s.Measures {
		switch {
		case m.As != "":
			what = append(what, spoken(m.As))
		case m.Fn == query.Count && m.Column == "":
			what = append(what, "count of "+spoken(s.Table))
		default:
			what = append(what, fnWords[m.Fn]+" "+spoken(m.Column))
		}
	}
	if len(what) == 0 {
		what = []string{spoken(s.Table)}
	}
	text := strings.Join(what, ", ")
	var by []string
	for _, d := range s.Dimensions {
		if d.Grain != "" {
			by = append(by, string(d.Grain))
		} else {
			by = append(by, spoken(d.Column))
		}
	}
	if len(by) > 0 {
		text += " by " + strings.Join(by, " and ")
	}
	if first, size := utf8.DecodeRuneInString(text); first != utf8.RuneError {
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	return text
}

// narrowed says in words which rows an answer is of: what is filtered, and the
// values that a written question was given.
func (p *presenter) narrowed() []string {
	var parts []string
	if p.spec != nil {
		var said []string
		for _, f := range []*query.Filter{p.spec.Filters, p.spec.Having} {
			if text := conditions(f, true); text != "" {
				said = append(said, text)
			}
		}
		if len(said) > 0 {
			parts = append(parts, "where "+strings.Join(said, " and "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.given)) {
		parts = append(parts, spoken(name)+" = "+brief(p.given[name]))
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
		how, value := opLabels[f.Op], brief(valueText(f))
		switch {
		case f.Op == query.Between:
			how = "from" // 1 to 2
		case f.Op == query.Last && value != "" && !strings.HasPrefix(value, "1 ") && !strings.HasSuffix(value, "s"):
			value += "s"
		}
		return strings.TrimSpace(spoken(f.Column) + " " + how + " " + value)
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
