package sqlite

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/app/frame"
	"assay/app/source"
)

// ownTables leaves out what the engine keeps for itself: its sqlite_ tables and
// the hidden tables behind full-text and spatial indexes.
const ownTables = `l.schema = 'main' AND l.type IN ('table', 'view', 'virtual') AND l.name NOT LIKE 'sqlite\_%' ESCAPE '\'`

// Catalog reads the schema and, where ANALYZE has ever been run, the number of
// rows it found; it reads no table of the user's.
func (p *pool) Catalog(ctx context.Context) (*source.Catalog, error) {
	r := &catalogReader{pool: p, ctx: ctx, tables: map[string]*tableEntry{}}
	for _, step := range []func() error{r.list, r.hideShadows, r.columns, r.foreignKeys, r.estimates} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	c := &source.Catalog{ReadAt: time.Now()}
	for _, name := range r.order {
		e := r.tables[name]
		e.table.Kind, e.table.Parents = r.kindOf(e), r.parents(e)
		for _, k := range e.keys {
			e.table.ForeignKeys = append(e.table.ForeignKeys, *k)
		}
		c.Tables = append(c.Tables, e.table)
	}
	c.Link()
	return c, nil
}

type catalogReader struct {
	pool   *pool
	ctx    context.Context
	order  []string
	tables map[string]*tableEntry // by their folded names
	stats  bool
}

type tableEntry struct {
	table      source.Table
	kind       string
	definition string // of a view or virtual table
	bare       bool   // WITHOUT ROWID, so that its key can hold no null
	primaryKey []keyColumn
	keys       []*source.ForeignKey
	keyID      string
}

type keyColumn struct {
	order int
	name  string
}

// read calls each with the texts of every row; nulls are empty.
func (r *catalogReader) read(each func(row []string), sql string, args ...source.Arg) error {
	rows, err := r.pool.Query(r.ctx, source.Statement{SQL: sql, Args: args})
	if err != nil {
		return err
	}
	defer rows.Close()
	f, err := frame.Read(r.ctx, rows, 1<<20, 1<<28)
	if err != nil {
		return err
	}
	for i := range f.Rows() {
		row := make([]string, len(f.Columns))
		for j := range row {
			v, _ := f.Cell(i, j)
			row[j] = string(v)
		}
		each(row)
	}
	return nil
}

func (r *catalogReader) list() error {
	return r.read(func(row []string) {
		name, kind := row[0], row[1]
		if name == "sqlite_stat1" {
			r.stats = true
		}
		if strings.HasPrefix(folded(name), "sqlite_") {
			return
		}
		e := &tableEntry{table: source.Table{Name: name}, kind: kind, bare: row[2] == "1", definition: row[3]}
		key := folded(name)
		r.order = append(r.order, key)
		r.tables[key] = e
	}, `SELECT l.name, l.type, l.wr, s.sql FROM pragma_table_list AS l LEFT JOIN sqlite_schema AS s ON s.name = l.name AND (s.type = 'view' OR l.type = 'virtual' AND s.type = 'table') WHERE l.schema = 'main' AND l.type <> 'shadow' ORDER BY lower(l.name)`)
}

func (r *catalogReader) columns() error {
	const columns = `c.name, c.type, c."notnull", c.pk, c.hidden`
	err := r.read(func(row []string) { r.addColumn(row[0], row[1:]) },
		`SELECT l.name, `+columns+` FROM pragma_table_list AS l JOIN pragma_table_xinfo(l.name) AS c WHERE `+ownTables+` AND l.type = 'table' ORDER BY l.name, c.cid`)
	if err != nil {
		return err
	}
	for _, key := range r.order {
		e := r.tables[key]
		if e.kind == "table" {
			e.settle()
			continue
		}
		// One by one, because a view of a table that is gone, or a module that
		// is not built in, must not take the rest of the catalog with it.
		err := r.read(func(row []string) { r.addColumn(e.table.Name, row) },
			`SELECT `+columns+` FROM pragma_table_xinfo(?1) AS c ORDER BY c.cid`, source.Arg{Kind: frame.Text, Text: e.table.Name})
		if f := source.AsFailure(err); f != nil && (f.Code == source.Cancelled || f.Code == source.DeadlineExceeded || f.Code == source.Unreachable) {
			return err
		}
		e.guess()
	}
	r.order = slices.DeleteFunc(r.order, func(key string) bool { return len(r.tables[key].table.Columns) == 0 })
	return nil
}

