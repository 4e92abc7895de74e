package api

import (
	"context"
	"net/http"
	"time"

	"assay/app/account"
)

// Role is a name for a set of actions.
type Role struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Actions     []string  `json:"actions" nullable:"false" doc:"What people with the role may do"`
	BuiltIn     bool      `json:"built_in" doc:"Roles that are there from the start stay as they are"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func roleOf(r *account.RoleDef) Role {
	return Role{string(r.ID), r.Name, r.Description, words(r.Actions), r.BuiltIn, utc(r.CreatedAt), utc(r.UpdatedAt)}
}

// RoleInput is what a role is made from.
type RoleInput struct {
	Name        string   `json:"name" minLength:"1" maxLength:"100"`
	Description string   `json:"description,omitempty" maxLength:"1000" doc:"Whom the role is for"`
	Actions     []string `json:"actions" minItems:"1" maxItems:"50" nullable:"false" enum:"look,ask,see_connections,ask_sql,save,share_links,edit_connections,edit_rights,edit_people,edit_settings,see_audit" doc:"What people with the role may do"`
}

type roleCreate struct{ Body RoleInput }

type roleReplace struct {
	ByID
	Body RoleInput
}

type rolePatch struct {
	ByID
	Body struct {
		Name        *string  `json:"name,omitempty" minLength:"1" maxLength:"100" doc:"The new name"`
		Description *string  `json:"description,omitempty" maxLength:"1000" doc:"Whom the role is for"`
		Actions     []string `json:"actions,omitempty" minItems:"1" maxItems:"50" enum:"look,ask,see_connections,ask_sql,save,share_links,edit_connections,edit_rights,edit_people,edit_settings,see_audit" doc:"What people with the role may do from now on"`
	} `nameHint:"RolePatch"`
}

func (a *api) roles() {
	const tag, edit = "rights", account.EditRights
	own := "Nobody puts an action into a role, or changes a role with one, that they may not do themselves."
	add(a, operation{id: "listRoles", method: http.MethodGet, path: "/roles", tag: tag, action: edit, summary: "List roles: those from the start, then those made here by name"}, a.listRoles)
	add(a, operation{id: "createRole", method: http.MethodPost, path: "/roles", tag: tag, action: edit, status: http.StatusCreated, summary: "Make a role", detail: own}, a.createRole)
	add(a, operation{id: "getRole", method: http.MethodGet, path: "/roles/{id}", tag: tag, action: edit, summary: "Get a role"}, a.getRole)
	add(a, operation{id: "replaceRole", method: http.MethodPut, path: "/roles/{id}", tag: tag, action: edit, summary: "Replace a role", detail: own}, a.replaceRole)
	add(a, operation{id: "updateRole", method: http.MethodPatch, path: "/roles/{id}", tag: tag, action: edit, summary: "Change a role; whoever has it has its new rights at once", detail: own}, a.updateRole)
	add(a, operation{id: "deleteRole", method: http.MethodDelete, path: "/roles/{id}", tag: tag, action: edit, summary: "Remove a role that nobody has"}, a.deleteRole)
}

func (a *api) listRoles(ctx context.Context, in *Paging) (*body[page[Role]], error) {
	list, err := a.People.RoleDefs(ctx)
	if err != nil {
		return nil, err
	}
	return cut(each(list, roleOf), *in, func(r Role) string { return r.ID })
}

func actionsOf(list []string) []account.Action {
	return each(list, func(s *string) account.Action { return account.Action(*s) })
}

func (a *api) createRole(ctx context.Context, in *roleCreate) (*created[Role], error) {
	r := &account.RoleDef{Name: in.Body.Name, Description: in.Body.Description, Actions: actionsOf(in.Body.Actions)}
	if err := account.MayGive(from(ctx).person, r.Actions...); err != nil {
		return nil, err
	}
	if err := a.People.CreateRole(ctx, r); err != nil {
		return nil, err
	}
	return &created[Role]{Location: prefix + "/roles/" + string(r.ID), Body: roleOf(r)}, nil
}

func (a *api) getRole(ctx context.Context, in *ByID) (*body[Role], error) {
	r, err := a.People.RoleDef(ctx, account.Role(in.ID))
	if err != nil {
		return nil, err
	}
	return &body[Role]{roleOf(&r)}, nil
}

func (a *api) replaceRole(ctx context.Context, in *roleReplace) (*body[Role], error) {
	b := in.Body
	return a.saveRole(ctx, in.ID, &b.Name, &b.Description, b.Actions)
}

func (a *api) updateRole(ctx context.Context, in *rolePatch) (*body[Role], error) {
	b := in.Body
	return a.saveRole(ctx, in.ID, b.Name, b.Description, b.Actions)
}

func (a *api) saveRole(ctx context.Context, id string, name, description *string, actions []string) (*body[Role], error) {
	r, err := a.People.RoleDef(ctx, account.Role(id))
	if err != nil {
		return nil, err
	}
	if err := account.MayGive(from(ctx).person, r.Actions...); err != nil {
		return nil, err
	}
	set(&r.Name, name)
	set(&r.Description, description)
	if actions != nil {
		r.Actions = actionsOf(actions)
	}
	if err := account.MayGive(from(ctx).person, r.Actions...); err != nil {
		return nil, err
	}
	if err := a.People.UpdateRole(ctx, &r); err != nil {
		return nil, err
	}
	return &body[Role]{roleOf(&r)}, nil
}

func (a *api) deleteRole(ctx context.Context, in *ByID) (*nothing, error) {
	r, err := a.People.RoleDef(ctx, account.Role(in.ID))
	if err != nil {
		return nil, err
	}
	if err := account.MayGive(from(ctx).person, r.Actions...); err != nil {
		return nil, err
	}
	return nil, a.People.DeleteRole(ctx, r.ID)
}
