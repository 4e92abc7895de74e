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
	"assay/app/query"
	"assay/app/report"
	"assay/app/schedule"
	"assay/app/share"
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
	r.tied(r.questions, r.dashboards, r.reports)
	fonts := svg.Fonts{Regular: static.FontTTF(400), Semibold: static.FontTTF(600)}
	made := &making{rooms: r, address: address}
	return schedule.New(schedule.Deps{
		Store: r.store, Audit: r.audit, Log: r.log, People: r.people, Runner: r.runner, Questions: r.questions,
		Channels: schedule.NewChannels(r.store, r.vault, r.audit), Mail: sender,
		MailDomains: strings.FieldsFunc(cfg.MailDomains, func(r rune) bool { return r == ',' || r == ' ' }),
		Dial:        r.reach.Dial, BaseURL: address,
		Make: schedule.Make{
			Render: made.document, Rows: made.rows, HTML: web.MailHTML, PDF: pdf,
			PNG: func(drawing []byte, width int) ([]byte, error) { return svg.PNG(drawing, width, fonts) },
			Explore: func(as *account.Person, q *query.Question, values map[string]string) string {
				if path := web.ExplorePath(as, q, values); path != "" {
					return address + path
				}
				return ""
			},
		},
	}), nil
}

// tied has what goes with an object end where the object is removed: its links,
// and the schedules and alerts that are about it.
func (r *rooms) tied(questions *query.Store, dashboards *dashboard.Store, reports *report.Store) {
	questions.Deleted(each(r.shares.Gone(share.Question), schedule.Gone("question")))
	dashboards.Deleted(each(r.shares.Gone(share.Dashboard), schedule.Gone("dashboard")))
	reports.Deleted(each(r.shares.Gone(share.Report), schedule.Gone("report")))
}

// each does one after the other in a transaction T.
func each[T any](list ...func(ctx context.Context, tx T, id string) error) func(context.Context, T, string) error {
	return func(ctx context.Context, tx T, id string) error {
		for _, f := range list {
			if err := f(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	}
}

// making makes what schedules deliver.
type making struct {
	*rooms
	address string
}

// view is how a schedule's dashboard, report or question is seen.
func (m *making) view(as *account.Person, b schedule.Body) figure.View {
	v := figure.View{Person: as, Values: b.Values, Locale: frame.MatchLocale("en"), Base: m.address, MaxAge: -1}
	if b.Do == schedule.Deliver {
		v.MaxAge = time.Minute // its recipients share answers
	}
	if zone, err := time.LoadLocation(b.When.Zone); err == nil {
		v.Zone = zone
	}
	return v
}

func (m *making) dashboard(ctx context.Context, as *account.Person, id string) (*dashboard.Dashboard, error) {
	d, err := m.dashboards.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return d, d.Check(as, account.Look)
}

func (m *making) report(ctx context.Context, as *account.Person, id string) (*report.Report, error) {
	r, err := m.reports.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return r, r.Check(as, account.Look)
}

// rows returns the tables that a dashboard or a report shows.
func (m *making) rows(ctx context.Context, as *account.Person, b schedule.Body) (list []schedule.Table, err error) {
	v := m.view(as, b)
	var found []figure.Rows
	switch {
	case b.Dashboard != "":
		d, err := m.dashboard(ctx, as, b.Dashboard)
		if err != nil {
			return nil, err
		}
		if v.Person, err = m.dashboards.Shaped(ctx, as, d); err != nil {
			return nil, err
		}
		if found, err = (&dashboard.Maker{Figures: m.figures, Questions: m.questions}).Rows(ctx, d, v); err != nil {
			return nil, err
		}
	case b.Report != "":
		r, err := m.report(ctx, as, b.Report)
		if err != nil {
			return nil, err
		}
		if v.Person, err = m.reports.Shaped(ctx, as, r); err != nil {
			return nil, err
		}
		if found, err = (&report.Maker{Figures: m.figures, Questions: m.questions}).Rows(ctx, r, v); err != nil {
			return nil, err
		}
	}
	for _, f := range found {
		list = append(list, schedule.Table{Title: f.Title, Frame: f.Frame, At: f.At})
	}
	return list, nil
}

func (m *making) document(ctx context.Context, as *account.Person, b schedule.Body) (*document.Document, error) {
	v := m.view(as, b)
	switch {
	case b.Dashboard != "":
		d, err := m.dashboard(ctx, as, b.Dashboard)
		if err != nil {
			return nil, err
		}
		if v.Person, err = m.dashboards.Shaped(ctx, as, d); err != nil {
			return nil, err
		}
		return (&dashboard.Maker{Figures: m.figures, Questions: m.questions}).Document(ctx, d, v)
	case b.Report != "":
		r, err := m.report(ctx, as, b.Report)
		if err != nil {
			return nil, err
		}
		if v.Person, err = m.reports.Shaped(ctx, as, r); err != nil {
			return nil, err
		}
		return (&report.Maker{Figures: m.figures, Questions: m.questions}).Document(ctx, r, v)
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
		Save: w.Save, SaveAlert: w.SaveAlert,
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
