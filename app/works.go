package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"assay/app/account"
	"assay/app/api"
	"assay/app/dashboard"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/frame"
	"assay/app/mail"
	"assay/app/report"
	"assay/app/schedule"
	"assay/app/svg"
	"assay/app/web"
	"assay/config"
	"assay/static"
)

// openWorks returns what runs schedules and alerts, at rest.
func (r *rooms) openWorks(cfg config.Config, address string, pdf func(io.Writer, *document.Document) error) (*schedule.Works, error) {
	var sender *mail.Sender
	if cfg.SMTPHost != "" {
		var err error
		sender, err = mail.NewSender(mail.Server{From: cfg.MailFrom, Host: cfg.SMTPHost, Port: cfg.SMTPPort, User: cfg.SMTPUser, Password: cfg.SMTPPassword, TLS: cfg.SMTPTLS})
		if err != nil {
			return nil, fmt.Errorf("mail: %w", err)
		}
	}
	fonts := svg.Fonts{Regular: static.FontTTF(400), Semibold: static.FontTTF(600)}
	made := &making{rooms: r, address: address}
	return schedule.New(schedule.Deps{
		Store: r.store, Audit: r.audit, Log: r.log, People: r.people, Runner: r.runner, Questions: r.questions,
		Channels: schedule.NewChannels(r.store, r.vault, r.audit), Mail: sender,
		MailDomains: strings.FieldsFunc(cfg.MailDomains, func(r rune) bool { return r == ',' || r == ' ' }),
		Dial:        r.reach.Dial, BaseURL: address,
		Make: schedule.Make{
			Render: made.document, HTML: web.MailHTML, PDF: pdf,
			PNG: func(drawing []byte, width int) ([]byte, error) { return svg.PNG(drawing, width, fonts) },
		},
	}), nil
}

// making makes what schedules deliver.
type making struct {
	*rooms
	address string
}

func (m *making) document(ctx context.Context, as *account.Person, b schedule.Body) (*document.Document, error) {
	v := figure.View{Person: as, Values: b.Values, Locale: frame.MatchLocale("en"), Base: m.address, MaxAge: -1}
	if b.Do == "deliver" {
		v.MaxAge = time.Minute // its recipients share answers
	}
	if zone, err := time.LoadLocation(b.When.Zone); err == nil {
		v.Zone = zone
	}
	switch {
	case b.Dashboard != "":
		d, err := m.dashboards.Get(ctx, b.Dashboard)
		if err == nil {
			err = d.Check(as, account.Look)
		}
		if err != nil {
			return nil, err
		}
		return (&dashboard.Maker{Figures: m.figures, Questions: m.questions}).Document(ctx, d, v)
	case b.Report != "":
		d, err := m.reports.Get(ctx, b.Report)
		if err == nil {
			err = d.Check(as, account.Look)
		}
		if err != nil {
			return nil, err
		}
		return (&report.Maker{Figures: m.figures, Questions: m.questions}).Document(ctx, d, v)
	}
	q, err := m.questions.Get(ctx, b.Question)
	if err == nil {
		err = q.Check(as, account.Look)
	}
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	if v.Zone != nil {
		now = now.In(v.Zone)
	}
	one := m.figures.Make(ctx, figure.Ask{Person: as, Question: q, Parameters: b.Values, Locale: v.Locale, Zone: v.Zone, Size: figure.Page, MaxAge: v.MaxAge})
	if fault.Is(one.Err, fault.Denied) {
		return nil, one.Err
	}
	one.URL = m.address + one.URL
	return &document.Document{Title: q.Name, Subtitle: q.Description, Language: "en", At: now, URL: one.URL, Blocks: []document.Block{one.Figure}}, nil
}

// jobs gives the API what it needs of the works.
func jobs(w *schedule.Works) api.Jobs {
	return api.Jobs{
		Run: func(ctx context.Context, _, id string, by *account.Person) (string, error) {
			return w.RunNow(ctx, id, by)
		},
		Runs: func(ctx context.Context, _, id, after string, limit int) ([]api.Run, error) {
			list, err := w.Runs(ctx, id, after, limit)
			runs := make([]api.Run, len(list))
			for i, r := range list {
				runs[i] = api.Run{ID: r.ID, Cause: r.Cause, State: r.State, For: r.Slot, Attempt: r.Attempt, StartedAt: r.StartedAt, EndedAt: r.EndedAt, Message: r.Message, Log: r.Log, Deliveries: []api.Delivery{}}
				for _, d := range r.Deliveries {
					runs[i].Deliveries = append(runs[i].Deliveries, api.Delivery{To: d.Name, State: d.State, Attempt: d.Attempt, Message: d.Message, SentAt: d.SentAt})
				}
			}
			return runs, err
		},
		Standing: func(ctx context.Context, _, id string) (api.Standing, error) {
			s, err := w.Standing(ctx, id)
			if err != nil {
				return api.Standing{}, err
			}
			return api.Standing{Paused: s.Paused, Stopped: s.Stopped, State: s.State, NextAt: s.NextAt, SilentUntil: s.SilentUntil}, nil
		},
		Pause: func(ctx context.Context, _, id string, on bool, by *account.Person) error {
			if on {
				return w.Pause(ctx, id, by)
			}
			return w.Resume(ctx, id, by)
		},
		Silence: w.Silence,
	}
}
