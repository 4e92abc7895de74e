package content

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/saved"
	"assay/app/schedule"
	"assay/app/store"
)

// file is one that was read, with what it holds.
type file[T any] struct {
	*reading
	key  string
	id   string
	body T
}

// desire is what files ask an installation to be.
type desire struct {
	now, after *state
	nowIndex   *index
	by         *account.Person // nil for the system
	problems   []Problem
	notes      []string
	readings   map[string]*reading
	// files are the ids of what the files hold, by kind and the file's name.
	files map[Kind]map[string]string
	// held are those ids by kind.
	held map[Kind]map[string]bool

	connections []file[connectionBody]
	folders     []file[folderBody]
	questions   []file[questionBody]
	dashboards  []file[dashboardBody]
	reports     []file[reportBody]
	schedules   []file[scheduleBody]
	alerts      []file[alertBody]
	rules       []file[ruleBody]
	grants      *file[[]grantBody]
	// holds are the kinds of which the files are all there is.
	holds []Kind
}

func newDesire(now *state, files map[string][]byte, by *account.Person) *desire {
	d := &desire{now: now, after: now.clone(), nowIndex: now.index(), by: by, readings: map[string]*reading{}, files: map[Kind]map[string]string{}, held: map[Kind]map[string]bool{}}
	for _, kind := range Kinds {
		d.files[kind], d.held[kind] = map[string]string{}, map[string]bool{}
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		d.parse(name, files[name])
	}
	return d
}

func open[T any](d *desire, name string, text []byte) file[T] {
	f := file[T]{reading: &reading{path: name}, key: strings.TrimSuffix(path.Base(name), path.Ext(name))}
	d.readings[name] = f.reading
	f.parse(text, &f.body)
	return f
}

func (d *desire) parse(name string, text []byte) {
	folder, _, nested := strings.Cut(name, "/")
	if !nested {
		folder = strings.TrimSuffix(name, path.Ext(name))
	}
	if kind := Kind(folder); slices.Contains(Kinds, kind) {
		d.holds = append(d.holds, kind)
	}
	switch {
	case name == markFile:
		f := open[markBody](d, name, text)
		if f.body.Format != 1 && len(f.problems) == 0 {
			f.problem(0, "Format %d is of another version of Assay; this one reads format 1", f.body.Format)
		}
		d.holds = append(d.holds, f.body.Holds...)
	case name == grantsFile:
		f := open[[]grantBody](d, name, text)
		d.grants = &f
	default:
		switch Kind(folder) {
		case Connections:
			d.connections = append(d.connections, open[connectionBody](d, name, text))
		case Folders:
			d.folders = append(d.folders, open[folderBody](d, name, text))
		case Questions:
			d.questions = append(d.questions, open[questionBody](d, name, text))
		case Dashboards:
			d.dashboards = append(d.dashboards, open[dashboardBody](d, name, text))
		case Reports:
			d.reports = append(d.reports, d.openReport(name, text))
		case Schedules:
			d.schedules = append(d.schedules, open[scheduleBody](d, name, text))
		case Alerts:
			d.alerts = append(d.alerts, open[alertBody](d, name, text))
		case Rules:
			d.rules = append(d.rules, open[ruleBody](d, name, text))
		}
	}
}

func (d *desire) openReport(name string, text []byte) file[reportBody] {
	head, body, ok := splitReport(text)
	if !ok {
		f := file[reportBody]{reading: &reading{path: name}}
		d.readings[name] = f.reading
		f.problem(1, "A report begins with its settings, between two lines of ---")
		return f
	}
	f := file[reportBody]{reading: &reading{path: name, offset: 1}, key: strings.TrimSuffix(path.Base(name), ".md")}
	d.readings[name] = f.reading
	f.parse(head, &f.body)
	if !utf8.ValidString(body) || strings.ContainsRune(body, 0) {
		f.problem(0, "The text is no UTF-8")
	}
	switch {
	case f.body.Text == "":
		f.body.Body.Text = body
	case strings.TrimSpace(body) == "":
		f.body.Body.Text = f.body.Text
	default:
		f.problem(0, "The text stands at the head and below it; keep one")
	}
	return f
}

