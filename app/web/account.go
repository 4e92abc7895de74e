package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/identity"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// accountPages is where people look after their own account.
type accountPages struct {
	people      *account.Store
	sessions    *serverSessions
	throttle    *account.Throttle
	identities  *identity.Store
	connections *source.Store
	questions   *query.Store
	prover      *prover
}

func (x *accountPages) routes(g *echo.Group) {
	g.GET("/account", may(account.Look, x.show))
	g.POST("/account", may(account.Look, x.rename))
	g.POST("/account/password", may(account.Look, x.password))
	g.POST("/account/sessions/delete", may(account.Look, x.endOthers))
	g.POST("/account/sessions/:session/delete", may(account.Look, x.endSession))
	g.POST("/account/identities/delete", x.prover.fresh(x.unlink))
	g.POST("/account/tokens", x.prover.fresh(x.createToken))
	g.GET("/account/tokens/:token", may(account.Look, x.showToken))
	g.POST("/account/tokens/:token", x.prover.fresh(x.renameToken))
	g.POST("/account/tokens/:token/delete", may(account.Look, x.removeToken))
}

// page shows the account; change, where given, adds what a form said.
func (x *accountPages) page(c echo.Context, status int, change func(*views.Account)) error {
	ctx := c.Request().Context()
	p, err := x.people.Get(ctx, person(c).ID)
	if err != nil {
		return err
	}
	page := views.Account{Chrome: chrome(c, "Account", "account"), Name: p.Name, Email: p.Email, Role: p.RoleName(), HasPassword: p.PasswordHash != "", MayHavePassword: p.PasswordHash != "" || p.ManagedBy == "",
		Factor: p.HasFactor(), CodesLeft: len(strings.Fields(p.Recovery)), Managed: p.ManagedBy != ""}
	for _, fill := range []func(context.Context, echo.Context, *account.Person, *views.Account) error{x.ways, x.signedIn, x.tokens, x.rights} {
		if err := fill(ctx, c, p, &page); err != nil {
			return err
		}
	}
	if change != nil {
		change(&page)
	}
	return respond(c, status, views.AccountPage(page))
}

func (x *accountPages) show(c echo.Context) error { return x.page(c, http.StatusOK, nil) }

// tell shows the account with what is wrong with a form.
func (x *accountPages) tell(c echo.Context, err error) error {
	status, problem, fields, ok := told(err)
	if !ok {
		return err
	}
	return x.page(c, status, func(page *views.Account) { page.Problem, page.Errors = problem, fields })
}

func (x *accountPages) rename(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := x.people.Get(ctx, person(c).ID)
	if err != nil {
		return err
	}
	if p.ManagedBy != "" {
		return x.tell(c, fault.New(fault.Denied, "Your name comes from your company's directory"))
	}
	p.Name = c.FormValue("name")
	if err := x.people.Update(ctx, p); err != nil {
		return x.tell(c, err)
	}
	return done(c, "/account", "Saved.")
}

// password changes the password, which ends all sessions, and signs this browser
// in again. Who has one proves it by it; who has none and may have one, as they can.
func (x *accountPages) password(c echo.Context) error {
	p, err := x.people.Get(c.Request().Context(), person(c).ID)
	switch {
	case err != nil:
		return err
	case p.PasswordHash != "":
		return x.changePassword(c, p)
	case p.ManagedBy != "":
		return x.tell(c, fault.New(fault.Denied, "You come in through your company's identity provider, so there is no password here"))
	}
	return x.prover.fresh(func(c echo.Context) error { return x.setPassword(c, p) })(c)
}

func (x *accountPages) changePassword(c echo.Context, p *account.Person) error {
	keys := []string{"email:" + p.Email, "net:" + c.RealIP()}
	if err := x.throttle.Allow(keys...); err != nil {
		return err
	}
	_, err := x.people.SignIn(c.Request().Context(), p.Email, c.FormValue("old"))
	if fault.Is(err, fault.SignIn) {
		x.throttle.Failed(keys...)
		return x.tell(c, fault.Field("old", "The present password is not right"))
	}
	if err != nil {
		return err
	}
	x.throttle.Succeeded(keys[0])
	return x.setPassword(c, p)
}

func (x *accountPages) setPassword(c echo.Context, p *account.Person) error {
	via := came(c).Via
	if err := x.people.SetPassword(c.Request().Context(), p.ID, c.FormValue("password")); err != nil {
		return x.tell(c, err)
	}
	if local(via) {
		via = byPassword
	}
	if err := x.sessions.start(c, p.ID, via, map[string]string{"flash": "The password was changed. Other browsers and tokens are signed out."}, account.SessionLife); err != nil {
		return err
	}
	return redirect(c, "/account")
}

