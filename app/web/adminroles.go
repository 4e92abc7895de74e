package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/views"
)

// adminRoles is where roles are made and changed.
type adminRoles struct {
	people *account.Store
	prover *prover
}

func (x *adminRoles) routes(g *echo.Group) {
	g.GET("/admin/roles", may(account.EditRights, x.list))
	g.GET("/admin/roles/new", may(account.EditRights, x.new))
	g.POST("/admin/roles", may(account.EditRights, x.prover.fresh(x.create)))
	g.GET("/admin/roles/:id", may(account.EditRights, x.edit))
	g.POST("/admin/roles/:id", may(account.EditRights, x.prover.fresh(x.update)))
	g.GET("/admin/roles/:id/delete", may(account.EditRights, x.askRemove))
	g.POST("/admin/roles/:id/delete", may(account.EditRights, x.remove))
}

func (x *adminRoles) list(c echo.Context) error {
	ctx := c.Request().Context()
	roles, err := x.people.RoleDefs(ctx)
	if err != nil {
		return err
	}
	people, err := x.people.List(ctx)
	if err != nil {
		return err
	}
	page := views.Roles{Chrome: adminChrome(c, "Roles", "roles")}
	for _, r := range roles {
		n := 0
		for i := range people {
			if people[i].Role == r.ID {
				n++
			}
		}
		column := views.RoleColumn{Name: r.Name, Description: r.Description, People: counted(n, "account", "accounts")}
		if !r.BuiltIn {
			column.URL = "/admin/roles/" + string(r.ID)
		}
		page.Columns = append(page.Columns, column)
	}
	for _, a := range account.Actions {
		row := views.RightRow{Means: a.Means}
		for _, r := range roles {
			row.Has = append(row.Has, slices.Contains(r.Actions, a.Action))
		}
		page.Rights = append(page.Rights, row)
	}
	return respond(c, http.StatusOK, views.RolesPage(page))
}

// form shows a role to make (without an id) or to change.
func (x *adminRoles) form(c echo.Context, status int, r account.RoleDef, problem string, fields map[string]string) error {
	page := views.RoleForm{Chrome: adminChrome(c, "Make a role", "roles"), Action: "/admin/roles", Name: r.Name, Description: r.Description, Problem: problem, Errors: fields}
	if r.ID != "" {
		stored, err := x.people.RoleDef(c.Request().Context(), r.ID)
		if err != nil {
			return err
		}
		page.Chrome.Title, page.Action, page.DeleteURL = stored.Name, "/admin/roles/"+string(r.ID), "/admin/roles/"+string(r.ID)+"/delete"
	}
	for _, a := range account.Actions {
		page.Rights = append(page.Rights, views.RightChoice{Value: string(a.Action), Means: a.Means, Selected: slices.Contains(r.Actions, a.Action), Locked: !account.May(person(c), a.Action).Allowed})
	}
	return respond(c, status, views.RoleFormPage(page))
}

func (x *adminRoles) new(c echo.Context) error {
	return x.form(c, http.StatusOK, account.RoleDef{Actions: []account.Action{account.Look}}, "", nil)
}

// own returns the role that the path names, one that was made here and that
// does not include more than the visitor has.
func (x *adminRoles) own(c echo.Context) (account.RoleDef, error) {
	r, err := x.people.RoleDef(c.Request().Context(), account.Role(c.Param("id")))
	if err == nil && r.BuiltIn {
		err = fault.New(fault.NotFound, "The roles from the start stay as they are; make one of your own")
	}
	if err == nil {
		err = account.MayGiveRole(person(c), r)
	}
	return r, err
}

func (x *adminRoles) edit(c echo.Context) error {
	r, err := x.own(c)
	if err != nil {
		return err
	}
	return x.form(c, http.StatusOK, r, "", nil)
}

// read takes a role from its form and checks that the visitor may give it.
func (x *adminRoles) read(c echo.Context, r *account.RoleDef) error {
	r.Name, r.Description, r.Actions = c.FormValue("name"), c.FormValue("description"), nil
	for _, a := range c.Request().PostForm["right"] {
		r.Actions = append(r.Actions, account.Action(a))
	}
	if err := account.MayGiveRole(person(c), *r); err != nil {
		return fault.Field("actions", "%s", fault.MessageOf(err))
	}
	return nil
}

func (x *adminRoles) create(c echo.Context) error {
	var r account.RoleDef
	err := x.read(c, &r)
	if err == nil {
		err = x.people.CreateRole(c.Request().Context(), &r)
	}
	if err != nil {
		r.ID = ""
		return x.tell(c, r, err)
	}
	return done(c, "/admin/roles", "The role "+r.Name+" was made.")
}

func (x *adminRoles) tell(c echo.Context, r account.RoleDef, err error) error {
	status, problem, fields, ok := told(err)
	if !ok {
		return err
	}
	return x.form(c, status, r, problem, fields)
}

func (x *adminRoles) update(c echo.Context) error {
	r, err := x.own(c)
	if err != nil {
		return err
	}
	if err = x.read(c, &r); err == nil {
		err = x.people.UpdateRole(c.Request().Context(), &r)
	}
	if err != nil {
		return x.tell(c, r, err)
	}
	return done(c, "/admin/roles", "The role "+r.Name+" was changed. Whoever has it has its new rights at once.")
}

func (x *adminRoles) askRemove(c echo.Context) error {
	r, err := x.own(c)
	if err != nil {
		return err
	}
	return x.ask(c, http.StatusOK, r, "")
}

func (x *adminRoles) ask(c echo.Context, status int, r account.RoleDef, problem string) error {
	at := "/admin/roles/" + string(r.ID)
	return respond(c, status, views.ConfirmPage(views.Confirm{Chrome: adminChrome(c, "Delete the role "+r.Name, "roles"),
		Path: []views.Link{{Label: "Roles", URL: "/admin/roles"}, {Label: r.Name, URL: at}}, Say: "Only a role that nobody has can be deleted.", Problem: problem,
		Action: at + "/delete", Label: "Delete " + r.Name, Back: at}))
}

func (x *adminRoles) remove(c echo.Context) error {
	r, err := x.own(c)
	if err != nil {
		return err
	}
	if err := x.people.DeleteRole(c.Request().Context(), r.ID); err != nil {
		status, problem, _, ok := told(err)
		if !ok {
			return err
		}
		return x.ask(c, status, r, problem)
	}
	return done(c, "/admin/roles", "The role "+r.Name+" was deleted.")
}
