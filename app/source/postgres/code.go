package postgres

import (
	"slices"
	"strings"

	"github.com/sqlc-dev/oliphant/ast"

	"assay/app/source"
)

// plainTypes are PostgreSQL's own types that a statement may name where rules
// limit what is seen; the types of the system tables' rows are not among them.
var plainTypes = set(`int2vector oidvector jsonpath record refcursor txid_snapshot pg_snapshot void
	int4range int8range numrange tsrange tstzrange daterange
	int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange`)

// between holds the kinds of expressions whose operators only their kind tells.
var between = map[ast.A_Expr_Kind]bool{
	ast.A_Expr_Kind_AEXPR_BETWEEN: true, ast.A_Expr_Kind_AEXPR_NOT_BETWEEN: true,
	ast.A_Expr_Kind_AEXPR_BETWEEN_SYM: true, ast.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM: true,
}

// unseen refuses every statement where the database runs code of its own that
// no statement shows.
func (w *walker) unseen() *source.Failure {
	if w.rules == nil || len(w.policy.Code.Unseen) == 0 {
		return nil
	}
	refusal := source.Refuse(0, "This database has %s, which runs code of its own without being written, so it cannot be shown that a statement keeps to the rules that limit what is seen", w.policy.Code.Unseen[0])
	refusal.Hint = "Ask an administrator to remove it from the database."
	return refusal
}

// operators refuses operators of which the database has one that runs code of its own.
func (w *walker) operators(names ...string) *source.Failure {
	if w.rules == nil {
		return nil
	}
	for _, name := range names {
		if slices.Contains(w.policy.Code.Operators, name) {
			refusal := w.refuse(w.at, "This database has an operator %s of its own, which could read past the rules that limit what is seen", name)
			refusal.Hint = "PostgreSQL's own operator can be written as OPERATOR(pg_catalog." + name + ")."
			return refusal
		}
	}
	return nil
}

// typed checks a type that a statement names where rules limit what is seen:
// making a value of it, or casting to it, may run code of the database's own,
// and the type of a table's rows tells its columns.
func (w *walker) typed(t *ast.TypeName, text bool) *source.Failure {
	parts := names(t.GetNames())
	if w.rules == nil || len(parts) == 0 {
		return nil
	}
	name := parts[len(parts)-1]
	plain := strings.TrimPrefix(name, "_")
	switch own := len(parts) > 1 && parts[0] != "pg_catalog"; {
	case catalogTypes[plain]:
		return w.refuse(w.at, "The type %s tells of the system catalog, which cannot be read where rules limit what is seen", name)
	case !own && (scalarTypes[plain] || plainTypes[plain]):
		if text || !slices.Contains(w.policy.Code.Targets, plain) {
			return nil
		}
		return w.refuse(w.at, "This database has a cast of its own to the type %s, which could read past the rules that limit what is seen", name)
	case len(parts) <= 2 && !strings.Contains(strings.Join(parts, ""), "."):
		full := strings.Join(parts, ".")
		if slices.ContainsFunc(w.policy.Code.Types, func(t string) bool { return t == full || len(parts) == 1 && strings.HasSuffix(t, "."+name) }) {
			return nil
		}
		table := source.Name{Name: name}
		if len(parts) == 2 {
			table.Schema = parts[0]
		}
		if system(table) {
			return w.refuse(w.at, "The type %s tells of the system catalog, which cannot be read where rules limit what is seen", name)
		}
		if reading, err := w.ask(table); err == nil && slices.Contains(w.policy.Code.Rows, reading.Table.Schema+"."+reading.Table.Name) {
			return nil
		}
	}
	refusal := w.refuse(w.at, "The type %s is not known to be harmless, so it cannot be named where rules limit what is seen", strings.Join(parts, "."))
	refusal.Hint = "If it is new, ask an administrator to read the tables of this connection again."
	return refusal
}

// isText reports whether an expression is a bare text or NULL, which a cast
// hands to the type as it is, without a cast of the database's own.
func isText(n *ast.Node) bool {
	c := n.GetAConst()
	if c == nil {
		return false
	}
	_, ok := c.GetVal().(*ast.A_Const_Sval)
	return ok || c.GetIsnull()
}
