package query

import (
	"context"
	"maps"
	"slices"
	"strings"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
)

// inner is a question whose result is asked in place of a table.
type inner struct {
	// table tells the result's columns; alias is what the text calls it.
	table *source.Table
	alias string
	// spell writes the question with its values bound after those that are bound already.
	spell func(b *binder) (*embedded, error)
}

// deepestQuestion is how many questions may stand on one another.
const deepestQuestion = 4

// checkBase reports what is wrong with what the spec asks.
func (s *Spec) checkBase(problems *fault.Fields) {
	table, question := strings.TrimSpace(s.Table) != "", s.Question != ""
	switch {
	case !table && !question:
		problems.Add("spec.table", "Choose a table")
	case table && question:
		problems.Add("spec.question", "A question is about a table or about a saved question, not both")
	case question && len(s.Joins) > 0:
		problems.Add("spec.joins", "The result of a saved question cannot be joined with tables")
	}
}

// asking is who asks a spec, where, and with what.
type asking struct {
	person     *account.Person
	opened     source.Opened
	limits     limits
	parameters map[string]string
	narrow     []Filter
	depth      int  // of questions on one another so far
	anew       bool // columns are asked for, whatever is remembered of them
	relied     *[]descriptionKey
}

// inner returns the question that a spec asks, nil where it asks a table.
func (r *Runner) inner(ctx context.Context, s *Spec, a asking) (*inner, error) {
	if s.Question == "" {
		return nil, nil
	}
	if a.depth++; a.depth > deepestQuestion {
		return nil, errDeep()
	}
	q, err := r.innerQuestion(ctx, a.person, a.opened.Connection.ID, s.Question)
	if err != nil {
		return nil, err
	}
	a.narrow = nil
	values := a.parameters
	if q.Body.Spec == nil {
		if values, err = q.parameters(a.parameters); err != nil {
			return nil, err
		}
	}
	columns, err := r.columnsFor(ctx, Request{Person: a.person, Connection: q.ConnectionID, Saved: q, SQL: q.Body.SQL, Spec: q.Body.Spec, Parameters: values, depth: a.depth}, a)
	if err != nil {
		return nil, err
	}
	in := &inner{table: tableFrom(q.Name, columns), alias: "question"}
	if q.Body.Spec == nil {
		in.spell = r.spellWritten(q.Body.SQL, values, columns, a)
		return in, distinct(columns, a.opened.Driver.Kind(), "spec.question")
	}
	below, err := r.inner(ctx, q.Body.Spec, a)
	if err != nil {
		return nil, err
	}
	in.spell = func(b *binder) (*embedded, error) { return r.spellBuilt(ctx, q.Body.Spec, below, b, a) }
	return in, nil
}

func errDeep() error {
	return fault.Field("spec.question", "Questions stand on one another at most %d deep, and never on themselves", deepestQuestion)
}

// innerQuestion returns a saved question that the person may look at, on the connection.
func (r *Runner) innerQuestion(ctx context.Context, p *account.Person, connection, id string) (*Question, error) {
	q, err := r.store.Get(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return nil, fault.Field("spec.question", "There is no such question to ask about, or it was deleted")
	}
	if err != nil {
		return nil, err
	}
	if err := q.Check(p, account.Look); err != nil {
		return nil, err
	}
	if q.ConnectionID != connection {
		return nil, fault.Field("spec.question", "The question %s is about another connection", q.Name)
	}
	return q, nil
}

// checkInner decides whether the person may still look at the questions that the spec stands on.
func (r *Runner) checkInner(ctx context.Context, p *account.Person, connection string, s *Spec) error {
	for depth := 0; s != nil && s.Question != ""; depth++ {
		if depth == deepestQuestion {
			return errDeep()
		}
		q, err := r.innerQuestion(ctx, p, connection, s.Question)
		if err != nil {
			return err
		}
		s = q.Body.Spec
	}
	return nil
}

// checkChain reports what is wrong with the questions that a question to be saved
// stands on: the person must see the first, all ask one connection, and none
// stands on itself.
func (s *Store) checkChain(ctx context.Context, q *Question, by *account.Person) error {
	spec := q.Body.Spec
	for depth := 0; spec != nil && spec.Question != ""; depth++ {
		if depth == deepestQuestion || spec.Question == q.ID {
			return errDeep()
		}
		below, err := s.Get(ctx, spec.Question)
		if fault.KindOf(err) == fault.NotFound {
			return fault.Field("spec.question", "There is no such question to ask about, or it was deleted")
		}
		if err != nil {
			return err
		}
		if err := below.Check(by, account.Look); err != nil && depth == 0 {
			return err
		}
		if below.ConnectionID != q.ConnectionID {
			return fault.Field("spec.question", "The question %s is about another connection", below.Name)
		}
		spec = below.Body.Spec
	}
	return nil
}

