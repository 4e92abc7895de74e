// Package api is Assay over HTTP for programs: the REST API under /api/v1, and
// its OpenAPI document and reference page, both made from the code.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/chart"
	"assay/app/dashboard"
	"assay/app/document"
	"assay/app/query"
	"assay/app/report"
	"assay/app/schedule"
	"assay/app/share"
	"assay/app/source"
)

// Deps are the rooms behind the API.
type Deps struct {
	People      *account.Store
	Throttle    *account.Throttle
	Connections *source.Store
	Pools       *source.Pools
	Questions   *query.Store
	Rules       *query.Rules
	Runner      *query.Runner
	Audit       *audit.Log
	Dashboards  *dashboard.Store
	Reports     *report.Store
	Schedules   *schedule.Schedules
	Alerts      *schedule.Alerts
	Shares      *share.Store
	// DashboardMaker and ReportMaker make what is saved as it reads now.
	DashboardMaker *dashboard.Maker
	ReportMaker    *report.Maker
	// Jobs runs schedules and alerts; without its functions there are no calls for it.
	Jobs Jobs
	// PDF prints a document; nil where nothing prints.
	PDF    func(io.Writer, *document.Document) error
	Charts *chart.Drawer
	Log    *slog.Logger
	// BaseURL is the address people use, without a slash at its end; empty where only this machine does.
	BaseURL string
	// Stylesheet is the path of the product's style sheet for the reference page; empty for none.
	Stylesheet string
	// Version is the product's version.
	Version string
	// RequireFactor says that nobody gets in by a password alone.
	RequireFactor bool
	// Rates bound how many calls there may be; zero ones are the usual.
	Rates Rates
}

// prefix begins the path of every operation.
const prefix = "/api/v1"

type api struct {
	Deps
	huma huma.API
	// problem and slowDown document what goes wrong.
	problem, slowDown *huma.Response
	// persons and networks count the calls of those with a token and without.
	persons, networks *meter
	verifying         sync.Mutex // of the audit record
}

// Mount adds the API, /openapi.json, /openapi.yaml and /api/docs to the server.
// From then on errors below /api are told as problem documents instead of pages.
func Mount(e *echo.Echo, d Deps) { mount(e, d) }

func mount(e *echo.Echo, d Deps) *api {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.Version == "" {
		d.Version = "dev"
	}
	a := &api{Deps: d, persons: newMeter("person", d.Rates.Person, usualRates.Person), networks: newMeter("network", d.Rates.Network, usualRates.Network)}
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Assay", Version: d.Version, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
				Description: "Ask databases questions, safely, from programs. Lists answer items and next_cursor; times are RFC 3339 in UTC; ids are opaque. Of a member that stands twice in a body the last counts, and one that is not documented is refused."},
			Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{
				bearer: {Type: "http", Scheme: "bearer", Description: "An access token from auth/token, or an API token."},
			}},
			Security: []map[string][]string{{bearer: {}}},
			Tags: []*huma.Tag{
				{Name: "auth", Description: "Tokens for an address and a password"},
				{Name: "people", Description: "Who is signed in, people and services, their groups, sessions and API tokens"},
				{Name: "rights", Description: "Roles, what was granted to whom, which rows and columns people see, and why"},
				{Name: "audit", Description: "The record of who did what"},
				{Name: "connections", Description: "Ways to databases and what is in them"},
				{Name: "query", Description: "Questions asked once"},
				{Name: "questions", Description: "Saved questions and their answers"},
				{Name: "dashboards", Description: "Questions arranged to be read together"},
				{Name: "reports", Description: "Documents with live charts, tables and figures"},
				{Name: "schedules", Description: "What is refreshed and delivered on time"},
				{Name: "alerts", Description: "Figures that are watched"},
				{Name: "shares", Description: "Links for people without an account"},
			},
		},
		Formats:       map[string]huma.Format{"application/json": {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}, "json": {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{a.translate},
	}
	if d.BaseURL != "" {
		config.Servers = []*huma.Server{{URL: d.BaseURL}}
	}
	a.huma = humaecho.New(e, config)
	a.problem = &huma.Response{Description: "What went wrong", Content: map[string]*huma.MediaType{
		problemType: {Schema: registry.Schema(reflect.TypeFor[problem](), true, "")},
	}}
	header := func(text string) *huma.Param {
		return &huma.Param{Description: text, Schema: &huma.Schema{Type: "string"}}
	}
	a.slowDown = &huma.Response{Description: "Too many calls", Content: a.problem.Content, Headers: map[string]*huma.Param{
		"Retry-After":      header("Seconds to wait before the next call"),
		"RateLimit-Policy": header("How many calls (q) there may be in how many seconds (w); every answer has it"),
		"RateLimit":        header("How many calls are left (r) and in how many seconds all are there again (t); every answer has it"),
	}}
	e.HTTPErrorHandler = a.handle(e.HTTPErrorHandler)

	a.auth()
	a.people()
	a.userAccess()
	a.groups()
	a.tokens()
	a.roles()
	a.grants()
	a.rules()
	a.explain()
	a.audit()
	a.connections()
	a.queries()
	a.questions()
	a.folders()
	a.dashboards()
	a.reports()
	a.schedules()
	a.shares()
	describe(registry)
	// The framework registers its own error model with each operation; ours is the one that is sent.
	delete(registry.Map(), "ErrorModel")
	delete(registry.Map(), "ErrorDetail")

	a.documents(e)
	e.RouteNotFound("/api/*", a.nowhere)
	return a
}

