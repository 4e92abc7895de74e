package account

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

func newAccounts(t *testing.T) *Store {
	t.Helper()
	s, err := store.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, _, _, err := vault.LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	return NewStore(s, v, audit.Open(s, v))
}

const goodPassword = "three quiet herons"

func person(t *testing.T, s *Store, email string, role Role) *Person {
	t.Helper()
	p, err := s.Create(t.Context(), NewPerson{Email: email, Role: role, Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSignIn(t *testing.T) {
	s := newAccounts(t)
	p := person(t, s, "Ada@Example.com", Analyst)
	if !strings.HasPrefix(p.PasswordHash, "$argon2id$v=19$m=65536,t=3,p=1$") {
		t.Errorf("hash %q is not argon2id with the stated parameters", p.PasswordHash)
	}
	if got, err := s.SignIn(t.Context(), " ada@example.COM ", goodPassword); err != nil || got.ID != p.ID {
		t.Errorf("right password: %v", err)
	}
	_, wrong := s.SignIn(t.Context(), "ada@example.com", goodPassword+"x")
	_, unknown := s.SignIn(t.Context(), "nobody@example.com", goodPassword)
	if !fault.Is(wrong, fault.SignIn) || fault.MessageOf(wrong) != fault.MessageOf(unknown) {
		t.Errorf("wrong password %v and unknown address %v must look the same", wrong, unknown)
	}
}

func TestNewPersonProblemsAreToldTogether(t *testing.T) {
	s := newAccounts(t)
	_, err := s.Create(t.Context(), NewPerson{Email: "not an address", Role: "king", Password: "short"})
	fields := fault.FieldsOf(err)
	if len(fields) != 3 {
		t.Errorf("got %v, want problems with email, role and password", fields)
	}
	person(t, s, "a@example.com", Viewer)
	if _, err := s.Create(t.Context(), NewPerson{Email: "A@example.com", Role: Viewer}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second person with the address: %v", err)
	}
}

func TestPasswordRules(t *testing.T) {
	for password, ok := range map[string]bool{
		"short": false, "aaaaaaaaaaaaaaaa": false, "password1234": false, "ada@example.com": false,
		strings.Repeat("ab c", 65): false, goodPassword: true, "łódź-wieczorem-9": true,
	} {
		if got := passwordProblem(password, "ada@example.com") == ""; got != ok {
			t.Errorf("%q: accepted %v, want %v", password, got, ok)
		}
	}
}

func TestSetupLinkWorksOnce(t *testing.T) {
	s := newAccounts(t)
	old, _ := s.NewLink(t.Context(), Setup, "")
	token, err := s.NewLink(t.Context(), Setup, "")
	if err != nil {
		t.Fatal(err)
	}
	n := NewPerson{Email: "admin@example.com", Password: goodPassword}
	if _, err := s.SetUp(t.Context(), old, n); !fault.Is(err, fault.NotFound) {
		t.Errorf("an older setup link: %v", err)
	}
	p, err := s.SetUp(t.Context(), token, n)
	if err != nil || p.Role != Admin {
		t.Fatal(p, err)
	}
	n.Email = "second@example.com"
	if _, err := s.SetUp(t.Context(), token, n); !fault.Is(err, fault.NotFound) {
		t.Errorf("a used setup link: %v", err)
	}
	again, _ := s.NewLink(t.Context(), Setup, "")
	if _, err := s.SetUp(t.Context(), again, n); !fault.Is(err, fault.Conflict) {
		t.Errorf("a setup link after setup: %v", err)
	}
}

func TestSessionsEnd(t *testing.T) {
	s := newAccounts(t)
	p := person(t, s, "a@example.com", Admin)
	person(t, s, "b@example.com", Admin)
	id, err := s.StartSession(t.Context(), Session{PersonID: p.ID, Data: []byte("x"), Via: "password"})
	if err != nil || len(id) < 43 {
		t.Fatal(id, err)
	}
	alive := func() bool { _, err := s.Session(t.Context(), id); return err == nil }
	if !alive() {
		t.Fatal("a fresh session is unknown")
	}
	now := s.now()
	s.now = func() time.Time { return now.Add(SessionIdle + time.Minute) }
	if alive() {
		t.Error("an idle session lives on")
	}
	s.now = func() time.Time { return now }
	p.Disabled = true
	if err := s.Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if alive() {
		t.Error("a disabled person's session lives on")
	}
	if _, err := s.SignIn(t.Context(), p.Email, goodPassword); !fault.Is(err, fault.SignIn) {
		t.Errorf("a disabled person signed in: %v", err)
	}
}

func TestLastAdministratorStays(t *testing.T) {
	s := newAccounts(t)
	p := person(t, s, "a@example.com", Admin)
	p.Role = Viewer
	if err := s.Update(t.Context(), p); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

func TestTokens(t *testing.T) {
	s := newAccounts(t)
	p := person(t, s, "a@example.com", Analyst)
	g, err := s.Grant(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Bearer(t.Context(), g.Access); err != nil || got.ID != p.ID {
		t.Errorf("access token: %v", err)
	}
	g2, err := s.Refresh(t.Context(), g.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Refresh(t.Context(), g.Refresh); !fault.Is(err, fault.SignIn) {
		t.Errorf("a used refresh token: %v", err)
	}
	if _, _, err := s.Bearer(t.Context(), g2.Refresh); !fault.Is(err, fault.SignIn) {
		t.Errorf("a refresh token as bearer: %v", err)
	}
	_, secret, err := s.CreateToken(t.Context(), p.ID, NewToken{Name: "nightly"})
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Bearer(t.Context(), secret); err != nil || got.ID != p.ID {
		t.Errorf("API token: %v", err)
	}
	list, err := s.Tokens(t.Context(), p.ID)
	if err != nil || len(list) != 1 || list[0].LastUsedAt == nil {
		t.Fatalf("%+v %v", list, err)
	}
	if err := s.DeleteToken(t.Context(), p.ID, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Bearer(t.Context(), secret); !fault.Is(err, fault.SignIn) {
		t.Errorf("a removed API token: %v", err)
	}
}

// TestForgedAccessTokens is the table of facts on JWT attacks: each must be a plain "sign in".
func TestForgedAccessTokens(t *testing.T) {
	s := newAccounts(t)
	p := person(t, s, "a@example.com", Analyst)
	signer, err := s.signer(t.Context(), keyID(s.now()), true)
	if err != nil {
		t.Fatal(err)
	}
	good := func() jwt.MapClaims {
		return jwt.MapClaims{"iss": issuer, "aud": audience, "sub": p.ID, "exp": s.now().Add(time.Minute).Unix(), "iat": s.now().Unix(), "iat_us": s.now().Unix() * 1e6}
	}
	make := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims, map[string]any)) string {
		claims := good()
		tok := jwt.NewWithClaims(method, claims)
		tok.Header["kid"], tok.Header["typ"] = signer.id, accessType
		change(claims, tok.Header)
		out, err := tok.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	ed := jwt.SigningMethodEdDSA
	if _, _, err := s.Bearer(t.Context(), make(ed, signer.key, func(jwt.MapClaims, map[string]any) {})); err != nil {
		t.Fatal("the good token must pass, or the table proves nothing:", err)
	}
	valid := make(ed, signer.key, func(jwt.MapClaims, map[string]any) {})
	forged := map[string]string{
		"alg none":          make(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, func(jwt.MapClaims, map[string]any) {}),
		"HS256 public key":  make(jwt.SigningMethodHS256, []byte(signer.key.Public().(ed25519.PublicKey)), func(jwt.MapClaims, map[string]any) {}),
		"unknown kid":       make(ed, signer.key, func(_ jwt.MapClaims, h map[string]any) { h["kid"] = "../../dev/null" }),
		"ID token":          make(ed, signer.key, func(_ jwt.MapClaims, h map[string]any) { h["typ"] = "JWT" }),
		"no kid":            make(ed, signer.key, func(_ jwt.MapClaims, h map[string]any) { delete(h, "kid") }),
		"expired":           make(ed, signer.key, func(c jwt.MapClaims, _ map[string]any) { c["exp"] = s.now().Add(-time.Hour).Unix() }),
		"no expiry":         make(ed, signer.key, func(c jwt.MapClaims, _ map[string]any) { delete(c, "exp") }),
		"expiry as text":    make(ed, signer.key, func(c jwt.MapClaims, _ map[string]any) { c["exp"] = "tomorrow" }),
		"other audience":    make(ed, signer.key, func(c jwt.MapClaims, _ map[string]any) { c["aud"] = "other" }),
		"no audience":       make(ed, signer.key, func(c jwt.MapClaims, _ map[string]any) { delete(c, "aud") }),
		"other issuer":      make(ed, signer.key, func(c jwt.MapClaims, _ map[string]any) { c["iss"] = "other" }),
		"unknown person":    make(ed, signer.key, func(c jwt.MapClaims, _ map[string]any) { c["sub"] = "nobody" }),
		"not yet":           make(ed, signer.key, func(c jwt.MapClaims, _ map[string]any) { c["nbf"] = s.now().Add(time.Hour).Unix() }),
		"issued in future":  make(ed, signer.key, func(c jwt.MapClaims, _ map[string]any) { c["iat"] = s.now().Add(time.Hour).Unix() }),
		"signature cut off": valid[:strings.LastIndexByte(valid, '.')+1],
		"two parts":         valid[:strings.LastIndexByte(valid, '.')],
		"trailing data":     valid + "x",
		"a hundred dots":    strings.Repeat(".", 100),
		"empty":             "",
		"huge":              strings.Repeat("a", 1<<20),
	}
	for name, token := range forged {
		if _, _, err := s.Bearer(t.Context(), token); !fault.Is(err, fault.SignIn) {
			t.Errorf("%s: got %v, want sign in", name, err)
		}
	}
}

func TestMay(t *testing.T) {
	tests := []struct {
		role   Role
		action Action
		want   bool
	}{
		{Viewer, Look, true}, {Viewer, Ask, true}, {Viewer, AskSQL, false}, {Viewer, Save, false}, {Viewer, EditConnections, false},
		{Analyst, AskSQL, true}, {Analyst, Save, true}, {Analyst, EditConnections, false}, {Analyst, EditPeople, false},
		{Admin, EditConnections, true}, {Admin, EditPeople, true}, {Admin, "fly", false}, {"king", Look, false},
	}
	for _, tt := range tests {
		if got := May(&Person{Role: tt.role}, tt.action); got.Allowed != tt.want || got.Why == "" {
			t.Errorf("%s %s: %+v, want %v", tt.role, tt.action, got, tt.want)
		}
	}
	if err := Check(nil, Look); !fault.Is(err, fault.SignIn) {
		t.Errorf("nobody: %v", err)
	}
	if d := May(&Person{Role: Admin, Disabled: true}, Look); d.Allowed {
		t.Error("a disabled administrator may look")
	}
}

func TestThrottle(t *testing.T) {
	s := newAccounts(t)
	th, err := NewThrottle(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	th.now = func() time.Time { return now }
	for range freeTries {
		if err := th.Allow("a", "net"); err != nil {
			t.Fatal("a free try was refused:", err)
		}
		th.Failed("a", "net")
	}
	if err := th.Allow("A"); !fault.Is(err, fault.TooMany) {
		t.Errorf("after %d failures: %v", freeTries, err)
	}
	if err := th.Allow("b"); err != nil {
		t.Errorf("another key: %v", err)
	}
	now = now.Add(2 * time.Second)
	if err := th.Allow("a"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	for range 100 {
		th.Failed("a")
	}
	now = now.Add(longestWait + time.Second)
	if err := th.Allow("a"); err != nil {
		t.Errorf("no key is locked for good: %v", err)
	}
	th.Failed("a")
	th.Succeeded("a")
	if err := th.Allow("a"); err != nil {
		t.Errorf("after a success: %v", err)
	}
}
