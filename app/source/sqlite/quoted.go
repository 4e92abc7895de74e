package sqlite

import (
	"errors"
	"strings"

	"github.com/sqlc-dev/meyer/ast"
	"github.com/sqlc-dev/meyer/parser"
)

// prepareQuoted compiles sql and, where a name in double quotes is no column
// but stands where people write a text, as in city = "Oslo", reads it as that
// text. SQLite itself reads any unknown name in double quotes so, which would
// turn a misspelled or dropped column in SELECT or on the left of a comparison
// into a constant; there it stays an error.
func (c *conn) prepareQuoted(sql string) (*statement, error) {
	s, err := c.prepare(sql)
	for range 100 {
		name, ok := unknownQuoted(err)
		if !ok {
			return s, err
		}
		rewritten, ok := quoteAsText(sql, name)
		if !ok {
			return s, err
		}
		sql = rewritten
		s, err = c.prepare(sql)
	}
	return s, err
}

// unknownQuoted returns the name that the engine takes for a text in the wrong quotes.
func unknownQuoted(err error) (string, bool) {
	e, ok := errors.AsType[*engineError](err)
	if !ok {
		return "", false
	}
	name, ok := strings.CutPrefix(e.message, `no such column: "`)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(name, `" - should this be a string literal in single-quotes?`)
}

// quoteAsText prints sql with the name as a text wherever it is compared to;
// false where it stands nowhere so.
func quoteAsText(sql, name string) (string, bool) {
	stmts, err := parser.ParseString(sql)
	if err != nil || len(stmts) != 1 {
		return "", false
	}
	found := false
	text := func(e *ast.Expr) {
		if i, ok := (*e).(*ast.Ident); ok && i.Quote == ast.QuoteDouble && i.Name == name {
			*e = &ast.Literal{Kind: ast.LitString, Value: name, Raw: "'" + strings.ReplaceAll(name, "'", "''") + "'"}
			found = true
		}
	}
	ast.Walk(stmts[0], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			switch n.Op {
			case ast.OpEq, ast.OpNe, ast.OpLt, ast.OpLe, ast.OpGt, ast.OpGe:
				text(&n.Y)
			}
		case *ast.IsExpr:
			text(&n.Y)
		case *ast.LikeExpr:
			text(&n.Y)
		case *ast.BetweenExpr:
			text(&n.Lo)
			text(&n.Hi)
		case *ast.InExpr:
			for i := range n.List {
				text(&n.List[i])
			}
		}
		return true
	})
	return ast.String(stmts[0]), found
}
