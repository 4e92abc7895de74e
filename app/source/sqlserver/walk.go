package sqlserver

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sqlc-dev/teesql/ast"
	"golang.org/x/text/unicode/norm"

	"assay/app/source"
)

// allowedNodes are the kinds of nodes that a reading statement is made of; any other kind is refused.
var allowedNodes = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(`
		AtTimeZoneCall BinaryExpression BinaryLiteral BinaryQueryExpression BooleanBetweenExpression BooleanBinaryExpression
		BooleanComparisonExpression BooleanInExpression BooleanIsNullExpression BooleanLikeExpression
		BooleanNotExpression BooleanParenthesisExpression BooleanTernaryExpression CastCall CoalesceExpression
		ColumnDefinitionBase ColumnReferenceExpression CommonTableExpression CompositeGroupingSpecification
		ConvertCall CubeGroupingSpecification DefaultLiteral DistinctPredicate ExistsPredicate ExpressionCallTarget
		ExpressionGroupingSpecification ExpressionWithSortOrder ForceSeekTableHint FromClause FullTextPredicate
		FullTextTableReference FunctionCall GlobalFunctionTableReference GlobalVariableExpression
		GrandTotalGroupingSpecification GroupByClause GroupingSetsGroupingSpecification HavingClause IIfCall
		Identifier IdentifierLiteral IdentifierOrValueExpression IndexTableHint InlineDerivedTable IntegerLiteral
		JoinParenthesisTableReference JsonForClause JsonForClauseOption JsonKeyValue LeftFunctionCall
		LiteralOptimizerHint MaxLiteral MoneyLiteral MultiPartIdentifier MultiPartIdentifierCallTarget
		NamedTableReference NullIfExpression NullLiteral NumericLiteral OffsetClause OpenJsonTableReference
		OptimizerHint OrderByClause OverClause ParameterlessCall ParenthesisExpression ParseCall
		PivotedTableReference QualifiedJoin QueryDerivedTable QueryParenthesisExpression QuerySpecification
		RealLiteral RightFunctionCall RollupGroupingSpecification RowValue ScalarSubquery
		SchemaDeclarationItemOpenjson SchemaObjectFunctionTableReference SchemaObjectName SearchedCaseExpression
		SearchedWhenClause SelectScalarExpression SelectStarExpression SelectStatement SimpleCaseExpression
		SimpleWhenClause SqlDataTypeReference StringLiteral SubqueryComparisonPredicate TableHint
		TableSampleClause TemporalClause TopRowFilter TryCastCall TryConvertCall TryParseCall UnaryExpression
		UnpivotedTableReference UnqualifiedJoin UserDataTypeReference UserDefinedTypeCallTarget
		UserDefinedTypePropertyAccess VariableReference WhereClause WindowClause WindowDefinition WindowDelimiter
		WindowFrameClause WithCtesAndXmlNamespaces WithinGroupClause XmlDataTypeReference XmlForClause
		XmlForClauseOption XmlNamespaces XmlNamespacesAliasElement XmlNamespacesDefaultElement`) {
		m[name] = true
	}
	return m
}()

// tableHints are the hints on a table that take no lock that others wait for.
var tableHints = words(`NOLOCK READPAST READUNCOMMITTED READCOMMITTED INDEX FORCESEEK FORCESCAN NOEXPAND`)

// queryHints are the hints of OPTION without a value.
var queryHints = words(`RECOMPILE HASHJOIN LOOPJOIN MERGEJOIN HASHGROUP ORDERGROUP HASHUNION CONCATUNION MERGEUNION
	FORCEORDER KEEPPLAN KEEPFIXEDPLAN EXPANDVIEWS ROBUSTPLAN`)

// hintLimits are the hints of OPTION with a value, and the least and greatest value of each.
var hintLimits = map[string][2]int{"MAXDOP": {1, 64}, "MAXRECURSION": {1, 32767}, "FAST": {0, 1 << 30}}

