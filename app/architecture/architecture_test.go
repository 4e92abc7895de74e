// Package architecture holds the one-way streets between the rooms of the
// house and fails where code goes the wrong way.
package architecture

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// streets says which packages of the module each package may import, its tests
// apart. A pattern ending in /* takes in everything below. "*" is everything.
var streets = map[string][]string{
	"app":                           {"*"},
	"app/architecture":              {},
	"app/fault":                     {},
	"app/frame":                     {"app/fault"},
	"app/store":                     {"app/fault"},
	"app/vault":                     {"app/store", "app/fault"},
	"app/audit":                     {"app/store", "app/vault", "app/fault"},
	"app/account":                   {"app/audit", "app/store", "app/vault", "app/fault"},
	"app/identity":                  {"app/audit", "app/store", "app/vault", "app/fault"},
	"app/identity/identitytest":     {},
	"app/source":                    {"app/audit", "app/frame", "app/vault", "app/store", "app/fault"},
	"app/source/postgres":           {"app/source", "app/frame", "app/fault"},
	"app/source/mysql":              {"app/source", "app/frame", "app/fault"},
	"app/source/sqlserver":          {"app/source", "app/frame", "app/fault"},
	"app/source/sqlserver/tsqllint": {},
	"app/source/sqlite":             {"app/source", "app/frame", "app/fault"},
	"app/source/sourcetest":         {"app/source", "app/frame", "app/fault"},
	"app/query":                     {"app/audit", "app/saved", "app/source", "app/frame", "app/account", "app/store", "app/fault"},
	"app/chart":                     {"app/frame", "app/fault"},
	"app/document":                  {"app/fault"},
	"app/saved":                     {"app/account", "app/audit", "app/store", "app/fault"},
	"app/figure":                    {"app/document", "app/query", "app/chart", "app/frame", "app/source", "app/account", "app/fault"},
	"app/dashboard":                 {"app/figure", "app/document", "app/query", "app/chart", "app/frame", "app/account", "app/audit", "app/saved", "app/store", "app/fault"},
	"app/report":                    {"app/figure", "app/document", "app/query", "app/chart", "app/frame", "app/account", "app/audit", "app/saved", "app/store", "app/fault"},
	"app/share":                     {"app/dashboard", "app/report", "app/query", "app/account", "app/audit", "app/vault", "app/store", "app/fault"},
	"app/mail":                      {"app/fault"},
	"app/mail/mailtest":             {},
	"app/schedule":                  {"app/mail", "app/document", "app/saved", "app/query", "app/source", "app/frame", "app/account", "app/audit", "app/vault", "app/store", "app/fault"},
	"app/svg":                       {"app/fault"},
	"app/pdf":                       {"app/document", "app/svg", "app/fault"},
	"app/pdf/pdftest":               {},
	"app/browser":                   {"app/fault"},
	"app/demo":                      {"app/fault"},
	"app/web":                       {"app/schedule", "app/mail", "app/share", "app/dashboard", "app/report", "app/figure", "app/document", "app/saved", "app/identity", "app/audit", "app/account", "app/chart", "app/fault", "app/frame", "app/query", "app/source", "app/store", "views", "static"},
	"app/api":                       {"app/dashboard", "app/report", "app/schedule", "app/share", "app/figure", "app/document", "app/saved", "app/audit", "app/account", "app/chart", "app/fault", "app/frame", "app/query", "app/source", "app/store"},
	"app/content":                   {"app/dashboard", "app/report", "app/schedule", "app/saved", "app/query", "app/source", "app/account", "app/store", "app/fault"},
	"app/scim":                      {"app/audit", "app/account", "app/fault"},
	"views":                         {"views/ui", "static"},
	"views/ui":                      {},
	"static":                        {},
	"config":                        {},
}

