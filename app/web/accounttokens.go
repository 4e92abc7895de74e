package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/views"
)

// tokens lists the person's API tokens and offers a new one.
func (x *accountPages) tokens(ctx context.Context, _ echo.Context, p *account.Person, page *views.Account) error {
	list, err := x.people.Tokens(ctx, p.ID)
	for _, t := range list {
		page.Tokens = append(page.Tokens, tokenItem(t))
	}
	form := tokenForm(p)
	page.Token = views.OwnToken{Days: form.Days, Scopes: form.Scopes, Everything: true}
	return err
}

func tokenItem(t account.Token) views.TokenItem {
	item := views.TokenItem{Name: t.Name, URL: tokenURL(t.ID), Created: day(t.CreatedAt), Expires: day(t.ExpiresAt), Ended: time.Now().After(t.ExpiresAt), Used: "never"}
	if t.LastUsedAt != nil {
		item.Used = moment(*t.LastUsedAt)
	}
	for _, a := range account.Actions {
		if slices.Contains(t.Scopes, a.Action) {
			item.Scopes = append(item.Scopes, a.Means)
		}
	}
	return item
}

func (x *accountPages) createToken(c echo.Context) error {
	n := account.NewToken{Name: c.FormValue("name"), By: person(c).ID}
	chosen, some := c.Request().PostForm["scope"], c.FormValue("for") == "some"
	var problems fault.Fields
	if some {
		for _, s := range chosen {
			n.Scopes = append(n.Scopes, account.Action(s))
		}
		if len(chosen) == 0 {
			problems.Add("scopes", "Choose at least one thing that the token may be used for")
		}
	}
	if text := c.FormValue("days"); text != "" {
		days, err := strconv.Atoi(text)
		if err != nil || !slices.Contains(tokenDays, days) {
			problems.Add("expires_at", "Choose one of the lives")
		}
		n.Life = time.Duration(days) * 24 * time.Hour
	}
	err := problems.Err()
	secret := ""
	if err == nil {
		_, secret, err = x.people.CreateToken(c.Request().Context(), person(c).ID, n)
	}
	if err == nil {
		return x.page(c, http.StatusOK, func(page *views.Account) { page.Secret = secret })
	}
	status, problem, fields, ok := told(err)
	if !ok {
		return err
	}
	return x.page(c, status, func(page *views.Account) {
		page.Problem, page.Token.Errors, page.Token.Name, page.Token.Everything = problem, fields, n.Name, !some
		for i, one := range page.Token.Scopes {
			page.Token.Scopes[i].Selected = slices.Contains(chosen, one.Value)
		}
		for i, one := range page.Token.Days {
			page.Token.Days[i].Selected = one.Value == c.FormValue("days")
		}
	})
}

// token shows one token; problem says what is wrong with its new name.
func (x *accountPages) token(c echo.Context, status int, name, problem string) error {
	t, err := x.people.Token(c.Request().Context(), person(c).ID, c.Param("token"))
	if err != nil {
		return err
	}
	page := views.TokenDetail{Chrome: chrome(c, t.Name, "account"), Item: tokenItem(t), Name: t.Name, Problem: problem}
	if status != http.StatusOK {
		page.Name = name
	}
	return respond(c, status, views.TokenPage(page))
}

func (x *accountPages) showToken(c echo.Context) error { return x.token(c, http.StatusOK, "", "") }

func (x *accountPages) renameToken(c echo.Context) error {
	name := strings.TrimSpace(c.FormValue("name"))
	err := x.people.RenameToken(c.Request().Context(), person(c).ID, c.Param("token"), name)
	if fault.Is(err, fault.Invalid) {
		return x.token(c, http.StatusUnprocessableEntity, name, fault.FieldsOf(err)["name"])
	}
	if err != nil {
		return err
	}
	return done(c, "/account#tokens", "The token is now named "+name+".")
}

func (x *accountPages) removeToken(c echo.Context) error {
	if err := x.people.DeleteToken(c.Request().Context(), person(c).ID, c.Param("token")); err != nil {
		return err
	}
	return done(c, "/account#tokens", "The token has ended.")
}
