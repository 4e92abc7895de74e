package sqlite

import (
	"regexp"
	"strings"

	"github.com/sqlc-dev/meyer/ast"
)

// The words that are printed as they were written. Every other word is spelled
// anew from what was understood, so that where one ends does not depend on two
// programs reading it alike.
var (
	bareName   = regexp.MustCompile(`^[A-Za-z_\x{80}-\x{10ffff}][A-Za-z0-9_$\x{80}-\x{10ffff}]*$`)
	bareNumber = regexp.MustCompile(`^(0[xX][0-9a-fA-F_]+|[0-9_]*\.?[0-9_]*([eE][+-]?[0-9_]+)?)$`)
	bareBlob   = regexp.MustCompile(`^[xX]'([0-9a-fA-F][0-9a-fA-F])*'$`)
	bareWord   = regexp.MustCompile(`(?i)^(null|current_(date|time|timestamp))$`)
	typeName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*( [A-Za-z_][A-Za-z0-9_]*)*$`)
	typeSize   = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)
	joinWord   = regexp.MustCompile(`(?i)^(natural|left|right|full|outer|inner|cross|join)$`)
	setWord    = regexp.MustCompile(`^(UNION|EXCEPT|INTERSECT)$`)
	likeWord   = regexp.MustCompile(`(?i)^(like|glob|regexp|match)$`)
	parameter  = regexp.MustCompile(`^\?[0-9]{0,9}$`)
)

// canonical spells the words of a node so that they can be read in one way
// only; false where a word is none that could stand there.
func canonical(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Ident:
		return canonicalName(n)
	case *ast.Literal:
		switch n.Kind {
		case ast.LitString:
			n.Raw = quoted('\'', n.Value)
			return true
		case ast.LitInteger, ast.LitFloat:
			return bareNumber.MatchString(n.Raw)
		case ast.LitBlob:
			return bareBlob.MatchString(n.Raw)
		}
		return bareWord.MatchString(n.Raw)
	case *ast.BindParam:
		return parameter.MatchString(n.Raw)
	case *ast.LikeExpr:
		return likeWord.MatchString(n.Op.Raw)
	case *ast.TypeName:
		return typeName.MatchString(n.Name) && all(n.Args, typeSize)
	case *ast.JoinOperator:
		return all(n.Words, joinWord)
	case *ast.CompoundOp:
		return setWord.MatchString(n.Op)
	}
	return true
}

func canonicalName(n *ast.Ident) bool {
	switch n.Quote {
	case ast.QuoteNone:
		return n.Raw == n.Name && bareName.MatchString(n.Raw) && !strings.HasPrefix(n.Raw, "\ufeff")
	case ast.QuoteDouble, ast.QuoteBack, ast.QuoteSingle:
		n.Raw = quoted(byte(n.Quote), n.Name)
		return true
	case ast.QuoteSquare:
		n.Raw = "[" + n.Name + "]"
		return !strings.Contains(n.Name, "]")
	}
	return false
}

func quoted(quote byte, text string) string {
	q := string(quote)
	return q + strings.ReplaceAll(text, q, q+q) + q
}

func all(words []string, pattern *regexp.Regexp) bool {
	for _, w := range words {
		if !pattern.MatchString(w) {
			return false
		}
	}
	return true
}

// fold spells a name as the engine compares names: letters beyond ASCII keep their case.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}
