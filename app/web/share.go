package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/report"
	"assay/app/share"
	"assay/views"
)

// sharing is where links are made, listed and ended.
type sharing struct {
	shares    *share.Store
	people    *account.Store
	reports   *report.Store
	snapshots *report.Snapshots
	config    Config
}

func (x *sharing) routes(g *echo.Group) {
	g.GET("/shares", may(account.Share, x.list))
	g.GET("/shares/:id", may(account.Share, x.show))
	g.POST("/shares/:id/revoke", may(account.Share, x.revoke))
	for _, kind := range share.Kinds {
		at := "/" + string(kind) + "s/:id/share"
		g.GET(at, may(account.Share, x.new(kind)))
		g.POST(at, may(account.Share, x.create(kind)))
	}
}

// shareLives are the lives of links to choose from, in days; the last but for administrators alone.
var shareLives = []int{1, 7, 30, 90, 365, 1825}

func livesOf(p *account.Person, chosen string) (list []views.Choice) {
	for _, days := range shareLives {
		if days > 366 && p.Role != account.Admin {
			continue
		}
		label := fmt.Sprintf("%d days", days)
		switch days {
		case 1:
			label = "1 day"
		case 365:
			label = "a year"
		case 1825:
			label = "five years"
		}
		list = append(list, views.Choice{Value: strconv.Itoa(days), Label: label, Selected: strconv.Itoa(days) == chosen})
	}
	return list
}

// sharePage is where what is shared stands in the product.
func sharePage(kind share.Kind, id string) string { return "/" + string(kind) + "s/" + id }

// form is the empty form of a link.
func (x *sharing) form(c echo.Context, kind share.Kind) (views.ShareForm, *share.Object, error) {
	id := c.Param("id")
	o, err := x.shares.Object(c.Request().Context(), kind, id, person(c))
	if err != nil {
		return views.ShareForm{}, nil, err
	}
	at := sharePage(kind, id)
	page := views.ShareForm{Chrome: chrome(c, "Share "+o.Name, string(kind)+"s"), Noun: string(kind), Name: o.Name, Back: at, Action: at + "/share",
		Lives: livesOf(person(c), "30")}
	for i, p := range o.Parameters {
		page.Parameters = append(page.Parameters, views.ShareParameter{ID: "v" + strconv.Itoa(i), Name: p.Name, Label: p.Label, Type: p.Type, Value: p.Value})
	}
	if kind == share.Report {
		if page.Snapshots, err = x.shots(c, id, c.FormValue("snapshot")); err != nil {
			return page, nil, err
		}
	}
	list, err := x.shares.List(c.Request().Context(), share.Find{Kind: kind, Object: id, For: person(c), Limit: mostLinks})
	if err != nil {
		return page, nil, err
	}
	page.Links, err = x.items(c.Request().Context(), list)
	return page, o, err
}

// shots are the frozen reports to choose from, after the live one.
func (x *sharing) shots(c echo.Context, id, chosen string) ([]views.Choice, error) {
	r, err := x.reports.Get(c.Request().Context(), id)
	if err != nil {
		return nil, err
	}
	list, err := x.snapshots.List(c.Request().Context(), r, person(c))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	choices := []views.Choice{{Label: "the report as it is whenever it is read"}}
	for _, s := range list {
		choices = append(choices, views.Choice{Value: s.ID, Label: "as it was frozen: " + s.Name, Selected: s.ID == chosen})
	}
	return choices, nil
}

// mostLinks is how many links a page lists.
const mostLinks = 50

func (x *sharing) new(kind share.Kind) echo.HandlerFunc {
	return func(c echo.Context) error {
		page, _, err := x.form(c, kind)
		if err != nil {
			return err
		}
		return respond(c, http.StatusOK, views.ShareFormPage(page))
	}
}

// read takes a link from the form.
func (x *sharing) read(c echo.Context, kind share.Kind, o *share.Object) (*share.Share, error) {
	form := c.Request().PostForm
	one := &share.Share{Kind: kind, ObjectID: c.Param("id"), Name: form.Get("name"), Settings: share.Settings{Fixed: map[string]string{}, Download: form.Get("download") != ""}}
	for _, p := range o.Parameters {
		if form.Get("free."+p.Name) != "" {
			one.Settings.Free = append(one.Settings.Free, p.Name)
		} else if values, sent := form["fixed."+p.Name]; sent {
			one.Settings.Fixed[p.Name] = values[0]
		}
	}
	if kind == share.Report {
		one.Settings.Snapshot = form.Get("snapshot")
	}
	one.Settings.Origins = strings.Fields(form.Get("origins"))
	days, err := strconv.Atoi(form.Get("days"))
	if err != nil || !slices.Contains(shareLives, days) {
		return one, fault.Field("expires_at", "Choose one of the lives")
	}
	one.ExpiresAt = time.Now().Add(time.Duration(days) * 24 * time.Hour)
	return one, nil
}

