package mysql

import (
	"slices"
	"strings"

	"github.com/sqlc-dev/marino/ast"
)

// rewritten is a statement in the spelling that the parser reads. The parser
// knows less than MySQL and MariaDB together do; what it does not know is spelled
// in a way it does, marked, and printed as it was written.
type rewritten struct {
	sql        string // the statement as asked
	prefix     string // EXPLAIN or ANALYZE with its format, printed before the query
	tokens     []token
	text       string
	starts     []int // of each token, its offset in text
	other      []int // of each parenthesis, the index of its other one
	bareValues bool  // VALUES (1), (2) rather than VALUES ROW(1), ROW(2)
	systemTime bool  // FOR SYSTEM_TIME AS OF
	hexNumbers bool  // 0x41 rather than x'41'
}

// mark begins the texts that stand for what the parser cannot read. No statement
// may hold this character itself.
const mark = "\x01"

// rewrite returns the tokens in the parser's spelling. It changes tokens in
// place, drops them or puts text before them, and so takes time in proportion to them.
func rewrite(sql string, tokens []token) *rewritten {
	r := &rewritten{sql: sql, tokens: slices.Clone(tokens)}
	r.explain()
	r.match()
	r.hex()
	for i := len(r.tokens) - 1; i >= 0; i-- {
		if r.tokens[i].kind != wordToken || r.symbol(i-1, ".") {
			continue
		}
		r.orderedCall(i)
		r.against(i)
		r.limitedConcat(i)
		r.values(i)
		r.fetch(i)
		r.asOf(i)
		r.castType(i)
		r.reserved(i)
	}
	var b strings.Builder
	for _, t := range r.tokens {
		if (t.gap || t.before != "") && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.before)
		r.starts = append(r.starts, b.Len())
		if !t.dropped {
			b.WriteString(t.text)
		}
	}
	r.text = b.String()
	return r
}

// match finds the other parenthesis of each.
func (r *rewritten) match() {
	r.other = make([]int, len(r.tokens))
	var open []int
	for i := range r.tokens {
		r.other[i] = -1
		switch {
		case r.symbol(i, "("):
			open = append(open, i)
		case r.symbol(i, ")") && len(open) > 0:
			last := open[len(open)-1]
			open = open[:len(open)-1]
			r.other[i], r.other[last] = last, i
		}
	}
}

// hex notes how hexadecimal literals are written; mixed, they are printed as texts.
func (r *rewritten) hex() {
	quoted := false
	for i, t := range r.tokens {
		if t.kind == numberToken && strings.HasPrefix(t.text, "0x") {
			r.hexNumbers = true
		}
		if t.is("X") && i+1 < len(r.tokens) && r.tokens[i+1].kind == stringToken && !r.tokens[i+1].gap {
			quoted = true
		}
	}
	r.hexNumbers = r.hexNumbers && !quoted
}

func (r *rewritten) is(i int, words ...string) bool {
	return i >= 0 && i < len(r.tokens) && r.tokens[i].is(words...)
}

func (r *rewritten) symbol(i int, s string) bool {
	return i >= 0 && i < len(r.tokens) && r.tokens[i].symbol(s)
}

// group returns the parenthesis that closes the one at i, or -1 where there is none.
func (r *rewritten) group(i int) int {
	if !r.symbol(i, "(") {
		return -1
	}
	return r.other[i]
}

func (r *rewritten) rename(i int, text string) {
	r.tokens[i].text, r.tokens[i].upper = text, strings.ToUpper(text)
}

func (r *rewritten) drop(from, to int) {
	for i := from; i < to; i++ {
		r.tokens[i].dropped = true
	}
}

