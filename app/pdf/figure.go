package pdf

import (
	"fmt"

	"assay/app/document"
	"assay/app/fault"
)

// figure lays out the answer to a question with its title and what is said
// about it, together on one page where it is no long table.
func (d *maker) figure(f *document.Figure, width float64, parent *tag) []*piece {
	own := parent.add("Div")
	var out []*piece
	add := func(gap float64, pieces []*piece) {
		if len(pieces) == 0 {
			return
		}
		if len(out) > 0 {
			out[len(out)-1].keep = true
			pieces[0].before = gap
		}
		out = append(out, pieces...)
	}
	if f.Title != "" {
		s := span{words: f.Title, look: look{face: d.semibold, size: d.body, ink: d.text}}
		if f.Number != nil {
			s.look = look{face: d.regular, size: d.small, ink: d.muted}
		}
		if f.URL != "" {
			s.link = d.link(f.URL, f.Title, true)
		}
		add(0, together(d.lines(set([]span{s}, width), s.look.size*1.3, s.look.size, own.add("P"), nil)))
	}
	if f.Subtitle != "" {
		add(0, together(d.lines(set([]span{{words: f.Subtitle, look: look{face: d.regular, size: d.small, ink: d.muted}}}, width), d.small*1.35, d.small, own.add("P"), nil)))
	}
	gap := d.gap * 0.5
	switch {
	case f.Failure != nil:
		add(gap, d.failure(f.Failure, width, own))
	case f.Drawing != nil:
		add(gap, d.drawing(f, width, own))
		if d.data && f.Data != nil {
			add(gap, d.tableOf(f.Data, f.Title, width, own))
		}
	case f.Number != nil:
		add(0, d.number(f.Number, f.Title, width, own))
	case f.Table != nil:
		add(gap, d.tableOf(f.Table, f.Title, width, own))
	case f.Note != "":
		add(gap, d.note(f.Note, width, own))
	}
	for i, n := range f.Notes {
		if n != "" {
			above := gap * 0.8
			if i > 0 {
				above = 0
			}
			add(above, together(d.aside(n, width, own)))
		}
	}
	if f.Caption != "" {
		above := gap * 0.8
		if len(f.Notes) > 0 {
			above = 0
		}
		add(above, together(d.aside(f.Caption, width, own)))
	}
	if len(out) == 0 {
		return nil
	}
	out[len(out)-1].keep = false
	out[0].before = d.gap * 1.4
	d.mark(out[0], "", f.ID)
	return out
}

// together keeps all pieces with the next ones.
func together(pieces []*piece) []*piece {
	for i, p := range pieces {
		p.keep = i+1 < len(pieces)
	}
	return pieces
}

func (d *maker) tableOf(t *document.Table, title string, width float64, parent *tag) []*piece {
	own := parent.add("Table")
	own.title = plain(title)
	if own.title == "" {
		own.title = plain(t.Label)
	}
	out := d.table(t, width, own)
	rest := d.remarks(t, width, parent)
	if len(out) > 0 && len(rest) > 0 {
		out[len(out)-1].keep = true
	}
	return append(out, rest...)
}

// legible is the least scale at which a drawing's words, twelve units high, can
// be read on paper without effort.
const legible = 0.45