type walker struct {
	policy source.Policy
	at     func(*ast.Fragment) int
	ctes   map[string]bool
	tables []source.Name
	depth  int
	// starts holds where the visited nodes start, in UTF-16 units of the parsed text.
	starts map[int]bool
	// rules is set where Policy.Tables says how tables are read.
	rules *rules
	// named, where set, is told of every table that passed the rules of all
	// statements, and derived of every derived table.
	named   func(o *ast.SchemaObjectName, n *ast.NamedTableReference) error
	derived func(*ast.QueryDerivedTable)
}

func newWalker(policy source.Policy, sql string, p plainText) *walker {
	return &walker{policy: policy, ctes: map[string]bool{}, starts: map[int]bool{}, at: func(f *ast.Fragment) int { return p.position(sql, f) }}
}

func (w *walker) statement(s *ast.SelectStatement) error {
	if with := s.WithCtesAndXmlNamespaces; with != nil {
		for _, cte := range with.CommonTableExpressions {
			if cte != nil && cte.ExpressionName != nil {
				w.ctes[strings.ToUpper(cte.ExpressionName.Value)] = true
			}
		}
	}
	return w.walk(reflect.ValueOf(s), nil)
}

type fragmented interface{ Frag() *ast.Fragment }

// walk visits every field of every node by reflection, so that a field which a
// later version of the parser adds is not passed over.
func (w *walker) walk(v reflect.Value, near *ast.Fragment) error {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return w.walk(v.Elem(), near)
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if f, ok := v.Interface().(fragmented); ok && f.Frag().HasSpan() {
			near = f.Frag()
			w.starts[near.StartOffset] = true
		}
		if w.rules != nil {
			w.rules.enter(v.Interface())
			defer w.rules.leave(v.Interface())
		}
		if err := w.node(v.Interface(), near); err != nil {
			return err
		}
		return w.walk(v.Elem(), near)
	case reflect.Slice:
		for i := range v.Len() {
			if err := w.walk(v.Index(i), near); err != nil {
				return err
			}
		}
		return nil
	case reflect.Struct:
		t := v.Type()
		if t == reflect.TypeFor[ast.Fragment]() {
			return nil
		}
		if !allowedNodes[t.Name()] {
			return source.Refuse(w.at(near), "%s is not allowed: questions can only read", nodeTitle(t.Name()))
		}
		if w.depth++; w.depth > 20*maxDepth {
			return source.Refuse(w.at(near), "The statement nests too deep")
		}
		defer func() { w.depth-- }()
		for i := range v.NumField() {
			if !t.Field(i).IsExported() {
				return source.Refuse(w.at(near), "A part of the statement was not understood")
			}
			if err := w.walk(v.Field(i), near); err != nil {
				return err
			}
		}
		return nil
	case reflect.String, reflect.Bool, reflect.Int:
		return nil
	}
	return source.Refuse(w.at(near), "A part of the statement was not understood")
}