func (x *sharing) create(kind share.Kind) echo.HandlerFunc {
	return func(c echo.Context) error {
		page, o, err := x.form(c, kind)
		if err != nil {
			return err
		}
		one, err := x.read(c, kind, o)
		token := ""
		if err == nil {
			token, err = x.shares.Create(c.Request().Context(), one, c.Request().PostForm.Get("password"), person(c))
		}
		if err != nil {
			status, problem, fields, ok := told(err)
			if !ok {
				return err
			}
			page.Problem, page.Errors, page.Title, page.Download = problem, fields, one.Name, one.Settings.Download
			page.Origins, page.Lives = c.Request().PostForm.Get("origins"), livesOf(person(c), c.Request().PostForm.Get("days"))
			for i := range page.Parameters {
				p := &page.Parameters[i]
				p.Free = slices.Contains(one.Settings.Free, p.Name)
				if value, fixed := one.Settings.Fixed[p.Name]; fixed {
					p.Value = value
				}
			}
			return respond(c, status, views.ShareFormPage(page))
		}
		made := views.ShareMade{Chrome: chrome(c, "The link is made", string(kind)+"s"), Name: o.Name, Back: page.Back, URL: x.config.address(c) + "/r/" + token,
			Ends: day(one.ExpiresAt), Guarded: one.HasPassword, LogURL: "/shares/" + one.ID}
		if len(one.Settings.Origins) > 0 {
			made.Snippet = fmt.Sprintf(`<iframe src="%s/embed" title="%s" width="100%%" height="600" loading="lazy" referrerpolicy="no-referrer"></iframe>`, made.URL, attribute(o.Name))
		}
		return respond(c, http.StatusOK, views.ShareMadePage(made))
	}
}

// attribute spells a text as the value of an attribute in HTML that people copy.
func attribute(text string) string {
	return strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// item is a link in a list; state says how it stands, or that it is stopped and why.
func (x *sharing) item(ctx context.Context, one *share.Share, names map[string]string) (views.ShareItem, error) {
	v := views.ShareItem{Name: one.Name, URL: "/shares/" + one.ID, Object: string(one.Kind), State: one.State(time.Now()), Made: day(one.CreatedAt), Ends: day(one.ExpiresAt),
		Opened: strconv.Itoa(one.Opened), Guarded: one.HasPassword}
	name, known := names[one.CreatedBy]
	if !known {
		name = "Somebody"
		if p, err := x.people.Get(ctx, one.CreatedBy); err == nil {
			name = p.Name
		}
		names[one.CreatedBy] = name
	}
	v.By = name
	if v.State != "open" {
		return v, nil
	}
	v.Revoke = "/shares/" + one.ID + "/revoke"
	_, err := x.shares.Check(ctx, one)
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Denied, fault.SignIn:
		v.State, v.Why, err = "stopped", strings.TrimSuffix(fault.MessageOf(err), "."), nil
	}
	return v, err
}

func (x *sharing) items(ctx context.Context, list []share.Share) (items []views.ShareItem, err error) {
	names := map[string]string{}
	for i := range list {
		one, err := x.item(ctx, &list[i], names)
		if err != nil {
			return nil, err
		}
		items = append(items, one)
	}
	return items, nil
}

// list shows a person's own links, and an administrator everybody's.
func (x *sharing) list(c echo.Context) error {
	p := person(c)
	find := share.Find{After: c.QueryParam("after"), Limit: mostLinks, For: p}
	page := views.ShareList{Chrome: chrome(c, "Links", "shares"), All: p.Role == account.Admin}
	if !page.All {
		find.By = p.ID
	}
	list, err := x.shares.List(c.Request().Context(), find)
	if err != nil {
		return err
	}
	if page.Links, err = x.items(c.Request().Context(), list); err != nil {
		return err
	}
	if len(list) == mostLinks {
		page.More = with("/shares", nil, "after", list[len(list)-1].ID)
	}
	return respond(c, http.StatusOK, views.ShareListPage(page))
}

// shownVisits is how many visits a link's page lists.
const shownVisits = 200

// show tells how a link is set and who came with it.
func (x *sharing) show(c echo.Context) error {
	ctx := c.Request().Context()
	one, err := x.shares.Get(ctx, c.Param("id"), person(c))
	if err != nil {
		return err
	}
	item, err := x.item(ctx, one, map[string]string{})
	if err != nil {
		return err
	}
	visits, err := x.shares.Visits(ctx, one.ID, shownVisits)
	if err != nil {
		return err
	}
	page := views.ShareDetail{Chrome: chrome(c, one.Name, "shares"), Item: item, ObjectURL: sharePage(one.Kind, one.ObjectID), Settings: settingsOf(one)}
	for _, v := range visits {
		page.Visits = append(page.Visits, views.ShareVisit{When: v.At.UTC().Format("2006-01-02 15:04:05"), Address: v.Address, Agent: v.Agent, Outcome: v.Outcome})
	}
	return respond(c, http.StatusOK, views.ShareDetailPage(page))
}

// settingsOf tells how a link is set.
func settingsOf(s *share.Share) (list []views.ShareFact) {
	add := func(name, text string) {
		if text != "" {
			list = append(list, views.ShareFact{Name: name, Text: text})
		}
	}
	var fixed []string
	for name, value := range s.Settings.Fixed {
		fixed = append(fixed, name+" = "+value)
	}
	slices.Sort(fixed)
	add("Fixed", strings.Join(fixed, ", "))
	add("Visitors choose", strings.Join(s.Settings.Free, ", "))
	add("In frames of", strings.Join(s.Settings.Origins, ", "))
	add("Downloads", map[bool]string{true: "allowed", false: "not allowed"}[s.Settings.Download])
	if s.Settings.Snapshot != "" {
		add("Shows", "the report as it was frozen")
	}
	if s.RevokedAt != nil {
		add("Revoked", moment(*s.RevokedAt)+" UTC")
	}
	return list
}

func (x *sharing) revoke(c echo.Context) error {
	if err := x.shares.Revoke(c.Request().Context(), c.Param("id"), person(c)); err != nil {
		return err
	}
	return done(c, "/shares/"+c.Param("id"), "The link has ended.")
}
