package identity

import (
	"fmt"
	"slices"
	"strings"
)

// Decision is what a provider's settings make of an identity, and why.
type Decision struct {
	Role   string   // empty where the person is refused
	Groups []string // names, sorted
	// GroupsKnown is false where the provider did not say which groups the person
	// is in, so that nobody should be taken out of one because of it.
	GroupsKnown bool
	Why         []string // each step in words, in order
	Problem     string   // why the person is refused; empty where they are let in
}

// Decide says which role and groups the identity has by the provider's mapping.
// It depends on nothing else, so that a trial says what a sign-in would.
func Decide(p Provider, i Identity) (d Decision) {
	p.complete()
	say := func(format string, args ...any) { d.Why = append(d.Why, fmt.Sprintf(format, args...)) }
	refuse := func(format string, args ...any) {
		if d.Problem == "" {
			d.Problem = fmt.Sprintf(format, args...)
		}
		say(format, args...)
	}
	if i.Subject == "" {
		refuse("The claim %q, by which people are recognised, is missing", p.SubjectClaim)
	}
	p.admit(i, say, refuse)
	d.GroupsKnown = p.tellGroups(i, say)

	held := map[string][]string{}
	for _, m := range p.Mapping {
		claim := m.Claim
		if claim == "" {
			claim = p.GroupClaim
		}
		list, known := held[claim]
		if !known {
			list, _ = values(p.find(i.Claims, claim))
			held[claim] = list
		}
		if !slices.Contains(list, m.Value) {
			continue
		}
		switch {
		case m.Role == "":
		case d.Role == "":
			d.Role = m.Role
			say("%q in %q gives the role %s", m.Value, claim, m.Role)
		case d.Role != m.Role:
			say("%q in %q would give the role %s, but an earlier mapping gave %s", m.Value, claim, m.Role, d.Role)
		}
		if m.Group != "" && !slices.Contains(d.Groups, m.Group) {
			d.Groups = append(d.Groups, m.Group)
			say("%q in %q gives the group %s", m.Value, claim, m.Group)
		}
	}
	slices.Sort(d.Groups)
	switch {
	case d.Role != "":
	case p.DefaultRole != "":
		d.Role = p.DefaultRole
		say("No mapping gives a role, so the default role %s holds", p.DefaultRole)
	default:
		refuse("No mapping gives a role and there is no default role; add a mapping for one of the person's values or choose a default role")
	}
	if d.Problem != "" {
		d.Role, d.Groups = "", nil
		return d
	}
	if p.JustInTime {
		say("Somebody who is not known yet is added at the first sign-in")
	} else {
		say("Only somebody who is known already, or was linked, comes in")
	}
	return d
}

// admit tells about the address and refuses one of a domain that is not allowed.
func (p Provider) admit(i Identity, say, refuse func(string, ...any)) {
	switch {
	case i.Email == "":
		say("There is no address in the claim %q", p.EmailClaim)
	case i.EmailVerified && p.TrustEmail:
		say("The address is %s; this provider's addresses are trusted", i.Email)
	case i.EmailVerified:
		say("The address is %s, which the provider verified", i.Email)
	default:
		say("The address is %s, which the provider did not verify, so nobody is recognised by it", i.Email)
	}
	if len(p.AllowedDomains) == 0 {
		return
	}
	_, of, _ := strings.Cut(i.Email, "@")
	switch {
	case i.Email == "":
		refuse("Only addresses of %s are allowed, and there is none", strings.Join(p.AllowedDomains, ", "))
	case !i.EmailVerified:
		refuse("Only addresses of %s are allowed, and this one is not verified", strings.Join(p.AllowedDomains, ", "))
	case !slices.Contains(p.AllowedDomains, of):
		refuse("Only addresses of %s are allowed, and this one is of %s", strings.Join(p.AllowedDomains, ", "), of)
	default:
		say("The domain %s is allowed", of)
	}
}

// tellGroups says what the group claim holds and reports whether it is complete.
func (p Provider) tellGroups(i Identity, say func(string, ...any)) bool {
	v := p.find(i.Claims, p.GroupClaim)
	list, odd := values(v)
	switch {
	case v == nil && overage(i.Claims, p.GroupClaim):
		say("The person is in so many groups that Microsoft Entra left out the claim %q; let it send only the groups assigned to the application, or use app roles and the claim \"roles\"", p.GroupClaim)
		return false
	case v == nil:
		say("There is no claim %q", p.GroupClaim)
		return true
	case len(list) == 0 && odd > 0:
		say("The claim %q holds neither a text nor a list of texts", p.GroupClaim)
		return false
	case len(list) == 0:
		say("The claim %q is empty", p.GroupClaim)
	default:
		shown, more := list[:min(len(list), 20)], ""
		if len(list) > len(shown) {
			more = fmt.Sprintf(" and %d more", len(list)-len(shown))
		}
		say("The claim %q holds %s%s", p.GroupClaim, cut(strings.Join(shown, ", "), 1000), more)
	}
	if odd > 0 {
		say("%d of its items are not texts and count for nothing", odd)
	}
	return true
}

// overage reports whether Entra points to the groups instead of listing them,
// which it does beyond 200 of them (150 in SAML).
func overage(claims map[string]any, claim string) bool {
	if confirmed(claims["hasgroups"]) {
		return true
	}
	names, _ := claims["_claim_names"].(map[string]any)
	_, ok := names[claim]
	if _, saml := claims["http://schemas.microsoft.com/claims/groups.link"]; saml {
		return true
	}
	return ok
}
