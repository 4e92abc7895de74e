package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"assay/app/source"

	lib "modernc.org/sqlite/lib"
)

// states names the library's primary result codes.
var states = map[int]string{
	lib.SQLITE_ERROR: "SQLITE_ERROR", lib.SQLITE_INTERNAL: "SQLITE_INTERNAL", lib.SQLITE_PERM: "SQLITE_PERM",
	lib.SQLITE_ABORT: "SQLITE_ABORT", lib.SQLITE_BUSY: "SQLITE_BUSY", lib.SQLITE_LOCKED: "SQLITE_LOCKED",
	lib.SQLITE_NOMEM: "SQLITE_NOMEM", lib.SQLITE_READONLY: "SQLITE_READONLY", lib.SQLITE_INTERRUPT: "SQLITE_INTERRUPT",
	lib.SQLITE_IOERR: "SQLITE_IOERR", lib.SQLITE_CORRUPT: "SQLITE_CORRUPT", lib.SQLITE_FULL: "SQLITE_FULL",
	lib.SQLITE_CANTOPEN: "SQLITE_CANTOPEN", lib.SQLITE_PROTOCOL: "SQLITE_PROTOCOL", lib.SQLITE_SCHEMA: "SQLITE_SCHEMA",
	lib.SQLITE_TOOBIG: "SQLITE_TOOBIG", lib.SQLITE_CONSTRAINT: "SQLITE_CONSTRAINT", lib.SQLITE_MISMATCH: "SQLITE_MISMATCH",
	lib.SQLITE_MISUSE: "SQLITE_MISUSE", lib.SQLITE_NOLFS: "SQLITE_NOLFS", lib.SQLITE_AUTH: "SQLITE_AUTH",
	lib.SQLITE_RANGE: "SQLITE_RANGE", lib.SQLITE_NOTADB: "SQLITE_NOTADB",
}

// failure turns what went wrong with a statement on the file at path into a failure.
func failure(err error, path, sql string) error {
	e, ok := errors.AsType[*engineError](err)
	if !ok {
		return err
	}
	f := &source.Failure{Code: source.DatabaseError, Message: e.message, State: states[e.code&0xff], Err: e}
	if sql != "" && e.offset >= 0 {
		f.Position = position(sql, e.offset)
	}
	name := filepath.Base(path)
	switch e.code & 0xff {
	case lib.SQLITE_NOTADB:
		f.Code = source.Unreachable
		f.Message = fmt.Sprintf("The file %s is not a SQLite database, or it is encrypted", name)
		f.Hint = "Choose a file that the sqlite3 program can open."
	case lib.SQLITE_CANTOPEN:
		f.Code = source.Unreachable
		f.Message = fmt.Sprintf("The file %s could not be opened", name)
		f.Hint = "The account this program runs under needs the right to read the file, and a file in WAL mode needs a folder it may write to, or the option immutable for a file that nothing changes."
	case lib.SQLITE_PERM, lib.SQLITE_IOERR, lib.SQLITE_PROTOCOL, lib.SQLITE_NOLFS:
		f.Code = source.Unreachable
		f.Message = fmt.Sprintf("The file %s could not be read: %s", name, e.message)
	case lib.SQLITE_CORRUPT:
		f.Hint = "The file is damaged: run PRAGMA integrity_check on it with the sqlite3 program."
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		f.Hint = "Another program is writing to the file. Try again, or let it use WAL mode, in which readers do not wait."
	case lib.SQLITE_TOOBIG:
		f.Hint = fmt.Sprintf("A single value may have at most %d MiB. Ask for its length or a part of it by substr.", maxValue>>20)
	case lib.SQLITE_FULL:
		f.Hint = "There is no room for the temporary files of a sort or grouping."
	case lib.SQLITE_AUTH, lib.SQLITE_READONLY:
		f.Code = source.Refused
		f.Message = "The statement does more than read: " + e.message
	case lib.SQLITE_ERROR:
		if strings.Contains(e.message, "should this be a string literal") {
			f.Hint = "Double quotes are for names; text stands in single quotes."
		}
	}
	return f
}

var errWrites = source.Refuse(0, "The statement does more than read")
