package sqlserver

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"assay/app/source"
)

// db is a pool of connections. It stands on the TDS connections themselves
// rather than on database/sql: that package deadlocks when a driver panics
// while it is asked for column types, which this one does for CLR types.
type db struct {
	config    source.Config
	params    msdsn.Config
	secure    *encryption
	isolation string
	zone      *time.Location
	slots     chan struct{}
	snapshot  atomic.Int32 // 0 not asked yet, 1 the database allows snapshot isolation, -1 it does not

	mu     sync.Mutex
	closed bool
	idle   map[*session]time.Time
	live   map[*session]bool
	ending sync.WaitGroup
}

// session is one connection to the server, used by one statement at a time.
type session struct {
	conn *mssql.Conn
	raw  net.Conn
	tls  string
	once sync.Once
	gone chan struct{} // closed when the connection has been cut
}

const (
	// idleFor is how long an unused connection is kept.
	idleFor = 4 * time.Minute
	// grace is how long the server has to confirm that it stopped before the connection is cut.
	grace = 500 * time.Millisecond
	// connectFor bounds everything from dialling to the login's answer.
	connectFor = 20 * time.Second
	// tidyFor bounds rolling back.
	tidyFor = 5 * time.Second
)

var errNoAnswer = errors.New("no answer to the login")

var errClosed = &source.Failure{Code: source.Unreachable, Message: "The connection has been closed"}

// acquire returns a free connection, or a new one; fresh says which.
func (d *db) acquire(ctx context.Context, reuse bool) (s *session, fresh bool, err error) {
	select {
	case d.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, false, failure(ctx.Err())
	}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		<-d.slots
		return nil, false, errClosed
	}
	var old []*session
	for one, since := range d.idle {
		if reuse && s == nil && time.Since(since) < idleFor {
			s = one
		} else if time.Since(since) >= idleFor {
			old = append(old, one)
			delete(d.live, one)
		} else {
			continue
		}
		delete(d.idle, one)
	}
	d.mu.Unlock()
	for _, one := range old {
		one.cut()
	}
	if s != nil {
		return s, false, nil
	}
	if s, err = d.connect(ctx); err != nil {
		<-d.slots
		return nil, false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		s.cut()
		<-d.slots
		return nil, false, errClosed
	}
	d.live[s] = true
	return s, true, nil
}

// release puts a connection back that is known to be clean.
func (d *db) release(s *session) {
	d.mu.Lock()
	if d.closed || !s.conn.IsValid() {
		d.mu.Unlock()
		d.discard(s)
		return
	}
	d.idle[s] = time.Now()
	d.mu.Unlock()
	<-d.slots
}

// discard ends a connection whose state is uncertain.
func (d *db) discard(s *session) {
	d.mu.Lock()
	delete(d.live, s)
	d.mu.Unlock()
	s.cut()
	<-d.slots
}

// cut ends the network connection and nothing else: the driver's own Close puts
// the read buffer into a pool that all connections share while its reader may
// still be at work in it, which would let one connection read another's rows.
func (s *session) cut() {
	s.once.Do(func() {
		s.raw.Close()
		close(s.gone)
	})
}

// background runs f on the side; Close waits for it.
func (d *db) background(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		go f()
		return
	}
	d.ending.Go(f)
}

// Close cuts every connection, running statements included, and waits for what was being tidied up.
func (d *db) Close() error {
	d.mu.Lock()
	d.closed = true
	for s := range d.live {
		s.raw.Close()
		if _, idle := d.idle[s]; idle {
			s.cut()
			delete(d.live, s)
		}
	}
	clear(d.idle)
	d.mu.Unlock()
	d.ending.Wait()
	return nil
}

// dialer sends every network connection, that to SQL Server Browser included,
// through the configuration's hook, by name, so that the hook resolves it.
type dialer struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	raw  atomic.Pointer[net.Conn]
}

func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.raw.Store(&conn)
	return conn, nil
}

// HostName makes the driver leave name resolution to the dialer.
func (d *dialer) HostName() string { return "" }

func (d *dialer) last() net.Conn {
	if p := d.raw.Load(); p != nil {
		return *p
	}
	return nil
}

func (d *db) connect(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, connectFor, errNoAnswer)
	defer cancel()
	s, err := d.connectWith(ctx, d.secure.secured)
	if err != nil && d.secure.fallback && strings.Contains(err.Error(), "server does not support encryption") {
		d.secure.plain.Store(true)
		s, err = d.connectWith(ctx, secured{encryption: msdsn.EncryptionDisabled})
	}
	if err != nil {
		return nil, unreachable(d.config, err, ctx)
	}
	return s, nil
}

