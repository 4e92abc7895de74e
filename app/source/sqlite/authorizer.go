package sqlite

import (
	"strings"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// authorize is asked by the engine for every single thing that a statement
// would do, while it is compiled, views included. What is not listed is denied.
func authorize(_ *libc.TLS, db uintptr, action int32, a, b, schema, _ uintptr) int32 {
	var allowed bool
	switch action {
	case lib.SQLITE_SELECT, lib.SQLITE_RECURSIVE:
		allowed = true
	case lib.SQLITE_READ:
		table := libc.GoString(a)
		allowed = readable(table) && letsRead(db, libc.GoString(schema), table, libc.GoString(b))
	case lib.SQLITE_FUNCTION:
		allowed = allowedFunction(libc.GoString(b))
	case lib.SQLITE_PRAGMA:
		name := strings.ToLower(libc.GoString(a))
		_, allowed = describingPragmas[name]
		allowed = allowed || name == "data_version" // which full-text tables ask by themselves
	case lib.SQLITE_INSERT, lib.SQLITE_UPDATE, lib.SQLITE_DELETE:
		// An R-tree compiles the statements that would maintain its hidden
		// tables as soon as it is opened for reading. They are never run: the
		// file is read-only and no statement that writes is started.
		allowed = rtreeTable(libc.GoString(a))
	}
	if allowed {
		return lib.SQLITE_OK
	}
	return lib.SQLITE_DENY
}

// describingPragmas only tell what is in the schema; as table-valued functions they serve the catalog.
var describingPragmas = set("table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list")

// schemaTables are the engine's own tables that hold nothing but definitions and statistics.
var schemaTables = set("sqlite_schema", "sqlite_master", "sqlite_sequence", "sqlite_stat1")

// innerTables are built-in virtual tables that look into the file or the engine itself.
var innerTables = set("dbstat", "bytecode", "tables_used", "fts3tokenize", "stmt", "completion", "swarmvtab", "unionvtab", "zipfile", "fsdir", "csv")

// readable reports whether a table may be read, by its name as the engine knows it.
func readable(table string) bool {
	table = strings.ToLower(table)
	if pragma, ok := strings.CutPrefix(table, "pragma_"); ok {
		_, ok = describingPragmas[pragma]
		return ok
	}
	if strings.HasPrefix(table, "sqlite_") {
		_, ok := schemaTables[table]
		return ok
	}
	_, inner := innerTables[table]
	return !inner
}

// systemTable reports whether a table, or a table function, is the engine's own
// and tells about all tables.
func systemTable(table string) bool {
	table = strings.ToLower(table)
	return strings.HasPrefix(table, "sqlite_") || strings.HasPrefix(table, "pragma_")
}

func rtreeTable(table string) bool {
	table = strings.ToLower(table)
	return strings.HasSuffix(table, "_node") || strings.HasSuffix(table, "_rowid") || strings.HasSuffix(table, "_parent")
}

func set(names ...string) map[string]struct{} {
	m := make(map[string]struct{}, len(names))
	for _, n := range names {
		m[n] = struct{}{}
	}
	return m
}
