package sqlserver

import (
	"strings"

	"assay/app/source"
)

// maxDepth bounds how deep parentheses, CASE and prefix operators may nest.
const maxDepth = 120

// greatestRecursion is the greatest limit that the hint MAXRECURSION takes.
const greatestRecursion = "32767"

// checker looks at tokens alone, so that what the parser overlooks is still seen:
// T-SQL needs no semicolon between statements, and every statement that acts
// begins with a reserved word or with one of bracketWords.
type checker struct {
	text   string
	tokens []token
	policy source.Policy
	// open holds, for every open parenthesis, the word before it.
	open []string
	// body is where the statement's own SELECT starts, after a WITH.
	body int
	// names marks the tokens that name a common table expression.
	names map[int]bool
}

// checkTokens refuses all that is no pure SELECT, and puts words that are safe as names only into brackets.
func checkTokens(text string, tokens []token, policy source.Policy) error {
	return new(checker).check(text, tokens, policy)
}

func (c *checker) check(text string, tokens []token, policy source.Policy) error {
	*c = checker{text: text, tokens: tokens, policy: policy, names: map[int]bool{}}
	if err := c.head(); err != nil {
		return err
	}
	cases, prefix := 0, 0
	for i := range tokens {
		t := tokens[i]
		if prefix++; !t.op("-") && !t.op("+") && !t.op("~") && !t.is("NOT") {
			prefix = 0
		}
		switch {
		case prefix > maxDepth || len(c.open)+cases > maxDepth:
			return c.refuse(t, "The statement nests deeper than %d levels", maxDepth)
		case t.op("("):
			if err := c.call(i); err != nil {
				return err
			}
			c.open = append(c.open, c.before(i))
		case t.op(")"):
			if len(c.open) == 0 {
				return c.refuse(t, "A closing parenthesis without its opening one")
			}
			c.open = c.open[:len(c.open)-1]
		case t.op(";"):
			return c.refuse(t, "Only one statement can run at a time: remove what follows the semicolon")
		case t.op(":"):
			if n := len(c.open); n == 0 || c.open[n-1] != "JSON_OBJECT" && c.open[n-1] != "JSON_OBJECTAGG" {
				return c.refuse(t, "The character : is not understood here")
			}
		case t.op("::"):
			if i == 0 || i+1 >= len(tokens) || !methodTypes[tokens[i-1].up] || !typeMethods[tokens[i+1].up] {
				return c.refuse(t, "Only the functions of geometry, geography and hierarchyid can follow ::")
			}
		case t.kind == tokenVar:
			if !placeholder(t.text) && !serverVariables[t.up] {
				return c.refuse(t, "The variable %s is not available: questions have parameters instead", t.text)
			}
		case t.is("CASE"):
			cases++
		case t.is("END"):
			if cases--; cases < 0 {
				return c.refuse(t, "END without its CASE")
			}
		}
		if t.kind == tokenWord {
			if err := c.word(i); err != nil {
				return err
			}
		}
		if t.is("MAXRECURSION") && c.inside("OPTION") && c.at(i+1).kind == tokenNumber && strings.Trim(c.at(i+1).text, "0") == "" {
			// 0 would be no limit; what is meant by it fits into the greatest one.
			if name, endless := c.endless(); endless {
				return c.refuse(t, "MAXRECURSION 0 lets %s go on for ever: it has no WHERE that ends it", name)
			}
			tokens[i+1].text = greatestRecursion
		}
	}
	if len(c.open) > 0 {
		return c.refuse(tokens[len(tokens)-1], "A parenthesis is not closed")
	}
	return nil
}

func (c *checker) refuse(t token, format string, args ...any) *source.Failure {
	return source.Refuse(position(c.text, t.pos), format, args...)
}

func (c *checker) at(i int) token {
	if i < 0 || i >= len(c.tokens) {
		return token{}
	}
	return c.tokens[i]
}

// before returns the word or name that opens the parenthesis at i, in capitals.
func (c *checker) before(i int) string {
	if p := c.at(i - 1); p.kind == tokenWord || p.kind == tokenName {
		return p.up
	}
	return ""
}

