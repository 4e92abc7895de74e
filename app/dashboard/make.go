package dashboard

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"assay/app/account"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/query"
)

// Maker makes dashboards' cards and whole dashboards for paper.
type Maker struct {
	Figures   *figure.Maker
	Questions *query.Store
	// Now tells the time that filters such as "last 30 days" count from; nil for the clock's.
	Now func() time.Time
}

// Made is a card with what stands on it.
type Made struct {
	Card *Card
	// Blocks are what to show; a question's is one document.Figure.
	Blocks []document.Block
	// Answer is what a question answered, nil for other cards.
	Answer *figure.Answer
	// Question is the question that was asked, nil where none was or may be seen.
	Question *query.Question
	// Narrow and Parameters are what it was asked with.
	Narrow     []query.Filter
	Parameters map[string]string
}

const (
	usualAge  = 10 * time.Minute
	cardRows  = 100 // that a card's table lists
	atOnce    = 4   // cards of a document
	mostPaper = 50  // rows that a card's table lists on paper
)

// The grid's measures in CSS pixels on a screen 1440 wide: a column with the gap
// beside it, a row with the gap below it, and what a card has around its drawing.
const (
	columnStep, columnGap = 96, 24
	rowStep, rowGap       = 88, 16
	around, belowTitle    = 64, 26
)

// Size is that of a card's drawing; one for small screens is made where the
// card's own would be hard to read there.
func (c *Card) Size() figure.Size {
	s := figure.Size{Width: c.W*columnStep - columnGap, Height: max(120, c.H*rowStep-rowGap-around-belowTitle)}
	if s.Width > 480 {
		s.NarrowWidth, s.NarrowHeight = figure.Card.NarrowWidth, figure.Card.NarrowHeight
	}
	return s
}

func (m *Maker) now(zone string) time.Time {
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	if zone != "" {
		if l, err := time.LoadLocation(zone); err == nil {
			return now().In(l)
		}
	}
	return now().UTC()
}

// Card makes one card. What goes wrong is in its figure; there is always one.
func (m *Maker) Card(ctx context.Context, d *Dashboard, c *Card, v figure.View) *Made {
	made := &Made{Card: c}
	switch c.Kind {
	case Heading:
		level := 1
		if len(d.Body.Tabs) > 1 {
			level = 2
		}
		made.Blocks = []document.Block{document.Heading{Level: level, ID: "heading-" + c.ID, Text: []document.Inline{{Text: c.Text}}}}
	case Text, Finding:
		made.Blocks = m.text(ctx, d, c, v)
	default:
		made = m.question(ctx, d, c, v)
		made.Answer.ID = "card-" + c.ID
		made.Blocks = []document.Block{made.Answer.Figure}
	}
	return made
}

func (m *Maker) text(ctx context.Context, d *Dashboard, c *Card, v figure.View) (blocks []document.Block) {
	if c.Title != "" {
		blocks = append(blocks, document.Paragraph{Text: []document.Inline{{Text: c.Title, Strong: true}}})
	}
	src, err := document.Parse(c.Text)
	if src != nil {
		texts := &figure.Texts{Figures: m.Figures, Questions: m.Questions}
		v.Values = nil
		var told *figure.Told
		if told, err = texts.Make(ctx, figure.Text{Source: src, View: v, MaxAge: d.Body.age()}); err == nil {
			blocks = append(blocks, told.Blocks...)
		}
	}
	if err != nil {
		return []document.Block{document.Figure{ID: "card-" + c.ID, Title: c.Title, Failure: figure.Failure(err, "")}}
	}
	if c.Kind == Finding {
		blocks = []document.Block{document.Quote{Finding: true, Blocks: blocks}}
	}
	return blocks
}

// age is how old an answer may be that the dashboard shows.
func (b *Body) age() time.Duration {
	if b.MaxAge > 0 {
		return time.Duration(b.MaxAge) * time.Second
	}
	return usualAge
}

