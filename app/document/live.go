package document

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// Live is a block that is made anew whenever the text is read.
type Live struct {
	Line int
	// Kind is chart, table, number, finding, parameters, toc or page-break.
	Kind string
	// Question is the id or the exact name of a saved question.
	Question       string
	Title, Caption string
	// Chart is a kind of drawing or settings as JSON, "" for the question's own.
	Chart string
	// Rows is the most rows a table lists, 0 for the usual; Columns are those
	// that it shows, none for all.
	Rows    int
	Columns []string
	// Parameters are values for the question's; {{name}} stands for the report's own.
	Parameters map[string]string
	// Where narrows the question's rows.
	Where []Condition
	// Span is how wide the block is in twelfths.
	Span int
	// Claim is the cell that a number shows, nil for what the question's own settings choose.
	Claim *Claim
	// Label stands below a number.
	Label string
	// Text is what a finding says.
	Text *Source
	// Problem is why the block cannot be read, "" where it can.
	Problem string
}

// Condition is one that rows have to meet. Op is written as in eq, ne, lt, lte,
// gt, gte, in, not_in, contains, starts_with, is_null, not_null, between or last;
// Values are what it compares with, of last a count and a unit.
type Condition struct {
	Column string
	Op     string
	Values []string
}

// holes are the places of a report's parameters in values.
var holes = regexp.MustCompile(`\{\{\s*(?:parameter\s+)?([\pL_][\pL\pN_]*)\s*\}\}`)

// Fill puts a report's parameters into a value.
func Fill(value string, parameters map[string]string) string {
	return holes.ReplaceAllStringFunc(value, func(hole string) string {
		return parameters[holes.FindStringSubmatch(hole)[1]]
	})
}

var spans = map[string]int{"full": 12, "half": 6, "third": 4, "quarter": 3, "two-thirds": 8}

// keys of each kind of block.
var keys = map[string]string{
	"chart":      "question title caption kind chart parameters where width",
	"table":      "question title caption rows columns parameters where width",
	"number":     "question title caption label row column format parameters where width",
	"finding":    "title",
	"parameters": "title",
	"toc":        "",
	"page-break": "",
}

