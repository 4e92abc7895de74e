package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"assay/app/identity/identitytest"
)

func TestIdentityProvidersOfAdministrators(t *testing.T) {
	op := identitytest.StartOP(t)
	h := start(t, "serve")
	admin := visit(t, h).setUp(h)
	admin.open("/admin/providers").says("main", "No provider yet").follow("main a", "Add a provider").follow("main a", "Microsoft Entra").says("main", "Directory (tenant) id", "Certificates & secrets")
	admin.submit("main form", "", fields{"issuer": "common", "client_id": ""}).expect(http.StatusUnprocessableEntity).says(".field-error", "your own directory", "client id", "client secret")
	for name, bad := range map[string]fields{
		"issuer without TLS": {"issuer": "http://login.example.com"},
		"no address":         {"issuer": "login"},
		"mutable subject":    {"issuer": "https://a.example.com", "subject_claim": "email"},
		"bad domain":         {"issuer": "https://a.example.com", "allowed_domains": "not a domain!"},
		"empty mapping":      {"issuer": "https://a.example.com", "m.0.value": "x"},
	} {
		bad["name"], bad["client_id"] = "Acme", "x"
		if admin.open("/admin/providers/new?kind=oidc").submit("main form", "", bad); admin.status != http.StatusUnprocessableEntity || admin.doc.Find(".field-error").Length() != 1 {
			t.Errorf("%s: %d %s", name, admin.status, admin.words(".field-error"))
		}
	}
	admin.open("/admin/providers/new?kind=saml").submit("main form", "", fields{"name": "x", "metadata_xml": "<!DOCTYPE x>"}).expect(http.StatusUnprocessableEntity)

	id := admin.addProvider("oidc", throughOP(op))
	admin.open("/admin/providers").says(".list", "Acme", "OpenID Connect", op.Issuer)
	admin.open("/admin/providers/new?kind=oidc").submit("main form", "", throughOP(op)).expect(http.StatusConflict).says("[role=alert]", "already")
	if n := admin.doc.Find("input[name='m.0.value'][value=analysts]").Length(); n != 1 {
		t.Error("what was typed is gone after a problem")
	}
	admin.open("/admin/providers/"+id).submit("main form", "", fields{"m.1.value": "", "m.1.group": "", "m.2.value": "all", "m.2.role": "viewer"})
	if got := admin.doc.Find("fieldset.mapping").Length(); got != 5 {
		t.Errorf("%d lines of mappings, want two and three empty ones", got)
	}

	t.Run("try", func(t *testing.T) {
		claims, _ := json.Marshal(map[string]any{"sub": "1", "email": "x@example.com", "email_verified": true, "groups": []string{"analysts"}})
		admin.open("/admin/providers/"+id+"/try").submit("main form", "", fields{"claims": string(claims)}).expect(http.StatusOK).says(".notice-ok", "Let in as analyst", "Data").says("main ol", "gives the role analyst")
		admin.submit("main form", "", fields{"claims": `{"sub":"1","email":"x@example.com"}`}).expect(http.StatusOK).says(".notice-bad", "Refused", "no default role")
		admin.submit("main form", "", fields{"claims": `[1`}).expect(http.StatusUnprocessableEntity).says("[role=alert]", "not a JSON object")
		op.Add(identitytest.Person{Subject: "77", Username: "grace", Email: "grace@example.com", EmailVerified: true, FirstName: "Grace", LastName: "Hopper", Groups: []string{"analysts"}})
		v := visit(t, h)
		v.abroad(v.leads("/auth/"+id), "grace", identitytest.Password).says("h1", "Home")
		admin.open("/admin/providers/"+id+"/try").submit("main form", "", fields{"of": op.Issuer + " 77"}).says(".notice-ok", "Let in as analyst").says("textarea", "grace@example.com")
		if strings.Contains(admin.body, "id_token") || strings.Contains(admin.body, "at_hash") {
			t.Error("the claims hold a token")
		}
	})
	t.Run("who looks after people gives no more than they have", func(t *testing.T) {
		id2 := roleOf(t, admin, "Helper", "look", "edit_people")
		h.command(t, password+"\n", "user", "create", "--email", "help@example.com", "--name", "Helper", "--role", id2)
		v := visit(t, h).signIn("help@example.com")
		v.open("/admin/providers").says("h1", "Identity providers")
		evil := fields{"name": "Evil", "issuer": "https://evil.example.com", "client_id": "x", "just_in_time": "1", "default_role": "admin"}
		v.open("/admin/providers/new?kind=oidc").submit("main form", "", evil).expect(http.StatusForbidden).says("[role=alert]", "administrator")
		evil["default_role"], evil["m.0.value"], evil["m.0.role"] = "", "x", "analyst"
		v.open("/admin/providers/new?kind=oidc").submit("main form", "", evil).expect(http.StatusForbidden)
		v.open("/admin/providers/"+id).submit("main form", "", fields{"default_role": "viewer"}).expect(http.StatusForbidden)
		v.post("/admin/providers/"+id+"/disable", url.Values{}).expect(http.StatusForbidden)
		v.post("/admin/providers/"+id+"/delete", url.Values{}).expect(http.StatusForbidden)
	})
	t.Run("a proof is asked for, and secrets are not shown again", func(t *testing.T) {
		forgetProofs(t, h.shelf(t))
		values := throughOP(op)
		values["name"] = "Another"
		admin.open("/admin/providers/new?kind=oidc").submit("main form", "", values).expect(http.StatusForbidden).says("h1", "still you")
		admin.submit("main form", "", fields{"proof": password}).expect(http.StatusUnprocessableEntity).says(".field-error", "Type the client secret again")
		admin.submit("main form", "", fields{"client_secret": op.ClientSecret}).expect(http.StatusOK).says("h1", "Another")
	})
	admin.open("/admin/providers/"+id+"/delete").says("main", "1 identity is linked").submit("main form", "", nil).says("[role=status]", "deleted")
	visit(t, h).look("/auth/" + id).expect(http.StatusNotFound)
}

// roleOf makes a role by the API and returns its id.
func roleOf(t *testing.T, admin *visitor, name string, actions ...string) string {
	t.Helper()
	admin.open("/account").submit("form[action='/account/tokens']", "", fields{"name": "for roles"})
	body, _ := json.Marshal(map[string]any{"name": name, "actions": actions})
	r, _ := http.NewRequest(http.MethodPost, admin.resolve("/api/v1/roles").String(), strings.NewReader(string(body)))
	r.Header.Set("Authorization", "Bearer "+admin.words("#secret"))
	r.Header.Set("Content-Type", "application/json")
	admin.do(r)
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(admin.body), &made); err != nil || made.ID == "" {
		t.Fatalf("no role: %d %s", admin.status, admin.body)
	}
	return made.ID
}
