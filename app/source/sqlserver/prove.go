package sqlserver

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/sqlc-dev/teesql/ast"

	"assay/app/source"
)

// rule rewrites the statement for the rules on its tables, proves what it wrote, and returns it.
func (r *rules) rule(sql string) (string, error) {
	if err := tablesIn(sql, r.tokens, r.named()); err != nil {
		return "", err
	}
	tokens, err := r.rewrite()
	if err != nil {
		return "", err
	}
	sent := emit(tokens)
	if err := r.prove(sent, tokens); err != nil {
		f := source.Refuse(0, "The statement could not be rewritten for the rules on its tables")
		f.Hint = "Write it in a simpler way."
		f.Err = err
		if told := source.AsFailure(err); told != nil && len(sent) > maxText {
			f.Message = fmt.Sprintf("With the rules on its tables the statement is longer than %d KiB", maxText>>10)
		}
		return "", f
	}
	return sent, nil
}

// named returns the tokens with which the names of tables start.
func (r *rules) named() map[int]bool {
	m := make(map[int]bool, len(r.places))
	for _, p := range r.places {
		m[p.from] = true
	}
	return m
}

// prove reads what is sent as if someone else had written it: it must be the
// tokens that were meant, and each table in it a WITH query in scope, what
// Policy.Tables returned in the place where it was put, or inside a graft.
func (r *rules) prove(sent string, want []token) error {
	tokens, err := readTokens(sent)
	if err != nil {
		return err
	}
	c := &checker{}
	if err := c.check(sent, tokens, r.policy); err != nil {
		return err
	}
	if len(tokens) != len(want) {
		return errors.New("it has other tokens")
	}
	for i, t := range tokens {
		if t.kind != want[i].kind || t.text != want[i].text {
			return fmt.Errorf("token %d is %s", i, t.text)
		}
	}
	stmt, p, err := parse(sent, tokens)
	if err != nil {
		return err
	}
	v := &proof{tokens: tokens, checker: c, index: p.index(tokens), at: map[int]*place{}, starts: map[int]bool{}}
	for _, p := range r.places {
		if v.at[p.at] != nil {
			return errors.New("two tables stand in one place")
		}
		v.at[p.at] = p
		if p.with == nil && p.graft != nil {
			v.grafts = append(v.grafts, p)
		}
	}
	w := newWalker(r.policy, sent, p)
	w.named = v.table
	w.derived = func(n *ast.QueryDerivedTable) {
		if i, ok := v.index[n.StartOffset]; ok && n.HasSpan() && n.Alias != nil {
			v.starts[i] = true
		}
	}
	if err := w.walk(reflect.ValueOf(stmt), nil); err != nil {
		return err
	}
	if err := covered(sent, p, w.starts); err != nil {
		return err
	}
	return v.done(sent)
}

// proof is what is found in the statement that is sent.
type proof struct {
	tokens  []token
	checker *checker
	index   map[int]int
	at      map[int]*place
	grafts  []*place
	// starts are the derived tables with an alias, names where the names of tables start.
	starts map[int]bool
	names  []int
	seen   int
}

func (v *proof) table(o *ast.SchemaObjectName, _ *ast.NamedTableReference) error {
	if len(o.Identifiers) == 0 {
		return errors.New("a table has no name")
	}
	i, ok := v.index[o.Identifiers[0].StartOffset]
	if !ok || !o.Identifiers[0].HasSpan() {
		return errors.New("a table's name starts nowhere")
	}
	v.names = append(v.names, i)
	for _, p := range v.grafts {
		if p.at < i && i < p.end {
			return nil
		}
	}
	p := v.at[i]
	switch {
	case p == nil:
		return fmt.Errorf("nobody named the table %s", objectName(o))
	case p.with != nil && len(o.Identifiers) == 1 && v.inScope(i):
	case p.with == nil && p.graft == nil && len(o.Identifiers) == 2 &&
		name(o.SchemaIdentifier) == p.table.Schema && name(o.BaseIdentifier) == p.table.Name:
	default:
		return fmt.Errorf("%s is not the table that was meant", objectName(o))
	}
	v.seen++
	return nil
}

// inScope reports, by the tokens alone, whether the name at i is that of a WITH
// query before the one in which it stands, or of that one after its UNION ALL.
func (v *proof) inScope(i int) bool {
	c := v.checker
	for n := range c.names {
		open := n + 1
		if c.at(open).op("(") {
			open = c.match(open)
		}
		open++ // after AS
		if unquoted(v.tokens[n]) != unquoted(v.tokens[i]) || !c.at(open).op("(") || i < open {
			continue
		}
		if i >= c.match(open) {
			return true
		}
		depth := 0
		for j := open; j < i; j++ {
			switch t := v.tokens[j]; {
			case t.op("("):
				depth++
			case t.op(")"):
				depth--
			case depth == 1 && t.is("UNION") && c.at(j+1).is("ALL"):
				return true
			}
		}
	}
	return false
}

func (v *proof) done(sent string) error {
	for _, p := range v.grafts {
		if !v.tokens[p.at].op("(") || !v.starts[p.at] || !fenced(v.tokens[p.at+1:]) {
			return errors.New("a limited table is no derived table")
		}
		v.seen++
	}
	if v.seen != len(v.at) {
		return fmt.Errorf("%d of %d tables were found", v.seen, len(v.at))
	}
	named := make(map[int]bool, len(v.names))
	for _, i := range v.names {
		named[i] = true
	}
	return tablesIn(sent, v.tokens, named)
}
