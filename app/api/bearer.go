package api

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
)

// bearer names the security scheme in the OpenAPI document.
const bearer = "bearer"

// admit lets a call through to its handler: who asks, and whether they may, is
// decided before anything of the body is read.
func (a *api) admit(o operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humaecho.Unwrap(ctx)
		wait(c)
		c.Response().Header().Set("Cache-Control", "no-store")
		r := &request{http: c.Request(), network: c.RealIP(), id: c.Response().Header().Get("X-Request-Id")}
		actor := audit.Actor{Name: "nobody", Via: "api", Address: r.network, Request: r.id}
		var p *account.Person
		var err error
		if !o.public {
			if p, actor.Via, err = a.person(c.Request()); err == nil {
				r.person, actor.ID, actor.Name = p, p.ID, p.Email
			}
		}
		if limit := a.spend(c, p, o.queued).err(); limit != nil {
			err = limit
		}
		if err == nil {
			err = plainAddress(c.Request().URL)
		}
		if err == nil && o.action != "" {
			var objects []account.Object
			if o.on != nil {
				objects = append(objects, o.on(ctx.Param("id")))
			}
			err = account.Check(p, o.action, objects...)
		}
		if err != nil {
			a.write(c, a.problemOf(r, err))
			return
		}
		next(huma.WithContext(huma.WithValue(ctx, requestKey{}, r), audit.As(context.WithValue(ctx.Context(), requestKey{}, r), actor)))
	}
}

// plainAddress refuses an address with a NUL character, at which a store's
// statement would end: an id with one is nobody's.
func plainAddress(u *url.URL) error {
	if strings.ContainsRune(u.Path, 0) {
		return fault.New(fault.NotFound, "There is nothing at this address")
	}
	if strings.Contains(u.RawQuery, "%00") {
		return fault.Field("query.*", "No text here has a NUL character")
	}
	return nil
}

// spend counts a call of the person, or where there is none of the network it
// comes from, and tells in the headers how they stand. A person's question is not
// counted: the queue of its connection bounds those.
func (a *api) spend(c echo.Context, p *account.Person, queued bool) quota {
	var q quota
	switch {
	case p == nil:
		q = a.networks.spend(network(c.RealIP()), 1)
	case queued:
		q = a.persons.spend(p.ID, 0)
	default:
		q = a.persons.spend(p.ID, 1)
	}
	q.tell(c.Response().Header())
	return q
}

// person returns who speaks, and how, through the request's token. Cookies do not count.
func (a *api) person(r *http.Request) (p *account.Person, via string, err error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, "", fault.New(fault.SignIn, "Send a token in the header Authorization: Bearer")
	}
	return a.People.Bearer(r.Context(), token)
}

// bodyPatience is how long a request's body may take to arrive.
const bodyPatience = 10 * time.Second

// patientBody bounds the time in which a body arrives, and no more than that. A
// read deadline that is set where there is no body, as the framework's own is,
// would end a question that is still being answered, since the server keeps
// reading to notice a client that goes away.
//
// It leaves closing to the server: of a body that something else closed half-way
// the server would take the rest for the next request.
type patientBody struct {
	body    io.Reader
	control *http.ResponseController
	begun   bool
}

// wait puts the request's reading under bodyPatience.
func wait(c echo.Context) {
	if r := c.Request(); r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
		r.Body = &patientBody{body: r.Body, control: http.NewResponseController(c.Response().Writer)}
	}
}

func (b *patientBody) Read(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		b.control.SetReadDeadline(time.Now().Add(bodyPatience))
	}
	n, err := b.body.Read(p)
	if err != nil {
		b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

func (b *patientBody) Close() error {
	return b.control.SetReadDeadline(time.Time{})
}
