package identity

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/app/fault"
)

// stub is an OpenID Connect provider whose every answer a test can spoil.
type stub struct {
	*httptest.Server
	key    *rsa.PrivateKey
	header map[string]any
	claims map[string]any
	// sign makes the ID token's signature; nil signs as it should be.
	sign     func(input string) []byte
	token    map[string]any // the token endpoint's answer beside the ID token
	userinfo map[string]any
	handlers map[string]http.HandlerFunc // instead of the usual answer, by path
	meta     map[string]any
	mu       sync.Mutex
	asked    map[string]int
	verifier string
}

var stubKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func newStub(t *testing.T) *stub {
	st := &stub{key: stubKey(), header: map[string]any{"alg": "RS256", "kid": "1"}, token: map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 300},
		handlers: map[string]http.HandlerFunc{}, meta: map[string]any{}, asked: map[string]int{}}
	st.Server = httptest.NewServer(st)
	t.Cleanup(st.Close)
	st.claims = map[string]any{"iss": st.URL, "aud": "assay", "sub": "77", "exp": time.Now().Add(5 * time.Minute).Unix(), "iat": time.Now().Unix(), "groups": []string{"a"}}
	st.userinfo = map[string]any{"sub": "77", "email": "Eve@Example.com", "email_verified": true, "name": "Eve"}
	return st
}

func (st *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	st.mu.Lock()
	st.asked[r.URL.Path]++
	st.mu.Unlock()
	if h := st.handlers[r.URL.Path]; h != nil {
		h(w, r)
		return
	}
	answer := map[string]any{}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer = map[string]any{"issuer": st.URL, "authorization_endpoint": st.URL + "/authorize", "token_endpoint": st.URL + "/token", "jwks_uri": st.URL + "/keys",
			"userinfo_endpoint": st.URL + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}}
		for k, v := range st.meta {
			answer[k] = v
		}
	case "/keys":
		answer["keys"] = []any{map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": encode(st.key.N.Bytes()), "e": encode(big.NewInt(int64(st.key.E)).Bytes())}}
	case "/token":
		st.verifier = r.PostFormValue("code_verifier")
		for k, v := range st.token {
			answer[k] = v
		}
		if _, set := answer["id_token"]; !set {
			answer["id_token"] = st.idToken()
		}
	case "/userinfo":
		answer = st.userinfo
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

func (st *stub) idToken() string {
	header, err1 := json.Marshal(st.header)
	claims, err2 := json.Marshal(st.claims)
	if err1 != nil || err2 != nil {
		panic(fmt.Sprint(err1, err2))
	}
	input := encode(header) + "." + encode(claims)
	if st.sign != nil {
		return input + "." + encode(st.sign(input))
	}
	return input + "." + encode(signRS256(st.key, input))
}

func signRS256(key *rsa.PrivateKey, input string) []byte {
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return sig
}

func hmacOf(key []byte) func(string) []byte {
	return func(input string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(input))
		return m.Sum(nil)
	}
}

// attempt begins a sign-in at a stub, lets spoil spoil something, and finishes.
func attempt(t *testing.T, spoil func(st *stub, p *Pending, form url.Values)) (Identity, *stub, error) {
	t.Helper()
	st := newStub(t)
	s := newIdentities(t, &Provider{Name: "Stub", Issuer: st.URL, ClientID: "assay", ClientSecret: "shared secret"})
	s.timeout = 2 * time.Second
	_, p, err := s.Begin(t.Context(), SettingsID, base+CallbackPath(SettingsID))
	if err != nil {
		t.Fatal("begin:", err)
	}
	st.claims["nonce"] = p.Nonce
	form := url.Values{"state": {p.State}, "code": {"code"}}
	if spoil != nil {
		spoil(st, &p, form)
	}
	i, err := s.Finish(t.Context(), p, form)
	return i, st, err
}

