package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/views"
)

// signIn is how people come in and go: password, one-time link, first set-up.
type signIn struct {
	people   *account.Store
	sessions *serverSessions
	throttle *account.Throttle
	demo     bool
}

func (s *signIn) routes(g *echo.Group) {
	g.GET("/login", s.show)
	g.POST("/login", s.enter)
	g.POST("/logout", s.leave)
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
	return respond(c, http.StatusOK, views.LoginPage(views.Login{Next: next(c), NobodyYet: !fresh}))
}

func (s *signIn) enter(c echo.Context) error {
	email, network := c.FormValue("email"), c.RealIP()
	page := views.Login{Next: next(c), Email: email}
	if err := s.throttle.Allow("email:"+email, "net:"+network); err != nil {
		page.Error = fault.MessageOf(err)
		return respond(c, http.StatusTooManyRequests, views.LoginPage(page))
	}
	p, err := s.people.SignIn(c.Request().Context(), email, c.FormValue("password"))
	if fault.Is(err, fault.SignIn) {
		s.throttle.Failed("email:"+email, "net:"+network)
		page.Error = fault.MessageOf(err)
		return respond(c, http.StatusUnprocessableEntity, views.LoginPage(page))
	}
	if err != nil {
		return err
	}
	s.throttle.Succeeded("email:" + email)
	if err := s.sessions.enter(c, p, "password"); err != nil {
		return err
	}
	return redirect(c, next(c))
}

func (s *signIn) leave(c echo.Context) error {
	if err := s.sessions.leave(c); err != nil {
		return err
	}
	return redirect(c, "/login")
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
	return respond(c, http.StatusOK, views.EntryPage(views.Entry{Token: c.QueryParam("token"), Works: ok, Demo: s.demo}))
}

func (s *signIn) useLink(c echo.Context) error {
	p, err := s.people.UseEnterLink(c.Request().Context(), c.FormValue("token"))
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.SignIn) {
		return respond(c, http.StatusUnprocessableEntity, views.EntryPage(views.Entry{}))
	}
	if err != nil {
		return err
	}
	if err := s.sessions.enter(c, p, "link"); err != nil {
		return err
	}
	return redirect(c, "/")
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
	if err := s.sessions.enter(c, p, "password"); err != nil {
		return err
	}
	return redirect(c, "/")
}
