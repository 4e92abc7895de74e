package api

import (
	"context"
	"net/http"
	"time"

	"assay/app/account"
	"assay/app/fault"
)

// Token is an API token of a person.
type Token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Scopes     []string   `json:"scopes" nullable:"false" doc:"What the token may be used for, as far as its person may do it; none mean everything"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"Within five minutes; null where it was never used"`
}

func tokenOf(t *account.Token) Token {
	out := Token{ID: t.ID, Name: t.Name, Scopes: words(t.Scopes), CreatedAt: utc(t.CreatedAt), ExpiresAt: utc(t.ExpiresAt)}
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

// TokenInput is what a token is made from.
type TokenInput struct {
	Name      string     `json:"name" minLength:"1" maxLength:"100" doc:"What the token is for"`
	Scopes    []string   `json:"scopes,omitempty" maxItems:"20" enum:"look,ask,see_connections,ask_sql,save,share_links,edit_connections,edit_rights,edit_people,edit_settings,see_audit" doc:"What the token may be used for; without any, all that its person may do"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"In a year at the latest, which is also what it is without"`
}

// token returns what a token is made from.
func (in TokenInput) token(by string) (account.NewToken, error) {
	n := account.NewToken{Name: in.Name, By: by}
	for _, s := range in.Scopes {
		n.Scopes = append(n.Scopes, account.Action(s))
	}
	if in.ExpiresAt != nil {
		if n.Life = time.Until(*in.ExpiresAt); n.Life <= 0 {
			return n, fault.Field("expires_at", "This time has passed")
		}
	}
	return n, nil
}

type tokenCreate struct{ Body TokenInput }

type userTokenCreate struct {
	ByID
	Body TokenInput
}

type tokenPatch struct {
	ByID
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100" doc:"What the token is for"`
	} `nameHint:"TokenPatch"`
}

type byToken struct {
	ByID
	Token string `path:"token" maxLength:"100" doc:"The token's id"`
}

func (a *api) tokens() {
	const tag, edit = "people", account.EditPeople
	limits := "A token with scopes needs the scope edit_people for this, and so does a service's; what it makes has no scope that it lacks and ends with it at the latest."
	add(a, operation{id: "listTokens", method: http.MethodGet, path: "/tokens", tag: tag, summary: "List your API tokens, the newest first"}, a.listTokens)
	add(a, operation{id: "createToken", method: http.MethodPost, path: "/tokens", tag: tag, status: http.StatusCreated, summary: "Make an API token for yourself", detail: limits}, a.createToken)
	add(a, operation{id: "getToken", method: http.MethodGet, path: "/tokens/{id}", tag: tag, summary: "Get one of your API tokens"}, a.getToken)
	add(a, operation{id: "updateToken", method: http.MethodPatch, path: "/tokens/{id}", tag: tag, summary: "Rename one of your API tokens", detail: limits}, a.updateToken)
	add(a, operation{id: "deleteToken", method: http.MethodDelete, path: "/tokens/{id}", tag: tag, summary: "End one of your API tokens", detail: limits}, a.deleteToken)
	add(a, operation{id: "listUserTokens", method: http.MethodGet, path: "/users/{id}/tokens", tag: tag, action: edit, summary: "List a person's API tokens, the newest first"}, a.listUserTokens)
	add(a, operation{id: "createUserToken", method: http.MethodPost, path: "/users/{id}/tokens", tag: tag, action: edit, status: http.StatusCreated, summary: "Make an API token for a service",
		detail: "People make their own."}, a.createUserToken)
	add(a, operation{id: "getUserToken", method: http.MethodGet, path: "/users/{id}/tokens/{token}", tag: tag, action: edit, summary: "Get one of a person's API tokens"}, a.getUserToken)
	add(a, operation{id: "deleteUserToken", method: http.MethodDelete, path: "/users/{id}/tokens/{token}", tag: tag, action: edit, summary: "End one of a person's API tokens"}, a.deleteUserToken)
}

func (a *api) tokensOf(ctx context.Context, person string, in Paging) (*body[page[Token]], error) {
	list, err := a.People.Tokens(ctx, person)
	if err != nil {
		return nil, err
	}
	return cut(each(list, tokenOf), in, func(t Token) string { return t.ID })
}

func (a *api) oneToken(ctx context.Context, person, id string) (*body[Token], error) {
	t, err := a.People.Token(ctx, person, id)
	if err != nil {
		return nil, err
	}
	return &body[Token]{tokenOf(&t)}, nil
}

func (a *api) listTokens(ctx context.Context, in *Paging) (*body[page[Token]], error) {
	return a.tokensOf(ctx, from(ctx).person.ID, *in)
}

func (a *api) createToken(ctx context.Context, in *tokenCreate) (*created[newToken], error) {
	p := from(ctx).person
	n, err := in.Body.token(p.ID)
	if err != nil {
		return nil, err
	}
	if n, err = a.People.MayMakeToken(p, n); err != nil {
		return nil, err
	}
	t, secret, err := a.People.CreateToken(ctx, p.ID, n)
	if err != nil {
		return nil, err
	}
	return &created[newToken]{Location: prefix + "/tokens/" + t.ID, Body: newToken{tokenOf(&t), secret}}, nil
}

func (a *api) getToken(ctx context.Context, in *ByID) (*body[Token], error) {
	return a.oneToken(ctx, from(ctx).person.ID, in.ID)
}

func (a *api) updateToken(ctx context.Context, in *tokenPatch) (*body[Token], error) {
	p := from(ctx).person
	if _, err := a.People.MayMakeToken(p, account.NewToken{}); err != nil {
		return nil, err
	}
	if err := a.People.RenameToken(ctx, p.ID, in.ID, in.Body.Name); err != nil {
		return nil, err
	}
	return a.oneToken(ctx, p.ID, in.ID)
}

func (a *api) deleteToken(ctx context.Context, in *ByID) (*nothing, error) {
	p := from(ctx).person
	if _, err := a.People.MayMakeToken(p, account.NewToken{}); err != nil {
		return nil, err
	}
	return nil, a.People.DeleteToken(ctx, p.ID, in.ID)
}

func (a *api) listUserTokens(ctx context.Context, in *listOf) (*body[page[Token]], error) {
	if _, err := a.People.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.tokensOf(ctx, in.ID, in.Paging)
}

func (a *api) createUserToken(ctx context.Context, in *userTokenCreate) (*created[newToken], error) {
	p, err := a.managed(ctx, in.ID, account.Managed{})
	if err != nil {
		return nil, err
	}
	if p.Kind != account.Service {
		return nil, fault.New(fault.Conflict, "People make their own tokens; make a service for a program")
	}
	n, err := in.Body.token(from(ctx).person.ID)
	if err != nil {
		return nil, err
	}
	t, secret, err := a.People.CreateToken(ctx, p.ID, n)
	if err != nil {
		return nil, err
	}
	return &created[newToken]{Location: prefix + "/users/" + p.ID + "/tokens/" + t.ID, Body: newToken{tokenOf(&t), secret}}, nil
}

func (a *api) getUserToken(ctx context.Context, in *byToken) (*body[Token], error) {
	return a.oneToken(ctx, in.ID, in.Token)
}

func (a *api) deleteUserToken(ctx context.Context, in *byToken) (*nothing, error) {
	p, err := a.managed(ctx, in.ID, account.Managed{})
	if err != nil {
		return nil, err
	}
	return nil, a.People.DeleteToken(ctx, p.ID, in.Token)
}
