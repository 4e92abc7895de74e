package web

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/mail"
	"assay/app/schedule"
	"assay/app/store"
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
	works        *schedule.Works
	audit        *audit.Log
	installation Installation
	config       Config
}

func (x *adminSettings) routes(g *echo.Group) {
	g.GET("/admin/settings", may(account.EditSettings, x.show))
	g.POST("/admin/settings/mail", may(account.EditSettings, x.tryMail))
}

func (x *adminSettings) show(c echo.Context) error { return x.page(c, http.StatusOK, "") }

// page is the settings; failed says why a test mail was not sent.
func (x *adminSettings) page(c echo.Context, status int, failed string) error {
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
	page.Mail = views.MailState{To: person(c).Email, Failed: failed, Missing: noMail}
	if m := x.works.Mail; m != nil {
		page.Mail.From, page.Mail.Missing = m.From(), ""
		page.Mail.Domains = strings.Join(x.works.MailDomains, ", ")
	}
	return respond(c, status, views.SettingsPage(page))
}

// tryMail sends the administrator a test mail and says what came of it.
func (x *adminSettings) tryMail(c echo.Context) error {
	p := person(c)
	if x.works.Mail == nil {
		return x.page(c, http.StatusUnprocessableEntity, noMail)
	}
	text := "This is a test: mails of schedules and alerts can be sent from " + x.works.Mail.From() + "."
	err := x.works.Mail.Send(c.Request().Context(), mail.Message{ID: store.NewID(), To: p.Email, Name: p.Name, Subject: "A test mail", Date: time.Now(), Text: text})
	e := audit.Event{Action: "mail.test", Object: audit.Object{Kind: "mail", Name: p.Email}}
	if err != nil {
		e.Outcome = audit.Failed
	}
	if written := x.audit.Write(c.Request().Context(), e); written != nil {
		return written
	}
	if err == nil {
		return done(c, "/admin/settings", "The mail server took a test mail for "+p.Email+". Look whether it arrives.")
	}
	why := "The mail was not sent"
	if f, ok := errors.AsType[*mail.Failure](err); ok {
		why = f.Message
		if f.Err != nil {
			why += ": " + fault.Clip(f.Err.Error(), 300)
		}
	}
	return x.page(c, http.StatusUnprocessableEntity, why+".")
}
