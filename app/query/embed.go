package query

import (
	"slices"
	"strconv"
	"strings"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
)

// embedded is a question's text as it can stand in another one's FROM.
type embedded struct {
	kind string
	// with and tail are what the engine takes only around the whole statement,
	// with the space between them and it.
	with, tail string
	body       string
	// order is how the rows are sorted, by columns of the result; empty where the
	// text does not sort, or sorts by what is not in its result.
	order []orderTerm

	printed string
	words   []word // of the body
	sorts   [2]int // the words of ORDER BY's terms, from and up to; 0, 0 without one
	limited bool   // the order decides which rows there are
}

// orderTerm is a column by which a result is sorted.
type orderTerm struct {
	name  string
	spell func(x string) []string
}

// embed cuts a statement, as its guard printed it, into what can stand in
// another's FROM and what cannot.
func embed(kind string, checked source.Checked) (*embedded, error) {
	e := &embedded{kind: kind, body: checked.SQL, printed: checked.SQL}
	words := cutWords(kind, checked.SQL)
	if checked.Explain || len(words) == 0 || words[0].is("SHOW", "EXPLAIN", "DESCRIBE", "DESC", "ANALYZE") {
		return nil, source.Refuse(0, "What this statement tells is not a table of rows, so nothing further can be asked of it")
	}
	if kind == "sqlserver" {
		if err := e.lone(words); err != nil {
			return nil, err
		}
	}
	e.words = cutWords(kind, e.body)
	e.findOrder()
	return e, nil
}

// lone takes out of a T-SQL statement what no subquery may hold: its WITH and OPTION.
func (e *embedded) lone(words []word) error {
	sql, from, to := e.body, 0, len(e.body)
	if words[0].is("WITH") {
		for i, w := range words[1:] {
			before, own := words[i], w.depth == 0 || w.depth == 1 && w.text == "("
			if own && before.text == ")" && before.depth == 1 && w.text != "," && !w.is("AS") {
				from = w.start
				break
			}
		}
	}
	for i, w := range words {
		switch {
		case w.depth > 0:
		case w.is("FOR") && i+1 < len(words) && words[i+1].is("XML", "JSON"):
			return source.Refuse(0, "FOR %s makes one text of the rows, so nothing further can be asked of them", strings.ToUpper(words[i+1].text))
		case w.is("OPTION") && i+1 < len(words) && words[i+1].text == "(":
			to = w.start
		}
	}
	e.with, e.body, e.tail = sql[:from], strings.TrimSpace(sql[from:to]), ""
	if to < len(sql) {
		e.tail = " " + sql[to:]
	}
	return nil
}

// findOrder finds the ORDER BY of the whole text, and whether it decides which rows there are.
func (e *embedded) findOrder() {
	at := -1
	for i, w := range e.words {
		if w.depth == 0 && w.is("ORDER") && i+1 < len(e.words) && e.words[i+1].is("BY") {
			at = i
		}
	}
	united := slices.ContainsFunc(e.words, func(w word) bool { return w.depth == 0 && w.is("UNION", "EXCEPT", "INTERSECT") })
	if at < 0 {
		return
	}
	e.sorts = [2]int{at + 2, len(e.words)}
	for i := at + 2; i < len(e.words); i++ {
		if w := e.words[i]; w.depth == 0 && w.is("LIMIT", "OFFSET", "FETCH") {
			e.sorts[1], e.limited = i, true
			break
		}
	}
	if e.kind == "sqlserver" && !united {
		for _, w := range e.words[:at] {
			e.limited = e.limited || w.depth == 0 && w.is("TOP")
		}
	}
}

// bare leaves out of the body an order that only says in which order rows come,
// where the engine takes none in a subquery.
func (e *embedded) bare() {
	if e.kind == "sqlserver" && e.sorts[1] != 0 && !e.limited {
		e.body = strings.TrimSpace(e.body[:e.words[e.sorts[0]-2].start])
	}
}

