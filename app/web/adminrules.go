package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// adminRules is where row rules are written.
type adminRules struct {
	people      *account.Store
	connections *source.Store
	pools       *source.Pools
	rules       *query.Rules
}

func (x *adminRules) routes(g *echo.Group) {
	g.GET("/admin/rules", may(account.EditRights, x.list))
	g.GET("/admin/rules/new", may(account.EditRights, x.new))
	g.POST("/admin/rules", may(account.EditRights, x.create))
	g.GET("/admin/rules/:id", may(account.EditRights, x.edit))
	g.POST("/admin/rules/:id", may(account.EditRights, x.update))
	g.GET("/admin/rules/:id/delete", may(account.EditRights, x.askRemove))
	g.POST("/admin/rules/:id/delete", may(account.EditRights, x.remove))
}

func rulesURL(connection string) string {
	return "/admin/rules?connection=" + url.QueryEscape(connection)
}

// chosen offers the connections; the one of the address is chosen, or the only one there is.
func (x *adminRules) chosen(c echo.Context) (choices []views.Choice, con *source.Connection, err error) {
	list, err := x.connections.List(c.Request().Context())
	if err != nil {
		return nil, nil, err
	}
	id := c.QueryParam("connection")
	if id == "" && len(list) == 1 {
		id = list[0].ID
	}
	if i := slices.IndexFunc(list, func(c source.Connection) bool { return c.ID == id }); i >= 0 {
		con = &list[i]
	}
	choices = options(list, id, connectionOption)
	if id != "" && con == nil {
		return nil, nil, fault.New(fault.NotFound, "There is no such connection")
	}
	if con == nil && len(choices) > 0 {
		choices = append([]views.Choice{{Label: "Choose one", Selected: true}}, choices...)
	}
	return choices, con, nil
}

func (x *adminRules) list(c echo.Context) error {
	ctx := c.Request().Context()
	page := views.Rules{Chrome: adminChrome(c, "Row rules", "rules")}
	choices, con, err := x.chosen(c)
	if err != nil {
		return err
	}
	page.Connections = choices
	if con == nil {
		return respond(c, http.StatusOK, views.RulesPage(page))
	}
	page.Connection, page.NewURL = con.Name, "/admin/rules/new?connection="+con.ID
	rules, err := x.rules.List(ctx, con.ID)
	if err != nil {
		return err
	}
	who, err := newSubjects(ctx, x.people)
	if err != nil {
		return err
	}
	catalog, err := x.pools.Catalog(ctx, con.ID)
	if err != nil {
		page.Problem = "The database cannot be read now, so the tables of the rules were not looked for: " + failureText(err)
	}
	for i := range rules {
		r := &rules[i]
		name := join(r.Schema, r.Table)
		if n := len(page.Tables); n == 0 || page.Tables[n-1].Name != name {
			t := views.RuleTable{Name: name}
			if catalog != nil {
				_, there := tableOf(catalog, r)
				t.Gone = !there
			}
			page.Tables = append(page.Tables, t)
		}
		item := views.RuleItem{For: sentence(who.name(r.Subject())), Rows: sentence(rowWords(r.Body.Filter)), Hides: maskWords(r.Body.Masks), Note: r.Body.Note,
			URL: "/admin/rules/" + r.ID, DeleteURL: "/admin/rules/" + r.ID + "/delete"}
		t := &page.Tables[len(page.Tables)-1]
		t.Items = append(t.Items, item)
	}
	return respond(c, http.StatusOK, views.RulesPage(page))
}

// tableOf returns the table of a rule, as the rule spells it.
func tableOf(catalog *source.Catalog, r *query.Rule) (*source.Table, bool) {
	i := slices.IndexFunc(catalog.Tables, func(t source.Table) bool {
		return strings.EqualFold(t.Schema, r.Schema) && strings.EqualFold(t.Name, r.Table)
	})
	if i < 0 {
		return nil, false
	}
	return &catalog.Tables[i], true
}

