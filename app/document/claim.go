package document

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"assay/app/fault"
)

// Claim is a figure in running text: a reference to one cell of an answer.
type Claim struct {
	Line int
	// Question is the id or the exact name of a saved question.
	Question string
	// At is the cell's row; where Placed is false none was named and the answer may have only one.
	At     Position
	Placed bool
	// Column is its column, "" for the only one of numbers.
	Column string
	// Format is full, short, whole, percent, date, month, year or text; "" for full.
	Format     string
	Parameters map[string]string
}

// Position is a row of an answer: so many after the first or before the last
// one, or the only one whose Column has the Value.
type Position struct {
	Last          bool
	Offset        int
	Column, Value string
}

// mostClaim is how many bytes a figure in the text may have as it is written.
const mostClaim = 1000

const formats = "full short whole percent date month year text"

// position reads first, last, last-1 or a number from 1; problem says why it cannot.
func position(text string) (p Position, problem string) {
	text = strings.ToLower(text)
	if text == "first" {
		return p, ""
	}
	if rest, ok := strings.CutPrefix(text, "last"); ok {
		p.Last = true
		if rest == "" {
			return p, ""
		}
		if n, err := strconv.Atoi(rest); err == nil && n < 0 && n > -100000 {
			p.Offset = -n
			return p, ""
		}
	}
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= 10_000_000 {
		return Position{Offset: n - 1}, ""
	}
	return p, "a row is first, last, last-1 or a number from 1"
}

// claimNode stands for what is written in two braces.
type claimNode struct {
	ast.BaseInline
	line      int
	written   string
	claim     *Claim
	parameter string
	problem   string
}

var claimKind = ast.NewNodeKind("Claim")

func (n *claimNode) Kind() ast.NodeKind { return claimKind }

func (n *claimNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

type claimParser struct{ s *Source }

func (*claimParser) Trigger() []byte { return []byte{'{'} }

func (p *claimParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if !bytes.HasPrefix(line, []byte("{{")) {
		return nil
	}
	n := &claimNode{line: p.s.line(segment.Start)}
	end := matching(line)
	if end < 0 {
		n.written, n.problem = "{{", `this figure is not closed: end it with }} on the same line, or write \{{ for the braces themselves`
		block.Advance(2)
		return n
	}
	n.written = string(line[:end+2])
	block.Advance(end + 2)
	inside := strings.TrimSpace(string(line[2:end]))
	verb, rest, _ := strings.Cut(inside, " ")
	switch strings.ToLower(verb) {
	case "value":
		n.claim, n.problem = claim(rest, n.line)
	case "parameter":
		if n.parameter = bare(strings.TrimSpace(rest)); n.parameter == "" {
			n.problem = "say which parameter, such as {{parameter region}}"
		}
	default:
		n.problem = `there is no {{` + fault.Clip(verb, 40) + `}}, only {{value …}} and {{parameter …}}; write \{{ for the braces themselves`
	}
	return n
}

// matching returns where the braces that open a line are closed, -1 for nowhere;
// in them may stand the parameter of a value, in braces of its own.
func matching(line []byte) int {
	line = line[:min(len(line), mostClaim)]
	open := 1
	for i := 2; i+1 < len(line); i++ {
		switch string(line[i : i+2]) {
		case "{{":
			open++
			i++
		case "}}":
			if open--; open == 0 {
				return i
			}
			i++
		}
	}
	return -1
}

// token is key=value, a word, or a text in quotes.
var token = regexp.MustCompile(`^\s*(?:("[^"]*"|“[^”]*”|'[^']*'|[^\s="“']+)\s*=\s*("[^"]*"|“[^”]*”|'[^']*'|[^\s"“]+)|("[^"]*"|“[^”]*”|'[^']*'|[^\s="“']+))`)

// claim reads what stands behind {{value.
func claim(text string, line int) (c *Claim, problem string) {
	c = &Claim{Line: line, Parameters: map[string]string{}}
	where := false
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		m := token.FindStringSubmatch(text)
		if m == nil {
			return nil, "this figure cannot be read from " + fault.Clip(text, 40) + " on"
		}
		text = text[len(m[0]):]
		key, value := strings.ToLower(bare(m[1])), bare(m[2])
		parameter, isParameter := strings.CutPrefix(bare(m[1]), "p.")
		switch {
		case m[3] == "where":
			where = true
		case m[3] != "" && c.Question == "":
			c.Question = bare(m[3])
		case m[3] != "":
			return nil, "this figure has a word too many: " + fault.Clip(m[3], 40)
		case where:
			c.At, c.Placed, where = Position{Column: bare(m[1]), Value: value}, true, false
		case key == "question":
			c.Question = value
		case key == "column":
			c.Column = value
		case key == "row":
			if c.At, problem = position(value); problem != "" {
				return nil, problem
			}
			c.Placed = true
		case key == "format":
			if c.Format = strings.ToLower(value); !word(formats, c.Format) {
				return nil, "there is no format " + fault.Clip(value, 40) + "; there are " + strings.Join(strings.Fields(formats), ", ")
			}
		case isParameter && parameter != "":
			c.Parameters[parameter] = value
		default:
			return nil, "a figure has no " + fault.Clip(bare(m[1]), 40) + "; it has question, row, where, column and format"
		}
	}
	switch {
	case where:
		return nil, "where needs a column and a value, such as where channel=web"
	case c.Question == "":
		return nil, `say which question the figure comes from, such as {{value "Revenue by month" row=last column=revenue}}`
	}
	return c, ""
}
