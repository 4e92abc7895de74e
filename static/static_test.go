package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/font/sfnt"
)

// The names that pages ask for.
var wanted = []string{
	"css/app.css", "js/app.js", "js/chart.js", "js/sql.js",
	"font/text-400-latin.woff2", "font/text-600-latin.woff2",
	"img/icon.svg", "img/icons.svg", "font/LICENSE.txt", "licenses.txt",
}

func TestPathOfEveryWantedFile(t *testing.T) {
	hashed := regexp.MustCompile(`^/static/[\w/-]+\.[0-9A-Za-z]{8}\.\w+$`)
	for _, name := range wanted {
		if got := Path(name); !hashed.MatchString(got) {
			t.Errorf("Path(%q) = %q, want a hashed address", name, got)
		}
	}
	if got := Path("css/none.css"); got != "" {
		t.Errorf("Path of an unknown name = %q, want none", got)
	}
	if got := Integrity("css/none.css"); got != "" {
		t.Errorf("Integrity of an unknown name = %q, want none", got)
	}
}

func get(path string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "http://assay.test/", nil)
	r.URL.Path = path
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHandlerServesWhatTheManifestPromises(t *testing.T) {
	for name, f := range manifest() {
		r := get(Path(name))
		sum := sha512.Sum384(body(t, r))
		if got := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); got != Integrity(name) {
			t.Errorf("%s: the body does not have the manifest's integrity", name)
		}
		got := map[string]string{}
		for _, h := range []string{"Content-Type", "Cache-Control", "X-Content-Type-Options"} {
			got[h] = r.Header.Get(h)
		}
		want := map[string]string{
			"Content-Type":           f.Type,
			"Cache-Control":          "public, max-age=31536000, immutable",
			"X-Content-Type-Options": "nosniff",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: headers (-want +got):\n%s", name, d)
		}
	}
}

func TestHandlerCodings(t *testing.T) {
	for _, tt := range []struct{ accept, want string }{
		{"", ""},
		{"gzip, deflate, br, zstd", "br"},
		{"gzip", "gzip"},
		{"br;q=0.1, gzip;q=0.9", "gzip"},
		{"br;q=0, gzip;q=0", ""},
		{"*", "br"},
		{"*;q=0", ""},
		{"br;q=0, *", "gzip"},
		{"identity, br;q=0.5", ""},
		{"BR", "br"},
		{"br;q=nonsense", ""},
		{"deflate", ""},
	} {
		r := get(Path("js/app.js"), "Accept-Encoding", tt.accept)
		if got := r.Header.Get("Content-Encoding"); got != tt.want {
			t.Errorf("Accept-Encoding %q: got %q, want %q", tt.accept, got, tt.want)
		}
		if got := r.Header.Get("Vary"); got != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: Vary = %q", tt.accept, got)
		}
	}
}

func TestHandlerGzipUnpacksToThePlainFile(t *testing.T) {
	plain := body(t, get(Path("css/app.css")))
	z, err := gzip.NewReader(bytes.NewReader(body(t, get(Path("css/app.css"), "Accept-Encoding", "gzip"))))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(plain, unpacked) {
		t.Error("the gzip form differs from the plain file")
	}
}

func TestHandlerRevalidates(t *testing.T) {
	path := Path("css/app.css")
	br := get(path, "Accept-Encoding", "br").Header.Get("ETag")
	if plain := get(path).Header.Get("ETag"); plain == br || plain == "" {
		t.Errorf("ETags plain %q and br %q must differ", plain, br)
	}
	r := get(path, "Accept-Encoding", "br", "If-None-Match", `"other", W/`+br)
	if r.StatusCode != http.StatusNotModified || len(body(t, r)) != 0 {
		t.Errorf("with its own ETag: status %d, want 304 and no body", r.StatusCode)
	}
	if r := get(path, "If-None-Match", `"other"`); r.StatusCode != http.StatusOK {
		t.Errorf("with another ETag: status %d, want 200", r.StatusCode)
	}
}

