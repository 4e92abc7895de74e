package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

// program is somebody who asks over the API.
type program struct {
	house *house
	token string
}

func newProgram(tb testing.TB, h *house) *program {
	tb.Helper()
	p := &program{house: h}
	var grant struct {
		AccessToken string `json:"access_token"`
	}
	p.call(tb, http.MethodPost, "/api/v1/auth/token", map[string]any{"email": "admin@example.com", "password": "three quiet herons"}, &grant)
	p.token = grant.AccessToken
	return p
}

func (p *program) request(tb testing.TB, ctx context.Context, method, path, accept string, body any) *http.Response {
	tb.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.house.base+path, bytes.NewReader(text))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		if ctx.Err() == nil {
			tb.Fatal(err)
		}
		return nil
	}
	return res
}

func (p *program) call(tb testing.TB, method, path string, body, into any) {
	tb.Helper()
	res := p.request(tb, tb.Context(), method, path, "", body)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		tb.Fatalf("%s %s: %s %v\n%s", method, path, res.Status, err, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		tb.Fatal(err)
	}
}

func (p *program) connect(tb testing.TB, name string, c source.Config) string {
	tb.Helper()
	var made struct {
		ID string `json:"id"`
	}
	p.call(tb, http.MethodPost, "/api/v1/connections", map[string]any{"name": name, "kind": c.Kind, "host": c.Host, "port": c.Port, "database": c.Database,
		"user": c.User, "password": c.Password, "tls": map[string]any{"mode": "prefer"}}, &made)
	return made.ID
}

func admin(tb testing.TB) (*house, *program) {
	h := start(tb, "serve", "ASSAY_ADMIN_EMAIL=admin@example.com", "ASSAY_ADMIN_PASSWORD=three quiet herons")
	return h, newProgram(tb, h)
}

// TestDroppedConnectionEndsTheQuery drops a client in the middle of a query of
// a minute and more, and asks the database what still runs.
func TestDroppedConnectionEndsTheQuery(t *testing.T) {
	_, p := admin(t)
	for kind, tt := range map[string]struct {
		server *sourcetest.Server
		slow   string
	}{
		"postgres": {sourcetest.Postgres(t), "select count(*) as left_alone from generate_series(1, 100000000000) as g"},
		"mysql": {sourcetest.MariaDB(t), "select count(*) as left_alone from information_schema.columns a, information_schema.columns b, " +
			"information_schema.columns c, information_schema.columns d"},
	} {
		t.Run(kind, func(t *testing.T) {
			adminConfig, reader := tt.server.NewDatabase(t, "create table t (id int)")
			id := p.connect(t, kind, reader)
			ctx, leave := context.WithCancel(t.Context())
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				if res := p.request(t, ctx, http.MethodPost, "/api/v1/query", "", map[string]any{"connection": id, "sql": tt.slow}); res != nil {
					text, _ := io.ReadAll(res.Body)
					res.Body.Close()
					t.Errorf("the slow query answered %s %s", res.Status, text)
				}
			}()
			eventually(t, "the query to run in the database", func() bool { return running(t, tt.server, adminConfig.Database) > 0 })
			left := time.Now()
			leave()
			<-gone
			eventually(t, "the query to end in the database", func() bool { return running(t, tt.server, adminConfig.Database) == 0 })
			t.Logf("%s: gone %s after the client", kind, time.Since(left).Round(time.Millisecond))
		})
	}
}

// running counts the statements that hold the word left_alone on a server, seen by its administrator.
func running(t *testing.T, s *sourcetest.Server, database string) int {
	t.Helper()
	driver := drivers()[s.Kind]
	db, err := driver.Open(s.Config(database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	text := "select count(*) from pg_stat_activity where state = 'active' and query like '%left_alone%' and pid <> pg_backend_pid()"
	if s.Kind == "mysql" {
		text = "select count(*) from information_schema.processlist where info like '%left_alone%' and id <> connection_id()"
	}
	rows, err := db.Query(t.Context(), source.Statement{SQL: text})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	return firstNumber(t, rows)
}

// firstNumber reads a result of one number.
func firstNumber(tb testing.TB, rows frame.Rows) int {
	tb.Helper()
	f, err := frame.Read(tb.Context(), rows, 1, 1<<10)
	if err != nil {
		tb.Fatal(err)
	}
	n, ok := f.Float(0, 0)
	if !ok {
		tb.Fatal("the result is no number")
	}
	return int(n)
}

// TestExportOfManyRowsKeepsMemory streams a result that would take hundreds of
// megabytes and watches what the process holds meanwhile.
func TestExportOfManyRowsKeepsMemory(t *testing.T) {
	_, p := admin(t)
	_, reader := sourcetest.Postgres(t).NewDatabase(t, "create table t (id int)")
	id := p.connect(t, "pg", reader)
	const rows, allowed = 4_000_000, 24 << 20
	for _, accept := range []string{"text/csv", "application/x-ndjson", "application/json"} {
		t.Run(accept, func(t *testing.T) {
			// What is held is measured after a collection: the heap between two grows with
			// all that the tests before this one left in the process.
			held := func() uint64 {
				var now runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&now)
				return now.HeapAlloc
			}
			before := held()
			res := p.request(t, t.Context(), http.MethodPost, "/api/v1/query", accept,
				map[string]any{"connection": id, "sql": fmt.Sprintf("select generate_series(1, %d) as n, 'some text to carry' as words", rows), "limit": rows})
			defer res.Body.Close()
			if res.StatusCode != http.StatusOK {
				text, _ := io.ReadAll(res.Body)
				t.Fatalf("%s\n%s", res.Status, text)
			}
			var most, bytes uint64
			buf := make([]byte, 1<<20)
			lines, tail := 0, ""
			for {
				n, err := res.Body.Read(buf)
				bytes += uint64(n)
				lines += strings.Count(string(buf[:n]), "some text")
				if n > 0 {
					tail = string(buf[max(0, n-200):n])
				}
				if bytes%(16<<20) < uint64(n) {
					most = max(most, held())
				}
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if bytes < 50<<20 || lines < rows-1000 {
				t.Fatalf("only %d bytes and about %d rows came, so the test proves nothing: …%s", bytes, lines, tail)
			}
			if grown := int64(most) - int64(before); grown > allowed {
				t.Errorf("%d MiB more were held while %d MiB went through", grown>>20, bytes>>20)
			} else {
				t.Logf("%d MiB went through, %d MiB more were held", bytes>>20, grown>>20)
			}
		})
	}
}
