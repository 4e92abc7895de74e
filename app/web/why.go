package web

import (
	"assay/app/account"
	"assay/app/query"
	"assay/views"
)

// ExplorePath returns where a person looks into a question asked with these
// values: the builder, the page for SQL, or "" where they may do neither.
func ExplorePath(p *account.Person, q *query.Question, values map[string]string) string {
	if !account.May(p, account.Ask, account.OnConnection(q.ConnectionID)).Allowed {
		return ""
	}
	to, _ := openURL(q, values, views.Chrome{CanAskSQL: account.May(p, account.AskSQL, account.OnConnection(q.ConnectionID)).Allowed})
	return to
}
