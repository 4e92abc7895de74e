package scim

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
)

func (x *call) listUsers() error {
	s, err := asked(x.c.QueryParams(), users)
	if err != nil {
		return err
	}
	return x.sendUsers(s)
}

func (x *call) searchUsers() error {
	s, err := x.searched(users)
	if err != nil {
		return err
	}
	return x.sendUsers(s)
}

func (x *call) sendUsers(s search) error {
	if s.filter == nil {
		list, total, err := x.People.Humans(x.ctx, account.Known{}, s.start-1, max(s.count, 1))
		if err != nil {
			return err
		}
		var found []object
		for i := range list[:min(len(list), s.count)] {
			found = append(found, x.user(&list[i]))
		}
		return x.page(s, found, total)
	}
	found, err := x.findUsers(s.filter)
	if err != nil {
		return err
	}
	return x.page(s, cut(found, s), len(found))
}

// findUsers returns the people for whom the condition holds, or all.
func (x *call) findUsers(c condition) (found []object, err error) {
	known := account.Known{}
	if c != nil {
		known = account.Known{ID: required(c, "id"), UserName: required(c, "userName"), ExternalID: required(c, "externalId"), Email: required(c, "emails", "emails.value")}
	}
	list, _, err := x.People.Humans(x.ctx, known, 0, 0)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if u := x.user(&list[i]); c == nil || c.holds(u) {
			found = append(found, u)
		}
	}
	return found, nil
}

// findPerson returns a person a directory may see.
func (x *call) findPerson(id string) (*account.Person, error) {
	p, err := x.People.Get(x.ctx, id)
	if err == nil && p.Kind != account.Human {
		err = fault.New(fault.NotFound, "There is no such person")
	}
	return p, err
}

func (x *call) getUser() error {
	p, err := x.findPerson(x.id())
	if err != nil {
		return err
	}
	return x.sendUser(http.StatusOK, p)
}

// sendUser answers with a person, in the shape that is asked for.
func (x *call) sendUser(status int, p *account.Person) error {
	s, err := asked(x.c.QueryParams(), users)
	if err != nil {
		return err
	}
	u := x.user(p)
	if status == http.StatusCreated {
		x.c.Response().Header().Set("Location", x.at("Users", p.ID))
	}
	x.c.Response().Header().Set("ETag", version(p.UpdatedAt))
	if x.c.Request().Method == http.MethodGet && same(x.c.Request().Header.Get("If-None-Match"), version(p.UpdatedAt)) {
		return x.c.NoContent(http.StatusNotModified)
	}
	return send(x.c, status, s.of(u))
}

// same reports whether a header names a version.
func same(header, version string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(version, "W/") {
			return true
		}
	}
	return false
}

// unchanged refuses a change to something that is not as the client last saw it.
func (x *call) unchanged(version string) error {
	if header := x.c.Request().Header.Get("If-Match"); header != "" && !same(header, version) {
		return &problem{Status: http.StatusPreconditionFailed, Detail: "It changed in the meantime; read it again"}
	}
	return nil
}

func person(p *account.Person) audit.Object {
	return audit.Object{Kind: "person", ID: p.ID, Name: p.Email}
}

func (x *call) createUser() error {
	f, err := x.body()
	if err != nil {
		return err
	}
	e := x.edit(account.Person{Kind: account.Human, Role: account.Viewer, ManagedBy: managed})
	if err := e.replace(f); err != nil {
		return err
	}
	x.changing.Lock()
	defer x.changing.Unlock()
	if err := x.free(&e.p); err != nil {
		return err
	}
	if err := x.mayGive(e.p.Role); err != nil {
		return x.refused("person.create", person(&e.p), err)
	}
	if err := x.People.Provision(x.ctx, &e.p, e.password); err != nil {
		return err
	}
	return x.sendUser(http.StatusCreated, &e.p)
}

// free refuses a userName or an address that somebody else has.
func (x *call) free(p *account.Person) error {
	for _, k := range []account.Known{{UserName: userName(p)}, {Email: p.Email}} {
		list, _, err := x.People.Humans(x.ctx, k, 0, 0)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(other account.Person) bool { return other.ID != p.ID }) {
			return taken("There is already a person with the userName or address %s", k.UserName+k.Email)
		}
	}
	return nil
}

