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
	"assay/views"
)

// choices makes a list to pick from of values and their words.
func choices(now string, pairs ...string) (list []views.Choice) {
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, views.Choice{Value: pairs[i], Label: pairs[i+1], Selected: pairs[i] == now})
	}
	if !slices.ContainsFunc(list, func(c views.Choice) bool { return c.Selected }) && now != "" {
		list = append(list, views.Choice{Value: now, Label: now, Selected: true})
	}
	return list
}

func (x *dashboards) form(c echo.Context, d *dashboard.Dashboard) views.DashboardForm {
	page := views.DashboardForm{Name: d.Name, Description: d.Description, Folder: x.folder(c, d.FolderID), Folders: folders(c, x.questions), Wide: d.Body.Wide, Start: d.Body.Start}
	page.Refresh = choices(strconv.Itoa(d.Body.Refresh), "0", "never", "30", "every 30 seconds", "60", "every minute", "300", "every 5 minutes", "900", "every 15 minutes", "3600", "every hour")
	page.MaxAge = choices(strconv.Itoa(d.Body.MaxAge), "0", "10 minutes", "60", "1 minute", "300", "5 minutes", "3600", "1 hour", "14400", "4 hours", "86400", "1 day")
	return page
}

func (x *dashboards) new(c echo.Context) error {
	page := x.form(c, &dashboard.Dashboard{})
	page.Chrome, page.New, page.Action, page.Back, page.Question = boardChrome(c, "New dashboard"), true, "/dashboards", "/dashboards", c.QueryParam("question")
	return respond(c, http.StatusOK, views.DashboardFormPage(page))
}

func (x *dashboards) settings(c echo.Context) error {
	d, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	page := x.form(c, d)
	at := "/dashboards/" + d.ID
	page.Chrome, page.Action, page.Back, page.Version = boardChrome(c, "Name and settings of "+d.Name), at, at, strconv.Itoa(d.Version)
	return respond(c, http.StatusOK, views.DashboardFormPage(page))
}

// readName takes from the form what a dashboard is called and where it lies.
func (x *dashboards) readName(c echo.Context, d *dashboard.Dashboard) (err error) {
	d.Name, d.Description, d.FolderID = c.FormValue("name"), c.FormValue("description"), ""
	if name := strings.TrimSpace(c.FormValue("folder")); name != "" && strings.TrimSpace(d.Name) != "" {
		if d.FolderID, err = x.questions.EnsureFolder(c.Request().Context(), name); err != nil {
			return err
		}
		// A new folder is granted to everyone, which counts from now on.
		p, err := x.people.Active(c.Request().Context(), person(c).ID)
		if err != nil {
			return err
		}
		c.Set(personKey, p)
	}
	return nil
}

func (x *dashboards) create(c echo.Context) error {
	d := new(dashboard.Dashboard)
	err := x.readName(c, d)
	if q := c.FormValue("question"); q != "" && err == nil {
		err = x.addCard(c, d, q, "")
	}
	if err == nil {
		err = x.dashboards.Create(c.Request().Context(), d, person(c))
	}
	if err == nil && len(d.Body.Cards) > 0 {
		return redirect(c, "/dashboards/"+d.ID)
	} else if err == nil {
		return redirect(c, "/dashboards/"+d.ID+"/edit")
	}
	page := x.form(c, d)
	page.Chrome, page.New, page.Action, page.Back, page.Question = boardChrome(c, "New dashboard"), true, "/dashboards", "/dashboards", c.FormValue("question")
	return x.again(c, page, err)
}

// again shows the form with what is wrong with it.
func (x *dashboards) again(c echo.Context, page views.DashboardForm, err error) error {
	status, problem, fields, ok := told(err)
	if !ok || fault.Is(err, fault.Denied) {
		return err
	}
	page.Problem, page.Errors, page.Folder = problem, fields, c.FormValue("folder")
	for field, message := range fields {
		if !slices.Contains([]string{"name", "folder", "description", "refresh", "max_age"}, field) {
			page.Problem = message
		}
	}
	return respond(c, status, views.DashboardFormPage(page))
}

// update saves the dashboard's name and settings.
func (x *dashboards) update(c echo.Context) error {
	d, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	at, was := "/dashboards/"+d.ID, d.Name
	if n, err := strconv.Atoi(c.FormValue("version")); err == nil {
		d.Version = n
	}
	number := func(name string, to *int) {
		if n, err := strconv.Atoi(c.FormValue(name)); err == nil {
			*to = n
		}
	}
	number("refresh", &d.Body.Refresh)
	number("max_age", &d.Body.MaxAge)
	d.Body.Wide, d.Body.Start = c.FormValue("wide") != "", c.FormValue("start") != ""
	err = x.readName(c, d)
	if err == nil {
		err = x.dashboards.Update(c.Request().Context(), d, person(c))
	}
	if err != nil {
		page := x.form(c, d)
		page.Chrome, page.Action, page.Back, page.Version = boardChrome(c, "Name and settings of "+was), at, at, c.FormValue("version")
		return x.again(c, page, err)
	}
	return redirect(c, at)
}

// add asks on which dashboard a question is put.
func (x *dashboards) add(c echo.Context) error {
	q, err := x.questions.Get(c.Request().Context(), c.QueryParam("question"))
	if err != nil {
		return err
	}
	if err := q.Check(person(c), account.Look); err != nil {
		return err
	}
	list, err := x.dashboards.List(c.Request().Context(), dashboard.Find{For: person(c)})
	if err != nil {
		return err
	}
	page := views.DashboardAdd{Chrome: boardChrome(c, "Add to a dashboard"), Question: q.ID, Name: q.Name}
	for _, d := range list {
		if d.Check(person(c), account.Save) == nil {
			page.Dashboards = append(page.Dashboards, views.Choice{Value: d.ID, Label: d.Name})
		}
	}
	return respond(c, http.StatusOK, views.DashboardAddPage(page))
}

// put adds a question to a dashboard.
func (x *dashboards) put(c echo.Context) error {
	d, err := x.get(c, account.Save, c.FormValue("dashboard"))
	if err != nil {
		return err
	}
	if err := x.addCard(c, d, c.FormValue("question"), ""); err != nil {
		return err
	}
	if err := x.dashboards.Update(c.Request().Context(), d, person(c)); err != nil {
		return err
	}
	card := d.Body.Cards[len(d.Body.Cards)-1]
	to := "/dashboards/" + d.ID
	if card.Tab != "" {
		to += "?tab=" + url.QueryEscape(card.Tab)
	}
	if err := flash(c, "The question is on this dashboard now. Arrange moves it."); err != nil {
		return err
	}
	return redirect(c, to+"#card-"+card.ID)
}

// addCard puts a question below the cards of a tab.
func (x *dashboards) addCard(c echo.Context, d *dashboard.Dashboard, question, tab string) error {
	q, err := x.questions.Get(c.Request().Context(), question)
	if err != nil {
		return fault.Field("question", "There is no such question")
	}
	if err := q.Check(person(c), account.Look); err != nil {
		return err
	}
	if tab == "" && len(d.Body.Tabs) > 0 {
		tab = d.Body.Tabs[0].ID
	}
	w, h := dashboard.DefaultSize(dashboard.Question, questionSettings(q).Kind)
	d.Body.Add(dashboard.Card{Kind: dashboard.Question, Question: q.ID, Tab: tab, W: w, H: h})
	return d.Body.Check()
}
