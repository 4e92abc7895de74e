package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/identity"
	"assay/views"
)

// signInBy is how people come in through an identity provider.
type signInBy struct {
	people     *account.Store
	identities *identity.Store
	throttle   *account.Throttle
	audit      *audit.Log
	signIn     *signIn
	account    *accountPages
	prover     *prover
	config     Config
}

func (x *signInBy) routes(g *echo.Group) {
	g.GET("/auth/:provider", x.begin)
	g.GET("/auth/:provider/callback", x.callback)
	g.POST("/auth/:provider/callback", x.callback)
	g.GET("/auth/:provider/metadata", x.metadata)
	g.POST("/account/prove/provider", may(account.Look, x.prove))
	g.POST("/account/identities", x.prover.fresh(x.link))
}

// address is the one under which people reach us, without a slash at its end.
func (cfg Config) address(c echo.Context) string {
	return cmp.Or(strings.TrimSuffix(cfg.BaseURL, "/"), "http://"+c.Request().Host)
}

// pendingCookie is the cookie in which a sign-in lies sealed while the person is
// at the provider.
func (x *signInBy) pendingCookie(value string, life time.Duration) *http.Cookie {
	name := "assay_auth"
	if x.config.Secure() {
		name = "__Host-assay-auth"
	}
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, Secure: x.config.Secure(), SameSite: http.SameSiteLaxMode}
}

// start begins a sign-in and puts it into the browser; shape says what it is for.
func (x *signInBy) start(c echo.Context, provider string, again bool, shape func(*identity.Pending)) (to string, err error) {
	begin := x.identities.Begin
	if again {
		begin = x.identities.BeginAgain
	}
	to, pending, err := begin(c.Request().Context(), provider, x.config.address(c)+identity.CallbackPath(provider))
	if err != nil {
		return "", err
	}
	shape(&pending)
	if len(pending.Next) > 1500 {
		pending.Next = "/" // a browser keeps cookies of up to 4 KiB
	}
	sealed, err := x.identities.SealPending(pending)
	if err != nil {
		return "", err
	}
	http.SetCookie(c.Response(), x.pendingCookie(sealed, identity.PendingLife))
	return to, nil
}

func (x *signInBy) begin(c echo.Context) error {
	if person(c) != nil {
		return redirect(c, next(c))
	}
	to, err := x.start(c, c.Param("provider"), false, func(p *identity.Pending) { p.Next = next(c) })
	if fault.Is(err, fault.Unavailable) {
		return x.tell(c, http.StatusServiceUnavailable, fault.MessageOf(err)+". Whoever has a password here can sign in with it.", next(c))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusFound, to)
}

// onward leaves for the provider after a form was sent: by a page, since the
// content policy lets no form end on another site.
func (x *signInBy) onward(c echo.Context, to, name, say string) error {
	return respond(c, http.StatusOK, views.OnwardPage(views.Onward{Chrome: chrome(c, "On to "+name, "account"), Provider: name, URL: to, Say: say}))
}

// link starts a sign-in whose identity becomes one of the person's own; that they
// press the button while they are signed in is their consent.
func (x *signInBy) link(c echo.Context) error {
	p, err := x.identities.Get(c.Request().Context(), c.FormValue("provider"))
	if err != nil {
		return err
	}
	to, err := x.start(c, p.ID, false, func(one *identity.Pending) { one.LinkFor = person(c).ID })
	if err != nil {
		return err
	}
	return x.onward(c, to, p.Name, "Sign in there with the account that you want to link to "+person(c).Email+". From then on it lets you in here.")
}

// prove starts a sign-in that shows again who the person is.
func (x *signInBy) prove(c echo.Context) error {
	p, err := x.identities.Get(c.Request().Context(), c.FormValue("provider"))
	if err != nil {
		return err
	}
	to, err := x.start(c, p.ID, true, func(one *identity.Pending) { one.ProveFor, one.Next = person(c).ID, next(c) })
	if err != nil {
		return err
	}
	return x.onward(c, to, p.Name, "Sign in there once more, so that it is certain that it is still you.")
}

// metadata tells a SAML provider who we are.
func (x *signInBy) metadata(c echo.Context) error {
	xml, err := x.identities.Metadata(c.Request().Context(), c.Param("provider"), x.config.address(c))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	c.Response().Header().Set("Content-Disposition", `inline; filename="assay-metadata.xml"`)
	return c.Blob(http.StatusOK, "application/samlmetadata+xml", xml)
}

// tell shows the sign-in page with a sentence.
func (x *signInBy) tell(c echo.Context, status int, say, next string) error {
	return x.signIn.page(c, status, views.Login{Next: next, Error: say})
}

