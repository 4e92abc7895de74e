package pdf

// piece is a part of the document that is set on one page: a line of a
// paragraph, a row of a table, a figure.
type piece struct {
	before float64 // space above; none at the top of a page
	height float64
	keep   bool   // on the same page as the next
	fresh  bool   // on a new page
	head   *piece // set again above the piece where it begins a page
	// split cuts a piece that is higher than a page; the first part is nil where nothing fits.
	split func(room float64) (first, rest *piece)
	// draw puts the piece with its upper left corner at x, y. Above is how much
	// of the space before it was left free.
	draw func(c *canvas, x, y, above float64)
}

// stack is the height of pieces one below the other.
func stack(pieces []*piece) float64 {
	h := 0.0
	for i, p := range pieces {
		if i > 0 {
			h += p.before
		}
		h += p.height
	}
	return h
}

// flow sets pieces on pages, one below the other.
type flow struct {
	d       *maker
	y       float64
	empty   bool // nothing stands on the page yet
	waiting []*piece
}

// add sets pieces; those that must stay with the next wait for it.
func (f *flow) add(pieces ...*piece) {
	for _, p := range pieces {
		if p.fresh {
			f.settle()
		}
		f.waiting = append(f.waiting, p)
		if !p.keep {
			f.settle()
		}
	}
}

// settle sets the pieces that wait, together where a page is high enough.
func (f *flow) settle() {
	chain := f.waiting
	f.waiting = nil
	if len(chain) == 0 {
		return
	}
	if chain[0].fresh && !f.empty {
		f.turn()
	}
	whole := stack(chain)
	page := f.d.bottomEdge() - f.d.top
	if !f.empty && f.y+chain[0].before+whole > f.d.bottomEdge()+0.01 {
		if whole <= page || chain[len(chain)-1].split == nil || f.d.bottomEdge()-f.y < page/4 {
			f.turn()
		}
	}
	for _, p := range chain {
		f.one(p)
	}
}

func (f *flow) one(p *piece) {
	for {
		if f.d.stopped {
			return
		}
		above := p.before
		if f.empty {
			above = 0
			if p.head != nil {
				p.head.draw(&f.d.page.body, f.d.side, f.y, 0)
				f.y += p.head.height
				f.empty = false
			}
		}
		room := f.d.bottomEdge() - f.y - above
		if p.height <= room+0.01 {
			f.set(p, above)
			return
		}
		if p.split != nil {
			first, rest := p.split(room)
			if first != nil {
				f.set(first, above)
			}
			if first != nil || !f.bare(p) {
				if rest == nil {
					return
				}
				p = rest
				f.turn()
				continue
			}
		} else if !f.bare(p) {
			f.turn()
			continue
		}
		f.set(p, above) // higher than any page: it runs over the edge rather than being lost
		return
	}
}

// bare reports whether the page has nothing but the piece's own repeated head.
func (f *flow) bare(p *piece) bool {
	y := f.d.top
	if p.head != nil {
		y += p.head.height
	}
	return f.y <= y+0.01
}

func (f *flow) set(p *piece, above float64) {
	f.y += above
	if p.draw != nil {
		p.draw(&f.d.page.body, f.d.side, f.y, above)
	}
	f.y += p.height
	if p.height > 0 {
		f.empty = false
	}
}

func (f *flow) turn() {
	f.d.turn()
	f.y, f.empty = f.d.top, true
}

// fill takes from pieces what fits into the room, and returns the rest. A chain
// that must stay together is not cut unless nothing else is left to do.
func fill(pieces []*piece, room float64) (taken, rest []*piece) {
	y := 0.0
	safe := 0 // pieces up to here may be followed by a new page
	for i, p := range pieces {
		above := p.before
		if i == 0 {
			above = 0
		}
		if y+above+p.height > room+0.01 {
			if p.split != nil && (safe == i || i == 0) {
				if first, last := p.split(room - y - above); first != nil {
					taken = append(taken, pieces[:i]...)
					taken = append(taken, first)
					if last != nil {
						rest = append(rest, last)
					}
					return taken, headed(append(rest, pieces[i+1:]...))
				}
			}
			return pieces[:safe], headed(pieces[safe:])
		}
		y += above + p.height
		if !p.keep {
			safe = i + 1
		}
	}
	return pieces, nil
}

// headed puts the repeated head before pieces that need one.
func headed(pieces []*piece) []*piece {
	if len(pieces) > 0 && pieces[0].head != nil {
		head := *pieces[0].head
		head.keep = true
		return append([]*piece{&head}, pieces...)
	}
	return pieces
}

// beside makes one piece of columns that stand side by side at places from the left.
func beside(columns [][]*piece, places []float64) *piece {
	p := &piece{}
	for _, col := range columns {
		p.height = max(p.height, stack(col))
	}
	p.draw = func(c *canvas, x, y, _ float64) {
		for i, col := range columns {
			at := y
			for k, q := range col {
				above := 0.0
				if k > 0 {
					above = q.before
				}
				at += above
				if q.draw != nil {
					q.draw(c, x+places[i], at, above)
				}
				at += q.height
			}
		}
	}
	p.split = func(room float64) (*piece, *piece) {
		first, rest := make([][]*piece, len(columns)), make([][]*piece, len(columns))
		some, left := false, false
		for i, col := range columns {
			first[i], rest[i] = fill(col, room)
			some = some || len(first[i]) > 0
			left = left || len(rest[i]) > 0
		}
		switch {
		case !some:
			return nil, p
		case !left:
			return beside(first, places), nil
		}
		return beside(first, places), beside(rest, places)
	}
	return p
}

// inset moves pieces to the right, and paints beside or behind them from the
// top of the first to the foot of the last, over page breaks.
func inset(pieces []*piece, dx float64, paint func(c *canvas, x, y, h float64)) []*piece {
	out := make([]*piece, len(pieces))
	for i, p := range pieces {
		q := *p
		q.draw = func(c *canvas, x, y, above float64) {
			if paint != nil {
				if i == 0 {
					paint(c, x, y, p.height)
				} else {
					paint(c, x, y-above, p.height+above)
				}
			}
			if p.draw != nil {
				p.draw(c, x+dx, y, above)
			}
		}
		if p.split != nil {
			q.split = func(room float64) (*piece, *piece) {
				first, rest := p.split(room)
				return insetOne(first, dx, paint), insetOne(rest, dx, paint)
			}
		}
		if p.head != nil {
			q.head = insetOne(p.head, dx, paint)
		}
		out[i] = &q
	}
	return out
}

func insetOne(p *piece, dx float64, paint func(c *canvas, x, y, h float64)) *piece {
	if p == nil {
		return nil
	}
	return inset([]*piece{p}, dx, paint)[0]
}
