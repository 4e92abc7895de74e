package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// home is the first page: what was saved lately, drawn. Each card has its own
// deadline and its own error; the page does not wait for the slow ones.
type home struct {
	questions   *query.Store
	connections *source.Store
	runner      *query.Runner
	charts      *chart.Drawer

	mu    sync.Mutex
	cards map[string]*card
}

func (x *home) routes(g *echo.Group) {
	g.GET("/", may(account.Look, x.show))
	g.GET("/cards/:id", may(account.Look, x.fragment))
}

const (
	shownCards   = 8
	cardPatience = 2500 * time.Millisecond // how long the page waits for a card
	cardLife     = 10 * time.Minute        // how long a card's drawing is shown before it is asked anew
	cardTimeout  = 30 * time.Second
)

// card is a drawn question, or one being drawn.
type card struct {
	done chan struct{}
	at   time.Time
	view views.Card
}

func (x *home) show(c echo.Context) error {
	ctx := c.Request().Context()
	page := views.Home{Chrome: chrome(c, "Home", "home")}
	connections, err := x.connections.List(ctx)
	if err != nil {
		return err
	}
	page.NoConnections = len(connections) == 0
	list, err := x.questions.List(ctx, query.Find{})
	if err != nil {
		return err
	}
	page.More = max(0, len(list)-shownCards)
	list = latest(list, shownCards)
	cards := make([]*card, len(list))
	for i := range list {
		cards[i] = x.card(c, &list[i])
	}
	wait := time.NewTimer(cardPatience)
	defer wait.Stop()
	late := false
	for i, one := range cards {
		if !late {
			select {
			case <-one.done:
			case <-wait.C:
				late = true
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		select {
		case <-one.done:
			page.Cards = append(page.Cards, one.view)
		default:
			page.Cards = append(page.Cards, pendingCard(&list[i]))
		}
	}
	return respond(c, http.StatusOK, views.HomePage(page))
}

// latest returns the n questions that were saved last, the newest first.
func latest(list []query.Question, n int) []query.Question {
	slices.SortStableFunc(list, func(a, b query.Question) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	return list[:min(n, len(list))]
}

func pendingCard(q *query.Question) views.Card {
	return views.Card{Title: q.Name, URL: "/questions/" + q.ID, Pending: "/cards/" + q.ID}
}

// card returns the drawing of a question under the rights of who asks, drawn
// lately or being drawn.
func (x *home) card(c echo.Context, q *query.Question) *card {
	p := person(c)
	key := q.ID + " " + strconv.Itoa(q.Version) + " " + string(p.Role) + " " + locale(c).String()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cards == nil {
		x.cards = map[string]*card{}
	}
	for k, old := range x.cards {
		if !old.at.IsZero() && time.Since(old.at) > cardLife {
			delete(x.cards, k)
		}
	}
	if one := x.cards[key]; one != nil {
		return one
	}
	one := &card{done: make(chan struct{})}
	x.cards[key] = one
	draw := &presenter{charts: x.charts, locale: locale(c), title: q.Name, settings: questionSettings(q), narrow: true}
	question := *q
	ctx := context.WithoutCancel(c.Request().Context())
	go func() {
		ctx, cancel := context.WithTimeout(ctx, cardTimeout)
		defer cancel()
		view := x.draw(ctx, draw, p, &question)
		x.mu.Lock()
		one.view, one.at = view, time.Now()
		if view.Failure != nil {
			delete(x.cards, key) // a failure is asked anew
		}
		x.mu.Unlock()
		close(one.done)
	}()
	return one
}

func (x *home) draw(ctx context.Context, draw *presenter, p *account.Person, q *query.Question) views.Card {
	v := views.Card{Title: q.Name, URL: "/questions/" + q.ID}
	_, values, complete := parameterFields(q.Body.SQL, q.Body.Parameters, nil)
	if !complete && q.Body.Spec == nil {
		v.Note = "This question asks for values first."
		return v
	}
	r, err := x.runner.Frame(ctx, query.Request{Person: p, Connection: q.ConnectionID, SQL: q.Body.SQL, Spec: q.Body.Spec, Saved: true, Parameters: values, Timeout: cardTimeout})
	if err != nil {
		v.Failure = draw.failure(err)
		return v
	}
	v.Caption = "as of " + time.Now().UTC().Format("2006-01-02 15:04 UTC")
	if r.Frame.Rows() == 0 {
		v.Note = "No rows."
		return v
	}
	if v.Chart, err = draw.draw(ctx, r.Frame); err != nil {
		v.Note = fault.MessageOf(err)
	}
	if v.Chart == nil && v.Note == "" {
		t := draw.rows(r.Frame)
		if len(t.Rows) > 8 {
			t.Rows, t.More = t.Rows[:8], ""
		}
		v.Table = t
	}
	if v.Chart != nil {
		v.Chart.Title, v.Chart.Subtitle = "", ""
	}
	return v
}

func (x *home) fragment(c echo.Context) error {
	q, err := x.questions.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	one := x.card(c, q)
	select {
	case <-one.done:
		return respond(c, http.StatusOK, views.CardArticle(one.view))
	case <-time.After(cardPatience):
		return respond(c, http.StatusOK, views.CardArticle(pendingCard(q)))
	case <-c.Request().Context().Done():
		return c.Request().Context().Err()
	}
}
