package web

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/fault"
)

// bodyLimit bounds what a request may bring.
const bodyLimit = 1 << 20

// formPatience is how long a form may take to arrive.
const formPatience = 10 * time.Second

// policy is the content security policy of every page: nothing inline, nothing from elsewhere.
const policy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

// protect puts on every request what all of them need: an id, a log line,
// headers, limits, the right host and the same origin.
func protect(e *echo.Echo, cfg Config, log *slog.Logger) {
	crossOrigin := http.NewCrossOriginProtection()
	// SAML providers send their answer by a form of their own site; what it is worth
	// shows by the sealed cookie of the browser that asked.
	crossOrigin.AddInsecureBypassPattern("POST /auth/{provider}/callback")
	e.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			id := strings.ToLower(rand.Text()[:16])
			h := c.Response().Header()
			h.Set("X-Request-Id", id)
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("X-Frame-Options", "DENY")
			h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
			if cfg.Secure() {
				h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
			}
			r := c.Request()
			started := time.Now()
			defer func() {
				if p := recover(); p != nil {
					if p == http.ErrAbortHandler {
						panic(p)
					}
					log.Error("panic", "request", id, "panic", p, "stack", string(debug.Stack()))
					c.Error(echo.NewHTTPError(http.StatusInternalServerError))
				}
				log.Debug("request", "id", id, "method", r.Method, "path", c.Path(), "status", c.Response().Status,
					"ms", time.Since(started).Milliseconds())
			}()
			if len(r.TransferEncoding) > 0 {
				// A body in chunks that also tells a length is read as chunks, and the
				// length is forgotten: a proxy before us may have believed the length.
				// What follows on the connection is then no request of its own.
				h.Set("Connection", "close")
			}
			if !hostAllowed(cfg, r.Host) {
				return echo.NewHTTPError(http.StatusMisdirectedRequest, "This server does not answer for that host; set ASSAY_BASE_URL to the address people use")
			}
			if r.Header.Get("Authorization") == "" { // a bearer token is no cookie: nothing rides along
				err := crossOrigin.Check(r)
				if err == nil && downgraded(cfg, r) {
					err = errors.New("the origin is not encrypted")
				}
				if err != nil {
					return fault.Because(fault.Denied, err, "This request came from another site and was not carried out")
				}
			}
			if strings.ContainsRune(r.URL.Path, 0) {
				return echo.NewHTTPError(http.StatusNotFound)
			}
			r.Body = http.MaxBytesReader(c.Response(), r.Body, bodyLimit)
			if r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get(echo.HeaderContentType), echo.MIMEApplicationForm) {
				// Read here: a form's fields, asked for one by one later, would just be empty.
				control := http.NewResponseController(c.Response().Writer)
				control.SetReadDeadline(time.Now().Add(formPatience))
				err := r.ParseForm()
				control.SetReadDeadline(time.Time{})
				if err != nil {
					if _, large := errors.AsType[*http.MaxBytesError](err); large {
						return err
					}
					return echo.NewHTTPError(http.StatusBadRequest, "The form cannot be read")
				}
			}
			if strings.Contains(r.URL.RawQuery, "%00") || strings.ContainsRune(r.URL.RawQuery, 0) || zero(r.PostForm) {
				return echo.NewHTTPError(http.StatusBadRequest, "The request holds the character 0, which no text has")
			}
			return next(c)
		}
	})
}

// framedBy lets a page be shown in frames of the origins, which are spelled as
// share.Origin does; no other page may be.
func framedBy(c echo.Context, origins []string) {
	h := c.Response().Header()
	h.Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors "+strings.Join(origins, " "), 1))
	h.Del("X-Frame-Options")
}

// downgraded reports a request that changes something and comes from a page of
// this host that was not encrypted, which anybody on the way may have written.
func downgraded(cfg Config, r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return cfg.Secure() && (site == "" || site == "none") && strings.HasPrefix(strings.ToLower(r.Header.Get("Origin")), "http:")
}

// zero reports whether a form holds a character that databases take for a text's end.
func zero(form url.Values) bool {
	for name, values := range form {
		if strings.ContainsRune(name, 0) || slices.ContainsFunc(values, func(v string) bool { return strings.ContainsRune(v, 0) }) {
			return true
		}
	}
	return false
}

// hostAllowed keeps other names from being pointed at this server: with a base
// URL only its host counts, on a loopback listener only this machine's names.
func hostAllowed(cfg Config, host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	loopback := strings.EqualFold(name, "localhost")
	if ip := net.ParseIP(strings.Trim(name, "[]")); ip != nil {
		loopback = loopback || ip.IsLoopback()
	}
	if cfg.BaseURL != "" {
		u, err := url.Parse(cfg.BaseURL)
		return err == nil && (strings.EqualFold(u.Host, host) || strings.EqualFold(u.Hostname(), name) || loopback)
	}
	return !cfg.Local || loopback
}
