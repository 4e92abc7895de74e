package content

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/app/account"
	"assay/app/fault"
)

// Options say how files are applied.
type Options struct {
	// By is who applies them, with their rights; nil is the system, which may do all.
	By *account.Person
	// Prune removes what the files do not hold, of the kinds they hold. Folders stay.
	Prune bool
}

// Plan is what applying files would do.
type Plan struct {
	Changes []Change
	// Notes tell of what applying does not change.
	Notes []string

	desire *desire
	by     *account.Person
}

// Change is what becomes of one file, as an export would write it before and after.
type Change struct {
	Kind Kind
	ID   string
	// Before is nil of what is new, After of what goes.
	Before, After *File
	// same says that the object stays as it is and only its file's name or what it
	// calls another one changes.
	same bool
}

// Verb is "create", "update", "delete" or, of an object that stays as it is while
// its file gets another name or calls another one so, "rename".
func (c Change) Verb() string {
	switch {
	case c.Before == nil:
		return "create"
	case c.After == nil:
		return "delete"
	case c.same:
		return "rename"
	}
	return "update"
}

// Diff returns the change line by line, as patch reads it.
func (c Change) Diff() string {
	from, to := "/dev/null", "/dev/null"
	var before, after []byte
	if c.Before != nil {
		from, before = "a/"+c.Before.Path, c.Before.Data
	}
	if c.After != nil {
		to, after = "b/"+c.After.Path, c.After.Data
	}
	if text := unified(from, to, before, after); text != "" {
		return text
	}
	return fmt.Sprintf("rename from %s\nrename to %s\n", strings.TrimPrefix(from, "a/"), strings.TrimPrefix(to, "b/"))
}

// Prepare works out what applying the files would do and checks all of it. What
// is wrong is told together, in the order of the files; then there is no plan.
func Prepare(ctx context.Context, s *Stores, files map[string][]byte, o Options) (*Plan, []Problem, error) {
	now, err := load(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	d := newDesire(now, files, o.By)
	d.become(o.Prune)
	if len(d.problems) > 0 {
		return nil, d.problems, nil
	}
	p := &Plan{Notes: d.notes, desire: d, by: o.By}
	if p.Changes, err = d.changes(); err != nil {
		return nil, nil, err
	}
	return p, p.rights(), nil
}

// changes compares the files of what is with those of what is to be.
func (d *desire) changes() (list []Change, err error) {
	index := d.after.index()
	before, err := d.now.render(d.nowIndex)
	if err != nil {
		return nil, err
	}
	after, err := d.after.render(index)
	if err != nil {
		return nil, err
	}
	// The same objects as they are, with the names that others are to have.
	as, err := d.now.render(index.knowing(d.nowIndex))
	if err != nil {
		return nil, err
	}
	type place struct {
		kind Kind
		id   string
	}
	find := func(files []File) map[place]*File {
		m := map[place]*File{}
		for i := range files {
			m[place{files[i].Kind, files[i].ID}] = &files[i]
		}
		return m
	}
	was, is, same := find(before), find(after), find(as)
	for i := range after {
		at := place{after[i].Kind, after[i].ID}
		old := was[at]
		if old == nil || old.Path != after[i].Path || !bytes.Equal(old.Data, after[i].Data) {
			list = append(list, Change{Kind: at.kind, ID: at.id, Before: old, After: &after[i], same: old != nil && bytes.Equal(same[at].Data, after[i].Data)})
		}
	}
	for i := range before {
		at := place{before[i].Kind, before[i].ID}
		if is[at] == nil {
			list = append(list, Change{Kind: at.kind, ID: at.id, Before: &before[i]})
		}
	}
	slices.SortStableFunc(list, func(a, b Change) int { return strings.Compare(a.path(), b.path()) })
	return list, nil
}

func (c Change) path() string {
	if c.After != nil {
		return c.After.Path
	}
	return c.Before.Path
}

// knowing returns the index with names from another one for what it has none for.
func (x *index) knowing(other *index) *index {
	with := func(a, b *keys) *keys {
		k := &keys{noun: a.noun, ofID: map[string]string{}, toID: a.toID}
		for id, key := range b.ofID {
			k.ofID[id] = key
		}
		for id, key := range a.ofID {
			k.ofID[id] = key
		}
		return k
	}
	return &index{connections: with(x.connections, other.connections), folders: with(x.folders, other.folders), questions: with(x.questions, other.questions),
		dashboards: with(x.dashboards, other.dashboards), reports: with(x.reports, other.reports), schedules: with(x.schedules, other.schedules),
		alerts: with(x.alerts, other.alerts), rules: with(x.rules, other.rules), people: with(x.people, other.people), groups: with(x.groups, other.groups), channels: with(x.channels, other.channels)}
}

// rights tells what whoever applies the files may not do.
func (p *Plan) rights() (problems []Problem) {
	if p.by == nil {
		return nil
	}
	for _, c := range p.Changes {
		var err error
		switch {
		case c.same:
			continue
		case c.Kind == Grants && p.desire.grants != nil, c.Kind == Rules:
			if p.by.Role != account.Admin {
				err = fault.New(fault.Denied, "Only an administrator changes rights and rules by files")
			}
		default:
			err = account.Check(p.by, account.Save)
		}
		if err != nil {
			problems = append(problems, Problem{c.path(), 0, fault.MessageOf(err)})
		}
	}
	return problems
}

// Diff returns all changes line by line.
func (p *Plan) Diff() string {
	var b strings.Builder
	for _, c := range p.Changes {
		b.WriteString(c.Diff())
	}
	return b.String()
}

// Summary counts the changes in words, such as "2 to create, 1 to update".
func (p *Plan) Summary() string {
	var parts []string
	for _, verb := range []string{"create", "update", "rename", "delete"} {
		n := 0
		for _, c := range p.Changes {
			if c.Verb() == verb {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, verb))
		}
	}
	if len(parts) == 0 {
		return "nothing to change"
	}
	return strings.Join(parts, ", ")
}
