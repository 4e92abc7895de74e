package identity

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
)

// startGitHub runs GitHub as far as signing in needs it.
func startGitHub(t *testing.T) (*httptest.Server, map[string]any, *url.Values) {
	t.Helper()
	answers := map[string]any{
		"/login/oauth/access_token": map[string]any{"access_token": "access", "token_type": "bearer", "scope": "read:user"},
		"/api/v3/user":              map[string]any{"id": 583231, "login": "octocat", "name": "Mona", "email": "shown@example.com", "sub": "1", "email_verified": true},
		"/api/v3/user/emails": []any{map[string]any{"email": "shown@example.com", "verified": false, "primary": false},
			map[string]any{"email": "Mona@Example.com", "verified": true, "primary": true}},
		"/api/v3/user/orgs":  []any{map[string]any{"login": "acme"}},
		"/api/v3/user/teams": []any{map[string]any{"slug": "data", "organization": map[string]any{"login": "acme"}}},
	}
	sent := &url.Values{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login/oauth/access_token" {
			r.ParseForm()
			*sent = r.PostForm
		}
		answer, ok := answers[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if status, ok := answer.(int); ok {
			http.Error(w, "{}", status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server, answers, sent
}

func TestSignInByGitHub(t *testing.T) {
	server, answers, sent := startGitHub(t)
	s := newIdentities(t, nil)
	p := create(t, s, Provider{Kind: GitHub, Issuer: server.URL, ClientID: "id", ClientSecret: "secret"})
	attempt := func() (Identity, Pending, url.Values, error) {
		redirect, pending, err := s.Begin(t.Context(), p.ID, base+CallbackPath(p.ID))
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(redirect)
		if err != nil {
			t.Fatal(err)
		}
		i, err := s.Finish(t.Context(), pending, url.Values{"state": {pending.State}, "code": {"code"}})
		return i, pending, u.Query(), err
	}
	i, pending, query, err := attempt()
	if err != nil {
		t.Fatal(err)
	}
	if query.Get("code_challenge") != pending.challenge() || query.Get("state") != pending.State || sent.Get("code_verifier") != pending.Verifier || sent.Get("code") != "code" {
		t.Errorf("PKCE: %v %v", query, *sent)
	}
	i.Claims = nil
	want := Identity{ProviderID: p.ID, Issuer: server.URL, Subject: "583231", Email: "mona@example.com", EmailVerified: true, Name: "Mona", Groups: []string{"acme", "acme/data"}}
	if diff := cmp.Diff(want, i); diff != "" {
		t.Error(diff)
	}

	answers["/api/v3/user/emails"] = []any{map[string]any{"email": "mona@example.com", "verified": false, "primary": true}}
	answers["/api/v3/user/orgs"] = http.StatusForbidden
	if i, _, _, err := attempt(); err != nil || i.Email != "" || i.EmailVerified || i.Groups != nil {
		t.Errorf("an address that is not verified, teams that may not be read: %+v %v", i, err)
	}
	good := answers["/api/v3/user"]
	for name, bad := range map[string]any{"no id": map[string]any{"login": "x"}, "id as text": map[string]any{"id": "x"}, "negative": map[string]any{"id": -1}, "refused": http.StatusUnauthorized} {
		answers["/api/v3/user"] = bad
		if i, _, _, err := attempt(); !fault.Is(err, fault.SignIn) {
			t.Errorf("%s: %+v %v", name, i, err)
		}
	}
	answers["/api/v3/user"] = good
	answers["/api/v3/user/emails"] = http.StatusBadGateway
	if _, _, _, err := attempt(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("broken: %v", err)
	}
	answers["/login/oauth/access_token"] = map[string]any{"error": "bad_verification_code"}
	if _, _, _, err := attempt(); !fault.Is(err, fault.SignIn) {
		t.Errorf("code refused: %v", err)
	}
}
