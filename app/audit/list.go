package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/uptrace/bun/dialect"

	"assay/app/fault"
	"assay/app/store"
)

// Filter says which records are wanted; what is empty does not matter.
type Filter struct {
	Text       string // part of the actor, the action, the object's name or the detail
	ActorID    string
	Action     string // how the action begins, such as "connection."
	Outcome    string
	Connection string
	ObjectKind string
	ObjectID   string
	Since      time.Time // included
	Until      time.Time // not included
	Before     int64     // only records with a lower seq: where the page before ended
	Limit      int       // of a page: 1 to 500, 50 unless told
}

// DefaultLimit and MaxLimit are how many records a page holds.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// maxFilterText is how long a text that is looked for may be, in bytes.
const maxFilterText = 500

func (f Filter) check() error {
	var wrong fault.Fields
	if f.Limit < 0 || f.Limit > MaxLimit {
		wrong.Add("limit", "Ask for 1 to %d records", MaxLimit)
	}
	if len(f.Text) > maxFilterText {
		wrong.Add("text", "Look for at most %d bytes", maxFilterText)
	}
	return wrong.Err()
}

// where returns the filter as a condition and its arguments.
func (f Filter) where(postgres bool) (string, []any) {
	var conditions []string
	var args []any
	add := func(condition string, values ...any) {
		conditions, args = append(conditions, condition), append(args, values...)
	}
	if f.Text != "" {
		like := "LIKE"
		if postgres {
			like = "ILIKE"
		}
		// What is looked for was made safe when it was kept, and so it is here.
		pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(visible(f.Text, true)) + "%"
		var any []string
		for _, column := range []string{"actor", "action", "object_name", "detail"} {
			any = append(any, column+" "+like+` ? ESCAPE '\'`)
			args = append(args, pattern)
		}
		conditions = append(conditions, "("+strings.Join(any, " OR ")+")")
	}
	if f.Action != "" {
		add("action >= ? AND action < ?", f.Action, f.Action+"\U0010FFFF")
	}
	for _, one := range []struct{ column, value string }{
		{"actor_id", f.ActorID}, {"outcome", f.Outcome}, {"connection_id", f.Connection}, {"object_kind", f.ObjectKind}, {"object_id", f.ObjectID},
	} {
		if one.value != "" {
			add(one.column+" = ?", text(one.value))
		}
	}
	if !f.Since.IsZero() {
		add("at >= ?", f.Since.UnixMicro())
	}
	if !f.Until.IsZero() {
		add("at < ?", f.Until.UnixMicro())
	}
	if f.Before > 0 {
		add("seq < ?", f.Before)
	}
	if len(conditions) == 0 {
		return "1 = 1", nil
	}
	return strings.Join(conditions, " AND "), args
}

func (l *Log) postgres() bool { return l.db.Read().Dialect().Name() == dialect.PG }

// List returns a page of the records that pass the filter, newest first, and
// the seq to give as Before for the next page, or 0 at the end.
func (l *Log) List(ctx context.Context, f Filter) (list []Record, next int64, err error) {
	defer fault.Wrap(&err, "audit.List")
	if f.Limit == 0 {
		f.Limit = DefaultLimit
	}
	if err := f.check(); err != nil {
		return nil, 0, err
	}
	where, args := f.where(l.postgres())
	rows, err := l.db.Read().QueryContext(ctx, "SELECT "+columns+" FROM audit WHERE "+where+" ORDER BY seq DESC LIMIT ?", append(args, f.Limit+1)...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Record
		if err := r.scan(rows); err != nil {
			return nil, 0, err
		}
		list = append(list, r)
	}
	if len(list) > f.Limit {
		list = list[:f.Limit]
		next = list[f.Limit-1].Seq
	}
	return list, next, rows.Err()
}

// prevColumn is the hash of the record before, wherever it is.
const prevColumn = `COALESCE((SELECT p.hash FROM audit p WHERE p.seq = audit.seq - 1), (SELECT s.hash FROM audit_seals s WHERE s.to_seq = audit.seq - 1), '')`

