package api

import (
	"context"
	"net/http"
	"time"

	"assay/app/account"
	"assay/app/fault"
)

// oneTime is a link that works once.
type oneTime struct {
	URL       string    `json:"url" doc:"Where the person chooses a password; it works once and is shown this once"`
	ExpiresAt time.Time `json:"expires_at"`
}

// userSession is a browser in which a person is signed in.
type userSession struct {
	ID        string    `json:"id"`
	Via       string    `json:"via" doc:"How the person signed in: password, link or an identity provider's id"`
	Address   string    `json:"address" doc:"The network address it was last used from"`
	Agent     string    `json:"agent" doc:"What the browser says it is"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type bySession struct {
	ByID
	Session string `path:"session" maxLength:"100" doc:"The session's id"`
}

func (a *api) userAccess() {
	const tag, edit = "people", account.EditPeople
	add(a, operation{id: "inviteUser", method: http.MethodPost, path: "/users/{id}/invite", tag: tag, action: edit, status: http.StatusCreated,
		summary: "Make a link by which a person chooses their first password", detail: "It works for a week, and ends an earlier one."}, a.invite)
	add(a, operation{id: "resetUser", method: http.MethodPost, path: "/users/{id}/reset", tag: tag, action: edit, status: http.StatusCreated,
		summary: "Make a link by which a person chooses a new password", detail: "It works for an hour, and ends an earlier one. Until it is used the old password stays. A second factor stays in any case."}, a.reset)
	add(a, operation{id: "endUser", method: http.MethodPost, path: "/users/{id}/end", tag: tag, action: edit, status: http.StatusNoContent,
		summary: "End a person's sessions, tokens and running queries"}, a.endUser)
	add(a, operation{id: "listUserSessions", method: http.MethodGet, path: "/users/{id}/sessions", tag: tag, action: edit,
		summary: "List where a person is signed in, the last used first"}, a.listSessions)
	add(a, operation{id: "deleteUserSession", method: http.MethodDelete, path: "/users/{id}/sessions/{session}", tag: tag, action: edit,
		summary: "End one of a person's sessions"}, a.deleteSession)
}

func (a *api) invite(ctx context.Context, in *ByID) (*body[oneTime], error) {
	return a.oneTime(ctx, in.ID, account.Invite, account.InviteLife)
}

func (a *api) reset(ctx context.Context, in *ByID) (*body[oneTime], error) {
	return a.oneTime(ctx, in.ID, account.Reset, account.LinkLife)
}

func (a *api) oneTime(ctx context.Context, id string, purpose account.Purpose, life time.Duration) (*body[oneTime], error) {
	p, err := a.managed(ctx, id, account.Managed{})
	switch {
	case err != nil:
		return nil, err
	case p.Kind == account.Service:
		return nil, fault.New(fault.Conflict, "A service has no password; it acts by tokens")
	case p.Disabled:
		return nil, fault.New(fault.Conflict, "This account is disabled; enable it first")
	case p.ManagedBy != "" && purpose == account.Reset:
		return nil, fault.New(fault.Conflict, "This person comes in through the company's directory, which keeps their password")
	}
	token, err := a.People.NewLink(ctx, purpose, p.ID)
	if err != nil {
		return nil, err
	}
	return &body[oneTime]{oneTime{a.link(purpose, token), utc(time.Now().Add(life))}}, nil
}

func (a *api) endUser(ctx context.Context, in *ByID) (*nothing, error) {
	p, err := a.managed(ctx, in.ID, account.Managed{})
	if err != nil {
		return nil, err
	}
	if err := a.People.End(ctx, p.ID); err != nil {
		return nil, err
	}
	own := &account.Person{ID: p.ID} // who sees no more than what they ask themselves
	for _, q := range a.Runner.Live(own) {
		if err := a.Runner.Cancel(own, q.ID); err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
	}
	return nil, nil
}

type listOf struct {
	ByID
	Paging
}

func (a *api) listSessions(ctx context.Context, in *listOf) (*body[page[userSession]], error) {
	if _, err := a.People.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	list, err := a.People.Sessions(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all := each(list, func(s *account.Session) userSession {
		return userSession{ID: s.ID, Via: s.Via, Address: s.Address, Agent: s.Agent, CreatedAt: utc(s.CreatedAt), SeenAt: utc(s.SeenAt), ExpiresAt: utc(s.ExpiresAt)}
	})
	return cut(all, in.Paging, func(s userSession) string { return s.ID })
}

func (a *api) deleteSession(ctx context.Context, in *bySession) (*nothing, error) {
	p, err := a.managed(ctx, in.ID, account.Managed{})
	if err != nil {
		return nil, err
	}
	return nil, a.People.DeleteSession(ctx, p.ID, in.Session)
}
