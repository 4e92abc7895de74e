package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
)

// auditRecord is what somebody did or tried, as it is kept.
type auditRecord struct {
	Seq        int64          `json:"seq" doc:"Dense from 1"`
	At         time.Time      `json:"at"`
	ActorID    string         `json:"actor_id" doc:"The person's id; empty for nobody and for the system"`
	Actor      string         `json:"actor" doc:"The person's address, or system"`
	Via        string         `json:"via" doc:"How they acted, such as session, token, access, command or schedule"`
	Address    string         `json:"address" doc:"The network address they came from"`
	Request    string         `json:"request" doc:"The request's id"`
	Action     string         `json:"action" doc:"Object and verb, such as connection.create"`
	ObjectKind string         `json:"object_kind"`
	ObjectID   string         `json:"object_id"`
	ObjectName string         `json:"object_name"`
	Connection string         `json:"connection_id" doc:"Where a connection is concerned, its id"`
	Outcome    string         `json:"outcome" enum:"done,refused,failed"`
	Detail     map[string]any `json:"detail" nullable:"false" doc:"What else is to be known"`
	Prev       string         `json:"prev,omitempty" doc:"The hash of the record before; a list leaves it out"`
	Hash       string         `json:"hash" doc:"SHA-256 over the record and prev, in hex"`
	Seal       string         `json:"seal" doc:"The installation's seal on the hash; empty where the vault was closed"`
}

func auditRecordOf(r *audit.Record) auditRecord {
	out := auditRecord{Seq: r.Seq, At: utc(r.At), ActorID: r.Actor.ID, Actor: r.Actor.Name, Via: r.Actor.Via, Address: r.Actor.Address, Request: r.Actor.Request,
		Action: r.Action, ObjectKind: r.Object.Kind, ObjectID: r.Object.ID, ObjectName: r.Object.Name, Connection: r.Connection, Outcome: r.Outcome,
		Prev: r.Prev, Hash: r.Hash, Seal: r.Seal}
	if json.Unmarshal(r.Detail, &out.Detail) != nil || out.Detail == nil {
		out.Detail = map[string]any{} // somebody changed it: verifying says so
	}
	return out
}

// auditFind is the input of the record's list.
type auditFind struct {
	Limit      int       `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most items of a page"`
	Cursor     int64     `query:"cursor" minimum:"1" doc:"Where the page begins: next_cursor of the page before"`
	Text       string    `query:"q" maxLength:"500" doc:"Only records with this text in the actor, the action, the object's name or the detail"`
	Actor      string    `query:"actor" maxLength:"100" doc:"Only what the person with this id did"`
	Action     string    `query:"action" maxLength:"100" doc:"Only actions that begin so, such as connection."`
	Outcome    string    `query:"outcome" enum:"done,refused,failed" doc:"Only what ended so"`
	Connection string    `query:"connection" maxLength:"100" doc:"Only what concerns the connection with this id"`
	ObjectKind string    `query:"object_kind" maxLength:"100" doc:"Only what was done to this kind of object"`
	ObjectID   string    `query:"object_id" maxLength:"100" doc:"Only what was done to the object with this id"`
	Since      time.Time `query:"since" doc:"Only from this time on"`
	Until      time.Time `query:"until" doc:"Only before this time"`
}

func (f *auditFind) filter() audit.Filter {
	return audit.Filter{Text: f.Text, ActorID: f.Actor, Action: f.Action, Outcome: f.Outcome, Connection: f.Connection, ObjectKind: f.ObjectKind, ObjectID: f.ObjectID,
		Since: f.Since, Until: f.Until, Before: f.Cursor, Limit: f.Limit}
}

type auditSeq struct {
	Seq int64 `path:"seq" minimum:"1" doc:"The record's place"`
}

// auditVerdict says whether the record holds.
type auditVerdict struct {
	OK       bool   `json:"ok" doc:"Whether every record is unchanged and in its place"`
	Sentence string `json:"sentence" doc:"The verdict in words"`
	Count    int64  `json:"count" doc:"Records that were read and hold"`
	Retired  int64  `json:"retired" doc:"Records of which retention left a summary"`
	Kind     string `json:"kind,omitempty" enum:"changed,removed,inserted,reordered,cut,unsealed,unchecked" doc:"What is wrong first"`
	Part     string `json:"part,omitempty" enum:"record,head,summary,checkpoint" doc:"Where it is wrong"`
	Seq      int64  `json:"seq,omitempty" doc:"The first record concerned"`
	Last     int64  `json:"last,omitempty" doc:"The last record concerned, where there are several"`
	Unsealed int64  `json:"unsealed" doc:"Records written while the vault was closed"`
}

