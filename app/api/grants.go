package api

import (
	"context"
	"net/http"
	"time"

	"assay/app/account"
	"assay/app/fault"
)

// Subject is to whom something is granted, or for whom a rule is.
type Subject struct {
	Kind string `json:"kind" enum:"everyone,group,person"`
	ID   string `json:"id,omitempty" maxLength:"100" doc:"The id of the group or person"`
}

func subjectOf(s account.Subject) Subject { return Subject{string(s.Kind), s.ID} }

func (s Subject) account() account.Subject {
	return account.Subject{Kind: account.SubjectKind(s.Kind), ID: s.ID}
}

// Object is what a right is granted to.
type Object struct {
	Kind   string `json:"kind" enum:"connection,schema,folder"`
	ID     string `json:"id" maxLength:"100" doc:"The id of the connection or folder; empty for what lies in no folder"`
	Schema string `json:"schema,omitempty" maxLength:"500" doc:"The name of a connection's schema"`
}

// Grant gives a subject a level of an object.
type Grant struct {
	ID        string    `json:"id"`
	Subject   Subject   `json:"subject"`
	Object    Object    `json:"object"`
	Level     string    `json:"level" enum:"results,ask,sql,read,view,edit"`
	CreatedAt time.Time `json:"created_at"`
}

func grantOf(g *account.Grant) Grant {
	return Grant{g.ID, subjectOf(g.Subject()), Object{g.ObjectKind, g.ObjectID, g.Schema}, string(g.Level), utc(g.CreatedAt)}
}

// GrantInput is what is granted.
type GrantInput struct {
	Subject Subject `json:"subject" doc:"To whom"`
	Object  Object  `json:"object" doc:"What"`
	Level   string  `json:"level" enum:"results,ask,sql,read,view,edit" doc:"How far: of a connection results, ask or sql, each with the one before; of a schema read; of a folder view or edit"`
}

type grantSet struct{ Body GrantInput }

type grantFind struct {
	Paging
	ObjectKind  string `query:"object_kind" enum:"connection,schema,folder" doc:"Only grants of this kind of object"`
	ObjectID    string `query:"object_id" maxLength:"100" doc:"Only grants of the connection (its schemas too) or folder with this id"`
	SubjectKind string `query:"subject_kind" enum:"everyone,group,person" doc:"Only grants to this kind of subject"`
	SubjectID   string `query:"subject_id" maxLength:"100" doc:"Only grants to the group or person with this id"`
}

func (a *api) grants() {
	const tag, edit = "rights", account.EditRights
	own := "Nobody grants a level that stands for more than they may do themselves."
	add(a, operation{id: "listGrants", method: http.MethodGet, path: "/grants", tag: tag, action: edit, summary: "List what was granted to whom"}, a.listGrants)
	add(a, operation{id: "setGrant", method: http.MethodPost, path: "/grants", tag: tag, action: edit, status: http.StatusCreated, summary: "Grant a level of an object",
		detail: "What the subject had of the object before is replaced. As soon as a schema of a connection was granted to anybody, everybody needs a grant for each of its schemas. " + own}, a.setGrant)
	add(a, operation{id: "getGrant", method: http.MethodGet, path: "/grants/{id}", tag: tag, action: edit, summary: "Get a grant"}, a.getGrant)
	add(a, operation{id: "deleteGrant", method: http.MethodDelete, path: "/grants/{id}", tag: tag, action: edit, summary: "Take a grant back",
		detail: "Running queries that needed it end. " + own}, a.deleteGrant)
}

func (a *api) listGrants(ctx context.Context, in *grantFind) (*body[page[Grant]], error) {
	list, err := a.People.AllGrants(ctx)
	if err != nil {
		return nil, err
	}
	var found []Grant
	for i := range list {
		g := &list[i]
		if (in.ObjectKind == "" || g.ObjectKind == in.ObjectKind) && (in.ObjectID == "" || g.ObjectID == in.ObjectID) &&
			(in.SubjectKind == "" || string(g.SubjectKind) == in.SubjectKind) && (in.SubjectID == "" || g.SubjectID == in.SubjectID) {
			found = append(found, grantOf(g))
		}
	}
	return cut(found, in.Paging, func(g Grant) string { return g.ID })
}

func (a *api) setGrant(ctx context.Context, in *grantSet) (*created[Grant], error) {
	b := in.Body
	level := account.Level(b.Level)
	if err := account.MayGive(from(ctx).person, level.Actions()...); err != nil {
		return nil, err
	}
	g, err := a.People.SetGrant(ctx, b.Subject.account(), account.Object{Kind: b.Object.Kind, ID: b.Object.ID, Schema: b.Object.Schema}, level)
	if err != nil {
		return nil, renamed(err, map[string]string{"object_kind": "object.kind", "object_id": "object.id", "schema": "object.schema"})
	}
	return a.grantMade(ctx, g.ID)
}

func (a *api) grantMade(ctx context.Context, id string) (*created[Grant], error) {
	g, err := a.People.OneGrant(ctx, id)
	if err != nil {
		return nil, err
	}
	return &created[Grant]{Location: prefix + "/grants/" + id, Body: grantOf(g)}, nil
}

// renamed returns a fault whose fields have the names that the body gives them.
func renamed(err error, names map[string]string) error {
	fields := fault.FieldsOf(err)
	if len(fields) == 0 {
		return err
	}
	var problems fault.Fields
	for field, message := range fields {
		if name, ok := names[field]; ok {
			field = name
		}
		problems.Add(field, "%s", message)
	}
	return problems.Err()
}

func (a *api) getGrant(ctx context.Context, in *ByID) (*body[Grant], error) {
	g, err := a.People.OneGrant(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[Grant]{grantOf(g)}, nil
}

func (a *api) deleteGrant(ctx context.Context, in *ByID) (*nothing, error) {
	g, err := a.People.OneGrant(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := account.MayGive(from(ctx).person, g.Level.Actions()...); err != nil {
		return nil, err
	}
	return nil, a.People.DeleteGrant(ctx, g.ID)
}
