package saved

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/store"
)

// Table is where things stand that lie in folders and keep their versions.
type Table struct {
	Noun string // what people call one of them
	// Name is the table's name; it has the columns id, folder_id, name,
	// description, body, version and updated_at.
	Name string
	// Versions is the table of how each was saved, Of its column with the id of the thing.
	Versions, Of string
}

// Save is how a thing is saved as one of its versions; Body is JSON.
type Save struct {
	ID          string    `bun:"-"`
	Version     int       `bun:"version"`
	Name        string    `bun:"name"`
	Description string    `bun:"description"`
	Body        string    `bun:"body"`
	SavedBy     string    `bun:"saved_by"`
	SavedAt     time.Time `bun:"saved_at"`
}

// CheckName settles a thing's name and tells what is wrong with it and the description.
func (t *Table) CheckName(problems *fault.Fields, name *string, description string) {
	*name = strings.TrimSpace(*name)
	if n := utf8.RuneCountInString(*name); n == 0 {
		problems.Add("name", "Give the %s a name", t.Noun)
	} else if n > 200 {
		problems.Add("name", "A name has at most 200 characters")
	}
	if utf8.RuneCountInString(description) > 5000 {
		problems.Add("description", "A description has at most 5,000 characters")
	}
}

// CheckFolder tells whether the folder exists in which a thing is to lie; "" is none.
func CheckFolder(ctx context.Context, tx bun.Tx, folder string) error {
	if folder == "" {
		return nil
	}
	n, err := tx.NewSelect().Table("folders").Where("id = ?", folder).Count(ctx)
	if err == nil && n == 0 {
		err = fault.Field("folder", "There is no such folder")
	}
	return err
}

// Insert adds a thing, whose model is row, and its first version.
func (t *Table) Insert(ctx context.Context, tx bun.Tx, row any, s Save) error {
	if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
		return store.Duplicate(err, "There is a %s with this id already", t.Noun)
	}
	return t.keep(ctx, tx, s)
}

func (t *Table) keep(ctx context.Context, tx bun.Tx, s Save) error {
	_, err := tx.NewRaw("INSERT INTO ? (?, version, name, description, body, saved_by, saved_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		bun.Ident(t.Versions), bun.Ident(t.Of), s.ID, s.Version, s.Name, s.Description, s.Body, s.SavedBy, s.SavedAt).Exec(ctx)
	return err
}

// Replace saves a thing's next version, made from the one before, and the
// columns that only things of this table have. Where somebody saved one before,
// nothing is saved and last is the number of theirs; otherwise it is 0.
func (t *Table) Replace(ctx context.Context, tx bun.Tx, row any, s Save, columns ...string) (last int, err error) {
	res, err := tx.NewUpdate().Model(row).Column("folder_id", "name", "description", "body", "version", "updated_at").Column(columns...).
		WherePK().Where("version = ?", s.Version-1).Exec(ctx)
	if err != nil {
		return 0, err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		err := tx.NewRaw("SELECT version FROM ? WHERE id = ?", bun.Ident(t.Name), s.ID).Scan(ctx, &last)
		return last, store.Missing(err, t.Noun)
	}
	return 0, t.keep(ctx, tx, s)
}

// Remove deletes a thing and its versions; was, its model, takes what it was.
func (t *Table) Remove(ctx context.Context, tx bun.Tx, id string, was any) error {
	if _, err := tx.NewRaw("DELETE FROM ? WHERE ? = ?", bun.Ident(t.Versions), bun.Ident(t.Of), id).Exec(ctx); err != nil {
		return err
	}
	return store.Missing(tx.NewRaw("DELETE FROM ? WHERE id = ? RETURNING *", bun.Ident(t.Name), id).Scan(ctx, was), t.Noun)
}

// Find narrows a list of things.
type Find struct {
	Folder string
	// Text stands in the name or description, whatever its letters' case.
	Text string
	// After is the id of the last thing of the page before; Limit is the page's size, 0 for all.
	After string
	Limit int
	// For, where set, leaves out what this person may not see.
	For *account.Person
}

// Narrow orders a selection of things by name and narrows it to a page of what
// is to be found, whoever may see it.
func (t *Table) Narrow(q *bun.SelectQuery, f Find) *bun.SelectQuery {
	q.Order("name", "id")
	if f.Folder != "" {
		q.Where("folder_id = ?", f.Folder)
	}
	if f.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(f.Text)) + "%"
		q.Where(`(lower(name) LIKE ? ESCAPE '\' OR lower(description) LIKE ? ESCAPE '\')`, like, like)
	}
	if f.After != "" {
		q.Where("(name, id) > (SELECT name, id FROM ? WHERE id = ?)", bun.Ident(t.Name), f.After)
	}
	if f.Limit > 0 {
		q.Limit(int64(f.Limit))
	}
	return q
}

// Version is how a thing with a body of type B was saved once.
type Version[B any] struct {
	Version     int
	Name        string
	Description string
	SavedBy     string
	SavedAt     time.Time
	Body        B
}

// Versions returns how a thing of a table was saved, the newest first.
func Versions[B any](ctx context.Context, db bun.IDB, t *Table, id string) ([]Version[B], error) {
	return versions[B](ctx, db.NewSelect().Where("? = ?", bun.Ident(t.Of), id), t)
}

// OneVersion returns how a thing of a table was saved as one of its versions.
func OneVersion[B any](ctx context.Context, db bun.IDB, t *Table, id string, version int) (*Version[B], error) {
	list, err := versions[B](ctx, db.NewSelect().Where("? = ? AND version = ?", bun.Ident(t.Of), id, version), t)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "There is no such version")
	}
	return &list[0], nil
}

// Saver returns the id of who saved a version of a thing, and when.
func Saver(ctx context.Context, db bun.IDB, t *Table, id string, version int) (by string, at time.Time, err error) {
	var row Save
	err = db.NewSelect().Table(t.Versions).Column("saved_by", "saved_at").Where("? = ? AND version = ?", bun.Ident(t.Of), id, version).Scan(ctx, &row)
	return row.SavedBy, row.SavedAt, store.Missing(err, "version")
}

func versions[B any](ctx context.Context, q *bun.SelectQuery, t *Table) ([]Version[B], error) {
	var rows []Save
	if err := q.Table(t.Versions).Column("version", "name", "description", "body", "saved_by", "saved_at").Order("version DESC").Scan(ctx, &rows); err != nil {
		return nil, err
	}
	list := make([]Version[B], len(rows))
	for i, r := range rows {
		list[i] = Version[B]{Version: r.Version, Name: r.Name, Description: r.Description, SavedBy: r.SavedBy, SavedAt: r.SavedAt}
		if err := json.Unmarshal([]byte(r.Body), &list[i].Body); err != nil {
			return nil, err
		}
	}
	return list, nil
}
