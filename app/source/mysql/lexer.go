package mysql

import (
	"slices"
	"strings"
	"unicode/utf8"

	"assay/app/source"
)

// maxStatement bounds the text of a statement, in bytes.
const maxStatement = 256 << 10

// maxNesting bounds parentheses, CASE and runs of prefix operators inside each
// other, so that no recursion over a statement can exhaust the stack.
const maxNesting = 200

// maxJoins bounds the joins of a statement; servers take 61 tables in one FROM.
const maxJoins = 500

type tokenKind uint8

const (
	wordToken   tokenKind = iota // a keyword or a plain identifier
	quotedToken                  // a name in backticks
	stringToken
	numberToken
	paramToken
	variableToken // @name, @@name
	hintToken     // an optimizer hint, the only comment that is kept
	symbolToken
)

// token is a piece of the statement. Its text is as written, apart from what
// the rewriting for the parser replaces.
type token struct {
	kind  tokenKind
	text  string
	upper string // of a word, its text in upper case
	pos   int    // byte offset in the statement
	end   int    // byte offset of its end there
	gap   bool   // white space or a comment stood before it

	before  string // what the parser reads before it
	dropped bool   // the parser does not read it
}

func (t token) is(words ...string) bool {
	return t.kind == wordToken && slices.Contains(words, t.upper)
}

func (t token) symbol(s string) bool { return t.kind == symbolToken && t.text == s }

// position returns a byte offset as a position in characters from 1.
func position(sql string, offset int) int {
	return utf8.RuneCountInString(sql[:min(offset, len(sql))]) + 1
}

func isWordByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// lex cuts a statement into tokens by the rules of the pinned sql_mode:
// backslashes escape, double quotes are strings. It drops comments and refuses
// those that a server would run.
func lex(sql string) ([]token, error) {
	l := lexer{sql: sql}
	for {
		more, err := l.next()
		if err != nil {
			return nil, err
		}
		if !more {
			return l.tokens, nil
		}
	}
}

type lexer struct {
	sql    string
	i      int
	tokens []token
	gap    bool
}

func (l *lexer) refuse(at int, format string, args ...any) error {
	return source.Refuse(position(l.sql, at), format, args...)
}

func (l *lexer) add(kind tokenKind, end int) {
	t := token{kind: kind, text: l.sql[l.i:end], pos: l.i, end: end, gap: l.gap}
	if kind == wordToken {
		t.upper = strings.ToUpper(t.text)
	}
	l.tokens = append(l.tokens, t)
	l.i, l.gap = end, false
}

func (l *lexer) at(i int) byte {
	if i < len(l.sql) {
		return l.sql[i]
	}
	return 0
}

// next reads one token or one gap.
func (l *lexer) next() (bool, error) {
	if l.i >= len(l.sql) {
		return false, nil
	}
	switch c := l.sql[l.i]; {
	case c == 0:
		return false, l.refuse(l.i, "The statement holds a character that cannot be printed")
	case isSpace(c):
		l.i, l.gap = l.i+1, true
	case c == '#', c == '-' && l.at(l.i+1) == '-' && (l.i+2 == len(l.sql) || l.sql[l.i+2] <= ' '):
		l.gap = true
		if end := strings.IndexByte(l.sql[l.i:], '\n'); end >= 0 {
			l.i += end + 1
		} else {
			l.i = len(l.sql)
		}
	case c == '/' && l.at(l.i+1) == '*':
		return true, l.comment()
	case c == '\'' || c == '"' || c == '`':
		return true, l.quoted(c)
	case c == '@':
		l.variable()
	case c == '?':
		l.add(paramToken, l.i+1)
	case isDigit(c), c == '.' && isDigit(l.at(l.i+1)) && !l.afterName():
		l.number()
	case isWordByte(c):
		end := l.i
		for isWordByte(l.at(end)) {
			end++
		}
		l.add(wordToken, end)
	default:
		for _, s := range [...]string{"<=>", "->>", "<<", ">>", "<=", ">=", "<>", "!=", ":=", "&&", "||", "->"} {
			if strings.HasPrefix(l.sql[l.i:], s) {
				l.add(symbolToken, l.i+len(s))
				return true, nil
			}
		}
		l.add(symbolToken, l.i+1)
	}
	return true, nil
}

// afterName reports whether a dot here would follow a name, as in `t`.1a.
func (l *lexer) afterName() bool {
	if l.gap || len(l.tokens) == 0 {
		return false
	}
	last := l.tokens[len(l.tokens)-1]
	return last.kind == wordToken || last.kind == quotedToken
}

func (l *lexer) comment() error {
	body := l.sql[l.i+2:]
	switch {
	case strings.HasPrefix(body, "!"), strings.HasPrefix(body, "M!"):
		return l.refuse(l.i, "Comments that some servers execute (/*! … */) are not allowed")
	case strings.HasPrefix(body, "T!"), strings.HasPrefix(body, "T["):
		return l.refuse(l.i, "Comments that some servers execute (/*T! … */) are not allowed")
	}
	end := strings.Index(body, "*/")
	if end < 0 {
		return l.refuse(l.i, "A comment is not closed")
	}
	end += l.i + 4
	if strings.HasPrefix(body, "+") {
		l.add(hintToken, end)
		l.gap = true
		return checkHints(l.sql, l.tokens[len(l.tokens)-1])
	}
	l.i, l.gap = end, true
	return nil
}

func (l *lexer) quoted(quote byte) error {
	for i := l.i + 1; i < len(l.sql); i++ {
		switch c := l.sql[i]; {
		case c == '\\' && quote != '`':
			i++
		case c == quote && l.at(i+1) == quote:
			i++
		case c == 0 && quote == '`':
			return l.refuse(i, "A name holds a character that cannot be printed")
		case c == quote:
			kind := stringToken
			if quote == '`' {
				kind = quotedToken
			}
			l.add(kind, i+1)
			return nil
		}
	}
	if quote == '`' {
		return l.refuse(l.i, "A quoted name is not closed")
	}
	return l.refuse(l.i, "A quoted text is not closed")
}

func (l *lexer) variable() {
	end := l.i + 1
	for l.at(end) == '@' {
		end++
	}
	for isWordByte(l.at(end)) || l.at(end) == '.' {
		end++
	}
	l.add(variableToken, end)
}

func (l *lexer) number() {
	end := l.i
	if l.sql[end] == '0' && (l.at(end+1) == 'x' || l.at(end+1) == 'b') {
		for isWordByte(l.at(end)) {
			end++
		}
		l.add(numberToken, end)
		return
	}
	for isDigit(l.at(end)) {
		end++
	}
	digits := end
	if l.at(end) == '.' {
		end++
		for isDigit(l.at(end)) {
			end++
		}
	}
	if c := l.at(end); c == 'e' || c == 'E' {
		exp := end + 1
		if l.at(exp) == '+' || l.at(exp) == '-' {
			exp++
		}
		if isDigit(l.at(exp)) {
			for isDigit(l.at(exp)) {
				exp++
			}
			end = exp
		}
	}
	if end == digits && isWordByte(l.at(end)) {
		for isWordByte(l.at(end)) {
			end++
		}
		l.add(wordToken, end) // a name that begins with a digit
		return
	}
	l.add(numberToken, end)
}
