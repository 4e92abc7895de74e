// Package tsqllint finds in T-SQL what a parser lets pass but SQL Server
// refuses when it binds names: spellings of other databases and the rules on
// derived tables, ORDER BY and GROUP BY.
package tsqllint

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/sqlc-dev/teesql/ast"
	"github.com/sqlc-dev/teesql/parser"
)

// Lint returns a sentence for each thing in the statement that SQL Server 2016 and
// later would refuse, none where it knows of nothing.
func Lint(sql string) []string {
	script, err := parser.Parse(context.Background(), strings.NewReader(sql))
	if err != nil {
		return []string{"syntax: " + err.Error()}
	}
	l := &linter{}
	if strings.Contains(sql, "||") {
		l.say("|| joins text from SQL Server 2025 on only")
	}
	for _, b := range script.Batches {
		for _, s := range b.Statements {
			sel, ok := s.(*ast.SelectStatement)
			if !ok {
				l.say("%T is no SELECT", s)
				continue
			}
			l.walk(reflect.ValueOf(sel))
		}
	}
	return l.found
}

type linter struct {
	found []string
}

func (l *linter) say(format string, args ...any) {
	l.found = append(l.found, fmt.Sprintf(format, args...))
}

func (l *linter) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			l.walk(v.Elem())
		}
	case reflect.Pointer:
		if !v.IsNil() {
			l.node(v.Interface())
			l.walk(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			l.walk(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				l.walk(v.Field(i))
			}
		}
	}
}

// foreign are functions of other databases that the product speaks to.
var foreign = map[string]string{
	"NOW": "GETDATE or SYSUTCDATETIME", "DATE_TRUNC": "DATEADD and DATEDIFF", "VERSION": "@@VERSION",
	"CURRENT_SETTING": "SERVERPROPERTY", "LENGTH": "LEN", "CHAR_LENGTH": "LEN", "SUBSTR": "SUBSTRING", "IFNULL": "ISNULL",
	"STRFTIME": "FORMAT", "DATE_FORMAT": "FORMAT", "TO_CHAR": "FORMAT", "TO_DATE": "CONVERT", "EXTRACT": "DATEPART",
	"GROUP_CONCAT": "STRING_AGG", "ARRAY_AGG": "STRING_AGG", "RANDOM": "RAND", "CEIL": "CEILING", "POW": "POWER",
	"LPAD": "RIGHT and REPLICATE", "RPAD": "LEFT and REPLICATE", "REGEXP_MATCHES": "LIKE", "STRPOS": "CHARINDEX",
	"INSTR": "CHARINDEX", "MOD": "%", "IF": "IIF", "BOOL_OR": "MAX", "BOOL_AND": "MIN", "MEDIAN": "PERCENTILE_CONT",
	"DATETRUNC": "DATEADD and DATEDIFF before SQL Server 2022", "DATE_BUCKET": "DATEADD and DATEDIFF before SQL Server 2022",
	"GREATEST": "CASE before SQL Server 2022", "LEAST": "CASE before SQL Server 2022",
}

var aggregates = map[string]bool{
	"SUM": true, "AVG": true, "MIN": true, "MAX": true, "COUNT": true, "COUNT_BIG": true, "STRING_AGG": true,
	"STDEV": true, "STDEVP": true, "VAR": true, "VARP": true,
}

