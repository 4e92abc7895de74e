package content

import (
	"cmp"
	"encoding/json"
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

// The files as they are written and read: the members of their YAML.

type markBody struct {
	Format int    `json:"format"`
	Holds  []Kind `json:"holds"`
}

type connectionBody struct {
	Name     string `json:"name"`
	Kind     string `json:"kind,omitempty"`
	Host     string `json:"host,omitempty"`
	Port     int    `json:"port,omitempty"`
	Database string `json:"database,omitempty"`
	User     string `json:"user,omitempty"`
	Path     string `json:"path,omitempty"`
	TimeZone string `json:"time_zone,omitempty"`
}

type folderBody struct {
	Name string `json:"name"`
	ID   string `json:"id,omitempty"`
}

// headBody is what everything in folders has.
type headBody struct {
	Name        string `json:"name"`
	ID          string `json:"id,omitempty"`
	Description string `json:"description,omitempty"`
	Folder      string `json:"folder,omitempty"`
}

type questionBody struct {
	headBody
	Connection string `json:"connection"`
	query.Body
}

type dashboardBody struct {
	headBody
	dashboard.Body
}

// reportBody heads a report's Markdown, which follows it unless it could not
// stand there as it is.
type reportBody struct {
	headBody
	report.Body
	Text string `json:"text,omitempty"`
}

type targetBody struct {
	schedule.Target
	ID      string `json:"id,omitempty"`
	Person  string `json:"person,omitempty"`
	Channel string `json:"channel,omitempty"`
}

type scheduleBody struct {
	headBody
	schedule.Body
	To []targetBody `json:"to,omitempty"`
}

type alertBody struct {
	headBody
	schedule.AlertBody
	To []targetBody `json:"to,omitempty"`
}

// subjectBody is for whom something is: exactly one is set.
type subjectBody struct {
	Everyone bool   `json:"everyone,omitempty"`
	Group    string `json:"group,omitempty"`
	Person   string `json:"person,omitempty"`
}

type ruleBody struct {
	ID         string `json:"id,omitempty"`
	Connection string `json:"connection"`
	Schema     string `json:"schema,omitempty"`
	Table      string `json:"table"`
	subjectBody
	query.RuleBody
}

// grantBody gives rights to a connection, one of its schemas or a folder; a
// folder of "" holds what lies in none.
type grantBody struct {
	Connection string  `json:"connection,omitempty"`
	Schema     string  `json:"schema,omitempty"`
	Folder     *string `json:"folder,omitempty"`
	subjectBody
	Level account.Level `json:"level"`
}

func connectionFile(c *source.Connection) connectionBody {
	f := c.Config
	return connectionBody{Name: c.Name, Kind: c.Kind, Host: f.Host, Port: f.Port, Database: f.Database, User: f.User, Path: f.Path, TimeZone: f.TimeZone}
}

func (x *index) head(id, name, description, folder string) headBody {
	return headBody{Name: name, ID: id, Description: description, Folder: x.folders.refer(folder)}
}

func itemHead[B any](x *index, i *saved.Item[B]) headBody {
	return x.head(i.ID, i.Name, i.Description, i.FolderID)
}

func (x *index) question(q *query.Question) questionBody {
	b := q.Body
	if b.Spec != nil && b.Spec.Question != "" {
		spec := *b.Spec
		spec.Question = x.questions.refer(spec.Question)
		b.Spec = &spec
	}
	return questionBody{x.head(q.ID, q.Name, q.Description, q.FolderID), x.connections.refer(q.ConnectionID), b}
}

func (x *index) dashboard(d *dashboard.Dashboard) dashboardBody {
	b := d.Body
	b.Cards = append([]dashboard.Card{}, b.Cards...)
	for i := range b.Cards {
		b.Cards[i].Question = x.questions.refer(b.Cards[i].Question)
	}
	b.Filters = append([]dashboard.Filter(nil), b.Filters...)
	for i := range b.Filters {
		if from := b.Filters[i].From; from != nil {
			c := *from
			c.Connection = x.connections.refer(c.Connection)
			b.Filters[i].From = &c
		}
	}
	return dashboardBody{itemHead(x, d), b}
}

// targets names recipients: people first, then addresses, then channels, each by
// name, so that a file stays the same whatever the order in which they were chosen.
func (x *index) targets(list []schedule.Target) (out []targetBody) {
	for _, t := range list {
		b := targetBody{Target: t}
		switch {
		case t.ID == "":
		case t.Kind == schedule.ToPerson:
			b.Person = x.people.refer(t.ID)
		default:
			b.Channel = x.channels.refer(t.ID)
		}
		b.Target.ID = ""
		out = append(out, b)
	}
	slices.SortStableFunc(out, func(a, b targetBody) int {
		return cmp.Or(cmp.Compare(slices.Index(targetKinds, a.Kind), slices.Index(targetKinds, b.Kind)), strings.Compare(a.named(), b.named()))
	})
	return out
}

var targetKinds = []string{schedule.ToPerson, schedule.ToMail, schedule.ToSlack, schedule.ToWebhook}

func (b targetBody) named() string { return b.Person + b.Address + b.Channel }

func (x *index) schedule(s *schedule.Schedule) scheduleBody {
	b := s.Body
	b.Dashboard, b.Report, b.Question, b.Owner = x.dashboards.refer(b.Dashboard), x.reports.refer(b.Report), x.questions.refer(b.Question), x.people.ofID[b.Owner]
	return scheduleBody{itemHead(x, s), b, x.targets(b.To)}
}

func (x *index) alert(s *schedule.Alert) alertBody {
	b := s.Body
	b.Question, b.Owner = x.questions.refer(b.Question), x.people.ofID[b.Owner]
	return alertBody{itemHead(x, s), b, x.targets(b.To)}
}

func (x *index) subject(to account.Subject) subjectBody {
	switch to.Kind {
	case account.ToGroup:
		return subjectBody{Group: x.groups.refer(to.ID)}
	case account.ToPerson:
		return subjectBody{Person: x.people.refer(to.ID)}
	}
	return subjectBody{Everyone: true}
}

func (x *index) rule(r *query.Rule) ruleBody {
	return ruleBody{r.ID, x.connections.refer(r.ConnectionID), r.Schema, r.Table, x.subject(r.Subject()), r.Body}
}

func (x *index) grant(g *account.Grant) grantBody {
	b := grantBody{Schema: g.Schema, subjectBody: x.subject(g.Subject()), Level: g.Level}
	if g.ObjectKind == account.KindFolder {
		key := x.folders.refer(g.ObjectID)
		b.Folder = &key
	} else {
		b.Connection = x.connections.refer(g.ObjectID)
	}
	return b
}

// text returns what of a value's JSON tells it from another.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
