package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/fault"
)

const mediaType = "application/scim+json"

// The kinds of errors that SCIM names (RFC 7644, section 3.12).
const (
	invalidFilter = "invalidFilter"
	invalidPath   = "invalidPath"
	invalidSyntax = "invalidSyntax"
	invalidValue  = "invalidValue"
	mutability    = "mutability"
	noTarget      = "noTarget"
	tooMany       = "tooMany"
	uniqueness    = "uniqueness"
)

// problem is what went wrong, as SCIM tells it.
type problem struct {
	Status int
	Type   string // the scimType, where there is one
	Detail string
	wait   time.Duration // until the next try; 0 where that does not matter
}

// Error returns the detail.
func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Type, p.Detail) }

// wrong returns a 400 of the type.
func wrong(kind, format string, args ...any) error {
	return &problem{Status: http.StatusBadRequest, Type: kind, Detail: fmt.Sprintf(format, args...)}
}

func denied(format string, args ...any) error { return fault.New(fault.Denied, format, args...) }

func taken(format string, args ...any) error {
	return &problem{Status: http.StatusConflict, Type: uniqueness, Detail: fmt.Sprintf(format, args...)}
}

var statuses = map[fault.Kind]int{
	fault.NotFound:    http.StatusNotFound,
	fault.Invalid:     http.StatusBadRequest,
	fault.Conflict:    http.StatusConflict,
	fault.Denied:      http.StatusForbidden,
	fault.SignIn:      http.StatusUnauthorized,
	fault.Unavailable: http.StatusServiceUnavailable,
	fault.TooMany:     http.StatusTooManyRequests,
}

func explain(method string, err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("The request is larger than %d bytes; send members in several requests", large.Limit)}
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
		return &problem{Status: h.Code, Detail: detail}
	}
	f, ok := errors.AsType[*fault.Error](err)
	status, known := statuses[fault.KindOf(err)]
	if !ok || !known {
		return &problem{Status: http.StatusInternalServerError, Detail: fault.MessageOf(err)}
	}
	p := &problem{Status: status, Detail: f.Message}
	switch f.Kind {
	case fault.Invalid:
		p.Type = invalidValue
		var flaws []string
		for name, message := range f.Fields {
			flaws = append(flaws, name+": "+message)
		}
		if slices.Sort(flaws); len(flaws) > 1 {
			p.Detail = strings.Join(flaws, "; ")
		}
	case fault.Conflict:
		if f.Err != nil { // the store's own word on what is there twice
			p.Type = uniqueness
		}
	}
	return p
}

// handle tells errors below /scim as SCIM's, and leaves the others to next.
func (s *server) handle(next echo.HTTPErrorHandler) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if path := c.Request().URL.Path; path != "/scim" && !strings.HasPrefix(path, "/scim/") {
			next(err, c)
			return
		}
		if c.Response().Committed {
			return
		}
		p := explain(c.Request().Method, err)
		if p.Status == http.StatusInternalServerError {
			s.Log.Error("request failed", "request", requestID(c), "method", c.Request().Method, "path", c.Path(), "err", err)
		}
		h := c.Response().Header()
		if p.Status == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", "Bearer")
		}
		if p.wait > 0 {
			h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.wait.Seconds()))))
		}
		body := map[string]any{"schemas": []string{urnError}, "status": strconv.Itoa(p.Status), "detail": p.Detail}
		if p.Type != "" {
			body["scimType"] = p.Type
		}
		if err := send(c, p.Status, body); err != nil {
			s.Log.Debug("error not sent", "request", requestID(c), "err", err)
		}
	}
}

// send answers with a body of SCIM's media type.
func send(c echo.Context, status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Blob(status, mediaType, append(b, '\n'))
}
