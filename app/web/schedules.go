package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/report"
	"assay/app/saved"
	"assay/app/schedule"
	"assay/views"
)

// timed is what the pages of schedules and of alerts have in common.
type timed struct {
	works      *schedule.Works
	dashboards *dashboard.Store
	reports    *report.Store
	questions  *query.Store
	people     *account.Store
}

// schedules is the schedules, and the list of them and of alerts.
type schedules struct {
	timedPages[schedule.Body, *schedule.Body]
}

func newSchedules(x *timed) *schedules {
	return &schedules{timedPages[schedule.Body, *schedule.Body]{
		timed:   x,
		url:     "/schedules",
		store:   func(w *schedule.Works) *schedule.Schedules { return w.Schedules },
		thing:   thingOf,
		facts:   (*timedNames).versionFacts,
		earlier: (*schedule.Works).Restore,
	}}
}

func (x *schedules) routes(g *echo.Group) {
	g.GET("/schedules", may(account.Look, x.list))
	g.GET("/schedules/new", may(account.Save, x.new))
	g.GET("/schedules/times", may(account.Save, x.times))
	g.POST("/schedules", may(account.Save, x.create))
	g.GET("/schedules/:id", may(account.Look, x.show))
	g.GET("/schedules/:id/edit", may(account.Save, x.edit))
	g.POST("/schedules/:id", may(account.Save, x.update))
	x.timedPages.routes(g)
}

// thing is a schedule or an alert, as far as both are alike.
type thing struct {
	id, name, description, folder, owner string
	when                                 schedule.When
	alert                                bool
	to                                   []schedule.Target
}

func (t *thing) url() string {
	if t.alert {
		return "/alerts/" + t.id
	}
	return "/schedules/" + t.id
}

func thingOf(s *schedule.Schedule) thing {
	return thing{id: s.ID, name: s.Name, description: s.Description, folder: s.FolderID, owner: cmp.Or(s.Body.Owner, s.CreatedBy), when: s.Body.When, to: s.Body.To}
}

func alertThing(a *schedule.Alert) thing {
	return thing{id: a.ID, name: a.Name, description: a.Description, folder: a.FolderID, owner: cmp.Or(a.Body.Owner, a.CreatedBy), when: a.Body.When, to: a.Body.To, alert: true}
}

// shown are the ways to narrow the list.
var shown = []views.Choice{{Value: "all", Label: "All"}, {Value: "mine", Label: "Mine"}, {Value: "failing", Label: "Failing"}}