// parameters returns the values with which a written question is asked: those
// given in place of those saved with it.
func (q *Question) parameters(given map[string]string) (map[string]string, error) {
	known, err := Parameters(q.Body.SQL)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for name, value := range q.Body.Parameters {
		if slices.ContainsFunc(known, func(p Parameter) bool { return p.Name == name }) {
			values[name] = value
		}
	}
	maps.Copy(values, given)
	return values, nil
}

// tableFrom returns a table with the columns of a result.
func tableFrom(name string, columns []frame.Column) *source.Table {
	t := &source.Table{Name: name, Kind: "question"}
	for _, c := range columns {
		t.Columns = append(t.Columns, source.Column{Name: c.Name, Type: c.Type, Kind: c.Kind, Nullable: true})
	}
	return t
}

// spellWritten returns how a written question is spelled within another one's text.
func (r *Runner) spellWritten(sql string, values map[string]string, columns []frame.Column, a asking) func(b *binder) (*embedded, error) {
	return func(b *binder) (*embedded, error) {
		text, args, err := bindAfter(sql, values, b.dialect, b.args)
		if err != nil {
			return nil, err
		}
		printed, err := r.guarded.check(a.opened.Driver, text, unlimited(a.limits))
		if err != nil {
			return nil, err
		}
		e, err := embed(a.opened.Driver.Kind(), printed.Checked)
		if err != nil {
			return nil, err
		}
		if err := e.lift(columns); err != nil {
			return nil, err
		}
		b.args = args
		return e, nil
	}
}

// spellBuilt spells a built question within another one's text.
func (r *Runner) spellBuilt(ctx context.Context, s *Spec, below *inner, b *binder, a asking) (*embedded, error) {
	catalog, err := r.catalogFor(ctx, s, a)
	if err != nil {
		return nil, err
	}
	c := &compiler{spec: s, kind: a.opened.Driver.Kind(), binder: *b, inside: true}
	return c.embedded(catalog, below, b)
}

// embedded spells the compiler's spec for another one's FROM, whose values it follows.
func (c *compiler) embedded(catalog *source.Catalog, below *inner, b *binder) (*embedded, error) {
	compiled, err := c.compile(catalog, below)
	if err != nil {
		return nil, err
	}
	b.args = compiled.Args
	e := &embedded{body: compiled.SQL, order: c.order}
	if c.written != nil {
		e.with, e.tail = c.written.with, c.written.tail
		e.body = strings.TrimSuffix(strings.TrimPrefix(compiled.SQL, e.with), e.tail)
	}
	return e, nil
}

// innerText spells the question that is asked, in parentheses.
func (c *compiler) innerText(in *inner) (string, error) {
	// Numbered values may stand in the text again.
	if again := c.written; again != nil && c.binder.dialect.Placeholder(1, frame.Text) != c.binder.dialect.Placeholder(2, frame.Text) {
		return "(" + again.body + ") AS " + c.binder.dialect.Quote(in.alias), nil
	}
	e, err := in.spell(&c.binder)
	if err != nil {
		return "", err
	}
	c.written = e
	return "(" + e.body + ") AS " + c.binder.dialect.Quote(in.alias), nil
}

// around puts what cannot stand within a text's FROM around it.
func (c *compiler) around(text string) string {
	if c.written == nil {
		return text
	}
	return c.written.with + text + c.written.tail
}

// innerOrder sorts rows as the question sorts them whose rows they are.
func (c *compiler) innerOrder(terms map[string]string) []string {
	if c.written == nil {
		return nil
	}
	var order []string
	told := []orderTerm{}
	for _, o := range c.written.order {
		x, ok := terms[o.name]
		if ok {
			told = append(told, o)
		} else { // a column that is not among those asked
			col, known := c.tables[0].table.Column(o.name)
			if !known {
				return nil
			}
			x = c.sql(column{0, col})
		}
		order = append(order, o.spell(x)...)
	}
	if len(told) == len(c.written.order) {
		c.order = told
	}
	return order
}