// head walks over WITH name (columns) AS (…), … to where the statement's SELECT must stand.
func (c *checker) head() error {
	first := c.at(0)
	if !first.is("WITH") {
		if !first.is("SELECT") && !first.op("(") {
			if first.kind == tokenWord && actingWords[first.up] || first.is("MERGE") {
				return c.refuse(first, "%s is not allowed: questions can only read", first.up)
			}
			return c.refuse(first, "A question is a SELECT statement, or one that starts with WITH")
		}
		return nil
	}
	i := 1
	if c.at(i).is("XMLNAMESPACES") {
		i = c.match(i + 1)
		if c.at(i).op(",") {
			i++
		} else {
			c.body = i
			return c.checkBody()
		}
	}
	for {
		c.names[i] = true
		if i++; c.at(i).op("(") {
			end := c.match(i)
			for n := i + 1; n < end-1; n++ {
				t := c.tokens[n]
				if (n-i)%2 == 0 && t.op(",") || (n-i)%2 == 1 && (t.kind == tokenName || t.kind == tokenWord && !reservedWords[t.up]) {
					continue
				}
				return c.refuse(t, "Only names of columns can stand here. Reserved words go into [brackets]")
			}
			i = end
		}
		if !c.at(i).is("AS") || !c.at(i+1).op("(") {
			return c.refuse(c.at(min(i, len(c.tokens)-1)), "After WITH comes a name, then AS and a query in parentheses")
		}
		if i = c.match(i + 1); !c.at(i).op(",") {
			break
		}
		i++
	}
	c.body = i
	return c.checkBody()
}

func (c *checker) checkBody() error {
	switch t := c.at(c.body); {
	case t.is("SELECT") || t.op("("):
		return nil
	case t.kind == 0:
		return c.refuse(c.tokens[len(c.tokens)-1], "A SELECT is missing after WITH")
	case t.kind == tokenWord && reservedWords[t.up]:
		return c.refuse(t, "%s is not allowed: questions can only read", t.up)
	default:
		return c.refuse(t, "A SELECT must follow WITH")
	}
}

// endless returns a common table expression that calls itself without any condition.
func (c *checker) endless() (string, bool) {
	for n := range c.names {
		open := n + 1
		if c.at(open).op("(") {
			open = c.match(open)
		}
		if !c.at(open).is("AS") {
			continue
		}
		union, itself, ends := false, false, false
		for i := open + 2; i < c.match(open+1); i++ {
			t := c.tokens[i]
			union = union || t.is("UNION")
			itself = itself || union && (t.kind == tokenWord || t.kind == tokenName) && t.up == c.tokens[n].up
			ends = ends || union && (t.is("WHERE") || t.is("ON"))
		}
		if itself && !ends {
			return c.tokens[n].text, true
		}
	}
	return "", false
}

// match returns the index after the parenthesis that closes the one at i, or the number of tokens.
func (c *checker) match(i int) int {
	depth := 0
	for ; i < len(c.tokens); i++ {
		if c.tokens[i].op("(") {
			depth++
		} else if c.tokens[i].op(")") {
			depth--
		}
		if depth <= 0 {
			return i + 1
		}
	}
	return len(c.tokens)
}

func (c *checker) word(i int) error {
	t, prev, next := c.tokens[i], c.at(i-1), c.at(i+1)
	if !reservedWords[t.up] {
		if t.up == "GO" && (t.rows > 0 || i == 0) && (next.kind == 0 || next.rows > 0) {
			return c.refuse(t, "GO separates batches in a client and is no part of a statement. Remove it")
		}
		if bracketWords[t.up] && !c.contextual(t, prev, next) {
			c.tokens[i].kind = tokenName
			c.tokens[i].text = "[" + t.text + "]"
		}
		return nil
	}
	switch {
	case prev.op("."):
		return c.refuse(t, "The name %s is a reserved word: put it in [brackets]", t.text)
	case t.up == "INTO":
		return c.refuse(t, "SELECT INTO makes a table: questions can only read")
	case otherWords[t.up] && actingWords[t.up]:
		return c.refuse(t, "%s is not allowed: questions can only read. If it is a name, put it in [brackets]", t.up)
	case otherWords[t.up]:
		return c.refuse(t, "The reserved word %s has no place in a question. If it is a name, put it in [brackets]", t.up)
	}
	switch t.up {
	case "SELECT":
		if i == 0 || i == c.body || prev.op("(") || prev.is("UNION") || prev.is("EXCEPT") || prev.is("INTERSECT") ||
			prev.is("ALL") && c.at(i-2).is("UNION") {
			return nil
		}
		return c.refuse(t, "A second SELECT starts here: only one statement can run at a time")
	case "WITH":
		if i == 0 || next.op("(") && !prev.is("PERCENT") || next.is("TIES") || next.is("ROLLUP") || next.is("CUBE") || next.is("ARRAY") || next.is("UNCONDITIONAL") {
			return nil
		}
		return c.refuse(t, "WITH has no place here")
	case "MERGE":
		if next.is("JOIN") || next.is("UNION") {
			return nil
		}
		return c.refuse(t, "MERGE is not allowed: questions can only read")
	case "FETCH":
		after := c.at(i + 2)
		if (prev.is("ROWS") || prev.is("ROW")) && (next.is("NEXT") || next.is("FIRST")) &&
			(after.kind == tokenNumber || after.kind == tokenVar || after.op("(")) {
			return nil
		}
		return c.refuse(t, "FETCH is allowed after OFFSET … ROWS only")
	case "FOR":
		if next.is("JSON") || next.is("XML") || next.is("SYSTEM_TIME") || c.inside("PIVOT") || c.inside("UNPIVOT") {
			return nil
		}
		if prev.is("VALUE") {
			return c.refuse(t, "NEXT VALUE FOR takes a number from a sequence: questions can only read")
		}
		return c.refuse(t, "FOR is allowed with JSON, XML and SYSTEM_TIME only")
	case "OPTION", "INDEX":
		if next.op("(") || t.up == "INDEX" && next.op("=") {
			return nil
		}
		return c.refuse(t, "%s has no place here. If it is a name, put it in [brackets]", t.up)
	case "OFF":
		return c.refuse(t, "OFF has no place here. If it is a name, put it in [brackets]")
	}
	return nil
}

