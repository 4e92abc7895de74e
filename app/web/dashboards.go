package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// dashboards is questions arranged to be read together.
type dashboards struct {
	dashboards  *dashboard.Store
	maker       *dashboard.Maker
	questions   *query.Store
	connections *source.Store
	rules       *query.Rules
	people      *account.Store
	runner      *query.Runner
	queries     *queries
	pdf         writePDF
	base        string
	jobs        boardJobs
}

func (x *dashboards) routes(g *echo.Group) {
	g.GET("/dashboards", may(account.Look, x.list))
	g.GET("/dashboards/new", may(account.Save, x.new))
	g.POST("/dashboards", may(account.Save, x.create))
	g.GET("/dashboards/add", may(account.Save, x.add))
	g.POST("/dashboards/add", may(account.Save, x.put))
	g.GET("/dashboards/:id", may(account.Look, x.show))
	g.GET("/dashboards/:id/print", may(account.Look, x.print))
	g.GET("/dashboards/:id/cards/:card", may(account.Look, x.card))
	g.POST("/dashboards/:id/cards/:card/cancel", may(account.Look, x.cancel))
	g.GET("/dashboards/:id/cards/:card/only", may(account.Look, x.only))
	g.GET("/dashboards/:id/cards/:card/rows", may(account.Ask, x.rows))
	g.GET("/dashboards/:id/values/:filter", may(account.Look, x.values))
	g.GET("/dashboards/:id/edit", may(account.Save, x.edit))
	g.POST("/dashboards/:id/edit", may(account.Save, x.arrange))
	g.GET("/dashboards/:id/settings", may(account.Save, x.settings))
	g.POST("/dashboards/:id", may(account.Save, x.update))
	g.POST("/dashboards/:id/delete", may(account.Save, x.remove))
	g.GET("/dashboards/:id/filters", may(account.Save, x.filters))
	g.GET("/dashboards/:id/filters/:filter", may(account.Save, x.filter))
	g.POST("/dashboards/:id/filters/:filter", may(account.Save, x.saveFilter))
	g.GET("/dashboards/:id/versions", may(account.Look, x.versions))
	g.POST("/dashboards/:id/restore", may(account.Save, x.restore))
}

// boardChrome is what every page of dashboards shows around its content.
func boardChrome(c echo.Context, title string) views.Chrome {
	v := chrome(c, title, "dashboards")
	v.Sheet = "css/dashboard.css"
	return v
}

// get returns a dashboard to which the person may do the action.
func (x *dashboards) get(c echo.Context, action account.Action, id string) (*dashboard.Dashboard, error) {
	d, err := x.dashboards.Get(c.Request().Context(), id)
	if err != nil {
		return nil, err
	}
	return d, d.Check(person(c), action)
}

func (x *dashboards) list(c echo.Context) error {
	ctx := c.Request().Context()
	list, err := x.dashboards.List(ctx, dashboard.Find{Text: c.QueryParam("q"), For: person(c)})
	if err != nil {
		return err
	}
	folderList, err := x.questions.Folders(ctx)
	if err != nil {
		return err
	}
	page := views.Dashboards{Chrome: boardChrome(c, "Dashboards"), Find: c.QueryParam("q"), Total: len(list), CanMake: account.May(person(c), account.Save).Allowed}
	add := func(name, id string) {
		f := views.QuestionFolder{Name: name}
		for _, d := range list {
			if d.FolderID == id {
				n := strconv.Itoa(len(d.Body.Cards)) + " cards"
				if len(d.Body.Cards) == 1 {
					n = "1 card"
				}
				f.Items = append(f.Items, views.QuestionItem{Name: d.Name, Description: d.Description, URL: "/dashboards/" + d.ID, Meta: n + ", changed " + day(d.UpdatedAt)})
			}
		}
		if len(f.Items) > 0 {
			page.Folders = append(page.Folders, f)
		}
	}
	for _, f := range folderList {
		add(f.Name, f.ID)
	}
	add("No folder", "")
	return respond(c, http.StatusOK, views.DashboardsPage(page))
}

