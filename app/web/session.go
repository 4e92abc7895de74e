package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
)

// serverSessions implements gorilla's Store over our table: the cookie holds an
// id that means nothing, everything else stays on the server and can be ended there.
type serverSessions struct {
	people *account.Store
	secure bool
	// factor says that whoever signs in here and not elsewhere needs a second factor.
	factor bool
}

func newSessions(people *account.Store, cfg Config) *serverSessions {
	return &serverSessions{people: people, secure: cfg.Secure(), factor: cfg.RequireFactor}
}

// cookie is the session cookie's name; the prefix makes browsers insist on
// Secure, no domain and the whole site.
func (s *serverSessions) cookie() string {
	if s.secure {
		return "__Host-assay"
	}
	return "assay_session"
}

func (s *serverSessions) options() *sessions.Options {
	return &sessions.Options{Path: "/", MaxAge: int(account.SessionLife / time.Second), HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
}

// Get returns the request's session; see sessions.Store.
func (s *serverSessions) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// storedKey is where a session holds what our table says of it.
type storedKey struct{}

// New reads the session that the cookie names, or returns a new one; see sessions.Store.
func (s *serverSessions) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	session.Options, session.IsNew = s.options(), true
	cookie, err := r.Cookie(name)
	if err != nil || cookie.Value == "" || len(cookie.Value) > 128 {
		return session, nil
	}
	stored, err := s.people.Session(r.Context(), cookie.Value)
	if fault.Is(err, fault.NotFound) {
		return session, nil
	}
	if err != nil {
		return session, err
	}
	var values map[string]string
	if err := json.NewDecoder(bytes.NewReader(stored.Data)).Decode(&values); err != nil {
		return session, nil
	}
	session.ID, session.IsNew = cookie.Value, false
	for k, v := range values {
		session.Values[k] = v
	}
	session.Values[storedKey{}] = stored
	return session, nil
}

// Save writes what the session holds, or ends it; see sessions.Store.
func (s *serverSessions) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if session.Options.MaxAge < 0 {
		if session.ID != "" {
			if err := s.people.EndSession(r.Context(), session.ID); err != nil {
				return err
			}
		}
		http.SetCookie(w, sessions.NewCookie(session.Name(), "", session.Options))
		return nil
	}
	if session.ID == "" {
		return errors.New("a session is started by enter")
	}
	values := map[string]string{}
	for k, v := range session.Values {
		name, named := k.(string)
		if text, ok := v.(string); named && ok {
			values[name] = text
		}
	}
	data, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return s.people.SaveSession(r.Context(), session.ID, data)
}

const (
	sessionKey = "session"
	personKey  = "person"
)

// middleware puts the session and its person on the request, and into its
// context who acts.
func (s *serverSessions) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		actor := audit.Actor{Name: "nobody", Via: "page", Address: c.RealIP(), Request: c.Response().Header().Get("X-Request-Id")}
		c.SetRequest(c.Request().WithContext(audit.As(c.Request().Context(), actor)))
		session, err := s.Get(c.Request(), s.cookie())
		if err != nil {
			return err
		}
		c.Set(sessionKey, session)
		if id := came(c).PersonID; id != "" {
			p, err := s.people.Active(c.Request().Context(), id)
			switch {
			case err == nil:
				c.Set(personKey, p)
				actor.ID, actor.Name, actor.Via = p.ID, p.Email, "session"
				c.SetRequest(c.Request().WithContext(audit.As(c.Request().Context(), actor)))
				if s.lacksFactor(c, p) {
					return leadTo(c, "/account/factor?next="+url.QueryEscape(c.Request().URL.RequestURI()), "Everybody here needs a second factor; set yours up first")
				}
			case !fault.Is(err, fault.SignIn):
				return err
			}
		}
		return next(c)
	}
}

// withoutFactor are the routes that somebody needs to set up a second factor, or to leave.
var withoutFactor = []string{"/account/factor", "/account/prove", "/logout"}

// lacksFactor reports whether a person has to set up a second factor before
// anything else. An identity provider sees to that itself.
func (s *serverSessions) lacksFactor(c echo.Context, p *account.Person) bool {
	return s.factor && !p.HasFactor() && local(came(c).Via) && !slices.Contains(withoutFactor, c.Path())
}

