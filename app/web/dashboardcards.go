package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/frame"
	"assay/views"
)

const (
	boardPatience = 800 * time.Millisecond // how long a page waits for its cards
	boardLong     = 5 * time.Second        // and one that shows them all
	boardFirst    = 2 * time.Second        // how long a card's own address waits at first
	boardNext     = time.Second            // and once it has told that it takes longer
	boardAtOnce   = 12                     // cards that are asked with the page
	homeAtOnce    = 8                      // and with the first page, which comes through a thin line
	boardLinks    = 400                    // cells of a card's table that lead further
	boardOld      = 2 * time.Second        // from when on cancelling is offered
)

// board is a dashboard as somebody looks at it now.
type board struct {
	*dashboard.Dashboard
	view     figure.View
	values   map[string]string
	problems map[string]string
	query    url.Values // how an address says the values
	tab      string
	full     bool
	fresh    bool
	atOnce   int // cards that are asked with the page; others once they are in sight
}

// board reads a dashboard and the values that the address gives it.
func (x *dashboards) board(c echo.Context, id string) (*board, error) {
	d, err := x.get(c, account.Look, id)
	if err != nil {
		return nil, err
	}
	return boardFor(person(c), locale(c), d, c.QueryParams()), nil
}

// boardFor is a dashboard as a person looks at it with the values that an address gives.
func boardFor(p *account.Person, l frame.Locale, d *dashboard.Dashboard, q url.Values) *board {
	b := &board{Dashboard: d, full: q.Get("full") != "", fresh: q.Get("fresh") != "", atOnce: boardAtOnce}
	b.values, b.problems = d.Body.Values(q, time.Now().UTC())
	b.query = d.Body.Address(b.values)
	if len(d.Body.Tabs) > 0 {
		b.tab = d.Body.Tabs[0].ID
		for _, t := range d.Body.Tabs {
			if t.ID == q.Get("tab") {
				b.tab = t.ID
			}
		}
	}
	b.view = figure.View{Person: p, Values: b.values, Locale: l}
	if b.fresh {
		b.view.MaxAge = -1
	}
	return b
}

// at is the address of the dashboard as it is looked at, with further parameters;
// one that is not saved stands on the first page.
func (b *board) at(suffix string, pairs ...string) string {
	v := url.Values{}
	for k, list := range b.query {
		v[k] = list
	}
	if b.tab != "" && b.tab != b.Body.Tabs[0].ID {
		v.Set("tab", b.tab)
	}
	if b.full {
		v.Set("full", "1")
	}
	if b.ID == "" {
		return with(cmp.Or(suffix, "/"), v, pairs...)
	}
	return with("/dashboards/"+b.ID+suffix, v, pairs...)
}

// name names what is asked for a card, whoever looks.
func (b *board) name(card string) string {
	return strings.Join([]string{b.ID, strconv.Itoa(b.Version), card, b.view.Locale.String(), b.query.Encode()}, " ")
}

func (x *dashboards) start(ctx context.Context, b *board, card *dashboard.Card) *boardJob {
	return x.jobs.start(ctx, b.view.Person.ID, b.name(card.ID), b.fresh, func(ctx context.Context) *dashboard.Made {
		return x.maker.Card(ctx, b.Dashboard, card, b.view)
	})
}

