package source

import "strings"

// bestList reads text as an ADO.NET or ODBC list and as libpq's keywords, and
// returns the reading in which more names are known, nil where none is;
// libpq says which it was.
func bestList(text string) (list []pair, libpq bool) {
	score := func(list []pair) (n int) {
		for _, p := range list {
			if _, ok := vocabulary[plain(p.name)]; ok {
				n += 2
			} else {
				n--
			}
		}
		return n
	}
	ado, keywords := parseADO(text), parseKeywords(text)
	list, libpq = ado, score(keywords) > score(ado)
	if libpq {
		list = keywords
	}
	if score(list) <= 0 {
		return nil, false
	}
	return list, libpq
}

// parseADO splits "Name=value;Name={a;b};…". Braces and quotes hold a value in
// which they are doubled to stand for themselves; a part without "=" belongs to
// the password before it, which then held an unquoted ";".
func parseADO(text string) []pair {
	var list []pair
	for text != "" {
		part, rest, _ := strings.Cut(text, ";")
		name, _, ok := strings.Cut(part, "=")
		if !ok {
			if n := len(list); n > 0 && strings.TrimSpace(part) != "" && vocabulary[plain(list[n-1].name)].word == wordPassword {
				list[n-1].value += ";" + strings.TrimRight(part, " ")
			}
			text = rest
			continue
		}
		value := strings.TrimSpace(text[len(name)+1:])
		if held, after, ok := cutQuoted(value); ok {
			list = append(list, pair{strings.TrimSpace(name), held})
			text = after
			continue
		}
		list = append(list, pair{strings.TrimSpace(name), strings.TrimSpace(part[len(name)+1:])})
		text = rest
	}
	return list
}

// cutQuoted takes a value in braces or quotes off the front; what follows it
// must be the end or a semicolon.
func cutQuoted(s string) (value, rest string, ok bool) {
	if s == "" {
		return "", "", false
	}
	end := s[0]
	switch end {
	case '{':
		end = '}'
	case '"', '\'':
	default:
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != end {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == end {
			b.WriteByte(end)
			i++
			continue
		}
		after := strings.TrimSpace(s[i+1:])
		if after == "" || after[0] == ';' {
			return b.String(), strings.TrimPrefix(after, ";"), true
		}
		break
	}
	return "", "", false
}

// parseKeywords splits libpq's "name = value name='a b' …", where a backslash
// makes the next character stand for itself. It returns nil for anything else.
func parseKeywords(text string) []pair {
	var list []pair
	for {
		text = strings.TrimLeft(text, " ")
		if text == "" {
			return list
		}
		name, rest, ok := strings.Cut(text, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.ContainsAny(name, " ;'\"") {
			return nil
		}
		rest = strings.TrimLeft(rest, " ")
		quoted := strings.HasPrefix(rest, "'")
		i := 0
		if quoted {
			i = 1
		}
		var b strings.Builder
		for ; i < len(rest); i++ {
			c := rest[i]
			if quoted && c == '\'' || !quoted && c == ' ' {
				break
			}
			if c == '\\' && i+1 < len(rest) {
				i++
				c = rest[i]
			}
			b.WriteByte(c)
		}
		if quoted {
			if i >= len(rest) {
				return nil
			}
			i++
		}
		list = append(list, pair{name, b.String()})
		text = rest[i:]
	}
}
