package web

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/views"
)

// respond renders a component whole before a byte is sent, so that a failing
// template becomes an error page and not half a page.
func respond(c echo.Context, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(c.Request().Context(), &b); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	return c.HTMLBlob(status, b.Bytes())
}

// redirect answers a form with the page to go to.
func redirect(c echo.Context, to string) error { return c.Redirect(http.StatusSeeOther, to) }

// chrome fills in what every page shows around its content.
func chrome(c echo.Context, title, active string) views.Chrome {
	p := person(c)
	out := views.Chrome{Title: title, Active: active, Flash: takeFlash(c), Theme: theme(c)}
	if p != nil {
		out.Person, out.Role = p.Name, string(p.Role)
		out.CanAsk = account.May(p, account.Ask).Allowed
		out.CanAskSQL = account.May(p, account.AskSQL).Allowed
		out.CanShare = account.May(p, account.Share).Allowed
		out.CanConnect = account.May(p, account.EditConnections).Allowed
		out.Admin = adminLinks(p, active)
	}
	return out
}

// online is the address at which people reach this server: the one that was set,
// or else the one that was asked.
func online(c echo.Context, base string) string {
	if base != "" {
		return strings.TrimSuffix(base, "/")
	}
	return c.Scheme() + "://" + c.Request().Host
}

// theme returns the colours that the reader chose, light or dark, or "" for those of the system.
func theme(c echo.Context) string {
	if chosen, err := c.Cookie("assay_theme"); err == nil && (chosen.Value == "light" || chosen.Value == "dark") {
		return chosen.Value
	}
	return ""
}

// may lets a handler run only for a person who may do the action to something.
func may(action account.Action, h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := account.Check(person(c), action); err != nil {
			return err
		}
		return h(c)
	}
}

// mayConnection lets a handler run only for a person who may do the action to
// the connection that the path names.
func mayConnection(action account.Action, h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := account.Check(person(c), action, account.OnConnection(c.Param("id"))); err != nil {
			return err
		}
		return h(c)
	}
}