func (x *schedules) list(c echo.Context) error {
	ctx := c.Request().Context()
	find := saved.Find{Text: strings.TrimSpace(c.QueryParam("q")), For: person(c)}
	schedules, err := x.works.Schedules.List(ctx, find)
	if err != nil {
		return err
	}
	alerts, err := x.works.Alerts.List(ctx, find)
	if err != nil {
		return err
	}
	names, err := x.names(ctx, person(c))
	if err != nil {
		return err
	}
	var things []thing
	what := map[string]string{}
	for i := range schedules {
		t := thingOf(&schedules[i])
		things, what[t.id] = append(things, t), names.scheduleWords(&schedules[i].Body)
	}
	for i := range alerts {
		t := alertThing(&alerts[i])
		things, what[t.id] = append(things, t), names.alertWords(&alerts[i].Body)
	}
	slices.SortStableFunc(things, func(a, b thing) int { return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	show := c.QueryParam("show")
	if !slices.ContainsFunc(shown, func(one views.Choice) bool { return one.Value == show }) {
		show = "all"
	}
	page := views.Schedules{Chrome: chrome(c, "Schedules", "schedules"), Find: find.Text, Filter: show, CanSave: account.May(person(c), account.Save).Allowed,
		None: len(things) == 0 && find.Text == ""}
	for _, one := range shown {
		page.Filters = append(page.Filters, views.Link{Label: one.Label, URL: with("/schedules", c.QueryParams(), "show", one.Value), Current: one.Value == show})
	}
	standings, err := x.works.Standings(ctx)
	if err != nil {
		return err
	}
	last, err := x.works.Latest(ctx)
	if err != nil {
		return err
	}
	reader := readerZone(c)
	for i := range things {
		t := &things[i]
		at, run := standings[t.id], last[t.id]
		state := lastState(t, at, run, reader)
		if show == "mine" && t.owner != person(c).ID || show == "failing" && state.Tone != "bad" {
			continue
		}
		item := views.ScheduleItem{Name: t.name, URL: t.url(), Icon: "schedule", What: what[t.id], Goes: goes(t.when), Next: nextOf(t, at, reader), Last: state,
			Owner: cmp.Or(names.short[t.owner], "gone"), Folder: names.folder(t.folder), Paused: at.Paused}
		if t.alert {
			item.Icon = "alert"
		}
		page.Items = append(page.Items, item)
	}
	return respond(c, http.StatusOK, views.SchedulesPage(page))
}

func (x *schedules) show(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := x.get(c, account.Look)
	if err != nil {
		return err
	}
	names, err := x.names(ctx, person(c))
	if err != nil {
		return err
	}
	t := thingOf(s)
	at, err := x.works.Standing(ctx, s.ID)
	if err != nil {
		return err
	}
	page := views.Schedule{Chrome: chrome(c, s.Name, "schedules"), Name: s.Name, Lead: names.scheduleWords(&s.Body) + ".", URL: t.url(), Paused: at.Paused,
		CanSave: s.Check(person(c), account.Save) == nil, Note: s.Description, Warning: cmp.Or(at.Stopped, x.mailWarning(s.Body.To))}
	reader := readerZone(c)
	page.Facts = append(page.Facts, nextFact(&t, *at, reader))
	page.Facts = append(page.Facts, names.facts(s.Name, s.Description, s.FolderID, &s.Body, t.owner)...)
	if page.Runs, err = x.runList(c, &t, page.CanSave); err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.SchedulePage(page))
}

// nextFact tells when something runs next.
func nextFact(t *thing, at schedule.Standing, reader *time.Location) views.Fact {
	f := views.Fact{Name: "When", Lines: []views.Link{{Label: t.when.Words()}}}
	next := nextOf(t, at, reader)
	if next.At == "" {
		f.Lines = append(f.Lines, views.Link{Label: next.Text})
		return f
	}
	text := "next " + next.Text
	if next.Reader != "" {
		text += " (" + next.Reader + ")"
	}
	f.Lines = append(f.Lines, views.Link{Label: text})
	return f
}

// nextOf is when something runs next, or why it does not.
func nextOf(t *thing, at schedule.Standing, reader *time.Location) views.Moment {
	switch {
	case at.Stopped != "":
		return views.Moment{Text: "stopped"}
	case at.Paused:
		return views.Moment{Text: "not while it is paused"}
	}
	zone, err := time.LoadLocation(t.when.Zone)
	if err != nil {
		zone = time.UTC
	}
	next := t.when.Next(time.Now())
	if at.NextAt != nil && !at.NextAt.After(time.Now()) {
		return views.Moment{Text: "due now"}
	}
	if at.NextAt != nil {
		next = *at.NextAt
	}
	return momentIn(next, zone, reader)
}

// actions are the routes of what can be done to a schedule or alert; find
// returns the one that the path names, for somebody who may change it.
func (x *timed) actions(g *echo.Group, at string, find func(echo.Context) (thing, error)) {
	on := func(do func(c echo.Context, t *thing) (string, error)) echo.HandlerFunc {
		return may(account.Save, func(c echo.Context) error {
			t, err := find(c)
			if err != nil {
				return err
			}
			say, err := do(c, &t)
			if err != nil {
				return err
			}
			return done(c, t.url(), say)
		})
	}
	ctx := func(c echo.Context) context.Context { return c.Request().Context() }
	g.POST(at+"/run", on(func(c echo.Context, t *thing) (string, error) {
		_, err := x.works.RunNow(ctx(c), t.id, person(c))
		return "It runs now.", err
	}))
	g.POST(at+"/pause", on(func(c echo.Context, t *thing) (string, error) {
		return "It is paused, and runs only when told to.", x.works.Pause(ctx(c), t.id, person(c))
	}))
	g.POST(at+"/resume", on(func(c echo.Context, t *thing) (string, error) {
		return "It runs on time again.", x.works.Resume(ctx(c), t.id, person(c))
	}))
	g.POST(at+"/cancel/:run", on(func(c echo.Context, t *thing) (string, error) {
		if _, err := x.runOf(c, t, func(r *schedule.Run) bool { return r.ID == c.Param("run") }); err != nil {
			return "", err
		}
		return "The run is cancelled.", x.works.Cancel(ctx(c), c.Param("run"), person(c))
	}))
	g.POST(at+"/deliveries/:delivery", on(func(c echo.Context, t *thing) (string, error) {
		_, err := x.runOf(c, t, func(r *schedule.Run) bool {
			return slices.ContainsFunc(r.Deliveries, func(d schedule.Delivery) bool { return d.ID == c.Param("delivery") })
		})
		if err != nil {
			return "", err
		}
		return "It is sent again.", x.works.Redeliver(ctx(c), c.Param("delivery"), person(c))
	}))
}

// shownRuns is how many runs a page lists at first, mostRuns how many runs are looked at.
const (
	shownRuns = 15
	mostRuns  = 200
)

// runOf returns the run of a schedule or alert that fits.
func (x *timed) runOf(c echo.Context, t *thing, fits func(*schedule.Run) bool) (*schedule.Run, error) {
	list, err := x.works.Runs(c.Request().Context(), t.id, "", mostRuns)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if fits(&list[i]) {
			return &list[i], nil
		}
	}
	return nil, fault.New(fault.NotFound, "There is no such run of it any more")
}

func versionOf(c echo.Context, now int) int {
	if n, err := strconv.Atoi(c.FormValue("version")); err == nil {
		return n
	}
	return now
}
