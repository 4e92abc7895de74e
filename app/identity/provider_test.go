package identity

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/app/vault"
)

func TestProviderProblemsAreToldTogether(t *testing.T) {
	s := newIdentities(t, nil)
	good := Provider{Kind: OIDC, Name: "Acme", Issuer: "https://login.example.com", ClientID: "assay"}
	with := func(change func(p *Provider)) Provider {
		p := good
		change(&p)
		return p
	}
	tests := map[string]struct {
		p    Provider
		want []string
	}{
		"nothing at all":          {Provider{}, []string{"kind", "name"}},
		"unknown kind":            {with(func(p *Provider) { p.Kind = "ldap" }), []string{"kind"}},
		"several":                 {Provider{Kind: OIDC, Mapping: []Mapping{{Value: "x"}}, AllowedDomains: []string{"not a domain"}}, []string{"allowed_domains", "client_id", "issuer", "mapping", "name"}},
		"issuer without TLS":      {with(func(p *Provider) { p.Issuer = "http://login.example.com" }), []string{"issuer"}},
		"issuer that looks local": {with(func(p *Provider) { p.Issuer = "http://127.0.0.1.example.com" }), []string{"issuer"}},
		"issuer of a file":        {with(func(p *Provider) { p.Issuer = "file:///etc/passwd" }), []string{"issuer"}},
		"issuer gopher":           {with(func(p *Provider) { p.Issuer = "gopher://login.example.com" }), []string{"issuer"}},
		"issuer with a user":      {with(func(p *Provider) { p.Issuer = "https://a:b@login.example.com" }), []string{"issuer"}},
		"issuer with a query":     {with(func(p *Provider) { p.Issuer = "https://login.example.com?x=1" }), []string{"issuer"}},
		"issuer with a blank":     {with(func(p *Provider) { p.Issuer = "https://login.example.com/a b" }), []string{"issuer"}},
		"scope of two words":      {with(func(p *Provider) { p.Scopes = []string{"openid email"} }), []string{"scopes"}},
		"mapping of nothing":      {with(func(p *Provider) { p.Mapping = []Mapping{{Role: "admin"}} }), []string{"mapping"}},
		"recognised by address":   {with(func(p *Provider) { p.SubjectClaim = "Email" }), []string{"subject_claim"}},
		"no secret":               {with(func(p *Provider) { p.Kind = Okta }), []string{"client_secret"}},
		"everybody at Microsoft":  {with(func(p *Provider) { p.Kind, p.Issuer, p.ClientSecret = Microsoft, "common", "s" }), []string{"issuer"}},
		"everybody by address": {with(func(p *Provider) {
			p.Kind, p.Issuer, p.ClientSecret = Microsoft, "https://login.microsoftonline.com/organizations/v2.0", "s"
		}), []string{"issuer"}},
		"another Google":        {with(func(p *Provider) { p.Kind, p.Issuer, p.ClientSecret = Google, "https://google.example.com", "s" }), []string{"issuer"}},
		"SAML without metadata": {Provider{Kind: SAML, Name: "x"}, []string{"metadata_xml"}},
	}
	for name, tt := range tests {
		err := s.Create(t.Context(), &tt.p)
		if got := slices.Sorted(maps.Keys(fault.FieldsOf(err))); !fault.Is(err, fault.Invalid) || !cmp.Equal(got, tt.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, tt.want)
		}
	}
	for _, p := range []Provider{good, with(func(p *Provider) { p.Name, p.Issuer = "b", "http://localhost:9000" }), with(func(p *Provider) { p.Name, p.Issuer = "c", "http://[::1]:9000/realms/x" })} {
		if err := s.Create(t.Context(), &p); err != nil {
			t.Errorf("%s: %v", p.Issuer, err)
		}
	}
	if _, err := NewStore(s.db, s.vault, s.log, nil, &Provider{Issuer: "http://login.example.com", ClientID: "x"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("settings with a bad issuer: %v", err)
	}
}

func TestKindsFillInWhatTheyKnow(t *testing.T) {
	s := newIdentities(t, nil)
	for _, tt := range []struct {
		p      Provider
		issuer string
	}{
		{Provider{Kind: Google}, "https://accounts.google.com"},
		{Provider{Kind: Microsoft, Issuer: "6BABCAAD-604B-40AC-A9D7-9FD97C0B779F"}, "https://login.microsoftonline.com/6babcaad-604b-40ac-a9d7-9fd97c0b779f/v2.0"},
		{Provider{Kind: GitHub}, "https://github.com"},
		{Provider{Kind: GitLab}, "https://gitlab.com"},
		{Provider{Kind: GitLab, Issuer: "https://git.example.com"}, "https://git.example.com"},
	} {
		tt.p.ClientID, tt.p.ClientSecret, tt.p.Name = "id", "secret", string(tt.p.Kind)+tt.issuer
		p := create(t, s, tt.p)
		if p.Issuer != tt.issuer || p.oidc() != slices.Contains(p.Scopes, "openid") {
			t.Errorf("%+v", p)
		}
	}
}

