package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/frame"
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
	shownCards   = 9
	cardPatience = 2500 * time.Millisecond // how long the page waits for a card
	cardLife     = 10 * time.Minute        // how long a card's drawing is shown before it is asked anew
	cardTimeout  = 30 * time.Second
)

// card is a drawn question, or one being drawn.
type card struct {
	done chan struct{}
	at   time.Time
	view views.Card
	// renewed says that a successor is being drawn.
	renewed bool
}

func (x *home) show(c echo.Context) error {
	ctx := c.Request().Context()
	page := views.Home{Chrome: chrome(c, "Home", "home")}
	connections, err := x.connections.List(ctx)
	if err != nil {
		return err
	}
	page.NoConnections = len(query.Reachable(person(c), account.Look, connections)) == 0
	list, err := x.questions.List(ctx, query.Find{For: person(c)})
	if err != nil {
		return err
	}
	page.More = max(0, len(list)-shownCards)
	list = latest(list, shownCards)
	cards := make([]*card, len(list))
	for i := range list {
		if cards[i], err = x.card(ctx, person(c), locale(c), &list[i]); err != nil {
			return err
		}
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
		view := pendingCard(&list[i])
		select {
		case <-one.done:
			view = one.view
		default:
		}
		if view.Chart != nil && view.Chart.Number != nil {
			page.Numbers = append(page.Numbers, view)
		} else {
			page.Cards = append(page.Cards, view)
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

// warm draws a person's first page before they come.
func (x *home) warm(p *account.Person) {
	list, err := x.questions.List(context.Background(), query.Find{For: p})
	if err != nil {
		return
	}
	list = latest(list, shownCards)
	for i := range list {
		if _, err := x.card(context.Background(), p, frame.MatchLocale("en"), &list[i]); err != nil {
			return
		}
	}
}

// card returns the drawing of a question under the rights of who asks: drawn
// lately, or being drawn. An old one is shown until its successor is drawn.
func (x *home) card(ctx context.Context, p *account.Person, l frame.Locale, q *query.Question) (*card, error) {
	sees, err := x.runner.View(ctx, p, q.ConnectionID)
	if err != nil {
		if !isContent(err) {
			return nil, err
		}
		// What they see is not known now, so nothing that was drawn before is shown.
		failed := &card{done: make(chan struct{}), view: views.Card{Title: q.Name, URL: "/questions/" + q.ID, Failure: (&presenter{locale: l}).failure(err)}}
		close(failed.done)
		return failed, nil
	}
	con, err := x.connections.Get(ctx, q.ConnectionID)
	if err != nil {
		return nil, err
	}
	key := q.ID + " " + strconv.Itoa(q.Version) + " " + sees + " " + l.String()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cards == nil {
		x.cards = map[string]*card{}
	}
	for k, old := range x.cards {
		if !old.at.IsZero() && time.Since(old.at) > cardLife*6 {
			delete(x.cards, k)
		}
	}
	old := x.cards[key]
	if old != nil && (old.renewed || old.at.IsZero() || time.Since(old.at) < cardLife) {
		return old, nil
	}
	one := &card{done: make(chan struct{})}
	if old == nil {
		x.cards[key] = one
	} else {
		old.renewed = true
	}
	draw := newPresenter(x.charts, l, con)
	draw.title, draw.settings, draw.spec, draw.card = q.Name, questionSettings(q), q.Body.Spec, true
	question := *q
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cardTimeout)
		defer cancel()
		view, good := x.draw(ctx, draw, p, &question)
		x.mu.Lock()
		one.view, one.at = view, time.Now()
		if good {
			x.cards[key] = one
		} else {
			delete(x.cards, key) // what failed is asked anew
		}
		x.mu.Unlock()
		close(one.done)
	}()
	if old != nil {
		return old, nil
	}
	return one, nil
}

// draw asks a question and draws its card; good says that the card may be shown for a while.
func (x *home) draw(ctx context.Context, draw *presenter, p *account.Person, q *query.Question) (v views.Card, good bool) {
	v = views.Card{Title: q.Name, URL: "/questions/" + q.ID}
	_, values, complete := parameterFields(q.Body.SQL, q.Body.Parameters, nil)
	if !complete && q.Body.Spec == nil {
		v.Note = "This question asks for values first."
		return v, true
	}
	r, err := x.runner.Frame(ctx, query.Request{Person: p, Saved: q, Parameters: values, Timeout: cardTimeout})
	if err != nil {
		v.Failure = draw.failure(err)
		return v, false
	}
	v.Caption = draw.source + " · as of " + time.Now().UTC().Format("2006-01-02 15:04 UTC")
	if r.Frame.Rows() == 0 {
		v.Note = "No rows."
		return v, true
	}
	if v.Chart, err = draw.draw(ctx, r.Frame); err != nil {
		v.Note = fault.MessageOf(err)
		return v, fault.Is(err, fault.Invalid)
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
		if n := v.Chart.Number; n != nil && strings.EqualFold(n.Label, v.Title) {
			n.Label = ""
		}
	}
	return v, true
}

func (x *home) fragment(c echo.Context) error {
	q, err := x.questions.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	if err := q.Check(person(c), account.Look); err != nil {
		return err
	}
	one, err := x.card(c.Request().Context(), person(c), locale(c), q)
	if err != nil {
		return err
	}
	select {
	case <-one.done:
		return respond(c, http.StatusOK, views.CardArticle(one.view))
	case <-time.After(cardPatience):
		return respond(c, http.StatusOK, views.CardArticle(pendingCard(q)))
	case <-c.Request().Context().Done():
		return c.Request().Context().Err()
	}
}