// Ways of signing in that are not through an identity provider.
const (
	byPassword = "password"
	byLink     = "link"
)

func local(via string) bool { return via == byPassword || via == byLink || via == "" }

// leadTo sends somebody who looks at a page elsewhere, and refuses whatever else they do.
func leadTo(c echo.Context, to, why string) error {
	if m := c.Request().Method; m != http.MethodGet && m != http.MethodHead {
		return fault.New(fault.Denied, "%s", why)
	}
	if c.Request().Header.Get("HX-Request") != "" {
		c.Response().Header().Set("HX-Redirect", to)
	}
	return redirect(c, to)
}

// came returns what is known of the request's session; an empty one where there is none.
func came(c echo.Context) *account.Session {
	if session, _ := c.Get(sessionKey).(*sessions.Session); session != nil {
		if stored, _ := session.Values[storedKey{}].(*account.Session); stored != nil {
			return stored
		}
	}
	return &account.Session{}
}

// sessionValue returns a value that the session holds.
func sessionValue(c echo.Context, name string) string {
	session, _ := c.Get(sessionKey).(*sessions.Session)
	if session == nil {
		return ""
	}
	text, _ := session.Values[name].(string)
	return text
}

// person returns who is signed in, or nil.
func person(c echo.Context) *account.Person {
	p, _ := c.Get(personKey).(*account.Person)
	return p
}

// start begins a session under a new id, so that an id known before means nothing after.
func (s *serverSessions) start(c echo.Context, personID, via string, values map[string]string, life time.Duration) error {
	old, _ := c.Get(sessionKey).(*sessions.Session)
	if old != nil && old.ID != "" {
		if err := s.people.EndSession(c.Request().Context(), old.ID); err != nil {
			return err
		}
		old.ID = ""
	}
	if values == nil {
		values = map[string]string{}
	}
	data, err := json.Marshal(values)
	if err != nil {
		return err
	}
	secret, err := s.people.StartSession(c.Request().Context(), account.Session{PersonID: personID, Data: data, Via: via, Agent: c.Request().UserAgent()})
	if err != nil {
		return err
	}
	s.give(c, secret, life)
	return nil
}

func (s *serverSessions) give(c echo.Context, secret string, life time.Duration) {
	o := s.options()
	o.MaxAge = int(life / time.Second)
	http.SetCookie(c.Response(), sessions.NewCookie(s.cookie(), secret, o))
}

// renew notes that the person has just proved again who they are, and gives the
// session another id.
func (s *serverSessions) renew(c echo.Context) error {
	session, _ := c.Get(sessionKey).(*sessions.Session)
	if session == nil || session.ID == "" {
		return fault.New(fault.SignIn, "Sign in first")
	}
	secret, err := s.people.RenewSession(c.Request().Context(), session.ID)
	if err != nil {
		return err
	}
	now := time.Now()
	session.ID, came(c).ProvenAt = secret, &now
	s.give(c, secret, time.Until(came(c).ExpiresAt))
	return nil
}

// leave ends the session here and in the browser.
func (s *serverSessions) leave(c echo.Context) error {
	session, _ := c.Get(sessionKey).(*sessions.Session)
	if session == nil {
		return nil
	}
	session.Options.MaxAge = -1
	c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return session.Save(c.Request(), c.Response())
}

// flash keeps a sentence for the next page.
func flash(c echo.Context, text string) error {
	session, _ := c.Get(sessionKey).(*sessions.Session)
	if session == nil || session.ID == "" {
		return nil
	}
	session.Values["flash"] = text
	return session.Save(c.Request(), c.Response())
}

func takeFlash(c echo.Context) string {
	session, _ := c.Get(sessionKey).(*sessions.Session)
	if session == nil || session.ID == "" {
		return ""
	}
	text, _ := session.Values["flash"].(string)
	if text != "" {
		delete(session.Values, "flash")
		if err := session.Save(c.Request(), c.Response()); err != nil {
			return ""
		}
	}
	return text
}
