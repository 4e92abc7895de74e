package account

import (
	"encoding/json"
	"testing"
)

// TestSight: a person who was frozen sees the same as long as nothing of what
// decides it changed, whatever they may do beside looking.
func TestSight(t *testing.T) {
	s := newAccounts(t)
	person(t, s, "root@example.com", Admin)
	p, err := s.Create(t.Context(), NewPerson{Email: "a@example.com", Role: Analyst, Attributes: map[string][]string{"region": {"north"}}, Groups: []string{group(t, s, "north")}})
	must(t, err)
	text, err := json.Marshal(s.Freeze(p))
	must(t, err)
	var frozen Frozen
	must(t, json.Unmarshal(text, &frozen))
	here := InFolder("")
	same := func(what, object string, want bool) {
		t.Helper()
		got, err := s.Thaw(t.Context(), frozen)
		must(t, err)
		if !got.Frozen() || p.Frozen() {
			t.Error("who is frozen is not told")
		}
		if is := got.Sight(object) == p.Sight(object); is != want {
			t.Errorf("%s: the same sight is %v, want %v", what, is, want)
		}
	}
	same("nothing changed", here.ID, true)
	for _, g := range mustGrants(t, s, here) {
		must(t, s.DeleteGrant(t.Context(), g.ID))
	}
	same("a right to it is taken", here.ID, false)
	same("a right to something else is taken", "elsewhere", true)
	frozen.Attributes = map[string][]string{}
	same("an attribute was not theirs", "elsewhere", false)
}
