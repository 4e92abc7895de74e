package query

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
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
type Version struct {
	bun.BaseModel `bun:"table:question_versions,alias:version"`

	QuestionID  string    `bun:"question_id,pk"`
	Version     int       `bun:"version,pk"`
	Name        string    `bun:"name"`
	Description string    `bun:"description"`
	BodyJSON    string    `bun:"body"`
	SavedBy     string    `bun:"saved_by"`
	SavedAt     time.Time `bun:"saved_at"`

	Body Body `bun:"-"`
}

// Folder holds saved questions.
type Folder struct {
	bun.BaseModel `bun:"table:folders,alias:folder"`

	ID        string    `bun:"id,pk"`
	Name      string    `bun:"name"`
	CreatedAt time.Time `bun:"created_at"`
}

// Store keeps saved questions, their versions and folders, and the history of written ones.
type Store struct {
	db    *store.Store
	log   *audit.Log
	now   func() time.Time
	notes chan *Asked
}

// NewStore returns the questions of a store; what changes about them is recorded in the log.
func NewStore(s *store.Store, log *audit.Log) *Store {
	return &Store{db: s, log: log, now: func() time.Time { return time.Now().UTC() }, notes: make(chan *Asked, 1024)}
}

func (q *Question) check() error {
	var problems fault.Fields
	q.Name = strings.TrimSpace(q.Name)
	if n := utf8.RuneCountInString(q.Name); n == 0 {
		problems.Add("name", "Give the question a name")
	} else if n > 200 {
		problems.Add("name", "A name has at most 200 characters")
	}
	if utf8.RuneCountInString(q.Description) > 5000 {
		problems.Add("description", "A description has at most 5,000 characters")
	}
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

func (q *Question) saved(by string, at time.Time) *Version {
	return &Version{QuestionID: q.ID, Version: q.Version, Name: q.Name, Description: q.Description, BodyJSON: q.BodyJSON, SavedBy: by, SavedAt: at}
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
		if _, err := tx.NewInsert().Model(q).Exec(ctx); err != nil {
			return store.Duplicate(err, "There is a question with this id already")
		}
		if _, err := tx.NewInsert().Model(q.saved(by.ID, q.UpdatedAt)).Exec(ctx); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, q.event("question.create"))
	})
}

// placed tells whether the question's connection and folder exist.
func (q *Question) placed(ctx context.Context, tx bun.Tx) error {
	if err := known(ctx, tx, "connections", q.ConnectionID, "connection"); err != nil || q.FolderID == "" {
		return err
	}
	return known(ctx, tx, "folders", q.FolderID, "folder")
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
	for {
		some, err := s.some(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, q := range some {
			if (f.For == nil || q.Check(f.For, account.Look) == nil) && (f.Limit == 0 || len(list) < f.Limit) {
				list = append(list, q)
			}
		}
		if f.Limit == 0 || len(list) == f.Limit || len(some) < f.Limit {
			return list, nil
		}
		f.After = some[len(some)-1].ID
	}
}

// some returns the next questions, whoever may see them.
func (s *Store) some(ctx context.Context, f Find) (list []Question, err error) {
	q := s.db.Read().NewSelect().Model(&list).Order("name", "id")
	if f.Folder != "" {
		q.Where("folder_id = ?", f.Folder)
	}
	if f.Connection != "" {
		q.Where("connection_id = ?", f.Connection)
	}
	if f.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(f.Text)) + "%"
		q.Where(`(lower(name) LIKE ? ESCAPE '\' OR lower(description) LIKE ? ESCAPE '\')`, like, like)
	}
	if f.After != "" {
		q.Where("(name, id) > (SELECT name, id FROM questions WHERE id = ?)", f.After)
	}
	if f.Limit > 0 {
		q.Limit(int64(f.Limit))
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
	from := q.Version
	q.Version, q.UpdatedAt = from+1, s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := q.placed(ctx, tx); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(q).Column("folder_id", "name", "description", "connection_id", "body", "version", "updated_at").
			WherePK().Where("version = ?", from).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			var last int
			if err := tx.NewRaw("SELECT version FROM questions WHERE id = ?", q.ID).Scan(ctx, &last); err != nil {
				return store.Missing(err, "question")
			}
			return fault.New(fault.Conflict, "Somebody saved version %d of this question in the meantime; load it and save again", last)
		}
		if _, err = tx.NewInsert().Model(q.saved(by.ID, q.UpdatedAt)).Exec(ctx); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, q.event("question.update"))
	})
}

