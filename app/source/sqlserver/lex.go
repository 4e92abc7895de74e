package sqlserver

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"assay/app/source"
)

type tokenKind uint8

const (
	tokenWord   tokenKind = iota + 1 // a name or keyword without quotes
	tokenName                        // a name in brackets or double quotes
	tokenString                      // '…' or N'…'
	tokenNumber                      // also binary 0x… and money $…
	tokenVar                         // @p1, @@version
	tokenOp                          // operators and punctuation
)

// token is one piece of T-SQL as SQL Server's own lexer would cut it.
type token struct {
	kind tokenKind
	text string // as it is sent
	up   string // a word in capitals, a quoted name's value in capitals, an operator as it is
	pos  int    // where it starts in the asked text, in bytes
	out  int    // where it starts in the sent text, in bytes; set by emit
	gap  bool   // something stood between it and the token before
	rows int    // how many line ends stood there
}

func (t token) is(up string) bool   { return t.kind == tokenWord && t.up == up }
func (t token) op(text string) bool { return t.kind == tokenOp && t.text == text }

// maxText bounds a statement's text in bytes.
const maxText = 256 << 10

type lexer struct {
	text string
	at   int
	out  []token
}

// lex cuts the text into tokens and drops comments, which nest as they do in
// SQL Server. It refuses what SQL Server and a parser could read differently.
func lex(text string) ([]token, error) {
	l := &lexer{text: text}
	for {
		gap, rows, err := l.skip()
		if err != nil {
			return nil, err
		}
		if l.at >= len(text) {
			return l.out, nil
		}
		start := l.at
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		t.pos, t.gap, t.rows = start, gap, rows
		if n := len(l.out); gap && n > 0 && t.op("=") && joinable(l.out[n-1]) {
			// SQL Server reads "> =" as ">=".
			l.out[n-1].text += "="
			l.out[n-1].up = l.out[n-1].text
			continue
		}
		if n := len(l.out); n > 0 && l.out[n-1].op("!") {
			return nil, l.refuse(l.out[n-1].pos, "The character ! is not understood here")
		}
		l.out = append(l.out, t)
	}
}

func joinable(t token) bool { return t.op("<") || t.op(">") || t.op("!") }

func (l *lexer) refuse(at int, format string, args ...any) *source.Failure {
	return source.Refuse(position(l.text, at), format, args...)
}

// position turns an offset in bytes into one in characters from 1.
func position(text string, at int) int {
	return utf8.RuneCountInString(text[:min(at, len(text))]) + 1
}

func (l *lexer) peek(n int) byte {
	if l.at+n < len(l.text) {
		return l.text[l.at+n]
	}
	return 0
}

// skip passes over white space and comments.
func (l *lexer) skip() (gap bool, rows int, err error) {
	for l.at < len(l.text) {
		c := l.text[l.at]
		switch {
		case c == '\n':
			rows++
			l.at++
		case c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v':
			l.at++
		case c == '-' && l.peek(1) == '-':
			if i := strings.IndexByte(l.text[l.at:], '\n'); i >= 0 {
				l.at += i
			} else {
				l.at = len(l.text)
			}
		case c == '/' && l.peek(1) == '*':
			start, depth := l.at, 0
			for {
				switch {
				case l.at >= len(l.text):
					return gap, rows, l.refuse(start, "The comment that starts here is not closed. Comments nest in SQL Server: each /* needs its own */")
				case l.peek(0) == '/' && l.peek(1) == '*':
					depth++
					l.at += 2
				case l.peek(0) == '*' && l.peek(1) == '/':
					depth--
					l.at += 2
				default:
					if l.peek(0) == '\n' {
						rows++
					}
					l.at++
				}
				if depth == 0 {
					break
				}
			}
		default:
			return gap, rows, nil
		}
		gap = true
	}
	return gap, rows, nil
}

