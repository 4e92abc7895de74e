package web

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/identity"
	"assay/views"
)

// adminProviders is where identity providers are looked after.
type adminProviders struct {
	people     *account.Store
	identities *identity.Store
	prover     *prover
	config     Config
}

func (x *adminProviders) routes(g *echo.Group) {
	g.GET("/admin/providers", may(account.EditPeople, x.list))
	g.GET("/admin/providers/new", may(account.EditPeople, x.new))
	g.POST("/admin/providers", may(account.EditPeople, x.prover.fresh(x.create)))
	g.GET("/admin/providers/:id", may(account.EditPeople, x.edit))
	g.POST("/admin/providers/:id", may(account.EditPeople, x.prover.fresh(x.update)))
	g.POST("/admin/providers/:id/enable", may(account.EditPeople, x.prover.fresh(x.enable)))
	g.POST("/admin/providers/:id/disable", may(account.EditPeople, x.prover.fresh(x.disable)))
	g.GET("/admin/providers/:id/delete", may(account.EditPeople, x.askRemove))
	g.POST("/admin/providers/:id/delete", may(account.EditPeople, x.prover.fresh(x.remove)))
	g.GET("/admin/providers/:id/try", may(account.EditPeople, x.try))
	g.POST("/admin/providers/:id/try", may(account.EditPeople, x.try))
}

// providerKinds are the kinds as people know them.
var providerKinds = map[identity.Kind]string{
	identity.OIDC: "OpenID Connect", identity.Google: "Google", identity.Microsoft: "Microsoft Entra", identity.Okta: "Okta",
	identity.GitHub: "GitHub", identity.GitLab: "GitLab", identity.SAML: "SAML 2.0",
}

func (x *adminProviders) list(c echo.Context) error {
	list, err := x.identities.List(c.Request().Context())
	if err != nil {
		return err
	}
	page := views.Providers{Chrome: adminChrome(c, "Identity providers", "providers")}
	for _, p := range list {
		page.Items = append(page.Items, views.ProviderItem{Name: p.Name, URL: "/admin/providers/" + p.ID, Kind: providerKinds[p.Kind], Enabled: p.Enabled, FromSettings: p.FromSettings, Where: cmp.Or(p.Issuer, p.MetadataURL, "metadata given as a file")})
	}
	return respond(c, http.StatusOK, views.ProvidersPage(page))
}

func (x *adminProviders) new(c echo.Context) error {
	kind := identity.Kind(c.QueryParam("kind"))
	if !slices.Contains(identity.Kinds, kind) {
		page := views.ProviderKinds{Chrome: adminChrome(c, "Add an identity provider", "providers")}
		for _, k := range identity.Kinds {
			page.Kinds = append(page.Kinds, views.KindItem{Label: providerKinds[k], URL: "/admin/providers/new?kind=" + string(k), Say: providerWords[k]})
		}
		return respond(c, http.StatusOK, views.ProviderKindsPage(page))
	}
	name := providerKinds[kind]
	if kind == identity.OIDC || kind == identity.SAML {
		name = ""
	}
	return x.form(c, http.StatusOK, identity.Provider{Kind: kind, Name: name, Enabled: true}, nil, "")
}

var providerWords = map[identity.Kind]string{
	identity.OIDC: "Keycloak, Auth0, Authentik, Ping, ADFS and whatever else speaks it", identity.Google: "Google Workspace", identity.Microsoft: "Microsoft 365, Azure AD",
	identity.Okta: "Okta Workforce Identity", identity.GitHub: "github.com or GitHub Enterprise", identity.GitLab: "gitlab.com or your own GitLab",
	identity.SAML: "for providers that do not offer OpenID Connect",
}

// mappingLines is how many empty lines for mappings the form offers.
const mappingLines = 3

