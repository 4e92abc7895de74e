package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// mostPages bounds a crawl.
const mostPages = 60

var identifiers = regexp.MustCompile(`[0-9a-z]{16,}|[0-9A-Z]{20,}|\d+`)

// kindOf tells pages apart by what they show rather than by which one of many.
func kindOf(u *url.URL) string {
	names := []string{}
	for name := range u.Query() {
		names = append(names, name)
	}
	slices.Sort(names)
	path := identifiers.ReplaceAllString(u.Path, "#")
	if _, after, ok := strings.Cut(path, "/tables/"); ok {
		path = strings.TrimSuffix(path, after)
	}
	return path + "?" + strings.Join(names, "&")
}

// TestAttackNamesInEveryPage fills a server with hostile names, then follows
// every link that a browser finds, as an administrator; new pages are found by themselves.
func TestAttackNamesInEveryPage(t *testing.T) {
	browser := chromium(t)
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect(evil, "sqlite://"+liteFile(t, hostileScript()))
	id := strings.TrimPrefix(connection, "/connections/")
	words := strings.Fields(h.command(t, "", "token", "create", "--email", "ada@example.com", "--name", evil))
	p := &program{house: h, token: words[len(words)-1]}
	tries := func(path string, body map[string]any) {
		res := p.request(t, t.Context(), http.MethodPost, path, "", body)
		res.Body.Close()
		if res.StatusCode >= 500 {
			t.Errorf("POST %s answers %s", path, res.Status)
		}
	}
	for i, kind := range []string{"bar", "line", "pie", "table", "scatter", "treemap"} {
		tries("/api/v1/questions", map[string]any{"name": fmt.Sprint(evil, i), "description": evil, "folder": evil, "connection": id, "chart": map[string]any{"kind": kind, "title": evil},
			"sql": "select " + quoted(evil) + " || n as " + quoted(evil) + ", n as " + quoted("n "+evil) + " from " + quoted(evil)})
	}
	tries("/api/v1/questions", map[string]any{"name": evil + " that fails", "connection": id, "sql": "select " + quoted("no "+evil) + " from " + quoted("none "+evil)})
	tries("/api/v1/users", map[string]any{"email": "eve@example.com", "name": evil, "role": "viewer"})
	tries("/api/v1/groups", map[string]any{"name": evil, "description": evil})
	tries("/api/v1/folders", map[string]any{"name": evil})
	v.post("/login", url.Values{"email": {evil}, "password": {evil + evil}}, "User-Agent", evil)
	v.open("/")

	before := kept(t, h)
	b := open(t, browser, h)
	b.signIn(v)
	at, err := url.Parse(h.base)
	if err != nil {
		t.Fatal(err)
	}
	queue := []string{"/", "/admin/users", "/admin/audit", "/admin/settings", "/account", "/questions?q=" + url.QueryEscape(evil), "/sql?" + url.Values{"connection": {id}, "sql": {"explain select * from " + quoted(evil)}}.Encode(),
		"/sql?" + url.Values{"connection": {id}, "sql": {"select {{" + "x:text}}, '" + strings.ReplaceAll(evil, "'", "''") + "' from nowhere"}, "p.x": {evil}}.Encode(), "/sql?" + url.Values{"connection": {id}, "sql": {evil}, "chart": {evil}}.Encode(), "/explore?" + url.Values{"connection": {id}, "spec": {`{"table":` + quoteJS(evil) + `,"measures":[{"fn":"count","as":` + quoteJS(evil) + `}]}`}}.Encode(), "/nothing?" + url.QueryEscape(evil)}
	seen, visited := map[string]bool{}, 0
	for len(queue) > 0 && visited < mostPages {
		to := queue[0]
		queue = queue[1:]
		u, err := at.Parse(to)
		if err != nil || u.Host != at.Host || seen[kindOf(u)] && visited > 10 || strings.HasPrefix(u.Path, "/static/") || regexp.MustCompile(`\.(csv|xlsx|json|svg|option|yaml)$`).MatchString(u.Path) || u.Path == "/openapi.json" {
			continue
		}
		seen[kindOf(u)] = true
		visited++
		if res, err := v.client.Head(h.base + u.RequestURI()); err != nil {
			t.Fatal(err)
		} else if res.Body.Close(); strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
			continue
		}
		b.goTo(u.RequestURI())
		b.holds(`!document.querySelector('[aria-busy=true]')`)
		b.run(`document.querySelectorAll('details').forEach((d) => { d.open = true })`)
		// A page that is refused says so on the console; a script that ran or was blocked is what counts.
		b.mu.Lock()
		b.problems = slices.DeleteFunc(b.problems, func(p string) bool {
			return strings.HasPrefix(p, "network:") && strings.Contains(p, "the server responded with a status of 4")
		})
		b.mu.Unlock()
		b.sound()
		if n := b.value(`document.querySelectorAll('img[src=x], script:not([src]):not([type$=json]), iframe, object, embed, base, meta[http-equiv=refresh]').length + [...document.querySelectorAll('*')].filter((e) => Element.prototype.getAttributeNames.call(e).some((a) => a.startsWith('on') || ['href', 'src', 'action', 'formaction', 'xlink:href'].includes(a) && e.tagName !== 'IMG' && /^\s*(javascript|data|vbscript):/i.test(Element.prototype.getAttribute.call(e, a)))).length`); n != "0" {
			t.Errorf("%s: %s elements were made of names", to, n)
		}
		var links []string
		if err := json.Unmarshal([]byte(b.value(`JSON.stringify([...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href')).filter((h) => !h.startsWith('#')))`)), &links); err != nil {
			t.Fatal(err)
		}
		for _, link := range links {
			if next, err := u.Parse(link); err == nil {
				queue = append(queue, next.RequestURI())
			}
		}
	}
	if visited < 15 {
		t.Errorf("only %d pages were found", visited)
	}
	if after := kept(t, h); after != before {
		t.Error("following links changed what is kept")
	}
	t.Logf("%d pages of %d kinds", visited, len(seen))
}

// kept returns a digest of what people saved and of who they are, which no GET may change.
func kept(t *testing.T, h *house) string {
	t.Helper()
	dir := ""
	for _, setting := range h.env {
		if d, ok := strings.CutPrefix(setting, "ASSAY_DATA_DIR="); ok {
			dir = d
		}
	}
	db, err := sql.Open("sqlite", "file:"+dir+"/assay.db?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	digest := sha256.New()
	for _, table := range []string{"questions", "connections", "folders", "grants", "groups", "people"} {
		rows, err := db.QueryContext(context.Background(), `SELECT group_concat(id, ' ') FROM (SELECT id FROM `+quoted(table)+` ORDER BY id)`)
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		for rows.Next() {
			var ids sql.NullString
			if err := rows.Scan(&ids); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(digest, table, ids.String)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(digest.Sum(nil))
}
