package web

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/schedule"
	"assay/app/source"
	"assay/views"
)

// alerts is the alerts: made, watched and silenced.
type alerts struct {
	*timed
	runner      *query.Runner
	connections *source.Store
	charts      *chart.Drawer
}

func (x *alerts) routes(g *echo.Group) {
	g.GET("/alerts", may(account.Look, func(c echo.Context) error { return redirect(c, "/schedules") }))
	g.GET("/alerts/new", may(account.Save, x.new))
	g.POST("/alerts/preview", may(account.Save, x.preview))
	g.POST("/alerts", may(account.Save, x.create))
	g.GET("/alerts/:id", may(account.Look, x.show))
	g.GET("/alerts/:id/runs", may(account.Look, x.runs))
	g.GET("/alerts/:id/edit", may(account.Save, x.edit))
	g.POST("/alerts/:id", may(account.Save, x.update))
	g.POST("/alerts/:id/silence", may(account.Save, x.silence))
	g.GET("/alerts/:id/versions", may(account.Look, x.versions))
	g.POST("/alerts/:id/restore", may(account.Save, x.restore))
	g.GET("/alerts/:id/delete", may(account.Save, x.askRemove))
	g.POST("/alerts/:id/delete", may(account.Save, x.remove))
	x.actions(g, "/alerts/:id", x.owned)
}

// get returns an alert to which the person may do the action.
func (x *alerts) get(c echo.Context, action account.Action) (*schedule.Alert, error) {
	a, err := x.works.Alerts.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return a, a.Check(person(c), action)
}

func (x *alerts) owned(c echo.Context) (thing, error) {
	a, err := x.get(c, account.Save)
	if err != nil {
		return thing{}, err
	}
	return alertThing(a), nil
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

func (x *alerts) runs(c echo.Context) error {
	a, err := x.get(c, account.Look)
	if err != nil {
		return err
	}
	t := alertThing(a)
	list, err := x.runList(c, &t, a.Check(person(c), account.Save) == nil)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.RunList(list))
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

func (x *alerts) askRemove(c echo.Context) error {
	a, err := x.get(c, account.Save)
	if err != nil {
		return err
	}
	t := alertThing(a)
	return x.confirm(c, &t)
}

func (x *alerts) remove(c echo.Context) error {
	a, err := x.get(c, account.Save)
	if err != nil {
		return err
	}
	if err := x.works.Alerts.Delete(c.Request().Context(), a.ID, person(c)); err != nil {
		return err
	}
	return done(c, "/schedules", a.Name+" was deleted.")
}

func (x *alerts) versions(c echo.Context) error {
	ctx := c.Request().Context()
	a, err := x.get(c, account.Look)
	if err != nil {
		return err
	}
	list, err := x.works.Alerts.Versions(ctx, a.ID)
	if err != nil {
		return err
	}
	names, err := x.names(ctx, person(c))
	if err != nil {
		return err
	}
	page := views.Versions{Chrome: chrome(c, "Versions of "+a.Name, "schedules"), Path: []views.Link{{Label: "Schedules", URL: "/schedules"}, {Label: a.Name, URL: "/alerts/" + a.ID}},
		URL: "/alerts/" + a.ID, CanSave: a.Check(person(c), account.Save) == nil}
	facts := func(at int) []views.Fact {
		if at >= len(list) {
			return nil
		}
		v := list[at]
		return append([]views.Fact{fact("Name", v.Name), fact("Description", v.Description), fact("Runs", v.Body.When.Words())}, names.alertFacts(&schedule.Alert{Body: v.Body}, "")...)
	}
	for i, v := range list {
		page.Items = append(page.Items, views.VersionFacts{Number: strconv.Itoa(v.Version), Name: v.Name, By: x.who(c, v.SavedBy), At: moment(v.SavedAt) + " UTC", Current: v.Version == a.Version,
			First: i == len(list)-1, Changes: factChanges(facts(i+1), facts(i))})
	}
	return respond(c, http.StatusOK, views.VersionsPage(page))
}

func (x *alerts) restore(c echo.Context) error {
	a, err := x.get(c, account.Save)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimSpace(c.FormValue("version")))
	if err != nil {
		return fault.Field("version", "Choose a version")
	}
	if _, err := x.works.RestoreAlert(c.Request().Context(), a.ID, n, person(c)); err != nil {
		return err
	}
	return done(c, "/alerts/"+a.ID, fmt.Sprintf("Version %d is the newest again, and runs as you.", n))
}
