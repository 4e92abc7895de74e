package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"assay/app/account"
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

// Save writes the session and its cookie; see sessions.Store.
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
	values := map[string]string{}
	personID := ""
	for k, v := range session.Values {
		text, _ := v.(string)
		if k == "person" {
			personID = text
		} else {
			values[k.(string)] = text
		}
	}
	data, err := json.Marshal(values)
	if err != nil {
		return err
	}
	fresh := session.ID == ""
	if session.ID, err = s.people.SaveSession(r.Context(), session.ID, personID, data); err != nil {
		return err
	}
	if fresh {
		http.SetCookie(w, sessions.NewCookie(session.Name(), session.ID, session.Options))
	}
	return nil
}

const (
	sessionKey = "session"
	personKey  = "person"
)

// middleware puts the session and its person on the request.
func (s *serverSessions) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		session, err := s.Get(c.Request(), s.cookie())
		if err != nil {
			return err
		}
		c.Set(sessionKey, session)
		if id, _ := session.Values["person"].(string); id != "" {
			p, err := s.people.Get(c.Request().Context(), id)
			switch {
			case err == nil && !p.Disabled:
				c.Set(personKey, p)
			case err != nil && !fault.Is(err, fault.NotFound):
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

// enter signs a person in under a new session id, so that an id known before means nothing after.
func (s *serverSessions) enter(c echo.Context, p *account.Person) error {
	old, _ := c.Get(sessionKey).(*sessions.Session)
	if old != nil && old.ID != "" {
		if err := s.people.EndSession(c.Request().Context(), old.ID); err != nil {
			return err
		}
	}
	fresh := sessions.NewSession(s, s.cookie())
	fresh.Options = s.options()
	fresh.Values["person"] = p.ID
	return fresh.Save(c.Request(), c.Response())
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
