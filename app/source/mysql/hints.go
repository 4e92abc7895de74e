package mysql

import (
	"strings"

	"assay/app/source"
)

// safeHints only choose among plans that give the same rows. Not among them:
// set_var, resource_group, and max_execution_time of 0.
var safeHints = words(`
bka no_bka bnl no_bnl derived_condition_pushdown no_derived_condition_pushdown
group_index no_group_index hash_join no_hash_join index no_index index_merge no_index_merge
join_fixed_order join_index no_join_index join_order join_prefix join_suffix
merge no_merge mrr no_mrr no_icp no_range_optimization order_index no_order_index
qb_name semijoin no_semijoin skip_scan no_skip_scan subquery
use_index ignore_index force_index use_index_merge hash_agg stream_agg straight_join leading
inl_join inl_hash_join merge_join no_merge_join no_index_join read_from_storage`)

// checkHints refuses a hint comment that names anything but safe hints. The
// time limit of this product holds whatever a hint asks for, so a positive
// max_execution_time is let pass and left out of what is sent.
func checkHints(sql string, hint token) error {
	body := strings.TrimSuffix(strings.TrimPrefix(hint.text, "/*+"), "*/")
	depth, name, last := 0, "", ""
	for i := 0; i < len(body); i++ {
		c := body[i]
		switch {
		case c == '(':
			if depth == 0 {
				last = strings.ToLower(name)
				if err := checkHint(sql, hint, last, body[i+1:]); err != nil {
					return err
				}
				name = ""
			}
			depth++
		case c == ')':
			depth--
		case depth == 0 && isWordByte(c):
			name += string(c)
		case depth == 0 && !isSpace(c) && c != ',':
			return source.Refuse(position(sql, hint.pos), "The optimizer hints cannot be read")
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 || name != "" {
		return source.Refuse(position(sql, hint.pos), "The optimizer hints cannot be read")
	}
	return nil
}

func checkHint(sql string, hint token, name, rest string) error {
	if name == "max_execution_time" {
		arg, _, _ := strings.Cut(rest, ")")
		arg = strings.TrimSpace(arg)
		if arg != "" && strings.Trim(arg, "0123456789") == "" && strings.Trim(arg, "0") != "" {
			return nil
		}
		return source.Refuse(position(sql, hint.pos), "The hint MAX_EXECUTION_TIME must not lift the time limit")
	}
	if !safeHints[name] {
		return source.Refuse(position(sql, hint.pos), "The optimizer hint %s is not on the list of hints that only choose a plan", strings.ToUpper(name))
	}
	return nil
}

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}
