package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"assay/app/fault"
	"assay/app/source"
)

const problemType = "application/problem+json"

// problem says what went wrong, by RFC 9457.
type problem struct {
	Type     string `json:"type" format:"uri-reference" doc:"Where the code is explained"`
	Title    string `json:"title" doc:"What kind of problem it is, the same for every occurrence"`
	Status   int    `json:"status" doc:"The HTTP status"`
	Detail   string `json:"detail" doc:"What happened this time and what helps"`
	Instance string `json:"instance,omitempty" format:"uri-reference" doc:"Names this occurrence; whoever looks after the server finds it in the log"`
	Code     string `json:"code" doc:"The kind of problem for programs; it does not change between versions"`
	// The next three come with a failure of a database.
	Position int    `json:"position,omitempty" doc:"Where in the asked SQL, counted in characters from 1"`
	State    string `json:"state,omitempty" doc:"The database's own code, such as an SQLSTATE"`
	Hint     string `json:"hint,omitempty" doc:"What helps, where that is known"`
	Version  int    `json:"version,omitempty" doc:"The present version of what somebody else changed in the meantime"`
	Errors   []flaw `json:"errors,omitempty" nullable:"false" doc:"What is wrong with each input"`

	headers http.Header
}

// flaw is what is wrong with one input.
type flaw struct {
	Location string `json:"location" doc:"The input, such as body.name or query.limit"`
	Message  string `json:"message"`
}

// Error returns the detail.
func (p *problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus returns the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// GetHeaders returns the headers that belong to the status.
func (p *problem) GetHeaders() http.Header { return p.headers }

// ContentType returns that of problem documents.
func (p *problem) ContentType(string) string { return problemType }

// code is a kind of problem.
type code struct {
	Code   string
	Status int
	Title  string
	Means  string // for the reference page
}

// codes lists the kinds of problems; of several with one status the first is the usual one.
var codes = []code{
	{"malformed", 400, "The request cannot be read", "The body is not JSON, or is nested too deep or too long to be a request."},
	{"sign_in", 401, "Sign in first", "There is no token, or it is not valid any more."},
	{"denied", 403, "Not allowed", "The person's role does not include this."},
	{"not_found", 404, "Not found", "There is no such object, or it is not yours."},
	{"method_not_allowed", 405, "Not possible here", "The address takes other methods."},
	{"not_acceptable", 406, "No such format", "None of the media types in Accept can be given."},
	{"timeout", 408, "The request did not arrive", "The body took too long to arrive."},
	{"conflict", 409, "In conflict with what is there", "A name is taken, the object changed in the meantime, or others depend on it."},
	{"cancelled", 409, "Cancelled", "Somebody cancelled the query."},
	{"too_large", 413, "Too large", "The body is larger than 1 MiB."},
	{"unsupported_type", 415, "Not JSON", "The body's Content-Type is not application/json."},
	{"misdirected", 421, "Unknown host", "The server does not answer for this host."},
	{"invalid", 422, "This needs another look", "An input is wrong; errors names each."},
	{"statement_refused", 422, "The statement was not sent", "The statement does more than read, or could not be shown to only read."},
	{"over_budget", 422, "Over budget", "The query would take more than is allowed."},
	{"database_error", 422, "The database could not answer", "The database's own message, with the position in the SQL where it tells one."},
	{"too_many", 429, "Too many requests", "Wait as long as Retry-After says."},
	{"internal", 500, "Something went wrong", "The fault is ours; the instance helps to find it."},
	{"unreachable", 502, "The database could not be reached", "Network, name, encryption or login."},
	{"unavailable", 503, "Not available right now", "Try again later."},
	{"deadline_exceeded", 504, "Out of time", "The query did not finish within its time limit."},
}

func newProblem(name, detail string) *problem {
	i := slices.IndexFunc(codes, func(c code) bool { return c.Code == name })
	if i < 0 {
		i = slices.IndexFunc(codes, func(c code) bool { return c.Code == "internal" })
	}
	c := codes[i]
	p := &problem{Type: "/api/docs#" + c.Code, Title: c.Title, Status: c.Status, Detail: detail, Code: c.Code, headers: http.Header{}}
	if c.Status == http.StatusUnauthorized {
		p.headers.Set("WWW-Authenticate", "Bearer")
	}
	if c.Status == http.StatusTooManyRequests {
		p.headers.Set("Retry-After", "1")
	}
	return p
}

func codeOf(status int) string {
	for _, c := range codes {
		if c.Status == status {
			return c.Code
		}
	}
	if status < 500 {
		return "malformed"
	}
	return "internal"
}

// slow is a refusal that tells how long to wait.
type slow struct {
	error
	wait time.Duration
}

func (s *slow) Unwrap() error { return s.error }

// problemOf tells an error to the program that asked, and the log what is our own fault.
func (a *api) problemOf(r *request, err error) *problem {
	p := explain(r.http.Method, err)
	if p.Status == http.StatusInternalServerError {
		a.Log.Error("request failed", "request", r.id, "method", r.http.Method, "path", path(r.http), "err", err)
	}
	return p.of(r.id)
}

func path(r *http.Request) string {
	if r.URL == nil {
		return ""
	}
	return r.URL.Path
}

// of names the occurrence.
func (p *problem) of(request string) *problem {
	if request != "" {
		p.Instance = "urn:request:" + request
	}
	return p
}

func explain(method string, err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newProblem("too_large", fmt.Sprintf("The request is larger than %d bytes", large.Limit))
	}
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		detail, _ := h.Message.(string)
		switch h.Code {
		case http.StatusNotFound:
			detail = "There is nothing at this address"
		case http.StatusMethodNotAllowed:
			detail = "This address does not take the method " + method
		case http.StatusInternalServerError:
			detail = fault.MessageOf(err)
		}
		return newProblem(codeOf(h.Code), detail)
	}
	if kind := fault.KindOf(err); kind != fault.Internal {
		p := newProblem(string(kind), fault.MessageOf(err))
		if s, ok := errors.AsType[*slow](err); ok {
			p.headers.Set("Retry-After", strconv.Itoa(max(whole(s.wait), 1)))
		}
		for name, message := range fault.FieldsOf(err) {
			p.Errors = append(p.Errors, flaw{place(method, name), message})
		}
		slices.SortFunc(p.Errors, func(a, b flaw) int { return cmp.Compare(a.Location, b.Location) })
		return p
	}
	if f := source.AsFailure(err); f != nil {
		p := newProblem(string(f.Code), f.Message)
		p.Hint, p.Position, p.State = f.Hint, f.Position, f.State
		return p
	}
	return newProblem("internal", fault.MessageOf(err))
}

