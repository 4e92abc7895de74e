package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/saved"
	"assay/app/schedule"
	"assay/views"
)

// timedPages are the pages that are the same for schedules and for alerts.
type timedPages[B any, P interface {
	*B
	saved.Body
}] struct {
	*timed
	url   string // of all of them
	store func(*schedule.Works) *saved.Store[B, P]
	thing func(*saved.Item[B]) thing
	// facts are what a version says, to be compared.
	facts func(*timedNames, *saved.Version[B]) []views.Fact
	// earlier saves an earlier version anew.
	earlier func(w *schedule.Works, ctx context.Context, id string, version int, by *account.Person) (*saved.Item[B], error)
}

func (x *timedPages[B, P]) routes(g *echo.Group) {
	one := x.url + "/:id"
	g.GET(one+"/runs", may(account.Look, x.runs))
	g.GET(one+"/versions", may(account.Look, x.versions))
	g.POST(one+"/restore", may(account.Save, x.restore))
	g.GET(one+"/delete", may(account.Save, x.askRemove))
	g.POST(one+"/delete", may(account.Save, x.remove))
	x.actions(g, one, x.owned)
}

// get returns the one that the path names, to which the person may do the action.
func (x *timedPages[B, P]) get(c echo.Context, action account.Action) (*saved.Item[B], error) {
	i, err := x.store(x.works).Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return i, i.Check(person(c), action)
}

// owned returns what a page is about, for somebody who may change it.
func (x *timedPages[B, P]) owned(c echo.Context) (thing, error) {
	i, err := x.get(c, account.Save)
	if err != nil {
		return thing{}, err
	}
	return x.thing(i), nil
}

func (x *timedPages[B, P]) runs(c echo.Context) error {
	i, err := x.get(c, account.Look)
	if err != nil {
		return err
	}
	t := x.thing(i)
	list, err := x.runList(c, &t, i.Check(person(c), account.Save) == nil)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.RunList(list))
}

// askRemove asks before one is removed.
func (x *timedPages[B, P]) askRemove(c echo.Context) error {
	t, err := x.owned(c)
	if err != nil {
		return err
	}
	noun := "schedule"
	if t.alert {
		noun = "alert"
	}
	return respond(c, http.StatusOK, views.ConfirmPage(views.Confirm{Chrome: chrome(c, "Delete "+t.name, "schedules"),
		Path: []views.Link{{Label: "Schedules", URL: "/schedules"}, {Label: t.name, URL: t.url()}}, Say: "The " + noun + " goes with its versions and the history of its runs.",
		Effects: []string{"Nobody gets anything of it any more. Pause it instead to keep it for later."}, Action: t.url() + "/delete", Label: "Delete the " + noun, Back: t.url()}))
}

func (x *timedPages[B, P]) remove(c echo.Context) error {
	i, err := x.get(c, account.Save)
	if err != nil {
		return err
	}
	if err := x.store(x.works).Delete(c.Request().Context(), i.ID, person(c)); err != nil {
		return err
	}
	return done(c, "/schedules", i.Name+" was deleted.")
}

func (x *timedPages[B, P]) versions(c echo.Context) error {
	ctx := c.Request().Context()
	now, err := x.get(c, account.Look)
	if err != nil {
		return err
	}
	list, err := x.store(x.works).Versions(ctx, now.ID)
	if err != nil {
		return err
	}
	names, err := x.names(ctx, person(c))
	if err != nil {
		return err
	}
	at := x.url + "/" + now.ID
	page := views.Versions{Chrome: chrome(c, "Versions of "+now.Name, "schedules"), Path: []views.Link{{Label: "Schedules", URL: "/schedules"}, {Label: now.Name, URL: at}},
		URL: at, CanSave: now.Check(person(c), account.Save) == nil}
	facts := func(at int) []views.Fact {
		if at >= len(list) {
			return nil
		}
		return append([]views.Fact{fact("Name", list[at].Name), fact("Description", list[at].Description)}, x.facts(names, &list[at])...)
	}
	for i, v := range list {
		page.Items = append(page.Items, views.VersionFacts{Number: strconv.Itoa(v.Version), Name: v.Name, By: x.who(c, v.SavedBy), At: moment(v.SavedAt) + " UTC", Current: v.Version == now.Version,
			First: i == len(list)-1, Changes: factChanges(facts(i+1), facts(i))})
	}
	return respond(c, http.StatusOK, views.VersionsPage(page))
}

func (x *timedPages[B, P]) restore(c echo.Context) error {
	t, err := x.owned(c)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimSpace(c.FormValue("version")))
	if err != nil {
		return fault.Field("version", "Choose a version")
	}
	if _, err := x.earlier(x.works, c.Request().Context(), t.id, n, person(c)); err != nil {
		return err
	}
	return done(c, t.url(), fmt.Sprintf("Version %d is the newest again, and runs as you.", n))
}
