package api

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"assay/app/account"
	"assay/app/frame"
	"assay/app/query"
)

// BenchmarkQuery sets an answer over HTTP beside the same question asked of the
// runner: the difference is what the API adds.
func BenchmarkQuery(b *testing.B) {
	h := newHouse(b)
	for _, rows := range []int{1, 1000, orderRows} {
		sql := fmt.Sprintf("SELECT * FROM orders WHERE id <= %d", rows)
		b.Run(fmt.Sprintf("runner/%d", rows), func(b *testing.B) {
			for b.Loop() {
				answer, err := h.api.Runner.Open(b.Context(), query.Request{Person: h.people[account.Analyst], Connection: h.orders, SQL: sql, Limit: orderRows})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := (frame.JSONWriter{}).Write(b.Context(), io.Discard, answer); err != nil {
					b.Fatal(err)
				}
				answer.Close()
			}
		})
		for _, format := range []string{typeJSON, typeCSV} {
			b.Run(fmt.Sprintf("http/%s/%d", strings.ReplaceAll(format, "/", "-"), rows), func(b *testing.B) {
				body := fmt.Appendf(nil, `{"connection": %q, "sql": %q, "limit": %d}`, h.orders, sql, orderRows)
				for b.Loop() {
					req, err := http.NewRequestWithContext(b.Context(), "POST", h.server.URL+"/api/v1/query", bytes.NewReader(body))
					if err != nil {
						b.Fatal(err)
					}
					req.Header.Set("Authorization", "Bearer "+h.tokens[account.Analyst])
					req.Header.Set("Accept", format)
					res, err := h.server.Client().Do(req)
					if err != nil {
						b.Fatal(err)
					}
					n, err := io.Copy(io.Discard, res.Body)
					res.Body.Close()
					if err != nil || res.StatusCode != 200 || n == 0 {
						b.Fatal(res.Status, n, err)
					}
				}
			})
		}
	}
}