func (l *linter) node(n any) {
	switch n := n.(type) {
	case *ast.QuerySpecification:
		l.groups(n)
		l.order(n.OrderByClause)
	case *ast.BinaryQueryExpression:
		l.order(n.OrderByClause)
	case *ast.QueryDerivedTable:
		if n.Alias == nil {
			l.say("a derived table has no alias")
		}
		if len(n.Columns) == 0 {
			l.named(n.QueryExpression, "a derived table")
		}
		l.inner(n.QueryExpression)
	case *ast.InlineDerivedTable:
		if n.Alias == nil {
			l.say("a table of VALUES has no alias")
		}
		if len(n.RowValues) > 1000 {
			l.say("VALUES holds %d rows, and at most 1000 are allowed", len(n.RowValues))
		}
	case *ast.CommonTableExpression:
		if len(n.Columns) == 0 {
			l.named(n.QueryExpression, "a common table expression")
		}
		l.inner(n.QueryExpression)
	case *ast.ScalarSubquery:
		l.inner(n.QueryExpression)
	case *ast.BooleanInExpression:
		l.inner(n.Subquery)
	case *ast.ExistsPredicate:
		l.inner(n.Subquery)
	case *ast.ColumnReferenceExpression:
		if id := single(n); id != nil && id.QuoteType == "NotQuoted" {
			if up := strings.ToUpper(id.Value); up == "TRUE" || up == "FALSE" {
				l.say("%s is no value: a bit is compared with 1 or 0", up)
			}
		}
	case *ast.FunctionCall:
		l.function(n)
	case *ast.GlobalFunctionTableReference:
		if n.Name != nil && strings.EqualFold(n.Name.Value, "GENERATE_SERIES") {
			l.say("GENERATE_SERIES needs SQL Server 2022")
		}
	case *ast.WindowClause:
		l.say("a WINDOW clause needs SQL Server 2022")
	case *ast.DistinctPredicate:
		l.say("IS DISTINCT FROM needs SQL Server 2022")
	}
}

func (l *linter) function(n *ast.FunctionCall) {
	if n.FunctionName == nil || n.CallTarget != nil {
		return
	}
	up := strings.ToUpper(n.FunctionName.Value)
	if instead, ok := foreign[up]; ok {
		l.say("%s does not exist: use %s", up, instead)
	}
	if up == "STRING_AGG" && strings.EqualFold(n.UniqueRowFilter, "Distinct") {
		l.say("STRING_AGG takes no DISTINCT")
	}
	if aggregates[up] {
		for _, p := range n.Parameters {
			if holds[*ast.ScalarSubquery](reflect.ValueOf(p)) {
				l.say("%s cannot aggregate a subquery", up)
			}
			if holds[*ast.FunctionCall](reflect.ValueOf(p), func(f *ast.FunctionCall) bool {
				return f.FunctionName != nil && f.CallTarget == nil && f.OverClause == nil && aggregates[strings.ToUpper(f.FunctionName.Value)]
			}) && n.OverClause == nil {
				l.say("%s cannot aggregate an aggregate", up)
			}
		}
	}
}

// groups looks for GROUP BY with a position or a name given with AS.
func (l *linter) groups(q *ast.QuerySpecification) {
	if q.GroupByClause == nil {
		return
	}
	aliases := map[string]bool{}
	for _, e := range q.SelectElements {
		s, ok := e.(*ast.SelectScalarExpression)
		if !ok || s.ColumnName == nil || s.ColumnName.Identifier == nil {
			continue
		}
		alias := strings.ToUpper(s.ColumnName.Identifier.Value)
		if c, ok := s.Expression.(*ast.ColumnReferenceExpression); ok && last(c) == alias {
			continue
		}
		aliases[alias] = true
	}
	for _, g := range q.GroupByClause.GroupingSpecifications {
		e, ok := g.(*ast.ExpressionGroupingSpecification)
		if !ok {
			continue
		}
		switch x := e.Expression.(type) {
		case *ast.IntegerLiteral:
			l.say("GROUP BY %s is a position: repeat the expression", x.Value)
		case *ast.ColumnReferenceExpression:
			if id := single(x); id != nil && aliases[strings.ToUpper(id.Value)] {
				l.say("GROUP BY %s is a name given in SELECT: repeat the expression", id.Value)
			}
		}
	}
}

