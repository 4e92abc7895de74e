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
				delete(r.tables, folded(e.table.Name+"_"+part))
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

// kindOf returns what a table is called in the catalog: "table" is said only of
// what shows rows of its own, or those of its Parents, and nothing else. A
// virtual table is what its module and its arguments make of it, whatever its
// name is, so one that is not understood to the last argument is none.
func (r *catalogReader) kindOf(e *tableEntry) string {
	if e.kind != "virtual" {
		return e.kind
	}
	v := understand(e.definition)
	if v == nil || v.contentless {
		return virtualKind
	}
	if v.content != "" {
		if p := r.tables[folded(v.content)]; p == nil || p.kind != "table" {
			return virtualKind
		}
	}
	for _, part := range hiddenParts {
		if p := r.tables[folded(e.table.Name+part)]; p != nil && p.kind != "table" {
			return virtualKind
		}
	}
	return "table"
}

// virtualKind is the catalog's word for a virtual table that may show rows, or tell
// of the size, of other tables.
const virtualKind = "virtual table"

// understood is a virtual table of which it is known whose rows it shows.
type understood struct {
	content     string // the table whose rows it shows; empty for its own
	contentless bool   // it knows only where words stand, in rows that others hold
}

// ownModules show nothing but rows of their own, whatever their arguments are.
var ownModules = set("rtree", "rtree_i32", "geopoly")

// searchOptions are those of fts5, beside content, that do not change whose rows it shows.
var searchOptions = set("prefix", "tokenize", "content_rowid", "columnsize", "locale", "detail", "tokendata", "contentless_delete", "contentless_unindexed")

// hiddenParts are what the names of the tables end in that the modules keep their own rows in.
var hiddenParts = []string{"_data", "_idx", "_content", "_docsize", "_config", "_node", "_rowid", "_parent"}

// understand reads the statement that made a virtual table; nil where anything of it is not known.
func understand(definition string) *understood {
	// A comment is a part of the argument it stands in.
	if strings.Contains(definition, "--") || strings.Contains(definition, "/*") {
		return nil
	}
	stmts, err := parser.ParseString(definition)
	if err != nil || len(stmts) != 1 {
		return nil
	}
	s, ok := stmts[0].(*ast.CreateVirtualTableStmt)
	if !ok {
		return nil
	}
	module := folded(s.Module.Name)
	if _, own := ownModules[module]; own {
		return &understood{}
	}
	if module != "fts5" {
		return nil
	}
	v, given := &understood{}, false
	for _, a := range s.Args {
		// The engine takes the beginning of an option's name for the option, so
		// that only the whole names are sure to mean what they say.
		key, value, option := strings.Cut(a, "=")
		key = folded(strings.TrimSpace(key))
		switch _, known := searchOptions[key]; {
		case !option || known:
		case key == "content" && !given:
			given, v.content = true, unquoted(value)
			v.contentless = v.content == ""
		default:
			return nil
		}
	}
	return v
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
		if p, ok := r.tables[folded(of)]; ok && p != e {
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
