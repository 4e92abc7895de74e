package sqlserver

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sqlc-dev/teesql/ast"
	"github.com/sqlc-dev/teesql/parser"

	"assay/app/source"
)

// Guard lets pass one SELECT that only reads. Two readers that know nothing of
// each other must agree: our own lexer with its table of words, and the parsed
// tree. What is sent is our tokens joined again, without comments and, where
// rules say how tables are read, with what stands in the place of each.
func (*Driver) Guard(sql string, policy source.Policy) (source.Checked, error) {
	tokens, err := readTokens(sql)
	if err != nil {
		return source.Checked{}, err
	}
	if err := checkTokens(sql, tokens, policy); err != nil {
		return source.Checked{}, err
	}
	sent := emit(tokens)
	stmt, plain, err := parse(sql, tokens)
	if err != nil {
		return source.Checked{}, err
	}
	w := newWalker(policy, sql, plain)
	if policy.Tables != nil {
		w.rules = newRules(w, tokens, plain, stmt)
		w.named = w.rules.table
		if err := w.rules.names(); err != nil {
			return source.Checked{}, err
		}
	}
	if err := w.statement(stmt); err != nil {
		return source.Checked{}, err
	}
	if err := covered(sql, plain, w.starts); err != nil {
		return source.Checked{}, err
	}
	if w.rules == nil {
		return source.Checked{SQL: sent, Tables: w.tables}, nil
	}
	if sent, err = w.rules.rule(sql); err != nil {
		return source.Checked{}, err
	}
	return source.Checked{SQL: sent, Tables: w.rules.tables()}, nil
}

// covered refuses a statement of which the tree leaves something out: the
// parser skips parts that it does not expect, and what it skips nobody has judged.
func covered(sql string, p plainText, starts map[int]bool) error {
	units, at := 0, 0
	for _, t := range p.tokens {
		units += utf16Len(p.text[at:t.out])
		at = t.out
		if t.kind == tokenOp || starts[units] || t.kind == tokenWord && (reservedWords[t.up] || syntaxWords[t.up]) {
			continue
		}
		return source.Refuse(position(sql, t.pos), "This part of the statement was not understood: %s", clip(t.text))
	}
	return nil
}

// readTokens lexes the text and drops the semicolons around it.
func readTokens(sql string) ([]token, error) {
	if len(sql) > maxText {
		return nil, source.Refuse(0, "The statement is longer than %d KiB", maxText>>10)
	}
	if !utf8.ValidString(sql) {
		return nil, source.Refuse(0, "The statement is not valid UTF-8 text")
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return nil, source.Refuse(position(sql, i), "There is an invisible character (U+0000) in the statement")
	}
	tokens, err := lex(sql)
	if err != nil {
		return nil, err
	}
	for len(tokens) > 0 && tokens[0].op(";") {
		tokens = tokens[1:]
	}
	for n := len(tokens); n > 0 && tokens[n-1].op(";"); n-- {
		tokens = tokens[:n-1]
	}
	if len(tokens) == 0 {
		return nil, source.Refuse(0, "There is no statement. Write a SELECT, such as SELECT TOP 10 * FROM a table")
	}
	if tokens[len(tokens)-1].op("!") {
		return nil, source.Refuse(position(sql, tokens[len(tokens)-1].pos), "The character ! is not understood here")
	}
	return tokens, nil
}

// plainText is what the parser reads: the tokens that are sent but for a few
// words that it does not know and that change nothing in the statement's
// structure (COLLATE with its name; ALL, ANY and SOME before a subquery), and
// with 0 + before a parenthesis that it would else take for a condition's.
type plainText struct {
	text   string
	tokens []token
}

func plain(tokens []token) plainText {
	at := func(i int) token {
		if i < 0 || i >= len(tokens) {
			return token{}
		}
		return tokens[i]
	}
	var kept []token
	scalars := scalarParentheses(tokens)
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case scalars[i]:
			kept = append(kept, token{kind: tokenNumber, text: "0", pos: t.pos}, token{kind: tokenOp, text: "+", up: "+", pos: t.pos})
		case t.is("COLLATE") && at(i+1).kind == tokenWord && !reservedWords[at(i+1).up] && !at(i+2).op("(") && !at(i+2).op("."):
			i++
			continue
		case (t.is("ALL") || t.is("ANY") || t.is("SOME")) && at(i+1).op("(") && at(i+2).is("SELECT") && at(i-1).kind == tokenOp:
			continue
		}
		kept = append(kept, t)
	}
	p := plainText{tokens: kept}
	p.text = emit(p.tokens)
	return p
}

// scalarParentheses finds the parentheses that stand where a condition may begin
// but hold a value, as in WHERE (a - b) / 60 > 5, by what follows them.
func scalarParentheses(tokens []token) map[int]bool {
	found := map[int]bool{}
	var open []int
	// condition holds the open parentheses that may hold a condition themselves.
	condition := map[int]bool{}
	for i, t := range tokens {
		switch {
		case t.op("("):
			open = append(open, i)
			if i > 0 {
				p := tokens[i-1]
				condition[i] = p.is("WHERE") || p.is("ON") || p.is("HAVING") || p.is("WHEN") || p.is("AND") || p.is("OR") || p.is("NOT") ||
					p.op("(") && (condition[i-1] || i > 1 && tokens[i-2].is("IIF"))
			}
		case t.op(")") && len(open) > 0:
			from := open[len(open)-1]
			open = open[:len(open)-1]
			if !condition[from] || i+1 == len(tokens) {
				continue
			}
			switch n := tokens[i+1]; {
			case n.kind == tokenOp:
				found[from] = strings.Contains("+-*/%&|^ = <> <= >= != !< !>", n.text) && n.text != "||"
			case n.is("IS"), n.is("IN"), n.is("BETWEEN"), n.is("LIKE"):
				found[from] = true
			case n.is("NOT") && i+2 < len(tokens):
				after := tokens[i+2]
				found[from] = after.is("IN") || after.is("BETWEEN") || after.is("LIKE")
			}
		}
	}
	return found
}

