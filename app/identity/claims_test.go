package identity

import (
	"encoding/json"
	"testing"
)

func TestWhoVouchesForAnAddress(t *testing.T) {
	for _, tt := range []struct {
		name   string
		p      Provider
		claims string
		want   bool
	}{
		{"verified", Provider{Kind: OIDC}, `{"email":"a@example.com","email_verified":true}`, true},
		{"not verified", Provider{Kind: OIDC}, `{"email":"a@example.com","email_verified":false}`, false},
		{"not said", Provider{Kind: OIDC}, `{"email":"a@example.com"}`, false},
		{"trusted", Provider{Kind: OIDC, TrustEmail: true}, `{"email":"a@example.com"}`, true},
		{"another claim than the one that was verified", Provider{Kind: OIDC, EmailClaim: "upn"}, `{"upn":"a@example.com","email":"b@example.com","email_verified":true}`, false},
		{"no address", Provider{Kind: OIDC, TrustEmail: true}, `{"email":"not one","email_verified":true}`, false},
		{"two addresses in one", Provider{Kind: OIDC}, `{"email":"a@example.com, b@example.com","email_verified":true}`, false},
		{"address with a name", Provider{Kind: OIDC}, `{"email":"Ada <a@example.com>","email_verified":true}`, false},
		{"Google's own", Provider{Kind: Google}, `{"email":"a@gmail.com","email_verified":true}`, true},
		{"Google for an organization", Provider{Kind: Google}, `{"email":"a@example.com","email_verified":true,"hd":"example.com"}`, true},
		{"Google for an address elsewhere", Provider{Kind: Google}, `{"email":"a@example.com","email_verified":true}`, false},
		{"Google for another organization", Provider{Kind: Google}, `{"email":"a@example.com","email_verified":true,"hd":"evil.com"}`, false},
		{"Entra without proof of the domain", Provider{Kind: Microsoft}, `{"email":"a@example.com","email_verified":true}`, false},
		{"Entra with proof of the domain", Provider{Kind: Microsoft}, `{"email":"a@example.com","xms_edov":"1"}`, true},
		{"another provider with Entra's proof", Provider{Kind: OIDC}, `{"email":"a@example.com","xms_edov":true}`, false},
	} {
		var claims map[string]any
		if err := json.Unmarshal([]byte(tt.claims), &claims); err != nil {
			t.Fatal(err)
		}
		if got := FromClaims(tt.p, claims); got.EmailVerified != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}
