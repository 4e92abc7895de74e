package account

import "assay/app/fault"

// RoleName returns the name of the person's role as people know it.
func (p *Person) RoleName() string {
	if p.rights == nil {
		return (&Rights{role: builtIn[p.Role]}).roleName(p)
	}
	return p.rights.roleName(p)
}

// CheckGives returns a Denied fault where the role includes what the person may
// not do: whoever looks after people must not give, or make, more than they have.
func (p *Person) CheckGives(role RoleDef) error {
	if p.Role == Admin {
		return nil
	}
	if role.ID == Admin {
		return fault.New(fault.Denied, "Only an administrator makes somebody an administrator")
	}
	for _, a := range role.Actions {
		if !May(p, a).Allowed {
			return fault.New(fault.Denied, "The role %s includes the right to %s, which you do not have and so cannot give", role.Name, a.means())
		}
	}
	return nil
}

// CheckOver returns a Denied fault where the other may do what the person may
// not: by a link, a token or a changed address they would get it.
func (p *Person) CheckOver(other *Person) error {
	if p.ID == other.ID || p.Role == Admin {
		return nil
	}
	role := RoleDef{ID: other.Role, Name: string(other.Role), Actions: builtIn[other.Role].Actions}
	if other.rights != nil {
		role = other.rights.role
	}
	if p.CheckGives(role) != nil {
		return fault.New(fault.Denied, "%s may do more than you, so only somebody who may do that too changes this account", other.Name)
	}
	return nil
}
