package query

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/saved"
	"assay/app/store"
)

// Question is a saved question.
type Question struct {
	bun.BaseModel `bun:"table:questions,alias:question"`

	ID           string    `bun:"id,pk"`
	FolderID     string    `bun:"folder_id"`
	Name         string    `bun:"name"`
	Description  string    `bun:"description"`
	ConnectionID string    `bun:"connection_id"`
	BodyJSON     string    `bun:"body"`
	Version      int       `bun:"version"` // counts the saves, from 1
	CreatedBy    string    `bun:"created_by"`
	CreatedAt    time.Time `bun:"created_at"`
	UpdatedAt    time.Time `bun:"updated_at"`

	// Body is the question itself, read from and written to BodyJSON.
	Body Body `bun:"-"`
}

// Body is what a question asks and how its answer is drawn.
type Body struct {
	// SQL is a written question, Spec a built one; exactly one is set.
	SQL  string `json:"sql,omitempty"`
	Spec *Spec  `json:"spec,omitempty"`
	// Parameters holds values that a written question is asked with unless others are given.
	Parameters map[string]string `json:"parameters,omitempty"`
	// Chart is the drawing's settings, as package chart reads them.
	Chart json.RawMessage `json:"chart,omitempty"`
}

// Version is how a question was saved once.
type Version = saved.Version[Body]

// questions is where questions stand.
var questions = &saved.Table{Noun: "question", Name: "questions", Versions: "question_versions", Of: "question_id"}

// Store keeps saved questions, their versions and folders, and the history of written ones.
type Store struct {
	db    *store.Store
	log   *audit.Log
	now   func() time.Time
	notes chan *Asked
	// deleted, where set, is done in the transaction that removes a question.
	deleted func(ctx context.Context, tx bun.Tx, id string) error
}

// Deleted has f done in the transaction that removes a question.
func (s *Store) Deleted(f func(ctx context.Context, tx bun.Tx, id string) error) { s.deleted = f }

// NewStore returns the questions of a store; what changes about them is recorded in the log.
func NewStore(s *store.Store, log *audit.Log) *Store {
	return &Store{db: s, log: log, now: func() time.Time { return time.Now().UTC() }, notes: make(chan *Asked, 1024)}
}

func (q *Question) check() error {
	var problems fault.Fields
	questions.CheckName(&problems, &q.Name, q.Description)
	if q.ConnectionID == "" {
		problems.Add("connection", "Choose a connection")
	}
	if (q.Body.Spec == nil) == (strings.TrimSpace(q.Body.SQL) == "") {
		problems.Add("sql", "Ask either in SQL or by clicking")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	if q.Body.Spec != nil {
		if err := q.Body.Spec.Check(); err != nil {
			return err
		}
	} else if _, err := Parameters(q.Body.SQL); err != nil {
		return err
	}
	body, err := json.Marshal(q.Body)
	q.BodyJSON = string(body)
	return err
}

func (q *Question) save(by *account.Person) saved.Save {
	return saved.Save{ID: q.ID, Version: q.Version, Name: q.Name, Description: q.Description, Body: q.BodyJSON, SavedBy: by.ID, SavedAt: q.UpdatedAt}
}

// Create saves a new question by a person who may ask it, and gives it an id,
// unless it has one that is free.
func (s *Store) Create(ctx context.Context, q *Question, by *account.Person) (err error) {
	defer fault.Wrap(&err, "query.Create")
	if err := q.check(); err != nil {
		return err
	}
	if err := q.checkAsked(by, nil); err != nil {
		return err
	}
	if err := s.checkChain(ctx, q, by); err != nil {
		return err
	}
	if q.ID == "" {
		q.ID = store.NewID()
	}
	q.Version, q.CreatedBy, q.CreatedAt, q.UpdatedAt = 1, by.ID, s.now(), s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := q.placed(ctx, tx); err != nil {
			return err
		}
		if err := questions.Insert(ctx, tx, q, q.save(by)); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, q.event("question.create"))
	})
}

// placed tells whether the question's connection and folder exist.
func (q *Question) placed(ctx context.Context, tx bun.Tx) error {
	if err := known(ctx, tx, "connections", q.ConnectionID, "connection"); err != nil {
		return err
	}
	return saved.CheckFolder(ctx, tx, q.FolderID)
}

func (q *Question) event(action string) audit.Event {
	return audit.Event{Action: action, Connection: q.ConnectionID, Object: audit.Object{Kind: "question", ID: q.ID, Name: q.Name},
		Detail: map[string]any{"version": q.Version, "folder": q.FolderID}}
}

