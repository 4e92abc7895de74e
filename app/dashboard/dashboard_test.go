package dashboard

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
)

func TestTheLeastBodyWillDo(t *testing.T) {
	var b Body
	if err := json.Unmarshal([]byte(`{"cards":[{"question":"q1"},{"question":"q2"},{"question":"q3","chart":{"kind":"number"}},{"text":"Hello"}]}`), &b); err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, c := range b.Cards {
		got = append(got, fmt.Sprintf("%s %s %d,%d %dx%d", c.ID, c.Kind, c.X, c.Y, c.W, c.H))
	}
	want := []string{"c1 question 0,0 6x4", "c2 question 6,0 6x4", "c3 question 0,4 3x2", "c4 text 0,6 12x2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	before, _ := json.Marshal(b)
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	if after, _ := json.Marshal(b); string(before) != string(after) {
		t.Errorf("what is settled changes again:\n%s\n%s", before, after)
	}
}

func TestWhatIsWrongIsToldByField(t *testing.T) {
	many := make([]Card, mostCards+1)
	for i := range many {
		many[i] = Card{Question: "q"}
	}
	one := []Card{{ID: "a", Question: "q"}, {ID: "t", Kind: Text}}
	for _, tt := range []struct {
		name string
		body Body
		want []string
	}{
		{"too many cards", Body{Cards: many}, []string{"cards"}},
		{"too many filters", Body{Filters: slices.Repeat([]Filter{{Label: "x"}}, mostFilters+1)}, []string{"filters"}},
		{"a card of nothing", Body{Cards: []Card{{}}}, []string{"cards[0].question"}},
		{"unknown kind", Body{Cards: []Card{{Kind: "film"}}}, []string{"cards[0].kind"}},
		{"the same id twice", Body{Cards: []Card{{ID: "a", Question: "q"}, {ID: "a", Question: "q"}}}, []string{"cards[1].id"}},
		{"an id that is an address", Body{Cards: []Card{{ID: "../x", Question: "q"}}}, []string{"cards[0].id"}},
		{"beyond the grid", Body{Cards: []Card{{Question: "q", W: 13, H: 4, X: -1}}}, []string{"cards[0].w", "cards[0].x"}},
		{"unknown tab", Body{Tabs: []Tab{{Name: "One"}}, Cards: []Card{{Question: "q", Tab: "two"}}}, []string{"cards[0].tab"}},
		{"a tab without tabs", Body{Cards: []Card{{Question: "q", Tab: "two"}}}, []string{"cards[0].tab"}},
		{"nameless tab", Body{Tabs: []Tab{{Name: " "}}}, []string{"tabs[0].name"}},
		{"a default that is no date", Body{Filters: []Filter{{Label: "When", Kind: DateRange, Default: "whenever"}}}, []string{"filters[0].default"}},
		{"unknown kind of filter", Body{Filters: []Filter{{Label: "x", Kind: "colour"}}}, []string{"filters[0].kind"}},
		{"unknown card", Body{Cards: one, Filters: []Filter{{Label: "x", Targets: []Target{{Card: "b", Column: "c"}}}}}, []string{"filters[0].targets[0].card"}},
		{"a card that asks nothing", Body{Cards: one, Filters: []Filter{{Label: "x", Targets: []Target{{Card: "t", Column: "c"}}}}}, []string{"filters[0].targets[0].card"}},
		{"both or neither", Body{Cards: one, Filters: []Filter{{Label: "x", Targets: []Target{{Card: "a", Column: "c", Parameter: "p"}, {Card: "a"}}}}}, []string{"filters[0].targets[0].column", "filters[0].targets[1].column"}},
		{"values from half a column", Body{Filters: []Filter{{Label: "x", From: &From{Table: "t"}}}}, []string{"filters[0].from"}},
		{"too often", Body{Refresh: 1}, []string{"refresh"}},
		{"settings that are no JSON", Body{Cards: []Card{{Question: "q", Chart: json.RawMessage("{")}}}, []string{"cards[0].chart"}},
	} {
		err := tt.body.Check()
		if got := slices.Sorted(maps.Keys(fault.FieldsOf(err))); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q (%v)", tt.name, got, tt.want, err)
		}
	}
}

