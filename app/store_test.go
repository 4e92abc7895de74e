package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"assay/app/source/sourcetest"
	"assay/app/store"
)

// storeURL makes an empty PostgreSQL database and returns its URL.
func storeURL(tb testing.TB) string {
	tb.Helper()
	c, _ := sourcetest.Postgres(tb).NewDatabase(tb, "create table unrelated (id int)")
	u := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: c.Host + ":" + strconv.Itoa(c.Port), Path: "/" + c.Database, RawQuery: "sslmode=disable"}
	return u.String()
}

func masterKeyText(tb testing.TB) string {
	tb.Helper()
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		tb.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(key)
}

// TestStoreOnPostgreSQL runs the product on a PostgreSQL store: what the pages
// and the API keep must be kept there as on SQLite.
func TestStoreOnPostgreSQL(t *testing.T) {
	at := storeURL(t)
	var wg sync.WaitGroup
	for range 4 { // as replicas that start together do
		wg.Go(func() {
			s, err := store.Open(t.Context(), at, "")
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	settings := []string{"ASSAY_DATABASE_URL=" + at, "ASSAY_ADMIN_EMAIL=admin@example.com", "ASSAY_ADMIN_PASSWORD=three quiet herons",
		"ASSAY_MASTER_KEY=" + masterKeyText(t)}
	h := start(t, "serve", settings...)
	p := newProgram(t, h)
	_, reader := sourcetest.Postgres(t).NewDatabase(t, "create table tea (id int primary key, name text); insert into tea values (1, 'Assam'), (2, 'Sencha')")
	id := p.connect(t, "Tea", reader)

	type question struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Version int    `json:"version"`
	}
	var q question
	p.call(t, http.MethodPost, "/api/v1/questions", map[string]any{"name": "Teas", "connection": id, "sql": "select name from tea order by id"}, &q)
	p.call(t, http.MethodPatch, "/api/v1/questions/"+q.ID, map[string]any{"name": "All teas", "version": q.Version}, &q)
	if q.Version != 2 || q.Name != "All teas" {
		t.Errorf("after a change: %+v", q)
	}
	var answer struct {
		Rows [][]string `json:"rows"`
	}
	p.call(t, http.MethodGet, "/api/v1/questions/"+q.ID+"/data", nil, &answer)
	if len(answer.Rows) != 2 || answer.Rows[1][0] != "Sencha" {
		t.Errorf("the saved question answers %v", answer.Rows)
	}
	var list struct {
		Items []question `json:"items"`
	}
	p.call(t, http.MethodGet, "/api/v1/questions?limit=1", nil, &list)
	if len(list.Items) != 1 {
		t.Errorf("the list has %d questions", len(list.Items))
	}

	// A second server on the same store knows what the first one wrote, and opens its secrets.
	other := newProgram(t, start(t, "serve", settings...))
	other.call(t, http.MethodGet, "/api/v1/questions/"+q.ID+"/data", nil, &answer)
	if len(answer.Rows) != 2 {
		t.Errorf("the second server answers %v", answer.Rows)
	}
	// Our own store is nobody's connection, though other databases of its server may be.
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	res := p.request(t, t.Context(), http.MethodPost, "/api/v1/connections", "", map[string]any{"name": "own", "url": strings.Replace(at, u.Hostname(), "localhost", 1)})
	text, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	var probe struct {
		OK      bool   `json:"ok"`
		Problem string `json:"problem"`
	}
	p.call(t, http.MethodPost, "/api/v1/connections/"+made.ID+"/test", nil, &probe)
	if probe.OK || !strings.Contains(probe.Problem, "own") {
		t.Errorf("our own store as a connection: %+v", probe)
	}

	if token := h.command(t, "", "token", "create", "--email", "admin@example.com", "--name", "nightly"); len(token) < 40 {
		t.Errorf("the token %q is short", token)
	}
}
