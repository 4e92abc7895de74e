package identity

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"assay/app/fault"
)

// Kind is what sort of identity provider it is.
type Kind string

// The kinds. All but GitHub and SAML speak OpenID Connect.
const (
	Google    Kind = "google"
	Microsoft Kind = "microsoft"
	GitHub    Kind = "github"
	GitLab    Kind = "gitlab"
	Okta      Kind = "okta"
	OIDC      Kind = "oidc"
	SAML      Kind = "saml"
)

// Kinds lists the kinds in the order in which they are offered.
var Kinds = []Kind{OIDC, Google, Microsoft, Okta, GitHub, GitLab, SAML}

// Names of the claims that hold where a provider says nothing else.
const (
	defaultSubjectClaim = "sub"
	defaultEmailClaim   = "email"
	defaultNameClaim    = "name"
	defaultGroupClaim   = "groups"
)

// SettingsID is the id of the provider that comes from the settings.
const SettingsID = "settings"

// Provider is a company's identity provider and what its claims mean here.
type Provider struct {
	ID      string `json:"-"`
	Kind    Kind   `json:"-"`
	Name    string `json:"-"` // as the sign-in page shows it
	Enabled bool   `json:"-"`

	// Issuer is the issuer's address; for Microsoft the directory (tenant) id does,
	// for GitHub and GitLab the address of the installation, empty for the public one.
	Issuer   string `json:"issuer,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	// ClientSecret is write-only: what is read from the store has it empty, and
	// Update keeps the stored one where it is empty.
	ClientSecret string   `json:"-"`
	HasSecret    bool     `json:"has_secret,omitempty"` // set by the store
	Scopes       []string `json:"scopes,omitempty"`     // empty: what the kind needs

	SubjectClaim string `json:"subject_claim,omitempty"` // default sub, which for SAML is the NameID
	EmailClaim   string `json:"email_claim,omitempty"`   // default email
	NameClaim    string `json:"name_claim,omitempty"`    // default name
	GroupClaim   string `json:"group_claim,omitempty"`   // default groups; may be a path such as resource_access.assay.roles

	// Mapping gives roles and groups; the first match with a role decides the role.
	Mapping []Mapping `json:"mapping,omitempty"`
	// DefaultRole is for people to whom no mapping gives a role; empty refuses them.
	DefaultRole string `json:"default_role,omitempty"`
	// JustInTime lets people in who are not known yet, and adds them.
	JustInTime bool `json:"just_in_time,omitempty"`
	// AllowedDomains are the domains that a verified address must be of; empty allows all.
	AllowedDomains []string `json:"allowed_domains,omitempty"`
	// TrustEmail takes the provider's addresses as verified though it does not say so.
	TrustEmail bool `json:"trust_email,omitempty"`

	// MetadataXML or MetadataURL describe a SAML provider.
	MetadataXML string `json:"metadata_xml,omitempty"`
	MetadataURL string `json:"metadata_url,omitempty"`
	// EntityID is what we are called at a SAML provider; empty: the address of our metadata.
	EntityID string `json:"entity_id,omitempty"`
	// Certificate belongs to the key that signs our SAML requests, in PEM; it is made by Create.
	Certificate string `json:"certificate,omitempty"`

	// FromSettings says that the provider comes from the settings and cannot be changed here.
	FromSettings bool      `json:"-"`
	CreatedAt    time.Time `json:"-"`
	UpdatedAt    time.Time `json:"-"`
}

// Mapping gives a role, a group or both to whoever has the value among a claim's values.
type Mapping struct {
	Claim string `json:"claim,omitempty"` // empty: the provider's GroupClaim
	Value string `json:"value"`
	Role  string `json:"role,omitempty"`
	Group string `json:"group,omitempty"` // the group's name
}

// CallbackPath is where the provider sends people back to: a GET for OpenID
// Connect, a POST from the provider's own site for SAML.
func CallbackPath(providerID string) string {
	return "/auth/" + url.PathEscape(providerID) + "/callback"
}

// MetadataPath is where our SAML metadata is found.
func MetadataPath(providerID string) string {
	return "/auth/" + url.PathEscape(providerID) + "/metadata"
}

// oidc reports whether the provider speaks OpenID Connect.
func (p Provider) oidc() bool { return p.Kind != GitHub && p.Kind != SAML }

// complete fills in what the kind says.
func (p *Provider) complete() {
	for _, field := range []struct {
		value    *string
		fallback string
	}{
		{&p.EmailClaim, defaultEmailClaim}, {&p.NameClaim, defaultNameClaim}, {&p.GroupClaim, defaultGroupClaim}, {&p.SubjectClaim, defaultSubjectClaim},
	} {
		if *field.value = strings.TrimSpace(*field.value); *field.value == "" {
			*field.value = field.fallback
		}
	}
	if p.Issuer == "" {
		p.Issuer = map[Kind]string{Google: "https://accounts.google.com", GitHub: "https://github.com", GitLab: "https://gitlab.com"}[p.Kind]
	}
	if p.Kind == Microsoft && tenant.MatchString(p.Issuer) {
		p.Issuer = "https://login.microsoftonline.com/" + strings.ToLower(p.Issuer) + "/v2.0"
	}
	if len(p.Scopes) == 0 {
		switch p.Kind {
		case GitHub:
			p.Scopes = []string{"read:user", "user:email", "read:org"}
		case Okta:
			p.Scopes = []string{"openid", "email", "profile", "groups"}
		case SAML:
		default:
			p.Scopes = []string{"openid", "email", "profile"}
		}
	}
}

var (
	tenant    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	scopeText = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]{1,200}$`) // RFC 6749, 3.3
	domain    = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9][a-z0-9-]*$`)
)

// check tidies the provider and tells all problems at once, by field.
func (p *Provider) check() error {
	var problems fault.Fields
	for _, s := range []*string{&p.Name, &p.Issuer, &p.ClientID, &p.ClientSecret, &p.DefaultRole, &p.MetadataXML, &p.MetadataURL, &p.EntityID} {
		*s = strings.TrimSpace(*s)
	}
	if n := utf8.RuneCountInString(p.Name); n == 0 || n > 100 {
		problems.Add("name", "Give the provider a name of at most 100 characters")
	}
	if !slices.Contains(Kinds, p.Kind) {
		problems.Add("kind", "The kind is one of google, microsoft, github, gitlab, okta, oidc and saml")
		return problems.Err()
	}
	p.complete()
	if p.Kind == SAML {
		p.checkSAML(&problems)
	} else {
		p.checkClient(&problems)
	}
	for field, claim := range map[string]string{"subject_claim": p.SubjectClaim, "email_claim": p.EmailClaim, "name_claim": p.NameClaim, "group_claim": p.GroupClaim} {
		if len(claim) > 200 {
			problems.Add(field, "A claim's name has at most 200 characters")
		}
	}
	if slices.Contains(changeable, strings.ToLower(p.SubjectClaim)) {
		problems.Add("subject_claim", "People can change or inherit %q; choose a claim that stays with one person, such as sub", p.SubjectClaim)
	}
	p.checkMapping(&problems)
	for i, d := range p.AllowedDomains {
		p.AllowedDomains[i] = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(d), "@"))
		if !domain.MatchString(p.AllowedDomains[i]) {
			problems.Add("allowed_domains", "%q is not a domain such as example.com", d)
		}
	}
	return problems.Err()
}

// changeable are claims by which nobody may be recognised: whoever gets another
// one's address or name would get their account.
var changeable = []string{"email", "mail", "upn", "name", "nickname", "login", "username", "preferred_username", "unique_name", "given_name", "family_name"}

func (p *Provider) checkClient(problems *fault.Fields) {
	switch {
	case p.Issuer == "" && p.Kind == Microsoft:
		problems.Add("issuer", "Give the directory (tenant) id")
	case p.Issuer == "":
		problems.Add("issuer", "Give the issuer's address")
	case p.Kind == Google && p.Issuer != "https://accounts.google.com":
		problems.Add("issuer", "Google's issuer is https://accounts.google.com; leave it empty")
	case p.Kind == Microsoft && sharedTenant(p.Issuer):
		problems.Add("issuer", "Give your own directory (tenant) id: common, organizations and consumers would let people of any company in")
	default:
		if problem := addressProblem(p.Issuer); problem != "" {
			problems.Add("issuer", "%s", problem)
		}
	}
	if p.ClientID == "" || len(p.ClientID) > 500 {
		problems.Add("client_id", "Give the client id that the provider made for this installation")
	}
	if p.ClientSecret == "" && !p.HasSecret && p.Kind != OIDC {
		problems.Add("client_secret", "Give the client secret that the provider made for this installation")
	}
	if len(p.ClientSecret) > 2000 {
		problems.Add("client_secret", "A client secret has at most 2000 characters")
	}
	for _, scope := range p.Scopes {
		if !scopeText.MatchString(scope) {
			problems.Add("scopes", "%q is not a scope", scope)
		}
	}
	if p.oidc() && !slices.Contains(p.Scopes, "openid") {
		p.Scopes = append([]string{"openid"}, p.Scopes...)
	}
}

func sharedTenant(issuer string) bool {
	for _, shared := range []string{"common", "organizations", "consumers"} {
		if strings.EqualFold(issuer, shared) || strings.Contains(strings.ToLower(issuer), "/"+shared) {
			return true
		}
	}
	return false
}

func (p *Provider) checkMapping(problems *fault.Fields) {
	if len(p.Mapping) > 500 {
		problems.Add("mapping", "At most 500 mappings are allowed")
		return
	}
	for i := range p.Mapping {
		m := &p.Mapping[i]
		for _, s := range []*string{&m.Claim, &m.Value, &m.Role, &m.Group} {
			*s = strings.TrimSpace(*s)
			if utf8.RuneCountInString(*s) > 200 {
				problems.Add("mapping", "Each part of mapping %d has at most 200 characters", i+1)
			}
		}
		switch {
		case m.Value == "":
			problems.Add("mapping", "Mapping %d needs the value that the claim must hold", i+1)
		case m.Role == "" && m.Group == "":
			problems.Add("mapping", "Mapping %d gives neither a role nor a group", i+1)
		}
	}
	if utf8.RuneCountInString(p.DefaultRole) > 200 {
		problems.Add("default_role", "A role's name has at most 200 characters")
	}
}

// addressProblem says what is wrong with the address of a provider, or "".
// Without TLS only this machine itself is reached, for trying things out.
func addressProblem(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || len(address) > 500 || strings.ContainsAny(address, " \t\r\n\\"):
		return "This is not an address such as https://login.example.com"
	case u.Scheme == "http" && loopback(u.Hostname()):
	case u.Scheme != "https":
		return "The address must begin with https://"
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "The address must not hold a user, a query or a fragment"
	}
	return ""
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
