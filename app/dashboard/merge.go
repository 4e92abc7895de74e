package dashboard

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Merge puts two changes of the same dashboard together, card by card, filter by
// filter and tab by tab. Of what both changed mine holds, and both names it; what
// one removed and the other changed stays. The cards' places are settled when the
// body is checked.
func Merge(base, mine, theirs Body, name func(*Card) string) (out Body, both []string) {
	tell := func(what string) { both = append(both, what) }
	out.Tabs = merged(base.Tabs, mine.Tabs, theirs.Tabs, func(t *Tab) *string { return &t.ID }, same, nil, func(t *Tab) { tell("the tab “" + t.Name + "”") })
	out.Cards = merged(base.Cards, mine.Cards, theirs.Cards, func(c *Card) *string { return &c.ID }, inPlace, func(c *Card) { c.ID = "" }, func(c *Card) { tell(name(c)) })
	out.Filters = merged(base.Filters, mine.Filters, theirs.Filters, func(f *Filter) *string { return &f.ID }, same, func(f *Filter) { f.ID = "" }, func(f *Filter) { tell("the filter “" + f.Label + "”") })
	out.Refresh, out.MaxAge = later(base.Refresh, mine.Refresh, theirs.Refresh), later(base.MaxAge, mine.MaxAge, theirs.MaxAge)
	out.Wide, out.Start = later(base.Wide, mine.Wide, theirs.Wide), later(base.Start, mine.Start, theirs.Start)
	first := ""
	if len(out.Tabs) > 0 {
		first = out.Tabs[0].ID
	}
	for i := range out.Cards {
		c := &out.Cards[i]
		if !slices.ContainsFunc(out.Tabs, func(t Tab) bool { return t.ID == c.Tab }) {
			c.Tab = first // its own is gone
		}
	}
	for i := range out.Filters {
		f := &out.Filters[i]
		f.Targets = slices.DeleteFunc(slices.Clone(f.Targets), func(t Target) bool { return out.Card(t.Card) == nil })
	}
	return out, both
}

// later is what I changed, or else what they have.
func later[T comparable](base, mine, theirs T) T {
	if mine != base {
		return mine
	}
	return theirs
}

// merged is a list as both changed it, in their order and with mine after theirs.
// What one removed stays removed where the other left it alone, as alone says.
// Two new ones of the same id are told apart by anew, where there is one.
func merged[T any](base, mine, theirs []T, id func(*T) *string, alone func(was, is *T) bool, anew, touched func(*T)) (out []T) {
	find := func(list []T, key string) *T {
		if i := slices.IndexFunc(list, func(t T) bool { return *id(&t) == key }); i >= 0 {
			return &list[i]
		}
		return nil
	}
	var added []T
	for i := range theirs {
		is := &theirs[i]
		was, my := find(base, *id(is)), find(mine, *id(is))
		switch {
		case my == nil && was != nil && alone(was, is): // removed by me
		case my == nil && was != nil:
			touched(is)
			out = append(out, *is)
		case my == nil || same(my, is) || was != nil && same(my, was):
			out = append(out, *is)
		case was != nil && same(is, was):
			out = append(out, *my)
		case was == nil && anew != nil:
			one := *my
			anew(&one)
			out, added = append(out, *is), append(added, one)
		default:
			touched(my)
			out = append(out, *my)
		}
	}
	for i := range mine {
		my := &mine[i]
		if find(theirs, *id(my)) != nil {
			continue
		}
		was := find(base, *id(my))
		if was != nil && alone(was, my) {
			continue // removed by them
		}
		if was != nil {
			touched(my)
		}
		out = append(out, *my)
	}
	return append(out, added...)
}

// inPlace says whether a card was left alone but for where it stands, as cards
// make room for others.
func inPlace(was, is *Card) bool {
	moved := *is
	moved.X, moved.Y = was.X, was.Y
	return same(was, &moved)
}

func same[T any](a, b *T) bool {
	one, err := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(one, other)
}
