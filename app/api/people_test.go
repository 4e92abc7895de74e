package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/account"
)

func TestTokensForAPassword(t *testing.T) {
	h := newHouse(t)
	if _, err := h.api.People.Create(t.Context(), account.NewPerson{Email: "ada@example.com", Role: account.Viewer, Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	g := ok[accessGrant](t, h.call("", "POST", "/api/v1/auth/token", object{"email": "ada@example.com", "password": goodPassword}), 200)
	if g.TokenType != "Bearer" || g.ExpiresIn != int(account.AccessLife.Seconds()) {
		t.Errorf("got %+v", g)
	}
	if m := ok[me](t, h.call(g.AccessToken, "GET", "/api/v1/me", nil), 200); m.Email != "ada@example.com" || m.Role != "viewer" {
		t.Errorf("got %+v", m)
	}
	again := ok[accessGrant](t, h.call("", "POST", "/api/v1/auth/refresh", object{"refresh_token": g.RefreshToken}), 200)
	refused(t, h.call("", "POST", "/api/v1/auth/refresh", object{"refresh_token": g.RefreshToken}), 401, "sign_in")
	refused(t, h.call(again.RefreshToken, "GET", "/api/v1/me", nil), 401, "sign_in")
	for _, name := range []string{"token", "refresh_token"} {
		if r := h.call("", "POST", "/api/v1/auth/revoke", object{name: again.RefreshToken}); r.status != 204 || r.body != "" {
			t.Errorf("revoke: %d %s", r.status, r.body)
		}
	}
	refused(t, h.call("", "POST", "/api/v1/auth/refresh", object{"refresh_token": again.RefreshToken}), 401, "sign_in")
	refused(t, h.call("", "POST", "/api/v1/auth/revoke", object{}), 422, "invalid", "body.token")
}

// TestGuessingPasswords is the attack of trying one password after the other.
func TestGuessingPasswords(t *testing.T) {
	h := newHouse(t)
	wrong := object{"email": "admin@example.com", "password": "not this one"}
	for range 5 {
		r := h.call("", "POST", "/api/v1/auth/token", wrong)
		refused(t, r, 401, "sign_in")
		if r.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("WWW-Authenticate is %q", r.header.Get("WWW-Authenticate"))
		}
	}
	r := h.call("", "POST", "/api/v1/auth/token", wrong)
	refused(t, r, 429, "too_many")
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// TestCookiesDoNotCount is the attack of another site's form riding on a session.
func TestCookiesDoNotCount(t *testing.T) {
	h := newHouse(t)
	token, err := h.api.People.StartSession(t.Context(), account.Session{PersonID: h.people[account.Admin].ID, Data: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range []string{"session=" + token, "__Host-session=" + token, "Authorization=Bearer " + h.tokens[account.Admin]} {
		refused(t, h.call("", "GET", "/api/v1/me", nil, "Cookie", cookie), 401, "sign_in")
	}
	for _, header := range []string{"Bearer", "Bearer ", "Basic " + h.tokens[account.Admin], h.tokens[account.Admin], "Bearer x"} {
		refused(t, h.call("", "GET", "/api/v1/me", nil, "Authorization", header), 401, "sign_in")
	}
	if r := h.call("", "GET", "/api/v1/me", nil, "Authorization", "bearer "+h.tokens[account.Admin]); r.status != 200 {
		t.Errorf("a scheme in small letters: %d", r.status)
	}
}

func TestUsers(t *testing.T) {
	h := newHouse(t)
	made := h.as(account.Admin, "POST", "/users", object{"email": "Bo@Example.com", "role": "analyst", "password": goodPassword})
	bo := ok[object](t, made, 201)
	if made.header.Get("Location") != "/api/v1/users/"+bo["id"].(string) || bo["email"] != "bo@example.com" || bo["sign_in_link"] != nil {
		t.Errorf("got %s", made.body)
	}
	linked := ok[newUser](t, h.as(account.Admin, "POST", "/users", object{"email": "cy@example.com", "role": "viewer"}), 201)
	if !strings.HasPrefix(linked.SignInLink, "/enter?token=") {
		t.Errorf("without a password there must be a link: %+v", linked)
	}
	refused(t, h.as(account.Admin, "POST", "/users", object{"email": "bo@example.com", "role": "viewer"}), 409, "conflict")
	refused(t, h.as(account.Admin, "POST", "/users", object{"email": "nobody", "role": "viewer", "password": "short"}), 422, "invalid", "body.email", "body.password")
	refused(t, h.as(account.Admin, "POST", "/users", object{"email": "di@example.com", "role": "king"}), 422, "invalid", "body.role")
	refused(t, h.as(account.Admin, "GET", "/users/unknown", nil), 404, "not_found")

	g := ok[accessGrant](t, h.call("", "POST", "/api/v1/auth/token", object{"email": "bo@example.com", "password": goodPassword}), 200)
	changed := ok[User](t, h.as(account.Admin, "PATCH", "/users/"+bo["id"].(string), object{"name": "Bo", "disabled": true}), 200)
	if changed.Name != "Bo" || !changed.Disabled || changed.Role != "analyst" {
		t.Errorf("got %+v", changed)
	}
	refused(t, h.call(g.AccessToken, "GET", "/api/v1/me", nil), 401, "sign_in")
	refused(t, h.as(account.Admin, "PATCH", "/users/"+h.people[account.Admin].ID, object{"role": "viewer"}), 409, "conflict")
}

func TestListsComeInPages(t *testing.T) {
	h := newHouse(t)
	var names []string
	cursor := ""
	for range 10 {
		p := ok[page[User]](t, h.as(account.Admin, "GET", "/users?limit=2&cursor="+cursor, nil), 200)
		for _, u := range p.Items {
			names = append(names, u.Name)
		}
		if p.NextCursor == nil {
			break
		}
		cursor = *p.NextCursor
	}
	if diff := cmp.Diff([]string{"admin", "analyst", "viewer"}, names); diff != "" {
		t.Error(diff)
	}
	refused(t, h.as(account.Admin, "GET", "/users?cursor=nobody", nil), 422, "invalid", "query.cursor")
	refused(t, h.as(account.Admin, "GET", "/users?limit=0", nil), 422, "invalid", "query.limit")
	refused(t, h.as(account.Admin, "GET", "/users?limit=many", nil), 422, "invalid", "query.limit")
	if r := h.as(account.Viewer, "GET", "/folders", nil); strings.TrimSpace(r.body) != `{"items":[],"next_cursor":null}` {
		t.Errorf("an empty list is %s", r.body)
	}
}

func TestOwnTokens(t *testing.T) {
	h := newHouse(t)
	made := ok[newToken](t, h.as(account.Viewer, "POST", "/tokens", object{"name": "nightly"}), 201)
	if r := h.call(made.Secret, "GET", "/api/v1/me", nil); r.status != 200 {
		t.Fatalf("the new token: %d %s", r.status, r.body)
	}
	list := h.as(account.Viewer, "GET", "/tokens", nil)
	items := ok[page[Token]](t, list, 200).Items
	if len(items) != 2 || strings.Contains(list.body, made.Secret) {
		t.Errorf("got %s", list.body)
	}
	refused(t, h.as(account.Admin, "DELETE", "/tokens/"+made.ID, nil), 404, "not_found")
	if r := h.as(account.Viewer, "DELETE", "/tokens/"+made.ID, nil); r.status != http.StatusNoContent {
		t.Errorf("got %d %s", r.status, r.body)
	}
	refused(t, h.call(made.Secret, "GET", "/api/v1/me", nil), 401, "sign_in")
	refused(t, h.as(account.Viewer, "POST", "/tokens", object{"name": " "}), 422, "invalid", "body.name")
}
