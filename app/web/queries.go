package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/fault"
	"assay/app/query"
	"assay/app/store"
	"assay/views"
)

// queries runs questions for pages: a quick one is answered at once, a slow one
// in a place of its own that the page looks at until it has ended. Nobody
// looking any more ends it.
type queries struct {
	runner *query.Runner

	mu   sync.Mutex
	jobs map[string]*job
}

const (
	patience  = 2 * time.Second  // how long a page waits before it shows progress
	abandoned = 20 * time.Second // how long nobody looks before a question is ended
	kept      = 5 * time.Minute  // how long an answer waits to be fetched
)

type job struct {
	id      string
	person  string
	back    string
	started time.Time
	cancel  context.CancelFunc
	done    chan struct{}
	seen    time.Time
	pane    func(*query.Result, error) views.Result
	result  *query.Result
	err     error
}

func (q *queries) routes(g *echo.Group) {
	g.GET("/queries/:id", q.show)
	g.GET("/queries/:id/result", q.fragment)
	g.POST("/queries/:id/cancel", q.cancel)
}

// holding is the address at which what a request asked is shown and not asked.
func holding(r *http.Request) string {
	v := r.URL.Query()
	if r.Method == http.MethodPost {
		v = r.PostForm
	}
	return with(r.URL.Path, v, "do", "", "run", "no")
}

// held reports whether an address is one at which nothing is asked.
func held(v url.Values) bool { return v.Get("run") == "no" }

// answer asks a question for a page; pane turns the answer into what is shown.
func (q *queries) answer(c echo.Context, req query.Request, pane func(*query.Result, error) views.Result) (views.Result, error) {
	if person(c) == nil {
		return views.Result{}, fault.New(fault.SignIn, "Sign in first")
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.Request().Context()))
	j := &job{id: store.NewID(), person: person(c).ID, back: holding(c.Request()), started: time.Now(), seen: time.Now(),
		cancel: cancel, done: make(chan struct{}), pane: pane}
	q.mu.Lock()
	if q.jobs == nil {
		q.jobs = map[string]*job{}
	}
	q.jobs[j.id] = j
	q.mu.Unlock()
	go func() {
		defer cancel()
		j.result, j.err = q.runner.Frame(ctx, req)
		close(j.done)
	}()
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case <-j.done:
		q.forget(j.id)
		return q.finished(j)
	case <-c.Request().Context().Done():
		cancel()
		q.forget(j.id)
		return views.Result{}, c.Request().Context().Err()
	case <-wait.C:
	}
	go q.watch(j)
	return q.pending(j), nil
}

// finished returns the pane of an ended question, or its fault where it is one of ours.
func (q *queries) finished(j *job) (views.Result, error) {
	if j.err != nil && !isContent(j.err) {
		return views.Result{}, j.err
	}
	return j.pane(j.result, j.err), nil
}

func (q *queries) pending(j *job) views.Result {
	base := "/queries/" + j.id
	return views.Result{Pending: &views.Pending{URL: base, Fragment: base + "/result", CancelURL: base + "/cancel",
		Elapsed: fmt.Sprintf("%d s", int(time.Since(j.started).Seconds()))}}
}

// watch ends a question that nobody looks at any more, and later forgets it.
func (q *queries) watch(j *job) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for running := true; running; {
		select {
		case <-j.done:
			running = false
		case <-tick.C:
			q.mu.Lock()
			idle := time.Since(j.seen)
			q.mu.Unlock()
			if idle > abandoned {
				j.cancel()
			}
		}
	}
	time.AfterFunc(kept, func() { q.forget(j.id) })
}

func (q *queries) forget(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.jobs, id)
}

func (q *queries) find(c echo.Context) (*job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j := q.jobs[c.Param("id")]
	if p := person(c); j == nil || p == nil || p.ID != j.person {
		return nil, fault.New(fault.NotFound, "This question has ended and its answer was fetched or has expired. Ask it again.")
	}
	j.seen = time.Now()
	return j, nil
}

// look returns the pane of a question, ended or not.
func (q *queries) look(c echo.Context) (views.Result, *job, error) {
	j, err := q.find(c)
	if err != nil {
		return views.Result{}, nil, err
	}
	select {
	case <-j.done:
		r, err := q.finished(j)
		return r, j, err
	case <-time.After(500 * time.Millisecond):
		return q.pending(j), j, nil
	}
}

func (q *queries) show(c echo.Context) error {
	r, j, err := q.look(c)
	if err != nil {
		return err
	}
	if r.Pending != nil {
		c.Response().Header().Set("Refresh", "2")
	}
	return respond(c, http.StatusOK, views.QueryPage(views.Query{Chrome: chrome(c, "Question", ""), Result: r, Back: j.back}))
}

func (q *queries) fragment(c echo.Context) error {
	r, _, err := q.look(c)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.ResultPane(r))
}

func (q *queries) cancel(c echo.Context) error {
	j, err := q.find(c)
	if err != nil {
		return err
	}
	j.cancel()
	return redirect(c, "/queries/"+j.id)
}
