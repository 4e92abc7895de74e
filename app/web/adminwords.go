package web

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"assay/app/figure"
	"assay/app/query"
)

// sentence begins a text with a capital letter.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// ruleWords says what a rule says, for the middle of a sentence.
func ruleWords(b *query.RuleBody) string {
	words := rowWords(b.Filter)
	if masks := maskWords(b.Masks); masks != "" {
		words += "; hidden: " + masks
	}
	return words
}

func rowWords(f *query.Filter) string {
	if words := filterWords(f, false); words != "" {
		return "rows where " + words
	}
	return "all rows"
}

func maskWords(masks []query.Mask) string {
	parts := make([]string, len(masks))
	for i, m := range masks {
		parts[i] = m.Column + " (" + map[query.How]string{query.Empty: "empty", query.Redact: "dots"}[m.How] + ")"
	}
	return strings.Join(parts, ", ")
}

// filterWords says a condition in words; inner groups stand in brackets.
func filterWords(f *query.Filter, inner bool) string {
	if f == nil {
		return ""
	}
	list, joint := f.And, " and "
	if f.Or != nil {
		list, joint = f.Or, " or "
	}
	if list == nil {
		return conditionWords(f)
	}
	var parts []string
	for i := range list {
		if words := filterWords(&list[i], true); words != "" {
			parts = append(parts, words)
		}
	}
	words := strings.Join(parts, joint)
	if inner && len(parts) > 1 {
		return "(" + words + ")"
	}
	return words
}

func conditionWords(f *query.Filter) string {
	if f.Column == "" {
		return ""
	}
	words := f.Column + " " + figure.OpWords[f.Op]
	if f.Op == query.IsNull || f.Op == query.NotNull {
		return words
	}
	if name, ok := attributeOf(f); ok {
		return words + " the person's attribute " + name
	}
	if f.Op == query.Last {
		return words + " " + figure.ValueText(f)
	}
	var list []json.RawMessage
	if json.Unmarshal(f.Value, &list) != nil {
		return words + " " + quoted(figure.ScalarText(f.Value))
	}
	parts := make([]string, len(list))
	for i, raw := range list {
		parts[i] = quoted(figure.ScalarText(raw))
	}
	if f.Op == query.Between {
		return words + " " + strings.Join(parts, " and ")
	}
	return words + " " + strings.Join(parts, ", ")
}

// quoted sets a value apart from the words around it.
func quoted(s string) string { return "“" + s + "”" }

// clauses begin a line when a statement is laid out.
var clauses = []string{"FROM", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT", "OFFSET", "UNION", "LEFT JOIN", "INNER JOIN", "JOIN", "SELECT"}

// laidOut breaks a statement that stands on one line before its main clauses;
// what is quoted or in brackets stays as it is, and so does a statement that its
// writer laid out.
func laidOut(sql string) string {
	if strings.ContainsAny(sql, "\r\n\\") || strings.Contains(sql, "--") || strings.Contains(sql, "/*") {
		return sql
	}
	var b strings.Builder
	depth, quote := 0, byte(0)
	for i := 0; i < len(sql); i++ {
		ch := sql[i]
		switch {
		case quote != 0:
			if ch == quote {
				quote = 0
			}
		case ch == '\'' || ch == '"' || ch == '`':
			quote = ch
		case ch == '[':
			quote = ']'
		case ch == '(':
			depth++
		case ch == ')':
			depth--
		case ch == ' ' && depth == 0 && beginsClause(sql[i+1:]) && !endsWithJoin(sql[:i]):
			b.WriteByte('\n')
			continue
		}
		b.WriteByte(ch)
	}
	return b.String()
}

func beginsClause(rest string) bool {
	for _, word := range clauses {
		if len(rest) > len(word) && strings.EqualFold(rest[:len(word)], word) && rest[len(word)] == ' ' {
			return true
		}
	}
	return false
}

// endsWithJoin says that the next word belongs to a clause that has begun, as JOIN after LEFT.
func endsWithJoin(before string) bool {
	for _, word := range []string{" LEFT", " INNER"} {
		if len(before) >= len(word) && strings.EqualFold(before[len(before)-len(word):], word) {
			return true
		}
	}
	return false
}
