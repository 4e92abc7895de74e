package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/views"
)

// links are the one-time links with which people choose a password: the
// invitation of somebody new, and the reset of somebody who forgot theirs.
type links struct {
	signIn *signIn
}

func (x *links) routes(g *echo.Group) {
	for path, purpose := range map[string]account.Purpose{"/invite": account.Invite, "/reset": account.Reset} {
		g.GET(path, x.show(path, purpose))
		g.POST(path, x.use(path, purpose))
	}
}

// show uses nothing up, so that a program that merely looks at the link does no harm.
func (x *links) show(path string, purpose account.Purpose) echo.HandlerFunc {
	return func(c echo.Context) error {
		token := c.QueryParam("token")
		ok, err := x.signIn.people.CheckLink(c.Request().Context(), token, purpose)
		if err != nil {
			return err
		}
		return respond(c, http.StatusOK, views.ChoosePage(views.Choose{Action: path, Token: token, Works: ok, Invited: purpose == account.Invite}))
	}
}

func (x *links) use(path string, purpose account.Purpose) echo.HandlerFunc {
	return func(c echo.Context) error {
		page := views.Choose{Action: path, Token: c.FormValue("token"), Works: true, Invited: purpose == account.Invite}
		key := "link:" + c.RealIP()
		if err := x.signIn.throttle.Allow(key); err != nil {
			return err
		}
		p, err := x.signIn.people.UsePasswordLink(c.Request().Context(), purpose, page.Token, c.FormValue("password"))
		switch {
		case fault.Is(err, fault.Invalid):
			page.Errors = fault.FieldsOf(err)
			return respond(c, http.StatusUnprocessableEntity, views.ChoosePage(page))
		case fault.Is(err, fault.NotFound):
			x.signIn.throttle.Failed(key)
			page.Works, page.Token = false, ""
			return respond(c, http.StatusUnprocessableEntity, views.ChoosePage(page))
		case err != nil:
			return err
		}
		// As they are now: the password is part of what a half-finished sign-in is bound to.
		if p, err = x.signIn.people.Get(c.Request().Context(), p.ID); err != nil {
			return err
		}
		return x.signIn.admit(c, p, byPassword, "/", "")
	}
}
