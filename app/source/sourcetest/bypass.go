package sourcetest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay/app/frame"
	"assay/app/source"
)

// Hidden is in every value that the rules of a bypass exercise hide; an answer
// or an error that holds it is a leak.
const Hidden = "HIDDEN"

// Bypass is the exercise that row rules must pass on one kind of database.
type Bypass struct {
	Driver source.Driver
	// Full holds all rows, Visible only what the rules leave of them, with masked
	// columns masked: whoever asks Full under the policy must see what Visible shows.
	Full, Visible source.DB
	Policy        source.Policy
	// Corpus is the statements, each under a line "-- same: NAME" (it must be
	// answered as Visible answers it), "-- refused: NAME" (the guard must refuse
	// it) or "-- safe: NAME" (either, or an error that tells nothing).
	Corpus string
	// Least is how many statements there must be, so that a cut corpus is noticed.
	Least int
}

type bypassCase struct{ want, name, sql string }

var bypassHead = regexp.MustCompile(`(?m)^-- (same|refused|safe): (.+)$`)

func bypassCases(t testing.TB, corpus string) []bypassCase {
	t.Helper()
	heads := bypassHead.FindAllStringSubmatchIndex(corpus, -1)
	var list []bypassCase
	for i, h := range heads {
		end := len(corpus)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		list = append(list, bypassCase{corpus[h[2]:h[3]], corpus[h[4]:h[5]], strings.TrimSpace(corpus[h[1]:end])})
	}
	return list
}

// Run asks every statement of the corpus under the policy.
func (b Bypass) Run(t *testing.T) {
	cases := bypassCases(t, b.Corpus)
	if len(cases) < b.Least {
		t.Fatalf("the corpus has %d statements, want at least %d", len(cases), b.Least)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { b.check(t, c) })
	}
}

func (b Bypass) check(t *testing.T, c bypassCase) {
	t.Helper()
	checked, err := b.Driver.Guard(c.sql, b.Policy)
	if err != nil {
		if strings.Contains(err.Error(), Hidden) {
			t.Errorf("the refusal tells a hidden value: %v", err)
		}
		f := source.AsFailure(err)
		if f == nil || c.want == "same" || c.want == "refused" && f.Code != source.Refused {
			t.Errorf("guard: %v\n%s", err, c.sql)
		}
		return
	}
	if c.want == "refused" {
		t.Errorf("was let through as\n%s", checked.SQL)
	}
	got, gotErr := b.ask(t, b.Full, checked.SQL)
	if gotErr != nil && strings.Contains(gotErr.Error(), Hidden) || slices.ContainsFunc(got, func(row string) bool { return strings.Contains(row, Hidden) }) {
		t.Fatalf("leaks %v %v\nsent: %s", got, gotErr, checked.SQL)
	}
	plain, err := b.Driver.Guard(c.sql, source.Policy{})
	if err != nil {
		t.Fatalf("passes with rules and not without: %v", err)
	}
	want, wantErr := b.ask(t, b.Visible, plain.SQL)
	if wantErr != nil && c.want == "same" {
		t.Fatalf("the statement does not run at all: %v", wantErr)
	}
	if gotErr != nil {
		if c.want == "same" {
			t.Errorf("fails: %v\nsent: %s", gotErr, checked.SQL)
		}
		return
	}
	if wantErr != nil || !slices.Equal(got, want) {
		t.Errorf("answers\n%s\nand the visible rows answer (%v)\n%s\nsent: %s", strings.Join(got, "\n"), wantErr, strings.Join(want, "\n"), checked.SQL)
	}
}

// ask returns the rows in a fixed order, each as one line.
func (b Bypass) ask(t *testing.T, db source.DB, sql string) ([]string, error) {
	t.Helper()
	rows, err := db.Query(t.Context(), source.Statement{SQL: sql})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	f, err := frame.Read(t.Context(), rows, 10_000, 16<<20)
	if err != nil {
		return nil, err
	}
	var list []string
	for r := range f.Rows() {
		var line strings.Builder
		for c := range f.Columns {
			v, known := f.Cell(r, c)
			fmt.Fprintf(&line, "%q/%v ", v, known)
		}
		list = append(list, line.String())
	}
	slices.Sort(list)
	return list, nil
}