func (a *api) audit() {
	const tag, see = "audit", account.SeeAudit
	content := map[string]*huma.MediaType{
		typeJSON:   {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[page[auditRecord]](), true, "")},
		typeNDJSON: {Schema: &huma.Schema{Type: "string"}},
	}
	add(a, operation{id: "listAudit", method: http.MethodGet, path: "/audit", tag: tag, action: see, content: content, streams: "Records, the newest first; or a copy of all that match, the oldest first, one a line",
		summary: "List who did what, the newest first", detail: "With Accept: " + typeNDJSON + " all records that match are streamed, the oldest first, with what is needed to verify the copy; limit and cursor do not count then. That is recorded too."}, a.listAudit)
	add(a, operation{id: "getAudit", method: http.MethodGet, path: "/audit/{seq}", tag: tag, action: see, summary: "Get a record"}, a.getAudit)
	add(a, operation{id: "verifyAudit", method: http.MethodPost, path: "/audit/verify", tag: tag, action: see, summary: "Verify that no record was changed, removed or added",
		detail: "Every record is read. One verification runs at a time."}, a.verifyAudit)
}

func (a *api) listAudit(ctx context.Context, in *auditFind) (*huma.StreamResponse, error) {
	accept := from(ctx).http.Header.Get("Accept")
	f := in.filter()
	if accept != "" && welcome(accept, typeNDJSON) > welcome(accept, typeJSON) {
		return a.exportAudit(ctx, f)
	}
	if accept != "" && welcome(accept, typeJSON) == 0 {
		return nil, newProblem("not_acceptable", "The record can be had as "+typeJSON+" and "+typeNDJSON)
	}
	list, next, err := a.Audit.List(ctx, f)
	if err != nil {
		return nil, renamed(err, map[string]string{"text": "q"})
	}
	out := page[auditRecord]{Items: each(list, auditRecordOf)}
	if next > 0 {
		cursor := strconv.FormatInt(next, 10)
		out.NextCursor = &cursor
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", typeJSON)
		hc.SetStatus(http.StatusOK)
		encoder := json.NewEncoder(hc.BodyWriter())
		encoder.SetEscapeHTML(false)
		encoder.Encode(out) // a client that goes away hears nothing of it
	}}, nil
}

func (a *api) exportAudit(ctx context.Context, f audit.Filter) (*huma.StreamResponse, error) {
	f.Before, f.Limit = 0, 0
	if err := a.Audit.Write(ctx, audit.Event{Action: "audit.export", Object: audit.Object{Kind: "audit", Name: "record"}, Detail: described(f)}); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humaecho.Unwrap(hc)
		h := c.Response().Header()
		h.Set("Content-Type", typeNDJSON)
		h.Set("X-Accel-Buffering", "no")
		h.Set("Content-Disposition", `attachment; filename="audit.jsonl"`)
		w := &prompt{ResponseWriter: c.Response(), control: http.NewResponseController(c.Response().Writer)}
		err := a.Audit.Export(hc.Context(), f, w)
		switch {
		case err == nil && !c.Response().Committed:
			c.Response().WriteHeader(http.StatusOK)
		case err != nil && !c.Response().Committed:
			h.Del("Content-Disposition")
			a.write(c, a.problemOf(from(ctx), err))
		case err != nil:
			panic(http.ErrAbortHandler) // half a copy must not pass for a whole one
		}
	}}, nil
}

// described tells what a copy holds.
func described(f audit.Filter) map[string]any {
	detail := map[string]any{"format": "jsonl"}
	for name, value := range map[string]string{"text": f.Text, "actor": f.ActorID, "action": f.Action, "outcome": f.Outcome, "connection": f.Connection, "object_kind": f.ObjectKind, "object_id": f.ObjectID} {
		if value != "" {
			detail[name] = value
		}
	}
	for name, at := range map[string]time.Time{"since": f.Since, "until": f.Until} {
		if !at.IsZero() {
			detail[name] = at.UTC().Format(time.RFC3339)
		}
	}
	return detail
}

func (a *api) getAudit(ctx context.Context, in *auditSeq) (*body[auditRecord], error) {
	r, err := a.Audit.Get(ctx, in.Seq)
	if err != nil {
		return nil, err
	}
	return &body[auditRecord]{auditRecordOf(&r)}, nil
}

func (a *api) verifyAudit(ctx context.Context, _ *nothing) (*body[auditVerdict], error) {
	if !a.verifying.TryLock() {
		return nil, fault.New(fault.TooMany, "The record is being verified already; wait for the end of that")
	}
	defer a.verifying.Unlock()
	v, err := a.Audit.Verify(ctx)
	if err != nil {
		return nil, err
	}
	out := auditVerdict{OK: v.OK, Sentence: v.String(), Count: v.Count, Retired: v.Retired, Kind: string(v.Kind), Part: string(v.Part), Seq: v.Seq, Last: v.Last, Unsealed: v.UnsealedCount}
	e := audit.Event{Action: "audit.verify", Object: audit.Object{Kind: "audit", Name: "record"}, Detail: map[string]any{"ok": v.OK, "count": v.Count, "found": string(v.Kind)}}
	if !v.OK {
		e.Outcome = audit.Failed
	}
	return &body[auditVerdict]{out}, a.Audit.Write(ctx, e)
}
