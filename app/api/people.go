package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"assay/app/account"
	"assay/app/fault"
)

// User is a person who can sign in, or a service that acts by tokens.
type User struct {
	ID           string              `json:"id"`
	Kind         string              `json:"kind" enum:"person,service" doc:"A service signs in nowhere and acts by tokens alone"`
	Email        string              `json:"email" doc:"The person's address; that of a service stands for it and takes no mail"`
	Name         string              `json:"name"`
	Role         string              `json:"role" doc:"The role's id: admin, analyst, viewer or one that was made here"`
	Groups       []named             `json:"groups" nullable:"false" doc:"The groups the person is in, by name"`
	Attributes   map[string][]string `json:"attributes" nullable:"false" doc:"What row rules compare with, such as region; each has one or more values"`
	ExternalID   string              `json:"external_id" doc:"What the company's directory calls the person"`
	ManagedBy    string              `json:"managed_by" readOnly:"true" doc:"Who keeps the person up to date: scim, an identity provider's id, or nobody but people here"`
	SecondFactor bool                `json:"second_factor" doc:"Whether the person signs in with a second factor"`
	Disabled     bool                `json:"disabled"`
	CreatedAt    time.Time           `json:"created_at"`
	UpdatedAt    time.Time           `json:"updated_at"`
}

// named is an object as others refer to it.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func userOf(p *account.Person) User {
	u := User{ID: p.ID, Kind: string(p.Kind), Email: p.Email, Name: p.Name, Role: string(p.Role), Groups: groupNames(p), Attributes: p.Attributes,
		ExternalID: p.ExternalID, ManagedBy: p.ManagedBy, SecondFactor: p.HasFactor(), Disabled: p.Disabled, CreatedAt: utc(p.CreatedAt), UpdatedAt: utc(p.UpdatedAt)}
	if u.Attributes == nil {
		u.Attributes = map[string][]string{}
	}
	return u
}

func groupNames(p *account.Person) []named {
	return each(p.Groups(), func(g *account.Group) named { return named{g.ID, g.Name} })
}

// me is the person who asks, and what they may do.
type me struct {
	ID          string              `json:"id"`
	Kind        string              `json:"kind" enum:"person,service"`
	Email       string              `json:"email"`
	Name        string              `json:"name"`
	Role        string              `json:"role" doc:"The role's id"`
	RoleName    string              `json:"role_name"`
	Groups      []named             `json:"groups" nullable:"false"`
	Attributes  map[string][]string `json:"attributes" nullable:"false"`
	Permissions []string            `json:"permissions" nullable:"false" doc:"The actions that the role includes and the token is for"`
	Actions     []string            `json:"actions" nullable:"false" doc:"The same as permissions, by its earlier name"`
	Scopes      []string            `json:"scopes" doc:"What the token is limited to; null where nothing limits it"`
	Via         string              `json:"via" enum:"token,access" doc:"What was sent: an API token or an access token"`
}

// newUser is a person just made.
type newUser struct {
	User
	SignInLink string `json:"sign_in_link,omitempty" doc:"Lets a person without a password in, once, within the hour; it is shown this once"`
}

// UserInput is what a person is made from.
type UserInput struct {
	Kind       string              `json:"kind,omitempty" enum:"person,service" default:"person" doc:"It stays as it is made"`
	Email      string              `json:"email,omitempty" maxLength:"254" doc:"Needed of a person; a service may go without"`
	Name       string              `json:"name,omitempty" maxLength:"200" doc:"Taken from the address where it is missing"`
	Role       string              `json:"role" maxLength:"100" doc:"The role's id"`
	Groups     []string            `json:"groups,omitempty" maxItems:"1000" doc:"The ids of the groups the person is in"`
	Attributes map[string][]string `json:"attributes,omitempty" doc:"What row rules compare with"`
	ExternalID string              `json:"external_id,omitempty" maxLength:"500" doc:"What the company's directory calls the person"`
}

type userCreate struct {
	Body struct {
		UserInput
		Password string `json:"password,omitempty" maxLength:"1024" format:"password" writeOnly:"true" doc:"Without one the answer for a person holds a sign-in link"`
	} `nameHint:"UserCreate"`
}

type userReplace struct {
	ByID
	Body struct {
		UserInput
		Disabled bool `json:"disabled,omitempty" doc:"A disabled person's sessions and tokens end at once"`
	} `nameHint:"UserReplace"`
}

