package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/identity"
	"assay/views"
)

// freshFor is how long a proof of who one is lasts for what changes the ways in.
const freshFor = 15 * time.Minute

// notCarried are fields that are typed again rather than shown again.
var notCarried = []string{"proof", "password", "old", "secret", "client_secret", "code"}

// leftOut is the field that says which one was not carried.
const leftOut = "left_out"

// prover asks people again who they are before what would help whoever sits
// down at a browser that was left open.
type prover struct {
	people     *account.Store
	sessions   *serverSessions
	throttle   *account.Throttle
	identities *identity.Store
	config     Config
}

func (x *prover) routes(g *echo.Group) {
	g.POST("/account/prove", may(account.Look, x.prove))
}

// fresh lets a handler run once the person has proved lately who they are. Who
// has not is asked for it, and then goes on to what they wanted.
func (x *prover) fresh(h echo.HandlerFunc) echo.HandlerFunc {
	return may(account.Look, func(c echo.Context) error {
		if at := came(c).ProvenAt; at != nil && time.Since(*at) < freshFor {
			return h(c)
		}
		post := c.Request().Method == http.MethodPost
		page, err := x.means(c)
		if err != nil {
			return err
		}
		if !page.Password && !page.Code && len(page.Providers) == 0 && x.config.Demo {
			return h(c) // nobody but the demo's own person, who has nothing to prove it with
		}
		if post {
			if proof := c.FormValue("proof"); proof != "" {
				if page.Error, err = x.check(c, proof); err != nil {
					return err
				}
				if page.Error == "" {
					return h(c)
				}
			}
			page.Action, page.Next = c.Request().URL.Path, "/account"
			for name, values := range c.Request().PostForm {
				for _, v := range values {
					switch {
					case !slices.Contains(notCarried, name):
						page.Fields = append(page.Fields, views.Hidden{Name: name, Value: v})
					case v != "" && name != "proof":
						page.Fields = append(page.Fields, views.Hidden{Name: leftOut, Value: name})
					}
				}
			}
			slices.SortStableFunc(page.Fields, views.Hidden.Compare)
		} else {
			page.Action, page.Next = "/account/prove", c.Request().URL.RequestURI()
			page.Fields = []views.Hidden{{Name: "next", Value: page.Next}}
		}
		return respond(c, http.StatusForbidden, views.ProvePage(page))
	})
}

// means says with what the person can prove who they are.
func (x *prover) means(c echo.Context) (page views.Prove, err error) {
	p := person(c)
	page = views.Prove{Chrome: chrome(c, "Is it still you?", "account"), Email: p.Email, Password: p.PasswordHash != "", Code: p.PasswordHash == "" && p.HasFactor()}
	linked, err := linkedProviders(c.Request().Context(), x.identities, p.ID)
	for _, one := range linked {
		page.Providers = append(page.Providers, views.Choice{Value: one.ID, Label: one.Name})
	}
	return page, err
}

// check looks at the proof and renews the session, or says what is wrong.
func (x *prover) check(c echo.Context, proof string) (problem string, err error) {
	p := person(c)
	keys := []string{"email:" + p.Email, "net:" + c.RealIP()}
	if p.PasswordHash == "" {
		keys[0] = "factor:" + p.ID
	}
	if err := x.throttle.Allow(keys...); err != nil {
		return fault.MessageOf(err), nil
	}
	switch {
	case p.PasswordHash != "":
		_, err = x.people.SignIn(c.Request().Context(), p.Email, proof)
		problem = "This is not your password"
	case p.HasFactor():
		err = x.people.CheckFactor(c.Request().Context(), p.ID, proof)
		problem = fault.MessageOf(err)
	default:
		err = fault.New(fault.SignIn, "There is nothing to prove it with")
		problem = fault.MessageOf(err)
	}
	if fault.Is(err, fault.SignIn) {
		x.throttle.Failed(keys...)
		return problem, nil
	}
	if err != nil {
		return "", err
	}
	x.throttle.Succeeded(keys[0])
	return "", x.sessions.renew(c)
}

// prove takes the proof for a page that was wanted.
func (x *prover) prove(c echo.Context) error {
	problem, err := x.check(c, c.FormValue("proof"))
	if err != nil {
		return err
	}
	if problem == "" {
		return redirect(c, next(c))
	}
	page, err := x.means(c)
	if err != nil {
		return err
	}
	page.Error, page.Action, page.Next = problem, "/account/prove", next(c)
	page.Fields = []views.Hidden{{Name: "next", Value: page.Next}}
	return respond(c, http.StatusUnprocessableEntity, views.ProvePage(page))
}
