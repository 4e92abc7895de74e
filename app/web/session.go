package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
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
}

func newSessions(people *account.Store, secure bool) *serverSessions {
	return &serverSessions{people: people, secure: secure}
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
	session.Values["person"] = stored.PersonID
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
		if text, _ := v.(string); k != "person" {
			values[k.(string)] = text
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
		if id, _ := session.Values["person"].(string); id != "" {
			p, err := s.people.Active(c.Request().Context(), id)
			switch {
			case err == nil:
				c.Set(personKey, p)
				actor.ID, actor.Name, actor.Via = p.ID, p.Email, "session"
				c.SetRequest(c.Request().WithContext(audit.As(c.Request().Context(), actor)))
			case !fault.Is(err, fault.SignIn):
				return err
			}
		}
		return next(c)
	}
}

// person returns who is signed in, or nil.
func person(c echo.Context) *account.Person {
	p, _ := c.Get(personKey).(*account.Person)
	return p
}

// enter signs a person in under a new session id, so that an id known before
// means nothing after; via says how they proved who they are.
func (s *serverSessions) enter(c echo.Context, p *account.Person, via string) error {
	old, _ := c.Get(sessionKey).(*sessions.Session)
	if old != nil && old.ID != "" {
		if err := s.people.EndSession(c.Request().Context(), old.ID); err != nil {
			return err
		}
	}
	secret, err := s.people.StartSession(c.Request().Context(), account.Session{PersonID: p.ID, Data: []byte("{}"), Via: via, Agent: c.Request().UserAgent()})
	if err != nil {
		return err
	}
	http.SetCookie(c.Response(), sessions.NewCookie(s.cookie(), secret, s.options()))
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
