package sqlite

import (
	"regexp"
	"regexp/syntax"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// maxSearched is how much text one regular expression may look through, in
// bytes, because nothing can interrupt it there.
const maxSearched = 1 << 20

// maxMatching is how many steps one regular expression may take: about two seconds.
const maxMatching = 1 << 26

// register puts our own functions in the place of some of the engine's, under
// their own names so that the SQL reads the same everywhere: LIKE also for
// letters beyond ASCII, sum without overflow, and those that search texts
// without taking for ever. It adds the REGEXP operator, which the engine only
// reserves.
func (c *conn) register() error {
	const flags = lib.SQLITE_UTF8 | lib.SQLITE_DETERMINISTIC | lib.SQLITE_INNOCUOUS
	for _, f := range []struct {
		name      string
		arguments int32
		call      uintptr
	}{
		{"like", 2, callback(likeCall)},
		{"like", 3, callback(likeCall)},
		{"regexp", 2, callback(regexpCall)},
		{"glob", 2, callback(globCall)},
		{"instr", 2, callback(instrCall)},
		{"replace", 3, callback(replaceCall)},
		{"trim", 2, callback(trimCall)},
		{"ltrim", 2, callback(ltrimCall)},
		{"rtrim", 2, callback(rtrimCall)},
	} {
		if err := c.define(f.name, func(name uintptr) int32 {
			return lib.Xsqlite3_create_function_v2(c.tls, c.db, name, f.arguments, flags, c.db, f.call, 0, 0, 0)
		}); err != nil {
			return err
		}
	}
	return c.define("sum", func(name uintptr) int32 {
		return lib.Xsqlite3_create_window_function(c.tls, c.db, name, 1, flags, c.db,
			callback(sumStep), callback(sumFinal), callback(sumValue), callback(sumInverse), 0)
	})
}

func (c *conn) define(name string, create func(name uintptr) int32) error {
	text, err := libc.CString(name)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, text)
	if rc := create(text); rc != lib.SQLITE_OK {
		return c.failed(rc)
	}
	return nil
}

// call is one call of a function of ours by the engine.
type call struct {
	tls  *libc.TLS
	ctx  uintptr
	argv uintptr
}

func (c call) argument(i int) uintptr {
	return *(*uintptr)(pointer(c.argv + uintptr(i)*pointerSize))
}

func (c call) class(i int) int32 { return lib.Xsqlite3_value_type(c.tls, c.argument(i)) }

// text returns an argument as text, valid until the call ends.
func (c call) text(i int) []byte {
	v := c.argument(i)
	p := lib.Xsqlite3_value_text(c.tls, v)
	return memory(p, int(lib.Xsqlite3_value_bytes(c.tls, v)))
}

func (c call) conn() *conn {
	if v, ok := conns.Load(lib.Xsqlite3_user_data(c.tls, c.ctx)); ok {
		return v.(*conn)
	}
	return nil
}

func (c call) bool(v bool) {
	var n int32
	if v {
		n = 1
	}
	lib.Xsqlite3_result_int(c.tls, c.ctx, n)
}

func (c call) fail(message string) {
	text, err := libc.CString(message)
	if err != nil {
		lib.Xsqlite3_result_null(c.tls, c.ctx)
		return
	}
	lib.Xsqlite3_result_error(c.tls, c.ctx, text, -1)
	libc.Xfree(c.tls, text)
}

// likeCall is like(pattern, text) and like(pattern, text, escape).
func likeCall(tls *libc.TLS, ctx uintptr, n int32, argv uintptr) {
	c := call{tls, ctx, argv}
	escape := noEscape
	if n == 3 {
		if c.class(2) == lib.SQLITE_NULL {
			return
		}
		runes := []rune(string(c.text(2)))
		if len(runes) != 1 {
			c.fail("ESCAPE expression must be a single character")
			return
		}
		escape = runes[0]
	}
	if c.class(0) == lib.SQLITE_NULL || c.class(1) == lib.SQLITE_NULL {
		return
	}
	if c.class(0) == lib.SQLITE_BLOB || c.class(1) == lib.SQLITE_BLOB {
		c.bool(false)
		return
	}
	pattern := c.text(0)
	if len(pattern) > maxPattern {
		c.fail("LIKE or GLOB pattern too complex")
		return
	}
	conn := c.conn()
	if conn == nil {
		return
	}
	if conn.like == nil || conn.like.escape != escape || conn.like.source != string(pattern) {
		conn.like = newLike(string(pattern), escape)
	}
	c.bool(conn.like.match(c.text(1), conn.stop.Load))
}

// programSize returns how many instructions a pattern is, each of which may be tried at each byte of a text.
func programSize(pattern string) int {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return maxMatching
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return maxMatching
	}
	return len(program.Inst)
}

// regexpCall is regexp(pattern, text), which is what text REGEXP pattern means.
func regexpCall(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) {
	c := call{tls, ctx, argv}
	if c.class(0) == lib.SQLITE_NULL || c.class(1) == lib.SQLITE_NULL {
		return
	}
	pattern, text := c.text(0), c.text(1)
	conn := c.conn()
	switch {
	case conn == nil:
		return
	case len(pattern) > maxPattern:
		c.fail("REGEXP pattern too complex")
		return
	case len(text) > maxSearched:
		c.fail("REGEXP text too long")
		return
	}
	if conn.pattern == nil || conn.pattern.String() != string(pattern) {
		compiled, err := regexp.Compile(string(pattern))
		if err != nil {
			c.fail("REGEXP pattern: " + err.Error())
			return
		}
		conn.pattern, conn.patternSize = compiled, programSize(string(pattern))
	}
	if conn.patternSize*len(text) > maxMatching {
		c.fail("REGEXP text too long for this pattern")
		return
	}
	c.bool(conn.pattern.Match(text))
}