// callback is where the provider sends people back to.
func (x *signInBy) callback(c echo.Context) error {
	c.Response().Header().Set("Referrer-Policy", "no-referrer") // the address holds the code
	id, post := c.Param("provider"), c.Request().Method == http.MethodPost
	cookie, err := c.Cookie(x.pendingCookie("", 0).Name)
	if err != nil && post && c.FormValue("again") == "" {
		// Browsers send our cookies with no form of another site. The same form
		// sent from here brings them.
		return respond(c, http.StatusOK, views.RepostPage(views.Repost{Action: identity.CallbackPath(id), Response: c.FormValue("SAMLResponse"), State: c.FormValue("RelayState")}))
	}
	provider, err := x.identities.Get(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if post != (provider.Kind == identity.SAML) {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	value := ""
	if cookie != nil {
		value = cookie.Value
		http.SetCookie(c.Response(), x.pendingCookie("", -time.Second))
	}
	key := "auth:" + c.RealIP()
	if err := x.throttle.Allow(key); err != nil {
		return x.tell(c, http.StatusTooManyRequests, fault.MessageOf(err), "/")
	}
	pending, err := x.identities.OpenPending(value)
	if err == nil && pending.Provider != id {
		err = fault.New(fault.SignIn, "The answer comes from another provider than the one that was asked; start again")
	}
	if fault.Is(err, fault.SignIn) {
		x.throttle.Failed(key)
		return x.refuse(c, provider, identity.Pending{Next: "/"}, identity.Identity{}, "", err)
	}
	if err != nil {
		return err
	}
	form := c.Request().URL.Query()
	if post {
		form = c.Request().PostForm
	}
	i, err := x.identities.Finish(c.Request().Context(), pending, form)
	switch {
	case fault.Is(err, fault.SignIn):
		return x.refuse(c, provider, pending, i, "", err)
	case fault.Is(err, fault.Unavailable):
		return x.tell(c, http.StatusServiceUnavailable, fault.MessageOf(err)+". Whoever has a password here can sign in with it.", pending.Next)
	case err != nil:
		return err
	case pending.LinkFor != "":
		return x.linked(c, provider, pending, i)
	case pending.ProveFor != "":
		return x.proved(c, provider, pending, i)
	}
	return x.come(c, provider, pending, i)
}

// refuse records that somebody was not let in, and says so.
func (x *signInBy) refuse(c echo.Context, p *identity.Provider, pending identity.Pending, i identity.Identity, personID string, why error) error {
	event := audit.Event{Action: "session.start", Object: audit.Object{Kind: "person", ID: personID, Name: cmp.Or(i.Email, "somebody at "+p.Name)}, Outcome: audit.Refused,
		Detail: map[string]any{"via": p.ID, "provider": p.Name, "subject": i.Subject, "reason": fault.MessageOf(why)}}
	if err := x.audit.Write(c.Request().Context(), event); err != nil {
		return err
	}
	status := statuses[fault.KindOf(why)]
	if person(c) != nil {
		return x.account.page(c, status, func(page *views.Account) { page.Problem = fault.MessageOf(why) + "." })
	}
	return x.tell(c, status, fault.MessageOf(why)+".", cmp.Or(pending.Next, "/"))
}

// linked makes the identity one of the person who asked for it.
func (x *signInBy) linked(c echo.Context, p *identity.Provider, pending identity.Pending, i identity.Identity) error {
	if person(c) == nil || person(c).ID != pending.LinkFor {
		return x.refuse(c, p, pending, i, "", fault.New(fault.SignIn, "Somebody else asked for this identity to be linked; sign in and link it under Account"))
	}
	err := x.identities.Connect(c.Request().Context(), i, pending.LinkFor)
	if fault.Is(err, fault.Conflict) {
		return x.refuse(c, p, pending, i, "", err)
	}
	if err != nil {
		return err
	}
	return done(c, "/account", "From now on "+p.Name+" lets you in here as "+cmp.Or(i.Email, i.Name, "this account")+".")
}

// proved renews the session of the person whose identity it is.
func (x *signInBy) proved(c echo.Context, p *identity.Provider, pending identity.Pending, i identity.Identity) error {
	id, err := x.identities.Find(c.Request().Context(), i)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || person(c) == nil || person(c).ID != pending.ProveFor || id != pending.ProveFor {
		return x.refuse(c, p, pending, i, id, fault.New(fault.SignIn, "This is another account at %s than yours", p.Name))
	}
	if err := x.signIn.sessions.renew(c); err != nil {
		return err
	}
	return redirect(c, pending.Next)
}

// come lets the person of an identity in, and adds them where the provider may.
func (x *signInBy) come(c echo.Context, p *identity.Provider, pending identity.Pending, i identity.Identity) error {
	r := c.Request()
	ctx := audit.As(r.Context(), audit.Actor{Name: p.Name, Via: "provider", Address: audit.ActorOf(r.Context()).Address, Request: audit.ActorOf(r.Context()).Request})
	id, err := x.identities.Find(ctx, i)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	known := err == nil
	stranger := fault.New(fault.SignIn, "Your account at %s does not let you in here; ask an administrator. Whoever has an account here can link it under Account", p.Name)
	d := identity.Decide(*p, i)
	if d.Problem != "" {
		return x.refuse(c, p, pending, i, id, fault.New(fault.SignIn, "%s", d.Problem))
	}
	var who *account.Person
	switch {
	case known:
		who, err = x.people.Get(ctx, id)
		if err == nil && (who.Disabled || who.Kind != account.Human) {
			err = stranger
		}
		if err == nil {
			err = x.follow(ctx, p, d, who)
		}
		if err == nil {
			err = x.identities.Saw(ctx, i)
		}
	case !p.JustInTime:
		err = stranger
	default:
		who, err = x.add(ctx, p, d, i)
		if fault.Is(err, fault.Conflict) {
			return x.exists(c, p, pending, i)
		}
	}
	if err == nil && d.GroupsKnown {
		err = x.people.JoinManaged(ctx, p.ID, who.ID, d.Groups)
	}
	if err == nil {
		who, err = x.people.Get(ctx, who.ID) // with the rights that they have now
	}
	if kind := fault.KindOf(err); err != nil && (kind == fault.SignIn || kind == fault.Invalid) {
		return x.refuse(c, p, pending, i, id, err)
	}
	if err != nil {
		return err
	}
	return x.signIn.admit(c, who, p.ID, pending.Next, i.IDToken)
}

// follow gives a person whom the provider manages the role that it says. The last
// administrator keeps theirs, or nobody could mend the mapping.
func (x *signInBy) follow(ctx context.Context, p *identity.Provider, d identity.Decision, who *account.Person) error {
	if who.ManagedBy != p.ID || string(who.Role) == d.Role {
		return nil
	}
	who.Role = account.Role(d.Role)
	err := x.people.Update(ctx, who)
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return roleFault(err, p, d)
}

func roleFault(err error, p *identity.Provider, d identity.Decision) error {
	if fault.Is(err, fault.Invalid) && fault.FieldsOf(err)["role"] != "" {
		return fault.Because(fault.SignIn, err, "%s gives you the role %s, which does not exist here; an administrator should change the mapping", p.Name, d.Role)
	}
	return err
}

// add makes an account for somebody who comes for the first time, linked to the
// identity. An address that nobody verified could be another's.
func (x *signInBy) add(ctx context.Context, p *identity.Provider, d identity.Decision, i identity.Identity) (*account.Person, error) {
	switch {
	case i.Email == "":
		return nil, fault.New(fault.SignIn, "%s does not tell your e-mail address, which an account here needs", p.Name)
	case !i.EmailVerified:
		return nil, fault.New(fault.SignIn, "%s did not verify your e-mail address, so no account can be made for it; an administrator can choose to trust its addresses", p.Name)
	}
	who, err := x.people.CreateWith(ctx, account.NewPerson{Email: i.Email, Name: i.Name, Role: account.Role(d.Role), ManagedBy: p.ID}, x.identities.Joining(i))
	return who, roleFault(err, p, d)
}

// exists says how somebody whose address is known already gets in: the address
// alone proves nothing.
func (x *signInBy) exists(c echo.Context, p *identity.Provider, pending identity.Pending, i identity.Identity) error {
	err := x.audit.Write(c.Request().Context(), audit.Event{Action: "session.start", Object: audit.Object{Kind: "person", Name: i.Email}, Outcome: audit.Refused,
		Detail: map[string]any{"via": p.ID, "provider": p.Name, "subject": i.Subject, "reason": "an account with this address exists already"}})
	if err != nil {
		return err
	}
	return respond(c, http.StatusConflict, views.KnownPage(views.Known{Provider: p.Name, Email: i.Email, SignIn: "/login?next=" + url.QueryEscape("/account#identities")}))
}

// linkedProviders are the providers through which a person can come in now.
func linkedProviders(ctx context.Context, identities *identity.Store, personID string) (list []identity.Provider, err error) {
	links, err := identities.OfPerson(ctx, personID)
	if err != nil || len(links) == 0 {
		return nil, err
	}
	providers, err := identities.List(ctx)
	for _, p := range providers {
		for _, l := range links {
			if p.Enabled && l.ProviderID == p.ID {
				list = append(list, p)
				break
			}
		}
	}
	return list, err
}
