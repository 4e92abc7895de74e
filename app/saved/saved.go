// Package saved keeps what people make and change: named things in folders with
// a body of their kind, every save of which stays as a version that can be
// compared and brought back. Dashboards, reports, schedules and alerts are kept
// so; what is in a body is the business of the package whose noun it is.
package saved

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

// Body is what a kind of saved thing holds; it is stored as JSON.
type Body interface {
	// Check tells what is wrong with the body, by field, and settles what was left open.
	Check() error
}

// Item is a saved thing with a body of type B.
type Item[B any] struct {
	ID          string
	FolderID    string
	Name        string
	Description string
	Version     int // counts the saves, from 1
	CreatedBy   string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Body        B
}

// Version is how an item was saved once.
type Version[B any] struct {
	Version     int
	Name        string
	Description string
	SavedBy     string
	SavedAt     time.Time
	Body        B
}

type row struct {
	bun.BaseModel `bun:"table:saved,alias:saved"`

	ID          string    `bun:"id,pk"`
	Kind        string    `bun:"kind"`
	FolderID    string    `bun:"folder_id"`
	Name        string    `bun:"name"`
	Description string    `bun:"description"`
	Body        string    `bun:"body"`
	Version     int       `bun:"version"`
	CreatedBy   string    `bun:"created_by"`
	CreatedAt   time.Time `bun:"created_at"`
	UpdatedAt   time.Time `bun:"updated_at"`
}

type versionRow struct {
	bun.BaseModel `bun:"table:saved_versions,alias:version"`

	ItemID      string    `bun:"item_id,pk"`
	Version     int       `bun:"version,pk"`
	Name        string    `bun:"name"`
	Description string    `bun:"description"`
	Body        string    `bun:"body"`
	SavedBy     string    `bun:"saved_by"`
	SavedAt     time.Time `bun:"saved_at"`
}

// Store keeps the items of one kind.
type Store[B any, P interface {
	*B
	Body
}] struct {
	db   *store.Store
	log  *audit.Log
	kind string
	now  func() time.Time
	// deleted, where set, is done in the transaction that removes an item.
	deleted func(ctx context.Context, tx bun.Tx, id string) error
}

// NewStore returns the items of a kind, whose name is a noun such as "dashboard";
// what changes about them is recorded in the log.
func NewStore[B any, P interface {
	*B
	Body
}](s *store.Store, log *audit.Log, kind string) *Store[B, P] {
	return &Store[B, P]{db: s, log: log, kind: kind, now: func() time.Time { return time.Now().UTC() }}
}

// Deleted has f done in the transaction that removes an item.
func (s *Store[B, P]) Deleted(f func(ctx context.Context, tx bun.Tx, id string) error) { s.deleted = f }

// Check tells whether a person may do something to the item.
func (i *Item[B]) Check(p *account.Person, a account.Action) error {
	return account.Check(p, a, account.InFolder(i.FolderID))
}

func (s *Store[B, P]) check(i *Item[B]) (body string, err error) {
	var problems fault.Fields
	i.Name = strings.TrimSpace(i.Name)
	if n := utf8.RuneCountInString(i.Name); n == 0 {
		problems.Add("name", "Give the %s a name", s.kind)
	} else if n > 200 {
		problems.Add("name", "A name has at most 200 characters")
	}
	if utf8.RuneCountInString(i.Description) > 5000 {
		problems.Add("description", "A description has at most 5,000 characters")
	}
	if err := problems.Err(); err != nil {
		return "", err
	}
	if err := P(&i.Body).Check(); err != nil {
		return "", err
	}
	text, err := json.Marshal(i.Body)
	if len(text) > mostBytes {
		return "", fault.New(fault.Invalid, "The %s is larger than %d KiB", s.kind, mostBytes>>10)
	}
	return string(text), err
}

// mostBytes bounds a body.
const mostBytes = 2 << 20

func (s *Store[B, P]) row(i *Item[B], body string) *row {
	return &row{ID: i.ID, Kind: s.kind, FolderID: i.FolderID, Name: i.Name, Description: i.Description, Body: body,
		Version: i.Version, CreatedBy: i.CreatedBy, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt}
}

