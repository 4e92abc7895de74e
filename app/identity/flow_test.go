package identity

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// startCertified runs oidc-provider of npm, which is certified and demands PKCE.
func startCertified(t *testing.T, settings map[string]any) (issuer string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("node is missing; this test needs Node.js 20 or newer with npm")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.ReadFile("testdata/op/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "assay-test", "op-"+vault.Hash(string(lock))[:16])
	if _, err := os.Stat(filepath.Join(dir, "installed")); err != nil {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
			b, err := os.ReadFile(filepath.Join("testdata/op", name))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
		if err := os.WriteFile(filepath.Join(dir, "installed"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := os.ReadFile("testdata/op/server.mjs")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "server.mjs"), server, 0o600)
	}
	input, err2 := json.Marshal(settings)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	var failures bytes.Buffer
	cmd := exec.Command("node", "server.mjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, bytes.NewReader(input), &failures
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line := make(chan string, 1)
	go func() {
		scanner := bufio.NewScanner(stdout)
		for scanner.Scan() {
			if strings.HasPrefix(scanner.Text(), "{") {
				line <- scanner.Text()
			}
		}
		close(line)
	}()
	select {
	case text := <-line:
		var started struct{ Issuer string }
		if err := json.Unmarshal([]byte(text), &started); err != nil {
			t.Fatal(err, text, failures.String())
		}
		return started.Issuer
	case <-time.After(30 * time.Second):
		t.Fatal("the provider does not start: ", failures.String())
	}
	return ""
}

func TestSignInAtACertifiedProvider(t *testing.T) {
	s := newIdentities(t, nil)
	// The id is known only once the provider is kept, the issuer only once it runs.
	p := create(t, s, Provider{Kind: OIDC, Issuer: "https://not-yet.example.com", ClientID: "assay", ClientSecret: "a client secret of some length", Scopes: []string{"openid", "email", "profile", "groups"}})
	issuer := startCertified(t, map[string]any{"client_id": "assay", "client_secret": "a client secret of some length",
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