// order looks for the same column twice, and for aliases inside of expressions.
func (l *linter) order(o *ast.OrderByClause) {
	if o == nil {
		return
	}
	seen := map[string]bool{}
	for _, e := range o.OrderByElements {
		if c, ok := e.Expression.(*ast.ColumnReferenceExpression); ok {
			key := whole(c)
			if seen[key] {
				l.say("ORDER BY names %s twice", key)
			}
			seen[key] = true
		}
	}
}

// inner looks for ORDER BY in a subquery that neither TOP nor OFFSET nor FOR XML/JSON gives a meaning.
func (l *linter) inner(q ast.QueryExpression) {
	switch q := q.(type) {
	case *ast.QuerySpecification:
		if q.OrderByClause != nil && q.TopRowFilter == nil && q.OffsetClause == nil && q.ForClause == nil {
			l.say("ORDER BY in a subquery needs TOP or OFFSET")
		}
	case *ast.QueryParenthesisExpression:
		l.inner(q.QueryExpression)
	case *ast.BinaryQueryExpression:
		// The tree does not keep an OFFSET after a UNION; the product wraps such queries.
		if q.OrderByClause != nil {
			l.say("ORDER BY in a subquery needs TOP or OFFSET")
		}
	}
}

// named looks for columns without a name where every column needs one.
func (l *linter) named(q ast.QueryExpression, what string) {
	switch q := q.(type) {
	case *ast.QueryParenthesisExpression:
		l.named(q.QueryExpression, what)
	case *ast.BinaryQueryExpression:
		l.named(q.FirstQueryExpression, what)
	case *ast.QuerySpecification:
		if q.ForClause != nil {
			return
		}
		seen := map[string]bool{}
		for i, e := range q.SelectElements {
			s, ok := e.(*ast.SelectScalarExpression)
			if !ok {
				continue
			}
			name := ""
			if c, ok := s.Expression.(*ast.ColumnReferenceExpression); ok {
				name = last(c)
			}
			if s.ColumnName != nil && s.ColumnName.Identifier != nil {
				name = strings.ToUpper(s.ColumnName.Identifier.Value)
			} else if s.ColumnName != nil {
				continue
			}
			switch {
			case name == "":
				l.say("column %d of %s has no name", i+1, what)
			case seen[name]:
				l.say("%s has two columns named %s", what, name)
			}
			seen[name] = true
		}
	}
}

func single(c *ast.ColumnReferenceExpression) *ast.Identifier {
	if c.MultiPartIdentifier == nil || len(c.MultiPartIdentifier.Identifiers) != 1 {
		return nil
	}
	return c.MultiPartIdentifier.Identifiers[0]
}

func last(c *ast.ColumnReferenceExpression) string {
	if c.MultiPartIdentifier == nil || len(c.MultiPartIdentifier.Identifiers) == 0 {
		return ""
	}
	ids := c.MultiPartIdentifier.Identifiers
	return strings.ToUpper(ids[len(ids)-1].Value)
}

func whole(c *ast.ColumnReferenceExpression) string {
	if c.MultiPartIdentifier == nil {
		return ""
	}
	var parts []string
	for _, id := range c.MultiPartIdentifier.Identifiers {
		parts = append(parts, strings.ToUpper(id.Value))
	}
	return strings.Join(parts, ".")
}

// holds reports whether the tree has a node of the type that all conditions hold for.
func holds[T any](v reflect.Value, conditions ...func(T) bool) bool {
	switch v.Kind() {
	case reflect.Interface:
		return !v.IsNil() && holds(v.Elem(), conditions...)
	case reflect.Pointer:
		if v.IsNil() {
			return false
		}
		if n, ok := v.Interface().(T); ok {
			good := true
			for _, c := range conditions {
				good = good && c(n)
			}
			if good {
				return true
			}
		}
		return holds(v.Elem(), conditions...)
	case reflect.Slice:
		for i := range v.Len() {
			if holds(v.Index(i), conditions...) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && holds(v.Field(i), conditions...) {
				return true
			}
		}
	}
	return false
}