// form shows a provider's form.
func (x *adminProviders) form(c echo.Context, status int, p identity.Provider, errors map[string]string, problem string) error {
	page := views.ProviderForm{Chrome: adminChrome(c, cmp.Or(p.Name, "Add an identity provider"), "providers"), ID: p.ID, Action: "/admin/providers", Kind: string(p.Kind), KindName: providerKinds[p.Kind],
		Enabled: p.Enabled, FromSettings: p.FromSettings, HasSecret: p.HasSecret, Name: p.Name, Issuer: p.Issuer, ClientID: p.ClientID, Scopes: strings.Join(p.Scopes, " "),
		SubjectClaim: p.SubjectClaim, EmailClaim: p.EmailClaim, NameClaim: p.NameClaim, GroupClaim: p.GroupClaim, JustInTime: p.JustInTime, TrustEmail: p.TrustEmail,
		Domains: strings.Join(p.AllowedDomains, ", "), MetadataURL: p.MetadataURL, MetadataXML: p.MetadataXML, EntityID: p.EntityID, Errors: errors, Problem: problem}
	if p.ID == "" {
		page.Chrome.Title = "Add " + providerKinds[p.Kind]
	} else {
		base := x.config.address(c)
		page.Action = "/admin/providers/" + p.ID
		page.Callback, page.LoggedOut, page.Metadata = base+identity.CallbackPath(p.ID), base+"/login", base+identity.MetadataPath(p.ID)
		page.OurEntityID = cmp.Or(p.EntityID, page.Metadata)
	}
	roles, err := x.people.RoleDefs(c.Request().Context())
	if err != nil {
		return err
	}
	choices := func(chosen, none string) []views.Choice {
		list, found := []views.Choice{{Value: "", Label: none, Selected: chosen == ""}}, chosen == ""
		for _, r := range roles {
			found = found || string(r.ID) == chosen
			list = append(list, views.Choice{Value: string(r.ID), Label: r.Name, Selected: string(r.ID) == chosen})
		}
		if !found {
			list = append(list, views.Choice{Value: chosen, Label: chosen + " (does not exist)", Selected: true})
		}
		return list
	}
	page.Roles = choices(p.DefaultRole, "none: who has no mapped role is refused")
	for i := range len(p.Mapping) + mappingLines {
		var m identity.Mapping
		if i < len(p.Mapping) {
			m = p.Mapping[i]
		} else if p.FromSettings {
			break
		}
		page.Mapping = append(page.Mapping, views.MappingLine{N: strconv.Itoa(i), Claim: m.Claim, Value: m.Value, Group: m.Group, Roles: choices(m.Role, "no role")})
	}
	return respond(c, status, views.ProviderFormPage(page))
}

// read takes a provider from its form.
func (x *adminProviders) read(c echo.Context) identity.Provider {
	words := func(name string) []string {
		return strings.FieldsFunc(c.FormValue(name), func(r rune) bool { return strings.ContainsRune(", \t\r\n;", r) })
	}
	p := identity.Provider{Kind: identity.Kind(c.FormValue("kind")), Name: c.FormValue("name"), Enabled: c.FormValue("enabled") != "", Issuer: c.FormValue("issuer"),
		ClientID: c.FormValue("client_id"), ClientSecret: c.FormValue("client_secret"), Scopes: words("scopes"), SubjectClaim: c.FormValue("subject_claim"),
		EmailClaim: c.FormValue("email_claim"), NameClaim: c.FormValue("name_claim"), GroupClaim: c.FormValue("group_claim"), DefaultRole: c.FormValue("default_role"),
		JustInTime: c.FormValue("just_in_time") != "", TrustEmail: c.FormValue("trust_email") != "", AllowedDomains: words("allowed_domains"),
		MetadataURL: c.FormValue("metadata_url"), MetadataXML: c.FormValue("metadata_xml"), EntityID: c.FormValue("entity_id")}
	for i := 0; c.Request().PostForm.Has("m." + strconv.Itoa(i) + ".value"); i++ {
		part := func(name string) string { return strings.TrimSpace(c.FormValue("m." + strconv.Itoa(i) + "." + name)) }
		m := identity.Mapping{Claim: part("claim"), Value: part("value"), Role: part("role"), Group: part("group")}
		if m != (identity.Mapping{}) {
			p.Mapping = append(p.Mapping, m)
		}
	}
	return p
}

