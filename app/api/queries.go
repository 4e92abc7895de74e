package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/query"
)

// Ask is what all questions have, wherever their text is.
type Ask struct {
	Parameters map[string]scalar `json:"parameters,omitempty" doc:"Values of the written question's parameters, by their names"`
	Limit      int               `json:"limit,omitempty" minimum:"1" maximum:"2000000000" doc:"The most rows wanted. Without one, JSON has the usual cap and the other formats have none"`
	TimeoutMS  int               `json:"timeout_ms,omitempty" minimum:"1" maximum:"86400000" doc:"How long the query may take, within what the server allows"`
	MaxAge     int               `json:"max_age,omitempty" minimum:"0" maximum:"31536000" doc:"How many seconds old an answer in JSON may be that was kept from before; without it, or with 0, the database is asked anew"`
}

func (k Ask) request(p *account.Person, connection string) query.Request {
	req := query.Request{Person: p, Connection: connection, Limit: k.Limit, Timeout: time.Duration(k.TimeoutMS) * time.Millisecond, MaxAge: time.Duration(k.MaxAge) * time.Second}
	for name, v := range k.Parameters {
		if !v.null {
			if req.Parameters == nil {
				req.Parameters = map[string]string{}
			}
			req.Parameters[name] = v.text
		}
	}
	return req
}

type queryInput struct {
	Body struct {
		Connection string `json:"connection" minLength:"1" maxLength:"100" doc:"The connection's id"`
		SQL        string `json:"sql,omitempty" maxLength:"262144" doc:"A question in the database's own SQL"`
		Spec       *spec  `json:"spec,omitempty" doc:"A question as the builder asks it, instead of sql"`
		Explain    bool   `json:"explain,omitempty" doc:"Answer the database's plan instead of the rows"`
		Ask
	} `nameHint:"QueryInput"`
}

// result documents what frame.JSONWriter writes.
type result struct {
	ID        string         `json:"id" doc:"The query's id"`
	Columns   []resultColumn `json:"columns" nullable:"false"`
	Rows      [][]any        `json:"rows" nullable:"false" doc:"Numbers that a float64 cannot hold, times and dates are strings; bytes are in base64"`
	RowCount  int64          `json:"row_count" doc:"How many rows the answer has"`
	Truncated bool           `json:"truncated" doc:"Whether there were more rows than the limit"`
	SQL       string         `json:"sql,omitempty" doc:"What was sent to the database"`
	ElapsedMS int64          `json:"elapsed_ms,omitempty" doc:"How long the query took, in milliseconds"`
	Cached    bool           `json:"cached,omitempty" doc:"Whether the answer was kept from before"`
	At        *time.Time     `json:"at,omitempty" doc:"When the database was asked for it"`
	Error     *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error,omitempty" doc:"What kept further rows from coming, once some had been sent"`
}

type resultColumn struct {
	Name string `json:"name"`
	Type string `json:"type" doc:"The database's own name of the type"`
	Kind string `json:"kind" enum:"number,text,time,date,bool,json,binary,other"`
}

// queryState is how a query stands.
type queryState struct {
	ID         string        `json:"id"`
	Connection string        `json:"connection"`
	State      string        `json:"state" enum:"queued,running,done,failed,cancelled"`
	RowCount   int           `json:"row_count" doc:"Rows read so far"`
	StartedAt  time.Time     `json:"started_at" doc:"When it was asked"`
	ElapsedMS  int64         `json:"elapsed_ms" doc:"How long it has taken so far, in milliseconds"`
	Error      *queryFailure `json:"error"`
}

type queryFailure struct {
	_        struct{} `nullable:"true"`
	Code     string   `json:"code"`
	Message  string   `json:"message"`
	Position int      `json:"position,omitempty" doc:"Where in the asked SQL, counted in characters from 1"`
	State    string   `json:"state,omitempty" doc:"The database's own code, such as an SQLSTATE"`
	Hint     string   `json:"hint,omitempty" doc:"What helps, where that is known"`
}

func stateOf(s *query.State) queryState {
	out := queryState{ID: s.ID, Connection: s.Connection, State: s.State, RowCount: s.Rows, StartedAt: utc(s.Started), ElapsedMS: s.Elapsed.Milliseconds()}
	if f := s.Failure; f != nil {
		out.Error = &queryFailure{Code: string(f.Code), Message: f.Message, Position: f.Position, State: f.State, Hint: f.Hint}
	}
	return out
}

func (a *api) queries() {
	const tag = "query"
	add(a, operation{id: "runQuery", method: http.MethodPost, path: "/query", tag: tag, action: account.Ask, content: a.formats(), queued: true,
		summary: "Ask a question", detail: "Accept chooses the format. The rows are streamed as the database gives them; when the client goes away, the query ends in the database too."}, a.runQuery)
	add(a, operation{id: "listQueries", method: http.MethodGet, path: "/queries", tag: tag, action: account.Look,
		summary: "List queries that have not ended", detail: "Your own, and everybody's for an administrator."}, a.listQueries)
	add(a, operation{id: "getQuery", method: http.MethodGet, path: "/queries/{id}", tag: tag, action: account.Look, summary: "Tell how a query stands"}, a.getQuery)
	add(a, operation{id: "cancelQuery", method: http.MethodDelete, path: "/queries/{id}", tag: tag, action: account.Look,
		summary: "Cancel a query", detail: "It ends in the database too. One that has ended already stays as it is."}, a.cancelQuery)
}

// formats documents the formats of an answer.
func (a *api) formats() map[string]*huma.MediaType {
	text := &huma.Schema{Type: "string"}
	return map[string]*huma.MediaType{
		typeJSON:   {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[result](), true, "")},
		typeCSV:    {Schema: text},
		typeNDJSON: {Schema: text},
		typeXLSX:   {Schema: &huma.Schema{Type: "string", Format: "binary"}},
	}
}

func (a *api) runQuery(ctx context.Context, in *queryInput) (*huma.StreamResponse, error) {
	req := in.Body.request(from(ctx).person, in.Body.Connection)
	req.SQL, req.Spec, req.Explain = in.Body.SQL, in.Body.Spec.query(), in.Body.Explain
	return a.answer(ctx, req, "result")
}

func (a *api) listQueries(ctx context.Context, in *Paging) (*body[page[queryState]], error) {
	return cut(each(a.Runner.Live(from(ctx).person), stateOf), *in, func(s queryState) string { return s.ID })
}

func (a *api) getQuery(ctx context.Context, in *ByID) (*body[queryState], error) {
	s, err := a.Runner.State(from(ctx).person, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[queryState]{stateOf(&s)}, nil
}

func (a *api) cancelQuery(ctx context.Context, in *ByID) (*nothing, error) {
	return nil, a.Runner.Cancel(from(ctx).person, in.ID)
}

// errFormats is the answer to an Accept that names no format there is.
func errFormats() error {
	return newProblem("not_acceptable", "An answer can be had as "+typeJSON+", "+typeCSV+", "+typeNDJSON+" and "+typeXLSX)
}

var errNoCharts = fault.New(fault.Unavailable, "This server draws no charts")
