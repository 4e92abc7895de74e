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
	saved      map[string]string // with questions on the way, where parameters has nothing
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
	a.saved = merged(q.Body.Parameters, a.saved) // what a question was saved with goes before what those below it were
	values := a.parameters
	if q.Body.Spec == nil {
		if values, err = q.parameters(a.saved, a.parameters); err != nil {
			return nil, err
		}
	}
	columns, err := r.columnsFor(ctx, Request{Person: a.person, Connection: q.ConnectionID, Saved: q, SQL: q.Body.SQL, Spec: q.Body.Spec, Parameters: values, saved: a.saved, depth: a.depth}, a)
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

// errMissing says the same of a question that there is not and of one that is hidden.
func errMissing() error {
	return fault.Field("spec.question", "There is no such question to ask about: it was deleted, or nobody granted you a right to it")
}

// innerQuestion returns a saved question that the person may look at, on the connection.
func (r *Runner) innerQuestion(ctx context.Context, p *account.Person, connection, id string) (*Question, error) {
	q, err := r.store.below(ctx, p, connection, id)
	if err != nil {
		return nil, err
	}
	if p, err = r.shaped(ctx, p, q); err != nil {
		return nil, err
	}
	return q, r.lends(ctx, p, connection)
}

func (s *Store) below(ctx context.Context, p *account.Person, connection, id string) (*Question, error) {
	q, err := s.Get(ctx, id)
	if err == nil && p != nil {
		err = q.Check(p, account.Look)
	}
	switch kind := fault.KindOf(err); {
	case err == nil:
	case kind == fault.NotFound, kind == fault.Denied:
		return nil, errMissing()
	default:
		return nil, err
	}
	if q.ConnectionID != connection {
		return nil, fault.Field("spec.question", "The question %s is about another connection", q.Name)
	}
	return q, nil
}

// Chain returns the saved questions that a spec stands on, the one it asks first.
// Where the person may not look at one, or it is not there, the error says so and
// those before it come along.
func (r *Runner) Chain(ctx context.Context, p *account.Person, connection string, s *Spec) (list []*Question, err error) {
	for s != nil && s.Question != "" {
		if len(list) == deepestQuestion {
			return list, errDeep()
		}
		q, err := r.innerQuestion(ctx, p, connection, s.Question)
		if err != nil {
			return list, err
		}
		list, s = append(list, q), q.Body.Spec
	}
	return list, nil
}

// Asks returns the written question at the end of a chain with the values that it
// is asked with: those given in place of those saved along the way. It is nil
// where the chain ends in a table.
func Asks(chain []*Question, given map[string]string) (written *Question, values map[string]string) {
	if len(chain) == 0 || chain[len(chain)-1].Body.Spec != nil {
		return nil, nil
	}
	values = map[string]string{}
	for i := len(chain) - 1; i >= 0; i-- {
		maps.Copy(values, chain[i].Body.Parameters)
	}
	maps.Copy(values, given)
	return chain[len(chain)-1], values
}

// CompileFor is Compile of a request's spec with its parameters.
func (r *Runner) CompileFor(ctx context.Context, req Request) (*Compiled, error) {
	opened, err := r.pools.Open(ctx, req.Connection)
	if err != nil {
		return nil, err
	}
	l, err := r.rules.limits(ctx, req.Person, opened)
	if err != nil {
		return nil, err
	}
	return r.compile(ctx, req.Spec, asking{person: req.Person, opened: opened, limits: l, parameters: req.Parameters, anew: true, relied: new([]descriptionKey)})
}

// checkInner decides whether the person may still look at the questions that the spec stands on.
func (r *Runner) checkInner(ctx context.Context, p *account.Person, connection string, s *Spec) error {
	_, err := r.Chain(ctx, p, connection, s)
	return err
}

// checkChain reports what is wrong with the questions that a question to be saved
// stands on: the person must see the first, all ask one connection, and none
// stands on itself.
func (s *Store) checkChain(ctx context.Context, q *Question, by *account.Person) error {
	spec, top := q.Body.Spec, ""
	for depth := 0; spec != nil && spec.Question != ""; depth++ {
		switch {
		case depth == 0 && spec.Question == q.ID:
			return fault.Field("spec.question", "A question cannot ask itself; choose another source for it")
		case spec.Question == q.ID:
			return fault.Field("spec.question", "The question %s stands on this one already, so this one cannot ask it", top)
		case depth == deepestQuestion:
			return errDeep()
		}
		person := by
		if depth > 0 {
			person = nil // who may see the first may build on it, whatever it stands on
		}
		below, err := s.below(ctx, person, q.ConnectionID, spec.Question)
		if err != nil {
			return err
		}
		if spec = below.Body.Spec; depth == 0 {
			top = below.Name
		}
	}
	return nil
}

// parameters returns the values with which a written question is asked: those
// given in place of those saved, of which it may not have all any more.
func (q *Question) parameters(saved, given map[string]string) (map[string]string, error) {
	known, err := Parameters(q.Body.SQL)
	if err != nil {
		return nil, err
	}
	values := merged(saved, nil)
	maps.DeleteFunc(values, func(name, _ string) bool {
		return !slices.ContainsFunc(known, func(p Parameter) bool { return p.Name == name })
	})
	return merged(values, given), nil
}

// ownValues takes what a built question was saved with out of what it is asked
// with: the question below may not have those parameters any more.
func (q *Question) ownValues(given map[string]string) (saved, left map[string]string) {
	left = merged(nil, given)
	maps.DeleteFunc(left, func(name, value string) bool {
		own, ok := q.Body.Parameters[name]
		return ok && own == value
	})
	return q.Body.Parameters, left
}

func merged(saved, given map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, saved)
	maps.Copy(out, given)
	return out
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
