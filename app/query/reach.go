package query

import (
	"reflect"
	"slices"

	"assay/app/account"
	"assay/app/source"
)

// Reachable returns those of the connections that the person may do the action to.
func Reachable(p *account.Person, action account.Action, list []source.Connection) []source.Connection {
	return slices.DeleteFunc(slices.Clone(list), func(c source.Connection) bool {
		return !account.May(p, action, account.OnConnection(c.ID)).Allowed
	})
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
