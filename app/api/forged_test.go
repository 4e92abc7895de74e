package api

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"assay/app/account"
)

// forger signs with the server's own key whatever it is told to.
type forger struct {
	t      *testing.T
	kid    string
	key    ed25519.PrivateKey
	person string
}

func (h *house) forger(t *testing.T, person string) *forger {
	t.Helper()
	g, err := h.api.People.Grant(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(g.Access, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ Kid string }
	if err := json.Unmarshal(head, &header); err != nil {
		t.Fatal(err)
	}
	seed, err := h.vault.Key(t.Context(), header.Kid)
	if err != nil {
		t.Fatal(err)
	}
	return &forger{t, header.Kid, ed25519.NewKeyFromSeed(seed[:]), person}
}

func (f *forger) header() string { return fmt.Sprintf(`"alg":"EdDSA","typ":"at+jwt","kid":%q`, f.kid) }

func (f *forger) claims(at time.Time) string {
	return fmt.Sprintf(`"iss":"assay","aud":"assay-api","sub":%q,"iat":%d,"iat_us":%d,"exp":%d`, f.person, at.Unix(), at.UnixMicro(), at.Add(time.Minute).Unix())
}

// token signs the members of a header and of claims, as JSON text.
func (f *forger) token(header, claims string) string {
	b64 := base64.RawURLEncoding
	text := b64.EncodeToString([]byte("{"+header+"}")) + "." + b64.EncodeToString([]byte("{"+claims+"}"))
	return text + "." + b64.EncodeToString(ed25519.Sign(f.key, []byte(text)))
}

// TestForgedTokensOverHTTP is the table of attacks on signed tokens: each gets
// 401, and the server goes on.
func TestForgedTokensOverHTTP(t *testing.T) {
	h := newHouse(t)
	f := h.forger(t, h.people[account.Analyst].ID)
	now := time.Now()
	header, claims := f.header(), f.claims(now)
	good := f.token(header, claims)
	if r := h.call(good, "GET", "/api/v1/me", nil); r.status != 200 {
		t.Fatalf("the good token must pass, or the table proves nothing: %s", r.body)
	}
	without := func(name string) string {
		var kept []string
		for one := range strings.SplitSeq(claims, ",") {
			if !strings.HasPrefix(one, `"`+name+`":`) {
				kept = append(kept, one)
			}
		}
		return strings.Join(kept, ",")
	}
	with := func(name, value string) string { return without(name) + `,"` + name + `":` + value }
	headed := func(name, value string) string {
		text := header
		if name == "kid" {
			text = `"alg":"EdDSA","typ":"at+jwt"`
		}
		return f.token(text+`,"`+name+`":`+value, claims)
	}
	b64 := base64.RawURLEncoding
	symmetric := func(key []byte) string {
		text := b64.EncodeToString([]byte("{"+strings.Replace(header, "EdDSA", "HS256", 1)+"}")) + "." + b64.EncodeToString([]byte("{"+claims+"}"))
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		return text + "." + b64.EncodeToString(mac.Sum(nil))
	}
	parts := strings.Split(good, ".")
	public := f.key.Public().(ed25519.PublicKey)
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	other := &forger{t, f.kid, stranger, f.person}
	jwk := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, b64.EncodeToString(stranger.Public().(ed25519.PublicKey)))

	forged := map[string]string{
		"HS256 with our public key": symmetric(public),
		"HS256 with an empty key":   symmetric(nil),
		"another key":               other.token(header, claims),
		"another key, jwk brought":  other.token(header+`,"jwk":`+jwk, claims),
		"another key, jku brought":  other.token(header+`,"jku":"https://evil.example/keys"`, claims),
		"another key, x5u brought":  other.token(header+`,"x5u":"https://evil.example/cert"`, claims),
		"another key, x5c brought":  other.token(header+`,"x5c":["MIIB"]`, claims),
		"kid traversal":             headed("kid", `"../../dev/null"`),
		"kid SQL":                   headed("kid", `"' OR 1=1 --"`),
		"kid of all keys":           headed("kid", `"jwt-%"`),
		"kid URL":                   headed("kid", `"https://evil.example/key"`),
		"kid huge":                  headed("kid", `"`+strings.Repeat("k", 3000)+`"`),
		"kid of another purpose":    headed("kid", `"audit"`),
		"kid a number":              headed("kid", `7`),
		"kid null":                  headed("kid", `null`),
		"no kid":                    f.token(`"alg":"EdDSA","typ":"at+jwt"`, claims),
		"no typ":                    f.token(fmt.Sprintf(`"alg":"EdDSA","kid":%q`, f.kid), claims),
		"typ of an ID token":        f.token(strings.Replace(header, "at+jwt", "JWT", 1), claims),
		"crit unknown":              headed("crit", `["exp2"]`),
		"b64 false":                 headed("crit", `["b64"],"b64":false`),
		"zip":                       headed("zip", `"DEF"`),
		"exp past":                  f.token(header, with("exp", fmt.Sprint(now.Add(-time.Hour).Unix()))),
		"exp absent":                f.token(header, without("exp")),
		"exp a text":                f.token(header, with("exp", `"tomorrow"`)),
		"exp null":                  f.token(header, with("exp", `null`)),
		"exp 0":                     f.token(header, with("exp", `0`)),
		"exp 2^63":                  f.token(header, with("exp", fmt.Sprint(uint64(math.MaxInt64)+1))),
		"exp 1e400":                 f.token(header, with("exp", `1e400`)),
		"exp in a year":             f.token(header, with("exp", fmt.Sprint(now.AddDate(1, 0, 0).Unix()))),
		"exp a float in the past":   f.token(header, with("exp", `1.5`)),
		"nbf later":                 f.token(header, with("nbf", fmt.Sprint(now.Add(time.Hour).Unix()))),
		"iat later":                 f.token(header, f.claims(now.Add(time.Hour))),
		"iat absent":                f.token(header, without("iat")),
		"iat_us absent":             f.token(header, without("iat_us")),
		"iat_us of another second":  f.token(header, with("iat_us", fmt.Sprint(now.Add(time.Minute).UnixMicro()))),
		"aud other":                 f.token(header, with("aud", `"other"`)),
		"aud absent":                f.token(header, without("aud")),
		"aud a list without us":     f.token(header, with("aud", `["a","b"]`)),
		"aud an object":             f.token(header, with("aud", `{"assay-api":1}`)),
		"iss other":                 f.token(header, with("iss", `"evil"`)),
		"sub unknown":               f.token(header, with("sub", `"nobody"`)),
		"sub all":                   f.token(header, with("sub", `"%"`)),
		"sub absent":                f.token(header, without("sub")),
		"sub twice":                 f.token(header, claims+`,"sub":"nobody"`),
		"exp twice":                 f.token(header, claims+`,"exp":1`),
		"alg twice":                 f.token(header+`,"alg":"none"`, claims),
		"claims no object":          parts[0] + "." + b64.EncodeToString([]byte(`[]`)) + "." + parts[2],
		"no signature":              parts[0] + "." + parts[1] + ".",
		"two parts":                 parts[0] + "." + parts[1],
		"four parts":                good + ".e30",
		"trailing data":             good + "AA",
		"a hundred dots":            strings.Repeat(".", 100),
		"padding":                   good + "==",
		"another's claims":          parts[0] + "." + strings.Split(f.token(header, with("sub", `"`+h.people[account.Admin].ID+`"`)), ".")[1] + "." + parts[2],
	}
	for _, alg := range []string{"none", "None", "nOnE", "", "RS256", "ES256"} {
		forged["alg "+alg] = f.token(strings.Replace(header, "EdDSA", alg, 1), claims)
		forged["alg "+alg+" without a signature"] = strings.Join(strings.Split(forged["alg "+alg], ".")[:2], ".") + "."
	}
	for name, token := range forged {
		r := h.call(token, "GET", "/api/v1/me", nil)
		if r.status != 401 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
			continue
		}
		refused(t, r, 401, "sign_in")
	}
	if r := h.call(good, "GET", "/api/v1/me", nil); r.status != 200 {
		t.Errorf("after all of these the good token: %d %s", r.status, r.body)
	}

	// Whatever ended a person's tokens or the keys ends good ones too.
	if err := h.api.People.End(t.Context(), f.person); err != nil {
		t.Fatal(err)
	}
	refused(t, h.call(good, "GET", "/api/v1/me", nil), 401, "sign_in")
	g, err := h.api.People.Grant(t.Context(), f.person)
	if err != nil {
		t.Fatal(err)
	}
	if r := h.call(g.Access, "GET", "/api/v1/me", nil); r.status != 200 {
		t.Errorf("a token of after the end: %d %s", r.status, r.body)
	}
	if err := h.api.People.RetireKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a token signed with a retired key is refused", func() bool { return h.call(g.Access, "GET", "/api/v1/me", nil).status == 401 })
	again, err := h.api.People.Grant(t.Context(), f.person)
	if err != nil {
		t.Fatal(err)
	}
	if r := h.call(again.Access, "GET", "/api/v1/me", nil); r.status != 200 {
		t.Errorf("a token of the next key: %d %s", r.status, r.body)
	}
	refused(t, h.call(g.Access, "GET", "/api/v1/me", nil), 401, "sign_in")
}

