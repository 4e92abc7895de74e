package audit

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// intruder has the store's file and no key: it takes the triggers away first.
type intruder struct {
	tb  testing.TB
	db  *sql.DB
	dir string
}

func intrude(tb testing.TB, dir string) intruder {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "assay.db")+"?_pragma=synchronous(OFF)&_pragma=busy_timeout(10000)")
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	tb.Cleanup(func() { db.Close() })
	rows, err := db.Query("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			tb.Fatal(err)
		}
		names = append(names, name)
	}
	rows.Close()
	if len(names) < 9 {
		tb.Fatalf("only %d triggers were there", len(names))
	}
	i := intruder{tb, db, dir}
	for _, name := range names {
		i.do("DROP TRIGGER " + name)
	}
	return i
}

func (i intruder) do(statement string, args ...any) {
	i.tb.Helper()
	if _, err := i.db.Exec(statement, args...); err != nil {
		i.tb.Fatalf("%s: %v", statement, err)
	}
}

func (i intruder) record(seq int64) Record {
	i.tb.Helper()
	var r Record
	if err := r.scan(i.db.QueryRow("SELECT "+columns+" FROM audit WHERE seq = ?", seq)); err != nil {
		i.tb.Fatal(err)
	}
	return r
}

func (i intruder) put(r Record) {
	i.tb.Helper()
	i.do("INSERT INTO audit ("+columns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", r.values()...)
}

// shift moves the places from seq on by n.
func (i intruder) shift(seq, n int64) {
	i.tb.Helper()
	i.do("UPDATE audit SET seq = -seq WHERE seq >= ?", seq)
	i.do("UPDATE audit SET seq = -seq + ? WHERE seq < 0", n)
}

// rehash makes the hashes fit from seq on, as anybody can, and the head with them.
func (i intruder) rehash(seq int64, seals func(seal string) string) {
	i.tb.Helper()
	var e encoding
	prev := ""
	if seq > 1 {
		prev = i.record(seq - 1).Hash
	}
	var last int64
	if err := i.db.QueryRow("SELECT max(seq) FROM audit").Scan(&last); err != nil {
		i.tb.Fatal(err)
	}
	for ; seq <= last; seq++ {
		r := i.record(seq)
		prev = r.digest(&e, prev, seq)
		i.do("UPDATE audit SET hash = ?, seal = ? WHERE seq = ?", prev, seals(r.Seal), seq)
	}
	i.do("UPDATE audit_head SET seq = ?, hash = ?, seal = CASE WHEN ? = '' THEN '' ELSE seal END", last, prev, seals("x"))
}

func keepSeal(seal string) string { return seal }
func noSeal(string) string        { return "" }

func (i intruder) editCheckpoints(edit func(lines []string) []string) {
	i.tb.Helper()
	path := filepath.Join(i.dir, checkpointFile)
	b, err := os.ReadFile(path)
	if err != nil {
		i.tb.Fatal(err)
	}
	lines := edit(strings.Split(strings.TrimSuffix(string(b), "\n"), "\n"))
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		i.tb.Fatal(err)
	}
}