// signedIn lists the browsers.
func (x *accountPages) signedIn(ctx context.Context, c echo.Context, p *account.Person, page *views.Account) error {
	list, err := x.people.Sessions(ctx, p.ID)
	if err != nil {
		return err
	}
	providers, err := x.identities.List(ctx)
	for _, s := range list {
		one := views.Browser{ID: s.ID, Agent: browser(s.Agent), Address: s.Address, Via: s.Via, Began: moment(s.CreatedAt), Seen: moment(s.SeenAt), This: s.ID == came(c).ID}
		if i := slices.IndexFunc(providers, func(p identity.Provider) bool { return p.ID == s.Via }); i >= 0 {
			one.Via = providers[i].Name
		}
		page.Browsers = append(page.Browsers, one)
	}
	return err
}

func (x *accountPages) endSession(c echo.Context) error {
	if c.Param("session") == came(c).ID {
		if err := x.sessions.leave(c); err != nil {
			return err
		}
		return redirect(c, "/login")
	}
	if err := x.people.DeleteSession(c.Request().Context(), person(c).ID, c.Param("session")); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return done(c, "/account", "The session has ended.")
}

func (x *accountPages) endOthers(c echo.Context) error {
	ctx := c.Request().Context()
	list, err := x.people.Sessions(ctx, person(c).ID)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.ID == came(c).ID {
			continue
		}
		if err := x.people.DeleteSession(ctx, person(c).ID, s.ID); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return done(c, "/account", "All other sessions have ended.")
}

// ways lists the identities that let the person in, and the providers that could.
func (x *accountPages) ways(ctx context.Context, _ echo.Context, p *account.Person, page *views.Account) error {
	links, err := x.identities.OfPerson(ctx, p.ID)
	if err != nil {
		return err
	}
	providers, err := x.identities.List(ctx)
	if err != nil {
		return err
	}
	for _, l := range links {
		one := views.LinkedIdentity{Provider: l.ProviderID, Key: l.Key(), Name: "a provider that was removed", Email: l.Email, Seen: moment(l.SeenAt), Last: onlyWay(p, links, providers, l)}
		if i := slices.IndexFunc(providers, func(p identity.Provider) bool { return p.ID == l.ProviderID }); i >= 0 {
			one.Name = providers[i].Name
		}
		page.Identities = append(page.Identities, one)
	}
	for _, one := range providers {
		if one.Enabled && !slices.ContainsFunc(links, func(l identity.Link) bool { return l.ProviderID == one.ID }) {
			page.Linkable = append(page.Linkable, views.Choice{Value: one.ID, Label: one.Name})
		}
	}
	return nil
}

// onlyWay reports whether a person could not come in without the identity.
func onlyWay(p *account.Person, links []identity.Link, providers []identity.Provider, gone identity.Link) bool {
	if p.PasswordHash != "" {
		return false
	}
	return !slices.ContainsFunc(links, func(l identity.Link) bool {
		return (l.ProviderID != gone.ProviderID || l.Key() != gone.Key()) &&
			slices.ContainsFunc(providers, func(p identity.Provider) bool { return p.Enabled && p.ID == l.ProviderID })
	})
}

func (x *accountPages) unlink(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := x.people.Get(ctx, person(c).ID)
	if err != nil {
		return err
	}
	links, err := x.identities.OfPerson(ctx, p.ID)
	if err != nil {
		return err
	}
	providers, err := x.identities.List(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(links, func(l identity.Link) bool {
		return l.ProviderID == c.FormValue("provider") && l.Key() == c.FormValue("identity")
	})
	if at < 0 {
		return redirect(c, "/account") // unlinked already
	}
	if onlyWay(p, links, providers, links[at]) {
		return x.tell(c, fault.New(fault.Conflict, "This is your only way in; choose a password or link another identity first"))
	}
	if err := x.identities.Disconnect(ctx, p.ID, links[at].ProviderID, links[at].Key()); err != nil {
		return err
	}
	return done(c, "/account", "The identity no longer lets you in.")
}

// rights says what the person may do, and by what.
func (x *accountPages) rights(ctx context.Context, c echo.Context, p *account.Person, page *views.Account) error {
	for _, a := range account.Actions {
		if account.May(p, a.Action).Allowed {
			page.Rights = append(page.Rights, a.Means)
		}
	}
	var mine []views.OwnGrant
	subjects := []account.Subject{{Kind: account.Everyone}, {Kind: account.ToPerson, ID: p.ID}}
	names := []string{"everyone", "you"}
	for _, g := range p.Groups() {
		page.Groups = append(page.Groups, g.Name)
		subjects, names = append(subjects, account.Subject{Kind: account.ToGroup, ID: g.ID}), append(names, "the group "+g.Name)
	}
	if p.Role == account.Admin {
		page.Everything = true
		return nil
	}
	where, err := newPlaces(ctx, x.connections, x.questions)
	if err != nil {
		return err
	}
	for i, s := range subjects {
		grants, err := x.people.GrantedTo(ctx, s)
		if err != nil {
			return err
		}
		for j := range grants {
			g := where.granted(&grants[j], false)
			mine = append(mine, views.OwnGrant{Label: g.Label, Kind: g.Kind, Level: g.Level, Through: names[i]})
		}
	}
	page.Grants = mine
	return nil
}

// tokenURL is where one of the person's API tokens is looked after.
func tokenURL(id string) string { return "/account/tokens/" + url.PathEscape(id) }
