package mysql

import (
	"strconv"
	"strings"

	"github.com/sqlc-dev/marino/ast"

	"assay/app/source"
)

// rules says what stands in the place of each table that a statement names. The
// guard prints a statement twice: first as asked, noting what it put where, and
// then what it printed, where nothing else may stand in those places.
type rules struct {
	tables   func(source.Name) (source.Reading, error)
	known    map[source.Name]*place
	at       map[int]*place // by the offset in the printed text
	again    bool           // the printed text is being read
	limited  int            // how often a limited table was put into the text
	declared int            // how many WITH queries there were
}

// place is what stands for a name.
type place struct {
	table source.Name
	with  bool   // the name of a WITH query
	text  string // of a limited table, the SELECT that stands in its place
	err   error  // why the table is not read
}

func newRules(policy source.Policy) *rules {
	if policy.Tables == nil {
		return nil
	}
	return &rules{tables: policy.Tables, known: map[source.Name]*place{}, at: map[int]*place{}}
}

// of returns what stands for a table's name, and asks once for each.
func (r *rules) of(name source.Name) *place {
	if known := r.known[name]; known != nil {
		return known
	}
	found := &place{}
	reading, err := r.tables(name)
	switch {
	case err != nil:
		found.err = err
	case reading.Table.Schema == "" || reading.Table.Name == "":
		found.err = source.Refuse(0, "The table %s could not be found for certain", name.Name)
	default:
		found.table = reading.Table
		if reading.Select != "" {
			if found.text, err = graft(reading.Select); err != nil {
				found.err = &source.Failure{Code: source.Refused, Err: err, Message: "The rules of the table " + name.Name + " could not be applied",
					Hint: "Ask an administrator to look at them."}
			}
		}
	}
	r.known[name] = found
	return found
}

// graft returns a limited table's SELECT, printed from its tree.
func graft(text string) (string, error) {
	tokens, err := split(text)
	if err != nil {
		return "", err
	}
	r := rewrite(text, tokens)
	stmt, err := parse(r)
	if err != nil {
		return "", err
	}
	s, ok := stmt.(*ast.SelectStmt)
	if !ok || s.Kind != ast.SelectStmtKindSelect || r.prefix != "" {
		return "", source.Refuse(0, "It is no SELECT")
	}
	if s.Limit == nil {
		return "", source.Refuse(0, "It is not fenced")
	}
	p := &printer{src: r}
	p.query(s, true)
	if p.err == nil && p.param > 0 {
		p.refuse(0, "It holds parameters")
	}
	return p.out.String(), p.err
}

// declare returns a WITH query by its name. Where rules limit what is seen, it is
// printed under a name that no table has: should a server see its scope
// otherwise than the guard does, it finds nothing rather than a table. (In the
// WITH queries of a subquery MariaDB 10.11 does not see those around it and reads
// the table of that name; MySQL minds letters' case, MariaDB does not.)
func (p *printer) declare(name ast.CIStr) withQuery {
	q := withQuery{name: name, printed: name.O}
	if p.rules == nil || p.rules.again {
		return q
	}
	for _, other := range p.ctes {
		if other.name.L == name.L {
			p.refuseWord(name.O, "The WITH query %s has the name of one around it, and servers do not agree on which is read: give it another name", name.O)
		}
	}
	for _, spelled := range []string{name.O, name.L, strings.ToUpper(name.O)} {
		if p.rules.of(source.Name{Name: spelled}).err == nil {
			p.refuseWord(name.O, "The WITH query %s has the name of a table: give it another name", name.O)
		}
	}
	p.rules.declared++
	if cut := []rune(name.O); len(cut) > maxWithName {
		q.printed = string(cut[:maxWithName])
	}
	q.printed += " #" + strconv.Itoa(p.rules.declared)
	return q
}

// maxWithName bounds, in characters, the part of a WITH query's name that is
// kept; names have 64 at most.
const maxWithName = 50

// declared returns the WITH query in scope that a name without schema means.
func (p *printer) declared(n *ast.TableName) (withQuery, bool) {
	for i := len(p.ctes) - 1; i >= 0 && n.Schema.O == ""; i-- {
		if q := p.ctes[i]; q.name.L == n.Name.L && !q.inside {
			return q, true
		}
	}
	return withQuery{}, false
}

// ruledTable prints a table where rules say how tables are read.
func (p *printer) ruledTable(n *ast.TableName, alias string) {
	at := p.out.Len()
	var found *place
	if p.rules.again {
		found = p.replaced(n, at)
	} else {
		found = p.replace(n)
		p.rules.at[at] = found
	}
	switch {
	case found == nil:
		return
	case found.with && n.AsOf != nil:
		p.refuse(p.src.findTable(n), "The history of %s cannot be read: it would be that of all tables in it", n.Name.O)
		return
	case found.text == "":
		if alias == "" && n.Name.O != found.table.Name {
			alias = n.Name.O
		}
		p.namedTable(found.table, n, alias)
		return
	case p.describes:
		p.refuse(p.src.findTable(n), "The table %s is not described here: rules limit what is seen of it", n.Name.O)
	case len(n.PartitionNames) > 0:
		p.refuse(p.src.findTable(n), "Partitions of %s cannot be read: rules limit what is seen of it", n.Name.O)
	case n.AsOf != nil:
		p.refuse(p.src.findTable(n), "The history of %s cannot be read: rules limit what is seen of it", n.Name.O)
	}
	p.rules.limited++
	p.write("(", found.text, ") AS ")
	if alias == "" {
		alias = n.Name.O
	}
	p.name(alias)
}