// mayShape decides whether the visitor may make the provider what it shall be.
// Who shapes a provider decides who comes in by it and as what, so nobody gives
// through it more than they have, nor touches one by which others come in who
// may do more.
func (x *adminProviders) mayShape(c echo.Context, providers ...identity.Provider) error {
	ctx, by := c.Request().Context(), person(c)
	if by.Role == account.Admin {
		return nil
	}
	for _, p := range providers {
		roles, groups := []string{p.DefaultRole}, []string{}
		for _, m := range p.Mapping {
			roles, groups = append(roles, m.Role), append(groups, m.Group)
		}
		for _, id := range roles {
			if id == "" {
				continue
			}
			role, err := x.people.RoleDef(ctx, account.Role(id))
			if err == nil {
				err = account.MayGiveRole(by, role)
			}
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
		}
		if err := x.mayFill(ctx, by, groups); err != nil {
			return err
		}
		if p.ID == "" {
			continue
		}
		links, err := x.identities.OfProvider(ctx, p.ID)
		if err != nil {
			return err
		}
		if len(links) >= 200 {
			return fault.New(fault.Denied, "So many people come in by this provider that only an administrator changes it")
		}
		for _, l := range links {
			other, err := x.people.Get(ctx, l.PersonID)
			if err == nil {
				err = x.people.MayManage(ctx, by, account.Managed{Person: other})
			}
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
		}
	}
	return nil
}

