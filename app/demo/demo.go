// Package demo generates the sample company: a retailer of tea, coffee and
// kitchenware that never existed, with three years of trade, a dozen planted
// events and a handful of saved questions. The same data comes out on every
// machine, so that what is found in it can be tested.
package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"assay/app/fault"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// Company is the invented name of the sample company.
const Company = "Ondelquill"

// Description says in one sentence what the sample company is.
const Description = "A made-up European retailer of tea, coffee and kitchenware: web shops and stores in eight countries, all amounts in euro, all times in UTC."

// The first and the last day of trade, both included.
const (
	FirstDay = "2023-10-01"
	LastDay  = "2026-09-30"
)

const (
	// applicationID marks a file as ours, so that no other database is ever replaced.
	applicationID = 0x4F51444D
	schemaVersion = 1
	// generatorVersion changes whenever the generated rows change.
	generatorVersion = 1
	// Version is what a finished file carries in PRAGMA user_version.
	Version = schemaVersion*1000 + generatorVersion
)

// Build writes the sample company's database to path, or leaves the file there
// as it is where it is already of this version. The file appears whole or not
// at all, and opens read-only without any file beside it. A path that holds
// anything else than a sample company is a fault.Conflict and is left alone.
func Build(ctx context.Context, path string) (err error) {
	defer fault.Wrap(&err, "demo.Build")
	current, err := upToDate(ctx, path)
	if err != nil || current {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return fault.Because(fault.Unavailable, err, "The sample company cannot be written; check that its folder exists and is writable")
	}
	temporary := file.Name()
	defer func() {
		if err != nil {
			_ = os.Remove(temporary)
		}
	}()
	if err := file.Close(); err != nil {
		return err
	}
	if err := fill(ctx, temporary); err != nil {
		return err
	}
	if err := settle(temporary); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// upToDate reports whether path holds a sample company of this version.
func upToDate(ctx context.Context, path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, occupied(nil)
	case info.Size() == 0:
		return false, nil
	}
	db, err := sql.Open("sqlite", dsn(path, "mode=ro"))
	if err != nil {
		return false, err
	}
	defer db.Close()
	var application, version int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application); err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return false, occupied(err)
	}
	if application != applicationID {
		return false, occupied(nil)
	}
	err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	return version == Version, err
}

func occupied(cause error) error {
	return fault.Because(fault.Conflict, cause, "The file meant for the sample company holds something else; choose another place or move that file away")
}

// fill creates the schema in an empty file and writes everything into it.
func fill(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()

	for _, pragma := range []string{
		"page_size = 4096", "journal_mode = OFF", "synchronous = OFF",
		"locking_mode = EXCLUSIVE", "cache_size = -65536", "temp_store = MEMORY",
		fmt.Sprintf("application_id = %d", applicationID),
	} {
		if _, err := conn.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return err
		}
	}
	if _, err := conn.ExecContext(ctx, tables); err != nil {
		return err
	}
	company, err := trade(ctx)
	if err != nil {
		return err
	}
	if err := write(ctx, conn, company); err != nil {
		return err
	}
	for _, statement := range []string{indexes, "ANALYZE", fmt.Sprintf("PRAGMA user_version = %d", Version)} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// settle brings the finished file to the disk before it gets its name.
func settle(path string) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return file.Sync()
}

// dsn spells path as a URI, which keeps "?", "#" and "%" in it from being read as options.
func dsn(path, options string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	path = filepath.ToSlash(path)
	if path[0] != '/' {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: options}).String()
}
