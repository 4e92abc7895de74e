package scim

import (
	"maps"
	"slices"

	"assay/app/account"
)

// group returns a group as it is sent; members are nil where they are left out.
func (x *call) group(g *account.Group, members []account.Member) object {
	r := object{"schemas": []any{urnGroup}, "id": g.ID, "displayName": g.Name, "meta": x.meta(groups, g.ID, g.CreatedAt, g.UpdatedAt)}
	put(r, "externalId", g.ExternalID)
	if members != nil {
		list := make([]any, len(members))
		for i, m := range members {
			list[i] = object{"value": m.ID, "$ref": x.at("Users", m.ID), "display": m.Name, "type": "User"}
		}
		r["members"] = list
	}
	return r
}

// regrouping gathers what a request says of a group.
type regrouping struct {
	g account.Group
	// members returns who is in the group now.
	members func() ([]account.Member, error)
	// patch says that attributes which cannot be changed are refused; otherwise they are passed over.
	patch bool

	all         bool // who is in the group now leaves it, but for add
	add, remove map[string]bool
}

func (e *regrouping) replace(f fields) error {
	if err := f.declares(urnGroup); err != nil {
		return err
	}
	e.g.Name, e.g.ExternalID, e.all = "", "", true
	for _, name := range f.names() {
		t, ok := groups.at(name)
		if !ok {
			continue
		}
		if err := e.do(operation{"replace", place{target: t, whole: true}, f[name]}); err != nil {
			return err
		}
	}
	if e.g.Name == "" {
		return wrong(invalidValue, "displayName is missing")
	}
	return nil
}

func (e *regrouping) apply(steps []operation) error {
	e.patch = true
	for _, step := range steps {
		if err := e.do(step); err != nil {
			return err
		}
	}
	return nil
}

func (e *regrouping) do(step operation) (err error) {
	to := step.path
	if to.all && to.urn == "" {
		parts, _ := step.value.(fields)
		for _, name := range parts.names() {
			if t, ok := groups.at(name); ok && !t.all {
				if err := e.do(operation{step.op, place{target: t, whole: true}, parts[name]}); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if to.attribute == nil {
		return nil // read and dropped
	}
	name := to.attribute.name
	if to.attribute.mutability == "readOnly" {
		// Okta sends the group's id with its new name.
		if !e.patch || name == "schemas" || name == "id" && to.whole && step.value == e.g.ID {
			return nil
		}
		return wrong(mutability, "%s cannot be changed", name)
	}
	switch name {
	case "displayName":
		if step.op == "remove" || step.value == nil {
			return wrong(mutability, "displayName has to be there")
		}
		if e.g.Name, err = text(name, step.value); err == nil && e.g.Name == "" {
			err = wrong(invalidValue, "displayName is empty")
		}
	case "externalId":
		if step.op == "remove" {
			step.value = nil
		}
		e.g.ExternalID, err = text(name, step.value)
	case "members":
		return e.member(step)
	}
	return err
}

// member takes a step that says who belongs to the group.
func (e *regrouping) member(step operation) error {
	if step.path.sub != nil {
		return wrong(mutability, "%s cannot be changed; add and remove members as a whole", step.path.name)
	}
	ids := map[string]bool{}
	if step.path.where != nil {
		if step.op != "remove" {
			return wrong(invalidPath, "Only remove takes a condition on members")
		}
		if id := required(step.path.where, "value"); id != "" && isCompare(step.path.where) {
			ids[id] = true
		} else if err := e.fulfilling(step.path.where, ids); err != nil {
			return err
		}
		e.leave(ids)
		return nil
	}
	for _, one := range several(step.value) {
		value := one
		if element, ok := one.(fields); ok {
			value = element["value"]
			if kind, _ := element["type"].(string); kind == "Group" {
				return wrong(invalidValue, "A member is a person; groups in groups are not kept")
			}
		}
		id, err := text("members.value", value)
		if err != nil {
			return err
		}
		if id == "" {
			return wrong(invalidValue, "A member needs a value, the id of a person")
		}
		ids[id] = true
	}
	switch {
	case step.op == "remove" && step.value != nil:
		e.leave(ids)
		return nil
	case step.op != "add":
		e.all, e.add, e.remove = true, nil, nil
	}
	if step.op != "remove" {
		if e.add == nil {
			e.add = map[string]bool{}
		}
		for id := range ids {
			e.add[id] = true
			delete(e.remove, id)
		}
	}
	return nil
}

func isCompare(c condition) bool { _, ok := c.(compare); return ok }

// fulfilling gathers the members, present and about to come, for whom the condition holds.
func (e *regrouping) fulfilling(c condition, ids map[string]bool) error {
	now, err := e.members()
	if err != nil {
		return err
	}
	for _, m := range now {
		if c.holds(object{"value": m.ID, "display": m.Name, "type": "User"}) {
			ids[m.ID] = true
		}
	}
	for id := range e.add {
		if c.holds(object{"value": id, "type": "User"}) {
			ids[id] = true
		}
	}
	return nil
}

func (e *regrouping) leave(ids map[string]bool) {
	if e.remove == nil {
		e.remove = map[string]bool{}
	}
	for id := range ids {
		e.remove[id] = true
		delete(e.add, id)
	}
}

// difference returns who joins the group and who leaves it.
func (e *regrouping) difference() (join, leave []string, err error) {
	if e.all && e.g.ID != "" {
		now, err := e.members()
		if err != nil {
			return nil, nil, err
		}
		if e.remove == nil {
			e.remove = map[string]bool{}
		}
		for _, m := range now {
			if !e.add[m.ID] {
				e.remove[m.ID] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(e.add)), slices.Sorted(maps.Keys(e.remove)), nil
}
