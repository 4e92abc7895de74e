package pdf

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"assay/app/document"
)

// look is how words are dressed.
type look struct {
	face   *face
	size   float64
	ink    colour
	slant  bool
	struck bool
}

func (l look) width(s string) float64 { return l.face.width(s) * l.size }

// link is where words lead to: an address, or a place in the document.
type link struct {
	url, place string
	tag        *tag
	quiet      bool // not underlined
	words      string
}

// span is a run of words in one look.
type span struct {
	words string
	look  look
	link  *link
	stop  bool // the line ends behind it
}

// seg is a part of a set line.
type seg struct {
	words string
	look  look
	link  *link
	x, w  float64
}

// line is a set line; its segments' places count from its left end.
type line struct {
	segs  []seg
	width float64
}

// plain brings words onto one line and drops what controls nothing on paper.
// Words longer than any page are cut.
func plain(s string) string {
	const most = 100_000
	if len(s) > most {
		cut := most
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return strings.Map(func(r rune) rune {
				switch {
				case r == '\n' || r == '\t' || r == '\r' || r == 0x2028 || r == 0x2029 || r == 0x85:
					return ' '
				case r == 0xad || r == 0xfeff || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || unicode.IsControl(r):
					return -1
				}
				return r
			}, strings.ToValidUTF8(s, "\ufffd"))
		}
	}
	return s
}

// set breaks spans into lines of at most the width. Breaks fall at spaces,
// behind hyphens, dashes and slashes, between ideographs, and within a word
// only where it alone is too long.
func set(spans []span, width float64) []line {
	b := breaker{width: max(width, 4)}
	for _, s := range spans {
		words := plain(s.words)
		for len(words) > 0 {
			n := next(words)
			b.atom(words[:n], s)
			words = words[n:]
		}
		if s.stop {
			b.flush()
			b.newline()
		}
	}
	b.flush()
	if len(b.now.segs) > 0 {
		b.newline()
	}
	return b.lines
}

// next returns how long the piece is up to the first point where a line may
// end, with the spaces behind it.
func next(s string) int {
	var before rune
	for i, r := range s {
		if i == 0 {
			before = r
			continue
		}
		switch {
		case before == ' ' && r != ' ':
			return i
		case r == ' ' || before == ' ':
		case before == '–' || before == '—' || before == '/':
			if unicode.IsLetter(r) || before != '/' && unicode.IsDigit(r) {
				return i
			}
		case before == '-' && i > 1 && unicode.IsLetter(r):
			return i
		case ideograph(before) && !closing(r) || ideograph(r) && !ideograph(before) && before > 0x7f:
			return i
		}
		before = r
	}
	return len(s)
}