func TestGoodAnswerPasses(t *testing.T) {
	i, st, err := attempt(t, nil)
	if err != nil {
		t.Fatal("the good answer must pass, or the tables prove nothing: ", err)
	}
	if i.Key() != st.URL+" 77" || i.Email != "eve@example.com" || !i.EmailVerified || i.Name != "Eve" || len(i.Groups) != 1 {
		t.Errorf("%+v", i)
	}
	if len(st.verifier) != 43 {
		t.Errorf("the verifier %q did not reach the token endpoint", st.verifier)
	}
	for name, spoil := range map[string]func(st *stub, p *Pending, form url.Values){
		"a clock 50 s behind": func(st *stub, _ *Pending, _ url.Values) { st.claims["iat"] = time.Now().Add(50 * time.Second).Unix() },
		"several audiences": func(st *stub, _ *Pending, _ url.Values) {
			st.claims["aud"], st.claims["azp"] = []string{"assay", "other"}, "assay"
		},
		"issuer named": func(st *stub, _ *Pending, form url.Values) { form.Set("iss", st.URL) },
		"userinfo adds nothing": func(st *stub, _ *Pending, _ url.Values) {
			st.claims["email"] = "eve@example.com"
			st.userinfo = map[string]any{"sub": "77"}
		},
	} {
		if _, _, err := attempt(t, spoil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForgedIDTokens: each of these must be refused, and userinfo never asked.
func TestForgedIDTokens(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, v any) func(*stub) { return func(st *stub) { st.claims[name] = v } }
	drop := func(name string) func(*stub) { return func(st *stub) { delete(st.claims, name) } }
	forged := map[string]func(st *stub){
		"alg none":                   func(st *stub) { st.header["alg"] = "none"; st.sign = func(string) []byte { return nil } },
		"alg None":                   func(st *stub) { st.header["alg"] = "None"; st.sign = func(string) []byte { return nil } },
		"alg missing":                func(st *stub) { delete(st.header, "alg") },
		"HS256 by the client secret": func(st *stub) { st.header["alg"] = "HS256"; st.sign = hmacOf([]byte("shared secret")) },
		"HS256 by the public key":    func(st *stub) { st.header["alg"] = "HS256"; st.sign = hmacOf(st.key.N.Bytes()) },
		"HS256 by an empty key":      func(st *stub) { st.header["alg"] = "HS256"; st.sign = hmacOf(nil) },
		"another key":                func(st *stub) { st.sign = func(in string) []byte { return signRS256(other, in) } },
		"key inside the token": func(st *stub) {
			st.header["jwk"] = map[string]any{"kty": "RSA", "n": encode(other.N.Bytes()), "e": "AQAB"}
			st.sign = func(in string) []byte { return signRS256(other, in) }
		},
		"key at an address": func(st *stub) {
			st.header["jku"] = "https://evil.example.com/keys"
			st.sign = func(in string) []byte { return signRS256(other, in) }
		},
		"unknown kid":                  func(st *stub) { st.header["kid"] = "../../dev/null" },
		"unknown critical header":      func(st *stub) { st.header["crit"] = []string{"exp"} },
		"no signature":                 func(st *stub) { st.sign = func(string) []byte { return nil } },
		"signature of something else":  func(st *stub) { st.sign = func(string) []byte { return signRS256(st.key, "x.y") } },
		"other issuer":                 set("iss", "https://evil.example.com"),
		"no issuer":                    drop("iss"),
		"other audience":               set("aud", "other"),
		"no audience":                  drop("aud"),
		"azp of another client":        set("azp", "other"),
		"several audiences, no azp":    set("aud", []string{"assay", "other"}),
		"no exp":                       drop("exp"),
		"exp as text":                  func(st *stub) { st.claims["exp"] = fmt.Sprint(st.claims["exp"]) },
		"exp as words":                 set("exp", "tomorrow"),
		"exp null":                     set("exp", nil),
		"exp as list":                  set("exp", []int{1}),
		"expired":                      set("exp", time.Now().Add(-2*time.Minute).Unix()),
		"exp negative":                 set("exp", -1),
		"no iat":                       drop("iat"),
		"iat an hour ahead":            set("iat", time.Now().Add(time.Hour).Unix()),
		"not yet valid":                set("nbf", time.Now().Add(time.Hour).Unix()),
		"nbf as text":                  set("nbf", "now"),
		"no nonce":                     drop("nonce"),
		"empty nonce":                  set("nonce", ""),
		"other nonce":                  set("nonce", "another"),
		"nonce as number":              set("nonce", 1),
		"no sub":                       drop("sub"),
		"empty sub":                    set("sub", ""),
		"sub as number":                set("sub", 77),
		"sub too long":                 set("sub", strings.Repeat("7", 300)),
		"hash of another access token": set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
	}
	for name, spoil := range forged {
		t.Run(name, func(t *testing.T) {
			i, st, err := attempt(t, func(st *stub, _ *Pending, _ url.Values) { spoil(st) })
			if !fault.Is(err, fault.SignIn) {
				t.Errorf("got %+v, %v; want a refusal", i, err)
			}
			if st.asked["/userinfo"] > 0 {
				t.Error("userinfo was asked with a token that was not verified")
			}
		})
	}
}

func TestSpoiledAnswers(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"error":"x"}`, code) }
	}
	oversized := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"x":"`))
		for range 40 {
			w.Write([]byte(strings.Repeat("x", 64<<10)))
		}
		w.Write([]byte(`"}`))
	}
	slow := func(_ http.ResponseWriter, r *http.Request) {
		r.ParseForm() // without its body read the server does not notice that the client left
		<-r.Context().Done()
	}
	elsewhere := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://localhost:1"+r.URL.Path, http.StatusTemporaryRedirect)
	}
	answers := func(path string, h http.HandlerFunc) func(*stub, *Pending, url.Values) {
		return func(st *stub, _ *Pending, _ url.Values) { st.handlers[path] = h }
	}
	tests := map[string]struct {
		spoil func(st *stub, p *Pending, form url.Values)
		want  fault.Kind
	}{
		"state of another browser":     {func(_ *stub, p *Pending, form url.Values) { form.Set("state", secretText()) }, fault.SignIn},
		"no state":                     {func(_ *stub, _ *Pending, form url.Values) { form.Del("state") }, fault.SignIn},
		"no state on either side":      {func(_ *stub, p *Pending, form url.Values) { form.Del("state"); p.State = "" }, fault.SignIn},
		"state twice":                  {func(_ *stub, _ *Pending, form url.Values) { form.Add("state", "x") }, fault.SignIn},
		"code twice":                   {func(_ *stub, _ *Pending, form url.Values) { form.Add("code", "x") }, fault.SignIn},
		"no code":                      {func(_ *stub, _ *Pending, form url.Values) { form.Del("code") }, fault.SignIn},
		"too late":                     {func(_ *stub, p *Pending, _ url.Values) { p.ExpiresAt = time.Now().Add(-time.Second) }, fault.SignIn},
		"unknown provider":             {func(_ *stub, p *Pending, _ url.Values) { p.Provider = "gone" }, fault.SignIn},
		"access denied":                {func(_ *stub, _ *Pending, form url.Values) { form.Set("error", "access_denied") }, fault.SignIn},
		"error of markup":              {func(_ *stub, _ *Pending, form url.Values) { form.Set("error", "<script>") }, fault.SignIn},
		"provider overloaded":          {func(_ *stub, _ *Pending, form url.Values) { form.Set("error", "temporarily_unavailable") }, fault.Unavailable},
		"mixed up issuer":              {func(_ *stub, _ *Pending, form url.Values) { form.Set("iss", "https://evil.example.com") }, fault.SignIn},
		"other sub at userinfo":        {func(st *stub, _ *Pending, _ url.Values) { st.userinfo["sub"] = "78" }, fault.SignIn},
		"no sub at userinfo":           {func(st *stub, _ *Pending, _ url.Values) { delete(st.userinfo, "sub") }, fault.SignIn},
		"no ID token":                  {func(st *stub, _ *Pending, _ url.Values) { st.token["id_token"] = "" }, fault.SignIn},
		"ID token as number":           {func(st *stub, _ *Pending, _ url.Values) { st.token["id_token"] = 1 }, fault.SignIn},
		"ID token of a hundred dots":   {func(st *stub, _ *Pending, _ url.Values) { st.token["id_token"] = strings.Repeat(".", 100) }, fault.SignIn},
		"no access token":              {func(st *stub, _ *Pending, _ url.Values) { delete(st.token, "access_token") }, fault.SignIn},
		"code refused":                 {answers("/token", status(400)), fault.SignIn},
		"userinfo refused":             {answers("/userinfo", status(401)), fault.SignIn},
		"userinfo is no object":        {answers("/userinfo", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`[1]`)) }), fault.SignIn},
		"token endpoint broken":        {answers("/token", status(502)), fault.Unavailable},
		"keys broken":                  {answers("/keys", status(500)), fault.Unavailable},
		"userinfo broken":              {answers("/userinfo", status(503)), fault.Unavailable},
		"token answer oversized":       {answers("/token", oversized), fault.SignIn},
		"keys oversized":               {answers("/keys", oversized), fault.Unavailable},
		"userinfo oversized":           {answers("/userinfo", oversized), fault.Unavailable},
		"token answer redirects":       {answers("/token", elsewhere), fault.Unavailable},
		"keys redirect":                {answers("/keys", elsewhere), fault.Unavailable},
		"userinfo redirects":           {answers("/userinfo", elsewhere), fault.Unavailable},
		"token endpoint never answers": {answers("/token", slow), fault.Unavailable},
		"userinfo never answers":       {answers("/userinfo", slow), fault.Unavailable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, _, err := attempt(t, tt.spoil)
			if !fault.Is(err, tt.want) || i.Subject != "" {
				t.Errorf("got %+v, %v; want %s", i, err, tt.want)
			}
			if message := fault.MessageOf(err); strings.Contains(message, "<") || strings.Contains(err.Error(), "shared secret") {
				t.Errorf("the message %q, the cause %v", message, err)
			}
		})
	}
}

