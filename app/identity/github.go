package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/markbates/goth"
	"github.com/markbates/goth/providers/github"

	"assay/app/fault"
)

// githubAPI is where the installation at an address answers programs.
func githubAPI(base string) string {
	if base == "https://github.com" {
		return "https://api.github.com"
	}
	return base + "/api/v3"
}

func (f *flow) github(callback string) (*github.Provider, string) {
	base := strings.TrimSuffix(f.p.Issuer, "/")
	api := githubAPI(base)
	g := github.NewCustomisedURL(f.p.ClientID, f.secret.ClientSecret, callback, base+"/login/oauth/authorize", base+"/login/oauth/access_token", api+"/user", api+"/user/emails", f.p.Scopes...)
	g.HTTPClient, f.out = f.client(f.ctx)
	return g, api
}

func (f *flow) beginGitHub(p Pending) (string, error) {
	g, _ := f.github(p.Callback)
	session, err := g.BeginAuth(p.State)
	if err != nil {
		return "", err
	}
	address, err := session.GetAuthURL()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("code_challenge", p.challenge())
	q.Set("code_challenge_method", "S256")
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// withVerifier adds the PKCE verifier to the request that exchanges the code,
// which goth's GitHub provider does not send itself.
func withVerifier(req *http.Request, verifier string) error {
	if req.Method != http.MethodPost || req.Body == nil {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(req.Body, 64<<10))
	req.Body.Close()
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return err
	}
	form.Set("code_verifier", verifier)
	b = []byte(form.Encode())
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	return nil
}

// finishGitHub asks GitHub who this is: there is no ID token, so the person is
// who the freshly exchanged access token belongs to.
func (f *flow) finishGitHub(p Pending, form url.Values) (i Identity, err error) {
	if form.Get("code") == "" {
		return i, fault.New(fault.SignIn, "The answer of %s holds no code; start again", f.p.Name)
	}
	g, api := f.github(p.Callback)
	f.out.each = func(req *http.Request) error { return withVerifier(req, p.Verifier) }
	session := &github.Session{}
	if _, err := session.Authorize(g, goth.Params(url.Values{"code": {form.Get("code")}})); err != nil {
		return i, err
	}
	user, err := g.FetchUser(session)
	if err != nil && !errors.Is(err, github.ErrNoVerifiedGitHubPrimaryEmail) {
		return i, err
	}
	id, err := strconv.ParseInt(user.UserID, 10, 64)
	if err != nil || id <= 0 {
		return i, errors.New("there is no user id")
	}
	claims := user.RawData
	if claims == nil {
		claims = map[string]any{}
	}
	// The profile's address is what the person chose to show; the one that counts
	// is the primary address that GitHub verified.
	delete(claims, "email")
	delete(claims, "email_verified")
	mail, err := f.githubMail(session.AccessToken, api)
	if err != nil {
		return i, err
	}
	if mail != "" {
		claims["email"], claims["email_verified"] = mail, true
	}
	if groups, err := f.githubTeams(session.AccessToken, api); err != nil {
		return i, err
	} else if groups != nil {
		claims["groups"] = groups
	}
	claims["iss"], claims["sub"] = strings.TrimSuffix(f.p.Issuer, "/"), user.UserID
	if name, _ := claims["name"].(string); name == "" {
		claims["name"] = user.NickName
	}
	return FromClaims(f.p, claims), nil
}

// ask reads a JSON document of GitHub's API; ok is false where the token may not.
func (f *flow) ask(token, address string, into any) (ok bool, err error) {
	client, out := f.client(f.ctx)
	defer func() {
		if out.broken.Load() {
			f.out.broken.Store(true)
		}
	}()
	req, err := http.NewRequestWithContext(f.ctx, http.MethodGet, address, nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/vnd.github+json")
	resp, err := client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return true, json.NewDecoder(resp.Body).Decode(into)
	case http.StatusForbidden, http.StatusNotFound:
		return false, nil
	}
	return false, errors.New("GitHub's API answers with status " + strconv.Itoa(resp.StatusCode))
}

func (f *flow) githubMail(token, api string) (string, error) {
	var list []struct {
		Email             string
		Primary, Verified bool
	}
	if _, err := f.ask(token, api+"/user/emails?per_page=100", &list); err != nil {
		return "", err
	}
	for _, m := range list {
		if m.Primary && m.Verified {
			return m.Email, nil
		}
	}
	return "", nil
}

// githubTeams returns the person's organizations ("acme") and teams ("acme/data"),
// or nil where the token may not read them.
func (f *flow) githubTeams(token, api string) ([]any, error) {
	var teams []struct {
		Slug         string
		Organization struct{ Login string }
	}
	var orgs []struct{ Login string }
	may, err := f.ask(token, api+"/user/orgs?per_page=100", &orgs)
	if err != nil || !may {
		return nil, err
	}
	if _, err := f.ask(token, api+"/user/teams?per_page=100", &teams); err != nil {
		return nil, err
	}
	groups := []any{}
	for _, o := range orgs {
		groups = append(groups, o.Login)
	}
	for _, t := range teams {
		groups = append(groups, t.Organization.Login+"/"+t.Slug)
	}
	return groups, nil
}
