package account

import (
	"context"
	"slices"

	"assay/app/fault"
)

// Managed is what somebody means to do to a person.
type Managed struct {
	// Person is who is changed, let in anew, ended or removed, as they are; nil for somebody new.
	Person *Person
	// Role is the role the person will have; empty where it stays.
	Role Role
	// Join holds the ids of the groups the person is put into.
	Join []string
	// Attributes are what the person will have; nil where they stay.
	Attributes map[string][]string
}

// MayManage decides whether the actor may do this to a person. Nobody makes,
// changes or lets in anew somebody who may do more than they may themselves, so
// that no right is won by going round through another account: only
// administrators touch administrators, nobody gives a role with actions they lack,
// and whoever may not grant rights leaves alone those whom groups, grants, rules or
// attributes let see what they do not see. A token with scopes does not change the
// person it speaks for. What it returns is a Denied fault, or one of an unknown
// role (Invalid) or group (NotFound).
func (s *Store) MayManage(ctx context.Context, actor *Person, m Managed) (err error) {
	defer fault.Wrap(&err, "account.MayManage")
	if err := Check(actor, EditPeople); err != nil {
		return err
	}
	if m.Person != nil && m.Person.ID == actor.ID && actor.Scopes() != nil {
		return fault.New(fault.Denied, "A token with scopes does not change the person it speaks for")
	}
	var roles []RoleDef
	if m.Person != nil {
		before, err := s.RoleDef(ctx, m.Person.Role)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		roles = append(roles, before)
	}
	if m.Role != "" {
		after, err := s.RoleDef(ctx, m.Role)
		if fault.Is(err, fault.NotFound) {
			return fault.Field("role", "A role is admin, analyst, viewer or one that was made here")
		}
		if err != nil {
			return err
		}
		roles = append(roles, after)
	}
	for _, r := range roles {
		if err := MayGiveRole(actor, r); err != nil {
			return err
		}
	}
	if May(actor, EditRights).Allowed {
		return nil
	}
	for _, group := range m.Join {
		if err := s.MayJoin(ctx, actor, group); err != nil {
			return err
		}
	}
	if !within(m.Attributes, actor.Attributes) {
		return fault.New(fault.Denied, "Attributes decide which rows are seen: without the right to grant rights you give only those that you have yourself")
	}
	if m.Person == nil || m.Person.ID == actor.ID {
		return nil
	}
	own, err := s.decidesRights(ctx, Subject{ToPerson, m.Person.ID})
	if err != nil {
		return err
	}
	if own || !within(m.Person.Attributes, actor.Attributes) {
		return errReach()
	}
	groups, err := s.GroupsOf(ctx, m.Person.ID)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if s.MayJoin(ctx, actor, g.ID) != nil {
			return errReach()
		}
	}
	return nil
}

func errReach() error {
	return fault.New(fault.Denied, "This person was given rights that you do not have; somebody who may grant rights can do this")
}

// MayJoin decides whether the actor may put people into a group, take them out of
// it, or change it: whoever may not grant rights keeps to the groups they are in
// themselves and to those to which nothing was granted and for which no rule is.
func (s *Store) MayJoin(ctx context.Context, actor *Person, group string) (err error) {
	defer fault.Wrap(&err, "account.MayJoin(%s)", group)
	if err := Check(actor, EditPeople); err != nil {
		return err
	}
	if _, err := s.Group(ctx, group); err != nil {
		return err
	}
	if May(actor, EditRights).Allowed || actor.In(Subject{ToGroup, group}) {
		return nil
	}
	return s.mayChange(ctx, Subject{ToGroup, group})
}

// MayRemoveGroup decides whether the actor may remove a group. What was granted to
// it goes with it, which somebody has to decide who may grant rights.
func (s *Store) MayRemoveGroup(ctx context.Context, actor *Person, group string) (err error) {
	defer fault.Wrap(&err, "account.MayRemoveGroup(%s)", group)
	if err := s.MayJoin(ctx, actor, group); err != nil || May(actor, EditRights).Allowed {
		return err
	}
	return s.mayChange(ctx, Subject{ToGroup, group})
}

