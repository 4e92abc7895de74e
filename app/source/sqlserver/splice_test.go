package sqlserver

import (
	"strings"
	"testing"

	"assay/app/source"
)

// Wherever in a harmless statement something that acts is put in, the whole must be refused.
func TestGuardSpliced(t *testing.T) {
	pieces := []string{
		"delete from people", "exec evil", "evil(1)", "dbo.evil(1)", ", evil(1)", "+ evil(1)", "(evil(1))", "as evil(1)", "disable trigger all on database",
		"; select 1", "into copied", "from openrowset(bulk 'x', single_blob) x", "next value for s", "@secret", "with (tablockx)",
		"cross join linked.db.dbo.people", "join other.dbo.people", "cross join sys.sql_logins", "cross apply evil(1) as e", "option (use plan N'')",
	}
	for _, read := range reads {
		tokens, err := readTokens(read)
		if err != nil {
			t.Fatal(err)
		}
		emit(tokens)
		for _, piece := range pieces {
			for i := 0; i <= len(tokens); i++ {
				if i < len(tokens) && tokens[i].op(".") {
					continue // the piece would become a part of a longer name, which names nothing
				}
				sql := emit(tokens[:i]) + " " + piece + " " + emit(append([]token(nil), tokens[i:]...))
				if c, err := New().Guard(sql, source.Policy{}); err == nil {
					t.Errorf("%q put into a read passed: %s", piece, strings.ReplaceAll(c.SQL, "\n", " "))
				}
			}
		}
	}
}
