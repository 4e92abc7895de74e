package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// adminAccess is where rights to connections, schemas and folders are given and taken back.
type adminAccess struct {
	people      *account.Store
	connections *source.Store
	questions   *query.Store
	pools       *source.Pools
	rules       *query.Rules
}

func (x *adminAccess) routes(g *echo.Group) {
	g.GET("/admin/access", may(account.EditRights, x.list))
	g.GET("/admin/access/explain", may(account.EditRights, x.explain))
	g.GET("/admin/access/connections/:id", may(account.EditRights, x.showConnection))
	g.POST("/admin/access/connections/:id", may(account.EditRights, x.giveConnection))
	g.POST("/admin/access/connections/:id/grants/:grant/delete", may(account.EditRights, x.takeConnection))
	g.GET("/admin/access/folders/:id", may(account.EditRights, x.showFolder))
	g.POST("/admin/access/folders/:id", may(account.EditRights, x.giveFolder))
	g.POST("/admin/access/folders/:id/grants/:grant/delete", may(account.EditRights, x.takeFolder))
}

func (x *adminAccess) list(c echo.Context) error {
	ctx := c.Request().Context()
	where, err := newPlaces(ctx, x.connections, x.questions)
	if err != nil {
		return err
	}
	who, err := newSubjects(ctx, x.people)
	if err != nil {
		return err
	}
	grants, err := x.people.AllGrants(ctx)
	if err != nil {
		return err
	}
	item := func(o account.Object, name, url string) views.AccessItem {
		one := views.AccessItem{Name: name, URL: url}
		schemas := map[string]bool{}
		for i := range grants {
			g := &grants[i]
			if g.ObjectKind == account.KindSchema && o.Kind == account.KindConnection && g.ObjectID == o.ID {
				schemas[g.Schema] = true
			}
			if g.Object() == o {
				one.Grants = append(one.Grants, who.item(person(c), g, ""))
			}
		}
		everyoneFirst(one.Grants)
		if len(schemas) > 0 {
			one.Schemas = "Of " + counted(len(schemas), "schema", "schemas") + ", granted one by one."
		}
		return one
	}
	page := views.Access{Chrome: adminChrome(c, "Access", "access")}
	for _, con := range where.connections {
		page.Connections = append(page.Connections, item(account.OnConnection(con.ID), con.Name, accessURL(con.ID)))
	}
	page.Folders = append(page.Folders, item(account.InFolder(""), where.folder(""), folderURL("")))
	for _, f := range where.folders {
		page.Folders = append(page.Folders, item(account.InFolder(f.ID), f.Name, folderURL(f.ID)))
	}
	return respond(c, http.StatusOK, views.AccessPage(page))
}

// item is a grant as a list shows it; at is the address of its object.
func (s subjects) item(p *account.Person, g *account.Grant, at string) views.GrantItem {
	name := s.name(g.Subject())
	return views.GrantItem{Kind: string(g.SubjectKind), Who: sentence(name), WhoURL: s.url(p, g.Subject()), Level: levelWords[g.Level], TakeURL: at + "/grants/" + g.ID + "/delete"}
}

// everyoneFirst sorts grants by whom they are to: everyone, groups, then people.
func everyoneFirst(list []views.GrantItem) {
	rank := map[account.SubjectKind]int{account.Everyone: 0, account.ToGroup: 1, account.ToPerson: 2}
	slices.SortStableFunc(list, func(a, b views.GrantItem) int {
		return cmp.Or(cmp.Compare(rank[account.SubjectKind(a.Kind)], rank[account.SubjectKind(b.Kind)]), cmp.Compare(a.Who, b.Who))
	})
}

func (x *adminAccess) showConnection(c echo.Context) error {
	return x.connection(c, http.StatusOK, "", nil)
}