// schemaName names a type in the OpenAPI document.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[chart.Settings]() {
		return "ChartSettings"
	}
	if t.Kind() == reflect.Struct && strings.HasPrefix(t.Name(), "page[") {
		f, _ := t.FieldByName("Items")
		if named, ok := reflect.Zero(f.Type.Elem()).Interface().(interface{ schema() string }); ok {
			return "Page" + named.schema()
		}
	}
	// Rooms call different things by one name.
	for _, room := range []string{"dashboard", "report", "schedule"} {
		if strings.HasSuffix(t.PkgPath(), "app/"+room) {
			return capital(room) + t.Name()
		}
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// operation is a call of the API, as it is documented and guarded.
type operation struct {
	id, method, path     string
	tag, summary, detail string
	// action is what the caller must be allowed to do; empty where it is enough to be signed in.
	action account.Action
	// on, where set, makes of the path's id the object to which the action is done.
	on func(id string) account.Object
	// public calls need no token.
	public bool
	// queued calls ask a database and wait in the queue of its connection, which bounds them.
	queued bool
	// status is that of success where it is not the usual one.
	status int
	// content documents what a streamed answer holds, by media type, and streams says what it is.
	content map[string]*huma.MediaType
	streams string
}

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// add mounts an operation. The handler's errors become problem documents.
func add[I, O any](a *api, o operation, handler func(context.Context, *I) (*O, error)) {
	op := huma.Operation{OperationID: o.id, Method: o.method, Path: prefix + o.path, Tags: []string{o.tag}, Summary: o.summary, Description: o.detail,
		DefaultStatus: o.status, MaxBodyBytes: maxBody, BodyReadTimeout: -1, // see patientBody
		Responses: map[string]*huma.Response{"default": a.problem}, Middlewares: huma.Middlewares{a.admit(o)}}
	if o.public {
		op.Security = []map[string][]string{}
	} else {
		op.Responses["401"] = a.problem
	}
	op.Responses["429"] = a.slowDown
	switch {
	case o.streams != "":
		op.Responses["200"] = &huma.Response{Description: o.streams, Content: o.content}
	case o.content != nil:
		op.Responses["200"] = &huma.Response{Description: "The rows, streamed", Content: o.content,
			Headers: map[string]*huma.Param{"X-Query-Id": {Description: "The id by which the query can be looked at and cancelled", Schema: &huma.Schema{Type: "string"}}}}
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, a.problemOf(from(ctx), err)
		}
		return out, nil
	})
}

// body is the answer of an operation that has one.
type body[T any] struct{ Body T }

// created is the answer of an operation that made something.
type created[T any] struct {
	Location string `header:"Location" doc:"Where the new object is"`
	Body     T
}

// ByID is the input of an operation on one object.
type ByID struct {
	ID string `path:"id" maxLength:"100" doc:"The object's id"`
}

// nothing is the input or the output of an operation that has none.
type nothing struct{}

// utc returns a time as it is written: in UTC, as finely as stores keep it.
func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// set changes what is given.
func set[T any](to, given *T) {
	if given != nil {
		*to = *given
	}
}

func ours(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/openapi.")
}

// request is what a handler may know of the call beside its input.
type request struct {
	person  *account.Person
	http    *http.Request
	network string
	id      string
}

type requestKey struct{}

// from returns the request of a handler's context.
func from(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{http: &http.Request{}}
}