func TestProvidersAreKept(t *testing.T) {
	s := newIdentities(t, &Provider{Name: "From settings", Issuer: "https://settings.example.com", ClientID: "x"})
	p := create(t, s, Provider{Kind: OIDC, Name: "Acme", Issuer: "https://login.example.com", ClientID: "assay", ClientSecret: "canary-secret", Mapping: []Mapping{{Value: "a", Role: "viewer"}}})
	if p.ClientSecret != "" {
		t.Error("Create leaves the secret with the caller")
	}
	got, err := s.Get(t.Context(), p.ID)
	if err != nil || got.ClientSecret != "" || !got.HasSecret || got.Mapping[0].Role != "viewer" {
		t.Fatalf("%+v %v", got, err)
	}
	if err := s.Create(t.Context(), &Provider{Kind: OIDC, Name: "Acme", Issuer: "https://x.example.com", ClientID: "x"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second one of the name: %v", err)
	}
	got.Name, got.TrustEmail = "Acme Corp", true
	if err := s.Update(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	_, sealed, err := s.whole(t.Context(), p.ID)
	if err != nil || sealed.ClientSecret != "canary-secret" {
		t.Errorf("the secret did not stay: %+v %v", sealed, err)
	}
	got.ClientSecret = "another-canary"
	if err := s.Update(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	if _, sealed, _ = s.whole(t.Context(), p.ID); sealed.ClientSecret != "another-canary" {
		t.Error("the secret did not change")
	}
	got.Kind = SAML
	if err := s.Update(t.Context(), got); !fault.Is(err, fault.Invalid) {
		t.Errorf("another kind: %v", err)
	}
	list, err := s.List(t.Context())
	if err != nil || len(list) != 2 || list[0].ID != SettingsID || list[1].Name != "Acme Corp" {
		t.Errorf("%+v %v", list, err)
	}
	list[1].Enabled = false
	if err := s.Update(t.Context(), &list[1]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Begin(t.Context(), p.ID, base); !fault.Is(err, fault.NotFound) {
		t.Errorf("a provider that is switched off begins: %v", err)
	}
	if err := s.Delete(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"get": func() error { _, err := s.Get(t.Context(), p.ID); return err }(), "update": s.Update(t.Context(), &list[1]), "delete": s.Delete(t.Context(), p.ID)} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s once it is gone: %v", name, err)
		}
	}
}

func TestSecretsAreSealedAndBoundToTheirProvider(t *testing.T) {
	s := newIdentities(t, nil)
	a := create(t, s, Provider{Kind: OIDC, Name: "a", Issuer: "https://a.example.com", ClientID: "x", ClientSecret: "canary-secret-a"})
	b := create(t, s, Provider{Kind: OIDC, Name: "b", Issuer: "https://b.example.com", ClientID: "x", ClientSecret: "canary-secret-b"})
	var rows []row
	if err := s.db.Read().NewSelect().Model(&rows).Scan(t.Context()); err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	for _, r := range rows {
		if strings.Contains(r.Config, "canary") || bytes.Contains(r.Secret, []byte("canary")) {
			t.Errorf("a secret lies open: %s", r.Config)
		}
	}
	if _, err := s.vault.Open(rows[0].Secret, vault.Place("providers", rows[1].ID, "secret")); err == nil {
		t.Error("one provider's secret opens as another's")
	}
	for _, p := range []Provider{a, b} {
		for name, value := range fieldsOf(p) {
			if strings.Contains(value, "canary") {
				t.Errorf("%s holds the secret", name)
			}
		}
	}
}

func TestEventsNameWhatChanged(t *testing.T) {
	old := Provider{ID: "1", Kind: OIDC, Name: "a", Enabled: true, Issuer: "https://a.example.com", DefaultRole: "viewer"}
	p := old
	p.Name, p.Enabled, p.DefaultRole, p.TrustEmail = "b", false, "", true
	got := p.event("provider.update", &old).Detail["changed"]
	if diff := cmp.Diff([]string{"default_role", "enabled", "name", "trust_email"}, got); diff != "" {
		t.Error(diff)
	}
}
