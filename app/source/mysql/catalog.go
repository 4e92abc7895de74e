package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"strings"
	"time"

	"assay/app/frame"
	"assay/app/source"
)

// hiddenSchemas are not listed.
var hiddenSchemas = []string{"information_schema", "mysql", "performance_schema", "sys",
	"metrics_schema", "inspection_schema", "lightning_task_info", "ndbinfo", "innodb", "tmp"}

// Catalog reads the databases' descriptions from information_schema in five
// queries. A database is a schema here: the configured one alone, or all that
// the login may read.
func (db *database) Catalog(ctx context.Context) (*source.Catalog, error) {
	conn, ctx, done, err := db.connection(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	r := &catalogReader{ctx: ctx, conn: conn, tables: map[[2]string]*source.Table{}}
	r.where, r.args = "= ?", []any{db.config.Database}
	if db.config.Database == "" {
		r.where = "NOT IN (?" + strings.Repeat(", ?", len(hiddenSchemas)-1) + ")"
		r.args = nil
		for _, s := range hiddenSchemas {
			r.args = append(r.args, s)
		}
	}
	for _, read := range []func() error{r.readTables, r.readChecks, r.readColumns, r.readKeys, r.readRoutines} {
		if err := read(); err != nil {
			if ctx.Err() != nil {
				return nil, source.AsFailure(ctx.Err())
			}
			return nil, failure(err, "")
		}
	}
	c := &source.Catalog{ReadAt: time.Now().UTC(), DefaultSchema: db.config.Database, Routines: r.routines}
	for _, key := range r.order {
		t := r.tables[key]
		for i := range t.Columns {
			t.Columns[i].PrimaryKey = slices.Contains(r.primary[key], t.Columns[i].Name)
		}
		c.Tables = append(c.Tables, *t)
	}
	c.Link()
	return c, nil
}

// connection returns a connection of the pool and the context to use it with,
// which ends with ctx or the pool; what then runs ends in the database too.
func (db *database) connection(ctx context.Context) (conn *sql.Conn, own context.Context, done func(), err error) {
	if db.ctx.Err() != nil {
		return nil, nil, nil, errClosed
	}
	if ctx.Err() != nil {
		return nil, nil, nil, source.AsFailure(ctx.Err())
	}
	conn, err = db.pool.Conn(ctx)
	if err != nil {
		return nil, nil, nil, db.connectFailure(ctx, err)
	}
	var id uint64
	if err := conn.Raw(func(c any) error { id = c.(*session).id; return nil }); err != nil {
		conn.Close()
		return nil, nil, nil, db.connectFailure(ctx, err)
	}
	own, cut := context.WithCancel(ctx)
	stopPool := context.AfterFunc(db.ctx, cut)
	told := make(chan struct{})
	stop := context.AfterFunc(own, func() { defer close(told); db.tell(id) })
	return conn, own, func() {
		stopPool()
		if !stop() {
			<-told
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
		cut()
		conn.Close()
	}, nil
}

type catalogReader struct {
	ctx      context.Context
	conn     *sql.Conn
	where    string
	args     []any
	order    [][2]string
	tables   map[[2]string]*source.Table
	primary  map[[2]string][]string
	json     map[[3]string]bool
	routines []string
}

// each runs a query of text columns; null is "".
func (r *catalogReader) each(query string, columns int, use func(v []string)) error {
	rows, err := r.conn.QueryContext(r.ctx, query, r.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	values, dest := make([]sql.NullString, columns), make([]any, columns)
	for i := range dest {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		texts := make([]string, columns)
		for i, v := range values {
			texts[i] = v.String
		}
		use(texts)
	}
	return rows.Err()
}

func (r *catalogReader) readTables() error {
	return r.each(`SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_ROWS, TABLE_COMMENT, CREATE_OPTIONS, ENGINE
FROM information_schema.TABLES WHERE TABLE_SCHEMA `+r.where+` AND TABLE_TYPE <> 'SEQUENCE' ORDER BY TABLE_SCHEMA, TABLE_NAME`, 7, func(v []string) {
		key := [2]string{v[0], v[1]}
		t := &source.Table{Schema: v[0], Name: v[1], Kind: "table", Comment: v[4]}
		if strings.HasSuffix(v[2], "VIEW") {
			t.Kind, t.Comment = "view", ""
		} else {
			switch {
			case v[6] == "MRG_MyISAM":
				t.Kind = "view" // a MERGE table has no rows of its own and does not tell whose it shows
			case slices.Contains([]string{"FEDERATED", "CONNECT", "SPIDER", "OQGRAPH", "S3"}, strings.ToUpper(v[6])):
				t.Kind = "foreign table"
			case strings.Contains(v[5], "partitioned"):
				t.Kind = "partitioned table"
			}
			if n, ok := value(source.Arg{Kind: frame.Number, Text: v[3]}); ok {
				if n, ok := n.(int64); ok {
					t.RowEstimate = &n
				}
			}
		}
		r.order, r.tables[key] = append(r.order, key), t
	})
}

// readChecks finds the columns that MariaDB keeps JSON in: text with a check.
func (r *catalogReader) readChecks() error {
	r.json = map[[3]string]bool{}
	var mariaDB bool
	if err := r.conn.Raw(func(c any) error { mariaDB = c.(*session).mariaDB(); return nil }); err != nil || !mariaDB {
		return err
	}
	return r.each(`SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CHECK_CLAUSE
FROM information_schema.CHECK_CONSTRAINTS WHERE CHECK_CLAUSE LIKE 'json\_valid(%)' AND CONSTRAINT_SCHEMA `+r.where, 3, func(v []string) {
		name := strings.TrimSuffix(strings.TrimPrefix(v[2], "json_valid(`"), "`)")
		r.json[[3]string{v[0], v[1], strings.ReplaceAll(name, "``", "`")}] = true
	})
}

func (r *catalogReader) readColumns() error {
	return r.each(`SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, COLUMN_COMMENT
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA `+r.where+` ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`, 7, func(v []string) {
		t := r.tables[[2]string{v[0], v[1]}]
		if t == nil {
			return
		}
		c := source.Column{Name: v[2], Type: columnType(v[4]), Kind: columnKind(strings.ToLower(v[3]), strings.ToLower(v[4])),
			Nullable: v[5] == "YES", Comment: v[6]}
		if r.json[[3]string{v[0], v[1], v[2]}] {
			c.Kind, c.Type = frame.JSON, "json"
		}
		t.Columns = append(t.Columns, c)
	})
}

// columnType lowers a type's words but not the values of an ENUM or SET, which
// are left out: they can hold anything.
func columnType(s string) string {
	name, _, listed := strings.Cut(s, "('")
	if listed {
		return strings.ToLower(name)
	}
	return strings.ToLower(s)
}

// columnKind returns the kind of a column by its declared type, the way a
// result's description would tell it.
func columnKind(data, full string) frame.Kind {
	length := int64(-1)
	if full == "tinyint(1)" || full == "bit(1)" {
		length = 1
	}
	switch data {
	case "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geomcollection", "geometrycollection":
		data = "geometry"
	case "integer":
		data = "int"
	case "uuid", "inet4", "inet6":
		data = "char"
	}
	kind, _ := kindOf(data, length, strings.Contains(full, "unsigned"))
	return kind
}

func (r *catalogReader) readKeys() error {
	r.primary = map[[2]string][]string{}
	type constraint struct {
		table [2]string
		name  string
	}
	index := map[constraint]int{}
	return r.each(`SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA `+r.where+` AND (CONSTRAINT_NAME = 'PRIMARY' OR REFERENCED_TABLE_NAME IS NOT NULL)
ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`, 7, func(v []string) {
		key := [2]string{v[0], v[1]}
		t := r.tables[key]
		switch {
		case t == nil:
		case v[5] == "":
			r.primary[key] = append(r.primary[key], v[3])
		default:
			id := constraint{key, v[2]}
			i, ok := index[id]
			if !ok {
				i = len(t.ForeignKeys)
				index[id] = i
				t.ForeignKeys = append(t.ForeignKeys, source.ForeignKey{Schema: v[4], Table: v[5]})
			}
			t.ForeignKeys[i].Columns = append(t.ForeignKeys[i].Columns, v[3])
			t.ForeignKeys[i].References = append(t.ForeignKeys[i].References, v[6])
		}
	})
}

// readRoutines lists the stored functions whose names the guard lets a statement
// call: a server that has no function of its own by that name would call them.
func (r *catalogReader) readRoutines() error {
	return r.each(`SELECT ROUTINE_SCHEMA, ROUTINE_NAME FROM information_schema.ROUTINES
WHERE ROUTINE_TYPE = 'FUNCTION' AND ROUTINE_SCHEMA `+r.where+` ORDER BY ROUTINE_SCHEMA, ROUTINE_NAME`, 2, func(v []string) {
		if name := strings.ToLower(v[1]); safeFunctions[name] || safeAggregates[name] {
			r.routines = append(r.routines, v[0]+"."+v[1])
		}
	})
}