// sound reports what is wrong with a layout.
func sound(cards []Card) string {
	for i := range cards {
		c := &cards[i]
		if c.W < 1 || c.H < 1 || c.X < 0 || c.Y < 0 || c.X+c.W > Columns {
			return fmt.Sprintf("%s stands at %d,%d with %dx%d", c.ID, c.X, c.Y, c.W, c.H)
		}
		for j := range cards[:i] {
			if c.overlaps(&cards[j]) {
				return fmt.Sprintf("%s lies over %s", c.ID, cards[j].ID)
			}
		}
	}
	return ""
}

func TestLayoutsStaySound(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := Body{Tabs: []Tab{{ID: "a", Name: "A"}, {ID: "b", Name: "B"}}}
		for range 1 + r.IntN(20) {
			c := Card{Question: "q", Tab: []string{"a", "b"}[r.IntN(2)]}
			if r.IntN(3) > 0 {
				c.X, c.Y, c.W, c.H = r.IntN(Columns), r.IntN(12), 1+r.IntN(Columns), 1+r.IntN(6)
			}
			b.Cards = append(b.Cards, c)
		}
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
		cards := b.Cards
		for step := range 40 {
			if wrong := sound(cards); wrong != "" {
				t.Fatalf("seed %d, step %d: %s", seed, step, wrong)
			}
			id := cards[r.IntN(len(cards))].ID
			was, _ := json.Marshal(cards)
			switch r.IntN(4) {
			case 0:
				cards = Place(cards, id, "a", r.IntN(14)-1, r.IntN(14)-1, r.IntN(14), r.IntN(8))
			case 1:
				cards = Resize(cards, id, r.IntN(5)-2, r.IntN(5)-2)
			case 2:
				before := cards
				cards = Move(cards, id, r.IntN(3)-1, r.IntN(3)-1)
				if now, _ := json.Marshal(before); string(now) != string(was) {
					t.Fatalf("seed %d: moving changed the layout it was given", seed)
				}
			case 3:
				cards = Compact(cards)
				if again := Compact(cards); cmp.Diff(cards, again) != "" {
					t.Fatalf("seed %d: what is compact can be made more so", seed)
				}
			}
		}
		order := (&Body{Tabs: b.Tabs, Cards: cards}).Reading()
		if len(order) != len(cards) {
			t.Fatalf("%d of %d cards are read", len(order), len(cards))
		}
		total := 0
		for _, tab := range b.Tabs {
			for _, band := range Bands((&Body{Tabs: b.Tabs, Cards: cards}).On(tab.ID)) {
				span := 0
				for _, g := range columns(band) {
					left, right := Columns, 0
					for _, c := range g {
						left, right, total = min(left, c.X), max(right, c.X+c.W), total+1
					}
					span += right - left
				}
				if span > Columns {
					t.Fatalf("seed %d: a row is %d wide", seed, span)
				}
			}
		}
		if total != len(cards) {
			t.Fatalf("seed %d: %d of %d cards are in rows", seed, total, len(cards))
		}
	}
}

