package api

import (
	"context"
	"net/http"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/source"
)

type explainInput struct {
	Body struct {
		Person     string `json:"person" minLength:"1" maxLength:"100" doc:"The person's id"`
		Action     string `json:"action" enum:"look,ask,see_connections,ask_sql,save,share_links,edit_connections,edit_rights,edit_people,edit_settings,see_audit" doc:"What the person wants to do"`
		Connection string `json:"connection,omitempty" maxLength:"100" doc:"To the connection with this id"`
		Folder     string `json:"folder,omitempty" maxLength:"100" doc:"In the folder with this id"`
		Schema     string `json:"schema,omitempty" maxLength:"500" doc:"To this schema of the connection"`
		Table      string `json:"table,omitempty" maxLength:"500" doc:"What they see of this table of the connection is told too"`
	} `nameHint:"ExplainInput"`
}

// explained is a decision and the way to it.
type explained struct {
	Allowed bool     `json:"allowed"`
	Why     string   `json:"why" doc:"What decided"`
	Steps   []string `json:"steps" nullable:"false" doc:"All sentences of the way to it, in order"`
	Sees    []string `json:"sees" doc:"What they see of the table, in words; null where no table was named"`
}

func (a *api) explain() {
	add(a, operation{id: "explain", method: http.MethodPost, path: "/explain", tag: "rights", action: account.EditRights,
		summary: "Say whether a person may do something, and why", detail: "Nothing is changed. A token's scopes are not looked at."}, a.explainRights)
}

// knownConnection returns a fault of the body where there is no such connection.
func (a *api) knownConnection(ctx context.Context, id string) error {
	_, err := a.Connections.Get(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return fault.Field("connection", "There is no such connection")
	}
	return err
}

func moved() error {
	return fault.Field("connection", "A rule stays with its connection; make a new one")
}

func (a *api) explainRights(ctx context.Context, in *explainInput) (*body[explained], error) {
	b := in.Body
	p, err := a.People.Get(ctx, b.Person)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Field("person", "There is no such person")
	}
	if err != nil {
		return nil, err
	}
	var objects []account.Object
	if b.Folder != "" {
		folders, err := a.Questions.Folders(ctx)
		if err != nil {
			return nil, err
		}
		found := false
		for _, f := range folders {
			found = found || f.ID == b.Folder
		}
		if !found {
			return nil, fault.Field("folder", "There is no such folder")
		}
		objects = append(objects, account.InFolder(b.Folder))
	}
	switch {
	case b.Connection != "":
		if err := a.knownConnection(ctx, b.Connection); err != nil {
			return nil, err
		}
		objects = append(objects, account.OnConnection(b.Connection))
		if b.Schema != "" {
			objects = append(objects, account.OnSchema(b.Connection, b.Schema))
		}
	case b.Schema != "" || b.Table != "":
		return nil, fault.Field("connection", "Name the connection that the schema or table is of")
	}
	d := account.May(p, account.Action(b.Action), objects...)
	out := explained{Allowed: d.Allowed, Why: d.Why, Steps: d.Steps}
	if b.Table != "" {
		if out.Sees, err = a.Rules.Tell(ctx, p, b.Connection, source.Name{Schema: b.Schema, Name: b.Table}); err != nil {
			return nil, err
		}
	}
	return &body[explained]{out}, nil
}
