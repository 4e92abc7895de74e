package audit

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"

	"assay/app/fault"
)

// Verify reads the whole record, in constant memory and beside running writers,
// and says whether every entry is unchanged and in its place. It fails only
// where the store cannot be read.
func (l *Log) Verify(ctx context.Context) (v Verdict, err error) {
	defer fault.Wrap(&err, "audit.Verify")
	v.checkpointDir = l.dir
	key, refused := l.unlock(ctx)
	if refused != nil {
		v.Reason = fault.MessageOf(refused)
	}
	// The checkpoints are read before the store: none of them may be newer than what is verified.
	marks, err := readCheckpoints(l.dir, newSealer(key))
	if err != nil {
		return v, err
	}
	v.Checkpoints, v.TornLines, v.CheckpointSeq, v.CheckpointTime = marks.valid, marks.torn, marks.last.seq, marks.last.at
	err = l.snapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		w := &walk{tx: tx, sealer: newSealer(key), verdict: &v, marks: marks}
		return w.run(ctx)
	})
	return v, err
}

// snapshot runs f on one moment of the store.
func (l *Log) snapshot(ctx context.Context, f func(ctx context.Context, tx bun.Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if l.postgres() {
		opts.Isolation = sql.LevelRepeatableRead
	}
	return l.db.Read().RunInTx(ctx, opts, f)
}

// walk goes along the chain.
type walk struct {
	tx      bun.Tx
	sealer  *sealer
	e       encoding
	verdict *Verdict
	marks   checkpoints

	head      head
	headHolds bool
	behind    bool   // records stand beyond the head that are ours: the head was set back
	base      int64  // the last record that retention removed
	next      int64  // the place that is read next
	prev      string // the hash of the record before it
	bare      bool   // the record before it has no seal
	bareFrom  int64  // and the run of such records that it ends began here
}

// breach is the first thing found wrong.
type breach struct {
	kind      Kind
	part      Part
	seq, last int64
}

func (w *walk) run(ctx context.Context) error {
	b, err := w.find(ctx)
	if err != nil {
		return err
	}
	v := w.verdict
	if v.Count > 0 {
		v.From, v.To = w.base+1, w.next-1
	}
	if b == nil && v.UnsealedCount > 0 {
		b = &breach{kind: Unsealed, part: InRecord, seq: v.Unsealed[0].From, last: v.Unsealed[0].To}
	}
	if b == nil && v.Reason != "" {
		b = &breach{kind: Unchecked, part: InRecord, seq: w.base + 1}
	}
	if b == nil {
		v.OK = true
		return nil
	}
	v.Kind, v.Part, v.Seq, v.Last = b.kind, b.part, b.seq, max(b.seq, b.last)
	return nil
}

func (w *walk) find(ctx context.Context) (*breach, error) {
	err := w.tx.NewRaw("SELECT "+headColumns+" FROM audit_head WHERE id = 1").Scan(ctx, w.head.dest()...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return &breach{kind: Removed, part: InHead, seq: 1}, nil
	case err != nil:
		return nil, err
	}
	w.headHolds = w.head.holds(w.sealer)
	b, err := w.summaries(ctx)
	if b != nil || err != nil {
		return b, err
	}
	w.base, w.next = w.next-1, max(w.next, 1)
	b, err = w.records(ctx)
	if b != nil || err != nil {
		return b, err
	}
	return w.end(), nil
}

// summaries goes along what retention left.
func (w *walk) summaries(ctx context.Context) (*breach, error) {
	w.next = 1
	rows, err := w.tx.QueryContext(ctx, "SELECT "+summaryColumns+" FROM audit_seals ORDER BY from_seq")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s Summary
		if err := s.scan(rows); err != nil {
			return nil, err
		}
		if s.From > w.next && w.sealer.holds(s.seal, summaryLabel, s.parts()...) {
			return &breach{Removed, InSummary, w.next, s.From - 1}, nil
		}
		if s.From != w.next || s.To < s.From || s.hashBefore != w.prev || !w.sealer.holds(s.seal, summaryLabel, s.parts()...) {
			return &breach{Changed, InSummary, w.next, 0}, nil
		}
		if b := w.marks.check(s.To, s.Hash); b != nil {
			return b, nil
		}
		w.next, w.prev = s.To+1, s.Hash
		w.verdict.Retired += s.Count
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if w.headHolds && w.head.sealedTo >= w.next {
		return &breach{Removed, InSummary, w.next, w.head.sealedTo}, nil
	}
	return nil, nil
}

// records goes along the records that are there.
func (w *walk) records(ctx context.Context) (*breach, error) {
	rows, err := w.tx.QueryContext(ctx, "SELECT "+columns+" FROM audit ORDER BY seq")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Record
		if err := r.scan(rows); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return &breach{Changed, InRecord, w.next, 0}, nil // not even of its column's type
		}
		b, lost := w.step(&r)
		if b != nil {
			return b, nil
		}
		if lost {
			rows.Close() // PostgreSQL answers one question at a time
			return w.locate(ctx, &r)
		}
	}
	return nil, rows.Err()
}

// step takes the next record. lost reports that it does not fit, for a reason
// that only the records after it can tell.
func (w *walk) step(r *Record) (b *breach, lost bool) {
	beyond := w.headHolds && r.Seq > w.head.seq
	switch {
	case r.Seq <= w.base:
		return &breach{Inserted, InRecord, r.Seq, 0}, false
	case r.Seq > w.next && beyond && w.next > w.head.seq:
		return &breach{Inserted, InRecord, r.Seq, 0}, false
	case r.Seq > w.next:
		return &breach{Removed, InRecord, w.next, r.Seq - 1}, false
	case r.digest(&w.e, w.prev, r.Seq) != r.Hash:
		if beyond {
			return &breach{Inserted, InRecord, r.Seq, 0}, false
		}
		return nil, true
	}
	if r.Seal == "" && !w.bare {
		w.bareFrom = r.Seq
	}
	w.bare = r.Seal == ""
	switch {
	case beyond && (w.bare || w.sealer == nil || !w.sealer.holds(r.Seal, recordLabel, r.Hash)):
		return &breach{Inserted, InRecord, r.Seq, 0}, false
	case beyond:
		w.behind = true
	case w.bare:
		w.verdict.unsealed(r.Seq)
	case !w.sealer.holds(r.Seal, recordLabel, r.Hash):
		return nil, true
	}
	if b := w.marks.check(r.Seq, r.Hash); b != nil {
		if w.bare { // anybody can have written these
			b = &breach{Changed, InRecord, w.bareFrom, r.Seq}
		}
		return b, false
	}
	w.prev, w.next = r.Hash, r.Seq+1
	w.verdict.Count++
	return nil, false
}

// end compares the last record with the head and with the checkpoints.
func (w *walk) end() *breach {
	last := w.next - 1
	if seen := w.marks.last.seq; seen > last {
		return &breach{Cut, InRecord, w.next, max(seen, w.head.seq)}
	}
	// While the vault is closed the head is as bare as the record it follows.
	bare := w.head.seal == "" && w.head.seq > 0
	switch {
	case (w.headHolds || bare) && w.head.seq > last:
		return &breach{Cut, InRecord, w.next, w.head.seq}
	case !w.headHolds && !(bare && w.bare), w.behind, w.head.seq != last, w.head.hash != w.prev, w.head.sealedTo != w.base:
		return &breach{Changed, InHead, last, 0}
	}
	if w.marks.forged > 0 {
		return &breach{Changed, InCheckpoint, w.marks.forgedSeq, 0}
	}
	return nil
}
