package pdf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"assay/app/document"
)

// sheet is a table being laid out: which columns, how wide, in which size.
type sheet struct {
	d       *maker
	t       *document.Table
	size    float64
	gutter  float64
	columns int // those that fit
	width   float64
	at, w   []float64
	narrow  []float64 // the least width of each column
}

// grid lays out a written table, under its label.
func (d *maker) grid(t *document.Table, width float64, parent *tag) []*piece {
	own := parent.add("Table")
	var out []*piece
	if t.Label != "" {
		out = d.lines(set([]span{{words: t.Label, look: look{face: d.semibold, size: d.small, ink: d.text}}}, width), d.small*d.leading, d.small, own.add("Caption"), nil)
		for _, p := range out {
			p.keep = true
		}
	}
	rows := d.table(t, width, own)
	if len(out) > 0 && len(rows) > 0 {
		rows[0].before = d.gap * 0.3
	}
	return append(append(out, rows...), d.remarks(t, width, parent)...)
}

// remarks says below a table what is not in it.
func (d *maker) remarks(t *document.Table, width float64, parent *tag) []*piece {
	if t.More == "" {
		return nil
	}
	return d.aside(t.More, width, parent)
}

// aside is a sentence in small grey type, below what it is about.
func (d *maker) aside(words string, width float64, parent *tag) []*piece {
	out := d.lines(set([]span{{words: words, look: look{face: d.regular, size: d.tiny, ink: d.muted}}}, width), d.tiny*d.leading, d.tiny, parent.add("P"), nil)
	if len(out) > 0 {
		out[0].before = d.gap * 0.4
	}
	return out
}

// table lays out rows below a head that stands again on each page. Where the
// columns do not fit they are set smaller, then the last ones are left out and
// a sentence says so.
func (d *maker) table(t *document.Table, width float64, own *tag) []*piece {
	if len(t.Columns) == 0 {
		return nil
	}
	s := &sheet{d: d, t: t, width: width}
	for _, k := range []float64{1, 0.9, 0.8} {
		if s.measure(d.theme.table * k) {
			break
		}
	}
	s.share()
	head := s.row(own.add("THead").add("TR"), nil, true)
	again := s.row(nil, nil, true)
	head.keep = true
	out := []*piece{head}
	body := own.add("TBody")
	for i, row := range t.Rows {
		p := s.row(body.add("TR"), row, false)
		p.head = again
		p.keep = i == 0 && len(t.Rows) > 1 || i == len(t.Rows)-2
		out = append(out, p)
	}
	if len(t.Rows) == 0 {
		head.keep = false
	}
	if s.columns < len(t.Columns) {
		var names []string
		for _, c := range t.Columns[s.columns:] {
			if len(names) == 12 {
				names = append(names, fmt.Sprintf("and %d more", len(t.Columns)-s.columns-12))
				break
			}
			names = append(names, plain(c.Name))
		}
		out[len(out)-1].keep = true
		out = append(out, d.aside(fmt.Sprintf("The first %d of %d columns fit on the page; not printed: %s.", s.columns, len(t.Columns), strings.Join(names, ", ")), width, own.parent)...)
	}
	return out
}

func (s *sheet) look(head bool) look {
	if head {
		return look{face: s.d.semibold, size: s.size, ink: s.d.text}
	}
	return look{face: s.d.regular, size: s.size, ink: s.d.text}
}

// text is what stands in a cell.
func (s *sheet) text(v document.Value) string {
	switch {
	case v.Null && v.Text == "":
		return "null" // as on the page
	case v.Cut && !strings.HasSuffix(v.Text, "…"):
		return plain(v.Text) + "…"
	}
	return plain(v.Text)
}

// measure finds how wide columns want to be and may be, and reports whether
// all of them fit at this size.
func (s *sheet) measure(size float64) bool {
	s.size, s.gutter = size, size*1.4
	n := len(s.t.Columns)
	s.w, s.narrow = make([]float64, n), make([]float64, n)
	head, body := s.look(true), s.look(false)
	most := size * 16
	const sampled = 3000
	for i, c := range s.t.Columns {
		name := plain(c.Name)
		s.w[i] = head.width(name)
		if c.Unit != "" {
			s.w[i] += body.width(" " + plain(c.Unit))
		}
		s.narrow[i] = longest(head, name)
		for k, row := range s.t.Rows {
			if i >= len(row) || k > sampled && !c.Numeric && !c.Whole {
				continue
			}
			words := s.text(row[i])
			w := body.width(words)
			s.w[i] = max(s.w[i], w)
			if w > s.narrow[i] {
				if c.Numeric || c.Whole {
					s.narrow[i] = min(w, s.width)
				} else {
					s.narrow[i] = max(s.narrow[i], min(longest(body, words), most))
				}
			}
		}
		s.narrow[i] = min(max(s.narrow[i], size), s.width)
		s.w[i] = max(s.w[i], s.narrow[i])
	}
	sum := 0.0
	for i, w := range s.narrow {
		if sum += w; i > 0 {
			sum += s.gutter
		}
		if sum > s.width+0.01 {
			s.columns = max(i, 1)
			return false
		}
	}
	s.columns = n
	return true
}

