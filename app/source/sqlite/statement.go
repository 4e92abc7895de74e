package sqlite

import (
	"math"
	"strconv"
	"strings"

	"assay/app/frame"
	"assay/app/source"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// statement is one compiled statement.
type statement struct {
	conn  *conn
	p     uintptr
	bound []uintptr // copies of texts and blobs, freed with the statement
}

// prepare compiles sql, which must be one statement and nothing after it.
func (c *conn) prepare(sql string) (*statement, error) {
	if strings.IndexByte(sql, 0) >= 0 {
		return nil, source.Refuse(0, "The statement holds a null character")
	}
	text, err := libc.CString(sql)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, text)
	out := c.alloc(2 * int(pointerSize))
	defer libc.Xfree(c.tls, out)
	tail := out + pointerSize
	if rc := lib.Xsqlite3_prepare_v2(c.tls, c.db, text, int32(len(sql)+1), out, tail); rc != lib.SQLITE_OK {
		return nil, c.failed(rc)
	}
	s := &statement{conn: c, p: *(*uintptr)(pointer(out))}
	rest := sql[*(*uintptr)(pointer(tail))-text:]
	if s.p == 0 || strings.Trim(rest, "; \t\r\n") != "" {
		s.finalize()
		return nil, source.Refuse(0, "One statement at a time: there is text after the first")
	}
	return s, nil
}

// readOnly reports the engine's own judgement whether the statement writes to the file.
func (s *statement) readOnly() bool { return lib.Xsqlite3_stmt_readonly(s.conn.tls, s.p) != 0 }

// bind gives the placeholders their values.
func (s *statement) bind(args []source.Arg) error {
	if want := int(lib.Xsqlite3_bind_parameter_count(s.conn.tls, s.p)); want != len(args) {
		return &source.Failure{Code: source.DatabaseError, Message: "The statement has " + strconv.Itoa(want) + " parameters, but " + strconv.Itoa(len(args)) + " values were given"}
	}
	for i, a := range args {
		if rc := s.bindOne(int32(i+1), a); rc != lib.SQLITE_OK {
			return s.conn.failed(rc)
		}
	}
	return nil
}

func (s *statement) bindOne(i int32, a source.Arg) int32 {
	tls := s.conn.tls
	if a.Null {
		return lib.Xsqlite3_bind_null(tls, s.p, i)
	}
	switch a.Kind {
	case frame.Number:
		if n, err := strconv.ParseInt(a.Text, 10, 64); err == nil {
			return lib.Xsqlite3_bind_int64(tls, s.p, i, n)
		}
		if x, err := strconv.ParseFloat(a.Text, 64); err == nil && !math.IsNaN(x) {
			return lib.Xsqlite3_bind_double(tls, s.p, i, x)
		}
	case frame.Bool:
		switch a.Text {
		case "true":
			return lib.Xsqlite3_bind_int64(tls, s.p, i, 1)
		case "false":
			return lib.Xsqlite3_bind_int64(tls, s.p, i, 0)
		}
	}
	copied := s.conn.alloc(len(a.Text))
	s.bound = append(s.bound, copied)
	copy(memory(copied, len(a.Text)), a.Text)
	if a.Kind == frame.Binary {
		return lib.Xsqlite3_bind_blob(tls, s.p, i, copied, int32(len(a.Text)), 0)
	}
	return lib.Xsqlite3_bind_text(tls, s.p, i, copied, int32(len(a.Text)), 0)
}

// step goes to the next row; false after the last.
func (s *statement) step() (bool, error) {
	switch rc := lib.Xsqlite3_step(s.conn.tls, s.p); rc {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		return false, s.conn.failed(rc)
	}
}

// finalize ends the statement, wherever it is; calling it again does nothing.
func (s *statement) finalize() {
	if s.p != 0 {
		lib.Xsqlite3_finalize(s.conn.tls, s.p)
		s.p = 0
	}
	for _, p := range s.bound {
		libc.Xfree(s.conn.tls, p)
	}
	s.bound = nil
}

func (s *statement) columns() int { return int(lib.Xsqlite3_column_count(s.conn.tls, s.p)) }

func (s *statement) name(i int) string {
	return libc.GoString(lib.Xsqlite3_column_name(s.conn.tls, s.p, int32(i)))
}

// declared returns the declared type of the column of a table that result
// column i is; empty for expressions.
func (s *statement) declared(i int) string {
	return libc.GoString(lib.Xsqlite3_column_decltype(s.conn.tls, s.p, int32(i)))
}

// The storage classes of a value.
const (
	integerValue = lib.SQLITE_INTEGER
	floatValue   = lib.SQLITE_FLOAT
	textValue    = lib.SQLITE_TEXT
	blobValue    = lib.SQLITE_BLOB
	nullValue    = lib.SQLITE_NULL
)

// value is one value of a row; its bytes are valid until the next step.
type value struct {
	class   int32
	integer int64
	float   float64
	bytes   []byte
}

func (s *statement) value(i int) value {
	tls, col := s.conn.tls, int32(i)
	switch v := (value{class: lib.Xsqlite3_column_type(tls, s.p, col)}); v.class {
	case integerValue:
		v.integer = lib.Xsqlite3_column_int64(tls, s.p, col)
		return v
	case floatValue:
		v.float = lib.Xsqlite3_column_double(tls, s.p, col)
		return v
	case textValue:
		p := lib.Xsqlite3_column_text(tls, s.p, col)
		v.bytes = memory(p, int(lib.Xsqlite3_column_bytes(tls, s.p, col)))
		return v
	case blobValue:
		p := lib.Xsqlite3_column_blob(tls, s.p, col)
		v.bytes = memory(p, int(lib.Xsqlite3_column_bytes(tls, s.p, col)))
		return v
	default:
		return value{class: nullValue}
	}
}