// nodeTitle turns a node's name such as NextValueForExpression into words.
func nodeTitle(name string) string {
	name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "Expression"), "Reference"), "Clause")
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// node judges the kinds of nodes of which some forms act.
func (w *walker) node(n any, near *ast.Fragment) error {
	refuse := func(format string, args ...any) error { return source.Refuse(w.at(near), format, args...) }
	switch n := n.(type) {
	case *ast.SelectStatement:
		if n.Into != nil || n.On != nil {
			return refuse("SELECT INTO makes a table: questions can only read")
		}
	case *ast.NamedTableReference:
		return w.table(n)
	case *ast.SchemaObjectFunctionTableReference:
		return w.tableFunction(n.SchemaObject, near)
	case *ast.FullTextTableReference:
		return w.relation(n.TableName, nil, near)
	case *ast.QueryDerivedTable:
		if w.derived != nil {
			w.derived(n)
		}
	case *ast.GlobalFunctionTableReference:
		if n.Name == nil || !tableFunctions[strings.ToUpper(n.Name.Value)] && !vouched(w.policy, []string{n.Name.Value}) {
			return unknownFunction(w.policy, w.at(near), []string{name(n.Name)})
		}
	case *ast.FunctionCall:
		return w.function(n, near)
	case *ast.UserDefinedTypePropertyAccess:
		return nil
	case *ast.UserDefinedTypeCallTarget:
		if o := n.SchemaObjectName; o == nil || o.SchemaIdentifier != nil || !methodTypes[strings.ToUpper(name(o.BaseIdentifier))] {
			return refuse("Only the functions of geometry, geography and hierarchyid can follow ::")
		}
	case *ast.UserDataTypeReference:
		if n.Name == nil || n.Name.DatabaseIdentifier != nil || n.Name.SchemaIdentifier != nil && !strings.EqualFold(n.Name.SchemaIdentifier.Value, "sys") ||
			!typeWords[strings.ToUpper(name(n.Name.BaseIdentifier))] {
			return refuse("The data type %s is not one of SQL Server's own", clip(objectName(n.Name)))
		}
	case *ast.VariableReference:
		if !placeholder(n.Name) {
			return refuse("The variable %s is not available: questions have parameters instead", n.Name)
		}
	case *ast.GlobalVariableExpression:
		if !serverVariables[strings.ToUpper(n.Name)] {
			return refuse("The variable %s is not available", n.Name)
		}
	case *ast.Identifier:
		if n.IsSqlCmd {
			return refuse("SQLCMD variables are not available")
		}
	case *ast.TableHint:
		if !tableHints[hintName(n.HintKind)] {
			return refuse("The hint %s is not allowed", strings.ToUpper(n.HintKind))
		}
	case *ast.OptimizerHint:
		if !queryHints[hintName(n.HintKind)] {
			return refuse("The hint %s is not allowed", strings.ToUpper(n.HintKind))
		}
	case *ast.LiteralOptimizerHint:
		return w.limit(n, near)
	}
	return nil
}

func hintName(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }

func (w *walker) limit(n *ast.LiteralOptimizerHint, near *ast.Fragment) error {
	bounds, ok := hintLimits[hintName(n.HintKind)]
	if !ok {
		return source.Refuse(w.at(near), "The hint %s is not allowed", strings.ToUpper(n.HintKind))
	}
	lit, ok := n.Value.(*ast.IntegerLiteral)
	if ok {
		if v, err := strconv.Atoi(lit.Value); err == nil && v >= bounds[0] && v <= bounds[1] {
			return nil
		}
	}
	return source.Refuse(w.at(near), "The hint %s takes a number from %d to %d", strings.ToUpper(n.HintKind), bounds[0], bounds[1])
}

func name(id *ast.Identifier) string {
	if id == nil {
		return ""
	}
	return id.Value
}

func objectName(o *ast.SchemaObjectName) string {
	var parts []string
	for _, id := range o.Identifiers {
		parts = append(parts, name(id))
	}
	return strings.Join(parts, ".")
}

func (w *walker) table(n *ast.NamedTableReference) error {
	if n.ForPath {
		return source.Refuse(w.at(n.Frag()), "Graph paths are not supported")
	}
	return w.relation(n.SchemaObject, n, n.Frag())
}

