package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"assay/app/source"
)

// database is an open pool of connections to one database.
type database struct {
	source source.Config
	config *pgconn.Config
	pool   *pool
	// name is the application's name in the server's list of sessions.
	name string
	// pins are the settings wanted of every session.
	pins []setting

	ctx    context.Context // ends when the pool is closed
	cancel context.CancelFunc

	mu      sync.Mutex
	known   *server
	types   map[uint32]typeInfo
	inquiry sync.Mutex
}

// server is what the first connection learnt about the server.
type server struct {
	settings map[string]string
	version  int // such as 150018; 0 where unknown
	// everyTime holds the settings to pin again in every transaction, because
	// the sessions behind a pooler do not keep what they were started with.
	everyTime []setting
	// inherited is the login's own statement_timeout; 0 means none.
	inherited time.Duration
}

// acquire returns a connection, new or reused, and what is known of the server.
func (db *database) acquire(ctx context.Context, fresh bool) (conn *pgconn.PgConn, known *server, reused bool, err error) {
	if db.ctx.Err() != nil {
		return nil, nil, false, errClosed()
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, false, source.AsFailure(err)
	}
	if err := db.pool.enter(ctx); err != nil {
		f := source.AsFailure(err)
		if f.Code == source.DeadlineExceeded {
			f.Message, f.Hint = "All connections to this database were busy until the time limit", "Try again, or allow this connection more connections."
		}
		return nil, nil, false, f
	}
	if !fresh {
		if conn = db.pool.take(); conn != nil {
			return conn, db.server(), true, nil
		}
	}
	conn, known, err = db.connect(ctx)
	if err != nil {
		db.pool.leave()
		return nil, nil, false, err
	}
	return conn, known, false, nil
}

func (db *database) server() *server {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.known
}

// connect opens a connection. Poolers refuse settings at the start; then the
// session is started without and every transaction sets them.
func (db *database) connect(ctx context.Context) (*pgconn.PgConn, *server, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(db.ctx, cancel)()
	known := db.server()
	bare := known != nil && len(known.everyTime) > 0
	conn, err := pgconn.ConnectConfig(ctx, db.startConfig(bare))
	if err != nil && !bare && refusesSettings(err) {
		bare = true
		conn, err = pgconn.ConnectConfig(ctx, db.startConfig(true))
	}
	if err != nil {
		if db.ctx.Err() != nil {
			return nil, nil, errClosed()
		}
		return nil, nil, db.connectFailure(ctx, err)
	}
	conn.Frontend().SetMaxBodyLen(maxMessage)
	if known == nil {
		if known, err = db.learn(ctx, conn, bare); err != nil {
			closeSoon(conn)
			return nil, nil, db.connectFailure(ctx, err)
		}
		db.mu.Lock()
		db.known = known
		db.mu.Unlock()
	}
	return conn, known, nil
}

func (db *database) startConfig(bare bool) *pgconn.Config {
	config := db.config.Copy()
	config.RuntimeParams = map[string]string{"application_name": db.name}
	if !bare {
		for _, p := range db.pins {
			config.RuntimeParams[p.name] = p.value
		}
	}
	return config
}

// refusesSettings reports whether a server or pooler does not take settings at
// the start of a session, or not all of ours.
func refusesSettings(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch e.Code {
	case "08P01", "0A000", "42704", "22023", "42501":
		text := strings.ToLower(e.Message)
		return strings.Contains(text, "startup") || strings.Contains(text, "parameter") || strings.Contains(text, "setting") || strings.Contains(text, "option")
	}
	return false
}

// learn asks a server, once, for the settings that matter.
func (db *database) learn(ctx context.Context, conn *pgconn.PgConn, bare bool) (*server, error) {
	want := []string{"server_version_num", "search_path", "statement_timeout", "timezone", "server_version"}
	for _, p := range db.pins {
		want = append(want, p.name)
	}
	sql := "SELECT lower(name), setting FROM pg_catalog.pg_settings WHERE lower(name) IN ('" + strings.Join(want, "','") + "')"
	result := conn.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	k := &server{settings: map[string]string{}}
	for _, row := range result.Rows {
		k.settings[string(row[0])] = string(row[1])
	}
	k.version, _ = strconv.Atoi(k.settings["server_version_num"])
	if ms, err := strconv.Atoi(k.settings["statement_timeout"]); err == nil {
		k.inherited = time.Duration(ms) * time.Millisecond
	}
	pins := db.pins
	if path, change := safePath(k.settings["search_path"]); change {
		pins = append(slices.Clone(pins), setting{"search_path", path})
		k.everyTime = append(k.everyTime, setting{"search_path", path})
	}
	if bare || !holds(k.settings) {
		k.everyTime = k.everyTime[:0]
		for _, p := range pins {
			if _, ok := k.settings[p.name]; ok {
				k.everyTime = append(k.everyTime, p)
			}
		}
	}
	return k, nil
}

// holds reports whether a session kept the settings that decide how text is
// read and that nothing is written: poolers may drop them in silence.
func holds(settings map[string]string) bool {
	for name, want := range map[string]string{"default_transaction_read_only": "on", "standard_conforming_strings": "on", "bytea_output": "hex", "intervalstyle": "iso_8601"} {
		if got, ok := settings[name]; ok && got != want {
			return false
		}
	}
	return strings.HasPrefix(settings["datestyle"], "ISO")
}

// safePath returns the search path with PostgreSQL's own schema first where it
// is named later, so that nobody's function can stand in for one of its own.
func safePath(path string) (string, bool) {
	parts := strings.Split(path, ",")
	for i, p := range parts {
		if strings.Trim(strings.TrimSpace(p), `"`) == "pg_catalog" {
			rest := append(slices.Clone(parts[:i]), parts[i+1:]...)
			return strings.Join(append([]string{"pg_catalog"}, rest...), ","), i > 0
		}
	}
	return path, false
}

// Close ends the pool; running statements are cancelled.
func (db *database) Close() error {
	db.cancel()
	db.pool.close(2 * time.Second)
	return nil
}

// tlsVersion names the protocol version a connection is encrypted with, or "".
func tlsVersion(conn *pgconn.PgConn) string {
	if t, ok := conn.Conn().(*tls.Conn); ok {
		return tls.VersionName(t.ConnectionState().Version)
	}
	return ""
}

func errClosed() *source.Failure {
	return &source.Failure{Code: source.Cancelled, Message: "The connection was closed"}
}
