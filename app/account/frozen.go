package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"assay/app/fault"
)

// Frozen is what decides what a person sees, as it was at one moment. It is
// kept as JSON with what they give to others, such as a link.
type Frozen struct {
	Person   string   `json:"person"`
	Role     Role     `json:"role"`
	RoleName string   `json:"role_name,omitempty"`
	Actions  []Action `json:"actions"`
	// Groups are ids.
	Groups     []string            `json:"groups,omitempty"`
	Attributes map[string][]string `json:"attributes,omitempty"`
}

// thawed is what makes a person one who was frozen.
type thawed struct {
	frozen Frozen
	// present are the attributes of the person as they are now.
	present map[string][]string
}

// Freeze returns what decides what the person sees now.
func (s *Store) Freeze(p *Person) Frozen {
	if p.thawed != nil {
		return p.thawed.frozen
	}
	f := Frozen{Person: p.ID, Role: p.Role, RoleName: p.RoleName(), Attributes: map[string][]string{}}
	for _, a := range Actions {
		if May(p, a.Action).Allowed {
			f.Actions = append(f.Actions, a.Action)
		}
	}
	for _, g := range p.Groups() {
		f.Groups = append(f.Groups, g.ID)
	}
	for name, values := range p.Attributes {
		f.Attributes[name] = slices.Clone(values)
	}
	return f
}

// Thaw returns the person as they were frozen, for looking alone. What they have
// gained since does not count; where they have lost anything of it, or are
// disabled or gone, it is a Denied fault that says why. Rules and grants count as
// they are now.
func (s *Store) Thaw(ctx context.Context, f Frozen) (_ *Person, err error) {
	defer fault.Wrap(&err, "account.Thaw(%s)", f.Person)
	now, err := s.Active(ctx, f.Person)
	if fault.Is(err, fault.SignIn) {
		return nil, fault.New(fault.Denied, "Whoever shared this is disabled or gone")
	}
	if err != nil {
		return nil, err
	}
	if lost := f.lost(now); lost != "" {
		return nil, fault.New(fault.Denied, "%s has lost %s since", now.Name, lost)
	}
	known, err := s.everyRight(ctx)
	if err != nil {
		return nil, err
	}
	p := *now
	p.through = nil
	p.Role, p.Attributes = f.Role, f.Attributes
	p.thawed = &thawed{frozen: f, present: now.Attributes}
	known.give(&p, RoleDef{ID: f.Role, Name: f.RoleName, Actions: f.Actions}, f.Groups)
	return p.narrowed([]Action{Look}), nil
}

// lost says what a person has no more of what was frozen, "" for nothing.
func (f Frozen) lost(now *Person) string {
	if f.Role == Admin && now.Role != Admin {
		return "the role " + string(Admin)
	}
	for _, a := range f.Actions {
		if !May(now, a).Allowed {
			return "the right to " + a.means()
		}
	}
	for _, id := range f.Groups {
		if !slices.ContainsFunc(now.Groups(), func(g Group) bool { return g.ID == id }) {
			return "the membership in a group"
		}
	}
	for name, values := range f.Attributes {
		for _, v := range values {
			if !slices.Contains(now.Attributes[name], v) {
				return "a value of the attribute " + name
			}
		}
	}
	return ""
}

// Again returns the person with the rights they have now: one who was frozen as
// Thaw does, anybody else as Active does. What they lent they have lent still.
func (s *Store) Again(ctx context.Context, p *Person) (now *Person, err error) {
	if p.thawed != nil {
		now, err = s.Thaw(ctx, p.thawed.frozen)
	} else {
		now, err = s.Active(ctx, p.ID)
	}
	if err != nil || p.loan == nil {
		return now, err
	}
	lent := *now
	lent.loan = p.loan
	return &lent, nil
}

// Frozen reports whether the person is one as they were, for whoever has what they
// gave away, and not somebody who asks.
func (p *Person) Frozen() bool { return p.thawed != nil }

// Sight names what of the person decides which rows of a connection they see: their
// groups, attributes and rights to it, and whether they are an administrator.
// Somebody frozen has the same as long as they lost nothing of it.
func (p *Person) Sight(connection string) string {
	var groups, granted []string
	for _, g := range p.Groups() {
		groups = append(groups, g.ID)
	}
	if p.rights != nil {
		for o, list := range p.rights.grants {
			if o.ID == connection {
				granted = append(granted, fmt.Sprintf("%q %q %s", o.Kind, o.Schema, list[0].Level))
			}
		}
	}
	slices.Sort(groups)
	slices.Sort(granted)
	seen := []any{p.Role == Admin, groups, granted, some(p.Attributes)}
	if p.thawed != nil && !reflect.DeepEqual(some(p.thawed.present), some(p.Attributes)) {
		seen = append(seen, p.thawed.present)
	}
	body, _ := json.Marshal(seen)
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// some makes no attributes and none at all the same.
func some(attributes map[string][]string) map[string][]string {
	if len(attributes) == 0 {
		return nil
	}
	return attributes
}

// Values returns what the person has of an attribute by which rows are let in.
func (p *Person) Values(attribute string) []string { return p.Attributes[attribute] }

// Excluded returns what the person has of an attribute by which rows are left
// out. Of somebody frozen these are the values of now, which are never fewer:
// what is to be hidden since is hidden.
func (p *Person) Excluded(attribute string) []string {
	if p.thawed == nil || len(p.Attributes[attribute]) == 0 {
		return p.Attributes[attribute]
	}
	return p.thawed.present[attribute]
}
