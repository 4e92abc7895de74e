package static

import (
	"net/http"
	"strconv"
	"strings"
)

// served is one file in every coding the build made of it.
type served struct {
	kind   string
	etag   string
	bodies map[string][]byte
}

// Handler serves the files that the manifest names, by their hashed addresses,
// to be kept by browsers for good. Anything else under Prefix is 404.
func Handler() http.Handler {
	files := make(map[string]served, len(manifest()))
	for _, f := range manifest() {
		s := served{kind: f.Type, etag: f.Integrity[len("sha384-"):][:16], bodies: map[string][]byte{"": read("dist/" + f.Path)}}
		if f.Packed {
			s.bodies["br"] = read("dist/" + f.Path + ".br")
			s.bodies["gzip"] = read("dist/" + f.Path + ".gz")
		}
		files[Prefix+f.Path] = s
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		s, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
			return
		}
		s.serve(w, r)
	})
}

func (s served) serve(w http.ResponseWriter, r *http.Request) {
	coding := ""
	h := w.Header()
	if len(s.bodies) > 1 {
		h.Set("Vary", "Accept-Encoding")
		coding = choose(r.Header.Values("Accept-Encoding"))
	}
	etag := `"` + s.etag + `"`
	if coding != "" {
		etag = `"` + s.etag + "-" + coding + `"`
	}
	h.Set("ETag", etag)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if matches(r.Header.Values("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := s.bodies[coding]
	h.Set("Content-Type", s.kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	if r.Method == http.MethodGet {
		// The reader may have left; there is nobody to tell.
		_, _ = w.Write(body)
	}
}

// choose picks br, gzip or "" by the quality values of RFC 9110, section
// 12.5.3, preferring the smaller coding among equals.
func choose(headers []string) string {
	quality := map[string]float64{}
	for entry := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		name, rest, _ := strings.Cut(entry, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		q := 1.0
		if key, value, ok := strings.Cut(strings.TrimSpace(rest), "="); ok && strings.EqualFold(strings.TrimSpace(key), "q") {
			parsed, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || parsed < 0 || parsed > 1 {
				parsed = 0
			}
			q = parsed
		}
		quality[name] = q
	}
	best, bestQ := "", 0.0
	for _, coding := range []string{"br", "gzip"} {
		q, named := quality[coding]
		if !named {
			q = quality["*"]
		}
		if q > bestQ {
			best, bestQ = coding, q
		}
	}
	if plain, named := quality["identity"]; named && plain > bestQ {
		return ""
	}
	return best
}

func matches(headers []string, etag string) bool {
	for tag := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == etag || tag == "*" {
			return true
		}
	}
	return false
}
