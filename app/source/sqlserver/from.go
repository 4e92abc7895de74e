package sqlserver

import (
	"strings"

	"assay/app/source"
)

// tablesIn finds by the tokens alone where a table can be named, after FROM,
// JOIN and APPLY and the commas between them, and refuses what stands there
// without being in named, the tables that the tree knows, or a function or query.
func tablesIn(sql string, tokens []token, named map[int]bool) error {
	// level is an open parenthesis: whether a FROM clause is being read in it, and
	// whether a table must follow.
	type level struct{ from, table bool }
	c := checker{tokens: tokens}
	stack := []level{{}}
	for i, t := range tokens {
		l := &stack[len(stack)-1]
		if l.table {
			l.table = false
			switch {
			case t.op("("):
				next := c.at(i + 1)
				query := next.is("SELECT") || next.is("VALUES")
				stack = append(stack, level{from: !query, table: !query})
				continue
			case named[i] || c.tableCall(i):
			default:
				return source.Refuse(position(sql, t.pos), "This part of the statement was not understood: %s", clip(t.text))
			}
			continue
		}
		switch {
		case t.op("("):
			stack = append(stack, level{})
		case t.op(")"):
			if len(stack) == 1 {
				return source.Refuse(position(sql, t.pos), "A closing parenthesis without its opening one")
			}
			stack = stack[:len(stack)-1]
		case t.is("FROM"):
			if !c.noTable(i) {
				l.from, l.table = true, true
			}
		case t.is("JOIN"), t.is("APPLY") && (c.at(i-1).is("CROSS") || c.at(i-1).is("OUTER")):
			l.table = true
		case t.op(","):
			l.table = l.from
		case t.kind == tokenWord && endsFrom[t.up] && !(t.is("FOR") && c.at(i+1).is("SYSTEM_TIME")):
			l.from = false
		case t.is("WINDOW") && c.at(i+2).is("AS") && c.at(i+3).op("("):
			l.from = false
		}
	}
	return nil
}

var endsFrom = words(`SELECT WHERE GROUP HAVING ORDER UNION EXCEPT INTERSECT FOR OPTION`)

// noTable reports whether the FROM at i belongs to TRIM(… FROM …) or IS [NOT] DISTINCT FROM.
func (c *checker) noTable(i int) bool {
	if c.at(i - 1).is("DISTINCT") {
		before := c.at(i - 2)
		return before.is("IS") || before.is("NOT") && c.at(i-3).is("IS")
	}
	depth := 0
	for i--; i >= 0; i-- {
		switch t := c.tokens[i]; {
		case t.op(")"):
			depth++
		case t.op("(") && depth == 0:
			return c.at(i - 1).is("TRIM")
		case t.op("("):
			depth--
		case depth == 0 && t.is("SELECT"):
			return false
		}
	}
	return false
}

// tableCall reports whether a function that gives a table is called at i.
func (c *checker) tableCall(i int) bool {
	parts := 1
	for ; c.at(i + 1).op("."); i += 2 {
		parts++
	}
	last := c.at(i)
	if !c.at(i+1).op("(") || last.kind != tokenWord && last.kind != tokenName {
		return false
	}
	return parts == 1 && tableFunctions[last.up] || parts > 1 && last.up == "NODES"
}

// unquoted returns the name that a word or name in quotes stands for.
func unquoted(t token) string {
	if t.kind != tokenName || len(t.text) < 2 {
		return t.text
	}
	inner, closing := t.text[1:len(t.text)-1], t.text[len(t.text)-1:]
	return strings.ReplaceAll(inner, closing+closing, closing)
}
