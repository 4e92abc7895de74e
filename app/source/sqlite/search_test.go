package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"assay/app/frame"
	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

// Our own functions must say what the engine's own say.
func TestSearchingIsAsTheEngines(t *testing.T) {
	texts := []string{"NULL", "''", "'a'", "'abcabc'", "'größe größe'", "'a[b]c-d'", "'  x '", "x'0102ff02'", "x'02'", "12321", "2", "1.5", "'日本語'", "'a*?'"}
	patterns := []string{"NULL", "''", "'*'", "'a'", "'a*'", "'*c'", "'?bc*'", "'[a-c]*'", "'[^a]*'", "'*[]]*'", "'*[^]]'", "'[a'", "'a[[]b[]]c[-]d'", "'*ö*e'", "'**x*'", "12*1", "'1*1'", "'[a-]*'", "'a[*][?]'"}
	var statements []string
	for _, a := range texts {
		for _, b := range texts {
			statements = append(statements, "instr("+a+", "+b+")", "trim("+a+", "+b+")", "ltrim("+a+", "+b+")", "rtrim("+a+", "+b+")",
				"replace("+a+", "+b+", 'zz')", "replace("+a+", "+b+", '')", "replace('abcabc', "+a+", "+b+")")
		}
		for _, p := range patterns {
			statements = append(statements, a+" GLOB "+p)
		}
	}
	path := write(t, "CREATE TABLE t (a);")
	plain, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "plain.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	db, err := New().Open(source.Config{Kind: "sqlite", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		query := "SELECT hex(" + s + ") || ' ' || typeof(" + s + ")"
		var want sql.NullString
		if err := plain.QueryRow(query).Scan(&want); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		rows, err := db.Query(t.Context(), source.Statement{SQL: query})
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		f, err := frame.Read(t.Context(), rows, 2, 1<<20)
		rows.Close()
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		got, _ := f.Cell(0, 0)
		if diff := cmp.Diff(want.String, string(got)); diff != "" {
			t.Errorf("%s (-engine +ours)\n%s", s, diff)
		}
	}
}

// What the engine could not be stopped in must end soon after its deadline, or not begin.
func TestSearchingEnds(t *testing.T) {
	db, err := New().Open(source.Config{Kind: "sqlite", Path: write(t, "CREATE TABLE t (a);")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{
		"SELECT instr(printf('%.8000000c', 'a'), printf('%.4000000c', 'a') || 'b')",
		"SELECT replace(printf('%.8000000c', 'a'), printf('%.4000000c', 'a') || 'b', '')",
		"SELECT length(trim(printf('%.4000000c', 'a'), printf('%.4000000c', 'b') || 'a'))",
		"SELECT printf('%.8000000c', 'a') GLOB '*' || printf('%.500c', 'a') || 'b'",
		"SELECT printf('%.1000000c', 'a') REGEXP '(a?){900}b'",
	} {
		checked, err := New().Guard(s, source.Policy{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		begun := time.Now()
		rows, err := db.Query(ctx, source.Statement{SQL: checked.SQL})
		if err == nil {
			_, err = frame.Read(ctx, rows, 2, 1<<26)
			err = errors.Join(err, rows.Close())
		}
		cancel()
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s took %s (%v)", s, took, err)
		}
	}
}

// What the engine would take minutes for, uninterrupted, the guard refuses.
func TestGuardRefusesWhatCannotBeStopped(t *testing.T) {
	for _, s := range []string{
		"SELECT rowid FROM words WHERE words MATCH replace(printf('%.200000c', 'x'), 'x', 'a OR ') || 'b'",
		"SELECT rowid FROM words WHERE words MATCH (SELECT body FROM words)",
		"SELECT rowid FROM words WHERE match(printf('%.200000c', '('), words)",
		"SELECT json_patch(doc, doc) FROM canary",
		"SELECT json_pretty(doc, printf('%.1000000c', ' ')) FROM canary",
		"SELECT unhex(name, printf('%.1000000c', ' ')) FROM canary",
	} {
		if c, err := New().Guard(s, source.Policy{}); err == nil {
			t.Errorf("passed: %s", c.SQL)
		}
	}
}
