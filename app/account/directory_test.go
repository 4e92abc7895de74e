package account

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/audit"
	"assay/app/fault"
)

func TestProvision(t *testing.T) {
	s := newAccounts(t)
	admin := person(t, s, "admin@example.com", Admin)
	p := &Person{Email: "Bo@Example.com", Name: "Bo Peep", Role: Viewer, ManagedBy: "scim", UserName: "Bo.Peep", GivenName: "Bo", FamilyName: "Peep", ExternalID: "b1"}
	if err := s.Provision(t.Context(), p, goodPassword); err != nil || p.ID == "" {
		t.Fatal(err)
	}
	if _, err := s.SignIn(t.Context(), "bo@example.com", goodPassword); err != nil {
		t.Errorf("the password does not let in: %v", err)
	}
	for k, want := range map[Known]int{{UserName: "bo.PEEP"}: 1, {UserName: "bo@example.com"}: 0, {UserName: "ADMIN@example.com"}: 1, {ExternalID: "b1"}: 1, {ExternalID: "B1"}: 0, {Email: "BO@example.com"}: 1, {ID: admin.ID}: 1, {ID: admin.ID, ExternalID: "b1"}: 0, {}: 2} {
		if list, total, err := s.Humans(t.Context(), k, 0, 0); err != nil || len(list) != want || total != want {
			t.Errorf("%+v finds %d of %d, want %d: %v", k, len(list), total, want, err)
		}
	}
	if list, total, err := s.Humans(t.Context(), Known{}, 1, 5); err != nil || total != 2 || len(list) != 1 || list[0].ID != p.ID {
		t.Errorf("the second page holds %d of %d: %v", len(list), total, err)
	}
	for name, other := range map[string]Person{
		"address":   {Email: "bo@example.com", Name: "x", Role: Viewer},
		"user name": {Email: "x@example.com", Name: "x", Role: Viewer, UserName: "BO.peep"},
	} {
		if err := s.Provision(t.Context(), &other, ""); !fault.Is(err, fault.Conflict) || other.ID != "" {
			t.Errorf("a second person of the same %s: %v", name, err)
		}
	}
	// A password that is refused takes the rest of the change along, and so does the last administrator.
	changed := *p
	changed.Name = "Other"
	if err := s.Provision(t.Context(), &changed, "short"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a weak password: %v", err)
	}
	off := *admin
	off.Disabled = true
	if err := s.Provision(t.Context(), &off, "three loud herons"); !fault.Is(err, fault.Conflict) {
		t.Errorf("the last administrator: %v", err)
	}
	if _, err := s.SignIn(t.Context(), "admin@example.com", goodPassword); err != nil {
		t.Errorf("half a change was made: %v", err)
	}
	if got, err := s.Get(t.Context(), p.ID); err != nil || got.Name != "Bo Peep" {
		t.Errorf("half a change was made: %v %v", got.Name, err)
	}
}

func TestSaveGroup(t *testing.T) {
	s := newAccounts(t)
	var ids []string
	for i := range 25 {
		ids = append(ids, person(t, s, fmt.Sprintf("p%02d@example.com", i), Viewer).ID)
	}
	service, err := s.Create(t.Context(), NewPerson{Name: "Nightly", Kind: Service, Role: Viewer})
	if err != nil {
		t.Fatal(err)
	}
	g := &Group{Name: "Sales", ManagedBy: "scim"}
	for _, nobody := range []string{"nobody", service.ID} {
		if err := s.SaveGroup(t.Context(), g, []string{ids[0], nobody}, nil); !fault.Is(err, fault.Invalid) || g.ID != "" {
			t.Errorf("a member who is no person: %v", err)
		}
	}
	if err := s.SaveGroup(t.Context(), g, ids[:3], nil); err != nil {
		t.Fatal(err)
	}
	first := g.UpdatedAt
	if err := s.SaveGroup(t.Context(), g, ids[2:], []string{ids[0], "nobody"}); err != nil || !g.UpdatedAt.After(first) {
		t.Fatalf("%v, changed at %s and %s", err, first, g.UpdatedAt)
	}
	members, err := s.AllMembers(t.Context(), []string{"none", g.ID})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range members {
		got = append(got, m.ID)
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(ids[1:]))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("members (-want +got):\n%s", d)
	}
	list, _, err := s.log.List(t.Context(), audit.Filter{Action: "group."})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, r := range list {
		count[r.Action]++
	}
	// Three who join one by one, 22 together.
	if d := cmp.Diff(map[string]int{"group.create": 1, "group.add": 4, "group.remove": 1}, count); d != "" {
		t.Errorf("records (-want +got):\n%s", d)
	}
	again := &Group{Name: "Sales"}
	if err := s.SaveGroup(t.Context(), again, nil, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second group of the name: %v", err)
	}
}
