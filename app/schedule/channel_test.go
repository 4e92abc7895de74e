package schedule

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/app/fault"
)

func TestChannelsAreSealed(t *testing.T) {
	h := newHouse(t, "")
	dir := filepath.Dir(h.sales)
	c := &Channel{Name: "Ops", Kind: ToWebhook, URL: "https://hooks.example.com/very-secret-path"}
	secret, err := h.Channels.Create(t.Context(), c, h.admin)
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		t.Fatal(secret, err)
	}
	got, err := h.Channels.Get(t.Context(), c.ID)
	if err != nil || got.URL != "" || got.Host != "hooks.example.com" || len(got.Sealed) > 0 {
		t.Errorf("%+v %v", got, err)
	}
	opened, plain, err := h.Channels.opened(t.Context(), c.ID)
	if err != nil || opened.URL != "https://hooks.example.com/very-secret-path" || plain != secret {
		t.Errorf("%+v %q %v", opened, plain, err)
	}
	for _, file := range []string{"assay.db", "assay.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("very-secret-path")) || bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s holds the address or the secret", file)
		}
	}
	// Another name keeps both; another host brings another secret.
	if again, err := h.Channels.Update(t.Context(), &Channel{ID: c.ID, Name: "Operations"}, h.admin); err != nil || again != "" {
		t.Errorf("%q %v", again, err)
	}
	if _, plain, err = h.Channels.opened(t.Context(), c.ID); err != nil || plain != secret {
		t.Errorf("%q %v", plain, err)
	}
	// So does another address at the same host.
	if again, err := h.Channels.Update(t.Context(), &Channel{ID: c.ID, Name: "Operations", URL: "https://hooks.example.com/second"}, h.admin); err != nil || again != "" {
		t.Errorf("%q %v", again, err)
	}
	if opened, plain, err = h.Channels.opened(t.Context(), c.ID); err != nil || plain != secret || opened.URL != "https://hooks.example.com/second" {
		t.Errorf("%+v %q %v", opened, plain, err)
	}
	again, err := h.Channels.Update(t.Context(), &Channel{ID: c.ID, Name: "Operations", URL: "https://evil.example.org/"}, h.admin)
	if err != nil || again == "" || again == secret {
		t.Errorf("%q %v", again, err)
	}
	renewed, err := h.Channels.Renew(t.Context(), c.ID, h.admin)
	if _, plain, _ = h.Channels.opened(t.Context(), c.ID); err != nil || plain != renewed || renewed == again {
		t.Errorf("%q %v", renewed, err)
	}
	if _, err := h.Channels.Create(t.Context(), &Channel{Name: "Operations", Kind: ToSlack, URL: "https://example.com/x"}, h.admin); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same name twice: %v", err)
	}
	if err := h.Channels.Delete(t.Context(), c.ID, h.admin); err != nil {
		t.Fatal(err)
	}
	if list, err := h.Channels.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

func TestChannelsAreChecked(t *testing.T) {
	h := newHouse(t, "")
	for name, c := range map[string]Channel{
		"no name":         {Kind: ToWebhook, URL: "https://example.com"},
		"no address":      {Name: "x", Kind: ToWebhook},
		"a file":          {Name: "x", Kind: ToWebhook, URL: "file:///etc/passwd"},
		"another scheme":  {Name: "x", Kind: ToWebhook, URL: "gopher://example.com"},
		"with a user":     {Name: "x", Kind: ToWebhook, URL: "https://u:p@example.com"},
		"slack in clear":  {Name: "x", Kind: ToSlack, URL: "http://hooks.slack.com/x"},
		"an unknown kind": {Name: "x", Kind: "pager", URL: "https://example.com"},
	} {
		if _, err := h.Channels.Create(t.Context(), &c, h.admin); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
