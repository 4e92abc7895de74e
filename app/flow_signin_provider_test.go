package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"assay/app/account"
	"assay/app/identity/identitytest"
)

// abroad goes to an identity provider, fills in every form there as somebody, and
// comes back with what the provider sends along. A form that the provider's page
// sends itself comes without our cookies, as browsers have it.
func (v *visitor) abroad(to, username, password string) *visitor {
	v.t.Helper()
	back := v.journey(to, username, password)
	if back.Method == http.MethodGet {
		v.do(back)
		return v
	}
	jar := v.client.Jar
	v.client.Jar, _ = cookiejar.New(nil)
	back.Header.Set("Sec-Fetch-Site", "cross-site")
	back.Header.Set("Origin", "https://idp.example.com")
	v.do(back)
	v.client.Jar = jar
	v.expect(http.StatusOK).says("h1", "Signing in")
	return v.submit("form", "", nil)
}

// journey is abroad without the last step: it returns the request that comes back.
func (v *visitor) journey(to, username, password string) *http.Request {
	v.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		v.t.Fatal(err)
	}
	home := v.at.Host
	var back *http.Request
	client := &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == home {
			back, _ = http.NewRequest(http.MethodGet, r.URL.String(), nil)
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := client.Get(to)
	for range 8 {
		if err != nil {
			v.t.Fatal(err)
		}
		doc, err2 := goquery.NewDocumentFromReader(res.Body)
		res.Body.Close()
		if back != nil {
			return back
		}
		form := doc.Find("form").First()
		if err2 != nil || form.Length() == 0 {
			v.t.Fatalf("lost at %s: %s", res.Request.URL, strings.TrimSpace(doc.Text()))
		}
		data := v.controls(form)
		for _, name := range []string{"username", "login"} {
			if form.Find("input[name="+name+"]").Length() > 0 {
				data.Set(name, username)
			}
		}
		if form.Find("input[name=password]").Length() > 0 {
			data.Set("password", password)
		}
		action, err3 := res.Request.URL.Parse(form.AttrOr("action", ""))
		if err3 != nil {
			v.t.Fatal(err3)
		}
		if action.Host == home {
			back, _ = http.NewRequest(http.MethodPost, action.String(), strings.NewReader(data.Encode()))
			back.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return back
		}
		res, err = client.PostForm(action.String(), data)
	}
	v.t.Fatal("too many pages abroad")
	return nil
}

// leads returns where our own page leads at the provider: the sign-in's redirect,
// or the page that goes on by itself.
func (v *visitor) leads(path string) string {
	v.t.Helper()
	follow := v.client.CheckRedirect
	v.still().look(path)
	v.client.CheckRedirect = follow
	if v.status != http.StatusFound {
		v.t.Fatalf("%s answers %d: %s", path, v.status, v.words("main"))
	}
	return v.header.Get("Location")
}

// addProvider adds an identity provider by the administrator's form.
func (v *visitor) addProvider(kind string, values fields) (id string) {
	v.t.Helper()
	v.open("/admin/providers/new?kind="+kind).submit("main form", "", values).expect(http.StatusOK)
	id = strings.TrimPrefix(v.at.Path, "/admin/providers/")
	if id == v.at.Path || strings.Contains(id, "/") || id == "new" {
		v.t.Fatalf("not added: %s %s", v.at, v.words("main"))
	}
	return id
}

// throughOP are the form's fields for the test provider.
func throughOP(op *identitytest.OP) fields {
	return fields{"name": "Acme", "issuer": op.Issuer, "client_id": op.ClientID, "client_secret": op.ClientSecret, "just_in_time": "1",
		"m.0.value": "analysts", "m.0.role": "analyst", "m.0.group": "Data", "m.1.value": "everyone", "m.1.group": "All hands"}
}

