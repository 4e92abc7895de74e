package content

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/saved"
	"assay/app/source"
	"assay/app/store"
)

// Rooms are what files are applied to.
type Rooms struct {
	Store *store.Store
	// Stores returns the content's stores over a view of our store.
	Stores func(in *store.Store) *Stores
	Pools  *source.Pools
}

// applyTimeout bounds the transaction in which files are applied.
const applyTimeout = 5 * time.Minute

// Apply does what a plan says, in one transaction: all of it, or, where anything
// is refused or the process ends, nothing. Who changed something after the plan
// was made makes it a Conflict.
func (p *Plan) Apply(ctx context.Context, r Rooms) (err error) {
	if len(p.Changes) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	// The rules' check reads catalogs, which must be known before: nothing else can
	// be written to the store during the transaction.
	for _, c := range p.Changes {
		if c.Kind != Rules || c.After == nil {
			continue
		}
		rule := p.desire.after.rules[slices.IndexFunc(p.desire.after.rules, func(r query.Rule) bool { return r.ID == c.ID })]
		if _, err := r.Pools.Catalog(ctx, rule.ConnectionID); err != nil {
			return because(c, err)
		}
	}
	return r.Store.Together(ctx, func(ctx context.Context, in *store.Store) error {
		t := &transaction{Plan: p, Stores: r.Stores(in), by: p.by}
		if t.by == nil {
			t.by = &account.Person{Role: account.Admin, Name: "system"}
		}
		return t.run(ctx)
	})
}

// because says at which file applying ended.
func because(c Change, err error) error {
	if fault.KindOf(err) == fault.Internal && source.AsFailure(err) == nil {
		return fmt.Errorf("%s: %w", c.path(), err)
	}
	message := fault.MessageOf(err)
	if f := source.AsFailure(err); f != nil && fault.KindOf(err) == fault.Internal {
		message = f.Message
	}
	kind := fault.KindOf(err)
	if kind == fault.Internal {
		kind = fault.Invalid
	}
	return fault.Because(kind, err, "%s: %s", c.path(), message)
}

type transaction struct {
	*Plan
	*Stores
	by *account.Person
}

func (t *transaction) run(ctx context.Context) error {
	for _, kind := range Kinds {
		var some []Change
		for _, c := range t.Changes {
			if c.Kind == kind && c.After != nil && !c.same {
				some = append(some, c)
			}
		}
		if kind == Questions {
			some = t.inOrder(some)
		}
		for _, c := range some {
			if err := t.save(ctx, c); err != nil {
				return because(c, err)
			}
		}
		if kind == Grants && t.Plan.by != nil {
			// Folders that are new were granted a moment ago.
			p, err := t.People.Active(ctx, t.by.ID)
			if err != nil {
				return err
			}
			t.by = p
		}
	}
	for _, kind := range slices.Backward(Kinds) {
		for _, c := range t.Changes {
			if c.Kind != kind || c.After != nil {
				continue
			}
			if err := t.remove(ctx, c); err != nil {
				return because(c, err)
			}
		}
	}
	return nil
}

// inOrder puts questions after those whose results they ask.
func (t *transaction) inOrder(list []Change) (out []Change) {
	left := slices.Clone(list)
	for len(left) > 0 {
		var later []Change
		for _, c := range left {
			q := one(t.desire.after.questions, c.ID, questionID)
			on := ""
			if q.Body.Spec != nil {
				on = q.Body.Spec.Question
			}
			if on != "" && slices.ContainsFunc(left, func(o Change) bool { return o.ID == on }) {
				later = append(later, c)
			} else {
				out = append(out, c)
			}
		}
		if len(later) == len(left) {
			return append(out, later...) // a circle, which the store refuses
		}
		left = later
	}
	return out
}

func questionID(q *query.Question) string   { return q.ID }
func folderID(f *query.Folder) string       { return f.ID }
func ruleID(r *query.Rule) string           { return r.ID }
func itemID[B any](i *saved.Item[B]) string { return i.ID }

// one returns a copy of the object with the id.
func one[T any](list []T, id string, of func(*T) string) T {
	for i := range list {
		if of(&list[i]) == id {
			return list[i]
		}
	}
	return *new(T)
}

