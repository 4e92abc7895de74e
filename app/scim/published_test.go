package scim

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/source/sourcetest"
)

// exchange is a request that a standard or a directory's manual publishes, and
// what its answer has to hold.
type exchange struct {
	Source  string            `json:"source"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	// Token is sent instead of the directory's, where it is there; empty for none.
	Token *string         `json:"token"`
	Body  json.RawMessage `json:"body"`

	Status int `json:"status"`
	// Want maps places in the answer, such as Resources.0.id, to what is there:
	// "*" is anything but nothing, "-" nothing at all.
	Want map[string]any `json:"want"`
	// Keep names values of the answer, for {{name}} in what follows.
	Keep map[string]string `json:"keep"`
}

// TestPublishedExchanges plays what the standard and the directories' manuals
// show, in order: each file is one story.
func TestPublishedExchanges(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { published(t, func() string { return "" }) })
	t.Run("postgres", func(t *testing.T) {
		published(t, func() string {
			c, _ := sourcetest.Postgres(t).NewDatabase(t, "create table unrelated (id int)")
			u := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: c.Host + ":" + strconv.Itoa(c.Port), Path: "/" + c.Database, RawQuery: "sslmode=disable"}
			return u.String()
		})
	})
}

func published(t *testing.T, store func() string) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("only %v are there: %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var list []exchange
			if err := json.Unmarshal(raw, &list); err != nil {
				t.Fatal(err)
			}
			h := newHouseOn(t, store())
			kept := map[string]string{"admin": h.ada.ID}
			for _, x := range list {
				if !t.Run(x.Source, func(t *testing.T) { x.play(t, h, kept) }) && x.Keep != nil {
					t.Fatal("what follows needs this")
				}
			}
		})
	}
}

func (x exchange) play(t *testing.T, h *house, kept map[string]string) {
	fill := func(s string) string {
		for name, value := range kept {
			s = strings.ReplaceAll(s, "{{"+name+"}}", value)
		}
		if strings.Contains(s, "{{") {
			t.Fatalf("nothing was kept for %s", s)
		}
		return s
	}
	token := h.token
	if x.Token != nil {
		token = *x.Token
	}
	var body any
	if x.Body != nil {
		body = fill(string(x.Body))
	}
	var headers []string
	for name, value := range x.Headers {
		headers = append(headers, name, fill(value))
	}
	a := h.call(token, x.Method, fill(x.Path), body, headers...)
	if a.status != x.Status {
		t.Fatalf("status %d, want %d: %s", a.status, x.Status, a.body)
	}
	for path, want := range x.Want {
		if s, ok := want.(string); ok {
			want = fill(s)
		}
		got, there := pick(a.json, path)
		switch {
		case want == "-":
			if there {
				t.Errorf("%s is there: %v", path, got)
			}
		case want == "*":
			if !there || got == "" || got == nil || fmt.Sprint(got) == "[]" {
				t.Errorf("%s is not there: %s", path, a.body)
			}
		default:
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s%s", path, d, a.body)
			}
		}
	}
	for name, path := range x.Keep {
		got, there := pick(a.json, path)
		if !there {
			t.Fatalf("%s is not there to be kept: %s", path, a.body)
		}
		kept[name] = fmt.Sprint(got)
	}
}

// pick returns what is at a place of a JSON value. In a list a number names an
// element and "has text" asks whether the text is one.
func pick(v any, path string) (any, bool) {
	for part := range strings.SplitSeq(path, "/") {
		for _, name := range dots(part) {
			switch in := v.(type) {
			case object:
				var ok bool
				if v, ok = in[name]; !ok {
					return nil, false
				}
			case []any:
				if text, ok := strings.CutPrefix(name, "has "); ok {
					return slices.Contains(in, any(text)), true
				}
				if name == "length" {
					return float64(len(in)), true
				}
				i, err := strconv.Atoi(name)
				if err != nil || i >= len(in) {
					return nil, false
				}
				v = in[i]
			default:
				return nil, false
			}
		}
	}
	return v, true
}

// dots divides a place at its dots, but for those of a name that begins with urn.
func dots(part string) []string {
	if strings.HasPrefix(part, "urn:") || strings.HasPrefix(part, "has ") {
		return []string{part}
	}
	return strings.Split(part, ".")
}