func ideograph(r rune) bool {
	return r >= 0x2e80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

func closing(r rune) bool { return unicode.In(r, unicode.Pe, unicode.Pf, unicode.Po, unicode.Mn) }

type breaker struct {
	width float64
	lines []line
	now   line
	// held is the word that is being gathered, which may change its look on the way.
	held  []seg
	heldW float64 // without the spaces behind it
	space float64 // those spaces
}

func (b *breaker) atom(s string, from span) {
	body := strings.TrimRight(s, " ")
	if b.space > 0 && body != "" {
		b.flush()
	}
	if body == "" { // spaces alone
		if len(b.held) > 0 && b.space == 0 {
			b.held = append(b.held, seg{words: " ", look: from.look, link: from.link, w: from.look.width(" ")})
			b.space = from.look.width(" ")
		} else if len(b.held) == 0 && len(b.now.segs) > 0 {
			b.put([]seg{{words: " ", look: from.look, link: from.link, w: from.look.width(" ")}})
		}
		return
	}
	w := from.look.width(body)
	b.held = append(b.held, seg{words: body, look: from.look, link: from.link, w: w})
	b.heldW += w
	if body != s {
		sp := from.look.width(" ")
		b.held = append(b.held, seg{words: " ", look: from.look, link: from.link, w: sp})
		b.space = sp
		b.flush()
		return
	}
	if last, _ := utf8.DecodeLastRuneInString(body); next(body+"x") == len(body) || ideograph(last) {
		b.flush()
	}
}

// flush puts the word that was gathered onto this line or the next.
func (b *breaker) flush() {
	if len(b.held) == 0 {
		return
	}
	if b.now.width+b.heldW > b.width+0.01 && len(b.now.segs) > 0 {
		b.newline()
	}
	if b.heldW > b.width+0.01 {
		b.chop()
	} else {
		b.put(b.held)
	}
	b.held, b.heldW, b.space = b.held[:0], 0, 0
}

// chop breaks a word that is longer than a line.
func (b *breaker) chop() {
	for _, s := range b.held {
		rest := s.words
		for rest != "" {
			n, w := 0, 0.0
			for i, r := range rest {
				a := s.look.width(string(r))
				if b.now.width+w+a > b.width+0.01 && (i > 0 || len(b.now.segs) > 0) {
					break
				}
				w += a
				n = i + utf8.RuneLen(r)
			}
			if n > 0 {
				b.put([]seg{{words: rest[:n], look: s.look, link: s.link, w: s.look.width(rest[:n])}})
			}
			if rest = rest[n:]; rest != "" {
				b.newline()
			}
		}
	}
}

func (b *breaker) put(segs []seg) {
	for _, s := range segs {
		s.x = b.now.width
		b.now.width += s.w
		if n := len(b.now.segs); n > 0 && b.now.segs[n-1].look == s.look && b.now.segs[n-1].link == s.link {
			b.now.segs[n-1].words += s.words
			b.now.segs[n-1].w += s.w
			continue
		}
		b.now.segs = append(b.now.segs, s)
	}
}

// newline ends the line, without the spaces at its end.
func (b *breaker) newline() {
	for n := len(b.now.segs); n > 0; n = len(b.now.segs) {
		last := &b.now.segs[n-1]
		trimmed := strings.TrimRight(last.words, " ")
		if trimmed == last.words {
			break
		}
		w := last.look.width(trimmed)
		b.now.width = last.x + w
		last.words, last.w = trimmed, w
		if trimmed != "" {
			break
		}
		b.now.segs = b.now.segs[:n-1]
	}
	b.lines = append(b.lines, b.now)
	b.now = line{}
}

// draw writes a line with its left end at x and its baseline at y, as content
// of the tag or, where they have one, of its links.
func (d *maker) draw(c *canvas, t *tag, l line, x, y float64) {
	rules := false
	for _, s := range l.segs {
		to := t
		if s.link != nil && t != nil {
			to = s.link.tag
			if to.parent == nil {
				to.parent = t
				t.kids = append(t.kids, kid{tag: to})
			}
			d.annotate(c, s.link, x+s.x, y-0.8*s.look.size, s.w, 1.1*s.look.size)
		}
		c.to(to)
		c.words(s.look.face, s.words, s.look.size, x+s.x, y, s.look.ink, s.look.slant)
		rules = rules || s.look.struck || s.link != nil && !s.link.quiet
	}
	if !rules {
		return
	}
	c.to(nil)
	for _, s := range l.segs {
		if s.look.struck {
			c.rule(x+s.x, y-0.26*s.look.size, x+s.x+s.w, y-0.26*s.look.size, 0.6, s.look.ink)
		}
		if s.link != nil && !s.link.quiet {
			c.rule(x+s.x, y+0.16*s.look.size, x+s.x+s.w, y+0.16*s.look.size, 0.5, d.strong)
		}
	}
}

// mostLinks bounds the links of a document; what comes after is not clickable.
const mostLinks = 20_000

func (d *maker) annotate(c *canvas, l *link, x, y, w, h float64) {
	if l.url == "" && l.place == "" || len(d.annots) >= mostLinks {
		return
	}
	a := annot{object: d.out.reserve(), page: c.page, x0: x, y0: y, x1: x + w, y1: y + h, url: l.url, place: l.place, tag: l.tag, words: l.words}
	c.page.annots = append(c.page.annots, a.object)
	l.tag.kids = append(l.tag.kids, kid{page: c.page, annot: a.object})
	d.annots = append(d.annots, a)
}

// inlines dresses running text in spans.
func (d *maker) inlines(text []document.Inline, base look) []span {
	var out []span
	for i, in := range text {
		l := base
		if in.Strong {
			l.face = d.semibold
		}
		if in.Code {
			l.face, l.size = d.mono, base.size*0.9
		}
		l.slant, l.struck = l.slant || in.Slant, l.struck || in.Struck
		failed := in.Ref != nil && in.Ref.Failed
		if failed {
			l.ink = d.bad
		}
		s := span{words: in.Text, look: l, stop: in.Break}
		if in.URL != "" && !failed {
			if i > 0 && text[i-1].URL == in.URL && len(out) > 0 {
				s.link = out[len(out)-1].link // goes on in another dress
			} else {
				s.link = d.link(in.URL, in.Text, in.Ref != nil)
			}
		}
		tell := s.link != nil && in.Ref == nil && strings.HasPrefix(in.URL, "http") && !says(in.Text, in.URL) && (i+1 == len(text) || text[i+1].URL != in.URL)
		if !tell {
			out = append(out, s)
			continue
		}
		s.stop = false
		where := base
		where.size, where.ink = base.size*0.85, d.muted
		out = append(out, s, span{words: " (" + in.URL + ")", look: where, stop: in.Break})
	}
	return out
}

// says reports whether a link's words are its address.
func says(words, url string) bool {
	bare := func(s string) string {
		_, after, ok := strings.Cut(s, "://")
		if ok {
			s = after
		}
		return strings.TrimSuffix(s, "/")
	}
	return bare(words) == bare(url)
}
