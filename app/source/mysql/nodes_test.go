package mysql

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sqlc-dev/marino/ast"
)

// nodes are the types that the printer knows, with the fields it was written
// for. A field that a newer parser adds must be looked at before this list grows:
// what the printer does not print, it drops or must refuse.
var nodes = []struct {
	node   any
	fields string
}{
	{ast.Join{}, "Left Right Tp On Using NaturalJoin StraightJoin ExplicitParens"},
	{ast.TableName{}, "Schema Name IndexHints PartitionNames TableSample AsOf IsAlias"},
	{ast.IndexHint{}, "IndexNames HintType HintScope"},
	{ast.TableSource{}, "Source AsName Lateral ColumnNames"},
	{ast.SelectLockInfo{}, "LockType WaitSec Tables"},
	{ast.WildCardField{}, "Table Schema"},
	{ast.SelectField{}, "Offset WildCard Expr AsName Auxiliary AuxiliaryColInAgg AuxiliaryColInOrderBy"},
	{ast.FieldList{}, "Fields"},
	{ast.TableRefsClause{}, "TableRefs"},
	{ast.ByItem{}, "Expr Desc NullOrder"},
	{ast.GroupByClause{}, "Items Rollup"},
	{ast.HavingClause{}, "Expr"},
	{ast.OrderByClause{}, "Items ForUnion"},
	{ast.CommonTableExpression{}, "Name Query ColNameList IsRecursive ConsumerCount"},
	{ast.WithClause{}, "IsRecursive CTEs"},
	{ast.SelectStmt{}, "SelectStmtOpts Distinct From Where Fields GroupBy Having WindowSpecs OrderBy Limit LockInfo MoreLockInfos TableHints IsInBraces WithBeforeBraces QueryBlockOffset SelectIntoOpt AfterSetOperator Kind Lists With AsViewSchema"},
	{ast.SelectStmtOpts{}, "Distinct SQLBigResult SQLBufferResult SQLCache SQLSmallResult CalcFoundRows StraightJoin Priority TableHints ExplicitAll"},
	{ast.SetOprSelectList{}, "With AfterSetOperator Selects Limit OrderBy"},
	{ast.SetOprStmt{}, "IsInBraces SelectList OrderBy Limit With"},
	{ast.Limit{}, "Count Offset"},
	{ast.ShowStmt{}, "Tp DBName Table Procedure Partition Column IndexName ResourceGroupName Flag Full User Roles IfNotExists Extended Limit CountWarningsOrErrors GlobalScope Pattern Where ShowProfileTypes ShowProfileArgs ShowProfileLimit ShowGroupKey ImportJobID ImportJobRaw DistributionJobID Engine LogName Position ChannelName ParseTreeStmt"},
	{ast.ExplainStmt{}, "Stmt Format Analyze Explore SQLDigest PlanDigest IntoVar"},
	{ast.WindowSpec{}, "Name Ref PartitionBy OrderBy Frame OnlyAlias"},
	{ast.PartitionByClause{}, "Items"},
	{ast.FrameClause{}, "Type Extent"},
	{ast.FrameExtent{}, "Start End"},
	{ast.FrameBound{}, "Type UnBounded Expr Unit"},
	{ast.AsOfClause{}, "TsExpr"},
	{ast.OnCondition{}, "Expr"},
	{ast.BetweenExpr{}, "Expr Left Right Not"},
	{ast.BinaryOperationExpr{}, "Op L R"},
	{ast.WhenClause{}, "Expr Result"},
	{ast.CaseExpr{}, "Value WhenClauses ElseClause"},
	{ast.SubqueryExpr{}, "Query Evaluated Correlated MultiRows Exists"},
	{ast.CompareSubqueryExpr{}, "L Op R All"},
	{ast.ColumnName{}, "Schema Table Name"},
	{ast.ColumnNameExpr{}, "Name"},
	{ast.DefaultExpr{}, "Name"},
	{ast.ExistsSubqueryExpr{}, "Sel Not"},
	{ast.PatternInExpr{}, "Expr List Not Sel"},
	{ast.IsNullExpr{}, "Expr Not"},
	{ast.IsTruthExpr{}, "Expr Not True"},
	{ast.PatternLikeOrIlikeExpr{}, "Expr Pattern Not IsLike Escape EscapeExplicit PatChars PatTypes"},
	{ast.ParenthesesExpr{}, "Expr"},
	{ast.PositionExpr{}, "N P"},
	{ast.PatternRegexpExpr{}, "Expr Pattern Not Re Sexpr"},
	{ast.RowExpr{}, "Values"},
	{ast.UnaryOperationExpr{}, "Op V"},
	{ast.VariableExpr{}, "Name IsGlobal IsInstance IsSystem ExplicitScope Value"},
	{ast.MatchAgainst{}, "ColumnNames Against Modifier"},
	{ast.SetCollationExpr{}, "Expr Collate"},
	{ast.FuncCallExpr{}, "Tp Schema FnName Args"},
	{ast.FuncCastExpr{}, "Expr Tp FunctionType ExplicitCharSet AtTimeZone"},
	{ast.TrimDirectionExpr{}, "Direction"},
	{ast.AggregateFuncExpr{}, "F Args Distinct Order"},
	{ast.WindowFuncExpr{}, "Name Args Distinct IgnoreNull FromLast Spec"},
	{ast.TimeUnitExpr{}, "Unit"},
	{ast.GetFormatSelectorExpr{}, "Selector"},
	{ast.JSONOnResponse{}, "Tp Value"},
	{ast.JSONTableColumn{}, "ForOrdinality Name Tp Exists Path OnEmpty OnError Nested NestedPath NestedColumns"},
	{ast.JSONTableExpr{}, "Doc Path Columns"},
	{ast.JSONValueExpr{}, "Doc Path Returning OnEmpty OnError"},
	{ast.ValueExprBase{}, "Datum"},
	{ast.ParamMarkerExprBase{}, "ValueExprBase Offset Order InExecute"},
	{ast.TableOptimizerHint{}, "HintName HintData QBName Tables Indexes"},
}

func TestPrinterKnowsEveryField(t *testing.T) {
	for _, n := range nodes {
		typ := reflect.TypeOf(n.node)
		var fields []string
		for i := range typ.NumField() {
			if f := typ.Field(i); f.IsExported() {
				fields = append(fields, f.Name)
			}
		}
		if diff := cmp.Diff(n.fields, strings.Join(fields, " ")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", typ, diff)
		}
	}
}
