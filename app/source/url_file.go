package source

import (
	"net/url"
	"strings"
)

// fileEndings are the names' endings that SQLite files usually have.
var fileEndings = []string{".db", ".sqlite", ".sqlite3", ".db3", ".s3db", ".sl3"}

func looksLikeFile(path string) bool {
	path = strings.ToLower(path)
	for _, e := range fileEndings {
		if strings.HasSuffix(path, e) && len(path) > len(e) {
			return true
		}
	}
	return false
}

// readPath reads a bare path with an ending that SQLite files have.
func (r *reading) readPath(text string) (bool, error) {
	lower := strings.ToLower(text)
	if strings.HasPrefix(text, "/") || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "~") || !strings.ContainsAny(text, "=;@?") {
		switch {
		case strings.HasSuffix(lower, ".duckdb"):
			return true, problem("DuckDB is not supported. " + supported)
		case strings.HasSuffix(lower, ".mdb") || strings.HasSuffix(lower, ".accdb"):
			return true, problem("Access is not supported. " + supported)
		case looksLikeFile(text):
			return true, r.setPath(text)
		}
	}
	return false, nil
}

// readFile reads what follows "sqlite:" or "file:". Some count the third slash
// to the path and some do not; here the path starts with it.
func (r *reading) readFile(rest string, isFile bool) error {
	path, query, _ := strings.Cut(rest, "?")
	path, _, _ = strings.Cut(path, "#")
	four := strings.HasPrefix(path, "////")
	if strings.HasPrefix(path, "//") {
		path = path[2:]
		if isFile {
			path = strings.TrimPrefix(path, "localhost")
		}
		if strings.HasPrefix(path, "//") {
			path = path[1:]
		}
	}
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	// "/C:/data/shop.db" is how a URL spells a path of Windows.
	if !four && isDrive(path) {
		path = path[1:]
	}
	r.putAll(parseQuery(query, false))
	return r.setPath(path)
}

// isDrive says whether a path looks like "/C:/…".
func isDrive(path string) bool {
	return len(path) > 3 && path[0] == '/' && isLetter(path[1]) && path[2] == ':' && (path[3] == '/' || path[3] == '\\')
}

func (r *reading) setPath(path string) error {
	r.kind = "sqlite"
	switch path = strings.TrimSpace(path); {
	case path == "" || path == "/":
		return problem("The text names no file: write it as sqlite:///folder/name.db")
	case strings.HasPrefix(path, ":"):
		return problem("A database in memory is gone when its program ends; give the path of a SQLite file")
	}
	if strings.HasPrefix(path, "//") {
		path = "/" + strings.TrimLeft(path, "/")
	}
	r.values[wordPath] = path
	return nil
}
