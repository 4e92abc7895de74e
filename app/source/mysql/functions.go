package mysql

// safeFunctions are the functions that compute from their arguments, the clock
// or chance and do nothing else. Not among them: what waits or burns time
// (sleep, benchmark, kdf), locks (get_lock), reads files (load_file), acts on
// replication or sequences, sets the session (last_insert_id(x)), or tells about
// other sessions.
var safeFunctions = words(`
abs acos asin atan atan2 ceil ceiling conv cos cot crc32 crc32c degrees exp floor greatest least ln log log10 log2
mod pi pow power radians rand round sign sin sqrt tan truncate interval bit_count

ascii bin bit_length char_length character_length charset chr coercibility collation concat concat_ws convert
elt export_set field find_in_set format format_bytes format_pico_time from_base64 hex insert instr lcase left
length lengthb locate lower lpad ltrim make_set mid natural_sort_key oct octet_length ord position quote
regexp_instr regexp_like regexp_replace regexp_substr repeat replace reverse right rpad rtrim sformat soundex
space strcmp substr substring substring_index to_base64 to_char trim trim_oracle ucase unhex upper
weight_string char utf8_to_ascii

if ifnull isnull nullif coalesce nvl nvl2 decode decode_oracle any_value grouping

add_months adddate addtime convert_tz curdate current_date current_time current_timestamp curtime date
date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear extract from_days
from_unixtime get_format hour last_day localtime localtimestamp makedate maketime microsecond minute month
monthname now period_add period_diff quarter sec_to_time second str_to_date subdate subtime sysdate time
time_format time_to_sec timediff timestamp timestampadd timestampdiff to_days to_seconds unix_timestamp
utc_date utc_time utc_timestamp week weekday weekofyear year yearweek

json_array json_array_append json_array_insert json_array_intersect json_compact json_contains
json_contains_path json_depth json_detailed json_equals json_exists json_extract json_insert json_keys
json_key_value json_length json_loose json_merge json_merge_patch json_merge_preserve json_normalize json_object
json_object_filter_keys json_object_to_array json_overlaps json_pretty json_query json_quote json_remove
json_replace json_schema_valid json_schema_validation_report json_search json_set json_storage_free
json_storage_size json_type json_unquote json_valid json_value json_memberof

aes_decrypt aes_encrypt compress uncompress uncompressed_length md5 sha sha1 sha2 random_bytes
uuid uuid_short uuid_v4 uuid_v7 uuid_to_bin bin_to_uuid is_uuid sys_guid
inet_aton inet_ntoa inet6_aton inet6_ntoa is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6
extractvalue updatexml column_check column_exists column_json column_list

geometrycollection geomcollection linestring multilinestring multipoint multipolygon point polygon
mbrcontains mbrcoveredby mbrcovers mbrdisjoint mbrequal mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin
st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_boundary st_buffer st_buffer_strategy
st_centroid st_collect st_contains st_convexhull st_crosses st_difference st_dimension st_disjoint
st_distance st_distance_sphere st_endpoint st_envelope st_equals st_exteriorring st_frechetdistance
st_geohash st_geomcollfromtext st_geomcollfromwkb st_geometrycollectionfromtext st_geometrycollectionfromwkb
st_geometryfromtext st_geometryfromwkb st_geometryn st_geometrytype st_geomfromgeojson st_geomfromtext
st_geomfromwkb st_hausdorffdistance st_interiorringn st_intersection st_intersects st_isclosed st_isempty
st_isring st_issimple st_isvalid st_latfromgeohash st_latitude st_length st_linefromtext st_linefromwkb
st_lineinterpolatepoint st_lineinterpolatepoints st_linestringfromtext st_linestringfromwkb
st_longfromgeohash st_longitude st_makeenvelope st_mlinefromtext st_mlinefromwkb st_mpointfromtext
st_mpointfromwkb st_mpolyfromtext st_mpolyfromwkb st_multilinestringfromtext st_multipointfromtext
st_multipolygonfromtext st_numgeometries st_numinteriorring st_numinteriorrings st_numpoints st_overlaps
st_perimeter st_pointatdistance st_pointfromgeohash st_pointfromtext st_pointfromwkb st_pointn
st_pointonsurface st_polyfromtext st_polyfromwkb st_polygonfromtext st_polygonfromwkb st_relate st_simplify
st_srid st_startpoint st_swapxy st_symdifference st_touches st_transform st_union st_validate st_within
st_x st_y x y isclosed isempty issimple dimension area astext asbinary aswkb aswkt centroid envelope glength geometryn geometrytype geomfromtext
geometryfromtext pointfromtext numgeometries numpoints pointn startpoint endpoint exteriorring srid
vec_distance vec_distance_euclidean vec_distance_cosine vec_fromtext vec_totext vector_dim

database schema version user current_user session_user system_user current_role`)

// safeWithoutArguments tell about the own session; with an argument the first would change it.
var safeWithoutArguments = words("last_insert_id connection_id found_rows row_count")

var safeAggregates = words(`
count sum avg min max group_concat bit_and bit_or bit_xor std stddev stddev_pop stddev_samp
var_pop var_samp variance json_arrayagg json_objectagg any_value st_collect`)

var safeWindowFunctions = words("row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value")
