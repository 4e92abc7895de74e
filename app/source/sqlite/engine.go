package sqlite

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	_ "modernc.org/sqlite" // prepares the library for use by several goroutines
	lib "modernc.org/sqlite/lib"
)

// Limits of one connection. A value may be as large as MaxValue bytes: enough
// for cells of 5 MB and their hexadecimal spelling, and so little that no
// single function call, which nothing can interrupt, runs for much over a second.
// The depth of expressions stays at the engine's default, because a chain of
// AND or OR is as deep as it is long.
const (
	maxValue      = 16 << 20
	maxStatement  = 512 << 10 // the guard takes half of it, printing adds spaces
	maxDepth      = 1000
	maxPattern    = 1000
	maxOperations = 1 << 20
	busyWait      = 5 * time.Second
)

// conn is one connection of the library. It is used by one goroutine at a
// time, but for stop and interrupt.
type conn struct {
	tls  *libc.TLS
	db   uintptr
	stop atomic.Bool // ends what runs at the next thousandth operation
	lost bool        // the library failed inside and must not be called for it again
	busy time.Time   // when waiting for another program's lock began
	wall *wall       // what the statement that runs may read; nil for everything

	like    *like          // the last pattern of LIKE
	glob    *glob          // the last pattern of GLOB
	pattern *regexp.Regexp // the last pattern of REGEXP
	// patternSize is its number of instructions.
	patternSize int
}

const pointerSize = unsafe.Sizeof(uintptr(0))

// conns finds the connection again when the library calls back with nothing
// but the number it was given.
var conns sync.Map // uintptr of the handle → *conn

// engineError is an error code of the library with its message.
type engineError struct {
	code    int
	message string
	offset  int // in bytes from 0, -1 where unknown
}

func (e *engineError) Error() string { return fmt.Sprintf("%s (%d)", e.message, e.code) }

// openConn opens the file at an absolute path, read-only in every way there is.
// Ending ctx ends the waiting for a lock.
func openConn(ctx context.Context, path string, immutable bool) (_ *conn, err error) {
	c := &conn{tls: libc.NewTLS()}
	defer context.AfterFunc(ctx, func() { c.stop.Store(true) })()
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	flags := int32(lib.SQLITE_OPEN_READONLY | lib.SQLITE_OPEN_NOMUTEX | lib.SQLITE_OPEN_EXRESCODE | lib.SQLITE_OPEN_NOFOLLOW)
	if immutable {
		flags |= lib.SQLITE_OPEN_URI
		path = immutableURI(path)
	}
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, name)
	out := c.alloc(int(pointerSize))
	defer libc.Xfree(c.tls, out)
	rc := lib.Xsqlite3_open_v2(c.tls, name, out, flags, 0)
	c.db = *(*uintptr)(pointer(out))
	if rc != lib.SQLITE_OK {
		return nil, c.failed(rc)
	}
	conns.Store(c.db, c)
	if err := c.restrict(); err != nil {
		return nil, err
	}
	return c, nil
}

