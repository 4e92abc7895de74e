package document

import (
	"strings"
	"testing"
	"time"
)

// TestAttackTextsThatTakeLong reads texts that once took a minute or all memory:
// each has to be refused, or made into blocks, in no time.
func TestAttackTextsThatTakeLong(t *testing.T) {
	lines := func(n int, line string) string { return strings.Repeat(line+"\n", n) }
	wide := func(n int, between string) string {
		return strings.Repeat("a|", n) + "a\n" + between + strings.Repeat("-|", n) + "-\n" + strings.Repeat(between+"|\n", n)
	}
	for _, tt := range []struct {
		name, text string
		refused    bool
	}{
		{"a table that fills up", wide(4000, ""), true},
		{"one in a quote", "> " + wide(4000, "> "), true},
		{"one with a form feed", strings.Replace(wide(4000, ""), "-|", "-\f|", 1), true},
		{"marks of many lines", lines(200, strings.Repeat("_a*b ", 380)), true},
		{"an address that is named often", "[a]: /" + strings.Repeat("x", 100_000) + "\n\n" + lines(60, strings.Repeat("[a]", 60)+"\n"), false},
		{"a table of a page", strings.Repeat("a|", 20) + "a\n" + strings.Repeat("-|", 20) + "-\n" + lines(500, strings.Repeat("1|", 20)+"1"), false},
		{"a program", "```sql\n" + lines(300, "select order_id, customer_id, placed_on from a_b.c_d where e_f = [1]") + "```\n", false},
	} {
		began := time.Now()
		s, err := Parse(tt.text)
		if s != nil && err == nil {
			s.Blocks(&nothing{})
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%s takes %s", tt.name, took)
		}
		if refused := err != nil; refused != tt.refused {
			t.Errorf("%s: refused is %v, want %v: %v", tt.name, refused, tt.refused, err)
		}
	}
}

type nothing struct{}

func (*nothing) Live(*Live) []Block      { return nil }
func (*nothing) Claim(*Claim) Inline     { return Inline{} }
func (*nothing) Parameter(string) Inline { return Inline{} }