func TestSignInThroughOpenIDConnect(t *testing.T) {
	op := identitytest.StartOP(t)
	h := start(t, "serve")
	db := h.shelf(t)
	admin := visit(t, h).setUp(h) // ada@example.com, who is also known to the provider
	id := admin.addProvider("oidc", throughOP(op))
	if admin.doc.Find("#our-callback").AttrOr("value", "") != h.base+"/auth/"+id+"/callback" || strings.Contains(admin.body, op.ClientSecret) {
		t.Error("the form does not show the redirect address, or shows the secret")
	}
	grace := identitytest.Person{Subject: "77", Username: "grace", Email: "grace@example.com", EmailVerified: true, FirstName: "Grace", LastName: "Hopper", Groups: []string{"analysts", "everyone"}}
	op.Add(grace)

	v := visit(t, h)
	v.open("/login?next=%2Fquestions").says("main a.btn", "Sign in with Acme")
	to := v.leads(v.doc.Find("main a.btn").AttrOr("href", ""))
	q, err := url.Parse(to)
	if err != nil || q.Query().Get("code_challenge_method") != "S256" || q.Query().Get("nonce") == "" || len(q.Query().Get("state")) < 40 {
		t.Fatalf("%s %v", to, err)
	}
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"} {
		if got := v.header.Get("Set-Cookie"); !strings.HasPrefix(got, "assay_auth=") || !strings.Contains(got, want) {
			t.Errorf("the cookie %q lacks %s", got, want)
		}
	}

	t.Run("just in time", func(t *testing.T) {
		v.t = t
		v.abroad(to, "grace", identitytest.Password).expect(http.StatusOK).says("h1", "Questions")
		v.open("/account").says("h1", "Grace Hopper").says("main", "grace@example.com", "analyst", "Data", "All hands", "by Acme", "your only way in")
		if v.doc.Find("form[action='/account/password']").Length() > 0 {
			t.Error("somebody from a provider can choose a password")
		}
		v.post("/account/password", url.Values{"password": {password}}).expect(http.StatusForbidden)
		visit(t, h).give("grace@example.com", password, "").expect(http.StatusUnprocessableEntity)
	})
	t.Run("the only way in stays", func(t *testing.T) {
		v.post("/account/identities/delete", url.Values{"provider": {id}, "identity": {op.Issuer + " 77"}}).expect(http.StatusConflict).says("[role=alert]", "only way in")
	})
	t.Run("second sign-in follows the claims", func(t *testing.T) {
		changed := grace
		changed.Groups = []string{"everyone", "analysts-emeriti"}
		op.Add(changed)
		w := visit(t, h)
		w.abroad(w.leads("/auth/"+id), "grace", identitytest.Password).expect(http.StatusUnauthorized).says("[role=alert]", "No mapping gives a role")
		admin.open("/admin/providers/"+id).submit("main form", "", fields{"default_role": "viewer"}).says("[role=status]", "Saved")
		w.abroad(w.leads("/auth/"+id), "grace", identitytest.Password).says("h1", "Home")
		w.open("/account").says(".page-lead", "viewer").says("main", "All hands")
		if strings.Contains(w.words("#rights"), "Data") {
			t.Error("who left the group at the provider stays in it here")
		}
		if n := refusals(t, db, "No mapping gives a role"); n != 1 {
			t.Errorf("%d refusals are recorded, want 1", n)
		}
		v.open("/account").says("h1", "Sign in") // the mightier session ended
	})
	t.Run("no merge by address", func(t *testing.T) {
		w := visit(t, h)
		w.abroad(w.leads("/auth/"+id), "ada", identitytest.Password).expect(http.StatusConflict).says("h1", "You have an account already").says("main", "ada@example.com")
		w.open("/account").says("h1", "Sign in")
		if refusals(t, db, "exists already") != 1 {
			t.Error("not recorded")
		}
	})
	t.Run("an address that nobody verified", func(t *testing.T) {
		op.Add(identitytest.Person{Subject: "1", Username: "eve", Email: "boss@example.com", Groups: []string{"analysts"}})
		w := visit(t, h)
		w.abroad(w.leads("/auth/"+id), "eve", identitytest.Password).expect(http.StatusUnauthorized).says("[role=alert]", "did not verify")
	})
	t.Run("link with consent", func(t *testing.T) {
		w := visit(t, h).signIn("ada@example.com")
		forgetProofs(t, db)
		w.open("/account").submit("form[action='/account/identities']", "", nil).expect(http.StatusForbidden).submit("main form", "", fields{"proof": password})
		w.expect(http.StatusOK).says("h1", "On to Acme").says("main", "ada@example.com")
		to := w.doc.Find("main .btn-primary").AttrOr("href", "")
		if refresh := w.doc.Find("meta[http-equiv=refresh]").AttrOr("content", ""); refresh != "0; url="+to {
			t.Errorf("the page goes on to %q, the button to %q", refresh, to)
		}
		w.abroad(to, "ada", identitytest.Password).expect(http.StatusOK).says("[role=status]", "From now on Acme").says("#identities", "Acme", "ada@example.com")
		u := visit(t, h)
		u.abroad(u.leads("/auth/"+id), "ada", identitytest.Password).says("h1", "Home")
		u.open("/account").says(".page-lead", "admin") // the provider decides only for those it manages

		// What is one person's is not another's.
		h.command(t, password+"\n", "user", "create", "--email", "bob@example.com", "--name", "Bob", "--role", "viewer")
		b := visit(t, h).signIn("bob@example.com")
		b.submitLink(t)
		b.abroad(b.doc.Find("main .btn-primary").AttrOr("href", ""), "ada", identitytest.Password).expect(http.StatusConflict).says("[role=alert]", "another person")

		// A link that another person began in this browser is nobody's.
		b.submitLink(t)
		to = b.doc.Find("main .btn-primary").AttrOr("href", "")
		b.post("/login", url.Values{"email": {"ada@example.com"}, "password": {password}})
		b.abroad(to, "grace", identitytest.Password).expect(http.StatusUnauthorized).says("[role=alert]", "Somebody else asked")

		w.open("/account").submit("form[action='/account/identities/delete']", "", nil).says("[role=status]", "no longer")
		u = visit(t, h)
		u.abroad(u.leads("/auth/"+id), "ada", identitytest.Password).expect(http.StatusConflict)
	})
	t.Run("linking from another site", func(t *testing.T) {
		w := visit(t, h).signIn("ada@example.com")
		w.post("/account/identities", url.Values{"provider": {id}}, "Sec-Fetch-Site", "cross-site").expect(http.StatusForbidden)
		w.look("/account/identities").expect(http.StatusNotFound)
	})
	t.Run("another browser's state", func(t *testing.T) {
		mine, theirs := visit(t, h), visit(t, h)
		back := mine.journey(mine.leads("/auth/"+id), "grace", identitytest.Password)
		theirs.leads("/auth/" + id)
		theirs.do(back)
		theirs.expect(http.StatusUnauthorized).says("[role=alert]", "does not belong")
		none := visit(t, h)
		none.look(back.URL.String()).expect(http.StatusUnauthorized).says("[role=alert]", "no sign-in under way")
		if to := none.leads("/auth/" + id + "?state=chosen&nonce=chosen&redirect_uri=chosen"); strings.Contains(to, "chosen") {
			t.Errorf("the visitor chooses a part of %s", to)
		}
	})
	t.Run("replay", func(t *testing.T) {
		w := visit(t, h)
		to := w.leads("/auth/" + id)
		saved := w.client.Jar.Cookies(w.at)
		back := w.journey(to, "grace", identitytest.Password)
		w.do(back)
		w.expect(http.StatusOK).says("h1", "Home")
		again, _ := http.NewRequest(http.MethodGet, back.URL.String(), nil)
		u := visit(t, h)
		u.client.Jar.SetCookies(u.at, saved)
		u.do(again)
		u.expect(http.StatusUnauthorized).says("[role=alert]", "finished already")
	})
	t.Run("declined", func(t *testing.T) {
		w := visit(t, h)
		to, _ := url.Parse(w.leads("/auth/" + id + "?next=%2Fguide"))
		w.look("/auth/" + id + "/callback?error=access_denied&state=" + url.QueryEscape(to.Query().Get("state")))
		w.expect(http.StatusUnauthorized).says("[role=alert]", "you declined")
		if next := w.doc.Find("input[name=next]").AttrOr("value", ""); next != "/guide" {
			t.Errorf("what was wanted is lost: %q", next)
		}
	})
	t.Run("disabled", func(t *testing.T) {
		alter(t, db, "UPDATE people SET disabled = TRUE WHERE email = 'grace@example.com'")
		w := visit(t, h)
		w.abroad(w.leads("/auth/"+id), "grace", identitytest.Password).expect(http.StatusUnauthorized).says("[role=alert]", "ask an administrator")
		if strings.Contains(w.words("main"), "disabled") {
			t.Error("the page tells that the account is disabled")
		}
		alter(t, db, "UPDATE people SET disabled = FALSE WHERE email = 'grace@example.com'")
	})
	t.Run("reset", func(t *testing.T) {
		visit(t, h).open(h.link(t, db, account.Reset, "grace@example.com")).submit("form", "", fields{"password": password}).says("h1", "no longer works")
	})
	t.Run("proof and sign-out at the provider", func(t *testing.T) {
		w := visit(t, h)
		w.abroad(w.leads("/auth/"+id), "grace", identitytest.Password).says("h1", "Home")
		forgetProofs(t, db)
		w.look("/account/factor").expect(http.StatusForbidden).submit("form[action='/account/prove/provider']", "", nil).says("h1", "On to Acme")
		before, to := w.cookie(), w.doc.Find("main .btn-primary").AttrOr("href", "")
		if !strings.Contains(to, "prompt=login") {
			t.Errorf("the provider is not told to ask again: %s", to)
		}
		w.abroad(to, "grace", identitytest.Password).expect(http.StatusOK).says("h1", "Second factor")
		if w.cookie() == before {
			t.Error("the session id stayed after a new proof")
		}
		forgetProofs(t, db)
		w.look("/account/factor").submit("form[action='/account/prove/provider']", "", nil)
		w.abroad(w.doc.Find("main .btn-primary").AttrOr("href", ""), "eve", identitytest.Password).expect(http.StatusUnauthorized).says("[role=alert]", "another account")
		w.look("/account/factor").expect(http.StatusForbidden)
		w.submit(".rail-foot form", "", nil).says("h1", "You are signed out")
		if out := w.doc.Find("main .btn-primary").AttrOr("href", ""); !strings.HasPrefix(out, op.Issuer) || !strings.Contains(out, "id_token_hint=") {
			t.Errorf("the sign-out there is %q", out)
		}
		w.open("/account").says("h1", "Sign in")
	})
	t.Run("second factor besides", func(t *testing.T) {
		w := visit(t, h)
		w.abroad(w.leads("/auth/"+id), "grace", identitytest.Password)
		_, recovery := w.setFactor()
		u := visit(t, h)
		u.abroad(u.leads("/auth/"+id+"?next=%2Fguide"), "grace", identitytest.Password).says("h1", "One more step").submit("form", "", fields{"code": recovery[0]}).says("h1", "Guide")
	})
	t.Run("switched off", func(t *testing.T) {
		admin.post("/account/prove", url.Values{"proof": {password}}).expect(http.StatusOK)
		admin.open("/admin/providers/"+id).submit("form[action$='/disable']", "", nil).says("[role=status]", "Nobody comes in")
		w := visit(t, h).open("/login")
		if strings.Contains(w.words("main"), "Acme") {
			t.Error("still offered")
		}
		w.look("/auth/" + id).expect(http.StatusNotFound)
	})
}

