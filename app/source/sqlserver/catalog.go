package sqlserver

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"assay/app/source"
)

const (
	// The type of an alias type is that of the system type under it; sysname is an alias that stays itself.
	catalogColumns = `SELECT s.name, o.name, o.type, c.name, y.name, c.max_length, c.precision, c.scale, c.is_nullable, o.object_id, c.column_id
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
JOIN sys.columns AS c ON c.object_id = o.object_id
LEFT JOIN sys.types AS y ON y.user_type_id = CASE WHEN c.system_type_id = 240 THEN c.user_type_id ELSE c.system_type_id END
WHERE o.type IN ('U', 'V', 'ET') AND o.is_ms_shipped = 0 AND s.name NOT IN ('sys', 'INFORMATION_SCHEMA')
ORDER BY s.name, o.name, c.column_id`

	catalogKeys = `SELECT i.object_id, ic.column_id
FROM sys.indexes AS i
JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
WHERE i.is_primary_key = 1`

	catalogReferences = `SELECT f.object_id, f.parent_object_id, p.name, s.name, t.name, r.name
FROM sys.foreign_keys AS f
JOIN sys.foreign_key_columns AS k ON k.constraint_object_id = f.object_id
JOIN sys.columns AS p ON p.object_id = k.parent_object_id AND p.column_id = k.parent_column_id
JOIN sys.columns AS r ON r.object_id = k.referenced_object_id AND r.column_id = k.referenced_column_id
JOIN sys.objects AS t ON t.object_id = f.referenced_object_id
JOIN sys.schemas AS s ON s.schema_id = t.schema_id
ORDER BY f.object_id, k.constraint_column_id`

	// Only the heap or clustered index counts each row once.
	catalogRows = `SELECT object_id, SUM(rows) FROM sys.partitions WHERE index_id IN (0, 1) GROUP BY object_id`

	catalogComments = `SELECT major_id, minor_id, CAST(value AS nvarchar(4000)) FROM sys.extended_properties
WHERE class = 1 AND name = N'MS_Description'`

	// Functions, and synonyms, which may stand for one.
	catalogRoutines = `SELECT s.name, o.name FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE o.type IN ('AF', 'FN', 'FS', 'FT', 'IF', 'SN', 'TF') AND o.is_ms_shipped = 0 ORDER BY s.name, o.name`

	// Versions before 2016 and compatible servers have no such columns.
	catalogHistory = `SELECT t.history_table_id, s.name, t.name FROM sys.tables AS t
JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE t.temporal_type = 2`

	catalogSchema = `SELECT SCHEMA_NAME()`
)

// Catalog reads tables, views, keys, comments and row counts from the system views. What a
// server does not know (compatible ones lack some views) or does not show is left out.
func (d *db) Catalog(ctx context.Context) (*source.Catalog, error) {
	c := &source.Catalog{ReadAt: time.Now().UTC(), DefaultSchema: "dbo"}
	rows, err := d.ask(ctx, catalogColumns)
	if err != nil {
		return nil, err
	}
	at := map[string]int{}       // an object's id to its table
	column := map[string][]int{} // an object's id to the ids of its columns, in the table's order
	for _, r := range rows {
		id := r[9]
		if _, known := at[id]; !known {
			at[id] = len(c.Tables)
			c.Tables = append(c.Tables, source.Table{Schema: r[0], Name: r[1], Kind: tableKind(r[2])})
		}
		t := &c.Tables[at[id]]
		t.Columns = append(t.Columns, source.Column{
			Name: r[3], Type: typeName(r[4], number(r[5]), number(r[6]), number(r[7])),
			Kind: kindOf(r[4]), Nullable: r[8] == "true" || r[8] == "1",
		})
		column[id] = append(column[id], number(r[10]))
	}
	find := func(object, columnID string) *source.Column {
		i, ok := at[object]
		if !ok {
			return nil
		}
		for n, id := range column[object] {
			if id == number(columnID) {
				return &c.Tables[i].Columns[n]
			}
		}
		return nil
	}
	parts := []struct {
		sql string
		use func(r []string)
	}{
		{catalogKeys, func(r []string) {
			if col := find(r[0], r[1]); col != nil {
				col.PrimaryKey = true
			}
		}},
		{catalogReferences, referencer(c, at)},
		{catalogRows, func(r []string) {
			if i, ok := at[r[0]]; ok && c.Tables[i].Kind != "view" {
				if n, err := strconv.ParseInt(r[1], 10, 64); err == nil {
					c.Tables[i].RowEstimate = &n
				}
			}
		}},
		{catalogComments, func(r []string) {
			if i, ok := at[r[0]]; ok && r[1] == "0" {
				c.Tables[i].Comment = r[2]
			} else if col := find(r[0], r[1]); col != nil {
				col.Comment = r[2]
			}
		}},
		{catalogRoutines, func(r []string) {
			// dbo.value(…) could be the method of a column dbo, so it is not seen to be a function.
			if valueMethods[plainLetters(r[1])] {
				c.Routines = append(c.Routines, r[0]+"."+r[1])
			}
		}},
		{catalogHistory, func(r []string) {
			// The rows that a table had are read through it as well, with FOR SYSTEM_TIME.
			if i, ok := at[r[0]]; ok {
				c.Tables[i].Parents = append(c.Tables[i].Parents, source.Name{Schema: r[1], Name: r[2]})
			}
		}},
		{catalogSchema, func(r []string) {
			if r[0] != "" {
				c.DefaultSchema = r[0]
			}
		}},
	}
	for _, p := range parts {
		rows, err := d.ask(ctx, p.sql)
		if f := source.AsFailure(err); f != nil && f.Code != source.DatabaseError {
			return nil, err
		}
		for _, r := range rows {
			p.use(r)
		}
	}
	c.Link()
	return c, nil
}

// referencer collects the columns of foreign keys, which come in order, key by key.
func referencer(c *source.Catalog, at map[string]int) func(r []string) {
	last := ""
	return func(r []string) {
		i, ok := at[r[1]]
		if !ok {
			return
		}
		keys := &c.Tables[i].ForeignKeys
		if r[0] != last {
			*keys = append(*keys, source.ForeignKey{Schema: r[3], Table: r[4]})
			last = r[0]
		}
		k := &(*keys)[len(*keys)-1]
		k.Columns = append(k.Columns, r[2])
		k.References = append(k.References, r[5])
	}
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func tableKind(objectType string) string {
	switch objectType[:min(1, len(objectType))] {
	case "V":
		return "view"
	case "E":
		return "foreign table"
	}
	return "table"
}

// typeName spells a type with its length, which sys.columns counts in bytes.
func typeName(name string, length, precision, scale int) string {
	switch name {
	case "decimal", "numeric":
		return fmt.Sprintf("%s(%d,%d)", name, precision, scale)
	case "datetime2", "datetimeoffset", "time":
		return fmt.Sprintf("%s(%d)", name, scale)
	case "nchar", "nvarchar":
		length /= 2
		fallthrough
	case "char", "varchar", "binary", "varbinary":
		if length <= 0 {
			return name + "(max)"
		}
		return fmt.Sprintf("%s(%d)", name, length)
	}
	return name
}