// restrict takes away everything that reading does not need.
func (c *conn) restrict() error {
	lib.Xsqlite3_progress_handler(c.tls, c.db, 1000, callback(progress), c.db)
	if rc := lib.Xsqlite3_busy_handler(c.tls, c.db, callback(waitForLock), c.db); rc != lib.SQLITE_OK {
		return c.failed(rc)
	}
	for op, on := range map[int32]bool{
		lib.SQLITE_DBCONFIG_DEFENSIVE:             true,
		lib.SQLITE_DBCONFIG_TRUSTED_SCHEMA:        false,
		lib.SQLITE_DBCONFIG_ENABLE_TRIGGER:        false,
		lib.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION: false,
		lib.SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER: false,
		lib.SQLITE_DBCONFIG_WRITABLE_SCHEMA:       false,
		lib.SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE:  false,
		lib.SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE:   false,
		// A misspelled "column" must be an error, not the text 'column'.
		lib.SQLITE_DBCONFIG_DQS_DML: false,
		lib.SQLITE_DBCONFIG_DQS_DDL: false,
	} {
		value := int32(0)
		if on {
			value = 1
		}
		arguments := c.alloc(16)
		rc := lib.Xsqlite3_db_config(c.tls, c.db, op, libc.VaList(arguments, value, uintptr(0)))
		libc.Xfree(c.tls, arguments)
		if rc != lib.SQLITE_OK {
			return c.failed(rc)
		}
	}
	for id, limit := range map[int32]int32{
		lib.SQLITE_LIMIT_ATTACHED:            0,
		lib.SQLITE_LIMIT_LENGTH:              maxValue,
		lib.SQLITE_LIMIT_SQL_LENGTH:          maxStatement,
		lib.SQLITE_LIMIT_EXPR_DEPTH:          maxDepth,
		lib.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: maxPattern,
		lib.SQLITE_LIMIT_VDBE_OP:             maxOperations,
		lib.SQLITE_LIMIT_TRIGGER_DEPTH:       1,
		lib.SQLITE_LIMIT_WORKER_THREADS:      0,
	} {
		lib.Xsqlite3_limit(c.tls, c.db, id, limit)
	}
	for _, pragma := range []string{
		"PRAGMA query_only = 1",
		"PRAGMA trusted_schema = 0",
		"PRAGMA cell_size_check = 1",
		"PRAGMA mmap_size = 0", // a file cut short meanwhile must be an error, not a fault of the process
		"PRAGMA cache_size = -8192",
	} {
		if err := c.exec(pragma); err != nil {
			return err
		}
	}
	if err := c.register(); err != nil {
		return err
	}
	if err := c.dropModules(); err != nil {
		return err
	}
	return c.authorized()
}

// close ends the connection; nothing may be running on it.
func (c *conn) close() {
	if c.db != 0 {
		lib.Xsqlite3_close_v2(c.tls, c.db)
		conns.Delete(c.db)
		c.db = 0
	}
	if c.tls != nil {
		c.tls.Close()
		c.tls = nil
	}
}

// interrupt ends what runs on the connection, from any goroutine, as long as
// nobody closes it meanwhile. The engine looks at its own flag in every round
// of a loop, at ours only every thousand operations, but keeps ours for good.
func (c *conn) interrupt() {
	c.stop.Store(true)
	tls := libc.NewTLS() // the connection's own is in use
	defer tls.Close()
	lib.Xsqlite3_interrupt(tls, c.db)
}

// exec runs a statement of our own that gives no rows we want.
func (c *conn) exec(sql string) error {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	defer s.finalize()
	for {
		if more, err := s.step(); err != nil || !more {
			return err
		}
	}
}

// failed returns the library's last error.
func (c *conn) failed(rc int32) *engineError {
	e := &engineError{code: int(rc), offset: -1}
	if c.db == 0 {
		e.message = libc.GoString(lib.Xsqlite3_errstr(c.tls, rc))
		return e
	}
	e.message = libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.db))
	e.offset = int(lib.Xsqlite3_error_offset(c.tls, c.db))
	return e
}

// alloc returns memory of the library; like the library's own Go code it does not survive running out of it.
func (c *conn) alloc(n int) uintptr {
	p := libc.Xmalloc(c.tls, types.Size_t(max(n, 1)))
	if p == 0 {
		panic("sqlite: out of memory")
	}
	return p
}

// progress is called every thousand operations and ends the statement by returning 1.
func progress(_ *libc.TLS, db uintptr) int32 {
	if c, ok := conns.Load(db); !ok || c.(*conn).stop.Load() {
		return 1
	}
	return 0
}

// waitForLock is called while another program holds the file's lock.
func waitForLock(_ *libc.TLS, db uintptr, tries int32) int32 {
	v, ok := conns.Load(db)
	if !ok {
		return 0
	}
	c := v.(*conn)
	if tries == 0 {
		c.busy = time.Now()
	}
	if c.stop.Load() || time.Since(c.busy) > busyWait {
		return 0
	}
	time.Sleep(min(time.Duration(tries+1)*time.Millisecond, 20*time.Millisecond))
	return 1
}

// pointer turns an address in the library's own memory, which the garbage
// collector neither moves nor frees, into a pointer.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// memory returns n bytes of the library's memory, valid until its next call.
func memory(address uintptr, n int) []byte {
	if address == 0 || n <= 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointer(address)), n)
}

// callback returns a function at the top level of a package as the translated library calls it.
func callback[T any](f T) uintptr { return *(*uintptr)(unsafe.Pointer(&struct{ f T }{f})) }