// UserPatch is what is to change of a person.
type UserPatch struct {
	Email      *string             `json:"email,omitempty" maxLength:"254" doc:"The new address"`
	Name       *string             `json:"name,omitempty" maxLength:"200" doc:"The new name"`
	Role       *string             `json:"role,omitempty" maxLength:"100" doc:"The new role's id; where it takes rights away, sessions and tokens end at once"`
	Groups     []string            `json:"groups,omitempty" maxItems:"1000" doc:"The ids of the groups the person is in from now on"`
	Attributes map[string][]string `json:"attributes,omitempty" doc:"The attributes from now on, in place of all there were"`
	ExternalID *string             `json:"external_id,omitempty" maxLength:"500" doc:"What the company's directory calls the person"`
	Disabled   *bool               `json:"disabled,omitempty" doc:"A disabled person's sessions and tokens end at once"`
	Password   *string             `json:"password,omitempty" maxLength:"1024" format:"password" writeOnly:"true" doc:"A new password ends the person's sessions and tokens"`
}

type userPatch struct {
	ByID
	Body UserPatch
}

type userFind struct {
	Paging
	Kind  string `query:"kind" enum:"person,service" doc:"Only people or only services"`
	Group string `query:"group" maxLength:"100" doc:"Only members of the group with this id"`
}

func (a *api) people() {
	const tag, edit = "people", account.EditPeople
	manage := "Nobody touches somebody who may do more than they may themselves: administrators are for administrators."
	add(a, operation{id: "getMe", method: http.MethodGet, path: "/me", tag: tag, summary: "Tell who asks, and what they may do"}, a.me)
	add(a, operation{id: "listUsers", method: http.MethodGet, path: "/users", tag: tag, action: edit, summary: "List people and services by name"}, a.listUsers)
	add(a, operation{id: "createUser", method: http.MethodPost, path: "/users", tag: tag, action: edit, status: http.StatusCreated, summary: "Add a person or a service", detail: manage}, a.createUser)
	add(a, operation{id: "getUser", method: http.MethodGet, path: "/users/{id}", tag: tag, action: edit, summary: "Get a person"}, a.getUser)
	add(a, operation{id: "replaceUser", method: http.MethodPut, path: "/users/{id}", tag: tag, action: edit, summary: "Replace what is known of a person", detail: manage}, a.replaceUser)
	add(a, operation{id: "updateUser", method: http.MethodPatch, path: "/users/{id}", tag: tag, action: edit, summary: "Change a person", detail: manage}, a.updateUser)
	add(a, operation{id: "deleteUser", method: http.MethodDelete, path: "/users/{id}", tag: tag, action: edit, summary: "Remove a person",
		detail: "Their sessions and tokens end; what they saved stays. The last administrator stays too."}, a.deleteUser)
}

func (a *api) me(ctx context.Context, _ *nothing) (*body[me], error) {
	p := from(ctx).person
	role, err := a.People.RoleDef(ctx, p.Role)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	u := userOf(p)
	out := me{ID: p.ID, Kind: u.Kind, Email: p.Email, Name: p.Name, Role: u.Role, RoleName: role.Name, Groups: u.Groups, Attributes: u.Attributes,
		Permissions: words(p.Permissions()), Via: "access"}
	out.Actions = out.Permissions
	if p.Through() != nil {
		out.Via = "token"
	}
	if scopes := p.Scopes(); scopes != nil {
		out.Scopes = words(scopes)
	}
	return &body[me]{out}, nil
}

// words returns actions as they are written.
func words(list []account.Action) []string {
	return each(list, func(a *account.Action) string { return string(*a) })
}

func (a *api) listUsers(ctx context.Context, in *userFind) (*body[page[User]], error) {
	list, err := a.People.List(ctx)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(p account.Person) bool {
		return in.Kind != "" && string(p.Kind) != in.Kind || in.Group != "" && !p.In(account.Subject{Kind: account.ToGroup, ID: in.Group})
	})
	return cut(each(list, userOf), in.Paging, func(u User) string { return u.ID })
}