// explain takes EXPLAIN before a query off the tokens.
func (r *rewritten) explain() {
	i, words := 1, []string{"EXPLAIN"}
	switch {
	case r.is(0, "ANALYZE"):
		words[0] = "ANALYZE"
	case r.is(0, "EXPLAIN", "DESCRIBE", "DESC"):
		if r.is(i, "EXTENDED", "PARTITIONS", "ANALYZE") {
			words = append(words, r.tokens[i].upper)
			i++
		}
	default:
		return
	}
	if r.is(i, "FORMAT") {
		i++
		if r.symbol(i, "=") {
			i++
		}
		if !r.is(i, "JSON", "TREE", "TRADITIONAL") {
			return
		}
		words = append(words, "FORMAT="+r.tokens[i].upper)
		i++
	}
	if r.is(i, "TABLE") && words[len(words)-1] == "ANALYZE" {
		return // ANALYZE TABLE gathers statistics
	}
	if r.is(i, "SELECT", "WITH", "TABLE", "VALUES") || r.symbol(i, "(") {
		r.prefix = strings.Join(words, " ") + " "
		r.tokens = r.tokens[i:]
	}
}

// orderedCall spells MEDIAN(x) OVER (…) and PERCENTILE_CONT(p) WITHIN GROUP
// (ORDER BY x) OVER (…) as LEAD with a mark.
func (r *rewritten) orderedCall(i int) {
	if !r.is(i, "MEDIAN", "PERCENTILE_CONT", "PERCENTILE_DISC") {
		return
	}
	name, end := r.tokens[i].upper, r.group(i+1)
	if end < 0 {
		return
	}
	if name == "MEDIAN" {
		if !r.is(end+1, "OVER") || r.group(end+2) < 0 {
			return
		}
	} else {
		if !r.is(end+1, "WITHIN") || !r.is(end+2, "GROUP") {
			return
		}
		order := r.group(end + 3)
		if order < 0 || !r.is(order+1, "OVER") {
			return
		}
		over := r.group(order + 2)
		if over < 0 {
			return
		}
		var by []string
		for _, t := range r.tokens[end+4 : order] {
			by = append(by, t.before, t.text)
		}
		r.tokens[over].before = strings.Join(by, " ")
		r.drop(end+1, order+1)
	}
	r.tokens[end].before = ", 1, '" + mark + "call:" + name + "'"
	r.rename(i, "LEAD")
}

// against puts MATCH (…) AGAINST (…) into parentheses where an operator follows,
// which the parser does not expect there.
func (r *rewritten) against(i int) {
	end := r.group(i + 1)
	if !r.is(i, "MATCH") || end < 0 || !r.is(end+1, "AGAINST") {
		return
	}
	last := r.group(end + 2)
	if last < 0 || last+1 >= len(r.tokens) || r.tokens[last+1].kind != symbolToken || r.symbol(last+1, ")") || r.symbol(last+1, ",") || r.symbol(last+1, ";") {
		return
	}
	r.tokens[i].before = "(" + r.tokens[i].before
	r.tokens[last+1].before = ")" + r.tokens[last+1].before
}

// ordered returns the function that a marked argument stands for.
func (*rewritten) ordered(text string) (string, bool) {
	return strings.CutPrefix(text, mark+"call:")
}

// limitedConcat moves the LIMIT of a GROUP_CONCAT into its separator.
func (r *rewritten) limitedConcat(i int) {
	if !r.is(i, "GROUP_CONCAT") {
		return
	}
	end := r.group(i + 1)
	limit, separator := -1, -1
	for j := i + 2; j < end; j++ {
		switch {
		case r.group(j) > 0:
			j = r.group(j)
		case r.is(j, "LIMIT"):
			limit = j
		case r.is(j, "SEPARATOR"):
			separator = j + 1
		}
	}
	if limit < 0 || separator > limit {
		return
	}
	var text string
	for _, t := range r.tokens[limit+1 : end] {
		switch {
		case t.kind == numberToken:
			text += t.text
		case t.symbol(","):
			text += ", "
		case t.is("OFFSET"):
			text += " OFFSET "
		default:
			return
		}
	}
	marked := mark + "limit:" + text + ":"
	if separator < 0 {
		r.tokens[end].before = "SEPARATOR '" + marked + ",'"
	} else if t := &r.tokens[separator]; t.kind == stringToken {
		t.text = t.text[:1] + marked + t.text[1:]
	}
	r.drop(limit, end)
}

