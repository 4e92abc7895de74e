package postgres

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"

	"github.com/sqlc-dev/oliphant/ast"

	"assay/app/source"
)

// functionList names, one a line, PostgreSQL's own functions that only read;
// the test of this file makes it from a server's catalog.
//
//go:embed functions.txt
var functionList string

var functions = set(functionList)

// maxRepeat bounds what repeat, lpad and rpad may be asked to make, in characters.
const maxRepeat = 1_000_000

// called checks a function's name, and the arguments of the few functions
// where they decide whether it only reads within reason.
func (w *walker) called(call *ast.FuncCall) *source.Failure {
	parts := names(call.GetFuncname())
	name := parts[len(parts)-1]
	builtin := len(parts) == 1 || len(parts) == 2 && parts[0] == "pg_catalog"
	if !builtin || !functions[name] {
		if full := strings.Join(parts, "."); slices.Contains(w.policy.Functions, full) {
			if w.rules != nil {
				return w.refuse(w.at, "The function %s could read past the rules that limit what is seen", full)
			}
			return nil
		} else if builtin {
			full = name
			refusal := w.refuse(w.at, "The function %s is not on the list of functions that only read", full)
			refusal.Hint = "An administrator who knows what it does can allow it for this connection."
			return refusal
		} else {
			refusal := w.refuse(w.at, "The function %s is not one of PostgreSQL's own", full)
			refusal.Hint = "An administrator who knows what it does can allow it for this connection."
			return refusal
		}
	}
	if w.tells(name) {
		return w.refuse(w.at, "The function %s tells of the system catalog, which cannot be read where rules limit what is seen", name)
	}
	if len(parts) == 1 && w.routine(name) && (w.rules != nil || !slices.Contains(w.policy.Functions, name)) {
		// The database has a function of that name too, which arguments of other types would call.
		call.Funcname = append([]*ast.Node{word("pg_catalog")}, call.Funcname...)
	}
	switch name {
	case "repeat", "lpad", "rpad":
		return w.bound(name, call)
	case "format":
		if len(call.GetArgs()) > 0 && wide(call.GetArgs()[0].GetAConst().GetSval().GetSval()) {
			return w.refuse(w.at, "format may make at most %d characters", maxRepeat)
		}
	case "array_fill":
		return w.filled(call)
	case "current_setting":
		return w.setting(call)
	}
	return nil
}

// wide reports whether a text of format asks for a width of more than maxRepeat
// or of as much as another argument says.
func wide(text string) bool {
	for {
		_, rest, ok := strings.Cut(text, "%")
		if !ok {
			return false
		}
		spec := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789$-*"))]
		if strings.Contains(spec, "*") {
			return true
		}
		for part := range strings.SplitSeq(strings.ReplaceAll(spec, "-", "$"), "$") {
			if n, err := strconv.Atoi(part); part != "" && (err != nil || n > maxRepeat) {
				return true
			}
		}
		text = strings.TrimPrefix(rest[len(spec):], "%")
	}
}

// filled keeps the number of elements asked of array_fill, where it is written
// as constants, within maxRepeat.
func (w *walker) filled(call *ast.FuncCall) *source.Failure {
	if len(call.GetArgs()) < 2 {
		return nil // the server refuses it
	}
	count := 1.0
	for _, e := range call.GetArgs()[1].GetAArrayExpr().GetElements() {
		switch c := e.GetAConst(); v := c.GetVal().(type) {
		case *ast.A_Const_Ival:
			count *= float64(v.Ival.GetIval())
		case *ast.A_Const_Fval:
			count *= maxRepeat + 1
		}
	}
	if count > maxRepeat {
		return w.refuse(w.at, "array_fill may make at most %d elements", maxRepeat)
	}
	return nil
}

// bound keeps the length asked of repeat, lpad or rpad within maxRepeat: a
// larger constant is refused, anything that is no constant is capped.
func (w *walker) bound(name string, call *ast.FuncCall) *source.Failure {
	args := call.GetArgs()
	if len(args) < 2 || call.GetFuncVariadic() {
		return nil // the server refuses it
	}
	for _, a := range args {
		if a.GetNamedArgExpr() != nil {
			return w.refuse(w.at, "The arguments of %s cannot be named", name)
		}
	}
	n := args[1]
	if c := n.GetAConst(); c != nil {
		if !small(c) {
			return w.refuse(w.at, "%s may make at most %d characters", name, maxRepeat)
		}
		return nil
	}
	if m := n.GetMinMaxExpr(); m != nil && m.GetOp() == ast.MinMaxOp_IS_LEAST {
		for _, a := range m.GetArgs() {
			if c := a.GetAConst(); c != nil && small(c) && !c.GetIsnull() {
				return nil
			}
		}
	}
	limit := &ast.Node{Node: &ast.Node_AConst{AConst: &ast.A_Const{Val: &ast.A_Const_Ival{Ival: &ast.Integer{Ival: maxRepeat}}}}}
	args[1] = &ast.Node{Node: &ast.Node_MinMaxExpr{MinMaxExpr: &ast.MinMaxExpr{Op: ast.MinMaxOp_IS_LEAST, Args: []*ast.Node{n, limit}}}}
	return nil
}

// small reports whether a constant is a number of at most maxRepeat, or null.
func small(c *ast.A_Const) bool {
	switch v := c.GetVal().(type) {
	case nil:
		return c.GetIsnull()
	case *ast.A_Const_Ival:
		return v.Ival.GetIval() <= maxRepeat
	case *ast.A_Const_Fval:
		x, err := strconv.ParseFloat(v.Fval.GetFval(), 64)
		return err == nil && x <= maxRepeat
	case *ast.A_Const_Sval:
		x, err := strconv.ParseInt(strings.TrimSpace(v.Sval.GetSval()), 10, 64)
		return err == nil && x <= maxRepeat
	}
	return false
}

// setting checks that current_setting is asked for a harmless setting by a constant.
func (w *walker) setting(call *ast.FuncCall) *source.Failure {
	args := call.GetArgs()
	if len(args) == 0 {
		return nil // the server refuses it
	}
	c := args[0].GetAConst()
	if cast := args[0].GetTypeCast(); cast != nil {
		c = cast.GetArg().GetAConst()
	}
	if s, ok := c.GetVal().(*ast.A_Const_Sval); ok && showable(s.Sval.GetSval()) {
		return nil
	}
	return w.refuse(w.at, "current_setting may only be asked for a setting on the list of those that may be shown")
}