// position turns the start of a node, counted in UTF-16 units, into characters of the asked text.
func (p plainText) position(sql string, f *ast.Fragment) int {
	if f == nil || !f.HasSpan() {
		return 0
	}
	units, at := 0, 0
	for i, r := range p.text {
		if units >= f.StartOffset {
			at = i
			break
		}
		units++
		if r > 0xFFFF {
			units++
		}
	}
	for _, t := range p.tokens {
		if t.out >= at {
			return position(sql, t.pos)
		}
	}
	return 0
}

// parse reads the tokens with the T-SQL grammar and returns the one SELECT in them.
func parse(sql string, tokens []token) (stmt *ast.SelectStatement, p plainText, err error) {
	p = plain(tokens)
	if err := compareLexers(sql, p); err != nil {
		return nil, p, err
	}
	defer func() {
		if r := recover(); r != nil {
			stmt, err = nil, &source.Failure{Code: source.Refused, Message: "The statement could not be read", Hint: "Write it in a simpler way.", Err: fmt.Errorf("parser: %v", r)}
		}
	}()
	script, err := parser.Parse(context.Background(), strings.NewReader(p.text))
	if err != nil {
		return nil, p, syntaxFailure(sql, p.tokens, err)
	}
	if len(script.Batches) != 1 || len(script.Batches[0].Statements) != 1 {
		at := 0
		if len(script.Batches) == 1 && len(script.Batches[0].Statements) > 1 {
			if s, ok := script.Batches[0].Statements[1].(interface{ Frag() *ast.Fragment }); ok {
				at = p.position(sql, s.Frag())
			}
		}
		return nil, p, source.Refuse(at, "Only one statement can run at a time, and a second one starts here")
	}
	s, ok := script.Batches[0].Statements[0].(*ast.SelectStatement)
	if !ok {
		return nil, p, source.Refuse(1, "A question is a SELECT statement")
	}
	end := utf16Len(p.text)
	if n := len(p.tokens); n > 4 && p.tokens[n-1].is("ALL") && p.tokens[n-2].is("SYSTEM_TIME") && p.tokens[n-3].is("FOR") {
		end = utf16Len(p.text[:p.tokens[n-4].out+len(p.tokens[n-4].text)]) // the parser reads the clause and leaves it out of the span
	}
	if f := s.Frag(); !f.HasSpan() || f.StartOffset != 0 || f.EndOffset() != end {
		return nil, p, source.Refuse(0, "A part of the statement was not understood")
	}
	return s, p, nil
}

func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// compareLexers refuses a text that the parser's lexer cuts elsewhere than ours.
func compareLexers(sql string, p plainText) error {
	theirs := parser.NewLexer(p.text)
	next := theirs.NextToken()
	for i, t := range p.tokens {
		end := t.out + len(t.text)
		if next.Pos != t.out || next.Type == parser.TokenEOF {
			return source.Refuse(position(sql, t.pos), "This part of the statement can be read in two ways: %s", clip(t.text))
		}
		for next = theirs.NextToken(); next.Pos < end && next.Type != parser.TokenEOF; next = theirs.NextToken() {
			if t.kind == tokenOp || t.kind == tokenNumber && t.text[0] == '$' {
				continue // an operator of two characters, or a sum of money, that they cut into two
			}
			return source.Refuse(position(sql, p.tokens[i].pos), "This part of the statement can be read in two ways: %s", clip(t.text))
		}
	}
	if next.Type != parser.TokenEOF {
		return source.Refuse(0, "The end of the statement can be read in two ways")
	}
	return nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

var unexpected = regexp.MustCompile(`(?:unexpected token(?: in expression)?:|got) (\S+)`)

// syntaxFailure says where the grammar broke, as far as the parser's words and the tokens tell.
func syntaxFailure(sql string, tokens []token, err error) *source.Failure {
	f := &source.Failure{
		Code: source.DatabaseError, State: "102", Err: err,
		Message: "The statement breaks off: something is missing at its end",
	}
	m := unexpected.FindStringSubmatch(err.Error())
	if m == nil {
		return f
	}
	f.Message = fmt.Sprintf("Incorrect syntax near '%s'", m[1])
	f.Hint = "SQL Server's own spelling is needed: TOP instead of LIMIT, [brackets] around names, + or CONCAT for text."
	tries := 0
	for i, t := range tokens {
		if !strings.EqualFold(t.text, m[1]) && (t.kind != tokenName || !strings.EqualFold(t.up, m[1])) {
			continue
		}
		// The word may stand there more than once: it is the first that breaks the grammar in the same way.
		if tries++; tries > 32 {
			return f
		}
		_, again := protect(func() (*ast.Script, error) {
			return parser.Parse(context.Background(), strings.NewReader(emit(append([]token(nil), tokens[:i+1]...))))
		})
		if again != nil && again.Error() == err.Error() {
			f.Position = position(sql, t.pos)
			return f
		}
	}
	return f
}
