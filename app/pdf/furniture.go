package pdf

import (
	"fmt"
	"strconv"
)

// furniture draws running head and foot.
func (d *maker) furniture(p *page, i int) {
	c := &p.late
	l := look{face: d.regular, size: d.tiny, ink: d.muted}
	width := d.wide - 2*d.side
	if title := clip(l, plain(d.doc.Title), width); i > 0 && title != "" {
		c.aside("Header")
		y := d.top * 0.58
		c.words(l.face, title, l.size, d.side, y, l.ink, false)
		c.rule(d.side, y+d.tiny*0.6, d.side+width, y+d.tiny*0.6, 0.4, d.line)
	}
	c.aside("Footer")
	y := d.high - d.bottom*0.45
	number := fmt.Sprintf("Page %d of %d", i+1, len(d.pages))
	c.words(l.face, number, l.size, d.side+width-l.width(number), y, l.ink, false)
	left := ""
	if !d.doc.At.IsZero() {
		left = told(d.doc.At)
	}
	if d.stopped && i == len(d.pages)-1 {
		left = fmt.Sprintf("The document goes on beyond %d pages; the rest is not printed.", mostPages)
	}
	if left != "" {
		c.words(l.face, clip(l, left, width*0.75), l.size, d.side, y, l.ink, false)
	}
	c.end()
}

// clip cuts words to one line.
func clip(l look, words string, width float64) string {
	if l.width(words) <= width {
		return words
	}
	w, end := l.width("…"), 0
	for i, r := range words {
		w += l.face.glyph(r).advance * l.size
		if w > width {
			break
		}
		end = i + len(string(r))
	}
	return words[:end] + "…"
}

// entryLater is a line of the table of contents that still lacks its page number.
type entryLater struct {
	heading int
	page    *page
	x, y    float64 // of the end of the title, on its baseline
	right   float64
	tag     *tag
	size    float64
}

