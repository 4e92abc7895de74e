package pdf

import (
	"strconv"
	"strings"

	"assay/app/document"
)

// deepest bounds how far blocks stand within blocks; what is deeper is not printed.
const deepest = 24

// blocks lays out blocks for a column, as content of the tag.
func (d *maker) blocks(list []document.Block, width float64, t *tag, depth int) []*piece {
	var out []*piece
	if depth > deepest {
		return nil
	}
	least := d.gap
	add := func(pieces []*piece) {
		if len(pieces) > 0 {
			pieces[0].before = max(pieces[0].before, least)
		}
		out = append(out, pieces...)
		least = d.gap
	}
	for i := 0; i < len(list); i++ {
		if cells := d.together(list[i:], width); len(cells) > 1 {
			add(d.row(cells, width, t, depth))
			i += len(cells) - 1
			least = d.after(list[i])
			continue
		}
		add(d.block(list[i], width, t, depth))
		least = d.after(list[i])
	}
	return out
}

// after is the least space below a block.
func (d *maker) after(b document.Block) float64 {
	switch b.(type) {
	case document.Figure, document.Row, document.Grid, document.Quote:
		return d.gap * 1.4
	}
	return d.gap
}

func (d *maker) block(b document.Block, width float64, t *tag, depth int) []*piece {
	switch b := b.(type) {
	case document.Heading:
		return d.heading(b, width, t)
	case document.Paragraph:
		return d.paragraph(d.inlines(b.Text, d.prose()), width, t.add("P"))
	case document.List:
		return d.list(b, width, t, depth)
	case document.Quote:
		return d.quote(b, width, t, depth)
	case document.Code:
		return d.codeBlock(b, width, t)
	case document.Rule:
		return []*piece{{before: d.gap * 1.5, height: d.gap, draw: func(c *canvas, x, y, _ float64) {
			c.to(nil)
			c.rule(x, y, x+width, y, 0.6, d.strong)
		}}}
	case document.PageBreak:
		if depth > 0 {
			return nil
		}
		return []*piece{{fresh: true}}
	case document.Contents:
		return d.contents(width, t)
	case document.Row:
		return d.row(b.Cells, width, t, depth)
	case document.Grid:
		return d.grid(&b.Table, width, t)
	case document.Figure:
		return d.figure(&b, width, t)
	}
	return nil
}

func (d *maker) prose() look { return look{face: d.regular, size: d.body, ink: d.text} }

// lines makes a piece of each line; the first two and the last two stay together.
func (d *maker) lines(set []line, leading, size float64, t *tag, place func(l line) float64) []*piece {
	out := make([]*piece, len(set))
	for i, l := range set {
		out[i] = &piece{height: leading, keep: i == 0 && len(set) > 1 || i == len(set)-2, draw: func(c *canvas, x, y, _ float64) {
			if place != nil {
				x += place(l)
			}
			d.draw(c, t, l, x, y+leading/2+0.33*size)
		}}
	}
	return out
}

func (d *maker) paragraph(spans []span, width float64, t *tag) []*piece {
	size := 0.0
	for _, s := range spans {
		size = max(size, s.look.size)
	}
	return d.lines(set(spans, width), size*d.leading, size, t, nil)
}

func (d *maker) heading(h document.Heading, width float64, t *tag) []*piece {
	level := min(max(h.Level, 1), 4)
	size := d.theme.heading[level-1]
	own := t.add("H" + strconv.Itoa(level))
	n := d.headings
	d.headings++
	pieces := d.lines(set(d.inlines(h.Text, look{face: d.semibold, size: size, ink: d.text}), width), size*1.25, size, own, nil)
	for _, p := range pieces {
		p.keep = true
	}
	if len(pieces) == 0 {
		return nil
	}
	own.title = wordsOf(h.Text)
	pieces[0].before = d.gap * []float64{2.6, 2.1, 1.7, 1.5}[level-1]
	d.mark(pieces[0], "h"+strconv.Itoa(n), h.ID)
	return pieces
}

// mark remembers where a piece is set, for links to it.
func (d *maker) mark(p *piece, name, id string) {
	draw := p.draw
	p.draw = func(c *canvas, x, y, above float64) {
		at := place{c.page, y}
		if _, known := d.places[name]; !known && name != "" {
			d.places[name] = at
		}
		if _, known := d.places["#"+id]; !known && id != "" {
			d.places["#"+id] = at
		}
		if draw != nil {
			draw(c, x, y, above)
		}
	}
}

