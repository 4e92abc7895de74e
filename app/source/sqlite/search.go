package sqlite

import (
	"bytes"
	"unicode/utf8"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// The engine's own instr, replace and trim take time in the product of two
// texts' lengths and cannot be interrupted: two of a megabyte run for minutes.
// These take time in proportion to the lengths' sum.

// instrCall is instr(text, part): where the part first is, in characters from 1, or in bytes of blobs.
func instrCall(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) {
	c := call{tls, ctx, argv}
	if c.class(0) == lib.SQLITE_NULL || c.class(1) == lib.SQLITE_NULL {
		return
	}
	blobs := c.class(0) == lib.SQLITE_BLOB && c.class(1) == lib.SQLITE_BLOB
	text, part := c.text, c.text
	if blobs {
		text, part = c.blob, c.blob
	}
	in := text(0)
	at := bytes.Index(in, part(1))
	switch {
	case at < 0:
		at = 0
	case blobs:
		at++
	default:
		at = utf8.RuneCount(in[:at]) + 1
	}
	lib.Xsqlite3_result_int64(tls, ctx, int64(at))
}

// replaceCall is replace(text, old, new).
func replaceCall(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) {
	c := call{tls, ctx, argv}
	if c.class(0) == lib.SQLITE_NULL || c.class(1) == lib.SQLITE_NULL {
		return
	}
	text, old := c.text(0), c.text(1)
	if len(old) == 0 {
		c.result(text)
		return
	}
	if c.class(2) == lib.SQLITE_NULL {
		return
	}
	with := c.text(2)
	if len(text)+bytes.Count(text, old)*(len(with)-len(old)) > maxValue {
		lib.Xsqlite3_result_error_toobig(tls, ctx)
		return
	}
	c.result(bytes.ReplaceAll(text, old, with))
}

func trimCall(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) {
	trim(call{tls, ctx, argv}, true, true)
}

func ltrimCall(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) {
	trim(call{tls, ctx, argv}, true, false)
}

func rtrimCall(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) {
	trim(call{tls, ctx, argv}, false, true)
}

// trim takes the characters of the second argument off the sides of the first.
func trim(c call, left, right bool) {
	if c.class(0) == lib.SQLITE_NULL || c.class(1) == lib.SQLITE_NULL {
		return
	}
	text, rest := c.text(0), c.text(1)
	set := map[string]struct{}{}
	for len(rest) > 0 {
		_, n := utf8.DecodeRune(rest)
		set[string(rest[:n])] = struct{}{}
		rest = rest[n:]
	}
	for left && len(text) > 0 {
		_, n := utf8.DecodeRune(text)
		if _, ok := set[string(text[:n])]; !ok {
			break
		}
		text = text[n:]
	}
	for right && len(text) > 0 {
		_, n := utf8.DecodeLastRune(text)
		if _, ok := set[string(text[len(text)-n:])]; !ok {
			break
		}
		text = text[:len(text)-n]
	}
	c.result(text)
}

// blob returns an argument's bytes, valid until the call ends.
func (c call) blob(i int) []byte {
	v := c.argument(i)
	p := lib.Xsqlite3_value_blob(c.tls, v)
	return memory(p, int(lib.Xsqlite3_value_bytes(c.tls, v)))
}

// result gives a text, of which the engine keeps a copy.
func (c call) result(text []byte) {
	p := libc.Xmalloc(c.tls, libc.Tsize_t(max(len(text), 1)))
	if p == 0 {
		lib.Xsqlite3_result_error_nomem(c.tls, c.ctx)
		return
	}
	copy(memory(p, len(text)), text)
	lib.Xsqlite3_result_text(c.tls, c.ctx, p, int32(len(text)), lib.SQLITE_TRANSIENT)
	libc.Xfree(c.tls, p)
}
