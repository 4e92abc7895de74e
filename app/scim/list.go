package scim

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a page of resources.
const (
	defaultCount = 100
	maxCount     = 200
)

// search is what of which resources is asked for, and which page of them.
type search struct {
	filter condition // nil for all
	start  int       // from 1
	count  int
	shape
}

// shape is which attributes of a resource are wanted.
type shape struct{ only, without []target }

// asked reads the parameters of an address.
func asked(q url.Values, kinds ...*kind) (s search, err error) {
	number := func(name string) any {
		if text := strings.TrimSpace(q.Get(name)); text != "" {
			return text
		}
		return nil
	}
	return newSearch(q.Get("filter"), number("startIndex"), number("count"), q["attributes"], q["excludedAttributes"], kinds...)
}

// searched reads the body of a search.
func (x *call) searched(kinds ...*kind) (s search, err error) {
	f, err := x.body()
	if err != nil {
		return s, err
	}
	if err := f.declares(urnSearch); err != nil {
		return s, err
	}
	filter, ok := f["filter"].(string)
	if f["filter"] != nil && !ok {
		return s, wrong(invalidFilter, "filter is a text")
	}
	texts := func(name string) (list []string, err error) {
		for _, one := range several(f[strings.ToLower(name)]) {
			text, ok := one.(string)
			if !ok {
				return nil, wrong(invalidValue, "%s is a list of names", name)
			}
			list = append(list, text)
		}
		return list, nil
	}
	only, err := texts("attributes")
	if err != nil {
		return s, err
	}
	without, err := texts("excludedAttributes")
	if err != nil {
		return s, err
	}
	return newSearch(filter, f["startindex"], f["count"], only, without, kinds...)
}

func newSearch(filter string, start, count any, only, without []string, kinds ...*kind) (s search, err error) {
	if filter = strings.TrimSpace(filter); filter != "" {
		if s.filter, err = parseFilter(filter, kinds...); err != nil {
			return s, err
		}
	}
	if s.start, err = whole("startIndex", start, 1); err != nil {
		return s, err
	}
	if s.count, err = whole("count", count, defaultCount); err != nil {
		return s, err
	}
	s.start, s.count = max(s.start, 1), min(max(s.count, 0), maxCount)
	s.shape = newShape(only, without, kinds...)
	return s, nil
}

// whole returns a whole number; one beyond what fits is as good as the largest.
func whole(name string, value any, otherwise int) (int, error) {
	const most = 1 << 31
	switch v := value.(type) {
	case nil:
		return otherwise, nil
	case float64:
		if v == float64(int64(v)) || v > most || v < -most {
			return int(max(min(v, most), -most)), nil
		}
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err == nil || strings.Contains(err.Error(), strconv.ErrRange.Error()) {
			return int(max(min(n, most), -most)), nil
		}
	}
	return 0, wrong(invalidValue, "%s is a whole number", name)
}

func newShape(only, without []string, kinds ...*kind) shape {
	read := func(names []string) (list []target) {
		for _, name := range strings.FieldsFunc(strings.Join(names, ","), func(r rune) bool { return r == ',' || r == ' ' }) {
			for _, k := range kinds {
				if t, ok := k.at(name); ok {
					list = append(list, t)
				}
			}
		}
		return list
	}
	s := shape{only: read(only), without: read(without)}
	if len(s.only) == 0 && len(only) > 0 && strings.TrimSpace(strings.Join(only, "")) != "" {
		s.only = []target{{name: "id"}} // nothing that is known was asked for
	}
	return s
}

// leavesOut reports whether an attribute will not be sent, so that it need not be gathered.
func (s shape) leavesOut(name string) bool {
	is := func(t target) bool { return t.urn == "" && t.attribute != nil && t.attribute.name == name }
	if len(s.only) > 0 {
		return !slices.ContainsFunc(s.only, is)
	}
	return slices.ContainsFunc(s.without, func(t target) bool { return is(t) && t.sub == nil })
}

// of returns what is wanted of a resource.
func (s shape) of(r object) object {
	if len(s.only) > 0 {
		out := object{"schemas": r["schemas"], "id": r["id"]}
		for _, t := range s.only {
			t.copy(out, r)
		}
		return out
	}
	for _, t := range s.without {
		t.drop(r)
	}
	return r
}

// copy copies what is at the target.
func (t target) copy(out, from object) {
	if t.urn != "" {
		inner, ok := from[t.urn].(object)
		if !ok {
			return
		}
		if t.attribute == nil {
			out[t.urn] = inner
			return
		}
		kept, ok := out[t.urn].(object)
		if !ok {
			kept = object{}
			out[t.urn] = kept
		}
		out, from = kept, inner
	}
	if t.attribute == nil {
		return
	}
	name := t.attribute.name
	switch v := from[name].(type) {
	case nil:
	case object:
		if t.sub == nil {
			out[name] = v
			return
		}
		kept, ok := out[name].(object)
		if !ok {
			kept = object{}
			out[name] = kept
		}
		if part := v[t.sub.name]; part != nil {
			kept[t.sub.name] = part
		}
	case []any:
		if t.sub == nil {
			out[name] = v
			return
		}
		kept, ok := out[name].([]any)
		if !ok {
			for range v {
				kept = append(kept, object{})
			}
			out[name] = kept
		}
		for i, one := range v {
			if element, ok := one.(object); ok && element[t.sub.name] != nil {
				kept[i].(object)[t.sub.name] = element[t.sub.name]
			}
		}
	default:
		out[name] = v
	}
}

// drop takes what is at the target out, unless it is always sent.
func (t target) drop(from object) {
	if t.urn != "" {
		if t.attribute == nil {
			delete(from, t.urn)
			return
		}
		inner, ok := from[t.urn].(object)
		if !ok {
			return
		}
		from = inner
	}
	if t.attribute == nil || t.attribute.returned == "always" {
		return
	}
	if t.sub == nil {
		delete(from, t.attribute.name)
		return
	}
	for _, one := range several(from[t.attribute.name]) {
		if element, ok := one.(object); ok {
			delete(element, t.sub.name)
		}
	}
}

// page answers with resources and how many there are in all.
func (x *call) page(s search, resources []object, total int) error {
	list := make([]object, len(resources))
	for i, r := range resources {
		list[i] = s.of(r)
	}
	return send(x.c, 200, object{"schemas": []any{urnList}, "totalResults": total, "startIndex": s.start, "itemsPerPage": len(list), "Resources": list})
}

// cut returns the page of a whole list.
func cut[T any](list []T, s search) []T {
	from := min(s.start-1, len(list))
	return list[from:min(from+s.count, len(list))]
}