func TestHandlerGivesNothingOutsideTheManifest(t *testing.T) {
	for _, path := range []string{
		"/static/", "/static", "/", "/static/manifest.json", "/static/css/app.css",
		"/static/server/echarts.js", "/static/server/text-400.ttf",
		"/static/../static.go", "/static/css/../manifest.json", "/static/%2e%2e/go.mod",
		"/static/..%2fgo.mod", "/static//etc/passwd", `/static/..\static.go`,
		Path("css/app.css") + ".br", Path("css/app.css") + "/", Path("css/app.css") + "\x00",
		strings.ToUpper(Path("css/app.css")),
	} {
		if r := get(path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%q: status %d, want 404", path, r.StatusCode)
		}
	}
}

func TestHandlerTakesOnlyReads(t *testing.T) {
	for method, want := range map[string]int{http.MethodPost: 405, http.MethodDelete: 405, http.MethodHead: 200} {
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, httptest.NewRequest(method, Path("js/app.js"), nil))
		if w.Code != want || (method == http.MethodHead && w.Body.Len() != 0) {
			t.Errorf("%s: status %d and %d bytes, want %d", method, w.Code, w.Body.Len(), want)
		}
	}
}

// The first page has to come through a thin line: markup takes 10 KB of 60.
func TestFirstPageWeighsLittle(t *testing.T) {
	for _, tt := range []struct {
		most  int
		names []string
	}{
		{16 << 10, []string{"js/app.js"}},
		{9 << 10, []string{"css/app.css"}},
		{24 << 10, []string{"font/text-400-latin.woff2", "font/text-600-latin.woff2"}},
	} {
		total := 0
		for _, name := range tt.names {
			total += len(body(t, get(Path(name), "Accept-Encoding", "br")))
		}
		if total > tt.most {
			t.Errorf("%v weigh %d bytes on the wire, want at most %d", tt.names, total, tt.most)
		}
	}
}

func TestNothingServedNeedsWhatThePolicyForbids(t *testing.T) {
	remote := regexp.MustCompile(`(?:url\(|@import\s*)["']?(?:https?:)?//`)
	for name := range manifest() {
		if !strings.HasSuffix(name, ".css") && !strings.HasSuffix(name, ".svg") {
			continue
		}
		text := body(t, get(Path(name)))
		if m := remote.Find(text); m != nil {
			t.Errorf("%s asks another host: %s", name, m)
		}
		if strings.HasSuffix(name, ".svg") && regexp.MustCompile(`<script|<style|\sstyle=|\son\w+=`).Match(text) {
			t.Errorf("%s has inline script or style", name)
		}
	}
}

func TestEveryEmbeddedFileIsKnown(t *testing.T) {
	known := map[string]bool{
		"dist/manifest.json": true, "dist/server/echarts.js": true,
		"dist/server/text-400.ttf": true, "dist/server/text-600.ttf": true,
	}
	for _, f := range manifest() {
		known["dist/"+f.Path] = true
		if f.Packed {
			known["dist/"+f.Path+".br"], known["dist/"+f.Path+".gz"] = true, true
		}
	}
	err := fs.WalkDir(dist, "dist", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !known[path] {
			t.Errorf("%s is embedded but nothing names it", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFontTTF(t *testing.T) {
	for weight, want := range map[int]string{400: "Assay Sans", 600: "Assay Sans SemiBold"} {
		f, err := sfnt.Parse(FontTTF(weight))
		if err != nil {
			t.Fatalf("weight %d: %v", weight, err)
		}
		var b sfnt.Buffer
		family, err := f.Name(&b, sfnt.NameIDFamily)
		if err != nil || family != want {
			t.Errorf("weight %d: family %q, %v; want %q", weight, family, err, want)
		}
		for _, r := range "AZaz09äßŁőžЖΩ€−≥" {
			if i, err := f.GlyphIndex(&b, r); err != nil || i == 0 {
				t.Errorf("weight %d has no glyph for %q", weight, r)
			}
		}
	}
}

func TestEChartsServerDefinesTheGlobal(t *testing.T) {
	text := EChartsServer()
	if !bytes.Contains(text, []byte("globalThis.echarts=")) {
		t.Error("the server's script does not define the global echarts")
	}
	if bytes.Contains(text, []byte("Intl.")) {
		t.Error("the server's script uses Intl, which its engine lacks")
	}
}
