package identity

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/app/identity/identitytest"
	"assay/app/vault"
)

func TestSignInByOpenIDConnect(t *testing.T) {
	op := identitytest.StartOP(t)
	s := newIdentities(t, nil)
	p := create(t, s, Provider{Kind: OIDC, Issuer: op.Issuer, ClientID: op.ClientID, ClientSecret: op.ClientSecret, Mapping: []Mapping{{Value: "analysts", Role: "analyst", Group: "Data"}}})
	i, err := signIn(t, s, p, "ada")
	if err != nil {
		t.Fatal(err)
	}
	if i.IDToken == "" {
		t.Error("there is no hint for the logout")
	}
	got := i
	got.IDToken, got.Claims = "", nil
	want := Identity{ProviderID: p.ID, Issuer: op.Issuer, Subject: "5f1c0ada", Email: "ada@example.com", EmailVerified: true, Name: "Ada Byron", Groups: []string{"analysts", "everyone"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"nonce", "at_hash", "exp", "access_token", "id_token"} {
		if _, ok := i.Claims[name]; ok {
			t.Errorf("the claims keep %s", name)
		}
	}
	if d := Decide(p, i); d.Role != "analyst" || !cmp.Equal(d.Groups, []string{"Data"}) {
		t.Errorf("%+v", d)
	}
	out := s.Logout(t.Context(), p.ID, i.IDToken, base+"/")
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(out)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Header.Get("Location") != base+"/" {
		t.Errorf("the logout at %s leads to %q (%s)", out, resp.Header.Get("Location"), resp.Status)
	}
}

func TestSignInWithTheProviderOfTheSettings(t *testing.T) {
	op := identitytest.StartOP(t)
	s := newIdentities(t, &Provider{Issuer: op.Issuer + "/", ClientID: op.ClientID, ClientSecret: op.ClientSecret})
	list, err := s.List(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != SettingsID || !list[0].FromSettings || list[0].ClientSecret != "" || !list[0].HasSecret {
		t.Fatalf("%+v %v", list, err)
	}
	i, err := signIn(t, s, list[0], "ada")
	if err != nil || i.Issuer != op.Issuer {
		t.Errorf("%+v %v", i, err)
	}
	if err := s.Update(t.Context(), &Provider{ID: SettingsID}); !fault.Is(err, fault.Denied) {
		t.Errorf("update: %v", err)
	}
	if err := s.Delete(t.Context(), SettingsID); !fault.Is(err, fault.Denied) {
		t.Errorf("delete: %v", err)
	}
}

func TestSignInAtACertifiedProvider(t *testing.T) {
	s := newIdentities(t, nil)
	// The id is known only once the provider is kept, the issuer only once it runs.
	p := create(t, s, Provider{Kind: OIDC, Issuer: "https://not-yet.example.com", ClientID: "assay", ClientSecret: "a client secret of some length", Scopes: []string{"openid", "email", "profile", "groups"}})
	issuer := identitytest.StartCertified(t, map[string]any{"client_id": "assay", "client_secret": "a client secret of some length",
		"redirect_uris": []string{base + CallbackPath(p.ID)}, "post_logout_redirect_uris": []string{base + "/"}})
	p.Issuer = issuer
	if err := s.Update(t.Context(), &p); !fault.Is(err, fault.Invalid) || fault.FieldsOf(err)["client_secret"] == "" {
		t.Errorf("the secret went along to another issuer: %v", err)
	}
	p.ClientSecret = "a client secret of some length"
	if err := s.Update(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	redirect, pending, err := s.Begin(t.Context(), p.ID, base+CallbackPath(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	form := walk(t, redirect, "grace", "any")
	if form.Get("iss") != issuer {
		t.Errorf("iss %q", form.Get("iss"))
	}
	bare := url.Values{"code": form["code"], "state": form["state"]}
	if _, err := s.Finish(t.Context(), pending, bare); !fault.Is(err, fault.SignIn) {
		t.Errorf("an answer without the issuer that this provider always names: %v", err)
	}
	i, err := signIn(t, s, p, "grace")
	if err != nil {
		t.Fatal(err)
	}
	if i.Key() != issuer+" grace" || i.Email != "grace@example.com" || !i.EmailVerified || !cmp.Equal(i.Groups, []string{"analysts", "everyone"}) {
		t.Errorf("%+v", i)
	}
	if out := s.Logout(t.Context(), p.ID, i.IDToken, base+"/"); !strings.HasPrefix(out, issuer+"/") || !strings.Contains(out, "id_token_hint=") {
		t.Errorf("logout %q", out)
	}

	// The provider demands PKCE: a verifier that does not fit must not get a token.
	redirect, pending, err = s.Begin(t.Context(), p.ID, base+CallbackPath(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	pending.Verifier = secretText()
	if _, err := s.Finish(t.Context(), pending, walk(t, redirect, "grace", "any")); !fault.Is(err, fault.SignIn) {
		t.Errorf("another verifier: %v", err)
	}
}

func TestBeginSendsWhatBindsTheAnswer(t *testing.T) {
	op := identitytest.StartOP(t)
	s := newIdentities(t, nil)
	p := create(t, s, Provider{Kind: OIDC, Issuer: op.Issuer, ClientID: op.ClientID, ClientSecret: op.ClientSecret})
	seen := map[string]bool{}
	for range 20 {
		redirect, pending, err := s.Begin(t.Context(), p.ID, base+CallbackPath(p.ID))
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(redirect)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("state") != pending.State || q.Get("nonce") != pending.Nonce || q.Get("code_challenge") != pending.challenge() || q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != base+CallbackPath(p.ID) {
			t.Fatalf("%v", q)
		}
		if strings.Contains(redirect, pending.Verifier) || strings.Contains(redirect, op.ClientSecret) {
			t.Fatal("the address gives a secret away")
		}
		for _, text := range []string{pending.State, pending.Nonce, pending.Verifier} {
			if seen[text] || len(text) != 43 {
				t.Fatalf("%q is not fresh and of 256 bits", text)
			}
			seen[text] = true
		}
	}
}

func TestPendingIsBoundToPlaceAndBrowser(t *testing.T) {
	s := newIdentities(t, nil)
	p := s.pend("x", base)
	p.Next, p.LinkFor = "/dashboards/1", "ada"
	value, err := p.Seal(s.vault)
	if err != nil || len(value) > 1500 {
		t.Fatal(len(value), err)
	}
	got, err := OpenPending(s.vault, value)
	if diff := cmp.Diff(p, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	elsewhere, err := s.vault.Seal([]byte(`{"p":"x"}`), vault.Place("connections", "1", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{"empty": "", "not base64": "&", "cut": value[:len(value)-4], "changed": "A" + value[1:], "two": value + value,
		"of another place": encode(elsewhere), "huge": strings.Repeat("A", 1<<20)} {
		if bad == value {
			continue
		}
		if _, err := OpenPending(s.vault, bad); !fault.Is(err, fault.SignIn) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProviderThatIsDownIsUnavailable(t *testing.T) {
	s := newIdentities(t, &Provider{Issuer: "http://127.0.0.1:1", ClientID: "assay"})
	_, _, err := s.Begin(t.Context(), SettingsID, base+CallbackPath(SettingsID))
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.MessageOf(err), "Single sign-on") {
		t.Errorf("%v", err)
	}
	if out := s.Logout(t.Context(), SettingsID, "", base); out != "" {
		t.Errorf("logout %q", out)
	}
}
