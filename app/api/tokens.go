package api

import (
	"context"
	"net/http"
	"time"

	"assay/app/account"
)

// Token is an API token of the person who asks.
type Token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

func tokenOf(t *account.Token) Token {
	out := Token{ID: t.ID, Name: t.Name, CreatedAt: utc(t.CreatedAt), ExpiresAt: utc(t.ExpiresAt)}
	if t.LastUsedAt != nil {
		at := utc(*t.LastUsedAt)
		out.LastUsedAt = &at
	}
	return out
}

// newToken is an API token just made.
type newToken struct {
	Token
	Secret string `json:"secret" doc:"What goes into the header; it is shown this once"`
}

type tokenInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100" doc:"What the token is for"`
	} `nameHint:"TokenInput"`
}

func (a *api) tokens() {
	add(a, operation{id: "listTokens", method: http.MethodGet, path: "/tokens", tag: "people", summary: "List your API tokens, the newest first"}, a.listTokens)
	add(a, operation{id: "createToken", method: http.MethodPost, path: "/tokens", tag: "people", status: http.StatusCreated, summary: "Make an API token"}, a.createToken)
	add(a, operation{id: "deleteToken", method: http.MethodDelete, path: "/tokens/{id}", tag: "people", summary: "End one of your API tokens"}, a.deleteToken)
}

func (a *api) listTokens(ctx context.Context, in *Paging) (*body[page[Token]], error) {
	list, err := a.People.Tokens(ctx, from(ctx).person.ID)
	if err != nil {
		return nil, err
	}
	return cut(each(list, tokenOf), *in, func(t Token) string { return t.ID })
}

func (a *api) createToken(ctx context.Context, in *tokenInput) (*created[newToken], error) {
	p := from(ctx).person
	t, secret, err := a.People.CreateToken(ctx, p.ID, account.NewToken{Name: in.Body.Name, By: p.ID})
	if err != nil {
		return nil, err
	}
	return &created[newToken]{Location: prefix + "/tokens/" + t.ID, Body: newToken{tokenOf(&t), secret}}, nil
}

func (a *api) deleteToken(ctx context.Context, in *ByID) (*nothing, error) {
	return nil, a.People.DeleteToken(ctx, from(ctx).person.ID, in.ID)
}
