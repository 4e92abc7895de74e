package sqlite

import (
	"slices"
	"strings"

	"assay/app/source"

	"github.com/sqlc-dev/meyer/ast"
	"github.com/sqlc-dev/meyer/parser"
)

// hideShadows takes the hidden tables of older full-text indexes from the
// catalog. The engine does so where it has the module; it has not for these, and
// they hold the words, and often the texts, of other tables.
func (r *catalogReader) hideShadows() error {
	for _, e := range r.tables {
		if s := e.virtual(); s != nil && (folded(s.Module.Name) == "fts4" || folded(s.Module.Name) == "fts3") {
			for _, part := range []string{"content", "segments", "segdir", "docsize", "stat"} {
				delete(r.tables, strings.ToLower(e.table.Name+"_"+part))
			}
		}
	}
	r.order = slices.DeleteFunc(r.order, func(key string) bool { return r.tables[key] == nil })
	return nil
}

// virtual returns how a virtual table was made; nil for another.
func (e *tableEntry) virtual() *ast.CreateVirtualTableStmt {
	if e.kind != "virtual" {
		return nil
	}
	stmts, err := parser.ParseString(e.definition)
	if err != nil || len(stmts) != 1 {
		return nil
	}
	s, _ := stmts[0].(*ast.CreateVirtualTableStmt)
	return s
}

// parents returns what a virtual table shows the rows or words of: the table
// that a full-text index is kept outside of, or the index whose words it lists.
func (r *catalogReader) parents(e *tableEntry) []source.Name {
	s := e.virtual()
	if s == nil {
		return nil
	}
	var names []source.Name
	for _, of := range shownBy(folded(s.Module.Name), s.Args) {
		if p, ok := r.tables[strings.ToLower(of)]; ok && p != e {
			names = append(names, source.Name{Schema: p.table.Schema, Name: p.table.Name})
		}
	}
	return names
}

// shownBy returns the names of tables in the arguments of a module that shows other tables.
func shownBy(module string, args []string) []string {
	switch module {
	case "fts3", "fts4", "fts5":
		for _, a := range args {
			key, value, ok := strings.Cut(a, "=")
			if ok && folded(strings.TrimSpace(key)) == "content" {
				return []string{unquoted(value)}
			}
		}
	case "fts5vocab", "fts4aux":
		if len(args) > 0 {
			return []string{unquoted(args[0])}
		}
	}
	return nil
}

// unquoted returns the name that an argument of a module is.
func unquoted(argument string) string {
	argument = strings.TrimSpace(argument)
	if n := len(argument); n >= 2 {
		switch q := argument[0]; {
		case q == '[' && argument[n-1] == ']':
			return argument[1 : n-1]
		case strings.IndexByte("\"'`", q) >= 0 && argument[n-1] == q:
			return strings.ReplaceAll(argument[1:n-1], string(q)+string(q), string(q))
		}
	}
	return argument
}