// Delete removes a question and its versions.
func (s *Store) Delete(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "query.Delete(%s)", id)
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("DELETE FROM question_versions WHERE question_id = ?", id).Exec(ctx); err != nil {
			return err
		}
		q := &Question{ID: id}
		if err := tx.NewRaw("DELETE FROM questions WHERE id = ? RETURNING name, connection_id, folder_id, version", id).Scan(ctx, q); err != nil {
			return store.Missing(err, "question")
		}
		return s.log.Append(ctx, tx, q.event("question.delete"))
	})
}

// Versions returns how a question was saved, the newest first.
func (s *Store) Versions(ctx context.Context, id string) (list []Version, err error) {
	defer fault.Wrap(&err, "query.Versions(%s)", id)
	if err := s.db.Read().NewSelect().Model(&list).Where("question_id = ?", id).Order("version DESC").Scan(ctx); err != nil {
		return nil, err
	}
	for i := range list {
		if err := json.Unmarshal([]byte(list[i].BodyJSON), &list[i].Body); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Restore saves an earlier version as the newest.
func (s *Store) Restore(ctx context.Context, id string, version int, by *account.Person) (q *Question, err error) {
	defer fault.Wrap(&err, "query.Restore(%s, %d)", id, version)
	if q, err = s.Get(ctx, id); err != nil {
		return nil, err
	}
	v := new(Version)
	if err := s.db.Read().NewSelect().Model(v).Where("question_id = ? AND version = ?", id, version).Scan(ctx); err != nil {
		return nil, store.Missing(err, "version")
	}
	q.Name, q.Description, q.Body = v.Name, v.Description, Body{}
	if err := json.Unmarshal([]byte(v.BodyJSON), &q.Body); err != nil {
		return nil, err
	}
	return q, s.Update(ctx, q, by)
}

// Folders returns all folders by name.
func (s *Store) Folders(ctx context.Context) (list []Folder, err error) {
	defer fault.Wrap(&err, "query.Folders")
	err = s.db.Read().NewSelect().Model(&list).Order("name").Scan(ctx)
	return list, err
}

// EnsureFolder returns the id of the folder with the name, making it where there
// is none. Everyone is granted a new one, as far as their roles go.
func (s *Store) EnsureFolder(ctx context.Context, name string) (id string, err error) {
	defer fault.Wrap(&err, "query.EnsureFolder")
	defer s.db.Granted()
	if name = strings.TrimSpace(name); name == "" || utf8.RuneCountInString(name) > 100 {
		return "", fault.Field("folder", "A folder's name has 1 to 100 characters")
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewRaw("SELECT id FROM folders WHERE name = ?", name).Scan(ctx, &id)
		if missing := store.Missing(err, "folder"); missing == err {
			return err
		}
		id = store.NewID()
		if _, err = tx.NewInsert().Model(&Folder{ID: id, Name: name, CreatedAt: s.now()}).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewRaw(`INSERT INTO grants (id, subject_kind, subject_id, object_kind, object_id, level, created_at)
			VALUES (?, 'everyone', '', 'folder', ?, 'edit', ?)`, store.NewID(), id, s.now()).Exec(ctx)
		if err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "folder.create", Object: audit.Object{Kind: "folder", ID: id, Name: name}})
	})
	return id, err
}