func (d *db) connectWith(ctx context.Context, sec secured) (*session, error) {
	if d.secure.plain.Load() {
		sec = secured{encryption: msdsn.EncryptionDisabled}
	}
	s := &session{gone: make(chan struct{})}
	sec = sec.watched(func(version string) { s.tls = version })
	params := d.params
	params.Encryption, params.TLSConfig = sec.encryption, sec.config
	connector := mssql.NewConnectorConfig(params)
	dial := d.config.Dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: params.KeepAlive}).DialContext
	}
	hook := &dialer{dial: dial}
	connector.Dialer = hook
	// The TLS handshake and the login know nothing of the context: cutting the line ends them.
	stop := context.AfterFunc(ctx, func() {
		if raw := hook.last(); raw != nil {
			raw.Close()
		}
	})
	conn, err := protect(func() (driver.Conn, error) { return connector.Connect(ctx) })
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		if raw := hook.last(); raw != nil {
			raw.Close()
		}
		return nil, err
	}
	s.conn, s.raw = conn.(*mssql.Conn), hook.last()
	return s, nil
}

// protect turns a panic of the driver, which a hostile server can cause, into an error.
func protect[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the server's answer was not understood: %v", r)
		}
	}()
	return f()
}

func (s *session) exec(ctx context.Context, sql string) error {
	stmt, err := s.conn.PrepareContext(ctx, sql)
	if err != nil {
		return err
	}
	_, err = protect(func() (driver.Result, error) {
		return stmt.(driver.StmtExecContext).ExecContext(ctx, nil)
	})
	return err
}

func (s *session) query(ctx context.Context, sql string, args []driver.NamedValue) (driver.Rows, error) {
	stmt, err := s.conn.PrepareContext(ctx, sql)
	if err != nil {
		return nil, err
	}
	for i := range args {
		if err := s.conn.CheckNamedValue(&args[i]); err != nil {
			return nil, err
		}
	}
	return protect(func() (driver.Rows, error) {
		return stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	})
}

// pins are the session settings that decide how a statement is read and what
// its values look like. TEXTSIZE bounds a cell in bytes; Next refuses cells that may have been cut by it.
const pins = "SET NOCOUNT ON; SET XACT_ABORT ON; SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET ANSI_WARNINGS ON; " +
	"SET ANSI_PADDING ON; SET CONCAT_NULL_YIELDS_NULL ON; SET ARITHABORT ON; SET NUMERIC_ROUNDABORT OFF; " +
	"SET LANGUAGE us_english; SET DATEFORMAT ymd; SET DATEFIRST 7; SET ROWCOUNT 0; SET TEXTSIZE 268435456; " +
	"SET LOCK_TIMEOUT 3000; SET DEADLOCK_PRIORITY LOW; SET IMPLICIT_TRANSACTIONS OFF;"

const rollback = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;"

// begin is the batch that puts a connection into the pinned state and starts the transaction, in one round trip.
func (d *db) begin(tag string) string {
	level := "READ COMMITTED"
	switch d.isolation {
	case "snapshot":
		level = "SNAPSHOT"
	case "read_uncommitted":
		level = "READ UNCOMMITTED"
	case "auto":
		if d.snapshot.Load() > 0 {
			level = "SNAPSHOT"
		}
	}
	batch := pins + " SET TRANSACTION ISOLATION LEVEL " + level + ";"
	if tag != "" {
		// Shown as context_info in sys.dm_exec_sessions; a comment would make every statement's plan a new one.
		batch += " SET CONTEXT_INFO 0x" + hex.EncodeToString([]byte(tag[:min(len(tag), 128)])) + ";"
	}
	return batch + " BEGIN TRANSACTION;"
}

// start returns a connection inside a fresh transaction. A pooled connection
// that turns out to be dead is replaced once: nothing has run on it yet.
func (d *db) start(ctx context.Context, tag string) (*session, error) {
	for reuse := true; ; reuse = false {
		s, fresh, err := d.acquire(ctx, reuse)
		if err != nil {
			return nil, err
		}
		if fresh && d.isolation == "auto" && d.snapshot.Load() == 0 {
			d.askSnapshot(ctx, s)
		}
		// The reset is a flag on the next request and costs no round trip.
		if err = s.conn.ResetSession(ctx); err == nil {
			err = s.exec(ctx, d.begin(tag))
		}
		if err == nil {
			return s, nil
		}
		d.discard(s)
		if fresh || ctx.Err() != nil || isServerError(err) {
			return nil, failure(ended(ctx, err))
		}
	}
}

// askSnapshot finds out whether reading need not wait for writers at all.
func (d *db) askSnapshot(ctx context.Context, s *session) {
	d.snapshot.Store(-1)
	rows, err := s.query(ctx, "SELECT snapshot_isolation_state FROM sys.databases WHERE database_id = DB_ID()", nil)
	if err != nil {
		return
	}
	defer rows.Close()
	value := []driver.Value{nil}
	if rows.Next(value) == nil {
		if n, ok := value[0].(int64); ok && n == 1 {
			d.snapshot.Store(1)
		}
		for rows.Next(value) != io.EOF {
			if ctx.Err() != nil || !s.conn.IsValid() {
				return
			}
		}
	}
}

// finish rolls back and gives the connection back, or ends it where that fails.
func (d *db) finish(s *session) {
	ctx, cancel := context.WithTimeout(context.Background(), tidyFor)
	defer cancel()
	if err := s.exec(ctx, rollback); err != nil {
		d.discard(s)
		return
	}
	d.release(s)
}

// ended prefers why the context ended over what the driver made of it.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return err
}