func TestCardsMovePastOneAnother(t *testing.T) {
	start := []Card{{ID: "a", W: 6, H: 4}, {ID: "b", X: 6, W: 6, H: 4}, {ID: "c", Y: 4, W: 12, H: 3}}
	at := func(cards []Card) string {
		var parts []string
		for _, c := range cards {
			parts = append(parts, fmt.Sprintf("%s %d,%d", c.ID, c.X, c.Y))
		}
		return strings.Join(parts, "; ")
	}
	for _, tt := range []struct {
		name string
		got  []Card
		want string
	}{
		{"right", Move(start, "a", 1, 0), "a 6,0; b 0,0; c 0,4"},
		{"left", Move(start, "b", -1, 0), "a 6,0; b 0,0; c 0,4"},
		{"down past a wide one", Move(start, "c", 0, -1), "a 0,3; b 6,3; c 0,0"},
		{"up at the top", Move(start, "a", 0, -1), "a 0,0; b 6,0; c 0,4"},
		{"wider", Resize(start, "a", 1, 0), "a 0,0; b 6,4; c 0,8"},
		{"higher", Resize(start, "a", 0, 2), "a 0,0; b 6,0; c 0,6"},
		{"no such card", Move(start, "z", 1, 0), "a 0,0; b 6,0; c 0,4"},
	} {
		if got := at(tt.got); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	cards := start
	for n := 0; cards[0].Y < cards[2].Y; n++ {
		if n > 3 {
			t.Fatalf("after %d steps down the card is still above: %s", n, at(cards))
		}
		cards = Move(cards, "a", 0, 1)
	}
}

func TestWordsForRanges(t *testing.T) {
	zone := func(name string) *time.Location {
		l, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	now := time.Date(2026, 3, 29, 22, 30, 0, 0, time.UTC) // the clocks went forward in Berlin, where it is the 30th
	for _, tt := range []struct {
		text, zone string
		now        time.Time
		want       string
	}{
		{"today", "UTC", now, "2026-03-29"},
		{"today", "Europe/Berlin", now, "2026-03-30"},
		{"Yesterday", "Europe/Berlin", now, "2026-03-29"},
		{"last 2 days", "Europe/Berlin", now, "2026-03-29 to 2026-03-30"},
		{"previous 2 days", "Europe/Berlin", now, "2026-03-28 to 2026-03-29"},
		{"last 30 days", "UTC", now, "2026-02-28 to 2026-03-29"},
		{"next 7 days", "UTC", now, "2026-03-30 to 2026-04-05"},
		{"this week", "UTC", now, "2026-03-23 to 2026-03-29"},
		{"this month", "UTC", now, "2026-03-01 to 2026-03-31"},
		{"last month", "UTC", now, "2026-02-01 to 2026-02-28"},
		{"previous quarter", "UTC", now, "2025-10-01 to 2025-12-31"},
		{"last 12 months", "UTC", now, "2025-04-01 to 2026-03-31"},
		{"this year", "UTC", now, "2026-01-01 to 2026-12-31"},
		{"year to date", "UTC", now, "2026-01-01 to 2026-03-29"},
		{"ytd", "Europe/Berlin", now, "2026-01-01 to 2026-03-30"},
		{"2026-01-01 to 2026-03-31", "UTC", now, "2026-01-01 to 2026-03-31"},
		{"2026-01-01..2026-03-31", "UTC", now, "2026-01-01 to 2026-03-31"},
		{"2026-01 to 2026-02", "UTC", now, "2026-01-01 to 2026-02-28"},
		{"2026-Q2", "UTC", now, "2026-04-01 to 2026-06-30"},
		{"q4 2025", "UTC", now, "2025-10-01 to 2025-12-31"},
		{"2024-02", "UTC", now, "2024-02-01 to 2024-02-29"},
		{"2025", "UTC", now, "2025-01-01 to 2025-12-31"},
		{"since 2026-02-01", "UTC", now, "since 2026-02-01"},
		{"after 2026-02-01", "UTC", now, "since 2026-02-02"},
		{"until 2026-02-01", "UTC", now, "until 2026-02-01"},
		{"before 2026-02-01", "UTC", now, "until 2026-01-31"},
		{"since yesterday", "UTC", now, "since 2026-03-28"},
		{"last 2 hours", "UTC", now, "2026-03-29T21:00:00 to 2026-03-29T23:00:00"},
		// At 03:30 in Berlin the hour before was 01:00 to 02:00: from 2 to 3 there is none.
		{"previous 1 hour", "Europe/Berlin", time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), "2026-03-29T01:00:00 to 2026-03-29T03:00:00"},
		{"last 3 hours", "Asia/Kathmandu", time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), "2026-03-29T05:00:00 to 2026-03-29T08:00:00"},
		// In São Paulo this day had no midnight.
		{"today", "America/Sao_Paulo", time.Date(2018, 11, 4, 15, 0, 0, 0, time.UTC), "2018-11-04"},
		{"last 3 days", "America/Sao_Paulo", time.Date(2018, 11, 5, 15, 0, 0, 0, time.UTC), "2018-11-03 to 2018-11-05"},
		{"this month", "Pacific/Apia", time.Date(2011, 12, 31, 2, 0, 0, 0, time.UTC), "2011-12-01 to 2011-12-31"},
		{"  LAST   7  Days ", "UTC", now, "2026-03-23 to 2026-03-29"},
		{"", "UTC", now, ""},
		{"all time", "UTC", now, ""},
	} {
		r, err := ParseRange(tt.text, tt.now.In(zone(tt.zone)))
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		if got := r.String(); got != tt.want {
			t.Errorf("%q in %s: %s, want %s", tt.text, tt.zone, got, tt.want)
		}
		if tt.want != "" {
			again, err := ParseRange(r.String(), now)
			if err == nil && !r.Hours && again != r {
				t.Errorf("%q is typed again as %s and becomes %s", tt.text, r, again)
			}
		}
	}
	for _, text := range []string{"whenever", "last 0 days", "last days", "2026-13-01", "2026-02-30", "2026-03-01 to 2026-01-01", "since", "since all", "to", strings.Repeat("9", 5000), "last 99999999 days", "'; drop table x", "2026-01-01 to 2026-01-02 to 2026-01-03"} {
		if r, err := ParseRange(text, now); err == nil {
			t.Errorf("%.40q is read as %s", text, r)
		} else if !fault.Is(err, fault.Invalid) || len(err.Error()) > 400 {
			t.Errorf("%.40q: %.500v", text, err)
		}
	}
}