// cards fills in the cards of the tab: those that are there in time are in the
// page, the others are fetched from addresses of their own.
func (x *dashboards) cards(c echo.Context, b *board, all bool) (bands []views.BoardBand, later, lazy bool, err error) {
	cards := b.Body.On(b.tab)
	jobs := map[string]*boardJob{}
	asked := 0
	for _, card := range cards {
		if card.Kind == dashboard.Question || card.Kind == dashboard.Text || card.Kind == dashboard.Finding {
			if asked++; asked > b.atOnce && !all {
				lazy = true
				continue
			}
		}
		jobs[card.ID] = x.start(c.Request().Context(), b, card)
	}
	patience := boardPatience
	if all {
		patience = boardLong
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	late := false
	for _, card := range cards {
		j := jobs[card.ID]
		if j == nil || late {
			continue
		}
		select {
		case <-j.done:
		case <-wait.C:
			late = true
		case <-c.Request().Context().Done():
			return nil, false, false, c.Request().Context().Err()
		}
	}
	bottom := 0
	for _, band := range dashboard.Bands(cards) {
		top, v := band[0].Y, views.BoardBand{}
		for _, card := range band {
			top = min(top, card.Y)
		}
		if gap := top - bottom; gap > 0 {
			v.Gap = strconv.Itoa(min(gap, 8))
		}
		for _, card := range band {
			bottom = max(bottom, card.Y+card.H)
			one := x.cardView(c, b, card, jobs[card.ID])
			place(&one, card, top)
			later = later || one.Pending != nil
			v.Cards = append(v.Cards, one)
		}
		bands = append(bands, v)
	}
	return bands, later, lazy, nil
}

// place writes a card's place as the classes of the grid's style sheet count.
func place(v *views.BoardCard, card *dashboard.Card, top int) {
	v.X, v.Y, v.W, v.H = strconv.Itoa(card.X), strconv.Itoa(min(card.Y-top, 60)), strconv.Itoa(card.W), strconv.Itoa(card.H)
}

// top is the first row of the band in which a card stands.
func (b *board) top(card *dashboard.Card) int {
	for _, band := range dashboard.Bands(b.Body.On(card.Tab)) {
		if slices.Contains(band, card) {
			top := card.Y
			for _, one := range band {
				top = min(top, one.Y)
			}
			return top
		}
	}
	return card.Y
}

// cardView is a card as far as it is known: made, being made, or not asked yet.
func (x *dashboards) cardView(c echo.Context, b *board, card *dashboard.Card, j *boardJob) views.BoardCard {
	v := views.BoardCard{ID: card.ID, Kind: string(card.Kind), Title: card.Title}
	at := b.at("/cards/" + url.PathEscape(card.ID))
	if j == nil {
		v.Title, v.LazyURL = x.titleOf(c, card), at
		return v
	}
	select {
	case <-j.done:
	default:
		v.Title = x.titleOf(c, card)
		took := time.Since(j.started)
		v.Pending = &views.BoardPending{URL: at, CancelURL: b.at("/cards/" + url.PathEscape(card.ID) + "/cancel"), Elapsed: fmt.Sprintf("%d s", int(took.Seconds())), Slow: took >= boardOld}
		return v
	}
	x.madeView(c, b, card, j.made, &v)
	return v
}

// titleOf is what a card is called before it is made.
func (x *dashboards) titleOf(c echo.Context, card *dashboard.Card) string {
	if card.Title != "" || card.Kind != dashboard.Question {
		return card.Title
	}
	q, err := x.questions.Get(c.Request().Context(), card.Question)
	if err != nil || q.Check(person(c), account.Look) != nil {
		return "Card"
	}
	return q.Name
}

func (x *dashboards) madeView(c echo.Context, b *board, card *dashboard.Card, made *dashboard.Made, v *views.BoardCard) {
	a := made.Answer
	if a == nil {
		if v.Blocks = blocksView(made.Blocks); card.Kind == dashboard.Finding {
			v.Title = "" // stands in its text
		} else if card.Kind == dashboard.Text {
			v.Title = ""
		}
		return
	}
	v.Title, v.URL, v.Note, v.Notes, v.Caption = a.Title, a.URL, a.Note, a.Notes, a.Caption
	v.AgainURL = b.at("/cards/"+url.PathEscape(card.ID), "fresh", "1")
	v.Failure = failureView(a.Failure)
	if !a.At.IsZero() {
		v.Age, v.At = age(time.Since(a.At)), a.At.UTC().Format(time.RFC3339)
	}
	x.link(b, card, made)
	if a.Drawing != nil || a.Number != nil {
		if a.Drawing != nil && a.Result != nil {
			a.Drawing.OptionURL = made.Address(".option")
		}
		v.Chart = chartView(&a.Figure)
		v.Chart.Title, v.Chart.OptionURL = "", ""
		v.Chart.Number = numberView(a.Number, v.Title)
	}
	if a.Drawing == nil {
		v.Table = tableView(a.Table)
		if v.Chart != nil {
			v.Chart.Pivot = nil
		}
	}
	if made.Question == nil {
		return
	}
	v.Menu = append(v.Menu, views.Link{Label: "Open the question", URL: made.Address("")})
	if account.May(person(c), account.Ask, account.OnConnection(made.Question.ConnectionID)).Allowed && a.Err == nil {
		rows := made.Address("/rows")
		if b.ID != "" {
			rows = b.at("/cards/" + url.PathEscape(card.ID) + "/rows")
		}
		v.Menu = append(v.Menu, views.Link{Label: "See its rows", URL: rows})
	}
	if account.May(person(c), account.Save).Allowed {
		v.Menu = append(v.Menu, views.Link{Label: "Alert me", URL: "/alerts/new?question=" + made.Question.ID})
	}
	if b.ID != "" && b.Check(person(c), account.Save) == nil {
		v.Menu = append(v.Menu, views.Link{Label: "Arrange", URL: "/dashboards/" + b.ID + "/edit#edit-" + card.ID})
	}
	if a.Err == nil {
		v.Downloads = []views.Link{{Label: "CSV", URL: made.Address(".csv")}, {Label: "Excel", URL: made.Address(".xlsx")}}
		if a.Drawing != nil {
			v.Downloads = append(v.Downloads, views.Link{Label: "Drawing (SVG)", URL: made.Address(".svg")})
		}
		if b.ID != "" {
			v.MarksURL = b.at("/cards/" + url.PathEscape(card.ID) + "/only")
		}
	}
}

// link gives the cells of the card's table the addresses of what is behind them:
// words lead to the dashboard narrowed to them, numbers to their rows.
func (x *dashboards) link(b *board, card *dashboard.Card, made *dashboard.Made) {
	a := made.Answer
	t := a.Data
	if a.Drawing == nil {
		t = a.Table
	}
	if b.ID == "" || t == nil || made.Question == nil || len(t.Behind) != len(t.Rows) {
		return
	}
	asks := account.May(b.view.Person, account.Ask, account.OnConnection(made.Question.ConnectionID)).Allowed
	to := func(suffix string, marks []document.Mark, pairs ...string) string {
		for _, m := range marks {
			if m.Null {
				pairs = append(pairs, "mn."+m.Column, "1")
			} else if m.Value == "" {
				pairs = append(pairs, "me."+m.Column, "1") // with leaves nothing out that has a value
			} else {
				pairs = append(pairs, "m."+m.Column, m.Value)
			}
		}
		return b.at("/cards/"+url.PathEscape(card.ID)+suffix, pairs...)
	}
	// The same table may stand in another page that is being made.
	out := *t
	out.Rows = slices.Clone(t.Rows)
	links := 0
	for r, row := range t.Rows {
		if links += len(row); links > boardLinks || len(t.Behind[r]) == 0 {
			continue
		}
		row = slices.Clone(row)
		for i := range row {
			if row[i].Text == "" {
				continue // a link needs words
			}
			marks := t.Behind[r]
			if len(t.Over) > i {
				marks = append(slices.Clone(marks), t.Over[i]...)
			}
			switch {
			case !t.Columns[i].Numeric:
				own := marks
				if at := slices.IndexFunc(marks, func(m document.Mark) bool { return m.Column == t.Columns[i].Name }); at >= 0 {
					own = marks[at : at+1]
				} else if i > 0 || len(t.Over) == 0 {
					continue
				}
				if len(own) > 0 {
					row[i].URL = to("/only", own, "column", own[0].Column)
				}
			case asks:
				row[i].URL = to("/rows", marks)
			}
		}
		out.Rows[r] = row
	}
	if a.Drawing == nil {
		a.Table = &out
	} else {
		a.Data = &out
	}
}

// age says how long ago something was.
func age(d time.Duration) string {
	switch {
	case d < 45*time.Second:
		return "just now"
	case d < 90*time.Minute:
		return fmt.Sprintf("%d min ago", max(1, int(d.Round(time.Minute).Minutes())))
	case d < 36*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Round(time.Hour).Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

// card is one card by itself, for the page that it belongs to.
func (x *dashboards) card(c echo.Context) error {
	b, card, err := x.oneCard(c)
	if err != nil {
		return err
	}
	return x.one(c, b, card)
}

// one answers with a card as soon as it is made, or with how far it is.
func (x *dashboards) one(c echo.Context, b *board, card *dashboard.Card) error {
	j := x.start(c.Request().Context(), b, card)
	patience := boardFirst
	if time.Since(j.started) > boardFirst {
		patience = boardNext
	}
	select {
	case <-j.done:
	case <-time.After(patience):
	case <-c.Request().Context().Done():
		return c.Request().Context().Err()
	}
	b.fresh = false
	return x.respondCard(c, b, card, j)
}

func (x *dashboards) respondCard(c echo.Context, b *board, card *dashboard.Card, j *boardJob) error {
	v := x.cardView(c, b, card, j)
	place(&v, card, b.top(card))
	return respond(c, http.StatusOK, views.BoardCardArticle(v))
}

func (x *dashboards) oneCard(c echo.Context) (*board, *dashboard.Card, error) {
	b, err := x.board(c, c.Param("id"))
	if err != nil {
		return nil, nil, err
	}
	card := b.Body.Card(c.Param("card"))
	if card == nil {
		return nil, nil, fault.New(fault.NotFound, "There is no such card on this dashboard")
	}
	return b, card, nil
}

// cancel ends a card that is being asked, here and in the database.
func (x *dashboards) cancel(c echo.Context) error {
	b, card, err := x.oneCard(c)
	if err != nil {
		return err
	}
	if err := x.jobs.stop(b.view.Person.ID, b.name(card.ID)); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return redirect(c, b.at("")+"#card-"+card.ID)
}