func TestReplayedCallbackIsRefused(t *testing.T) {
	st := newStub(t)
	s := newIdentities(t, &Provider{Issuer: st.URL, ClientID: "assay", ClientSecret: "shared secret"})
	_, p, err := s.Begin(t.Context(), SettingsID, base)
	if err != nil {
		t.Fatal(err)
	}
	st.claims["nonce"] = p.Nonce
	form := url.Values{"state": {p.State}, "code": {"code"}}
	if _, err := s.Finish(t.Context(), p, form); err != nil {
		t.Fatal(err)
	}
	// A second server on the same store remembers too.
	again, err := NewStore(s.db, s.vault, s.log, nil, s.fixed)
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []*Store{s, again} {
		if _, err := server.Finish(t.Context(), p, form); !fault.Is(err, fault.SignIn) {
			t.Errorf("replayed: %v", err)
		}
	}
	if n := st.asked["/token"]; n != 1 {
		t.Errorf("the code was sent %d times", n)
	}
	// What is remembered goes once it could not be used anyway.
	now := s.now()
	s.now = func() time.Time { return now.Add(PendingLife + time.Minute) }
	_, p2, err := s.Begin(t.Context(), SettingsID, base)
	if err == nil {
		err = s.use(t.Context(), p2)
	}
	var left int
	if err2 := s.db.Read().NewRaw("SELECT count(*) FROM links").Scan(t.Context(), &left); err != nil || err2 != nil || left != 1 {
		t.Errorf("%d remembered, %v %v", left, err, err2)
	}
}

