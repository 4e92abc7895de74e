package identity

import (
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/identity/identitytest"
	"assay/app/store"
	"assay/app/vault"
)

// base is where the test providers send people back to; nothing listens there.
const base = "http://127.0.0.1:1"

func newIdentities(t *testing.T, fixed *Provider) *Store {
	t.Helper()
	db, err := store.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	key, _, _, err := vault.LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), db, key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewStore(db, v, audit.Open(db, v), &http.Client{}, fixed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// create keeps a provider and fails the test where that does not work.
func create(t *testing.T, s *Store, p Provider) Provider {
	t.Helper()
	p.Enabled = true
	if p.Name == "" {
		p.Name = "Acme"
	}
	if err := s.Create(t.Context(), &p); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	return p
}

// walk follows the redirect as a browser would, fills in every form on the way
// and returns what arrives at the callback.
func walk(t *testing.T, redirect, username, password string) url.Values {
	t.Helper()
	form, err := journey(redirect, username, password)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

type lostError struct{ where, page string }

func (e lostError) Error() string { return "lost at " + e.where + ": " + e.page }

func journey(redirect, username, password string) (url.Values, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	var arrived url.Values
	client := &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), base) {
			arrived = req.URL.Query()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := client.Get(redirect)
	for range 8 {
		if err != nil {
			return nil, err
		}
		doc, err2 := goquery.NewDocumentFromReader(resp.Body)
		resp.Body.Close()
		if arrived != nil {
			return arrived, nil
		}
		form := doc.Find("form").First()
		if err2 != nil || form.Length() == 0 {
			text, _ := doc.Html()
			return nil, lostError{resp.Request.URL.String() + " " + resp.Status, text}
		}
		fields := url.Values{}
		form.Find("input[name]").Each(func(_ int, in *goquery.Selection) {
			fields.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
		})
		for _, name := range []string{"username", "login"} {
			if form.Find("input[name="+name+"]").Length() > 0 {
				fields.Set(name, username)
			}
		}
		if form.Find("input[name=password]").Length() > 0 {
			fields.Set("password", password)
		}
		action, err3 := resp.Request.URL.Parse(form.AttrOr("action", ""))
		if err3 != nil {
			return nil, err3
		}
		if strings.HasPrefix(action.String(), base) {
			return fields, nil
		}
		resp, err = client.PostForm(action.String(), fields)
	}
	return nil, lostError{redirect, "too many pages"}
}

// signIn goes the whole way with a provider.
func signIn(t *testing.T, s *Store, p Provider, username string) (Identity, error) {
	t.Helper()
	redirect, pending, err := s.Begin(t.Context(), p.ID, base+CallbackPath(p.ID))
	if err != nil {
		return Identity{}, err
	}
	return s.Finish(t.Context(), pending, walk(t, redirect, username, identitytest.Password))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
