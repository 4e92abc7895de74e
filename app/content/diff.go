package content

import (
	"fmt"
	"strings"
)

// around is how many lines that stayed are shown beside those that changed.
const around = 3

// edit is a line of a comparison: ' ' for one that stayed, '-' and '+' for one
// that went and one that came.
type edit struct {
	sign byte
	line string
}

// unified returns how a text became another, as patch and people read it; "" where
// they are the same.
func unified(from, to string, before, after []byte) string {
	edits := compare(lines(before), lines(after))
	var b strings.Builder
	a, c := 1, 1 // the next line of each
	for i := 0; i < len(edits); {
		if edits[i].sign == ' ' {
			a, c, i = a+1, c+1, i+1
			continue
		}
		begin := max(i-around, 0)
		for j := begin; j < i; j++ {
			a, c = a-1, c-1
		}
		end, quiet := i, 0
		for end < len(edits) && quiet <= 2*around {
			if edits[end].sign == ' ' {
				quiet++
			} else {
				quiet = 0
			}
			end++
		}
		if quiet > around {
			end -= quiet - around
		}
		var hunk strings.Builder
		startA, startC, countA, countC := a, c, 0, 0
		for _, e := range edits[begin:end] {
			if e.sign != '+' {
				countA++
			}
			if e.sign != '-' {
				countC++
			}
			hunk.WriteByte(e.sign)
			hunk.WriteString(e.line)
			if !strings.HasSuffix(e.line, "\n") {
				hunk.WriteString("\n\\ No newline at end of file\n")
			}
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, "--- %s\n+++ %s\n", from, to)
		}
		fmt.Fprintf(&b, "@@ -%s +%s @@\n%s", span(startA, countA), span(startC, countC), hunk.String())
		a, c, i = a+countA, c+countC, end
	}
	return b.String()
}

func span(start, count int) string {
	if count == 0 {
		start--
	}
	return fmt.Sprintf("%d,%d", start, count)
}

func lines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	list := strings.SplitAfter(string(text), "\n")
	if list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}

// mostEdits bounds how closely two texts are compared; beyond it one goes as a
// whole and the other comes.
const mostEdits = 600

// compare returns a shortest way from one text to another, by E. Myers, "An O(ND)
// Difference Algorithm and Its Variations", Algorithmica 1 (1986).
func compare(a, b []string) (edits []edit) {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		edits = append(edits, edit{' ', a[head]})
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	edits = append(edits, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, line := range a[len(a)-tail:] {
		edits = append(edits, edit{' ', line})
	}
	return edits
}

func middle(a, b []string) []edit {
	most := min(len(a)+len(b), mostEdits)
	furthest := map[int]int{1: 0} // by diagonal, the line of a
	var trail []map[int]int
	for d := 0; d <= most; d++ {
		step := make(map[int]int, len(furthest))
		for k, x := range furthest {
			step[k] = x
		}
		trail = append(trail, step)
		for k := -d; k <= d; k += 2 {
			x := furthest[k-1] + 1
			if k == -d || k != d && furthest[k-1] < furthest[k+1] {
				x = furthest[k+1]
			}
			y := x - k
			for x < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			furthest[k] = x
			if x >= len(a) && y >= len(b) {
				return back(a, b, trail)
			}
		}
	}
	var edits []edit
	for _, line := range a {
		edits = append(edits, edit{'-', line})
	}
	for _, line := range b {
		edits = append(edits, edit{'+', line})
	}
	return edits
}

// back walks the trail of furthest points from the end to the beginning.
func back(a, b []string, trail []map[int]int) []edit {
	var reversed []edit
	x, y := len(a), len(b)
	for d := len(trail) - 1; d >= 0; d-- {
		furthest, k := trail[d], x-y
		from := k - 1
		if k == -d || k != d && furthest[k-1] < furthest[k+1] {
			from = k + 1
		}
		fromX := furthest[from]
		fromY := fromX - from
		for x > fromX && y > fromY && x > 0 && y > 0 {
			x, y = x-1, y-1
			reversed = append(reversed, edit{' ', a[x]})
		}
		if d == 0 {
			break
		}
		if x == fromX {
			y--
			reversed = append(reversed, edit{'+', b[y]})
		} else {
			x--
			reversed = append(reversed, edit{'-', a[x]})
		}
	}
	edits := make([]edit, len(reversed))
	for i, e := range reversed {
		edits[len(edits)-1-i] = e
	}
	return edits
}
