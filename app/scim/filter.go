package scim

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Bounds of a filter.
const (
	maxFilter = 8 << 10 // bytes
	maxNested = 20      // brackets in each other
	maxTerms  = 200     // comparisons
)

// condition is a filter (RFC 7644, section 3.4.2.2) as it was understood.
type condition interface{ holds(in object) bool }

type (
	// both and either hold as their parts do.
	both   []condition
	either []condition
	not    struct{ condition }
	// compare holds where one of the values at the target does.
	compare struct {
		target
		op    string
		value any
	}
	// within holds where one element of a list fulfils a condition of its own.
	within struct {
		target
		condition
	}
)

// parser reads filters and the paths of patches.
type parser struct {
	text   string
	at     int
	kinds  []*kind // what the names may belong to
	inside *attribute
	nested int
	terms  int
	broken string // invalidFilter or invalidPath
}

// parseFilter reads a filter over resources of the kinds. A name that none of
// them has is refused.
func parseFilter(text string, kinds ...*kind) (condition, error) {
	p := &parser{text: strings.TrimSpace(text), kinds: kinds, broken: invalidFilter}
	if len(p.text) > maxFilter {
		return nil, wrong(invalidFilter, "A filter has at most %d bytes", maxFilter)
	}
	c, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) {
		return nil, p.fail("there is more than a filter")
	}
	return c, nil
}

func (p *parser) fail(why string) error {
	return wrong(p.broken, "The filter or path is not understood at character %d: %s", len([]rune(p.text[:min(p.at, len(p.text))]))+1, why)
}

func (p *parser) space() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// take goes over the text if it comes next.
func (p *parser) take(text string) bool {
	p.space()
	if !strings.HasPrefix(p.text[p.at:], text) {
		return false
	}
	p.at += len(text)
	return true
}

// word goes over a word if it comes next, in any case.
func (p *parser) word(word string) bool {
	p.space()
	end := p.at + len(word)
	if end > len(p.text) || !strings.EqualFold(p.text[p.at:end], word) || end < len(p.text) && strings.IndexByte(" ()[]", p.text[end]) < 0 {
		return false
	}
	p.at = end
	return true
}

func (p *parser) or() (condition, error) { return p.list("or", p.and) }

func (p *parser) and() (condition, error) { return p.list("and", p.one) }