// live reads a live block. depth counts the texts around it: a finding's own
// text has no findings.
func (s *Source) live(n *ast.FencedCodeBlock, kind string, depth int) {
	at := s.line(n.Info.Segment.Start)
	l := &Live{Line: at, Kind: kind, Span: 12, Parameters: map[string]string{}}
	s.lives[n] = l
	before := len(s.problems)
	fail := func(line int, format string, args ...any) { s.problem(line, format, args...) }
	lines := n.Lines()
	if !closed(n, s.text) {
		fail(at, "this block is not closed: end it with ``` on a line of its own")
	}
	if depth > 0 && (kind == "finding" || kind == "parameters" || kind == "toc") {
		fail(at, "a finding's text cannot hold a block of kind %s", kind)
	}
	claim := &Claim{Line: at}
	under := "" // the key whose values are on lines of their own
	body := -1
	for i := range lines.Len() {
		segment := lines.At(i)
		raw := string(segment.Value(s.text))
		line, here := strings.TrimSpace(raw), s.line(segment.Start)
		if line == "" {
			if kind == "finding" {
				body = i
				break
			}
			continue
		}
		if strings.HasPrefix(line, "# ") {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if indented := raw[0] == ' ' || raw[0] == '\t'; indented && under != "" {
			if under == "where" {
				s.where(l, strings.TrimPrefix(line, "- "), here)
			} else if ok {
				l.Parameters[strings.Trim(key, `"`)] = bare(value)
			} else {
				fail(here, "write a parameter as name: value")
			}
			continue
		}
		if kind == "finding" && (!ok || strings.ToLower(key) != "title") {
			body = i
			break
		}
		key = strings.ToLower(key)
		if !ok {
			fail(here, "write what the block shows as key: value, such as question: Revenue by month")
			continue
		}
		if !word(keys[kind], key) {
			if keys[kind] == "" {
				fail(here, "a block of kind %s has no lines", kind)
			} else {
				fail(here, "a block of kind %s has no %q; it has %s", kind, key, strings.Join(strings.Fields(keys[kind]), ", "))
			}
			continue
		}
		under = ""
		if value == "" {
			under = key
			continue
		}
		s.set(l, claim, key, value, here)
	}
	if kind == "finding" && body >= 0 {
		var text strings.Builder
		for i := body; i < lines.Len(); i++ {
			segment := lines.At(i)
			text.Write(segment.Value(s.text))
		}
		inner := lines.At(body)
		l.Text = parse(text.String(), s.line(inner.Start), depth+1)
		s.problems = append(s.problems, l.Text.problems...)
		l.Text.problems = nil
		s.refs.Lives = append(s.refs.Lives, l.Text.refs.Lives...)
		s.refs.Claims = append(s.refs.Claims, l.Text.refs.Claims...)
		s.refs.Names = append(s.refs.Names, l.Text.refs.Names...)
	}
	if word("chart table number", kind) {
		if l.Question == "" {
			fail(at, "say which question the block shows, such as question: Revenue by month")
		}
		if kind == "number" && (claim.Column != "" || claim.Placed) {
			claim.Question, claim.Parameters, l.Claim = l.Question, l.Parameters, claim
		}
		s.names(at, l.Parameters)
		for _, c := range l.Where {
			for _, v := range c.Values {
				s.named(at, v)
			}
		}
		if len(s.problems) == before {
			s.refs.Lives = append(s.refs.Lives, l)
		}
	}
	if len(s.problems) > before {
		l.Problem = s.problems[before].String()
	}
}

// set takes one line of a block.
func (s *Source) set(l *Live, claim *Claim, key, value string, line int) {
	switch key {
	case "question":
		l.Question = bare(value)
	case "title":
		l.Title = bare(value)
	case "caption":
		l.Caption = bare(value)
	case "label":
		l.Label = bare(value)
	case "kind":
		l.Chart = bare(value)
	case "chart":
		if l.Chart = value; strings.HasPrefix(value, "{") && !json.Valid([]byte(value)) {
			s.problem(line, "the settings of the chart are no JSON")
		}
	case "rows":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > 500 {
			s.problem(line, "rows is a number from 1 to 500")
		}
		l.Rows = n
	case "columns":
		for name := range strings.SplitSeq(value, ",") {
			if name = bare(strings.TrimSpace(name)); name != "" {
				l.Columns = append(l.Columns, name)
			}
		}
	case "row":
		if at, err := position(bare(value)); err != "" {
			s.problem(line, "%s", err)
		} else {
			claim.At, claim.Placed = at, true
		}
	case "column":
		claim.Column = bare(value)
	case "format":
		if claim.Format = bare(value); !word(formats, claim.Format) {
			s.problem(line, "there is no format %q; there are %s", claim.Format, strings.Join(strings.Fields(formats), ", "))
		}
	case "width":
		if l.Span = spans[strings.ToLower(bare(value))]; l.Span == 0 {
			l.Span = 12
			s.problem(line, "width is full, half, third, quarter or two-thirds")
		}
	case "where":
		s.where(l, value, line)
	case "parameters":
		for pair := range strings.SplitSeq(value, ",") {
			at := strings.IndexAny(pair, ":=")
			if at < 0 {
				s.problem(line, "write parameters as name: value, with commas between them")
				return
			}
			l.Parameters[strings.TrimSpace(pair[:at])] = bare(strings.TrimSpace(pair[at+1:]))
		}
	}
}

// closed reports whether a block's end was written.
func closed(n *ast.FencedCodeBlock, source []byte) bool {
	end := n.Info.Segment.Stop
	if n.Lines().Len() > 0 {
		last := n.Lines().At(n.Lines().Len() - 1)
		end = last.Stop
	} else if next := bytes.IndexByte(source[end:], '\n'); next >= 0 {
		end += next + 1
	}
	if end > len(source) {
		return false
	}
	line, _, _ := bytes.Cut(source[end:], []byte("\n"))
	line = bytes.TrimLeft(line, " \t>")
	return bytes.HasPrefix(line, []byte("```")) || bytes.HasPrefix(line, []byte("~~~"))
}

func word(list, one string) bool {
	for f := range strings.FieldsSeq(list) {
		if f == one {
			return true
		}
	}
	return false
}

// bare takes quotes off.
func bare(s string) string {
	for _, q := range [][2]string{{`"`, `"`}, {"'", "'"}, {"“", "”"}} {
		if len(s) >= len(q[0])+len(q[1]) && strings.HasPrefix(s, q[0]) && strings.HasSuffix(s, q[1]) {
			return s[len(q[0]) : len(s)-len(q[1])]
		}
	}
	return s
}
