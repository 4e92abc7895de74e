package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"assay/app/account"
)

func TestRates(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	m := newMeter("person", Rate{3, 30 * time.Second}, usualRates.Person)
	m.now = func() time.Time { return now }
	for i, want := range []struct {
		left int
		full time.Duration
		wait time.Duration
	}{{2, 10 * time.Second, 0}, {1, 20 * time.Second, 0}, {0, 30 * time.Second, 0}, {0, 30 * time.Second, 10 * time.Second}, {0, 30 * time.Second, 10 * time.Second}} {
		q := m.spend("ada", 1)
		if q.left != want.left || q.full.Round(time.Millisecond) != want.full || q.wait.Round(time.Millisecond) != want.wait || (q.err() == nil) != (want.wait == 0) {
			t.Errorf("call %d: %d left, full in %s, wait %s; want %+v", i+1, q.left, q.full, q.wait, want)
		}
	}
	if q := m.spend("bo", 1); q.left != 2 {
		t.Errorf("another person has %d calls left", q.left)
	}
	now = now.Add(10 * time.Second)
	if q := m.spend("ada", 1); q.wait != 0 || q.left != 0 {
		t.Errorf("after the wait that was told: %+v", q)
	}
	h := http.Header{}
	m.spend("cy", 1).tell(h)
	if got := h.Get("RateLimit-Policy") + " " + h.Get("RateLimit"); got != `"person";q=3;w=30 "person";r=2;t=10` {
		t.Errorf("the headers are %s", got)
	}
}

// TestManyNetworks is the attack of calling from so many addresses that counting them fills the memory.
func TestManyNetworks(t *testing.T) {
	m := newMeter("network", Rate{}, usualRates.Network)
	m.most = 100
	for i := range 10_000 {
		m.spend(fmt.Sprint("net", i), 1)
		m.spend("steady", 1) // whoever goes on calling is not forgotten
	}
	if len(m.buckets) != 100 || m.order.Len() != 100 {
		t.Errorf("%d buckets are kept", len(m.buckets))
	}
	if q := m.spend("steady", 1); q.wait == 0 {
		t.Error("calling from many networks empties another one's count")
	}
}

func TestNetworks(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.78": "192.0.2.0/24", "2001:db8:1:2ff::1": "2001:db8:1:200::/56", "fe80::1%eth0": "fe80::/56", "pipe": "pipe", "": "",
	} {
		if got := network(address); got != want {
			t.Errorf("%q is of %q, want %q", address, got, want)
		}
	}
}

var (
	policyHeader = regexp.MustCompile(`^"(person|network)";q=\d+;w=60$`)
	rateHeader   = regexp.MustCompile(`^"(person|network)";r=\d+;t=\d+$`)
)

// TestEveryAnswerTellsTheRate looks for the headers on answers of all kinds, and
// runs into both limits.
func TestEveryAnswerTellsTheRate(t *testing.T) {
	h := newHouse(t)
	for name, r := range map[string]reply{
		"a success":        h.as(account.Admin, "GET", "/me", nil),
		"a denial":         h.as(account.Viewer, "GET", "/users", nil),
		"a wrong body":     h.as(account.Admin, "POST", "/groups", "{}"),
		"signed out":       h.call("", "GET", "/api/v1/me", nil),
		"a wrong token":    h.call("assay_x", "GET", "/api/v1/me", nil),
		"an unknown call":  h.call("", "GET", "/api/v1/nothing", nil),
		"a wrong method":   h.call("", "DELETE", "/api/v1/me", nil),
		"the document":     h.call("", "GET", "/openapi.json", nil),
		"the reference":    h.call("", "GET", "/api/docs", nil),
		"streamed rows":    h.as(account.Admin, "POST", "/query", object{"connection": h.orders, "sql": "SELECT 1"}, "Accept", "text/csv"),
		"a deleted object": h.as(account.Admin, "DELETE", "/groups/none", nil),
	} {
		if policy, rate := r.header.Get("RateLimit-Policy"), r.header.Get("RateLimit"); !policyHeader.MatchString(policy) || !rateHeader.MatchString(rate) {
			t.Errorf("%s: RateLimit-Policy %q, RateLimit %q", name, policy, rate)
		}
	}
	h.api.persons = newMeter("person", Rate{3, time.Minute}, usualRates.Person)
	h.api.networks = newMeter("network", Rate{2, time.Minute}, usualRates.Network)
	tooMany := func(name string, r reply) {
		t.Helper()
		refused(t, r, 429, "too_many")
		if wait, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || wait < 1 || wait > 31 {
			t.Errorf("%s: Retry-After is %q", name, r.header.Get("Retry-After"))
		}
		if !regexp.MustCompile(`;r=0;`).MatchString(r.header.Get("RateLimit")) {
			t.Errorf("%s: RateLimit is %q", name, r.header.Get("RateLimit"))
		}
	}
	for range 3 {
		ok[me](t, h.as(account.Viewer, "GET", "/me", nil), 200)
	}
	tooMany("a person", h.as(account.Viewer, "GET", "/me", nil))
	// Questions are bounded by the queue of their connection instead.
	for range 5 {
		if r := h.as(account.Viewer, "POST", "/query", object{"connection": h.orders, "spec": object{"table": "regions"}}); r.status != 200 || !regexp.MustCompile(`;r=0;`).MatchString(r.header.Get("RateLimit")) {
			t.Errorf("a question: %d %s", r.status, r.header.Get("RateLimit"))
		}
	}
	other, _, err := h.api.People.Bearer(t.Context(), h.tokens[account.Viewer])
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := h.api.People.CreateToken(t.Context(), other.ID, account.NewToken{Name: "another"})
	if err != nil {
		t.Fatal(err)
	}
	tooMany("the same person by another token", h.call(secret, "GET", "/api/v1/me", nil))
	ok[me](t, h.as(account.Analyst, "GET", "/me", nil), 200)
	for range 2 {
		refused(t, h.call("", "POST", "/api/v1/auth/refresh", object{"refresh_token": "none"}), 401, "sign_in")
	}
	tooMany("a network", h.call("", "POST", "/api/v1/auth/refresh", object{"refresh_token": "none"}))
	tooMany("a wrong token", h.call("assay_wrong", "GET", "/api/v1/me", nil))
	tooMany("a document", h.call("", "GET", "/openapi.json", nil))
	tooMany("another address in a header", h.call("", "POST", "/api/v1/auth/refresh", object{"refresh_token": "none"}, "X-Forwarded-For", "203.0.113.9"))
	ok[me](t, h.as(account.Admin, "GET", "/me", nil), 200) // whoever has a token is not slowed by the network
}
