package main

import (
	"context"
	"database/sql"
	"net/http"
	"slices"
	"strings"
	"testing"

	"assay/app/store"
)

// TestMigrateFromBeforeSchedules takes a store back to what it was before there
// was anything saved on time, and brings it up to date.
func TestMigrateFromBeforeSchedules(t *testing.T) {
	for name, at := range map[string]string{"sqlite": "", "postgres": storeURL(t)} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			env := []string{"ASSAY_DATA_DIR=" + dir, "ASSAY_MASTER_KEY=" + masterKeyText(t), "ASSAY_ADMIN_EMAIL=admin@example.com", "ASSAY_ADMIN_PASSWORD=three quiet herons"}
			if at != "" {
				env = append(env, "ASSAY_DATABASE_URL="+at)
			}
			h := &house{env: env, out: new(transcript), log: new(transcript)}
			h.command(t, "three quiet herons\n", "user", "create", "--email", "admin@example.com", "--role", "admin")
			before := func() {
				t.Helper()
				s, err := store.Open(t.Context(), at, dir)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				db, _ := s.SQL()
				if n := tables(t, db, at != ""); slices.ContainsFunc(n, func(n string) bool { return strings.HasPrefix(n, "river_") }) {
					t.Fatalf("before schedules there are %v", n)
				}
				for _, table := range []string{"snapshots", "data_versions", "answers", "channels", "due", "deliveries", "runs", "share_visits", "shares", "saved_versions", "saved"} {
					if _, err := db.Exec("DROP TABLE " + table); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := db.Exec("DELETE FROM migrations WHERE name > '0008'"); err != nil {
					t.Fatal(err)
				}
				var last string
				if err := db.QueryRow("SELECT max(name) FROM migrations").Scan(&last); err != nil || last != "0007_catalogs" {
					t.Fatalf("the last step is %s, %v", last, err)
				}
			}
			before()
			for range 2 { // the second time there is nothing to do
				if out := h.command(t, "", "migrate"); out != "The store is up to date.\n" {
					t.Fatal(out)
				}
			}
			s, err := store.Open(t.Context(), at, dir)
			if err != nil {
				t.Fatal(err)
			}
			db, _ := s.SQL()
			list := tables(t, db, at != "")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for _, table := range []string{"saved", "runs", "due", "snapshots", "river_job", "river_queue", "river_migration"} {
				if !slices.Contains(list, table) {
					t.Errorf("there is no table %s", table)
				}
			}
			// What is there is what a server works with, and people are who they were.
			served := start(t, "serve", env...)
			p := newProgram(t, served)
			var made struct{ ID string }
			p.call(t, http.MethodPost, "/api/v1/connections", map[string]any{"name": "Shop", "url": "sqlite://" + liteFile(t, shop())}, &made)
			p.call(t, http.MethodPost, "/api/v1/questions", map[string]any{"name": "One", "connection": made.ID, "sql": "select 1 as one"}, &made)
			p.call(t, http.MethodPost, "/api/v1/schedules", map[string]any{"name": "Warm", "when": map[string]any{"every": "day"}, "do": "refresh", "question": made.ID}, &made)
			d := &deliveries{program: p, t: t}
			if state, log := d.run("/schedules/" + made.ID); state != "done" {
				t.Errorf("%s\n%s", state, log)
			}
			if out := h.command(t, "", "migrate"); out != "The store is up to date.\n" {
				t.Errorf("beside a running server: %s", out)
			}
		})
	}
}

// tables returns the names of a store's tables.
func tables(t *testing.T, db *sql.DB, postgres bool) (list []string) {
	t.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if postgres {
		query = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
	}
	rows, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		list = append(list, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