func (t *transaction) save(ctx context.Context, c Change) error {
	after, fresh := t.desire.after, c.Before == nil
	switch c.Kind {
	case Folders:
		f := one(after.folders, c.ID, folderID)
		if fresh {
			return t.Questions.CreateFolder(ctx, &f)
		}
		return t.Questions.RenameFolder(ctx, &f)
	case Grants:
		return t.grant(ctx)
	case Rules:
		r := one(after.rules, c.ID, ruleID)
		if fresh {
			return t.Rules.Create(ctx, &r, t.by.ID)
		}
		return t.Rules.Update(ctx, &r)
	case Questions:
		q := one(after.questions, c.ID, questionID)
		for _, at := range []query.Question{one(t.desire.now.questions, c.ID, questionID), q} {
			if at.ID == "" {
				continue
			}
			if err := account.Check(t.by, account.Save, account.InFolder(at.FolderID), account.OnConnection(at.ConnectionID)); err != nil {
				return err
			}
		}
		if fresh {
			return t.Questions.Create(ctx, &q, t.by)
		}
		return t.Questions.Update(ctx, &q, t.by)
	case Dashboards:
		return saveItem(ctx, t.Dashboards, after.dashboards, c.ID, fresh, t.by)
	case Reports:
		return saveItem(ctx, t.Reports, after.reports, c.ID, fresh, t.by)
	case Schedules:
		owner, err := t.owner(ctx, one(after.schedules, c.ID, itemID).Body.Owner)
		if err != nil {
			return err
		}
		return saveItem(ctx, t.Schedules, after.schedules, c.ID, fresh, owner)
	case Alerts:
		owner, err := t.owner(ctx, one(after.alerts, c.ID, itemID).Body.Owner)
		if err != nil {
			return err
		}
		return saveItem(ctx, t.Alerts, after.alerts, c.ID, fresh, owner)
	}
	return nil
}

// owner returns who saves what runs on time, and as whom it runs then: whoever
// applies the files, or, where that is the system, whom they name.
func (t *transaction) owner(ctx context.Context, id string) (*account.Person, error) {
	if t.Plan.by != nil {
		return t.by, nil
	}
	return t.People.Active(ctx, id)
}

// saving is what the stores of saved things have.
type saving[B any] interface {
	Create(ctx context.Context, i *saved.Item[B], by *account.Person) error
	Update(ctx context.Context, i *saved.Item[B], by *account.Person) error
}

func saveItem[B any](ctx context.Context, s saving[B], list []saved.Item[B], id string, fresh bool, by *account.Person) error {
	i := one(list, id, itemID)
	if fresh {
		return s.Create(ctx, &i, by)
	}
	return s.Update(ctx, &i, by)
}

// grant gives the rights that are to be and takes back those that are not.
func (t *transaction) grant(ctx context.Context) error {
	now, after := t.desire.now.grants, t.desire.after.grants
	for i := range after {
		g := &after[i]
		if slices.ContainsFunc(now, func(o account.Grant) bool { return sameGrant(&o, g) && o.Level == g.Level }) {
			continue
		}
		if _, err := t.People.SetGrant(ctx, g.Subject(), g.Object(), g.Level); err != nil {
			return err
		}
	}
	for i := range now {
		g := &now[i]
		if !slices.ContainsFunc(after, func(o account.Grant) bool { return sameGrant(&o, g) }) {
			if err := t.People.DeleteGrant(ctx, g.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *transaction) remove(ctx context.Context, c Change) error {
	switch c.Kind {
	case Rules:
		return t.Rules.Delete(ctx, c.ID)
	case Questions:
		q := one(t.desire.now.questions, c.ID, questionID)
		if err := q.Check(t.by, account.Save); err != nil {
			return err
		}
		return t.Questions.Delete(ctx, c.ID)
	case Dashboards:
		return t.Dashboards.Delete(ctx, c.ID, t.by)
	case Reports:
		return t.Reports.Delete(ctx, c.ID, t.by)
	case Schedules:
		return t.Schedules.Delete(ctx, c.ID, t.by)
	case Alerts:
		return t.Alerts.Delete(ctx, c.ID, t.by)
	}
	return nil
}
