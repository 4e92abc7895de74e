package source

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMapPosition(t *testing.T) {
	tests := []struct {
		name, asked, printed string
		// at is what the error points to in the printed text, nth (from 1) which of its occurrences.
		at   string
		nth  int
		want string // the asked text from the mapped position on begins with this
		skip int    // which of want's occurrences in the asked text (from 1)
	}{
		{"same text", "SELECT nope FROM t", "SELECT nope FROM t", "nope", 1, "nope", 1},
		{"case", "select Nope from t", "SELECT nope FROM t", "nope", 1, "Nope", 1},
		{"second of two", "select a, nope, nope from t", "SELECT a, nope, nope FROM t", "nope", 2, "nope", 2},
		{"comment before", "select /* nope */ 1, -- nope\n nope from t", "SELECT 1, nope FROM t", "nope", 1, "nope", 3},
		{"nested comment", "select /* a /* nope */ nope */ nope from t", "SELECT nope FROM t", "nope", 1, "nope", 3},
		{"text before", "select 'nope', nope", "SELECT 'nope', nope", "nope", 2, "nope", 2},
		{"quotes inside text", "select 'it''s nope', nope", "SELECT 'it''s nope', nope", "nope", 2, "nope", 2},
		{"dollar text becomes quoted", "select $$nope$$, nope", "SELECT 'nope', nope", "nope", 2, "nope", 2},
		{"escaped text becomes plain", `select e'\'nope', nope`, "SELECT '''nope', nope", "nope", 2, "nope", 2},
		{"wide characters", "select 'ż🐢', nope", "SELECT 'ż🐢', nope", "nope", 1, "nope", 1},
		{"quoted name", `select "No Pe" from t`, `SELECT "No Pe" FROM t`, `"No Pe"`, 1, `"No Pe"`, 1},
		{"quotes added", "select x.nope from x", `SELECT x."nope" FROM x`, `"nope"`, 1, "nope", 1},
		{"sign", "select 1 +\n'a'", "SELECT 1 + 'a'", "+", 1, "+", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			position := nthIndex(t, tt.printed, tt.at, tt.nth)
			want := nthIndex(t, tt.asked, tt.want, tt.skip)
			if got := MapPosition(tt.asked, tt.printed, position); got != want {
				t.Errorf("got %d, want %d", got, want)
			}
		})
	}
	for _, position := range []int{0, -1, 1000} {
		if got := MapPosition("SELECT 1", "SELECT 1", position); got != 0 {
			t.Errorf("position %d maps to %d, want 0", position, got)
		}
	}
	if got := MapPosition("SELECT 1", "SELECT CAST(1 AS int)", 8); got != 0 {
		t.Errorf("a word that was not asked maps to %d, want 0", got)
	}
}

// nthIndex returns the position, in characters from 1, of the n-th occurrence.
func nthIndex(t *testing.T, text, part string, n int) int {
	t.Helper()
	at := 0
	for range n {
		i := strings.Index(text[at:], part)
		if i < 0 {
			t.Fatalf("%q is not %d times in %q", part, n, text)
		}
		at += i + len(part)
	}
	return utf8.RuneCountInString(text[:at-len(part)]) + 1
}