// connection shows who has what of a connection; err is what kept the form that
// at names from being carried out.
func (x *adminAccess) connection(c echo.Context, status int, at string, err error) error {
	ctx := c.Request().Context()
	con, wrong := x.connections.Get(ctx, c.Param("id"))
	if wrong != nil {
		return wrong
	}
	page, wrong := x.detail(c, account.OnConnection(con.ID), accessURL(con.ID), at, err)
	if wrong != nil {
		return wrong
	}
	page.Chrome.Title, page.RulesURL = con.Name, rulesURL(con.ID)
	page.ExplainURL = "/admin/access/explain?connection=" + con.ID
	page.Lead = "Who reaches this connection. New ones are granted to everyone."
	x.schemas(ctx, con.ID, &page)
	return respond(c, status, views.AccessDetailPage(page))
}

// schemas offers the schemas of a connection's catalog and marks those that are gone.
func (x *adminAccess) schemas(ctx context.Context, connection string, page *views.AccessDetail) {
	catalog, err := x.pools.Catalog(ctx, connection)
	if err != nil {
		page.Unread = "The schemas of this database cannot be told now: " + failureText(err)
		return
	}
	names := schemaNames(catalog)
	for _, name := range names {
		page.Offered = append(page.Offered, views.Choice{Value: name, Label: name})
	}
	for i := range page.Schemas {
		page.Schemas[i].Gone = !slices.Contains(names, page.Schemas[i].Name)
	}
}

