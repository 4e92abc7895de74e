package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
)

// documents serves what describes the API. Each is made once, when it is first asked for.
func (a *api) documents(e *echo.Echo) {
	serve := func(path, contentType string, make func() ([]byte, error)) {
		once := sync.OnceValues(make)
		e.GET(path, func(c echo.Context) error {
			if err := a.spend(c, nil, false).err(); err != nil {
				return err
			}
			doc, err := once()
			if err != nil {
				return err
			}
			c.Response().Header().Set("Cache-Control", "no-cache")
			return c.Blob(http.StatusOK, contentType, doc)
		})
	}
	serve("/openapi.json", "application/json", func() ([]byte, error) { return json.Marshal(a.huma.OpenAPI()) })
	serve("/openapi.yaml", "application/yaml", func() ([]byte, error) { return a.huma.OpenAPI().YAML() })
	serve("/api/docs", "text/html; charset=utf-8", func() ([]byte, error) {
		var b bytes.Buffer
		err := referencePage.Execute(&b, a.reference())
		return b.Bytes(), err
	})
}
