package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/dashboard"
	"assay/app/demo"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/report"
	"assay/app/source"
)

// demoEmail is the sample company's administrator.
const demoEmail = "demo@example.com"

func demoCommand(ctx context.Context, c call) error {
	given := false
	for i, a := range c.args {
		if a == "--data" || a == "-data" || strings.HasPrefix(a, "--data=") {
			c.args[i] = strings.Replace(strings.TrimPrefix(a, "-"), "-data", "-data-dir", 1)
			given = true
		}
	}
	cfg, print, err := settings(c)
	if err != nil {
		return err
	}
	if print {
		return cfg.Print(c.out)
	}
	c.sample = true
	if !given {
		if cfg.DataDir, err = os.MkdirTemp("", "assay-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(cfg.DataDir)
	}
	if !hasSetting(c, "ADDR", "addr") {
		cfg.Addr = freeAddr(cfg.Addr)
	}
	fmt.Fprintln(c.out, "Building the sample company …")
	started := time.Now()
	path, err := filepath.Abs(filepath.Join(cfg.DataDir, "sample.db"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return err
	}
	if err := demo.Build(ctx, path); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s is ready after %.1f s.\n", demo.Company, time.Since(started).Seconds())
	return serve(ctx, c, cfg, func(ctx context.Context, r *rooms, address string) (*account.Person, error) {
		p, err := sampleCompany(ctx, r, path)
		if err != nil {
			return nil, err
		}
		token, err := r.people.NewLink(ctx, account.Enter, p.ID)
		if err != nil {
			return nil, err
		}
		_, err = fmt.Fprintf(c.out, "\n  Open %s/enter?token=%s\n\nThe link works once, for an hour. Ctrl+C ends the demo.\n\n", address, token)
		return p, err
	})
}

// sampleCompany makes the sample's administrator, connection and questions
// where they are missing.
func sampleCompany(ctx context.Context, r *rooms, path string) (*account.Person, error) {
	p, err := r.people.ByEmail(ctx, demoEmail)
	if fault.Is(err, fault.NotFound) {
		p, err = r.people.Create(ctx, account.NewPerson{Email: demoEmail, Name: "Demo", Role: account.Admin})
	}
	if err != nil {
		return nil, err
	}
	list, err := r.connections.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if c.Sample {
			return p, nil
		}
	}
	con := &source.Connection{Name: demo.Company, Sample: true, CreatedBy: p.ID, Config: source.Config{Kind: "sqlite", Path: path, TimeZone: "UTC"}}
	if err := r.connections.Create(ctx, con); err != nil {
		return nil, err
	}
	return p, r.saveSample(ctx, con, p)
}

// saveSample saves the sample company's questions, dashboards and reports.
func (r *rooms) saveSample(ctx context.Context, con *source.Connection, p *account.Person) error {
	ids := map[string]string{} // of the questions, by their names
	list := append(demo.MonthQuestions(), demo.Questions()...)
	for _, q := range slices.Backward(list) { // the first is saved last, so that it leads the list of the latest
		folder, err := r.questions.EnsureFolder(ctx, q.Folder)
		if err != nil {
			return err
		}
		one := &query.Question{FolderID: folder, Name: q.Name, Description: q.Description, ConnectionID: con.ID}
		if one.Body.Chart, err = json.Marshal(chart.Settings{Kind: chart.Kind(q.Chart), Unit: q.Unit}); err != nil {
			return err
		}
		if len(q.Spec) > 0 {
			if one.Body.Spec, err = query.ParseSpec(q.Spec); err != nil {
				return fmt.Errorf("%s: %w", q.Name, err)
			}
		} else {
			one.Body.SQL = q.SQL
		}
		if err := r.questions.Create(ctx, one, p); err != nil {
			return fmt.Errorf("%s: %w", q.Name, err)
		}
		ids[one.Name] = one.ID
	}
	for _, d := range demo.Dashboards() {
		one := &dashboard.Dashboard{Name: d.Name, Description: d.Description}
		if err := json.Unmarshal(d.Body, &one.Body); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
		for i := range one.Body.Cards {
			if c := &one.Body.Cards[i]; c.Question != "" {
				c.Question = ids[c.Question]
			}
		}
		for i := range one.Body.Filters {
			if from := one.Body.Filters[i].From; from != nil {
				from.Connection = con.ID
			}
		}
		var err error
		if one.FolderID, err = r.questions.EnsureFolder(ctx, d.Folder); err != nil {
			return err
		}
		if err := r.dashboards.Create(ctx, one, p); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	for _, d := range demo.Reports() {
		one := &report.Report{Name: d.Name, Description: d.Description, Body: report.Body{Text: d.Text, Subtitle: d.Subtitle, Contents: true,
			Parameters: []report.Parameter{{Name: "month", Label: "Month", Kind: "date", Default: d.Month}}}}
		var err error
		if one.FolderID, err = r.questions.EnsureFolder(ctx, d.Folder); err != nil {
			return err
		}
		if err := r.reports.Create(ctx, one, p); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	return nil
}
