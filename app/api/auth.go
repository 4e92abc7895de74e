package api

import (
	"context"
	"net/http"

	"assay/app/account"
	"assay/app/fault"
)

// grant is what a program gets to call with.
type grant struct {
	AccessToken  string `json:"access_token" doc:"Goes into the header Authorization: Bearer"`
	TokenType    string `json:"token_type" enum:"Bearer"`
	ExpiresIn    int    `json:"expires_in" doc:"Seconds until the access token expires"`
	RefreshToken string `json:"refresh_token" doc:"Can be traded once for new tokens"`
}

func granted(g account.Tokens) *body[grant] {
	return &body[grant]{grant{g.Access, "Bearer", int(g.ExpiresIn.Seconds()), g.Refresh}}
}

type credentials struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Password string `json:"password" maxLength:"1024" format:"password"`
	} `nameHint:"Credentials"`
}

type refreshing struct {
	Body struct {
		RefreshToken string `json:"refresh_token" maxLength:"4096"`
	} `nameHint:"Refresh"`
}

type revoking struct {
	Body struct {
		Token        string `json:"token,omitempty" maxLength:"4096" doc:"An API token or a refresh token"`
		RefreshToken string `json:"refresh_token,omitempty" maxLength:"4096" doc:"The same, by its other name"`
	} `nameHint:"Revoke"`
}

func (a *api) auth() {
	add(a, operation{id: "createAccessToken", method: http.MethodPost, path: "/auth/token", tag: "auth", public: true,
		summary: "Get tokens for an address and a password"}, a.signIn)
	add(a, operation{id: "refreshAccessToken", method: http.MethodPost, path: "/auth/refresh", tag: "auth", public: true,
		summary: "Trade a refresh token for new tokens", detail: "The refresh token works once."}, a.refresh)
	add(a, operation{id: "revokeToken", method: http.MethodPost, path: "/auth/revoke", tag: "auth", public: true, status: http.StatusNoContent,
		summary: "End an API token or a refresh token", detail: "A token that nobody has is no error."}, a.revoke)
}

func (a *api) signIn(ctx context.Context, in *credentials) (*body[grant], error) {
	email := "email:" + in.Body.Email
	network := "net:" + from(ctx).network
	if err := a.Throttle.Allow(email, network); err != nil {
		return nil, &slow{err, a.Throttle.Wait(email, network)}
	}
	p, err := a.People.SignIn(ctx, in.Body.Email, in.Body.Password)
	if fault.Is(err, fault.SignIn) {
		a.Throttle.Failed(email, network)
	}
	if err != nil {
		return nil, err
	}
	a.Throttle.Succeeded(email)
	g, err := a.People.Grant(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	return granted(g), nil
}

func (a *api) refresh(ctx context.Context, in *refreshing) (*body[grant], error) {
	g, err := a.People.Refresh(ctx, in.Body.RefreshToken)
	if err != nil {
		return nil, err
	}
	return granted(g), nil
}

func (a *api) revoke(ctx context.Context, in *revoking) (*nothing, error) {
	token := in.Body.Token
	if token == "" {
		token = in.Body.RefreshToken
	}
	if token == "" {
		return nil, fault.Field("token", "Name the token to end")
	}
	return nil, a.People.Revoke(ctx, token)
}
