package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/pquerna/otp/totp"
	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/identity/identitytest"
	"assay/app/store"
)

// shelf opens the store of a running house beside it.
func (h *house) shelf(t testing.TB) *store.Store {
	t.Helper()
	for _, s := range h.env {
		if dir, ok := strings.CutPrefix(s, "ASSAY_DATA_DIR="); ok {
			db, err := store.Open(t.Context(), "", dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			return db
		}
	}
	t.Fatal("no data directory")
	return nil
}

// alter changes the store behind the server's back, such as a clock that went on.
func alter(t testing.TB, db *store.Store, statement string, args ...any) {
	t.Helper()
	if err := db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(statement, args...).Exec(ctx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// forgetProofs makes all sessions' proofs of who one is an hour old.
func forgetProofs(t testing.TB, db *store.Store) {
	t.Helper()
	alter(t, db, "UPDATE sessions SET proven_at = ?", time.Now().UTC().Add(-time.Hour))
}

// refusals counts the refused sign-ins that were recorded, by what detail holds.
func refusals(t testing.TB, db *store.Store, detail string) (n int) {
	t.Helper()
	if err := db.Read().NewRaw("SELECT count(*) FROM audit WHERE action = 'session.start' AND outcome = ? AND detail LIKE ?", audit.Refused, "%"+detail+"%").Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// link makes a one-time link for somebody, as an administrator's page does.
func (h *house) link(t testing.TB, db *store.Store, purpose account.Purpose, email string) string {
	t.Helper()
	var id string
	if err := db.Read().NewRaw("SELECT id FROM people WHERE email = ?", email).Scan(t.Context(), &id); err != nil {
		t.Fatal(err)
	}
	token, err := account.NewStore(db, nil, audit.Open(db, nil)).NewLink(t.Context(), purpose, id)
	if err != nil {
		t.Fatal(err)
	}
	return "/" + string(purpose) + "?token=" + token
}

// from makes the visitor come from another address of this machine.
func (v *visitor) from(address string) *visitor {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	v.client.Transport = &http.Transport{DialContext: d.DialContext}
	return v
}

// setFactor sets up a second factor and returns its secret and the recovery codes.
func (v *visitor) setFactor() (secret string, recovery []string) {
	v.t.Helper()
	v.open("/account/factor").says("h1", "Second factor")
	secret = v.doc.Find("input[name=secret]").AttrOr("value", "")
	if !strings.HasPrefix(v.doc.Find("img.qr").AttrOr("src", ""), "data:image/png;base64,") || !strings.Contains(strings.ReplaceAll(v.words("#factor-secret"), " ", ""), secret) {
		v.t.Error("no code to scan, or no secret to type")
	}
	v.submit("main form", "", fields{"code": "000000x"}).expect(http.StatusUnprocessableEntity).says(".field-error", "not the code")
	if again := v.doc.Find("input[name=secret]").AttrOr("value", ""); again != secret {
		v.t.Error("a typing error changes the secret that was scanned")
	}
	v.submit("main form", "", fields{"code": code(v.t, secret, 0)}).expect(http.StatusOK).says("h1", "Recovery codes")
	v.doc.Find(".recovery code").Each(func(_ int, s *goquery.Selection) {
		recovery = append(recovery, s.Text())
	})
	if len(recovery) != 10 {
		v.t.Fatalf("%d recovery codes", len(recovery))
	}
	return secret, recovery
}

// code is what an app shows some half minutes from now.
func code(t testing.TB, secret string, later int) string {
	t.Helper()
	text, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(later)*30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// give fills in the sign-in form and, where it is asked for, the second factor.
func (v *visitor) give(email, pass, code string) *visitor {
	v.t.Helper()
	v.open("/login").submit("form", "", fields{"email": email, "password": pass})
	if code != "" {
		v.expect(http.StatusOK).says("h1", "One more step").submit("form", "", fields{"code": code})
	}
	return v
}

func TestSecondFactor(t *testing.T) {
	h := start(t, "serve")
	db := h.shelf(t)
	v := visit(t, h).setUp(h)
	secret, recovery := v.setFactor()
	v.follow("main a", "I have kept them").says("h1", "Home")
	v.open("/account").says("main", "10 recovery codes are left")
	first, outer := v.cookie(), t

	t.Run("half a sign-in opens nothing", func(t *testing.T) {
		w := visit(t, h).from("127.0.1.1")
		w.give("ada@example.com", password, "").says("h1", "One more step")
		half := w.cookie()
		for _, path := range []string{"/", "/account", "/account/factor", "/questions", "/admin/users"} {
			w.open(path).says("h1", "Sign in")
		}
		w.post("/account/password", url.Values{"old": {password}, "password": {"other words make no sense"}}).expect(http.StatusUnauthorized)
		w.open("/login/code").submit("form", "", fields{"code": "123456"}).expect(http.StatusUnprocessableEntity).says("[role=alert]", "not right")
		w.submit("form", "", fields{"code": "123-456-789"}).expect(http.StatusUnprocessableEntity).says("[role=alert]", "not right")
		w.submit("form", "", fields{"code": code(t, secret, 1)}).expect(http.StatusOK).says("h1", "Home")
		if w.cookie() == half || w.cookie() == first {
			t.Error("the session id from before the second factor still counts")
		}
		old := visit(t, h)
		old.client.Jar.SetCookies(old.at, []*http.Cookie{{Name: "assay_session", Value: half, Path: "/"}})
		old.look("/login/code").expect(http.StatusUnauthorized)
		if refusals(t, db, "second factor") < 2 {
			t.Error("wrong codes are not recorded")
		}
	})
	t.Run("a code counts once", func(t *testing.T) {
		w := visit(t, h).from("127.0.1.2")
		w.give("ada@example.com", password, code(t, secret, 1)).expect(http.StatusUnprocessableEntity)
	})
	t.Run("a recovery code counts once", func(t *testing.T) {
		visit(t, h).give("ada@example.com", password, strings.ToUpper(recovery[3])).expect(http.StatusOK).says("h1", "Home")
		visit(t, h).from("127.0.1.3").give("ada@example.com", password, recovery[3]).expect(http.StatusUnprocessableEntity).says("[role=alert]", "not right")
		v.open("/account").says("main", "9 recovery codes are left")
	})
	t.Run("no code without the password before it", func(t *testing.T) {
		w := visit(t, h)
		w.look("/login/code").expect(http.StatusUnauthorized)
		w.post("/login/code", url.Values{"code": {recovery[5]}}).expect(http.StatusUnauthorized)
	})
	t.Run("a new password ends half a sign-in", func(t *testing.T) {
		w := visit(t, h).give("ada@example.com", password, "")
		reset := visit(t, h).open(h.link(t, db, account.Reset, "ada@example.com")).says("h1", "new password")
		reset.submit("form", "", fields{"password": password + " now"}).expect(http.StatusOK).says("h1", "One more step")
		w.post("/login/code", url.Values{"code": {recovery[0]}}).expect(http.StatusUnauthorized)
		reset.submit("form", "", fields{"code": recovery[1]}).says("h1", "Home")
		v.open("/account").says("h1", "Sign in") // all others were ended
		v = reset
	})
	t.Run("remove", func(t *testing.T) {
		v.t = t
		v.open("/account/factor").submit("main form", "", fields{"proof": "wrong wrong wrong"}).expect(http.StatusUnprocessableEntity).says("[role=alert]", "neither")
		before := v.cookie()
		v.submit("main form", "", fields{"proof": recovery[2]}).expect(http.StatusOK).says("[role=status]", "removed")
		if v.cookie() == before {
			t.Error("the session id stayed")
		}
		visit(t, h).give("ada@example.com", password+" now", "").says("h1", "Home")
		v.t = outer
	})
	t.Run("guessing codes", func(t *testing.T) {
		v.setFactor()
		w := visit(t, h).from("127.0.1.4").give("ada@example.com", password+" now", "")
		for range 12 {
			w.post("/login/code", url.Values{"code": {"000000"}})
			if w.status == http.StatusTooManyRequests {
				w.says("[role=alert]", "wait")
				return
			}
		}
		t.Error("12 wrong codes in a row are answered without a wait")
	})
}

func TestSecondFactorOfEverybody(t *testing.T) {
	h := start(t, "serve", "ASSAY_REQUIRE_SECOND_FACTOR=true")
	v := visit(t, h)
	v.open(h.setupLink(t)).submit("form", "", fields{"email": "ada@example.com", "name": "Ada", "password": password}).says("h1", "Second factor").says("main", "Everybody here")
	for _, r := range routes() {
		if strings.HasPrefix(r.Path, "/api") || strings.HasPrefix(r.Path, "/static") || strings.HasPrefix(r.Path, "/auth") || strings.HasPrefix(r.Path, "/scim") || r.Path == "/logout" {
			continue
		}
		if strings.HasPrefix(r.Path, "/r/") {
			continue // a shared page asks nobody who they are
		}
		to := strings.NewReplacer(":", "", "*", "x").Replace(r.Path)
		free := map[string]bool{"/healthz": true, "/readyz": true, "/favicon.ico": true, "/openapi.json": true, "/openapi.yaml": true, "/account/factor": true, "/account/prove": true}[r.Path]
		switch r.Method {
		case http.MethodGet:
			v.still().look(to)
			if led := v.status == http.StatusSeeOther && strings.HasPrefix(v.header.Get("Location"), "/account/factor"); led == free {
				t.Errorf("GET %s before the second factor is set up: %d %s", to, v.status, v.header.Get("Location"))
			}
		case http.MethodPost:
			if !free {
				if v.post(to, url.Values{}); v.status != http.StatusForbidden {
					t.Errorf("POST %s before the second factor is set up: %d", to, v.status)
				}
			}
		}
	}
	v.client.CheckRedirect = nil
	v.open("/guide").says("h1", "Second factor")
	if got := v.doc.Find("input[name=next]").AttrOr("value", ""); got != "/guide" {
		t.Errorf("afterwards it goes on to %q", got)
	}
	r, _ := http.NewRequest(http.MethodPost, h.base+"/api/v1/auth/token", strings.NewReader(`{"email":"ada@example.com","password":"`+password+`"}`))
	r.Header.Set("Content-Type", "application/json")
	if v.do(r); v.status != http.StatusForbidden || !strings.Contains(v.body, "second factor") {
		t.Errorf("the API gives tokens for a password alone: %d %s", v.status, v.body)
	}
	_, recovery := v.setFactor()
	v.open("/guide").says("h1", "Guide")
	w := visit(t, h).give("ada@example.com", password, recovery[0])
	w.says("h1", "Home")
}

func TestInvitationAndReset(t *testing.T) {
	h := start(t, "serve")
	db := h.shelf(t)
	visit(t, h).setUp(h)
	h.command(t, "", "user", "create", "--email", "bob@example.com", "--name", "Bob", "--role", "viewer")
	invite := h.link(t, db, account.Invite, "bob@example.com")

	v := visit(t, h)
	for range 3 { // looking uses nothing up
		v.open(invite).says("h1", "Welcome")
	}
	v.submit("form", "", fields{"password": "short"}).expect(http.StatusUnprocessableEntity).says(".field-error", "12 characters")
	v.submit("form", "", fields{"password": password}).expect(http.StatusOK).says("h1", "Home")
	w := visit(t, h)
	w.open(invite).says("h1", "no longer works")
	w.post("/invite", url.Values{"token": {invite[len("/invite?token="):]}, "password": {"another four words"}}).expect(http.StatusUnprocessableEntity).says("h1", "no longer works")
	w.give("bob@example.com", password, "").says("h1", "Home")

	reset := h.link(t, db, account.Reset, "bob@example.com")
	visit(t, h).open(strings.Replace(reset, "/reset", "/invite", 1)).says("h1", "no longer works")
	visit(t, h).open(strings.Replace(reset, "/reset", "/enter", 1)).says("h1", "no longer works")
	u := visit(t, h).open(reset).submit("form", "", fields{"password": password + " again"})
	u.says("h1", "Home")
	v.open("/").says("h1", "Sign in") // the other browsers are signed out
	visit(t, h).give("bob@example.com", password, "").expect(http.StatusUnprocessableEntity)

	// Who is kept by the company's directory changes the password there.
	alter(t, db, "UPDATE people SET managed_by = 'scim' WHERE email = 'bob@example.com'")
	visit(t, h).open(h.link(t, db, account.Reset, "bob@example.com")).submit("form", "", fields{"password": password + " more"}).expect(http.StatusUnprocessableEntity).says("h1", "no longer works")
	alter(t, db, "UPDATE people SET managed_by = '', disabled = TRUE WHERE email = 'bob@example.com'")
	visit(t, h).open(h.link(t, db, account.Reset, "bob@example.com")).submit("form", "", fields{"password": password + " more"}).expect(http.StatusUnprocessableEntity).says("h1", "no longer works")

	visit(t, h).open("/login").says("details", "Forgot the password?", "Ask an administrator")
}

func TestProofBeforeSensitiveChanges(t *testing.T) {
	h := start(t, "serve")
	db := h.shelf(t)
	v := visit(t, h).setUp(h)
	other := visit(t, h).signIn("ada@example.com")
	forgetProofs(t, db)

	v.look("/account/factor").expect(http.StatusForbidden).says("h1", "still you")
	before := v.cookie()
	v.submit("main form", "", fields{"proof": "wrong wrong wrong"}).expect(http.StatusUnprocessableEntity).says("[role=alert]", "not your password")
	v.submit("main form", "", fields{"proof": password}).expect(http.StatusOK).says("h1", "Second factor")
	if v.cookie() == before {
		t.Error("the session id stayed after a new proof")
	}
	thief := visit(t, h)
	thief.client.Jar.SetCookies(thief.at, []*http.Cookie{{Name: "assay_session", Value: before, Path: "/"}})
	thief.open("/").says("h1", "Sign in")

	forgetProofs(t, db)
	v.post("/account/factor", url.Values{"secret": {"A"}, "code": {"1"}}).expect(http.StatusForbidden)
	v.post("/account/identities", url.Values{"provider": {"x"}}).expect(http.StatusForbidden)
	v.post("/account/identities/delete", url.Values{"provider": {"x"}, "identity": {"y"}}).expect(http.StatusForbidden)
	v.post("/account/tokens/x", url.Values{"name": {"x"}}).expect(http.StatusForbidden)

	// What was wanted goes on by itself.
	v.open("/account").submit("form[action='/account/tokens']", "", fields{"name": "nightly", "for": "some", "scope": "look"}).expect(http.StatusForbidden).says("h1", "still you")
	v.submit("main form", "", fields{"proof": "wrong wrong wrong"}).expect(http.StatusForbidden).says("[role=alert]", "not your password")
	v.submit("main form", "", fields{"proof": password}).expect(http.StatusOK).says("[role=status]", "shown only now").says("#tokens td", "see saved questions")
	if strings.Contains(v.body, password) {
		t.Error("the page repeats the password")
	}

	// The open browser of somebody else's proof is not mine.
	forgetProofs(t, db)
	other.look("/account/factor").expect(http.StatusForbidden)

	// Ending things needs no proof.
	v.open("/account").follow("#tokens a", "nightly").submit("form.side-action", "", nil).says("[role=status]", "ended")
	v.submit("form[action='/account/sessions/delete']", "", nil).says("[role=status]", "other sessions")
	other.open("/account").says("h1", "Sign in")

	for range 12 {
		v.post("/account/prove", url.Values{"proof": {"wrong"}})
		if strings.Contains(v.words("[role=alert]"), "wait") {
			return
		}
	}
	t.Error("12 wrong proofs in a row are answered without a wait")
}

func TestOwnAccount(t *testing.T) {
	h := start(t, "serve")
	db := h.shelf(t)
	admin := visit(t, h).setUp(h)
	h.command(t, password+"\n", "user", "create", "--email", "bob@example.com", "--name", "Bob", "--role", "analyst")
	v := visit(t, h).signIn("bob@example.com")
	w := visit(t, h).signIn("bob@example.com")

	v.open("/account").says("#sessions", "this one").says("#rights", "analyst", "ask questions in SQL")
	if n := v.doc.Find("#sessions li").Length(); n != 2 {
		t.Errorf("%d sessions are listed, want 2", n)
	}
	v.submit("#sessions li:not(:has(.badge)) form", "", nil).says("[role=status]", "ended")
	w.open("/").says("h1", "Sign in")
	v.submit("form[action='/account']", "", fields{"name": "Robert"}).says("h1", "Robert")
	v.submit("form[action='/account']", "", fields{"name": strings.Repeat("x", 201)}).expect(http.StatusUnprocessableEntity).says(".field-error", "200")

	v.open("/account").submit("form[action='/account/tokens']", "", fields{"name": "x", "for": "some"}).expect(http.StatusUnprocessableEntity).says("#tokens .field-error", "at least one")
	v.submit("form[action='/account/tokens']", "", fields{"name": "all", "days": "30", "for": "all"}).expect(http.StatusOK).says("#tokens", "everything you may do")
	token := v.words("#secret")
	v.post("/account/tokens", url.Values{"name": {"x"}, "days": {"9999"}}).expect(http.StatusUnprocessableEntity)
	v.post("/account/tokens", url.Values{"name": {"x"}, "for": {"some"}, "scope": {"no such"}}).expect(http.StatusUnprocessableEntity)
	v.open("/account").follow("#tokens a", "all").submit("form.form", "", fields{"name": "nightly"}).says("[role=status]", "nightly")
	mine := v.doc.Find("#tokens tbody a").AttrOr("href", "")
	admin.look(mine).expect(http.StatusNotFound) // nobody else's
	admin.post(mine+"/delete", url.Values{}).expect(http.StatusNotFound)
	r, _ := http.NewRequest(http.MethodGet, h.base+"/api/v1/me", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	if v.do(r); v.status != http.StatusOK {
		t.Errorf("the token does not work: %d", v.status)
	}

	var id string
	if err := db.Read().NewRaw("SELECT id FROM sessions WHERE person_id = (SELECT id FROM people WHERE email = 'ada@example.com')").Scan(t.Context(), &id); err != nil {
		t.Fatal(err)
	}
	v.post("/account/sessions/"+id+"/delete", url.Values{})
	admin.open("/").says("h1", "Home")
	v.open("/account").submit("#sessions li:has(.badge) form", "", nil).says("h1", "Sign in")
}

func TestSessionsEnd(t *testing.T) {
	h := start(t, "serve")
	db := h.shelf(t)
	visit(t, h).setUp(h)
	h.command(t, password+"\n", "user", "create", "--email", "bob@example.com", "--name", "Bob", "--role", "admin")
	for name, change := range map[string]string{
		"idle":     "UPDATE sessions SET seen_at = ?",
		"absolute": "UPDATE sessions SET expires_at = ?",
	} {
		v := visit(t, h).signIn("ada@example.com").says("h1", "Home")
		alter(t, db, change, time.Now().UTC().Add(-13*time.Hour))
		if v.open("/account"); v.words("h1") != "Sign in to Assay" {
			t.Errorf("%s: a session that is over still counts", name)
		}
	}
	v := visit(t, h).signIn("ada@example.com")
	alter(t, db, "UPDATE people SET disabled = TRUE WHERE email = 'ada@example.com'")
	eventually(t, "the session of a disabled person to end", func() bool { return v.open("/account").words("h1") == "Sign in to Assay" })

	w := visit(t, h).signIn("bob@example.com").still()
	w.post("/logout", url.Values{}, "Sec-Fetch-Site", "same-origin").expect(http.StatusSeeOther)
	if got := w.header.Get("Clear-Site-Data"); !strings.Contains(got, `"cache"`) || !strings.Contains(got, `"storage"`) {
		t.Errorf("Clear-Site-Data is %q", got)
	}
}

// TestCookiesUnderTLS is about an installation behind https: its cookies stay on
// it, and a proxy's headers change nothing about the address that providers get.
func TestCookiesUnderTLS(t *testing.T) {
	op := identitytest.StartOP(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	free.Close()
	start(t, "serve", "ASSAY_ADDR="+at, "ASSAY_BASE_URL=https://assay.example.com", "ASSAY_ADMIN_EMAIL=ada@example.com", "ASSAY_ADMIN_PASSWORD="+password,
		"ASSAY_OIDC_ISSUER="+op.Issuer, "ASSAY_OIDC_CLIENT_ID="+op.ClientID, "ASSAY_OIDC_CLIENT_SECRET="+op.ClientSecret)
	v := visit(t, &house{base: "http://" + at}).still()
	ask := func(method, path string, form url.Values) {
		r, _ := http.NewRequest(method, "http://"+at+path, strings.NewReader(form.Encode()))
		r.Host = "assay.example.com"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-Host", "evil.example.com")
		r.Header.Set("X-Forwarded-Proto", "http")
		v.do(r)
	}
	for _, want := range []string{"__Host-assay=", "Secure", "HttpOnly", "Path=/", "SameSite=Lax"} {
		if ask(http.MethodPost, "/login", url.Values{"email": {"ada@example.com"}, "password": {password}}); v.status != http.StatusSeeOther || !strings.Contains(v.header.Get("Set-Cookie"), want) || strings.Contains(v.header.Get("Set-Cookie"), "Domain") {
			t.Errorf("%d: the cookie %q lacks %s", v.status, v.header.Get("Set-Cookie"), want)
		}
	}
	for _, want := range []string{"__Host-assay-auth=", "Secure", "HttpOnly", "Path=/", "SameSite=Lax"} {
		if ask(http.MethodGet, "/auth/settings", nil); v.status != http.StatusFound || !strings.Contains(v.header.Get("Set-Cookie"), want) {
			t.Errorf("%d: the cookie %q lacks %s", v.status, v.header.Get("Set-Cookie"), want)
		}
	}
	if to, err := url.Parse(v.header.Get("Location")); err != nil || to.Query().Get("redirect_uri") != "https://assay.example.com/auth/settings/callback" {
		t.Errorf("the provider is told to send people to %s", v.header.Get("Location"))
	}
}

// TestUserEnumeration is CVE-2022-39307 and its kin: whoever tries addresses
// learns neither by words nor by time which of them have an account.
func TestUserEnumeration(t *testing.T) {
	h := start(t, "serve")
	db := h.shelf(t)
	visit(t, h).setUp(h)
	for _, name := range []string{"known", "disabled", "outside"} {
		h.command(t, password+"\n", "user", "create", "--email", name+"@example.com", "--name", "Somebody", "--role", "viewer")
	}
	alter(t, db, "UPDATE people SET disabled = TRUE WHERE email = 'disabled@example.com'")
	alter(t, db, "UPDATE people SET password_hash = '', managed_by = 'idp' WHERE email = 'outside@example.com'")
	times, bodies := map[string]time.Duration{}, map[string]string{}
	const rounds = 4
	for n := range rounds {
		for i, name := range []string{"known", "unknown", "disabled", "outside"} {
			v := visit(t, h).from(fmt.Sprintf("127.0.%d.%d", n+1, i+1))
			started := time.Now()
			v.post("/login", url.Values{"email": {name + "@example.com"}, "password": {"wrong wrong wrong"}})
			times[name] += time.Since(started)
			v.expect(http.StatusUnprocessableEntity)
			body := strings.ReplaceAll(v.words("main"), name+"@", "")
			bodies[fmt.Sprint(v.status, " ", body)] = name
		}
	}
	if len(bodies) != 1 {
		t.Errorf("the answers differ: %q", bodies)
	}
	for name, took := range times {
		if ratio := float64(took) / float64(times["known"]); ratio < 0.5 || ratio > 2 {
			t.Errorf("%s takes %.1f times as long as a known address (%s each)", name, ratio, took/rounds)
		}
	}
}
