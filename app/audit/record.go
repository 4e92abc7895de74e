package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"strconv"
	"time"
)

// Record is an event as it is kept.
type Record struct {
	Seq        int64     // dense from 1
	At         time.Time // UTC, in whole microseconds
	Actor      Actor
	Action     string
	Object     Object
	Connection string
	Outcome    string
	Detail     json.RawMessage // a JSON object: keys sorted, no spaces
	Prev       string          // the hash of the record before; empty for the first, and where a list does not give it
	Hash       string          // 64 hex digits
	Seal       string          // 64 hex digits; empty where the vault was closed
}

// moment is how times are spelled in hashes and copies.
const moment = "2006-01-02T15:04:05.000000Z"

func spell(t time.Time) string { return t.UTC().Format(moment) }

// columns are those of the table, in the order in which fields reads them.
const columns = "seq, at, actor_id, actor, via, address, request, action, object_kind, object_id, object_name, connection_id, outcome, detail, hash, seal"

type scanner interface{ Scan(dest ...any) error }

// scan reads a row of columns, and what follows them into more.
func (r *Record) scan(row scanner, more ...any) error {
	var at int64
	var detail string
	dest := []any{&r.Seq, &at, &r.Actor.ID, &r.Actor.Name, &r.Actor.Via, &r.Actor.Address, &r.Actor.Request, &r.Action,
		&r.Object.Kind, &r.Object.ID, &r.Object.Name, &r.Connection, &r.Outcome, &detail, &r.Hash, &r.Seal}
	if err := row.Scan(append(dest, more...)...); err != nil {
		return err
	}
	r.At, r.Detail = time.UnixMicro(at).UTC(), json.RawMessage(detail)
	return nil
}

func (r *Record) values() []any {
	return []any{r.Seq, r.At.UnixMicro(), r.Actor.ID, r.Actor.Name, r.Actor.Via, r.Actor.Address, r.Actor.Request, r.Action,
		r.Object.Kind, r.Object.ID, r.Object.Name, r.Connection, r.Outcome, string(r.Detail), r.Hash, r.Seal}
}

// encoding builds what is hashed or sealed: each part as its length in bytes in
// decimal, a colon, the bytes and a comma, so that no two lists of parts are
// spelled alike.
type encoding struct{ b []byte }

func (e *encoding) start(label string) *encoding {
	e.b = e.b[:0]
	return e.text(label)
}

func (e *encoding) text(s string) *encoding {
	e.b = strconv.AppendInt(e.b, int64(len(s)), 10)
	e.b = append(e.b, ':')
	e.b = append(e.b, s...)
	e.b = append(e.b, ',')
	return e
}

func (e *encoding) bytes(p []byte) *encoding {
	e.b = strconv.AppendInt(e.b, int64(len(p)), 10)
	e.b = append(e.b, ':')
	e.b = append(e.b, p...)
	e.b = append(e.b, ',')
	return e
}

func (e *encoding) number(n int64) *encoding { return e.text(strconv.FormatInt(n, 10)) }

// digest returns the hash that the record has at the place seq after the
// record with the hash prev: SHA-256 over the encoding of "assay audit 1",
// prev, seq, at, actor id, actor, via, address, request, action, object kind,
// object id, object name, connection, outcome and detail, in hex.
func (r *Record) digest(e *encoding, prev string, seq int64) string {
	e.start("assay audit 1").text(prev).number(seq).text(spell(r.At)).
		text(r.Actor.ID).text(r.Actor.Name).text(r.Actor.Via).text(r.Actor.Address).text(r.Actor.Request).text(r.Action).
		text(r.Object.Kind).text(r.Object.ID).text(r.Object.Name).text(r.Connection).text(r.Outcome).bytes(r.Detail)
	sum := sha256.Sum256(e.b)
	return hex.EncodeToString(sum[:])
}

// sealer makes and checks seals with a key of the vault; a nil one makes empty
// seals and finds every seal good, for there is nothing to check it with. It is
// for one goroutine.
type sealer struct {
	mac hash.Hash
	e   encoding
}

func newSealer(key *[32]byte) *sealer {
	if key == nil {
		return nil
	}
	return &sealer{mac: hmac.New(sha256.New, key[:])}
}

// seal returns the HMAC-SHA256 of the encoding of label and parts, in hex.
func (s *sealer) seal(label string, parts ...string) string {
	if s == nil {
		return ""
	}
	s.e.start(label)
	for _, p := range parts {
		s.e.text(p)
	}
	s.mac.Reset()
	s.mac.Write(s.e.b)
	var sum [sha256.Size]byte
	return hex.EncodeToString(s.mac.Sum(sum[:0]))
}

// holds reports whether seal is the one of label and parts.
func (s *sealer) holds(seal, label string, parts ...string) bool {
	return s == nil || hmac.Equal([]byte(seal), []byte(s.seal(label, parts...)))
}

// Labels of what is sealed.
const (
	recordLabel     = "assay audit record"
	headLabel       = "assay audit head"
	summaryLabel    = "assay audit summary"
	checkpointLabel = "assay audit checkpoint"
)

// head is the end of the chain: the last record and the last one that retention removed.
type head struct {
	seq      int64
	hash     string
	sealedTo int64
	seal     string
}

const headColumns = "seq, hash, sealed_to, seal"

func (h *head) dest() []any { return []any{&h.seq, &h.hash, &h.sealedTo, &h.seal} }

func (h *head) parts() []string {
	return []string{strconv.FormatInt(h.seq, 10), h.hash, strconv.FormatInt(h.sealedTo, 10)}
}

// holds reports whether the head was written by us; the head of an empty
// record, which the schema begins with, has no seal.
func (h *head) holds(s *sealer) bool {
	if *h == (head{}) {
		return true
	}
	return s.holds(h.seal, headLabel, h.parts()...)
}
