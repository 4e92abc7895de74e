package web

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/saved"
	"assay/app/schedule"
	"assay/app/source"
	"assay/views"
)

// alerts is the alerts: made, watched and silenced.
type alerts struct {
	timedPages[schedule.AlertBody, *schedule.AlertBody]
	runner      *query.Runner
	connections *source.Store
	charts      *chart.Drawer
}

func newAlerts(x *timed, runner *query.Runner, connections *source.Store, charts *chart.Drawer) *alerts {
	pages := timedPages[schedule.AlertBody, *schedule.AlertBody]{
		timed:   x,
		url:     "/alerts",
		store:   func(w *schedule.Works) *schedule.Alerts { return w.Alerts },
		thing:   alertThing,
		facts:   (*timedNames).alertVersionFacts,
		earlier: (*schedule.Works).RestoreAlert,
	}
	return &alerts{timedPages: pages, runner: runner, connections: connections, charts: charts}
}

func (x *alerts) routes(g *echo.Group) {
	g.GET("/alerts", may(account.Look, func(c echo.Context) error { return redirect(c, "/schedules") }))
	g.GET("/alerts/new", may(account.Save, x.new))
	g.POST("/alerts/preview", may(account.Save, x.preview))
	g.POST("/alerts", may(account.Save, x.create))
	g.GET("/alerts/:id", may(account.Look, x.show))
	g.GET("/alerts/:id/edit", may(account.Save, x.edit))
	g.POST("/alerts/:id", may(account.Save, x.update))
	g.POST("/alerts/:id/silence", may(account.Save, x.silence))
	x.timedPages.routes(g)
}

var silences = []struct {
	hours int
	label string
}{{1, "1 hour"}, {4, "4 hours"}, {24, "1 day"}, {72, "3 days"}, {168, "1 week"}}

func (x *alerts) show(c echo.Context) error {
	ctx := c.Request().Context()
	a, err := x.get(c, account.Look)
	if err != nil {
		return err
	}
	names, err := x.names(ctx, person(c))
	if err != nil {
		return err
	}
	at, err := x.works.Standing(ctx, a.ID)
	if err != nil {
		return err
	}
	t, reader := alertThing(a), readerZone(c)
	page := views.Alert{Chrome: chrome(c, a.Name, "schedules"), Name: a.Name, URL: t.url(), Lead: names.alertWords(&a.Body) + ".", Paused: at.Paused, CanSave: a.Check(person(c), account.Save) == nil,
		Note: a.Description, Warning: cmp.Or(at.Stopped, x.mailWarning(a.Body.To)), SilenceURL: t.url() + "/silence", SpeakURL: t.url() + "/silence"}
	if page.Runs, err = x.runList(c, &t, page.CanSave); err != nil {
		return err
	}
	x.state(&page, at, reader)
	if names.questions[a.Body.Question] != "" && len(page.Runs.Items) > 0 {
		page.WhyURL = withValues("/questions/"+a.Body.Question, a.Body.Values)
	}
	for _, s := range silences {
		page.Silences = append(page.Silences, views.Choice{Value: strconv.Itoa(s.hours), Label: s.label})
	}
	page.Facts = append([]views.Fact{nextFact(&t, *at, reader)}, names.alertFacts(a, t.owner)...)
	return respond(c, http.StatusOK, views.AlertPage(page))
}

// state says how an alert stands.
func (x *alerts) state(page *views.Alert, at *schedule.Standing, reader *time.Location) {
	if at.SilentUntil != nil && at.SilentUntil.After(time.Now()) {
		page.Silent = spelled(at.SilentUntil.In(reader))
	}
	if len(page.Runs.Items) > 0 {
		page.Say = strings.TrimSuffix(page.Runs.Items[0].Say, ".") + "."
	}
	switch at.State {
	case "firing":
		page.State = views.State{Word: "Firing", Tone: "warn"}
		if since := at.Since(); !since.IsZero() {
			page.Since = "since " + ago(since, reader)
		}
	case "ok":
		page.State = views.State{Word: "Quiet", Tone: "ok"}
	default:
		page.State = views.State{Word: "Not looked yet"}
		if page.Say == "" {
			page.Say = "It has not looked at the figure yet."
		}
	}
}

// withValues is an address of a question asked with values.
func withValues(at string, values map[string]string) string {
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, "p."+name, value)
	}
	return with(at, nil, pairs...)
}

// alertFacts are what an alert says, for its page.
func (n *timedNames) alertFacts(a *schedule.Alert, owner string) []views.Fact {
	b := &a.Body
	what := views.Fact{Name: "Question", Lines: []views.Link{{Label: n.questions[b.Question], URL: "/questions/" + b.Question}}}
	if what.Lines[0].Label == "" {
		what.Lines[0] = views.Link{Label: "not for you to see, or gone"}
	}
	var clear, again string
	if b.Clear != nil {
		clear = "at " + spelledNumber(b.Clear)
		if b.Condition == "outside" {
			clear = spelledNumber(b.Clear) + " inside the bounds"
		}
	}
	if b.Again > 0 {
		again = "every " + counted(b.Again, "hour", "hours") + " while it lasts"
	}
	list := said(what, fact("Fires when", alertCondition(b)), fact("Ends", clear), fact("Reminds", again), n.recipients(b.To), fact("With", valueLines(b.Values)...), fact("Note", b.Note))
	if owner != "" {
		list = append(list, fact("Runs as", n.person(owner)))
	}
	return append(list, said(fact("Folder", n.folder(a.FolderID)))...)
}

func (x *alerts) silence(c echo.Context) error {
	a, err := x.get(c, account.Save)
	if err != nil {
		return err
	}
	hours, err := strconv.Atoi(c.FormValue("for"))
	if err != nil || hours < 0 || hours > 24*31 {
		return fault.Field("for", "Choose for how long it stays silent: an hour to a month")
	}
	until, say := time.Time{}, "It speaks again."
	if hours > 0 {
		until = time.Now().Add(time.Duration(hours) * time.Hour)
		say = "It goes on looking, and tells nobody until " + spelled(until.In(readerZone(c))) + "."
	}
	if err := x.works.Silence(c.Request().Context(), a.ID, until, person(c)); err != nil {
		return err
	}
	return done(c, "/alerts/"+a.ID, say)
}

// alertVersionFacts are what a version says, to be compared.
func (n *timedNames) alertVersionFacts(v *saved.Version[schedule.AlertBody]) []views.Fact {
	return append([]views.Fact{fact("Runs", v.Body.When.Words())}, n.alertFacts(&schedule.Alert{Body: v.Body}, "")...)
}
