package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/views"
)

// guide is the help inside the product.
type guide struct{}

func (x *guide) routes(g *echo.Group) {
	g.GET("/guide", may(account.Look, x.show))
}

func (x *guide) show(c echo.Context) error {
	return respond(c, http.StatusOK, views.GuidePage(views.Guide{Chrome: chrome(c, "Guide", "guide")}))
}