func schemaNames(catalog *source.Catalog) (names []string) {
	for _, t := range catalog.Tables {
		if t.Schema != "" {
			names = append(names, t.Schema)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// failureText says what went wrong with a database, for the middle of a page.
func failureText(err error) string {
	if f := source.AsFailure(err); f != nil {
		return strings.TrimSuffix(f.Message, ".") + "."
	}
	return strings.TrimSuffix(fault.MessageOf(err), ".") + "."
}

// detail is what the pages of connections and folders have in common.
func (x *adminAccess) detail(c echo.Context, o account.Object, url, at string, err error) (page views.AccessDetail, _ error) {
	ctx := c.Request().Context()
	page = views.AccessDetail{Chrome: adminChrome(c, "", "access"), Kind: o.Kind, Action: url, At: at}
	if err != nil {
		if _, page.Problem, page.Errors, _ = told(err); page.Problem == "" && page.Errors["subject"] == "" && page.Errors["level"] == "" && page.Errors["schema"] == "" {
			page.Problem = fault.MessageOf(err)
		}
	}
	grants, err := x.people.Grants(ctx, o)
	if err != nil {
		return page, err
	}
	who, err := newSubjects(ctx, x.people)
	if err != nil {
		return page, err
	}
	for i := range grants {
		g := &grants[i]
		item := who.item(person(c), g, url)
		if g.ObjectKind != account.KindSchema {
			page.Grants = append(page.Grants, item)
			continue
		}
		if n := len(page.Schemas); n == 0 || page.Schemas[n-1].Name != g.Schema {
			page.Schemas = append(page.Schemas, views.SchemaGrants{Name: g.Schema})
		}
		last := &page.Schemas[len(page.Schemas)-1]
		last.Grants = append(last.Grants, item)
	}
	everyoneFirst(page.Grants)
	for i := range page.Schemas {
		everyoneFirst(page.Schemas[i].Grants)
	}
	page.Subjects = who.choices(readSubject(cmp.Or(c.FormValue("subject"), "everyone")))
	page.Levels = options(account.Levels[o.Kind], c.FormValue("level"), func(l *account.Level) (value, label string) { return string(*l), levelWords[*l] })
	return page, nil
}

func (x *adminAccess) giveConnection(c echo.Context) error {
	o, level, at := account.OnConnection(c.Param("id")), account.Level(c.FormValue("level")), "level"
	if schema := c.FormValue("schema"); schema != "" {
		o, level, at = account.OnSchema(c.Param("id"), schema), account.Read, "schema"
	}
	return x.give(c, o, level, accessURL(c.Param("id")), func(status int, err error) error { return x.connection(c, status, at, err) })
}

func (x *adminAccess) give(c echo.Context, o account.Object, level account.Level, back string, tell func(int, error) error) error {
	if err := account.MayGive(person(c), level.Actions()...); err != nil {
		return err
	}
	if _, err := x.people.SetGrant(c.Request().Context(), readSubject(c.FormValue("subject")), o, level); err != nil {
		status, ok := tellable(err)
		if !ok {
			return err
		}
		return tell(status, err)
	}
	return redirect(c, back)
}

// take takes back a grant, if it is one of the object that the page is about.
func (x *adminAccess) take(c echo.Context, of func(account.Object) bool, back string) error {
	ctx := c.Request().Context()
	g, err := x.people.OneGrant(ctx, c.Param("grant"))
	if err == nil && of(g.Object()) {
		err = x.people.DeleteGrant(ctx, g.ID)
	}
	if err != nil && !fault.Is(err, fault.NotFound) { // taken back already: a button pressed twice
		return err
	}
	return redirect(c, back)
}

func (x *adminAccess) takeConnection(c echo.Context) error {
	return x.take(c, func(o account.Object) bool { return o.Kind != account.KindFolder && o.ID == c.Param("id") }, accessURL(c.Param("id")))
}

func folderOf(c echo.Context) account.Object {
	id := c.Param("id")
	if id == noFolder {
		id = ""
	}
	return account.InFolder(id)
}

func (x *adminAccess) showFolder(c echo.Context) error { return x.folder(c, http.StatusOK, nil) }

func (x *adminAccess) folder(c echo.Context, status int, wrong error) error {
	where, err := newPlaces(c.Request().Context(), x.connections, x.questions)
	if err != nil {
		return err
	}
	o := folderOf(c)
	if o.ID != "" && !slices.ContainsFunc(where.folders, func(f query.Folder) bool { return f.ID == o.ID }) {
		return fault.New(fault.NotFound, "There is no such folder")
	}
	page, err := x.detail(c, o, folderURL(o.ID), "level", wrong)
	if err != nil {
		return err
	}
	page.Chrome.Title = where.folder(o.ID)
	page.ExplainURL = "/admin/access/explain?folder=" + cmp.Or(o.ID, noFolder)
	page.Lead = "Who sees what is saved in this folder. To see results somebody needs the connection too. New folders are granted to everyone."
	if o.ID == "" {
		page.Lead = "Who sees what is saved in no folder. To see results somebody needs the connection too."
	}
	return respond(c, status, views.AccessDetailPage(page))
}

func (x *adminAccess) giveFolder(c echo.Context) error {
	return x.give(c, folderOf(c), account.Level(c.FormValue("level")), folderURL(folderOf(c).ID), func(status int, err error) error { return x.folder(c, status, err) })
}

func (x *adminAccess) takeFolder(c echo.Context) error {
	o := folderOf(c)
	return x.take(c, func(of account.Object) bool { return of == o }, folderURL(o.ID))
}

// explain answers why somebody may do something, or why not; its whole state is in the address.
func (x *adminAccess) explain(c echo.Context) error {
	ctx := c.Request().Context()
	where, err := newPlaces(ctx, x.connections, x.questions)
	if err != nil {
		return err
	}
	people, err := x.people.List(ctx)
	if err != nil {
		return err
	}
	asked := func(name string) string { return c.QueryParam(name) }
	page := views.Explain{Chrome: adminChrome(c, "Why may somebody do something", "access"), Table: asked("table")}
	page.Connections = append([]views.Choice{{Label: "any"}}, options(where.connections, asked("connection"), connectionOption)...)
	page.Folders = append([]views.Choice{{Label: "any"}, {Value: noFolder, Label: "No folder", Selected: asked("folder") == noFolder}},
		options(where.folders, asked("folder"), func(f *query.Folder) (value, label string) { return f.ID, f.Name })...)
	page.People = options(people, asked("person"), personOption)
	for _, a := range account.Actions {
		page.Actions = append(page.Actions, views.Choice{Value: string(a.Action), Label: a.Means, Selected: string(a.Action) == asked("action")})
	}
	if asked("person") != "" && asked("action") != "" {
		if err := x.decide(c, where, &page); err != nil {
			return err
		}
	}
	return respond(c, http.StatusOK, views.ExplainPage(page))
}

// decide fills in the answer.
func (x *adminAccess) decide(c echo.Context, where places, page *views.Explain) error {
	ctx := c.Request().Context()
	p, err := x.people.Get(ctx, c.QueryParam("person"))
	if err != nil {
		return err
	}
	action, connection, folder, table := account.Action(c.QueryParam("action")), c.QueryParam("connection"), c.QueryParam("folder"), strings.TrimSpace(c.QueryParam("table"))
	if folder == noFolder {
		folder = ""
	}
	var objects []account.Object
	to := ""
	if c.QueryParam("folder") != "" {
		objects = append(objects, account.InFolder(folder))
		to = " in " + map[bool]string{true: "no folder", false: "the folder " + where.folder(folder)}[folder == ""]
	}
	var name source.Name
	if connection != "" {
		if _, err := x.connections.Get(ctx, connection); err != nil {
			return err
		}
		objects = append(objects, account.OnConnection(connection))
		to += " on " + where.connection(connection)
		if table != "" {
			t, err := x.table(ctx, connection, table)
			if err != nil {
				page.Errors = map[string]string{"table": failureText(err)}
				return nil
			}
			name = source.Name{Schema: t.Schema, Name: t.Name}
			if t.Schema != "" {
				objects = append(objects, account.OnSchema(connection, t.Schema))
			}
			to += ", table " + join(t.Schema, t.Name)
		}
	} else if table != "" {
		page.Errors = map[string]string{"connection": "Choose the connection that the table is in"}
	}
	i := slices.IndexFunc(account.Actions, func(a struct {
		Action account.Action
		Means  string
	}) bool {
		return a.Action == action
	})
	if i < 0 {
		page.Errors = map[string]string{"action": "There is no such right"}
		return nil
	}
	d := account.May(p, action, objects...)
	page.Asked, page.Allowed, page.Steps = true, d.Allowed, d.Steps
	page.Verdict = p.Name + map[bool]string{true: " may ", false: " may not "}[d.Allowed] + account.Actions[i].Means + to
	if name.Name != "" && d.Allowed {
		sight, err := x.rules.Try(ctx, p, connection, name, nil)
		if err != nil {
			page.Problem = "What they see of the table cannot be told now: " + failureText(err)
			return nil
		}
		shown, err := x.sight(ctx, p, name, sight)
		page.Sight = &shown
		return err
	}
	return nil
}

func (x *adminAccess) table(ctx context.Context, connection, name string) (*source.Table, error) {
	catalog, err := x.pools.Catalog(ctx, connection)
	if err != nil {
		return nil, err
	}
	t, ok := catalog.Find(name)
	if !ok {
		return nil, fault.New(fault.NotFound, "There is no table %s in this connection", name)
	}
	return t, nil
}

func (x *adminAccess) sight(ctx context.Context, p *account.Person, name source.Name, s query.Sight) (views.Sight, error) {
	who, err := newSubjects(ctx, x.people)
	return sightOf(who, p, name, s), err
}

// sightOf says what a person sees of a table, and by which rules.
func sightOf(who subjects, p *account.Person, name source.Name, s query.Sight) views.Sight {
	out := views.Sight{Title: "What " + p.Name + " sees of " + join(name.Schema, name.Name), Words: s.Words, SQL: laidOut(s.SQL), Refused: s.Refused}
	for i := range s.Rules {
		r := &s.Rules[i]
		out.Covers = append(out.Covers, "The rule for "+who.name(r.Subject())+": "+ruleWords(&r.Body)+".")
	}
	return out
}
