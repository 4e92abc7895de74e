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

// Wherever in a statement under rules a forbidden table is put in, it must not be read.
func TestRulesSpliced(t *testing.T) {
	pieces := []string{
		"FROM salaries", ", salaries", "JOIN salaries ON 1 = 1", "CROSS APPLY salaries", "(SELECT amount FROM salaries)", ", (SELECT amount FROM dbo.salaries)",
		"salaries", "dbo.salaries", "UNION SELECT amount FROM salaries", "AS salaries", "salaries AS (SELECT * FROM salaries),", "WITH salaries AS (SELECT 1 AS a)",
	}
	passed := 0
	for n, l := range bypassLines(t) {
		if l.want != "same" || n%4 != 0 {
			continue
		}
		tokens, err := readTokens(l.sql)
		if err != nil {
			t.Fatal(err)
		}
		emit(tokens)
		for _, piece := range pieces {
			for i := 0; i <= len(tokens); i++ {
				sql := emit(tokens[:i]) + " " + piece + " " + emit(append([]token(nil), tokens[i:]...))
				c, err := New().Guard(sql, shopPolicy())
				if err != nil {
					continue
				}
				passed++
				if wrong := strangers(t, c.SQL); len(wrong) > 0 {
					t.Errorf("%q put into %s reads %v:\n%s", piece, l.name, wrong, c.SQL)
				}
			}
		}
	}
	if passed == 0 {
		t.Error("nothing passed, so that nothing was proved")
	}
	t.Log(passed)
}
