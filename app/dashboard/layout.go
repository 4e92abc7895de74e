package dashboard

import (
	"cmp"
	"slices"

	"assay/app/chart"
	"assay/app/figure"
)

// The grid: how many columns it has and how large a card on it may be.
const (
	Columns    = 12
	mostHeight = 40
	mostRow    = 20000
)

// DefaultSize is how much room a card takes that has no size; a question's that
// is drawn as the kind, "" for not known yet.
func DefaultSize(k Kind, drawn chart.Kind) (w, h int) {
	switch {
	case k == Heading:
		return Columns, 1
	case k == Text:
		return Columns, 2
	case k == Finding:
		return 6, 3
	case drawn == chart.Number:
		return 3, 2
	}
	return 6, 4
}

func (c *Card) bottom() int { return c.Y + c.H }

// overlaps reports whether two cards stand on the same tab and in each other's way.
func (c *Card) overlaps(o *Card) bool {
	return c.Tab == o.Tab && c.X < o.X+o.W && o.X < c.X+c.W && c.Y < o.bottom() && o.Y < c.bottom()
}

// beside reports whether two cards share a column.
func (c *Card) beside(o *Card) bool { return c.X < o.X+o.W && o.X < c.X+c.W }

// fit brings a card's size and place into the grid.
func (c *Card) fit() {
	c.W, c.H = min(max(c.W, 1), Columns), min(max(c.H, 1), mostHeight)
	c.X, c.Y = min(max(c.X, 0), Columns-c.W), min(max(c.Y, 0), mostRow)
}

// settle gives every card a size and a place: those that have both keep it as
// far as they can, those in the way of others move down, and those without a
// size take the next free spots below the first.
func settle(cards []Card) []Card {
	out := slices.Clone(cards)
	var placed []*Card
	var open []*Card
	for i := range out {
		c := &out[i]
		if c.W == 0 || c.H == 0 {
			var drawn chart.Kind
			if len(c.Chart) > 0 {
				drawn = figure.Settings(c.Chart).Kind
			}
			w, h := DefaultSize(c.Kind, drawn)
			c.W, c.H = cmp.Or(c.W, w), cmp.Or(c.H, h)
			if c.X == 0 && c.Y == 0 {
				c.fit()
				open = append(open, c)
				continue
			}
		}
		c.fit()
		placed = append(placed, c)
	}
	down(placed)
	from := map[string]int{}
	for _, c := range open {
		c.spot(placed, from[c.Tab])
		from[c.Tab] = c.Y
		placed = append(placed, c)
	}
	return out
}

// spot puts a card into the first free place from a row on, reading along the rows.
func (c *Card) spot(placed []*Card, from int) {
	for y := from; ; y++ {
		for x := 0; x+c.W <= Columns; x++ {
			c.X, c.Y = x, y
			if !slices.ContainsFunc(placed, c.overlaps) {
				return
			}
		}
	}
}

// down moves cards that are in the way of earlier ones below them; first is
// placed before all others.
func down(cards []*Card, first ...*Card) {
	order := slices.Clone(cards)
	slices.SortStableFunc(order, func(a, b *Card) int { return cmp.Or(cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X)) })
	var done []*Card
	for _, c := range append(first, order...) {
		if slices.Contains(done, c) {
			continue
		}
		for {
			i := slices.IndexFunc(done, c.overlaps)
			if i < 0 {
				break
			}
			c.Y = done[i].bottom()
		}
		done = append(done, c)
	}
}

// change returns the cards with one of them changed, out of whose way the others move.
func change(cards []Card, id string, f func(c *Card, others []*Card)) []Card {
	out := slices.Clone(cards)
	var one *Card
	var all, others []*Card
	for i := range out {
		all = append(all, &out[i])
		if out[i].ID == id {
			one = &out[i]
		} else {
			others = append(others, &out[i])
		}
	}
	if one == nil {
		return out
	}
	f(one, others)
	one.fit()
	down(all, one)
	return out
}

// Place returns the cards with one of them at a place and of a size; what is in
// its way moves down.
func Place(cards []Card, id, tab string, x, y, w, h int) []Card {
	return change(cards, id, func(c *Card, _ []*Card) { c.Tab, c.X, c.Y, c.W, c.H = tab, x, y, w, h })
}

// Resize returns the cards with one of them wider and higher by so much; what is
// in its way moves down.
func Resize(cards []Card, id string, dw, dh int) []Card {
	return change(cards, id, func(c *Card, _ []*Card) {
		c.H = max(1, c.H+dh)
		if c.W = max(1, c.W+dw); c.X+c.W > Columns {
			c.W = Columns - c.X
		}
	})
}

