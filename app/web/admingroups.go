package web

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// adminGroups is where groups are looked after.
type adminGroups struct {
	people      *account.Store
	connections *source.Store
	questions   *query.Store
}

func (x *adminGroups) routes(g *echo.Group) {
	g.GET("/admin/groups", may(account.EditPeople, x.list))
	g.GET("/admin/groups/new", may(account.EditPeople, x.new))
	g.POST("/admin/groups", may(account.EditPeople, x.create))
	g.GET("/admin/groups/:id", may(account.EditPeople, x.show))
	g.POST("/admin/groups/:id", may(account.EditPeople, x.update))
	g.POST("/admin/groups/:id/members", may(account.EditPeople, x.add))
	g.POST("/admin/groups/:id/members/:person/delete", may(account.EditPeople, x.take))
	g.GET("/admin/groups/:id/delete", may(account.EditPeople, x.askRemove))
	g.POST("/admin/groups/:id/delete", may(account.EditPeople, x.remove))
}

func (x *adminGroups) list(c echo.Context) error {
	ctx := c.Request().Context()
	list, err := x.people.Groups(ctx)
	if err != nil {
		return err
	}
	sizes, err := x.people.Sizes(ctx)
	if err != nil {
		return err
	}
	page := views.Groups{Chrome: adminChrome(c, "Groups", "groups")}
	for _, g := range list {
		page.Items = append(page.Items, views.GroupItem{Name: g.Name, Description: g.Description, URL: "/admin/groups/" + g.ID, Members: counted(sizes[g.ID], "member", "members"), Manager: manager(g.ManagedBy)})
	}
	return respond(c, http.StatusOK, views.GroupsPage(page))
}

