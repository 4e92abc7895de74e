package saved

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/source/sourcetest"
	"assay/app/store"
	"assay/app/vault"
)

type poem struct {
	Lines []string `json:"lines"`
}

func (p *poem) Check() error {
	if len(p.Lines) == 0 {
		return fault.Field("lines", "Write a line")
	}
	return nil
}

func TestMain(m *testing.M) { sourcetest.Main(m) }

// house is a store with people of each role, on SQLite or PostgreSQL.
type house struct {
	*Store[poem, *poem]
	db     *store.Store
	log    *audit.Log
	people map[account.Role]*account.Person
}

func newHouse(t *testing.T, url string) *house {
	t.Helper()
	s, err := store.Open(t.Context(), url, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, _, _, err := vault.LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	log := audit.Open(s, v)
	people := account.NewStore(s, v, log)
	h := &house{Store: NewStore[poem](s, log, "poem"), db: s, log: log, people: map[account.Role]*account.Person{}}
	for _, r := range []account.Role{account.Admin, account.Analyst, account.Viewer} {
		p, err := people.Create(t.Context(), account.NewPerson{Email: string(r) + "@example.com", Role: r})
		if err != nil {
			t.Fatal(err)
		}
		if h.people[r], err = people.Get(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *house) write(t *testing.T, name string) *Item[poem] {
	t.Helper()
	i := &Item[poem]{Name: name, Body: poem{Lines: []string{name}}}
	if err := h.Create(t.Context(), i, h.people[account.Analyst]); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestItemsKeepTheirVersions(t *testing.T) {
	c, _ := sourcetest.Postgres(t).NewDatabase(t, "create table unrelated (id int)")
	server := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: c.Host + ":" + strconv.Itoa(c.Port), Path: "/" + c.Database, RawQuery: "sslmode=disable"}
	for engine, url := range map[string]string{"sqlite": "", "postgres": server.String()} {
		t.Run(engine, func(t *testing.T) {
			h := newHouse(t, url)
			analyst := h.people[account.Analyst]
			i := h.write(t, "  Ode  ")
			if i.Name != "Ode" || i.Version != 1 || i.CreatedBy != analyst.ID {
				t.Fatalf("%+v", i)
			}
			mine, theirs := *i, *i
			mine.Name, mine.Body = "Ode to joy", poem{Lines: []string{"a", "b"}}
			if err := h.Update(t.Context(), &mine, analyst); err != nil || mine.Version != 2 {
				t.Fatal(err, mine.Version)
			}
			theirs.Name = "Ode to sorrow"
			if err := h.Update(t.Context(), &theirs, analyst); !fault.Is(err, fault.Conflict) || theirs.Version != 1 {
				t.Errorf("the second save of version 1: %v, left at version %d", err, theirs.Version)
			}
			back, err := h.Restore(t.Context(), i.ID, 1, analyst)
			if err != nil || back.Version != 3 || back.Name != "Ode" {
				t.Fatal(err, back)
			}
			list, err := h.Versions(t.Context(), i.ID)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range list {
				got = append(got, fmt.Sprint(v.Version, " ", v.Name, " ", v.Body.Lines))
			}
			if diff := cmp.Diff([]string{"3 Ode [  Ode  ]", "2 Ode to joy [a b]", "1 Ode [  Ode  ]"}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := h.Delete(t.Context(), i.ID, analyst); err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{
				"get":     second(h.Get(t.Context(), i.ID)),
				"version": second(h.GetVersion(t.Context(), i.ID, 1)),
				"update":  h.Update(t.Context(), &mine, analyst),
				"delete":  h.Delete(t.Context(), i.ID, analyst),
				"restore": second(h.Restore(t.Context(), i.ID, 1, analyst)),
			} {
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("%s of what was removed: %v", what, err)
				}
			}
			recorded(t, h, "poem.create", "poem.update", "poem.update", "poem.delete")
		})
	}
}

func second[T any](_ T, err error) error { return err }

// recorded fails where the record does not hold these actions about poems, in order.
func recorded(t *testing.T, h *house, want ...string) {
	t.Helper()
	list, _, err := h.log.List(t.Context(), audit.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		if e.Object.Kind == "poem" {
			got = append([]string{e.Action}, got...)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
}

func TestOneKindKnowsNothingOfAnother(t *testing.T) {
	h := newHouse(t, "")
	i := h.write(t, "Ode")
	other := NewStore[poem](h.db, h.log, "song")
	if _, err := other.Get(t.Context(), i.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a poem is found among the songs: %v", err)
	}
	if list, err := other.List(t.Context(), Find{}); err != nil || len(list) > 0 {
		t.Errorf("%v %v", list, err)
	}
}

func TestListsArePaged(t *testing.T) {
	h := newHouse(t, "")
	for _, name := range []string{"c", "a 100%", "b_", "A", "b_"} {
		h.write(t, name)
	}
	for _, tt := range []struct {
		find Find
		want []string
	}{
		{Find{}, []string{"A", "a 100%", "b_", "b_", "c"}},
		{Find{Text: "0%"}, []string{"a 100%"}},
		{Find{Text: "_"}, []string{"b_", "b_"}},
		{Find{Text: "a"}, []string{"A", "a 100%"}},
		{Find{Limit: 2, For: h.people[account.Viewer]}, []string{"A", "a 100%", "b_", "b_", "c"}},
	} {
		var got []string
		for {
			list, err := h.List(t.Context(), tt.find)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range list {
				got = append(got, i.Name)
			}
			if len(list) == 0 || tt.find.Limit == 0 {
				break
			}
			tt.find.After = list[len(list)-1].ID
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.find, diff)
		}
	}
}

func TestOnlyThoseWhoMaySaveChangeItems(t *testing.T) {
	h := newHouse(t, "")
	i := h.write(t, "Ode")
	viewer := h.people[account.Viewer]
	for what, err := range map[string]error{
		"create":  h.Create(t.Context(), &Item[poem]{Name: "x", Body: poem{Lines: []string{"x"}}}, viewer),
		"update":  h.Update(t.Context(), i, viewer),
		"delete":  h.Delete(t.Context(), i.ID, viewer),
		"restore": second(h.Restore(t.Context(), i.ID, 1, viewer)),
	} {
		if !fault.Is(err, fault.Denied) {
			t.Errorf("%s by a viewer: %v", what, err)
		}
	}
	if i, err := h.Get(t.Context(), i.ID); err != nil || i.Version != 1 {
		t.Errorf("%v %v", i, err)
	}
}

func TestWhatIsWrongIsSaidByField(t *testing.T) {
	h := newHouse(t, "")
	analyst, admin := h.people[account.Analyst], h.people[account.Admin]
	for field, i := range map[string]Item[poem]{
		"name":   {Name: "  ", Body: poem{Lines: []string{"x"}}},
		"lines":  {Name: "x"},
		"folder": {Name: "x", FolderID: "no such", Body: poem{Lines: []string{"x"}}},
	} {
		if err := h.Create(t.Context(), &i, admin); fault.FieldsOf(err)[field] == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	large := Item[poem]{Name: "x", Body: poem{Lines: []string{string(make([]byte, mostBytes))}}}
	if err := h.Create(t.Context(), &large, analyst); !fault.Is(err, fault.Invalid) {
		t.Errorf("a body of %d bytes: %v", mostBytes, err)
	}
	first := h.write(t, "first")
	if err := h.Create(t.Context(), &Item[poem]{ID: first.ID, Name: "x", Body: first.Body}, analyst); !fault.Is(err, fault.Conflict) {
		t.Errorf("an id that is taken: %v", err)
	}
}

func TestWhatHangsOnAnItemGoesWithIt(t *testing.T) {
	h := newHouse(t, "")
	i := h.write(t, "Ode")
	fails := errors.New("no")
	h.Deleted(func(context.Context, bun.Tx, string) error { return fails })
	if err := h.Delete(t.Context(), i.ID, h.people[account.Admin]); !errors.Is(err, fails) {
		t.Fatal(err)
	}
	if _, err := h.Get(t.Context(), i.ID); err != nil {
		t.Errorf("it is gone though what hangs on it is not: %v", err)
	}
	var gone string
	h.Deleted(func(_ context.Context, _ bun.Tx, id string) error { gone = id; return nil })
	if err := h.Delete(t.Context(), i.ID, h.people[account.Admin]); err != nil || gone != i.ID {
		t.Error(err, gone)
	}
}

func TestBodiesOfAnotherBuildAreNoPanic(t *testing.T) {
	h := newHouse(t, "")
	i := h.write(t, "Ode")
	err := h.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE saved SET body = '[1]'").Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var wrong *json.UnmarshalTypeError
	if _, err := h.Get(t.Context(), i.ID); !errors.As(err, &wrong) {
		t.Errorf("got %v", err)
	}
}
