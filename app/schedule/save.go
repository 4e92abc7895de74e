package schedule

import (
	"context"
	"slices"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/mail"
	"assay/app/saved"
	"assay/app/store"
)

// Save saves a schedule, new where it has no version, and sets the clock for
// it. It runs as whoever saved it last, so that nobody's rights can be used by
// changing what they made.
func (w *Works) Save(ctx context.Context, i *Schedule, by *account.Person) (err error) {
	defer fault.Wrap(&err, "schedule.Save(%s)", i.ID)
	if err := i.Body.Check(); err != nil {
		return err
	}
	if err := w.Allowed(ctx, &i.Body, by); err != nil {
		return err
	}
	i.Body.Owner = by.ID
	return save(ctx, w, w.Schedules, i, by)
}

// SaveAlert saves an alert as Save does a schedule.
func (w *Works) SaveAlert(ctx context.Context, i *Alert, by *account.Person) (err error) {
	defer fault.Wrap(&err, "schedule.SaveAlert(%s)", i.ID)
	if err := i.Body.Check(); err != nil {
		return err
	}
	if err := w.AllowedAlert(ctx, &i.Body, by); err != nil {
		return err
	}
	i.Body.Owner = by.ID
	return save(ctx, w, w.Alerts, i, by)
}

// Restore saves an earlier version of a schedule anew; it runs as who brought it back.
func (w *Works) Restore(ctx context.Context, id string, version int, by *account.Person) (i *Schedule, err error) {
	if i, err = earlier(ctx, w.Schedules, id, version); err != nil {
		return nil, err
	}
	return i, w.Save(ctx, i, by)
}

// RestoreAlert saves an earlier version of an alert anew; it asks as who brought it back.
func (w *Works) RestoreAlert(ctx context.Context, id string, version int, by *account.Person) (i *Alert, err error) {
	if i, err = earlier(ctx, w.Alerts, id, version); err != nil {
		return nil, err
	}
	return i, w.SaveAlert(ctx, i, by)
}

// earlier returns an item as it was, under its present version.
func earlier[B any, P interface {
	*B
	saved.Body
}](ctx context.Context, s *saved.Store[B, P], id string, version int) (*saved.Item[B], error) {
	i, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	v, err := s.GetVersion(ctx, id, version)
	if err != nil {
		return nil, err
	}
	i.Name, i.Description, i.Body = v.Name, v.Description, v.Body
	return i, nil
}

func save[B any, P interface {
	*B
	saved.Body
}](ctx context.Context, w *Works, s *saved.Store[B, P], i *saved.Item[B], by *account.Person) error {
	write := s.Update
	if i.Version == 0 {
		write = s.Create
	}
	if err := write(ctx, i, by); err != nil {
		return err
	}
	if err := w.settle(ctx); err != nil {
		return err
	}
	w.Wake()
	return nil
}

// Allowed tells what of a schedule the person may not have done, by field. All
// of it is looked at again whenever it runs.
func (w *Works) Allowed(ctx context.Context, b *Body, by *account.Person) error {
	if err := account.Check(by, account.Save); err != nil {
		return err
	}
	var problems fault.Fields
	for _, what := range []struct{ kind, id string }{{"dashboard", b.Dashboard}, {"report", b.Report}, {"question", b.Question}} {
		if what.id == "" {
			continue
		}
		if err := w.mayLook(ctx, what.kind, what.id, by); fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
			problems.Add(what.kind, "There is no such %s, or nobody granted you a right to it", what.kind)
		} else if err != nil {
			return err
		}
	}
	if err := w.mayReach(ctx, b.To, by, &problems); err != nil {
		return err
	}
	return problems.Err()
}

// AllowedAlert tells what of an alert the person may not have done, by field.
func (w *Works) AllowedAlert(ctx context.Context, b *AlertBody, by *account.Person) error {
	if err := account.Check(by, account.Save); err != nil {
		return err
	}
	var problems fault.Fields
	if err := w.mayLook(ctx, "question", b.Question, by); fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		problems.Add("question", "There is no such question, or nobody granted you a right to it")
	} else if err != nil {
		return err
	}
	if err := w.mayReach(ctx, b.To, by, &problems); err != nil {
		return err
	}
	return problems.Err()
}

func (w *Works) mayLook(ctx context.Context, kind, id string, by *account.Person) error {
	if kind == "question" {
		_, err := w.question(ctx, by, id)
		return err
	}
	var folder string
	if err := w.Store.Read().NewRaw("SELECT folder_id FROM saved WHERE id = ? AND kind = ?", id, kind).Scan(ctx, &folder); err != nil {
		return store.Missing(err, kind)
	}
	return account.Check(by, account.Look, account.InFolder(folder))
}

// mayReach looks at the recipients. Who writes to people without an account shares
// what is written as much as who gives a link away.
func (w *Works) mayReach(ctx context.Context, list []Target, by *account.Person, problems *fault.Fields) error {
	for _, t := range list {
		var err error
		switch t.Kind {
		case ToPerson:
			var p *account.Person
			if p, err = w.People.Get(ctx, t.ID); err == nil && p.Kind == account.Service {
				problems.Add("to", "%s is a service, which gets no mail", p.Name)
			}
			if fault.Is(err, fault.NotFound) {
				problems.Add("to", "One of the people has no account any more")
				err = nil
			}
		case ToMail:
			if account.Check(by, account.Share) != nil {
				problems.Add("to", "Mails to addresses without an account here need the right to share")
			}
			if len(w.MailDomains) > 0 && !slices.Contains(w.MailDomains, mail.Domain(t.Address)) {
				problems.Add("to", "Mails may not go to addresses at %s without an account here", mail.Domain(t.Address))
			}
		default:
			var c *Channel
			if c, err = w.Channels.Get(ctx, t.ID); err == nil && c.Kind != t.Kind {
				problems.Add("to", "The channel %s is of another kind", c.Name)
			}
			if fault.Is(err, fault.NotFound) {
				problems.Add("to", "There is no such channel")
				err = nil
			}
		}
		if err != nil {
			return err
		}
		if w.Mail == nil && (t.Kind == ToPerson || t.Kind == ToMail) {
			problems.Add("to", "No mail server is set up; an administrator can name one with ASSAY_SMTP_HOST")
		}
	}
	return nil
}
