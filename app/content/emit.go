package content

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// emit writes a value as YAML, in one way only: keys sorted, but for name and id
// at the head of the whole, texts of several lines as they read, and whatever
// another reader of YAML might take for something else in quotes.
func emit(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	var e emitter
	switch t := tree.(type) {
	case map[string]any:
		e.mapping(t, 0, true)
	case []any:
		e.sequence(t, 0)
	default:
		return nil, fmt.Errorf("a file holds no %T alone", tree)
	}
	return e.b.Bytes(), nil
}

type emitter struct{ b bytes.Buffer }

func (e *emitter) indent(depth int) { e.b.WriteString(strings.Repeat("  ", depth)) }

func (e *emitter) mapping(m map[string]any, depth int, top bool) {
	keys := slices.Sorted(maps.Keys(m))
	if top {
		first := map[string]int{"name": -2, "id": -1}
		slices.SortStableFunc(keys, func(a, b string) int { return first[a] - first[b] })
	}
	for i, key := range keys {
		if i > 0 || top {
			e.indent(depth)
		}
		e.b.WriteString(flow(key))
		e.b.WriteByte(':')
		e.value(m[key], depth, false)
	}
}

// value writes what follows a key, or the hyphen of an item.
func (e *emitter) value(v any, depth int, item bool) {
	switch v := v.(type) {
	case map[string]any:
		switch {
		case len(v) == 0:
			e.b.WriteString(" {}\n")
			return
		case item:
			e.b.WriteByte(' ')
		default:
			e.b.WriteByte('\n')
			e.indent(depth + 1)
		}
		e.mapping(v, depth+1, false)
	case []any:
		if len(v) == 0 {
			e.b.WriteString(" []\n")
			return
		}
		e.b.WriteByte('\n')
		e.sequence(v, depth+1)
	default:
		e.b.WriteByte(' ')
		e.scalar(v, depth+1)
	}
}

func (e *emitter) sequence(list []any, depth int) {
	if len(list) == 0 {
		e.indent(depth)
		e.b.WriteString("[]\n")
	}
	for _, v := range list {
		e.indent(depth)
		e.b.WriteByte('-')
		e.value(v, depth, true)
	}
}

// scalar writes a value and ends its line; depth is that of its further lines.
func (e *emitter) scalar(v any, depth int) {
	switch v := v.(type) {
	case nil:
		e.b.WriteString("null")
	case bool:
		fmt.Fprint(&e.b, v)
	case json.Number:
		e.b.WriteString(v.String())
	case string:
		if strings.Contains(v, "\n") && literal(v) {
			e.literal(v, depth)
			return
		}
		e.b.WriteString(e.text(v, depth))
	}
	e.b.WriteByte('\n')
}

// literal reports whether a text of several lines can stand as it reads: nothing
// in it is invisible or would be lost.
func literal(s string) bool {
	if strings.Trim(s, "\n") == "" {
		return false
	}
	for line := range strings.SplitSeq(s, "\n") {
		if strings.HasPrefix(line, "\t") || strings.HasSuffix(line, " ") || strings.HasSuffix(line, "\t") {
			return false
		}
		for _, r := range line {
			if r != '\t' && !visible(r) {
				return false
			}
		}
	}
	return true
}

func visible(r rune) bool { return unicode.IsPrint(r) && r != 0xFFFD && r != 0xFEFF }

func (e *emitter) literal(s string, depth int) {
	e.b.WriteByte('|')
	if s[0] == ' ' || s[0] == '\n' {
		e.b.WriteByte('2')
	}
	body, ended := strings.CutSuffix(s, "\n")
	switch {
	case !ended:
		e.b.WriteByte('-')
	case strings.HasSuffix(body, "\n"):
		e.b.WriteByte('+')
	}
	e.b.WriteByte('\n')
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			e.indent(depth)
			e.b.WriteString(line)
		}
		e.b.WriteByte('\n')
	}
}

// plainly matches texts that every reader of YAML takes for a text without quotes.
var plainly = regexp.MustCompile(`^[\pL/(][^\pC:#]*(:[^\pC\pZ:#][^\pC:#]*)*$`)

// words that some reader takes for something else than a text.
var words = map[string]bool{"null": true, "true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true, "nan": true, "inf": true}

func bare(s string) bool {
	if !plainly.MatchString(s) || words[strings.ToLower(s)] || strings.HasSuffix(s, " ") {
		return false
	}
	for _, r := range s {
		if !visible(r) {
			return false
		}
	}
	return true
}

// flow writes a text on one line, in quotes where it needs them.
func flow(s string) string {
	if bare(s) && !strings.ContainsAny(s, "{}[],&*!|>%@`\"'") {
		return s
	}
	return quoted(s, "")
}

// text is flow for a value, which may go on on further lines.
func (e *emitter) text(s string, depth int) string {
	if bare(s) {
		return s
	}
	if at := strings.Index(s, "\n"); at >= 0 && at < len(s)-1 {
		return quoted(s, strings.Repeat("  ", depth))
	}
	return quoted(s, "")
}

// quoted writes a text in double quotes. Where an indent is given, it goes on on
// the next line after each of its own.
func quoted(s, indent string) string {
	var b strings.Builder
	b.WriteByte('"')
	fresh := false
	for i, r := range s {
		switch {
		case fresh && r == ' ':
			b.WriteString(`\ `)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
			if indent != "" && i < len(s)-1 {
				b.WriteString("\\\n" + indent)
				fresh = true
				continue
			}
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case visible(r):
			b.WriteRune(r)
		case r <= 0xFF:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
		fresh = false
	}
	b.WriteByte('"')
	return b.String()
}
