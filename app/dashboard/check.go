package dashboard

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"assay/app/fault"
)

// Bounds of a dashboard: one beyond them is none that a person reads.
const (
	mostCards   = 400
	mostFilters = 60
	mostTabs    = 40
	mostTargets = mostCards
	mostValues  = 1000
	mostText    = 100_000 // characters of a card
	mostName    = 200     // characters of a name, label or title
)

// The least and the most seconds after which a page asks anew.
const (
	LeastRefresh = 10
	MostRefresh  = 24 * 60 * 60
)

var validID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Check tells what is wrong with the body, by field, and settles what was left
// open: ids, kinds, tabs and places of cards.
func (b *Body) Check() error {
	var problems fault.Fields
	b.checkTabs(&problems)
	b.checkCards(&problems)
	b.checkFilters(&problems)
	if b.Refresh != 0 && (b.Refresh < LeastRefresh || b.Refresh > MostRefresh) {
		problems.Add("refresh", "Ask anew every %d seconds to %d hours, or 0 for never", LeastRefresh, MostRefresh/3600)
	}
	if b.MaxAge < 0 || b.MaxAge > MostRefresh {
		problems.Add("max_age", "An answer may be 0 seconds to %d hours old", MostRefresh/3600)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	b.Cards = settle(b.Cards)
	return nil
}

// free returns a name of so many that is not taken yet, and takes it.
func free(taken map[string]bool, stem string) string {
	for n := 1; ; n++ {
		name := stem + strconv.Itoa(n)
		if !taken[name] {
			taken[name] = true
			return name
		}
	}
}

// taken collects the ids that are given and tells of those that cannot be.
func taken(problems *fault.Fields, field string, ids []string) map[string]bool {
	seen := map[string]bool{}
	for i, id := range ids {
		at := fmt.Sprintf("%s[%d].id", field, i)
		switch {
		case id == "":
		case !validID.MatchString(id):
			problems.Add(at, "An id has 1 to 64 letters, digits, - and _")
		case seen[id]:
			problems.Add(at, "The id %s is there twice", id)
		default:
			seen[id] = true
		}
	}
	return seen
}

func ids[T any](list []T, id func(*T) string) (out []string) {
	for i := range list {
		out = append(out, id(&list[i]))
	}
	return out
}

func long(text string, most int) bool { return utf8.RuneCountInString(text) > most }

func (b *Body) checkTabs(problems *fault.Fields) {
	if len(b.Tabs) > mostTabs {
		problems.Add("tabs", "A dashboard has at most %d tabs", mostTabs)
	}
	seen := taken(problems, "tabs", ids(b.Tabs, func(t *Tab) string { return t.ID }))
	for i := range b.Tabs {
		t := &b.Tabs[i]
		if t.Name = strings.TrimSpace(t.Name); t.Name == "" || long(t.Name, mostName) {
			problems.Add(fmt.Sprintf("tabs[%d].name", i), "A tab's name has 1 to %d characters", mostName)
		}
		if t.ID == "" {
			t.ID = free(seen, "t")
		}
	}
}

func (b *Body) checkCards(problems *fault.Fields) {
	if len(b.Cards) > mostCards {
		problems.Add("cards", "A dashboard has at most %d cards", mostCards)
		return
	}
	if b.Cards == nil {
		b.Cards = []Card{}
	}
	seen := taken(problems, "cards", ids(b.Cards, func(c *Card) string { return c.ID }))
	for i := range b.Cards {
		c := &b.Cards[i]
		at := fmt.Sprintf("cards[%d].", i)
		if c.ID == "" {
			c.ID = free(seen, "c")
		}
		if c.Kind == "" {
			if c.Kind = Question; c.Question == "" && c.Text != "" {
				c.Kind = Text
			}
		}
		switch c.Kind {
		case Question:
			if c.Question == "" {
				problems.Add(at+"question", "Choose the question of the card")
			}
		case Text, Finding:
			if long(c.Text, mostText) {
				problems.Add(at+"text", "A text has at most %d characters", mostText)
			}
		case Heading:
			if c.Text = strings.TrimSpace(c.Text); c.Text == "" || long(c.Text, mostName) {
				problems.Add(at+"text", "A heading has 1 to %d characters", mostName)
			}
		default:
			problems.Add(at+"kind", "A card is a question, text, heading or finding, not %q", c.Kind)
		}
		if long(c.Title, mostName) {
			problems.Add(at+"title", "A title has at most %d characters", mostName)
		}
		if len(c.Chart) > 0 && !json.Valid(c.Chart) {
			problems.Add(at+"chart", "The settings of the drawing are no JSON")
		}
		if c.Tab == "" && len(b.Tabs) > 0 {
			c.Tab = b.Tabs[0].ID
		} else if c.Tab != "" && !slices.ContainsFunc(b.Tabs, func(t Tab) bool { return t.ID == c.Tab }) {
			problems.Add(at+"tab", "There is no tab %s", c.Tab)
		}
		for _, n := range []struct {
			field string
			value int
			most  int
		}{{"x", c.X, Columns - 1}, {"y", c.Y, mostRow}, {"w", c.W, Columns}, {"h", c.H, mostHeight}} {
			if n.value < 0 || n.value > n.most {
				problems.Add(at+n.field, "%s is 0 to %d", n.field, n.most)
			}
		}
	}
}

func (b *Body) checkFilters(problems *fault.Fields) {
	if len(b.Filters) > mostFilters {
		problems.Add("filters", "A dashboard has at most %d filters", mostFilters)
	}
	seen := taken(problems, "filters", ids(b.Filters, func(f *Filter) string { return f.ID }))
	for i := range b.Filters {
		f := &b.Filters[i]
		at := fmt.Sprintf("filters[%d].", i)
		if f.Label = strings.TrimSpace(f.Label); f.Label == "" || long(f.Label, mostName) {
			problems.Add(at+"label", "A filter's label has 1 to %d characters", mostName)
		}
		if f.ID == "" {
			f.ID = free(seen, "f")
		}
		if f.Kind == "" {
			f.Kind = List
		}
		if !slices.Contains(FilterKinds, f.Kind) {
			problems.Add(at+"kind", "A filter is a date, list, search, number or bool, not %q", f.Kind)
			continue
		}
		if long(f.Default, mostText) {
			problems.Add(at+"default", "A default has at most %d characters", mostText)
		} else if err := f.read(f.Default, time.Now().UTC()); err != nil {
			problems.Add(at+"default", "%s", fault.MessageOf(err))
		}
		if len(f.Values) > mostValues {
			problems.Add(at+"values", "A list has at most %d values", mostValues)
		}
		if from := f.From; from != nil && (from.Connection == "" || from.Table == "" || from.Column == "") {
			problems.Add(at+"from", "Name the connection, the table and the column that the values come from")
		}
		if len(f.Targets) > mostTargets {
			problems.Add(at+"targets", "A filter has at most %d targets", mostTargets)
		}
		for j, t := range f.Targets {
			to := fmt.Sprintf("%stargets[%d].", at, j)
			switch c := b.Card(t.Card); {
			case c == nil:
				problems.Add(to+"card", "There is no card %s", t.Card)
			case c.Kind != Question:
				problems.Add(to+"card", "The card %s asks no question that could be filtered", t.Card)
			case (t.Column == "") == (t.Parameter == ""):
				problems.Add(to+"column", "Name either the column or the parameter that the filter sets")
			}
		}
	}
}

// Card returns the card with the id, nil where there is none.
func (b *Body) Card(id string) *Card {
	for i := range b.Cards {
		if b.Cards[i].ID == id {
			return &b.Cards[i]
		}
	}
	return nil
}

// FilterKinds lists the kinds of filters.
var FilterKinds = []FilterKind{DateRange, List, Search, Number, Toggle}