func item[B any](r *row) (*Item[B], error) {
	i := &Item[B]{ID: r.ID, FolderID: r.FolderID, Name: r.Name, Description: r.Description, Version: r.Version,
		CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	return i, json.Unmarshal([]byte(r.Body), &i.Body)
}

func (s *Store[B, P]) event(i *Item[B], action string) audit.Event {
	return audit.Event{Action: s.kind + "." + action, Object: audit.Object{Kind: s.kind, ID: i.ID, Name: i.Name},
		Detail: map[string]any{"version": i.Version, "folder": i.FolderID}}
}

// placed tells whether the item's folder exists.
func placed(ctx context.Context, tx bun.Tx, folder string) error {
	if folder == "" {
		return nil
	}
	n, err := tx.NewSelect().Table("folders").Where("id = ?", folder).Count(ctx)
	if err == nil && n == 0 {
		err = fault.Field("folder", "There is no such folder")
	}
	return err
}

// Create saves a new item and gives it an id, unless it has one that is free.
func (s *Store[B, P]) Create(ctx context.Context, i *Item[B], by *account.Person) (err error) {
	defer fault.Wrap(&err, "%s.Create", s.kind)
	if err := i.Check(by, account.Save); err != nil {
		return err
	}
	body, err := s.check(i)
	if err != nil {
		return err
	}
	if i.ID == "" {
		i.ID = store.NewID()
	}
	i.Version, i.CreatedBy, i.CreatedAt, i.UpdatedAt = 1, by.ID, s.now(), s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := placed(ctx, tx, i.FolderID); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(s.row(i, body)).Exec(ctx); err != nil {
			return store.Duplicate(err, "There is a %s with this id already", s.kind)
		}
		if err := s.keep(ctx, tx, i, body, by); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, s.event(i, "create"))
	})
}

func (s *Store[B, P]) keep(ctx context.Context, tx bun.Tx, i *Item[B], body string, by *account.Person) error {
	v := &versionRow{ItemID: i.ID, Version: i.Version, Name: i.Name, Description: i.Description, Body: body, SavedBy: by.ID, SavedAt: i.UpdatedAt}
	_, err := tx.NewInsert().Model(v).Exec(ctx)
	return err
}

// Get returns an item.
func (s *Store[B, P]) Get(ctx context.Context, id string) (i *Item[B], err error) {
	defer fault.Wrap(&err, "%s.Get(%s)", s.kind, id)
	r := new(row)
	if err := s.db.Read().NewSelect().Model(r).Where("id = ? AND kind = ?", id, s.kind).Scan(ctx); err != nil {
		return nil, store.Missing(err, s.kind)
	}
	return item[B](r)
}

// Find narrows a list of items.
type Find struct {
	Folder string
	// Text stands in the name or description, whatever its letters' case.
	Text string
	// After is the id of the last item of the page before; Limit is the page's size, 0 for all.
	After string
	Limit int
	// For, where set, leaves out what this person may not see.
	For *account.Person
}

// List returns items by name.
func (s *Store[B, P]) List(ctx context.Context, f Find) (list []Item[B], err error) {
	defer fault.Wrap(&err, "%s.List", s.kind)
	for {
		some, err := s.some(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			i, err := item[B](&r)
			if err != nil {
				return nil, err
			}
			if (f.For == nil || i.Check(f.For, account.Look) == nil) && (f.Limit == 0 || len(list) < f.Limit) {
				list = append(list, *i)
			}
		}
		if f.Limit == 0 || len(list) == f.Limit || len(some) < f.Limit {
			return list, nil
		}
		f.After = some[len(some)-1].ID
	}
}

// some returns the next items, whoever may see them.
func (s *Store[B, P]) some(ctx context.Context, f Find) (list []row, err error) {
	q := s.db.Read().NewSelect().Model(&list).Where("kind = ?", s.kind).Order("name", "id")
	if f.Folder != "" {
		q.Where("folder_id = ?", f.Folder)
	}
	if f.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(f.Text)) + "%"
		q.Where(`(lower(name) LIKE ? ESCAPE '\' OR lower(description) LIKE ? ESCAPE '\')`, like, like)
	}
	if f.After != "" {
		q.Where("(name, id) > (SELECT name, id FROM saved WHERE id = ?)", f.After)
	}
	if f.Limit > 0 {
		q.Limit(int64(f.Limit))
	}
	return list, q.Scan(ctx)
}

