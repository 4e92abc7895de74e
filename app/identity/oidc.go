package identity

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/markbates/goth/providers/openidConnect"

	"assay/app/fault"
)

// leeway is how far a provider's clock may be from ours.
const leeway = 60 * time.Second

// describedFor is how long what a provider says about itself is taken as still true.
const describedFor = time.Hour

// described is what a provider says about itself: OpenID Connect's discovery
// document or SAML's metadata.
type described struct {
	address string
	until   time.Time
	oidc    *oidc.Provider
	issuer  string
	meta    struct {
		EndSession string `json:"end_session_endpoint"`
		JWKS       string `json:"jwks_uri"`
		// SendsIssuer says that every answer names its issuer (RFC 9207).
		SendsIssuer bool `json:"authorization_response_iss_parameter_supported"`
	}
	xml []byte
}

func (s *Store) recall(id, address string) *described {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.known[id]; d != nil && d.address == address && s.now().Before(d.until) {
		return d
	}
	return nil
}

func (s *Store) remember(id string, d *described) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[id] = d
}

func (s *Store) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, id)
}

// tries is how often a provider is asked to describe itself before giving up,
// pause how long to wait in between.
const (
	tries = 3
	pause = 150 * time.Millisecond
)

// retry runs ask until it succeeds, the provider is there but says no, or time is up.
func (f *flow) retry(ask func(ctx context.Context, client *http.Client) error) error {
	ctx, cancel := context.WithTimeout(f.ctx, f.timeout)
	defer cancel()
	for n := 1; ; n++ {
		var client *http.Client
		client, f.out = f.client(ctx)
		err := ask(ctx, client)
		if err == nil || !f.out.broken.Load() || n == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(n) * pause):
		}
	}
}

// discover reads the discovery document, once an hour.
func (f *flow) discover() (*described, error) {
	if d := f.recall(f.p.ID, f.p.Issuer); d != nil {
		return d, nil
	}
	d := &described{address: f.p.Issuer, until: f.now().Add(describedFor), issuer: f.p.Issuer}
	err := f.retry(func(ctx context.Context, client *http.Client) (err error) {
		d.oidc, err = oidc.NewProvider(oidc.ClientContext(ctx, client), d.issuer)
		if m, ok := errors.AsType[*oidc.IssuerMismatchError](err); ok && strings.TrimSuffix(m.Discovered, "/") == strings.TrimSuffix(m.Provided, "/") {
			d.issuer = m.Discovered // the same but for a slash, which people cannot be expected to know
			d.oidc, err = oidc.NewProvider(oidc.ClientContext(ctx, client), d.issuer)
		}
		return err
	})
	if err != nil {
		if f.out.broken.Load() || f.ctx.Err() != nil {
			return nil, err
		}
		return nil, fault.Because(fault.Unavailable, errors.New(cut(err.Error(), 300)), "%s does not describe itself as an OpenID Connect provider at %s; an administrator should check the issuer", f.p.Name, f.p.Issuer)
	}
	if err := d.oidc.Claims(&d.meta); err != nil {
		return nil, err
	}
	e := d.oidc.Endpoint()
	for _, address := range []string{e.AuthURL, e.TokenURL, d.meta.JWKS} {
		if problem := f.endpointProblem(address); problem != "" {
			return nil, fault.New(fault.Unavailable, "%s describes itself with an address that cannot be used: %s", f.p.Name, problem)
		}
	}
	for _, optional := range []string{d.oidc.UserInfoEndpoint(), d.meta.EndSession} {
		if optional != "" && f.endpointProblem(optional) != "" {
			return nil, fault.New(fault.Unavailable, "%s describes itself with an address that cannot be used", f.p.Name)
		}
	}
	// The keys are read later and for everybody, so their way out is not this sign-in's.
	keys, _ := f.client(context.Background())
	config := oidc.ProviderConfig{IssuerURL: d.issuer, AuthURL: e.AuthURL, TokenURL: e.TokenURL, UserInfoURL: d.oidc.UserInfoEndpoint(), JWKSURL: d.meta.JWKS, Algorithms: algorithms(d.oidc)}
	d.oidc = config.NewProvider(oidc.ClientContext(context.Background(), keys))
	f.remember(f.p.ID, d)
	return d, nil
}

// asymmetric are the signatures that are taken: with the others whoever knows the
// client secret, or nothing, could sign.
var asymmetric = map[string]bool{
	oidc.RS256: true, oidc.RS384: true, oidc.RS512: true, oidc.ES256: true, oidc.ES384: true, oidc.ES512: true,
	oidc.PS256: true, oidc.PS384: true, oidc.PS512: true, oidc.EdDSA: true,
}

func algorithms(p *oidc.Provider) (list []string) {
	var meta struct {
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
	}
	if p.Claims(&meta) == nil {
		for _, a := range meta.Algorithms {
			if asymmetric[a] {
				list = append(list, a)
			}
		}
	}
	if len(list) == 0 {
		list = []string{oidc.RS256}
	}
	return list
}

// endpointProblem holds an endpoint to the issuer's standard: TLS, unless the
// issuer is on this machine itself.
func (f *flow) endpointProblem(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return "it is not an address"
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()) && strings.HasPrefix(f.p.Issuer, "http:"):
		return ""
	}
	return "it is without TLS"
}