// submitLink presses the button that links an identity.
func (v *visitor) submitLink(t *testing.T) {
	t.Helper()
	v.open("/account").submit("form[action='/account/identities']", "", nil).expect(http.StatusOK).says("h1", "On to")
}

func TestSignInThroughTheProviderOfTheSettings(t *testing.T) {
	op := identitytest.StartOP(t)
	op.Add(identitytest.Person{Subject: "78", Username: "mary", Email: "mary@example.com", FirstName: "Mary", LastName: "S", Groups: nil})
	h := start(t, "serve", "ASSAY_OIDC_ISSUER="+op.Issuer, "ASSAY_OIDC_CLIENT_ID="+op.ClientID, "ASSAY_OIDC_CLIENT_SECRET="+op.ClientSecret, "ASSAY_REQUIRE_SECOND_FACTOR=true")
	v := visit(t, h)
	v.open("/login").says("main a.btn", "Sign in with single sign-on")
	v.abroad(v.leads("/auth/settings"), "mary", identitytest.Password).expect(http.StatusOK).says("h1", "Home") // no second factor of ours
	v.open("/account").says(".page-lead", "mary@example.com", "viewer")
}

func TestSignInThroughACertifiedProvider(t *testing.T) {
	h := start(t, "serve")
	admin := visit(t, h).setUp(h)
	id := admin.addProvider("oidc", fields{"name": "Certified", "issuer": "https://not-yet.example.com", "client_id": "assay", "client_secret": "a client secret of some length", "scopes": "openid email profile groups", "just_in_time": "1",
		"m.0.value": "analysts", "m.0.role": "analyst"})
	issuer := identitytest.StartCertified(t, map[string]any{"client_id": "assay", "client_secret": "a client secret of some length",
		"redirect_uris": []string{h.base + "/auth/" + id + "/callback"}, "post_logout_redirect_uris": []string{h.base + "/login"}})
	admin.open("/admin/providers/"+id).submit("main form", "", fields{"issuer": issuer}).expect(http.StatusUnprocessableEntity).says(".field-error", "Give the client secret again")
	admin.submit("main form", "", fields{"issuer": issuer, "client_secret": "a client secret of some length"}).says("[role=status]", "Saved")
	v := visit(t, h)
	v.abroad(v.leads("/auth/"+id), "grace", "any").expect(http.StatusOK).says("h1", "Home")
	v.open("/account").says(".page-lead", "grace@example.com", "analyst")
	forgetProofs(t, h.shelf(t))
	v.look("/account/factor").submit("form[action='/account/prove/provider']", "", nil)
	v.abroad(v.doc.Find("main .btn-primary").AttrOr("href", ""), "grace", "any").says("h1", "Second factor")
	v.submit(".rail-foot form", "", nil).says("main a", "Sign out of Certified too")
}

