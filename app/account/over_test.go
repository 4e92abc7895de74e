package account

import (
	"testing"

	"assay/app/fault"
)

// Somebody who may only look after people must not become an administrator by it.
func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	keeper := RoleDef{ID: "keeper", Name: "keeper", Actions: []Action{Look, Ask, SeeConnections, EditPeople}}
	with := func(id string, role RoleDef) *Person {
		return &Person{ID: id, Name: id, Role: role.ID, rights: &Rights{role: role}}
	}
	for _, tt := range []struct {
		name       string
		p          *Person
		role       RoleDef
		gives, may bool
	}{
		{"an administrator anything", with("a", builtIn[Admin]), builtIn[Admin], true, true},
		{"a keeper of people less", with("k", keeper), builtIn[Viewer], true, true},
		{"a keeper of people the same", with("k", keeper), keeper, true, true},
		{"a keeper of people more", with("k", keeper), builtIn[Analyst], false, false},
		{"a keeper of people everything", with("k", keeper), builtIn[Admin], false, false},
		{"a role of everything by another name", with("k", keeper), RoleDef{ID: "x", Name: "x", Actions: builtIn[Admin].Actions}, false, false},
		{"administrators reach more than their actions say", with("k", RoleDef{ID: "all", Name: "all", Actions: builtIn[Admin].Actions}), builtIn[Admin], false, false},
	} {
		if err := tt.p.CheckGives(tt.role); (err == nil) != tt.gives || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: giving: %v", tt.name, err)
		}
		if err := tt.p.CheckOver(with("other", tt.role)); (err == nil) != tt.may || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: acting on: %v", tt.name, err)
		}
		if err := tt.p.CheckOver(&Person{ID: "other", Role: tt.role.ID}); (err == nil) != tt.may && builtIn[tt.role.ID].ID != "" {
			t.Errorf("%s: acting on somebody read without rights: %v", tt.name, err)
		}
	}
	if k := with("k", keeper); k.CheckOver(k) != nil {
		t.Error("nobody may change themselves")
	}
}