// administers are the actions by which somebody gets at more than they were given.
var administers = []account.Action{account.EditConnections, account.EditRights, account.EditPeople, account.EditSettings, account.SeeAudit}

// mayGive refuses a role that lets its holder administer more than the token's person does.
func (x *call) mayGive(role account.Role) error {
	if x.by.Role == account.Admin {
		return nil
	}
	if role == account.Admin {
		return denied("Only an administrator's token gives the role admin or changes who has it")
	}
	for _, a := range x.roles[role].Actions {
		if slices.Contains(administers, a) && !slices.Contains(x.roles[x.by.Role].Actions, a) {
			return denied("The role %s has rights that the token's person lacks, so it takes another token to give it or to change who has it", x.roles[role].Name)
		}
	}
	return nil
}

// allowed decides whether the directory may make the change that was told, and
// leaves of it what it may. Nothing that it does not manage changes but for its link.
func (x *call) allowed(e *editing) error {
	if e.before.ManagedBy != managed {
		link := e.p.ExternalID
		if e.password != "" || !reflect.DeepEqual(x.told(e.p), x.told(e.before)) {
			return denied("This person is not managed by the directory; only externalId can be set here")
		}
		e.p = e.before
		e.p.ExternalID = link
		return nil
	}
	if e.p.ID == x.by.ID && e.p.Disabled {
		return denied("The token speaks for this person, who would end it")
	}
	if err := x.mayGive(e.before.Role); err != nil {
		return err
	}
	return x.mayGive(e.p.Role)
}

// told is what a directory can change about a person, its link left out.
func (x *call) told(p account.Person) object {
	u := x.user(&p)
	delete(u, "externalId")
	u["userName"] = strings.ToLower(userName(&p))
	return u
}

func (x *call) replaceUser() error {
	f, err := x.body()
	if err != nil {
		return err
	}
	return x.changeUser(func(e *editing) error { return e.replace(f) })
}

func (x *call) patchUser() error {
	steps, err := x.operations(users)
	if err != nil {
		return err
	}
	return x.changeUser(func(e *editing) error { return e.apply(steps) })
}

func (x *call) changeUser(change func(*editing) error) error {
	x.changing.Lock()
	defer x.changing.Unlock()
	p, err := x.findPerson(x.id())
	if err != nil {
		return err
	}
	if err := x.unchanged(version(p.UpdatedAt)); err != nil {
		return err
	}
	e := x.edit(*p)
	if err := change(e); err != nil {
		return err
	}
	if err := x.allowed(e); err != nil {
		return x.refused("person.update", person(p), err)
	}
	if e.password == "" && e.p.ExternalID == p.ExternalID && e.p.UserName == p.UserName && reflect.DeepEqual(x.told(e.p), x.told(*p)) {
		return x.sendUser(http.StatusOK, p) // nothing new
	}
	if err := x.free(&e.p); err != nil {
		return err
	}
	if err := x.People.Provision(x.ctx, &e.p, e.password); err != nil {
		if fault.Is(err, fault.Conflict) && explain("", err).Type == "" {
			return x.refused("person.update", person(p), err)
		}
		return err
	}
	return x.sendUser(http.StatusOK, &e.p)
}

func (x *call) removeUser() error {
	x.changing.Lock()
	defer x.changing.Unlock()
	p, err := x.findPerson(x.id())
	if err != nil {
		return err
	}
	if err := x.unchanged(version(p.UpdatedAt)); err != nil {
		return err
	}
	err = x.mayGive(p.Role)
	switch {
	case p.ManagedBy != managed:
		err = denied("This person is not managed by the directory")
	case p.ID == x.by.ID:
		err = denied("The token speaks for this person, who would end it")
	}
	if err != nil {
		return x.refused("person.delete", person(p), err)
	}
	err = x.People.Delete(x.ctx, p.ID)
	if fault.Is(err, fault.Conflict) {
		// Row rules name them, so they stay, but they get in no more. For the last
		// administrator this is refused as well, and nothing changes.
		off := *p
		off.Disabled = true
		if !p.Disabled && x.People.Provision(x.ctx, &off, "") == nil {
			err = fault.New(fault.Conflict, "%s. Until then the person is deactivated", fault.MessageOf(err))
		}
		return x.refused("person.delete", person(p), err)
	}
	if err != nil {
		return err
	}
	return x.c.NoContent(http.StatusNoContent)
}