// relation judges the name of a table; n is nil where it is the argument of a function.
func (w *walker) relation(o *ast.SchemaObjectName, n *ast.NamedTableReference, near *ast.Fragment) error {
	if o == nil || o.BaseIdentifier == nil {
		return source.Refuse(w.at(near), "A table's name is missing")
	}
	if o.HasSpan() {
		near = o.Frag()
	}
	schema, base := name(o.SchemaIdentifier), name(o.BaseIdentifier)
	up, upSchema := strings.ToUpper(base), strings.ToUpper(schema)
	// What is hidden from one collation is a letter to another: a server that minds
	// neither width nor accents takes a name of such letters for that of a system view.
	looks, looksSchema := plainLetters(base), plainLetters(schema)
	switch {
	case looksSchema != upSchema && (looksSchema == "SYS" || looksSchema == "INFORMATION_SCHEMA"),
		looks != up && oldCatalog[looks]:
		return source.Refuse(w.at(near), "%s looks like the name of a system view but is not one", clip(objectName(o)))
	case upSchema == "PG_CATALOG" || upSchema == "PG_TOAST" || strings.HasPrefix(up, "PG_") && (upSchema == "" || upSchema == "DBO" || upSchema == "SYS"):
		return source.Refuse(w.at(near), "The system view %s is not available to questions", clip(strings.ToLower(base)))
	case o.ServerIdentifier != nil || o.Count > 3 || len(o.Identifiers) > 3:
		return source.Refuse(w.at(near), "Tables of other servers (names of four parts) are not available")
	case strings.HasPrefix(base, "#") || strings.HasPrefix(base, "@"):
		return source.Refuse(w.at(near), "Temporary tables and table variables are not available to questions")
	case o.DatabaseIdentifier != nil:
		// Without an own list of numbers, analysts before SQL Server 2022 count with this table of the system.
		if strings.EqualFold(name(o.DatabaseIdentifier), "master") && up == "SPT_VALUES" && (upSchema == "" || upSchema == "DBO") {
			break
		}
		return source.Refuse(w.at(near), "%s names a table of the database %s: a question reads the database of its connection, with names of one or two parts",
			clip(objectName(o)), clip(name(o.DatabaseIdentifier)))
	case upSchema == "SYS":
		if !catalogViews[up] {
			return source.Refuse(w.at(near), "The system view sys.%s is not available to questions", clip(strings.ToLower(base)))
		}
	case upSchema == "" || upSchema == "DBO" || upSchema == "INFORMATION_SCHEMA":
		if oldCatalog[up] {
			return source.Refuse(w.at(near), "The system view %s is not available to questions", clip(strings.ToLower(base)))
		}
	}
	if w.named != nil {
		return w.named(o, n)
	}
	if schema != "" || !w.ctes[up] {
		n := source.Name{Schema: schema, Name: base}
		for _, known := range w.tables {
			if known == n {
				return nil
			}
		}
		w.tables = append(w.tables, n)
	}
	return nil
}

// plainLetters returns the letters of a name without accents, width and what has no weight, in capitals.
func plainLetters(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(name) {
		switch {
		case r == 'ı':
			b.WriteByte('I')
		case r == 'ſ':
			b.WriteByte('S')
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		}
	}
	return strings.ToUpper(b.String())
}

// tableFunction judges name(…) in FROM: a built-in one, the nodes of an xml value, or one that the policy names.
func (w *walker) tableFunction(o *ast.SchemaObjectName, near *ast.Fragment) error {
	if o == nil || o.BaseIdentifier == nil {
		return source.Refuse(w.at(near), "A function's name is missing")
	}
	var parts []string
	for _, id := range o.Identifiers {
		parts = append(parts, name(id))
	}
	last := strings.ToUpper(name(o.BaseIdentifier))
	if len(parts) == 1 && tableFunctions[last] || len(parts) > 1 && last == "NODES" && !routine(w.policy, parts) || vouched(w.policy, parts) {
		return nil
	}
	return unknownFunction(w.policy, w.at(near), parts)
}

func (w *walker) function(n *ast.FunctionCall, near *ast.Fragment) error {
	last := name(n.FunctionName)
	up := strings.ToUpper(last)
	called := []string{last}
	switch t := n.CallTarget.(type) {
	case nil:
		if w.policy.Tables != nil && catalogFunctions[up] {
			return source.Refuse(w.at(near), "The function %s is not available: it tells about tables past the rules on them", up)
		}
		if readFunctions[up] || vouched(w.policy, []string{last}) {
			return nil
		}
	case *ast.MultiPartIdentifierCallTarget:
		var parts []string
		if t.MultiPartIdentifier != nil {
			for _, id := range t.MultiPartIdentifier.Identifiers {
				parts = append(parts, name(id))
			}
		}
		called = append(parts, last)
		if valueMethods[up] && !routine(w.policy, called) || vouched(w.policy, called) {
			return nil
		}
	case *ast.ExpressionCallTarget:
		if valueMethods[up] {
			return nil
		}
	case *ast.UserDefinedTypeCallTarget:
		if typeMethods[up] {
			return nil
		}
	}
	return unknownFunction(w.policy, w.at(near), called)
}