func (l *lexer) next() (token, error) {
	c := l.text[l.at]
	switch {
	case c == '\'':
		return l.quoted('\'', tokenString, 0)
	case (c == 'N' || c == 'n') && l.peek(1) == '\'':
		return l.quoted('\'', tokenString, 1)
	case c == '[':
		return l.quoted(']', tokenName, 0)
	case c == '"':
		return l.quoted('"', tokenName, 0)
	case c >= '0' && c <= '9', c == '.' && digit(l.peek(1)), c == '$' && (digit(l.peek(1)) || l.peek(1) == '.' && digit(l.peek(2))):
		return l.number()
	case c == '@':
		return l.variable()
	case c == '#':
		return token{}, l.refuse(l.at, "Temporary tables (names that start with #) are not available to questions")
	case c == '_' || c >= utf8.RuneSelf || letter(c):
		return l.word()
	case c == '{' || c == '}':
		return token{}, l.refuse(l.at, "ODBC escapes in braces are not allowed: write the T-SQL function instead")
	}
	return l.operator()
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// quoted reads up to the closing quote, which is doubled inside.
func (l *lexer) quoted(quote byte, kind tokenKind, prefix int) (token, error) {
	start := l.at
	var value strings.Builder
	for l.at += prefix + 1; ; l.at++ {
		if l.at >= len(l.text) {
			return token{}, l.refuse(start, "The quote that opens here is not closed")
		}
		switch c := l.text[l.at]; {
		case c == quote && l.peek(1) == quote:
			l.at++
			value.WriteByte(c)
			continue
		case c == quote:
			l.at++
			t := token{kind: kind, text: l.text[start:l.at]}
			if kind == tokenName {
				if value.Len() == 0 {
					return token{}, l.refuse(start, "A name in quotes is empty. Text is written in single quotes")
				}
				t.up = strings.ToUpper(value.String())
			} else if prefix == 1 {
				t.text = "N" + t.text[1:]
			}
			return t, nil
		case c == '\\' && (l.peek(1) == '\n' || l.peek(1) == '\r'):
			return token{}, l.refuse(l.at, "A backslash before a line end disappears in SQL Server, together with the line end. Split the text and join the pieces with +")
		default:
			value.WriteByte(c)
		}
	}
}

func (l *lexer) number() (token, error) {
	start := l.at
	if l.peek(0) == '0' && l.peek(1)|0x20 == 'x' {
		for l.at += 2; digit(l.peek(0)) || l.peek(0)|0x20 >= 'a' && l.peek(0)|0x20 <= 'f'; l.at++ {
		}
		return l.endNumber(start)
	}
	if l.peek(0) == '$' {
		l.at++
	}
	for digit(l.peek(0)) {
		l.at++
	}
	if l.peek(0) == '.' {
		for l.at++; digit(l.peek(0)); l.at++ {
		}
	}
	if l.peek(0)|0x20 == 'e' {
		n := 1
		if l.peek(1) == '+' || l.peek(1) == '-' {
			n = 2
		}
		if digit(l.peek(n)) {
			for l.at += n; digit(l.peek(0)); l.at++ {
			}
		}
	}
	return l.endNumber(start)
}

// endNumber refuses a number that runs into a name: SQL Server cuts "1a" in two.
func (l *lexer) endNumber(start int) (token, error) {
	c := l.peek(0)
	r, _ := utf8.DecodeRuneInString(l.text[l.at:])
	if c == '_' || c == '@' || c == '#' || c == '$' || c == '.' || c == '"' || c == '\'' || c == '[' || letter(c) || c >= utf8.RuneSelf && unicode.IsLetter(r) {
		return token{}, l.refuse(start, "Put a space after the number %s", l.text[start:l.at])
	}
	text := l.text[start:l.at]
	if text[0] == '.' {
		text = "0" + text
	}
	return token{kind: tokenNumber, text: text}, nil
}

func (l *lexer) variable() (token, error) {
	start := l.at
	for l.peek(0) == '@' {
		l.at++
	}
	if l.at-start > 2 {
		return token{}, l.refuse(start, "Variables are not available to questions")
	}
	for c := l.peek(0); c == '_' || c == '@' || c == '#' || c == '$' || letter(c) || digit(c); c = l.peek(0) {
		l.at++
	}
	text := l.text[start:l.at]
	if l.peek(0) >= utf8.RuneSelf || strings.Trim(text, "@") == "" {
		return token{}, l.refuse(start, "Variables are not available to questions")
	}
	return token{kind: tokenVar, text: text, up: strings.ToUpper(text)}, nil
}

func (l *lexer) word() (token, error) {
	start := l.at
	for l.at < len(l.text) {
		r, size := utf8.DecodeRuneInString(l.text[l.at:])
		first := l.at == start
		switch {
		case r < utf8.RuneSelf && (r == '_' || letter(byte(r)) || !first && (digit(byte(r)) || r == '@' || r == '#' || r == '$')):
		case r < utf8.RuneSelf:
			return l.endWord(start), nil
		case lookalike(r):
			return token{}, l.refuse(l.at, "The character %q looks like a plain letter but is not one. Put the name in [brackets] if it is meant", r)
		case unicode.IsLetter(r), !first && (unicode.IsMark(r) || unicode.IsDigit(r) || r == '_'):
		case unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r):
			return token{}, l.refuse(l.at, "There is an invisible character (U+%04X) outside of text in quotes. Type a plain space instead", r)
		default:
			return token{}, l.refuse(l.at, "The character %q is not understood here. Put names that hold it in [brackets] and text in single quotes", r)
		}
		l.at += size
	}
	return l.endWord(start), nil
}