func TestSpoiledDiscovery(t *testing.T) {
	tests := map[string]func(st *stub){
		"other issuer":         func(st *stub) { st.meta["issuer"] = "https://evil.example.com" },
		"no token endpoint":    func(st *stub) { st.meta["token_endpoint"] = "" },
		"keys without TLS":     func(st *stub) { st.meta["jwks_uri"] = "http://keys.example.com/" },
		"token endpoint local": func(st *stub) { st.meta["token_endpoint"] = "file:///etc/passwd" },
		"script":               func(st *stub) { st.meta["authorization_endpoint"] = "javascript:alert(1)" },
		"userinfo without TLS": func(st *stub) { st.meta["userinfo_endpoint"] = "http://user.example.com/" },
		"not found": func(st *stub) {
			st.handlers["/.well-known/openid-configuration"] = func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
		},
		"a page": func(st *stub) {
			st.handlers["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<!doctype html>")) }
		},
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			st := newStub(t)
			spoil(st)
			s := newIdentities(t, &Provider{Issuer: st.URL, ClientID: "assay"})
			if _, _, err := s.Begin(t.Context(), SettingsID, base); !fault.Is(err, fault.Unavailable) {
				t.Errorf("%v", err)
			}
			st.meta, st.handlers = map[string]any{}, map[string]http.HandlerFunc{}
			if _, _, err := s.Begin(t.Context(), SettingsID, base); err != nil {
				t.Errorf("once mended: %v", err)
			}
		})
	}
}