// Asked returns a card with the question that it asks and what it asks it with,
// or with an answer that says why it cannot be asked. Notes say what does not reach it.
func (m *Maker) Asked(ctx context.Context, d *Dashboard, c *Card, v figure.View) (made *Made, notes []string) {
	made = &Made{Card: c}
	fail := func(title, message, hint string, err error) (*Made, []string) {
		made.Answer = &figure.Answer{Err: err, Figure: document.Figure{Title: c.Title, Failure: &document.Failure{Title: title, Message: message, Hint: hint}}}
		if c.Title == "" {
			made.Answer.Title = title
		}
		return made, nil
	}
	q, err := m.Questions.Get(ctx, c.Question)
	if err == nil {
		err = q.Check(v.Person, account.Look)
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return fail("There is no such question", "The question that this card asks was removed.", "Choose another one for the card, or take the card away.", err)
	case fault.Is(err, fault.Denied):
		return fail("Not shown to you", "You may not see the question of this card.", "Whoever looks after this dashboard can give you the right.", err)
	case err != nil:
		return fail("This card could not be made", "Its question could not be read.", "Reload the page to try again.", err)
	}
	con, err := m.Figures.Connections.Get(ctx, q.ConnectionID)
	if err != nil {
		return fail("There is no such connection", "The connection that this card asks was removed.", "", err)
	}
	made.Question = q
	applied, err := d.Body.Apply(c, v.Values, m.now(con.Config.TimeZone))
	if err != nil {
		made.Answer = &figure.Answer{Err: err, Figure: document.Figure{Title: cmp.Or(c.Title, q.Name), Failure: figure.Failure(err, "")}}
		return made, nil
	}
	var without []string
	for _, f := range applied.Free {
		if m.has(ctx, v.Person, q, f.Column) {
			applied.Narrow = append(applied.Narrow, f)
		} else if !slices.Contains(without, f.Column) {
			without = append(without, f.Column)
			notes = append(notes, "Not narrowed by "+figure.Spoken(f.Column)+".")
		}
	}
	made.Narrow, made.Parameters = applied.Narrow, applied.Parameters
	return made, notes
}

func (m *Maker) question(ctx context.Context, d *Dashboard, c *Card, v figure.View) *Made {
	made, notes := m.Asked(ctx, d, c, v)
	if made.Answer != nil {
		return made
	}
	ask := figure.Ask{Person: v.Person, Question: made.Question, Parameters: made.Parameters, Narrow: made.Narrow, Title: c.Title, Locale: v.Locale,
		Size: c.Size(), Rows: cardRows, Zone: v.Zone, MaxAge: v.MaxAge, Anonymous: v.Anonymous}
	if ask.MaxAge == 0 {
		ask.MaxAge = d.Body.age()
	}
	if len(c.Chart) > 0 {
		settings := figure.Settings(c.Chart)
		ask.Settings = &settings
	}
	a := m.Figures.Make(ctx, ask)
	made.Answer = a
	if a.URL != "" {
		a.URL = v.Base + made.Address("")
	}
	a.Notes = append(a.Notes, notes...)
	if said := figure.Narrowed(nil, nil, made.Narrow); a.Result != nil && a.Result.Frame.Rows() == 0 && len(said) > 0 {
		a.Note = "No rows " + strings.Join(said, ", ") + ". Widen a filter or take it away."
	}
	return made
}

// has reports whether a question's rows have a column to be narrowed by.
func (m *Maker) has(ctx context.Context, p *account.Person, q *query.Question, column string) bool {
	if s := q.Body.Spec; s != nil {
		if slices.Contains(s.Names()[:len(s.Dimensions)], column) {
			return true
		}
		_, err := m.Figures.Runner.Compile(ctx, p, q.ConnectionID, &query.Spec{Table: s.Table, Question: s.Question, Joins: s.Joins, Columns: []string{column}})
		return err == nil
	}
	list, err := m.Figures.Runner.Describe(ctx, query.Request{Person: p, Saved: q, Parameters: q.Body.Parameters})
	if err != nil {
		return false
	}
	for _, c := range list {
		if strings.EqualFold(c.Name, column) {
			return true
		}
	}
	return false
}

// Address is where the card's question is asked as the card asks it; with a
// suffix such as ".csv" the file of its answer.
func (m *Made) Address(suffix string) string {
	if m.Question == nil {
		return ""
	}
	v := url.Values{}
	for name, value := range m.Parameters {
		v.Set("p."+name, value)
	}
	if len(m.Narrow) > 0 {
		body, _ := json.Marshal(m.Narrow)
		v.Set("narrow", string(body))
	}
	if len(m.Card.Chart) > 0 {
		v.Set("chart", string(m.Card.Chart))
	}
	to := "/questions/" + m.Question.ID + suffix
	if len(v) > 0 {
		to += "?" + v.Encode()
	}
	return to
}

