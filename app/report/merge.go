package report

import "strings"

// Merge puts two changes of the same text together, line by line; ok says that
// they do not touch one another, and only then is there a text.
func Merge(base, mine, theirs string) (text string, ok bool) {
	b, m, t := numberLines(base), numberLines(mine), numberLines(theirs)
	toMine := match(b, m)
	toTheirs := match(b, t)
	var out []numbered
	i, j, k := 0, 0, 0 // how far each is taken over
	for {
		// the next line that all three have
		at, x, y := i, len(m), len(t)
		for ; at < len(b); at++ {
			if toMine[at] >= j && toTheirs[at] >= k {
				x, y = toMine[at], toTheirs[at]
				break
			}
		}
		was, one, other := b[i:at], m[j:x], t[k:y]
		switch {
		case same(one, other) || same(was, other):
			out = append(out, one...)
		case same(was, one):
			out = append(out, other...)
		default:
			return "", false
		}
		if at == len(b) {
			break
		}
		out = append(out, b[at])
		i, j, k = at+1, x+1, y+1
	}
	texts := make([]string, len(out))
	for n, line := range out {
		texts[n] = line.text
	}
	return strings.Join(texts, "\n"), true
}

func numberLines(text string) []numbered { return lines(Body{Text: text}) }

// match tells for each line of a where it stands in b, -1 for nowhere.
func match(a, b []numbered) []int {
	out := make([]int, len(a))
	for i := range out {
		out[i] = -1
	}
	for _, p := range common(len(a), len(b), func(i, j int) bool { return a[i].text == b[j].text }) {
		out[p[0]] = p[1]
	}
	return out
}

func same(a, b []numbered) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].text != b[i].text {
			return false
		}
	}
	return true
}
