package web

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"assay/app/figure"
	"assay/app/query"
)

var fnWords = map[query.Fn]string{query.Count: "count of", query.CountDistinct: "distinct", query.Sum: "total", query.Avg: "average",
	query.Min: "least", query.Max: "greatest", query.Median: "median"}

// longestSource is how much of a saved question's name a title has.
const longestSource = 60

// fromQuestion says which saved question is asked.
func fromQuestion(name string) string {
	if r := []rune(name); len(r) > longestSource {
		name = string(r[:longestSource]) + "…"
	}
	return "from the question ‘" + name + "’"
}

// title says in words what a spec asks; from is the name of the saved question
// that it asks in place of a table, "" where that is not known.
func title(s *query.Spec, from string) string {
	of := figure.Spoken(s.Table)
	if s.Question != "" {
		of = "rows"
	}
	var what []string
	for _, m := range s.Measures {
		switch {
		case m.As != "":
			what = append(what, figure.Spoken(m.As))
		case m.Fn == query.Count && m.Column == "":
			what = append(what, "count of "+of)
		default:
			what = append(what, fnWords[m.Fn]+" "+figure.Spoken(m.Column))
		}
	}
	if len(what) == 0 && (len(s.Dimensions) == 0 || s.Question == "") {
		what = []string{of}
	}
	text := strings.Join(what, ", ")
	var by []string
	for _, d := range s.Dimensions {
		if d.Grain != "" {
			by = append(by, string(d.Grain))
		} else {
			by = append(by, figure.Spoken(d.Column))
		}
	}
	switch {
	case len(by) > 0 && text == "":
		text = strings.Join(by, " and ")
	case len(by) > 0:
		text += " by " + strings.Join(by, " and ")
	}
	if first, size := utf8.DecodeRuneInString(text); first != utf8.RuneError {
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	switch {
	case from != "":
		text += ", " + fromQuestion(from)
	case s.Question != "":
		text += ", from a question that is not there"
	}
	return text
}
