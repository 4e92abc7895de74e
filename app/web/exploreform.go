package web

import (
	"encoding/json"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"assay/app/query"
	"assay/app/source"
)

// The builder's form has a field for each part of a question, named by its
// place: m.0.fn, d.1.column, f.2.1.value. Buttons named "do" add and remove
// parts: "add-m", "remove-d.1", "add-f.2", "add-or", "add-and.2".

// readForm takes a question from the builder's form and does what the pressed button says.
func readForm(v url.Values, do string) *query.Spec {
	s := readSource(v.Get("table"))
	if v.Get("was") != v.Get("table") {
		return s // another source: nothing of the old question fits
	}
	for _, i := range indexes(v, "j.") {
		if j := v.Get("j." + i + ".table"); j != "" && do != "remove-j."+i {
			one := query.Join{Table: j, Kind: v.Get("j." + i + ".kind")}
			if one.Kind == "left" {
				one.Kind = ""
			}
			json.Unmarshal([]byte(v.Get("j."+i+".on")), &one.On)
			s.Joins = append(s.Joins, one)
		}
	}
	if j := v.Get("join"); j != "" {
		s.Joins = append(s.Joins, query.Join{Table: j})
	}
	for _, i := range indexes(v, "m.") {
		fn, column, _ := strings.Cut(v.Get("m."+i+".fn"), ":")
		if c := v.Get("m." + i + ".column"); c != "" {
			column = c
		}
		if fn == "" || do == "remove-m."+i {
			continue
		}
		if query.Fn(fn) == query.Count && v.Get("m."+i+".column") == "" {
			column = ""
		}
		s.Measures = append(s.Measures, query.Measure{Fn: query.Fn(fn), Column: column, As: v.Get("m." + i + ".as")})
	}
	if do == "add-m" {
		s.Measures = append(s.Measures, query.Measure{Fn: query.Count})
	}
	for _, i := range indexes(v, "d.") {
		if c := v.Get("d." + i + ".column"); c != "" && do != "remove-d."+i {
			d := query.Dimension{Column: c, As: v.Get("d." + i + ".as")}
			step := v.Get("d." + i + ".step")
			if bin, ok := strings.CutPrefix(step, "bin:"); ok {
				d.Bin = json.Number(bin)
			} else {
				d.Grain = source.Grain(step)
			}
			s.Dimensions = append(s.Dimensions, d)
		}
	}
	if c := v.Get("dimension"); c != "" {
		s.Dimensions = append(s.Dimensions, query.Dimension{Column: c})
	}
	if len(s.Measures)+len(s.Dimensions) == 0 {
		for _, i := range indexes(v, "c.") {
			if c := v.Get("c." + i); c != "" && do != "remove-c."+i {
				s.Columns = append(s.Columns, c)
			}
		}
		if c := v.Get("column"); c != "" {
			s.Columns = append(s.Columns, c)
		}
	}
	s.Filters = readFilters(v, "f", do)
	if c := v.Get("filter"); c != "" {
		s.Filters = joined(s.Filters, query.Filter{Column: c, Op: query.Eq})
	}
	s.Having = readFilters(v, "h", do)
	if c := v.Get("having"); c != "" {
		s.Having = joined(s.Having, query.Filter{Column: c, Op: query.Gt})
	}
	for _, i := range indexes(v, "o.") {
		if by := v.Get("o." + i + ".by"); by != "" && do != "remove-o."+i {
			s.Order = append(s.Order, query.Order{By: by, Desc: v.Get("o."+i+".desc") != ""})
		}
	}
	if by := v.Get("order"); by != "" {
		s.Order = append(s.Order, query.Order{By: by, Desc: true})
	}
	s.Limit, _ = strconv.Atoi(v.Get("limit"))
	s.Limit = max(0, s.Limit)
	return s
}