// Move returns the cards with one of them moved by columns and rows. Where it
// touches another one in the way it changes places with it, so that a few steps
// lead past any card; other cards in its way move down.
func Move(cards []Card, id string, dx, dy int) []Card {
	return change(cards, id, func(c *Card, others []*Card) {
		others = slices.DeleteFunc(others, func(o *Card) bool { return o.Tab != c.Tab })
		switch {
		case dy > 0:
			c.jumpDown(others, dy)
		case dy < 0:
			c.jumpUp(others, dy)
		}
		if dx != 0 {
			c.jumpAside(others, dx)
		}
	})
}

func (c *Card) jumpDown(others []*Card, dy int) {
	var below []*Card
	for _, o := range others {
		if o.beside(c) && o.Y == c.bottom() {
			below = append(below, o)
		}
	}
	if len(below) == 0 {
		c.Y += dy
		return
	}
	step := 0
	for _, o := range below {
		step = max(step, o.H)
		o.Y -= c.H
	}
	c.Y += step
}

func (c *Card) jumpUp(others []*Card, dy int) {
	to, blocked := c.Y, false
	for _, o := range others {
		if o.beside(c) && o.bottom() == c.Y {
			to, blocked = min(to, o.Y), true
		}
	}
	if !blocked {
		to = max(0, c.Y+dy)
	}
	c.Y = to
}

func (c *Card) jumpAside(others []*Card, dx int) {
	for _, o := range others {
		touches := dx > 0 && o.X == c.X+c.W || dx < 0 && o.X+o.W == c.X
		if touches && o.Y == c.Y && o.H == c.H {
			if dx > 0 {
				c.X, o.X = c.X+o.W, c.X
			} else {
				c.X, o.X = o.X, o.X+c.W
			}
			return
		}
	}
	c.X += dx
}

// Compact returns the cards without empty rows between them: each as high as it can stand.
func Compact(cards []Card) []Card {
	out := slices.Clone(cards)
	order := make([]*Card, len(out))
	for i := range out {
		order[i] = &out[i]
	}
	slices.SortStableFunc(order, func(a, b *Card) int { return cmp.Or(cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X)) })
	var done []*Card
	for _, c := range order {
		y := 0
		for _, o := range done {
			if o.Tab == c.Tab && o.beside(c) {
				y = max(y, o.bottom())
			}
		}
		c.Y = y
		done = append(done, c)
	}
	return out
}

// Reading returns the cards in reading order: tab by tab, row by row, from the left.
func (b *Body) Reading() []*Card {
	tab := map[string]int{}
	for i, t := range b.Tabs {
		tab[t.ID] = i
	}
	list := make([]*Card, len(b.Cards))
	for i := range b.Cards {
		list[i] = &b.Cards[i]
	}
	slices.SortStableFunc(list, func(a, c *Card) int {
		return cmp.Or(cmp.Compare(tab[a.Tab], tab[c.Tab]), cmp.Compare(a.Y, c.Y), cmp.Compare(a.X, c.X))
	})
	return list
}

// On returns a tab's cards in reading order.
func (b *Body) On(tab string) (list []*Card) {
	for _, c := range b.Reading() {
		if c.Tab == tab {
			list = append(list, c)
		}
	}
	return list
}

// Bands groups a tab's cards, in reading order, into bands of rows that no card crosses.
func Bands(cards []*Card) (bands [][]*Card) {
	bottom := 0
	for _, c := range cards {
		if len(bands) == 0 || c.Y >= bottom {
			bands = append(bands, nil)
		}
		last := len(bands) - 1
		bands[last] = append(bands[last], c)
		bottom = max(bottom, c.bottom())
	}
	return bands
}

// columns groups the cards of a band into columns that no card crosses.
func columns(band []*Card) (groups [][]*Card) {
	list := slices.Clone(band)
	slices.SortStableFunc(list, func(a, b *Card) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y)) })
	right := 0
	for _, c := range list {
		if len(groups) == 0 || c.X >= right {
			groups = append(groups, nil)
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], c)
		right = max(right, c.X+c.W)
	}
	return groups
}

// Bottom is the first row below a tab's cards.
func (b *Body) Bottom(tab string) (y int) {
	for i := range b.Cards {
		if c := &b.Cards[i]; c.Tab == tab {
			y = max(y, c.bottom())
		}
	}
	return y
}

// Add puts a card of a size beside or below the last cards of its tab.
func (b *Body) Add(c Card) {
	c.fit()
	var placed []*Card
	for i := range b.Cards {
		if b.Cards[i].Tab == c.Tab {
			placed = append(placed, &b.Cards[i])
		}
	}
	c.spot(placed, max(0, b.Bottom(c.Tab)-c.H))
	b.Cards = append(b.Cards, c)
}