// contents lists headings down to the third level.
func (d *maker) contents(width float64, t *tag) []*piece {
	own := t.add("TOC")
	size := d.body
	var out []*piece
	room := d.regular.width("0000") * size
	for i, h := range d.heads {
		title := wordsOf(h.Text)
		level := min(max(h.Level, 1), 4)
		if title == "" || level > 3 {
			continue
		}
		item := own.add("TOCI")
		to := &link{place: "h" + strconv.Itoa(i), tag: item.add("Reference").add("Link"), quiet: true, words: title}
		to.tag.parent = item
		l := look{face: d.regular, size: size, ink: d.text}
		if level == 1 {
			l.face = d.semibold
		}
		in := float64(level-1) * size * 1.4
		lines := set([]span{{words: title, look: l, link: to}}, width-in-room)
		for k, ln := range lines {
			last := k == len(lines)-1
			p := &piece{height: size * d.leading, keep: !last, draw: func(c *canvas, x, y, _ float64) {
				base := y + size*d.leading/2 + 0.33*size
				d.draw(c, to.tag, ln, x+in, base)
				if last {
					d.entries = append(d.entries, entryLater{i, c.page, x + in + ln.width, base, x + width, to.tag, size})
				}
			}}
			if k == 0 && level == 1 && len(out) > 0 {
				p.before = d.gap * 0.5
			}
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return nil
	}
	head := d.lines(set([]span{{words: "Contents", look: look{face: d.semibold, size: d.theme.heading[1], ink: d.text}}}, width), d.theme.heading[1]*1.25, d.theme.heading[1], own.first("Caption"), nil)
	head[0].before = d.gap * 2
	head[len(head)-1].keep = true
	out[0].before = d.gap * 0.7
	return append(head, out...)
}

// first adds a tag before those there are.
func (t *tag) first(kind string) *tag {
	k := t.add(kind)
	copy(t.kids[1:], t.kids)
	t.kids[0] = kid{tag: k}
	return k
}

// pageNumbers fills in the table of contents.
func (d *maker) pageNumbers() {
	numbers := map[*page]int{}
	for i, p := range d.pages {
		numbers[p] = i + 1
	}
	for _, e := range d.entries {
		at, ok := d.places["h"+strconv.Itoa(e.heading)]
		if !ok {
			continue
		}
		l := look{face: d.regular, size: e.size, ink: d.muted}
		words := strconv.Itoa(numbers[at.page])
		w := l.width(words)
		c := &e.page.late
		c.to(nil)
		dot, step := l.width("."), e.size*0.55
		for x := e.right - d.regular.width("0000")*e.size; x > e.x+step; x -= step {
			c.words(l.face, ".", e.size, x-dot, e.y, d.strong, false)
		}
		c.to(e.tag)
		c.words(l.face, words, e.size, e.right-w, e.y, l.ink, false)
		c.end()
	}
}

func (d *maker) writePage(p *page, i int, parent ref) {
	b := fmt.Appendf(nil, "<</Type /Page /Parent %s /MediaBox [0 0 %s %s] /StructParents %d /Tabs /S /Resources <</Font %s /ExtGState %s", parent, number(d.wide), number(d.high), i, d.fontsObject, d.statesObject)
	if len(p.drawings) > 0 {
		b = append(b, " /XObject <<"...)
		for _, r := range p.drawings {
			b = fmt.Appendf(b, "/X%d %s ", r, r)
		}
		b = append(b, ">>"...)
	}
	b = append(b, ">> /Contents ["...)
	for _, r := range p.content {
		b = append(append(b, r.String()...), ' ')
	}
	b = append(b, ']')
	if len(p.annots) > 0 {
		b = append(b, " /Annots ["...)
		for _, r := range p.annots {
			b = append(append(b, r.String()...), ' ')
		}
		b = append(b, ']')
	}
	d.out.put(p.object, append(b, ">>"...))
}

func (d *maker) writeAnnots() {
	for i, a := range d.annots {
		b := fmt.Appendf(nil, "<</Type /Annot /Subtype /Link /F 4 /Border [0 0 0] /Rect [%s %s %s %s] /StructParent %d", number(a.x0), number(d.high-a.y1), number(a.x1), number(d.high-a.y0), len(d.pages)+i)
		if a.words != "" {
			b = append(append(b, " /Contents "...), literal(a.words)...)
		}
		if a.url != "" {
			b = append(append(append(b, " /A <</S /URI /URI "...), literal(a.url)...), ">>"...)
		} else if at, ok := d.places[a.place]; ok {
			b = append(append(b, " /Dest "...), d.destination(at)...)
		}
		d.out.put(a.object, append(b, ">>"...))
	}
}

func (d *maker) destination(at place) string {
	return fmt.Sprintf("[%s /XYZ 0 %s null]", at.page.object, number(min(d.high, d.high-at.y+d.gap)))
}

// node is a bookmark.
type node struct {
	title  string
	at     place
	level  int
	kids   []*node
	object ref
}

// writeOutline writes a bookmark for each heading, 0 where there are none.
func (d *maker) writeOutline() ref {
	top := &node{}
	open := []*node{top}
	for i, h := range d.heads {
		at, ok := d.places["h"+strconv.Itoa(i)]
		title := wordsOf(h.Text)
		if !ok || title == "" {
			continue
		}
		n := &node{title: title, at: at, level: min(max(h.Level, 1), 4)}
		for len(open) > 1 && open[len(open)-1].level >= n.level {
			open = open[:len(open)-1]
		}
		up := open[len(open)-1]
		up.kids = append(up.kids, n)
		open = append(open, n)
	}
	if len(top.kids) == 0 {
		return 0
	}
	var reserve func(*node)
	reserve = func(n *node) {
		n.object = d.out.reserve()
		for _, k := range n.kids {
			reserve(k)
		}
	}
	reserve(top)
	var write func(n *node)
	write = func(n *node) {
		for i, k := range n.kids {
			b := fmt.Appendf(nil, "<</Title %s /Parent %s /Dest %s", literal(k.title), n.object, d.destination(k.at))
			if i > 0 {
				b = fmt.Appendf(b, " /Prev %s", n.kids[i-1].object)
			}
			if i+1 < len(n.kids) {
				b = fmt.Appendf(b, " /Next %s", n.kids[i+1].object)
			}
			if len(k.kids) > 0 {
				b = fmt.Appendf(b, " /First %s /Last %s /Count -%d", k.kids[0].object, k.kids[len(k.kids)-1].object, len(k.kids))
			}
			d.out.put(k.object, append(b, ">>"...))
			write(k)
		}
	}
	d.out.putf(top.object, "<</Type /Outlines /First %s /Last %s /Count %d>>", top.kids[0].object, top.kids[len(top.kids)-1].object, len(top.kids))
	write(top)
	return top.object
}
