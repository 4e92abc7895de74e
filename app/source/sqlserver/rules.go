package sqlserver

import (
	"errors"
	"reflect"
	"strings"

	"github.com/sqlc-dev/teesql/ast"

	"assay/app/source"
)

// rules is what a guard with Policy.Tables notes of a statement: what is to
// stand wherever a table is named.
type rules struct {
	policy source.Policy
	// at returns where a node stands in the asked text. It is slow, so only refusals ask.
	at func(*ast.Fragment) int
	// tokens are the statement's own; index tells, for where a token starts in the
	// parsed text, which of them it is.
	tokens []token
	index  map[int]int
	asked  map[source.Name]*answer
	places []*place
	of     map[*ast.NamedTableReference]*place

	with []*ast.CommonTableExpression
	// in is the WITH query that is being walked, len(with) outside of them.
	in int
	// anchor is the part of it that cannot read the query itself; anchored counts whether that is being walked.
	anchor   any
	anchored int
	// recursive holds the WITH queries that read themselves.
	recursive map[int]bool

	// auto says that FOR XML AUTO or FOR JSON AUTO names elements by the tables' names as written.
	auto bool

	scopes  []*scope
	columns []qualified
}

// answer is what Policy.Tables said of a name.
type answer struct {
	table source.Name
	// graft is, of a limited table, the SELECT that stands in its place.
	graft []token
	found bool
	err   error
}

// place is where the statement names a table.
type place struct {
	*answer
	// from and to are the tokens of the name.
	from, to int
	written  string
	node     *ast.NamedTableReference
	// shown says that the name as written is part of the answer.
	shown bool
	// with is the WITH query that is meant, or nil.
	with *ast.Identifier
	// in is the WITH query in whose part after UNION ALL it stands, len(rules.with) where in none.
	in int
	// at and end are where its replacement stands among the tokens that are sent.
	at, end int
}

func newRules(w *walker, tokens []token, p plainText, stmt *ast.SelectStatement) *rules {
	r := &rules{
		policy: w.policy, at: w.at, tokens: tokens, index: p.index(tokens), asked: map[source.Name]*answer{},
		of: map[*ast.NamedTableReference]*place{}, recursive: map[int]bool{},
	}
	if w := stmt.WithCtesAndXmlNamespaces; w != nil {
		r.with = w.CommonTableExpressions
	}
	r.in = len(r.with)
	for i := 1; i < len(tokens); i++ {
		r.auto = r.auto || tokens[i].is("AUTO") && (tokens[i-1].is("XML") || tokens[i-1].is("JSON"))
	}
	return r
}

// index tells which of the tokens starts at each place of the parsed text, counted in UTF-16 units.
func (p plainText) index(tokens []token) map[int]int {
	byPos := make(map[int]int, len(tokens))
	for i, t := range tokens {
		byPos[t.pos] = i
	}
	index := make(map[int]int, len(p.tokens))
	units, at := 0, 0
	for _, t := range p.tokens {
		units += utf16Len(p.text[at:t.out])
		at = t.out
		if i, ok := byPos[t.pos]; ok {
			index[units] = i
		}
	}
	return index
}

// token returns which token the node starts with, -1 where that is not known.
func (r *rules) token(f *ast.Fragment) int {
	if f == nil || !f.HasSpan() {
		return -1
	}
	if i, ok := r.index[f.StartOffset]; ok {
		return i
	}
	return -1
}

func (r *rules) ask(n source.Name) *answer {
	if a := r.asked[n]; a != nil {
		return a
	}
	a := &answer{}
	r.asked[n] = a
	reading, err := r.policy.Tables(n)
	a.found, a.err = err == nil, err
	switch {
	case err != nil:
	case reading.Table.Schema == "" || reading.Table.Name == "":
		a.err = errors.New("the table's full name is not known")
	default:
		a.table = reading.Table
		if reading.Select != "" {
			if a.graft, err = graft(reading.Select); err != nil {
				a.err = &source.Failure{Code: source.Refused, Err: err, Message: "The rules of the table " + clip(n.Name) + " could not be applied",
					Hint: "Ask an administrator to look at them."}
			}
		}
	}
	return a
}

