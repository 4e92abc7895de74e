package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// raw sends bytes as they are and returns all that comes back until the server
// closes, or has nothing to add for a while.
func raw(tb testing.TB, h *house, request string) string {
	tb.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.base, "http://"))
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		tb.Fatal(err)
	}
	var got bytes.Buffer
	for wait := patience; ; wait = 150 * time.Millisecond {
		conn.SetReadDeadline(time.Now().Add(wait))
		n, err := io.CopyN(&got, conn, 1)
		if n == 0 || err != nil {
			return got.String()
		}
		for more := make([]byte, 64<<10); ; {
			conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			n, err := conn.Read(more)
			got.Write(more[:n])
			if err != nil {
				break
			}
		}
	}
}

var statusLines = regexp.MustCompile(`HTTP/1\.1 (\d{3}) `)

// statuses returns the statuses of the answers in what came back.
func statuses(answer string) (list []string) {
	for _, found := range statusLines.FindAllStringSubmatch(answer, -1) {
		list = append(list, found[1])
	}
	return list
}

// get spells a request whose path is not touched by any library.
func get(h *house, target string, headers ...string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(h.base, "http://") + "\r\nConnection: close\r\n" + strings.Join(append(headers, "", ""), "\r\n")
}

// TestAttackPathTraversal tries to leave every route's folder.
func TestAttackPathTraversal(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	cookie := "Cookie: assay_session=" + v.cookie()
	token := strings.Fields(h.command(t, "", "token", "create", "--email", "ada@example.com", "--name", "reader"))
	bearer := "Authorization: Bearer " + token[len(token)-1]
	prefixes := map[string]bool{"": true}
	for _, r := range routes() {
		fixed, _, _ := strings.Cut(r.Path, ":")
		fixed, _, _ = strings.Cut(fixed, "*")
		prefixes[strings.TrimSuffix(fixed, "/")] = true
	}
	tried := 0
	for prefix := range prefixes {
		for _, up := range []string{"/../../../../../../etc/passwd", "/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/%252e%252e%252f%252e%252e%252fetc%252fpasswd",
			`/..\..\..\..\etc\passwd`, "/..%5c..%5c..%5cetc%5cpasswd", "//etc/passwd", "/%2fetc%2fpasswd", "/....//....//etc/passwd", "/..;/..;/etc/passwd", "/%00/../etc/passwd", "/..%c0%af..%c0%afetc/passwd"} {
			who := cookie
			if strings.HasPrefix(prefix, "/api/") {
				who = bearer
			}
			answer := raw(t, h, get(h, prefix+up, who))
			tried++
			if strings.Contains(answer, "root:") || strings.Contains(answer, "daemon:") {
				t.Fatalf("%s%s answers with a file: %.300s", prefix, up, answer)
			}
			if prefix == "/auth" && regexp.MustCompile(`\r\nLocation: /(login(\?[a-z]+=[^\r/\\]*)?)?\r\n`).MatchString(answer) {
				continue // no such provider, and somebody who is in already
			}
			if got := statuses(answer); len(got) != 1 || got[0] != "404" && got[0] != "400" && got[0] != "405" && got[0] != "422" {
				// An id that holds such a path is no id; nothing else may come of it.
				t.Errorf("%s%s answers %v, want 404: %.200s", prefix, up, got, answer)
			}
		}
	}
	for _, target := range []string{"/static/../serve.go", "/static/%2e%2e/embed.go", "/static/", "/static", "/static/css", "/static/css/", "/static/manifest.json/", "/static/.", "/static/css/../../go.mod", "//evil.example/%2f..", "/static//evil.example/%2f..", "/static//evil.example/..", `/static/\evil.example`} {
		answer := raw(t, h, get(h, target, cookie))
		if got := statuses(answer); len(got) != 1 || got[0] != "404" || strings.Contains(answer, "\r\nLocation:") {
			t.Errorf("%s answers %v: %.200s", target, got, answer)
		}
	}
	if strings.Contains(h.log.String(), "request failed") {
		t.Errorf("the server failed:\n%s", h.log)
	}
	if tried < 300 {
		t.Errorf("only %d paths were tried", tried)
	}
}

