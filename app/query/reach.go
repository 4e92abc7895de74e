package query

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/source"
)

// Reachable returns those of the connections that the person may do the action to.
func Reachable(p *account.Person, action account.Action, list []source.Connection) []source.Connection {
	return slices.DeleteFunc(slices.Clone(list), func(c source.Connection) bool {
		return !account.May(p, action, account.OnConnection(c.ID)).Allowed
	})
}

// MayConnect decides whether the person may save the connection: whoever may not
// grant rights makes no second way to a database whose rows are under rules, and
// what they make is theirs alone until it is granted to others.
func (s *Rules) MayConnect(ctx context.Context, p *account.Person, c *source.Connection) (err error) {
	defer fault.Wrap(&err, "query.Rules.MayConnect")
	if account.May(p, account.EditRights).Allowed {
		return nil
	}
	c.Private = true
	list, err := s.connections.List(ctx)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.ID == c.ID || !sameDatabase(other.Config, c.Config) {
			continue
		}
		rules, err := s.of(ctx, other.ID)
		if err != nil {
			return err
		}
		if len(rules) > 0 {
			return fault.New(fault.Denied, "Rules say who sees what of this database; another connection to it is made by somebody who may grant rights")
		}
	}
	return nil
}

func sameDatabase(a, b source.Config) bool {
	if a.Kind != b.Kind {
		return false
	}
	if a.Kind == "sqlite" {
		return filepath.Clean(a.Path) == filepath.Clean(b.Path)
	}
	return strings.EqualFold(a.Host, b.Host) && strings.EqualFold(a.Database, b.Database)
}

// Check decides whether the person may do the action to a saved question: to
// the folder it lies in and to the connection it asks.
func (q *Question) Check(p *account.Person, action account.Action) error {
	return account.Check(p, action, account.InFolder(q.FolderID), account.OnConnection(q.ConnectionID))
}

// checkAsked decides whether the person may ask what the question asks, unless
// it was saved before as it is: by saving it they let everybody who looks ask it.
func (q *Question) checkAsked(p *account.Person, before *Question) error {
	same := before != nil && before.ConnectionID == q.ConnectionID
	switch {
	case q.Body.SQL != "" && !(same && before.Body.SQL == q.Body.SQL):
		return account.Check(p, account.AskSQL, account.OnConnection(q.ConnectionID))
	case q.Body.Spec != nil && !(same && reflect.DeepEqual(before.Body.Spec, q.Body.Spec)):
		return account.Check(p, account.Ask, account.OnConnection(q.ConnectionID))
	}
	return nil
}

// Shown returns those of the folders in which the person may look.
func Shown(p *account.Person, list []Folder) []Folder {
	return slices.DeleteFunc(slices.Clone(list), func(f Folder) bool {
		return !account.May(p, account.Look, account.InFolder(f.ID)).Allowed
	})
}