func (p *parser) list(between string, part func() (condition, error)) (condition, error) {
	var parts []condition
	for {
		c, err := part()
		if err != nil {
			return nil, err
		}
		if parts = append(parts, c); !p.word(between) {
			break
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	if between == "or" {
		return either(parts), nil
	}
	return both(parts), nil
}

func (p *parser) one() (condition, error) {
	negated := p.word("not")
	if p.take("(") {
		if p.nested++; p.nested > maxNested {
			return nil, p.fail("it is nested too deep")
		}
		c, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.nested--; !p.take(")") {
			return nil, p.fail("a bracket is not closed")
		}
		if negated {
			return not{c}, nil
		}
		return c, nil
	}
	if negated {
		return nil, p.fail("after not comes a bracket")
	}
	return p.term()
}

var nameForm = regexp.MustCompile(`^(?:[Uu][Rr][Nn]:[A-Za-z0-9._:~-]+|[A-Za-z$][A-Za-z0-9_$-]*(?:\.[A-Za-z$][A-Za-z0-9_$-]*)?)`)

// name reads the name of an attribute and finds what it stands for.
func (p *parser) name() (target, error) {
	p.space()
	name := nameForm.FindString(p.text[p.at:])
	if name == "" {
		return target{}, p.fail("a name is missing")
	}
	var t target
	ok := false
	if p.inside != nil { // a part of the attribute before the bracket
		if p.inside == dropped {
			t, ok = target{name: name}, true
		} else if sub := find(p.inside.subs, name); sub != nil {
			t, ok = target{attribute: sub, name: name}, true
		} else if known(p.inside.name, name) {
			t, ok = target{name: name}, true
		}
	} else {
		// Of several kinds the one that keeps the attribute; the others just have no such value.
		for _, k := range p.kinds {
			found, has := k.at(name)
			if has && (!ok || t.attribute == nil) {
				t, ok = found, true
			}
		}
	}
	if !ok {
		return t, p.fail("there is no attribute " + name)
	}
	if a := t.last(); a != nil && a.returned == "never" && p.broken == invalidFilter {
		return t, p.fail(name + " cannot be looked for")
	}
	p.at += len(name)
	return t, nil
}

// bracket reads the condition on the elements of a list, after its name.
func (p *parser) bracket(t target) (condition, error) {
	if t.attribute == nil || !t.attribute.multi || t.sub != nil || p.inside != nil {
		if t.attribute != nil || p.inside != nil {
			return nil, p.fail(t.name + " is no list")
		}
	}
	outer := p.inside
	p.inside = t.elements()
	defer func() { p.inside = outer }()
	c, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.take("]") {
		return nil, p.fail("a bracket is not closed")
	}
	return c, nil
}

// dropped stands for the lists that the standard has and this server does not keep.
var dropped = &attribute{}

// elements is what the names in brackets after the target are parts of.
func (t target) elements() *attribute {
	if t.attribute == nil {
		return dropped
	}
	return t.attribute
}

func (p *parser) term() (condition, error) {
	t, err := p.name()
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(p.text[p.at:], "[") {
		return p.comparison(t)
	}
	p.at++
	c, err := p.bracket(t)
	if err != nil {
		return nil, err
	}
	// Entra ID asks for emails[type eq "work"].value eq "…", which the grammar
	// does not have: the same element fulfils both.
	if strings.HasPrefix(p.text[p.at:], ".") {
		p.at++
		p.inside = t.elements()
		sub, err := p.name()
		p.inside = nil
		if err != nil {
			return nil, err
		}
		more, err := p.comparison(sub)
		if err != nil {
			return nil, err
		}
		c = both{c, more}
	}
	return within{t, c}, nil
}

var operators = []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}

// comparison reads what follows a name.
func (p *parser) comparison(t target) (condition, error) {
	if p.terms++; p.terms > maxTerms {
		return nil, p.fail("it compares too often")
	}
	if p.word("pr") {
		return compare{target: t, op: "pr"}, nil
	}
	op := ""
	for _, one := range operators {
		if p.word(one) {
			op = one
			break
		}
	}
	if op == "" {
		return nil, p.fail("an operator is missing, such as eq")
	}
	value, err := p.value()
	if err != nil {
		return nil, err
	}
	kind := ""
	if a := t.last(); a != nil {
		kind = a.kind
	}
	switch {
	case value == nil && op != "eq" && op != "ne":
		return nil, p.fail("null can only be compared by eq and ne")
	case kind == "boolean" && value != nil:
		if op != "eq" && op != "ne" {
			return nil, p.fail(t.name + " can only be compared by eq and ne")
		}
		if value, err = truth(t.name, value); err != nil {
			return nil, p.fail(t.name + " is true or false")
		}
	case kind == "dateTime" && value != nil && slices.Contains([]string{"eq", "ne", "gt", "ge", "lt", "le"}, op):
		text, _ := value.(string)
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, p.fail(t.name + " is a time such as 2026-01-31T12:00:00Z")
		}
		value = moment
	}
	return compare{t, op, value}, nil
}

var numberForm = regexp.MustCompile(`^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?`)

// value reads what is compared with: a text, a number, true, false or null, as in JSON.
func (p *parser) value() (any, error) {
	p.space()
	rest := p.text[p.at:]
	if strings.HasPrefix(rest, `"`) {
		for end := 1; end < len(rest); end++ {
			switch rest[end] {
			case '\\':
				end++
			case '"':
				var s string
				if json.Unmarshal([]byte(rest[:end+1]), &s) != nil {
					return nil, p.fail("the text is not spelled as in JSON")
				}
				p.at += end + 1
				return s, nil
			}
		}
		return nil, p.fail("a text is not closed")
	}
	switch {
	case p.word("true"):
		return true, nil
	case p.word("false"):
		return false, nil
	case p.word("null"):
		return nil, nil
	}
	if number := numberForm.FindString(rest); number != "" {
		p.at += len(number)
		var n float64
		if json.Unmarshal([]byte(number), &n) != nil {
			return nil, p.fail("the number is not spelled as in JSON")
		}
		return n, nil
	}
	return nil, p.fail("a value is missing; texts stand in double quotes")
}