// refusal passes on the reason why a table is not read.
func refusal(err error, position int, name string) *source.Failure {
	if f, ok := errors.AsType[*source.Failure](err); ok && f.Code == source.Refused {
		told := *f
		if told.Position == 0 {
			told.Position = position
		}
		return &told
	}
	f := source.Refuse(position, "The table %s is not available", clip(name))
	f.Err = err
	return f
}

// names refuses WITH queries that a reader could take for a table.
func (r *rules) names() error {
	for i, cte := range r.with {
		if cte == nil || cte.ExpressionName == nil {
			return source.Refuse(0, "A part of the statement was not understood")
		}
		id := cte.ExpressionName
		for _, n := range []string{id.Value, strings.TrimRight(id.Value, " ")} {
			if r.ask(source.Name{Name: n}).found {
				return source.Refuse(r.at(id.Frag()), "The WITH query %s has the name of a table. Give it another one", clip(id.Value))
			}
		}
		for _, other := range r.with[:i] {
			if sameName(other.ExpressionName.Value, id.Value) {
				return source.Refuse(r.at(id.Frag()), "Two WITH queries have the name %s", clip(id.Value))
			}
		}
	}
	return nil
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// declared returns the WITH query that a name without a schema means: one
// before the query that is being read, or that query itself after its UNION ALL.
func (r *rules) declared(name string) *ast.Identifier {
	seen := r.in
	if r.in < len(r.with) && r.anchored == 0 {
		seen++
	}
	for i := seen - 1; i >= 0; i-- {
		if id := r.with[i].ExpressionName; sameName(id.Value, name) {
			if i == r.in {
				r.recursive[i] = true
			}
			return id
		}
	}
	return nil
}

// anchorOf returns the part of a WITH query that cannot read the query itself:
// all of it but what follows the first UNION ALL at its top.
func anchorOf(q ast.QueryExpression) any {
	for {
		b, ok := q.(*ast.BinaryQueryExpression)
		if !ok || !b.All || !strings.EqualFold(b.BinaryQueryExpressionType, "Union") {
			return q
		}
		q = b.FirstQueryExpression
	}
}

// enter notes which query is being walked, and what it names.
func (r *rules) enter(n any) {
	if r.anchor != nil && n == r.anchor {
		r.anchored++
	}
	switch n := n.(type) {
	case *ast.CommonTableExpression:
		for i, cte := range r.with {
			if cte == n {
				r.in, r.anchor = i, anchorOf(n.QueryExpression)
			}
		}
	case *ast.QuerySpecification:
		r.scopes = append(r.scopes, scopeOf(n))
	case *ast.ColumnReferenceExpression:
		r.qualified(n.MultiPartIdentifier, 1, false)
	case *ast.SelectStarExpression:
		r.qualified(n.Qualifier, 0, false)
	case *ast.MultiPartIdentifierCallTarget:
		r.qualified(n.MultiPartIdentifier, 1, true)
	case *ast.SchemaObjectFunctionTableReference:
		if n.SchemaObject != nil && len(n.SchemaObject.Identifiers) > 1 {
			ids := n.SchemaObject.Identifiers
			r.qualified(&ast.MultiPartIdentifier{Identifiers: ids[:len(ids)-1]}, 1, true)
		}
	}
}

func (r *rules) leave(n any) {
	switch n.(type) {
	case *ast.CommonTableExpression:
		r.in, r.anchor = len(r.with), nil
	case *ast.QuerySpecification:
		r.scopes = r.scopes[:len(r.scopes)-1]
	}
	if r.anchor != nil && n == r.anchor {
		r.anchored--
	}
}

// table notes what is to stand for a table; node is nil where it is named as the argument of a function.
func (r *rules) table(o *ast.SchemaObjectName, node *ast.NamedTableReference) error {
	schema, base := name(o.SchemaIdentifier), name(o.BaseIdentifier)
	if systemName(schema, base) || o.DatabaseIdentifier != nil {
		return source.Refuse(r.at(o.Frag()), "The system view %s is not available: it tells about tables past the rules on them", clip(objectName(o)))
	}
	p := &place{written: base, node: node, in: r.in, from: r.token(o.BaseIdentifier.Frag())}
	p.shown = r.auto && schema == "" && node != nil && node.TemporalClause == nil
	p.to = p.from + 1
	if r.anchored > 0 {
		p.in = len(r.with)
	}
	if o.SchemaIdentifier != nil {
		p.from = r.token(o.SchemaIdentifier.Frag())
	}
	if p.from < 0 || p.to < 1 || p.to-p.from != 2*len(o.Identifiers)-1 || r.dot(p.from-1) || r.dot(p.to) {
		return source.Refuse(r.at(o.Frag()), "The name of the table %s was not understood", clip(objectName(o)))
	}
	r.places = append(r.places, p)
	if node != nil {
		r.of[node] = p
	}
	if schema == "" {
		if p.with = r.declared(base); p.with != nil {
			return nil
		}
	}
	p.answer = r.ask(source.Name{Schema: schema, Name: base})
	if p.err != nil {
		return refusal(p.err, r.at(o.Frag()), objectName(o))
	}
	if p.graft == nil {
		return nil
	}
	switch {
	case node == nil:
		return source.Refuse(r.at(o.Frag()), "The full-text index of %s cannot be read: rules limit what is seen of the table", clip(base))
	case node.TableSampleClause != nil:
		return source.Refuse(r.at(o.Frag()), "A sample of %s cannot be read: rules limit what is seen of the table", clip(base))
	case node.TemporalClause != nil:
		return source.Refuse(r.at(o.Frag()), "The history of %s cannot be read: rules limit what is seen of the table", clip(base))
	}
	return nil
}

// dot reports whether a dot stands at i: SQL Server takes .orders and ..orders for orders.
func (r *rules) dot(i int) bool { return i >= 0 && i < len(r.tokens) && r.tokens[i].op(".") }

// systemName reports whether a name is one of a view of the server's own.
func systemName(schema, base string) bool {
	switch strings.ToUpper(strings.TrimRight(schema, " ")) {
	case "SYS", "INFORMATION_SCHEMA":
		return true
	case "", "DBO":
		up := strings.ToUpper(strings.TrimRight(base, " "))
		return oldCatalog[up] || oldTables[up]
	}
	return false
}

// tables returns what the statement reads, named as the catalog does.
func (r *rules) tables() []source.Name {
	var list []source.Name
	known := map[source.Name]bool{}
	for _, p := range r.places {
		if p.with == nil && !known[p.table] {
			known[p.table] = true
			list = append(list, p.table)
		}
	}
	return list
}

// graft reads the SELECT that stands for a limited table, and holds it to the
// rules of every statement.
func graft(text string) ([]token, error) {
	tokens, err := readTokens(text)
	if err != nil {
		return nil, err
	}
	if err := checkTokens(text, tokens, source.Policy{}); err != nil {
		return nil, err
	}
	stmt, p, err := parse(text, tokens)
	if err != nil {
		return nil, err
	}
	if _, ok := stmt.QueryExpression.(*ast.QuerySpecification); !ok || stmt.WithCtesAndXmlNamespaces != nil || len(stmt.OptimizerHints) > 0 {
		return nil, errors.New("it is more than one SELECT")
	}
	if !fenced(tokens) {
		return nil, errors.New("it has no fence")
	}
	for _, t := range tokens {
		if t.kind == tokenVar {
			return nil, errors.New("it has parameters")
		}
	}
	w := newWalker(source.Policy{}, text, p)
	bare := false
	w.named = func(o *ast.SchemaObjectName, _ *ast.NamedTableReference) error {
		bare = bare || o.SchemaIdentifier == nil
		return nil
	}
	if err := w.walk(reflect.ValueOf(stmt), nil); err != nil {
		return nil, err
	}
	if bare {
		return nil, errors.New("it names a table without its schema")
	}
	return tokens, covered(text, p, w.starts)
}
