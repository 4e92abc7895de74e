package sqlite

import "strings"

// allowedFunction reports whether a function is on the list of those that only compute.
func allowedFunction(name string) bool {
	_, ok := functions[strings.ToLower(name)]
	return ok
}

// functions lists every built-in that computes a value from its arguments or
// the clock and does nothing else. Not on it, on purpose: load_extension,
// readfile, writefile, edit, fts3_tokenizer, sqlite_log and the other
// sqlite_… diagnostics, rtreecheck and what prints internals.
var functions = set(strings.Fields(`
	abs acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow
	power radians round sign sin sinh sqrt tan tanh trunc max min random

	char concat concat_ws format glob hex instr length like lower ltrim octet_length printf quote regexp replace rtrim
	soundex substr substring trim unhex unicode unistr unistr_quote upper match

	date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp

	coalesce ifnull iif if nullif likelihood likely unlikely typeof subtype
	-> ->>
	changes last_insert_rowid total_changes sqlite_version sqlite_source_id

	avg count group_concat string_agg sum total median percentile percentile_cont percentile_disc

	row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value

	json json_array json_array_insert json_array_length json_error_position json_extract json_group_array json_group_object
	json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set json_type json_valid
	jsonb jsonb_array jsonb_array_insert jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch
	jsonb_remove jsonb_replace jsonb_set

	bm25 highlight snippet fts5_get_locale fts5_insttoken offsets matchinfo
	geopoly_area geopoly_bbox geopoly_blob geopoly_ccw geopoly_contains_point geopoly_group_bbox geopoly_json
	geopoly_overlap geopoly_regular geopoly_svg geopoly_within geopoly_xform

	zeroblob randomblob
`)...)

// searchFunctions are given a row of a full-text search by its number, so they
// may be able to show one that is not the statement's own.
var searchFunctions = set("bm25", "highlight", "snippet", "offsets", "matchinfo", "fts5_get_locale", "fts5_insttoken", "match")

// sizedFunctions make as many bytes as their argument says, and may do so for no more than maxMade.
var sizedFunctions = set("zeroblob", "randomblob")

const maxMade = 1_000_000

// tableFunctions are the table-valued functions that may stand in FROM, beside the describing pragmas.
var tableFunctions = set("json_each", "json_tree", "jsonb_each", "jsonb_tree", "generate_series")

func allowedTableFunction(name string) bool {
	name = strings.ToLower(name)
	if pragma, ok := strings.CutPrefix(name, "pragma_"); ok {
		_, ok = describingPragmas[pragma]
		return ok
	}
	_, ok := tableFunctions[name]
	return ok
}