// dropStale takes away what sorts or filters by a column that the result no
// longer has, as after another grain or measure was chosen.
func dropStale(s *query.Spec) {
	names := s.Names()
	gone := func(name string) bool {
		return name != "" && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	s.Order = slices.DeleteFunc(s.Order, func(o query.Order) bool { return gone(o.By) })
	if s.Having != nil {
		s.Having.And = slices.DeleteFunc(s.Having.And, func(f query.Filter) bool { return gone(f.Column) })
		if len(s.Having.And) == 0 {
			s.Having = nil
		}
	}
}

// joined returns a filter with one more condition, all of which must hold.
func joined(f *query.Filter, one query.Filter) *query.Filter {
	if f == nil {
		f = &query.Filter{}
	}
	f.And = append(f.And, one)
	return f
}

// indexes returns the numbers i for which there is a field prefix+i+…, in order.
func indexes(v url.Values, prefix string) []string {
	seen := map[int]bool{}
	for k := range v {
		rest, ok := strings.CutPrefix(k, prefix)
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < 1000 {
			seen[n] = true
		}
	}
	list := make([]int, 0, len(seen))
	for n := range seen {
		list = append(list, n)
	}
	sort.Ints(list)
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(n)
	}
	return out
}

// readFilters reads the top group of filters, whose members are joined by "and".
func readFilters(v url.Values, path, do string) *query.Filter {
	list := readGroup(v, path, do, 0)
	if do == "add-or."+path {
		list = append(list, query.Filter{Or: []query.Filter{{}, {}}})
	}
	if len(list) == 0 {
		return nil
	}
	return &query.Filter{And: list}
}

func readGroup(v url.Values, path, do string, depth int) []query.Filter {
	var list []query.Filter
	for _, i := range indexes(v, path+".") {
		at := path + "." + i
		if do == "remove-"+at || depth > 8 {
			continue
		}
		if group := v.Get(at + ".group"); group != "" {
			inner := readGroup(v, at, do, depth+1)
			if c := v.Get(at + ".add"); c != "" {
				inner = append(inner, query.Filter{Column: c, Op: query.Eq})
			}
			if do == "add-and."+at {
				inner = append(inner, query.Filter{And: []query.Filter{{}, {}}})
			}
			if inner == nil {
				inner = []query.Filter{}
			}
			if group == "or" {
				list = append(list, query.Filter{Or: inner})
			} else {
				list = append(list, query.Filter{And: inner})
			}
			continue
		}
		column := v.Get(at + ".column")
		if column == "" {
			continue
		}
		f := query.Filter{Column: column, Op: query.Op(v.Get(at + ".op"))}
		f.Value = readValue(f.Op, v.Get(at+".value"))
		list = append(list, f)
	}
	return list
}

// readValue turns what stands in a value's field into JSON: a list for in and
// between, nothing for tests of emptiness, else a text that the compiler reads
// as the column's kind.
func readValue(op query.Op, text string) json.RawMessage {
	encode := func(v any) json.RawMessage {
		b, _ := json.Marshal(v)
		return b
	}
	switch op {
	case query.IsNull, query.NotNull:
		return nil
	case query.In, query.NotIn:
		return encode(split(text, ","))
	case query.Between:
		ends := split(strings.Replace(text, " to ", "…", 1), "…")
		if len(ends) != 2 {
			ends = split(text, ",")
		}
		return encode(ends)
	case query.Last:
		return encode(strings.TrimSpace(text))
	}
	if text == "" {
		return nil
	}
	return encode(text)
}

func split(text, by string) []string {
	list := []string{}
	for part := range strings.SplitSeq(text, by) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// prune returns the question without filters that are not filled in yet, so
// that a half-built question answers too.
func prune(s *query.Spec) *query.Spec {
	out := *s
	out.Filters, out.Having = pruned(s.Filters), pruned(s.Having)
	return &out
}

func pruned(f *query.Filter) *query.Filter {
	if f == nil {
		return nil
	}
	keep := func(list []query.Filter) []query.Filter {
		var out []query.Filter
		for i := range list {
			if p := pruned(&list[i]); p != nil {
				out = append(out, *p)
			}
		}
		return out
	}
	switch {
	case f.And != nil:
		if list := keep(f.And); len(list) > 0 {
			return &query.Filter{And: list}
		}
		return nil
	case f.Or != nil:
		if list := keep(f.Or); len(list) > 0 {
			return &query.Filter{Or: list}
		}
		return nil
	}
	missing := f.Column == "" || len(f.Value) == 0 && f.Op != query.IsNull && f.Op != query.NotNull
	switch f.Op {
	case query.In, query.NotIn:
		missing = missing || string(f.Value) == "[]"
	case query.Between:
		var ends []json.RawMessage
		missing = missing || json.Unmarshal(f.Value, &ends) != nil || len(ends) != 2
	}
	if missing {
		return nil
	}
	return f
}