// new asks for the connection and the table, then shows the form.
func (x *adminRules) new(c echo.Context) error {
	ctx := c.Request().Context()
	choices, con, err := x.chosen(c)
	if err != nil {
		return err
	}
	page := views.RuleStart{Chrome: adminChrome(c, "Write a rule", "rules"), Connections: choices}
	if con == nil {
		return respond(c, http.StatusOK, views.RuleStartPage(page))
	}
	page.Connection = con.ID
	catalog, err := x.pools.Catalog(ctx, con.ID)
	if err != nil {
		page.Problem = "The tables of " + con.Name + " cannot be told now: " + failureText(err)
		return respond(c, http.StatusOK, views.RuleStartPage(page))
	}
	if name := c.QueryParam("table"); name != "" {
		t, ok := catalog.Find(name)
		if !ok {
			return fault.New(fault.NotFound, "There is no table %s in %s. If it is new, read the connection's tables again.", name, con.Name)
		}
		r := &query.Rule{ConnectionID: con.ID, SubjectKind: account.Everyone, Schema: t.Schema, Table: t.Name}
		return x.form(c, http.StatusOK, newRuleDraft(r), nil)
	}
	rules, err := x.rules.List(ctx, con.ID)
	if err != nil {
		return err
	}
	for i := range catalog.Tables {
		t := &catalog.Tables[i]
		n := 0
		for j := range rules {
			if rules[j].Schema == t.Schema && rules[j].Table == t.Name {
				n++
			}
		}
		label := tableName(catalog, t)
		if n > 0 {
			label += " (has " + counted(n, "rule", "rules") + ")"
		}
		page.Tables = append(page.Tables, views.Choice{Value: join(t.Schema, t.Name), Label: label})
	}
	if len(page.Tables) == 0 {
		page.Problem = con.Name + " has no tables. If they are new, read the connection's tables again."
	}
	return respond(c, http.StatusOK, views.RuleStartPage(page))
}

func (x *adminRules) create(c echo.Context) error {
	r := &query.Rule{ConnectionID: c.FormValue("connection"), Schema: c.FormValue("schema"), Table: c.FormValue("table")}
	return x.take(c, r, func(ctx context.Context) error { return x.rules.Create(ctx, r, person(c).ID) })
}

func (x *adminRules) edit(c echo.Context) error {
	r, err := x.rules.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return x.form(c, http.StatusOK, newRuleDraft(r), nil)
}

func (x *adminRules) update(c echo.Context) error {
	r, err := x.rules.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return x.take(c, r, func(ctx context.Context) error { return x.rules.Update(ctx, r) })
}

// take does what the pressed button of the form says.
func (x *adminRules) take(c echo.Context, r *query.Rule, save func(context.Context) error) error {
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	do := form.Get("do")
	d := readRule(r, form, do)
	switch {
	case do == "add" || strings.HasPrefix(do, "remove-"):
		return x.form(c, http.StatusOK, d, nil)
	case len(d.problems) > 0:
		return x.form(c, http.StatusUnprocessableEntity, d, nil)
	case do == "try":
		return x.form(c, http.StatusOK, d, nil)
	}
	if err := save(c.Request().Context()); err != nil {
		status, ok := tellable(err)
		if !ok {
			return err
		}
		return x.form(c, status, d, err)
	}
	return done(c, rulesURL(r.ConnectionID), "The rule was saved. It holds for every question from now on.")
}

// askRemove says what deleting a rule means.
func (x *adminRules) askRemove(c echo.Context) error {
	ctx := c.Request().Context()
	r, err := x.rules.Get(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	all, err := x.rules.List(ctx, r.ConnectionID)
	if err != nil {
		return err
	}
	who, err := newSubjects(ctx, x.people)
	if err != nil {
		return err
	}
	others := 0
	for i := range all {
		if all[i].ID != r.ID && all[i].Schema == r.Schema && all[i].Table == r.Table {
			others++
		}
	}
	name := join(r.Schema, r.Table)
	page := views.Confirm{Chrome: adminChrome(c, "Delete a rule of "+name, "rules"), Path: []views.Link{{Label: "Row rules", URL: rulesURL(r.ConnectionID)}},
		Say:    "The rule for " + who.name(r.Subject()) + " says: " + ruleWords(&r.Body) + ".",
		Action: "/admin/rules/" + r.ID + "/delete", Label: "Delete the rule", Back: rulesURL(r.ConnectionID)}
	switch others {
	case 0:
		page.Effects = []string{"It is the last rule of " + name + ": everybody with a right to the connection sees all its rows and columns again."}
	default:
		page.Effects = []string{"The table keeps " + counted(others, "rule", "rules") + ".", "Whom only this rule covers sees nothing of the table any more."}
		if r.SubjectKind == account.Everyone && (r.Body.Filter != nil || len(r.Body.Masks) > 0) {
			page.Effects = append(page.Effects, "Whom another rule covers is no longer limited by this one and may see more.")
		}
	}
	return respond(c, http.StatusOK, views.ConfirmPage(page))
}

func (x *adminRules) remove(c echo.Context) error {
	ctx := c.Request().Context()
	r, err := x.rules.Get(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if err := x.rules.Delete(ctx, r.ID); err != nil {
		return err
	}
	return done(c, rulesURL(r.ConnectionID), "The rule was deleted.")
}
