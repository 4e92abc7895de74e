package postgres

import (
	"strings"

	"github.com/sqlc-dev/oliphant/ast"

	"assay/app/source"
)

// rowFunctions return rows, so that a field may be taken from their result.
var rowFunctions = set(`json_each json_each_text jsonb_each jsonb_each_text json_populate_record json_populate_recordset
	jsonb_populate_record jsonb_populate_recordset json_to_record json_to_recordset jsonb_to_record jsonb_to_recordset
	unnest max min first_value last_value nth_value lag lead any_value array_agg mode percentile_disc ts_parse ts_token_type ts_debug
	pg_available_extension_versions pg_available_extensions pg_get_keywords pg_get_object_address pg_get_publication_tables
	pg_identify_object pg_identify_object_as_address pg_input_error_info pg_options_to_table pg_partition_tree
	pg_sequence_parameters pg_timezone_abbrevs pg_timezone_names aclexplode`)

// scalarTypes are types without fields.
var scalarTypes = set(`bool int2 int4 int8 float4 float8 numeric money text varchar bpchar char name bytea date time timetz
	timestamp timestamptz interval uuid json jsonb xml inet cidr macaddr macaddr8 bit varbit oid regclass regproc regprocedure
	regoper regoperator regtype regrole regnamespace regconfig regdictionary regcollation xid xid8 cid tid pg_lsn tsvector
	tsquery point line lseg box path polygon circle unknown cstring`)

// actingFields begin the names of functions that may act or tell secrets.
var actingFields = []string{"pg_", "lo_", "dblink", "http", "binary_upgrade_", "postgres_fdw", "plpgsql_", "fmgr_", "brin_", "gin_",
	"txid_", "aws_", "net_", "get_raw_page", "table_to_xml", "query_to_xml"}

var actingField = set(`nextval currval setval lastval setseed set_config current_setting ts_stat ts_rewrite system loread lowrite
	currtid currtid2 amvalidate cursor_to_xml`)

// acts reports whether a name is that of a function that may act or tell secrets.
func acts(name string) bool {
	for _, prefix := range actingFields {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return actingField[name]
}

// field checks (x).name: where x is no row, or its row has no such field,
// PostgreSQL calls the function of that name with x, whatever it does.
func (w *walker) field(n *ast.A_Indirection) *source.Failure {
	arg := n.GetArg()
	for i, part := range n.GetIndirection() {
		if part.GetString_() == nil {
			continue
		}
		name := part.GetString_().GetSval()
		if w.routine(name) {
			return w.refuseRoutine(name)
		}
		if acts(name) || w.tells(name) || i == 0 && !functions[name] && !maybeRow(arg) {
			return w.refuse(w.at, "The field %s could be a function that does more than read; name the columns of the row in FROM instead", name)
		}
	}
	return nil
}

// maybeRow reports whether an expression may be a row that has fields.
func maybeRow(n *ast.Node) bool {
	switch v := n.GetNode().(type) {
	case *ast.Node_RowExpr, *ast.Node_ColumnRef, *ast.Node_CaseExpr, *ast.Node_CoalesceExpr, *ast.Node_MinMaxExpr, *ast.Node_ParamRef:
		return true
	case *ast.Node_AIndirection:
		return maybeRow(v.AIndirection.GetArg())
	case *ast.Node_AArrayExpr:
		for _, e := range v.AArrayExpr.GetElements() {
			if !maybeRow(e) {
				return false
			}
		}
		return true
	case *ast.Node_SubLink:
		s := v.SubLink.GetSubselect().GetSelectStmt()
		if v.SubLink.GetSubLinkType() != ast.SubLinkType_EXPR_SUBLINK && v.SubLink.GetSubLinkType() != ast.SubLinkType_ARRAY_SUBLINK {
			return false
		}
		if s == nil || len(s.GetTargetList()) != 1 {
			return true
		}
		return maybeRow(s.GetTargetList()[0].GetResTarget().GetVal())
	case *ast.Node_TypeCast:
		parts := names(v.TypeCast.GetTypeName().GetNames())
		return len(parts) > 0 && !scalarTypes[parts[len(parts)-1]]
	case *ast.Node_FuncCall:
		parts := names(v.FuncCall.GetFuncname())
		last := parts[len(parts)-1]
		return rowFunctions[last] || !functions[last]
	}
	return false
}