// place says where in the request an input is.
func place(method, name string) string {
	if strings.Contains(name, "query.") || strings.Contains(name, "path.") {
		return name
	}
	if method == http.MethodGet || method == http.MethodDelete {
		return "query." + strings.TrimPrefix(name, "parameters.")
	}
	return "body." + name
}

// failureCode tells in a streamed JSON answer what kept further rows from coming.
func failureCode(err error) (code, message string) {
	p := explain("", err)
	return p.Code, p.Detail
}

// write sends a problem.
func (a *api) write(c echo.Context, p *problem) {
	h := c.Response().Header()
	for name, values := range p.headers {
		h[name] = values
	}
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	c.Response().WriteHeader(p.Status)
	if c.Request().Method == http.MethodHead {
		return
	}
	if err := json.NewEncoder(c.Response()).Encode(p); err != nil {
		a.Log.Debug("problem not sent", "request", p.Instance, "err", err)
	}
}

// handle tells errors from outside the operations (unknown addresses, refused
// hosts, panics) to programs as problems, and leaves pages to next.
func (a *api) handle(next echo.HTTPErrorHandler) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if !ours(c.Request().URL.Path) {
			next(err, c)
			return
		}
		if c.Response().Committed {
			return
		}
		if c.Response().Header().Get("RateLimit") == "" {
			a.spend(c, nil, false)
		}
		r := &request{http: c.Request(), id: c.Response().Header().Get("X-Request-Id")}
		a.write(c, a.problemOf(r, err))
	}
}

// nowhere answers an address or a method that is no call.
func (a *api) nowhere(c echo.Context) error {
	var allowed []string
	for _, method := range methods {
		probe := c.Echo().NewContext(c.Request(), nil)
		c.Echo().Router().Find(method, c.Request().URL.Path, probe)
		if probe.Path() != c.Path() {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return echo.ErrNotFound
	}
	c.Response().Header().Set("Allow", strings.Join(allowed, ", "))
	return echo.ErrMethodNotAllowed
}

// mostFlaws bounds how many wrong inputs are told at once.
const mostFlaws = 20

// translate turns the framework's own errors, about inputs, into problems. It
// drops the values that the framework would send back: they may be passwords.
func (a *api) translate(ctx huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(codeOf(e.Status), e.Detail)
	p.Status = e.Status
	for _, d := range e.Errors {
		if d != nil {
			p.Errors = append(p.Errors, plain(d.Location, d.Message))
		}
	}
	slices.SortFunc(p.Errors, func(a, b flaw) int {
		return cmp.Or(cmp.Compare(a.Location, b.Location), cmp.Compare(a.Message, b.Message))
	})
	p.Errors = p.Errors[:min(len(p.Errors), mostFlaws)]
	switch {
	case e.Status == http.StatusRequestEntityTooLarge:
		p.Detail = "The request is larger than 1 MiB"
	case e.Status == http.StatusUnsupportedMediaType:
		p.Detail, p.Errors = "Send JSON, with Content-Type: application/json", nil
	case e.Status == http.StatusRequestTimeout:
		p.Detail = "The request's body took too long to arrive"
	case e.Status >= 500:
		a.Log.Error("request failed", "method", ctx.Method(), "path", ctx.Operation().Path, "err", e.Detail)
		p.Detail, p.Errors = "The request could not be read", nil
	case len(p.Errors) == 1:
		p.Detail = p.Errors[0].Location + ": " + p.Errors[0].Message
	case len(p.Errors) > 1:
		p.Detail = "Some inputs need another look"
	case e.Status == http.StatusBadRequest:
		p.Detail = "This call needs a body of JSON"
	}
	for name, values := range p.headers {
		for _, value := range values {
			ctx.SetHeader(name, value)
		}
	}
	return p.of(from(ctx.Context()).id), nil
}

// plain puts the framework's words about an input into ours.
func plain(location, message string) flaw {
	if name, ok := strings.CutPrefix(message, "expected required property "); ok {
		return flaw{location + "." + strings.TrimSuffix(name, " to be present"), "This is required"}
	}
	if message == "unexpected property" {
		return flaw{location, "There is no such member here"}
	}
	return flaw{location, strings.ToUpper(message[:min(1, len(message))]) + message[min(1, len(message)):]}
}
