package identity

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"assay/app/fault"
)

// Begin starts a sign-in with a provider that is switched on: it returns the
// provider's address to send the browser to, and what the browser must bring
// back. callback is the full address of CallbackPath. A provider that cannot be
// reached is an Unavailable fault.
func (s *Store) Begin(ctx context.Context, providerID, callback string) (redirect string, p Pending, err error) {
	return s.begin(ctx, providerID, callback, false)
}

// BeginAgain is Begin for somebody who is signed in and shall prove again who
// they are: providers that can are told to ask for it. Google lets people choose
// their account, and GitHub can do neither.
func (s *Store) BeginAgain(ctx context.Context, providerID, callback string) (redirect string, p Pending, err error) {
	return s.begin(ctx, providerID, callback, true)
}

func (s *Store) begin(ctx context.Context, providerID, callback string, again bool) (redirect string, p Pending, err error) {
	defer fault.Wrap(&err, "identity.Begin(%s)", providerID)
	provider, sealed, err := s.whole(ctx, providerID)
	if err != nil {
		return "", p, err
	}
	p = s.pend(providerID, callback)
	p.Again = again
	f := s.flow(ctx, provider, sealed)
	err = f.guarded(func() (err error) {
		switch provider.Kind {
		case SAML:
			redirect, err = f.beginSAML(&p)
		case GitHub:
			redirect, err = f.beginGitHub(p)
		default:
			redirect, err = f.beginOIDC(p)
		}
		return err
	})
	if err != nil {
		return "", Pending{}, err
	}
	return redirect, p, nil
}

// Finish ends a sign-in: p comes from the browser's cookie, form from the request
// to the callback (the query of a GET, the body of a POST). It returns who the
// provider says this is, checked as OpenID Connect and SAML ask. Whatever is
// wrong with the answer is a SignIn fault, and a provider that does not answer
// properly an Unavailable one; either way p is used up.
func (s *Store) Finish(ctx context.Context, p Pending, form url.Values) (i Identity, err error) {
	defer fault.Wrap(&err, "identity.Finish(%s)", p.Provider)
	if !s.now().Before(p.ExpiresAt) {
		return i, fault.New(fault.SignIn, "The sign-in took too long; start again")
	}
	provider, sealed, err := s.whole(ctx, p.Provider)
	if fault.Is(err, fault.NotFound) {
		return i, fault.Because(fault.SignIn, err, "This way to sign in does not exist any more")
	}
	if err != nil {
		return i, err
	}
	for _, name := range []string{"state", "code", "iss", "error", "RelayState", "SAMLResponse"} {
		if len(form[name]) > 1 || len(form.Get(name)) > 512<<10 {
			return i, fault.New(fault.SignIn, "The answer of %s cannot be read; start again", provider.Name)
		}
	}
	state := form.Get("state")
	if provider.Kind == SAML {
		state = form.Get("RelayState")
	}
	if !same(p.State, state) {
		return i, fault.New(fault.SignIn, "The answer of %s does not belong to a sign-in that this browser began; start again", provider.Name)
	}
	if err := s.use(ctx, p); err != nil {
		return i, err
	}
	f := s.flow(ctx, provider, sealed)
	err = f.guarded(func() (err error) {
		if err := f.refusal(form); err != nil {
			return err
		}
		switch provider.Kind {
		case SAML:
			i, err = f.finishSAML(p, form)
		case GitHub:
			i, err = f.finishGitHub(p, form)
		default:
			i, err = f.finishOIDC(p, form)
		}
		return err
	})
	if err != nil {
		return Identity{}, err
	}
	if i.Subject == "" || len(i.Subject) > 512 || i.Issuer == "" {
		return Identity{}, fault.New(fault.SignIn, "%s does not say who this is: the claim %q is missing", provider.Name, provider.SubjectClaim)
	}
	return i, nil
}

// flow is one half of one sign-in.
type flow struct {
	*Store
	ctx    context.Context
	p      Provider
	secret secrets
	out    *outbound
}

func (s *Store) flow(ctx context.Context, p Provider, sealed secrets) *flow {
	return &flow{Store: s, ctx: ctx, p: p, secret: sealed}
}

// guarded runs a half and makes its failure a fault: Unavailable where the
// provider did not answer properly, otherwise SignIn. The libraries below panic
// at some answers; that is the answer's fault and must not end the process.
func (f *flow) guarded(half func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.Because(fault.SignIn, fmt.Errorf("panic: %.300v", r), "The answer of %s cannot be read", f.p.Name)
		}
	}()
	err = half()
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	err = errors.New(cut(err.Error(), 300))
	if f.out != nil && f.out.broken.Load() || f.ctx.Err() != nil {
		return fault.Because(fault.Unavailable, err, "%s cannot be reached or does not answer properly at the moment; try again in a while", f.p.Name)
	}
	return fault.Because(fault.SignIn, err, "The answer of %s could not be verified, so nobody was signed in", f.p.Name)
}

// errorCode is what OAuth allows as an error's name, and short enough to show.
var errorCode = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,40}$`)

// refusal reads the error with which a provider may answer.
func (f *flow) refusal(form url.Values) error {
	code := form.Get("error")
	if code == "" {
		return nil
	}
	cause := errors.New(cut(code+": "+form.Get("error_description"), 300))
	switch {
	case code == "access_denied":
		return fault.Because(fault.SignIn, cause, "%s did not let you in, or you declined (access_denied)", f.p.Name)
	case code == "temporarily_unavailable" || code == "server_error":
		return fault.Because(fault.Unavailable, cause, "%s cannot sign anybody in at the moment (%s); try again in a while", f.p.Name, code)
	case errorCode.MatchString(code):
		return fault.Because(fault.SignIn, cause, "%s answered with the error %s", f.p.Name, code)
	}
	return fault.Because(fault.SignIn, cause, "%s answered with an error", f.p.Name)
}

// Logout returns the provider's address that ends the person's session there and
// then leads back, or "" where the provider has none or cannot be asked. back is
// the full address to return to.
func (s *Store) Logout(ctx context.Context, providerID, idTokenHint, back string) string {
	p, sealed, err := s.whole(ctx, providerID)
	if err != nil || !p.oidc() {
		return ""
	}
	var out string
	f := s.flow(ctx, p, sealed)
	err = f.guarded(func() error {
		d, err := f.discover()
		if err != nil || d.meta.EndSession == "" {
			return err
		}
		u, err := url.Parse(d.meta.EndSession)
		if err != nil {
			return err
		}
		q := u.Query()
		q.Set("client_id", p.ClientID)
		if idTokenHint != "" {
			q.Set("id_token_hint", idTokenHint)
		}
		if back != "" {
			q.Set("post_logout_redirect_uri", back)
		}
		u.RawQuery = q.Encode()
		out = u.String()
		return nil
	})
	if err != nil {
		return ""
	}
	return out
}
