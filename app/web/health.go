package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/store"
)

// health tells programs whether the process is up and can serve.
type health struct {
	store *store.Store

	mu      sync.Mutex
	checked time.Time
	err     error
}

func (h *health) routes(g *echo.Group) {
	g.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	g.GET("/readyz", h.ready)
}

// ready asks the store at most once a second, however often it is asked itself.
func (h *health) ready(c echo.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.checked) > time.Second {
		ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
		defer cancel()
		h.err, h.checked = h.store.Ping(ctx), time.Now()
	}
	if h.err != nil {
		return c.String(http.StatusServiceUnavailable, "our store does not answer\n")
	}
	return c.String(http.StatusOK, "ready\n")
}