var validID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// settle gives an object its id: the one in its file, else that of the one there
// is with its name, else a new one.
func (d *desire) settle(kind Kind, r *reading, key, given, byName string) string {
	id := given
	switch {
	case given == "" && byName != "":
		id = byName
	case given == "":
		id = store.NewID()
	case !validID.MatchString(given):
		r.problem(r.lines["id"], "An id has 1 to 64 letters, digits, - and _")
	}
	if d.held[kind][id] {
		r.problem(r.lines["id"], "Another file holds the %s with the id %s", kind.noun(), id)
	}
	d.files[kind][key], d.held[kind][id] = id, true
	return id
}

// find returns the id of what a member names: a file beside it, else what is there
// already, by the name its file would have or by its id.
func (d *desire) find(r *reading, kind Kind, k *keys, ref, member string) string {
	if ref == "" {
		return ""
	}
	if id := d.files[kind][ref]; id != "" {
		return id
	}
	if id := k.toID[ref]; id != "" {
		return id
	}
	if _, ok := k.ofID[ref]; ok || d.held[kind][ref] {
		return ref
	}
	r.problems = append(r.problems, Problem{r.path, r.at(member), fmt.Sprintf("There is no %s %s, neither in a file nor in this installation", k.noun, ref)})
	return ref
}

func (d *desire) question(r *reading, ref, member string) string {
	return d.find(r, Questions, d.nowIndex.questions, ref, member)
}

func (d *desire) connection(r *reading, ref, member string) string {
	for _, f := range d.connections {
		if f.key != ref {
			continue
		}
		for _, c := range d.now.connections {
			if c.Name == f.body.Name {
				return c.ID
			}
		}
		where := f.body.Host
		if f.body.Path != "" {
			where = f.body.Path
		}
		r.problems = append(r.problems, Problem{r.path, r.at(member), fmt.Sprintf("There is no connection named %q here (%s %s); add it with its password, then apply again", f.body.Name, f.body.Kind, where)})
		return ref
	}
	return d.find(r, Connections, d.nowIndex.connections, ref, member)
}

func (d *desire) person(r *reading, ref, member string) string {
	if ref == "" {
		return ""
	}
	if id := d.nowIndex.people.toID[strings.ToLower(ref)]; id != "" {
		return id
	}
	r.problems = append(r.problems, Problem{r.path, r.at(member), fmt.Sprintf("There is nobody with the address %s here", ref)})
	return ref
}

func (d *desire) subject(r *reading, s subjectBody, member string) (to account.Subject) {
	given := 0
	if s.Everyone {
		given++
		to.Kind = account.Everyone
	}
	if s.Group != "" {
		given++
		to = account.Subject{Kind: account.ToGroup, ID: d.nowIndex.groups.toID[s.Group]}
		if to.ID == "" {
			r.problems = append(r.problems, Problem{r.path, r.at(join(member, "group")), fmt.Sprintf("There is no group named %s here", s.Group)})
		}
	}
	if s.Person != "" {
		given++
		to = account.Subject{Kind: account.ToPerson, ID: d.person(r, s.Person, join(member, "person"))}
	}
	if given != 1 {
		r.problems = append(r.problems, Problem{r.path, r.at(member), "Say for whom: everyone: true, a group or a person"})
	}
	return to
}

// wrong adds what a room says about an object, each with the line of its member.
func (r *reading) wrong(err error) {
	if err == nil {
		return
	}
	fields := fault.FieldsOf(err)
	if len(fields) == 0 {
		r.problem(0, "%s", fault.MessageOf(err))
		return
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		message := fields[name]
		if !strings.Contains(message, name) && r.at(name) == 0 {
			message = name + ": " + message
		}
		r.problems = append(r.problems, Problem{r.path, r.at(name), message})
	}
}

