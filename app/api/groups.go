package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"assay/app/account"
	"assay/app/fault"
)

// Group is people to whom rights are granted together.
type Group struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	ExternalID  string    `json:"external_id" doc:"What the company's directory calls the group"`
	ManagedBy   string    `json:"managed_by" readOnly:"true" doc:"Who keeps the group up to date: scim, an identity provider's id, or nobody but people here"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func groupOf(g *account.Group) Group {
	return Group{g.ID, g.Name, g.Description, g.ExternalID, g.ManagedBy, utc(g.CreatedAt), utc(g.UpdatedAt)}
}

// GroupInput is what a group is made from.
type GroupInput struct {
	Name        string `json:"name" minLength:"1" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"1000" doc:"What the group is for"`
	ExternalID  string `json:"external_id,omitempty" maxLength:"500" doc:"What the company's directory calls the group"`
}

type groupCreate struct{ Body GroupInput }

type groupReplace struct {
	ByID
	Body GroupInput
}

type groupPatch struct {
	ByID
	Body struct {
		Name        *string `json:"name,omitempty" minLength:"1" maxLength:"200" doc:"The new name"`
		Description *string `json:"description,omitempty" maxLength:"1000" doc:"What the group is for"`
		ExternalID  *string `json:"external_id,omitempty" maxLength:"500" doc:"What the company's directory calls the group"`
	} `nameHint:"GroupPatch"`
}

// groupMember is a person of a group.
type groupMember struct {
	ID    string `json:"id" doc:"The person's id"`
	Email string `json:"email"`
	Name  string `json:"name"`
	Kind  string `json:"kind" enum:"person,service"`
}

type membersInput struct {
	ByID
	Body struct {
		People []string `json:"people" maxItems:"10000" nullable:"false" doc:"The ids of people"`
	} `nameHint:"MembersInput"`
}

type byMember struct {
	ByID
	Person string `path:"person" maxLength:"100" doc:"The person's id"`
}

func (a *api) groups() {
	const tag, edit = "people", account.EditPeople
	own := "Without the right to grant rights one changes only groups one is in, or to which nothing was given."
	add(a, operation{id: "listGroups", method: http.MethodGet, path: "/groups", tag: tag, action: edit, summary: "List groups by name"}, a.listGroups)
	add(a, operation{id: "createGroup", method: http.MethodPost, path: "/groups", tag: tag, action: edit, status: http.StatusCreated, summary: "Make a group"}, a.createGroup)
	add(a, operation{id: "getGroup", method: http.MethodGet, path: "/groups/{id}", tag: tag, action: edit, summary: "Get a group"}, a.getGroup)
	add(a, operation{id: "replaceGroup", method: http.MethodPut, path: "/groups/{id}", tag: tag, action: edit, summary: "Replace a group's name and description", detail: own}, a.replaceGroup)
	add(a, operation{id: "updateGroup", method: http.MethodPatch, path: "/groups/{id}", tag: tag, action: edit, summary: "Change a group", detail: own}, a.updateGroup)
	add(a, operation{id: "deleteGroup", method: http.MethodDelete, path: "/groups/{id}", tag: tag, action: edit, summary: "Remove a group and what was granted to it",
		detail: "One that a row rule names stays."}, a.deleteGroup)
	add(a, operation{id: "listMembers", method: http.MethodGet, path: "/groups/{id}/members", tag: tag, action: edit, summary: "List the people of a group by name"}, a.listMembers)
	add(a, operation{id: "setMembers", method: http.MethodPut, path: "/groups/{id}/members", tag: tag, action: edit, status: http.StatusNoContent, summary: "Say who is in a group", detail: own}, a.setMembers)
	add(a, operation{id: "addMembers", method: http.MethodPost, path: "/groups/{id}/members", tag: tag, action: edit, status: http.StatusNoContent, summary: "Put people into a group",
		detail: "Who is in it already stays. " + own}, a.addMembers)
	add(a, operation{id: "removeMember", method: http.MethodDelete, path: "/groups/{id}/members/{person}", tag: tag, action: edit, summary: "Take a person out of a group",
		detail: own}, a.removeMember)
}

func (a *api) listGroups(ctx context.Context, in *Paging) (*body[page[Group]], error) {
	list, err := a.People.Groups(ctx)
	if err != nil {
		return nil, err
	}
	return cut(each(list, groupOf), *in, func(g Group) string { return g.ID })
}

func (a *api) createGroup(ctx context.Context, in *groupCreate) (*created[Group], error) {
	g := &account.Group{Name: in.Body.Name, Description: in.Body.Description, ExternalID: in.Body.ExternalID}
	if err := a.People.CreateGroup(ctx, g); err != nil {
		return nil, err
	}
	return &created[Group]{Location: prefix + "/groups/" + g.ID, Body: groupOf(g)}, nil
}

func (a *api) getGroup(ctx context.Context, in *ByID) (*body[Group], error) {
	g, err := a.People.Group(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[Group]{groupOf(g)}, nil
}

func (a *api) replaceGroup(ctx context.Context, in *groupReplace) (*body[Group], error) {
	b := in.Body
	return a.saveGroup(ctx, in.ID, &b.Name, &b.Description, &b.ExternalID)
}

func (a *api) updateGroup(ctx context.Context, in *groupPatch) (*body[Group], error) {
	b := in.Body
	return a.saveGroup(ctx, in.ID, b.Name, b.Description, b.ExternalID)
}

func (a *api) saveGroup(ctx context.Context, id string, name, description, externalID *string) (*body[Group], error) {
	if err := a.People.MayJoin(ctx, from(ctx).person, id); err != nil {
		return nil, err
	}
	g, err := a.People.Group(ctx, id)
	if err != nil {
		return nil, err
	}
	set(&g.Name, name)
	set(&g.Description, description)
	set(&g.ExternalID, externalID)
	if err := a.People.UpdateGroup(ctx, g); err != nil {
		return nil, err
	}
	return &body[Group]{groupOf(g)}, nil
}

func (a *api) deleteGroup(ctx context.Context, in *ByID) (*nothing, error) {
	if err := a.People.MayRemoveGroup(ctx, from(ctx).person, in.ID); err != nil {
		return nil, err
	}
	return nil, a.People.DeleteGroup(ctx, in.ID)
}

func (a *api) members(ctx context.Context, group string) ([]account.Person, error) {
	if _, err := a.People.Group(ctx, group); err != nil {
		return nil, err
	}
	return a.People.Members(ctx, group)
}

func (a *api) listMembers(ctx context.Context, in *listOf) (*body[page[groupMember]], error) {
	list, err := a.members(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all := each(list, func(p *account.Person) groupMember { return groupMember{p.ID, p.Email, p.Name, string(p.Kind)} })
	return cut(all, in.Paging, func(m groupMember) string { return m.ID })
}

// mayMove decides whether the caller may put these people into the group, or take them out.
func (a *api) mayMove(ctx context.Context, group string, people []string) error {
	if err := a.People.MayJoin(ctx, from(ctx).person, group); err != nil {
		return err
	}
	for _, id := range people {
		_, err := a.managed(ctx, id, account.Managed{})
		if fault.Is(err, fault.NotFound) {
			return fault.Field("people", "There is no person %s", id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *api) setMembers(ctx context.Context, in *membersInput) (*nothing, error) {
	list, err := a.members(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now := each(list, func(p *account.Person) string { return p.ID })
	if err := a.mayMove(ctx, in.ID, differing(now, in.Body.People)); err != nil {
		return nil, err
	}
	return nil, a.People.SetMembers(ctx, in.ID, in.Body.People)
}

func (a *api) addMembers(ctx context.Context, in *membersInput) (*nothing, error) {
	list, err := a.members(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	added := slices.DeleteFunc(slices.Clone(in.Body.People), func(id string) bool {
		return slices.ContainsFunc(list, func(p account.Person) bool { return p.ID == id })
	})
	if err := a.mayMove(ctx, in.ID, added); err != nil {
		return nil, err
	}
	return nil, a.People.ChangeMembers(ctx, in.ID, added, nil)
}

func (a *api) removeMember(ctx context.Context, in *byMember) (*nothing, error) {
	list, err := a.members(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(list, func(p account.Person) bool { return p.ID == in.Person }) {
		return nil, fault.New(fault.NotFound, "There is no such person in this group")
	}
	if err := a.mayMove(ctx, in.ID, []string{in.Person}); err != nil {
		return nil, err
	}
	return nil, a.People.ChangeMembers(ctx, in.ID, nil, []string{in.Person})
}
