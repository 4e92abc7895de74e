// Package identity is how people come in through their company's identity
// provider: OpenID Connect, GitHub and SAML 2.0. It keeps the providers, takes a
// sign-in from the first redirect to a verified identity, and says which role and
// groups the identity's claims give.
//
// goth builds the addresses, exchanges codes and reads user information; it is
// never asked whether a token is genuine. State, nonce, PKCE and the ID token's
// signature, issuer, audience and times are checked here.
package identity

import (
	"maps"
	"net/mail"
	"slices"
	"strings"
)

// Identity is somebody as a provider knows them. Every field but the claims is
// checked; nobody is recognised by anything but Key.
type Identity struct {
	ProviderID string
	Issuer     string // as the verified token or assertion names it
	Subject    string // the issuer's stable name for the person
	Email      string // lower case; empty where the provider gives none that can be read
	// EmailVerified says that the provider checked the address, or is trusted to know it.
	EmailVerified bool
	Name          string
	Groups        []string
	// Claims is what the provider says about the person, without tokens.
	Claims map[string]any
	// IDToken is the hint for Logout; it is kept in the session, never in the store.
	IDToken string
}

// Key is what the identity is recognised by: issuer and subject, never the
// address. An issuer holds no space.
func (i Identity) Key() string { return i.Issuer + " " + i.Subject }

// protocolClaims say something about the token, not about the person.
var protocolClaims = []string{"aud", "azp", "exp", "iat", "nbf", "nonce", "jti", "at_hash", "c_hash", "s_hash", "sid", "auth_time", "rt_hash", "aio", "uti", "rh"}

// FromClaims reads claims as the provider's settings say, without judging them.
// It serves sign-ins, where the claims are verified already, and trials with
// claims that somebody pasted.
func FromClaims(p Provider, claims map[string]any) Identity {
	p.complete()
	kept := maps.Clone(claims)
	for _, name := range protocolClaims {
		delete(kept, name)
	}
	i := Identity{ProviderID: p.ID, Claims: kept}
	i.Issuer, _ = claims["iss"].(string)
	i.Subject = text(p.find(claims, p.SubjectClaim))
	i.Email = address(text(p.find(claims, p.EmailClaim)))
	i.EmailVerified = i.Email != "" && (p.TrustEmail || p.EmailClaim == defaultEmailClaim && p.vouches(claims, i.Email))
	i.Name = cut(strings.Join(strings.Fields(text(p.find(claims, p.NameClaim))), " "), 200)
	if i.Name == "" {
		i.Name = cut(strings.TrimSpace(text(claims["given_name"])+" "+text(claims["family_name"])), 200)
	}
	i.Groups, _ = values(p.find(claims, p.GroupClaim))
	return i
}

// vouches reports whether the provider says that the address is the person's.
func (p Provider) vouches(claims map[string]any, email string) bool {
	_, of, _ := strings.Cut(email, "@")
	switch verified := confirmed(claims["email_verified"]); p.Kind {
	case Google:
		// An address elsewhere was verified once, when the account was made; Google
		// speaks for its own and for those of the organization it names.
		hd, _ := claims["hd"].(string)
		return verified && (of == "gmail.com" || hd != "" && strings.EqualFold(of, hd))
	case Microsoft:
		// Entra lets administrators of any directory write any address; only this
		// claim says that the directory owns the domain.
		return confirmed(claims["xms_edov"])
	default:
		return verified
	}
}

// text reads a claim that holds one text, alone or as the only item of a list.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		if len(v) == 1 {
			return text(v[0])
		}
	}
	return ""
}

// confirmed reads a yes, which some providers write as text.
func confirmed(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v == "true" || v == "1"
	case float64:
		return v == 1
	}
	return false
}

// mostValues bounds the groups that are looked at.
const mostValues = 2000

// values reads a claim that holds one text or a list of texts; odd says how many
// items are something else.
func values(v any) (list []string, odd int) {
	switch v := v.(type) {
	case nil:
	case string:
		if v != "" {
			list = append(list, v)
		}
	case []any:
		for _, item := range v[:min(len(v), mostValues)] {
			if s, ok := item.(string); ok && s != "" {
				list = append(list, s)
			} else {
				odd++
			}
		}
	default:
		odd = 1
	}
	slices.Sort(list)
	return slices.Compact(list), odd
}

// address returns an e-mail address in lower case, or "" where it is none.
func address(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s || len(s) > 254 {
		return ""
	}
	return s
}

// cut shortens a text to at most n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// find returns the claim of a name. A name with dots is a claim of just that
// name or else a path: "resource_access.assay.roles". For SAML the usual names
// of the same attribute are tried too.
func (p Provider) find(claims map[string]any, name string) any {
	if v, ok := at(claims, name, 8); ok {
		return v
	}
	if p.Kind == SAML {
		for _, alias := range samlAliases[name] {
			if v, ok := claims[alias]; ok {
				return v
			}
		}
	}
	return nil
}

func at(claims map[string]any, path string, depth int) (any, bool) {
	if v, ok := claims[path]; ok {
		return v, true
	}
	if depth == 0 {
		return nil, false
	}
	for i, c := range path {
		if c != '.' {
			continue
		}
		if inner, ok := claims[path[:i]].(map[string]any); ok {
			if v, ok := at(inner, path[i+1:], depth-1); ok {
				return v, true
			}
		}
	}
	return nil, false
}

// samlAliases are the names under which identity providers send the usual attributes.
var samlAliases = map[string][]string{
	defaultEmailClaim: {"mail", "urn:oid:0.9.2342.19200300.100.1.3", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "emailAddress", "EmailAddress", "Email"},
	defaultNameClaim:  {"displayName", "cn", "urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.3", "http://schemas.microsoft.com/identity/claims/displayname", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"},
	defaultGroupClaim: {"memberOf", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "http://schemas.xmlsoap.org/claims/Group", "urn:oid:1.3.6.1.4.1.5923.1.1.1.1"},
}
