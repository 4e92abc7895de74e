package chart

import (
	"regexp"
	"strconv"
	"testing"

	"assay/app/frame"
)

var markPattern = regexp.MustCompile(` data-m="(\d+)\.(\d+)"`)

func TestMarksNameTheirCells(t *testing.T) {
	f := rows([]frame.Column{{Name: "region", Kind: frame.Text}, {Name: "kind", Kind: frame.Text}, {Name: "sold", Kind: frame.Number}},
		[]string{"North", "a", "5"}, []string{"North", "b", "3"}, []string{"South", "a", "0"}, []string{"West", "b", "2"})
	one := rows([]frame.Column{{Name: "region", Kind: frame.Text}, {Name: "sold", Kind: frame.Number}}, []string{"North", "5"}, []string{"East", "0"}, []string{"South", "3"}, []string{"West", "2"})
	for _, tt := range []struct {
		kind  Kind
		f     *frame.Frame
		marks int // what has a size
	}{{Bar, one, 4}, {HBar, one, 4}, {Pie, one, 3}, {Funnel, one, 4}, {Stacked, f, 4}, {Heatmap, f, 4}, {Treemap, one, 3}, {Treemap, f, 3}, {Waterfall, one, 4}} {
		d, svg := draw(t, sample{frame: tt.f, settings: Settings{Kind: tt.kind}}, 600, 300)
		named := map[[2]int]bool{}
		for _, m := range markPattern.FindAllSubmatch(svg, -1) {
			row, _ := strconv.Atoi(string(m[1]))
			column, _ := strconv.Atoi(string(m[2]))
			if row >= len(d.Table.Rows) || column >= len(d.Table.Rows[row]) || column < 1 {
				t.Fatalf("%s: a mark is named %d.%d beyond its table", tt.kind, row, column)
			}
			if d.Table.Rows[row][column] == "" {
				t.Errorf("%s: the mark %d.%d names an empty cell", tt.kind, row, column)
			}
			named[[2]int{row, column}] = true
		}
		if len(named) < tt.marks-1 || len(named) > tt.marks {
			t.Errorf("%s: %d cells are named, want %d: %v", tt.kind, len(named), tt.marks, named)
		}
		if v := d.Table.Behind[0]; v == nil || v.Column != "region" || v.Text != "North" {
			t.Errorf("%s: behind the first row is %+v", tt.kind, v)
		}
	}
	if _, svg := draw(t, sample{frame: f, settings: Settings{Kind: Stacked}}, 600, 300); markPattern.Match(svg) {
		d, _ := Option(f, Settings{Kind: Stacked}, Light())
		if got := d.Table.Head[1].Behind; got == nil || got.Column != "kind" || got.Text != "a" {
			t.Errorf("over the first series stands %+v", got)
		}
	}
}
