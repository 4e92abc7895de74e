package scim

import "strings"

// operation is one step of a patch.
type operation struct {
	op    string // "add", "replace" or "remove"
	path  place
	value any
}

// place is where a step of a patch changes something.
type place struct {
	target
	// where, for lists, says which elements.
	where condition
	whole bool // the resource itself; value is an object then
}

// maxOperations bounds a patch.
const maxOperations = 1000

// parsePlace reads the path of a patch.
func parsePlace(text string, k *kind) (place, error) {
	p := &parser{text: strings.TrimSpace(text), kinds: []*kind{k}, broken: invalidPath}
	if len(p.text) > maxFilter {
		return place{}, wrong(invalidPath, "A path has at most %d bytes", maxFilter)
	}
	t, err := p.name()
	if err != nil {
		return place{}, err
	}
	to := place{target: t}
	if strings.HasPrefix(p.text[p.at:], "[") {
		p.at++
		if to.where, err = p.bracket(t); err != nil {
			return to, err
		}
		if strings.HasPrefix(p.text[p.at:], ".") {
			p.at++
			p.inside = t.elements()
			part, err := p.name()
			if err != nil {
				return to, err
			}
			to.sub = part.attribute
			if to.sub == nil || t.attribute == nil { // a part that is not kept
				to.attribute, to.sub = nil, nil
			}
		}
	}
	if p.at < len(p.text) {
		return to, p.fail("there is more than a path")
	}
	return to, nil
}

// operations reads the body of a patch. A step whose value is the resource in
// parts becomes a step for each part.
func (x *call) operations(k *kind) ([]operation, error) {
	f, err := x.body()
	if err != nil {
		return nil, err
	}
	if err := f.declares(urnPatch); err != nil {
		return nil, err
	}
	list, ok := f["operations"].([]any)
	if !ok || len(list) == 0 {
		return nil, wrong(invalidSyntax, "Operations is a list of at least one step")
	}
	if len(list) > maxOperations {
		return nil, wrong(tooMany, "A patch has at most %d steps", maxOperations)
	}
	var steps []operation
	for _, one := range list {
		step, ok := one.(fields)
		if !ok {
			return nil, wrong(invalidSyntax, "A step of Operations is an object")
		}
		op, _ := step["op"].(string)
		switch op = strings.ToLower(op); op {
		case "add", "replace", "remove":
		default:
			return nil, wrong(invalidSyntax, "op is add, replace or remove")
		}
		path, isText := step["path"].(string)
		if step["path"] != nil && !isText {
			return nil, wrong(invalidPath, "path is a text")
		}
		value, given := step["value"]
		if op != "remove" && !given {
			return nil, wrong(invalidValue, "%s needs a value", op)
		}
		if strings.TrimSpace(path) != "" {
			to, err := parsePlace(path, k)
			if err != nil {
				return nil, err
			}
			steps = append(steps, operation{op, to, value})
			continue
		}
		if op == "remove" {
			return nil, wrong(noTarget, "remove needs a path")
		}
		parts, ok := value.(fields)
		if !ok {
			return nil, wrong(invalidValue, "Without a path the value is an object")
		}
		for _, name := range parts.names() {
			// Entra ID names parts in one word here, too: "name.givenName".
			to, err := parsePlace(name, k)
			if err != nil {
				return nil, err
			}
			to.whole = true
			steps = append(steps, operation{op, to, parts[name]})
		}
	}
	return steps, nil
}