// show answers a dashboard at its address, and with a suffix its file.
func (x *dashboards) show(c echo.Context) error {
	if id, ok := strings.CutSuffix(c.Param("id"), ".pdf"); ok {
		return x.file(c, id)
	}
	b, err := x.board(c, c.Param("id"))
	if err != nil {
		return err
	}
	page := views.Dashboard{Chrome: boardChrome(c, b.Name), ID: b.ID, Name: b.Name, Description: b.Description, Folder: x.folder(c, b.FolderID),
		Full: b.full, Tab: b.tab, Actions: x.actions(c, b)}
	page.Chrome.Wide, page.Chrome.Full = b.Body.Wide || b.full, b.full
	for _, t := range b.Body.Tabs {
		other := *b
		other.tab = t.ID
		page.Tabs = append(page.Tabs, views.Link{Label: t.Name, URL: other.at(""), Current: t.ID == b.tab})
	}
	if len(page.Tabs) == 1 {
		page.Tabs = nil
	}
	page.ResetURL = b.reset()
	controls := make(chan []views.DashboardFilter, 1)
	go func() { controls <- x.filterViews(c, b) }()
	page.Board, err = x.boardView(c, b, c.QueryParam("all") != "", &page.Chrome, b.at(""))
	if page.Filters = <-controls; err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.DashboardPage(page))
}

// actions are what the person may do with the dashboard.
func (x *dashboards) actions(c echo.Context, b *board) views.Actions {
	at := "/dashboards/" + b.ID
	a := views.Actions{FreshURL: b.at("", "fresh", "1"), Screen: true, First: []views.Link{{Label: "Hide the navigation", URL: b.at("", "full", "1")}},
		PrintURL: with(at+"/print", b.query), VersionsURL: at + "/versions"}
	if b.full {
		a.First = []views.Link{{Label: "Show the navigation", URL: b.at("", "full", "")}}
	}
	if x.pdf != nil {
		a.PDFURL = with(at+".pdf", b.query)
	}
	if account.May(person(c), account.Save).Allowed {
		a.ScheduleURL = "/schedules/new?dashboard=" + b.ID
	}
	if b.Check(person(c), account.Save) == nil {
		a.EditURL, a.RemoveURL, a.RemoveAsk = at+"/edit", at+"/delete", "Remove this dashboard and all its versions? Its questions stay."
		a.Further = []views.Link{{Label: "Filters", URL: at + "/filters"}, {Label: "Name and settings", URL: at + "/settings"}}
		if account.May(person(c), account.Share).Allowed {
			a.ShareURL = at + "/share"
		}
	}
	return a
}

// boardView is the cards of a dashboard with what narrows them, all of them or
// those that stand first. Where the page has to come again, at an address, for
// readers without scripts, its chrome says so.
func (x *dashboards) boardView(c echo.Context, b *board, all bool, chrome *views.Chrome, again string) (v views.Board, err error) {
	fresh := b.fresh
	bands, later, lazy, err := x.cards(c, b, all)
	if err != nil {
		return v, err
	}
	b.fresh = false
	v = views.Board{URL: b.at(""), Bands: bands, Empty: len(b.Body.Cards) == 0, Chips: b.chips()}
	if b.ID != "" && b.Check(person(c), account.Save) == nil {
		v.EditURL = "/dashboards/" + b.ID + "/edit"
	}
	if lazy {
		v.AllURL = b.at("", "all", "1")
	}
	if b.Body.Refresh > 0 {
		v.Every = strconv.Itoa(b.Body.Refresh)
		chrome.Again, chrome.AgainURL = v.Every, again
	}
	if later || fresh {
		// Without a script the page comes back for what was not there yet.
		chrome.Again, chrome.AgainURL = "3", again
		if all {
			chrome.AgainURL = b.at("", "all", "1")
		}
	}
	for _, f := range b.Body.Filters {
		if p := b.problems[f.ID]; p != "" {
			v.Problems = append(v.Problems, f.Label+": "+p)
		}
	}
	return v, nil
}

// reset is the address of the dashboard with the filters as they begin.
func (b *board) reset() string {
	v := url.Values{}
	if b.tab != "" && b.tab != b.Body.Tabs[0].ID {
		v.Set("tab", b.tab)
	}
	if b.full {
		v.Set("full", "1")
	}
	return with("/dashboards/"+b.ID, v)
}

// chips are the conditions that no filter has.
func (b *board) chips() (list []views.BoardChip) {
	for _, one := range dashboard.Conditions(b.values) {
		list = append(list, views.BoardChip{Label: figure.Spoken(one.Column), Value: one.Said(), RemoveURL: b.at("", one.Key, "")})
	}
	return list
}

func (x *dashboards) folder(c echo.Context, id string) string {
	list, err := x.questions.Folders(c.Request().Context())
	if err != nil {
		return ""
	}
	if i := slices.IndexFunc(list, func(f query.Folder) bool { return f.ID == id }); i >= 0 {
		return list[i].Name
	}
	return ""
}

