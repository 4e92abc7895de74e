package document

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"assay/app/fault"
)

// Bounds of a text: one beyond them is no report that a person wrote.
const (
	MostBytes  = 400 << 10
	mostLives  = 200
	mostClaims = 2000
	mostNested = 24 // quotes and lists in one another
	mostOpen   = 2000
	// mostMarks and mostCells bound what is matched with one another, or filled up
	// to the width of its head, in lines that follow without an empty one.
	mostMarks = 5000
	mostCells = 50_000
)

// Source is a text in Markdown with live blocks and claims, read once. It is not
// changed by making blocks of it, so several may do so at once.
type Source struct {
	text     []byte
	root     ast.Node
	lines    []int // where each line begins
	base     int   // the number of the first line
	lives    map[ast.Node]*Live
	refs     Refs
	problems []Problem
}

// Problem is something in a text that cannot be read.
type Problem struct {
	Line    int // from 1
	Message string
}

func (p Problem) String() string { return fmt.Sprintf("Line %d: %s", p.Line, p.Message) }

// Refs is what a text needs from elsewhere, in reading order.
type Refs struct {
	Lives  []*Live
	Claims []*Claim
	// Names are the report's parameters that the text speaks of.
	Names []Name
}

// Name is a parameter's name and the line on which it stands.
type Name struct {
	Line int
	Name string
}

// Refs returns what the text needs from elsewhere, findings included.
func (s *Source) Refs() Refs { return s.refs }

// Problems tells what of the text cannot be read, line by line. Such a place is
// marked in the blocks.
func (s *Source) Problems() []Problem { return s.problems }

// Parse reads a text. Beside an error, which names the lines that cannot be read
// as the field "text", there is a Source all the same, with these places marked;
// it is nil only for a text that is too large to be looked at.
func Parse(markdown string) (*Source, error) {
	if len(markdown) > MostBytes {
		return nil, fault.Field("text", "The text is larger than %d KiB", MostBytes>>10)
	}
	if !utf8.ValidString(markdown) {
		return nil, fault.Field("text", "The text is not valid UTF-8")
	}
	markdown = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\uFFFD").Replace(markdown)
	if line := tooNested(markdown); line > 0 {
		return nil, fault.Field("text", "Line %d: quotes and lists stand in one another deeper than %d times, there are more marks and references than %d, or a table has more cells than %d", line, mostNested, mostOpen, mostCells)
	}
	s := parse(markdown, 1, 0)
	switch {
	case len(s.refs.Lives) > mostLives:
		return nil, fault.Field("text", "The text has more than %d live blocks", mostLives)
	case len(s.refs.Claims) > mostClaims:
		return nil, fault.Field("text", "The text has more than %d figures", mostClaims)
	}
	slices.SortStableFunc(s.problems, func(a, b Problem) int { return a.Line - b.Line })
	if len(s.problems) == 0 {
		return s, nil
	}
	var said []string
	for i, p := range s.problems {
		if i == 5 {
			said = append(said, fmt.Sprintf("and %d more", len(s.problems)-i))
			break
		}
		said = append(said, p.String())
	}
	return s, fault.Field("text", "%s", strings.Join(said, ". "))
}

// tooNested returns the first line that opens more quotes and lists than anybody
// reads, or more brackets, stars and references than are worth matching, or that
// makes a table larger than one is; 0 for none.
func tooNested(markdown string) int {
	n, references, marks, cells, columns := 0, 0, 0, 0, 0
	for line := range strings.Lines(markdown) {
		n++
		if strings.Trim(line, " \t\n") == "" {
			marks, cells, columns = 0, 0, 0
		}
		if here := strings.Count(line, "|") + 1; here > columns && underHead(line) {
			columns = here
		}
		if cells += columns; cells > mostCells {
			return n
		}
		if start := strings.TrimLeft(line, " >"); strings.HasPrefix(start, "[") && strings.Contains(start, "]:") {
			if references++; references > mostOpen {
				return n
			}
		}
		depth := 0
		for _, c := range line {
			if strings.ContainsRune("> \t", c) {
				if c == '>' {
					depth++
				}
			} else if strings.ContainsRune("-+*0123456789.)", c) {
				if strings.ContainsRune("-+*.)", c) {
					depth++
				}
			} else {
				break
			}
		}
		if depth > mostNested && !rule(line) {
			return n
		}
		// A tab stands for up to four spaces; two spaces open one more list.
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		if indent > 8*mostNested {
			return n
		}
		here := strings.Count(line, "[") + strings.Count(line, "*") + strings.Count(line, "_") + strings.Count(line, "~") + strings.Count(line, "`")
		if marks += here; here > mostOpen || marks > mostMarks || strings.Count(line, "{{") > 2*mostClaims {
			return n
		}
	}
	return 0
}