// contextual reports the few places where one of bracketWords is a keyword of SELECT.
func (c *checker) contextual(t, prev, next token) bool {
	switch t.up {
	case "TIME":
		return prev.is("AT") && next.is("ZONE")
	case "TYPE":
		return prev.op(",") && len(c.open) == 0 && (next.kind == 0 || next.op(",")) && c.has("XML") ||
			prev.op(",") && c.has("XML") && (next.op(")") || next.op(","))
	case "LANGUAGE":
		return prev.op(",") && (next.kind == tokenNumber || next.kind == tokenString || next.kind == tokenVar)
	}
	return false
}

func (c *checker) inside(word string) bool {
	return len(c.open) > 0 && c.open[len(c.open)-1] == word
}

func (c *checker) has(word string) bool {
	for i, t := range c.tokens {
		if t.is(word) && c.at(i-1).is("FOR") {
			return true
		}
	}
	return false
}

// call checks what stands before the opening parenthesis at i.
func (c *checker) call(i int) error {
	p := c.at(i - 1)
	if p.kind != tokenWord && p.kind != tokenName {
		return nil
	}
	before := c.at(i - 2)
	bare := p.kind == tokenWord
	switch {
	case before.op("."):
		parts := c.path(i - 1)
		if valueMethods[p.up] && !routine(c.policy, parts) || vouched(c.policy, parts) {
			return nil
		}
		return unknownFunction(c.policy, position(c.text, c.at(i+1-2*len(parts)).pos), parts)
	case before.op("::"):
		return nil
	case readFunctions[p.up] || tableFunctions[p.up] || vouched(c.policy, []string{p.up}):
		return nil
	case bare && structureWords[p.up], typeWords[p.up]:
		return nil
	case c.names[i-1]:
		return nil
	case reservedWords[p.up] && bare:
		return nil // the parser and the walk judge these
	case before.is("AS"), before.op(")"), before.kind == tokenName,
		before.kind == tokenWord && !reservedWords[before.up] && !leadWords[before.up]:
		// An alias with its columns, as in AS t (a, b) or ) t (a, b); or a table with its hints, as in FROM t a (NOLOCK).
		if inner := c.at(i + 1); inner.kind == tokenName || inner.kind == tokenWord && !reservedWords[inner.up] {
			return nil
		}
	case c.hints(i):
		return nil
	}
	return unknownFunction(c.policy, position(c.text, p.pos), []string{p.up})
}

// path returns the parts of the dotted name that ends at i, in small letters.
func (c *checker) path(i int) []string {
	parts := []string{strings.ToLower(c.at(i).up)}
	for ; c.at(i - 1).op("."); i -= 2 {
		if n := c.at(i - 2); n.kind == tokenWord || n.kind == tokenName {
			parts = append([]string{strings.ToLower(n.up)}, parts...)
			continue
		}
		break
	}
	return parts
}

// hints reports whether the parenthesis at i holds table hints in the old spelling, FROM t (NOLOCK).
func (c *checker) hints(i int) bool {
	for i++; i < len(c.tokens); i++ {
		switch t := c.tokens[i]; {
		case t.op(")"):
			return true
		case t.op(","):
		case t.kind == tokenWord && tableHints[t.up]:
		default:
			return false
		}
	}
	return false
}

// placeholder reports whether the variable is one of @p1 to @p9999.
func placeholder(name string) bool {
	digits := strings.TrimPrefix(strings.ToLower(name), "@p")
	if digits == strings.ToLower(name) || digits == "" || len(digits) > 4 || digits[0] == '0' {
		return false
	}
	return strings.Trim(digits, "0123456789") == ""
}
