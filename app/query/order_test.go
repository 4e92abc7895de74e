package query

import (
	"fmt"
	"strings"
	"testing"

	"assay/app/source/sourcetest"
)

// TestNarrowedRowsKeepTheirOrder compares, for many rows, what is narrowed with
// what a reader would strike out of the whole answer.
func TestNarrowedRowsKeepTheirOrder(t *testing.T) {
	limits := usual
	limits.Rows = 10_000
	r := newRoom(t, limits)
	var script strings.Builder
	script.WriteString("create table big (id int primary key, kind varchar(5) not null, score int); create index big_kind on big (kind); insert into big values ")
	for i := range 4000 {
		if i > 0 {
			script.WriteString(", ")
		}
		fmt.Fprintf(&script, "(%d, 'k%d', %d)", i, i*7919%5, i*104729%997)
	}
	script.WriteString(";")
	_, pg := sourcetest.Postgres(t).NewDatabase(t, script.String())
	_, maria := sourcetest.MariaDB(t).NewDatabase(t, script.String())
	for engine, id := range map[string]string{"postgres": r.connect(t, "pg", pg), "mysql": r.connect(t, "maria", maria), "sqlite": r.connect(t, "lite", sqliteFile(t, script.String()))} {
		for _, order := range []string{"score, id", "score desc, 1", "b.score + 0, b.id", "b.kind desc, b.score, b.id", "(id * 31) % 4001", "case when score > 500 then 0 else 1 end, id desc"} {
			for _, narrow := range []string{`[{"column": "kind", "op": "eq", "value": "k3"}]`, `[{"column": "kind", "op": "in", "value": ["k1", "k3"]}]`} {
				req := Request{Person: r.person, Connection: id, SQL: "select id, kind from big b order by " + order}
				whole := ask(t, r, req)
				req.Narrow = filters(t, narrow)
				narrowed := ask(t, r, req)
				var want strings.Builder
				for row := range whole.Rows() {
					n, _ := whole.Cell(row, 0)
					kind, _ := whole.Cell(row, 1)
					if strings.Contains(narrow, string(kind)) {
						fmt.Fprintf(&want, "%s %s;", n, kind)
					}
				}
				if got := cells(narrowed); got != want.String() || whole.Rows() != 4000 {
					t.Errorf("%s: sorted by %s, narrowed by %s: the order was not kept", engine, order, narrow)
				}
			}
		}
	}
}
