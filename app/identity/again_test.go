package identity

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"assay/app/fault"
)

// TestProvingAgain is about somebody who is signed in and proves once more who
// they are: a provider that only remembers them proves nothing.
func TestProvingAgain(t *testing.T) {
	st := newStub(t)
	s := newIdentities(t, nil)
	p := create(t, s, Provider{Kind: OIDC, Issuer: st.URL, ClientID: "assay", ClientSecret: "secret"})
	again := func(authTime any) error {
		redirect, pending, err := s.BeginAgain(t.Context(), p.ID, base+CallbackPath(p.ID))
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(redirect)
		if q := u.Query(); q.Get("prompt") != "login" || q.Get("max_age") != "60" {
			t.Errorf("the provider is not told to ask: %s", redirect)
		}
		st.claims["nonce"] = pending.Nonce
		if st.claims["auth_time"] = authTime; authTime == nil {
			delete(st.claims, "auth_time")
		}
		_, err = s.Finish(t.Context(), pending, url.Values{"code": {"x"}, "state": {pending.State}})
		return err
	}
	for name, at := range map[string]any{"just now": time.Now().Unix(), "not told": nil} {
		if err := again(at); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := again(time.Now().Add(-time.Hour).Unix()); !fault.Is(err, fault.SignIn) || !strings.Contains(fault.MessageOf(err), "did not ask") {
		t.Errorf("an hour ago: %v", err)
	}

	g := create(t, s, Provider{Kind: GitHub, Name: "GitHub", ClientID: "x", ClientSecret: "y"})
	if redirect, _, err := s.BeginAgain(t.Context(), g.ID, base); err != nil || strings.Contains(redirect, "prompt") {
		t.Errorf("%s %v", redirect, err)
	}
}
