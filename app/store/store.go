// Package store is OUR database through Bun: SQLite in one file under the data
// directory, or PostgreSQL by URL. It opens, migrates and runs transactions;
// the rows belong to the packages that keep their nouns in it.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver of database/sql
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"assay/app/fault"
)

// Store is an open database of ours, migrated to the present schema.
type Store struct {
	write    *bun.DB
	read     *bun.DB
	postgres bool
	path     string
	granted  atomic.Int64
	within   *bun.Tx // the transaction of which this store is a view, see Together
}

// Open opens the store at a PostgreSQL URL or, where that is empty, in the file
// assay.db under dir (made with 0700 when absent), and brings its schema up to
// date. Two processes may open the same store at once; one killed half-way
// leaves a store that opens.
func Open(ctx context.Context, databaseURL, dir string) (*Store, error) {
	s := &Store{}
	if databaseURL != "" {
		if !strings.HasPrefix(databaseURL, "postgres://") && !strings.HasPrefix(databaseURL, "postgresql://") {
			return nil, errors.New("ASSAY_DATABASE_URL must be a postgres:// URL")
		}
		db, err := sql.Open("pgx", databaseURL)
		if err != nil {
			return nil, fmt.Errorf("open our PostgreSQL store: %w", err)
		}
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(4)
		db.SetConnMaxIdleTime(5 * time.Minute)
		s.postgres = true
		s.write = bun.NewDB(db, pgdialect.New())
		s.read = s.write
	} else if err := s.openSQLite(dir); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx, migrations); err != nil {
		s.Close()
		return nil, fmt.Errorf("migrate our store: %w", err)
	}
	return s, nil
}

// openSQLite opens one writer and a few readers on the same file: with a single
// writer there is nobody to wait for, so "database is locked" cannot happen
// inside this process, and another process waits for its turn.
func (s *Store) openSQLite(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	s.path = filepath.Join(dir, "assay.db")
	// The file is ours alone before SQLite writes to it: it holds password hashes.
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("store file: %w", err)
	}
	f.Close()
	dsn := func(extra string) string {
		u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: s.path}).EscapedPath()}
		return u.String() + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
			"&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)&_time_format=sqlite&" + extra
	}
	writer, err := sql.Open("sqlite", dsn("_txlock=immediate"))
	if err != nil {
		return fmt.Errorf("open our store: %w", err)
	}
	writer.SetMaxOpenConns(1)
	if err := settled(writer); err != nil {
		writer.Close()
		return fmt.Errorf("open our store: %w", err)
	}
	reader, err := sql.Open("sqlite", dsn("_pragma=query_only(1)"))
	if err != nil {
		writer.Close()
		return fmt.Errorf("open our store: %w", err)
	}
	reader.SetMaxOpenConns(4)
	reader.SetMaxIdleConns(2)
	s.write = bun.NewDB(writer, sqlitedialect.New())
	s.read = bun.NewDB(reader, sqlitedialect.New())
	return nil
}

// settled opens the first connection, which puts a new file into WAL mode. For
// that alone SQLite does not wait for another process that is just doing it.
func settled(db *sql.DB) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := db.Ping()
		lite, ok := errors.AsType[*sqlite.Error](err)
		if !ok || lite.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(deadline) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Close closes the store.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	return err
}

// Ping reports whether the store can be read.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.read.NewSelect().ColumnExpr("1").Scan(ctx, &one)
}

// Read returns the handle for queries that change nothing.
func (s *Store) Read() bun.IDB {
	if s.within != nil {
		return *s.within
	}
	return s.read
}

// Write runs f in a transaction that is committed when f returns nil and rolled
// back otherwise.
func (s *Store) Write(ctx context.Context, f func(ctx context.Context, tx bun.Tx) error) error {
	if s.within != nil {
		return f(ctx, *s.within)
	}
	return s.write.RunInTx(ctx, nil, f)
}

// WriteQuick is Write for what may be lost with the machine's power, though not
// with this process: its commit does not wait for the disk. The next Write takes
// it to the disk too.
func (s *Store) WriteQuick(ctx context.Context, f func(ctx context.Context, tx bun.Tx) error) (err error) {
	if s.within != nil {
		return s.Write(ctx, f)
	}
	if s.postgres {
		return s.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.ExecContext(ctx, "SET LOCAL synchronous_commit = off"); err != nil {
				return err
			}
			return f(ctx, tx)
		})
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
		return err
	}
	defer func() {
		if _, failed := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = FULL"); failed != nil {
			// A writer that does not wait for the disk must not be used for anything else.
			conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	return conn.RunInTx(ctx, nil, f)
}

// SQL returns the handle that writes, for what brings its own tables, and
// whether it is PostgreSQL. SQLite has one such connection: whoever holds a
// transaction must not ask the handle for another.
func (s *Store) SQL() (db *sql.DB, postgres bool) { return s.write.DB, s.postgres }

// Granted tells those in this process who remember what was granted that it
// changed; it is called after a transaction that changed it.
func (s *Store) Granted() { s.granted.Add(1) }

// Grants counts the calls of Granted.
func (s *Store) Grants() int64 { return s.granted.Load() }

// NewID returns a new id that cannot be guessed: 26 characters of base32, 130 random bits.
func NewID() string { return strings.ToLower(rand.Text()) }

// Missing turns "no rows" into a NotFound fault about the noun; other errors stay.
func Missing(err error, noun string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Because(fault.NotFound, err, "There is no such %s", noun)
	}
	return err
}

// Duplicate turns a broken uniqueness rule into a Conflict fault with the message; other errors stay.
func Duplicate(err error, format string, args ...any) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "23505" {
		return fault.Because(fault.Conflict, err, format, args...)
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		if c := lite.Code(); c == sqlite3.SQLITE_CONSTRAINT_UNIQUE || c == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
			return fault.Because(fault.Conflict, err, format, args...)
		}
	}
	return err
}

// Changed returns NotFound about the noun where a statement touched no row.
func Changed(res sql.Result, err error, noun string) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err == nil && n == 0 {
		return fault.New(fault.NotFound, "There is no such %s", noun)
	}
	return nil
}