func known(ctx context.Context, tx bun.Tx, table, id, noun string) error {
	var n int
	if err := tx.NewRaw("SELECT count(*) FROM ? WHERE id = ?", bun.Ident(table), id).Scan(ctx, &n); err != nil {
		return err
	}
	if n == 0 {
		return fault.Field(noun, "There is no such %s", noun)
	}
	return nil
}

// Get returns a saved question.
func (s *Store) Get(ctx context.Context, id string) (q *Question, err error) {
	defer fault.Wrap(&err, "query.Get(%s)", id)
	q = new(Question)
	if err := s.db.Read().NewSelect().Model(q).Where("id = ?", id).Scan(ctx); err != nil {
		return nil, store.Missing(err, "question")
	}
	return q, json.Unmarshal([]byte(q.BodyJSON), &q.Body)
}

// Find narrows a list of questions.
type Find struct {
	Folder     string
	Connection string
	// Text stands in the name or description, whatever its letters' case.
	Text string
	// After is the id of the last question of the page before; Limit is the page's size, 0 for all.
	After string
	Limit int
	// For, where set, leaves out what this person may not see.
	For *account.Person
}

// List returns saved questions by name.
func (s *Store) List(ctx context.Context, f Find) (list []Question, err error) {
	defer fault.Wrap(&err, "query.List")
	return store.Fill(f.After, f.Limit, func(after string) ([]Question, error) {
		f.After = after
		return s.some(ctx, f)
	}, func(q *Question) string { return q.ID }, func(q *Question) bool { return f.For == nil || q.Check(f.For, account.Look) == nil })
}

// some returns the next questions, whoever may see them.
func (s *Store) some(ctx context.Context, f Find) (list []Question, err error) {
	q := questions.Narrow(s.db.Read().NewSelect().Model(&list), saved.Find{Folder: f.Folder, Text: f.Text, After: f.After, Limit: f.Limit})
	if f.Connection != "" {
		q.Where("connection_id = ?", f.Connection)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	for i := range list {
		if err := json.Unmarshal([]byte(list[i].BodyJSON), &list[i].Body); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Update saves a changed question as a new version; q.Version names the version
// it was changed from, and where that is no longer the last it is a Conflict.
// Whoever changes what is asked must be allowed to ask it.
func (s *Store) Update(ctx context.Context, q *Question, by *account.Person) (err error) {
	defer fault.Wrap(&err, "query.Update(%s)", q.ID)
	if err := q.check(); err != nil {
		return err
	}
	before, err := s.Get(ctx, q.ID)
	if err != nil {
		return err
	}
	if err := q.checkAsked(by, before); err != nil {
		return err
	}
	if err := s.checkChain(ctx, q, by); err != nil {
		return err
	}
	q.Version, q.UpdatedAt = q.Version+1, s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := q.placed(ctx, tx); err != nil {
			return err
		}
		last, err := questions.Replace(ctx, tx, q, q.save(by), "connection_id")
		if err != nil {
			return err
		}
		if last > 0 {
			return fault.New(fault.Conflict, "Somebody saved version %d of this question in the meantime; load it and save again", last)
		}
		return s.log.Append(ctx, tx, q.event("question.update"))
	})
}

// Delete removes a question and its versions.
func (s *Store) Delete(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "query.Delete(%s)", id)
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if s.deleted != nil {
			if err := s.deleted(ctx, tx, id); err != nil {
				return err
			}
		}
		q := new(Question)
		if err := questions.Remove(ctx, tx, id, q); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, q.event("question.delete"))
	})
}

// Versions returns how a question was saved, the newest first.
func (s *Store) Versions(ctx context.Context, id string) (list []Version, err error) {
	defer fault.Wrap(&err, "query.Versions(%s)", id)
	return saved.Versions[Body](ctx, s.db.Read(), questions, id)
}

// Restore saves an earlier version as the newest.
func (s *Store) Restore(ctx context.Context, id string, version int, by *account.Person) (q *Question, err error) {
	defer fault.Wrap(&err, "query.Restore(%s, %d)", id, version)
	if q, err = s.Get(ctx, id); err != nil {
		return nil, err
	}
	v, err := saved.OneVersion[Body](ctx, s.db.Read(), questions, id, version)
	if err != nil {
		return nil, err
	}
	q.Name, q.Description, q.Body = v.Name, v.Description, v.Body
	return q, s.Update(ctx, q, by)
}
