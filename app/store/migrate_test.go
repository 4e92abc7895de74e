package store

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAppliedStepsStayAsTheyWere holds the checksums that stores in the field have marked.
func TestAppliedStepsStayAsTheyWere(t *testing.T) {
	want := map[string]string{
		"0001_people": "674e9cc17cc9228c", "0002_connections": "e5d8bf3738fcb920", "0003_questions": "248a0099af1314b9", "0004_trust": "802589082527833d",
	}
	got := map[string]string{}
	for _, m := range migrations {
		if _, ok := want[m.name]; ok {
			got[m.name] = m.checksum()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("an applied step was edited (-want +got):\n%s", diff)
	}
}

func TestStatementForOneEngine(t *testing.T) {
	for _, c := range []struct {
		statement          string
		sqlite, postgres   string
		onSQLite, onServer bool
	}{
		{"CREATE TABLE t (a {int}, b TEXT {bytewise}) {strict}", "CREATE TABLE t (a INTEGER, b TEXT COLLATE BINARY) STRICT", `CREATE TABLE t (a BIGINT, b TEXT COLLATE "C") `, true, true},
		{"{sqlite}CREATE TRIGGER {time}", "CREATE TRIGGER TIMESTAMP", "CREATE TRIGGER TIMESTAMPTZ", true, false},
		{"{postgres}CREATE FUNCTION {blob}", "CREATE FUNCTION BLOB", "CREATE FUNCTION BYTEA", false, true},
	} {
		if text, ours := forEngine(c.statement, false); text != c.sqlite || ours != c.onSQLite {
			t.Errorf("SQLite: %q %v", text, ours)
		}
		if text, ours := forEngine(c.statement, true); text != c.postgres || ours != c.onServer {
			t.Errorf("PostgreSQL: %q %v", text, ours)
		}
	}
	for _, m := range migrations {
		for _, statement := range m.statements {
			for _, postgres := range []bool{false, true} {
				if text, ours := forEngine(statement, postgres); ours && strings.ContainsAny(text, "{}") && !strings.Contains(text, "'{}'") {
					t.Errorf("%s: a mark is left in %q", m.name, text)
				}
			}
		}
	}
}
