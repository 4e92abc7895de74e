package query

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/source/sourcetest"
)

func TestQuestionsKeepTheirVersions(t *testing.T) {
	c, _ := sourcetest.Postgres(t).NewDatabase(t, "create table unrelated (id int)")
	server := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: c.Host + ":" + strconv.Itoa(c.Port), Path: "/" + c.Database, RawQuery: "sslmode=disable"}
	for engine, at := range map[string]string{"sqlite": "", "postgres": server.String()} {
		t.Run(engine, func(t *testing.T) {
			r := newRoomAt(t, usual, at, t.TempDir())
			lite, other := r.connect(t, "lite", sqliteShop(t)), r.connect(t, "other", sqliteShop(t))
			folder, err := r.store.EnsureFolder(t.Context(), " Sales ")
			if err != nil {
				t.Fatal(err)
			}
			q := r.save(t, lite, "  Orders ", Body{SQL: "select 1"})
			mine, theirs := *q, *q
			mine.Name, mine.FolderID, mine.ConnectionID, mine.Body = "All orders", folder, other, Body{SQL: "select 2"}
			if err := r.store.Update(t.Context(), &mine, r.person); err != nil || mine.Version != 2 {
				t.Fatal(err, mine.Version)
			}
			if err := r.store.Update(t.Context(), &theirs, r.person); !fault.Is(err, fault.Conflict) {
				t.Errorf("the second save of version 1: %v", err)
			}
			back, err := r.store.Restore(t.Context(), q.ID, 1, r.person)
			if err != nil {
				t.Fatal(err)
			}
			now, err := r.store.Get(t.Context(), q.ID)
			if err != nil {
				t.Fatal(err)
			}
			for what, one := range map[string]*Question{"restored": back, "stored": now} {
				got := fmt.Sprintln(one.Version, one.Name, one.FolderID == folder, one.ConnectionID == other, one.Body.SQL)
				if got != "3 Orders true true select 1\n" {
					t.Errorf("%s: %s", what, got)
				}
			}
			list, err := r.store.Versions(t.Context(), q.ID)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range list {
				got = append(got, fmt.Sprintln(v.Version, v.Name, v.Body.SQL, v.SavedBy == r.person.ID, v.SavedAt.IsZero()))
			}
			if diff := cmp.Diff([]string{"3 Orders select 1 true false\n", "2 All orders select 2 true false\n", "1 Orders select 1 true false\n"}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := r.store.Delete(t.Context(), q.ID); err != nil {
				t.Fatal(err)
			}
			_, missing := r.store.Get(t.Context(), q.ID)
			_, unrestored := r.store.Restore(t.Context(), q.ID, 1, r.person)
			for what, err := range map[string]error{"get": missing, "restore": unrestored, "update": r.store.Update(t.Context(), &mine, r.person), "delete": r.store.Delete(t.Context(), q.ID)} {
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("%s of what was removed: %v", what, err)
				}
			}
			if list, err := r.store.Versions(t.Context(), q.ID); err != nil || len(list) > 0 {
				t.Errorf("versions of what was removed: %v %v", list, err)
			}
			events, _, err := r.log.List(t.Context(), audit.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			got = nil
			for _, e := range events {
				if e.Object.Kind == "question" {
					got = append(got, fmt.Sprintln(e.Action, e.Object.Name, strings.ReplaceAll(string(e.Detail), folder, "F"), e.Connection == other))
				}
			}
			want := []string{`question.delete Orders {"folder":"F","version":3} true` + "\n", `question.update Orders {"folder":"F","version":3} true` + "\n",
				`question.update All orders {"folder":"F","version":2} true` + "\n", `question.create Orders {"folder":"","version":1} false` + "\n"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQuestionsAreFoundByPage(t *testing.T) {
	r := newRoom(t, usual)
	lite, other := r.connect(t, "lite", sqliteShop(t)), r.connect(t, "other", sqliteShop(t))
	for _, name := range []string{"c", "a 100%", "b_", "A"} {
		r.save(t, lite, name, Body{SQL: "select 1"})
	}
	r.save(t, other, "a", Body{SQL: "select 1"})
	for _, tt := range []struct {
		find Find
		want []string
	}{
		{Find{}, []string{"A", "a", "a 100%", "b_", "c"}},
		{Find{Connection: lite, Limit: 2, For: r.person}, []string{"A", "a 100%", "b_", "c"}},
		{Find{Text: "A", Limit: 1}, []string{"A", "a", "a 100%"}},
		{Find{Folder: "none"}, nil},
	} {
		var got []string
		for {
			list, err := r.store.List(t.Context(), tt.find)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range list {
				got = append(got, q.Name)
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
