package sqlite

import (
	"unicode"
	"unicode/utf8"
)

const noEscape rune = -1

// like is a pattern of LIKE, ready to match.
type like struct {
	source string
	escape rune
	tokens []rune // letters in lower case, and the two below
}

const (
	anyOne  rune = -2 // _
	anyMany rune = -3 // %
)

func newLike(pattern string, escape rune) *like {
	l := &like{source: pattern, escape: escape}
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			l.tokens = append(l.tokens, fold(r))
			escaped = false
		case r == escape:
			escaped = true
		case r == '%':
			if n := len(l.tokens); n == 0 || l.tokens[n-1] != anyMany {
				l.tokens = append(l.tokens, anyMany)
			}
		case r == '_':
			l.tokens = append(l.tokens, anyOne)
		default:
			l.tokens = append(l.tokens, fold(r))
		}
	}
	if escaped { // an escape that escapes nothing matches nothing
		l.tokens = append(l.tokens, utf8.MaxRune+1)
	}
	return l
}

// match reports whether all of text matches. It goes back to no more than the
// last %, so it takes at most the product of both lengths, and asks stopped on the way.
func (l *like) match(text []byte, stopped func() bool) bool {
	t, i := 0, 0
	star, from := -1, 0 // where to go on after the last %, in tokens and text
	for steps := 1; i < len(text); steps++ {
		if steps&(1<<18-1) == 0 && stopped() {
			return false
		}
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		switch {
		case t < len(l.tokens) && l.tokens[t] == anyMany:
			t++
			star, from = t, i
		case t < len(l.tokens) && (l.tokens[t] == anyOne || l.tokens[t] == fold(r)):
			t++
			i += size
		case star >= 0:
			_, size = utf8.DecodeRune(text[from:])
			from += size
			t, i = star, from
		default:
			return false
		}
		if t == len(l.tokens) && star == t {
			return true // nothing comes after the last %
		}
	}
	for t < len(l.tokens) && l.tokens[t] == anyMany {
		t++
	}
	return t == len(l.tokens)
}

// fold brings letters that differ only in case to one.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(r)
}