// longest is the width of the longest word.
func longest(l look, words string) float64 {
	w := 0.0
	for words != "" {
		n := next(words)
		w = max(w, l.width(strings.TrimRight(words[:n], " ")))
		words = words[n:]
	}
	return w
}

// share gives each column its width and place.
func (s *sheet) share() {
	room := s.width - s.gutter*float64(s.columns-1)
	want, least := 0.0, 0.0
	for i := range s.columns {
		want += s.w[i]
		least += s.narrow[i]
	}
	if want > room {
		s.squeeze(room - least)
	} else {
		// A table that nearly fills the column fills it; a small one stays together.
		target := room
		if want < 0.45*room {
			target = max(want*1.3, 0.45*room)
		}
		each := (target - want) / float64(s.columns)
		for i := range s.columns {
			s.w[i] += each
		}
	}
	s.at = make([]float64, s.columns)
	x := 0.0
	for i := range s.columns {
		s.at[i] = x
		x += s.w[i] + s.gutter
	}
	s.width = x - s.gutter
}

// squeeze shares out what is left beyond the least widths: columns that need
// little get it all, those that want more share the rest.
func (s *sheet) squeeze(rest float64) {
	order := make([]int, s.columns)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(s.w[a]-s.narrow[a], s.w[b]-s.narrow[b])
	})
	for k, i := range order {
		give := min(s.w[i]-s.narrow[i], max(rest, 0)/float64(len(order)-k))
		s.w[i] = s.narrow[i] + give
		rest -= give
	}
}

// setRow is a row's words, set in lines.
type setRow struct {
	cells [][]line
	tags  []*tag
	high  int // lines
}

func (s *sheet) row(tr *tag, values []document.Value, head bool) *piece {
	r := setRow{cells: make([][]line, s.columns), high: 1}
	if tr != nil {
		r.tags = make([]*tag, s.columns)
	}
	l := s.look(head)
	for i := range s.columns {
		if tr != nil {
			if head {
				r.tags[i] = tr.add("TH")
				r.tags[i].extra = " /A <</O /Table /Scope /Column>>"
			} else {
				r.tags[i] = tr.add("TD")
			}
		}
		var spans []span
		switch {
		case head:
			c := s.t.Columns[i]
			spans = []span{{words: c.Name, look: l}}
			if c.Unit != "" {
				unit := s.look(false)
				unit.ink = s.d.muted
				spans = append(spans, span{words: " " + c.Unit, look: unit})
			}
		case i < len(values):
			v := values[i]
			words, own := s.text(v), l
			if v.Null {
				own.ink = s.d.muted
			}
			var to *link
			if v.URL != "" && tr != nil {
				to = s.d.link(v.URL, words, true)
			}
			if w := own.width(words); w <= s.w[i]+0.01 {
				if words != "" {
					r.cells[i] = []line{{segs: []seg{{words: words, look: own, link: to, w: w}}, width: w}}
				}
				continue
			}
			spans = []span{{words: words, look: own, link: to}}
		}
		r.cells[i] = set(spans, s.w[i])
		r.high = max(r.high, len(r.cells[i]))
	}
	return s.piece(r, head, true)
}

func (s *sheet) piece(r setRow, head, foot bool) *piece {
	lead := s.size * 1.3
	pad := s.d.pad
	p := &piece{height: float64(r.high)*lead + 2*pad}
	p.draw = func(c *canvas, x, y, _ float64) {
		for i, cell := range r.cells {
			var t *tag
			if r.tags != nil {
				t = r.tags[i]
			}
			top := y + pad
			if head { // names stand on the line below them
				top += lead * float64(r.high-len(cell))
			}
			for k, l := range cell {
				left := x + s.at[i]
				if s.t.Columns[i].Numeric {
					left += s.w[i] - l.width
				}
				s.d.draw(c, t, l, left, top+float64(k)*lead+lead/2+0.33*s.size)
			}
		}
		c.to(nil)
		switch {
		case head:
			c.rule(x, y+p.height, x+s.width, y+p.height, 0.7, s.d.strong)
		case foot:
			c.rule(x, y+p.height, x+s.width, y+p.height, 0.4, s.d.line)
		}
	}
	if r.high < 4 || head {
		return p
	}
	p.split = func(room float64) (*piece, *piece) {
		n := int((room - 2*pad) / lead)
		if n < 2 {
			return nil, p
		}
		if n >= r.high {
			return p, nil
		}
		a, b := setRow{cells: make([][]line, len(r.cells)), tags: r.tags, high: n}, setRow{cells: make([][]line, len(r.cells)), tags: r.tags, high: r.high - n}
		for i, cell := range r.cells {
			k := min(n, len(cell))
			a.cells[i], b.cells[i] = cell[:k], cell[k:]
		}
		first, rest := s.piece(a, false, false), s.piece(b, false, true)
		rest.head = p.head
		return first, rest
	}
	return p
}
