package sqlite

import (
	"slices"

	"assay/app/source"

	"github.com/sqlc-dev/meyer/ast"
	"github.com/sqlc-dev/meyer/parser"
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// wall is what a statement under rules may read, whatever its text turns out to
// mean to the engine: a second check, by the engine's own account.
type wall struct {
	tables    map[string]bool // by folded names
	with      map[string]bool // WITH queries, which have no schema, unlike tables as rules spell them
	functions map[string]bool // in FROM
}

// letsRead reports whether the wall of a connection, where it has one, lets a column be read.
func letsRead(db uintptr, schema, table, column string) bool {
	c, ok := conns.Load(db)
	if !ok {
		return false
	}
	w := c.(*conn).wall
	if w == nil {
		return true
	}
	table = folded(table)
	// Statistics are read by the engine itself; the guard refuses to name them.
	return w.tables[table] || schema == "" && column == "" && w.with[table] || w.functions[table] || table == "sqlite_stat1"
}

// confine puts up the wall that s.Only describes. There is none where one of the
// tables is a view, or a virtual table that is not understood, because what
// those stand on is not known here.
func (c *conn) confine(s source.Statement) error {
	if s.Only == nil {
		return nil
	}
	w := &wall{tables: map[string]bool{}, with: map[string]bool{}, functions: map[string]bool{}}
	for _, n := range s.Only {
		w.tables[folded(n.Name)] = true
	}
	entries, err := c.entries()
	if err != nil {
		return err
	}
	for _, n := range s.Only {
		e := entries[folded(n.Name)]
		if e == nil || e.kind == "table" {
			continue
		}
		if e.kind == "view" {
			return nil
		}
		v := understand(e.definition)
		if v == nil {
			return nil
		}
		for _, part := range hiddenParts {
			w.tables[folded(n.Name)+part] = true
		}
		if v.content != "" {
			if of := entries[folded(v.content)]; of == nil || of.kind != "table" {
				return nil
			}
			w.tables[folded(v.content)] = true
		}
	}
	if err := w.name(s.SQL); err != nil {
		return err
	}
	c.wall = w
	return c.authorized()
}

// open takes the wall away.
func (c *conn) open() {
	if c.wall != nil {
		c.wall = nil
		if c.authorized() != nil {
			c.lost = true
		}
	}
}

// authorized has the engine ask for everything. Saying so again makes it compile
// anew, and so ask about, the statements that full-text tables keep.
func (c *conn) authorized() error {
	if rc := lib.Xsqlite3_set_authorizer(c.tls, c.db, callback(authorize), c.db); rc != lib.SQLITE_OK {
		return c.failed(rc)
	}
	return nil
}

// name notes the names in a statement that are no tables.
func (w *wall) name(sql string) error {
	stmts, err := parser.ParseString(sql)
	if err != nil {
		return syntaxError(sql, err)
	}
	for _, s := range stmts {
		ast.Walk(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CTE:
				w.with[folded(n.Name.Name)] = true
			case *ast.TableRef:
				if n.Name != nil && n.HasArgs {
					w.function(n.Name)
				}
			case *ast.InExpr:
				if n.Table != nil && n.HasArgs {
					w.function(n.Table)
				}
			}
			return true
		})
	}
	return nil
}

func (w *wall) function(n *ast.QualifiedName) {
	name := folded(n.Name.Name)
	if _, ok := tableFunctions[name]; ok {
		w.functions[name] = true
	}
}

// entries returns the kinds of all tables, with the definitions of virtual ones.
func (c *conn) entries() (map[string]*tableEntry, error) {
	s, err := c.prepare("SELECT name, type, rootpage, sql FROM main.sqlite_schema WHERE type IN ('table', 'view')")
	if err != nil {
		return nil, err
	}
	defer s.finalize()
	entries := map[string]*tableEntry{}
	for {
		more, err := s.step()
		if err != nil || !more {
			return entries, err
		}
		e := &tableEntry{kind: string(s.value(1).bytes)}
		if e.kind == "table" && s.value(2).integer == 0 {
			e.kind, e.definition = "virtual", string(s.value(3).bytes)
		}
		entries[folded(string(s.value(0).bytes))] = e
	}
}

// modules are those of virtual tables and table functions that questions may use.
var modules = []string{"fts5", "fts5vocab", "rtree", "rtree_i32", "geopoly", "json_each", "json_tree", "jsonb_each", "jsonb_tree"}

// dropModules takes away the modules that look into the file or the engine: a
// table of any name can be made of one, so that to refuse their names is not enough.
func (c *conn) dropModules() error {
	list := c.alloc((len(modules) + 1) * int(pointerSize))
	defer libc.Xfree(c.tls, list)
	for i, name := range append(slices.Clone(modules), "") {
		place := (*uintptr)(pointer(list + uintptr(i)*pointerSize))
		if *place = 0; name == "" {
			break
		}
		text, err := libc.CString(name)
		if err != nil {
			return err
		}
		defer libc.Xfree(c.tls, text)
		*place = text
	}
	if rc := lib.Xsqlite3_drop_modules(c.tls, c.db, list); rc != lib.SQLITE_OK {
		return c.failed(rc)
	}
	return nil
}
