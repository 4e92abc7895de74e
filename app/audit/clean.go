package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits in bytes on what one record holds.
const (
	maxText   = 4 << 10
	maxDetail = 32 << 10
	maxName   = 256     // of a key in the detail
	shortText = 1 << 10 // of a value in a detail that is too long
	maxDepth  = 32
)

// text makes a value safe to keep and to show: at most maxText bytes of valid
// UTF-8 on one line, in which nothing moves a cursor or turns the writing round.
func text(s string) string { return short(s, maxText, false) }

// short returns the value made safe and cut to limit bytes; where it is cut it
// says how long it was. lines keeps line breaks and tabs, for values that JSON
// escapes.
func short(s string, limit int, lines bool) string {
	whole := len(s)
	safe := visible(s[:min(whole, limit+utf8.UTFMax)], lines)
	if whole <= limit && len(safe) <= limit {
		return safe
	}
	mark := fmt.Sprintf("… (cut from %d bytes)", whole)
	end := min(len(safe), limit-len(mark))
	for end > 0 && end < len(safe) && !utf8.RuneStart(safe[end]) {
		end--
	}
	return safe[:end] + mark
}

// visible shows control characters as their pictures (U+2400 and on) and
// replaces what else would break a line or turn its direction.
func visible(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case lines && (r == '\n' || r == '\t'):
			return r
		case r < 0x20:
			return 0x2400 + r
		case r == 0x7f:
			return 0x2421
		case r == 0x2028, r == 0x2029, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return utf8.RuneError
		}
		return r
	}, s)
}

const redacted = "[redacted]"

// secretParts are parts of names, their separators left out, under which
// secrets are found; secretWords are whole words of such names.
var (
	secretParts = []string{"token", "credential", "authorization", "apikey", "privatekey", "masterkey", "accesskey", "cookie"}
	secretWords = []string{"key", "keys", "pwd", "pass", "otp", "dsn"}
)

// aboutWords end names that say something about a key or a token and do not hold it.
var aboutWords = []string{"id", "ids", "name", "names", "kind", "count", "version", "used", "total"}

// secretName reports whether a value under the name may be a secret.
func secretName(name string) bool {
	var spaced strings.Builder
	lower := false
	for _, r := range name {
		if !unicode.IsLetter(r) || unicode.IsUpper(r) && lower {
			spaced.WriteByte(' ')
		}
		if unicode.IsLetter(r) {
			spaced.WriteRune(unicode.ToLower(r))
		}
		lower = unicode.IsLower(r)
	}
	words := strings.Fields(spaced.String())
	whole := strings.Join(words, "")
	if strings.Contains(whole, "secret") || strings.Contains(whole, "passw") || strings.Contains(whole, "passphrase") {
		return true
	}
	if len(words) == 0 || slices.Contains(aboutWords, words[len(words)-1]) {
		return false
	}
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(secretWords, w) }) ||
		slices.ContainsFunc(secretParts, func(p string) bool { return strings.Contains(whole, p) })
}

// detail returns the values as a JSON object in one spelling: keys sorted, no
// spaces, numbers and escapes as RFC 8785 has them, at most maxDetail bytes.
// Secrets are left out by the names of their keys. What JSON cannot hold is
// named by its type; nothing makes it fail.
func detail(values map[string]any) json.RawMessage {
	whole := encode(object(values, maxDetail))
	if len(whole) <= maxDetail {
		return whole
	}
	// First the long values are shortened; if that is not enough, the last names are dropped.
	shortened := object(values, shortText)
	shortened[cutMark] = len(whole)
	if short := encode(shortened); len(short) <= maxDetail {
		return short
	}
	kept, room := map[string]any{cutMark: len(whole)}, maxDetail-64
	for _, name := range slices.Sorted(maps.Keys(shortened)) {
		if room -= len(encode(map[string]any{name: shortened[name]})); room < 0 {
			break
		}
		kept[name] = shortened[name]
	}
	return encode(kept)
}

// cutMark is the key that tells how long a detail was, in bytes, before it was cut.
const cutMark = "_cut"

// object returns the values made of maps, slices, strings, numbers, booleans
// and nil, safe to keep, strings cut to limit bytes.
func object(values map[string]any, limit int) map[string]any {
	safe := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		safe[short(name, maxName, false)] = plain(name, values[name], limit)
	}
	return safe
}

func plain(name string, v any, limit int) any {
	if err, ok := v.(error); ok {
		v = err.Error()
	}
	if s, ok := v.(string); ok { // without reading a huge one twice
		return clean(name, s, limit, 0)
	}
	if raw := encode(v); raw != nil {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var parsed any
		if err := d.Decode(&parsed); err == nil {
			return clean(name, parsed, limit, 0)
		}
	}
	return fmt.Sprintf("(a value of type %T that JSON cannot hold)", v)
}

func clean(name string, v any, limit, depth int) any {
	switch v {
	case nil, true, false, "":
		return v
	}
	if secretName(name) {
		return redacted
	}
	switch v := v.(type) {
	case string:
		return short(v, limit, true)
	case json.Number:
		return number(v)
	case []any:
		if depth == maxDepth {
			break
		}
		for i := range v {
			v[i] = clean("", v[i], limit, depth+1)
		}
		return v
	case map[string]any:
		if depth == maxDepth {
			break
		}
		safe := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			safe[short(key, maxName, false)] = clean(key, v[key], limit, depth+1)
		}
		return safe
	}
	return "(too deep)"
}

// number gives a number one spelling: whole ones in digits, others as the
// shortest that reads back as the same float64.
func number(n json.Number) any {
	if i, err := n.Int64(); err == nil && strconv.FormatInt(i, 10) == n.String() {
		return n
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return n.String()
}

// encode returns v as JSON, or nil where it has none.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
