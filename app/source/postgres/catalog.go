package postgres

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/app/frame"
	"assay/app/source"
)

// catalogTimeout bounds each query of the catalog.
const catalogTimeout = 30 * time.Second

// relationsSQL reads what the login may select from, one row a column. Left
// out are the system's own schemas, partitions (their parent stands for them)
// and what belongs to extensions.
const relationsSQL = `
SELECT n.nspname, c.relname, c.relkind, c.reltuples, c.relpages, td.description,
       a.attname, COALESCE(NULLIF(t.typbasetype, 0), a.atttypid), a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod),
       a.attnotnull, t.typcategory, t.typtype, cd.description, COALESCE(a.attnum = ANY (k.conkey), false),
       pg_catalog.current_schema()
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
LEFT JOIN pg_catalog.pg_description td ON td.objoid = c.oid AND td.classoid = 'pg_catalog.pg_class'::regclass AND td.objsubid = 0
LEFT JOIN pg_catalog.pg_description cd ON cd.objoid = c.oid AND cd.classoid = 'pg_catalog.pg_class'::regclass AND cd.objsubid = a.attnum
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname <> 'crdb_internal' AND n.nspname NOT LIKE 'pg\_%'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'))
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname, c.oid, a.attnum`

// plainRelationsSQL is the same from the standard's catalog, for servers that
// only resemble PostgreSQL.
const plainRelationsSQL = `
SELECT c.table_schema, c.table_name, CASE t.table_type WHEN 'VIEW' THEN 'v' WHEN 'FOREIGN' THEN 'f' ELSE 'r' END, -1, 0, NULL,
       c.column_name, 0, -1, lower(c.data_type), c.is_nullable = 'NO', NULL, NULL, NULL, false, NULL
FROM information_schema.columns c
JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE c.table_schema <> 'information_schema' AND c.table_schema <> 'crdb_internal' AND c.table_schema NOT LIKE 'pg\_%'
ORDER BY c.table_schema, c.table_name, c.ordinal_position`

// keysSQL reads the foreign keys, one row a column, what the partitions of
// each partitioned table sum up to, and what each table inherits from, the
// nearest first.
const keysSQL = `
SELECT 'key', n.nspname, c.relname, k.oid::text, a.attname, fn.nspname, fc.relname, fa.attname, NULL::float8
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid
JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u(near, far, place) ON true
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.near
JOIN pg_catalog.pg_attribute fa ON fa.attrelid = fc.oid AND fa.attnum = u.far
WHERE k.contype = 'f' AND NOT c.relispartition AND NOT fc.relispartition
UNION ALL
SELECT 'rows', n.nspname, c.relname, NULL, NULL, NULL, NULL, NULL,
       (WITH RECURSIVE below(oid) AS (
          SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid
          UNION ALL
          SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN below ON below.oid = i.inhparent)
        SELECT sum(l.reltuples) FROM below JOIN pg_catalog.pg_class l ON l.oid = below.oid AND l.relkind <> 'p' AND l.reltuples >= 0)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'p' AND NOT c.relispartition
UNION ALL
SELECT 'parent', n.nspname, c.relname, NULL, NULL, pn.nspname, pc.relname, NULL, min(above.steps)::float8
FROM (WITH RECURSIVE above(child, parent, steps) AS (
        SELECT i.inhrelid, i.inhparent, 1 FROM pg_catalog.pg_inherits i
        UNION
        SELECT a.child, i.inhparent, a.steps + 1 FROM pg_catalog.pg_inherits i JOIN above a ON a.parent = i.inhrelid)
      SELECT * FROM above) AS above
JOIN pg_catalog.pg_class c ON c.oid = above.child AND c.relkind IN ('r', 'f', 'p') AND NOT c.relispartition
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class pc ON pc.oid = above.parent
JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
GROUP BY n.nspname, c.relname, pn.nspname, pc.relname
ORDER BY 1, 2, 3, 4, 9, 6, 7`

// Catalog reads what the login may read from the server's own catalog, in a few
// queries. A table's parents are named whether or not the login may read them.
func (db *database) Catalog(ctx context.Context) (*source.Catalog, error) {
	catalog := &source.Catalog{ReadAt: time.Now().UTC()}
	relations, err := db.all(ctx, relationsSQL)
	if unlike(err) {
		relations, err = db.all(ctx, plainRelationsSQL)
	}
	if err != nil {
		return nil, err
	}
	old := false
	if k := db.server(); k != nil {
		old = k.version > 0 && k.version < 140000
	}
	tables := map[source.Name]int{}
	for r := range relations.Rows() {
		row := texts{relations, r}
		name := source.Name{Schema: row.text(0), Name: row.text(1)}
		at, ok := tables[name]
		if !ok {
			at = len(catalog.Tables)
			tables[name] = at
			catalog.Tables = append(catalog.Tables, row.table(old))
		}
		catalog.Tables[at].Columns = append(catalog.Tables[at].Columns, row.column())
		if s := row.text(15); s != "" {
			catalog.DefaultSchema = s
		}
	}
	keys, err := db.all(ctx, keysSQL)
	if err != nil && !unlike(err) {
		return nil, err
	}
	if err == nil {
		addKeys(catalog, tables, keys)
	}
	if err := db.readCode(ctx, catalog); err != nil {
		return nil, err
	}
	if catalog.DefaultSchema == "" {
		catalog.DefaultSchema = "public"
	}
	catalog.Link()
	return catalog, nil
}

