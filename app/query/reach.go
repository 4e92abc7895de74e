package query

import (
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

// Shown returns those of the folders in which the person may look.
func Shown(p *account.Person, list []Folder) []Folder {
	return slices.DeleteFunc(slices.Clone(list), func(f Folder) bool {
		return !account.May(p, account.Look, account.InFolder(f.ID)).Allowed
	})
}
