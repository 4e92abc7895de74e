package postgres

import (
	"errors"
	"slices"
	"strings"

	"github.com/sqlc-dev/oliphant/ast"

	"assay/app/source"
)

// maxGrafts bounds how many times limited tables may be named, since each
// time their whole rule is written.
const maxGrafts = 200

// systemColumns are of every table and of no derived table.
var systemColumns = set("ctid xmin xmax cmin cmax tableoid")

// catalogTypes are types whose values turn numbers into the names of what is in the database.
var catalogTypes = set("regclass regproc regprocedure regoper regoperator regtype regrole regnamespace regcollation")

// catalogFunctions tell of the catalog though their names do not sound so.
var catalogFunctions = set("format_type row_security_active satisfies_hash_partition oidvectortypes")

// plainCatalog names functions that sound as if they told of the catalog and do not.
var plainCatalog = set(`pg_typeof pg_size_pretty pg_size_bytes pg_column_size pg_collation_for pg_input_is_valid pg_input_error_info
	pg_client_encoding pg_char_to_encoding pg_encoding_to_char pg_encoding_max_length pg_is_in_recovery pg_postmaster_start_time pg_backend_pid pg_lsn
	pg_trigger_depth`)

// rules is what a walk gathers where a policy says how each table is read.
type rules struct {
	// asked holds the policy's answers.
	asked map[source.Name]answer
	// holder is the node that the table now looked at stands in, sampled the one that is sampled.
	holder, sampled *ast.Node
	places          []place
	// selects holds the tree of each rule by its text.
	selects map[string]*ast.Node
	// limited holds the limited tables by the bare name they are known by,
	// others every name that something else is known by.
	limited map[string][]source.Name
	others  map[string]bool
	// with holds the names of all WITH queries, wherever they are in scope.
	with []shadower
	// long holds the columns qualified with a schema, system the first system column.
	long   []columnAt
	system *columnAt
}

type answer struct {
	reading source.Reading
	err     error
}

// place is where a table is named, and what is to stand there.
type place struct {
	node    *ast.Node
	reading source.Reading
	tree    *ast.Node // of the rule; nil where the table is not limited
}

type columnAt struct {
	ref *ast.ColumnRef
	at  int
}

type shadower struct {
	name string
	at   int
}

func newRules() *rules {
	return &rules{asked: map[source.Name]answer{}, selects: map[string]*ast.Node{}, limited: map[string][]source.Name{}, others: map[string]bool{}}
}

// tells reports whether a function tells of the system catalog where that is not to be read.
func (w *walker) tells(name string) bool {
	if w.rules == nil || plainCatalog[name] {
		return false
	}
	return strings.HasPrefix(name, "pg_") || strings.HasPrefix(name, "has_") || strings.HasPrefix(name, "to_reg") ||
		strings.HasSuffix(name, "_description") || catalogTypes[name] || catalogFunctions[name]
}

// ask returns how the policy reads a table.
func (w *walker) ask(name source.Name) (source.Reading, error) {
	a, ok := w.rules.asked[name]
	if !ok {
		a.reading, a.err = w.policy.Tables(name)
		if t := a.reading.Table; a.err == nil && (t.Schema == "" || t.Name == "" || system(t)) {
			a.err = errors.New("the policy gave no full name for the table")
		}
		w.rules.asked[name] = a
	}
	return a.reading, a.err
}

// ruled checks a table's name where the policy says how it is read.
func (w *walker) ruled(r *ast.RangeVar, name source.Name) *source.Failure {
	at := int(r.GetLocation())
	switch {
	case system(name):
		return w.refuse(at, "%s is a system table, and those cannot be read where rules limit what is seen", name.Name)
	case w.rules.holder.GetRangeVar() != r:
		return w.refuse(at, "A table cannot be named here")
	}
	reading, err := w.ask(name)
	if err != nil {
		return w.reason(err, name, at)
	}
	known := r.GetAlias().GetAliasname()
	if known == "" {
		known = name.Name
	}
	p := place{node: w.rules.holder, reading: reading}
	if reading.Select == "" {
		w.rules.others[known] = true
	} else {
		switch {
		case !r.GetInh():
			return w.refuse(at, "ONLY cannot be asked of %s, of which rules limit what is seen", name.Name)
		case w.rules.sampled == w.rules.holder:
			return w.refuse(at, "%s cannot be sampled, since rules limit what is seen of it", name.Name)
		case len(w.rules.places) >= maxGrafts:
			return w.refuse(at, "Tables of which rules limit what is seen may be named at most %d times", maxGrafts)
		}
		if p.tree, err = w.rule(reading); err != nil {
			refusal := w.refuse(at, "The rule that limits what is seen of %s could not be applied", name.Name)
			refusal.Err = err
			return refusal
		}
		if r.GetAlias() == nil && !slices.Contains(w.rules.limited[known], reading.Table) {
			w.rules.limited[known] = append(w.rules.limited[known], reading.Table)
		}
	}
	w.rules.places = append(w.rules.places, p)
	if !slices.Contains(w.tables, reading.Table) {
		w.tables = append(w.tables, reading.Table)
	}
	return nil
}

// reason turns the policy's error into the refusal for the table at a byte offset.
func (w *walker) reason(err error, name source.Name, at int) *source.Failure {
	refusal := w.refuse(at, "The table %s cannot be read", name.Name)
	if f, ok := errors.AsType[*source.Failure](err); ok {
		said := *f
		if said.Position == 0 {
			said.Position = refusal.Position
		}
		return &said
	}
	refusal.Err = err
	return refusal
}

// system reports whether a name is of PostgreSQL's own schemas.
func system(n source.Name) bool {
	return strings.HasPrefix(n.Schema, "pg_") || n.Schema == "information_schema" || strings.HasPrefix(n.Name, "pg_")
}

// shadow refuses a WITH query that has the name of a table. Which of the two a
// name means is known for certain; this is so that nothing depends on it.
func (w *walker) shadow(c *ast.CommonTableExpr) *source.Failure {
	name, at := c.GetCtename(), int(c.GetLocation())
	for _, n := range []string{name, strings.ToLower(name)} {
		if _, err := w.ask(source.Name{Name: n}); err == nil {
			return w.refuseShadow(name, at)
		}
	}
	w.rules.with = append(w.rules.with, shadower{name, at})
	return nil
}

func (w *walker) refuseShadow(name string, at int) *source.Failure {
	return w.refuse(at, "The WITH query %s has the name of a table; where rules limit what is seen, it needs another", name)
}

// column remembers the columns that a derived table would not have.
func (r *rules) column(c *ast.ColumnRef, at int) {
	fields := c.GetFields()
	if len(fields) > 2 {
		r.long = append(r.long, columnAt{c, at})
	}
	if r.system == nil && systemColumns[fields[len(fields)-1].GetString_().GetSval()] {
		r.system = &columnAt{c, at}
	}
}
