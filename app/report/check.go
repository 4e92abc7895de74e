package report

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
)

// Themes are the looks on paper, the usual one first.
var Themes = []string{"report", "plain", "compact"}

const (
	mostParameters = 20
	mostValues     = 500
	longestAge     = 7 * 24 * 60 * 60
)

var parameterName = regexp.MustCompile(`^[\pL_][\pL\pN_]{0,62}$`)

// Check tells what is wrong with the body, by field: "text" names the lines that
// cannot be read. Questions that are not there are no mistake of the text, as they
// may come and go; their places say so when the report is made.
func (b *Body) Check() error {
	b.Text = strings.ReplaceAll(b.Text, "\r\n", "\n")
	b.Subtitle = strings.TrimSpace(b.Subtitle)
	var problems fault.Fields
	if utf8.RuneCountInString(b.Subtitle) > 300 {
		problems.Add("subtitle", "A subtitle has at most 300 characters")
	}
	if b.Theme != "" && !slices.Contains(Themes, b.Theme) {
		problems.Add("theme", "The theme is one of %s", strings.Join(Themes, ", "))
	}
	if b.MaxAge < 0 || b.MaxAge > longestAge {
		problems.Add("max_age", "An answer may be at most a week old")
	}
	names := b.checkParameters(&problems)
	src, err := document.Parse(b.Text)
	for field, message := range fault.FieldsOf(err) {
		problems.Add(field, "%s", message)
	}
	if src != nil && err == nil {
		if said := wrong(src.Refs(), names); len(said) > 0 {
			problems.Add("text", "%s", strings.Join(said, ". "))
		}
	}
	return problems.Err()
}

// wrong tells which parameters and kinds of charts the text names that there are not.
func wrong(refs document.Refs, names []string) (said []string) {
	for _, n := range refs.Names {
		if !slices.Contains(names, n.Name) {
			said = append(said, fmt.Sprintf("Line %d: the report has no parameter %s", n.Line, n.Name))
		}
	}
	kinds := figure.KindNames()
	for _, l := range refs.Lives {
		if l.Kind == "chart" && l.Chart != "" && !strings.HasPrefix(l.Chart, "{") && !slices.Contains(kinds, strings.ToLower(l.Chart)) {
			said = append(said, fmt.Sprintf("Line %d: there is no kind of chart “%s”; there are %s", l.Line, l.Chart, strings.Join(kinds, ", ")))
		}
	}
	return said
}

func (b *Body) checkParameters(problems *fault.Fields) (names []string) {
	if len(b.Parameters) > mostParameters {
		problems.Add("parameters", "A report has at most %d parameters", mostParameters)
		return nil
	}
	for i := range b.Parameters {
		p := &b.Parameters[i]
		field := fmt.Sprintf("parameters[%d]", i)
		p.Name, p.Label, p.Default = strings.TrimSpace(p.Name), strings.TrimSpace(p.Label), strings.TrimSpace(p.Default)
		switch {
		case !parameterName.MatchString(p.Name):
			problems.Add(field+".name", "A parameter's name has letters, digits and underscores")
		case slices.Contains(names, p.Name):
			problems.Add(field+".name", "There are two parameters %s", p.Name)
		}
		names = append(names, p.Name)
		if p.Kind == "" {
			p.Kind = "text"
			if len(p.Values) > 0 {
				p.Kind = "list"
			}
		}
		if utf8.RuneCountInString(p.Label) > 100 || utf8.RuneCountInString(p.Default) > 1000 {
			problems.Add(field+".label", "A label has at most 100 characters, a value 1,000")
		}
		switch p.Kind {
		case "text":
		case "number":
			if x, err := strconv.ParseFloat(p.Default, 64); p.Default != "" && (err != nil || math.IsNaN(x) || math.IsInf(x, 0)) {
				problems.Add(field+".default", "%q is not a number", p.Default)
			}
		case "date":
			if _, err := time.Parse(time.DateOnly, p.Default); p.Default != "" && err != nil {
				problems.Add(field+".default", "%q is not a day such as 2026-01-31", p.Default)
			}
		case "list":
			if len(p.Values) == 0 || len(p.Values) > mostValues {
				problems.Add(field+".values", "A list has 1 to %d values", mostValues)
			} else if p.Default != "" && !slices.Contains(p.Values, p.Default) {
				problems.Add(field+".default", "%q is not in the list", p.Default)
			}
		default:
			problems.Add(field+".kind", "A parameter is text, number, date or list")
		}
		if p.Kind != "list" {
			p.Values = nil
		}
	}
	return names
}
