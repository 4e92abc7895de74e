// Package scim lets a company's directory (Microsoft Entra ID, Okta and others)
// keep people and groups up to date by SCIM 2.0 (RFC 7643 and 7644), under
// /scim/v2. The directory sends an API token whose person may edit people.
//
// What a directory made is managed by it, and only that may it change. People and
// groups that were made here, or came by an identity provider, can be read and
// linked by an externalId; any other change to them answers 403, and making one
// of the same name answers 409 uniqueness. Only an administrator's token may give
// the role admin or touch an administrator; another one gives no right to
// administer that its own person lacks. The last administrator stays one.
//
// A person signs in at the primary e-mail address or, where none is sent, at
// userName, which then has to be one. They have one role, the viewer's unless
// told. Of the enterprise extension five attributes are kept, for row rules to
// compare with: department, division, organization, cost_center and
// employee_number. Other attributes are read and dropped.
package scim

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
)

// Deps are the rooms behind SCIM.
type Deps struct {
	People   *account.Store
	Throttle *account.Throttle // of wrong tokens; nil for none
	Audit    *audit.Log        // of refused changes; nil for none
	Log      *slog.Logger
	// BaseURL is the address people use, without a slash at its end; empty for the one each request came to.
	BaseURL string
}

// prefix begins the path of everything here.
const prefix = "/scim/v2"

// managed is who keeps what a directory made.
const managed = "scim"

type server struct {
	Deps
	// changing is held by whoever reads something to change it.
	changing sync.Mutex
}

// Mount adds /scim/v2 to the server. From then on errors below /scim are told
// as SCIM's instead of pages.
func Mount(e *echo.Echo, d Deps) {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	s := &server{Deps: d}
	e.HTTPErrorHandler = s.handle(e.HTTPErrorHandler)
	for _, r := range []struct {
		method, path string
		do           func(*call) error
	}{
		{http.MethodGet, "/ServiceProviderConfig", (*call).config},
		{http.MethodGet, "/ResourceTypes", (*call).resourceTypes},
		{http.MethodGet, "/ResourceTypes/:id", (*call).resourceTypes},
		{http.MethodGet, "/Schemas", (*call).schemas},
		{http.MethodGet, "/Schemas/:id", (*call).schemas},
		{http.MethodPost, "/.search", (*call).searchAll},

		{http.MethodGet, "/Users", (*call).listUsers},
		{http.MethodPost, "/Users", (*call).createUser},
		{http.MethodPost, "/Users/.search", (*call).searchUsers},
		{http.MethodGet, "/Users/:id", (*call).getUser},
		{http.MethodPut, "/Users/:id", (*call).replaceUser},
		{http.MethodPatch, "/Users/:id", (*call).patchUser},
		{http.MethodDelete, "/Users/:id", (*call).removeUser},

		{http.MethodGet, "/Groups", (*call).listGroups},
		{http.MethodPost, "/Groups", (*call).createGroup},
		{http.MethodPost, "/Groups/.search", (*call).searchGroups},
		{http.MethodGet, "/Groups/:id", (*call).getGroup},
		{http.MethodPut, "/Groups/:id", (*call).replaceGroup},
		{http.MethodPatch, "/Groups/:id", (*call).patchGroup},
		{http.MethodDelete, "/Groups/:id", (*call).removeGroup},

		{http.MethodPost, "/Bulk", (*call).absent},
		{http.MethodGet, "/Me", (*call).absent},
		{http.MethodPost, "/Me", (*call).absent},
		{http.MethodPut, "/Me", (*call).absent},
		{http.MethodPatch, "/Me", (*call).absent},
		{http.MethodDelete, "/Me", (*call).absent},
	} {
		e.Add(r.method, prefix+r.path, s.admit(r.do))
	}
	e.RouteNotFound("/scim/*", nowhere)
}

// call is one request of a directory.
type call struct {
	*server
	c   echo.Context
	ctx context.Context // in which the token's person acts
	by  *account.Person
	// roles are those a person can have.
	roles map[account.Role]account.RoleDef
}

// admit lets a request through whose token's person may edit people.
func (s *server) admit(do func(*call) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		c.Response().Header().Set("Cache-Control", "no-store")
		p, err := s.person(r.Context(), r.Header.Get("Authorization"), c.RealIP())
		if err == nil {
			err = account.Check(p, account.EditPeople)
		}
		if err != nil {
			return err
		}
		ctx := audit.As(r.Context(), audit.Actor{ID: p.ID, Name: p.Email, Via: "scim", Address: c.RealIP(), Request: requestID(c)})
		x := &call{server: s, c: c, ctx: ctx, by: p, roles: map[account.Role]account.RoleDef{}}
		list, err := s.People.RoleDefs(ctx)
		if err != nil {
			return err
		}
		for _, r := range list {
			x.roles[r.ID] = r
		}
		return do(x)
	}
}

// person returns who speaks through the token. A right token is never kept
// waiting, so nobody can lock a directory out; it cannot be guessed.
func (s *server) person(ctx context.Context, header, network string) (*account.Person, error) {
	scheme, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, fault.New(fault.SignIn, "Send an API token in the header Authorization: Bearer")
	}
	p, _, err := s.People.Bearer(ctx, token)
	if fault.Is(err, fault.SignIn) && s.Throttle != nil {
		key := "scim " + network
		if wait := s.Throttle.Wait(key); wait > 0 {
			return nil, &problem{Status: http.StatusTooManyRequests, Detail: "Too many wrong tokens from this address", wait: max(wait, time.Second)}
		}
		s.Throttle.Failed(key)
	}
	return p, err
}

func (x *call) absent() error {
	return &problem{Status: http.StatusNotImplemented, Detail: "This server does not offer " + strings.TrimPrefix(x.c.Path(), prefix) + "; ServiceProviderConfig tells what it does"}
}

// id returns the id in the path.
func (x *call) id() string {
	if id, err := url.PathUnescape(x.c.Param("id")); err == nil {
		return id
	}
	return x.c.Param("id")
}

// base is the address of everything here.
func (x *call) base() string {
	if x.BaseURL != "" {
		return x.BaseURL + prefix
	}
	return x.c.Scheme() + "://" + x.c.Request().Host + prefix
}

// at returns the address of something.
func (x *call) at(parts ...string) string {
	to := x.base()
	for _, part := range parts {
		to += "/" + url.PathEscape(part)
	}
	return to
}

// refused keeps a record of a change that was refused, and returns why it was.
func (x *call) refused(action string, o audit.Object, why error) error {
	if x.Audit != nil {
		err := x.Audit.Write(x.ctx, audit.Event{Action: action, Object: o, Outcome: audit.Refused, Detail: map[string]any{"reason": fault.MessageOf(why)}})
		if err != nil {
			return err
		}
	}
	return why
}

func requestID(c echo.Context) string { return c.Response().Header().Get("X-Request-Id") }

// nowhere answers an address or a method that is no call.
func nowhere(c echo.Context) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := c.Echo().NewContext(c.Request(), nil)
		c.Echo().Router().Find(method, c.Request().URL.Path, probe)
		if probe.Path() != c.Path() {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return echo.ErrNotFound
	}
	c.Response().Header().Set("Allow", strings.Join(allowed, ", "))
	return echo.ErrMethodNotAllowed
}
