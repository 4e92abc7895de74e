package scim

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/source/sourcetest"
	"assay/app/store"
	"assay/app/vault"
)

const goodPassword = "three quiet herons"

// house is a server of SCIM alone, over a real store.
type house struct {
	t      testing.TB
	e      *echo.Echo
	people *account.Store
	log    *audit.Log
	store  *store.Store
	// token is an administrator's; ada is that administrator, made here and not by a directory.
	token string
	ada   *account.Person
	mount Deps
}

func TestMain(m *testing.M) { sourcetest.Main(m) }

func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseOn(t, "")
}

// newHouseOn opens a house over the store at the URL, or over SQLite.
func newHouseOn(t testing.TB, storeURL string) *house {
	t.Helper()
	ctx := t.Context()
	s, err := store.Open(ctx, storeURL, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, _, _, err := vault.LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(ctx, s, key)
	if err != nil {
		t.Fatal(err)
	}
	throttle, err := account.NewThrottle(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, store: s, log: audit.Open(s, v)}
	h.people = account.NewStore(s, v, h.log)
	h.ada = h.person("ada@example.com", account.Admin, "Ada Lovelace")
	h.token = h.tokenOf(h.ada)
	h.mount = Deps{People: h.people, Throttle: throttle, Audit: h.log, Log: slog.New(slog.DiscardHandler), BaseURL: "https://assay.example.com"}
	h.serve()
	return h
}

// serve starts anew, with what mount says.
func (h *house) serve() {
	h.e = echo.New()
	h.e.IPExtractor = echo.ExtractIPDirect()
	h.e.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			// What package web puts before every route.
			c.Response().Header().Set("X-Request-Id", "request1")
			c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, 1<<20)
			return next(c)
		}
	})
	Mount(h.e, h.mount)
}

func (h *house) person(email string, role account.Role, name string) *account.Person {
	h.t.Helper()
	p, err := h.people.Create(h.t.Context(), account.NewPerson{Email: email, Role: role, Name: name})
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *house) tokenOf(p *account.Person, scopes ...account.Action) string {
	h.t.Helper()
	_, secret, err := h.people.CreateToken(h.t.Context(), p.ID, account.NewToken{Name: "directory", Scopes: scopes})
	if err != nil {
		h.t.Fatal(err)
	}
	return secret
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	json   any
}

// call sends a request with a token; body is text or something to be made JSON of.
func (h *house) call(token, method, path string, body any, headers ...string) answer {
	h.t.Helper()
	var sent io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		sent = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		sent = strings.NewReader(string(raw))
	}
	if at, query, ok := strings.Cut(path, "?"); ok && strings.ContainsAny(query, ` "`) {
		path = at + "?" + spelled(query)
	}
	r := httptest.NewRequest(method, "http://assay.example.com"+prefix+path, sent)
	if sent != nil {
		r.Header.Set("Content-Type", mediaType)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.e.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), body: w.Body.String()}
	if a.body != "" {
		if err := json.Unmarshal([]byte(a.body), &a.json); err != nil {
			h.t.Errorf("%s %s answers no JSON: %s", method, path, a.body)
		}
		if got := a.header.Get("Content-Type"); got != mediaType {
			h.t.Errorf("%s %s answers %s", method, path, got)
		}
	}
	if strings.Contains(a.body, goodPassword) || strings.Contains(a.body, "argon2id") || strings.Contains(a.body, h.token) {
		h.t.Errorf("%s %s tells a secret: %s", method, path, a.body)
	}
	return a
}

// spelled puts a query that people can read into an address.
func spelled(query string) string {
	var parts []string
	for _, one := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(one, "=")
		parts = append(parts, name+"="+url.QueryEscape(value))
	}
	return strings.Join(parts, "&")
}

// as sends a request as the administrator's directory.
func (h *house) as(method, path string, body any, headers ...string) answer {
	h.t.Helper()
	return h.call(h.token, method, path, body, headers...)
}

// ok fails the test where the status is another one, and returns the JSON.
func ok(t testing.TB, a answer, status int) object {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	o, _ := a.json.(object)
	return o
}

// refused fails the test unless the answer is SCIM's error of the status and type.
func refused(t testing.TB, a answer, status int, kind string) {
	t.Helper()
	o, _ := a.json.(object)
	got, _ := o["scimType"].(string)
	if a.status != status || got != kind || o["status"] == nil || o["detail"] == "" || !strings.Contains(a.body, urnError) {
		t.Errorf("status %d type %q, want %d %q: %s", a.status, got, status, kind, a.body)
	}
}

// made makes a person as a directory does and returns the id.
func (h *house) made(userName string, more ...any) string {
	h.t.Helper()
	body := object{"schemas": []any{urnUser}, "userName": userName, "active": true}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return ok(h.t, h.as("POST", "/Users", body), 201)["id"].(string)
}

func patch(steps ...object) object {
	list := make([]any, len(steps))
	for i, s := range steps {
		list[i] = s
	}
	return object{"schemas": []any{urnPatch}, "Operations": list}
}

func step(op, path string, value any) object {
	o := object{"op": op}
	if path != "" {
		o["path"] = path
	}
	if value != nil {
		o["value"] = value
	}
	return o
}
