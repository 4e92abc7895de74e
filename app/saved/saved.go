// Package saved keeps what people make and change: named things in folders with
// a body of their kind, every save of which stays as a version that can be
// compared and brought back. Dashboards, reports, schedules and alerts are kept
// so; what is in a body is the business of the package whose noun it is.
package saved

import (
	"context"
	"encoding/json"
	"time"

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

// Store keeps the items of one kind.
type Store[B any, P interface {
	*B
	Body
}] struct {
	db    *store.Store
	log   *audit.Log
	kind  string
	table *Table
	now   func() time.Time
	// deleted, where set, is done in the transaction that removes an item.
	deleted func(ctx context.Context, tx bun.Tx, id string) error
}

// Items is where the items of all kinds stand.
var Items = Table{Noun: "item", Name: "saved", Versions: "saved_versions", Of: "item_id"}

// NewStore returns the items of a kind, whose name is a noun such as "dashboard";
// what changes about them is recorded in the log.
func NewStore[B any, P interface {
	*B
	Body
}](s *store.Store, log *audit.Log, kind string) *Store[B, P] {
	table := Items
	table.Noun = kind
	return &Store[B, P]{db: s, log: log, kind: kind, table: &table, now: func() time.Time { return time.Now().UTC() }}
}

// Deleted has f done in the transaction that removes an item.
func (s *Store[B, P]) Deleted(f func(ctx context.Context, tx bun.Tx, id string) error) { s.deleted = f }

// Check tells whether a person may do something to the item.
func (i *Item[B]) Check(p *account.Person, a account.Action) error {
	return account.Check(p, a, account.InFolder(i.FolderID))
}

func (s *Store[B, P]) check(i *Item[B]) (body string, err error) {
	var problems fault.Fields
	s.table.CheckName(&problems, &i.Name, i.Description)
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
		if err := CheckFolder(ctx, tx, i.FolderID); err != nil {
			return err
		}
		if err := s.table.Insert(ctx, tx, s.row(i, body), i.save(body, by)); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, s.event(i, "create"))
	})
}

func (i *Item[B]) save(body string, by *account.Person) Save {
	return Save{ID: i.ID, Version: i.Version, Name: i.Name, Description: i.Description, Body: body, SavedBy: by.ID, SavedAt: i.UpdatedAt}
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

// List returns items by name.
func (s *Store[B, P]) List(ctx context.Context, f Find) (list []Item[B], err error) {
	defer fault.Wrap(&err, "%s.List", s.kind)
	return store.Fill(f.After, f.Limit, func(after string) ([]Item[B], error) {
		f.After = after
		return s.some(ctx, f)
	}, func(i *Item[B]) string { return i.ID }, func(i *Item[B]) bool { return f.For == nil || i.Check(f.For, account.Look) == nil })
}

// some returns the next items, whoever may see them.
func (s *Store[B, P]) some(ctx context.Context, f Find) ([]Item[B], error) {
	var rows []row
	if err := s.table.Narrow(s.db.Read().NewSelect().Model(&rows).Where("kind = ?", s.kind), f).Scan(ctx); err != nil {
		return nil, err
	}
	list := make([]Item[B], len(rows))
	for at := range rows {
		i, err := item[B](&rows[at])
		if err != nil {
			return nil, err
		}
		list[at] = *i
	}
	return list, nil
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
		if err := CheckFolder(ctx, tx, i.FolderID); err != nil {
			return err
		}
		last, err := s.table.Replace(ctx, tx, s.row(i, body), i.save(body, by))
		if err != nil {
			return err
		}
		if last > 0 {
			i.Version = from
			return fault.New(fault.Conflict, "Somebody saved version %d of this %s in the meantime", last, s.kind)
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
		if err := s.table.Remove(ctx, tx, id, new(row)); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, s.event(i, "delete"))
	})
}

// Shaped returns the person in whose name an item is made: where they have lent
// their rights it may have been saved since by somebody else.
func (s *Store[B, P]) Shaped(ctx context.Context, p *account.Person, i *Item[B]) (_ *account.Person, err error) {
	defer fault.Wrap(&err, "saved.Shaped(%s, %s)", s.kind, i.ID)
	if !p.Lent() {
		return p, nil
	}
	by, at, err := Saver(ctx, s.db.Read(), s.table, i.ID, i.Version)
	if err != nil {
		return nil, err
	}
	return p.ShapedBy(by, at), nil
}

// Versions returns how an item was saved, the newest first.
func (s *Store[B, P]) Versions(ctx context.Context, id string) (list []Version[B], err error) {
	defer fault.Wrap(&err, "%s.Versions(%s)", s.kind, id)
	return Versions[B](ctx, s.db.Read(), s.table, id)
}

// GetVersion returns how an item was saved as one of its versions.
func (s *Store[B, P]) GetVersion(ctx context.Context, id string, version int) (v *Version[B], err error) {
	defer fault.Wrap(&err, "%s.GetVersion(%s, %d)", s.kind, id, version)
	return OneVersion[B](ctx, s.db.Read(), s.table, id, version)
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
