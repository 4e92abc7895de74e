package web

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/views"
)

// Installation is what the settings' page tells of how the server runs.
type Installation struct {
	Version string
	Store   string // which database our own store is
	// Settings are those of the configuration, secrets masked.
	Settings []views.Setting
	// Commands are those with which keys, copies and the record are looked after.
	Commands []views.Command
	// Vault says why stored secrets cannot be opened; nil where they can.
	Vault func() error
}

// adminSettings shows what the installation is set to.
type adminSettings struct {
	people       *account.Store
	installation Installation
	config       Config
}

func (x *adminSettings) routes(g *echo.Group) {
	g.GET("/admin/settings", may(account.EditSettings, x.show))
}

func (x *adminSettings) show(c echo.Context) error {
	people, err := x.people.List(c.Request().Context())
	if err != nil {
		return err
	}
	all, with := 0, 0
	for i := range people {
		if p := &people[i]; p.Kind == account.Human && !p.Disabled {
			all++
			if p.HasFactor() {
				with++
			}
		}
	}
	page := views.Settings{Chrome: adminChrome(c, "Settings", "settings"), Settings: x.installation.Settings, Commands: x.installation.Commands}
	secrets := "open"
	if x.installation.Vault != nil {
		if err := x.installation.Vault(); err != nil {
			secrets = "closed. " + strings.TrimSuffix(fault.MessageOf(err), ".") + "."
		}
	}
	page.State = []views.AuditField{
		{Name: "Version", Value: strings.TrimSpace("Assay " + x.installation.Version + ", " + runtime.Version())},
		{Name: "Store", Value: x.installation.Store},
		{Name: "Stored secrets", Value: secrets},
		{Name: "Second factor", Value: fmt.Sprintf("%d of %d people have one", with, all) + map[bool]string{true: "; whoever signs in with a password must", false: "; nobody must"}[x.config.RequireFactor]},
	}
	if account.May(person(c), account.EditPeople).Allowed {
		page.State[3].URL = "/admin/users?kind=nofactor"
	}
	if x.config.BaseURL != "" {
		page.State = append(page.State, views.AuditField{Name: "Address", Value: x.config.BaseURL})
	}
	return respond(c, http.StatusOK, views.SettingsPage(page))
}
