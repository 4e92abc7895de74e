package scim

import (
	"strings"
	"time"
)

// object is a resource, or a part of one, as it is sent.
type object = map[string]any

func (l both) holds(in object) bool {
	for _, c := range l {
		if !c.holds(in) {
			return false
		}
	}
	return true
}

func (l either) holds(in object) bool {
	for _, c := range l {
		if c.holds(in) {
			return true
		}
	}
	return false
}

func (n not) holds(in object) bool { return !n.condition.holds(in) }

func (w within) holds(in object) bool {
	for _, one := range w.values(in, true) {
		if element, ok := one.(object); ok && w.condition.holds(element) {
			return true
		}
	}
	return false
}

// values returns what is at the target: of a list all elements, or of complex
// ones their part named value. whole returns the elements themselves.
func (t target) values(in object, whole bool) (list []any) {
	if t.urn != "" {
		in, _ = in[t.urn].(object)
	}
	if t.attribute == nil {
		return nil
	}
	var found []any
	switch v := in[t.attribute.name].(type) {
	case nil:
	case []any:
		found = v
	default:
		found = []any{v}
	}
	if whole {
		return found
	}
	part := "value"
	if t.sub != nil {
		part = t.sub.name
	}
	for _, one := range found {
		if element, ok := one.(object); ok {
			one = element[part]
			if t.sub == nil && !t.attribute.multi {
				one = element // a complex attribute as a whole is there or not
			}
		}
		if one != nil && one != "" {
			list = append(list, one)
		}
	}
	return list
}

func (c compare) holds(in object) bool {
	values := c.values(in, false)
	switch {
	case c.op == "pr":
		return len(values) > 0
	case c.value == nil:
		return (len(values) == 0) == (c.op == "eq")
	case c.op == "ne":
		return !compare{c.target, "eq", c.value}.holds(in)
	}
	for _, v := range values {
		if c.one(v) {
			return true
		}
	}
	return false
}

func (c compare) one(v any) bool {
	switch want := c.value.(type) {
	case bool:
		return v == want
	case time.Time:
		text, _ := v.(string)
		have, err := time.Parse(time.RFC3339, text)
		return err == nil && ordered(c.op, have.Compare(want))
	case string:
		have, ok := v.(string)
		if !ok {
			return false
		}
		if a := c.last(); a == nil || !a.exact {
			have, want = strings.ToLower(have), strings.ToLower(want)
		}
		switch c.op {
		case "co":
			return strings.Contains(have, want)
		case "sw":
			return strings.HasPrefix(have, want)
		case "ew":
			return strings.HasSuffix(have, want)
		}
		return ordered(c.op, strings.Compare(have, want))
	}
	return false // no attribute of ours is a number
}

func ordered(op string, sign int) bool {
	switch op {
	case "eq":
		return sign == 0
	case "gt":
		return sign > 0
	case "ge":
		return sign >= 0
	case "lt":
		return sign < 0
	case "le":
		return sign <= 0
	}
	return false
}

// required returns the text that an attribute must equal for the condition to
// hold, where there is one: what the store can look for by an index.
func required(c condition, names ...string) string {
	switch c := c.(type) {
	case both:
		for _, one := range c {
			if s := required(one, names...); s != "" {
				return s
			}
		}
	case compare:
		s, ok := c.value.(string)
		if !ok || c.op != "eq" || c.attribute == nil || c.urn != "" {
			return ""
		}
		have := c.attribute.name
		if c.sub != nil {
			have += "." + c.sub.name
		}
		for _, name := range names {
			if have == name {
				return s
			}
		}
	case within:
		for _, name := range names {
			if list, part, ok := strings.Cut(name, "."); ok && c.attribute != nil && c.attribute.name == list {
				return required(c.condition, part)
			}
		}
	}
	return ""
}

// mentions reports whether a condition asks for an attribute.
func mentions(c condition, name string) bool {
	is := func(t target) bool { return t.attribute != nil && t.attribute.name == name }
	any := func(list []condition) bool {
		for _, one := range list {
			if mentions(one, name) {
				return true
			}
		}
		return false
	}
	switch c := c.(type) {
	case both:
		return any(c)
	case either:
		return any(c)
	case not:
		return mentions(c.condition, name)
	case compare:
		return is(c.target)
	case within:
		return is(c.target)
	}
	return false
}