// TestAttackRequestSmuggling sends requests that two servers in a row may take apart differently.
func TestAttackRequestSmuggling(t *testing.T) {
	h := start(t, "serve")
	host := "Host: " + strings.TrimPrefix(h.base, "http://") + "\r\n"
	const hidden = "GET /guide HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
	chunked := fmt.Sprintf("0\r\n\r\n%s", hidden)
	form := "Content-Type: application/x-www-form-urlencoded\r\n"
	for _, tt := range []struct{ name, request string }{
		{"length and chunks", "POST /login HTTP/1.1\r\n" + host + form + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n%s", len(chunked), chunked)},
		{"chunks and length", "POST /login HTTP/1.1\r\n" + host + form + fmt.Sprintf("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n%s", chunked)},
		{"two lengths", "POST /login HTTP/1.1\r\n" + host + form + fmt.Sprintf("Content-Length: 0\r\nContent-Length: %d\r\n\r\n%s", len(hidden), hidden)},
		{"two lengths in one", "POST /login HTTP/1.1\r\n" + host + form + fmt.Sprintf("Content-Length: 0, %d\r\n\r\n%s", len(hidden), hidden)},
		{"signed length", "POST /login HTTP/1.1\r\n" + host + form + "Content-Length: +0\r\n\r\n" + hidden},
		{"space in the name", "POST /login HTTP/1.1\r\n" + host + form + "Content-Length : 0\r\n\r\n" + hidden},
		{"space before the colon", "POST /login HTTP/1.1\r\n" + host + form + "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n" + hidden},
		{"unknown encoding", "POST /login HTTP/1.1\r\n" + host + form + "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n" + hidden},
		{"two encodings", "POST /login HTTP/1.1\r\n" + host + form + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked},
		{"encoding in a list", "POST /login HTTP/1.1\r\n" + host + form + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunked},
		{"folded encoding", "POST /login HTTP/1.1\r\n" + host + form + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 3\r\n\r\n" + chunked},
		{"length in a chunk that is none", "POST /login HTTP/1.1\r\n" + host + form + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + hidden},
		{"huge chunk", "POST /login HTTP/1.1\r\n" + host + form + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + hidden},
		{"bare LF ends a chunk's length", "POST /login HTTP/1.1\r\n" + host + form + "Transfer-Encoding: chunked\r\n\r\n5;\nxx\r\n0\r\n\r\n" + hidden},
		{"long chunk extension", "POST /login HTTP/1.1\r\n" + host + form + "Transfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 20<<10) + "\r\na\r\n" + chunked},
		{"two hosts", "GET /login HTTP/1.1\r\n" + host + "Host: evil.example\r\n\r\n"},
		{"no host", "GET /login HTTP/1.1\r\n\r\n"},
		{"host with a path", "GET /login HTTP/1.1\r\nHost: 127.0.0.1/x\r\n\r\n"},
		{"whole address of another host", "GET http://evil.example/login HTTP/1.1\r\n" + host + "\r\n"},
		{"NUL in a header", "GET /login HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n"},
		{"line break in the target", "GET /login\rX HTTP/1.1\r\n" + host + "\r\n"},
		{"space in the target", "GET /login /x HTTP/1.1\r\n" + host + "\r\n"},
		{"no name", "GET /login HTTP/1.1\r\n" + host + ": x\r\n\r\n"},
		{"HTTP/2 by prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{"tunnel", "CONNECT evil.example:80 HTTP/1.1\r\n" + host + "\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := raw(t, h, tt.request)
			got := statuses(answer)
			// Nothing is answered twice, and what was hidden is never carried out:
			// /guide sends those who have not signed in to /login.
			if len(got) > 1 || strings.Contains(answer, "next=%2Fguide") {
				t.Errorf("answers %v: %.400s", got, answer)
			}
			if len(got) == 1 && got[0][0] != '4' && got[0] != "501" && got[0] != "505" {
				t.Errorf("answers %s, want a refusal: %.300s", got[0], answer)
			}
		})
	}
	// Good chunks, with an extension and in pieces, are one request, so the refusals
	// have their reasons; what follows them on the connection is not looked at.
	body := "email=a%40b.example&password=wrong+wrong+wrong"
	good := "POST /login HTTP/1.1\r\n" + host + form + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x;a=b\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", 10, body[:10], len(body)-10, body[10:]) + hidden
	answer := raw(t, h, good)
	if got := statuses(answer); !slices.Equal(got, []string{"422"}) {
		t.Errorf("a good request in chunks is answered %v: %.400s", got, answer)
	}
	two := fmt.Sprintf("POST /login HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s", host, form, len(body), body) + hidden
	if got := statuses(raw(t, h, two)); !slices.Equal(got, []string{"422", "303"}) {
		t.Errorf("two good requests are answered %v, so that the test would not see a hidden one", got)
	}
}

// TestAttackLimits sends more than a request may hold.
func TestAttackLimits(t *testing.T) {
	h := start(t, "serve")
	host := "Host: " + strings.TrimPrefix(h.base, "http://") + "\r\n"
	long := strings.Repeat("a", 1<<20)
	many := strings.Builder{}
	for i := range 5000 {
		fmt.Fprintf(&many, "X-%d: aaaaaaaaaa\r\n", i)
	}
	var members strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&members, `"a%d":1,`, i)
	}
	deep := strings.Repeat("[", 100_000)
	post := func(path, kind, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\n%sContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", path, host, kind, len(body), body)
	}
	for _, tt := range []struct {
		name, request string
		want          []string
	}{
		{"long address", "GET /" + long + " HTTP/1.1\r\n" + host + "\r\n", []string{"431", "414"}},
		{"long parameter", "GET /login?next=/" + long[:60<<10] + " HTTP/1.1\r\n" + host + "\r\n", []string{"431", "414"}},
		{"long header", "GET /login HTTP/1.1\r\n" + host + "X: " + long + "\r\n\r\n", []string{"431"}},
		{"many headers", "GET /login HTTP/1.1\r\n" + host + many.String() + "\r\n", []string{"431"}},
		{"large token", "GET /api/v1/me HTTP/1.1\r\n" + host + "Authorization: Bearer " + long + "\r\n\r\n", []string{"431"}},
		{"token of parts", "GET /api/v1/me HTTP/1.1\r\n" + host + "Connection: close\r\nAuthorization: Bearer " + strings.Repeat(".", 10_000) + "\r\n\r\n", []string{"401"}},
		{"large cookie", "GET / HTTP/1.1\r\n" + host + "Cookie: assay_session=" + long + "\r\n\r\n", []string{"431"}},
		{"cookie that is no session", "GET / HTTP/1.1\r\n" + host + "Connection: close\r\nCookie: assay_session=../../../../tmp/" + strings.Repeat("x", 8000) + "\r\n\r\n", []string{"303"}},
		{"large body", post("/login", "application/x-www-form-urlencoded", "email="+long+long), []string{"413"}},
		{"many fields", post("/login", "application/x-www-form-urlencoded", strings.Repeat("a=b&", 200_000)), []string{"422", "400", "413"}},
		{"far index", post("/login", "application/x-www-form-urlencoded", "a%5B999999999%5D=1&email%5B%5D=x"), []string{"422"}},
		{"deep JSON", post("/api/v1/auth/token", "application/json", deep), []string{"400"}},
		{"deep JSON in a form", post("/login", "application/json", deep), []string{"422", "400"}},
		{"many members", post("/api/v1/auth/token", "application/json", "{"+members.String()+`"a":1}`), []string{"400", "413"}},
		{"packed body", post("/api/v1/auth/token", "application/json\r\nContent-Encoding: gzip", "\x1f\x8b\x08\x00"+strings.Repeat("\x00", 100)), []string{"400", "415"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begun := time.Now()
			answer := raw(t, h, tt.request)
			got := statuses(answer)
			if len(got) != 1 || !slices.Contains(tt.want, got[0]) {
				t.Errorf("answers %v, want one of %v: %.300s", got, tt.want, answer)
			}
			if took := time.Since(begun); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestAttackForwardedHeaders: what anybody can write into a request is not
// believed about where it comes from.
func TestAttackForwardedHeaders(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	look := func(headers ...string) string {
		answer := raw(t, h, get(h, "/login", headers...))
		answer = regexp.MustCompile(`(?m)^(X-Request-Id|Date): .*\r\n`).ReplaceAllString(answer, "")
		return answer
	}
	plain := look()
	for _, spoofed := range []string{"X-Forwarded-For: 203.0.113.1", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X-Forwarded-Prefix: /evil", "X-Forwarded-Server: evil.example",
		"Forwarded: for=203.0.113.1;host=evil.example;proto=https", "X-Real-IP: 203.0.113.1", "X-Original-URL: /admin", "X-Rewrite-URL: /admin", "X-HTTP-Method-Override: DELETE", "X-Host: evil.example", "True-Client-IP: 203.0.113.1", "Front-End-Https: on"} {
		if got := look(spoofed); got != plain {
			t.Errorf("%s changes the answer:\n%s\nis not\n%s", spoofed, got, plain)
		}
	}
	// Every try says that it comes from somewhere else; the wait comes all the same.
	guesser := visit(t, h)
	waits := false
	for i := range 20 {
		at := fmt.Sprintf("203.0.113.%d", i)
		guesser.post("/login", url.Values{"email": {fmt.Sprintf("a%d@example.com", i)}, "password": {"wrong wrong wrong"}}, "X-Forwarded-For", at, "X-Real-Ip", at, "Forwarded", "for="+at)
		waits = waits || guesser.status == http.StatusTooManyRequests
	}
	if !waits {
		t.Error("20 wrong passwords with other forwarded addresses are answered without a wait")
	}
	if strings.Contains(h.log.String(), "203.0.113.") {
		t.Error("a forwarded address is in the log")
	}
	v.open("/")
}

// TestAttackDebugRoutes looks for doors that frameworks leave open.
func TestAttackDebugRoutes(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h).still()
	stranger := visit(t, h).still()
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/debug", "/metrics", "/actuator", "/actuator/env", "/server-status", "/.git/HEAD", "/.git/config", "/.env", "/config", "/config.json", "/backup", "/backup.sql", "/assay.db", "/data/assay.db",
		"/master.key", "/data/master.key", "/swagger", "/swagger-ui", "/graphql", "/admin/console", "/console", "/phpinfo.php", "/wp-admin", "/robots.txt.bak", "/static/.map", "/static/js/", "/static/manifest.json", "/static/package.json", "/static/node_modules/axe-core/package.json", "/go.mod", "/Dockerfile", "/Taskfile.yml",
		"/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/debug", "/api/v1/setup", "/api/v1/session/properties", "/api/setup/validate", "/api/health/../debug", "/trace", "/threads", "/favicon.ico.bak", "/healthz/", "/readyz/x", "/crossdomain.xml", "/.well-known/security.txt", "/.DS_Store"} {
		for _, who := range []*visitor{stranger, v} {
			if who.look(path); who.status != http.StatusNotFound {
				t.Errorf("GET %s answers %d", path, who.status)
			}
		}
	}
	for _, method := range []string{"TRACE", "TRACK", "CONNECT", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND", "MOVE", "DEBUG", "get", "ANYTHING"} {
		for _, path := range []string{"/", "/login", "/questions", "/connections/x", "/healthz", "/nothing"} {
			answer := raw(t, h, method+" "+path+" HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Echo: come-back\r\nCookie: assay_session="+v.cookie()+"\r\nConnection: close\r\n\r\n")
			if got := statuses(answer); len(got) != 1 || got[0] != "404" && got[0] != "405" && got[0] != "400" && got[0] != "403" || strings.Contains(answer, "come-back") {
				t.Errorf("%s %s answers %v: %.200s", method, path, got, answer)
			}
		}
	}
	// What a monitor may see is not on the public port.
	if strings.Contains(raw(t, h, get(h, "/readyz")), "go_goroutines") {
		t.Error("metrics are on the public port")
	}
}

// TestHeadAnswersLikeGet: the same status and headers, no body.
func TestHeadAnswersLikeGet(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", "sqlite://"+liteFile(t, shop()))
	v.still()
	id := strings.TrimPrefix(connection, "/connections/")
	for _, path := range []string{"/", "/login", "/questions", connection, connection + "/tables/orders", "/nothing", "/guide", "/healthz", "/readyz", "/openapi.json", "/api/docs", "/favicon.ico",
		"/sql?connection=" + id + "&sql=select+1", "/sql.csv?connection=" + id + "&sql=select+1"} {
		v.look(path)
		status, kind, policy := v.status, v.header.Get("Content-Type"), v.header.Get("Content-Security-Policy")
		request := strings.Replace(get(h, path, "Cookie: assay_session="+v.cookie()), "GET ", "HEAD ", 1)
		res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(raw(t, h, request))), &http.Request{Method: http.MethodHead})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if res.StatusCode != status || res.Header.Get("Content-Type") != kind || res.Header.Get("Content-Security-Policy") != policy {
			t.Errorf("HEAD %s answers %d %s, GET %d %s", path, res.StatusCode, res.Header.Get("Content-Type"), status, kind)
		}
		if answer := raw(t, h, request); !strings.HasSuffix(answer, "\r\n\r\n") {
			t.Errorf("HEAD %s answers with a body: %q", path, answer[strings.Index(answer, "\r\n\r\n"):])
		}
	}
	if answer := raw(t, h, strings.Replace(get(h, "/api/v1/me"), "GET ", "HEAD ", 1)); !strings.HasSuffix(answer, "\r\n\r\n") {
		t.Errorf("a call of the API answers HEAD with a body: %s", answer)
	}
}

// TestAttackMetricsListener: it stands apart, and no connection reaches it.
func TestAttackMetricsListener(t *testing.T) {
	h := start(t, "serve", "ASSAY_METRICS_ADDR=127.0.0.1:0")
	found := regexp.MustCompile(`msg=metrics address=http://(127\.0\.0\.1:(\d+))/metrics`).FindStringSubmatch(h.log.String())
	if found == nil {
		t.Fatalf("its address is not logged:\n%s", h.log)
	}
	res, err := http.Get("http://" + found[1] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); !strings.Contains(string(text), "go_goroutines") {
		t.Errorf("it answers %s", text)
	}
	v := visit(t, h).setUp(h)
	for _, at := range []string{found[1], strings.TrimPrefix(h.base, "http://")} {
		v.open("/connections/new").submit("main form", "do=test", fields{"url": "postgres://u:p@" + at + "/d?sslmode=disable", "name": "x"}).expect(http.StatusOK)
		v.says("main", "This address is Assay's own")
	}
}