// limitOf splits a marked separator into the separator and the limit.
func (*rewritten) limitOf(separator string) (text, limit string) {
	rest, ok := strings.CutPrefix(separator, mark+"limit:")
	if !ok {
		return separator, ""
	}
	limit, text, _ = strings.Cut(rest, ":")
	return text, limit
}

// values spells MariaDB's VALUES (1), (2) as VALUES ROW(1), ROW(2).
func (r *rewritten) values(i int) {
	begins := i == 0 || r.symbol(i-1, "(") || r.is(i-1, "UNION", "ALL", "DISTINCT", "EXCEPT", "INTERSECT")
	if !begins || !r.is(i, "VALUES") {
		return
	}
	for open := i + 1; r.group(open) > 0; open = r.group(open) + 2 {
		r.bareValues = true
		r.tokens[open].before = "ROW"
		if !r.symbol(r.group(open)+1, ",") {
			return
		}
	}
}

// fetch spells OFFSET a ROWS FETCH NEXT b ROWS ONLY as LIMIT a, b.
func (r *rewritten) fetch(i int) {
	if !r.is(i, "OFFSET") || !r.is(i+2, "ROW", "ROWS") || !r.is(i+3, "FETCH") || !r.is(i+4, "FIRST", "NEXT") ||
		!r.is(i+6, "ROW", "ROWS") || !r.is(i+7, "ONLY") {
		return
	}
	r.rename(i, "LIMIT")
	r.rename(i+2, ",")
	r.drop(i+3, i+5)
	r.drop(i+6, i+8)
}

// asOf spells MariaDB's FOR SYSTEM_TIME AS OF in the parser's way.
func (r *rewritten) asOf(i int) {
	if r.is(i, "FOR") && r.is(i+1, "SYSTEM_TIME") && r.is(i+2, "AS") && r.is(i+3, "OF") {
		r.systemTime = true
		r.drop(i, i+1)
		for k, word := range []string{"AS", "OF", "TIMESTAMP"} {
			r.rename(i+1+k, word)
			r.tokens[i+1+k].kind = wordToken
		}
	}
}

// castType spells the types that MariaDB allows in CAST beside the standard ones.
func (r *rewritten) castType(i int) {
	if !r.is(i-1, "AS") && !r.symbol(i-1, ",") {
		return
	}
	switch {
	case r.is(i, "INT", "INTEGER", "BIGINT") && r.symbol(i+1, ")"):
		r.rename(i, "SIGNED")
	case r.is(i, "REAL") && r.symbol(i+1, ")"):
		r.rename(i, "DOUBLE")
	case r.is(i-1, "AS") && r.is(i, "VARCHAR") && r.symbol(i+1, "("):
		r.rename(i, "CHAR")
	}
}

var (
	windowNames = words("RANK DENSE_RANK PERCENT_RANK CUME_DIST ROW_NUMBER NTILE LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE")
	// plainWords are reserved by the parser and free on one of the servers at least.
	plainWords = words("ARRAY CUBE EXTERNAL GET GENERATED STORED VIRTUAL QUALIFY TIDB_CURRENT_TSO LATERAL OF")
	shapeNames = words("LINESTRING POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON GEOMETRYCOLLECTION GEOMCOLLECTION POINT")
)

