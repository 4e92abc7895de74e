package scim

import (
	"net/http"
	"slices"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
)

func (x *call) listGroups() error {
	s, err := asked(x.c.QueryParams(), groups)
	if err != nil {
		return err
	}
	return x.sendGroups(s)
}

func (x *call) searchGroups() error {
	s, err := x.searched(groups)
	if err != nil {
		return err
	}
	return x.sendGroups(s)
}

func (x *call) sendGroups(s search) error {
	list, err := x.findGroups(s.filter)
	if err != nil {
		return err
	}
	page, err := x.groups(cut(list, s), !s.leavesOut("members"))
	if err != nil {
		return err
	}
	return x.page(s, page, len(list))
}

// findGroups returns the groups for which the condition holds, or all.
func (x *call) findGroups(c condition) (found []account.Group, err error) {
	list, err := x.People.Groups(x.ctx)
	if err != nil || c == nil {
		return list, err
	}
	objects, err := x.groups(list, mentions(c, "members"))
	if err != nil {
		return nil, err
	}
	for i, o := range objects {
		if c.holds(o) {
			found = append(found, list[i])
		}
	}
	return found, nil
}

// groups returns groups as they are sent, with their members where they are wanted.
func (x *call) groups(list []account.Group, members bool) ([]object, error) {
	in := map[string][]account.Member{}
	if members {
		var ids []string
		for _, g := range list {
			ids = append(ids, g.ID)
			in[g.ID] = []account.Member{}
		}
		all, err := x.People.AllMembers(x.ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			in[m.GroupID] = append(in[m.GroupID], m)
		}
	}
	found := make([]object, len(list))
	for i := range list {
		found[i] = x.group(&list[i], in[list[i].ID])
	}
	return found, nil
}

func (x *call) getGroup() error {
	g, err := x.People.Group(x.ctx, x.id())
	if err != nil {
		return err
	}
	return x.sendGroup(http.StatusOK, g)
}

// sendGroup answers with a group, in the shape that is asked for.
func (x *call) sendGroup(status int, g *account.Group) error {
	s, err := asked(x.c.QueryParams(), groups)
	if err != nil {
		return err
	}
	if status == http.StatusCreated {
		x.c.Response().Header().Set("Location", x.at("Groups", g.ID))
	}
	x.c.Response().Header().Set("ETag", version(g.UpdatedAt))
	if x.c.Request().Method == http.MethodGet && same(x.c.Request().Header.Get("If-None-Match"), version(g.UpdatedAt)) {
		return x.c.NoContent(http.StatusNotModified)
	}
	list, err := x.groups([]account.Group{*g}, !s.leavesOut("members"))
	if err != nil {
		return err
	}
	return send(x.c, status, s.of(list[0]))
}

func groupObject(g *account.Group) audit.Object {
	return audit.Object{Kind: "group", ID: g.ID, Name: g.Name}
}

func (x *call) createGroup() error {
	f, err := x.body()
	if err != nil {
		return err
	}
	e := &regrouping{g: account.Group{ManagedBy: managed}}
	if err := e.replace(f); err != nil {
		return err
	}
	x.changing.Lock()
	defer x.changing.Unlock()
	if err := x.save(e); err != nil {
		return err
	}
	return x.sendGroup(http.StatusCreated, &e.g)
}

func (x *call) save(e *regrouping) error {
	join, leave, err := e.difference()
	if err != nil {
		return err
	}
	return x.People.SaveGroup(x.ctx, &e.g, join, leave)
}

func (x *call) replaceGroup() error {
	f, err := x.body()
	if err != nil {
		return err
	}
	return x.changeGroup(func(e *regrouping) error { return e.replace(f) }, true)
}

func (x *call) patchGroup() error {
	steps, err := x.operations(groups)
	if err != nil {
		return err
	}
	// Entra ID asks for no content: the members would be many.
	return x.changeGroup(func(e *regrouping) error { return e.apply(steps) }, x.c.QueryParams().Has("attributes"))
}

func (x *call) changeGroup(change func(*regrouping) error, answer bool) error {
	x.changing.Lock()
	defer x.changing.Unlock()
	g, err := x.People.Group(x.ctx, x.id())
	if err != nil {
		return err
	}
	if err := x.unchanged(version(g.UpdatedAt)); err != nil {
		return err
	}
	e := &regrouping{g: *g, members: func() ([]account.Member, error) { return x.People.AllMembers(x.ctx, []string{g.ID}) }}
	if err := change(e); err != nil {
		return err
	}
	if g.ManagedBy != managed {
		if err := onlyLinks(e, g); err != nil {
			return x.refused("group.update", groupObject(g), err)
		}
	}
	if err := x.save(e); err != nil {
		return err
	}
	if !answer {
		x.c.Response().Header().Set("ETag", version(e.g.UpdatedAt))
		return x.c.NoContent(http.StatusNoContent)
	}
	return x.sendGroup(http.StatusOK, &e.g)
}

// onlyLinks refuses a change to a group made here that says more than what the directory calls it.
func onlyLinks(e *regrouping, g *account.Group) error {
	join, leave, err := e.difference()
	if err != nil {
		return err
	}
	now, err := e.members()
	if err != nil {
		return err
	}
	in := map[string]bool{}
	for _, m := range now {
		in[m.ID] = true
	}
	joins := slices.ContainsFunc(join, func(id string) bool { return !in[id] })
	leaves := slices.ContainsFunc(leave, func(id string) bool { return in[id] })
	if joins || leaves || e.g.Name != g.Name {
		return denied("This group is not managed by the directory; only externalId can be set here")
	}
	return nil
}

func (x *call) removeGroup() error {
	x.changing.Lock()
	defer x.changing.Unlock()
	g, err := x.People.Group(x.ctx, x.id())
	if err != nil {
		return err
	}
	if err := x.unchanged(version(g.UpdatedAt)); err != nil {
		return err
	}
	if g.ManagedBy != managed {
		return x.refused("group.delete", groupObject(g), denied("This group is not managed by the directory"))
	}
	if err := x.People.DeleteGroup(x.ctx, g.ID); err != nil {
		if fault.Is(err, fault.Conflict) {
			return x.refused("group.delete", groupObject(g), err)
		}
		return err
	}
	return x.c.NoContent(http.StatusNoContent)
}

// searchAll looks for people and groups at once.
func (x *call) searchAll() error {
	s, err := x.searched(users, groups)
	if err != nil {
		return err
	}
	found, err := x.findUsers(s.filter)
	if err != nil {
		return err
	}
	teams, err := x.findGroups(s.filter)
	if err != nil {
		return err
	}
	people := len(found)
	rest := cut(teams, search{start: max(s.start-people, 1), count: max(s.start-1+s.count-max(people, s.start-1), 0)})
	more, err := x.groups(rest, !s.leavesOut("members"))
	if err != nil {
		return err
	}
	return x.page(s, append(cut(found, s), more...), people+len(teams))
}
