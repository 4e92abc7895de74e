package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/identity"
	"assay/views"
)

// signIn is how people come in and go: password, one-time link, first set-up.
type signIn struct {
	people     *account.Store
	sessions   *serverSessions
	throttle   *account.Throttle
	identities *identity.Store
	config     Config
}

func (s *signIn) routes(g *echo.Group) {
	g.GET("/login", s.show)
	g.POST("/login", s.enter)
	g.POST("/logout", s.leave)
	g.GET("/login/code", s.showCode)
	g.POST("/login/code", s.takeCode)
	g.GET("/enter", s.showLink)
	g.POST("/enter", s.useLink)
	g.GET("/setup", s.showSetup)
	g.POST("/setup", s.setUp)
}

// next returns where to go after signing in: an address of ours, never another site's.
func next(c echo.Context) string {
	to := c.FormValue("next")
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") ||
		strings.ContainsAny(to, "\\\r\n\t") || strings.HasPrefix(u.Path, "/login") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return to
}

func (s *signIn) show(c echo.Context) error {
	if person(c) != nil {
		return redirect(c, next(c))
	}
	fresh, err := s.people.Any(c.Request().Context())
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, views.Login{Next: next(c), NobodyYet: !fresh})
}

// page shows the sign-in form with the identity providers beside it.
func (s *signIn) page(c echo.Context, status int, page views.Login) error {
	providers, err := s.identities.List(c.Request().Context())
	if err != nil {
		return err
	}
	for _, p := range providers {
		if p.Enabled {
			label := p.Name
			if p.FromSettings {
				label = strings.Replace(label, "Single", "single", 1)
			}
			page.Providers = append(page.Providers, views.Link{Label: label, URL: "/auth/" + url.PathEscape(p.ID) + "?next=" + url.QueryEscape(page.Next)})
		}
	}
	return respond(c, status, views.LoginPage(page))
}