// Get returns a record; one that retention removed is as missing as one that never was.
func (l *Log) Get(ctx context.Context, seq int64) (r Record, err error) {
	defer fault.Wrap(&err, "audit.Get(%d)", seq)
	row := l.db.Read().QueryRowContext(ctx, "SELECT "+columns+", "+prevColumn+" FROM audit WHERE seq = ?", seq)
	return r, store.Missing(r.scan(row, &r.Prev), "record")
}

// line is a record in a copy.
type line struct {
	Seq        int64           `json:"seq"`
	At         string          `json:"at"`
	ActorID    string          `json:"actor_id"`
	Actor      string          `json:"actor"`
	Via        string          `json:"via"`
	Address    string          `json:"address"`
	Request    string          `json:"request"`
	Action     string          `json:"action"`
	ObjectKind string          `json:"object_kind"`
	ObjectID   string          `json:"object_id"`
	ObjectName string          `json:"object_name"`
	Connection string          `json:"connection_id"`
	Outcome    string          `json:"outcome"`
	Detail     json.RawMessage `json:"detail"`
	Prev       string          `json:"prev"`
	Hash       string          `json:"hash"`
	Seal       string          `json:"seal"`
}

// exportRecords is how many records are read at once for a copy.
const exportRecords = 200

// Export writes the records that pass the filter as JSON, one a line, oldest
// first, in constant memory; Limit does not matter. What is recorded meanwhile
// is left out.
//
// Whoever holds such a copy can verify it without us. Each line has the hash of
// the record and prev, the hash of the one before, empty for the very first:
// hash is the SHA-256, in hex, over these texts in turn, each written as its
// length in bytes in decimal, a colon, its bytes in UTF-8 and a comma:
//
//	assay audit 1, prev, seq, at, actor_id, actor, via, address, request, action,
//	object_kind, object_id, object_name, connection_id, outcome, detail
//
// where seq is in decimal and detail is the JSON object as it stands in the
// line: keys sorted by their bytes, no spaces, text unescaped where JSON
// allows, numbers as RFC 8785 writes them. In a copy without a filter prev is
// the hash of the line before. The seal can be checked with our key alone.
func (l *Log) Export(ctx context.Context, f Filter, w io.Writer) (err error) {
	defer fault.Wrap(&err, "audit.Export")
	f.Limit = 0
	if err := f.check(); err != nil {
		return err
	}
	var end int64
	if err := l.db.Read().QueryRowContext(ctx, "SELECT seq FROM audit_head WHERE id = 1").Scan(&end); err != nil {
		return err
	}
	where, args := f.where(l.postgres())
	out := bufio.NewWriterSize(w, 64<<10)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	last := int64(0)
	for full := true; full; {
		batch, err := l.after(ctx, where, args, last, end)
		if err != nil {
			return err
		}
		for _, r := range batch {
			if !json.Valid(r.Detail) { // somebody changed it: it goes out as the text it is
				r.Detail = encode(string(r.Detail))
			}
			if err := encoder.Encode(line{Seq: r.Seq, At: spell(r.At), ActorID: r.Actor.ID, Actor: r.Actor.Name, Via: r.Actor.Via, Address: r.Actor.Address,
				Request: r.Actor.Request, Action: r.Action, ObjectKind: r.Object.Kind, ObjectID: r.Object.ID, ObjectName: r.Object.Name,
				Connection: r.Connection, Outcome: r.Outcome, Detail: r.Detail, Prev: r.Prev, Hash: r.Hash, Seal: r.Seal}); err != nil {
				return err
			}
			last = r.Seq
		}
		full = len(batch) == exportRecords
	}
	return out.Flush()
}

// after returns the next records of a copy. Each batch is a short read, so that
// a slow receiver holds nothing of the store.
func (l *Log) after(ctx context.Context, where string, args []any, last, end int64) ([]Record, error) {
	args = append(append([]any{}, args...), last, end, exportRecords)
	rows, err := l.db.Read().QueryContext(ctx, "SELECT "+columns+", "+prevColumn+" FROM audit WHERE "+where+" AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	batch := make([]Record, 0, exportRecords)
	for rows.Next() {
		var r Record
		if err := r.scan(rows, &r.Prev); err != nil {
			return nil, err
		}
		batch = append(batch, r)
	}
	return batch, rows.Err()
}
