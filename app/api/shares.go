package api

import (
	"context"
	"net/http"
	"time"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/share"
)

// Share is a link for people without an account; its address is told once, when it is made.
type Share struct {
	ID           string            `json:"id"`
	Kind         string            `json:"kind" enum:"question,dashboard,report"`
	Object       string            `json:"object" doc:"The id of what is shared"`
	Name         string            `json:"name"`
	State        string            `json:"state" enum:"open,expired,revoked"`
	Parameters   map[string]string `json:"parameters,omitempty" doc:"Values that visitors cannot change"`
	Free         []string          `json:"free,omitempty" doc:"Parameters or filters that visitors may set"`
	Origins      []string          `json:"origins,omitempty" doc:"Sites that may show the page in a frame"`
	Download     bool              `json:"download" doc:"Whether visitors may take files with them"`
	HasPassword  bool              `json:"has_password" doc:"Whether visitors have to know a password"`
	CreatedBy    string            `json:"created_by"`
	CreatedAt    time.Time         `json:"created_at"`
	ExpiresAt    time.Time         `json:"expires_at"`
	RevokedAt    *time.Time        `json:"revoked_at" doc:"When it was ended"`
	Opened       int               `json:"opened" doc:"How many pages were shown"`
	LastOpenedAt *time.Time        `json:"last_opened_at" doc:"When it was last opened"`
}

// newShare is a link just made.
type newShare struct {
	Share
	URL string `json:"url" doc:"The link's address; it is not told again"`
}

// ShareInput is what a link is made from.
type ShareInput struct {
	Question   string            `json:"question,omitempty" maxLength:"100" doc:"The question's id; exactly one of question, dashboard and report is given"`
	Dashboard  string            `json:"dashboard,omitempty" maxLength:"100" doc:"The dashboard's id"`
	Report     string            `json:"report,omitempty" maxLength:"100" doc:"The report's id"`
	Name       string            `json:"name,omitempty" maxLength:"200" doc:"What the link is called in lists; the name of what is shared without it"`
	ExpiresAt  *time.Time        `json:"expires_at,omitempty" doc:"Thirty days from now without it"`
	Password   string            `json:"password,omitempty" maxLength:"256" format:"password" writeOnly:"true" doc:"What visitors have to know"`
	Parameters map[string]scalar `json:"parameters,omitempty" doc:"Values of parameters or filters that visitors cannot change"`
	Free       []string          `json:"free,omitempty" maxItems:"100" doc:"Parameters or filters that visitors may set"`
	Origins    []string          `json:"origins,omitempty" maxItems:"50" doc:"Sites that may show the page in a frame"`
	Download   bool              `json:"download,omitempty" doc:"Whether visitors may take files with them"`
}

type shareCreate struct{ Body ShareInput }

type shareFind struct {
	Paging
	Kind   string `query:"kind" enum:"question,dashboard,report" doc:"Only links to this kind"`
	Object string `query:"object" maxLength:"100" doc:"Only links to what has this id"`
}

// visit is one time that somebody came with a link.
type visit struct {
	At      time.Time `json:"at"`
	Address string    `json:"address" doc:"From where"`
	Agent   string    `json:"agent" doc:"With which program"`
	Outcome string    `json:"outcome"`
}

func shareOf(s *share.Share) Share {
	out := Share{ID: s.ID, Kind: string(s.Kind), Object: s.ObjectID, Name: s.Name, State: s.State(time.Now()), Parameters: s.Settings.Fixed, Free: s.Settings.Free,
		Origins: s.Settings.Origins, Download: s.Settings.Download, HasPassword: s.HasPassword, CreatedBy: s.CreatedBy, CreatedAt: utc(s.CreatedAt), ExpiresAt: utc(s.ExpiresAt), Opened: s.Opened}
	if s.RevokedAt != nil {
		out.RevokedAt = moment(*s.RevokedAt)
	}
	if s.LastOpenedAt != nil {
		out.LastOpenedAt = moment(*s.LastOpenedAt)
	}
	return out
}

