package api

import (
	"context"
	"net/http"

	"assay/app/account"
	"assay/app/fault"
)

// accessGrant is what a program gets to call with.
type accessGrant struct {
	AccessToken  string `json:"access_token" doc:"Goes into the header Authorization: Bearer"`
	TokenType    string `json:"token_type" enum:"Bearer"`
	ExpiresIn    int    `json:"expires_in" doc:"Seconds until the access token expires"`
	RefreshToken string `json:"refresh_token" doc:"Can be traded once for new tokens"`
}

func granted(g account.Tokens) *body[accessGrant] {
	return &body[accessGrant]{accessGrant{g.Access, "Bearer", int(g.ExpiresIn.Seconds()), g.Refresh}}
}

type credentials struct {
	Body struct {
		Email    string `json:"email" maxLength:"254" doc:"The person's address"`
		Password string `json:"password" maxLength:"1024" format:"password" doc:"The person's password"`
		Code     string `json:"code,omitempty" maxLength:"40" doc:"The code that the person's second factor shows, or a recovery code; needed where there is one"`
	} `nameHint:"Credentials"`
}

type refreshing struct {
	Body struct {
		RefreshToken string `json:"refresh_token" maxLength:"4096" doc:"The refresh token that came with the access token"`
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

func (a *api) signIn(ctx context.Context, in *credentials) (*body[accessGrant], error) {
	email := "email:" + in.Body.Email
	place := "net:" + from(ctx).network
	if err := a.Throttle.Allow(email, place); err != nil {
		return nil, &slow{err, a.Throttle.Wait(email, place)}
	}
	p, err := a.People.SignIn(ctx, in.Body.Email, in.Body.Password)
	if err == nil && p.HasFactor() {
		if in.Body.Code == "" {
			return nil, fault.New(fault.SignIn, "This account has a second factor; send its code too")
		}
		err = a.People.CheckFactor(ctx, p.ID, in.Body.Code)
	} else if err == nil && a.RequireFactor {
		return nil, fault.New(fault.Denied, "Everybody here needs a second factor; sign in on the page and set yours up first")
	}
	if fault.Is(err, fault.SignIn) {
		a.Throttle.Failed(email, place)
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

func (a *api) refresh(ctx context.Context, in *refreshing) (*body[accessGrant], error) {
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