func (a *api) createUser(ctx context.Context, in *userCreate) (*created[newUser], error) {
	b := in.Body
	if err := a.People.MayManage(ctx, from(ctx).person, account.Managed{Role: account.Role(b.Role), Attributes: b.Attributes}); err != nil {
		return nil, err
	}
	if err := a.mayJoin(ctx, b.Groups); err != nil {
		return nil, err
	}
	p, err := a.People.Create(ctx, account.NewPerson{Kind: account.Kind(b.Kind), Email: b.Email, Name: b.Name, Role: account.Role(b.Role), Password: b.Password,
		Groups: b.Groups, Attributes: b.Attributes, ExternalID: b.ExternalID})
	if err != nil {
		return nil, err
	}
	out := &created[newUser]{Location: prefix + "/users/" + p.ID, Body: newUser{User: userOf(p)}}
	if b.Password == "" && p.Kind == account.Human {
		token, err := a.People.NewLink(ctx, account.Enter, p.ID)
		if err != nil {
			return nil, err
		}
		out.Body.SignInLink = a.link(account.Enter, token)
	}
	return out, nil
}

// link is the page of a one-time link.
func (a *api) link(purpose account.Purpose, token string) string {
	return a.BaseURL + "/" + string(purpose) + "?token=" + url.QueryEscape(token)
}

// mayJoin decides whether the caller may put people into the groups, or take them out.
func (a *api) mayJoin(ctx context.Context, groups []string) error {
	for _, id := range groups {
		err := a.People.MayJoin(ctx, from(ctx).person, id)
		if fault.Is(err, fault.NotFound) {
			return fault.Field("groups", "There is no group %s", id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// managed returns the person with the id, to whom the caller may do what is meant.
func (a *api) managed(ctx context.Context, id string, m account.Managed) (*account.Person, error) {
	p, err := a.People.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	m.Person = p
	return p, a.People.MayManage(ctx, from(ctx).person, m)
}

func (a *api) getUser(ctx context.Context, in *ByID) (*body[User], error) {
	p, err := a.People.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[User]{userOf(p)}, nil
}

func (a *api) replaceUser(ctx context.Context, in *userReplace) (*body[User], error) {
	b := in.Body
	patch := UserPatch{Email: &b.Email, Name: &b.Name, Role: &b.Role, Groups: b.Groups, Attributes: b.Attributes, ExternalID: &b.ExternalID, Disabled: &b.Disabled}
	if patch.Groups == nil {
		patch.Groups = []string{}
	}
	if patch.Attributes == nil {
		patch.Attributes = map[string][]string{}
	}
	p, err := a.People.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if b.Kind != "" && b.Kind != string(p.Kind) {
		return nil, fault.Field("kind", "A person does not become a service, nor the other way round; make a new one")
	}
	if p.Kind == account.Service && b.Email == "" {
		patch.Email = &p.Email
	}
	return a.saveUser(ctx, in.ID, patch)
}

func (a *api) updateUser(ctx context.Context, in *userPatch) (*body[User], error) {
	return a.saveUser(ctx, in.ID, in.Body)
}

func (a *api) saveUser(ctx context.Context, id string, b UserPatch) (*body[User], error) {
	m := account.Managed{Attributes: b.Attributes}
	if b.Role != nil {
		m.Role = account.Role(*b.Role)
	}
	p, err := a.managed(ctx, id, m)
	if err != nil {
		return nil, err
	}
	if b.Role != nil && *b.Role == "" {
		return nil, fault.Field("role", "A role is admin, analyst, viewer or one that was made here")
	}
	if b.Groups != nil {
		now := each(p.Groups(), func(g *account.Group) string { return g.ID })
		if err := a.mayJoin(ctx, differing(now, b.Groups)); err != nil {
			return nil, err
		}
	}
	set(&p.Email, b.Email)
	set(&p.Name, b.Name)
	set(&p.Role, (*account.Role)(b.Role))
	set(&p.ExternalID, b.ExternalID)
	set(&p.Disabled, b.Disabled)
	if b.Attributes != nil {
		p.Attributes = b.Attributes
	}
	if b.Password != nil {
		if err := a.People.SetPassword(ctx, p.ID, *b.Password); err != nil {
			return nil, err
		}
	}
	if err := a.People.Update(ctx, p); err != nil {
		return nil, err
	}
	if b.Groups != nil {
		if err := a.People.SetGroups(ctx, p.ID, b.Groups); err != nil {
			return nil, err
		}
	}
	return a.getUser(ctx, &ByID{ID: id})
}

// differing returns what is in one list and not in the other.
func differing(a, b []string) (list []string) {
	for _, one := range append(slices.Clone(a), b...) {
		if slices.Contains(a, one) != slices.Contains(b, one) && !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list
}

func (a *api) deleteUser(ctx context.Context, in *ByID) (*nothing, error) {
	p, err := a.managed(ctx, in.ID, account.Managed{})
	if err != nil {
		return nil, err
	}
	return nil, a.People.Delete(ctx, p.ID)
}
