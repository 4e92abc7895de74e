package content

import (
	"fmt"
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

// become makes the state that the files ask for. Of what they say nothing about,
// it keeps all, or, where prune, nothing.
func (d *desire) become(prune bool) {
	d.ids()
	d.seeConnections()
	for _, f := range d.folders {
		name := strings.TrimSpace(f.body.Name)
		if name == "" || len([]rune(name)) > 100 {
			f.problem(f.lines["name"], "A folder's name has 1 to 100 characters")
		}
		put1(&d.after.folders, query.Folder{ID: f.id, Name: name}, folderID)
	}
	for i := range d.questions {
		d.becomeQuestion(&d.questions[i])
	}
	for i := range d.dashboards {
		f := &d.dashboards[i]
		b := f.body.Body
		for i := range b.Cards {
			b.Cards[i].Question = d.question(f.reading, b.Cards[i].Question, fmt.Sprintf("cards[%d].question", i))
		}
		for i := range b.Filters {
			if from := b.Filters[i].From; from != nil {
				from.Connection = d.connection(f.reading, from.Connection, fmt.Sprintf("filters[%d].from.connection", i))
			}
		}
		becomeItem(d, f.reading, &d.after.dashboards, f.id, &f.body.headBody, b, (*dashboard.Body).Check)
	}
	for i := range d.reports {
		f := &d.reports[i]
		becomeItem(d, f.reading, &d.after.reports, f.id, &f.body.headBody, f.body.Body, (*report.Body).Check)
	}
	for i := range d.schedules {
		f := &d.schedules[i]
		b := f.body.Body
		b.Question = d.question(f.reading, b.Question, "question")
		b.Dashboard = d.find(f.reading, Dashboards, d.nowIndex.dashboards, b.Dashboard, "dashboard")
		b.Report = d.find(f.reading, Reports, d.nowIndex.reports, b.Report, "report")
		b.To = d.targets(f.reading, f.body.To)
		owner := func(b *schedule.Body) *string { return &b.Owner }
		b.Owner = settleOwner(d, f.reading, d.now.schedules, f.id, b, owner)
		becomeItem(d, f.reading, &d.after.schedules, f.id, &f.body.headBody, b, (*schedule.Body).Check)
		takeOver(d, d.now.schedules, d.after.schedules, f.id, owner, func(i *schedule.Schedule) string { return text(d.nowIndex.schedule(i)) })
	}
	for i := range d.alerts {
		f := &d.alerts[i]
		b := f.body.AlertBody
		b.Question = d.question(f.reading, b.Question, "question")
		b.To = d.targets(f.reading, f.body.To)
		owner := func(b *schedule.AlertBody) *string { return &b.Owner }
		b.Owner = settleOwner(d, f.reading, d.now.alerts, f.id, b, owner)
		becomeItem(d, f.reading, &d.after.alerts, f.id, &f.body.headBody, b, (*schedule.AlertBody).Check)
		takeOver(d, d.now.alerts, d.after.alerts, f.id, owner, func(i *schedule.Alert) string { return text(d.nowIndex.alert(i)) })
	}
	d.becomeRules()
	d.becomeGrants(prune)
	if prune {
		d.prune()
	}
	for _, r := range d.readings {
		d.problems = append(d.problems, r.problems...)
	}
	slices.SortFunc(d.problems, func(a, b Problem) int {
		if a.Path != b.Path {
			return strings.Compare(a.Path, b.Path)
		}
		return a.Line - b.Line
	})
}

// seeConnections tells of connections that are not here or lead elsewhere, which
// no file changes.
func (d *desire) seeConnections() {
	for _, f := range d.connections {
		at := slices.IndexFunc(d.now.connections, func(c source.Connection) bool { return c.Name == f.body.Name })
		switch {
		case len(f.problems) > 0:
		case at < 0:
			d.notes = append(d.notes, fmt.Sprintf("%s: there is no connection named %q here; applying makes none, since a file has no password", f.path, f.body.Name))
		case text(connectionFile(&d.now.connections[at])) != text(f.body):
			d.notes = append(d.notes, fmt.Sprintf("%s: the connection %q leads elsewhere here; applying does not change connections", f.path, f.body.Name))
		}
	}
}

// put1 replaces the object with the same id, or adds it.
func put1[T any](list *[]T, one T, id func(*T) string) {
	for i := range *list {
		if id(&(*list)[i]) == id(&one) {
			(*list)[i] = one
			return
		}
	}
	*list = append(*list, one)
}

func (d *desire) becomeQuestion(f *file[questionBody]) {
	f.headed(&f.body.headBody)
	b := f.body.Body
	if b.Spec != nil {
		b.Spec.Question = d.question(f.reading, b.Spec.Question, "spec.question")
		f.wrong(b.Spec.Check())
	}
	if (b.Spec == nil) == (strings.TrimSpace(b.SQL) == "") {
		f.problem(f.lines[""], "A question has either sql or a spec")
	} else if b.Spec == nil {
		_, err := query.Parameters(b.SQL)
		f.wrong(err)
	}
	q := query.Question{ID: f.id, Name: f.body.Name, Description: f.body.Description, Body: b,
		FolderID:     d.find(f.reading, Folders, d.nowIndex.folders, f.body.Folder, "folder"),
		ConnectionID: d.connection(f.reading, f.body.Connection, "connection")}
	if q.ConnectionID == "" {
		f.problem(f.lines[""], "Name the question's connection")
	}
	q.Version = one(d.now.questions, q.ID, questionID).Version
	put1(&d.after.questions, q, questionID)
}

func becomeItem[B any](d *desire, r *reading, list *[]saved.Item[B], id string, h *headBody, b B, check func(*B) error) {
	r.headed(h)
	if len(r.problems) == 0 { // what a room says of half a body helps nobody
		r.wrong(check(&b))
	}
	i := saved.Item[B]{ID: id, Name: h.Name, Description: h.Description, FolderID: d.find(r, Folders, d.nowIndex.folders, h.Folder, "folder"), Body: b}
	i.Version = one(*list, id, itemID).Version
	put1(list, i, itemID)
}

// settleOwner returns as whom something runs: as its file says; else as it did;
// else as whoever applies the files.
func settleOwner[B any](d *desire, r *reading, there []saved.Item[B], id string, b B, owner func(*B) *string) string {
	if named := *owner(&b); named != "" {
		return d.person(r, named, "owner")
	}
	for i := range there {
		if there[i].ID == id {
			return *owner(&there[i].Body)
		}
	}
	if d.by != nil {
		return d.by.ID
	}
	r.problem(r.lines[""], "Name its owner, as whom it runs, or apply the files as somebody with --as")
	return ""
}

// takeOver makes whoever applies the files the owner of what they change: it runs
// with their rights and nobody else's.
func takeOver[B any](d *desire, now, after []saved.Item[B], id string, owner func(*B) *string, file func(*saved.Item[B]) string) {
	if d.by == nil {
		return
	}
	is := func(i saved.Item[B]) bool { return i.ID == id }
	own, one := d.by.ID, &after[slices.IndexFunc(after, is)]
	if at := slices.IndexFunc(now, is); at >= 0 {
		before := *owner(&now[at].Body)
		same := *one
		*owner(&same.Body) = before
		if file(&same) == file(&now[at]) {
			own = before
		}
	}
	*owner(&one.Body) = own
}

func (d *desire) becomeRules() {
	for i := range d.rules {
		f := &d.rules[i]
		to := d.subject(f.reading, f.body.subjectBody, "")
		if f.body.Table == "" {
			f.problem(f.lines[""], "Name the rule's table")
		}
		r := query.Rule{ID: f.id, ConnectionID: d.connection(f.reading, f.body.Connection, "connection"), Schema: f.body.Schema, Table: f.body.Table,
			SubjectKind: to.Kind, SubjectID: to.ID, Body: f.body.RuleBody}
		if r.ConnectionID == "" {
			f.problem(f.lines[""], "Name the rule's connection")
		}
		for _, there := range d.now.rules {
			if there.ID == r.ID && there.ConnectionID != r.ConnectionID {
				f.problem(f.lines["connection"], "A rule stays with its connection; make a new one, with another id")
			}
		}
		put1(&d.after.rules, r, ruleID)
	}
}

// sameGrant reports whether two grants are of one object to one subject.
func sameGrant(a, b *account.Grant) bool {
	return a.Subject() == b.Subject() && a.Object() == b.Object()
}

func (d *desire) becomeGrants(prune bool) {
	if d.grants == nil {
		for _, f := range d.after.folders {
			if !slices.ContainsFunc(d.now.folders, func(o query.Folder) bool { return o.ID == f.ID }) {
				d.after.grants = append(d.after.grants, account.Grant{SubjectKind: account.Everyone, ObjectKind: account.KindFolder, ObjectID: f.ID, Level: account.Edit})
			}
		}
		return
	}
	r := d.grants.reading
	var list []account.Grant
	for i, b := range d.grants.body {
		at := fmt.Sprintf("[%d]", i)
		to := d.subject(r, b.subjectBody, at)
		g := account.Grant{SubjectKind: to.Kind, SubjectID: to.ID, Schema: b.Schema, Level: b.Level}
		switch {
		case (b.Folder == nil) == (b.Connection == ""), b.Folder != nil && b.Schema != "":
			r.problem(r.lines[at], "A right is to a connection, to a schema of a connection or to a folder")
			continue
		case b.Folder != nil:
			g.ObjectKind, g.ObjectID = account.KindFolder, d.find(r, Folders, d.nowIndex.folders, *b.Folder, at+".folder")
		default:
			g.ObjectKind, g.ObjectID = account.KindConnection, d.connection(r, b.Connection, at+".connection")
			if b.Schema != "" {
				g.ObjectKind = account.KindSchema
			}
		}
		if levels := account.Levels[g.ObjectKind]; !slices.Contains(levels, b.Level) {
			r.problem(r.lines[at], "The levels of a %s are %v", g.ObjectKind, levels)
		}
		if slices.ContainsFunc(list, func(o account.Grant) bool { return sameGrant(&o, &g) }) {
			r.problem(r.lines[at], "This right is there twice")
		}
		list = append(list, g)
	}
	for i := range d.now.grants {
		g := &d.now.grants[i]
		if !prune && !slices.ContainsFunc(list, func(o account.Grant) bool { return sameGrant(&o, g) }) {
			list = append(list, *g)
		}
	}
	d.after.grants = list
}

// prune removes what the files do not hold, of the kinds they hold.
func (d *desire) prune() {
	all := func(kind Kind) bool { return slices.Contains(d.holds, kind) }
	if all(Questions) {
		d.after.questions = slices.DeleteFunc(d.after.questions, func(q query.Question) bool { return !d.held[Questions][q.ID] })
	}
	if all(Rules) {
		d.after.rules = slices.DeleteFunc(d.after.rules, func(r query.Rule) bool { return !d.held[Rules][r.ID] })
	}
	if all(Dashboards) {
		pruneItems(d, Dashboards, &d.after.dashboards)
	}
	if all(Reports) {
		pruneItems(d, Reports, &d.after.reports)
	}
	if all(Schedules) {
		pruneItems(d, Schedules, &d.after.schedules)
	}
	if all(Alerts) {
		pruneItems(d, Alerts, &d.after.alerts)
	}
	for _, f := range d.now.folders {
		if all(Folders) && !d.held[Folders][f.ID] {
			d.notes = append(d.notes, fmt.Sprintf("the folder %q is in no file and stays", f.Name))
		}
	}
}

func pruneItems[B any](d *desire, kind Kind, list *[]saved.Item[B]) {
	*list = slices.DeleteFunc(*list, func(i saved.Item[B]) bool { return !d.held[kind][i.ID] })
}