// eventually fails the test unless something comes true within five seconds.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Errorf("not within five seconds: %s", what)
}

// TestHugeHeader is the attack of a token that takes long to look at.
func TestHugeHeader(t *testing.T) {
	h := newHouse(t)
	for _, header := range []string{strings.Repeat("a", 1<<20), strings.Repeat(".", 1<<20), "assay_" + strings.Repeat("a", 15<<10), strings.Repeat("e30.", 3<<10)} {
		began := time.Now()
		req, err := http.NewRequestWithContext(t.Context(), "GET", h.server.URL+"/api/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+header)
		res, err := h.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		want := map[int]bool{431: true, 400: true}
		if len(header) < 16<<10 {
			want = map[int]bool{401: true}
		}
		if took := time.Since(began); !want[res.StatusCode] || took > time.Second {
			t.Errorf("%d bytes: %d after %s", len(header), res.StatusCode, took)
		}
	}
}

// TestMassAssignment is the attack of members that a body should not have.
func TestMassAssignment(t *testing.T) {
	h := newHouse(t)
	viewer := h.people[account.Viewer].ID
	for line, body := range map[string]string{
		"POST /users":            `{"email": "a@example.com", "role": "viewer", "id": "mine"}`,
		"PATCH /users/" + viewer: `{"managed_by": "scim"}`,
		"PUT /users/" + viewer:   `{"email": "a@example.com", "role": "viewer", "kind": "king"}`,
		"POST /tokens":           `{"name": "a", "person_id": "` + viewer + `"}`,
		"POST /groups":           `{"name": "a", "managed_by": "scim"}`,
		"POST /roles":            `{"name": "a", "actions": ["look"], "built_in": true}`,
		"POST /grants":           `{"subject": {"kind": "everyone", "role": "admin"}, "object": {"kind": "folder", "id": ""}, "level": "view"}`,
		"POST /questions":        `{"name": "a", "connection": "` + h.orders + `", "sql": "SELECT 1", "created_by": "` + viewer + `"}`,
		"POST /connections":      `{"name": "a", "kind": "sqlite", "path": "/x", "created_by": "` + viewer + `"}`,
		"POST /explain":          `{"person": "` + viewer + `", "action": "look", "role": "admin"}`,
	} {
		method, path, _ := strings.Cut(line, " ")
		if r := h.as(account.Admin, method, path, body); r.status != 422 {
			t.Errorf("%s %s: %d %s", line, body, r.status, r.body)
		}
	}
	// Of a member that stands twice the last counts, for what is allowed too.
	made := ok[User](t, h.as(account.Admin, "POST", "/users", `{"email": "b@example.com", "role": "admin", "role": "viewer"}`), 201)
	if made.Role != "viewer" {
		t.Errorf("the role is %s", made.Role)
	}
	role := &account.RoleDef{Name: "People", Actions: []account.Action{account.Look, account.Ask, account.SeeConnections, account.EditPeople}}
	if err := h.api.People.CreateRole(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	p, err := h.api.People.Create(t.Context(), account.NewPerson{Email: "people@example.com", Role: role.ID})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := h.api.People.CreateToken(t.Context(), p.ID, account.NewToken{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{`{"email": "c@example.com", "role": "viewer", "role": "admin"}`, `{"email": "c@example.com", "role": "viewer", "Role": "admin"}`, `{"email": "c@example.com", "role": "admin", "role": "admin"}`} {
		r := h.call(secret, "POST", "/api/v1/users", body)
		if r.status/100 == 2 && strings.Contains(r.body, `"role":"admin"`) || r.status >= 500 {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
}