// drawing places the wide drawing, or the narrow one where the column is too
// narrow for the words in the wide one.
func (d *maker) drawing(f *document.Figure, width float64, parent *tag) []*piece {
	g := f.Drawing
	hash := g.Hash()
	fm, err := d.form(g.SVG, hash)
	narrow := false
	if err == nil && width/fm.wide < legible && len(g.Narrow) > 0 {
		if other, err := d.form(g.Narrow, hash); err == nil && other.wide < fm.wide {
			fm, narrow = other, true
		}
	}
	if err != nil {
		return d.failure(&document.Failure{Title: "The drawing cannot be printed", Message: fault.MessageOf(err)}, width, parent)
	}
	most := 0.95
	if narrow {
		most = 0.8
	}
	k := min(width/fm.wide, most, (d.bottomEdge()-d.top-12*d.body)/fm.high)
	w, h := fm.wide*k, fm.high*k
	own := parent.add("Figure")
	own.alt = plain(g.Description)
	if own.alt == "" {
		own.alt = plain(f.Title)
	}
	if own.alt == "" {
		own.alt = "Chart"
	}
	return []*piece{{height: h, draw: func(c *canvas, x, y, _ float64) {
		c.to(own)
		c.b = append(c.b, "q "...)
		for _, v := range [...]float64{k, 0, 0, k} {
			c.b = fmt.Appendf(c.b, "%.5f ", v)
		}
		c.numbers(x, c.high-y-h)
		c.b = fmt.Appendf(c.b, "cm /X%d Do Q\n", fm.object)
		own.extra = fmt.Sprintf(" /A <</O /Layout /Placement /Block /BBox [%s %s %s %s]>>", number(x), number(c.high-y-h), number(x+w), number(c.high-y))
		for _, r := range c.page.drawings {
			if r == fm.object {
				return
			}
		}
		c.page.drawings = append(c.page.drawings, fm.object)
	}}}
}

// number sets a single figure large.
func (d *maker) number(n *document.Number, title string, width float64, parent *tag) []*piece {
	var out []*piece
	line := func(words string, l look, leading float64) {
		out = append(out, together(d.lines(set([]span{{words: words, look: l}}, width), l.size*leading, l.size, parent.add("P"), nil))...)
	}
	if n.Value != "" {
		l := look{face: d.semibold, size: d.theme.number, ink: d.text}
		for l.size > d.body && l.width(plain(n.Value)) > width {
			l.size *= 0.9
		}
		line(n.Value, l, 1.25)
	}
	if label := n.Under(title); label != "" {
		line(label, look{face: d.regular, size: d.small, ink: d.muted}, 1.35)
	}
	if n.Delta != "" {
		arrow := map[string]string{"up": "▲ ", "down": "▼ "}[n.Direction]
		line(arrow+n.Delta, look{face: d.regular, size: d.small, ink: d.muted}, 1.35)
	}
	for _, p := range out {
		p.keep = true
	}
	return out
}

// note says why there is nothing to show.
func (d *maker) note(words string, width float64, parent *tag) []*piece {
	inner := d.body * 0.9
	pieces := d.lines(set([]span{{words: words, look: look{face: d.regular, size: d.small, ink: d.muted}}}, width-2*inner), d.small*d.leading, d.small, parent.add("P"), nil)
	if len(pieces) == 0 {
		return nil
	}
	return inset(padded(pieces, d.gap*0.9), inner, func(c *canvas, x, y, h float64) {
		c.to(nil)
		if d.sunken != white {
			c.rect(x, y, width, h, d.sunken)
		} else {
			c.rule(x, y, x, y+h, 0.6, d.strong)
		}
	})
}

// failure is a notice in the place of what failed.
func (d *maker) failure(f *document.Failure, width float64, parent *tag) []*piece {
	inner := d.body
	own := parent.add("Div")
	var pieces []*piece
	say := func(words string, l look) {
		if words == "" {
			return
		}
		set := d.lines(set([]span{{words: words, look: l}}, width-2*inner), l.size*d.leading, l.size, own.add("P"), nil)
		if len(set) > 0 && len(pieces) > 0 {
			set[0].before = d.gap * 0.25
			pieces[len(pieces)-1].keep = true
		}
		pieces = append(pieces, set...)
	}
	say(f.Title, look{face: d.semibold, size: d.small, ink: d.bad})
	say(f.Message, look{face: d.regular, size: d.small, ink: d.text})
	say(f.Position, look{face: d.mono, size: d.code, ink: d.text})
	say(f.Hint, look{face: d.regular, size: d.small, ink: d.muted})
	if len(pieces) == 0 {
		say("This has no answer", look{face: d.semibold, size: d.small, ink: d.bad})
	}
	return inset(padded(pieces, d.gap*0.8), inner, func(c *canvas, x, y, h float64) {
		c.to(nil)
		if d.badTint != white {
			c.rect(x, y, width, h, d.badTint)
		} else {
			c.rule(x+width, y, x+width, y+h, 0.6, d.bad)
		}
		c.rect(x, y, 2, h, d.bad)
	})
}
