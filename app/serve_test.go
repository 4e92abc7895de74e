package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"assay/app/account"
	"assay/config"
)

// TestAStartThatFailsEnds holds that whatever goes wrong while the server starts
// ends it, with the message, and leaves nothing behind that waits.
func TestAStartThatFailsEnds(t *testing.T) {
	for name, c := range map[string]struct {
		change func(cfg *config.Config)
		ready  func(r *rooms) error
		says   string
	}{
		"an error":           {change: func(cfg *config.Config) { cfg.SMTPHost, cfg.MailFrom = "mail.example.com", "nobody" }, says: "is not the address of a sender"},
		"an error before":    {ready: func(*rooms) error { return errors.New("not ready") }, says: "not ready"},
		"a panic":            {ready: func(r *rooms) error { r.dashboards = nil; return nil }, says: "nil pointer"},
		"a port that is not": {change: func(cfg *config.Config) { cfg.MetricsAddr = "127.0.0.1:99999" }, says: "ASSAY_METRICS_ADDR"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _, _, err := config.Load(nil, []string{"ASSAY_ADDR=127.0.0.1:0", "ASSAY_DATA_DIR=" + t.TempDir()}, new(bytes.Buffer))
			if err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(&cfg)
			}
			ended := make(chan string, 1)
			go func() {
				defer func() {
					if why := recover(); why != nil {
						ended <- fmt.Sprint(why)
					}
				}()
				err := serve(context.Background(), call{out: new(bytes.Buffer), errors: new(bytes.Buffer)}, cfg, func(_ context.Context, r *rooms, _ string) (*account.Person, error) {
					if c.ready == nil {
						return nil, nil
					}
					return nil, c.ready(r)
				})
				ended <- fmt.Sprint(err)
			}()
			select {
			case why := <-ended:
				if !strings.Contains(why, c.says) {
					t.Errorf("it ended with %q", why)
				}
			case <-time.After(patience):
				t.Fatal("it does not end")
			}
		})
	}
}
