package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Change is a line of a comparison.
type Change struct {
	// Kind is same, added, removed or gap: Count lines that are the same and left out.
	Kind  string
	Count int
	// Line is the line's number in the text that has it; 0 for what is no part of the text.
	Line  int
	Words []Part
}

// Part is a run of words; Marked says that the other text has others there.
type Part struct {
	Text   string
	Marked bool
}

const (
	around   = 3         // lines shown before and after a change
	mostWork = 4_000_000 // of one comparison
)

// Diff compares two bodies, line by line, with the words marked that differ in
// lines that were changed; nil where they say the same.
func Diff(a, b Body) []Change {
	from, to := lines(a), lines(b)
	list := compare(from, to)
	if !slices.ContainsFunc(list, func(c Change) bool { return c.Kind != "same" }) {
		return nil
	}
	return fold(list)
}

type numbered struct {
	n    int
	text string
}

// lines returns a body as lines: what is set beside the text comes first.
func lines(b Body) (list []numbered) {
	add := func(format string, args ...any) { list = append(list, numbered{0, fmt.Sprintf(format, args...)}) }
	if b.Subtitle != "" {
		add("Subtitle: %s", b.Subtitle)
	}
	if b.Theme != "" && b.Theme != Themes[0] {
		add("Theme: %s", b.Theme)
	}
	if b.Contents {
		add("With a table of contents")
	}
	if b.MaxAge > 0 {
		add("Answers at most %d s old", b.MaxAge)
	}
	for _, p := range b.Parameters {
		text := "Parameter " + p.Name
		for _, one := range []struct{ name, value string }{{"label", p.Label}, {"kind", p.Kind}, {"default", p.Default}, {"values", strings.Join(p.Values, ", ")}} {
			if one.value != "" {
				text += ", " + one.name + " " + one.value
			}
		}
		add("%s", text)
	}
	for i, text := range strings.Split(strings.TrimRight(b.Text, "\n"), "\n") {
		list = append(list, numbered{i + 1, text})
	}
	return list
}

// compare keeps the longest run of common lines.
func compare(a, b []numbered) (list []Change) {
	same := func(i, j int) bool { return a[i].text == b[j].text }
	pairs := common(len(a), len(b), same)
	i, j := 0, 0
	for _, p := range append(pairs, [2]int{len(a), len(b)}) {
		list = append(list, changed(a[i:p[0]], b[j:p[1]])...)
		if p[0] < len(a) {
			list = append(list, Change{Kind: "same", Line: b[p[1]].n, Words: []Part{{Text: b[p[1]].text}}})
		}
		i, j = p[0]+1, p[1]+1
	}
	return list
}

// common returns a longest common subsequence as pairs of positions. Of texts too
// large to compare whole it keeps their equal beginning and end.
func common(n, m int, same func(i, j int) bool) (pairs [][2]int) {
	start := 0
	for start < n && start < m && same(start, start) {
		pairs = append(pairs, [2]int{start, start})
		start++
	}
	end := 0
	for end < n-start && end < m-start && same(n-1-end, m-1-end) {
		end++
	}
	h, w := n-start-end, m-start-end
	if h*w <= mostWork {
		best := make([][]int32, h+1)
		for i := range best {
			best[i] = make([]int32, w+1)
		}
		for i := h - 1; i >= 0; i-- {
			for j := w - 1; j >= 0; j-- {
				if same(start+i, start+j) {
					best[i][j] = best[i+1][j+1] + 1
				} else {
					best[i][j] = max(best[i+1][j], best[i][j+1])
				}
			}
		}
		for i, j := 0, 0; i < h && j < w; {
			switch {
			case same(start+i, start+j):
				pairs = append(pairs, [2]int{start + i, start + j})
				i, j = i+1, j+1
			case best[i+1][j] >= best[i][j+1]:
				i++
			default:
				j++
			}
		}
	}
	for k := end; k > 0; k-- {
		pairs = append(pairs, [2]int{n - k, m - k})
	}
	return pairs
}

// changed tells of lines that are gone and lines that came; those that stand for
// one another have their words compared.
func changed(gone, came []numbered) (list []Change) {
	var added []Change
	for i, line := range gone {
		c := Change{Kind: "removed", Line: line.n, Words: []Part{{Text: line.text, Marked: true}}}
		if i < len(came) {
			other := Change{Kind: "added", Line: came[i].n}
			c.Words, other.Words = words(line.text, came[i].text)
			added = append(added, other)
		}
		list = append(list, c)
	}
	for i := len(gone); i < len(came); i++ {
		added = append(added, Change{Kind: "added", Line: came[i].n, Words: []Part{{Text: came[i].text, Marked: true}}})
	}
	return append(list, added...)
}

// words marks what differs between two lines; lines with little in common are
// marked as a whole.
func words(a, b string) (was, is []Part) {
	x, y := split(a), split(b)
	pairs := common(len(x), len(y), func(i, j int) bool { return x[i] == y[j] })
	kept := 0
	for _, p := range pairs {
		kept += len(strings.TrimSpace(x[p[0]]))
	}
	if kept*3 < max(len(a), len(b)) {
		return []Part{{a, true}}, []Part{{b, true}}
	}
	mark := func(list []string, side int) (out []Part) {
		at := 0
		add := func(text string, marked bool) {
			if n := len(out); n > 0 && out[n-1].Marked == marked {
				out[n-1].Text += text
			} else if text != "" {
				out = append(out, Part{text, marked})
			}
		}
		for _, p := range pairs {
			add(strings.Join(list[at:p[side]], ""), true)
			add(list[p[side]], false)
			at = p[side] + 1
		}
		add(strings.Join(list[at:], ""), true)
		return slices.DeleteFunc(out, func(p Part) bool { return p.Text == "" })
	}
	return mark(x, 0), mark(y, 1)
}

// split cuts a line into words and what stands between them.
func split(s string) (list []string) {
	kind := func(r rune) int {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_':
			return 1
		case unicode.IsSpace(r):
			return 2
		}
		return 0
	}
	last := -1
	for _, r := range s {
		k := kind(r)
		if k == last && k != 0 {
			list[len(list)-1] += string(r)
		} else {
			list = append(list, string(r))
		}
		last = k
	}
	return list
}

// fold leaves out lines that are the same and far from every change.
func fold(list []Change) (out []Change) {
	near := make([]bool, len(list))
	for i, c := range list {
		if c.Kind != "same" {
			for j := max(0, i-around); j <= min(len(list)-1, i+around); j++ {
				near[j] = true
			}
		}
	}
	for i, c := range list {
		switch n := len(out); {
		case near[i]:
			out = append(out, c)
		case n > 0 && out[n-1].Kind == "gap":
			out[n-1].Count++
		default:
			out = append(out, Change{Kind: "gap", Count: 1})
		}
	}
	return out
}
