package postgres

import (
	"flag"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

var update = flag.Bool("update", false, "add the functions of the test server to functions.txt")

// usable finds the functions of a server that a person could call and whose
// every overload is not volatile, leaving out those that only implement an
// operator, a type or an aggregate.
const usable = `
WITH f AS (
  SELECT proname, provolatile, proargtypes::oid[] || prorettype AS types, coalesce(obj_description(p.oid, 'pg_proc'), '') AS about
  FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
  WHERE nspname = 'pg_catalog' AND prokind IN ('f', 'a', 'w')
)
SELECT proname FROM f GROUP BY 1
HAVING bool_and(provolatile <> 'v') AND bool_or(
  about !~ '^(implementation of|I/O|less-equal-greater|aggregate (transition|final|combine|serial|deserial|inverse)|hash$|larger of|smaller of|sort support|internal|\(internal|SP-GiST|GIN|GiST|BRIN|validate)'
  AND NOT EXISTS (
    SELECT 1 FROM unnest(types) t JOIN pg_type y ON y.oid = t
    WHERE y.typname IN ('internal', 'cstring', 'trigger', 'event_trigger', 'language_handler', 'fdw_handler', 'index_am_handler', 'table_am_handler', 'tsm_handler')))
ORDER BY proname COLLATE "C"`

// left matches functions that are not volatile and yet not for questions: they
// take SQL as text, tell of other people's work, or are internals.
var left = regexp.MustCompile(`_to_xml|^inet_(client|server)|^txid_current$|^pg_current_xact_id$|^pg_stat_get_|` +
	`^pg_(config|cursor|event_trigger_.*|prepared_statement|show_.*|listening_channels|get_replication_slots|get_replica_identity_index|` +
	`tablespace_.*|conf_load_time|indexam_progress_phasename|mcv_list_items|get_catalog_foreign_keys|extension_update_paths|` +
	`settings_get_flags|walfile_.*|wal_lsn_diff|filenode_relation|relation_filenode|relation_filepath|replication_origin_oid|restore_.*)$|` +
	`_(transfn|accum|canonical|subdiff)$|^int8(inc|dec)|^int4inc$|^numeric_|^makeaclitem$|^acl|^in_range$|^querytree$`)

// harmless names functions that are volatile, or said to implement an
// operator, and still only read.
var harmless = set(`random random_normal clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 array_sample array_shuffle
	pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size pg_is_in_recovery pg_partition_tree
	pg_partition_ancestors pg_last_xact_replay_timestamp
	array_cat arraycontains arraycontained arrayoverlap jsonb_exists jsonb_exists_any jsonb_exists_all jsonb_contains
	jsonb_contained jsonb_concat jsonb_delete jsonb_delete_path ts_match_vq range_adjacent range_after range_before
	range_contained_by range_contains range_contains_elem range_intersect range_minus range_overlaps range_union
	starts_with hashtext hashtextextended hashint4 hashint4extended hashint8 hashint8extended`)

// newer names functions of servers newer than the oldest that is tested here.
var newer = set(`any_value array_reverse array_sort bit_and bit_or casefold crc32 crc32c date_add date_subtract erf erfc gamma lgamma
	json_agg_strict json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict jsonb_agg_strict
	jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict
	pg_basetype pg_get_acl pg_input_error_info pg_input_is_valid system_user to_bin to_oct to_regtypemod
	unicode_assigned unicode_version icu_unicode_version uuid_extract_timestamp uuid_extract_version xmltext
	uuidv4 uuidv7 array_sample array_shuffle random_normal`)

func TestFunctionList(t *testing.T) {
	s := sourcetest.Postgres(t)
	f := ask(t, s.Config("postgres"), usable)
	want := map[string]bool{}
	for r := range f.Rows() {
		name, _ := f.Cell(r, 0)
		if !left.Match(name) {
			want[string(name)] = true
		}
	}
	maps.Copy(want, newer)
	maps.Copy(want, harmless)
	if *update {
		all := maps.Clone(want)
		maps.Copy(all, functions)
		text := strings.Join(slices.Sorted(maps.Keys(all)), "\n") + "\n"
		if err := os.WriteFile("functions.txt", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		functions = set(text)
	}
	for name := range want {
		if !functions[name] {
			t.Errorf("%s is missing from functions.txt; run the test with -update", name)
		}
	}
	if !slices.IsSorted(strings.Split(strings.TrimSpace(functionList), "\n")) && !*update {
		t.Error("functions.txt is not sorted")
	}

	volatile := ask(t, s.Config("postgres"), `SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v'`)
	if volatile.Rows() < 100 {
		t.Fatalf("only %d volatile functions found", volatile.Rows())
	}
	for r := range volatile.Rows() {
		name, _ := volatile.Cell(r, 0)
		if functions[string(name)] && !harmless[string(name)] {
			t.Errorf("%s is volatile and on the list", name)
		}
	}
	for name := range functions {
		if left.MatchString(name) {
			t.Errorf("%s is on the list although it is left out on purpose", name)
		}
	}
}

// What the field notation could call of PostgreSQL's own is known: a function
// that is volatile or tells more than a question may know is either listed as
// harmless or recognised by its name, and one that returns rows has fields.
func TestFieldFunctions(t *testing.T) {
	s := sourcetest.Postgres(t)
	f := ask(t, s.Config("postgres"), `
SELECT DISTINCT proname FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND pronargs > 0 AND pronargs - pronargdefaults <= 1 AND provolatile = 'v'
  AND proname !~ '^(RI_FKey_|binary_upgrade_|pg_)' AND NOT 'internal'::regtype = ANY (proargtypes::oid[])`)
	if f.Rows() < 10 {
		t.Fatalf("only %d functions found", f.Rows())
	}
	for r := range f.Rows() {
		if name, _ := f.Cell(r, 0); !acts(string(name)) && !functions[string(name)] {
			t.Errorf("%s could be called as a field", name)
		}
	}
	f = ask(t, s.Config("postgres"), `
SELECT DISTINCT proname FROM pg_proc JOIN pg_type y ON y.oid = prorettype
WHERE pronamespace = 'pg_catalog'::regnamespace AND (typname = 'record' OR typtype = 'c')`)
	for r := range f.Rows() {
		if name, _ := f.Cell(r, 0); functions[string(name)] && !rowFunctions[string(name)] {
			t.Errorf("%s returns rows", name)
		}
	}
}

// ask runs a read past the guard and returns all rows.
func ask(t testing.TB, c source.Config, sql string) *frame.Frame {
	t.Helper()
	db, err := New().Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(t.Context(), source.Statement{SQL: sql})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	f, err := frame.Read(t.Context(), rows, 1<<20, 1<<28)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return f
}
