package query

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
)

// Folder holds saved questions.
type Folder struct {
	bun.BaseModel `bun:"table:folders,alias:folder"`

	ID        string    `bun:"id,pk"`
	Name      string    `bun:"name"`
	CreatedAt time.Time `bun:"created_at"`
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
	f := &Folder{ID: store.NewID(), Name: name, CreatedAt: s.now()}
	if err := f.check("folder"); err != nil {
		return "", err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewRaw("SELECT id FROM folders WHERE name = ?", f.Name).Scan(ctx, &id)
		if missing := store.Missing(err, "folder"); missing == err {
			return err
		}
		id = f.ID
		if _, err = tx.NewInsert().Model(f).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewRaw(`INSERT INTO grants (id, subject_kind, subject_id, object_kind, object_id, level, created_at)
			VALUES (?, 'everyone', '', 'folder', ?, 'edit', ?)`, store.NewID(), id, s.now()).Exec(ctx)
		if err != nil {
			return err
		}
		return s.log.Append(ctx, tx, f.event("folder.create"))
	})
	return id, err
}

// CreateFolder saves a new folder and gives it an id, unless it has one that is
// free. It is granted to nobody: who reaches it is for the caller to say.
func (s *Store) CreateFolder(ctx context.Context, f *Folder) (err error) {
	defer fault.Wrap(&err, "query.CreateFolder")
	if err := f.check("name"); err != nil {
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
	if err := f.check("name"); err != nil {
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

// check settles the folder's name; field is what its input is called.
func (f *Folder) check(field string) error {
	if f.Name = strings.TrimSpace(f.Name); f.Name == "" || utf8.RuneCountInString(f.Name) > 100 {
		return fault.Field(field, "A folder's name has 1 to 100 characters")
	}
	return nil
}

func (f *Folder) event(action string) audit.Event {
	return audit.Event{Action: action, Object: audit.Object{Kind: "folder", ID: f.ID, Name: f.Name}}
}
