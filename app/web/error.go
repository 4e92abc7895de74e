package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/fault"
	"assay/app/source"
	"assay/views"
)

// errorPages is the one path of everything that goes wrong in a page.
type errorPages struct{ log *slog.Logger }

// statuses maps kinds of faults to HTTP; a kind that is not here is internal.
var statuses = map[fault.Kind]int{
	fault.NotFound:    http.StatusNotFound,
	fault.Invalid:     http.StatusUnprocessableEntity,
	fault.Conflict:    http.StatusConflict,
	fault.Denied:      http.StatusForbidden,
	fault.SignIn:      http.StatusUnauthorized,
	fault.Unavailable: http.StatusServiceUnavailable,
	fault.TooMany:     http.StatusTooManyRequests,
}

var titles = map[int]string{
	http.StatusBadRequest:            "This cannot be read",
	http.StatusNotFound:              "Page not found",
	http.StatusMethodNotAllowed:      "Not possible here",
	http.StatusUnprocessableEntity:   "This needs another look",
	http.StatusConflict:              "This cannot be done now",
	http.StatusForbidden:             "Not allowed",
	http.StatusUnauthorized:          "Sign in first",
	http.StatusServiceUnavailable:    "Not available right now",
	http.StatusTooManyRequests:       "Too many tries",
	http.StatusRequestEntityTooLarge: "Too large",
	http.StatusMisdirectedRequest:    "Unknown host",
	http.StatusInternalServerError:   "Something went wrong",
	http.StatusBadGateway:            "The database did not answer",
	http.StatusGatewayTimeout:        "Out of time",
}

func (x *errorPages) handle(err error, c echo.Context) {
	if c.Response().Committed || errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
		return
	}
	status, message := x.explain(err)
	id := c.Response().Header().Get("X-Request-Id")
	if status >= 500 && status != http.StatusServiceUnavailable {
		x.log.Error("request failed", "request", id, "method", c.Request().Method, "path", c.Path(), "err", err)
	}
	if status == http.StatusUnauthorized && c.Request().Method == http.MethodGet && !strings.HasPrefix(c.Request().URL.Path, "/login") {
		to := "/login?next=" + url.QueryEscape(c.Request().URL.RequestURI())
		if c.Request().Header.Get("HX-Request") != "" {
			c.Response().Header().Set("HX-Redirect", to)
		}
		c.Redirect(http.StatusSeeOther, to)
		return
	}
	page := views.ErrorPage(views.Error{Chrome: chrome(c, titles[status], ""), Message: message, RequestID: id})
	if renderErr := respond(c, status, page); renderErr != nil {
		x.log.Error("error page failed", "request", id, "err", renderErr)
		c.String(status, message)
	}
}

func (x *errorPages) explain(err error) (status int, message string) {
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge, "The request is larger than " + byteSize(large.Limit)
	}
	if h, ok := errors.AsType[*echo.HTTPError](err); ok && h.Code != http.StatusInternalServerError {
		text, _ := h.Message.(string)
		if h.Code == http.StatusNotFound || text == "" {
			text = "There is nothing at this address. It may have been moved or removed."
		}
		if _, known := titles[h.Code]; !known {
			return http.StatusBadRequest, text
		}
		return h.Code, text
	}
	if status, ok := statuses[fault.KindOf(err)]; ok {
		return status, fault.MessageOf(err)
	}
	if f := source.AsFailure(err); f != nil {
		message = f.Message
		if f.Hint != "" {
			message += ". " + f.Hint
		}
		switch f.Code {
		case source.Unreachable:
			return http.StatusBadGateway, message
		case source.DeadlineExceeded:
			return http.StatusGatewayTimeout, message
		}
		return http.StatusUnprocessableEntity, message
	}
	return http.StatusInternalServerError, "Something went wrong on our side. The request id helps whoever looks after this server to find out what."
}
