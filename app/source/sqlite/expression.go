package sqlite

import (
	"strings"

	"assay/app/frame"

	"github.com/sqlc-dev/meyer/ast"
	"github.com/sqlc-dev/meyer/parser"
)

// expressionKinds tells what the columns of a result without a single value
// would be, by the text of the statement: an empty month must not change what
// a chart draws. It returns nil where the columns do not stand in the text one by one.
func expressionKinds(sql string, columns int) []frame.Kind {
	stmts, err := parser.ParseString(sql)
	if err != nil || len(stmts) != 1 {
		return nil
	}
	var s *ast.SelectStmt
	switch stmt := stmts[0].(type) {
	case *ast.SelectStmt:
		s = stmt
	case *ast.CreateViewStmt:
		s = stmt.Select
	default:
		return nil
	}
	q, ok := s.Cores[0].(*ast.SelectQuery)
	if !ok || len(q.Columns) != columns {
		return nil
	}
	kinds := make([]frame.Kind, columns)
	for i, c := range q.Columns {
		if _, ok := c.Expr.(*ast.Star); ok {
			return nil
		}
		kinds[i] = expressionKind(c.Expr)
	}
	return kinds
}

var (
	numeric = set(strings.Fields(`abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling cos cosh count cume_dist degrees
		dense_rank exp floor instr json_array_length julianday length ln log log10 log2 mod ntile octet_length percent_rank pi pow
		power radians random rank round row_number sign sin sinh sqrt sum tan tanh total trunc unicode unixepoch`)...)
	passing = set("min", "max", "coalesce", "ifnull", "nullif", "lag", "lead", "first_value", "last_value", "nth_value", "likely", "unlikely")
)

func expressionKind(e ast.Expr) frame.Kind {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return expressionKind(e.X)
	case *ast.CollateExpr:
		return frame.Text
	case *ast.CastExpr:
		return declaredKind(e.Type.Name)
	case *ast.CaseExpr:
		return expressionKind(e.Whens[0].Then)
	case *ast.UnaryExpr:
		return frame.Number
	case *ast.BinaryExpr:
		switch e.Op {
		case ast.OpConcat:
			return frame.Text
		case ast.OpPtr, ast.OpPtr2:
			return frame.Other
		}
		return frame.Number
	case *ast.Literal:
		switch e.Kind {
		case ast.LitInteger, ast.LitFloat:
			return frame.Number
		case ast.LitString:
			return frame.Text
		case ast.LitCurrentDate:
			return frame.Date
		case ast.LitCurrentTimestamp:
			return frame.Time
		}
	case *ast.FuncCall:
		name := strings.ToLower(e.Name.Name)
		if _, ok := numeric[name]; ok {
			return frame.Number
		}
		if _, ok := passing[name]; ok && len(e.Args) > 0 {
			return expressionKind(e.Args[0])
		}
		switch name {
		case "date":
			return frame.Date
		case "datetime":
			return frame.Time
		case "strftime":
			if len(e.Args) == 0 {
				return frame.Other
			}
			if l, ok := e.Args[0].(*ast.Literal); ok && strings.HasPrefix(l.Value, "%Y-%m-%d %H:") {
				return frame.Time
			}
			return frame.Text
		case "lower", "upper", "substr", "substring", "trim", "ltrim", "rtrim", "replace", "group_concat", "string_agg", "printf", "format", "concat", "concat_ws", "hex", "typeof":
			return frame.Text
		}
	}
	return frame.Other
}