// counted writes a number of things.
func counted(n int, one, many string) string {
	switch n {
	case 0:
		return "no " + many
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (x *adminGroups) new(c echo.Context) error {
	return respond(c, http.StatusOK, views.NewGroupPage(views.Group{Chrome: adminChrome(c, "Make a group", "groups"), New: true}))
}

// read takes a group from its form.
func (x *adminGroups) read(c echo.Context, g *account.Group) {
	g.Name, g.Description, g.ExternalID = c.FormValue("name"), c.FormValue("description"), c.FormValue("external_id")
}

func (x *adminGroups) create(c echo.Context) error {
	g := new(account.Group)
	x.read(c, g)
	if err := x.people.CreateGroup(c.Request().Context(), g); err != nil {
		status, problem, fields, ok := told(err)
		if !ok {
			return err
		}
		return respond(c, status, views.NewGroupPage(views.Group{Chrome: adminChrome(c, "Make a group", "groups"), New: true, Name: g.Name, Description: g.Description,
			External: g.ExternalID, Problem: problem, Errors: fields}))
	}
	return done(c, "/admin/groups/"+g.ID, "The group was made. Add its members.")
}

func (x *adminGroups) show(c echo.Context) error {
	g, err := x.people.Group(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return x.page(c, http.StatusOK, g, "", nil)
}

func (x *adminGroups) page(c echo.Context, status int, g *account.Group, problem string, fields map[string]string) error {
	ctx := c.Request().Context()
	stored, err := x.people.Group(ctx, g.ID) // what it is called until it is saved
	if err != nil {
		return err
	}
	page := views.Group{Chrome: adminChrome(c, stored.Name, "groups"), ID: g.ID, Name: g.Name, Description: g.Description, External: g.ExternalID, Manager: manager(g.ManagedBy),
		CanGrant: account.May(person(c), account.EditRights).Allowed, Problem: problem, Errors: fields}
	members, err := x.people.Members(ctx, g.ID)
	if err != nil {
		return err
	}
	for _, m := range members {
		one := views.Member{ID: m.ID, Name: m.Name, Email: m.Email, URL: "/admin/users/" + m.ID}
		if m.Kind == account.Service {
			one.Email = "service"
		}
		page.Members = append(page.Members, one)
	}
	people, err := x.people.List(ctx)
	if err != nil {
		return err
	}
	for i := range people {
		p := &people[i]
		if !slices.ContainsFunc(members, func(m account.Person) bool { return m.ID == p.ID }) {
			page.Others = append(page.Others, views.Choice{Value: p.ID, Label: called(p)})
		}
	}
	grants, err := x.people.GrantedTo(ctx, account.Subject{Kind: account.ToGroup, ID: g.ID})
	if err != nil {
		return err
	}
	if len(grants) > 0 {
		where, err := newPlaces(ctx, x.connections, x.questions)
		if err != nil {
			return err
		}
		for i := range grants {
			page.Granted = append(page.Granted, where.granted(&grants[i], page.CanGrant))
		}
	}
	return respond(c, status, views.GroupPage(page))
}

// tell shows a group's page with what kept a change from being made.
func (x *adminGroups) tell(c echo.Context, g *account.Group, err error) error {
	status, problem, fields, ok := told(err)
	if !ok {
		return err
	}
	return x.page(c, status, g, problem, fields)
}

func (x *adminGroups) update(c echo.Context) error {
	ctx := c.Request().Context()
	g, err := x.people.Group(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if err := x.people.MayJoin(ctx, person(c), g.ID); err != nil {
		return err
	}
	x.read(c, g)
	if err := x.people.UpdateGroup(ctx, g); err != nil {
		return x.tell(c, g, err)
	}
	return done(c, "/admin/groups/"+g.ID, "Saved.")
}

func (x *adminGroups) add(c echo.Context) error {
	return x.change(c, []string{c.FormValue("person")}, nil)
}

func (x *adminGroups) take(c echo.Context) error {
	return x.change(c, nil, []string{c.Param("person")})
}

func (x *adminGroups) change(c echo.Context, add, remove []string) error {
	ctx := c.Request().Context()
	g, err := x.people.Group(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if err := x.people.MayJoin(ctx, person(c), g.ID); err != nil {
		return x.tell(c, g, err)
	}
	if err := x.people.ChangeMembers(ctx, g.ID, add, remove); err != nil {
		return x.tell(c, g, err)
	}
	return redirect(c, "/admin/groups/"+g.ID)
}

func (x *adminGroups) askRemove(c echo.Context) error {
	g, err := x.people.Group(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return x.ask(c, http.StatusOK, g, "")
}

func (x *adminGroups) ask(c echo.Context, status int, g *account.Group, problem string) error {
	ctx := c.Request().Context()
	members, err := x.people.Members(ctx, g.ID)
	if err != nil {
		return err
	}
	grants, err := x.people.GrantedTo(ctx, account.Subject{Kind: account.ToGroup, ID: g.ID})
	if err != nil {
		return err
	}
	page := views.Confirm{Chrome: adminChrome(c, "Delete "+g.Name, "groups"), Path: []views.Link{{Label: "Groups", URL: "/admin/groups"}, {Label: g.Name, URL: "/admin/groups/" + g.ID}},
		Say: fmt.Sprintf("The group has %s, who stay; their membership ends.", counted(len(members), "member", "members")), Problem: problem,
		Action: "/admin/groups/" + g.ID + "/delete", Label: "Delete " + g.Name, Back: "/admin/groups/" + g.ID}
	if len(grants) > 0 {
		page.Effects = append(page.Effects, fmt.Sprintf("%s to the group is taken back.", map[bool]string{true: "The one right granted", false: fmt.Sprintf("What was granted (%d rights)", len(grants))}[len(grants) == 1]))
	}
	return respond(c, status, views.ConfirmPage(page))
}

func (x *adminGroups) remove(c echo.Context) error {
	ctx := c.Request().Context()
	g, err := x.people.Group(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if err := x.people.MayRemoveGroup(ctx, person(c), g.ID); err != nil {
		return err
	}
	if err := x.people.DeleteGroup(ctx, g.ID); err != nil {
		status, problem, _, ok := told(err)
		if !ok {
			return err
		}
		return x.ask(c, status, g, problem)
	}
	return done(c, "/admin/groups", "The group "+g.Name+" was deleted.")
}