// headed checks what all objects have.
func (r *reading) headed(h *headBody) {
	h.Name = strings.TrimSpace(h.Name)
	if n := utf8.RuneCountInString(h.Name); n == 0 || n > 200 {
		r.problem(r.lines["name"], "A name has 1 to 200 characters")
	}
	if utf8.RuneCountInString(h.Description) > 5000 {
		r.problem(r.lines["description"], "A description has at most 5,000 characters")
	}
}

// ids settles the ids of everything, so that files can name one another.
func (d *desire) ids() {
	for i := range d.folders {
		f := &d.folders[i]
		name := strings.TrimSpace(f.body.Name)
		given, byName := f.body.ID, ""
		for _, there := range d.now.folders {
			if there.Name == name {
				byName = there.ID
			}
		}
		known := slices.ContainsFunc(d.now.folders, func(there query.Folder) bool { return there.ID == given })
		if !known && byName != "" {
			given = "" // names of folders are unique, so it is this one
		}
		f.id = d.settle(Folders, f.reading, f.key, given, byName)
	}
	for i := range d.questions {
		f := &d.questions[i]
		f.id = d.settle(Questions, f.reading, f.key, f.body.ID, named(d, f.body.headBody, d.now.questions, func(q *query.Question) (string, string, string) { return q.ID, q.Name, q.FolderID }))
	}
	settleItems(d, Dashboards, d.dashboards, d.now.dashboards, func(b *dashboardBody) headBody { return b.headBody })
	settleItems(d, Reports, d.reports, d.now.reports, func(b *reportBody) headBody { return b.headBody })
	settleItems(d, Schedules, d.schedules, d.now.schedules, func(b *scheduleBody) headBody { return b.headBody })
	settleItems(d, Alerts, d.alerts, d.now.alerts, func(b *alertBody) headBody { return b.headBody })
	for i := range d.rules {
		f := &d.rules[i]
		f.id = d.settle(Rules, f.reading, f.key, f.body.ID, "")
	}
}

func settleItems[T, B any](d *desire, kind Kind, files []file[T], there []saved.Item[B], head func(*T) headBody) {
	for i := range files {
		f := &files[i]
		h := head(&f.body)
		f.id = d.settle(kind, f.reading, f.key, h.ID, named(d, h, there, func(i *saved.Item[B]) (string, string, string) { return i.ID, i.Name, i.FolderID }))
	}
}

// named returns the id of the only object with the head's name in its folder, "" for none.
func named[T any](d *desire, h headBody, there []T, of func(*T) (id, name, folder string)) (found string) {
	folder := d.files[Folders][h.Folder]
	if folder == "" {
		folder = d.nowIndex.folders.toID[h.Folder]
	}
	for i := range there {
		id, name, in := of(&there[i])
		if name != strings.TrimSpace(h.Name) || in != folder {
			continue
		}
		if found != "" {
			return ""
		}
		found = id
	}
	return found
}

// channel returns the id of the channel that a recipient names.
func (d *desire) channel(r *reading, name, kind, member string) string {
	for _, c := range d.now.channels {
		switch {
		case c.Name != name:
			continue
		case c.Kind != kind:
			r.problems = append(r.problems, Problem{r.path, r.at(member), fmt.Sprintf("The channel %q is of the kind %s here", name, c.Kind)})
		}
		return c.ID
	}
	r.problems = append(r.problems, Problem{r.path, r.at(member), fmt.Sprintf("There is no channel named %q here; an administrator adds it with its address, then apply again", name)})
	return name
}

func (d *desire) targets(r *reading, list []targetBody) (out []schedule.Target) {
	for i, t := range list {
		one := t.Target
		at := fmt.Sprintf("to[%d]", i)
		switch {
		case t.Person != "":
			one.ID = d.person(r, t.Person, at+".person")
		case t.Channel != "":
			one.ID = d.channel(r, t.Channel, t.Kind, at+".channel")
		}
		if t.ID != "" {
			r.problems = append(r.problems, Problem{r.path, r.at(at + ".id"), "Name the person by address, or the channel by name"})
		}
		out = append(out, one)
	}
	return out
}
