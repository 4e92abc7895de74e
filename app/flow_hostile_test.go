package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// evil is a name that becomes a script wherever it is not escaped.
const evil = `"'><img src=x onerror=window.__xss=1><script>window.__xss=1</script>`

// hostileColumns are columns' names that a database takes and a page may trip over.
var hostileColumns = []string{evil, `it's "quoted"`, "two\nlines", "🦆 Ente", "a.b.c", "ä%2F/\\?#&=+", "select", "</script>{{x}}", "[0]", "SUM(x)", "trailing ", "ǅ"}

// hostileTables are tables' names of that kind.
var hostileTables = []string{evil, "🦆", "a.b", "wide", "50% off/of? #1 & more+", "two\nlines", `quo"te`}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func hostileScript() string {
	var b strings.Builder
	for _, table := range hostileTables {
		columns := hostileColumns
		if table == "wide" {
			columns = nil
			for i := range 200 {
				columns = append(columns, fmt.Sprintf("column_%03d", i))
			}
		}
		var list, values []string
		for i, c := range columns {
			if table == "wide" {
				list, values = append(list, quoted(c)+" integer"), append(values, fmt.Sprint(i))
			} else {
				list, values = append(list, quoted(c)+" text"), append(values, "'"+strings.ReplaceAll(evil, "'", "''")+"'")
			}
		}
		fmt.Fprintf(&b, "CREATE TABLE %s (%s, n integer);\n", quoted(table), strings.Join(list, ", "))
		for i := range 3 {
			fmt.Fprintf(&b, "INSERT INTO %s VALUES (%s, %d);\n", quoted(table), strings.Join(values, ", "), i)
		}
	}
	return b.String()
}

func TestHostileNamesWithoutScripts(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect(evil, "sqlite://"+liteFile(t, hostileScript()))
	id := strings.TrimPrefix(connection, "/connections/")
	for _, table := range hostileTables {
		t.Run(fmt.Sprintf("%.20q", table), func(t *testing.T) {
			v.t = t
			v.open(connection + "/tables/" + url.PathEscape(table))
			if got := v.doc.Find("h1").Text(); got != table {
				t.Errorf("the title is %q, want %q", got, table)
			}
			v.follow("main a", "Show 50 rows").says("#result", "3 rows")
			v.follow("main a", "Explore").says("#result", "3")
			columns := hostileColumns
			if table == "wide" {
				columns = []string{"column_000", "column_199"}
			}
			ask := v.at.String()
			for _, c := range columns {
				v.open(ask).submit(".builder-form", "", fields{"dimension": c}).expect(http.StatusOK)
				if problem := v.words("#result [role=alert]"); problem != "" {
					t.Errorf("by %q: %s", c, problem)
				}
			}
			v.open(ask).submit(".builder-form", "", fields{"dimension": columns[0]})
			v.submit(".builder-form", "", fields{"filter": columns[len(columns)-1]})
			value := evil
			if table == "wide" {
				value = "199"
			}
			v.submit(".builder-form", "", fields{"f.0.op": "eq", "f.0.value": value}).expect(http.StatusOK).says("#result", "3")
			v.submit("form[action='/questions']", "", fields{"name": evil + table, "folder": evil, "description": evil}).expect(http.StatusOK)
			question := v.at.Path
			for _, extension := range []string{"csv", "xlsx", "json", "svg"} {
				v.open(question + "." + extension + "?chart=" + url.QueryEscape(`{"kind":"bar"}`))
				if extension == "svg" && (strings.Contains(v.body, "<img") || strings.Contains(v.body, "<script")) {
					t.Errorf("the drawing holds markup: %s", v.body)
				}
			}
			v.open(question+"/versions").open(question).follow("main a", "Open in the builder").says("#result", "3")
			v.follow("main a", "Continue in SQL").says("#result", "3")
		})
	}
	v.t = t
	for _, path := range []string{"/", "/questions", "/questions?q=" + url.QueryEscape(evil), "/connections", connection, connection + "?q=" + url.QueryEscape(evil),
		"/sql?connection=" + id + "&sql=" + url.QueryEscape("select '"+strings.ReplaceAll(evil, "'", "''")+"' as "+quoted(evil)+", {{x:text}}") + "&p.x=" + url.QueryEscape(evil)} {
		v.open(path)
	}
	v.look("/questions/" + url.PathEscape(evil)).expect(http.StatusNotFound)
	v.look("/connections/new?url=" + url.QueryEscape(evil)).expect(http.StatusOK)
	v.submit("main form", "do=test", fields{"url": evil}).expect(http.StatusUnprocessableEntity)
	soundPage(v)
}