// print is the whole dashboard, for paper.
func (x *dashboards) print(c echo.Context) error {
	b, err := x.board(c, c.Param("id"))
	if err != nil {
		return err
	}
	b.view.Base = online(c, x.base)
	d, err := x.maker.Document(c.Request().Context(), b.Dashboard, b.view)
	if err != nil {
		return err
	}
	page := views.Print{Document: documentView(d), Back: b.at(""), Running: runningURL(d.Title)}
	if x.pdf != nil {
		page.PDF = with("/dashboards/"+b.ID+".pdf", b.query)
	}
	return respond(c, http.StatusOK, views.PrintPage(page))
}

// file is the whole dashboard as PDF.
func (x *dashboards) file(c echo.Context, id string) error {
	if x.pdf == nil {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	b, err := x.board(c, id)
	if err != nil {
		return err
	}
	b.view.Base = online(c, x.base)
	d, err := x.maker.Document(c.Request().Context(), b.Dashboard, b.view)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return x.pdf.send(c, d)
}

func (x *dashboards) remove(c echo.Context) error {
	if err := x.dashboards.Delete(c.Request().Context(), c.Param("id"), person(c)); err != nil {
		return err
	}
	return done(c, "/dashboards", "The dashboard is removed.")
}

// who returns a person's name, or a neutral word where the person is gone.
func (x *dashboards) who(c echo.Context, id string) string {
	p, err := x.people.Get(c.Request().Context(), id)
	if err != nil {
		return "Assay"
	}
	return p.Name
}

// name is what people call a card.
func (x *dashboards) name(c echo.Context) func(*dashboard.Card) string {
	known := map[string]string{}
	return func(card *dashboard.Card) string {
		switch {
		case card.Title != "":
			return "“" + card.Title + "”"
		case card.Kind == dashboard.Heading:
			return "The heading “" + card.Text + "”"
		case card.Kind != dashboard.Question:
			return "The " + string(card.Kind) + " “" + firstWords(card.Text) + "”"
		}
		if known[card.Question] == "" {
			known[card.Question] = x.titleOf(c, card)
		}
		return "“" + known[card.Question] + "”"
	}
}

// firstWords are the first words of a text in Markdown, without its signs.
func firstWords(text string) string {
	text = strings.Join(strings.Fields(strings.NewReplacer("*", "", "#", "", "`", "", "_", " ").Replace(text)), " ")
	if r := []rune(text); len(r) > 40 {
		return strings.TrimSpace(string(r[:40])) + "…"
	}
	return text
}

func (x *dashboards) versions(c echo.Context) error {
	d, err := x.get(c, account.Look, c.Param("id"))
	if err != nil {
		return err
	}
	list, err := x.dashboards.Versions(c.Request().Context(), d.ID)
	if err != nil {
		return err
	}
	page := views.DashboardVersions{Chrome: boardChrome(c, "Versions of "+d.Name), ID: d.ID, Name: d.Name, CanSave: d.Check(person(c), account.Save) == nil}
	name := x.name(c)
	for i, v := range list {
		one := views.DashboardVersion{Version: strconv.Itoa(v.Version), When: moment(v.SavedAt) + " UTC", By: x.who(c, v.SavedBy), Current: v.Version == d.Version, First: i == len(list)-1}
		if !one.First {
			before := list[i+1]
			if before.Name != v.Name {
				one.Changes = append(one.Changes, views.ChangeWord{Kind: "changed", Text: "It is called “" + v.Name + "” in place of “" + before.Name + "”"})
			}
			if before.Description != v.Description {
				one.Changes = append(one.Changes, views.ChangeWord{Kind: "changed", Text: "The description changed"})
			}
			one.Changes = append(one.Changes, changeWords(dashboard.Diff(before.Body, v.Body, name))...)
		}
		page.Items = append(page.Items, one)
	}
	return respond(c, http.StatusOK, views.DashboardVersionsPage(page))
}

func changeWords(list []dashboard.Change) (out []views.ChangeWord) {
	for _, one := range list {
		out = append(out, views.ChangeWord(one))
	}
	return out
}

func (x *dashboards) restore(c echo.Context) error {
	n, err := strconv.Atoi(c.FormValue("version"))
	if err != nil {
		return fault.Field("version", "Choose a version")
	}
	if _, err := x.dashboards.Restore(c.Request().Context(), c.Param("id"), n, person(c)); err != nil {
		return err
	}
	return done(c, "/dashboards/"+c.Param("id"), "Version "+strconv.Itoa(n)+" is the newest again.")
}
