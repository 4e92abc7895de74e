package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// administration lists the pages of those who look after the installation, in
// the order in which the rail shows them, and the right that each takes.
var administration = []struct {
	name, label string
	right       account.Action
}{
	{"users", "People", account.EditPeople},
	{"groups", "Groups", account.EditPeople},
	{"providers", "Identity providers", account.EditPeople},
	{"roles", "Roles", account.EditRights},
	{"access", "Access", account.EditRights},
	{"rules", "Row rules", account.EditRights},
	{"audit", "Audit record", account.SeeAudit},
	{"channels", "Channels", account.EditSettings},
	{"settings", "Settings", account.EditSettings},
}

// adminLinks returns the administration's pages that a person may see.
func adminLinks(p *account.Person, active string) (list []views.Link) {
	for _, one := range administration {
		if account.May(p, one.right).Allowed {
			list = append(list, views.Link{Label: one.label, URL: "/admin/" + one.name, Current: active == "admin/"+one.name})
		}
	}
	return list
}

// admin leads to the first page of the administration that a person may see.
type admin struct{}

func (admin) routes(g *echo.Group) { g.GET("/admin", admin{}.show) }

func (admin) show(c echo.Context) error {
	links := adminLinks(person(c), "")
	if len(links) == 0 {
		return cmp.Or(account.Check(person(c), account.EditSettings), error(echo.NewHTTPError(http.StatusNotFound)))
	}
	return redirect(c, links[0].URL)
}

// adminChrome is chrome for a page of the administration; section is as in administration.
func adminChrome(c echo.Context, title, section string) views.Chrome {
	return chrome(c, title, "admin/"+section)
}

// told splits an error that a form can tell into a sentence for its top and one
// for each field; ok is false for what belongs on an error page.
func told(err error) (status int, problem string, fields map[string]string, ok bool) {
	switch kind := fault.KindOf(err); kind {
	case fault.Invalid, fault.Conflict, fault.Denied:
		status, fields = statuses[kind], fault.FieldsOf(err)
		if len(fields) == 0 {
			problem = fault.MessageOf(err)
		}
		return status, problem, fields, true
	}
	return 0, "", nil, false
}

// tellable returns the status of a form that tells what is wrong with a right,
// be it that the database does not answer; ok is false for what belongs on an error page.
func tellable(err error) (status int, ok bool) {
	if status, _, _, ok = told(err); !ok && source.AsFailure(err) != nil {
		return http.StatusUnprocessableEntity, true
	}
	return status, ok
}

// done goes to a page and tells there what was done.
func done(c echo.Context, to, text string) error {
	if err := flash(c, text); err != nil {
		return err
	}
	return redirect(c, to)
}

// day and moment spell times for people.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// subjects offers everyone, the groups and the people as the one to whom
// something is granted or for whom a rule is; a value is "group:ID" and the like.
type subjects struct {
	groups []account.Group
	people []account.Person
}

func newSubjects(ctx context.Context, store *account.Store) (s subjects, err error) {
	if s.groups, err = store.Groups(ctx); err != nil {
		return s, err
	}
	s.people, err = store.List(ctx)
	return s, err
}

func (s subjects) choices(chosen account.Subject) views.Subjects {
	is := func(kind account.SubjectKind, id string) bool { return chosen.Kind == kind && chosen.ID == id }
	out := views.Subjects{Everyone: is(account.Everyone, "")}
	for _, g := range s.groups {
		out.Groups = append(out.Groups, views.Choice{Value: "group:" + g.ID, Label: g.Name, Selected: is(account.ToGroup, g.ID)})
	}
	for i := range s.people {
		p := &s.people[i]
		out.People = append(out.People, views.Choice{Value: "person:" + p.ID, Label: called(p), Selected: is(account.ToPerson, p.ID)})
	}
	return out
}

// options offers the items of a list; the one with the chosen value is selected.
func options[T any](list []T, chosen string, of func(*T) (value, label string)) (out []views.Choice) {
	for i := range list {
		value, label := of(&list[i])
		out = append(out, views.Choice{Value: value, Label: label, Selected: value == chosen})
	}
	return out
}