// underHead reports a line that can stand below the head of a table, which makes
// every line that follows one of its rows, filled up to the width of the head.
func underHead(line string) bool {
	return strings.Trim(strings.TrimLeft(line, "> \t\f\v*+0123456789.)"), "|:- \t\f\v\n") == ""
}

// rule reports a line across, which may be as long as its writer likes.
func rule(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && strings.ContainsAny(line[:1], "-*_") && strings.Trim(line, line[:1]+" ") == ""
}

// parse reads a text whose first line has the number first; depth counts the
// texts around it.
func parse(markdown string, first, depth int) *Source {
	s := &Source{text: []byte(markdown), base: first, lives: map[ast.Node]*Live{}, lines: []int{0}}
	for i, c := range s.text {
		if c == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	s.root = reader(s).Parse(text.NewReader(s.text))
	ast.Walk(s.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.FencedCodeBlock:
			if kind := liveKind(n, s.text); kind != "" {
				s.live(n, kind, depth)
			}
		case *claimNode:
			s.note(n)
		}
		return ast.WalkContinue, nil
	})
	return s
}

// reader reads Markdown without HTML, which stays the text that it is.
func reader(s *Source) parser.Parser {
	var blocks, inlines []util.PrioritizedValue
	for _, b := range parser.DefaultBlockParsers() {
		if b.Priority != 900 { // HTML
			blocks = append(blocks, b)
		}
	}
	for _, i := range parser.DefaultInlineParsers() {
		if i.Priority != 400 { // HTML
			inlines = append(inlines, i)
		}
	}
	inlines = append(inlines, util.Prioritized(extension.NewStrikethroughParser(), 500), util.Prioritized(&claimParser{s}, 50))
	return parser.NewParser(parser.WithBlockParsers(blocks...), parser.WithInlineParsers(inlines...),
		parser.WithParagraphTransformers(append(parser.DefaultParagraphTransformers(), util.Prioritized(extension.NewTableParagraphTransformer(), 200))...),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)))
}

// line returns the number of the line at an offset of the text.
func (s *Source) line(offset int) int {
	i, found := slices.BinarySearch(s.lines, offset)
	if found {
		return s.base + i
	}
	return s.base + i - 1
}

func (s *Source) problem(line int, format string, args ...any) {
	s.problems = append(s.problems, Problem{line, fmt.Sprintf(format, args...)})
}

// note keeps what a claim needs.
func (s *Source) note(n *claimNode) {
	switch {
	case n.claim != nil:
		s.refs.Claims = append(s.refs.Claims, n.claim)
		s.names(n.line, n.claim.Parameters)
		s.named(n.line, n.claim.At.Value)
	case n.parameter != "":
		s.refs.Names = append(s.refs.Names, Name{n.line, n.parameter})
	default:
		s.problem(n.line, "%s", n.problem)
	}
}

func (s *Source) names(line int, values map[string]string) {
	for _, v := range values {
		s.named(line, v)
	}
}

// named keeps the parameters that a value speaks of.
func (s *Source) named(line int, value string) {
	for _, m := range holes.FindAllStringSubmatch(value, -1) {
		s.refs.Names = append(s.refs.Names, Name{line, m[1]})
	}
}

// liveKind returns the kind of a live block, "" for code.
func liveKind(n *ast.FencedCodeBlock, source []byte) string {
	if n.Info == nil {
		return ""
	}
	switch word := string(bytes.ToLower(bytes.TrimSpace(n.Info.Segment.Value(source)))); word {
	case "chart", "table", "number", "finding", "parameters", "toc", "page-break":
		return word
	case "parameter":
		return "parameters"
	}
	return ""
}