// mayFill checks that the visitor may put people into the groups with the names.
func (x *adminProviders) mayFill(ctx context.Context, by *account.Person, names []string) error {
	groups, err := x.people.Groups(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if slices.Contains(names, g.Name) {
			if err := x.people.MayJoin(ctx, by, g.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// save keeps a provider that a form gave; old is what it was, if anything.
func (x *adminProviders) save(c echo.Context, p identity.Provider, old *identity.Provider) error {
	ctx := c.Request().Context()
	shapes := []identity.Provider{p}
	keep := x.identities.Create
	if old != nil {
		shapes, keep = append(shapes, *old), x.identities.Update
	}
	shown := p
	err := x.mayShape(c, shapes...)
	if err == nil && c.FormValue(leftOut) == "client_secret" {
		err = fault.Field("client_secret", "Type the client secret again; it was not kept while you proved who you are")
	}
	if err == nil {
		err = keep(ctx, &p)
	}
	if err != nil {
		status, problem, fields, ok := told(err)
		if !ok {
			return err
		}
		if old != nil {
			shown.HasSecret = old.HasSecret
		}
		return x.form(c, status, shown, fields, problem)
	}
	if old == nil {
		return done(c, "/admin/providers/"+p.ID, "Added. Now tell the provider about this installation, with what stands on the right.")
	}
	return done(c, "/admin/providers/"+p.ID, "Saved.")
}

func (x *adminProviders) create(c echo.Context) error { return x.save(c, x.read(c), nil) }

func (x *adminProviders) edit(c echo.Context) error {
	p, err := x.identities.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return x.form(c, http.StatusOK, *p, nil, "")
}

func (x *adminProviders) update(c echo.Context) error {
	old, err := x.identities.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	p := x.read(c)
	p.ID, p.Kind = old.ID, old.Kind
	return x.save(c, p, old)
}

func (x *adminProviders) enable(c echo.Context) error {
	return x.setEnabled(c, true, "It is offered on the sign-in page.")
}

func (x *adminProviders) disable(c echo.Context) error {
	return x.setEnabled(c, false, "Nobody comes in by it any more. Who is signed in stays so.")
}

func (x *adminProviders) setEnabled(c echo.Context, on bool, say string) error {
	p, err := x.identities.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	if err := x.mayShape(c, *p); err != nil {
		return err
	}
	p.Enabled = on
	if err := x.identities.Update(c.Request().Context(), p); err != nil {
		return err
	}
	return done(c, "/admin/providers/"+p.ID, say)
}

func (x *adminProviders) askRemove(c echo.Context) error {
	p, err := x.identities.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return x.ask(c, http.StatusOK, p, "")
}

func (x *adminProviders) ask(c echo.Context, status int, p *identity.Provider, problem string) error {
	links, err := x.identities.OfProvider(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}
	effects := []string{"The people stay, with all they saved. Who has no password needs an invitation from you to get in again."}
	if n := len(links); n > 0 {
		effects = append([]string{counted(n, "identity is", "identities are") + " linked to it and cannot come in by it any more."}, effects...)
	}
	page := views.Confirm{Chrome: adminChrome(c, "Delete "+p.Name, "providers"), Path: []views.Link{{Label: "Identity providers", URL: "/admin/providers"}, {Label: p.Name, URL: "/admin/providers/" + p.ID}},
		Say: "The provider goes with what it knows people as. Disable it instead to keep that.", Effects: effects, Problem: problem,
		Action: "/admin/providers/" + p.ID + "/delete", Label: "Delete " + p.Name, Back: "/admin/providers/" + p.ID}
	return respond(c, status, views.ConfirmPage(page))
}

func (x *adminProviders) remove(c echo.Context) error {
	p, err := x.identities.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	if err = x.mayShape(c, *p); err == nil {
		err = x.identities.Delete(c.Request().Context(), p.ID)
	}
	if err != nil {
		status, problem, _, ok := told(err)
		if !ok {
			return err
		}
		return x.ask(c, status, p, problem)
	}
	return done(c, "/admin/providers", p.Name+" was deleted.")
}

// try says what a sign-in with some claims would do, without one.
func (x *adminProviders) try(c echo.Context) error {
	p, err := x.identities.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	links, err := x.identities.OfProvider(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}
	page := views.ProviderTry{Chrome: adminChrome(c, "Try "+p.Name, "providers"), ID: p.ID, Name: p.Name, Claims: c.FormValue("claims")}
	chosen := c.FormValue("of")
	page.People = []views.Choice{{Value: "", Label: "the claims below", Selected: chosen == ""}}
	for i, l := range links {
		key := l.Key()
		page.People = append(page.People, views.Choice{Value: key, Label: cmp.Or(l.Email, l.Subject) + ", " + moment(l.SeenAt), Selected: key == chosen})
		if key == chosen {
			b, err := json.MarshalIndent(links[i].Claims, "", "  ")
			if err != nil {
				return err
			}
			page.Claims = string(b)
		}
	}
	if page.Claims == "" {
		return respond(c, http.StatusOK, views.ProviderTryPage(page))
	}
	var claims map[string]any
	if err := json.Unmarshal([]byte(page.Claims), &claims); err != nil || claims == nil {
		page.Problem = "These claims are not a JSON object such as {\"sub\": \"1\", \"email\": \"ada@example.com\", \"groups\": [\"analysts\"]}"
		return respond(c, http.StatusUnprocessableEntity, views.ProviderTryPage(page))
	}
	i := identity.FromClaims(*p, claims)
	d := identity.Decide(*p, i)
	page.Tried, page.Refused, page.Role, page.Groups, page.Why = true, d.Problem, d.Role, d.Groups, d.Why
	if d.Problem == "" {
		role, err := x.people.RoleDef(c.Request().Context(), account.Role(d.Role))
		switch {
		case fault.Is(err, fault.NotFound):
			page.Refused = "The role " + d.Role + " does not exist here; change the mapping"
		case err != nil:
			return err
		default:
			page.Role = role.Name
		}
		if page.Refused == "" && p.JustInTime && !i.EmailVerified {
			page.Why = append(page.Why[:len(page.Why)-1], "Somebody who is not known yet is refused: an account is made only for an address that is verified or trusted")
		}
	}
	page.Name = p.Name
	return respond(c, http.StatusOK, views.ProviderTryPage(page))
}
