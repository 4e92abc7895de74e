package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/views"
)

// accountPages is where people look after their own account.
type accountPages struct {
	people   *account.Store
	sessions *serverSessions
}

func (x *accountPages) routes(g *echo.Group) {
	g.GET("/account", may(account.Look, x.show))
	g.POST("/account/password", may(account.Look, x.password))
	g.POST("/account/tokens", may(account.Look, x.createToken))
	g.POST("/account/tokens/:token/delete", may(account.Look, x.removeToken))
}

func (x *accountPages) page(c echo.Context) (views.Account, error) {
	p := person(c)
	page := views.Account{Chrome: chrome(c, "Account", "account"), Name: p.Name, Email: p.Email, Role: string(p.Role)}
	list, err := x.people.Tokens(c.Request().Context(), p.ID)
	for _, t := range list {
		item := views.TokenItem{ID: t.ID, Name: t.Name, Created: t.CreatedAt.UTC().Format("2006-01-02"), Expires: t.ExpiresAt.UTC().Format("2006-01-02"), Used: "never"}
		if t.LastUsedAt != nil {
			item.Used = t.LastUsedAt.UTC().Format("2006-01-02")
		}
		page.Tokens = append(page.Tokens, item)
	}
	return page, err
}

func (x *accountPages) show(c echo.Context) error {
	page, err := x.page(c)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.AccountPage(page))
}

// password changes the password, which ends all sessions, and signs this browser in again.
func (x *accountPages) password(c echo.Context) error {
	ctx, p := c.Request().Context(), person(c)
	problem := func(field, message string) error {
		page, err := x.page(c)
		if err != nil {
			return err
		}
		page.Errors = map[string]string{field: message}
		return respond(c, http.StatusUnprocessableEntity, views.AccountPage(page))
	}
	if p.PasswordHash != "" {
		if _, err := x.people.SignIn(ctx, p.Email, c.FormValue("old")); err != nil {
			if !fault.Is(err, fault.SignIn) {
				return err
			}
			return problem("old", "The present password is not right")
		}
	}
	if err := x.people.SetPassword(ctx, p.ID, c.FormValue("password")); err != nil {
		if !fault.Is(err, fault.Invalid) {
			return err
		}
		return problem("password", fault.MessageOf(err))
	}
	if err := x.sessions.enter(c, p, "password"); err != nil {
		return err
	}
	return redirect(c, "/account")
}

func (x *accountPages) createToken(c echo.Context) error {
	_, secret, err := x.people.CreateToken(c.Request().Context(), person(c).ID, account.NewToken{Name: c.FormValue("name"), By: person(c).ID})
	if err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	page, pageErr := x.page(c)
	if pageErr != nil {
		return pageErr
	}
	status := http.StatusOK
	if err != nil {
		status, page.Errors = http.StatusUnprocessableEntity, map[string]string{"name": fault.MessageOf(err)}
	}
	page.Secret = secret
	return respond(c, status, views.AccountPage(page))
}

func (x *accountPages) removeToken(c echo.Context) error {
	if err := x.people.DeleteToken(c.Request().Context(), person(c).ID, c.Param("token")); err != nil {
		return err
	}
	return redirect(c, "/account")
}