func personOption(p *account.Person) (value, label string) { return p.ID, called(p) }

func connectionOption(c *source.Connection) (value, label string) { return c.ID, c.Name }

// called tells people of the same name apart.
func called(p *account.Person) string {
	if p.Kind == account.Service {
		return p.Name + " (service)"
	}
	if strings.EqualFold(p.Name, p.Email) {
		return p.Email
	}
	return p.Name + " (" + p.Email + ")"
}

// readSubject takes a subject from the value that choices gave it.
func readSubject(value string) account.Subject {
	kind, id, _ := strings.Cut(value, ":")
	return account.Subject{Kind: account.SubjectKind(kind), ID: id}
}

// name returns a subject as the middle of a sentence says it.
func (s subjects) name(to account.Subject) string {
	switch to.Kind {
	case account.Everyone:
		return "everyone"
	case account.ToGroup:
		if i := slices.IndexFunc(s.groups, func(g account.Group) bool { return g.ID == to.ID }); i >= 0 {
			return "the group " + s.groups[i].Name
		}
	case account.ToPerson:
		if i := slices.IndexFunc(s.people, func(p account.Person) bool { return p.ID == to.ID }); i >= 0 {
			return s.people[i].Name
		}
	}
	return "somebody who was removed"
}

// url leads to a subject's own page, for whoever may see it.
func (s subjects) url(p *account.Person, to account.Subject) string {
	if !account.May(p, account.EditPeople).Allowed {
		return ""
	}
	switch to.Kind {
	case account.ToGroup:
		return "/admin/groups/" + to.ID
	case account.ToPerson:
		return "/admin/users/" + to.ID
	}
	return ""
}

// places names connections and folders.
type places struct {
	connections []source.Connection
	folders     []query.Folder
}

func newPlaces(ctx context.Context, connections *source.Store, questions *query.Store) (p places, err error) {
	if p.connections, err = connections.List(ctx); err != nil {
		return p, err
	}
	p.folders, err = questions.Folders(ctx)
	return p, err
}

func (p places) connection(id string) string {
	if i := slices.IndexFunc(p.connections, func(c source.Connection) bool { return c.ID == id }); i >= 0 {
		return p.connections[i].Name
	}
	return "a connection that was removed"
}

func (p places) folder(id string) string {
	if id == "" {
		return "No folder"
	}
	if i := slices.IndexFunc(p.folders, func(f query.Folder) bool { return f.ID == id }); i >= 0 {
		return p.folders[i].Name
	}
	return "a folder that was removed"
}

// granted says what a grant is of and how far it goes; linked says whether the
// visitor may see who else has it.
func (p places) granted(g *account.Grant, linked bool) views.Granted {
	out := views.Granted{Level: levelWords[g.Level]}
	switch g.ObjectKind {
	case account.KindFolder:
		out.Label, out.Kind, out.URL = p.folder(g.ObjectID), "folder", folderURL(g.ObjectID)
	case account.KindSchema:
		out.Label, out.Kind, out.URL = p.connection(g.ObjectID)+", "+g.Schema, "schema", accessURL(g.ObjectID)
	default:
		out.Label, out.Kind, out.URL = p.connection(g.ObjectID), "connection", accessURL(g.ObjectID)
	}
	if !linked {
		out.URL = ""
	}
	return out
}

func accessURL(connection string) string { return "/admin/access/connections/" + connection }

func folderURL(folder string) string { return "/admin/access/folders/" + cmp.Or(folder, noFolder) }

// noFolder stands in an address for what lies in no folder.
const noFolder = "none"

// levelWords says what the levels let one do.
var levelWords = map[account.Level]string{
	account.Results: "see results of saved questions", account.AskLevel: "ask by clicking", account.SQLLevel: "ask in SQL",
	account.Read: "read", account.View: "view", account.Edit: "edit",
}