func board() *Body {
	b := &Body{
		Cards: []Card{{ID: "a", Question: "q"}, {ID: "b", Question: "q", Parameters: map[string]string{"region": "North"}}},
		Filters: []Filter{
			{ID: "when", Label: "When", Kind: DateRange, Default: "this month", Targets: []Target{{Card: "a", Column: "placed_on"}, {Card: "b", Parameter: "from_date"}, {Card: "b", Parameter: "to_date"}}},
			{ID: "region", Label: "Region", Kind: List, Many: true, Targets: []Target{{Card: "a", Column: "region"}, {Card: "b", Parameter: "region"}}},
			{ID: "name", Label: "Name", Kind: Search, Targets: []Target{{Card: "a", Column: "name"}}},
			{ID: "total", Label: "Total", Kind: Number, Targets: []Target{{Card: "a", Column: "total"}}},
			{ID: "paid", Label: "Paid", Kind: Toggle, Targets: []Target{{Card: "a", Column: "paid"}}},
		},
	}
	if err := b.Check(); err != nil {
		panic(err)
	}
	return b
}

func TestFiltersReachTheirCards(t *testing.T) {
	now := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		address, card string
		want          string
		parameters    map[string]string
	}{
		{"", "a", `[{"column":"placed_on","op":"gte","value":"2026-03-01"},{"column":"placed_on","op":"lt","value":"2026-04-01"}]`, nil},
		{"", "b", `null`, map[string]string{"from_date": "2026-03-01", "to_date": "2026-03-31", "region": "North"}},
		{"f.when=-", "a", `null`, nil},
		{"f.when=", "a", `null`, nil},
		{"f.when=since+2026-02-01", "b", `null`, map[string]string{"from_date": "2026-02-01", "to_date": "9999-12-31", "region": "North"}},
		{"f.when=-&f.region=North&f.region=South", "a", `[{"column":"region","op":"in","value":["North","South"]}]`, nil},
		{"f.when=-&f.region=North", "b", `null`, map[string]string{"region": "North"}},
		{"f.when=-&f.name=50%25", "a", `[{"column":"name","op":"contains","value":"50%"}]`, nil},
		{"f.when=-&f.total.from=10&f.total.to=20", "a", `[{"column":"total","op":"gte","value":"10"},{"column":"total","op":"lte","value":"20"}]`, nil},
		{"f.when=-&f.total=%3E+5", "a", `[{"column":"total","op":"gt","value":"5"}]`, nil},
		{"f.when=-&f.paid=no", "a", `[{"column":"paid","op":"eq","value":false}]`, nil},
	} {
		v, err := url.ParseQuery(tt.address)
		if err != nil {
			t.Fatal(err)
		}
		b := board()
		values, problems := b.Values(v, now)
		if len(problems) > 0 {
			t.Errorf("%s: %v", tt.address, problems)
		}
		got, err := b.Apply(b.Card(tt.card), values, now)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := json.Marshal(got.Narrow)
		if string(body) != tt.want {
			t.Errorf("%s reaches %s as %s, want %s", tt.address, tt.card, body, tt.want)
		}
		if tt.parameters != nil {
			if diff := cmp.Diff(tt.parameters, got.Parameters); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.address, diff)
			}
		}
		again, _ := b.Values(b.Address(values), now)
		if diff := cmp.Diff(values, again); diff != "" {
			t.Errorf("%s comes back from its address as another (-want +got):\n%s", tt.address, diff)
		}
	}
}

