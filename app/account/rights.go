package account

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"assay/app/store"
)

// Rights is what a person may do, gathered from their role, their groups, what
// was granted and, where a program speaks for them, its token.
type Rights struct {
	role   RoleDef
	groups []Group
	grants map[Object][]Grant // those that hold for the person, the furthest first
	// limited holds the connections on which a right to a schema was granted to
	// anybody: there the others have to be granted too.
	limited map[string]bool
	scopes  []Action // of the token; nil means all
	// print names everything that decides what is seen, so that what was answered
	// under other rights is told apart. A token's scopes decide only what is done.
	print string
}

func (r *Rights) roleName(p *Person) string { return cmp.Or(r.role.Name, string(p.Role)) }

// Groups returns the groups a person belongs to, by name.
func (p *Person) Groups() []Group {
	if p.rights == nil {
		return nil
	}
	return p.rights.groups
}

// In reports whether the subject of a grant or rule covers the person.
func (p *Person) In(s Subject) bool {
	switch s.Kind {
	case Everyone:
		return true
	case ToPerson:
		return s.ID == p.ID
	case ToGroup:
		return slices.ContainsFunc(p.Groups(), func(g Group) bool { return g.ID == s.ID })
	}
	return false
}

// LimitedToSchemas reports whether the person reaches only those schemas of the
// connection that were granted to them.
func (p *Person) LimitedToSchemas(connection string) bool {
	return p.Role != Admin && p.rights != nil && p.rights.limited[connection]
}

// Fingerprint names the person's rights and attributes: two people with the same
// one see the same, so that an answer for one may be shown to the other.
func (p *Person) Fingerprint() string {
	if p.rights == nil {
		return string(p.Role)
	}
	return p.rights.print
}

// Permissions returns the actions that the person's role and token include.
func (p *Person) Permissions() []Action {
	var list []Action
	for _, a := range Actions {
		if May(p, a.Action).Allowed {
			list = append(list, a.Action)
		}
	}
	return list
}

// withRights fills in the rights of people read from the store.
func (s *Store) withRights(ctx context.Context, people ...*Person) error {
	if len(people) == 0 {
		return nil
	}
	known, err := s.everyRight(ctx)
	if err != nil {
		return err
	}
	for _, p := range people {
		p.rights = known.of(p)
	}
	return nil
}

// allRights is what was granted to anybody, as it is read at once.
type allRights struct {
	roles   map[Role]RoleDef
	groups  map[string]Group
	members map[string][]string // group ids by person
	grants  []Grant
	limited map[string]bool
}

// everyRight reads, or remembers for a moment, what was granted to anybody.
func (s *Store) everyRight(ctx context.Context) (*allRights, error) {
	s.look()
	if known, ok := s.proven.allRights(s.now()); ok {
		return known, nil
	}
	changes := s.proven.changed()
	known := &allRights{roles: maps.Clone(builtIn), groups: map[string]Group{}, members: map[string][]string{}, limited: map[string]bool{}}
	roles, err := s.customRoles(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		known.roles[r.ID] = r
	}
	var groups []Group
	if err := s.db.Read().NewSelect().Model(&groups).Scan(ctx); err != nil {
		return nil, err
	}
	for _, g := range groups {
		known.groups[g.ID] = g
	}
	var members []struct {
		GroupID  string `bun:"group_id"`
		PersonID string `bun:"person_id"`
	}
	if err := s.db.Read().NewRaw("SELECT group_id, person_id FROM members").Scan(ctx, &members); err != nil {
		return nil, err
	}
	for _, m := range members {
		known.members[m.PersonID] = append(known.members[m.PersonID], m.GroupID)
	}
	if err := s.db.Read().NewSelect().Model(&known.grants).Order("id").Scan(ctx); err != nil {
		return nil, err
	}
	for _, g := range known.grants {
		if g.ObjectKind == KindSchema {
			known.limited[g.ObjectID] = true
		}
	}
	s.proven.keepRights(known, s.now(), changes)
	return known, nil
}

func (a *allRights) of(p *Person) *Rights {
	role, ok := a.roles[p.Role]
	if !ok { // a role that was removed
		role = RoleDef{ID: p.Role, Name: string(p.Role)}
	}
	return a.give(p, role, a.members[p.ID])
}

// give returns, and fills in, the rights of a person with this role and these groups.
func (a *allRights) give(p *Person, role RoleDef, groups []string) *Rights {
	r := &Rights{role: role, grants: map[Object][]Grant{}, limited: a.limited}
	for _, id := range groups {
		if g, ok := a.groups[id]; ok {
			r.groups = append(r.groups, g)
		}
	}
	slices.SortFunc(r.groups, func(a, b Group) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	p.rights = r
	for _, g := range a.grants {
		if p.In(g.Subject()) {
			g.subjectName = a.groups[g.SubjectID].Name
			r.grants[g.Object()] = append(r.grants[g.Object()], g)
		}
	}
	for o, list := range r.grants {
		levels := Levels[o.Kind]
		slices.SortStableFunc(list, func(a, b Grant) int {
			return cmp.Compare(slices.Index(levels, b.Level), slices.Index(levels, a.Level))
		})
	}
	r.print = r.fingerprint(p)
	return r
}

func (r *Rights) fingerprint(p *Person) string {
	var granted []string
	for o, list := range r.grants {
		granted = append(granted, fmt.Sprintf("%q %q %q %s", o.Kind, o.ID, o.Schema, list[0].Level))
	}
	slices.Sort(granted)
	var groups []string
	for _, g := range r.groups {
		groups = append(groups, g.ID)
	}
	limited := slices.Sorted(maps.Keys(r.limited))
	seen := []any{p.Role, r.role.Actions, groups, granted, limited, p.Attributes}
	if p.thawed != nil && !reflect.DeepEqual(p.thawed.present, p.Attributes) {
		seen = append(seen, p.thawed.present)
	}
	body, _ := json.Marshal(seen)
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// narrowed returns the person as a token with the scopes may act for them; no scopes mean all.
func (p *Person) narrowed(scopes []Action) *Person {
	if len(scopes) == 0 || p.rights == nil {
		return p
	}
	narrow := *p
	rights := *p.rights
	rights.scopes = scopes
	narrow.rights = &rights
	return &narrow
}

// look forgets what is remembered where another room granted something meanwhile.
func (s *Store) look() {
	if n := s.db.Grants(); s.grants.Swap(n) != n {
		s.proven.forget()
	}
}

// touched is called after a change to who may do what: the next request reads it anew.
func (s *Store) touched() { s.proven.forget() }

// knownRole reports whether there is such a role.
func (s *Store) knownRole(ctx context.Context, r Role) (bool, error) {
	if _, ok := builtIn[r]; ok {
		return true, nil
	}
	var n int
	err := s.db.Read().NewRaw("SELECT count(*) FROM roles WHERE id = ?", r).Scan(ctx, &n)
	return n > 0, store.Missing(err, "role")
}
