package content

import (
	"context"
	"slices"
	"strings"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/query"
	"assay/app/report"
	"assay/app/saved"
	"assay/app/schedule"
	"assay/app/source"
)

// state is the content of an installation, as it is or as it is to be.
type state struct {
	connections []source.Connection
	folders     []query.Folder
	questions   []query.Question
	dashboards  []dashboard.Dashboard
	reports     []report.Report
	schedules   []schedule.Schedule
	alerts      []schedule.Alert
	rules       []query.Rule
	grants      []account.Grant
	people      []account.Person
	groups      []account.Group
	channels    []schedule.Channel
}

// load reads the content of an installation.
func load(ctx context.Context, s *Stores) (_ *state, err error) {
	st := &state{}
	if st.connections, err = s.Connections.List(ctx); err != nil {
		return nil, err
	}
	if st.folders, err = s.Questions.Folders(ctx); err != nil {
		return nil, err
	}
	if st.questions, err = s.Questions.List(ctx, query.Find{}); err != nil {
		return nil, err
	}
	if st.dashboards, err = s.Dashboards.List(ctx, saved.Find{}); err != nil {
		return nil, err
	}
	if st.reports, err = s.Reports.List(ctx, saved.Find{}); err != nil {
		return nil, err
	}
	if st.schedules, err = s.Schedules.List(ctx, saved.Find{}); err != nil {
		return nil, err
	}
	if st.alerts, err = s.Alerts.List(ctx, saved.Find{}); err != nil {
		return nil, err
	}
	if err := owned(ctx, s.Schedules.GetVersion, st.schedules, func(b *schedule.Body) *string { return &b.Owner }); err != nil {
		return nil, err
	}
	if err := owned(ctx, s.Alerts.GetVersion, st.alerts, func(b *schedule.AlertBody) *string { return &b.Owner }); err != nil {
		return nil, err
	}
	for _, c := range st.connections {
		list, err := s.Rules.List(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		st.rules = append(st.rules, list...)
	}
	if st.grants, err = s.People.AllGrants(ctx); err != nil {
		return nil, err
	}
	if st.people, err = s.People.List(ctx); err != nil {
		return nil, err
	}
	if st.channels, err = s.Channels.List(ctx); err != nil {
		return nil, err
	}
	st.groups, err = s.People.Groups(ctx)
	return st, err
}

// owned fills in as whom things run: as whoever saved them last.
func owned[B any](ctx context.Context, version func(context.Context, string, int) (*saved.Version[B], error), list []saved.Item[B], owner func(*B) *string) error {
	for i := range list {
		v, err := version(ctx, list[i].ID, list[i].Version)
		if err != nil {
			return err
		}
		*owner(&list[i].Body) = v.SavedBy
	}
	return nil
}

// clone returns a state whose lists can be changed without changing this one's.
func (s *state) clone() *state {
	c := *s
	c.folders, c.questions, c.dashboards, c.reports = slices.Clone(s.folders), slices.Clone(s.questions), slices.Clone(s.dashboards), slices.Clone(s.reports)
	c.schedules, c.alerts, c.rules, c.grants = slices.Clone(s.schedules), slices.Clone(s.alerts), slices.Clone(s.rules), slices.Clone(s.grants)
	return &c
}

// index is how the objects of a state are named in files.
type index struct {
	connections, folders, questions, dashboards, reports, schedules, alerts, rules *keys
	people, groups, channels                                                       *keys
}

func ofItem[B any](i *saved.Item[B]) (string, string) { return i.ID, i.Name }

func (s *state) index() *index {
	x := &index{
		connections: newKeys("connection", s.connections, func(c *source.Connection) (string, string) { return c.ID, c.Name }),
		folders:     newKeys("folder", s.folders, func(f *query.Folder) (string, string) { return f.ID, f.Name }),
		questions:   newKeys("question", s.questions, func(q *query.Question) (string, string) { return q.ID, q.Name }),
		dashboards:  newKeys("dashboard", s.dashboards, ofItem),
		reports:     newKeys("report", s.reports, ofItem),
		schedules:   newKeys("schedule", s.schedules, ofItem),
		alerts:      newKeys("alert", s.alerts, ofItem),
		people:      &keys{noun: "person", ofID: map[string]string{}, toID: map[string]string{}},
		groups:      &keys{noun: "group", ofID: map[string]string{}, toID: map[string]string{}},
		channels:    &keys{noun: "channel", ofID: map[string]string{}, toID: map[string]string{}},
	}
	x.rules = newKeys("rule", s.rules, func(r *query.Rule) (string, string) {
		return r.ID, x.connections.refer(r.ConnectionID) + " " + r.Schema + " " + r.Table
	})
	for _, p := range s.people {
		name := p.Email
		if name == "" {
			name = p.Name // of a program
		}
		if x.people.toID[strings.ToLower(name)] != "" {
			name = p.ID
		}
		x.people.ofID[p.ID], x.people.toID[strings.ToLower(name)] = name, p.ID
	}
	for _, g := range s.groups {
		name := g.Name
		if x.groups.toID[name] != "" {
			name = g.ID
		}
		x.groups.ofID[g.ID], x.groups.toID[name] = name, g.ID
	}
	for _, c := range s.channels { // whose names are unique
		x.channels.ofID[c.ID], x.channels.toID[c.Name] = c.Name, c.ID
	}
	return x
}