// goth returns goth's provider for this sign-in. The kinds that goth has
// providers of its own for go by OpenID Connect too: those drop the ID token or
// the verifier.
func (f *flow) goth(d *described, callback string) *openidConnect.Provider {
	e := d.oidc.Endpoint()
	g, _ := openidConnect.NewCustomisedURL(f.p.ClientID, f.secret.ClientSecret, callback, e.AuthURL, e.TokenURL, d.issuer, d.oidc.UserInfoEndpoint(), d.meta.EndSession, f.p.Scopes...)
	g.HTTPClient, f.out = f.client(f.ctx)
	return g
}

func (f *flow) beginOIDC(p Pending) (string, error) {
	d, err := f.discover()
	if err != nil {
		return "", err
	}
	g := f.goth(d, p.Callback)
	options := map[string]string{"nonce": p.Nonce, "code_challenge": p.challenge(), "code_challenge_method": "S256"}
	switch {
	case p.Again && f.p.Kind == Google:
		options["prompt"] = "select_account"
	case p.Again:
		// With the second the ID token has to say when the person was asked.
		options["prompt"], options["max_age"] = "login", "60"
	}
	g.SetAuthCodeOptions(options)
	session, err := g.BeginAuth(p.State)
	if err != nil {
		return "", err
	}
	return session.GetAuthURL()
}

func (f *flow) finishOIDC(p Pending, form url.Values) (i Identity, err error) {
	d, err := f.discover()
	if err != nil {
		return i, err
	}
	if iss := form.Get("iss"); iss != "" && iss != d.issuer || iss == "" && d.meta.SendsIssuer {
		return i, fault.New(fault.SignIn, "The answer comes from another issuer than %s; start again", f.p.Name)
	}
	if form.Get("code") == "" {
		return i, fault.New(fault.SignIn, "The answer of %s holds no code; start again", f.p.Name)
	}
	g := f.goth(d, p.Callback)
	session := &openidConnect.Session{}
	if _, err := session.Authorize(g, url.Values{"code": {form.Get("code")}, "code_verifier": {p.Verifier}}); err != nil {
		return i, err
	}
	signed, err := f.verify(d, session, p.Nonce)
	if err != nil {
		return i, err
	}
	if at, ok := signed["auth_time"].(float64); p.Again && ok && time.Unix(int64(min(max(at, 0), 1<<40)), 0).Before(p.begun().Add(-leeway)) {
		return i, fault.New(fault.SignIn, "%s did not ask who you are again; sign out there and try again", f.p.Name)
	}
	user, err := g.FetchUser(session)
	if err != nil {
		// The text may quote the whole answer, which is nobody's business but the person's.
		said, _, _ := strings.Cut(err.Error(), ": map[")
		return i, errors.New(said)
	}
	i = FromClaims(f.p, merge(signed, user.RawData))
	i.IDToken = session.IDToken
	return i, nil
}

// verify checks the ID token as OpenID Connect Core 3.1.3.7 asks and returns its claims.
func (f *flow) verify(d *described, session *openidConnect.Session, nonce string) (map[string]any, error) {
	if session.IDToken == "" {
		return nil, errors.New("there is no ID token")
	}
	ctx, cancel := context.WithTimeout(f.ctx, f.timeout)
	defer cancel()
	token, err := d.oidc.Verifier(&oidc.Config{ClientID: f.p.ClientID, SkipExpiryCheck: true}).Verify(ctx, session.IDToken)
	if err != nil {
		if strings.Contains(err.Error(), "fetching keys") {
			f.out.broken.Store(true)
		}
		return nil, err
	}
	claims := map[string]any{}
	if err := token.Claims(&claims); err != nil {
		return nil, err
	}
	if err := times(claims, f.now()); err != nil {
		return nil, err
	}
	if azp, ok := claims["azp"]; ok && azp != f.p.ClientID || !ok && len(token.Audience) > 1 {
		return nil, errors.New("azp is another client, or missing with several audiences")
	}
	if !same(nonce, token.Nonce) {
		return nil, errors.New("the nonce is not the one that was sent")
	}
	if token.Subject == "" || len(token.Subject) > 255 {
		return nil, errors.New("sub is missing or too long")
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(session.AccessToken); err != nil {
			return nil, err
		}
	}
	claims["iss"] = d.issuer // Google leaves the scheme out
	return claims, nil
}

// times checks when a token was issued and until when it holds; both must be there, as numbers.
func times(claims map[string]any, now time.Time) error {
	at := func(name string) (time.Time, bool) {
		n, ok := claims[name].(float64)
		return time.Unix(int64(min(max(n, 0), 1<<40)), 0), ok
	}
	expires, ok := at("exp")
	if !ok || now.After(expires.Add(leeway)) {
		return errors.New("exp is missing, not a number or over")
	}
	issued, ok := at("iat")
	if !ok || issued.After(now.Add(leeway)) {
		return errors.New("iat is missing, not a number or in the future")
	}
	if notBefore, ok := at("nbf"); ok && notBefore.After(now.Add(leeway)) {
		return errors.New("nbf is in the future")
	} else if _, there := claims["nbf"]; there && !ok {
		return errors.New("nbf is not a number")
	}
	return nil
}

// merge adds to the signed claims what user information says beyond them. An
// address counts as verified only by whoever named it.
func merge(signed, told map[string]any) map[string]any {
	out := maps.Clone(told)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, signed)
	source := told
	if mail, ok := signed["email"]; ok {
		source = signed
		if _, said := signed["email_verified"]; !said && mail == told["email"] {
			source = told
		}
	}
	delete(out, "email_verified")
	if v, ok := source["email_verified"]; ok {
		out["email_verified"] = v
	}
	return out
}