func (s *Store) mayChange(ctx context.Context, to Subject) error {
	rights, err := s.decidesRights(ctx, to)
	if err == nil && rights {
		err = fault.New(fault.Denied, "Rights were given to this group; somebody who may grant rights can do this")
	}
	return err
}

// decidesRights reports whether anything was granted to the subject, or a rule is for it.
func (s *Store) decidesRights(ctx context.Context, to Subject) (bool, error) {
	var n int
	err := s.db.Read().NewRaw(`SELECT (SELECT count(*) FROM grants WHERE subject_kind = ? AND subject_id = ?) + (SELECT count(*) FROM rules WHERE subject_kind = ? AND subject_id = ?)`,
		to.Kind, to.ID, to.Kind, to.ID).Scan(ctx, &n)
	return n > 0, err
}

// within reports whether each of the attributes' values is among those somebody has.
func within(attributes, have map[string][]string) bool {
	for name, values := range attributes {
		for _, v := range values {
			if !slices.Contains(have[name], v) {
				return false
			}
		}
	}
	return true
}

// MayGiveRole decides whether the actor may give others the role: only
// administrators make administrators, and nobody gives a role with actions they lack.
func MayGiveRole(actor *Person, role RoleDef) error {
	if role.ID == Admin && actor.Role != Admin {
		return fault.New(fault.Denied, "Only administrators make, change and let in administrators")
	}
	return MayGive(actor, role.Actions...)
}

// MayGive decides whether the actor may give others, in a role, a token or a
// grant, the rights to the actions: nobody gives what they do not have. What it
// returns is a Denied fault.
func MayGive(actor *Person, actions ...Action) error {
	for _, a := range actions {
		if d := May(actor, a); !d.Allowed {
			return fault.New(fault.Denied, "Nobody gives a right that they do not have: %s", lowerFirst(d.Why))
		}
	}
	return nil
}

func lowerFirst(text string) string {
	if text == "" || text[0] < 'A' || text[0] > 'Z' {
		return text
	}
	return string(text[0]+'a'-'A') + text[1:]
}

// Actions returns the actions that the level of an object lets a person do to it.
func (l Level) Actions() []Action {
	switch l {
	case Results, Read, View:
		return []Action{Look}
	case AskLevel:
		return []Action{Look, Ask, SeeConnections}
	case SQLLevel:
		return []Action{Look, Ask, SeeConnections, AskSQL}
	case Edit:
		return []Action{Look, Save}
	}
	return nil
}

// Scopes returns what the token through which a program acts for the person is
// limited to; nil where nothing limits it.
func (p *Person) Scopes() []Action {
	if p.rights == nil {
		return nil
	}
	return p.rights.scopes
}

// Through returns the API token by which a program acts for the person; nil where
// they act in another way.
func (p *Person) Through() *Token { return p.through }

// MayMakeToken decides whether the actor may make, change or end tokens of their
// own, and returns what a new one is made from: no more scopes and no longer a life
// than the token has that asks for it. A token with scopes needs the one to edit
// people for that, and a service the right.
func (s *Store) MayMakeToken(actor *Person, n NewToken) (NewToken, error) {
	scopes := actor.Scopes()
	if scopes != nil || actor.Kind == Service {
		if d := May(actor, EditPeople); !d.Allowed {
			return n, fault.New(fault.Denied, "Tokens are not made or changed with this token: %s", lowerFirst(d.Why))
		}
	}
	if scopes != nil && len(n.Scopes) == 0 {
		n.Scopes = slices.Clone(scopes)
	}
	for _, a := range n.Scopes {
		if scopes != nil && !slices.Contains(scopes, a) {
			return n, fault.New(fault.Denied, "A token cannot be made with the scope %s by one that does not have it", a)
		}
	}
	if by := actor.Through(); by != nil {
		left := by.ExpiresAt.Sub(s.now())
		if n.Life == 0 {
			n.Life = min(left, TokenLife)
		}
		if n.Life > left {
			return n, fault.Field("expires_at", "A token that is made by another one ends with it at the latest, at %s", by.ExpiresAt.UTC().Format("2006-01-02 15:04 UTC"))
		}
	}
	return n, nil
}