func (l *lexer) endWord(start int) token {
	text := l.text[start:l.at]
	return token{kind: tokenWord, text: text, up: strings.ToUpper(text)}
}

// lookalike reports letters that fold to plain ones, so that a word of them could be a keyword to one reader only.
func lookalike(r rune) bool {
	switch r {
	case 'ı', 'İ', 'ſ', '\u212A', '\u212B':
		return true
	}
	return r >= 0xFF00 && r <= 0xFF5E
}

func (l *lexer) operator() (token, error) {
	start := l.at
	two := ""
	if l.at+1 < len(l.text) {
		two = l.text[l.at : l.at+2]
	}
	switch two {
	case "<=", ">=", "<>", "!=", "!<", "!>", "||", "<<", ">>", "::":
		l.at += 2
		return token{kind: tokenOp, text: two, up: two}, nil
	case "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=":
		return token{}, l.refuse(start, "%s assigns to a variable, which questions do not have", two)
	}
	switch c := l.text[l.at]; c {
	case '+', '-', '*', '/', '%', '&', '|', '^', '~', '=', '<', '>', ',', ';', ':', '(', ')', '.', '!':
		l.at++
		return token{kind: tokenOp, text: string(c), up: string(c)}, nil
	case ']':
		return token{}, l.refuse(start, "A closing bracket without its opening one")
	default:
		if c < 0x20 || c == 0x7f {
			return token{}, l.refuse(start, "There is an invisible character (U+%04X) in the statement", c)
		}
		return token{}, l.refuse(start, "The character %c is not understood here", c)
	}
}

// emit joins tokens to the text that is parsed and sent, without comments and
// with the line ends of the asked text, so that the database's line numbers fit.
func emit(tokens []token) string {
	var b strings.Builder
	for i := range tokens {
		t := &tokens[i]
		if i > 0 {
			tight := tightBefore(*t) || tightAfter(tokens[i-1])
			switch {
			case t.rows > 0:
				b.WriteString(strings.Repeat("\n", t.rows))
			case t.gap || !tight:
				b.WriteByte(' ')
			}
		}
		t.out = b.Len()
		b.WriteString(t.text)
	}
	return b.String()
}

func tightBefore(t token) bool {
	return t.kind == tokenOp && (t.text == "," || t.text == ")" || t.text == "(" || t.text == "." || t.text == "::")
}

func tightAfter(t token) bool {
	return t.kind == tokenOp && (t.text == "(" || t.text == "." || t.text == "::")
}
