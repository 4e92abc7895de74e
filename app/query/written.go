package query

import (
	"fmt"
	"strings"

	"assay/app/frame"
	"assay/app/source"
)

// Written returns a compiled question as written SQL: each value becomes a
// parameter with the value as its default, so that it stays bound when somebody
// goes on in SQL. Values that a default cannot hold are returned apart.
func (c *Compiled) Written(d source.Dialect) (sql string, values map[string]string) {
	values = map[string]string{}
	var b strings.Builder
	rest := c.SQL
	for i, arg := range c.Args {
		mark := d.Placeholder(i+1, arg.Kind)
		at := outsideQuotes(rest, mark)
		if at < 0 {
			return c.SQL, values
		}
		name := fmt.Sprintf("value_%d", i+1)
		typ := "text"
		for word, kind := range parameterKinds {
			if kind == arg.Kind && word != "" {
				typ = word
			}
		}
		b.WriteString(rest[:at])
		if strings.ContainsAny(arg.Text, "{}") || strings.TrimSpace(arg.Text) != arg.Text || arg.Kind == frame.Text && strings.ContainsAny(arg.Text, "\r\n'\"`") {
			fmt.Fprintf(&b, "{{%s:%s}}", name, typ)
			values[name] = arg.Text
		} else {
			fmt.Fprintf(&b, "{{%s:%s=%s}}", name, typ, arg.Text)
		}
		rest = rest[at+len(mark):]
	}
	b.WriteString(rest)
	return b.String(), values
}

// outsideQuotes returns where mark first stands outside quotes and comments, or -1.
func outsideQuotes(sql, mark string) int {
	for i := 0; i < len(sql); i = skipQuoted(sql, i) {
		if strings.HasPrefix(sql[i:], mark) {
			return i
		}
	}
	return -1
}