// Document makes the whole dashboard as a document: its cards in reading order,
// row by row as they stand, tab by tab, several at a time.
func (m *Maker) Document(ctx context.Context, d *Dashboard, v figure.View) (*document.Document, error) {
	zone := v.Zone
	if zone == nil {
		zone = time.UTC
	}
	out := &document.Document{Title: d.Name, Subtitle: d.Description, Language: "en", At: m.now("").In(zone).Truncate(time.Second), Theme: "compact"}
	if d.ID != "" && !v.Anonymous {
		out.URL = v.Base + "/dashboards/" + d.ID
		if q := d.Body.Address(v.Values); len(q) > 0 {
			out.URL += "?" + q.Encode()
		}
	}
	out.Facts = append(d.Body.Facts(v.Values), document.Fact{Name: "As of", Text: out.At.Format("2006-01-02 15:04 MST")})
	made := m.all(ctx, d, v)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tabs := d.Body.Tabs
	if len(tabs) == 0 {
		tabs = []Tab{{}}
	}
	for i, t := range tabs {
		cards := d.Body.On(t.ID)
		if len(tabs) > 1 {
			if i > 0 && len(cards) > 0 {
				out.Blocks = append(out.Blocks, document.PageBreak{})
			}
			out.Blocks = append(out.Blocks, document.Heading{Level: 1, ID: "tab-" + t.ID, Text: []document.Inline{{Text: t.Name}}})
		}
		for _, band := range Bands(cards) {
			out.Blocks = append(out.Blocks, bandBlocks(band, made)...)
		}
	}
	return out, nil
}

// bandBlocks lays a band of cards out side by side, or as it is where one takes the whole width.
func bandBlocks(band []*Card, made map[string][]document.Block) []document.Block {
	groups := columns(band)
	if len(groups) == 1 {
		var list []document.Block
		for _, c := range groups[0] {
			list = append(list, made[c.ID]...)
		}
		if c := groups[0][0]; len(groups[0]) == 1 && c.W < 8 && c.Kind == Question {
			return []document.Block{document.Row{Cells: []document.Cell{{Span: c.W, Blocks: list}}}}
		}
		return list
	}
	var row document.Row
	for _, g := range groups {
		cell := document.Cell{}
		left, right := Columns, 0
		for _, c := range g {
			left, right = min(left, c.X), max(right, c.X+c.W)
			cell.Blocks = append(cell.Blocks, made[c.ID]...)
		}
		cell.Span = right - left
		row.Cells = append(row.Cells, cell)
	}
	return []document.Block{row}
}

// all makes every card, several at a time.
func (m *Maker) all(ctx context.Context, d *Dashboard, v figure.View) map[string][]document.Block {
	made := map[string][]document.Block{}
	var mu sync.Mutex
	var work sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, c := range d.Body.Reading() {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			one := m.Card(ctx, d, c, v)
			blocks := one.Blocks
			if one.Answer != nil {
				f := one.Answer.Figure
				if f.Table != nil && len(f.Table.Rows) > mostPaper {
					t := *f.Table
					t.Rows, t.Behind = t.Rows[:mostPaper], nil
					t.More = "The first rows are listed here; the page has more."
					f.Table = &t
				}
				blocks = []document.Block{f}
			}
			mu.Lock()
			defer mu.Unlock()
			made[c.ID] = blocks
		})
	}
	work.Wait()
	return made
}

// Facts say which filters and conditions the values set.
func (b *Body) Facts(values map[string]string) (list []document.Fact) {
	for i := range b.Filters {
		if f := &b.Filters[i]; values[f.ID] != "" {
			list = append(list, document.Fact{Name: f.Label, Text: f.Said(values[f.ID])})
		}
	}
	for _, c := range Conditions(values) {
		list = append(list, document.Fact{Name: figure.Spoken(c.Column), Text: c.Said()})
	}
	return list
}

// Said is the condition's value in words.
func (c Condition) Said() string {
	switch {
	case c.Null:
		return "no value"
	case c.Value == "":
		return "empty"
	}
	return c.Value
}