func (a *api) shares() {
	const tag, action = "shares", account.Share
	add(a, operation{id: "listShares", method: http.MethodGet, path: "/shares", tag: tag, action: action, summary: "List links, the newest first", detail: "Your own and those to what you may change; an administrator sees all."}, a.listShares)
	add(a, operation{id: "createShare", method: http.MethodPost, path: "/shares", tag: tag, action: action, status: http.StatusCreated, summary: "Share a question, dashboard or report by a link",
		detail: "Whoever has the address sees what its maker saw at the time. Only the maker's rights and rules count."}, a.createShare)
	add(a, operation{id: "getShare", method: http.MethodGet, path: "/shares/{id}", tag: tag, action: action, summary: "Get a link, without its address"}, a.getShare)
	add(a, operation{id: "revokeShare", method: http.MethodDelete, path: "/shares/{id}", tag: tag, action: action, summary: "End a link", detail: "It stays in the list, with its visits."}, a.revokeShare)
	add(a, operation{id: "listShareVisits", method: http.MethodGet, path: "/shares/{id}/visits", tag: tag, action: action, summary: "List who came with a link, the latest first"}, a.shareVisits)
}

func (a *api) listShares(ctx context.Context, in *shareFind) (*body[page[Share]], error) {
	list, err := a.Shares.List(ctx, share.Find{Kind: share.Kind(in.Kind), Object: in.Object, After: in.Cursor, Limit: in.Limit + 1, For: from(ctx).person})
	if err != nil {
		return nil, err
	}
	return pageOf(each(list, shareOf), in.Paging, func(s Share) string { return s.ID }), nil
}

func (a *api) createShare(ctx context.Context, in *shareCreate) (*created[newShare], error) {
	b := in.Body
	one := &share.Share{Name: b.Name, Settings: share.Settings{Free: b.Free, Origins: b.Origins, Download: b.Download}}
	for kind, id := range map[share.Kind]string{share.Question: b.Question, share.Dashboard: b.Dashboard, share.Report: b.Report} {
		if id == "" {
			continue
		}
		if one.ObjectID != "" {
			return nil, fault.Field("question", "Give exactly one of question, dashboard and report")
		}
		one.Kind, one.ObjectID = kind, id
	}
	if one.ObjectID == "" {
		return nil, fault.Field("question", "Give exactly one of question, dashboard and report")
	}
	if b.ExpiresAt != nil {
		one.ExpiresAt = *b.ExpiresAt
	}
	one.Settings.Fixed = Ask{Parameters: b.Parameters}.request(nil, "").Parameters
	token, err := a.Shares.Create(ctx, one, b.Password, from(ctx).person)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Field(string(one.Kind), "There is no such %s, or nobody granted you a right to it", one.Kind)
	}
	if err != nil {
		return nil, err
	}
	return &created[newShare]{Location: prefix + "/shares/" + one.ID, Body: newShare{shareOf(one), a.BaseURL + "/r/" + token}}, nil
}

func (a *api) getShare(ctx context.Context, in *ByID) (*body[Share], error) {
	s, err := a.Shares.Get(ctx, in.ID, from(ctx).person)
	if err != nil {
		return nil, err
	}
	return &body[Share]{shareOf(s)}, nil
}

func (a *api) revokeShare(ctx context.Context, in *ByID) (*nothing, error) {
	return nil, a.Shares.Revoke(ctx, in.ID, from(ctx).person)
}

// mostVisits bounds how far back visits are told.
const mostVisits = 10_000

func (a *api) shareVisits(ctx context.Context, in *versionsInput) (*body[page[visit]], error) {
	if _, err := a.Shares.Get(ctx, in.ID, from(ctx).person); err != nil {
		return nil, err
	}
	list, err := a.Shares.Visits(ctx, in.ID, mostVisits)
	if err != nil {
		return nil, err
	}
	all := each(list, func(v *share.Visit) visit { return visit{utc(v.At), v.Address, v.Agent, v.Outcome} })
	return cut(all, in.Paging, func(v visit) string { return v.At.Format(time.RFC3339Nano) })
}
