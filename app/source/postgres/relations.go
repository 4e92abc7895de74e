package postgres

import (
	"strings"

	"assay/app/source"
)

// systemRelations names what may be read of the system catalog. Left out is
// what holds secrets or other people's data (passwords, host rules, running
// statements, samples of values) or what reads files.
var systemRelations = set(`pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members
	pg_available_extensions pg_available_extension_versions pg_cast pg_class pg_collation pg_constraint pg_conversion
	pg_database pg_depend pg_description pg_enum pg_event_trigger pg_extension pg_foreign_table pg_group pg_index
	pg_indexes pg_inherits pg_language pg_locks pg_matviews pg_namespace pg_opclass pg_operator pg_opfamily
	pg_partitioned_table pg_policies pg_policy pg_proc pg_publication pg_publication_rel pg_publication_tables
	pg_range pg_rewrite pg_roles pg_rules pg_seclabel pg_sequence pg_sequences pg_settings pg_shdepend
	pg_shdescription pg_statistic_ext pg_stats pg_stats_ext pg_tables pg_tablespace pg_timezone_abbrevs
	pg_timezone_names pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template pg_type pg_user
	pg_views
	pg_stat_all_indexes pg_stat_all_tables pg_stat_bgwriter pg_stat_checkpointer pg_stat_database
	pg_stat_database_conflicts pg_stat_io pg_stat_sys_indexes pg_stat_sys_tables pg_stat_user_functions
	pg_stat_user_indexes pg_stat_user_tables pg_stat_wal
	pg_statio_all_indexes pg_statio_all_sequences pg_statio_all_tables pg_statio_sys_indexes pg_statio_sys_sequences
	pg_statio_sys_tables pg_statio_user_indexes pg_statio_user_sequences pg_statio_user_tables`)

// readable reports whether a relation may be read as far as its name tells.
func readable(n source.Name) bool {
	switch {
	case n.Schema == "pg_catalog":
		return systemRelations[n.Name]
	case n.Schema == "":
		return !strings.HasPrefix(n.Name, "pg_") || systemRelations[n.Name]
	case n.Schema == "information_schema":
		return !strings.HasPrefix(n.Name, "user_mapping") && !strings.HasPrefix(n.Name, "foreign_server") &&
			!strings.HasPrefix(n.Name, "foreign_data_wrapper") && !strings.HasPrefix(n.Name, "_pg_")
	}
	// pg_toast and temporary schemas; and the views of extensions on other people's statements, wherever they are installed.
	return !strings.HasPrefix(n.Schema, "pg_") && !strings.HasPrefix(n.Name, "pg_")
}

// settings names what SHOW and current_setting may tell.
var settings = set(`application_name bytea_output client_encoding constraint_exclusion datestyle default_tablespace
	default_text_search_config default_transaction_isolation default_transaction_read_only
	effective_cache_size enable_partitionwise_join extra_float_digits geqo in_hot_standby integer_datetimes
	intervalstyle is_superuser jit lc_collate lc_ctype lc_messages lc_monetary lc_numeric lc_time lock_timeout
	maintenance_work_mem max_connections max_identifier_length max_parallel_workers_per_gather random_page_cost
	role search_path seq_page_cost server_encoding server_version server_version_num session_authorization
	shared_buffers standard_conforming_strings statement_timeout time zone timezone transaction_isolation
	transaction_read_only work_mem xmlbinary xmloption`)

// showable reports whether a setting's value may be shown.
func showable(name string) bool { return settings[strings.ToLower(name)] }
