package demo

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestEventsCanBeSeen(t *testing.T) {
	db := open(t, sample, "mode=ro")
	events := Events()
	if len(events) < 8 || len(events) > 12 {
		t.Errorf("%d events, want 8 to 12", len(events))
	}
	seen := map[string]bool{}
	for _, e := range events {
		t.Run(e.Name, func(t *testing.T) {
			if seen[e.Name] {
				t.Error("the name is taken")
			}
			seen[e.Name] = true
			if e.Title == "" || e.Kind == "" || e.Seen == "" {
				t.Error("title, kind or what is seen is missing")
			}
			if from, to := dayOf(e.From), dayOf(e.To); from < 0 || from > to || to > lastDay {
				t.Errorf("the window %s to %s is not within the three years", e.From, e.To)
			}
			for column, member := range e.Where {
				table, name, _ := strings.Cut(column, ".")
				if !slices.Contains(e.Tables, table) {
					t.Errorf("%s is not among the tables", table)
				}
				if n := number(t, db, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s = '%s'", table, name, member)); n == 0 {
					t.Errorf("%s has no %q", column, member)
				}
			}
			rows, err := db.Query(e.SQL)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			if !rows.Next() {
				t.Fatal("no row")
			}
			var effect, control float64
			if err := rows.Scan(&effect, &control); err != nil {
				t.Fatal(err)
			}
			if !e.Effect.Has(effect) {
				t.Errorf("the effect is %.3f, want %v to %v", effect, e.Effect.Least, e.Effect.Most)
			}
			if !e.Control.Has(control) {
				t.Errorf("the control is %.3f, want %v to %v", control, e.Control.Least, e.Control.Most)
			}
			if e.Effect.Has(control) {
				t.Errorf("the control, %.3f, shows the effect too", control)
			}
			if rows.Next() {
				t.Error("more than one row")
			}
		})
	}
}
