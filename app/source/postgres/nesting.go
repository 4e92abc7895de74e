package postgres

import "strings"

// maxNesting bounds brackets and CASE within each other, maxChain operators in
// a row without a comma or AND: the parser recurses over both, and a stack that
// overflows cannot be recovered from.
const (
	maxNesting = 250
	maxChain   = 2500
)

// tooDeep returns the byte offset at which the text nests too deeply, or -1.
func tooDeep(sql string) int {
	depth, chain := 0, 0
	outer := make([]int, 0, 16)
	for i := 0; i < len(sql); {
		start := i
		kind, end := token(sql, i)
		i = end
		switch kind {
		case tokenOpen:
			depth++
			outer = append(outer, chain)
			chain++
		case tokenClose:
			if depth > 0 {
				depth--
				chain = outer[len(outer)-1] + 1
				outer = outer[:len(outer)-1]
			}
		case tokenComma:
			chain = 0
		case tokenOperator:
			chain++
		case tokenWord:
			switch strings.ToLower(sql[start:end]) {
			case "case":
				depth++
				outer = append(outer, chain)
			case "end":
				if depth > 0 {
					depth--
					chain = outer[len(outer)-1] + 1
					outer = outer[:len(outer)-1]
				}
			case "not", "union", "except", "intersect", "join", "collate", "at", "is", "like", "ilike", "in", "select", "when", "with", "isnull", "notnull", "explain":
				chain++
			case "and", "or":
				chain = 0
			}
		}
		if depth > maxNesting || chain > maxChain {
			return start
		}
	}
	return -1
}

type tokenKind int

const (
	tokenSkip tokenKind = iota
	tokenWord
	tokenOpen
	tokenClose
	tokenComma
	tokenOperator
)

// token returns the kind of the token at i and where it ends. What is not
// closed runs to the end of the text; the parser says so later.
func token(sql string, i int) (tokenKind, int) {
	rest := sql[i:]
	switch c := sql[i]; {
	case strings.HasPrefix(rest, "--"):
		if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
			return tokenSkip, i + n
		}
		return tokenSkip, len(sql)
	case strings.HasPrefix(rest, "/*"):
		return tokenSkip, i + comment(rest)
	case c == '\'':
		return tokenSkip, i + quoted(rest, '\'', false)
	case c == '"':
		return tokenSkip, i + quoted(rest, '"', false)
	case (c == 'e' || c == 'E') && strings.HasPrefix(rest[1:], "'"):
		return tokenSkip, i + 1 + quoted(rest[1:], '\'', true)
	case c == '$':
		return tokenSkip, i + dollar(rest)
	case wordByte(c):
		n := 1
		for n < len(rest) && (wordByte(rest[n]) || rest[n] == '$') {
			n++
		}
		return tokenWord, i + n
	case c == '(' || c == '[':
		return tokenOpen, i + 1
	case c == ')' || c == ']':
		return tokenClose, i + 1
	case c == ',':
		return tokenComma, i + 1
	case strings.IndexByte("+-*/<>=~!@#%^&|`?:.", c) >= 0:
		return tokenOperator, i + 1
	}
	return tokenSkip, i + 1
}

func wordByte(c byte) bool {
	return c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// comment returns the length of the comment, which may hold others, that s begins with.
func comment(s string) int {
	depth := 0
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return len(s)
}

// quoted returns the length of the quoted text that s begins with.
func quoted(s string, quote byte, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == quote:
			if i+1 < len(s) && s[i+1] == quote {
				i++
				continue
			}
			return i + 1
		}
	}
	return len(s)
}

// dollar returns the length of the dollar-quoted text or the placeholder that s begins with.
func dollar(s string) int {
	n := 1
	for n < len(s) && wordByte(s[n]) {
		n++
	}
	if n == len(s) || s[n] != '$' || n > 1 && s[1] >= '0' && s[1] <= '9' {
		return n
	}
	tag := s[:n+1]
	if end := strings.Index(s[n+1:], tag); end >= 0 {
		return n + 1 + end + len(tag)
	}
	return len(s)
}
