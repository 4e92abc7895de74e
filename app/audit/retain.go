package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
)

// Summary is what is left of records that retention removed.
type Summary struct {
	From, To    int64 // the first and the last of them
	Count       int64
	Unsealed    int64 // of them, those without a seal
	First, Last time.Time
	Hash        string           // of the last of them, on which the next record stands
	Actions     map[string]int64 // how many there were of each action
	Actors      map[string]int64 // and of each actor, by name
	SealedAt    time.Time

	hashBefore    string
	actions, held string // the counts as they are kept
	seal          string
}

const summaryColumns = "from_seq, to_seq, count, unsealed, first_at, last_at, hash_before, hash, actions, actors, sealed_at, seal"

func (s *Summary) scan(row scanner) error {
	var first, last, sealed int64
	err := row.Scan(&s.From, &s.To, &s.Count, &s.Unsealed, &first, &last, &s.hashBefore, &s.Hash, &s.actions, &s.held, &sealed, &s.seal)
	if err != nil {
		return err
	}
	s.First, s.Last, s.SealedAt = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC(), time.UnixMicro(sealed).UTC()
	// What does not parse does not hold either: its text is sealed.
	_ = json.Unmarshal([]byte(s.actions), &s.Actions)
	_ = json.Unmarshal([]byte(s.held), &s.Actors)
	return nil
}

func (s *Summary) parts() []string {
	n := func(i int64) string { return strconv.FormatInt(i, 10) }
	return []string{n(s.From), n(s.To), n(s.Count), n(s.Unsealed), spell(s.First), spell(s.Last), s.hashBefore, s.Hash, s.actions, s.held, spell(s.SealedAt)}
}

// retireRecords is how many records one transaction of Seal removes, so that
// other writers wait for a moment only.
const retireRecords = 10_000

// Seal removes the records from before the time, up to the first that is not,
// and leaves sealed summaries of them, so that what follows can still be
// verified. It removes nothing that does not hold, and records itself. The
// summary it returns is of all that this call removed; where there was nothing
// its count is 0.
func (l *Log) Seal(ctx context.Context, before time.Time) (total Summary, err error) {
	defer fault.Wrap(&err, "audit.Seal")
	if _, err := l.unlock(ctx); err != nil {
		return total, err
	}
	limit := int64(-1)
	for more := true; more; {
		err := l.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			h, err := lockHead(ctx, tx)
			if err != nil {
				return err
			}
			if limit < 0 {
				limit = h.seq // not what this call records itself
			}
			s, err := l.retire(ctx, tx, h, before, limit)
			if err != nil || s.Count == 0 {
				more = false
				return err
			}
			total.add(s)
			return nil
		})
		if err != nil {
			return total, err
		}
	}
	if total.Count == 0 {
		return total, nil
	}
	return total, l.Checkpoint(ctx)
}

// retire replaces the next records by a summary.
func (l *Log) retire(ctx context.Context, tx bun.Tx, h head, before time.Time, limit int64) (s Summary, err error) {
	broken := func(seq int64) error {
		return fault.New(fault.Conflict, "The audit record is broken at %d; nothing was removed from there on. See what assay audit verify says", seq)
	}
	w := &walk{tx: tx, sealer: newSealer(l.key.Load()), verdict: &Verdict{}, head: h}
	if w.headHolds = h.holds(w.sealer); !w.headHolds && h.seal != "" {
		return s, broken(h.seq)
	}
	if b, err := w.summaries(ctx); err != nil {
		return s, err
	} else if b != nil {
		return s, broken(b.seq)
	}
	if w.base = w.next - 1; w.base != h.sealedTo {
		return s, broken(w.base)
	}
	s = Summary{From: w.next, hashBefore: w.prev, Actions: map[string]int64{}, Actors: map[string]int64{}}
	if err := w.gather(ctx, &s, before, limit, broken); err != nil || s.Count == 0 {
		return s, err
	}
	s.Unsealed, s.SealedAt = w.verdict.UnsealedCount, l.now().UTC().Truncate(time.Microsecond)
	s.actions, s.held = string(encode(s.Actions)), string(encode(s.Actors))
	s.seal = w.sealer.seal(summaryLabel, s.parts()...)
	if _, err := tx.NewRaw("INSERT INTO audit_seals ("+summaryColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", s.From, s.To, s.Count, s.Unsealed,
		s.First.UnixMicro(), s.Last.UnixMicro(), s.hashBefore, s.Hash, s.actions, s.held, s.SealedAt.UnixMicro(), s.seal).Exec(ctx); err != nil {
		return s, err
	}
	h.sealedTo = s.To
	if err := moveHead(ctx, tx, w.sealer, h); err != nil {
		return s, err
	}
	if _, err := tx.NewRaw("DELETE FROM audit WHERE seq <= ?", s.To).Exec(ctx); err != nil {
		return s, err
	}
	return s, l.Append(ctx, tx, Event{Action: "audit.seal", Object: Object{Kind: "audit"}, Detail: map[string]any{
		"from": s.From, "to": s.To, "count": s.Count, "hash": s.Hash, "before": spell(before)}})
}

// gather counts the records that go and checks each.
func (w *walk) gather(ctx context.Context, s *Summary, before time.Time, limit int64, broken func(int64) error) error {
	rows, err := w.tx.QueryContext(ctx, "SELECT "+columns+" FROM audit WHERE seq <= ? ORDER BY seq LIMIT ?", limit, retireRecords)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r Record
		if err := r.scan(rows); err != nil {
			return err
		}
		if !r.At.Before(before) {
			break
		}
		if b, lost := w.step(&r); b != nil || lost {
			return broken(w.next)
		}
		if s.Count == 0 {
			s.First = r.At
		}
		s.Count++
		s.To, s.Last, s.Hash = r.Seq, r.At, r.Hash
		s.Actions[r.Action]++
		s.Actors[r.Actor.Name]++
	}
	return rows.Err()
}

// add takes a following summary into the one of the whole.
func (s *Summary) add(next Summary) {
	if s.Count == 0 {
		*s = next
		return
	}
	s.To, s.Last, s.Hash, s.SealedAt = next.To, next.Last, next.Hash, next.SealedAt
	s.Count += next.Count
	s.Unsealed += next.Unsealed
	for name, n := range next.Actions {
		s.Actions[name] += n
	}
	for name, n := range next.Actors {
		s.Actors[name] += n
	}
}

// Summaries returns what retention left, oldest first, at most limit after the
// one that ends at after; limit 0 means 100.
func (l *Log) Summaries(ctx context.Context, after int64, limit int) (list []Summary, err error) {
	defer fault.Wrap(&err, "audit.Summaries")
	rows, err := l.db.Read().QueryContext(ctx, "SELECT "+summaryColumns+" FROM audit_seals WHERE from_seq > ? ORDER BY from_seq LIMIT ?", after, cmp.Or(limit, 100))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s Summary
		if err := s.scan(rows); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}