// lift finds out by which columns of the result the text sorts, and spells the
// body so that it can stand in another's FROM with its order.
func (e *embedded) lift(columns []frame.Column) error {
	if e.sorts[1] == 0 {
		return nil
	}
	var all []orderTerm
	for _, term := range split(e.words[e.sorts[0]:e.sorts[1]], ",") {
		one, ok := e.orderTerm(term, columns)
		if !ok {
			all = nil
			break
		}
		all = append(all, one)
	}
	e.order = all
	switch {
	case e.kind == "sqlserver" && all == nil:
		return source.Refuse(0, "The order of this question cannot be kept, as it sorts by what is not in its result; sort by columns of the SELECT, by their names")
	case e.kind == "sqlserver":
		e.bare()
	case e.kind == "mysql" && !e.limited:
		// Without a limit these engines are free to forget the order of a subquery.
		e.body += " LIMIT 18446744073709551615"
	}
	return nil
}

// orderTerm returns the column of the result that a term of ORDER BY means.
func (e *embedded) orderTerm(term []word, columns []frame.Column) (orderTerm, bool) {
	var suffix []string
	for len(term) > 1 && term[len(term)-1].is("ASC", "DESC", "FIRST", "LAST", "NULLS") {
		suffix = append([]string{strings.ToUpper(term[len(term)-1].text)}, suffix...)
		term = term[:len(term)-1]
	}
	name, ok := e.sortedBy(term, columns)
	return orderTerm{name: name, spell: func(x string) []string { return []string{strings.Join(append([]string{x}, suffix...), " ")} }}, ok
}

func (e *embedded) sortedBy(term []word, columns []frame.Column) (string, bool) {
	if len(term) == 1 {
		if n, err := strconv.Atoi(term[0].text); err == nil {
			if n < 1 || n > len(columns) {
				return "", false
			}
			return columns[n-1].Name, true
		}
		if name, ok := e.column(term[0], columns); ok {
			return name, true
		}
	}
	items, whole := e.selected()
	for _, item := range items {
		alias, ok := item[len(item)-1], false
		expression := item
		switch n := len(item); {
		case n > 2 && item[n-2].is("AS"):
			expression, ok = item[:n-2], true
		case n == 1 || item[n-2].text == ".":
			ok = true
		}
		if ok && alias.name() && sameWords(e.kind, expression, term) {
			return e.column(alias, columns)
		}
	}
	if n := len(term); whole && n > 2 && term[n-2].text == "." {
		return e.column(term[n-1], columns)
	}
	return "", false
}

// selected returns the items of the one SELECT list of the text; whole says that
// it is a single star over tables none of whose columns are merged.
func (e *embedded) selected() (items [][]word, whole bool) {
	from, to := -1, -1
	for i, w := range e.words {
		switch {
		case w.depth > 0:
		case w.is("UNION", "EXCEPT", "INTERSECT"):
			return nil, false
		case w.is("SELECT") && from < 0:
			from = i + 1
		case w.is("FROM") && to < 0 && from >= 0:
			to = i
		}
	}
	if from < 0 || to < 0 {
		return nil, false
	}
	if e.words[from].is("DISTINCT", "ALL") {
		from++
	}
	if e.words[from].is("TOP") {
		from++
		for from < to && (e.words[from].depth > 0 || e.words[from-1].is("TOP") || e.words[from].is("PERCENT", "WITH", "TIES")) {
			from++
		}
	}
	if from > to {
		return nil, false
	}
	items = split(e.words[from:to], ",")
	merged := slices.ContainsFunc(e.words[to:], func(w word) bool { return w.depth == 0 && w.is("USING", "NATURAL") })
	return items, len(items) == 1 && len(items[0]) == 1 && items[0][0].text == "*" && !merged
}

// column returns the column of the result that a name means.
func (e *embedded) column(w word, columns []frame.Column) (string, bool) {
	if !w.name() {
		return "", false
	}
	for _, c := range columns {
		if w.names(e.kind, c.Name) {
			return c.Name, true
		}
	}
	return "", false
}

// distinct refuses results whose columns cannot be told apart by their names.
func distinct(columns []frame.Column, kind, field string) error {
	seen := map[string]bool{}
	for i, c := range columns {
		name := c.Name
		if kind != "postgres" {
			name = strings.ToLower(name)
		}
		switch {
		case name == "":
			return fault.Field(field, "Column %d of the question's result has no name; give it one with AS", i+1)
		case seen[name]:
			return fault.Field(field, "The question's result has several columns named %s; give each a name of its own with AS", c.Name)
		case kind == "mysql" && len([]rune(name)) > 64:
			return fault.Field(field, "Column %d of the question's result has a name that is too long to ask about; give it a short one with AS", i+1)
		}
		seen[name] = true
	}
	return nil
}