// all runs a query of our own and keeps its rows.
func (db *database) all(ctx context.Context, sql string) (*frame.Frame, error) {
	rows, err := db.Query(ctx, source.Statement{SQL: sql, Timeout: catalogTimeout})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return frame.Read(ctx, rows, math.MaxInt, 1<<30)
}

// unlike reports whether a server failed because its catalog is not quite PostgreSQL's.
func unlike(err error) bool {
	f := source.AsFailure(err)
	return f != nil && f.Code == source.DatabaseError && (strings.HasPrefix(f.State, "42") || strings.HasPrefix(f.State, "0A"))
}

// texts is a row of the catalog's queries.
type texts struct {
	f   *frame.Frame
	row int
}

func (t texts) text(col int) string {
	v, _ := t.f.Cell(t.row, col)
	return string(v)
}

func (t texts) number(col int) int64 {
	n, _ := strconv.ParseInt(t.text(col), 10, 64)
	return n
}

var relationKinds = map[string]string{"r": "table", "v": "view", "m": "materialized view", "f": "foreign table", "p": "partitioned table"}

func (t texts) table(old bool) source.Table {
	table := source.Table{Schema: t.text(0), Name: t.text(1), Kind: relationKinds[t.text(2)], Comment: t.text(5)}
	tuples, err := strconv.ParseFloat(t.text(3), 64)
	// Before version 14 a table never analyzed says 0 rows rather than -1.
	if err == nil && tuples >= 0 && table.Kind != "view" && !(old && tuples == 0 && t.number(4) == 0) {
		table.RowEstimate = new(int64(math.Round(tuples)))
	}
	return table
}

func (t texts) column() source.Column {
	c := source.Column{Name: t.text(6), Nullable: t.text(10) != "true", Comment: t.text(13), PrimaryKey: t.text(14) == "true"}
	info, ok := builtinTypes[uint32(t.number(7))]
	isDomain := t.text(12) == "d"
	switch {
	case ok && !isDomain:
		c.Type, c.Kind = info.fullName(int32(t.number(8))), info.kind
	case ok:
		c.Type, c.Kind = spelled(t.text(9)), info.kind
	default:
		c.Type = spelled(t.text(9))
		c.Kind = userType(c.Type, t.text(11)).kind
		if t.number(7) == 0 {
			c.Kind = kindOfName(c.Type)
		}
	}
	return c
}

// spelled is a type's name as it can be written: lower case, unless quotes keep its letters.
func spelled(name string) string {
	if strings.Contains(name, `"`) {
		return name
	}
	return strings.ToLower(name)
}

// kindOfName tells a type's kind from its name in the standard's catalog.
func kindOfName(name string) frame.Kind {
	name, _, _ = strings.Cut(name, "(")
	switch strings.TrimSpace(name) {
	case "timestamp with time zone", "timestamp without time zone":
		return frame.Time
	case "character varying", "character":
		return frame.Text
	}
	for _, b := range builtin {
		if b.info.name == name {
			return b.info.kind
		}
	}
	return frame.Other
}

// addKeys adds the foreign keys between tables of the catalog, the sums of partitioned tables and the parents.
func addKeys(catalog *source.Catalog, tables map[source.Name]int, keys *frame.Frame) {
	last := ""
	for r := range keys.Rows() {
		row := texts{keys, r}
		at, ok := tables[source.Name{Schema: row.text(1), Name: row.text(2)}]
		if !ok {
			continue
		}
		t := &catalog.Tables[at]
		if row.text(0) == "rows" {
			if sum, err := strconv.ParseFloat(row.text(8), 64); err == nil {
				t.RowEstimate = new(int64(math.Round(sum)))
			}
			continue
		}
		if row.text(0) == "parent" {
			t.Parents = append(t.Parents, source.Name{Schema: row.text(5), Name: row.text(6)})
			continue
		}
		if _, ok := tables[source.Name{Schema: row.text(5), Name: row.text(6)}]; !ok {
			continue
		}
		if id := row.text(3); id != last {
			last = id
			t.ForeignKeys = append(t.ForeignKeys, source.ForeignKey{Schema: row.text(5), Table: row.text(6)})
		}
		key := &t.ForeignKeys[len(t.ForeignKeys)-1]
		key.Columns = append(key.Columns, row.text(4))
		key.References = append(key.References, row.text(7))
	}
	for i := range catalog.Tables {
		slices.SortStableFunc(catalog.Tables[i].ForeignKeys, func(a, b source.ForeignKey) int {
			return slices.Compare(a.Columns, b.Columns)
		})
	}
}
