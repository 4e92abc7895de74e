package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a piece of a statement that a guard printed, without comments.
type word struct {
	text   string
	quoted bool // a name in quotes
	isText bool // a text in quotes
	depth  int  // of parentheses around it
	start  int  // in bytes
}

// is reports whether the word is one of the keywords.
func (w word) is(keywords ...string) bool {
	if w.quoted || w.isText {
		return false
	}
	for _, k := range keywords {
		if strings.EqualFold(w.text, k) {
			return true
		}
	}
	return false
}

// name reports whether the word can name a column.
func (w word) name() bool {
	r, _ := utf8.DecodeRuneInString(w.text)
	return w.quoted || !w.isText && (r == '_' || unicode.IsLetter(r))
}

// value returns the name that the word stands for.
func (w word) value() string {
	if !w.quoted || len(w.text) < 2 {
		return w.text
	}
	closing := w.text[len(w.text)-1:]
	return strings.ReplaceAll(w.text[1:len(w.text)-1], closing+closing, closing)
}

// cutWords cuts a text as the engine's own lexer does, as far as it matters for
// finding its clauses.
func cutWords(kind, sql string) []word {
	var list []word
	depth := 0
	for i := 0; i < len(sql); {
		c := sql[i]
		start, w := i, word{}
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
			continue
		case c == '\'' || kind == "mysql" && c == '"':
			escapes := kind == "mysql" || kind == "postgres" && len(list) > 0 && list[len(list)-1].is("E") && i > 0 && (sql[i-1] == 'E' || sql[i-1] == 'e')
			i, w.isText = quotedEnd(sql, i, c, escapes), true
		case c == '"' || c == '`':
			i, w.quoted = quotedEnd(sql, i, c, false), true
		case c == '[' && (kind == "sqlserver" || kind == "sqlite"):
			i, w.quoted = quotedEnd(sql, i, ']', false), true
		case c == '$' && kind == "postgres" && dollarTag.MatchString(sql[i:]):
			i, w.isText = skipQuoted(sql, i), true
		default:
			r, size := utf8.DecodeRuneInString(sql[i:])
			i += size
			for wordRune(r) && i < len(sql) {
				r, size = utf8.DecodeRuneInString(sql[i:])
				if !wordRune(r) {
					break
				}
				i += size
			}
		}
		w.text, w.start, w.depth = sql[start:i], start, depth
		switch w.text {
		case "(", "[":
			depth++
			w.depth = depth
		case ")", "]":
			depth--
		}
		list = append(list, w)
	}
	return list
}

func wordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// quotedEnd returns where what begins with a quote at i ends; a doubled quote stands for one.
func quotedEnd(sql string, i int, closing byte, escapes bool) int {
	for i++; i < len(sql); i++ {
		switch {
		case escapes && sql[i] == '\\':
			i++
		case sql[i] == closing:
			if i+1 < len(sql) && sql[i+1] == closing {
				i++
				continue
			}
			return i + 1
		}
	}
	return len(sql)
}

// split cuts words at a sign that stands outside parentheses.
func split(list []word, sign string) [][]word {
	var parts [][]word
	last := 0
	for i, w := range list {
		if w.depth == 0 && w.text == sign {
			parts = append(parts, list[last:i])
			last = i + 1
		}
	}
	parts = append(parts, list[last:])
	kept := parts[:0]
	for _, p := range parts {
		if len(p) > 0 {
			kept = append(kept, p)
		}
	}
	return kept
}

// names reports whether the word means the name; only PostgreSQL tells apart
// what differs in case, and folds what has no quotes.
func (w word) names(kind, name string) bool {
	switch {
	case kind != "postgres":
		return strings.EqualFold(w.value(), name)
	case w.quoted:
		return w.value() == name
	}
	return strings.ToLower(w.text) == name
}

// sameWords reports whether two pieces of a text say the same.
func sameWords(kind string, a, b []word) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		name := b[i].value()
		if kind == "postgres" && !b[i].quoted {
			name = strings.ToLower(name)
		}
		if a[i].isText != b[i].isText || a[i].isText && a[i].text != b[i].text || !a[i].isText && !a[i].names(kind, name) {
			return false
		}
	}
	return true
}