// Update saves a changed item as a new version; i.Version names the version it
// was changed from, and where that is no longer the last it is a Conflict.
func (s *Store[B, P]) Update(ctx context.Context, i *Item[B], by *account.Person) (err error) {
	defer fault.Wrap(&err, "%s.Update(%s)", s.kind, i.ID)
	before, err := s.Get(ctx, i.ID)
	if err != nil {
		return err
	}
	for _, where := range []*Item[B]{before, i} { // from one folder to another
		if err := where.Check(by, account.Save); err != nil {
			return err
		}
	}
	body, err := s.check(i)
	if err != nil {
		return err
	}
	from := i.Version
	i.Version, i.CreatedBy, i.CreatedAt, i.UpdatedAt = from+1, before.CreatedBy, before.CreatedAt, s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := placed(ctx, tx, i.FolderID); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(s.row(i, body)).Column("folder_id", "name", "description", "body", "version", "updated_at").
			WherePK().Where("version = ?", from).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			var last int
			if err := tx.NewRaw("SELECT version FROM saved WHERE id = ?", i.ID).Scan(ctx, &last); err != nil {
				return store.Missing(err, s.kind)
			}
			i.Version = from
			return fault.New(fault.Conflict, "Somebody saved version %d of this %s in the meantime", last, s.kind)
		}
		if err := s.keep(ctx, tx, i, body, by); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, s.event(i, "update"))
	})
}

// Delete removes an item and its versions.
func (s *Store[B, P]) Delete(ctx context.Context, id string, by *account.Person) (err error) {
	defer fault.Wrap(&err, "%s.Delete(%s)", s.kind, id)
	i, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := i.Check(by, account.Save); err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if s.deleted != nil {
			if err := s.deleted(ctx, tx, id); err != nil {
				return err
			}
		}
		if _, err := tx.NewRaw("DELETE FROM saved_versions WHERE item_id = ?", id).Exec(ctx); err != nil {
			return err
		}
		res, err := tx.NewRaw("DELETE FROM saved WHERE id = ?", id).Exec(ctx)
		if err := store.Changed(res, err, s.kind); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, s.event(i, "delete"))
	})
}

// Versions returns how an item was saved, the newest first.
func (s *Store[B, P]) Versions(ctx context.Context, id string) (list []Version[B], err error) {
	defer fault.Wrap(&err, "%s.Versions(%s)", s.kind, id)
	var rows []versionRow
	if err := s.db.Read().NewSelect().Model(&rows).Where("item_id = ?", id).Order("version DESC").Scan(ctx); err != nil {
		return nil, err
	}
	list = make([]Version[B], len(rows))
	for at, r := range rows {
		list[at] = Version[B]{Version: r.Version, Name: r.Name, Description: r.Description, SavedBy: r.SavedBy, SavedAt: r.SavedAt}
		if err := json.Unmarshal([]byte(r.Body), &list[at].Body); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// GetVersion returns how an item was saved as one of its versions.
func (s *Store[B, P]) GetVersion(ctx context.Context, id string, version int) (v *Version[B], err error) {
	defer fault.Wrap(&err, "%s.GetVersion(%s, %d)", s.kind, id, version)
	r := new(versionRow)
	if err := s.db.Read().NewSelect().Model(r).Where("item_id = ? AND version = ?", id, version).Scan(ctx); err != nil {
		return nil, store.Missing(err, "version")
	}
	v = &Version[B]{Version: r.Version, Name: r.Name, Description: r.Description, SavedBy: r.SavedBy, SavedAt: r.SavedAt}
	return v, json.Unmarshal([]byte(r.Body), &v.Body)
}

// Restore saves an earlier version as the newest.
func (s *Store[B, P]) Restore(ctx context.Context, id string, version int, by *account.Person) (i *Item[B], err error) {
	defer fault.Wrap(&err, "%s.Restore(%s, %d)", s.kind, id, version)
	if i, err = s.Get(ctx, id); err != nil {
		return nil, err
	}
	v, err := s.GetVersion(ctx, id, version)
	if err != nil {
		return nil, err
	}
	i.Name, i.Description, i.Body = v.Name, v.Description, v.Body
	return i, s.Update(ctx, i, by)
}
