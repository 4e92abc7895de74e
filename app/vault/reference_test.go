package vault_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/app/fault"
	"assay/app/vault"
)

// hidden is a value that no message may hold.
const hidden = "correct-zebra-9741"

// refused resolves a reference that must not lead anywhere.
func refused(t *testing.T, r *vault.References, ref, why string) {
	t.Helper()
	value, err := r.Resolve(t.Context(), ref)
	if value != "" || !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.MessageOf(err), why) {
		t.Errorf("%s: %q, %v, want a word on %q", ref, value, err, why)
	}
	if err != nil && (strings.Contains(err.Error(), hidden) || strings.Contains(fault.MessageOf(err), hidden)) {
		t.Errorf("%s: the error %q holds a value", ref, err)
	}
}

func TestReferencesReadOnlyWhatWasSetAside(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "secrets")
	for path, text := range map[string]string{
		"master.key":               hidden,
		"secrets/shop":             hidden + "\n",
		"secrets/shop-2_B":         " " + hidden + " \r\n\n",
		"secrets/empty":            "\n",
		"secrets/long":             strings.Repeat(hidden, 10_000),
		"secrets/with.dot":         hidden,
		"secrets/.hidden":          hidden,
		"secrets/..data/kept":      hidden,
		"secrets/folder/inside":    hidden,
		"secrets/folder/..further": hidden,
	} {
		path = filepath.Join(above, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out": "../master.key", "absolute": filepath.Join(above, "master.key"), "up": "..", "kept": "..data/kept", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	r := vault.NewReferences(vault.Sources{
		Env:    map[string]string{"ASSAY_SECRET_SHOP": hidden, "ASSAY_SECRET_EMPTY": "", "ASSAY_MASTER_KEY": hidden, "HOME": hidden, "ASSAY_SECRET_": hidden},
		Folder: dir,
	})
	for ref, want := range map[string]string{
		"env:ASSAY_SECRET_SHOP": hidden,
		"file:shop":             hidden,
		"file:shop-2_B":         " " + hidden + " ",
		"file:kept":             hidden, // a link that stays inside, as Kubernetes lays them
	} {
		if got, err := r.Resolve(t.Context(), ref); err != nil || got != want {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
		if err := r.Check(ref); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	for ref, why := range map[string]string{
		"env:ASSAY_SECRET_NONE":          "without this variable",
		"env:ASSAY_SECRET_EMPTY":         "without this variable",
		"env:ASSAY_SECRET_":              "begins with ASSAY_SECRET_",
		"env:ASSAY_MASTER_KEY":           "begins with ASSAY_SECRET_",
		"env:HOME":                       "begins with ASSAY_SECRET_",
		"env:assay_secret_shop":          "begins with ASSAY_SECRET_",
		"env:ASSAY_SECRET_SHOP ":         "begins with ASSAY_SECRET_",
		"env:ASSAY_SECRET_SHOP\n":        "begins with ASSAY_SECRET_",
		"env:ASSAY_SECRET_../MASTER_KEY": "begins with ASSAY_SECRET_",
		"file:none":                      "no such file",
		"file:empty":                     "empty",
		"file:long":                      "longer",
		"file:folder":                    "no plain file",
		"file:up":                        "link that leads out",
		"file:out":                       "link that leads out",
		"file:absolute":                  "link that leads out",
		"file:loop":                      "does not open",
		"file:with.dot":                  "plain name",
		"file:.hidden":                   "plain name",
		"file:..":                        "plain name",
		"file:../master.key":             "plain name",
		"file:folder/inside":             "plain name",
		"file:/etc/passwd":               "plain name",
		`file:folder\inside`:             "plain name",
		"file:shop\x00":                  "plain name",
		"file:":                          "plain name",
		"vault:secret/data/assay/a#b":    "No Vault is set",
		"FILE:shop":                      "env:NAME, file:NAME or vault:PATH#FIELD",
		hidden:                           "env:NAME, file:NAME or vault:PATH#FIELD",
		"password:" + hidden:             "env:NAME, file:NAME or vault:PATH#FIELD",
		"":                               "env:NAME, file:NAME or vault:PATH#FIELD",
	} {
		refused(t, r, ref, why)
	}
	for name, none := range map[string]*vault.References{"nil": nil, "empty": vault.NewReferences(vault.Sources{})} {
		refused(t, none, "env:ASSAY_SECRET_SHOP", "without this variable")
		refused(t, none, "file:shop", "No folder is set aside")
		refused(t, none, "vault:secret/data/assay/a#b", "No Vault is set")
		if err := none.Check("file:shop"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: Check: %v", name, err)
		}
	}
	refused(t, vault.NewReferences(vault.Sources{Folder: filepath.Join(above, "none")}), "file:shop", "does not open")

	// A file that changes is read again.
	if err := os.WriteFile(filepath.Join(dir, "shop"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Resolve(t.Context(), "file:shop"); err != nil || got != "another" {
		t.Errorf("after a change: %q, %v", got, err)
	}
}

// kvServer is a key-value store that speaks as Vault does.
type kvServer struct {
	*httptest.Server
	asked    atomic.Int32
	password atomic.Value
	hold     chan struct{}
}

func newKVServer(t *testing.T) *kvServer {
	k := &kvServer{hold: make(chan struct{})}
	k.password.Store(hidden)
	v2 := func(fields any) any {
		return map[string]any{"data": map[string]any{"data": fields, "metadata": map[string]any{"version": 3}}}
	}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.asked.Add(1)
		if r.Method != http.MethodGet || r.Header.Get("X-Vault-Token") != "the token" || r.Header.Get("X-Vault-Namespace") != "team" || r.Header.Get("X-Vault-Request") != "true" {
			http.Error(w, `{"errors":["permission denied"]}`, http.StatusForbidden)
			return
		}
		fields := map[string]any{"password": k.password.Load(), "number": 7, "empty": "", "nested": map[string]string{"a": hidden}, "data": "d", "metadata": "m"}
		var answer any
		switch r.URL.Path {
		case "/v1/secret/data/assay/shop", "/v1/secret/data/assay/team/shop.v2":
			answer = v2(fields)
		case "/v1/secret/data/assay/one":
			answer = map[string]any{"data": fields}
		case "/v1/secret/data/assay/deleted":
			w.WriteHeader(http.StatusNotFound)
			answer = v2(nil)
		case "/v1/secret/data/assay/undone":
			answer = v2(nil)
		case "/v1/secret/data/assay/sealed":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/v1/secret/data/assay/broken":
			w.Write([]byte(hidden))
			return
		case "/v1/secret/data/assay/moved":
			http.Redirect(w, r, "/v1/secret/data/assay/shop", http.StatusTemporaryRedirect)
			return
		case "/v1/secret/data/assay/teapot":
			http.Error(w, hidden, http.StatusTeapot)
			return
		case "/v1/secret/data/assay/long":
			answer = v2(map[string]string{"password": strings.Repeat("x", 2<<20)})
		case "/v1/secret/data/assay/torn":
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte(hidden))
			return
		case "/v1/secret/data/assay/odd":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.Write([]byte("HTTP/1.1 " + hidden + "\r\n\r\n"))
				conn.Close()
			}
			return
		case "/v1/secret/data/assay/slow":
			select {
			case <-k.hold:
			case <-r.Context().Done():
			}
			answer = v2(fields)
		default:
			http.NotFound(w, r)
			return
		}
		json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(k.Close)
	return k
}

func (k *kvServer) references() *vault.References {
	return vault.NewReferences(vault.Sources{Address: k.URL + "/", Token: "the token", Namespace: "team"})
}

func TestReferencesToVault(t *testing.T) {
	k := newKVServer(t)
	r := k.references()
	for _, ref := range []string{"vault:secret/data/assay/shop#password", "vault:secret/data/assay/team/shop.v2#password", "vault:secret/data/assay/one#password"} {
		if got, err := r.Resolve(t.Context(), ref); err != nil || got != hidden {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	for ref, want := range map[string]string{"vault:secret/data/assay/one#data": "d", "vault:secret/data/assay/one#metadata": "m", "vault:secret/data/assay/shop#data": "d"} {
		if got, err := r.Resolve(t.Context(), ref); err != nil || got != want {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	for ref, why := range map[string]string{
		"vault:secret/data/assay/none#password":          "nothing there",
		"vault:secret/data/assay/deleted#password":       "nothing there",
		"vault:secret/data/assay/undone#password":        "no field",
		"vault:secret/data/assay/shop#user":              "no field",
		"vault:secret/data/assay/shop#number":            "no text",
		"vault:secret/data/assay/shop#nested":            "no text",
		"vault:secret/data/assay/shop#empty":             "no text",
		"vault:secret/data/assay/sealed#password":        "sealed or not ready",
		"vault:secret/data/assay/broken#password":        "does not speak as Vault does",
		"vault:secret/data/assay/moved#password":         "redirect",
		"vault:secret/data/assay/teapot#password":        "status 418",
		"vault:secret/data/assay/long#password":          "too long",
		"vault:secret/data/assay/torn#password":          "breaks off",
		"vault:secret/data/assay/odd#password":           "does not answer",
		"vault:secret/data/other/shop#password":          "Only paths under secret/data/assay",
		"vault:secret/data/assayed/shop#password":        "Only paths under secret/data/assay",
		"vault:secret/data/assay#password":               "Only paths under secret/data/assay",
		"vault:sys/seal#password":                        "Only paths under secret/data/assay",
		"vault:secret/data/assay/../other/shop#password": "vault:PATH#FIELD",
		"vault:secret/data/assay/./shop#password":        "vault:PATH#FIELD",
		"vault:secret/data/assay//shop#password":         "vault:PATH#FIELD",
		"vault:/secret/data/assay/shop#password":         "vault:PATH#FIELD",
		"vault:secret/data/assay/%2e%2e/other#password":  "vault:PATH#FIELD",
		"vault:secret/data/assay/shop?version=1#x":       "vault:PATH#FIELD",
		"vault:secret/data/assay/shop":                   "vault:PATH#FIELD",
		"vault:secret/data/assay/shop#":                  "vault:PATH#FIELD",
		"vault:secret/data/assay/shop#a#b":               "vault:PATH#FIELD",
	} {
		refused(t, r, ref, why)
	}
	refused(t, vault.NewReferences(vault.Sources{Address: k.URL, Token: "another " + hidden, Namespace: "team"}), "vault:secret/data/assay/shop#password", "refuses")
	refused(t, vault.NewReferences(vault.Sources{Address: "http://vault.example.com", Token: hidden}), "vault:secret/data/assay/shop#password", "https")
	refused(t, vault.NewReferences(vault.Sources{Address: "https://ada:" + hidden + "@vault.example.com", Token: hidden}), "vault:secret/data/assay/shop#password", "https")
	k.Close()
	refused(t, vault.NewReferences(vault.Sources{Address: k.URL, Token: hidden}), "vault:secret/data/assay/shop#password", "does not answer")
}

func TestVaultIsVerified(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"data":{"password":"` + hidden + `"}}`))
	}))
	defer server.Close()
	server.Config.ErrorLog = nil
	const ref = "vault:kv/assay/shop#password"
	refused(t, vault.NewReferences(vault.Sources{Address: server.URL, Token: hidden, Prefix: "/kv/assay/"}), ref, "does not answer")
	trust := &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	r := vault.NewReferences(vault.Sources{Address: server.URL, Token: "t", Prefix: "/kv/assay/", TLS: trust})
	if got, err := r.Resolve(t.Context(), ref); err != nil || got != hidden {
		t.Errorf("%q, %v", got, err)
	}
}

func TestVaultIsAskedOnceAMinute(t *testing.T) {
	k := newKVServer(t)
	r := k.references()
	now := time.Now()
	vault.SetReferenceClock(r, func() time.Time { return now })
	const ref = "vault:secret/data/assay/shop#password"
	resolve := func(want string, asked int32) {
		t.Helper()
		if got, err := r.Resolve(t.Context(), ref); err != nil || got != want || k.asked.Load() != asked {
			t.Errorf("%q, %v, asked %d times, want %q and %d", got, err, k.asked.Load(), want, asked)
		}
	}
	resolve(hidden, 1)
	k.password.Store("changed")
	now = now.Add(vault.ReferenceLife - time.Second)
	resolve(hidden, 1)
	now = now.Add(time.Second)
	resolve("changed", 2)
	// What went wrong is not kept.
	refused(t, r, "vault:secret/data/assay/none#password", "nothing there")
	refused(t, r, "vault:secret/data/assay/none#password", "nothing there")
	if n := k.asked.Load(); n != 4 {
		t.Errorf("asked %d times", n)
	}
	// Whoever leaves does not take the answer away from the others, who share one.
	const slow = "vault:secret/data/assay/slow#password"
	impatient, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := r.Resolve(impatient, slow)
		gone <- err
	}()
	until(t, "the slow one is asked for", func() bool { return k.asked.Load() == 5 })
	leave()
	if err := <-gone; err == nil {
		t.Error("whoever leaves gets a value")
	}
	got := make(chan string)
	go func() {
		value, err := r.Resolve(context.Background(), slow)
		if err != nil {
			t.Error(err)
		}
		got <- value
	}()
	close(k.hold)
	if value := <-got; value != "changed" {
		t.Errorf("%q", value)
	}
}
