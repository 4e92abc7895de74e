package source

import (
	"slices"
	"strings"
	"unicode"
)

// MapPosition turns a position in the printed statement (characters from 1) into
// the position in the statement as it was asked: where the same token stands
// for the same time. It returns 0 where the asked text has no such token.
func MapPosition(asked, printed string, position int) int {
	if position <= 0 {
		return 0
	}
	tokens := positions(printed)
	at := slices.IndexFunc(tokens, func(t token) bool { return t.start <= position && position < t.end })
	if at < 0 {
		return 0
	}
	nth := 0
	for _, t := range tokens[:at] {
		if t.text == tokens[at].text {
			nth++
		}
	}
	last := 0
	for _, t := range positions(asked) {
		if t.text != tokens[at].text {
			continue
		}
		last = t.start
		if nth == 0 {
			return t.start
		}
		nth--
	}
	return last
}

// token is a word, a sign, a name without its quotes or a text after one
// quote, in lower case, and where it starts and ends in characters from 1.
type token struct {
	text       string
	start, end int
}

// positions splits SQL into tokens, passing over space and comments. It is
// made for every dialect at once, so it settles for what they share.
func positions(sql string) []token {
	var list []token
	runes := []rune(sql)
	for i := 0; i < len(runes); {
		start := i
		c, next := runes[i], rune(0)
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		text := ""
		switch {
		case unicode.IsSpace(c):
			i++
			continue
		case c == '-' && next == '-':
			for i < len(runes) && runes[i] != '\n' {
				i++
			}
			continue
		case c == '/' && next == '*':
			i = commentEnd(runes, i)
			continue
		case c == '\'':
			i = quoteEnd(runes, i, false)
			text = "'" + inner(runes, start+1, i-1)
		case (c == 'e' || c == 'E') && next == '\'':
			i = quoteEnd(runes, i+1, true)
			text = "'" + inner(runes, start+2, i-1)
		case c == '"' || c == '`':
			i = quoteEnd(runes, i, false)
			text = inner(runes, start+1, i-1)
		case c == '$' && dollarTag(runes, i) > 0:
			tag := dollarTag(runes, i)
			i = dollarEnd(runes, i, tag)
			text = "'" + inner(runes, start+tag, i-tag)
		case wordRune(c):
			for i < len(runes) && wordRune(runes[i]) {
				i++
			}
			text = string(runes[start:i])
		default:
			i++
			text = string(c)
		}
		list = append(list, token{strings.ToLower(text), start + 1, i + 1})
	}
	return list
}

func wordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// inner returns the characters from one place up to another, as far as there are any.
func inner(runes []rune, from, to int) string {
	from, to = min(from, len(runes)), min(to, len(runes))
	if to < from {
		return ""
	}
	return string(runes[from:to])
}

// commentEnd returns where the comment at i ends. Some dialects nest comments
// and some do not: nesting holds where it comes out even.
func commentEnd(runes []rune, i int) int {
	depth, first := 0, 0
	for j := i; j+1 < len(runes); j++ {
		switch {
		case runes[j] == '/' && runes[j+1] == '*':
			depth++
			j++
		case runes[j] == '*' && runes[j+1] == '/':
			depth--
			j++
			if first == 0 {
				first = j + 1
			}
			if depth == 0 {
				return j + 1
			}
		}
	}
	if first > 0 {
		return first
	}
	return len(runes)
}

// quoteEnd returns where the text or name in quotes at i ends; a doubled quote stands for one.
func quoteEnd(runes []rune, i int, escapes bool) int {
	quote := runes[i]
	for j := i + 1; j < len(runes); j++ {
		switch {
		case escapes && runes[j] == '\\':
			j++
		case runes[j] == quote:
			if j+1 < len(runes) && runes[j+1] == quote {
				j++
				continue
			}
			return j + 1
		}
	}
	return len(runes)
}

// dollarTag returns the length of the dollar quote, such as $$ or $tag$, at i; 0 where there is none.
func dollarTag(runes []rune, i int) int {
	for j := i + 1; j < len(runes); j++ {
		switch {
		case runes[j] == '$':
			return j + 1 - i
		case !wordRune(runes[j]) || j == i+1 && unicode.IsDigit(runes[j]):
			return 0
		}
	}
	return 0
}

// dollarEnd returns where the text behind the dollar quote at i ends, its closing quote included.
func dollarEnd(runes []rune, i, tag int) int {
	for j := i + tag; j+tag <= len(runes); j++ {
		if slices.Equal(runes[j:j+tag], runes[i:i+tag]) {
			return j + tag
		}
	}
	return len(runes)
}
