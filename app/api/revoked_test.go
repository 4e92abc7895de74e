package api

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"assay/app/account"
)

// TestWhatWasTakenAwayEnds is the attack of going on with what one had: disabling
// and lowering a person, and taking back what was granted to their group, end
// tokens and running questions within five seconds.
func TestWhatWasTakenAwayEnds(t *testing.T) {
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go h.api.Runner.Watch(ctx)
	people := h.api.People
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	grants, err := people.Grants(ctx, account.OnConnection(h.stuck))
	must(err)
	for _, g := range grants {
		must(people.DeleteGrant(ctx, g.ID))
	}
	group := &account.Group{Name: "Stuck"}
	must(people.CreateGroup(ctx, group))
	grant, err := people.SetGrant(ctx, account.Subject{Kind: account.ToGroup, ID: group.ID}, account.OnConnection(h.stuck), account.SQLLevel)
	must(err)

	for _, tt := range []struct {
		name, method, path string // PERSON and GROUP stand for ids
		body               any
		identity           bool // whether the person goes on without the connection
	}{
		{"disabled", "PATCH", "/users/PERSON", object{"disabled": true}, false},
		{"lowered", "PATCH", "/users/PERSON", object{"role": "viewer"}, false},
		{"ended", "POST", "/users/PERSON/end", nil, false},
		{"removed", "DELETE", "/users/PERSON", nil, false},
		{"taken out of the group", "DELETE", "/groups/GROUP/members/PERSON", nil, true},
		{"the group's grant taken back", "DELETE", "/grants/" + grant.ID, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := people.Create(ctx, account.NewPerson{Email: strings.ReplaceAll(tt.name, " ", ".") + "@example.com", Role: account.Analyst, Groups: []string{group.ID}, Password: goodPassword})
			must(err)
			_, token, err := people.CreateToken(ctx, p.ID, account.NewToken{Name: "test"})
			must(err)
			ended := h.scripted(someRows(1), hang)
			at := "/api/v1/connections/" + h.stuck
			bounded, cancel := context.WithTimeout(ctx, 15*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(bounded, "POST", h.server.URL+"/api/v1/query", strings.NewReader(marshal(t, object{"connection": h.stuck, "sql": "SELECT 1 AS n"})))
			must(err)
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", typeNDJSON)
			res, err := h.server.Client().Do(req)
			must(err)
			defer res.Body.Close()
			rows := bufio.NewReader(res.Body)
			if line, err := rows.ReadString('\n'); err != nil || res.StatusCode != 200 {
				t.Fatalf("the question does not run: %d %s %v", res.StatusCode, line, err)
			}
			g := ok[accessGrant](t, h.call("", "POST", "/api/v1/auth/token", object{"email": p.Email, "password": goodPassword}), 200)
			for _, secret := range []string{token, g.AccessToken} {
				if r := h.call(secret, "GET", at, nil); r.status != 200 {
					t.Fatalf("before: %d %s", r.status, r.body)
				}
			}

			path := strings.NewReplacer("PERSON", p.ID, "GROUP", group.ID).Replace(tt.path)
			if r := h.as(account.Admin, tt.method, path, tt.body); r.status/100 != 2 {
				t.Fatalf("%d %s", r.status, r.body)
			}
			taken := time.Now()
			want := 401
			if tt.identity {
				want = 404
			}
			for name, secret := range map[string]string{"the API token": token, "the access token": g.AccessToken} {
				eventually(t, name+" reaches the connection no more", func() bool { return h.call(secret, "GET", at, nil).status == want })
			}
			r := h.call("", "POST", "/api/v1/auth/refresh", object{"refresh_token": g.RefreshToken})
			if tt.identity {
				next := ok[accessGrant](t, r, 200)
				refused(t, h.call(next.AccessToken, "GET", at, nil), 404, "not_found")
			} else {
				refused(t, r, 401, "sign_in")
			}
			select {
			case <-ended:
			case <-time.After(5*time.Second - time.Since(taken)):
				t.Error("the question still runs in the database")
			}
			if _, err := io.ReadAll(rows); err == nil {
				t.Error("half an answer passes for a whole one")
			}
		})
	}
}
