package account

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
)

func TestThawedPersonIsWhoTheyWere(t *testing.T) {
	tests := []struct {
		name   string
		role   Role
		change func(t *testing.T, s *Store, p *Person, north, south string)
		lost   string // "" where the person is still who they were
	}{
		{"nothing happened", Analyst, func(*testing.T, *Store, *Person, string, string) {}, ""},
		{"another group", Analyst, func(t *testing.T, s *Store, p *Person, north, south string) {
			must(t, s.SetMembers(t.Context(), south, []string{p.ID}))
		}, ""},
		{"another value", Analyst, func(t *testing.T, s *Store, p *Person, _, _ string) {
			p.Attributes["region"] = append(p.Attributes["region"], "south")
			must(t, s.Update(t.Context(), p))
		}, ""},
		{"a mightier role", Analyst, func(t *testing.T, s *Store, p *Person, _, _ string) {
			p.Role = Admin
			must(t, s.Update(t.Context(), p))
		}, ""},
		{"out of the group", Analyst, func(t *testing.T, s *Store, p *Person, north, _ string) {
			must(t, s.SetMembers(t.Context(), north, nil))
		}, "group"},
		{"the group is gone", Analyst, func(t *testing.T, s *Store, p *Person, north, _ string) {
			must(t, s.DeleteGroup(t.Context(), north))
		}, "group"},
		{"a value less", Analyst, func(t *testing.T, s *Store, p *Person, _, _ string) {
			p.Attributes = map[string][]string{"region": {"east"}}
			must(t, s.Update(t.Context(), p))
		}, "region"},
		{"a lower role", Analyst, func(t *testing.T, s *Store, p *Person, _, _ string) {
			p.Role = Viewer
			must(t, s.Update(t.Context(), p))
		}, "the right to"},
		{"no administrator any more", Admin, func(t *testing.T, s *Store, p *Person, _, _ string) {
			all := &RoleDef{Name: "everything"}
			for _, a := range Actions {
				all.Actions = append(all.Actions, a.Action)
			}
			must(t, s.CreateRole(t.Context(), all))
			p.Role = all.ID
			must(t, s.Update(t.Context(), p))
		}, "the role admin"},
		{"disabled", Analyst, func(t *testing.T, s *Store, p *Person, _, _ string) {
			p.Disabled = true
			must(t, s.Update(t.Context(), p))
		}, "disabled"},
		{"gone", Analyst, func(t *testing.T, s *Store, p *Person, _, _ string) {
			must(t, s.Delete(t.Context(), p.ID))
		}, "gone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newAccounts(t)
			person(t, s, "root@example.com", Admin)
			north, south := group(t, s, "north"), group(t, s, "south")
			p, err := s.Create(t.Context(), NewPerson{Email: "a@example.com", Role: tt.role, Attributes: map[string][]string{"region": {"north"}}, Groups: []string{north}})
			must(t, err)
			text, err := json.Marshal(s.Freeze(p))
			must(t, err)
			var frozen Frozen
			must(t, json.Unmarshal(text, &frozen))
			tt.change(t, s, p, north, south)
			got, err := s.Thaw(t.Context(), frozen)
			if tt.lost != "" {
				if !fault.Is(err, fault.Denied) || !strings.Contains(fault.MessageOf(err), tt.lost) {
					t.Errorf("got %v, want a denial that names %q", err, tt.lost)
				}
				return
			}
			must(t, err)
			if got.Role != tt.role {
				t.Errorf("role %q", got.Role)
			}
			if diff := cmp.Diff(map[string][]string{"region": {"north"}}, got.Attributes); diff != "" {
				t.Error(diff)
			}
			if len(got.Groups()) != 1 || !got.In(Subject{Kind: ToGroup, ID: north}) || got.In(Subject{Kind: ToGroup, ID: south}) {
				t.Errorf("groups %v", got.Groups())
			}
			for _, a := range Actions {
				if May(got, a.Action).Allowed != (a.Action == Look) {
					t.Errorf("%s is wrong for somebody who only looks", a.Action)
				}
			}
			again, err := s.Again(t.Context(), got)
			must(t, err)
			if again.Fingerprint() != got.Fingerprint() || again.Role != tt.role {
				t.Error("who was thawed is another one when asked for again")
			}
			if diff := cmp.Diff(frozen, s.Freeze(got)); diff != "" {
				t.Errorf("frozen again: %s", diff)
			}
		})
	}
}

// TestGrantsCountAtOnceForTheFrozen: what an administrator grants or takes is no
// change of the person.
func TestGrantsCountAtOnceForTheFrozen(t *testing.T) {
	s := newAccounts(t)
	p := person(t, s, "a@example.com", Analyst)
	folder := InFolder("")
	for _, g := range mustGrants(t, s, folder) {
		must(t, s.DeleteGrant(t.Context(), g.ID))
	}
	p, err := s.Get(t.Context(), p.ID)
	must(t, err)
	frozen := s.Freeze(p)
	may := func() bool {
		got, err := s.Thaw(t.Context(), frozen)
		must(t, err)
		return May(got, Look, folder).Allowed
	}
	if may() {
		t.Fatal("nothing was granted")
	}
	g, err := s.SetGrant(t.Context(), Subject{Kind: ToPerson, ID: p.ID}, folder, View)
	must(t, err)
	if !may() {
		t.Error("a grant does not count")
	}
	must(t, s.DeleteGrant(t.Context(), g.ID))
	if may() {
		t.Error("a grant that was taken counts")
	}
}

// TestValuesThatExcludeGrow: a value gained since hides more, never less.
func TestValuesThatExcludeGrow(t *testing.T) {
	s := newAccounts(t)
	p, err := s.Create(t.Context(), NewPerson{Email: "a@example.com", Role: Analyst, Attributes: map[string][]string{"not": {"x"}}})
	must(t, err)
	frozen := s.Freeze(p)
	before, err := s.Thaw(t.Context(), frozen)
	must(t, err)
	p.Attributes = map[string][]string{"not": {"x", "y"}, "new": {"z"}}
	must(t, s.Update(t.Context(), p))
	after, err := s.Thaw(t.Context(), frozen)
	must(t, err)
	if diff := cmp.Diff([][]string{{"x"}, {"x", "y"}, nil}, [][]string{after.Values("not"), after.Excluded("not"), after.Excluded("new")}); diff != "" {
		t.Error(diff)
	}
	if before.Fingerprint() == after.Fingerprint() {
		t.Error("two views have one name")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func group(t *testing.T, s *Store, name string) string {
	t.Helper()
	g := &Group{Name: name}
	must(t, s.CreateGroup(t.Context(), g))
	return g.ID
}

func mustGrants(t *testing.T, s *Store, o Object) []Grant {
	t.Helper()
	list, err := s.Grants(t.Context(), o)
	must(t, err)
	return list
}
