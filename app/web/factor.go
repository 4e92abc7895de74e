package web

import (
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/views"
)

// factorPages is where people set up and remove their second factor.
type factorPages struct {
	people   *account.Store
	sessions *serverSessions
	throttle *account.Throttle
	prover   *prover
}

func (x *factorPages) routes(g *echo.Group) {
	g.GET("/account/factor", x.prover.fresh(x.show))
	g.POST("/account/factor", x.prover.fresh(x.set))
	g.POST("/account/factor/delete", may(account.Look, x.remove))
}

// factorSecret is how NewFactor spells the secrets it makes.
var factorSecret = regexp.MustCompile(`^[A-Z2-7]{32}$`)

// likeCode is what codes and recovery codes look like, and no password does that
// a person would choose.
var likeCode = regexp.MustCompile(`^([0-9]{3} ?[0-9]{3}|[A-Za-z2-7]{4}(-[A-Za-z2-7]{4}){3})$`)

func (x *factorPages) show(c echo.Context) error {
	p, err := x.people.Get(c.Request().Context(), person(c).ID)
	if err != nil {
		return err
	}
	if p.HasFactor() {
		return x.own(c, http.StatusOK, p, "")
	}
	f, err := x.people.NewFactor(p)
	if err != nil {
		return err
	}
	return x.form(c, http.StatusOK, f, nil)
}

// own shows the factor that a person has.
func (x *factorPages) own(c echo.Context, status int, p *account.Person, problem string) error {
	return respond(c, status, views.FactorPage(views.Factor{Chrome: chrome(c, "Second factor", "account"), Has: true, Left: len(strings.Fields(p.Recovery)),
		Required: x.sessions.factor && local(came(c).Via), Problem: problem}))
}

func (x *factorPages) form(c echo.Context, status int, f account.Factor, errors map[string]string) error {
	page := views.Factor{Chrome: chrome(c, "Second factor", "account"), Secret: f.Secret, QR: "data:image/png;base64," + base64.StdEncoding.EncodeToString(f.QR),
		Required: x.sessions.factor && local(came(c).Via), Next: next(c), Errors: errors}
	for i := 0; i < len(f.Secret); i += 4 {
		page.Spelled += f.Secret[i:min(i+4, len(f.Secret))] + " "
	}
	return respond(c, status, views.FactorPage(page))
}

// set takes a code of the new factor and shows the recovery codes, this once.
func (x *factorPages) set(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := x.people.Get(ctx, person(c).ID)
	if err != nil {
		return err
	}
	secret := c.FormValue("secret")
	if p.HasFactor() || !factorSecret.MatchString(secret) {
		return redirect(c, "/account/factor") // set up in another tab, or not our form
	}
	key := "factor:" + p.ID
	if err := x.throttle.Allow(key); err != nil {
		return err
	}
	codes, err := x.people.SetFactor(ctx, p.ID, secret, strings.ReplaceAll(c.FormValue("code"), " ", ""))
	if fault.Is(err, fault.Invalid) {
		x.throttle.Failed(key)
		f, shown := x.people.FactorFrom(p, secret)
		if shown != nil {
			return errors.Join(err, shown)
		}
		return x.form(c, http.StatusUnprocessableEntity, f, fault.FieldsOf(err))
	}
	if err != nil {
		return err
	}
	x.throttle.Succeeded(key)
	if err := x.sessions.renew(c); err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.RecoveryPage(views.Recovery{Chrome: chrome(c, "Recovery codes", "account"), Email: p.Email, Codes: codes, Next: next(c)}))
}

// remove takes the factor away from whoever gives a code of it or their password.
func (x *factorPages) remove(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := x.people.Get(ctx, person(c).ID)
	if err != nil {
		return err
	}
	if !p.HasFactor() {
		return redirect(c, "/account")
	}
	proof := c.FormValue("proof")
	keys := []string{"factor:" + p.ID, "email:" + p.Email, "net:" + c.RealIP()}
	if err := x.throttle.Allow(keys...); err != nil {
		return x.own(c, http.StatusTooManyRequests, p, fault.MessageOf(err))
	}
	if p.PasswordHash == "" || likeCode.MatchString(strings.TrimSpace(proof)) {
		err = x.people.CheckFactor(ctx, p.ID, proof)
	} else {
		_, err = x.people.SignIn(ctx, p.Email, proof)
	}
	if fault.Is(err, fault.SignIn) {
		x.throttle.Failed(keys...)
		return x.own(c, http.StatusUnprocessableEntity, p, "This is neither a code that works now nor your password")
	}
	if err != nil {
		return err
	}
	if err := x.people.RemoveFactor(ctx, p.ID); err != nil {
		return err
	}
	if err := x.sessions.renew(c); err != nil {
		return err
	}
	return done(c, "/account", "The second factor was removed.")
}
