package dashboard

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTwoChangesComeTogether(t *testing.T) {
	base := func() Body {
		return Body{Cards: []Card{{ID: "a", Kind: Text, Text: "a", W: 6, H: 2}, {ID: "b", Kind: Text, Text: "b", X: 6, W: 6, H: 2}, {ID: "c", Kind: Question, Question: "q", Y: 2, W: 6, H: 4}},
			Filters: []Filter{{ID: "f", Label: "When", Kind: DateRange, Targets: []Target{{Card: "c", Column: "day"}}}}}
	}
	for _, tt := range []struct {
		name         string
		mine, theirs func(*Body)
		want         func(*Body)
		both         []string
	}{
		{"nothing", func(*Body) {}, func(*Body) {}, func(*Body) {}, nil},
		{"different cards", func(b *Body) { b.Cards[0].W = 7 }, func(b *Body) { b.Cards[2].Title = "new" }, func(b *Body) { b.Cards[0].W, b.Cards[2].Title = 7, "new" }, nil},
		{"the same card", func(b *Body) { b.Cards[0].W = 7 }, func(b *Body) { b.Cards[0].W = 8 }, func(b *Body) { b.Cards[0].W = 7 }, []string{"a"}},
		{"the same change", func(b *Body) { b.Cards[0].W = 7 }, func(b *Body) { b.Cards[0].W = 7 }, func(b *Body) { b.Cards[0].W = 7 }, nil},
		{"removed by them", func(b *Body) { b.Refresh = 60 }, func(b *Body) { b.Cards = b.Cards[1:] }, func(b *Body) { b.Refresh, b.Cards = 60, b.Cards[1:] }, nil},
		{"removed by me, changed by them", func(b *Body) { b.Cards = b.Cards[1:] }, func(b *Body) { b.Cards[0].Text = "more" }, func(b *Body) { b.Cards[0].Text = "more" }, []string{"a"}},
		{"changed by me, removed by them", func(b *Body) { b.Cards[1].Text = "more" }, func(b *Body) { b.Cards = append(b.Cards[:1:1], b.Cards[2]) }, func(b *Body) {
			b.Cards[1].Text = "more"
			b.Cards[1], b.Cards[2] = b.Cards[2], b.Cards[1]
		}, []string{"b"}},
		{"a filter of what they removed", func(b *Body) { b.Filters[0].Label = "Day" }, func(b *Body) { b.Cards = b.Cards[:2] }, func(b *Body) {
			b.Cards = b.Cards[:2]
			b.Filters[0].Label, b.Filters[0].Targets = "Day", []Target{}
		}, nil},
		{"both add one of the same id", func(b *Body) { b.Cards = append(b.Cards, Card{ID: "d", Kind: Text, Text: "mine"}) }, func(b *Body) { b.Cards = append(b.Cards, Card{ID: "d", Kind: Text, Text: "theirs"}) }, func(b *Body) {
			b.Cards = append(b.Cards, Card{ID: "d", Kind: Text, Text: "theirs"}, Card{Kind: Text, Text: "mine"})
		}, nil},
		{"a card on a tab that is gone", func(b *Body) { b.Start = true }, func(b *Body) { b.Cards[0].Tab = "gone" }, func(b *Body) { b.Start = true }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mine, theirs, want := base(), base(), base()
			tt.mine(&mine)
			tt.theirs(&theirs)
			tt.want(&want)
			got, both := Merge(base(), mine, theirs, func(c *Card) string { return c.ID })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.both, both); diff != "" {
				t.Errorf("changed by both (-want +got):\n%s", diff)
			}
			if err := got.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}