func (d *maker) list(l document.List, width float64, t *tag, depth int) []*piece {
	own := t.add("L")
	if l.Ordered {
		own.extra = " /A <</O /List /ListNumbering /Decimal>>"
	} else {
		own.extra = " /A <</O /List /ListNumbering /Disc>>"
	}
	base := d.prose()
	label := func(i int) string {
		if l.Ordered {
			return strconv.Itoa(l.Start+i) + "."
		}
		return "•"
	}
	in := d.body * 1.5
	if l.Ordered {
		in = max(in, base.width(label(len(l.Items)-1))+d.body*0.5)
	}
	var out []*piece
	for i, item := range l.Items {
		li := own.add("LI")
		lbl, body := li.add("Lbl"), li.add("LBody")
		pieces := inset(d.blocks(item, width-in, body, depth+1), in, nil)
		if len(pieces) == 0 {
			pieces = []*piece{{height: d.body * d.leading}}
		}
		first, draw, words := pieces[0], pieces[0].draw, label(i)
		first.draw = func(c *canvas, x, y, above float64) {
			w := base.width(words)
			c.to(lbl)
			left := x
			if l.Ordered {
				left = x + in - d.body*0.5 - w
			} else {
				left = x + d.body*0.45
			}
			c.words(base.face, words, base.size, left, y+base.size*d.leading/2+0.33*base.size, d.muted, false)
			if draw != nil {
				draw(c, x, y, above)
			}
		}
		first.before = d.gap * 0.4
		out = append(out, pieces...)
	}
	return out
}

func (d *maker) quote(q document.Quote, width float64, t *tag, depth int) []*piece {
	kind, bar, ground := "BlockQuote", d.strong, white
	if q.Finding {
		kind, bar, ground = "Div", d.accent, d.tint
	}
	inner := d.body * 1.1
	pieces := d.blocks(q.Blocks, width-2*inner, t.add(kind), depth+1)
	if len(pieces) == 0 {
		return nil
	}
	if q.Finding {
		pieces = padded(pieces, d.gap*0.7)
	}
	return inset(pieces, inner, func(c *canvas, x, y, h float64) {
		c.to(nil)
		if ground != white {
			c.rect(x, y, width, h, ground)
		}
		c.rect(x, y, 2, h, bar)
	})
}

// padded adds room above and below pieces that stand in a box.
func padded(pieces []*piece, room float64) []*piece {
	out := make([]*piece, 0, len(pieces)+2)
	out = append(out, &piece{height: room, keep: true})
	first := *pieces[0]
	first.before = 0
	out = append(out, &first)
	out = append(out, pieces[1:]...)
	last := *out[len(out)-1]
	last.keep = true
	out[len(out)-1] = &last
	return append(out, &piece{height: room})
}

func (d *maker) codeBlock(b document.Code, width float64, t *tag) []*piece {
	l := look{face: d.mono, size: d.code, ink: d.text}
	inner := d.body * 0.8
	own := t.add("P")
	var set []line
	for words := range strings.SplitSeq(strings.TrimRight(b.Text, "\n"), "\n") {
		set = append(set, codeLines(l, words, width-2*inner)...)
	}
	pieces := padded(d.lines(set, d.code*1.4, d.code, own, nil), d.gap*0.6)
	return inset(pieces, inner, func(c *canvas, x, y, h float64) {
		c.to(nil)
		if d.sunken != white {
			c.rect(x, y, width, h, d.sunken)
		} else {
			c.rect(x, y, 0.6, h, d.strong)
		}
	})
}

// codeLines cuts a line of code where it is too long, spaces and all.
func codeLines(l look, words string, width float64) []line {
	words = plain(strings.ReplaceAll(words, "\t", "    "))
	var out []line
	for {
		n, w := len(words), 0.0
		for i, r := range words {
			w += l.face.glyph(r).advance * l.size
			if w > width && i > 0 {
				n = i
				break
			}
		}
		s := words[:n]
		out = append(out, line{segs: []seg{{words: s, look: l, w: l.width(s)}}, width: w})
		if words = words[n:]; words == "" {
			return out
		}
	}
}

func wordsOf(text []document.Inline) string {
	var b strings.Builder
	for _, in := range text {
		b.WriteString(in.Text)
	}
	return strings.Join(strings.Fields(plain(b.String())), " ")
}