func TestDiscoveryIsTriedAgainAndThenRemembered(t *testing.T) {
	st := newStub(t)
	const path = "/.well-known/openid-configuration"
	var n int
	st.handlers[path] = func(w http.ResponseWriter, r *http.Request) {
		if n++; n < 3 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		delete(st.handlers, path)
		st.ServeHTTP(w, r)
	}
	s := newIdentities(t, &Provider{Issuer: st.URL, ClientID: "assay"})
	for range 3 {
		if _, _, err := s.Begin(t.Context(), SettingsID, base); err != nil {
			t.Fatal(err)
		}
	}
	if got := st.asked[path]; got != 4 { // three from outside, one from within the handler
		t.Errorf("asked %d times", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.forget(SettingsID)
	if _, _, err := s.Begin(ctx, SettingsID, base); !fault.Is(err, fault.Unavailable) {
		t.Errorf("with a request that is over: %v", err)
	}
}

func TestAddressCountsAsVerifiedOnlyByWhoNamedIt(t *testing.T) {
	for name, tt := range map[string]struct {
		signed, told map[string]any
		want         bool
	}{
		"both by userinfo":             {map[string]any{}, map[string]any{"email": "a@example.com", "email_verified": true}, true},
		"both signed":                  {map[string]any{"email": "a@example.com", "email_verified": true}, nil, true},
		"signed, told to be verified":  {map[string]any{"email": "a@example.com"}, map[string]any{"email": "a@example.com", "email_verified": true}, true},
		"another one told as verified": {map[string]any{"email": "a@example.com"}, map[string]any{"email": "b@example.com", "email_verified": true}, false},
		"signed as not verified":       {map[string]any{"email": "a@example.com", "email_verified": false}, map[string]any{"email": "a@example.com", "email_verified": true}, false},
		"verified, but none signed":    {map[string]any{"email_verified": true}, map[string]any{"email": "b@example.com"}, false},
		"as text":                      {map[string]any{"email": "a@example.com", "email_verified": "true"}, nil, true},
		"no":                           {map[string]any{"email": "a@example.com", "email_verified": "false"}, nil, false},
	} {
		if got := FromClaims(Provider{Kind: OIDC}, merge(tt.signed, tt.told)); got.EmailVerified != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
