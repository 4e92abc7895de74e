package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
)

// Subject is to whom a right is granted, or for whom a rule is.
type Subject struct {
	Kind SubjectKind `json:"kind"`
	ID   string      `json:"id,omitempty"` // of the person or group
}

// SubjectKind is one of the three kinds of subjects.
type SubjectKind string

// The kinds of subjects.
const (
	Everyone SubjectKind = "everyone"
	ToGroup  SubjectKind = "group"
	ToPerson SubjectKind = "person"
)

// Grant gives a subject a level of an object. Without any grant only
// administrators reach an object; new ones are granted to everyone.
type Grant struct {
	bun.BaseModel `bun:"table:grants,alias:given"` // "grant" is a word of SQL

	ID          string      `bun:"id,pk"`
	SubjectKind SubjectKind `bun:"subject_kind"`
	SubjectID   string      `bun:"subject_id"`
	ObjectKind  string      `bun:"object_kind"`
	ObjectID    string      `bun:"object_id"`
	Schema      string      `bun:"schema_name"`
	Level       Level       `bun:"level"`
	CreatedAt   time.Time   `bun:"created_at"`

	subjectName string
}

// Subject returns to whom the grant is.
func (g *Grant) Subject() Subject { return Subject{g.SubjectKind, g.SubjectID} }

// Object returns what the grant is of.
func (g *Grant) Object() Object { return Object{g.ObjectKind, g.ObjectID, g.Schema} }

// has begins a sentence about who has what was granted.
func (g *Grant) has() string {
	switch g.SubjectKind {
	case ToGroup:
		return fmt.Sprintf("The group %s has", g.subjectName)
	case ToPerson:
		return "This person has"
	}
	return "Everyone has"
}

func (g *Grant) event(action string) audit.Event {
	e := audit.Event{Action: action, Object: audit.Object{Kind: g.ObjectKind, ID: g.ObjectID, Name: g.Schema},
		Detail: map[string]any{"subject": string(g.SubjectKind), "subject_id": g.SubjectID, "level": string(g.Level)}}
	if g.ObjectKind != KindFolder {
		e.Connection = g.ObjectID
	}
	return e
}

// Grants returns what was granted of an object; of a connection that of its schemas too.
func (s *Store) Grants(ctx context.Context, o Object) (list []Grant, err error) {
	defer fault.Wrap(&err, "account.Grants(%s)", o.ID)
	q := s.db.Read().NewSelect().Model(&list).Where("object_id = ?", o.ID).Order("object_kind", "schema_name", "subject_kind", "id")
	if o.Kind == KindConnection {
		q.Where("object_kind IN ('connection', 'schema')")
	} else {
		q.Where("object_kind = ? AND schema_name = ?", o.Kind, o.Schema)
	}
	return list, q.Scan(ctx)
}

// GrantedTo returns what was granted to the subject itself.
func (s *Store) GrantedTo(ctx context.Context, to Subject) (list []Grant, err error) {
	defer fault.Wrap(&err, "account.GrantedTo(%s)", to.ID)
	err = s.db.Read().NewSelect().Model(&list).Where("subject_kind = ? AND subject_id = ?", to.Kind, to.ID).Order("object_kind", "object_id", "schema_name").Scan(ctx)
	return list, err
}

// AllGrants returns every grant.
func (s *Store) AllGrants(ctx context.Context) (list []Grant, err error) {
	defer fault.Wrap(&err, "account.AllGrants")
	err = s.db.Read().NewSelect().Model(&list).Order("object_kind", "object_id", "schema_name", "id").Scan(ctx)
	return list, err
}

// OneGrant returns a grant by id.
func (s *Store) OneGrant(ctx context.Context, id string) (g *Grant, err error) {
	defer fault.Wrap(&err, "account.OneGrant(%s)", id)
	g = new(Grant)
	err = s.db.Read().NewSelect().Model(g).Where("id = ?", id).Scan(ctx)
	return g, store.Missing(err, "grant")
}

// SetGrant gives the subject the level of the object, in place of what it had
// of it, and returns the grant.
func (s *Store) SetGrant(ctx context.Context, to Subject, o Object, level Level) (g *Grant, err error) {
	defer fault.Wrap(&err, "account.SetGrant(%s, %s)", to.ID, o.ID)
	defer s.touched()
	var problems fault.Fields
	levels, known := Levels[o.Kind]
	switch {
	case !known:
		problems.Add("object_kind", "Rights are granted to a connection, a schema or a folder")
	case !slices.Contains(levels, level):
		problems.Add("level", "The levels of a %s are %v", o.Kind, levels)
	case (o.Kind == KindSchema) != (o.Schema != ""):
		problems.Add("schema", "A schema's grant names the schema, and no other does")
	}
	if to.Kind == Everyone {
		to.ID = ""
	}
	g = &Grant{ID: store.NewID(), SubjectKind: to.Kind, SubjectID: to.ID, ObjectKind: o.Kind, ObjectID: o.ID, Schema: o.Schema, Level: level, CreatedAt: s.now()}
	return g, s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := knownSubject(ctx, tx, to, &problems); err != nil {
			return err
		}
		if table := map[string]string{KindConnection: "connections", KindSchema: "connections", KindFolder: "folders"}[o.Kind]; table != "" && (o.Kind != KindFolder || o.ID != "") {
			var n int
			if err := tx.NewRaw("SELECT count(*) FROM ? WHERE id = ?", bun.Ident(table), o.ID).Scan(ctx, &n); err != nil {
				return err
			}
			if n == 0 {
				problems.Add("object_id", "There is no such %s", o.Kind)
			}
		}
		if err := problems.Err(); err != nil {
			return err
		}
		err := tx.NewRaw(`INSERT INTO grants (id, subject_kind, subject_id, object_kind, object_id, schema_name, level, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (subject_kind, subject_id, object_kind, object_id, schema_name) DO UPDATE SET level = excluded.level RETURNING id`,
			g.ID, g.SubjectKind, g.SubjectID, g.ObjectKind, g.ObjectID, g.Schema, g.Level, g.CreatedAt).Scan(ctx, &g.ID)
		if err != nil {
			return err
		}
		return s.log.Append(ctx, tx, g.event("grant.set"))
	})
}

func knownSubject(ctx context.Context, tx bun.Tx, to Subject, problems *fault.Fields) error {
	table := map[SubjectKind]string{ToGroup: "groups", ToPerson: "people"}[to.Kind]
	if table == "" {
		if to.Kind != Everyone {
			problems.Add("subject", "A subject is everyone, a group or a person")
		}
		return nil
	}
	var n int
	if err := tx.NewRaw("SELECT count(*) FROM ? WHERE id = ?", bun.Ident(table), to.ID).Scan(ctx, &n); err != nil {
		return err
	}
	if n == 0 {
		problems.Add("subject", "There is no such %s", to.Kind)
	}
	return nil
}

// DeleteGrant takes a grant back.
func (s *Store) DeleteGrant(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "account.DeleteGrant(%s)", id)
	defer s.touched()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		g := new(Grant)
		if err := tx.NewSelect().Model(g).Where("id = ?", id).Scan(ctx); err != nil {
			return store.Missing(err, "grant")
		}
		if _, err := tx.NewDelete().Model(g).WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, g.event("grant.delete"))
	})
}