// homes says where each heavy dependency lives; elsewhere it may not be imported.
var homes = map[string][]string{
	"github.com/labstack/echo/":       {"app/web", "app/api", "app/scim"},
	"github.com/gorilla/sessions":     {"app/web"},
	"github.com/danielgtaylor/huma/":  {"app/api"},
	"go.yaml.in/yaml/":                {"app/content"},
	"github.com/uptrace/bun":          {"app/store", "app/account", "app/audit", "app/identity", "app/vault", "app/source", "app/query", "app/saved", "app/share", "app/report", "app/schedule"},
	"github.com/jackc/pgx/":           {"app/store", "app/source/postgres", "app/source/sourcetest"},
	"github.com/go-sql-driver/mysql":  {"app/source/mysql", "app/source/sourcetest"},
	"github.com/microsoft/go-mssqldb": {"app/source/sqlserver"},
	"modernc.org/sqlite":              {"app/store", "app/source/sqlite", "app/demo"},
	"modernc.org/quickjs":             {"app/chart"},
	"github.com/go-echarts/":          {"app/chart"},
	"github.com/tink-crypto/":         {"app/vault"},
	"github.com/golang-jwt/":          {"app/account"},
	"github.com/pquerna/otp":          {"app/account"},
	"github.com/markbates/goth":       {"app/identity"},
	"github.com/coreos/go-oidc/":      {"app/identity"},
	"github.com/crewjam/saml":         {"app/identity", "app/identity/identitytest"},
	"github.com/zitadel/oidc/":        {"app/identity/identitytest"},
	"github.com/sqlc-dev/oliphant":    {"app/source/postgres"},
	"github.com/sqlc-dev/marino":      {"app/source/mysql"},
	"github.com/sqlc-dev/teesql":      {"app/source/sqlserver", "app/source/sqlserver/tsqllint"},
	"github.com/sqlc-dev/meyer":       {"app/source/sqlite"},
	"github.com/yuin/goldmark":        {"app/document"},
	"github.com/riverqueue/river":     {"app/schedule"},
	"github.com/adhocore/gronx":       {"app/schedule"},
	"github.com/wneessen/go-mail":     {"app/mail"},
	"github.com/a-h/templ":            {"app/web", "views", "views/ui"},
}

func root(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// imports returns what each package of the module imports outside its tests.
func imports(t *testing.T) map[string]map[string]string {
	top := root(t)
	found := map[string]map[string]string{}
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != top && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "dist" || name == "bin" || name == "data") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		rel, err := filepath.Rel(top, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		if found[pkg] == nil {
			found[pkg] = map[string]string{}
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			what, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			found[pkg][what] = name
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestImportsKeepToTheStreets(t *testing.T) {
	found := imports(t)
	if len(found) < 15 {
		t.Fatalf("only %d packages were found, so the test proves nothing", len(found))
	}
	for pkg, list := range found {
		allowed, known := streets[pkg]
		if !known {
			t.Errorf("package %s is not in the table of streets", pkg)
			continue
		}
		for what, file := range list {
			if inside, ok := strings.CutPrefix(what, "assay/"); ok && !slices.Contains(allowed, "*") && !slices.Contains(allowed, inside) {
				t.Errorf("%s/%s imports %s, which its street does not lead to", pkg, file, what)
			}
			for heavy, rooms := range homes {
				if strings.HasPrefix(what, heavy) && pkg != "app" && !slices.Contains(rooms, pkg) {
					t.Errorf("%s/%s imports %s, whose home is %s", pkg, file, what, strings.Join(rooms, ", "))
				}
			}
		}
	}
	for pkg := range streets {
		if _, ok := found[pkg]; !ok && pkg != "views/ui" {
			t.Errorf("package %s is in the table but not in the tree", pkg)
		}
	}
}

// TestFilesDoOneThing keeps hand-written files at a size that one subject fills.
func TestFilesDoOneThing(t *testing.T) {
	const longest = 700
	top := root(t)
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "dist" || strings.HasPrefix(d.Name(), ".") && path != top) {
			return filepath.SkipDir
		}
		name := d.Name()
		if d.IsDir() || strings.HasSuffix(name, "_templ.go") || !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".templ") {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := strings.Count(string(b), "\n"); n > longest {
			t.Errorf("%s has %d lines: would two names be clearer?", path, n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