// limited returns how many places of the text so far stand for a limited table.
func (p *printer) limited() int {
	if p.rules == nil {
		return 0
	}
	return p.rules.limited
}

// replace returns what stands for a table in the statement as asked, nil where
// it is refused.
func (p *printer) replace(n *ast.TableName) *place {
	if q, ok := p.declared(n); ok {
		return &place{with: true, table: source.Name{Name: q.printed}}
	}
	schema, name := n.Schema.O, n.Name.O
	switch s := strings.ToLower(schema); {
	case systemSchemas[s]:
		p.refuse(p.src.findTable(n), "The schema %s belongs to the server and is not open to questions", schema)
		return nil
	case s == "information_schema":
		p.refuse(p.src.findTable(n), "The tables of %s are not open where rules limit what is seen: they tell about all rows", schema)
		return nil
	}
	found := p.rules.of(source.Name{Schema: schema, Name: name})
	if found.err != nil {
		p.refuseFor(found.err, n)
		return nil
	}
	p.tables = append(p.tables, found.table)
	return found
}

// replaced checks that a table of the printed text stands where one was put.
func (p *printer) replaced(n *ast.TableName, at int) *place {
	found := p.rules.at[at]
	q, with := p.declared(n)
	switch {
	case found == nil || found.text != "" || found.with != with,
		found.table != source.Name{Schema: n.Schema.O, Name: n.Name.O},
		with && found.table.Name != q.printed:
		p.refuse(0, "The table %s stands where the rules did not put it", n.Name.O)
		return nil
	}
	return found
}

// grafted reports whether a derived table of the printed text is one that stands
// for a limited table, and then prints it.
func (p *printer) grafted(n *ast.TableSource) bool {
	if p.rules == nil || !p.rules.again {
		return false
	}
	found := p.rules.at[p.out.Len()]
	s, ok := n.Source.(*ast.SelectStmt)
	if found == nil || found.text == "" || !ok || n.Lateral || len(n.ColumnNames) > 0 || n.AsName.O == "" {
		return false
	}
	rules, ctes, start := p.rules, p.ctes, p.out.Len()+1
	p.rules, p.ctes = nil, nil
	p.write("(")
	p.query(s, true)
	if p.out.String()[start:] != found.text {
		p.refuse(0, "The rules of a table could not be printed back")
	}
	p.write(") AS ")
	p.name(n.AsName.O)
	p.rules, p.ctes = rules, ctes
	p.rules.limited++
	return true
}

// refuseFor refuses a table for the reason that the policy gave.
func (p *printer) refuseFor(reason error, n *ast.TableName) {
	if p.err != nil {
		return
	}
	f := &source.Failure{Code: source.Refused, Err: reason, Message: "The table " + n.Name.O + " cannot be read here"}
	if given := source.AsFailure(reason); given != nil {
		own := *given
		f = &own
	}
	if f.Position == 0 {
		f.Position = p.src.findTable(n)
	}
	p.err = f
}

// qualifies reports whether a column's or star's schema is to be printed. A
// limited table has none any more, so it is left out where it tells nothing.
func (p *printer) qualifies(schema, table ast.CIStr) bool {
	if p.rules == nil || p.rules.again || schema.O == "" {
		return schema.O != ""
	}
	if p.sources == nil {
		p.sources = sourcesOf(p.root)
	}
	named := p.sources[table.L]
	if named == nil {
		return true
	}
	found := p.rules.of(*named)
	return found.err != nil || !strings.EqualFold(found.table.Schema, schema.O)
}

// sources collects the names by which a statement knows its tables; nil stands
// for what is no table, and for a name that means several.
type sources map[string]*source.Name

func sourcesOf(root ast.Node) sources {
	s := sources{}
	if root != nil {
		root.Accept(s)
	}
	return s
}

// Enter notes a table.
func (s sources) Enter(n ast.Node) (ast.Node, bool) {
	t, ok := n.(*ast.TableSource)
	if !ok {
		return n, false
	}
	name, plain := t.Source.(*ast.TableName)
	known := t.AsName.L
	if known == "" && plain {
		known = name.Name.L
	}
	if known == "" {
		return n, false
	}
	var meant *source.Name
	if plain {
		meant = &source.Name{Schema: name.Schema.O, Name: name.Name.O}
	}
	if other, ok := s[known]; ok && (other == nil || meant == nil || *other != *meant) {
		meant = nil
	}
	s[known] = meant
	return n, false
}

// Leave goes on.
func (s sources) Leave(n ast.Node) (ast.Node, bool) { return n, true }

// maxCutHeading bounds, in characters, a heading that is cut from a longer text.
const maxCutHeading = 60

// cutHeading returns the beginning of a text as a heading.
func cutHeading(s string) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c > 0xFFFF || c == 0xFFFD {
			return -1
		}
		return c
	}, s)
	if all := []rune(s); len(all) > maxCutHeading {
		s = string(all[:maxCutHeading])
	}
	if s = strings.TrimSpace(s); s == "" {
		return "expression"
	}
	return s
}
