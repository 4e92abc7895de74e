package sqlite

import (
	"unicode/utf8"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// glob is a pattern of GLOB, ready to match. The engine's own takes time in the
// product of both lengths where nothing can interrupt it.
type glob struct {
	source string
	tokens []globToken
}

// globToken matches one character, or with many any number of them.
type globToken struct {
	many, any, not bool
	ranges         [][2]rune // a single letter is a range of one
}

func newGlob(pattern string) *glob {
	g := &glob{source: pattern}
	runes := []rune(pattern)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; r {
		case '*':
			if n := len(g.tokens); n == 0 || !g.tokens[n-1].many {
				g.tokens = append(g.tokens, globToken{many: true})
			}
		case '?':
			g.tokens = append(g.tokens, globToken{any: true})
		case '[':
			var t globToken
			i = t.class(runes, i+1)
			g.tokens = append(g.tokens, t)
		default:
			g.tokens = append(g.tokens, globToken{ranges: [][2]rune{{r, r}}})
		}
	}
	return g
}

// class reads the characters of […] from i on and returns where its end is. A
// class without an end matches nothing.
func (t *globToken) class(runes []rune, i int) int {
	if i < len(runes) && runes[i] == '^' {
		t.not = true
		i++
	}
	for first := true; i < len(runes); i, first = i+1, false {
		r := runes[i]
		if r == ']' && !first {
			return i
		}
		if i+2 < len(runes) && runes[i+1] == '-' && runes[i+2] != ']' {
			t.ranges = append(t.ranges, [2]rune{r, runes[i+2]})
			i += 2
			continue
		}
		t.ranges = append(t.ranges, [2]rune{r, r})
	}
	*t = globToken{}
	return i
}

func (t *globToken) matches(r rune) bool {
	if t.any {
		return true
	}
	for _, span := range t.ranges {
		if span[0] <= r && r <= span[1] {
			return !t.not
		}
	}
	return t.not
}

// match reports whether all of text matches, and asks stopped on the way.
func (g *glob) match(text []byte, stopped func() bool) bool {
	t, i := 0, 0
	star, from := -1, 0 // where to go on after the last *, in tokens and text
	for steps := 1; i < len(text); steps++ {
		if steps&(1<<18-1) == 0 && stopped() {
			return false
		}
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case t < len(g.tokens) && g.tokens[t].many:
			t++
			star, from = t, i
		case t < len(g.tokens) && g.tokens[t].matches(r):
			t++
			i += size
		case star >= 0:
			_, size = utf8.DecodeRune(text[from:])
			from += size
			t, i = star, from
		default:
			return false
		}
		if t == len(g.tokens) && star == t {
			return true // nothing comes after the last *
		}
	}
	for t < len(g.tokens) && g.tokens[t].many {
		t++
	}
	return t == len(g.tokens)
}

// globCall is glob(pattern, text), which is what text GLOB pattern means.
func globCall(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) {
	c := call{tls, ctx, argv}
	if c.class(0) == lib.SQLITE_BLOB || c.class(1) == lib.SQLITE_BLOB {
		c.bool(false)
		return
	}
	if c.class(0) == lib.SQLITE_NULL || c.class(1) == lib.SQLITE_NULL {
		return
	}
	pattern, conn := c.text(0), c.conn()
	if conn == nil {
		return
	}
	if len(pattern) > maxPattern {
		c.fail("LIKE or GLOB pattern too complex")
		return
	}
	if conn.glob == nil || conn.glob.source != string(pattern) {
		conn.glob = newGlob(string(pattern))
	}
	c.bool(conn.glob.match(c.text(1), conn.stop.Load))
}
