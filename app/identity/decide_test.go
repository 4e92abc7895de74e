package identity

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecide(t *testing.T) {
	mapping := []Mapping{{Value: "admins", Role: "admin"}, {Value: "analysts", Role: "analyst", Group: "Data"}, {Value: "everyone", Group: "All"}, {Claim: "department", Value: "Finance", Group: "Finance"}}
	tests := map[string]struct {
		p       Provider
		claims  string
		role    string
		groups  []string
		unknown bool
		refused bool
		why     string // is said somewhere
	}{
		"one group":              {Provider{Mapping: mapping}, `{"sub":"1","groups":["analysts"]}`, "analyst", []string{"Data"}, false, false, `"analysts" in "groups" gives the role analyst`},
		"the first mapping wins": {Provider{Mapping: mapping}, `{"sub":"1","groups":["everyone","analysts","admins"]}`, "admin", []string{"All", "Data"}, false, false, "an earlier mapping gave admin"},
		"one text":               {Provider{Mapping: mapping}, `{"sub":"1","groups":"analysts"}`, "analyst", []string{"Data"}, false, false, ""},
		"another claim":          {Provider{Mapping: mapping, DefaultRole: "viewer"}, `{"sub":"1","department":"Finance"}`, "viewer", []string{"Finance"}, false, false, "the default role viewer holds"},
		"a path":                 {Provider{Mapping: mapping, GroupClaim: "resource_access.assay.roles"}, `{"sub":"1","resource_access":{"assay":{"roles":["analysts"]}}}`, "analyst", []string{"Data"}, false, false, ""},
		"a path with dots":       {Provider{Mapping: mapping, GroupClaim: "realm.a.b.roles"}, `{"sub":"1","realm":{"a.b":{"roles":["analysts"]}}}`, "analyst", []string{"Data"}, false, false, ""},
		"a name with dots":       {Provider{Mapping: mapping, GroupClaim: "https://example.com/groups"}, `{"sub":"1","https://example.com/groups":["analysts"]}`, "analyst", []string{"Data"}, false, false, ""},
		"case counts":            {Provider{Mapping: mapping}, `{"sub":"1","groups":["Admins"]}`, "", nil, false, true, "add a mapping"},
		"part of a value":        {Provider{Mapping: mapping}, `{"sub":"1","groups":["admins-not","not admins","admins,analysts"]}`, "", nil, false, true, ""},
		"no mapped role":         {Provider{Mapping: mapping}, `{"sub":"1","groups":["everyone"]}`, "", nil, false, true, "there is no default role"},
		"no claim":               {Provider{Mapping: mapping, DefaultRole: "viewer"}, `{"sub":"1"}`, "viewer", nil, false, false, `There is no claim "groups"`},
		"empty claim":            {Provider{Mapping: mapping, DefaultRole: "viewer"}, `{"sub":"1","groups":[]}`, "viewer", nil, false, false, "is empty"},
		"too many at Entra":      {Provider{Kind: Microsoft, Mapping: mapping, DefaultRole: "viewer"}, `{"sub":"1","_claim_names":{"groups":"src1"},"_claim_sources":{"src1":{"endpoint":"https://graph.microsoft.com/x"}}}`, "viewer", nil, true, false, "app roles"},
		"too many, short form":   {Provider{Kind: Microsoft, Mapping: mapping}, `{"sub":"1","hasgroups":true}`, "", nil, true, true, "app roles"},
		"numbers":                {Provider{Mapping: mapping, DefaultRole: "viewer"}, `{"sub":"1","groups":[1,{"a":2},"analysts"]}`, "analyst", []string{"Data"}, false, false, "2 of its items are not texts"},
		"an object":              {Provider{Mapping: mapping, DefaultRole: "viewer"}, `{"sub":"1","groups":{"admins":true}}`, "viewer", nil, true, false, "neither a text nor a list"},
		"no subject":             {Provider{DefaultRole: "viewer"}, `{"groups":["admins"]}`, "", nil, false, true, `The claim "sub"`},
		"allowed domain":         {Provider{DefaultRole: "viewer", AllowedDomains: []string{"example.com"}}, `{"sub":"1","email":"A@Example.com","email_verified":true}`, "viewer", nil, false, false, "The domain example.com is allowed"},
		"other domain":           {Provider{DefaultRole: "viewer", AllowedDomains: []string{"example.com"}}, `{"sub":"1","email":"a@notexample.com","email_verified":true}`, "", nil, false, true, "this one is of notexample.com"},
		"domain in front":        {Provider{DefaultRole: "viewer", AllowedDomains: []string{"example.com"}}, `{"sub":"1","email":"\"a@example.com\"@evil.com","email_verified":true}`, "", nil, false, true, ""},
		"subdomain":              {Provider{DefaultRole: "viewer", AllowedDomains: []string{"example.com"}}, `{"sub":"1","email":"a@x.example.com","email_verified":true}`, "", nil, false, true, ""},
		"not verified":           {Provider{DefaultRole: "viewer", AllowedDomains: []string{"example.com"}}, `{"sub":"1","email":"a@example.com"}`, "", nil, false, true, "not verified"},
		"trusted":                {Provider{DefaultRole: "viewer", AllowedDomains: []string{"example.com"}, TrustEmail: true}, `{"sub":"1","email":"a@example.com"}`, "viewer", nil, false, false, "are trusted"},
		"no address":             {Provider{DefaultRole: "viewer", AllowedDomains: []string{"example.com"}}, `{"sub":"1"}`, "", nil, false, true, "there is none"},
		"for people known":       {Provider{DefaultRole: "viewer"}, `{"sub":"1"}`, "viewer", nil, false, false, "Only somebody who is known already"},
		"for anybody":            {Provider{DefaultRole: "viewer", JustInTime: true}, `{"sub":"1"}`, "viewer", nil, false, false, "is added at the first sign-in"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var claims map[string]any
			if err := json.Unmarshal([]byte(tt.claims), &claims); err != nil {
				t.Fatal(err)
			}
			d := Decide(tt.p, FromClaims(tt.p, claims))
			if d.Role != tt.role || !cmp.Equal(d.Groups, tt.groups) || d.GroupsKnown == tt.unknown || (d.Problem != "") != tt.refused {
				t.Errorf("%+v", d)
			}
			if said := strings.Join(d.Why, "\n"); !strings.Contains(said, tt.why) {
				t.Errorf("%s\ndoes not say %q", said, tt.why)
			}
		})
	}
}

func TestDecideChangesNothing(t *testing.T) {
	claims := map[string]any{"sub": "1", "nonce": "n", "groups": []any{"b", "a"}}
	p := Provider{Mapping: []Mapping{{Value: "a", Role: "viewer"}}}
	i := FromClaims(p, claims)
	first, second := Decide(p, i), Decide(p, i)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"sub": "1", "nonce": "n", "groups": []any{"b", "a"}}, claims); diff != "" {
		t.Error(diff)
	}
}
