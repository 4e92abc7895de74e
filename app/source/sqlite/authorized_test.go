package sqlite

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"assay/app/source"

	"github.com/sqlc-dev/meyer/ast"
	"github.com/sqlc-dev/meyer/parser"
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// readColumn is what the engine says it reads while it compiles a statement.
type readColumn struct{ table, column, within string }

var recorded struct {
	sync.Mutex
	reads []readColumn
}

func recordReads(_ *libc.TLS, _ uintptr, action int32, a, b, _, within uintptr) int32 {
	if action == lib.SQLITE_READ {
		recorded.reads = append(recorded.reads, readColumn{libc.GoString(a), libc.GoString(b), libc.GoString(within)})
	}
	return lib.SQLITE_OK
}

// compile returns what the engine reads for a statement, by its own account.
func compile(t testing.TB, c *conn, sql string) []readColumn {
	t.Helper()
	recorded.Lock()
	defer recorded.Unlock()
	recorded.reads = nil
	lib.Xsqlite3_set_authorizer(c.tls, c.db, callback(recordReads), c.db)
	if s, err := c.prepare(sql); err == nil {
		s.finalize()
	}
	return recorded.reads
}

// ruledByViews is the policy of the corpus, but the rules of two tables read
// views that hold them: the engine tells of each column it reads for which view
// it does, which no text of the statement can make it say.
func ruledByViews() source.Policy {
	tables := bypassTables()
	tables["orders"] = limitedTo("*", "FROM rule_orders")
	tables["customers"] = limitedTo(`"id", "name", "country", "email"`, "FROM main.rule_customers")
	return source.Policy{Tables: resolve(tables)}
}

var viewOf = map[string]string{"orders": "rule_orders", "customers": "rule_customers"}

// pastRules returns what is read of a table that is neither among those the
// guard named nor, where a view holds its rule, read for that view.
func pastRules(t testing.TB, reads []readColumn, checked source.Checked) []readColumn {
	named := checked.Tables
	for _, with := range withQueries(t, checked.SQL) {
		named = append(named, source.Name{Name: with})
	}
	var past []readColumn
	for _, r := range reads {
		if view, ok := viewOf[strings.ToLower(r.table)]; ok {
			if r.within != view {
				past = append(past, r)
			}
			continue
		}
		known := slices.ContainsFunc(named, func(n source.Name) bool {
			return strings.EqualFold(n.Name, r.table) || viewOf[n.Name] == r.table || strings.HasPrefix(r.table, n.Name+"_") ||
				n.Name == "cheap" && r.table == "products" && r.within == "cheap" ||
				n.Name == "places" && r.table == "sqlite_stat1"
		})
		if _, function := tableFunctions[r.table]; !known && !function {
			past = append(past, r)
		}
	}
	return past
}

// withQueries returns the names of a statement's WITH queries.
func withQueries(t testing.TB, sql string) []string {
	t.Helper()
	stmts, err := parser.ParseString(sql)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Walk(stmts[0], func(n ast.Node) bool {
		if c, ok := n.(*ast.CTE); ok {
			names = append(names, c.Name.Name)
		}
		return true
	})
	return names
}

// TestEngineReadsOnlyThroughRules asks the engine itself what it reads.
func TestEngineReadsOnlyThroughRules(t *testing.T) {
	c, err := openConn(t.Context(), write(t, bypassFull), false)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	policy := ruledByViews()
	passed, through := 0, 0
	for _, block := range strings.Split(bypassCorpus, "\n-- ")[1:] {
		name, sql, _ := strings.Cut(block, "\n")
		checked, err := New().Guard(sql, policy)
		if err != nil {
			continue
		}
		passed++
		reads := compile(t, c, checked.SQL)
		if slices.ContainsFunc(reads, func(r readColumn) bool { return r.within == "rule_orders" }) {
			through++
		}
		if past := pastRules(t, reads, checked); len(past) > 0 {
			t.Errorf("%s reads %v\nsent: %s", name, past, checked.SQL)
		}
	}
	if passed < 100 || through < 80 {
		t.Errorf("%d statements pass, %d through a rule", passed, through)
	}
	if past := pastRules(t, compile(t, c, "SELECT count(*) FROM orders"), source.Checked{SQL: "SELECT 1"}); len(past) == 0 {
		t.Error("the engine does not tell of a table that is read past its rule")
	}
}