func (s *signIn) enter(c echo.Context) error {
	email, network := c.FormValue("email"), c.RealIP()
	page := views.Login{Next: next(c), Email: email}
	if err := s.throttle.Allow("email:"+email, "net:"+network); err != nil {
		page.Error = fault.MessageOf(err)
		return s.page(c, http.StatusTooManyRequests, page)
	}
	p, err := s.people.SignIn(c.Request().Context(), email, c.FormValue("password"))
	if fault.Is(err, fault.SignIn) {
		s.throttle.Failed("email:"+email, "net:"+network)
		page.Error = fault.MessageOf(err)
		return s.page(c, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	s.throttle.Succeeded("email:" + email)
	return s.admit(c, p, byPassword, next(c), "")
}

// admit lets a person in who proved who they are, or asks them for their second
// factor first. idToken is what an identity provider wants back at the sign-out.
func (s *signIn) admit(c echo.Context, p *account.Person, via, next, idToken string) error {
	values := map[string]string{}
	if idToken != "" {
		values["id_token"] = idToken
	}
	if !p.HasFactor() {
		if err := s.sessions.start(c, p.ID, via, values, account.SessionLife); err != nil {
			return err
		}
		return redirect(c, next)
	}
	values["factor_for"], values["factor_via"], values["factor_next"] = p.ID, via, next
	values["factor_until"] = time.Now().Add(factorWait).Format(time.RFC3339)
	values["factor_mark"] = stateOf(p)
	if err := s.sessions.start(c, "", via, values, factorWait); err != nil {
		return err
	}
	return redirect(c, "/login/code")
}

// factorWait is how long somebody has to give their second factor.
const factorWait = 10 * time.Minute

// stateOf changes with what a person is and with their password.
func stateOf(p *account.Person) string { return p.UpdatedAt.UTC().Format(time.RFC3339Nano) }

// half returns who has signed in but for their second factor.
func (s *signIn) half(c echo.Context) (*account.Person, error) {
	lost := fault.New(fault.SignIn, "No sign-in is under way in this browser, or it took too long; start again")
	until, err := time.Parse(time.RFC3339, sessionValue(c, "factor_until"))
	if err != nil || time.Now().After(until) || person(c) != nil {
		return nil, lost
	}
	p, err := s.people.Get(c.Request().Context(), sessionValue(c, "factor_for"))
	if fault.Is(err, fault.NotFound) || err == nil && (p.Disabled || stateOf(p) != sessionValue(c, "factor_mark")) {
		return nil, lost
	}
	return p, err
}

func (s *signIn) showCode(c echo.Context) error {
	if person(c) != nil {
		return redirect(c, "/")
	}
	if _, err := s.half(c); err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.CodePage(views.Code{}))
}

func (s *signIn) takeCode(c echo.Context) error {
	p, err := s.half(c)
	if err != nil {
		return err
	}
	keys := []string{"factor:" + p.ID, "net:" + c.RealIP()}
	if err := s.throttle.Allow(keys...); err != nil {
		return respond(c, http.StatusTooManyRequests, views.CodePage(views.Code{Error: fault.MessageOf(err)}))
	}
	err = s.people.CheckFactor(c.Request().Context(), p.ID, c.FormValue("code"))
	if fault.Is(err, fault.SignIn) {
		s.throttle.Failed(keys...)
		return respond(c, http.StatusUnprocessableEntity, views.CodePage(views.Code{Error: fault.MessageOf(err)}))
	}
	if err != nil {
		return err
	}
	s.throttle.Succeeded(keys[0])
	values := map[string]string{}
	if hint := sessionValue(c, "id_token"); hint != "" {
		values["id_token"] = hint
	}
	to := sessionValue(c, "factor_next")
	if err := s.sessions.start(c, p.ID, sessionValue(c, "factor_via"), values, account.SessionLife); err != nil {
		return err
	}
	return redirect(c, to)
}

// logoutWait is how long a provider has to say where its own sessions are ended.
const logoutWait = 3 * time.Second

// leave ends the session here. Where it began at an identity provider, its own
// goes on, and a link leads to its end; a redirect could not, since the content
// policy keeps forms on this site.
func (s *signIn) leave(c echo.Context) error {
	via, hint, signedIn := came(c).Via, sessionValue(c, "id_token"), person(c) != nil
	if err := s.sessions.leave(c); err != nil {
		return err
	}
	if !signedIn || local(via) {
		return redirect(c, "/login")
	}
	ctx, stop := context.WithTimeout(c.Request().Context(), logoutWait)
	defer stop()
	p, err := s.identities.Get(ctx, via)
	if err != nil {
		return redirect(c, "/login")
	}
	page := views.SignedOut{Provider: p.Name, URL: s.identities.Logout(ctx, via, hint, s.config.address(c)+"/login")}
	return respond(c, http.StatusOK, views.SignedOutPage(page))
}

// showLink asks for a press of a button, so that a program that merely looks at
// the link (a mail scanner, a preview) does not use it up.
func (s *signIn) showLink(c echo.Context) error {
	ok, err := s.people.CheckLink(c.Request().Context(), c.QueryParam("token"), account.Enter)
	if err != nil {
		return err
	}
	if !ok && person(c) != nil {
		return redirect(c, "/") // the browser's back button, or a link pressed twice
	}
	return respond(c, http.StatusOK, views.EntryPage(views.Entry{Token: c.QueryParam("token"), Works: ok, Demo: s.config.Demo}))
}

func (s *signIn) useLink(c echo.Context) error {
	p, err := s.people.UseEnterLink(c.Request().Context(), c.FormValue("token"))
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.SignIn) {
		return respond(c, http.StatusUnprocessableEntity, views.EntryPage(views.Entry{}))
	}
	if err != nil {
		return err
	}
	return s.admit(c, p, byLink, "/", "")
}

func (s *signIn) showSetup(c echo.Context) error {
	ok, err := s.people.CheckLink(c.Request().Context(), c.QueryParam("token"), account.Setup)
	if err != nil {
		return err
	}
	if !ok {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	return respond(c, http.StatusOK, views.SetupPage(views.Setup{Token: c.QueryParam("token")}))
}

func (s *signIn) setUp(c echo.Context) error {
	page := views.Setup{Token: c.FormValue("token"), Email: c.FormValue("email"), Name: c.FormValue("name")}
	if err := s.throttle.Allow("setup:" + c.RealIP()); err != nil {
		return err
	}
	p, err := s.people.SetUp(c.Request().Context(), page.Token, account.NewPerson{Email: page.Email, Name: page.Name, Password: c.FormValue("password")})
	switch {
	case fault.Is(err, fault.Invalid):
		page.Errors = fault.FieldsOf(err)
		return respond(c, http.StatusUnprocessableEntity, views.SetupPage(page))
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Conflict):
		s.throttle.Failed("setup:" + c.RealIP())
		return echo.NewHTTPError(http.StatusNotFound)
	case err != nil:
		return err
	}
	return s.admit(c, p, byPassword, "/", "")
}
