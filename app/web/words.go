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

// title says in words what a spec asks.
func title(s *query.Spec) string {
	var what []string
	for _, m := range s.Measures {
		switch {
		case m.As != "":
			what = append(what, figure.Spoken(m.As))
		case m.Fn == query.Count && m.Column == "":
			what = append(what, "count of "+figure.Spoken(s.Table))
		default:
			what = append(what, fnWords[m.Fn]+" "+figure.Spoken(m.Column))
		}
	}
	if len(what) == 0 {
		what = []string{figure.Spoken(s.Table)}
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
	if len(by) > 0 {
		text += " by " + strings.Join(by, " and ")
	}
	if first, size := utf8.DecodeRuneInString(text); first != utf8.RuneError {
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	return text
}
