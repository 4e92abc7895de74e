package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"assay/app/account"
)

// User is a person who can sign in.
type User struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      string    `json:"role" enum:"admin,analyst,viewer"`
	Disabled  bool      `json:"disabled"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func userOf(p *account.Person) User {
	return User{ID: p.ID, Email: p.Email, Name: p.Name, Role: string(p.Role), Disabled: p.Disabled, CreatedAt: utc(p.CreatedAt), UpdatedAt: utc(p.UpdatedAt)}
}

// me is the person who asks, and what they may do.
type me struct {
	ID      string   `json:"id"`
	Email   string   `json:"email"`
	Name    string   `json:"name"`
	Role    string   `json:"role" enum:"admin,analyst,viewer"`
	Actions []string `json:"actions" nullable:"false" doc:"What the role includes"`
}

// newUser is a person just made.
type newUser struct {
	User
	SignInLink string `json:"sign_in_link,omitempty" doc:"Lets a person without a password in, once, within the hour; it is shown this once"`
}

type userInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Name     string `json:"name,omitempty" maxLength:"200" doc:"Taken from the address where it is missing"`
		Role     string `json:"role" enum:"admin,analyst,viewer"`
		Password string `json:"password,omitempty" maxLength:"1024" format:"password" doc:"Without one the answer holds a sign-in link"`
	} `nameHint:"UserInput"`
}

type userPatch struct {
	ByID
	Body struct {
		Name     *string `json:"name,omitempty" maxLength:"200"`
		Role     *string `json:"role,omitempty" enum:"admin,analyst,viewer"`
		Disabled *bool   `json:"disabled,omitempty" doc:"A disabled person's sessions and tokens end at once"`
		Password *string `json:"password,omitempty" maxLength:"1024" format:"password" doc:"A new password ends the person's sessions and tokens"`
	} `nameHint:"UserPatch"`
}

func (a *api) people() {
	add(a, operation{id: "getMe", method: http.MethodGet, path: "/me", tag: "people", summary: "Tell who asks"}, a.me)
	add(a, operation{id: "listUsers", method: http.MethodGet, path: "/users", tag: "people", action: account.EditPeople, summary: "List people by name"}, a.listUsers)
	add(a, operation{id: "createUser", method: http.MethodPost, path: "/users", tag: "people", action: account.EditPeople, status: http.StatusCreated, summary: "Add a person"}, a.createUser)
	add(a, operation{id: "getUser", method: http.MethodGet, path: "/users/{id}", tag: "people", action: account.EditPeople, summary: "Get a person"}, a.getUser)
	add(a, operation{id: "updateUser", method: http.MethodPatch, path: "/users/{id}", tag: "people", action: account.EditPeople, summary: "Change a person"}, a.updateUser)
}

// actions lists what there is to be allowed, in the order in which me tells it.
var actions = []account.Action{account.Look, account.Ask, account.AskSQL, account.Save, account.SeeConnections,
	account.EditConnections, account.EditPeople, account.EditSettings}

func (a *api) me(ctx context.Context, _ *nothing) (*body[me], error) {
	p := from(ctx).person
	out := me{ID: p.ID, Email: p.Email, Name: p.Name, Role: string(p.Role), Actions: []string{}}
	for _, action := range actions {
		if account.May(p, action).Allowed {
			out.Actions = append(out.Actions, string(action))
		}
	}
	return &body[me]{out}, nil
}

func (a *api) listUsers(ctx context.Context, in *Paging) (*body[page[User]], error) {
	list, err := a.People.List(ctx)
	if err != nil {
		return nil, err
	}
	return cut(each(list, userOf), *in, func(u User) string { return u.ID })
}

func (a *api) createUser(ctx context.Context, in *userInput) (*created[newUser], error) {
	b := in.Body
	p, err := a.People.Create(ctx, account.NewPerson{Email: b.Email, Name: b.Name, Role: account.Role(b.Role), Password: b.Password})
	if err != nil {
		return nil, err
	}
	out := &created[newUser]{Location: prefix + "/users/" + p.ID, Body: newUser{User: userOf(p)}}
	if b.Password == "" {
		token, err := a.People.NewLink(ctx, account.Enter, p.ID)
		if err != nil {
			return nil, err
		}
		out.Body.SignInLink = a.BaseURL + "/enter?token=" + url.QueryEscape(token)
	}
	return out, nil
}

func (a *api) getUser(ctx context.Context, in *ByID) (*body[User], error) {
	p, err := a.People.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[User]{userOf(p)}, nil
}

func (a *api) updateUser(ctx context.Context, in *userPatch) (*body[User], error) {
	p, err := a.People.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	set(&p.Name, in.Body.Name)
	set(&p.Role, (*account.Role)(in.Body.Role))
	set(&p.Disabled, in.Body.Disabled)
	if in.Body.Password != nil {
		if err := a.People.SetPassword(ctx, p.ID, *in.Body.Password); err != nil {
			return nil, err
		}
	}
	if err := a.People.Update(ctx, p); err != nil {
		return nil, err
	}
	return &body[User]{userOf(p)}, nil
}
