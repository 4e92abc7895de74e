package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/report"
	"assay/app/saved"
	"assay/app/source"
	"assay/views"
)

// home is the first page: the dashboard that was chosen for it, or else what was
// saved lately, drawn; and below it what is recent.
type home struct {
	boards      *dashboards
	reports     *report.Store
	questions   *query.Store
	connections *source.Store
}

func (x *home) routes(g *echo.Group) {
	g.GET("/", may(account.Look, x.show))
	g.GET("/cards/:id", may(account.Look, x.card))
	g.POST("/cards/:id/cancel", may(account.Look, x.cancel))
}

const (
	shownCards  = 9 // questions that are drawn where no dashboard was chosen
	shownRecent = 8
)

func (x *home) show(c echo.Context) error {
	ctx := c.Request().Context()
	boards, err := x.boards.dashboards.List(ctx, dashboard.Find{For: person(c)})
	if err != nil {
		return err
	}
	asked, err := x.questions.List(ctx, query.Find{For: person(c)})
	if err != nil {
		return err
	}
	page := views.Home{Chrome: boardChrome(c, "Home")}
	page.Chrome.Active = "home"
	var b *board
	if d := starting(boards); d != nil {
		b = boardFor(person(c), locale(c), d, url.Values{})
		page.Chrome.Title, page.Chrome.Wide = d.Name, d.Body.Wide
		page.Start = startView(b, boards)
	} else if asked = latest(asked); len(asked) > 0 {
		d := drawn(asked[:min(len(asked), shownCards)])
		b = boardFor(person(c), locale(c), d, url.Values{})
		asked = asked[len(d.Body.Cards):] // the others are listed
	}
	if b != nil {
		b.atOnce = homeAtOnce
		board, err := x.boards.boardView(c, b, c.QueryParam("all") != "", &page.Chrome, "/")
		if err != nil {
			return err
		}
		page.Board = &board
	} else {
		list, err := x.connections.List(ctx)
		if err != nil {
			return err
		}
		page.NoConnections = len(query.Reachable(person(c), account.Look, list)) == 0
	}
	page.Recent, err = x.recent(ctx, person(c), boards, asked)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.HomePage(page))
}

// starting returns the dashboard that the first page shows, nil for none.
func starting(list []dashboard.Dashboard) *dashboard.Dashboard {
	if i := slices.IndexFunc(list, func(d dashboard.Dashboard) bool { return d.Body.Start }); i >= 0 {
		return &list[i]
	}
	return nil
}

// startView is what stands around the cards of the first page's dashboard; list
// has all dashboards, of which it is the first that is shown there.
func startView(b *board, list []dashboard.Dashboard) *views.Start {
	v := &views.Start{Name: b.Name, Description: b.Description, URL: "/dashboards/" + b.ID, Filtered: len(b.Body.Filters) > 0}
	for i, t := range b.Body.Tabs {
		other := *b
		other.tab = t.ID
		v.Tabs = append(v.Tabs, views.Link{Label: t.Name, URL: other.at(""), Current: i == 0})
	}
	if len(v.Tabs) == 1 {
		v.Tabs = nil
	}
	for _, f := range b.Body.Facts(b.values) {
		v.Facts = append(v.Facts, f.Name+": "+f.Text)
	}
	for _, d := range list {
		if d.Body.Start && d.ID != b.ID {
			v.Others = append(v.Others, views.Link{Label: d.Name, URL: "/dashboards/" + d.ID})
		}
	}
	return v
}

// latest orders questions by when they were saved, the newest first.
func latest(list []query.Question) []query.Question {
	slices.SortStableFunc(list, func(a, b query.Question) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	return list
}

// drawn is a dashboard of questions that nobody saved: figures first, then the
// others side by side.
func drawn(list []query.Question) *dashboard.Dashboard {
	d := new(dashboard.Dashboard)
	x, y, below := 0, 0, 0
	for _, figures := range []bool{true, false} {
		for i := range list {
			w, h := dashboard.DefaultSize(dashboard.Question, questionSettings(&list[i]).Kind)
			if figures != (w < dashboard.Columns/2) {
				continue
			}
			if x+w > dashboard.Columns {
				x, y = 0, below
			}
			d.Body.Cards = append(d.Body.Cards, dashboard.Card{ID: list[i].ID, Kind: dashboard.Question, Question: list[i].ID, X: x, Y: y, W: w, H: h})
			x, below = x+w, max(below, y+h)
		}
		x, y = 0, below
	}
	return d
}

// recent lists what was saved last, the newest first, without what the page shows already.
func (x *home) recent(ctx context.Context, p *account.Person, boards []dashboard.Dashboard, asked []query.Question) ([]views.RecentItem, error) {
	reports, err := x.reports.List(ctx, saved.Find{For: p})
	if err != nil {
		return nil, err
	}
	type item struct {
		views.RecentItem
		at time.Time
	}
	var all []item
	add := func(kind, id, name string, at time.Time) {
		all = append(all, item{views.RecentItem{Kind: kind, Name: name, URL: "/" + kind + "s/" + id, When: day(at)}, at})
	}
	for _, r := range reports {
		add("report", r.ID, r.Name, r.UpdatedAt)
	}
	for _, d := range boards {
		if !d.Body.Start {
			add("dashboard", d.ID, d.Name, d.UpdatedAt)
		}
	}
	for _, q := range asked {
		add("question", q.ID, q.Name, q.UpdatedAt)
	}
	slices.SortStableFunc(all, func(a, b item) int { return b.at.Compare(a.at) })
	var out []views.RecentItem
	for _, one := range all[:min(len(all), shownRecent)] {
		out = append(out, one.RecentItem)
	}
	return out, nil
}

// warm asks for a person's first page before they come.
func (x *home) warm(p *account.Person) {
	ctx := context.Background()
	boards, err := x.boards.dashboards.List(ctx, dashboard.Find{For: p})
	if err != nil {
		return
	}
	d := starting(boards)
	if d == nil {
		list, err := x.questions.List(ctx, query.Find{For: p})
		if err != nil {
			return
		}
		list = latest(list)
		d = drawn(list[:min(len(list), shownCards)])
	}
	b := boardFor(p, frame.MatchLocale("en"), d, url.Values{})
	cards := b.Body.On(b.tab)
	for _, card := range cards[:min(len(cards), boardAtOnce)] {
		x.boards.start(ctx, b, card)
	}
}

// single is the card of a question that the first page draws.
func (x *home) single(c echo.Context) (*board, *dashboard.Card, error) {
	q, err := x.questions.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return nil, nil, err
	}
	if err := q.Check(person(c), account.Look); err != nil {
		return nil, nil, err
	}
	b := boardFor(person(c), locale(c), drawn([]query.Question{*q}), c.QueryParams())
	return b, &b.Body.Cards[0], nil
}

func (x *home) card(c echo.Context) error {
	b, card, err := x.single(c)
	if err != nil {
		return err
	}
	return x.boards.one(c, b, card)
}

// cancel ends a card that is being asked.
func (x *home) cancel(c echo.Context) error {
	b, card, err := x.single(c)
	if err != nil {
		return err
	}
	if err := x.boards.jobs.stop(b.view.Person.ID, b.name(card.ID)); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return redirect(c, "/#card-"+card.ID)
}
