package pdf

import "assay/app/document"

// together returns cells for figures at the head of the list that want to be
// less than a column wide, so that they stand side by side.
func (d *maker) together(list []document.Block, width float64) []document.Cell {
	if width < (d.wide-2*d.side)*0.9 {
		return nil
	}
	var cells []document.Cell
	for _, b := range list {
		f, ok := b.(document.Figure)
		if !ok || f.Span <= 0 || f.Span >= 12 {
			break
		}
		cells = append(cells, document.Cell{Span: f.Span, Blocks: []document.Block{f}})
	}
	return cells
}

// readable is how wide a drawing or a table must at least be on paper, in points.
const readable = 200

// row sets cells side by side. What could not be read in so narrow a cell gets
// a wider one, at the cost of its neighbours; the cells for which no room is
// left then follow below.
func (d *maker) row(cells []document.Cell, width float64, t *tag, depth int) []*piece {
	each := (width + d.gutter) / 12
	var out []*piece
	for len(cells) > 0 {
		n, spans := share(cells, func(span int) bool { return float64(span)*each-d.gutter >= readable })
		var columns [][]*piece
		var places []float64
		used := 0
		for i, c := range cells[:n] {
			pieces := d.blocks(c.Blocks, float64(spans[i])*each-d.gutter, t, depth+1)
			if len(pieces) > 0 {
				pieces[0].before = 0
			}
			columns = append(columns, pieces)
			places = append(places, float64(used)*each)
			used += spans[i]
		}
		cells = cells[n:]
		if n == 1 && used == 12 {
			out = append(out, columns[0]...) // may break like any other blocks
			continue
		}
		p := beside(columns, places)
		p.before = d.gap * 1.4
		out = append(out, p)
	}
	return out
}

// share says how many of the cells stand on the first line, and how many
// twelfths each of them gets.
func share(cells []document.Cell, enough func(span int) bool) (n int, spans []int) {
	var asked []int
	sum := 0
	for _, c := range cells {
		want := min(max(c.Span, 0), 12)
		if want == 0 {
			want = 12
		}
		least := want
		if detailed(c.Blocks, 0) {
			least = 12
			for _, s := range []int{3, 4, 6} {
				if enough(s) {
					least = s
					break
				}
			}
		}
		if sum+least > 12 {
			break
		}
		sum += least
		spans = append(spans, least)
		asked = append(asked, want)
	}
	for more := true; more && sum < 12; {
		more = false
		for i := range spans {
			if spans[i] < asked[i] && sum < 12 {
				spans[i]++
				sum++
				more = true
			}
		}
	}
	return len(spans), spans
}

// detailed reports whether blocks hold a drawing or a table.
func detailed(list []document.Block, depth int) bool {
	for _, b := range list {
		switch b := b.(type) {
		case document.Figure:
			if b.Drawing != nil || b.Table != nil {
				return true
			}
		case document.Grid:
			return true
		case document.Quote:
			if depth < deepest && detailed(b.Blocks, depth+1) {
				return true
			}
		}
	}
	return false
}
