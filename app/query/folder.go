package query

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
)

// CreateFolder saves a new folder and gives it an id, unless it has one that is
// free. It is granted to nobody: who reaches it is for the caller to say.
func (s *Store) CreateFolder(ctx context.Context, f *Folder) (err error) {
	defer fault.Wrap(&err, "query.CreateFolder")
	if err := f.check(); err != nil {
		return err
	}
	if f.ID == "" {
		f.ID = store.NewID()
	}
	f.CreatedAt = s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(f).Exec(ctx); err != nil {
			return store.Duplicate(err, "There is a folder with this name or id already")
		}
		return s.log.Append(ctx, tx, f.event("folder.create"))
	})
}

// RenameFolder gives a folder another name.
func (s *Store) RenameFolder(ctx context.Context, f *Folder) (err error) {
	defer fault.Wrap(&err, "query.RenameFolder(%s)", f.ID)
	if err := f.check(); err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model(f).Column("name").WherePK().Exec(ctx)
		if err := store.Duplicate(err, "There is a folder with this name already"); err != nil {
			return err
		}
		if err := store.Changed(res, nil, "folder"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, f.event("folder.update"))
	})
}

func (f *Folder) check() error {
	if f.Name = strings.TrimSpace(f.Name); f.Name == "" || utf8.RuneCountInString(f.Name) > 100 {
		return fault.Field("name", "A folder's name has 1 to 100 characters")
	}
	return nil
}

func (f *Folder) event(action string) audit.Event {
	return audit.Event{Action: action, Object: audit.Object{Kind: "folder", ID: f.ID, Name: f.Name}}
}