// reserved puts names into backticks that the parser would take for keywords.
func (r *rewritten) reserved(i int) {
	word, call := r.tokens[i].upper, r.symbol(i+1, "(")
	var name bool
	switch {
	case call:
		name = shapeNames[word]
	case word == "GROUPS":
		name = !r.is(i+1, "BETWEEN", "UNBOUNDED", "CURRENT")
	case word == "ROW":
		name = !r.is(i-1, "CURRENT") && !r.is(i-2, "FETCH") && !r.is(i+1, "ONLY", "FETCH")
	case word == "OF":
		name = !r.is(i-1, "AS", "UPDATE", "SHARE", "MEMBER")
	case word == "LATERAL":
		name = !r.is(i+1, "JSON_TABLE")
	default:
		name = windowNames[word] || plainWords[word]
	}
	if name {
		r.tokens[i].kind, r.tokens[i].text = quotedToken, quoteName(r.tokens[i].text)
	}
}

// asked returns the offset in the asked statement of an offset in the text.
func (r *rewritten) asked(offset int) int {
	i, exact := slices.BinarySearch(r.starts, offset)
	if !exact {
		i--
	}
	return r.tokens[max(i, 0)].pos
}

// original returns what was asked for the part of the text from offset on, of
// size bytes, on one line.
func (r *rewritten) original(offset, size int) string {
	first, _ := slices.BinarySearch(r.starts, offset)
	end, _ := slices.BinarySearch(r.starts, offset+size)
	if first >= end {
		return ""
	}
	written := r.sql[r.tokens[first].pos:r.tokens[end-1].end]
	if strings.ContainsAny(written, "\t\n\v\f\r") {
		return strings.Join(strings.Fields(written), " ")
	}
	return written
}

func (r *rewritten) where(ok func(i int) bool) int {
	for i, t := range r.tokens {
		if ok(i) {
			return position(r.sql, t.pos)
		}
	}
	return 0
}

// find returns the position of the first such word or name, 0 where there is none.
func (r *rewritten) find(word string) int {
	return r.where(func(i int) bool {
		t := r.tokens[i]
		return (t.kind == wordToken || t.kind == quotedToken) && strings.EqualFold(strings.Trim(t.text, "`"), word)
	})
}

// findTable returns the position of a table's name, rather where a table is
// expected than elsewhere.
func (r *rewritten) findTable(n *ast.TableName) int {
	same := func(i int, name string) bool {
		return (r.tokens[i].kind == wordToken || r.tokens[i].kind == quotedToken) && unquoted(r.tokens[i].text) == name
	}
	named := func(i int) (first int, ok bool) {
		switch {
		case !same(i, n.Name.O):
			return 0, false
		case n.Schema.O == "":
			return i, !r.symbol(i-1, ".") && !r.symbol(i+1, ".")
		}
		return i - 2, i >= 2 && r.symbol(i-1, ".") && same(i-2, n.Schema.O)
	}
	for _, expected := range []func(i int) bool{
		func(i int) bool {
			return r.is(i, "FROM", "JOIN", "STRAIGHT_JOIN", "TABLE", "DESCRIBE", "DESC", "EXPLAIN")
		},
		func(i int) bool { return r.symbol(i, ",") || r.symbol(i, "(") },
		func(int) bool { return true },
	} {
		for i := range r.tokens {
			if first, ok := named(i); ok && expected(first-1) {
				return position(r.sql, r.tokens[first].pos)
			}
		}
	}
	return 0
}

// unquoted returns a name without its backticks.
func unquoted(name string) string {
	if len(name) >= 2 && name[0] == '`' {
		return strings.ReplaceAll(name[1:len(name)-1], "``", "`")
	}
	return name
}

func (r *rewritten) findCall(name string) int {
	return r.where(func(i int) bool {
		return r.symbol(i+1, "(") && strings.EqualFold(strings.Trim(r.tokens[i].text, "`"), name)
	})
}

func (r *rewritten) findLock() int {
	return r.where(func(i int) bool {
		return r.is(i, "FOR") && r.is(i+1, "UPDATE", "SHARE") || r.is(i, "LOCK") && r.is(i+1, "IN")
	})
}

func (r *rewritten) findVariable() int {
	return r.where(func(i int) bool { return r.tokens[i].kind == variableToken })
}