func TestWhatCannotBeReadIsToldAndLeftOut(t *testing.T) {
	values, problems := board().Values(url.Values{"f.when": {"soon"}, "f.total": {"many"}, "f.paid": {"perhaps"}, "f.region": {"x"}, "f.none": {"y"}}, time.Now().UTC())
	if got := slices.Sorted(maps.Keys(problems)); !slices.Equal(got, []string{"paid", "total", "when"}) {
		t.Errorf("problems of %q: %v", got, problems)
	}
	if diff := cmp.Diff(map[string]string{"region": "x"}, values); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConditionsWithoutAFilter(t *testing.T) {
	v := url.Values{"f.when": {"-"}, "x.city": {"Bremen"}, "n.country": {"1"}, "x.day": {"2026-03-01 to 2026-03-31"}, "x.": {"z"}}
	for i := range 100 {
		v.Set(fmt.Sprintf("x.c%d", i), "1")
	}
	values, _ := board().Values(v, time.Now().UTC())
	if n := len(Conditions(values)); n != mostFree {
		t.Errorf("%d conditions are read, want %d", n, mostFree)
	}
	b := board()
	got, err := b.Apply(b.Card("a"), map[string]string{"x.city": "Bremen", "n.country": "1", "x.day": "2026-03-01 to 2026-03-31"}, time.Now().UTC())
	if err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(got.Free)
	if want := `[{"column":"country","op":"is_null"},{"column":"city","op":"eq","value":"Bremen"},{"column":"day","op":"gte","value":"2026-03-01"},{"column":"day","op":"lt","value":"2026-04-01"}]`; string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
}

func TestTargetsAreSuggested(t *testing.T) {
	cards := []Fields{
		{Card: "a", Columns: []frame.Column{{Name: "orders.placed_on", Kind: frame.Date}, {Name: "region", Kind: frame.Text}}},
		{Card: "b", Parameters: []query.Parameter{{Name: "from_date"}, {Name: "to_date"}, {Name: "region"}}, Columns: []frame.Column{{Name: "Region", Kind: frame.Text}}},
		{Card: "c", Columns: []frame.Column{{Name: "Placed On", Kind: frame.Time}, {Name: "region", Kind: frame.JSON}}},
	}
	for _, tt := range []struct {
		name string
		kind FilterKind
		want []Target
	}{
		{"placed_on", DateRange, []Target{{Card: "a", Column: "orders.placed_on"}, {Card: "b", Parameter: "from_date"}, {Card: "b", Parameter: "to_date"}, {Card: "c", Column: "Placed On"}}},
		{"region", List, []Target{{Card: "a", Column: "region"}, {Card: "b", Parameter: "region"}}},
		{"region", Number, []Target{{Card: "b", Parameter: "region"}}},
		{"colour", List, nil},
	} {
		if diff := cmp.Diff(tt.want, Suggest(tt.name, tt.kind, cards)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestDifferencesInWords(t *testing.T) {
	name := func(c *Card) string { return "“" + c.ID + "”" }
	a := *board()
	if got := Diff(a, *board(), name); len(got) > 0 {
		t.Errorf("the same differs: %v", got)
	}
	b := *board()
	b.Cards = []Card{b.Cards[0], {ID: "n", Kind: Text, Text: "x", W: 12, H: 2}}
	b.Cards[0].X, b.Cards[0].Y, b.Cards[0].W = 2, 1, 7
	b.Filters = b.Filters[:4]
	b.Filters[0].Default = ""
	b.Tabs = []Tab{{ID: "t", Name: "More"}}
	b.Refresh, b.Start = 60, true
	var got []string
	for _, c := range Diff(a, b, name) {
		got = append(got, c.Kind+": "+c.Text)
	}
	want := []string{"added: The tab “More” was added", "moved: “a” moved 2 columns right and 1 row down", "changed: “a” is 7 columns by 4 rows in place of 6 columns by 4 rows",
		"removed: “b” was removed", "added: “n” was added", "changed: The filter “When” begins with nothing in place of “this month”", "removed: The filter “Paid” was removed", "changed: The page asks anew every 60 seconds", "changed: It is shown on the first page"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