// addColumn adds a column given as name, type, notnull, pk and hidden.
func (r *catalogReader) addColumn(table string, c []string) {
	e, ok := r.tables[folded(table)]
	if !ok || c[4] == "1" { // a hidden column of a virtual table is not there to be read
		return
	}
	key, _ := strconv.Atoi(c[3])
	col := source.Column{
		Name: c[0], Type: strings.ToLower(strings.TrimSpace(c[1])), Kind: declaredKind(c[1]),
		Nullable: c[2] == "0" && !(key > 0 && e.bare), PrimaryKey: key > 0,
	}
	e.table.Columns = append(e.table.Columns, col)
	if key > 0 {
		e.primaryKey = append(e.primaryKey, keyColumn{key, c[0]})
	}
}

// guess gives a view's expressions, which have no declared types, the kinds that their text tells.
func (e *tableEntry) guess() {
	if e.kind != "view" {
		return
	}
	kinds := expressionKinds(e.definition, len(e.table.Columns))
	for i, c := range e.table.Columns {
		if c.Type == "" && kinds != nil {
			e.table.Columns[i].Kind = kinds[i]
		}
	}
}

// settle orders the key, and knows that an INTEGER PRIMARY KEY is the row's number and never null.
func (e *tableEntry) settle() {
	slices.SortFunc(e.primaryKey, func(a, b keyColumn) int { return a.order - b.order })
	if len(e.primaryKey) != 1 {
		return
	}
	for i, c := range e.table.Columns {
		if c.PrimaryKey && c.Type == "integer" {
			e.table.Columns[i].Nullable = false
		}
	}
}

func (r *catalogReader) foreignKeys() error {
	return r.read(func(row []string) {
		e, ok := r.tables[folded(row[0])]
		target, known := r.tables[folded(row[2])]
		if !ok || !known {
			return
		}
		if id := row[1]; e.keyID != id || len(e.keys) == 0 {
			e.keyID = id
			e.keys = append(e.keys, &source.ForeignKey{Table: target.table.Name})
		}
		k := e.keys[len(e.keys)-1]
		to := row[4]
		if n := len(k.Columns); to == "" && n < len(target.primaryKey) { // a key that names no columns means the other's primary key
			to = target.primaryKey[n].name
		}
		k.Columns = append(k.Columns, e.spelling(row[3]))
		k.References = append(k.References, target.spelling(to))
	}, `SELECT l.name, f.id, f."table", f."from", f."to" FROM pragma_table_list AS l JOIN pragma_foreign_key_list(l.name) AS f WHERE `+ownTables+` AND l.type = 'table' ORDER BY l.name, f.id DESC, f.seq`)
}

// spelling returns a column's name as its table spells it.
func (e *tableEntry) spelling(column string) string {
	if c, ok := e.table.Column(column); ok {
		return c.Name
	}
	return column
}

func (r *catalogReader) estimates() error {
	if !r.stats {
		return nil
	}
	return r.read(func(row []string) {
		e, ok := r.tables[folded(row[0])]
		first, _, _ := strings.Cut(row[1], " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if !ok || err != nil {
			return
		}
		// A partial index counts only its own rows.
		if e.table.RowEstimate == nil || *e.table.RowEstimate < n {
			e.table.RowEstimate = &n
		}
	}, `SELECT tbl, stat FROM sqlite_stat1`)
}
