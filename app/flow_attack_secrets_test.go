package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"assay/app/source"
)

// watcher stands between the flow tests and the servers. It learns every secret
// that is sent, and looks for all of them in what comes back. What the servers
// wrote down is looked through when they have stopped.
type watcher struct {
	mu      sync.Mutex
	secrets map[string]string // what it is, by the secret
	told    []string
}

var watch = &watcher{secrets: map[string]string{}}

// secretFields are members of forms and JSON bodies that nobody may be shown
// again, not even who sent them.
var secretFields = []string{"password", "old", "key", "secret", "client_secret", "bind_password"}

// shortest is the length of words that are too short to be told from chance.
const shortest = 10

func (w *watcher) learn(what, secret string) {
	if len(secret) < shortest || strings.Contains(secret, "<") {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.secrets[secret]; !known {
		w.secrets[secret] = what
	}
}

// found returns what of the secrets a text holds, except those.
func (w *watcher) found(text []byte, except ...string) (list []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for secret, what := range w.secrets {
		if bytes.Contains(text, []byte(secret)) && !slices.Contains(except, secret) {
			list = append(list, what)
		}
	}
	slices.Sort(list)
	return list
}

// RoundTrip sends a request and looks through the first part of its answer.
func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := w.sent(r)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &overheard{ReadCloser: res.Body, done: func(text []byte) {
		for _, what := range w.found(text, sent...) {
			w.mu.Lock()
			w.told = append(w.told, fmt.Sprintf("%s %s answers with %s", r.Method, r.URL.Path, what))
			w.mu.Unlock()
		}
	}}
	return res, nil
}

// sent learns the secrets of a request and returns those its answer may hold:
// a connection's URL is shown again in the box it was typed into.
func (w *watcher) sent(r *http.Request) (again []string) {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
		w.learn("a token sent as "+scheme, token)
	}
	for _, c := range r.Cookies() {
		w.learn("the cookie "+c.Name, c.Value)
	}
	if r.GetBody == nil || r.ContentLength > 1<<20 {
		return nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return nil
	}
	take := func(name, value string) {
		if slices.Contains(secretFields, name) {
			w.learn("the "+name+" sent to "+r.URL.Path, value)
		}
		if name == "secret" && r.URL.Path == "/account/factor" {
			again = append(again, value) // what was scanned stays the same until a code of it was given
		}
		if name == "url" {
			if c, _, err := source.ParseURL(value); err == nil {
				w.learn("the password in a connection's URL", c.Password)
				again = append(again, c.Password)
			}
		}
	}
	if values, err := url.ParseQuery(string(text)); err == nil && strings.Contains(r.Header.Get("Content-Type"), "form") {
		for name, list := range values {
			for _, value := range list {
				take(name, value)
			}
		}
	}
	var object any
	if json.Unmarshal(text, &object) == nil {
		members(object, take)
	}
	return again
}

// members visits the texts in a JSON value.
func members(v any, visit func(name, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if text, ok := inner.(string); ok {
				visit(name, text)
			}
			members(inner, visit)
		}
	case []any:
		for _, inner := range v {
			members(inner, visit)
		}
	}
}

// overheard keeps the first part of what is read through it.
type overheard struct {
	io.ReadCloser
	text []byte
	once sync.Once
	done func([]byte)
}

const earshot = 1 << 20

func (o *overheard) Read(b []byte) (int, error) {
	n, err := o.ReadCloser.Read(b)
	if room := earshot - len(o.text); room > 0 {
		o.text = append(o.text, b[:min(n, room)]...)
	}
	return n, err
}

func (o *overheard) Close() error {
	o.once.Do(func() { o.done(o.text) })
	return o.ReadCloser.Close()
}

// silent expects that a server that has stopped told and wrote no secret.
func silent(tb testing.TB, h *house) {
	tb.Helper()
	watch.mu.Lock()
	told := watch.told
	watch.told = nil
	watch.mu.Unlock()
	for _, t := range told {
		tb.Error(t)
	}
	for _, what := range watch.found([]byte(h.log.String())) {
		tb.Errorf("the log holds %s", what)
	}
	for _, what := range watch.found([]byte(h.out.String())) {
		tb.Errorf("the output holds %s", what)
	}
	dir := ""
	for _, setting := range h.env {
		if at, ok := strings.CutPrefix(setting, "ASSAY_DATA_DIR="); ok {
			dir = at
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "assay.db*"))
	if err != nil {
		tb.Error(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Error(err)
		}
		for _, what := range watch.found(text) {
			tb.Errorf("%s holds %s", filepath.Base(file), what)
		}
	}
}

// TestAttackWatcherNotices: what holds for all flow tests must be able to fail.
func TestAttackWatcherNotices(t *testing.T) {
	w := &watcher{secrets: map[string]string{}}
	form := func(to, body string) []string {
		r, err := http.NewRequest(http.MethodPost, "http://a"+to, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", "assay_session=COOKIEOFASESSION")
		r.Header.Set("Authorization", "Bearer assay_token_of_a_program")
		return w.sent(r)
	}
	again := form("/connections", "url=postgres%3A%2F%2Fu%3Asecret-in-url%40h%2Fd&password=secret-in-field&name=not-a-secret-at-all")
	if !slices.Equal(again, []string{"secret-in-url"}) {
		t.Errorf("what may be shown again is %q", again)
	}
	r, _ := http.NewRequest(http.MethodPost, "http://a/api", strings.NewReader(`{"name": "not-a-secret-at-all", "tls": {"key": "secret-in-json"}}`))
	w.sent(r)
	for text, want := range map[string]int{"a secret-in-url b": 1, "secret-in-field": 1, "secret-in-json": 1, "COOKIEOFASESSION assay_token_of_a_program": 2, "not-a-secret-at-all": 0} {
		if got := w.found([]byte(text)); len(got) != want {
			t.Errorf("in %q there is %q", text, got)
		}
	}
	body := &overheard{ReadCloser: io.NopCloser(strings.NewReader("xx secret-in-field xx")), done: func(text []byte) {
		if len(w.found(text)) != 1 {
			t.Errorf("overheard %q", text)
		}
	}}
	io.Copy(io.Discard, body)
	body.Close()
	if body.text == nil {
		t.Error("nothing was overheard")
	}
}