func TestSignInThroughSAML(t *testing.T) {
	idp := identitytest.StartIdP(t)
	h := start(t, "serve")
	admin := visit(t, h).setUp(h)
	id := admin.addProvider("saml", fields{"name": "Acme SAML", "metadata_url": idp.MetadataURL, "just_in_time": "1", "trust_email": "1", "default_role": "viewer", "m.0.value": "analysts", "m.0.role": "analyst"})
	idp.Add(identitytest.Person{Subject: "g-1", Username: "grace", Email: "grace@example.com", FirstName: "Grace", LastName: "Hopper", Groups: []string{"analysts"}})

	v := visit(t, h)
	v.look("/auth/" + id + "/metadata").expect(http.StatusOK)
	if kind := v.header.Get("Content-Type"); kind != "application/samlmetadata+xml" {
		t.Errorf("the metadata is %q", kind)
	}
	idp.Know(t, []byte(v.body))
	v.at, _ = url.Parse(h.base)

	v.abroad(v.leads("/auth/"+id+"?next=%2Fquestions"), "grace", identitytest.Password).expect(http.StatusOK).says("h1", "Questions")
	v.open("/account").says("h1", "Grace Hopper").says(".page-lead", "analyst")
	w := visit(t, h)
	w.abroad(w.leads("/auth/"+id), "ada", identitytest.Password).expect(http.StatusConflict)

	// An answer that nobody asked for, one of another browser, and one twice.
	u := visit(t, h)
	back := u.journey(u.leads("/auth/"+id), "grace", identitytest.Password)
	body, _ := io.ReadAll(back.Body)
	form, _ := url.ParseQuery(string(body))
	form.Set("again", "1")
	visit(t, h).post("/auth/"+id+"/callback", form).expect(http.StatusUnauthorized).says("[role=alert]", "no sign-in under way")
	other := visit(t, h)
	other.leads("/auth/" + id)
	other.post("/auth/"+id+"/callback", form).expect(http.StatusUnauthorized).says("[role=alert]", "does not belong")
	other.look("/auth/" + id + "/callback?SAMLResponse=x").expect(http.StatusNotFound)
	forgetProofs(t, h.shelf(t))
	v.look("/account/factor").submit("form[action='/account/prove/provider']", "", nil)
	v.abroad(v.doc.Find("main .btn-primary").AttrOr("href", ""), "grace", identitytest.Password).says("h1", "Second factor")
}

func TestProviderThatIsDown(t *testing.T) {
	h := start(t, "serve", "ASSAY_OIDC_ISSUER=http://127.0.0.1:1", "ASSAY_OIDC_CLIENT_ID=assay")
	visit(t, h).setUp(h)
	v := visit(t, h).open("/login").says("main a.btn", "single sign-on")
	v.look(v.doc.Find("main a.btn").AttrOr("href", "")).expect(http.StatusServiceUnavailable).says("[role=alert]", "cannot be reached", "password")
	v.submit("form", "", fields{"email": "ada@example.com", "password": password}).says("h1", "Home")
	// Our own server is no provider.
	v.open("/admin/providers/new?kind=oidc").submit("main form", "", fields{"name": "Ourselves", "issuer": h.base, "client_id": "x"}).expect(http.StatusOK)
	id := strings.TrimPrefix(v.at.Path, "/admin/providers/")
	visit(t, h).look("/auth/" + id).expect(http.StatusServiceUnavailable)
}
