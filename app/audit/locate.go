package audit

import "context"

// fits reports whether the record is the one of the place seq after prev.
func (w *walk) fits(r *Record, prev string, seq int64) bool {
	return r.digest(&w.e, prev, seq) == r.Hash && r.Seal != "" && w.sealer.holds(r.Seal, recordLabel, r.Hash)
}

// shifts is how many records may have been taken out together with their places
// for this to be told from a change.
const shifts = 1000

// locate says what happened at the place of r, which does not follow the record
// before it or has a seal that is not ours. It reads what stands after it.
func (w *walk) locate(ctx context.Context, r *Record) (*breach, error) {
	at := w.next
	sound := r.digest(&w.e, w.prev, at) == r.Hash // only its seal is wrong
	rows, err := w.tx.QueryContext(ctx, "SELECT "+columns+" FROM audit WHERE seq > ? ORDER BY seq", at)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := &breach{Changed, InRecord, at, 0}
	first, before := true, r.Hash // before is the hash in the row before the one that is read
	for rows.Next() {
		var s Record
		if err := s.scan(rows); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			continue
		}
		if first && sound && w.fits(&s, r.Hash, s.Seq) {
			return found, nil // what follows stands on its hash
		}
		if first && !sound {
			for gone := int64(1); gone <= shifts; gone++ {
				if w.fits(&s, r.Hash, s.Seq+gone) {
					found = &breach{Removed, InRecord, at, at + gone - 1}
					break
				}
			}
		}
		first = false
		if w.fits(&s, w.prev, at) { // the record of this place stands further down
			if w.fits(r, before, s.Seq) || w.fits(r, s.Hash, s.Seq) || w.fits(r, s.Hash, at+1) {
				return &breach{Reordered, InRecord, at, s.Seq}, nil
			}
			return &breach{Inserted, InRecord, at, s.Seq - 1}, nil
		}
		before = s.Hash
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	// The last record, made to fit by somebody without our key: it stood here
	// before if the head or a checkpoint knows so.
	if sound && first && w.marks.last.seq < at && !(w.headHolds && w.head.seq >= at) {
		found.kind = Inserted
	}
	return found, nil
}
